/* SPDX-License-Identifier: ISC */
/*
 * Revoked signers in the keeper: how the list comes, what it ends and when,
 * and that it is never the reason why a machine that can ask stops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "license/policy.h"
#include "tests/world.h"

enum { H = 3600 };

static int
begin(void **state)
{
	(void)state;
	log_open("/dev/null", "test", LOG_LEVEL_ERROR);
	world_begin(1);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	world_end();
	return 0;
}

static void
run(int64_t s)
{
	world_run(s);
	assert_false(world.spun);
}

static void
start(void)
{
	assert_true(world_start());
	run(2);
}

static void
restart(void)
{
	world_stop();
	world_crash_to(1, NULL);
	start();
}

static struct report
report(void)
{
	struct report out;

	world_report(0, &out);
	return out;
}

static int64_t
held(void)
{
	return report().sequence;
}

/* A list by ${root}; ${who}: 0 nobody is on it. */
static void
make_list(int64_t version, enum sample_who who, enum sample_who root,
    struct buf *out)
{
	struct revoked list = {.has = bit(REVOKED_VERSION) |
		bit(REVOKED_KEYS), .version = version, .keys.count = 1};

	sample_public(who, list.keys.key[0]);
	buf_clear(out);
	document_begin(PURPOSE_REVOKED, NULL, out);
	assert_true(revoked_encode(&list, out));
	sample_seal(out, root);
}

static void
put(const char *suffix, const struct buf *bytes)
{
	char path[KEEPER_PATH_SIZE + 32];

	snprintf(path, sizeof(path), "%s%s", world.licenses[0].license_file,
	    suffix);
	assert_int_equal(file_replace(path, bytes->data, bytes->len, 0644), 0);
	run(5);
}

static bool
there(const char *suffix)
{
	char path[KEEPER_PATH_SIZE + 32];

	snprintf(path, sizeof(path), "%s%s", world.licenses[0].license_file,
	    suffix);
	return access(path, F_OK) == 0;
}

static void
put_list(const char *suffix, int64_t version, enum sample_who who,
    enum sample_who root)
{
	struct buf list;

	buf_init(&list, DOCUMENT_MAX);
	make_list(version, who, root, &list);
	put(suffix, &list);
	buf_fini(&list);
}

/* An offline license for this machine, dropped in. */
static void
put_offline(int64_t sequence, enum sample_who signer)
{
	union sample_value value;
	struct license *l = &value.license;
	struct buf bytes;

	sample_license(MODE_OFFLINE, l);
	text_copy(l->id, sizeof(l->id), "sub-000042");
	text_copy(l->product, sizeof(l->product), "fastnetmon");
	l->sequence = sequence;
	l->issued = world.wall;
	l->not_before = utc_add(world.wall, -DAY_S);
	l->lease_end = l->term_end = utc_day_end(world.wall, 300);
	text_copy(l->bind_cpu_model, TEXT_256, world.hardware.cpu_model);
	l->bind_logical_cpus = world.hardware.logical_cpus;
	l->bind_memory_mib = world.hardware.memory_mib;
	buf_init(&bytes, DOCUMENT_MAX);
	world_seal(PURPOSE_LICENSE, &value, signer, SAMPLE_ROOT, &bytes);
	put("", &bytes);
	buf_fini(&bytes);
}

static void
a_rotation_is_not_noticed(void **state)
{
	(void)state;
	start();
	int64_t before = held();
	world.signer = SAMPLE_OTHER_SIGNER;
	run(2 * DAY_S);
	assert_true(held() > before);
	assert_int_equal(report().state, STATE_VALID);
	assert_int_equal(report().refresh_failures, 0);
	assert_int_equal(world.edges & edge_bit(UNUSABLE), 0);
}

static void
an_announced_list_is_fetched_and_kept(void **state)
{
	(void)state;
	start();
	assert_int_equal(world.gets, 0);
	world.revocations = 3;
	make_list(3, SAMPLE_REVOKED_SIGNER, SAMPLE_ROOT, &world.list);
	run(2 * DAY_S);
	assert_int_equal(world.gets, 1);
	assert_int_equal(report().state, STATE_VALID);
	restart();
	run(2 * DAY_S);
	assert_int_equal(world.gets, 1);
	/* What the revoked signer seals is not taken, after the restart too. */
	put_offline(900, SAMPLE_REVOKED_SIGNER);
	assert_true(there(".rejected"));
	assert_int_equal(report().mode, MODE_ONLINE);
}

static void
a_list_that_cannot_be_had_fails_no_license(void **state)
{
	(void)state;
	world.revocations = 3;
	start();
	assert_int_equal(world.gets, 1);
	int64_t first = report().refresh_next_attempt.s;
	assert_int_equal(report().refresh_last_result, RESULT_OK);
	assert_int_equal(report().severity, SEVERITY_OK);
	run(H);
	assert_int_equal(world.gets, 1);
	assert_int_equal(report().refresh_next_attempt.s, first);
	/* At the pace of refreshes, until it is there. */
	run(3 * DAY_S);
	assert_in_range(world.gets, 3, 5);
	make_list(3, SAMPLE_REVOKED_SIGNER, SAMPLE_ROOT, &world.list);
	run(2 * DAY_S);
	int gets = world.gets;
	run(3 * DAY_S);
	assert_int_equal(world.gets, gets);
	assert_int_equal(report().refresh_failures, 0);
}

static void
a_lower_or_a_foreign_list_changes_nothing(void **state)
{
	(void)state;
	world.signer = SAMPLE_OTHER_SIGNER;
	start();
	put_list(".revoked", 5, SAMPLE_REVOKED_SIGNER, SAMPLE_ROOT);
	assert_false(there(".revoked"));
	assert_false(there(".revoked.rejected"));
	put_list(".revoked", 4, SAMPLE_OTHER_SIGNER, SAMPLE_ROOT);
	assert_true(there(".revoked.rejected"));
	put_list(".revoked", 9, SAMPLE_OTHER_SIGNER, SAMPLE_OTHER_ROOT);
	put_list("", 9, SAMPLE_OTHER_SIGNER, SAMPLE_OTHER_ROOT);
	assert_true(there(".rejected"));
	assert_int_equal(report().state, STATE_VALID);
	assert_int_equal(world.edges & edge_bit(UNUSABLE), 0);
	/* And what was in force still is: its signer stays revoked. */
	restart();
	put_offline(900, SAMPLE_REVOKED_SIGNER);
	assert_int_equal(report().mode, MODE_ONLINE);
}

static void
a_list_over_the_license_leaves_the_license_there(void **state)
{
	struct buf before, after;

	(void)state;
	start();
	buf_init(&before, 65536);
	buf_init(&after, 65536);
	assert_int_equal(file_read(world.licenses[0].license_file, &before), 0);
	put_list("", 5, SAMPLE_REVOKED_SIGNER, SAMPLE_ROOT);
	assert_int_equal(file_read(world.licenses[0].license_file, &after), 0);
	assert_string_equal(buf_text(&before), buf_text(&after));
	assert_false(there(".rejected"));
	put_offline(900, SAMPLE_REVOKED_SIGNER);
	assert_true(there(".rejected"));
	buf_fini(&before);
	buf_fini(&after);
}

static void
an_online_license_of_a_revoked_signer_is_replaced_at_once(void **state)
{
	(void)state;
	start();
	int64_t before = held();
	world.signer = SAMPLE_OTHER_SIGNER;
	put_list(".revoked", 1, SAMPLE_SIGNER, SAMPLE_ROOT);
	assert_true(held() > before);
	assert_int_equal(report().state, STATE_VALID);
	assert_int_equal(report().severity, SEVERITY_OK);
	assert_int_equal(report().lease_end.s, report().expiry.s);
	assert_int_equal(world.edges & edge_bit(UNUSABLE), 0);
}

/* Not silently: critical from the first failure, and not longer than said. */
static void
without_an_authority_it_ends_after_36_hours(void **state)
{
	(void)state;
	start();
	world.mode = WORLD_UNREACHABLE;
	put_list(".revoked", 1, SAMPLE_SIGNER, SAMPLE_ROOT);
	utc_t known = utc_add(world.wall, -5);
	assert_true(report().usable);
	assert_int_equal(report().severity, SEVERITY_CRITICAL);
	assert_in_range(report().expiry.s, known.s + 36 * H,
	    known.s + 36 * H + 5);
	assert_int_equal(report().action_deadline.s, report().expiry.s);
	run(20 * H);
	restart();
	assert_true(report().usable);
	assert_in_range(report().expiry.s, known.s + 36 * H,
	    known.s + 36 * H + 5);
	run(known.s + 36 * H - 60 - world.wall.s);
	assert_true(report().usable);
	run(120);
	assert_false(report().usable);
	assert_int_equal(report().state, STATE_INVALID);
	assert_true(world.edges & edge_bit(UNUSABLE));
	restart();
	assert_int_equal(report().state, STATE_INVALID);
	world.mode = WORLD_ANSWERS;
	world.signer = SAMPLE_OTHER_SIGNER;
	run(7 * H);
	assert_int_equal(report().state, STATE_VALID);
	restart();
	assert_int_equal(report().state, STATE_VALID);
	assert_int_equal(report().severity, SEVERITY_OK);
}

static void
an_offline_license_of_a_revoked_signer_is_dead_at_once(void **state)
{
	(void)state;
	start();
	put_offline(50, SAMPLE_SIGNER);
	assert_int_equal(report().mode, MODE_OFFLINE);
	assert_int_equal(report().state, STATE_VALID);
	put_list(".revoked", 1, SAMPLE_SIGNER, SAMPLE_ROOT);
	assert_int_equal(report().state, STATE_INVALID);
	assert_false(report().usable);
	assert_non_null(strstr(report().advice, "revoked"));
	restart();
	assert_int_equal(report().state, STATE_INVALID);
	/* The same again does not help, one by the new signer does. */
	put_offline(51, SAMPLE_SIGNER);
	assert_int_equal(report().state, STATE_INVALID);
	put_offline(2, SAMPLE_OTHER_SIGNER);
	assert_int_equal(report().state, STATE_VALID);
	assert_int_equal(report().sequence, 2);
	restart();
	assert_int_equal(report().state, STATE_VALID);
}

/* A machine without a connection has the file once: it must not get lost. */
static void
a_list_that_cannot_be_kept_stays_where_it_was_put(void **state)
{
	char path[WORLD_PATH + 32];

	(void)state;
	start();
	put_offline(50, SAMPLE_SIGNER);
	snprintf(path, sizeof(path), "%s/license0.revoked", world.state);
	assert_int_equal(mkdir(path, 0700), 0);
	put_list(".revoked", 1, SAMPLE_SIGNER, SAMPLE_ROOT);
	assert_int_equal(report().state, STATE_INVALID);
	run(30);
	assert_true(there(".revoked"));
	assert_false(there(".revoked.rejected"));
	assert_int_equal(rmdir(path), 0);
	run(30);
	assert_false(there(".revoked"));
	assert_false(there(".revoked.rejected"));
	restart();
	assert_int_equal(report().state, STATE_INVALID);
	put_offline(51, SAMPLE_SIGNER);
	assert_int_equal(report().state, STATE_INVALID);
}

/* A thief's license has any sequence; the true ones must come after it. */
static void
a_forged_sequence_does_not_outlive_its_signer(void **state)
{
	(void)state;
	start();
	int64_t true_one = held();
	world_account_of(0)->override = INT64_MAX - 1;
	run(2 * DAY_S);
	assert_true(held() >= INT64_MAX - 1);
	world_account_of(0)->override = true_one + 1;
	world.signer = SAMPLE_OTHER_SIGNER;
	put_list(".revoked", 1, SAMPLE_SIGNER, SAMPLE_ROOT);
	assert_int_equal(held(), true_one + 1);
	assert_int_equal(report().state, STATE_VALID);
}

static void
a_refusal_of_a_revoked_signer_is_asked_for_again(void **state)
{
	(void)state;
	world.signer = SAMPLE_OTHER_SIGNER;
	start();
	world.signer = SAMPLE_SIGNER;
	world_account_of(0)->refusal = REFUSAL_SUSPENDED;
	run(2 * DAY_S);
	assert_int_equal(report().state, STATE_SUSPENDED);
	world_account_of(0)->refusal = 0;
	world.mode = WORLD_UNREACHABLE;
	put_list(".revoked", 1, SAMPLE_SIGNER, SAMPLE_ROOT);
	assert_int_equal(report().state, STATE_VALID);
	restart();
	assert_int_equal(report().state, STATE_VALID);
	world.mode = WORLD_ANSWERS;
	world.signer = SAMPLE_OTHER_SIGNER;
	/* Still suspended: the new signer says it again, and it holds. */
	world_account_of(0)->refusal = REFUSAL_SUSPENDED;
	run(2 * DAY_S);
	restart();
	assert_int_equal(report().state, STATE_SUSPENDED);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(a_rotation_is_not_noticed),
		T(an_announced_list_is_fetched_and_kept),
		T(a_list_that_cannot_be_had_fails_no_license),
		T(a_lower_or_a_foreign_list_changes_nothing),
		T(a_list_over_the_license_leaves_the_license_there),
		T(an_online_license_of_a_revoked_signer_is_replaced_at_once),
		T(without_an_authority_it_ends_after_36_hours),
		T(an_offline_license_of_a_revoked_signer_is_dead_at_once),
		T(a_list_that_cannot_be_kept_stays_where_it_was_put),
		T(a_forged_sequence_does_not_outlive_its_signer),
		T(a_refusal_of_a_revoked_signer_is_asked_for_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
