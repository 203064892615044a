/* SPDX-License-Identifier: ISC */
/* The clock rule; it reads no clock and trusts none by itself. */
#include "license/timekeeping.h"

#include <string.h>

static bool
is_set(const struct clock_anchor *anchor)
{
	return anchor->at.s != 0;
}

/*
 * An uptime of decades is no uptime: another clock was put in its place (a
 * restored checkpoint, a clock under test). Its differences still count.
 */
static bool
is_uptime(mono_t boot)
{
	return mono_s(boot) < CLOCK_UPTIME_MAX_S;
}

static bool
in_this_boot(const struct clock_anchor *anchor,
    const struct clock_reading *reading)
{
	return is_set(anchor) && anchor->boot.ns <= reading->boot.ns &&
	    is_uptime(anchor->boot) == is_uptime(reading->boot) &&
	    strcmp(anchor->boot_id, reading->boot_id) == 0;
}

/*
 * The least that the time can be now: of another boot, at least this boot's
 * uptime has passed since.
 */
static utc_t
least(const struct clock_anchor *anchor, const struct clock_reading *reading,
    bool here)
{
	if (!is_set(anchor))
		return (utc_t){0};
	mono_t since = reading->boot;
	if (here)
		since.ns -= anchor->boot.ns;
	else if (!is_uptime(since))
		since.ns = 0;
	return utc_add(anchor->at, mono_s(since));
}

static utc_t
at_least(const struct clock_anchor *anchor, const struct clock_reading *reading)
{
	return least(anchor, reading, in_this_boot(anchor, reading));
}

struct clock_verdict
timekeeping_judge(const struct clock_memory *memory,
    const struct clock_reading *reading)
{
	const struct clock_anchor *anchors[] = {
		&memory->high_water, &memory->signed_time, &memory->seen};
	utc_t floor = {0};
	bool known_in_boot = false;

	for (size_t i = 0; i < sizeof(anchors) / sizeof(anchors[0]); i++) {
		bool here = in_this_boot(anchors[i], reading);

		floor = utc_max(floor, least(anchors[i], reading, here));
		/* A mark that was carried here was not read from this clock. */
		known_in_boot |= here &&
		    !(i == 0 && memory->carried);
	}
	floor = utc_max(floor, at_least(&memory->bound, reading));
	if (floor.s == 0)
		return (struct clock_verdict){reading->wall, TRUST_UNVERIFIED};
	if (reading->wall.s < floor.s - CLOCK_TOLERANCE_S)
		return (struct clock_verdict){floor, TRUST_STEPPED_BACK};
	if (known_in_boot && reading->wall.s > floor.s + CLOCK_TOLERANCE_S)
		return (struct clock_verdict){floor, TRUST_STEPPED_FORWARD};
	return (struct clock_verdict){utc_max(reading->wall, floor),
		in_this_boot(&memory->signed_time, reading) ? TRUST_TRUSTED :
							      TRUST_UNVERIFIED};
}

static struct clock_anchor
anchor_now(utc_t at, const struct clock_reading *reading)
{
	struct clock_anchor anchor = {.at = at, .boot = reading->boot};

	memcpy(anchor.boot_id, reading->boot_id, sizeof(anchor.boot_id));
	return anchor;
}

/* ${anchor} now; to whole seconds, as what is rounded away would add up. */
static struct clock_anchor
carried(const struct clock_anchor *anchor, const struct clock_reading *reading)
{
	struct clock_anchor now = anchor_now(at_least(anchor, reading),
	    reading);
	int64_t since = reading->boot.ns;

	if (in_this_boot(anchor, reading))
		since -= anchor->boot.ns;
	now.boot.ns -= since % 1000000000;
	return now;
}

/* Carried into another boot it says nothing of the wall clock there. */
static void
carry(struct clock_memory *memory, const struct clock_anchor *proven,
    const struct clock_reading *reading)
{
	if (!in_this_boot(&memory->high_water, reading))
		memory->carried = true;
	memory->high_water = *proven;
}

/*
 * The mark may follow what is believed when that is proven (signed, or a day
 * of uptime), or hardly ahead of what was proven before. What was proven goes
 * on with the time elapsed whatever the wall clock says: else a clock that is
 * kept back would win with every reboot.
 */
void
timekeeping_learn(struct clock_memory *memory,
    const struct clock_reading *reading, const struct clock_verdict *verdict)
{
	bool stepped = timekeeping_stepped(verdict->trust);
	struct clock_anchor proven = carried(&memory->high_water, reading);
	struct clock_anchor by_signed = carried(&memory->signed_time, reading);

	if (utc_before(proven.at, by_signed.at))
		proven = by_signed;
	bool near = proven.at.s != 0 &&
	    verdict->now.s <= proven.at.s + CLOCK_TOLERANCE_S;
	bool proven_by_uptime = is_uptime(reading->boot) &&
	    mono_s(reading->boot) >= CLOCK_PROVEN_UPTIME_S;
	bool proves = !stepped && (verdict->trust == TRUST_TRUSTED || near ||
	    proven_by_uptime);

	if (!stepped)
		memory->seen = anchor_now(verdict->now, reading);
	if (proves && utc_before(proven.at, verdict->now))
		memory->high_water = anchor_now(verdict->now, reading);
	else if (proven.at.s != 0)
		carry(memory, &proven, reading);
	if (proves)
		memory->carried = false;
}

void
timekeeping_learn_signed(struct clock_memory *memory,
    const struct clock_reading *reading, utc_t issued, bool fresh)
{
	struct clock_anchor anchor = anchor_now(issued, reading);

	if (fresh) {
		memory->carried = false;
		memory->bound = (struct clock_anchor){.at = {0}};
		memory->signed_time = anchor;
		memory->high_water = anchor;
		memory->seen = anchor;
	} else if (utc_before(at_least(&memory->signed_time, reading), issued)) {
		memory->signed_time = anchor;
	}
}

void
timekeeping_reset(struct clock_memory *memory,
    const struct clock_reading *reading, utc_t issued)
{
	int64_t late_s = reading->wall.s - issued.s;
	bool near = late_s >= 0 && late_s <= CLOCK_RESET_LATE_S;

	memory->signed_time = (struct clock_anchor){.at = {0}};
	memory->carried = false;
	memory->high_water = anchor_now(issued, reading);
	memory->seen = anchor_now(near ? reading->wall : issued, reading);
}

void
timekeeping_learn_bound(struct clock_memory *memory,
    const struct clock_reading *reading, utc_t issued)
{
	struct clock_anchor *const believed[] = {&memory->seen,
		&memory->high_water};

	if (utc_before(at_least(&memory->bound, reading), issued))
		memory->bound = anchor_now(issued, reading);
	for (size_t i = 0; i < sizeof(believed) / sizeof(believed[0]); i++) {
		if (at_least(believed[i], reading).s <
		    issued.s - CLOCK_TOLERANCE_S)
			*believed[i] = (struct clock_anchor){.at = {0}};
	}
}

bool
timekeeping_stepped(enum trust trust)
{
	return trust == TRUST_STEPPED_BACK || trust == TRUST_STEPPED_FORWARD;
}
