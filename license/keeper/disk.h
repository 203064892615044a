/* SPDX-License-Identifier: ISC */
/*
 * Where a license's files are and how they may be touched. In the state
 * directory: NAME.good (the last good license; not NAME.lic, which may be the
 * license file), NAME.refusal, NAME.request (on its way), NAME.state, and
 * NAME.history, which nothing needs. Elsewhere the license file itself: a file
 * that does not begin "leaseline-" is never written, renamed or moved. It does
 * not know what makes a document good.
 */
#ifndef LICENSE_KEEPER_DISK_H
#define LICENSE_KEEPER_DISK_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

enum disk_kind { DISK_LICENSE, DISK_REFUSAL, DISK_REQUEST, DISK_STATE,
	DISK_HISTORY, DISK_REVOKED };

/* disk_read: -1 with errno (ENOENT: none). Appends to ${out}, capped by it. */
int disk_read(const char *directory, const char *name, enum disk_kind kind,
    struct buf *out);

/* disk_write: atomic and durable; 0600 (the license 0644). */
int disk_write(const char *directory, const char *name, enum disk_kind kind,
    const void *bytes, size_t len);

int disk_remove(const char *directory, const char *name, enum disk_kind kind);

/* disk_append_line: see file_append_line(); the size after it, or -1. */
long long disk_append_line(const char *directory, const char *name,
    enum disk_kind kind, const char *line, size_t len);

/*
 * What is at a license path, judged by its first bytes only; where they may
 * not be read, by its owner: another's is DISK_STRANGER, with errno EACCES.
 */
enum disk_found { DISK_ABSENT, DISK_OURS, DISK_STRANGER, DISK_UNREADABLE };

enum disk_found disk_look(const char *path, struct buf *out);

/*
 * disk_place: put a license at its path, 0644. Looks first: -1 with EEXIST
 * when a stranger's file is there. The look and the rename are not one step;
 * who changes the file in between loses only to the same user's own doing.
 */
int disk_place(const char *path, const void *bytes, size_t len);

/*
 * disk_reject: rename our own bad file to PATH.rejected, so that a person can
 * look at it. A stranger's is left alone (EEXIST).
 */
int disk_reject(const char *path);

#endif
