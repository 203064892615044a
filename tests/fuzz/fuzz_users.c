/* SPDX-License-Identifier: ISC */
/*
 * What an operator writes (users, prefixes, unix sockets) and what a stranger
 * sends (credentials). What is taken is whole.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "exporter/credentials.h"
#include "exporter/users.h"
#include "license/base/buf.h"
#include "license/base/listen_unix.h"
#include "license/base/prefix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
try_users(const char *text)
{
	struct buf error;

	buf_init(&error, 1000);
	struct users *users = users_parse(text, &error);
	check((users == NULL) == (error.len > 0));
	for (size_t i = 0; users != NULL && i < users->count; i++) {
		check(strlen(users->user[i].hash) == USER_HASH_SIZE - 1);
		check(users_hash(users, users->user[i].name) ==
		    users->user[i].hash);
	}
	free(users);
	buf_fini(&error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);
	struct credentials credentials;
	struct prefix prefix;
	struct listen_unix at;
	const char *why = "";

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	try_users(text);
	if (prefix_read(text, &prefix, &why))
		check(prefix_holds(&prefix, 1, prefix.address));
	if (credentials_read(text, &credentials))
		check(strchr(credentials.name, ':') == NULL);
	if (listen_unix_read(text, &at, &why))
		check(at.path[0] == '/' && at.mode <= 0777);
	free(text);
	return 0;
}
