/* SPDX-License-Identifier: ISC */
/*
 * Signers over SQLite, for database.h: a history, so that one can be named
 * after it is gone. It holds no secret.
 */
#include "license/authority/database.h"

#include "license/authority/sqlite.h"

int
database_put_signer(struct database *d, const struct signer_record *signer)
{
	struct query *s = sqlite_query(database_sqlite(d),
	    STATEMENT_PUT_SIGNER);

	query_record(s, 1, &schema_signer, signer);
	return query_run(s);
}

int
database_signers(struct database *d,
    bool (*each)(void *self, const struct signer_record *), void *self)
{
	struct query *s = sqlite_query(database_sqlite(d), STATEMENT_SIGNERS);
	struct signer_record row;
	int rc;

	while ((rc = query_next_record(s, &schema_signer, &row)) == 1 &&
	    each(self, &row))
		continue;
	query_end(s);
	return rc == -1 ? -1 : 0;
}
