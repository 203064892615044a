/* SPDX-License-Identifier: ISC */
/*
 * Who goes first when not everyone can be granted a lease in this second.
 * From records and a decision to a class of admit.h; it counts nothing.
 */
#ifndef LICENSE_AUTHORITY_GATE_H
#define LICENSE_AUTHORITY_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "license/authority/admit.h"
#include "license/authority/decide.h"

/* Ends at the signature; true of bytes whose signature is good. */
#define GATE_ATTENDED "optional-attended yes"

/*
 * gate_class: of a decision that would be a license.
 *  urgent: the last lease ends within a day, whatever was refused since, and
 *    this lasts longer;
 *  prompt: nothing is in hand, a person waits (${attended}) or changed the
 *    subscription since, the binding changes, or two days are left;
 *  ordinary: it lasts longer than what is in hand, or is six hours younger;
 *  idle: neither.
 */
enum admit_class gate_class(const struct dossier *dossier,
    const struct decision *decision, bool attended, utc_t now);

/* gate_attended: the request says that a person waits for its answer. */
bool gate_attended(const char *bytes, size_t len);

#endif
