/* SPDX-License-Identifier: ISC */
/* The rules of when and what; it carries nothing out. */
#include "license/policy.h"

#include <string.h>

#include "license/base/buf.h"

enum {
	MINUTE_S = 60,
	BACK_OFF_MAX_S = 6 * HOUR_S,
	REFRESH_MAX_S = 36 * HOUR_S, /* the window's end, at most */
	SLOW_MIN_S = 15 * MINUTE_S,
	TERM_WATCH_S = 2 * DAY_S,
	DOUBLINGS_MAX = 10,
	FIRST_RETRY_S = 5 * MINUTE_S,
	FIRST_RETRY_ONE_IN = 3,
	CAP_JITTER = 1440, /* one part of so many: no second is shared */
};

const struct refusal_rule *
policy_refusal(int reason)
{
	static const struct refusal_rule rules[REFUSAL_MAX + 1] = {
		[REFUSAL_NONE] = {PACE_BACK_OFF, false, false, false},
		[REFUSAL_MALFORMED] = {PACE_BACK_OFF, false, false, true},
		[REFUSAL_UNSUPPORTED_VERSION] = {PACE_BACK_OFF, false, false,
			true},
		[REFUSAL_BUSY] = {PACE_BUSY, false, false, false},
		[REFUSAL_UNKNOWN_MACHINE] = {PACE_SLOW, false, false, true},
		[REFUSAL_NO_SUBSCRIPTION] = {PACE_SLOW, false, false, true},
		[REFUSAL_COUPON_USED] = {PACE_SLOW, false, false, true},
		[REFUSAL_CANCELLED] = {PACE_SLOW, true, false, true},
		[REFUSAL_SUSPENDED] = {PACE_SLOW, true, false, true},
		[REFUSAL_TERM_OVER] = {PACE_SLOW, false, false, true},
		[REFUSAL_OFFLINE_ISSUED] = {PACE_SLOW, false, false, true},
		[REFUSAL_ADDRESS_CHANGED] = {PACE_BACK_OFF, false, false, true},
		[REFUSAL_CLONE] = {PACE_SLOW, false, false, true},
		[REFUSAL_HARDWARE_LIMIT] = {PACE_SLOW, false, true, true},
	};
	bool known = reason >= REFUSAL_NONE && reason <= REFUSAL_MAX;

	return &rules[known ? reason : REFUSAL_NONE];
}

bool
policy_refreshes(const struct license_facts *facts)
{
	if (facts->source != SOURCE_AUTHORITY)
		return false;
	return !facts->has_license || facts->license.mode == MODE_ONLINE;
}

bool
policy_watches(const struct license_facts *facts)
{
	return facts->source == SOURCE_FASTNETMON;
}

bool
policy_offline(const struct license_facts *facts)
{
	return facts->has_license && facts->license.mode == MODE_OFFLINE;
}

int64_t
policy_highest(const struct license_facts *facts)
{
	int64_t highest = facts->sequence;

	/* What another machine's copy holds is of another chain. */
	bool own = facts->license.mode == MODE_OFFLINE ||
	    memcmp(facts->license.machine_key, facts->machine_key,
		KEY_SIZE) == 0;

	/* Nor does a sequence count that a revoked signer gave. */
	if (facts->has_license && own && facts->revoked_from.s == 0 &&
	    facts->license.sequence > highest)
		highest = facts->license.sequence;
	if (facts->has_refusal && facts->refusal.sequence > highest)
		highest = facts->refusal.sequence;
	return highest;
}

int
policy_refused(const struct license_facts *facts)
{
	const struct refusal *refusal = &facts->refusal;

	if (!facts->has_refusal)
		return 0;
	/* A refusal of one subscription does not end another's license. */
	if (facts->has_license && has_bit(refusal->has, REFUSED_LICENSE_ID) &&
	    strcmp(refusal->license_id, facts->license.id) != 0)
		return 0;
	if (facts->has_license && facts->revoked_from.s == 0) {
		bool newer = refusal->sequence != 0 ?
		    refusal->sequence > facts->license.sequence :
		    utc_before(facts->license.issued, refusal->issued);
		if (!newer)
			return 0;
	}
	const struct refusal_rule *rule = policy_refusal(refusal->reason);
	return rule->ends_lease || rule->starts_grace ? refusal->reason : 0;
}

utc_t
policy_revoked_end(const struct license_facts *facts)
{
	if (!facts->has_license || facts->revoked_from.s == 0 ||
	    policy_watches(facts))
		return (utc_t){0};
	return policy_offline(facts) ? facts->revoked_from :
		utc_add(facts->revoked_from, POLICY_REVOKED_S);
}

bool
policy_revoked(const struct license_facts *facts, utc_t now)
{
	utc_t end = policy_revoked_end(facts);

	return end.s != 0 && !utc_before(now, end);
}

utc_t
policy_grace_end(const struct license_facts *facts)
{
	if (!facts->has_license || facts->license.mode != MODE_ONLINE ||
	    facts->grace_from.s == 0 ||
	    policy_refused(facts) != REFUSAL_HARDWARE_LIMIT)
		return (utc_t){0};
	unsigned changed = hardware_changed(&facts->license, &facts->hardware,
	    facts->machine_key);
	if (changed == 0)
		return (utc_t){0};
	return utc_add(facts->grace_from, facts->license.bind_grace_s);
}

utc_t
policy_expiry(const struct license_facts *facts)
{
	if (!facts->has_license)
		return (utc_t){0};
	utc_t end = utc_min(facts->license.lease_end, facts->license.term_end);
	utc_t sooner[] = {policy_grace_end(facts), policy_revoked_end(facts)};
	for (size_t i = 0; i < sizeof(sooner) / sizeof(sooner[0]); i++) {
		if (sooner[i].s != 0)
			end = utc_min(end, sooner[i]);
	}
	return end;
}

unsigned
policy_mismatch(const struct license_facts *facts, utc_t now)
{
	/* Whether FastNetMon minds is FastNetMon's to say. */
	if (!facts->has_license || policy_watches(facts))
		return 0;
	unsigned changed = hardware_changed(&facts->license, &facts->hardware,
	    facts->machine_key);
	if (facts->license.mode == MODE_OFFLINE)
		return facts->mismatch_confirmed ? changed : 0;
	if ((changed & component_bit(MACHINE_KEY)) != 0)
		return changed;
	utc_t grace = policy_grace_end(facts);
	return grace.s != 0 && utc_before(grace, now) ? changed : 0;
}

utc_t
policy_last_good(const struct license_facts *facts)
{
	if (facts->last_success.s != 0)
		return facts->last_success;
	return facts->has_license ? facts->license.issued : facts->since;
}

bool
policy_data_old(const struct license_facts *facts, utc_t now)
{
	int64_t longest_s = 3 * facts->poll_interval_s;
	utc_t since = facts->data_at.s != 0 ? facts->data_at : facts->since;

	if (!policy_watches(facts))
		return false;
	return now.s - since.s > (longest_s > HOUR_S ? longest_s : HOUR_S);
}

struct thresholds
policy_thresholds(const struct license_facts *facts)
{
	const struct license *license = &facts->license;
	struct thresholds t = {
		.action_warning_s = 30 * DAY_S,
		.action_critical_s = 7 * DAY_S,
		.refresh_warning_s = 36 * HOUR_S,
		.refresh_critical_s = 5 * DAY_S,
		.lease_warning_s = 10 * DAY_S,
		.lease_critical_s = 5 * DAY_S,
		.bandwidth_warning_pct = 90,
		.bandwidth_critical_pct = 100,
	};

	if (facts->has_license && license->mode == MODE_ONLINE) {
		bool monthly = license->billing == BILLING_MONTHLY;
		bool by_itself = license->renews == RENEWS_AUTO;

		if (license->kind == KIND_TRIAL) {
			t.action_warning_s = 7 * DAY_S;
			t.action_critical_s = 2 * DAY_S;
		} else if (monthly) {
			t.action_warning_s = (by_itself ? 2 : 5) * DAY_S;
			t.action_critical_s = (by_itself ? 1 : 2) * DAY_S;
		}
	}
	const int64_t *configured = (const int64_t *)&facts->configured;
	int64_t *in_force = (int64_t *)&t;
	for (size_t i = 0; i < sizeof(t) / sizeof(int64_t); i++) {
		if (configured[i] >= 0)
			in_force[i] = configured[i];
	}
	return t;
}

static bool
last_answer_refused(const struct license_facts *facts)
{
	return policy_refusal(facts->last_refusal)->counts_as_failure;
}

bool
policy_failing(const struct license_facts *facts, utc_t now)
{
	if (!policy_refreshes(facts) && !policy_watches(facts))
		return false;
	/* The one in hand ends soon: the first failure is one too many. */
	if (!policy_watches(facts) && facts->revoked_from.s != 0 &&
	    facts->last_result != RESULT_OK &&
	    !utc_before(facts->last_attempt, facts->revoked_from))
		return true;
	return last_answer_refused(facts) ||
	    now.s - policy_last_good(facts).s >
	    policy_thresholds(facts).refresh_warning_s;
}

utc_t
policy_pick(const struct license *license, uint32_t random)
{
	int64_t window = license->refresh_window_s + 1;

	return utc_add(license->issued,
	    license->refresh_after_s + (int64_t)(random % (uint64_t)window));
}

/* Nothing usable to lose: ask seldom, for ever. */
static bool
is_dead(const struct license_facts *facts, utc_t now)
{
	return !facts->has_license ||
	    policy_refusal(policy_refused(facts))->ends_lease ||
	    utc_before(policy_expiry(facts), now) ||
	    policy_mismatch(facts, now) != 0;
}

/* A quarter either way, so that a fleet drifts apart. */
static int64_t
jittered(int64_t s, uint32_t random)
{
	return s - s / 4 + (int64_t)(random % (uint64_t)(s / 2 + 1));
}

static int64_t
clamped(int64_t s, int64_t low, int64_t high)
{
	return s < low ? low : s > high ? high : s;
}

/* The longest that a wait may be, drawn a little lower. */
static int64_t
below(int64_t cap, uint32_t random)
{
	return cap - (int64_t)(random % (uint64_t)(cap / CAP_JITTER + 1));
}

/* At most 6 hours and an eighth of what is left; with nothing left, 6 hours. */
static int64_t
longest_wait(const struct license_facts *facts, utc_t now)
{
	if (is_dead(facts, now))
		return BACK_OFF_MAX_S;
	return clamped((policy_expiry(facts).s - now.s) / 8, MINUTE_S,
	    BACK_OFF_MAX_S);
}

static bool
is_unreachable(const struct license_facts *facts)
{
	return facts->last_result != RESULT_REFUSED &&
	    facts->last_result != RESULT_STORAGE;
}

static bool
in_term_watch(const struct license_facts *facts, utc_t now)
{
	int64_t left = facts->license.term_end.s - now.s;

	return facts->has_license && left >= 0 && left <= TERM_WATCH_S;
}

/* A payment may come in the last days of a term: looked for every hour then. */
static utc_t
watch_term(const struct license_facts *facts, utc_t now, utc_t last,
    utc_t next, uint32_t random)
{
	if (!facts->has_license || utc_before(facts->license.term_end, now))
		return next;
	/* Not from one second on, since many terms end at the same one. */
	utc_t watch = utc_add(facts->license.term_end,
	    (int64_t)(random % HOUR_S) - TERM_WATCH_S);
	return utc_min(next, utc_max(watch, utc_add(last, HOUR_S)));
}

/*
 * An authority that is away is away for a whole fleet: one in three tries once
 * more soon, for what was only a moment; otherwise the wait is the longest, so
 * that all of them ask at most 5 times their daily mean, also on its return:
 * once in 6 hours is 4 times, and the rest is left to chance.
 */
static int64_t
unreachable_delay(const struct license_facts *facts, int64_t cap,
    uint32_t random)
{
	if (facts->failures_in_row <= 1 && random % FIRST_RETRY_ONE_IN == 0)
		return clamped(jittered(FIRST_RETRY_S, random), MINUTE_S, cap);
	return clamped(below(cap, random), MINUTE_S, cap);
}

static int64_t
failure_delay(const struct license_facts *facts, utc_t now, uint32_t random)
{
	bool slow = is_dead(facts, now) || (facts->last_result == RESULT_REFUSED &&
	    policy_refusal(facts->last_refusal)->pace == PACE_SLOW);
	int64_t doublings = clamped(facts->failures_in_row - 1, 0,
	    DOUBLINGS_MAX);
	/* Also where it is slow: what ends soon may be granted before. */
	int64_t cap = longest_wait(facts, now);

	if (facts->retry_after_s > 0) {
		/* Bounded first: anyone can answer with any number. */
		int64_t asked = clamped(facts->retry_after_s, MINUTE_S, cap);

		/* Signed: the authority has spread its fleet already. */
		if (facts->last_result == RESULT_REFUSED)
			return asked;
		return clamped(jittered(asked, random), MINUTE_S,
		    below(cap, random));
	}
	if (!slow && is_unreachable(facts))
		return unreachable_delay(facts, cap, random);
	/* Below the cap before it is jittered: at the cap all would meet. */
	return clamped(jittered(clamped((slow ? SLOW_MIN_S : MINUTE_S) <<
	    doublings, MINUTE_S, cap * 4 / 5), random), MINUTE_S, cap);
}

/*
 * Switched off until after its time, as a whole fleet may have been: for up to
 * a day. What is later than that is not let wait.
 */
static bool
slept_through(const struct license_facts *facts, utc_t now, utc_t plan)
{
	return utc_before(plan, now) && !is_dead(facts, now) &&
	    (now.s - plan.s <= DAY_S || in_term_watch(facts, now));
}

utc_t
policy_next(const struct license_facts *facts, utc_t now, uint32_t random)
{
	utc_t next;

	if (policy_watches(facts))
		return facts->last_result == RESULT_NEVER ? now :
		    utc_max(now, utc_add(utc_min(facts->last_attempt, now),
			facts->poll_interval_s));
	if (!policy_refreshes(facts))
		return (utc_t){0};
	bool unasked = facts->revoked_from.s != 0 &&
	    utc_before(facts->last_attempt, facts->revoked_from);
	if (facts->last_result == RESULT_NEVER || unasked)
		return now;
	/* A clock that was ahead must not put the next attempt years away. */
	utc_t last = utc_min(facts->last_attempt, now);
	if (facts->last_result == RESULT_OK && !is_dead(facts, now)) {
		next = facts->refresh_at.s != 0 ? facts->refresh_at :
						  policy_pick(&facts->license, random);
		next = utc_min(next, utc_add(now, REFRESH_MAX_S));
		next = utc_max(next, utc_add(last, MINUTE_S));
	} else {
		next = utc_add(last, failure_delay(facts, now, random));
	}
	next = watch_term(facts, now, last, next, random);
	if (slept_through(facts, now, next)) {
		next = utc_add(now, (int64_t)(random % (uint64_t)(1 +
		    (in_term_watch(facts, now) ? FIRST_RETRY_S :
		    longest_wait(facts, now)))));
		/* The last 48 hours may begin before that. */
		next = watch_term(facts, now, now, next, random);
	}
	return utc_max(next, now);
}

void
policy_forget_future(struct license_facts *facts, utc_t now)
{
	utc_t *const past[] = {&facts->since, &facts->last_attempt,
		&facts->last_success, &facts->grace_from,
		&facts->revoked_from, &facts->data_at};

	for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++)
		*past[i] = utc_min(*past[i], now);
}

static void
take_refusal(struct license_facts *facts, const struct refusal *refusal,
    utc_t at)
{
	const struct refusal_rule *rule = policy_refusal(refusal->reason);

	/* A person asked to go online: what is in force does not hang on it. */
	if (policy_offline(facts))
		return;
	/* Busy says nothing of the license: what was said before stands. */
	if (rule->counts_as_failure || !last_answer_refused(facts))
		facts->last_refusal = refusal->reason;
	text_copy(facts->last_detail, sizeof(facts->last_detail),
	    refusal->detail);
	facts->retry_after_s = refusal->retry_after_s;
	if (rule->counts_as_failure)
		facts->failures_in_row++;
	if (!rule->ends_lease && !rule->starts_grace)
		return;
	facts->refusal = *refusal;
	facts->has_refusal = true;
	if (rule->starts_grace && facts->grace_from.s == 0)
		facts->grace_from = at;
}

static void
take_license(struct license_facts *facts, const struct license *license,
    const struct outcome *outcome, uint32_t random)
{
	facts->license = *license;
	facts->has_license = true;
	facts->revoked_from = (utc_t){0};
	facts->has_refusal = false;
	facts->grace_from = (utc_t){0};
	facts->last_success = outcome->at;
	facts->last_refusal = REFUSAL_NONE;
	facts->last_detail[0] = '\0';
	facts->failures_in_row = 0;
	facts->retry_after_s = 0;
	facts->refresh_at = policy_pick(license, random);
}

void
policy_apply(struct license_facts *facts, const struct outcome *outcome,
    uint32_t random)
{
	int64_t failures;

	facts->attempts++;
	facts->last_attempt = outcome->started;
	facts->last_duration_ms = outcome->duration_ms;
	facts->last_result = outcome->result;
	facts->retry_after_s = outcome->retry_after_s;
	if (outcome->result != RESULT_OK)
		facts->failures[outcome->result]++;
	switch (outcome->result) {
	case RESULT_OK:
		facts->answered = true;
		take_license(facts, &outcome->answer->license, outcome, random);
		break;
	case RESULT_REFUSED:
		facts->answered = true;
		take_refusal(facts, &outcome->answer->refusal, outcome->at);
		break;
	default:
		/* Good but not on disk: in force from memory, and asked for
		 * again (the same bytes) until the disk takes it. */
		failures = facts->failures_in_row;
		if (outcome->result == RESULT_STORAGE && outcome->answer != NULL)
			take_license(facts, &outcome->answer->license, outcome,
			    random);
		facts->failures_in_row = failures + 1;
		break;
	}
	facts->sequence = policy_highest(facts);
	facts->next_attempt = policy_next(facts, outcome->at, random);
}
