/* SPDX-License-Identifier: ISC */
/*
 * The agent with one thing made up: while the file that STALE names is there,
 * the data of a license are too old, as they may be with the source
 * fastnetmon, which this version does not offer. Linked with
 * --wrap=report_make; every face gets there in its own, real way.
 */
#include <stdlib.h>
#include <unistd.h>

#include "license/report.h"

void __real_report_make(const struct license_facts *facts, utc_t now,
    enum trust trust, struct report *out);
void __wrap_report_make(const struct license_facts *facts, utc_t now,
    enum trust trust, struct report *out);

void
__wrap_report_make(const struct license_facts *facts, utc_t now,
    enum trust trust, struct report *out)
{
	const char *path = getenv("STALE");

	__real_report_make(facts, now, trust, out);
	if (path == NULL || access(path, F_OK) != 0)
		return;
	out->source = SOURCE_FASTNETMON;
	out->severity = SEVERITY_WARNING;
	out->reason = REASON_DATA_STALE;
	out->has[FIELD_ID_DATA_AGE] = true;
	out->data_age_s = 3 * DAY_S;
}
