/* SPDX-License-Identifier: ISC */
/*
 * The way into a listener: who may come, what is shown to them in a TLS
 * handshake, and how long they may stay. It knows no request.
 */
#ifndef LICENSE_BASE_HTTP_GATE_H
#define LICENSE_BASE_HTTP_GATE_H

#include <stdbool.h>
#include <sys/socket.h>

#include "license/base/http.h"

enum { HTTP_CONNECTIONS = 64, HTTP_TIMEOUT_S = 10 }; /* when 0 is asked for */

struct http_gate;

/* http_visit: one connection, over all its exchanges. */
struct http_visit;

struct http_gate *http_gate_new(const struct http_options *options);
void http_gate_free(struct http_gate *gate); /* NULL; all have left */

/* http_gate_accepts: before the connection is anything but a socket. */
bool http_gate_accepts(struct http_gate *gate, const struct sockaddr *from,
    socklen_t len);

/* http_gate_enter: ${session} is GnuTLS's, or NULL. NULL without memory. */
struct http_visit *http_gate_enter(struct http_gate *gate, int fd,
    const struct sockaddr *from, void *session);

/* http_gate_leave: after the session, before the descriptor is closed. */
void http_gate_leave(struct http_gate *gate, struct http_visit *visit);

/* http_gate_ask: false: its address has asked too often. */
bool http_gate_ask(struct http_gate *gate, struct http_visit *visit);
void http_gate_answered(struct http_gate *gate, struct http_visit *visit);

void http_gate_renew(struct http_gate *gate, struct tls_identity *tls);

#endif
