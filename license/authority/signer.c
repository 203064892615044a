/* SPDX-License-Identifier: ISC */
/*
 * The signer of a directory as it is on disk, for init.h: secret, certificate
 * and the list of those that are revoked. It changes nothing.
 */
#include <stdio.h>
#include <string.h>

#include "license/authority/certify.h"
#include "license/authority/init.h"
#include "license/authority/issue.h"
#include "license/base/buf.h"
#include "license/keyring.h"
#include "license/sign.h"

enum { TEXT_MAX = 64 * 1024 };

bool
init_roots(const char *directory, struct keyring *out, struct buf *error)
{
	struct buf text, why;
	bool good;

	buf_init(&text, TEXT_MAX);
	buf_init(&why, 512);
	good = init_read(directory, FILE_ROOT, &text, error);
	if (good && !keyring_parse_roots(buf_text(&text), out, &why)) {
		buf_printf(error, "%s/root.pub: %s", directory,
		    buf_text(&why));
		good = false;
	}
	buf_fini(&why);
	buf_fini(&text);
	return good;
}

bool
init_revoked(const char *directory, struct revoked *out, struct buf *bytes,
    struct buf *error)
{
	struct keyring roots = { 0 };
	struct buf text, why;
	bool good = false;

	memset(out, 0, sizeof(*out));
	if (!init_there(directory, FILE_REVOKED))
		return true;
	buf_init(&text, DOCUMENT_MAX);
	buf_init(&why, 512);
	if (!init_roots(directory, &roots, error) ||
	    !init_read(directory, FILE_REVOKED, &text, error))
		goto out;
	good = certify_list(buf_text(&text), text.len, &roots, out, &why);
	if (!good)
		buf_printf(error, "%s/leaseline-revoked: %s", directory,
		    buf_text(&why));
	else if (bytes)
		buf_add(bytes, text.data, text.len);
out:
	buf_fini(&why);
	buf_fini(&text);
	return good;
}

static struct issuer *
open_secret(const char *directory, enum init_file file,
    const char *certificate, const struct keyring *roots, struct buf *error)
{
	struct issuer *issuer = NULL;
	struct buf pem;

	buf_init(&pem, TEXT_MAX);
	if (init_read(directory, file, &pem, error))
		issuer = issuer_new(buf_text(&pem), certificate, roots, error);
	if (pem.data)
		secret_wipe(pem.data, pem.len);
	buf_fini(&pem);
	return issuer;
}

static bool
is_good(const char *directory, struct issuer *issuer, struct buf *error)
{
	struct revoked list;
	uint8_t key[KEY_SIZE];

	if (!init_revoked(directory, &list, NULL, error))
		return false;
	issuer_set_revoked(issuer, &list);
	issuer_key(issuer, key);
	if (!issuer_revoked(issuer, key))
		return true;
	buf_puts(error, "the signer is revoked; `key rotate` makes a new one");
	return false;
}

struct issuer *
init_issuer(const char *directory, struct buf *error)
{
	struct keyring roots = { 0 };
	struct issuer *issuer = NULL;
	struct buf certificate, why;

	buf_init(&certificate, TEXT_MAX);
	buf_init(&why, TEXT_MAX);
	if (!init_roots(directory, &roots, error) ||
	    !init_read(directory, FILE_SIGNER, &certificate, error))
		goto out;
	if (!init_there(directory, FILE_SIGNER_SECRET) &&
	    !init_there(directory, FILE_NEXT_SECRET)) {
		buf_printf(error, "there is no signer in %s; "
		    "`leaseline-authority key rotate` makes one, or --dir "
		    "names where it is", directory);
		goto out;
	}
	issuer = open_secret(directory, FILE_SIGNER_SECRET,
	    buf_text(&certificate), &roots, error);
	/* The certificate is put in place first, then the secret moves. */
	if (!issuer && init_there(directory, FILE_NEXT_SECRET))
		issuer = open_secret(directory, FILE_NEXT_SECRET,
		    buf_text(&certificate), &roots, &why);
	if (!issuer)
		goto out;
	buf_clear(error);
	if (!is_good(directory, issuer, error)) {
		issuer_free(issuer);
		issuer = NULL;
	}
out:
	buf_fini(&why);
	buf_fini(&certificate);
	return issuer;
}
