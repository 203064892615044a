/* SPDX-License-Identifier: ISC */
/*
 * The queue of notices in random order, between licenses that change and a
 * manager that reads the table when a summary comes. Whatever was lost on the
 * way (a session, the agent itself), in the end the manager holds what holds;
 * and nothing is acknowledged that it was not sent.
 */
#include "agent/notices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "license/base/log.h"

enum { ROUNDS = 300, STEPS = 300, LICENSES = 48, LIMIT = 10, NOW_S = 1000000000 };

/* Names of what the notices tell, without those of nobody's alarm. */
static const enum notification raises[] = {NOTIFICATION_EXPIRING,
	NOTIFICATION_UNUSABLE, NOTIFICATION_REFRESH_FAILING,
	NOTIFICATION_BINDING_CHANGED};

static struct model {
	struct notices *queue;
	uint64_t random;
	size_t count;
	struct report report[LICENSES]; /* the world */
	/* The keeper's: of this run, and on disk. */
	struct alarms alarms[LICENSES], announced[LICENSES];
	bool was_full; /* so that words were dropped that nobody acknowledges */
	/* The manager's. */
	uint64_t held[LICENSES];
	/* Of this run. */
	struct alarms sent[LICENSES]; /* what acknowledgements must come to */
	unsigned told[LICENSES];
	bool summed, repeated;
	int64_t last, singles, summed_up, summaries;
	int64_t test, tested; /* sequences */
} m;

static unsigned
below(unsigned n)
{
	m.random ^= m.random << 13;
	m.random ^= m.random >> 7;
	m.random ^= m.random << 17;
	return (unsigned)(m.random >> 33) % n;
}

static void
begin_run(void)
{
	m.queue = notices_new();
	assert_non_null(m.queue);
	memcpy(m.alarms, m.announced, sizeof(m.alarms));
	memcpy(m.sent, m.announced, sizeof(m.sent));
	memset(m.told, 0, sizeof(m.told));
	m.summed = m.repeated = m.was_full = false;
	m.last = m.singles = m.summed_up = m.summaries = m.test = m.tested = 0;
}

static void
begin_round(unsigned round)
{
	memset(&m, 0, sizeof(m));
	m.random = 0x9e3779b97f4a7c15U * (round + 1);
	/* Few licenses, or enough for storms. */
	m.count = 1 + below(round % 2 == 0 ? 4 : LICENSES);
	for (size_t i = 0; i < m.count; i++) {
		struct report *r = &m.report[i];

		r->index = (int64_t)i + 1;
		r->now.s = NOW_S;
		r->has[FIELD_ID_ACTION_DEADLINE] = true;
		r->action_warning_s = 30 * DAY_S;
		r->action_deadline.s = NOW_S + 300 * DAY_S;
		r->state = STATE_VALID;
		r->severity = SEVERITY_OK;
		r->usable = true;
	}
	begin_run();
}

static void
post(unsigned set, const struct report *report, int64_t step_days)
{
	for (int k = 1; k <= NOTIFICATION_MAX; k++) {
		if ((set & 1U << k) == 0)
			continue;
		m.was_full |= notices_pending(m.queue) >= NOTICES_MAX;
		notices_post(m.queue, (enum notification)k, report,
		    k == NOTIFICATION_EXPIRING ? step_days : 0);
	}
}

/* As agent/announce.c does. */
static void
notice_edges(size_t i)
{
	struct edges edges = edges_take(&m.alarms[i], &m.report[i]);
	unsigned raised = 0;

	for (size_t k = 0; k < sizeof(raises) / sizeof(raises[0]); k++)
		raised |= 1U << raises[k];
	post(edges.set & ~raised, &m.report[i], 0);
	post(edges.set & raised, &m.report[i], edges.crossed_days);
}

static void
change(void)
{
	struct report *r = &m.report[below((unsigned)m.count)];

	switch (below(4)) {
	case 0: /* nearer, or paid */
		r->action_deadline.s = NOW_S + DAY_S * below(70);
		break;
	case 1:
		r->usable = !r->usable;
		r->severity = r->usable ? SEVERITY_OK : SEVERITY_CRITICAL;
		break;
	case 2:
		r->failing = !r->failing;
		break;
	default:
		r->binding_changed ^= 1;
	}
	notice_edges((size_t)r->index - 1);
}

static void
replay(void)
{
	for (size_t i = 0; i < m.count; i++) {
		uint64_t told = m.announced[i].raised & m.alarms[i].raised;

		for (int k = 1; k <= NOTIFICATION_MAX; k++) {
			m.was_full |= notices_pending(m.queue) >= NOTICES_MAX;
			if ((told & 1U << k) != 0)
				notices_repeat(m.queue, (enum notification)k,
				    &m.report[i], k == NOTIFICATION_EXPIRING ?
					m.announced[i].step_days : 0);
		}
	}
	notices_replayed(m.queue);
}

static bool
take_ack(void)
{
	struct notice_ack ack;

	if (!notices_take_ack(m.queue, &ack))
		return false;
	if (ack.index == NOTICE_REPLAY) {
		replay();
		return true;
	}
	assert_in_range(ack.index, 1, m.count);
	size_t i = (size_t)ack.index - 1;
	if (ack.tested != 0)
		m.tested = ack.tested;
	for (int k = 1; k <= NOTIFICATION_MAX && !m.summed; k++) {
		bool raised = (ack.raised.raised & 1U << k) != 0;
		int ends = notification_clears((enum notification)k);

		assert_true(!raised || (m.told[i] & 1U << k) != 0);
		assert_true(ends == 0 || (ack.cleared & 1U << ends) == 0 ||
		    (m.told[i] & 1U << k) != 0);
	}
	alarms_merge(&m.announced[i], ack.cleared, &ack.raised);
	return true;
}

/* Whether a message that was not acknowledged arrived nobody knows. */
static void
hear(const struct notice *notice)
{
	size_t i = (size_t)notice->report.index - 1;
	int ends = notification_clears(notice->number);

	if (notice->number == NOTIFICATION_SUMMARY_NOTICE) {
		for (i = 0; i < m.count; i++)
			m.held[i] = m.alarms[i].raised;
	} else if (ends != 0) {
		m.held[i] &= ~(1U << ends);
	} else if (notification_is_raise(notice->number)) {
		m.held[i] |= 1U << notice->number;
	}
}

/* What became of it: an answer, a session that went, an agent that did. */
enum outcome { TAKEN, LOST, KILLED };

static bool
send(enum outcome outcome)
{
	struct notice notice;

	if (!notices_peek(m.queue, &notice))
		return false;
	assert_true(notice.sequence > m.last);
	size_t i = (size_t)notice.report.index - 1;
	bool again = notification_is_raise(notice.number) &&
	    notice.number != NOTIFICATION_EXPIRING &&
	    (m.held[i] & 1U << notice.number) != 0;
	assert_true(!again || m.summed || m.repeated || m.was_full);
	/*
	 * The one case that nobody remembers: a clear that arrives, in whose
	 * moment the agent is killed, with the next raise already behind it.
	 */
	bool forgotten = outcome == KILLED &&
	    (notification_clears(notice.number) != 0 ||
		notice.number == NOTIFICATION_SUMMARY_NOTICE);
	if (outcome == TAKEN || (!forgotten && below(2) == 0))
		hear(&notice);
	if (outcome != TAKEN)
		return true;
	/* The keeper may post meanwhile. */
	if (below(3) == 0)
		change();
	m.last = notice.sequence;
	if (notice.number == NOTIFICATION_SUMMARY_NOTICE) {
		m.summed = true;
		m.summaries++;
		m.summed_up += notice.crossed;
	} else {
		m.singles++;
		m.told[i] |= 1U << notice.number;
		alarms_tell(&m.sent[i], notice.number, notice.crossed,
		    notice.report.action_deadline);
	}
	notices_pop(m.queue);
	return true;
}

static void
lose_the_session(void)
{
	send(LOST);
	m.repeated = true;
	notices_ask_replay(m.queue);
}

/*
 * kill -9: what was acknowledged is on disk, which takes the keeper moments,
 * the rest is seen again; but for what was over by then, which AgentStarted
 * makes a manager look for.
 */
static void
lose_the_agent(void)
{
	while (take_ack())
		;
	send(KILLED);
	/* What found no room nobody remembers: then the table is read. */
	bool read = m.was_full;
	notices_free(m.queue);
	begin_run();
	m.repeated = true;
	for (size_t i = 0; i < m.count; i++) {
		notice_edges(i);
		m.held[i] = read ? m.alarms[i].raised :
		    m.held[i] & (m.announced[i].raised | m.alarms[i].raised);
	}
}

static void
test_the_way(void)
{
	if (notices_post(m.queue, NOTIFICATION_TEST, &m.report[0], 0))
		m.test = notices_sequence(m.queue);
}

/* All that waits goes out, and all is acknowledged. */
static void
settle(void)
{
	while (send(TAKEN) || take_ack())
		;
	assert_int_equal(notices_pending(m.queue), 0);
	/* Every number is a notice, one of a summary's, or a summary. */
	assert_int_equal(notices_left_out(m.queue), m.summed_up);
	assert_true(notices_sequence(m.queue) >=
	    m.singles + m.summed_up + m.summaries);
}

static void
check(unsigned round)
{
	settle();
	for (size_t i = 0; i < m.count; i++) {
		const struct alarms *now = &m.alarms[i];
		const struct alarms *known = &m.announced[i];

		if (m.held[i] != now->raised)
			fail_msg("round %u, license %zu: held %#llx, raised "
				 "%#llx", round, i + 1,
			    (unsigned long long)m.held[i],
			    (unsigned long long)now->raised);
		if (!m.summed)
			assert_memory_equal(known, &m.sent[i], sizeof(*known));
		if (m.was_full)
			continue;
		assert_int_equal(known->raised, now->raised);
		assert_int_equal(known->step_days, now->step_days);
		/* Else a restart would take it for renewed. */
		assert_true(now->deadline.s - known->deadline.s <= DAY_S);
	}
	assert_true(m.was_full || m.tested == m.test);
}

static void
step(void)
{
	unsigned what = below(100);

	if (what < 50)
		change();
	else if (what < 75)
		send(TAKEN);
	else if (what < 88)
		take_ack();
	else if (what < 94)
		notices_condense(m.queue, LIMIT, below(2) == 0);
	else if (what < 97)
		lose_the_session();
	else if (what < 98)
		lose_the_agent();
	else if (what < 99)
		test_the_way();
	else
		for (unsigned i = below(2 * NOTICES_MAX); i > 0; i--)
			change(); /* the master is away */
}

static void
a_manager_ends_up_with_what_holds(void **state)
{
	int64_t singles = 0, summaries = 0, full = 0;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		begin_round(round);
		for (int i = 0; i < STEPS; i++)
			step();
		check(round);
		singles += m.singles;
		summaries += m.summaries;
		full += m.was_full;
		notices_free(m.queue);
	}
	/* Rounds of every kind. */
	assert_true(singles > ROUNDS && summaries > ROUNDS / 10);
	assert_in_range(full, ROUNDS / 20, ROUNDS - ROUNDS / 20);
}

static int
be_quiet(void **state)
{
	(void)state;
	return log_open("/dev/null", "test", LOG_LEVEL_ERROR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manager_ends_up_with_what_holds),
	};

	return cmocka_run_group_tests_name("the queue of notices, by a model",
	    tests, be_quiet, NULL);
}
