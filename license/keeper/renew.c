/* SPDX-License-Identifier: ISC */
/*
 * One exchange: the request (request.c) is sent until there is an answer, and
 * the answer is on disk before the request is forgotten. What an answer means
 * is decided in license/policy.c.
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

enum { ASK_AGAIN_S = 60, SENTENCE_SIZE = 640,
	WHY_SIZE = DETAIL_SIZE + CLIENT_DETAIL_SIZE,
	 HTTP_OK = 200, HTTP_BAD = 400,
	HTTP_FORBIDDEN = 403, HTTP_TOO_LARGE = 413 };

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
	bool unused = answer->license.coupon_unused && (holding->commit ||
	    !facts->has_license || !facts->license.coupon_unused);

	holding->kept = false;
	facts->license = answer->license;
	facts->has_license = true;
	if (unused)
		log_warn("The coupon of %s was not used: the authority does "
			 "not know it, or it is another subscription's",
		    facts->name);
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

		policy_forget_future(facts, now);
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
			"valid until %s (%lld days)%s", date,
		    (long long)utc_days(license->lease_end, outcome->at),
		    license->coupon_unused ? "; but the coupon in the "
			"configuration was NOT used: the authority does not "
			"know it, or it is another subscription's" : "");
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

/* What an old request was told may not be so any more: a new one asks soon. */
static bool
is_stale(const struct outcome *outcome, const struct answer *answer,
    bool stored)
{
	if (outcome->result != RESULT_REFUSED)
		return answer->fault.error == DOC_OLD_SEQUENCE;
	return stored &&
	    policy_refusal(answer->refusal.reason)->pace != PACE_BUSY;
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
		holding_forget_request(holding);
	if (!holding->request_fresh && is_stale(outcome, answer, stored))
		facts->next_attempt = utc_min(facts->next_attempt,
		    utc_add(outcome->at, ASK_AGAIN_S));
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
	if (!holding_prepare_request(holding)) {
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

bool
keeper_may_start(const struct keeper *keeper, const struct holding *holding)
{
	bool room = holding->fastnetmon != NULL ?
	    keeper->looks_in_flight < KEEPER_LOOKS_MAX :
	    keeper->in_flight < KEEPER_TRANSFERS_MAX;

	return holding->facts.next_attempt.s != 0 && !holding->in_flight &&
	    room;
}

/* In turn: who hangs, and is due again at once, must not keep others out. */
void
keeper_start_due(struct keeper *keeper)
{
	utc_t now = keeper_now(keeper);
	size_t first = keeper->turn;

	for (size_t i = 0; i < keeper->count; i++) {
		size_t at = (first + i) % keeper->count;
		struct holding *holding = keeper->holdings[at];

		if (!keeper_may_start(keeper, holding) ||
		    utc_before(now, holding->facts.next_attempt))
			continue;
		keeper->turn = at + 1;
		if (holding->fastnetmon != NULL)
			holding_watch(holding);
		else
			holding_renew(holding);
	}
}
