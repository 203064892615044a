/* SPDX-License-Identifier: ISC */
/*
 * The tables and statements of the database as text, and which member of
 * which record each column is. It calls no library: database.c runs it.
 */
#ifndef LICENSE_AUTHORITY_SCHEMA_H
#define LICENSE_AUTHORITY_SCHEMA_H

#include <stddef.h>

#define SCHEMA_VERSION 3

enum statement {
	STATEMENT_BEGIN,
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_PING,
	STATEMENT_GET,
	STATEMENT_SET,
	STATEMENT_SUBSCRIPTION,
	STATEMENT_COUPON,
	STATEMENT_SUBSCRIPTIONS,
	STATEMENT_MACHINE,
	STATEMENT_LIVE,
	STATEMENT_MACHINES,
	STATEMENT_MACHINES_OF,
	STATEMENT_MACHINE_AFTER,
	STATEMENT_ALLOCATIONS,
	STATEMENT_REBINDS,
	STATEMENT_LENGTH,
	STATEMENT_CANDIDATES,
	STATEMENT_ANSWER,
	STATEMENT_PUT_SUBSCRIPTION,
	STATEMENT_MOVE_MACHINES,
	STATEMENT_ADVANCE,
	STATEMENT_PUT_MACHINE,
	STATEMENT_RENEW_MACHINE,
	STATEMENT_NOTE_MACHINE,
	STATEMENT_RETIRE,
	STATEMENT_PUT_ALLOCATION,
	STATEMENT_DROP_ALLOCATIONS,
	STATEMENT_ADD_REBIND,
	STATEMENT_ADD_EVENT,
	STATEMENT_EVENTS,
	STATEMENT_EVENTS_OF,
	STATEMENT_KNOWN,
	STATEMENT_PUT_STATS,
	STATEMENT_TRIM_STATS,
	STATEMENT_STATS,
	STATEMENT_COUNT_SUBSCRIPTIONS,
	STATEMENT_COUNT_MACHINES,
	STATEMENT_COUNT_TERMS,
	STATEMENT_COUNT
};

extern const char schema_create[];
extern const char *const schema_statements[STATEMENT_COUNT];

enum column_type { TYPE_TEXT, TYPE_INT, TYPE_NUMBER, TYPE_INSTANT, TYPE_BLOB };

struct column {
	enum column_type type;
	size_t offset, size;
};

/*
 * A record's columns. Every select has a place of its own before them, so
 * that reading and binding both count from 1.
 */
struct table {
	const struct column *columns;
	int count;
};

extern const struct table schema_subscription, schema_machine,
    schema_allocation, schema_rebind, schema_event;

#endif
