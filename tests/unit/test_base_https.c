/* SPDX-License-Identifier: ISC */
/* The listener with TLS, asked by libcurl; the certificate is made here. */
#include "license/base/http.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "license/base/buf.h"
#include "license/base/tls.h"

enum { DAY = 86400 };

static struct http_listener *listener;
static struct tls_identity *identity;
static char certificate[4096], key[4096];

static void *
answer_later(void *arg)
{
	struct http_exchange *exchange = arg;
	size_t len;
	const char *body = http_body(exchange, &len);

	usleep(30000);
	http_reply(exchange, 200, "text/plain", body, len, NULL, 0);
	return NULL;
}

static void
serve_later(void *self, struct http_exchange *exchange)
{
	pthread_t thread;

	(void)self;
	pthread_create(&thread, NULL, answer_later, exchange);
	pthread_detach(thread);
}

static void
serve_hello(void *self, struct http_exchange *exchange)
{
	(void)self;
	http_reply(exchange, 200, "text/plain", "hello", 5, NULL, 0);
}

static const struct http_route routes[] = {
	{.path = "/hello", .serve = serve_hello},
	{.path = "/later", .post = true, .deferred = true, .body_max = 70000,
	    .serve = serve_later},
};

static void
make_certificate(void)
{
	EVP_PKEY *pair = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	BIO *pem = BIO_new(BIO_s_mem());

	assert_true(pair != NULL && pem != NULL);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -DAY);
	X509_gmtime_adj(X509_getm_notAfter(x), DAY);
	X509_set_pubkey(x, pair);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_EXTENSION *alt = X509V3_EXT_conf_nid(NULL, NULL,
	    NID_subject_alt_name, "IP:127.0.0.1");
	X509_add_ext(x, alt, -1);
	X509_EXTENSION_free(alt);
	assert_true(X509_sign(x, pair, EVP_sha256()) > 0);
	PEM_write_bio_X509(pem, x);
	assert_true(BIO_read(pem, certificate, sizeof(certificate) - 1) > 0);
	PEM_write_bio_PrivateKey(pem, pair, NULL, NULL, 0, NULL, NULL);
	assert_true(BIO_read(pem, key, sizeof(key) - 1) > 0);
	BIO_free(pem);
	X509_free(x);
	EVP_PKEY_free(pair);
}

static int
set_up(void **state)
{
	struct buf error;

	(void)state;
	make_certificate();
	buf_init(&error, 500);
	identity = tls_identity_new(certificate, key, NULL, &error);
	assert_non_null(identity);
	listener = http_listen(&(struct http_options){
	    .listen = "127.0.0.1:0", .routes = routes, .route_count = 2,
	    .tls = identity}, &error);
	if (listener == NULL)
		print_error("%s\n", buf_text(&error));
	buf_fini(&error);
	return listener == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	http_stop(listener);
	tls_identity_release(identity);
	return 0;
}

static size_t
collect(char *bytes, size_t size, size_t count, void *out)
{
	buf_add(out, bytes, size * count);
	return size * count;
}

/* The status; the body goes to ${out}. 0: no answer, ${code} says why. */
static long
ask(const char *path, const char *body, long version, struct buf *out,
    CURLcode *code)
{
	CURL *curl = curl_easy_init();
	char url[128];
	long status = 0;
	struct curl_blob trusted = {certificate, strlen(certificate), 0};

	snprintf(url, sizeof(url), "https://%s%s", http_address(listener),
	    path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 15L);
	curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &trusted);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, version);
	/* Else the client itself would not speak what the server refuses. */
	curl_easy_setopt(curl, CURLOPT_SSL_CIPHER_LIST, "ALL:@SECLEVEL=0");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
	if (body != NULL)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	*code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	return status;
}

static const struct {
	long version;
	long status; /* 0: refused in the handshake */
} versions[] = {
	{CURL_SSLVERSION_TLSv1_0 | CURL_SSLVERSION_MAX_TLSv1_0, 0},
	{CURL_SSLVERSION_TLSv1_1 | CURL_SSLVERSION_MAX_TLSv1_1, 0},
	{CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2, 200},
	{CURL_SSLVERSION_TLSv1_3 | CURL_SSLVERSION_MAX_TLSv1_3, 200},
};

static void
tls_from_version_1_2_on_is_spoken(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		struct buf out;
		CURLcode code;
		buf_init(&out, 100);
		long status = ask("/hello", NULL, versions[i].version, &out,
		    &code);
		if (status != versions[i].status || code !=
		    (status == 0 ? CURLE_SSL_CONNECT_ERROR : CURLE_OK))
			fail_msg("row %zu: status %ld, %s", i, status,
			    curl_easy_strerror(code));
		assert_string_equal(buf_text(&out), status == 0 ? "" : "hello");
		buf_fini(&out);
	}
}

static void
a_long_body_and_a_deferred_answer_pass_through_tls(void **state)
{
	(void)state;
	static char body[70000 + 2];
	struct buf out;
	CURLcode code;

	memset(body, 'b', 70000);
	buf_init(&out, 80000);
	assert_int_equal(ask("/later", body, 0, &out, &code), 200);
	assert_string_equal(buf_text(&out), body);
	buf_clear(&out);
	body[70000] = 'b';
	assert_int_equal(ask("/later", body, 0, &out, &code), 413);
	buf_fini(&out);
}

/* A connection that stays; it trusts what the listener had at its start. */
static CURL *
hold(struct buf *out)
{
	CURL *curl = curl_easy_init();
	char url[128];
	struct curl_blob trusted = {certificate, strlen(certificate),
		CURL_BLOB_COPY};

	snprintf(url, sizeof(url), "https://%s/hello", http_address(listener));
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 15L);
	curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &trusted);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
	assert_int_equal(curl_easy_perform(curl), CURLE_OK);
	return curl;
}

static void
assert_still_connected(CURL *curl)
{
	long connects = 1;

	assert_int_equal(curl_easy_perform(curl), CURLE_OK);
	curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &connects);
	assert_int_equal(connects, 0);
}

static void
another_certificate_is_taken_and_open_connections_stay(void **state)
{
	char before[sizeof(certificate)];
	struct buf out, error;
	CURLcode code;
	CURL *old[5];

	(void)state;
	buf_init(&out, 1000);
	buf_init(&error, 500);
	for (int i = 0; i < 5; i++) {
		old[i] = hold(&out);
		memcpy(before, certificate, sizeof(before));
		memset(certificate, 0, sizeof(certificate));
		memset(key, 0, sizeof(key));
		make_certificate();
		struct tls_identity *next = tls_identity_new(certificate, key,
		    NULL, &error);
		assert_non_null(next);
		http_renew(listener, next);
		tls_identity_release(next);
		for (int j = 0; j <= i; j++)
			assert_still_connected(old[j]);
		/* Who trusts the new one alone is served. */
		assert_int_equal(ask("/hello", NULL, 0, &out, &code), 200);
		assert_int_equal(ask("/later", "x", 0, &out, &code), 200);
	}
	for (int i = 0; i < 5; i++)
		curl_easy_cleanup(old[i]);
	assert_null(tls_identity_new(before, key, NULL, &error));
	assert_non_null(strstr(buf_text(&error), "certificate and key"));
	buf_clear(&error);
	assert_null(tls_identity_new("no PEM", "no PEM", NULL, &error));
	assert_true(error.len > 0);
	buf_clear(&error);
	assert_null(tls_identity_new(certificate, key, "no PEM", &error));
	assert_non_null(strstr(buf_text(&error), "client CAs"));
	buf_fini(&out);
	buf_fini(&error);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls_from_version_1_2_on_is_spoken),
		cmocka_unit_test(
		    a_long_body_and_a_deferred_answer_pass_through_tls),
		cmocka_unit_test(
		    another_certificate_is_taken_and_open_connections_stay),
	};

	alarm(120);
	return cmocka_run_group_tests_name("listener with TLS", tests, set_up,
	    tear_down);
}
