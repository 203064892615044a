/* SPDX-License-Identifier: ISC */
/*
 * What the master took and the keeper does not know yet, one entry for each
 * license, and whether a replay is asked for. Private to notices.c, which
 * holds the lock. It knows no queue.
 */
#ifndef AGENT_ACKS_H
#define AGENT_ACKS_H

#include "agent/notices.h"

/* All zero, and fd of waker_new(), which is readable while an ack waits. */
struct acks {
	int fd;
	bool replay;
	size_t count;
	struct notice_ack items[LICENSES_MAX];
};

/*
 * acks_add: of what nothing clears only a test counts. Beyond LICENSES_MAX
 * licenses it is left out: they are told again after a restart.
 */
void acks_add(struct acks *acks, const struct notice *notice);
void acks_ask_replay(struct acks *acks);

/*
 * acks_take: the replay last, since what was sent before it is repeated, and
 * nothing is sent until then; false when nothing waits.
 */
bool acks_take(struct acks *acks, struct notice_ack *out);

#endif
