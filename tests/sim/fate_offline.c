/* SPDX-License-Identifier: ISC */
/*
 * What people do for a machine without a connection: they look after it now
 * and then, carry its hardware data to the vendor, and put what he issues in
 * place: over the license, or beside it as the one that follows.
 */
#include <inttypes.h>
#include <string.h>

#include "license/authority/offline.h"
#include "license/verify.h"
#include "tests/sim/fate.h"

enum { AHEAD_S = 35 * DAY_S, LOOK_MAX_S = 20 * DAY_S };

static bool
read_data(struct host *host, struct request *out, uint8_t sha[SHA256_SIZE])
{
	static struct bytes data;
	struct doc_frame frame;
	struct doc_fault fault;

	if (!host->kind->hardware_data(host, &data) ||
	    doc_frame_read(data.data, data.len, PURPOSE_REQUEST, &frame) !=
		DOC_OK ||
	    doc_verify_machine(&frame) != DOC_OK ||
	    !request_decode(&frame, out, &fault))
		return false;
	sha256(data.data, data.len, sha);
	return true;
}

/* False: a condition of offline.h is not met, and a person is told which. */
static bool
issue(struct life *life, struct host *host, utc_t not_before,
    struct license *license, struct bytes *out)
{
	static struct dossier dossier;
	static struct offline_answer answer;
	const struct issuer *issuer = life->issuers[life->signer];
	struct request request;
	uint8_t sha[SHA256_SIZE], key[KEY_SIZE];
	struct buf text;

	if (!read_data(host, &request, sha))
		life_broken(host, INVARIANT_READ, "the hardware data cannot "
		    "be read");
	dossier.subscription = life->store->subscription;
	dossier.lookup = LOOKUP_FOUND;
	issuer_key(issuer, key);
	const struct offline_question q = { .policy = &decide_policy_default,
		.issuer = "Example Vendor", .now = life->now,
		.not_before = not_before, .signer = key,
		.signer_until = issuer_until(issuer), .request = &request,
		.request_sha256 = sha, .dossier = &dossier };
	buf_init(&text, DOCUMENT_MAX);
	bool good = offline_judge(&q, &answer, &text);
	if (!good) {
		life_trace(life, host, "no offline license: %s",
		    buf_text(&text));
	} else {
		buf_clear(&text);
		*license = answer.license;
		if (!issue_license(issuer, license, &text) ||
		    text.len > BYTES_MAX)
			life_broken(host, INVARIANT_READ, "the vendor cannot "
			    "encode an offline license");
		store_apply(life->store, &answer.change, NULL);
		out->len = text.len;
		memcpy(out->data, text.data, text.len);
	}
	buf_fini(&text);
	return good;
}

/* What was put in place while nothing else happened is in force. */
static void
check_taken_up(struct host *host, const struct license_facts *f)
{
	bool same = host->dropped > 0 && host->dropped_boot == host->boots;

	figures.checked[INVARIANT_KEPT]++;
	if (same && !f->has_successor && (!f->has_license ||
		f->license.sequence < host->dropped))
		life_broken(host, INVARIANT_KEPT, "sequence %" PRId64
		    " was put in place and is not in force", host->dropped);
}

static void
look_after(struct life *life, struct host *host)
{
	static struct bytes document;
	struct license license;

	life_later(life, host, utc_add(life->now, sim_spread(&life->random,
		DAY_S, LOOK_MAX_S)), look_after);
	if (!host->running || host->off)
		return;
	const struct license_facts *f = host->kind->facts(host);
	const struct license *held = &f->license;
	utc_t paid = life->store->subscription.term_end;
	check_taken_up(host, f);
	bool usable = host->check.has_report && host->check.report.usable;
	bool due = utc_before(held->term_end, paid) &&
	    held->term_end.s - life->now.s < AHEAD_S && !f->has_successor;
	if (f->has_license && usable && !due)
		return;
	bool next = f->has_license && usable &&
	    utc_before(utc_add(life->now, DAY_S), held->term_end) &&
	    sim_chance(&life->random, 2);
	if (!issue(life, host, next ? utc_add(held->term_end, 1) : (utc_t){0},
		&license, &document))
		return;
	fate_count(life, host, FAULT_DROPPED);
	bool beside = next && sim_chance(&life->random, 2);
	host->kind->drop(host, &document, beside);
	host->dropped = next ? 0 : license.sequence;
	host->dropped_boot = host->boots;
	life_trace(life, host, "an offline license %" PRId64 " is put %s",
	    license.sequence, beside ? "beside" : "in place");
	fate_soon(host);
}

void
fate_offline(struct life *life, struct host *host)
{
	host->outage_until = life->end;
	life_later(life, host, utc_add(life->now, sim_spread(&life->random,
		60, DAY_S)), look_after);
}
