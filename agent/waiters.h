/* SPDX-License-Identifier: ISC */
/*
 * Whom a command that changes something waits for: one waiter a license. It
 * asks nobody and knows no socket.
 */
#ifndef AGENT_WAITERS_H
#define AGENT_WAITERS_H

#include "license/facts.h"

struct client; /* of control.c */
struct command;

struct waiter {
	struct client *client;
	char name[LICENSE_NAME_SIZE]; /* "": the first license */
	bool done;
};

/* waiters_new: ${count} without a name; NULL: out of memory. Free with free. */
struct waiter *waiters_new(struct client *client, size_t count);

/*
 * waiters_for: those of a renewal: the license named, or with --all each that
 * is refreshed; of a commit each. NULL: there is none, or no memory.
 */
struct waiter *waiters_for(struct client *client,
    const struct command *command, struct board *board, size_t *count);

/* waiters_unknown: no license has the name of ${command}: says so. */
bool waiters_unknown(const struct command *command, struct board *board,
    struct buf *error);

#endif
