/* SPDX-License-Identifier: ISC */
/*
 * The sockets that the agent serves HTTP on: those of its configuration, and
 * those that the service manager hands over. Plain on unix sockets, whose
 * file says who may connect; with TLS on the others when there is an identity.
 */
#ifndef EXPORTER_LISTENERS_H
#define EXPORTER_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>

#include "license/base/http.h"

#define LISTENERS_SYSTEMD "systemd" /* all, or "systemd:NAME" */

enum { LISTENERS_MAX = 16 };

struct listeners {
	size_t count;
	struct http_listener *http[LISTENERS_MAX];
	bool tls[LISTENERS_MAX];
};

/*
 * listeners_open: ${listen} of each of ${count}: an address, "unix:/PATH...",
 * LISTENERS_SYSTEMD. All or none: false with one sentence in ${error}.
 */
bool listeners_open(struct listeners *out, const char *const *listen,
    size_t count, const struct http_options *options, struct buf *error);

void listeners_renew(struct listeners *listeners,
    struct tls_identity *identity);
void listeners_close(struct listeners *listeners);

#endif
