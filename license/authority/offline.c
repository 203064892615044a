/* SPDX-License-Identifier: ISC */
/*
 * One table of conditions, each with its sentence; when none fails, the
 * license. It knows only its arguments.
 */
#include "license/authority/offline.h"

#include <string.h>

#include "license/authority/event.h"
#include "license/base/buf.h"

bool
offline_standing(const struct offline *o, utc_t now)
{
	return o->released.s == 0 && !utc_before(o->ends, now);
}

static bool
is_other_purpose(const struct offline_question *q)
{
	return q->request->ask != ASK_OFFLINE;
}

static bool
is_other_product(const struct offline_question *q)
{
	return strcmp(q->request->product, q->dossier->subscription.product);
}

static bool
is_not_active(const struct offline_question *q)
{
	return q->dossier->subscription.status != SUBSCRIPTION_ACTIVE;
}

static bool
is_over(const struct offline_question *q)
{
	return utc_before(q->dossier->subscription.term_end, q->now);
}

static bool
is_not_annual(const struct offline_question *q)
{
	const struct subscription *s = &q->dossier->subscription;

	return s->kind != KIND_PRODUCTION || s->billing != BILLING_ANNUAL;
}

static bool
is_too_small(const struct offline_question *q)
{
	return q->dossier->subscription.bandwidth_mbits <
	    q->policy->offline_mbits_min;
}

static bool
is_not_checked(const struct offline_question *q)
{
	return !q->dossier->subscription.checked;
}

static const struct {
	enum request_bit line;
	const char *name;
} bound[] = {
	{ REQUEST_CPU_MODEL, "CPU model" },
	{ REQUEST_LOGICAL_CPUS, "number of logical CPUs" },
	{ REQUEST_MEMORY, "amount of memory" },
};

enum { BOUND_COUNT = sizeof(bound) / sizeof(*bound) };

static bool
is_unknown(const struct offline_question *q)
{
	for (size_t i = 0; i < BOUND_COUNT; i++)
		if (!has_bit(q->request->has, bound[i].line))
			return true;
	return false;
}

static int64_t
held(const struct offline_question *q)
{
	return has_bit(q->request->has, REQUEST_SEQUENCE) ?
	    q->request->sequence : 0;
}

static bool
is_leap(const struct offline_question *q)
{
	return held(q) - q->dossier->subscription.sequence >
	    q->policy->sequence_leap_max;
}

static bool
is_past(const struct offline_question *q)
{
	return q->not_before.s != 0 && q->not_before.s / DAY_S <
	    q->now.s / DAY_S;
}

static bool
is_behind_the_term(const struct offline_question *q)
{
	return utc_before(q->dossier->subscription.term_end, q->not_before);
}

/* Another key on other hardware: not the machine that it was issued for. */
static const struct offline *
elsewhere(const struct offline_question *q)
{
	const struct request *r = q->request;

	for (size_t i = 0; i < q->count; i++) {
		const struct offline *o = &q->issued[i];

		if (offline_standing(o, q->now) &&
		    memcmp(o->key, r->machine_key, KEY_SIZE) != 0 &&
		    (strcmp(o->cpu_model, r->cpu_model) != 0 ||
		    o->logical_cpus != r->logical_cpus ||
		    o->memory_mib != r->memory_mib))
			return o;
	}
	return NULL;
}

static bool
is_elsewhere(const struct offline_question *q)
{
	return elsewhere(q) != NULL;
}

static bool
is_full(const struct offline_question *q)
{
	return q->count >= OFFLINES_MAX;
}

static bool
is_signer_over(const struct offline_question *q)
{
	return utc_before(q->signer_until, q->now);
}

/* Text of a request, for a terminal. */
static void
add_text(const char *text, struct buf *out)
{
	buf_printable(out, text, strlen(text));
}

static void
say_product(const struct offline_question *q, struct buf *out)
{
	buf_puts(out, "the request is for ");
	add_text(q->request->product, out);
	buf_printf(out, ", and the subscription for %s; name another with "
	    "--subscription", q->dossier->subscription.product);
}

static void
say_status(const struct offline_question *q, struct buf *out)
{
	const struct subscription *s = &q->dossier->subscription;

	buf_printf(out, "the subscription is %s; run `subscription reinstate "
	    "%s` first", s->status == SUBSCRIPTION_SUSPENDED ? "suspended" :
	    "cancelled", s->id);
}

static void
say_over(const struct offline_question *q, struct buf *out)
{
	const struct subscription *s = &q->dossier->subscription;
	char end[UTC_DATE_SIZE];

	utc_date(s->term_end, end);
	buf_printf(out, "the paid term was over on %s; run `subscription "
	    "extend %s --to DATE` when it is paid", end, s->id);
}

static void
say_small(const struct offline_question *q, struct buf *out)
{
	buf_printf(out, "it is for %lld mbits, and offline licenses begin at "
	    "%lld", (long long)q->dossier->subscription.bandwidth_mbits,
	    (long long)q->policy->offline_mbits_min);
}

static void
say_checks(const struct offline_question *q, struct buf *out)
{
	buf_printf(out, "the customer did not pass the checks yet; after them "
	    "run `subscription set %s --checked yes`",
	    q->dossier->subscription.id);
}

static void
say_unknown(const struct offline_question *q, struct buf *out)
{
	const char *between = "";

	buf_puts(out, "the request does not tell the ");
	for (size_t i = 0; i < BOUND_COUNT; i++) {
		if (has_bit(q->request->has, bound[i].line))
			continue;
		buf_printf(out, "%s%s", between, bound[i].name);
		between = " and the ";
	}
	buf_puts(out, ", which could not be read there; let the customer run "
	    "`fcli show license_hardware_data` with the agent outside of a "
	    "container, where /proc and /sys can be read");
}

static void
say_term(const struct offline_question *q, struct buf *out)
{
	const struct subscription *s = &q->dossier->subscription;
	char end[UTC_DATE_SIZE];

	utc_date(s->term_end, end);
	buf_printf(out, "--not-before is after the end of the term, %s; run "
	    "`subscription extend %s --to DATE` first", end, s->id);
}

static void
add_hardware(const struct offline *o, struct buf *out)
{
	add_text(o->cpu_model, out);
	buf_printf(out, ", %lld CPUs, %lld MiB", (long long)o->logical_cpus,
	    (long long)o->memory_mib);
}

static void
say_elsewhere(const struct offline_question *q, struct buf *out)
{
	const struct offline *o = elsewhere(q);
	char end[UTC_DATE_SIZE];

	utc_date(o->ends, end);
	buf_puts(out, "another machine (");
	add_hardware(o, out);
	buf_printf(out, ") has an offline license of it until %s; if it was "
	    "replaced, run `offline release %s` first", end, o->subscription);
}

static void
say_signer(const struct offline_question *q, struct buf *out)
{
	char until[UTC_DATE_SIZE];

	utc_date(q->signer_until, until);
	buf_printf(out, "the signer's time was over on %s; certify a new one",
	    until);
}

/* say: where there is more to tell than ${sentence}. */
static const struct {
	bool (*fails)(const struct offline_question *q);
	void (*say)(const struct offline_question *q, struct buf *out);
	const char *sentence;
} conditions[] = {
	{ is_other_purpose, NULL, "it is the request for an online license; "
	    "`fcli show license_hardware_data > hw_data.lic` makes the one "
	    "for an offline license" },
	{ is_other_product, say_product, NULL },
	{ is_not_active, say_status, NULL },
	{ is_over, say_over, NULL },
	{ is_not_annual, NULL, "offline licenses are for subscriptions with "
	    "annual billing only" },
	{ is_too_small, say_small, NULL },
	{ is_not_checked, say_checks, NULL },
	{ is_unknown, say_unknown, NULL },
	{ is_leap, NULL, "the sequence number in the request was never "
	    "issued; let the customer make a new one" },
	{ is_past, NULL, "--not-before is before today; leave it away for a "
	    "license that begins at once" },
	{ is_behind_the_term, say_term, NULL },
	{ is_elsewhere, say_elsewhere, NULL },
	{ is_full, NULL, "too many offline licenses were issued for this "
	    "subscription; sell the customer a new one" },
	{ is_signer_over, say_signer, NULL },
};

static utc_t
begins(const struct offline_question *q)
{
	return q->not_before.s != 0 ? q->not_before :
	    utc_add(q->now, -q->policy->early_s);
}

/* One that begins at once begins early, for a clock that is behind. */
static bool
begins_alike(const struct offline_question *q, const struct offline *o)
{
	return q->not_before.s != 0 ? o->not_before.s == q->not_before.s :
	    o->not_before.s == o->issued.s - q->policy->early_s;
}

static const struct offline *
find_repeat(const struct offline_question *q)
{
	const struct offline *found = NULL;

	for (size_t i = 0; i < q->count; i++) {
		const struct offline *o = &q->issued[i];

		if (o->released.s == 0 && begins_alike(q, o) &&
		    o->revision == q->dossier->subscription.revision &&
		    memcmp(o->request_sha256, q->request_sha256,
		    SHA256_SIZE) == 0 &&
		    memcmp(o->signer, q->signer, KEY_SIZE) == 0)
			found = o;
	}
	return found;
}

static int64_t
tolerance(const struct offline_question *q)
{
	int64_t part = q->request->memory_mib /
	    q->policy->memory_tolerance_part;

	return part > q->policy->memory_tolerance_mib ? part :
	    q->policy->memory_tolerance_mib;
}

static void
make_license(const struct offline_question *q, int64_t sequence,
    struct license *l)
{
	const struct subscription *s = &q->dossier->subscription;
	const struct request *r = q->request;

	*l = (struct license){ .kind = s->kind, .mode = MODE_OFFLINE,
		.billing = s->billing, .renews = s->renews,
		.on_expiry = s->on_expiry,
		.bandwidth_mbits = s->bandwidth_mbits, .sequence = sequence,
		.issued = q->now, .not_before = begins(q),
		.lease_end = s->term_end, .term_end = s->term_end,
		.bind_logical_cpus = r->logical_cpus,
		.bind_memory_mib = r->memory_mib,
		.bind_memory_tolerance_mib = tolerance(q) };
	l->has = bit(LICENSE_FIELD_COUNT) - 1;
	l->has &= ~(bit(LICENSE_REFRESH_AFTER) | bit(LICENSE_REFRESH_WINDOW) |
	    bit(LICENSE_GRACE) | bit(LICENSE_REBINDS_USED) |
	    bit(LICENSE_REBINDS_ALLOWED) | bit(LICENSE_REBIND_WINDOW_END) |
	    bit(LICENSE_REQUEST_SHA256) | bit(LICENSE_EXTERNAL) |
	    bit(LICENSE_INTERNAL));
	if (!s->edition[0])
		l->has &= ~bit(LICENSE_EDITION);
	if (!s->renews)
		l->has &= ~bit(LICENSE_RENEWS);
	text_copy(l->issuer, sizeof(l->issuer), q->issuer);
	text_copy(l->id, sizeof(l->id), s->id);
	text_copy(l->product, sizeof(l->product), s->product);
	text_copy(l->edition, sizeof(l->edition), s->edition);
	text_copy(l->bind_cpu_model, sizeof(l->bind_cpu_model), r->cpu_model);
	memcpy(l->machine_key, r->machine_key, KEY_SIZE);
	memcpy(l->nonce, r->nonce, NONCE_SIZE);
	if (has_bit(r->has, REQUEST_INTERNAL)) {
		text_copy(l->internal_address, sizeof(l->internal_address),
		    r->internal_address);
		l->has |= bit(LICENSE_INTERNAL);
	}
}

static void
make_record(const struct offline_question *q, const struct license *l,
    int64_t revision, struct offline *o)
{
	*o = (struct offline){ .sequence = l->sequence, .issued = l->issued,
		.not_before = l->not_before, .ends = l->lease_end,
		.logical_cpus = l->bind_logical_cpus,
		.memory_mib = l->bind_memory_mib, .revision = revision };
	text_copy(o->subscription, sizeof(o->subscription), l->id);
	text_copy(o->cpu_model, sizeof(o->cpu_model), l->bind_cpu_model);
	memcpy(o->key, l->machine_key, KEY_SIZE);
	memcpy(o->signer, q->signer, KEY_SIZE);
	memcpy(o->request_sha256, q->request_sha256, SHA256_SIZE);
}

static void
make_change(const struct offline_question *q, const struct offline *o,
    struct change *change)
{
	char from[UTC_DATE_SIZE], end[UTC_DATE_SIZE];

	change->subscription_changed = true;
	change->subscription = q->dossier->subscription;
	change->subscription.offline_issued = 1;
	change->subscription.sequence = o->sequence;
	change->subscription.revision = o->revision;
	utc_date(o->not_before, from);
	utc_date(o->ends, end);
	event_add(change, EVENT_OFFLINE_ISSUE, q->now, "%s to %s for %s, %lld "
	    "CPUs, %lld MiB; online requests are closed", from, end,
	    o->cpu_model, (long long)o->logical_cpus,
	    (long long)o->memory_mib);
	change->events[0].sequence = o->sequence;
	memcpy(change->events[0].key, o->key, KEY_SIZE);
}

bool
offline_judge(const struct offline_question *q, struct offline_answer *out,
    struct buf *error)
{
	const struct subscription *s = &q->dossier->subscription;
	const struct offline *before;
	int64_t last = s->sequence > held(q) ? s->sequence : held(q);

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < sizeof(conditions) / sizeof(*conditions); i++) {
		if (!conditions[i].fails(q))
			continue;
		if (conditions[i].say)
			conditions[i].say(q, error);
		else
			buf_puts(error, conditions[i].sentence);
		return false;
	}
	before = find_repeat(q);
	if (before) {
		out->repeat = true;
		out->record = *before;
		return true;
	}
	make_license(q, last + 1, &out->license);
	make_record(q, &out->license, s->revision + 1, &out->record);
	make_change(q, &out->record, &out->change);
	return true;
}

void
offline_remark(const struct offline_question *q,
    const struct offline_answer *a, struct buf *out)
{
	const struct machine *live = &q->dossier->live;
	char day[UTC_DATE_SIZE];
	utc_t covered = { 0 };

	for (size_t i = 0; i < q->count; i++)
		if (offline_standing(&q->issued[i], q->now) &&
		    q->issued[i].sequence != a->record.sequence)
			covered = utc_max(covered, q->issued[i].ends);
	utc_date(covered, day);
	if (covered.s != 0 && a->record.not_before.s > covered.s + 1)
		buf_printf(out, "the license before it ends on %s: between "
		    "them none is valid\n", day);
	for (size_t i = 0; i < q->count; i++) {
		const struct offline *o = &q->issued[i];

		if (utc_before(o->ends, q->now) ||
		    (strcmp(o->cpu_model, a->record.cpu_model) == 0 &&
		    o->logical_cpus == a->record.logical_cpus &&
		    o->memory_mib == a->record.memory_mib))
			continue;
		utc_date(o->ends, day);
		buf_printf(out, "sequence %lld, for other hardware (",
		    (long long)o->sequence);
		add_hardware(o, out);
		buf_printf(out, "), stays valid there until %s\n", day);
	}
	utc_date(live->lease_end, day);
	if (q->dossier->has_live && !utc_before(live->lease_end, q->now) &&
	    memcmp(live->key, q->request->machine_key, KEY_SIZE) != 0)
		buf_printf(out, "another machine keeps its online lease until "
		    "%s at the latest\n", day);
}
