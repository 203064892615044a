/* SPDX-License-Identifier: ISC */
/*
 * The seal of a run, at link time: Ed25519 as shipped, or a digest in the
 * signature's place. Forms, encoding and decoding are the shipped ones in
 * both. It knows no life.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "license/base/encode.h"
#include "license/sign.h"
#include "license/verify.h"
#include "tests/sim/sim.h"

enum { LANES = 4, /* that do not wait for one another */
	GOODS = 64 };

enum seal seal_in_use;

bool __real_document_seal(struct buf *document, const struct signing_key *key);
bool __wrap_document_seal(struct buf *document, const struct signing_key *key);
enum doc_error __real_doc_verify(struct doc_frame *frame,
    const struct keyring *keyring);
enum doc_error __wrap_doc_verify(struct doc_frame *frame,
    const struct keyring *keyring);
enum doc_error __real_doc_verify_machine(struct doc_frame *frame);
enum doc_error __wrap_doc_verify_machine(struct doc_frame *frame);
void __real_sha256(const void *bytes, size_t len, uint8_t out[SHA256_SIZE]);
void __wrap_sha256(const void *bytes, size_t len, uint8_t out[SHA256_SIZE]);

int __real_EVP_DigestVerify(EVP_MD_CTX *context, const unsigned char *signature,
    size_t signature_len, const unsigned char *bytes, size_t len);
int __wrap_EVP_DigestVerify(EVP_MD_CTX *context, const unsigned char *signature,
    size_t signature_len, const unsigned char *bytes, size_t len);

static uint64_t
mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
	return z ^ (z >> 31);
}

/* Different bytes, different digests: enough where nobody attacks. */
void
seal_digest(const void *bytes, size_t len, uint8_t out[SHA256_SIZE])
{
	const uint8_t *p = bytes;
	uint64_t a = 0x9E3779B97F4A7C15ULL ^ len, word;
	uint64_t lanes[LANES] = { a, a + 1, a + 2, a + 3 }, words[LANES];

	for (; len >= sizeof(words); p += sizeof(words), len -= sizeof(words)) {
		memcpy(words, p, sizeof(words));
		for (int i = 0; i < LANES; i++)
			lanes[i] = mix(lanes[i] ^ words[i]) +
			    0x9E3779B97F4A7C15ULL;
	}
	for (int i = 0; i < LANES; i++)
		a = mix(a ^ lanes[i]);
	for (; len > 0; p += word, len -= word) {
		uint64_t last = 0;

		word = len < sizeof(last) ? len : sizeof(last);
		memcpy(&last, p, word);
		a = mix(a ^ last) + word;
	}
	for (int i = 0; i < SHA256_SIZE / 8; i++) {
		a = mix(a + (uint64_t)i);
		memcpy(out + 8 * i, &a, 8);
	}
}

static void
stub_signature(const void *bytes, size_t len, uint8_t out[SIGNATURE_SIZE])
{
	seal_digest(bytes, len, out);
	memcpy(out + SHA256_SIZE, out, SHA256_SIZE);
}

bool
__wrap_document_seal(struct buf *document, const struct signing_key *key)
{
	uint8_t signature[SIGNATURE_SIZE];
	char text[BASE64_SIZE(SIGNATURE_SIZE)];

	if (seal_in_use == SEAL_REAL)
		return __real_document_seal(document, key);
	if (document->failed)
		return false;
	stub_signature(document->data, document->len, signature);
	base64_encode(signature, sizeof(signature), text);
	buf_puts(document, "signature ");
	buf_puts(document, text);
	buf_putc(document, '\n');
	return !document->failed;
}

static enum doc_error
verify_stub(struct doc_frame *frame)
{
	uint8_t signature[SIGNATURE_SIZE];

	stub_signature(frame->bytes, frame->signed_len, signature);
	frame->verified = memcmp(signature, frame->signature,
	    SIGNATURE_SIZE) == 0;
	return frame->verified ? DOC_OK : DOC_SIGNATURE;
}

enum doc_error
__wrap_doc_verify(struct doc_frame *frame, const struct keyring *keyring)
{
	return seal_in_use == SEAL_REAL ? __real_doc_verify(frame, keyring) :
					  verify_stub(frame);
}

enum doc_error
__wrap_doc_verify_machine(struct doc_frame *frame)
{
	return seal_in_use == SEAL_REAL ? __real_doc_verify_machine(frame) :
					  verify_stub(frame);
}

void
__wrap_sha256(const void *bytes, size_t len, uint8_t out[SHA256_SIZE])
{
	if (seal_in_use == SEAL_REAL)
		__real_sha256(bytes, len, out);
	else
		seal_digest(bytes, len, out);
}

/*
 * Most of the time of a life with real keys goes here, and a third of it to
 * one certificate: what OpenSSL found good it is not asked about again. The
 * same means the same key, bytes and signature, compared whole.
 */
int
__wrap_EVP_DigestVerify(EVP_MD_CTX *context, const unsigned char *signature,
    size_t signature_len, const unsigned char *bytes, size_t len)
{
	static struct good {
		uint8_t key[KEY_SIZE], signature[SIGNATURE_SIZE];
		struct bytes bytes;
	} goods[GOODS];
	EVP_PKEY *pkey = EVP_PKEY_CTX_get0_pkey(
	    EVP_MD_CTX_get_pkey_ctx(context));
	struct good *good = &goods[signature[0] % GOODS];
	uint8_t key[KEY_SIZE];
	size_t size = KEY_SIZE;

	if (signature_len != SIGNATURE_SIZE || len > BYTES_MAX ||
	    EVP_PKEY_get_raw_public_key(pkey, key, &size) != 1)
		abort();
	if (len > 0 && good->bytes.len == len &&
	    memcmp(good->key, key, KEY_SIZE) == 0 &&
	    memcmp(good->signature, signature, SIGNATURE_SIZE) == 0 &&
	    memcmp(good->bytes.data, bytes, len) == 0)
		return 1;
	int rc = __real_EVP_DigestVerify(context, signature, signature_len,
	    bytes, len);
	if (rc == 1) {
		memcpy(good->key, key, KEY_SIZE);
		memcpy(good->signature, signature, SIGNATURE_SIZE);
		good->bytes.len = len;
		memcpy(good->bytes.data, bytes, len);
	}
	return rc;
}

bool
seal_request(const struct request *request, struct signing_key *key,
    struct bytes *out)
{
	struct buf text;
	bool good;

	buf_init(&text, DOCUMENT_MAX);
	document_begin(PURPOSE_REQUEST, request->machine_key, &text);
	good = request_encode(request, &text) && document_seal(&text, key) &&
	    text.len <= BYTES_MAX;
	out->len = good ? text.len : 0;
	memcpy(out->data, text.data, out->len);
	buf_fini(&text);
	return good;
}
