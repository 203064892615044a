/* SPDX-License-Identifier: ISC */
/*
 * From what happened to a license to the queue of notifications, and what the
 * master took back to the keeper. It decides nothing: edges.h does.
 */
#ifndef AGENT_ANNOUNCE_H
#define AGENT_ANNOUNCE_H

#include "license/edges.h"

struct board;
struct keeper;
struct notices;
struct notice_ack;

/* announce_start: the agent runs; about the first license. */
void announce_start(struct notices *notices, struct board *board);

/* announce_edges: all of ${edges}, the clears first. */
void announce_edges(struct notices *notices, struct board *board,
    const struct report *report, const struct edges *edges);

/*
 * announce_acknowledged: one of notices_take_ack(). The master was away: what
 * it was told and still holds is posted once more.
 */
void announce_acknowledged(struct notices *notices, struct board *board,
    struct keeper *keeper, const struct notice_ack *ack);

#endif
