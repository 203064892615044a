/* SPDX-License-Identifier: ISC */
/* Under the lock nothing is read, hashed or answered. */
#include "exporter/door.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <unistd.h>

#include "exporter/credentials.h"
#include "exporter/password.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/log.h"
#include "license/base/rate.h"
#include "license/base/tls.h"
#include "license/base/waker.h"

#define AGAIN_NS INT64_C(2000000000)

enum {
	MS_NS = 1000000,
	S_NS = 1000000000,
	REST = 3, /* times as long as the work before it */
	SAY_S = 60,
	ERROR_MAX = 2048,
};

struct job {
	TAILQ_ENTRY(job) entry;
	struct http_exchange *exchange;
	struct credentials credentials;
	uint8_t digest[SHA256_SIZE];
};

struct complaint {
	uint64_t count;
	mono_t said_at; /* not again for a minute */
};

struct door {
	void (*renew)(void *self, struct tls_identity *identity);
	void *self;
	pthread_t thread;
	int wake_fd;
	atomic_llong looked_s;
	struct access_refused bad; /* the thread's */
	pthread_mutex_t lock; /* the members below */
	struct door_options options;
	struct access access;
	struct access_seen seen;
	unsigned generation; /* of users */
	struct remembered remembered;
	struct rate tries;
	TAILQ_HEAD(, job) jobs;
	size_t waiting;
	int64_t cost_ns; /* of the last password */
	bool look, closing;
	struct complaint strangers, wrong;
};

static void
deny(struct http_exchange *exchange, int status, int64_t wait_ns)
{
	char wait_s[24];
	const char *text = status == 401 ? "Name and password are needed.\n" :
	    status == 429 ? "Too many passwords to look at; come again.\n" :
	    "The agent is stopping.\n";
	const struct http_header_line headers[] = {
		{"Connection", "close"},
		status == 401 ? (struct http_header_line){"WWW-Authenticate",
			"Basic realm=\"leaseline\", charset=\"UTF-8\""} :
		(struct http_header_line){"Retry-After", wait_s},
	};

	snprintf(wait_s, sizeof(wait_s), "%" PRId64,
	    (wait_ns + S_NS - 1) / S_NS);
	http_reply(exchange, status, "text/plain; charset=utf-8", text,
	    strlen(text), headers, status == 503 ? 1 : 2);
}

/* Under the lock. True: say it now, and of how many. */
static bool
is_due(struct complaint *complaint, uint64_t *count)
{
	mono_t now = clock_boot();

	complaint->count++;
	if (complaint->said_at.ns != 0 &&
	    now.ns - complaint->said_at.ns < (int64_t)SAY_S * S_NS)
		return false;
	*count = complaint->count;
	*complaint = (struct complaint){0, now};
	return true;
}

static void
deny_wrong(struct door *door, struct http_exchange *exchange)
{
	const char *peer = http_peer(exchange);
	uint64_t count;

	pthread_mutex_lock(&door->lock);
	bool due = is_due(&door->wrong, &count);
	pthread_mutex_unlock(&door->lock);
	if (due)
		log_warn("A request for metrics from %s had a wrong user or "
			 "password (%" PRIu64 " since this was last said)",
		    peer[0] == '\0' ? "this machine" : peer, count);
	deny(exchange, 401, 0);
}

static void
look_at_most_once_a_second(struct door *door)
{
	long long now_s = clock_boot().ns / S_NS;

	if (atomic_exchange(&door->looked_s, now_s) != now_s)
		door_look(door);
}

static bool
accepts(void *self, const uint8_t *address)
{
	struct door *door = self;
	char text[PREFIX_TEXT];
	uint64_t count = 0;

	look_at_most_once_a_second(door);
	pthread_mutex_lock(&door->lock);
	bool good = door->options.allow_count == 0 || prefix_holds(
	    door->options.allow, door->options.allow_count, address);
	bool due = !good && is_due(&door->strangers, &count);
	pthread_mutex_unlock(&door->lock);
	if (due) {
		prefix_print(address, text);
		log_warn("A connection from %s was closed: allow does not "
			 "have it (%" PRIu64 " since this was last said)",
		    text, count);
	}
	return good;
}

/* Of the address, or of all that have none. */
static int64_t
charge(struct door *door, struct http_exchange *exchange)
{
	uint8_t network[PREFIX_ADDRESS] = {0};
	struct prefix from;
	const char *why;

	if (prefix_read(http_peer(exchange), &from, &why))
		prefix_network(from.address, network);
	return rate_charge(&door->tries, network, sizeof(network),
	    clock_boot());
}

/* Under the lock: 0: it waits to be hashed; else how long it may not. */
static int64_t
enqueue(struct door *door, struct http_exchange *exchange,
    const struct credentials *credentials, const uint8_t *digest)
{
	int64_t queue_ns = (int64_t)(door->waiting + 1) * door->cost_ns *
	    (REST + 1);
	struct job *job;

	if (door->waiting == DOOR_QUEUE_MAX ||
	    (door->waiting > 0 && queue_ns > (int64_t)DOOR_QUEUE_S * S_NS))
		return queue_ns > S_NS ? queue_ns : S_NS;
	int64_t wait_ns = charge(door, exchange);
	if (wait_ns > 0)
		return wait_ns;
	job = calloc(1, sizeof(*job));
	if (job == NULL)
		return S_NS;
	job->exchange = exchange;
	job->credentials = *credentials;
	memcpy(job->digest, digest, SHA256_SIZE);
	http_defer(exchange);
	TAILQ_INSERT_TAIL(&door->jobs, job, entry);
	door->waiting++;
	waker_wake(door->wake_fd);
	return 0;
}

static bool
admits(void *self, struct http_exchange *exchange)
{
	enum { ADMIT, ASK, WRONG, LATER, STOP, WAIT } what = ASK;
	struct door *door = self;
	struct credentials credentials;
	uint8_t digest[SHA256_SIZE];
	int64_t wait_ns = 0;
	bool good;

	look_at_most_once_a_second(door);
	bool told = credentials_read(http_header(exchange, "Authorization"),
	    &credentials);
	if (told)
		credentials_digest(&door->remembered, &credentials, digest);
	pthread_mutex_lock(&door->lock);
	if (door->access.users == NULL)
		what = ADMIT;
	else if (told && remembered_find(&door->remembered, digest, &good))
		what = good ? ADMIT : WRONG;
	else if (told && door->closing)
		what = STOP;
	else if (told)
		what = (wait_ns = enqueue(door, exchange, &credentials,
		    digest)) == 0 ? WAIT : LATER;
	pthread_mutex_unlock(&door->lock);
	if (told)
		explicit_bzero(&credentials, sizeof(credentials));
	if (what == WRONG)
		deny_wrong(door, exchange);
	else if (what == ASK || what == LATER || what == STOP)
		deny(exchange, what == ASK ? 401 : what == LATER ? 429 :
		    503, wait_ns);
	return what == ADMIT;
}

/* Under the lock; what changed is ${access}, whose the old is afterwards. */
static void
install(struct door *door, struct access *access,
    const struct access_seen *seen)
{
	struct access before = door->access;

	if (!file_same(&seen->file[ACCESS_USERS],
		&door->seen.file[ACCESS_USERS])) {
		door->generation++;
		remembered_clear(&door->remembered);
	}
	door->access = *access;
	door->seen = *seen;
	*access = before;
}

/* Not under the lock. */
static void
tell_listeners(struct door *door)
{
	struct tls_identity *identity = door_identity(door);

	if (identity != NULL)
		door->renew(door->self, identity);
	tls_identity_release(identity);
}

/* Whether another look is wanted soon. */
static bool
look(struct door *door)
{
	struct access_paths paths;
	struct access_seen seen;
	struct access access;
	bool soon;

	pthread_mutex_lock(&door->lock);
	paths = door->options.paths;
	seen = door->seen;
	pthread_mutex_unlock(&door->lock);
	if (!access_again(&paths, &seen, &door->bad, &access, &soon))
		return soon;
	pthread_mutex_lock(&door->lock);
	/* The configuration may have come in between. */
	bool stands = memcmp(&paths, &door->options.paths, sizeof(paths)) == 0;
	if (stands)
		install(door, &access, &seen);
	pthread_mutex_unlock(&door->lock);
	access_fini(&access);
	if (stands)
		tell_listeners(door);
	return !stands;
}

enum verdict { BAD, GOOD, STOPPING };

/* By the users that are there when it is known. */
static enum verdict
judge(struct door *door, const struct job *job, int64_t *cost_ns)
{
	char hash[USER_HASH_SIZE] = "";

	for (;;) {
		bool good = true;

		pthread_mutex_lock(&door->lock);
		const struct users *users = door->access.users;
		unsigned generation = door->generation;
		bool closing = door->closing;
		bool known = users == NULL || closing ||
		    remembered_find(&door->remembered, job->digest, &good);
		if (!known)
			text_copy(hash, sizeof(hash), users_hash(users,
			    job->credentials.name));
		pthread_mutex_unlock(&door->lock);
		if (known)
			return closing ? STOPPING : good ? GOOD : BAD;
		int64_t start_ns = clock_boot().ns;
		good = password_matches(job->credentials.password, hash);
		*cost_ns = clock_boot().ns - start_ns;
		pthread_mutex_lock(&door->lock);
		bool stands = generation == door->generation;
		if (stands)
			remembered_add(&door->remembered, job->digest, good);
		door->cost_ns = *cost_ns;
		pthread_mutex_unlock(&door->lock);
		if (stands)
			return good ? GOOD : BAD;
	}
}

/* What it took, in ns: 0 when nothing was hashed. */
static int64_t
answer(struct door *door, struct job *job)
{
	int64_t cost_ns = 0;
	enum verdict verdict = judge(door, job, &cost_ns);

	if (verdict == GOOD)
		http_admit(job->exchange);
	else if (verdict == STOPPING)
		deny(job->exchange, 503, 0);
	else
		deny_wrong(door, job->exchange);
	explicit_bzero(job, sizeof(*job));
	free(job);
	return cost_ns;
}

/* Under the lock. */
static struct job *
take_job(struct door *door)
{
	struct job *job = TAILQ_FIRST(&door->jobs);

	if (job == NULL)
		return NULL;
	TAILQ_REMOVE(&door->jobs, job, entry);
	door->waiting--;
	return job;
}

static int64_t
sleep_ms(int64_t until_ns, int64_t now_ns)
{
	return until_ns == INT64_MAX ? -1 : until_ns <= now_ns ? 0 :
	    (until_ns - now_ns) / MS_NS + 1;
}

static void *
work(void *arg)
{
	struct door *door = arg;
	int64_t rested_ns = 0, again_ns = INT64_MAX; /* not before */

	for (;;) {
		int64_t now_ns = clock_boot().ns;

		pthread_mutex_lock(&door->lock);
		bool closing = door->closing, looks = door->look;
		struct job *job = closing || now_ns >= rested_ns ?
		    take_job(door) : NULL;
		int64_t next_ns = door->waiting > 0 ? rested_ns : INT64_MAX;
		door->look = false;
		pthread_mutex_unlock(&door->lock);
		if (now_ns >= again_ns || (looks && again_ns == INT64_MAX))
			again_ns = look(door) ? now_ns + AGAIN_NS : INT64_MAX;
		if (job != NULL)
			rested_ns = now_ns + (REST + 1) * answer(door, job);
		else if (closing)
			return NULL;
		else
			waker_wait(door->wake_fd, sleep_ms(next_ns < again_ns ?
			    next_ns : again_ns, now_ns));
	}
}

struct door *
door_new(const struct door_options *options,
    void (*renew)(void *self, struct tls_identity *identity), void *self,
    struct buf *error)
{
	struct door *door = calloc(1, sizeof(*door));

	if (door == NULL) {
		buf_puts(error, "out of memory");
		return NULL;
	}
	door->options = *options;
	door->renew = renew;
	door->self = self;
	door->tries.burst = DOOR_TRIES;
	door->tries.each_ns = (int64_t)DOOR_TRY_S * S_NS;
	TAILQ_INIT(&door->jobs);
	pthread_mutex_init(&door->lock, NULL);
	door->wake_fd = waker_new();
	access_look(&options->paths, &door->seen);
	bool good = access_load(&options->paths, &door->access, error);
	if (good && (door->wake_fd == -1 ||
		getrandom(door->remembered.key, SHA256_SIZE, 0) !=
		    SHA256_SIZE ||
		getrandom(&door->tries.seed, 8, 0) != 8 ||
		!waker_thread(&door->thread, work, door))) {
		buf_puts(error, "out of descriptors, threads or memory");
		good = false;
	}
	door->closing = !good; /* no thread to be waited for */
	if (good)
		return door;
	door_free(door);
	return NULL;
}

bool
door_configure(struct door *door, const struct door_options *options,
    struct buf *error)
{
	struct access access;
	struct access_seen seen;

	access_look(&options->paths, &seen);
	if (!access_load(&options->paths, &access, error))
		return false;
	pthread_mutex_lock(&door->lock);
	bool good = (access.identity == NULL) ==
	    (door->access.identity == NULL);
	if (good) {
		door->options = *options;
		install(door, &access, &seen);
	}
	pthread_mutex_unlock(&door->lock);
	access_fini(&access);
	if (good)
		tell_listeners(door);
	else
		buf_puts(error, "[exporter] tls-cert: TLS comes and goes at "
		    "the next start of the agent; restart it");
	return good;
}

struct http_guard
door_guard(struct door *door)
{
	return (struct http_guard){accepts, admits, door};
}

struct tls_identity *
door_identity(struct door *door)
{
	pthread_mutex_lock(&door->lock);
	struct tls_identity *identity = door->access.identity == NULL ? NULL :
	    tls_identity_take(door->access.identity);
	pthread_mutex_unlock(&door->lock);
	return identity;
}

void
door_look(struct door *door)
{
	static const struct access_paths none;

	pthread_mutex_lock(&door->lock);
	door->look = memcmp(&door->options.paths, &none, sizeof(none)) != 0;
	if (door->look)
		waker_wake(door->wake_fd);
	pthread_mutex_unlock(&door->lock);
}

void
door_close(struct door *door)
{
	pthread_mutex_lock(&door->lock);
	bool closes = !door->closing;
	door->closing = true;
	pthread_mutex_unlock(&door->lock);
	waker_wake(door->wake_fd);
	if (closes)
		pthread_join(door->thread, NULL);
}

void
door_free(struct door *door)
{
	if (door == NULL)
		return;
	door_close(door);
	access_fini(&door->access);
	if (door->wake_fd != -1)
		close(door->wake_fd);
	pthread_mutex_destroy(&door->lock);
	explicit_bzero(door->remembered.key, SHA256_SIZE);
	free(door);
}
