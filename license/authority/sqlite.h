/* SPDX-License-Identifier: ISC */
/*
 * SQLite: one file, write-ahead log, synced at every commit; prepared
 * statements by number; records by their table of columns. It knows no
 * statement by itself. One handle is for one thread.
 */
#ifndef LICENSE_AUTHORITY_SQLITE_H
#define LICENSE_AUTHORITY_SQLITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "license/authority/schema.h"

struct buf;
struct sqlite;
struct query; /* a prepared statement, ready to bind */

/*
 * sqlite_open: of the version of schema.h, its statements prepared.
 * ${create}: make the file (0600, refusing one that exists) and its tables.
 * NULL with one sentence in ${error}.
 */
struct sqlite *sqlite_open(const char *path, bool create, struct buf *error);
void sqlite_close(struct sqlite *sqlite);

/* sqlite_error: why the last call failed; a clause. */
const char *sqlite_error(const struct sqlite *sqlite);

/* sqlite_check: 0 when the whole file is sound. */
int sqlite_check(struct sqlite *sqlite);

/*
 * sqlite_relax: commits of this handle do not wait for the disk: a loss of
 * power may take the last ones, never what another handle committed.
 */
int sqlite_relax(struct sqlite *sqlite);

/* sqlite_changed: the last query_run() changed a row. */
bool sqlite_changed(const struct sqlite *sqlite);

bool sqlite_in_transaction(const struct sqlite *sqlite);

/* sqlite_query: whatever it did before is over, and nothing is bound. */
struct query *sqlite_query(struct sqlite *sqlite, enum statement which);

/*
 * Bind, from 1; what is pointed to must outlive query_run() or _next(). A NULL
 * is SQL's.
 */
void query_text(struct query *query, int at, const char *text);
void query_number(struct query *query, int at, int64_t number);
void query_blob(struct query *query, int at, const void *bytes, size_t len);
void query_record(struct query *query, int first, const struct table *table,
    const void *record);

/* query_run: to its end; 0 or -1. */
int query_run(struct query *query);

/* query_next: 1 a row is there, 0 no more, -1; after 0 and -1 it is over. */
int query_next(struct query *query);
void query_end(struct query *query);

/* Of the row that is there; columns from 0, a record's from 1. */
void query_read(struct query *query, const struct table *table, void *record);

/*
 * Records: next_record is query_next() and query_read(); one, the first alone,
 * 1, 0 or -1; many, how many were read into ${records} of ${size} each, or -1.
 */
int query_next_record(struct query *query, const struct table *table,
    void *record);
int query_one(struct query *query, const struct table *table, void *record);
int query_many(struct query *query, const struct table *table, void *records,
    size_t size, int max);

int64_t query_get_number(struct query *query, int at);
void query_get_text(struct query *query, int at, char *out, size_t out_size);
void query_get_blob(struct query *query, int at, struct buf *out);

#endif
