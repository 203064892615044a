/* SPDX-License-Identifier: ISC */
/*
 * How many leases are granted in a second, who goes first, and when those who
 * are told "busy" come back: a fleet never arrives at once, also after an
 * outage. Pure: the second is an argument. One thread's; it knows no request,
 * no clock and no record.
 */
#ifndef LICENSE_AUTHORITY_ADMIT_H
#define LICENSE_AUTHORITY_ADMIT_H

#include <stdint.h>

enum {
	/* A fleet below this rate (576000 machines) is a small one. */
	ADMIT_FLOOR_PER_S = 10,
	ADMIT_CARRY = 1000, /* what a small one may be granted at once */
	ADMIT_HELD_MAX = 256,
	ADMIT_HELD_S = 5, /* the longest that anyone is kept waiting */
	ADMIT_BOOK_MIN = 6 * 60 + 1, /* minutes: no agent waits longer */
};

/* Who asks, the last one first served. */
enum admit_class {
	ADMIT_IDLE,	/* would gain nothing: an hourly look at a term's end */
	ADMIT_ORDINARY, /* its lease has days to go */
	ADMIT_PROMPT,	/* a person waits, nothing is in hand, two days left */
	ADMIT_URGENT,	/* the last day of a lease: never told "busy" */
};

enum admit_verdict {
	ADMIT_GRANT,
	ADMIT_HOLD, /* ask again in the next second; nobody else was asked */
	ADMIT_BUSY,
};

struct admit {
	int64_t fixed; /* per second, by configuration; 0: by the fleet */
	int64_t per_s, carry;
	int64_t second, left; /* of this second, carried ones included */
	int64_t held;	      /* already wait for the next second */
	int64_t arrived; /* in this second */
	int64_t minute, asked_now; /* of this minute, first askings */
	int64_t asked; /* a minute, smoothed; what was booked is in it */
	int64_t booked_past; /* a minute, smoothed */
	int64_t overflow; /* were booked past every bound */
	int32_t booked[ADMIT_BOOK_MIN]; /* by minute, a ring */
};

/*
 * admit_init: ${fixed_per_s} > 0 for a limit that ignores the fleet.
 * ${second}: of any clock that only goes forward.
 */
void admit_init(struct admit *admit, int64_t fixed_per_s, int64_t second);

/*
 * admit_fleet: the limit follows the number of machines: 1.5 times their
 * daily mean (one lease a day each), in whole leases a second, so that no
 * second has more. A small fleet's limit is ADMIT_FLOOR_PER_S, and what is
 * left of it is kept, up to ADMIT_CARRY.
 */
void admit_fleet(struct admit *admit, int64_t machines);

/*
 * admit_ask: may this one have a lease in this second? ${waited}: it was held
 * before, for so many seconds; those come before new ones. ADMIT_URGENT is
 * granted after ADMIT_HELD_S also past the limit: a lease that lapses is worse.
 */
enum admit_verdict admit_ask(struct admit *admit, int64_t second,
    enum admit_class class, int64_t waited);

/*
 * admit_retry_after: in how many seconds one that is told "busy" is to come
 * back, 60 s to 6 h: the first minute that has room for a grant; when newcomers
 * alone take all of them, the last minute that is not crowded; when all are,
 * any. Booked: the next one gets another second.
 */
int64_t admit_retry_after(struct admit *admit, int64_t second);

#endif
