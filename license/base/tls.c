/* SPDX-License-Identifier: ISC */
/* The only file that includes GnuTLS. */
#include "license/base/tls.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <gnutls/abstract.h>

#include "license/base/buf.h"

struct tls_identity {
	atomic_int references;
	gnutls_certificate_credentials_t credentials;
	bool asks_client;
};

static gnutls_datum_t
datum(const char *text)
{
	return (gnutls_datum_t){(unsigned char *)(uintptr_t)text,
		(unsigned)strlen(text)};
}

static bool
fill(struct tls_identity *identity, const char *certificate, const char *key,
    const char *client_ca, struct buf *error)
{
	gnutls_datum_t cert_pem = datum(certificate), key_pem = datum(key);
	int rc = gnutls_certificate_set_x509_key_mem(identity->credentials,
	    &cert_pem, &key_pem, GNUTLS_X509_FMT_PEM);

	if (rc < 0) {
		buf_printf(error, "certificate and key cannot be used: %s",
		    gnutls_strerror(rc));
		return false;
	}
	if (client_ca == NULL)
		return true;
	gnutls_datum_t ca_pem = datum(client_ca);
	identity->asks_client = true;
	rc = gnutls_certificate_set_x509_trust_mem(identity->credentials,
	    &ca_pem, GNUTLS_X509_FMT_PEM);
	if (rc <= 0)
		buf_printf(error, "there is no certificate in the file of "
		    "client CAs%s%s", rc < 0 ? ": " : "",
		    rc < 0 ? gnutls_strerror(rc) : "");
	return rc > 0;
}

struct tls_identity *
tls_identity_new(const char *certificate, const char *key,
    const char *client_ca, struct buf *error)
{
	struct tls_identity *identity = calloc(1, sizeof(*identity));

	if (identity == NULL || gnutls_certificate_allocate_credentials(
		&identity->credentials) < 0) {
		buf_puts(error, "out of memory");
		free(identity);
		return NULL;
	}
	atomic_init(&identity->references, 1);
	if (fill(identity, certificate, key, client_ca, error))
		return identity;
	tls_identity_release(identity);
	return NULL;
}

struct tls_identity *
tls_identity_take(struct tls_identity *identity)
{
	atomic_fetch_add(&identity->references, 1);
	return identity;
}

void
tls_identity_release(struct tls_identity *identity)
{
	if (identity == NULL ||
	    atomic_fetch_sub(&identity->references, 1) > 1)
		return;
	gnutls_certificate_free_credentials(identity->credentials);
	free(identity);
}

void
tls_identity_use(struct tls_identity *identity, void *session)
{
	static gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID,
		(unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT, 0};

	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
	    identity->credentials);
	if (!identity->asks_client)
		return;
	gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
	/* In the handshake: nobody else gets as far as a request. */
	gnutls_session_set_verify_cert2(session, &purpose, 1, 0);
}

static int
have_none(gnutls_session_t session, const gnutls_datum_t *names,
    int name_count, const gnutls_pk_algorithm_t *algorithms,
    int algorithm_count, gnutls_pcert_st **certificates,
    unsigned int *certificate_count, gnutls_privkey_t *key)
{
	(void)session, (void)names, (void)name_count, (void)algorithms;
	(void)algorithm_count, (void)certificates, (void)key;
	*certificate_count = 0;
	return -1;
}

void *
tls_no_certificate(void)
{
	gnutls_certificate_retrieve_function2 *function = have_none;

	return (void *)(uintptr_t)function;
}
