/* SPDX-License-Identifier: ISC */
/*
 * One report on every face: what text, JSON, metrics and MIB say of state,
 * usable and days must be one thing. It renders with the shipped faces.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/mib.h"
#include "exporter/metrics.h"
#include "license/json.h"
#include "license/keeper/view.h"
#include "license/text.h"
#include "tests/sim/sim.h"

enum { PAGE_SIZE = 131072 };

static bool
says(const struct buf *page, const char *line, const char *face,
    struct buf *why)
{
	if (strstr(buf_text(page), line))
		return true;
	buf_printf(why, "%s does not say '%s'", face, line);
	return false;
}

static bool
text_agrees(const struct report *r, struct buf *why)
{
	char want[UTC_DATE_SIZE + 32], date[UTC_DATE_SIZE];
	struct buf page;
	bool good;

	buf_init(&page, PAGE_SIZE);
	text_license(r, &page);
	utc_date(r->expiry, date);
	snprintf(want, sizeof(want), "valid until %s", date);
	good = !r->usable || r->state == STATE_EXPIRED ||
	    says(&page, want, "fcli show license", why);
	if (good && !r->usable && strstr(buf_text(&page), "valid until")) {
		buf_puts(why, "fcli show license says valid until");
		good = false;
	}
	buf_fini(&page);
	return good;
}

static bool
json_agrees(const struct report *r, struct buf *why)
{
	char want[64];
	struct buf page;
	bool good;

	buf_init(&page, PAGE_SIZE);
	good = json_license(r, &page);
	snprintf(want, sizeof(want), "\"usable\":%s",
	    r->usable ? "true" : "false");
	/* With or without a space after the colon. */
	for (size_t i = 0, k = 0; good && i <= page.len; i++)
		if (i == page.len || page.data[i] != ' ') {
			page.data[k] = i == page.len ? '\0' : page.data[i];
			k++;
		}
	good = good && says(&page, want, "JSON", why);
	snprintf(want, sizeof(want), "\"state\":\"%s\"",
	    names_label(NAMES_STATE, r->state));
	good = good && says(&page, want, "JSON", why);
	buf_fini(&page);
	return good;
}

static bool
metrics_agree(const struct view *view, struct buf *why)
{
	const struct report *r = &view->reports[0];
	char want[160];
	struct buf page;
	bool good;

	buf_init(&page, METRICS_SIZE(1));
	good = metrics_render(view, NULL, "sim", EXPOSITION_TEXT, &page);
	snprintf(want, sizeof(want), "license_usable{license=\"%s\"} %d\n",
	    r->name, r->usable);
	good = good && says(&page, want, "metrics", why);
	snprintf(want, sizeof(want),
	    "license_state{license=\"%s\",state=\"%s\"} 1\n", r->name,
	    names_label(NAMES_STATE, r->state));
	good = good && says(&page, want, "metrics", why);
	if (good && r->has[FIELD_ID_EXPIRY]) {
		snprintf(want, sizeof(want), "license_expiry_timestamp_seconds"
		    "{license=\"%s\"} %" PRId64 "\n", r->name, r->expiry.s);
		good = says(&page, want, "metrics", why);
	}
	buf_fini(&page);
	return good;
}

/* Column ${sub} of the first row against a number; absent: not there. */
static bool
mib_says(const struct mib *mib, int id, enum mib_form form, bool there,
    int64_t number, struct buf *why)
{
	size_t count = 0;
	const struct mib_object *objects = mib_objects(&count);
	struct mib_value value;

	for (size_t i = 0; i < count; i++) {
		const struct mib_object *o = &objects[i];
		struct mib_oid oid = *mib_root();

		if (o->group != MIB_TABLE || o->origin != MIB_FROM_LICENSE ||
		    o->id != id || o->form != form)
			continue;
		uint32_t rest[] = { 1, 3, 1, o->sub, 1 };
		memcpy(oid.id + oid.len, rest, sizeof(rest));
		oid.len += 5;
		bool found = mib_get(mib, &oid, &value) == MIB_FOUND;
		if (found == there && (!there || value.number == number))
			return true;
		buf_printf(why, "%s is %" PRId64 ", not %" PRId64, o->name,
		    found ? value.number : -1, number);
		return false;
	}
	buf_puts(why, "the MIB has no such column");
	return false;
}

static bool
mib_agrees(const struct view *view, struct buf *why)
{
	const struct report *r = &view->reports[0];
	bool expires = r->has[FIELD_ID_EXPIRY];
	bool acts = r->has[FIELD_ID_ACTION_DEADLINE];
	struct mib *mib = mib_new(view);
	bool good = mib &&
	    mib_says(mib, FIELD_ID_STATE, MIB_FORM_ENUM, true, r->state,
		why) &&
	    mib_says(mib, FIELD_ID_USABLE, MIB_FORM_FLAG, true,
		r->usable ? MIB_YES : MIB_NO, why) &&
	    mib_says(mib, FIELD_ID_SEVERITY, MIB_FORM_ENUM, true,
		r->severity, why) &&
	    mib_says(mib, FIELD_ID_EXPIRY, MIB_FORM_DAYS, expires,
		utc_days(r->expiry, r->now), why) &&
	    mib_says(mib, FIELD_ID_ACTION_DEADLINE, MIB_FORM_DAYS, acts,
		utc_days(r->action_deadline, r->now), why);

	mib_free(mib);
	return good;
}

bool
faces_agree(const struct license_facts *facts, const struct report *report,
    const struct clock_reading *reading, enum trust trust, struct buf *why)
{
	struct view *view = calloc(1, sizeof(*view) + sizeof(*report));
	bool good;

	if (!view)
		abort();
	(void)facts;
	view->reading = *reading;
	view->now = report->now;
	view->trust = trust;
	view->agent.now = report->now;
	view->count = 1;
	view->reports[0] = *report;
	good = text_agrees(report, why) && json_agrees(report, why) &&
	    metrics_agree(view, why) && mib_agrees(view, why);
	free(view);
	return good;
}
