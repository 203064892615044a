/* SPDX-License-Identifier: ISC */
/*
 * FastNetMon's metrics page from anywhere: whatever it says, a report can be
 * made of it, and that decodes again.
 */
#include <stdint.h>

#include "license/usage.h"
#include "tests/facts.h"
#include "tests/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct usage_platform platform = {.kernel = "6.1"};
	size_t half = size / 2;
	struct usage_page pages[2];
	struct license_facts facts;
	union sample_value value;
	struct stats stats;
	struct buf out;

	usage_page_read((const char *)data, size - half, &pages[0]);
	usage_page_read((const char *)data + (size - half), half, &pages[1]);
	facts_bare(&facts);
	text_copy(facts.product, sizeof(facts.product), "P");
	sample_public(SAMPLE_MACHINE, facts.machine_key);
	for (size_t looks = 0; looks <= 2; looks++) {
		usage_compose(&facts, &platform, (utc_t){FACTS_NOON}, &stats);
		usage_add_pages(pages, looks, 1000, &stats);
		buf_init(&out, DOCUMENT_MAX);
		sample_begin(PURPOSE_STATS, &out);
		if (!stats_encode(&stats, &out))
			abort();
		sample_seal(&out, SAMPLE_MACHINE);
		if (sample_judge(out.data, out.len, PURPOSE_STATS, NULL,
			&value) != DOC_OK)
			abort();
		buf_fini(&out);
	}
	return 0;
}
