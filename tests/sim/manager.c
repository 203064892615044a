/* SPDX-License-Identifier: ISC */
/*
 * The manager of a host, who hears what its agent announces: what waits while
 * the SNMP master is away and is lost with the agent, what was heard, and the
 * acknowledgement back. It looks at no license.
 */
#include <inttypes.h>
#include <string.h>

#include "tests/sim/sim.h"

enum { AWAY_ODDS = 20 };

#define CHECK(h, id, holds, ...)                                              \
	do {                                                                  \
		figures.checked[INVARIANT_##id]++;                            \
		if (!(holds))                                                 \
			life_broken(h, INVARIANT_##id, __VA_ARGS__);          \
	} while (0)

static bool
same(const struct alarms *a, const struct alarms *b)
{
	return a->raised == b->raised && a->step_days == b->step_days;
}

void
manager_start(struct host *h, const struct alarms *kept)
{
	struct manager *m = &h->manager;

	m->waiting = 0;
	if (m->random == 0)
		m->random = h->life->seed * HOSTS + (uint64_t)h->number + 1;
	CHECK(h, HEARD, m->unkept || same(kept, &m->heard), "it starts with "
	    "%#" PRIx64 " and step %" PRId64 ", a manager heard %#" PRIx64
	    " and step %" PRId64, kept->raised, kept->step_days,
	    m->heard.raised, m->heard.step_days);
	if (!same(kept, &m->heard)) {
		/* What is on the disk is what it goes by from here on. */
		m->heard = *kept;
		m->steps = 0;
		m->step_count = 0;
	}
	m->unkept = false;
}

static void
wait_for_master(struct host *h, int number, const struct report *r,
    const struct edges *edges)
{
	struct manager *m = &h->manager;

	if (m->waiting == MANAGER_WAITING)
		life_broken(h, INVARIANT_HEARD, "%d notices wait",
		    m->waiting);
	m->queue[m->waiting++] = (struct heard){ .number = number,
		.step_days = edges->crossed_days,
		.deadline = r->action_deadline };
}

void
manager_announce(struct host *h, const struct report *r,
    const struct edges *edges)
{
	for (int clears = 1; clears >= 0; clears--) {
		for (int i = 1; i <= NOTIFICATION_MAX; i++) {
			if ((edges->set & 1U << i) != 0 &&
			    notification_is_raise(i) == !clears)
				wait_for_master(h, i, r, edges);
		}
	}
}

static void
hear_step(struct host *h, const struct heard *notice)
{
	struct manager *m = &h->manager;
	uint64_t step = UINT64_C(1) << notice->step_days;

	if (notice->step_days < 0 || notice->step_days > LADDER_TOP_DAYS)
		life_broken(h, INVARIANT_HEARD, "a step of %" PRId64 " days",
		    notice->step_days);
	CHECK(h, HEARD, (m->steps & step) == 0, "%" PRId64 " days are told "
	    "again", notice->step_days);
	m->steps |= step;
	m->step_count++;
	CHECK(h, HEARD, m->step_count <= EXPIRING_MAX, "%d notifications in "
	    "one episode", m->step_count);
}

static void
hear(struct host *h, const struct heard *notice)
{
	struct manager *m = &h->manager;
	int ends = notification_clears(notice->number);
	uint64_t raise = UINT64_C(1) << (ends != 0 ? ends : notice->number);
	bool held = (m->heard.raised & raise) != 0;

	life_trace(h->life, h, "a manager hears %d, step %" PRId64,
	    notice->number, notice->step_days);
	CHECK(h, HEARD, held == (ends != 0) ||
	    notice->number == NOTIFICATION_EXPIRING, "%d comes, and %#" PRIx64
	    " is raised", notice->number, m->heard.raised);
	if (ends == NOTIFICATION_EXPIRING) {
		m->steps = 0;
		m->step_count = 0;
	}
	if (notice->number == NOTIFICATION_EXPIRING)
		hear_step(h, notice);
	alarms_tell(&m->heard, notice->number, notice->step_days,
	    notice->deadline);
}

void
manager_hear(struct host *h, bool (*acknowledge)(struct host *h,
    unsigned cleared, const struct alarms *raised))
{
	struct manager *m = &h->manager;
	struct alarms raised = { 0 };
	unsigned cleared = 0;

	if (m->waiting == 0 || h->dead)
		return;
	if (utc_before(h->life->now, m->away_until))
		return;
	if (sim_chance(&m->random, AWAY_ODDS)) {
		fate_count(h->life, h, FAULT_MASTER);
		m->away_until = utc_add(h->life->now,
		    sim_spread(&m->random, 60, 20 * DAY_S));
		h->step_at = h->step_at.s == 0 ? m->away_until :
		    utc_min(h->step_at, m->away_until);
		return;
	}
	for (int i = 0; i < m->waiting; i++) {
		const struct heard *notice = &m->queue[i];
		int ends = notification_clears(notice->number);

		hear(h, notice);
		if (ends != 0)
			cleared |= 1U << ends;
		alarms_tell(&raised, notice->number, notice->step_days,
		    notice->deadline);
	}
	m->waiting = 0;
	m->unkept = !acknowledge(h, cleared, &raised) || m->unkept;
}

/* What holds, by the report alone, is what a manager holds. */
void
manager_check(struct host *h, const struct report *r)
{
	const struct manager *m = &h->manager;
	uint64_t held = m->heard.raised;
	bool ladder = r->has[FIELD_ID_ACTION_DEADLINE] &&
	    r->state != STATE_SUSPENDED && r->state != STATE_CANCELLED;
	int64_t days = utc_days(r->action_deadline, r->now);

	if (m->waiting > 0)
		return;
	if (!r->usable && r->severity == SEVERITY_CRITICAL)
		CHECK(h, TOLD, held & edge_bit(UNUSABLE), "it is not usable "
		    "and nobody was told");
	if (r->usable)
		CHECK(h, TOLD, !(held & edge_bit(UNUSABLE)), "it is usable and "
		    "nobody was told");
	if (r->failing)
		CHECK(h, TOLD, held & edge_bit(REFRESH_FAILING), "refreshes "
		    "fail and nobody was told");
	else if (!r->has[FIELD_ID_FAILING] ||
	    r->refresh_last_result == RESULT_OK)
		CHECK(h, TOLD, !(held & edge_bit(REFRESH_FAILING)),
		    "refreshes succeed and nobody was told");
	CHECK(h, TOLD, (r->binding_changed != 0) ==
	    !!(held & edge_bit(BINDING_CHANGED)), "the binding turned and "
	    "nobody was told");
	CHECK(h, TOLD, r->clock_stepped == !!(held & edge_bit(CLOCK_ANOMALY)),
	    "the clock turned and nobody was told");
	if (r->state == STATE_EXPIRING)
		CHECK(h, TOLD, held & edge_bit(EXPIRING), "it expires and "
		    "nobody was told");
	/* In the last days on each of them. */
	if (ladder && days <= 7 && days * DAY_S < r->action_warning_s - DAY_S)
		CHECK(h, TOLD, held & edge_bit(EXPIRING) &&
		    m->heard.step_days <= (days < 0 ? 0 : days),
		    "%" PRId64 " days are left and %" PRId64 " were told", days,
		    m->heard.step_days);
	if (ladder && days > LADDER_TOP_DAYS + 1)
		CHECK(h, TOLD, !(held & edge_bit(EXPIRING)), "it was renewed "
		    "and nobody was told");
}
