/* SPDX-License-Identifier: ISC */
/* What is raised and a report in, what happened out; it announces nothing. */
#include "license/edges.h"

#include <stddef.h>

static const int64_t ladder_days[] = {60, 30, 14, 7, 6, 5, 4, 3, 2, 1, 0};
enum {
	LADDER_STEPS = sizeof(ladder_days) / sizeof(ladder_days[0]),
	LAST_DAYS = 7,
	BEFORE_LAST_DAYS = EXPIRING_MAX - (LAST_DAYS + 1),
	HYSTERESIS_PCT = 5,
	HYSTERESIS_DAYS = 1,
};

#define CLEARS_ROW(name, number, mib, clears) [number] = clears,
static const int clears[] = {NOTIFICATIONS(CLEARS_ROW)};
#undef CLEARS_ROW

#define RAISE_ROW(name, number, mib, clears)                                  \
	((clears) != 0 ? 1U << (clears) : 0) |
static const unsigned raises = NOTIFICATIONS(RAISE_ROW) 0;
#undef RAISE_ROW

int
notification_clears(enum notification number)
{
	return clears[number];
}

bool
notification_is_raise(enum notification number)
{
	return (raises & 1U << number) != 0;
}

static void
clear(struct alarms *alarms, unsigned bits)
{
	alarms->raised &= ~bits;
	if ((bits & edge_bit(EXPIRING)) != 0)
		*alarms = (struct alarms){.raised = alarms->raised};
}

static bool
is_later(const struct alarms *alarms, utc_t deadline)
{
	return alarms->deadline.s != 0 &&
	    deadline.s - alarms->deadline.s > HYSTERESIS_DAYS * DAY_S;
}

/* Another episode's first step may be higher, were its RENEWED left out. */
static void
step_down(struct alarms *alarms, int64_t step_days, int64_t steps,
    utc_t deadline)
{
	if (is_later(alarms, deadline))
		clear(alarms, edge_bit(EXPIRING));
	if ((alarms->raised & edge_bit(EXPIRING)) != 0 &&
	    step_days >= alarms->step_days)
		return;
	alarms->raised |= edge_bit(EXPIRING);
	alarms->step_days = step_days;
	alarms->steps += steps;
	alarms->deadline = deadline;
}

void
alarms_tell(struct alarms *alarms, enum notification number,
    int64_t step_days, utc_t deadline)
{
	if (number == NOTIFICATION_EXPIRING)
		step_down(alarms, step_days, 1, deadline);
	else if (notification_is_raise(number))
		alarms->raised |= 1U << number;
	else if (clears[number] != 0)
		clear(alarms, 1U << clears[number]);
}

void
alarms_merge(struct alarms *alarms, unsigned cleared,
    const struct alarms *later)
{
	clear(alarms, cleared);
	if ((later->raised & edge_bit(EXPIRING)) != 0)
		step_down(alarms, later->step_days, later->steps,
		    later->deadline);
	alarms->raised |= later->raised;
}

/* What the vendor ended no payment in time can save. */
static bool
is_on_ladder(const struct report *report)
{
	return report->has[FIELD_ID_ACTION_DEADLINE] &&
	    report->state != STATE_SUSPENDED &&
	    report->state != STATE_CANCELLED;
}

/*
 * The lowest step passed, INT64_MAX for none. The steps are those below the
 * warning threshold in force, the threshold itself (where the severity turns,
 * to the second), and for a term that is warned about a month ahead also 60.
 */
static int64_t
lowest_step(const struct report *report)
{
	int64_t warning_s = report->action_warning_s;
	int64_t days = utc_days(report->action_deadline, report->now);
	int64_t lowest = INT64_MAX;

	for (int i = 0; i < LADDER_STEPS; i++) {
		int64_t step_s = ladder_days[i] * DAY_S;
		bool applies = step_s < warning_s || (ladder_days[i] == 60 &&
		    warning_s >= 30 * DAY_S && warning_s != step_s);
		if (applies && days <= ladder_days[i])
			lowest = ladder_days[i];
	}
	if (report->action_deadline.s - report->now.s < warning_s &&
	    warning_s / DAY_S < lowest)
		lowest = warning_s / DAY_S;
	return lowest;
}

/*
 * The deadline is another one, or a clock that was ahead was set right. Hours
 * are neither: what stands at a step must not flap.
 */
static bool
is_renewed(const struct alarms *alarms, const struct report *report)
{
	int64_t days = utc_days(report->action_deadline, report->now);

	return days > alarms->step_days + HYSTERESIS_DAYS ||
	    is_later(alarms, report->action_deadline);
}

/* So many before the last days that those are all told, whatever was. */
static bool
has_room(const struct alarms *alarms, int64_t step_days)
{
	return step_days <= LAST_DAYS || alarms->steps < BEFORE_LAST_DAYS;
}

static void
take_expiring(struct alarms *alarms, const struct report *report,
    struct edges *edges)
{
	if (!is_on_ladder(report))
		return;
	if ((alarms->raised & edge_bit(EXPIRING)) != 0 &&
	    is_renewed(alarms, report)) {
		clear(alarms, edge_bit(EXPIRING));
		edges->set |= edge_bit(RENEWED);
	}
	bool open = (alarms->raised & edge_bit(EXPIRING)) != 0;
	int64_t step_days = lowest_step(report);
	if (step_days == INT64_MAX || (open &&
		(step_days >= alarms->step_days ||
		!has_room(alarms, step_days))))
		return;
	step_down(alarms, step_days, 1, report->action_deadline);
	edges->set |= edge_bit(EXPIRING);
	edges->crossed_days = step_days;
}

/* Neither: what is raised stays so. */
static void
turn(struct alarms *alarms, enum notification clearing, bool raise,
    bool cleared, struct edges *edges)
{
	unsigned bit = 1U << clears[clearing];

	if (raise && (alarms->raised & bit) == 0) {
		alarms->raised |= bit;
		edges->set |= bit;
	} else if (cleared && (alarms->raised & bit) != 0) {
		alarms->raised &= ~bit;
		edges->set |= 1U << clearing;
	}
}

enum standing
edges_standing(const struct report *report)
{
	if (report->usable)
		return STANDING_USABLE;
	return report->severity == SEVERITY_CRITICAL ? STANDING_UNUSABLE :
						       STANDING_UNKNOWN;
}

const char *
standing_word(enum standing standing)
{
	static const char *const words[] = {
		[STANDING_UNKNOWN] = "unknown",
		[STANDING_USABLE] = "usable",
		[STANDING_UNUSABLE] = "unusable",
	};

	return words[standing];
}

/* By the threshold only it may fail no more because that was changed. */
static bool
is_refreshed(const struct report *report)
{
	return !report->failing && (!report->has[FIELD_ID_FAILING] ||
	    report->refresh_last_result == RESULT_OK);
}

struct edges
edges_take(struct alarms *alarms, const struct report *report)
{
	struct edges edges = {0};
	bool measured = report->has[FIELD_ID_USED_PERCENT];
	int64_t used_pct = report->used_percent;
	int64_t high_pct = report->bandwidth_warning_pct;

	take_expiring(alarms, report, &edges);
	turn(alarms, NOTIFICATION_USABLE_AGAIN,
	    edges_standing(report) == STANDING_UNUSABLE, report->usable,
	    &edges);
	turn(alarms, NOTIFICATION_REFRESH_RESTORED, report->failing,
	    is_refreshed(report), &edges);
	turn(alarms, NOTIFICATION_BINDING_RESTORED,
	    report->binding_changed != 0, report->binding_changed == 0,
	    &edges);
	turn(alarms, NOTIFICATION_CLOCK_RESTORED, report->clock_stepped,
	    !report->clock_stepped, &edges);
	turn(alarms, NOTIFICATION_BANDWIDTH_NORMAL,
	    measured && used_pct >= high_pct,
	    measured && used_pct < high_pct - HYSTERESIS_PCT, &edges);
	return edges;
}

static void
sooner(utc_t candidate, utc_t now, utc_t *next)
{
	if (utc_before(now, candidate))
		*next = utc_min(*next, candidate);
}

utc_t
edges_next(const struct report *report)
{
	utc_t now = report->now;
	utc_t next = utc_add(utc_day_end(now, 0), 1);
	utc_t deadline = report->action_deadline;

	if (report->has[FIELD_ID_EXPIRY])
		sooner(utc_add(report->expiry, 1), now, &next);
	if (report->has[FIELD_ID_ACTION_DEADLINE]) {
		/* The days to a grace's end turn at its hour, not at midnight. */
		sooner(utc_add(deadline, 1 -
			utc_days(deadline, now) * DAY_S), now, &next);
		sooner(utc_add(deadline, 1 - report->action_warning_s), now,
		    &next);
		sooner(utc_add(deadline, 1 - report->action_critical_s), now,
		    &next);
	}
	if (report->has[FIELD_ID_REFRESH_DUE]) {
		sooner(utc_add(report->refresh_due, 1), now, &next);
		sooner(utc_add(report->refresh_due, 1 +
			report->refresh_critical_s -
			report->refresh_warning_s), now, &next);
	}
	if (report->has[FIELD_ID_GRACE_END])
		sooner(utc_add(report->grace_end, 1), now, &next);
	return next;
}
