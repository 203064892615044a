/* SPDX-License-Identifier: ISC */
/*
 * What happened to one license: by what is raised and its report. The only
 * source of notifications and of the log's change lines, so that they cannot
 * disagree. Pure. The numbers are those of the MIB's notifications.
 */
#ifndef LICENSE_EDGES_H
#define LICENSE_EDGES_H

#include "license/report.h"

/* X(C name, number, MIB name without prefix, number that clears it or 0) */
#define NOTIFICATIONS(X)                                                      \
	X(EXPIRING, 1, Expiring, 0)                                           \
	X(UNUSABLE, 2, Unusable, 0)                                           \
	X(USABLE_AGAIN, 3, UsableAgain, 2)                                    \
	X(RENEWED, 4, Renewed, 1)                                             \
	X(REFRESH_FAILING, 5, RefreshFailing, 0)                              \
	X(REFRESH_RESTORED, 6, RefreshRestored, 5)                            \
	X(BINDING_CHANGED, 7, BindingChanged, 0)                              \
	X(BINDING_RESTORED, 8, BindingRestored, 7)                            \
	X(CLOCK_ANOMALY, 9, ClockAnomaly, 0)                                  \
	X(CLOCK_RESTORED, 10, ClockRestored, 9)                               \
	X(BANDWIDTH_HIGH, 11, BandwidthHigh, 0)                               \
	X(BANDWIDTH_NORMAL, 12, BandwidthNormal, 11)                          \
	X(AGENT_STARTED, 13, AgentStarted, 0)                                 \
	X(SUMMARY_NOTICE, 14, SummaryNotice, 0)                               \
	X(TEST, 15, Test, 0)

#define NOTIFICATION_ROW(name, number, mib, clears) NOTIFICATION_##name = number,
enum notification { NOTIFICATIONS(NOTIFICATION_ROW) };
#undef NOTIFICATION_ROW

/* notification_clears: the raise that ${number} ends, 0: it ends none. */
int notification_clears(enum notification number);
/* notification_is_raise: something clears it. */
bool notification_is_raise(enum notification number);

/* edges: a set of bits 1 << notification; crossed: days of the ladder. */
struct edges {
	unsigned set;
	bool first; /* the first of this run: what is raised may be old */
	int64_t crossed_days; /* with EXPIRING: the step, from 60 to 0 */
};

#define edge_bit(n) (1U << NOTIFICATION_##n)

enum { LADDER_TOP_DAYS = 60, EXPIRING_MAX = 14 };

/*
 * alarms: what is raised; all zero: nothing. EXPIRING is raised for an
 * episode: from its first step to RENEWED. Each step of it is told once, in
 * the last 7 days every day's, at most EXPIRING_MAX in all. It belongs to a
 * deadline: one that is later by more than a day is another episode.
 */
struct alarms {
	uint64_t raised;   /* bits 1 << notification */
	int64_t step_days; /* the lowest told */
	int64_t steps;	   /* how many were */
	utc_t deadline;	   /* as of the lowest; s 0: not known */
};

/*
 * standing: what the operator's command and a product's start go by. Nobody
 * can say before the first answer after the first start: nothing has ended.
 */
enum standing { STANDING_UNKNOWN, STANDING_USABLE, STANDING_UNUSABLE };

enum standing edges_standing(const struct report *report);

/* standing_word: "usable", "unusable", "unknown". */
const char *standing_word(enum standing standing);

/*
 * edges_take: what follows from ${report}; ${alarms} becomes what is raised
 * then. Each clear comes before the raises: RENEWED and EXPIRING at once are
 * the end of one episode and the beginning of the next. What cannot be told
 * (no license, bandwidth not measured, nobody can say) changes nothing.
 */
struct edges edges_take(struct alarms *alarms, const struct report *report);

/*
 * alarms_tell: ${number} was told; ${step_days} and ${deadline} are those of
 * EXPIRING. The same step once more changes nothing.
 */
void alarms_tell(struct alarms *alarms, enum notification number,
    int64_t step_days, utc_t deadline);

/* alarms_merge: ${cleared} were, then what ${later} has was raised. */
void alarms_merge(struct alarms *alarms, unsigned cleared,
    const struct alarms *later);

/*
 * edges_next: the next instant after ${report}->now at which the report would
 * differ in state, severity or days without anything else happening; the
 * keeper arms one timer for it. Always there: midnight at the latest.
 */
utc_t edges_next(const struct report *report);

#endif
