/* SPDX-License-Identifier: ISC */
/* Interfaces and routes are asked; nothing is sent. */
#include "license/keeper/address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/in6.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "license/base/buf.h"

/* The host of a URL when it is a literal address. */
static void
url_host(const char *url, char *out, size_t out_size)
{
	const char *host = strstr(url, "://");

	host = host == NULL ? url : host + 3;
	bool bracket = *host == '[';
	if (bracket)
		host++;
	size_t len = strcspn(host, bracket ? "]/" : ":/");
	snprintf(out, out_size, "%.*s", (int)len, host);
}

static bool
address_text(const struct sockaddr *from, char out[static ADDRESS_SIZE])
{
	const void *bytes = from->sa_family == AF_INET ?
	    (const void *)&((const struct sockaddr_in *)from)->sin_addr :
	    (const void *)&((const struct sockaddr_in6 *)from)->sin6_addr;

	if (from->sa_family != AF_INET && from->sa_family != AF_INET6)
		return false;
	return inet_ntop(from->sa_family, bytes, out, ADDRESS_SIZE) != NULL &&
	    address_valid(out);
}

/* False: they could not be read. */
static bool
look_for(const char *address, bool *present)
{
	char text[ADDRESS_SIZE];
	struct ifaddrs *all = NULL;

	*present = false;
	if (getifaddrs(&all) == -1)
		return false;
	for (const struct ifaddrs *i = all; i != NULL && !*present;
	    i = i->ifa_next)
		*present = i->ifa_addr != NULL &&
		    address_text(i->ifa_addr, text) &&
		    strcmp(text, address) == 0;
	freeifaddrs(all);
	return true;
}

static bool
source_of(int family, const struct sockaddr *to, socklen_t len, char *out)
{
	static const int prefer = IPV6_PREFER_SRC_PUBLIC;
	struct sockaddr_storage from = {0};
	socklen_t from_len = sizeof(from);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return false;
	/* Privacy addresses change every day. */
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, &prefer,
		    sizeof(prefer));
	bool good = connect(fd, to, len) == 0 &&
	    getsockname(fd, (struct sockaddr *)&from, &from_len) == 0 &&
	    address_text((struct sockaddr *)&from, out);
	close(fd);
	return good;
}

static bool
by_route(const struct address_question *q, char out[static ADDRESS_SIZE])
{
	/* Documentation addresses: routed like any other, owned by nobody. */
	static const char *const anywhere[] = {"192.0.2.1", "2001:db8::1"};
	char host[ADDRESS_SIZE];
	const char *targets[3] = {host, anywhere[0], anywhere[1]};

	url_host(q->authority_url, host, sizeof(host));
	for (size_t i = 0; i < 3; i++) {
		struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = 9};
		struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
			.sin6_port = 9};

		if (q->family != 6 &&
		    inet_pton(AF_INET, targets[i], &v4.sin_addr) == 1 &&
		    source_of(AF_INET, (struct sockaddr *)&v4, sizeof(v4),
			out))
			return true;
		if (q->family != 4 &&
		    inet_pton(AF_INET6, targets[i], &v6.sin6_addr) == 1 &&
		    source_of(AF_INET6, (struct sockaddr *)&v6, sizeof(v6),
			out))
			return true;
	}
	out[0] = '\0';
	return false;
}

static bool
is_ipv6(const char *address)
{
	return strchr(address, ':') != NULL;
}

bool
address_choose(const char *held, bool readable, bool present,
    const char *route, char out[static ADDRESS_SIZE])
{
	const char *chosen = route;

	if (held[0] != '\0' && !readable)
		chosen = "";
	else if (held[0] != '\0' && present)
		chosen = held;
	else if (held[0] != '\0' && is_ipv6(held) != is_ipv6(route))
		chosen = "";
	text_copy(out, ADDRESS_SIZE, chosen);
	return chosen[0] != '\0';
}

bool
address_internal(const struct address_question *q,
    char out[static ADDRESS_SIZE])
{
	char route[ADDRESS_SIZE] = "";
	bool readable, present;

	readable = look_for(q->held, &present);
	if (!present)
		by_route(q, route);
	return address_choose(q->held, readable, present, route, out);
}
