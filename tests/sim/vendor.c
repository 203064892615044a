/* SPDX-License-Identifier: ISC */
/*
 * The vendor's side: a subscription is sold, requests are read, decided by
 * the shipped decide() and sealed by the shipped issue.c. What people do to
 * the records is in fate_vendor.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "license/authority/route.h"
#include "license/base/encode.h"
#include "license/sign.h"
#include "license/verify.h"
#include "tests/sample.h"
#include "tests/sim/sim.h"

enum { BUSY_MIN_S = 60, BUSY_MAX_S = 6 * HOUR_S };

#define ISSUER_NAME "Example Vendor"
#define COUPON "WELCOME-2026"

/* Two signers under the root of the tests; made once for all lives. */
static struct issuer *issuers[2];
static struct keyring roots;

static struct issuer *
make_issuer(enum sample_who who)
{
	struct signing_key *key = sample_key(who);
	struct buf pem, certificate, error;
	struct issuer *issuer;

	buf_init(&pem, 4096);
	buf_init(&certificate, 4096);
	buf_init(&error, 256);
	if (!signing_key_print(key, &pem))
		abort();
	sample_certificate(who, SAMPLE_ROOT, "2105-01-01T00:00:00Z",
	    &certificate);
	issuer = issuer_new(buf_text(&pem), buf_text(&certificate), &roots,
	    &error);
	if (!issuer)
		abort();
	buf_fini(&pem);
	buf_fini(&certificate);
	buf_fini(&error);
	signing_key_free(key);
	return issuer;
}

static void
sell(struct life *life)
{
	struct subscription *s = &life->store->subscription;
	uint64_t *random = &life->random;
	int64_t many[] = { 1000, 10000, 40000, 100000, 400000 };
	bool monthly = !life->offline && sim_chance(random, 3);

	text_copy(s->id, sizeof(s->id), "sub-000000000042");
	text_copy(s->customer, sizeof(s->customer), "Example Customer");
	text_copy(s->product, sizeof(s->product), "FastNetMon Advanced");
	if (sim_chance(random, 2))
		text_copy(s->edition, sizeof(s->edition), "FastNetMon 100G");
	s->revision = 1;
	s->status = SUBSCRIPTION_ACTIVE;
	s->kind = life->trial ? KIND_TRIAL : KIND_PRODUCTION;
	s->billing = life->trial ? 0 : monthly ? BILLING_MONTHLY :
	    BILLING_ANNUAL;
	s->renews = monthly && sim_chance(random, 2) ? RENEWS_AUTO :
	    RENEWS_MANUAL;
	s->on_expiry = sim_chance(random, 8) ? ON_EXPIRY_WARN :
	    ON_EXPIRY_STOP;
	s->bandwidth_mbits = many[sim_between(random, life->offline ? 3 : 0,
		4)];
	s->checked = life->offline;
	s->created = life->born;
	s->term_end = utc_day_end(life->born, life->trial ? 30 : monthly ?
	    30 : 364);
}

/* An allocation, or a coupon that will make one. */
static void
assign(struct life *life)
{
	struct store *store = life->store;
	struct host *host = &life->hosts[0];
	struct buf error;

	if (!life->offline && sim_chance(&life->random, 6)) {
		uint8_t hash[SHA256_SIZE];

		sha256(COUPON, strlen(COUPON), hash);
		hex_encode(hash, sizeof(hash),
		    store->subscription.coupon_sha256);
		return;
	}
	buf_init(&error, 256);
	if (!prefix_parse(host->external, &store->allocations[0], &error))
		abort();
	buf_fini(&error);
	if (sim_chance(&life->random, 2))
		text_copy(store->allocations[0].internal, ADDRESS_SIZE,
		    host->internal);
	store->allocation_count = 1;
}

void
vendor_begin(struct life *life)
{
	if (!issuers[0]) {
		sample_keyring(&roots);
		issuers[0] = make_issuer(SAMPLE_SIGNER);
		issuers[1] = make_issuer(SAMPLE_OTHER_SIGNER);
	}
	life->issuers[0] = issuers[0];
	life->issuers[1] = issuers[1];
	life->keyring = roots;
	life->store = calloc(1, sizeof(*life->store));
	life->backup = calloc(1, sizeof(*life->backup));
	if (!life->store || !life->backup)
		abort();
	sell(life);
	assign(life);
}

void
vendor_end(struct life *life)
{
	free(life->store);
	free(life->backup);
}

void
vendor_edit(struct life *life)
{
	life->store->subscription.revision++;
}

bool
vendor_assigned(const struct life *life, const struct host *host)
{
	const struct store *store = life->store;
	char prefix[ADDRESS_SIZE + 4];

	snprintf(prefix, sizeof(prefix), "%s/32", host->external);
	for (size_t i = 0; i < store->allocation_count; i++) {
		const struct allocation *a = &store->allocations[i];

		if (strcmp(a->prefix, prefix) == 0 && (!a->internal[0] ||
		    strcmp(a->internal, host->internal) == 0))
			return true;
	}
	return store->allocation_count == 0;
}

/* As values, or as the bytes that the shipped seal makes of them. */
static void
seal(struct life *life, struct host *from, struct decision *d,
    struct reply *out)
{
	const struct issuer *issuer = life->issuers[life->signer];
	struct buf text;
	bool good;

	out->result = RESULT_OK;
	out->status = d->kind == DECISION_LICENSE ? 200 : 403;
	out->bytes.len = 0;
	if (life->seal == SEAL_NONE) {
		if (d->kind == DECISION_LICENSE)
			out->license = d->license;
		else
			out->refusal = d->refusal;
		return;
	}
	buf_init(&text, DOCUMENT_MAX);
	good = d->kind == DECISION_LICENSE ?
	    issue_license(issuer, &d->license, &text) :
	    issue_refusal(issuer, &d->refusal, &text);
	if (!good || text.len > BYTES_MAX)
		life_broken(from, INVARIANT_READ, "the authority cannot "
		    "encode its answer");
	out->license = d->license;
	out->refusal = d->refusal;
	out->bytes.len = text.len;
	memcpy(out->bytes.data, text.data, text.len);
	buf_fini(&text);
}

static void
repeat(const struct stored *stored, struct reply *out)
{
	out->result = RESULT_OK;
	out->status = stored->refused ? 403 : 200;
	out->license = stored->license;
	out->refusal = stored->refusal;
	out->bytes.len = stored->bytes.len;
	memcpy(out->bytes.data, stored->bytes.data, stored->bytes.len);
	figures.repeats++;
}

/* Bytes are read as the shipped listener reads them. */
static void
read_request(struct host *from, const struct message *message,
    struct message *out)
{
	struct buf error;

	if (message->bytes.len == 0) {
		*out = *message;
		return;
	}
	buf_init(&error, 256);
	if (route_read(message->bytes.data, message->bytes.len, &out->request,
		&error) != REFUSAL_NONE)
		life_broken(from, INVARIANT_READ, "the authority cannot read "
		    "a request: %s", buf_text(&error));
	buf_fini(&error);
	sha256(message->bytes.data, message->bytes.len, out->sha256);
}

void
vendor_answer(struct life *life, struct host *from,
    const struct message *message, struct reply *out)
{
	static struct dossier dossier;
	static struct decision d;
	struct message read;
	struct decide_question q = { .policy = &decide_policy_default,
		.issuer = ISSUER_NAME, .now = life->now,
		.observed = from->external, .request = &read.request,
		.request_sha256 = read.sha256, .dossier = &dossier };

	figures.asks++;
	read_request(from, message, &read);
	out->retry_after_s = 0;
	store_find(life->store, &read.request, from->external, life->now,
	    q.policy, &dossier);
	decide(&q, &d);
	if (d.kind == DECISION_REPEAT) {
		check_decision(life, from, &read, &d);
		repeat(store_machine(life->store, read.request.machine_key),
		    out);
		return;
	}
	/* As admission control does: told to come back, nothing is stored. */
	if (utc_before(life->now, life->busy_until) &&
	    d.kind == DECISION_LICENSE) {
		decide_refuse(&q, REFUSAL_BUSY, &d.refusal);
		d.refusal.retry_after_s = sim_between(&life->random,
		    BUSY_MIN_S, BUSY_MAX_S);
		d.kind = DECISION_REFUSAL;
		seal(life, from, &d, out);
		fate_count(life, from, FAULT_BUSY);
		return;
	}
	check_decision(life, from, &read, &d);
	seal(life, from, &d, out);
	utc_t used = life->store->subscription.coupon_used;
	store_apply(life->store, &d.change, out);
	if (used.s == 0 && life->store->subscription.coupon_used.s != 0)
		fate_count(life, from, FAULT_COUPON);
	/* Where one machine moved to, the other one was not. */
	for (int i = 0; i < HOSTS; i++)
		if (&life->hosts[i] != from)
			life->hosts[i].address_ok =
			    vendor_assigned(life, &life->hosts[i]);
	figures.grants += d.kind == DECISION_LICENSE;
	figures.refusals += d.kind == DECISION_REFUSAL;
}
