/* SPDX-License-Identifier: ISC */
/* Who the kernel says is at the other end of the control socket. */
#include "agent/socket.h"

#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "license/base/log.h"

enum { GROUP_BYTES = 16384 };

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
