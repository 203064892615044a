/* SPDX-License-Identifier: ISC */
/*
 * Copies of a machine: what the sequence that a request holds says of the
 * branch that speaks (documents.md 5). Pure; it refuses and grants nothing.
 *
 * Each fork leaves a branch behind, known by the last sequence it got (its
 * tip). A tip that speaks again is a second living branch, or a snapshot that
 * was taken at that very moment; once it goes on, the second time it is a
 * clone. A tip that was silent for a lease's life is forgotten: nothing lives
 * there any more.
 */
#ifndef LICENSE_AUTHORITY_BRANCH_H
#define LICENSE_AUTHORITY_BRANCH_H

#include "license/authority/records.h"

enum branch {
	BRANCH_GOES_ON,	 /* nothing to remark */
	BRANCH_FORK,	 /* a snapshot came back, or a copy spoke */
	BRANCH_LEFT,	 /* one that was left speaks again: the first time */
	BRANCH_CLONE,	 /* the second time, or it was refused before */
	BRANCH_ORIGINAL, /* the same, but the others have new hardware */
};

struct branch_question {
	const struct machine *machine; /* its record */
	utc_t now;
	int64_t held;	   /* 0: nothing */
	int64_t life_s;	   /* how long a silent branch may live */
	bool old_hardware; /* it has what was bound before the fork */
};

enum branch branch_judge(const struct branch_question *question);

/*
 * branch_take: ${machine} after the branch that speaks was answered with the
 * next sequence; ${branch} as judged. Before its sequence is set.
 */
void branch_take(struct machine *machine, enum branch branch,
    const struct branch_question *question);

/* branch_mark: a clone is found; the branch that got the last one goes on. */
void branch_mark(struct machine *machine);

/* branch_clear: all branches may go on, whatever was found. */
void branch_clear(struct machine *machine);

#endif
