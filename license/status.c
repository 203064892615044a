/* SPDX-License-Identifier: ISC */
/*
 * The status page: everything a report has, for the person on call. It looks
 * at no fact and no clock.
 */
#include "license/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/status.h"

#define has(r, id) ((r)->has[FIELD_ID_##id])

static void
add_printable(const char *text, struct buf *out)
{
	buf_printable(out, text, strlen(text));
}

void
status_add_moment(utc_t t, utc_t now, struct buf *out)
{
	char text[UTC_TEXT_SIZE];
	bool past = utc_before(t, now);

	utc_text(t, text);
	buf_printf(out, t.s == now.s ? "%s (now)" : past ? "%s (" : "%s (in ",
	    text);
	if (t.s == now.s)
		return;
	text_duration(past ? now.s - t.s : t.s - now.s, out);
	buf_puts(out, past ? " ago)" : ")");
}

/* A horizon is told in days, which turn at midnight UTC. */
static void
add_horizon(utc_t t, utc_t now, struct buf *out)
{
	char text[UTC_TEXT_SIZE];
	int64_t days = utc_days(t, now);

	if (utc_before(t, now)) {
		buf_puts(out, "OVER since ");
		status_add_moment(t, now, out);
		return;
	}
	utc_text(t, text);
	buf_printf(out, "%s (%" PRId64 " %s)", text, days,
	    days == 1 ? "day" : "days");
}

static void
row_moment(const struct page *p, struct buf *out)
{
	if (p->r->has[p->id])
		status_add_moment(field_instant(p->r, p->id), p->r->now, out);
}

static void
row_horizon(const struct page *p, struct buf *out)
{
	if (!p->r->has[p->id])
		return;
	add_horizon(field_instant(p->r, p->id), p->r->now, out);
	buf_puts(out, p->tail);
}

static void
row_name(const struct page *p, struct buf *out)
{
	add_printable(p->r->name, out);
	if (has(p->r, ID)) {
		buf_puts(out, ", id ");
		add_printable(p->r->id, out);
	}
	if (has(p->r, SEQUENCE))
		buf_printf(out, ", document %" PRId64, p->r->sequence);
}

static void
row_product(const struct page *p, struct buf *out)
{
	const char *between = "";
	const struct {
		bool there;
		const char *text;
	} words[] = {
		{has(p->r, PRODUCT), p->r->product},
		{has(p->r, EDITION), p->r->edition},
		{has(p->r, MODE), names_label(NAMES_MODE, p->r->mode)},
		{has(p->r, BILLING), names_label(NAMES_BILLING, p->r->billing)},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!words[i].there)
			continue;
		buf_puts(out, between);
		add_printable(words[i].text, out);
		between = ", ";
	}
}

static void
row_issuer(const struct page *p, struct buf *out)
{
	if (!has(p->r, ISSUER))
		return;
	add_printable(p->r->issuer, out);
	if (has(p->r, ISSUED)) {
		buf_puts(out, ", ");
		status_add_moment(p->r->issued, p->r->now, out);
	}
}

static void
row_state(const struct page *p, struct buf *out)
{
	buf_printf(out, "%s: %s; %s", names_label(NAMES_STATE, p->r->state),
	    names_sentence(NAMES_STATE, p->r->state),
	    p->r->usable ? "usable" : "NOT usable");
}

static void
row_severity(const struct page *p, struct buf *out)
{
	buf_puts(out, names_label(NAMES_SEVERITY, p->r->severity));
	if (has(p->r, REASON) && p->r->reason != REASON_NONE)
		buf_printf(out, ": %s",
		    names_sentence(NAMES_REASON, p->r->reason));
}

static void
row_advice(const struct page *p, struct buf *out)
{
	add_printable(p->r->advice, out);
}

static void
add_thresholds(const char *word, int64_t warning_s, int64_t critical_s,
    struct buf *out)
{
	buf_printf(out, "; warning %s ", word);
	text_duration(warning_s, out);
	buf_puts(out, ", critical ");
	text_duration(critical_s, out);
}

static void
row_action(const struct page *p, struct buf *out)
{
	bool over = utc_before(p->r->action_deadline, p->r->now);

	if (!has(p->r, ACTION_DEADLINE))
		return;
	/* No day of a document is far off then. */
	if (!p->r->usable && !over)
		buf_puts(out, "NOW: it is not usable; by its document ");
	add_horizon(p->r->action_deadline, p->r->now, out);
	if (p->r->usable && !over && has(p->r, ACTION_WARNING) && has(p->r, ACTION_CRITICAL))
		add_thresholds("below", p->r->action_warning_s,
		    p->r->action_critical_s, out);
}

static void
row_lease(const struct page *p, struct buf *out)
{
	if (!has(p->r, LEASE_END))
		return;
	add_horizon(p->r->lease_end, p->r->now, out);
	if (p->r->failing && has(p->r, LEASE_WARNING) &&
	    has(p->r, LEASE_CRITICAL))
		add_thresholds("below", p->r->lease_warning_s,
		    p->r->lease_critical_s, out);
}

static void
row_term(const struct page *p, struct buf *out)
{
	if (!has(p->r, TERM_END))
		return;
	add_horizon(p->r->term_end, p->r->now, out);
	if (has(p->r, RENEWS))
		buf_printf(out, "; %s",
		    names_sentence(NAMES_RENEWS, p->r->renews));
}

static void
row_attempt(const struct page *p, struct buf *out)
{
	if (!has(p->r, LAST_ATTEMPT))
		return;
	status_add_moment(p->r->refresh_last_attempt, p->r->now, out);
	if (has(p->r, DURATION))
		buf_printf(out, ", took %" PRId64 " ms",
		    p->r->refresh_last_duration_ms);
}

static void
row_result(const struct page *p, struct buf *out)
{
	const struct report *r = p->r;

	if (!has(r, RESULT))
		return;
	bool detailed = has(r, REFUSAL_DETAIL) && r->refusal_detail[0] != '\0';
	const char *label = names_label(NAMES_RESULT, r->refresh_last_result);
	if (r->refresh_last_result == RESULT_REFUSED && has(r, REFUSAL) &&
	    r->refresh_last_refusal != REFUSAL_NONE) {
		buf_printf(out, "%s, %s: ", label,
		    names_label(NAMES_REFUSAL, r->refresh_last_refusal));
		if (detailed)
			add_printable(r->refusal_detail, out);
		else
			buf_puts(out, names_sentence(NAMES_REFUSAL,
			    r->refresh_last_refusal));
		return;
	}
	buf_printf(out, "%s: %s", label,
	    names_sentence(NAMES_RESULT, r->refresh_last_result));
	if (has(r, REFUSAL) && r->refresh_last_refusal != REFUSAL_NONE)
		buf_printf(out, ": %s",
		    names_sentence(NAMES_REFUSAL, r->refresh_last_refusal));
	if (detailed) {
		buf_puts(out, " (");
		add_printable(r->refusal_detail, out);
		buf_putc(out, ')');
	}
}

static void
row_success(const struct page *p, struct buf *out)
{
	if (has(p->r, LAST_SUCCESS))
		status_add_moment(p->r->refresh_last_success, p->r->now, out);
	else if (has(p->r, RESULT))
		buf_puts(out, "none yet");
}

static void
row_overdue(const struct page *p, struct buf *out)
{
	if (!has(p->r, REFRESH_DUE))
		return;
	buf_puts(out,
	    utc_before(p->r->now, p->r->refresh_due) ? "from " : "SINCE ");
	status_add_moment(p->r->refresh_due, p->r->now, out);
	if (has(p->r, REFRESH_WARNING) && has(p->r, REFRESH_CRITICAL))
		add_thresholds("after", p->r->refresh_warning_s,
		    p->r->refresh_critical_s, out);
}

static void
row_failures(const struct page *p, struct buf *out)
{
	if (has(p->r, FAILURES_IN_ROW))
		buf_printf(out, "%" PRId64 " in a row",
		    p->r->refresh_failures_in_row);
	if (has(p->r, ATTEMPTS) && has(p->r, FAILURES))
		buf_printf(out, "; %" PRId64 " of %" PRId64
		    " attempts since the agent's start",
		    p->r->refresh_failures, p->r->refresh_attempts);
}

static void
row_bandwidth(const struct page *p, struct buf *out)
{
	const struct report *r = p->r;

	if (!has(r, BANDWIDTH))
		return;
	buf_printf(out, "%" PRId64 " mbits licensed", r->bandwidth_mbits);
	if (has(r, USED_MBITS))
		buf_printf(out, ", %" PRId64 " mbits in use", r->used_mbits);
	if (has(r, USED_PERCENT))
		buf_printf(out, " (%" PRId64 " %%)", r->used_percent);
	if (has(r, PEAK))
		buf_printf(out, ", at most %" PRId64 " mbits in 24 h",
		    r->peak_bytes_per_s / 125000);
	if (has(r, USED_MBITS) && has(r, BANDWIDTH_WARNING) &&
	    has(r, BANDWIDTH_CRITICAL))
		buf_printf(out, "; warning from %" PRId64 " %%, critical from "
		    "%" PRId64 " %%", r->bandwidth_warning_pct,
		    r->bandwidth_critical_pct);
}

static const struct {
	const char *title; /* NULL: an empty line */
	void (*add)(const struct page *p, struct buf *out);
	enum field_id id;
	const char *tail;
} page_rows[] = {
	{"License", row_name, 0, NULL},
	{"Product", row_product, 0, NULL},
	{"Issued by", row_issuer, 0, NULL},
	{NULL, NULL, 0, NULL},
	{"State", row_state, 0, NULL},
	{"Severity", row_severity, 0, NULL},
	{"What to do", row_advice, 0, NULL},
	{NULL, NULL, 0, NULL},
	{"Act before", row_action, 0, NULL},
	{"Lease end", row_lease, 0, NULL},
	{"Term end", row_term, 0, NULL},
	{"Grace end", row_horizon, FIELD_ID_GRACE_END,
	    "; the new hardware was refused"},
	{"Expiry", row_horizon, FIELD_ID_EXPIRY,
	    "; the end if nothing more happens"},
	{"Next license", row_moment, FIELD_ID_SUCCESSOR, NULL},
	{NULL, NULL, 0, NULL},
	{"Last refresh", row_attempt, 0, NULL},
	{"Result", row_result, 0, NULL},
	{"Last success", row_success, 0, NULL},
	{"Next refresh", row_moment, FIELD_ID_NEXT_ATTEMPT, NULL},
	{"Overdue", row_overdue, 0, NULL},
	{"Failures", row_failures, 0, NULL},
	{NULL, NULL, 0, NULL},
	{"Bandwidth", row_bandwidth, 0, NULL},
	{"Binding", status_row_binding, 0, NULL},
	{"Hardware", status_row_hardware, 0, NULL},
	{"Rebinds", status_row_rebinds, 0, NULL},
	{"Addresses", status_row_addresses, 0, NULL},
	{"Source", status_row_source, 0, NULL},
	{"Certificate", row_horizon, FIELD_ID_CERTIFICATE,
	    "; of the authority's TLS"},
	{"On change", status_row_on_change, 0, NULL},
	{NULL, NULL, 0, NULL},
	{"Clock", status_row_clock, 0, NULL},
	{"Storage", status_row_storage, 0, NULL},
	{"Agent", status_row_agent, 0, NULL},
};

enum { TITLE_WIDTH = 15 };

void
text_status(const struct report *report, const struct agent_report *agent,
    struct buf *out)
{
	struct page page = {.r = report, .a = agent};
	bool gap = true;

	text_license(report, out);
	for (size_t i = 0; i < sizeof(page_rows) / sizeof(page_rows[0]); i++) {
		struct buf value;

		if (page_rows[i].title == NULL) {
			gap = true;
			continue;
		}
		page.id = page_rows[i].id;
		page.tail = page_rows[i].tail;
		buf_init(&value, 4096);
		page_rows[i].add(&page, &value);
		if (value.len > 0) {
			char title[TITLE_WIDTH + 1];

			snprintf(title, sizeof(title), "%s:",
			    page_rows[i].title);
			buf_printf(out, "%s%-*s%s\n", gap ? "\n" : "",
			    TITLE_WIDTH, title, buf_text(&value));
			gap = false;
		}
		buf_fini(&value);
	}
}
