/* SPDX-License-Identifier: ISC */
/*
 * The text format of metrics, as far as a few numbers need it. It keeps no
 * byte of the page: names and labels are compared, never copied out.
 */
#include "license/usage.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 4096, NUMBER_SIZE = 40, VALUE_SIZE = 16 };

static const struct {
	const char *name, *direction, *version;
} metrics[] = {
#define METRIC_ROW(id, metric, direction, version)                            \
	{metric, direction, version},
	USAGE_METRICS(METRIC_ROW)
#undef METRIC_ROW
};

/* A cut value is as good as any: no wanted one is that long. */
struct series {
	const char *name;
	size_t name_len;
	char direction[VALUE_SIZE], version[VALUE_SIZE];
	bool stranger; /* it has a label beyond these two */
};

static size_t
span_name(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && ((*p >= 'a' && *p <= 'z') ||
		(*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		*p == '_' || *p == ':'))
		p++;
	return (size_t)(p - start);
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* After the opening quote; NULL when none closes it. */
static const char *
read_value(const char *p, const char *end, char out[static VALUE_SIZE])
{
	size_t n = 0;

	for (; p < end && *p != '"'; p++) {
		if (*p == '\\' && ++p == end)
			return NULL;
		if (n < VALUE_SIZE - 1)
			out[n++] = *p;
	}
	out[n] = '\0';
	return p < end ? p + 1 : NULL;
}

/* After the opening brace; NULL when the labels are not in their form. */
static const char *
read_labels(const char *p, const char *end, struct series *out)
{
	char value[VALUE_SIZE];

	for (;;) {
		p = skip_blanks(p, end);
		if (p < end && *p == '}')
			return p + 1;
		const char *name = p;
		size_t len = span_name(p, end);
		p = skip_blanks(p + len, end);
		if (len == 0 || p == end || *p++ != '=')
			return NULL;
		p = skip_blanks(p, end);
		if (p == end || *p++ != '"')
			return NULL;
		p = read_value(p, end, value);
		if (p == NULL)
			return NULL;
		if (len == strlen("traffic_direction") &&
		    memcmp(name, "traffic_direction", len) == 0)
			memcpy(out->direction, value, VALUE_SIZE);
		else if (len == strlen("protocol_version") &&
		    memcmp(name, "protocol_version", len) == 0)
			memcpy(out->version, value, VALUE_SIZE);
		else
			out->stranger = true;
		p = skip_blanks(p, end);
		if (p < end && *p == ',')
			p++;
		else if (p == end || *p != '}')
			return NULL;
	}
}

/* Neither NaN nor Inf, no sign, no hexadecimal; a timestamp may follow. */
static bool
read_number(const char *p, const char *end, int64_t *out)
{
	char text[NUMBER_SIZE];
	size_t n = 0;
	char *stop;

	p = skip_blanks(p, end);
	while (p + n < end && n < sizeof(text) - 1 &&
	    memchr("0123456789.eE+-", p[n], 15) != NULL) {
		text[n] = p[n];
		n++;
	}
	text[n] = '\0';
	if (text[0] < '0' || text[0] > '9' ||
	    (p + n < end && memchr(" \t\r", p[n], 3) == NULL))
		return false;
	double value = strtod(text, &stop);
	if (*stop != '\0' || !(value <= (double)STATS_RATE_MAX))
		return false;
	*out = (int64_t)value;
	return true;
}

static int
find_metric(const struct series *series)
{
	for (int i = 0; i < USAGE_METRIC_COUNT; i++) {
		if (!series->stranger &&
		    strlen(metrics[i].name) == series->name_len &&
		    memcmp(metrics[i].name, series->name,
			series->name_len) == 0 &&
		    strcmp(metrics[i].direction, series->direction) == 0 &&
		    strcmp(metrics[i].version, series->version) == 0)
			return i;
	}
	return -1;
}

static void
read_line(const char *p, const char *end, struct usage_page *out)
{
	struct series series = {.name = p, .name_len = span_name(p, end)};
	int64_t value;

	if (series.name_len == 0 || end - p > LINE_MAX_BYTES)
		return;
	p = skip_blanks(p + series.name_len, end);
	if (p < end && *p == '{')
		p = read_labels(p + 1, end, &series);
	int metric = p == NULL ? -1 : find_metric(&series);
	if (metric == -1 || (out->has & 1U << metric) != 0 ||
	    !read_number(p, end, &value))
		return;
	out->value[metric] = value;
	out->has |= 1U << metric;
}

void
usage_page_read(const char *bytes, size_t len, struct usage_page *out)
{
	const char *end = bytes + len, *stop;

	*out = (struct usage_page){.has = 0};
	for (const char *line = bytes; line < end; line = stop + 1) {
		stop = memchr(line, '\n', (size_t)(end - line));
		if (stop == NULL)
			return;
		read_line(line, stop, out);
	}
}
