/* SPDX-License-Identifier: ISC */
/*
 * What a trial is made of. It refuses nothing and knows no key.
 */
#include "license/authority/trial.h"

#include <stdio.h>
#include <string.h>

#include "license/authority/event.h"
#include "license/base/buf.h"

void
trial_open(const struct dossier *asked, const char *observed, utc_t now,
    struct dossier *out)
{
	const struct trial *t = &asked->trial;
	struct subscription *s = &out->subscription;

	memset(out, 0, sizeof(*out));
	out->lookup = LOOKUP_FOUND;
	text_copy(s->id, sizeof(s->id), asked->trial_id);
	snprintf(s->customer, sizeof(s->customer), "trial at %s", observed);
	text_copy(s->product, sizeof(s->product), t->product);
	text_copy(s->edition, sizeof(s->edition), t->edition);
	s->revision = 1;
	s->status = SUBSCRIPTION_ACTIVE;
	s->kind = KIND_TRIAL;
	s->renews = RENEWS_MANUAL;
	s->on_expiry = t->on_expiry;
	s->bandwidth_mbits = t->mbits;
	s->created = now;
	s->term_end = utc_day_end(now, t->days);
}

void
trial_grant(const struct dossier *opened, utc_t now, struct change *change)
{
	char until[UTC_DATE_SIZE];

	change->subscription_changed = true;
	change->tried = true;
	utc_date(opened->subscription.term_end, until);
	event_add(change, EVENT_TRIAL, now, "%lld mbits of %s until %s; the "
	    "only one of this address",
	    (long long)opened->subscription.bandwidth_mbits,
	    opened->subscription.product, until);
}

static bool
is_over(const struct subscription *s, utc_t now)
{
	return s->status == SUBSCRIPTION_ENDED ||
	    utc_before(s->term_end, now);
}

bool
trial_may_leave(const struct subscription *s, utc_t now)
{
	return s->kind == KIND_TRIAL || is_over(s, now);
}

bool
trial_may_take(const struct subscription *from, const struct dossier *to,
    const char *product, utc_t now)
{
	const struct subscription *s = &to->subscription;

	return to->lookup == LOOKUP_FOUND && strcmp(from->id, s->id) != 0 &&
	    strcmp(s->product, product) == 0 && !to->has_live &&
	    s->kind == KIND_PRODUCTION && !is_over(s, now) &&
	    s->status != SUBSCRIPTION_SUSPENDED && !s->offline_issued;
}
