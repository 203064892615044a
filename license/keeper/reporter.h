/* SPDX-License-Identifier: ISC */
/*
 * The usage report once a day, over a connection of its own: a source of the
 * agent's loop beside the keeper. Whatever becomes of a report, no license
 * hears of it: a failure is a counter, a line of the log and one of fcli.
 */
#ifndef LICENSE_KEEPER_REPORTER_H
#define LICENSE_KEEPER_REPORTER_H

#include "license/keeper/keeper.h"
#include "license/usage.h"

struct reporter;

enum {
	REPORTER_WAITERS_MAX = 64,
	REPORTER_LOOK_S = 5, /* longest for one look at FastNetMon's metrics */
	REPORTER_PAGE_MAX = 1 << 18, /* the rest of a page is not read */
};

struct reporter_config {
	bool enabled;
	char url[KEEPER_PATH_SIZE]; /* "/v1/stats" follows it */
	char ca[KEEPER_PATH_SIZE];  /* "": the system's */
	char proxy[KEEPER_PATH_SIZE]; /* "": none, "environment" */
	char metrics_url[KEEPER_PATH_SIZE]; /* of FastNetMon; "": not asked */
};

/* reporter_new: ${keeper} must outlive it. NULL: out of memory. */
struct reporter *reporter_new(struct keeper *keeper,
    const struct reporter_config *config);

/* reporter_free: what is on its way is dropped. NULL is accepted. */
void reporter_free(struct reporter *reporter);

/* reporter_configure: in force from now on. */
void reporter_configure(struct reporter *reporter,
    const struct reporter_config *config);

struct loop_source reporter_source(struct reporter *reporter);

typedef void reporter_shown_fn(void *self,
    const struct usage_document *document);

/*
 * reporter_show: ask FastNetMon, compose, and call ${done} once from the loop,
 * within twelve seconds. False when too many wait already.
 */
bool reporter_show(struct reporter *reporter, reporter_shown_fn *done,
    void *self);

/* reporter_forget: ${self} is gone. */
void reporter_forget(struct reporter *reporter, const void *self);

#endif
