/* SPDX-License-Identifier: ISC */
/* Sockets that are served by somebody who may hang: an AgentX master's first. */
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/look.h"
#include "agent/master.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/greeting.h"

enum { PACKET_ID = 1 };

static int
left_ms(mono_t until)
{
	int64_t ms = (until.ns - clock_boot().ns) / 1000000;

	return ms > 0 ? (int)ms : 0;
}

static mono_t
soon(void)
{
	return (mono_t){clock_boot().ns + LOOK_MS * 1000000LL};
}

/* A backlog that is full says EAGAIN (unix) or nothing (tcp). */
static int
finish_connect(int fd, const struct sockaddr *address, socklen_t len)
{
	mono_t until = soon();
	int error = 0;
	socklen_t size = sizeof(error);

	while (connect(fd, address, len) == -1) {
		if (errno == EINPROGRESS) {
			struct pollfd p = {.fd = fd, .events = POLLOUT};

			if (poll(&p, 1, left_ms(until)) != 1)
				error = ETIMEDOUT;
			else
				getsockopt(fd, SOL_SOCKET, SO_ERROR, &error,
				    &size);
			break;
		}
		if (errno != EAGAIN && errno != EINTR)
			return errno;
		if (left_ms(until) == 0)
			return ETIMEDOUT;
		poll(NULL, 0, 50);
	}
	return error;
}

static int
open_address(const struct sockaddr *address, socklen_t len)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	int error = fd == -1 ? errno : finish_connect(fd, address, len);

	if (error == 0)
		return fd;
	if (fd != -1)
		close(fd);
	errno = error;
	return -1;
}

int
look_open(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (!text_copy(address.sun_path, sizeof(address.sun_path), path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open_address((const struct sockaddr *)&address,
	    sizeof(address));
}

size_t
look_read(int fd, void *bytes, size_t len)
{
	mono_t until = soon();
	size_t have = 0;

	while (have < len) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		if (poll(&p, 1, left_ms(until)) != 1)
			break;
		ssize_t n = recv(fd, (char *)bytes + have, len - have, 0);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	return have;
}

static void
describe(const char *path, struct doctor_master *out)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return;
	const struct passwd *user = getpwuid(st.st_uid);
	const struct group *group = getgrgid(st.st_gid);
	snprintf(out->mode, sizeof(out->mode), "%04o", st.st_mode & 07777);
	text_copy(out->owner, sizeof(out->owner),
	    user == NULL ? "?" : user->pw_name);
	text_copy(out->group, sizeof(out->group),
	    group == NULL ? "?" : group->gr_name);
}

static enum doctor_master_state
state_of(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return MASTER_ABSENT;
	case EACCES:
	case EPERM:
		return MASTER_DENIED;
	case ECONNREFUSED:
		return MASTER_DEAD;
	case ETIMEDOUT:
		return MASTER_FULL;
	default:
		return MASTER_UNTRIED;
	}
}

static void
say_good_day(int fd, struct doctor_master *out)
{
	uint8_t hello[GREETING_OPEN_SIZE], answer[GREETING_ANSWER_SIZE];
	uint8_t bye[GREETING_CLOSE_SIZE];
	uint32_t session_id = 0;

	greeting_open(PACKET_ID, hello);
	if (send(fd, hello, sizeof(hello), MSG_NOSIGNAL) !=
	    (ssize_t)sizeof(hello)) {
		out->state = MASTER_SILENT;
		return;
	}
	size_t have = look_read(fd, answer, sizeof(answer));
	if (have < sizeof(answer)) {
		out->state = have == 0 ? MASTER_SILENT : MASTER_STRANGE;
		return;
	}
	out->code = greeting_read(answer, PACKET_ID, &session_id);
	out->state = out->code == 0 ? MASTER_ANSWERS : out->code == -1 ?
	    MASTER_STRANGE : MASTER_REFUSES;
	if (out->state != MASTER_ANSWERS)
		return;
	greeting_close(session_id, PACKET_ID + 1, bye);
	(void)!send(fd, bye, sizeof(bye), MSG_NOSIGNAL);
	look_read(fd, answer, sizeof(answer));
}

void
look_master(const char *text, struct doctor_master *out)
{
	struct master master;
	struct buf error;

	*out = (struct doctor_master){.state = MASTER_UNTRIED};
	text_copy(out->path, sizeof(out->path), text);
	buf_init(&error, 1024);
	bool good = master_parse(text, &master, &error);
	buf_fini(&error);
	if (!good)
		return;
	const char *path = master_path(&master);
	if (path != NULL) {
		text_copy(out->path, sizeof(out->path), path);
		describe(path, out);
	}
	int fd = open_address((const struct sockaddr *)&master.address,
	    master.len);
	if (fd == -1) {
		out->code = errno;
		out->state = state_of(errno);
		return;
	}
	say_good_day(fd, out);
	close(fd);
}
