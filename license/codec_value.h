/* SPDX-License-Identifier: ISC */
/*
 * One value of a document: text to struct member and back, by its type and
 * limits. It knows no purpose and no order (codec.c does).
 */
#ifndef LICENSE_CODEC_VALUE_H
#define LICENSE_CODEC_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum codec_type {
	CODEC_TEXT,    /* char[]: at most a bytes */
	CODEC_NAME,    /* int: a row of enumeration a */
	CODEC_NUMBER,  /* int64_t: a to b */
	CODEC_INSTANT, /* utc_t */
	CODEC_KEY,     /* uint8_t[KEY_SIZE], base64 */
	CODEC_NONCE,   /* uint8_t[NONCE_SIZE], hex */
	CODEC_HASH,    /* uint8_t[SHA256_SIZE], hex */
	CODEC_ADDRESS, /* char[ADDRESS_SIZE] */
	CODEC_KEYS,    /* struct codec_keys: codec.c makes KEYs of it */
};

enum codec_need {
	CODEC_A,  /* always there */
	CODEC_O,  /* online only */
	CODEC_F,  /* offline only */
	CODEC_P,  /* may be absent */
	CODEC_OP, /* online only, may be absent */
};

struct codec_field {
	const char *name;
	enum codec_type type;
	enum codec_need need;
	size_t offset, size; /* of the member */
	int64_t a, b;
};

/*
 * codec_value_parse: ${len} bytes that follow the grammar of lines into the
 * member of ${object}. False when out of range or form.
 */
bool codec_value_parse(const struct codec_field *field, const char *value,
    size_t len, void *object);

/* codec_value_print: append it; false when it would not parse again. */
bool codec_value_print(const struct codec_field *field, const void *object,
    struct buf *out);

#endif
