/* SPDX-License-Identifier: ISC */
/*
 * The dice: how often what befalls a life. A life has a temper: calm ones see
 * a few faults a year, stormy ones several a week.
 */
#include "tests/sim/fate.h"

#include <string.h>

static const struct {
	int weight;
	fate_fn *strike;
} fates[] = {
	{ 30, fate_outage },
	{ 4, fate_babble },
	{ 4, fate_busy },
	{ 5, fate_clock_back },
	{ 5, fate_clock_forward },
	{ 2, fate_clock_frozen },
	{ 3, fate_dead_rtc },
	{ 2, fate_wild_rtc },
	{ 4, fate_pause },
	{ 10, fate_crash },
	{ 16, fate_crash_writing },
	{ 6, fate_reboot },
	{ 4, fate_off },
	{ 6, fate_restart },
	{ 4, fate_disk_full },
	{ 6, fate_snapshot },
	{ 3, fate_restore },
	{ 1, fate_clone },
	{ 1, fate_reinstall },
	{ 6, fate_hardware },
	{ 4, fate_hardware_back },
	{ 2, fate_hardware_many },
	{ 3, fate_hardware_unread },
	{ 2, fate_address },
	{ 2, fate_address_ahead },
	{ 4, fate_suspend },
	{ 1, fate_cancel },
	{ 1, fate_cancel_now },
	{ 3, fate_bandwidth },
	{ 1, fate_rotation },
	{ 3, fate_backup },
	{ 1, fate_authority_restored },
	{ 6, fate_renew },
	{ 3, fate_old_request },
};

enum { FATES = sizeof(fates) / sizeof(fates[0]) };

void
fate_count(struct life *life, struct host *host, enum fault fault)
{
	static const char *const texts[] = {
#define FAULT_TEXT(id, text) text,
		FAULTS(FAULT_TEXT)
#undef FAULT_TEXT
	};

	figures.faults[fault]++;
	life_trace(life, host, "fault: %s", texts[fault]);
}

void
fate_soon(struct host *host)
{
	host->step_at = utc_add(host->life->now, BEAT_S);
}

static void
plan(struct life *life)
{
	int64_t mean = 365 * DAY_S / life->storms;

	life->next_fault = utc_add(life->now,
	    sim_between(&life->random, 1, 2 * mean));
	if (life->dull)
		life->next_fault = life->end;
}

void
fate_begin(struct life *life)
{
	static const int tempers[] = { 3, 6, 12, 12, 25, 60, 150 };
	struct host *host = &life->hosts[0];

	life->storms = tempers[sim_between(&life->random, 0, 6)];
	host->hardware = (struct hardware){
		.known = component_bit(CPU_MODEL) |
		    component_bit(LOGICAL_CPUS) | component_bit(MEMORY),
		.cpu_model = "AMD EPYC", .logical_cpus = 8,
		.memory_mib = 32768 };
	text_copy(host->hardware.internal_address, ADDRESS_SIZE,
	    host->internal);
	host->before = host->hardware;
	host->exists = host->address_ok = true;
	host_boot_up(host, true);
	if (life->offline)
		fate_offline(life, host);
	fate_plan_payment(life);
	plan(life);
}

void
fate_strike(struct life *life)
{
	struct host *host = &life->hosts[0];
	int64_t all = 0, at;
	size_t i = 0;

	plan(life);
	if (life->hosts[1].exists && sim_chance(&life->random, 3))
		host = &life->hosts[1];
	for (size_t k = 0; k < FATES; k++)
		all += fates[k].weight;
	at = sim_between(&life->random, 0, all - 1);
	while (at >= fates[i].weight)
		at -= fates[i++].weight;
	if (host->off)
		return;
	fates[i].strike(life, host);
	fate_soon(host);
}
