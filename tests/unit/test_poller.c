/* SPDX-License-Identifier: ISC */
/*
 * Goal: the bytes of a GET and of AgentX's first words, and answers good and
 * bad. The GET was compared with net-snmp's own, byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "license/greeting.h"
#include "license/poller.h"

#define BYTES(...) ((const uint8_t[]){__VA_ARGS__})

/* snmpget -v2c -c public ... 1.3.6.1.2.1.1.3.0, with this request-id. */
static const uint8_t get[] = {0x30, 0x29, 0x02, 0x01, 0x01, 0x04, 0x06, 'p',
	'u', 'b', 'l', 'i', 'c', 0xa0, 0x1c, 0x02, 0x04, 0x12, 0x34, 0x56,
	0x78, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x0e, 0x30, 0x0c, 0x06,
	0x08, 0x2b, 0x06, 0x01, 0x02, 0x01, 0x01, 0x03, 0x00, 0x05, 0x00};

enum { REQUEST_ID = 0x12345678, VALUE_AT = sizeof(get) - 2 };

static struct poller_oid
oid_of(const char *text)
{
	struct poller_oid oid;

	assert_true(poller_oid_parse(text, &oid));
	return oid;
}

static void
a_get_is_what_net_snmp_sends(void **state)
{
	struct poller_oid oid = oid_of(".1.3.6.1.2.1.1.3.0");
	uint8_t out[POLLER_MESSAGE_MAX];

	(void)state;
	assert_int_equal(poller_get("public", REQUEST_ID, &oid, out),
	    sizeof(get));
	assert_memory_equal(out, get, sizeof(get));
}

static void
large_subidentifiers_take_more_bytes(void **state)
{
	struct poller_oid oid = oid_of("1.3.6.1.4.1.8072.9999.4294967295");
	static const uint8_t want[] = {0x06, 0x0e, 0x2b, 0x06, 0x01, 0x04, 0x01,
		0xbf, 0x08, 0xce, 0x0f, 0x8f, 0xff, 0xff, 0xff, 0x7f};
	uint8_t out[POLLER_MESSAGE_MAX];

	(void)state;
	size_t len = poller_get("public", 1, &oid, out);
	assert_true(len > sizeof(want));
	assert_memory_equal(out + len - 2 - sizeof(want), want, sizeof(want));
}

static void
what_is_no_oid_or_too_long_is_refused(void **state)
{
	/* 33 of them. */
	static const char long_oid[] = "1.3.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1."
	    "1.1.1.1.1.1.1.1.1.1.1.1.1.1";
	static const char *const bad[] = {"", ".", "1", "1.", "1..3", "1.40",
		"3.1", "1.3.a", "1.3.4294967296", "1.3 ",
		long_oid};
	struct poller_oid oid;
	uint8_t out[POLLER_MESSAGE_MAX];
	char community[POLLER_COMMUNITY_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(poller_oid_parse(bad[i], &oid));
	oid = oid_of("1.3.6");
	memset(community, 'x', sizeof(community) - 1);
	community[sizeof(community) - 1] = '\0';
	assert_int_equal(poller_get(community, 1, &oid, out), 0);
	community[POLLER_COMMUNITY_MAX] = '\0';
	assert_true(poller_get(community, 1, &oid, out) >
	    POLLER_COMMUNITY_MAX);
	assert_int_equal(poller_get("public", -1, &oid, out), 0);
}

/* The answer to ${get} with this value in place of the NULL. */
static size_t
answer_with(const uint8_t *value, size_t len, uint8_t out[static 96])
{
	size_t grown = len - 2;

	memcpy(out, get, VALUE_AT);
	memcpy(out + VALUE_AT, value, len);
	out[13] = 0xa2;
	out[1] = (uint8_t)(out[1] + grown);
	out[14] = (uint8_t)(out[14] + grown);
	out[28] = (uint8_t)(out[28] + grown);
	out[30] = (uint8_t)(out[30] + grown);
	return VALUE_AT + len;
}

static void
each_kind_of_answer_is_told(void **state)
{
	static const struct {
		size_t len;
		uint8_t value[8];
		enum poller_kind kind;
		int64_t number;
	} rows[] = {
		{2, {0x80, 0}, POLLER_NO_OBJECT, 0},
		{2, {0x81, 0}, POLLER_NO_INSTANCE, 0},
		{2, {0x82, 0}, POLLER_OTHER, 0},
		{3, {0x02, 1, 0x80}, POLLER_NUMBER, -128},
		{7, {0x42, 5, 0, 0xff, 0xff, 0xff, 0xff}, POLLER_NUMBER,
		    4294967295},
		{4, {0x43, 2, 1, 0}, POLLER_NUMBER, 256},
		{3, {0x04, 1, 'x'}, POLLER_OTHER, 0},
		{2, {0x42, 0}, POLLER_MALFORMED, 0},
	};
	struct poller_oid oid = oid_of("1.3.6.1.2.1.1.3.0");
	struct poller_answer answer;
	uint8_t bytes[96];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = answer_with(rows[i].value, rows[i].len, bytes);

		assert_true(poller_read(bytes, len, REQUEST_ID, &oid,
		    &answer));
		assert_int_equal(answer.kind, rows[i].kind);
		assert_int_equal(answer.number, rows[i].number);
	}
}

static void
an_error_status_is_told_and_another_name_is_none(void **state)
{
	struct poller_oid oid = oid_of("1.3.6.1.2.1.1.3.0");
	struct poller_oid other = oid_of("1.3.6.1.2.1.1.4.0");
	struct poller_answer answer;
	uint8_t bytes[96];

	(void)state;
	size_t len = answer_with(BYTES(0x80, 0), 2, bytes);
	assert_true(poller_read(bytes, len, REQUEST_ID, &other, &answer));
	assert_int_equal(answer.kind, POLLER_MALFORMED);
	bytes[23] = 16; /* authorizationError */
	assert_true(poller_read(bytes, len, REQUEST_ID, &oid, &answer));
	assert_int_equal(answer.kind, POLLER_ERROR);
	assert_int_equal(answer.number, 16);
}

static void
what_answers_another_question_is_passed_over(void **state)
{
	struct poller_oid oid = oid_of("1.3.6.1.2.1.1.3.0");
	struct poller_answer answer;
	uint8_t bytes[96];

	(void)state;
	size_t len = answer_with(BYTES(0x80, 0), 2, bytes);
	assert_false(poller_read(bytes, len, REQUEST_ID + 1, &oid, &answer));
	assert_false(poller_read(get, sizeof(get), REQUEST_ID, &oid, &answer));
	bytes[4] = 0; /* SNMPv1 */
	assert_false(poller_read(bytes, len, REQUEST_ID, &oid, &answer));
}

static void
no_cut_reads_past_the_end(void **state)
{
	struct poller_oid oid = oid_of("1.3.6.1.2.1.1.3.0");
	struct poller_answer answer;
	uint8_t bytes[96];

	(void)state;
	size_t len = answer_with(BYTES(0x43, 2, 1, 0), 4, bytes);
	for (size_t cut = 0; cut < len; cut++) {
		/* Its own memory, so that a sanitizer sees a byte too far. */
		uint8_t *copy = test_malloc(cut + 1);

		memcpy(copy, bytes, cut);
		assert_false(poller_read(copy, cut, REQUEST_ID, &oid,
		    &answer));
		test_free(copy);
	}
}

static void
a_user_of_snmpv3_begins_as_with_net_snmp(void **state)
{
	/* snmpget -v3 -u x -l noAuthNoPriv ..., with these two numbers. */
	static const uint8_t want[] = {0x30, 0x3e, 0x02, 0x01, 0x03, 0x30, 0x11,
		0x02, 0x04, 0x12, 0x34, 0x56, 0x78, 0x02, 0x03, 0x00, 0xff,
		0xe3, 0x04, 0x01, 0x04, 0x02, 0x01, 0x03, 0x04, 0x10, 0x30,
		0x0e, 0x04, 0x00, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x04,
		0x00, 0x04, 0x00, 0x04, 0x00, 0x30, 0x14, 0x04, 0x00, 0x04,
		0x00, 0xa0, 0x0e, 0x02, 0x04, 0x12, 0x34, 0x56, 0x78, 0x02,
		0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x00};
	uint8_t out[POLLER_MESSAGE_MAX];

	(void)state;
	assert_int_equal(poller_discover(REQUEST_ID, out), sizeof(want));
	assert_memory_equal(out, want, sizeof(want));
	assert_int_equal(poller_discover(-1, out), 0);
	/* An answer has the same head. */
	assert_true(poller_discovered(want, sizeof(want), REQUEST_ID));
	assert_false(poller_discovered(want, sizeof(want), REQUEST_ID + 1));
	assert_false(poller_discovered(get, sizeof(get), REQUEST_ID));
	for (size_t cut = 0; cut < sizeof(want); cut++) {
		uint8_t *copy = test_malloc(cut + 1);

		memcpy(copy, want, cut);
		assert_false(poller_discovered(copy, cut, REQUEST_ID));
		test_free(copy);
	}
}

static void
a_master_is_greeted_and_left_as_rfc_2741_has_it(void **state)
{
	static const uint8_t open_start[] = {1, 1, 0x10, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 7, 0, 0, 0, 28, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		16, 'l', 'e', 'a', 's', 'e', 'l', 'i', 'n', 'e', ' ', 'd', 'o',
		'c', 't', 'o', 'r'};
	static const uint8_t close_all[] = {1, 2, 0x10, 0, 0, 0, 1, 2, 0, 0, 0,
		0, 0, 0, 0, 8, 0, 0, 0, 4, 5, 0, 0, 0};
	uint8_t hello[GREETING_OPEN_SIZE], bye[GREETING_CLOSE_SIZE];

	(void)state;
	greeting_open(7, hello);
	assert_int_equal(sizeof(hello), sizeof(open_start));
	assert_memory_equal(hello, open_start, sizeof(open_start));
	greeting_close(258, 8, bye);
	assert_memory_equal(bye, close_all, sizeof(close_all));
}

static void
a_masters_answer_is_read_in_both_byte_orders(void **state)
{
	uint8_t big[GREETING_ANSWER_SIZE] = {1, 18, 0x10, 0, 0, 0, 1, 2, 0, 0,
		0, 0, 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 9, 1, 1, 0, 0};
	uint8_t little[GREETING_ANSWER_SIZE] = {1, 18, 0, 0, 2, 1, 0, 0, 0, 0,
		0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0};
	uint32_t session = 0;

	(void)state;
	assert_int_equal(greeting_read(big, 7, &session), 257);
	assert_int_equal(session, 258);
	assert_int_equal(greeting_read(little, 7, &session), 0);
	assert_int_equal(session, 258);
	assert_int_equal(greeting_read(big, 8, &session), -1);
	big[0] = 'H';
	assert_int_equal(greeting_read(big, 7, &session), -1);
	little[16] = 7;
	assert_int_equal(greeting_read(little, 7, &session), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_get_is_what_net_snmp_sends),
		cmocka_unit_test(large_subidentifiers_take_more_bytes),
		cmocka_unit_test(what_is_no_oid_or_too_long_is_refused),
		cmocka_unit_test(each_kind_of_answer_is_told),
		cmocka_unit_test(
		    an_error_status_is_told_and_another_name_is_none),
		cmocka_unit_test(what_answers_another_question_is_passed_over),
		cmocka_unit_test(no_cut_reads_past_the_end),
		cmocka_unit_test(a_user_of_snmpv3_begins_as_with_net_snmp),
		cmocka_unit_test(
		    a_master_is_greeted_and_left_as_rfc_2741_has_it),
		cmocka_unit_test(a_masters_answer_is_read_in_both_byte_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
