/* SPDX-License-Identifier: ISC */
/* Goal: JSON that the vendor's readers take, and that holds every field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "license/base/buf.h"
#include "license/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Every field there, each with some value. */
static struct report
full(void)
{
	struct report r = {
		.now = {1678881600},
		.kind = KIND_PRODUCTION,
		.mode = MODE_ONLINE,
		.billing = BILLING_ANNUAL,
		.renews = RENEWS_AUTO,
		.source = SOURCE_AUTHORITY,
		.state = STATE_VALID,
		.severity = SEVERITY_OK,
		.reason = REASON_NONE,
		.usable = true,
		.refresh_last_result = RESULT_OK,
		.refresh_last_refusal = REFUSAL_NONE,
		.bandwidth_mbits = 4294967295,
		.expiry = {1680134399},
		.binding_changed = component_bit(MEMORY),
		.logical_cpus = 4,
		.memory_mib = 7936,
	};

	for (int i = 0; i < FIELD_ID_COUNT; i++)
		r.has[i] = true;
	text_copy(r.name, sizeof(r.name), "edge1");
	text_copy(r.cpu_model, sizeof(r.cpu_model), "A \"fast\" CPU");
	text_copy(r.internal_address, sizeof(r.internal_address), "10.0.0.1");
	text_copy(r.external_address, sizeof(r.external_address), "192.0.2.1");
	return r;
}

static json_t *
parse(const struct buf *text)
{
	json_t *root = json_loads(buf_text(text), JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(root);
	assert_int_equal(text->data[text->len - 1], '\n');
	return root;
}

static json_t *
license_of(const struct report *r)
{
	struct buf out;

	buf_init(&out, 65536);
	assert_true(json_license(r, &out));
	json_t *root = parse(&out);
	buf_fini(&out);
	return root;
}

static void
the_vendors_keys_come_first_and_in_order(void **state)
{
	static const char *const want[] = {"address_ipv4", "total_memory_size",
		"logical_cpus_number", "cpu_model", "expiration_date",
		"licensed_bandwidth", "issuer_type", "now", "name"};
	struct report r = full();
	json_t *root = license_of(&r);
	void *at = json_object_iter(root);

	(void)state;
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_string_equal(json_object_iter_key(at), want[i]);
		at = json_object_iter_next(root, at);
	}
	assert_string_equal("10.0.0.1",
	    json_string_value(json_object_get(root, "address_ipv4")));
	assert_string_equal("2023-03-29",
	    json_string_value(json_object_get(root, "expiration_date")));
	assert_int_equal(4294967295,
	    json_integer_value(json_object_get(root, "licensed_bandwidth")));
	assert_string_equal("automatic",
	    json_string_value(json_object_get(root, "issuer_type")));
	json_decref(root);
}

static void
every_field_of_the_table_is_there(void **state)
{
	struct report r = full();
	json_t *root = license_of(&r);

	(void)state;
	for (int id = 0; id < FIELD_ID_COUNT; id++)
		assert_non_null(json_object_get(root,
		    field_row((enum field_id)id)->name));
	json_t *changed = json_object_get(root, "binding_changed");
	assert_int_equal(1, json_array_size(changed));
	assert_string_equal("memory",
	    json_string_value(json_array_get(changed, 0)));
	assert_string_equal("2023-03-29T23:59:59Z",
	    json_string_value(json_object_get(root, "expiry")));
	json_decref(root);
}

static void
not_usable_reads_as_unlicensed(void **state)
{
	struct report r = full();

	(void)state;
	r.usable = false;
	r.mode = MODE_OFFLINE;
	json_t *root = license_of(&r);
	json_t *limit = json_object_get(root, "licensed_bandwidth");
	assert_true(json_is_integer(limit));
	assert_int_equal(0, json_integer_value(limit));
	assert_string_equal("manual",
	    json_string_value(json_object_get(root, "issuer_type")));
	json_decref(root);
}

static void
what_does_not_apply_is_absent(void **state)
{
	struct report r = {.state = STATE_MISSING};

	(void)state;
	r.has[FIELD_ID_STATE] = true;
	json_t *root = license_of(&r);
	assert_int_equal(4, json_object_size(root));
	assert_null(json_object_get(root, "expiration_date"));
	assert_int_equal(0,
	    json_integer_value(json_object_get(root, "licensed_bandwidth")));
	json_decref(root);
}

static void
an_ipv6_address_is_not_given_as_ipv4(void **state)
{
	struct report r = full();

	(void)state;
	text_copy(r.internal_address, sizeof(r.internal_address),
	    "2001:db8::1");
	json_t *root = license_of(&r);
	assert_string_equal("192.0.2.1",
	    json_string_value(json_object_get(root, "address_ipv4")));
	json_decref(root);
}

static void
bytes_that_are_not_utf8_do_not_break_it(void **state)
{
	struct report r = full();

	(void)state;
	text_copy(r.cpu_model, sizeof(r.cpu_model), "CPU \xff\x01");
	json_t *root = license_of(&r);
	assert_string_equal("CPU \\xFF\\x01",
	    json_string_value(json_object_get(root, "cpu_model")));
	json_decref(root);
}

static void
all_licenses_are_one_versioned_object(void **state)
{
	struct report reports[2] = {full(), full()};
	struct agent_report agent = {.now = {1678881600}};
	struct buf out;

	(void)state;
	agent.has[AGENT_ID_VERSION] = true;
	text_copy(agent.version, sizeof(agent.version), "1.2.3");
	text_copy(reports[1].name, sizeof(reports[1].name), "lab");
	buf_init(&out, 65536);
	assert_true(json_licenses(reports, 2, &agent, &out));
	json_t *root = parse(&out);
	json_t *licenses = json_object_get(root, "licenses");
	assert_int_equal(1,
	    json_integer_value(json_object_get(root, "version")));
	assert_int_equal(2, json_array_size(licenses));
	assert_string_equal("lab", json_string_value(json_object_get(
		json_array_get(licenses, 1), "name")));
	assert_string_equal("1.2.3", json_string_value(json_object_get(
		json_object_get(root, "agent"), "version")));
	json_decref(root);
	buf_fini(&out);
}

static void
a_result_is_one_line(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1024);
	assert_true(json_result(false, "a \"b\"\nc", &out));
	assert_string_equal(buf_text(&out),
	    "{\"success\": false, \"text\": \"a \\\"b\\\"\\nc\"}\n");
	buf_fini(&out);
}

static void
an_answer_that_does_not_fit_is_told(void **state)
{
	struct report r = full();
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	assert_false(json_license(&r, &out));
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vendors_keys_come_first_and_in_order),
		cmocka_unit_test(every_field_of_the_table_is_there),
		cmocka_unit_test(not_usable_reads_as_unlicensed),
		cmocka_unit_test(what_does_not_apply_is_absent),
		cmocka_unit_test(an_ipv6_address_is_not_given_as_ipv4),
		cmocka_unit_test(bytes_that_are_not_utf8_do_not_break_it),
		cmocka_unit_test(all_licenses_are_one_versioned_object),
		cmocka_unit_test(a_result_is_one_line),
		cmocka_unit_test(an_answer_that_does_not_fit_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
