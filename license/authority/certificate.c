/* SPDX-License-Identifier: ISC */
/*
 * X.509 over OpenSSL. It knows no file, no clock and none of our documents.
 */
#include "license/authority/certificate.h"

#include <arpa/inet.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "license/base/buf.h"

enum { SERIAL_SIZE = 16, BACKDATE_S = DAY_S };

struct extension {
	int nid;
	const char *value;
};

bool
certificate_name_good(const char *name)
{
	uint8_t address[16];
	size_t len = strlen(name);

	if (inet_pton(AF_INET, name, address) == 1 ||
	    inet_pton(AF_INET6, name, address) == 1)
		return true;
	return len > 0 && len <= 253 && name[0] != '-' && name[0] != '.' &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == len;
}

static bool
set_serial(X509 *x)
{
	unsigned char bytes[SERIAL_SIZE];
	BIGNUM *number = NULL;
	bool good;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, of full length */
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	good = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
	BN_free(number);
	return good;
}

static bool
add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool good;

	X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&context);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	good = extension && X509_add_ext(x, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return good;
}

/* Signed by ${ca_key} under ${ca}; NULL for both: by itself. */
static X509 *
make(EVP_PKEY *key, const char *subject, utc_t now, int days, X509 *ca,
    EVP_PKEY *ca_key, const struct extension *extensions, size_t count)
{
	X509 *x = X509_new();
	X509_NAME *name;
	bool good;

	if (!x)
		return NULL;
	name = X509_get_subject_name(x);
	good = X509_set_version(x, 2) == 1 && set_serial(x) &&
	    ASN1_TIME_set(X509_getm_notBefore(x),
	    (time_t)(now.s - BACKDATE_S)) &&
	    ASN1_TIME_set(X509_getm_notAfter(x),
	    (time_t)(now.s + (int64_t)days * DAY_S - BACKDATE_S)) &&
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	    (const unsigned char *)subject, -1, -1, 0) == 1 &&
	    X509_set_issuer_name(x, ca ? X509_get_subject_name(ca) :
	    name) == 1 && X509_set_pubkey(x, key) == 1;
	for (size_t i = 0; i < count && good; i++)
		good = add_extension(x, ca ? ca : x, extensions[i].nid,
		    extensions[i].value);
	if (!good || X509_sign(x, ca_key ? ca_key : key, EVP_sha256()) == 0) {
		X509_free(x);
		return NULL;
	}
	return x;
}

static bool
take_bio(BIO *bio, bool good, struct buf *out)
{
	char *bytes;
	long len = bio ? BIO_get_mem_data(bio, &bytes) : 0;

	if (good && len > 0)
		buf_add(out, bytes, (size_t)len);
	BIO_free(bio);
	return good && len > 0 && !out->failed;
}

static bool
print(X509 *x, EVP_PKEY *key, struct buf *certificate, struct buf *key_out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	BIO *secret = BIO_new(BIO_s_secmem());
	bool good;

	good = take_bio(bio, bio && PEM_write_bio_X509(bio, x) == 1,
	    certificate);
	return take_bio(secret, secret && PEM_write_bio_PKCS8PrivateKey(
	    secret, key, NULL, NULL, 0, NULL, NULL) == 1, key_out) && good;
}

bool
certificate_authority(utc_t now, struct buf *certificate, struct buf *key_out)
{
	static const struct extension extensions[] = {
		{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
		{ NID_key_usage, "critical,keyCertSign,cRLSign" },
		{ NID_subject_key_identifier, "hash" },
	};
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = key ? make(key, "Leaseline authority CA", now,
	    CERTIFICATE_CA_DAYS, NULL, NULL, extensions,
	    sizeof(extensions) / sizeof(*extensions)) : NULL;
	bool good = x && print(x, key, certificate, key_out);

	X509_free(x);
	EVP_PKEY_free(key);
	return good;
}

static X509 *
read_certificate(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return x;
}

/* A passphrase is never asked for: a prompt would hang a service. */
static int
no_passphrase(char *out, int size, int writing, void *self)
{
	(void)out, (void)size, (void)writing, (void)self;
	return -1;
}

static EVP_PKEY *
read_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL,
	    no_passphrase, NULL) : NULL;

	BIO_free(bio);
	return key;
}

bool
certificate_server(const char *ca_certificate, const char *ca_key,
    const char *const *names, size_t count, utc_t now,
    struct buf *certificate, struct buf *key_out)
{
	X509 *ca = read_certificate(ca_certificate), *x = NULL;
	EVP_PKEY *signer = read_key(ca_key), *key = EVP_EC_gen("P-256");
	struct buf alternatives;
	uint8_t address[16];
	bool good = false;

	buf_init(&alternatives, 8192);
	for (size_t i = 0; i < count; i++) {
		bool numeric = inet_pton(AF_INET, names[i], address) == 1 ||
		    inet_pton(AF_INET6, names[i], address) == 1;

		if (!certificate_name_good(names[i]))
			goto out;
		buf_printf(&alternatives, "%s%s:%s", i ? "," : "",
		    numeric ? "IP" : "DNS", names[i]);
	}
	const struct extension extensions[] = {
		{ NID_basic_constraints, "critical,CA:FALSE" },
		{ NID_key_usage, "critical,digitalSignature" },
		{ NID_ext_key_usage, "serverAuth" },
		{ NID_subject_key_identifier, "hash" },
		{ NID_authority_key_identifier, "keyid" },
		{ NID_subject_alt_name, buf_text(&alternatives) },
	};

	if (!ca || !signer || !key || alternatives.failed)
		goto out;
	x = make(key, "Leaseline authority", now, CERTIFICATE_SERVER_DAYS, ca,
	    signer, extensions, sizeof(extensions) / sizeof(*extensions));
	good = x && print(x, key, certificate, key_out);
out:
	X509_free(x);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(signer);
	buf_fini(&alternatives);
	return good;
}

bool
certificate_not_after(const char *pem, utc_t *out)
{
	X509 *x = read_certificate(pem);
	struct utc_civil civil;
	struct tm tm;
	bool good = x && ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1;

	if (good) {
		civil = (struct utc_civil){ tm.tm_year + 1900, tm.tm_mon + 1,
			tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec };
		good = utc_from_civil(&civil, out);
	}
	X509_free(x);
	return good;
}
