/* SPDX-License-Identifier: ISC */
/*
 * Ed25519 signing over OpenSSL's EVP. The PEM form is written and read here:
 * a PKCS #8 Ed25519 key is 16 fixed bytes and the seed, so no general parser
 * (and no passphrase prompt) is needed. It knows no file and no document but
 * the signature line.
 */
#include "license/sign.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "license/base/buf.h"
#include "license/base/encode.h"

enum { SEED_SIZE = 32, PREFIX_SIZE = 16, RANDOM_CHUNK = 256 };

#define PEM_BEGIN "-----BEGIN PRIVATE KEY-----\n"
#define PEM_END "\n-----END PRIVATE KEY-----\n"

/* RFC 8410: PrivateKeyInfo, version 0, id-Ed25519, an octet string of 32. */
static const uint8_t pkcs8_prefix[PREFIX_SIZE] = {0x30, 0x2E, 0x02, 0x01, 0x00,
	0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};

struct signing_key {
	EVP_PKEY *pkey;
	uint8_t public_key[KEY_SIZE];
};

struct signing_key *
signing_key_from_seed(const uint8_t seed[KEY_SIZE])
{
	struct signing_key *key = calloc(1, sizeof(*key));
	size_t len = KEY_SIZE;

	if (key == NULL)
		return NULL;
	key->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed,
	    SEED_SIZE);
	if (key->pkey == NULL ||
	    EVP_PKEY_get_raw_public_key(key->pkey, key->public_key,
		&len) != 1 ||
	    len != KEY_SIZE) {
		signing_key_free(key);
		return NULL;
	}
	return key;
}

struct signing_key *
signing_key_new(void)
{
	uint8_t seed[SEED_SIZE];
	struct signing_key *key = NULL;

	if (random_bytes(seed, sizeof(seed)))
		key = signing_key_from_seed(seed);
	secret_wipe(seed, sizeof(seed));
	return key;
}

struct signing_key *
signing_key_parse(const char *pem)
{
	size_t begin = strlen(PEM_BEGIN);
	size_t middle = BASE64_SIZE(PREFIX_SIZE + SEED_SIZE) - 1;
	uint8_t der[PREFIX_SIZE + SEED_SIZE];
	struct signing_key *key = NULL;

	if (strlen(pem) == begin + middle + strlen(PEM_END) &&
	    memcmp(pem, PEM_BEGIN, begin) == 0 &&
	    strcmp(pem + begin + middle, PEM_END) == 0 &&
	    base64_decode(pem + begin, middle, der, sizeof(der)) &&
	    memcmp(der, pkcs8_prefix, PREFIX_SIZE) == 0)
		key = signing_key_from_seed(der + PREFIX_SIZE);
	secret_wipe(der, sizeof(der));
	return key;
}

bool
signing_key_print(const struct signing_key *key, struct buf *out)
{
	uint8_t der[PREFIX_SIZE + SEED_SIZE];
	char text[BASE64_SIZE(PREFIX_SIZE + SEED_SIZE)];
	size_t len = SEED_SIZE;
	bool good;

	memcpy(der, pkcs8_prefix, PREFIX_SIZE);
	good = EVP_PKEY_get_raw_private_key(key->pkey, der + PREFIX_SIZE,
		   &len) == 1 && len == SEED_SIZE;
	if (good) {
		base64_encode(der, sizeof(der), text);
		buf_puts(out, PEM_BEGIN);
		buf_puts(out, text);
		buf_puts(out, PEM_END);
		secret_wipe(text, sizeof(text));
	}
	secret_wipe(der, sizeof(der));
	return good && !out->failed;
}

void
signing_key_free(struct signing_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pkey);
	secret_wipe(key, sizeof(*key));
	free(key);
}

void
signing_key_public(const struct signing_key *key, uint8_t out[static KEY_SIZE])
{
	memcpy(out, key->public_key, KEY_SIZE);
}

bool
signing_key_sign(const struct signing_key *key, const void *bytes, size_t len,
    uint8_t out[static SIGNATURE_SIZE])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t size = SIGNATURE_SIZE;
	bool good = context != NULL &&
	    EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
	    EVP_DigestSign(context, out, &size, bytes, len) == 1 &&
	    size == SIGNATURE_SIZE;

	EVP_MD_CTX_free(context);
	return good;
}

bool
document_seal(struct buf *document, const struct signing_key *key)
{
	uint8_t signature[SIGNATURE_SIZE];
	char text[BASE64_SIZE(SIGNATURE_SIZE)];

	if (document->failed || document->len == 0 ||
	    document->len > DOCUMENT_MAX - DOCUMENT_SIGNATURE_LINE ||
	    !signing_key_sign(key, document->data, document->len, signature))
		return false;
	base64_encode(signature, sizeof(signature), text);
	buf_printf(document, "signature %s\n", text);
	return !document->failed;
}

bool
random_bytes(void *out, size_t len)
{
	uint8_t *p = out;

	while (len > 0) {
		size_t n = len < RANDOM_CHUNK ? len : RANDOM_CHUNK;

		if (getentropy(p, n) == -1)
			return false;
		p += n;
		len -= n;
	}
	return true;
}

void
secret_wipe(void *bytes, size_t len)
{
	explicit_bzero(bytes, len);
}
