/* SPDX-License-Identifier: ISC */
/*
 * The control socket's file, and who the kernel says is at its other end. It
 * reads and writes nothing.
 */
#ifndef AGENT_SOCKET_H
#define AGENT_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

struct buf;

/* socket_group: its members may change things; found false: nobody's. */
struct socket_group {
	bool found;
	gid_t id;
};

/*
 * socket_listen: make the directory (0755) and the socket (0666), not
 * blocking. A socket file that nobody serves is replaced; one that is served,
 * or another kind of file, is an error. -1 with one sentence in ${error}.
 */
int socket_listen(const char *path, int backlog, struct buf *error);

/* socket_find_group: by name; one that is not there is logged. */
void socket_find_group(const char *name, struct socket_group *out);

/* socket_peer_may: root, our own user, or a member of the group. */
bool socket_peer_may(int fd, const struct socket_group *group);

/*
 * socket_remove: unlink the socket file made; one that another agent has put
 * there since is left alone.
 */
struct file_identity;
void socket_remove(const char *path, const struct file_identity *made);

#endif
