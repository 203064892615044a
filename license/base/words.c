/* SPDX-License-Identifier: ISC */
/* Quotes and blanks; what the words are for is not known here. */
#include "license/base/words.h"

#include <string.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * One word from ${p} to ${to}, which has room for all that is left of the
 * text. The end of the word, or NULL with a clause in ${error}.
 */
static const char *
take_word(const char *p, char **to, const char **error)
{
	char quote = '\0';

	for (; *p != '\0' && (quote != '\0' || !is_blank(*p)); p++) {
		if (quote == '\0' && (*p == '\'' || *p == '"')) {
			quote = *p;
		} else if (quote != '\0' && *p == quote) {
			quote = '\0';
		} else if (*p == '\\' && quote != '\'') {
			if (*++p == '\0') {
				*error = "a backslash at the end makes "
					 "nothing literal";
				return NULL;
			}
			*(*to)++ = *p;
		} else {
			*(*to)++ = *p;
		}
	}
	if (quote == '\0')
		return p;
	*error = quote == '"' ? "a quote \" is not closed" :
				"a quote ' is not closed";
	return NULL;
}

bool
words_split(const char *text, struct words *out, const char **error)
{
	char *to = out->text;

	out->count = 0;
	/* A word takes a byte more than it is written with: its NUL. */
	if (strlen(text) >= WORDS_SIZE - WORDS_MAX) {
		*error = "it is too long";
		return false;
	}
	for (const char *p = text;;) {
		while (is_blank(*p))
			p++;
		if (*p == '\0')
			return true;
		if (out->count == WORDS_MAX) {
			*error = "it has too many words";
			return false;
		}
		out->at[out->count++] = (size_t)(to - out->text);
		p = take_word(p, &to, error);
		if (p == NULL)
			return false;
		*to++ = '\0';
	}
}

const char *
words_get(const struct words *words, size_t i)
{
	return i < words->count ? words->text + words->at[i] : NULL;
}
