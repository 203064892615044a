/* SPDX-License-Identifier: ISC */
/*
 * Sealing what was decided: line 1, the signer's three lines, the values, the
 * signature. It reads no file and no record.
 */
#include "license/authority/issue.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/base/encode.h"
#include "license/keyring.h"
#include "license/sign.h"
#include "license/verify.h"

enum { CERTIFICATE_MAX = 512 };

struct signer {
	struct signing_key *key; /* NULL: there is none */
	uint8_t public_key[KEY_SIZE];
	utc_t until;
	char certificate[CERTIFICATE_MAX];
	struct revoked revoked;
};

/* Many sign at once; a new signer comes in between two signatures. */
struct issuer {
	pthread_rwlock_t lock;
	struct signer now;
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
	struct signer *now;

	if (!issuer) {
		buf_puts(error, "there is no memory");
		return NULL;
	}
	pthread_rwlock_init(&issuer->lock, NULL);
	now = &issuer->now;
	now->key = signing_key_parse(pem);
	if (!now->key) {
		buf_puts(error, "the signer's key is not an Ed25519 PEM");
		goto fail;
	}
	if (!text_copy(now->certificate, sizeof(now->certificate),
	    certificate) || !read_certificate(certificate, &frame)) {
		buf_puts(error, "the signer's certificate is not its three "
		    "lines");
		goto fail;
	}
	signing_key_public(now->key, now->public_key);
	now->until = frame.signer_until;
	if (memcmp(now->public_key, frame.key, KEY_SIZE) != 0) {
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
	signing_key_free(issuer->now.key);
	pthread_rwlock_destroy(&issuer->lock);
	free(issuer);
}

/* Who may only look at an issuer still takes its turn. */
static const struct signer *
look(const struct issuer *issuer)
{
	pthread_rwlock_rdlock(&((struct issuer *)(uintptr_t)issuer)->lock);
	return &issuer->now;
}

static void
leave(const struct issuer *issuer)
{
	pthread_rwlock_unlock(&((struct issuer *)(uintptr_t)issuer)->lock);
}

void
issuer_replace(struct issuer *to, struct issuer *from)
{
	struct signer before;

	pthread_rwlock_wrlock(&to->lock);
	before = to->now;
	to->now = from ? from->now : (struct signer){
		.revoked = before.revoked };
	pthread_rwlock_unlock(&to->lock);
	signing_key_free(before.key);
	if (from)
		from->now.key = NULL;
	issuer_free(from);
}

void
issuer_set_revoked(struct issuer *issuer, const struct revoked *list)
{
	pthread_rwlock_wrlock(&issuer->lock);
	issuer->now.revoked = *list;
	pthread_rwlock_unlock(&issuer->lock);
}

bool
issuer_revoked(const struct issuer *issuer, const uint8_t key[KEY_SIZE])
{
	bool revoked = revoked_has(&look(issuer)->revoked, key);

	leave(issuer);
	return revoked;
}

utc_t
issuer_until(const struct issuer *issuer)
{
	utc_t until = look(issuer)->until;

	leave(issuer);
	return until;
}

void
issuer_key(const struct issuer *issuer, uint8_t out[static KEY_SIZE])
{
	memcpy(out, look(issuer)->public_key, KEY_SIZE);
	leave(issuer);
}

/* Line 1 and the key lines; what the signer says of itself is filled in. */
static bool
begin(const struct signer *signer, enum purpose purpose, utc_t issued,
    struct buf *out)
{
	if (!signer->key || utc_before(signer->until, issued) ||
	    revoked_has(&signer->revoked, signer->public_key))
		return false;
	document_begin(purpose, NULL, out);
	buf_puts(out, signer->certificate);
	return !out->failed;
}

bool
issue_license(const struct issuer *issuer, struct license *license,
    struct buf *out)
{
	const struct signer *signer = look(issuer);
	bool good;

	memcpy(license->signer, signer->public_key, KEY_SIZE);
	license->signer_until = signer->until;
	license->revocations = signer->revoked.version;
	good = begin(signer, PURPOSE_LICENSE, license->issued, out) &&
	    license_encode(license, out);
	if (good && license->coupon_unused)
		buf_puts(out, LICENSE_COUPON_UNUSED);
	good = good && document_seal(out, signer->key);
	leave(issuer);
	return good;
}

bool
issue_refusal(const struct issuer *issuer, struct refusal *refusal,
    struct buf *out)
{
	const struct signer *signer = look(issuer);
	bool good;

	memcpy(refusal->signer, signer->public_key, KEY_SIZE);
	refusal->signer_until = signer->until;
	good = begin(signer, PURPOSE_REFUSAL, refusal->issued, out) &&
	    refusal_encode(refusal, out) && document_seal(out, signer->key);
	leave(issuer);
	return good;
}

bool
issue_time_reset(const struct issuer *issuer, struct time_reset *reset,
    struct buf *out)
{
	const struct signer *signer = look(issuer);
	bool good;

	memcpy(reset->signer, signer->public_key, KEY_SIZE);
	reset->signer_until = signer->until;
	good = begin(signer, PURPOSE_TIME_RESET, reset->issued, out) &&
	    time_reset_encode(reset, out) && document_seal(out, signer->key);
	leave(issuer);
	return good;
}
