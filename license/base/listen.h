/* SPDX-License-Identifier: ISC */
/*
 * A listening TCP socket for "127.0.0.1:10014" or "[::1]:10014". It knows
 * neither what is served there nor by whom.
 */
#ifndef LICENSE_BASE_LISTEN_H
#define LICENSE_BASE_LISTEN_H

#include <netinet/in.h>

struct buf;

enum { LISTEN_ADDRESS_SIZE = INET6_ADDRSTRLEN + sizeof("[]:65535") };

/*
 * listen_open: bind and listen, non-blocking. -1 with a sentence in ${error}
 * that names the address and the reason.
 */
int listen_open(const char *text, struct buf *error);

/* listen_address: where it is bound, as text, the port that was chosen. */
void listen_address(int fd, char out[static LISTEN_ADDRESS_SIZE]);

/* listen_peer: RFC 5952 form, an IPv4-mapped address as IPv4. */
void listen_peer(const struct sockaddr *from,
    char out[static INET6_ADDRSTRLEN]);

#endif
