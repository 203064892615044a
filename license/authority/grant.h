/* SPDX-License-Identifier: ISC */
/*
 * The grant: the license that follows when no rule refuses, and what it
 * changes: addresses, binding, rebinds, the chain. Pure.
 */
#ifndef LICENSE_AUTHORITY_GRANT_H
#define LICENSE_AUTHORITY_GRANT_H

#include "license/authority/weigh.h"

/* grant: fill the decision with a license. */
void grant(struct weighing *weighing);

#endif
