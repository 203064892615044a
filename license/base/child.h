/* SPDX-License-Identifier: ISC */
/*
 * A program run beside the loop, for a bounded time: its own process group,
 * nothing of ours open in it, its output as lines that fit a log. It blocks
 * nobody, and knows neither why a program runs nor what its end means.
 */
#ifndef LICENSE_BASE_CHILD_H
#define LICENSE_BASE_CHILD_H

#include "license/base/loop.h"

struct child;

enum {
	CHILD_KILL_S = 5,	/* between SIGTERM and SIGKILL */
	CHILD_LINES_MAX = 100,	/* of its output; the rest is counted */
	CHILD_LINE_MAX = 400,	/* bytes of one of them */
	CHILD_UNSTARTED = 256,	/* no exit code of a program is above 255 */
	CHILD_LATE = 257,
};

struct child_options {
	const char *const *arguments; /* [0] an absolute path; NULL at the end */
	const char *const *environment; /* all of it; NULL at the end */
	/* Where standard output goes; 0: to line(), as standard error does. */
	int output;
	int64_t limit_s; /* then SIGTERM, then SIGKILL, to the whole group */
	/* line: of what it says, not made printable, without LF. */
	void (*line)(void *self, const char *text);
	void *self;
};

/*
 * child_start: standard input is /dev/null, the working directory "/", signals
 * are as a program expects them. NULL with errno when it cannot be started.
 */
struct child *child_start(const struct child_options *options);

/* child_ask, child_tell: of the source that it belongs to; tell true: ended. */
void child_ask(const struct child *child, struct loop_want *want);
bool child_tell(struct child *child, const struct loop_got *got);

/* child_hurry: its time is up now, whatever it was. */
void child_hurry(struct child *child);

/*
 * child_code: once ended: its exit code, 128 + the signal that ended it, or
 * CHILD_LATE when its time was up. child_dropped: bytes of output that were
 * not given to line().
 */
int child_code(const struct child *child);
uint64_t child_dropped(const struct child *child);

/*
 * child_free: one that still runs gets SIGTERM, with its group, and is left
 * alone. NULL is accepted.
 */
void child_free(struct child *child);

#endif
