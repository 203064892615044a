/* SPDX-License-Identifier: ISC */
/*
 * Addresses as sixteen bytes, an IPv4 one as mapped into IPv6, and prefixes of
 * them. Pure.
 */
#ifndef LICENSE_BASE_PREFIX_H
#define LICENSE_BASE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;

enum { PREFIX_ADDRESS = 16, PREFIX_TEXT = 46 };

struct prefix {
	uint8_t address[PREFIX_ADDRESS];
	int bits; /* 0 to 128 */
};

/*
 * prefix_read: "192.0.2.1", "192.0.2.0/24", "2001:db8::/32". False, with a
 * clause in ${why}, also when bits are set behind the prefix: it is not clear
 * what was meant then.
 */
bool prefix_read(const char *text, struct prefix *out, const char **why);

/* prefix_print: RFC 5952, an IPv4-mapped address as IPv4. */
void prefix_print(const uint8_t address[static PREFIX_ADDRESS],
    char out[static PREFIX_TEXT]);

/* prefix_holds: one of ${count} contains the address. */
bool prefix_holds(const struct prefix *prefixes, size_t count,
    const uint8_t address[static PREFIX_ADDRESS]);

/* prefix_address: false when it is not an internet address. */
bool prefix_address(const struct sockaddr *from,
    uint8_t out[static PREFIX_ADDRESS]);

/*
 * prefix_network: whose it is: an IPv4 address is whole, of an IPv6 one the
 * first 64 bits, which one customer has.
 */
void prefix_network(const uint8_t address[static PREFIX_ADDRESS],
    uint8_t out[static PREFIX_ADDRESS]);

/* prefix_is_loopback: of this machine to itself. */
bool prefix_is_loopback(const uint8_t address[static PREFIX_ADDRESS]);

#endif
