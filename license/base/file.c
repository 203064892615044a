/* SPDX-License-Identifier: ISC */
/*
 * Small files, read and replaced whole. It knows no format and logs nothing:
 * the caller knows what the file means and says so.
 */
#include "license/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "license/base/buf.h"

static void
close_quietly(int fd)
{
	int saved = errno;

	if (fd != -1)
		close(fd);
	errno = saved;
}

static int
read_all(int fd, struct buf *out)
{
	char chunk[16384];
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		buf_add(out, chunk, (size_t)n);
		if (out->failed) {
			errno = EFBIG;
			return -1;
		}
	}
}

int
file_read(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (fd == -1)
		return -1;
	int result = read_all(fd, out);
	close_quietly(fd);
	return result;
}

/* Open the directory of ${path}; *${name} is what follows in it. */
static int
open_parent(const char *path, const char **name)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');

	*name = slash == NULL ? path : slash + 1;
	if (**name == '\0') {
		errno = EINVAL;
		return -1;
	}
	size_t len = slash == NULL ? 0 : (size_t)(slash - path);
	if (len >= sizeof(directory)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(directory, path, len);
	directory[len] = '\0';
	if (len == 0)
		text_copy(directory, sizeof(directory), slash ? "/" : ".");
	return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Some file systems cannot fsync a directory, and need not. */
static int
sync_directory(int dir)
{
	return fsync(dir) == 0 || errno == EINVAL ? 0 : -1;
}

static int
write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Mode and owner before the bytes: a secret is never readable for a moment. */
static int
fill_temp(int dir, const char *name, int fd, const void *bytes, size_t len,
    mode_t mode)
{
	struct stat old;

	if (geteuid() == 0 &&
	    fstatat(dir, name, &old, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(old.st_mode) &&
	    fchown(fd, old.st_uid, old.st_gid) == -1 && errno != EPERM)
		return -1;
	if (fchmod(fd, mode) == -1 || write_all(fd, bytes, len) == -1)
		return -1;
	return fsync(fd);
}

int
file_replace(const char *path, const void *bytes, size_t len, mode_t mode)
{
	char temp[NAME_MAX + 1];
	const char *name;
	bool made = false;
	int result = -1;
	int fd = -1;
	int dir = open_parent(path, &name);

	if (dir == -1)
		return -1;
	int n = snprintf(temp, sizeof(temp), ".%s.new", name);
	if (n < 0 || (size_t)n >= sizeof(temp)) {
		errno = ENAMETOOLONG;
		goto out;
	}
	if (unlinkat(dir, temp, 0) == -1 && errno != ENOENT)
		goto out;
	fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		goto out;
	made = true;
	if (fill_temp(dir, name, fd, bytes, len, mode) == -1)
		goto out;
	if (renameat(dir, temp, dir, name) == -1)
		goto out;
	made = false;
	result = sync_directory(dir);
out:
	close_quietly(fd);
	if (made) {
		int saved = errno;
		unlinkat(dir, temp, 0);
		errno = saved;
	}
	close_quietly(dir);
	return result;
}

/* One write, so that no other line gets in between. */
static off_t
append(int fd, const char *line, size_t len)
{
	struct stat st;
	char last = '\n';
	struct iovec parts[] = {{(char *)(uintptr_t)"\n", 0},
		{(char *)(uintptr_t)line, len}};

	if (fstat(fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	if (st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1)
		return -1;
	parts[0].iov_len = last != '\n';
	ssize_t n = writev(fd, parts, 2);
	if (n == (ssize_t)(parts[0].iov_len + len))
		return st.st_size + n;
	if (n >= 0)
		errno = ENOSPC;
	return -1;
}

off_t
file_append_line(const char *path, const char *line, size_t len, mode_t mode)
{
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK |
		O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, mode);

	if (fd == -1)
		return -1;
	off_t size = append(fd, line, len);
	close_quietly(fd);
	return size;
}

int
file_remove(const char *path)
{
	const char *name;
	int dir = open_parent(path, &name);

	if (dir == -1)
		return errno == ENOENT ? 0 : -1;
	int result = unlinkat(dir, name, 0);
	if (result == 0)
		result = sync_directory(dir);
	else if (errno == ENOENT)
		result = 0;
	close_quietly(dir);
	return result;
}

int
file_rename(const char *from, const char *to)
{
	const char *name;
	int dir = open_parent(to, &name);

	if (dir == -1)
		return -1;
	int result = rename(from, to);
	if (result == 0)
		result = sync_directory(dir);
	close_quietly(dir);
	return result;
}

int
file_lock(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK |
	    O_NOCTTY | O_NOFOLLOW, 0600);

	if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == -1) {
		close_quietly(fd);
		return -1;
	}
	return fd;
}

int
file_directory(const char *path, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return chmod(path, mode);
	if (errno != EEXIST)
		return -1;
	if (stat(path, &st) == -1)
		return -1;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	return 0;
}

static long long
timestamp_ns(struct timespec ts)
{
	return (long long)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

bool
file_identify(const char *path, struct file_identity *out)
{
	struct stat st;

	memset(out, 0, sizeof(*out));
	if (stat(path, &st) == -1)
		return false;
	out->device = st.st_dev;
	out->inode = st.st_ino;
	out->size = st.st_size;
	out->modified_ns = timestamp_ns(st.st_mtim);
	out->changed_ns = timestamp_ns(st.st_ctim);
	return true;
}

bool
file_same(const struct file_identity *a, const struct file_identity *b)
{
	return a->device == b->device && a->inode == b->inode &&
	    a->size == b->size && a->modified_ns == b->modified_ns &&
	    a->changed_ns == b->changed_ns;
}
