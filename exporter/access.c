/* SPDX-License-Identifier: ISC */
/* A secret that everybody can read is refused: it is none. */
#include "exporter/access.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "exporter/users.h"
#include "license/base/buf.h"
#include "license/base/log.h"
#include "license/base/tls.h"

enum { FILE_MAX = 1048576, WHY_MAX = 512, ERROR_MAX = 2048 };

static const struct {
	const char *key;
	bool secret;
} files[ACCESS_FILES] = {
	[ACCESS_CERT] = {"tls-cert", false},
	[ACCESS_KEY] = {"tls-key", true},
	[ACCESS_CLIENT_CA] = {"tls-client-ca", false},
	[ACCESS_USERS] = {"users-file", true},
};

void
access_look(const struct access_paths *paths, struct access_seen *out)
{
	for (int i = 0; i < ACCESS_FILES; i++) {
		out->file[i] = (struct file_identity){.size = 0};
		if (paths->path[i][0] != '\0')
			file_identify(paths->path[i], &out->file[i]);
	}
}

bool
access_same(const struct access_seen *a, const struct access_seen *b)
{
	for (int i = 0; i < ACCESS_FILES; i++) {
		if (!file_same(&a->file[i], &b->file[i]))
			return false;
	}
	return true;
}

static bool
read_one(const struct access_paths *paths, int i, struct buf *out,
    struct buf *error)
{
	const char *path = paths->path[i];
	struct stat st;

	buf_init(out, FILE_MAX);
	if (path[0] == '\0')
		return true;
	if (stat(path, &st) == -1 || file_read(path, out) == -1) {
		buf_printf(error, "[exporter] %s: %s: %s", files[i].key, path,
		    strerror(errno));
		return false;
	}
	if (files[i].secret && (st.st_mode & (S_IROTH | S_IWOTH)) != 0) {
		buf_printf(error, "[exporter] %s: %s is open to everybody on "
		    "this machine; chmod o= it, and make another, as this one "
		    "may be known", files[i].key, path);
		return false;
	}
	if (strlen(buf_text(out)) == out->len)
		return true;
	buf_printf(error, "[exporter] %s: %s is not a text file",
	    files[i].key, path);
	return false;
}

static bool
judge(const struct access_paths *paths,
    const struct buf text[static ACCESS_FILES], struct access *out,
    struct buf *error)
{
	struct buf why;
	const char *key = "tls-cert", *path = paths->path[ACCESS_CERT];

	buf_init(&why, WHY_MAX);
	if (path[0] != '\0')
		out->identity = tls_identity_new(buf_text(&text[ACCESS_CERT]),
		    buf_text(&text[ACCESS_KEY]),
		    paths->path[ACCESS_CLIENT_CA][0] == '\0' ? NULL :
		    buf_text(&text[ACCESS_CLIENT_CA]), &why);
	if (why.len == 0 && paths->path[ACCESS_USERS][0] != '\0') {
		key = "users-file";
		path = paths->path[ACCESS_USERS];
		out->users = users_parse(buf_text(&text[ACCESS_USERS]), &why);
	}
	bool good = why.len == 0;
	if (!good)
		buf_printf(error, "[exporter] %s: %s: %s", key, path,
		    buf_text(&why));
	buf_fini(&why);
	return good;
}

bool
access_load(const struct access_paths *paths, struct access *out,
    struct buf *error)
{
	struct buf text[ACCESS_FILES];
	bool good = true;

	*out = (struct access){.users = NULL};
	for (int i = 0; i < ACCESS_FILES; i++) {
		if (good)
			good = read_one(paths, i, &text[i], error);
		else
			buf_init(&text[i], 0);
	}
	good = good && judge(paths, text, out, error);
	for (int i = 0; i < ACCESS_FILES; i++) {
		if (text[i].data != NULL)
			explicit_bzero(text[i].data, text[i].len);
		buf_fini(&text[i]);
	}
	if (!good)
		access_fini(out);
	return good;
}

bool
access_again(const struct access_paths *paths, struct access_seen *seen,
    struct access_refused *refused, struct access *out, bool *soon)
{
	struct access_seen now;
	struct buf error;

	*soon = false;
	access_look(paths, &now);
	bool known = refused->once && access_same(&now, &refused->seen);
	if (access_same(&now, seen) || (known && refused->said))
		return false;
	buf_init(&error, ERROR_MAX);
	bool good = access_load(paths, out, &error);
	if (good) {
		*seen = now;
		*refused = (struct access_refused){.once = false};
		log_info("Certificates and users of the exporter were read "
			 "again");
	} else {
		if (known)
			log_error("%s; what was read before stays in force",
			    buf_text(&error));
		*refused = (struct access_refused){now, true, known};
		*soon = !known;
	}
	buf_fini(&error);
	return good;
}

void
access_fini(struct access *access)
{
	tls_identity_release(access->identity);
	free(access->users);
	*access = (struct access){.users = NULL};
}
