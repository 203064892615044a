/* SPDX-License-Identifier: ISC */
/*
 * Sockets that the service manager made and hands over: LISTEN_PID,
 * LISTEN_FDS, LISTEN_FDNAMES of sd_listen_fds(3), without its library.
 */
#ifndef LICENSE_BASE_INHERIT_H
#define LICENSE_BASE_INHERIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;

enum { INHERIT_MAX = 16, INHERIT_FIRST_FD = 3 };

struct inherited {
	size_t count; /* descriptors INHERIT_FIRST_FD and following */
	char name[INHERIT_MAX][64]; /* "unknown" where none was said */
};

/*
 * inherit_read: the three values, NULL where there is none; ${self} is this
 * process. Pure. What is for another process, or not a number, is nothing.
 */
void inherit_read(const char *pid, const char *count, const char *names,
    pid_t self, struct inherited *out);

/*
 * inherit_take: those of this process, once: the environment is cleared, the
 * descriptors are closed for children and do not block.
 */
void inherit_take(struct inherited *out);

/*
 * inherit_check: a stream socket that listens; else one sentence that names
 * it.
 */
bool inherit_check(const struct inherited *inherited, size_t i,
    struct buf *error);

#endif
