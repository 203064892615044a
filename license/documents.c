/* SPDX-License-Identifier: ISC */
/*
 * The frame of a document, read by position: line 1, the key lines and the
 * last 99 bytes; then, for a verified frame only, its bytes and lines. It
 * refuses to know what a line means.
 */
#include "license/documents.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/base/encode.h"

#define OURS "leaseline-"
#define SIGNATURE "signature "

enum { PURPOSE_SIZE = 32 };

static const struct {
	const char *label, *sentence;
	enum result result;
} errors[] = {
#define ROW(name, label, result, sentence)                                    \
	[DOC_##name] = {#label, sentence, RESULT_##result},
	DOC_ERRORS(ROW)
#undef ROW
};

const char *
doc_error_label(enum doc_error error)
{
	return errors[error].label;
}

const char *
doc_error_sentence(enum doc_error error)
{
	return errors[error].sentence;
}

enum result
doc_error_result(enum doc_error error)
{
	return errors[error].result;
}

void
doc_fault_text(const struct doc_fault *fault, char *out, size_t out_size)
{
	const char *sentence = doc_error_sentence(fault->error);

	if (fault->line == 0 && fault->name[0] == '\0')
		snprintf(out, out_size, "%s", sentence);
	else if (fault->line == 0)
		snprintf(out, out_size, "%s: %s", fault->name, sentence);
	else if (fault->name[0] == '\0')
		snprintf(out, out_size, "line %u: %s", fault->line, sentence);
	else
		snprintf(out, out_size, "line %u, %s: %s", fault->line,
		    fault->name, sentence);
}

bool
doc_is_ours(const char *bytes, size_t len)
{
	return len >= strlen(OURS) && memcmp(bytes, OURS, strlen(OURS)) == 0;
}

/* The purpose of line 1, and what follows its name ("" or " VERSION"). */
static int
read_purpose(const char *line, size_t len, size_t *used)
{
	char name[PURPOSE_SIZE];
	size_t n = 0;

	if (!doc_is_ours(line, len))
		return 0;
	line += strlen(OURS);
	len -= strlen(OURS);
	while (n < len && n + 1 < sizeof(name) && line[n] != ' ' &&
	    line[n] != '\n') {
		name[n] = line[n];
		n++;
	}
	name[n] = '\0';
	*used = strlen(OURS) + n;
	return n < len ? names_parse(NAMES_PURPOSE, name) : 0;
}

int
doc_purpose(const char *bytes, size_t len)
{
	size_t used;

	return read_purpose(bytes, len, &used);
}

static enum doc_error
read_first_line(const char *bytes, size_t len, enum purpose purpose,
    size_t *next)
{
	size_t used;
	size_t most = len < DOCUMENT_LINE_MAX ? len : DOCUMENT_LINE_MAX;
	const char *end;

	if (len == 0)
		return DOC_EMPTY;
	if (len > DOCUMENT_MAX)
		return DOC_TOO_LARGE;
	if (!doc_is_ours(bytes, len))
		return DOC_NOT_OURS;
	end = memchr(bytes, '\n', most);
	if (end == NULL)
		return len < DOCUMENT_LINE_MAX ? DOC_CUT : DOC_LINE_LONG;
	*next = (size_t)(end - bytes) + 1;
	if (read_purpose(bytes, *next, &used) != (int)purpose)
		return DOC_PURPOSE;
	_Static_assert(DOCUMENT_VERSION == 1, "line 1 is compared as text");
	if (*next - used != strlen(" 1\n") ||
	    memcmp(bytes + used, " 1\n", strlen(" 1\n")) != 0)
		return DOC_VERSION;
	return DOC_OK;
}

static enum doc_error
read_last_line(struct doc_frame *f, size_t first)
{
	size_t prefix = strlen(SIGNATURE);
	const char *line;

	if (f->len < first + DOCUMENT_SIGNATURE_LINE)
		return DOC_CUT;
	line = f->bytes + f->len - DOCUMENT_SIGNATURE_LINE;
	if (line[-1] != '\n' ||
	    memcmp(line, SIGNATURE, prefix) != 0 ||
	    f->bytes[f->len - 1] != '\n')
		return DOC_CUT;
	f->signed_len = f->len - DOCUMENT_SIGNATURE_LINE;
	if (!base64_decode(line + prefix,
		DOCUMENT_SIGNATURE_LINE - prefix - 1, f->signature,
		SIGNATURE_SIZE))
		return DOC_SIGNATURE;
	return DOC_OK;
}

/* The value of the line at f->body, if it has that name and length. */
static const char *
read_key_line(struct doc_frame *f, const char *name, size_t value_len)
{
	const char *line = f->bytes + f->body;
	size_t n = strlen(name);

	if (f->signed_len - f->body < n + value_len + 1 ||
	    memcmp(line, name, n) != 0 || line[n + value_len] != '\n')
		return NULL;
	f->body += n + value_len + 1;
	f->body_line++;
	return line + n;
}

static bool
read_key(struct doc_frame *f, const char *name)
{
	const size_t len = BASE64_SIZE(KEY_SIZE) - 1;
	const char *value = read_key_line(f, name, len);

	return value != NULL && base64_decode(value, len, f->key, KEY_SIZE);
}

static bool
read_certificate(struct doc_frame *f)
{
	const size_t proof_len = BASE64_SIZE(SIGNATURE_SIZE) - 1;
	char until[UTC_TEXT_SIZE];
	const char *value;

	f->certificate = f->body;
	if (!read_key(f, "signer "))
		return false;
	value = read_key_line(f, "signer-until ", UTC_TEXT_SIZE - 1);
	if (value == NULL)
		return false;
	memcpy(until, value, UTC_TEXT_SIZE - 1);
	until[UTC_TEXT_SIZE - 1] = '\0';
	if (!utc_parse(until, &f->signer_until))
		return false;
	f->certificate_len = f->body - f->certificate;
	value = read_key_line(f, "signer-proof ", proof_len);
	return value != NULL &&
	    base64_decode(value, proof_len, f->signer_proof, SIGNATURE_SIZE);
}

enum doc_error
doc_frame_read(const char *bytes, size_t len, enum purpose purpose,
    struct doc_frame *out)
{
	size_t first = 0;
	enum doc_error error;
	bool good = true;

	*out = (struct doc_frame){
		.purpose = purpose,
		.bytes = bytes,
		.len = len,
		.body_line = 2,
		.by_machine = purpose == PURPOSE_REQUEST ||
		    purpose == PURPOSE_STATS || purpose == PURPOSE_STATE,
		.by_root = purpose == PURPOSE_REVOKED,
	};
	error = read_first_line(bytes, len, purpose, &first);
	if (error != DOC_OK)
		return error;
	out->body = first;
	error = read_last_line(out, first);
	if (error != DOC_OK)
		return error;
	if (out->by_machine)
		good = read_key(out, "machine-key ");
	else if (!out->by_root)
		good = read_certificate(out);
	return good ? DOC_OK : DOC_KEY_LINES;
}

void
doc_fault_set(struct doc_fault *fault, enum doc_error error,
    const struct doc_line *line)
{
	size_t n = line->name_len;

	*fault = (struct doc_fault){.error = error, .line = line->number};
	if (n >= sizeof(fault->name))
		n = sizeof(fault->name) - 1;
	if (n > 0)
		memcpy(fault->name, line->name, n);
}

/* Length of the good character at ${p}: no control, no BOM; 0 if it is not. */
static size_t
good_character(const char *p, size_t len)
{
	const unsigned char *s = (const unsigned char *)p;
	size_t n = utf8_length(p, len);

	if (n == 1 && (s[0] < 0x20 || s[0] == 0x7F))
		return 0;
	if (n == 2 && s[0] == 0xC2 && s[1] < 0xA0)
		return 0;
	if (n == 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
		return 0;
	return n;
}

bool
doc_text_good(const char *text, size_t len)
{
	if (len == 0 || text[0] == ' ' || text[len - 1] == ' ')
		return false;
	while (len > 0) {
		size_t n = good_character(text, len);

		if (n == 0)
			return false;
		text += n;
		len -= n;
	}
	return true;
}

bool
doc_name_good(const char *text, size_t len)
{
	if (len == 0 || text[0] < 'a' || text[0] > 'z')
		return false;
	for (size_t i = 1; i < len; i++) {
		char c = text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			c == '-'))
			return false;
	}
	return true;
}

bool
doc_lines_begin(const struct doc_frame *frame, struct doc_lines *out,
    struct doc_fault *fault)
{
	struct doc_line line = {.number = 1};
	size_t at = 0;

	assert(frame->verified);
	*out = (struct doc_lines){frame, frame->body, frame->body_line};
	*fault = (struct doc_fault){.error = DOC_OK};
	while (at < frame->len) {
		bool end = frame->bytes[at] == '\n';
		size_t n = end ? 1 :
				 good_character(frame->bytes + at,
				     frame->len - at);
		if (n == 0) {
			doc_fault_set(fault, DOC_BYTE, &line);
			return false;
		}
		line.number += end;
		at += n;
	}
	return true;
}

bool
doc_lines_next(struct doc_lines *lines, struct doc_line *out,
    struct doc_fault *fault)
{
	const char *start = lines->frame->bytes + lines->at;
	size_t left = lines->frame->signed_len - lines->at;
	size_t most = left < DOCUMENT_LINE_MAX ? left : DOCUMENT_LINE_MAX;
	const char *end, *space;

	*fault = (struct doc_fault){.error = DOC_OK};
	*out = (struct doc_line){.number = lines->number};
	if (left == 0)
		return false;
	end = memchr(start, '\n', most);
	if (end == NULL) {
		doc_fault_set(fault, DOC_LINE_LONG, out);
		return false;
	}
	space = memchr(start, ' ', (size_t)(end - start));
	if (space == NULL || !doc_name_good(start, (size_t)(space - start)) ||
	    !doc_text_good(space + 1, (size_t)(end - space) - 1)) {
		doc_fault_set(fault, DOC_LINE, out);
		return false;
	}
	out->name = start;
	out->name_len = (size_t)(space - start);
	out->value = space + 1;
	out->value_len = (size_t)(end - space) - 1;
	lines->at += (size_t)(end - start) + 1;
	lines->number++;
	return true;
}
