/* SPDX-License-Identifier: ISC */
/*
 * Trials by policy: a machine that nobody knows, at an address that has no
 * subscription and never had a trial, gets one. And when a machine leaves a
 * subscription for another that was bought. Pure; find.c looks things up.
 */
#ifndef LICENSE_AUTHORITY_TRIAL_H
#define LICENSE_AUTHORITY_TRIAL_H

#include "license/authority/records.h"

/*
 * trial_open: the dossier of a new subscription, as ${asked} offers it. Its
 * term ends with the last second of the last trial day, UTC.
 */
void trial_open(const struct dossier *asked, const char *observed, utc_t now,
    struct dossier *out);

/* trial_grant: what is stored and told of it, when it was not refused. */
void trial_grant(const struct dossier *opened, utc_t now,
    struct change *change);

/*
 * trial_may_leave: a machine of ${subscription} takes another one that is
 * there for it: it has a trial, or what it had is over.
 */
bool trial_may_leave(const struct subscription *subscription, utc_t now);

/* trial_may_take: and this one is worth it. */
bool trial_may_take(const struct subscription *from,
    const struct dossier *to, const char *product, utc_t now);

#endif
