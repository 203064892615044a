/* SPDX-License-Identifier: ISC */
/* Base64 and hex: the RFC vectors, and one text for one value. */
#include "license/base/encode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *bytes, *text;
} vectors[] = {
	{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
	{"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"},
	{"\xFB\xFF\xBF", "+/+/"},
};

static void
the_vectors_of_the_rfc_go_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		size_t len = strlen(vectors[i].bytes);
		char text[16];
		uint8_t back[16];
		base64_encode((const uint8_t *)vectors[i].bytes, len, text);
		assert_string_equal(text, vectors[i].text);
		assert_true(base64_decode(text, strlen(text), back, len));
		assert_memory_equal(back, vectors[i].bytes, len);
	}
}

static const struct {
	const char *text;
	size_t len;
} refused[] = {
	{"Zh==", 1}, {"Zm9=", 2}, {"Zg=", 1}, {"Zg", 1}, {"Zg===", 1},
	{"Zg==", 2}, {"Zg==", 0}, {"Zm9v", 2}, {"Z===", 1}, {"====", 1},
	{"Zm-v", 3}, {"Zm_v", 3}, {"Zm 9", 3}, {"Zm\n9", 3}, {"Zg=A", 1},
	{" Zg=", 1}, {"Zm9v\n", 3}, {"\xC3\xA9\xC3\xA9", 3},
};

static void
text_that_is_not_canonical_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		uint8_t out[16];
		assert_false(base64_decode(refused[i].text,
		    strlen(refused[i].text), out, refused[i].len));
	}
}

static void
every_length_comes_back_and_no_other_text_does(void **state)
{
	(void)state;
	uint8_t bytes[64] = {0}, back[64];
	char text[BASE64_SIZE(64)];

	for (size_t len = 0; len <= sizeof(bytes); len++) {
		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)(i * 37 + len);
		base64_encode(bytes, len, text);
		assert_int_equal(strlen(text) + 1, BASE64_SIZE(len));
		assert_true(base64_decode(text, strlen(text), back, len));
		assert_memory_equal(back, bytes, len);
		for (int c = 1; len > 0 && c < 256; c++) {
			char other[sizeof(text)];
			memcpy(other, text, sizeof(text));
			other[0] = (char)c;
			if (base64_decode(other, strlen(text), back, len) &&
			    c != text[0])
				assert_int_not_equal(back[0] >> 2,
				    bytes[0] >> 2);
		}
	}
}

static void
hex_is_lower_case_and_exact(void **state)
{
	(void)state;
	static const char *const bad[] = {"00FF", "00f", "00ff0", "00fg",
		"0x00", " 0ff", "00f\n"};
	static const uint8_t bytes[] = {0x00, 0x9a, 0xff};
	char text[HEX_SIZE(3)];
	uint8_t out[3];

	hex_encode(bytes, 3, text);
	assert_string_equal(text, "009aff");
	assert_true(hex_decode(text, 6, out, 3));
	assert_memory_equal(out, bytes, 3);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(hex_decode(bad[i], strlen(bad[i]), out, 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_rfc_go_both_ways),
		cmocka_unit_test(text_that_is_not_canonical_is_refused),
		cmocka_unit_test(
		    every_length_comes_back_and_no_other_text_does),
		cmocka_unit_test(hex_is_lower_case_and_exact),
	};

	return cmocka_run_group_tests_name("encodings", tests, NULL, NULL);
}
