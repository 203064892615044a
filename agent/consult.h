/* SPDX-License-Identifier: ISC */
/*
 * The doctor called for somebody at the control socket: `leaselined --once
 * doctor` as a child of the agent, with its user, groups and sandbox, so that
 * it sees what the agent sees; and beside the loop, so that what hangs is the
 * child. One at a time. A source of the agent's loop.
 */
#ifndef AGENT_CONSULT_H
#define AGENT_CONSULT_H

#include <stdbool.h>

#include "license/base/loop.h"

struct board;
struct buf;
struct command;
struct consult;

enum { CONSULT_LIMIT_S = 16 }; /* the child ends by itself before */

/* consult_new: ${config_path} is copied. NULL: out of memory. */
struct consult *consult_new(const char *config_path, struct board *board);
void consult_free(struct consult *consult); /* NULL is accepted */

/* consult_listeners: where the exporter listens, with commas between. */
void consult_listeners(struct consult *consult, const char *listeners);

struct loop_source consult_source(struct consult *consult);

/* consult_done: the answer for ${self}, as control.h sends it. */
typedef void consult_done_fn(void *self, int code, const struct buf *out,
    const struct buf *err);

/*
 * consult_start: ${done} is called once from the loop. False, not called:
 * another consultation runs, or the child cannot be started.
 */
bool consult_start(struct consult *consult, const struct command *command,
    bool caller_may, consult_done_fn *done, void *self);

/* consult_forget: ${self} is gone; the child, whose time is bounded, is not. */
void consult_forget(struct consult *consult, const void *self);

#endif
