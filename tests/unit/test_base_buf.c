/* SPDX-License-Identifier: ISC */
/* The capped buffer, UTF-8, and remote text made fit to show. */
#include "license/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
a_full_buffer_takes_nothing_more_until_cleared(void **state)
{
	(void)state;
	struct buf b;

	buf_init(&b, 10);
	assert_string_equal(buf_text(&b), "");
	buf_puts(&b, "0123456789");
	assert_false(b.failed);
	buf_putc(&b, 'x');
	assert_true(b.failed);
	assert_string_equal(buf_text(&b), "0123456789");
	buf_clear(&b);
	buf_puts(&b, "ab");
	buf_puts(&b, "0123456789");
	buf_puts(&b, "c");
	assert_true(b.failed);
	assert_string_equal(buf_text(&b), "ab");
	assert_int_equal(b.len, 2);
	buf_fini(&b);
	assert_int_equal(b.max, 10);
}

static void
a_print_too_long_adds_nothing(void **state)
{
	(void)state;
	struct buf b;

	buf_init(&b, 300);
	buf_printf(&b, "%d-%s", 7, "seven");
	buf_printf(&b, "%295s", "");
	assert_true(b.failed);
	assert_string_equal(buf_text(&b), "7-seven");
	buf_clear(&b);
	buf_printf(&b, "%300s", "x");
	assert_false(b.failed);
	assert_int_equal(b.len, 300);
	buf_fini(&b);
}

/* 256 bytes are allocated first: it fits, just, not quite, and not at all. */
static void
a_print_is_whole_wherever_the_room_ends(void **state)
{
	(void)state;
	struct buf b;

	for (int before = 0; before < 300; before++) {
		buf_init(&b, 1000);
		buf_printf(&b, "%*s", before, "");
		buf_printf(&b, "%s=%d", "seven", 7);
		assert_false(b.failed);
		assert_int_equal(b.len, before + 7);
		assert_string_equal(buf_text(&b) + before, "seven=7");
		buf_fini(&b);
	}
}

static void
a_number_is_decimal(void **state)
{
	(void)state;
	static const struct {
		int64_t number;
		const char *text;
	} rows[] = {
		{0, "0"},
		{7, "7"},
		{-10, "-10"},
		{INT64_MAX, "9223372036854775807"},
		{INT64_MIN, "-9223372036854775808"},
	};
	struct buf b;

	buf_init(&b, 20);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_clear(&b);
		buf_number(&b, rows[i].number);
		assert_string_equal(buf_text(&b), rows[i].text);
	}
	buf_number(&b, 1);
	assert_true(b.failed);
	buf_fini(&b);
}

static void
what_is_made_printable_fills_the_buffer(void **state)
{
	(void)state;
	struct buf b;

	buf_init(&b, 6);
	buf_printable(&b, "ab\ncd", 5);
	assert_true(b.failed);
	assert_string_equal(buf_text(&b), "ab\\x0A");
	buf_clear(&b);
	buf_printable(&b, "abcdefgh", 8);
	assert_true(b.failed);
	assert_string_equal(buf_text(&b), "abcdef");
	buf_fini(&b);
}

static void
a_length_near_the_end_of_memory_fails_quietly(void **state)
{
	(void)state;
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_puts(&b, "abc");
	buf_add(&b, "", SIZE_MAX - 1);
	assert_true(b.failed);
	assert_string_equal(buf_text(&b), "abc");
	buf_fini(&b);
}

static void
taking_empties_and_bytes_keep_their_nul(void **state)
{
	(void)state;
	struct buf b;

	buf_init(&b, 100);
	char *text = buf_take(&b);
	assert_string_equal(text, "");
	free(text);
	buf_add(&b, "a\0b", 3);
	buf_add(&b, NULL, 0);
	text = buf_take(&b);
	assert_memory_equal(text, "a\0b", 4);
	free(text);
	assert_int_equal(b.len, 0);
	assert_string_equal(buf_text(&b), "");
	buf_fini(&b);
}

static const struct {
	const char *bytes;
	size_t len, length;
} characters[] = {
	{"", 0, 0},
	{"a", 1, 1},
	{"\xC3\xA9", 2, 2},
	{"\xC3\xA9", 1, 0},
	{"\xC0\xAF", 2, 0},
	{"\xC1\xBF", 2, 0},
	{"\xE0\x9F\xBF", 3, 0},
	{"\xE2\x82\xAC", 3, 3},
	{"\xE2\x82", 2, 0},
	{"\xED\xA0\x80", 3, 0},
	{"\xEF\xBF\xBF", 3, 3},
	{"\xF0\x8F\xBF\xBF", 4, 0},
	{"\xF0\x9F\x98\x80", 4, 4},
	{"\xF4\x8F\xBF\xBF", 4, 4},
	{"\xF4\x90\x80\x80", 4, 0},
	{"\xF5\x80\x80\x80", 4, 0},
	{"\x80", 1, 0},
	{"\xFF", 1, 0},
};

static void
only_valid_utf8_has_a_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++)
		assert_int_equal(utf8_length(characters[i].bytes,
		    characters[i].len), characters[i].length);
}

static const struct {
	const char *remote, *shown;
} texts[] = {
	{"plain", "plain"},
	{"a\nb\r\t", "a\\x0Ab\\x0D\\x09"},
	{"\x1B[31m", "\\x1B[31m"},
	{"\x7F", "\\x7F"},
	{"\xC2\x9B" "1m", "\\xC2\\x9B1m"},
	{"\xC2\xA0", "\xC2\xA0"},
	{"back\\slash", "back\\\\slash"},
	{"\xFFz\xC3", "\\xFFz\\xC3"},
	{"\xE2\x82\xAC", "\xE2\x82\xAC"},
};

static void
remote_text_is_made_printable(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char out[64];
		text_printable(texts[i].remote, out, sizeof(out));
		assert_string_equal(out, texts[i].shown);
	}
}

static void
cut_text_ends_in_dots_and_never_inside_a_character(void **state)
{
	(void)state;
	static const char *const all[] = {"abcdefghijklmnop",
		"\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC",
		"\n\n\n\n\n\n", "a\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xC3\xA9xyz"};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		for (size_t size = 4; size < 15; size++) {
			char out[16];
			memset(out, 'X', sizeof(out));
			text_printable(all[i], out, size);
			size_t len = strlen(out);
			assert_true(len < size && len >= 3);
			assert_string_equal(out + len - 3, "...");
			assert_int_equal(out[size], 'X');
			for (size_t at = 0; at < len;) {
				size_t n = utf8_length(out + at, len - at);
				assert_true(n > 0);
				at += n;
			}
			if (strchr(all[i], '\n') != NULL)
				assert_int_equal((len - 3) % 4, 0);
		}
	}
}

static void
a_copy_that_does_not_fit_is_cut_between_characters(void **state)
{
	(void)state;
	char out[5] = "";

	assert_true(text_copy(out, sizeof(out), "abcd"));
	assert_string_equal(out, "abcd");
	assert_false(text_copy(out, sizeof(out), "abcde"));
	assert_string_equal(out, "abcd");
	assert_false(text_copy(out, sizeof(out), "ab\xE2\x82\xAC"));
	assert_string_equal(out, "ab");
	assert_false(text_copy(NULL, 0, "a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_full_buffer_takes_nothing_more_until_cleared),
		cmocka_unit_test(a_print_too_long_adds_nothing),
		cmocka_unit_test(a_print_is_whole_wherever_the_room_ends),
		cmocka_unit_test(a_number_is_decimal),
		cmocka_unit_test(what_is_made_printable_fills_the_buffer),
		cmocka_unit_test(a_length_near_the_end_of_memory_fails_quietly),
		cmocka_unit_test(taking_empties_and_bytes_keep_their_nul),
		cmocka_unit_test(only_valid_utf8_has_a_length),
		cmocka_unit_test(remote_text_is_made_printable),
		cmocka_unit_test(
		    cut_text_ends_in_dots_and_never_inside_a_character),
		cmocka_unit_test(
		    a_copy_that_does_not_fit_is_cut_between_characters),
	};

	return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
