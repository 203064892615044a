/* SPDX-License-Identifier: ISC */
/* Paths and manners of a license's files. */
#include "license/keeper/disk.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "license/base/buf.h"
#include "license/base/file.h"
#include "license/documents.h"

enum { PATH_SIZE = 1024, LOOK_MAX = 65536 };

static const struct {
	const char *suffix;
	mode_t mode;
} kinds[] = {
	[DISK_LICENSE] = {"good", 0644},
	[DISK_REFUSAL] = {"refusal", 0600},
	[DISK_REQUEST] = {"request", 0600},
	[DISK_STATE] = {"state", 0600},
	[DISK_HISTORY] = {"history", 0600},
	[DISK_REVOKED] = {"revoked", 0600},
};

static void
make_path(char out[PATH_SIZE], const char *directory, const char *name,
    enum disk_kind kind)
{
	snprintf(out, PATH_SIZE, "%s/%s.%s", directory, name,
	    kinds[kind].suffix);
}

int
disk_read(const char *directory, const char *name, enum disk_kind kind,
    struct buf *out)
{
	char path[PATH_SIZE];

	make_path(path, directory, name, kind);
	return file_read(path, out);
}

int
disk_write(const char *directory, const char *name, enum disk_kind kind,
    const void *bytes, size_t len)
{
	char path[PATH_SIZE];

	make_path(path, directory, name, kind);
	return file_replace(path, bytes, len, kinds[kind].mode);
}

long long
disk_append_line(const char *directory, const char *name, enum disk_kind kind,
    const char *line, size_t len)
{
	char path[PATH_SIZE];

	make_path(path, directory, name, kind);
	return file_append_line(path, line, len, kinds[kind].mode);
}

int
disk_remove(const char *directory, const char *name, enum disk_kind kind)
{
	char path[PATH_SIZE];

	make_path(path, directory, name, kind);
	return file_remove(path);
}

/* Neither written by us nor meant for us: not to be opened to us either. */
static bool
is_closed_to_us(const char *path, int error)
{
	struct stat st;
	bool closed = error == EACCES && stat(path, &st) == 0 &&
	    st.st_uid != geteuid();

	errno = error;
	return closed;
}

enum disk_found
disk_look(const char *path, struct buf *out)
{
	struct buf whole;
	enum disk_found found = DISK_UNREADABLE;

	buf_init(&whole, LOOK_MAX);
	if (file_read(path, &whole) == 0 || errno == EFBIG)
		found = doc_is_ours(buf_text(&whole), whole.len) ?
		    DISK_OURS : DISK_STRANGER;
	else if (errno == ENOENT || errno == ENOTDIR)
		found = DISK_ABSENT;
	else if (errno == EINVAL || is_closed_to_us(path, errno))
		found = DISK_STRANGER;
	if (found == DISK_OURS)
		buf_add(out, whole.data, whole.len);
	buf_fini(&whole);
	return found;
}

int
disk_place(const char *path, const void *bytes, size_t len)
{
	struct buf there;

	buf_init(&there, LOOK_MAX);
	enum disk_found found = disk_look(path, &there);
	buf_fini(&there);
	if (found == DISK_STRANGER) {
		errno = EEXIST;
		return -1;
	}
	if (found == DISK_UNREADABLE) {
		errno = EACCES;
		return -1;
	}
	return file_replace(path, bytes, len, 0644);
}

int
disk_reject(const char *path)
{
	char rejected[PATH_SIZE];
	struct buf there;

	buf_init(&there, LOOK_MAX);
	enum disk_found found = disk_look(path, &there);
	buf_fini(&there);
	if (found != DISK_OURS) {
		errno = found == DISK_STRANGER ? EEXIST : ENOENT;
		return -1;
	}
	snprintf(rejected, sizeof(rejected), "%s.rejected", path);
	return file_rename(path, rejected);
}
