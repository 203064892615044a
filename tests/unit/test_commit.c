/* SPDX-License-Identifier: ISC */
/*
 * What a person put at the license path, and what `fcli commit` says of it,
 * whoever looked first: the watch or the commit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "license/history.h"
#include "license/text.h"
#include "tests/world.h"

enum { LATER_S = 60 };

static struct buf offline; /* an offline license for this machine */
static struct history history;
static char said[1024];
static int times;
static bool said_ok;

static int
begin(void **state)
{
	(void)state;
	log_open("/dev/null", "test", LOG_LEVEL_ERROR);
	world_begin(1);
	times = 0;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	world_end();
	buf_fini(&offline);
	return 0;
}

static void
make_offline(int64_t mbits)
{
	union sample_value value;
	struct license *l = &value.license;

	sample_license(MODE_OFFLINE, l);
	text_copy(l->id, sizeof(l->id), "sub-000042");
	l->sequence = 100 + mbits;
	l->bandwidth_mbits = mbits;
	l->issued = world.wall;
	l->not_before = utc_add(world.wall, -DAY_S);
	l->lease_end = l->term_end = utc_day_end(world.wall, 300);
	text_copy(l->bind_cpu_model, TEXT_256, world.hardware.cpu_model);
	l->bind_logical_cpus = world.hardware.logical_cpus;
	l->bind_memory_mib = world.hardware.memory_mib;
	buf_fini(&offline);
	buf_init(&offline, DOCUMENT_MAX);
	world_seal(PURPOSE_LICENSE, &value, SAMPLE_SIGNER, SAMPLE_ROOT,
	    &offline);
}

static void
put(const void *bytes, size_t len)
{
	assert_int_equal(file_replace(world.licenses[0].license_file, bytes,
		len, 0644), 0);
}

/* As a mail program makes it. */
static void
put_with_returns(void)
{
	struct buf text;

	buf_init(&text, 2 * DOCUMENT_MAX);
	for (size_t i = 0; i < offline.len; i++)
		buf_printf(&text, offline.data[i] == '\n' ? "\r%c" : "%c",
		    offline.data[i]);
	put(text.data, text.len);
	buf_fini(&text);
}

static void
hear(void *self, bool ok, const char *sentence)
{
	(void)self;
	times++;
	said_ok = ok;
	text_copy(said, sizeof(said), sentence);
}

static void
commit(bool ok, const char *begins)
{
	struct buf error;
	int before = times;

	buf_init(&error, 1024);
	assert_true(keeper_commit(world.keeper, "", hear, NULL, &error));
	buf_fini(&error);
	world_run(5);
	assert_int_equal(times, before + 1);
	if (strncmp(said, begins, strlen(begins)) != 0)
		fail_msg("'%s' does not begin '%s'", said, begins);
	assert_int_equal(said_ok, ok);
}

static void
start_offline(void)
{
	assert_true(world_start());
	world_run(2);
	make_offline(100000);
	put(offline.data, offline.len);
	commit(true, "The offline license is in force until 20");
}

static void
assert_in_place(void)
{
	struct agent_report agent = {.now = world.wall};
	struct report report;
	struct buf there, text;

	buf_init(&there, DOCUMENT_MAX);
	assert_int_equal(file_read(world.licenses[0].license_file, &there), 0);
	assert_int_equal(there.len, offline.len);
	assert_memory_equal(there.data, offline.data, offline.len);
	world_report(0, &report);
	assert_true(report.usable);
	assert_false(report.has[FIELD_ID_FILE_DETAIL]);
	buf_init(&text, 16384);
	text_status(&report, &agent, &text);
	assert_null(strstr(buf_text(&text), "NOT in"));
	assert_non_null(strstr(buf_text(&text), "; stored in "));
	buf_fini(&text);
	buf_fini(&there);
}

static void
assert_events(const char *want)
{
	struct buf out;

	keeper_history(world.keeper, "license0", &history);
	buf_init(&out, 4096);
	for (size_t i = 0; i < history.count; i++) {
		enum history_event event = history.entries[i].event;

		if (event == HISTORY_FILE_TAKEN || event == HISTORY_PUT_BACK ||
		    event == HISTORY_FILE_REFUSED)
			buf_printf(&out, "%s ", history_word(event));
	}
	assert_string_equal(buf_text(&out), want);
	buf_fini(&out);
}

static void
a_file_with_carriage_returns_is_refused_by_the_commit(void **state)
{
	(void)state;
	start_offline();
	put_with_returns();
	commit(false, "Not used: it has carriage returns (was it changed in "
	    "the mail? ask for it again, as an attachment, or remove them with "
	    "dos2unix); the license of before stays in force. The offline "
	    "license is in force until 20");
	assert_in_place();
	commit(true, "The offline license is in force until 20");
	assert_events("file-taken file-refused put-back ");
}

static void
a_license_that_is_not_at_its_path_is_told_by_the_commit(void **state)
{
	const char *path = world.licenses[0].license_file;

	(void)state;
	assert_true(world_start());
	world_run(2);
	put("FASTNETMON\n", 11);
	commit(false, "Not stored at ");
	assert_non_null(strstr(said, ": another program's file is there; set "
	    "license-file to a path of our own. The license was refreshed"));
	assert_int_equal(unlink(path), 0);
	commit(true, "The license was refreshed");
	make_offline(100000);
	put(offline.data, offline.len);
	commit(true, "The offline license is in force");
	put("FASTNETMON\n", 11);
	commit(false, "Not stored at ");
	assert_non_null(strstr(said, "own. The offline license is in force"));
	assert_int_equal(unlink(path), 0);
	commit(true, "The offline license is in force");
}

static void
the_watch_may_have_looked_before(void **state)
{
	(void)state;
	start_offline();
	put_with_returns();
	world_run(LATER_S);
	assert_in_place();
	commit(false, "Not used: it has carriage returns");
	commit(true, "The offline license is in force until 20");
	/* What came of it is over once a good one is there. */
	put_with_returns();
	world_run(LATER_S);
	make_offline(200000);
	put(offline.data, offline.len);
	commit(true, "The offline license is in force until 20");
	assert_in_place();
}

static void
the_request_is_not_its_answer(void **state)
{
	struct buf request, error;

	(void)state;
	start_offline();
	buf_init(&request, DOCUMENT_MAX);
	buf_init(&error, 1024);
	assert_true(keeper_hardware_data(world.keeper, "", &request, &error));
	put(request.data, request.len);
	commit(false, "Not used: it is the request (hw_data.lic), not the "
	    "license that answers it; the license of before stays in force.");
	assert_in_place();
	buf_fini(&error);
	buf_fini(&request);
}

static void
a_refresh_that_went_well_hides_no_file_that_was_not_used(void **state)
{
	(void)state;
	assert_true(world_start());
	world_run(2);
	make_offline(100000);
	put_with_returns();
	commit(false, "Not used: it has carriage returns");
	assert_non_null(strstr(said, "stays in force. The license was "
	    "refreshed: it is valid until "));
	commit(true, "The license was refreshed: ");
}

static void
what_is_in_force_and_no_good_is_told(void **state)
{
	(void)state;
	start_offline();
	world_run(301 * (int64_t)DAY_S);
	commit(false, "Production license for 100000 mbits expired on 20");
}

static void
a_file_that_waits_is_refused_by_its_name(void **state)
{
	char path[KEEPER_PATH_SIZE + 8], want[KEEPER_PATH_SIZE + 64];

	(void)state;
	start_offline();
	snprintf(path, sizeof(path), "%s.next", world.licenses[0].license_file);
	assert_int_equal(file_replace(path, "leaseline-license 1\n", 20, 0644),
	    0);
	snprintf(want, sizeof(want), "Not used: %s: it is cut short", path);
	commit(false, want);
}

static void
taking_up_an_offline_license_is_on_record(void **state)
{
	const struct history_entry *taken;
	struct buf text;

	(void)state;
	start_offline();
	make_offline(200000);
	put(offline.data, offline.len);
	world_run(LATER_S);
	assert_events("file-taken file-taken ");
	taken = history_last(&history, HISTORY_FILE_TAKEN);
	assert_int_equal(taken->mbits_before, 100000);
	assert_int_equal(taken->mode_before, 0);
	for (size_t i = 0; history.entries[i].event != HISTORY_FILE_TAKEN; i++)
		taken = &history.entries[i + 1];
	assert_int_equal(taken->mode_before, MODE_ONLINE);
	taken = history_last(&history, HISTORY_FILE_TAKEN);
	buf_init(&text, 1024);
	history_sentence(taken, &text);
	assert_non_null(strstr(buf_text(&text),
	    ", 200000 mbits (before: 100000), offline"));
	buf_fini(&text);
	assert_int_equal(remove(world.licenses[0].license_file), 0);
	world_run(LATER_S);
	assert_in_place();
	assert_events("file-taken file-taken put-back ");
}

static void
what_a_reload_added_can_be_waited_for(void **state)
{
	struct buf error;

	(void)state;
	assert_true(world_start());
	world_run(2);
	for (size_t i = 0; i < 2; i++)
		world_license_configured(i, &world.licenses[i]);
	buf_init(&error, 1024);
	assert_true(keeper_reconfigure(world.keeper, world.licenses, 2,
		&error));
	struct view *view = view_take(&world.board);
	assert_int_equal(view->count, 2);
	view_free(view);
	times = 0;
	assert_true(keeper_commit(world.keeper, "license0", hear, NULL,
		&error));
	assert_true(keeper_commit_also(world.keeper, "license1", hear, NULL,
		&error));
	world_run(5);
	assert_int_equal(times, 2);
	buf_fini(&error);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_file_with_carriage_returns_is_refused_by_the_commit),
		T(a_license_that_is_not_at_its_path_is_told_by_the_commit),
		T(the_watch_may_have_looked_before),
		T(the_request_is_not_its_answer),
		T(a_refresh_that_went_well_hides_no_file_that_was_not_used),
		T(what_is_in_force_and_no_good_is_told),
		T(a_file_that_waits_is_refused_by_its_name),
		T(taking_up_an_offline_license_is_on_record),
		T(what_a_reload_added_can_be_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
