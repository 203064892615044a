/* SPDX-License-Identifier: ISC */
/*
 * Every hop was written by the one to its right, so the list is as good as
 * the hops that we know and no further. Pure; it logs nothing.
 */
#include "license/authority/forwarded.h"

#include <arpa/inet.h>
#include <string.h>

#include "license/base/buf.h"

enum { HOP_SIZE = 64 }; /* "[" IPv6 "]:65535" and some */

bool
forwarded_proxy_parse(const char *text, struct allocation *out,
    struct buf *error)
{
	struct buf exact;
	bool good;

	buf_init(&exact, ADDRESS_SIZE + 8);
	buf_puts(&exact, text);
	if (!strpbrk(text, "/.") && strchr(text, ':'))
		buf_puts(&exact, "/128");
	/* Too long for an address: the parser says so of the text itself. */
	good = prefix_parse(exact.failed ? text : buf_text(&exact), out,
	    error);
	buf_fini(&exact);
	return good;
}

bool
forwarded_trusts(const struct allocation *proxies, size_t count,
    const char *address)
{
	for (size_t i = 0; i < count; i++)
		if (prefix_contains(&proxies[i], address))
			return true;
	return false;
}

/* ":65535" or nothing: some proxies write the client's port, too. */
static bool
is_port(const char *text)
{
	size_t digits;

	if (!*text)
		return true;
	if (*text != ':')
		return false;
	digits = strspn(text + 1, "0123456789");
	return digits > 0 && digits <= 5 && !text[1 + digits];
}

/* The address as text of its bytes: one form, IPv4-mapped as IPv4. */
static bool
canonical(const char *text, char out[static ADDRESS_SIZE])
{
	uint8_t bytes[16];
	struct in6_addr six;

	if (!address_bytes(text, bytes))
		return false;
	memcpy(&six, bytes, sizeof(six));
	return (IN6_IS_ADDR_V4MAPPED(&six) ?
	    inet_ntop(AF_INET, bytes + 12, out, ADDRESS_SIZE) :
	    inet_ntop(AF_INET6, bytes, out, ADDRESS_SIZE)) &&
	    address_valid(out);
}

static bool
read_hop(const char *from, size_t len, char out[static ADDRESS_SIZE])
{
	char hop[HOP_SIZE], *end;

	if (len == 0 || len >= sizeof(hop) || memchr(from, '\0', len))
		return false;
	memcpy(hop, from, len);
	hop[len] = '\0';
	if (hop[0] == '[') {
		end = strchr(hop, ']');
		if (!end || !is_port(end + 1) || !strchr(hop, ':'))
			return false;
		*end = '\0';
		return strchr(hop + 1, ':') && canonical(hop + 1, out);
	}
	end = strchr(hop, ':');
	if (end && strchr(hop, '.') && strchr(hop, '.') < end) {
		if (!is_port(end))
			return false;
		*end = '\0';
	}
	return canonical(hop, out);
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * The last element before ${end}, trimmed; ${end} moves to its comma, NULL
 * when it was the first. Empty elements say nothing and are passed over.
 */
static size_t
last_element(const char *header, const char **end, const char **from)
{
	const char *to = *end, *start;

	do {
		to = *end;
		start = to;
		while (start > header && start[-1] != ',')
			start--;
		*end = start > header ? start - 1 : NULL;
		while (start < to && is_space(*start))
			start++;
		while (to > start && is_space(to[-1]))
			to--;
	} while (start == to && *end);
	*from = start;
	return (size_t)(to - start);
}

void
forwarded_observe(const struct allocation *proxies, size_t count,
    const char *peer, const char *header, char out[static ADDRESS_SIZE])
{
	const char *end = header ? header + strlen(header) : NULL;
	char hop[ADDRESS_SIZE];
	const char *from;
	size_t len;

	text_copy(out, ADDRESS_SIZE, peer);
	while (end && forwarded_trusts(proxies, count, out)) {
		len = last_element(header, &end, &from);
		if (!read_hop(from, len, hop))
			break;
		text_copy(out, ADDRESS_SIZE, hop);
	}
}
