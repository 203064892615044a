/* SPDX-License-Identifier: ISC */
/*
 * One document for one machine that is known here: its request is verified,
 * the event is committed, then it is printed. It changes no record.
 */
#include "license/authority/time_reset.h"

#include <stdio.h>
#include <string.h>

#include "license/authority/arguments.h"
#include "license/authority/database.h"
#include "license/authority/event.h"
#include "license/authority/init.h"
#include "license/authority/issue.h"
#include "license/authority/key.h"
#include "license/authority/output.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/verify.h"

enum { ERROR_MAX = 8192, ANSWER_DAYS = 31 };

static bool
read_request(const char *path, struct request *out, struct buf *error)
{
	struct doc_fault fault = { .error = DOC_OK };
	struct doc_frame frame;
	char shown[128], why[256];
	struct buf bytes;
	bool good;

	buf_init(&bytes, DOCUMENT_MAX);
	text_printable(path, shown, sizeof(shown));
	good = key_read_file(path, &bytes, error);
	if (!good)
		goto out;
	fault.error = doc_frame_read(buf_text(&bytes), bytes.len,
	    PURPOSE_REQUEST, &frame);
	if (fault.error == DOC_OK)
		fault.error = doc_verify_machine(&frame);
	good = fault.error == DOC_OK && request_decode(&frame, out, &fault);
	if (!good) {
		doc_fault_text(&fault, why, sizeof(why));
		buf_printf(error, "%s is not a good request: %s", shown, why);
	} else if (out->ask != ASK_OFFLINE) {
		buf_printf(error, "%s is not the output of `fcli show "
		    "license_hardware_data`", shown);
		good = false;
	}
out:
	buf_fini(&bytes);
	return good;
}

/* The subscription of the machine; a stranger's clock is not ours to set. */
static bool
find_machine(struct database *database, const struct request *r,
    char out[static TEXT_64], struct buf *error)
{
	struct machine m;
	int n = database_machine_after(database, r->machine_key, "", &m);

	if (n == 1)
		text_copy(out, TEXT_64, m.subscription);
	else if (n == 0)
		n = database_offline_owner(database, r->machine_key,
		    r->product, out);
	if (n == -1)
		buf_puts(error, database_error(database));
	if (n == 0)
		buf_puts(error, "no machine of this key has a license from "
		    "here; see `machine list`");
	return n == 1;
}

static bool
audit(struct database *database, const struct request *r,
    const char *subscription, utc_t now, struct buf *error)
{
	struct change change = { .event_count = 0 };
	char created[UTC_TEXT_SIZE];

	utc_text(r->created, created);
	text_copy(change.subscription.id, TEXT_64, subscription);
	event_add(&change, EVENT_TIME_RESET, now, "its clock said %s",
	    created);
	memcpy(change.events[0].key, r->machine_key, KEY_SIZE);
	if (database_begin(database) == 0 &&
	    database_store(database, &change) == 0 &&
	    database_commit(database) == 0)
		return true;
	buf_puts(error, database_error(database));
	return false;
}

static void
tell(const struct request *r, const char *subscription, utc_t now)
{
	char created[UTC_TEXT_SIZE], text[UTC_TEXT_SIZE];

	utc_text(r->created, created);
	utc_text(now, text);
	fprintf(stderr, "%s: its clock said %s; this says %s.\nSet the "
	    "machine's clock, then put this at LICENSE-FILE.time-reset there, "
	    "within %d days. It counts once.\n", subscription, created, text,
	    ANSWER_DAYS);
}

int
time_reset_command(const struct arguments *a, struct output *o)
{
	const char *directory = arguments_directory(a);
	struct time_reset reset = { .has = bit(TIME_RESET_COUNT) - 1,
		.issued = clock_wall() };
	char subscription[TEXT_64];
	struct database *database = NULL;
	struct issuer *issuer = NULL;
	struct buf error, document;
	struct request r;
	bool good = false;

	buf_init(&error, ERROR_MAX);
	buf_init(&document, DOCUMENT_MAX);
	if (!read_request(a->operand, &r, &error))
		goto out;
	issuer = init_issuer(directory, &error);
	database = issuer ? init_database(directory, &error) : NULL;
	if (!database || !find_machine(database, &r, subscription, &error))
		goto out;
	memcpy(reset.machine_key, r.machine_key, KEY_SIZE);
	memcpy(reset.nonce, r.nonce, NONCE_SIZE);
	if (!issue_time_reset(issuer, &reset, &document)) {
		buf_puts(&error, "it cannot be signed: the signer's time is "
		    "over; see `key list`");
		goto out;
	}
	good = audit(database, &r, subscription, reset.issued, &error);
	if (good)
		tell(&r, subscription, reset.issued);
	good = good && key_print(&document, o);
out:
	if (!good)
		output_error("%s", buf_text(&error));
	database_close(database);
	issuer_free(issuer);
	buf_fini(&document);
	buf_fini(&error);
	return good ? 0 : 1;
}
