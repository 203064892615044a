/* SPDX-License-Identifier: ISC */
/*
 * Records as JSON or text. Both are made from the same jansson values, so
 * neither can know more than the other.
 */
#include "license/authority/output.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/buf.h"

enum { CELL_SIZE = 400, COLUMNS_MAX = 24 };

struct output {
	bool json;
	json_t *record; /* being filled; borrowed from rows in a list */
	json_t *rows;	/* NULL: not a list */
	const char *list, *last;
	bool below; /* the records of a list one below the other */
};

struct output *
output_new(bool json)
{
	struct output *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->json = json;
	o->record = json_object();
	if (!o->record) {
		free(o);
		return NULL;
	}
	return o;
}

void
output_free(struct output *o)
{
	if (!o)
		return;
	json_decref(o->record);
	json_decref(o->rows);
	free(o);
}

bool
output_is_json(const struct output *o)
{
	return o->json;
}

void
output_list(struct output *o, const char *name)
{
	o->list = name;
	if (!o->rows)
		o->rows = json_array();
}

void
output_records(struct output *o, const char *name)
{
	output_list(o, name);
	o->below = true;
}

void
output_row(struct output *o)
{
	json_decref(o->record);
	o->record = json_object();
	json_array_append(o->rows, o->record);
}

void
output_text(struct output *o, const char *name, const char *value)
{
	json_t *text = json_string(value);
	char shown[CELL_SIZE];

	if (!text) { /* not UTF-8 */
		text_printable(value, shown, sizeof(shown));
		text = json_string(shown);
	}
	json_object_set_new(o->record, name, text);
}

void
output_number(struct output *o, const char *name, int64_t value)
{
	json_object_set_new(o->record, name, json_integer(value));
}

void
output_flag(struct output *o, const char *name, bool value)
{
	json_object_set_new(o->record, name, json_boolean(value));
}

void
output_instant(struct output *o, const char *name, utc_t value)
{
	char text[UTC_TEXT_SIZE];

	utc_text(value, text);
	json_object_set_new(o->record, name, value.s == 0 ? json_null() :
	    json_string(text));
}

void
output_note(struct output *o, const char *format, ...)
{
	va_list args;

	if (o->json)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void
output_last(struct output *o, const char *name)
{
	o->last = name;
}

static void
cell(const json_t *value, char out[static CELL_SIZE])
{
	if (json_is_string(value) && json_string_length(value) > 0)
		text_printable(json_string_value(value), out, CELL_SIZE);
	else if (json_is_integer(value))
		snprintf(out, CELL_SIZE, "%lld",
		    (long long)json_integer_value(value));
	else
		snprintf(out, CELL_SIZE, "%s", json_is_true(value) ? "yes" :
		    json_is_false(value) ? "no" : "-");
}

static void
print_record(json_t *record)
{
	const char *name;
	json_t *value;
	char text[CELL_SIZE];

	json_object_foreach(record, name, value) {
		cell(value, text);
		printf("%-20s %s\n", name, text);
	}
}

static void
print_records(json_t *rows)
{
	json_t *row;
	size_t index;

	json_array_foreach(rows, index, row) {
		if (index > 0)
			putchar('\n');
		print_record(row);
	}
}

static void
print_row(json_t *row, const int *width, size_t count)
{
	const char *name;
	json_t *value;
	char text[CELL_SIZE];
	size_t i = 0;

	json_object_foreach(row, name, value) {
		cell(value, text);
		if (i + 1 >= json_object_size(row) || i >= count)
			printf("%s\n", text);
		else
			printf("%-*s  ", width[i], text);
		i++;
	}
}

static void
measure(json_t *row, int *width)
{
	const char *name;
	json_t *value;
	char text[CELL_SIZE];
	size_t i = 0;

	json_object_foreach(row, name, value) {
		int need, head = (int)strlen(name);

		cell(value, text);
		need = (int)strlen(text) > head ? (int)strlen(text) : head;
		if (i < COLUMNS_MAX && need > width[i])
			width[i] = need;
		i++;
	}
}

static void
print_table(json_t *rows)
{
	int width[COLUMNS_MAX] = { 0 };
	const char *name;
	json_t *row, *value;
	size_t index, i = 0;

	json_array_foreach(rows, index, row)
		measure(row, width);
	row = json_array_get(rows, 0);
	json_object_foreach(row, name, value) {
		bool end = ++i == json_object_size(row);

		printf("%-*s%s", end ? 0 : width[i - 1], name,
		    end ? "\n" : "  ");
	}
	json_array_foreach(rows, index, row)
		print_row(row, width, COLUMNS_MAX);
}

static bool
print_json(const json_t *value)
{
	return json_dumpf(value, stdout, JSON_COMPACT) == 0 &&
	    putchar('\n') != EOF;
}

static bool
finish(void)
{
	return fflush(stdout) == 0 && !ferror(stdout);
}

bool
output_print(struct output *o)
{
	bool good = true;
	char text[CELL_SIZE];

	if (o->json && o->rows) {
		json_t *all = json_pack("{s:O}", o->list, o->rows);

		good = all && print_json(all);
		json_decref(all);
	} else if (o->json) {
		good = print_json(o->record);
	} else if (o->rows && json_array_size(o->rows) == 0) {
		fprintf(stderr, "there are none\n");
	} else if (o->below) {
		print_records(o->rows);
	} else if (o->rows) {
		print_table(o->rows);
	} else if (o->last) {
		cell(json_object_get(o->record, o->last), text);
		printf("%s\n", text);
	} else {
		print_record(o->record);
	}
	return finish() && good;
}

bool
output_print_rows(struct output *o)
{
	int width[COLUMNS_MAX] = { 0 };
	json_t *row;
	size_t index;

	json_array_foreach(o->rows, index, row) {
		if (o->json)
			print_json(row);
		else
			print_row(row, width, COLUMNS_MAX);
	}
	json_array_clear(o->rows);
	return finish();
}

int
output_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("leaseline-authority: ", stderr);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return 1;
}
