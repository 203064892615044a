/* SPDX-License-Identifier: ISC */
/*
 * The machine key: made at first start, 0600, in the state directory. Signs
 * requests and the agent's state. A machine that got a new /etc/machine-id
 * (a clone that was prepared, a reinstallation) makes a new key.
 */
#ifndef LICENSE_KEEPER_MACHINE_KEY_H
#define LICENSE_KEEPER_MACHINE_KEY_H

#include <stdbool.h>

#include "license/documents.h"

struct buf;
struct signing_key;

/*
 * machine_key_load: ${id_hash} is NULL when the machine id cannot be read:
 * then the key on disk is kept. ${create} false: never writes. NULL with a
 * sentence in ${error}.
 */
struct signing_key *machine_key_load(const char *state_directory,
    const uint8_t *id_hash, bool create, struct buf *error);

#endif
