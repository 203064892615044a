/* SPDX-License-Identifier: ISC */
/* Prometheus text; the escaper is written before the first metric. */
#include "license/base/exposition.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "license/base/buf.h"

static bool
good_name(const char *name)
{
	if (name[0] >= '0' && name[0] <= '9')
		return false;
	return name[0] != '\0' && strspn(name, "abcdefghijklmnopqrstuvwxyz"
					       "0123456789_") == strlen(name);
}

void
exposition_begin(struct exposition *e, struct buf *out)
{
	*e = (struct exposition){.out = out};
}

void
exposition_end(struct exposition *e)
{
	e->family = NULL;
}

/* A backslash, a quote and a newline would end the text they stand in. */
static void
escape(struct buf *out, const char *text, size_t max)
{
	size_t len = strlen(text);

	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_length(text + i, len - i);
		if (i + (n == 0 ? 1 : n) > max)
			break;
		if (n == 0) {
			n = 1;
			buf_puts(out, "\xEF\xBF\xBD");
		} else if (text[i] == '\n') {
			buf_puts(out, "\\n");
		} else if (text[i] == '"' || text[i] == '\\') {
			buf_putc(out, '\\');
			buf_putc(out, text[i]);
		} else {
			buf_add(out, text + i, n);
		}
	}
}

void
exposition_family(struct exposition *e, const struct metric_family *f)
{
	static const char *const types[] = {
		[METRIC_GAUGE] = "gauge",
		[METRIC_COUNTER] = "counter",
		[METRIC_HISTOGRAM] = "histogram",
	};
	size_t len = strlen(f->name);
	bool total = len > 6 && strcmp(f->name + len - 6, "_total") == 0;

	assert(good_name(f->name));
	assert(total == (f->type == METRIC_COUNTER));
	assert(f->help[0] != '\0' && strpbrk(f->help, "\n\\") == NULL);
	e->family = f;
	buf_printf(e->out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help,
	    f->name, types[f->type]);
}

static void
write_series(struct exposition *e, const char *suffix,
    const struct metric_label *labels, size_t label_count)
{
	assert(e->family != NULL && label_count <= METRIC_LABELS_MAX);
	buf_puts(e->out, e->family->name);
	buf_puts(e->out, suffix);
	for (size_t i = 0; i < label_count; i++) {
		assert(good_name(labels[i].name));
		buf_puts(e->out, i == 0 ? "{" : ",");
		buf_puts(e->out, labels[i].name);
		buf_puts(e->out, "=\"");
		escape(e->out, labels[i].value, METRIC_LABEL_BYTES_MAX);
		buf_putc(e->out, '"');
	}
	buf_puts(e->out, label_count > 0 ? "} " : " ");
}

static void
write_value(struct buf *out, double value)
{
	if (isnan(value))
		buf_puts(out, "NaN\n");
	else if (isinf(value))
		buf_puts(out, value > 0 ? "+Inf\n" : "-Inf\n");
	else if (value == floor(value) && fabs(value) <= 9007199254740992.0)
		buf_printf(out, "%" PRId64 "\n", (int64_t)value);
	else
		buf_printf(out, "%.17g\n", value);
}

void
exposition_sample(struct exposition *e, const struct metric_label *labels,
    size_t label_count, double value)
{
	write_series(e, "", labels, label_count);
	write_value(e->out, value);
}

void
exposition_count(struct exposition *e, const struct metric_label *labels,
    size_t label_count, int64_t value)
{
	write_series(e, "", labels, label_count);
	buf_printf(e->out, "%" PRId64 "\n", value);
}

void
exposition_histogram(struct exposition *e, const double *bounds,
    const uint64_t *counts, size_t n, double sum)
{
	uint64_t cumulative = 0;

	assert(e->family != NULL && e->family->type == METRIC_HISTOGRAM);
	for (size_t i = 0; i < n; i++) {
		cumulative += counts[i];
		buf_printf(e->out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n",
		    e->family->name, bounds[i], cumulative);
	}
	cumulative += counts[n];
	buf_printf(e->out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n",
	    e->family->name, cumulative);
	buf_printf(e->out, "%s_sum ", e->family->name);
	write_value(e->out, sum);
	buf_printf(e->out, "%s_count %" PRIu64 "\n", e->family->name,
	    cumulative);
}
