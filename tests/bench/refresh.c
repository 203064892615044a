/* SPDX-License-Identifier: ISC */
/*
 * What a refresh costs the real authority, as a multiple of what cannot be
 * saved: one signature to check and one to make. A fleet is written into its
 * database, some of it asks over HTTP at once, and the process's CPU time is
 * read from /proc. A ratio in one run, printed, never judged.
 *
 * usage: refresh PROGRAM DIRECTORY MACHINES REFRESHES
 * DIRECTORY: as "leaseline-authority init" made it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "license/authority/database.h"
#include "license/authority/init.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/sign.h"
#include "license/verify.h"

#define PRODUCT "FastNetMon Advanced"

enum { CLIENTS = 64, ROUND = 4000, PATH_SIZE = 4096 };

struct bench {
	int port;
	size_t count;
	struct buf *requests; /* whole HTTP requests */
	size_t next;
	size_t good;
	pthread_mutex_t lock;
};

static void
die(const char *what)
{
	fprintf(stderr, "bench refresh: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
fill(struct change *c, size_t number, const uint8_t key[KEY_SIZE], utc_t now)
{
	struct subscription *s = &c->subscription;
	struct machine *m = &c->machine;
	struct buf error;

	memset(c, 0, sizeof(*c));
	buf_init(&error, 100);
	snprintf(s->id, sizeof(s->id), "sub-%zu", number);
	text_copy(s->customer, sizeof(s->customer), "Example ISP");
	text_copy(s->product, sizeof(s->product), PRODUCT);
	s->status = SUBSCRIPTION_ACTIVE;
	s->kind = KIND_PRODUCTION;
	s->billing = BILLING_ANNUAL;
	s->renews = RENEWS_MANUAL;
	s->on_expiry = ON_EXPIRY_STOP;
	s->bandwidth_mbits = 10000;
	s->term_end = utc_day_end(now, 300);
	s->revision = s->sequence = 1;
	if (!prefix_parse("127.0.0.1", &c->allocations[0], &error))
		die("the prefix");
	c->allocation_count = 1;
	c->subscription_changed = c->machine_changed = true;
	memcpy(m->key, key, KEY_SIZE);
	m->state = MACHINE_LIVE;
	m->sequence = 1;
	text_copy(m->product, sizeof(m->product), PRODUCT);
	text_copy(m->subscription, sizeof(m->subscription), s->id);
	text_copy(m->cpu_model, sizeof(m->cpu_model), "Xeon");
	m->logical_cpus = 8;
	m->last_reason = REFUSAL_NONE;
	m->revision = 1;
	m->first_seen = m->last_seen = utc_add(now, -DAY_S);
	m->lease_end = utc_day_end(now, 13);
	buf_fini(&error);
}

static void
make_request(const struct signing_key *key, utc_t now, struct buf *out)
{
	struct request r = { .ask = ASK_REFRESH, .created = now,
		.logical_cpus = 8, .sequence = 1 };
	uint8_t public_key[KEY_SIZE];
	struct buf body;

	signing_key_public(key, public_key);
	random_bytes(r.nonce, sizeof(r.nonce));
	text_copy(r.product, sizeof(r.product), PRODUCT);
	text_copy(r.agent_version, sizeof(r.agent_version), "0.1.0");
	text_copy(r.cpu_model, sizeof(r.cpu_model), "Xeon");
	r.has = bit(REQUEST_PURPOSE) | bit(REQUEST_CREATED) |
	    bit(REQUEST_NONCE) | bit(REQUEST_PRODUCT) |
	    bit(REQUEST_AGENT_VERSION) | bit(REQUEST_CPU_MODEL) |
	    bit(REQUEST_LOGICAL_CPUS) | bit(REQUEST_SEQUENCE);
	buf_init(&body, DOCUMENT_MAX);
	document_begin(PURPOSE_REQUEST, public_key, &body);
	if (!request_encode(&r, &body) || !document_seal(&body, key))
		die("a request");
	buf_init(out, DOCUMENT_MAX + 256);
	buf_printf(out, "POST /v1/lease HTTP/1.1\r\nHost: a\r\n"
	    "Content-Type: text/plain\r\nContent-Length: %zu\r\n\r\n",
	    body.len);
	buf_add(out, body.data, body.len);
	buf_fini(&body);
}

/* The first ${count} of the fleet have a key that can ask. */
static void
write_fleet(struct bench *b, const char *directory, size_t machines, utc_t now)
{
	struct database *database;
	struct buf error;

	buf_init(&error, 1024);
	database = init_database(directory, &error);
	if (!database)
		die(buf_text(&error));
	for (size_t i = 0; i < machines; i++) {
		static struct change c;
		uint8_t key[KEY_SIZE];

		/* In the order of the index: a page is written once. */
		random_bytes(key, sizeof(key));
		for (int n = 0; n < 8; n++)
			key[n] = (uint8_t)(UINT64_MAX / machines * i >>
			    (56 - 8 * n));
		if (i < b->count) {
			struct signing_key *mine = signing_key_new();

			signing_key_public(mine, key);
			make_request(mine, now, &b->requests[i]);
			signing_key_free(mine);
		}
		fill(&c, i, key, now);
		if (i % ROUND == 0 && database_begin(database) == -1)
			die("the database");
		if (database_store(database, &c) == -1)
			die(database_error(database));
		if ((i % ROUND == ROUND - 1 || i + 1 == machines) &&
		    database_commit(database) == -1)
			die(database_error(database));
	}
	database_close(database);
	buf_fini(&error);
}

static pid_t
serve(const char *program, const char *directory, int *port)
{
	char path[PATH_SIZE], line[256];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/ports", directory);
	unlink(path);
	pid = fork();
	if (pid == 0) {
		execl(program, program, "serve", "--dir", directory,
		    "--listen", "http://127.0.0.1:0", "--port-file", path,
		    "--grants-per-second", "1000000", (char *)NULL);
		_exit(127);
	}
	/* As long as its unit lets it read a large database. */
	for (int i = 0; i < 9000 && waitpid(pid, NULL, WNOHANG) == 0; i++) {
		FILE *f = fopen(path, "r");
		const char *colon;

		if (f && fgets(line, sizeof(line), f)) {
			fclose(f);
			colon = strrchr(line, ':');
			*port = colon ? (int)strtol(colon + 1, NULL, 10) : 0;
			return pid;
		}
		if (f)
			fclose(f);
		usleep(100000);
	}
	die("the authority does not start");
	return -1;
}

/* Seconds of CPU that a process has used, user and system. */
static double
cpu_of(pid_t pid)
{
	char path[64], text[1024];
	unsigned long user = 0, system = 0;
	const char *after;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f || !fgets(text, sizeof(text), f))
		die(path);
	fclose(f);
	after = strrchr(text, ')');
	if (!after || sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u "
	    "%*u %*u %lu %lu", &user, &system) != 2)
		die("stat");
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* Its first count of the fleet is no part of a refresh. */
static void
wait_idle(pid_t pid)
{
	double before = -1;

	for (int i = 0; i < 60 && cpu_of(pid) > before; i++) {
		before = cpu_of(pid);
		usleep(1000000);
	}
}

/* True when the answer is 200 and was read to its end. */
static bool
read_answer(int fd)
{
	char text[8192];
	size_t len = 0;

	for (;;) {
		ssize_t n = read(fd, text + len, sizeof(text) - 1 - len);
		const char *body, *length;

		if (n <= 0)
			return false;
		len += (size_t)n;
		text[len] = '\0';
		body = strstr(text, "\r\n\r\n");
		length = strcasestr(text, "content-length:");
		if (body && length && len >= (size_t)(body + 4 - text) +
		    strtoul(length + 15, NULL, 10))
			return strncmp(text, "HTTP/1.1 200", 12) == 0;
	}
}

static void *
ask(void *self)
{
	struct bench *b = self;
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)b->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	size_t good = 0;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1)
		die("connect");
	for (;;) {
		const struct buf *request;

		pthread_mutex_lock(&b->lock);
		request = b->next < b->count ? &b->requests[b->next++] : NULL;
		pthread_mutex_unlock(&b->lock);
		if (!request)
			break;
		if (write(fd, request->data, request->len) !=
		    (ssize_t)request->len)
			die("write");
		good += read_answer(fd);
	}
	close(fd);
	pthread_mutex_lock(&b->lock);
	b->good += good;
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

static double
cpu_here(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

/* One signature checked and one made, of documents as they are. */
static double
floor_s(const struct buf *request)
{
	enum { TIMES = 5000, LICENSE_BYTES = 1400 };
	const char *body = strstr(buf_text(request), "\r\n\r\n") + 4;
	size_t len = request->len - (size_t)(body - request->data);
	struct signing_key *key = signing_key_new();
	uint8_t signature[SIGNATURE_SIZE];
	static char license[LICENSE_BYTES];
	double began = cpu_here();
	struct doc_frame frame;

	if (doc_frame_read(body, len, PURPOSE_REQUEST, &frame) != DOC_OK)
		die("frame");
	for (int i = 0; i < TIMES; i++)
		if (!verify_bytes(frame.key, body, frame.signed_len,
		    frame.signature) || !signing_key_sign(key, license,
		    sizeof(license), signature))
			die("a signature");
	signing_key_free(key);
	return (cpu_here() - began) / TIMES;
}

int
main(int argc, char **argv)
{
	struct bench b = { .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_t clients[CLIENTS];
	double least, before, each;
	mono_t began;
	pid_t pid;

	if (argc != 5)
		return 2;
	size_t machines = strtoul(argv[3], NULL, 10);
	b.count = strtoul(argv[4], NULL, 10);
	b.count = b.count > machines ? machines : b.count;
	b.requests = calloc(b.count, sizeof(*b.requests));
	if (!b.requests || b.count == 0)
		return 2;
	write_fleet(&b, argv[2], machines, clock_wall());
	least = floor_s(&b.requests[0]);
	pid = serve(argv[1], argv[2], &b.port);
	wait_idle(pid);
	before = cpu_of(pid);
	began = clock_boot();
	for (int i = 0; i < CLIENTS; i++)
		pthread_create(&clients[i], NULL, ask, &b);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(clients[i], NULL);
	double took = (double)(clock_boot().ns - began.ns) / 1e9;
	each = (cpu_of(pid) - before) / (double)b.count;
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	printf("bench refresh: %zu machines: %zu of %zu refreshed, %.0f/s; "
	    "server CPU %.0f us each, verify and sign %.0f us: %.2fx (goal: "
	    "at most 1.7x)\n", machines, b.good, b.count,
	    (double)b.count / took, each * 1e6, least * 1e6, each / least);
	return b.good == b.count ? 0 : 1;
}
