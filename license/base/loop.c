/* SPDX-License-Identifier: ISC */
/* Ask, poll, tell; it keeps no registration between two rounds. */
#include "license/base/loop.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "license/base/clock.h"

enum { SOURCES_MAX = 16 };

struct loop_want {
	struct pollfd *fds;
	size_t count, size;
	bool has_deadline, failed;
	mono_t deadline;
};

struct loop {
	struct loop_source sources[SOURCES_MAX];
	size_t first[SOURCES_MAX + 1]; /* of its descriptors in want.fds */
	size_t count;
	struct loop_want want;
	bool stopped;
};

void
loop_want_fd(struct loop_want *want, int fd, short events)
{
	if (want->count == want->size) {
		size_t size = want->size == 0 ? 32 : want->size * 2;
		struct pollfd *fds = realloc(want->fds, size * sizeof(fds[0]));
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
	if (!want->has_deadline || at.ns < want->deadline.ns)
		want->deadline = at;
	want->has_deadline = true;
}

struct loop *
loop_new(void)
{
	return calloc(1, sizeof(struct loop));
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
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
	want->has_deadline = want->failed = false;
	for (size_t i = 0; i < loop->count; i++) {
		loop->first[i] = want->count;
		loop->sources[i].ask(loop->sources[i].self, want);
	}
	loop->first[loop->count] = want->count;
	/* A descriptor that could not be noted is asked for again soon. */
	if (want->failed)
		loop_want_at(want, (mono_t){clock_boot().ns + 1000000000});
}

/* Rounded up, so that a deadline has passed when poll(2) says so. */
static int
timeout_ms(const struct loop_want *want)
{
	if (!want->has_deadline)
		return -1;
	int64_t ns = want->deadline.ns - clock_boot().ns;
	if (ns <= 0)
		return 0;
	int64_t ms = (ns + 999999) / 1000000;
	return ms > 3600000 ? 3600000 : (int)ms;
}

static void
tell_all(struct loop *loop)
{
	for (size_t i = 0; i < loop->count; i++) {
		struct loop_got got = {
			.fds = loop->want.fds + loop->first[i],
			.count = loop->first[i + 1] - loop->first[i],
			.now = clock_boot(),
		};
		loop->sources[i].tell(loop->sources[i].self, &got);
	}
}

int
loop_run(struct loop *loop)
{
	loop->stopped = false;
	while (!loop->stopped) {
		ask_all(loop);
		int n = poll(loop->want.fds, loop->want.count,
		    timeout_ms(&loop->want));
		if (n == -1 && errno != EINTR)
			return -1;
		if (n == -1)
			continue;
		tell_all(loop);
	}
	return 0;
}

void
loop_stop(struct loop *loop)
{
	loop->stopped = true;
}
