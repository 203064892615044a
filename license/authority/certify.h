/* SPDX-License-Identifier: ISC */
/*
 * What a root signs, and nothing else: a signer's certificate, a list of
 * revoked signers. Its requests are texts, so that the root's machine needs no
 * network and its operator can read what is signed. It reads no file.
 *
 * A request is exactly the bytes that the root signs: "leaseline-signer 1",
 * "signer KEY", "signer-until INSTANT"; or a leaseline-revoked document
 * without its signature line.
 */
#ifndef LICENSE_AUTHORITY_CERTIFY_H
#define LICENSE_AUTHORITY_CERTIFY_H

#include "license/codec.h"

struct buf;
struct keyring;
struct signing_key;

struct certify_request {
	bool is_list;
	uint8_t key[KEY_SIZE]; /* of a signer */
	utc_t until;
	struct revoked list;
};

/* certify_read: false with a clause in ${error} for anything else. */
bool certify_read(const char *bytes, size_t len, struct certify_request *out,
    struct buf *error);

/* certify_print: the request as text. */
bool certify_print(const struct certify_request *request, struct buf *out);

/*
 * certify: what the root gives back: the three lines of a signer, or the
 * signed list. False when it cannot sign.
 */
bool certify(const struct signing_key *root,
    const struct certify_request *request, struct buf *out);

/* certify_list: read a signed list under ${roots}; false with a clause. */
bool certify_list(const char *bytes, size_t len, const struct keyring *roots,
    struct revoked *out, struct buf *error);

#endif
