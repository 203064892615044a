/* SPDX-License-Identifier: ISC */
/*
 * What happened between two reports of one license: the only source of
 * notifications and of the log's change lines, so that they cannot disagree.
 * Pure. The numbers are those of the MIB's notifications.
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

/* edges: a set of bits 1 << notification; crossed: days of the ladder. */
struct edges {
	unsigned set;
	bool first; /* nothing was known before: the raises that hold */
	int64_t crossed_days; /* with EXPIRING: 60, 30, 14, 7, 3, 1 or 0 */
};

#define edge_bit(n) (1U << NOTIFICATION_##n)

/*
 * standing: what the operator's command and a product's start go by. Nobody
 * can say before the first answer after the first start: nothing has ended.
 */
enum standing { STANDING_UNKNOWN, STANDING_USABLE, STANDING_UNUSABLE };

enum standing edges_standing(const struct report *report);

/* standing_word: "usable", "unusable", "unknown". */
const char *standing_word(enum standing standing);

/*
 * edges_between: ${before} may be NULL (nothing known before): then only
 * raises that hold now are set, no clear.
 */
struct edges edges_between(const struct report *before,
    const struct report *after);

/*
 * edges_next: the next instant after ${report}->now at which the report would
 * differ in state, severity or days without anything else happening; the
 * keeper arms one timer for it. Always there: midnight at the latest.
 */
utc_t edges_next(const struct report *report);

#endif
