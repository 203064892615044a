/* SPDX-License-Identifier: ISC */
/*
 * The license that follows: put at PATH.next, or over the license file before
 * it begins. It waits beside the one in force and takes over on time. It asks
 * no authority.
 */
#include <stdio.h>
#include <string.h>

#include "license/answer.h"
#include "license/base/log.h"
#include "license/keeper/disk.h"
#include "license/keeper/holding.h"

enum { NEXT_PATH_SIZE = KEEPER_PATH_SIZE + 8, NEXT_MAX = 65536 };

static void
next_path(const struct holding *holding, char out[NEXT_PATH_SIZE])
{
	snprintf(out, NEXT_PATH_SIZE, "%s.next", holding->config.license_file);
}

static void
forget(struct holding *holding)
{
	struct license_facts *facts = &holding->facts;

	if (facts->has_successor)
		holding->keeper->dirty = true;
	facts->has_successor = false;
	facts->successor_not_before = facts->successor_expiry = (utc_t){0};
	buf_fini(&holding->next_bytes);
}

static bool
wait_with(struct holding *holding, const struct buf *bytes,
    const struct license *license)
{
	struct license_facts *facts = &holding->facts;

	if (!holding_replace(&holding->next_bytes, bytes->data, bytes->len))
		return false;
	holding->next = *license;
	facts->has_successor = true;
	facts->successor_not_before = license->not_before;
	facts->successor_expiry = utc_min(license->lease_end,
	    license->term_end);
	holding->keeper->dirty = true;
	return true;
}

bool
holding_stage(struct holding *holding, const struct buf *bytes,
    const struct license *license)
{
	char path[NEXT_PATH_SIZE];

	if (!utc_before(keeper_now(holding->keeper), license->not_before))
		return false;
	if (!wait_with(holding, bytes, license) ||
	    holding->keeper->reading_only)
		return true;
	next_path(holding, path);
	/* Where it cannot wait, it stays over the license it follows. */
	if (disk_place(path, bytes->data, bytes->len) == -1) {
		log_error("%s begins later and cannot wait at %s: it is left "
			  "where it is", holding->config.license_file, path);
		return true;
	}
	file_identify(path, &holding->next_watched);
	log_info("The license file %s begins later: it waits at %s",
	    holding->config.license_file, path);
	holding_place(holding);
	return true;
}

void
holding_look_next(struct holding *holding)
{
	char path[NEXT_PATH_SIZE];
	struct file_identity now;
	struct license license;
	struct doc_fault fault;
	char why[DETAIL_SIZE] = "";
	struct buf bytes;

	next_path(holding, path);
	bool there = file_identify(path, &now);
	if (file_same(&now, &holding->next_watched))
		return;
	holding->next_watched = now;
	if (!there) {
		forget(holding);
		return;
	}
	buf_init(&bytes, NEXT_MAX);
	enum disk_found found = disk_look(path, &bytes);
	if (bytes.failed)
		holding->next_watched = (struct file_identity){.size = -1};
	else if (found != DISK_OURS)
		log_warn("%s is not a license of ours: it is left alone", path);
	else if (!license_admit(buf_text(&bytes), bytes.len, &holding->keyring,
		holding->config.product, &license, &fault))
		file_fault_text(buf_text(&bytes), bytes.len, &fault, why,
		    sizeof(why));
	else if (holding->facts.has_license &&
	    !holding_supersedes(holding, &license))
		text_copy(why, sizeof(why), "it is not newer than the one in "
			"force");
	else
		(void)wait_with(holding, &bytes, &license);
	buf_fini(&bytes);
	if (why[0] == '\0')
		return;
	log_error("The license that waits at %s is not used: %s", path, why);
	holding_refuse(holding, path, why);
}

void
holding_succeed(struct holding *holding)
{
	struct license_facts *facts = &holding->facts;
	const struct license before = facts->license;
	bool had = facts->has_license;
	char path[NEXT_PATH_SIZE];

	if (!facts->has_successor || utc_before(keeper_now(holding->keeper),
		facts->successor_not_before))
		return;
	if (facts->has_license && !holding_supersedes(holding, &holding->next)) {
		forget(holding);
		return;
	}
	if (!holding_take(holding, &holding->next_bytes, &holding->next))
		return;
	log_info("The license that waited for %s is in force", facts->name);
	holding_record_taken(holding, had ? &before : NULL);
	bool kept = holding_place(holding);
	forget(holding);
	next_path(holding, path);
	struct buf there;
	buf_init(&there, NEXT_MAX);
	/* Not before it is safe elsewhere, and only if it is that one. */
	if (kept && !holding->keeper->reading_only &&
	    disk_look(path, &there) == DISK_OURS &&
	    there.len == holding->license_bytes.len &&
	    memcmp(there.data, holding->license_bytes.data, there.len) == 0)
		(void)file_remove(path);
	file_identify(path, &holding->next_watched);
	buf_fini(&there);
}

void
holding_unstage(struct holding *holding)
{
	forget(holding);
	holding->next_watched = (struct file_identity){.size = -1};
}
