/* SPDX-License-Identifier: ISC */
/*
 * The one file that calls SQLite. It knows what a row is and nothing of what
 * it means.
 */
#include "license/authority/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "license/base/buf.h"

#define OTHER_VERSION                                                         \
	"another version of the program made it; use that one, or move the "  \
	"old authority away and run `init`"

enum { BUSY_MS = 5000 };

struct sqlite {
	sqlite3 *handle;
	sqlite3_stmt *statement[STATEMENT_COUNT];
	const char *damage; /* found by a check; SQLite keeps no reason */
};

/* A query is SQLite's own statement under a name of ours. */
static sqlite3_stmt *
statement_of(struct query *query)
{
	return (sqlite3_stmt *)(void *)query;
}

const char *
sqlite_error(const struct sqlite *d)
{
	return d->damage ? d->damage : sqlite3_errmsg(d->handle);
}

static int
create_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd == -1)
		return -1;
	return close(fd);
}

static int
execute(struct sqlite *d, const char *sql)
{
	return sqlite3_exec(d->handle, sql, NULL, NULL, NULL) == SQLITE_OK ?
	    0 : -1;
}

static int
prepare_all(struct sqlite *d)
{
	for (int i = 0; i < STATEMENT_COUNT; i++)
		if (sqlite3_prepare_v3(d->handle, schema_statements[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &d->statement[i], NULL) !=
		    SQLITE_OK)
			return -1;
	return 0;
}

/*
 * What is wrong with its version, or NULL. Before any other statement: those
 * of one version do not fit the tables of another.
 */
static const char *
version_fault(struct sqlite *d)
{
	sqlite3_stmt *s = NULL;
	int version = 0, rc = sqlite3_prepare_v2(d->handle,
	    schema_statements[STATEMENT_PING], -1, &s, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		version = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE && rc != SQLITE_ERROR)
		return sqlite3_errstr(rc);
	return version == SCHEMA_VERSION ? NULL : OTHER_VERSION;
}

struct sqlite *
sqlite_open(const char *path, bool create, struct buf *error)
{
	static const char pragmas[] = "PRAGMA journal_mode=WAL;"
	    "PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF;"
	    "PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=4000";
	struct sqlite *d = calloc(1, sizeof(*d));
	const char *reason = "there is no memory";

	if (!d)
		goto fail;
	if (create && create_file(path) == -1) {
		reason = strerror(errno);
		goto fail;
	}
	if (sqlite3_open_v2(path, &d->handle, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		reason = d->handle ? sqlite3_errmsg(d->handle) : reason;
		goto fail;
	}
	sqlite3_busy_timeout(d->handle, BUSY_MS);
	if (execute(d, pragmas) == -1 ||
	    (create && execute(d, schema_create) == -1)) {
		reason = sqlite3_errmsg(d->handle);
		goto fail;
	}
	reason = version_fault(d);
	if (reason)
		goto fail;
	if (prepare_all(d) == 0)
		return d;
	reason = sqlite3_errmsg(d->handle);
fail:
	buf_printf(error, "%s: %s", path, reason);
	sqlite_close(d);
	return NULL;
}

void
sqlite_close(struct sqlite *d)
{
	if (!d)
		return;
	for (int i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(d->statement[i]);
	sqlite3_close(d->handle);
	free(d);
}

int
sqlite_check(struct sqlite *d)
{
	sqlite3_stmt *s = NULL;
	const char *verdict;
	int rc = -1;

	if (sqlite3_prepare_v2(d->handle, "PRAGMA quick_check(1)", -1, &s,
	    NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
		verdict = (const char *)sqlite3_column_text(s, 0);
		rc = verdict && strcmp(verdict, "ok") == 0 ? 0 : -1;
		if (rc == -1)
			d->damage = "the file is damaged; restore a backup";
	}
	sqlite3_finalize(s);
	return rc;
}

int
sqlite_relax(struct sqlite *d)
{
	return execute(d, "PRAGMA synchronous=NORMAL");
}

bool
sqlite_changed(const struct sqlite *d)
{
	return sqlite3_changes(d->handle) > 0;
}

bool
sqlite_in_transaction(const struct sqlite *d)
{
	return !sqlite3_get_autocommit(d->handle);
}

struct query *
sqlite_query(struct sqlite *d, enum statement which)
{
	sqlite3_stmt *s = d->statement[which];

	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	return (struct query *)(void *)s;
}

void
query_text(struct query *query, int at, const char *text)
{
	sqlite3_bind_text(statement_of(query), at, text, -1, SQLITE_STATIC);
}

void
query_number(struct query *query, int at, int64_t number)
{
	sqlite3_bind_int64(statement_of(query), at, number);
}

void
query_blob(struct query *query, int at, const void *bytes, size_t len)
{
	sqlite3_bind_blob(statement_of(query), at, bytes, (int)len,
	    SQLITE_STATIC);
}

void
query_record(struct query *query, int first, const struct table *table,
    const void *record)
{
	for (int i = 0; i < table->count; i++) {
		const struct column *c = &table->columns[i];
		const char *p = (const char *)record + c->offset;
		int at = first + i;

		switch (c->type) {
		case TYPE_TEXT:
			query_text(query, at, p);
			break;
		case TYPE_INT:
			query_number(query, at, *(const int *)(const void *)p);
			break;
		case TYPE_NUMBER:
		case TYPE_INSTANT: /* one int64_t inside */
			query_number(query, at,
			    *(const int64_t *)(const void *)p);
			break;
		case TYPE_BLOB:
			query_blob(query, at, p, c->size);
			break;
		}
	}
}

int
query_next(struct query *query)
{
	int rc = sqlite3_step(statement_of(query));

	if (rc == SQLITE_ROW)
		return 1;
	sqlite3_reset(statement_of(query));
	return rc == SQLITE_DONE ? 0 : -1;
}

int
query_run(struct query *query)
{
	int rc = query_next(query);

	query_end(query);
	return rc == -1 ? -1 : 0;
}

void
query_end(struct query *query)
{
	sqlite3_reset(statement_of(query));
}

int64_t
query_get_number(struct query *query, int at)
{
	return sqlite3_column_int64(statement_of(query), at);
}

void
query_get_text(struct query *query, int at, char *out, size_t out_size)
{
	const unsigned char *text = sqlite3_column_text(statement_of(query),
	    at);

	text_copy(out, out_size, text ? (const char *)text : "");
}

void
query_get_blob(struct query *query, int at, struct buf *out)
{
	sqlite3_stmt *s = statement_of(query);
	const void *bytes = sqlite3_column_blob(s, at);

	if (bytes)
		buf_add(out, bytes, (size_t)sqlite3_column_bytes(s, at));
}

static void
read_blob(sqlite3_stmt *s, int at, void *out, size_t size)
{
	const void *bytes = sqlite3_column_blob(s, at);
	size_t len = (size_t)sqlite3_column_bytes(s, at);

	memset(out, 0, size);
	if (bytes)
		memcpy(out, bytes, len < size ? len : size);
}

void
query_read(struct query *query, const struct table *table, void *record)
{
	for (int i = 0; i < table->count; i++) {
		const struct column *c = &table->columns[i];
		char *p = (char *)record + c->offset;
		int at = i + 1;

		switch (c->type) {
		case TYPE_TEXT:
			query_get_text(query, at, p, c->size);
			break;
		case TYPE_INT:
			*(int *)(void *)p = (int)query_get_number(query, at);
			break;
		case TYPE_NUMBER:
		case TYPE_INSTANT:
			*(int64_t *)(void *)p = query_get_number(query, at);
			break;
		case TYPE_BLOB:
			read_blob(statement_of(query), at, p, c->size);
			break;
		}
	}
}

int
query_next_record(struct query *query, const struct table *table, void *record)
{
	int rc = query_next(query);

	if (rc == 1)
		query_read(query, table, record);
	return rc;
}

int
query_one(struct query *query, const struct table *table, void *record)
{
	int rc = query_next_record(query, table, record);

	query_end(query);
	return rc;
}

int
query_many(struct query *query, const struct table *table, void *records,
    size_t size, int max)
{
	int n = 0, rc = 0;

	while (n < max && (rc = query_next(query)) == 1)
		query_read(query, table,
		    (char *)records + size * (size_t)n++);
	query_end(query);
	return rc == -1 ? -1 : n;
}
