/* SPDX-License-Identifier: ISC */
/*
 * Who the kernel says is at the other end of the control socket. It reads and
 * writes nothing.
 */
#ifndef AGENT_SOCKET_H
#define AGENT_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

/* socket_group: its members may change things; found false: nobody's. */
struct socket_group {
	bool found;
	gid_t id;
};

/* socket_find_group: by name; one that is not there is logged. */
void socket_find_group(const char *name, struct socket_group *out);

/* socket_peer_may: root, our own user, or a member of the group. */
bool socket_peer_may(int fd, const struct socket_group *group);

#endif
