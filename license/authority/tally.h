/* SPDX-License-Identifier: ISC */
/*
 * What the authority counts of itself, and the page made of it. Safe from any
 * thread. It decides nothing and reads no database.
 */
#ifndef LICENSE_AUTHORITY_TALLY_H
#define LICENSE_AUTHORITY_TALLY_H

#include "license/authority/database.h"

struct tally;

/* A result: one of these, or TALLY_REFUSED + refusal reason. */
enum tally_result {
	TALLY_LICENSE,	    /* a new license */
	TALLY_REPEAT,	    /* the same bytes, the same answer */
	TALLY_BAD_REQUEST,  /* no request, or not verified: 400 */
	TALLY_UNAVAILABLE,  /* 503: nothing was stored */
	TALLY_LIMITED,	    /* 429: one machine too often; not decided */
	TALLY_REFUSED,
	TALLY_RESULT_COUNT = TALLY_REFUSED + REFUSAL_MAX + 1,
};

/* What became of a usage report: no part of the requests. */
enum tally_report {
	TALLY_REPORT_STORED,
	TALLY_REPORT_BAD,	  /* no report, or not verified: 400 */
	TALLY_REPORT_UNKNOWN,	  /* of no known machine: 403 */
	TALLY_REPORT_UNAVAILABLE, /* 503: nothing was stored */
	TALLY_REPORT_COUNT,
};

struct tally *tally_new(const char *revision);
void tally_free(struct tally *tally);

void tally_request(struct tally *tally, int result, int64_t duration_ns);
void tally_report(struct tally *tally, enum tally_report result);
void tally_batch(struct tally *tally, size_t size);
void tally_queue(struct tally *tally, size_t length);
void tally_limit(struct tally *tally, int64_t grants_per_s);
void tally_database(struct tally *tally, bool up);
bool tally_database_up(struct tally *tally);
/* tally_signer: how long there is a signer; s 0: there is none. */
void tally_signer(struct tally *tally, utc_t until);
void tally_counts(struct tally *tally, const struct database_counts *counts);

/* tally_print: the page, text format 0.0.4. */
void tally_print(struct tally *tally, struct buf *out);

#endif
