/* SPDX-License-Identifier: ISC */
/*
 * Signers that are not believed any more: the list is kept, fetched when a
 * license announces a higher one, and what it means for what is in hand is
 * carried out. That none can be had is never a failure of a license.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "license/answer.h"
#include "license/base/clock.h"
#include "license/base/log.h"
#include "license/keeper/disk.h"
#include "license/keeper/holding.h"
#include "license/verify.h"

enum { HTTP_OK = 200 };

static bool
read_list(const struct holding *holding, const struct buf *bytes,
    struct revoked *out, char why[DETAIL_SIZE])
{
	struct doc_fault fault = {.error = DOC_OK};
	struct doc_frame frame;

	fault.error = doc_frame_read(buf_text(bytes), bytes->len,
	    PURPOSE_REVOKED, &frame);
	if (fault.error == DOC_OK)
		fault.error = doc_verify(&frame, &holding->keyring);
	if (fault.error == DOC_OK && revoked_decode(&frame, out, &fault))
		return true;
	doc_fault_text(&fault, why, DETAIL_SIZE);
	return false;
}

void
holding_recall_revoked(struct holding *holding)
{
	struct revoked list;
	struct buf bytes;
	char why[DETAIL_SIZE] = "it is older than the one in force";

	buf_init(&bytes, DOCUMENT_MAX);
	if (disk_read(holding->keeper->directory, holding->facts.name,
		DISK_REVOKED, &bytes) == -1)
		text_copy(why, sizeof(why), errno == ENOENT ? "" :
							      strerror(errno));
	else if (read_list(holding, &bytes, &list, why) &&
	    keyring_revoke(&holding->keyring, &list)) {
		holding->list_kept = true;
		why[0] = '\0';
	}
	if (why[0] != '\0')
		log_warn("The list of revoked signers kept for %s is not used: "
			 "%s", holding->facts.name, why);
	buf_fini(&bytes);
}

/* What a revoked signer said counts for nothing, its refusals neither. */
static void
drop_refusal(struct holding *holding)
{
	struct license_facts *facts = &holding->facts;
	struct keeper *keeper = holding->keeper;
	mono_t started = clock_boot();

	if (!facts->has_refusal ||
	    !keyring_revoked(&holding->keyring, facts->refusal.signer))
		return;
	facts->has_refusal = false;
	facts->grace_from = (utc_t){0};
	buf_clear(&holding->refusal_bytes);
	storage_result(keeper, "the refusal", disk_remove(keeper->directory,
		facts->name, DISK_REFUSAL), started);
	log_warn("The refusal of %s was signed by a revoked signer: it is "
		 "asked for again", facts->name);
	if (policy_refreshes(facts))
		facts->next_attempt = keeper_now(keeper);
}

static void
mark_revoked(struct holding *holding, utc_t from)
{
	struct license_facts *facts = &holding->facts;

	facts->revoked_from = from;
	/* Its sequence would keep every good document out. */
	facts->sequence = facts->has_refusal ? facts->refusal.sequence : 0;
	text_copy(facts->file_detail, sizeof(facts->file_detail),
	    doc_error_sentence(DOC_REVOKED));
	facts->next_attempt = policy_next(facts, from, keeper_random());
	holding->keeper->dirty = true;
	if (policy_offline(facts))
		log_error("The signer of license %s was revoked: it is not "
			  "good any more, and the product must stop. Ask the "
			  "vendor for a new one", facts->name);
	else
		log_warn("The signer of license %s was revoked: another is "
			 "asked for now; without one it ends in %d hours",
		    facts->name, POLICY_REVOKED_S / HOUR_S);
}

/* Whatever is in hand by a signer on the list. */
static void
settle(struct holding *holding)
{
	struct license_facts *facts = &holding->facts;

	drop_refusal(holding);
	if (facts->has_successor &&
	    keyring_revoked(&holding->keyring, holding->next.signer))
		holding_unstage(holding);
	if (facts->has_license && facts->revoked_from.s == 0 &&
	    keyring_revoked(&holding->keyring, facts->license.signer))
		mark_revoked(holding, keeper_now(holding->keeper));
	holding_persist(holding);
}

enum dropped
holding_take_revoked(struct holding *holding, const struct buf *bytes,
    char why[DETAIL_SIZE])
{
	struct keeper *keeper = holding->keeper;
	mono_t started = clock_boot();
	struct revoked list;

	if (!read_list(holding, bytes, &list, why))
		return DROPPED_BAD;
	bool higher = list.version > holding->keyring.revoked_version;
	if (list.version < holding->keyring.revoked_version) {
		snprintf(why, DETAIL_SIZE, "version %lld is in force",
		    (long long)holding->keyring.revoked_version);
		return DROPPED_BAD;
	}
	if (!higher && holding->list_kept)
		return DROPPED_TAKEN;
	holding->list_kept = storage_result(keeper,
	    "the list of revoked signers", disk_write(keeper->directory,
		holding->facts.name, DISK_REVOKED, bytes->data, bytes->len),
	    started);
	if (higher) {
		(void)keyring_revoke(&holding->keyring, &list);
		log_info("The list of revoked signers for %s is version %lld "
			 "now, with %zu of them", holding->facts.name,
		    (long long)list.version, list.keys.count);
		settle(holding);
	}
	if (holding->list_kept)
		return DROPPED_TAKEN;
	text_copy(why, DETAIL_SIZE, "it is in force and cannot be kept: the "
		"state directory cannot be written");
	return DROPPED_LATER;
}

bool
holding_revive(struct holding *holding, const struct buf *bytes)
{
	struct license_facts *facts = &holding->facts;
	struct keyring keyring = holding->keyring;
	utc_t from = facts->revoked_from;
	struct license license;
	struct doc_fault fault;

	keyring.revoked.count = 0;
	if (!license_admit(buf_text(bytes), bytes->len, &keyring,
		holding->config.product, &license, &fault) ||
	    !keyring_revoked(&holding->keyring, license.signer) ||
	    !holding_take(holding, bytes, &license))
		return false;
	holding->kept = true;
	mark_revoked(holding, from.s != 0 ? from :
					    keeper_now(holding->keeper));
	return true;
}

static void
on_list(void *self, const struct client_reply *reply)
{
	bool *fetching = self;
	struct holding *holding = (void *)((char *)fetching -
	    offsetof(struct holding, fetching));
	struct buf bytes;
	char why[DETAIL_SIZE];

	holding->fetching = false;
	holding->keeper->in_flight--;
	buf_init(&bytes, DOCUMENT_MAX);
	buf_add(&bytes, reply->body, reply->body_len);
	if (reply->result != RESULT_OK)
		text_copy(why, sizeof(why), reply->detail);
	else if (reply->status != HTTP_OK)
		snprintf(why, sizeof(why), "status %d", reply->status);
	else if (bytes.failed)
		text_copy(why, sizeof(why), "there is no memory");
	else if (holding_take_revoked(holding, &bytes, why) == DROPPED_TAKEN)
		why[0] = '\0';
	if (why[0] != '\0')
		log_warn("The list of revoked signers for %s was not taken: "
			 "%s. It is asked for again after the next refresh",
		    holding->facts.name, why);
	buf_fini(&bytes);
}

/* The next license asks again: at the pace of refreshes, also when it fails. */
void
holding_fetch_revoked(struct holding *holding)
{
	const struct license_facts *facts = &holding->facts;
	struct keeper *keeper = holding->keeper;
	const char *base = holding->config.authority_url;
	size_t len = strlen(base);
	char url[KEEPER_PATH_SIZE + 16];

	if (!facts->has_license || !policy_refreshes(facts) ||
	    facts->revoked_from.s != 0 || holding->fetching ||
	    facts->license.revocations <= holding->keyring.revoked_version ||
	    holding->fetched_for == facts->license.sequence ||
	    keeper->in_flight >= KEEPER_TRANSFERS_MAX)
		return;
	holding->fetched_for = facts->license.sequence;
	snprintf(url, sizeof(url), "%s%s", base,
	    len > 0 && base[len - 1] == '/' ? "v1/revoked" : "/v1/revoked");
	const struct client_request request = {
		.url = url,
		.ca_file = holding->config.authority_ca,
		.proxy = holding->config.proxy,
		.user_agent = "leaseline/" LEASELINE_VERSION,
		.address_family = holding->config.address_family,
		.answer_max = DOCUMENT_MAX,
		.best_time = keeper_best_time(keeper),
	};
	if (!client_get(keeper->client, &request, on_list, &holding->fetching))
		return;
	holding->fetching = true;
	keeper->in_flight++;
}

void
holding_leave_revoked(struct holding *holding)
{
	if (!holding->fetching)
		return;
	client_drop(holding->keeper->client, &holding->fetching);
	holding->fetching = false;
	holding->keeper->in_flight--;
}
