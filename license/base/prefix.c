/* SPDX-License-Identifier: ISC */
/* One length for both families, so that there is one comparison. */
#include "license/base/prefix.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	MAPPED = 12, /* bytes before the IPv4 address */
	NETWORK = 8, /* of an IPv6 address */
};

static const uint8_t mapped[MAPPED] = {[10] = 0xff, [11] = 0xff};

static bool
read_address(const char *text, uint8_t out[static PREFIX_ADDRESS],
    int *spare_bits)
{
	*spare_bits = 0;
	if (inet_pton(AF_INET6, text, out) == 1)
		return true;
	memcpy(out, mapped, MAPPED);
	*spare_bits = MAPPED * 8;
	return inet_pton(AF_INET, text, out + MAPPED) == 1;
}

/* The first ${bits} of both are the same. */
static bool
begins(const uint8_t *a, const uint8_t *b, int bits)
{
	size_t whole = (size_t)bits / 8;
	int rest = bits % 8;

	return memcmp(a, b, whole) == 0 &&
	    (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

bool
prefix_read(const char *text, struct prefix *out, const char **why)
{
	char host[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash == NULL ? strlen(text) : (size_t)(slash - text);
	int spare;

	*why = "it is not an address like 192.0.2.1 or a prefix like "
	       "192.0.2.0/24 or 2001:db8::/32";
	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (!read_address(host, out->address, &spare))
		return false;
	out->bits = PREFIX_ADDRESS * 8;
	if (slash != NULL) {
		size_t digits = strspn(slash + 1, "0123456789");

		if (digits == 0 || digits > 3 || slash[1 + digits] != '\0')
			return false;
		out->bits = (int)strtol(slash + 1, NULL, 10) + spare;
		*why = "the prefix is longer than the address";
		if (out->bits > PREFIX_ADDRESS * 8)
			return false;
	}
	for (int bit = out->bits; bit < PREFIX_ADDRESS * 8; bit++) {
		*why = "there are bits of the address behind the prefix; "
		       "write them as 0";
		if (out->address[bit / 8] >> (7 - bit % 8) & 1)
			return false;
	}
	return true;
}

void
prefix_print(const uint8_t address[static PREFIX_ADDRESS],
    char out[static PREFIX_TEXT])
{
	bool is_ipv4 = memcmp(address, mapped, MAPPED) == 0;

	inet_ntop(is_ipv4 ? AF_INET : AF_INET6,
	    address + (is_ipv4 ? MAPPED : 0), out, PREFIX_TEXT);
}

bool
prefix_holds(const struct prefix *prefixes, size_t count,
    const uint8_t address[static PREFIX_ADDRESS])
{
	for (size_t i = 0; i < count; i++) {
		if (begins(prefixes[i].address, address, prefixes[i].bits))
			return true;
	}
	return false;
}

bool
prefix_address(const struct sockaddr *from,
    uint8_t out[static PREFIX_ADDRESS])
{
	if (from->sa_family == AF_INET6) {
		memcpy(out, &((const struct sockaddr_in6 *)(const void *)
		    from)->sin6_addr, PREFIX_ADDRESS);
		return true;
	}
	memcpy(out, mapped, MAPPED);
	if (from->sa_family != AF_INET)
		return false;
	memcpy(out + MAPPED, &((const struct sockaddr_in *)(const void *)
	    from)->sin_addr, PREFIX_ADDRESS - MAPPED);
	return true;
}

void
prefix_network(const uint8_t address[static PREFIX_ADDRESS],
    uint8_t out[static PREFIX_ADDRESS])
{
	bool is_ipv4 = memcmp(address, mapped, NETWORK) == 0;

	memset(out, 0, PREFIX_ADDRESS);
	memcpy(out, address, is_ipv4 ? PREFIX_ADDRESS : NETWORK);
}

bool
prefix_is_loopback(const uint8_t address[static PREFIX_ADDRESS])
{
	static const struct prefix loopback[] = {
		{{[10] = 0xff, [11] = 0xff, [12] = 127}, MAPPED * 8 + 8},
		{{[15] = 1}, 128},
	};

	return prefix_holds(loopback, 2, address);
}
