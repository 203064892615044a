/* SPDX-License-Identifier: ISC */
/*
 * Offline licenses over SQLite, for database.h. It knows no meaning of one.
 */
#include "license/authority/database.h"

#include "license/authority/sqlite.h"
#include "license/base/buf.h"

static struct query *
query(struct database *d, enum statement which)
{
	return sqlite_query(database_sqlite(d), which);
}

int
database_offlines(struct database *d, const char *subscription,
    bool (*each)(void *self, const struct offline *), void *self)
{
	struct query *s = query(d, subscription ? STATEMENT_OFFLINES_OF :
	    STATEMENT_OFFLINES);
	struct offline row;
	int rc;

	if (subscription)
		query_text(s, 1, subscription);
	while ((rc = query_next_record(s, &schema_offline, &row)) == 1 &&
	    each(self, &row))
		continue;
	query_end(s);
	return rc == -1 ? -1 : 0;
}

int
database_offline_owner(struct database *d, const uint8_t key[KEY_SIZE],
    const char *product, char out[static TEXT_64])
{
	struct query *s = query(d, STATEMENT_OFFLINE_OWNER);
	int rc;

	query_blob(s, 1, key, KEY_SIZE);
	query_text(s, 2, product);
	rc = query_next(s);
	if (rc == 1)
		query_get_text(s, 0, out, TEXT_64);
	query_end(s);
	return rc;
}

int
database_offline_document(struct database *d, const char *subscription,
    int64_t sequence, struct buf *out)
{
	struct query *s = query(d, STATEMENT_OFFLINE_DOCUMENT);
	int rc;

	query_text(s, 1, subscription);
	query_number(s, 2, sequence);
	rc = query_next(s);
	if (rc == 1)
		query_get_blob(s, 0, out);
	query_end(s);
	return rc;
}

int
database_put_offline(struct database *d, const struct offline *offline,
    const struct buf *document)
{
	struct query *s = query(d, STATEMENT_PUT_OFFLINE);

	query_record(s, 1, &schema_offline, offline);
	query_blob(s, schema_offline.count + 1, document->data, document->len);
	return query_run(s);
}

int
database_release_offline(struct database *d, const char *subscription,
    utc_t at)
{
	struct query *s = query(d, STATEMENT_RELEASE_OFFLINE);

	query_text(s, 1, subscription);
	query_number(s, 2, at.s);
	return query_run(s);
}
