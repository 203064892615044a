/* SPDX-License-Identifier: ISC */
/* Reads where the SNMP master listens. It opens nothing. */
#include "agent/master.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "license/base/buf.h"

static bool
parse_path(const char *path, struct master *out, struct buf *error)
{
	struct sockaddr_un *a = (struct sockaddr_un *)&out->address;

	if (path[0] != '/') {
		buf_printf(error, "'%s' is not a path that begins with /",
		    path);
		return false;
	}
	if (strlen(path) >= sizeof(a->sun_path)) {
		buf_printf(error, "the path is longer than %zu bytes; choose "
		    "a shorter one", sizeof(a->sun_path) - 1);
		return false;
	}
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path, path, strlen(path) + 1);
	out->len = sizeof(*a);
	return true;
}

static bool
parse_port(const char *text, in_port_t *port)
{
	size_t digits = strspn(text, "0123456789");
	long value = strtol(text, NULL, 10);

	*port = htons((in_port_t)value);
	return digits > 0 && digits <= 5 && text[digits] == '\0' &&
	    value > 0 && value <= 65535;
}

static bool
parse_host(int family, const char *host, struct master *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&out->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->address;
	bool local = strcmp(host, "localhost") == 0;

	out->address.ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		out->len = sizeof(*v4);
		return inet_pton(AF_INET, local ? "127.0.0.1" : host,
		    &v4->sin_addr) == 1;
	}
	out->len = sizeof(*v6);
	return inet_pton(AF_INET6, local ? "::1" : host, &v6->sin6_addr) == 1;
}

static bool
parse_tcp(int family, const char *text, struct master *out)
{
	char host[INET6_ADDRSTRLEN];
	const char *colon = strrchr(text, ':');
	in_port_t port;

	if (colon == NULL || !parse_port(colon + 1, &port))
		return false;
	size_t len = (size_t)(colon - text);
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']')
		text++, len -= 2;
	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (!parse_host(family, host, out))
		return false;
	if (family == AF_INET)
		((struct sockaddr_in *)&out->address)->sin_port = port;
	else
		((struct sockaddr_in6 *)&out->address)->sin6_port = port;
	return true;
}

bool
master_parse(const char *text, struct master *out, struct buf *error)
{
	memset(out, 0, sizeof(*out));
	if (text[0] == '/')
		return parse_path(text, out, error);
	if (strncmp(text, "unix:", 5) == 0)
		return parse_path(text + 5, out, error);
	if (strncmp(text, "tcp:", 4) == 0 &&
	    parse_tcp(AF_INET, text + 4, out))
		return true;
	if (strncmp(text, "tcp6:", 5) == 0 &&
	    parse_tcp(AF_INET6, text + 5, out))
		return true;
	buf_printf(error, "'%s' is none of /PATH, unix:/PATH, "
	    "tcp:ADDRESS:PORT, tcp6:[ADDRESS]:PORT with a numeric address",
	    text);
	return false;
}

const char *
master_path(const struct master *master)
{
	return master->address.ss_family != AF_UNIX ? NULL :
	    ((const struct sockaddr_un *)&master->address)->sun_path;
}
