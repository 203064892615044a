/* SPDX-License-Identifier: ISC */
/*
 * The bounded queue of notifications from the keeper to the SNMP thread, and
 * the acknowledgements back. The keeper's side never waits: when the queue is
 * full the newest of what can be told from the state (a clear, a repetition)
 * is left out, never the oldest raise; in a storm all that a second does not
 * take is. One summary tells how many were left out, and of the worst license
 * of them. It knows no SNMP.
 */
#ifndef AGENT_NOTICES_H
#define AGENT_NOTICES_H

#include "license/edges.h"

enum { NOTICES_MAX = 256 };

struct notices;

/*
 * notice: a complete alarm; every varbind comes from the report. A gap in the
 * sequence is a notice that was left out.
 */
struct notice {
	enum notification number;
	struct report report;
	int64_t crossed; /* days, or mbits; of a summary: left out */
	int64_t sequence; /* rises by one with each notice of this run */
};

/*
 * notice_ack: the manager's master answered that it took it. ${cleared}, then ${raised}: both
 * of all that was taken since the last ack of the license. An ack of the
 * index NOTICE_REPLAY asks instead: the master was away and is back, so
 * repeat every raise that holds and was acknowledged. It comes after every
 * ack of what was sent before, and nothing is sent until notices_replayed().
 */
enum { NOTICE_REPLAY = 0 };
struct notice_ack {
	int64_t index; /* of the license, or NOTICE_REPLAY */
	unsigned cleared; /* raises that are over: bits 1 << notification */
	struct alarms raised;
	int64_t tested; /* sequence of the last TEST; 0: none */
};

/* notices_new: NULL when there are no descriptors or memory. */
struct notices *notices_new(void);
void notices_free(struct notices *notices);

/*
 * Keeper's side. Post copies; false when it found no room: then it is never
 * acknowledged, and what still holds of it is told by itself after a restart.
 */
bool notices_post(struct notices *notices, enum notification number,
    const struct report *report, int64_t crossed);
/*
 * notices_repeat: the same, unless the queue has a later word on that raise
 * of that license.
 */
void notices_repeat(struct notices *notices, enum notification number,
    const struct report *report, int64_t crossed);
void notices_replayed(struct notices *notices);
int notices_ack_fd(const struct notices *notices); /* readable: acks wait */
bool notices_take_ack(struct notices *notices, struct notice_ack *out);

/*
 * SNMP's side. Peek gives the next of single notices and summary; pop: it was
 * taken, and with a summary all that it tells of is acknowledged, too.
 */
int notices_fd(const struct notices *notices); /* readable: notices wait */
bool notices_peek(struct notices *notices, struct notice *out);
void notices_pop(struct notices *notices);
void notices_ask_replay(struct notices *notices);

/*
 * notices_condense: when more than ${limit} wait, and none is being sent.
 * First of each alarm of a license only the last word stays, how it stands,
 * and the first if that is another (a master that was long away); with ${storm} all others are left out to one
 * summary, but for a test, if there are still more. Rule: design.md 8, at most
 * 10 a second and then one summary.
 */
void notices_condense(struct notices *notices, size_t limit, bool storm);

/* Any side: waiting now, the last number given, left out since the start. */
size_t notices_pending(struct notices *notices);
int64_t notices_sequence(struct notices *notices);
uint64_t notices_left_out(struct notices *notices);

#endif
