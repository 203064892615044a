/* SPDX-License-Identifier: ISC */
/*
 * The reports of every license and of the agent, made now: what each face
 * starts from. It decides and publishes nothing.
 */
#ifndef LICENSE_KEEPER_VIEW_H
#define LICENSE_KEEPER_VIEW_H

#include "license/report.h"

struct view {
	const struct facts *facts; /* a reference, for what is in no report */
	struct clock_reading reading;
	utc_t now; /* judged: timekeeping.h */
	enum trust trust;
	struct agent_report agent;
	size_t count;
	struct report reports[]; /* in the order of the configuration */
};

/* clock_read: the machine's clocks at this moment. */
void clock_read(struct clock_reading *out);

/*
 * view_take: NULL before the first publication, or out of memory. Safe from
 * any thread; costs one lock for one reference. Free with view_free.
 */
struct view *view_take(struct board *board);

/* view_of: the same from given facts (a reference is taken). */
struct view *view_of(const struct facts *facts, struct counters *counters);

void view_free(struct view *view);

/* view_find: by name; NULL or "" is the first. NULL when there is none. */
const struct report *view_find(const struct view *view, const char *name);

#endif
