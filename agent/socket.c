/* SPDX-License-Identifier: ISC */
/* The control socket in the file system, and its peers. */
#include "agent/socket.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "license/base/buf.h"
#include "license/base/file.h"
#include "license/base/log.h"

enum { GROUP_BYTES = 16384 };

/* The socket file of an agent that is gone is in the way of bind(2). */
static bool
clear_path(const struct sockaddr_un *address, struct buf *error)
{
	struct stat status;
	int fd = -1;
	bool good = false;

	if (lstat(address->sun_path, &status) == -1)
		return true;
	if (!S_ISSOCK(status.st_mode)) {
		buf_printf(error, "%s is in the way and is not a socket; move "
		    "it or set control-socket", address->sun_path);
		return false;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connect(fd, (const struct sockaddr *)address,
		sizeof(*address)) == 0 || errno == EAGAIN)
		buf_printf(error, "another leaselined serves %s; stop it "
		    "first", address->sun_path);
	else
		good = unlink(address->sun_path) == 0;
	if (!good && error->len == 0)
		buf_printf(error, "%s cannot be replaced: %s",
		    address->sun_path, strerror(errno));
	if (fd != -1)
		close(fd);
	return good;
}

static bool
make_directory(const char *path, struct buf *error)
{
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];

	text_copy(directory, sizeof(directory), path);
	char *slash = strrchr(directory, '/');
	if (slash == NULL || slash == directory)
		return true;
	*slash = '\0';
	if (file_directory(directory, 0755) == 0)
		return true;
	buf_printf(error, "%s cannot be made: %s", directory, strerror(errno));
	return false;
}

int
socket_listen(const char *path, int backlog, struct buf *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = -1;

	if (!text_copy(address.sun_path, sizeof(address.sun_path), path)) {
		buf_printf(error, "control-socket %s is longer than a socket's "
		    "path may be", path);
		return -1;
	}
	if (!make_directory(path, error) || !clear_path(&address, error))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd != -1 &&
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    chmod(path, 0666) == 0 && listen(fd, backlog) == 0)
		return fd;
	buf_printf(error, "the control socket %s cannot be served: %s", path,
	    strerror(errno));
	if (fd != -1)
		close(fd);
	return -1;
}

void
socket_find_group(const char *name, struct socket_group *out)
{
	struct group group, *found = NULL;
	char *text = malloc(GROUP_BYTES);

	*out = (struct socket_group){.found = false};
	if (text != NULL && name[0] != '\0' &&
	    getgrnam_r(name, &group, text, GROUP_BYTES, &found) == 0 &&
	    found != NULL)
		*out = (struct socket_group){true, group.gr_gid};
	else
		log_debug("There is no group %s here: only root may renew "
			  "and commit", name);
	free(text);
}

static bool
in_group(int fd, gid_t group)
{
	gid_t *groups = malloc(GROUP_BYTES);
	socklen_t len = GROUP_BYTES;
	bool found = false;

	if (groups != NULL &&
	    getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0) {
		for (size_t i = 0; i < len / sizeof(gid_t); i++)
			found = found || groups[i] == group;
	}
	free(groups);
	return found;
}

bool
socket_peer_may(int fd, const struct socket_group *group)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		return false;
	if (peer.uid == 0 || peer.uid == geteuid())
		return true;
	return group->found &&
	    (peer.gid == group->id || in_group(fd, group->id));
}

void
socket_remove(const char *path, const struct file_identity *made)
{
	struct file_identity there;

	if (file_identify(path, &there) && there.device == made->device &&
	    there.inode == made->inode)
		unlink(path);
}
