/* SPDX-License-Identifier: ISC */
/*
 * What a client says it takes: Accept and Accept-Encoding of RFC 9110, 12.5.
 * What cannot be read of them says nothing. It knows no format and no
 * connection.
 */
#ifndef LICENSE_BASE_ACCEPT_H
#define LICENSE_BASE_ACCEPT_H

#include <stdbool.h>
#include <stddef.h>

/* How near a range is to what is offered; the nearest one speaks for it. */
enum accept_nearness {
	ACCEPT_NOT_NAMED,
	ACCEPT_ANYTHING, /* ... / ... with two asterisks */
	ACCEPT_FAMILY,	 /* the type with an asterisk */
	ACCEPT_TYPE,	 /* without a version */
	ACCEPT_VERSION,
};

struct accept_offer {
	const char *type, *subtype, *version;
};

struct accept_weight {
	enum accept_nearness nearness;
	int quality; /* thousandths; 0: not acceptable */
	size_t place; /* of the range in the header, from 0 */
	bool escaping; /* it has a parameter of that name */
};

/* accept_weigh: ${accept} may be NULL, which names nothing. */
void accept_weigh(const char *accept, const struct accept_offer *offer,
    struct accept_weight *out);

/*
 * accept_gzip: gzip is named, and wanted at least as much as none. An
 * asterisk alone is no wish.
 */
bool accept_gzip(const char *accept_encoding);

#endif
