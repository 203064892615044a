/* SPDX-License-Identifier: ISC */
/*
 * What time it is as far as a license is concerned: the wall clock, judged
 * by what was signed, what was seen before, and the time elapsed since. A
 * function of its arguments; it reads no clock.
 *
 * The rule (design, section 5): now is the greatest of the wall clock and
 * the marks plus CLOCK_BOOTTIME since them. More than one hour behind that:
 * stepped back. More than one hour ahead of it within one boot: stepped
 * forward, not believed. Across boots a jump ahead is believed (a machine may
 * have been off for months) but raises the mark only after a signed time or
 * 24 hours of uptime, so that one bad RTC reading poisons nothing.
 */
#ifndef LICENSE_TIMEKEEPING_H
#define LICENSE_TIMEKEEPING_H

#include <stdbool.h>

#include "license/base/clock.h"
#include "license/names.h"

enum {
	CLOCK_TOLERANCE_S = 3600,
	CLOCK_PROVEN_UPTIME_S = DAY_S,
	CLOCK_RESET_LATE_S = 31 * DAY_S,
	CLOCK_UPTIME_MAX_S = 20 * 365 * DAY_S,
};

/* clock_reading: what the machine's clocks say at one moment. */
struct clock_reading {
	utc_t wall;
	mono_t boot;
	char boot_id[CLOCK_BOOT_ID_SIZE];
};

/* clock_anchor: an instant known to be past, and when in which boot. at.s 0:
 * none. */
struct clock_anchor {
	utc_t at;
	mono_t boot;
	char boot_id[CLOCK_BOOT_ID_SIZE];
};

struct clock_memory {
	struct clock_anchor high_water;	 /* persisted */
	bool carried; /* persisted: the mark is of a boot before its own */
	struct clock_anchor signed_time; /* persisted */
	struct clock_anchor seen; /* last believed in this run; not persisted */
	struct clock_anchor bound; /* of the documents in hand; not persisted */
};

struct clock_verdict {
	utc_t now; /* for every decision and every face */
	enum trust trust;
};

struct clock_verdict timekeeping_judge(const struct clock_memory *memory,
    const struct clock_reading *reading);

/*
 * timekeeping_learn: after a judgment: remember what was believed and raise
 * the mark if that is allowed. The caller persists the memory hourly.
 */
void timekeeping_learn(struct clock_memory *memory,
    const struct clock_reading *reading, const struct clock_verdict *verdict);

/*
 * timekeeping_learn_signed: ${issued} was read from a verified document.
 * ${fresh}: it answers a nonce first sent in this attempt, so it is the true
 * time to within the exchange and heals a mark that is too high; otherwise it
 * is a lower bound only.
 */
void timekeeping_learn_signed(struct clock_memory *memory,
    const struct clock_reading *reading, utc_t issued, bool fresh);

/*
 * timekeeping_reset: the vendor says that it was ${issued} not long ago: the
 * marks are forgotten. The wall clock is believed from here on when it is at
 * most CLOCK_RESET_LATE_S later, the time that a file may take by mail;
 * otherwise it is ${issued} now. Nothing is confirmed by that: the mark rises
 * again as after any start.
 */
void timekeeping_reset(struct clock_memory *memory,
    const struct clock_reading *reading, utc_t issued);

/*
 * timekeeping_learn_bound: a verified document of ${issued} is in hand: it is
 * later than that, by how much is not known. So it tells of no jump ahead, and
 * a clock that was believed and was before it was wrong: a machine that starts
 * in 1970 believes the clock that is set then.
 */
void timekeeping_learn_bound(struct clock_memory *memory,
    const struct clock_reading *reading, utc_t issued);

/* timekeeping_stepped: back or forward: state clock_untrusted. */
bool timekeeping_stepped(enum trust trust);

#endif
