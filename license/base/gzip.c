/* SPDX-License-Identifier: ISC */
/* The only file that includes zlib. */
#include "license/base/gzip.h"

#include <limits.h>

#include <zlib.h>

#include "license/base/buf.h"

enum { GZIP_HEADER = 16 }; /* added to the window's bits: not zlib's header */

bool
gzip_pack(const void *bytes, size_t len, struct buf *out)
{
	unsigned char piece[16384];
	z_stream z = {.next_in = (z_const Bytef *)bytes};
	int code = Z_OK;

	if (len > UINT_MAX || deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED,
				  MAX_WBITS + GZIP_HEADER, 8,
				  Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	z.avail_in = (uInt)len;
	while (code == Z_OK && !out->failed) {
		z.next_out = piece;
		z.avail_out = sizeof(piece);
		code = deflate(&z, Z_FINISH);
		buf_add(out, piece, sizeof(piece) - z.avail_out);
	}
	deflateEnd(&z);
	return code == Z_STREAM_END && !out->failed;
}
