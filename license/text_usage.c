/* SPDX-License-Identifier: ISC */
/* What fcli says of usage reports, beside the report itself. */
#include <inttypes.h>

#include "license/base/buf.h"
#include "license/text.h"
#include "license/usage.h"

static void
add_instant(utc_t t, struct buf *out)
{
	char text[UTC_TEXT_SIZE];

	utc_text(t, text);
	buf_puts(out, text);
}

static void
add_printable(const char *text, struct buf *out)
{
	char printable[512];

	text_printable(text, printable, sizeof(printable));
	buf_puts(out, printable);
}

void
text_usage(const struct agent_report *agent, struct buf *out)
{
	if (!agent->has[AGENT_ID_STATS_NEXT])
		return;
	buf_puts(out, "\nUsage report:  ");
	if (agent->has[AGENT_ID_STATS_SUCCESS]) {
		buf_puts(out, "last taken ");
		add_instant(agent->stats_last_success, out);
	} else {
		buf_puts(out, "none was taken yet");
	}
	buf_puts(out, "; next ");
	add_instant(agent->stats_next, out);
	if (agent->stats_failures > 0)
		buf_printf(out, "; %" PRId64 " not taken since the agent's "
		    "start", agent->stats_failures);
	buf_puts(out, " (no license depends on it)\n");
}

void
text_usage_notes(const struct usage_document *d, struct buf *out)
{
	if (!d->enabled) {
		buf_puts(out, "note: usage reports are switched off; this is "
		    "not sent\n");
	} else if (d->offline) {
		buf_puts(out, "note: every license here is offline; this is "
		    "not sent\n");
	} else {
		buf_puts(out, "note: sent once a day to ");
		add_printable(d->url, out);
		buf_puts(out, ", next ");
		add_instant(d->next, out);
		buf_puts(out, "; created, numbers and signature will be of "
		    "then\n");
	}
	if (d->missing[0] != '\0') {
		buf_puts(out, "note: FastNetMon's metrics were not read: ");
		add_printable(d->missing, out);
		buf_putc(out, '\n');
	}
}
