/* SPDX-License-Identifier: ISC */
/*
 * Words to the policy of trials and back. It grants nothing (trial.h).
 */
#include "license/authority/policy_command.h"

#include <string.h>

#include "license/authority/arguments.h"
#include "license/authority/database.h"
#include "license/authority/event.h"
#include "license/authority/init.h"
#include "license/authority/output.h"
#include "license/base/buf.h"
#include "license/base/clock.h"

enum { ERROR_MAX = 8192, DAYS_MAX = 3660, EXIT_USAGE = 2 };

static const int64_t mbits_max = 4294967295;

static void
put_trial(const struct trial *t, struct output *o)
{
	output_text(o, "trial_of", t->product);
	output_number(o, "days", t->days);
	output_number(o, "mbits", t->mbits);
	output_text(o, "edition", t->edition);
	output_text(o, "on_expiry", names_label(NAMES_ON_EXPIRY,
	    t->on_expiry));
}

static bool
each_trial(void *self, const struct trial *t)
{
	output_row(self);
	put_trial(t, self);
	return true;
}

/* Closes the database; ${code} 0: what is in the output is printed. */
static int
finish(struct database *database, int code, struct buf *error,
    struct output *o)
{
	if (database)
		database_rollback(database);
	database_close(database);
	if (code)
		output_error("%s", buf_text(error));
	else if (!output_print(o))
		code = 1;
	buf_fini(error);
	return code;
}

int
policy_show(const struct arguments *a, struct output *o)
{
	struct database *database;
	struct buf error;
	int code = 1;

	buf_init(&error, ERROR_MAX);
	database = init_database(arguments_directory(a), &error);
	if (database) {
		output_list(o, "trials");
		code = database_trials(database, each_trial, o) == -1;
		if (code)
			buf_puts(&error, database_error(database));
	}
	return finish(database, code, &error, o);
}

static bool
read_trial(const struct arguments *a, struct trial *t, struct buf *error)
{
	bool off = arguments_has(a, OPTION_OFF);

	if (!arguments_has(a, OPTION_PRODUCT)) {
		buf_puts(error, "--product is needed: a trial of what?");
		return false;
	}
	if (!off && (!arguments_has(a, OPTION_DAYS) ||
	    !arguments_has(a, OPTION_MBITS))) {
		buf_puts(error, "--days and --mbits are both needed, or --off");
		return false;
	}
	t->on_expiry = ON_EXPIRY_STOP;
	return arguments_read_text(a, OPTION_PRODUCT, t->product, error) &&
	    arguments_read_text(a, OPTION_EDITION, t->edition, error) &&
	    arguments_read_number(a, OPTION_DAYS, DAYS_MAX, &t->days,
	    error) &&
	    arguments_read_number(a, OPTION_MBITS, mbits_max, &t->mbits,
	    error) &&
	    arguments_read_name(a, OPTION_ON_EXPIRY, NAMES_ON_EXPIRY,
	    &t->on_expiry, error);
}

static bool
store(struct database *d, const struct trial *t, bool off, struct buf *error)
{
	struct change change = { .has_retired = false };
	int n;

	if (off)
		event_add(&change, EVENT_SET, clock_wall(), "no trials of %s "
		    "any more", t->product);
	else
		event_add(&change, EVENT_SET, clock_wall(), "trials of %s: "
		    "%lld days, %lld mbits", t->product, (long long)t->days,
		    (long long)t->mbits);
	n = database_begin(d) == -1 ? -1 : off ?
	    database_drop_trial(d, t->product) : database_put_trial(d, t);
	if (off && n == 0) {
		buf_printf(error, "there are no trials of %s; see `policy "
		    "show`", t->product);
		return false;
	}
	if (n != -1 && database_store(d, &change) == 0 &&
	    database_commit(d) == 0)
		return true;
	buf_puts(error, database_error(d));
	return false;
}

int
policy_trial(const struct arguments *a, struct output *o)
{
	bool off = arguments_has(a, OPTION_OFF);
	struct database *database = NULL;
	struct trial trial = { .days = 0 };
	struct buf error;
	int code = EXIT_USAGE;

	buf_init(&error, ERROR_MAX);
	if (!read_trial(a, &trial, &error))
		return finish(NULL, code, &error, o);
	database = init_database(arguments_directory(a), &error);
	code = !database || !store(database, &trial, off, &error);
	if (code == 0 && !off)
		put_trial(&trial, o);
	else if (code == 0)
		output_text(o, "no_trials_of", trial.product);
	return finish(database, code, &error, o);
}
