/* SPDX-License-Identifier: ISC */
/* A capped byte buffer; it knows nothing of what is in it. */
#include "license/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void
buf_fini(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

/* Room for ${len} more bytes and a NUL, or the sticky error. */
static bool
reserve(struct buf *b, size_t len)
{
	if (b->failed || len > b->max || b->len > b->max - len ||
	    b->len + len >= SIZE_MAX / 2) {
		b->failed = true;
		return false;
	}
	if (b->len + len + 1 <= b->size)
		return true;
	size_t size = b->size == 0 ? 256 : b->size;
	while (size < b->len + len + 1)
		size *= 2;
	if (size - 1 > b->max)
		size = b->max + 1;
	char *data = realloc(b->data, size);
	if (data == NULL) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->size = size;
	return true;
}

void
buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len > 0)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void
buf_puts(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void
buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_number(struct buf *b, int64_t number)
{
	char text[20], *p = text + sizeof(text);
	uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;

	do
		*--p = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (number < 0)
		*--p = '-';
	buf_add(b, p, (size_t)(text + sizeof(text) - p));
}

void
buf_vprintf(struct buf *b, const char *format, va_list args)
{
	va_list again;

	if (b->failed)
		return;
	/* Mostly there is room already, and once is enough. */
	size_t room = b->size - b->len;
	char *end = room > 0 ? b->data + b->len : NULL;
	va_copy(again, args);
	int len = vsnprintf(end, room, format, args);
	if (len < 0)
		b->failed = true;
	else if (reserve(b, (size_t)len) && (size_t)len >= room)
		vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
	if (!b->failed)
		b->len += (size_t)len;
	else if (end != NULL)
		*end = '\0';
	va_end(again);
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(b, format, args);
	va_end(args);
}

size_t
utf8_length(const char *p, size_t len)
{
	const unsigned char *s = (const unsigned char *)p;
	size_t need;
	uint32_t code, least;

	if (len == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xC2 && s[0] <= 0xDF)
		need = 2, code = s[0] & 0x1F, least = 0x80;
	else if ((s[0] & 0xF0) == 0xE0)
		need = 3, code = s[0] & 0x0F, least = 0x800;
	else if (s[0] >= 0xF0 && s[0] <= 0xF4)
		need = 4, code = s[0] & 0x07, least = 0x10000;
	else
		return 0;
	if (len < need)
		return 0;
	for (size_t i = 1; i < need; i++) {
		if ((s[i] & 0xC0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3F);
	}
	if (code < least || code > 0x10FFFF ||
	    (code >= 0xD800 && code <= 0xDFFF))
		return 0;
	return need;
}

/* U+200E, 200F, 2028 to 202E, 2066 to 2069: E2 80 xx and E2 81 xx. */
static bool
turns_a_line(const char *bytes, size_t n)
{
	const unsigned char *s = (const unsigned char *)bytes;

	if (n != 3 || s[0] != 0xE2)
		return false;
	if (s[1] == 0x81)
		return s[2] >= 0xA6 && s[2] <= 0xA9;
	return s[1] == 0x80 && (s[2] == 0x8E || s[2] == 0x8F ||
		(s[2] >= 0xA8 && s[2] <= 0xAE));
}

/* How many bytes, from the first on, are ASCII that stands for itself. */
static size_t
plain_length(const char *bytes, size_t len)
{
	size_t n = 0;

	while (n < len && bytes[n] >= 0x20 && bytes[n] < 0x7F &&
	    bytes[n] != '\\')
		n++;
	return n;
}

void
buf_printable(struct buf *b, const char *bytes, size_t len)
{
	while (len > 0) {
		unsigned char c = (unsigned char)bytes[0];
		size_t room = b->max - b->len;
		size_t plain = plain_length(bytes, len < room ? len : room);
		size_t n = plain > 0 ? plain : utf8_length(bytes, len);
		bool c1 = n == 2 && c == 0xC2 && (unsigned char)bytes[1] < 0xA0;

		if (plain > 0) {
			buf_add(b, bytes, n);
		} else if (n == 0 || c1 || c < 0x20 || c == 0x7F ||
		    turns_a_line(bytes, n)) {
			n = n == 0 ? 1 : n;
			for (size_t i = 0; i < n; i++)
				buf_printf(b, "\\x%02X",
				    (unsigned char)bytes[i]);
		} else if (c == '\\') {
			buf_puts(b, "\\\\");
		} else {
			buf_add(b, bytes, n);
		}
		bytes += n;
		len -= n;
	}
}

const char *
buf_text(const struct buf *b)
{
	return b->data == NULL ? "" : b->data;
}

char *
buf_take(struct buf *b)
{
	char *text = b->data == NULL ? strdup("") : b->data;

	buf_init(b, b->max);
	return text;
}

void
text_printable(const char *text, char *out, size_t out_size)
{
	size_t len = strlen(text);
	struct buf b;

	if (len < out_size && plain_length(text, len) == len) {
		memcpy(out, text, len + 1);
		return;
	}
	/* One character at a time, so that the cut is never inside one. */
	buf_init(&b, out_size - 1);
	size_t good = 0;
	for (size_t left = len; left > 0 && !b.failed;) {
		size_t n = utf8_length(text, left);
		n = n == 0 ? 1 : n;
		if (b.len + 4 <= out_size)
			good = b.len;
		buf_printable(&b, text, n);
		text += n;
		left -= n;
	}
	text_copy(out, out_size, buf_text(&b));
	if (b.failed)
		memcpy(out + good, "...", 4);
	buf_fini(&b);
}

bool
text_copy(char *out, size_t out_size, const char *text)
{
	size_t len = strlen(text);
	bool fits = len < out_size;

	if (out_size == 0)
		return false;
	if (!fits) {
		len = out_size - 1;
		/* Not inside a character: what is cut stays valid UTF-8. */
		for (int i = 0; i < 3 && len > 0 &&
		    ((unsigned char)text[len] & 0xC0) == 0x80; i++)
			len--;
	}
	memcpy(out, text, len);
	out[len] = '\0';
	return fits;
}
