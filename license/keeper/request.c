/* SPDX-License-Identifier: ISC */
/*
 * The request of one license: made, on disk before it is sent, the same bytes
 * again until there is an answer. It sends nothing and reads no answer.
 */
#include <string.h>

#include "license/base/clock.h"
#include "license/base/log.h"
#include "license/keeper/disk.h"
#include "license/keeper/holding.h"
#include "license/sign.h"
#include "license/verify.h"

enum { UNWRITTEN_S = 2 * DAY_S };

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

void
holding_forget_request(struct holding *holding)
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
		holding_forget_request(holding);
	keeper_wake(keeper, holding, false, why);
}

/*
 * The request that waits was answered, by a license that no disk took. The
 * same again extends nothing: from its next refresh on a new one is due.
 */
static bool
is_used_up(const struct holding *holding)
{
	const struct license_facts *facts = &holding->facts;

	return !holding->kept && facts->has_license &&
	    memcmp(facts->license.request_sha256, holding->request_sha256,
		SHA256_SIZE) == 0 &&
	    !utc_before(keeper_now(holding->keeper), facts->refresh_at);
}

/*
 * A disk that stays full must not end a lease: overdue, or in the last hours
 * (a term may have been paid), a request is sent all the same. A crash then
 * costs an audited fork.
 */
static bool
may_go_unwritten(const struct holding *holding)
{
	const struct license_facts *facts = &holding->facts;
	utc_t now = keeper_now(holding->keeper);

	if (facts->last_refusal != REFUSAL_NONE)
		return false;
	return policy_failing(facts, now) || (facts->has_license &&
	    policy_expiry(facts).s - now.s < UNWRITTEN_S);
}

bool
holding_prepare_request(struct holding *holding)
{
	struct keeper *keeper = holding->keeper;
	struct buf bytes;
	mono_t started = clock_boot();
	bool good = false, used_up;

	holding_load_unread(holding);
	used_up = holding->request_bytes.len > 0 && is_used_up(holding);
	if (holding->request_bytes.len > 0 && !used_up) {
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
		good = (kept || used_up || may_go_unwritten(holding)) &&
		    holding_adopt_request(holding, &bytes);
	} else
		log_error("The request for %s cannot be made: the system has "
			  "no randomness, or the product name is not a good "
			  "one", holding->facts.name);
	holding->request_fresh = good;
	buf_fini(&bytes);
	return good;
}
