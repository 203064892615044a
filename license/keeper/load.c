/* SPDX-License-Identifier: ISC */
/*
 * What is on disk, at start and whenever the license file changes: which
 * document is in force, what is kept aside, what is healed. It talks to no
 * authority.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "license/answer.h"
#include "license/base/clock.h"
#include "license/base/log.h"
#include "license/keeper/disk.h"
#include "license/keeper/holding.h"
#include "license/keeper/view.h"

enum { FILE_MAX = 65536, SETTLE_S = 3 };

/* A license found somewhere, and whether it is any good. */
struct candidate {
	bool good;
	struct buf bytes;
	struct license license;
	struct doc_fault fault;
};

static bool
is_in_force(const struct holding *holding, const struct buf *bytes)
{
	return holding->facts.has_license &&
	    bytes->len == holding->license_bytes.len &&
	    memcmp(bytes->data, holding->license_bytes.data, bytes->len) == 0;
}

/* What is in force was judged when it was taken. */
static void
judge(const struct holding *holding, struct candidate *c)
{
	c->good = is_in_force(holding, &c->bytes) ||
	    license_admit(buf_text(&c->bytes), c->bytes.len, &holding->keyring,
		holding->config.product, &c->license, &c->fault);
}

static bool
is_foreign(const struct holding *holding, const struct license *license)
{
	return license->mode == MODE_ONLINE && memcmp(license->machine_key,
	    holding->keeper->machine_key, KEY_SIZE) != 0;
}

/*
 * Is ${file} to be taken in place of the one held? A license for this machine
 * beats another machine's; then the later document of one license; of two
 * licenses the one issued later, since that is what a person put there.
 */
bool
holding_supersedes(const struct holding *holding, const struct license *file)
{
	const struct license *held = &holding->facts.license;
	bool file_foreign = is_foreign(holding, file);
	bool held_foreign = is_foreign(holding, held);

	if (file_foreign != held_foreign)
		return held_foreign;
	if (holding->facts.revoked_from.s != 0)
		return true;
	if (strcmp(file->id, held->id) == 0)
		return file->sequence > held->sequence;
	return utc_before(held->issued, file->issued);
}

bool
holding_replace(struct buf *to, const void *bytes, size_t len)
{
	struct buf copy;

	buf_init(&copy, to->max);
	buf_add(&copy, bytes, len);
	if (copy.failed) {
		buf_fini(&copy);
		return false;
	}
	buf_fini(to);
	*to = copy;
	return true;
}

/* Whether anyone refreshes it may have changed with the document. */
static void
plan_again(struct holding *holding)
{
	struct license_facts *facts = &holding->facts;

	if (!policy_refreshes(facts)) {
		facts->next_attempt = (utc_t){0};
		holding_cancel(holding, "A license that is not refreshed was "
			"put in place");
	} else if (facts->next_attempt.s == 0) {
		facts->next_attempt = policy_next(facts,
		    keeper_now(holding->keeper), keeper_random());
	}
}

/* A machine that starts in 1970 must not find its license not yet valid. */
static void
learn_bound(struct keeper *keeper, utc_t issued)
{
	struct clock_reading reading;

	clock_read(&reading);
	timekeeping_learn_bound(&keeper->agent.clock, &reading, issued);
}

bool
holding_take(struct holding *holding, const struct buf *bytes,
    const struct license *license)
{
	struct license_facts *facts = &holding->facts;

	if (!holding_replace(&holding->license_bytes, bytes->data, bytes->len))
		return false;
	holding->kept = false;
	facts->sequence = policy_highest(facts);
	facts->license = *license;
	facts->has_license = true;
	facts->revoked_from = (utc_t){0};
	facts->file_detail[0] = '\0';
	holding->refused[0] = '\0';
	if (facts->has_refusal && policy_refused(facts) == 0) {
		facts->has_refusal = false;
		facts->grace_from = (utc_t){0};
	}
	facts->sequence = policy_highest(facts);
	learn_bound(holding->keeper, license->issued);
	plan_again(holding);
	holding->keeper->dirty = true;
	return true;
}

void
holding_refuse(struct holding *holding, const char *path, const char *why)
{
	bool usual = strcmp(path, holding->config.license_file) == 0;

	snprintf(holding->refused, sizeof(holding->refused), "%s%s%s",
	    usual ? "" : path, usual ? "" : ": ", why);
	holding_record_refused(holding, holding->refused);
}

static void
describe_rejection(struct holding *holding, const struct candidate *c,
    bool older)
{
	const char *path = holding->config.license_file;
	char why[DETAIL_SIZE];

	if (older)
		text_copy(why, sizeof(why), "a newer license is in force");
	else
		file_fault_text(buf_text(&c->bytes), c->bytes.len, &c->fault,
		    why, sizeof(why));
	text_copy(holding->facts.file_detail,
	    sizeof(holding->facts.file_detail), why);
	log_error("The license file %s is not used: %s", path, why);
	holding_refuse(holding, path, why);
}

/* What was said of another file there is over; not that of a revoked signer. */
static void
in_its_place(struct license_facts *facts)
{
	facts->file_state = LICENSE_FILE_GOOD;
	if (facts->revoked_from.s == 0)
		facts->file_detail[0] = '\0';
}

bool
holding_place(struct holding *holding)
{
	struct keeper *keeper = holding->keeper;
	struct license_facts *facts = &holding->facts;
	const struct buf *bytes = &holding->license_bytes;
	const char *path = holding->config.license_file;
	mono_t started = clock_boot();

	if (keeper->reading_only || !facts->has_license)
		return true;
	/* The state directory first: it is what a torn path heals from. */
	if (!holding->kept)
		holding->kept = storage_result(keeper, "the license",
		    disk_write(keeper->directory, facts->name, DISK_LICENSE,
			bytes->data, bytes->len), started);
	bool placed = disk_place(path, bytes->data, bytes->len) == 0;
	enum license_file before = facts->file_state;
	bool failed_before = facts->storage_failed;
	if (placed)
		in_its_place(facts);
	else
		facts->file_state = errno == EEXIST ? LICENSE_FILE_STRANGER :
						      LICENSE_FILE_UNWRITABLE;
	if (!placed && before != facts->file_state)
		log_error("Cannot put the license at %s: %s", path,
		    errno == EEXIST ? "another program's file is there; set "
				      "license-file to a path of our own" :
				      strerror(errno));
	if (placed && before == LICENSE_FILE_UNWRITABLE)
		log_info("The license is at %s again", path);
	facts->storage_failed = !holding->kept ||
	    facts->file_state == LICENSE_FILE_UNWRITABLE;
	keeper->dirty |= before != facts->file_state ||
	    failed_before != facts->storage_failed;
	/* Looked at once more: a person's file may have come in between. */
	if (placed)
		holding->watched = (struct file_identity){.size = -1};
	return holding->kept;
}

static void
put_back(struct holding *holding)
{
	holding_place(holding);
	if (holding->facts.file_state == LICENSE_FILE_GOOD)
		holding_record_put_back(holding);
}

/* Our own file that is not to be used, with a good one to fall back on. */
static void
set_aside(struct holding *holding, const struct candidate *c, bool older)
{
	const char *path = holding->config.license_file;

	describe_rejection(holding, c, older);
	if (holding->keeper->reading_only)
		return;
	if (disk_reject(path) == -1)
		log_error("Cannot keep %s aside: %s", path, strerror(errno));
	put_back(holding);
}

static void
nothing_good(struct holding *holding, enum disk_found found,
    const struct candidate *c)
{
	struct license_facts *facts = &holding->facts;

	switch (found) {
	case DISK_OURS:
		facts->file_state = LICENSE_FILE_REJECTED;
		describe_rejection(holding, c, false);
		break;
	case DISK_STRANGER:
		facts->file_state = LICENSE_FILE_STRANGER;
		log_error("%s holds another program's file: it is left alone; "
			  "set license-file to a path of our own",
		    holding->config.license_file);
		break;
	case DISK_UNREADABLE:
		facts->file_state = LICENSE_FILE_UNWRITABLE;
		log_error("%s cannot be read: %s", holding->config.license_file,
		    strerror(errno));
		break;
	case DISK_ABSENT:
		facts->file_state = LICENSE_FILE_ABSENT;
		break;
	}
	holding->keeper->dirty = true;
}

static void
consider(struct holding *holding, enum disk_found found, struct candidate *c)
{
	struct license_facts *facts = &holding->facts;

	if (!facts->has_license) {
		if (found != DISK_OURS || !c->good) {
			nothing_good(holding, found, c);
			return;
		}
		if (holding_take(holding, &c->bytes, &c->license)) {
			holding_record_taken(holding, NULL);
			holding_place(holding);
		}
		return;
	}
	if (found != DISK_OURS) {
		/* Absent: healed. A stranger's: said once, left alone. */
		put_back(holding);
		return;
	}
	if (is_in_force(holding, &c->bytes)) {
		in_its_place(facts);
		return;
	}
	if (c->good && holding_supersedes(holding, &c->license)) {
		const struct license before = facts->license;

		if (holding_stage(holding, &c->bytes, &c->license) ||
		    !holding_take(holding, &c->bytes, &c->license))
			return;
		log_info("The license file %s was replaced: it is in force",
		    holding->config.license_file);
		holding_record_taken(holding, &before);
		holding_place(holding);
		return;
	}
	set_aside(holding, c, c->good);
}

void
holding_look(struct holding *holding, bool force)
{
	const char *path = holding->config.license_file;
	struct file_identity now;
	struct candidate c = {.good = false};

	if (policy_watches(&holding->facts))
		return; /* FastNetMon's file is FastNetMon's */
	holding_look_next(holding);
	holding_look_aside(holding);
	file_identify(path, &now);
	if (!force && file_same(&now, &holding->watched))
		return;
	holding->watched = now;
	buf_init(&c.bytes, FILE_MAX);
	enum disk_found found = disk_look(path, &c.bytes);
	if (c.bytes.failed) {
		/* Out of memory is no reason to call a file bad. */
		holding->watched = (struct file_identity){.size = -1};
		goto out;
	}
	if (found == DISK_OURS)
		judge(holding, &c);
	/* A copy may still be under way: look again soon. */
	int64_t age_s = clock_wall().s - now.modified_ns / 1000000000;
	bool young = !force && age_s >= 0 && age_s < SETTLE_S;
	if (found == DISK_OURS && !c.good &&
	    holding_drop_in(holding, path, &c.bytes, young)) {
		holding_place(holding);
	} else if (young && found == DISK_OURS && !c.good) {
		holding->watched = (struct file_identity){.size = -1};
		holding->keeper->next_look.ns = clock_boot().ns +
		    SETTLE_S * 1000000000LL;
	} else {
		consider(holding, found, &c);
	}
	holding->keeper->dirty = true;
out:
	buf_fini(&c.bytes);
}

static void
load_kept(struct holding *holding)
{
	struct candidate c = {.good = false};

	buf_init(&c.bytes, FILE_MAX);
	if (disk_read(holding->keeper->directory, holding->config.name,
		DISK_LICENSE, &c.bytes) == 0) {
		judge(holding, &c);
		if (c.good)
			holding->kept = holding_take(holding, &c.bytes,
			    &c.license);
		else if (!holding_revive(holding, &c.bytes))
			log_warn("The license kept in %s is not used: %s",
			    holding->keeper->directory,
			    doc_error_sentence(c.fault.error));
	}
	buf_fini(&c.bytes);
}

static bool
read_kept(struct holding *holding, enum disk_kind kind, struct buf *out)
{
	if (disk_read(holding->keeper->directory, holding->facts.name, kind,
		out) == 0)
		return true;
	if (errno != ENOENT) {
		log_warn("What is kept for %s in %s cannot be read: %s",
		    holding->facts.name, holding->keeper->directory,
		    strerror(errno));
		holding->unread = true;
	}
	return false;
}

static void
load_refusal(struct holding *holding)
{
	struct license_facts *facts = &holding->facts;
	struct doc_fault fault;
	struct buf bytes;

	buf_init(&bytes, FILE_MAX);
	if (!read_kept(holding, DISK_REFUSAL, &bytes))
		goto out;
	if (refusal_admit(buf_text(&bytes), bytes.len, &holding->keyring,
		holding->keeper->machine_key, &facts->refusal, &fault)) {
		holding_replace(&holding->refusal_bytes, bytes.data, bytes.len);
		facts->has_refusal = true;
		facts->has_refusal = policy_refused(facts) != 0;
		/* A crash may have come before the state said when. */
		if (policy_refusal(policy_refused(facts))->starts_grace &&
		    facts->grace_from.s == 0)
			facts->grace_from = facts->refusal.issued;
	}
out:
	buf_fini(&bytes);
}

static void
load_request(struct holding *holding)
{
	struct buf bytes;

	buf_init(&bytes, DOCUMENT_MAX);
	if (read_kept(holding, DISK_REQUEST, &bytes) &&
	    !holding_adopt_request(holding, &bytes))
		log_warn("The request kept for %s is not used",
		    holding->facts.name);
	buf_fini(&bytes);
}

void
holding_load_unread(struct holding *holding)
{
	if (!holding->unread)
		return;
	holding->unread = false;
	if (!holding->facts.has_refusal)
		load_refusal(holding);
	if (holding->request_bytes.len == 0)
		load_request(holding);
	holding->keeper->dirty = true;
}

void
holding_load(struct holding *holding)
{
	holding_recall(holding);
	holding_recall_refreshes(holding);
	if (policy_watches(&holding->facts)) {
		policy_forget_future(&holding->facts,
		    keeper_now(holding->keeper));
		return;
	}
	holding_recall_revoked(holding);
	load_kept(holding);
	holding_look(holding, true);
	holding_succeed(holding);
	holding->unread = true;
	holding_load_unread(holding);
	holding->facts.sequence = policy_highest(&holding->facts);
	/* A clock that was ahead may have been healed on a full disk. */
	policy_forget_future(&holding->facts, keeper_now(holding->keeper));
	/* What differs next time needs two readings again. */
	if (policy_mismatch(&holding->facts, keeper_now(holding->keeper)) == 0)
		holding->facts.mismatch_confirmed = false;
}
