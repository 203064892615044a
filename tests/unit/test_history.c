/* SPDX-License-Identifier: ISC */
/*
 * Goal: what happened to a license survives as lines, whatever tears them; is
 * bounded; and is told in words. The last part asks a keeper in a world.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "license/base/child.h"
#include "license/history.h"
#include "license/json.h"
#include "license/keeper/disk.h"
#include "tests/world.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LINE_0 "2026-11-25T05:00:00Z refresh result=ok ms=7 "                 \
	"lease-end=2026-12-09T23:59:59Z mbits=20000 mbits-before=10000 "      \
	"address=192.0.2.1 address-before=192.0.2.2\n"
#define LINE_1 "2026-11-25T06:00:00Z refresh result=refused "                 \
	"refusal=suspended ms=5 detail=Call us; 'now' = detail=x\n"
#define LINE_2 "2026-11-25T06:00:01Z state state=suspended\n"
#define LINE_3 "2026-11-25T06:00:02Z state state=expiring usable=yes\n"
#define LINE_4 "2026-11-25T07:00:00Z hardware changed=3\n"
#define LINE_5 "2026-11-25T08:00:00Z hardware\n"
#define LINE_6 "2026-11-25T09:00:00Z command told=unusable exit=257\n"
#define LINE_7 "2026-11-25T10:00:00Z file-taken "                             \
	"lease-end=2027-09-21T23:59:59Z mbits=100000 mbits-before=10000 "     \
	"mode=offline mode-before=online\n"
#define LINE_8 "2026-11-25T11:00:00Z file-refused detail=it is empty\n"
#define LINE_9 "2026-11-25T11:00:00Z put-back\n"
#define ALL LINE_0 LINE_1 LINE_2 LINE_3 LINE_4 LINE_5 LINE_6 LINE_7 LINE_8    \
	LINE_9

static struct history history;

static void
read_text(const char *text)
{
	history.count = 0;
	history_read(text, &history);
}

static void
assert_text(const char *want)
{
	struct buf out;

	buf_init(&out, 65536);
	history_text(&history, &out);
	assert_string_equal(buf_text(&out), want);
	buf_fini(&out);
}

static void
lines_are_read_and_written_alike(void **state)
{
	struct buf out;

	(void)state;
	read_text(ALL);
	assert_int_equal(history.count, 10);
	buf_init(&out, 65536);
	for (size_t i = 0; i < history.count; i++)
		history_line(&history.entries[i], &out);
	assert_string_equal(buf_text(&out), ALL);
	buf_fini(&out);
	assert_string_equal(history.entries[1].detail,
	    "Call us; 'now' = detail=x");
	assert_int_equal(history_last(&history, HISTORY_STATE)->state,
	    STATE_EXPIRING);
}

static void
a_person_reads_it_the_newest_first(void **state)
{
	(void)state;
	read_text(ALL);
	assert_text(
	    "2026-11-25T11:00:00Z  put-back     the license in force was "
	    "written to its file again\n"
	    "2026-11-25T11:00:00Z  file-refused not used: it is empty\n"
	    "2026-11-25T10:00:00Z  file-taken   valid until 2027-09-21, 100000 "
	    "mbits (before: 10000), offline (before: online)\n"
	    "2026-11-25T09:00:00Z  command      on-change, told unusable: did not "
	    "end in time and was killed\n"
	    "2026-11-25T08:00:00Z  hardware     fits the license again\n"
	    "2026-11-25T07:00:00Z  hardware     differs from the license: CPU "
	    "model, number of logical CPUs\n"
	    "2026-11-25T06:00:02Z  state        expiring: a person must act before "
	    "the end; usable\n"
	    "2026-11-25T06:00:01Z  state        suspended: the subscription is "
	    "suspended; NOT usable\n"
	    "2026-11-25T06:00:00Z  refresh      refused: suspended: Call us; "
	    "'now' = detail=x; took 5 ms\n"
	    "2026-11-25T05:00:00Z  refresh      ok: valid until 2026-12-09, 20000 "
	    "mbits (before: 10000), address 192.0.2.1 (before: 192.0.2.2); "
	    "took 7 ms\n");
	read_text("");
	assert_text("Nothing happened yet.\n");
}

static void
licenses_follow_each_other_in_json_until_it_is_full(void **state)
{
	static const char wanted[] =
	    "{\n  \"version\": 1,\n  \"licenses\": [\n"
	    "    {\n      \"name\": \"a\",\n      \"history\": [\n"
	    "        {\n          \"at\": \"2026-03-01T12:00:00Z\",\n"
	    "          \"event\": \"hardware\",\n"
	    "          \"changed\": [],\n"
	    "          \"text\": \"fits the license again\"\n"
	    "        }\n      ]\n    },\n"
	    "    {\n      \"name\": \"b\",\n      \"history\": []\n    }\n"
	    "  ]\n}\n";
	static struct history one, none;
	struct buf out;

	(void)state;
	one.count = none.count = 0;
	history_read("2026-03-01T12:00:00Z hardware\n", &one);
	buf_init(&out, sizeof(wanted) - 1);
	assert_true(json_history("a", &one, true, &out));
	assert_true(json_history("b", &none, false, &out));
	assert_true(json_history_end(&out));
	assert_string_equal(buf_text(&out), wanted);
	buf_fini(&out);
	/* One byte less: it is said, not cut. */
	buf_init(&out, sizeof(wanted) - 2);
	assert_true(json_history("a", &one, true, &out));
	assert_true(json_history("b", &none, false, &out));
	assert_false(json_history_end(&out));
	buf_fini(&out);
	buf_init(&out, 200);
	assert_false(json_history("a", &one, true, &out));
	buf_fini(&out);
}

static void
what_is_torn_or_strange_is_left_out(void **state)
{
	static const struct {
		const char *text;
		size_t count;
	} rows[] = {
		{LINE_0 "2026-11-25T06:00:00Z ref", 1},
		{LINE_2 "2026-11-25T06:00:00Z refresh result=ok mbits=200", 1},
		{"result=ok ms=7\n" LINE_2, 1},
		{"\n\n" LINE_2 "\n", 1},
		{"2026-11-25T06:00:00Z refresh\n", 0},
		{"2026-11-25T06:00:00Z refresh result=good\n", 0},
		{"2026-11-25T06:00:00Z refresh result=dns times=0\n", 0},
		{"2026-11-25T06:00:00Z state state=bad\n", 0},
		{"2026-11-25T06:00:00Z command exit=1\n", 0},
		{"2026-11-25T06:00:00Z command told=unknown exit=1\n", 0},
		{"2026-11-25T06:00:00Z hardware changed=64\n", 0},
		{"2026-11-25T06:00:00Z hardware changed\n", 0},
		{"2026-11-25T06:00:00Z file-taken mode=offline\n", 0},
		{"2026-11-25T06:00:00Z weather fine=yes\n", 0},
		{"2026-11-25 refresh result=ok\n", 0},
		{"2026-11-25T06:00:00Z state state=valid later=yes\n", 1},
		{"2026-11-25T06:00:00Z refresh result=ok "
		 "mbits=99999999999999999999999999\n", 0},
		{"2026-11-25T06:00:00Z refresh result=dns detail=\033[31m\n",
			1},
	};
	char text[HISTORY_LINE_MAX * 2];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		read_text(rows[i].text);
		if (history.count != rows[i].count)
			fail_msg("row %zu", i);
	}
	assert_string_equal(history.entries[0].detail, "?[31m");
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	read_text(text);
	assert_int_equal(history.count, 0);
}

static void
failures_alike_are_one_and_the_oldest_goes(void **state)
{
	struct history_entry entry = {.event = HISTORY_REFRESH, .times = 1,
		.result = RESULT_TIMEOUT, .duration_ms = 30000,
		.at = sample_time("2026-11-25T00:00:00Z")};
	struct buf line;

	(void)state;
	history.count = 0;
	for (int i = 0; i < 3; i++) {
		history_push(&history, &entry);
		entry.at.s += 900;
	}
	assert_int_equal(history.count, 1);
	assert_text("2026-11-25T00:30:00Z  refresh      timeout: the server "
		    "did not answer in time; took 30000 ms; 3 times since "
		    "2026-11-25T00:00:00Z\n");
	/* Also when some of them were made one before. */
	buf_init(&line, HISTORY_LINE_MAX);
	history_line(&history.entries[0], &line);
	read_text(buf_text(&line));
	buf_fini(&line);
	history_push(&history, &entry);
	assert_int_equal(history.entries[0].times, 4);
	entry.result = RESULT_DNS;
	history_push(&history, &entry);
	assert_int_equal(history.count, 2);
	entry.result = RESULT_OK;
	for (int i = 0; i < HISTORY_MAX + 5; i++) {
		entry.at.s++;
		history_push(&history, &entry);
	}
	assert_int_equal(history.count, HISTORY_MAX);
	assert_int_equal(history.entries[HISTORY_MAX - 1].at.s, entry.at.s);
	assert_int_equal(history.entries[0].at.s, entry.at.s - HISTORY_MAX + 1);
}

/* A keeper puts it down. */

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
ignore(void *self, bool ok, const char *sentence)
{
	(void)self;
	(void)ok;
	(void)sentence;
}

static void
renew(int refusal)
{
	struct buf error;

	world_account_of(0)->refusal = refusal;
	buf_init(&error, 256);
	assert_true(keeper_renew(world.keeper, "", ignore, NULL, &error));
	buf_fini(&error);
	world_run(5);
}

static void
assert_events(const char *want)
{
	struct buf out;

	keeper_history(world.keeper, "license0", &history);
	buf_init(&out, 4096);
	for (size_t i = 0; i < history.count; i++) {
		const struct history_entry *e = &history.entries[i];

		buf_printf(&out, "%s%s ", i == 0 ? "" : " ",
		    history_word(e->event));
		buf_puts(&out, e->event == HISTORY_STATE ?
			names_label(NAMES_STATE, e->state) :
			names_label(NAMES_RESULT, e->result));
		if (e->times > 1)
			buf_printf(&out, "*%lld", (long long)e->times);
	}
	assert_string_equal(buf_text(&out), want);
	buf_fini(&out);
}

static void
a_keeper_puts_down_what_happens_and_a_restart_adds_nothing(void **state)
{
	(void)state;
	assert_true(world_start());
	world_run(5);
	renew(REFUSAL_SUSPENDED);
	world.mode = WORLD_UNREACHABLE;
	renew(0);
	renew(0);
	assert_events("state missing refresh ok state valid refresh refused "
		      "state suspended refresh timeout*2");
	world_stop();
	world_crash_to(60, NULL);
	world.mode = WORLD_HOLDS;
	assert_true(world_start());
	world_run(5);
	assert_events("state missing refresh ok state valid refresh refused "
		      "state suspended refresh timeout*2");
	world_stop();
	/* What it turned to while nobody looked is told at the next start. */
	world_crash_to(20 * DAY_S, NULL);
	world.mode = WORLD_ANSWERS;
	world_account_of(0)->refusal = 0;
	assert_true(world_start());
	world_run(5);
	assert_events("state missing refresh ok state valid refresh refused "
		      "state suspended refresh timeout*2 refresh ok "
		      "state valid");
}

static void
where_it_cannot_be_written_nothing_else_is_lost(void **state)
{
	char path[WORLD_PATH + 32];
	struct report report;

	(void)state;
	assert_true(world_start());
	snprintf(path, sizeof(path), "%s/license0.history", world.state);
	remove(path);
	assert_int_equal(mkdir(path, 0700), 0);
	world_run(5);
	renew(0);
	world_report(0, &report);
	assert_int_equal(report.state, STATE_VALID);
	assert_int_equal(report.refresh_last_result, RESULT_OK);
	assert_int_equal(report.severity, SEVERITY_OK);
	keeper_history(world.keeper, "license0", &history);
	assert_int_equal(history.count, 0);
}

static void
the_file_is_made_short_again(void **state)
{
	char path[WORLD_PATH + 32];
	struct stat st;

	(void)state;
	assert_true(world_start());
	world_run(5);
	snprintf(path, sizeof(path), "%s/license0.history", world.state);
	for (int i = 0; i < 600; i++)
		renew(i % 2 == 0 ? REFUSAL_SUSPENDED : 0);
	assert_int_equal(stat(path, &st), 0);
	assert_in_range(st.st_size, 1000, 49152);
	keeper_history(world.keeper, "license0", &history);
	assert_int_equal(history.count, HISTORY_MAX);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read_and_written_alike),
		cmocka_unit_test(a_person_reads_it_the_newest_first),
		cmocka_unit_test(
		    licenses_follow_each_other_in_json_until_it_is_full),
		cmocka_unit_test(what_is_torn_or_strange_is_left_out),
		cmocka_unit_test(failures_alike_are_one_and_the_oldest_goes),
		T(a_keeper_puts_down_what_happens_and_a_restart_adds_nothing),
		T(where_it_cannot_be_written_nothing_else_is_lost),
		T(the_file_is_made_short_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
