/* SPDX-License-Identifier: ISC */
/*
 * What a request says of who asks, and what is remembered of those who were
 * heard before. Nothing that is kept tells a password: entries are HMAC-SHA256
 * of name, length and password under a key that is made at the start. Not
 * locked.
 */
#ifndef EXPORTER_CREDENTIALS_H
#define EXPORTER_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exporter/users.h"
#include "license/documents.h"

enum {
	PASSWORD_SIZE = 256,
	REMEMBERED = 64, /* of each verdict: a flood of bad ones */
			 /* displaces no good one */
};

struct credentials {
	char name[USER_NAME_SIZE], password[PASSWORD_SIZE];
};

/* credentials_read: "Basic ..." of RFC 7617; wipe with explicit_bzero. */
bool credentials_read(const char *header, struct credentials *out);

struct remembered {
	uint8_t key[SHA256_SIZE];
	struct {
		size_t next, count;
		uint8_t digest[REMEMBERED][SHA256_SIZE];
	} verdict[2]; /* bad, good */
};

/* credentials_digest: what they are remembered by. */
void credentials_digest(const struct remembered *remembered,
    const struct credentials *credentials, uint8_t out[static SHA256_SIZE]);

/* remembered_find: false: not heard before; else ${good} is the verdict. */
bool remembered_find(const struct remembered *remembered,
    const uint8_t digest[static SHA256_SIZE], bool *good);
void remembered_add(struct remembered *remembered,
    const uint8_t digest[static SHA256_SIZE], bool good);
void remembered_clear(struct remembered *remembered); /* the key stays */

#endif
