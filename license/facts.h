/* SPDX-License-Identifier: ISC */
/*
 * Facts: what is known now and does not depend on the time. The keeper
 * publishes them; every face takes a reference and makes its report. After
 * publication a value never changes. Instants: s == 0 means none.
 */
#ifndef LICENSE_FACTS_H
#define LICENSE_FACTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "license/codec.h"
#include "license/hardware.h"
#include "license/timekeeping.h"

enum { LICENSE_NAME_SIZE = 64, LICENSES_MAX = 4096, NOTIFICATION_MAX = 15,
	TEST_ALERT_S = 300 };

/* Configured by the operator; -1: the default for the kind of license. */
struct thresholds {
	int64_t action_warning_s, action_critical_s;
	int64_t refresh_warning_s, refresh_critical_s;
	int64_t lease_warning_s, lease_critical_s;
	int64_t bandwidth_warning_pct, bandwidth_critical_pct;
};

/* What is at the path of the license file. */
enum license_file {
	LICENSE_FILE_ABSENT,
	LICENSE_FILE_GOOD,     /* the license in force */
	LICENSE_FILE_STRANGER, /* does not begin leaseline-: never touched */
	LICENSE_FILE_REJECTED, /* ours, not good, nothing to fall back on */
	LICENSE_FILE_UNWRITABLE,
};

/* The last refreshes for people who look, the oldest first. */
enum { RECENT_MAX = 32 };
struct recent {
	utc_t at; /* of the last of them */
	int result, refusal;
	int64_t times; /* alike in a row */
};

struct license_facts {
	atomic_int references;
	char name[LICENSE_NAME_SIZE];
	int64_t index; /* 1.., stable, never reused */
	int source;    /* enum source */
	char product[TEXT_64]; /* configured; "" any */
	char file[256];	       /* the path, for people */
	struct thresholds configured;

	bool has_license;
	struct license license;
	bool has_refusal; /* the latest signed one that is not superseded */
	struct refusal refusal;
	utc_t grace_from; /* the first hardware-limit refusal */
	utc_t revoked_from; /* its signer's revocation became known; or 0 */
	bool has_successor;
	utc_t successor_not_before, successor_expiry;
	bool mismatch_confirmed; /* offline: two readings 10 minutes apart */
	enum license_file file_state;
	char file_detail[DETAIL_SIZE]; /* why it was rejected; "" none */
	bool storage_failed;	       /* the last write of this license */

	struct hardware hardware;
	uint8_t machine_key[KEY_SIZE];

	utc_t since;	  /* first configured here: when "never" began */
	int64_t sequence; /* the highest ever held */
	utc_t refresh_at; /* the second picked in the authority's window */
	utc_t last_attempt, last_success, next_attempt;
	int last_result;  /* enum result */
	int last_refusal; /* enum refusal_reason, of the last answer */
	char last_detail[DETAIL_SIZE]; /* its sentence; "" none */
	bool answered;	  /* the authority ever answered */
	int64_t last_duration_ms; /* -1: none */
	int64_t failures_in_row;
	int64_t attempts;		       /* since the agent's start */
	int64_t failures[RESULT_MAX + 1];      /* the same, by result */
	size_t recent_count;
	struct recent recent[RECENT_MAX];
	int64_t retry_after_s;		       /* asked by the last answer */
	utc_t certificate_not_after;	       /* of the authority */
	int64_t on_change_exit;		       /* -1: never ran */

	bool has_bandwidth;
	int64_t incoming_bytes_per_s, outgoing_bytes_per_s;
	int64_t peak_bytes_per_s; /* -1: not known yet */
	/* Source fastnetmon: */
	int64_t poll_interval_s;
	utc_t data_at; /* the last good look; s 0: none yet */
	bool fixed_term; /* else its date is extended every day */
	bool vendor_local; /* FastNetMon runs on this very hardware */
	char vendor_date[UTC_DATE_SIZE]; /* as FastNetMon says it */
};

struct agent_facts {
	utc_t start;
	struct clock_memory clock;
	int64_t clock_steps;
	bool has_clock_offset;
	int64_t clock_offset_s; /* wall minus signed time, last fresh answer */
	bool storage_up;
	int64_t storage_last_write_ms; /* duration; -1: none yet */
	bool config_ok;
	utc_t config_loaded;
};

struct facts {
	atomic_int references;
	struct agent_facts agent;
	size_t count;
	const struct license_facts *licenses[];
};

/*
 * Counters: one writer each, any reader, no lock. up: 1 connected, 0 not, -1
 * SNMP is switched off.
 */
struct counters {
	atomic_llong heartbeat_s; /* wall clock of the keeper's last beat */
	atomic_int agentx_up;
	atomic_int agentx_refused; /* another agent has the subtree */
	atomic_llong agentx_connects, agentx_requests;
	atomic_llong notifications[NOTIFICATION_MAX + 1];
	atomic_llong notifications_pending;
	atomic_llong test_alert_until_s; /* wall clock, TEST_ALERT_S ahead */
	/* Usage reports; next 0: they are switched off. */
	atomic_llong stats_next_s, stats_last_success_s, stats_failures;
};

/* board: where the keeper publishes and the faces look. */
struct board {
	pthread_mutex_t lock;
	const struct facts *current;
	struct counters counters;
};

void board_init(struct board *board);
void board_fini(struct board *board);

/* board_publish: takes ${facts}; the one before loses the board's reference. */
void board_publish(struct board *board, const struct facts *facts);

/* board_take: a reference, NULL before the first publication. */
const struct facts *board_take(struct board *board);

/* facts_take: one more reference. facts_release: NULL is accepted. */
const struct facts *facts_take(const struct facts *facts);
void facts_release(const struct facts *facts);

/*
 * facts_new: room for ${count} licenses, one reference; the caller fills
 * licenses[] with references (license_facts_new, license_facts_take).
 */
struct facts *facts_new(size_t count);

/* license_facts_new: a copy of ${model} (all zero when NULL), one reference. */
struct license_facts *license_facts_new(const struct license_facts *model);
const struct license_facts *license_facts_take(
    const struct license_facts *facts);
void license_facts_release(const struct license_facts *facts);

#endif
