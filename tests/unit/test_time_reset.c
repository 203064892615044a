/* SPDX-License-Identifier: ISC */
/*
 * A time reset in the keeper: it heals a mark that is years ahead, once, for
 * the machine and the request it answers, and can be played back by nobody.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "license/policy.h"
#include "tests/world.h"

enum { YEARS_S = 5 * 365 * DAY_S };

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
reboot(int64_t jump_s, const char *boot_id)
{
	world_stop();
	world_crash_to(jump_s, boot_id);
	assert_true(world_start());
	run(2);
}

static struct report
report(void)
{
	struct report out;

	world_report(0, &out);
	return out;
}

static void
path_of(const char *suffix, char out[KEEPER_PATH_SIZE + 32])
{
	snprintf(out, KEEPER_PATH_SIZE + 32, "%s%s",
	    world.licenses[0].license_file, suffix);
}

static void
put(const char *suffix, const struct buf *bytes)
{
	char path[KEEPER_PATH_SIZE + 32];

	path_of(suffix, path);
	assert_int_equal(file_replace(path, bytes->data, bytes->len, 0644), 0);
	run(5);
}

static bool
there(const char *suffix)
{
	char path[KEEPER_PATH_SIZE + 32];

	path_of(suffix, path);
	return access(path, F_OK) == 0;
}

static void
put_offline(void)
{
	union sample_value value;
	struct license *l = &value.license;
	struct buf bytes;

	sample_license(MODE_OFFLINE, l);
	text_copy(l->id, sizeof(l->id), "sub-000042");
	text_copy(l->product, sizeof(l->product), "fastnetmon");
	l->sequence = 50;
	l->issued = world.wall;
	l->not_before = utc_add(world.wall, -DAY_S);
	l->lease_end = l->term_end = utc_day_end(world.wall, 300);
	text_copy(l->bind_cpu_model, TEXT_256, world.hardware.cpu_model);
	l->bind_logical_cpus = world.hardware.logical_cpus;
	l->bind_memory_mib = world.hardware.memory_mib;
	buf_init(&bytes, DOCUMENT_MAX);
	world_seal(PURPOSE_LICENSE, &value, SAMPLE_SIGNER, SAMPLE_ROOT,
	    &bytes);
	put("", &bytes);
	buf_fini(&bytes);
	assert_int_equal(report().mode, MODE_OFFLINE);
}

/* The vendor's answer to the request that the machine prints now. */
static void
ask_reset(struct buf *out)
{
	union sample_value asked, value;
	struct buf request, error;

	buf_init(&request, DOCUMENT_MAX);
	buf_init(&error, 512);
	assert_true(keeper_hardware_data(world.keeper, NULL, &request,
	    &error));
	assert_int_equal(sample_judge(buf_text(&request), request.len,
		PURPOSE_REQUEST, NULL, &asked), DOC_OK);
	value.time_reset = (struct time_reset){
		.has = bit(TIME_RESET_COUNT) - 1};
	value.time_reset.issued = world.wall;
	memcpy(value.time_reset.machine_key, asked.request.machine_key,
	    KEY_SIZE);
	memcpy(value.time_reset.nonce, asked.request.nonce, NONCE_SIZE);
	buf_init(out, DOCUMENT_MAX);
	world_seal(PURPOSE_TIME_RESET, &value, SAMPLE_SIGNER, SAMPLE_ROOT,
	    out);
	buf_fini(&request);
	buf_fini(&error);
}

/* An offline machine that was up for a day with a clock years ahead. */
static void
poison(void)
{
	assert_true(world_start());
	run(2);
	put_offline();
	reboot(YEARS_S, "11111111-1111-1111-1111-111111111111");
	assert_int_equal(report().state, STATE_EXPIRED);
	run(25 * HOUR_S);
	reboot(-YEARS_S, "22222222-2222-2222-2222-222222222222");
	assert_int_equal(report().state, STATE_EXPIRED);
	assert_false(report().usable);
}

static void
a_poisoned_mark_is_cleared_by_hand(void **state)
{
	struct buf reset;

	(void)state;
	poison();
	ask_reset(&reset);
	/* By mail: two days, and a restart in between. */
	reboot(2 * DAY_S, NULL);
	put(".time-reset", &reset);
	assert_false(there(".time-reset"));
	assert_int_equal(report().state, STATE_VALID);
	assert_int_equal(report().severity, SEVERITY_OK);
	assert_in_range(report().now.s, world.wall.s - 60, world.wall.s + 60);
	reboot(60, "33333333-3333-3333-3333-333333333333");
	assert_int_equal(report().state, STATE_VALID);
	run(3 * DAY_S);
	reboot(60, "44444444-4444-4444-4444-444444444444");
	assert_int_equal(report().state, STATE_VALID);
	buf_fini(&reset);
}

static void
put_over_the_license_it_leaves_the_license_there(void **state)
{
	struct buf reset, before, after;
	char path[KEEPER_PATH_SIZE + 32];

	(void)state;
	poison();
	path_of("", path);
	buf_init(&before, 65536);
	buf_init(&after, 65536);
	assert_int_equal(file_read(path, &before), 0);
	ask_reset(&reset);
	put("", &reset);
	assert_int_equal(file_read(path, &after), 0);
	assert_string_equal(buf_text(&before), buf_text(&after));
	assert_int_equal(report().state, STATE_VALID);
	buf_fini(&reset);
	buf_fini(&before);
	buf_fini(&after);
}

/* Else it would give back the days of a license again and again. */
static void
a_reset_counts_once(void **state)
{
	struct buf reset, again;

	(void)state;
	poison();
	ask_reset(&reset);
	ask_reset(&again); /* of another print of the same request */
	put(".time-reset", &reset);
	assert_int_equal(report().state, STATE_VALID);
	run(100 * DAY_S);
	for (int i = 0; i < 2; i++) {
		reboot(-100 * DAY_S, i == 0 ?
		    "33333333-3333-3333-3333-333333333333" :
		    "44444444-4444-4444-4444-444444444444");
		assert_int_equal(report().state, STATE_CLOCK_UNTRUSTED);
		utc_t before = report().now;
		put(".time-reset", i == 0 ? &reset : &again);
		assert_true(there(".time-reset.rejected"));
		assert_false(utc_before(report().now, before));
		world.wall = utc_add(world.wall, 100 * DAY_S);
	}
	buf_fini(&reset);
	buf_fini(&again);
}

static void
a_reset_for_another_machine_or_request_is_not_taken(void **state)
{
	struct buf reset, good;

	(void)state;
	poison();
	ask_reset(&good);
	buf_init(&reset, DOCUMENT_MAX);
	for (int i = 0; i < 3; i++) {
		union sample_value value;

		assert_int_equal(sample_judge(buf_text(&good), good.len,
			PURPOSE_TIME_RESET, &(struct keyring){
			.root_count = 0}, &value), DOC_UNKNOWN_KEY);
		struct keyring keyring;
		sample_keyring(&keyring);
		assert_int_equal(sample_judge(buf_text(&good), good.len,
			PURPOSE_TIME_RESET, &keyring, &value), DOC_OK);
		if (i == 0)
			value.time_reset.machine_key[0] ^= 1;
		if (i == 1)
			value.time_reset.nonce[0] ^= 1;
		world_seal(PURPOSE_TIME_RESET, &value, i == 2 ?
			SAMPLE_OTHER_SIGNER : SAMPLE_SIGNER, i == 2 ?
			SAMPLE_OTHER_ROOT : SAMPLE_ROOT, &reset);
		put(".time-reset", &reset);
		assert_true(there(".time-reset.rejected"));
		assert_int_equal(report().state, STATE_EXPIRED);
	}
	/* And the good one still is. */
	put(".time-reset", &good);
	assert_int_equal(report().state, STATE_VALID);
	buf_fini(&good);
	buf_fini(&reset);
}

static void
a_reset_that_nobody_used_gets_too_old(void **state)
{
	struct buf reset;

	(void)state;
	poison();
	ask_reset(&reset);
	run(63 * DAY_S);
	put(".time-reset", &reset);
	assert_true(there(".time-reset.rejected"));
	assert_int_equal(report().state, STATE_EXPIRED);
	buf_fini(&reset);
	/* What is printed now has a new number, and heals. */
	ask_reset(&reset);
	put(".time-reset", &reset);
	assert_int_equal(report().state, STATE_VALID);
	buf_fini(&reset);
}

/* The clock is to be set first; if it was not, the vendor's time counts. */
static void
a_clock_that_is_still_wrong_is_not_believed(void **state)
{
	struct buf reset;

	(void)state;
	poison();
	ask_reset(&reset);
	utc_t issued = world.wall;
	world.wall = utc_add(world.wall, YEARS_S);
	put(".time-reset", &reset);
	assert_int_equal(report().state, STATE_CLOCK_UNTRUSTED);
	assert_true(report().usable);
	assert_in_range(report().now.s, issued.s, issued.s + 60);
	world.wall = utc_add(world.wall, -YEARS_S);
	run(60);
	assert_int_equal(report().state, STATE_VALID);
	buf_fini(&reset);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(a_poisoned_mark_is_cleared_by_hand),
		T(put_over_the_license_it_leaves_the_license_there),
		T(a_reset_counts_once),
		T(a_reset_for_another_machine_or_request_is_not_taken),
		T(a_reset_that_nobody_used_gets_too_old),
		T(a_clock_that_is_still_wrong_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
