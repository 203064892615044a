/* SPDX-License-Identifier: ISC */
/*
 * What an SNMP agent or an AgentX master may answer, and the words that the
 * doctor's programs pass on: read from memory of just that size, twice alike.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "license/doctor_found.h"
#include "license/greeting.h"
#include "license/poller.h"

enum { REQUEST_ID = 0x12345678 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
judge_answer(const uint8_t *bytes, size_t size)
{
	struct poller_answer one = {.number = 0}, two = {.number = 0};
	struct poller_oid oid;

	must(poller_oid_parse("1.3.6.1.2.1.1.3.0", &oid));
	bool is_answer = poller_read(bytes, size, REQUEST_ID, &oid, &one);
	must(poller_read(bytes, size, REQUEST_ID, &oid, &two) == is_answer);
	must(poller_discovered(bytes, size, REQUEST_ID) ==
	    poller_discovered(bytes, size, REQUEST_ID));
	must(!is_answer || (one.kind > POLLER_UNREACHABLE &&
	    one.kind < POLLER_KINDS && one.kind == two.kind &&
	    one.number == two.number));
}

static void
judge_words(const char *text)
{
	char first[DOCTOR_WORD_SIZE], second[DOCTOR_WORD_SIZE];
	struct doctor_seen seen;
	struct doctor_agent agent;
	struct poller_oid oid;

	if (poller_oid_parse(text, &oid))
		must(oid.len >= 2 && oid.len <= POLLER_OID_MAX);
	if (doctor_read_seen(text, &seen)) {
		doctor_seen_word(&seen, first);
		must(doctor_read_seen(first, &seen));
		doctor_seen_word(&seen, second);
		must(strcmp(first, second) == 0);
	}
	if (doctor_read_agent(text, &agent)) {
		doctor_agent_word(&agent, first);
		must(doctor_read_agent(first, &agent));
		doctor_agent_word(&agent, second);
		must(strcmp(first, second) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	uint32_t session;

	if (text == NULL)
		return 0;
	/* A copy of just this size: AddressSanitizer sees a byte too far. */
	uint8_t *copy = malloc(size == 0 ? 1 : size);
	if (copy != NULL) {
		memcpy(copy, data, size);
		judge_answer(copy, size);
		if (size >= GREETING_ANSWER_SIZE)
			(void)greeting_read(copy, 7, &session);
	}
	memcpy(text, data, size);
	text[size] = '\0';
	judge_words(text);
	free(copy);
	free(text);
	return 0;
}
