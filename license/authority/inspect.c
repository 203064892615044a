/* SPDX-License-Identifier: ISC */
/*
 * Records to output, member by member. It decides and computes nothing.
 */
#include "license/authority/inspect.h"

#include <poll.h>
#include <string.h>

#include "license/authority/arguments.h"
#include "license/authority/branch.h"
#include "license/authority/database.h"
#include "license/authority/event.h"
#include "license/authority/explain.h"
#include "license/authority/init.h"
#include "license/authority/output.h"
#include "license/base/buf.h"
#include "license/base/clock.h"

enum { ERROR_MAX = 8192, FOLLOW_MS = 500, ROWS_AT_ONCE = 500 };

static void
put_name(struct output *o, const char *name, enum names which, int number)
{
	output_text(o, name, number ? names_label(which, number) : "");
}

static void
put_key(struct output *o, const uint8_t key[KEY_SIZE])
{
	static const uint8_t nobody[KEY_SIZE];
	char text[BASE64_SIZE(KEY_SIZE)];

	base64_encode(key, KEY_SIZE, text);
	output_text(o, "machine_key", memcmp(key, nobody, KEY_SIZE) == 0 ?
	    "" : text);
}

void
inspect_subscription(const struct subscription *s, struct output *o)
{
	output_text(o, "id", s->id);
	output_text(o, "customer", s->customer);
	output_text(o, "product", s->product);
	output_text(o, "edition", s->edition);
	output_text(o, "status", subscription_status_label(s->status));
	put_name(o, "kind", NAMES_KIND, s->kind);
	output_number(o, "bandwidth_mbits", s->bandwidth_mbits);
	put_name(o, "billing", NAMES_BILLING, s->billing);
	put_name(o, "renews", NAMES_RENEWS, s->renews);
	put_name(o, "on_expiry", NAMES_ON_EXPIRY, s->on_expiry);
	output_instant(o, "term_end", s->term_end);
	output_instant(o, "created", s->created);
	output_text(o, "coupon", !s->coupon_sha256[0] ? "none" :
	    s->coupon_used.s ? "used" : "unused");
	output_number(o, "hardware_approved", s->hardware_approved);
	output_flag(o, "checked", s->checked);
	output_flag(o, "offline_issued", s->offline_issued);
	output_number(o, "sequence", s->sequence);
}

static void
put_machine(const struct machine *m, struct output *o)
{
	put_key(o, m->key);
	output_text(o, "state", machine_state_label(m->state));
	output_text(o, "subscription", m->subscription);
	output_text(o, "product", m->product);
	output_text(o, "last_answer", m->last_reason == REFUSAL_NONE ?
	    "license" : names_label(NAMES_REFUSAL, m->last_reason));
	output_number(o, "sequence", m->sequence);
	output_instant(o, "lease_end", m->lease_end);
	output_instant(o, "last_seen", m->last_seen);
	output_instant(o, "first_seen", m->first_seen);
	output_text(o, "external_address", m->external);
	output_text(o, "internal_address", m->internal);
	output_text(o, "cpu_model", m->cpu_model);
	output_number(o, "logical_cpus", m->logical_cpus);
	output_number(o, "memory_mib", m->memory_mib);
	output_text(o, "virtualization", m->virtualization);
	output_text(o, "agent_version", m->agent_version);
	output_text(o, "what_to_do", explain_machine(m));
}

static void
put_event(const struct event *e, struct output *o)
{
	output_instant(o, "at", e->at);
	output_number(o, "event", e->id);
	output_text(o, "name", e->name);
	output_text(o, "subscription", e->subscription);
	output_number(o, "sequence", e->sequence);
	output_text(o, "address", e->address);
	put_key(o, e->key);
	output_text(o, "detail", e->detail);
}

static bool
each_subscription(void *self, const struct subscription *s)
{
	struct output *o = self;

	output_row(o);
	output_text(o, "id", s->id);
	output_text(o, "status", subscription_status_label(s->status));
	output_text(o, "customer", s->customer);
	output_text(o, "product", s->product);
	put_name(o, "kind", NAMES_KIND, s->kind);
	output_number(o, "bandwidth_mbits", s->bandwidth_mbits);
	put_name(o, "billing", NAMES_BILLING, s->billing);
	output_instant(o, "term_end", s->term_end);
	return true;
}

static bool
each_machine(void *self, const struct machine *m)
{
	struct output *o = self;

	output_row(o);
	put_key(o, m->key);
	output_text(o, "state", machine_state_label(m->state));
	output_text(o, "subscription", m->subscription);
	output_text(o, "product", m->product);
	output_text(o, "last_answer", m->last_reason == REFUSAL_NONE ?
	    "license" : names_label(NAMES_REFUSAL, m->last_reason));
	output_number(o, "sequence", m->sequence);
	output_instant(o, "lease_end", m->lease_end);
	output_instant(o, "last_seen", m->last_seen);
	output_text(o, "external_address", m->external);
	return true;
}

/* The database of the directory, or NULL after the error was told. */
static struct database *
open_database(const struct arguments *a)
{
	struct database *database;
	struct buf error;

	buf_init(&error, ERROR_MAX);
	database = init_database(arguments_directory(a), &error);
	if (!database)
		output_error("%s", buf_text(&error));
	buf_fini(&error);
	return database;
}

static int
finish(struct database *database, int rc, struct output *o)
{
	int code = rc == -1 ? output_error("%s", database_error(database)) :
	    output_print(o) ? 0 : 1;

	database_close(database);
	return code;
}

int
inspect_subscriptions(const struct arguments *a, struct output *o)
{
	struct database *database = open_database(a);

	if (!database)
		return 1;
	output_list(o, "subscriptions");
	return finish(database, database_subscriptions(database,
	    each_subscription, o), o);
}

static void
put_allocations(const struct dossier *d, struct output *o)
{
	struct buf text;

	buf_init(&text, 4096);
	for (size_t i = 0; i < d->allocation_count; i++) {
		const struct allocation *a = &d->allocations[i];

		buf_printf(&text, "%s%s%s%s%s", i ? ", " : "", a->prefix,
		    a->internal[0] ? " internal " : "", a->internal,
		    a->generation > d->allocations[0].generation ?
		    " (approved, not used yet)" : "");
	}
	output_text(o, "addresses", buf_text(&text));
	buf_fini(&text);
}

int
inspect_show(const struct arguments *a, struct output *o)
{
	struct database *database = open_database(a);
	struct dossier d;
	char shown[128];
	int found;

	if (!database)
		return 1;
	found = database_load(database, a->operand, clock_wall(), &d);
	if (found != 1) {
		text_printable(a->operand, shown, sizeof(shown));
		if (found == 0)
			output_error("there is no subscription %s; see "
			    "`subscription list`", shown);
		else
			output_error("%s", database_error(database));
		database_close(database);
		return 1;
	}
	inspect_subscription(&d.subscription, o);
	put_allocations(&d, o);
	put_key(o, d.live.key);
	output_text(o, "machine_state", d.has_live ?
	    machine_state_label(d.live.state) : "");
	output_text(o, "last_answer", !d.has_live ? "" :
	    d.live.last_reason == REFUSAL_NONE ? "license" :
	    names_label(NAMES_REFUSAL, d.live.last_reason));
	output_instant(o, "lease_end", d.live.lease_end);
	output_instant(o, "last_seen", d.live.last_seen);
	return finish(database, 0, o);
}

int
inspect_machines(const struct arguments *a, struct output *o)
{
	struct database *database = open_database(a);

	if (!database)
		return 1;
	output_list(o, "machines");
	return finish(database, database_machines(database,
	    arguments_text(a, OPTION_SUBSCRIPTION), each_machine, o), o);
}

/* The key that the operand is; false after the error was told. */
static bool
read_key(const struct arguments *a, uint8_t key[static KEY_SIZE])
{
	char shown[128];

	if (base64_decode(a->operand, strlen(a->operand), key, KEY_SIZE))
		return true;
	text_printable(a->operand, shown, sizeof(shown));
	output_error("%s is not a machine key (base64 of 32 bytes); see "
	    "`machine list`", shown);
	return false;
}

/* Each machine of the key, of one product after the other. */
static int
for_each_product(const struct arguments *a, struct database *database,
    struct output *o,
    int (*each)(struct database *database, struct machine *m))
{
	char after[TEXT_64] = "";
	uint8_t key[KEY_SIZE];
	struct machine m;
	size_t count = 0;
	int rc;

	if (!read_key(a, key))
		return 0;
	output_records(o, "machines");
	while ((rc = database_machine_after(database, key, after, &m)) == 1) {
		if (each && each(database, &m) == -1) {
			rc = -1;
			break;
		}
		output_row(o);
		put_machine(&m, o);
		text_copy(after, sizeof(after), m.product);
		count++;
	}
	if (rc == -1)
		output_error("%s", database_error(database));
	else if (count == 0)
		output_error("there is no machine %s; see `machine list`",
		    a->operand);
	return rc == 0 && count > 0;
}

int
inspect_machine(const struct arguments *a, struct output *o)
{
	struct database *database = open_database(a);

	if (!database)
		return 1;
	if (!for_each_product(a, database, o, NULL)) {
		database_close(database);
		return 1;
	}
	return finish(database, 0, o);
}

/*
 * Both branches may go on; the stored answer goes, so the next is decided. The
 * chains of the other subscriptions of the key stay as they are.
 */
static int
clear_clone(struct database *database, struct machine *m)
{
	struct change change = { .machine_changed = true };

	if (m->state == MACHINE_RETIRED || (m->state == MACHINE_LIVE &&
	    !m->tips[0] && m->last_reason != REFUSAL_CLONE))
		return 0;
	branch_clear(m);
	m->answered = 0;
	change.machine = *m;
	text_copy(change.subscription.id, sizeof(change.subscription.id),
	    m->subscription);
	event_add(&change, EVENT_CLEAR_CLONE, clock_wall(), "by hand");
	memcpy(change.events[0].key, m->key, KEY_SIZE);
	return database_store(database, &change);
}

int
inspect_clear_clone(const struct arguments *a, struct output *o)
{
	struct database *database = open_database(a);

	if (!database)
		return 1;
	if (database_begin(database) == -1)
		return finish(database, -1, o);
	if (!for_each_product(a, database, o, clear_clone)) {
		database_rollback(database);
		database_close(database);
		return 1;
	}
	return finish(database, database_commit(database), o);
}

struct following {
	struct output *output;
	int64_t last;
	size_t rows; /* not printed yet: there may be millions */
};

static bool
each_event(void *self, const struct event *e)
{
	struct following *f = self;

	output_row(f->output);
	put_event(e, f->output);
	f->last = e->id;
	if (++f->rows < ROWS_AT_ONCE)
		return true;
	f->rows = 0;
	return output_print_rows(f->output);
}

int
inspect_events(const struct arguments *a, struct output *o)
{
	const char *subscription = arguments_text(a, OPTION_SUBSCRIPTION);
	bool follow = arguments_has(a, OPTION_FOLLOW);
	struct following f = { .output = o };
	struct database *database = open_database(a);
	int rc, code = 0;

	if (!database)
		return 1;
	output_list(o, "events");
	for (;;) {
		rc = database_events(database, subscription, f.last,
		    each_event, &f);
		if (!output_print_rows(o))
			code = 1;
		if (rc == -1)
			code = output_error("%s", database_error(database));
		if (code || !follow)
			break;
		poll(NULL, 0, FOLLOW_MS);
	}
	database_close(database);
	return code;
}
