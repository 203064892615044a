/* SPDX-License-Identifier: ISC */
/* Reports as JSON, over jansson. The table of fields decides what is in it. */
#include "license/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/doctor.h"
#include "license/history.h"
#include "license/usage.h"


enum { TEXT_MAX = 1024 };

/* jansson takes UTF-8 only; what is not is made printable first. */
static json_t *
text_value(const char *text)
{
	char printable[TEXT_MAX];
	json_t *value = json_string(text);

	if (value != NULL)
		return value;
	text_printable(text, printable, sizeof(printable));
	return json_string(printable);
}

static json_t *
instant_value(utc_t t)
{
	char text[UTC_TEXT_SIZE];

	utc_text(t, text);
	return json_string(text);
}

static json_t *
bits_value(enum names names, unsigned set)
{
	size_t count;
	const struct name_row *rows = names_rows(names, &count);
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		if ((set & 1U << rows[i].number) != 0 &&
		    json_array_append_new(array, json_string(rows[i].label))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *
field_value(enum field_type type, enum names names, const void *at)
{
	switch (type) {
	case FIELD_TEXT:
		return text_value(at);
	case FIELD_ENUM:
		return json_string(names_label(names, *(const int *)at));
	case FIELD_INSTANT:
		return instant_value(*(const utc_t *)at);
	case FIELD_NUMBER:
		return json_integer(*(const int64_t *)at);
	case FIELD_FLAG:
		return json_boolean(*(const bool *)at);
	case FIELD_BITS:
		return bits_value(names, *(const unsigned *)at);
	}
	return NULL;
}

/* Takes ${value}; false when there is none, which is out of memory. */
static bool
put(json_t *object, const char *name, json_t *value)
{
	return value != NULL && json_object_set_new(object, name, value) == 0;
}

static bool
put_field(json_t *object, const struct report *report, enum field_id id,
    const char *name)
{
	const struct field *row = field_row(id);

	if (!report->has[id])
		return true;
	return put(object, name,
	    field_value(row->type, row->names,
		(const char *)report + row->offset));
}

static bool
put_fields(json_t *object, const struct report *report)
{
	if (!put(object, "now", instant_value(report->now)))
		return false;
	for (int id = 0; id < FIELD_ID_COUNT; id++) {
		const char *name = field_row((enum field_id)id)->name;

		if (json_object_get(object, name) == NULL &&
		    !put_field(object, report, (enum field_id)id, name))
			return false;
	}
	return true;
}

static bool
is_ipv4(const char *address)
{
	return address[0] != '\0' && strchr(address, ':') == NULL;
}

/* The vendor's object: the machine's own address, behind NAT the inner one. */
static bool
put_address(json_t *object, const struct report *report)
{
	static const enum field_id from[] = {FIELD_ID_INTERNAL_ADDRESS,
		FIELD_ID_EXTERNAL_ADDRESS};

	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		if (report->has[from[i]] &&
		    is_ipv4(field_text(report, from[i])))
			return put_field(object, report, from[i],
			    "address_ipv4");
	}
	return true;
}

static bool
put_vendor(json_t *object, const struct report *report)
{
	char date[UTC_DATE_SIZE];
	bool there = report->has[FIELD_ID_EXPIRY];
	bool limited = report->usable && report->has[FIELD_ID_BANDWIDTH];
	bool offline = report->has[FIELD_ID_MODE] &&
	    report->mode == MODE_OFFLINE;

	report_expiry_date(report, date);
	return put_address(object, report) &&
	    put_field(object, report, FIELD_ID_MEMORY, "total_memory_size") &&
	    put_field(object, report, FIELD_ID_LOGICAL_CPUS,
		"logical_cpus_number") &&
	    put_field(object, report, FIELD_ID_CPU_MODEL, "cpu_model") &&
	    (!there || put(object, "expiration_date", json_string(date))) &&
	    put(object, "licensed_bandwidth",
		json_integer(limited ? report->bandwidth_mbits : 0)) &&
	    put(object, "issuer_type",
		json_string(offline ? "manual" :
		    report->source == SOURCE_FASTNETMON &&
			    report->has[FIELD_ID_ISSUER] ? report->issuer :
							   "automatic"));
}

static json_t *
report_object(const struct report *report, bool vendor)
{
	json_t *object = json_object();

	if (object != NULL && (!vendor || put_vendor(object, report)) &&
	    put_fields(object, report))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *
agent_object(const struct agent_report *agent)
{
	json_t *object = json_object();

	for (int id = 0; object != NULL && id < AGENT_ID_COUNT; id++) {
		const struct agent_field *row =
		    agent_field_row((enum agent_id)id);

		if (!agent->has[id] ||
		    put(object, row->name,
			field_value(row->type, row->names,
			    (const char *)agent + row->offset)))
			continue;
		json_decref(object);
		return NULL;
	}
	return object;
}

/* Takes ${root}. */
static bool
print(json_t *root, size_t flags, struct buf *out)
{
	char *text = root == NULL ? NULL : json_dumps(root, flags);

	json_decref(root);
	if (text == NULL)
		return false;
	buf_puts(out, text);
	buf_putc(out, '\n');
	free(text);
	return !out->failed;
}

bool
json_license(const struct report *report, struct buf *out)
{
	return print(report_object(report, true), JSON_INDENT(2), out);
}

bool
json_licenses(const struct report *reports, size_t count,
    const struct agent_report *agent, struct buf *out)
{
	json_t *root = json_object();
	json_t *array = json_array();
	bool good = root != NULL && array != NULL &&
	    put(root, "version", json_integer(STATUS_VERSION)) &&
	    put(root, "agent", agent_object(agent));

	for (size_t i = 0; good && i < count; i++)
		good = json_array_append_new(array,
			   report_object(&reports[i], false)) == 0;
	good = good && json_object_set(root, "licenses", array) == 0;
	json_decref(array);
	if (good)
		return print(root, JSON_INDENT(2), out);
	json_decref(root);
	return false;
}

/* "does not apply" is no member, as everywhere. */
static bool
put_brought(json_t *object, const struct history_entry *e)
{
	bool good = true;

	if (e->lease_end.s != 0)
		good = good && put(object, "lease_end",
		    instant_value(e->lease_end));
	if (e->mbits != 0)
		good = good && put(object, "bandwidth_mbits",
		    json_integer(e->mbits));
	if (e->mbits_before != 0)
		good = good && put(object, "bandwidth_mbits_before",
		    json_integer(e->mbits_before));
	return good;
}

static bool
put_refresh(json_t *object, const struct history_entry *e)
{
	bool good = put(object, "result",
	    json_string(names_label(NAMES_RESULT, e->result)));

	if (e->refusal > REFUSAL_NONE)
		good = good && put(object, "refusal",
		    json_string(names_label(NAMES_REFUSAL, e->refusal)));
	if (e->detail[0] != '\0')
		good = good && put(object, "detail", text_value(e->detail));
	if (e->duration_ms >= 0)
		good = good && put(object, "duration_ms",
		    json_integer(e->duration_ms));
	good = good && put_brought(object, e);
	if (e->address[0] != '\0')
		good = good && put(object, "external_address",
		    text_value(e->address));
	if (e->address_before[0] != '\0')
		good = good && put(object, "external_address_before",
		    text_value(e->address_before));
	if (e->times > 1)
		good = good && put(object, "times", json_integer(e->times)) &&
		    put(object, "since", instant_value(e->since));
	return good;
}

static bool
put_state(json_t *object, const struct history_entry *e)
{
	return put(object, "state",
		   json_string(names_label(NAMES_STATE, e->state))) &&
	    put(object, "usable", json_boolean(e->usable));
}

static bool
put_hardware(json_t *object, const struct history_entry *e)
{
	return put(object, "changed", bits_value(NAMES_COMPONENT, e->changed));
}

static bool
put_file(json_t *object, const struct history_entry *e)
{
	bool good = put_brought(object, e);

	if (e->mode != 0)
		good = good && put(object, "mode",
		    json_string(names_label(NAMES_MODE, e->mode)));
	if (e->mode_before != 0)
		good = good && put(object, "mode_before",
		    json_string(names_label(NAMES_MODE, e->mode_before)));
	if (e->detail[0] != '\0')
		good = good && put(object, "detail", text_value(e->detail));
	return good;
}

static bool
put_command(json_t *object, const struct history_entry *e)
{
	return put(object, "told", json_string(standing_word(e->told))) &&
	    put(object, "exit_code", json_integer(e->exit_code));
}

static json_t *
entry_object(const struct history_entry *e)
{
	static bool (*const puts[])(json_t *object,
	    const struct history_entry *e) = {
		[HISTORY_REFRESH] = put_refresh,
		[HISTORY_STATE] = put_state,
		[HISTORY_HARDWARE] = put_hardware,
		[HISTORY_FILE_TAKEN] = put_file,
		[HISTORY_FILE_REFUSED] = put_file,
		[HISTORY_PUT_BACK] = put_file,
		[HISTORY_COMMAND] = put_command,
	};
	json_t *object = json_object();
	struct buf text;

	buf_init(&text, TEXT_MAX);
	history_sentence(e, &text);
	bool good = put(object, "at", instant_value(e->at)) &&
	    put(object, "event", json_string(history_word(e->event))) &&
	    puts[e->event](object, e) &&
	    put(object, "text", text_value(buf_text(&text)));
	buf_fini(&text);
	if (good)
		return object;
	json_decref(object);
	return NULL;
}

/* Takes ${object}; two levels in, where the array's members stand. */
static bool
print_member(json_t *object, struct buf *out)
{
	char *text = object == NULL ? NULL : json_dumps(object, JSON_INDENT(2));

	json_decref(object);
	if (text == NULL)
		return false;
	for (const char *line = text, *end; *line != '\0'; line = end) {
		end = strchrnul(line, '\n');
		end += *end == '\n';
		buf_puts(out, "    ");
		buf_add(out, line, (size_t)(end - line));
	}
	free(text);
	return !out->failed;
}

bool
json_history(const char *name, const struct history *history, bool first,
    struct buf *out)
{
	json_t *object = json_object(), *array = json_array();
	bool good = put(object, "name", text_value(name)) && array != NULL;

	if (first)
		buf_printf(out, "{\n  \"version\": %d,\n  \"licenses\": [\n",
		    STATUS_VERSION);
	else
		buf_puts(out, ",\n");
	/* The newest first, as in the table. */
	for (size_t i = history->count; good && i > 0; i--)
		good = json_array_append_new(array,
			   entry_object(&history->entries[i - 1])) == 0;
	good = good && json_object_set(object, "history", array) == 0;
	json_decref(array);
	if (good)
		return print_member(object, out);
	json_decref(object);
	return false;
}

bool
json_history_end(struct buf *out)
{
	buf_puts(out, "\n  ]\n}\n");
	return !out->failed;
}

bool
json_result(bool success, const char *text, struct buf *out)
{
	json_t *root = json_object();

	if (put(root, "success", json_boolean(success)) &&
	    put(root, "text", text_value(text)))
		return print(root, 0, out);
	json_decref(root);
	return false;
}

static json_t *
text_or_null(const char *text)
{
	return text[0] == '\0' ? json_null() : text_value(text);
}

static json_t *
instant_or_null(utc_t t)
{
	return t.s == 0 ? json_null() : instant_value(t);
}

bool
json_usage(const struct usage_document *d, struct buf *out)
{
	json_t *root = json_object();

	if (put(root, "enabled", json_boolean(d->enabled)) &&
	    put(root, "offline", json_boolean(d->offline)) &&
	    put(root, "url", text_or_null(d->url)) &&
	    put(root, "next", instant_or_null(d->next)) &&
	    put(root, "last_success", instant_or_null(d->last_success)) &&
	    put(root, "missing", text_or_null(d->missing)) &&
	    put(root, "document", json_stringn(d->bytes, d->len)))
		return print(root, JSON_INDENT(2), out);
	json_decref(root);
	return false;
}

static json_t *
step_object(const struct doctor_step *step)
{
	json_t *object = json_object();

	if (put(object, "id", text_value(doctor_step_name(step->id))) &&
	    put(object, "subject", text_or_null(step->subject)) &&
	    put(object, "result",
		text_value(doctor_result_name(step->result))) &&
	    put(object, "text", text_value(step->text)) &&
	    put(object, "mend", text_or_null(step->mend)) &&
	    put(object, "command", text_or_null(step->command)))
		return object;
	json_decref(object);
	return NULL;
}

bool
json_doctor(const struct doctor_report *report, struct buf *out)
{
	json_t *root = json_object(), *steps = json_array();
	bool good = steps != NULL;

	for (size_t i = 0; good && i < report->count; i++)
		good = json_array_append_new(steps,
			   step_object(&report->steps[i])) == 0;
	if (good && put(root, "version", json_integer(1)) &&
	    put(root, "result",
		text_value(doctor_result_name(doctor_worst(report)))) &&
	    json_object_set(root, "steps", steps) == 0) {
		json_decref(steps);
		return print(root, JSON_INDENT(2), out);
	}
	json_decref(steps);
	json_decref(root);
	return false;
}
