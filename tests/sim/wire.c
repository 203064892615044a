/* SPDX-License-Identifier: ISC */
/*
 * The way from an agent to the authority and back: what is lost, late, said
 * twice, or said by somebody else. It decides nothing.
 */
#include <string.h>

#include "tests/sim/sim.h"

enum { TIME_OUT_S = 45, ODDS = 150, FAST = 16 };

static void
fail(struct reply *out, enum result result, int64_t retry_after_s)
{
	out->result = result;
	out->status = 0;
	out->retry_after_s = retry_after_s;
	out->bytes.len = 0;
}

/* What a portal or a broken proxy says; its Retry-After is anyone's. */
static void
babble(struct life *life, struct host *host, struct reply *out)
{
	static const char page[] = "<html>please log in</html>\n";
	static const int statuses[] = { 200, 403, 302, 500, 502, 407 };

	fail(out, RESULT_OK, sim_chance(&life->random, 4) ?
	    sim_between(&life->random, 1, 40 * DAY_S) : 0);
	out->status = statuses[sim_between(&life->random, 0, 5)];
	out->bytes.len = sizeof(page) - 1;
	memcpy(out->bytes.data, page, sizeof(page));
	memset(&out->license, 0, sizeof(out->license));
	memset(&out->refusal, 0, sizeof(out->refusal));
	fate_count(life, host, FAULT_BABBLE);
}

/* Somebody who kept an answer plays it back instead of the right one. */
static bool
play_back(struct life *life, struct host *host)
{
	/* While a request waits for a disk, what it was told before may come. */
	if (!host->has_older || !sim_chance(&life->random, host->full ?
			ODDS / 15 : ODDS))
		return false;
	host->coming = host->older;
	fate_count(life, host, FAULT_OLD_ANSWER);
	host->check.well_since = life->now;
	return true;
}

static void
through(struct life *life, struct host *host)
{
	uint64_t *random = &life->random;
	struct reply *reply = &host->coming;

	if (!life->dull && sim_chance(random, ODDS)) {
		fail(reply, sim_chance(random, 2) ? RESULT_CONNECT :
		    RESULT_TLS, 0);
		fate_count(life, host, FAULT_LOST_REQUEST);
		host->check.well_since = life->now;
		return;
	}
	if (!life->dull && play_back(life, host))
		return;
	vendor_answer(life, host, &host->sent, reply);
	if (life->dull)
		return;
	if (sim_chance(random, ODDS)) {
		vendor_answer(life, host, &host->sent, reply);
		fate_count(life, host, FAULT_TWICE);
	}
	if (sim_chance(random, ODDS)) {
		fail(reply, RESULT_TIMEOUT, 0);
		reply->duration_ms = TIME_OUT_S * 1000;
		fate_count(life, host, FAULT_LOST_ANSWER);
		host->check.well_since = life->now;
	} else if (sim_chance(random, ODDS) || !host->has_older) {
		host->older = *reply;
		host->has_older = true;
	}
}

void
wire_send(struct host *host, const struct message *message)
{
	static const enum result faults[] = { RESULT_DNS, RESULT_CONNECT,
		RESULT_TIMEOUT, RESULT_TLS };
	struct life *life = host->life;
	struct reply *reply = &host->coming;

	host->sent.request = message->request;
	memcpy(host->sent.sha256, message->sha256, SHA256_SIZE);
	host->sent.bytes.len = message->bytes.len;
	memcpy(host->sent.bytes.data, message->bytes.data,
	    message->bytes.len);
	host->in_flight = true;
	host->arrives = life->now;
	if (host->dead)
		return;
	reply->duration_ms = 12;
	if (!life->dull && sim_chance(&life->random, FAST)) {
		int64_t s = sim_between(&life->random, 1, TIME_OUT_S - 1);

		reply->duration_ms = s * 1000;
		host->arrives = utc_add(life->now, s);
		if (s > 30)
			fate_count(life, host, FAULT_LATE_ANSWER);
	}
	if (utc_before(life->now, host->outage_until) ||
	    utc_before(life->now, life->authority_down_until))
		fail(reply, faults[sim_between(&life->random, 0, 3)], 0);
	else if (utc_before(life->now, host->babble_until))
		babble(life, host, reply);
	else
		through(life, host);
}

void
wire_deliver(struct host *host)
{
	host->in_flight = false;
	host->kind->reply(host, &host->coming);
	host_step(host);
}
