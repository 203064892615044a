/* SPDX-License-Identifier: ISC */
/*
 * Time and its loop: what happens next, to whom, and what each host's clocks
 * say meanwhile. It knows neither faults nor rules.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/facts.h"
#include "tests/sim/sim.h"

enum { SPIN_MAX = 500, RESTART_S = 60 };

struct figures figures;

uint64_t
sim_random(uint64_t *stream)
{
	/* splitmix64: small, seedable, good enough to scatter faults. */
	uint64_t z = *stream += 0x9E3779B97F4A7C15ULL;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
	return z ^ (z >> 31);
}

int64_t
sim_between(uint64_t *stream, int64_t low, int64_t high)
{
	return low + (int64_t)(sim_random(stream) %
	    (uint64_t)(high - low + 1));
}

bool
sim_chance(uint64_t *stream, int64_t n)
{
	return sim_between(stream, 1, n) == 1;
}

int64_t
sim_spread(uint64_t *stream, int64_t low, int64_t high)
{
	int64_t top = low, steps = 0;

	while (top < high) {
		top *= 2;
		steps++;
	}
	top = low << sim_between(stream, 0, steps);
	int64_t value = sim_between(stream, top / 2, top);
	return value < low ? low : value > high ? high : value;
}

void
life_trace(const struct life *life, const struct host *host,
    const char *format, ...)
{
	char now[UTC_TEXT_SIZE];
	va_list args;

	if (!life->tracing)
		return;
	utc_text(life->now, now);
	printf("%s %s", now, !host ? "        " : host->number == 0 ?
	    "machine " : "clone   ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

void
life_broken(const struct host *host, enum invariant invariant,
    const char *format, ...)
{
	static const char *const texts[] = {
#define INVARIANT_TEXT(id, text) text,
		INVARIANTS(INVARIANT_TEXT)
#undef INVARIANT_TEXT
	};
	static const char *const names[] = {
#define INVARIANT_NAME(id, text) #id,
		INVARIANTS(INVARIANT_NAME)
#undef INVARIANT_NAME
	};
	const struct life *life = host->life;
	char now[UTC_TEXT_SIZE];
	va_list args;

	utc_text(life->now, now);
	printf("sim: BROKEN %s: %s\n  %s at %s, %s agent, seal %s: ",
	    names[invariant], texts[invariant],
	    host->number == 0 ? "the machine" : "the clone", now,
	    life->kind->name, life->seal == SEAL_NONE ? "none" :
	    life->seal == SEAL_STUB ? "stub" : "real");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n  after %" PRId64 " machine-years; the same again: replay "
	    "%s %s %" PRIu64 "\n", figures.lived_s / (365 * DAY_S),
	    life->kind->name, life->seal == SEAL_NONE ? "none" :
	    life->seal == SEAL_STUB ? "stub" : "real", life->seed);
	fflush(stdout);
	exit(1);
}

bool
life_later(struct life *life, struct host *host, utc_t at,
    void (*happen)(struct life *life, struct host *host))
{
	for (size_t i = 0; i < LATER_MAX; i++) {
		struct later *later = &life->later[i];

		if (later->at.s != 0)
			continue;
		*later = (struct later){ at, happen, host };
		if (i >= life->later_end)
			life->later_end = i + 1;
		return true;
	}
	return false;
}

utc_t
host_wall(const struct host *host)
{
	return host->frozen ? host->frozen_at :
	    utc_add(host->life->now, host->wall_offset);
}

mono_t
host_boot(const struct host *host)
{
	int64_t up = host->life->now.s - host->booted.s - host->stopped_s;

	return (mono_t){ up * INT64_C(1000000000) };
}

void
host_read_clock(const struct host *host, struct clock_reading *out)
{
	/* As view.c reads it. */
	out->wall = utc_max((utc_t){ 1 }, utc_min(host_wall(host),
		utc_add(UTC_MAX, -10 * 365 * (int64_t)DAY_S)));
	out->boot = host_boot(host);
	memcpy(out->boot_id, host->boot_id, sizeof(out->boot_id));
}

utc_t
host_when(const struct host *host, mono_t at)
{
	int64_t ns = at.ns - host_boot(host).ns;

	return ns <= 0 ? host->life->now : utc_add(host->life->now,
	    (ns + 999999999) / 1000000000);
}

static void
retry_start(struct life *life, struct host *host)
{
	(void)life;
	if (host->exists && !host->running && !host->off)
		host_boot_up(host, false);
}

void
host_boot_up(struct host *host, bool new_boot)
{
	struct life *life = host->life;

	if (new_boot) {
		host->boots++;
		host->booted = utc_add(life->now, -20);
		host->stopped_s = 0;
		snprintf(host->boot_id, sizeof(host->boot_id),
		    "%08x-0000-4000-8000-%012x", (unsigned)host->boots,
		    (unsigned)host->number);
	}
	host->off = host->dead = false;
	host->running = host->kind->start(host);
	if (host->dead) {
		host_go_down(host, true);
		host->off = false;
	} else if (host->running) {
		life_trace(life, host, "the agent starts");
		check_started(host);
		host->step_at = life->now;
		return;
	} else if (!host->full) {
		life_broken(host, INVARIANT_STARTS, "the agent does not "
		    "start");
	}
	if (!life_later(life, host, utc_add(life->now, RESTART_S),
		retry_start))
		life_broken(host, INVARIANT_STARTS, "no room to try again");
}

void
host_go_down(struct host *host, bool crashed)
{
	if (host->agent)
		host->kind->stop(host, crashed);
	host->running = false;
	host->in_flight = false;
	host->writes_left = -1;
	host->dead = false;
}

void
host_step(struct host *host)
{
	struct life *life = host->life;

	if (!host->running || host->off)
		return;
	if (host->asked_at.s != life->now.s) {
		host->asked_at = life->now;
		host->asked_at_once = 0;
	}
	if (++host->asked_at_once > SPIN_MAX)
		life_broken(host, INVARIANT_PLAN, "it spins");
	if (host->step_at.s != 0 && !utc_before(life->now, host->step_at))
		host->step_at = (utc_t){ 0 };
	host->kind->step(host);
	figures.steps++;
	if (!host->dead)
		return;
	host->check.mark_lost = true;
	fate_count(life, host, FAULT_CRASH_WRITING);
	host_go_down(host, true);
	life_later(life, host, utc_add(life->now,
	    sim_spread(&life->random, 1, HOUR_S)), retry_start);
}

bool
host_writes(struct host *host)
{
	if (host->dead)
		return false;
	if (host->writes_left > 0 && --host->writes_left == 0) {
		host->dead = true;
		return false;
	}
	return !host->full;
}

static void
sooner(utc_t *next, utc_t at)
{
	if (at.s != 0 && utc_before(at, *next))
		*next = at;
}

static utc_t
next_instant(struct life *life)
{
	utc_t next = life->end;

	sooner(&next, life->next_fault);
	for (size_t i = 0; i < life->later_end; i++)
		sooner(&next, life->later[i].at);
	for (size_t i = 0; i < HOSTS; i++) {
		struct host *host = &life->hosts[i];

		if (!host->running || host->off)
			continue;
		if (host->in_flight)
			sooner(&next, host->arrives);
		sooner(&next, host->step_at);
		sooner(&next, host->kind->next(host));
	}
	return utc_max(next, life->now);
}

/* Before anything changes around them, both have seen the moment before. */
static void
step_all(struct life *life)
{
	for (size_t i = 0; i < HOSTS; i++)
		host_step(&life->hosts[i]);
}

static void
happen(struct life *life)
{
	for (size_t i = 0; i < life->later_end; i++) {
		struct later later = life->later[i];

		if (later.at.s == 0 || utc_before(life->now, later.at))
			continue;
		life->later[i].at.s = 0;
		step_all(life);
		later.happen(life, later.host);
	}
	while (life->later_end > 0 && life->later[life->later_end - 1].at.s == 0)
		life->later_end--;
	if (!utc_before(life->now, life->next_fault)) {
		step_all(life);
		fate_strike(life);
	}
}

static void
one_instant(struct life *life)
{
	utc_t next = next_instant(life);

	for (size_t i = 0; i < HOSTS; i++)
		if (life->hosts[i].running)
			figures.lived_s += next.s - life->now.s;
	life->now = next;
	for (size_t i = 0; i < HOSTS; i++) {
		struct host *host = &life->hosts[i];

		if (host->running && !host->off && host->in_flight &&
		    !utc_before(life->now, host->arrives))
			wire_deliver(host);
	}
	happen(life);
	for (size_t i = 0; i < HOSTS; i++) {
		struct host *host = &life->hosts[i];

		if (!host->running || host->off)
			continue;
		if ((host->step_at.s != 0 &&
		    !utc_before(life->now, host->step_at)) ||
		    !utc_before(life->now, host->kind->next(host)))
			host_step(host);
	}
}

static void
begin(struct life *life, uint64_t seed)
{
	uint64_t *random = &life->random;

	life->born = life->now = utc_add((utc_t){ FACTS_NOON },
	    sim_between(random, 0, 4 * 365 * (int64_t)DAY_S));
	life->trial = sim_chance(random, 10);
	/* Who has files can be given some. */
	life->offline = life->kind->drop && !life->trial &&
	    sim_chance(random, 6);
	life->dull = sim_chance(random, 40);
	for (int i = 0; i < HOSTS; i++) {
		struct host *host = &life->hosts[i];

		host->life = life;
		host->kind = life->kind;
		host->number = i;
		host->writes_left = -1;
		host->random = seed ^ (0x5851F42D4C957F2DULL * (i + 1));
		host->disk = calloc(1, life->kind->disk_size);
		for (int k = 0; k < SNAPSHOTS; k++)
			host->snapshots[k].disk = calloc(1,
			    life->kind->disk_size);
		if (!host->disk || !host->snapshots[0].disk ||
		    !host->snapshots[1].disk)
			abort();
		text_copy(host->external, ADDRESS_SIZE, "192.0.2.10");
		text_copy(host->internal, ADDRESS_SIZE, "10.0.0.10");
	}
}

static void
end(struct life *life)
{
	for (int i = 0; i < HOSTS; i++) {
		struct host *host = &life->hosts[i];

		if (host->agent)
			life->kind->stop(host, true);
		life->kind->wipe(host);
		free(host->disk);
		for (int k = 0; k < SNAPSHOTS; k++)
			free(host->snapshots[k].disk);
	}
	vendor_end(life);
}

void
life_run(uint64_t seed, const struct agent_kind *kind, enum seal seal,
    int64_t years, bool tracing)
{
	static struct life life;

	memset(&life, 0, sizeof(life));
	life.seed = life.random = seed;
	life.kind = kind;
	life.seal = seal_in_use = seal;
	life.tracing = tracing;
	begin(&life, seed);
	life.end = utc_add(life.born, years * 365 * DAY_S);
	vendor_begin(&life);
	fate_begin(&life);
	while (utc_before(life.now, life.end))
		one_instant(&life);
	life_trace(&life, NULL, "the life ends");
	end(&life);
	figures.lives++;
}
