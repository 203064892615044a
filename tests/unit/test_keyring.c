/* SPDX-License-Identifier: ISC */
/*
 * Trust: root files, certificates of signers, revocation. Each document here
 * is well formed; the question is only whose it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/sample.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_B "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void
a_root_file_is_read_or_its_line_is_named(void **state)
{
	static const struct {
		const char *text;
		size_t count;
		const char *error;
	} rows[] = {
		{"leaseline-root 1\nroot " KEY_A "\n", 1, ""},
		{"leaseline-root 1\nroot " KEY_A, 1, ""},
		{"# ours\n\nleaseline-root 1\n# a\n"
		 "root " KEY_A "\n\nroot " KEY_B "\n",
		    2, ""},
		{"", 0, "there is no root key in it"},
		{"leaseline-root 1\n", 0, "there is no root key in it"},
		{"leaseline-root 2\nroot " KEY_A "\n", 0,
		    "line 1: a root file begins with 'leaseline-root 1'"},
		{"root " KEY_A "\n", 0,
		    "line 1: a root file begins with 'leaseline-root 1'"},
		{"leaseline-root 1\nroot AAAA\n", 0,
		    "line 2: a root key is base64 of 32 bytes"},
		{"leaseline-root 1\nroot " KEY_A " \n", 0,
		    "line 2: a root key is base64 of 32 bytes"},
		{"leaseline-root 1\n\nkey " KEY_A "\n", 0,
		    "line 3: expected 'root' and a key in base64"},
		{"leaseline-root 1\nroot " KEY_A "\nroot " KEY_A "\n", 0,
		    "line 3: this key is there twice"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct keyring keyring;
		struct buf error;

		buf_init(&error, 256);
		assert_int_equal(rows[i].count > 0,
		    keyring_parse_roots(rows[i].text, &keyring, &error));
		assert_int_equal(keyring.root_count, rows[i].count);
		assert_string_equal(buf_text(&error), rows[i].error);
		buf_fini(&error);
	}
}

static void
a_root_file_holds_eight_keys_and_not_nine(void **state)
{
	struct keyring keyring;
	struct buf text, error;

	(void)state;
	buf_init(&text, 4096);
	buf_init(&error, 256);
	buf_puts(&text, "leaseline-root 1\n");
	for (int i = 0; i < KEYRING_ROOTS_MAX; i++)
		buf_printf(&text, "root %c%s\n", 'A' + i, &KEY_A[1]);
	assert_true(
	    keyring_parse_roots(buf_text(&text), &keyring, &error));
	assert_int_equal(keyring.root_count, KEYRING_ROOTS_MAX);
	buf_printf(&text, "root Z%s\n", &KEY_A[1]);
	assert_false(
	    keyring_parse_roots(buf_text(&text), &keyring, &error));
	assert_string_equal(buf_text(&error),
	    "line 10: a root file holds at most 8 keys");
	buf_fini(&text);
	buf_fini(&error);
}

static void
a_printed_root_is_read_again(void **state)
{
	struct keyring keyring;
	uint8_t root[KEY_SIZE];
	struct buf text, error;

	(void)state;
	buf_init(&text, 256);
	buf_init(&error, 256);
	sample_public(SAMPLE_ROOT, root);
	keyring_print_root(root, &text);
	assert_true(
	    keyring_parse_roots(buf_text(&text), &keyring, &error));
	assert_memory_equal(keyring.root[0], root, KEY_SIZE);
	buf_fini(&text);
	buf_fini(&error);
}

static void
an_older_list_does_not_undo_a_newer_one(void **state)
{
	struct keyring keyring;
	struct revoked newer, older = {.version = 1};
	uint8_t key[KEY_SIZE];

	(void)state;
	sample_keyring(&keyring);
	sample_revoked(&newer);
	sample_public(SAMPLE_REVOKED_SIGNER, key);
	assert_false(keyring_revoked(&keyring, key));
	assert_true(keyring_revoke(&keyring, &newer));
	assert_true(keyring_revoked(&keyring, key));
	assert_false(keyring_revoke(&keyring, &older));
	assert_true(keyring_revoked(&keyring, key));
	assert_true(keyring_revoke(&keyring, &newer));
	sample_public(SAMPLE_SIGNER, key);
	assert_false(keyring_revoked(&keyring, key));
}

struct story {
	enum purpose purpose;
	enum sample_who root, signer, sealed_by;
	bool revoked;
	enum doc_error error;
};

static enum doc_error
tell(const struct story *s, bool more_roots)
{
	struct keyring keyring;
	struct revoked list;
	struct doc_frame frame;
	enum doc_error error;
	struct buf doc;

	sample_keyring(&keyring);
	if (more_roots) {
		keyring.root_count = 2;
		sample_public(SAMPLE_OTHER_ROOT, keyring.root[1]);
	}
	sample_revoked(&list);
	if (s->revoked)
		keyring_revoke(&keyring, &list);
	buf_init(&doc, DOCUMENT_MAX);
	document_begin(s->purpose, NULL, &doc);
	if (s->purpose != PURPOSE_REVOKED)
		sample_certificate(s->signer, s->root, SAMPLE_UNTIL, &doc);
	sample_seal(&doc, s->sealed_by);
	assert_int_equal(DOC_OK,
	    doc_frame_read(doc.data, doc.len, s->purpose, &frame));
	error = doc_verify(&frame, &keyring);
	assert_int_equal(frame.verified, error == DOC_OK);
	buf_fini(&doc);
	return error;
}

static void
trust_goes_from_a_pinned_root_through_a_signer(void **state)
{
	static const struct story rows[] = {
		{PURPOSE_LICENSE, SAMPLE_ROOT, SAMPLE_SIGNER, SAMPLE_SIGNER,
		    false, DOC_OK},
		{PURPOSE_REFUSAL, SAMPLE_ROOT, SAMPLE_SIGNER, SAMPLE_SIGNER,
		    true, DOC_OK},
		{PURPOSE_LICENSE, SAMPLE_ROOT, SAMPLE_SIGNER,
		    SAMPLE_OTHER_SIGNER, false, DOC_SIGNATURE},
		{PURPOSE_LICENSE, SAMPLE_ROOT, SAMPLE_SIGNER, SAMPLE_ROOT,
		    false, DOC_SIGNATURE},
		{PURPOSE_LICENSE, SAMPLE_OTHER_ROOT, SAMPLE_SIGNER,
		    SAMPLE_SIGNER, false, DOC_UNKNOWN_KEY},
		{PURPOSE_LICENSE, SAMPLE_SIGNER, SAMPLE_SIGNER, SAMPLE_SIGNER,
		    false, DOC_UNKNOWN_KEY},
		{PURPOSE_LICENSE, SAMPLE_ROOT, SAMPLE_REVOKED_SIGNER,
		    SAMPLE_REVOKED_SIGNER, false, DOC_OK},
		{PURPOSE_LICENSE, SAMPLE_ROOT, SAMPLE_REVOKED_SIGNER,
		    SAMPLE_REVOKED_SIGNER, true, DOC_REVOKED},
		{PURPOSE_REVOKED, 0, 0, SAMPLE_ROOT, false, DOC_OK},
		{PURPOSE_REVOKED, 0, 0, SAMPLE_SIGNER, false, DOC_SIGNATURE},
		{PURPOSE_REVOKED, 0, 0, SAMPLE_OTHER_ROOT, false,
		    DOC_SIGNATURE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(doc_error_label(tell(&rows[i], false)),
		    doc_error_label(rows[i].error));
}

static void
each_of_several_roots_is_trusted(void **state)
{
	static const struct story rows[] = {
		{PURPOSE_LICENSE, SAMPLE_ROOT, SAMPLE_SIGNER, SAMPLE_SIGNER,
		    false, DOC_OK},
		{PURPOSE_LICENSE, SAMPLE_OTHER_ROOT, SAMPLE_SIGNER,
		    SAMPLE_SIGNER, false, DOC_OK},
		{PURPOSE_REVOKED, 0, 0, SAMPLE_OTHER_ROOT, false, DOC_OK},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(tell(&rows[i], true), DOC_OK);
}

static void
a_machine_cannot_speak_for_the_vendor_nor_the_reverse(void **state)
{
	static const enum purpose purposes[] = {PURPOSE_LICENSE,
		PURPOSE_REQUEST, PURPOSE_REFUSAL, PURPOSE_STATS, PURPOSE_STATE,
		PURPOSE_TIME_RESET, PURPOSE_REVOKED};
	struct keyring keyring;

	(void)state;
	sample_keyring(&keyring);
	for (size_t i = 0; i < COUNT(purposes); i++) {
		struct doc_frame frame;
		struct buf doc;

		buf_init(&doc, DOCUMENT_MAX);
		sample_begin(purposes[i], &doc);
		sample_seal(&doc, sample_sealer(purposes[i]));
		assert_int_equal(DOC_OK,
		    doc_frame_read(doc.data, doc.len, purposes[i], &frame));
		assert_int_equal(doc_verify(&frame, &keyring),
		    frame.by_machine ? DOC_UNKNOWN_KEY : DOC_OK);
		assert_int_equal(doc_verify_machine(&frame),
		    frame.by_machine ? DOC_OK : DOC_UNKNOWN_KEY);
		buf_fini(&doc);
	}
}

static void
no_root_trusts_nobody(void **state)
{
	struct keyring keyring = {.root_count = 0};
	struct doc_frame frame;
	struct buf doc;

	(void)state;
	buf_init(&doc, DOCUMENT_MAX);
	sample_begin(PURPOSE_LICENSE, &doc);
	sample_seal(&doc, SAMPLE_SIGNER);
	assert_int_equal(DOC_OK,
	    doc_frame_read(doc.data, doc.len, PURPOSE_LICENSE, &frame));
	assert_int_equal(DOC_UNKNOWN_KEY, doc_verify(&frame, &keyring));
	assert_false(frame.verified);
	buf_fini(&doc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_root_file_is_read_or_its_line_is_named),
		cmocka_unit_test(a_root_file_holds_eight_keys_and_not_nine),
		cmocka_unit_test(a_printed_root_is_read_again),
		cmocka_unit_test(an_older_list_does_not_undo_a_newer_one),
		cmocka_unit_test(
		    trust_goes_from_a_pinned_root_through_a_signer),
		cmocka_unit_test(each_of_several_roots_is_trusted),
		cmocka_unit_test(
		    a_machine_cannot_speak_for_the_vendor_nor_the_reverse),
		cmocka_unit_test(no_root_trusts_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
