/* SPDX-License-Identifier: ISC */
/*
 * Root files and the set of revoked signers. It reads no file and verifies
 * nothing: whoever hands it a list has verified it.
 */
#include "license/keyring.h"

#include <string.h>

#include "license/base/buf.h"
#include "license/base/encode.h"

#define FIRST_LINE "leaseline-root 1"
#define ROOT "root "

static bool
is_first_line(const char *line, size_t len)
{
	return len == strlen(FIRST_LINE) && memcmp(line, FIRST_LINE, len) == 0;
}

/* NULL, or the clause that says what is wrong with the line. */
static const char *
take_root(const char *line, size_t len, struct keyring *out)
{
	const size_t n = strlen(ROOT);
	uint8_t *key = out->root[out->root_count];

	if (len < n || memcmp(line, ROOT, n) != 0)
		return "expected 'root' and a key in base64";
	if (out->root_count == KEYRING_ROOTS_MAX)
		return "a root file holds at most 8 keys";
	if (!base64_decode(line + n, len - n, key, KEY_SIZE))
		return "a root key is base64 of 32 bytes";
	for (size_t i = 0; i < out->root_count; i++) {
		if (memcmp(out->root[i], key, KEY_SIZE) == 0)
			return "this key is there twice";
	}
	out->root_count++;
	return NULL;
}

bool
keyring_parse_roots(const char *text, struct keyring *out, struct buf *error)
{
	bool begun = false;
	unsigned number = 0;

	*out = (struct keyring){.root_count = 0};
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		const char *clause = NULL;

		number++;
		if (len == 0 || text[0] == '#')
			clause = NULL;
		else if (begun)
			clause = take_root(text, len, out);
		else if (is_first_line(text, len))
			begun = true;
		else
			clause = "a root file begins with '" FIRST_LINE "'";
		if (clause != NULL) {
			buf_printf(error, "line %u: %s", number, clause);
			*out = (struct keyring){.root_count = 0};
			return false;
		}
		text += len + (text[len] == '\n');
	}
	if (out->root_count == 0)
		buf_puts(error, "there is no root key in it");
	return out->root_count > 0;
}

void
keyring_print_root(const uint8_t root[KEY_SIZE], struct buf *out)
{
	char text[BASE64_SIZE(KEY_SIZE)];

	base64_encode(root, KEY_SIZE, text);
	buf_printf(out, FIRST_LINE "\n" ROOT "%s\n", text);
}

bool
keyring_revoke(struct keyring *keyring, const struct revoked *list)
{
	if (list->version < keyring->revoked_version)
		return false;
	keyring->revoked_version = list->version;
	keyring->revoked = list->keys;
	return true;
}

bool
keyring_revoked(const struct keyring *keyring, const uint8_t key[KEY_SIZE])
{
	for (size_t i = 0; i < keyring->revoked.count; i++) {
		if (memcmp(keyring->revoked.key[i], key, KEY_SIZE) == 0)
			return true;
	}
	return false;
}
