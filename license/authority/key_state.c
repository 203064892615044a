/* SPDX-License-Identifier: ISC */
/*
 * Who signs, who did, how long; and a signer that stops. It makes no key.
 */
#include "license/authority/key.h"

#include <stdio.h>
#include <string.h>

#include "license/authority/arguments.h"
#include "license/authority/database.h"
#include "license/authority/init.h"
#include "license/authority/issue.h"
#include "license/authority/output.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/keyring.h"
#include "license/sign.h"

enum { ERROR_MAX = 8192, TEXT_MAX = 64 * 1024 };

struct listing {
	struct output *output;
	utc_t now;
	bool signs; /* there is a signer */
	bool told;  /* it was among the recorded */
	uint8_t signer[KEY_SIZE];
	utc_t until;
	struct revoked list;
};

static void
put_row(struct listing *l, const uint8_t key[KEY_SIZE], const char *state,
    utc_t until, const char *advice)
{
	char text[BASE64_SIZE(KEY_SIZE)];

	base64_encode(key, KEY_SIZE, text);
	output_row(l->output);
	output_text(l->output, "key", text);
	output_text(l->output, "state", state);
	output_instant(l->output, "until", until);
	if (until.s == 0)
		output_text(l->output, "days", "");
	else
		output_number(l->output, "days", utc_days(until, l->now));
	output_text(l->output, "what_to_do", advice);
}

static void
put_signing(struct listing *l)
{
	int64_t days = utc_days(l->until, l->now);

	l->told = true;
	if (utc_before(l->until, l->now))
		put_row(l, l->signer, "over", l->until,
		    "nothing is issued: key rotate, at once");
	else
		put_row(l, l->signer, "signing", l->until,
		    days >= KEY_WARN_DAYS ? "" : days >= KEY_ERROR_DAYS ?
		    "key rotate, soon" : "key rotate, at once");
}

static bool
each_signer(void *self, const struct signer_record *s)
{
	struct listing *l = self;

	if (revoked_has(&l->list, s->key))
		put_row(l, s->key, "revoked", s->until, "");
	else if (!l->signs || memcmp(l->signer, s->key, KEY_SIZE) != 0)
		put_row(l, s->key, "retired", s->until, "");
	else
		put_signing(l);
	return true;
}

/* The secret of a signer that is not certified yet; false: there is none. */
static bool
waiting_key(const char *directory, uint8_t out[static KEY_SIZE])
{
	struct signing_key *key = NULL;
	struct buf pem, why;

	buf_init(&pem, TEXT_MAX);
	buf_init(&why, ERROR_MAX);
	if (init_there(directory, FILE_NEXT_SECRET) &&
	    init_read(directory, FILE_NEXT_SECRET, &pem, &why))
		key = signing_key_parse(buf_text(&pem));
	if (key)
		signing_key_public(key, out);
	if (pem.data)
		secret_wipe(pem.data, pem.len);
	buf_fini(&why);
	buf_fini(&pem);
	signing_key_free(key);
	return key != NULL;
}

static bool
look(struct listing *l, const char *directory, struct buf *why)
{
	struct issuer *issuer = init_issuer(directory, why);

	l->signs = issuer != NULL;
	if (issuer) {
		issuer_key(issuer, l->signer);
		l->until = issuer_until(issuer);
	}
	issuer_free(issuer);
	return l->signs;
}

int
key_list(const struct arguments *a, struct output *o)
{
	const char *directory = arguments_directory(a);
	struct listing l = { .output = o, .now = clock_wall() };
	struct database *database;
	struct keyring roots = { 0 };
	struct buf error, why;
	uint8_t waiting[KEY_SIZE];
	bool good = false;

	buf_init(&error, ERROR_MAX);
	buf_init(&why, ERROR_MAX);
	database = init_database(directory, &error);
	if (!database || !init_roots(directory, &roots, &error) ||
	    !init_revoked(directory, &l.list, NULL, &error))
		goto out;
	look(&l, directory, &why);
	output_list(o, "keys");
	for (size_t i = 0; i < roots.root_count; i++)
		put_row(&l, roots.root[i], init_there(directory,
		    FILE_ROOT_SECRET) ? "root, here" : "root, off line",
		    (utc_t){ 0 }, init_there(directory, FILE_ROOT_SECRET) ?
		    "move root.pem off line" : "");
	if (database_signers(database, each_signer, &l) == -1) {
		buf_puts(&error, database_error(database));
		goto out;
	}
	/* Of a database that was restored from a backup it is not. */
	if (l.signs && !l.told)
		put_signing(&l);
	if (waiting_key(directory, waiting) &&
	    (!l.signs || memcmp(waiting, l.signer, KEY_SIZE) != 0))
		put_row(&l, waiting, "waiting", (utc_t){ 0 },
		    "key certify, then key rotate --certificate");
	good = output_print(o);
	if (good && !l.signs)
		fprintf(stderr, "There is no signer, and nothing is issued: "
		    "%s\n", buf_text(&why));
out:
	if (!good)
		output_error("%s", buf_text(&error));
	database_close(database);
	buf_fini(&why);
	buf_fini(&error);
	return good ? 0 : 1;
}

static bool
retire(const struct arguments *a, const uint8_t key[KEY_SIZE],
    struct buf *error)
{
	const char *directory = arguments_directory(a);
	struct listing l = { .now = clock_wall() };
	uint8_t waiting[KEY_SIZE];
	bool signed_now = false;
	struct buf why;

	buf_init(&why, ERROR_MAX);
	look(&l, directory, &why);
	buf_fini(&why);
	if (l.signs && memcmp(l.signer, key, KEY_SIZE) == 0) {
		if (!arguments_has(a, OPTION_YES)) {
			buf_puts(error, "this signer signs now: without it "
			    "nothing is issued until `key rotate` has made "
			    "another, which retires this one too; --yes "
			    "retires it all the same");
			return false;
		}
		/* A crash may have left it where one that waits is. */
		if (!init_remove(directory, FILE_SIGNER_SECRET, error))
			return false;
		signed_now = true;
	}
	if (waiting_key(directory, waiting) &&
	    memcmp(waiting, key, KEY_SIZE) == 0)
		return init_remove(directory, FILE_NEXT_SECRET, error);
	if (signed_now)
		return true;
	buf_puts(error, "this signer does not sign; see `key list`");
	return false;
}

int
key_retire(const struct arguments *a, struct output *o)
{
	struct database *database = NULL;
	uint8_t key[KEY_SIZE];
	struct buf error;
	bool good;

	buf_init(&error, ERROR_MAX);
	good = key_operand(a, key, &error);
	database = good ? init_database(arguments_directory(a), &error) :
	    NULL;
	good = database && retire(a, key, &error) &&
	    key_audit(database, EVENT_KEY_RETIRE, a->operand, &error);
	if (good) {
		output_note(o, "It signs no more: its secret is gone. What it "
		    "signed stays good.");
		output_text(o, "key", a->operand);
		output_text(o, "state", "retired");
	} else {
		output_error("%s", buf_text(&error));
	}
	database_close(database);
	buf_fini(&error);
	return good && output_print(o) ? 0 : 1;
}
