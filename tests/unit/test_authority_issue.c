/* SPDX-License-Identifier: ISC */
/*
 * From a request's bytes to an answer's: what the authority issues verifies
 * under its root, decodes, and is an answer to that request; what is not a
 * request is told from what is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "license/answer.h"
#include "license/authority/admit.h"
#include "license/authority/database.h"
#include "license/authority/issue.h"
#include "license/authority/route.h"
#include "license/authority/tally.h"
#include "license/authority/writer.h"
#include "tests/sample.h"

#define HERE "192.0.2.1"
#define PRODUCT "FastNetMon Advanced"

struct bench {
	char directory[64], path[96];
	struct database *database;
	struct issuer *issuer;
	struct keyring keyring;
	struct writer_options options;
	struct admit *admit;
	utc_t now;
};

static struct issuer *
make_issuer(enum sample_who root, utc_t until, struct buf *error)
{
	struct signing_key *root_key = sample_key(root);
	struct signing_key *signer = sample_key(SAMPLE_SIGNER);
	struct keyring keyring;
	struct issuer *issuer;
	struct buf pem, certificate;
	uint8_t key[KEY_SIZE];

	sample_keyring(&keyring);
	buf_init(&pem, 1024);
	buf_init(&certificate, 1024);
	signing_key_public(signer, key);
	assert_true(signing_key_print(signer, &pem));
	assert_true(certificate_print(root_key, key, until, &certificate));
	issuer = issuer_new(buf_text(&pem), buf_text(&certificate), &keyring,
	    error);
	buf_fini(&pem);
	buf_fini(&certificate);
	signing_key_free(root_key);
	signing_key_free(signer);
	return issuer;
}

static void
subscribe(struct bench *b)
{
	struct change c = { .subscription_changed = true };
	struct subscription *s = &c.subscription;
	struct buf error;

	buf_init(&error, 100);
	text_copy(s->id, sizeof(s->id), "sub-1");
	text_copy(s->customer, sizeof(s->customer), "Example ISP");
	text_copy(s->product, sizeof(s->product), PRODUCT);
	s->status = SUBSCRIPTION_ACTIVE;
	s->kind = KIND_PRODUCTION;
	s->billing = BILLING_ANNUAL;
	s->renews = RENEWS_MANUAL;
	s->on_expiry = ON_EXPIRY_STOP;
	s->bandwidth_mbits = 10000;
	s->term_end = UTC_MAX; /* one test uses the real clock */
	s->revision = 1;
	assert_true(prefix_parse(HERE, &c.allocations[0], &error));
	c.allocation_count = 1;
	assert_int_equal(0, database_begin(b->database));
	assert_int_equal(0, database_store(b->database, &c));
	assert_int_equal(0, database_commit(b->database));
	buf_fini(&error);
}

static int
setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	const char *base = getenv("TMPDIR");
	struct buf error;

	buf_init(&error, 1024);
	snprintf(b->directory, sizeof(b->directory), "%s/issue.XXXXXX",
	    base && strlen(base) < 40 ? base : "/tmp");
	assert_non_null(mkdtemp(b->directory));
	snprintf(b->path, sizeof(b->path), "%s/a.db", b->directory);
	b->database = database_open(b->path, true, &error);
	b->issuer = make_issuer(SAMPLE_ROOT, UTC_MAX, &error);
	assert_string_equal("", buf_text(&error));
	sample_keyring(&b->keyring);
	b->now = sample_time(SAMPLE_ISSUED);
	b->options = (struct writer_options){ b->database, b->issuer,
		&decide_policy_default, "Leaseline", NULL, 0 };
	subscribe(b);
	buf_fini(&error);
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	struct bench *b = *state;
	char path[128];

	database_close(b->database);
	issuer_free(b->issuer);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", b->path, ends[i]);
		unlink(path);
	}
	rmdir(b->directory);
	free(b);
	return 0;
}

static const char *coupon; /* in requests; NULL: none */

/* A signed request of the sample machine; "" sequence: none is held. */
static void
make_request(const char *head, const char *lines, int64_t sequence,
    struct buf *out)
{
	struct signing_key *key = sample_key(SAMPLE_MACHINE);
	uint8_t public_key[KEY_SIZE];
	struct request r = { .ask = ASK_REFRESH,
		.created = sample_time(SAMPLE_ISSUED), .sequence = sequence,
		.logical_cpus = 8 };

	signing_key_public(key, public_key);
	memset(r.nonce, (int)sequence + 1, sizeof(r.nonce));
	text_copy(r.product, sizeof(r.product), PRODUCT);
	text_copy(r.agent_version, sizeof(r.agent_version), "0.1.0");
	text_copy(r.cpu_model, sizeof(r.cpu_model), "Xeon");
	r.has = bit(REQUEST_PURPOSE) | bit(REQUEST_CREATED) |
	    bit(REQUEST_NONCE) | bit(REQUEST_PRODUCT) |
	    bit(REQUEST_AGENT_VERSION) | bit(REQUEST_CPU_MODEL) |
	    bit(REQUEST_LOGICAL_CPUS);
	if (sequence)
		r.has |= bit(REQUEST_SEQUENCE);
	if (coupon && text_copy(r.coupon, sizeof(r.coupon), coupon))
		r.has |= bit(REQUEST_COUPON);
	buf_init(out, DOCUMENT_MAX);
	document_begin(PURPOSE_REQUEST, public_key, out);
	if (head) { /* another first line of the same length */
		assert_int_equal(strlen("leaseline-request 1"), strlen(head));
		memcpy(out->data, head, strlen(head));
	}
	assert_true(request_encode(&r, out));
	buf_puts(out, lines);
	assert_true(document_seal(out, key));
	signing_key_free(key);
}

static int
answer_to(struct bench *b, const struct buf *request, struct buf *out,
    int *result)
{
	struct writer_job job = { .exchange = NULL };
	struct writer_turn turn = { b->now, b->admit, 7, 0 };
	struct writer_reply reply = { 0, 0 };
	struct buf error;
	int status;

	buf_init(&error, 256);
	assert_int_equal(REFUSAL_NONE, route_read(request->data, request->len,
	    &job.request, &error));
	sha256(request->data, request->len, job.request_sha256);
	text_copy(job.observed, sizeof(job.observed), HERE);
	buf_init(out, DOCUMENT_MAX);
	assert_int_equal(0, database_begin(b->database));
	status = writer_answer(&b->options, &job, &turn, out, &reply);
	*result = reply.result;
	assert_int_equal(0, database_commit(b->database));
	buf_fini(&error);
	return status;
}

/* What an agent makes of it. */
static void
read_answer(const struct bench *b, const struct buf *request,
    const struct buf *bytes, bool refusal, struct answer *out)
{
	struct answer_expectation e = { .keyring = &b->keyring,
		.product = PRODUCT };
	struct request r;
	struct buf error;

	buf_init(&error, 256);
	route_read(request->data, request->len, &r, &error);
	sha256(request->data, request->len, e.request_sha256);
	memcpy(e.nonce, r.nonce, sizeof(e.nonce));
	memcpy(e.machine_key, r.machine_key, sizeof(e.machine_key));
	answer_read(bytes->data, bytes->len, refusal, &e, out);
	buf_fini(&error);
}

static void
what_is_issued_is_an_answer_for_the_agent(void **state)
{
	struct bench *b = *state;
	struct buf request, bytes;
	struct answer answer;
	int result;

	make_request(NULL, "", 0, &request);
	assert_int_equal(200, answer_to(b, &request, &bytes, &result));
	assert_int_equal(TALLY_LICENSE, result);
	read_answer(b, &request, &bytes, false, &answer);
	assert_int_equal(RESULT_OK, answer.result);
	assert_int_equal(1, answer.license.sequence);
	assert_string_equal("sub-1", answer.license.id);
	assert_string_equal("Leaseline", answer.license.issuer);
	assert_int_equal(10000, answer.license.bandwidth_mbits);
	assert_string_equal(HERE, answer.license.external_address);
	buf_fini(&request);
	buf_fini(&bytes);
}

/* The chain goes on; the line is there only while the coupon is. */
static void
a_coupon_that_brings_nothing_is_told(void **state)
{
	static const char *const typed[] = { NULL, "aaaa-bbbb", NULL };
	struct bench *b = *state;
	struct buf request, bytes;
	struct answer answer;
	int result;

	for (int i = 0; i < 3; i++) {
		coupon = typed[i];
		b->now.s += DAY_S;
		make_request(NULL, "", i, &request);
		coupon = NULL;
		assert_int_equal(200, answer_to(b, &request, &bytes, &result));
		read_answer(b, &request, &bytes, false, &answer);
		assert_int_equal(RESULT_OK, answer.result);
		assert_int_equal(i + 1, answer.license.sequence);
		assert_int_equal(typed[i] != NULL,
		    answer.license.coupon_unused);
		assert_int_equal(typed[i] != NULL, strstr(buf_text(&bytes),
		    "\n" LICENSE_COUPON_UNUSED "signature ") != NULL);
		buf_fini(&request);
		buf_fini(&bytes);
	}
}

static void
the_same_bytes_get_the_same_bytes_and_store_nothing(void **state)
{
	struct bench *b = *state;
	struct buf request, first, second;
	int result;

	make_request(NULL, "", 0, &request);
	assert_int_equal(200, answer_to(b, &request, &first, &result));
	b->now.s += 100;
	assert_int_equal(200, answer_to(b, &request, &second, &result));
	assert_int_equal(TALLY_REPEAT, result);
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.data, second.data, first.len);
	buf_fini(&request);
	buf_fini(&first);
	buf_fini(&second);
}

/* The bench's issuer goes on with another signer; ${list} has the first. */
static void
rotate(struct bench *b, struct revoked *list)
{
	struct signing_key *root = sample_key(SAMPLE_ROOT);
	struct signing_key *next = sample_key(SAMPLE_OTHER_SIGNER);
	struct buf pem, certificate, error;
	struct issuer *issuer;
	uint8_t key[KEY_SIZE];

	buf_init(&pem, 1024);
	buf_init(&certificate, 1024);
	buf_init(&error, 256);
	signing_key_public(next, key);
	assert_true(signing_key_print(next, &pem));
	assert_true(certificate_print(root, key, UTC_MAX, &certificate));
	issuer = issuer_new(buf_text(&pem), buf_text(&certificate),
	    &b->keyring, &error);
	assert_non_null(issuer);
	*list = (struct revoked){ .version = 7, .keys.count = 1 };
	issuer_key(b->issuer, list->keys.key[0]);
	issuer_replace(b->issuer, issuer);
	buf_fini(&pem);
	buf_fini(&certificate);
	buf_fini(&error);
	signing_key_free(root);
	signing_key_free(next);
}

static void
a_rotation_needs_nothing_from_who_reads_the_answer(void **state)
{
	struct bench *b = *state;
	struct buf request, bytes;
	struct answer first, second;
	struct revoked list;
	int result;

	make_request(NULL, "", 0, &request);
	assert_int_equal(200, answer_to(b, &request, &bytes, &result));
	read_answer(b, &request, &bytes, false, &first);
	buf_fini(&bytes);
	buf_fini(&request);
	rotate(b, &list);
	make_request(NULL, "", 1, &request);
	assert_int_equal(200, answer_to(b, &request, &bytes, &result));
	read_answer(b, &request, &bytes, false, &second);
	assert_int_equal(RESULT_OK, second.result);
	assert_int_equal(2, second.license.sequence);
	assert_memory_not_equal(first.license.signer, second.license.signer,
	    KEY_SIZE);
	buf_fini(&bytes);
	buf_fini(&request);
}

static void
an_answer_of_a_revoked_signer_is_not_repeated(void **state)
{
	struct bench *b = *state;
	struct buf request, first, second;
	struct answer answer;
	struct revoked list;
	int result;

	make_request(NULL, "", 0, &request);
	assert_int_equal(200, answer_to(b, &request, &first, &result));
	rotate(b, &list);
	buf_fini(&first);
	assert_int_equal(200, answer_to(b, &request, &first, &result));
	assert_int_equal(TALLY_REPEAT, result);
	issuer_set_revoked(b->issuer, &list);
	b->keyring.revoked = list.keys;
	read_answer(b, &request, &first, false, &answer);
	assert_int_equal(DOC_REVOKED, answer.fault.error);
	assert_int_equal(200, answer_to(b, &request, &second, &result));
	assert_int_equal(TALLY_LICENSE, result);
	read_answer(b, &request, &second, false, &answer);
	assert_int_equal(RESULT_OK, answer.result);
	assert_int_equal(7, answer.license.revocations);
	buf_fini(&first);
	buf_fini(&second);
	buf_fini(&request);
}

static void
without_a_good_signer_nothing_is_issued(void **state)
{
	struct bench *b = *state;
	struct buf request, bytes;
	struct revoked list = { .version = 1, .keys.count = 1 };
	struct revoked none = { .version = 0 };
	int result;

	make_request(NULL, "", 0, &request);
	issuer_key(b->issuer, list.keys.key[0]);
	issuer_set_revoked(b->issuer, &list);
	assert_int_equal(503, answer_to(b, &request, &bytes, &result));
	buf_fini(&bytes);
	issuer_set_revoked(b->issuer, &none);
	issuer_replace(b->issuer, NULL);
	assert_int_equal(0, issuer_until(b->issuer).s);
	assert_int_equal(503, answer_to(b, &request, &bytes, &result));
	buf_fini(&bytes);
	buf_fini(&request);
}

static void
busy_is_signed_and_changes_no_record(void **state)
{
	struct bench *b = *state;
	struct buf request, bytes, again;
	struct dossier before, after;
	struct answer answer;
	struct admit admit;
	int result;

	make_request(NULL, "", 0, &request);
	assert_int_equal(200, answer_to(b, &request, &bytes, &result));
	buf_fini(&bytes);
	buf_fini(&request);
	assert_int_equal(1, database_load(b->database, "sub-1", b->now,
	    &before));
	admit_init(&admit, 1, 7);
	admit.left = 0;
	b->admit = &admit;
	b->now.s += DAY_S;
	make_request(NULL, "", 1, &request);
	assert_int_equal(WRITER_HELD, answer_to(b, &request, &bytes, &result));
	assert_int_equal(0, bytes.len);
	buf_fini(&bytes);
	assert_int_equal(403, answer_to(b, &request, &bytes, &result));
	assert_int_equal(TALLY_REFUSED + REFUSAL_BUSY, result);
	read_answer(b, &request, &bytes, true, &answer);
	assert_int_equal(RESULT_REFUSED, answer.result);
	assert_int_equal(REFUSAL_BUSY, answer.refusal.reason);
	assert_in_range(answer.refusal.retry_after_s, 60, 6 * HOUR_S);
	assert_false(has_bit(answer.refusal.has, REFUSED_SEQUENCE));
	assert_int_equal(1, database_load(b->database, "sub-1", b->now,
	    &after));
	assert_memory_equal(&before.subscription, &after.subscription,
	    sizeof(before.subscription));
	assert_memory_equal(&before.live, &after.live, sizeof(before.live));
	/* The same bytes are granted when there is room: no repeat of busy. */
	admit.left = 1;
	admit.held = 0;
	assert_int_equal(200, answer_to(b, &request, &again, &result));
	assert_int_equal(TALLY_LICENSE, result);
	buf_fini(&request);
	buf_fini(&bytes);
	buf_fini(&again);
}

static void
a_suspension_is_a_refusal_also_when_asked_again(void **state)
{
	struct bench *b = *state;
	struct buf request, bytes, again;
	struct answer answer;
	struct dossier d;
	struct change c = { .subscription_changed = true };
	int result;

	make_request(NULL, "", 0, &request);
	assert_int_equal(200, answer_to(b, &request, &bytes, &result));
	buf_fini(&bytes);
	assert_int_equal(1, database_load(b->database, "sub-1", b->now, &d));
	c.subscription = d.subscription;
	c.subscription.status = SUBSCRIPTION_SUSPENDED;
	c.subscription.revision++;
	assert_int_equal(0, database_store(b->database, &c));
	assert_int_equal(403, answer_to(b, &request, &bytes, &result));
	assert_int_equal(TALLY_REFUSED + REFUSAL_SUSPENDED, result);
	read_answer(b, &request, &bytes, true, &answer);
	assert_int_equal(RESULT_REFUSED, answer.result);
	assert_int_equal(REFUSAL_SUSPENDED, answer.refusal.reason);
	assert_int_equal(2, answer.refusal.sequence);
	assert_string_equal("sub-1", answer.refusal.license_id);
	assert_int_equal(403, answer_to(b, &request, &again, &result));
	assert_int_equal(bytes.len, again.len);
	assert_memory_equal(bytes.data, again.data, bytes.len);
	buf_fini(&request);
	buf_fini(&bytes);
	buf_fini(&again);
}

/* Records of every refusal, sealed: each decodes as an agent needs it. */
static void
every_refusal_can_be_sealed_and_read(void **state)
{
	struct bench *b = *state;
	const struct name_row *rows;
	size_t count;

	rows = names_rows(NAMES_REFUSAL, &count);
	for (size_t i = 0; i < count; i++) {
		struct buf request, bytes, error;
		struct answer answer;
		struct refusal refusal;
		struct request r;
		uint8_t hash[SHA256_SIZE];
		struct decide_question q = { .policy = &decide_policy_default,
			.now = b->now, .observed = HERE, .request = &r,
			.request_sha256 = hash };

		if (rows[i].number == REFUSAL_NONE)
			continue;
		buf_init(&bytes, DOCUMENT_MAX);
		buf_init(&error, 256);
		make_request(NULL, "", 0, &request);
		route_read(request.data, request.len, &r, &error);
		sha256(request.data, request.len, hash);
		decide_refuse(&q, (enum refusal_reason)rows[i].number,
		    &refusal);
		/* Those that stick are sealed with id and sequence. */
		refusal.sequence = 5;
		text_copy(refusal.license_id, TEXT_64, "sub-1");
		refusal.has |= bit(REFUSED_SEQUENCE) | bit(REFUSED_LICENSE_ID);
		assert_true(issue_refusal(b->issuer, &refusal, &bytes));
		read_answer(b, &request, &bytes, true, &answer);
		assert_int_equal(RESULT_REFUSED, answer.result);
		assert_int_equal(rows[i].number, answer.refusal.reason);
		assert_int_equal(rows[i].number == REFUSAL_BUSY,
		    has_bit(answer.refusal.has, REFUSED_RETRY_AFTER));
		buf_fini(&request);
		buf_fini(&bytes);
		buf_fini(&error);
	}
}

static void
requests_are_told_apart_before_they_are_believed(void **state)
{
	static const struct {
		const char *head, *lines;
		int expected;
	} rows[] = {
		{ NULL, "", REFUSAL_NONE },
		{ NULL, "optional-color blue\n", REFUSAL_NONE },
		{ NULL, "color blue\n", REFUSAL_MALFORMED },
		{ NULL, "nonce 00000000000000000000000000000000\n",
		    REFUSAL_MALFORMED },
		{ "leaseline-request 2", "", REFUSAL_UNSUPPORTED_VERSION },
		{ "leaseline-request 9", "news x\n",
		    REFUSAL_UNSUPPORTED_VERSION },
		{ "leaseline-request x", "", -1 },
		{ "leaseline-requests1", "", -1 },
	};
	static const uint8_t nonce[NONCE_SIZE] = { 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf request, error;
		struct request r;

		make_request(rows[i].head, rows[i].lines, 0, &request);
		buf_init(&error, 256);
		assert_int_equal(rows[i].expected, route_read(request.data,
		    request.len, &r, &error));
		assert_int_equal(rows[i].expected == -1, error.len > 0);
		if (rows[i].expected != -1)
			assert_memory_equal(nonce, r.nonce, NONCE_SIZE);
		buf_fini(&error);

		/* One bit changed, anywhere: not believed, so not signed. */
		for (size_t at = 0; at < request.len; at += 7) {
			buf_init(&error, 256);
			request.data[at] ^= 1;
			assert_int_equal(-1, route_read(request.data,
			    request.len, &r, &error));
			request.data[at] ^= 1;
			buf_fini(&error);
		}
		buf_fini(&request);
	}
}

static void
a_signer_is_used_only_under_its_root_and_in_its_time(void **state)
{
	struct bench *b = *state;
	utc_t until = sample_time(SAMPLE_UNTIL);
	struct issuer *issuer;
	struct buf error, request, bytes, out;
	struct answer answer;
	int result;

	buf_init(&error, 256);
	buf_init(&out, DOCUMENT_MAX);
	issuer = make_issuer(SAMPLE_ROOT, until, &error);
	assert_non_null(issuer);
	assert_null(make_issuer(SAMPLE_OTHER_ROOT, until, &error));
	assert_string_equal("the signer's certificate is not by the root",
	    buf_text(&error));
	b->now = until; /* a license issued in the signer's last second */
	make_request(NULL, "", 0, &request);
	assert_int_equal(200, answer_to(b, &request, &bytes, &result));
	read_answer(b, &request, &bytes, false, &answer);
	assert_true(issue_license(issuer, &answer.license, &out));
	buf_clear(&out);
	answer.license.issued.s++;
	assert_false(issue_license(issuer, &answer.license, &out));
	buf_clear(&out);
	assert_true(issue_license(b->issuer, &answer.license, &out));
	issuer_free(issuer);
	buf_fini(&error);
	buf_fini(&request);
	buf_fini(&bytes);
	buf_fini(&out);
}

/* A request of the sample machine, for the thread. */
static void
make_job(int64_t sequence, struct writer_job *out)
{
	struct buf request, error;

	memset(out, 0, sizeof(*out));
	buf_init(&error, 256);
	make_request(NULL, "", sequence, &request);
	assert_int_equal(REFUSAL_NONE, route_read(request.data, request.len,
	    &out->request, &error));
	sha256(request.data, request.len, out->request_sha256);
	text_copy(out->observed, sizeof(out->observed), HERE);
	buf_fini(&request);
	buf_fini(&error);
}

static void
the_thread_answers_many_at_once_and_keeps_the_chain(void **state)
{
	struct bench *b = *state;
	struct writer *writer;
	struct dossier d;

	b->options.tally = tally_new("test");
	writer = writer_start(&b->options);
	assert_non_null(writer);
	for (int i = 0; i < 200; i++) {
		struct writer_job job;

		make_job(i, &job);
		assert_true(writer_add(writer, &job));
	}
	writer_stop(writer);
	assert_false(writer_add(writer, &(struct writer_job){ 0 }));
	writer_free(writer);
	tally_free(b->options.tally);
	assert_int_equal(1, database_load(b->database, "sub-1", b->now, &d));
	assert_int_equal(200, d.subscription.sequence);
	assert_int_equal(200, d.live.sequence);
}

static void
expect_metric(struct tally *tally, const char *line)
{
	struct buf page;

	buf_init(&page, 64 * 1024);
	tally_print(tally, &page);
	if (!strstr(buf_text(&page), line))
		fail_msg("no %s in:\n%s", line, buf_text(&page));
	buf_fini(&page);
}

static void
a_full_queue_takes_no_more_and_loses_nothing(void **state)
{
	struct bench *b = *state;
	struct database *other;
	struct writer *writer;
	struct writer_job job;
	struct buf error;
	char line[80];
	int taken = 0;

	buf_init(&error, 256);
	make_job(0, &job);
	other = database_open(b->path, false, &error);
	assert_non_null(other);
	assert_int_equal(0, database_begin(other)); /* the thread waits */
	b->options.tally = tally_new("test");
	writer = writer_start(&b->options);
	while (taken <= 2 * WRITER_QUEUE_MAX && writer_add(writer, &job))
		taken++;
	assert_in_range(taken, WRITER_QUEUE_MAX, 2 * WRITER_QUEUE_MAX);
	database_rollback(other);
	writer_stop(writer);
	expect_metric(b->options.tally,
	    "authority_requests_total{result=\"license\"} 1\n");
	snprintf(line, sizeof(line),
	    "authority_requests_total{result=\"repeat\"} %d\n", taken - 1);
	expect_metric(b->options.tally, line);
	writer_free(writer);
	tally_free(b->options.tally);
	database_close(other);
	buf_fini(&error);
}

static void
when_the_disk_is_full_nobody_has_a_lease(void **state)
{
	struct bench *b = *state;
	struct rlimit before, none;
	struct writer *writer;
	struct writer_job job;
	struct dossier d;

	b->options.tally = tally_new("test");
	assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &before));
	none = (struct rlimit){ .rlim_cur = 1, .rlim_max = before.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &none));
	writer = writer_start(&b->options);
	for (int i = 0; i < 3; i++) {
		make_job(i, &job);
		assert_true(writer_add(writer, &job));
	}
	writer_stop(writer);
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &before));
	writer_free(writer);
	expect_metric(b->options.tally,
	    "authority_requests_total{result=\"unavailable\"} 3\n");
	expect_metric(b->options.tally, "authority_database_up 0\n");
	assert_int_equal(1, database_load(b->database, "sub-1", b->now, &d));
	assert_int_equal(0, d.subscription.sequence);
	assert_false(d.has_live);

	writer = writer_start(&b->options);
	make_job(0, &job);
	assert_true(writer_add(writer, &job));
	writer_stop(writer);
	writer_free(writer);
	expect_metric(b->options.tally,
	    "authority_requests_total{result=\"license\"} 1\n");
	tally_free(b->options.tally);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_issued_is_an_answer_for_the_agent),
		TEST(a_coupon_that_brings_nothing_is_told),
		TEST(the_same_bytes_get_the_same_bytes_and_store_nothing),
		TEST(a_rotation_needs_nothing_from_who_reads_the_answer),
		TEST(an_answer_of_a_revoked_signer_is_not_repeated),
		TEST(without_a_good_signer_nothing_is_issued),
		TEST(busy_is_signed_and_changes_no_record),
		TEST(a_suspension_is_a_refusal_also_when_asked_again),
		TEST(every_refusal_can_be_sealed_and_read),
		TEST(requests_are_told_apart_before_they_are_believed),
		TEST(a_signer_is_used_only_under_its_root_and_in_its_time),
		TEST(the_thread_answers_many_at_once_and_keeps_the_chain),
		TEST(a_full_queue_takes_no_more_and_loses_nothing),
		TEST(when_the_disk_is_full_nobody_has_a_lease),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
