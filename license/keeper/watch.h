/* SPDX-License-Identifier: ISC */
/*
 * A nudge when something in a directory was closed after writing, moved or
 * removed. Only a nudge: who is nudged looks for himself, and looks at every
 * beat anyway.
 */
#ifndef LICENSE_KEEPER_WATCH_H
#define LICENSE_KEEPER_WATCH_H

#include <stdbool.h>

/* watch_new: a descriptor to poll for reading, or -1: then there are only
 * the beats. */
int watch_new(void);

/* watch_directory_of: nudge about the directory of ${path}. */
void watch_directory_of(int fd, const char *path);

/* watch_drain: throw away what was read; true when there was something. */
bool watch_drain(int fd);

#endif
