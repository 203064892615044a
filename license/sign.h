/* SPDX-License-Identifier: ISC */
/*
 * Ed25519 keys that sign, over OpenSSL. The agent signs with its machine key
 * only; what signs with a vendor's key lives in license/authority/issue.h.
 */
#ifndef LICENSE_SIGN_H
#define LICENSE_SIGN_H

#include "license/documents.h"

struct buf;
struct signing_key;

/* signing_key_new: a fresh key; NULL when there is no randomness. */
struct signing_key *signing_key_new(void);

/*
 * signing_key_from_seed: the key of RFC 8032 for a secret seed. For tests and
 * vectors, where a key must be the same each time; keys in use are made by
 * signing_key_new. NULL only when OpenSSL fails.
 */
struct signing_key *signing_key_from_seed(const uint8_t seed[KEY_SIZE]);

/* signing_key_parse: PEM (PKCS #8) as signing_key_print wrote it, or NULL. */
struct signing_key *signing_key_parse(const char *pem);

/* signing_key_print: append PEM; the caller wipes what it printed to. */
bool signing_key_print(const struct signing_key *key, struct buf *out);

/* signing_key_free: wipes. NULL is accepted. */
void signing_key_free(struct signing_key *key);

void signing_key_public(const struct signing_key *key,
    uint8_t out[static KEY_SIZE]);

/* signing_key_sign: false only when OpenSSL fails. */
bool signing_key_sign(const struct signing_key *key, const void *bytes,
    size_t len, uint8_t out[static SIGNATURE_SIZE]);

/*
 * document_seal: append the signature line over everything ${document}
 * holds. False when it does not fit or signing fails.
 */
bool document_seal(struct buf *document, const struct signing_key *key);

/* random_bytes: from the operating system; false when there are none. */
bool random_bytes(void *out, size_t len);

/* secret_wipe: overwrite in a way that the compiler keeps. */
void secret_wipe(void *bytes, size_t len);

#endif
