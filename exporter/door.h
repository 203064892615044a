/* SPDX-License-Identifier: ISC */
/*
 * Who gets in: addresses, users, TLS; files are read again when they change.
 * A password is hashed by one thread of the door's own, one at a time, for at
 * most a quarter of the time, and only after the rate of its address and the
 * length of the queue allow it; who was heard before is answered at once. So a
 * flood of wrong passwords costs neither scrapes nor the keeper more than that
 * quarter of one processor.
 */
#ifndef EXPORTER_DOOR_H
#define EXPORTER_DOOR_H

#include "exporter/access.h"
#include "license/base/http.h"
#include "license/base/prefix.h"

enum {
	DOOR_PREFIXES_MAX = 16,
	DOOR_QUEUE_MAX = 8,	/* passwords that wait for being hashed */
	DOOR_QUEUE_S = 5,	/* and as long as that takes no longer */
	DOOR_TRIES = 5,		/* of one address at once, not heard before, */
	DOOR_TRY_S = 2,		/* and then one each so often */
};

struct door_options {
	struct access_paths paths;
	size_t allow_count; /* 0: every address */
	struct prefix allow[DOOR_PREFIXES_MAX];
};

struct door;

/*
 * door_new: ${renew} is called, on the door's thread or on door_configure's,
 * with another identity for connections to come. NULL with one sentence.
 */
struct door *door_new(const struct door_options *options,
    void (*renew)(void *self, struct tls_identity *identity), void *self,
    struct buf *error);

/*
 * door_configure: as from now on; false with one sentence, and all as before.
 * TLS may not come or go: the listeners were opened with it or without.
 */
bool door_configure(struct door *door, const struct door_options *options,
    struct buf *error);

struct http_guard door_guard(struct door *door);

/* door_identity: a reference for the caller; NULL: no TLS. */
struct tls_identity *door_identity(struct door *door);

/* door_look: soon, see whether files have changed. Never waits. */
void door_look(struct door *door);

/*
 * door_close: who waits is answered 503, and from now on who would have to;
 * then the listeners can stop. door_free after them.
 */
void door_close(struct door *door);
void door_free(struct door *door); /* NULL is accepted */

#endif
