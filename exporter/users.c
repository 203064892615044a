/* SPDX-License-Identifier: ISC */
/* Lines to users; what is wrong with a line is said, never what is in it. */
#include "exporter/users.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/buf.h"

#define BCRYPT_LETTERS "./ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"abcdefghijklmnopqrstuvwxyz0123456789"

enum { BCRYPT_HEAD = 7, BCRYPT_TAIL = 53, COST_AT = 4, COST_MIN = 4 };

/* "$2y$10$" and 53 letters; what htpasswd -B and others write. */
static const char *
fault_of_hash(const char *hash, size_t len)
{
	if (len < BCRYPT_HEAD || hash[0] != '$' || hash[1] != '2' ||
	    strchr("yb", hash[2]) == NULL || hash[3] != '$' || hash[6] != '$')
		return "the password is not hashed by bcrypt; make the line "
		       "with htpasswd -nB NAME";
	if (len != BCRYPT_HEAD + BCRYPT_TAIL ||
	    strspn(hash + BCRYPT_HEAD, BCRYPT_LETTERS) < BCRYPT_TAIL)
		return "the hash is not whole; make the line again with "
		       "htpasswd -nB NAME";
	long cost = strtol(hash + COST_AT, NULL, 10);
	if (strspn(hash + COST_AT, "0123456789") != 2 || cost < COST_MIN ||
	    cost > USER_COST_MAX)
		return "the cost of the hash is not 4 to 14; make the line "
		       "again with htpasswd -nB -C 10 NAME";
	return NULL;
}

static const char *
fault_of_line(const struct users *users, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	size_t name = colon == NULL ? 0 : (size_t)(colon - line);

	if (name == 0)
		return "it is not NAME:HASH";
	if (name >= USER_NAME_SIZE)
		return "the name is longer than 127 bytes";
	for (size_t i = 0; i < name; i++) {
		if ((unsigned char)line[i] < 0x21 || line[i] == 0x7f)
			return "there is a space or a control character in the "
			       "name";
	}
	for (size_t i = 0; i < users->count; i++) {
		if (strlen(users->user[i].name) == name &&
		    memcmp(users->user[i].name, line, name) == 0)
			return "this name has a line before it; keep one";
	}
	if (users->count == USERS_MAX)
		return "there are more than 256 users";
	return fault_of_hash(colon + 1, len - name - 1);
}

static void
add(struct users *users, const char *line)
{
	size_t name = strcspn(line, ":"), n = users->count++;
	const char *hash = line + name + 1;

	memcpy(users->user[n].name, line, name);
	memcpy(users->user[n].hash, hash, USER_HASH_SIZE - 1);
	if (memcmp(users->nobody + COST_AT, hash + COST_AT, 2) < 0)
		memcpy(users->nobody + COST_AT, hash + COST_AT, 2);
}

struct users *
users_parse(const char *text, struct buf *error)
{
	struct users *users = calloc(1, sizeof(*users) +
	    USERS_MAX * sizeof(users->user[0]));
	const char *fault = NULL;
	size_t number = 1;

	if (users == NULL) {
		buf_puts(error, "out of memory");
		return NULL;
	}
	snprintf(users->nobody, sizeof(users->nobody), "$2y$04$%053d", 0);
	for (const char *line = text; *line != '\0' && fault == NULL;
	     number++) {
		size_t len = strcspn(line, "\n");
		size_t end = len > 0 && line[len - 1] == '\r' ? len - 1 : len;

		if (end > 0 && line[0] != '#') {
			fault = fault_of_line(users, line, end);
			if (fault != NULL)
				break;
			add(users, line);
		}
		line += len + (line[len] == '\n');
	}
	if (fault != NULL)
		buf_printf(error, "line %zu: %s", number, fault);
	else if (users->count == 0)
		buf_puts(error, "there is no user in it; add one with "
		    "htpasswd -B");
	else
		return users;
	free(users);
	return NULL;
}

const char *
users_hash(const struct users *users, const char *name)
{
	for (size_t i = 0; i < users->count; i++) {
		if (strcmp(users->user[i].name, name) == 0)
			return users->user[i].hash;
	}
	return users->nobody;
}
