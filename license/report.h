/* SPDX-License-Identifier: ISC */
/*
 * The report: report(facts, now), the one value that every face renders. A
 * value without pointers, copied with "=". Nothing derived is stored
 * elsewhere. A field that does not apply has has[FIELD] false, on every face
 * in its own way: no instance, no series, no word.
 */
#ifndef LICENSE_REPORT_H
#define LICENSE_REPORT_H

#include "license/facts.h"

enum field_type {
	FIELD_TEXT,    /* char[] */
	FIELD_ENUM,    /* int, of the enumeration named */
	FIELD_INSTANT, /* utc_t */
	FIELD_NUMBER,  /* int64_t, in the unit named */
	FIELD_FLAG,    /* bool */
	FIELD_BITS,    /* unsigned, set of enum component */
};

/* X(id, type, member, enumeration or 0, unit) in the order of the faces. */
#define REPORT_FIELDS(X)                                                      \
	X(NAME, TEXT, name, 0, "")                                            \
	X(INDEX, NUMBER, index, 0, "")                                        \
	X(ID, TEXT, id, 0, "")                                                \
	X(PRODUCT, TEXT, product, 0, "")                                      \
	X(EDITION, TEXT, edition, 0, "")                                      \
	X(ISSUER, TEXT, issuer, 0, "")                                        \
	X(KIND, ENUM, kind, NAMES_KIND, "")                                   \
	X(MODE, ENUM, mode, NAMES_MODE, "")                                   \
	X(BILLING, ENUM, billing, NAMES_BILLING, "")                          \
	X(RENEWS, ENUM, renews, NAMES_RENEWS, "")                             \
	X(SOURCE, ENUM, source, NAMES_SOURCE, "")                             \
	X(STATE, ENUM, state, NAMES_STATE, "")                                \
	X(SEVERITY, ENUM, severity, NAMES_SEVERITY, "")                       \
	X(REASON, ENUM, reason, NAMES_REASON, "")                             \
	X(USABLE, FLAG, usable, 0, "")                                        \
	X(FAILING, FLAG, failing, 0, "")                                      \
	X(ADVICE, TEXT, advice, 0, "")                                        \
	X(SEQUENCE, NUMBER, sequence, 0, "")                                  \
	X(ISSUED, INSTANT, issued, 0, "")                                     \
	X(LEASE_END, INSTANT, lease_end, 0, "")                               \
	X(TERM_END, INSTANT, term_end, 0, "")                                 \
	X(GRACE_END, INSTANT, grace_end, 0, "")                               \
	X(EXPIRY, INSTANT, expiry, 0, "")                                     \
	X(ACTION_DEADLINE, INSTANT, action_deadline, 0, "")                   \
	X(SUCCESSOR, INSTANT, successor_not_before, 0, "")                    \
	X(BANDWIDTH, NUMBER, bandwidth_mbits, 0, "mbits")                     \
	X(USED_IN, NUMBER, incoming_bytes_per_s, 0, "bytes_per_second")       \
	X(USED_OUT, NUMBER, outgoing_bytes_per_s, 0, "bytes_per_second")      \
	X(PEAK, NUMBER, peak_bytes_per_s, 0, "bytes_per_second")              \
	X(USED_MBITS, NUMBER, used_mbits, 0, "mbits")                         \
	X(USED_PERCENT, NUMBER, used_percent, 0, "percent")                   \
	X(REFRESH_INTERVAL, NUMBER, refresh_interval_s, 0, "seconds")         \
	X(LAST_ATTEMPT, INSTANT, refresh_last_attempt, 0, "")                 \
	X(LAST_SUCCESS, INSTANT, refresh_last_success, 0, "")                 \
	X(NEXT_ATTEMPT, INSTANT, refresh_next_attempt, 0, "")                 \
	X(REFRESH_DUE, INSTANT, refresh_due, 0, "")                           \
	X(RESULT, ENUM, refresh_last_result, NAMES_RESULT, "")                \
	X(REFUSAL, ENUM, refresh_last_refusal, NAMES_REFUSAL, "")             \
	X(REFUSAL_DETAIL, TEXT, refusal_detail, 0, "")                        \
	X(DURATION, NUMBER, refresh_last_duration_ms, 0, "milliseconds")      \
	X(FAILURES_IN_ROW, NUMBER, refresh_failures_in_row, 0, "")            \
	X(ATTEMPTS, NUMBER, refresh_attempts, 0, "")                          \
	X(FAILURES, NUMBER, refresh_failures, 0, "")                          \
	X(BINDING_KNOWN, BITS, binding_known, NAMES_COMPONENT, "")            \
	X(BINDING_CHANGED, BITS, binding_changed, NAMES_COMPONENT, "")        \
	X(BINDING_DIFFERENCE, TEXT, binding_difference, 0, "")                \
	X(REBINDS_USED, NUMBER, rebinds_used, 0, "")                          \
	X(REBINDS_ALLOWED, NUMBER, rebinds_allowed, 0, "")                    \
	X(REBIND_WINDOW_END, INSTANT, rebind_window_end, 0, "")               \
	X(DATA_AGE, NUMBER, data_age_s, 0, "seconds")                         \
	X(ON_CHANGE_EXIT, NUMBER, on_change_exit, 0, "")                      \
	X(CERTIFICATE, INSTANT, authority_certificate_not_after, 0, "")       \
	X(ACTION_WARNING, NUMBER, action_warning_s, 0, "seconds")             \
	X(ACTION_CRITICAL, NUMBER, action_critical_s, 0, "seconds")           \
	X(REFRESH_WARNING, NUMBER, refresh_warning_s, 0, "seconds")           \
	X(REFRESH_CRITICAL, NUMBER, refresh_critical_s, 0, "seconds")         \
	X(LEASE_WARNING, NUMBER, lease_warning_s, 0, "seconds")               \
	X(LEASE_CRITICAL, NUMBER, lease_critical_s, 0, "seconds")             \
	X(BANDWIDTH_WARNING, NUMBER, bandwidth_warning_pct, 0, "percent")     \
	X(BANDWIDTH_CRITICAL, NUMBER, bandwidth_critical_pct, 0, "percent")   \
	X(CPU_MODEL, TEXT, cpu_model, 0, "")                                  \
	X(LOGICAL_CPUS, NUMBER, logical_cpus, 0, "")                          \
	X(MEMORY, NUMBER, memory_mib, 0, "mebibytes")                         \
	X(EXTERNAL_ADDRESS, TEXT, external_address, 0, "")                    \
	X(INTERNAL_ADDRESS, TEXT, internal_address, 0, "")                    \
	X(LICENSE_FILE, TEXT, license_file, 0, "")                            \
	X(FILE_DETAIL, TEXT, file_detail, 0, "")

#define REPORT_ID(id, type, member, names, unit) FIELD_ID_##id,
enum field_id { REPORT_FIELDS(REPORT_ID) FIELD_ID_COUNT };
#undef REPORT_ID

enum { ADVICE_SIZE = 256 };

struct report {
	utc_t now;
	bool has[FIELD_ID_COUNT];

	char name[LICENSE_NAME_SIZE], id[TEXT_64], product[TEXT_64];
	char edition[TEXT_64], issuer[TEXT_64];
	int kind, mode, billing, renews, source;
	int state, severity, reason;
	bool usable, failing;
	bool clock_stepped; /* whatever the state; no row in the table */
	char advice[ADVICE_SIZE]; /* what to do, one sentence */
	int64_t index, sequence;
	utc_t issued, lease_end, term_end, grace_end, expiry, action_deadline;
	utc_t successor_not_before;
	int64_t bandwidth_mbits, incoming_bytes_per_s, outgoing_bytes_per_s;
	int64_t peak_bytes_per_s, used_mbits, used_percent;
	int64_t refresh_interval_s;
	utc_t refresh_last_attempt, refresh_last_success, refresh_next_attempt;
	utc_t refresh_due; /* overdue from here on */
	int refresh_last_result, refresh_last_refusal;
	char refusal_detail[DETAIL_SIZE]; /* the authority's words: remote */
	int64_t refresh_last_duration_ms, refresh_failures_in_row;
	int64_t refresh_attempts, refresh_failures;
	int64_t failures[RESULT_MAX + 1]; /* by result; no row in the table */
	unsigned binding_known, binding_changed;
	char binding_difference[DIFFERENCE_SIZE]; /* old and new: remote */
	int64_t rebinds_used, rebinds_allowed;
	utc_t rebind_window_end;
	int64_t data_age_s, on_change_exit;
	utc_t authority_certificate_not_after;
	int64_t action_warning_s, action_critical_s; /* in force */
	int64_t refresh_warning_s, refresh_critical_s;
	int64_t lease_warning_s, lease_critical_s;
	int64_t bandwidth_warning_pct, bandwidth_critical_pct;
	char cpu_model[TEXT_256]; /* of this machine, now */
	int64_t logical_cpus, memory_mib;
	char external_address[ADDRESS_SIZE], internal_address[ADDRESS_SIZE];
	char license_file[256];
	char vendor_date[UTC_DATE_SIZE]; /* report_expiry_date() */
	char file_detail[DETAIL_SIZE]; /* why what is there is not used */
};

/* report_make: pure. ${now} and ${trust} come from timekeeping_judge(). */
void report_make(const struct license_facts *facts, utc_t now,
    enum trust trust, struct report *out);

/*
 * field: one row of the table; faces name fields by id in tables of their
 * own, and reach the value by offset.
 */
struct field {
	enum field_id id;
	const char *name; /* the member: the JSON name */
	enum field_type type;
	size_t offset;
	enum names names; /* FIELD_ENUM, FIELD_BITS */
	const char *unit;
};

/*
 * report_expiry_date: the day of expiry as people say it: FastNetMon's own
 * date where it is FastNetMon's license, else that of the instant in UTC.
 */
void report_expiry_date(const struct report *report,
    char out[static UTC_DATE_SIZE]);

const struct field *field_row(enum field_id id);

/* Values by row; the row's type must fit (assertion). */
const char *field_text(const struct report *report, enum field_id id);
int field_enum(const struct report *report, enum field_id id);
utc_t field_instant(const struct report *report, enum field_id id);
int64_t field_number(const struct report *report, enum field_id id);
bool field_flag(const struct report *report, enum field_id id);
unsigned field_bits(const struct report *report, enum field_id id);

/*
 * report_worst: index of the license that a summary shows: severity
 * (critical > unknown > warning > ok), then the earlier action deadline (none
 * first), then the lower index. -1 when there is none. One license:
 * SEVERITY etc. are always there. report_is_worse: the order of it.
 */
bool report_is_worse(const struct report *a, const struct report *b);
int report_worst(const struct report *reports, size_t count);

/* agent_report: the second table's value. */
#define AGENT_FIELDS(X)                                                       \
	X(VERSION, TEXT, version, 0, "")                                      \
	X(START, INSTANT, start, 0, "")                                       \
	X(HEARTBEAT, INSTANT, heartbeat, 0, "")                               \
	X(HEARTBEAT_AGE, NUMBER, heartbeat_age_s, 0, "seconds")               \
	X(TRUST, ENUM, clock_trust, NAMES_TRUST, "")                          \
	X(OFFSET, NUMBER, clock_offset_s, 0, "seconds")                       \
	X(STEPS, NUMBER, clock_steps, 0, "")                                  \
	X(STORAGE_UP, FLAG, storage_up, 0, "")                                \
	X(STORAGE_WRITE, NUMBER, storage_last_write_ms, 0, "milliseconds")    \
	X(AGENTX_UP, FLAG, agentx_up, 0, "")                                  \
	X(AGENTX_CONNECTS, NUMBER, agentx_connects, 0, "")                    \
	X(AGENTX_REQUESTS, NUMBER, agentx_requests, 0, "")                    \
	X(NOTIFICATIONS_PENDING, NUMBER, notifications_pending, 0, "")        \
	X(CONFIG_OK, FLAG, config_ok, 0, "")                                  \
	X(CONFIG_LOADED, INSTANT, config_loaded, 0, "")                       \
	X(STATS_SUCCESS, INSTANT, stats_last_success, 0, "")                  \
	X(STATS_FAILURES, NUMBER, stats_failures, 0, "")                      \
	X(STATS_NEXT, INSTANT, stats_next, 0, "")                             \
	X(TEST_ALERT, FLAG, test_alert, 0, "")

#define AGENT_ID(id, type, member, names, unit) AGENT_ID_##id,
enum agent_id { AGENT_FIELDS(AGENT_ID) AGENT_ID_COUNT };
#undef AGENT_ID

struct agent_report {
	utc_t now;
	bool has[AGENT_ID_COUNT];
	char version[TEXT_64];
	utc_t start, heartbeat;
	int64_t heartbeat_age_s;
	int clock_trust;
	int64_t clock_offset_s, clock_steps;
	bool storage_up;
	int64_t storage_last_write_ms;
	bool agentx_up;
	int64_t agentx_connects, agentx_requests, notifications_pending;
	int64_t notifications[NOTIFICATION_MAX + 1]; /* no row */
	bool config_ok;
	utc_t config_loaded;
	utc_t stats_last_success, stats_next;
	int64_t stats_failures; /* usage reports, since the agent's start */
	bool test_alert;
};

/*
 * agent_report_make: pure but for reading the counters. ${wall}: the heart
 * beats by the wall clock, so its age is told by it.
 */
void agent_report_make(const struct agent_facts *facts,
    struct counters *counters, utc_t wall, utc_t now, enum trust trust,
    struct agent_report *out);

struct agent_field {
	enum agent_id id;
	const char *name;
	enum field_type type;
	size_t offset;
	enum names names;
	const char *unit;
};

const struct agent_field *agent_field_row(enum agent_id id);

/* A healthy lease is refreshed daily; overdue by the design, section 5. */
enum { REFRESH_INTERVAL_S = DAY_S, OVERDUE_WARNING_S = 36 * HOUR_S,
	OVERDUE_CRITICAL_S = 5 * DAY_S };

#endif
