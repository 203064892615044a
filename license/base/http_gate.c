/* SPDX-License-Identifier: ISC */
/* The guard is asked first: who is not welcome takes nobody's place. */
#include "license/base/http_gate.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>

#include "license/base/clock.h"
#include "license/base/connections.h"
#include "license/base/tls.h"

enum { ANSWER_S = 60 }; /* an answer is made and taken in that */

struct http_gate {
	struct connections *connections;
	struct http_guard guard;
	pthread_mutex_t lock; /* the member below */
	struct tls_identity *tls; /* NULL: plain */
};

struct http_visit {
	struct connection_place place;
	struct tls_identity *tls; /* of its handshake */
};

static int
above_zero(int value, int otherwise)
{
	return value > 0 ? value : otherwise;
}

struct http_gate *
http_gate_new(const struct http_options *options)
{
	const struct connections_limits limits = {
		.max = above_zero(options->connections_max, HTTP_CONNECTIONS),
		.per_address = options->connections_per_address,
		.per_second = options->per_second,
		.local_free = options->local_free,
		.first_s = above_zero(options->timeout_s, HTTP_TIMEOUT_S),
		.answer_s = ANSWER_S,
		.idle_s = above_zero(options->idle_s, HTTP_TIMEOUT_S),
	};
	struct http_gate *gate = calloc(1, sizeof(*gate));

	if (gate == NULL)
		return NULL;
	gate->connections = connections_new(&limits);
	if (gate->connections == NULL) {
		free(gate);
		return NULL;
	}
	gate->guard = options->guard;
	pthread_mutex_init(&gate->lock, NULL);
	if (options->tls != NULL)
		gate->tls = tls_identity_take(options->tls);
	return gate;
}

void
http_gate_free(struct http_gate *gate)
{
	if (gate == NULL)
		return;
	connections_free(gate->connections);
	tls_identity_release(gate->tls);
	pthread_mutex_destroy(&gate->lock);
	free(gate);
}

bool
http_gate_accepts(struct http_gate *gate, const struct sockaddr *from,
    socklen_t len)
{
	const struct http_guard *guard = &gate->guard;
	uint8_t bytes[PREFIX_ADDRESS];
	const uint8_t *address = len >= sizeof(struct sockaddr_in) &&
	    prefix_address(from, bytes) ? bytes : NULL;

	if (address != NULL && guard->accepts != NULL &&
	    !guard->accepts(guard->self, address))
		return false;
	return connections_admit(gate->connections, address, clock_boot());
}

struct http_visit *
http_gate_enter(struct http_gate *gate, int fd, const struct sockaddr *from,
    void *session)
{
	struct http_visit *visit = calloc(1, sizeof(*visit));
	uint8_t bytes[PREFIX_ADDRESS];

	/* Without it a handshake finds no certificate, and ends. */
	if (visit == NULL)
		return NULL;
	connections_enter(gate->connections, &visit->place, fd,
	    prefix_address(from, bytes) ? bytes : NULL, clock_boot());
	if (session == NULL)
		return visit;
	pthread_mutex_lock(&gate->lock);
	visit->tls = tls_identity_take(gate->tls);
	pthread_mutex_unlock(&gate->lock);
	tls_identity_use(visit->tls, session);
	return visit;
}

void
http_gate_leave(struct http_gate *gate, struct http_visit *visit)
{
	if (visit == NULL)
		return;
	connections_leave(gate->connections, &visit->place);
	tls_identity_release(visit->tls);
	free(visit);
}

bool
http_gate_ask(struct http_gate *gate, struct http_visit *visit)
{
	return visit == NULL || connections_ask(gate->connections,
	    &visit->place, clock_boot()) == 0;
}

void
http_gate_answered(struct http_gate *gate, struct http_visit *visit)
{
	if (visit != NULL)
		connections_answered(gate->connections, &visit->place,
		    clock_boot());
}

void
http_gate_renew(struct http_gate *gate, struct tls_identity *tls)
{
	struct tls_identity *before;

	pthread_mutex_lock(&gate->lock);
	before = gate->tls;
	gate->tls = tls_identity_take(tls);
	pthread_mutex_unlock(&gate->lock);
	tls_identity_release(before);
}
