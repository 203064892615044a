/* SPDX-License-Identifier: ISC */
/*
 * Write the test vectors into a directory that has good/ and bad/ in it: one
 * file a row, the root file and INDEX. The same bytes each time: keys come
 * from fixed seeds and Ed25519 has no randomness.
 */
#include <stdio.h>

#include "tests/vectors/vectors.h"

static const char index_head[] =
    "# Test vectors: path, purpose that is expected, verdict, reason.\n"
    "# A reader trusts the keys in the file root and has taken over the list\n"
    "# good/revoked.lic. The verdict is ok, or the one error to report.\n";

static void
write_file(const char *directory, const char *path, const struct buf *bytes)
{
	struct buf name;
	FILE *file;

	buf_init(&name, 4096);
	buf_printf(&name, "%s/%s", directory, path);
	file = fopen(buf_text(&name), "wb");
	if (file == NULL ||
	    fwrite(buf_text(bytes), 1, bytes->len, file) != bytes->len ||
	    fclose(file) != 0) {
		perror(buf_text(&name));
		exit(1);
	}
	buf_fini(&name);
}

static void
add_body(const struct vector *v, struct buf *out)
{
	union sample_value value;
	uint64_t has;

	sample_value(v->purpose, v->mode == 0 ? MODE_ONLINE : v->mode, &value);
	memcpy(&has, &value, sizeof(has));
	has &= ~v->absent;
	memcpy(&value, &has, sizeof(has));
	/* Only a trial has no billing. */
	if (v->purpose == PURPOSE_LICENSE && !has_bit(has, LICENSE_BILLING))
		value.license.kind = KIND_TRIAL;
	if (!sample_encode(v->purpose, &value, out)) {
		fprintf(stderr, "%s: not encoded\n", v->path);
		exit(1);
	}
}

static void
make(const struct vector *v, struct buf *out)
{
	buf_init(out, 2 * DOCUMENT_MAX);
	if (v->root != 0 || v->signer != 0 || v->until != NULL) {
		document_begin(v->purpose, NULL, out);
		sample_certificate(v->signer == 0 ? SAMPLE_SIGNER : v->signer,
		    v->root == 0 ? SAMPLE_ROOT : v->root,
		    v->until == NULL ? SAMPLE_UNTIL : v->until, out);
	} else {
		sample_begin(v->purpose, out);
	}
	add_body(v, out);
	if (v->find != NULL)
		sample_edit(out, v->find, v->replace, v->replace_len);
	if (v->before != NULL)
		v->before(out);
	sample_seal(out,
	    v->sealed_by == 0 ? sample_sealer(v->purpose) : v->sealed_by);
	if (v->find_sealed != NULL)
		sample_edit(out, v->find_sealed, v->replace_sealed,
		    strlen(v->replace_sealed));
	if (v->after != NULL)
		v->after(out);
}

static void
write_vectors(const char *directory, const struct vector *rows, size_t count,
    struct buf *list)
{
	for (size_t i = 0; i < count; i++) {
		const struct vector *v = &rows[i];
		int as = v->taken_as == 0 ? (int)v->purpose : (int)v->taken_as;
		struct buf document;

		make(v, &document);
		write_file(directory, v->path, &document);
		buf_printf(list, "%s %s %s %s\n", v->path,
		    names_row(NAMES_PURPOSE, as)->document,
		    doc_error_label(v->error), v->reason);
		buf_fini(&document);
	}
}

int
main(int argc, char **argv)
{
	uint8_t root[KEY_SIZE];
	struct buf list, text;

	if (argc != 2) {
		fprintf(stderr, "usage: generate DIRECTORY\n");
		return 2;
	}
	buf_init(&list, 65536);
	buf_init(&text, 4096);
	buf_puts(&list, index_head);
	write_vectors(argv[1], vectors_whole, vectors_whole_count, &list);
	write_vectors(argv[1], vectors_lines, vectors_lines_count, &list);
	write_file(argv[1], "INDEX", &list);
	sample_public(SAMPLE_ROOT, root);
	keyring_print_root(root, &text);
	write_file(argv[1], "root", &text);
	buf_fini(&list);
	buf_fini(&text);
	return 0;
}
