/* SPDX-License-Identifier: ISC */
/*
 * Base64 (RFC 4648, padded, canonical) and lower-case hex, strict both ways:
 * what does not encode back to the same text is refused.
 */
#ifndef LICENSE_BASE_ENCODE_H
#define LICENSE_BASE_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Size of the text, with its NUL, for ${n} bytes. */
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)
#define HEX_SIZE(n) ((n)*2 + 1)

void base64_encode(const uint8_t *bytes, size_t len, char *out);

/* base64_decode: true only for canonical text of exactly ${len} bytes. */
bool base64_decode(const char *text, size_t text_len, uint8_t *out, size_t len);

void hex_encode(const uint8_t *bytes, size_t len, char *out);

/* hex_decode: true only for ${len} bytes of lower-case digits. */
bool hex_decode(const char *text, size_t text_len, uint8_t *out, size_t len);

#endif
