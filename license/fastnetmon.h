/* SPDX-License-Identifier: ISC */
/*
 * What FastNetMon says of its own license, and what follows from it for the
 * facts: a date, a bandwidth, the hardware. Its protocol and its file are not
 * public; this is the object of its API's GET /license and of
 * JSON_MODE=on fcli show license (research/fastnetmon.md 2.2, 2.3). Pure.
 */
#ifndef LICENSE_FASTNETMON_H
#define LICENSE_FASTNETMON_H

#include "license/policy.h"

struct buf;

/* fastnetmon_license: as FastNetMon says it. */
struct fastnetmon_license {
	char date[UTC_DATE_SIZE]; /* the last day that it is good for */
	int64_t bandwidth_mbits;  /* 0: not licensed; date is "" then */
	char cpu_model[256];	  /* normalized; "": not said */
	int64_t logical_cpus;	  /* 0: not said */
	char issuer[TEXT_64];	  /* issuer_type; "": not said */
};

/*
 * fastnetmon_read: the object, or the API's envelope around it. False with a
 * clause in ${why}: it is no JSON, it says an error (FASTNETMON_SAYS and its
 * words, printable), or it has no date or bandwidth that could be one. Members that are
 * not known are left alone.
 */
#define FASTNETMON_SAYS "FastNetMon says: "
bool fastnetmon_read(const char *text, size_t len, struct fastnetmon_license *out,
    struct buf *why);

/*
 * fastnetmon_zone: "UTC", "local", or an offset like +02:00 (up to 14 hours); false
 * when it is none of them. fastnetmon_end: the last second of ${date} there; s 0
 * when ${date} is none. WEBUI, the only public reader of the object, takes
 * the license for good through the end of that day, too.
 */
enum { FASTNETMON_LOCAL = INT32_MAX };
bool fastnetmon_zone(const char *text, int64_t *offset_s);
utc_t fastnetmon_end(const char *date, int64_t offset_s);

/*
 * fastnetmon_take: one good look at ${at}. A license of at most FASTNETMON_LEASE_S
 * rolls: FastNetMon extends it every day, and a date that stands still for
 * the refresh threshold is RESULT_STALE. One that ever ended later is a fixed
 * term, until its date changes to one that is nearer. last_success is when
 * the date last advanced; of a fixed term when it was last read. ${local}:
 * FastNetMon runs here, so that its hardware can be compared. Returns the
 * result; next_attempt is poll_interval_s away.
 */
enum { FASTNETMON_LEASE_S = 16 * DAY_S };
enum result fastnetmon_take(struct license_facts *facts,
    const struct fastnetmon_license *said, utc_t end, bool local, utc_t at);

/* fastnetmon_recall: what was taken before a restart. */
void fastnetmon_recall(struct license_facts *facts,
    const struct fastnetmon_license *said, utc_t end);

/* fastnetmon_fail: a look that brought nothing: ${result} and its sentence. */
void fastnetmon_fail(struct license_facts *facts, enum result result,
    const char *detail, utc_t at);

#endif
