/* SPDX-License-Identifier: ISC */
/*
 * Labels of the authority's records, and the arithmetic of prefixes. It reads
 * no database and decides nothing.
 */
#include "license/authority/records.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "license/base/buf.h"

#define STATUS_LABEL(name, number, label) [number] = #label,
#define STATE_LABEL(name, number, label) [number] = #label,
#define EVENT_LABEL(name, number, label) [number] = label,

static const char *const status_labels[] = {
	SUBSCRIPTION_STATUSES(STATUS_LABEL)
};
static const char *const state_labels[] = { MACHINE_STATES(STATE_LABEL) };
static const char *const event_labels[] = { EVENT_KINDS(EVENT_LABEL) };

enum { IPV4_OFFSET = 96 };

static const uint8_t ipv4_head[12] = { [10] = 0xff, [11] = 0xff };

static const char *
label(const char *const *labels, size_t count, int number)
{
	if (number < 1 || (size_t)number >= count || !labels[number])
		return "unknown";
	return labels[number];
}

const char *
subscription_status_label(int status)
{
	return label(status_labels,
	    sizeof(status_labels) / sizeof(*status_labels), status);
}

const char *
machine_state_label(int state)
{
	return label(state_labels,
	    sizeof(state_labels) / sizeof(*state_labels), state);
}

const char *
event_kind_label(int kind)
{
	return label(event_labels,
	    sizeof(event_labels) / sizeof(*event_labels), kind);
}

bool
address_bytes(const char *text, uint8_t out[static 16])
{
	memcpy(out, ipv4_head, sizeof(ipv4_head));
	if (inet_pton(AF_INET, text, out + sizeof(ipv4_head)) == 1)
		return true;
	return inet_pton(AF_INET6, text, out) == 1;
}

void
prefix_mask(const uint8_t bytes[static 16], int bits, uint8_t out[static 16])
{
	for (int i = 0; i < 16; i++) {
		int keep = bits - i * 8;

		keep = keep < 0 ? 0 : keep > 8 ? 8 : keep;
		out[i] = bytes[i] & (uint8_t)(0xff00 >> keep);
	}
}

static bool
is_ipv4(const uint8_t bytes[static 16])
{
	return memcmp(bytes, ipv4_head, sizeof(ipv4_head)) == 0;
}

/* ::/64 is no prefix of an IPv4 address, though its mapped bytes lie in it. */
bool
prefix_may_hold(const uint8_t bytes[static 16], int bits)
{
	return bits >= IPV4_OFFSET || !is_ipv4(bytes);
}

/* Addresses that no machine can come from: nobody, many, or the future's. */
static bool
is_nobody(const uint8_t bytes[static 16], bool four)
{
	static const uint8_t zero[16];

	if (four)
		return bytes[12] == 0 || bytes[12] >= 224;
	return memcmp(bytes, zero, sizeof(zero)) == 0 || bytes[0] == 0xff;
}

/* A length after the slash: 1 to 3 digits without a leading zero, or -1. */
static int
length_parse(const char *text)
{
	int value = 0;

	if (text[0] < '1' || text[0] > '9' || strlen(text) > 3)
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * 10 + (*text - '0');
	}
	return value;
}

bool
prefix_parse(const char *text, struct allocation *out, struct buf *error)
{
	char address[ADDRESS_SIZE], shown[ADDRESS_SIZE];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	uint8_t bytes[16];
	int bits, family_bits;
	bool four;

	memset(out, 0, sizeof(*out));
	if (len < sizeof(address)) {
		memcpy(address, text, len);
		address[len] = '\0';
	}
	if (len >= sizeof(address) || !address_bytes(address, bytes)) {
		buf_puts(error, "it is not an IPv4 or IPv6 address");
		return false;
	}
	four = is_ipv4(bytes);
	family_bits = four ? 32 : 128;
	bits = slash ? length_parse(slash + 1) : four ? 32 : 64;
	if (bits < 1 || bits > family_bits) {
		buf_printf(error, "its prefix length must be 1 to %d",
		    family_bits);
		return false;
	}
	if (is_nobody(bytes, four)) {
		buf_puts(error, "no machine can have that address");
		return false;
	}
	out->bits = four ? bits + IPV4_OFFSET : bits;
	prefix_mask(bytes, out->bits, out->base);
	if (slash && memcmp(bytes, out->base, sizeof(bytes)) != 0) {
		buf_puts(error, "it has bits set behind its prefix length");
		return false;
	}
	if (!inet_ntop(four ? AF_INET : AF_INET6, out->base + (four ? 12 : 0),
	    shown, sizeof(shown)))
		return false;
	snprintf(out->prefix, sizeof(out->prefix), "%s/%d", shown, bits);
	return true;
}

bool
prefix_contains(const struct allocation *allocation, const char *address)
{
	uint8_t bytes[16], masked[16];

	if (!address_bytes(address, bytes) ||
	    !prefix_may_hold(bytes, allocation->bits))
		return false;
	prefix_mask(bytes, allocation->bits, masked);
	return memcmp(masked, allocation->base, sizeof(masked)) == 0;
}
