/* SPDX-License-Identifier: ISC */
/* Edges in, notices out; acknowledgements in, the keeper's memory out. */
#include "agent/announce.h"

#include "agent/notices.h"
#include "license/keeper/keeper.h"
#include "license/keeper/view.h"

static void
show_pending(struct notices *notices, struct board *board)
{
	atomic_store(&board->counters.notifications_pending,
	    (long long)notices_pending(notices));
}

static int64_t
crossed(enum notification number, const struct report *report,
    int64_t step_days)
{
	return number == NOTIFICATION_EXPIRING ? step_days :
	    number == NOTIFICATION_BANDWIDTH_HIGH ? report->used_mbits : 0;
}

void
announce_start(struct notices *notices, struct board *board)
{
	struct view *view = view_take(board);

	if (view != NULL && view->count > 0)
		notices_post(notices, NOTIFICATION_AGENT_STARTED,
		    &view->reports[0], 0);
	view_free(view);
}

static void
post(struct notices *notices, unsigned set, const struct report *report,
    int64_t step_days)
{
	for (int i = 1; i <= NOTIFICATION_MAX; i++) {
		enum notification number = (enum notification)i;

		if ((set & 1U << i) != 0)
			notices_post(notices, number, report,
			    crossed(number, report, step_days));
	}
}

void
announce_edges(struct notices *notices, struct board *board,
    const struct report *report, const struct edges *edges)
{
	unsigned raises = 0;

	for (int i = 1; i <= NOTIFICATION_MAX; i++) {
		if (notification_is_raise((enum notification)i))
			raises |= 1U << i;
	}
	/* The end of one episode before the beginning of the next. */
	post(notices, edges->set & ~raises, report, 0);
	post(notices, edges->set & raises, report, edges->crossed_days);
	show_pending(notices, board);
}

static void
replay(struct notices *notices, struct board *board, struct keeper *keeper)
{
	struct view *view = view_take(board);

	for (size_t i = 0; view != NULL && i < view->count; i++) {
		const struct report *report = &view->reports[i];
		struct alarms told = keeper_announced(keeper, report->index);

		for (int k = 1; k <= NOTIFICATION_MAX; k++) {
			enum notification number = (enum notification)k;

			if ((told.raised & 1U << k) != 0)
				notices_repeat(notices, number, report,
				    crossed(number, report, told.step_days));
		}
	}
	view_free(view);
	notices_replayed(notices);
	show_pending(notices, board);
}

void
announce_acknowledged(struct notices *notices, struct board *board,
    struct keeper *keeper, const struct notice_ack *ack)
{
	if (ack->index == NOTICE_REPLAY)
		replay(notices, board, keeper);
	else
		keeper_acknowledge(keeper, ack->index, ack->cleared,
		    &ack->raised);
}
