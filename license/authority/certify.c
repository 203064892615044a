/* SPDX-License-Identifier: ISC */
/*
 * Requests to a root and their answers, as texts. It knows neither where they
 * come from nor whether they are a good idea.
 */
#include "license/authority/certify.h"

#include <string.h>

#include "license/authority/issue.h"
#include "license/base/buf.h"
#include "license/base/encode.h"
#include "license/keyring.h"
#include "license/sign.h"
#include "license/verify.h"

#define SIGNER_HEAD "leaseline-signer 1\nsigner "
#define UNTIL_HEAD "\nsigner-until "

enum { TEXT_MAX = 512 };

static bool
same(const struct buf *text, const char *bytes, size_t len)
{
	return !text->failed && text->len == len &&
	    memcmp(text->data, bytes, len) == 0;
}

/* Read by position, then printed again: only the exact form survives. */
static bool
read_signer(const char *bytes, size_t len, struct certify_request *out)
{
	size_t head = strlen(SIGNER_HEAD), between = strlen(UNTIL_HEAD);
	size_t key_len = BASE64_SIZE(KEY_SIZE) - 1;
	char until[UTC_TEXT_SIZE] = "";
	struct buf text;
	bool good;

	if (len != head + key_len + between + UTC_TEXT_SIZE - 1 + 1)
		return false;
	memcpy(until, bytes + head + key_len + between, UTC_TEXT_SIZE - 1);
	if (!base64_decode(bytes + head, key_len, out->key, KEY_SIZE) ||
	    !utc_parse(until, &out->until))
		return false;
	buf_init(&text, TEXT_MAX);
	certificate_text(out->key, out->until, &text);
	good = same(&text, bytes, len);
	buf_fini(&text);
	return good;
}

bool
certify_list(const char *bytes, size_t len, const struct keyring *roots,
    struct revoked *out, struct buf *error)
{
	struct doc_fault fault = { .error = DOC_OK };
	struct doc_frame frame;
	char why[128];

	fault.error = doc_frame_read(bytes, len, PURPOSE_REVOKED, &frame);
	if (fault.error == DOC_OK)
		fault.error = doc_verify(&frame, roots);
	if (fault.error == DOC_OK && revoked_decode(&frame, out, &fault))
		return true;
	doc_fault_text(&fault, why, sizeof(why));
	buf_puts(error, why);
	return false;
}

/* The one reader of lists wants a signature: a key of the moment gives it. */
static bool
read_list(const char *bytes, size_t len, struct certify_request *out)
{
	struct signing_key *key = signing_key_new();
	struct keyring keyring = { .root_count = 1 };
	struct buf document, why;
	bool good = false;

	buf_init(&document, DOCUMENT_MAX);
	buf_init(&why, TEXT_MAX);
	buf_add(&document, bytes, len);
	if (key && document_seal(&document, key)) {
		signing_key_public(key, keyring.root[0]);
		good = certify_list(document.data, document.len, &keyring,
		    &out->list, &why);
	}
	out->is_list = good;
	buf_fini(&why);
	buf_fini(&document);
	signing_key_free(key);
	return good;
}

bool
certify_read(const char *bytes, size_t len, struct certify_request *out,
    struct buf *error)
{
	memset(out, 0, sizeof(*out));
	if (read_signer(bytes, len, out) || read_list(bytes, len, out))
		return true;
	memset(out, 0, sizeof(*out));
	buf_puts(error, "it is not what `key rotate --request` or `key revoke "
	    "--request` prints");
	return false;
}

bool
certify_print(const struct certify_request *request, struct buf *out)
{
	if (!request->is_list) {
		certificate_text(request->key, request->until, out);
		return !out->failed;
	}
	document_begin(PURPOSE_REVOKED, NULL, out);
	return revoked_encode(&request->list, out);
}

bool
certify(const struct signing_key *root, const struct certify_request *request,
    struct buf *out)
{
	if (!request->is_list)
		return certificate_print(root, request->key, request->until,
		    out);
	return certify_print(request, out) && document_seal(out, root);
}
