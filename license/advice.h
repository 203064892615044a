/* SPDX-License-Identifier: ISC */
/*
 * What a person should do, one sentence for each situation. Pure; it decides
 * nothing, the report's reason is given.
 */
#ifndef LICENSE_ADVICE_H
#define LICENSE_ADVICE_H

struct license_facts;
struct report;

/* advice: never NULL; shorter than ADVICE_SIZE. ${report} has its reason. */
const char *advice(const struct license_facts *facts,
    const struct report *report);

#endif
