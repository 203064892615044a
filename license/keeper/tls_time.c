/* SPDX-License-Identifier: ISC */
/* The dates of certificates, by OpenSSL; it knows no connection. */
#include "license/keeper/tls_time.h"

#include <stdbool.h>

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

static bool
holds_by_wall_clock(const X509 *certificate)
{
	return X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
	    X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

/* Called for each certificate; ${good}: whether it passed at the best time. */
static int
judge(int good, X509_STORE_CTX *store)
{
	int error = X509_STORE_CTX_get_error(store);
	const X509 *certificate = X509_STORE_CTX_get_current_cert(store);

	if (good || certificate == NULL ||
	    (error != X509_V_ERR_CERT_NOT_YET_VALID &&
		error != X509_V_ERR_CERT_HAS_EXPIRED) ||
	    !holds_by_wall_clock(certificate))
		return good;
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

void
tls_time_set(void *context, utc_t best)
{
	SSL_CTX *ssl = context;

	X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(ssl), (time_t)best.s);
	SSL_CTX_set_verify(ssl, SSL_CTX_get_verify_mode(ssl), judge);
}
