/* SPDX-License-Identifier: ISC */
/* The root keys that a license is believed by, from the operator's file. */
#include <errno.h>
#include <string.h>

#include "license/keeper/holding.h"

enum { ROOT_FILE_MAX = 8192 };

static bool
read_roots(const struct keeper_license *config, struct keyring *out,
    struct buf *error)
{
	struct buf text;
	bool good = false;

	if (config->source == SOURCE_FASTNETMON) {
		*out = (struct keyring){.root_count = 0};
		return true;
	}
	buf_init(&text, ROOT_FILE_MAX);
	if (file_read(config->authority_root, &text) == -1) {
		buf_printf(error, "[license %s] authority-root: %s: %s",
		    config->name, config->authority_root, strerror(errno));
	} else {
		struct buf why;
		buf_init(&why, 512);
		good = keyring_parse_roots(buf_text(&text), out, &why);
		if (!good)
			buf_printf(error, "[license %s] authority-root: %s: %s",
			    config->name, config->authority_root,
			    buf_text(&why));
		buf_fini(&why);
	}
	buf_fini(&text);
	return good;
}

bool
holding_read_roots(struct holding *holding, struct buf *error)
{
	return read_roots(&holding->config, &holding->keyring, error);
}

bool
keeper_roots_good(const struct keeper_license *licenses, size_t count,
    struct buf *error)
{
	struct keyring keyring;

	for (size_t i = 0; i < count; i++) {
		if (!read_roots(&licenses[i], &keyring, error))
			return false;
	}
	return true;
}

/* The same file may name other roots now; a list of revoked keys stays. */
void
holding_take_roots(struct holding *holding)
{
	struct keyring keyring;
	struct buf why;

	buf_init(&why, 512);
	if (read_roots(&holding->config, &keyring, &why)) {
		keyring.revoked_version = holding->keyring.revoked_version;
		keyring.revoked = holding->keyring.revoked;
		holding->keyring = keyring;
	}
	buf_fini(&why);
}
