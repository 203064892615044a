/* SPDX-License-Identifier: ISC */
/*
 * What a person changes: read the record, edit a copy, store it with its
 * event. It knows no key and no listener.
 */
#include "license/authority/admin.h"

#include <string.h>

#include "license/authority/arguments.h"
#include "license/authority/database.h"
#include "license/authority/event.h"
#include "license/authority/init.h"
#include "license/authority/inspect.h"
#include "license/authority/output.h"
#include "license/authority/tell.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/sign.h"
#include "license/verify.h"

enum {
	ERROR_MAX = 8192,
	ID_DIGITS = 12,
	COUPON_GROUPS = 5,
	COUPON_GROUP = 4,
	EXIT_USAGE = 2,
	BANDWIDTH_MAX = 4294967295,
};

/* One edit: what was, what it becomes, and the words it comes from. */
struct edit {
	const struct arguments *arguments;
	utc_t now;
	struct dossier dossier;
	struct change change;
	struct buf error;
	bool usage; /* the error is one of usage */
};

static bool
usage(struct edit *e, const char *sentence)
{
	buf_puts(&e->error, sentence);
	e->usage = true;
	return false;
}

/* Digits that nobody mistakes for another: no i, l, o, u. */
static bool
random_digits(size_t count, struct buf *out)
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	uint8_t bytes[32];

	if (count > sizeof(bytes) || !random_bytes(bytes, count))
		return false;
	for (size_t i = 0; i < count; i++)
		buf_putc(out, digits[bytes[i] % 32]);
	secret_wipe(bytes, sizeof(bytes));
	return !out->failed;
}

static bool
make_id(struct edit *e)
{
	struct buf id;
	bool good;

	buf_init(&id, TEXT_64 - 1);
	buf_puts(&id, "sub-");
	good = random_digits(ID_DIGITS, &id);
	text_copy(e->change.subscription.id,
	    sizeof(e->change.subscription.id), buf_text(&id));
	buf_fini(&id);
	if (!good)
		buf_puts(&e->error, "there is no randomness for an id");
	return good;
}

/* Only its hash is kept: who reads the database cannot activate with it. */
static bool
make_coupon(struct edit *e, struct buf *coupon)
{
	uint8_t hash[SHA256_SIZE];

	for (int i = 0; i < COUPON_GROUPS; i++) {
		if (i)
			buf_putc(coupon, '-');
		if (!random_digits(COUPON_GROUP, coupon)) {
			buf_puts(&e->error, "there is no randomness for a "
			    "coupon");
			return false;
		}
	}
	sha256(coupon->data, coupon->len, hash);
	hex_encode(hash, sizeof(hash), e->change.subscription.coupon_sha256);
	return true;
}

/* The values that `add` and `set` have in common. */
static bool
read_values(struct edit *e)
{
	const struct arguments *a = e->arguments;
	struct subscription *s = &e->change.subscription;
	struct buf *error = &e->error;
	bool good = arguments_read_text(a, OPTION_CUSTOMER, s->customer,
	    error) &&
	    arguments_read_text(a, OPTION_PRODUCT, s->product, error) &&
	    arguments_read_text(a, OPTION_EDITION, s->edition, error) &&
	    arguments_read_name(a, OPTION_KIND, NAMES_KIND, &s->kind,
	    error) &&
	    arguments_read_number(a, OPTION_MBITS, BANDWIDTH_MAX,
	    &s->bandwidth_mbits, error) &&
	    arguments_read_name(a, OPTION_BILLING, NAMES_BILLING, &s->billing,
	    error) &&
	    arguments_read_date(a, OPTION_TERM_END, &s->term_end, error) &&
	    arguments_read_name(a, OPTION_RENEWS, NAMES_RENEWS, &s->renews,
	    error) &&
	    arguments_read_name(a, OPTION_ON_EXPIRY, NAMES_ON_EXPIRY,
	    &s->on_expiry, error) &&
	    arguments_read_flag(a, OPTION_CHECKED, &s->checked, error);

	if (!good) {
		e->usage = true;
		return false;
	}
	if (s->kind == KIND_TRIAL && s->billing)
		return usage(e, "a trial has no --billing; leave it away");
	if (s->kind == KIND_PRODUCTION && !s->billing)
		return usage(e, "--billing monthly or annual is needed for "
		    "--kind production");
	return true;
}

/* The allocations named, of ${generation}; none without --external. */
static bool
read_allocations(struct edit *e, int64_t generation)
{
	const struct arguments *a = e->arguments;
	const char *internal = arguments_text(a, OPTION_INTERNAL);
	char shown[128];

	if (internal && !address_valid(internal)) {
		text_printable(internal, shown, sizeof(shown));
		buf_printf(&e->error, "--internal %s is not an IPv4 or IPv6 "
		    "address in its shortest form", shown);
		return usage(e, "");
	}
	for (size_t i = 0; i < a->count[OPTION_EXTERNAL]; i++) {
		struct allocation *to = &e->change.allocations[i];
		const char *text = a->value[OPTION_EXTERNAL][i];
		struct buf why;
		bool good;

		buf_init(&why, 128);
		text_printable(text, shown, sizeof(shown));
		good = prefix_parse(text, to, &why);
		if (!good)
			buf_printf(&e->error, "--external %s: %s", shown,
			    buf_text(&why));
		buf_fini(&why);
		if (!good)
			return usage(e, "");
		to->generation = generation;
		text_copy(to->internal, sizeof(to->internal),
		    internal ? internal : "");
		e->change.allocation_count++;
	}
	return true;
}

static bool
check_needed(struct edit *e)
{
	static const enum option needed[] = { OPTION_CUSTOMER,
		OPTION_PRODUCT, OPTION_KIND, OPTION_MBITS, OPTION_TERM_END };

	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (!arguments_has(e->arguments, needed[i]))
			return usage(e, "--customer, --product, --kind, "
			    "--mbits and --term-end are all needed");
	if (!arguments_has(e->arguments, OPTION_EXTERNAL) &&
	    !arguments_has(e->arguments, OPTION_COUPON))
		return usage(e, "--external or --coupon is needed: how else "
		    "would a machine be recognized?");
	if (arguments_has(e->arguments, OPTION_INTERNAL) &&
	    !arguments_has(e->arguments, OPTION_EXTERNAL))
		return usage(e, "--internal needs --external");
	return true;
}

static bool
store(struct edit *e, struct database *database)
{
	e->change.subscription_changed = true;
	e->change.subscription.revision++;
	if (database_store(database, &e->change) == 0 &&
	    database_commit(database) == 0)
		return true;
	buf_puts(&e->error, database_error(database));
	return false;
}

static int
finish(struct edit *e, struct database *database, bool good,
    struct output *o)
{
	int code = 0;

	if (database && !good)
		database_rollback(database);
	database_close(database);
	if (!good) {
		output_error("%s", buf_text(&e->error));
		code = e->usage ? EXIT_USAGE : 1;
	} else if (!output_print(o)) {
		code = 1;
	}
	buf_fini(&e->error);
	return code;
}

static struct database *
open_to_change(struct edit *e)
{
	struct database *database = init_database(
	    arguments_directory(e->arguments), &e->error);

	if (!database || database_begin(database) == 0)
		return database;
	buf_puts(&e->error, database_error(database));
	database_close(database);
	return NULL;
}

int
admin_add(const struct arguments *a, struct output *o)
{
	struct edit e = { .arguments = a, .now = clock_wall() };
	struct subscription *s = &e.change.subscription;
	struct database *database = NULL;
	struct buf coupon;
	bool good;

	buf_init(&e.error, ERROR_MAX);
	buf_init(&coupon, 64);
	s->status = SUBSCRIPTION_ACTIVE;
	s->renews = RENEWS_MANUAL;
	s->on_expiry = ON_EXPIRY_STOP;
	s->created = e.now;
	good = check_needed(&e) && read_values(&e) &&
	    read_allocations(&e, 0) && make_id(&e) &&
	    (!arguments_has(a, OPTION_COUPON) || make_coupon(&e, &coupon));
	if (good)
		database = open_to_change(&e);
	if (database) {
		event_add(&e.change, EVENT_ADD, e.now, "%s, %s, %lld mbits",
		    s->customer, s->product, (long long)s->bandwidth_mbits);
		good = store(&e, database);
	} else {
		good = false;
	}
	if (good)
		tell_added(s, e.now, o);
	if (good && coupon.len) {
		output_note(o, "coupon %s", buf_text(&coupon));
		output_text(o, "coupon", buf_text(&coupon));
	}
	output_text(o, "id", s->id);
	output_last(o, "id");
	buf_fini(&coupon);
	return finish(&e, database, good, o);
}

/* The frame of all the rest: load, edit, store, show. */
static int
edit(const struct arguments *a, struct output *o,
    bool (*function)(struct edit *))
{
	struct edit e = { .arguments = a, .now = clock_wall() };
	struct database *database;
	char shown[128];
	bool good = false;
	int found;

	buf_init(&e.error, ERROR_MAX);
	database = open_to_change(&e);
	if (!database)
		goto out;
	found = database_load(database, a->operand, e.now, &e.dossier);
	if (found == -1)
		buf_puts(&e.error, database_error(database));
	text_printable(a->operand, shown, sizeof(shown));
	if (found == 0)
		buf_printf(&e.error, "there is no subscription %s; see "
		    "`subscription list`", shown);
	if (found != 1)
		goto out;
	e.change.subscription = e.dossier.subscription;
	good = function(&e) && store(&e, database);
	if (good)
		tell_change(&e.dossier, &e.change, o);
	if (good && e.change.subscription.offline_issued)
		output_note(o, "its offline license stays as it was issued, "
		    "to its end; see `offline list`");
	if (good)
		inspect_subscription(&e.change.subscription, o);
out:
	return finish(&e, database, good, o);
}

static bool
turn(struct edit *e, enum subscription_status status, enum event_kind kind,
    const char *detail)
{
	struct subscription *s = &e->change.subscription;

	if (s->status == (int)status) {
		buf_printf(&e->error, "subscription %s is %s already", s->id,
		    subscription_status_label((int)status));
		return false;
	}
	event_add(&e->change, kind, e->now, "%s; it was %s", detail,
	    subscription_status_label(s->status));
	s->status = (int)status;
	return true;
}

static bool
edit_suspend(struct edit *e)
{
	return turn(e, SUBSCRIPTION_SUSPENDED, EVENT_SUSPEND, "suspended");
}

static bool
edit_cancel(struct edit *e)
{
	if (arguments_has(e->arguments, OPTION_NOW))
		return turn(e, SUBSCRIPTION_ENDED, EVENT_CANCEL, "at once");
	return turn(e, SUBSCRIPTION_CANCELLED, EVENT_CANCEL,
	    "at the end of the paid term");
}

static bool
edit_reinstate(struct edit *e)
{
	return turn(e, SUBSCRIPTION_ACTIVE, EVENT_REINSTATE, "reinstated");
}

static bool
edit_extend(struct edit *e)
{
	struct subscription *s = &e->change.subscription;
	char was[UTC_DATE_SIZE], is[UTC_DATE_SIZE];
	utc_t to = { 0 };

	if (!arguments_has(e->arguments, OPTION_TO))
		return usage(e, "--to DATE is needed: the new last paid day");
	if (!arguments_read_date(e->arguments, OPTION_TO, &to, &e->error))
		return usage(e, "");
	utc_date(s->term_end, was);
	utc_date(to, is);
	if (!utc_before(s->term_end, to)) {
		buf_printf(&e->error, "the term ends on %s already; "
		    "`subscription set ID --term-end` shortens it", was);
		return false;
	}
	if (s->status == SUBSCRIPTION_CANCELLED ||
	    s->status == SUBSCRIPTION_ENDED) {
		buf_printf(&e->error, "subscription %s is cancelled; "
		    "reinstate it first", s->id);
		return false;
	}
	s->term_end = to;
	event_add(&e->change, EVENT_TERM, e->now, "from %s to %s", was, is);
	return true;
}

static bool
edit_set(struct edit *e)
{
	uint64_t options = e->arguments->command->options;
	struct buf what;
	bool any = false;

	if (!read_values(e))
		return false;
	buf_init(&what, 2000);
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (!(options & ((uint64_t)1 << i)) ||
		    !arguments_has(e->arguments, (enum option)i))
			continue;
		buf_printf(&what, "%s%s=%s", any ? ", " : "",
		    arguments_option_name((enum option)i),
		    arguments_text(e->arguments, (enum option)i));
		any = true;
	}
	event_add(&e->change, EVENT_SET, e->now, "%s", buf_text(&what));
	buf_fini(&what);
	return any || usage(e, "there is nothing to set; see --help");
}

/* A change of the internal address alone keeps the external prefixes. */
static bool
edit_approve_address(struct edit *e)
{
	const struct dossier *d = &e->dossier;
	struct change *c = &e->change;
	const char *internal = arguments_text(e->arguments, OPTION_INTERNAL);
	int64_t last = d->allocation_count ?
	    d->allocations[d->allocation_count - 1].generation : 0;

	if (!arguments_has(e->arguments, OPTION_EXTERNAL) && !internal)
		return usage(e, "--external or --internal is needed");
	if (!read_allocations(e, last + 1))
		return false;
	for (size_t i = 0; i < d->allocation_count &&
	    !arguments_has(e->arguments, OPTION_EXTERNAL); i++) {
		struct allocation *to = &c->allocations[c->allocation_count];

		if (d->allocations[i].generation != last)
			continue;
		*to = d->allocations[i];
		to->generation = last + 1;
		text_copy(to->internal, sizeof(to->internal), internal);
		c->allocation_count++;
	}
	if (d->allocation_count + c->allocation_count > ALLOCATIONS_MAX) {
		buf_printf(&e->error, "a subscription has at most %d "
		    "addresses", (int)ALLOCATIONS_MAX);
		return false;
	}
	for (size_t i = 0; i < c->allocation_count &&
	    c->event_count < EVENTS_PER_CHANGE; i++)
		event_add(c, EVENT_APPROVE_ADDRESS, e->now, "%s%s%s",
		    c->allocations[i].prefix,
		    c->allocations[i].internal[0] ? " internal " : "",
		    c->allocations[i].internal);
	return true;
}

static bool
edit_approve_hardware(struct edit *e)
{
	e->change.subscription.hardware_approved++;
	event_add(&e->change, EVENT_APPROVE_HARDWARE, e->now,
	    "for the next change of hardware or machine key");
	return true;
}

int
admin_suspend(const struct arguments *a, struct output *o)
{
	return edit(a, o, edit_suspend);
}

int
admin_cancel(const struct arguments *a, struct output *o)
{
	return edit(a, o, edit_cancel);
}

int
admin_reinstate(const struct arguments *a, struct output *o)
{
	return edit(a, o, edit_reinstate);
}

int
admin_extend(const struct arguments *a, struct output *o)
{
	return edit(a, o, edit_extend);
}

int
admin_set(const struct arguments *a, struct output *o)
{
	return edit(a, o, edit_set);
}

int
admin_approve_address(const struct arguments *a, struct output *o)
{
	return edit(a, o, edit_approve_address);
}

int
admin_approve_hardware(const struct arguments *a, struct output *o)
{
	return edit(a, o, edit_approve_hardware);
}
