/* SPDX-License-Identifier: ISC */
/*
 * Values and requests between net-snmp and agent/mib.h, and the loop of the
 * thread. It knows no license; agent/session.c keeps the session.
 */
#include "agent/subtree.h"

#include <poll.h>
#include <sched.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/library/large_fd_set.h>

#include "agent/session.h"
#include "license/base/clock.h"

enum {
	FDS_MAX = 32, /* net-snmp has a pipe and a session */
	OWN_FDS = 2,
	BURST_NS = 250000,
	SLOW_NS = 1000000000, /* for an answer to one notification */
	BURST_MIN = 8, /* answers at most BURST_NS apart */
	BULK_RANGES = 32, /* repeaters answered of one GetBulk */
	BULK_MAX = 1000,  /* values, about, of its answer */
	LAST_ANSWER_MS = 200, /* at the end */
};

static void
to_oid(const struct mib_oid *from, oid to[static MIB_OID_MAX])
{
	for (size_t i = 0; i < from->len; i++)
		to[i] = from->id[i];
}

static void
from_oid(const oid *from, size_t len, struct mib_oid *to)
{
	to->len = len < MIB_OID_MAX ? len : MIB_OID_MAX;
	for (size_t i = 0; i < to->len; i++)
		to->id[i] = (uint32_t)from[i];
}

static u_char
asn_type(enum mib_type type)
{
	static const u_char types[] = {
		[MIB_INTEGER] = ASN_INTEGER,
		[MIB_UNSIGNED] = ASN_UNSIGNED,
		[MIB_GAUGE] = ASN_GAUGE,
		[MIB_COUNTER] = ASN_COUNTER,
		[MIB_OCTETS] = ASN_OCTET_STR,
		[MIB_BITS] = ASN_OCTET_STR,
	};

	return types[type];
}

static bool
is_octets(const struct mib_value *value)
{
	return value->type == MIB_OCTETS || value->type == MIB_BITS;
}

static void
add_value(netsnmp_variable_list **list, const struct mib_oid *oid_of,
    const struct mib_value *value)
{
	long number = (long)value->number;
	oid name[MIB_OID_MAX];

	to_oid(oid_of, name);
	if (is_octets(value))
		snmp_varlist_add_variable(list, name, oid_of->len,
		    asn_type(value->type), value->octets, value->len);
	else
		snmp_varlist_add_variable(list, name, oid_of->len,
		    asn_type(value->type), &number, sizeof(number));
}

static void
answer_get(const struct mib *mib, const netsnmp_variable_list *asked,
    netsnmp_pdu *reply)
{
	struct mib_oid name;
	struct mib_value value;

	from_oid(asked->name, asked->name_length, &name);
	enum mib_rc rc = mib_get(mib, &name, &value);
	if (rc == MIB_FOUND)
		add_value(&reply->variables, &name, &value);
	else
		snmp_varlist_add_variable(&reply->variables, asked->name,
		    asked->name_length, rc == MIB_NO_OBJECT ?
			SNMP_NOSUCHOBJECT : SNMP_NOSUCHINSTANCE, NULL, 0);
}

/* A search range of RFC 2741, 5.2: from a name up to, not with, an end. */
struct range {
	struct mib_oid at, end;
	bool inclusive, bounded;
};

static void
to_range(const netsnmp_variable_list *asked, struct range *range)
{
	from_oid(asked->name, asked->name_length, &range->at);
	from_oid(asked->val.objid, asked->val_len / sizeof(oid), &range->end);
	range->inclusive = asked->type == ASN_PRIV_INCL_RANGE;
	/* The library's null object identifier is 0.0. */
	range->bounded = range->end.len > 0 && range->end.id[0] != 0;
}

/* True when something was there; ${range} begins after it then. */
static bool
answer_next(const struct mib *mib, struct range *range, netsnmp_pdu *reply)
{
	struct mib_oid next = range->at;
	struct mib_value value;
	oid name[MIB_OID_MAX];
	bool found = range->inclusive &&
	    mib_get(mib, &range->at, &value) == MIB_FOUND;

	if (!found)
		found = mib_next(mib, &range->at, &next, &value);
	if (found && range->bounded &&
	    mib_oid_compare(&next, &range->end) >= 0)
		found = false;
	if (found) {
		add_value(&reply->variables, &next, &value);
		range->at = next;
		range->inclusive = false;
		return true;
	}
	to_oid(&range->at, name);
	snmp_varlist_add_variable(&reply->variables, name, range->at.len,
	    SNMP_ENDOFMIBVIEW, NULL, 0);
	return false;
}

/* RFC 2741, 7.2.3.3; net-snmp's master never asks so. */
static void
answer_bulk(const struct mib *mib, const netsnmp_pdu *asked,
    netsnmp_pdu *reply)
{
	struct range ranges[BULK_RANGES];
	const netsnmp_variable_list *v = asked->variables;
	size_t count = 0;
	bool any = true;

	for (long i = 0; v != NULL && i < asked->non_repeaters; i++) {
		to_range(v, &ranges[0]);
		answer_next(mib, &ranges[0], reply);
		v = v->next_variable;
	}
	for (; v != NULL && count < BULK_RANGES; v = v->next_variable)
		to_range(v, &ranges[count++]);
	for (long n = 0; any && count > 0 && n < asked->max_repetitions &&
	    n * (long)count < BULK_MAX; n++) {
		any = false;
		for (size_t i = 0; i < count; i++)
			any |= answer_next(mib, &ranges[i], reply);
	}
}

static void
answer_pdu(const struct mib *mib, const netsnmp_pdu *asked,
    netsnmp_pdu *reply)
{
	const netsnmp_variable_list *v = asked->variables;
	struct range range;

	switch (asked->command) {
	case AGENTX_GET:
		for (; v != NULL; v = v->next_variable)
			answer_get(mib, v, reply);
		break;
	case AGENTX_GET_NEXT:
		for (; v != NULL; v = v->next_variable) {
			to_range(v, &range);
			answer_next(mib, &range, reply);
		}
		break;
	case AGENTX_GET_BULK:
		answer_bulk(mib, asked, reply);
		break;
	default: /* nothing can be set */
		reply->errstat = SNMP_ERR_NOTWRITABLE;
		reply->errindex = 1;
	}
}

void
subtree_answer(struct subtree *s, netsnmp_session *session,
    const netsnmp_pdu *asked)
{
	atomic_fetch_add(&s->board->counters.agentx_requests, 1);
	if (asked->command == AGENTX_CLEANUP_SET)
		return; /* has no answer */
	netsnmp_pdu *reply = snmp_pdu_create(AGENTX_RESPONSE);
	if (reply == NULL)
		return;
	reply->version = session->version;
	reply->flags |= asked->flags & AGENTX_NETWORK_BYTE_ORDER;
	reply->sessid = asked->sessid;
	reply->transid = asked->transid;
	reply->reqid = asked->reqid;
	reply->time = reply->errstat = reply->errindex = 0;
	answer_pdu(subtree_mib(s), asked, reply);
	if (snmp_send(session, reply) == 0)
		snmp_free_pdu(reply);
	int64_t now = clock_boot().ns;
	s->in_a_row = now - s->answered_ns < BURST_NS ? s->in_a_row + 1 : 0;
	s->answered_ns = now;
}

static void
send_notice(struct subtree *s, const struct notice *notice)
{
	static const oid trap_oid[] = {1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0};
	struct mib_varbind varbinds[MIB_VARBINDS];
	netsnmp_variable_list *list = NULL;
	struct mib_oid which;
	oid name[MIB_OID_MAX];

	mib_notification((int)notice->number, &which);
	to_oid(&which, name);
	snmp_varlist_add_variable(&list, trap_oid, OID_LENGTH(trap_oid),
	    ASN_OBJECT_ID, name, which.len * sizeof(name[0]));
	mib_varbinds(notice, varbinds);
	for (size_t i = 0; i < MIB_VARBINDS; i++)
		add_value(&list, &varbinds[i].oid, &varbinds[i].value);
	s->sending = true;
	s->sending_number = (int)notice->number;
	s->sending_ns = clock_boot().ns;
	session_notify(list);
}

void
subtree_taken(struct subtree *s)
{
	s->sending = false;
	s->paced = clock_boot().ns - s->sending_ns >= SLOW_NS;
	subtree_count_sent(s);
	notices_pop(s->notices);
	atomic_fetch_add(&s->board->counters.notifications[s->sending_number],
	    1);
}

static bool
may_send(const struct subtree *s)
{
	return s->connected && !s->sending && subtree_pace_ns(s) == 0;
}

/*
 * One after the other, each out of the queue once the master has answered: a
 * frozen one takes octets that are lost when it is killed. More than a second
 * takes, behind a second that was full or an answer that took one, is a storm.
 */
static void
send_notices(struct subtree *s)
{
	struct notice notice;

	if (may_send(s)) {
		notices_condense(s->notices, SUBTREE_NOTICES_PER_S, s->paced);
		s->paced = false;
		if (notices_peek(s->notices, &notice))
			send_notice(s, &notice);
	}
	if (s->connected && subtree_pace_ns(s) > 0)
		s->paced = true;
	atomic_store(&s->board->counters.notifications_pending,
	    (long long)notices_pending(s->notices));
}

static void
shorten(int *timeout_ms, int64_t wait_ns)
{
	int wait_ms = wait_ns < 0 ? 0 : (int)(wait_ns / 1000000) + 1;

	if (*timeout_ms == -1 || wait_ms < *timeout_ms)
		*timeout_ms = wait_ms;
}

/* Everything the library wants read, and when it wants to be called. */
static nfds_t
gather(struct subtree *s, struct pollfd fds[static FDS_MAX], int *timeout_ms)
{
	netsnmp_large_fd_set set;
	struct timeval timeout = {0, 0};
	int limit = 0, block = 1;
	nfds_t count = OWN_FDS;

	netsnmp_large_fd_set_init(&set, FD_SETSIZE);
	NETSNMP_LARGE_FD_ZERO(&set);
	snmp_select_info2(&limit, &set, &timeout, &block);
	for (int fd = 0; fd < limit && count < FDS_MAX; fd++) {
		if (!NETSNMP_LARGE_FD_ISSET(fd, &set))
			continue;
		fds[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
	}
	netsnmp_large_fd_set_cleanup(&set);
	*timeout_ms = block ? -1 : (int)(timeout.tv_sec * 1000 +
	    (timeout.tv_usec + 999) / 1000);
	shorten(timeout_ms, s->due_ns - clock_boot().ns);

	/*
	 * While the pace holds, the queue is not listened to, empty or not: a
	 * wake-up at its end listens again.
	 */
	int64_t wait_ns = subtree_pace_ns(s);
	if (s->connected && !s->sending && wait_ns > 0)
		shorten(timeout_ms, wait_ns);
	fds[0] = (struct pollfd){.events = POLLIN,
		.fd = atomic_load(&s->stopping) ? -1 : s->wake_fd};
	fds[1] = (struct pollfd){.events = POLLIN,
		.fd = may_send(s) ? notices_fd(s->notices) : -1};
	return count;
}

/* Only what poll() reported: another read blocks, or drops the session. */
static void
read_ready(const struct pollfd *fds, nfds_t count)
{
	netsnmp_large_fd_set ready;
	bool any = false;

	netsnmp_large_fd_set_init(&ready, FD_SETSIZE);
	NETSNMP_LARGE_FD_ZERO(&ready);
	for (nfds_t i = OWN_FDS; i < count; i++) {
		if (fds[i].revents == 0)
			continue;
		NETSNMP_LARGE_FD_SET(fds[i].fd, &ready);
		any = true;
	}
	if (any)
		snmp_read2(&ready);
	netsnmp_large_fd_set_cleanup(&ready);
}

/*
 * A walk asks for the next name as soon as it has the last; the wake-up of a
 * sleeping core costs more than the answer. So in a burst, and only there, the
 * thread looks again for a moment before it sleeps, and yields meanwhile.
 */
static int
wait_ready(struct subtree *s, struct pollfd *fds, nfds_t count,
    int timeout_ms)
{
	int64_t until = s->answered_ns + BURST_NS;

	while (s->in_a_row >= BURST_MIN && clock_boot().ns < until) {
		int ready = poll(fds, count, 0);

		if (ready != 0)
			return ready;
		sched_yield();
	}
	return poll(fds, count, timeout_ms);
}

static void
listen_to_master(struct subtree *s, int64_t wait_ns)
{
	struct pollfd fds[FDS_MAX];
	int timeout_ms;
	nfds_t count = gather(s, fds, &timeout_ms);

	if (wait_ns >= 0)
		shorten(&timeout_ms, wait_ns);
	if (wait_ready(s, fds, count, timeout_ms) > 0)
		read_ready(fds, count);
	snmp_timeout();
}

/* What the master takes now is not sent again at the next start. */
static void
await_last_answer(struct subtree *s)
{
	int64_t until = clock_boot().ns + LAST_ANSWER_MS * INT64_C(1000000);
	int64_t left_ns;

	while (s->sending && (left_ns = until - clock_boot().ns) > 0)
		listen_to_master(s, left_ns);
}

void
subtree_run(struct subtree *s)
{
	session_start(s);
	while (!atomic_load(&s->stopping)) {
		session_tend(s);
		send_notices(s);
		listen_to_master(s, -1);
	}
	await_last_answer(s);
	session_end();
}
