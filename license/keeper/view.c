/* SPDX-License-Identifier: ISC */
/* Reports of everything, now. */
#include "license/keeper/view.h"

#include <stdlib.h>
#include <string.h>

#include "license/base/clock.h"

void
clock_read(struct clock_reading *out)
{
	/* Documents end with 2105, and marks grow by years of uptime. */
	utc_t last = utc_add(UTC_MAX, -10 * 365 * (int64_t)DAY_S);

	out->wall = utc_max((utc_t){1}, utc_min(clock_wall(), last));
	out->boot = clock_boot();
	clock_boot_id(out->boot_id);
}

struct view *
view_of(const struct facts *facts, struct counters *counters)
{
	struct view *view = calloc(1,
	    sizeof(*view) + facts->count * sizeof(view->reports[0]));

	if (view == NULL)
		return NULL;
	view->facts = facts_take(facts);
	clock_read(&view->reading);
	struct clock_verdict verdict = timekeeping_judge(&facts->agent.clock,
	    &view->reading);
	view->now = verdict.now;
	view->trust = verdict.trust;
	agent_report_make(&facts->agent, counters, view->reading.wall,
	    view->now, view->trust, &view->agent);
	view->count = facts->count;
	for (size_t i = 0; i < facts->count; i++)
		report_make(facts->licenses[i], view->now, view->trust,
		    &view->reports[i]);
	return view;
}

struct view *
view_take(struct board *board)
{
	const struct facts *facts = board_take(board);

	if (facts == NULL)
		return NULL;
	struct view *view = view_of(facts, &board->counters);
	facts_release(facts);
	return view;
}

void
view_free(struct view *view)
{
	if (view == NULL)
		return;
	facts_release(view->facts);
	free(view);
}

const struct report *
view_find(const struct view *view, const char *name)
{
	if (name == NULL || name[0] == '\0')
		return view->count == 0 ? NULL : &view->reports[0];
	for (size_t i = 0; i < view->count; i++) {
		if (strcmp(view->reports[i].name, name) == 0)
			return &view->reports[i];
	}
	return NULL;
}
