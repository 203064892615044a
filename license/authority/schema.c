/* SPDX-License-Identifier: ISC */
/*
 * SQL, and nothing but SQL: tables, indexes, statements. It knows no library
 * and no meaning of a value.
 */
#include "license/authority/schema.h"

#include "license/authority/records.h"

/*
 * The columns of each table in the order of its records, after the one or two
 * that identify a row. X(member, TYPE); the names are the members'.
 */
#define SUBSCRIPTION_COLUMNS(X)                                               \
	X(customer, TEXT) X(product, TEXT) X(edition, TEXT)                   \
	X(status, INT) X(kind, INT) X(billing, INT) X(renews, INT)            \
	X(on_expiry, INT) X(bandwidth_mbits, NUMBER) X(created, INSTANT)      \
	X(term_end, INSTANT) X(coupon_sha256, TEXT) X(coupon_used, INSTANT)   \
	X(offline_issued, INT) X(checked, INT) X(hardware_approved, INT) X(sequence, NUMBER)

/*
 * The key and these identify a machine. The subscription apart: with the state
 * it is in an index.
 */
#define MACHINE_COLUMNS(X)                                                    \
	X(product, TEXT) X(subscription, TEXT) MACHINE_REST(X)
#define MACHINE_REST(X)                                                       \
	X(first_seen, INSTANT) X(last_seen, INSTANT)                          \
	X(cpu_model, TEXT) X(logical_cpus, NUMBER) X(memory_mib, NUMBER)      \
	X(virtualization, TEXT) X(agent_version, TEXT) X(external, TEXT)      \
	X(internal, TEXT) X(sequence, NUMBER) X(fork_sequence, NUMBER)        \
	X(tips, TEXT) X(fork_at, INSTANT)                                     \
	X(last_created, INSTANT) X(lease_end, INSTANT) X(last_reason, INT)    \
	X(request_sha256, BLOB) X(revision, NUMBER) X(answered, INT)

#define ALLOCATION_COLUMNS(X)                                                 \
	X(base, BLOB) X(bits, INT) X(internal, TEXT)

#define REBIND_COLUMNS(X)                                                     \
	X(take_over, INT) X(key, BLOB) X(from_model, TEXT) X(to_model, TEXT)  \
	X(from_cpus, NUMBER) X(to_cpus, NUMBER)

#define EVENT_COLUMNS(X)                                                      \
	X(name, TEXT) X(subscription, TEXT) X(key, BLOB) X(sequence, NUMBER)  \
	X(address, TEXT) X(detail, TEXT)

#define OFFLINE_COLUMNS(X)                                                    \
	X(issued, INSTANT) X(not_before, INSTANT) X(ends, INSTANT)            \
	X(released, INSTANT) X(key, BLOB) X(signer, BLOB)                     \
	X(cpu_model, TEXT) X(logical_cpus, NUMBER) X(memory_mib, NUMBER)      \
	X(request_sha256, BLOB) X(revision, NUMBER)

#define TRIAL_COLUMNS(X)                                                      \
	X(edition, TEXT) X(days, NUMBER) X(mbits, NUMBER) X(on_expiry, INT)
#define SIGNER_COLUMNS(X) X(certified, INSTANT) X(until, INSTANT)

#define COMMA_NAME(column, type) ", " #column
#define COMMA_MARK(column, type) ", ?"
#define COMMA_SET(column, type) ", " #column "=excluded." #column
#define COMMA_A(column, type) ", a." #column
#define DECLARE(column, type) ", " #column " " SQL_##type " NOT NULL"
#define SQL_TEXT "TEXT"
#define SQL_INT "INTEGER"
#define SQL_NUMBER "INTEGER"
#define SQL_INSTANT "INTEGER"
#define SQL_BLOB "BLOB"

#define TEXT_OF(n) #n
#define NUMBER_TEXT(n) TEXT_OF(n)
#define SCHEMA_VERSION_TEXT NUMBER_TEXT(SCHEMA_VERSION)

const char schema_create[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL)"
    " WITHOUT ROWID;"
    "INSERT INTO setting VALUES('schema', '" SCHEMA_VERSION_TEXT "');"
    "CREATE TABLE subscription(id TEXT PRIMARY KEY, revision INTEGER NOT NULL"
    SUBSCRIPTION_COLUMNS(DECLARE) ") WITHOUT ROWID;"
    "CREATE INDEX subscription_coupon ON subscription(coupon_sha256)"
    " WHERE coupon_sha256<>'';"
    "CREATE INDEX subscription_term ON subscription(status, term_end);"
    "CREATE TABLE machine(key BLOB NOT NULL, state INTEGER NOT NULL"
    MACHINE_COLUMNS(DECLARE) ", answer BLOB, PRIMARY KEY(key, product));"
    "CREATE INDEX machine_subscription ON machine(subscription, state);"
    "CREATE TABLE allocation(of TEXT NOT NULL, prefix TEXT NOT NULL,"
    " generation INTEGER NOT NULL"
    ALLOCATION_COLUMNS(DECLARE) ", PRIMARY KEY(of, generation, prefix))"
    " WITHOUT ROWID;"
    "CREATE INDEX allocation_base ON allocation(bits, base);"
    "CREATE TABLE rebind(of TEXT NOT NULL, at INTEGER NOT NULL"
    REBIND_COLUMNS(DECLARE) ");"
    "CREATE INDEX rebind_of ON rebind(of, at);"
    "CREATE TABLE event(id INTEGER PRIMARY KEY, at INTEGER NOT NULL"
    EVENT_COLUMNS(DECLARE) ");"
    "CREATE INDEX event_subscription ON event(subscription);"
    "CREATE TABLE stats(key BLOB NOT NULL, created INTEGER NOT NULL,"
    " received INTEGER NOT NULL, document BLOB NOT NULL,"
    " PRIMARY KEY(key, created));"
    "CREATE TABLE offline(of TEXT NOT NULL, sequence INTEGER NOT NULL"
    OFFLINE_COLUMNS(DECLARE) ", document BLOB NOT NULL,"
    " PRIMARY KEY(of, sequence)) WITHOUT ROWID;"
    "CREATE INDEX offline_key ON offline(key);"
    "CREATE TABLE trial(product TEXT PRIMARY KEY"
    TRIAL_COLUMNS(DECLARE) ") WITHOUT ROWID;"
    "CREATE TABLE tried(prefix TEXT PRIMARY KEY, of TEXT NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE signer(key BLOB PRIMARY KEY" SIGNER_COLUMNS(DECLARE)
    ") WITHOUT ROWID;"
    "COMMIT;";

/* Every select begins with a place of its own, so columns count from 1. */
#define SELECT_SUBSCRIPTION                                                   \
	"SELECT 0, id, revision" SUBSCRIPTION_COLUMNS(COMMA_NAME)             \
	" FROM subscription "
#define SELECT_MACHINE                                                        \
	"SELECT 0, key, state" MACHINE_COLUMNS(COMMA_NAME) " FROM machine "
#define SELECT_EVENT                                                          \
	"SELECT 0, id, at" EVENT_COLUMNS(COMMA_NAME) " FROM event "

#define SELECT_OFFLINE                                                        \
	"SELECT 0, of, sequence" OFFLINE_COLUMNS(COMMA_NAME) " FROM offline "
#define SELECT_TRIAL                                                          \
	"SELECT 0, product" TRIAL_COLUMNS(COMMA_NAME) " FROM trial "

#define ON_SAME_MACHINE " ON CONFLICT(key, product) DO UPDATE"
#define STATEMENTS(X)                                                         \
	X(BEGIN, "BEGIN IMMEDIATE")                                           \
	X(COMMIT, "COMMIT")                                                   \
	X(ROLLBACK, "ROLLBACK")                                               \
	X(PING, "SELECT value FROM setting WHERE name='schema'")              \
	X(GET, "SELECT value FROM setting WHERE name=?1")                     \
	X(SET, "INSERT INTO setting VALUES(?1, ?2) ON CONFLICT(name)"         \
	    " DO UPDATE SET value=excluded.value")                            \
	X(SUBSCRIPTION, SELECT_SUBSCRIPTION "WHERE id=?1")                    \
	X(COUPON, SELECT_SUBSCRIPTION                                         \
	    "WHERE coupon_sha256=?1 AND coupon_sha256<>''")                   \
	X(SUBSCRIPTIONS, SELECT_SUBSCRIPTION "ORDER BY created, id")          \
	X(MACHINE, SELECT_MACHINE "WHERE key=?1 AND product=?2")              \
	X(LIVE, SELECT_MACHINE "WHERE subscription=?1 AND state<>3")          \
	X(MACHINES, SELECT_MACHINE "ORDER BY first_seen, key, product")       \
	X(MACHINES_OF, SELECT_MACHINE                                         \
	    "WHERE subscription=?1 ORDER BY first_seen, key, product")        \
	X(MACHINE_AFTER, SELECT_MACHINE                                       \
	    "WHERE key=?1 AND product>?2 ORDER BY product LIMIT 1")           \
	X(ALLOCATIONS, "SELECT 0, prefix, generation"                         \
	    ALLOCATION_COLUMNS(COMMA_NAME)                                    \
	    " FROM allocation WHERE of=?1 ORDER BY generation, prefix"        \
	    " LIMIT ?2")                                                      \
	X(REBINDS, "SELECT 0, at" REBIND_COLUMNS(COMMA_NAME)                  \
	    " FROM rebind WHERE of=?1 AND at>?2 ORDER BY at DESC LIMIT ?3")   \
	X(LENGTH, "SELECT max(bits) FROM allocation WHERE bits<?1")           \
	X(CANDIDATES, "SELECT 0, a.prefix, a.generation"                      \
	    ALLOCATION_COLUMNS(COMMA_A) ", s.id, s.product, s.status,"        \
	    " s.term_end, EXISTS(SELECT 1 FROM machine m"                     \
	    " WHERE m.subscription=s.id AND m.state<>3), s.kind"              \
	    " FROM allocation a JOIN subscription s ON s.id=a.of"             \
	    " WHERE a.bits=?1 AND a.base=?2 ORDER BY s.id LIMIT ?3")          \
	X(ANSWER, "SELECT answer FROM machine"                                \
	    " WHERE key=?1 AND product=?2 AND answered=1")                    \
	X(OFFLINES, SELECT_OFFLINE "ORDER BY issued, of, sequence")           \
	X(OFFLINES_OF, SELECT_OFFLINE "WHERE of=?1 ORDER BY sequence")        \
	X(OFFLINE_OWNER, "SELECT of FROM offline JOIN subscription s"         \
	    " ON s.id=of WHERE key=?1 AND s.product=?2"                       \
	    " ORDER BY issued DESC LIMIT 1")                                  \
	X(OFFLINE_DOCUMENT,                                                   \
	    "SELECT document FROM offline WHERE of=?1 AND sequence=?2")       \
	X(PUT_OFFLINE, "INSERT INTO offline(of, sequence"                     \
	    OFFLINE_COLUMNS(COMMA_NAME) ", document) VALUES(?, ?"             \
	    OFFLINE_COLUMNS(COMMA_MARK) ", ?)")                               \
	X(RELEASE_OFFLINE,                                                    \
	    "UPDATE offline SET released=?2 WHERE of=?1 AND released=0")      \
	X(TRIAL, SELECT_TRIAL "WHERE product=?1")                             \
	X(TRIALS, SELECT_TRIAL "ORDER BY product")                            \
	X(PUT_TRIAL, "INSERT OR REPLACE INTO trial(product"                   \
	    TRIAL_COLUMNS(COMMA_NAME) ") VALUES(?" TRIAL_COLUMNS(COMMA_MARK)  \
	    ")")                                                              \
	X(DROP_TRIAL, "DELETE FROM trial WHERE product=?1")                   \
	X(TRIED, "SELECT of FROM tried WHERE prefix=?1")                      \
	X(PUT_TRIED, "INSERT INTO tried(prefix, of) VALUES(?1, ?2)")          \
	X(PUT_SUBSCRIPTION, "INSERT INTO subscription(id, revision"           \
	    SUBSCRIPTION_COLUMNS(COMMA_NAME) ") VALUES(?, ?"                  \
	    SUBSCRIPTION_COLUMNS(COMMA_MARK) ") ON CONFLICT(id) DO UPDATE"    \
	    " SET revision=excluded.revision"                                 \
	    SUBSCRIPTION_COLUMNS(COMMA_SET))                                  \
	X(MOVE_MACHINES, "UPDATE OR IGNORE machine SET product=?2"            \
	    " WHERE subscription=?1 AND product<>?2")                         \
	X(ADVANCE, "UPDATE subscription SET sequence=?2, coupon_used=?3,"     \
	    " hardware_approved=?4 WHERE id=?1")              \
	X(PUT_MACHINE, "INSERT INTO machine(key, state"                       \
	    MACHINE_COLUMNS(COMMA_NAME) ", answer) VALUES(?, ?"               \
	    MACHINE_COLUMNS(COMMA_MARK) ", ?)" ON_SAME_MACHINE                \
	    " SET state=excluded.state" MACHINE_COLUMNS(COMMA_SET)            \
	    ", answer=excluded.answer")                                       \
	X(RENEW_MACHINE, "INSERT INTO machine(key, state"                     \
	    MACHINE_COLUMNS(COMMA_NAME) ", answer) VALUES(?, ?"               \
	    MACHINE_COLUMNS(COMMA_MARK) ", ?)" ON_SAME_MACHINE                \
	    " SET answer=excluded.answer" MACHINE_REST(COMMA_SET)             \
	    " WHERE state=excluded.state"                                     \
	    " AND subscription=excluded.subscription")                        \
	X(NOTE_MACHINE, "INSERT INTO machine(key, state"                      \
	    MACHINE_COLUMNS(COMMA_NAME) ") VALUES(?, ?"                       \
	    MACHINE_COLUMNS(COMMA_MARK) ")" ON_SAME_MACHINE                   \
	    " SET state=excluded.state" MACHINE_COLUMNS(COMMA_SET))           \
	X(RETIRE, "UPDATE machine SET state=3, answered=0, answer=NULL,"      \
	    " last_reason=1 WHERE key=?1 AND product=?2")                     \
	X(PUT_ALLOCATION, "INSERT OR REPLACE INTO allocation(of, prefix,"     \
	    " generation" ALLOCATION_COLUMNS(COMMA_NAME) ") VALUES(?, ?, ?"   \
	    ALLOCATION_COLUMNS(COMMA_MARK) ")")                               \
	X(DROP_ALLOCATIONS,                                                   \
	    "DELETE FROM allocation WHERE of=?1 AND generation<?2")           \
	X(ADD_REBIND, "INSERT INTO rebind(of, at" REBIND_COLUMNS(COMMA_NAME)  \
	    ") VALUES(?, ?" REBIND_COLUMNS(COMMA_MARK) ")")                   \
	X(ADD_EVENT, "INSERT INTO event(id, at" EVENT_COLUMNS(COMMA_NAME)     \
	    ") VALUES(nullif(?, 0), ?" EVENT_COLUMNS(COMMA_MARK) ")")         \
	X(EVENTS, SELECT_EVENT "WHERE id>?1 ORDER BY id")                     \
	X(EVENTS_OF, SELECT_EVENT                                             \
	    "WHERE id>?1 AND subscription=?2 ORDER BY id")                    \
	X(KNOWN, "SELECT 1 FROM machine WHERE key=?1 LIMIT 1")                \
	X(PUT_STATS, "INSERT OR REPLACE INTO stats(key, created, received,"   \
	    " document) VALUES(?1, ?2, ?3, ?4)")                              \
	X(TRIM_STATS, "DELETE FROM stats WHERE key=?1 AND created<="          \
	    "(SELECT created FROM stats WHERE key=?1 ORDER BY created DESC"   \
	    " LIMIT 1 OFFSET ?2)")                                            \
	X(STATS, "SELECT received, document FROM stats"                       \
	    " ORDER BY received, key, created")                               \
	X(PUT_SIGNER, "INSERT OR REPLACE INTO signer(key"                     \
	    SIGNER_COLUMNS(COMMA_NAME) ") VALUES(?"                           \
	    SIGNER_COLUMNS(COMMA_MARK) ")")                                   \
	X(SIGNERS, "SELECT 0, key" SIGNER_COLUMNS(COMMA_NAME)                 \
	    " FROM signer ORDER BY certified, key")                           \
	X(COUNT_SUBSCRIPTIONS,                                                \
	    "SELECT status, count(*) FROM subscription GROUP BY status")      \
	X(COUNT_MACHINES,                                                     \
	    "SELECT state, count(*) FROM machine GROUP BY state")             \
	X(COUNT_TERMS, "SELECT count(*) FROM subscription"                    \
	    " WHERE status<=?3 AND term_end>=?1 AND term_end<=?2")


#define STATEMENT_SQL(name, sql) [STATEMENT_##name] = sql,
const char *const schema_statements[] = { STATEMENTS(STATEMENT_SQL) };

#define COLUMN(record, column, type)                                          \
	{ TYPE_##type, offsetof(struct record, column),                       \
	    sizeof(((struct record *)NULL)->column) },
#define S_COLUMN(column, type) COLUMN(subscription, column, type)
#define M_COLUMN(column, type) COLUMN(machine, column, type)
#define A_COLUMN(column, type) COLUMN(allocation, column, type)
#define R_COLUMN(column, type) COLUMN(rebind, column, type)
#define E_COLUMN(column, type) COLUMN(event, column, type)
#define O_COLUMN(column, type) COLUMN(offline, column, type)
#define T_COLUMN(column, type) COLUMN(trial, column, type)
#define K_COLUMN(column, type) COLUMN(signer_record, column, type)

static const struct column subscription_columns[] = { S_COLUMN(id, TEXT)
	S_COLUMN(revision, NUMBER) SUBSCRIPTION_COLUMNS(S_COLUMN) };
static const struct column machine_columns[] = { M_COLUMN(key, BLOB)
	M_COLUMN(state, INT) MACHINE_COLUMNS(M_COLUMN) };
static const struct column allocation_columns[] = { A_COLUMN(prefix, TEXT)
	A_COLUMN(generation, NUMBER) ALLOCATION_COLUMNS(A_COLUMN) };
static const struct column rebind_columns[] = { R_COLUMN(at, INSTANT)
	REBIND_COLUMNS(R_COLUMN) };
static const struct column event_columns[] = { E_COLUMN(id, NUMBER)
	E_COLUMN(at, INSTANT) EVENT_COLUMNS(E_COLUMN) };
static const struct column signer_columns[] = {
	COLUMN(signer_record, key, BLOB) SIGNER_COLUMNS(K_COLUMN) };

static const struct column offline_columns[] = { O_COLUMN(subscription, TEXT)
	O_COLUMN(sequence, NUMBER) OFFLINE_COLUMNS(O_COLUMN) };
static const struct column trial_columns[] = { T_COLUMN(product, TEXT)
	TRIAL_COLUMNS(T_COLUMN) };

#define TABLE(array) { array, (int)(sizeof(array) / sizeof(*(array))) }
const struct table schema_subscription = TABLE(subscription_columns);
const struct table schema_machine = TABLE(machine_columns);
const struct table schema_allocation = TABLE(allocation_columns);
const struct table schema_rebind = TABLE(rebind_columns);
const struct table schema_event = TABLE(event_columns);
const struct table schema_offline = TABLE(offline_columns);
const struct table schema_trial = TABLE(trial_columns);
const struct table schema_signer = TABLE(signer_columns);
