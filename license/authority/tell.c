/* SPDX-License-Identifier: ISC */
/* Sentences for the person who typed the command; JSON has none of them. */
#include "license/authority/tell.h"

#include "license/authority/output.h"

static void
tell_approved(const struct dossier *was, const struct change *change,
    struct output *o)
{
	for (size_t i = 0; i < change->allocation_count; i++) {
		const struct allocation *a = &change->allocations[i];

		output_note(o, "approved: %s%s%s; what was assigned before is "
		    "good until the first refresh from there", a->prefix,
		    a->internal[0] ? " internal " : "", a->internal);
	}
	if (change->subscription.hardware_approved >
	    was->subscription.hardware_approved)
		output_note(o, "changes of hardware or machine key that are "
		    "let through from now on: %d",
		    change->subscription.hardware_approved);
}

void
tell_change(const struct dossier *was, const struct change *change,
    struct output *o)
{
	const struct subscription *is = &change->subscription;
	char day[UTC_DATE_SIZE];

	tell_approved(was, change, o);
	if (is->status == was->subscription.status || !was->has_live ||
	    is->offline_issued || (is->status != SUBSCRIPTION_SUSPENDED &&
	    is->status != SUBSCRIPTION_ENDED))
		return;
	utc_date(was->live.lease_end, day);
	output_note(o, "the machine learns of it at its next refresh, within "
	    "a day; one that does not ask keeps its lease to the end of %s",
	    day);
}

/* Kept as it was typed: who adds a term of the past may mean it. */
void
tell_added(const struct subscription *added, utc_t now, struct output *o)
{
	if (utc_before(added->term_end, now))
		output_note(o, "its term is over already: machines will be "
		    "told term-over");
}
