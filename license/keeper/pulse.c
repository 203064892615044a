/* SPDX-License-Identifier: ISC */
/*
 * The pulse: what happens at every beat and every round of the loop: clock,
 * files, hardware, renewals that are due, publication, edges. It knows neither
 * bytes nor faces.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "license/advice.h"
#include "license/base/clock.h"
#include "license/base/log.h"
#include "license/keeper/address.h"
#include "license/keeper/holding.h"
#include "license/keeper/inspect.h"
#include "license/keeper/view.h"
#include "license/keeper/watch.h"
#include "license/sign.h"

utc_t
keeper_now(struct keeper *keeper)
{
	struct clock_reading reading;

	clock_read(&reading);
	return timekeeping_judge(&keeper->agent.clock, &reading).now;
}

utc_t
keeper_best_time(struct keeper *keeper)
{
	struct clock_reading reading;

	clock_read(&reading);
	struct clock_verdict verdict = timekeeping_judge(&keeper->agent.clock,
	    &reading);
	return verdict.trust == TRUST_TRUSTED ? (utc_t){0} : verdict.now;
}

uint32_t
keeper_random(void)
{
	uint32_t value = 0;

	/* Without randomness jitter is lost, nothing else. */
	if (!random_bytes(&value, sizeof(value)))
		value = (uint32_t)clock_boot().ns;
	return value;
}

static mono_t
after_s(mono_t now, int64_t s)
{
	return (mono_t){now.ns + s * 1000000000};
}

/* Of the license for this very machine: a copied one says another's. */
static const char *
held_address(const struct license_facts *facts)
{
	bool own = facts->has_license &&
	    has_bit(facts->license.has, LICENSE_INTERNAL) &&
	    memcmp(facts->license.machine_key, facts->machine_key,
		KEY_SIZE) == 0;

	return own ? facts->license.internal_address : "";
}

void
holding_inspect(struct holding *holding)
{
	struct license_facts *facts = &holding->facts;
	struct hardware hardware;

	inspect_hardware(&hardware);
	const struct address_question question = {
		.authority_url = holding->config.authority_url,
		.family = holding->config.address_family,
		.held = held_address(facts),
	};
	if (address_internal(&question, hardware.internal_address))
		hardware.known |= component_bit(INTERNAL_ADDRESS);
	bool changed = memcmp(&hardware, &facts->hardware, sizeof(hardware)) != 0;
	facts->hardware = hardware;
	if (changed)
		holding->keeper->dirty = true;
}

/* The last request that was answered was about this hardware. */
static bool
asked_for(const struct holding *holding, const struct hardware *hardware)
{
	const struct request *request = &holding->request;

	/* One that a restart left unanswered is sent again. */
	return request->has != 0 && holding->request_bytes.len == 0 &&
	    strcmp(request->cpu_model, hardware->cpu_model) == 0 &&
	    request->logical_cpus == hardware->logical_cpus;
}

/*
 * Bound hardware changed under an online license: ask for a rebind now, once:
 * an answer that does not follow is no reason to ask at every beat. So it is
 * when what was refused is gone again, so that nobody goes on being warned.
 */
static void
rebind_if_changed(struct holding *holding)
{
	struct license_facts *facts = &holding->facts;

	/* A request that waits says the old hardware: it is answered first. */
	bool backs_off = facts->failures_in_row > 0 &&
	    (facts->last_result != RESULT_REFUSED ||
		holding->request_bytes.len > 0);

	if (!facts->has_license || !policy_refreshes(facts) || backs_off ||
	    facts->last_result == RESULT_NEVER || holding->in_flight ||
	    asked_for(holding, &facts->hardware))
		return;
	if (hardware_changed(&facts->license, &facts->hardware,
		facts->machine_key) != 0 ||
	    facts->last_refusal == REFUSAL_HARDWARE_LIMIT)
		facts->next_attempt = keeper_now(holding->keeper);
}

/* Offline: two readings, so that one bad one stops nobody's protection. */
static void
confirm_mismatch(struct holding *holding, mono_t now)
{
	struct license_facts *facts = &holding->facts;
	bool before = facts->mismatch_confirmed;

	if (!facts->has_license || facts->license.mode != MODE_OFFLINE ||
	    hardware_changed(&facts->license, &facts->hardware,
		facts->machine_key) == 0) {
		facts->mismatch_confirmed = false;
		holding->mismatch_seen = (mono_t){0};
	} else if (holding->mismatch_seen.ns == 0) {
		holding->mismatch_seen = now;
	} else if (now.ns - holding->mismatch_seen.ns >=
	    KEEPER_INSPECT_S * INT64_C(1000000000)) {
		facts->mismatch_confirmed = true;
	}
	if (before == facts->mismatch_confirmed)
		return;
	/* Otherwise every restart would start the product once more. */
	holding_persist(holding);
	holding->keeper->dirty = true;
}

void
keeper_take_clock(struct keeper *keeper)
{
	struct clock_reading reading;

	clock_read(&reading);
	struct clock_verdict verdict = timekeeping_judge(&keeper->agent.clock,
	    &reading);
	enum trust before = keeper->trust;
	bool stepped = timekeeping_stepped(verdict.trust);
	if (stepped && verdict.trust != before) {
		keeper->agent.clock_steps++;
		log_warn("The clock of this machine is not believed: %s; "
			 "decisions use the best known time",
		    names_sentence(NAMES_TRUST, verdict.trust));
	} else if (!stepped && timekeeping_stepped(before)) {
		log_info("The clock of this machine is believed again");
	}
	timekeeping_learn(&keeper->agent.clock, &reading, &verdict);
	keeper->trust = verdict.trust;
	keeper->dirty = true;
	/* A signed time settles it. */
	for (size_t i = 0; stepped && verdict.trust != before &&
	    i < keeper->count; i++) {
		if (policy_refreshes(&keeper->holdings[i]->facts))
			keeper->holdings[i]->facts.next_attempt = verdict.now;
	}
}

/* Between two beats: whatever wakes the loop finds a clock that was set. */
static void
glance_at_clock(struct keeper *keeper)
{
	struct clock_reading reading;

	clock_read(&reading);
	if (timekeeping_judge(&keeper->agent.clock, &reading).trust !=
	    keeper->trust)
		keeper_take_clock(keeper);
}

/* The value published before, when nothing about the license changed. */
static const struct license_facts *
published(struct holding *holding)
{
	struct license_facts *facts = &holding->facts;
	const struct license_facts *last = holding->published;
	size_t skip = offsetof(struct license_facts, name);

	if (last == NULL || memcmp((const char *)last + skip,
		(const char *)facts + skip, sizeof(*facts) - skip) != 0) {
		license_facts_release(last);
		holding->published = license_facts_new(facts);
	}
	return holding->published == NULL ? NULL :
	    license_facts_take(holding->published);
}

void
keeper_publish(struct keeper *keeper)
{
	struct facts *facts = facts_new(keeper->count);
	size_t made = 0;

	if (facts == NULL)
		return;
	facts->agent = keeper->agent;
	for (; made < keeper->count; made++) {
		facts->licenses[made] = published(keeper->holdings[made]);
		if (facts->licenses[made] == NULL)
			break;
	}
	if (made < keeper->count) {
		/* Out of memory: what was published stays true enough. */
		facts->count = made;
		facts_release(facts);
		return;
	}
	board_publish(keeper->board, facts);
	keeper->dirty = false;
	keeper->untold = true;
}

static void
log_edges(const struct report *report, unsigned set)
{
	static const struct {
		unsigned bit;
		void (*log)(const char *format, ...);
		const char *text;
	} rows[] = {
		{edge_bit(UNUSABLE), log_error, "is not usable"},
		{edge_bit(USABLE_AGAIN), log_info, "is usable again"},
		{edge_bit(EXPIRING), log_warn, "needs a person soon"},
		{edge_bit(RENEWED), log_info, "was renewed"},
		{edge_bit(REFRESH_FAILING), log_warn, "is not refreshed"},
		{edge_bit(REFRESH_RESTORED), log_info, "is refreshed again"},
		{edge_bit(BINDING_CHANGED), log_warn,
			"is bound to other hardware"},
		{edge_bit(BINDING_RESTORED), log_info,
			"fits the hardware again"},
		{edge_bit(BANDWIDTH_HIGH), log_warn,
			"is near or over its bandwidth"},
		{edge_bit(BANDWIDTH_NORMAL), log_info,
			"is within its bandwidth again"},
	};
	char difference[DIFFERENCE_SIZE], advice[ADVICE_SIZE];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((set & rows[i].bit) == 0)
			continue;
		/* Nothing installed yet is no error before the first answer. */
		bool calm = rows[i].log == log_error &&
		    report->severity != SEVERITY_CRITICAL;
		const char *why = names_sentence(NAMES_STATE, report->state);
		if (rows[i].bit == edge_bit(BINDING_CHANGED)) {
			text_printable(report->binding_difference, difference,
			    sizeof(difference));
			why = difference;
		} else if ((rows[i].bit & (edge_bit(BANDWIDTH_HIGH) |
			edge_bit(BANDWIDTH_NORMAL))) != 0) {
			snprintf(difference, sizeof(difference),
			    "%lld of %lld mbits in use",
			    (long long)report->used_mbits,
			    (long long)report->bandwidth_mbits);
			why = difference;
		}
		text_copy(advice, sizeof(advice), report->advice);
		if (rows[i].bit == edge_bit(REFRESH_FAILING))
			advice_failing(report, &why, advice);
		else if (rows[i].bit == edge_bit(EXPIRING))
			advice_expiring(report, advice);
		/* The advice may name what differs: once is enough. */
		bool told = strstr(advice, why) != NULL;
		(calm ? log_warn : rows[i].log)("License %s %s: %s.%s%s",
		    report->name, rows[i].text, why, told ? "" : " ",
		    told ? "" : advice);
	}
}

/* No alarm: whoever ordered it expects it. */
static void
log_bandwidth(const struct report *before, const struct report *after)
{
	if (before->has[FIELD_ID_BANDWIDTH] && after->has[FIELD_ID_BANDWIDTH] &&
	    before->bandwidth_mbits != after->bandwidth_mbits)
		log_info("License %s: the licensed bandwidth was %lld mbits, "
			 "it is %lld mbits now", after->name,
		    (long long)before->bandwidth_mbits,
		    (long long)after->bandwidth_mbits);
}

/* Changed once more, before the license followed: no edge, but news. */
static void
log_difference(const struct report *before, const struct report *after)
{
	char difference[DIFFERENCE_SIZE];

	if (before->binding_changed == 0 || after->binding_changed == 0 ||
	    strcmp(before->binding_difference, after->binding_difference) == 0)
		return;
	text_printable(after->binding_difference, difference,
	    sizeof(difference));
	log_warn("License %s is bound to other hardware: %s.", after->name,
	    difference);
}

static utc_t
tell_edges(struct keeper *keeper)
{
	utc_t now = keeper_now(keeper);
	utc_t next = utc_add(now, DAY_S);

	for (size_t i = 0; i < keeper->count; i++) {
		struct holding *holding = keeper->holdings[i];
		struct report report;

		report_make(&holding->facts, now, keeper->trust, &report);
		struct edges edges = edges_take(&holding->alarms, &report);
		edges.first = !holding->has_report;
		bool turned = report.state != holding->report.state;
		if (turned || edges.set != 0 || edges.first)
			holding_record_edges(holding, &report, &edges);
		log_bandwidth(&holding->report, &report);
		log_difference(&holding->report, &report);
		holding->report = report;
		holding->has_report = true;
		next = utc_min(next, edges_next(&report));
		if (edges.set == 0 && !edges.first && !turned)
			continue;
		/* Who reads the log of this run knows none before it. */
		log_edges(&report, edges.set |
		    (edges.first ? holding->alarms.raised : 0));
		if (keeper->edges != NULL)
			keeper->edges(keeper->self, &report, &edges);
	}
	return next;
}

static void
beat(struct keeper *keeper, mono_t now)
{
	atomic_store(&keeper->board->counters.heartbeat_s, clock_wall().s);
	keeper->next_beat = after_s(now, KEEPER_BEAT_S);
	keeper_take_clock(keeper);
	bool again = keeper->next_inspect.ns <= now.ns;
	for (size_t i = 0; i < keeper->count; i++) {
		struct holding *holding = keeper->holdings[i];

		holding_load_unread(holding);
		holding_look(holding, false);
		if (holding->facts.storage_failed)
			holding_place(holding);
		if (again)
			holding_inspect(holding);
		rebind_if_changed(holding);
		if (again)
			confirm_mismatch(holding, now);
	}
	if (again)
		keeper->next_inspect = after_s(now, KEEPER_INSPECT_S);
	keeper_measure(keeper);
	if (keeper->next_persist.ns <= now.ns) {
		keeper_persist_clock(keeper);
		keeper->next_persist = after_s(now, KEEPER_PERSIST_S);
	}
	if (keeper->beat != NULL)
		keeper->beat(keeper->self);
}

static void
ask(void *self, struct loop_want *want)
{
	struct keeper *keeper = self;
	mono_t boot = clock_boot();
	utc_t now = keeper_now(keeper);

	if (keeper->watch_fd != -1)
		loop_want_fd(want, keeper->watch_fd, POLLIN);
	client_ask(keeper->client, want);
	loop_want_at(want, keeper->next_beat);
	loop_want_at(want, keeper->next_edge);
	if (keeper->next_look.ns != 0)
		loop_want_at(want, keeper->next_look);
	for (size_t i = 0; i < keeper->waiter_count; i++)
		loop_want_at(want, keeper->waiters[i].until);
	for (size_t i = 0; i < keeper->count; i++) {
		const struct holding *holding = keeper->holdings[i];
		utc_t begins = holding->facts.successor_not_before;
		if (utc_before(now, begins))
			loop_want_at(want, after_s(boot, begins.s - now.s));
		if (keeper_may_start(keeper, holding))
			loop_want_at(want, after_s(boot,
				holding->facts.next_attempt.s - now.s));
	}
}

/* A bell that cannot be silenced would keep the loop from ever sleeping. */
static bool
hear_bell(struct keeper *keeper)
{
	if (watch_drain(keeper->watch_fd))
		return true;
	log_warn("The directory of the license file is not watched any more: "
		 "it is looked at every %d seconds", KEEPER_BEAT_S);
	close(keeper->watch_fd);
	keeper->watch_fd = -1;
	return false;
}

static void
tell(void *self, const struct loop_got *got)
{
	struct keeper *keeper = self;
	struct loop_got clients = *got;
	bool look = keeper->next_look.ns != 0 &&
	    keeper->next_look.ns <= got->now.ns;

	if (keeper->watch_fd != -1 && got->count > 0) {
		clients.fds++;
		clients.count--;
		if (got->fds[0].revents != 0)
			look |= hear_bell(keeper);
	}
	if (look) {
		keeper->next_look = (mono_t){0};
		for (size_t i = 0; i < keeper->count; i++)
			holding_look(keeper->holdings[i], false);
	}
	client_tell(keeper->client, &clients);
	if (keeper->next_beat.ns <= got->now.ns)
		beat(keeper, got->now);
	else
		glance_at_clock(keeper);
	for (size_t i = 0; i < keeper->count; i++) {
		holding_succeed(keeper->holdings[i]);
		holding_fetch_revoked(keeper->holdings[i]);
	}
	/* A license that was taken may know a later time. */
	glance_at_clock(keeper);
	keeper_start_due(keeper);
	keeper_expire_waiters(keeper, got->now);
	if (keeper->dirty)
		keeper_publish(keeper);
	if (keeper->untold || keeper->next_edge.ns <= got->now.ns) {
		keeper->untold = false;
		utc_t next = tell_edges(keeper);
		keeper->next_edge = after_s(clock_boot(),
		    next.s - keeper_now(keeper).s);
	}
	keeper_review_jobs(keeper, got->now);
}

struct loop_source
keeper_source(struct keeper *keeper)
{
	return (struct loop_source){.ask = ask, .tell = tell, .self = keeper};
}
