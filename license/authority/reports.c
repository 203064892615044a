/* SPDX-License-Identifier: ISC */
/*
 * Usage reports in the database: a few of each machine that is known, so that
 * none can fill the disk. It knows nothing of what is in them.
 */
#include "license/authority/database.h"

#include "license/authority/sqlite.h"
#include "license/base/buf.h"

int
database_relax(struct database *d)
{
	return sqlite_relax(database_sqlite(d));
}

int
database_store_report(struct database *d, const struct stats *stats,
    utc_t received, const struct buf *bytes)
{
	struct sqlite *sqlite = database_sqlite(d);
	struct query *s = sqlite_query(sqlite, STATEMENT_KNOWN);
	int known;

	query_blob(s, 1, stats->machine_key, KEY_SIZE);
	known = query_next(s);
	query_end(s);
	if (known != 1)
		return known;
	s = sqlite_query(sqlite, STATEMENT_PUT_STATS);
	query_blob(s, 1, stats->machine_key, KEY_SIZE);
	query_number(s, 2, stats->created.s);
	query_number(s, 3, received.s);
	query_blob(s, 4, bytes->data, bytes->len);
	if (query_run(s) == -1)
		return -1;
	s = sqlite_query(sqlite, STATEMENT_TRIM_STATS);
	query_blob(s, 1, stats->machine_key, KEY_SIZE);
	query_number(s, 2, STATS_KEPT);
	return query_run(s) == -1 ? -1 : 1;
}

int
database_reports(struct database *d,
    bool (*each)(void *self, utc_t received, const struct buf *bytes),
    void *self)
{
	struct query *s = sqlite_query(database_sqlite(d), STATEMENT_STATS);
	struct buf bytes;
	bool more = true;
	int rc = 0;

	buf_init(&bytes, DOCUMENT_MAX);
	while (more && (rc = query_next(s)) == 1) {
		buf_clear(&bytes);
		query_get_blob(s, 1, &bytes);
		more = each(self, (utc_t){query_get_number(s, 0)}, &bytes);
	}
	query_end(s);
	buf_fini(&bytes);
	return rc == -1 ? -1 : 0;
}
