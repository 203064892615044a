/* SPDX-License-Identifier: ISC */
/*
 * What a person without a connection may put beside the license, or over it:
 * a list of revoked signers, a time reset. The license file is restored; what
 * was taken is cleared away, what was not is kept as .rejected.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "license/base/clock.h"
#include "license/base/log.h"
#include "license/keeper/disk.h"
#include "license/keeper/holding.h"

enum { ASIDE_SIZE = KEEPER_PATH_SIZE + 16, FILE_MAX = 65536, SETTLE_S = 3 };

static const struct {
	enum purpose purpose;
	const char *suffix, *what;
	enum dropped (*take)(struct holding *holding, const struct buf *bytes,
	    char why[DETAIL_SIZE]);
} kinds[] = {
	{PURPOSE_REVOKED, "revoked", "list of revoked signers",
		holding_take_revoked},
	{PURPOSE_TIME_RESET, "time-reset", "time reset", holding_reset_time},
};

enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };
_Static_assert(KIND_COUNT == sizeof(((struct holding *)0)->aside) /
	sizeof(struct file_identity), "one identity a kind");

static int
kind_of(const struct buf *bytes)
{
	int purpose = doc_purpose(buf_text(bytes), bytes->len);

	for (int i = 0; i < KIND_COUNT; i++) {
		if ((int)kinds[i].purpose == purpose)
			return i;
	}
	return -1;
}

bool
holding_drop_in(struct holding *holding, const char *path,
    const struct buf *bytes, bool young)
{
	int kind = kind_of(bytes);
	char why[DETAIL_SIZE] = "";

	if (kind == -1 || holding->keeper->reading_only)
		return false;
	enum dropped dropped = kinds[kind].take(holding, bytes, why);
	if (dropped == DROPPED_TAKEN) {
		if (file_remove(path) == -1)
			log_warn("Cannot clear %s: %s", path, strerror(errno));
		return true;
	}
	/* A disk that is full is no fault of the file: later. */
	if (young || dropped == DROPPED_LATER)
		return false;
	log_error("The %s at %s is not taken: %s", kinds[kind].what, path,
	    why);
	holding_refuse(holding, path, why);
	if (disk_reject(path) == -1)
		log_error("Cannot keep %s aside: %s", path, strerror(errno));
	return true;
}

/* True: it is to be looked at again, since it may still be written. */
static bool
look_at(struct holding *holding, int kind)
{
	struct file_identity now;
	char path[ASIDE_SIZE];
	struct buf bytes;
	bool again = false;

	snprintf(path, sizeof(path), "%s.%s", holding->config.license_file,
	    kinds[kind].suffix);
	bool there = file_identify(path, &now);
	if (file_same(&now, &holding->aside[kind]))
		return false;
	holding->aside[kind] = now;
	if (!there)
		return false;
	buf_init(&bytes, FILE_MAX);
	int64_t age_s = clock_wall().s - now.modified_ns / 1000000000;
	bool young = age_s >= 0 && age_s < SETTLE_S;
	if (disk_look(path, &bytes) != DISK_OURS || bytes.failed ||
	    kind_of(&bytes) == -1) {
		again = young;
		if (!young)
			log_warn("%s is no %s: it is left alone", path,
			    kinds[kind].what);
	} else {
		again = !holding_drop_in(holding, path, &bytes, young);
	}
	buf_fini(&bytes);
	return again;
}

void
holding_look_aside(struct holding *holding)
{
	if (holding->keeper->reading_only)
		return;
	for (int i = 0; i < KIND_COUNT; i++) {
		if (!look_at(holding, i))
			continue;
		holding->aside[i] = (struct file_identity){.size = -1};
		holding->keeper->next_look.ns = clock_boot().ns +
		    SETTLE_S * 1000000000LL;
	}
}
