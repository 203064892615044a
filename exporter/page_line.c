/* SPDX-License-Identifier: ISC */
/*
 * Pictures of time: bars and marks in units of a thousandth of the picture's
 * width, which the style stretches. Color never says it alone: the text
 * alternative, the legend below and the marks' heights say it, too.
 */
#include <inttypes.h>

#include "exporter/html.h"
#include "exporter/page.h"
#include "license/base/buf.h"

enum { WIDTH = 1000, TERM_Y = 6, LEASE_Y = 24, BAR = 12, HEIGHT = 42 };

/* The instants that the picture spans. */
struct span {
	utc_t from, to;
};

static bool
has(const struct report *r, enum field_id id)
{
	return r->has[id];
}

static struct span
span_of(const struct report *r)
{
	struct span span = {r->now, r->now};

	static const enum field_id ends[] = {FIELD_ID_ISSUED,
		FIELD_ID_LEASE_END, FIELD_ID_TERM_END, FIELD_ID_GRACE_END,
		FIELD_ID_ACTION_DEADLINE};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (!has(r, ends[i]))
			continue;
		utc_t t = field_instant(r, ends[i]);
		span.from = utc_min(span.from, t);
		span.to = utc_max(span.to, t);
	}
	int64_t margin_s = (span.to.s - span.from.s) / 40 + HOUR_S;
	span.from = utc_add(span.from, -margin_s);
	span.to = utc_add(span.to, margin_s);
	return span;
}

static int
x_of(const struct span *span, utc_t t)
{
	int64_t at = (t.s - span->from.s) * WIDTH / (span->to.s - span->from.s);

	return at < 0 ? 0 : at > WIDTH ? WIDTH : (int)at;
}

static void
bar(const struct span *span, const char *class, utc_t from, utc_t to, int y,
    int height, struct buf *out)
{
	int left = x_of(span, from), right = x_of(span, to);

	if (right - left < 3)
		right = left + 3;
	buf_printf(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" "
	    "height=\"%d\"/>", class, left, y, right - left, height);
}

static void
mark(const struct span *span, const char *class, utc_t at, struct buf *out)
{
	int x = x_of(span, at);

	buf_printf(out, "<line class=\"%s\" x1=\"%d\" x2=\"%d\" y1=\"0\" "
	    "y2=\"%d\"/>", class, x, x, HEIGHT);
}

static void
describe_line(const struct report *r, struct buf *out)
{
	static const struct {
		enum field_id id;
		const char *word;
	} words[] = {
		{FIELD_ID_LEASE_END, "the lease ends"},
		{FIELD_ID_TERM_END, "the paid term ends"},
		{FIELD_ID_GRACE_END, "the grace for changed hardware ends"},
		{FIELD_ID_ACTION_DEADLINE, "a person must have acted by"},
	};
	char day[UTC_DATE_SIZE];

	utc_date(r->now, day);
	buf_printf(out, "Time line: today is %s", day);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!has(r, words[i].id))
			continue;
		utc_date(field_instant(r, words[i].id), day);
		buf_printf(out, "; %s %s", words[i].word, day);
	}
}

static void
zones(const struct report *r, const struct span *span, struct buf *out)
{
	utc_t end = r->action_deadline;

	if (!r->usable || !has(r, FIELD_ID_ACTION_DEADLINE))
		return;
	bar(span, "zone-warning", utc_add(end, -r->action_warning_s), end, 0,
	    HEIGHT, out);
	bar(span, "zone-critical", utc_add(end, -r->action_critical_s), end, 0,
	    HEIGHT, out);
}

void
page_line(const struct report *r, struct buf *out)
{
	if (!has(r, FIELD_ID_LEASE_END) && !has(r, FIELD_ID_TERM_END))
		return;
	struct span span = span_of(r);
	utc_t begin = has(r, FIELD_ID_ISSUED) ? r->issued : r->now;

	begin = utc_min(begin, has(r, FIELD_ID_LEASE_END) ? r->lease_end :
							    r->term_end);
	char first[UTC_DATE_SIZE], last[UTC_DATE_SIZE];

	buf_printf(out, "<svg class=\"line\" viewBox=\"0 0 %d %d\" "
	    "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"", WIDTH,
	    HEIGHT);
	describe_line(r, out);
	buf_puts(out, "\">");
	zones(r, &span, out);
	if (has(r, FIELD_ID_TERM_END))
		bar(&span, "term", begin, r->term_end, TERM_Y, BAR, out);
	if (has(r, FIELD_ID_LEASE_END))
		bar(&span, "lease", begin, r->lease_end, LEASE_Y, BAR, out);
	if (has(r, FIELD_ID_GRACE_END))
		mark(&span, "grace", r->grace_end, out);
	if (r->usable && has(r, FIELD_ID_ACTION_DEADLINE))
		mark(&span, "deadline", r->action_deadline, out);
	mark(&span, "today", r->now, out);
	buf_puts(out, "</svg>");
	utc_date(span.from, first);
	utc_date(span.to, last);
	buf_printf(out, "<p class=\"axis\"><span>%s</span><span>%s</span></p>\n",
	    first, last);
}

/* A refresh that came to nothing is a low mark, many alike a wide one. */
static void
strip_mark(const struct recent *recent, int x, struct buf *out)
{
	bool good = recent->result == RESULT_OK;
	char when[UTC_TEXT_SIZE];

	utc_text(recent->at, when);
	buf_printf(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"24\" "
	    "height=\"%d\" rx=\"3\"><title>%s: %s", good ? "good" : "bad", x,
	    good ? 0 : 14, good ? 28 : 14, when,
	    names_sentence(NAMES_RESULT, recent->result));
	if (recent->result == RESULT_REFUSED)
		buf_printf(out, ": %s",
		    names_sentence(NAMES_REFUSAL, recent->refusal));
	if (recent->times > 1)
		buf_printf(out, ", %" PRId64 " times in a row", recent->times);
	buf_puts(out, "</title></rect>");
}

void
page_strip(const struct license_facts *facts, struct buf *out)
{
	int64_t good = 0, bad = 0;

	if (facts->recent_count == 0)
		return;
	for (size_t i = 0; i < facts->recent_count; i++) {
		const struct recent *recent = &facts->recent[i];

		*(recent->result == RESULT_OK ? &good : &bad) += recent->times;
	}
	buf_printf(out, "<svg class=\"strip\" viewBox=\"0 0 %d 28\" "
	    "role=\"img\" aria-label=\"The last refreshes: %" PRId64
	    " good, %" PRId64 " not\">", RECENT_MAX * 31, good, bad);
	for (size_t i = 0; i < facts->recent_count; i++)
		strip_mark(&facts->recent[i],
		    (int)(RECENT_MAX - facts->recent_count + i) * 31, out);
	buf_puts(out, "</svg>\n");
}

void
page_gauge(const struct report *r, struct buf *out)
{
	int64_t limit = r->bandwidth_mbits * 125000; /* bytes a second */

	if (!has(r, FIELD_ID_USED_PERCENT) || limit <= 0)
		return;
	int used = r->used_percent > 100 ? WIDTH : (int)r->used_percent * 10;

	buf_printf(out, "<svg class=\"gauge %s\" viewBox=\"0 0 %d 10\" "
	    "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"%" PRId64
	    " percent of the licensed bandwidth\"><rect class=\"whole\" "
	    "width=\"%d\" height=\"10\"/><rect class=\"used\" width=\"%d\" "
	    "height=\"10\"/>",
	    r->used_percent >= r->bandwidth_critical_pct ? "critical" :
	    r->used_percent >= r->bandwidth_warning_pct ? "warning" : "ok",
	    WIDTH, r->used_percent, WIDTH, used);
	if (has(r, FIELD_ID_PEAK)) {
		int64_t peak = r->peak_bytes_per_s * WIDTH / limit;

		buf_printf(out, "<line class=\"peak\" x1=\"%" PRId64
		    "\" x2=\"%" PRId64 "\" y1=\"0\" y2=\"10\"/>",
		    peak > WIDTH ? WIDTH : peak, peak > WIDTH ? WIDTH : peak);
	}
	buf_puts(out, "</svg>\n");
}
