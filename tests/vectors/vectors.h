/* SPDX-License-Identifier: ISC */
/*
 * The rows of the test vectors: how each differs from a good document, what a
 * program must say to it, and why. It knows no file.
 */
#ifndef TESTS_VECTORS_VECTORS_H
#define TESTS_VECTORS_VECTORS_H

#include "tests/sample.h"

/* What is changed after sealing, when an edit of text cannot say it. */
typedef void vector_fn(struct buf *document);

struct vector {
	const char *path;
	enum purpose purpose; /* that of the document */
	enum purpose taken_as; /* what the reader expects, if another */
	int mode;
	uint64_t absent; /* lines of the good value that are left out */
	/* One edit before sealing and one after. */
	const char *find, *replace;
	size_t replace_len;
	const char *find_sealed, *replace_sealed;
	enum sample_who root, signer, sealed_by; /* 0: the right one */
	const char *until;
	vector_fn *before, *after;
	enum doc_error error;
	const char *reason; /* one sentence */
};

#define LICENSE(name) .path = name ".lic", .purpose = PURPOSE_LICENSE
#define OTHER(which, name) .path = name ".lic", .purpose = PURPOSE_##which
#define OFFLINE .mode = MODE_OFFLINE
#define EDIT(from, to)                                                        \
	.find = from, .replace = to, .replace_len = sizeof(to) - 1
#define SEALED(from, to) .find_sealed = from, .replace_sealed = to
#define BAD(name, why) .error = DOC_##name, .reason = why
#define GOOD(why) .reason = why

#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16
#define X256 X64 X64 X64 X64

/* whole.c, lines.c */
extern const struct vector vectors_whole[], vectors_lines[];
extern const size_t vectors_whole_count, vectors_lines_count;

#endif
