/* SPDX-License-Identifier: ISC */
/*
 * The key file: "machine-id-hash HEX", then the key in PEM: one file, so that
 * the key and the machine it was made on change together.
 */
#include "license/keeper/machine_key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/base/encode.h"
#include "license/base/file.h"
#include "license/base/log.h"
#include "license/sign.h"

enum { KEY_FILE_MAX = 4096 };

static const char id_line[] = "machine-id-hash ";

static bool
same_machine(const char *text, const uint8_t *id_hash)
{
	uint8_t stored[SHA256_SIZE];
	size_t prefix = sizeof(id_line) - 1;

	/* Unknown on either side is not a difference. */
	if (id_hash == NULL || strncmp(text, id_line, prefix) != 0)
		return true;
	if (strlen(text) < prefix + 2 * SHA256_SIZE ||
	    !hex_decode(text + prefix, 2 * SHA256_SIZE, stored,
		SHA256_SIZE))
		return true;
	return memcmp(stored, id_hash, SHA256_SIZE) == 0;
}

static struct signing_key *
create_key(const char *path, const uint8_t *id_hash, struct buf *error)
{
	struct signing_key *key = signing_key_new();
	struct buf text;
	char hex[HEX_SIZE(SHA256_SIZE)];
	bool written = false;

	buf_init(&text, KEY_FILE_MAX);
	if (id_hash != NULL) {
		hex_encode(id_hash, SHA256_SIZE, hex);
		buf_printf(&text, "%s%s\n", id_line, hex);
	}
	if (key == NULL || !signing_key_print(key, &text) || text.failed)
		buf_puts(error, "no machine key could be made: the system has "
				"no randomness");
	else if (file_replace(path, text.data, text.len, 0600) == -1)
		buf_printf(error, "%s: cannot write the machine key: %s", path,
		    strerror(errno));
	else
		written = true;
	if (text.data != NULL)
		secret_wipe(text.data, text.size);
	buf_fini(&text);
	if (written)
		return key;
	signing_key_free(key);
	return NULL;
}

struct signing_key *
machine_key_load(const char *state_directory, const uint8_t *id_hash,
    bool create, struct buf *error)
{
	char path[512];
	struct buf text;
	struct signing_key *key = NULL;

	snprintf(path, sizeof(path), "%s/machine.key", state_directory);
	buf_init(&text, KEY_FILE_MAX);
	if (file_read(path, &text) == 0) {
		const char *pem = strstr(buf_text(&text), "-----BEGIN");
		if (pem != NULL)
			key = signing_key_parse(pem);
		if (key == NULL)
			buf_printf(error, "%s: not a machine key; move it away "
				"and a new one is made", path);
		else if (create && !same_machine(buf_text(&text), id_hash)) {
			log_warn("The machine id changed: this machine makes a "
				 "new key");
			signing_key_free(key);
			key = create_key(path, id_hash, error);
		}
	} else if (errno == ENOENT && create) {
		key = create_key(path, id_hash, error);
	} else {
		buf_printf(error, "%s: %s", path, strerror(errno));
	}
	if (text.data != NULL)
		secret_wipe(text.data, text.size);
	buf_fini(&text);
	return key;
}
