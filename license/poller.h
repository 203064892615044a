/* SPDX-License-Identifier: ISC */
/*
 * One SNMPv2c GET as a manager sends it, in bytes: RFC 1901, 3416, and the
 * BER of X.690 that they need. Pure, libc alone, and of every byte it reads
 * it asks first whether it is there. (net-snmp owns the prefix snmp_.)
 */
#ifndef LICENSE_POLLER_H
#define LICENSE_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	POLLER_OID_MAX = 32,
	POLLER_COMMUNITY_MAX = 255,
	POLLER_MESSAGE_MAX = 1472, /* in one frame of Ethernet */
};

struct poller_oid {
	size_t len; /* 0: none */
	uint32_t id[POLLER_OID_MAX];
};

enum poller_kind {
	POLLER_SILENT,	    /* no answer in time */
	POLLER_UNREACHABLE, /* the port is closed; or ${number}: errno */
	POLLER_MALFORMED,   /* an answer that is none */
	POLLER_ERROR,	    /* ${number}: error-status of RFC 3416 */
	POLLER_NO_OBJECT,   /* noSuchObject: out of the view, or not served */
	POLLER_NO_INSTANCE,
	POLLER_NUMBER,	    /* ${number}: an INTEGER, Unsigned32, TimeTicks */
	POLLER_OTHER,	    /* a value of another type */
	/* Of SNMPv3 only, RFC 3414, 3.2: */
	POLLER_NO_USER,	    /* the master does not know it */
	POLLER_NO_LEVEL,    /* not with this authentication or privacy */
	POLLER_WRONG_KEY,   /* the passphrase, or its type of authentication */
	POLLER_NO_PRIVACY,  /* the same of the encryption */
	POLLER_NO_TIME,	    /* the master's clock runs away from ours */
	POLLER_KINDS,
};

struct poller_answer {
	enum poller_kind kind;
	int64_t number;
};

/* poller_oid_parse: "1.3.6.1", with or without a dot before it. */
bool poller_oid_parse(const char *text, struct poller_oid *out);

/*
 * poller_get: the message; its length, or 0 when something is too long.
 * ${request_id}: 0 to 2^31 - 1.
 */
size_t poller_get(const char *community, int32_t request_id,
    const struct poller_oid *oid, uint8_t out[static POLLER_MESSAGE_MAX]);

/*
 * poller_discover: the question by which a manager of SNMPv3 begins (RFC
 * 3414, 4); it needs no user. ${message_id}: 0 to 2^31 - 1.
 */
size_t poller_discover(int32_t message_id,
    uint8_t out[static POLLER_MESSAGE_MAX]);

/* poller_discovered: the bytes are an SNMPv3 answer to ${message_id}. */
bool poller_discovered(const uint8_t *bytes, size_t len, int32_t message_id);

/*
 * poller_read: true when the bytes are the answer to ${request_id} about
 * ${oid}; false: not that, and to be passed over.
 */
bool poller_read(const uint8_t *bytes, size_t len, int32_t request_id,
    const struct poller_oid *oid, struct poller_answer *out);

#endif
