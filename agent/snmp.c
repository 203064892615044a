/* SPDX-License-Identifier: ISC */
/*
 * The only user of net-snmp. It moves OIDs and values between the library and
 * agent/mib.h and keeps the session alive; it knows no license.
 */
#include "agent/subtree.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/agent_callbacks.h>
#include <net-snmp/agent/agent_sysORTable.h>
#include <net-snmp/library/large_fd_set.h>

#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/log.h"

#define APPLICATION "leaseline"

/*
 * The library frees the argument of a callback at its end, so callbacks find
 * the thread's data here.
 */
static struct subtree *the;
static netsnmp_handler_registration *registration;

static const int64_t second_ns = 1000000000;

enum {
	FDS_MAX = 32, /* net-snmp has two pipes and a session */
	OWN_FDS = 2,
	SESSION_TIMEOUT_US = 1000000 / 3,
};

static void
to_oid(const struct mib_oid *from, oid to[static MIB_OID_MAX])
{
	for (size_t i = 0; i < from->len; i++)
		to[i] = from->id[i];
}

static void
from_variable(const netsnmp_variable_list *variable, struct mib_oid *to)
{
	to->len = variable->name_length < MIB_OID_MAX ?
	    variable->name_length : MIB_OID_MAX;
	for (size_t i = 0; i < to->len; i++)
		to->id[i] = (uint32_t)variable->name[i];
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
put_value(netsnmp_variable_list *variable, const struct mib_value *value)
{
	if (is_octets(value))
		snmp_set_var_typed_value(variable, asn_type(value->type),
		    value->octets, value->len);
	else
		snmp_set_var_typed_integer(variable, asn_type(value->type),
		    (long)value->number);
}

static void
answer_get(const struct mib *mib, netsnmp_agent_request_info *info,
    netsnmp_request_info *request)
{
	struct mib_oid name;
	struct mib_value value;

	from_variable(request->requestvb, &name);
	enum mib_rc rc = mib_get(mib, &name, &value);
	if (rc == MIB_FOUND)
		put_value(request->requestvb, &value);
	else
		netsnmp_set_request_error(info, request,
		    rc == MIB_NO_OBJECT ? SNMP_NOSUCHOBJECT :
					  SNMP_NOSUCHINSTANCE);
}

static void
answer_next(const struct mib *mib, netsnmp_request_info *request)
{
	struct mib_oid name;
	struct mib_value value;
	oid next[MIB_OID_MAX];

	from_variable(request->requestvb, &name);
	bool found = request->inclusive == 1 &&
	    mib_get(mib, &name, &value) == MIB_FOUND;
	if (!found && !mib_next(mib, &name, &name, &value))
		return;
	to_oid(&name, next);
	snmp_set_var_objid(request->requestvb, next, name.len);
	put_value(request->requestvb, &value);
}

static int
on_request(netsnmp_mib_handler *handler, netsnmp_handler_registration *where,
    netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	struct subtree *s = the;

	(void)handler;
	(void)where;
	atomic_fetch_add(&s->board->counters.agentx_requests, 1);
	const struct mib *mib = subtree_mib(s);
	for (netsnmp_request_info *r = requests; r != NULL; r = r->next) {
		if (r->processed)
			continue;
		if (info->mode == MODE_GET)
			answer_get(mib, info, r);
		else if (info->mode == MODE_GETNEXT)
			answer_next(mib, r);
		else
			netsnmp_set_request_error(info, r,
			    SNMP_ERR_NOTWRITABLE);
	}
	return SNMP_ERR_NOERROR;
}

/* The library tells only its log that the master refused the subtree. */
#define REFUSED_PREFIX "registering pdu failed"

static int
on_log(int major, int minor, void *message, void *self)
{
	const struct snmp_log_message *said = message;
	struct subtree *s = the;
	struct buf text;

	(void)major;
	(void)minor;
	(void)self;
	if (said == NULL || said->msg == NULL)
		return 0;
	size_t len = strlen(said->msg);
	while (len > 0 && said->msg[len - 1] == '\n')
		len--;
	if (strncmp(said->msg, REFUSED_PREFIX, strlen(REFUSED_PREFIX)) == 0)
		s->refused = true;
	buf_init(&text, 512);
	buf_printable(&text, said->msg, len);
	if (len == 0 || s->retrying || !subtree_is_news(s, buf_text(&text)))
		;
	else if (said->priority <= LOG_WARNING)
		log_warn("SNMP: net-snmp says: %s", buf_text(&text));
	else
		log_debug("SNMP: net-snmp says: %s", buf_text(&text));
	buf_fini(&text);
	return 0;
}

static int
on_session(int major, int minor, void *session, void *self)
{
	(void)major;
	(void)minor;
	(void)self;
	((struct snmp_session *)session)->timeout = SESSION_TIMEOUT_US;
	((struct snmp_session *)session)->retries = 0;
	return 0;
}

static int
on_connected(int major, int minor, void *session, void *self)
{
	struct subtree *s = the;

	(void)major;
	(void)minor;
	(void)self;
	(void)session;
	s->connected = s->fresh = true;
	s->refused = false;
	s->retry_at_s = 0;
	s->heard_count = 0;
	atomic_store(&s->board->counters.agentx_up, 1);
	if (atomic_fetch_add(&s->board->counters.agentx_connects, 1) > 0)
		notices_ask_replay(s->notices);
	log_info("SNMP: connected to the AgentX master at %s", s->master);
	return 0;
}

static int
on_disconnected(int major, int minor, void *session, void *self)
{
	struct subtree *s = the;

	(void)major;
	(void)minor;
	(void)self;
	(void)session;
	if (s->connected && !atomic_load(&s->stopping))
		log_warn("SNMP: the AgentX master at %s is gone; trying again "
			 "every %d s", s->master, s->ping_interval_s);
	s->connected = false;
	s->heard_count = 0;
	atomic_store(&s->board->counters.agentx_up, 0);
	return 0;
}

/*
 * Keep the library away from every file and from SIGALRM; its parsers of
 * configuration and MIBs have had holes, and they cost 20 ms.
 */
static void
be_quiet(const struct subtree *s)
{
	static const int library[] = {
		NETSNMP_DS_LIB_DONT_READ_CONFIGS,
		NETSNMP_DS_LIB_DONT_PERSIST_STATE,
		NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD,
		NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE,
		NETSNMP_DS_LIB_DONT_LOAD_HOST_FILES,
		NETSNMP_DS_LIB_ALARM_DONT_USE_SIG,
	};

	for (size_t i = 0; i < sizeof(library) / sizeof(library[0]); i++)
		netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, library[i], 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID,
	    NETSNMP_DS_AGENT_ROLE, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID,
	    NETSNMP_DS_AGENT_NO_CONNECTION_WARNINGS, 1);
	netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID,
	    NETSNMP_DS_AGENT_X_SOCKET, s->master);
}

static void
watch_library(void)
{
	snmp_disable_log();
	snmp_enable_calllog();
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING,
	    on_log, NULL);
	snmp_register_callback(SNMP_CALLBACK_LIBRARY,
	    SNMP_CALLBACK_SESSION_INIT, on_session, NULL);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION,
	    SNMPD_CALLBACK_INDEX_START, on_connected, NULL);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION,
	    SNMPD_CALLBACK_INDEX_STOP, on_disconnected, NULL);
}

static void
register_root(void)
{
	oid root[MIB_OID_MAX];

	to_oid(mib_root(), root);
	registration = netsnmp_create_handler_registration(APPLICATION,
	    on_request, root, mib_root()->len, HANDLER_CAN_RONLY);
	if (registration != NULL &&
	    netsnmp_register_handler(registration) != MIB_REGISTERED_OK)
		registration = NULL; /* freed by the library */
}

static void
unregister_root(void)
{
	if (registration != NULL)
		netsnmp_unregister_handler(registration);
	registration = NULL;
}

static void
register_module(void)
{
	oid root[MIB_OID_MAX];

	to_oid(mib_root(), root);
	register_sysORTable(root, mib_root()->len,
	    "The MIB module of a software license: LEASELINE-MIB.");
}

/*
 * Another subagent serves the subtree. Without this the agent would stay deaf
 * when that one ends.
 */
static void
retry_refused(struct subtree *s)
{
	int64_t now = clock_boot().ns / second_ns;

	if (!s->connected || !s->refused)
		return;
	if (s->retry_at_s == 0) {
		log_error("SNMP: the master refused the subtree: does another "
			  "agent of this machine serve it?");
		atomic_store(&s->board->counters.agentx_up, 0);
		s->retry_at_s = now + s->ping_interval_s;
	}
	if (now < s->retry_at_s)
		return;
	s->retry_at_s = now + s->ping_interval_s;
	s->retrying = true;
	s->refused = false;
	unregister_root();
	register_root();
	s->retrying = false;
	if (s->refused || !s->connected)
		return;
	s->retry_at_s = 0;
	atomic_store(&s->board->counters.agentx_up, 1);
	log_info("SNMP: the master took the subtree");
}

static void
start_library(struct subtree *s)
{
	watch_library();
	be_quiet(s);
	init_agent(APPLICATION);
	/* init_agent() sets 15; init_snmp() arms the alarm with what it finds */
	netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID,
	    NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL, s->ping_interval_s);
	register_root();
	register_module();
	init_snmp(APPLICATION);
	if (!s->connected)
		log_warn("SNMP: no AgentX master answers at %s; trying again "
			 "every %d s. snmpd needs \"master agentx\", and its "
			 "socket must be open to this user (see "
			 "snmpd-leaseline.conf)", s->master, s->ping_interval_s);
}

static void
send_notice(const struct notice *notice)
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
	for (size_t i = 0; i < MIB_VARBINDS; i++) {
		const struct mib_value *value = &varbinds[i].value;
		long number = (long)value->number;

		to_oid(&varbinds[i].oid, name);
		snmp_varlist_add_variable(&list, name, varbinds[i].oid.len,
		    asn_type(value->type), is_octets(value) ?
			(const void *)value->octets : &number,
		    is_octets(value) ? value->len : sizeof(number));
	}
	send_v2trap(list);
	snmp_free_varbind(list);
}

/* What is sent while the master is away is lost, so it waits in the queue. */
static void
send_notices(struct subtree *s)
{
	struct counters *counters = &s->board->counters;
	struct notice notice;

	while (s->connected && subtree_pace_ns(s) == 0 &&
	    notices_peek(s->notices, &notice)) {
		send_notice(&notice);
		if (!s->connected)
			break;
		subtree_count_sent(s);
		notices_pop(s->notices);
		atomic_fetch_add(&counters->notifications[notice.number], 1);
	}
	atomic_store(&counters->notifications_pending,
	    (long long)notices_pending(s->notices));
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
		/* on-change commands must not inherit the session. */
		if (s->fresh)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
		fds[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
	}
	netsnmp_large_fd_set_cleanup(&set);
	s->fresh = false;
	*timeout_ms = block ? -1 : (int)(timeout.tv_sec * 1000 +
	    (timeout.tv_usec + 999) / 1000);

	/*
	 * While the pace holds, the queue is not listened to, empty or not: a
	 * wake-up at its end listens again.
	 */
	int64_t wait_ns = subtree_pace_ns(s);
	bool waits = s->connected && wait_ns > 0;
	int wait_ms = (int)(wait_ns / 1000000) + 1;
	if (waits && (*timeout_ms == -1 || wait_ms < *timeout_ms))
		*timeout_ms = wait_ms;
	fds[0] = (struct pollfd){.fd = s->wake_fd, .events = POLLIN};
	fds[1] = (struct pollfd){.events = POLLIN, .fd = s->connected &&
		    wait_ns == 0 ? notices_fd(s->notices) : -1};
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

void
subtree_run(struct subtree *s)
{
	struct pollfd fds[FDS_MAX];

	the = s;
	s->fresh = true;
	start_library(s);
	retry_refused(s);
	while (!atomic_load(&s->stopping)) {
		int timeout_ms;

		send_notices(s);
		nfds_t count = gather(s, fds, &timeout_ms);
		if (poll(fds, count, timeout_ms) > 0)
			read_ready(fds, count);
		snmp_timeout();
		run_alarms();
		netsnmp_check_outstanding_agent_requests();
		retry_refused(s);
	}
	snmp_shutdown(APPLICATION);
	shutdown_agent();
}
