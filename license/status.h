/* SPDX-License-Identifier: ISC */
/*
 * Between status.c, which has the page, and status_machine.c, which has the
 * rows about this machine. Nobody else includes this.
 */
#ifndef LICENSE_STATUS_H
#define LICENSE_STATUS_H

#include "license/report.h"

struct buf;

/*
 * One row a line. A row that appends nothing is left out,
 * because what does not apply is no word.
 */
struct page {
	const struct report *r;
	const struct agent_report *a;
	enum field_id id; /* of the row, where one field is all it needs */
	const char *tail;
};

/* "2026-11-25T01:00:00Z (in 3 h 12 min)", or "(3 h 12 min ago)". */
void status_add_moment(utc_t t, utc_t now, struct buf *out);

void status_row_binding(const struct page *p, struct buf *out);
void status_row_hardware(const struct page *p, struct buf *out);
void status_row_rebinds(const struct page *p, struct buf *out);
void status_row_addresses(const struct page *p, struct buf *out);
void status_row_source(const struct page *p, struct buf *out);
void status_row_on_change(const struct page *p, struct buf *out);
void status_row_clock(const struct page *p, struct buf *out);
void status_row_storage(const struct page *p, struct buf *out);
void status_row_agent(const struct page *p, struct buf *out);

#endif
