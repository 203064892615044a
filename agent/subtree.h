/* SPDX-License-Identifier: ISC */
/*
 * What the SNMP thread keeps, private to subtree.c (the thread, its cache and
 * its pace), snmp.c (requests and notifications) and session.c (the session).
 * It knows no net-snmp.
 */
#ifndef AGENT_SUBTREE_H
#define AGENT_SUBTREE_H

#include <pthread.h>

#include "agent/master.h"
#include "agent/mib.h"
#include "agent/notices.h"

enum {
	SUBTREE_NOTICES_PER_S = 10,
	SUBTREE_HEARD_MAX = 16,
	SUBTREE_MASTER_SIZE = 256,
};

struct subtree {
	pthread_t thread;
	struct board *board;
	struct notices *notices;
	char master[SUBTREE_MASTER_SIZE]; /* as configured */
	struct master address;
	int ping_interval_s;
	int wake_fd, ended_fd;
	atomic_bool stopping;

	/* Of the thread alone. */
	bool connected, refused; /* refused: another agent has the subtree */
	int64_t due_ns;	   /* when the session wants care, by clock_boot() */
	int64_t opened_ns; /* since when it is there */
	int attempts;	   /* since one that lasted */
	int short_ones;	   /* that did not, in a row */
	int told;	   /* which trouble the log has, since then */
	int64_t answered_ns;
	int in_a_row; /* answers in a burst */
	struct view *view;
	struct mib *mib; /* of view */
	int64_t sent_ns[SUBTREE_NOTICES_PER_S];
	uint64_t sent;
	bool paced; /* the last second was full */
	bool sending; /* one to which the master has not answered */
	int sending_number;
	int64_t sending_ns; /* since when */
	uint64_t heard[SUBTREE_HEARD_MAX]; /* since the last change */
	size_t heard_count;
};

/* subtree_run: until subtree->stopping; the session is closed after. */
void subtree_run(struct subtree *subtree);

/*
 * subtree_mib: of this second and these facts; NULL before the first
 * publication. Valid until the next call.
 */
const struct mib *subtree_mib(struct subtree *subtree);

/*
 * subtree_is_news: true for the first ${message} of its kind since
 * heard_count was set to 0, which a change of the connection does.
 */
bool subtree_is_news(struct subtree *subtree, const char *message);

/*
 * Nanoseconds until one more notice may be sent: the master takes ten in any
 * second. Counted when it has answered.
 */
int64_t subtree_pace_ns(const struct subtree *subtree);
void subtree_count_sent(struct subtree *subtree);

#endif
