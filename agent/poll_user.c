/* SPDX-License-Identifier: ISC */
/* Two GETs with net-snmp's user-based security, in a process of their own. */
#include "agent/poll_user.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "agent/mib.h"
#include "license/base/buf.h"
#include "license/poller.h"

#define APPLICATION "leaseline-doctor"

enum { ANSWER_US = 1000000, RETRIES = 2, LIMIT_S = 8, EXIT_BAD_FILE = 2,
	OPEN_TO_OTHERS = 0077 };

static char complaint[256]; /* the first of the library */

static int
on_log(int major, int minor, void *message, void *self)
{
	const struct snmp_log_message *said = message;
	char text[sizeof(complaint)];

	(void)major;
	(void)minor;
	(void)self;
	/* A token of another program's is a warning. */
	if (said == NULL || said->msg == NULL || said->priority > LOG_ERR ||
	    complaint[0] != '\0')
		return 0;
	snprintf(text, sizeof(text), "%s", said->msg);
	text[strcspn(text, "\n")] = '\0';
	text_printable(text, complaint, sizeof(complaint));
	return 0;
}

/*
 * The library away from every file but one; its list of MIBs, too: what it
 * does not find of that is no fault of the file.
 */
static void
be_quiet(void)
{
	static const int off[] = {
		NETSNMP_DS_LIB_DONT_READ_CONFIGS,
		NETSNMP_DS_LIB_DONT_PERSIST_STATE,
		NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD,
		NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE,
		NETSNMP_DS_LIB_DONT_LOAD_HOST_FILES,
	};

	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, off[i], 1);
	setenv("MIBS", "", 1);
	setenv("MIBDIRS", "/nonexistent", 1);
	setenv("SNMPCONFPATH", "/nonexistent", 1);
	snmp_disable_log();
	snmp_enable_calllog();
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING,
	    on_log, NULL);
}

static bool
refuse(const char *file, const char *why)
{
	size_t len = strlen(file);

	/* The library names it, too, with the line. */
	if (strncmp(why, file, len) == 0 && strncmp(why + len, ": ", 2) == 0)
		why += len + 2;
	fprintf(stderr, "fcli: --snmp-v3-file: %s: %s\n", file, why);
	return false;
}

static bool
may_use(const char *file)
{
	struct stat st;

	if (access(file, R_OK) == -1 || stat(file, &st) == -1)
		return refuse(file, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(file, "is no file");
	if ((st.st_mode & OPEN_TO_OTHERS) != 0)
		return refuse(file, "is open to others, and has passphrases in "
		    "it: chmod 0600");
	return true;
}

static bool
read_user(const char *file, netsnmp_session *session)
{
	if (!may_use(file))
		return false;
	be_quiet();
	init_snmp(APPLICATION);
	read_config_with_type(file, "snmp");
	snmp_call_callbacks(SNMP_CALLBACK_LIBRARY,
	    SNMP_CALLBACK_POST_READ_CONFIG, NULL);
	if (complaint[0] != '\0')
		return refuse(file, complaint);
	if (netsnmp_ds_get_string(NETSNMP_DS_LIBRARY_ID,
		NETSNMP_DS_LIB_SECNAME) == NULL)
		return refuse(file, "has no defSecurityName; snmp.conf(5) has "
		    "its form");
	snmp_sess_init(session);
	session->version = SNMP_VERSION_3;
	session->timeout = ANSWER_US;
	session->retries = RETRIES;
	return true;
}

static struct poller_answer
refusal(int error)
{
	static const struct {
		int error;
		enum poller_kind kind;
	} rows[] = {
		{SNMPERR_UNKNOWN_USER_NAME, POLLER_NO_USER},
		{SNMPERR_UNSUPPORTED_SEC_LEVEL, POLLER_NO_LEVEL},
		{SNMPERR_AUTHENTICATION_FAILURE, POLLER_WRONG_KEY},
		{SNMPERR_DECRYPTION_ERR, POLLER_NO_PRIVACY},
		{SNMPERR_NOT_IN_TIME_WINDOW, POLLER_NO_TIME},
		{SNMPERR_TIMEOUT, POLLER_SILENT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].error == error)
			return (struct poller_answer){rows[i].kind, error};
	}
	return (struct poller_answer){POLLER_MALFORMED, error};
}

static struct poller_answer
value_of(const netsnmp_pdu *pdu)
{
	const netsnmp_variable_list *v = pdu->variables;
	struct poller_answer out = {.kind = POLLER_OTHER};

	if (pdu->errstat != SNMP_ERR_NOERROR)
		return (struct poller_answer){POLLER_ERROR, pdu->errstat};
	if (v == NULL)
		return (struct poller_answer){POLLER_MALFORMED, 0};
	if (v->type == SNMP_NOSUCHOBJECT)
		out.kind = POLLER_NO_OBJECT;
	else if (v->type == SNMP_NOSUCHINSTANCE)
		out.kind = POLLER_NO_INSTANCE;
	else if (v->type == ASN_INTEGER || v->type == ASN_UNSIGNED ||
	    v->type == ASN_TIMETICKS)
		out = (struct poller_answer){POLLER_NUMBER, v->type ==
			ASN_INTEGER ? *v->val.integer :
			(int64_t)(uint32_t)*v->val.integer};
	return out;
}

static struct poller_answer
ask(void *handle, const oid *name, size_t len)
{
	netsnmp_pdu *asked = snmp_pdu_create(SNMP_MSG_GET), *answer = NULL;
	struct poller_answer out;

	snmp_add_null_var(asked, name, len);
	int status = snmp_sess_synch_response(handle, asked, &answer);
	if (status == STAT_SUCCESS && answer != NULL) {
		out = value_of(answer);
	} else if (status == STAT_TIMEOUT) {
		out = (struct poller_answer){POLLER_SILENT, 0};
	} else {
		int library = 0, system = 0;
		char *text = NULL;

		snmp_sess_error(handle, &system, &library, &text);
		free(text);
		out = system == ECONNREFUSED ? (struct poller_answer){
			POLLER_UNREACHABLE, system} : refusal(library);
	}
	snmp_free_pdu(answer);
	return out;
}

static void
put(struct poller_answer answer)
{
	printf("%d %" PRId64 "\n", (int)answer.kind, answer.number);
}

/* ${ours}: leaselineAgentStartEpoch, as fcli asks a community for it. */
static size_t
name_start(oid ours[static MIB_OID_MAX])
{
	static const uint32_t start[] = {1, 1, 3, 0};
	const struct mib_oid *root = mib_root();
	size_t len = 0;

	for (; len < root->len; len++)
		ours[len] = root->id[len];
	for (size_t i = 0; i < sizeof(start) / sizeof(start[0]); i++)
		ours[len++] = start[i];
	return len;
}

/* False when the library cannot make keys of what is in the file. */
static bool
ask_both(netsnmp_session *session, struct poller_answer *system,
    struct poller_answer *license)
{
	static const oid up_time[] = {1, 3, 6, 1, 2, 1, 1, 3, 0};
	oid ours[MIB_OID_MAX];
	size_t len = name_start(ours);
	void *handle = snmp_sess_open(session);

	if (handle == NULL) {
		*system = *license = refusal(session->s_snmp_errno);
		return complaint[0] == '\0';
	}
	*system = ask(handle, up_time, sizeof(up_time) / sizeof(up_time[0]));
	*license = system->kind == POLLER_SILENT ? *system :
	    ask(handle, ours, len);
	snmp_sess_close(handle);
	return true;
}

int
poll_user_run(const char *file, const char *target)
{
	struct poller_answer system = {POLLER_SILENT, 0}, license = system;
	netsnmp_session session;
	char peer[128];

	alarm(LIMIT_S);
	if (!read_user(file, &session))
		return EXIT_BAD_FILE;
	snprintf(peer, sizeof(peer), "%s:%s", target[0] == '[' ? "udp6" : "udp",
	    target);
	session.peername = peer;
	if (target[0] != '\0' && !ask_both(&session, &system, &license)) {
		refuse(file, complaint);
		return EXIT_BAD_FILE;
	}
	put(system);
	put(license);
	return EXIT_SUCCESS;
}
