/* SPDX-License-Identifier: ISC */
/*
 * Documents as structs: what is encoded decodes to the same, what must not be
 * there is refused by its name, and nothing unverified is looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/sample.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const enum purpose purposes[] = {PURPOSE_LICENSE, PURPOSE_REQUEST,
	PURPOSE_REFUSAL, PURPOSE_STATE, PURPOSE_TIME_RESET, PURPOSE_REVOKED,
	PURPOSE_STATS};

static enum doc_error
decode_sealed(const struct buf *body, enum purpose purpose,
    union sample_value *out, struct doc_fault *fault)
{
	struct doc_frame frame;
	struct keyring keyring;
	struct buf doc;
	bool good;

	buf_init(&doc, 2 * DOCUMENT_MAX);
	sample_begin(purpose, &doc);
	buf_add(&doc, body->data, body->len);
	sample_seal(&doc, sample_sealer(purpose));
	assert_int_equal(DOC_OK,
	    doc_frame_read(doc.data, doc.len, purpose, &frame));
	sample_keyring(&keyring);
	assert_int_equal(DOC_OK,
	    frame.by_machine ? doc_verify_machine(&frame) :
			       doc_verify(&frame, &keyring));
	good = sample_decode(&frame, out, fault);
	assert_int_equal(good, fault->error == DOC_OK);
	buf_fini(&doc);
	return fault->error;
}

static void
body_of(enum purpose purpose, int mode, struct buf *out)
{
	union sample_value value;

	buf_init(out, DOCUMENT_MAX);
	sample_value(purpose, mode, &value);
	assert_true(sample_encode(purpose, &value, out));
}

static void
what_is_encoded_decodes_to_the_same_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(purposes); i++) {
		for (int mode = MODE_ONLINE; mode <= MODE_OFFLINE; mode++) {
			union sample_value value;
			struct doc_fault fault;
			struct buf body, again;

			body_of(purposes[i], mode, &body);
			buf_init(&again, DOCUMENT_MAX);
			assert_int_equal(DOC_OK,
			    decode_sealed(&body, purposes[i], &value, &fault));
			assert_true(
			    sample_encode(purposes[i], &value, &again));
			assert_string_equal(buf_text(&body), buf_text(&again));
			buf_fini(&body);
			buf_fini(&again);
		}
	}
}

static void
every_value_arrives(void **state)
{
	struct license want;
	union sample_value got;
	struct doc_fault fault;
	struct buf body;

	(void)state;
	for (int mode = MODE_ONLINE; mode <= MODE_OFFLINE; mode++) {
		body_of(PURPOSE_LICENSE, mode, &body);
		sample_license(mode, &want);
		decode_sealed(&body, PURPOSE_LICENSE, &got, &fault);
		assert_true(got.license.has == want.has);
		assert_string_equal(got.license.id, want.id);
		assert_string_equal(got.license.bind_cpu_model,
		    want.bind_cpu_model);
		assert_int_equal(got.license.billing, BILLING_ANNUAL);
		assert_int_equal(got.license.on_expiry, ON_EXPIRY_STOP);
		assert_int_equal(got.license.bandwidth_mbits, 100000);
		assert_int_equal(got.license.lease_end.s, want.lease_end.s);
		assert_int_equal(got.license.revocations, 2);
		assert_string_equal(got.license.internal_address,
		    "2001:db8::10");
		assert_memory_equal(got.license.machine_key, want.machine_key,
		    KEY_SIZE);
		assert_memory_equal(got.license.nonce, want.nonce, NONCE_SIZE);
		sample_public(SAMPLE_SIGNER, want.signer);
		assert_memory_equal(got.license.signer, want.signer, KEY_SIZE);
		assert_int_equal(got.license.signer_until.s,
		    sample_time(SAMPLE_UNTIL).s);
		assert_int_equal(got.license.bind_grace_s,
		    mode == MODE_ONLINE ? 259200 : 0);
		assert_int_equal(got.license.bind_memory_mib,
		    mode == MODE_ONLINE ? 0 : 131072);
		buf_fini(&body);
	}
}

/* An edit of a good body; "" finds the end. */
#define ONLINE(...) {__VA_ARGS__, PURPOSE_LICENSE, MODE_ONLINE}
#define OFFLINE(...) {__VA_ARGS__, PURPOSE_LICENSE, MODE_OFFLINE}
#define OTHER(purpose, ...) {__VA_ARGS__, purpose, MODE_ONLINE}
static const struct edit {
	const char *find, *replace;
	enum doc_error error;
	unsigned line;
	const char *name;
	enum purpose purpose;
	int mode;
} edits[] = {
	ONLINE("issuer Example Vendor\n", "", DOC_ABSENT, 0, "issuer"),
	ONLINE("mode online\n", "", DOC_ABSENT, 0, "mode"),
	ONLINE("nonce ", "nonse ", DOC_UNKNOWN_NAME, 33, "nonse"),
	ONLINE("", "nonce a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\n", DOC_REPEATED, 34,
	    "nonce"),
	ONLINE("", "signer x\n", DOC_UNKNOWN_NAME, 34, "signer"),
	ONLINE("", "signature x\n", DOC_UNKNOWN_NAME, 34, "signature"),
	ONLINE("kind production\nmode online\n",
	    "mode online\nkind production\n", DOC_ORDER, 10, "kind"),
	ONLINE("", "optional-a b\n", DOC_OK, 0, ""),
	ONLINE("", "optional-b x\noptional-a y\noptional-c z\n", DOC_OK, 0, ""),
	ONLINE("", "optional-b x\noptional-a y\noptional-b z\n", DOC_REPEATED,
	    36, "optional-b"),
	ONLINE("", "optional-a x\noptional-ab y\noptional-a-b z\n", DOC_OK, 0,
	    ""),
	ONLINE("nonce ", "optional-a b\nnonce ", DOC_ORDER, 34, "nonce"),
	ONLINE("", "optional- b\n", DOC_UNKNOWN_NAME, 34, "optional-"),
	ONLINE("", "optional-1 b\n", DOC_UNKNOWN_NAME, 34, "optional-1"),
	ONLINE("", "option b\n", DOC_UNKNOWN_NAME, 34, "option"),
	ONLINE("mode online", "mode offline", DOC_FORBIDDEN, 19,
	    "refresh-after-s"),
	OFFLINE("mode offline", "mode online", DOC_FORBIDDEN, 22,
	    "bind-memory-mib"),
	OFFLINE("bind-memory-mib 131072\n", "", DOC_ABSENT, 0,
	    "bind-memory-mib"),
	OFFLINE("revocations 2\n", "rebinds-used 1\nrevocations 2\n",
	    DOC_FORBIDDEN, 27, "rebinds-used"),
	ONLINE("bind-grace-s 259200\n", "", DOC_ABSENT, 0, "bind-grace-s"),
	ONLINE("rebind-window-end 2026-11-28T00:00:00Z\n", "", DOC_OK, 0, ""),
	ONLINE("edition FastNetMon 100G\n", "", DOC_OK, 0, ""),
	ONLINE("bind-cpu-model Intel(R)", "bind-cpu-model Intel(R) ", DOC_OK, 0,
	    ""),
	ONLINE("billing annual\n", "", DOC_CONFLICT, 0, "billing"),
	ONLINE("kind production", "kind trial", DOC_CONFLICT, 0, "billing"),
	ONLINE("lease-end 2026-12-07", "lease-end 2027-03-30", DOC_CONFLICT, 0,
	    "lease-end"),
	ONLINE("lease-end 2026-12-07T23:59:59Z",
	    "lease-end 2027-03-29T23:59:59Z", DOC_OK, 0, ""),
	ONLINE("not-before 2026-11-22", "not-before 2026-12-22", DOC_CONFLICT,
	    0, "lease-end"),
	ONLINE("refresh-window-s 14400", "refresh-window-s 50401", DOC_CONFLICT,
	    0, "refresh-window-s"),
	ONLINE("refresh-window-s 14400", "refresh-window-s 50400", DOC_OK, 0,
	    ""),
	ONLINE("issued 2026-11-23T05:06:07Z", "issued 2027-11-24T00:00:00Z",
	    DOC_SIGNER_OVER, 0, "issued"),
	ONLINE("issued 2026-11-23T05:06:07Z", "issued 2027-11-23T23:59:59Z",
	    DOC_OK, 0, ""),
	OTHER(PURPOSE_REFUSAL, "reason hardware-limit", "reason none",
	    DOC_VALUE, 0, "reason"),
	OTHER(PURPOSE_REFUSAL, "reason hardware-limit", "reason hardware_limit",
	    DOC_VALUE, 5, "reason"),
	OTHER(PURPOSE_REQUEST, "purpose refresh", "purpose steal", DOC_VALUE, 3,
	    "purpose"),
	OTHER(PURPOSE_REQUEST, "cpu-model", "cpu-modell", DOC_UNKNOWN_NAME, 11,
	    "cpu-modell"),
	OTHER(PURPOSE_STATE, "answered 1", "answered 2", DOC_VALUE, 13,
	    "answered"),
	OTHER(PURPOSE_TIME_RESET, "", "sequence 1\n", DOC_UNKNOWN_NAME, 8,
	    "sequence"),
	OTHER(PURPOSE_REVOKED, "version 2\n", "", DOC_ABSENT, 0, "version"),
	OTHER(PURPOSE_REVOKED, "version 2\n", "version 0\n", DOC_VALUE, 2,
	    "version"),
	OTHER(PURPOSE_REVOKED, "", "version 2\n", DOC_REPEATED, 4, "version"),
	OTHER(PURPOSE_REVOKED, "", "revoked AAAA\n", DOC_VALUE, 4, "revoked"),
};

static void
each_fault_is_named_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(edits); i++) {
		enum purpose purpose = edits[i].purpose;
		union sample_value value, zero;
		struct doc_fault fault;
		struct buf body;

		memset(&zero, 0, sizeof(zero));
		body_of(purpose, edits[i].mode, &body);
		sample_edit(&body, edits[i].find, edits[i].replace,
		    strlen(edits[i].replace));
		memset(&value, 0, sizeof(value));
		decode_sealed(&body, purpose, &value, &fault);
		if (fault.error != edits[i].error ||
		    fault.line != edits[i].line ||
		    strcmp(fault.name, edits[i].name) != 0)
			fail_msg("row %zu (%s): %s, line %u, %s", i,
			    edits[i].replace, doc_error_label(fault.error),
			    fault.line, fault.name);
		if (fault.error != DOC_OK)
			assert_memory_equal(&value, &zero, sizeof(zero));
		buf_fini(&body);
	}
}

/* One value in place of the good one. */
static const struct {
	const char *line, *value;
	bool good;
} values[] = {
	{"bandwidth-mbits 100000", "1", true},
	{"bandwidth-mbits 100000", "4294967295", true},
	{"bandwidth-mbits 100000", "4294967296", false},
	{"bandwidth-mbits 100000", "0", false},
	{"bandwidth-mbits 100000", "-1", false},
	{"bandwidth-mbits 100000", "+1", false},
	{"bandwidth-mbits 100000", "01", false},
	{"bandwidth-mbits 100000", "1 ", false},
	{"bandwidth-mbits 100000", "1e3", false},
	{"bandwidth-mbits 100000", "0x10", false},
	{"bandwidth-mbits 100000", "1.0", false},
	{"bandwidth-mbits 100000", "\xD9\xA1", false},
	{"sequence 17", "9223372036854775807", true},
	{"sequence 17", "9223372036854775808", false},
	{"sequence 17", "18446744073709551617", false},
	{"sequence 17", "99999999999999999999999999", false},
	{"revocations 2", "0", true},
	{"revocations 2", "00", false},
	{"term-end 2027-03-29T23:59:59Z", "2105-12-31T23:59:59Z", true},
	{"term-end 2027-03-29T23:59:59Z", "2106-01-01T00:00:00Z", false},
	{"term-end 2027-03-29T23:59:59Z", "2028-02-29T00:00:00Z", true},
	{"term-end 2027-03-29T23:59:59Z", "2027-02-29T00:00:00Z", false},
	{"term-end 2027-03-29T23:59:59Z", "2027-03-29T23:59:60Z", false},
	{"term-end 2027-03-29T23:59:59Z", "2027-03-29T24:00:00Z", false},
	{"term-end 2027-03-29T23:59:59Z", "2027-03-29T23:59:59", false},
	{"term-end 2027-03-29T23:59:59Z", "2027-03-29t23:59:59z", false},
	{"term-end 2027-03-29T23:59:59Z", "2027-03-29T23:59:59+00:00", false},
	{"term-end 2027-03-29T23:59:59Z", "2027-03-29", false},
	{"not-before 2026-11-22T05:06:07Z", "1970-01-01T00:00:00Z", true},
	{"not-before 2026-11-22T05:06:07Z", "1969-12-31T23:59:59Z", false},
	{"on-expiry stop", "warn", true},
	{"on-expiry stop", "Stop", false},
	{"on-expiry stop", "stop now", false},
	{"nonce a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
	    "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF", false},
	{"nonce a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
	    "a0a1a2a3a4a5a6a7a8a9aaabacadaea", false},
	{"nonce a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
	    "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf00", false},
	{"external-address 192.0.2.10", "::", true},
	{"external-address 192.0.2.10", "somewhere", false},
	{"license-id sub-000042", "x", true},
	{"license-id sub-000042",
	    "1234567890123456789012345678901234567890123456789012345678901234",
	    true},
	{"license-id sub-000042",
	    "12345678901234567890123456789012345678901234567890123456789012345",
	    false},
	{"issuer Example Vendor", "Beispiel \xC3\x9C" "ber GmbH", true},
};

static void
each_value_has_one_form_and_a_range(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		const char *space = strchr(values[i].line, ' ');
		union sample_value value;
		struct doc_fault fault;
		struct buf body, line;

		buf_init(&line, DOCUMENT_LINE_MAX);
		buf_add(&line, values[i].line,
		    (size_t)(space - values[i].line) + 1);
		buf_puts(&line, values[i].value);
		body_of(PURPOSE_LICENSE, MODE_ONLINE, &body);
		sample_edit(&body, values[i].line, line.data, line.len);
		decode_sealed(&body, PURPOSE_LICENSE, &value, &fault);
		if ((fault.error == DOC_OK) != values[i].good)
			fail_msg("%s: %s", line.data,
			    doc_error_label(fault.error));
		if (!values[i].good && fault.error != DOC_LINE)
			assert_int_equal(fault.error, DOC_VALUE);
		buf_fini(&body);
		buf_fini(&line);
	}
}

static void
what_would_not_decode_is_not_encoded(void **state)
{
	struct buf out;
	struct license good, l;

	(void)state;
	buf_init(&out, DOCUMENT_MAX);
	sample_license(MODE_ONLINE, &good);
	assert_true(license_encode(&good, &out));
#define REFUSED(change)                                                       \
	do {                                                                  \
		l = good;                                                     \
		change;                                                       \
		buf_clear(&out);                                              \
		assert_false(license_encode(&l, &out));                       \
	} while (0)
	REFUSED(l.has &= ~bit(LICENSE_ISSUER));
	REFUSED(l.has &= ~bit(LICENSE_GRACE));
	REFUSED(l.has &= ~bit(LICENSE_BILLING));
	REFUSED(l.has |= bit(LICENSE_MEMORY); l.bind_memory_mib = 1);
	REFUSED(l.issuer[0] = '\0');
	REFUSED(memcpy(l.issuer, "a\nb", 4));
	REFUSED(memcpy(l.issuer, " a", 3));
	REFUSED(memcpy(l.issuer, "a ", 3));
	REFUSED(memcpy(l.issuer, "a\x1B", 3));
	REFUSED(memset(l.issuer, 'x', sizeof(l.issuer)));
	REFUSED(l.kind = 0);
	REFUSED(l.kind = 99);
	REFUSED(l.bandwidth_mbits = 0);
	REFUSED(l.bandwidth_mbits = 4294967296);
	REFUSED(l.sequence = -1);
	REFUSED(l.issued.s = -1);
	REFUSED(l.term_end.s = UTC_MAX.s + 1);
	REFUSED(l.lease_end.s = l.term_end.s + 1);
	REFUSED(l.refresh_after_s = 129600);
	REFUSED(memcpy(l.external_address, "::FFFF", 7));
	REFUSED(l.external_address[0] = '\0');
#undef REFUSED
	buf_fini(&out);
	buf_init(&out, 100);
	assert_false(license_encode(&good, &out));
	buf_fini(&out);
}

static void
a_revocation_list_holds_64_keys_and_none_twice(void **state)
{
	struct revoked list = {.has = SAMPLE_ALL(REVOKED_COUNT), .version = 1};
	union sample_value got;
	struct doc_fault fault;
	struct buf body;

	(void)state;
	buf_init(&body, DOCUMENT_MAX);
	list.keys.count = REVOKED_MAX;
	for (size_t i = 0; i < REVOKED_MAX; i++)
		sample_fill(list.keys.key[i], KEY_SIZE, (int)i);
	assert_true(revoked_encode(&list, &body));
	assert_int_equal(DOC_OK,
	    decode_sealed(&body, PURPOSE_REVOKED, &got, &fault));
	assert_int_equal(got.revoked.keys.count, REVOKED_MAX);
	assert_memory_equal(&got.revoked.keys, &list.keys, sizeof(list.keys));
	buf_puts(&body,
	    "revoked AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
	assert_int_equal(DOC_VALUE,
	    decode_sealed(&body, PURPOSE_REVOKED, &got, &fault));
	buf_clear(&body);
	memcpy(list.keys.key[1], list.keys.key[0], KEY_SIZE);
	assert_false(revoked_encode(&list, &body));
	list.keys.count = 0;
	list.has = bit(REVOKED_VERSION);
	buf_clear(&body);
	assert_true(revoked_encode(&list, &body));
	assert_string_equal(buf_text(&body), "version 1\n");
	buf_puts(&body,
	    "revoked AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
	    "revoked AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
	assert_int_equal(DOC_REPEATED,
	    decode_sealed(&body, PURPOSE_REVOKED, &got, &fault));
	assert_int_equal(fault.line, 4);
	buf_fini(&body);
}

static void
a_full_document_of_optional_lines_is_read(void **state)
{
	union sample_value value;
	struct doc_fault fault;
	struct buf body;
	char name[3] = "aa";

	(void)state;
	body_of(PURPOSE_REVOKED, 0, &body);
	for (name[0] = 'a'; name[0] <= 'z'; name[0]++) {
		for (name[1] = 'a'; name[1] <= 'z'; name[1]++)
			buf_printf(&body, "optional-%s x\n", name);
	}
	assert_int_equal(DOC_OK,
	    decode_sealed(&body, PURPOSE_REVOKED, &value, &fault));
	buf_puts(&body, "optional-jj y\n");
	assert_int_equal(DOC_REPEATED,
	    decode_sealed(&body, PURPOSE_REVOKED, &value, &fault));
	assert_string_equal(fault.name, "optional-jj");
	buf_fini(&body);
}

static void
an_unverified_frame_is_our_own_mistake(void **state)
{
	struct doc_frame frame;
	struct buf doc;
	int status;
	pid_t child;

	(void)state;
	body_of(PURPOSE_LICENSE, MODE_ONLINE, &doc);
	buf_clear(&doc);
	sample_begin(PURPOSE_LICENSE, &doc);
	sample_seal(&doc, SAMPLE_SIGNER);
	assert_int_equal(DOC_OK,
	    doc_frame_read(doc.data, doc.len, PURPOSE_LICENSE, &frame));
	child = fork();
	if (child == 0) {
		const struct rlimit none = {0, 0};
		struct license license;
		struct doc_fault fault;

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		fclose(stderr);
		license_decode(&frame, &license, &fault);
		_exit(0);
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	buf_fini(&doc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_encoded_decodes_to_the_same_bytes),
		cmocka_unit_test(every_value_arrives),
		cmocka_unit_test(each_fault_is_named_with_its_line),
		cmocka_unit_test(each_value_has_one_form_and_a_range),
		cmocka_unit_test(what_would_not_decode_is_not_encoded),
		cmocka_unit_test(
		    a_revocation_list_holds_64_keys_and_none_twice),
		cmocka_unit_test(a_full_document_of_optional_lines_is_read),
		cmocka_unit_test(an_unverified_frame_is_our_own_mistake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
