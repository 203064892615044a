/* SPDX-License-Identifier: ISC */
/*
 * What people do: they pay early, in time, late or not; the vendor suspends,
 * cancels, reinstates, rotates, restores a backup; somebody asks for a
 * renewal; somebody else plays an old request back.
 */
#include <string.h>

#include "license/authority/branch.h"
#include "tests/sim/fate.h"

static void
ask_all(struct life *life)
{
	for (int i = 0; i < HOSTS; i++) {
		struct host *host = &life->hosts[i];

		if (host->running && !host->off)
			host->kind->ask(host, true);
	}
}

/* Coming back is found by the agent itself, or a person tells it. */
static void
reinstate(struct life *life, struct host *host)
{
	struct subscription *s = &life->store->subscription;

	if (s->status == SUBSCRIPTION_ACTIVE)
		return;
	fate_count(life, host, FAULT_REINSTATE);
	s->status = SUBSCRIPTION_ACTIVE;
	vendor_edit(life);
	if (sim_chance(&life->random, 3))
		ask_all(life);
}

static void
turn(struct life *life, struct host *host, int status, int64_t most_s,
    enum fault fault)
{
	struct subscription *s = &life->store->subscription;

	if (s->status != SUBSCRIPTION_ACTIVE || !life_later(life, host,
		utc_add(life->now, sim_spread(&life->random, HOUR_S, most_s)),
		reinstate))
		return;
	fate_count(life, host, fault);
	s->status = status;
	vendor_edit(life);
}

void
fate_suspend(struct life *life, struct host *host)
{
	turn(life, host, SUBSCRIPTION_SUSPENDED, 10 * DAY_S, FAULT_SUSPEND);
}

void
fate_cancel(struct life *life, struct host *host)
{
	turn(life, host, SUBSCRIPTION_CANCELLED, 60 * DAY_S, FAULT_CANCEL);
}

void
fate_cancel_now(struct life *life, struct host *host)
{
	turn(life, host, SUBSCRIPTION_ENDED, 20 * DAY_S, FAULT_CANCEL_NOW);
}

static void
change_bandwidth(struct life *life, struct host *host)
{
	static const int64_t many[] = { 1000, 10000, 40000, 100000, 400000 };

	fate_count(life, host, FAULT_BANDWIDTH);
	life->store->subscription.bandwidth_mbits =
	    many[sim_between(&life->random, 0, 4)];
}

void
fate_bandwidth(struct life *life, struct host *host)
{
	change_bandwidth(life, host);
	vendor_edit(life);
}

static void
pay(struct life *life, struct host *host)
{
	struct subscription *s = &life->store->subscription;
	bool late = utc_before(s->term_end, life->now);

	fate_count(life, host, late ? FAULT_PAID_LATE : FAULT_PAID_EARLY);
	reinstate(life, host);
	if (s->kind == KIND_TRIAL) {
		s->kind = KIND_PRODUCTION;
		s->billing = sim_chance(&life->random, 2) ? BILLING_MONTHLY :
							    BILLING_ANNUAL;
	}
	if (sim_chance(&life->random, 5))
		change_bandwidth(life, host);
	s->term_end = utc_day_end(utc_max(s->term_end, life->now),
	    s->billing == BILLING_MONTHLY ? 30 : 365);
	vendor_edit(life);
	life->paid_at = life->now;
	if (late)
		for (int i = 0; i < HOSTS; i++)
			life->hosts[i].check.well_since = life->now;
	if (sim_chance(&life->random, 4))
		ask_all(life);
	fate_plan_payment(life);
}

void
fate_plan_payment(struct life *life)
{
	const struct subscription *s = &life->store->subscription;
	int64_t early = s->billing == BILLING_ANNUAL ? 40 * DAY_S : 5 * DAY_S;
	int64_t late = 5 * DAY_S;

	/* The next term begins by itself: what is paid, is paid in time. */
	if (s->renews == RENEWS_AUTO)
		late = 0;
	utc_t at = utc_add(s->term_end, sim_between(&life->random, -early,
		late));
	if (life->dull)
		at = utc_add(s->term_end, -4 * HOUR_S);
	life_later(life, &life->hosts[0], utc_max(at, utc_add(life->now, 1)),
	    pay);
}

void
fate_rotation(struct life *life, struct host *host)
{
	fate_count(life, host, FAULT_ROTATION);
	life->signer = !life->signer;
}

void
fate_backup(struct life *life, struct host *host)
{
	life_trace(life, host, "the authority is backed up");
	*life->backup = *life->store;
	life->has_backup = true;
	life->cleared = false;
}

/*
 * What was decided since is forgotten; what people did is entered again, so
 * that revisions are what they were.
 */
void
fate_authority_restored(struct life *life, struct host *host)
{
	struct store *store = life->store;
	struct subscription people = store->subscription;
	struct allocation allocations[ALLOCATIONS_MAX];
	size_t count = store->allocation_count;

	if (!life->has_backup)
		return;
	fate_count(life, host, FAULT_RESTORED);
	memcpy(allocations, store->allocations, sizeof(allocations));
	*store = *life->backup;
	people.sequence = store->subscription.sequence;
	people.coupon_used = store->subscription.coupon_used;
	store->subscription = people;
	memcpy(store->allocations, allocations, sizeof(allocations));
	store->allocation_count = count;
	for (size_t i = 0; life->cleared && i < store->machine_count; i++)
		branch_clear(&store->machines[i].machine);
	honest_forget(life);
}

void
fate_renew(struct life *life, struct host *host)
{
	if (!host->running || host->off)
		return;
	fate_count(life, host, FAULT_RENEW);
	host->kind->ask(host, sim_chance(&life->random, 2));
}

void
fate_old_request(struct life *life, struct host *host)
{
	static struct reply unheard;

	if (host->has_stolen &&
	    !utc_before(life->now, life->authority_down_until)) {
		fate_count(life, host, FAULT_OLD_REQUEST);
		life->thief = true;
		vendor_answer(life, host, &host->stolen, &unheard);
		life->thief = false;
	}
	host->stolen = host->sent;
	host->has_stolen = host->sent.request.has != 0;
}
