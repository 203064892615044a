/* SPDX-License-Identifier: ISC */
/*
 * What the authority keeps: subscriptions, their allocations, machines,
 * rebinds and events, as values that copy with "=". It knows neither where
 * they are kept (database.h) nor what follows from them (decide.h).
 */
#ifndef LICENSE_AUTHORITY_RECORDS_H
#define LICENSE_AUTHORITY_RECORDS_H

#include "license/base/encode.h"
#include "license/codec.h"

struct buf;

/* (C name, number in the database, label) */
#define SUBSCRIPTION_STATUSES(X)                                              \
	X(ACTIVE, 1, active)                                                  \
	X(SUSPENDED, 2, suspended)                                            \
	X(CANCELLED, 3, cancelled)  /* no extension past the paid term */     \
	X(ENDED, 4, cancelled_now)  /* refused at once */

#define MACHINE_STATES(X)                                                     \
	X(LIVE, 1, live)                                                      \
	X(CLONE, 2, clone) /* live, and another branch is refused */          \
	X(RETIRED, 3, retired)                                                \
	X(FORKED, 4, forked) /* live, and two branches spoke: branch.h */

/* What happened. A refusal's event is "refuse-REASON". */
#define EVENT_KINDS(X)                                                        \
	X(ACTIVATE, 1, "activate")                                            \
	X(EXTEND, 2, "extend")                                                \
	X(REFUSE, 3, "refuse")                                                \
	X(REBIND, 4, "rebind")                                                \
	X(REBIND_FREE, 5, "rebind-free")                                      \
	X(TAKE_OVER, 6, "take-over")                                          \
	X(OLD_KEY, 7, "old-key")                                              \
	X(FORK, 8, "fork")                                                    \
	X(ROLLBACK, 9, "rollback")                                            \
	X(REPLAY, 10, "replay")                                               \
	X(ADDRESS, 11, "address-taken")                                       \
	X(COUPON, 12, "coupon-used")                                          \
	X(ADD, 13, "add")                                                     \
	X(SUSPEND, 14, "suspend")                                             \
	X(CANCEL, 15, "cancel")                                               \
	X(REINSTATE, 16, "reinstate")                                         \
	X(TERM, 17, "extend-term")                                            \
	X(SET, 18, "set")                                                     \
	X(APPROVE_ADDRESS, 19, "approve-address")                             \
	X(APPROVE_HARDWARE, 20, "approve-hardware")                           \
	X(CLEAR_CLONE, 21, "clear-clone")                                     \
	X(CLONE_FOUND, 22, "clone-found")                                     \
	X(OFFLINE_ISSUE, 23, "offline-issue")                                 \
	X(OFFLINE_RELEASE, 24, "offline-release")                             \
	X(TRIAL, 25, "trial")                                                 \
	X(KEY_ROTATE, 26, "key-rotate")                                       \
	X(KEY_RETIRE, 27, "key-retire")                                       \
	X(KEY_REVOKE, 28, "key-revoke")                                       \
	X(TIME_RESET, 29, "time-reset")                                       \
	X(COUPON_UNKNOWN, 30, "coupon-unknown")                               \
	X(COUPON_UNUSED, 31, "coupon-unused")

#define RECORDS_ROW(prefix, name, number) prefix##_##name = number,
#define RECORDS_STATUS(n, number, label) RECORDS_ROW(SUBSCRIPTION, n, number)
#define RECORDS_STATE(n, number, label) RECORDS_ROW(MACHINE, n, number)
#define RECORDS_EVENT(n, number, label) RECORDS_ROW(EVENT, n, number)
enum subscription_status { SUBSCRIPTION_STATUSES(RECORDS_STATUS) };
enum machine_state { MACHINE_STATES(RECORDS_STATE) };
enum event_kind { EVENT_KINDS(RECORDS_EVENT) };
#undef RECORDS_STATUS
#undef RECORDS_STATE
#undef RECORDS_EVENT
#undef RECORDS_ROW

enum {
	SUBSCRIPTION_STATUS_MAX = 4,
	MACHINE_STATE_MAX = 4,
	ALLOCATIONS_MAX = 16, /* of one subscription */
	REBINDS_MAX = 32,     /* of one subscription that a decision sees */
	CANDIDATES_MAX = 32,
	EVENTS_PER_CHANGE = 8,
	PREFIX_SIZE = ADDRESS_SIZE + 4,
	EVENT_DETAIL_SIZE = 257,
	EVENT_NAME_SIZE = 32,
};

struct subscription {
	char id[TEXT_64];
	int64_t revision; /* rises with every change by a person */
	char customer[TEXT_64], product[TEXT_64], edition[TEXT_64];
	int status, kind, billing, renews, on_expiry; /* names.h; 0 absent */
	int64_t bandwidth_mbits;
	utc_t created, term_end;
	char coupon_sha256[HEX_SIZE(SHA256_SIZE)]; /* "": it has none */
	utc_t coupon_used;			   /* 0: not yet */
	int offline_issued;			   /* 0 or 1 */
	int checked; /* 0 or 1: it may have an offline license */
	int hardware_approved; /* rebinds that a person let through */
	int64_t sequence;      /* the highest issued */
};

/* An external prefix; internal "": not known yet, any. */
struct allocation {
	char prefix[PREFIX_SIZE]; /* "192.0.2.1/32" */
	uint8_t base[16];	  /* IPv4 as ::ffff:0:0/96 */
	int bits;		  /* of 128 */
	char internal[ADDRESS_SIZE];
	int64_t generation; /* an approved address is of a later one */
};

/*
 * One agent keeps licenses of several products with one key: key and product
 * identify a machine. The product is its subscription's.
 */
struct machine {
	uint8_t key[KEY_SIZE];
	int state;
	char product[TEXT_64];
	char subscription[TEXT_64];
	utc_t first_seen, last_seen;
	char cpu_model[TEXT_256]; /* bound; "": never known */
	int64_t logical_cpus;	  /* bound; 0: never known */
	int64_t memory_mib;
	char virtualization[TEXT_64], agent_version[TEXT_64];
	char external[ADDRESS_SIZE], internal[ADDRESS_SIZE];
	int64_t sequence;      /* the last issued to it */
	char tips[TEXT_256];   /* of branches left behind: branch.h */
	utc_t fork_at;	       /* the last fork; 0: none */
	int64_t fork_sequence; /* clone: up to here others hold; 0: none */
	utc_t last_created;    /* of the newest request answered */
	utc_t lease_end;
	int last_reason; /* REFUSAL_NONE: the last answer was a license */
	uint8_t request_sha256[SHA256_SIZE];
	int64_t revision; /* of the subscription, when answered */
	int answered;	  /* 0: no answer is stored */
};

struct rebind {
	utc_t at;
	int take_over; /* by a new key */
	uint8_t key[KEY_SIZE];
	char from_model[TEXT_256], to_model[TEXT_256];
	int64_t from_cpus, to_cpus;
};

/* An offline license that was issued; it is valid whatever comes after. */
struct offline {
	char subscription[TEXT_64];
	int64_t sequence;
	utc_t issued, not_before, ends;
	utc_t released; /* 0: the subscription is closed to online requests */
	uint8_t key[KEY_SIZE];	  /* of the machine that asked */
	uint8_t signer[KEY_SIZE];
	char cpu_model[TEXT_256];
	int64_t logical_cpus, memory_mib;
	uint8_t request_sha256[SHA256_SIZE];
	int64_t revision; /* of the subscription, after it was issued */
};

/* What a machine at an address without a subscription gets, by product. */
struct trial {
	char product[TEXT_64], edition[TEXT_64];
	int64_t days, mbits;
	int on_expiry;
};

enum trial_state {
	TRIAL_NONE,    /* no policy, or not such an address */
	TRIAL_OFFERED, /* the address never had one */
	TRIAL_TAKEN,
};

/* A signer that there is or was; who signs is told by the directory. */
struct signer_record {
	uint8_t key[KEY_SIZE];
	utc_t certified, until;
};

/* Text of events is printable and bounded: event_add() sees to it. */
struct event {
	int64_t id;
	utc_t at;
	char name[EVENT_NAME_SIZE];
	char subscription[TEXT_64];
	uint8_t key[KEY_SIZE]; /* all zero: no machine */
	int64_t sequence;      /* 0: none */
	char address[ADDRESS_SIZE];
	char detail[EVENT_DETAIL_SIZE];
};

/* How a request found its subscription. */
enum lookup {
	LOOKUP_NOTHING,
	LOOKUP_FOUND,
	LOOKUP_OTHER_PRODUCT, /* an allocation, but of another product */
	LOOKUP_COUPON_UNKNOWN,
};

/* Everything known that bears on one request. */
struct dossier {
	enum lookup lookup; /* the rest counts only when FOUND */
	bool by_coupon;
	/* The machine has one, and the coupon in its request brought nothing. */
	bool coupon_unknown;
	char coupon_of[TEXT_64]; /* not used: whose it is; "" none */
	struct subscription subscription;
	bool known; /* the key that speaks has a record of this product */
	struct machine machine;
	bool has_live; /* machine may be the same one */
	struct machine live;
	size_t allocation_count;
	struct allocation allocations[ALLOCATIONS_MAX];
	size_t rebind_count; /* the newest, within the window */
	struct rebind rebinds[REBINDS_MAX];
	enum trial_state trial_state; /* when nothing was found */
	struct trial trial;	      /* OFFERED */
	char trial_id[TEXT_64];	      /* OFFERED: of its subscription */
};

/* What an observed address may belong to. */
struct candidate {
	char subscription[TEXT_64], product[TEXT_64];
	int status, kind;
	utc_t term_end;
	bool has_live;
	struct allocation allocation;
};

/* What a decision or a command changes; stored as one. */
struct change {
	struct subscription subscription; /* "" id: an event alone */
	bool subscription_changed; /* by a person: all of it is stored */
	bool advanced; /* by a decision: sequence, coupon, approval */
	bool machine_changed;
	struct machine machine;
	bool keeps_answer; /* the stored one stays, whatever ${answer} is */
	const char *answer; /* bytes kept for machine; NULL: none */
	size_t answer_len;
	bool has_retired;
	uint8_t retired[KEY_SIZE];
	char retired_product[TEXT_64];
	int64_t drop_before; /* allocations of an earlier generation go */
	size_t allocation_count;
	struct allocation allocations[ALLOCATIONS_MAX]; /* added, replaced */
	bool rebound;
	struct rebind rebind;
	bool tried; /* allocations[0] has had its trial */
	size_t event_count;
	struct event events[EVENTS_PER_CHANGE];
};

/* Labels; "unknown" for a number that is not there. */
const char *subscription_status_label(int status);
const char *machine_state_label(int state);
const char *event_kind_label(int kind);

/*
 * prefix_parse: "192.0.2.1" (/32), "192.0.2.0/24", "2001:db8::1" (its /64),
 * "2001:db8::/48". False with a clause in ${error} for anything else, also
 * for bits set behind the prefix, and for an address that no machine can have
 * (unspecified, multicast). Fills all but internal and generation.
 */
bool prefix_parse(const char *text, struct allocation *out, struct buf *error);

/* prefix_contains: ${address} as text; false when it is no address. */
bool prefix_contains(const struct allocation *allocation, const char *address);

/*
 * address_bytes: 16 bytes, IPv4 mapped. prefix_mask: ${out} is ${bytes} with
 * all but the first ${bits} cleared. prefix_may_hold: of the same family; the
 * ${bits} of IPv4 count the 96 before.
 */
bool prefix_may_hold(const uint8_t bytes[static 16], int bits);
bool address_bytes(const char *text, uint8_t out[static 16]);
void prefix_mask(const uint8_t bytes[static 16], int bits,
    uint8_t out[static 16]);

#endif
