/* SPDX-License-Identifier: ISC */
/*
 * Judge the committed vectors, each by the exact word of INDEX; then harm
 * every good one in every place and see it refused. It reads the files of one
 * directory and writes none.
 */
#include <stdio.h>

#include "tests/sample.h"

enum { PATH_SIZE = 4096 };

static struct keyring keyring;
static unsigned long checks, failures;

/* One fact: ${got} is one of the words of ${want} ("a b c"). */
static void
expect(const char *path, const char *what, size_t at, const char *want,
    enum doc_error got)
{
	const char *label = doc_error_label(got);
	size_t n = strlen(label);

	checks++;
	for (const char *p = want; (p = strstr(p, label)) != NULL; p += n) {
		if ((p == want || p[-1] == ' ') &&
		    (p[n] == '\0' || p[n] == ' '))
			return;
	}
	failures++;
	if (failures < 50)
		printf("%s: %s %zu: %s, not %s\n", path, what, at, label,
		    want);
}

static void
read_file(const char *directory, const char *path, struct buf *out)
{
	char name[PATH_SIZE], bytes[4096];
	FILE *file;
	size_t n;

	snprintf(name, sizeof(name), "%s/%s", directory, path);
	file = fopen(name, "rb");
	if (file == NULL) {
		perror(name);
		exit(1);
	}
	while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
		buf_add(out, bytes, n);
	fclose(file);
	if (out->failed)
		exit(1);
}

/* In a block of exactly its size, so that a sanitizer sees a byte too far. */
static enum doc_error
judge(const char *bytes, size_t len, enum purpose purpose,
    union sample_value *out)
{
	char *copy = malloc(len == 0 ? 1 : len);
	enum doc_error error;

	if (copy == NULL)
		abort();
	if (len > 0)
		memcpy(copy, bytes, len);
	error = sample_judge(copy, len, purpose, &keyring, out);
	free(copy);
	return error;
}

static void
trust(const char *directory)
{
	union sample_value value;
	struct buf text, error;

	buf_init(&text, 4 * DOCUMENT_MAX);
	buf_init(&error, 256);
	read_file(directory, "root", &text);
	if (!keyring_parse_roots(buf_text(&text), &keyring, &error)) {
		printf("root: %s\n", buf_text(&error));
		exit(1);
	}
	buf_clear(&text);
	read_file(directory, "good/revoked.lic", &text);
	expect("good/revoked.lic", "file", 0, "ok",
	    judge(text.data, text.len, PURPOSE_REVOKED, &value));
	keyring_revoke(&keyring, &value.revoked);
	buf_fini(&text);
	buf_fini(&error);
}

/* The decoded value makes the same lines again, optional ones aside. */
static void
check_again(const char *path, const struct buf *doc, enum purpose purpose,
    const union sample_value *value)
{
	struct doc_frame frame;
	struct buf again;
	size_t body;

	buf_init(&again, DOCUMENT_MAX);
	doc_frame_read(doc->data, doc->len, purpose, &frame);
	body = frame.signed_len - frame.body;
	checks++;
	if (!sample_encode(purpose, value, &again) || again.len > body ||
	    memcmp(again.data, doc->data + frame.body, again.len) != 0 ||
	    (again.len < body &&
		memcmp(doc->data + frame.body + again.len, "optional-",
		    strlen("optional-")) != 0)) {
		failures++;
		printf("%s: does not encode to the same lines\n", path);
	}
	buf_fini(&again);
}

/*
 * What may be said of one changed byte. A changed name or LF of line 1 is no
 * key's business; the key lines are the root's; the rest is the signer's.
 */
static const char *
words_for(const struct doc_frame *f, size_t at)
{
	size_t first = (size_t)((const char *)memchr(f->bytes, '\n', f->len) -
			   f->bytes);

	if (at < strlen("leaseline-"))
		return "not_ours";
	if (at <= first)
		return "wrong_purpose unsupported_version";
	if (at < f->body && f->by_machine)
		return "bad_key_lines bad_signature";
	if (at < f->body)
		return "bad_key_lines unknown_key";
	if (at < f->signed_len - 1)
		return "bad_signature";
	if (at < f->signed_len + strlen("signature ") || at == f->len - 1)
		return "cut_short";
	return "bad_signature";
}

static unsigned
random_bit(void)
{
	static uint32_t x = 2463534242;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return 1 + x % 7;
}

static void
flip_every_byte(const char *path, struct buf *doc, enum purpose purpose)
{
	union sample_value value;
	struct doc_frame frame;

	doc_frame_read(doc->data, doc->len, purpose, &frame);
	for (size_t i = 0; i < doc->len; i++) {
		unsigned bits[] = {0, random_bit()};

		for (size_t k = 0; k < 2; k++) {
			const char *words = words_for(&frame, i);

			doc->data[i] ^= (char)(1 << bits[k]);
			expect(path, "flipped", i, words,
			    judge(doc->data, doc->len, purpose, &value));
			doc->data[i] ^= (char)(1 << bits[k]);
		}
	}
}

static void
cut_everywhere(const char *path, const struct buf *doc, enum purpose purpose)
{
	union sample_value value;

	for (size_t len = 0; len < doc->len; len++)
		expect(path, "cut", len,
		    len == 0 ? "empty" :
			len < strlen("leaseline-") ? "not_ours" : "cut_short",
		    judge(doc->data, len, purpose, &value));
}

static void
take_as_others(const char *path, const struct buf *doc, enum purpose purpose)
{
	union sample_value value;
	size_t count;
	const struct name_row *rows = names_rows(NAMES_PURPOSE, &count);

	for (size_t i = 0; i < count; i++) {
		if (rows[i].number != (int)purpose)
			expect(path, "taken as", i, "wrong_purpose",
			    judge(doc->data, doc->len,
				(enum purpose)rows[i].number, &value));
	}
}

/* The same body by another key, an expired signer, a revoked one, no root's. */
static void
seal_by_others(const char *path, const struct buf *doc, enum purpose purpose)
{
	static const struct {
		enum sample_who root, signer, sealed_by;
		const char *until, *want;
	} rows[] = {
		{SAMPLE_ROOT, SAMPLE_SIGNER, SAMPLE_SIGNER, SAMPLE_UNTIL,
		    "ok"},
		{SAMPLE_ROOT, SAMPLE_SIGNER, SAMPLE_OTHER_SIGNER, SAMPLE_UNTIL,
		    "bad_signature"},
		{SAMPLE_ROOT, SAMPLE_SIGNER, SAMPLE_SIGNER, SAMPLE_UNTIL_EARLY,
		    "signer_over"},
		{SAMPLE_ROOT, SAMPLE_REVOKED_SIGNER, SAMPLE_REVOKED_SIGNER,
		    SAMPLE_UNTIL, "revoked_key"},
		{SAMPLE_OTHER_ROOT, SAMPLE_SIGNER, SAMPLE_SIGNER, SAMPLE_UNTIL,
		    "unknown_key"},
	};
	union sample_value value;
	struct doc_frame frame;

	doc_frame_read(doc->data, doc->len, purpose, &frame);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *want = rows[i].want;
		struct buf again;

		buf_init(&again, 2 * DOCUMENT_MAX);
		if (frame.by_machine || frame.by_root) {
			sample_begin(purpose, &again);
			want = i == 0 ? "ok" : "bad_signature";
		} else {
			document_begin(purpose, NULL, &again);
			sample_certificate(rows[i].signer, rows[i].root,
			    rows[i].until, &again);
		}
		buf_add(&again, doc->data + frame.body,
		    frame.signed_len - frame.body);
		sample_seal(&again,
		    i == 0 ? sample_sealer(purpose) : rows[i].sealed_by);
		expect(path, "sealed by", i, want,
		    judge(again.data, again.len, purpose, &value));
		buf_fini(&again);
	}
}

static void
seal_and_expect(const char *path, const char *what, const struct buf *lines,
    enum purpose purpose, const char *want)
{
	union sample_value value;
	struct buf again;

	buf_init(&again, 2 * DOCUMENT_MAX);
	sample_begin(purpose, &again);
	buf_add(&again, lines->data, lines->len);
	sample_seal(&again, sample_sealer(purpose));
	expect(path, what, 0, want,
	    judge(again.data, again.len, purpose, &value));
	buf_fini(&again);
}

/* Each line left out, doubled, and swapped with the next, then sealed. */
static void
move_every_line(const char *path, const struct buf *doc, enum purpose purpose)
{
	struct doc_frame frame;
	struct buf lines;
	const char *end, *next;

	doc_frame_read(doc->data, doc->len, purpose, &frame);
	end = doc->data + frame.signed_len;
	buf_init(&lines, DOCUMENT_MAX);
	for (const char *p = doc->data + frame.body; p < end; p = next) {
		const char *start = doc->data + frame.body, *third;
		bool listed = memcmp(p, "revoked ", 8) == 0;

		next = (const char *)memchr(p, '\n', (size_t)(end - p)) + 1;
		buf_clear(&lines);
		buf_add(&lines, start, (size_t)(p - start));
		buf_add(&lines, next, (size_t)(end - next));
		seal_and_expect(path, "left out", &lines, purpose,
		    "missing_line conflict ok");
		buf_clear(&lines);
		buf_add(&lines, start, (size_t)(next - start));
		buf_add(&lines, p, (size_t)(end - p));
		if (!lines.failed && lines.len + 512 < DOCUMENT_MAX)
			seal_and_expect(path, "doubled", &lines, purpose,
			    "repeated_name");
		if (next == end)
			break;
		third = (const char *)memchr(next, '\n', (size_t)(end - next));
		buf_clear(&lines);
		buf_add(&lines, start, (size_t)(p - start));
		buf_add(&lines, next, (size_t)(third + 1 - next));
		buf_add(&lines, p, (size_t)(next - p));
		buf_add(&lines, third + 1, (size_t)(end - third - 1));
		seal_and_expect(path, "swapped", &lines, purpose,
		    memcmp(p, "optional-", 9) == 0 || listed ? "ok" :
							       "wrong_order");
	}
	buf_fini(&lines);
}

static void
harm(const char *path, struct buf *doc, enum purpose purpose)
{
	take_as_others(path, doc, purpose);
	seal_by_others(path, doc, purpose);
	cut_everywhere(path, doc, purpose);
	/* One that is mostly padding adds minutes and nothing else. */
	if (doc->len < 4096)
		flip_every_byte(path, doc, purpose);
	move_every_line(path, doc, purpose);
}

static void
check_line(const char *directory, char *line)
{
	union sample_value value;
	char path[128], purpose_name[32], label[32];
	enum purpose purpose;
	enum doc_error error;
	struct buf doc;

	if (sscanf(line, "%127s %31s %31s", path, purpose_name, label) != 3) {
		printf("INDEX: %s\n", line);
		exit(1);
	}
	purpose = (enum purpose)names_parse(NAMES_PURPOSE, purpose_name);
	buf_init(&doc, 4 * DOCUMENT_MAX);
	read_file(directory, path, &doc);
	error = judge(doc.data, doc.len, purpose, &value);
	expect(path, "file", 0, label, error);
	if (strcmp(label, "ok") == 0 && error == DOC_OK) {
		check_again(path, &doc, purpose, &value);
		harm(path, &doc, purpose);
	}
	buf_fini(&doc);
}

int
main(int argc, char **argv)
{
	unsigned vectors = 0;
	struct buf list;
	char *line, *next;

	if (argc != 2) {
		fprintf(stderr, "usage: check DIRECTORY\n");
		return 2;
	}
	trust(argv[1]);
	buf_init(&list, 1 << 20);
	read_file(argv[1], "INDEX", &list);
	for (line = list.data; line != NULL && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (*line == '#')
			continue;
		check_line(argv[1], line);
		vectors++;
	}
	buf_fini(&list);
	printf("vectors: %u files, %lu checks, %lu failed\n", vectors, checks,
	    failures);
	return failures > 0 || vectors == 0;
}
