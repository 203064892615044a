/* SPDX-License-Identifier: ISC */
/*
 * Listening sockets in the file system. Who may connect is the file's mode and
 * group. It accepts no connection.
 */
#ifndef LICENSE_BASE_LISTEN_UNIX_H
#define LICENSE_BASE_LISTEN_UNIX_H

#include <stdbool.h>
#include <sys/types.h>

struct buf;
struct file_identity;

enum { LISTEN_UNIX_PATH = 108, LISTEN_UNIX_NO_GROUP = -1 };

struct listen_unix {
	char path[LISTEN_UNIX_PATH];
	mode_t mode;
	char group[64]; /* "": as it comes */
};

/*
 * listen_unix_read: "unix:/PATH[,mode=0660][,group=NAME]"; the mode is 0660
 * when it is not said. A clause in ${why}.
 */
bool listen_unix_read(const char *text, struct listen_unix *out,
    const char **why);

/*
 * listen_unix_open: make the directory (0755) and the socket, not blocking. A
 * socket file that nobody serves is replaced; one that is served, or another
 * kind of file, is an error. -1 with one sentence in ${error}.
 */
int listen_unix_open(const struct listen_unix *at, int backlog,
    struct buf *error);

/*
 * listen_unix_remove: unlink the socket file made; one that another process
 * has put there since is left alone.
 */
void listen_unix_remove(const char *path, const struct file_identity *made);

#endif
