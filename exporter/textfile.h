/* SPDX-License-Identifier: ISC */
/*
 * The metrics page as a file for node_exporter's textfile collector: the same
 * families by the same names, so that rules and dashboards fit both, and when
 * they were written. Not those of a process: node_exporter has its own.
 */
#ifndef EXPORTER_TEXTFILE_H
#define EXPORTER_TEXTFILE_H

#include <stdbool.h>

struct buf;
struct view;

/* textfile_render: as metrics_render(). */
bool textfile_render(const struct view *view, const char *revision,
    struct buf *out);

#endif
