/* SPDX-License-Identifier: ISC */
/*
 * The files that say who may scrape and how it is encrypted, read and judged.
 * Immutable once made. It looks at files; it serves nothing.
 */
#ifndef EXPORTER_ACCESS_H
#define EXPORTER_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "license/base/file.h"

struct buf;
struct tls_identity;
struct users;

enum access_file { ACCESS_CERT, ACCESS_KEY, ACCESS_CLIENT_CA, ACCESS_USERS,
	ACCESS_FILES };

struct access_paths {
	char path[ACCESS_FILES][256]; /* "": none */
};

struct access {
	struct tls_identity *identity; /* NULL: no TLS */
	struct users *users;	       /* NULL: nobody is asked */
};

/* What the files are now; whether they are what they were. */
struct access_seen {
	struct file_identity file[ACCESS_FILES];
};

void access_look(const struct access_paths *paths, struct access_seen *out);
bool access_same(const struct access_seen *a, const struct access_seen *b);

/* access_refused: what was not good enough, and whether that was said. */
struct access_refused {
	struct access_seen seen;
	bool once, said;
};

/*
 * access_again: have files changed since ${seen}? True: ${out} is what is in
 * them, ${seen} what they are now. What cannot be taken is logged once, and
 * only when it is there at the next look too, as ${soon} wants one: a pair is
 * changed one file after the other.
 */
bool access_again(const struct access_paths *paths, struct access_seen *seen,
    struct access_refused *refused, struct access *out, bool *soon);

/*
 * access_load: all or nothing; false with one sentence in ${error} that names
 * key and file. Free with access_fini, which accepts a zeroed one.
 */
bool access_load(const struct access_paths *paths, struct access *out,
    struct buf *error);
void access_fini(struct access *access);

#endif
