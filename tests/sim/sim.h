/* SPDX-License-Identifier: ISC */
/*
 * Whole lives of licenses on a simulated clock. A life is a world (time,
 * network, people), an authority over records in memory, and one machine or
 * two whose agent is either of:
 *
 *   light  the shipped policy, report, edges, timekeeping and the rules of
 *	    answer.c on a small simulated disk: for volume
 *   whole  the shipped keeper, with clock, client, hardware and files
 *	    replaced at link time: crashes between any two writes
 *
 * Everything follows from one seed, so a printed seed replays its life.
 *
 *   main.c     arguments, figures          check.c  the invariants
 *   life.c     time and its loop           honest.c what the truth excuses
 *   fate.c     what befalls a life, when   faces.c  all faces, compared
 *   fate_*.c   network, clock, machine, vendor
 *   vendor.c   the authority's side        store.c  its records in memory
 *   wire.c     from agent to authority     seal.c   real or stub signatures
 *   light.c    whole.c files.c             the two agents
 *   manager.c  what is announced, and who hears it
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "license/answer.h"
#include "license/authority/decide.h"
#include "license/authority/issue.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/edges.h"
#include "license/facts.h"
#include "license/keyring.h"
#include "license/policy.h"
#include "license/report.h"

enum {
	HOSTS = 2, /* of a life: one, and its clone */
	LATER_MAX = 64,
	STORE_MACHINES = 24,
	STORE_REBINDS = 64,
	BYTES_MAX = 3072, /* of a document of a life */
	BOUND_MAX = 80,
	SNAPSHOTS = 2,
	MANAGER_WAITING = 400,
	TIPS_MAX = 16,
	BEAT_S = 30, /* of the keeper: by then an agent sees what changed */
	WELL_S = 7 * HOUR_S, /* by then a machine that can be served is */
};

/* How documents travel: as values, or as bytes with a seal. */
enum seal { SEAL_NONE, SEAL_STUB, SEAL_REAL };

struct bytes {
	size_t len;
	char data[BYTES_MAX];
};

/* What was injected; printed with its number in the figures. */
#define FAULTS(X)                                                             \
	X(OUTAGE, "outages of a minute to 20 days")                           \
	X(LOST_REQUEST, "requests lost")                                      \
	X(LOST_ANSWER, "answers lost")                                        \
	X(LATE_ANSWER, "answers late, up to the time-out")                    \
	X(OLD_ANSWER, "older answers played back")                            \
	X(TWICE, "requests sent twice by the network")                        \
	X(OLD_REQUEST, "older requests played back to the authority")         \
	X(BABBLE, "captive portals and broken proxies")                       \
	X(BUSY, "busy answers")                                               \
	X(CLOCK_BACK, "clocks set back")                                      \
	X(CLOCK_FORWARD, "clocks set forward")                                \
	X(CLOCK_FROZEN, "clocks frozen")                                      \
	X(DEAD_RTC, "boots with a dead RTC")                                  \
	X(WILD_RTC, "boots with an RTC ahead")                                \
	X(PAUSE, "VM pauses")                                                 \
	X(CRASH, "crashes")                                                   \
	X(CRASH_WRITING, "crashes between two writes")                        \
	X(REBOOT, "reboots")                                                  \
	X(OFF, "machines switched off for up to 60 days")                     \
	X(DISK_FULL, "full disks")                                            \
	X(SNAPSHOT, "snapshots taken")                                        \
	X(RESTORE, "snapshots restored")                                      \
	X(CLONE, "clones")                                                    \
	X(REINSTALL, "reinstallations")                                       \
	X(HARDWARE, "hardware changes")                                       \
	X(HARDWARE_BACK, "hardware changed back")                             \
	X(HARDWARE_MANY, "hardware changed past the limit")                   \
	X(HARDWARE_UNREAD, "hardware unreadable for a while")                 \
	X(ADDRESS, "address changes, approved afterwards")                    \
	X(ADDRESS_AHEAD, "address changes, approved ahead")                   \
	X(SUSPEND, "suspensions")                                             \
	X(CANCEL, "cancellations at the term's end")                          \
	X(CANCEL_NOW, "cancellations at once")                                \
	X(REINSTATE, "reinstatements")                                        \
	X(PAID_EARLY, "terms paid early")                                     \
	X(PAID_LATE, "terms paid late, up to 5 days")                         \
	X(BANDWIDTH, "changes of bandwidth")                                  \
	X(COUPON, "coupons used")                                             \
	X(ROTATION, "rotations of the signer")                                \
	X(RESTORED, "authorities restored from a backup")                     \
	X(APPROVAL, "hardware approved by a person")                          \
	X(RENEW, "renewals asked for by a person")                            \
	X(RESTART, "restarts of the agent")                                   \
	X(DROPPED, "license files put in place by a person")                  \
	X(MASTER, "SNMP masters away for a minute to 20 days")

#define FAULT_ID(id, text) FAULT_##id,
enum fault { FAULTS(FAULT_ID) FAULT_COUNT };
#undef FAULT_ID

/* Each is checked at every step where it applies. */
#define INVARIANTS(X)                                                         \
	X(LAPSE, "a paid, reachable license never lapses")                    \
	X(REFRESHED, "a paid, reachable license is refreshed every day")      \
	X(STANDS, "a good license in hand is usable")                         \
	X(END, "nothing is usable past its end, but by on-expiry warn")       \
	X(CLOCK, "the time is never judged behind what was proven")           \
	X(KEPT, "a good license on disk is never lost")                       \
	X(ONCE, "no answer is accepted twice, sequences only rise")           \
	X(OWN, "only the answer to the request that waits is accepted")       \
	X(CAUSE, "nobody is refused without a cause")                         \
	X(HONEST, "no honest machine is called a clone")                      \
	X(FOUND, "a real clone is found")                                     \
	X(TERM, "no lease is issued past its term or its 14 days")            \
	X(ENTITLED, "nothing is issued that the records do not allow")        \
	X(COUNTED, "rebinds are counted: 3 in 7 days, more by approval")      \
	X(SUSPENDED, "suspended or cancelled is unusable, also restarted")    \
	X(GRACE, "a refused rebind runs its grace, and no longer")            \
	X(WARNED, "a person is warned by the thresholds, annual 30 days")     \
	X(TOLD, "what holds is what managers were told")                      \
	X(HEARD, "a manager hears nothing twice, 14 steps of a deadline")     \
	X(PLAN, "the plan goes forward, and is bounded")                      \
	X(FACES, "all faces agree")                                           \
	X(READ, "what the authority says can be read")                        \
	X(STARTS, "an agent starts from whatever a crash left")

#define INVARIANT_ID(id, text) INVARIANT_##id,
enum invariant { INVARIANTS(INVARIANT_ID) INVARIANT_COUNT };
#undef INVARIANT_ID

struct life;
struct host;

/* One request on its way. */
struct message {
	struct request request;
	uint8_t sha256[SHA256_SIZE];
	struct bytes bytes; /* len 0: the values are the message */
};

/* What came back, or why nothing did. */
struct reply {
	enum result result; /* OK: something of HTTP came */
	int status;
	int64_t retry_after_s, duration_ms;
	struct license license; /* of a 200, when there are no bytes */
	struct refusal refusal; /* of a 403, the same */
	struct bytes bytes;
};

/* agent_kind: what the loop does with either agent. */
struct agent_kind {
	const char *name;
	size_t disk_size; /* everything that survives; copied with memcpy */
	bool (*start)(struct host *h); /* false: it does not start */
	/* stop: in an orderly way, or (after a crash) without a word. */
	void (*stop)(struct host *h, bool crashed);
	/* step: at this instant, until nothing is left to do. */
	void (*step)(struct host *h);
	utc_t (*next)(struct host *h); /* in the world's time; s 0: never */
	void (*reply)(struct host *h, const struct reply *reply);
	void (*ask)(struct host *h, bool commit); /* a person does */
	const struct license_facts *(*facts)(struct host *h);
	/* drop: a person puts a license file in place; ${next}: the successor */
	void (*drop)(struct host *h, const struct bytes *document, bool next);
	/* hardware_data: what `fcli show license_hardware_data` prints. */
	bool (*hardware_data)(struct host *h, struct bytes *out);
	/* wipe: the state is lost, as in a reinstallation. */
	void (*wipe)(struct host *h);
};

extern const struct agent_kind agent_light, agent_whole;

/* check: what the invariants remember of one host. */
struct check {
	struct report report;
	bool has_report;
	utc_t judged, at; /* at the last step; .. in the world's time */
	utc_t well_since; /* nothing has stood in the way since */
	utc_t usable_since; /* seen usable while it was well */
	int64_t held;	  /* the highest document taken */
	uint64_t held_digest;
	int64_t kept;	  /* the license that must survive; 0: none */
	int64_t refused;  /* sequence of what ended it; 0: nothing did */
	bool refused_kept, grace_kept;
	bool mark_lost; /* a crash came while it was written, maybe */
	utc_t proven, proven_seen; /* the time was at least .. when it was .. */
	utc_t grace_first, grace_last; /* the grace begins between them */
	utc_t easy_since; /* ok since then; s 0: it is not */
	utc_t uneasy_since; /* judged: severity was ok before; s 0: it is */
	utc_t jumped; /* judged, after the last jump or new term */
	utc_t term_end; /* of the license then, and its threshold */
	int64_t threshold;
};

/* manager: who hears the notifications of one host. */
struct manager {
	uint64_t random; /* a stream of its own */
	utc_t away_until; /* the SNMP master is */
	struct heard {
		int number;
		int64_t step_days;
		utc_t deadline;
	} queue[MANAGER_WAITING]; /* of the agent; lost with it */
	int waiting;
	struct alarms heard;
	uint64_t steps; /* of this episode, a bit for each day */
	int step_count;
	bool unkept; /* the disk may not have what was heard */
};

/* host: what the world knows of one machine. */
struct host {
	struct life *life;
	const struct agent_kind *kind;
	int number;
	bool exists, running;
	bool off; /* no power, or its VM is paused */
	/* Clocks: wall = now + wall_offset, unless frozen. */
	int64_t wall_offset, stopped_s;
	bool frozen;
	utc_t frozen_at, booted;
	int boots;
	char boot_id[CLOCK_BOOT_ID_SIZE];
	struct hardware hardware, before;
	char external[ADDRESS_SIZE], internal[ADDRESS_SIZE];
	void *disk;
	struct snapshot {
		bool taken;
		void *disk;
		struct check check;
	} snapshots[SNAPSHOTS];
	bool full;
	utc_t full_end;
	bool address_ok; /* a person approved of it, or it was assigned */
	int writes_left; /* before a crash; -1: none is due */
	bool dead;	 /* it came: nothing has an effect any more */
	utc_t outage_until, babble_until;
	bool in_flight;
	utc_t arrives;
	struct reply coming, older; /* older: for who plays it back */
	bool has_older;
	struct message sent, stolen; /* stolen: for who plays it back */
	bool has_stolen;
	void *agent;
	uint64_t random; /* a stream of its own */
	utc_t step_at; /* the world wants one, too; s 0: no */
	int64_t dropped; /* by a person; the sequence, 0: it need not hold */
	int dropped_boot;
	int asked_at_once;
	utc_t asked_at;
	struct check check;
	struct manager manager;
};

/* The authority's records, as a value: a backup is a copy. */
struct stored {
	struct machine machine;
	bool refused; /* the answer kept */
	struct license license;
	struct refusal refusal;
	struct bytes bytes;
};

struct store {
	struct subscription subscription;
	size_t allocation_count, machine_count, rebind_count;
	struct allocation allocations[ALLOCATIONS_MAX];
	struct rebind rebinds[STORE_REBINDS];
	struct stored machines[STORE_MACHINES];
};

/* later: something that happens at an instant. */
struct later {
	utc_t at; /* s 0: the place is free */
	void (*happen)(struct life *life, struct host *host);
	struct host *host;
};

/* life: one world. */
struct life {
	uint64_t seed, random;
	enum seal seal;
	const struct agent_kind *kind;
	utc_t born, now, end;
	bool tracing, dull; /* dull: no fault at all */
	int storms; /* faults a year */
	utc_t next_fault;
	struct later later[LATER_MAX];
	size_t later_end; /* from there on all places are free */
	struct host hosts[HOSTS];
	/* The vendor's side. */
	struct store *store, *backup;
	bool has_backup, cleared; /* a clone's mark was, since the backup */
	struct issuer *issuers[2];
	int signer; /* of issuers */
	struct keyring keyring;
	utc_t authority_down_until;
	utc_t busy_until;
	bool trial, offline;
	utc_t paid_at;
	/* Truth that excuses or accuses. */
	bool cloned; /* two machines from one state, since */
	utc_t both_well_since, clone_found;
	int64_t tips[TIPS_MAX]; /* sequences that restores left behind */
	int tip_count, addresses;
	utc_t last_fork; /* as the authority saw it */
	bool one_odd; /* a state left behind came back, since the last forks */
	bool odd; /* two of them within a lease's life: like a clone */
	bool thief; /* who asks now kept an old request */
	int approvals;
	uint8_t bound_key[KEY_SIZE]; /* of the last grant */
	bool has_bound_key;
	size_t bound_count; /* what the grants bound, newest last */
	struct bound {
		utc_t at;
		char model[TEXT_64];
		int64_t cpus;
		bool counted, take_over;
	} bound[BOUND_MAX];
};

/* Figures of a run. */
struct figures {
	int64_t lives, steps, asks, grants, refusals, repeats, faces;
	int64_t lived_s; /* machine-seconds */
	int64_t faults[FAULT_COUNT], checked[INVARIANT_COUNT];
	uint64_t digest; /* of all that happened: two runs can be compared */
};

extern struct figures figures;

/* sim_random: of a stream; sim_between: both included; sim_chance: 1 in n. */
uint64_t sim_random(uint64_t *stream);
int64_t sim_between(uint64_t *stream, int64_t low, int64_t high);
bool sim_chance(uint64_t *stream, int64_t n);
/* sim_spread: ${low} to ${high}, each power as likely. */
int64_t sim_spread(uint64_t *stream, int64_t low, int64_t high);

/* life.c */
void life_run(uint64_t seed, const struct agent_kind *kind, enum seal seal,
    int64_t years, bool tracing);
/* life_trace: one line of the life, when it is traced. */
void life_trace(const struct life *life, const struct host *host,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
/* life_later: false when there is no room: the caller does without. */
bool life_later(struct life *life, struct host *host, utc_t at,
    void (*happen)(struct life *life, struct host *host));
/* life_broken: print what is broken and how to replay it; ends the program. */
void life_broken(const struct host *host, enum invariant invariant,
    const char *format, ...) __attribute__((format(printf, 3, 4), noreturn));

/* Hosts, life.c. The clocks as the host reads them. */
utc_t host_wall(const struct host *host);
mono_t host_boot(const struct host *host);
void host_read_clock(const struct host *host, struct clock_reading *out);
/* host_now: in the world's time when ${host}'s boot clock says ${at}. */
utc_t host_when(const struct host *host, mono_t at);
void host_boot_up(struct host *host, bool new_boot);
void host_go_down(struct host *host, bool crashed);
void host_step(struct host *host);
/* host_writes: false: the disk is full, or the crash came before this. */
bool host_writes(struct host *host);

/* fate.c */
void fate_begin(struct life *life);
void fate_strike(struct life *life);
void fate_count(struct life *life, struct host *host, enum fault fault);

/* manager.c */
/* manager_start: an agent that has ${kept} on its disk. */
void manager_start(struct host *host, const struct alarms *kept);
void manager_announce(struct host *host, const struct report *report,
    const struct edges *edges);
/* manager_hear: what waits, unless the master is away. */
void manager_hear(struct host *host, bool (*acknowledge)(struct host *host,
    unsigned cleared, const struct alarms *raised));
/* manager_check: after all that ${report} has to tell was announced. */
void manager_check(struct host *host, const struct report *report);

/* wire.c: what the network does with a request; the reply comes later. */
void wire_send(struct host *host, const struct message *message);
void wire_deliver(struct host *host);

/* vendor.c */
void vendor_begin(struct life *life);
void vendor_end(struct life *life);
void vendor_answer(struct life *life, struct host *from,
    const struct message *message, struct reply *out);
/* vendor_assigned: the records have where ${host} is. */
bool vendor_assigned(const struct life *life, const struct host *host);
/* vendor_edit: after a person changed the subscription. */
void vendor_edit(struct life *life);

/* store.c: database.h's verbs, over the records in memory. */
bool store_find(const struct store *store, const struct request *request,
    const char *observed, utc_t now, const struct decide_policy *policy,
    struct dossier *out);
struct stored *store_machine(struct store *store,
    const uint8_t key[KEY_SIZE]);
void store_apply(struct store *store, const struct change *change,
    const struct reply *answer);

/* seal.c */
extern enum seal seal_in_use;
bool seal_request(const struct request *request, struct signing_key *key,
    struct bytes *out);
void seal_digest(const void *bytes, size_t len, uint8_t out[SHA256_SIZE]);

/*
 * check.c: at every step, answer, decision and start. ${report}: of ${facts}
 * and ${trust}.
 */
void check_step(struct host *host, const struct license_facts *facts,
    const struct report *report, enum trust trust);
void check_decision(struct life *life, struct host *from,
    const struct message *message, const struct decision *decision);
void check_taken(struct host *host, const struct license_facts *before,
    const struct license_facts *after, const struct reply *reply);
void check_started(struct host *host);

/* honest.c */
/* honest_well: nothing that is known excuses this host from being served. */
bool honest_well(const struct host *host, const struct license_facts *facts);
/* honest_both: two machines of one state live, and nothing hides either. */
bool honest_both(struct life *life);
/* honest_cause: the truth that a refusal of ${reason} rests on is there. */
bool honest_cause(const struct life *life, const struct host *host,
    const struct message *message, int reason);
/*
 * honest_rebind: what a grant of this hardware to this key would be: by the
 * article's rule, told from the grants alone.
 */
enum rebind_rule { REBIND_NONE, REBIND_FREE, REBIND_COUNTED, REBIND_OVER };
enum rebind_rule honest_rebind(const struct life *life, const char *model,
    int64_t cpus, const uint8_t key[KEY_SIZE]);
/* honest_bind: a grant was given. */
void honest_bind(struct life *life, const struct license *license);
/*
 * honest_fork: the authority saw one. honest_restore: a state that holds
 * ${held} came back in the place of one that holds ${left}.
 */
void honest_fork(struct life *life);
void honest_restore(struct life *life, int64_t held, int64_t left);
/* honest_forget: the authority lost its memory of the rebinds. */
void honest_forget(struct life *life);

/* faces.c: false with what disagrees in ${why}. */
bool faces_agree(const struct license_facts *facts, const struct report *report,
    const struct clock_reading *reading, enum trust trust, struct buf *why);

#endif
