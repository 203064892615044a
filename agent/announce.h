/* SPDX-License-Identifier: ISC */
/*
 * Which notifications follow from edges and from what managers were told
 * before: nothing twice over a restart, and a clear for what ended while the
 * agent was down. Pure.
 */
#ifndef AGENT_ANNOUNCE_H
#define AGENT_ANNOUNCE_H

#include "license/edges.h"

/*
 * announce: the set (bits 1 << notification) to send. ${announced}: raises
 * that managers hold now.
 */
unsigned announce(const struct edges *edges, unsigned announced);

/* announce_cleared_by: the raise that ${notification} clears, 0: none. */
int announce_cleared_by(enum notification notification);

#endif
