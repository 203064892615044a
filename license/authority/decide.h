/* SPDX-License-Identifier: ISC */
/*
 * The decision: records and a verified request in, a license or a refusal and
 * the changed records out. Pure: no clock, no database, no key. The order of
 * the refusals is that of documents.md section 4.
 */
#ifndef LICENSE_AUTHORITY_DECIDE_H
#define LICENSE_AUTHORITY_DECIDE_H

#include "license/authority/records.h"

struct decide_policy {
	int64_t lease_days;	   /* 14: the days a lease covers */
	int64_t early_s;	   /* not-before = issued - this */
	int64_t refresh_min_s;	   /* the window begins no earlier */
	int64_t refresh_window_s;
	int64_t bind_grace_s;
	int64_t rebinds_allowed;   /* in a window */
	int64_t rebind_window_s;
	int64_t take_over_s;	   /* a second one sooner needs approval */
	int64_t busy_retry_s;
	int64_t sequence_leap_max; /* a held one further ahead is a lie */
	int64_t offline_mbits_min;
	int64_t memory_tolerance_mib; /* of an offline license, at least */
	int64_t memory_tolerance_part; /* and one part of so many */
};

extern const struct decide_policy decide_policy_default;

struct decide_question {
	const struct decide_policy *policy;
	const char *issuer;
	utc_t now;
	const char *observed; /* the peer's address */
	const struct request *request;
	const uint8_t *request_sha256;
	const struct dossier *dossier;
};

enum decision_kind {
	DECISION_LICENSE,
	DECISION_REFUSAL,
	DECISION_REPEAT, /* the stored answer, byte for byte; no change */
};

/* The signer's members of the documents are left to issue.h. */
struct decision {
	enum decision_kind kind;
	struct license license;
	struct refusal refusal;
	struct change change;
};

void decide(const struct decide_question *question, struct decision *out);

/*
 * decide_choose: which of the allocations that hold the observed address a
 * key without record of the product belongs to. Index, or -1 with ${lookup}
 * telling why.
 */
int decide_choose(const struct candidate *candidates, size_t count,
    const struct request *request, utc_t now, enum lookup *lookup);

/*
 * decide_refuse: a refusal outside of any subscription: busy, malformed,
 * unsupported-version.
 */
void decide_refuse(const struct decide_question *question,
    enum refusal_reason reason, struct refusal *out);

/* decide_slot: the second of the day at which a license's window begins. */
int64_t decide_slot(const char *license_id);

/* decide_refresh_after: from ${now} to the next slot, refresh_min_s away. */
int64_t decide_refresh_after(const struct decide_policy *policy, utc_t now,
    int64_t slot);

#endif
