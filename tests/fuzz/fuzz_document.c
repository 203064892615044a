/* SPDX-License-Identifier: ISC */
/*
 * Documents from anywhere: frame, signature, lines. The signature would keep
 * the fuzzer out of the parser behind it, so the frame is marked verified
 * here, and nowhere else. What decodes must encode to the same lines.
 */
#include <stdint.h>

#include "tests/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
encode_again(const struct doc_frame *frame, const union sample_value *value)
{
	const char *body = frame->bytes + frame->body;
	size_t len = frame->signed_len - frame->body;
	struct buf out;

	buf_init(&out, DOCUMENT_MAX);
	if (!sample_encode(frame->purpose, value, &out) || out.len > len ||
	    (out.len > 0 && memcmp(out.data, body, out.len) != 0))
		abort();
	if (out.len < len &&
	    (len - out.len < strlen("optional-") ||
		memcmp(body + out.len, "optional-", strlen("optional-")) != 0))
		abort();
	buf_fini(&out);
}

static void
try_purpose(const char *bytes, size_t len, enum purpose purpose)
{
	static struct keyring keyring;
	union sample_value value;
	struct doc_frame frame;
	struct doc_fault fault;
	char text[160];

	if (doc_frame_read(bytes, len, purpose, &frame) != DOC_OK)
		return;
	if (keyring.root_count == 0)
		sample_keyring(&keyring);
	if (frame.by_machine)
		doc_verify_machine(&frame);
	else
		doc_verify(&frame, &keyring);
	frame.verified = true;
	if (!sample_decode(&frame, &value, &fault))
		doc_fault_text(&fault, text, sizeof(text));
	else
		encode_again(&frame, &value);
}

/* Bytes that are no document are taken as the lines of one. */
static void
try_body(const char *bytes, size_t len, enum purpose purpose)
{
	static struct buf begin[PURPOSE_REVOKED + 1];
	struct buf *head = &begin[purpose], doc;
	char *copy;

	if (head->len == 0) {
		buf_init(head, DOCUMENT_MAX);
		sample_begin(purpose, head);
	}
	buf_init(&doc, 2 * DOCUMENT_MAX);
	buf_add(&doc, head->data, head->len);
	buf_add(&doc, bytes, len);
	buf_puts(&doc, "signature ");
	for (int i = 0; i < 86; i++)
		buf_putc(&doc, 'A');
	buf_puts(&doc, "==\n");
	copy = doc.failed ? NULL : malloc(doc.len);
	if (copy != NULL) {
		memcpy(copy, doc.data, doc.len);
		try_purpose(copy, doc.len, purpose);
	}
	free(copy);
	buf_fini(&doc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	size_t count;
	const struct name_row *rows = names_rows(NAMES_PURPOSE, &count);

	if (doc_is_ours(bytes, size) || size == 0) {
		doc_purpose(bytes, size);
		for (size_t i = 0; i < count; i++)
			try_purpose(bytes, size, (enum purpose)rows[i].number);
	} else {
		try_body(bytes + 1, size - 1,
		    (enum purpose)rows[data[0] % count].number);
	}
	return 0;
}
