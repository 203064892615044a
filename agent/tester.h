/* SPDX-License-Identifier: ISC */
/*
 * `fcli test notification`: one notification and a metric, so that the way to
 * the people on call can be tried before it is needed. It knows no socket.
 */
#ifndef AGENT_TESTER_H
#define AGENT_TESTER_H

#include <stdint.h>

#include "license/base/utc.h"

struct board;
struct buf;
struct notices;

enum {
	TESTER_EVERY_S = 10,  /* sooner is refused */
	TESTER_WAIT_S = 5,    /* for the master to take it */
};

struct tester {
	struct board *board;
	struct notices *notices;
	const char *master; /* the AgentX socket, NULL: SNMP is switched off */
	mono_t asked;	    /* ns 0: never */
	int64_t waiting;    /* sequence of the one that was not taken; 0: none */
};

/*
 * tester_ask: about the license ${name} ("": the first). The sequence of the
 * notification, and in ${text} what to say once the master has taken it; or 0
 * and in ${text} why none is sent now. Unless it is refused the metric is 1
 * from here on.
 */
int64_t tester_ask(struct tester *tester, const char *name, struct buf *text);

/* tester_sent: the master took it. */
void tester_sent(struct tester *tester, int64_t sequence);

/* tester_late: what to say when it did not in time. */
void tester_late(const struct tester *tester, int64_t sequence,
    struct buf *text);

#endif
