/* SPDX-License-Identifier: ISC */
/*
 * Looks at FastNetMon's own license, by its API or its fcli, and where the
 * operator allows it asks FastNetMon to renew. FastNetMon keeps the license:
 * nothing here writes a file of it, and no failure here ends it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "license/base/clock.h"
#include "license/base/log.h"
#include "license/fastnetmon.h"
#include "license/keeper/fcli.h"
#include "license/keeper/holding.h"

#define AGENT "leaseline/" LEASELINE_VERSION

enum {
	ANSWER_MAX = FCLI_ANSWER_MAX,
	LOOK_S = FCLI_LIMIT_S, /* each of the two steps; less than one waits */
	RENEW_EVERY_S = 6 * HOUR_S,
	HTTP_OK = 200,
	HTTP_UNAUTHORIZED = 401,
	HTTP_FORBIDDEN = 403,
	DENIED_SIZE = 512,
	SENTENCE_SIZE = 1024,
};

struct fastnetmon {
	struct holding *holding;
	struct fcli *fcli; /* while it runs */
	bool renewing;	   /* the first of two steps */
	bool asked;	   /* a person waits for a renewal */
	bool for_person;   /* the look in flight is for that */
	bool commit;	   /* and the look in flight for a person's commit */
	bool was_renewed;  /* FastNetMon took the request for it */
	char denied[DETAIL_SIZE]; /* why it did not; "": it did, or was not asked */
	utc_t renew_tried; /* by itself; s 0: never */
	mono_t begun, persisted;
};

static void next_step(struct fastnetmon *vendor);

/* Its fcli; or http, which a configuration allows at loopback only. */
static bool
is_local(const struct keeper_license *config)
{
	const char *url = config->api_url;

	if (strncmp(url, "https://", 8) != 0)
		return true;
	const char *host = url + 8;
	size_t len = strcspn(host, ":/?#");
	return strncmp(host, "[::1]", 5) == 0 ||
	    (len == 9 && strncmp(host, "localhost", len) == 0) ||
	    (strncmp(host, "127.", 4) == 0 &&
		strspn(host, "0123456789.") == len);
}

/* Seconds east of UTC at noon of ${date}: no clock is set at noon. */
static int64_t
zone_of(const struct keeper_license *config, const char *date)
{
	int64_t offset_s;
	struct tm tm;
	utc_t day;

	if (!fastnetmon_zone(config->timezone, &offset_s) ||
	    offset_s != FASTNETMON_LOCAL)
		return offset_s;
	if (!utc_parse_date(date, &day))
		return 0;
	time_t noon = (time_t)(day.s + DAY_S / 2);
	return localtime_r(&noon, &tm) == NULL ? 0 : tm.tm_gmtoff;
}

/* Its own words, not ours about its answer. */
static bool
is_said(const char *detail)
{
	return strncmp(detail, FASTNETMON_SAYS, strlen(FASTNETMON_SAYS)) == 0;
}

static void
say(const struct holding *holding, enum result result, const char *detail,
    char *out, size_t size)
{
	const struct fastnetmon *vendor = holding->fastnetmon;
	const struct license_facts *facts = &holding->facts;

	if (is_said(detail) || strncmp(detail, "fcli ", 5) == 0)
		snprintf(out, size, "FastNetMon's license is not known: %s",
		    detail);
	else if (result != RESULT_OK && result != RESULT_STALE)
		snprintf(out, size, "FastNetMon's license is not known: %s%s%s",
		    names_sentence(NAMES_RESULT, (int)result),
		    detail[0] == '\0' ? "" : ": ", detail);
	else if (!facts->has_license)
		snprintf(out, size, "FastNetMon is not licensed");
	else
		snprintf(out, size, "FastNetMon's license is valid until %s%s",
		    facts->vendor_date, result == RESULT_STALE ?
			"; its date does not move" : vendor->was_renewed ?
			"; FastNetMon was asked to renew it" : "");
}

/* A state that stays is said once, a date that moves every time. */
static void
log_look(const struct holding *holding, int before, const char *date_before,
    const char *sentence)
{
	const struct license_facts *facts = &holding->facts;
	bool moved = strcmp(date_before, facts->vendor_date) != 0;

	if (facts->last_result == before && !moved &&
	    !holding->fastnetmon->commit)
		log_debug("License %s: %s", facts->name, sentence);
	else if (facts->last_result == RESULT_OK)
		log_info("License %s: %s", facts->name, sentence);
	else
		log_warn("License %s: %s", facts->name, sentence);
}

static void
persist(struct fastnetmon *vendor, bool news)
{
	mono_t now = clock_boot();
	int64_t since_s = mono_s((mono_t){now.ns - vendor->persisted.ns});

	if (!news && vendor->persisted.ns != 0 && since_s < KEEPER_PERSIST_S)
		return;
	vendor->persisted = now;
	holding_persist(vendor->holding);
}

/* Who asked while a look was under way is told what the next one brings. */
static void
tell_askers(struct fastnetmon *vendor, bool ok, const char *sentence)
{
	struct holding *holding = vendor->holding;
	struct keeper *keeper = holding->keeper;
	bool denied = vendor->for_person && vendor->denied[0] != '\0';
	char both[SENTENCE_SIZE];

	if (vendor->asked || holding->commit) {
		holding->facts.next_attempt = keeper_now(keeper);
		return;
	}
	snprintf(both, sizeof(both), "%s%s%s", sentence, denied ?
		"; FastNetMon did not renew it: " : "",
	    denied ? vendor->denied : "");
	keeper_wake(keeper, holding, ok && !denied, both);
}

/* ${said}: what a good look brought; NULL: ${result} and ${detail} say why. */
static void
conclude(struct fastnetmon *vendor, const struct fastnetmon_license *said,
    enum result result, const char *detail)
{
	struct holding *holding = vendor->holding;
	struct license_facts *facts = &holding->facts;
	struct keeper *keeper = holding->keeper;
	char sentence[DENIED_SIZE], date_before[UTC_DATE_SIZE];
	int before = facts->last_result;
	int64_t mbits_before = facts->license.bandwidth_mbits;
	utc_t now = keeper_now(keeper);

	memcpy(date_before, facts->vendor_date, sizeof(date_before));
	facts->last_duration_ms = (clock_boot().ns - vendor->begun.ns) / 1000000;
	if (said != NULL)
		result = fastnetmon_take(facts, said, fastnetmon_end(said->date,
			zone_of(&holding->config, said->date)),
		    is_local(&holding->config), now);
	else
		fastnetmon_fail(facts, result, detail, now);
	say(holding, result, detail, sentence, sizeof(sentence));
	log_look(holding, before, date_before, sentence);
	bool news = before != facts->last_result ||
	    mbits_before != facts->license.bandwidth_mbits ||
	    strcmp(date_before, facts->vendor_date) != 0;
	if (news) {
		const struct outcome outcome = {
			.result = result,
			.at = now,
			.duration_ms = facts->last_duration_ms,
		};
		holding_record_refresh(holding, &outcome, 0, detail);
	}
	persist(vendor, news);
	keeper->dirty = true;
	tell_askers(vendor, result == RESULT_OK && facts->has_license,
	    sentence);
}

/* A look takes no place from the exchanges of other licenses. */
static void
take_place(struct fastnetmon *vendor)
{
	vendor->holding->in_flight = true;
	vendor->holding->keeper->looks_in_flight++;
}

static void
release(struct fastnetmon *vendor)
{
	vendor->holding->in_flight = false;
	vendor->holding->keeper->looks_in_flight--;
}

static void
take_answer(struct fastnetmon *vendor, const char *text, size_t len)
{
	struct fastnetmon_license said;
	struct buf why;

	buf_init(&why, DENIED_SIZE);
	if (fastnetmon_read(text, len, &said, &why))
		conclude(vendor, &said, RESULT_OK, "");
	else
		conclude(vendor, NULL, RESULT_MALFORMED, buf_text(&why));
	buf_fini(&why);
}

/* Whether it renewed is seen by its date; why not is told for who asked. */
static void
end_renewal(struct fastnetmon *vendor, bool good, const char *why)
{
	vendor->renewing = false;
	vendor->was_renewed = good;
	text_copy(vendor->denied, sizeof(vendor->denied), good ? "" : why);
	if (!good)
		log_warn("License %s: FastNetMon did not renew its license: "
			 "%s", vendor->holding->facts.name, why);
	next_step(vendor);
}

static void
on_renewed(struct fastnetmon *vendor, const struct client_reply *reply)
{
	struct fastnetmon_license said;
	struct buf why;
	char status[32];

	if (reply->result != RESULT_OK || reply->status != HTTP_OK) {
		snprintf(status, sizeof(status), "HTTP status %d",
		    reply->status);
		end_renewal(vendor, false, reply->result != RESULT_OK ?
			reply->detail : status);
		return;
	}
	/* It has no license in it: only an error in it is of interest. */
	buf_init(&why, DENIED_SIZE);
	fastnetmon_read(reply->body, reply->body_len, &said, &why);
	bool denied = is_said(buf_text(&why));
	end_renewal(vendor, !denied, buf_text(&why));
	buf_fini(&why);
}

static void
on_reply(void *self, const struct client_reply *reply)
{
	struct holding *holding = self;
	struct fastnetmon *vendor = holding->fastnetmon;
	char status[32];

	release(vendor);
	snprintf(status, sizeof(status), "HTTP status %d", reply->status);
	if (vendor->renewing)
		on_renewed(vendor, reply);
	else if (reply->too_long)
		conclude(vendor, NULL, RESULT_MALFORMED,
		    "the answer is longer than 64 KiB");
	else if (reply->result != RESULT_OK)
		conclude(vendor, NULL, reply->result, reply->detail);
	else if (reply->status == HTTP_UNAUTHORIZED ||
	    reply->status == HTTP_FORBIDDEN)
		conclude(vendor, NULL, RESULT_AUTH, status);
	else if (reply->status != HTTP_OK)
		conclude(vendor, NULL, RESULT_HTTP, status);
	else
		take_answer(vendor, reply->body, reply->body_len);
}

static void
ask_api(struct fastnetmon *vendor)
{
	struct holding *holding = vendor->holding;
	const struct keeper_license *config = &holding->config;
	const char *path = vendor->renewing ? "renew_license" : "license";
	size_t len = strlen(config->api_url);
	bool slash = len > 0 && config->api_url[len - 1] == '/';
	char url[KEEPER_PATH_SIZE + 16];
	char password[FASTNETMON_PASSWORD_SIZE] = "";
	struct buf why;

	buf_init(&why, DENIED_SIZE);
	snprintf(url, sizeof(url), "%s%s%s", config->api_url, slash ? "" : "/",
	    path);
	bool good = config->api_password_file[0] == '\0' ||
	    fastnetmon_password(config->api_password_file, password, &why);
	const struct client_request request = {
		.url = url,
		.put = vendor->renewing,
		.user = config->api_user,
		.password = password,
		.ca_file = config->authority_ca,
		.user_agent = AGENT,
		.answer_max = ANSWER_MAX,
		.total_s = LOOK_S,
		.best_time = keeper_best_time(holding->keeper),
	};
	bool sent = good && client_get(holding->keeper->client, &request,
	    on_reply, holding);
	if (sent)
		take_place(vendor);
	explicit_bzero(password, sizeof(password));
	if (!sent)
		conclude(vendor, NULL, good ? RESULT_CONNECT : RESULT_AUTH,
		    good ? "api-url is not a good address" : buf_text(&why));
	buf_fini(&why);
}

static void
run_fcli(struct fastnetmon *vendor)
{
	char why[DENIED_SIZE];

	vendor->fcli = fcli_start(vendor->holding->config.fcli_path,
	    vendor->renewing);
	if (vendor->fcli != NULL) {
		take_place(vendor);
		return;
	}
	snprintf(why, sizeof(why), "fcli cannot be run: %s", strerror(errno));
	conclude(vendor, NULL, RESULT_CONNECT, why);
}

static void
next_step(struct fastnetmon *vendor)
{
	if (vendor->holding->config.api_url[0] != '\0')
		ask_api(vendor);
	else
		run_fcli(vendor);
}

static void
end_fcli(struct fastnetmon *vendor)
{
	char why[DETAIL_SIZE];
	struct buf text;

	buf_init(&text, ANSWER_MAX);
	enum result result = fcli_take(vendor->fcli, &text, why);
	fcli_free(vendor->fcli);
	vendor->fcli = NULL;
	release(vendor);
	if (vendor->renewing)
		end_renewal(vendor, result == RESULT_OK, why);
	else if (result != RESULT_OK)
		conclude(vendor, NULL, result, why);
	else
		take_answer(vendor, buf_text(&text), text.len);
	buf_fini(&text);
}

/* The operator allowed it, and the date stands still. */
static bool
renews_by_itself(struct fastnetmon *vendor)
{
	const struct holding *holding = vendor->holding;
	utc_t now = keeper_now(holding->keeper);

	if (!holding->config.renew ||
	    holding->facts.last_result != RESULT_STALE ||
	    (vendor->renew_tried.s != 0 &&
		now.s - vendor->renew_tried.s < RENEW_EVERY_S))
		return false;
	vendor->renew_tried = now;
	return true;
}

void
holding_watch(struct holding *holding)
{
	struct fastnetmon *vendor = holding->fastnetmon;

	if (holding->in_flight)
		return;
	vendor->begun = clock_boot();
	vendor->for_person = vendor->asked;
	vendor->commit = holding->commit;
	vendor->asked = holding->commit = vendor->was_renewed = false;
	vendor->denied[0] = '\0';
	vendor->renewing = vendor->for_person || renews_by_itself(vendor);
	next_step(vendor);
}

void
holding_ask_fastnetmon(struct holding *holding)
{
	holding->fastnetmon->asked = true;
}

/* Nothing comes of the look in flight. */
static void
stop_look(struct fastnetmon *vendor)
{
	struct holding *holding = vendor->holding;

	if (!holding->in_flight)
		return;
	client_drop(holding->keeper->client, holding);
	fcli_leave(&holding->keeper->left, vendor->fcli);
	vendor->fcli = NULL;
	release(vendor);
}

void
holding_look_again(struct holding *holding)
{
	struct fastnetmon *vendor = holding->fastnetmon;

	if (vendor == NULL)
		return;
	if (holding->in_flight) {
		vendor->asked |= vendor->for_person;
		holding->commit |= vendor->commit;
		/* Its own request to renew may not have left. */
		if (vendor->renewing && !vendor->for_person)
			vendor->renew_tried = (utc_t){0};
	}
	stop_look(vendor);
	holding->facts.next_attempt = keeper_now(holding->keeper);
}

bool
holding_set_fastnetmon(struct holding *holding)
{
	if (holding->facts.source != SOURCE_FASTNETMON) {
		holding_leave_fastnetmon(holding);
		return true;
	}
	if (holding->fastnetmon != NULL)
		return true;
	holding->fastnetmon = calloc(1, sizeof(*holding->fastnetmon));
	if (holding->fastnetmon == NULL)
		return false;
	holding->fastnetmon->holding = holding;
	return true;
}

void
holding_leave_fastnetmon(struct holding *holding)
{
	if (holding->fastnetmon == NULL)
		return;
	stop_look(holding->fastnetmon);
	free(holding->fastnetmon);
	holding->fastnetmon = NULL;
}

void
keeper_ask_fcli(const struct keeper *keeper, struct loop_want *want)
{
	fcli_ask_all(keeper->left, want);
	for (size_t i = 0; i < keeper->count; i++) {
		const struct fastnetmon *vendor = keeper->holdings[i]->fastnetmon;

		if (vendor != NULL && vendor->fcli != NULL)
			fcli_ask(vendor->fcli, want);
	}
}

void
keeper_tell_fcli(struct keeper *keeper, const struct loop_got *got)
{
	fcli_tell_all(&keeper->left, got);
	for (size_t i = 0; i < keeper->count; i++) {
		struct fastnetmon *vendor = keeper->holdings[i]->fastnetmon;

		if (vendor != NULL && vendor->fcli != NULL &&
		    fcli_tell(vendor->fcli, got))
			end_fcli(vendor);
	}
}
