/* SPDX-License-Identifier: ISC */
/*
 * A history file by anybody: what is read of it can be written, read again
 * as the same lines, and put into sentences without a control character.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/history.h"

enum { OUT_MAX = 1 << 18 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_all(const struct history *history, struct buf *out)
{
	buf_init(out, OUT_MAX);
	for (size_t i = 0; i < history->count; i++)
		history_line(&history->entries[i], out);
	if (out->failed)
		abort();
}

static void
judge_text(const struct history *history)
{
	struct buf out;

	buf_init(&out, OUT_MAX);
	history_text(history, &out);
	for (size_t i = 0; i < out.len; i++) {
		unsigned char c = (unsigned char)out.data[i];

		if ((c < ' ' && c != '\n') || c == 0x7f)
			abort();
	}
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct history first, second;
	struct buf text, once, twice;

	buf_init(&text, OUT_MAX);
	buf_add(&text, (const char *)data, size);
	first.count = second.count = 0;
	history_read(buf_text(&text), &first);
	buf_fini(&text);
	judge_text(&first);
	write_all(&first, &once);
	history_read(buf_text(&once), &second);
	write_all(&second, &twice);
	if (first.count != second.count || once.len != twice.len ||
	    memcmp(buf_text(&once), buf_text(&twice), once.len) != 0)
		abort();
	buf_fini(&once);
	buf_fini(&twice);
	return 0;
}
