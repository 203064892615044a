/* SPDX-License-Identifier: ISC */
/*
 * The addresses of [exporter], each asked for its page as Prometheus would.
 * Who does not let the doctor in, for want of a password or a certificate, is
 * told from who is broken by what he says; the doctor has no secret of theirs.
 */
#include <arpa/inet.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/look_network.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/prefix.h"

enum { PAGE_MAX = 1 << 18, HTTP_OK = 200, HTTP_UNAUTHORIZED = 401,
	STATE_LISTEN = 0x0a };

static const char socket_file[] = "unix:";

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

void
look_listener_answers(struct doctor_listener *l,
    const struct client_reply *reply)
{
	static const char asks[] = "Name and password";
	const char *colon = strrchr(l->address, ':');

	l->result = reply->result;
	l->connected = reply->phase > CLIENT_AT_CONNECT;
	l->in_tls = l->tls && reply->phase > CLIENT_AT_TLS;
	l->tls_verify = reply->tls_verify;
	l->certificate_not_after = reply->certificate_not_after;
	l->status = reply->status;
	l->duration_ms = reply->duration_ms;
	/* A page past the cap is as good as its beginning. */
	l->is_ours = reply->status == HTTP_OK &&
	    strstr(reply->body, "# HELP leaseline_") != NULL;
	/* As exporter/door.h says it. */
	l->is_asked = reply->status == HTTP_UNAUTHORIZED &&
	    strncmp(reply->body, asks, sizeof(asks) - 1) == 0;
	/* libcurl's words for a socket file are about a port. */
	text_copy(l->detail, sizeof(l->detail), reply->os_error != 0 &&
		strncmp(l->address, socket_file, sizeof(socket_file) - 1) == 0 ?
		strerror(reply->os_error) : reply->detail);
	if (l->is_ours || colon == NULL)
		return;
	unsigned port = (unsigned)strtoul(colon + 1, NULL, 10);
	find_owner("/proc/net/tcp", port, l);
	find_owner("/proc/net/tcp6", port, l);
}

/* place: "127.0.0.1:10014" or "[::1]:10014", however it is written. */
struct place {
	uint8_t address[PREFIX_ADDRESS];
	unsigned long port;
};

static bool
read_place(const char *text, size_t len, struct place *out)
{
	char host[INET6_ADDRSTRLEN + 3];
	const char *colon = memrchr(text, ':', len), *why;
	size_t host_len = colon == NULL ? 0 : (size_t)(colon - text);
	struct prefix prefix;

	if (host_len >= 2 && text[0] == '[' && colon[-1] == ']')
		text++, host_len -= 2;
	if (host_len == 0 || host_len >= sizeof(host))
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)host_len, text);
	if (!prefix_read(host, &prefix, &why))
		return false;
	memcpy(out->address, prefix.address, sizeof(out->address));
	out->port = strtoul(colon + 1, NULL, 10);
	return true;
}

static bool
is_any(const struct place *place)
{
	static const uint8_t any6[PREFIX_ADDRESS],
	    any4[PREFIX_ADDRESS] = {[10] = 0xff, [11] = 0xff};

	return memcmp(place->address, any6, sizeof(any6)) == 0 ||
	    memcmp(place->address, any4, sizeof(any4)) == 0;
}

/* This machine comes to itself from the address that it asks. */
static bool
is_shut(const struct config_exporter *e, const struct place *asked)
{
	struct prefix prefix;
	const char *why;

	for (size_t i = 0; i < e->allow.count; i++) {
		if (prefix_read(e->allow.item[i], &prefix, &why) &&
		    prefix_holds(&prefix, 1, asked->address))
			return false;
	}
	return e->allow.count > 0;
}

/* What listens on every address is asked at the nearest one. */
static void
ask_listener(struct network *n, const struct config_exporter *e,
    const char *address, size_t len, struct doctor_listener *out)
{
	char url[DOCTOR_NAME_SIZE + 32];
	struct place place;
	struct question *q;

	snprintf(out->address, sizeof(out->address), "%.*s", (int)len,
	    address);
	bool is_file = strncmp(out->address, socket_file, sizeof(socket_file) - 1) == 0;
	bool is_place = !is_file && read_place(address, len, &place);
	bool any = is_place && is_any(&place);
	const char *near = address[0] == '[' ? "[::1]" : "127.0.0.1";
	if (any) {
		struct place nearest = {.port = place.port};
		char text[32];

		snprintf(text, sizeof(text), "%s:%lu", near, place.port);
		if (read_place(text, strlen(text), &nearest))
			place = nearest;
	}
	out->tls = e->tls_cert[0] != '\0' && !is_file;
	out->has_users = e->users_file[0] != '\0';
	out->has_client_ca = out->tls && e->tls_client_ca[0] != '\0';
	out->is_shut = is_place && is_shut(e, &place);
	out->loopback = is_file || (is_place && !any &&
	    prefix_is_loopback(place.address));
	out->now = clock_wall();
	snprintf(url, sizeof(url), "http%s://%s%s/metrics",
	    out->tls ? "s" : "", any ? near : is_file ? "localhost" :
	    out->address, any ? strrchr(out->address, ':') : "");
	const struct client_request request = {
		.url = url,
		.unix_socket = is_file ? out->address + sizeof(socket_file) - 1 : NULL,
		.user_agent = "leaseline-doctor/" LEASELINE_VERSION,
		/* What it must show is what tls-cert has, of any name. */
		.ca_file = out->tls ? e->tls_cert : NULL,
		.any_name = true,
		.answer_max = PAGE_MAX,
		.total_s = LOOK_LISTENER_S,
	};
	out->result = RESULT_CONNECT;
	text_copy(out->detail, sizeof(out->detail), "it cannot be asked");
	q = look_ask(n, &request);
	if (q != NULL)
		q->listener = out;
}

/* The service manager's are nobody's to compare, and port 0 is any port. */
static bool
is_bound(const char *item, const char *bound)
{
	size_t item_len = strcspn(item, ",");
	struct place wanted, has;
	bool is_place = strncmp(item, socket_file, sizeof(socket_file) - 1) != 0 &&
	    read_place(item, item_len, &wanted);

	if (strncmp(item, "systemd", 7) == 0 || (is_place && wanted.port == 0))
		return true;
	while (bound[0] != '\0') {
		size_t len = strcspn(bound, ",");

		if ((len == item_len && strncmp(bound, item, len) == 0) ||
		    (is_place && read_place(bound, len, &has) &&
			has.port == wanted.port && memcmp(has.address,
			    wanted.address, sizeof(has.address)) == 0))
			return true;
		bound += len + (bound[len] == ',');
	}
	return false;
}

/* As bound, when the agent says so: the configuration may say port 0. */
void
look_listeners(struct network *n, const struct config *config,
    struct doctor_found *found)
{
	const struct config_exporter *e = &config->exporter;
	const char *p = found->agent.listeners;
	size_t count = 0;

	for (; p[0] != '\0' && count < DOCTOR_LISTENERS_MAX; count++) {
		size_t len = strcspn(p, ",");

		ask_listener(n, e, p, len, &found->listeners[count]);
		p += len + (p[len] == ',');
	}
	for (size_t i = 0; i < e->listen.count && count < DOCTOR_LISTENERS_MAX;
	     i++) {
		const char *item = e->listen.item[i];
		struct doctor_listener *l = &found->listeners[count];

		if (found->agent.told && is_bound(item, found->agent.listeners))
			continue;
		/* The service manager's: there is no agent to hand them to. */
		if (strncmp(item, "systemd", 7) == 0)
			continue;
		count++;
		if (!found->agent.told) {
			ask_listener(n, e, item, strcspn(item, ","), l);
			continue;
		}
		l->is_unserved = true;
		snprintf(l->address, sizeof(l->address), "%.*s",
		    (int)strcspn(item, ","), item);
	}
	found->listener_count = count;
}
