/* SPDX-License-Identifier: ISC */
/*
 * Events: one for every decision or command that changes something, appended
 * and never changed. Text from outside is made printable and cut here, so
 * that nothing downstream has to think of it.
 */
#ifndef LICENSE_AUTHORITY_EVENT_H
#define LICENSE_AUTHORITY_EVENT_H

#include "license/authority/records.h"

/*
 * event_add: append one to ${change} for its subscription; ${format} makes
 * the detail. Beyond EVENTS_PER_CHANGE nothing is added.
 */
void event_add(struct change *change, enum event_kind kind, utc_t at,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* event_add_refusal: "refuse-REASON". */
void event_add_refusal(struct change *change, enum refusal_reason reason,
    utc_t at, const char *detail);

#endif
