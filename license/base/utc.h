/* SPDX-License-Identifier: ISC */
/*
 * Instants as values: wall time, elapsed time, and dates as a way of printing
 * them. Pure: it never asks what time it is (clock.h does) and knows no zone
 * but UTC.
 */
#ifndef LICENSE_BASE_UTC_H
#define LICENSE_BASE_UTC_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970-01-01T00:00:00Z, without leap seconds (POSIX). */
typedef struct {
	int64_t s;
} utc_t;

/* Nanoseconds of CLOCK_BOOTTIME: it counts suspend, and starts at boot. */
typedef struct {
	int64_t ns;
} mono_t;

enum {
	UTC_TEXT_SIZE = sizeof("2105-12-31T23:59:59Z"),
	UTC_DATE_SIZE = sizeof("2105-12-31"),
	DAY_S = 86400,
	HOUR_S = 3600,
};

/* The document range: 1970-01-01T00:00:00Z to 2105-12-31T23:59:59Z. */
#define UTC_MIN ((utc_t){0})
#define UTC_MAX ((utc_t){4291747199})

/* utc_civil: a broken-down UTC instant; month 1..12, day 1..31. */
struct utc_civil {
	int year, month, day, hour, minute, second;
};

struct utc_civil utc_to_civil(utc_t t);

/* utc_from_civil: false when a component is out of range (February 30). */
bool utc_from_civil(const struct utc_civil *c, utc_t *out);

/* utc_parse: exactly YYYY-MM-DDTHH:MM:SSZ, 1970 to 2105, no leap second. */
bool utc_parse(const char *text, utc_t *out);

/* utc_parse_date: exactly YYYY-MM-DD; ${out} is 00:00:00 of that day. */
bool utc_parse_date(const char *text, utc_t *out);

/* utc_text, utc_date: print; instants outside the range are clamped. */
void utc_text(utc_t t, char out[static UTC_TEXT_SIZE]);
void utc_date(utc_t t, char out[static UTC_DATE_SIZE]);

/* utc_day_end: 23:59:59 of the day of ${t}, ${days} days later. */
utc_t utc_day_end(utc_t t, int64_t days);

/*
 * utc_days: whole days from ${now} to ${t}, rounded down: 0 on the last day,
 * negative after. For an end at 23:59:59 it turns at midnight UTC.
 */
int64_t utc_days(utc_t t, utc_t now);

static inline utc_t
utc_add(utc_t t, int64_t s)
{
	return (utc_t){t.s + s};
}

static inline bool
utc_before(utc_t a, utc_t b)
{
	return a.s < b.s;
}

static inline utc_t
utc_min(utc_t a, utc_t b)
{
	return a.s < b.s ? a : b;
}

static inline utc_t
utc_max(utc_t a, utc_t b)
{
	return a.s > b.s ? a : b;
}

/* mono_s: whole seconds of an elapsed time. */
static inline int64_t
mono_s(mono_t m)
{
	return m.ns / 1000000000;
}

#endif
