/* SPDX-License-Identifier: ISC */
/*
 * The AgentX session, kept alive by our own deadlines: net-snmp's alarms add
 * up when a master hangs up during an open, and wait 15 s where 1 s would do.
 * While there is none, an attempt at once, then after 1, 2, 4 and every 5 s,
 * or every ping interval where that is shorter; while there is one, a ping
 * each interval, which must be answered within 5 s, and a look whether the
 * socket's path leads to another master by now. Of the SNMP thread alone.
 */
#ifndef AGENT_SESSION_H
#define AGENT_SESSION_H

struct snmp_pdu;
struct snmp_session;
struct subtree;
struct variable_list;

/* RFC 2741, 6.1 and 6.1.1: net-snmp installs no header with these. */
enum {
	AGENTX_CLOSE = 2,
	AGENTX_REGISTER = 3,
	AGENTX_GET = 5,
	AGENTX_GET_NEXT = 6,
	AGENTX_GET_BULK = 7,
	AGENTX_CLEANUP_SET = 11,
	AGENTX_NOTIFY = 12,
	AGENTX_PING = 13,
	AGENTX_ADD_AGENT_CAPS = 16,
	AGENTX_RESPONSE = 18,
	AGENTX_NETWORK_BYTE_ORDER = 0x10,
};

/* session_start: set up the library, and try to connect once. */
void session_start(struct subtree *subtree);

/* session_tend: what is due by subtree->due_ns, which is set anew. */
void session_tend(struct subtree *subtree);

/*
 * session_notify: send a notification, whose ${varbinds} it frees. Sent is
 * not taken: subtree_taken() follows the master's answer, and when none comes
 * the session ends.
 */
void session_notify(struct variable_list *varbinds);

/* session_end: close the session and the library. */
void session_end(void);

/* Of snmp.c: one request of the master; it took the notification. */
void subtree_answer(struct subtree *subtree, struct snmp_session *session,
    const struct snmp_pdu *asked);
void subtree_taken(struct subtree *subtree);

#endif
