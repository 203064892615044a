/* SPDX-License-Identifier: ISC */
/*
 * What befalls a machine's body: snapshots, copies, reinstallation, hardware,
 * addresses. It knows no rule of a license.
 */
#include <stdio.h>
#include <string.h>

#include "license/authority/branch.h"
#include "tests/sim/fate.h"

static void
take_snapshot(struct host *host, int i)
{
	struct snapshot *s = &host->snapshots[i];

	s->taken = true;
	s->check = host->check;
	memcpy(s->disk, host->disk, host->kind->disk_size);
}

void
fate_snapshot(struct life *life, struct host *host)
{
	fate_count(life, host, FAULT_SNAPSHOT);
	take_snapshot(host, (int)sim_between(&life->random, 0, 1));
}

/* What a state remembers; where it wakes up, the clock has gone on. */
static void
take_state(struct host *to, const void *disk, const struct check *check)
{
	memcpy(to->disk, disk, to->kind->disk_size);
	to->check = *check;
	to->check.proven = (utc_t){0};
	to->check.has_report = false;
	to->manager.unkept = true;
}

void
fate_restore(struct life *life, struct host *host)
{
	int i = (int)sim_between(&life->random, 0, 1);
	int64_t left = host->check.held;

	if (!host->snapshots[i].taken)
		return;
	fate_count(life, host, FAULT_RESTORE);
	host_go_down(host, true);
	/* As people do before they go back. */
	if (sim_chance(&life->random, 2))
		take_snapshot(host, !i);
	honest_restore(life, host->snapshots[i].check.held, left);
	take_state(host, host->snapshots[i].disk, &host->snapshots[i].check);
	host_boot_up(host, true);
}

static void
clear_clone(struct life *life, struct host *host)
{
	struct store *store = life->store;

	(void)host;
	for (size_t i = 0; i < store->machine_count; i++)
		branch_clear(&store->machines[i].machine);
	vendor_edit(life);
	life->cleared = true;
	life->cloned = life->odd = life->one_odd = false;
	life->hosts[0].check.well_since = life->now;
	life_trace(life, NULL, "the vendor clears the clone");
}

static void
end_clone(struct life *life, struct host *host)
{
	if (!host->exists)
		return;
	life_trace(life, host, "is switched off for good");
	host_go_down(host, true);
	host->exists = host->off = false;
	life_later(life, NULL, utc_add(life->now, sim_spread(&life->random,
		HOUR_S, 5 * DAY_S)), clear_clone);
}

static void
new_address(struct life *life, char out[ADDRESS_SIZE], const char *net)
{
	int n = ++life->addresses;

	snprintf(out, ADDRESS_SIZE, "%s.%d.%d", net, n / 200, n % 200 + 20);
}

void
fate_clone(struct life *life, struct host *host)
{
	struct host *copy = &life->hosts[1];

	if (host->number != 0 || copy->exists || life->cloned ||
	    !host->running || !life_later(life, copy, utc_add(life->now,
	    sim_spread(&life->random, DAY_S, 60 * DAY_S)), end_clone))
		return;
	fate_count(life, host, FAULT_CLONE);
	copy->exists = true;
	copy->running = copy->off = copy->full = copy->frozen = false;
	copy->wall_offset = 0;
	copy->outage_until = copy->babble_until = (utc_t){0};
	copy->in_flight = copy->has_older = copy->has_stolen = false;
	copy->hardware = host->hardware;
	copy->address_ok = host->address_ok;
	text_copy(copy->external, ADDRESS_SIZE, host->external);
	text_copy(copy->internal, ADDRESS_SIZE, host->internal);
	if (sim_chance(&life->random, 2))
		copy->hardware.logical_cpus += 2;
	if (sim_chance(&life->random, 2)) {
		new_address(life, copy->external, "198.18");
		copy->address_ok = vendor_assigned(life, copy);
	}
	take_state(copy, host->disk, &host->check);
	/* What was taken but is not on this disk is the other one's. */
	life->cloned = true;
	life->clone_found = (utc_t){0};
	life->both_well_since = life->now;
	host_boot_up(copy, true);
}

static void
reinstall_again(struct life *life, struct host *host)
{
	if (host->exists && !host->off)
		fate_reinstall(life, host);
}

void
fate_reinstall(struct life *life, struct host *host)
{
	fate_count(life, host, FAULT_REINSTALL);
	host_go_down(host, true);
	host->kind->wipe(host);
	host->manager.unkept = true;
	memset(&host->check, 0, sizeof(host->check));
	host->has_older = host->has_stolen = false;
	host_boot_up(host, true);
	/* What went wrong is done once more, often on the same day. */
	if (sim_chance(&life->random, 3))
		life_later(life, host, utc_add(life->now, sim_spread(
			&life->random, HOUR_S, 2 * DAY_S)), reinstall_again);
}

static void
change_hardware(struct life *life, struct host *host)
{
	static const char *const models[] = { "AMD EPYC", "Intel Xeon Gold",
		"AMD EPYC 9354", "Intel Xeon Platinum" };
	struct hardware *w = &host->hardware;

	host->before = *w;
	text_copy(w->cpu_model, sizeof(w->cpu_model),
	    models[sim_between(&life->random, 0, 3)]);
	w->logical_cpus = sim_between(&life->random, 1, 32) * 2;
	w->known = component_bit(CPU_MODEL) | component_bit(LOGICAL_CPUS) |
	    component_bit(MEMORY);
	host->check.well_since = life->now;
	fate_soon(host);
	life_trace(life, host, "is now %s with %lld CPUs", w->cpu_model,
	    (long long)w->logical_cpus);
}

void
fate_hardware(struct life *life, struct host *host)
{
	fate_count(life, host, FAULT_HARDWARE);
	change_hardware(life, host);
}

void
fate_hardware_back(struct life *life, struct host *host)
{
	struct hardware now = host->hardware;

	/* A clone may never have had any other. */
	if (host->before.known == 0)
		return;
	fate_count(life, host, FAULT_HARDWARE_BACK);
	host->hardware = host->before;
	host->before = now;
	text_copy(host->hardware.internal_address, ADDRESS_SIZE,
	    host->internal);
	host->check.well_since = life->now;
	life_trace(life, host, "is %s with %lld CPUs again",
	    host->hardware.cpu_model,
	    (long long)host->hardware.logical_cpus);
}

static void
change_if_there(struct life *life, struct host *host)
{
	if (host->exists)
		change_hardware(life, host);
}

static void
approve_hardware(struct life *life, struct host *host)
{
	fate_count(life, host, FAULT_APPROVAL);
	life->store->subscription.hardware_approved++;
	life->approvals++;
	vendor_edit(life);
}

void
fate_hardware_many(struct life *life, struct host *host)
{
	int64_t s = 0;

	fate_count(life, host, FAULT_HARDWARE_MANY);
	for (int i = 0; i < 5; i++) {
		s += sim_spread(&life->random, 600, DAY_S);
		life_later(life, host, utc_add(life->now, s),
		    change_if_there);
	}
	if (sim_chance(&life->random, 2))
		life_later(life, host, utc_add(life->now, s +
			sim_spread(&life->random, HOUR_S, 4 * DAY_S)),
		    approve_hardware);
}

static void
read_again(struct life *life, struct host *host)
{
	struct hardware *w = &host->hardware;

	(void)life;
	if (!w->cpu_model[0])
		text_copy(w->cpu_model, sizeof(w->cpu_model),
		    host->before.cpu_model);
	if (w->logical_cpus == 0)
		w->logical_cpus = host->before.logical_cpus;
	w->known = component_bit(CPU_MODEL) | component_bit(LOGICAL_CPUS) |
	    component_bit(MEMORY);
	host->check.well_since = life->now;
	fate_soon(host);
}

void
fate_hardware_unread(struct life *life, struct host *host)
{
	struct hardware *w = &host->hardware;

	if (!w->cpu_model[0] || w->logical_cpus == 0 ||
	    !life_later(life, host, utc_add(life->now, sim_spread(
	    &life->random, 60, 3 * DAY_S)), read_again))
		return;
	fate_count(life, host, FAULT_HARDWARE_UNREAD);
	host->before = *w;
	if (sim_chance(&life->random, 2)) {
		w->known &= ~component_bit(CPU_MODEL);
		w->cpu_model[0] = '\0';
	} else {
		w->known &= ~component_bit(LOGICAL_CPUS);
		w->logical_cpus = 0;
	}
}

/* A person approves of where the machine is now, as admin.c does. */
static void
approve_address(struct life *life, struct host *host)
{
	struct change change = { .allocation_count = 1 };
	struct store *store = life->store;
	struct allocation *a = &change.allocations[0];
	struct buf error;

	if (!host->exists)
		return;
	buf_init(&error, 256);
	prefix_parse(host->external, a, &error);
	buf_fini(&error);
	text_copy(a->internal, ADDRESS_SIZE, host->internal);
	a->generation = store->allocation_count == 0 ? 0 :
	    store->allocations[store->allocation_count - 1].generation + 1;
	store_apply(store, &change, NULL);
	vendor_edit(life);
	for (int i = 0; i < HOSTS; i++)
		life->hosts[i].address_ok = vendor_assigned(life,
		    &life->hosts[i]);
	life_trace(life, host, "its address is approved");
}

static void
move(struct life *life, struct host *host)
{
	new_address(life, host->external, "203.0");
	if (sim_chance(&life->random, 2)) {
		new_address(life, host->internal, "10.7");
		text_copy(host->hardware.internal_address, ADDRESS_SIZE,
		    host->internal);
	}
	host->address_ok = vendor_assigned(life, host);
	host->check.well_since = life->now;
	life_trace(life, host, "moves to %s, %s", host->external,
	    host->internal);
}

void
fate_address(struct life *life, struct host *host)
{
	if (host->number != 0 || !life_later(life, host, utc_add(life->now,
		sim_spread(&life->random, HOUR_S, 10 * DAY_S)),
		approve_address))
		return;
	fate_count(life, host, FAULT_ADDRESS);
	move(life, host);
}

void
fate_address_ahead(struct life *life, struct host *host)
{
	char external[ADDRESS_SIZE], internal[ADDRESS_SIZE];

	if (host->number != 0 || !host->address_ok || life->cloned)
		return;
	fate_count(life, host, FAULT_ADDRESS_AHEAD);
	text_copy(external, sizeof(external), host->external);
	text_copy(internal, sizeof(internal), host->internal);
	move(life, host);
	approve_address(life, host);
}
