/* SPDX-License-Identifier: ISC */
/*
 * What must survive a restart and is in no other document, signed with the
 * machine key: a state copied from another machine is not believed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "license/base/clock.h"
#include "license/base/log.h"
#include "license/keeper/disk.h"
#include "license/keeper/holding.h"
#include "license/sign.h"
#include "license/fastnetmon.h"
#include "license/verify.h"

/* No license can have this name: they begin with a letter or a digit. */
static const char clock_name[] = ".clock", reports_name[] = ".reports";

bool
storage_result(struct keeper *keeper, const char *what, int rc, mono_t started)
{
	int error = errno;
	bool good = rc == 0;

	keeper->agent.storage_last_write_ms =
	    (clock_boot().ns - started.ns) / 1000000;
	if (!good && keeper->agent.storage_up)
		log_error("Cannot write %s in %s: %s. The license in hand "
			  "stays in force", what, keeper->directory,
		    strerror(error));
	else if (good && !keeper->agent.storage_up)
		log_info("The state directory %s can be written again",
		    keeper->directory);
	if (good != keeper->agent.storage_up)
		keeper->dirty = true;
	keeper->agent.storage_up = good;
	return good;
}

static bool
write_memory(struct keeper *keeper, const char *name,
    const struct memory *memory)
{
	struct buf text;
	mono_t started = clock_boot();
	int rc = -1;

	if (keeper->reading_only)
		return true;
	buf_init(&text, DOCUMENT_MAX);
	document_begin(PURPOSE_STATE, keeper->machine_key, &text);
	errno = EINVAL;
	if (memory_encode(memory, &text) &&
	    document_seal(&text, keeper->key))
		rc = disk_write(keeper->directory, name, DISK_STATE, text.data,
		    text.len);
	bool good = storage_result(keeper, "the state", rc, started);
	buf_fini(&text);
	return good;
}

static bool
read_memory(struct keeper *keeper, const char *name, struct memory *out)
{
	struct buf text;
	struct doc_frame frame;
	struct doc_fault fault = {.error = DOC_OK};
	bool good = false;

	buf_init(&text, DOCUMENT_MAX);
	if (disk_read(keeper->directory, name, DISK_STATE, &text) == -1) {
		if (errno != ENOENT)
			log_warn("Cannot read the state of %s: %s", name,
			    strerror(errno));
		goto out;
	}
	fault.error = doc_frame_read(buf_text(&text), text.len, PURPOSE_STATE,
	    &frame);
	if (fault.error == DOC_OK)
		fault.error = doc_verify_machine(&frame);
	if (fault.error == DOC_OK &&
	    memcmp(frame.key, keeper->machine_key, KEY_SIZE) != 0)
		fault.error = DOC_OTHER_MACHINE;
	good = fault.error == DOC_OK && memory_decode(&frame, out, &fault) &&
	    strcmp(out->name, name) == 0;
	if (!good)
		log_warn("The state of %s is not used: %s", name,
		    doc_error_sentence(fault.error));
out:
	buf_fini(&text);
	return good;
}

/* Set a member and its presence, when there is something to keep. */
#define KEEP(memory, bit_name, member, value, when)                           \
	do {                                                                  \
		if (when) {                                                   \
			(memory)->member = (value);                           \
			(memory)->has |= bit(MEMORY_##bit_name);              \
		}                                                             \
	} while (0)

static void
keep_fastnetmon(const struct license_facts *facts, struct memory *m)
{
	bool there = policy_watches(facts) && facts->has_license;

	text_copy(m->fastnetmon_date, sizeof(m->fastnetmon_date), facts->vendor_date);
	m->has |= there ? bit(MEMORY_FASTNETMON_DATE) : 0;
	KEEP(m, FASTNETMON_END, fastnetmon_end, facts->license.lease_end, there);
	KEEP(m, FASTNETMON_MBITS, fastnetmon_mbits, facts->license.bandwidth_mbits,
	    there);
	KEEP(m, FASTNETMON_FIXED, fastnetmon_fixed, 1, there && facts->fixed_term);
	KEEP(m, FASTNETMON_AT, fastnetmon_at, facts->data_at,
	    policy_watches(facts) && facts->data_at.s > 0);
}

static void
recall_fastnetmon(struct license_facts *facts, const struct memory *m)
{
	struct fastnetmon_license said = {.bandwidth_mbits = m->fastnetmon_mbits};

	if (!policy_watches(facts))
		return;
	text_copy(said.date, sizeof(said.date), m->fastnetmon_date);
	facts->data_at = m->fastnetmon_at;
	facts->fixed_term = m->fastnetmon_fixed != 0;
	if (has_bit(m->has, MEMORY_FASTNETMON_MBITS))
		fastnetmon_recall(facts, &said, m->fastnetmon_end);
}

/* What became of asking another source is nothing of this one. */
static void
forget_other_source(struct license_facts *facts, const struct memory *m)
{
	if (policy_watches(facts) == has_bit(m->has, MEMORY_FASTNETMON_AT))
		return;
	facts->last_attempt = facts->last_success = (utc_t){0};
	facts->last_result = RESULT_NEVER;
	facts->last_refusal = REFUSAL_NONE;
	facts->failures_in_row = 0;
	facts->answered = false;
}

bool
holding_persist(struct holding *holding)
{
	const struct license_facts *facts = &holding->facts;
	struct memory memory = {.has = 0};
	struct memory *m = &memory;

	text_copy(m->name, sizeof(m->name), facts->name);
	m->has |= bit(MEMORY_NAME);
	KEEP(m, INDEX, index, facts->index, facts->index > 0);
	KEEP(m, SINCE, since, facts->since, facts->since.s > 0);
	KEEP(m, SEQUENCE, sequence, policy_highest(facts),
	    policy_highest(facts) > 0);
	KEEP(m, REFRESH_AT, refresh_at, facts->refresh_at,
	    facts->refresh_at.s > 0);
	KEEP(m, LAST_ATTEMPT, last_attempt, facts->last_attempt,
	    facts->last_attempt.s > 0);
	KEEP(m, LAST_SUCCESS, last_success, facts->last_success,
	    facts->last_success.s > 0);
	KEEP(m, LAST_RESULT, last_result, facts->last_result, true);
	KEEP(m, LAST_REFUSAL, last_refusal, facts->last_refusal, true);
	KEEP(m, FAILURES, failures_in_row, facts->failures_in_row, true);
	KEEP(m, ANSWERED, answered, facts->answered, true);
	const struct alarms *told = &holding->announced;
	bool expiring = (told->raised & edge_bit(EXPIRING)) != 0;
	KEEP(m, ANNOUNCED, announced, (int64_t)told->raised, true);
	KEEP(m, EXPIRING_STEP, expiring_step_days, told->step_days, expiring);
	KEEP(m, EXPIRING_STEPS, expiring_steps, told->steps, expiring);
	KEEP(m, EXPIRING_DEADLINE, expiring_deadline, told->deadline,
	    expiring && told->deadline.s > 0);
	KEEP(m, GRACE_FROM, grace_from, facts->grace_from,
	    facts->grace_from.s > 0);
	KEEP(m, MISMATCHED, mismatch_confirmed, facts->mismatch_confirmed,
	    facts->mismatch_confirmed);
	KEEP(m, REVOKED_FROM, revoked_from, facts->revoked_from,
	    facts->revoked_from.s > 0);
	KEEP(m, ON_CHANGE_TOLD, on_change_told, holding->on_change.told,
	    holding->on_change.told != STANDING_UNKNOWN);
	KEEP(m, ON_CHANGE_EXIT, on_change_exit, facts->on_change_exit,
	    facts->on_change_exit >= 0);
	keep_fastnetmon(facts, m);
	return write_memory(holding->keeper, facts->name, m);
}

/* Before a step was kept: the next one is told, at worst once more. */
static void
recall_alarms(struct holding *holding, const struct memory *m)
{
	holding->announced = (struct alarms){
		.raised = (uint64_t)m->announced,
		.step_days = m->expiring_step_days,
		.steps = m->expiring_steps,
		.deadline = m->expiring_deadline,
	};
	if ((m->announced & edge_bit(EXPIRING)) != 0 &&
	    !has_bit(m->has, MEMORY_EXPIRING_STEP)) {
		holding->announced.step_days = LADDER_TOP_DAYS;
		holding->announced.steps = 1;
	}
	holding->alarms = holding->announced;
}

void
holding_recall(struct holding *holding)
{
	struct license_facts *facts = &holding->facts;
	struct memory m;

	if (!read_memory(holding->keeper, facts->name, &m))
		return;
	if (facts->index == 0)
		facts->index = m.index;
	facts->since = m.since;
	facts->sequence = m.sequence;
	facts->refresh_at = m.refresh_at;
	facts->last_attempt = m.last_attempt;
	facts->last_success = m.last_success;
	facts->last_result = (int)m.last_result;
	facts->last_refusal = (int)m.last_refusal;
	facts->failures_in_row = m.failures_in_row;
	facts->answered = m.answered != 0;
	facts->grace_from = m.grace_from;
	facts->mismatch_confirmed = m.mismatch_confirmed != 0;
	facts->revoked_from = m.revoked_from;
	forget_other_source(facts, &m);
	recall_fastnetmon(facts, &m);
	recall_alarms(holding, &m);
	holding->on_change.told = (enum standing)m.on_change_told;
	if (has_bit(m.has, MEMORY_ON_CHANGE_EXIT) &&
	    holding->config.on_change[0] != '\0')
		facts->on_change_exit = m.on_change_exit;
}

static bool
keep_anchor(const struct clock_anchor *anchor, utc_t *at, int64_t *boot_s,
    char boot_id[TEXT_64])
{
	*at = anchor->at;
	*boot_s = mono_s(anchor->boot);
	text_copy(boot_id, TEXT_64, anchor->boot_id[0] == '\0' ? "none" :
							anchor->boot_id);
	return anchor->at.s > 0;
}

void
keeper_guard_clock(struct keeper *keeper, const struct keeper_license *licenses,
    size_t count)
{
	bool guards = count == 0;

	for (size_t i = 0; i < count; i++)
		guards |= licenses[i].source != SOURCE_FASTNETMON;
	if (guards != keeper->clock_is_aside)
		return;
	struct clock_memory memory = keeper->clock_aside;
	keeper->clock_aside = guards ? (struct clock_memory){.carried = false} :
				       keeper->agent.clock;
	keeper->agent.clock = memory;
	keeper->clock_is_aside = !guards;
	keeper_forget_future(keeper, keeper_now(keeper));
}

bool
keeper_persist_clock(struct keeper *keeper)
{
	const struct clock_memory *clock = keeper->clock_is_aside ?
	    &keeper->clock_aside : &keeper->agent.clock;
	struct memory m = {.last_result = RESULT_NEVER,
		.last_refusal = REFUSAL_NONE};

	text_copy(m.name, sizeof(m.name), clock_name);
	m.has = bit(MEMORY_NAME) | bit(MEMORY_LAST_RESULT) |
	    bit(MEMORY_LAST_REFUSAL) | bit(MEMORY_FAILURES) |
	    bit(MEMORY_ANSWERED) | bit(MEMORY_ANNOUNCED);
	KEEP(&m, INDEX, index, keeper->next_index, true);
	KEEP(&m, OFFLINE_MADE, offline_made, keeper->offline_made,
	    keeper->offline_made.s > 0);
	if (keeper->offline_made.s > 0) {
		memcpy(m.offline_nonce, keeper->offline_nonce, NONCE_SIZE);
		m.has |= bit(MEMORY_OFFLINE_NONCE);
	}
	if (keep_anchor(&clock->high_water, &m.high_water,
		&m.high_water_boot_s, m.boot_id))
		m.has |= bit(MEMORY_HIGH_WATER) | bit(MEMORY_HIGH_WATER_BOOT) |
		    bit(MEMORY_BOOT_ID);
	KEEP(&m, CARRIED, high_water_carried, 1, clock->carried);
	if (keep_anchor(&clock->signed_time, &m.signed_time, &m.signed_boot_s,
		m.signed_boot_id))
		m.has |= bit(MEMORY_SIGNED_TIME) | bit(MEMORY_SIGNED_BOOT) |
		    bit(MEMORY_SIGNED_BOOT_ID);
	return write_memory(keeper, clock_name, &m);
}

static struct clock_anchor
recall_anchor(utc_t at, int64_t boot_s, const char *boot_id)
{
	struct clock_anchor anchor = {.at = at,
		.boot = {boot_s * 1000000000}};

	text_copy(anchor.boot_id, sizeof(anchor.boot_id), boot_id);
	return anchor;
}

void
keeper_recall_clock(struct keeper *keeper)
{
	struct memory m;

	if (!read_memory(keeper, clock_name, &m))
		return;
	keeper->next_index = m.index;
	memcpy(keeper->offline_nonce, m.offline_nonce, NONCE_SIZE);
	keeper->offline_made = m.offline_made;
	keeper->agent.clock.high_water = recall_anchor(m.high_water,
	    m.high_water_boot_s, m.boot_id);
	keeper->agent.clock.carried = m.high_water_carried != 0;
	keeper->agent.clock.signed_time = recall_anchor(m.signed_time,
	    m.signed_boot_s, m.signed_boot_id);
}

bool
keeper_persist_reports(struct keeper *keeper, utc_t last_success)
{
	struct memory m = {.last_result = RESULT_NEVER,
		.last_refusal = REFUSAL_NONE, .last_success = last_success};

	text_copy(m.name, sizeof(m.name), reports_name);
	m.has = bit(MEMORY_NAME) | bit(MEMORY_LAST_RESULT) |
	    bit(MEMORY_LAST_REFUSAL) | bit(MEMORY_FAILURES) |
	    bit(MEMORY_ANSWERED) | bit(MEMORY_ANNOUNCED) |
	    bit(MEMORY_LAST_SUCCESS);
	return write_memory(keeper, reports_name, &m);
}

void
keeper_recall_reports(struct keeper *keeper, utc_t *last_success)
{
	struct memory m;

	if (read_memory(keeper, reports_name, &m))
		*last_success = m.last_success;
}
