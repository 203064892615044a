/* SPDX-License-Identifier: ISC */
/*
 * X-Forwarded-For from anywhere: what is observed is always an address, never
 * of a peer that is no proxy, and the same when it is read once more. The
 * first line of the input is a proxy, the rest the header.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "license/authority/forwarded.h"
#include "license/base/buf.h"
#include "license/codec.h"

enum { TEXT_SIZE = 20001 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool good)
{
	if (!good)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char peer[] = "192.0.2.1", stranger[] = "198.51.100.9";
	static char text[TEXT_SIZE];
	char observed[ADDRESS_SIZE], again[ADDRESS_SIZE];
	struct allocation proxies[2] = {0};
	struct buf error;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	char *header = strchr(text, '\n');
	if (header != NULL)
		*header++ = '\0';
	buf_init(&error, 1024);
	must(forwarded_proxy_parse(peer, &proxies[0], &error));
	size_t count = 1 + forwarded_proxy_parse(text, &proxies[1], &error);
	must(count == 2 || error.len > 0);
	buf_fini(&error);
	forwarded_observe(proxies, count, peer, header, observed);
	must(address_valid(observed));
	forwarded_observe(proxies, count, peer, header, again);
	must(strcmp(observed, again) == 0);
	forwarded_observe(proxies, 1, stranger, header, observed);
	must(strcmp(observed, stranger) == 0);
	return 0;
}
