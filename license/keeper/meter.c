/* SPDX-License-Identifier: ISC */
/*
 * Looks at the bandwidth in use, at every beat: the kernel's counters, or
 * FastNetMon's metrics by the keeper's client. What cannot be looked at is a
 * line of the log and no number; no license depends on it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/clock.h"
#include "license/base/log.h"
#include "license/keeper/holding.h"
#include "license/traffic.h"
#include "license/usage.h"

#define COUNTERS_PATH "/proc/net/dev"
#define AGENT "leaseline/" LEASELINE_VERSION

enum {
	COUNTERS_MAX = 1 << 20,
	PAGE_MAX = 1 << 18, /* the rest of a page is not read */
	PAGE_S = 5,
	PAGES_MAX = 8, /* at once: transfers of licenses have the rest */
};

struct meter {
	struct holding *holding;
	char from[KEEPER_PATH_SIZE];
	struct traffic_source source;
	struct traffic traffic;
	bool due, in_flight, failing;
	unsigned missing; /* interfaces that the log says are not there */
};

static void
show(struct meter *meter)
{
	struct license_facts *facts = &meter->holding->facts;
	struct traffic_use use;

	facts->has_bandwidth = traffic_use(&meter->traffic, clock_boot(), &use);
	facts->incoming_bytes_per_s = use.mean.incoming;
	facts->outgoing_bytes_per_s = use.mean.outgoing;
	facts->peak_bytes_per_s = use.peak;
	meter->holding->keeper->dirty = true;
}

static void
tell(struct meter *meter, const char *why)
{
	const char *name = meter->holding->config.name;
	bool failing = why != NULL;

	if (failing && !meter->failing)
		log_warn("License %s: bandwidth-from: the bandwidth in use is "
			 "not known: %s", name, why);
	else if (!failing && meter->failing)
		log_info("License %s: bandwidth-from: the bandwidth in use is "
			 "known again", name);
	meter->failing = failing;
}

/* One that is not there may come later; one that was may go. */
static void
tell_missing(struct meter *meter, unsigned there)
{
	for (size_t i = 0; i < meter->source.count; i++) {
		unsigned bit = 1U << i;
		bool missing = (there & bit) == 0;

		if (missing == ((meter->missing & bit) != 0))
			continue;
		meter->missing ^= bit;
		if (missing)
			log_warn("License %s: bandwidth-from: there is no "
				 "interface %s; it is counted when it is there",
			    meter->holding->config.name,
			    meter->source.interfaces[i]);
		else
			log_info("License %s: bandwidth-from: interface %s is "
				 "there", meter->holding->config.name,
			    meter->source.interfaces[i]);
	}
}

/* ${why}: ${text} could not be read, else NULL. */
static void
look_at_counters(struct meter *meter, mono_t now, const char *text,
    const char *why)
{
	struct traffic_counters counters;

	tell(meter, why);
	if (why != NULL)
		return;
	traffic_read_counters(text, &meter->source, &counters);
	tell_missing(meter, counters.there);
	traffic_add_counters(&meter->traffic, now, &counters);
}

static void
look_at_all_counters(struct keeper *keeper)
{
	const char *why = NULL;
	struct buf text;

	buf_init(&text, COUNTERS_MAX);
	if (file_read(COUNTERS_PATH, &text) == -1)
		why = strerror(errno);
	mono_t now = clock_boot();
	for (size_t i = 0; i < keeper->count; i++) {
		struct meter *meter = keeper->holdings[i]->meter;

		if (meter != NULL && meter->source.kind == TRAFFIC_INTERFACES)
			look_at_counters(meter, now, buf_text(&text), why);
	}
	buf_fini(&text);
}

static void begin_pages(struct keeper *keeper);

static void
on_page(void *self, const struct client_reply *reply)
{
	struct meter *meter = self;
	struct keeper *keeper = meter->holding->keeper;
	struct traffic_rates rates;
	struct usage_page page;

	meter->in_flight = false;
	keeper->pages_in_flight--;
	if (reply->result != RESULT_OK && !reply->too_long) {
		tell(meter, reply->detail);
	} else if (reply->status != 200) {
		tell(meter, "the answer is not status 200");
	} else {
		usage_page_read(reply->body, reply->body_len, &page);
		bool known = traffic_read_page(&page, &rates);
		tell(meter, known ? NULL : "FastNetMon's totals of incoming "
			"and outgoing traffic are not on the page");
		if (known)
			traffic_add_rates(&meter->traffic, clock_boot(),
			    &rates);
	}
	show(meter);
	begin_pages(keeper);
}

static void
begin_page(struct meter *meter)
{
	struct keeper *keeper = meter->holding->keeper;
	const struct client_request request = {
		.url = meter->from,
		.user_agent = AGENT,
		.answer_max = PAGE_MAX,
		.total_s = PAGE_S,
		.best_time = keeper_best_time(keeper),
	};

	meter->due = false;
	if (!client_get(keeper->client, &request, on_page, meter)) {
		tell(meter, "its address is not a good one");
		return;
	}
	meter->in_flight = true;
	keeper->pages_in_flight++;
}

static void
begin_pages(struct keeper *keeper)
{
	for (size_t i = 0; i < keeper->count &&
	    keeper->pages_in_flight < PAGES_MAX; i++) {
		struct meter *meter = keeper->holdings[i]->meter;

		if (meter != NULL && meter->due && !meter->in_flight)
			begin_page(meter);
	}
}

void
keeper_measure(struct keeper *keeper)
{
	bool counters = false;

	for (size_t i = 0; i < keeper->count; i++) {
		struct meter *meter = keeper->holdings[i]->meter;

		if (meter == NULL)
			continue;
		meter->due = meter->source.kind == TRAFFIC_PAGE;
		counters |= meter->source.kind == TRAFFIC_INTERFACES;
	}
	if (counters)
		look_at_all_counters(keeper);
	begin_pages(keeper);
	for (size_t i = 0; i < keeper->count; i++) {
		if (keeper->holdings[i]->meter != NULL)
			show(keeper->holdings[i]->meter);
	}
}

void
holding_leave_meter(struct holding *holding)
{
	struct meter *meter = holding->meter;

	if (meter == NULL)
		return;
	if (meter->in_flight) {
		client_drop(holding->keeper->client, meter);
		holding->keeper->pages_in_flight--;
	}
	free(meter);
	holding->meter = NULL;
	holding->facts.has_bandwidth = false;
}

void
holding_set_meter(struct holding *holding)
{
	const char *from = holding->config.bandwidth_from;
	struct traffic_source source;
	struct buf why;

	if (holding->meter != NULL && strcmp(holding->meter->from, from) == 0)
		return;
	holding_leave_meter(holding);
	buf_init(&why, 512);
	bool good = traffic_source_parse(from, &source, &why);
	buf_fini(&why);
	if (!good || source.kind == TRAFFIC_NONE ||
	    holding->keeper->reading_only)
		return;
	holding->meter = calloc(1, sizeof(*holding->meter));
	if (holding->meter == NULL) {
		log_error("License %s: bandwidth-from: out of memory",
		    holding->config.name);
		return;
	}
	holding->meter->holding = holding;
	holding->meter->source = source;
	text_copy(holding->meter->from, sizeof(holding->meter->from), from);
}
