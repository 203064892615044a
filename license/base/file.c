/* SPDX-License-Identifier: ISC */
/* Small files, replaced whole; it knows nothing of what is in them. */
#include "license/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "license/base/buf.h"

enum { PATH_SIZE = 4096 };

/* Close without losing the errno that is being reported. */
static int
close_keeping(int fd, int rc)
{
	int error = errno;

	if (fd != -1)
		close(fd);
	errno = error;
	return rc;
}

int
file_read(const char *path, struct buf *out)
{
	struct stat st;
	char bytes[4096];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		return close_keeping(fd, -1);
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return close_keeping(fd, -1);
	}
	while ((n = read(fd, bytes, sizeof(bytes))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return close_keeping(fd, -1);
		buf_add(out, bytes, (size_t)n);
		if (out->failed) {
			errno = EFBIG;
			return close_keeping(fd, -1);
		}
	}
	return close_keeping(fd, 0);
}

/* "DIR/.NAME.new" and "DIR" of "DIR/NAME". */
static int
split_path(const char *path, char temp[PATH_SIZE], char directory[PATH_SIZE])
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	int len = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
	int a = snprintf(directory, PATH_SIZE, "%.*s", len,
	    slash == NULL ? "." : path);
	int b = snprintf(temp, PATH_SIZE, "%s/.%s.new", directory, name);

	if (a < PATH_SIZE && b < PATH_SIZE && name[0] != '\0')
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

static int
sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return -1;
	return close_keeping(fd, fsync(fd));
}

static int
write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
write_temp(const char *temp, const char *path, const void *bytes, size_t len,
    mode_t mode)
{
	struct stat st;

	if (unlink(temp) == -1 && errno != ENOENT)
		return -1;
	int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	/* Who may not give a file away keeps it. */
	if (stat(path, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) == -1 &&
	    errno != EPERM)
		return close_keeping(fd, -1);
	if (fchmod(fd, mode) == -1 || write_all(fd, bytes, len) == -1 ||
	    fsync(fd) == -1)
		return close_keeping(fd, -1);
	return close(fd);
}

int
file_replace(const char *path, const void *bytes, size_t len, mode_t mode)
{
	char temp[PATH_SIZE], directory[PATH_SIZE];

	if (split_path(path, temp, directory) == -1)
		return -1;
	if (write_temp(temp, path, bytes, len, mode) == -1 ||
	    rename(temp, path) == -1) {
		int error = errno;
		unlink(temp);
		errno = error;
		return -1;
	}
	return sync_directory(directory);
}

int
file_remove(const char *path)
{
	char temp[PATH_SIZE], directory[PATH_SIZE];

	if (split_path(path, temp, directory) == -1)
		return -1;
	if (unlink(path) == -1)
		return errno == ENOENT ? 0 : -1;
	return sync_directory(directory);
}

int
file_rename(const char *from, const char *to)
{
	char temp[PATH_SIZE], directory[PATH_SIZE];

	if (split_path(to, temp, directory) == -1)
		return -1;
	if (rename(from, to) == -1)
		return -1;
	return sync_directory(directory);
}

int
file_lock(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd == -1)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == -1)
		return close_keeping(fd, -1);
	return fd;
}

int
file_directory(const char *path, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return -1;
	if (stat(path, &st) == -1)
		return -1;
	if (S_ISDIR(st.st_mode))
		return 0;
	errno = ENOTDIR;
	return -1;
}

bool
file_identify(const char *path, struct file_identity *out)
{
	struct stat st;

	*out = (struct file_identity){.size = 0};
	if (stat(path, &st) == -1)
		return false;
	out->device = st.st_dev;
	out->inode = st.st_ino;
	out->size = st.st_size;
	out->modified_ns = st.st_mtim.tv_sec * 1000000000LL +
	    st.st_mtim.tv_nsec;
	out->changed_ns = st.st_ctim.tv_sec * 1000000000LL +
	    st.st_ctim.tv_nsec;
	return true;
}

bool
file_same(const struct file_identity *a, const struct file_identity *b)
{
	return a->device == b->device && a->inode == b->inode &&
	    a->size == b->size && a->modified_ns == b->modified_ns &&
	    a->changed_ns == b->changed_ns;
}
