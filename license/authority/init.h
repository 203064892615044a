/* SPDX-License-Identifier: ISC */
/*
 * A new authority in a directory: root, signer, certificates, database. And
 * the names of those files, for who opens them. It overwrites nothing.
 */
#ifndef LICENSE_AUTHORITY_INIT_H
#define LICENSE_AUTHORITY_INIT_H

#include <stdbool.h>

#include "license/base/utc.h"

struct arguments;
struct buf;
struct database;
struct issuer;
struct output;

/* (C name, file, mode) */
#define INIT_FILES(X)                                                         \
	X(ROOT_SECRET, "root.pem", 0600)                                      \
	X(ROOT, "root.pub", 0644)                                             \
	X(SIGNER_SECRET, "signer.pem", 0600)                                  \
	X(SIGNER, "signer.crt", 0644)                                         \
	X(CA, "ca.crt", 0644)                                                 \
	X(CA_SECRET, "ca.key", 0600)                                          \
	X(SERVER, "server.crt", 0644)                                         \
	X(SERVER_SECRET, "server.key", 0600)                                  \
	X(DATABASE, "authority.db", 0600)

#define INIT_FILE_ROW(name, file, mode) FILE_##name,
enum init_file { INIT_FILES(INIT_FILE_ROW) FILE_COUNT };
#undef INIT_FILE_ROW

enum { SIGNER_DAYS = 730 };

/* init_path: "DIRECTORY/FILE" in ${out}. */
void init_path(const char *directory, enum init_file file, struct buf *out);

/* init_read: append a file's text; false with one sentence in ${error}. */
bool init_read(const char *directory, enum init_file file, struct buf *out,
    struct buf *error);

/* init_database: open it; NULL with one sentence and the mend. */
struct database *init_database(const char *directory, struct buf *error);

/* init_issuer: signer and certificate under the root of the directory. */
struct issuer *init_issuer(const char *directory, struct buf *error);

/*
 * init_renew: a server certificate with less than 30 days left is made anew,
 * for the same names, when the CA's key is there. ${left_days}: of the one
 * that is in place then. False with one sentence in ${error}.
 */
bool init_renew(const char *directory, struct database *database, utc_t now,
    int64_t *left_days, struct buf *error);

/* `init [--dir D] [--root FILE] [--name NAME] [--issuer TEXT]` */
int init_command(const struct arguments *arguments, struct output *output);

#endif
