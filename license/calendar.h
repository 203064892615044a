/* SPDX-License-Identifier: ISC */
/*
 * The day by which a person must have acted, for a person's calendar
 * (RFC 5545), as the article asks for: an all-day event with reminders 60, 30,
 * 7 and 1 days ahead. It knows no file, no socket and no calendar program.
 */
#ifndef LICENSE_CALENDAR_H
#define LICENSE_CALENDAR_H

#include "license/report.h"

struct buf;

/*
 * calendar_begin, calendar_event, calendar_end: lines end with CRLF and are
 * folded at 75 octets, between characters. An event per license; its UID is
 * that of the license, so that importing again moves the event and does not
 * add one. calendar_event is false, and adds nothing, when the report has no
 * action deadline: no license, nothing to be reminded of.
 */
void calendar_begin(struct buf *out);
bool calendar_event(const struct report *report, struct buf *out);
void calendar_end(struct buf *out);

#endif
