/* SPDX-License-Identifier: ISC */
/*
 * The poll loop. It knows descriptors and deadlines, never what they are
 * for, and keeps nothing between two rounds but the list of sources.
 */
#include "license/base/loop.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "license/base/clock.h"

enum { SOURCES_MAX = 16, TIMER = 0 };

struct loop_want {
	struct pollfd *fds; /* [TIMER] is the loop's own */
	size_t count, size;
	bool failed; /* out of memory */
	bool timed;
	mono_t at;
};

struct loop {
	struct loop_source sources[SOURCES_MAX];
	size_t first[SOURCES_MAX + 1]; /* of each source, in want.fds */
	size_t count;
	struct loop_want want;
	int timer;
	bool stopped;
};

void
loop_want_fd(struct loop_want *want, int fd, short events)
{
	if (want->count == want->size) {
		size_t size = want->size == 0 ? 16 : want->size * 2;
		struct pollfd *fds = realloc(want->fds, size * sizeof(*fds));
		if (fds == NULL) {
			want->failed = true;
			return;
		}
		want->fds = fds;
		want->size = size;
	}
	want->fds[want->count++] = (struct pollfd){.fd = fd, .events = events};
}

void
loop_want_at(struct loop_want *want, mono_t at)
{
	if (!want->timed || at.ns < want->at.ns)
		want->at = at;
	want->timed = true;
}

struct loop *
loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (loop == NULL)
		return NULL;
	/* poll(2)'s own timeout stands still while the machine is suspended. */
	loop->timer = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK |
	    TFD_CLOEXEC);
	if (loop->timer == -1) {
		free(loop);
		return NULL;
	}
	return loop;
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	close(loop->timer);
	free(loop->want.fds);
	free(loop);
}

void
loop_add(struct loop *loop, struct loop_source source)
{
	assert(loop->count < SOURCES_MAX);
	loop->sources[loop->count++] = source;
}

static void
ask_all(struct loop *loop)
{
	struct loop_want *want = &loop->want;

	want->count = 0;
	want->timed = false;
	want->failed = false;
	loop_want_fd(want, loop->timer, POLLIN);
	for (size_t i = 0; i < loop->count; i++) {
		loop->first[i] = want->count;
		if (loop->sources[i].ask != NULL)
			loop->sources[i].ask(loop->sources[i].self, want);
	}
	loop->first[loop->count] = want->count;
}

/* The timeout for poll(2): 0 when the deadline is past, else for ever. */
static int
arm(struct loop *loop)
{
	struct itimerspec spec = {0};
	int timeout = -1;

	if (loop->want.timed) {
		int64_t left = loop->want.at.ns - clock_boot().ns;
		if (left <= 0)
			timeout = 0;
		else
			spec.it_value = (struct timespec){
				.tv_sec = left / 1000000000,
				.tv_nsec = left % 1000000000,
			};
	}
	/* Setting it also forgets an expiry that was not read. */
	timerfd_settime(loop->timer, 0, &spec, NULL);
	return timeout;
}

static void
tell_all(struct loop *loop)
{
	mono_t now = clock_boot();

	for (size_t i = 0; i < loop->count; i++) {
		struct loop_got got = {
			.fds = loop->want.fds + loop->first[i],
			.count = loop->first[i + 1] - loop->first[i],
			.now = now,
		};
		if (loop->sources[i].tell != NULL)
			loop->sources[i].tell(loop->sources[i].self, &got);
	}
}

int
loop_run(struct loop *loop)
{
	loop->stopped = false;
	while (!loop->stopped) {
		ask_all(loop);
		if (loop->want.failed) {
			errno = ENOMEM;
			return -1;
		}
		int timeout = arm(loop);
		int n = poll(loop->want.fds, loop->want.count, timeout);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		tell_all(loop);
	}
	return 0;
}

void
loop_stop(struct loop *loop)
{
	loop->stopped = true;
}
