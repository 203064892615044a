/* SPDX-License-Identifier: ISC */
/*
 * What the keys of [exporter] need of one another. It opens no file and no
 * socket.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/config.h"
#include "agent/config_refuse.h"
#include "exporter/listeners.h"
#include "license/base/listen_unix.h"
#include "license/base/prefix.h"
#include "license/documents.h"

/* A numeric address; names are not looked up where a start may hang on it. */
static bool
is_numeric(const char *item, size_t len)
{
	char host[ADDRESS_SIZE];
	bool bracketed = len >= 2 && item[0] == '[' && item[len - 1] == ']';

	if (bracketed)
		item++, len -= 2;
	if (len >= sizeof(host))
		return false;
	memcpy(host, item, len);
	host[len] = '\0';
	return address_valid(host) && bracketed == (strchr(host, ':') != NULL);
}

static bool
is_systemd(const char *item)
{
	size_t len = strlen(LISTENERS_SYSTEMD);

	return strncmp(item, LISTENERS_SYSTEMD, len) == 0 &&
	    (item[len] == '\0' || (item[len] == ':' && item[len + 1] != '\0'));
}

/* Only the form; whether the address can be had shows at the start. */
static bool
check_listen(const struct checking *c, const char *item)
{
	const char *colon = strrchr(item, ':'), *why;
	size_t digits = colon == NULL ? 0 : strspn(colon + 1, "0123456789");
	struct listen_unix at;

	if (is_systemd(item))
		return true;
	if (strncmp(item, "unix:", 5) == 0)
		return listen_unix_read(item, &at, &why) ||
		    config_refuse(c, "listen", "'%s': %s", item, why);
	if (colon == NULL || colon == item || digits == 0 || digits > 5 ||
	    colon[1 + digits] != '\0' || strtol(colon + 1, NULL, 10) > 65535 ||
	    !is_numeric(item, (size_t)(colon - item)))
		return config_refuse(c, "listen", "'%s' is not a numeric "
		    "ADDRESS:PORT, like 127.0.0.1:10014 or [::1]:10014, nor "
		    "unix:/PATH, nor systemd", item);
	return true;
}

static bool
check_tls(const struct checking *c, const struct config_exporter *e)
{
	if (e->tls_cert[0] != '\0' && e->tls_key[0] == '\0')
		return config_refuse(c, "tls-cert", "needs tls-key, the file "
		    "with its key");
	if (e->tls_key[0] != '\0' && e->tls_cert[0] == '\0')
		return config_refuse(c, "tls-key", "needs tls-cert, the file "
		    "with the certificate");
	if (e->tls_client_ca[0] != '\0' && e->tls_cert[0] == '\0')
		return config_refuse(c, "tls-client-ca", "needs tls-cert and "
		    "tls-key: clients show certificates in TLS only");
	return true;
}

bool
config_check_exporter(const struct config_text *from,
    const struct config *config, struct buf *error)
{
	const struct checking c = {from, "exporter", error};
	const struct config_exporter *e = &config->exporter;
	struct prefix prefix;
	const char *why;

	for (size_t i = 0; i < e->listen.count; i++) {
		if (!check_listen(&c, e->listen.item[i]))
			return false;
	}
	for (size_t i = 0; i < e->allow.count; i++) {
		if (!prefix_read(e->allow.item[i], &prefix, &why))
			return config_refuse(&c, "allow", "'%s': %s",
			    e->allow.item[i], why);
	}
	return check_tls(&c, e);
}
