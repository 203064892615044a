/* SPDX-License-Identifier: ISC */
/* The variables are the whole protocol. */
#include "license/base/inherit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "license/base/buf.h"

static long
number(const char *text)
{
	size_t digits = text == NULL ? 0 : strspn(text, "0123456789");

	return digits == 0 || digits > 9 || text[digits] != '\0' ? -1 :
	    strtol(text, NULL, 10);
}

void
inherit_read(const char *pid, const char *count, const char *names,
    pid_t self, struct inherited *out)
{
	long n = number(count);

	*out = (struct inherited){.count = 0};
	if (number(pid) != (long)self || n <= 0)
		return;
	out->count = n > INHERIT_MAX ? INHERIT_MAX : (size_t)n;
	for (size_t i = 0; i < out->count; i++) {
		size_t len = names == NULL ? 0 : strcspn(names, ":");

		text_copy(out->name[i], sizeof(out->name[i]), "unknown");
		if (len > 0 && len < sizeof(out->name[i])) {
			memcpy(out->name[i], names, len);
			out->name[i][len] = '\0';
		}
		if (names != NULL)
			names += len + (names[len] == ':');
	}
}

void
inherit_take(struct inherited *out)
{
	inherit_read(getenv("LISTEN_PID"), getenv("LISTEN_FDS"),
	    getenv("LISTEN_FDNAMES"), getpid(), out);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	for (size_t i = 0; i < out->count; i++) {
		int fd = INHERIT_FIRST_FD + (int)i;
		int flags = fcntl(fd, F_GETFL);

		fcntl(fd, F_SETFD, FD_CLOEXEC);
		if (flags != -1)
			fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	}
}

bool
inherit_check(const struct inherited *inherited, size_t i, struct buf *error)
{
	int fd = INHERIT_FIRST_FD + (int)i, listens = 0, type = 0;
	socklen_t len = sizeof(listens);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	    listens && type == SOCK_STREAM)
		return true;
	buf_puts(error, "the socket ");
	buf_printable(error, inherited->name[i], strlen(inherited->name[i]));
	buf_puts(error, " that the service manager handed over is no stream "
	    "socket that listens (ListenStream= and Accept=no)");
	return false;
}
