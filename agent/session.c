/* SPDX-License-Identifier: ISC */
/*
 * Keeps a session with the SNMP master. It refuses to know what is served.
 */
#include "agent/session.h"

#include <errno.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/agent_callbacks.h>

#include "agent/subtree.h"
#include "agent/transport.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/log.h"

#define APPLICATION "leaseline"
#define CAPABILITY "LEASELINE-MIB, by leaselined " LEASELINE_VERSION

/*
 * Exported by libnetsnmpagent, in none of its headers. The public way to it,
 * the callback after reading configuration, does much besides.
 */
int subagent_open_master_session(void);

static const int64_t second_ns = 1000000000;

enum {
	ANSWER_US = 5000000, /* a slow master takes 3 s */
	OPEN_S = 6, /* an answer, and time to read it */
	RETRY_MAX_S = 5,
	LASTING_S = 10,
	SHORT_MAX = 2, /* sessions in a row that are told before silence */
	PRIORITY = 127, /* the default of RFC 2741, 6.2.3 */
	NOT_OPEN = 257, /* RFC 2741, 6.2.16 */
};

enum trouble { TROUBLE_NONE, TROUBLE_ABSENT, TROUBLE_CLOSED, TROUBLE_SILENT };

/*
 * The library frees the argument of a callback at its end, so callbacks find
 * the thread's data here.
 */
static struct subtree *the;
static netsnmp_session *open_session;	/* NULL: none */
static snmp_callback library_callback; /* of that session before ours */

static int
retry_max_s(const struct subtree *s)
{
	return s->ping_interval_s < RETRY_MAX_S ? s->ping_interval_s :
	    RETRY_MAX_S;
}

static int
on_log(int major, int minor, void *message, void *self)
{
	const struct snmp_log_message *said = message;
	struct buf text;

	(void)major;
	(void)minor;
	(void)self;
	if (said == NULL || said->msg == NULL)
		return 0;
	size_t len = strlen(said->msg);
	while (len > 0 && said->msg[len - 1] == '\n')
		len--;
	buf_init(&text, 512);
	buf_printable(&text, said->msg, len);
	if (len == 0 || !subtree_is_news(the, buf_text(&text)))
		;
	else if (said->priority <= LOG_WARNING)
		log_warn("SNMP: net-snmp says: %s", buf_text(&text));
	else
		log_debug("SNMP: net-snmp says: %s", buf_text(&text));
	buf_fini(&text);
	return 0;
}

static int
on_session_init(int major, int minor, void *session, void *self)
{
	(void)major;
	(void)minor;
	(void)self;
	((struct snmp_session *)session)->timeout = ANSWER_US;
	((struct snmp_session *)session)->retries = 0;
	return 0;
}

static int
on_packet(int operation, netsnmp_session *session, int request,
    netsnmp_pdu *pdu, void *magic)
{
	if (operation == NETSNMP_CALLBACK_OP_DISCONNECT)
		return library_callback(operation, session, request, pdu,
		    magic);
	if (operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE)
		return 1;
	if (pdu->command == AGENTX_CLOSE)
		transport_cut();
	else if (pdu->command != AGENTX_RESPONSE)
		subtree_answer(the, session, pdu);
	return 1;
}

static int
on_connected(int major, int minor, void *session, void *self)
{
	struct subtree *s = the;

	(void)major;
	(void)minor;
	(void)self;
	open_session = session;
	open_session->timeout = ANSWER_US;
	open_session->retries = 0;
	library_callback = open_session->callback;
	open_session->callback = on_packet;
	s->connected = true;
	s->refused = s->sending = false;
	atomic_store(&s->board->counters.agentx_refused, 0);
	s->opened_ns = clock_boot().ns;
	if (atomic_fetch_add(&s->board->counters.agentx_connects, 1) > 0)
		notices_ask_replay(s->notices);
	return 0;
}

static bool
has_lasted(const struct subtree *s)
{
	return clock_boot().ns - s->opened_ns >= LASTING_S * second_ns;
}

static void
plan_retry(struct subtree *s)
{
	int wait_s = s->attempts < 3 ? 1 << s->attempts : RETRY_MAX_S;
	if (wait_s > retry_max_s(s))
		wait_s = retry_max_s(s);
	s->attempts++;
	s->due_ns = clock_boot().ns + wait_s * second_ns;
}

/* The next attempt at once; a master that hangs up each time is let be. */
static void
forget_troubles(struct subtree *s)
{
	s->attempts = s->short_ones = 0;
	s->told = TROUBLE_NONE;
	s->heard_count = 0;
	s->due_ns = clock_boot().ns;
}

static int
on_disconnected(int major, int minor, void *session, void *self)
{
	struct subtree *s = the;

	(void)major;
	(void)minor;
	(void)self;
	(void)session;
	atomic_store(&s->board->counters.agentx_up, 0);
	if (!s->connected)
		return 0; /* while it opened */
	s->connected = s->sending = false;
	open_session = NULL;
	if (has_lasted(s)) {
		forget_troubles(s);
	} else {
		s->short_ones++;
		plan_retry(s);
	}
	if (!atomic_load(&s->stopping) && s->short_ones <= SHORT_MAX)
		log_warn("SNMP: the AgentX master at %s is gone%s; trying again, "
			 "in the end every %d s", s->master, s->short_ones == SHORT_MAX ?
			 " once more within 10 s" : "", retry_max_s(s));
	return 0;
}

/*
 * Keep the library away from every file and from SIGALRM; its parsers of
 * configuration and MIBs have had holes, and they cost 20 ms.
 */
static void
be_quiet(void)
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
	    NETSNMP_DS_AGENT_X_SOCKET, TRANSPORT_NAME);
}

static void
watch_library(void)
{
	snmp_disable_log();
	snmp_enable_calllog();
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING,
	    on_log, NULL);
	snmp_register_callback(SNMP_CALLBACK_LIBRARY,
	    SNMP_CALLBACK_SESSION_INIT, on_session_init, NULL);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION,
	    SNMPD_CALLBACK_INDEX_START, on_connected, NULL);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION,
	    SNMPD_CALLBACK_INDEX_STOP, on_disconnected, NULL);
}

/* A master that does not answer, or knows the session no more, is left. */
static bool
is_answered(int operation, const netsnmp_pdu *pdu)
{
	if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE && pdu != NULL &&
	    pdu->command == AGENTX_RESPONSE)
		return true;
	transport_cut();
	return false;
}

/* Asks on the open session; ${pdu} is taken. */
static void
ask(netsnmp_pdu *pdu, snmp_callback answered)
{
	if (pdu == NULL) {
		transport_cut();
		return;
	}
	pdu->sessid = open_session->sessid;
	if (snmp_async_send(open_session, pdu, answered, NULL) == 0) {
		snmp_free_pdu(pdu);
		transport_cut();
	}
}

static int
on_pong(int operation, netsnmp_session *session, int request,
    netsnmp_pdu *pdu, void *magic)
{
	(void)session;
	(void)request;
	(void)magic;
	if (is_answered(operation, pdu) && pdu->errstat != SNMP_ERR_NOERROR)
		transport_cut();
	return 1;
}

/* Of the table of what the machine's agents implement; nobody waits for it. */
static int
on_described(int operation, netsnmp_session *session, int request,
    netsnmp_pdu *pdu, void *magic)
{
	(void)session;
	(void)request;
	(void)magic;
	is_answered(operation, pdu);
	return 1;
}

static void
describe(void)
{
	netsnmp_pdu *pdu = snmp_pdu_create(AGENTX_ADD_AGENT_CAPS);
	struct mib_oid capabilities;
	oid name[MIB_OID_MAX];

	mib_capabilities(&capabilities);
	for (size_t i = 0; i < capabilities.len; i++)
		name[i] = capabilities.id[i];
	if (pdu != NULL) {
		pdu->time = 0;
		snmp_add_var(pdu, name, capabilities.len, 's', CAPABILITY);
	}
	ask(pdu, on_described);
}

/*
 * What a master will not have once it will not have again; what it has lost
 * with the session waits for the next one.
 */
static int
on_taken(int operation, netsnmp_session *session, int request,
    netsnmp_pdu *pdu, void *magic)
{
	(void)session;
	(void)request;
	(void)magic;
	if (!is_answered(operation, pdu))
		return 1;
	if (pdu->errstat == NOT_OPEN) {
		transport_cut();
		return 1;
	}
	if (pdu->errstat != SNMP_ERR_NOERROR)
		log_warn("SNMP: the master refused a notification, error %ld",
		    pdu->errstat);
	subtree_taken(the);
	return 1;
}

void
session_notify(netsnmp_variable_list *varbinds)
{
	netsnmp_pdu *pdu = snmp_pdu_create(AGENTX_NOTIFY);

	if (pdu != NULL)
		pdu->variables = varbinds;
	else
		snmp_free_varbind(varbinds);
	ask(pdu, on_taken);
}

static int
on_registered(int operation, netsnmp_session *session, int request,
    netsnmp_pdu *pdu, void *magic)
{
	struct subtree *s = the;

	(void)session;
	(void)request;
	(void)magic;
	if (!is_answered(operation, pdu) || open_session == NULL)
		return 1;
	bool was_refused = s->refused;
	s->refused = pdu->errstat != SNMP_ERR_NOERROR;
	atomic_store(&s->board->counters.agentx_refused, s->refused);
	if (s->refused && !was_refused)
		log_error("SNMP: the master refused the subtree: does another "
			  "agent of this machine serve it? Asking again every "
			  "%d s", s->ping_interval_s);
	if (s->refused)
		return 1;
	atomic_store(&s->board->counters.agentx_up, 1);
	if (was_refused)
		log_info("SNMP: the master took the subtree");
	else if (s->short_ones < SHORT_MAX)
		log_info("SNMP: connected to the AgentX master at %s",
		    s->master);
	describe();
	return 1;
}

static void
ask_for_subtree(void)
{
	netsnmp_pdu *pdu = snmp_pdu_create(AGENTX_REGISTER);
	oid root[MIB_OID_MAX];

	for (size_t i = 0; i < mib_root()->len; i++)
		root[i] = mib_root()->id[i];
	if (pdu != NULL) {
		pdu->time = 0;
		pdu->priority = PRIORITY;
		pdu->range_subid = 0;
		snmp_add_null_var(pdu, root, mib_root()->len);
	}
	ask(pdu, on_registered);
}

static void
tell_trouble(struct subtree *s, int error)
{
	enum trouble trouble = error == EACCES || error == EPERM ?
	    TROUBLE_CLOSED : error == 0 || error == EAGAIN ||
		error == ETIMEDOUT ? TROUBLE_SILENT : TROUBLE_ABSENT;

	if ((int)trouble == s->told || atomic_load(&s->stopping))
		return;
	s->told = (int)trouble;
	if (trouble == TROUBLE_CLOSED)
		log_warn("SNMP: no AgentX master answers at %s: %s. Its socket "
			 "must be open to this user: agentXPerms of snmpd gives "
			 "it to a group (see snmpd-leaseline.conf); trying "
			 "again, in the end every %d s", s->master, strerror(error),
		    retry_max_s(s));
	else if (trouble == TROUBLE_ABSENT)
		log_warn("SNMP: no AgentX master answers at %s: %s. Does snmpd "
			 "run, with \"master agentx\" and this agentXSocket "
			 "(see snmpd-leaseline.conf)? Trying again, in the end every "
			 "%d s",
		    s->master, strerror(error), retry_max_s(s));
	else
		log_warn("SNMP: no AgentX master answers at %s: something "
			 "listens there and stays silent. Does snmpd hang? "
			 "Trying again, in the end every %d s",
		    s->master, retry_max_s(s));
}

/* What follows an attempt, which on_connected() has seen if it was good. */
static void
after_attempt(struct subtree *s)
{
	transport_bound(0);
	if (!s->connected) {
		tell_trouble(s, transport_error());
		plan_retry(s);
		return;
	}
	s->due_ns = clock_boot().ns + s->ping_interval_s * second_ns;
	ask_for_subtree();
}

void
session_start(struct subtree *s)
{
	the = s;
	watch_library();
	be_quiet();
	init_agent(APPLICATION);
	/* init_agent() sets 15 */
	netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID,
	    NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL, 0);
	transport_init(&s->address);
	transport_bound(OPEN_S * second_ns);
	init_snmp(APPLICATION);
	after_attempt(s);
}

void
session_tend(struct subtree *s)
{
	if (clock_boot().ns < s->due_ns)
		return;
	if (!s->connected) {
		transport_bound(OPEN_S * second_ns);
		subagent_open_master_session();
		after_attempt(s);
		return;
	}
	if (s->short_ones >= SHORT_MAX && has_lasted(s)) {
		log_info("SNMP: the AgentX master at %s stays", s->master);
		forget_troubles(s);
	}
	s->due_ns = clock_boot().ns + s->ping_interval_s * second_ns;
	if (transport_replaced()) {
		log_info("SNMP: another AgentX master listens at %s now",
		    s->master);
		transport_cut();
		return;
	}
	if (s->refused)
		ask_for_subtree();
	ask(snmp_pdu_create(AGENTX_PING), on_pong);
}

void
session_end(void)
{
	snmp_shutdown(APPLICATION);
	shutdown_agent();
}
