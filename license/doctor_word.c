/* SPDX-License-Identifier: ISC */
/* Findings as one word, to pass from program to program; numbers and a name. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/doctor_found.h"

/* ${count} numbers, with commas between, then ",REST". */
static bool
read_word(const char *word, int64_t *numbers, size_t count, char *rest,
    size_t rest_size)
{
	for (size_t i = 0; i < count; i++) {
		char *end;

		if (strchr("-0123456789", *word) == NULL || *word == '\0')
			return false;
		numbers[i] = strtoll(word, &end, 10);
		if (end == word || *end != ',')
			return false;
		word = end + 1;
	}
	return text_copy(rest, rest_size, word);
}

void
doctor_seen_word(const struct doctor_seen *s, char out[static DOCTOR_WORD_SIZE])
{
	snprintf(out, DOCTOR_WORD_SIZE, "%d,%d,%" PRId64 ",%d,%" PRId64
	    ",%d,%d,%d,%" PRId64 ",%s", s->ntp, (int)s->system.kind,
	    s->system.number, (int)s->license.kind, s->license.number,
	    s->as_user, s->is_given, s->speaks_v3, s->vendor_pid, s->target);
}

bool
doctor_read_seen(const char *word, struct doctor_seen *out)
{
	int64_t n[9];

	*out = (struct doctor_seen){.told = false};
	if (!read_word(word, n, 9, out->target, sizeof(out->target)) ||
	    n[0] < -1 || n[0] > 1 || n[1] < 0 || n[1] >= POLLER_KINDS ||
	    n[3] < 0 || n[3] >= POLLER_KINDS)
		return false;
	out->told = true;
	out->ntp = (int)n[0];
	out->system = (struct poller_answer){(enum poller_kind)n[1], n[2]};
	out->license = (struct poller_answer){(enum poller_kind)n[3], n[4]};
	out->as_user = n[5] != 0;
	out->is_given = n[6] != 0;
	out->speaks_v3 = n[7] != 0;
	out->vendor_pid = n[8];
	return true;
}

void
doctor_agent_word(const struct doctor_agent *a,
    char out[static DOCTOR_WORD_SIZE])
{
	snprintf(out, DOCTOR_WORD_SIZE, "%d,%d,%" PRId64 ",%" PRId64 ",%" PRId64
	    ",%" PRId64 ",%d,%" PRId64 ",%" PRId64 ",%" PRId64 ",%s",
	    a->caller_may, a->storage_up, a->pid, a->start_s,
	    a->heartbeat_age_s, a->agentx, a->agentx_refused,
	    a->agentx_connects, a->trust, a->offset_s, a->listeners);
}

bool
doctor_read_agent(const char *word, struct doctor_agent *out)
{
	int64_t n[10];

	*out = (struct doctor_agent){.told = false};
	if (!read_word(word, n, 10, out->listeners, sizeof(out->listeners)) ||
	    names_row(NAMES_TRUST, (int)n[8]) == NULL)
		return false;
	*out = (struct doctor_agent){
		.told = true,
		.caller_may = n[0] != 0,
		.storage_up = n[1] != 0,
		.pid = n[2],
		.start_s = n[3],
		.heartbeat_age_s = n[4],
		.agentx = n[5],
		.agentx_refused = n[6] != 0,
		.agentx_connects = n[7],
		.trust = n[8],
		.offset_s = n[9],
	};
	return read_word(word, n, 10, out->listeners, sizeof(out->listeners));
}
