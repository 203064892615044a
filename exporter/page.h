/* SPDX-License-Identifier: ISC */
/*
 * The page at /: each license for a person, on a phone and on the wall of a
 * network operations center. One HTML document without a script and without
 * anything from elsewhere; its style is in it, named by its hash in the
 * Content-Security-Policy. It decides nothing: words and numbers are the
 * report's.
 */
#ifndef EXPORTER_PAGE_H
#define EXPORTER_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "license/report.h"

struct buf;
struct view;

enum {
	PAGE_CARDS_MAX = 60, /* the worst; the others are lines of a table */
	PAGE_POLICY_SIZE = 256,
	PAGE_REFRESH_S = 60, /* the browser asks again */
};

/* PAGE_SIZE: an upper bound of the page's bytes for so many licenses. */
#define PAGE_SIZE(count)                                                      \
	(32768 + (size_t)PAGE_CARDS_MAX * 24576 + (size_t)(count) * 1024)

/* page_render: the worst license first. False when it does not fit. */
bool page_render(const struct view *view, struct buf *out);

/* page_policy: the value of Content-Security-Policy for that page. */
void page_policy(char out[static PAGE_POLICY_SIZE]);

/* page_style.c: what stands between <style> and </style>. */
extern const char page_style[];

/*
 * page_line.c: one <svg> each, with a text alternative, and no text of its
 * own. page_line: lease and term on one line of time, with the thresholds in
 * force; nothing without a license. page_strip: the last refreshes.
 * page_gauge: the bandwidth used of the licensed, with its largest mean.
 */
void page_line(const struct report *report, struct buf *out);
void page_strip(const struct license_facts *facts, struct buf *out);
void page_gauge(const struct report *report, struct buf *out);

#endif
