/* SPDX-License-Identifier: ISC */
/*
 * Verify, then parse, then hand over. The probes and the metrics page answer
 * from what is in memory. It knows no record and no database.
 */
#include "license/authority/route.h"

#include <string.h>

#include "license/authority/collector.h"
#include "license/authority/forwarded.h"
#include "license/authority/gate.h"
#include "license/authority/issue.h"
#include "license/authority/keys.h"
#include "license/authority/limit.h"
#include "license/authority/tally.h"
#include "license/authority/writer.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/encode.h"
#include "license/base/exposition.h"
#include "license/base/http.h"
#include "license/base/log.h"
#include "license/verify.h"

#define DOCUMENT_TYPE "text/plain; charset=utf-8"
#define FIRST_WORD "leaseline-request "
#define NONCE_LINE "\nnonce "

enum { PAGE_MAX = 64 * 1024, FORWARDED_MAX = 16 * 1024 };

/* Of bytes whose signature is good: the nonce that an answer must repeat. */
static void
find_nonce(const char *bytes, size_t len, uint8_t out[static NONCE_SIZE])
{
	size_t digits = HEX_SIZE(NONCE_SIZE) - 1, head = strlen(NONCE_LINE);
	const char *line = memmem(bytes, len, NONCE_LINE, head);

	memset(out, 0, NONCE_SIZE);
	if (line && (size_t)(bytes + len - line) > head + digits &&
	    line[head + digits] == '\n')
		hex_decode(line + head, digits, out, NONCE_SIZE);
}

/*
 * A version that is not ours still has its three positions (documents.md 1):
 * they are read as if it were ours, and the signature is checked over the
 * bytes as they came.
 */
static bool
verify_other_version(const char *bytes, size_t len, struct request *out)
{
	const char *line = memchr(bytes, '\n', len < 64 ? len : 64);
	size_t head = strlen(FIRST_WORD), version_len;
	struct doc_frame frame;
	struct buf ours;
	bool good = false;

	if (!line || (size_t)(line - bytes) <= head)
		return false;
	version_len = (size_t)(line - bytes) - head;
	if (strspn(bytes + head, "0123456789") != version_len)
		return false;
	buf_init(&ours, DOCUMENT_MAX);
	document_begin(PURPOSE_REQUEST, NULL, &ours);
	buf_add(&ours, line + 1, len - (size_t)(line + 1 - bytes));
	if (!ours.failed && doc_frame_read(ours.data, ours.len,
	    PURPOSE_REQUEST, &frame) == DOC_OK)
		good = verify_bytes(frame.key, bytes,
		    len - DOCUMENT_SIGNATURE_LINE, frame.signature);
	if (good) {
		memcpy(out->machine_key, frame.key, KEY_SIZE);
		find_nonce(bytes, len, out->nonce);
	}
	buf_fini(&ours);
	return good;
}

int
route_read(const char *bytes, size_t len, struct request *out,
    struct buf *error)
{
	struct doc_frame frame;
	struct doc_fault fault;
	enum doc_error rc;

	memset(out, 0, sizeof(*out));
	rc = doc_frame_read(bytes, len, PURPOSE_REQUEST, &frame);
	if (rc == DOC_VERSION && verify_other_version(bytes, len, out))
		return REFUSAL_UNSUPPORTED_VERSION;
	if (rc == DOC_OK)
		rc = doc_verify_machine(&frame);
	if (rc != DOC_OK) {
		buf_printf(error, "this is not a good request: %s\n",
		    doc_error_sentence(rc));
		return -1;
	}
	if (request_decode(&frame, out, &fault))
		return REFUSAL_NONE;
	memset(out, 0, sizeof(*out));
	memcpy(out->machine_key, frame.key, KEY_SIZE);
	find_nonce(bytes, frame.signed_len, out->nonce);
	return REFUSAL_MALFORMED;
}

static void
finish(struct route_context *c, struct http_exchange *exchange, int result,
    mono_t received, const char *text, int status)
{
	tally_request(c->tally, result, clock_boot().ns - received.ns);
	http_reply(exchange, status, DOCUMENT_TYPE, text, strlen(text), NULL,
	    0);
}

/* A refusal that needs no record: no state is read or changed. */
static void
refuse(struct route_context *c, const struct writer_job *job,
    enum refusal_reason reason)
{
	struct decide_question q = { .policy = c->policy,
		.now = clock_wall(), .observed = job->observed,
		.request = &job->request,
		.request_sha256 = job->request_sha256 };
	struct http_header_line retry = { .name = "Retry-After" };
	struct refusal refusal;
	struct buf out, number;
	bool busy = reason == REFUSAL_BUSY;

	decide_refuse(&q, reason, &refusal);
	buf_init(&out, DOCUMENT_MAX);
	buf_init(&number, 24);
	buf_printf(&number, "%lld", (long long)c->policy->busy_retry_s);
	retry.value = buf_text(&number);
	if (!issue_refusal(c->issuer, &refusal, &out)) {
		finish(c, job->exchange, TALLY_UNAVAILABLE, job->received,
		    "the answer could not be signed\n", 503);
	} else {
		tally_request(c->tally, TALLY_REFUSED + (int)reason,
		    clock_boot().ns - job->received.ns);
		http_reply(job->exchange, 403, DOCUMENT_TYPE, out.data,
		    out.len, busy ? &retry : NULL, busy ? 1 : 0);
	}
	buf_fini(&number);
	buf_fini(&out);
}

/*
 * A proxy that nobody configured makes every machine look alike, which is
 * hard to find out: it is said, once.
 */
static void
observe(struct route_context *c, const struct http_exchange *exchange,
    char out[static ADDRESS_SIZE])
{
	const char *peer = http_peer(exchange);
	struct buf header;
	bool there;

	buf_init(&header, FORWARDED_MAX);
	there = http_header_join(exchange, "X-Forwarded-For", &header);
	forwarded_observe(c->proxies, c->proxy_count, peer,
	    there && !header.failed ? buf_text(&header) : NULL, out);
	if (there && !forwarded_trusts(c->proxies, c->proxy_count, peer) &&
	    !atomic_exchange(&c->told, true))
		log_warn("%s sends X-Forwarded-For and is no --trusted-proxy: "
		    "the header is ignored", peer);
	buf_fini(&header);
}

/* Unsigned, and before anything is stored: it costs next to nothing. */
static void
refuse_limited(struct route_context *c, struct http_exchange *exchange,
    mono_t received, int64_t wait_s)
{
	static const char text[] = "too many requests of this machine\n";
	struct http_header_line retry = { .name = "Retry-After" };
	struct buf number;

	buf_init(&number, 24);
	buf_printf(&number, "%lld", (long long)wait_s);
	retry.value = buf_text(&number);
	tally_request(c->tally, TALLY_LIMITED,
	    clock_boot().ns - received.ns);
	http_reply(exchange, 429, DOCUMENT_TYPE, text, sizeof(text) - 1,
	    &retry, 1);
	buf_fini(&number);
}

/* By the key that the bytes claim: true or not, nothing is charged for it. */
static int64_t
claimed_wait_s(struct route_context *c, const struct writer_job *job,
    const char *body, size_t len)
{
	struct doc_frame frame;

	return doc_frame_read(body, len, PURPOSE_REQUEST, &frame) == DOC_OK ?
	    limit_wait_s(c->limit, frame.key, job->observed, job->received) :
	    0;
}

static void
serve_lease(void *self, struct http_exchange *exchange)
{
	struct route_context *c = self;
	struct writer_job job = { .exchange = exchange,
		.received = clock_boot() };
	struct buf error;
	const char *body;
	int64_t wait_s;
	size_t len;
	int reason;

	body = http_body(exchange, &len);
	buf_init(&error, 256);
	observe(c, exchange, job.observed);
	wait_s = claimed_wait_s(c, &job, body, len);
	if (wait_s > 0) {
		refuse_limited(c, exchange, job.received, wait_s);
		goto out;
	}
	reason = route_read(body, len, &job.request, &error);
	if (reason == -1) {
		finish(c, exchange, TALLY_BAD_REQUEST, job.received,
		    buf_text(&error), 400);
		goto out;
	}
	sha256(body, len, job.request_sha256);
	job.attended = gate_attended(body, len);
	wait_s = limit_charge(c->limit, &job.request, job.observed,
	    job.received);
	if (wait_s > 0)
		refuse_limited(c, exchange, job.received, wait_s);
	else if (reason != REFUSAL_NONE)
		refuse(c, &job, (enum refusal_reason)reason);
	else if (!writer_add(c->writer, &job))
		refuse(c, &job, REFUSAL_BUSY);
out:
	buf_fini(&error);
}

bool
route_read_stats(const char *bytes, size_t len, struct stats *out,
    struct buf *error)
{
	struct doc_fault fault = { .error = DOC_OK };
	struct doc_frame frame;
	char why[160];

	fault.error = doc_frame_read(bytes, len, PURPOSE_STATS, &frame);
	if (fault.error == DOC_OK)
		fault.error = doc_verify_machine(&frame);
	if (fault.error == DOC_OK && stats_decode(&frame, out, &fault))
		return true;
	doc_fault_text(&fault, why, sizeof(why));
	buf_printf(error, "this is not a good usage report: %s\n", why);
	return false;
}

static void
answer_report(struct route_context *c, struct http_exchange *exchange,
    enum tally_report result, int status, const char *text)
{
	tally_report(c->tally, result);
	http_reply(exchange, status, DOCUMENT_TYPE, text, strlen(text), NULL,
	    0);
}

static void
serve_stats(void *self, struct http_exchange *exchange)
{
	struct route_context *c = self;
	struct stats stats;
	struct buf error;
	const char *body;
	size_t len;

	body = http_body(exchange, &len);
	buf_init(&error, 256);
	if (!route_read_stats(body, len, &stats, &error))
		answer_report(c, exchange, TALLY_REPORT_BAD, 400,
		    buf_text(&error));
	else if (!collector_add(c->collector, exchange, &stats, body, len))
		answer_report(c, exchange, TALLY_REPORT_UNAVAILABLE, 503,
		    "too many reports at once\n");
	buf_fini(&error);
}

static void
serve_revoked(void *self, struct http_exchange *exchange)
{
	static const char none[] = "no signer was revoked\n";
	struct route_context *c = self;
	struct buf list;

	buf_init(&list, DOCUMENT_MAX);
	if (c->keys && keys_revoked(c->keys, &list))
		http_reply(exchange, 200, DOCUMENT_TYPE, list.data, list.len,
		    NULL, 0);
	else
		http_reply(exchange, 404, DOCUMENT_TYPE, none,
		    sizeof(none) - 1, NULL, 0);
	buf_fini(&list);
}

static void
serve_health(void *self, struct http_exchange *exchange)
{
	(void)self;
	http_reply(exchange, 200, DOCUMENT_TYPE, "ok\n", 3, NULL, 0);
}

static void
serve_ready(void *self, struct http_exchange *exchange)
{
	struct route_context *c = self;
	bool up = tally_database_up(c->tally);
	const char *text = up ? "ready\n" : "the database does not answer\n";

	http_reply(exchange, up ? 200 : 503, DOCUMENT_TYPE, text,
	    strlen(text), NULL, 0);
}

static void
serve_metrics(void *self, struct http_exchange *exchange)
{
	struct route_context *c = self;
	struct buf page;

	buf_init(&page, PAGE_MAX);
	tally_print(c->tally, &page);
	http_reply(exchange, 200, exposition_content_type(EXPOSITION_TEXT, false), page.data,
	    page.len, NULL, 0);
	buf_fini(&page);
}

void
route_fill(struct route_context *context, struct http_route *routes)
{
	static const struct http_route table[ROUTE_COUNT] = {
		{ .path = "/v1/lease", .post = true, .deferred = true,
		    .body_max = DOCUMENT_MAX, .serve = serve_lease },
		{ .path = "/v1/stats", .post = true, .deferred = true,
		    .body_max = DOCUMENT_MAX, .serve = serve_stats },
		{ .path = "/v1/revoked", .serve = serve_revoked },
		{ .path = "/healthz", .serve = serve_health },
		{ .path = "/readyz", .serve = serve_ready },
		{ .path = "/metrics", .serve = serve_metrics },
	};

	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		routes[i] = table[i];
		routes[i].self = context;
	}
}
