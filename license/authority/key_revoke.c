/* SPDX-License-Identifier: ISC */
/*
 * A signer that must not be believed any more: what that ends is told first.
 * Agents of online licenses go on with the new signer; an offline license of
 * the revoked one is dead once its machine has the list.
 */
#include "license/authority/key.h"

#include <stdio.h>
#include <string.h>

#include "license/authority/arguments.h"
#include "license/authority/certify.h"
#include "license/authority/database.h"
#include "license/authority/init.h"
#include "license/authority/issue.h"
#include "license/authority/output.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/keyring.h"
#include "license/sign.h"

enum { ERROR_MAX = 8192, EXIT_USAGE = 2 };

struct revoking {
	const struct arguments *arguments;
	struct output *output;
	const char *directory;
	struct database *database;
	uint8_t key[KEY_SIZE];
	struct certify_request request; /* the list that is to be */
	utc_t now;
	int64_t killed;
	struct buf error;
};

/* One that ended by itself, or was told to another machine, dies no more. */
static bool
each_offline(void *self, const struct offline *offline)
{
	struct revoking *r = self;
	struct output *o = r->output;
	char key[BASE64_SIZE(KEY_SIZE)];

	if (memcmp(offline->signer, r->key, KEY_SIZE) != 0 ||
	    utc_before(offline->ends, r->now))
		return true;
	base64_encode(offline->key, KEY_SIZE, key);
	r->killed++;
	output_row(o);
	output_text(o, "subscription", offline->subscription);
	output_number(o, "sequence", offline->sequence);
	output_instant(o, "issued", offline->issued);
	output_instant(o, "ends", offline->ends);
	output_flag(o, "released", offline->released.s != 0);
	output_text(o, "machine_key", key);
	return true;
}

/* The list in force and the key; false when it cannot grow. */
static bool
extend_list(struct revoking *r)
{
	struct revoked *list = &r->request.list;

	if (!init_revoked(r->directory, list, NULL, &r->error))
		return false;
	for (size_t i = 0; i < list->keys.count; i++)
		if (memcmp(list->keys.key[i], r->key, KEY_SIZE) == 0) {
			buf_puts(&r->error, "this signer is revoked already");
			return false;
		}
	if (list->keys.count == REVOKED_MAX) {
		buf_puts(&r->error, "the list is full: with so many signers "
		    "stolen, make a new root");
		return false;
	}
	memcpy(list->keys.key[list->keys.count++], r->key, KEY_SIZE);
	list->version++;
	list->has = bit(REVOKED_VERSION) | bit(REVOKED_KEYS);
	r->request.is_list = true;
	return true;
}

static bool
is_signing(const struct revoking *r)
{
	struct issuer *issuer;
	uint8_t key[KEY_SIZE];
	struct buf why;
	bool signing;

	buf_init(&why, ERROR_MAX);
	issuer = init_issuer(r->directory, &why);
	if (issuer)
		issuer_key(issuer, key);
	signing = issuer && memcmp(key, r->key, KEY_SIZE) == 0;
	issuer_free(issuer);
	buf_fini(&why);
	return signing;
}

static bool
revoke_request(struct revoking *r)
{
	struct buf text;
	bool good;

	buf_init(&text, DOCUMENT_MAX);
	good = certify_print(&r->request, &text) &&
	    key_print(&text, r->output);
	buf_fini(&text);
	return good;
}

/* Exactly what is asked for now: no other list has come in between. */
static bool
read_certified(struct revoking *r, struct buf *document)
{
	const char *path = arguments_text(r->arguments, OPTION_CERTIFICATE);
	struct keyring roots = { 0 };
	struct revoked list;
	struct buf why;
	char shown[256];
	bool good;

	buf_init(&why, 512);
	text_printable(path, shown, sizeof(shown));
	if (!init_roots(r->directory, &roots, &r->error) ||
	    !key_read_file(path, document, &r->error))
		return false;
	good = certify_list(buf_text(document), document->len, &roots, &list,
	    &why);
	if (!good)
		buf_printf(&r->error, "%s: %s", shown, buf_text(&why));
	buf_fini(&why);
	if (!good)
		return false;
	good = list.version == r->request.list.version &&
	    list.keys.count == r->request.list.keys.count &&
	    memcmp(list.keys.key, r->request.list.keys.key,
	    list.keys.count * KEY_SIZE) == 0;
	if (!good)
		buf_printf(&r->error, "%s is not the list that follows the one "
		    "in force; begin again with --request", shown);
	return good;
}

static bool
sign_here(struct revoking *r, struct buf *document)
{
	struct signing_key *root = key_root(r->arguments, &r->error);
	bool good = root && certify(root, &r->request, document);

	if (!root)
		buf_puts(&r->error, "; where it is off line: `key revoke KEY "
		    "--request > FILE` here, `leaseline-authority key certify "
		    "FILE --root ROOT.pem > CERTIFIED` on its machine, then "
		    "`key revoke KEY --certificate CERTIFIED` here");
	else if (!good)
		buf_puts(&r->error, "the root cannot sign");
	signing_key_free(root);
	return good;
}

static bool
tell(struct revoking *r)
{
	output_list(r->output, "offline_licenses");
	if (database_offlines(r->database, NULL, each_offline, r) == -1) {
		buf_puts(&r->error, database_error(r->database));
		return false;
	}
	if (r->killed > 0)
		output_note(r->output, "Offline licenses that this ends, "
		    "wherever the list arrives:");
	else
		output_note(r->output, "It ends no offline license.");
	return (r->killed == 0 && !output_is_json(r->output)) ||
	    output_print(r->output);
}

static bool
revoke(struct revoking *r)
{
	struct buf document, detail;
	bool good = false;

	buf_init(&document, DOCUMENT_MAX);
	buf_init(&detail, 256);
	if (is_signing(r)) {
		buf_puts(&r->error, "this signer signs now: `key rotate` "
		    "first, so that there is one to go on with");
		goto out;
	}
	if (!(arguments_has(r->arguments, OPTION_CERTIFICATE) ?
	    read_certified(r, &document) : sign_here(r, &document)) ||
	    !tell(r))
		goto out;
	if (!arguments_has(r->arguments, OPTION_YES)) {
		buf_puts(&r->error, "nothing was revoked yet; --yes does it");
		goto out;
	}
	buf_printf(&detail, "version %lld: %s, %lld offline licenses",
	    (long long)r->request.list.version, r->arguments->operand,
	    (long long)r->killed);
	good = key_audit(r->database, EVENT_KEY_REVOKE, buf_text(&detail),
	    &r->error) && init_write(r->directory, FILE_REVOKED, &document,
	    &r->error);
	if (good)
		output_note(r->output, "Revoked. `serve` announces version "
		    "%lld within seconds; machines without a connection need "
		    "%s/leaseline-revoked by hand.",
		    (long long)r->request.list.version, r->directory);
out:
	buf_fini(&detail);
	buf_fini(&document);
	return good;
}

int
key_revoke(const struct arguments *a, struct output *o)
{
	struct revoking r = { .arguments = a, .output = o,
		.directory = arguments_directory(a), .now = clock_wall() };
	bool good;

	if (arguments_has(a, OPTION_REQUEST) &&
	    arguments_has(a, OPTION_CERTIFICATE)) {
		output_error("--request and --certificate are two steps");
		return EXIT_USAGE;
	}
	buf_init(&r.error, ERROR_MAX);
	good = key_operand(a, r.key, &r.error);
	if (good)
		r.database = init_database(r.directory, &r.error);
	good = r.database && extend_list(&r) &&
	    (arguments_has(a, OPTION_REQUEST) ? revoke_request(&r) :
	    revoke(&r));
	if (!good)
		output_error("%s", buf_text(&r.error));
	database_close(r.database);
	buf_fini(&r.error);
	return good ? 0 : 1;
}
