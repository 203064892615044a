/* SPDX-License-Identifier: ISC */
/*
 * The order of need. Pure; it neither counts nor refuses.
 */
#include "license/authority/gate.h"

#include <string.h>

enum { URGENT_S = DAY_S, PROMPT_S = 2 * DAY_S, SOON_S = 6 * HOUR_S };

enum admit_class
gate_class(const struct dossier *d, const struct decision *decision,
    bool attended, utc_t now)
{
	const struct machine *m = &d->machine;
	bool running = d->known && !utc_before(m->lease_end, now);
	bool in_hand = running && m->last_reason == REFUSAL_NONE;
	int64_t left = m->lease_end.s - now.s;
	bool longer = utc_before(m->lease_end, decision->license.lease_end);

	/* Also after a refusal: most of them leave the lease to its end. */
	if (running && longer && left <= URGENT_S)
		return ADMIT_URGENT;
	if (!in_hand)
		return ADMIT_PROMPT;
	if (attended || decision->change.rebound ||
	    m->revision != d->subscription.revision ||
	    (longer && left <= PROMPT_S))
		return ADMIT_PROMPT;
	/* A window that was named may be in the same day, the same end. */
	return longer || now.s - m->last_seen.s >= SOON_S ? ADMIT_ORDINARY :
	    ADMIT_IDLE;
}

bool
gate_attended(const char *bytes, size_t len)
{
	static const char line[] = "\n" GATE_ATTENDED "\n";

	return memmem(bytes, len, line, sizeof(line) - 1) != NULL;
}
