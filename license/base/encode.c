/* SPDX-License-Identifier: ISC */
/* Strict base64 and hex; it allocates nothing. */
#include "license/base/encode.h"

#include <string.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(const uint8_t *bytes, size_t len, char *out)
{
	size_t i = 0;

	for (; i + 2 < len; i += 3, out += 4) {
		uint32_t v = (uint32_t)bytes[i] << 16 |
		    (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
		for (int k = 0; k < 4; k++)
			out[k] = alphabet[v >> (18 - 6 * k) & 63];
	}
	if (i < len) {
		uint32_t v = (uint32_t)bytes[i] << 16 |
		    (i + 1 < len ? (uint32_t)bytes[i + 1] << 8 : 0);
		out[0] = alphabet[v >> 18 & 63];
		out[1] = alphabet[v >> 12 & 63];
		out[2] = i + 1 < len ? alphabet[v >> 6 & 63] : '=';
		out[3] = '=';
		out += 4;
	}
	*out = '\0';
}

static int
sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool
base64_decode(const char *text, size_t text_len, uint8_t *out, size_t len)
{
	if (text_len != (len + 2) / 3 * 4)
		return false;
	size_t digits = (len * 8 + 5) / 6;
	uint32_t bits = 0;
	int held = 0;
	size_t at = 0;

	for (size_t i = 0; i < digits; i++) {
		int v = sextet(text[i]);
		if (v < 0)
			return false;
		bits = bits << 6 | (uint32_t)v;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[at++] = (uint8_t)(bits >> held);
		}
	}
	/* Left-over bits must be zero, or two texts would mean one value. */
	if ((bits & ((1U << held) - 1)) != 0)
		return false;
	for (size_t i = digits; i < text_len; i++) {
		if (text[i] != '=')
			return false;
	}
	return at == len;
}

void
hex_encode(const uint8_t *bytes, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++) {
		*out++ = "0123456789abcdef"[bytes[i] >> 4];
		*out++ = "0123456789abcdef"[bytes[i] & 15];
	}
	*out = '\0';
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
hex_decode(const char *text, size_t text_len, uint8_t *out, size_t len)
{
	if (text_len != len * 2)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = nibble(text[2 * i]);
		int low = nibble(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
