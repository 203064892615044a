/* SPDX-License-Identifier: ISC */
/*
 * The metric writer: families and samples in, a Prometheus page out. It
 * escapes label values, keeps a family together, and refuses (by a failed
 * assertion: our mistake) a family twice, a sample without a family, a
 * counter not ending in _total, a bad name. It knows no metric by itself.
 */
#ifndef LICENSE_BASE_EXPOSITION_H
#define LICENSE_BASE_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Text format 0.0.4 and OpenMetrics 1.0.0. */
enum exposition_format { EXPOSITION_TEXT, EXPOSITION_OPENMETRICS,
	EXPOSITION_FORMATS };

enum metric_type { METRIC_GAUGE, METRIC_COUNTER, METRIC_HISTOGRAM };

/* One row of a face's table: the family, once for all. */
struct metric_family {
	const char *name; /* with _total for a counter, whatever the format */
	enum metric_type type;
	const char *help; /* one sentence */
};

struct metric_label {
	const char *name, *value; /* value: any bytes; bounded, made UTF-8 */
};

enum { METRIC_LABEL_BYTES_MAX = 256, METRIC_LABELS_MAX = 10,
	METRIC_FAMILIES_MAX = 256 };

struct exposition {
	struct buf *out;
	enum exposition_format format;
	const struct metric_family *family; /* the open one */
	const struct metric_family *seen[METRIC_FAMILIES_MAX];
	size_t seen_count;
};

/* exposition_begin, _end: a page into ${out} (its cap is the limit). */
void exposition_begin(struct exposition *e, enum exposition_format format,
    struct buf *out);
void exposition_end(struct exposition *e);

/* exposition_family: HELP, TYPE and UNIT lines; opens the family. */
void exposition_family(struct exposition *e, const struct metric_family *f);

/*
 * exposition_sample: one line of the open family. Values that are whole
 * numbers up to 2^53 are printed as such.
 */
void exposition_sample(struct exposition *e, const struct metric_label *labels,
    size_t label_count, double value);

/* exposition_count: a whole number without the detour over double. */
void exposition_count(struct exposition *e, const struct metric_label *labels,
    size_t label_count, int64_t value);

/*
 * exposition_histogram: _bucket (cumulative, +Inf added), _sum and _count of
 * the open family. ${bounds} rising; ${counts}: ${n} + 1 plain counts, the
 * last one above every bound.
 */
void exposition_histogram(struct exposition *e, const double *bounds,
    const uint64_t *counts, size_t n, double sum);

/* exposition_unit: base unit at the end of the name, or NULL. */
const char *exposition_unit(const struct metric_family *f);

/*
 * exposition_accepted: the format that the header Accept (NULL: none) asks
 * for. OpenMetrics only by its name and 1.0.0 or no version; whatever else is
 * asked for gets text, never a refusal. ${escaping}: it was asked for with
 * that parameter, which the answer then names too: our names need none, so
 * "underscores" is true whichever scheme was asked for.
 */
enum exposition_format exposition_accepted(const char *accept,
    bool *escaping);
const char *exposition_content_type(enum exposition_format format,
    bool escaping);

#endif
