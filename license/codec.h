/* SPDX-License-Identifier: ISC */
/*
 * Documents as structs: one table a purpose, in the document's order, drives
 * both directions. Decoding refuses a frame that was not verified: verify,
 * then parse. It decides nothing about what the values mean (policy.h).
 */
#ifndef LICENSE_CODEC_H
#define LICENSE_CODEC_H

#include "license/documents.h"

struct buf;

enum { TEXT_64 = 65, TEXT_256 = 257, ADDRESS_SIZE = 46, DETAIL_SIZE = 257,
	FLAGS_SIZE = 961 };

/*
 * A row: C name (its bit in has), document name, type, member, limit a, limit
 * b, need. Types: TEXT(max bytes), NAME(enumeration), NUMBER(min, max),
 * INSTANT, KEY, NONCE, HASH, ADDRESS, KEYS (one line each, so the name
 * repeats). Need: A always, O online only, F offline only, P may be absent, OP
 * online and may be absent.
 */
#define LICENSE_FIELDS(X)                                                     \
	X(ISSUER, "issuer", TEXT, issuer, 64, 0, A)                           \
	X(ID, "license-id", TEXT, id, 64, 0, A)                               \
	X(PRODUCT, "product", TEXT, product, 64, 0, A)                        \
	X(EDITION, "edition", TEXT, edition, 64, 0, P)                        \
	X(KIND, "kind", NAME, kind, NAMES_KIND, 0, A)                         \
	X(MODE, "mode", NAME, mode, NAMES_MODE, 0, A)                         \
	X(BILLING, "billing", NAME, billing, NAMES_BILLING, 0, P)             \
	X(RENEWS, "renews", NAME, renews, NAMES_RENEWS, 0, P)                 \
	X(BANDWIDTH, "bandwidth-mbits", NUMBER, bandwidth_mbits, 1,           \
	    4294967295, A)                                                    \
	X(SEQUENCE, "sequence", NUMBER, sequence, 1, INT64_MAX, A)            \
	X(ISSUED, "issued", INSTANT, issued, 0, 0, A)                         \
	X(NOT_BEFORE, "not-before", INSTANT, not_before, 0, 0, A)             \
	X(LEASE_END, "lease-end", INSTANT, lease_end, 0, 0, A)                \
	X(TERM_END, "term-end", INSTANT, term_end, 0, 0, A)                   \
	X(REFRESH_AFTER, "refresh-after-s", NUMBER, refresh_after_s, 0,       \
	    129600, O)                                                        \
	X(REFRESH_WINDOW, "refresh-window-s", NUMBER, refresh_window_s, 0,    \
	    129600, O)                                                        \
	X(ON_EXPIRY, "on-expiry", NAME, on_expiry, NAMES_ON_EXPIRY, 0, A)     \
	X(CPU_MODEL, "bind-cpu-model", TEXT, bind_cpu_model, 256, 0, A)       \
	X(LOGICAL_CPUS, "bind-logical-cpus", NUMBER, bind_logical_cpus, 1,    \
	    65535, A)                                                         \
	X(MEMORY, "bind-memory-mib", NUMBER, bind_memory_mib, 1, INT32_MAX, F) \
	X(MEMORY_TOLERANCE, "bind-memory-tolerance-mib", NUMBER,              \
	    bind_memory_tolerance_mib, 0, INT32_MAX, F)                       \
	X(GRACE, "bind-grace-s", NUMBER, bind_grace_s, 0, 2678400, O)         \
	X(MACHINE_KEY, "machine-key", KEY, machine_key, 0, 0, A)              \
	X(EXTERNAL, "external-address", ADDRESS, external_address, 0, 0, P)   \
	X(INTERNAL, "internal-address", ADDRESS, internal_address, 0, 0, P)   \
	X(REBINDS_USED, "rebinds-used", NUMBER, rebinds_used, 0, 65535, O)    \
	X(REBINDS_ALLOWED, "rebinds-allowed", NUMBER, rebinds_allowed, 0,     \
	    65535, O)                                                         \
	X(REBIND_WINDOW_END, "rebind-window-end", INSTANT, rebind_window_end, \
	    0, 0, OP)                                                         \
	X(REVOCATIONS, "revocations", NUMBER, revocations, 0, INT64_MAX, A)   \
	X(REQUEST_SHA256, "request-sha256", HASH, request_sha256, 0, 0, O)    \
	X(NONCE, "nonce", NONCE, nonce, 0, 0, A)

/*
 * license: lease_end, term_end: usable while not_before <= t <= both. No
 * pointer: copy with "=". ${has}: bit LICENSE_x for each line that was there.
 */
struct license {
	uint64_t has;
	uint8_t signer[KEY_SIZE];
	utc_t signer_until;
	char issuer[TEXT_64], id[TEXT_64], product[TEXT_64], edition[TEXT_64];
	int kind, mode, billing, renews, on_expiry; /* 0 when absent */
	int64_t bandwidth_mbits, sequence;
	utc_t issued, not_before, lease_end, term_end;
	int64_t refresh_after_s, refresh_window_s;
	char bind_cpu_model[TEXT_256];
	int64_t bind_logical_cpus, bind_memory_mib, bind_memory_tolerance_mib;
	int64_t bind_grace_s;
	uint8_t machine_key[KEY_SIZE];
	char external_address[ADDRESS_SIZE], internal_address[ADDRESS_SIZE];
	int64_t rebinds_used, rebinds_allowed;
	utc_t rebind_window_end;
	int64_t revocations;
	uint8_t request_sha256[SHA256_SIZE];
	uint8_t nonce[NONCE_SIZE];
	bool coupon_unused; /* the line LICENSE_COUPON_UNUSED was there */
};

/*
 * Before the signature, when the request named a coupon that brought nothing:
 * it is unknown, or another subscription's. Who does not know the line passes
 * over it. license_encode() does not print it (issue.h does).
 */
#define LICENSE_COUPON_UNUSED "optional-coupon unused\n"

#define REQUEST_FIELDS(X)                                                     \
	X(PURPOSE, "purpose", NAME, ask, NAMES_ASK, 0, A)                     \
	X(CREATED, "created", INSTANT, created, 0, 0, A)                      \
	X(NONCE, "nonce", NONCE, nonce, 0, 0, A)                              \
	X(PRODUCT, "product", TEXT, product, 64, 0, A)                        \
	X(AGENT_VERSION, "agent-version", TEXT, agent_version, 64, 0, A)      \
	X(LICENSE_ID, "license-id", TEXT, license_id, 64, 0, P)               \
	X(SEQUENCE, "sequence", NUMBER, sequence, 1, INT64_MAX, P)            \
	X(COUPON, "coupon", TEXT, coupon, 64, 0, P)                           \
	X(CPU_MODEL, "cpu-model", TEXT, cpu_model, 256, 0, P)                 \
	X(LOGICAL_CPUS, "logical-cpus", NUMBER, logical_cpus, 1, 65535, P)    \
	X(MEMORY, "memory-mib", NUMBER, memory_mib, 1, INT32_MAX, P)          \
	X(VIRTUALIZATION, "virtualization", TEXT, virtualization, 64, 0, P)   \
	X(INTERNAL, "internal-address", ADDRESS, internal_address, 0, 0, P)   \
	X(MACHINE_ID_HASH, "machine-id-hash", HASH, machine_id_hash, 0, 0, P)

struct request {
	uint64_t has;
	uint8_t machine_key[KEY_SIZE];
	int ask;
	utc_t created;
	uint8_t nonce[NONCE_SIZE];
	char product[TEXT_64], agent_version[TEXT_64], license_id[TEXT_64];
	int64_t sequence; /* the highest held */
	char coupon[TEXT_64];
	char cpu_model[TEXT_256];
	int64_t logical_cpus, memory_mib;
	char virtualization[TEXT_64];
	char internal_address[ADDRESS_SIZE];
	uint8_t machine_id_hash[SHA256_SIZE];
};

#define REFUSAL_FIELDS(X)                                                     \
	X(REASON, "reason", NAME, reason, NAMES_REFUSAL, 0, A)                \
	X(DETAIL, "detail", TEXT, detail, 256, 0, A)                          \
	X(LICENSE_ID, "license-id", TEXT, license_id, 64, 0, P)               \
	X(MACHINE_KEY, "machine-key", KEY, machine_key, 0, 0, A)              \
	X(SEQUENCE, "sequence", NUMBER, sequence, 1, INT64_MAX, P)            \
	X(ISSUED, "issued", INSTANT, issued, 0, 0, A)                         \
	X(RETRY_AFTER, "retry-after-s", NUMBER, retry_after_s, 0, 2678400, P) \
	X(EXTERNAL, "external-address", ADDRESS, external_address, 0, 0, P)   \
	X(REQUEST_SHA256, "request-sha256", HASH, request_sha256, 0, 0, A)    \
	X(NONCE, "nonce", NONCE, nonce, 0, 0, A)

struct refusal {
	uint64_t has;
	uint8_t signer[KEY_SIZE];
	utc_t signer_until;
	int reason;
	char detail[DETAIL_SIZE];
	char license_id[TEXT_64];
	uint8_t machine_key[KEY_SIZE];
	int64_t sequence; /* 0: it took none */
	utc_t issued;
	int64_t retry_after_s;
	char external_address[ADDRESS_SIZE];
	uint8_t request_sha256[SHA256_SIZE];
	uint8_t nonce[NONCE_SIZE];
};

/*
 * The agent's own memory of one license, signed with the machine key. Only
 * what cannot be told again from the documents beside it.
 */
#define STATE_FIELDS(X)                                                       \
	X(NAME, "name", TEXT, name, 64, 0, A)                                 \
	X(INDEX, "index", NUMBER, index, 1, INT32_MAX, P)                     \
	X(SINCE, "since", INSTANT, since, 0, 0, P)                            \
	X(SEQUENCE, "sequence", NUMBER, sequence, 1, INT64_MAX, P)            \
	X(REFRESH_AT, "refresh-at", INSTANT, refresh_at, 0, 0, P)             \
	X(LAST_ATTEMPT, "last-attempt", INSTANT, last_attempt, 0, 0, P)       \
	X(LAST_SUCCESS, "last-success", INSTANT, last_success, 0, 0, P)       \
	X(LAST_RESULT, "last-result", NUMBER, last_result, 1, RESULT_MAX, A)  \
	X(LAST_REFUSAL, "last-refusal", NUMBER, last_refusal, 1, REFUSAL_MAX, \
	    A)                                                                \
	X(FAILURES, "failures-in-row", NUMBER, failures_in_row, 0, INT32_MAX, \
	    A)                                                                \
	X(ANSWERED, "answered", NUMBER, answered, 0, 1, A)                    \
	X(ANNOUNCED, "announced", NUMBER, announced, 0, 65535, A)             \
	X(EXPIRING_STEP, "expiring-step-d", NUMBER, expiring_step_days, 0,    \
	    INT32_MAX, P)                                                     \
	X(EXPIRING_STEPS, "expiring-steps", NUMBER, expiring_steps, 0, 65535, \
	    P)                                                                \
	X(EXPIRING_DEADLINE, "expiring-deadline", INSTANT, expiring_deadline, \
	    0, 0, P)                                                          \
	X(GRACE_FROM, "grace-from", INSTANT, grace_from, 0, 0, P)             \
	X(MISMATCHED, "mismatch-confirmed", NUMBER, mismatch_confirmed, 1, 1, \
	    P)                                                                \
	X(ON_CHANGE_TOLD, "on-change-told", NUMBER, on_change_told, 1, 2, P)  \
	X(ON_CHANGE_EXIT, "on-change-exit", NUMBER, on_change_exit, 0, 257, P) \
	X(HIGH_WATER, "high-water", INSTANT, high_water, 0, 0, P)             \
	X(HIGH_WATER_BOOT, "high-water-boot-s", NUMBER, high_water_boot_s, 0, \
	    4294967295, P)                                                     \
	X(CARRIED, "high-water-carried", NUMBER, high_water_carried, 1, 1, P) \
	X(SIGNED_TIME, "signed-time", INSTANT, signed_time, 0, 0, P)          \
	X(SIGNED_BOOT, "signed-time-boot-s", NUMBER, signed_boot_s, 0,        \
	    4294967295, P)                                                     \
	X(BOOT_ID, "boot-id", TEXT, boot_id, 64, 0, P)                        \
	X(SIGNED_BOOT_ID, "signed-boot-id", TEXT, signed_boot_id, 64, 0, P)   \
	X(MACHINE_ID_HASH, "machine-id-hash", HASH, machine_id_hash, 0, 0, P) \
	X(REVOKED_FROM, "revoked-from", INSTANT, revoked_from, 0, 0, P)       \
	X(OFFLINE_NONCE, "offline-nonce", NONCE, offline_nonce, 0, 0, P)      \
	X(OFFLINE_MADE, "offline-nonce-made", INSTANT, offline_made, 0, 0, P) \
	X(FASTNETMON_DATE, "fastnetmon-date", TEXT, fastnetmon_date, 64, 0,   \
	    P)                                                                \
	X(FASTNETMON_END, "fastnetmon-end", INSTANT, fastnetmon_end, 0, 0, P) \
	X(FASTNETMON_MBITS, "fastnetmon-bandwidth-mbits", NUMBER,             \
	    fastnetmon_mbits, 1, 1000000000, P)                               \
	X(FASTNETMON_FIXED, "fastnetmon-fixed-term", NUMBER,                  \
	    fastnetmon_fixed, 1, 1, P)                                        \
	X(FASTNETMON_AT, "fastnetmon-read", INSTANT, fastnetmon_at, 0, 0, P)

struct memory {
	uint64_t has;
	uint8_t machine_key[KEY_SIZE];
	char name[TEXT_64];
	int64_t index, sequence;
	utc_t since; /* when this license was first configured here */
	utc_t refresh_at, last_attempt, last_success;
	int64_t last_result, last_refusal, failures_in_row, answered;
	int64_t announced; /* raises that managers were told: bits of edges.h */
	int64_t expiring_step_days, expiring_steps; /* with EXPIRING */
	utc_t expiring_deadline;
	utc_t grace_from;
	int64_t mismatch_confirmed;
	int64_t on_change_told, on_change_exit; /* enum standing; exit code */
	utc_t high_water;
	int64_t high_water_boot_s, high_water_carried;
	utc_t signed_time;
	int64_t signed_boot_s;
	char boot_id[TEXT_64], signed_boot_id[TEXT_64];
	uint8_t machine_id_hash[SHA256_SIZE];
	utc_t revoked_from;
	uint8_t offline_nonce[NONCE_SIZE]; /* in every offline request */
	utc_t offline_made;
	/* What FastNetMon said of its license, and when. */
	char fastnetmon_date[TEXT_64];
	utc_t fastnetmon_end, fastnetmon_at;
	int64_t fastnetmon_mbits, fastnetmon_fixed;
};

/*
 * Clears a poisoned high-water mark: ${issued} is the time that the vendor
 * vouches for, ${nonce} that of an offline request of this machine.
 */
#define TIME_RESET_FIELDS(X)                                                  \
	X(MACHINE_KEY, "machine-key", KEY, machine_key, 0, 0, A)              \
	X(ISSUED, "issued", INSTANT, issued, 0, 0, A)                         \
	X(NONCE, "nonce", NONCE, nonce, 0, 0, A)

struct time_reset {
	uint64_t has;
	uint8_t signer[KEY_SIZE];
	utc_t signer_until;
	uint8_t machine_key[KEY_SIZE];
	utc_t issued;
	uint8_t nonce[NONCE_SIZE];
};

/*
 * The usage report: this machine, and counts out of FastNetMon's metrics.
 * No host, no address, no packet of the network has a line here.
 * ${features}, ${capture_plugins}: words of a fixed list (usage.h), never the
 * page's own.
 */
#define STATS_RATE_MAX 1000000000000000
#define STATS_FIELDS(X)                                                       \
	X(CREATED, "created", INSTANT, created, 0, 0, A)                      \
	X(AGENT_VERSION, "agent-version", TEXT, agent_version, 64, 0, A)      \
	X(PRODUCT, "product", TEXT, product, 64, 0, A)                        \
	X(LICENSE_ID, "license-id", TEXT, license_id, 64, 0, P)               \
	X(KERNEL, "kernel", TEXT, kernel, 64, 0, P)                           \
	X(DISTRIBUTION, "distribution", TEXT, distribution, 64, 0, P)         \
	X(DISTRIBUTION_VERSION, "distribution-version", TEXT,                 \
	    distribution_version, 64, 0, P)                                   \
	X(VIRTUALIZATION, "virtualization", TEXT, virtualization, 64, 0, P)   \
	X(CPU_MODEL, "cpu-model", TEXT, cpu_model, 256, 0, P)                 \
	X(LOGICAL_CPUS, "logical-cpus", NUMBER, logical_cpus, 1, 65535, P)    \
	X(MEMORY, "memory-mib", NUMBER, memory_mib, 1, INT32_MAX, P)          \
	X(CPU_FLAGS, "cpu-flags", TEXT, cpu_flags, 960, 0, P)                 \
	X(CPU_FLAGS_MORE, "cpu-flags-more", TEXT, cpu_flags_more, 960, 0, P)  \
	X(FEATURES, "features", TEXT, features, 64, 0, P)                     \
	X(CAPTURE_PLUGINS, "capture-plugins", TEXT, capture_plugins, 64, 0,   \
	    P)                                                                \
	X(INCOMING_IPV4, "incoming-ipv4-bytes-per-s", NUMBER, incoming_ipv4,  \
	    0, STATS_RATE_MAX, P)                                             \
	X(INCOMING_IPV6, "incoming-ipv6-bytes-per-s", NUMBER, incoming_ipv6,  \
	    0, STATS_RATE_MAX, P)                                             \
	X(OUTGOING_IPV4, "outgoing-ipv4-bytes-per-s", NUMBER, outgoing_ipv4,  \
	    0, STATS_RATE_MAX, P)                                             \
	X(OUTGOING_IPV6, "outgoing-ipv6-bytes-per-s", NUMBER, outgoing_ipv6,  \
	    0, STATS_RATE_MAX, P)                                             \
	X(FLOWS, "flows-per-s", NUMBER, flows_per_s, 0, STATS_RATE_MAX, P)    \
	X(HEADERS, "headers-per-s", NUMBER, headers_per_s, 0, STATS_RATE_MAX, \
	    P)                                                                \
	X(CALCULATION, "speed-calculation-us", NUMBER, calculation_us, 0,     \
	    STATS_RATE_MAX, P)                                                \
	X(HOSTS, "total-hosts", NUMBER, total_hosts, 0, 4294967295, P)

struct stats {
	uint64_t has;
	uint8_t machine_key[KEY_SIZE];
	utc_t created;
	char agent_version[TEXT_64], product[TEXT_64], license_id[TEXT_64];
	char kernel[TEXT_64]; /* its release */
	char distribution[TEXT_64], distribution_version[TEXT_64];
	char virtualization[TEXT_64];
	char cpu_model[TEXT_256];
	int64_t logical_cpus, memory_mib;
	char cpu_flags[FLAGS_SIZE], cpu_flags_more[FLAGS_SIZE];
	char features[TEXT_64], capture_plugins[TEXT_64];
	int64_t incoming_ipv4, incoming_ipv6, outgoing_ipv4, outgoing_ipv6;
	int64_t flows_per_s, headers_per_s, calculation_us, total_hosts;
};

/* Signers that must not be believed any more; a root signs the list. */
#define REVOKED_FIELDS(X)                                                     \
	X(VERSION, "version", NUMBER, version, 1, INT64_MAX, A)               \
	X(KEYS, "revoked", KEYS, keys, 0, 0, P)

enum { REVOKED_MAX = 64 };

struct codec_keys {
	size_t count;
	uint8_t key[REVOKED_MAX][KEY_SIZE];
};

struct revoked {
	uint64_t has;
	int64_t version; /* rises with every list */
	struct codec_keys keys;
};

#define CODEC_BIT(p, name, doc, type, member, a, b, need) p##_##name,
#define LICENSE_BIT(...) CODEC_BIT(LICENSE, __VA_ARGS__)
#define REQUEST_BIT(...) CODEC_BIT(REQUEST, __VA_ARGS__)
#define REFUSAL_BIT(...) CODEC_BIT(REFUSED, __VA_ARGS__)
#define STATE_BIT(...) CODEC_BIT(MEMORY, __VA_ARGS__)
#define TIME_RESET_BIT(...) CODEC_BIT(TIME_RESET, __VA_ARGS__)
#define REVOKED_BIT(...) CODEC_BIT(REVOKED, __VA_ARGS__)
#define STATS_BIT(...) CODEC_BIT(STATS, __VA_ARGS__)
enum license_bit { LICENSE_FIELDS(LICENSE_BIT) LICENSE_FIELD_COUNT };
enum request_bit { REQUEST_FIELDS(REQUEST_BIT) REQUEST_FIELD_COUNT };
enum refusal_bit { REFUSAL_FIELDS(REFUSAL_BIT) REFUSED_FIELD_COUNT };
enum memory_bit { STATE_FIELDS(STATE_BIT) MEMORY_FIELD_COUNT };
enum time_reset_bit { TIME_RESET_FIELDS(TIME_RESET_BIT) TIME_RESET_COUNT };
enum revoked_bit { REVOKED_FIELDS(REVOKED_BIT) REVOKED_COUNT };
enum stats_bit { STATS_FIELDS(STATS_BIT) STATS_FIELD_COUNT };

/* has_bit, bit: presence of a line: has_bit(license.has, LICENSE_EDITION). */
#define bit(n) ((uint64_t)1 << (n))
#define has_bit(set, n) (((set) & bit(n)) != 0)

/*
 * ..._decode: the frame must be verified (assertion). Checks every line, the
 * ranges, the order and the conditions of the mode, issued <= signer-until,
 * and that nothing contradicts. True, or false with ${fault} filled and
 * ${out} zeroed.
 */
bool license_decode(const struct doc_frame *frame, struct license *out,
    struct doc_fault *fault);
bool request_decode(const struct doc_frame *frame, struct request *out,
    struct doc_fault *fault);
bool refusal_decode(const struct doc_frame *frame, struct refusal *out,
    struct doc_fault *fault);
bool memory_decode(const struct doc_frame *frame, struct memory *out,
    struct doc_fault *fault);
bool time_reset_decode(const struct doc_frame *frame, struct time_reset *out,
    struct doc_fault *fault);
bool revoked_decode(const struct doc_frame *frame, struct revoked *out,
    struct doc_fault *fault);
bool stats_decode(const struct doc_frame *frame, struct stats *out,
    struct doc_fault *fault);

/* revoked_has: the list names the signer ${key}. */
bool revoked_has(const struct revoked *revoked, const uint8_t key[KEY_SIZE]);

/*
 * ..._encode: append the lines after the key lines, without the signature;
 * lines whose bit in ${has} is clear are left out. False, with nothing
 * promised about ${out}, when a value is not in its range or form: what is
 * encoded always decodes.
 */
bool license_encode(const struct license *license, struct buf *out);
bool request_encode(const struct request *request, struct buf *out);
bool refusal_encode(const struct refusal *refusal, struct buf *out);
bool memory_encode(const struct memory *memory, struct buf *out);
bool time_reset_encode(const struct time_reset *reset, struct buf *out);
bool revoked_encode(const struct revoked *revoked, struct buf *out);
bool stats_encode(const struct stats *stats, struct buf *out);

/*
 * document_begin: append line 1 and, for a document by a machine, its key
 * line. For the vendor's documents the three key lines follow from
 * certificate_print().
 */
void document_begin(enum purpose purpose, const uint8_t *machine_key,
    struct buf *out);

/*
 * certificate_text: the bytes that a root signs for a signer: three lines,
 * "leaseline-signer 1", "signer KEY", "signer-until INSTANT".
 */
void certificate_text(const uint8_t signer[KEY_SIZE], utc_t until,
    struct buf *out);

/* address_valid: RFC 5952 form; an IPv4-mapped address must be IPv4. */
bool address_valid(const char *text);

#endif
