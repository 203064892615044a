/* SPDX-License-Identifier: ISC */
/*
 * One round: two looks at FastNetMon's metrics a second apart (if it is
 * configured), the document, and the sending when it is due. A person who
 * asks to see the report starts the same round without the sending. It
 * decides nothing about a license and tells none.
 */
#include "license/keeper/reporter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/clock.h"
#include "license/base/log.h"
#include "license/keeper/holding.h"
#include "license/keeper/platform.h"
#include "license/sign.h"

#define AGENT "leaseline/" LEASELINE_VERSION

enum { APART_S = 1, MISSING_SIZE = CLIENT_DETAIL_SIZE + 64 };

enum phase { IDLE, LOOKING, APART, SENDING };

struct shown {
	reporter_shown_fn *done;
	void *self;
};

struct reporter {
	struct keeper *keeper;
	struct reporter_config config;
	struct client *client;
	enum phase phase;
	bool due;     /* what is made in this round is sent */
	bool failing; /* the last one was not taken: said once */
	utc_t next, last_success;
	struct usage_page pages[2];
	mono_t looked[2];
	size_t looks;
	mono_t again; /* the second look */
	char missing[MISSING_SIZE];
	struct buf document;
	struct shown shown[REPORTER_WAITERS_MAX];
	size_t shown_count;
};

static void
publish(struct reporter *r)
{
	struct counters *counters = &r->keeper->board->counters;

	atomic_store(&counters->stats_next_s,
	    r->config.enabled ? r->next.s : 0);
	atomic_store(&counters->stats_last_success_s, r->last_success.s);
}

/* The facts of the license that speaks; ${offline}: none does. */
static const struct license_facts *
speaker(const struct facts *facts, bool *offline)
{
	const struct license_facts *found = facts == NULL ? NULL :
	    usage_speaker(facts->licenses, facts->count);

	*offline = found == NULL;
	if (found == NULL && facts != NULL && facts->count > 0)
		found = facts->licenses[0];
	return found;
}

static bool
may_send(struct reporter *r)
{
	const struct facts *facts = board_take(r->keeper->board);
	bool offline;

	speaker(facts, &offline);
	facts_release(facts);
	return r->config.enabled && !offline && !r->keeper->reading_only;
}

static void
compose(struct reporter *r)
{
	const struct facts *facts = board_take(r->keeper->board);
	struct usage_platform platform;
	struct stats stats;
	bool offline;
	const struct license_facts *of = speaker(facts, &offline);

	buf_clear(&r->document);
	if (of == NULL)
		goto out;
	platform_inspect(&platform);
	usage_compose(of, &platform, keeper_now(r->keeper), &stats);
	usage_add_pages(r->pages, r->looks,
	    (r->looked[1].ns - r->looked[0].ns) / 1000000, &stats);
	document_begin(PURPOSE_STATS, r->keeper->machine_key, &r->document);
	if (!stats_encode(&stats, &r->document) ||
	    !document_seal(&r->document, r->keeper->key))
		buf_clear(&r->document);
out:
	facts_release(facts);
}

static void
show_all(struct reporter *r)
{
	struct usage_document document = {
		.bytes = buf_text(&r->document),
		.len = r->document.len,
		.enabled = r->config.enabled,
		.url = r->config.url,
		.last_success = r->last_success,
		.missing = r->missing,
	};
	const struct facts *facts = board_take(r->keeper->board);

	speaker(facts, &document.offline);
	facts_release(facts);
	if (r->config.enabled && !document.offline)
		document.next = r->next;
	while (r->shown_count > 0) {
		struct shown shown = r->shown[--r->shown_count];
		shown.done(shown.self, &document);
	}
}

static void
fail(struct reporter *r, const char *why)
{
	if (!r->failing)
		log_warn("The usage report was not taken by %s: %s. No license "
			 "depends on it; the next one goes in a day",
		    r->config.url, why);
	r->failing = true;
	atomic_fetch_add(&r->keeper->board->counters.stats_failures, 1);
}

static void
on_taken(void *self, const struct client_reply *reply)
{
	struct reporter *r = self;
	char why[64];

	r->phase = IDLE;
	if (reply->result != RESULT_OK) {
		fail(r, reply->too_long ? "its answer has no end" :
					  reply->detail);
		return;
	}
	/* What the answer says is nobody's business here: only that it is. */
	if (reply->status != 204 && reply->status != 200) {
		snprintf(why, sizeof(why), "status %d", reply->status);
		fail(r, why);
		return;
	}
	log_info("The usage report was %s", r->failing ? "taken again" : "sent");
	r->failing = false;
	r->last_success = keeper_now(r->keeper);
	keeper_persist_reports(r->keeper, r->last_success);
	publish(r);
}

static void
send_document(struct reporter *r)
{
	char url[KEEPER_PATH_SIZE + 16];
	size_t len = strlen(r->config.url);
	bool slash = len > 0 && r->config.url[len - 1] == '/';

	snprintf(url, sizeof(url), "%s%s", r->config.url,
	    slash ? "v1/stats" : "/v1/stats");
	const struct client_request request = {
		.url = url,
		.body = r->document.data,
		.body_len = r->document.len,
		.ca_file = r->config.ca,
		.proxy = r->config.proxy,
		.user_agent = AGENT,
	};
	if (r->document.len == 0)
		fail(r, "it cannot be made");
	else if (!client_post(r->client, &request, on_taken, r))
		fail(r, "its address is not a good one");
	else
		r->phase = SENDING;
}

/* The looks are over, whatever came of them. */
static void
finish(struct reporter *r)
{
	bool due = r->due && may_send(r);

	r->phase = IDLE;
	r->due = false;
	compose(r);
	show_all(r);
	if (due)
		send_document(r);
}

static void on_page(void *self, const struct client_reply *reply);

static void
look(struct reporter *r)
{
	const struct client_request request = {
		.url = r->config.metrics_url,
		.user_agent = AGENT,
		.answer_max = REPORTER_PAGE_MAX,
		.total_s = REPORTER_LOOK_S,
	};

	r->phase = LOOKING;
	if (client_get(r->client, &request, on_page, r))
		return;
	text_copy(r->missing, sizeof(r->missing), "a bad address");
	finish(r);
}

static void
on_page(void *self, const struct client_reply *reply)
{
	struct reporter *r = self;

	if (reply->result != RESULT_OK && !reply->too_long) {
		text_copy(r->missing, sizeof(r->missing), reply->detail);
	} else if (reply->status != 200) {
		snprintf(r->missing, sizeof(r->missing), "status %d",
		    reply->status);
	} else {
		r->looked[r->looks] = clock_boot();
		usage_page_read(reply->body, reply->body_len,
		    &r->pages[r->looks++]);
		if (r->looks == 1) {
			r->again = clock_boot();
			r->again.ns += APART_S * INT64_C(1000000000);
			r->phase = APART;
			return;
		}
	}
	finish(r);
}

static void
begin(struct reporter *r)
{
	if (r->phase != IDLE)
		return;
	r->looks = 0;
	r->looked[0] = r->looked[1] = (mono_t){0};
	r->missing[0] = '\0';
	if (r->config.metrics_url[0] != '\0')
		look(r);
	else
		finish(r);
}

bool
reporter_show(struct reporter *r, reporter_shown_fn *done, void *self)
{
	if (r->shown_count == REPORTER_WAITERS_MAX)
		return false;
	r->shown[r->shown_count++] = (struct shown){done, self};
	return true;
}

void
reporter_forget(struct reporter *r, const void *self)
{
	size_t i = 0;

	while (i < r->shown_count) {
		if (r->shown[i].self == self)
			r->shown[i] = r->shown[--r->shown_count];
		else
			i++;
	}
}

static void
ask(void *self, struct loop_want *want)
{
	struct reporter *r = self;
	utc_t now = keeper_now(r->keeper);
	mono_t at = clock_boot();

	client_ask(r->client, want);
	if (r->phase == APART)
		loop_want_at(want, r->again);
	if (r->shown_count > 0 && (r->phase == IDLE || r->phase == SENDING))
		loop_want_at(want, at);
	if (!r->config.enabled)
		return;
	/* A clock that went back must not put the day off. */
	if (r->next.s - now.s > DAY_S) {
		r->next = usage_next(r->keeper->machine_key, now);
		publish(r);
	}
	at.ns += (r->next.s - now.s) * INT64_C(1000000000);
	loop_want_at(want, at);
}

static void
tell(void *self, const struct loop_got *got)
{
	struct reporter *r = self;
	utc_t now = keeper_now(r->keeper);

	client_tell(r->client, got);
	if (r->phase == APART && r->again.ns <= got->now.ns)
		look(r);
	if (r->config.enabled && !utc_before(now, r->next)) {
		r->next = usage_next(r->keeper->machine_key, now);
		publish(r);
		r->due = r->phase != SENDING && may_send(r);
		if (r->due)
			begin(r);
	}
	/* One that is on its way is what they want to see. */
	if (r->shown_count > 0 && r->phase == SENDING)
		show_all(r);
	else if (r->shown_count > 0)
		begin(r);
}

struct loop_source
reporter_source(struct reporter *r)
{
	return (struct loop_source){.ask = ask, .tell = tell, .self = r};
}

void
reporter_configure(struct reporter *r, const struct reporter_config *config)
{
	/* Switching it on is no reason to speak at once. */
	if (!r->config.enabled)
		r->next = usage_next(r->keeper->machine_key,
		    keeper_now(r->keeper));
	r->config = *config;
	if (!config->enabled && r->phase == SENDING) {
		client_drop(r->client, r);
		r->phase = IDLE;
	}
	publish(r);
}

struct reporter *
reporter_new(struct keeper *keeper, const struct reporter_config *config)
{
	struct reporter *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->keeper = keeper;
	buf_init(&r->document, DOCUMENT_MAX);
	r->client = client_new();
	if (r->client == NULL) {
		reporter_free(r);
		return NULL;
	}
	keeper_recall_reports(keeper, &r->last_success);
	reporter_configure(r, config);
	return r;
}

void
reporter_free(struct reporter *r)
{
	if (r == NULL)
		return;
	client_free(r->client);
	buf_fini(&r->document);
	free(r);
}
