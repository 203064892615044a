/* SPDX-License-Identifier: ISC */
/*
 * The keeper: the only object with state. It holds the facts of each license,
 * keeps them true (refreshes, file watch, hardware, clock), writes what must
 * survive, and publishes. One source of the agent's loop; never blocks but for
 * the fsync of small local files. It renders nothing.
 */
#ifndef LICENSE_KEEPER_KEEPER_H
#define LICENSE_KEEPER_KEEPER_H

#include "license/base/loop.h"
#include "license/edges.h"
#include "license/facts.h"
#include "license/keyring.h"

struct buf;
struct history;
struct keeper;

enum { KEEPER_PATH_SIZE = 256, KEEPER_RENEW_WAIT_S = 60 };

/* What an operator configures for one license (agent/config.h fills it). */
struct keeper_license {
	char name[LICENSE_NAME_SIZE];
	int64_t index; /* 0: assigned once, kept in the state */
	int source;    /* enum source */
	char license_file[KEEPER_PATH_SIZE];
	char product[TEXT_64]; /* sent in requests; "" is "FastNetMon Advanced" */
	char authority_url[KEEPER_PATH_SIZE];
	char authority_root[KEEPER_PATH_SIZE]; /* file; read by the keeper */
	char authority_ca[KEEPER_PATH_SIZE];   /* "": the system's */
	char proxy[KEEPER_PATH_SIZE];	       /* "": none, "environment" */
	char coupon[TEXT_64];
	/* Source fastnetmon: its API, or (api_url "") its fcli. */
	char api_url[KEEPER_PATH_SIZE], api_user[TEXT_64];
	char api_password_file[KEEPER_PATH_SIZE]; /* "": no password */
	char fcli_path[KEEPER_PATH_SIZE];
	char timezone[TEXT_64]; /* fastnetmon_zone() */
	int64_t poll_interval_s;
	bool renew; /* FastNetMon may be asked to renew */
	int address_family; /* 0 any, 4, 6 */
	struct thresholds thresholds;
	char bandwidth_from[KEEPER_PATH_SIZE]; /* license/traffic.h; "": none */
	char on_change[KEEPER_PATH_SIZE]; /* a command line, base/words.h */
	int64_t on_change_limit_s;
};

struct keeper_options {
	const char *state_directory;
	const struct keeper_license *licenses;
	size_t license_count;
	struct board *board;
	/*
	 * edges: called after each publication for each license with edges or
	 * another state, on the keeper's thread; must not block. May be NULL.
	 */
	void (*edges)(void *self, const struct report *report,
	    const struct edges *edges);
	/* beat: every 30 s from the loop: for the watchdog. May be NULL. */
	void (*beat)(void *self);
	void *self;
};

/*
 * keeper_new: make or read the machine key, lock the state directory, load
 * what is on disk, publish the first facts. NULL with one sentence in
 * ${error}: the state directory is in use or cannot be written, a root file
 * is not readable. No network before the loop runs.
 */
struct keeper *keeper_new(const struct keeper_options *options,
    struct buf *error);

/*
 * keeper_open_reading: the same without lock, key creation, network or any
 * write: for the one-shot mode while the agent is down.
 */
struct keeper *keeper_open_reading(const struct keeper_options *options,
    struct buf *error);

/* keeper_free: persists the clock mark; abandons exchanges in flight. */
void keeper_free(struct keeper *keeper);

struct loop_source keeper_source(struct keeper *keeper);

/*
 * keeper_jobs_source: the operator's commands that run; to be added before
 * keeper_source. Without it none is ever seen to end.
 */
struct loop_source keeper_jobs_source(struct keeper *keeper);

/*
 * fastnetmon_password: the first line of ${path}. False with a sentence: it
 * cannot be read, or everybody may read it.
 */
enum { FASTNETMON_PASSWORD_SIZE = 1024 };
bool fastnetmon_password(const char *path, char out[FASTNETMON_PASSWORD_SIZE],
    struct buf *why);

/* keeper_done: how a renewal asked for by a person ended; sentence, no LF. */
typedef void keeper_done_fn(void *self, bool ok, const char *sentence);

/* keeper_ask: the kind of keeper_renew() and the two below. */
typedef bool keeper_ask_fn(struct keeper *keeper, const char *name,
    keeper_done_fn *done, void *self, struct buf *error);

/*
 * keeper_renew: refresh license ${name} now (joining an exchange that is in
 * flight); ${done} is called once from the loop, at the latest after
 * KEEPER_RENEW_WAIT_S. False, ${done} not called: no such license, or one
 * that nobody refreshes; one sentence in ${error}. Source fastnetmon: where
 * the operator allows it, FastNetMon is asked to renew, then for its license.
 */
bool keeper_renew(struct keeper *keeper, const char *name,
    keeper_done_fn *done, void *self, struct buf *error);

/*
 * keeper_go_online: the same, also where an offline license is in force: it
 * stays until an online one is here, and no refusal ends it.
 */
bool keeper_go_online(struct keeper *keeper, const char *name,
    keeper_done_fn *done, void *self, struct buf *error);

/* keeper_forget: ${self} is gone; its pending done is not called any more. */
void keeper_forget(struct keeper *keeper, void *self);

/*
 * keeper_commit: re-read license files and hardware now, then renew every
 * license that an exchange keeps alive; ${done} as in keeper_renew when the
 * one named (or the first) has its answer, at once if none needs one; not ok
 * also when a file that a person put there was not used, or what is in force
 * is not usable. Each license's on-change command is run after its answer, an
 * edge or not.
 */
bool keeper_commit(struct keeper *keeper, const char *name,
    keeper_done_fn *done, void *self, struct buf *error);

/* keeper_commit_also: wait for one more license of the commit just made. */
bool keeper_commit_also(struct keeper *keeper, const char *name,
    keeper_done_fn *done, void *self, struct buf *error);

/*
 * keeper_reconfigure: a new set of licenses; those that keep their name keep
 * their facts and exchanges; published. False with a sentence: nothing
 * changed.
 */
bool keeper_reconfigure(struct keeper *keeper,
    const struct keeper_license *licenses, size_t count, struct buf *error);

/* keeper_config_result: shown as leaseline_config_last_reload_*. */
void keeper_config_result(struct keeper *keeper, bool ok);

/*
 * keeper_hardware_data: the request document of license ${name}: what
 * `fcli show license_hardware_data` prints. False with a sentence.
 */
bool keeper_hardware_data(struct keeper *keeper, const char *name,
    struct buf *out, struct buf *error);

/*
 * keeper_history: what happened to license ${name}, from its file; empty when
 * there is none. Reads a small file; also while reading only.
 */
void keeper_history(const struct keeper *keeper, const char *name,
    struct history *out);

/* keeper_acknowledge: managers were told: ${cleared}, then ${raised}. */
void keeper_acknowledge(struct keeper *keeper, int64_t index,
    unsigned cleared, const struct alarms *raised);

/*
 * keeper_announced: of the license with ${index}, what managers were told and
 * is still raised.
 */
struct alarms keeper_announced(const struct keeper *keeper, int64_t index);

#endif
