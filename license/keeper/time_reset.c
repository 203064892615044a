/* SPDX-License-Identifier: ISC */
/*
 * A wrong memory of the time, cleared by hand: the vendor's answer to an
 * offline request of this machine. All such requests bear one nonce, so that
 * whichever was mailed is answered, and a reset uses it up: it cannot turn
 * the clock back again. What the marks become is license/timekeeping.h's.
 */
#include <stdio.h>
#include <string.h>

#include "license/base/clock.h"
#include "license/base/log.h"
#include "license/keeper/holding.h"
#include "license/keeper/view.h"
#include "license/sign.h"
#include "license/verify.h"

enum {
	/* A new nonce then; the one before may be on its way so long. */
	NONCE_RENEW_S = 31 * DAY_S,
	NONCE_GOOD_S = 62 * DAY_S,
};

bool
keeper_offline_nonce(struct keeper *keeper, uint8_t out[NONCE_SIZE])
{
	utc_t now = keeper_now(keeper);
	int64_t age_s = now.s - keeper->offline_made.s;

	if (keeper->offline_made.s != 0 && age_s < NONCE_RENEW_S) {
		memcpy(out, keeper->offline_nonce, NONCE_SIZE);
		return true;
	}
	if (!random_bytes(out, NONCE_SIZE))
		return false;
	/* Nobody will know it again: it is as good for a license as any. */
	if (keeper->reading_only)
		return true;
	memcpy(keeper->offline_nonce, out, NONCE_SIZE);
	keeper->offline_made = now;
	(void)keeper_persist_clock(keeper);
	return true;
}

static bool
read_reset(const struct holding *holding, const struct buf *bytes,
    struct time_reset *out, char why[DETAIL_SIZE])
{
	struct doc_fault fault = {.error = DOC_OK};
	struct doc_frame frame;

	fault.error = doc_frame_read(buf_text(bytes), bytes->len,
	    PURPOSE_TIME_RESET, &frame);
	if (fault.error == DOC_OK)
		fault.error = doc_verify(&frame, &holding->keyring);
	if (fault.error == DOC_OK && time_reset_decode(&frame, out, &fault))
		return true;
	doc_fault_text(&fault, why, DETAIL_SIZE);
	return false;
}

/* NULL, or why it is not for this machine now. */
static const char *
misfit(struct keeper *keeper, const struct time_reset *reset)
{
	if (memcmp(reset->machine_key, keeper->machine_key, KEY_SIZE) != 0)
		return "it is for another machine";
	if (keeper->offline_made.s == 0 || memcmp(reset->nonce,
		keeper->offline_nonce, NONCE_SIZE) != 0)
		return "it was used before, or answers another request; send "
		       "the vendor the output of 'fcli show "
		       "license_hardware_data' as it is now";
	if (keeper_now(keeper).s - keeper->offline_made.s >= NONCE_GOOD_S)
		return "it answers a request that is too old; send the vendor "
		       "the output of 'fcli show license_hardware_data' as it "
		       "is now";
	return NULL;
}

enum dropped
holding_reset_time(struct holding *holding, const struct buf *bytes,
    char why[DETAIL_SIZE])
{
	struct keeper *keeper = holding->keeper;
	struct clock_memory before = keeper->agent.clock;
	utc_t made = keeper->offline_made;
	struct clock_reading reading;
	struct time_reset reset;
	char text[UTC_TEXT_SIZE];

	if (!read_reset(holding, bytes, &reset, why))
		return DROPPED_BAD;
	const char *clause = misfit(keeper, &reset);
	if (clause != NULL) {
		text_copy(why, DETAIL_SIZE, clause);
		return DROPPED_BAD;
	}
	clock_read(&reading);
	timekeeping_reset(&keeper->agent.clock, &reading, reset.issued);
	keeper->offline_made = (utc_t){0};
	/* Used up on disk first: a crash must not let it count twice. */
	if (!keeper_persist_clock(keeper)) {
		keeper->agent.clock = before;
		keeper->offline_made = made;
		text_copy(why, DETAIL_SIZE, "the state cannot be written");
		return DROPPED_LATER;
	}
	utc_t now = keeper_now(keeper);
	keeper_forget_future(keeper, now);
	keeper_take_clock(keeper);
	utc_text(now, text);
	log_warn("The memory of the time was reset by the vendor's file: it "
		 "is %s now", text);
	return DROPPED_TAKEN;
}
