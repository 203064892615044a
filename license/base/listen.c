/* SPDX-License-Identifier: ISC */
/*
 * An address as text to a listening socket. It resolves no name and accepts no
 * connection.
 */
#include "license/base/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "license/base/buf.h"
#include "license/base/file.h"
#include "license/base/listen_unix.h"

#define UNIX "unix:"

enum { BACKLOG = 128 };

/* Split "127.0.0.1:80" or "[::1]:80" and read both parts, numbers only. */
static struct addrinfo *
parse_address(const char *listen, struct buf *error)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	char host[INET6_ADDRSTRLEN + 2];
	struct addrinfo *found = NULL;
	const char *colon = strrchr(listen, ':');
	const char *from = listen;
	size_t len = colon == NULL ? 0 : (size_t)(colon - listen);
	bool brackets = len > 2 && listen[0] == '[' && colon[-1] == ']';

	if (brackets) {
		from++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(host) || colon[1] == '\0' ||
	    strlen(colon + 1) > 5 ||
	    colon[1 + strspn(colon + 1, "0123456789")] != '\0' ||
	    strtoul(colon + 1, NULL, 10) > 65535 ||
	    (memchr(from, ':', len) != NULL) != brackets)
		goto bad;
	memcpy(host, from, len);
	host[len] = '\0';
	if (getaddrinfo(host, colon + 1, &hints, &found) == 0)
		return found;
bad:
	buf_puts(error, "cannot listen on \"");
	buf_printable(error, listen, strlen(listen));
	buf_puts(error, "\": give a numeric address and a port, such as "
			"127.0.0.1:10014 or [::1]:10014");
	return NULL;
}

static int
open_socket(const struct addrinfo *at)
{
	const int on = 1, off = 0;
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);

	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, at->ai_addr, at->ai_addrlen) == -1 ||
	    listen(fd, BACKLOG) == -1) {
		int saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static int
open_file(const char *text, struct file_identity *made, struct buf *error)
{
	struct listen_unix at;
	const char *why;

	if (!listen_unix_read(text, &at, &why)) {
		buf_puts(error, "cannot listen on \"");
		buf_printable(error, text, strlen(text));
		buf_printf(error, "\": %s", why);
		return -1;
	}
	int fd = listen_unix_open(&at, BACKLOG, error);
	if (fd != -1)
		file_identify(at.path, made);
	return fd;
}

int
listen_open(const char *text, struct file_identity *made, struct buf *error)
{
	if (strncmp(text, UNIX, strlen(UNIX)) == 0)
		return open_file(text, made, error);
	struct addrinfo *at = parse_address(text, error);
	int fd = at == NULL ? -1 : open_socket(at);

	if (at != NULL && fd == -1)
		buf_printf(error, "cannot listen on %s: %s", text,
		    strerror(errno));
	if (at != NULL)
		freeaddrinfo(at);
	return fd;
}

void
listen_remove(const char *address, const struct file_identity *made)
{
	if (made->inode != 0 && strncmp(address, UNIX, strlen(UNIX)) == 0)
		listen_unix_remove(address + strlen(UNIX), made);
}

void
listen_address(int fd, char out[static LISTEN_ADDRESS_SIZE])
{
	struct sockaddr_storage at = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(at);
	char host[INET6_ADDRSTRLEN] = "", port[8] = "";

	if (getsockname(fd, (struct sockaddr *)&at, &len) == 0 &&
	    at.ss_family == AF_UNIX) {
		const struct sockaddr_un *file = (const void *)&at;

		snprintf(out, LISTEN_ADDRESS_SIZE, UNIX "%.*s",
		    (int)sizeof(file->sun_path), file->sun_path);
		return;
	}
	if (len > 0)
		getnameinfo((struct sockaddr *)&at, len, host, sizeof(host),
		    port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(out, LISTEN_ADDRESS_SIZE,
	    strchr(host, ':') == NULL ? "%s:%s" : "[%s]:%s", host, port);
}

void
listen_peer(const struct sockaddr *from, char out[static INET6_ADDRSTRLEN])
{
	out[0] = '\0';
	if (from->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)from;
		inet_ntop(AF_INET, &in->sin_addr, out, INET6_ADDRSTRLEN);
	} else if (from->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const void *)from;
		bool mapped = IN6_IS_ADDR_V4MAPPED(&in->sin6_addr);
		inet_ntop(mapped ? AF_INET : AF_INET6,
		    in->sin6_addr.s6_addr + (mapped ? 12 : 0), out,
		    INET6_ADDRSTRLEN);
	}
}
