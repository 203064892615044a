/* SPDX-License-Identifier: ISC */
/*
 * An answer in place of FastNetMon's: what is read of it is a license that
 * every face can tell, or a clause fit for a log says why it is none.
 */
#include <stdint.h>
#include <stdlib.h>

#include "license/base/buf.h"
#include "license/fastnetmon.h"
#include "license/json.h"
#include "license/text.h"
#include "license/report.h"
#include "tests/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_MAX = 1 << 16 };

static void
judge_bytes(const struct buf *out, bool lines)
{
	if (out->failed || out->len == 0)
		abort();
	for (size_t i = 0; i < out->len; i++) {
		unsigned char c = (unsigned char)out->data[i];

		if ((c < ' ' && !(lines && c == '\n')) || c == 0x7f)
			abort();
	}
}

static void
judge_faces(const struct license_facts *facts, utc_t now)
{
	struct report report;
	struct agent_report agent = {.clock_offset_s = 0};
	struct buf out;

	report_make(facts, now, TRUST_TRUSTED, &report);
	buf_init(&out, OUT_MAX);
	text_license(&report, &out);
	text_status(&report, &agent, &out);
	judge_bytes(&out, true);
	buf_clear(&out);
	if (!json_license(&report, &out))
		abort();
	judge_bytes(&out, true);
	buf_fini(&out);
}

static void
take(const struct fastnetmon_license *said)
{
	static const int64_t zones_s[] = {0, 14 * HOUR_S, -14 * HOUR_S};
	struct license_facts facts;

	facts_bare(&facts);
	facts.source = SOURCE_FASTNETMON;
	facts.poll_interval_s = 300;
	for (size_t i = 0; i < sizeof(zones_s) / sizeof(zones_s[0]); i++) {
		utc_t end = fastnetmon_end(said->date, zones_s[i]);
		utc_t now = {FACTS_NOON + (int64_t)i * DAY_S};

		if (said->bandwidth_mbits > 0 && end.s == 0)
			abort();
		fastnetmon_take(&facts, said, end, i != 2, now);
		judge_faces(&facts, now);
		fastnetmon_fail(&facts, RESULT_TIMEOUT, said->issuer, now);
		judge_faces(&facts, utc_add(now, 40 * DAY_S));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fastnetmon_license said;
	struct buf why;

	buf_init(&why, 512);
	if (fastnetmon_read((const char *)data, size, &said, &why))
		take(&said);
	else
		judge_bytes(&why, false);
	buf_fini(&why);
	return 0;
}
