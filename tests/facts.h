/* SPDX-License-Identifier: ISC */
/* Made-up facts for tests: a healthy annual lease, issued at noon. */
#ifndef TESTS_FACTS_H
#define TESTS_FACTS_H

#include <string.h>

#include "license/facts.h"
#include "license/policy.h"

#define FACTS_DAY 1764028800 /* 2025-11-25T00:00:00Z */
#define FACTS_NOON (FACTS_DAY + 12 * HOUR_S)

static inline void
facts_unset_thresholds(struct license_facts *f)
{
	memset(&f->configured, 0xff, sizeof(f->configured)); /* all -1 */
}

/* No license yet; this machine has a key of 7s. */
static inline void
facts_bare(struct license_facts *f)
{
	*f = (struct license_facts){
		.name = "main",
		.index = 1,
		.source = SOURCE_AUTHORITY,
		.file = "/etc/fastnetmon/license.lic",
		.since = {FACTS_NOON},
		.last_result = RESULT_NEVER,
		.last_refusal = REFUSAL_NONE,
		.last_duration_ms = -1,
		.on_change_exit = -1,
		.hardware = {
			.known = component_bit(CPU_MODEL) |
			    component_bit(LOGICAL_CPUS) | component_bit(MEMORY),
			.cpu_model = "AMD EPYC",
			.logical_cpus = 2,
			.memory_mib = 24576,
		},
	};
	facts_unset_thresholds(f);
	memset(f->machine_key, 7, KEY_SIZE);
}

static inline void
facts_lease(struct license *l, utc_t issued, utc_t term_end)
{
	*l = (struct license){
		.has = bit(LICENSE_EXTERNAL),
		.issuer = "Example Vendor",
		.id = "L-1",
		.product = "FastNetMon Advanced",
		.kind = KIND_PRODUCTION,
		.mode = MODE_ONLINE,
		.billing = BILLING_ANNUAL,
		.renews = RENEWS_MANUAL,
		.on_expiry = ON_EXPIRY_STOP,
		.bandwidth_mbits = 10000,
		.sequence = 1,
		.issued = issued,
		.not_before = utc_add(issued, -DAY_S),
		.lease_end = utc_min(utc_day_end(issued, 14), term_end),
		.term_end = term_end,
		.refresh_after_s = 23 * HOUR_S,
		.refresh_window_s = 2 * HOUR_S,
		.bind_cpu_model = "AMD EPYC",
		.bind_logical_cpus = 2,
		.bind_grace_s = 72 * HOUR_S,
		.external_address = "192.0.2.10",
		.rebinds_allowed = 3,
	};
	memset(l->machine_key, 7, KEY_SIZE);
}

/* Refreshed at noon, paid for 300 days. */
static inline void
facts_healthy(struct license_facts *f)
{
	utc_t noon = {FACTS_NOON};

	facts_bare(f);
	facts_lease(&f->license, noon, utc_day_end(noon, 300));
	f->has_license = true;
	f->file_state = LICENSE_FILE_GOOD;
	f->answered = true;
	f->last_result = RESULT_OK;
	f->last_success = f->last_attempt = noon;
	f->refresh_at = utc_add(noon, DAY_S);
	f->sequence = 1;
}

static inline void
facts_refuse(struct license_facts *f, int reason, utc_t at)
{
	struct answer answer = {.result = RESULT_REFUSED};
	struct outcome outcome = {.result = RESULT_REFUSED, .at = at,
		.started = at, .answer = &answer};

	answer.refusal = (struct refusal){.reason = reason, .issued = at,
		.sequence = policy_highest(f) + 1, .detail = "because"};
	policy_apply(f, &outcome, 0);
}

static inline void
facts_fail(struct license_facts *f, int result, utc_t at)
{
	struct outcome outcome = {.result = (enum result)result, .at = at,
		.started = at};

	policy_apply(f, &outcome, 0);
}

static inline void
facts_renew(struct license_facts *f, utc_t at, utc_t term_end)
{
	struct answer answer = {.result = RESULT_OK};
	struct outcome outcome = {.result = RESULT_OK, .at = at,
		.started = at, .answer = &answer};

	facts_lease(&answer.license, at, term_end);
	answer.license.sequence = policy_highest(f) + 1;
	policy_apply(f, &outcome, 0);
}

#endif
