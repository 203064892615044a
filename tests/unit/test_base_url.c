/* SPDX-License-Identifier: ISC */
/* The password of a URL is not shown, whatever form the URL has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/base/url.h"

static void
the_password_is_hidden_and_nothing_else(void **state)
{
	static const struct {
		const char *text, *shown;
	} rows[] = {
		{ "http://proxy:3128", "http://proxy:3128" },
		{ "http://user:word@proxy:3128", "http://user:***@proxy:3128" },
		{ "user:word@proxy:3128", "user:***@proxy:3128" },
		{ "http://user@proxy:3128", "http://user@proxy:3128" },
		{ "http://:word@proxy", "http://:***@proxy" },
		{ "http://user:@proxy", "http://user:***@proxy" },
		{ "http://user:w@rd:x@proxy:1", "http://user:***@proxy:1" },
		{ "http://user:w/rd@proxy", "http://user:***@proxy" },
		{ "http://[2001:db8::1]:3128", "http://[2001:db8::1]:3128" },
		{ "http://u:p@[2001:db8::1]:1", "http://u:***@[2001:db8::1]:1" },
		{ "environment", "environment" }, { "", "" },
		{ "FastNetMon Advanced", "FastNetMon Advanced" },
	};
	struct buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_init(&out, 256);
		url_mask(rows[i].text, &out);
		assert_string_equal(buf_text(&out), rows[i].shown);
		buf_fini(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_password_is_hidden_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
