/* SPDX-License-Identifier: ISC */
/*
 * The internal address: a machine that still has the one its license names
 * has not moved, and what cannot be told is unknown. The second half asks the
 * kernel of this machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "license/keeper/address.h"

static void
what_the_license_says_is_kept_while_an_interface_has_it(void **state)
{
	static const struct {
		const char *held;
		bool readable, present;
		const char *route, *said;
	} rows[] = {
		/* The first time. */
		{ "", true, false, "10.0.0.5", "10.0.0.5" },
		{ "", true, false, "2001:db8::5", "2001:db8::5" },
		{ "", true, false, "", "" },
		{ "", false, false, "10.0.0.5", "10.0.0.5" },
		/* Another address became the source: it did not move. */
		{ "10.0.0.5", true, true, "10.0.0.6", "10.0.0.5" },
		{ "10.0.0.5", true, true, "", "10.0.0.5" },
		{ "2001:db8::5", true, true, "2001:db8::a1b2", "2001:db8::5" },
		/* It is gone: this is a change. */
		{ "10.0.0.5", true, false, "10.0.0.6", "10.0.0.6" },
		{ "2001:db8::5", true, false, "2001:db8:1::5",
		    "2001:db8:1::5" },
		/* Nothing, or only the other family, is up yet: unknown. */
		{ "10.0.0.5", true, false, "", "" },
		{ "10.0.0.5", true, false, "2001:db8::5", "" },
		{ "2001:db8::5", true, false, "10.0.0.5", "" },
		/* The interfaces cannot be read. */
		{ "10.0.0.5", false, false, "10.0.0.6", "" },
	};
	char out[ADDRESS_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(address_choose(rows[i].held, rows[i].readable,
		    rows[i].present, rows[i].route, out),
		    rows[i].said[0] != '\0');
		assert_string_equal(out, rows[i].said);
	}
}

static void
a_literal_authority_tells_the_route_and_a_name_is_not_resolved(void **state)
{
	struct address_question q = {.authority_url =
		"https://127.0.0.1:8443", .held = ""};
	char out[ADDRESS_SIZE], named[ADDRESS_SIZE], other[ADDRESS_SIZE];

	(void)state;
	assert_true(address_internal(&q, out));
	assert_string_equal(out, "127.0.0.1");
	q.family = 6;
	address_internal(&q, out);
	assert_string_not_equal(out, "127.0.0.1");
	q.family = 0;
	q.authority_url = "https://licensing.invalid";
	bool first = address_internal(&q, named);
	q.authority_url = "https://another.invalid:1/path";
	assert_int_equal(address_internal(&q, other), first);
	assert_string_equal(named, other);
	/* Every machine has this one. */
	q.held = "127.0.0.1";
	assert_true(address_internal(&q, out));
	assert_string_equal(out, "127.0.0.1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_the_license_says_is_kept_while_an_interface_has_it),
		cmocka_unit_test(
	    a_literal_authority_tells_the_route_and_a_name_is_not_resolved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
