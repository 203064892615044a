/* SPDX-License-Identifier: ISC */
/*
 * One list, who changed its state longest ago first. The thread wakes only
 * when somebody's time is over: with nobody connected never.
 */
#include "license/base/connections.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "license/base/clock.h"
#include "license/base/rate.h"
#include "license/base/waker.h"

enum { MS_NS = 1000000, S_NS = 1000000000 };

struct connections {
	struct connections_limits limits;
	struct rate rate;
	pthread_t thread;
	int wake_fd;
	pthread_mutex_t lock; /* the members below; held for moments only */
	TAILQ_HEAD(, connection_place) places;
	int count; /* of those not shut down */
	int64_t wake_ns; /* when the thread means to look */
	bool stopping;
};

/* Under the lock: the descriptor is still its own. */
static void
shut(struct connections *c, struct connection_place *place)
{
	shutdown(place->fd, SHUT_RDWR);
	place->state = CONNECTION_SHUT;
	c->count--;
}

static int64_t
end_ns(const struct connections *c, const struct connection_place *place)
{
	const int limits_s[] = {c->limits.first_s, c->limits.answer_s,
		c->limits.idle_s};

	return place->state == CONNECTION_SHUT ? INT64_MAX :
	    place->since_ns + (int64_t)limits_s[place->state] * S_NS;
}

static int64_t
sweep(struct connections *c, mono_t now)
{
	struct connection_place *place;
	int64_t next_ns = INT64_MAX;

	TAILQ_FOREACH(place, &c->places, entry) {
		int64_t end = end_ns(c, place);

		if (end <= now.ns)
			shut(c, place);
		else if (end < next_ns)
			next_ns = end;
	}
	return next_ns;
}

int64_t
connections_sweep(struct connections *c, mono_t now)
{
	pthread_mutex_lock(&c->lock);
	int64_t next_ns = sweep(c, now);
	pthread_mutex_unlock(&c->lock);
	return next_ns;
}

static void *
watch(void *arg)
{
	struct connections *c = arg;

	for (;;) {
		mono_t now = clock_boot();

		pthread_mutex_lock(&c->lock);
		bool stopping = c->stopping;
		c->wake_ns = sweep(c, now);
		int64_t sleep_ms = c->wake_ns == INT64_MAX ? -1 :
		    (c->wake_ns - now.ns) / MS_NS + 1;
		pthread_mutex_unlock(&c->lock);
		if (stopping)
			return NULL;
		waker_wait(c->wake_fd, sleep_ms);
	}
}

struct connections *
connections_new(const struct connections_limits *limits)
{
	struct connections *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->limits = *limits;
	c->wake_ns = INT64_MAX;
	c->rate.burst = 2LL * limits->per_second;
	c->rate.each_ns = limits->per_second == 0 ? 0 :
	    S_NS / limits->per_second;
	if (getrandom(&c->rate.seed, sizeof(c->rate.seed), 0) == -1)
		c->rate.seed = (uint64_t)clock_boot().ns;
	TAILQ_INIT(&c->places);
	pthread_mutex_init(&c->lock, NULL);
	c->wake_fd = waker_new();
	if (c->wake_fd != -1 && waker_thread(&c->thread, watch, c))
		return c;
	if (c->wake_fd != -1)
		close(c->wake_fd);
	pthread_mutex_destroy(&c->lock);
	free(c);
	return NULL;
}

void
connections_free(struct connections *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_mutex_unlock(&c->lock);
	waker_wake(c->wake_fd);
	pthread_join(c->thread, NULL);
	close(c->wake_fd);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static bool
is_free(const struct connections *c, bool local)
{
	return local && c->limits.local_free;
}

/* The one that waits longest, of ${of} or of all. */
static struct connection_place *
find_waiting(struct connections *c, const uint8_t *of, int *count)
{
	struct connection_place *place, *found = NULL;

	*count = 0;
	TAILQ_FOREACH(place, &c->places, entry) {
		if (place->state == CONNECTION_SHUT || (of != NULL &&
			memcmp(place->address, of, PREFIX_ADDRESS) != 0))
			continue;
		++*count;
		if (found == NULL && place->state != CONNECTION_ANSWERED_TO)
			found = place;
	}
	return found;
}

static bool
make_room(struct connections *c, const uint8_t *of, int max)
{
	int count;
	struct connection_place *place = find_waiting(c, of, &count);

	if (count < max)
		return true;
	if (place != NULL)
		shut(c, place);
	return place != NULL;
}

bool
connections_admit(struct connections *c, const uint8_t *address, mono_t now)
{
	uint8_t of[PREFIX_ADDRESS] = {0};
	bool local = address == NULL || prefix_is_loopback(address);
	bool good = true;

	if (address != NULL)
		prefix_network(address, of);
	pthread_mutex_lock(&c->lock);
	if (!is_free(c, local)) {
		good = rate_charge(&c->rate, of, sizeof(of), now) == 0 &&
		    (c->limits.per_address == 0 || address == NULL ||
			make_room(c, of, c->limits.per_address));
	}
	good = good && (c->count < c->limits.max ||
	    make_room(c, NULL, c->limits.max));
	pthread_mutex_unlock(&c->lock);
	return good;
}

void
connections_enter(struct connections *c, struct connection_place *place,
    int fd, const uint8_t *address, mono_t now)
{
	*place = (struct connection_place){.fd = fd, .since_ns = now.ns,
		.local = address == NULL || prefix_is_loopback(address)};
	if (address != NULL)
		prefix_network(address, place->address);
	pthread_mutex_lock(&c->lock);
	TAILQ_INSERT_TAIL(&c->places, place, entry);
	c->count++;
	if (end_ns(c, place) < c->wake_ns)
		waker_wake(c->wake_fd);
	pthread_mutex_unlock(&c->lock);
}

void
connections_leave(struct connections *c, struct connection_place *place)
{
	pthread_mutex_lock(&c->lock);
	TAILQ_REMOVE(&c->places, place, entry);
	c->count -= place->state != CONNECTION_SHUT;
	pthread_mutex_unlock(&c->lock);
}

static void
turn_to(struct connections *c, struct connection_place *place,
    enum connection_state state, mono_t now)
{
	if (place->state == CONNECTION_SHUT)
		return;
	place->state = state;
	place->since_ns = now.ns;
	TAILQ_REMOVE(&c->places, place, entry);
	TAILQ_INSERT_TAIL(&c->places, place, entry);
	if (end_ns(c, place) < c->wake_ns)
		waker_wake(c->wake_fd);
}

int64_t
connections_ask(struct connections *c, struct connection_place *place,
    mono_t now)
{
	pthread_mutex_lock(&c->lock);
	turn_to(c, place, CONNECTION_ANSWERED_TO, now);
	int64_t wait_ns = is_free(c, place->local) ? 0 : rate_charge(&c->rate,
	    place->address, PREFIX_ADDRESS, now);
	pthread_mutex_unlock(&c->lock);
	return wait_ns;
}

void
connections_answered(struct connections *c, struct connection_place *place,
    mono_t now)
{
	pthread_mutex_lock(&c->lock);
	turn_to(c, place, CONNECTION_IDLE, now);
	pthread_mutex_unlock(&c->lock);
}
