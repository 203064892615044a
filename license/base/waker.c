/* SPDX-License-Identifier: ISC */
/* Woken many times before it looks is woken once. */
#include "license/base/waker.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

int
waker_new(void)
{
	return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void
waker_wake(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) == -1)
		return; /* it is awake already */
}

void
waker_wait(int fd, int64_t ms)
{
	struct pollfd woken = {.fd = fd, .events = POLLIN};
	uint64_t count;

	if (poll(&woken, 1, ms > INT_MAX ? INT_MAX : (int)ms) == 1 &&
	    read(fd, &count, sizeof(count)) == -1)
		return; /* nobody else reads it */
}

bool
waker_thread(pthread_t *out, void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool started = pthread_create(out, NULL, run, arg) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}
