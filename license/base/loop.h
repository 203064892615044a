/* SPDX-License-Identifier: ISC */
/*
 * One poll loop. Before it sleeps it asks every source what it waits for;
 * after, it tells every source what happened. No registration to keep in
 * step, so a descriptor that is closed and reopened under the same number
 * cannot be lost.
 */
#ifndef LICENSE_BASE_LOOP_H
#define LICENSE_BASE_LOOP_H

#include <stdbool.h>
#include <stddef.h>

#include "license/base/utc.h"

struct loop;
struct pollfd;

/* loop_want: filled by ask(): descriptors and one deadline. */
struct loop_want;

/* loop_want_fd: wait for POLLIN and/or POLLOUT on ${fd}. */
void loop_want_fd(struct loop_want *want, int fd, short events);

/* loop_want_at: wake no later than ${at} of CLOCK_BOOTTIME. */
void loop_want_at(struct loop_want *want, mono_t at);

/* loop_got: what fired for this source since its ask(). */
struct loop_got {
	const struct pollfd *fds; /* those this source asked for, in order */
	size_t count;
	mono_t now;
};

struct loop_source {
	void (*ask)(void *self, struct loop_want *want);
	void (*tell)(void *self, const struct loop_got *got);
	void *self;
};

/* loop_new: NULL only when out of memory. */
struct loop *loop_new(void);
void loop_free(struct loop *loop);

/*
 * loop_add: the source is asked and told until the loop is freed; at most 16
 * sources. Sources are told in the order they were added, each every round
 * (a round happens when a descriptor fires or a deadline passes).
 */
void loop_add(struct loop *loop, struct loop_source source);

/* loop_run: until loop_stop(). -1 with errno when poll(2) itself fails. */
int loop_run(struct loop *loop);

/* loop_stop: end after this round. From a source only (not another thread). */
void loop_stop(struct loop *loop);

#endif
