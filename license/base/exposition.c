/* SPDX-License-Identifier: ISC */
/*
 * Families and samples as text format 0.0.4 and OpenMetrics 1.0.0. It knows
 * the formats' rules and no metric.
 */
#include "license/base/exposition.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/accept.h"
#include "license/base/buf.h"

static const char *const type_words[] = {
	[METRIC_GAUGE] = "gauge",
	[METRIC_COUNTER] = "counter",
	[METRIC_HISTOGRAM] = "histogram",
};

/* OpenMetrics' UNIT is the end of the name: no second list of units. */
static const char *const units[] = {"bytes_per_second", "seconds", "bytes",
	"ratio"};

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Metric and label names without the colon, which is for recording rules. */
static bool
is_name(const char *name)
{
	if (!is_letter(name[0]))
		return false;
	for (; *name != '\0'; name++) {
		if (!is_letter(*name) && (*name < '0' || *name > '9'))
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

static bool
is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

/* Not a control character, but for the line feed, which has an escape. */
static bool
is_shown(char c)
{
	return c == '\n' || ((unsigned char)c >= ' ' && c != 0x7F);
}

/* At most METRIC_LABEL_BYTES_MAX bytes of the value, cut between characters. */
static void
add_label_value(struct buf *out, const char *value)
{
	size_t left = strnlen(value, METRIC_LABEL_BYTES_MAX + 4);
	size_t room = METRIC_LABEL_BYTES_MAX, plain = 0;

	while (plain < left && plain < room && is_plain(value[plain]))
		plain++;
	buf_add(out, value, plain);
	value += plain;
	left -= plain;
	room -= plain;
	while (left > 0) {
		size_t n = utf8_length(value, left);
		bool valid = n > 0 && is_shown(*value);

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

const char *
exposition_content_type(enum exposition_format format, bool escaping)
{
	if (format == EXPOSITION_TEXT)
		return "text/plain; version=0.0.4; charset=utf-8";
	return escaping ? "application/openmetrics-text; version=1.0.0; "
			  "charset=utf-8; escaping=underscores" :
			  "application/openmetrics-text; version=1.0.0; "
			  "charset=utf-8";
}

enum exposition_format
exposition_accepted(const char *accept, bool *escaping)
{
	static const struct accept_offer offers[EXPOSITION_FORMATS] = {
		[EXPOSITION_TEXT] = {"text", "plain", "0.0.4"},
		[EXPOSITION_OPENMETRICS] = {"application", "openmetrics-text",
		    "1.0.0"},
	};
	struct accept_weight text, open;

	accept_weigh(accept, &offers[EXPOSITION_TEXT], &text);
	accept_weigh(accept, &offers[EXPOSITION_OPENMETRICS], &open);
	*escaping = false;
	if (open.nearness <= ACCEPT_ANYTHING || open.quality == 0 ||
	    open.quality < text.quality)
		return EXPOSITION_TEXT;
	/* Wanted alike: the one that is named, else the one named first. */
	if (open.quality == text.quality && text.nearness > ACCEPT_ANYTHING &&
	    text.place < open.place)
		return EXPOSITION_TEXT;
	*escaping = open.escaping;
	return EXPOSITION_OPENMETRICS;
}

void
exposition_begin(struct exposition *e, enum exposition_format format,
    struct buf *out)
{
	e->out = out;
	e->format = format;
	e->family = NULL;
	e->seen_count = 0;
}

void
exposition_end(struct exposition *e)
{
	if (e->format == EXPOSITION_OPENMETRICS)
		buf_puts(e->out, "# EOF\n");
	e->family = NULL;
}

const char *
exposition_unit(const struct metric_family *f)
{
	size_t len = strlen(f->name), end;

	if (f->type == METRIC_COUNTER)
		len -= strlen("_total");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		end = strlen(units[i]);
		if (len > end + 1 && f->name[len - end - 1] == '_' &&
		    memcmp(f->name + len - end, units[i], end) == 0)
			return units[i];
	}
	return NULL;
}

/* "# WORD NAME ": in OpenMetrics the family of a counter has no _total. */
static void
add_about(struct exposition *e, const char *word, const struct metric_family *f)
{
	size_t len = strlen(f->name);

	if (e->format == EXPOSITION_OPENMETRICS && f->type == METRIC_COUNTER)
		len -= strlen("_total");
	buf_printf(e->out, "# %s %.*s ", word, (int)len, f->name);
}

void
exposition_family(struct exposition *e, const struct metric_family *f)
{
	bool open = e->format == EXPOSITION_OPENMETRICS;

	assert(is_name(f->name));
	assert(ends_with(f->name, "_total") == (f->type == METRIC_COUNTER));
	assert(!was_seen(e, f->name) && e->seen_count < METRIC_FAMILIES_MAX);
	add_about(e, "HELP", f);
	for (const char *p = f->help; *p != '\0'; p++)
		add_escaped(e->out, *p, open);
	buf_putc(e->out, '\n');
	add_about(e, "TYPE", f);
	buf_printf(e->out, "%s\n", type_words[f->type]);
	if (open && exposition_unit(f) != NULL) {
		add_about(e, "UNIT", f);
		buf_printf(e->out, "%s\n", exposition_unit(f));
	}
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
	buf_number(e->out, value);
	buf_putc(e->out, '\n');
}

/* OpenMetrics wants to see that a bound is no whole number by chance. */
static void
write_bound(const struct exposition *e, double value, char out[static 32])
{
	snprintf(out, 32, "%.15g", value);
	if (e->format == EXPOSITION_OPENMETRICS &&
	    out[strspn(out, "-0123456789")] == '\0')
		snprintf(out, 32, "%.1f", value);
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
			write_bound(e, bounds[i], bound);
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
