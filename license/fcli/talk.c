/* SPDX-License-Identifier: ISC */
/* A connection to the agent. */
#include "license/fcli/talk.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/command.h"

static bool
ready(int fd, short events, mono_t until)
{
	for (;;) {
		int64_t ms = (until.ns - clock_boot().ns) / 1000000;
		struct pollfd p = {.fd = fd, .events = events};
		int n = ms <= 0 ? 0 : poll(&p, 1, (int)ms);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = ETIMEDOUT;
		return n == 1;
	}
}

/* A socket whose backlog is full says EAGAIN; then try until the bound. */
int
talk_open(const char *path, mono_t until)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (!text_copy(address.sun_path, sizeof(address.sun_path), path)) {
		errno = ENAMETOOLONG;
		goto out;
	}
	while (fd != -1) {
		if (connect(fd, (struct sockaddr *)&address,
			sizeof(address)) == 0)
			return fd;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			break;
		if (clock_boot().ns >= until.ns) {
			errno = ETIMEDOUT;
			break;
		}
		poll(NULL, 0, 50);
	}
out:
	if (fd != -1) {
		int error = errno;

		close(fd);
		errno = error;
	}
	return -1;
}

bool
talk_send(int fd, const struct buf *bytes, mono_t until)
{
	for (size_t sent = 0; sent < bytes->len;) {
		if (!ready(fd, POLLOUT, until))
			return false;
		ssize_t n = send(fd, bytes->data + sent, bytes->len - sent,
		    MSG_NOSIGNAL);
		if (n == -1 && errno != EAGAIN && errno != EINTR)
			return false;
		sent += n > 0 ? (size_t)n : 0;
	}
	return true;
}

int
talk_receive(int fd, mono_t until, struct buf *reply, int *code,
    size_t *head_len, size_t *out_len)
{
	char bytes[16384];
	size_t err_len;

	for (;;) {
		if (!ready(fd, POLLIN, until))
			return 0;
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0) {
			errno = n == 0 ? ECONNRESET : errno;
			return 0;
		}
		buf_add(reply, bytes, (size_t)n);
		if (reply->failed)
			return -1;
		int whole = command_read_reply(reply->data, reply->len, code,
		    head_len, out_len, &err_len);
		if (whole != 0)
			return whole;
	}
}

bool
talk_is_alive(const char *path, mono_t until)
{
	static const char *const words[] = {"show", "license"};
	size_t head_len, out_len;
	struct buf request, reply;
	int code, fd = talk_open(path, until);

	buf_init(&request, COMMAND_REQUEST_MAX);
	buf_init(&reply, TALK_REPLY_MAX);
	bool alive = fd != -1 && command_request(2, words, &request) &&
	    talk_send(fd, &request, until) && talk_receive(fd, until, &reply,
		&code, &head_len, &out_len) == 1;
	buf_fini(&reply);
	buf_fini(&request);
	if (fd != -1)
		close(fd);
	return alive;
}
