/* SPDX-License-Identifier: ISC */
/*
 * What a root signs: only the two forms, byte for byte, and what comes back
 * is what an agent's keyring takes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "license/authority/certify.h"
#include "tests/sample.h"

static void
signer_text(struct buf *out)
{
	uint8_t key[KEY_SIZE];

	buf_init(out, DOCUMENT_MAX);
	sample_public(SAMPLE_SIGNER, key);
	certificate_text(key, sample_time(SAMPLE_UNTIL), out);
}

static void
list_text(int64_t version, size_t count, struct buf *out)
{
	struct certify_request r = { .is_list = true };

	r.list.version = version;
	r.list.has = bit(REVOKED_VERSION) | (count ? bit(REVOKED_KEYS) : 0);
	r.list.keys.count = count;
	for (size_t i = 0; i < count; i++)
		sample_public((enum sample_who)(SAMPLE_SIGNER + i),
		    r.list.keys.key[i]);
	buf_init(out, DOCUMENT_MAX);
	assert_true(certify_print(&r, out));
}

static bool
read_text(const char *bytes, size_t len, struct certify_request *out)
{
	struct buf error;
	bool good;

	buf_init(&error, 512);
	good = certify_read(bytes, len, out, &error);
	assert_int_equal(good, error.len == 0);
	buf_fini(&error);
	return good;
}

static void
a_request_is_read_back_as_it_was_printed(void **state)
{
	struct certify_request r;
	struct buf text, again;

	(void)state;
	for (int list = 0; list < 2; list++) {
		if (list)
			list_text(3, 2, &text);
		else
			signer_text(&text);
		assert_true(read_text(text.data, text.len, &r));
		assert_int_equal(list, r.is_list);
		buf_init(&again, DOCUMENT_MAX);
		assert_true(certify_print(&r, &again));
		assert_string_equal(buf_text(&text), buf_text(&again));
		buf_fini(&again);
		buf_fini(&text);
	}
}

/* A root that signs what it does not understand signs anything. */
static void
any_other_byte_is_not_signed(void **state)
{
	struct certify_request r;
	struct buf text;

	(void)state;
	for (int list = 0; list < 2; list++) {
		if (list)
			list_text(3, 2, &text);
		else
			signer_text(&text);
		assert_false(read_text(text.data, text.len - 1, &r));
		for (size_t at = 0; at < 18; at++) { /* line 1 */
			text.data[at] ^= 1;
			assert_false(read_text(text.data, text.len, &r));
			text.data[at] ^= 1;
		}
		buf_puts(&text, "x 1\n");
		assert_false(read_text(text.data, text.len, &r));
		buf_fini(&text);
	}
	buf_init(&text, DOCUMENT_MAX);
	assert_false(read_text("", 0, &r));
	buf_puts(&text, "leaseline-license 1\nissuer x\n");
	assert_false(read_text(text.data, text.len, &r));
	buf_fini(&text);
}

static void
the_signed_list_is_good_under_its_root_only(void **state)
{
	struct signing_key *root = sample_key(SAMPLE_ROOT);
	struct certify_request r;
	struct buf text, document, error;
	struct keyring keyring;
	struct revoked list;

	(void)state;
	sample_keyring(&keyring);
	list_text(9, 2, &text);
	buf_init(&document, DOCUMENT_MAX);
	buf_init(&error, 512);
	assert_true(read_text(text.data, text.len, &r));
	assert_true(certify(root, &r, &document));
	assert_true(certify_list(document.data, document.len, &keyring, &list,
	    &error));
	assert_int_equal(9, list.version);
	assert_int_equal(2, list.keys.count);
	sample_public(SAMPLE_OTHER_ROOT, keyring.root[0]);
	assert_false(certify_list(document.data, document.len, &keyring,
	    &list, &error));
	assert_true(error.len > 0);
	buf_fini(&error);
	buf_fini(&document);
	buf_fini(&text);
	signing_key_free(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_read_back_as_it_was_printed),
		cmocka_unit_test(any_other_byte_is_not_signed),
		cmocka_unit_test(the_signed_list_is_good_under_its_root_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
