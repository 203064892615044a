/* SPDX-License-Identifier: ISC */
/*
 * Prints the JSON Schema of /status.json from the field tables: what a reader
 * may rely on. exporter/status.schema.json is its committed output.
 */
#include <inttypes.h>
#include <stdio.h>

#include "license/json.h"
#include "license/report.h"

#define INSTANT                                                               \
	"\"type\": \"string\", \"pattern\": "                                 \
	"\"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$\""

static void
print_labels(enum names names)
{
	size_t count;
	const struct name_row *rows = names_rows(names, &count);

	printf("\"enum\": [");
	for (size_t i = 0; i < count; i++)
		printf("%s\"%s\"", i == 0 ? "" : ", ", rows[i].label);
	printf("]");
}

static void
print_type(enum field_type type, enum names names)
{
	switch (type) {
	case FIELD_TEXT:
		printf("\"type\": \"string\", \"maxLength\": 4096");
		break;
	case FIELD_ENUM:
		print_labels(names);
		break;
	case FIELD_INSTANT:
		printf(INSTANT);
		break;
	case FIELD_NUMBER:
		printf("\"type\": \"integer\"");
		break;
	case FIELD_FLAG:
		printf("\"type\": \"boolean\"");
		break;
	case FIELD_BITS:
		printf("\"type\": \"array\", \"uniqueItems\": true, "
		       "\"items\": {");
		print_labels(names);
		printf("}");
		break;
	}
}

static void
print_member(const char *name, enum field_type type, enum names names,
    const char *unit, bool last)
{
	printf("        \"%s\": {", name);
	if (unit[0] != '\0')
		printf("\"description\": \"in %s\", ", unit);
	print_type(type, names);
	printf("}%s\n", last ? "" : ",");
}

int
main(void)
{
	printf("{\n  \"$schema\": "
	       "\"https://json-schema.org/draft/2020-12/schema\",\n"
	       "  \"title\": \"Leaseline: /status.json\",\n"
	       "  \"description\": \"What does not apply is no member. A new "
	       "member does not change the version; another meaning does."
	       "\",\n  \"type\": \"object\",\n"
	       "  \"required\": [\"version\", \"agent\", \"licenses\"],\n"
	       "  \"properties\": {\n    \"version\": {\"const\": %d},\n"
	       "    \"agent\": {\n      \"type\": \"object\",\n"
	       "      \"required\": [\"version\", \"start\", \"clock_trust\", "
	       "\"storage_up\", \"config_ok\"],\n      \"properties\": {\n",
	    STATUS_VERSION);
	for (int id = 0; id < AGENT_ID_COUNT; id++) {
		const struct agent_field *row =
		    agent_field_row((enum agent_id)id);

		print_member(row->name, row->type, row->names, row->unit,
		    id + 1 == AGENT_ID_COUNT);
	}
	printf("      }\n    },\n    \"licenses\": {\n"
	       "      \"type\": \"array\",\n      \"items\": {\n"
	       "      \"type\": \"object\",\n      \"required\": [\"now\", "
	       "\"name\", \"index\", \"source\", \"state\", \"severity\", "
	       "\"reason\", \"usable\", \"failing\", \"advice\"],\n"
	       "      \"properties\": {\n        \"now\": {" INSTANT "},\n");
	for (int id = 0; id < FIELD_ID_COUNT; id++) {
		const struct field *row = field_row((enum field_id)id);

		print_member(row->name, row->type, row->names, row->unit,
		    id + 1 == FIELD_ID_COUNT);
	}
	printf("      }\n      }\n    }\n  }\n}\n");
	return 0;
}
