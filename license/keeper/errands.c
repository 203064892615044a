/* SPDX-License-Identifier: ISC */
/*
 * What people ask for over the control socket, and who waits for how it ends.
 * It prints nothing and decides nothing about a license.
 */
#include <string.h>

#include "license/base/clock.h"
#include "license/keeper/holding.h"
#include "license/sign.h"
#include "license/text.h"

/* Why the license in force is not at its path; NULL: it is. */
static const char *
find_displaced(const struct holding *holding)
{
	enum license_file state = holding->facts.file_state;

	if (!holding->facts.has_license || policy_watches(&holding->facts))
		return NULL;
	return state == LICENSE_FILE_STRANGER ? "another program's file is "
	    "there; set license-file to a path of our own" :
	    state == LICENSE_FILE_UNWRITABLE ? "it cannot be written; see the "
	    "agent's log" : NULL;
}

/*
 * A file that was not used, and a license that is not where a product looks
 * for it, are news to who commits, and the answer is no.
 */
static void
tell(const struct waiter *waiter, bool ok, const char *sentence)
{
	const struct holding *holding = waiter->holding;
	const char *displaced = find_displaced(holding);
	struct buf text;

	if (!waiter->commit ||
	    (holding->refused[0] == '\0' && displaced == NULL)) {
		waiter->done(waiter->self, ok, sentence);
		return;
	}
	buf_init(&text, 4096);
	if (holding->refused[0] != '\0')
		buf_printf(&text, "Not used: %s%s. ", holding->refused,
		    holding->facts.has_license ?
			"; the license of before stays in force" : "");
	if (displaced != NULL)
		buf_printf(&text, "Not stored at %s: %s. ",
		    holding->config.license_file, displaced);
	buf_puts(&text, sentence);
	waiter->done(waiter->self, false, buf_text(&text));
	buf_fini(&text);
}

void
keeper_wake(struct keeper *keeper, struct holding *holding, bool ok,
    const char *sentence)
{
	bool told = false;
	size_t i = 0;

	while (i < keeper->waiter_count) {
		struct waiter waiter = keeper->waiters[i];

		if (waiter.holding != holding) {
			i++;
			continue;
		}
		keeper->waiters[i] = keeper->waiters[--keeper->waiter_count];
		/* What the caller sees next must already be published. */
		keeper_publish(keeper);
		tell(&waiter, ok, sentence);
		told |= waiter.commit;
		/* It may have forgotten others, and so moved them. */
		i = 0;
	}
	if (told)
		holding->refused[0] = '\0';
}

void
keeper_expire_waiters(struct keeper *keeper, mono_t now)
{
	size_t i = 0;

	while (i < keeper->waiter_count) {
		struct waiter waiter = keeper->waiters[i];

		if (waiter.until.ns > now.ns) {
			i++;
			continue;
		}
		keeper->waiters[i] = keeper->waiters[--keeper->waiter_count];
		tell(&waiter, false, "There is no answer yet; the "
			"agent goes on trying, see 'fcli show license_status'");
		i = 0;
	}
}

void
keeper_forget(struct keeper *keeper, void *self)
{
	size_t i = 0;

	while (i < keeper->waiter_count) {
		if (keeper->waiters[i].self == self)
			keeper->waiters[i] =
			    keeper->waiters[--keeper->waiter_count];
		else
			i++;
	}
}

static struct holding *
find(struct keeper *keeper, const char *name, struct buf *error)
{
	for (size_t i = 0; i < keeper->count; i++) {
		if (name == NULL || name[0] == '\0' ||
		    strcmp(keeper->holdings[i]->config.name, name) == 0)
			return keeper->holdings[i];
	}
	if (name == NULL || name[0] == '\0')
		buf_puts(error, "No license is configured");
	else
		buf_printf(error, "No license is named %s in the configuration",
		    name);
	return NULL;
}

static bool
wait_for(struct keeper *keeper, const struct holding *holding,
    bool commit, keeper_done_fn *done, void *self, struct buf *error)
{
	if (keeper->waiter_count == KEEPER_WAITERS_MAX) {
		buf_puts(error, "Too many are waiting for a refresh already");
		return false;
	}
	mono_t until = clock_boot();
	until.ns += (int64_t)KEEPER_RENEW_WAIT_S * 1000000000;
	keeper->waiters[keeper->waiter_count++] = (struct waiter){
		.done = done,
		.self = self,
		.commit = commit,
		.holding = holding,
		.until = until,
	};
	return true;
}

/* Due now: the round that this is asked in starts it. */
static void
make_due(struct holding *holding)
{
	holding->facts.next_attempt = keeper_now(holding->keeper);
	holding->commit = true;
	holding->keeper->dirty = true;
}

static bool
renew_now(struct keeper *keeper, struct holding *holding,
    keeper_done_fn *done, void *self, struct buf *error)
{
	if (!wait_for(keeper, holding, false, done, self, error))
		return false;
	make_due(holding);
	return true;
}

bool
keeper_renew(struct keeper *keeper, const char *name, keeper_done_fn *done,
    void *self, struct buf *error)
{
	struct holding *holding = find(keeper, name, error);

	if (holding == NULL)
		return false;
	if (policy_watches(&holding->facts) && holding->config.renew) {
		holding_ask_fastnetmon(holding);
		return renew_now(keeper, holding, done, self, error);
	}
	if (policy_watches(&holding->facts)) {
		buf_printf(error, "License %s is FastNetMon's: run its own 'fcli "
			"set renew_license', or set renew = yes in [license "
			"%s]; 'fcli commit' reads it now",
		    holding->config.name, holding->config.name);
		return false;
	}
	if (!policy_refreshes(&holding->facts)) {
		buf_printf(error, "License %s is not refreshed by an authority; "
			"put a new file at %s and run 'fcli commit'%s",
		    holding->config.name, holding->config.license_file,
		    holding->facts.source == SOURCE_AUTHORITY ? ", or go back "
			"online with 'fcli set renew_license --online'" : "");
		return false;
	}
	return renew_now(keeper, holding, done, self, error);
}

bool
keeper_go_online(struct keeper *keeper, const char *name,
    keeper_done_fn *done, void *self, struct buf *error)
{
	struct holding *holding = find(keeper, name, error);

	if (holding == NULL)
		return false;
	if (holding->facts.source != SOURCE_AUTHORITY) {
		buf_printf(error, "License %s has no authority; set source = "
			"authority and authority-url in its section of the "
			"configuration first", holding->config.name);
		return false;
	}
	return renew_now(keeper, holding, done, self, error);
}

/* What is in force where nobody is asked; one sentence. */
static bool
say_in_force(struct holding *holding, struct buf *out)
{
	struct keeper *keeper = holding->keeper;
	struct report report;
	char date[UTC_DATE_SIZE];

	report_make(&holding->facts, keeper_now(keeper), keeper->trust,
	    &report);
	if (!report.usable || report.state == STATE_EXPIRED) {
		struct buf line;

		buf_init(&line, 1024);
		text_license(&report, &line);
		buf_add(out, buf_text(&line), strcspn(buf_text(&line), "\n"));
		buf_fini(&line);
		return report.usable;
	}
	report_expiry_date(&report, date);
	buf_printf(out, "The %slicense is in force until %s",
	    policy_offline(&holding->facts) ? "offline " : "", date);
	if (!report.has[FIELD_ID_SUCCESSOR])
		return true;
	utc_date(report.successor_not_before, date);
	buf_printf(out, "; the next one begins on %s", date);
	return true;
}

bool
keeper_commit_also(struct keeper *keeper, const char *name,
    keeper_done_fn *done, void *self, struct buf *error)
{
	struct holding *holding = find(keeper, name, error);
	struct buf text;

	if (holding == NULL)
		return false;
	if (policy_refreshes(&holding->facts) ||
	    policy_watches(&holding->facts))
		return wait_for(keeper, holding, true, done, self, error);
	buf_init(&text, 1024);
	bool usable = say_in_force(holding, &text);
	const struct waiter waiter = {
		.done = done,
		.self = self,
		.commit = true,
		.holding = holding,
	};
	tell(&waiter, usable, buf_text(&text));
	holding->refused[0] = '\0';
	buf_fini(&text);
	return true;
}

bool
keeper_commit(struct keeper *keeper, const char *name, keeper_done_fn *done,
    void *self, struct buf *error)
{
	if (find(keeper, name, error) == NULL)
		return false;
	for (size_t i = 0; i < keeper->count; i++) {
		struct holding *holding = keeper->holdings[i];

		holding_inspect(holding);
		holding_look(holding, true);
		if (holding->config.on_change[0] != '\0')
			holding->on_change.asked = true;
		if (policy_refreshes(&holding->facts) ||
		    policy_watches(&holding->facts))
			make_due(holding);
	}
	keeper_publish(keeper);
	return keeper_commit_also(keeper, name, done, self, error);
}

void
keeper_config_result(struct keeper *keeper, bool ok)
{
	keeper->agent.config_ok = ok;
	if (ok)
		keeper->agent.config_loaded = clock_wall();
	keeper->dirty = true;
}

bool
keeper_hardware_data(struct keeper *keeper, const char *name, struct buf *out,
    struct buf *error)
{
	struct holding *holding = find(keeper, name, error);

	if (holding == NULL)
		return false;
	if (policy_watches(&holding->facts)) {
		buf_puts(error, "This license is FastNetMon's own: run its "
			"'fcli show license_hardware_data'");
		return false;
	}
	/* What was plugged in since the last look must be in it. */
	holding_inspect(holding);
	if (holding_compose(holding, ASK_OFFLINE, out))
		return true;
	buf_puts(error, "The hardware data cannot be signed: the system has "
			"no randomness, or the product name is not a good one");
	return false;
}

static struct holding *
with_index(const struct keeper *keeper, int64_t index)
{
	for (size_t i = 0; i < keeper->count; i++) {
		if (keeper->holdings[i]->facts.index == index)
			return keeper->holdings[i];
	}
	return NULL;
}

void
keeper_acknowledge(struct keeper *keeper, int64_t index, unsigned cleared,
    const struct alarms *raised)
{
	struct holding *holding = with_index(keeper, index);

	if (holding == NULL)
		return;
	struct alarms before = holding->announced;
	alarms_merge(&holding->announced, cleared, raised);
	if (memcmp(&before, &holding->announced, sizeof(before)) != 0)
		holding_persist(holding);
}

struct alarms
keeper_announced(const struct keeper *keeper, int64_t index)
{
	const struct holding *holding = with_index(keeper, index);

	if (holding == NULL)
		return (struct alarms){0};
	struct alarms alarms = holding->announced;
	alarms.raised &= holding->alarms.raised;
	return alarms;
}
