/* SPDX-License-Identifier: ISC */
/* Sockets in the file system: what is in the way of bind(2), and of whom. */
#include "license/base/listen_unix.h"

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

enum { GROUP_BYTES = 16384 };

/* One "key=value" after a comma. */
static bool
read_option(const char *text, size_t len, struct listen_unix *out,
    const char **why)
{
	char option[80] = "", *end;

	if (len < sizeof(option))
		memcpy(option, text, len);
	if (strncmp(option, "group=", 6) == 0 && option[6] != '\0')
		return text_copy(out->group, sizeof(out->group), option + 6);
	*why = "behind the path there may be ,mode=0660 and ,group=NAME";
	if (strncmp(option, "mode=", 5) != 0 || option[5] == '\0')
		return false;
	unsigned long mode = strtoul(option + 5, &end, 8);
	*why = "the mode is three or four octal digits, like 0660";
	out->mode = (mode_t)mode;
	return *end == '\0' && strspn(option + 5, "01234567") <= 4 &&
	    mode <= 0777;
}

bool
listen_unix_read(const char *text, struct listen_unix *out, const char **why)
{
	const char *path = text + strlen("unix:");
	size_t len = strcspn(path, ",");

	*out = (struct listen_unix){.mode = 0660};
	*why = "it is not unix: and a path that begins with /";
	if (strncmp(text, "unix:", 5) != 0 || path[0] != '/')
		return false;
	*why = "a socket's path has at most 107 bytes";
	if (len >= sizeof(out->path))
		return false;
	memcpy(out->path, path, len);
	*why = "a name of a group has at most 63 bytes";
	for (path += len; *path != '\0'; path += len) {
		path++;
		len = strcspn(path, ",");
		if (!read_option(path, len, out, why))
			return false;
	}
	return true;
}

/* The socket file of a process that is gone is in the way of bind(2). */
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
		    "it or name another path", address->sun_path);
		return false;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connect(fd, (const struct sockaddr *)address,
		sizeof(*address)) == 0 || errno == EAGAIN)
		buf_printf(error, "another process serves %s; stop it first",
		    address->sun_path);
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
	char directory[LISTEN_UNIX_PATH];

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

static bool
find_group(const char *name, gid_t *out, struct buf *error)
{
	struct group group, *found = NULL;
	char *text = malloc(GROUP_BYTES);

	*out = (gid_t)LISTEN_UNIX_NO_GROUP;
	if (name[0] != '\0' && text != NULL &&
	    getgrnam_r(name, &group, text, GROUP_BYTES, &found) == 0 &&
	    found != NULL)
		*out = group.gr_gid;
	free(text);
	if (found != NULL || name[0] == '\0')
		return true;
	buf_puts(error, "there is no group ");
	buf_printable(error, name, strlen(name));
	return false;
}

int
listen_unix_open(const struct listen_unix *at, int backlog, struct buf *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	gid_t group;
	int fd = -1;

	text_copy(address.sun_path, sizeof(address.sun_path), at->path);
	if (!find_group(at->group, &group, error) ||
	    !make_directory(at->path, error) || !clear_path(&address, error))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Nobody connects before listen(2): by then it is whose it is. */
	if (fd != -1 &&
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    (group == (gid_t)LISTEN_UNIX_NO_GROUP ||
		chown(at->path, (uid_t)-1, group) == 0) &&
	    chmod(at->path, at->mode) == 0 && listen(fd, backlog) == 0)
		return fd;
	buf_printf(error, "the socket %s cannot be served: %s", at->path,
	    strerror(errno));
	if (fd != -1)
		close(fd);
	return -1;
}

void
listen_unix_remove(const char *path, const struct file_identity *made)
{
	struct file_identity there;

	if (file_identify(path, &there) && there.device == made->device &&
	    there.inode == made->inode)
		unlink(path);
}
