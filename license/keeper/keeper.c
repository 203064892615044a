/* SPDX-License-Identifier: ISC */
/*
 * Life of the keeper: it asks the rooms beside it to load, look and renew,
 * publishes what they found, and tells the edges. It knows neither bytes nor
 * faces.
 */
#include "license/keeper/keeper.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "license/base/clock.h"
#include "license/base/log.h"
#include "license/keeper/fcli.h"
#include "license/keeper/holding.h"
#include "license/keeper/inspect.h"
#include "license/keeper/machine_key.h"
#include "license/keeper/watch.h"
#include "license/sign.h"

enum { LOCK_TRIES = 10, LOCK_WAIT_MS = 20,
	JUST_BOOTED_S = HOUR_S };

static void
holding_free(struct holding *holding)
{
	if (holding == NULL)
		return;
	holding_leave_fastnetmon(holding);
	if (holding->in_flight) {
		client_drop(holding->keeper->client, holding);
		holding->keeper->in_flight--;
	}
	holding_leave_revoked(holding);
	holding_leave_jobs(holding);
	holding_leave_meter(holding);
	license_facts_release(holding->published);
	buf_fini(&holding->license_bytes);
	buf_fini(&holding->refusal_bytes);
	buf_fini(&holding->request_bytes);
	buf_fini(&holding->next_bytes);
	free(holding);
}

static void
apply_config(struct holding *holding, const struct keeper_license *config)
{
	struct license_facts *facts = &holding->facts;

	holding->config = *config;
	text_copy(facts->name, sizeof(facts->name), config->name);
	text_copy(facts->product, sizeof(facts->product), config->product);
	text_copy(facts->file, sizeof(facts->file), config->license_file);
	facts->source = config->source;
	if (config->index > 0)
		facts->index = config->index;
	facts->configured = config->thresholds;
	if (config->on_change[0] == '\0')
		facts->on_change_exit = -1;
	holding_set_meter(holding);
	facts->poll_interval_s = config->poll_interval_s;
	if (config->license_file[0] != '\0')
		watch_directory_of(holding->keeper->watch_fd, config->license_file);
}

static bool
is_taken(struct holding *const *holdings, size_t count, int64_t index)
{
	for (size_t i = 0; i < count; i++) {
		if (holdings[i]->facts.index == index)
			return true;
	}
	return false;
}

/* A number that was given by the operator wins over one that was assigned. */
static bool
must_move(struct holding *const *holdings, size_t count, size_t me)
{
	int64_t index = holdings[me]->facts.index;

	if (holdings[me]->config.index > 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (i != me && holdings[i]->facts.index == index &&
		    (i < me || holdings[i]->config.index > 0))
			return true;
	}
	return index == 0;
}

static void
assign_indexes(struct keeper *keeper, struct holding *const *holdings,
    size_t count)
{
	int64_t *next = &keeper->next_index;

	for (size_t i = 0; i < count; i++) {
		int64_t index = holdings[i]->facts.index;

		if (index >= *next && index < INT32_MAX)
			*next = index + 1;
	}
	for (size_t i = 0; i < count; i++) {
		if (!must_move(holdings, count, i))
			continue;
		while (is_taken(holdings, count, *next))
			*next = *next == INT32_MAX ? 1 : *next + 1;
		holdings[i]->facts.index = *next;
		*next = *next == INT32_MAX ? 1 : *next + 1;
	}
}

/*
 * What was missed is spread over hours where a whole fleet may have been
 * switched on with this machine; an agent that was only restarted asks at once.
 */
static utc_t
first_attempt(const struct license_facts *facts, utc_t now)
{
	if (policy_watches(facts))
		return now;
	bool missed = !utc_before(now, policy_next(facts, now, 0));

	if (missed && policy_refreshes(facts) &&
	    mono_s(clock_boot()) >= JUST_BOOTED_S)
		return now;
	return policy_next(facts, now, keeper_random());
}

static struct holding *
holding_new(struct keeper *keeper, const struct keeper_license *config,
    struct buf *error)
{
	struct holding *holding = calloc(1, sizeof(*holding));

	if (holding == NULL) {
		buf_puts(error, "out of memory");
		return NULL;
	}
	holding->keeper = keeper;
	holding->opened = clock_boot();
	buf_init(&holding->license_bytes, DOCUMENT_MAX);
	buf_init(&holding->refusal_bytes, DOCUMENT_MAX);
	buf_init(&holding->request_bytes, DOCUMENT_MAX);
	buf_init(&holding->next_bytes, DOCUMENT_MAX);
	struct license_facts *facts = &holding->facts;
	facts->last_result = RESULT_NEVER;
	facts->last_refusal = REFUSAL_NONE;
	facts->last_duration_ms = -1;
	facts->on_change_exit = -1;
	memcpy(facts->machine_key, keeper->machine_key, KEY_SIZE);
	apply_config(holding, config);
	if (!holding_read_roots(holding, error)) {
		holding_free(holding);
		return NULL;
	}
	if (!holding_set_fastnetmon(holding)) {
		buf_puts(error, "out of memory");
		holding_free(holding);
		return NULL;
	}
	holding_inspect(holding);
	holding_load(holding);
	utc_t now = keeper_now(keeper);
	if (facts->since.s == 0)
		facts->since = now;
	facts->next_attempt = first_attempt(facts, now);
	return holding;
}

/* What an unusable license needs at a start is to be asked for. */
static void
hurry_if_unusable(struct holding *holding)
{
	struct report report;
	utc_t now = keeper_now(holding->keeper);

	report_make(&holding->facts, now, TRUST_TRUSTED, &report);
	if (!report.usable && policy_refreshes(&holding->facts))
		holding->facts.next_attempt = now;
}

static bool
open_directory(struct keeper *keeper, const char *directory, struct buf *error)
{
	char path[KEEPER_PATH_SIZE + 8];

	if (!text_copy(keeper->directory, sizeof(keeper->directory),
		directory)) {
		buf_printf(error, "state-dir: %s is too long", directory);
		return false;
	}
	if (keeper->reading_only)
		return true;
	if (file_directory(directory, 0700) == -1) {
		buf_printf(error, "state-dir: %s: %s; create it for the agent's "
			"user, mode 0700", directory, strerror(errno));
		return false;
	}
	snprintf(path, sizeof(path), "%s/lock", directory);
	keeper->lock_fd = file_lock(path);
	/* The one-shot mode holds it for a moment to see whether we run. */
	for (int i = 0; i < LOCK_TRIES && keeper->lock_fd == -1 &&
	    errno == EWOULDBLOCK; i++) {
		poll(NULL, 0, LOCK_WAIT_MS);
		keeper->lock_fd = file_lock(path);
	}
	if (keeper->lock_fd != -1)
		return true;
	buf_printf(error, errno == EWOULDBLOCK ?
		"state-dir: %s is in use by another agent; stop it first" :
		"state-dir: %s cannot be locked: %s", directory,
	    strerror(errno));
	return false;
}

static struct keeper *
open_keeper(const struct keeper_options *options, bool reading_only,
    struct buf *error)
{
	struct keeper *keeper = calloc(1, sizeof(*keeper));

	if (keeper == NULL) {
		buf_puts(error, "out of memory");
		return NULL;
	}
	keeper->lock_fd = keeper->watch_fd = -1;
	keeper->reading_only = reading_only;
	keeper->board = options->board;
	keeper->edges = options->edges;
	keeper->beat = options->beat;
	keeper->self = options->self;
	keeper->next_index = 1;
	keeper->agent.storage_up = true;
	keeper->agent.storage_last_write_ms = -1;
	keeper->agent.config_ok = true;
	keeper->agent.start = keeper->agent.config_loaded = clock_wall();
	if (!open_directory(keeper, options->state_directory, error))
		goto out;
	keeper->has_machine_id = inspect_machine_id(keeper->machine_id_hash);
	keeper->key = machine_key_load(keeper->directory,
	    keeper->has_machine_id ? keeper->machine_id_hash : NULL,
	    !reading_only, error);
	if (keeper->key == NULL)
		goto out;
	signing_key_public(keeper->key, keeper->machine_key);
	keeper_recall_clock(keeper);
	keeper_guard_clock(keeper, options->licenses, options->license_count);
	if (reading_only)
		return keeper;
	keeper->client = client_new();
	keeper->watch_fd = watch_new();
	if (keeper->client != NULL)
		return keeper;
	buf_puts(error, "libcurl cannot be started");
out:
	keeper_free(keeper);
	return NULL;
}

static bool
add_holdings(struct keeper *keeper, const struct keeper_license *licenses,
    size_t count, struct buf *error)
{
	keeper->holdings = calloc(count == 0 ? 1 : count,
	    sizeof(keeper->holdings[0]));
	if (keeper->holdings == NULL) {
		buf_puts(error, "out of memory");
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		keeper->holdings[i] = holding_new(keeper, &licenses[i], error);
		if (keeper->holdings[i] == NULL)
			return false;
		keeper->count++;
	}
	assign_indexes(keeper, keeper->holdings, count);
	return true;
}

struct keeper *
keeper_new(const struct keeper_options *options, struct buf *error)
{
	struct keeper *keeper = open_keeper(options, false, error);

	if (keeper == NULL)
		return NULL;
	if (!add_holdings(keeper, options->licenses, options->license_count,
		error)) {
		keeper_free(keeper);
		return NULL;
	}
	for (size_t i = 0; i < keeper->count; i++)
		hurry_if_unusable(keeper->holdings[i]);
	keeper_take_clock(keeper);
	keeper_persist_clock(keeper);
	for (size_t i = 0; i < keeper->count; i++)
		holding_persist(keeper->holdings[i]);
	atomic_store(&keeper->board->counters.heartbeat_s, clock_wall().s);
	keeper_publish(keeper);
	return keeper;
}

struct keeper *
keeper_open_reading(const struct keeper_options *options, struct buf *error)
{
	struct keeper *keeper = open_keeper(options, true, error);

	if (keeper == NULL)
		return NULL;
	if (!add_holdings(keeper, options->licenses, options->license_count,
		error)) {
		keeper_free(keeper);
		return NULL;
	}
	keeper_publish(keeper);
	return keeper;
}

void
keeper_free(struct keeper *keeper)
{
	if (keeper == NULL)
		return;
	if (keeper->key != NULL && keeper->count > 0)
		keeper_persist_clock(keeper);
	keeper_end_jobs(keeper);
	for (size_t i = 0; i < keeper->count; i++)
		holding_free(keeper->holdings[i]);
	free(keeper->holdings);
	fcli_free_all(&keeper->left);
	client_free(keeper->client);
	signing_key_free(keeper->key);
	if (keeper->watch_fd != -1)
		close(keeper->watch_fd);
	if (keeper->lock_fd != -1)
		close(keeper->lock_fd);
	free(keeper);
}

static struct holding *
find_holding(struct keeper *keeper, const char *name)
{
	for (size_t i = 0; i < keeper->count; i++) {
		if (strcmp(keeper->holdings[i]->config.name, name) == 0)
			return keeper->holdings[i];
	}
	return NULL;
}

/* A pending request asks the old authority for the old product. */
static bool
asks_the_same(const struct keeper_license *a, const struct keeper_license *b)
{
	return a->source == b->source &&
	    strcmp(a->product, b->product) == 0 &&
	    strcmp(a->authority_url, b->authority_url) == 0 &&
	    strcmp(a->authority_root, b->authority_root) == 0 &&
	    strcmp(a->license_file, b->license_file) == 0;
}

/* Who is woken sees the new set: nothing freed is within his reach. */
static void
swap_holdings(struct keeper *keeper, struct holding **holdings, size_t count)
{
	struct holding **before = keeper->holdings;
	size_t before_count = keeper->count;

	keeper->holdings = holdings;
	keeper->count = count;
	keeper->dirty = true;
	for (size_t i = 0; i < before_count; i++) {
		bool kept = false;

		for (size_t k = 0; k < count; k++)
			kept |= holdings[k] == before[i];
		if (kept)
			continue;
		keeper_wake(keeper, before[i], false,
		    "The configuration of the license was changed");
		holding_free(before[i]);
	}
	free(before);
}

/* What is new is asked for at once, and its number must survive a crash. */
static void
begin_new(struct keeper *keeper)
{
	for (size_t i = 0; i < keeper->count; i++) {
		struct holding *holding = keeper->holdings[i];
		const struct license_facts *published = holding->published;

		if (published == NULL && policy_refreshes(&holding->facts))
			holding->facts.next_attempt = keeper_now(keeper);
		if (published == NULL ||
		    published->index != holding->facts.index)
			holding_persist(holding);
	}
	keeper_persist_clock(keeper);
}

bool
keeper_reconfigure(struct keeper *keeper,
    const struct keeper_license *licenses, size_t count, struct buf *error)
{
	size_t made = 0;

	/* Before a license is loaded, since that heals its files. */
	if (!keeper_roots_good(licenses, count, error))
		return false;
	struct holding **holdings = calloc(count == 0 ? 1 : count,
	    sizeof(holdings[0]));
	if (holdings == NULL) {
		buf_puts(error, "out of memory");
		return false;
	}
	for (; made < count; made++) {
		struct holding *old = find_holding(keeper,
		    licenses[made].name);
		bool same = old != NULL &&
		    asks_the_same(&old->config, &licenses[made]);

		holdings[made] = same ? old :
		    holding_new(keeper, &licenses[made], error);
		if (holdings[made] == NULL)
			break;
	}
	if (made < count) {
		for (size_t i = 0; i < made; i++) {
			if (find_holding(keeper, licenses[i].name) !=
			    holdings[i])
				holding_free(holdings[i]);
		}
		free(holdings);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		apply_config(holdings[i], &licenses[i]);
		holding_take_roots(holdings[i]);
		holding_look_again(holdings[i]);
	}
	assign_indexes(keeper, holdings, count);
	swap_holdings(keeper, holdings, count);
	keeper_guard_clock(keeper, licenses, count);
	begin_new(keeper);
	keeper_publish(keeper);
	return true;
}
