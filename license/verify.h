/* SPDX-License-Identifier: ISC */
/*
 * Ed25519 verification, SHA-256 and HMAC, over OpenSSL: functions of their
 * bytes. It holds no key and makes no signature (sign.h).
 */
#ifndef LICENSE_VERIFY_H
#define LICENSE_VERIFY_H

#include "license/documents.h"

struct keyring;

/* verify_bytes: Ed25519 (RFC 8032) of ${len} bytes. */
bool verify_bytes(const uint8_t key[KEY_SIZE], const void *bytes, size_t len,
    const uint8_t signature[SIGNATURE_SIZE]);

/*
 * doc_verify: the signer's proof under a root of ${keyring}, the signer not
 * revoked, the signature over the document. (issued <= signer-until is
 * checked when the document is decoded.) Sets frame->verified on DOC_OK.
 */
enum doc_error doc_verify(struct doc_frame *frame,
    const struct keyring *keyring);

/* doc_verify_machine: the signature under the key the document names. */
enum doc_error doc_verify_machine(struct doc_frame *frame);

void sha256(const void *bytes, size_t len, uint8_t out[static SHA256_SIZE]);

/*
 * hmac_sha256: of the application-specific machine id, and of credentials that
 * are remembered.
 */
void hmac_sha256(const void *key, size_t key_len, const void *bytes,
    size_t len, uint8_t out[static SHA256_SIZE]);

#endif
