/* SPDX-License-Identifier: ISC */
/*
 * The rooms of the keeper: what it holds of each license, and what its files
 * do for one another. Nobody but license/keeper/ includes this.
 *
 *   keeper.c  life: what is held, from opening to freeing
 *   pulse.c   every beat and round: clock, due renewals, publication, edges
 *   errands.c what people ask for over the control socket
 *   roots.c   the keys that a license is believed by
 *   load.c    what is on disk, at start and when it changes
 *   request.c  the request: made, kept, sent again
 *   renew.c   one exchange from there to the last rename
 *   memory.c  the signed state documents
 *   successor.c  the license that begins later
 *   revocations.c  signers that are not believed any more
 *   dropin.c  what else a person may put beside the license
 *   time_reset.c  a wrong memory of the time, cleared by hand
 *   history.c  what happened, for people
 *   on_change.c  the operator's command at each edge of usable
 *   meter.c  the bandwidth in use, looked at at every beat
 *   fastnetmon.c  FastNetMon's own license, looked at by its API or its fcli
 *   fcli.c  one run of that fcli
 *   reporter.c  the usage report, apart from all that
 */
#ifndef LICENSE_KEEPER_HOLDING_H
#define LICENSE_KEEPER_HOLDING_H

#include "license/base/buf.h"
#include "license/base/file.h"
#include "license/edges.h"
#include "license/facts.h"
#include "license/keeper/client.h"
#include "license/keeper/keeper.h"
#include "license/keyring.h"
#include "license/policy.h"

struct child;
struct fcli;
struct meter;
struct signing_key;
struct fastnetmon;

enum {
	KEEPER_JOBS_MAX = 8,
	KEEPER_TRANSFERS_MAX = 32,
	KEEPER_LOOKS_MAX = 16, /* at FastNetMon, besides */
	KEEPER_WAITERS_MAX = 64,
	KEEPER_BEAT_S = 30,
	KEEPER_INSPECT_S = 600,
	KEEPER_PERSIST_S = HOUR_S,
};

/* on_change: what the operator's command was run for, and is to be. */
struct on_change {
	enum standing told; /* UNKNOWN: none, or one that did not end well */
	bool running;
	bool asked;	 /* by a commit: also when nothing turned */
	enum standing failed_for;
	int failures;	 /* of runs for it, in a row */
	mono_t retry_at; /* ns 0: no run is to be repeated */
};

/* job: one command that runs. */
struct job {
	struct child *child; /* NULL: the place is free */
	struct holding *holding; /* NULL: the license is configured no more */
	char name[LICENSE_NAME_SIZE];
	enum standing target;
};

struct holding {
	struct keeper *keeper;
	struct keeper_license config;
	struct license_facts facts; /* the working copy; published copied */
	struct keyring keyring;
	struct buf license_bytes;   /* of facts.license */
	struct buf refusal_bytes;   /* of facts.refusal */
	struct buf request_bytes;   /* sent or to be sent; empty: none */
	struct request request;	    /* decoded */
	uint8_t request_sha256[SHA256_SIZE];
	bool request_fresh; /* its nonce was first sent in this attempt */
	bool in_flight;
	bool commit; /* ask at once, whatever the plan says */
	struct buf next_bytes; /* of facts.has_successor */
	struct license next;
	struct file_identity next_watched;
	bool kept;   /* license_bytes are in the state directory */
	bool fetching; /* the list of revoked signers */
	bool list_kept; /* the one in force is in the state directory */
	int64_t fetched_for; /* sequence of the license that announced it */
	struct file_identity aside[2]; /* PATH.revoked, PATH.time-reset */
	/* Why a person's file was not used; for who commits next. "": none. */
	char refused[DETAIL_SIZE + KEEPER_PATH_SIZE];
	bool unread; /* a refusal or request is there, but was not readable */
	mono_t mismatch_seen; /* offline: the first reading; ns 0: none */
	struct file_identity watched;
	struct alarms alarms;	 /* as the edges left them */
	struct alarms announced; /* what managers were told of them */
	struct on_change on_change;
	struct meter *meter; /* NULL: bandwidth is not measured */
	struct fastnetmon *fastnetmon; /* NULL: another source */
	mono_t opened;
	bool has_report;
	const struct license_facts *published;
	struct report report; /* the last one that edges were taken from */
};

struct waiter {
	keeper_done_fn *done;
	void *self;
	bool commit;
	const struct holding *holding;
	mono_t until;
};

struct keeper {
	char directory[KEEPER_PATH_SIZE];
	bool reading_only;
	int lock_fd, watch_fd;
	struct board *board;
	void (*edges)(void *self, const struct report *report,
	    const struct edges *edges);
	void (*beat)(void *self);
	void *self;
	struct signing_key *key;
	uint8_t machine_key[KEY_SIZE];
	bool has_machine_id;
	uint8_t machine_id_hash[SHA256_SIZE];
	struct client *client;
	struct agent_facts agent;
	struct clock_memory clock_aside; /* kept for licenses of ours */
	bool clock_is_aside;
	enum trust trust;
	struct holding **holdings;
	size_t count;
	size_t in_flight;
	size_t pages_in_flight; /* of the meters */
	size_t looks_in_flight; /* at FastNetMon */
	size_t turn; /* the holding that is looked at first: others had theirs */
	struct fcli *left; /* told to end, and nobody waits for them */
	struct waiter waiters[KEEPER_WAITERS_MAX];
	size_t waiter_count;
	struct job jobs[KEEPER_JOBS_MAX];
	mono_t next_beat, next_inspect, next_persist, next_edge;
	mono_t next_look; /* ns 0: only at the beats */
	int64_t next_index;
	uint8_t offline_nonce[NONCE_SIZE]; /* of every offline request */
	utc_t offline_made; /* when, judged; s 0: there is none */
	bool dirty;  /* something published is out of date */
	bool untold; /* published, and edges not yet taken from it */
};

/* pulse.c */
void holding_inspect(struct holding *holding);
void keeper_take_clock(struct keeper *keeper);
void keeper_publish(struct keeper *keeper);
utc_t keeper_now(struct keeper *keeper);
/* keeper_best_time: keeper_now(), or s 0 while the clock is trusted. */
utc_t keeper_best_time(struct keeper *keeper);
uint32_t keeper_random(void);

/* errands.c */
void keeper_expire_waiters(struct keeper *keeper, mono_t now);
/* keeper_wake: tell those who wait for ${holding} how it ended. */
void keeper_wake(struct keeper *keeper, struct holding *holding, bool ok,
    const char *sentence);

/* history.c: nothing comes of it when it cannot be written. */
void holding_record_refresh(struct holding *holding,
    const struct outcome *outcome, int refusal, const char *detail);
/* The last refreshes, from the file into the facts. */
void holding_recall_refreshes(struct holding *holding);
/* Before ${report} takes the place of the holding's. */
void holding_record_edges(const struct holding *holding,
    const struct report *report, const struct edges *edges);
/* A person's file was taken in place of ${before} (NULL: of nothing). */
void holding_record_taken(const struct holding *holding,
    const struct license *before);
void holding_record_refused(const struct holding *holding, const char *why);
void holding_record_put_back(const struct holding *holding);
void holding_record_command(const struct holding *holding, enum standing told,
    int code);

/* on_change.c */
/* keeper_review_jobs: start what the reports that edges were taken from ask. */
void keeper_review_jobs(struct keeper *keeper, mono_t now);
/* holding_leave_jobs: ${holding} goes; a command that runs ends by itself. */
void holding_leave_jobs(const struct holding *holding);
/* keeper_end_jobs: the agent stops; its successor runs them again. */
void keeper_end_jobs(struct keeper *keeper);

/* meter.c */
/* holding_set_meter: what is configured; the same as before goes on. */
void holding_set_meter(struct holding *holding);
void holding_leave_meter(struct holding *holding);
/* keeper_measure: a look for each license, TRAFFIC_LOOK_S after the last. */
void keeper_measure(struct keeper *keeper);

/* roots.c: none with source fastnetmon, which is nobody's word but its own. */
bool holding_read_roots(struct holding *holding, struct buf *error);
/* keeper_roots_good: all could be read. holding_take_roots: once more. */
bool keeper_roots_good(const struct keeper_license *licenses, size_t count,
    struct buf *error);
void holding_take_roots(struct holding *holding);

/* fastnetmon.c */
/*
 * holding_set_fastnetmon: what is configured; false: out of memory.
 * holding_watch: start a look unless one is in flight; next_attempt and the
 * waiters follow from how it ends. holding_ask_fastnetmon: the next look begins
 * with a request to renew. holding_look_again: after a reload: what was in
 * flight is dropped, and the next look is due.
 */
bool holding_set_fastnetmon(struct holding *holding);
void holding_leave_fastnetmon(struct holding *holding);
void holding_watch(struct holding *holding);
void holding_ask_fastnetmon(struct holding *holding);
void holding_look_again(struct holding *holding);
/* Of the jobs' source: fcli while it runs. */
void keeper_ask_fcli(const struct keeper *keeper, struct loop_want *want);
void keeper_tell_fcli(struct keeper *keeper, const struct loop_got *got);

/* load.c */
/* holding_load: everything from disk; heals the license file. */
void holding_load(struct holding *holding);
/* holding_load_unread: the refusal and the request, if they failed before. */
void holding_load_unread(struct holding *holding);
/* holding_look: the license file again, if it changed (or ${force}). */
void holding_look(struct holding *holding, bool force);
/*
 * holding_place: the license in force to its path and to the state directory.
 * False when a write failed (facts.storage_failed is set); a stranger's file
 * at the path is not a failure of ours.
 */
bool holding_place(struct holding *holding);

/* holding_take: in force from memory; holding_place() makes it last. */
bool holding_take(struct holding *holding, const struct buf *bytes,
    const struct license *license);
/*
 * holding_refuse: what a person put at ${path} is not used: on record, and told
 * to who commits next, whoever looked first.
 */
void holding_refuse(struct holding *holding, const char *path,
    const char *why);
/* holding_supersedes: ${file} is to be taken in place of the one held. */
bool holding_supersedes(const struct holding *holding,
    const struct license *file);
/* holding_replace: new bytes, or (out of memory) false and the old ones. */
bool holding_replace(struct buf *to, const void *bytes, size_t len);

/* successor.c */
/* holding_stage: a license put over the one in force: true if it waits. */
bool holding_stage(struct holding *holding, const struct buf *bytes,
    const struct license *license);
/* holding_look_next: PATH.next, if it changed. */
void holding_look_next(struct holding *holding);
/* holding_succeed: the one that waits, if its time has come. */
void holding_succeed(struct holding *holding);
/* holding_unstage: the one that waits is good no more; it is judged again. */
void holding_unstage(struct holding *holding);

/* What came of a file that a person put there; LATER: it could not be kept. */
enum dropped { DROPPED_BAD, DROPPED_TAKEN, DROPPED_LATER };

/* revocations.c */
/* holding_recall_revoked: the list that was kept, before anything is judged. */
void holding_recall_revoked(struct holding *holding);
/*
 * holding_take_revoked: a list: in force if it is good and higher than the
 * one that is, also when it cannot be kept. Else a clause in ${why}.
 */
enum dropped holding_take_revoked(struct holding *holding, const struct buf *bytes,
    char why[DETAIL_SIZE]);
/* holding_fetch_revoked: ask for a list that is announced, once a license. */
void holding_fetch_revoked(struct holding *holding);
void holding_leave_revoked(struct holding *holding);
/*
 * holding_revive: a kept license whose signer is revoked: in hand all the
 * same, and the policy says for how long. False: it is not such a one.
 */
bool holding_revive(struct holding *holding, const struct buf *bytes);

/* dropin.c */
/*
 * holding_drop_in: what a person put at ${path} is a list of revoked signers
 * or a time reset: take it and clear the path, or keep it aside as .rejected.
 * False: it is neither, or it may still be written (${young}).
 */
bool holding_drop_in(struct holding *holding, const char *path,
    const struct buf *bytes, bool young);
/* holding_look_aside: PATH.revoked and PATH.time-reset, if they changed. */
void holding_look_aside(struct holding *holding);

/* time_reset.c */
/* keeper_offline_nonce: the one of every offline request of this machine. */
bool keeper_offline_nonce(struct keeper *keeper, uint8_t out[NONCE_SIZE]);
/* holding_reset_time: if not taken, a clause in ${why}. */
enum dropped holding_reset_time(struct holding *holding, const struct buf *bytes,
    char why[DETAIL_SIZE]);

/* request.c */
/* holding_compose: a fresh signed request into ${out}. */
bool holding_compose(const struct holding *holding, enum ask ask,
    struct buf *out);
/* holding_adopt_request: bytes found on disk, if they are still ours. */
bool holding_adopt_request(struct holding *holding, const struct buf *bytes);
/* holding_prepare_request: true when one is in request_bytes, to be sent. */
bool holding_prepare_request(struct holding *holding);
void holding_forget_request(struct holding *holding);
/* holding_cancel: no answer is waited for or asked for any more. */
void holding_cancel(struct holding *holding, const char *why);

/* renew.c */
/* keeper_forget_future: the clock went back: nothing may lie ahead of it. */
void keeper_forget_future(struct keeper *keeper, utc_t now);
/* holding_renew: start an exchange unless one is in flight. */
void holding_renew(struct holding *holding);
/* keeper_start_due: what is due, as far as there is room. keeper_may_start:
 * there is for ${holding}, which waits for its time. */
void keeper_start_due(struct keeper *keeper);
bool keeper_may_start(const struct keeper *keeper,
    const struct holding *holding);

/* memory.c */
/* False and logged once when the write failed. */
bool holding_persist(struct holding *holding);
void holding_recall(struct holding *holding);
bool keeper_persist_clock(struct keeper *keeper);
void keeper_recall_clock(struct keeper *keeper);
/*
 * keeper_guard_clock: while each of ${licenses} is FastNetMon's, which guards its
 * own, the memory of the time is put aside as it was: there would be nobody to
 * heal a wrong one. What this run sees of the clock counts all the same.
 */
void keeper_guard_clock(struct keeper *keeper,
    const struct keeper_license *licenses, size_t count);
/* When the last usage report was taken. */
bool keeper_persist_reports(struct keeper *keeper, utc_t last_success);
void keeper_recall_reports(struct keeper *keeper, utc_t *last_success);
/* storage_result: remember how the last write went, log a change once. */
bool storage_result(struct keeper *keeper, const char *what, int rc,
    mono_t started);

#endif
