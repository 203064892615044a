/* SPDX-License-Identifier: ISC */
/* The only file that includes libcrypt. */
#include "exporter/password.h"

#include <stdlib.h>
#include <string.h>

#include <crypt.h>

bool
password_matches(const char *password, const char *hash)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *made = data == NULL ? NULL :
	    crypt_rn(password, hash, data, (int)sizeof(*data));
	size_t len = strlen(hash);
	unsigned char differs = 0;

	if (made == NULL || strlen(made) != len) {
		free(data);
		return false;
	}
	for (size_t i = 0; i < len; i++)
		differs |= (unsigned char)(made[i] ^ hash[i]);
	explicit_bzero(data, sizeof(*data));
	free(data);
	return differs == 0;
}
