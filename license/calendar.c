/* SPDX-License-Identifier: ISC */
/* iCalendar lines from a report; it knows no calendar program. */
#include "license/calendar.h"

#include <inttypes.h>
#include <string.h>

#include "license/base/buf.h"

enum {
	FOLD_OCTETS = 75, /* of a line, its CRLF aside (RFC 5545, 3.1) */
	LINE_MAX_OCTETS = 4096,
	DAY_TEXT_SIZE = 16,
	REVISION_MAX = 2147483647,
};

static const int remind_days[] = {60, 30, 7, 1};

/* A fold begins the next line with a space, which counts. */
static void
add_folded(const struct buf *line, struct buf *out)
{
	const char *p = buf_text(line);
	size_t left = line->len, room = FOLD_OCTETS;

	while (left > 0) {
		size_t n = utf8_length(p, left);

		if (n == 0)
			n = 1;
		if (n > room) {
			buf_puts(out, "\r\n ");
			room = FOLD_OCTETS - 1;
		}
		buf_add(out, p, n);
		p += n;
		left -= n;
		room -= n;
	}
	buf_puts(out, "\r\n");
}

static void
add_line(struct buf *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
add_line(struct buf *out, const char *format, ...)
{
	struct buf line;
	va_list args;

	buf_init(&line, LINE_MAX_OCTETS);
	va_start(args, format);
	buf_vprintf(&line, format, args);
	va_end(args);
	add_folded(&line, out);
	out->failed |= line.failed;
	buf_fini(&line);
}

/* TEXT (3.3.11): what separates values is escaped; controls are no text. */
static void
add_text(const char *text, struct buf *out)
{
	struct buf printable;

	buf_init(&printable, LINE_MAX_OCTETS);
	buf_printable(&printable, text, strlen(text));
	for (const char *p = buf_text(&printable); *p != '\0'; p++) {
		/* buf_printable has doubled each backslash. */
		if (*p == ';' || *p == ',')
			buf_putc(out, '\\');
		buf_putc(out, *p);
	}
	buf_fini(&printable);
}

/* Dates and times of this format have no marks between their digits. */
static void
without_marks(const char *text, char out[DAY_TEXT_SIZE + 2])
{
	size_t n = 0;

	for (; *text != '\0' && n < DAY_TEXT_SIZE + 1; text++) {
		if (*text != '-' && *text != ':')
			out[n++] = *text;
	}
	out[n] = '\0';
}

void
calendar_begin(struct buf *out)
{
	add_line(out, "BEGIN:VCALENDAR");
	add_line(out, "VERSION:2.0");
	add_line(out, "PRODID:-//Leaseline//leaselined " LEASELINE_VERSION
	    "//EN");
	add_line(out, "METHOD:PUBLISH");
}

void
calendar_end(struct buf *out)
{
	add_line(out, "END:VCALENDAR");
}

static void
add_alarm(int days, const char *summary, struct buf *out)
{
	add_line(out, "BEGIN:VALARM");
	add_line(out, "ACTION:DISPLAY");
	add_line(out, "TRIGGER:-P%dD", days);
	add_line(out, "DESCRIPTION:%s (in %d %s)", summary, days,
	    days == 1 ? "day" : "days");
	add_line(out, "END:VALARM");
}

/* The last day to act on: today where it is too late for a later one. */
static utc_t
day_of(const struct report *report)
{
	return report->usable ? report->action_deadline :
		utc_min(report->action_deadline, report->now);
}

/* One that is past would ring at once, or never. */
static void
add_alarms(const struct report *report, const char *summary, struct buf *out)
{
	utc_t begins = utc_add(utc_day_end(day_of(report), 0), 1 - DAY_S);

	for (size_t i = 0; i < sizeof(remind_days) / sizeof(int); i++) {
		if (utc_before(report->now,
			utc_add(begins, -remind_days[i] * DAY_S)))
			add_alarm(remind_days[i], summary, out);
	}
}

static void
describe(const struct report *report, struct buf *summary, struct buf *details)
{
	bool lease = report->mode == MODE_ONLINE &&
	    utc_before(report->action_deadline, report->term_end);
	char day[UTC_DATE_SIZE];

	utc_date(report->action_deadline, day);
	buf_puts(summary, !report->usable ? "License " : lease ?
		"License lease of " : "License term of ");
	add_text(report->name, summary);
	buf_puts(summary, report->usable ? " ends" : " is not usable");
	add_text(report->product, details);
	if (report->has[FIELD_ID_ID]) {
		buf_puts(details, "\\, license ");
		add_text(report->id, details);
	}
	if (report->has[FIELD_ID_BANDWIDTH])
		buf_printf(details, "\\, %" PRId64 " mbits",
		    report->bandwidth_mbits);
	if (report->usable)
		buf_printf(details, ". Last day: %s (UTC). ", day);
	else
		buf_puts(details, ". It is not usable: act now. ");
	add_text(report->advice, details);
}

bool
calendar_event(const struct report *report, struct buf *out)
{
	char date[UTC_DATE_SIZE], instant[UTC_TEXT_SIZE];
	char day[DAY_TEXT_SIZE + 2], next[DAY_TEXT_SIZE + 2];
	char stamp[DAY_TEXT_SIZE + 2];
	struct buf summary, details;

	/* A date that moves every day is no day to be reminded of. */
	bool vendor = report->source == SOURCE_FASTNETMON &&
	    report->has[FIELD_ID_TERM_END];

	if (!report->has[FIELD_ID_ACTION_DEADLINE] ||
	    (!report->has[FIELD_ID_ID] && !vendor))
		return false;
	buf_init(&summary, LINE_MAX_OCTETS);
	buf_init(&details, LINE_MAX_OCTETS);
	describe(report, &summary, &details);
	utc_date(day_of(report), date);
	without_marks(date, day);
	utc_date(utc_add(day_of(report), DAY_S), date);
	without_marks(date, next);
	utc_text(report->now, instant);
	without_marks(instant, stamp);
	add_line(out, "BEGIN:VEVENT");
	struct buf uid;
	buf_init(&uid, LINE_MAX_OCTETS);
	add_text(vendor ? report->name : report->id, &uid);
	add_line(out, "UID:%s@leaseline", buf_text(&uid));
	buf_fini(&uid);
	add_line(out, "DTSTAMP:%s", stamp);
	/* Of two imports the one of the later document counts. */
	add_line(out, "SEQUENCE:%" PRId64, report->sequence % REVISION_MAX);
	add_line(out, "DTSTART;VALUE=DATE:%s", day);
	add_line(out, "DTEND;VALUE=DATE:%s", next);
	add_line(out, "SUMMARY:%s", buf_text(&summary));
	add_line(out, "DESCRIPTION:%s", buf_text(&details));
	add_line(out, "TRANSP:TRANSPARENT");
	add_alarms(report, buf_text(&summary), out);
	add_line(out, "END:VEVENT");
	buf_fini(&summary);
	buf_fini(&details);
	return true;
}
