/* SPDX-License-Identifier: ISC */
/* FastNetMon's object in, facts out. It asks nobody and keeps nothing. */
#include "license/fastnetmon.h"

#include <string.h>

#include <jansson.h>

#include "license/base/buf.h"
#include "license/hardware.h"

enum { ZONE_MAX_H = 14, MBITS_MAX = 1000000000 };

/* ""; a text that is too long is no news that is worth a failure. */
static void
take_text(const json_t *object, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));

	out[0] = '\0';
	if (text != NULL && !text_copy(out, size, text))
		out[0] = '\0';
	hardware_normalize(out);
}

/* -1: there is none. */
static int64_t
find_number(const json_t *object, const char *key, int64_t max)
{
	const json_t *value = json_object_get(object, key);
	int64_t number = json_is_integer(value) ? json_integer_value(value) :
						  -1;

	return number >= 0 && number <= max ? number : -1;
}

static bool
read_object(const json_t *object, struct fastnetmon_license *out, struct buf *why)
{
	utc_t day;
	bool good = false;

	out->bandwidth_mbits = find_number(object, "licensed_bandwidth",
	    MBITS_MAX);
	take_text(object, "expiration_date", out->date, sizeof(out->date));
	take_text(object, "cpu_model", out->cpu_model, sizeof(out->cpu_model));
	take_text(object, "issuer_type", out->issuer, sizeof(out->issuer));
	out->logical_cpus = find_number(object, "logical_cpus_number", 65535);
	if (out->logical_cpus < 0)
		out->logical_cpus = 0;
	if (out->bandwidth_mbits < 0)
		buf_puts(why, "the answer has no licensed_bandwidth in mbits");
	else if (out->bandwidth_mbits > 0 && !utc_parse_date(out->date, &day))
		buf_puts(why, "the answer has no expiration_date like "
			      "2027-03-31");
	else
		good = true;
	if (out->bandwidth_mbits <= 0)
		out->date[0] = '\0';
	return good;
}

static bool
read_envelope(const json_t *root, struct fastnetmon_license *out, struct buf *why)
{
	const json_t *object = json_object_get(root, "object");
	const char *error = json_string_value(json_object_get(root,
	    "error_text"));

	if (json_is_false(json_object_get(root, "success"))) {
		buf_puts(why, FASTNETMON_SAYS);
		if (error == NULL || error[0] == '\0')
			error = "no reason";
		buf_printable(why, error, strnlen(error, DETAIL_SIZE / 2));
		return false;
	}
	/* Our own fcli would tell us what we said. */
	if (json_object_get(root, "refresh_last_result") != NULL) {
		buf_puts(why, "the answer is Leaseline's own: fcli-path is to "
			      "lead to FastNetMon's fcli");
		return false;
	}
	return read_object(json_is_object(object) ? object : root, out, why);
}

bool
fastnetmon_read(const char *text, size_t len, struct fastnetmon_license *out,
    struct buf *why)
{
	json_t *root = json_loadb(text, len, 0, NULL);
	bool good = false;

	*out = (struct fastnetmon_license){.bandwidth_mbits = 0};
	if (json_is_object(root))
		good = read_envelope(root, out, why);
	else
		buf_puts(why, "the answer is no JSON object");
	json_decref(root);
	return good;
}

static bool
two_digits(const char *text, int64_t max, int64_t *out)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return false;
	*out = (text[0] - '0') * 10 + text[1] - '0';
	return *out <= max;
}

bool
fastnetmon_zone(const char *text, int64_t *offset_s)
{
	int64_t hours, minutes;

	*offset_s = strcmp(text, "local") == 0 ? FASTNETMON_LOCAL : 0;
	if (strcmp(text, "UTC") == 0 || strcmp(text, "local") == 0)
		return true;
	if (strlen(text) != 6 || (text[0] != '+' && text[0] != '-') ||
	    !two_digits(text + 1, ZONE_MAX_H, &hours) || text[3] != ':' ||
	    !two_digits(text + 4, 59, &minutes))
		return false;
	*offset_s = (hours * HOUR_S + minutes * 60) * (text[0] == '-' ? -1 : 1);
	return true;
}

utc_t
fastnetmon_end(const char *date, int64_t offset_s)
{
	utc_t day;

	if (!utc_parse_date(date, &day))
		return (utc_t){0};
	return utc_add(utc_day_end(day, 0), -offset_s);
}

static void
take_license(struct license_facts *facts, const struct fastnetmon_license *said,
    utc_t end, bool local)
{
	struct license *license = &facts->license;
	const struct hardware *here = &facts->hardware;

	*license = (struct license){
		.kind = KIND_PRODUCTION,
		.mode = MODE_ONLINE,
		.bandwidth_mbits = said->bandwidth_mbits,
		.lease_end = end,
		.term_end = end,
		.bind_logical_cpus = said->logical_cpus > 0 ?
		    said->logical_cpus : here->logical_cpus,
	};
	text_copy(license->product, sizeof(license->product), facts->product);
	text_copy(license->issuer, sizeof(license->issuer), said->issuer);
	text_copy(license->bind_cpu_model, sizeof(license->bind_cpu_model),
	    said->cpu_model[0] != '\0' ? said->cpu_model : here->cpu_model);
	/* There is no key of ours in it that could differ. */
	memcpy(license->machine_key, facts->machine_key, KEY_SIZE);
	text_copy(facts->vendor_date, sizeof(facts->vendor_date), said->date);
	facts->has_license = true;
	facts->vendor_local = local;
}

static void
conclude(struct license_facts *facts, enum result result, utc_t at)
{
	facts->last_attempt = at;
	facts->last_result = (int)result;
	facts->last_refusal = REFUSAL_NONE;
	facts->attempts++;
	facts->failures_in_row = result == RESULT_OK ? 0 :
						       facts->failures_in_row + 1;
	if (result != RESULT_OK)
		facts->failures[result]++;
	facts->next_attempt = utc_add(at, facts->poll_interval_s);
}

enum result
fastnetmon_take(struct license_facts *facts, const struct fastnetmon_license *said,
    utc_t end, bool local, utc_t at)
{
	bool had = facts->has_license;
	enum result result = RESULT_OK;

	facts->answered = true;
	facts->data_at = at;
	facts->last_detail[0] = '\0';
	if (said->bandwidth_mbits == 0) {
		facts->has_license = facts->fixed_term = false;
		facts->license = (struct license){.kind = 0};
		facts->vendor_date[0] = '\0';
		facts->last_success = at;
		conclude(facts, RESULT_OK, at);
		return RESULT_OK;
	}
	/* In another zone it is still the same date. */
	bool moved = !had || strcmp(facts->vendor_date, said->date) != 0;
	bool is_far = end.s - at.s > FASTNETMON_LEASE_S;
	facts->fixed_term = is_far || (facts->fixed_term && !moved);
	take_license(facts, said, end, local);
	if (moved || facts->fixed_term)
		facts->last_success = at;
	else if (at.s - facts->last_success.s >
	    policy_thresholds(facts).refresh_warning_s)
		result = RESULT_STALE;
	conclude(facts, result, at);
	return result;
}

void
fastnetmon_recall(struct license_facts *facts, const struct fastnetmon_license *said,
    utc_t end)
{
	take_license(facts, said, end, false);
}

void
fastnetmon_fail(struct license_facts *facts, enum result result,
    const char *detail, utc_t at)
{
	text_printable(detail, facts->last_detail, sizeof(facts->last_detail));
	conclude(facts, result, at);
}
