/* SPDX-License-Identifier: ISC */
/*
 * Families and samples as text format 0.0.4. It knows the format's rules and
 * no metric.
 */
#include "license/base/exposition.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/buf.h"

static const char *const type_words[] = {
	[METRIC_GAUGE] = "gauge",
	[METRIC_COUNTER] = "counter",
	[METRIC_HISTOGRAM] = "histogram",
};

/* Metric and label names without the colon, which is for recording rules. */
static bool
is_name(const char *name)
{
	static const char first[] =
	    "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (name[0] == '\0' || strchr(first, name[0]) == NULL)
		return false;
	for (; *name != '\0'; name++) {
		if (strchr(first, *name) == NULL &&
		    (*name < '0' || *name > '9'))
			return false;
	}
	return true;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static bool
was_seen(const struct exposition *e, const char *name)
{
	for (size_t i = 0; i < e->seen_count; i++) {
		if (strcmp(e->seen[i]->name, name) == 0)
			return true;
	}
	return false;
}

static void
add_escaped(struct buf *out, char c, bool quoted)
{
	if (c == '\n')
		buf_puts(out, "\\n");
	else if (c == '\\')
		buf_puts(out, "\\\\");
	else if (c == '"' && quoted)
		buf_puts(out, "\\\"");
	else
		buf_putc(out, c);
}

/* At most METRIC_LABEL_BYTES_MAX bytes of the value, cut between characters. */
static void
add_label_value(struct buf *out, const char *value)
{
	size_t left = strnlen(value, METRIC_LABEL_BYTES_MAX + 4);
	size_t room = METRIC_LABEL_BYTES_MAX;

	while (left > 0) {
		size_t n = utf8_length(value, left);
		bool valid = n > 0;

		n = valid ? n : 1;
		if ((valid ? n : 3) > room)
			break;
		room -= valid ? n : 3;
		if (!valid)
			buf_puts(out, "\xEF\xBF\xBD");
		else if (n == 1)
			add_escaped(out, *value, true);
		else
			buf_add(out, value, n);
		value += n;
		left -= n;
	}
}

static void
add_head(struct exposition *e, const char *suffix,
    const struct metric_label *labels, size_t count, const char *bound)
{
	assert(e->family != NULL);
	assert(count <= METRIC_LABELS_MAX);
	buf_puts(e->out, e->family->name);
	buf_puts(e->out, suffix);
	for (size_t i = 0; i < count; i++) {
		assert(is_name(labels[i].name));
		buf_putc(e->out, i == 0 ? '{' : ',');
		buf_puts(e->out, labels[i].name);
		buf_puts(e->out, "=\"");
		add_label_value(e->out, labels[i].value == NULL ? "" :
		    labels[i].value);
		buf_putc(e->out, '"');
	}
	if (bound != NULL)
		buf_printf(e->out, "%cle=\"%s\"", count == 0 ? '{' : ',',
		    bound);
	if (count > 0 || bound != NULL)
		buf_putc(e->out, '}');
	buf_putc(e->out, ' ');
}

/* The shorter text when it reads back as the same number: 0.1, not 0.1000... */
static void
add_fraction(struct buf *out, double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.15g", value);
	if (strtod(text, NULL) != value)
		snprintf(text, sizeof(text), "%.17g", value);
	buf_puts(out, text);
}

static void
add_number(struct buf *out, double value)
{
	static const double exact = 9007199254740992.0; /* 2^53 */

	if (isnan(value))
		buf_puts(out, "NaN");
	else if (isinf(value))
		buf_puts(out, value > 0 ? "+Inf" : "-Inf");
	else if (fabs(value) <= exact && trunc(value) == value)
		buf_printf(out, "%" PRId64, (int64_t)value);
	else
		add_fraction(out, value);
}

void
exposition_begin(struct exposition *e, struct buf *out)
{
	e->out = out;
	e->family = NULL;
	e->seen_count = 0;
}

void
exposition_end(struct exposition *e)
{
	e->family = NULL;
}

void
exposition_family(struct exposition *e, const struct metric_family *f)
{
	assert(is_name(f->name));
	assert(ends_with(f->name, "_total") == (f->type == METRIC_COUNTER));
	assert(!was_seen(e, f->name) && e->seen_count < METRIC_FAMILIES_MAX);
	buf_printf(e->out, "# HELP %s ", f->name);
	for (const char *p = f->help; *p != '\0'; p++)
		add_escaped(e->out, *p, false);
	buf_printf(e->out, "\n# TYPE %s %s\n", f->name, type_words[f->type]);
	e->seen[e->seen_count++] = f;
	e->family = f;
}

void
exposition_sample(struct exposition *e, const struct metric_label *labels,
    size_t label_count, double value)
{
	add_head(e, "", labels, label_count, NULL);
	add_number(e->out, value);
	buf_putc(e->out, '\n');
}

void
exposition_count(struct exposition *e, const struct metric_label *labels,
    size_t label_count, int64_t value)
{
	add_head(e, "", labels, label_count, NULL);
	buf_printf(e->out, "%" PRId64 "\n", value);
}

void
exposition_histogram(struct exposition *e, const double *bounds,
    const uint64_t *counts, size_t n, double sum)
{
	uint64_t total = 0;

	assert(e->family != NULL && e->family->type == METRIC_HISTOGRAM);
	for (size_t i = 0; i <= n; i++) {
		char bound[32] = "+Inf";

		assert(i == 0 || i == n || bounds[i] > bounds[i - 1]);
		if (i < n)
			snprintf(bound, sizeof(bound), "%.15g", bounds[i]);
		total += counts[i];
		add_head(e, "_bucket", NULL, 0, bound);
		buf_printf(e->out, "%" PRIu64 "\n", total);
	}
	add_head(e, "_sum", NULL, 0, NULL);
	add_number(e->out, sum);
	buf_putc(e->out, '\n');
	add_head(e, "_count", NULL, 0, NULL);
	buf_printf(e->out, "%" PRIu64 "\n", total);
}
