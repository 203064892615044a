/* SPDX-License-Identifier: ISC */
/*
 * Whose request is it when a proxy of the vendor's hands it on. Pure: the
 * peer, the header and the configured proxies in, one address out. It knows
 * no connection and no subscription.
 */
#ifndef LICENSE_AUTHORITY_FORWARDED_H
#define LICENSE_AUTHORITY_FORWARDED_H

#include "license/authority/records.h"

/*
 * forwarded_proxy_parse: one --trusted-proxy. As prefix_parse(), but a single
 * IPv6 address is that address and not its /64.
 */
bool forwarded_proxy_parse(const char *text, struct allocation *out,
    struct buf *error);

/* forwarded_trusts: ${address} is one of the proxies. */
bool forwarded_trusts(const struct allocation *proxies, size_t count,
    const char *address);

/*
 * forwarded_observe: the observed address (documents.md 4). ${header} is
 * X-Forwarded-For, all its lines joined by commas in their order; NULL: none.
 * It counts only from a peer that is a proxy; then it is read from the right,
 * up to the first hop that is no proxy. A hop is an address, "IPv4:port",
 * "[IPv6]" or "[IPv6]:port"; at anything else reading stops and the hop
 * before it, which a proxy of ours vouched for, is the answer.
 */
void forwarded_observe(const struct allocation *proxies, size_t count,
    const char *peer, const char *header, char out[static ADDRESS_SIZE]);

#endif
