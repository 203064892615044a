/* SPDX-License-Identifier: ISC */
/*
 * What a decision rests on, worked out once from the question: who speaks,
 * from which allocation, on which hardware, after how many rebinds. Shared by
 * the rules (decide.c) and the grant (grant.c); it refuses nothing.
 */
#ifndef LICENSE_AUTHORITY_WEIGH_H
#define LICENSE_AUTHORITY_WEIGH_H

#include "license/authority/branch.h"
#include "license/authority/decide.h"

struct weighing {
	const struct decide_question *q;
	const struct decide_policy *policy;
	const struct request *request;
	const struct dossier *dossier;
	struct decision *out;
	int64_t held;
	bool speaks;	/* the key is the live one of the subscription */
	bool take_over; /* another key is, and this one would follow it */
	const struct allocation *match;
	bool hardware_changed, hardware_seen;
	char cpu_model[TEXT_256]; /* to bind; "" when never known */
	int64_t logical_cpus;	  /* 0 when never known */
	int64_t rebinds_used;
	utc_t rebind_oldest, last_take_over; /* 0: none */
	struct branch_question branch_question;
	enum branch branch;
};

void weigh(const struct decide_question *question, struct decision *out,
    struct weighing *weighing);

/* weigh_internal: the internal address reported, "" when none was. */
const char *weigh_internal(const struct request *request);

/* weigh_counted: issuing would be a counted rebind. */
bool weigh_counted(const struct weighing *weighing);

/*
 * weigh_take_sequence: the next of the chain: higher than all that was issued
 * and all that the machine holds. What does not fit together is audited.
 */
int64_t weigh_take_sequence(struct weighing *weighing);

/* weigh_remember: what is kept of a request that is answered. */
void weigh_remember(struct weighing *weighing, enum refusal_reason reason);

/*
 * weigh_note: the same of a request that may be another machine's: the stored
 * answer stays, which the right one may still ask for.
 */
void weigh_note(struct weighing *weighing, enum refusal_reason reason);

/* weigh_audit_coupon: an event where the request's coupon brought nothing. */
void weigh_audit_coupon(struct weighing *w);

#endif
