/* SPDX-License-Identifier: ISC */
/*
 * Verification over OpenSSL's EVP. OpenSSL takes keys of small order and keys
 * that are not canonical, under which one signature fits many messages; they
 * are refused here. It knows no file, no name and no value of a document.
 */
#include "license/verify.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "license/keyring.h"

/* "leaseline-signer 1" LF and the two lines, each within the line limit. */
#define CERTIFICATE_HEAD "leaseline-signer 1\n"
enum { CERTIFICATE_MAX = 256 };

/* The y coordinates of the points of order 1, 2, 4 and 8, canonical. */
static const uint8_t small_order[][KEY_SIZE] = {
	{0},
	{1},
	{0xEC, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
	    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
	    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F},
	{0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4,
	    0x89, 0xF2, 0xEF, 0x98, 0xF0, 0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6,
	    0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05},
	{0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B,
	    0x76, 0x0D, 0x10, 0x67, 0x0F, 0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39,
	    0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A},
};

/* y < 2^255 - 19, the sign bit aside; the key is public: no constant time. */
static bool
is_canonical(const uint8_t y[KEY_SIZE])
{
	if (y[0] < 0xED || y[KEY_SIZE - 1] != 0x7F)
		return true;
	for (int i = 1; i < KEY_SIZE - 1; i++) {
		if (y[i] != 0xFF)
			return true;
	}
	return false;
}

static bool
is_safe_key(const uint8_t key[KEY_SIZE])
{
	uint8_t y[KEY_SIZE];

	memcpy(y, key, KEY_SIZE);
	y[KEY_SIZE - 1] &= 0x7F;
	if (!is_canonical(y))
		return false;
	for (size_t i = 0; i < sizeof(small_order) / KEY_SIZE; i++) {
		if (memcmp(y, small_order[i], KEY_SIZE) == 0)
			return false;
	}
	return true;
}

bool
verify_bytes(const uint8_t key[KEY_SIZE], const void *bytes, size_t len,
    const uint8_t signature[SIGNATURE_SIZE])
{
	EVP_PKEY *pkey = NULL;
	EVP_MD_CTX *context = NULL;
	bool good = false;

	if (!is_safe_key(key))
		return false;
	pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key,
	    KEY_SIZE);
	context = EVP_MD_CTX_new();
	if (pkey == NULL || context == NULL)
		goto out;
	good = EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1 &&
	    EVP_DigestVerify(context, signature, SIGNATURE_SIZE, bytes,
		len) == 1;
out:
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pkey);
	return good;
}

static bool
is_certified(const struct doc_frame *frame, const struct keyring *keyring)
{
	char text[CERTIFICATE_MAX];
	size_t head = strlen(CERTIFICATE_HEAD);

	if (frame->certificate_len > sizeof(text) - head)
		return false;
	memcpy(text, CERTIFICATE_HEAD, head);
	memcpy(text + head, frame->bytes + frame->certificate,
	    frame->certificate_len);
	for (size_t i = 0; i < keyring->root_count; i++) {
		if (verify_bytes(keyring->root[i], text,
			head + frame->certificate_len, frame->signer_proof))
			return true;
	}
	return false;
}

static enum doc_error
verify_under(struct doc_frame *frame, const uint8_t key[KEY_SIZE])
{
	frame->verified = verify_bytes(key, frame->bytes, frame->signed_len,
	    frame->signature);
	return frame->verified ? DOC_OK : DOC_SIGNATURE;
}

enum doc_error
doc_verify(struct doc_frame *frame, const struct keyring *keyring)
{
	frame->verified = false;
	if (frame->by_machine)
		return DOC_UNKNOWN_KEY;
	if (frame->by_root) {
		for (size_t i = 0; i < keyring->root_count; i++) {
			if (verify_under(frame, keyring->root[i]) == DOC_OK)
				return DOC_OK;
		}
		return DOC_SIGNATURE;
	}
	if (!is_certified(frame, keyring))
		return DOC_UNKNOWN_KEY;
	if (keyring_revoked(keyring, frame->key))
		return DOC_REVOKED;
	return verify_under(frame, frame->key);
}

enum doc_error
doc_verify_machine(struct doc_frame *frame)
{
	frame->verified = false;
	if (!frame->by_machine)
		return DOC_UNKNOWN_KEY;
	return verify_under(frame, frame->key);
}

void
sha256(const void *bytes, size_t len, uint8_t out[static SHA256_SIZE])
{
	/* Out of memory: no hash at all is better than a wrong one. */
	if (EVP_Digest(bytes, len, out, NULL, EVP_sha256(), NULL) != 1)
		abort();
}

void
hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
    uint8_t out[static SHA256_SIZE])
{
	size_t size = 0;

	if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_len, bytes,
		len, out, SHA256_SIZE, &size) == NULL || size != SHA256_SIZE)
		abort();
}
