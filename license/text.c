/* SPDX-License-Identifier: ISC */
/*
 * A report in sentences, for people. It looks at no fact and no clock: what
 * is not in the report cannot be said.
 */
#include "license/text.h"

#include <inttypes.h>
#include <string.h>

#include "license/base/buf.h"

#define has(r, id) ((r)->has[FIELD_ID_##id])

static void
add_printable(const char *text, struct buf *out)
{
	buf_printable(out, text, strlen(text));
}

void
text_duration(int64_t s, struct buf *out)
{
	static const struct {
		int64_t s;
		const char *unit;
	} units[] = {{DAY_S, "d"}, {HOUR_S, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;

	if (s < 0) {
		buf_putc(out, '-');
		s = s == INT64_MIN ? INT64_MAX : -s;
	}
	while (i < 3 && s < units[i].s)
		i++;
	buf_printf(out, "%" PRId64 " %s", s / units[i].s, units[i].unit);
	if (i == 3)
		return;
	int64_t rest = s % units[i].s / units[i + 1].s;
	if (rest > 0)
		buf_printf(out, " %" PRId64 " %s", rest, units[i + 1].unit);
}

void
text_components(unsigned set, struct buf *out)
{
	size_t count;
	const struct name_row *rows = names_rows(NAMES_COMPONENT, &count);
	const char *between = "";

	for (size_t i = 0; i < count; i++) {
		if ((set & 1U << rows[i].number) == 0)
			continue;
		buf_printf(out, "%s%s", between, rows[i].sentence);
		between = ", ";
	}
}

/* "Production license for 10000 mbits"; less when less is known. */
static void
add_subject(const struct report *r, struct buf *out)
{
	if (has(r, KIND))
		buf_printf(out, "%s license", names_sentence(NAMES_KIND,
						  r->kind));
	else
		buf_puts(out, "License");
	if (has(r, BANDWIDTH))
		buf_printf(out, " for %" PRId64 " mbits", r->bandwidth_mbits);
}

static void
add_date(const char *before, const struct report *r, struct buf *out)
{
	char date[UTC_DATE_SIZE];

	if (!has(r, EXPIRY))
		return;
	report_expiry_date(r, date);
	buf_printf(out, " %s %s", before, date);
}

/* What the authority said, or the sentence of the state, or the advice. */
static void
add_why(const struct report *r, bool refusal, struct buf *out)
{
	if (refusal && has(r, REFUSAL_DETAIL) && r->refusal_detail[0] != '\0') {
		buf_puts(out, ": ");
		add_printable(r->refusal_detail, out);
	} else if (r->advice[0] != '\0') {
		buf_puts(out, ": ");
		add_printable(r->advice, out);
	}
}

static void
say_missing(const struct report *r, struct buf *out)
{
	/* Why nobody was reached is the advice's to say. */
	buf_puts(out, "No license is installed");
	add_why(r, r->refresh_last_result == RESULT_REFUSED, out);
}

static void
say_invalid(const struct report *r, struct buf *out)
{
	buf_puts(out, "License file");
	if (has(r, LICENSE_FILE)) {
		buf_putc(out, ' ');
		add_printable(r->license_file, out);
	}
	buf_puts(out, " is not a good one");
	/* The advice may say it itself: once is enough. */
	if (has(r, FILE_DETAIL) &&
	    strcasestr(r->advice, r->file_detail) == NULL) {
		buf_puts(out, " (");
		add_printable(r->file_detail, out);
		buf_putc(out, ')');
	}
	add_why(r, false, out);
}

static void
say_cancelled(const struct report *r, struct buf *out)
{
	buf_puts(out, "License cancelled");
	add_why(r, true, out);
}

static void
say_suspended(const struct report *r, struct buf *out)
{
	buf_puts(out, "License suspended");
	add_why(r, true, out);
}

static void
say_not_yet_valid(const struct report *r, struct buf *out)
{
	add_subject(r, out);
	buf_puts(out, " has not begun yet");
	add_date("and will be valid until", r, out);
}

static void
say_expired(const struct report *r, struct buf *out)
{
	add_subject(r, out);
	add_date("expired on", r, out);
	if (r->usable)
		buf_puts(out, " and may still be used");
}

static void
say_mismatch(const struct report *r, struct buf *out)
{
	add_subject(r, out);
	buf_puts(out, " belongs to other hardware");
	if (has(r, BINDING_CHANGED) && r->binding_changed != 0) {
		buf_puts(out, " (different: ");
		text_components(r->binding_changed, out);
		buf_putc(out, ')');
	}
}

static void
say_good(const struct report *r, struct buf *out)
{
	add_subject(r, out);
	add_date("valid until", r, out);
}

static const struct {
	int state;
	void (*say)(const struct report *r, struct buf *out);
} sayings[] = {
	{STATE_MISSING, say_missing},
	{STATE_INVALID, say_invalid},
	{STATE_CANCELLED, say_cancelled},
	{STATE_SUSPENDED, say_suspended},
	{STATE_NOT_YET_VALID, say_not_yet_valid},
	{STATE_EXPIRED, say_expired},
	{STATE_HARDWARE_MISMATCH, say_mismatch},
	{STATE_CLOCK_UNTRUSTED, say_good},
	{STATE_EXPIRING, say_good},
	{STATE_VALID, say_good},
};

void
text_license(const struct report *report, struct buf *out)
{
	for (size_t i = 0; i < sizeof(sayings) / sizeof(sayings[0]); i++) {
		if (sayings[i].state == report->state)
			sayings[i].say(report, out);
	}
	buf_putc(out, '\n');
}
