/* SPDX-License-Identifier: ISC */
/*
 * A file of users as htpasswd(1) -B writes it: "name:$2y$10$..." on each line.
 * Pure: it reads no file and hashes nothing.
 */
#ifndef EXPORTER_USERS_H
#define EXPORTER_USERS_H

#include <stddef.h>

struct buf;

enum {
	USERS_MAX = 256,
	USER_NAME_SIZE = 128,
	USER_HASH_SIZE = 61,
	USER_COST_MAX = 14, /* bcrypt's; about a second */
};

struct users {
	size_t count;
	char nobody[USER_HASH_SIZE]; /* as costly as the costliest of them */
	struct {
		char name[USER_NAME_SIZE], hash[USER_HASH_SIZE];
	} user[];
};

/*
 * users_parse: empty lines and those that begin with "#" are passed over. NULL
 * with a clause in ${error} that names the line and the mend. free(3).
 */
struct users *users_parse(const char *text, struct buf *error);

/* users_hash: of ${name}; nobody's, which nothing matches, if unknown. */
const char *users_hash(const struct users *users, const char *name);

#endif
