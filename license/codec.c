/* SPDX-License-Identifier: ISC */
/*
 * One decoder and one encoder for all purposes, driven by the lists of
 * codec.h. It refuses a frame that was not verified, and to judge what the
 * values mean beyond that they do not contradict.
 */
#include "license/codec.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/base/encode.h"
#include "license/codec_value.h"

enum { REFRESH_SUM_MAX_S = 36 * HOUR_S };

#define OPTIONAL "optional-"
/* Name, a space, one byte and LF: what one such line needs at least. */
enum { OPTIONAL_MAX = DOCUMENT_MAX / (sizeof(OPTIONAL "x y\n") - 1) };

typedef enum doc_error check_fn(const void *object, const char **name);

struct codec_table {
	enum purpose purpose;
	const struct codec_field *fields;
	size_t count, size;
	size_t mode;   /* offset of the mode, 0: it has none */
	size_t signer; /* offsets of key and end, 0: by a machine */
	size_t signer_until;
	size_t issued;
	check_fn *check;
};

#define ROW(type, c, doc, kind, member, low, high, need)                      \
	{doc, CODEC_##kind, CODEC_##need, offsetof(struct type, member),      \
		sizeof(((struct type *)0)->member), low, high},
#define LICENSE_ROW(...) ROW(license, __VA_ARGS__)
#define REQUEST_ROW(...) ROW(request, __VA_ARGS__)
#define REFUSAL_ROW(...) ROW(refusal, __VA_ARGS__)
#define STATE_ROW(...) ROW(memory, __VA_ARGS__)
#define TIME_RESET_ROW(...) ROW(time_reset, __VA_ARGS__)
#define REVOKED_ROW(...) ROW(revoked, __VA_ARGS__)
#define STATS_ROW(...) ROW(stats, __VA_ARGS__)

static const struct codec_field license_fields[] = {LICENSE_FIELDS(
    LICENSE_ROW)};
static const struct codec_field request_fields[] = {REQUEST_FIELDS(
    REQUEST_ROW)};
static const struct codec_field refusal_fields[] = {REFUSAL_FIELDS(
    REFUSAL_ROW)};
static const struct codec_field memory_fields[] = {STATE_FIELDS(STATE_ROW)};
static const struct codec_field time_reset_fields[] = {TIME_RESET_FIELDS(
    TIME_RESET_ROW)};
static const struct codec_field revoked_fields[] = {REVOKED_FIELDS(
    REVOKED_ROW)};
static const struct codec_field stats_fields[] = {STATS_FIELDS(STATS_ROW)};

static enum doc_error
check_license(const void *object, const char **name)
{
	const struct license *l = object;
	const bool billed = has_bit(l->has, LICENSE_BILLING);
	const struct {
		bool conflict;
		const char *name;
	} checks[] = {
		{l->kind == KIND_PRODUCTION && !billed, "billing"},
		{l->kind == KIND_TRIAL && billed, "billing"},
		{utc_before(l->lease_end, l->not_before), "lease-end"},
		{utc_before(l->term_end, l->lease_end), "lease-end"},
		{l->mode == MODE_ONLINE &&
			l->refresh_after_s + l->refresh_window_s >
			    REFRESH_SUM_MAX_S,
			"refresh-window-s"},
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (checks[i].conflict) {
			*name = checks[i].name;
			return DOC_CONFLICT;
		}
	}
	return DOC_OK;
}

static enum doc_error
check_refusal(const void *object, const char **name)
{
	const struct refusal *refusal = object;

	*name = "reason";
	return refusal->reason == REFUSAL_NONE ? DOC_VALUE : DOC_OK;
}

#define BY_VENDOR(type)                                                       \
	.signer = offsetof(struct type, signer),                              \
	.signer_until = offsetof(struct type, signer_until),                  \
	.issued = offsetof(struct type, issued)
#define TABLE(which, type, list)                                              \
	.purpose = PURPOSE_##which, .fields = list,                           \
	.count = sizeof(list) / sizeof(list[0]), .size = sizeof(struct type)

static const struct codec_table license_table = {
	TABLE(LICENSE, license, license_fields),
	BY_VENDOR(license),
	.mode = offsetof(struct license, mode),
	.check = check_license,
};
static const struct codec_table request_table = {
	TABLE(REQUEST, request, request_fields)};
static const struct codec_table refusal_table = {
	TABLE(REFUSAL, refusal, refusal_fields),
	BY_VENDOR(refusal),
	.check = check_refusal,
};
static const struct codec_table memory_table = {
	TABLE(STATE, memory, memory_fields)};
static const struct codec_table time_reset_table = {
	TABLE(TIME_RESET, time_reset, time_reset_fields),
	BY_VENDOR(time_reset),
};
static const struct codec_table revoked_table = {
	TABLE(REVOKED, revoked, revoked_fields)};
static const struct codec_table stats_table = {
	TABLE(STATS, stats, stats_fields)};

/* The presence bits come first, then the key of the key lines, if any. */
enum { KEY_OFFSET = sizeof(uint64_t) };
#define HEAD(type, key)                                                       \
	_Static_assert(offsetof(struct type, has) == 0 &&                     \
		offsetof(struct type, key) == KEY_OFFSET,                     \
	    "has, then the key, come first")
HEAD(license, signer);
HEAD(request, machine_key);
HEAD(refusal, signer);
HEAD(memory, machine_key);
HEAD(time_reset, signer);
HEAD(stats, machine_key);
_Static_assert(offsetof(struct revoked, has) == 0, "has comes first");

static int
mode_of(const struct codec_table *table, const void *object)
{
	if (table->mode == 0)
		return 0;
	return *(const int *)((const char *)object + table->mode);
}

/* Without a mode (not read yet, or the purpose has none) nothing is. */
static bool
is_forbidden(enum codec_need need, int mode)
{
	if (mode == MODE_OFFLINE)
		return need == CODEC_O || need == CODEC_OP;
	return mode == MODE_ONLINE && need == CODEC_F;
}

static bool
is_needed(enum codec_need need, int mode)
{
	return need == CODEC_A || (need == CODEC_O && mode == MODE_ONLINE) ||
	    (need == CODEC_F && mode == MODE_OFFLINE);
}

static bool
name_is(const struct doc_line *line, const char *name)
{
	return strlen(name) == line->name_len &&
	    memcmp(name, line->name, line->name_len) == 0;
}

static bool
is_optional(const struct doc_line *line)
{
	size_t n = strlen(OPTIONAL);

	return line->name_len > n && memcmp(line->name, OPTIONAL, n) == 0 &&
	    doc_name_good(line->name + n, line->name_len - n);
}

/* Entry ${i} of a list of keys, as a field of its own. */
static struct codec_field
key_at(const struct codec_field *list, size_t i)
{
	return (struct codec_field){
		.name = list->name,
		.type = CODEC_KEY,
		.offset = list->offset + offsetof(struct codec_keys, key) +
		    i * KEY_SIZE,
		.size = KEY_SIZE,
	};
}

static enum doc_error
take_key(const struct codec_field *list, const struct doc_line *line,
    void *object)
{
	struct codec_keys *keys = (void *)((char *)object + list->offset);
	struct codec_field field = key_at(list, keys->count);

	if (keys->count == REVOKED_MAX ||
	    !codec_value_parse(&field, line->value, line->value_len, object))
		return DOC_VALUE;
	for (size_t i = 0; i < keys->count; i++) {
		if (memcmp(keys->key[i], keys->key[keys->count],
			KEY_SIZE) == 0)
			return DOC_REPEATED;
	}
	keys->count++;
	return DOC_OK;
}

static bool
print_field(const struct codec_field *field, const void *object,
    struct buf *out)
{
	buf_puts(out, field->name);
	buf_putc(out, ' ');
	if (!codec_value_print(field, object, out))
		return false;
	buf_putc(out, '\n');
	return true;
}

static bool
print_keys(const struct codec_field *list, const void *object, struct buf *out)
{
	const struct codec_keys *keys =
	    (const void *)((const char *)object + list->offset);

	if (keys->count == 0 || keys->count > REVOKED_MAX)
		return false;
	for (size_t i = 0; i < keys->count; i++) {
		struct codec_field field = key_at(list, i);

		for (size_t k = 0; k < i; k++) {
			if (memcmp(keys->key[i], keys->key[k], KEY_SIZE) == 0)
				return false;
		}
		print_field(&field, object, out);
	}
	return true;
}

struct decoder {
	const struct doc_frame *frame;
	const struct codec_table *table;
	void *object;
	size_t next; /* the first field that may still come */
	const char *optional[OPTIONAL_MAX];
	size_t optional_count;
};

static enum doc_error
take_line(struct decoder *d, const struct doc_line *line)
{
	uint64_t *has = d->object;
	const struct codec_field *field;
	enum doc_error error = DOC_OK;
	size_t i = 0;

	if (is_optional(line)) {
		d->optional[d->optional_count++] = line->name;
		return DOC_OK;
	}
	while (i < d->table->count && !name_is(line, d->table->fields[i].name))
		i++;
	if (i == d->table->count)
		return DOC_UNKNOWN_NAME;
	field = &d->table->fields[i];
	if (has_bit(*has, i) && field->type != CODEC_KEYS)
		return DOC_REPEATED;
	if (i < d->next || d->optional_count > 0)
		return DOC_ORDER;
	if (is_forbidden(field->need, mode_of(d->table, d->object)))
		return DOC_FORBIDDEN;
	if (field->type == CODEC_KEYS)
		error = take_key(field, line, d->object);
	else if (!codec_value_parse(field, line->value, line->value_len,
		     d->object))
		error = DOC_VALUE;
	if (error == DOC_OK)
		*has |= bit(i);
	d->next = field->type == CODEC_KEYS ? i : i + 1;
	return error;
}

/* Names end at a space, which sorts before every byte of a name. */
static int
compare_names(const void *a, const void *b)
{
	const char *p = *(const char *const *)a, *q = *(const char *const *)b;

	while (*p == *q && *p != ' ')
		p++, q++;
	return (unsigned char)*p - (unsigned char)*q;
}

static struct doc_line
line_at(const struct doc_frame *frame, const char *name)
{
	struct doc_line line = {.name = name, .number = 1};

	while (name[line.name_len] != ' ')
		line.name_len++;
	for (const char *p = frame->bytes; p < name; p++)
		line.number += *p == '\n';
	return line;
}

static bool
has_repeated(struct decoder *d, struct doc_line *which)
{
	qsort(d->optional, d->optional_count, sizeof(d->optional[0]),
	    compare_names);
	for (size_t i = 1; i < d->optional_count; i++) {
		if (compare_names(&d->optional[i - 1], &d->optional[i]) == 0) {
			*which = line_at(d->frame, d->optional[i]);
			return true;
		}
	}
	return false;
}

static enum doc_error
check_whole(struct decoder *d, struct doc_line *which)
{
	const struct codec_table *table = d->table;
	const uint64_t *has = d->object;
	const char *object = d->object, *name = "";
	enum doc_error error;

	if (has_repeated(d, which))
		return DOC_REPEATED;
	for (size_t i = 0; i < table->count; i++) {
		name = table->fields[i].name;
		*which = (struct doc_line){.name = name,
			.name_len = strlen(name)};
		if (!has_bit(*has, i) &&
		    is_needed(table->fields[i].need, mode_of(table, object)))
			return DOC_ABSENT;
	}
	error = table->check == NULL ? DOC_OK : table->check(object, &name);
	if (error == DOC_OK && table->signer != 0 &&
	    utc_before(*(const utc_t *)(object + table->signer_until),
		*(const utc_t *)(object + table->issued))) {
		name = "issued";
		error = DOC_SIGNER_OVER;
	}
	*which = (struct doc_line){.name = name, .name_len = strlen(name)};
	return error;
}

static bool
decode(const struct doc_frame *frame, const struct codec_table *table,
    void *out, struct doc_fault *fault)
{
	struct decoder d = {
		.frame = frame,
		.table = table,
		.object = out,
	};
	struct doc_lines lines;
	struct doc_line line;
	enum doc_error error;

	assert(frame->verified && frame->purpose == table->purpose);
	memset(out, 0, table->size);
	if (!frame->by_root)
		memcpy((char *)out + KEY_OFFSET, frame->key, KEY_SIZE);
	if (table->signer != 0)
		memcpy((char *)out + table->signer_until, &frame->signer_until,
		    sizeof(utc_t));
	if (!doc_lines_begin(frame, &lines, fault))
		goto bad;
	while (doc_lines_next(&lines, &line, fault)) {
		error = take_line(&d, &line);
		if (error != DOC_OK) {
			doc_fault_set(fault, error, &line);
			goto bad;
		}
	}
	if (fault->error != DOC_OK)
		goto bad;
	error = check_whole(&d, &line);
	if (error == DOC_OK)
		return true;
	doc_fault_set(fault, error, &line);
bad:
	memset(out, 0, table->size);
	return false;
}

static bool
encode(const struct codec_table *table, const void *object, struct buf *out)
{
	const uint64_t *has = object;
	int mode = mode_of(table, object);
	const char *name;

	for (size_t i = 0; i < table->count; i++) {
		const struct codec_field *field = &table->fields[i];

		if (!has_bit(*has, i)) {
			if (is_needed(field->need, mode))
				return false;
			continue;
		}
		if (is_forbidden(field->need, mode))
			return false;
		if (field->type == CODEC_KEYS ?
			!print_keys(field, object, out) :
			!print_field(field, object, out))
			return false;
	}
	if (table->check != NULL && table->check(object, &name) != DOC_OK)
		return false;
	return !out->failed;
}

#define FUNCTIONS(type)                                                       \
	bool type##_decode(const struct doc_frame *frame, struct type *out,   \
	    struct doc_fault *fault)                                          \
	{                                                                     \
		return decode(frame, &type##_table, out, fault);              \
	}                                                                     \
	bool type##_encode(const struct type *object, struct buf *out)        \
	{                                                                     \
		return encode(&type##_table, object, out);                    \
	}

bool
license_decode(const struct doc_frame *frame, struct license *out,
    struct doc_fault *fault)
{
	if (!decode(frame, &license_table, out, fault))
		return false;
	/* Every line is whole and good by now, and begins after an LF. */
	out->coupon_unused = memmem(frame->bytes, frame->signed_len,
	    "\n" LICENSE_COUPON_UNUSED, strlen("\n" LICENSE_COUPON_UNUSED)) !=
	    NULL;
	return true;
}

bool
license_encode(const struct license *license, struct buf *out)
{
	return encode(&license_table, license, out);
}

FUNCTIONS(request)
FUNCTIONS(refusal)
FUNCTIONS(memory)
FUNCTIONS(time_reset)
FUNCTIONS(revoked)
FUNCTIONS(stats)

void
document_begin(enum purpose purpose, const uint8_t *machine_key,
    struct buf *out)
{
	char text[BASE64_SIZE(KEY_SIZE)];

	buf_printf(out, "leaseline-%s %d\n",
	    names_row(NAMES_PURPOSE, (int)purpose)->document,
	    DOCUMENT_VERSION);
	if (machine_key == NULL)
		return;
	base64_encode(machine_key, KEY_SIZE, text);
	buf_printf(out, "machine-key %s\n", text);
}

void
certificate_text(const uint8_t signer[KEY_SIZE], utc_t until, struct buf *out)
{
	char key[BASE64_SIZE(KEY_SIZE)], text[UTC_TEXT_SIZE];

	base64_encode(signer, KEY_SIZE, key);
	utc_text(until, text);
	buf_printf(out, "leaseline-signer 1\nsigner %s\nsigner-until %s\n", key,
	    text);
}

bool
revoked_has(const struct revoked *revoked, const uint8_t key[KEY_SIZE])
{
	for (size_t i = 0; i < revoked->keys.count; i++)
		if (memcmp(revoked->keys.key[i], key, KEY_SIZE) == 0)
			return true;
	return false;
}
