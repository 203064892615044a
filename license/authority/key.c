/* SPDX-License-Identifier: ISC */
/*
 * A new signer, and one that stops. The certificate is put in place first,
 * then the secret: signer.c reads what a crash leaves between as if it were
 * done. It revokes nothing (key_revoke.c).
 */
#include "license/authority/key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "license/authority/arguments.h"
#include "license/authority/certify.h"
#include "license/authority/database.h"
#include "license/authority/event.h"
#include "license/authority/init.h"
#include "license/authority/issue.h"
#include "license/authority/output.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/file.h"
#include "license/keyring.h"
#include "license/sign.h"

enum { ERROR_MAX = 8192, TEXT_MAX = 64 * 1024, EXIT_USAGE = 2 };

#define OFF_LINE                                                              \
	"; where the root is off line: `%s --request > FILE` here, "          \
	"`leaseline-authority key certify FILE --root ROOT.pem > CERTIFIED` " \
	"on its machine, then `%s --certificate CERTIFIED` here"

bool
key_read_file(const char *path, struct buf *out, struct buf *error)
{
	char shown[256];

	if (file_read(path, out) == 0)
		return true;
	text_printable(path, shown, sizeof(shown));
	buf_printf(error, "%s: %s", shown, strerror(errno));
	return false;
}

bool
key_operand(const struct arguments *a, uint8_t *out, struct buf *error)
{
	char shown[128];

	if (base64_decode(a->operand, strlen(a->operand), out, KEY_SIZE))
		return true;
	text_printable(a->operand, shown, sizeof(shown));
	buf_printf(error, "%s is not a key (base64 of 32 bytes); see `key "
	    "list`", shown);
	return false;
}

struct signing_key *
key_root(const struct arguments *a, struct buf *error)
{
	const char *option = arguments_text(a, OPTION_ROOT);
	struct signing_key *root = NULL;
	struct buf path, pem, why;

	buf_init(&path, ERROR_MAX);
	buf_init(&pem, TEXT_MAX);
	buf_init(&why, ERROR_MAX);
	if (option)
		buf_puts(&path, option);
	else
		init_path(arguments_directory(a), FILE_ROOT_SECRET, &path);
	if (key_read_file(buf_text(&path), &pem, &why)) {
		root = signing_key_parse(buf_text(&pem));
		if (!root)
			buf_printf(error, "%s is not an Ed25519 key in PEM",
			    buf_text(&path));
	} else {
		buf_printf(error, "the root's secret is not here (%s)",
		    buf_text(&why));
	}
	if (pem.data)
		secret_wipe(pem.data, pem.len);
	buf_fini(&why);
	buf_fini(&pem);
	buf_fini(&path);
	return root;
}

bool
key_print(const struct buf *document, struct output *o)
{
	if (output_is_json(o)) {
		output_text(o, "document", buf_text(document));
		return output_print(o);
	}
	return fwrite(document->data, 1, document->len, stdout) ==
	    document->len && fflush(stdout) == 0;
}

bool
key_audit(struct database *database, int kind, const char *detail,
    struct buf *error)
{
	struct change change = { .event_count = 0 };

	event_add(&change, (enum event_kind)kind, clock_wall(), "%s", detail);
	if (database_begin(database) == 0 &&
	    database_store(database, &change) == 0 &&
	    database_commit(database) == 0)
		return true;
	buf_puts(error, database_error(database));
	return false;
}

/* The secret that waits for its certificate: made once, then read. */
static struct signing_key *
take_next(const char *directory, struct buf *error)
{
	struct signing_key *key = NULL;
	struct buf pem;

	buf_init(&pem, TEXT_MAX);
	if (init_there(directory, FILE_NEXT_SECRET)) {
		if (init_read(directory, FILE_NEXT_SECRET, &pem, error))
			key = signing_key_parse(buf_text(&pem));
		if (!key && !error->len)
			buf_printf(error, "%s/signer.next.pem is not an "
			    "Ed25519 key in PEM; remove it and begin again",
			    directory);
		goto out;
	}
	key = signing_key_new();
	if (!key || !signing_key_print(key, &pem))
		buf_puts(error, "the key cannot be made");
	if (error->len || !init_write(directory, FILE_NEXT_SECRET, &pem,
	    error)) {
		signing_key_free(key);
		key = NULL;
	}
out:
	if (pem.data)
		secret_wipe(pem.data, pem.len);
	buf_fini(&pem);
	return key;
}

static bool
record(struct database *database, const struct issuer *issuer,
    struct buf *error)
{
	struct signer_record row = { .certified = clock_wall(),
		.until = issuer_until(issuer) };
	char key[BASE64_SIZE(KEY_SIZE)], until[UTC_DATE_SIZE];
	struct change change = { .event_count = 0 };

	issuer_key(issuer, row.key);
	base64_encode(row.key, KEY_SIZE, key);
	utc_date(row.until, until);
	event_add(&change, EVENT_KEY_ROTATE, row.certified,
	    "%s signs until %s", key, until);
	if (database_begin(database) == 0 &&
	    database_put_signer(database, &row) == 0 &&
	    database_store(database, &change) == 0 &&
	    database_commit(database) == 0)
		return true;
	buf_puts(error, database_error(database));
	return false;
}

static bool
move_secret(const char *directory, struct buf *error)
{
	struct buf from, to;
	bool good;

	buf_init(&from, ERROR_MAX);
	buf_init(&to, ERROR_MAX);
	init_path(directory, FILE_NEXT_SECRET, &from);
	init_path(directory, FILE_SIGNER_SECRET, &to);
	good = file_rename(buf_text(&from), buf_text(&to)) == 0;
	if (!good)
		buf_printf(error, "%s: %s", buf_text(&to), strerror(errno));
	buf_fini(&from);
	buf_fini(&to);
	return good;
}

/* Is it a certificate by our root, of the key that waits, and of use? */
static struct issuer *
check(const char *directory, const struct signing_key *next,
    const struct buf *certificate, struct buf *error)
{
	struct keyring roots = { 0 };
	struct issuer *issuer = NULL;
	struct revoked list;
	uint8_t key[KEY_SIZE];
	struct buf pem;

	buf_init(&pem, TEXT_MAX);
	if (!init_roots(directory, &roots, error) ||
	    !init_revoked(directory, &list, NULL, error))
		return NULL;
	if (signing_key_print(next, &pem))
		issuer = issuer_new(buf_text(&pem), buf_text(certificate),
		    &roots, error);
	if (pem.data)
		secret_wipe(pem.data, pem.len);
	buf_fini(&pem);
	if (!issuer)
		return NULL;
	issuer_set_revoked(issuer, &list);
	issuer_key(issuer, key);
	if (issuer_revoked(issuer, key))
		buf_puts(error, "this signer is revoked; `key retire` it and "
		    "begin again");
	else if (utc_before(issuer_until(issuer), clock_wall()))
		buf_puts(error, "this signer's time is over; certify one with "
		    "a later --until");
	else
		return issuer;
	issuer_free(issuer);
	return NULL;
}

static bool
install(const struct arguments *a, const struct signing_key *next,
    const struct buf *certificate, struct output *o, struct buf *error)
{
	const char *directory = arguments_directory(a);
	struct issuer *issuer = check(directory, next, certificate, error);
	struct database *database = issuer ? init_database(directory, error) :
	    NULL;
	char key[BASE64_SIZE(KEY_SIZE)];
	uint8_t bytes[KEY_SIZE];
	bool good;

	good = database && record(database, issuer, error) &&
	    init_write(directory, FILE_SIGNER, certificate, error) &&
	    move_secret(directory, error);
	if (good) {
		issuer_key(issuer, bytes);
		base64_encode(bytes, KEY_SIZE, key);
		output_note(o, "This signer signs from now on; a running "
		    "`serve` takes it within seconds, and agents need "
		    "nothing.\nThe one before is retired: its secret is "
		    "gone.");
		output_text(o, "key", key);
		output_instant(o, "until", issuer_until(issuer));
	}
	database_close(database);
	issuer_free(issuer);
	return good;
}

static bool
read_until(const struct arguments *a, utc_t *out, struct buf *error)
{
	utc_t now = clock_wall();

	*out = utc_day_end(now, SIGNER_DAYS);
	if (!arguments_read_date(a, OPTION_UNTIL, out, error))
		return false;
	if (utc_before(now, *out))
		return true;
	buf_puts(error, "--until must be a day to come: the signer's last");
	return false;
}

/* One command, where the root is: also after a --request. */
static bool
rotate_here(const struct arguments *a, struct output *o, struct buf *error)
{
	const char *directory = arguments_directory(a);
	struct certify_request request = { .is_list = false };
	struct signing_key *root = key_root(a, error), *next = NULL;
	struct buf certificate;
	bool good = false;

	buf_init(&certificate, TEXT_MAX);
	if (!root) {
		buf_printf(error, OFF_LINE, "key rotate", "key rotate");
		goto out;
	}
	/* First, so that a bad date leaves no key behind. */
	if (!read_until(a, &request.until, error))
		goto out;
	next = take_next(directory, error);
	if (!next)
		goto out;
	signing_key_public(next, request.key);
	if (!certify(root, &request, &certificate))
		buf_puts(error, "the root cannot sign");
	else
		good = install(a, next, &certificate, o, error) &&
		    output_print(o);
out:
	buf_fini(&certificate);
	signing_key_free(next);
	signing_key_free(root);
	return good;
}

static bool
rotate_request(const struct arguments *a, struct output *o, struct buf *error)
{
	struct certify_request request = { .is_list = false };
	struct signing_key *next;
	struct buf text;
	bool good = false;

	buf_init(&text, TEXT_MAX);
	if (!read_until(a, &request.until, error))
		return false;
	next = take_next(arguments_directory(a), error);
	if (next) {
		signing_key_public(next, request.key);
		good = certify_print(&request, &text) && key_print(&text, o);
	}
	signing_key_free(next);
	buf_fini(&text);
	return good;
}

static bool
rotate_certified(const struct arguments *a, struct output *o,
    struct buf *error)
{
	const char *directory = arguments_directory(a);
	struct signing_key *next = NULL;
	struct buf certificate;
	bool good = false;

	buf_init(&certificate, TEXT_MAX);
	if (!init_there(directory, FILE_NEXT_SECRET)) {
		buf_puts(error, "no signer waits for a certificate; `key "
		    "rotate --request` makes one");
		goto out;
	}
	next = take_next(directory, error);
	if (next && key_read_file(arguments_text(a, OPTION_CERTIFICATE),
	    &certificate, error))
		good = install(a, next, &certificate, o, error) &&
		    output_print(o);
out:
	signing_key_free(next);
	buf_fini(&certificate);
	return good;
}

int
key_rotate(const struct arguments *a, struct output *o)
{
	struct buf error;
	bool good;

	if (arguments_has(a, OPTION_REQUEST) &&
	    arguments_has(a, OPTION_CERTIFICATE)) {
		output_error("--request and --certificate are two steps");
		return EXIT_USAGE;
	}
	buf_init(&error, ERROR_MAX);
	good = arguments_has(a, OPTION_REQUEST) ?
	    rotate_request(a, o, &error) :
	    arguments_has(a, OPTION_CERTIFICATE) ?
	    rotate_certified(a, o, &error) : rotate_here(a, o, &error);
	if (!good)
		output_error("%s", buf_text(&error));
	buf_fini(&error);
	return good ? 0 : 1;
}

int
key_certify(const struct arguments *a, struct output *o)
{
	struct signing_key *root = NULL;
	struct certify_request request;
	struct buf text, error, document;
	bool good = false;

	buf_init(&text, TEXT_MAX);
	buf_init(&error, ERROR_MAX);
	buf_init(&document, DOCUMENT_MAX);
	if (!key_read_file(a->operand, &text, &error) ||
	    !certify_read(buf_text(&text), text.len, &request, &error))
		goto out;
	root = key_root(a, &error);
	if (!root) {
		buf_puts(&error, "; --root names it");
		goto out;
	}
	good = certify(root, &request, &document) && key_print(&document, o);
	/* Its operator sees what went out under the root. */
	if (good)
		fprintf(stderr, "The root signed this:\n%s", buf_text(&text));
	else
		buf_puts(&error, "the root cannot sign");
out:
	if (!good)
		output_error("%s", buf_text(&error));
	signing_key_free(root);
	buf_fini(&document);
	buf_fini(&error);
	buf_fini(&text);
	return good ? 0 : 1;
}
