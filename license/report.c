/* SPDX-License-Identifier: ISC */
/*
 * facts and an instant in, the one report out. It reads nothing else, keeps
 * nothing, and does not know who will show it.
 */
#include "license/report.h"

#include <string.h>

#include "license/advice.h"
#include "license/base/buf.h"
#include "license/policy.h"

/* What the steps below hand on to one another. */
struct making {
	const struct license_facts *facts;
	struct report *out;
	enum trust trust;
	struct thresholds thresholds;
	unsigned mismatch;
	bool lease_decides; /* the deadline is the end of a lease or grace */
};

/* Set a member, and with it that it applies. */
#define SET(out, id, member, value)                                           \
	((out)->member = (value), (out)->has[FIELD_ID_##id] = true)
#define SET_IF(condition, out, id, member, value)                             \
	do {                                                                  \
		if (condition)                                                \
			SET(out, id, member, value);                          \
	} while (0)
#define SET_TEXT(out, id, member, value)                                      \
	((out)->has[FIELD_ID_##id] =                                          \
		text_copy((out)->member, sizeof((out)->member), value) &&     \
	    (out)->member[0] != '\0')

static void
report_identity(const struct making *m)
{
	const struct license_facts *facts = m->facts;
	struct report *out = m->out;

	SET_TEXT(out, NAME, name, facts->name);
	SET_TEXT(out, LICENSE_FILE, license_file, facts->file);
	SET_TEXT(out, FILE_DETAIL, file_detail,
	    facts->file_state == LICENSE_FILE_STRANGER ?
		"another program's file is there" :
	    facts->file_state == LICENSE_FILE_UNWRITABLE ?
		"it cannot be written" : facts->file_detail);
	SET(out, INDEX, index, facts->index);
	SET(out, SOURCE, source, facts->source);
	SET_TEXT(out, CPU_MODEL, cpu_model, facts->hardware.cpu_model);
	SET_IF(facts->hardware.logical_cpus > 0, out, LOGICAL_CPUS,
	    logical_cpus, facts->hardware.logical_cpus);
	SET_IF(facts->hardware.memory_mib > 0, out, MEMORY, memory_mib,
	    facts->hardware.memory_mib);
	SET_TEXT(out, INTERNAL_ADDRESS, internal_address,
	    facts->hardware.internal_address);
	if (!facts->has_license) {
		SET_TEXT(out, PRODUCT, product, facts->product);
		return;
	}
	SET_TEXT(out, ID, id, facts->license.id);
	SET_TEXT(out, PRODUCT, product, facts->license.product);
	SET_TEXT(out, EDITION, edition, facts->license.edition);
	SET_TEXT(out, ISSUER, issuer, facts->license.issuer);
	SET(out, KIND, kind, facts->license.kind);
	/* FastNetMon does not say which. */
	SET_IF(!policy_watches(facts), out, MODE, mode, facts->license.mode);
	SET_IF(facts->license.billing != 0, out, BILLING, billing,
	    facts->license.billing);
	SET_IF(facts->license.renews != 0, out, RENEWS, renews,
	    facts->license.renews);
	SET_TEXT(out, EXTERNAL_ADDRESS, external_address,
	    facts->license.external_address);
}

static void
report_bandwidth(const struct making *m)
{
	const struct license_facts *facts = m->facts;
	struct report *out = m->out;
	int64_t limit = facts->has_license ? facts->license.bandwidth_mbits : 0;

	SET_IF(facts->has_license, out, BANDWIDTH, bandwidth_mbits, limit);
	if (!facts->has_bandwidth)
		return;
	int64_t in = facts->incoming_bytes_per_s;
	int64_t outgoing = facts->outgoing_bytes_per_s;
	int64_t larger = in > outgoing ? in : outgoing;
	SET(out, USED_IN, incoming_bytes_per_s, in);
	SET(out, USED_OUT, outgoing_bytes_per_s, outgoing);
	SET_IF(facts->peak_bytes_per_s >= 0, out, PEAK, peak_bytes_per_s,
	    facts->peak_bytes_per_s);
	SET(out, USED_MBITS, used_mbits, larger / 125000);
	SET_IF(limit > 0, out, USED_PERCENT, used_percent,
	    larger / 1250 / (limit > 0 ? limit : 1));
}

static void
report_refresh(const struct making *m)
{
	const struct license_facts *facts = m->facts;
	struct report *out = m->out;

	if (!policy_refreshes(facts) && !policy_watches(facts))
		return;
	SET(out, REFRESH_INTERVAL, refresh_interval_s, policy_watches(facts) ?
		facts->poll_interval_s : REFRESH_INTERVAL_S);
	SET_IF(facts->last_attempt.s != 0, out, LAST_ATTEMPT,
	    refresh_last_attempt, facts->last_attempt);
	SET_IF(facts->last_success.s != 0, out, LAST_SUCCESS,
	    refresh_last_success, facts->last_success);
	SET_IF(facts->next_attempt.s != 0, out, NEXT_ATTEMPT,
	    refresh_next_attempt, facts->next_attempt);
	SET(out, REFRESH_DUE, refresh_due, utc_add(policy_last_good(facts),
	    m->thresholds.refresh_warning_s));
	SET(out, RESULT, refresh_last_result, facts->last_result);
	SET(out, REFUSAL, refresh_last_refusal, facts->last_refusal);
	SET_TEXT(out, REFUSAL_DETAIL, refusal_detail,
	    policy_refused(facts) != 0 ? facts->refusal.detail :
					 facts->last_detail);
	SET_IF(facts->last_duration_ms >= 0, out, DURATION,
	    refresh_last_duration_ms, facts->last_duration_ms);
	SET(out, FAILURES_IN_ROW, refresh_failures_in_row,
	    facts->failures_in_row);
	SET(out, ATTEMPTS, refresh_attempts, facts->attempts);
	int64_t failures = 0;
	for (int i = 0; i <= RESULT_MAX; i++) {
		out->failures[i] = facts->failures[i];
		failures += facts->failures[i];
	}
	SET(out, FAILURES, refresh_failures, failures);
	SET_IF(facts->certificate_not_after.s != 0, out, CERTIFICATE,
	    authority_certificate_not_after, facts->certificate_not_after);
	SET(out, FAILING, failing, policy_failing(facts, out->now));
}

static void
report_binding(const struct making *m)
{
	const struct license_facts *facts = m->facts;
	struct report *out = m->out;
	const struct license *license = &facts->license;

	SET_IF(facts->on_change_exit >= 0, out, ON_CHANGE_EXIT, on_change_exit,
	    facts->on_change_exit);
	if (!facts->has_license ||
	    (policy_watches(facts) && !facts->vendor_local))
		return;
	unsigned bound = component_bit(CPU_MODEL) | component_bit(LOGICAL_CPUS);
	unsigned always = policy_watches(facts) ? 0 :
						  component_bit(MACHINE_KEY);
	if (license->mode == MODE_OFFLINE) {
		bound |= component_bit(MEMORY);
		always = 0;
	}
	SET(out, BINDING_KNOWN, binding_known,
	    (bound & facts->hardware.known) | always);
	SET(out, BINDING_CHANGED, binding_changed, hardware_changed(license,
	    &facts->hardware, facts->machine_key));
	hardware_difference(license, &facts->hardware, out->binding_changed,
	    out->binding_difference);
	out->has[FIELD_ID_BINDING_DIFFERENCE] = out->binding_changed != 0;
	if (license->mode != MODE_ONLINE || policy_watches(facts))
		return;
	SET(out, REBINDS_USED, rebinds_used, license->rebinds_used);
	SET(out, REBINDS_ALLOWED, rebinds_allowed, license->rebinds_allowed);
	SET_IF(has_bit(license->has, LICENSE_REBIND_WINDOW_END), out,
	    REBIND_WINDOW_END, rebind_window_end, license->rebind_window_end);
}

/*
 * A date is all that FastNetMon says: the end of a lease that it extends, or
 * of a term. Until the date moves, that is when a person must have acted.
 */
static void
report_vendor(struct making *m)
{
	const struct license_facts *facts = m->facts;
	struct report *out = m->out;

	SET_IF(facts->data_at.s != 0, out, DATA_AGE, data_age_s,
	    out->now.s > facts->data_at.s ? out->now.s - facts->data_at.s : 0);
	if (!facts->has_license)
		return;
	SET(out, LEASE_END, lease_end, facts->license.lease_end);
	SET(out, TERM_END, term_end, facts->license.term_end);
	out->has[FIELD_ID_LEASE_END] = !facts->fixed_term;
	out->has[FIELD_ID_TERM_END] = facts->fixed_term;
	SET(out, EXPIRY, expiry, policy_expiry(facts));
	SET(out, ACTION_DEADLINE, action_deadline, out->expiry);
	text_copy(out->vendor_date, sizeof(out->vendor_date),
	    facts->vendor_date);
	m->lease_decides = !facts->fixed_term;
}

static utc_t
later_with_successor(const struct license_facts *facts, utc_t expiry)
{
	bool unbroken = facts->has_successor &&
	    facts->successor_not_before.s <= expiry.s + 1;

	return unbroken ? utc_max(expiry, facts->successor_expiry) : expiry;
}

static void
report_horizons(struct making *m)
{
	const struct license_facts *facts = m->facts;
	struct report *out = m->out;
	const struct license *license = &facts->license;

	if (policy_watches(facts)) {
		report_vendor(m);
		return;
	}
	SET_IF(facts->has_successor, out, SUCCESSOR, successor_not_before,
	    facts->successor_not_before);
	if (!facts->has_license)
		return;
	SET(out, SEQUENCE, sequence, license->sequence);
	SET(out, ISSUED, issued, license->issued);
	SET(out, LEASE_END, lease_end, license->lease_end);
	SET(out, TERM_END, term_end, license->term_end);
	utc_t grace = policy_grace_end(facts);
	SET_IF(grace.s != 0, out, GRACE_END, grace_end, grace);
	SET(out, EXPIRY, expiry, policy_expiry(facts));

	/* A person must act before the lease's end only while nothing extends
	 * it; the term is a person's affair always. */
	bool extended = policy_refreshes(facts) && !out->failing;
	utc_t deadline = extended ? license->term_end :
				    later_with_successor(facts, out->expiry);
	if (grace.s != 0)
		deadline = utc_min(deadline, grace);
	SET(out, ACTION_DEADLINE, action_deadline, deadline);
	m->lease_decides = license->mode == MODE_ONLINE &&
	    utc_before(deadline, license->term_end);
}

static void
report_thresholds(struct making *m)
{
	struct thresholds *t = &m->thresholds;
	struct report *out = m->out;

	if (m->facts->has_license) {
		SET(out, ACTION_WARNING, action_warning_s, m->lease_decides ?
			t->lease_warning_s : t->action_warning_s);
		SET(out, ACTION_CRITICAL, action_critical_s, m->lease_decides ?
			t->lease_critical_s : t->action_critical_s);
	}
	if (policy_refreshes(m->facts) || policy_watches(m->facts)) {
		SET(out, REFRESH_WARNING, refresh_warning_s,
		    t->refresh_warning_s);
		SET(out, REFRESH_CRITICAL, refresh_critical_s,
		    t->refresh_critical_s);
		SET(out, LEASE_WARNING, lease_warning_s, t->lease_warning_s);
		SET(out, LEASE_CRITICAL, lease_critical_s,
		    t->lease_critical_s);
	}
	SET(out, BANDWIDTH_WARNING, bandwidth_warning_pct,
	    t->bandwidth_warning_pct);
	SET(out, BANDWIDTH_CRITICAL, bandwidth_critical_pct,
	    t->bandwidth_critical_pct);
}

static bool
within(utc_t end, utc_t now, int64_t threshold_s)
{
	return end.s - now.s < threshold_s;
}

/* In the order of STATES: the first that matches. */
static enum state
find_state(const struct making *m)
{
	const struct license_facts *facts = m->facts;
	const struct report *out = m->out;
	int refused = policy_refused(facts);

	if (!facts->has_license)
		return facts->file_state == LICENSE_FILE_REJECTED ?
		    STATE_INVALID : STATE_MISSING;
	if (policy_revoked(facts, out->now))
		return STATE_INVALID;
	if (refused == REFUSAL_CANCELLED)
		return STATE_CANCELLED;
	if (refused == REFUSAL_SUSPENDED)
		return STATE_SUSPENDED;
	if (utc_before(out->now, facts->license.not_before))
		return STATE_NOT_YET_VALID;
	/* Past the grace it is the hardware that ended it, not the time. */
	utc_t end = utc_min(out->lease_end, out->term_end);
	if (utc_before(end, out->now))
		return STATE_EXPIRED;
	if (m->mismatch != 0)
		return STATE_HARDWARE_MISMATCH;
	if (timekeeping_stepped(m->trust))
		return STATE_CLOCK_UNTRUSTED;
	if (within(out->action_deadline, out->now, out->action_warning_s))
		return STATE_EXPIRING;
	return STATE_VALID;
}

static bool
is_usable(const struct making *m, enum state state)
{
	switch (state) {
	case STATE_VALID:
	case STATE_EXPIRING:
	case STATE_CLOCK_UNTRUSTED:
		return true;
	case STATE_EXPIRED:
		return m->facts->license.on_expiry == ON_EXPIRY_WARN &&
		    m->mismatch == 0;
	default:
		return false;
	}
}

/* The worst wins; of equals the first raised, so raise in order. */
static void
raise_severity(struct report *out, enum severity severity, enum reason reason)
{
	if (severity_compare(severity, (enum severity)out->severity) <= 0)
		return;
	out->severity = severity;
	out->reason = reason;
}

static void
raise_state(const struct making *m)
{
	static const struct {
		enum state state;
		enum severity severity;
		enum reason reason;
	} rows[] = {
		{STATE_MISSING, SEVERITY_CRITICAL, REASON_MISSING},
		{STATE_INVALID, SEVERITY_CRITICAL, REASON_INVALID},
		{STATE_CANCELLED, SEVERITY_CRITICAL, REASON_CANCELLED},
		{STATE_SUSPENDED, SEVERITY_CRITICAL, REASON_SUSPENDED},
		{STATE_NOT_YET_VALID, SEVERITY_CRITICAL, REASON_NOT_YET_VALID},
		{STATE_EXPIRED, SEVERITY_CRITICAL, REASON_EXPIRED},
		{STATE_HARDWARE_MISMATCH, SEVERITY_CRITICAL,
			REASON_HARDWARE_MISMATCH},
		{STATE_CLOCK_UNTRUSTED, SEVERITY_WARNING,
			REASON_CLOCK_UNTRUSTED},
	};
	struct report *out = m->out;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].state != (enum state)out->state)
			continue;
		bool waiting = rows[i].state == STATE_MISSING &&
		    m->facts->source != SOURCE_FILE && !m->facts->answered;
		raise_severity(out, waiting ? SEVERITY_WARNING :
			rows[i].severity, rows[i].reason);
	}
}

static void
raise_two(struct report *out, bool warning, bool critical, enum reason reason)
{
	if (critical)
		raise_severity(out, SEVERITY_CRITICAL, reason);
	else if (warning)
		raise_severity(out, SEVERITY_WARNING, reason);
}

static void
raise_refusals(const struct making *m)
{
	struct report *out = m->out;
	/* What was refused online says nothing of an offline license. */
	int refusal = policy_offline(m->facts) ? REFUSAL_NONE :
						 m->facts->last_refusal;

	raise_two(out, out->has[FIELD_ID_GRACE_END] ||
		refusal == REFUSAL_HARDWARE_LIMIT, false,
	    REASON_REBIND_REFUSED);
	raise_two(out, refusal == REFUSAL_ADDRESS_CHANGED, false,
	    REASON_ADDRESS_CHANGED);
	raise_two(out, refusal == REFUSAL_CLONE, false, REASON_CLONE);
}

static void
report_severity(const struct making *m)
{
	struct report *out = m->out;
	const struct license_facts *facts = m->facts;
	utc_t now = out->now;

	out->severity = SEVERITY_OK;
	out->reason = REASON_NONE;
	raise_state(m);
	if (out->has[FIELD_ID_ACTION_DEADLINE])
		raise_two(out, within(out->action_deadline, now,
			out->action_warning_s), within(out->action_deadline,
			now, out->action_critical_s),
		    out->has[FIELD_ID_GRACE_END] ? REASON_REBIND_REFUSED :
		    m->lease_decides ? REASON_LEASE_ENDING :
				       REASON_TERM_ENDING);
	/* Seen once: the next reading makes it unusable. */
	raise_two(out, policy_offline(facts) && out->binding_changed != 0,
	    false, REASON_HARDWARE_MISMATCH);
	raise_refusals(m);
	/* Before what may follow from it. */
	raise_two(out, policy_data_old(facts, now), false, REASON_DATA_STALE);
	if (out->has[FIELD_ID_FAILING])
		raise_two(out, out->failing, now.s -
			policy_last_good(facts).s > out->refresh_critical_s,
		    REASON_REFRESH_OVERDUE);
	if (out->has[FIELD_ID_USED_PERCENT])
		raise_two(out, out->used_percent >= out->bandwidth_warning_pct,
		    out->used_percent >= out->bandwidth_critical_pct,
		    REASON_BANDWIDTH);
	raise_two(out, facts->storage_failed ||
		(facts->last_result == RESULT_STORAGE &&
			!policy_offline(facts)) ||
		facts->file_state == LICENSE_FILE_STRANGER ||
		facts->file_state == LICENSE_FILE_UNWRITABLE, false,
	    REASON_STORAGE);
	out->has[FIELD_ID_SEVERITY] = out->has[FIELD_ID_REASON] = true;
}

void
report_make(const struct license_facts *facts, utc_t now, enum trust trust,
    struct report *out)
{
	struct making m = {
		.facts = facts,
		.out = out,
		.trust = trust,
		.thresholds = policy_thresholds(facts),
		.mismatch = policy_mismatch(facts, now),
	};

	*out = (struct report){.now = now,
		.clock_stepped = timekeeping_stepped(trust)};
	report_identity(&m);
	report_bandwidth(&m);
	report_refresh(&m);
	report_binding(&m);
	report_horizons(&m);
	report_thresholds(&m);
	SET(out, STATE, state, find_state(&m));
	SET(out, USABLE, usable, is_usable(&m, (enum state)out->state));
	report_severity(&m);
	advice(facts, out, out->advice);
	out->has[FIELD_ID_ADVICE] = true;
}

void
report_expiry_date(const struct report *report, char out[static UTC_DATE_SIZE])
{
	if (report->vendor_date[0] != '\0')
		text_copy(out, UTC_DATE_SIZE, report->vendor_date);
	else
		utc_date(report->expiry, out);
}

/* None sorts first: a license without a deadline has nothing left. */
static int64_t
deadline_of(const struct report *report)
{
	return report->has[FIELD_ID_ACTION_DEADLINE] ?
	    report->action_deadline.s : INT64_MIN;
}

bool
report_is_worse(const struct report *a, const struct report *b)
{
	int severity = severity_compare((enum severity)a->severity,
	    (enum severity)b->severity);

	if (severity != 0)
		return severity > 0;
	if (deadline_of(a) != deadline_of(b))
		return deadline_of(a) < deadline_of(b);
	return a->index < b->index;
}

int
report_worst(const struct report *reports, size_t count)
{
	int worst = -1;

	for (size_t i = 0; i < count; i++) {
		if (worst == -1 || report_is_worse(&reports[i], &reports[worst]))
			worst = (int)i;
	}
	return worst;
}
