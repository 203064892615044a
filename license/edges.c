/* SPDX-License-Identifier: ISC */
/* Two reports in, what happened out; it announces nothing. */
#include "license/edges.h"

#include <stddef.h>

static const int64_t ladder_days[] = {60, 30, 14, 7, 3, 1, 0};
enum { LADDER_STEPS = sizeof(ladder_days) / sizeof(ladder_days[0]),
	HYSTERESIS_PCT = 5 };

/*
 * How far down the ladder a report is: how many rungs its days have passed.
 * The rungs are those up to the warning threshold in force, the threshold
 * itself, and for a term that is warned about a month ahead also 60 days. What
 * the vendor ended is not on the ladder.
 */
static int
rungs_passed(const struct report *report, int64_t *crossed_days)
{
	bool ended = report->state == STATE_SUSPENDED ||
	    report->state == STATE_CANCELLED;
	int64_t warning_s = report->action_warning_s;

	*crossed_days = 0;
	if (ended || !report->has[FIELD_ID_ACTION_DEADLINE])
		return 0;
	int64_t days = utc_days(report->action_deadline, report->now);
	int64_t lowest = INT64_MAX;
	int passed = 0;

	for (int i = 0; i < LADDER_STEPS; i++) {
		int64_t rung = ladder_days[i];
		bool applies = rung * DAY_S <= warning_s ||
		    (rung == 60 && warning_s >= 30 * DAY_S);
		if (!applies || days > rung)
			continue;
		passed++;
		lowest = rung;
	}
	bool warned = report->action_deadline.s - report->now.s < warning_s;
	if (warned) {
		passed++;
		if (warning_s / DAY_S < lowest)
			lowest = warning_s / DAY_S;
	}
	*crossed_days = passed == 0 ? 0 : lowest;
	return passed;
}

static unsigned
pair(bool before, bool after, unsigned raise, unsigned clear)
{
	return !before && after ? raise : before && !after ? clear : 0;
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

static bool
is_down(const struct report *report)
{
	return edges_standing(report) == STANDING_UNUSABLE;
}

static bool
is_stepped(const struct report *report)
{
	return report->state == STATE_CLOCK_UNTRUSTED;
}

static bool
uses_more_than(const struct report *report, int64_t less_pct)
{
	return report->has[FIELD_ID_USED_PERCENT] && report->used_percent >=
	    report->bandwidth_warning_pct - less_pct;
}

static void
expiring_edges(const struct report *before, const struct report *after,
    struct edges *edges)
{
	int64_t crossed_days, unused;
	int was = before == NULL ? 0 : rungs_passed(before, &unused);
	int is = rungs_passed(after, &crossed_days);

	if (is > was) {
		edges->set |= edge_bit(EXPIRING);
		edges->crossed_days = crossed_days;
	} else if (before != NULL && is < was &&
	    utc_before(before->action_deadline, after->action_deadline)) {
		edges->set |= edge_bit(RENEWED);
	}
}

struct edges
edges_between(const struct report *before, const struct report *after)
{
	struct edges edges = {.first = before == NULL};

	expiring_edges(before, after, &edges);
	edges.set |= pair(before != NULL && is_down(before), is_down(after),
	    edge_bit(UNUSABLE), edge_bit(USABLE_AGAIN));
	edges.set |= pair(before != NULL && before->failing, after->failing,
	    edge_bit(REFRESH_FAILING), edge_bit(REFRESH_RESTORED));
	edges.set |= pair(before != NULL && before->binding_changed != 0,
	    after->binding_changed != 0, edge_bit(BINDING_CHANGED),
	    edge_bit(BINDING_RESTORED));
	edges.set |= pair(before != NULL && is_stepped(before),
	    is_stepped(after), edge_bit(CLOCK_ANOMALY),
	    edge_bit(CLOCK_RESTORED));
	/* Between the two thresholds nothing changes hands. */
	bool high = before != NULL && uses_more_than(before, 0);
	bool near_high = before != NULL && uses_more_than(before,
	    HYSTERESIS_PCT);
	if (!high && uses_more_than(after, 0))
		edges.set |= edge_bit(BANDWIDTH_HIGH);
	else if (near_high && !uses_more_than(after, HYSTERESIS_PCT))
		edges.set |= edge_bit(BANDWIDTH_NORMAL);
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
