/* SPDX-License-Identifier: ISC */
/*
 * Sealing what was decided: line 1, the signer's three lines, the values, the
 * signature. It reads no file and no record.
 */
#include "license/authority/issue.h"

#include <stdlib.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/base/encode.h"
#include "license/keyring.h"
#include "license/sign.h"
#include "license/verify.h"

enum { CERTIFICATE_MAX = 512 };

struct issuer {
	struct signing_key *key;
	uint8_t public_key[KEY_SIZE];
	utc_t until;
	char certificate[CERTIFICATE_MAX];
};

/* The root signs one line more than a document repeats. */
bool
certificate_print(const struct signing_key *root,
    const uint8_t signer[KEY_SIZE], utc_t until, struct buf *out)
{
	uint8_t proof[SIGNATURE_SIZE];
	char text[BASE64_SIZE(SIGNATURE_SIZE)];
	const char *lines;
	struct buf signed_text;
	bool good;

	buf_init(&signed_text, CERTIFICATE_MAX);
	certificate_text(signer, until, &signed_text);
	lines = strchr(buf_text(&signed_text), '\n');
	good = lines && !signed_text.failed && signing_key_sign(root,
	    signed_text.data, signed_text.len, proof);
	if (good) {
		base64_encode(proof, sizeof(proof), text);
		buf_printf(out, "%ssigner-proof %s\n", lines + 1, text);
	}
	buf_fini(&signed_text);
	return good && !out->failed;
}

/* The lines are read as the frame of a document that has nothing else. */
static bool
read_certificate(const char *text, struct doc_frame *out)
{
	static const uint8_t nothing[SIGNATURE_SIZE];
	char signature[BASE64_SIZE(SIGNATURE_SIZE)];
	struct buf document;
	bool good;

	base64_encode(nothing, sizeof(nothing), signature);
	buf_init(&document, DOCUMENT_MAX);
	document_begin(PURPOSE_LICENSE, NULL, &document);
	buf_puts(&document, text);
	buf_printf(&document, "signature %s\n", signature);
	good = !document.failed && doc_frame_read(document.data, document.len,
	    PURPOSE_LICENSE, out) == DOC_OK && out->body == out->signed_len;
	buf_fini(&document);
	out->bytes = NULL;
	return good;
}

static bool
is_certified(const struct doc_frame *frame, const struct keyring *roots)
{
	struct buf text;
	bool good = false;

	buf_init(&text, CERTIFICATE_MAX);
	certificate_text(frame->key, frame->signer_until, &text);
	for (size_t i = 0; i < roots->root_count && !good; i++)
		good = verify_bytes(roots->root[i], text.data, text.len,
		    frame->signer_proof);
	buf_fini(&text);
	return good;
}

struct issuer *
issuer_new(const char *pem, const char *certificate,
    const struct keyring *roots, struct buf *error)
{
	struct issuer *issuer = calloc(1, sizeof(*issuer));
	struct doc_frame frame;

	if (!issuer) {
		buf_puts(error, "there is no memory");
		return NULL;
	}
	issuer->key = signing_key_parse(pem);
	if (!issuer->key) {
		buf_puts(error, "the signer's key is not an Ed25519 PEM");
		goto fail;
	}
	if (!text_copy(issuer->certificate, sizeof(issuer->certificate),
	    certificate) || !read_certificate(certificate, &frame)) {
		buf_puts(error, "the signer's certificate is not its three "
		    "lines");
		goto fail;
	}
	signing_key_public(issuer->key, issuer->public_key);
	issuer->until = frame.signer_until;
	if (memcmp(issuer->public_key, frame.key, KEY_SIZE) != 0) {
		buf_puts(error, "the signer's certificate is of another key");
		goto fail;
	}
	if (!is_certified(&frame, roots)) {
		buf_puts(error, "the signer's certificate is not by the root");
		goto fail;
	}
	return issuer;
fail:
	issuer_free(issuer);
	return NULL;
}

void
issuer_free(struct issuer *issuer)
{
	if (!issuer)
		return;
	signing_key_free(issuer->key);
	free(issuer);
}

utc_t
issuer_until(const struct issuer *issuer)
{
	return issuer->until;
}

const uint8_t *
issuer_key(const struct issuer *issuer)
{
	return issuer->public_key;
}

static void
begin(const struct issuer *issuer, enum purpose purpose, struct buf *out)
{
	document_begin(purpose, NULL, out);
	buf_puts(out, issuer->certificate);
}

bool
issue_license(const struct issuer *issuer, struct license *license,
    struct buf *out)
{
	if (utc_before(issuer->until, license->issued))
		return false;
	memcpy(license->signer, issuer->public_key, KEY_SIZE);
	license->signer_until = issuer->until;
	begin(issuer, PURPOSE_LICENSE, out);
	return license_encode(license, out) && document_seal(out, issuer->key);
}

bool
issue_refusal(const struct issuer *issuer, struct refusal *refusal,
    struct buf *out)
{
	if (utc_before(issuer->until, refusal->issued))
		return false;
	memcpy(refusal->signer, issuer->public_key, KEY_SIZE);
	refusal->signer_until = issuer->until;
	begin(issuer, PURPOSE_REFUSAL, out);
	return refusal_encode(refusal, out) && document_seal(out, issuer->key);
}
