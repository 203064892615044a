/* SPDX-License-Identifier: ISC */
/*
 * `fcli check license`: reports as the one line of a monitoring plugin, and
 * as the yes or no that starts a product. It asks nobody and waits for
 * nothing.
 */
#ifndef LICENSE_CHECK_H
#define LICENSE_CHECK_H

#include "license/range.h"
#include "license/report.h"

struct buf;

/* Exit codes of the plugin contract. */
enum check_result { CHECK_OK, CHECK_WARNING, CHECK_CRITICAL, CHECK_UNKNOWN };

struct check_options {
	struct range warning, critical; /* days; not given: those in force */
	bool all;	 /* every license, of which the worst decides */
	bool agent_down; /* the reports are from the files */
};

/* check: one license: as it is, and with days to be judged by the options. */
struct check {
	struct report report;
	struct report bare; /* without the thresholds that are replaced */
};

/* check_make: from facts, as report_make(). */
void check_make(const struct license_facts *facts, utc_t now, enum trust trust,
    const struct check_options *options, struct check *out);

/*
 * check_render: "LEASELINE OK - text|perfdata" and LF. Days that are below
 * the warning or critical range, or else the severity, decide; whatever is
 * not about days counts also with ranges of the caller's.
 */
enum check_result check_render(const struct check *checks, size_t count,
    const struct check_options *options, struct buf *out);

#endif
