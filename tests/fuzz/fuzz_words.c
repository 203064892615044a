/* SPDX-License-Identifier: ISC */
/*
 * What an operator writes: a command line, and a range of `fcli check`. Words
 * that are quoted again are the same words; a range that is printed is the
 * same range.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/base/words.h"
#include "license/range.h"

enum { TEXT_SIZE = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
quote(const char *word, struct buf *out)
{
	buf_puts(out, "'");
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buf_puts(out, "'\\''");
		else
			buf_putc(out, *word);
	}
	buf_puts(out, "' ");
}

static void
judge_words(const char *text)
{
	struct words words, again;
	const char *why = NULL;
	struct buf out;

	if (!words_split(text, &words, &why)) {
		must(why != NULL && why[0] != '\0');
		return;
	}
	must(words_get(&words, words.count) == NULL);
	buf_init(&out, 8192);
	for (size_t i = 0; i < words.count; i++)
		quote(words_get(&words, i), &out);
	if (words_split(buf_text(&out), &again, &why)) {
		must(again.count == words.count);
		for (size_t i = 0; i < words.count; i++)
			must(strcmp(words_get(&words, i),
				 words_get(&again, i)) == 0);
	} else {
		must(strcmp(why, "it is too long") == 0);
	}
	buf_fini(&out);
}

static void
judge_range(const char *text)
{
	struct range range, again;
	struct buf out;

	if (!range_parse(text, &range))
		return;
	must(range.given && range.low <= range.high);
	buf_init(&out, 256);
	range_print(&range, &out);
	must(range_parse(buf_text(&out), &again));
	must(again.inside == range.inside && again.low == range.low &&
	    again.high == range.high);
	must(range_alerts(&range, range.low) == range.inside);
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_SIZE];

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	judge_words(text);
	judge_range(text);
	return 0;
}
