/* SPDX-License-Identifier: ISC */
/*
 * Small files, whole: read with a cap, replaced so that a crash at any moment
 * leaves the old or the new one. Errors are -1 with errno; nothing is logged.
 */
#ifndef LICENSE_BASE_FILE_H
#define LICENSE_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;

/*
 * file_read: append the file's bytes to ${out} (its cap is the limit: EFBIG
 * past it). Opens O_NONBLOCK and refuses what is not a regular file (EINVAL),
 * so a FIFO at the path cannot hang the caller.
 */
int file_read(const char *path, struct buf *out);

/*
 * file_replace: write temp file in the same directory (O_EXCL, ${mode}),
 * fsync, rename over ${path}, fsync the directory. On an error the temp file
 * is gone and ${path} is as before. An existing file's owner is kept when the
 * process may (root). The temp name is ".NAME.new"; a stale one is removed.
 */
int file_replace(const char *path, const void *bytes, size_t len, mode_t mode);

/*
 * file_append_line: put ${line}, which ends with LF, at the end, on a line of
 * its own also after one that was torn off. Not synced: a crash may lose it.
 * The size after it, or -1.
 */
off_t file_append_line(const char *path, const char *line, size_t len,
    mode_t mode);

/* file_remove: unlink and fsync the directory; absent is success. */
int file_remove(const char *path);

/* file_rename: rename within one directory and fsync it. */
int file_rename(const char *from, const char *to);

/*
 * file_lock: open (create 0600) ${path} and take an exclusive lock without
 * waiting. Returns the descriptor to keep, or -1 (EWOULDBLOCK: held).
 */
int file_lock(const char *path);

/* file_directory: create ${path} with ${mode}; existing is success. */
int file_directory(const char *path, mode_t mode);

/*
 * file_identity: what changes when a file is replaced or rewritten. Absent:
 * all zero, and false.
 */
struct file_identity {
	dev_t device;
	ino_t inode;
	off_t size;
	long long modified_ns;
	long long changed_ns;
};

bool file_identify(const char *path, struct file_identity *out);
bool file_same(const struct file_identity *a, const struct file_identity *b);

#endif
