/* SPDX-License-Identifier: ISC */
/*
 * A refusal in words: to the person at the machine what was seen there, to
 * the vendor what to do about it. Pure; it decides nothing.
 */
#ifndef LICENSE_AUTHORITY_EXPLAIN_H
#define LICENSE_AUTHORITY_EXPLAIN_H

#include "license/authority/weigh.h"

/*
 * explain_detail: the sentence of the refusal; ${sentence} where the case has
 * nothing to add.
 */
void explain_detail(const struct weighing *weighing,
    enum refusal_reason reason, const char *sentence,
    char out[static DETAIL_SIZE]);

/* explain_event: the same for the event that the vendor reads. */
void explain_event(const struct weighing *weighing,
    enum refusal_reason reason, const char *sentence,
    char out[static EVENT_DETAIL_SIZE]);

/* explain_machine: what a person of the vendor's should do; "" nothing. */
const char *explain_machine(const struct machine *machine);

#endif
