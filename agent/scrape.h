/* SPDX-License-Identifier: ISC */
/* The exporter as the configuration wants it. It serves nothing itself. */
#ifndef AGENT_SCRAPE_H
#define AGENT_SCRAPE_H

#include "agent/config.h"

struct board;
struct web;

/* scrape_check: what the files of [exporter] hold; of config_check_files. */
bool scrape_check(const struct config *config, struct buf *error);

/* scrape_start: NULL with one sentence. What is served is logged. */
struct web *scrape_start(const struct config *config, struct board *board,
    const char *revision, struct buf *error);

/*
 * scrape_may_change: before anything does: can a running exporter become what
 * ${now} wants? scrape_change: after that it fails only when a file was
 * changed in between.
 */
bool scrape_may_change(const struct config *before, const struct config *now,
    struct buf *error);
bool scrape_change(struct web *web, const struct config *now,
    struct buf *error);

#endif
