/* SPDX-License-Identifier: ISC */
/*
 * What may be shown of a URL. It opens none and knows no protocol.
 */
#ifndef LICENSE_BASE_URL_H
#define LICENSE_BASE_URL_H

struct buf;

/*
 * url_mask: append ${text} with the password of "user:password@host" as
 * "***", with or without a scheme before it; anything else as it is.
 */
void url_mask(const char *text, struct buf *out);

#endif
