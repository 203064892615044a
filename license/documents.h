/* SPDX-License-Identifier: ISC */
/*
 * The byte grammar of documents, and the three things that may be read before
 * a signature is verified: line 1, the key lines right after it, and the last
 * 99 bytes. It knows neither what the other lines mean (codec.h) nor whether
 * the signature is good (verify.h).
 *
 * A document is lines "name value" LF, at most 16 KiB, a line at most 1024
 * bytes with its LF; UTF-8 without BOM, CR, C0, C1 or DEL; line 1 is
 * "leaseline-PURPOSE VERSION"; the last is "signature " and base64 of 64
 * bytes. The signature is Ed25519 over every byte before that line.
 */
#ifndef LICENSE_DOCUMENTS_H
#define LICENSE_DOCUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "license/base/utc.h"
#include "license/names.h"

enum {
	DOCUMENT_MAX = 16384,
	DOCUMENT_LINE_MAX = 1024,
	DOCUMENT_SIGNATURE_LINE = 99,
	DOCUMENT_VERSION = 1,
	KEY_SIZE = 32,
	SIGNATURE_SIZE = 64,
	SHA256_SIZE = 32,
	NONCE_SIZE = 16,
};

/*
 * Why a document is not good: C name, label for tests and vectors, the
 * refresh result it becomes, sentence for a person.
 */
#define DOC_ERRORS(X)                                                         \
	X(OK, ok, OK, "it is good")                                           \
	X(EMPTY, empty, MALFORMED, "it is empty")                             \
	X(TOO_LARGE, too_large, MALFORMED, "it is larger than 16 KiB")        \
	X(NOT_OURS, not_ours, MALFORMED, "it does not begin with leaseline-") \
	X(PURPOSE, wrong_purpose, MALFORMED,                                  \
	    "it is a document of another purpose")                            \
	X(VERSION, unsupported_version, MALFORMED,                            \
	    "it is of a version that this program does not know")             \
	X(CUT, cut_short, MALFORMED,                                          \
	    "it is cut short or has something after its signature line")      \
	X(KEY_LINES, bad_key_lines, MALFORMED,                                \
	    "its key lines are missing or not in their form")                 \
	X(UNKNOWN_KEY, unknown_key, UNKNOWN_KEY,                              \
	    "its signer is not certified by a trusted root key")              \
	X(SIGNER_OVER, signer_over, UNKNOWN_KEY,                              \
	    "it was issued after its signer's time was over")                 \
	X(REVOKED, revoked_key, UNKNOWN_KEY, "its signer was revoked")        \
	X(SIGNATURE, bad_signature, BAD_SIGNATURE,                            \
	    "its signature is wrong: it was changed after it was signed")     \
	X(BYTE, bad_byte, MALFORMED,                                          \
	    "it has a byte that documents do not have")                       \
	X(LINE, bad_line, MALFORMED, "it has a line that is not 'name value'") \
	X(LINE_LONG, long_line, MALFORMED,                                    \
	    "it has a line longer than 1024 bytes")                           \
	X(UNKNOWN_NAME, unknown_name, MALFORMED,                              \
	    "it has a name that its purpose does not have")                   \
	X(ORDER, wrong_order, MALFORMED, "its lines are not in their order")  \
	X(REPEATED, repeated_name, MALFORMED, "it has a line twice")          \
	X(ABSENT, missing_line, MALFORMED, "a line that must be there is missing") \
	X(FORBIDDEN, forbidden_line, MALFORMED,                               \
	    "it has a line that its mode forbids")                            \
	X(VALUE, bad_value, MALFORMED, "it has a value out of its range or form") \
	X(CONFLICT, conflict, MALFORMED, "two of its values contradict")      \
	X(OTHER_REQUEST, other_request, REPLAYED,                             \
	    "it answers another request")                                     \
	X(OTHER_MACHINE, other_machine, REPLAYED,                             \
	    "it is for another machine")                                      \
	X(OTHER_PRODUCT, other_product, REPLAYED,                             \
	    "it is for another product")                                      \
	X(OTHER_MODE, other_mode, REPLAYED, "it is of another mode")          \
	X(OLD_SEQUENCE, old_sequence, REPLAYED,                               \
	    "a newer document was seen before it")

#define DOC_ERROR_ROW(name, label, result, sentence) DOC_##name,
enum doc_error { DOC_ERRORS(DOC_ERROR_ROW) DOC_ERROR_COUNT };
#undef DOC_ERROR_ROW

const char *doc_error_label(enum doc_error error);
const char *doc_error_sentence(enum doc_error error);
enum result doc_error_result(enum doc_error error);

/* doc_fault: the error, and where: line from 1 (0 unknown), name may be "". */
struct doc_fault {
	enum doc_error error;
	unsigned line;
	char name[48];
};

/*
 * doc_fault_text: "line 12, bandwidth-mbits: it has a value out of its range
 * or form", bounded; safe to log (names are [a-z0-9-] by then).
 */
void doc_fault_text(const struct doc_fault *fault, char *out, size_t out_size);

/* doc_frame: what was read by position; points into the caller's bytes. */
struct doc_frame {
	enum purpose purpose;
	const char *bytes;
	size_t len;
	size_t signed_len;   /* bytes before the signature line */
	size_t body;	     /* offset of the first line after the key lines */
	unsigned body_line;  /* its number, from 1 */
	bool by_machine;     /* request, stats, state: key is the machine's */
	bool by_root;	     /* revocation list: no key line */
	uint8_t key[KEY_SIZE]; /* signer or machine key */
	utc_t signer_until;
	uint8_t signer_proof[SIGNATURE_SIZE];
	size_t certificate;	/* offset and length of the "signer" and */
	size_t certificate_len; /* "signer-until" lines */
	uint8_t signature[SIGNATURE_SIZE];
	bool verified; /* set by doc_verify*() only */
};

/*
 * doc_frame_read: read by position a document whose purpose must be
 * ${purpose}. Looks at no other byte. ${bytes} must outlive ${out}.
 */
enum doc_error doc_frame_read(const char *bytes, size_t len,
    enum purpose purpose, struct doc_frame *out);

/*
 * doc_lines: the lines between the key lines and the signature, one by one,
 * once the frame is verified (assertion). ${name} and ${value} point into the
 * document and have no NUL after them.
 */
struct doc_lines {
	const struct doc_frame *frame;
	size_t at;
	unsigned number; /* of the next line, from 1 */
};

struct doc_line {
	const char *name, *value;
	size_t name_len, value_len;
	unsigned number;
};

/*
 * doc_lines_begin: checks the bytes of the whole document first. False with
 * ${fault} filled (DOC_BYTE).
 */
bool doc_lines_begin(const struct doc_frame *frame, struct doc_lines *out,
    struct doc_fault *fault);

/*
 * doc_lines_next: false at the end, with DOC_OK in ${fault}, and at a line
 * that is not 'name value', with the error there.
 */
bool doc_lines_next(struct doc_lines *lines, struct doc_line *out,
    struct doc_fault *fault);

/* doc_fault_set: fill ${fault}; a name too long for it is cut. */
void doc_fault_set(struct doc_fault *fault, enum doc_error error,
    const struct doc_line *line);

/* doc_text_good: bytes that a value may have: see the head of this file. */
bool doc_text_good(const char *text, size_t len);

/* doc_name_good: [a-z][a-z0-9-]* */
bool doc_name_good(const char *text, size_t len);

/*
 * doc_purpose: the purpose that line 1 claims, 0 when it is not ours. Enough
 * to decide whether a file may be touched; never to trust it.
 */
int doc_purpose(const char *bytes, size_t len);

/* doc_is_ours: begins with "leaseline-". */
bool doc_is_ours(const char *bytes, size_t len);

#endif
