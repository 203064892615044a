/* SPDX-License-Identifier: ISC */
/*
 * The authority's own X.509: a certificate authority of 10 years and a server
 * certificate of 397 days under it, ECDSA P-256, by OpenSSL. Bytes in, PEM
 * out; it reads no file and no clock.
 */
#ifndef LICENSE_AUTHORITY_CERTIFICATE_H
#define LICENSE_AUTHORITY_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>

#include "license/base/utc.h"

struct buf;

enum { CERTIFICATE_CA_DAYS = 3650, CERTIFICATE_SERVER_DAYS = 397 };

/* certificate_authority: append PEM; false when OpenSSL fails. */
bool certificate_authority(utc_t now, struct buf *certificate,
    struct buf *key);

/*
 * certificate_server: for ${names}: host names or addresses, one per element.
 */
bool certificate_server(const char *ca_certificate, const char *ca_key,
    const char *const *names, size_t count, utc_t now,
    struct buf *certificate, struct buf *key);

/* certificate_name_good: a host name or an address, fit for a certificate. */
bool certificate_name_good(const char *name);

/* certificate_not_after: false when ${pem} is no certificate. */
bool certificate_not_after(const char *pem, utc_t *out);

#endif
