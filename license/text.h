/* SPDX-License-Identifier: ISC */
/*
 * The sentences that fcli prints, from a report. Remote text is made
 * printable here. It knows no socket and no exit code but "usable".
 */
#ifndef LICENSE_TEXT_H
#define LICENSE_TEXT_H

#include "license/report.h"

struct buf;
struct usage_document;

/*
 * text_license: the article's line, with LF:
 * "Production license for 10000 mbits valid until 2023-03-29", or what is
 * true instead ("... expired on DATE", "License suspended: ..." and so on).
 */
void text_license(const struct report *report, struct buf *out);

/*
 * text_status (status.c): everything, for a person: both horizons with days, refresh,
 * binding, clock, thresholds, what to do; aligned "Name:  value" lines.
 */
void text_status(const struct report *report, const struct agent_report *agent,
    struct buf *out);

/*
 * text_usage (text_usage.c): the usage reports, one such line; nothing while
 * they are switched off. An aside: no license depends on them.
 */
void text_usage(const struct agent_report *agent, struct buf *out);

/*
 * text_usage_notes: what a person should know beside the bytes, each a line:
 * whether, where and when they are sent, and what is not in them.
 */
void text_usage_notes(const struct usage_document *document,
    struct buf *out);

/* text_components: "CPU model, machine key": a set of enum component. */
void text_components(unsigned set, struct buf *out);

/* text_duration: "3 h 12 min", "2 d 4 h", for people. */
void text_duration(int64_t s, struct buf *out);

#endif
