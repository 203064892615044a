/* SPDX-License-Identifier: ISC */
/*
 * One license, from what matters most to what matters least: by when to act,
 * why and how, the horizons, the refreshes, bandwidth, what it is bound to.
 */
#include "exporter/page_card.h"

#include <inttypes.h>
#include <string.h>

#include "exporter/html.h"
#include "exporter/page.h"
#include "license/base/buf.h"
#include "license/text.h"

static bool
has(const struct report *r, enum field_id id)
{
	return r->has[id];
}

/* The shape says what the color says. */
static const char *
shape(int severity)
{
	switch (severity) {
	case SEVERITY_OK:
		return "&#10003;";
	case SEVERITY_WARNING:
		return "!";
	case SEVERITY_CRITICAL:
		return "&#10005;";
	default:
		return "?";
	}
}

static void
put_heading(const struct report *r, size_t number, struct buf *out)
{
	buf_printf(out, "<header><span class=\"shape\" aria-hidden=\"true\">"
	    "%s</span><h2 id=\"license-%zu\">", shape(r->severity), number);
	html_text(out, r->name);
	buf_puts(out, "</h2><p class=\"product\">");
	if (has(r, FIELD_ID_PRODUCT))
		html_text(out, r->product);
	if (has(r, FIELD_ID_EDITION) && strcmp(r->edition, r->product) != 0) {
		buf_puts(out, ", ");
		html_text(out, r->edition);
	}
	buf_puts(out, "</p></header>\n");
}

static void
put_day(const char *before, utc_t t, const char *after, struct buf *out)
{
	char day[UTC_DATE_SIZE], text[UTC_TEXT_SIZE];

	utc_date(t, day);
	utc_text(t, text);
	buf_printf(out, "%s<time datetime=\"%s\">%s</time>%s", before, text,
	    day, after);
}

/* The largest thing on the card. */
static void
put_days(const struct report *r, struct buf *out)
{
	int64_t days;

	buf_puts(out, "<p class=\"days\">");
	if (!r->usable) {
		buf_puts(out, "<strong class=\"number\">Not usable</strong>");
		if (has(r, FIELD_ID_EXPIRY) && utc_before(r->expiry, r->now))
			put_day(" <span class=\"by\">since the end of ",
			    r->expiry, "</span>", out);
	} else if (!has(r, FIELD_ID_ACTION_DEADLINE)) {
		buf_puts(out, "<strong class=\"number\">Usable</strong>");
	} else {
		days = utc_days(r->action_deadline, r->now);
		buf_printf(out, "<strong class=\"number\">%" PRId64
		    "</strong> <span class=\"unit\">%s</span>", days,
		    days == 0 ? "days: today is the last one" :
		    days == 1 ? "day to act" : "days to act");
		put_day(" <span class=\"by\">by the end of ",
		    r->action_deadline, "</span>", out);
	}
	buf_puts(out, "</p>\n");
}

static void
put_words(const struct report *r, struct buf *out)
{
	buf_printf(out, "<p class=\"state\"><strong>%s</strong>: ",
	    names_label(NAMES_STATE, r->state));
	html_text(out, names_sentence(NAMES_STATE, r->state));
	if (r->reason != REASON_NONE &&
	    strcmp(names_sentence(NAMES_REASON, r->reason),
		names_sentence(NAMES_STATE, r->state)) != 0) {
		buf_puts(out, "; ");
		html_text(out, names_sentence(NAMES_REASON, r->reason));
	}
	buf_puts(out, "</p>\n<p class=\"advice\"><span class=\"label\">What to "
	    "do</span> ");
	html_text(out, r->advice);
	buf_puts(out, "</p>\n");
}

static void
put_legend_row(const struct report *r, enum field_id id, const char *class,
    const char *word, struct buf *out)
{
	if (!has(r, id))
		return;
	utc_t t = field_instant(r, id);
	int64_t days = utc_days(t, r->now);

	buf_printf(out, "<li class=\"%s\">%s ", class, word);
	put_day("", t, "", out);
	buf_printf(out, ", %" PRId64 " day%s", days,
	    days == 1 || days == -1 ? "" : "s");
	buf_puts(out, "</li>\n");
}

static void
put_legend(const struct report *r, struct buf *out)
{
	if (!has(r, FIELD_ID_LEASE_END) && !has(r, FIELD_ID_TERM_END))
		return;
	buf_puts(out, "<ul class=\"legend\">\n");
	put_legend_row(r, FIELD_ID_TERM_END, "term", "Paid term to", out);
	put_legend_row(r, FIELD_ID_LEASE_END, "lease",
	    r->mode == MODE_OFFLINE ? "Offline license to" : "Lease to", out);
	put_legend_row(r, FIELD_ID_GRACE_END, "grace",
	    "Grace for changed hardware to", out);
	put_legend_row(r, FIELD_ID_SUCCESSOR, "successor",
	    "The license that waits begins", out);
	if (r->usable && has(r, FIELD_ID_ACTION_DEADLINE))
		buf_printf(out, "<li class=\"zones\">Warning %" PRId64
		    " days before a person must have acted, critical %" PRId64
		    "</li>\n", r->action_warning_s / DAY_S,
		    r->action_critical_s / DAY_S);
	buf_puts(out, "</ul>\n");
}

static void
put_ago(const char *label, utc_t t, utc_t now, const char *what,
    struct buf *out)
{
	char text[UTC_TEXT_SIZE];
	bool ahead = utc_before(now, t);

	utc_text(t, text);
	buf_printf(out, "<dt>%s</dt><dd>", label);
	if (what != NULL) {
		html_text(out, what);
		buf_puts(out, ", ");
	}
	buf_printf(out, "<time datetime=\"%s\" title=\"%s\">%s", text, text,
	    ahead ? "in " : "");
	text_duration(ahead ? t.s - now.s : now.s - t.s, out);
	buf_printf(out, "%s</time></dd>\n", ahead ? "" : " ago");
}

static void
put_refreshes(const struct report *r, struct buf *out)
{
	if (!has(r, FIELD_ID_RESULT))
		return;
	if (has(r, FIELD_ID_DATA_AGE))
		put_ago("FastNetMon told it", utc_add(r->now, -r->data_age_s),
		    r->now, NULL, out);
	if (has(r, FIELD_ID_LAST_ATTEMPT))
		put_ago("Last refresh", r->refresh_last_attempt, r->now,
		    names_sentence(NAMES_RESULT, r->refresh_last_result), out);
	if (r->refresh_last_result == RESULT_REFUSED &&
	    has(r, FIELD_ID_REFUSAL_DETAIL)) {
		buf_puts(out, "<dt>It says</dt><dd>");
		html_text(out, r->refusal_detail);
		buf_puts(out, "</dd>\n");
	}
	if (r->failing && has(r, FIELD_ID_LAST_SUCCESS))
		put_ago("Last good one", r->refresh_last_success, r->now, NULL,
		    out);
	if (has(r, FIELD_ID_NEXT_ATTEMPT))
		put_ago("Next refresh", r->refresh_next_attempt, r->now, NULL,
		    out);
}

static void
put_bandwidth(const struct report *r, struct buf *out)
{
	if (!has(r, FIELD_ID_BANDWIDTH))
		return;
	buf_puts(out, "<dt>Bandwidth</dt><dd>");
	if (has(r, FIELD_ID_USED_MBITS))
		buf_printf(out, "%" PRId64 " of ", r->used_mbits);
	buf_printf(out, "%" PRId64 " Mbit/s", r->bandwidth_mbits);
	if (has(r, FIELD_ID_USED_PERCENT))
		buf_printf(out, " (%" PRId64 " %%)", r->used_percent);
	if (!has(r, FIELD_ID_USED_MBITS))
		buf_puts(out, " licensed");
	if (has(r, FIELD_ID_PEAK))
		buf_printf(out, ", at most %" PRId64 " in 24 h",
		    r->peak_bytes_per_s / 125000);
	buf_puts(out, "</dd>\n");
}

static void
put_row(const char *label, const char *text, struct buf *out)
{
	buf_printf(out, "<dt>%s</dt><dd>", label);
	html_text(out, text);
	buf_puts(out, "</dd>\n");
}

static void
put_binding(const struct report *r, struct buf *out)
{
	struct buf text;

	buf_init(&text, 4096);
	if (has(r, FIELD_ID_CPU_MODEL))
		buf_printf(&text, "%s; ", r->cpu_model);
	if (has(r, FIELD_ID_LOGICAL_CPUS))
		buf_printf(&text, "%" PRId64 " logical CPU%s; ",
		    r->logical_cpus, r->logical_cpus == 1 ? "" : "s");
	if (has(r, FIELD_ID_MEMORY))
		buf_printf(&text, "%" PRId64 " MiB; ", r->memory_mib);
	if (text.len > 2) {
		text.len -= 2;
		text.data[text.len] = '\0';
		put_row("Hardware", buf_text(&text), out);
	}
	buf_clear(&text);
	if (has(r, FIELD_ID_BINDING_KNOWN)) {
		bool changed = r->binding_changed != 0;

		buf_puts(&text, changed ? "other than licensed: " :
					  "as licensed: ");
		text_components(changed ? r->binding_changed :
					  r->binding_known, &text);
		put_row("Bound to", buf_text(&text), out);
	}
	if (has(r, FIELD_ID_BINDING_DIFFERENCE))
		put_row("Changed", r->binding_difference, out);
	if (has(r, FIELD_ID_EXTERNAL_ADDRESS))
		put_row("External address", r->external_address, out);
	if (has(r, FIELD_ID_INTERNAL_ADDRESS))
		put_row("Internal address", r->internal_address, out);
	buf_fini(&text);
}

/* The numbers behind the pictures. */
static void
put_numbers(const struct report *r, struct buf *out)
{
	put_legend(r, out);
	buf_puts(out, "<dl>\n");
	put_refreshes(r, out);
	put_bandwidth(r, out);
	buf_puts(out, "</dl>\n");
}

static void
put_more(const struct report *r, enum card_room room, struct buf *out)
{
	buf_printf(out, "<details%s><summary>%s</summary>\n",
	    room == CARD_ALONE ? " open" : "", room == CARD_MANY ?
	    "More" : "Hardware, addresses and origin");
	if (room == CARD_MANY)
		put_numbers(r, out);
	buf_puts(out, "<dl>\n");
	put_binding(r, out);
	if (has(r, FIELD_ID_ID))
		put_row("License", r->id, out);
	if (has(r, FIELD_ID_ISSUER))
		put_row("Issuer", r->issuer, out);
	if (has(r, FIELD_ID_KIND))
		put_row("Kind", names_sentence(NAMES_KIND, r->kind), out);
	if (has(r, FIELD_ID_MODE))
		put_row("Kept", names_sentence(NAMES_MODE, r->mode), out);
	if (has(r, FIELD_ID_BILLING))
		put_row("Billing", names_sentence(NAMES_BILLING, r->billing),
		    out);
	if (has(r, FIELD_ID_LICENSE_FILE))
		put_row("File", r->license_file, out);
	if (has(r, FIELD_ID_FILE_DETAIL))
		put_row("The file there", r->file_detail, out);
	buf_puts(out, "</dl>\n</details>\n");
}

void
page_card(const struct report *r, const struct license_facts *facts,
    size_t number, enum card_room room, struct buf *out)
{
	buf_printf(out, "<article class=\"card %s\" aria-labelledby=\""
	    "license-%zu\">\n", names_label(NAMES_SEVERITY, r->severity),
	    number);
	put_heading(r, number, out);
	put_days(r, out);
	put_words(r, out);
	page_line(r, out);
	if (has(r, FIELD_ID_RESULT))
		page_strip(facts, out);
	page_gauge(r, out);
	if (room != CARD_MANY)
		put_numbers(r, out);
	put_more(r, room, out);
	buf_puts(out, "</article>\n");
}
