/* SPDX-License-Identifier: ISC */
/*
 * The bandwidth in use: from looks at the counters of interfaces, or at the
 * rates that FastNetMon shows, to a mean and the largest mean of a day. Pure:
 * who looks says when, by the clock of boot. Nothing outlives the agent.
 */
#ifndef LICENSE_TRAFFIC_H
#define LICENSE_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>

#include "license/base/utc.h"

struct buf;
struct usage_page;

enum {
	TRAFFIC_INTERFACES_MAX = 16,
	TRAFFIC_NAME_SIZE = 16, /* the kernel's IFNAMSIZ */
	TRAFFIC_LOOK_S = 30,	/* from one look to the next */
	TRAFFIC_STALE_S = 3 * TRAFFIC_LOOK_S,
	TRAFFIC_MEAN_S = 300,
	TRAFFIC_PIECES = 16, /* more than are looked at in TRAFFIC_MEAN_S */
	TRAFFIC_SLOTS = 288, /* of TRAFFIC_MEAN_S: 24 h */
};

/* Bytes per second: what is more is that. */
#define TRAFFIC_RATE_MAX 1000000000000000

enum traffic_kind { TRAFFIC_NONE, TRAFFIC_INTERFACES, TRAFFIC_PAGE };

struct traffic_source {
	enum traffic_kind kind;
	size_t count; /* of INTERFACES */
	char interfaces[TRAFFIC_INTERFACES_MAX][TRAFFIC_NAME_SIZE];
};

/*
 * traffic_source_parse: "none" or "", "interfaces NAME, NAME", or what begins
 * as an address does, of which nothing else is judged here. False with a
 * clause in ${why}.
 */
bool traffic_source_parse(const char *text, struct traffic_source *out,
    struct buf *why);

/* Bytes since an interface began, by its place in the source. */
struct traffic_counters {
	unsigned there; /* bit of each interface that there is */
	uint64_t incoming[TRAFFIC_INTERFACES_MAX];
	uint64_t outgoing[TRAFFIC_INTERFACES_MAX];
};

/* traffic_read_counters: ${text} as of /proc/net/dev, or any text. */
void traffic_read_counters(const char *text,
    const struct traffic_source *source, struct traffic_counters *out);

struct traffic_rates {
	int64_t incoming, outgoing; /* bytes per second */
};

/*
 * traffic_read_page: IPv4 and IPv6 together, as FastNetMon counts incoming
 * and outgoing. False when either direction is not on the page.
 */
bool traffic_read_page(const struct usage_page *page,
    struct traffic_rates *out);

/* What one look says of the time since the one before. */
struct traffic_piece {
	mono_t end;
	int64_t ms;
	struct traffic_rates rates;
};

/* traffic: all zero at first. */
struct traffic {
	bool begun;
	mono_t last; /* look at counters */
	struct traffic_counters counters;
	size_t pieces; /* ever; the last TRAFFIC_PIECES are kept */
	struct traffic_piece piece[TRAFFIC_PIECES];
	struct {
		int64_t number; /* of the boot's, from 1; 0: empty */
		int64_t largest;
	} slot[TRAFFIC_SLOTS];
};

/*
 * traffic_add_counters: a look at ${at}. It says something of the time since
 * the look before if that is at most TRAFFIC_STALE_S ago, the same interfaces
 * were there (at least one), and no counter went back (a reset, a wrap, an
 * interface made anew); else the next look starts from this one.
 *
 * traffic_add_rates: the same of rates, which hold for TRAFFIC_LOOK_S.
 *
 * A look that is not after the last one forgets everything: another boot.
 */
void traffic_add_counters(struct traffic *traffic, mono_t at,
    const struct traffic_counters *counters);
void traffic_add_rates(struct traffic *traffic, mono_t at,
    const struct traffic_rates *rates);

struct traffic_use {
	struct traffic_rates mean; /* of TRAFFIC_MEAN_S up to the last look */
	int64_t peak; /* largest mean of 24 h, larger direction; -1 none yet */
};

/*
 * traffic_use: false when nothing is known, or nothing since TRAFFIC_STALE_S.
 * Before there are TRAFFIC_MEAN_S of looks the mean is of those there are;
 * in the peak are only means that at most one look is missing from.
 */
bool traffic_use(const struct traffic *traffic, mono_t now,
    struct traffic_use *out);

#endif
