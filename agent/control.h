/* SPDX-License-Identifier: ISC */
/*
 * The control socket, where fcli asks: a source of the keeper's loop. Reading
 * verbs for any local user, changing ones for root, the agent's own user and
 * one group, as the kernel tells who it is. A client that is slow or gone
 * costs its own place only.
 */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include <stdbool.h>

#include "license/base/loop.h"

struct board;
struct buf;
struct consult;
struct control;
struct keeper;
struct reporter;
struct tester;

enum { CONTROL_CLIENTS_MAX = 32, CONTROL_SEND_S = 5, CONTROL_DRAIN_S = 10 };

struct control_options {
	const char *path;
	const char *group; /* a name; one that is not there gives no right */
	struct board *board;
	struct keeper *keeper;
	struct reporter *reporter;
	struct tester *tester;
	struct consult *consult;
	/* reload: read the configuration again; for `fcli commit`. */
	bool (*reload)(void *self, struct buf *error);
	void *self;
};

/*
 * control_open: make the directory (0755) and the socket (0666). A socket
 * file that nobody serves is replaced. NULL with one sentence in ${error}.
 */
struct control *control_open(const struct control_options *options,
    struct buf *error);

struct loop_source control_source(struct control *control);

/* control_tested: the master took the test of ${sequence}; NULL is accepted. */
void control_tested(struct control *control, int64_t sequence);

/* control_close: drop the clients, remove the socket; NULL is accepted. */
void control_close(struct control *control);

#endif
