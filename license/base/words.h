/* SPDX-License-Identifier: ISC */
/*
 * A command line cut into words, as a shell would but without one: no
 * variables, patterns, pipes or comments. It runs nothing.
 */
#ifndef LICENSE_BASE_WORDS_H
#define LICENSE_BASE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum { WORDS_MAX = 32, WORDS_SIZE = 512 };

struct words {
	char text[WORDS_SIZE];
	size_t at[WORDS_MAX]; /* where each word begins in text */
	size_t count;
};

/*
 * words_split: blanks separate. Inside '...' every byte is itself; inside
 * "..." a backslash makes the byte after it itself, and so it does outside.
 * '' is an empty word. False with a clause in ${error}: a quote that does not
 * end, a backslash at the end, too many words or bytes.
 */
bool words_split(const char *text, struct words *out, const char **error);

/* words_get: word ${i}; NULL past the last. */
const char *words_get(const struct words *words, size_t i);

#endif
