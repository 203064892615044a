/* SPDX-License-Identifier: ISC */
/*
 * The invariants, at every step, start and answer taken. What the truth
 * excuses is in honest.c; the authority's own are in check_vendor.c.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

enum { FACES_ODDS = 8192, GRACE_S = 72 * HOUR_S, FULL_WELL_S = 44 * HOUR_S,
	DAILY_S = 36 * HOUR_S, FUTURE_S = 36 * HOUR_S + 60,
	WAIT_S = 6 * HOUR_S + 60, JUMP_S = 2 * DAY_S, EXCHANGE_S = 60,
	FOUND_S = 6 * DAY_S };

#define CHECK(h, id, holds, ...)                                              \
	do {                                                                  \
		figures.checked[INVARIANT_##id]++;                            \
		if (!(holds))                                                 \
			life_broken(h, INVARIANT_##id, __VA_ARGS__);          \
	} while (0)

static uint64_t
digest_of(const struct license_facts *f)
{
	bool refused = f->has_refusal && (!f->has_license ||
	    f->refusal.sequence > f->license.sequence);
	uint64_t digest;

	memcpy(&digest, refused ? f->refusal.nonce : f->license.nonce, 8);
	return digest ^ (uint64_t)(refused ? f->refusal.issued.s :
					     f->license.issued.s);
}

static void
took_refusal(struct host *h, const struct license_facts *f)
{
	struct check *c = &h->check;
	int reason = f->refusal.reason;

	if (reason == REFUSAL_SUSPENDED || reason == REFUSAL_CANCELLED) {
		c->refused = f->refusal.sequence != 0 ? f->refusal.sequence :
		    f->license.sequence + 1;
		c->refused_kept = !h->full;
	}
	/* It is of a later sequence, so what was said before is over. */
	if (reason == REFUSAL_HARDWARE_LIMIT)
		c->refused = 0;
	c->grace_kept |= reason == REFUSAL_HARDWARE_LIMIT && !h->full;
	if (reason == REFUSAL_HARDWARE_LIMIT && c->grace_first.s == 0) {
		c->grace_first = utc_min(f->refusal.issued, f->grace_from);
		c->grace_last = utc_max(f->refusal.issued, f->grace_from);
		c->grace_kept = !h->full;
	}
}

void
check_started(struct host *h)
{
	const struct license_facts *f = h->kind->facts(h);
	struct check *c = &h->check;

	CHECK(h, KEPT, c->kept == 0 || (f->has_license &&
		f->license.sequence >= c->kept), "it had sequence %" PRId64
	    ", now %" PRId64, c->kept, f->has_license ? f->license.sequence :
						       0);
	CHECK(h, STARTS, true, " ");
	/* What no disk took was in force from memory only. */
	if (policy_highest(f) < c->held)
		c->usable_since = c->grace_first = c->grace_last = (utc_t){0};
	c->held = policy_highest(f);
	c->held_digest = digest_of(f);
	if (c->refused > 0 && !c->refused_kept)
		c->refused = 0;
	if (!f->has_refusal && !c->grace_kept)
		c->grace_first = c->grace_last = (utc_t){0};
	/* The same of a license: what was refused before is over. */
	if (f->has_license && f->license.sequence > c->kept)
		c->grace_first = c->grace_last = (utc_t){0};
	/* A clock that is ahead is believed across boots, until it is asked. */
	if (h->wall_offset > CLOCK_TOLERANCE_S)
		c->usable_since = (utc_t){0};
	/* Written, and then the crash came: nobody saw it taken. */
	if (f->has_refusal && (f->refusal.sequence == 0 ||
	    f->refusal.sequence > c->kept))
		took_refusal(h, f);
	/* What was proven could not be written before. */
	if (h->full || c->mark_lost || (h->full_end.s != 0 &&
	    h->life->now.s - h->full_end.s < HOUR_S + BEAT_S))
		c->proven = (utc_t){0};
	/* Nor the license that was in force from memory. */
	if (h->full || (h->full_end.s != 0 &&
	    h->life->now.s - h->full_end.s <= BEAT_S))
		c->usable_since = (utc_t){0};
	c->has_report = false;
	c->well_since = h->life->now;
}

static void
proved(struct host *h, utc_t issued)
{
	struct check *c = &h->check;
	utc_t least = c->proven.s == 0 ? c->proven :
	    utc_add(c->proven, h->life->now.s - c->proven_seen.s);

	c->mark_lost = false;
	c->proven = utc_max(least, issued);
	c->proven_seen = h->life->now;
}

void
check_taken(struct host *h, const struct license_facts *before,
    const struct license_facts *f, const struct reply *reply)
{
	struct check *c = &h->check;
	bool license = f->has_license && (!before->has_license ||
	    f->license.sequence != before->license.sequence ||
	    f->license.issued.s != before->license.issued.s);
	bool refusal = f->has_refusal && (!before->has_refusal ||
	    f->refusal.sequence != before->refusal.sequence ||
	    f->refusal.issued.s != before->refusal.issued.s);
	int64_t sequence = license ? f->license.sequence :
	    refusal ? f->refusal.sequence : 0;

	(void)reply;
	/* Busy says nothing of the license, and is no failure. */
	if (f->last_result == RESULT_REFUSED && f->failures_in_row >
	    before->failures_in_row && !policy_offline(f))
		CHECK(h, SUSPENDED, f->has_refusal || (f->last_refusal !=
			REFUSAL_SUSPENDED && f->last_refusal !=
			REFUSAL_CANCELLED), "told so, and it is not kept");
	/* To a clone: it has no number, and stands by its day. */
	if (refusal && !license && sequence == 0)
		took_refusal(h, f);
	if (sequence == 0)
		return;
	life_trace(h->life, h, "takes %s %" PRId64 "%s%s", license ?
	    "license" : "refusal", sequence, license ? "" : ": ",
	    license ? "" : names_label(NAMES_REFUSAL, f->refusal.reason));
	CHECK(h, ONCE, sequence > c->held || (sequence == c->held &&
		digest_of(f) == c->held_digest), "it holds %" PRId64
	    " and takes %" PRId64, c->held, sequence);
	CHECK(h, OWN, memcmp(license ? f->license.nonce : f->refusal.nonce,
		h->sent.request.nonce, NONCE_SIZE) == 0,
	    "sequence %" PRId64, sequence);
	c->held = sequence;
	c->held_digest = digest_of(f);
	figures.digest = figures.digest * 31 + c->held_digest +
	    (uint64_t)h->life->now.s;
	proved(h, license ? f->license.issued : f->refusal.issued);
	if (!license) {
		took_refusal(h, f);
		return;
	}
	c->refused = 0;
	c->grace_first = c->grace_last = (utc_t){0};
	if (f->last_result == RESULT_OK && !h->full)
		c->kept = sequence;
}

/* Which part differs, compared here once more. */
static bool
fits(const struct license_facts *f)
{
	const struct hardware *w = &f->hardware;
	const struct license *l = &f->license;

	return (!(w->known & component_bit(CPU_MODEL)) ||
	    strcmp(w->cpu_model, l->bind_cpu_model) == 0) &&
	    (!(w->known & component_bit(LOGICAL_CPUS)) ||
	    w->logical_cpus == l->bind_logical_cpus);
}

static void
check_usable(struct host *h, const struct license_facts *f,
    const struct report *r, utc_t now, enum trust trust)
{
	const struct license *l = &f->license;
	struct check *c = &h->check;
	utc_t end = utc_min(l->lease_end, l->term_end);
	bool online = l->mode == MODE_ONLINE;
	bool warn = f->has_license && l->on_expiry == ON_EXPIRY_WARN;
	bool wall_right = !h->frozen && h->wall_offset == 0 &&
	    trust != TRUST_STEPPED_FORWARD;

	if (r->usable && !warn)
		CHECK(h, END, f->has_license && now.s <= end.s &&
		    (!wall_right || h->life->now.s <= end.s),
		    "it is usable past its end");
	if (!f->has_license)
		return;
	CHECK(h, END, r->expiry.s <= end.s, "it says that it ends later");
	bool ended = c->refused > l->sequence;
	if (c->refused > 0)
		CHECK(h, SUSPENDED, !ended || !r->usable, "refused by %"
		    PRId64 ", and usable", c->refused);
	bool own = memcmp(l->machine_key, f->machine_key, KEY_SIZE) == 0;
	bool limited = online && c->grace_first.s != 0 && !fits(f);
	bool inside = now.s >= l->not_before.s && now.s <= end.s;
	if (!ended && inside && online && own && !limited)
		CHECK(h, STANDS, r->usable, "it is %s",
		    names_label(NAMES_STATE, r->state));
	/* Nobody can refuse an offline one: it stands by its hardware. */
	if (inside && l->mode == MODE_OFFLINE && fits(f) &&
	    f->hardware.memory_mib == l->bind_memory_mib)
		CHECK(h, STANDS, r->usable, "offline, it is %s",
		    names_label(NAMES_STATE, r->state));
	if (!ended && inside && limited && now.s <= c->grace_first.s + GRACE_S)
		CHECK(h, GRACE, r->usable, "it stops inside its grace");
	if (limited && now.s > c->grace_last.s + GRACE_S)
		CHECK(h, GRACE, !r->usable, "it runs past its grace");
}

static void
check_plan(struct host *h, const struct license_facts *f,
    const struct report *r, utc_t now)
{
	int64_t wait = f->next_attempt.s - now.s;
	bool failed = f->last_result != RESULT_OK || !r->usable;

	if (!policy_refreshes(f)) {
		CHECK(h, PLAN, f->next_attempt.s == 0,
		    "a plan for what nobody refreshes");
		return;
	}
	if (h->in_flight)
		return;
	CHECK(h, PLAN, wait > 0, "the next attempt is due and not made");
	CHECK(h, PLAN, wait <= (failed ? WAIT_S : FUTURE_S),
	    "the next attempt is in %" PRId64 " s", wait);
	if (f->has_license && r->usable && now.s <= f->license.term_end.s &&
	    f->license.term_end.s - now.s < 2 * DAY_S)
		CHECK(h, PLAN, wait <= HOUR_S + 60, "the term ends, and the "
		    "next attempt is in %" PRId64 " s", wait);
}

static int64_t
threshold(const struct license *l)
{
	if (l->mode == MODE_OFFLINE || (l->kind == KIND_PRODUCTION &&
	    l->billing == BILLING_ANNUAL))
		return 30 * DAY_S;
	if (l->kind == KIND_TRIAL)
		return 7 * DAY_S;
	return (l->renews == RENEWS_AUTO ? 2 : 5) * DAY_S;
}

static void
check_warned(struct host *h, const struct license_facts *f,
    const struct report *r, utc_t now)
{
	struct check *c = &h->check;
	const struct license *l = &f->license;
	bool uneasy = r->severity != SEVERITY_OK;

	if (!f->has_license)
		return;
	int64_t left = l->term_end.s - now.s;
	/* The one that follows answers the end of an offline one. */
	if (left < threshold(l) && !f->has_successor)
		CHECK(h, WARNED, uneasy, "the term ends in %" PRId64
		    " s", left);
	if (policy_refreshes(f) && f->last_success.s != 0 &&
	    now.s - f->last_success.s > DAILY_S)
		CHECK(h, WARNED, uneasy, "no refresh for %" PRId64 " s",
		    now.s - f->last_success.s);
	if (!c->has_report || l->term_end.s != c->term_end.s ||
	    threshold(l) != c->threshold || now.s - c->judged.s > JUMP_S ||
	    now.s < c->judged.s)
		c->jumped = h->life->now;
	c->term_end = l->term_end;
	c->threshold = threshold(l);
	if (c->has_report && c->report.severity != r->severity)
		life_trace(h->life, h, "severity %s: %s",
		    names_label(NAMES_SEVERITY, r->severity),
		    names_label(NAMES_REASON, r->reason));
	/* An answer that another one takes back at once calms nobody. */
	if (!uneasy && c->easy_since.s == 0)
		c->easy_since = h->life->now;
	if (uneasy && (c->uneasy_since.s == 0 || (c->easy_since.s != 0 &&
			h->life->now.s - c->easy_since.s > HOUR_S)))
		c->uneasy_since = h->life->now;
	if (uneasy)
		c->easy_since = (utc_t){0};
	/* From the first day that it could be known. */
	if (r->state != STATE_EXPIRED || !c->has_report ||
	    c->report.state == STATE_EXPIRED)
		return;
	int64_t ahead = h->life->now.s - c->uneasy_since.s;
	int64_t could = h->life->now.s - c->jumped.s;
	bool of_term = l->term_end.s <= l->lease_end.s;
	int64_t want = of_term ? threshold(l) : 10 * DAY_S;
	if (want > could - JUMP_S)
		want = could - JUMP_S;
	CHECK(h, WARNED, ahead >= want - DAY_S, "it ended, and was "
	    "announced %" PRId64 " s ahead, not %" PRId64 ", %s", ahead, want,
	    of_term ? "the term" : "the lease");
}

static void
check_told(struct host *h, const struct report *r)
{
	struct check *c = &h->check;

	manager_check(h, r);
	if (c->has_report && c->report.usable != r->usable)
		life_trace(h->life, h, r->usable ? "usable" :
		    "not usable: %s", names_label(NAMES_STATE, r->state));
}

static void
check_well(struct host *h, const struct license_facts *f,
    const struct report *r)
{
	struct check *c = &h->check;
	utc_t now = h->life->now;
	bool full = h->full || (h->full_end.s != 0 &&
	    now.s - h->full_end.s < WELL_S);

	if (!honest_well(h, f)) {
		c->well_since = now;
		return;
	}
	/* A clock that was healed stood in the way until now. */
	if (c->judged.s != 0 && llabs((r->now.s - c->judged.s) -
		(now.s - c->at.s)) > CLOCK_TOLERANCE_S)
		c->well_since = now;
	int64_t well = now.s - c->well_since.s;
	/* Usable with time to ask, it stays so: not a moment is lost. */
	utc_t stops = f->license.lease_end;
	if (c->grace_first.s != 0 && !fits(f))
		stops = utc_min(stops, utc_add(c->grace_first, GRACE_S));
	if (r->usable && stops.s - utc_max(r->now, now).s > WELL_S &&
	    utc_before(c->usable_since, c->well_since))
		c->usable_since = now;
	/* What is paid in the last hour may be found after the end. */
	bool paid_now = now.s - h->life->paid_at.s <= HOUR_S + EXCHANGE_S;
	/* Within an hour a clock that is ahead is believed to be right. */
	const struct subscription *s = &h->life->store->subscription;
	paid_now |= f->has_license && f->license.term_end.s == s->term_end.s &&
	    utc_before(s->term_end, r->now) &&
	    r->now.s - now.s <= CLOCK_TOLERANCE_S;
	if (!utc_before(c->usable_since, c->well_since) && !paid_now)
		CHECK(h, LAPSE, r->usable, "it was usable %" PRId64 " s ago, "
		    "nothing stood in the way since, and it is %s",
		    now.s - c->usable_since.s,
		    names_label(NAMES_STATE, r->state));
	if (paid_now || well <= (full ? FULL_WELL_S : WELL_S))
		return;
	CHECK(h, LAPSE, r->usable, "nothing stands in the way for %" PRId64
	    " s, and it is %s, %s", well, names_label(NAMES_STATE, r->state),
	    names_label(NAMES_REFUSAL, f->last_refusal));
	if (well > DAILY_S + FULL_WELL_S)
		CHECK(h, REFRESHED, now.s - f->license.issued.s <=
		    DAILY_S + (full ? FULL_WELL_S : WELL_S),
		    "the license is of %" PRId64 " s ago",
		    now.s - f->license.issued.s);
}

/* Each asks once a day, and the fourth to ask is the clone. */
static void
check_found(struct life *life)
{
	if (!life->cloned || life->clone_found.s != 0)
		return;
	if (!honest_both(life))
		life->both_well_since = life->now;
	CHECK(&life->hosts[1], FOUND, life->now.s - life->both_well_since.s <=
	    FOUND_S, "both live for %" PRId64 " s", life->now.s -
	    life->both_well_since.s);
}

static void
check_clock(struct host *h, utc_t now)
{
	struct check *c = &h->check;

	if (c->proven.s == 0)
		return;
	int64_t least = c->proven.s + h->life->now.s - c->proven_seen.s;
	CHECK(h, CLOCK, now.s >= least - EXCHANGE_S, "it is judged %" PRId64
	    " s behind what was proven", least - now.s);
}

static void
check_faces(struct host *h, const struct license_facts *f,
    const struct report *r, enum trust trust)
{
	struct clock_reading reading;
	struct buf why;

	if (figures.steps % FACES_ODDS != 0)
		return;
	buf_init(&why, 1024);
	host_read_clock(h, &reading);
	figures.faces++;
	CHECK(h, FACES, faces_agree(f, r, &reading, trust, &why), "%s",
	    buf_text(&why));
	buf_fini(&why);
}

void
check_step(struct host *h, const struct license_facts *f,
    const struct report *r, enum trust trust)
{
	struct check *c = &h->check;
	utc_t now = r->now;

	check_usable(h, f, r, now, trust);
	check_plan(h, f, r, now);
	check_warned(h, f, r, now);
	check_told(h, r);
	check_well(h, f, r);
	check_found(h->life);
	check_clock(h, now);
	check_faces(h, f, r, trust);
	c->report = *r;
	c->has_report = true;
	c->judged = now;
	c->at = h->life->now;
}
