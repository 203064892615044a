/* SPDX-License-Identifier: ISC */
/*
 * The vendor's keys, by hand: who signs, a new signer, one that stops, one
 * that must not be believed any more. Where the root is off line, each is two
 * commands here with one (key_certify) on the root's machine between. Secrets
 * are files of mode 0600, never an argument, never printed.
 */
#ifndef LICENSE_AUTHORITY_KEY_H
#define LICENSE_AUTHORITY_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "license/base/utc.h"

struct arguments;
struct buf;
struct certify_request;
struct database;
struct output;
struct signing_key;

enum { KEY_WARN_DAYS = 60, KEY_ERROR_DAYS = 14 };

/* `key list` */
int key_list(const struct arguments *arguments, struct output *output);

/* `key rotate [--request | --certificate FILE] [--until DATE] [--root FILE]` */
int key_rotate(const struct arguments *arguments, struct output *output);

/* `key retire KEY [--yes]`: the one that signs, or one that waits. */
int key_retire(const struct arguments *arguments, struct output *output);

/* `key revoke KEY [--request | --certificate FILE] [--yes] [--root FILE]` */
int key_revoke(const struct arguments *arguments, struct output *output);

/* `key certify FILE [--root FILE]`: on the root's machine; signs a request. */
int key_certify(const struct arguments *arguments, struct output *output);

/*
 * key_root: the root's secret of --root, else of the directory. NULL with one
 * sentence and the mend in ${error}.
 */
struct signing_key *key_root(const struct arguments *arguments,
    struct buf *error);

/* key_read_file: append a file that the command line names. */
bool key_read_file(const char *path, struct buf *out, struct buf *error);

/* key_print: a document alone on standard output, or as JSON. */
bool key_print(const struct buf *document, struct output *output);

/* key_audit: an event, in the database; false with a sentence. */
bool key_audit(struct database *database, int kind, const char *detail,
    struct buf *error);

/* key_operand: the key that the operand is; false with a sentence. */
bool key_operand(const struct arguments *arguments, uint8_t *out,
    struct buf *error);

#endif
