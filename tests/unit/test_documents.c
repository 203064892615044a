/* SPDX-License-Identifier: ISC */
/*
 * The frame of documents: what is read before anything is verified, and the
 * lines that are read after. What the lines mean is test_codec.c's affair.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/sample.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
make(enum purpose purpose, const char *body, struct buf *out)
{
	buf_init(out, 2 * DOCUMENT_MAX);
	sample_begin(purpose, out);
	buf_puts(out, body);
	sample_seal(out, sample_sealer(purpose));
}

static void
the_frame_is_read_by_position(void **state)
{
	struct doc_frame f;
	struct buf doc;
	uint8_t key[KEY_SIZE];

	(void)state;
	make(PURPOSE_LICENSE, "anything goes\n", &doc);
	assert_int_equal(DOC_OK,
	    doc_frame_read(doc.data, doc.len, PURPOSE_LICENSE, &f));
	assert_int_equal(f.purpose, PURPOSE_LICENSE);
	assert_int_equal(f.signed_len, doc.len - DOCUMENT_SIGNATURE_LINE);
	assert_int_equal(f.body_line, 5);
	assert_memory_equal(doc.data + f.body, "anything goes\n", 14);
	assert_int_equal(f.body + 14, f.signed_len);
	assert_false(f.by_machine || f.by_root || f.verified);
	assert_int_equal(f.signer_until.s, sample_time(SAMPLE_UNTIL).s);
	sample_public(SAMPLE_SIGNER, key);
	assert_memory_equal(f.key, key, KEY_SIZE);
	assert_memory_equal(doc.data + f.certificate, "signer ", 7);
	buf_fini(&doc);

	make(PURPOSE_STATS, "a b\n", &doc);
	assert_int_equal(DOC_OK,
	    doc_frame_read(doc.data, doc.len, PURPOSE_STATS, &f));
	assert_true(f.by_machine);
	assert_int_equal(f.body_line, 3);
	sample_public(SAMPLE_MACHINE, key);
	assert_memory_equal(f.key, key, KEY_SIZE);
	buf_fini(&doc);

	make(PURPOSE_REVOKED, "version 1\n", &doc);
	assert_int_equal(DOC_OK,
	    doc_frame_read(doc.data, doc.len, PURPOSE_REVOKED, &f));
	assert_true(f.by_root);
	assert_int_equal(f.body_line, 2);
	buf_fini(&doc);
}

static void
a_frame_that_is_not_one_is_named(void **state)
{
	static const struct {
		const char *find, *replace;
		enum doc_error error;
	} rows[] = {
		{"leaseline-license", "leaselone-license", DOC_NOT_OURS},
		{"leaseline-license", "\xEF\xBB\xBFleaseline-license",
		    DOC_NOT_OURS},
		{"-license 1", "-request 1", DOC_PURPOSE},
		{"-license 1", "-lease 1", DOC_PURPOSE},
		{"-license 1", "- 1", DOC_PURPOSE},
		{"-license 1", "-license\n", DOC_VERSION},
		{"-license 1", "-license 2", DOC_VERSION},
		{"-license 1", "-license 01", DOC_VERSION},
		{"-license 1", "-license 1 ", DOC_VERSION},
		{"-license 1\n", "-license 1\r\n", DOC_VERSION},
		{"-license 1", "-license  1", DOC_VERSION},
		{"signer ", "signor ", DOC_KEY_LINES},
		{"signer ", "signer  ", DOC_KEY_LINES},
		{"2027-11-23", "2027-02-30", DOC_KEY_LINES},
		{"2027-11-23T", "2027-11-23 ", DOC_KEY_LINES},
		{"2027-11-23", "2106-01-01", DOC_KEY_LINES},
		{"signer-until ", "signer-proof ", DOC_KEY_LINES},
		{"signer-proof", "signer-prove", DOC_KEY_LINES},
		{"=\nsigner-until", "\nsigner-until", DOC_KEY_LINES},
		{"\nsignature ", "\nsignatur  ", DOC_CUT},
		{"\nsignature ", " signature ", DOC_CUT},
		{"", "\n", DOC_CUT},
		{"", "x", DOC_CUT},
		{"==\nname", "==\r\nname", DOC_KEY_LINES},
	};
	struct doc_frame f;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf doc;

		make(PURPOSE_LICENSE, "name value\n", &doc);
		sample_edit(&doc, rows[i].find, rows[i].replace,
		    strlen(rows[i].replace));
		assert_string_equal(doc_error_label(rows[i].error),
		    doc_error_label(doc_frame_read(doc.data, doc.len,
			PURPOSE_LICENSE, &f)));
		buf_fini(&doc);
	}
}

static void
a_signature_line_of_other_digits_is_a_bad_signature(void **state)
{
	struct doc_frame f;
	struct buf doc;

	(void)state;
	make(PURPOSE_LICENSE, "name value\n", &doc);
	for (size_t i = doc.len - 89; i < doc.len - 1; i++) {
		char kept = doc.data[i];

		doc.data[i] = '*';
		assert_int_equal(DOC_SIGNATURE,
		    doc_frame_read(doc.data, doc.len, PURPOSE_LICENSE, &f));
		doc.data[i] = kept;
	}
	buf_fini(&doc);
}

static void
sixteen_kib_fit_and_one_byte_more_does_not(void **state)
{
	struct doc_frame f;
	struct buf doc;
	size_t room;

	(void)state;
	buf_init(&doc, 2 * DOCUMENT_MAX);
	sample_begin(PURPOSE_LICENSE, &doc);
	room = DOCUMENT_MAX - DOCUMENT_SIGNATURE_LINE - 1;
	while (doc.len < room)
		buf_putc(&doc, 'x');
	buf_putc(&doc, '\n');
	sample_seal(&doc, SAMPLE_SIGNER);
	assert_int_equal(doc.len, DOCUMENT_MAX);
	assert_int_equal(DOC_OK,
	    doc_frame_read(doc.data, doc.len, PURPOSE_LICENSE, &f));
	buf_putc(&doc, 'x');
	assert_int_equal(DOC_TOO_LARGE,
	    doc_frame_read(doc.data, doc.len, PURPOSE_LICENSE, &f));
	assert_int_equal(DOC_EMPTY,
	    doc_frame_read("", 0, PURPOSE_LICENSE, &f));
	assert_int_equal(DOC_EMPTY,
	    doc_frame_read(NULL, 0, PURPOSE_LICENSE, &f));
	buf_fini(&doc);
}

static void
a_first_line_without_end_is_long_or_cut(void **state)
{
	struct doc_frame f;
	struct buf doc;

	(void)state;
	buf_init(&doc, DOCUMENT_MAX);
	buf_puts(&doc, "leaseline-license 1");
	assert_int_equal(DOC_CUT,
	    doc_frame_read(doc.data, doc.len, PURPOSE_LICENSE, &f));
	while (doc.len < DOCUMENT_LINE_MAX)
		buf_putc(&doc, ' ');
	buf_putc(&doc, '\n');
	assert_int_equal(DOC_LINE_LONG,
	    doc_frame_read(doc.data, doc.len, PURPOSE_LICENSE, &f));
	buf_fini(&doc);
}

static void
the_claimed_purpose_is_told_without_trust(void **state)
{
	static const struct {
		const char *text;
		int purpose;
	} rows[] = {
		{"leaseline-license 1\n", PURPOSE_LICENSE},
		{"leaseline-license 2\n", PURPOSE_LICENSE},
		{"leaseline-time-reset 1\n", PURPOSE_TIME_RESET},
		{"leaseline-revoked 1\n", PURPOSE_REVOKED},
		{"leaseline-signer 1\n", 0},
		{"leaseline-license", 0},
		{"leaseline-", 0},
		{"leaseline", 0},
		{"", 0},
		{"leaseline-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1\n",
		    0},
		{"Leaseline-license 1\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(rows[i].purpose,
		    doc_purpose(rows[i].text, strlen(rows[i].text)));
	assert_true(doc_is_ours("leaseline-", 10));
	assert_false(doc_is_ours("leaseline-", 9));
}

static void
each_error_has_its_label_its_sentence_and_a_result(void **state)
{
	(void)state;
	for (int i = 0; i < DOC_ERROR_COUNT; i++) {
		assert_non_null(doc_error_label((enum doc_error)i));
		assert_true(
		    strlen(doc_error_sentence((enum doc_error)i)) > 5);
		assert_non_null(names_row(NAMES_RESULT,
		    (int)doc_error_result((enum doc_error)i)));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(
			    doc_error_label((enum doc_error)i),
			    doc_error_label((enum doc_error)k));
	}
	assert_int_equal(doc_error_result(DOC_OK), RESULT_OK);
	assert_int_equal(doc_error_result(DOC_SIGNATURE),
	    RESULT_BAD_SIGNATURE);
	assert_int_equal(doc_error_result(DOC_REVOKED), RESULT_UNKNOWN_KEY);
	assert_int_equal(doc_error_result(DOC_OLD_SEQUENCE), RESULT_REPLAYED);
}

static void
a_fault_says_where(void **state)
{
	static const struct {
		struct doc_fault fault;
		const char *text;
	} rows[] = {
		{{DOC_VALUE, 12, "bandwidth-mbits"},
		    "line 12, bandwidth-mbits: it has a value out of its range "
		    "or form"},
		{{DOC_ABSENT, 0, "nonce"},
		    "nonce: a line that must be there is missing"},
		{{DOC_BYTE, 3, ""},
		    "line 3: it has a byte that documents do not have"},
		{{DOC_EMPTY, 0, ""}, "it is empty"},
	};
	char text[200], small[12];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		doc_fault_text(&rows[i].fault, text, sizeof(text));
		assert_string_equal(text, rows[i].text);
		doc_fault_text(&rows[i].fault, small, sizeof(small));
		assert_int_equal(strlen(small), 11);
	}
}

static enum doc_error
read_all(const char *body, size_t *count)
{
	struct doc_frame f;
	struct doc_fault fault;
	struct doc_lines lines;
	struct doc_line line;
	struct buf doc;

	make(PURPOSE_STATS, body, &doc);
	assert_int_equal(DOC_OK,
	    doc_frame_read(doc.data, doc.len, PURPOSE_STATS, &f));
	assert_int_equal(DOC_OK, doc_verify_machine(&f));
	*count = 0;
	if (doc_lines_begin(&f, &lines, &fault)) {
		while (doc_lines_next(&lines, &line, &fault)) {
			assert_int_equal(line.number, 3 + *count);
			(*count)++;
		}
	}
	buf_fini(&doc);
	return fault.error;
}

static void
lines_are_name_space_value(void **state)
{
	static const struct {
		const char *body;
		size_t count;
		enum doc_error error;
	} rows[] = {
		{"", 0, DOC_OK},
		{"a b\n", 1, DOC_OK},
		{"a-1 b  c\nb c\n", 2, DOC_OK},
		{"a \xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\n", 1, DOC_OK},
		{"a b\n\nc d\n", 1, DOC_LINE},
		{"a\n", 0, DOC_LINE},
		{"a \n", 0, DOC_LINE},
		{"a  b\n", 0, DOC_LINE},
		{"a b \n", 0, DOC_LINE},
		{" a b\n", 0, DOC_LINE},
		{"A b\n", 0, DOC_LINE},
		{"1a b\n", 0, DOC_LINE},
		{"-a b\n", 0, DOC_LINE},
		{"a_b c\n", 0, DOC_LINE},
		{"a b\tc\n", 0, DOC_BYTE},
		{"a b\r\n", 0, DOC_BYTE},
		{"a \x7F\n", 0, DOC_BYTE},
		{"a \xC2\x80\n", 0, DOC_BYTE},
		{"a \xC2\x9F\n", 0, DOC_BYTE},
		{"a \xC2\xA0\n", 1, DOC_OK},
		{"a \xEF\xBB\xBF\n", 0, DOC_BYTE},
		{"a \xC0\x80\n", 0, DOC_BYTE},
		{"a \xED\xA0\x80\n", 0, DOC_BYTE},
		{"a \xF4\x90\x80\x80\n", 0, DOC_BYTE},
		{"a \xE2\x82\n", 0, DOC_BYTE},
		{"a \xFF\n", 0, DOC_BYTE},
	};
	size_t count;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_string_equal(doc_error_label(rows[i].error),
		    doc_error_label(read_all(rows[i].body, &count)));
		assert_int_equal(count, rows[i].count);
	}
}

static void
a_line_of_1024_bytes_fits_and_one_of_1025_does_not(void **state)
{
	char body[DOCUMENT_LINE_MAX + 2];
	size_t count;

	(void)state;
	memset(body, 'x', sizeof(body));
	memcpy(body, "a ", 2);
	body[DOCUMENT_LINE_MAX - 1] = '\n';
	body[DOCUMENT_LINE_MAX] = '\0';
	assert_int_equal(read_all(body, &count), DOC_OK);
	assert_int_equal(count, 1);
	body[DOCUMENT_LINE_MAX - 1] = 'x';
	body[DOCUMENT_LINE_MAX] = '\n';
	body[DOCUMENT_LINE_MAX + 1] = '\0';
	assert_int_equal(read_all(body, &count), DOC_LINE_LONG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_frame_is_read_by_position),
		cmocka_unit_test(a_frame_that_is_not_one_is_named),
		cmocka_unit_test(
		    a_signature_line_of_other_digits_is_a_bad_signature),
		cmocka_unit_test(sixteen_kib_fit_and_one_byte_more_does_not),
		cmocka_unit_test(a_first_line_without_end_is_long_or_cut),
		cmocka_unit_test(the_claimed_purpose_is_told_without_trust),
		cmocka_unit_test(
		    each_error_has_its_label_its_sentence_and_a_result),
		cmocka_unit_test(a_fault_says_where),
		cmocka_unit_test(lines_are_name_space_value),
		cmocka_unit_test(
		    a_line_of_1024_bytes_fits_and_one_of_1025_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
