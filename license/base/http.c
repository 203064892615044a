/* SPDX-License-Identifier: ISC */
/*
 * The listener over libmicrohttpd, the only file that includes it. It knows
 * methods, sizes and addresses; what a path means is its route's business.
 */
#include "license/base/http.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "license/base/buf.h"
#include "license/base/http_route.h"
#include "license/base/listen.h"
#include "license/base/log.h"

enum {
	HTTP_MEMORY = 16384, /* of a connection: header lines fit in it */
	HTTP_DRAIN = 65536, /* read past a body too long, for 413 */
	OLD_MAX = 2, /* certificates that connections still live by */
};

struct http_listener {
	struct MHD_Daemon *daemon;
	struct {
		struct MHD_Daemon *daemon; /* NULL: the place is free */
		int fd;
	} old[OLD_MAX];
	int fd; /* the listening socket, the daemon's */
	struct http_options options; /* without what was the caller's only */
	const struct http_route *routes;
	size_t route_count;
	char address[LISTEN_ADDRESS_SIZE];
	atomic_bool started;
	char said[256]; /* by the library before that */
};

struct http_exchange {
	struct MHD_Connection *connection;
	const struct http_route *route;
	struct buf body;
	size_t received;
	bool served;	/* serve() was called */
	int status;
	struct MHD_Response *response;
	char peer[INET6_ADDRSTRLEN];
};

static void
add_header(struct MHD_Response *response, const char *name, const char *value)
{
	if (MHD_add_response_header(response, name, value) == MHD_NO)
		log_error("HTTP header %s was left out of an answer: "
			  "its value cannot be sent", name);
}

/* An answer of ours, not of a route: always the last on its connection. */
static enum MHD_Result
refuse(struct MHD_Connection *connection, unsigned status, const char *text,
    const char *allow)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
	    strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);

	if (response == NULL)
		return MHD_NO;
	add_header(response, "Content-Type", "text/plain; charset=utf-8");
	/* What follows a request that we refuse is not to be believed. */
	add_header(response, "Connection", "close");
	if (allow != NULL)
		add_header(response, "Allow", allow);
	enum MHD_Result result = MHD_queue_response(connection, status,
	    response);
	MHD_destroy_response(response);
	return result;
}

/* What the library does not check: how the length of a body is told. */
struct framing {
	size_t lengths, encodings;
	uint64_t length;
	bool bad;
};

static enum MHD_Result
see_header(void *cls, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	struct framing *framing = cls;

	(void)kind;
	if (strcasecmp(name, "Transfer-Encoding") == 0) {
		framing->encodings++;
	} else if (strcasecmp(name, "Content-Length") == 0) {
		framing->lengths++;
		size_t n = value == NULL ? 0 : strspn(value, "0123456789");
		if (n == 0 || n > 18 || value[n] != '\0')
			framing->bad = true;
		else
			framing->length = strtoull(value, NULL, 10);
	}
	return MHD_YES;
}

static enum MHD_Result
begin(const struct http_listener *listener, struct MHD_Connection *connection,
    const char *path, const char *method, struct http_exchange **out)
{
	struct framing framing = {0};
	const char *allow = NULL;

	MHD_get_connection_values(connection, MHD_HEADER_KIND, see_header,
	    &framing);
	if (framing.bad || framing.lengths + framing.encodings > 1)
		return refuse(connection, MHD_HTTP_BAD_REQUEST,
		    "The length of the body is not clear.\n", NULL);
	const struct http_route *route = http_route_find(listener->routes,
	    listener->route_count, path, method, &allow);
	if (route == NULL && allow == NULL)
		return refuse(connection, MHD_HTTP_NOT_FOUND,
		    "There is nothing at this path.\n", NULL);
	if (route == NULL)
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
		    "This path does not take this method.\n", allow);
	size_t body_max = route->post ? route->body_max : 0;
	/* Nearer ones are read past: closing on unread bytes loses the 413. */
	if (framing.length > body_max + (route->post ? HTTP_DRAIN : 0) ||
	    (!route->post && framing.encodings > 0))
		return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE,
		    "The body is too long for this path.\n", NULL);
	struct http_exchange *exchange = calloc(1, sizeof(*exchange));
	if (exchange == NULL)
		return MHD_NO;
	exchange->connection = connection;
	exchange->route = route;
	buf_init(&exchange->body, body_max);
	exchange->body.failed = framing.length > body_max;
	*out = exchange;
	return MHD_YES;
}

static enum MHD_Result
send_answer(struct http_exchange *exchange)
{
	if (exchange->response == NULL)
		return MHD_NO;
	return MHD_queue_response(exchange->connection,
	    (unsigned)exchange->status, exchange->response);
}

static enum MHD_Result
serve(struct http_exchange *exchange)
{
	const struct http_route *route = exchange->route;

	if (exchange->served) /* resumed after http_reply() */
		return send_answer(exchange);
	if (exchange->body.failed)
		return refuse(exchange->connection, MHD_HTTP_CONTENT_TOO_LARGE,
		    "The body is too long for this path.\n", NULL);
	exchange->served = true;
	if (!route->deferred) {
		route->serve(route->self, exchange);
		return send_answer(exchange);
	}
	/* Before serve(): the answer may come before serve() has returned. */
	MHD_suspend_connection(exchange->connection);
	route->serve(route->self, exchange);
	return MHD_YES;
}

static enum MHD_Result
handle(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload,
    size_t *upload_size, void **con_cls)
{
	struct http_exchange *exchange = *con_cls;

	(void)version;
	if (exchange == NULL) {
		enum MHD_Result result = begin(cls, connection, url, method,
		    &exchange);
		*con_cls = exchange;
		/* An answer to this first call would close the connection. */
		return result;
	}
	if (*upload_size == 0)
		return serve(exchange);
	exchange->received += *upload_size;
	if (exchange->received > exchange->route->body_max + HTTP_DRAIN)
		return MHD_NO;
	buf_add(&exchange->body, upload, *upload_size);
	*upload_size = 0;
	return MHD_YES;
}

static void
complete(void *cls, struct MHD_Connection *connection, void **con_cls,
    enum MHD_RequestTerminationCode why)
{
	struct http_exchange *exchange = *con_cls;

	(void)cls, (void)connection, (void)why;
	*con_cls = NULL;
	if (exchange == NULL)
		return;
	if (exchange->response != NULL)
		MHD_destroy_response(exchange->response);
	buf_fini(&exchange->body);
	free(exchange);
}

/* Paths are compared as sent: two spellings of one path would be two truths. */
static size_t
keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls, (void)connection;
	return strlen(text);
}

static void __attribute__((format(printf, 2, 0)))
hear(void *cls, const char *format, va_list args)
{
	struct http_listener *listener = cls;
	char said[sizeof(listener->said)];

	vsnprintf(said, sizeof(said), format, args);
	said[strcspn(said, "\n")] = '\0';
	if (!atomic_load(&listener->started))
		text_printable(said, listener->said, sizeof(listener->said));
}

static int
above_zero(int value, int otherwise)
{
	return value > 0 ? value : otherwise;
}

static struct MHD_Daemon *
start(struct http_listener *listener, const struct http_options *options,
    int fd)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG |
	    MHD_USE_SUPPRESS_DATE_NO_CLOCK;
	int threads = above_zero(options->threads, 1);
	int connections = above_zero(options->connections_max, 64);
	int per_address = above_zero(options->connections_per_address, 0);
	struct MHD_OptionItem more[8] = {{.option = MHD_OPTION_END}};
	size_t n = 0;

	for (size_t i = 0; i < options->route_count; i++) {
		if (options->routes[i].deferred)
			flags |= MHD_ALLOW_SUSPEND_RESUME;
	}
	if (threads > 1)
		more[n++] = (struct MHD_OptionItem){
			MHD_OPTION_THREAD_POOL_SIZE, threads, NULL};
	if (options->tls_certificate != NULL) {
		/* ITC: what renewing needs to hush the one before. */
		flags |= MHD_USE_TLS | MHD_USE_ITC;
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT,
			0, (void *)(uintptr_t)options->tls_certificate};
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY,
			0, (void *)(uintptr_t)options->tls_key};
		more[n++] = (struct MHD_OptionItem){
			MHD_OPTION_HTTPS_PRIORITIES, 0,
			(void *)(uintptr_t)"NORMAL:-VERS-ALL:+VERS-TLS1.3:"
					   "+VERS-TLS1.2"};
	}
	more[n] = (struct MHD_OptionItem){.option = MHD_OPTION_END};
	return MHD_start_daemon(flags, 0, NULL, NULL, handle, listener,
	    MHD_OPTION_EXTERNAL_LOGGER, hear, listener,
	    MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_NOTIFY_COMPLETED, complete, NULL,
	    MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
	    MHD_OPTION_CONNECTION_LIMIT,
	    (unsigned)(connections > threads ? connections : threads),
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)per_address,
	    MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)above_zero(options->timeout_s, 10),
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_MEMORY,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, more,
	    MHD_OPTION_END);
}

/* The library's threads take no signal meant for the program. */
static struct MHD_Daemon *
launch(struct http_listener *listener, const struct http_options *options,
    int fd)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	struct MHD_Daemon *daemon = start(listener, options, fd);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return daemon;
}

struct http_listener *
http_listen(const struct http_options *options, struct buf *error)
{
	int fd = listen_open(options->listen, error);

	if (fd == -1)
		return NULL;
	struct http_listener *listener = calloc(1, sizeof(*listener));
	if (listener == NULL) {
		close(fd);
		buf_puts(error, "out of memory");
		return NULL;
	}
	listener->routes = options->routes;
	listener->route_count = options->route_count;
	listen_address(fd, listener->address);
	listener->fd = fd;
	listener->options = *options;
	listener->options.listen = NULL;
	listener->options.tls_certificate = listener->options.tls_key = NULL;
	listener->daemon = launch(listener, options, fd);
	if (listener->daemon == NULL) {
		buf_printf(error, "cannot serve on %s: %s", options->listen,
		    listener->said[0] != '\0' ? listener->said :
		    "libmicrohttpd does not start");
		free(listener);
		return NULL;
	}
	atomic_store(&listener->started, true);
	return listener;
}

static void
stop_old(struct http_listener *listener, size_t i)
{
	MHD_stop_daemon(listener->old[i].daemon);
	close(listener->old[i].fd);
	listener->old[i].daemon = NULL;
}

bool
http_renew(struct http_listener *listener, const char *certificate,
    const char *key, struct buf *error)
{
	struct http_options options = listener->options;
	size_t place = 0;

	http_settle(listener);
	while (place < OLD_MAX && listener->old[place].daemon != NULL)
		place++;
	/* Both accept from the one socket for a moment. */
	int fd = place == OLD_MAX ? -1 :
	    fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);
	if (fd == -1) {
		buf_printf(error, "%s", place == OLD_MAX ? "connections still "
			"live by the certificates before" : strerror(errno));
		return false;
	}
	options.tls_certificate = certificate;
	options.tls_key = key;
	atomic_store(&listener->started, false);
	struct MHD_Daemon *daemon = launch(listener, &options, fd);
	atomic_store(&listener->started, true);
	if (daemon == NULL) {
		close(fd);
		buf_printf(error, "certificate and key cannot be used: %s",
		    listener->said);
		return false;
	}
	listener->old[place].daemon = listener->daemon;
	listener->old[place].fd = MHD_quiesce_daemon(listener->daemon);
	listener->daemon = daemon;
	listener->fd = fd;
	return true;
}

void
http_settle(struct http_listener *listener)
{
	for (size_t i = 0; i < OLD_MAX; i++) {
		struct MHD_Daemon *daemon = listener->old[i].daemon;

		if (daemon == NULL)
			continue;
		const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon,
		    MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
		if (info != NULL && info->num_connections == 0)
			stop_old(listener, i);
	}
}

void
http_stop(struct http_listener *listener)
{
	if (listener == NULL)
		return;
	for (size_t i = 0; i < OLD_MAX; i++) {
		if (listener->old[i].daemon != NULL)
			stop_old(listener, i);
	}
	MHD_stop_daemon(listener->daemon);
	free(listener);
}

const char *
http_address(const struct http_listener *listener)
{
	return listener->address;
}

const char *
http_body(const struct http_exchange *exchange, size_t *len)
{
	*len = exchange->body.len;
	return buf_text(&exchange->body);
}

const char *
http_header(const struct http_exchange *exchange, const char *name)
{
	return MHD_lookup_connection_value(exchange->connection,
	    MHD_HEADER_KIND, name);
}

struct joining {
	const char *name;
	struct buf *out;
	bool found;
};

static enum MHD_Result
join_header(void *cls, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	struct joining *joining = cls;

	(void)kind;
	if (strcasecmp(name, joining->name) != 0)
		return MHD_YES;
	if (joining->found)
		buf_putc(joining->out, ',');
	joining->found = true;
	buf_puts(joining->out, value == NULL ? "" : value);
	return MHD_YES;
}

bool
http_header_join(const struct http_exchange *exchange, const char *name,
    struct buf *out)
{
	struct joining joining = {name, out, false};

	MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND,
	    join_header, &joining);
	return joining.found;
}

const char *
http_peer(const struct http_exchange *exchange)
{
	/* A cache: one thread has the exchange at a time. */
	char *peer = ((struct http_exchange *)(uintptr_t)exchange)->peer;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	if (peer[0] == '\0' && info != NULL && info->client_addr != NULL)
		listen_peer(info->client_addr, peer);
	return peer;
}

void
http_reply(struct http_exchange *exchange, int status,
    const char *content_type, const void *bytes, size_t len,
    const struct http_header_line *headers, size_t header_count)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(len,
	    (void *)(uintptr_t)bytes, MHD_RESPMEM_MUST_COPY);

	if (response != NULL) {
		if (content_type != NULL)
			add_header(response, "Content-Type", content_type);
		for (size_t i = 0; headers != NULL && i < header_count; i++)
			add_header(response, headers[i].name, headers[i].value);
	}
	exchange->status = status;
	exchange->response = response;
	if (exchange->route->deferred)
		MHD_resume_connection(exchange->connection);
}
