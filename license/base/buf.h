/* SPDX-License-Identifier: ISC */
/*
 * A byte buffer with a cap and a sticky error: append freely, check once at
 * the end. It holds a NUL after its last byte, so data is also a C string.
 */
#ifndef LICENSE_BASE_BUF_H
#define LICENSE_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data; /* NULL until the first append; buf_text() is never NULL */
	size_t len;
	size_t size; /* allocated */
	size_t max;  /* most bytes it will ever hold */
	bool failed; /* an append did not fit; nothing is appended after */
};

/* buf_init: an empty buffer of at most ${max} bytes; nothing is allocated. */
void buf_init(struct buf *b, size_t max);

/* buf_fini: free it; the buffer is as after buf_init. */
void buf_fini(struct buf *b);

/* buf_clear: length 0, error forgotten, memory kept. */
void buf_clear(struct buf *b);

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
/* buf_number: in decimal. */
void buf_number(struct buf *b, int64_t number);
void buf_printf(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/*
 * buf_printable: append ${len} remote bytes made fit for a log or a terminal:
 * C0, DEL, C1, invalid UTF-8, and what turns or breaks a line (U+200E, 200F,
 * 2028 to 202E, 2066 to 2069) become \xNN, a backslash becomes \\.
 */
void buf_printable(struct buf *b, const char *bytes, size_t len);

/* buf_text: the contents as a C string, "" when empty. */
const char *buf_text(const struct buf *b);

/* buf_take: the contents as a malloc'ed C string; the buffer is empty after. */
char *buf_take(struct buf *b);

/*
 * text_printable: buf_printable into a fixed array, cut with "..." when it
 * does not fit. ${out_size} at least 4.
 */
void text_printable(const char *text, char *out, size_t out_size);

/*
 * text_copy: copy a C string into an array; false (and a cut copy) when it
 * does not fit.
 */
bool text_copy(char *out, size_t out_size, const char *text);

/*
 * utf8_length: bytes of the valid UTF-8 character at ${p} (1 to 4), or 0 when
 * there is none (overlong, surrogate, above U+10FFFF, or cut at ${len}).
 */
size_t utf8_length(const char *p, size_t len);

#endif
