/* SPDX-License-Identifier: ISC */
/*
 * A million machines, second by second: when each asks is what the shipped
 * policy says, when it may ask next is the shipped slot and window, who is
 * granted a lease is the shipped admission. The authority goes away; nobody
 * may lapse, and they may not come all at once.
 *
 * usage: schedule [SCENARIO [PLOT.svg]]
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "license/authority/gate.h"
#include "license/policy.h"
#include "tests/facts.h"
#include "tests/sim/plot.h"

enum {
	FLEET = 1000000,
	NONE = -1,
	MINUTE_S = 60,
	PERSON_EACH_S = 30, /* somewhere a person asks for a refresh */
	TERM_DAYS = 365,
	LARGE_PAGE = 1 << 21,
	CACHE_LINE = 64,
	PROVE_EACH = 1000, /* events, one is done also by policy_apply() */
};

/* What differs between machines; all else is one struct license_facts. */
struct host {
	int32_t next; /* in the list of a second */
	int32_t at;   /* that second, NONE: in no list */
	int32_t slot;
	int32_t issued, refresh_at, last_attempt; /* seconds of the run */
	int32_t term_end, retry_after;
	int32_t lease_end, known_term; /* of the document in hand */
	uint8_t failures, result, refusal;
	bool has_license, paid, waits, attended;
	uint8_t held_s;
} __attribute__((aligned(CACHE_LINE)));

struct scenario {
	const char *name, *what;
	int days;
	int away_from_h, away_h; /* the authority; the machines if off */
	bool off;		 /* all switched off, and on at one moment */
	bool activates;		 /* no leases yet, all wanted in one hour */
};

static const struct scenario scenarios[] = {
	{ "day", "the authority is away for 24 h", 30, 10 * 24 + 9, 24, false,
	    false },
	{ "week", "the authority is away for 7 days", 12, 3 * 24 + 15, 7 * 24,
	    false, false },
	{ "hour", "all are activated in one hour (asked: after it)", 4, 0, 0,
	    false, true },
	{ "moment", "all are off for 24 h and start in one second", 4, 24 + 9,
	    24, true, false },
};

struct sim {
	const struct scenario *scenario;
	int64_t seconds;
	int32_t *first; /* by second */
	struct host *hosts;
	uint64_t random;
	struct admit admit;
	struct license_facts facts; /* of the one that speaks */
	struct dossier dossier;
	struct decision decision;
	int32_t *held, *held_next;
	size_t held_next_count;
	int32_t *tried, *asked, *granted, *busy; /* by second */
	int64_t lapsed, unheard, waiting, persons, persons_refused, renewals;
	int64_t events, proved;
	int64_t gone_s; /* after the return, until one in 1000 waits; 0: not */
};

static const int64_t epoch = FACTS_DAY;
static const double mean = (double)FLEET / DAY_S;

static uint64_t
next_random(struct sim *s)
{
	uint64_t z = s->random += 0x9E3779B97F4A7C15ULL;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
	return z ^ (z >> 31);
}

static utc_t
utc_of(int64_t second)
{
	return (utc_t){ epoch + second };
}

static void
fail(const struct sim *s, int64_t second, const char *what)
{
	printf("schedule %s, second %" PRId64 ": broken: %s\n",
	    s->scenario->name, second, what);
	exit(1);
}

static void
unlist(struct sim *s, int32_t who)
{
	struct host *m = &s->hosts[who];

	if (m->at == NONE)
		return;
	/* The first, but for one that a person asks for. */
	int32_t *place = &s->first[m->at];
	while (*place != who)
		place = &s->hosts[*place].next;
	*place = m->next;
	m->at = NONE;
}

static void
list(struct sim *s, int32_t who, int64_t second)
{
	struct host *m = &s->hosts[who];

	unlist(s, who);
	if (second >= s->seconds)
		return;
	m->at = (int32_t)second;
	m->next = s->first[second];
	s->first[second] = who;
}

/* The end of a lease that is granted now. */
static int64_t
lease_end(const struct host *m, int64_t now)
{
	int64_t end = utc_day_end(utc_of(now),
	    decide_policy_default.lease_days).s - epoch;

	return end < m->term_end ? end : m->term_end;
}

/* The machine as the policy sees it. */
static void
load(struct sim *s, const struct host *m)
{
	struct license_facts *f = &s->facts;

	f->has_license = m->has_license;
	f->license.issued = utc_of(m->issued);
	f->license.lease_end = utc_of(m->lease_end);
	f->license.term_end = utc_of(m->known_term);
	f->last_result = m->result;
	f->last_refusal = m->refusal;
	f->last_attempt = utc_of(m->last_attempt);
	f->last_success = m->has_license ? utc_of(m->issued) : (utc_t){ 0 };
	f->refresh_at = m->has_license ? utc_of(m->refresh_at) : (utc_t){ 0 };
	f->failures_in_row = m->failures;
	f->retry_after_s = m->retry_after;
}

static void
plan(struct sim *s, int32_t who, int64_t now, uint32_t random)
{
	load(s, &s->hosts[who]);
	list(s, who, policy_next(&s->facts, utc_of(now), random).s - epoch);
}

/* The shipped function, from the same to the same. NULL: not this time. */
static struct license_facts *
prove(struct sim *s, int32_t who, int64_t now, const struct answer *answer,
    int result, uint32_t random)
{
	static struct license_facts whole;
	struct outcome outcome = { .result = (enum result)result,
		.at = utc_of(now), .started = utc_of(now), .answer = answer };

	if (++s->events % PROVE_EACH != 0)
		return NULL;
	load(s, &s->hosts[who]);
	memcpy(&whole, &s->facts, sizeof(whole));
	policy_apply(&whole, &outcome, random);
	return &whole;
}

static void
compare(struct sim *s, int32_t who, int64_t now,
    const struct license_facts *whole)
{
	const struct host *m = &s->hosts[who];
	int64_t at = m->at == NONE ? s->seconds : m->at;
	int64_t next = whole ? whole->next_attempt.s - epoch : 0;

	if (!whole)
		return;
	load(s, m);
	if ((next < s->seconds ? next : s->seconds) != at ||
	    whole->failures_in_row != s->facts.failures_in_row ||
	    whole->last_refusal != s->facts.last_refusal ||
	    whole->license.lease_end.s != s->facts.license.lease_end.s ||
	    (whole->has_license &&
	    whole->refresh_at.s != s->facts.refresh_at.s))
		fail(s, now, "a machine does as policy_apply says");
	s->proved++;
}

/* What policy_apply() does to the members that are kept here. */
static void
refused(struct sim *s, int32_t who, int64_t now, int result, int64_t retry_s)
{
	static struct answer answer = { .result = RESULT_REFUSED,
		.refusal = { .reason = REFUSAL_BUSY } };
	struct host *m = &s->hosts[who];
	uint32_t random = (uint32_t)next_random(s);

	answer.refusal.retry_after_s = retry_s;
	const struct license_facts *whole = prove(s, who, now, &answer, result,
	    random);
	m->result = (uint8_t)result;
	m->last_attempt = (int32_t)now;
	m->retry_after = (int32_t)retry_s;
	if (result == RESULT_REFUSED)
		m->refusal = REFUSAL_BUSY;
	else if (m->failures < UINT8_MAX)
		m->failures++;
	if (!m->waits)
		s->waiting++;
	m->waits = true;
	plan(s, who, now, random);
	compare(s, who, now, whole);
}

static void
granted(struct sim *s, int32_t who, int64_t now)
{
	const struct decide_policy *policy = &decide_policy_default;
	struct host *m = &s->hosts[who];
	/* Large: what is not set below stays 0. */
	static struct answer answer = { .result = RESULT_OK };
	struct license *l = &answer.license;
	uint32_t random = (uint32_t)next_random(s);
	const struct license_facts *whole;

	facts_lease(l, utc_of(now), utc_of(m->term_end));
	l->lease_end = utc_of(lease_end(m, now));
	l->refresh_after_s = decide_refresh_after(policy, utc_of(now),
	    m->slot);
	l->refresh_window_s = policy->refresh_window_s;
	whole = prove(s, who, now, &answer, RESULT_OK, random);
	m->issued = (int32_t)now;
	m->lease_end = (int32_t)lease_end(m, now);
	m->known_term = m->term_end;
	m->has_license = true;
	m->paid = false;
	m->result = RESULT_OK;
	m->refusal = REFUSAL_NONE;
	m->failures = 0;
	m->retry_after = 0;
	m->last_attempt = (int32_t)now;
	m->refresh_at = (int32_t)(policy_pick(l, random).s - epoch);
	s->waiting -= m->waits;
	m->waits = false;
	m->attended = false;
	s->granted[now]++;
	s->renewals++;
	plan(s, who, now, random);
	compare(s, who, now, whole);
}

/* The records of this machine, as the authority has them. */
static enum admit_class
class_of(struct sim *s, const struct host *m, int64_t now)
{
	s->dossier.known = m->has_license;
	s->dossier.machine.last_reason = REFUSAL_NONE;
	s->dossier.machine.last_seen = utc_of(m->issued);
	s->dossier.machine.lease_end = utc_of(m->lease_end);
	s->dossier.machine.revision = m->paid ? 1 : 2;
	s->dossier.subscription.revision = 2;
	s->decision.license.lease_end = utc_of(lease_end(m, now));
	return gate_class(&s->dossier, &s->decision, m->attended,
	    utc_of(now));
}

static bool
is_away(const struct sim *s, int64_t now)
{
	int64_t from = s->scenario->away_from_h * INT64_C(3600);

	return now >= from && now < from + s->scenario->away_h * 3600;
}

static void
decide_one(struct sim *s, int32_t who, int64_t now)
{
	struct host *m = &s->hosts[who];

	switch (admit_ask(&s->admit, now, class_of(s, m, now), m->held_s)) {
	case ADMIT_GRANT:
		m->held_s = 0;
		granted(s, who, now);
		break;
	case ADMIT_HOLD:
		m->held_s++;
		s->held_next[s->held_next_count++] = who;
		break;
	case ADMIT_BUSY:
		m->held_s = 0;
		s->persons_refused += m->attended;
		m->attended = false;
		s->busy[now]++;
		refused(s, who, now, RESULT_REFUSED,
		    admit_retry_after(&s->admit, now));
		break;
	}
}

/* Only a term that was paid too late to be told is allowed to end. */
static void
lapse(struct sim *s, struct host *m)
{
	int64_t away = s->scenario->away_from_h * INT64_C(3600);
	bool unheard = m->lease_end == m->known_term &&
	    m->lease_end >= away &&
	    m->lease_end <= away + s->scenario->away_h * 3600;

	if (unheard)
		s->unheard++;
	else
		s->lapsed++;
}

static void
ask(struct sim *s, int32_t who, int64_t now)
{
	struct host *m = &s->hosts[who];

	unlist(s, who);
	/* The next one is fetched meanwhile. */
	if (s->first[now] != NONE)
		__builtin_prefetch(&s->hosts[s->first[now]]);
	if (m->has_license && now > m->lease_end)
		lapse(s, m);
	s->tried[now]++;
	if (is_away(s, now)) {
		m->attended = false;
		refused(s, who, now, RESULT_CONNECT, 0);
		return;
	}
	s->asked[now]++;
	decide_one(s, who, now);
}

/* Terms are paid nine days to three hours before they end. */
static void
pay(struct sim *s, int64_t now)
{
	static const int64_t hours_before = 3;
	int64_t day = now + hours_before * 3600;

	if ((day + 1) % DAY_S != 0)
		return;
	for (int32_t i = 0; i < FLEET; i++) {
		struct host *m = &s->hosts[i];

		if (m->term_end == day + i % 10 * DAY_S) {
			m->term_end += TERM_DAYS * DAY_S;
			m->paid = true;
		}
	}
}

/* Whoever was off makes its plan when it starts. */
static void
start_all(struct sim *s, int64_t now)
{
	int64_t from = s->scenario->away_from_h * INT64_C(3600);

	for (int64_t t = from; t < now; t++)
		while (s->first[t] != NONE) {
			int32_t who = s->first[t];

			unlist(s, who);
			s->waiting += !s->hosts[who].waits;
			s->hosts[who].waits = true;
			plan(s, who, now, (uint32_t)next_random(s));
		}
}

/* Somewhere a person says "fcli set renew_license", whatever the plan. */
static void
ask_by_person(struct sim *s, int64_t now)
{
	int32_t who = (int32_t)(next_random(s) % FLEET);
	struct host *m = &s->hosts[who];

	if (m->held_s > 0 || m->last_attempt == now)
		return;
	m->attended = true;
	s->persons++;
	ask(s, who, now);
}

static void
step(struct sim *s, int64_t now)
{
	const struct scenario *c = s->scenario;
	int64_t back = (c->away_from_h + c->away_h) * INT64_C(3600);
	int32_t *held = s->held_next;
	size_t count = s->held_next_count;

	s->held_next = s->held;
	s->held = held;
	s->held_next_count = 0;
	pay(s, now);
	if (c->off && is_away(s, now))
		return;
	if (c->off && now == back)
		start_all(s, now);
	for (size_t i = 0; i < count; i++)
		decide_one(s, held[i], now);
	while (s->first[now] != NONE)
		ask(s, s->first[now], now);
	if (now % PERSON_EACH_S == 0 && !c->activates && !is_away(s, now))
		ask_by_person(s, now);
	if (now > back + HOUR_S && s->gone_s == 0 && s->waiting < FLEET / 1000)
		s->gone_s = now - back;
}

/* A fleet in its daily round, or one that was just sold. */
static void
settle(struct sim *s, int32_t who)
{
	static const char digits[] = "0123456789abcdef";
	struct host *m = &s->hosts[who];
	uint64_t r = next_random(s);
	char id[] = "sub-0123456789abcdef";
	int64_t window = decide_policy_default.refresh_window_s + 1;

	for (int i = 0; i < 16; i++)
		id[4 + i] = digits[(r >> (4 * i)) & 15];
	m->slot = (int32_t)decide_slot(id);
	m->at = NONE;
	r = next_random(s);
	m->term_end = (int32_t)((int64_t)(r % TERM_DAYS + 10) * DAY_S - 1);
	m->refusal = REFUSAL_NONE;
	if (s->scenario->activates) {
		m->result = RESULT_NEVER;
		m->last_attempt = NONE;
		list(s, who, (int64_t)((r >> 20) % 3600));
		return;
	}
	m->has_license = true;
	m->result = RESULT_OK;
	/* Of the night before, if that was after midnight; else the next. */
	m->refresh_at = (int32_t)(m->slot - DAY_S +
	    (int64_t)((r >> 20) % (uint64_t)window));
	if (m->refresh_at < 0)
		m->refresh_at = (int32_t)(m->slot +
		    (int64_t)(next_random(s) % (uint64_t)window));
	m->issued = m->last_attempt = (int32_t)(m->refresh_at - DAY_S);
	m->known_term = m->term_end;
	m->lease_end = (int32_t)lease_end(m, m->issued);
	list(s, who, m->refresh_at);
}

static void *
room(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (!p) {
		fputs("schedule: no memory\n", stderr);
		exit(1);
	}
	return p;
}

/* In large pages, where there are: whoever is next lies anywhere. */
static struct host *
fleet(void)
{
	size_t size = FLEET * sizeof(struct host);
	struct host *p = aligned_alloc(LARGE_PAGE, size);

	if (!p) {
		fputs("schedule: no memory\n", stderr);
		exit(1);
	}
	(void)madvise(p, size, MADV_HUGEPAGE);
	memset(p, 0, size);
	return p;
}

static void
begin(struct sim *s, const struct scenario *scenario)
{
	memset(s, 0, sizeof(*s));
	s->scenario = scenario;
	s->seconds = scenario->days * DAY_S;
	s->random = 1;
	s->first = room((size_t)s->seconds, sizeof(*s->first));
	memset(s->first, 0xff, (size_t)s->seconds * sizeof(*s->first));
	s->hosts = fleet();
	s->held = room(2 * ADMIT_HELD_MAX, sizeof(*s->held));
	s->held_next = room(2 * ADMIT_HELD_MAX, sizeof(*s->held_next));
	s->tried = room((size_t)s->seconds, sizeof(int32_t));
	s->asked = room((size_t)s->seconds, sizeof(int32_t));
	s->granted = room((size_t)s->seconds, sizeof(int32_t));
	s->busy = room((size_t)s->seconds, sizeof(int32_t));
	facts_healthy(&s->facts);
	s->facts.has_refusal = false;
	s->facts.since = utc_of(0);
	admit_init(&s->admit, 0, -1);
	admit_fleet(&s->admit, FLEET);
	for (int32_t i = 0; i < FLEET; i++)
		settle(s, i);
}

/* The most in any ${window} seconds in a row, as a multiple of the mean. */
static double
worst(const int32_t *per_second, int64_t from, int64_t to, int window)
{
	int64_t sum = 0, most = 0;

	for (int64_t t = from; t < to; t++) {
		sum += per_second[t];
		if (t - from >= window)
			sum -= per_second[t - window];
		most = sum > most ? sum : most;
	}
	return (double)most / window / mean;
}

static int64_t
total(const int32_t *per_second, int64_t from, int64_t to)
{
	int64_t sum = 0;

	for (int64_t t = from; t < to; t++)
		sum += per_second[t];
	return sum;
}

static void
judge(const struct sim *s)
{
	const struct scenario *c = s->scenario;
	int64_t from = c->activates ? HOUR_S : 0, end = s->seconds;

	for (int32_t i = 0; i < FLEET; i++)
		if (!s->hosts[i].has_license)
			fail(s, end, "every machine gets a license");
	if (worst(s->granted, 0, end, 1) > 1.5)
		fail(s, end, "granted in a second is at most 1.5x");
	if (worst(s->asked, from, end, MINUTE_S) > 5)
		fail(s, end, "asked in a minute is at most 5x");
	if (s->lapsed > 0)
		fail(s, end, "nobody lapses");
	if (s->persons_refused * 1000 > s->persons)
		fail(s, end, "a person is hardly ever refused");
	if (s->gone_s == 0 || s->gone_s > DAY_S)
		fail(s, end, "the backlog is gone within a day");
	if (s->proved * PROVE_EACH < s->events - PROVE_EACH)
		fail(s, end, "one in a thousand steps is proved");
}

static void
show(const struct sim *s)
{
	const struct scenario *c = s->scenario;
	int64_t from = c->activates ? HOUR_S : 0, end = s->seconds;

	printf("schedule %s: %s: %d days, mean %.2f/s; granted at most %.2fx "
	    "in a second; asked at most %.2fx in a minute, %.2fx in 10 s, "
	    "%.2fx in a second\n", c->name, c->what, c->days, mean,
	    worst(s->granted, 0, end, 1),
	    worst(s->asked, from, end, MINUTE_S),
	    worst(s->asked, from, end, 10), worst(s->asked, from, end, 1));
	printf("schedule %s: %" PRId64 " leases, %" PRId64 " times busy, %"
	    PRId64 " lapsed, %" PRId64 " of %" PRId64 " persons refused; the "
	    "backlog was gone after %.1f h; %" PRId64 " steps proved\n",
	    c->name, s->renewals, total(s->busy, 0, end), s->lapsed,
	    s->persons_refused, s->persons, (double)s->gone_s / HOUR_S,
	    s->proved);
	if (s->unheard > 0)
		printf("schedule %s: %" PRId64 " times a term was over whose "
		    "payment nobody could be told of\n", c->name, s->unheard);
}

static int64_t *
by_minute(const struct sim *s, const int32_t *per_second)
{
	int64_t *out = room((size_t)(s->seconds / MINUTE_S), sizeof(*out));

	for (int64_t t = 0; t < s->seconds; t++)
		if (per_second != s->tried || is_away(s, t))
			out[t / MINUTE_S] += per_second[t];
	return out;
}

static void
draw(const struct sim *s, const char *path)
{
	const struct scenario *c = s->scenario;
	const struct plot_series series[] = {
		{ "tried in vain", "#8c8c8c", "#8c8c8c",
		    by_minute(s, s->tried) },
		{ "asked, a minute's mean", "#d95f02", "#f0883e",
		    by_minute(s, s->asked) },
		{ "granted", "#1f6feb", "#58a6ff", by_minute(s, s->granted) },
	};
	const struct plot_limit limits[] = {
		{ "5x the daily mean", 5 * mean },
		{ "1.5x", 1.5 * mean },
	};
	struct plot plot = { .title = "Refreshes a second of 1000000 machines",
		.minutes = s->seconds / MINUTE_S,
		.away_from = c->away_from_h * 60,
		.away_to = (c->away_from_h + c->away_h) * 60,
		.top_per_s = 70, .series = series, .series_count = 3,
		.limits = limits, .limit_count = 2 };

	plot.from_min = plot.away_from - 6 * 60;
	plot.to_min = plot.away_to + 30 * 60;
	if (!plot_write(&plot, path)) {
		perror(path);
		exit(1);
	}
	for (size_t i = 0; i < 3; i++)
		free((void *)series[i].per_minute);
}

static void
finish(struct sim *s)
{
	free(s->first);
	free(s->hosts);
	free(s->held);
	free(s->held_next);
	free(s->tried);
	free(s->asked);
	free(s->granted);
	free(s->busy);
}

int
main(int argc, char **argv)
{
	static struct sim s;

	for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++) {
		if (argc > 1 && strcmp(argv[1], scenarios[i].name) != 0)
			continue;
		begin(&s, &scenarios[i]);
		for (int64_t t = 0; t < s.seconds; t++)
			step(&s, t);
		show(&s);
		judge(&s);
		if (argc > 2)
			draw(&s, argv[2]);
		finish(&s);
	}
	return 0;
}
