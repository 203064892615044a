/* SPDX-License-Identifier: ISC */
/*
 * One exchange: the request on disk before it is sent, the same bytes again
 * until there is an answer, the answer on disk before the request is
 * forgotten. What an answer means is decided in license/policy.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "license/answer.h"
#include "license/base/clock.h"
#include "license/base/log.h"
#include "license/keeper/disk.h"
#include "license/keeper/holding.h"
#include "license/keeper/view.h"
#include "license/sign.h"
#include "license/verify.h"

enum { SENTENCE_SIZE = 640, WHY_SIZE = DETAIL_SIZE + CLIENT_DETAIL_SIZE,
	 HTTP_OK = 200, HTTP_BAD = 400,
	HTTP_FORBIDDEN = 403, HTTP_TOO_LARGE = 413 };

/* Set a text or a number of a request and its presence. */
#define PUT_TEXT(r, id, member, value)                                        \
	do {                                                                  \
		if ((value)[0] != '\0' &&                                     \
		    text_copy((r)->member, sizeof((r)->member), value))       \
			(r)->has |= bit(REQUEST_##id);                        \
	} while (0)
#define PUT_NUMBER(r, id, member, value)                                      \
	do {                                                                  \
		if ((value) > 0) {                                            \
			(r)->member = (value);                                \
			(r)->has |= bit(REQUEST_##id);                        \
		}                                                             \
	} while (0)

bool
holding_compose(const struct holding *holding, enum ask ask, struct buf *out)
{
	const struct license_facts *facts = &holding->facts;
	const struct hardware *hardware = &facts->hardware;
	struct request r = {.ask = (int)ask,
		.created = keeper_now(holding->keeper)};

	r.has = bit(REQUEST_PURPOSE) | bit(REQUEST_CREATED) |
	    bit(REQUEST_NONCE);
	if (ask == ASK_OFFLINE ?
		!keeper_offline_nonce(holding->keeper, r.nonce) :
		!random_bytes(r.nonce, sizeof(r.nonce)))
		return false;
	PUT_TEXT(&r, PRODUCT, product, holding->config.product);
	PUT_TEXT(&r, AGENT_VERSION, agent_version,
	    "leaseline " LEASELINE_VERSION);
	if (facts->has_license && memcmp(facts->license.machine_key,
		holding->keeper->machine_key, KEY_SIZE) == 0)
		PUT_TEXT(&r, LICENSE_ID, license_id, facts->license.id);
	PUT_NUMBER(&r, SEQUENCE, sequence, policy_highest(facts));
	PUT_TEXT(&r, COUPON, coupon, holding->config.coupon);
	PUT_TEXT(&r, CPU_MODEL, cpu_model, hardware->cpu_model);
	PUT_NUMBER(&r, LOGICAL_CPUS, logical_cpus, hardware->logical_cpus);
	PUT_NUMBER(&r, MEMORY, memory_mib, hardware->memory_mib);
	PUT_TEXT(&r, VIRTUALIZATION, virtualization, hardware->virtualization);
	PUT_TEXT(&r, INTERNAL, internal_address, hardware->internal_address);
	if (hardware->has_machine_id) {
		memcpy(r.machine_id_hash, hardware->machine_id_hash,
		    SHA256_SIZE);
		r.has |= bit(REQUEST_MACHINE_ID_HASH);
	}
	document_begin(PURPOSE_REQUEST, holding->keeper->machine_key, out);
	if (!request_encode(&r, out))
		return false;
	/* An authority that cannot grant all at once lets a person first. */
	if (holding->commit && ask != ASK_OFFLINE)
		buf_puts(out, "optional-attended yes\n");
	return document_seal(out, holding->keeper->key);
}

bool
holding_adopt_request(struct holding *holding, const struct buf *bytes)
{
	struct doc_frame frame;
	struct doc_fault fault;

	if (doc_frame_read(buf_text(bytes), bytes->len, PURPOSE_REQUEST,
		&frame) != DOC_OK ||
	    doc_verify_machine(&frame) != DOC_OK ||
	    memcmp(frame.key, holding->keeper->machine_key, KEY_SIZE) != 0 ||
	    !request_decode(&frame, &holding->request, &fault) ||
	    strcmp(holding->request.product, holding->config.product) != 0)
		return false;
	if (!holding_replace(&holding->request_bytes, bytes->data, bytes->len))
		return false;
	sha256(bytes->data, bytes->len, holding->request_sha256);
	holding->request_fresh = false;
	return true;
}

static void
forget_request(struct holding *holding)
{
	mono_t started = clock_boot();

	buf_clear(&holding->request_bytes);
	storage_result(holding->keeper, "the request", disk_remove(
		holding->keeper->directory, holding->facts.name, DISK_REQUEST),
	    started);
}

void
holding_cancel(struct holding *holding, const char *why)
{
	struct keeper *keeper = holding->keeper;

	if (holding->in_flight) {
		client_drop(keeper->client, holding);
		holding->in_flight = false;
		keeper->in_flight--;
	}
	holding->commit = false;
	if (holding->request_bytes.len > 0 && !keeper->reading_only)
		forget_request(holding);
	keeper_wake(keeper, holding, false, why);
}

/* True when a request is on disk and in holding->request_bytes. */
static bool
prepare_request(struct holding *holding)
{
	struct keeper *keeper = holding->keeper;
	struct buf bytes;
	mono_t started = clock_boot();
	bool good = false;

	holding_load_unread(holding);
	if (holding->request_bytes.len > 0) {
		holding->request_fresh = false;
		return true;
	}
	buf_init(&bytes, DOCUMENT_MAX);
	if (holding_compose(holding, holding->facts.has_license ? ASK_REFRESH :
							      ASK_ACTIVATE,
		&bytes)) {
		bool kept = storage_result(keeper, "the request",
		    disk_write(keeper->directory, holding->facts.name,
			DISK_REQUEST, bytes.data, bytes.len), started);
		/*
		 * A disk that stays full must not end a lease: once overdue it
		 * is sent all the same. A crash then costs an audited fork.
		 */
		bool overdue = policy_failing(&holding->facts,
		    keeper_now(keeper)) &&
		    holding->facts.last_refusal == REFUSAL_NONE;
		good = (kept || overdue) &&
		    holding_adopt_request(holding, &bytes);
	} else
		log_error("The request for %s cannot be made: the system has "
			  "no randomness, or the product name is not a good "
			  "one", holding->facts.name);
	holding->request_fresh = good;
	buf_fini(&bytes);
	return good;
}

static void
log_success(const struct holding *holding, utc_t now)
{
	const struct license *license = &holding->facts.license;

	if (has_bit(license->has, LICENSE_EXTERNAL))
		log_info("External IP address of this server: %s",
		    license->external_address);
	log_info("We have license for: %lld days",
	    (long long)utc_days(license->lease_end, now));
	log_info("Correctly received and checked license");
}

/* Order matters: every crash in between finds the old or the new license. */
static enum result
store_license(struct holding *holding, const struct answer *answer)
{
	struct license_facts *facts = &holding->facts;

	holding->kept = false;
	facts->license = answer->license;
	facts->has_license = true;
	log_success(holding, keeper_now(holding->keeper));
	if (!holding_place(holding))
		return RESULT_STORAGE;
	if (!facts->storage_failed &&
	    facts->file_state == LICENSE_FILE_GOOD)
		log_info("We store license on disk");
	return RESULT_OK;
}

/* False: it holds in memory, and is asked for again until it is on disk. */
static bool
store_refusal(struct holding *holding, const struct client_reply *reply,
    const struct answer *answer)
{
	struct keeper *keeper = holding->keeper;
	const struct refusal *refusal = &answer->refusal;
	const struct refusal_rule *rule = policy_refusal(refusal->reason);
	mono_t started = clock_boot();
	char detail[DETAIL_SIZE];

	text_printable(refusal->detail, detail, sizeof(detail));
	if (holding->facts.last_refusal != refusal->reason ||
	    holding->facts.last_result != RESULT_REFUSED || holding->commit)
		log_warn("The authority refuses %s: %s: %s",
		    holding->facts.name,
		    names_label(NAMES_REFUSAL, refusal->reason), detail);
	if ((!rule->ends_lease && !rule->starts_grace) ||
	    policy_offline(&holding->facts))
		return true;
	return holding_replace(&holding->refusal_bytes, reply->body,
		   reply->body_len) &&
	    storage_result(keeper, "the refusal",
		disk_write(keeper->directory, holding->facts.name, DISK_REFUSAL,
		    reply->body, reply->body_len), started);
}

static void
read_answer(struct holding *holding, const struct client_reply *reply,
    struct answer *answer)
{
	const struct license_facts *facts = &holding->facts;
	int64_t highest = policy_highest(facts);
	struct answer_expectation want = {
		.keyring = &holding->keyring,
		.product = holding->config.product,
		.sequence = highest,
	};
	const struct buf *held = NULL;

	if (facts->has_refusal && facts->refusal.sequence == highest)
		held = &holding->refusal_bytes;
	else if (facts->has_license && facts->license.sequence == highest)
		held = &holding->license_bytes;
	if (held != NULL) {
		want.held = held->data;
		want.held_len = held->len;
	}

	memcpy(want.request_sha256, holding->request_sha256, SHA256_SIZE);
	memcpy(want.nonce, holding->request.nonce, NONCE_SIZE);
	memcpy(want.machine_key, holding->keeper->machine_key, KEY_SIZE);
	answer_read(reply->body, reply->body_len,
	    reply->status == HTTP_FORBIDDEN, &want, answer);
}

/* The clock was healed backwards: nothing may lie in its wrong future. */
void
keeper_forget_future(struct keeper *keeper, utc_t now)
{
	for (size_t i = 0; i < keeper->count; i++) {
		struct license_facts *facts = &keeper->holdings[i]->facts;
		utc_t *const past[] = {&facts->since, &facts->last_attempt,
			&facts->last_success, &facts->grace_from,
			&facts->revoked_from};

		for (size_t k = 0; k < sizeof(past) / sizeof(past[0]); k++)
			*past[k] = utc_min(*past[k], now);
		if (facts->next_attempt.s != 0)
			facts->next_attempt = policy_next(facts, now,
			    keeper_random());
	}
}

static bool
is_stepped(struct keeper *keeper)
{
	struct clock_reading reading;

	clock_read(&reading);
	return timekeeping_stepped(timekeeping_judge(&keeper->agent.clock,
	    &reading).trust);
}

static void
learn_time(struct holding *holding, const struct answer *answer)
{
	struct keeper *keeper = holding->keeper;
	struct clock_reading reading;
	utc_t issued = answer->result == RESULT_REFUSED ?
	    answer->refusal.issued : answer->license.issued;

	clock_read(&reading);
	utc_t before = keeper_now(keeper);
	timekeeping_learn_signed(&keeper->agent.clock, &reading, issued,
	    holding->request_fresh);
	if (!holding->request_fresh)
		return;
	utc_t now = keeper_now(keeper);
	if (now.s < before.s - CLOCK_TOLERANCE_S)
		keeper_forget_future(keeper, now);
	keeper->agent.has_clock_offset = true;
	keeper->agent.clock_offset_s = reading.wall.s - issued.s;
}

/* Why it did not go well, beyond the result; printable, "" for nothing. */
static void
find_detail(const struct outcome *outcome, const struct client_reply *reply,
    const struct answer *answer, char detail[WHY_SIZE])
{
	enum result result = outcome->result;

	detail[0] = '\0';
	if (result == RESULT_REFUSED)
		text_printable(answer->refusal.detail, detail, WHY_SIZE);
	else if (answer->fault.error != DOC_OK)
		doc_fault_text(&answer->fault, detail, WHY_SIZE);
	else if (result == RESULT_HTTP && reply->status != 0)
		snprintf(detail, WHY_SIZE, "status %d where the authority "
			"answers 200 or 403", reply->status);
	else
		text_copy(detail, WHY_SIZE, reply->detail);
}

static void
describe(const struct holding *holding, const struct outcome *outcome,
    const char *detail, char out[SENTENCE_SIZE])
{
	const struct license *license = &holding->facts.license;
	enum result result = outcome->result;
	char date[UTC_DATE_SIZE];

	if (result == RESULT_OK) {
		utc_date(license->lease_end, date);
		snprintf(out, SENTENCE_SIZE, "The license was refreshed: it is "
			"valid until %s (%lld days)", date,
		    (long long)utc_days(license->lease_end, outcome->at));
		return;
	}
	snprintf(out, SENTENCE_SIZE, "The license was not refreshed: %s%s%s",
	    names_sentence(NAMES_RESULT, result),
	    detail[0] == '\0' ? "" : ": ", detail);
}

/* A state that stays is said once. */
static void
log_failure(const struct holding *holding, enum result before,
    const struct outcome *outcome, const char *sentence)
{
	if (outcome->result == RESULT_OK || outcome->result == RESULT_REFUSED)
		return;
	if (before == outcome->result && !holding->commit)
		log_debug("%s", sentence);
	else
		log_warn("%s", sentence);
}

/* ${stored}: all that the answer brought is on disk. */
static void
conclude(struct holding *holding, struct outcome *outcome,
    const struct client_reply *reply, const struct answer *answer, bool stored)
{
	struct license_facts *facts = &holding->facts;
	struct keeper *keeper = holding->keeper;
	enum result before = (enum result)facts->last_result;
	char detail[WHY_SIZE], sentence[SENTENCE_SIZE];

	/* Both by the clock as it is judged now: the answer may have healed it. */
	outcome->at = keeper_now(keeper);
	outcome->started = utc_add(outcome->at, -(outcome->duration_ms / 1000));
	policy_apply(facts, outcome, keeper_random());
	if (reply->certificate_not_after.s != 0)
		facts->certificate_not_after = reply->certificate_not_after;
	find_detail(outcome, reply, answer, detail);
	describe(holding, outcome, detail, sentence);
	log_failure(holding, before, outcome, sentence);
	holding_record_refresh(holding, outcome, answer->refusal.reason,
	    detail);
	/* Only when all that it brought is on disk may the request go. */
	stored = holding_persist(holding) && stored;
	bool answered = outcome->result == RESULT_OK ||
	    outcome->result == RESULT_REFUSED;
	/* Asking the same again would bring the same again. */
	bool hopeless = answer->fault.error == DOC_OLD_SEQUENCE ||
	    (outcome->result == RESULT_HTTP &&
		(reply->status == HTTP_BAD ||
		    reply->status == HTTP_TOO_LARGE));
	if ((answered && stored) || hopeless)
		forget_request(holding);
	if (answered)
		keeper_persist_clock(keeper);
	keeper->dirty = true;
	/* An old request proves no time; a new one does. Who waits is told then. */
	if (outcome->result == RESULT_OK && stored && !holding->request_fresh &&
	    is_stepped(keeper)) {
		facts->next_attempt = outcome->at;
		return;
	}
	holding->commit = false;
	keeper_wake(keeper, holding, outcome->result == RESULT_OK, sentence);
}

static void
on_reply(void *self, const struct client_reply *reply)
{
	struct holding *holding = self;
	struct answer answer = {.fault = {.error = DOC_OK}};
	struct outcome outcome = {
		.result = reply->result,
		.duration_ms = reply->duration_ms,
		.retry_after_s = reply->retry_after_s,
	};
	bool stored = true;

	holding->in_flight = false;
	holding->keeper->in_flight--;
	if (reply->result == RESULT_OK && reply->status != HTTP_OK &&
	    reply->status != HTTP_FORBIDDEN) {
		outcome.result = RESULT_HTTP;
	} else if (reply->result == RESULT_OK) {
		read_answer(holding, reply, &answer);
		outcome.result = answer.result;
		/* Out of memory: nothing was taken, it is asked for again. */
		if (answer.result == RESULT_OK &&
		    !holding_replace(&holding->license_bytes, reply->body,
			reply->body_len))
			answer.result = outcome.result = RESULT_STORAGE;
		if (answer.result == RESULT_OK ||
		    answer.result == RESULT_REFUSED) {
			learn_time(holding, &answer);
			outcome.answer = &answer;
		}
		if (answer.result == RESULT_OK)
			outcome.result = store_license(holding, &answer);
		else if (answer.result == RESULT_REFUSED)
			stored = store_refusal(holding, reply, &answer);
	}
	conclude(holding, &outcome, reply, &answer, stored);
}

static void
fail_at_once(struct holding *holding, enum result result)
{
	struct outcome outcome = {.result = result};
	struct client_reply reply = {.result = result};
	struct answer answer = {.fault = {.error = DOC_OK}};

	conclude(holding, &outcome, &reply, &answer, true);
}

void
holding_renew(struct holding *holding)
{
	struct keeper *keeper = holding->keeper;

	if (holding->in_flight || keeper->in_flight >= KEEPER_TRANSFERS_MAX)
		return;
	log_info("Start automatic license refresh process");
	if (!prepare_request(holding)) {
		fail_at_once(holding, RESULT_STORAGE);
		return;
	}
	char url[KEEPER_PATH_SIZE + 16];
	size_t len = strlen(holding->config.authority_url);
	bool slash = len > 0 && holding->config.authority_url[len - 1] == '/';
	snprintf(url, sizeof(url), "%s%s", holding->config.authority_url,
	    slash ? "v1/lease" : "/v1/lease");
	struct client_request request = {
		.url = url,
		.body = holding->request_bytes.data,
		.body_len = holding->request_bytes.len,
		.ca_file = holding->config.authority_ca,
		.proxy = holding->config.proxy,
		.user_agent = "leaseline/" LEASELINE_VERSION,
		.address_family = holding->config.address_family,
		.best_time = keeper_best_time(keeper),
	};
	if (!client_post(keeper->client, &request, on_reply, holding)) {
		fail_at_once(holding, RESULT_CONNECT);
		return;
	}
	holding->in_flight = true;
	keeper->in_flight++;
}
