/* SPDX-License-Identifier: ISC */
/*
 * A listening socket for "127.0.0.1:10014", "[::1]:10014" or what
 * listen_unix.h reads. It knows neither what is served there nor by whom.
 */
#ifndef LICENSE_BASE_LISTEN_H
#define LICENSE_BASE_LISTEN_H

#include <netinet/in.h>

struct buf;
struct file_identity;

enum { LISTEN_ADDRESS_SIZE = 120 }; /* "unix:" and the longest path, and NUL */

/*
 * listen_open: bind and listen, non-blocking. -1 with a sentence in ${error}
 * that names the address and the reason. ${made}: the socket's file, of a unix
 * socket.
 */
int listen_open(const char *text, struct file_identity *made,
    struct buf *error);

/*
 * listen_address: where it is bound, as text, the port that was chosen; of a
 * unix socket "unix:" and its path.
 */
void listen_address(int fd, char out[static LISTEN_ADDRESS_SIZE]);

/* listen_remove: the file of a unix socket, if it is still the one made. */
void listen_remove(const char *address, const struct file_identity *made);

/*
 * listen_peer: RFC 5952 form, an IPv4-mapped address as IPv4; "" for none.
 */
void listen_peer(const struct sockaddr *from,
    char out[static INET6_ADDRSTRLEN]);

#endif
