/* SPDX-License-Identifier: ISC */
/*
 * The metrics page: tables of families over the reports' fields. It renders
 * what it is given and reads nothing: no clock, no file, no fact.
 */
#ifndef EXPORTER_METRICS_H
#define EXPORTER_METRICS_H

#include "license/base/exposition.h"
#include "license/keeper/view.h"

struct buf;
struct process_usage;

/* METRICS_SIZE: a cap for the page of ${count} licenses. */
#define METRICS_SIZE(count) (65536 + (size_t)(count)*32768)

/*
 * metrics_render: every family that has a value, each once, every state set
 * complete. ${process} may be NULL: no process_* then. ${revision}: of the
 * source. False when the page did not fit.
 */
bool metrics_render(const struct view *view,
    const struct process_usage *process, const char *revision,
    enum exposition_format format, struct buf *out);

#endif
