/* SPDX-License-Identifier: ISC */
/*
 * The keys an agent trusts: pinned roots, and the signers revoked by them.
 * Text in, values out; it reads no file and verifies nothing.
 */
#ifndef LICENSE_KEYRING_H
#define LICENSE_KEYRING_H

#include "license/codec.h"
#include "license/documents.h"

struct buf;

enum { KEYRING_ROOTS_MAX = 8 };

struct keyring {
	size_t root_count;
	uint8_t root[KEYRING_ROOTS_MAX][KEY_SIZE];
	int64_t revoked_version; /* 0: no list was seen yet */
	struct codec_keys revoked;
};

/*
 * keyring_parse_roots: a root file: "leaseline-root 1", then one line
 * "root BASE64" for each key, 1 to 8; '#' lines and empty lines are skipped.
 * False with a clause in ${error} ("line 2: a root key is base64 of 32
 * bytes").
 */
bool keyring_parse_roots(const char *text, struct keyring *out,
    struct buf *error);

/* keyring_print_root: the text of a root file with one key. */
void keyring_print_root(const uint8_t root[KEY_SIZE], struct buf *out);

/*
 * keyring_revoke: take over a decoded list. False, with nothing changed, when
 * a list of a higher version was taken before.
 */
bool keyring_revoke(struct keyring *keyring, const struct revoked *list);

bool keyring_revoked(const struct keyring *keyring,
    const uint8_t key[KEY_SIZE]);

#endif
