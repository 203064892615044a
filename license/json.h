/* SPDX-License-Identifier: ISC */
/*
 * A report as JSON, over jansson: the vendor's object first, then every field
 * of the table that applies. Instants are ISO 8601 strings.
 */
#ifndef LICENSE_JSON_H
#define LICENSE_JSON_H

#include <stdbool.h>

#include "license/report.h"

enum { STATUS_VERSION = 1 }; /* of the documents with a version */

struct buf;
struct doctor_report;
struct history;
struct usage_document;

/*
 * json_license: one object and LF. The vendor's keys, in this order:
 * address_ipv4, total_memory_size (MiB), logical_cpus_number, cpu_model,
 * expiration_date (of expiry, YYYY-MM-DD), licensed_bandwidth (mbits; 0 when
 * not usable: the vendor's convention for unlicensed), issuer_type
 * ("automatic" online, "manual" offline). False when out of memory.
 */
bool json_license(const struct report *report, struct buf *out);

/*
 * json_licenses: {"version":1,"agent":{...},"licenses":[...]}: every report;
 * the body of /status.json; exporter/status.schema.json tells its members.
 */
bool json_licenses(const struct report *reports, size_t count,
    const struct agent_report *agent, struct buf *out);

/*
 * json_history: {"version":1,"licenses":[{"name":"...","history":[...]}]},
 * one license after another, so that only one is in memory as a tree:
 * thousands of them would take hundreds of megabytes. False when something
 * did not fit; then ${out} is no JSON.
 */
bool json_history(const char *name, const struct history *history, bool first,
    struct buf *out);
bool json_history_end(struct buf *out);

/* json_result: {"success":BOOL,"text":"..."} and LF, for changing verbs. */
bool json_result(bool success, const char *text, struct buf *out);

/*
 * json_usage: {"enabled","offline","url","next","last_success","missing",
 * "document"} and LF; null: none. "document" is the bytes as they are sent.
 */
bool json_usage(const struct usage_document *document, struct buf *out);

/*
 * json_doctor: {"version":1,"result":"failed","steps":[{"id","subject",
 * "result","text","mend","command"}]} and LF; null: there is none.
 */
bool json_doctor(const struct doctor_report *report, struct buf *out);

#endif
