/* SPDX-License-Identifier: ISC */
/*
 * The service manager's notify protocol. It knows the environment variables
 * of sd_notify(3) and not what the daemon is doing.
 */
#include "license/base/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int
notify_send(const char *state)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");

	if (path == NULL || path[0] == '\0')
		return 0;
	size_t len = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || len >= sizeof(to.sun_path)) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0'; /* the abstract namespace */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	ssize_t n = sendto(fd, state, strlen(state),
	    MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	int saved = errno;
	close(fd);
	errno = saved;
	return n == -1 ? -1 : 0;
}

/* A whole positive decimal number, or 0. */
static long long
positive(const char *text)
{
	char *end;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0' ? value : 0;
}

int64_t
notify_watchdog_s(void)
{
	long long usec = positive(getenv("WATCHDOG_USEC"));
	const char *pid = getenv("WATCHDOG_PID");

	if (usec == 0 || (pid != NULL && positive(pid) != getpid()))
		return 0;
	long long half = usec / 2000000;
	return half > 0 ? half : 1;
}
