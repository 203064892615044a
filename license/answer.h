/* SPDX-License-Identifier: ISC */
/*
 * Reading what came back: is it an answer, to this request, for this
 * machine, newer than all that is held? And the same question for a file
 * that a person put in place. Pure; it stores and decides nothing.
 */
#ifndef LICENSE_ANSWER_H
#define LICENSE_ANSWER_H

#include "license/codec.h"

struct keyring;

/* What an answer must fit. Pointers must outlive the call only. */
struct answer_expectation {
	const struct keyring *keyring;
	uint8_t request_sha256[SHA256_SIZE];
	uint8_t nonce[NONCE_SIZE];
	uint8_t machine_key[KEY_SIZE];
	const char *product; /* "": any */
	int64_t sequence;    /* the highest held of licenses and refusals */
	const char *held;    /* its bytes: the same sequence is accepted only */
	size_t held_len;     /* when byte-identical; NULL: not known */
};

struct answer {
	enum result result; /* OK: a license; REFUSED: a refusal; or why not */
	struct doc_fault fault;
	struct license license;
	struct refusal refusal;
};

/*
 * answer_read: the body of a 200 (${refusal} false) or a 403 (true). Neither
 * has an effect unless result is OK or REFUSED.
 */
void answer_read(const char *bytes, size_t len, bool refusal,
    const struct answer_expectation *expectation, struct answer *out);

/*
 * answer_fits_...: the same rules for a document that was read: product, mode,
 * request, machine, order. ${held}: its bytes are those of ${want}->held.
 */
bool answer_fits_license(const struct license *license, bool held,
    const struct answer_expectation *want, struct doc_fault *fault);
bool answer_fits_refusal(const struct refusal *refusal, bool held,
    const struct answer_expectation *want, struct doc_fault *fault);

/*
 * license_admit: a license file: chain, form, product. The machine key is not
 * compared (the report says hardware_mismatch). False with ${fault}.
 */
bool license_admit(const char *bytes, size_t len, const struct keyring *keyring,
    const char *product, struct license *out, struct doc_fault *fault);

/*
 * file_fault_text: why bytes that license_admit() refused with ${fault} are not
 * the license that a person meant to put there, a clause with the mend where
 * there is one; bounded, safe to log.
 */
void file_fault_text(const char *bytes, size_t len,
    const struct doc_fault *fault, char *out, size_t out_size);

/* refusal_admit: a stored refusal, for ${machine_key}. */
bool refusal_admit(const char *bytes, size_t len,
    const struct keyring *keyring, const uint8_t machine_key[KEY_SIZE],
    struct refusal *out, struct doc_fault *fault);

#endif
