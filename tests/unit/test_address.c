/* SPDX-License-Identifier: ISC */
/* Addresses have one text each; what another program might print is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "license/codec.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
addresses_have_the_form_of_rfc_5952(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{"192.0.2.1", true},
		{"0.0.0.0", true},
		{"255.255.255.255", true},
		{"256.0.0.1", false},
		{"192.0.2.01", false},
		{"192.0.2", false},
		{"192.0.2.1.", false},
		{"3221225985", false},
		{"::", true},
		{"::1", true},
		{"2001:db8::1", true},
		{"2001:DB8::1", false},
		{"2001:db8:0:0:0:0:0:1", false},
		{"2001:0db8::1", false},
		{"2001:db8::0:1", false},
		{"2001:db8:0:1:1:1:1:1", true},
		{"2001:db8::1:1:1:1:1", false},
		{"2001:0:0:1::1", true},
		{"2001::1:0:0:0:1", false},
		{"2001:db8::1:0:0:1", true},
		{"2001:db8:0:0:1::1", false},
		{"1::", true},
		{"1:2:3:4:5:6:7:8", true},
		{"1:2:3:4:5:6:7:8:9", false},
		{"::ffff:192.0.2.1", false},
		{"::ffff:c000:201", false},
		{"::192.0.2.1", false},
		{"::c000:201", true},
		{"64:ff9b::c000:201", true},
		{"fe80::1%eth0", false},
		{"[::1]", false},
		{"::1 ", false},
		{"", false},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (address_valid(rows[i].text) != rows[i].good)
			fail_msg("%s", rows[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_have_the_form_of_rfc_5952),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
