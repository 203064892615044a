/* SPDX-License-Identifier: ISC */
/*
 * What a command prints: one record or a list of them, as text for a person
 * or (--json) as one JSON value, over jansson. It knows no record by itself.
 */
#ifndef LICENSE_AUTHORITY_OUTPUT_H
#define LICENSE_AUTHORITY_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "license/base/utc.h"

struct output;

/* output_new: NULL only when out of memory. */
struct output *output_new(bool json);
void output_free(struct output *output);

bool output_is_json(const struct output *output);

/*
 * output_list: a list under ${name}; output_row begins each of its records.
 * output_records: the same, but for a person one record below the other.
 */
void output_list(struct output *output, const char *name);
void output_records(struct output *output, const char *name);
void output_row(struct output *output);

/* A member of the record. Text from outside is made printable for a person. */
void output_text(struct output *output, const char *name, const char *value);
void output_number(struct output *output, const char *name, int64_t value);
void output_flag(struct output *output, const char *name, bool value);
/* 0 is "none": null in JSON, "-" for a person. */
void output_instant(struct output *output, const char *name, utc_t value);

/* output_note: a line before the record, for a person only. */
void output_note(struct output *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* output_last: for a person, the record is this member's value alone. */
void output_last(struct output *output, const char *name);

/*
 * output_print: all of it to standard output; of an empty list, for a person,
 * a line to standard error. output_print_rows: of a list
 * without end, the records so far, one a line; they are gone then. False when
 * it cannot be written.
 */
bool output_print(struct output *output);
bool output_print_rows(struct output *output);

/* output_error: one sentence to standard error; returns 1, the exit code. */
int output_error(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
