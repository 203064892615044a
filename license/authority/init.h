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
struct keyring;
struct output;
struct revoked;

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
	X(DATABASE, "authority.db", 0600)                                     \
	X(NEXT_SECRET, "signer.next.pem", 0600) /* not certified yet */       \
	X(REVOKED, "leaseline-revoked", 0644)

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

/* init_write, init_remove: durable; false with one sentence in ${error}. */
bool init_write(const char *directory, enum init_file file,
    const struct buf *bytes, struct buf *error);
bool init_remove(const char *directory, enum init_file file,
    struct buf *error);

/* init_there: the file exists. */
bool init_there(const char *directory, enum init_file file);

/* init_roots: the roots that signers and lists must be certified by. */
bool init_roots(const char *directory, struct keyring *out,
    struct buf *error);

/*
 * init_revoked: the list of revoked signers and (unless NULL) its bytes; no
 * list yet is version 0. False with one sentence in ${error}.
 */
bool init_revoked(const char *directory, struct revoked *out,
    struct buf *bytes, struct buf *error);

/*
 * init_issuer: signer and certificate under the root of the directory, with
 * its list of revoked signers. A change of signer that a crash cut short is
 * read as if it were done.
 */
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
