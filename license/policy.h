/* SPDX-License-Identifier: ISC */
/*
 * What to do next: when to refresh, what an outcome changes, what ends a
 * license. Functions of their arguments, time and randomness included; the
 * keeper carries out what they say.
 */
#ifndef LICENSE_POLICY_H
#define LICENSE_POLICY_H

#include "license/answer.h"
#include "license/facts.h"

/*
 * refusal_rule: a refusal's row (documents.md 4): does it stick and make the
 * license unusable, and at which pace does the agent ask again.
 */
enum pace { PACE_BACK_OFF, PACE_SLOW, PACE_BUSY };

struct refusal_rule {
	enum pace pace;
	bool ends_lease; /* cancelled, suspended: unusable at once, stored */
	bool starts_grace; /* hardware_limit */
	bool counts_as_failure; /* busy does not: it changes no state */
};

const struct refusal_rule *policy_refusal(int reason);

/* policy_outcome: how one exchange ended. */
struct outcome {
	enum result result;
	utc_t at;	      /* when it ended, judged time */
	utc_t started;	      /* when it was sent */
	int64_t duration_ms;
	int64_t retry_after_s; /* HTTP Retry-After; 0: none */
	const struct answer *answer; /* OK, REFUSED, or STORAGE: a good license
					that could not be written; or NULL */
};

/*
 * policy_apply: the facts after an outcome: license or refusal taken over,
 * history, grace, the second picked in the next window, the next attempt.
 * ${random}: 32 random bits.
 */
void policy_apply(struct license_facts *facts, const struct outcome *outcome,
    uint32_t random);

/*
 * policy_next: when the next refresh should be tried, given the facts. Never
 * before ${now}. s == 0: never (offline, or a source without exchange).
 * Source fastnetmon: poll_interval_s after the last look, whatever it brought.
 *
 * After a success: the second picked; in the last 48 hours of a term hourly.
 * Unreachable: one in three about 5 min, then (the others at once) the longest
 * wait: min(6 h, an eighth of the time to expiry), at least 1 min, less up to a
 * 1440th of it, for a fleet may be waiting, not one machine. Every Retry-After
 * is clamped by that; a signed one is kept to the second. Storage, and
 * refusals that back off: 1 min doubling, as far. Missing, expired, suspended,
 * mismatched, or a slow refusal: 15 min slowing to 6 h, and no more than an
 * eighth of what is left of a license that is usable. A plan that was slept
 * through for up to a day: a moment within the longest wait.
 */
utc_t policy_next(const struct license_facts *facts, utc_t now,
    uint32_t random);

/*
 * policy_pick: the second picked in the authority's window; the same for the
 * life of the document (kept in the memory).
 */
utc_t policy_pick(const struct license *license, uint32_t random);

/*
 * policy_highest: of the license, the refusal and the memory; not of a license
 * that was copied from another machine.
 */
int64_t policy_highest(const struct license_facts *facts);

/*
 * policy_refused: the refusal in force: newer than the license, of a reason
 * that sticks. 0 or enum refusal_reason.
 */
int policy_refused(const struct license_facts *facts);

/*
 * policy_revoked: the license in hand is by a signer that a root revoked, and
 * that ends it now. An offline license at once, since nothing replaces it. An
 * online one POLICY_REVOKED_S later: it is asked for again at once, and an
 * authority that is away that very night must not stop protection; longer than
 * a refresh may be overdue it does not live on a signature that may be a
 * thief's. policy_revoked_end: when, s 0: it is not revoked.
 */
enum { POLICY_REVOKED_S = 36 * HOUR_S };

bool policy_revoked(const struct license_facts *facts, utc_t now);
utc_t policy_revoked_end(const struct license_facts *facts);

/*
 * policy_grace_end: set only while a rebind is refused: when the lease stops
 * on changed hardware. policy_expiry: min(lease end, term end, grace end, revoked end); no
 * license: none.
 */
utc_t policy_grace_end(const struct license_facts *facts);
utc_t policy_expiry(const struct license_facts *facts);

/* policy_thresholds: in force, by the configuration and the kind of license. */
struct thresholds policy_thresholds(const struct license_facts *facts);

/*
 * policy_failing: the last success is older than the overdue threshold, or
 * the last answer was a refusal (other than busy).
 */
bool policy_failing(const struct license_facts *facts, utc_t now);

/*
 * policy_data_old: what FastNetMon said is older than an hour and than three
 * looks; it restarts in minutes.
 */
bool policy_data_old(const struct license_facts *facts, utc_t now);

/*
 * policy_last_good: when the license was last known good: the last success,
 * else the document's day, else since it is configured.
 */
utc_t policy_last_good(const struct license_facts *facts);

/*
 * policy_mismatch: bound components that differ and end the license now:
 * another machine's key, or changed hardware past its grace, or an offline
 * mismatch seen twice. 0: none.
 */
unsigned policy_mismatch(const struct license_facts *facts, utc_t now);

/*
 * policy_forget_future: what is remembered of a clock that was ahead: nothing
 * that happened lies after ${now}.
 */
void policy_forget_future(struct license_facts *facts, utc_t now);

/* policy_refreshes: an exchange keeps this license alive. */
bool policy_refreshes(const struct license_facts *facts);

/* policy_watches: FastNetMon keeps it alive, and is asked what it knows. */
bool policy_watches(const struct license_facts *facts);

/* policy_offline: an offline license is in force; no answer but one ends it. */
bool policy_offline(const struct license_facts *facts);

#endif
