/* SPDX-License-Identifier: ISC */
/*
 * The policy of trials, and who had one, over SQLite, for database.h. It
 * grants none.
 */
#include "license/authority/database.h"

#include "license/authority/sqlite.h"

static struct query *
query(struct database *d, enum statement which)
{
	return sqlite_query(database_sqlite(d), which);
}

int
database_trial(struct database *d, const char *product, struct trial *out)
{
	struct query *s = query(d, STATEMENT_TRIAL);

	query_text(s, 1, product);
	return query_one(s, &schema_trial, out);
}

int
database_trials(struct database *d,
    bool (*each)(void *self, const struct trial *), void *self)
{
	struct query *s = query(d, STATEMENT_TRIALS);
	struct trial row;
	int rc;

	while ((rc = query_next_record(s, &schema_trial, &row)) == 1 &&
	    each(self, &row))
		continue;
	query_end(s);
	return rc == -1 ? -1 : 0;
}

int
database_put_trial(struct database *d, const struct trial *trial)
{
	struct query *s = query(d, STATEMENT_PUT_TRIAL);

	query_record(s, 1, &schema_trial, trial);
	return query_run(s);
}

int
database_drop_trial(struct database *d, const char *product)
{
	struct query *s = query(d, STATEMENT_DROP_TRIAL);

	query_text(s, 1, product);
	if (query_run(s) == -1)
		return -1;
	return sqlite_changed(database_sqlite(d)) ? 1 : 0;
}

int
database_tried(struct database *d, const char *prefix)
{
	struct query *s = query(d, STATEMENT_TRIED);
	int rc;

	query_text(s, 1, prefix);
	rc = query_next(s);
	query_end(s);
	return rc;
}

int
database_put_tried(struct database *d, const char *prefix,
    const char *subscription)
{
	struct query *s = query(d, STATEMENT_PUT_TRIED);

	query_text(s, 1, prefix);
	query_text(s, 2, subscription);
	return query_run(s);
}
