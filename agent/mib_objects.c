/* SPDX-License-Identifier: ISC */
/*
 * One row for each object of LEASELINE-MIB: its name, its number, the field
 * it shows and how. It knows no order and no values. Numbers are never reused.
 */
#include "agent/mib.h"

#define ROW(group, sub, name, form, names, origin, id, none)                  \
	{MIB_##group, sub, "leaseline" name, MIB_FORM_##form, names, origin,  \
	    id, none}
#define A(sub, name, form, id, none)                                          \
	ROW(AGENT, sub, name, form, 0, MIB_FROM_AGENT, AGENT_ID_##id, none)
#define A_ENUM(sub, name, names, id, none)                                    \
	ROW(AGENT, sub, name, ENUM, NAMES_##names, MIB_FROM_AGENT,            \
	    AGENT_ID_##id, none)
#define COUNT(sub, name, id)                                                  \
	ROW(SUMMARY, sub, name, GAUGE, 0, MIB_FROM_COUNTS,                       \
	    MIB_COUNT_##id, 0)
#define S(sub, name, form, id, none)                                          \
	ROW(SUMMARY, sub, name, form, 0, MIB_FROM_WORST, FIELD_ID_##id, none)
#define S_ENUM(sub, name, id, none)                                           \
	ROW(SUMMARY, sub, name, ENUM, NAMES_##id, MIB_FROM_WORST,             \
	    FIELD_ID_##id, none)
#define T(sub, name, form, id, none)                                          \
	ROW(TABLE, sub, "Lic" name, form, 0, MIB_FROM_LICENSE,                \
	    FIELD_ID_##id, none)
#define T_ENUM(sub, name, id, none)                                           \
	ROW(TABLE, sub, "Lic" name, ENUM, NAMES_##id, MIB_FROM_LICENSE,       \
	    FIELD_ID_##id, none)
#define N(sub, name, form, id)                                                \
	ROW(NOTICE, sub, name, form, 0, MIB_FROM_NOTICE,                       \
	    MIB_NOTICE_##id, 0)

static const struct mib_object objects[] = {
	A(1, "AgentVersion", TEXT, VERSION, 0),
	A(2, "AgentStart", DATE, START, 0),
	A(3, "AgentStartEpoch", EPOCH, START, 0),
	/* A keeper that never beat must not read like one that just did. */
	A(4, "AgentHeartbeatAge", UNSIGNED, HEARTBEAT_AGE, UINT32_MAX),
	A_ENUM(5, "ClockTrust", TRUST, TRUST, TRUST_UNVERIFIED),
	A(6, "ClockOffset", INTEGER, OFFSET, MIB_NO_DAYS),
	A(7, "StorageUp", FLAG, STORAGE_UP, MIB_NO),

	COUNT(1, "Licenses", LICENSES),
	COUNT(2, "LicensesUsable", USABLE),
	COUNT(3, "LicensesWarning", WARNING),
	COUNT(4, "LicensesCritical", CRITICAL),
	S(5, "WorstIndex", UNSIGNED, INDEX, 0),
	S(6, "WorstName", TEXT, NAME, 0),
	S_ENUM(7, "Severity", SEVERITY, SEVERITY_UNKNOWN),
	S_ENUM(8, "Reason", REASON, REASON_NONE),
	S_ENUM(9, "State", STATE, STATE_MISSING),
	S(10, "Usable", FLAG, USABLE, MIB_NO),
	S(11, "DaysRemaining", DAYS, EXPIRY, MIB_NO_DAYS),
	S(12, "Expiry", DATE, EXPIRY, 0),
	S(13, "ExpiryEpoch", EPOCH, EXPIRY, 0),
	S(14, "LeaseDaysRemaining", DAYS, LEASE_END, MIB_NO_DAYS),
	S(15, "LeaseEnd", DATE, LEASE_END, 0),
	S(16, "LeaseEndEpoch", EPOCH, LEASE_END, 0),
	S(17, "TermDaysRemaining", DAYS, TERM_END, MIB_NO_DAYS),
	S(18, "TermEnd", DATE, TERM_END, 0),
	S(19, "TermEndEpoch", EPOCH, TERM_END, 0),
	S(20, "ActionDaysRemaining", DAYS, ACTION_DEADLINE, MIB_NO_DAYS),
	S(21, "ActionDeadline", DATE, ACTION_DEADLINE, 0),
	S(22, "ActionDeadlineEpoch", EPOCH, ACTION_DEADLINE, 0),
	S(23, "BandwidthMbits", GAUGE, BANDWIDTH, 0),
	S(24, "BandwidthUsedMbits", GAUGE, USED_MBITS, 0),
	S_ENUM(25, "RefreshLastResult", RESULT, RESULT_NEVER),
	S_ENUM(26, "RefreshLastRefusal", REFUSAL, REFUSAL_NONE),
	S(27, "RefreshLastSuccess", DATE, LAST_SUCCESS, 0),
	S(28, "RefreshLastSuccessEpoch", EPOCH, LAST_SUCCESS, 0),
	S(29, "RefreshFailuresInRow", GAUGE, FAILURES_IN_ROW, 0),

	T(2, "Name", TEXT, NAME, 0),
	T(3, "Id", TEXT, ID, 0),
	T(4, "Product", TEXT, PRODUCT, 0),
	T(5, "Edition", TEXT, EDITION, 0),
	T_ENUM(6, "Kind", KIND, 0),
	T_ENUM(7, "Mode", MODE, 0),
	T_ENUM(8, "Source", SOURCE, 0),
	T_ENUM(9, "State", STATE, STATE_MISSING),
	T_ENUM(10, "Severity", SEVERITY, SEVERITY_UNKNOWN),
	T_ENUM(11, "Reason", REASON, REASON_NONE),
	T(12, "Usable", FLAG, USABLE, MIB_NO),
	T(13, "DaysRemaining", DAYS, EXPIRY, MIB_NO_DAYS),
	T(14, "Expiry", DATE, EXPIRY, 0),
	T(15, "ExpiryEpoch", EPOCH, EXPIRY, 0),
	T(16, "LeaseDays", DAYS, LEASE_END, MIB_NO_DAYS),
	T(17, "LeaseEnd", DATE, LEASE_END, 0),
	T(18, "LeaseEndEpoch", EPOCH, LEASE_END, 0),
	T(19, "TermDays", DAYS, TERM_END, MIB_NO_DAYS),
	T(20, "TermEnd", DATE, TERM_END, 0),
	T(21, "TermEndEpoch", EPOCH, TERM_END, 0),
	T(22, "GraceEndEpoch", EPOCH, GRACE_END, 0),
	T(23, "ActionDays", DAYS, ACTION_DEADLINE, MIB_NO_DAYS),
	T(24, "ActionDeadline", DATE, ACTION_DEADLINE, 0),
	T(25, "ActionDeadlineEpoch", EPOCH, ACTION_DEADLINE, 0),
	T(26, "BandwidthMbits", GAUGE, BANDWIDTH, 0),
	T(27, "BandwidthUsedMbits", GAUGE, USED_MBITS, 0),
	T(28, "BandwidthPercent", GAUGE, USED_PERCENT, 0),
	T_ENUM(29, "RefreshResult", RESULT, RESULT_NEVER),
	T_ENUM(30, "RefreshRefusal", REFUSAL, REFUSAL_NONE),
	T(31, "RefreshLastAttemptEpoch", EPOCH, LAST_ATTEMPT, 0),
	T(32, "RefreshLastSuccess", DATE, LAST_SUCCESS, 0),
	T(33, "RefreshLastSuccessEpoch", EPOCH, LAST_SUCCESS, 0),
	T(34, "RefreshNextAttemptEpoch", EPOCH, NEXT_ATTEMPT, 0),
	T(35, "RefreshFailuresInRow", GAUGE, FAILURES_IN_ROW, 0),
	T(36, "RefreshAttempts", COUNTER, ATTEMPTS, 0),
	T(37, "RefreshFailures", COUNTER, FAILURES, 0),
	ROW(TABLE, 38, "LicBindingChanged", BITS, NAMES_COMPONENT,
	    MIB_FROM_LICENSE, FIELD_ID_BINDING_CHANGED, 0),
	T(39, "RebindsUsed", GAUGE, REBINDS_USED, 0),
	T(40, "RebindsAllowed", GAUGE, REBINDS_ALLOWED, 0),
	T(41, "RebindWindowEndEpoch", EPOCH, REBIND_WINDOW_END, 0),
	T(42, "SuccessorStartEpoch", EPOCH, SUCCESSOR, 0),
	T(43, "DataAge", GAUGE, DATA_AGE, 0),
	T(44, "Advice", TEXT, ADVICE, 0),
	T(45, "ActionWarningDays", WHOLE_DAYS, ACTION_WARNING, 0),
	T(46, "ActionCriticalDays", WHOLE_DAYS, ACTION_CRITICAL, 0),

	N(1, "NoticeCrossed", INTEGER, CROSSED),
	N(2, "NoticeSequence", UNSIGNED, SEQUENCE),
};

const struct mib_object *
mib_objects(size_t *count)
{
	*count = sizeof(objects) / sizeof(objects[0]);
	return objects;
}

enum mib_type
mib_form_type(enum mib_form form)
{
	static const enum mib_type types[] = {
		[MIB_FORM_TEXT] = MIB_OCTETS,
		[MIB_FORM_ENUM] = MIB_INTEGER,
		[MIB_FORM_FLAG] = MIB_INTEGER,
		[MIB_FORM_DATE] = MIB_OCTETS,
		[MIB_FORM_EPOCH] = MIB_UNSIGNED,
		[MIB_FORM_DAYS] = MIB_INTEGER,
		[MIB_FORM_WHOLE_DAYS] = MIB_UNSIGNED,
		[MIB_FORM_INTEGER] = MIB_INTEGER,
		[MIB_FORM_UNSIGNED] = MIB_UNSIGNED,
		[MIB_FORM_GAUGE] = MIB_GAUGE,
		[MIB_FORM_COUNTER] = MIB_COUNTER,
		[MIB_FORM_BITS] = MIB_BITS,
	};

	return types[form];
}
