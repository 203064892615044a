/* SPDX-License-Identifier: ISC */
/*
 * `fcli check license`: reports as the line of a monitoring plugin, or as
 * what other monitoring systems read in its place. It asks nobody and waits
 * for nothing.
 */
#ifndef LICENSE_CHECK_H
#define LICENSE_CHECK_H

#include "license/command.h"
#include "license/range.h"
#include "license/report.h"

struct buf;

/* Exit codes of the plugin contract. */
enum check_result { CHECK_OK, CHECK_WARNING, CHECK_CRITICAL, CHECK_UNKNOWN };

struct check_options {
	enum check_format format;
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
 * check_render: the answer in its format (check_formats.c), and the worst
 * result: days that are below the warning or critical range, or else the
 * severity, decide; whatever is not about days counts also with ranges of the
 * caller's. Formats: nagios (draft-kaestle-monitoring-plugins-interface),
 * "LEASELINE OK - text|perfdata" and LF; checkmk, a line for the agent and one
 * for each license, "STATE \"NAME\" METRICS TEXT"; librenms, the object
 * {version, error, errorString, data} without a backslash in it.
 */
enum check_result check_render(const struct check *checks, size_t count,
    const struct check_options *options, struct buf *out);

/*
 * What the formats are made of. check_text: one license in a sentence or
 * more, any bytes in it printable, without LF. check_worse: critical >
 * unknown > warning > ok. check_word: "WARNING".
 */
enum check_result check_result(const struct check *check,
    const struct check_options *options);
enum check_result check_worse(enum check_result a, enum check_result b);
const char *check_word(enum check_result result);
void check_text(const struct check *check, const struct check_options *options,
    struct buf *out);

/* check_next: "; NAME is the next; 5 days to act, until DATE", or nothing. */
void check_next(const struct check *checks, size_t count, struct buf *out);

/* measure: one number of a license; thresholds as ranges, "" where none. */
enum { MEASURES_MAX = 6, MEASURE_RANGE_SIZE = 32 };
struct measure {
	const char *name, *unit; /* unit of plugins: "", "s", "%" */
	int64_t value;
	char warning[MEASURE_RANGE_SIZE], critical[MEASURE_RANGE_SIZE];
};

/* check_measures: those that apply, how many. */
size_t check_measures(const struct check *check,
    const struct check_options *options, struct measure out[MEASURES_MAX]);

#endif
