/* SPDX-License-Identifier: ISC */
/*
 * Years of a machine's life in a moment: the shipped policy, report, edges
 * and documents against a scripted authority on a simulated clock. A seed
 * (printed, and given to replay) decides outages, suspensions, late payments
 * and hardware changes; the invariants are checked at every step.
 *
 * usage: years [YEARS [SEED [REAL]]]   REAL years run signed documents.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "license/answer.h"
#include "license/edges.h"
#include "license/policy.h"
#include "license/report.h"
#include "tests/facts.h"
#include "tests/sample.h"

enum { OUTAGE_MAX_S = 13 * DAY_S - 6 * HOUR_S };

struct world {
	uint64_t random, seed;
	bool real;
	utc_t now, born;
	utc_t term_end;	     /* paid until, as the authority knows */
	utc_t pays_at;	     /* when the next term is paid; s 0: never */
	utc_t outage_end;    /* unreachable until */
	utc_t next_outage;
	utc_t suspended_from, suspended_until;
	int64_t sequence; /* of the authority */
	struct license_facts facts;
	bool has_report;
	struct report report;
	utc_t warned_at; /* since when it is not ok; s 0: it is */
	int64_t steps, renewals;
	struct signing_key *signer;
	struct keyring keyring;
};

static uint64_t
next_random(struct world *w)
{
	/* splitmix64: small, seedable, good enough to scatter faults. */
	uint64_t z = w->random += 0x9E3779B97F4A7C15ULL;
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
	return z ^ (z >> 31);
}

static int64_t
between(struct world *w, int64_t low, int64_t high)
{
	return low + (int64_t)(next_random(w) % (uint64_t)(high - low + 1));
}

static void
broken(const struct world *w, const char *invariant)
{
	char now[UTC_TEXT_SIZE];

	utc_text(w->now, now);
	printf("seed %" PRIu64 " at %s: broken: %s (state %s)\n", w->seed, now,
	    invariant, names_label(NAMES_STATE, w->report.state));
	exit(1);
}

static bool
is_suspended(const struct world *w)
{
	return !utc_before(w->now, w->suspended_from) &&
	    utc_before(w->now, w->suspended_until);
}

/* The authority's document as bytes, signed; and read back as the agent does. */
static void
through_the_seal(struct world *w, struct answer *answer)
{
	struct buf bytes;
	bool refusal = answer->result == RESULT_REFUSED;
	struct answer_expectation want = {.keyring = &w->keyring,
		.product = "", .sequence = policy_highest(&w->facts)};

	memset(want.machine_key, 7, KEY_SIZE);
	buf_init(&bytes, DOCUMENT_MAX);
	document_begin(refusal ? PURPOSE_REFUSAL : PURPOSE_LICENSE, NULL,
	    &bytes);
	sample_certificate(SAMPLE_SIGNER, SAMPLE_ROOT, "2105-01-01T00:00:00Z",
	    &bytes);
	bool good = refusal ? refusal_encode(&answer->refusal, &bytes) :
			      license_encode(&answer->license, &bytes);
	if (!good || !document_seal(&bytes, w->signer))
		broken(w, "the authority can encode what it says");
	enum result expected = answer->result;
	answer_read(bytes.data, bytes.len, refusal, &want, answer);
	if (answer->result != expected)
		broken(w, "a good answer is accepted");
	/* Said once, it must not be accepted twice. */
	struct answer again;
	want.sequence++;
	answer_read(bytes.data, bytes.len, refusal, &want, &again);
	bool ordered = !refusal || has_bit(answer->refusal.has, REFUSED_SEQUENCE);
	if (ordered && again.result != RESULT_REPLAYED)
		broken(w, "no answer is accepted twice");
	buf_fini(&bytes);
}

static void
complete(struct license *l)
{
	l->has |= SAMPLE_ALL(LICENSE_FIELD_COUNT) & ~(bit(LICENSE_EDITION) |
		bit(LICENSE_MEMORY) | bit(LICENSE_MEMORY_TOLERANCE) |
		bit(LICENSE_INTERNAL) | bit(LICENSE_REBIND_WINDOW_END));
}

static void
ask_authority(struct world *w, struct answer *answer)
{
	int reason = is_suspended(w) ? REFUSAL_SUSPENDED :
	    utc_before(w->term_end, w->now) ? REFUSAL_TERM_OVER :
	    between(w, 0, 99) == 0 ? REFUSAL_BUSY : 0;

	*answer = (struct answer){.result = RESULT_OK};
	if (reason == 0) {
		facts_lease(&answer->license, w->now, w->term_end);
		/* A slot of the day, as the shipped authority names it. */
		answer->license.refresh_after_s = 20 * HOUR_S;
		answer->license.refresh_window_s = 4 * HOUR_S;
		answer->license.bind_logical_cpus =
		    w->facts.hardware.logical_cpus;
		answer->license.sequence = ++w->sequence;
		complete(&answer->license);
	} else {
		bool orders = policy_refusal(reason)->ends_lease;
		answer->result = RESULT_REFUSED;
		answer->refusal = (struct refusal){
			.has = SAMPLE_ALL(REFUSED_FIELD_COUNT) &
			    ~(bit(REFUSED_LICENSE_ID) | bit(REFUSED_EXTERNAL)),
			.reason = reason, .detail = "said the authority",
			.issued = w->now, .retry_after_s = 600,
			.sequence = orders ? ++w->sequence : 0};
		if (!orders)
			answer->refusal.has &= ~bit(REFUSED_SEQUENCE);
		memset(answer->refusal.machine_key, 7, KEY_SIZE);
	}
	if (w->real)
		through_the_seal(w, answer);
}

static void
exchange(struct world *w)
{
	static const int faults[] = {RESULT_DNS, RESULT_CONNECT,
		RESULT_TIMEOUT, RESULT_TLS, RESULT_HTTP, RESULT_MALFORMED};
	struct answer answer;
	struct outcome outcome = {.started = w->now, .at = w->now};

	if (utc_before(w->now, w->outage_end)) {
		outcome.result = (enum result)faults[between(w, 0, 5)];
		outcome.retry_after_s = between(w, 0, 9) == 0 ? 30 * DAY_S : 0;
	} else {
		ask_authority(w, &answer);
		outcome.result = answer.result;
		outcome.answer = &answer;
		w->renewals += answer.result == RESULT_OK;
	}
	policy_apply(&w->facts, &outcome, (uint32_t)next_random(w));
}

static void
check(struct world *w)
{
	struct report r;

	report_make(&w->facts, w->now, TRUST_TRUSTED, &r);
	struct edges edges = edges_between(w->has_report ? &w->report : NULL,
	    &r);
	bool was_usable = w->has_report && w->report.usable;
	if (was_usable && !r.usable && (edges.set & edge_bit(UNUSABLE)) == 0)
		broken(w, "an end of usable is an edge");
	w->report = r;
	w->has_report = true;
	if (r.usable && (utc_before(r.lease_end, w->now) ||
			    utc_before(r.term_end, w->now)))
		broken(w, "nothing is usable past its end");
	if (r.has[FIELD_ID_LEASE_END] && utc_before(r.term_end, r.lease_end))
		broken(w, "a lease never passes its term");
	bool paid = !utc_before(w->term_end, w->now);
	bool said_suspended = policy_refused(&w->facts) != 0;
	/* Reached since it was paid for, and not told otherwise. */
	if (paid && !is_suspended(w) && !said_suspended && !r.usable &&
	    utc_before(utc_add(w->outage_end, 7 * HOUR_S), w->now) &&
	    utc_before(utc_add(w->suspended_until, 7 * HOUR_S), w->now) &&
	    utc_before(utc_add(w->born, HOUR_S), w->now) &&
	    utc_before(utc_add(w->pays_at, 7 * HOUR_S), w->now))
		broken(w, "a paid, reachable license never lapses");
	if (r.severity == SEVERITY_OK)
		w->warned_at = (utc_t){0};
	else if (w->warned_at.s == 0)
		w->warned_at = w->now;
	if (r.state == STATE_EXPIRED && w->warned_at.s >
		utc_min(r.term_end, r.lease_end).s - 5 * DAY_S)
		broken(w, "a person is warned before an end");
	if (!r.failing && r.has[FIELD_ID_TERM_END] && r.usable &&
	    r.term_end.s - w->now.s < 30 * DAY_S && r.severity == SEVERITY_OK)
		broken(w, "an annual end is announced 30 days ahead");
}

static void
happen(struct world *w)
{
	if (!utc_before(w->now, w->next_outage)) {
		w->outage_end = utc_add(w->now, between(w, 60, OUTAGE_MAX_S));
		w->next_outage = utc_add(w->outage_end,
		    between(w, 2 * DAY_S, 60 * DAY_S));
	}
	if (w->pays_at.s != 0 && !utc_before(w->now, w->pays_at) &&
	    w->pays_at.s > w->term_end.s - 40 * DAY_S) {
		w->term_end = utc_day_end(utc_max(w->term_end, w->now), 365);
	}
	if (utc_before(utc_add(w->pays_at, 40 * DAY_S), w->now))
		/* Early, in time, or days too late. */
		w->pays_at = utc_add(w->term_end,
		    between(w, -30 * DAY_S, 5 * DAY_S));
	if (utc_before(utc_add(w->suspended_until, 100 * DAY_S), w->now)) {
		w->suspended_from = utc_add(w->now, between(w, 0, 200 * DAY_S));
		w->suspended_until = utc_add(w->suspended_from,
		    between(w, HOUR_S, 10 * DAY_S));
	}
	if (between(w, 0, 2000) == 0) {
		w->facts.hardware.logical_cpus = between(w, 1, 64);
		w->facts.next_attempt = w->now;
	}
}

static void
live(struct world *w, int64_t years)
{
	utc_t end = utc_add(w->born, years * 365 * DAY_S);

	while (utc_before(w->now, end)) {
		happen(w);
		check(w);
		if (!utc_before(w->now, w->facts.next_attempt)) {
			exchange(w);
			check(w);
		}
		utc_t next = utc_min(w->facts.next_attempt,
		    edges_next(&w->report));
		if (!utc_before(w->now, next) &&
		    !utc_before(w->now, w->facts.next_attempt))
			broken(w, "the plan goes forward");
		w->now = utc_max(utc_add(w->now, 1), next);
		w->steps++;
	}
}

static void
one_life(uint64_t seed, bool real, int64_t years, int64_t totals[2])
{
	struct world w = {.random = seed, .seed = seed, .real = real};

	w.born = w.now = utc_add((utc_t){FACTS_NOON},
	    between(&w, 0, 365 * DAY_S));
	w.term_end = utc_day_end(w.now, 365);
	w.pays_at = utc_add(w.term_end, between(&w, -30 * DAY_S, 5 * DAY_S));
	w.next_outage = utc_add(w.now, between(&w, DAY_S, 30 * DAY_S));
	w.suspended_from = utc_add(w.now, between(&w, DAY_S, 300 * DAY_S));
	w.suspended_until = utc_add(w.suspended_from,
	    between(&w, HOUR_S, 10 * DAY_S));
	facts_bare(&w.facts);
	w.facts.since = w.now;
	w.facts.next_attempt = w.now;
	sample_keyring(&w.keyring);
	w.signer = sample_key(SAMPLE_SIGNER);
	live(&w, years);
	signing_key_free(w.signer);
	totals[0] += w.steps;
	totals[1] += w.renewals;
}

int
main(int argc, char **argv)
{
	int64_t years = argc > 1 ? strtoll(argv[1], NULL, 10) : 1000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	int64_t real = argc > 3 ? strtoll(argv[3], NULL, 10) : 0;
	int64_t totals[2] = {0, 0};

	/* Lives of at most ten years, each of a seed of its own. */
	for (int64_t lived = 0; lived < years; lived += 10)
		one_life(seed + (uint64_t)lived, false,
		    years - lived < 10 ? years - lived : 10, totals);
	if (real > 0)
		one_life(seed, true, real, totals);
	printf("sim: %" PRId64 " machine-years (%" PRId64 " with real keys), "
	    "seed %" PRIu64 ": %" PRId64 " steps, %" PRId64 " renewals, no "
	    "invariant broken\n", years + real, real, seed, totals[0],
	    totals[1]);
	return 0;
}
