/* SPDX-License-Identifier: ISC */
/*
 * Every authority and every listener, each asked one harmless question, all
 * at once. No question here changes a state of anybody's.
 */
#include <arpa/inet.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/look.h"
#include "license/base/buf.h"
#include "license/base/url.h"
#include "license/keeper/client.h"

enum { PAGE_MAX = 1 << 18, HTTP_OK = 200, HTTP_NOT_FOUND = 404,
	STATE_LISTEN = 0x0a };

struct question {
	struct network *network;
	struct doctor_authority *authority; /* one of the two */
	struct doctor_listener *listener;
};

struct network {
	struct client *client;
	struct loop *loop;
	size_t waiting, count;
	struct question questions[DOCTOR_LICENSES_MAX + DOCTOR_LISTENERS_MAX];
};

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

/* The user of who listens on the port: the kernel tells everybody that. */
static void
find_owner(const char *table, unsigned port, struct doctor_listener *out)
{
	FILE *file = fopen(table, "re");
	char line[512];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		unsigned at, state, uid;

		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x "
			"%*x:%*x %*x:%*x %*x %u", &at, &state, &uid) != 3 ||
		    at != port || state != STATE_LISTEN)
			continue;
		const struct passwd *user = getpwuid(uid);
		if (user != NULL)
			text_copy(out->owner, sizeof(out->owner),
			    user->pw_name);
		else
			snprintf(out->owner, sizeof(out->owner), "uid %u",
			    uid);
	}
	if (file != NULL)
		fclose(file);
}

static void
listener_answers(struct doctor_listener *l, const struct client_reply *reply)
{
	const char *colon = strrchr(l->address, ':');

	l->result = reply->result;
	l->connected = reply->phase > CLIENT_AT_CONNECT;
	l->status = reply->status;
	l->duration_ms = reply->duration_ms;
	/* A page past the cap is as good as its beginning. */
	l->is_ours = reply->status == HTTP_OK &&
	    strstr(reply->body, "# HELP leaseline_") != NULL;
	text_copy(l->detail, sizeof(l->detail), reply->detail);
	if (l->is_ours || colon == NULL)
		return;
	unsigned port = (unsigned)strtoul(colon + 1, NULL, 10);
	find_owner("/proc/net/tcp", port, l);
	find_owner("/proc/net/tcp6", port, l);
}

static void
on_reply(void *self, const struct client_reply *reply)
{
	struct question *q = self;

	q->network->waiting--;
	if (q->authority != NULL)
		authority_answers(q->authority, reply);
	else
		listener_answers(q->listener, reply);
}

static struct question *
ask(struct network *n, const struct client_request *request)
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
	q = ask(n, &request);
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

/* What listens on every address is asked at the nearest one. */
static void
ask_listener(struct network *n, const char *address, size_t len,
    struct doctor_listener *out)
{
	static const char file[] = "unix:";
	char url[DOCTOR_NAME_SIZE + 32];
	struct question *q;

	snprintf(out->address, sizeof(out->address), "%.*s", (int)len,
	    address);
	const char *colon = strrchr(out->address, ':');
	bool any4 = strncmp(out->address, "0.0.0.0:", 8) == 0;
	bool any6 = strncmp(out->address, "[::]:", 5) == 0;
	bool is_file = strncmp(out->address, file, sizeof(file) - 1) == 0;
	out->tls = out->tls && !is_file;
	out->loopback = is_file || strncmp(out->address, "127.", 4) == 0 ||
	    strncmp(out->address, "[::1]:", 6) == 0 ||
	    strncmp(out->address, "localhost:", 10) == 0;
	snprintf(url, sizeof(url), "http%s://%s%s/metrics",
	    out->tls ? "s" : "", any4 ? "127.0.0.1" : any6 ? "[::1]" :
	    is_file ? "localhost" : out->address,
	    (any4 || any6) && colon != NULL ? colon : "");
	const struct client_request request = {
		.url = url,
		.unix_socket = is_file ? out->address + sizeof(file) - 1 : NULL,
		.user_agent = "leaseline-doctor/" LEASELINE_VERSION,
		.answer_max = PAGE_MAX,
		.total_s = LOOK_LISTENER_S,
	};
	out->result = RESULT_CONNECT;
	text_copy(out->detail, sizeof(out->detail), "it cannot be asked");
	q = ask(n, &request);
	if (q != NULL)
		q->listener = out;
}

/* As bound, when the agent says so: the configuration may say port 0. */
static void
ask_listeners(struct network *n, const struct config *config,
    struct doctor_found *found)
{
	const struct config_exporter *e = &config->exporter;
	const char *p = found->agent.listeners;
	size_t count = 0;

	for (size_t i = 0; i < DOCTOR_LISTENERS_MAX; i++) {
		found->listeners[i].tls = e->tls_cert[0] != '\0';
		found->listeners[i].has_allow = e->allow.count > 0;
	}
	for (; p[0] != '\0' && count < DOCTOR_LISTENERS_MAX; count++) {
		size_t len = strcspn(p, ",");

		ask_listener(n, p, len, &found->listeners[count]);
		p += len + (p[len] == ',');
	}
	for (size_t i = 0; !found->agent.told && i < e->listen.count &&
	     count < DOCTOR_LISTENERS_MAX; i++) {
		const char *address = e->listen.item[i];

		/* The service manager's: there is no agent to hand them to. */
		if (strncmp(address, "systemd", 7) != 0)
			ask_listener(n, address, strcspn(address, ","),
			    &found->listeners[count++]);
	}
	found->listener_count = count;
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
		ask_listeners(n, config, found);
		if (n->waiting > 0)
			(void)!loop_run(n->loop);
	}
	client_free(n->client);
	loop_free(n->loop);
	free(n);
}
