/* SPDX-License-Identifier: ISC */
/*
 * Who is connected to a listener, since when, and how often one address may
 * ask. A connection has a time for its first request, for each answer and for
 * being idle in between, whole times that no dripping byte extends; when all
 * places are taken, who has waited longest without a request gives up its own,
 * so that clients that only hold on keep nobody out. It shuts sockets down and
 * closes none. Safe from any thread.
 */
#ifndef LICENSE_BASE_CONNECTIONS_H
#define LICENSE_BASE_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "license/base/prefix.h"
#include "license/base/utc.h"

struct connections_limits {
	int max;	 /* connections at a time */
	int per_address; /* of them; 0: no limit. An IPv6 /64 counts as one */
	/*
	 * New connections, and requests, of one address each second, twice
	 * that many at once; 0: no limit.
	 */
	int per_second;
	bool local_free; /* the two above are not for this machine's own */
	int first_s, answer_s, idle_s;
};

enum connection_state { CONNECTION_FIRST, CONNECTION_ANSWERED_TO,
	CONNECTION_IDLE, CONNECTION_SHUT };

/* connection_place: the caller's memory, from enter to leave. */
struct connection_place {
	TAILQ_ENTRY(connection_place) entry;
	int fd;
	uint8_t address[PREFIX_ADDRESS];
	bool local; /* a loopback address, or none at all */
	enum connection_state state;
	int64_t since_ns; /* of the state */
};

struct connections;

/* connections_new: with a thread that sleeps until a time is over. */
struct connections *connections_new(const struct connections_limits *limits);
void connections_free(struct connections *connections); /* all have left */

/*
 * connections_admit: may one more come? Who has to make room for it is shut
 * down. ${address} NULL: not of the internet.
 */
bool connections_admit(struct connections *connections,
    const uint8_t *address, mono_t now);

void connections_enter(struct connections *connections,
    struct connection_place *place, int fd, const uint8_t *address,
    mono_t now);

/* connections_leave: before the descriptor is closed. */
void connections_leave(struct connections *connections,
    struct connection_place *place);

/* connections_ask: a request; 0, or the ns until its address may ask. */
int64_t connections_ask(struct connections *connections,
    struct connection_place *place, mono_t now);

/* connections_answered: the answer was sent. */
void connections_answered(struct connections *connections,
    struct connection_place *place, mono_t now);

/*
 * connections_sweep: shut down whose time is over; the moment at which the
 * next one's will be, INT64_MAX: none's.
 */
int64_t connections_sweep(struct connections *connections, mono_t now);

#endif
