/* SPDX-License-Identifier: ISC */
/* Goal: the words of fcli, and the bytes between it and the agent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "license/base/buf.h"
#include "license/command.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static size_t
split(const char *line, char text[512], const char **words)
{
	size_t count = 0;

	assert_true(strlen(line) < 512);
	memcpy(text, line, strlen(line) + 1);
	for (char *word = text; *word != '\0';) {
		size_t len = strcspn(word, " ");
		char *next = word + len + (word[len] == ' ');

		word[len] = '\0';
		words[count++] = word;
		word = next;
	}
	return count;
}

static void
good_words_are_understood_and_options_may_stand_anywhere(void **state)
{
	static const struct {
		const char *line;
		struct command want;
	} rows[] = {
		{"show license", {.verb = VERB_SHOW_LICENSE}},
		{"--json show license", {.verb = VERB_SHOW_LICENSE, .json = true}},
		{"show --json license edge-1.a",
		    {.verb = VERB_SHOW_LICENSE, .name = "edge-1.a",
			.json = true}},
		{"show license_status --all",
		    {.verb = VERB_SHOW_STATUS, .all = true}},
		{"show license_hardware_data lab",
		    {.verb = VERB_SHOW_HARDWARE, .name = "lab"}},
		{"doctor", {.verb = VERB_DOCTOR}},
		{"--strict doctor edge --json",
		    {.verb = VERB_DOCTOR, .name = "edge", .json = true,
			.strict = true}},
		{"show license_stats --json",
		    {.verb = VERB_SHOW_STATS, .json = true}},
		{"show license_calendar", {.verb = VERB_SHOW_CALENDAR}},
		{"show license_history edge1",
		    {.verb = VERB_SHOW_HISTORY, .name = "edge1"}},
		{"set renew_license --all", {.verb = VERB_RENEW, .all = true}},
		{"set renew_license --online lab",
		    {.verb = VERB_RENEW, .name = "lab", .online = true}},
		{"commit", {.verb = VERB_COMMIT}},
		{"commit edge1", {.verb = VERB_COMMIT, .name = "edge1"}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[512];
		const char *words[32];
		struct command got;
		struct buf error;

		buf_init(&error, 1024);
		size_t count = split(rows[i].line, text, words);
		assert_true(command_parse(count, words, &got, &error));
		assert_int_equal(got.verb, rows[i].want.verb);
		assert_string_equal(got.name, rows[i].want.name);
		assert_int_equal(got.all, rows[i].want.all);
		assert_int_equal(got.json, rows[i].want.json);
		assert_int_equal(got.online, rows[i].want.online);
		assert_int_equal(got.strict, rows[i].want.strict);
		assert_int_equal(error.len, 0);
		buf_fini(&error);
	}
}

static void
a_check_has_options_of_its_own(void **state)
{
	static const struct {
		const char *line;
		bool all;
		enum check_format format;
		int64_t warning, critical, timeout_s; /* -1: not given */
	} rows[] = {
		{"check license", false, CHECK_FORMAT_NAGIOS, -1, -1, 0},
		{"check license -w 30 -c 7 edge1", false, CHECK_FORMAT_NAGIOS,
			30, 7, 0},
		{"check -w 30: license --critical=7 --all", true,
			CHECK_FORMAT_NAGIOS, 30, 7, 0},
		{"check license -t 5 --usable", false, CHECK_FORMAT_USABLE,
			-1, -1, 5},
		{"--warning 3 check license --timeout=600", false,
			CHECK_FORMAT_NAGIOS, 3, -1, 600},
		{"check license -v -vvv --format nagios", false,
			CHECK_FORMAT_NAGIOS, -1, -1, 0},
		/* Who reads these asks for everything, or for one. */
		{"check license --format checkmk", true, CHECK_FORMAT_CHECKMK,
			-1, -1, 0},
		{"check license --format=librenms -w 9 edge1", false,
			CHECK_FORMAT_LIBRENMS, 9, -1, 0},
		{"check license --format textfile --all", true,
			CHECK_FORMAT_TEXTFILE, -1, -1, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[512];
		const char *words[32];
		struct command got;
		struct buf error;

		buf_init(&error, 1024);
		size_t count = split(rows[i].line, text, words);
		assert_true(command_parse(count, words, &got, &error));
		assert_int_equal(got.verb, VERB_CHECK);
		assert_int_equal(got.all, rows[i].all);
		assert_int_equal(got.format, rows[i].format);
		assert_int_equal(got.warning.given ? got.warning.low : -1,
		    rows[i].warning);
		assert_int_equal(got.critical.given ? got.critical.low : -1,
		    rows[i].critical);
		assert_int_equal(got.timeout_s, rows[i].timeout_s);
		assert_true(command_is_check(count, words));
		assert_int_equal(command_format(count, words), rows[i].format);
		buf_fini(&error);
	}
}

static void
nobody_who_can_say_is_unknown_but_no_reason_to_stop(void **state)
{
	static const struct {
		enum check_format format;
		const char *out;
	} rows[] = {
		{CHECK_FORMAT_NAGIOS,
		    "LEASELINE UNKNOWN - a/b/\"c\\d\"\x01\n"},
		{CHECK_FORMAT_CHECKMK,
		    "3 \"Leaseline\" - a/b/\"c/d\"\x01\n"},
		{CHECK_FORMAT_LIBRENMS, "{\"version\":1,\"error\":3,"
		    "\"errorString\":\"a/b/'c/d' \",\"data\":[]}\n"},
		/* Nothing, so that nothing is written over the last. */
		{CHECK_FORMAT_TEXTFILE, ""},
	};
	struct buf out, err;

	(void)state;
	buf_init(&out, 1024);
	buf_init(&err, 1024);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&out);
		buf_clear(&err);
		assert_int_equal(command_nobody(rows[i].format,
			"a|b\n\"c\\d\"\x01\n", &out, &err), 3);
		assert_string_equal(buf_text(&out), rows[i].out);
		assert_int_equal(out.len == 0, err.len > 0);
	}
	buf_clear(&err);
	buf_clear(&out);
	assert_int_equal(command_nobody(CHECK_FORMAT_USABLE, "why", &out,
		&err), 0);
	assert_int_equal(out.len, 0);
	assert_non_null(strstr(buf_text(&err), "NOBODY CAN SAY"));
	assert_non_null(strstr(buf_text(&err), ": why\n"));
	buf_fini(&out);
	buf_fini(&err);
}

static void
bad_words_get_one_sentence_that_names_them(void **state)
{
	static const struct {
		const char *line, *names;
	} rows[] = {
		{"", "no command"},
		{"shew license", "'shew'"},
		{"show", "license_status"},
		{"show licence", "'licence'"},
		{"set", "renew_license"},
		{"show license a b", "'b'"},
		{"show license ../etc", "'../etc'"},
		{"show license --yaml", "'--yaml'"},
		{"show license -w 3", "'check license'"},
		{"check license -w", "''"},
		{"check license -w soon", "'soon'"},
		{"check license -c 9:1", "--critical"},
		{"check license -t 0", "seconds"},
		{"check license -t 1:5", "seconds"},
		{"check license -t 601", "seconds"},
		{"check license --usable -w 3", "--usable"},
		{"check license --usable --format checkmk", "--usable"},
		{"check license --format html", "'html'"},
		{"check license --format", "''"},
		{"check license --format textfile -c 3", "--format textfile"},
		{"check license --format textfile edge1", "every license"},
		{"show license -v", "'check license'"},
		{"commit --online", "--online is an option of"},
		{"set renew_license --all --online", "for one license"},
		{"check license --json=yes", "'--json=yes'"},
		{"show license edge1 --all", "not both"},
		{"show license_hardware_data --all", "--all"},
		{"show license_stats --all", "--all"},
		{"show license_stats edge1", "whole agent"},
		{"show license \x1b[2J", "\\x1B"},
		{"a b c d e f g h i j k l m n o p q", "too many"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[512];
		const char *words[32];
		struct command got;
		struct buf error;

		buf_init(&error, 1024);
		size_t count = split(rows[i].line, text, words);
		assert_false(command_parse(count, words, &got, &error));
		assert_non_null(strstr(buf_text(&error), rows[i].names));
		assert_null(strchr(buf_text(&error), '\n'));
		assert_null(strchr(buf_text(&error), 033));
		buf_fini(&error);
	}
}

static void
a_request_arrives_as_it_was_sent_in_any_pieces(void **state)
{
	static const char *const words[] = {"show", "license", "edge1",
		"--json"};
	struct command got;
	struct buf request, error;

	(void)state;
	buf_init(&request, COMMAND_REQUEST_MAX);
	buf_init(&error, 1024);
	assert_true(command_request(COUNT(words), words, &request));
	for (size_t len = 0; len < request.len; len++)
		assert_int_equal(0, command_read_request(request.data, len,
			&got, &error));
	assert_int_equal(1, command_read_request(request.data, request.len,
		&got, &error));
	assert_int_equal(got.verb, VERB_SHOW_LICENSE);
	assert_string_equal(got.name, "edge1");
	assert_true(got.json);
	buf_fini(&request);
	buf_fini(&error);
}

static void
a_word_that_would_break_the_request_is_not_sent(void **state)
{
	static const char *const bad[] = {"", "a\nb", "\n"};
	struct buf request;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		buf_init(&request, COMMAND_REQUEST_MAX);
		assert_false(command_request(1, &bad[i], &request));
		buf_fini(&request);
	}
}

static void
what_is_not_a_request_is_refused(void **state)
{
	static char large[COMMAND_REQUEST_MAX];
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{"GET / HTTP/1.1\n\n", 16},
		{"leaseline-control 2\nshow\nlicense\n\n", 34},
		{"leaseline-control 1\nshow\nlicense\n\nmore", 38},
		{"leaseline-control 1\nshow\0license\n\n", 34},
		{"\n\n", 2},
		{large, sizeof(large)},
	};

	(void)state;
	memset(large, 'a', sizeof(large));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct command got;
		struct buf error;

		buf_init(&error, 1024);
		assert_int_equal(-1, command_read_request(rows[i].bytes,
			rows[i].len, &got, &error));
		assert_int_not_equal(error.len, 0);
		buf_fini(&error);
	}
}

static void
a_reply_is_read_back_whole_and_not_before(void **state)
{
	struct buf out, err, reply;
	size_t head_len, out_len, err_len;
	int code = -1;

	(void)state;
	buf_init(&out, 100);
	buf_init(&err, 100);
	buf_init(&reply, 300);
	buf_add(&out, "a\0b\n", 4);
	buf_puts(&err, "why\n");
	command_reply(1, &out, &err, &reply);
	for (size_t len = 0; len < reply.len; len++)
		assert_int_equal(0, command_read_reply(reply.data, len, &code,
			&head_len, &out_len, &err_len));
	assert_int_equal(1, command_read_reply(reply.data, reply.len, &code,
		&head_len, &out_len, &err_len));
	assert_int_equal(code, 1);
	assert_int_equal(out_len, 4);
	assert_int_equal(err_len, 4);
	assert_memory_equal(reply.data + head_len, "a\0b\nwhy\n", 8);
	buf_fini(&out);
	buf_fini(&err);
	buf_fini(&reply);
}

static void
what_is_not_a_reply_is_refused(void **state)
{
	static const char *const bad[] = {"HTTP/1.1 400\n", "0 1\n", "0 -1 0\n",
		"999 0 0\n", "0 9999999999 0\n", "0 0 0 \n", "\n", " 0 0 0\n",
		"0000000000000000000000000000000000000000000000000"};
	size_t head_len, out_len, err_len;
	int code;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(-1, command_read_reply(bad[i], strlen(bad[i]),
			&code, &head_len, &out_len, &err_len));
}

static void
an_unknown_option_is_answered_by_those_of_the_doctor(void **state)
{
	static const char *const words[] = {"doctor", "--bogus"};
	struct command command;
	struct buf error;

	(void)state;
	buf_init(&error, 1024);
	assert_false(command_parse(2, words, &command, &error));
	assert_non_null(strstr(buf_text(&error), "of 'doctor' --strict, "
	    "--snmp-target, --snmp-community-file and --snmp-v3-file"));
	buf_fini(&error);
}

static void
the_usage_names_every_command(void **state)
{
	static const char *const letters[] = {"-w, -c: ", "-t: ", "-v: ",
		"-V: "};
	size_t count;
	const struct command_row *rows = command_rows(&count);
	struct buf usage;

	(void)state;
	buf_init(&usage, 4096);
	command_usage(&usage);
	assert_true(count >= 5);
	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(command_row(rows[i].verb), &rows[i]);
		assert_non_null(strstr(buf_text(&usage), rows[i].help));
		assert_non_null(strstr(buf_text(&usage), rows[i].words[0]));
	}
	for (const char *p = buf_text(&usage); *p != '\0';) {
		assert_true(strcspn(p, "\n") <= 80);
		p += strcspn(p, "\n") + 1;
	}
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		assert_non_null(strstr(buf_text(&usage), letters[i]));
	assert_null(command_row(VERB_NONE));
	buf_fini(&usage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    good_words_are_understood_and_options_may_stand_anywhere),
		cmocka_unit_test(a_check_has_options_of_its_own),
		cmocka_unit_test(
		    nobody_who_can_say_is_unknown_but_no_reason_to_stop),
		cmocka_unit_test(bad_words_get_one_sentence_that_names_them),
		cmocka_unit_test(
		    a_request_arrives_as_it_was_sent_in_any_pieces),
		cmocka_unit_test(
		    a_word_that_would_break_the_request_is_not_sent),
		cmocka_unit_test(what_is_not_a_request_is_refused),
		cmocka_unit_test(a_reply_is_read_back_whole_and_not_before),
		cmocka_unit_test(what_is_not_a_reply_is_refused),
		cmocka_unit_test(
		    an_unknown_option_is_answered_by_those_of_the_doctor),
		cmocka_unit_test(the_usage_names_every_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
