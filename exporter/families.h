/* SPDX-License-Identifier: ISC */
/*
 * The families of the metrics page as tables: name, type, HELP, which fields
 * of the reports they show, and when they are not there. The page, its
 * reference (METRICS.md) and the tests read them; they render nothing.
 */
#ifndef EXPORTER_FAMILIES_H
#define EXPORTER_FAMILIES_H

#include "license/base/exposition.h"
#include "license/report.h"

/* How a row becomes samples. */
enum row_kind {
	ROW_PARTS,     /* the fields named; an enumeration is a state set */
	ROW_INFO,      /* 1, with the identity as labels */
	ROW_REMAINING, /* to the expiry */
	ROW_FAILURES,  /* by result */
	ROW_BINDING,   /* by component */
};

/* One value of a row: the field, and the label's value where it has one. */
struct part {
	enum field_id id;
	const char *value;
};

struct license_family {
	struct metric_family family;
	const char *absent; /* when it has no series: a clause, for people */
	enum row_kind kind;
	const char *label; /* beside license; NULL: none */
	struct part parts[2];
	int64_t multiply, divide; /* 0: by one */
};

struct agent_family {
	struct metric_family family;
	const char *absent;
	enum agent_id id;  /* no series without this field */
	const char *label; /* of a state set */
	int64_t divide;
};

struct process_family {
	struct metric_family family;
	const char *absent;
};

const struct license_family *license_families(size_t *count);
const struct agent_family *agent_families(size_t *count);
const struct agent_family *build_family(void);
const struct agent_family *notification_family(void);
const struct process_family *process_families(size_t *count); /* by hand */

#endif
