/* SPDX-License-Identifier: ISC */
/*
 * The values of LEASELINE-MIB: one sorted table made from a view answers GET
 * and GETNEXT, and the same rows give a notification its varbinds. Pure, and
 * it knows no SNMP library: a test walks it without snmpd. The MIB's text is
 * mibs/LEASELINE-MIB.txt; a test compares the two.
 */
#ifndef AGENT_MIB_H
#define AGENT_MIB_H

#include "license/keeper/view.h"

struct mib;
struct notice;

enum {
	MIB_OID_MAX = 128,    /* RFC 2578, 3.5 */
	MIB_OCTETS_MAX = 255, /* SnmpAdminString */
	MIB_VARBINDS = 11,    /* of every notification */
	MIB_NO_DAYS = INT32_MIN,
};

struct mib_oid {
	size_t len;
	uint32_t id[MIB_OID_MAX];
};

enum mib_type {
	MIB_INTEGER, /* Integer32, enumeration, TruthValue */
	MIB_UNSIGNED,
	MIB_GAUGE,
	MIB_COUNTER,
	MIB_OCTETS, /* SnmpAdminString, DateAndTime */
	MIB_BITS,
};

struct mib_value {
	enum mib_type type;
	int64_t number; /* within the range of the type */
	size_t len;
	unsigned char octets[MIB_OCTETS_MAX];
};

/* How a field becomes a value; the three forms of an instant are three. */
enum mib_form {
	MIB_FORM_TEXT,
	MIB_FORM_ENUM,
	MIB_FORM_FLAG,
	MIB_FORM_DATE,
	MIB_FORM_EPOCH,
	MIB_FORM_DAYS,	     /* from now to the instant */
	MIB_FORM_WHOLE_DAYS, /* of a number of seconds */
	MIB_FORM_INTEGER,
	MIB_FORM_UNSIGNED,
	MIB_FORM_GAUGE,
	MIB_FORM_COUNTER,
	MIB_FORM_BITS,
};

enum mib_group {
	MIB_AGENT = 1,	 /* scalars of the agent */
	MIB_SUMMARY = 2, /* scalars of the worst license */
	MIB_TABLE = 3,	 /* columns, one row for each license */
	MIB_NOTICE = 4,	 /* accessible-for-notify */
};

enum mib_origin {
	MIB_FROM_AGENT,	  /* id: enum agent_id */
	MIB_FROM_COUNTS,  /* enum mib_count */
	MIB_FROM_WORST,	  /* enum field_id */
	MIB_FROM_LICENSE, /* the same */
	MIB_FROM_NOTICE,  /* enum mib_notice_number */
};

enum mib_count {
	MIB_COUNT_LICENSES,
	MIB_COUNT_USABLE,
	MIB_COUNT_WARNING,
	MIB_COUNT_CRITICAL,
	MIB_COUNTS,
};

enum mib_notice_number { MIB_NOTICE_CROSSED, MIB_NOTICE_SEQUENCE };

enum { MIB_YES = 1, MIB_NO = 2 }; /* TruthValue */

struct mib_object {
	enum mib_group group;
	uint32_t sub; /* below the group, or the column */
	const char *name;
	enum mib_form form;
	enum names names; /* MIB_FORM_ENUM, MIB_FORM_BITS */
	enum mib_origin origin;
	int id;
	int64_t none;	  /* the number when it does not apply */
};

/* mib_objects: every object but the table's index, in the order of OIDs. */
const struct mib_object *mib_objects(size_t *count);
enum mib_type mib_form_type(enum mib_form form);

/* mib_root: MIB_ROOT, a build constant. */
const struct mib_oid *mib_root(void);

/* mib_capabilities: leaselineAgentCapabilities, for sysORTable (RFC 3418). */
void mib_capabilities(struct mib_oid *out);

/* mib_new: looks at ${view}, which must outlive it; NULL: out of memory. */
struct mib *mib_new(const struct view *view);
void mib_free(struct mib *mib);

enum mib_rc { MIB_FOUND, MIB_NO_OBJECT, MIB_NO_INSTANCE };

/* mib_get: ${mib} NULL (nothing is known yet): no instance of anything. */
enum mib_rc mib_get(const struct mib *mib, const struct mib_oid *oid,
    struct mib_value *out);

/*
 * mib_next: the first instance after ${oid}, any OID; ${next} may be ${oid}.
 * False past the last.
 */
bool mib_next(const struct mib *mib, const struct mib_oid *oid,
    struct mib_oid *next, struct mib_value *out);

struct mib_varbind {
	struct mib_oid oid;
	struct mib_value value;
};

/*
 * mib_varbinds: a notification's objects, in the order of the MIB. What does
 * not apply has the value that the scalars have then, never no varbind: the
 * OBJECTS clause promises all. A summary's advice begins with how many were
 * left out.
 */
void mib_varbinds(const struct notice *notice,
    struct mib_varbind out[static MIB_VARBINDS]);

/* mib_notification: the value of snmpTrapOID.0. */
void mib_notification(int number, struct mib_oid *out);

int mib_oid_compare(const struct mib_oid *a, const struct mib_oid *b);

#endif
