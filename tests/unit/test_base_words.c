/* SPDX-License-Identifier: ISC */
/* Goal: a command line is cut as the manual says, and never by a shell. */
#include "license/base/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
blanks_separate_and_quotes_hold_together(void **state)
{
	static const struct {
		const char *text;
		const char *words[5];
	} rows[] = {
		{"", {NULL}},
		{" \t ", {NULL}},
		{"/bin/true", {"/bin/true"}},
		{"  /bin/a  b\tc ", {"/bin/a", "b", "c"}},
		{"'a b' \"c d\"", {"a b", "c d"}},
		{"'' \"\"", {"", ""}},
		{"a'b'\"c\"d", {"abcd"}},
		{"a\\ b \\' \\\\", {"a b", "'", "\\"}},
		{"'a\\b' \"a\\\"b\"", {"a\\b", "a\"b"}},
		{"$HOME *.c ~ `id` ;|&#", {"$HOME", "*.c", "~", "`id`",
			";|&#"}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct words words;
		const char *error = NULL;
		size_t n = 0;

		assert_true(words_split(rows[i].text, &words, &error));
		for (; n < 5 && rows[i].words[n] != NULL; n++)
			assert_string_equal(words_get(&words, n),
			    rows[i].words[n]);
		assert_int_equal(words.count, n);
		assert_null(words_get(&words, n));
	}
}

static void
what_cannot_be_cut_gets_a_clause(void **state)
{
	static const struct {
		const char *text, *clause;
	} rows[] = {
		{"a 'b", "' is not closed"},
		{"a \"b", "\" is not closed"},
		{"a \"b\\\"", "\" is not closed"},
		{"a \\", "backslash"},
	};
	struct words words;
	const char *error;
	char text[WORDS_SIZE * 2];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		error = "";
		assert_false(words_split(rows[i].text, &words, &error));
		assert_non_null(strstr(error, rows[i].clause));
	}
	memset(text, 'a', sizeof(text));
	text[WORDS_SIZE - WORDS_MAX] = '\0';
	assert_false(words_split(text, &words, &error));
	assert_non_null(strstr(error, "too long"));
	text[WORDS_SIZE - WORDS_MAX - 1] = '\0';
	assert_true(words_split(text, &words, &error));
	for (size_t i = 0; i < WORDS_MAX * 2; i++)
		memcpy(text + i * 2, "a ", 3);
	assert_true(words_split(text + WORDS_MAX * 2, &words, &error));
	assert_int_equal(words.count, WORDS_MAX);
	assert_false(words_split(text + WORDS_MAX * 2 - 2, &words, &error));
	assert_non_null(strstr(error, "too many"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blanks_separate_and_quotes_hold_together),
		cmocka_unit_test(what_cannot_be_cut_gets_a_clause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
