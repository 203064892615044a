/* SPDX-License-Identifier: ISC */
/*
 * What a person may expect of the change that was just stored, and by when:
 * a line or two before the record. It changes nothing.
 */
#ifndef LICENSE_AUTHORITY_TELL_H
#define LICENSE_AUTHORITY_TELL_H

#include "license/authority/records.h"

struct output;

void tell_change(const struct dossier *was, const struct change *change,
    struct output *output);
void tell_added(const struct subscription *added, utc_t now,
    struct output *output);

#endif
