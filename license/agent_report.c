/* SPDX-License-Identifier: ISC */
/* The agent's own report; it knows no license. */
#include <string.h>

#include "license/base/buf.h"
#include "license/report.h"

#define SET(out, id, member, value)                                           \
	((out)->member = (value), (out)->has[AGENT_ID_##id] = true)

static void
read_counters(struct counters *counters, utc_t wall, struct agent_report *out)
{
	utc_t beat = {atomic_load(&counters->heartbeat_s)};
	int up = atomic_load(&counters->agentx_up);

	if (beat.s != 0) {
		SET(out, HEARTBEAT, heartbeat, beat);
		SET(out, HEARTBEAT_AGE, heartbeat_age_s,
		    wall.s > beat.s ? wall.s - beat.s : 0);
	}
	if (up >= 0) {
		SET(out, AGENTX_UP, agentx_up, up == 1);
		SET(out, AGENTX_CONNECTS, agentx_connects,
		    atomic_load(&counters->agentx_connects));
		SET(out, AGENTX_REQUESTS, agentx_requests,
		    atomic_load(&counters->agentx_requests));
		SET(out, NOTIFICATIONS_PENDING, notifications_pending,
		    atomic_load(&counters->notifications_pending));
	}
	for (int i = 0; i <= NOTIFICATION_MAX; i++)
		out->notifications[i] = atomic_load(&counters->notifications[i]);
	/* Also by a clock that was set back it is five minutes at most. */
	int64_t left_s = atomic_load(&counters->test_alert_until_s) - wall.s;
	SET(out, TEST_ALERT, test_alert, left_s > 0 &&
	    left_s <= TEST_ALERT_S);
}

/* Switched off, none of it applies. */
static void
read_stats(struct counters *counters, struct agent_report *out)
{
	utc_t success = {atomic_load(&counters->stats_last_success_s)};
	utc_t next = {atomic_load(&counters->stats_next_s)};

	if (next.s == 0)
		return;
	SET(out, STATS_NEXT, stats_next, next);
	SET(out, STATS_FAILURES, stats_failures,
	    atomic_load(&counters->stats_failures));
	if (success.s != 0)
		SET(out, STATS_SUCCESS, stats_last_success, success);
}

void
agent_report_make(const struct agent_facts *facts, struct counters *counters,
    utc_t wall, utc_t now, enum trust trust, struct agent_report *out)
{
	*out = (struct agent_report){.now = now};
	text_copy(out->version, sizeof(out->version), LEASELINE_VERSION);
	out->has[AGENT_ID_VERSION] = true;
	SET(out, START, start, facts->start);
	SET(out, TRUST, clock_trust, trust);
	if (facts->has_clock_offset)
		SET(out, OFFSET, clock_offset_s, facts->clock_offset_s);
	SET(out, STEPS, clock_steps, facts->clock_steps);
	SET(out, STORAGE_UP, storage_up, facts->storage_up);
	if (facts->storage_last_write_ms >= 0)
		SET(out, STORAGE_WRITE, storage_last_write_ms,
		    facts->storage_last_write_ms);
	SET(out, CONFIG_OK, config_ok, facts->config_ok);
	if (facts->config_loaded.s != 0)
		SET(out, CONFIG_LOADED, config_loaded, facts->config_loaded);
	read_counters(counters, wall, out);
	read_stats(counters, out);
}
