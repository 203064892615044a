/* SPDX-License-Identifier: ISC */
/* The tables of fields: how a face reaches a value by its id. */
#include <assert.h>

#include "license/report.h"

#define FIELD_ROW(id, type, member, names, unit)                              \
	[FIELD_ID_##id] = {FIELD_ID_##id, #member, FIELD_##type,              \
	    offsetof(struct report, member), names, unit},
static const struct field rows[FIELD_ID_COUNT] = {REPORT_FIELDS(FIELD_ROW)};

#define AGENT_ROW(id, type, member, names, unit)                              \
	[AGENT_ID_##id] = {AGENT_ID_##id, #member, FIELD_##type,              \
	    offsetof(struct agent_report, member), names, unit},
static const struct agent_field agent_rows[AGENT_ID_COUNT] = {
    AGENT_FIELDS(AGENT_ROW)};

const struct field *
field_row(enum field_id id)
{
	return &rows[id];
}

const struct agent_field *
agent_field_row(enum agent_id id)
{
	return &agent_rows[id];
}

static const void *
at(const struct report *report, enum field_id id, enum field_type type)
{
	assert(rows[id].type == type);
	return (const char *)report + rows[id].offset;
}

const char *
field_text(const struct report *report, enum field_id id)
{
	return at(report, id, FIELD_TEXT);
}

int
field_enum(const struct report *report, enum field_id id)
{
	return *(const int *)at(report, id, FIELD_ENUM);
}

utc_t
field_instant(const struct report *report, enum field_id id)
{
	return *(const utc_t *)at(report, id, FIELD_INSTANT);
}

int64_t
field_number(const struct report *report, enum field_id id)
{
	return *(const int64_t *)at(report, id, FIELD_NUMBER);
}

bool
field_flag(const struct report *report, enum field_id id)
{
	return *(const bool *)at(report, id, FIELD_FLAG);
}

unsigned
field_bits(const struct report *report, enum field_id id)
{
	return *(const unsigned *)at(report, id, FIELD_BITS);
}
