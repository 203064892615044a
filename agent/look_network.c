/* SPDX-License-Identifier: ISC */
/*
 * Every authority and every listener, each asked one harmless question, all
 * at once. No question here changes a state of anybody's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/look_network.h"
#include "license/base/buf.h"
#include "license/base/url.h"
#include "license/keeper/client.h"

enum { HTTP_OK = 200, HTTP_NOT_FOUND = 404 };

static void
network_ask(void *self, struct loop_want *want)
{
	client_ask(((struct network *)self)->client, want);
}

static void
network_tell(void *self, const struct loop_got *got)
{
	struct network *n = self;

	client_tell(n->client, got);
	if (n->waiting == 0)
		loop_stop(n->loop);
}

/* The authority's own words at /v1/revoked, list or none. */
static bool
is_authority(const struct client_reply *reply)
{
	static const char list[] = "leaseline-revoked ", none[] = "no signer ";

	return (reply->status == HTTP_OK &&
		   strncmp(reply->body, list, sizeof(list) - 1) == 0) ||
	    (reply->status == HTTP_NOT_FOUND &&
		strncmp(reply->body, none, sizeof(none) - 1) == 0);
}

static void
authority_answers(struct doctor_authority *a, const struct client_reply *reply)
{
	static const enum doctor_phase phases[] = {
		[CLIENT_AT_NAME] = PHASE_NAME,
		[CLIENT_AT_CONNECT] = PHASE_CONNECT,
		[CLIENT_AT_TLS] = PHASE_TLS,
		[CLIENT_AT_ANSWER] = PHASE_ANSWER,
	};

	a->result = reply->result;
	a->phase = phases[reply->phase];
	a->tls_verify = reply->tls_verify;
	a->proxy_status = reply->proxy_status;
	a->proxy_name = reply->proxy_name;
	a->os_error = reply->os_error;
	a->status = reply->status;
	a->is_authority = reply->result == RESULT_OK && is_authority(reply);
	a->duration_ms = reply->duration_ms;
	a->certificate_not_after = reply->certificate_not_after;
	text_copy(a->detail, sizeof(a->detail), reply->detail);
}

static void
on_reply(void *self, const struct client_reply *reply)
{
	struct question *q = self;

	q->network->waiting--;
	if (q->authority != NULL)
		authority_answers(q->authority, reply);
	else
		look_listener_answers(q->listener, reply);
}

struct question *
look_ask(struct network *n, const struct client_request *request)
{
	struct question *q = &n->questions[n->count];

	q->network = n;
	if (!client_get(n->client, request, on_reply, q))
		return NULL;
	n->count++;
	n->waiting++;
	return q;
}

static void
mask(const char *url, char *out, size_t size)
{
	struct buf masked;

	buf_init(&masked, 2 * KEEPER_PATH_SIZE);
	url_mask(url, &masked);
	text_copy(out, size, buf_text(&masked));
	buf_fini(&masked);
}

/* The proxy of the environment that curl would take, for the words. */
static const char *
proxy_of(const struct keeper_license *from)
{
	bool secure = strncmp(from->authority_url, "https://", 8) == 0;

	if (strcmp(from->proxy, "environment") != 0)
		return from->proxy;
	const char *proxy = getenv(secure ? "https_proxy" : "http_proxy");
	if (proxy == NULL && secure)
		proxy = getenv("HTTPS_PROXY");
	if (proxy == NULL)
		proxy = getenv("all_proxy");
	return proxy == NULL ? "" : proxy;
}

static void
ask_authority(struct network *n, const struct keeper_license *from,
    const struct doctor_found *found, struct doctor_license *out)
{
	struct doctor_authority *a = &out->authority;
	size_t len = strlen(from->authority_url);
	char url[KEEPER_PATH_SIZE + 16];
	struct question *q;

	if (a->why_not[0] != '\0')
		return;
	if (from->source != SOURCE_AUTHORITY) {
		text_copy(a->why_not, sizeof(a->why_not),
		    from->source == SOURCE_FASTNETMON ? "FastNetMon's own" :
		    "a file that a person puts in place: it asks nobody");
		return;
	}
	mask(from->authority_url, a->url, sizeof(a->url));
	len = strlen(a->url);
	if (len > 0 && a->url[len - 1] == '/')
		a->url[len - 1] = '\0';
	mask(proxy_of(from), a->proxy, sizeof(a->proxy));
	text_copy(a->ca, sizeof(a->ca), from->authority_ca);
	len = strlen(from->authority_url);
	snprintf(url, sizeof(url), "%s%s", from->authority_url,
	    len > 0 && from->authority_url[len - 1] == '/' ? "v1/revoked" :
							     "/v1/revoked");
	const struct client_request request = {
		.url = url,
		.ca_file = from->authority_ca,
		.proxy = from->proxy,
		.user_agent = "leaseline-doctor/" LEASELINE_VERSION,
		.address_family = from->address_family,
		.total_s = LOOK_AUTHORITY_S,
		/* As the keeper does while no clock is trusted. */
		.best_time = found->host.trust == 0 || found->host.trust ==
			TRUST_TRUSTED ? (utc_t){0} : a->now,
	};
	q = look_ask(n, &request);
	a->tried = q != NULL;
	if (q != NULL)
		q->authority = a;
	else
		text_copy(a->why_not, sizeof(a->why_not),
		    "libcurl does not take this URL");
}

static void
ask_authorities(struct network *n, const struct config *config,
    struct doctor_found *found)
{
	for (size_t i = 0; i < found->license_count; i++) {
		for (size_t j = 0; j < config->license_count; j++) {
			if (strcmp(config->licenses[j].name,
				found->licenses[i].name) == 0)
				ask_authority(n, &config->licenses[j], found,
				    &found->licenses[i]);
		}
	}
}

void
look_network(const struct config *config, struct doctor_found *found)
{
	struct network *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return;
	n->client = client_new();
	n->loop = loop_new();
	if (n->client != NULL && n->loop != NULL) {
		loop_add(n->loop, (struct loop_source){network_ask,
		    network_tell, n});
		ask_authorities(n, config, found);
		look_listeners(n, config, found);
		if (n->waiting > 0)
			(void)!loop_run(n->loop);
	}
	client_free(n->client);
	loop_free(n->loop);
	free(n);
}
