/* SPDX-License-Identifier: ISC */
/* inotify, used as a bell. */
#include "license/keeper/watch.h"

#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

int
watch_new(void)
{
	return inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

void
watch_directory_of(int fd, const char *path)
{
	char directory[1024];
	const char *slash = strrchr(path, '/');

	if (fd == -1 || slash == NULL)
		return;
	snprintf(directory, sizeof(directory), "%.*s",
	    slash == path ? 1 : (int)(slash - path), path);
	/* A directory that is not there is looked at by the beats. */
	(void)inotify_add_watch(fd, directory,
	    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE);
}

bool
watch_drain(int fd)
{
	char bytes[4096];
	bool any = false;

	while (fd != -1 && read(fd, bytes, sizeof(bytes)) > 0)
		any = true;
	return any;
}
