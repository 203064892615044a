/* SPDX-License-Identifier: ISC */
/* Two rings of digests: who is in neither has to be hashed. */
#include "exporter/credentials.h"

#include <string.h>
#include <strings.h>

#include "license/base/encode.h"
#include "license/verify.h"

enum { PAIR_SIZE = USER_NAME_SIZE + PASSWORD_SIZE };

bool
credentials_read(const char *header, struct credentials *out)
{
	char pair[PAIR_SIZE];
	bool good = false;

	if (header == NULL || strncasecmp(header, "Basic ", 6) != 0)
		return false;
	header += 6 + strspn(header + 6, " ");
	size_t text = strlen(header), len = text / 4 * 3;
	if (text >= 4)
		len -= (header[text - 1] == '=') + (header[text - 2] == '=');
	if (len == 0 || len >= sizeof(pair) ||
	    !base64_decode(header, text, (uint8_t *)pair, len))
		return false;
	pair[len] = '\0';
	char *colon = strchr(pair, ':');
	if (colon != NULL && strlen(pair) == len) {
		size_t name = (size_t)(colon - pair);
		size_t password = len - name - 1;

		good = name < USER_NAME_SIZE && password < PASSWORD_SIZE;
		if (good) {
			*out = (struct credentials){.name = ""};
			memcpy(out->name, pair, name);
			memcpy(out->password, colon + 1, password);
		}
	}
	explicit_bzero(pair, sizeof(pair));
	return good;
}

void
credentials_digest(const struct remembered *remembered,
    const struct credentials *credentials, uint8_t out[static SHA256_SIZE])
{
	/* Whole arrays, so that no two pairs are the same bytes. */
	hmac_sha256(remembered->key, sizeof(remembered->key), credentials,
	    sizeof(*credentials), out);
}

static bool
is_same(const uint8_t *a, const uint8_t *b)
{
	uint8_t differs = 0;

	for (size_t i = 0; i < SHA256_SIZE; i++)
		differs |= a[i] ^ b[i];
	return differs == 0;
}

bool
remembered_find(const struct remembered *remembered,
    const uint8_t digest[static SHA256_SIZE], bool *good)
{
	for (int verdict = 1; verdict >= 0; verdict--) {
		*good = verdict;
		for (size_t i = 0; i < remembered->verdict[verdict].count;
		     i++) {
			if (is_same(remembered->verdict[verdict].digest[i],
				digest))
				return true;
		}
	}
	return false;
}

void
remembered_add(struct remembered *remembered,
    const uint8_t digest[static SHA256_SIZE], bool good)
{
	size_t at = remembered->verdict[good].next++ % REMEMBERED;

	memcpy(remembered->verdict[good].digest[at], digest, SHA256_SIZE);
	if (remembered->verdict[good].count < REMEMBERED)
		remembered->verdict[good].count++;
}

void
remembered_clear(struct remembered *remembered)
{
	for (int verdict = 0; verdict < 2; verdict++)
		remembered->verdict[verdict].next =
		    remembered->verdict[verdict].count = 0;
}
