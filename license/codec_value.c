/* SPDX-License-Identifier: ISC */
/*
 * Values, one parser and one printer a type. Each has one form only, so that
 * what is parsed prints as the same bytes. It refuses to know what a value is
 * for.
 */
#include "license/codec_value.h"

#include <string.h>

#include <arpa/inet.h>

#include "license/base/buf.h"
#include "license/base/encode.h"
#include "license/base/utc.h"
#include "license/codec.h"

enum { DIGITS_MAX = 19, GROUPS = 8, VALUE_MAX = FLAGS_SIZE };

/* The longest run of zero groups, the first of equals, two or more long. */
static int
longest_zeros(const uint16_t group[GROUPS], int *length)
{
	int best = -1;

	*length = 1;
	for (int i = 0, run; i < GROUPS; i += run + 1) {
		for (run = 0; i + run < GROUPS && group[i + run] == 0; run++)
			;
		if (run > *length) {
			best = i;
			*length = run;
		}
	}
	return best;
}

/* RFC 5952 section 4. Mixed notation is for IPv4-mapped only: never here. */
static void
print_ipv6(const uint8_t bytes[16], struct buf *out)
{
	uint16_t group[GROUPS];
	int length, best;

	for (int i = 0; i < GROUPS; i++)
		group[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
	best = longest_zeros(group, &length);
	for (int i = 0; i < GROUPS; i++) {
		if (i == best) {
			buf_puts(out, "::");
			i += length - 1;
			continue;
		}
		buf_printf(out, "%s%x",
		    i > 0 && i != best + length ? ":" : "", group[i]);
	}
}

bool
address_valid(const char *text)
{
	static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
	uint8_t bytes[16];
	struct buf again;
	bool good;

	buf_init(&again, ADDRESS_SIZE);
	if (inet_pton(AF_INET, text, bytes) == 1) {
		for (int i = 0; i < 4; i++) {
			buf_puts(&again, i > 0 ? "." : "");
			buf_number(&again, bytes[i]);
		}
	} else if (inet_pton(AF_INET6, text, bytes) == 1 &&
	    memcmp(bytes, mapped, sizeof(mapped)) != 0) {
		print_ipv6(bytes, &again);
	}
	good = again.len > 0 && strcmp(buf_text(&again), text) == 0;
	buf_fini(&again);
	return good;
}

static bool
parse_number(const char *value, size_t len, int64_t *out)
{
	int64_t n = 0;

	if (len == 0 || len > DIGITS_MAX || (len > 1 && value[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9' ||
		    __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, value[i] - '0', &n))
			return false;
	}
	*out = n;
	return true;
}

/* The types that are parsed as a C string. */
static bool
parse_string(const struct codec_field *field, const char *text, void *member)
{
	int number;

	switch (field->type) {
	case CODEC_NAME:
		number = names_parse((enum names)field->a, text);
		*(int *)member = number;
		return number != 0;
	case CODEC_INSTANT:
		return utc_parse(text, member);
	case CODEC_ADDRESS:
		return address_valid(text) &&
		    text_copy(member, field->size, text);
	default:
		return strlen(text) <= (size_t)field->a &&
		    text_copy(member, field->size, text);
	}
}

bool
codec_value_parse(const struct codec_field *field, const char *value,
    size_t len, void *object)
{
	void *member = (char *)object + field->offset;
	char text[VALUE_MAX];

	switch (field->type) {
	case CODEC_NUMBER:
		return parse_number(value, len, member) &&
		    *(int64_t *)member >= field->a &&
		    *(int64_t *)member <= field->b;
	case CODEC_KEY:
		return base64_decode(value, len, member, field->size);
	case CODEC_NONCE:
	case CODEC_HASH:
		return hex_decode(value, len, member, field->size);
	default:
		if (len >= sizeof(text))
			return false;
		memcpy(text, value, len);
		text[len] = '\0';
		return parse_string(field, text, member);
	}
}

static bool
print_name(const struct codec_field *field, int number, struct buf *out)
{
	const struct name_row *row = names_row((enum names)field->a, number);

	if (row == NULL)
		return false;
	buf_puts(out, row->document);
	return true;
}

static bool
print_instant(utc_t t, struct buf *out)
{
	char text[UTC_TEXT_SIZE];

	if (utc_before(t, UTC_MIN) || utc_before(UTC_MAX, t))
		return false;
	utc_text(t, text);
	buf_puts(out, text);
	return true;
}

static bool
print_text(const struct codec_field *field, const char *text, struct buf *out)
{
	size_t len = strnlen(text, field->size);

	if (len == field->size || !doc_text_good(text, len))
		return false;
	if (field->type == CODEC_ADDRESS ? !address_valid(text) :
					   len > (size_t)field->a)
		return false;
	buf_add(out, text, len);
	return true;
}

bool
codec_value_print(const struct codec_field *field, const void *object,
    struct buf *out)
{
	const void *member = (const char *)object + field->offset;
	char text[BASE64_SIZE(KEY_SIZE) + HEX_SIZE(SHA256_SIZE)];
	int64_t number;

	switch (field->type) {
	case CODEC_NAME:
		return print_name(field, *(const int *)member, out);
	case CODEC_NUMBER:
		number = *(const int64_t *)member;
		buf_number(out, number);
		return number >= field->a && number <= field->b;
	case CODEC_INSTANT:
		return print_instant(*(const utc_t *)member, out);
	case CODEC_KEY:
		base64_encode(member, field->size, text);
		buf_puts(out, text);
		return true;
	case CODEC_NONCE:
	case CODEC_HASH:
		hex_encode(member, field->size, text);
		buf_puts(out, text);
		return true;
	default:
		return print_text(field, member, out);
	}
}
