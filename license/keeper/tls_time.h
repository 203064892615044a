/* SPDX-License-Identifier: ISC */
/*
 * At which time the certificates of a TLS connection must be valid. Apart
 * from the client, since OpenSSL is not libcurl. It reads no clock.
 */
#ifndef LICENSE_KEEPER_TLS_TIME_H
#define LICENSE_KEEPER_TLS_TIME_H

#include "license/base/utc.h"

/*
 * tls_time_set: for ${context} (an SSL_CTX): a certificate whose dates hold
 * at ${best}, the best known time, or by the wall clock, is not refused for
 * them. Either, since while no clock is trusted neither of the two is known
 * to be the wrong one: a dead clock is behind, a poisoned mark is ahead. A
 * certificate that is over by both stays refused, and all else is checked.
 */
void tls_time_set(void *context, utc_t best);

#endif
