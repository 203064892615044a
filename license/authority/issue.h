/* SPDX-License-Identifier: ISC */
/*
 * The vendor's seal: certificate chain, encoded document, signature. The only
 * code that signs with a vendor's key; it is linked into the authority and the
 * tests and decides nothing.
 */
#ifndef LICENSE_AUTHORITY_ISSUE_H
#define LICENSE_AUTHORITY_ISSUE_H

#include "license/codec.h"

struct buf;
struct issuer;
struct keyring;
struct signing_key;

/*
 * certificate_print: append the three key lines of a signer: signer,
 * signer-until, signer-proof. False when the root cannot sign.
 */
bool certificate_print(const struct signing_key *root,
    const uint8_t signer[KEY_SIZE], utc_t until, struct buf *out);

/*
 * issuer_new: from the signer's PEM and its three lines. NULL with a clause
 * in ${error}: not in their form, of another key, or not under ${roots}.
 */
struct issuer *issuer_new(const char *pem, const char *certificate,
    const struct keyring *roots, struct buf *error);
void issuer_free(struct issuer *issuer); /* wipes; NULL is accepted */

/*
 * issuer_replace: ${to} has the signer and the list of ${from} from now on,
 * which is freed; while others sign with it. From NULL: no signer, and
 * nothing is issued any more.
 */
void issuer_replace(struct issuer *to, struct issuer *from);

/*
 * issuer_revoked: the list of revoked signers: licenses announce its version
 * (0 before), and nothing is signed by a signer on it.
 */
void issuer_set_revoked(struct issuer *issuer, const struct revoked *list);
bool issuer_revoked(const struct issuer *issuer, const uint8_t key[KEY_SIZE]);

/* issuer_until: s 0: there is no signer. issuer_key: all zero, the same. */
utc_t issuer_until(const struct issuer *issuer);
void issuer_key(const struct issuer *issuer, uint8_t out[static KEY_SIZE]);

/*
 * issue_...: append the whole document; the signer's members of the struct,
 * and of a license the revocations, are filled. False when a value is out of
 * its range, there is no signer or its time is over, or signing fails. Safe
 * from any thread.
 */
bool issue_license(const struct issuer *issuer, struct license *license,
    struct buf *out);
bool issue_refusal(const struct issuer *issuer, struct refusal *refusal,
    struct buf *out);
bool issue_time_reset(const struct issuer *issuer, struct time_reset *reset,
    struct buf *out);

#endif
