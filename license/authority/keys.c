/* SPDX-License-Identifier: ISC */
/*
 * Looking at the directory's keys, cheaply, and taking over what is whole and
 * good there. It decides nothing about a request.
 */
#include "license/authority/keys.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "license/authority/init.h"
#include "license/authority/issue.h"
#include "license/authority/key.h"
#include "license/base/buf.h"
#include "license/base/encode.h"
#include "license/base/file.h"
#include "license/base/log.h"

enum { PATH_MAX_SIZE = 4096, ERROR_MAX = 8192, WATCHED = 4 };

static const enum init_file watched[WATCHED] = { FILE_SIGNER,
	FILE_SIGNER_SECRET, FILE_NEXT_SECRET, FILE_REVOKED };

struct keys {
	const char *directory;
	struct issuer *issuer;
	struct file_identity seen[WATCHED];
	pthread_mutex_t lock;
	struct revoked list;
	struct buf document; /* of the list; empty: none */
	int64_t warned_day;
	bool none; /* no signer is in force: said once */
};

static bool
look_at_files(struct keys *k)
{
	struct file_identity now;
	bool changed = false;
	struct buf path;

	buf_init(&path, PATH_MAX_SIZE);
	for (int i = 0; i < WATCHED; i++) {
		buf_clear(&path);
		init_path(k->directory, watched[i], &path);
		file_identify(buf_text(&path), &now);
		changed |= !file_same(&now, &k->seen[i]);
		k->seen[i] = now;
	}
	buf_fini(&path);
	return changed;
}

/* A list only grows: an older one that was put back revokes less. */
static bool
take_list(struct keys *k, struct buf *error)
{
	struct revoked list;
	struct buf document;
	bool good;

	buf_init(&document, DOCUMENT_MAX);
	good = init_revoked(k->directory, &list, &document, error);
	if (good && list.version < k->list.version) {
		buf_puts(error, "leaseline-revoked is gone, or an older one: "
		    "the one read before stays in force");
		good = false;
	}
	if (good && list.version > k->list.version) {
		pthread_mutex_lock(&k->lock);
		buf_fini(&k->document);
		k->document = document;
		k->list = list;
		pthread_mutex_unlock(&k->lock);
		log_info("%zu revoked signers are announced, version %lld",
		    list.keys.count, (long long)list.version);
	} else {
		buf_fini(&document);
	}
	issuer_set_revoked(k->issuer, &k->list);
	return good;
}

static void
tell_signer(const struct keys *k)
{
	char key[BASE64_SIZE(KEY_SIZE)], until[UTC_DATE_SIZE];
	uint8_t bytes[KEY_SIZE];

	issuer_key(k->issuer, bytes);
	base64_encode(bytes, KEY_SIZE, key);
	utc_date(issuer_until(k->issuer), until);
	log_info("signer %s signs until %s", key, until);
}

/* A secret that is gone was retired; anything else not good is a mistake. */
static void
take_signer(struct keys *k)
{
	bool retired = !init_there(k->directory, FILE_SIGNER_SECRET) &&
	    !init_there(k->directory, FILE_NEXT_SECRET);
	struct buf error;
	struct issuer *next;
	uint8_t before[KEY_SIZE], after[KEY_SIZE];

	buf_init(&error, ERROR_MAX);
	issuer_key(k->issuer, before);
	next = init_issuer(k->directory, &error);
	if (next || retired) {
		issuer_replace(k->issuer, next);
		issuer_set_revoked(k->issuer, &k->list);
	} else {
		log_error("the signer of the directory is not taken: %s; the "
		    "one before goes on", buf_text(&error));
	}
	issuer_key(k->issuer, after);
	if (next && memcmp(before, after, KEY_SIZE) != 0)
		tell_signer(k);
	buf_fini(&error);
}

struct keys *
keys_open(const char *directory, utc_t now, struct buf *error)
{
	struct keys *k = calloc(1, sizeof(*k));
	char until[UTC_DATE_SIZE];

	if (!k) {
		buf_puts(error, "there is no memory");
		return NULL;
	}
	k->directory = directory;
	pthread_mutex_init(&k->lock, NULL);
	buf_init(&k->document, DOCUMENT_MAX);
	look_at_files(k);
	k->issuer = init_issuer(directory, error);
	if (!k->issuer || !take_list(k, error))
		goto fail;
	utc_date(issuer_until(k->issuer), until);
	if (utc_before(issuer_until(k->issuer), now)) {
		buf_printf(error, "the signer's time was over on %s; "
		    "`leaseline-authority key rotate` makes a new one", until);
		goto fail;
	}
	tell_signer(k);
	return k;
fail:
	keys_free(k);
	return NULL;
}

void
keys_free(struct keys *k)
{
	if (!k)
		return;
	issuer_free(k->issuer);
	buf_fini(&k->document);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

const struct issuer *
keys_issuer(const struct keys *k)
{
	return k->issuer;
}

bool
keys_revoked(struct keys *k, struct buf *out)
{
	bool there;

	pthread_mutex_lock(&k->lock);
	there = k->document.len > 0;
	if (there)
		buf_add(out, k->document.data, k->document.len);
	pthread_mutex_unlock(&k->lock);
	return there && !out->failed;
}

/* A whole fleet lapses after a signer's end: loud for weeks, once a day. */
static void
warn(struct keys *k, utc_t now)
{
	utc_t until = issuer_until(k->issuer);
	int64_t days = utc_days(until, now), today = now.s / DAY_S;
	bool none = until.s == 0 || utc_before(until, now);
	char date[UTC_DATE_SIZE];

	if (none && !k->none)
		log_error("there is no signer: nothing is issued until "
		    "`leaseline-authority key rotate` has made one");
	if (!none && k->none)
		log_info("there is a signer again");
	k->none = none;
	if (none || days >= KEY_WARN_DAYS || today == k->warned_day)
		return;
	k->warned_day = today;
	utc_date(until, date);
	(days < KEY_ERROR_DAYS ? log_error : log_warn)(
	    "the signer's time is over on %s, in %lld days, and with it all "
	    "that is issued: `leaseline-authority key rotate` makes a new one",
	    date, (long long)days);
}

void
keys_look(struct keys *k, utc_t now)
{
	struct buf error;

	if (look_at_files(k)) {
		buf_init(&error, ERROR_MAX);
		if (!take_list(k, &error))
			log_error("%s", buf_text(&error));
		buf_fini(&error);
		take_signer(k);
	}
	warn(k, now);
}
