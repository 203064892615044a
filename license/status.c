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

#define has(r, id) ((r)->has[FIELD_ID_##id])
#define agent_has(a, id) ((a)->has[AGENT_ID_##id])

static void
add_printable(const char *text, struct buf *out)
{
	buf_printable(out, text, strlen(text));
}

/* "in 3 h 12 min" or "3 h 12 min ago". */
static void
add_distance(utc_t t, utc_t now, struct buf *out)
{
	if (utc_before(t, now)) {
		text_duration(now.s - t.s, out);
		buf_puts(out, " ago");
	} else {
		buf_puts(out, "in ");
		text_duration(t.s - now.s, out);
	}
}

static void
add_moment(utc_t t, utc_t now, struct buf *out)
{
	char text[UTC_TEXT_SIZE];

	utc_text(t, text);
	buf_printf(out, "%s (", text);
	add_distance(t, now, out);
	buf_putc(out, ')');
}

/* A horizon is told in days, which turn at midnight UTC. */
static void
add_horizon(utc_t t, utc_t now, struct buf *out)
{
	char text[UTC_TEXT_SIZE];
	int64_t days = utc_days(t, now);

	utc_text(t, text);
	buf_printf(out, "%s (%" PRId64 " %s)", text, days,
	    days == 1 ? "day" : "days");
}

/*
 * One row a line. A row that appends nothing is left out,
 * because what does not apply is no word.
 */
struct page {
	const struct report *r;
	const struct agent_report *a;
};

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
		add_moment(p->r->issued, p->r->now, out);
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
	if (p->r->advice[0] == '\0')
		buf_puts(out, "nothing");
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
	if (!has(p->r, ACTION_DEADLINE))
		return;
	add_horizon(p->r->action_deadline, p->r->now, out);
	if (has(p->r, ACTION_WARNING) && has(p->r, ACTION_CRITICAL))
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
row_grace(const struct page *p, struct buf *out)
{
	if (!has(p->r, GRACE_END))
		return;
	add_horizon(p->r->grace_end, p->r->now, out);
	buf_puts(out, "; the new hardware was refused");
}

static void
row_expiry(const struct page *p, struct buf *out)
{
	if (!has(p->r, EXPIRY))
		return;
	add_horizon(p->r->expiry, p->r->now, out);
	buf_puts(out, "; the end if nothing more happens");
}

static void
row_successor(const struct page *p, struct buf *out)
{
	if (has(p->r, SUCCESSOR))
		add_moment(p->r->successor_not_before, p->r->now, out);
}

static void
row_attempt(const struct page *p, struct buf *out)
{
	if (!has(p->r, LAST_ATTEMPT))
		return;
	add_moment(p->r->refresh_last_attempt, p->r->now, out);
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
	buf_printf(out, "%s: %s",
	    names_label(NAMES_RESULT, r->refresh_last_result),
	    names_sentence(NAMES_RESULT, r->refresh_last_result));
	if (has(r, REFUSAL) && r->refresh_last_refusal != REFUSAL_NONE)
		buf_printf(out, ": %s",
		    names_sentence(NAMES_REFUSAL, r->refresh_last_refusal));
	if (has(r, REFUSAL_DETAIL) && r->refusal_detail[0] != '\0') {
		buf_puts(out, " (");
		add_printable(r->refusal_detail, out);
		buf_putc(out, ')');
	}
}

static void
row_success(const struct page *p, struct buf *out)
{
	if (has(p->r, LAST_SUCCESS))
		add_moment(p->r->refresh_last_success, p->r->now, out);
	else if (has(p->r, RESULT))
		buf_puts(out, "none yet");
}

static void
row_next(const struct page *p, struct buf *out)
{
	if (has(p->r, NEXT_ATTEMPT))
		add_moment(p->r->refresh_next_attempt, p->r->now, out);
}

static void
row_overdue(const struct page *p, struct buf *out)
{
	if (!has(p->r, REFRESH_DUE))
		return;
	buf_puts(out,
	    utc_before(p->r->now, p->r->refresh_due) ? "from " : "SINCE ");
	add_moment(p->r->refresh_due, p->r->now, out);
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
	if (has(r, USED_MBITS) && has(r, BANDWIDTH_WARNING) &&
	    has(r, BANDWIDTH_CRITICAL))
		buf_printf(out, "; warning from %" PRId64 " %%, critical from "
		    "%" PRId64 " %%", r->bandwidth_warning_pct,
		    r->bandwidth_critical_pct);
}

static void
row_binding(const struct page *p, struct buf *out)
{
	const struct report *r = p->r;

	if (!has(r, BINDING_KNOWN))
		return;
	if (r->binding_changed != 0) {
		buf_puts(out, "DIFFERENT: ");
		text_components(r->binding_changed, out);
	}
	if ((r->binding_known & ~r->binding_changed) != 0) {
		buf_puts(out, r->binding_changed != 0 ? "; same: " : "same: ");
		text_components(r->binding_known & ~r->binding_changed, out);
	}
	if (r->binding_known == 0)
		buf_puts(out, "no component could be read");
}

static void
row_hardware(const struct page *p, struct buf *out)
{
	const char *between = "";

	if (has(p->r, CPU_MODEL)) {
		add_printable(p->r->cpu_model, out);
		between = ", ";
	}
	if (has(p->r, LOGICAL_CPUS)) {
		buf_printf(out, "%s%" PRId64 " logical CPUs", between,
		    p->r->logical_cpus);
		between = ", ";
	}
	if (has(p->r, MEMORY))
		buf_printf(out, "%s%" PRId64 " MiB memory", between,
		    p->r->memory_mib);
}

static void
row_rebinds(const struct page *p, struct buf *out)
{
	if (!has(p->r, REBINDS_USED))
		return;
	buf_printf(out, "%" PRId64, p->r->rebinds_used);
	if (has(p->r, REBINDS_ALLOWED))
		buf_printf(out, " of %" PRId64, p->r->rebinds_allowed);
	buf_puts(out, " used");
	if (has(p->r, REBIND_WINDOW_END)) {
		buf_puts(out, "; one is free again ");
		add_moment(p->r->rebind_window_end, p->r->now, out);
	}
}

static void
row_addresses(const struct page *p, struct buf *out)
{
	if (has(p->r, EXTERNAL_ADDRESS)) {
		buf_puts(out, "external ");
		add_printable(p->r->external_address, out);
	}
	if (has(p->r, INTERNAL_ADDRESS)) {
		buf_puts(out, has(p->r, EXTERNAL_ADDRESS) ? ", internal " :
							    "internal ");
		add_printable(p->r->internal_address, out);
	}
}

static void
row_source(const struct page *p, struct buf *out)
{
	buf_puts(out, names_sentence(NAMES_SOURCE, p->r->source));
	if (has(p->r, LICENSE_FILE)) {
		buf_puts(out, "; stored in ");
		add_printable(p->r->license_file, out);
	}
	if (has(p->r, DATA_AGE)) {
		buf_puts(out, "; read ");
		text_duration(p->r->data_age_s, out);
		buf_puts(out, " ago");
	}
}

static void
row_on_change(const struct page *p, struct buf *out)
{
	if (has(p->r, ON_CHANGE_EXIT))
		buf_printf(out, "%s (exit code %" PRId64 ")",
		    p->r->on_change_exit == 0 ? "ran well" : "FAILED",
		    p->r->on_change_exit);
}

static void
row_certificate(const struct page *p, struct buf *out)
{
	if (!has(p->r, CERTIFICATE))
		return;
	buf_puts(out, "good until ");
	add_horizon(p->r->authority_certificate_not_after, p->r->now, out);
}

static void
row_clock(const struct page *p, struct buf *out)
{
	char text[UTC_TEXT_SIZE];

	utc_text(p->a->now, text);
	buf_puts(out, text);
	if (agent_has(p->a, TRUST))
		buf_printf(out, "; %s: %s",
		    names_label(NAMES_TRUST, p->a->clock_trust),
		    names_sentence(NAMES_TRUST, p->a->clock_trust));
	if (agent_has(p->a, OFFSET))
		buf_printf(out, "; %+" PRId64 " s to the authority's",
		    p->a->clock_offset_s);
	if (agent_has(p->a, STEPS) && p->a->clock_steps > 0)
		buf_printf(out, "; stepped %" PRId64 " times",
		    p->a->clock_steps);
}

static void
row_storage(const struct page *p, struct buf *out)
{
	if (!agent_has(p->a, STORAGE_UP))
		return;
	buf_puts(out, p->a->storage_up ? "can be written" :
					 "CANNOT be written");
	if (agent_has(p->a, STORAGE_WRITE))
		buf_printf(out, "; the last write took %" PRId64 " ms",
		    p->a->storage_last_write_ms);
}

static void
row_agent(const struct page *p, struct buf *out)
{
	if (!agent_has(p->a, VERSION))
		return;
	buf_puts(out, "leaselined ");
	add_printable(p->a->version, out);
	if (!agent_has(p->a, HEARTBEAT)) {
		buf_puts(out, ", not running");
		return;
	}
	if (agent_has(p->a, START)) {
		buf_puts(out, ", started ");
		add_moment(p->a->start, p->a->now, out);
	}
	if (agent_has(p->a, AGENTX_UP))
		buf_printf(out, ", SNMP master %s",
		    p->a->agentx_up ? "connected" : "NOT connected");
}

static const struct {
	const char *title; /* NULL: an empty line */
	void (*add)(const struct page *p, struct buf *out);
} page_rows[] = {
	{"License", row_name},
	{"Product", row_product},
	{"Issued by", row_issuer},
	{NULL, NULL},
	{"State", row_state},
	{"Severity", row_severity},
	{"What to do", row_advice},
	{NULL, NULL},
	{"Act before", row_action},
	{"Lease end", row_lease},
	{"Term end", row_term},
	{"Grace end", row_grace},
	{"Expiry", row_expiry},
	{"Next license", row_successor},
	{NULL, NULL},
	{"Last refresh", row_attempt},
	{"Result", row_result},
	{"Last success", row_success},
	{"Next refresh", row_next},
	{"Overdue", row_overdue},
	{"Failures", row_failures},
	{NULL, NULL},
	{"Bandwidth", row_bandwidth},
	{"Binding", row_binding},
	{"Hardware", row_hardware},
	{"Rebinds", row_rebinds},
	{"Addresses", row_addresses},
	{"Source", row_source},
	{"Certificate", row_certificate},
	{"On change", row_on_change},
	{NULL, NULL},
	{"Clock", row_clock},
	{"Storage", row_storage},
	{"Agent", row_agent},
};

enum { TITLE_WIDTH = 15 };

void
text_status(const struct report *report, const struct agent_report *agent,
    struct buf *out)
{
	const struct page page = {.r = report, .a = agent};
	bool gap = true;

	text_license(report, out);
	for (size_t i = 0; i < sizeof(page_rows) / sizeof(page_rows[0]); i++) {
		struct buf value;

		if (page_rows[i].title == NULL) {
			gap = true;
			continue;
		}
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
