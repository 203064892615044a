/* SPDX-License-Identifier: ISC */
/*
 * Counters of a second and a book of minutes. It knows nobody's name.
 */
#include "license/authority/admit.h"

#include <stdbool.h>
#include <string.h>

#include "license/base/utc.h"

enum {
	MINUTE_S = 60,
	STREAM = 4,	  /* times the limit: all that a fleet can ask */
	SURE_S = 5,	  /* of a minute, before it tells anything */
	SMOOTH = 2,	  /* minutes that an average remembers, about */
	ROOM_PERCENT = 95, /* of the limit: what a guess may plan with */
	CROWD_PERCENT = 250, /* of the limit: returns in one minute, at most */
};

void
admit_init(struct admit *a, int64_t fixed_per_s, int64_t second)
{
	memset(a, 0, sizeof(*a));
	a->fixed = fixed_per_s;
	a->second = second;
	a->minute = second / MINUTE_S;
	admit_fleet(a, 0);
	a->left = a->per_s + a->carry;
}

void
admit_fleet(struct admit *a, int64_t machines)
{
	int64_t mean = machines * 3 / 2 / DAY_S;
	bool small = a->fixed == 0 && mean < ADMIT_FLOOR_PER_S;

	a->per_s = a->fixed > 0 ? a->fixed : small ? ADMIT_FLOOR_PER_S : mean;
	a->carry = small ? ADMIT_CARRY : 0;
	if (a->left > a->per_s + a->carry)
		a->left = a->per_s + a->carry;
}

static int64_t
smoothed(int64_t before, int64_t now)
{
	return (before * (SMOOTH - 1) + now) / SMOOTH;
}

static void
turn_minute(struct admit *a, int64_t minute)
{
	/* After a long silence the averages are those of silence. */
	if (minute - a->minute > ADMIT_BOOK_MIN) {
		memset(a->booked, 0, sizeof(a->booked));
		a->asked = a->booked_past = a->asked_now = 0;
		a->minute = minute;
	}
	for (; a->minute < minute; a->minute++) {
		int32_t *past = &a->booked[a->minute % ADMIT_BOOK_MIN];

		/* In hundredths: a rare event is not rounded away. */
		a->asked = smoothed(a->asked, a->asked_now * 100);
		a->booked_past = smoothed(a->booked_past, *past * INT64_C(100));
		a->asked_now = 0;
		*past = 0;
	}
}

static void
turn_second(struct admit *a, int64_t second)
{
	if (second <= a->second)
		return;
	int64_t elapsed = second - a->second, most = a->per_s + a->carry;

	a->second = second;
	a->held = a->arrived = 0;
	/* The bound first: elapsed may be anything. */
	a->left = elapsed > most / a->per_s ? most :
	    a->left + elapsed * a->per_s;
	if (a->left > most)
		a->left = most;
	turn_minute(a, second / MINUTE_S);
}

static enum admit_verdict
hold(struct admit *a, int64_t most)
{
	if (a->held >= (most < ADMIT_HELD_MAX ? most : ADMIT_HELD_MAX))
		return ADMIT_BUSY;
	a->held++;
	return ADMIT_HOLD;
}

enum admit_verdict
admit_ask(struct admit *a, int64_t second, enum admit_class class,
    int64_t waited)
{
	turn_second(a, second);
	/* One moment's crowd is no stream: it counts as far as one could be. */
	if (waited == 0 && a->arrived++ < a->per_s * STREAM)
		a->asked_now++;
	/* What waits already has the rest of this second's place in line. */
	int64_t needed = class == ADMIT_IDLE ? a->per_s / 2 + 1 : 1;

	if (a->left >= needed && (waited > 0 || a->held == 0)) {
		a->left--;
		return ADMIT_GRANT;
	}
	switch (class) {
	case ADMIT_URGENT:
		return waited < ADMIT_HELD_S && a->held < ADMIT_HELD_MAX ?
		    hold(a, ADMIT_HELD_MAX) : ADMIT_GRANT;
	case ADMIT_PROMPT:
		return waited < ADMIT_HELD_S ?
		    hold(a, a->per_s * ADMIT_HELD_S) : ADMIT_BUSY;
	case ADMIT_ORDINARY:
		/* Chance alone brings more in one second than in the next. */
		return waited < ADMIT_HELD_S ? hold(a, a->per_s) : ADMIT_BUSY;
	default:
		return ADMIT_BUSY;
	}
}

/* Seconds of a minute in an order that leaves no two neighbors together. */
static int64_t
spread(int32_t nth)
{
	return (int64_t)nth * 37 % MINUTE_S;
}

/* The minute for one more: the first with room, else the last not crowded. */
static int64_t
choose_minute(struct admit *a, int64_t newcomers)
{
	int64_t limit = a->per_s * MINUTE_S;
	int64_t room = limit * ROOM_PERCENT / 100 - newcomers;
	int64_t crowd = limit * CROWD_PERCENT / 100;
	/* From the next but one: a whole minute away. */
	int64_t first = a->minute + 2, last = a->minute + ADMIT_BOOK_MIN - 1;

	for (int64_t m = first; m < last; m++)
		if (a->booked[m % ADMIT_BOOK_MIN] < room)
			return m;
	/* Exactly six hours from now, second by second as full as a minute. */
	if (a->booked[last % ADMIT_BOOK_MIN] * INT64_C(60) <
	    crowd * (a->second % MINUTE_S + 1))
		return last;
	for (int64_t m = last - 1; m >= first; m--)
		if (a->booked[m % ADMIT_BOOK_MIN] < crowd)
			return m;
	return first + a->overflow++ % (last - first);
}

/* A minute's, without those who were told to come; at least as now. */
static int64_t
newcomers(const struct admit *a)
{
	int64_t elapsed = a->second % MINUTE_S + 1;
	int64_t usual = (a->asked - a->booked_past) / 100;
	int64_t now = a->asked_now * MINUTE_S /
	    (elapsed < SURE_S ? SURE_S : elapsed) -
	    a->booked[a->minute % ADMIT_BOOK_MIN];
	int64_t most = usual > now ? usual : now;

	return most < 0 ? 0 : most;
}

int64_t
admit_retry_after(struct admit *a, int64_t second)
{
	turn_second(a, second);
	int64_t m = choose_minute(a, newcomers(a));
	int32_t nth = a->booked[m % ADMIT_BOOK_MIN]++;

	/* In the last one those of one second do not meet those of another. */
	if (m == a->minute + ADMIT_BOOK_MIN - 1)
		return (ADMIT_BOOK_MIN - 1) * MINUTE_S;
	return m * MINUTE_S + spread(nth) - a->second;
}
