/* SPDX-License-Identifier: ISC */
/*
 * The nouns: every enumeration, born here in one macro list each. A row is
 * (C name, number, label, ...): the number is the MIB value, the label the
 * Prometheus, JSON and text form; in documents an underscore is a hyphen, in
 * SMI labels the next letter is upper case. Numbers are never reused.
 * It knows no license in particular.
 */
#ifndef LICENSE_NAMES_H
#define LICENSE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#define SEVERITIES(X)                                                         \
	X(SEVERITY, OK, 1, ok, "nothing to do")                               \
	X(SEVERITY, WARNING, 2, warning, "a person should look soon")         \
	X(SEVERITY, CRITICAL, 3, critical, "a person must act now")           \
	X(SEVERITY, UNKNOWN, 4, unknown, "it cannot be told")

/* In order of precedence: the first that matches is the state. */
#define STATES(X)                                                             \
	X(STATE, MISSING, 1, missing, "no license is installed")              \
	X(STATE, INVALID, 5, invalid, "the license file is not a good one")   \
	X(STATE, CANCELLED, 8, cancelled, "the subscription was cancelled")   \
	X(STATE, SUSPENDED, 7, suspended, "the subscription is suspended")    \
	X(STATE, NOT_YET_VALID, 10, not_yet_valid, "the license has not begun") \
	X(STATE, EXPIRED, 4, expired, "the license has expired")              \
	X(STATE, HARDWARE_MISMATCH, 6, hardware_mismatch,                     \
	    "the license belongs to other hardware")                          \
	X(STATE, CLOCK_UNTRUSTED, 9, clock_untrusted,                         \
	    "the clock of this machine is not believed")                      \
	X(STATE, EXPIRING, 3, expiring, "a person must act before the end")   \
	X(STATE, VALID, 2, valid, "the license is good")

#define RESULTS(X)                                                            \
	X(RESULT, NEVER, 1, never, "no refresh was tried yet")                \
	X(RESULT, OK, 2, ok, "refreshed")                                     \
	X(RESULT, DNS, 3, dns, "the server's name was not found")          \
	X(RESULT, CONNECT, 4, connect, "the server was not reached")       \
	X(RESULT, TIMEOUT, 5, timeout, "the server did not answer in time") \
	X(RESULT, TLS, 6, tls, "the TLS connection failed")                   \
	X(RESULT, HTTP, 7, http, "something other than the server answered") \
	X(RESULT, BAD_SIGNATURE, 8, bad_signature,                            \
	    "the signature of the answer is wrong")                           \
	X(RESULT, UNKNOWN_KEY, 9, unknown_key,                                \
	    "the answer is signed by a key that is not trusted")              \
	X(RESULT, REPLAYED, 10, replayed, "the answer is to another request") \
	X(RESULT, MALFORMED, 11, malformed, "the answer could not be read")   \
	X(RESULT, REFUSED, 12, refused, "the authority refused")              \
	X(RESULT, STORAGE, 13, storage, "the license could not be stored")    \
	X(RESULT, AUTH, 14, auth, "the FastNetMon API refused the password")  \
	X(RESULT, STALE, 15, stale, "the date of the source stopped advancing")

#define REFUSALS(X)                                                           \
	X(REFUSAL, NONE, 1, none, "no refusal")                               \
	X(REFUSAL, MALFORMED, 2, malformed, "the request could not be read")  \
	X(REFUSAL, UNSUPPORTED_VERSION, 3, unsupported_version,               \
	    "the request is of a version that the authority does not speak")  \
	X(REFUSAL, BUSY, 4, busy, "the authority is busy")                    \
	X(REFUSAL, UNKNOWN_MACHINE, 5, unknown_machine,                       \
	    "no subscription is assigned to this machine")                    \
	X(REFUSAL, NO_SUBSCRIPTION, 6, no_subscription,                       \
	    "there is no subscription for this product here")                 \
	X(REFUSAL, COUPON_USED, 7, coupon_used, "the coupon was used before") \
	X(REFUSAL, CANCELLED, 8, cancelled, "the subscription was cancelled") \
	X(REFUSAL, SUSPENDED, 9, suspended, "the subscription is suspended")  \
	X(REFUSAL, TERM_OVER, 10, term_over, "the paid term is over")         \
	X(REFUSAL, OFFLINE_ISSUED, 11, offline_issued,                        \
	    "an offline license was issued for this subscription")            \
	X(REFUSAL, ADDRESS_CHANGED, 12, address_changed,                      \
	    "the address of this machine changed")                            \
	X(REFUSAL, CLONE, 13, clone, "two machines use one license")          \
	X(REFUSAL, HARDWARE_LIMIT, 14, hardware_limit,                        \
	    "the hardware changed too often")

#define REASONS(X)                                                            \
	X(REASON, NONE, 1, none, "none")                                      \
	X(REASON, MISSING, 2, missing, "no license is installed")             \
	X(REASON, INVALID, 3, invalid, "the license file is not a good one")  \
	X(REASON, CANCELLED, 4, cancelled, "the subscription was cancelled")  \
	X(REASON, SUSPENDED, 5, suspended, "the subscription is suspended")   \
	X(REASON, NOT_YET_VALID, 6, not_yet_valid,                            \
	    "the license has not begun")                                      \
	X(REASON, EXPIRED, 7, expired, "the license has expired")             \
	X(REASON, HARDWARE_MISMATCH, 8, hardware_mismatch,                    \
	    "the license belongs to other hardware")                          \
	X(REASON, CLOCK_UNTRUSTED, 9, clock_untrusted,                        \
	    "the clock of this machine is not believed")                      \
	X(REASON, TERM_ENDING, 10, term_ending, "the paid term is ending")    \
	X(REASON, LEASE_ENDING, 11, lease_ending,                             \
	    "the lease is ending and refreshes fail")                         \
	X(REASON, REFRESH_OVERDUE, 12, refresh_overdue,                       \
	    "refreshes fail or are refused")                                  \
	X(REASON, REBIND_REFUSED, 13, rebind_refused,                         \
	    "the hardware changed and the authority refused to follow")       \
	X(REASON, ADDRESS_CHANGED, 14, address_changed,                       \
	    "the address of this machine changed")                            \
	X(REASON, CLONE, 15, clone, "two machines use one license")           \
	X(REASON, BANDWIDTH, 16, bandwidth,                                   \
	    "the bandwidth in use is near or over the licensed one")          \
	X(REASON, STORAGE, 17, storage, "the license cannot be stored")       \
	X(REASON, DATA_STALE, 18, data_stale, "the data of the source is old")

#define SOURCES(X)                                                            \
	X(SOURCE, AUTHORITY, 1, authority, "the licensing authority")         \
	X(SOURCE, FILE, 2, file, "a file that a person puts in place")        \
	X(SOURCE, FASTNETMON, 3, fastnetmon, "FastNetMon's own license")

#define MODES(X)                                                              \
	X(MODE, ONLINE, 1, online, "extended every day")                      \
	X(MODE, OFFLINE, 2, offline, "without connection to the authority")

#define KINDS(X)                                                              \
	X(KIND, PRODUCTION, 1, production, "Production")                      \
	X(KIND, TRIAL, 2, trial, "Trial")

#define BILLINGS(X)                                                           \
	X(BILLING, MONTHLY, 1, monthly, "paid by the month")                  \
	X(BILLING, ANNUAL, 2, annual, "paid by the year")

#define RENEWALS(X)                                                           \
	X(RENEWS, AUTO, 1, auto, "the next term begins by itself")            \
	X(RENEWS, MANUAL, 2, manual, "a person renews the term")

#define ON_EXPIRIES(X)                                                        \
	X(ON_EXPIRY, STOP, 1, stop, "unusable after its end")                 \
	X(ON_EXPIRY, WARN, 2, warn, "usable after its end, with a warning")

/* A component's bit in a set is 1 << (number). */
#define COMPONENTS(X)                                                         \
	X(COMPONENT, CPU_MODEL, 0, cpu_model, "CPU model")                    \
	X(COMPONENT, LOGICAL_CPUS, 1, logical_cpus, "number of logical CPUs") \
	X(COMPONENT, MEMORY, 2, memory, "amount of memory")                   \
	X(COMPONENT, MACHINE_KEY, 3, machine_key, "machine key")              \
	X(COMPONENT, EXTERNAL_ADDRESS, 4, external_address, "external address") \
	X(COMPONENT, INTERNAL_ADDRESS, 5, internal_address, "internal address")

#define TRUSTS(X)                                                             \
	X(TRUST, TRUSTED, 1, trusted, "confirmed by a signed time")           \
	X(TRUST, UNVERIFIED, 2, unverified, "not yet confirmed")              \
	X(TRUST, STEPPED_BACK, 3, stepped_back, "it went back")               \
	X(TRUST, STEPPED_FORWARD, 4, stepped_forward, "it jumped forward")

/* Purposes of documents; the number is internal. */
#define PURPOSES(X)                                                           \
	X(PURPOSE, LICENSE, 1, license, "a license")                          \
	X(PURPOSE, REQUEST, 2, request, "a request")                          \
	X(PURPOSE, REFUSAL, 3, refusal, "a refusal")                          \
	X(PURPOSE, STATS, 4, stats, "a usage report")                         \
	X(PURPOSE, STATE, 5, state, "an agent's memory")                      \
	X(PURPOSE, TIME_RESET, 6, time_reset, "a time reset")                 \
	X(PURPOSE, REVOKED, 7, revoked, "a revocation list")

/* What a request asks for. */
#define ASKS(X)                                                               \
	X(ASK, ACTIVATE, 1, activate, "a first license")                      \
	X(ASK, REFRESH, 2, refresh, "an extension")                           \
	X(ASK, OFFLINE, 3, offline, "an offline license")

/* (C prefix of the enum, macro list, C name of the enum's type) */
#define ENUMERATIONS(E)                                                       \
	E(SEVERITY, SEVERITIES, severity)                                     \
	E(STATE, STATES, state)                                               \
	E(RESULT, RESULTS, result)                                            \
	E(REFUSAL, REFUSALS, refusal_reason)                                  \
	E(REASON, REASONS, reason)                                            \
	E(SOURCE, SOURCES, source)                                            \
	E(MODE, MODES, mode)                                                  \
	E(KIND, KINDS, kind)                                                  \
	E(BILLING, BILLINGS, billing)                                         \
	E(RENEWS, RENEWALS, renews)                                           \
	E(ON_EXPIRY, ON_EXPIRIES, on_expiry)                                  \
	E(COMPONENT, COMPONENTS, component)                                   \
	E(TRUST, TRUSTS, trust)                                               \
	E(PURPOSE, PURPOSES, purpose)                                         \
	E(ASK, ASKS, ask)

#define NAMES_ENUM_ROW(prefix, name, number, label, sentence)                 \
	prefix##_##name = number,
#define NAMES_DEFINE(prefix, list, type) enum type { list(NAMES_ENUM_ROW) };
ENUMERATIONS(NAMES_DEFINE)
#undef NAMES_DEFINE

/* enum names: which enumeration, for the functions below. */
#define NAMES_KIND(prefix, list, type) NAMES_##prefix,
enum names { ENUMERATIONS(NAMES_KIND) NAMES_COUNT };
#undef NAMES_KIND

enum {
	RESULT_MAX = 15,   /* arrays by result have RESULT_MAX + 1 entries */
	REFUSAL_MAX = 14,
	NAMES_ROWS_MAX = 18,
};

struct name_row {
	int number;
	const char *label;    /* "hardware_mismatch" */
	const char *document; /* "hardware-mismatch" */
	const char *smi;      /* "hardwareMismatch" */
	const char *sentence; /* a clause without a full stop */
};

/* names_rows: the rows of an enumeration, in the order of its list. */
const struct name_row *names_rows(enum names which, size_t *count);

/* names_row: NULL when the number is not in the enumeration. */
const struct name_row *names_row(enum names which, int number);

/* names_label, names_sentence: "unknown" for a number that is not there. */
const char *names_label(enum names which, int number);
const char *names_sentence(enum names which, int number);

/* names_parse: by document form; 0 (of no enumeration but component) if none. */
int names_parse(enum names which, const char *document_form);

/* severity_compare: critical > unknown > warning > ok; > 0 when a is worse. */
int severity_compare(enum severity a, enum severity b);

#endif
