/* SPDX-License-Identifier: ISC */
/*
 * Wiring and housekeeping of the service. The writer has a database handle of
 * its own; this thread's handle only reads.
 */
#include "license/authority/serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "license/authority/arguments.h"
#include "license/authority/certificate.h"
#include "license/authority/collector.h"
#include "license/authority/database.h"
#include "license/authority/forwarded.h"
#include "license/authority/init.h"
#include "license/authority/issue.h"
#include "license/authority/keys.h"
#include "license/authority/limit.h"
#include "license/authority/output.h"
#include "license/authority/route.h"
#include "license/authority/tally.h"
#include "license/authority/writer.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/file.h"
#include "license/base/http.h"
#include "license/base/log.h"
#include "license/base/notify.h"
#include "license/base/tls.h"
#include "license/sign.h"

enum {
	LISTENERS_MAX = ARGUMENT_VALUES_MAX,
	TEXT_MAX = 64 * 1024,
	ERROR_MAX = 8192,
	HOUSEKEEPING_MS = 5000,
	THREADS_MAX = 8,
	CONNECTIONS_MAX = 1024,
	CONNECTIONS_PER_ADDRESS = 256,
	WARN_DAYS = 30,
	CERTIFICATE_LOOK_S = 60,
	GRANTS_MAX = 1000000,
	COUNT_SHARE = 100, /* of the time, one part is spent on counting */
};

struct listener {
	struct http_listener *http;
	bool tls;
};

struct service {
	const char *directory;
	struct database *decides, *reads, *collects;
	struct keys *keys;
	struct tally *tally;
	struct writer *writer;
	struct limit *limit;
	struct collector *collector;
	char issuer_name[TEXT_64];
	struct buf certificate;
	struct tls_identity *identity;
	struct file_identity certificate_seen;
	mono_t certificate_at; /* not looked at before */
	bool certificate_bad;  /* said once */
	struct allocation proxies[ARGUMENT_VALUES_MAX];
	struct route_context context;
	struct http_route routes[ROUTE_COUNT];
	struct listener listeners[LISTENERS_MAX];
	size_t listener_count;
	int signals;
	mono_t count_at; /* not before: counting takes its time */
};

static bool
is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 ||
	    strncmp(address, "[::1]:", 6) == 0;
}

/* "https://A", "A": TLS; "http://A": not, and on loopback only. */
static bool
read_address(const char *text, struct listener *out, const char **address,
    struct buf *error)
{
	char shown[128];

	out->tls = strncmp(text, "http://", 7) != 0;
	*address = !out->tls ? text + 7 :
	    strncmp(text, "https://", 8) == 0 ? text + 8 : text;
	if (out->tls || is_loopback(*address))
		return true;
	text_printable(text, shown, sizeof(shown));
	buf_printf(error, "--listen %s: plain HTTP is for 127.0.0.1 and [::1] "
	    "only; leave http:// away for HTTPS", shown);
	return false;
}

static bool
listen_on(struct service *s, const char *text, struct buf *error)
{
	struct listener *l = &s->listeners[s->listener_count];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct http_options options = { .routes = s->routes,
		.route_count = ROUTE_COUNT,
		.threads = cpus < 1 ? 1 : cpus > THREADS_MAX ? THREADS_MAX :
		(int)cpus, .connections_max = CONNECTIONS_MAX,
		/* Behind a proxy all come from its address; it counts them. */
		.connections_per_address = s->context.proxy_count ? 0 :
		CONNECTIONS_PER_ADDRESS };

	if (!read_address(text, l, &options.listen, error))
		return false;
	options.tls = l->tls ? s->identity : NULL;
	l->http = http_listen(&options, error);
	if (!l->http)
		return false;
	s->listener_count++;
	log_info("listening on %s://%s", l->tls ? "https" : "http",
	    http_address(l->http));
	return true;
}

static bool
open_database(struct service *s, struct buf *error)
{
	s->decides = init_database(s->directory, error);
	s->reads = s->decides ? init_database(s->directory, error) : NULL;
	s->collects = s->reads ? init_database(s->directory, error) : NULL;
	if (!s->collects)
		return false;
	if (database_check(s->reads) == -1) {
		buf_printf(error, "the database of %s is not sound: %s",
		    s->directory, database_error(s->reads));
		return false;
	}
	return database_get(s->reads, "issuer", s->issuer_name,
	    sizeof(s->issuer_name)) == 1;
}

/* A new one in place of one that ends, then the pair as it is on disk. */
static bool
read_certificate(struct service *s, utc_t now, struct buf *error)
{
	struct buf certificate, key, path;
	int64_t left = 0;
	bool good;

	buf_init(&certificate, TEXT_MAX);
	buf_init(&key, TEXT_MAX);
	buf_init(&path, ERROR_MAX);
	init_path(s->directory, FILE_SERVER, &path);
	good = init_renew(s->directory, s->reads, now, &left, error);
	file_identify(buf_text(&path), &s->certificate_seen);
	good = good && init_read(s->directory, FILE_SERVER, &certificate,
	    error) && init_read(s->directory, FILE_SERVER_SECRET, &key, error);
	if (good && left < WARN_DAYS)
		log_warn("the server certificate ends in %lld days and ca.key "
		    "is not here to make a new one", (long long)left);
	struct tls_identity *identity = good ? tls_identity_new(
	    buf_text(&certificate), buf_text(&key), NULL, error) : NULL;
	if (key.data)
		secret_wipe(key.data, key.len);
	buf_fini(&key);
	if (identity) {
		tls_identity_release(s->identity);
		s->identity = identity;
		buf_fini(&s->certificate);
		s->certificate = certificate;
	} else {
		buf_fini(&certificate);
	}
	buf_fini(&path);
	return identity;
}

/* Connections that there are keep the old one; none is refused. */
static void
renew_certificate(struct service *s, utc_t now)
{
	struct buf error;
	bool good;

	buf_init(&error, ERROR_MAX);
	good = read_certificate(s, now, &error);
	for (size_t i = 0; i < s->listener_count && good; i++)
		if (s->listeners[i].tls)
			http_renew(s->listeners[i].http, s->identity);
	if (good)
		log_info("the server certificate was read again");
	else if (!s->certificate_bad)
		log_error("the server certificate is not taken: %s; the one "
		    "before goes on", buf_text(&error));
	s->certificate_bad = !good;
	/* Half of a pair may have been written: look again. */
	if (!good)
		s->certificate_seen = (struct file_identity){ .size = -1 };
	buf_fini(&error);
}

static void
look_at_certificate(struct service *s, utc_t now, bool asked)
{
	struct file_identity there;
	mono_t boot = clock_boot();
	struct buf path;
	utc_t end;

	if (!asked && boot.ns < s->certificate_at.ns)
		return;
	s->certificate_at.ns = boot.ns + CERTIFICATE_LOOK_S * 1000000000LL;
	buf_init(&path, ERROR_MAX);
	init_path(s->directory, FILE_SERVER, &path);
	file_identify(buf_text(&path), &there);
	if (asked || !file_same(&there, &s->certificate_seen) ||
	    (certificate_not_after(buf_text(&s->certificate), &end) &&
	    utc_days(end, now) < WARN_DAYS && init_there(s->directory,
	    FILE_CA_SECRET)))
		renew_certificate(s, now);
	buf_fini(&path);
}

static bool
open_keys(struct service *s, utc_t now, struct buf *error)
{
	s->keys = keys_open(s->directory, now, error);
	return s->keys && read_certificate(s, now, error);
}

static bool
read_proxies(struct service *s, const struct arguments *a, struct buf *error)
{
	char shown[128];

	for (size_t i = 0; i < a->count[OPTION_TRUSTED_PROXY]; i++) {
		const char *text = a->value[OPTION_TRUSTED_PROXY][i];
		struct buf why;
		bool good;

		buf_init(&why, 128);
		good = forwarded_proxy_parse(text, &s->proxies[i], &why);
		text_printable(text, shown, sizeof(shown));
		if (!good)
			buf_printf(error, "--trusted-proxy %s: %s", shown,
			    buf_text(&why));
		buf_fini(&why);
		if (!good)
			return false;
		log_info("X-Forwarded-For counts from %s",
		    s->proxies[i].prefix);
	}
	return true;
}

static bool
catch_signals(struct service *s, struct buf *error)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals == -1)
		buf_printf(error, "signals: %s", strerror(errno));
	return s->signals != -1;
}

static bool
write_port_file(const struct service *s, const char *path, struct buf *error)
{
	struct buf text;
	bool good;

	buf_init(&text, 4096);
	for (size_t i = 0; i < s->listener_count; i++)
		buf_printf(&text, "%s://%s\n", s->listeners[i].tls ? "https" :
		    "http", http_address(s->listeners[i].http));
	good = file_replace(path, text.data, text.len, 0644) == 0;
	if (!good)
		buf_printf(error, "%s: %s", path, strerror(errno));
	buf_fini(&text);
	return good;
}

static struct limit *
make_limit(void)
{
	uint64_t seed;

	return random_bytes(&seed, sizeof(seed)) ?
	    limit_new(seed) : NULL;
}

static bool
start(struct service *s, const struct arguments *a, struct buf *error)
{
	const char *port_file = arguments_text(a, OPTION_PORT_FILE);
	struct writer_options options;

	if (!read_proxies(s, a, error) || !catch_signals(s, error) ||
	    !open_database(s, error) || !open_keys(s, clock_wall(), error))
		return false;
	s->tally = tally_new(a->revision);
	s->limit = make_limit();
	if (!s->tally || !s->limit) {
		buf_puts(error, "there is no memory");
		return false;
	}
	options = (struct writer_options){ s->decides,
		keys_issuer(s->keys), &decide_policy_default, s->issuer_name, s->tally, 0 };
	if (!arguments_read_number(a, OPTION_GRANTS, GRANTS_MAX,
	    &options.grants_per_s, error))
		return false;
	s->writer = writer_start(&options);
	if (!s->writer) {
		buf_puts(error, "the deciding thread cannot be started");
		return false;
	}
	s->collector = collector_start(s->collects, s->tally);
	if (!s->collector) {
		buf_puts(error, "the thread for usage reports cannot be "
		    "started");
		return false;
	}
	s->context = (struct route_context){ .writer = s->writer,
		.issuer = keys_issuer(s->keys), .keys = s->keys,
		.policy = &decide_policy_default,
		.tally = s->tally, .collector = s->collector,
		.limit = s->limit, .proxies = s->proxies,
		.proxy_count = a->count[OPTION_TRUSTED_PROXY] };
	route_fill(&s->context, s->routes);
	for (size_t i = 0; i < a->count[OPTION_LISTEN]; i++)
		if (!listen_on(s, a->value[OPTION_LISTEN][i], error))
			return false;
	return !port_file || write_port_file(s, port_file, error);
}

/* What may come: machines that have a license, or could have one. */
static void
count_fleet(struct service *s, const struct database_counts *counts)
{
	int64_t machines = counts->machines[MACHINE_LIVE],
	    sold = counts->subscriptions[SUBSCRIPTION_ACTIVE];

	tally_counts(s->tally, counts);
	writer_fleet(s->writer, machines > sold ? machines : sold);
}

static void
keep_house(struct service *s, bool asked)
{
	struct database_counts counts;
	utc_t now = clock_wall();
	mono_t began = clock_boot(), ended;

	if (began.ns >= s->count_at.ns) {
		if (database_count(s->reads, now, &counts) == 0)
			count_fleet(s, &counts);
		ended = clock_boot();
		s->count_at.ns = ended.ns + COUNT_SHARE *
		    (ended.ns - began.ns);
	}
	tally_database(s->tally, database_ping(s->reads) == 0);
	keys_look(s->keys, now);
	tally_signer(s->tally, issuer_until(keys_issuer(s->keys)));
	look_at_certificate(s, now, asked);
}

static void
run(struct service *s)
{
	struct pollfd fd = { .fd = s->signals, .events = POLLIN };
	struct signalfd_siginfo info;
	int64_t watchdog_s = notify_watchdog_s();
	int wait_ms = watchdog_s > 0 && watchdog_s * 1000 < HOUSEKEEPING_MS ?
	    (int)watchdog_s * 1000 : HOUSEKEEPING_MS;
	bool asked = false; /* by SIGHUP */

	notify_send("READY=1");
	for (;;) {
		keep_house(s, asked);
		asked = false;
		if (watchdog_s > 0)
			notify_send("WATCHDOG=1");
		if (poll(&fd, 1, wait_ms) < 1)
			continue;
		if (read(s->signals, &info, sizeof(info)) != sizeof(info))
			continue;
		if (info.ssi_signo != SIGHUP)
			break;
		log_reopen();
		asked = true;
	}
	notify_send("STOPPING=1");
	log_info("stopping");
}

/* They owe answers, which a listener's end waits for. */
static void
stop(struct service *s)
{
	writer_stop(s->writer);
	collector_stop(s->collector);
	for (size_t i = 0; i < s->listener_count; i++)
		http_stop(s->listeners[i].http);
	writer_free(s->writer);
	limit_free(s->limit);
	collector_free(s->collector);
	tally_free(s->tally);
	keys_free(s->keys);
	database_close(s->collects);
	database_close(s->reads);
	database_close(s->decides);
	tls_identity_release(s->identity);
	buf_fini(&s->certificate);
	if (s->signals != -1)
		close(s->signals);
}

int
serve_command(const struct arguments *a, struct output *o)
{
	struct service *s = calloc(1, sizeof(*s));
	struct buf error;
	bool good;

	(void)o;
	if (!arguments_has(a, OPTION_LISTEN)) {
		output_error("serve needs --listen HOST:PORT; see --help");
		free(s);
		return 2;
	}
	if (!s)
		return output_error("there is no memory");
	s->directory = arguments_directory(a);
	s->signals = -1;
	buf_init(&s->certificate, TEXT_MAX);
	buf_init(&error, ERROR_MAX);
	good = start(s, a, &error);
	if (good)
		run(s);
	else
		output_error("%s", buf_text(&error));
	stop(s);
	free(s);
	buf_fini(&error);
	return good ? 0 : 1;
}
