/* SPDX-License-Identifier: ISC */
/* Bytes as one gzip member. It knows nothing of what they are. */
#ifndef LICENSE_BASE_GZIP_H
#define LICENSE_BASE_GZIP_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/*
 * gzip_pack: append ${len} bytes, packed for speed: a page of metrics becomes
 * a tenth. False when it did not fit, or out of memory.
 */
bool gzip_pack(const void *bytes, size_t len, struct buf *out);

#endif
