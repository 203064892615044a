/* SPDX-License-Identifier: ISC */
/*
 * Where the records are kept. Every statement is here; nothing above knows
 * SQL. One handle is for one thread. Functions return 0 or more on success,
 * -1 on failure, with the reason in database_error().
 */
#ifndef LICENSE_AUTHORITY_DATABASE_H
#define LICENSE_AUTHORITY_DATABASE_H

#include "license/authority/records.h"

struct database;
struct sqlite;

/*
 * database_open: ${create}: make it, refusing one that exists; otherwise it
 * must exist and be of this version. NULL with one sentence in ${error}.
 */
struct database *database_open(const char *path, bool create,
    struct buf *error);
void database_close(struct database *database); /* NULL is accepted */

/* database_error: why the last call failed; a clause. */
const char *database_error(const struct database *database);

/* database_check: the whole file is sound. Slow; at start only. */
int database_check(struct database *database);

/* database_ping: it answers a query. */
int database_ping(struct database *database);

/*
 * One transaction that writes. begin waits for another writer, but not
 * longer than 5 s; what was committed survives a loss of power.
 */
int database_begin(struct database *database);
int database_commit(struct database *database);
void database_rollback(struct database *database);

/* A short text by name ("issuer"). get: 1 found, 0 not. */
int database_get(struct database *database, const char *name, char *out,
    size_t out_size);
int database_set(struct database *database, const char *name,
    const char *value);

/*
 * database_load...: 1 found and the dossier filled (lookup FOUND), 0 not.
 * Rebinds since ${since}. by_key fills machine, known; a key of another
 * product alone is not found.
 */
int database_load(struct database *database, const char *subscription,
    utc_t since, struct dossier *out);
int database_load_by_key(struct database *database,
    const uint8_t key[KEY_SIZE], const char *product, utc_t since,
    struct dossier *out);
int database_load_by_coupon(struct database *database,
    const char *coupon_sha256, utc_t since, struct dossier *out);

/* database_candidates: how many were filled, at most ${max}. */
int database_candidates(struct database *database, const char *address,
    struct candidate *out, size_t max);

/* database_answer: append the stored answer of a machine; 1, or 0 if none. */
int database_answer(struct database *database, const uint8_t key[KEY_SIZE],
    const char *product, struct buf *out);

/*
 * database_machine_after: of one key, the machine of the product that sorts
 * next after ${product} ("": the first). 1 found, 0 no more.
 */
int database_machine_after(struct database *database,
    const uint8_t key[KEY_SIZE], const char *product, struct machine *out);

/*
 * database_store: all of a change, inside the open transaction. A changed
 * product of a subscription is that of its machines, too.
 */
int database_store(struct database *database, const struct change *change);

/*
 * Lists, in order of creation; ${each} returns false to end. Subscription
 * NULL: of all. Events after id ${after}.
 */
int database_subscriptions(struct database *database,
    bool (*each)(void *self, const struct subscription *), void *self);
int database_machines(struct database *database, const char *subscription,
    bool (*each)(void *self, const struct machine *), void *self);
int database_events(struct database *database, const char *subscription,
    int64_t after, bool (*each)(void *self, const struct event *), void *self);

/*
 * Usage reports (reports.c). relax: for a handle that keeps nothing else: its
 * commits do not wait for the disk. store, inside the open transaction: 1, and
 * the last STATS_KEPT of the machine remain, by their own ${created}; 0: no
 * machine of this key is known, nothing is stored. reports: in the order they
 * were received; ${bytes} are valid during the call.
 */
enum { STATS_KEPT = 7 };

int database_relax(struct database *database);
int database_store_report(struct database *database,
    const struct stats *stats, utc_t received, const struct buf *bytes);
int database_reports(struct database *database,
    bool (*each)(void *self, utc_t received, const struct buf *bytes),
    void *self);

/*
 * Offline licenses (offlines.c). owner: the subscription of the newest for
 * this machine key and product; 1 found, 0 not. document: 1 or 0, too.
 */
int database_offlines(struct database *database, const char *subscription,
    bool (*each)(void *self, const struct offline *), void *self);
int database_offline_owner(struct database *database,
    const uint8_t key[KEY_SIZE], const char *product,
    char out[static TEXT_64]);
int database_offline_document(struct database *database,
    const char *subscription, int64_t sequence, struct buf *out);
int database_put_offline(struct database *database,
    const struct offline *offline, const struct buf *document);
int database_release_offline(struct database *database,
    const char *subscription, utc_t at);

/*
 * Trials (trials.c): by product, at most one for each prefix, ever. trial,
 * tried, drop_trial: 1 it is there (or was), 0 not.
 */
int database_trial(struct database *database, const char *product,
    struct trial *out);
int database_trials(struct database *database,
    bool (*each)(void *self, const struct trial *), void *self);
int database_put_trial(struct database *database, const struct trial *trial);
int database_drop_trial(struct database *database, const char *product);
int database_tried(struct database *database, const char *prefix);
int database_put_tried(struct database *database, const char *prefix,
    const char *subscription);

/* For the other rooms of the records: what is behind a handle. */
struct sqlite *database_sqlite(const struct database *database);

/* Signers (signers.c), in order of certification. */
int database_put_signer(struct database *database,
    const struct signer_record *signer);
int database_signers(struct database *database,
    bool (*each)(void *self, const struct signer_record *), void *self);

/* terms_ending: within 7, 30, 60 days from ${now}, not yet ended. */
struct database_counts {
	int64_t subscriptions[SUBSCRIPTION_STATUS_MAX + 1];
	int64_t machines[MACHINE_STATE_MAX + 1];
	int64_t terms_ending[3];
};

int database_count(struct database *database, utc_t now,
    struct database_counts *out);

#endif
