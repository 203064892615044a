/* SPDX-License-Identifier: ISC */
/*
 * One exchange with an authority, over libcurl's multi interface: HTTPS
 * verified, TLS 1.2 or later, no redirect, its own time-outs, an answer of at
 * most 64 KiB. Nothing blocks the loop (names are resolved on libcurl's
 * threads). It does not know what the bytes mean.
 */
#ifndef LICENSE_KEEPER_CLIENT_H
#define LICENSE_KEEPER_CLIENT_H

#include "license/base/loop.h"
#include "license/names.h"

struct client;

enum {
	CLIENT_ANSWER_MAX = 65536,
	CLIENT_CONNECT_S = 15,
	CLIENT_TOTAL_S = 45,
	CLIENT_EYEBALLS_MS = 3000, /* IPv6 is seen from another address */
	CLIENT_DETAIL_SIZE = 256,
};

struct client_request {
	const char *url;	/* copied */
	const char *body;	/* copied; client_post() only */
	size_t body_len;
	const char *ca_file;	/* NULL or "": the system's */
	const char *proxy;	/* NULL or "": none; "environment" */
	const char *unix_socket; /* NULL: where the URL says */
	const char *user_agent;
	bool any_name;		/* a certificate that ca_file has, of any name */
	const char *user;	/* HTTP Basic; NULL or "": none */
	const char *password;	/* copied, for user */
	bool put;		/* client_get(): PUT without a body */
	int address_family;	/* 0 any, 4, 6 */
	size_t answer_max;	/* 0: CLIENT_ANSWER_MAX */
	int total_s;		/* 0: CLIENT_TOTAL_S */
	utc_t best_time;	/* while no clock is trusted: tls_time.h; or 0 */
};

/* How far an exchange came: what it was at when it ended. */
enum client_phase { CLIENT_AT_NAME, CLIENT_AT_CONNECT, CLIENT_AT_TLS,
	CLIENT_AT_ANSWER };

struct client_reply {
	enum result result; /* OK: an HTTP answer came; or why none */
	int status;	    /* HTTP; 0 none */
	bool too_long;	    /* MALFORMED, and the body is its beginning */
	const char *body;   /* valid during the callback */
	size_t body_len;
	int64_t retry_after_s; /* 0: none */
	int64_t duration_ms;
	utc_t certificate_not_after; /* s 0: unknown */
	char detail[CLIENT_DETAIL_SIZE]; /* for the log, printable */
	enum client_phase phase;
	long tls_verify;  /* OpenSSL's X509_V_ERR_*; 0 good or not reached */
	int proxy_status; /* a proxy's answer to CONNECT; 0 none */
	bool proxy_name;  /* RESULT_DNS: the name was the proxy's */
	int os_error;	  /* errno of a connection; 0 none */
};

typedef void client_done_fn(void *self, const struct client_reply *reply);

struct client *client_new(void);

/* client_free: exchanges in flight are dropped without a callback. */
void client_free(struct client *client);

/*
 * client_post: start; ${done} is called once from client_tell(). False when
 * libcurl refuses the request (a bad URL): nothing is called.
 */
bool client_post(struct client *client, const struct client_request *request,
    client_done_fn *done, void *self);

/* client_get: the same without a body. */
bool client_get(struct client *client, const struct client_request *request,
    client_done_fn *done, void *self);

/* client_drop: forget the exchange of ${self}; no callback. */
void client_drop(struct client *client, const void *self);

/* For the source that owns it. */
void client_ask(struct client *client, struct loop_want *want);
void client_tell(struct client *client, const struct loop_got *got);

#endif
