/* SPDX-License-Identifier: ISC */
/*
 * An offline license: the conditions of its issue and what is in it. Pure: no
 * file, no database, no key (offline_command.h has those).
 */
#ifndef LICENSE_AUTHORITY_OFFLINE_H
#define LICENSE_AUTHORITY_OFFLINE_H

#include "license/authority/decide.h"

enum { OFFLINES_MAX = 64 }; /* of one subscription that a decision sees */

struct offline_question {
	const struct decide_policy *policy;
	const char *issuer;
	utc_t now;
	utc_t not_before; /* 0: at once */
	const uint8_t *signer;
	utc_t signer_until;
	const struct request *request; /* verified under its own key */
	const uint8_t *request_sha256;
	const struct dossier *dossier; /* of the subscription */
	size_t count;
	const struct offline *issued; /* before, by sequence */
};

struct offline_answer {
	bool repeat; /* the document of record.sequence is the answer */
	struct license license;
	struct offline record;
	struct change change;
};

/*
 * offline_judge: true, or false with one sentence in ${error} that names the
 * condition and the mend. The same request gets the same document, until a
 * person changed the subscription or it is released.
 */
bool offline_judge(const struct offline_question *question,
    struct offline_answer *out, struct buf *error);

/*
 * offline_remark: what the person who issued it must know, a sentence a line:
 * a gap before it begins, an online lease that still runs elsewhere.
 */
void offline_remark(const struct offline_question *question,
    const struct offline_answer *answer, struct buf *out);

/* offline_standing: a machine may still use it, and it is not released. */
bool offline_standing(const struct offline *offline, utc_t now);

#endif
