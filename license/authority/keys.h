/* SPDX-License-Identifier: ISC */
/*
 * The keys of a running service: its signer and the list of revoked ones, as
 * they are in the directory now. What is on disk and not good never replaces
 * what is in force. It writes nothing.
 */
#ifndef LICENSE_AUTHORITY_KEYS_H
#define LICENSE_AUTHORITY_KEYS_H

#include <stdbool.h>

#include "license/base/utc.h"

struct buf;
struct issuer;
struct keys;

/* keys_open: NULL with one sentence: no signer, or its time is over. */
struct keys *keys_open(const char *directory, utc_t now, struct buf *error);
void keys_free(struct keys *keys); /* NULL is accepted */

/* keys_issuer: the same for the life of ${keys}; who signs may change. */
const struct issuer *keys_issuer(const struct keys *keys);

/* keys_revoked: append the signed list; false when there is none. Any thread. */
bool keys_revoked(struct keys *keys, struct buf *out);

/*
 * keys_look: take over what changed in the directory, and say once a day that
 * the signer's time comes near. One thread.
 */
void keys_look(struct keys *keys, utc_t now);

#endif
