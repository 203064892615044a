/* SPDX-License-Identifier: ISC */
/* What happened to a license, in words. It reads no line and no clock. */
#include "license/history.h"

#include <inttypes.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/base/child.h"
#include "license/text.h"

/* What a file had may be anybody's. */
static void
add_printable(const char *text, struct buf *out)
{
	buf_printable(out, text, strlen(text));
}

static void
say_brought(const struct history_entry *e, struct buf *out)
{
	char date[UTC_DATE_SIZE];

	utc_date(e->lease_end, date);
	buf_printf(out, "valid until %s, %" PRId64 " mbits", date, e->mbits);
	if (e->mbits_before != 0)
		buf_printf(out, " (before: %" PRId64 ")", e->mbits_before);
}

static void
say_ok(const struct history_entry *e, struct buf *out)
{
	buf_puts(out, "ok: ");
	say_brought(e, out);
	if (e->address[0] != '\0') {
		buf_puts(out, ", address ");
		add_printable(e->address, out);
	}
	if (e->address_before[0] != '\0') {
		buf_puts(out, " (before: ");
		add_printable(e->address_before, out);
		buf_putc(out, ')');
	}
}

static void
say_refresh(const struct history_entry *e, struct buf *out)
{
	char text[UTC_TEXT_SIZE];

	if (e->result == RESULT_OK) {
		say_ok(e, out);
	} else if (e->result == RESULT_REFUSED) {
		buf_printf(out, "refused: %s",
		    names_label(NAMES_REFUSAL, e->refusal));
	} else {
		buf_printf(out, "%s: %s", names_label(NAMES_RESULT, e->result),
		    names_sentence(NAMES_RESULT, e->result));
	}
	/* It was made printable when it was written. Not "support.; took". */
	size_t len = strlen(e->detail);
	if (len > 0)
		buf_printf(out, ": %.*s", (int)(len -
			(e->detail[len - 1] == '.')), e->detail);
	if (e->duration_ms >= 0)
		buf_printf(out, "; took %" PRId64 " ms", e->duration_ms);
	if (e->times < 2)
		return;
	utc_text(e->since, text);
	buf_printf(out, "; %" PRId64 " times since %s", e->times, text);
}

static void
say_state(const struct history_entry *e, struct buf *out)
{
	buf_printf(out, "%s: %s; %s", names_label(NAMES_STATE, e->state),
	    names_sentence(NAMES_STATE, e->state),
	    e->usable ? "usable" : "NOT usable");
}

static void
say_hardware(const struct history_entry *e, struct buf *out)
{
	if (e->changed == 0) {
		buf_puts(out, "fits the license again");
		return;
	}
	buf_puts(out, "differs from the license: ");
	text_components(e->changed, out);
}

static void
say_taken(const struct history_entry *e, struct buf *out)
{
	say_brought(e, out);
	buf_printf(out, ", %s", names_label(NAMES_MODE, e->mode));
	if (e->mode_before != 0)
		buf_printf(out, " (before: %s)",
		    names_label(NAMES_MODE, e->mode_before));
}

static void
say_refused(const struct history_entry *e, struct buf *out)
{
	/* It was made printable when it was written. */
	buf_printf(out, "not used: %s", e->detail);
}

static void
say_put_back(const struct history_entry *e, struct buf *out)
{
	(void)e;
	buf_puts(out, "the license in force was written to its file again");
}

static void
say_command(const struct history_entry *e, struct buf *out)
{
	buf_printf(out, "on-change, told %s: ", standing_word(e->told));
	if (e->exit_code == 0)
		buf_puts(out, "ran well");
	else if (e->exit_code == CHILD_UNSTARTED)
		buf_puts(out, "could not be started");
	else if (e->exit_code == CHILD_LATE)
		buf_puts(out, "did not end in time and was killed");
	else
		buf_printf(out, "failed, exit code %" PRId64, e->exit_code);
}

void
history_sentence(const struct history_entry *entry, struct buf *out)
{
	static void (*const say[])(const struct history_entry *e,
	    struct buf *out) = {
		[HISTORY_REFRESH] = say_refresh,
		[HISTORY_STATE] = say_state,
		[HISTORY_HARDWARE] = say_hardware,
		[HISTORY_FILE_TAKEN] = say_taken,
		[HISTORY_FILE_REFUSED] = say_refused,
		[HISTORY_PUT_BACK] = say_put_back,
		[HISTORY_COMMAND] = say_command,
	};

	say[entry->event](entry, out);
}

void
history_text(const struct history *history, struct buf *out)
{
	if (history->count == 0)
		buf_puts(out, "Nothing happened yet.\n");
	for (size_t i = history->count; i > 0; i--) {
		const struct history_entry *entry = &history->entries[i - 1];
		char text[UTC_TEXT_SIZE];

		utc_text(entry->at, text);
		buf_printf(out, "%s  %-12s ", text, history_word(entry->event));
		history_sentence(entry, out);
		buf_putc(out, '\n');
	}
}
