/* SPDX-License-Identifier: ISC */
/*
 * The ranges of monitoring plugins, in whole numbers: "[@]LOW:HIGH", LOW may
 * be "~" (none), HIGH may be left out. What is outside alerts, with "@" what
 * is inside. Unlike there a plain number N is "N:": fewer days are worse.
 */
#ifndef LICENSE_RANGE_H
#define LICENSE_RANGE_H

#include <stdbool.h>
#include <stdint.h>

struct buf;

struct range {
	bool given;
	bool inside;	   /* alert inside instead of outside */
	int64_t low, high; /* INT64_MIN, INT64_MAX: none */
};

/* range_parse: false when it is no range, or LOW is above HIGH. */
bool range_parse(const char *text, struct range *out);

/* range_alerts: false for one that was not given. */
bool range_alerts(const struct range *range, int64_t value);

/* range_print: as plugins print it; nothing for one that was not given. */
void range_print(const struct range *range, struct buf *out);

#endif
