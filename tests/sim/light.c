/* SPDX-License-Identifier: ISC */
/*
 * The light agent: the shipped rules (policy, report, edges, timekeeping,
 * answer_fits) on a disk of five values. It does with them what the keeper
 * does with files, in the same order, without beats in which nothing changes.
 */
#include <stdlib.h>
#include <string.h>

#include "license/sign.h"
#include "license/verify.h"
#include "tests/sim/sim.h"


enum { ASK_AGAIN_S = 60, UNWRITTEN_S = 2 * DAY_S };

/* What the keeper keeps in NAME.state. */
struct light_memory {
	utc_t since, refresh_at, last_attempt, last_success, grace_from;
	int64_t sequence, failures_in_row;
	int last_result, last_refusal;
	bool answered;
	struct alarms announced;
};

struct light_disk {
	bool has_key, has_license, has_refusal, has_request, has_memory,
	    has_clock;
	uint8_t seed[KEY_SIZE];
	struct clock_anchor high_water, signed_time;
	bool carried;
	struct light_memory memory;
	struct license license;
	struct refusal refusal;
	struct message request;
	struct bytes license_bytes, refusal_bytes;
};

struct light {
	struct license_facts facts;
	struct alarms alarms, announced;
	struct clock_memory clock;
	enum trust trust;
	struct signing_key *key; /* of real seals only */
	bool waits, fresh; /* a request does; its nonce was never sent before */
	bool kept; /* the license in force is on disk */
	utc_t clock_kept;
	mono_t wake;
	struct message request;
	struct bytes license_bytes, refusal_bytes; /* of facts */
};

/* One agent of each host, used again and again. */
static struct light *
light_of(struct host *h)
{
	return h->agent;
}

static utc_t
judged_now(struct host *h)
{
	struct clock_reading reading;

	host_read_clock(h, &reading);
	return timekeeping_judge(&light_of(h)->clock, &reading).now;
}

static bool
write_memory(struct host *h)
{
	const struct license_facts *f = &light_of(h)->facts;
	struct light_disk *disk = h->disk;

	if (!host_writes(h))
		return false;
	disk->memory = (struct light_memory){ f->since, f->refresh_at,
		f->last_attempt, f->last_success, f->grace_from,
		policy_highest(f), f->failures_in_row, f->last_result,
		f->last_refusal, f->answered, light_of(h)->announced };
	disk->has_memory = true;
	return true;
}

static void
write_clock(struct host *h)
{
	struct light *l = light_of(h);
	struct light_disk *disk = h->disk;

	if (!host_writes(h))
		return;
	disk->high_water = l->clock.high_water;
	disk->carried = l->clock.carried;
	disk->signed_time = l->clock.signed_time;
	disk->has_clock = true;
	l->clock_kept = h->life->now;
}

static bool
load_key(struct host *h)
{
	struct light *l = light_of(h);
	struct light_disk *disk = h->disk;

	if (!disk->has_key) {
		if (!host_writes(h))
			return false;
		for (int i = 0; i < KEY_SIZE; i += 8) {
			uint64_t word = sim_random(&h->random);
			memcpy(disk->seed + i, &word, 8);
		}
		disk->has_key = true;
	}
	if (h->life->seal != SEAL_REAL) {
		memcpy(l->facts.machine_key, disk->seed, KEY_SIZE);
		return true;
	}
	l->key = signing_key_from_seed(disk->seed);
	if (!l->key)
		abort();
	signing_key_public(l->key, l->facts.machine_key);
	return true;
}

/* What was written is read again by the shipped rules, bytes and all. */
static void
load_license(struct host *h)
{
	struct light *l = light_of(h);
	const struct light_disk *disk = h->disk;
	struct license_facts *f = &l->facts;
	struct doc_fault fault;

	if (!disk->has_license)
		return;
	if (h->life->seal == SEAL_NONE)
		f->license = disk->license;
	else if (!license_admit(disk->license_bytes.data,
	    disk->license_bytes.len, &h->life->keyring, f->product,
	    &f->license, &fault))
		life_broken(h, INVARIANT_KEPT, "its license cannot be read");
	l->license_bytes = disk->license_bytes;
	f->has_license = true;
	f->file_state = LICENSE_FILE_GOOD;
	l->kept = true;
}

static void
load_refusal(struct host *h)
{
	struct light *l = light_of(h);
	const struct light_disk *disk = h->disk;
	struct license_facts *f = &l->facts;
	struct doc_fault fault;

	if (!disk->has_refusal)
		return;
	if (h->life->seal == SEAL_NONE)
		f->refusal = disk->refusal;
	else if (!refusal_admit(disk->refusal_bytes.data,
	    disk->refusal_bytes.len, &h->life->keyring, f->machine_key,
	    &f->refusal, &fault))
		life_broken(h, INVARIANT_KEPT, "its refusal cannot be read");
	l->refusal_bytes = disk->refusal_bytes;
	f->has_refusal = true;
	f->has_refusal = policy_refused(f) != 0;
	if (policy_refusal(policy_refused(f))->starts_grace &&
	    f->grace_from.s == 0)
		f->grace_from = f->refusal.issued;
}

static void
load(struct host *h)
{
	struct light *l = light_of(h);
	const struct light_disk *disk = h->disk;
	struct license_facts *f = &l->facts;

	if (disk->has_clock) {
		l->clock.high_water = disk->high_water;
		l->clock.carried = disk->carried;
		l->clock.signed_time = disk->signed_time;
	}
	if (disk->has_memory) {
		const struct light_memory *m = &disk->memory;

		f->since = m->since;
		f->refresh_at = m->refresh_at;
		f->last_attempt = m->last_attempt;
		f->last_success = m->last_success;
		f->grace_from = m->grace_from;
		f->sequence = m->sequence;
		f->failures_in_row = m->failures_in_row;
		f->last_result = m->last_result;
		f->last_refusal = m->last_refusal;
		f->answered = m->answered;
		l->announced = l->alarms = m->announced;
	}
	load_license(h);
	load_refusal(h);
	l->waits = disk->has_request && memcmp(
	    disk->request.request.machine_key, f->machine_key, KEY_SIZE) == 0;
	if (l->waits)
		l->request = disk->request;
	f->sequence = policy_highest(f);
	policy_forget_future(f, judged_now(h));
}

static void
inspect(struct host *h)
{
	light_of(h)->facts.hardware = h->hardware;
}

static void
take_clock(struct host *h)
{
	struct light *l = light_of(h);
	struct clock_reading reading;
	enum trust before = l->trust;

	host_read_clock(h, &reading);
	struct clock_verdict verdict = timekeeping_judge(&l->clock, &reading);
	timekeeping_learn(&l->clock, &reading, &verdict);
	l->trust = verdict.trust;
	/* A signed time settles it. */
	if (timekeeping_stepped(l->trust) && l->trust != before &&
	    policy_refreshes(&l->facts))
		l->facts.next_attempt = verdict.now;
}

static bool
light_start(struct host *h)
{
	static struct light places[HOSTS];
	struct light *l = &places[h->number];
	struct license_facts *f = &l->facts;
	struct report report;

	memset(l, 0, sizeof(*l));
	h->agent = l;
	text_copy(f->name, sizeof(f->name), "main");
	text_copy(f->product, sizeof(f->product), "FastNetMon Advanced");
	f->index = 1;
	f->source = SOURCE_AUTHORITY;
	memset(&f->configured, 0xff, sizeof(f->configured));
	f->last_result = RESULT_NEVER;
	f->last_refusal = REFUSAL_NONE;
	f->last_duration_ms = f->on_change_exit = -1;
	if (!load_key(h))
		return false;
	inspect(h);
	load(h);
	utc_t now = judged_now(h);
	if (f->since.s == 0)
		f->since = now;
	f->next_attempt = policy_next(f, now,
	    (uint32_t)sim_random(&h->random));
	report_make(f, now, TRUST_TRUSTED, &report);
	if (!report.usable)
		f->next_attempt = now;
	take_clock(h);
	write_clock(h);
	write_memory(h);
	l->wake = host_boot(h);
	manager_start(h, &l->announced);
	return !h->dead;
}

static void
light_stop(struct host *h, bool crashed)
{
	struct light *l = light_of(h);

	if (!crashed)
		write_clock(h);
	signing_key_free(l->key);
	l->key = NULL;
	h->agent = NULL;
}

#define PUT(r, id, member, value)                                             \
	do {                                                                  \
		text_copy((r)->member, sizeof((r)->member), value);           \
		if ((r)->member[0])                                           \
			(r)->has |= bit(REQUEST_##id);                        \
	} while (0)

static void
compose(struct host *h, struct message *out)
{
	struct light *l = light_of(h);
	const struct license_facts *f = &l->facts;
	struct request *r = &out->request;
	uint64_t words[2] = { sim_random(&h->random), sim_random(&h->random) };

	memset(r, 0, sizeof(*r));
	r->ask = f->has_license ? ASK_REFRESH : ASK_ACTIVATE;
	r->created = judged_now(h);
	memcpy(r->nonce, words, NONCE_SIZE);
	memcpy(r->machine_key, f->machine_key, KEY_SIZE);
	r->has = bit(REQUEST_PURPOSE) | bit(REQUEST_CREATED) |
	    bit(REQUEST_NONCE);
	PUT(r, PRODUCT, product, f->product);
	PUT(r, AGENT_VERSION, agent_version, "leaseline sim");
	if (f->has_license && memcmp(f->license.machine_key, f->machine_key,
		KEY_SIZE) == 0)
		PUT(r, LICENSE_ID, license_id, f->license.id);
	r->sequence = policy_highest(f);
	if (r->sequence > 0)
		r->has |= bit(REQUEST_SEQUENCE);
	if (h->life->store->subscription.coupon_sha256[0])
		PUT(r, COUPON, coupon, "WELCOME-2026");
	PUT(r, CPU_MODEL, cpu_model, f->hardware.cpu_model);
	r->logical_cpus = f->hardware.logical_cpus;
	if (r->logical_cpus > 0)
		r->has |= bit(REQUEST_LOGICAL_CPUS);
	r->memory_mib = f->hardware.memory_mib;
	r->has |= bit(REQUEST_MEMORY);
	PUT(r, INTERNAL, internal_address, f->hardware.internal_address);
	out->bytes.len = 0;
	if (h->life->seal == SEAL_NONE)
		seal_digest(r, sizeof(*r), out->sha256);
	else if (!seal_request(r, l->key, &out->bytes))
		life_broken(h, INVARIANT_READ, "a request cannot be made");
	else
		sha256(out->bytes.data, out->bytes.len, out->sha256);
}

static bool
prepare(struct host *h)
{
	struct light *l = light_of(h);
	struct light_disk *disk = h->disk;

	l->fresh = false;
	bool used_up = l->waits && !l->kept && l->facts.has_license &&
	    memcmp(l->facts.license.request_sha256, l->request.sha256,
		SHA256_SIZE) == 0 &&
	    !utc_before(judged_now(h), l->facts.refresh_at);
	if (l->waits && !used_up)
		return true;
	compose(h, &l->request);
	bool kept = host_writes(h);
	if (kept) {
		disk->request.request = l->request.request;
		memcpy(disk->request.sha256, l->request.sha256, SHA256_SIZE);
		disk->request.bytes.len = l->request.bytes.len;
		memcpy(disk->request.bytes.data, l->request.bytes.data,
		    l->request.bytes.len);
		disk->has_request = true;
	}
	utc_t now = judged_now(h);
	bool pressing = l->facts.last_refusal == REFUSAL_NONE &&
	    (policy_failing(&l->facts, now) || (l->facts.has_license &&
	    policy_expiry(&l->facts).s - now.s < UNWRITTEN_S));
	l->waits = l->fresh = kept || pressing || used_up;
	return l->waits;
}

static void
read_bytes(struct host *h, const struct reply *reply,
    struct answer_expectation *want, struct answer *answer)
{
	struct light *l = light_of(h);
	const struct bytes *held = NULL;

	if (l->facts.has_refusal &&
	    l->facts.refusal.sequence == want->sequence)
		held = &l->refusal_bytes;
	else if (l->facts.has_license &&
	    l->facts.license.sequence == want->sequence)
		held = &l->license_bytes;
	if (held) {
		want->held = held->data;
		want->held_len = held->len;
	}
	answer_read(reply->bytes.data, reply->bytes.len, reply->status == 403,
	    want, answer);
}

/* Values have no bytes to compare; all that is in them is compared. */
static void
read_values(struct host *h, const struct reply *reply,
    const struct answer_expectation *want, struct answer *answer)
{
	const struct license_facts *f = &light_of(h)->facts;
	bool refused = reply->status == 403, good, held;

	answer->fault = (struct doc_fault){ .error = DOC_NOT_OURS };
	if (reply->license.has == 0 && reply->refusal.has == 0) {
		answer->result = RESULT_MALFORMED;
		return;
	}
	if (refused) {
		held = f->has_refusal && memcmp(&f->refusal, &reply->refusal,
		    sizeof(f->refusal)) == 0;
		good = answer_fits_refusal(&reply->refusal, held, want,
		    &answer->fault);
		answer->refusal = reply->refusal;
	} else {
		held = f->has_license && memcmp(&f->license, &reply->license,
		    sizeof(f->license)) == 0;
		good = answer_fits_license(&reply->license, held, want,
		    &answer->fault);
		answer->license = reply->license;
	}
	answer->result = !good ? doc_error_result(answer->fault.error) :
	    refused ? RESULT_REFUSED : RESULT_OK;
}

static void
read_answer(struct host *h, const struct reply *reply, struct answer *answer)
{
	struct light *l = light_of(h);
	struct answer_expectation want = { .keyring = &h->life->keyring,
		.product = l->facts.product,
		.sequence = policy_highest(&l->facts) };

	memcpy(want.request_sha256, l->request.sha256, SHA256_SIZE);
	memcpy(want.nonce, l->request.request.nonce, NONCE_SIZE);
	memcpy(want.machine_key, l->facts.machine_key, KEY_SIZE);
	if (h->life->seal == SEAL_NONE)
		read_values(h, reply, &want, answer);
	else
		read_bytes(h, reply, &want, answer);
}

/* The clock was healed backwards: nothing may lie in its wrong future. */
static void
learn_time(struct host *h, const struct answer *answer)
{
	struct light *l = light_of(h);
	struct license_facts *f = &l->facts;
	struct clock_reading reading;
	utc_t before = judged_now(h);

	host_read_clock(h, &reading);
	timekeeping_learn_signed(&l->clock, &reading,
	    answer->result == RESULT_REFUSED ? answer->refusal.issued :
					       answer->license.issued,
	    l->fresh);
	utc_t now = judged_now(h);
	if (!l->fresh || now.s >= before.s - CLOCK_TOLERANCE_S)
		return;
	f->since = utc_min(f->since, now);
	f->last_attempt = utc_min(f->last_attempt, now);
	f->last_success = utc_min(f->last_success, now);
	f->grace_from = utc_min(f->grace_from, now);
}

static bool
write_license(struct host *h)
{
	struct light *l = light_of(h);
	struct light_disk *disk = h->disk;

	if (!host_writes(h))
		return false;
	disk->license = l->facts.license;
	disk->license_bytes.len = l->license_bytes.len;
	memcpy(disk->license_bytes.data, l->license_bytes.data,
	    l->license_bytes.len);
	disk->has_license = true;
	return true;
}

static bool
take_license(struct host *h, const struct reply *reply,
    const struct answer *answer)
{
	struct light *l = light_of(h);

	l->facts.license = answer->license;
	l->facts.has_license = true;
	l->license_bytes.len = reply->bytes.len;
	memcpy(l->license_bytes.data, reply->bytes.data, reply->bytes.len);
	l->kept = write_license(h);
	l->facts.storage_failed = !l->kept;
	return l->kept;
}

static bool
take_refusal(struct host *h, const struct reply *reply,
    const struct answer *answer)
{
	struct light *l = light_of(h);
	struct light_disk *disk = h->disk;
	const struct refusal_rule *rule = policy_refusal(
	    answer->refusal.reason);

	if (!rule->ends_lease && !rule->starts_grace)
		return true;
	l->refusal_bytes.len = reply->bytes.len;
	memcpy(l->refusal_bytes.data, reply->bytes.data, reply->bytes.len);
	if (!host_writes(h))
		return false;
	disk->refusal = answer->refusal;
	disk->refusal_bytes = l->refusal_bytes;
	disk->has_refusal = true;
	return true;
}

static void
conclude(struct host *h, struct outcome *outcome, const struct reply *reply,
    const struct answer *answer, bool stored)
{
	struct light *l = light_of(h);

	outcome->at = judged_now(h);
	outcome->started = utc_add(outcome->at,
	    -(outcome->duration_ms / 1000));
	policy_apply(&l->facts, outcome, (uint32_t)sim_random(&h->random));
	stored = write_memory(h) && stored;
	bool answered = outcome->result == RESULT_OK ||
	    outcome->result == RESULT_REFUSED;
	bool hopeless = answer->fault.error == DOC_OLD_SEQUENCE ||
	    (outcome->result == RESULT_HTTP && reply->status == 400);
	if ((answered && stored) || hopeless) {
		l->waits = false;
		if (host_writes(h))
			((struct light_disk *)h->disk)->has_request = false;
	}
	bool stale = outcome->result == RESULT_REFUSED ? stored &&
	    policy_refusal(answer->refusal.reason)->pace != PACE_BUSY :
	    answer->fault.error == DOC_OLD_SEQUENCE;
	if (!l->fresh && stale)
		l->facts.next_attempt = utc_min(l->facts.next_attempt,
		    utc_add(outcome->at, ASK_AGAIN_S));
	if (answered)
		write_clock(h);
}

static void
light_reply(struct host *h, const struct reply *reply)
{
	struct light *l = light_of(h);
	static struct answer answer;
	static struct license_facts before;
	struct outcome outcome = { .result = reply->result,
		.duration_ms = reply->duration_ms,
		.retry_after_s = reply->retry_after_s };
	bool stored = true;

	answer.fault.error = DOC_OK;
	answer.result = RESULT_NEVER;
	before = l->facts;
	if (reply->result == RESULT_OK && reply->status != 200 &&
	    reply->status != 403) {
		outcome.result = RESULT_HTTP;
	} else if (reply->result == RESULT_OK) {
		read_answer(h, reply, &answer);
		outcome.result = answer.result;
		if (answer.result == RESULT_OK ||
		    answer.result == RESULT_REFUSED) {
			learn_time(h, &answer);
			outcome.answer = &answer;
		}
		if (answer.result == RESULT_OK && !take_license(h, reply,
			&answer))
			outcome.result = RESULT_STORAGE;
		else if (answer.result == RESULT_REFUSED)
			stored = take_refusal(h, reply, &answer);
	}
	conclude(h, &outcome, reply, &answer, stored);
	if (!h->dead)
		check_taken(h, &before, &l->facts, reply);
}

static void
fail_at_once(struct host *h)
{
	struct outcome outcome = { .result = RESULT_STORAGE };
	static const struct answer none = { .fault = { .error = DOC_OK } };
	static const struct reply nothing;

	conclude(h, &outcome, &nothing, &none, true);
}

/* As pulse.c: a change is asked about once, and not while it backs off. */
static void
rebind_if_changed(struct host *h)
{
	struct light *l = light_of(h);
	struct license_facts *f = &l->facts;
	const struct request *asked = &l->request.request;
	bool backs_off = f->failures_in_row > 0 &&
	    (f->last_result != RESULT_REFUSED || l->waits);

	if (!f->has_license || backs_off || f->last_result == RESULT_NEVER)
		return;
	if (asked->has != 0 &&
	    strcmp(asked->cpu_model, f->hardware.cpu_model) == 0 &&
	    asked->logical_cpus == f->hardware.logical_cpus)
		return;
	if (hardware_changed(&f->license, &f->hardware, f->machine_key) != 0)
		f->next_attempt = judged_now(h);
}

static bool
acknowledge(struct host *h, unsigned cleared, const struct alarms *raised)
{
	alarms_merge(&light_of(h)->announced, cleared, raised);
	return write_memory(h);
}

static void
announce(struct host *h, const struct report *report)
{
	struct edges edges = edges_take(&light_of(h)->alarms, report);

	manager_announce(h, report, &edges);
	manager_hear(h, acknowledge);
}

static void
light_step(struct host *h)
{
	static struct report report;
	struct light *l = light_of(h);
	struct license_facts *f = &l->facts;

	take_clock(h);
	inspect(h);
	rebind_if_changed(h);
	if (!l->kept && f->has_license) {
		l->kept = write_license(h);
		f->storage_failed = !l->kept;
	}
	if (h->life->now.s - l->clock_kept.s >= HOUR_S)
		write_clock(h);
	utc_t now = judged_now(h);
	if (!h->in_flight && f->next_attempt.s != 0 &&
	    !utc_before(now, f->next_attempt)) {
		if (prepare(h))
			wire_send(h, &l->request);
		else if (!h->dead)
			fail_at_once(h);
	}
	if (h->dead)
		return;
	report_make(f, now, l->trust, &report);
	announce(h, &report);
	if (h->dead)
		return;
	check_step(h, f, &report, l->trust);
	utc_t next = edges_next(&report);
	if (!h->in_flight && f->next_attempt.s != 0)
		next = utc_min(next, f->next_attempt);
	l->wake.ns = host_boot(h).ns +
	    (next.s > now.s ? next.s - now.s : 0) * INT64_C(1000000000);
}

static utc_t
light_next(struct host *h)
{
	return host_when(h, light_of(h)->wake);
}

static void
light_ask(struct host *h, bool commit)
{
	struct light *l = light_of(h);

	if (commit)
		inspect(h);
	if (policy_refreshes(&l->facts))
		l->facts.next_attempt = judged_now(h);
}

static const struct license_facts *
light_facts(struct host *h)
{
	return &light_of(h)->facts;
}

static void
light_wipe(struct host *h)
{
	memset(h->disk, 0, sizeof(struct light_disk));
}

const struct agent_kind agent_light = {
	.name = "light",
	.disk_size = sizeof(struct light_disk),
	.start = light_start,
	.stop = light_stop,
	.step = light_step,
	.next = light_next,
	.reply = light_reply,
	.ask = light_ask,
	.facts = light_facts,
	.wipe = light_wipe,
};
