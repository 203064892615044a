/* SPDX-License-Identifier: ISC */
/*
 * Two allowances of each, new requests and old ones, in a table of fixed
 * size. Who is displaced from it has all of its allowance again: never less.
 */
#include "license/authority/limit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FRESH, REPEATED, ALLOWANCES };

/* full_ms: when the allowance is whole again; past: it is. */
struct entry {
	uint64_t who; /* 0: free */
	utc_t newest;
	int64_t full_ms[ALLOWANCES];
};

struct pace {
	int64_t burst, each_ms;
};

static const struct pace of_product = { LIMIT_BURST, LIMIT_PACE_MS };
static const struct pace of_all = { LIMIT_ALL_BURST, LIMIT_ALL_PACE_MS };

struct limit {
	pthread_mutex_t lock;
	uint64_t seed;
	struct entry entries[LIMIT_ENTRIES];
};

struct limit *
limit_new(uint64_t seed)
{
	struct limit *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	pthread_mutex_init(&l->lock, NULL);
	l->seed = seed;
	return l;
}

void
limit_free(struct limit *l)
{
	if (!l)
		return;
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static uint64_t
mix(uint64_t hash, const void *bytes, size_t len)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ byte[i]) * UINT64_C(1099511628211);
	return hash ^ (hash >> 29);
}

/* NULL: never heard of, and not to be made. ${product} "": all of them. */
static struct entry *
find(struct limit *l, const uint8_t key[KEY_SIZE], const char *address,
    const char *product, bool make)
{
	uint64_t who = mix(l->seed, key, KEY_SIZE);
	struct entry *e;

	who = mix(who, address, strlen(address) + 1);
	who = mix(who, product, strlen(product) + 1);
	who = who == 0 ? 1 : who;
	e = &l->entries[who % LIMIT_ENTRIES];
	if (e->who == who)
		return e;
	if (!make)
		return NULL;
	*e = (struct entry){ .who = who };
	return e;
}

/* In ms, until one more is allowed; 0: now. */
static int64_t
wait_ms(const struct entry *e, const struct pace *pace, int which,
    int64_t now_ms)
{
	int64_t wait = e->full_ms[which] - now_ms -
	    (pace->burst - 1) * pace->each_ms;

	return wait > 0 ? wait : 0;
}

static int64_t
charge(struct entry *e, const struct pace *pace, utc_t created,
    int64_t now_ms)
{
	int which = utc_before(e->newest, created) ? FRESH : REPEATED;
	int64_t wait = wait_ms(e, pace, which, now_ms);

	if (which == FRESH)
		e->newest = created;
	if (wait > 0)
		return wait;
	if (e->full_ms[which] < now_ms)
		e->full_ms[which] = now_ms;
	e->full_ms[which] += pace->each_ms;
	return 0;
}

static int64_t
whole_s(int64_t ms)
{
	return (ms + 999) / 1000;
}

int64_t
limit_wait_s(struct limit *l, const uint8_t key[KEY_SIZE],
    const char *address, mono_t now)
{
	int64_t now_ms = now.ns / 1000000, wait = 0;
	struct entry *e;

	pthread_mutex_lock(&l->lock);
	e = find(l, key, address, "", false);
	/* Whether it is a new one is not known before it is read. */
	if (e) {
		int64_t fresh = wait_ms(e, &of_all, FRESH, now_ms);
		int64_t repeated = wait_ms(e, &of_all, REPEATED, now_ms);

		wait = fresh < repeated ? fresh : repeated;
	}
	pthread_mutex_unlock(&l->lock);
	return whole_s(wait);
}

int64_t
limit_charge(struct limit *l, const struct request *r, const char *address,
    mono_t now)
{
	int64_t now_ms = now.ns / 1000000, all, one;

	pthread_mutex_lock(&l->lock);
	all = charge(find(l, r->machine_key, address, "", true), &of_all,
	    r->created, now_ms);
	one = all > 0 ? 0 : charge(find(l, r->machine_key, address,
	    r->product, true), &of_product, r->created, now_ms);
	pthread_mutex_unlock(&l->lock);
	return whole_s(all > one ? all : one);
}
