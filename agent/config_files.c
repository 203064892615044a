/* SPDX-License-Identifier: ISC */
/*
 * The files that a configuration names, looked at before anything relies on
 * them. It keeps nothing of what it read.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/config.h"
#include "agent/scrape.h"
#include "license/base/buf.h"
#include "license/base/file.h"
#include "license/keyring.h"

enum { ROOT_FILE_MAX = 8192 };

static bool
refuse(const struct keeper_license *l, const char *key, const char *path,
    const char *why, struct buf *error)
{
	buf_printf(error, "[license %s] %s: %s: %s", l->name, key, path, why);
	return false;
}

static bool
check_root(const struct keeper_license *l, struct buf *error)
{
	const char *path = l->authority_root;
	struct keyring keyring;
	struct buf text, why;
	bool good;

	buf_init(&text, ROOT_FILE_MAX);
	buf_init(&why, 512);
	if (file_read(path, &text) == -1)
		good = refuse(l, "authority-root", path, strerror(errno),
		    error);
	else if (!keyring_parse_roots(buf_text(&text), &keyring, &why))
		good = refuse(l, "authority-root", path, buf_text(&why),
		    error);
	else
		good = true;
	buf_fini(&why);
	buf_fini(&text);
	return good;
}

static bool
check_password(const struct keeper_license *l, struct buf *error)
{
	char password[FASTNETMON_PASSWORD_SIZE];
	struct buf why;

	if (l->api_password_file[0] == '\0')
		return true;
	buf_init(&why, 512);
	bool good = fastnetmon_password(l->api_password_file, password, &why);
	explicit_bzero(password, sizeof(password));
	if (!good)
		buf_printf(error, "[license %s] api-password-file: %s", l->name,
		    buf_text(&why));
	buf_fini(&why);
	return good;
}

bool
config_check_files(const struct config *config, struct buf *error)
{
	const char *ca = config->stats.ca;

	if (config->stats.enabled && ca[0] != '\0' && access(ca, R_OK) == -1) {
		buf_printf(error, "[stats] ca: %s: %s", ca, strerror(errno));
		return false;
	}
	for (size_t i = 0; i < config->license_count; i++) {
		const struct keeper_license *l = &config->licenses[i];
		struct stat st;

		if (!check_password(l, error))
			return false;
		if (l->source != SOURCE_FASTNETMON && !check_root(l, error))
			return false;
		if (l->authority_ca[0] != '\0' &&
		    access(l->authority_ca, R_OK) == -1)
			return refuse(l, "authority-ca", l->authority_ca,
			    strerror(errno), error);
		if (l->license_file[0] != '\0' && stat(l->license_file, &st) == 0 && S_ISDIR(st.st_mode))
			return refuse(l, "license-file", l->license_file,
			    "it is a directory; name a file in it", error);
	}
	return scrape_check(config, error);
}
