/* SPDX-License-Identifier: ISC */
/*
 * Making a new authority: everything is made in memory first, then written,
 * the database last, so that a directory with a database is whole. It serves
 * nothing.
 */
#include "license/authority/init.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "license/authority/arguments.h"
#include "license/authority/certificate.h"
#include "license/authority/database.h"
#include "license/authority/issue.h"
#include "license/authority/output.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/file.h"
#include "license/keyring.h"
#include "license/sign.h"

enum {
	TEXT_MAX = 64 * 1024,
	PATH_SIZE_MAX = 4096,
	NAMES_MAX = 4 + ARGUMENT_VALUES_MAX,
	RENEW_DAYS = 30,
	HOST_SIZE = 254,
};

#define FILE_ROW(name, file, mode) { file, mode },
static const struct {
	const char *name;
	mode_t mode;
} files[] = { INIT_FILES(FILE_ROW) };

/* What is made, before any of it is written. */
struct making {
	const char *directory;
	struct buf file[FILE_COUNT]; /* not of the database */
	char issuer[TEXT_64];
	char host[HOST_SIZE];
	const char *names[NAMES_MAX];
	size_t name_count;
};

void
init_path(const char *directory, enum init_file file, struct buf *out)
{
	buf_printf(out, "%s/%s", directory, files[file].name);
}

bool
init_read(const char *directory, enum init_file file, struct buf *out,
    struct buf *error)
{
	struct buf path;
	bool good;

	buf_init(&path, PATH_SIZE_MAX);
	init_path(directory, file, &path);
	good = file_read(buf_text(&path), out) == 0;
	if (!good)
		buf_printf(error, "%s: %s; `leaseline-authority init` makes "
		    "it, or --dir names where it is", buf_text(&path),
		    strerror(errno));
	buf_fini(&path);
	return good;
}

struct database *
init_database(const char *directory, struct buf *error)
{
	struct database *database = NULL;
	struct buf path;

	buf_init(&path, PATH_SIZE_MAX);
	init_path(directory, FILE_DATABASE, &path);
	if (access(buf_text(&path), R_OK | W_OK) == -1)
		buf_printf(error, "%s: %s; `leaseline-authority init` makes "
		    "it, or --dir names where it is", buf_text(&path),
		    strerror(errno));
	else
		database = database_open(buf_text(&path), false, error);
	buf_fini(&path);
	return database;
}

/* What root writes is the service's, as the directory is. */
static bool
give_away(const char *directory, const char *path)
{
	struct stat there;

	return geteuid() != 0 || (stat(directory, &there) == 0 &&
	    chown(path, there.st_uid, there.st_gid) == 0);
}

bool
init_write(const char *directory, enum init_file file,
    const struct buf *bytes, struct buf *error)
{
	struct buf path;
	bool good;

	buf_init(&path, PATH_SIZE_MAX);
	init_path(directory, file, &path);
	good = file_replace(buf_text(&path), bytes->data, bytes->len,
	    files[file].mode) == 0 && give_away(directory, buf_text(&path));
	if (!good)
		buf_printf(error, "%s: %s", buf_text(&path), strerror(errno));
	buf_fini(&path);
	return good;
}

bool
init_remove(const char *directory, enum init_file file, struct buf *error)
{
	struct buf path;
	bool good;

	buf_init(&path, PATH_SIZE_MAX);
	init_path(directory, file, &path);
	good = file_remove(buf_text(&path)) == 0;
	if (!good)
		buf_printf(error, "%s: %s", buf_text(&path), strerror(errno));
	buf_fini(&path);
	return good;
}

bool
init_there(const char *directory, enum init_file file)
{
	struct buf path;
	bool there;

	buf_init(&path, PATH_SIZE_MAX);
	init_path(directory, file, &path);
	there = access(buf_text(&path), F_OK) == 0;
	buf_fini(&path);
	return there;
}

/* Space-separated, as kept in the database, to an array; changes ${text}. */
static size_t
split_names(char *text, const char **names, size_t max)
{
	size_t count = 0;
	char *word;

	while (count < max && (word = strsep(&text, " ")))
		if (*word)
			names[count++] = word;
	return count;
}

bool
init_renew(const char *directory, struct database *database, utc_t now,
    int64_t *left_days, struct buf *error)
{
	char names[2048] = "";
	const char *list[NAMES_MAX];
	struct buf old, ca, ca_key, certificate, key;
	struct buf absent; /* no CA key here is no error */
	utc_t end;
	size_t count;
	bool good = false;

	buf_init(&old, TEXT_MAX);
	buf_init(&ca, TEXT_MAX);
	buf_init(&ca_key, TEXT_MAX);
	buf_init(&certificate, TEXT_MAX);
	buf_init(&key, TEXT_MAX);
	buf_init(&absent, TEXT_MAX);
	if (!init_read(directory, FILE_SERVER, &old, error))
		goto out;
	if (!certificate_not_after(buf_text(&old), &end)) {
		buf_printf(error, "%s/%s is no certificate", directory,
		    files[FILE_SERVER].name);
		goto out;
	}
	*left_days = utc_days(end, now);
	good = true;
	if (*left_days >= RENEW_DAYS || database_get(database, "names", names,
	    sizeof(names)) != 1 ||
	    !init_read(directory, FILE_CA, &ca, &absent) ||
	    !init_read(directory, FILE_CA_SECRET, &ca_key, &absent))
		goto out;
	count = split_names(names, list, NAMES_MAX);
	good = certificate_server(buf_text(&ca), buf_text(&ca_key), list,
	    count, now, &certificate, &key);
	if (!good) {
		buf_puts(error, "the new server certificate cannot be made");
		goto out;
	}
	good = init_write(directory, FILE_SERVER_SECRET, &key, error) &&
	    init_write(directory, FILE_SERVER, &certificate, error);
	*left_days = CERTIFICATE_SERVER_DAYS - 1;
out:
	if (ca_key.data)
		secret_wipe(ca_key.data, ca_key.len);
	if (key.data)
		secret_wipe(key.data, key.len);
	buf_fini(&old);
	buf_fini(&ca);
	buf_fini(&ca_key);
	buf_fini(&certificate);
	buf_fini(&key);
	buf_fini(&absent);
	return good;
}

static bool
refuse_existing(const char *directory, struct buf *error)
{
	bool found = false;
	struct buf path;

	buf_init(&path, PATH_SIZE_MAX);
	for (int i = 0; i < FILE_COUNT && !found; i++) {
		buf_clear(&path);
		init_path(directory, (enum init_file)i, &path);
		found = access(buf_text(&path), F_OK) == 0;
	}
	if (found)
		buf_printf(error, "%s exists and is not overwritten; name "
		    "another --dir, or move the old authority away",
		    buf_text(&path));
	buf_fini(&path);
	return found;
}

/* The root: the one in --root FILE, or a new one, there or in the directory. */
static struct signing_key *
take_root(struct making *m, const char *path, struct buf *error)
{
	struct buf *pem = &m->file[FILE_ROOT_SECRET];
	struct signing_key *root;

	if (path && file_read(path, pem) == 0) {
		root = signing_key_parse(buf_text(pem));
		secret_wipe(pem->data, pem->len);
		buf_clear(pem);
		if (!root)
			buf_printf(error, "%s is not an Ed25519 key in PEM",
			    path);
		return root;
	}
	if (path && errno != ENOENT) {
		buf_printf(error, "%s: %s", path, strerror(errno));
		return NULL;
	}
	root = signing_key_new();
	if (!root || !signing_key_print(root, pem)) {
		buf_puts(error, "the root key cannot be made");
		goto fail;
	}
	if (path && file_replace(path, pem->data, pem->len, 0600) == -1) {
		buf_printf(error, "%s: %s", path, strerror(errno));
		goto fail;
	}
	if (path) {
		secret_wipe(pem->data, pem->len);
		buf_clear(pem);
	}
	return root;
fail:
	signing_key_free(root);
	return NULL;
}

static bool
make_keys(struct making *m, const char *root_path, utc_t now,
    struct buf *error)
{
	struct signing_key *root = take_root(m, root_path, error);
	struct signing_key *signer = signing_key_new();
	uint8_t key[KEY_SIZE];
	bool good = false;

	if (!root)
		goto out;
	signing_key_public(root, key);
	keyring_print_root(key, &m->file[FILE_ROOT]);
	if (signer)
		signing_key_public(signer, key);
	good = signer &&
	    signing_key_print(signer, &m->file[FILE_SIGNER_SECRET]) &&
	    certificate_print(root, key, utc_day_end(now, SIGNER_DAYS),
	    &m->file[FILE_SIGNER]) &&
	    certificate_authority(now, &m->file[FILE_CA],
	    &m->file[FILE_CA_SECRET]) &&
	    certificate_server(buf_text(&m->file[FILE_CA]),
	    buf_text(&m->file[FILE_CA_SECRET]), m->names, m->name_count, now,
	    &m->file[FILE_SERVER], &m->file[FILE_SERVER_SECRET]);
	if (!good)
		buf_puts(error, "keys and certificates cannot be made");
out:
	signing_key_free(root);
	signing_key_free(signer);
	return good;
}

static bool
record_signer(const struct making *m, struct database *database,
    struct buf *error)
{
	struct issuer *issuer = init_issuer(m->directory, error);
	struct signer_record row = { .certified = clock_wall() };
	bool good;

	if (!issuer)
		return false;
	issuer_key(issuer, row.key);
	row.until = issuer_until(issuer);
	good = database_put_signer(database, &row) == 0;
	issuer_free(issuer);
	return good;
}

static bool
make_database(const struct making *m, struct buf *error)
{
	struct database *database = NULL;
	struct buf path, names;
	bool good = false;

	buf_init(&path, PATH_SIZE_MAX);
	buf_init(&names, 2000);
	init_path(m->directory, FILE_DATABASE, &path);
	for (size_t i = 0; i < m->name_count; i++)
		buf_printf(&names, "%s%s", i ? " " : "", m->names[i]);
	database = database_open(buf_text(&path), true, error);
	if (database) {
		good = record_signer(m, database, error) &&
		    database_set(database, "issuer", m->issuer) == 0 &&
		    database_set(database, "names", buf_text(&names)) == 0;
		if (!good && !error->len)
			buf_printf(error, "%s: %s", buf_text(&path),
			    database_error(database));
	}
	database_close(database);
	buf_fini(&path);
	buf_fini(&names);
	return good;
}

static bool
take_names(struct making *m, const struct arguments *a, struct buf *error)
{
	static const char *const always[] = { "127.0.0.1", "::1",
		"localhost" };

	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		m->names[m->name_count++] = always[i];
	if (gethostname(m->host, sizeof(m->host) - 1) == 0 &&
	    certificate_name_good(m->host) &&
	    strcmp(m->host, "localhost") != 0)
		m->names[m->name_count++] = m->host;
	for (size_t i = 0; i < a->count[OPTION_NAME]; i++) {
		const char *name = a->value[OPTION_NAME][i];
		char shown[128];

		text_printable(name, shown, sizeof(shown));
		if (!certificate_name_good(name)) {
			buf_printf(error, "--name %s is neither a host name "
			    "nor an address", shown);
			return false;
		}
		m->names[m->name_count++] = name;
	}
	text_copy(m->issuer, sizeof(m->issuer), "Leaseline authority");
	return arguments_read_text(a, OPTION_ISSUER, m->issuer, error);
}

static void
tell(const struct making *m, const char *root_path, struct output *o)
{
	struct buf path;

	buf_init(&path, PATH_SIZE_MAX);
	output_text(o, "directory", m->directory);
	output_text(o, "issuer", m->issuer);
	for (int i = 0; i <= FILE_DATABASE; i++) {
		if (i == FILE_ROOT_SECRET && root_path)
			continue;
		buf_clear(&path);
		init_path(m->directory, (enum init_file)i, &path);
		output_text(o, files[i].name, buf_text(&path));
	}
	buf_clear(&path);
	if (root_path)
		buf_puts(&path, root_path);
	else
		init_path(m->directory, FILE_ROOT_SECRET, &path);
	output_note(o, "The authority is made. What to do now:\n"
	    "1. Move %s off line: it is needed again only for a new signer.\n"
	    "2. Give agents %s/%s (authority-root) and %s/%s "
	    "(authority-ca).\n"
	    "3. leaseline-authority serve --dir %s --listen [::]:8443\n",
	    buf_text(&path), m->directory, files[FILE_ROOT].name,
	    m->directory, files[FILE_CA].name, m->directory);
	buf_fini(&path);
}

int
init_command(const struct arguments *a, struct output *o)
{
	const char *root_path = arguments_text(a, OPTION_ROOT);
	struct making m = { .directory = arguments_directory(a) };
	struct buf error;
	bool good;

	buf_init(&error, PATH_SIZE_MAX * 2);
	for (int i = 0; i < FILE_COUNT; i++)
		buf_init(&m.file[i], TEXT_MAX);
	good = take_names(&m, a, &error);
	if (good && file_directory(m.directory, 0700) == -1) {
		buf_printf(&error, "%s: %s", m.directory, strerror(errno));
		good = false;
	}
	good = good && !refuse_existing(m.directory, &error) &&
	    make_keys(&m, root_path, clock_wall(), &error);
	for (int i = 0; i < FILE_DATABASE && good; i++)
		if (m.file[i].len)
			good = init_write(m.directory, (enum init_file)i,
			    &m.file[i], &error);
	good = good && make_database(&m, &error);
	if (good)
		tell(&m, root_path, o);
	else
		output_error("%s", buf_text(&error));
	for (int i = 0; i < FILE_COUNT; i++) {
		if (m.file[i].data)
			secret_wipe(m.file[i].data, m.file[i].len);
		buf_fini(&m.file[i]);
	}
	buf_fini(&error);
	return good && output_print(o) ? 0 : 1;
}
