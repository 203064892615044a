/* SPDX-License-Identifier: ISC */
/* Reading answers and dropped-in files; it stores nothing. */
#include "license/answer.h"

#include <stdio.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/keyring.h"
#include "license/verify.h"

static struct doc_fault
fault_of(enum doc_error error, const char *name)
{
	struct doc_fault fault = {.error = error};

	strncpy(fault.name, name, sizeof(fault.name) - 1);
	return fault;
}

static bool
open_frame(const char *bytes, size_t len, enum purpose purpose,
    const struct keyring *keyring, struct doc_frame *frame,
    struct doc_fault *fault)
{
	enum doc_error error = doc_frame_read(bytes, len, purpose, frame);

	if (error == DOC_OK)
		error = doc_verify(frame, keyring);
	*fault = fault_of(error, "");
	return error == DOC_OK;
}

static bool
is_held(const char *bytes, size_t len, const struct answer_expectation *want)
{
	return want->held != NULL && len == want->held_len &&
	    memcmp(bytes, want->held, len) == 0;
}

/* Equal sequences are one document or a fault. */
static bool
is_old(int64_t sequence, bool held, const struct answer_expectation *want)
{
	return sequence < want->sequence ||
	    (sequence == want->sequence && !held);
}

static bool
fits_request(const uint8_t request_sha256[SHA256_SIZE],
    const uint8_t nonce[NONCE_SIZE], const uint8_t machine_key[KEY_SIZE],
    const struct answer_expectation *want, struct doc_fault *fault)
{
	if (memcmp(machine_key, want->machine_key, KEY_SIZE) != 0)
		*fault = fault_of(DOC_OTHER_MACHINE, "machine-key");
	else if (memcmp(request_sha256, want->request_sha256, SHA256_SIZE) != 0)
		*fault = fault_of(DOC_OTHER_REQUEST, "request-sha256");
	else if (memcmp(nonce, want->nonce, NONCE_SIZE) != 0)
		*fault = fault_of(DOC_OTHER_REQUEST, "nonce");
	else
		return true;
	return false;
}

static bool
fits_product(const struct license *license, const char *product,
    struct doc_fault *fault)
{
	if (product[0] == '\0' || strcmp(license->product, product) == 0)
		return true;
	*fault = fault_of(DOC_OTHER_PRODUCT, "product");
	return false;
}

bool
answer_fits_license(const struct license *license, bool held,
    const struct answer_expectation *want, struct doc_fault *fault)
{
	if (!fits_product(license, want->product, fault))
		return false;
	if (license->mode != MODE_ONLINE) {
		*fault = fault_of(DOC_OTHER_MODE, "mode");
		return false;
	}
	if (!fits_request(license->request_sha256, license->nonce,
		license->machine_key, want, fault))
		return false;
	if (is_old(license->sequence, held, want)) {
		*fault = fault_of(DOC_OLD_SEQUENCE, "sequence");
		return false;
	}
	return true;
}

bool
answer_fits_refusal(const struct refusal *refusal, bool held,
    const struct answer_expectation *want, struct doc_fault *fault)
{
	if (!fits_request(refusal->request_sha256, refusal->nonce,
		refusal->machine_key, want, fault))
		return false;
	if (has_bit(refusal->has, REFUSED_SEQUENCE) &&
	    is_old(refusal->sequence, held, want)) {
		*fault = fault_of(DOC_OLD_SEQUENCE, "sequence");
		return false;
	}
	return true;
}

static bool
read_license(const char *bytes, size_t len,
    const struct answer_expectation *want, struct answer *out)
{
	return license_admit(bytes, len, want->keyring, want->product,
		   &out->license, &out->fault) &&
	    answer_fits_license(&out->license, is_held(bytes, len, want),
		want, &out->fault);
}

static bool
read_refusal(const char *bytes, size_t len,
    const struct answer_expectation *want, struct answer *out)
{
	return refusal_admit(bytes, len, want->keyring, want->machine_key,
		   &out->refusal, &out->fault) &&
	    answer_fits_refusal(&out->refusal, is_held(bytes, len, want),
		want, &out->fault);
}

void
answer_read(const char *bytes, size_t len, bool refusal,
    const struct answer_expectation *want, struct answer *out)
{
	*out = (struct answer){.result = RESULT_NEVER};
	bool good = refusal ? read_refusal(bytes, len, want, out) :
			      read_license(bytes, len, want, out);

	if (good)
		out->result = refusal ? RESULT_REFUSED : RESULT_OK;
	else
		out->result = doc_error_result(out->fault.error);
}

bool
license_admit(const char *bytes, size_t len, const struct keyring *keyring,
    const char *product, struct license *out, struct doc_fault *fault)
{
	struct doc_frame frame;

	return open_frame(bytes, len, PURPOSE_LICENSE, keyring, &frame, fault) &&
	    license_decode(&frame, out, fault) &&
	    fits_product(out, product, fault);
}

void
file_fault_text(const char *bytes, size_t len, const struct doc_fault *fault,
    char *out, size_t out_size)
{
	int purpose = doc_purpose(bytes, len);

	if (purpose == PURPOSE_REQUEST)
		text_copy(out, out_size, "it is the request (hw_data.lic), not "
			"the license that answers it");
	else if (purpose != 0 && purpose != PURPOSE_LICENSE)
		snprintf(out, out_size, "it is %s, not a license",
		    names_sentence(NAMES_PURPOSE, purpose));
	else if (memchr(bytes, '\r', len) != NULL)
		text_copy(out, out_size, "it has carriage returns (was it "
			"changed in the mail? ask for it again, as an "
			"attachment, or remove them with dos2unix)");
	else
		doc_fault_text(fault, out, out_size);
}

bool
refusal_admit(const char *bytes, size_t len, const struct keyring *keyring,
    const uint8_t machine_key[KEY_SIZE], struct refusal *out,
    struct doc_fault *fault)
{
	struct doc_frame frame;

	if (!open_frame(bytes, len, PURPOSE_REFUSAL, keyring, &frame, fault) ||
	    !refusal_decode(&frame, out, fault))
		return false;
	if (memcmp(out->machine_key, machine_key, KEY_SIZE) != 0) {
		*fault = fault_of(DOC_OTHER_MACHINE, "machine-key");
		return false;
	}
	return true;
}
