/* SPDX-License-Identifier: ISC */
/*
 * What a person should do, one sentence for each situation. Pure; it decides
 * nothing, the report's reason is given.
 */
#ifndef LICENSE_ADVICE_H
#define LICENSE_ADVICE_H

#include "license/report.h"

/*
 * advice: one sentence, or two: about the end, and what else keeps refreshes
 * from it. ${report} has its reason. Where hardware is what it is
 * about, it names the part, what the license says and what is here; what is
 * too long for that names the part alone.
 */
void advice(const struct license_facts *facts, const struct report *report,
    char out[static ADVICE_SIZE]);

/*
 * advice_failing: what to do about refreshes that fail, whatever is worse; in
 * ${why} a clause: why they do. advice_expiring: about the end, also while
 * nothing is wrong yet.
 */
void advice_failing(const struct report *report, const char **why,
    char out[static ADVICE_SIZE]);
void advice_expiring(const struct report *report,
    char out[static ADVICE_SIZE]);

#endif
