/* SPDX-License-Identifier: ISC */
/*
 * The keeper in a world of its own (tests/world.h): what it asks and when,
 * what survives a restart, what a dropped-in file may do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "license/keeper/disk.h"
#include "license/keeper/machine_key.h"
#include "license/sign.h"
#include "license/verify.h"
#include "tests/world.h"

static const char garbage[] = "leaseline-license 1\nnot a license\n";
static const char stranger[] = "license for another program\n";

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
start(void)
{
	assert_true(world_start());
	world_run(2);
	assert_false(world.spun);
}

static void
restart(int64_t down_s)
{
	world_stop();
	world_crash_to(down_s, NULL);
	start();
}

static void
run(int64_t s)
{
	world_run(s);
	assert_false(world.spun);
}

static struct report
report(void)
{
	struct report out;

	world_report(0, &out);
	return out;
}

static void
read_path(const char *path, struct buf *out)
{
	buf_init(out, 65536);
	assert_int_equal(file_read(path, out), 0);
}

static void
assert_file(const char *path, const void *bytes, size_t len)
{
	struct buf there;

	read_path(path, &there);
	assert_int_equal(there.len, len);
	assert_memory_equal(there.data, bytes, len);
	buf_fini(&there);
}

static void
drop(const void *bytes, size_t len)
{
	assert_int_equal(file_replace(world.licenses[0].license_file, bytes,
		len, 0644), 0);
	run(5);
}

static int64_t begins_s; /* from now; 0: it has begun */

/* A license for this machine that nobody asked for. */
static void
make(int mode, const char *id, int64_t sequence, enum sample_who signer,
    enum sample_who root, struct buf *out)
{
	union sample_value value, asked;
	struct account *account = world_account_of(0);

	assert_int_equal(sample_judge(buf_text(&account->sent),
		account->sent.len, PURPOSE_REQUEST, NULL, &asked), DOC_OK);
	world_license(&asked.request, id, sequence, &value.license);
	if (mode == MODE_OFFLINE) {
		struct license online = value.license;
		sample_license(MODE_OFFLINE, &value.license);
		struct license *l = &value.license;
		text_copy(l->id, sizeof(l->id), id);
		l->sequence = sequence;
		l->issued = online.issued;
		l->not_before = online.not_before;
		text_copy(l->bind_cpu_model, TEXT_256, online.bind_cpu_model);
		l->bind_logical_cpus = online.bind_logical_cpus;
		l->bind_memory_mib = world.hardware.memory_mib;
		if (begins_s > 0) {
			l->not_before = utc_add(world.wall, begins_s);
			l->lease_end = l->term_end = utc_add(l->not_before,
			    365 * (int64_t)DAY_S);
		}
	}
	buf_init(out, DOCUMENT_MAX);
	world_seal(PURPOSE_LICENSE, &value, signer, root, out);
}

static void
a_first_start_asks_at_once_and_stores(void **state)
{
	struct account *account = world_account_of(0);

	(void)state;
	start();
	assert_int_equal(account->posts, 1);
	assert_true(report().usable);
	assert_int_equal(report().sequence, 1);
	assert_file(world.licenses[0].license_file, account->answer.data,
	    account->answer.len);
	run(3600);
	assert_int_equal(account->posts, 1);
}

static void
a_restart_keeps_the_second_that_was_picked(void **state)
{
	struct account *account = world_account_of(0);

	(void)state;
	start();
	utc_t next = report().refresh_next_attempt;
	restart(1000);
	assert_int_equal(report().refresh_next_attempt.s, next.s);
	run(next.s - world.wall.s - 1);
	assert_int_equal(account->posts, 1);
	run(3);
	assert_int_equal(account->posts, 2);
	assert_int_equal(report().sequence, 2);
}

static void
sixty_days_are_a_request_a_day(void **state)
{
	struct account *account = world_account_of(0);

	(void)state;
	start();
	world.edges = 0;
	run(60 * (int64_t)DAY_S);
	assert_in_range(account->posts, 55, 66);
	assert_true(report().usable);
	assert_int_equal(world.edges & edge_bit(UNUSABLE), 0);
}

static void
suspended_survives_a_restart_and_asks_at_once(void **state)
{
	struct account *account = world_account_of(0);

	(void)state;
	start();
	account->refusal = REFUSAL_SUSPENDED;
	run(2 * DAY_S);
	assert_int_equal(report().state, STATE_SUSPENDED);
	assert_false(report().usable);
	int posts = account->posts;
	world.mode = WORLD_UNREACHABLE;
	restart(10);
	assert_int_equal(report().state, STATE_SUSPENDED);
	assert_int_equal(account->posts, posts + 1);
	account->refusal = 0;
	world.mode = WORLD_ANSWERS;
	restart(10);
	assert_true(report().usable);
	restart(10);
	assert_true(report().usable);
}

static void
a_refusal_that_cannot_be_written_is_asked_for_again(void **state)
{
	struct account *account = world_account_of(0);
	char path[WORLD_PATH + 32];

	(void)state;
	start();
	account->refusal = REFUSAL_SUSPENDED;
	/* A directory at its place: no write can replace it. */
	snprintf(path, sizeof(path), "%s/license0.refusal", world.state);
	assert_int_equal(mkdir(path, 0700), 0);
	run(2 * DAY_S);
	assert_false(report().usable);
	assert_int_equal(account->sequence, 2);
	assert_int_equal(rmdir(path), 0);
	/* The same bytes again: the same refusal, and now it is kept. */
	run(DAY_S);
	world.mode = WORLD_UNREACHABLE;
	restart(10);
	assert_int_equal(report().state, STATE_SUSPENDED);
	assert_int_equal(world.changed_requests, 0);
}

static void
an_unanswered_request_is_the_same_after_a_restart(void **state)
{
	struct account *account = world_account_of(0);

	(void)state;
	world.mode = WORLD_LOSES;
	start();
	run(3 * 3600);
	assert_true(account->posts > 2);
	restart(10);
	run(7200);
	world.mode = WORLD_HOLDS;
	restart(10);
	world.mode = WORLD_ANSWERS;
	restart(10);
	run(7 * HOUR_S);
	assert_int_equal(world.changed_requests, 0);
	assert_true(report().usable);
	assert_int_equal(report().sequence, 1);
}

static void
an_equal_sequence_is_taken_when_the_bytes_are_the_same(void **state)
{
	struct account *account = world_account_of(0);
	char path[WORLD_PATH + 32];
	struct buf request, memory;

	(void)state;
	/* A crash between the license and the state: both are from before. */
	world.mode = WORLD_LOSES;
	start();
	snprintf(path, sizeof(path), "%s/license0.request", world.state);
	read_path(path, &request);
	snprintf(path, sizeof(path), "%s/license0.state", world.state);
	read_path(path, &memory);
	world.mode = WORLD_ANSWERS;
	run(1800);
	assert_int_equal(report().sequence, 1);
	world_stop();
	assert_int_equal(file_replace(path, memory.data, memory.len, 0600), 0);
	snprintf(path, sizeof(path), "%s/license0.request", world.state);
	assert_int_equal(file_replace(path, request.data, request.len, 0600),
	    0);
	int posts = account->posts;
	start();
	run(7 * HOUR_S);
	assert_int_equal(account->posts, posts + 1);
	assert_int_equal(report().sequence, 1);
	assert_int_equal(report().refresh_last_result, RESULT_OK);
	assert_int_equal(file_read(path, &request), -1);
	buf_fini(&request);
	buf_fini(&memory);
}

static void
an_old_sequence_drops_the_request(void **state)
{
	struct account *account = world_account_of(0);

	(void)state;
	start();
	run(3 * DAY_S);
	int64_t held = report().sequence;
	assert_true(held > 2);
	account->override = 1;
	int posts = account->posts;
	run(2 * DAY_S);
	assert_true(report().sequence > held);
	assert_int_equal(report().failures[RESULT_REPLAYED], 1);
	assert_true(account->posts > posts + 1);
	assert_int_equal(report().refresh_last_result, RESULT_OK);
}

static void
what_is_not_an_answer_changes_nothing(void **state)
{
	(void)state;
	start();
	world.mode = WORLD_BABBLES;
	run(2 * DAY_S);
	assert_true(report().usable);
	assert_int_equal(report().refresh_last_result, RESULT_MALFORMED);
	assert_int_equal(world.changed_requests, 0);
	world.mode = WORLD_REJECTS;
	world.retry_after_s = INT64_MAX;
	run(DAY_S);
	assert_int_equal(report().refresh_last_result, RESULT_HTTP);
	world.mode = WORLD_ANSWERS;
	run(DAY_S);
	assert_int_equal(report().refresh_last_result, RESULT_OK);
}

static void
changed_hardware_asks_at_once_and_only_once(void **state)
{
	struct account *account = world_account_of(0);

	(void)state;
	start();
	text_copy(world.hardware.cpu_model, TEXT_256, "New CPU");
	run(700);
	assert_int_equal(account->posts, 2);
	assert_int_equal(report().binding_changed, 0);
	/* An authority that does not follow is not asked at every beat. */
	world.binds_old = true;
	text_copy(world.hardware.cpu_model, TEXT_256, "Newest CPU");
	run(2 * 3600);
	assert_int_equal(account->posts, 3);
}

static void
refused_hardware_runs_for_its_grace_also_over_a_restart(void **state)
{
	struct account *account = world_account_of(0);
	char path[WORLD_PATH + 32];
	struct buf before;

	(void)state;
	start();
	snprintf(path, sizeof(path), "%s/license0.state", world.state);
	read_path(path, &before);
	account->refusal = REFUSAL_HARDWARE_LIMIT;
	text_copy(world.hardware.cpu_model, TEXT_256, "New CPU");
	run(700);
	assert_true(report().usable);
	utc_t grace_end = report().grace_end;
	assert_in_range(grace_end.s - world.wall.s, 259200 - 1300, 259200);
	/* A crash before the state said when it began: the refusal says it. */
	world_stop();
	assert_int_equal(file_replace(path, before.data, before.len, 0600), 0);
	buf_fini(&before);
	start();
	assert_in_range(report().grace_end.s, grace_end.s - 10, grace_end.s);
	grace_end = report().grace_end;
	restart(60);
	assert_int_equal(report().grace_end.s, grace_end.s);
	run(259200 + 3600);
	assert_false(report().usable);
	assert_int_equal(report().state, STATE_HARDWARE_MISMATCH);
}

static void
refused_hardware_that_is_gone_again_is_forgotten_at_once(void **state)
{
	struct account *account = world_account_of(0);
	char model[TEXT_256];

	(void)state;
	start();
	text_copy(model, sizeof(model), world.hardware.cpu_model);
	account->refusal = REFUSAL_HARDWARE_LIMIT;
	text_copy(world.hardware.cpu_model, TEXT_256, "New CPU");
	run(700);
	assert_int_equal(report().reason, REASON_REBIND_REFUSED);
	int posts = account->posts;
	account->refusal = 0;
	text_copy(world.hardware.cpu_model, TEXT_256, model);
	run(610);
	assert_int_equal(account->posts, posts + 1);
	assert_int_equal(report().severity, SEVERITY_OK);
	assert_false(report().has[FIELD_ID_GRACE_END]);
	run(2 * 3600);
	assert_int_equal(account->posts, posts + 1);
}

static int
count_in_history(const char *word)
{
	char path[WORLD_PATH + 32];
	struct buf text;
	int count = 0;

	snprintf(path, sizeof(path), "%s/license0.history", world.state);
	read_path(path, &text);
	for (const char *at = buf_text(&text); (at = strstr(at, word)) != NULL;
	     at++)
		count++;
	buf_fini(&text);
	return count;
}

static void
hardware_changed_while_nobody_looked_is_on_record_once(void **state)
{
	(void)state;
	start();
	world.mode = WORLD_HOLDS;
	assert_int_equal(count_in_history(" hardware"), 0);
	text_copy(world.hardware.cpu_model, TEXT_256, "New CPU");
	restart(60);
	assert_int_equal(count_in_history(" hardware"), 1);
	restart(60);
	assert_int_equal(count_in_history(" hardware"), 1);
	world.mode = WORLD_ANSWERS;
	restart(60);
	run(2 * 3600);
	assert_int_equal(report().binding_changed, 0);
	assert_int_equal(count_in_history(" hardware"), 2);
}

static void
a_newer_file_is_taken_without_a_restart(void **state)
{
	struct buf file;

	(void)state;
	start();
	make(MODE_ONLINE, "sub-000042", 9, SAMPLE_SIGNER, SAMPLE_ROOT, &file);
	drop(file.data, file.len);
	assert_int_equal(report().sequence, 9);
	restart(10);
	assert_int_equal(report().sequence, 9);
	run(2 * DAY_S);
	assert_true(report().sequence > 9);
	buf_fini(&file);
}

static void
a_file_that_is_not_better_is_set_aside(void **state)
{
	struct account *account = world_account_of(0);
	const char *path = world.licenses[0].license_file;
	char rejected[KEEPER_PATH_SIZE + 16];
	struct buf older, foreign;

	(void)state;
	snprintf(rejected, sizeof(rejected), "%s.rejected", path);
	start();
	run(2 * DAY_S);
	make(MODE_ONLINE, "sub-000042", 1, SAMPLE_SIGNER, SAMPLE_ROOT, &older);
	make(MODE_ONLINE, "sub-000042", 99, SAMPLE_OTHER_SIGNER,
	    SAMPLE_OTHER_ROOT, &foreign);
	const struct {
		const void *bytes;
		size_t len;
	} rows[] = {
		{older.data, older.len},
		{foreign.data, foreign.len},
		{garbage, sizeof(garbage) - 1},
	};
	int64_t held = report().sequence;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		drop(rows[i].bytes, rows[i].len);
		assert_int_equal(report().sequence, held);
		assert_true(report().usable);
		assert_file(rejected, rows[i].bytes, rows[i].len);
		assert_file(path, account->answer.data, account->answer.len);
	}
	buf_fini(&older);
	buf_fini(&foreign);
}

/* Its default beside a vendor's own FastNetMon. */
static void
a_license_file_in_the_state_directory_has_its_second_copy(void **state)
{
	struct keeper_license *license = &world.licenses[0];

	(void)state;
	snprintf(license->license_file, sizeof(license->license_file),
	    "%s/license0.lic", world.state);
	start();
	world_stop();
	world.mode = WORLD_UNREACHABLE;
	assert_int_equal(file_replace(license->license_file, garbage,
		sizeof(garbage) - 1, 0644), 0);
	start();
	assert_true(report().usable);
}

static void
a_strangers_file_is_never_touched(void **state)
{
	const char *path = world.licenses[0].license_file;

	(void)state;
	assert_int_equal(file_replace(path, stranger, sizeof(stranger) - 1,
		0600), 0);
	start();
	run(DAY_S * 3);
	assert_true(report().usable);
	assert_int_equal(report().reason, REASON_STORAGE);
	assert_true(report().sequence > 2);
	assert_file(path, stranger, sizeof(stranger) - 1);
	restart(10);
	assert_true(report().usable);
	assert_file(path, stranger, sizeof(stranger) - 1);
}

/* Root reads everything, so the test of root looks as somebody else. */
static void
a_file_that_is_closed_to_us_is_a_strangers(void **state)
{
	uid_t user = geteuid();
	struct buf out;

	(void)state;
	buf_init(&out, 1024);
	assert_return_code(user == 0 ? seteuid(65534) : 0, errno);
	enum disk_found found = disk_look("/etc/shadow", &out);
	int error = errno;
	assert_return_code(user == 0 ? seteuid(user) : 0, errno);
	assert_int_equal(found, DISK_STRANGER);
	assert_int_equal(error, EACCES);
	buf_fini(&out);
}

static void
a_directory_or_a_fifo_at_the_path_is_a_strangers(void **state)
{
	const char *path = world.licenses[0].license_file;
	struct stat st;

	(void)state;
	assert_int_equal(mkdir(path, 0755), 0);
	start();
	assert_true(report().usable);
	world_stop();
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	start();
	run(2 * DAY_S);
	assert_true(report().usable);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
}

static void
a_path_that_cannot_be_written_does_not_stop_the_lease(void **state)
{
	struct keeper_license *license = &world.licenses[0];

	(void)state;
	snprintf(license->license_file, sizeof(license->license_file),
	    "%s/absent/license.lic", world.directory);
	start();
	run(20 * (int64_t)DAY_S);
	assert_true(report().usable);
	assert_true(report().sequence > 10);
	assert_int_equal(report().reason, REASON_STORAGE);
	/* As soon as the directory is there, so is the license. */
	char directory[WORLD_PATH + 32];
	snprintf(directory, sizeof(directory), "%s/absent", world.directory);
	assert_int_equal(mkdir(directory, 0755), 0);
	run(40);
	struct account *account = world_account_of(0);
	assert_file(license->license_file, account->answer.data,
	    account->answer.len);
	assert_int_equal(report().severity, SEVERITY_OK);
}

static void
an_offline_license_put_in_place_ends_the_exchange(void **state)
{
	struct account *account = world_account_of(0);
	struct buf file;

	(void)state;
	start();
	world.mode = WORLD_HOLDS;
	run(26 * HOUR_S);
	assert_int_equal(world.in_flight, 1);
	make(MODE_OFFLINE, "sub-000043", 1, SAMPLE_SIGNER, SAMPLE_ROOT, &file);
	drop(file.data, file.len);
	world.mode = WORLD_ANSWERS;
	int posts = account->posts;
	run(30 * (int64_t)DAY_S);
	assert_int_equal(account->posts, posts);
	assert_int_equal(report().mode, MODE_OFFLINE);
	assert_true(report().usable);
	restart(10);
	run(2 * DAY_S);
	assert_int_equal(account->posts, posts);
	buf_fini(&file);
	/* And one that is refreshed begins it again. */
	make(MODE_ONLINE, "sub-000044", 1, SAMPLE_SIGNER, SAMPLE_ROOT, &file);
	drop(file.data, file.len);
	run(2 * DAY_S);
	assert_true(account->posts > posts);
	assert_int_equal(report().mode, MODE_ONLINE);
	buf_fini(&file);
}

static int online_calls, online_ok;

static void
went(void *self, bool ok, const char *sentence)
{
	(void)self;
	(void)sentence;
	online_calls++;
	online_ok += ok;
}

static void
an_offline_license_stays_until_an_online_one_is_here(void **state)
{
	struct account *account = world_account_of(0);
	struct buf file, error;
	char id[TEXT_64];

	(void)state;
	start();
	text_copy(id, sizeof(id), report().id);
	make(MODE_OFFLINE, id, ++account->sequence, SAMPLE_SIGNER, SAMPLE_ROOT, &file);
	drop(file.data, file.len);
	online_calls = online_ok = 0;
	buf_init(&error, 1024);
	assert_false(keeper_renew(world.keeper, "", went, NULL, &error));
	/* Also what ends a lease: it is an answer to a question, no more. */
	account->refusal = REFUSAL_SUSPENDED;
	assert_true(keeper_go_online(world.keeper, "", went, NULL, &error));
	run(5);
	assert_int_equal(online_calls, 1);
	assert_int_equal(online_ok, 0);
	assert_int_equal(report().mode, MODE_OFFLINE);
	assert_int_equal(report().severity, SEVERITY_OK);
	restart(10);
	int posts = account->posts;
	run(2 * DAY_S);
	assert_int_equal(account->posts, posts);
	assert_int_equal(report().severity, SEVERITY_OK);
	assert_file(world.licenses[0].license_file, file.data, file.len);
	account->refusal = 0;
	assert_true(keeper_go_online(world.keeper, "", went, NULL, &error));
	run(5);
	assert_int_equal(online_ok, 1);
	assert_int_equal(report().mode, MODE_ONLINE);
	assert_true(report().usable);
	assert_file(world.licenses[0].license_file, account->answer.data,
	    account->answer.len);
	run(2 * DAY_S);
	assert_true(account->posts > posts + 1);
	buf_fini(&file);
	buf_fini(&error);
}

/* What follows was issued after what this machine's clock says. */
static void
a_clock_that_a_taken_license_shows_to_be_behind_is_told_at_once(void **state)
{
	const char *path = world.licenses[0].license_file;
	char next[KEEPER_PATH_SIZE + 8];
	struct buf current, successor;

	(void)state;
	snprintf(next, sizeof(next), "%s.next", path);
	start();
	make(MODE_OFFLINE, "sub-000043", 1, SAMPLE_SIGNER, SAMPLE_ROOT,
	    &current);
	drop(current.data, current.len);
	utc_t begins = utc_add(world.wall, DAY_S), now = world.wall;
	world.wall = utc_add(world.wall, 2 * DAY_S);
	make(MODE_OFFLINE, "sub-000043", 2, SAMPLE_SIGNER, SAMPLE_ROOT,
	    &successor);
	world.wall = now;
	assert_int_equal(file_replace(next, successor.data, successor.len,
		0644), 0);
	run(begins.s - world.wall.s - 1);
	assert_int_equal(report().sequence, 1);
	world.edges = 0;
	world.wall.s++;
	world.boot.ns += 1000000000;
	struct loop_want want = world_ask();
	world_tell(&want);
	assert_int_equal(report().sequence, 2);
	assert_true(world.edges & edge_bit(CLOCK_ANOMALY));
	buf_fini(&current);
	buf_fini(&successor);
}

static void
a_license_that_begins_later_waits_and_takes_over_on_time(void **state)
{
	const char *path = world.licenses[0].license_file;
	char next[KEEPER_PATH_SIZE + 8];
	struct buf current, successor;
	struct stat st;

	(void)state;
	snprintf(next, sizeof(next), "%s.next", path);
	start();
	make(MODE_OFFLINE, "sub-000043", 1, SAMPLE_SIGNER, SAMPLE_ROOT,
	    &current);
	drop(current.data, current.len);
	begins_s = 20 * (int64_t)DAY_S;
	utc_t begins = utc_add(world.wall, begins_s);
	make(MODE_OFFLINE, "sub-000043", 2, SAMPLE_SIGNER, SAMPLE_ROOT,
	    &successor);
	begins_s = 0;
	/* Twice: over the current, and (after it was withdrawn) beside it. */
	drop(successor.data, successor.len);
	assert_true(report().usable);
	assert_int_equal(report().sequence, 1);
	assert_int_equal(report().successor_not_before.s, begins.s);
	assert_file(path, current.data, current.len);
	assert_file(next, successor.data, successor.len);
	assert_int_equal(unlink(next), 0);
	run(40);
	assert_false(report().has[FIELD_ID_SUCCESSOR]);
	assert_int_equal(file_replace(next, successor.data, successor.len,
		0644), 0);
	run(40);
	assert_true(report().has[FIELD_ID_SUCCESSOR]);
	restart(10);
	assert_true(report().has[FIELD_ID_SUCCESSOR]);
	run(begins.s - world.wall.s - 1);
	assert_int_equal(report().sequence, 1);
	run(1);
	assert_int_equal(report().sequence, 2);
	assert_true(report().usable);
	assert_false(report().has[FIELD_ID_SUCCESSOR]);
	assert_int_equal(stat(next, &st), -1);
	assert_file(path, successor.data, successor.len);
	restart(10);
	assert_int_equal(report().sequence, 2);
	buf_fini(&current);
	buf_fini(&successor);
}

static void
an_offline_mismatch_needs_two_readings(void **state)
{
	struct buf file;

	(void)state;
	start();
	make(MODE_OFFLINE, "sub-000043", 1, SAMPLE_SIGNER, SAMPLE_ROOT, &file);
	drop(file.data, file.len);
	run(700);
	world.hardware.logical_cpus = 4;
	run(610);
	assert_true(report().usable);
	assert_int_equal(report().severity, SEVERITY_WARNING);
	assert_int_equal(report().reason, REASON_HARDWARE_MISMATCH);
	assert_string_equal(report().binding_difference,
	    "number of logical CPUs: 8 in the license, 4 here");
	run(700);
	assert_false(report().usable);
	assert_int_equal(report().state, STATE_HARDWARE_MISMATCH);
	world.edges = 0;
	restart(10);
	run(5);
	assert_int_equal(report().state, STATE_HARDWARE_MISMATCH);
	assert_int_equal(world.edges & edge_bit(USABLE_AGAIN), 0);
	world.hardware.logical_cpus = 8;
	run(700);
	assert_true(report().usable);
	/* Mended while it was down: then a change is new again. */
	world.hardware.logical_cpus = 4;
	run(1900);
	assert_false(report().usable);
	world.hardware.logical_cpus = 8;
	restart(10);
	assert_true(report().usable);
	world.hardware.logical_cpus = 4;
	run(650);
	assert_true(report().usable);
	buf_fini(&file);
}

static void
a_reconfiguration_adds_keeps_and_removes(void **state)
{
	struct keeper_license now[3];
	struct report out;
	struct buf error;

	(void)state;
	world.license_count = 2;
	world_license_configured(1, &world.licenses[1]);
	start();
	int posts = world_account_of(0)->posts;
	world.mode = WORLD_HOLDS;
	run(26 * HOUR_S); /* both are in flight */
	assert_int_equal(world.in_flight, 2);
	now[0] = world.licenses[0];
	for (size_t i = 0; i < 2; i++)
		world_license_configured(2 + i, &now[1 + i]);
	buf_init(&error, 1024);
	assert_true(keeper_reconfigure(world.keeper, now, 3, &error));
	assert_int_equal(world.in_flight, 1);
	world.mode = WORLD_ANSWERS;
	run(5);
	assert_int_equal(world_account_of(0)->posts, posts + 1);
	for (size_t i = 0; i < 3; i++) {
		world_report(i, &out);
		assert_true(out.usable);
		assert_int_equal(out.index, i == 0 ? 1 : 2 + (int)i);
	}
	/* A crash right after it reuses no number. */
	memcpy(&world.licenses[0], now, sizeof(now));
	world.license_count = 3;
	restart(5);
	world_report(2, &out);
	assert_int_equal(out.index, 4);
	/* Whole or not at all. */
	text_copy(now[2].authority_root, KEEPER_PATH_SIZE, "/nowhere/root");
	assert_false(keeper_reconfigure(world.keeper, now, 3, &error));
	assert_non_null(strstr(buf_text(&error), "/nowhere/root"));
	run(2 * DAY_S);
	world_report(2, &out);
	assert_true(out.usable);
	buf_fini(&error);
}

static int done_calls, done_ok;

static void
done(void *self, bool ok, const char *sentence)
{
	(void)self;
	assert_true(sentence[0] != '\0');
	done_calls++;
	done_ok += ok;
}

static void
who_waits_for_removed_licenses_is_told(void **state)
{
	struct buf error;

	(void)state;
	world.license_count = 3;
	for (size_t i = 0; i < 3; i++)
		world_license_configured(i, &world.licenses[i]);
	start();
	world.mode = WORLD_HOLDS;
	done_calls = done_ok = 0;
	buf_init(&error, 1024);
	assert_true(keeper_renew(world.keeper, "license0", done, NULL, &error));
	assert_true(keeper_renew(world.keeper, "license1", done, NULL, &error));
	run(5);
	assert_true(keeper_reconfigure(world.keeper, &world.licenses[2], 1,
		&error));
	assert_int_equal(done_calls, 2);
	assert_int_equal(done_ok, 0);
	buf_fini(&error);
}

static void
who_waits_is_answered_or_told_that_there_is_none(void **state)
{
	struct buf error;

	(void)state;
	start();
	done_calls = done_ok = 0;
	buf_init(&error, 1024);
	assert_true(keeper_renew(world.keeper, "", done, NULL, &error));
	run(5);
	assert_int_equal(done_calls, 1);
	assert_int_equal(done_ok, 1);
	world.mode = WORLD_HOLDS;
	assert_true(keeper_renew(world.keeper, "license0", done, NULL, &error));
	run(KEEPER_RENEW_WAIT_S - 1);
	assert_int_equal(done_calls, 1);
	run(2);
	assert_int_equal(done_calls, 2);
	assert_int_equal(done_ok, 1);
	assert_true(keeper_renew(world.keeper, "license0", done, &error,
		&error));
	keeper_forget(world.keeper, &error);
	run(2 * KEEPER_RENEW_WAIT_S);
	assert_int_equal(done_calls, 2);
	assert_false(keeper_renew(world.keeper, "other", done, NULL, &error));
	buf_fini(&error);
}

static void
forty_licenses_respect_the_cap(void **state)
{
	struct report out;

	(void)state;
	world.license_count = WORLD_LICENSES;
	for (size_t i = 0; i < WORLD_LICENSES; i++)
		world_license_configured(i, &world.licenses[i]);
	world.mode = WORLD_HOLDS;
	start();
	assert_int_equal(world.in_flight, 32);
	world.mode = WORLD_ANSWERS;
	run(5);
	assert_int_equal(world.in_flight, 0);
	assert_int_equal(world.in_flight_max, 32);
	for (size_t i = 0; i < WORLD_LICENSES; i++) {
		world_report(i, &out);
		assert_true(out.usable);
		assert_int_equal(out.index, i + 1);
	}
}

static void
a_given_index_collides_with_no_assigned_one(void **state)
{
	struct report first, second;

	(void)state;
	world.license_count = 2;
	world_license_configured(1, &world.licenses[1]);
	world.licenses[1].index = 1;
	start();
	world_report(0, &first);
	world_report(1, &second);
	assert_int_equal(second.index, 1);
	assert_int_equal(first.index, 2);
	world.licenses[1].index = INT32_MAX;
	restart(5);
	world_report(0, &first);
	world_report(1, &second);
	assert_int_equal(first.index, 2);
	assert_int_equal(second.index, INT32_MAX);
}

static void
acknowledge_expiring(int64_t step_days)
{
	const struct alarms raised = {
		.raised = edge_bit(EXPIRING) | edge_bit(REFRESH_FAILING),
		.step_days = step_days,
		.steps = 1,
		.deadline = report().action_deadline,
	};

	keeper_acknowledge(world.keeper, 1, 0, &raised);
}

static void
what_managers_were_told_survives_a_restart(void **state)
{
	(void)state;
	start();
	run(60);
	world.mode = WORLD_UNREACHABLE;
	while (report().action_deadline.s - world.wall.s > 10 * DAY_S)
		run(6 * HOUR_S);
	world.edges = 0;
	/* Nobody was told yet. */
	restart(0);
	assert_int_equal(world.edges, edge_bit(EXPIRING) |
		edge_bit(REFRESH_FAILING));
	acknowledge_expiring(10);
	struct alarms told = keeper_announced(world.keeper, 1);
	assert_int_equal(told.step_days, 10);
	world.edges = 0;
	restart(0);
	assert_int_equal(world.edges, 0);
	told = keeper_announced(world.keeper, 1);
	assert_int_equal(told.raised, edge_bit(EXPIRING) |
		edge_bit(REFRESH_FAILING));
	assert_int_equal(told.step_days, 10);
	assert_int_equal(told.steps, 1);
	assert_int_equal(told.deadline.s, report().action_deadline.s);
	/* A step that was crossed while the agent was down. */
	restart(3 * DAY_S);
	assert_int_equal(world.edges, edge_bit(EXPIRING));
	acknowledge_expiring(6);
	world.edges = 0;
	restart(0);
	assert_int_equal(world.edges, 0);
	/* What ended is told, and nothing is left to repeat. */
	world.mode = WORLD_ANSWERS;
	run(DAY_S);
	assert_int_equal(world.edges, edge_bit(RENEWED) |
		edge_bit(REFRESH_RESTORED));
	assert_int_equal(keeper_announced(world.keeper, 1).raised, 0);
}

/* The state as it was written before the step was kept. */
static void
write_old_state(void)
{
	char path[WORLD_PATH + 32];
	uint8_t id[SHA256_SIZE], public[KEY_SIZE];
	struct doc_frame frame;
	struct doc_fault fault;
	struct memory memory;
	struct buf text, error;

	buf_init(&error, 256);
	struct signing_key *key = machine_key_load(world.state,
	    inspect_machine_id(id) ? id : NULL, false, &error);
	assert_non_null(key);
	signing_key_public(key, public);
	snprintf(path, sizeof(path), "%s/license0.state", world.state);
	read_path(path, &text);
	assert_int_equal(doc_frame_read(buf_text(&text), text.len,
		PURPOSE_STATE, &frame), DOC_OK);
	assert_int_equal(doc_verify_machine(&frame), DOC_OK);
	assert_true(memory_decode(&frame, &memory, &fault));
	assert_false(has_bit(memory.has, MEMORY_EXPIRING_STEP));
	memory.announced = edge_bit(EXPIRING);
	buf_clear(&text);
	document_begin(PURPOSE_STATE, public, &text);
	assert_true(memory_encode(&memory, &text));
	assert_true(document_seal(&text, key));
	assert_int_equal(file_replace(path, text.data, text.len, 0600), 0);
	signing_key_free(key);
	buf_fini(&text);
	buf_fini(&error);
}

static void
a_state_of_before_is_read(void **state)
{
	(void)state;
	start();
	run(60);
	int64_t success = report().refresh_last_success.s;
	world_stop();
	write_old_state();
	world.edges = 0;
	start();
	assert_int_equal(report().refresh_last_success.s, success);
	assert_int_equal(world.edges, edge_bit(RENEWED));
}

static void
the_clock_mark_survives_a_reboot_and_a_clock_that_went_back(void **state)
{
	(void)state;
	start();
	run(2 * DAY_S);
	utc_t known = world.wall;
	world_stop();
	world_crash_to(-30 * (int64_t)DAY_S, "boot-two");
	world.mode = WORLD_UNREACHABLE;
	start();
	assert_int_equal(report().state, STATE_CLOCK_UNTRUSTED);
	assert_true(report().usable);
	assert_in_range(report().now.s, known.s - 3700, known.s + 100);
	/* The lease ends by the time that is known, not by the clock. */
	run(16 * (int64_t)DAY_S);
	assert_false(report().usable);
}

static void
a_clock_that_was_ahead_puts_nothing_off(void **state)
{
	struct account *account = world_account_of(0);

	(void)state;
	/* The year 2026 is believed to be 2040 at the first start. */
	utc_t truth = world.wall;
	world.wall = utc_add(truth, 14 * 366 * (int64_t)DAY_S);
	world.mode = WORLD_UNREACHABLE;
	start();
	run(1200);
	world_stop();
	world.mode = WORLD_ANSWERS;
	world.wall = utc_add(truth, 1200);
	text_copy(world.boot_id, sizeof(world.boot_id), "boot-two");
	world.boot.ns = 60 * INT64_C(1000000000);
	start();
	run(7 * HOUR_S);
	assert_true(account->posts > 2);
	assert_true(report().usable);
	/* The mark that was too high is healed by a fresh answer. */
	run(3 * DAY_S);
	assert_int_equal(report().refresh_last_result, RESULT_OK);
	assert_in_range(report().now.s, world.wall.s - 60, world.wall.s + 60);
}

static void
a_new_machine_id_makes_a_new_key_and_asks(void **state)
{
	struct account *account = world_account_of(0);

	(void)state;
	start();
	run(DAY_S * 2);
	world.hardware.machine_id_hash[0] ^= 1;
	world.mode = WORLD_HOLDS;
	int posts = account->posts;
	restart(10);
	assert_int_equal(report().state, STATE_HARDWARE_MISMATCH);
	assert_int_equal(account->posts, posts + 1);
	world.mode = WORLD_ANSWERS;
	run(5);
	assert_true(report().usable);
}

static void
an_authority_that_wants_no_delay_is_asked_once_a_minute_at_most(void **state)
{
	struct account *account = world_account_of(0);

	(void)state;
	account->refresh_after_s = 0;
	start();
	run(DAY_S);
	assert_in_range(account->posts, 1000, 1441);
}

static void
a_full_state_directory_ends_no_lease(void **state)
{
	char path[WORLD_PATH + 32];

	(void)state;
	start();
	int64_t held = report().sequence;
	snprintf(path, sizeof(path), "%s/license0.request", world.state);
	assert_int_equal(mkdir(path, 0700), 0);
	run(30 * HOUR_S);
	assert_true(report().usable);
	assert_int_equal(report().sequence, held);
	assert_int_equal(report().refresh_last_result, RESULT_STORAGE);
	/* Overdue: what cannot be written is sent all the same. */
	run(30 * (int64_t)DAY_S);
	assert_true(report().usable);
	assert_true(report().sequence > held + 10);
	held = report().sequence;
	assert_int_equal(rmdir(path), 0);
	run(2 * DAY_S);
	assert_true(report().sequence > held);
}

static void
a_disk_that_takes_no_license_either_ends_no_lease(void **state)
{
	static const char *const kinds[] = {"request", "good", "state"};
	char path[WORLD_PATH + 32];

	(void)state;
	start();
	int64_t held = report().sequence;
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/license0.%s", world.state,
		    kinds[i]);
		(void)unlink(path);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	run(40 * (int64_t)DAY_S);
	assert_true(report().usable);
	assert_true(report().sequence > held + 30);
	assert_in_range(report().sequence, held + 30, held + 45);
}

static void
reading_only_writes_nothing(void **state)
{
	struct keeper_options options = world_options();
	struct buf error, listing[2];

	(void)state;
	start();
	world_stop();
	/* Something to heal, and something to set aside. */
	assert_int_equal(file_replace(world.licenses[0].license_file, garbage,
		sizeof(garbage) - 1, 0644), 0);
	char command[3 * WORLD_PATH];
	snprintf(command, sizeof(command),
	    "find '%s' -printf '%%p %%s %%T@ %%C@ %%i\\n' | sort",
	    world.directory);
	buf_init(&error, 1024);
	for (size_t i = 0; i < 2; i++) {
		char chunk[4096];
		FILE *list = popen(command, "r");

		assert_non_null(list);
		buf_init(&listing[i], 65536);
		for (size_t n; (n = fread(chunk, 1, sizeof(chunk), list)) > 0;)
			buf_add(&listing[i], chunk, n);
		pclose(list);
		if (i == 1)
			break;
		world.keeper = keeper_open_reading(&options, &error);
		assert_non_null(world.keeper);
		assert_true(report().usable);
		world_stop();
	}
	assert_string_equal(buf_text(&listing[0]), buf_text(&listing[1]));
	buf_fini(&listing[0]);
	buf_fini(&listing[1]);
	buf_fini(&error);
}

static void
a_bell_that_cannot_be_silenced_is_given_up(void **state)
{
	struct buf file;

	(void)state;
	start();
	/* Always readable, and reading it fails. */
	int bad = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_not_equal(dup2(bad, world_ask().fd), -1);
	close(bad);
	make(MODE_ONLINE, "sub-000042", 9, SAMPLE_SIGNER, SAMPLE_ROOT, &file);
	drop(file.data, file.len);
	assert_false(world_ask().has_fd);
	run(40);
	assert_int_equal(report().sequence, 9);
	buf_fini(&file);
}

static void
a_second_agent_does_not_start(void **state)
{
	struct keeper_options options = world_options();
	struct buf error;

	(void)state;
	start();
	buf_init(&error, 1024);
	assert_null(keeper_new(&options, &error));
	assert_non_null(strstr(buf_text(&error), "in use by another agent"));
	buf_fini(&error);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_first_start_asks_at_once_and_stores),
		T(a_restart_keeps_the_second_that_was_picked),
		T(sixty_days_are_a_request_a_day),
		T(suspended_survives_a_restart_and_asks_at_once),
		T(a_refusal_that_cannot_be_written_is_asked_for_again),
		T(an_unanswered_request_is_the_same_after_a_restart),
		T(an_equal_sequence_is_taken_when_the_bytes_are_the_same),
		T(an_old_sequence_drops_the_request),
		T(what_is_not_an_answer_changes_nothing),
		T(changed_hardware_asks_at_once_and_only_once),
		T(refused_hardware_runs_for_its_grace_also_over_a_restart),
		T(refused_hardware_that_is_gone_again_is_forgotten_at_once),
		T(hardware_changed_while_nobody_looked_is_on_record_once),
		T(a_newer_file_is_taken_without_a_restart),
		T(a_file_that_is_not_better_is_set_aside),
		T(a_license_file_in_the_state_directory_has_its_second_copy),
		T(a_strangers_file_is_never_touched),
		T(a_file_that_is_closed_to_us_is_a_strangers),
		T(a_directory_or_a_fifo_at_the_path_is_a_strangers),
		T(a_path_that_cannot_be_written_does_not_stop_the_lease),
		T(an_offline_license_put_in_place_ends_the_exchange),
		T(an_offline_license_stays_until_an_online_one_is_here),
		T(a_clock_that_a_taken_license_shows_to_be_behind_is_told_at_once),
		T(a_license_that_begins_later_waits_and_takes_over_on_time),
		T(an_offline_mismatch_needs_two_readings),
		T(a_reconfiguration_adds_keeps_and_removes),
		T(who_waits_for_removed_licenses_is_told),
		T(who_waits_is_answered_or_told_that_there_is_none),
		T(forty_licenses_respect_the_cap),
		T(a_given_index_collides_with_no_assigned_one),
		T(what_managers_were_told_survives_a_restart),
		T(a_state_of_before_is_read),
		T(the_clock_mark_survives_a_reboot_and_a_clock_that_went_back),
		T(a_clock_that_was_ahead_puts_nothing_off),
		T(a_new_machine_id_makes_a_new_key_and_asks),
		T(an_authority_that_wants_no_delay_is_asked_once_a_minute_at_most),
		T(a_full_state_directory_ends_no_lease),
		T(a_disk_that_takes_no_license_either_ends_no_lease),
		T(reading_only_writes_nothing),
		T(a_bell_that_cannot_be_silenced_is_given_up),
		T(a_second_agent_does_not_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
