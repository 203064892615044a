/* SPDX-License-Identifier: ISC */
/*
 * What befalls a machine and its way out: network, clocks, power, disk. It
 * knows no rule of a license.
 */
#include <string.h>

#include "tests/sim/fate.h"

enum { OUTAGE_MAX_S = 20 * DAY_S, YEAR_S = 365 * DAY_S };

void
fate_outage(struct life *life, struct host *host)
{
	utc_t until = utc_add(life->now, sim_spread(&life->random, 60,
		OUTAGE_MAX_S));

	fate_count(life, host, FAULT_OUTAGE);
	if (sim_chance(&life->random, 4))
		life->authority_down_until = until;
	else
		host->outage_until = until;
}

void
fate_babble(struct life *life, struct host *host)
{
	host->babble_until = utc_add(life->now, sim_spread(&life->random, 60,
		5 * DAY_S));
}

void
fate_busy(struct life *life, struct host *host)
{
	(void)host;
	life->busy_until = utc_add(life->now, sim_spread(&life->random, 60,
		DAY_S));
}

static void
set_right(struct life *life, struct host *host)
{
	(void)life;
	if (!host->exists)
		return;
	host->wall_offset = 0;
	host->frozen = false;
	fate_soon(host);
	life_trace(life, host, "its clock is set right");
}

/* NTP, or a person; after minutes, or after weeks. */
static void
right_later(struct life *life, struct host *host)
{
	life_later(life, host, utc_add(life->now, sim_spread(&life->random,
		30, 20 * DAY_S)), set_right);
}

void
fate_clock_back(struct life *life, struct host *host)
{
	fate_count(life, host, FAULT_CLOCK_BACK);
	host->wall_offset -= sim_spread(&life->random, 1, 3 * YEAR_S);
	right_later(life, host);
}

void
fate_clock_forward(struct life *life, struct host *host)
{
	fate_count(life, host, FAULT_CLOCK_FORWARD);
	host->wall_offset += sim_spread(&life->random, 1, 3 * YEAR_S);
	right_later(life, host);
}

void
fate_clock_frozen(struct life *life, struct host *host)
{
	fate_count(life, host, FAULT_CLOCK_FROZEN);
	host->frozen_at = host_wall(host);
	host->frozen = true;
	right_later(life, host);
}

/* The marks of another boot know nothing of the time between. */
static void
lose_time(struct host *host)
{
	struct check *c = &host->check;

	c->mark_lost |= host->full;
	if (c->proven.s == 0)
		return;
	c->proven = utc_add(c->proven,
	    host->life->now.s - c->proven_seen.s - HOUR_S - BEAT_S);
	c->proven_seen = host->life->now;
}

static void
power_on(struct life *life, struct host *host)
{
	if (!host->exists || !host->off)
		return;
	life_trace(life, host, "is switched on");
	host->check.proven_seen = life->now;
	host_boot_up(host, true);
}

void
fate_power(struct life *life, struct host *host, int64_t off_s)
{
	bool crashed = host->running && sim_chance(&life->random, 2);

	lose_time(host);
	host_go_down(host, crashed);
	host->off = true;
	if (off_s == 0 || !life_later(life, host, utc_add(life->now, off_s),
		power_on))
		power_on(life, host);
}

void
fate_dead_rtc(struct life *life, struct host *host)
{
	fate_count(life, host, FAULT_DEAD_RTC);
	fate_power(life, host, sim_spread(&life->random, 1, 10 * DAY_S));
	host->frozen = false;
	host->wall_offset = (sim_chance(&life->random, 2) ? 0 : 946684800) -
	    life->now.s;
	right_later(life, host);
}

void
fate_wild_rtc(struct life *life, struct host *host)
{
	fate_count(life, host, FAULT_WILD_RTC);
	fate_power(life, host, sim_spread(&life->random, 1, DAY_S));
	host->frozen = false;
	host->wall_offset = sim_spread(&life->random, HOUR_S, 10 * YEAR_S);
	right_later(life, host);
}

static void
go_on(struct life *life, struct host *host)
{
	struct check *c = &host->check;
	int64_t paused = life->now.s - host->frozen_at.s;

	if (!host->exists || !host->off)
		return;
	host->off = host->frozen = false;
	host->stopped_s += paused;
	host->wall_offset -= paused;
	c->proven_seen = utc_add(c->proven_seen, paused);
	/* Nobody can be warned by a machine that stands still. */
	c->jumped = life->now;
	if (sim_chance(&life->random, 4))
		right_later(life, host);
	else
		life_later(life, host, utc_add(life->now, 30), set_right);
	fate_soon(host);
	life_trace(life, host, "its VM goes on");
	c->well_since = life->now;
}

/* All clocks of the machine stand still; the wall clock is right before. */
void
fate_pause(struct life *life, struct host *host)
{
	if (host->frozen || host->wall_offset != 0)
		return;
	if (!life_later(life, host, utc_add(life->now, sim_spread(
		&life->random, 10, 20 * DAY_S)), go_on))
		return;
	fate_count(life, host, FAULT_PAUSE);
	host->frozen = host->off = true;
	host->frozen_at = life->now;
}

void
fate_crash(struct life *life, struct host *host)
{
	fate_count(life, host, FAULT_CRASH);
	lose_time(host);
	host_go_down(host, true);
	host->off = true;
	if (!life_later(life, host, utc_add(life->now, sim_spread(
		&life->random, 1, DAY_S)), power_on))
		power_on(life, host);
}

void
fate_crash_writing(struct life *life, struct host *host)
{
	host->writes_left = (int)sim_between(&life->random, 1, 8);
}

void
fate_reboot(struct life *life, struct host *host)
{
	fate_count(life, host, FAULT_REBOOT);
	lose_time(host);
	host_go_down(host, false);
	host->off = true;
	power_on(life, host);
}

void
fate_off(struct life *life, struct host *host)
{
	fate_count(life, host, FAULT_OFF);
	fate_power(life, host, sim_spread(&life->random, HOUR_S, 60 * DAY_S));
}

void
fate_restart(struct life *life, struct host *host)
{
	fate_count(life, host, FAULT_RESTART);
	host_go_down(host, sim_chance(&life->random, 2));
	host_boot_up(host, false);
}

static void
make_room(struct life *life, struct host *host)
{
	host->full = false;
	host->full_end = life->now;
	fate_soon(host);
	life_trace(life, host, "its disk has room again");
}

void
fate_disk_full(struct life *life, struct host *host)
{
	if (host->full || !life_later(life, host, utc_add(life->now,
		sim_spread(&life->random, 60, 20 * DAY_S)), make_room))
		return;
	fate_count(life, host, FAULT_DISK_FULL);
	host->full = true;
}
