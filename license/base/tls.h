/* SPDX-License-Identifier: ISC */
/*
 * What a listener shows in a TLS handshake and whom it believes, over GnuTLS,
 * which is what libmicrohttpd speaks. (The clients of this program use
 * OpenSSL, through libcurl: two stacks in one process, which share nothing.)
 * It reads no file and knows no connection.
 */
#ifndef LICENSE_BASE_TLS_H
#define LICENSE_BASE_TLS_H

struct buf;

/* tls_identity: immutable and counted; handshakes that run keep theirs. */
struct tls_identity;

/* TLS 1.2 and 1.3, in GnuTLS's words. */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/*
 * tls_identity_new: all PEM. ${client_ca} NULL: clients need no certificate;
 * else none gets past the handshake without one, for clients, that leads to
 * it. One reference; NULL with a clause in ${error}.
 */
struct tls_identity *tls_identity_new(const char *certificate,
    const char *key, const char *client_ca, struct buf *error);
struct tls_identity *tls_identity_take(struct tls_identity *identity);
void tls_identity_release(struct tls_identity *identity); /* NULL: nothing */

/*
 * tls_identity_use: for the handshake that ${session}, a gnutls_session_t,
 * is about to begin; to be released after the session.
 */
void tls_identity_use(struct tls_identity *identity, void *session);

/*
 * tls_no_certificate: a gnutls_certificate_retrieve_function2 that has none,
 * for a library that insists on something at its start.
 */
void *tls_no_certificate(void);

#endif
