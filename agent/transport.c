/* SPDX-License-Identifier: ISC */
/* A transport of net-snmp that knows no AgentX, only octets and deadlines. */
#include "agent/transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/snmp_transport.h>

#include "agent/master.h"
#include "license/base/clock.h"

enum { CONNECT_MS = 2000, SEND_MS = 1000 };

static struct {
	struct master master;
	struct stat file; /* of the socket connected to */
	int error;
	int64_t read_until_ns; /* 0: without bound */
	pthread_mutex_t lock; /* of fd: it may be cut, not closed, meanwhile */
	int fd;
	atomic_bool forbidden;
} the = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

static void
set_fd(int fd)
{
	pthread_mutex_lock(&the.lock);
	the.fd = fd;
	pthread_mutex_unlock(&the.lock);
}

void
transport_bound(int64_t wait_ns)
{
	the.read_until_ns = wait_ns == 0 ? 0 : clock_boot().ns + wait_ns;
}

void
transport_cut(void)
{
	pthread_mutex_lock(&the.lock);
	if (the.fd != -1)
		shutdown(the.fd, SHUT_RDWR);
	pthread_mutex_unlock(&the.lock);
}

void
transport_forbid(void)
{
	atomic_store(&the.forbidden, true);
	transport_cut();
}

int
transport_error(void)
{
	return the.error;
}

bool
transport_replaced(void)
{
	const char *path = master_path(&the.master);
	struct stat now;

	return path != NULL && the.fd != -1 && stat(path, &now) == 0 &&
	    (now.st_dev != the.file.st_dev || now.st_ino != the.file.st_ino);
}

/* Until ${fd} can be written to; false with errno. */
static bool
wait_writable(int fd, int64_t deadline_ns)
{
	struct pollfd wait = {.fd = fd, .events = POLLOUT};

	for (;;) {
		int64_t left_ns = deadline_ns - clock_boot().ns;
		int rc = left_ns <= 0 ? 0 :
		    poll(&wait, 1, (int)(left_ns / 1000000) + 1);

		if (rc > 0)
			return true;
		if (rc == 0)
			errno = ETIMEDOUT;
		if (rc == 0 || errno != EINTR)
			return false;
	}
}

static bool
connect_bounded(int fd)
{
	socklen_t len = sizeof(int);
	int error = 0, yes = 1;

	if (connect(fd, (struct sockaddr *)&the.master.address,
		the.master.len) == -1) {
		if (errno != EINPROGRESS)
			return false;
		if (!wait_writable(fd, clock_boot().ns +
		    CONNECT_MS * INT64_C(1000000)))
			return false;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
			return false;
		errno = error;
		if (error != 0)
			return false;
	}
	if (master_path(&the.master) == NULL)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	return true;
}

static int
on_close(netsnmp_transport *t)
{
	int fd = t->sock;

	t->sock = -1;
	if (fd == -1)
		return -1;
	set_fd(-1);
	return close(fd);
}

/*
 * The library takes an end and an error for the end of the session. It reads
 * for other reasons than a readable socket: nothing there is neither.
 */
static int
on_receive(netsnmp_transport *t, void *to, int size, void **opaque, int *len)
{
	ssize_t n;

	*opaque = NULL;
	*len = 0;
	if (the.read_until_ns != 0 && clock_boot().ns > the.read_until_ns)
		return 0;
	do
		n = recv(t->sock, to, (size_t)size, MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		t->flags |= NETSNMP_TRANSPORT_FLAG_EMPTY_PKT;
		return 0;
	}
	return (int)n;
}

/* Half a PDU would be taken for the head of the next: then it is the end. */
static int
on_send(netsnmp_transport *t, const void *from, int size, void **opaque,
    int *len)
{
	int64_t deadline_ns = clock_boot().ns + SEND_MS * INT64_C(1000000);
	int sent = 0;

	(void)opaque;
	(void)len;
	while (sent < size) {
		ssize_t n = send(t->sock, (const char *)from + sent,
		    (size_t)(size - sent), MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0)
			sent += (int)n;
		else if (errno != EINTR && ((errno != EAGAIN &&
		    errno != EWOULDBLOCK) ||
		    !wait_writable(t->sock, deadline_ns)))
			break;
	}
	if (sent == size)
		return size;
	transport_cut();
	return -1;
}

static char *
on_describe(netsnmp_transport *t, const void *data, int len)
{
	(void)t;
	(void)data;
	(void)len;
	return strdup("the AgentX master");
}

/* The path is looked at on both sides of connect(): else it was another's. */
static int
open_connected(void)
{
	const char *path = master_path(&the.master);
	struct stat before;
	int fd = socket(the.master.address.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return -1;
	set_fd(fd);
	bool good = (path == NULL || stat(path, &before) == 0) &&
	    connect_bounded(fd) &&
	    (path == NULL || stat(path, &the.file) == 0);
	if (good && path != NULL && before.st_ino != the.file.st_ino) {
		errno = EAGAIN;
		good = false;
	}
	if (good && !atomic_load(&the.forbidden))
		return fd;
	int error = good ? ECANCELED : errno;
	set_fd(-1);
	close(fd);
	errno = error;
	return -1;
}

static netsnmp_transport *
on_create(const char *name, int local, const char *other)
{
	static const oid domain[] = {0, 0};
	netsnmp_transport *t = calloc(1, sizeof(*t)); /* the library frees it */

	(void)name;
	(void)local;
	(void)other;
	if (t == NULL) {
		the.error = ENOMEM;
		return NULL;
	}
	t->sock = open_connected();
	the.error = t->sock == -1 ? errno : 0;
	if (t->sock == -1) {
		netsnmp_transport_free(t);
		return NULL;
	}
	t->domain = domain;
	t->domain_length = OID_LENGTH(domain);
	t->flags = NETSNMP_TRANSPORT_FLAG_STREAM;
	t->msgMaxSize = SNMP_MAX_PACKET_LEN;
	t->f_recv = on_receive;
	t->f_send = on_send;
	t->f_close = on_close;
	t->f_fmtaddr = on_describe;
	return t;
}

void
transport_init(const struct master *master)
{
	static const oid name[] = {0, 0};
	static netsnmp_tdomain domain = {
		.name = name,
		.name_length = OID_LENGTH(name),
		.f_create_from_tstring_new = on_create,
	};

	the.master = *master;
	atomic_store(&the.forbidden, false);
	domain.prefix = calloc(2, sizeof(domain.prefix[0])); /* freed by it */
	if (domain.prefix == NULL)
		return;
	domain.prefix[0] = "leaseline";
	netsnmp_tdomain_register(&domain);
}
