/* SPDX-License-Identifier: ISC */
/*
 * What fcli, the agent and the doctor found: facts without a judgment. Values
 * without pointers; text in them is not yet printable.
 */
#ifndef LICENSE_DOCTOR_FOUND_H
#define LICENSE_DOCTOR_FOUND_H

#include <stdint.h>

#include "license/base/utc.h"
#include "license/names.h"
#include "license/poller.h"

enum {
	DOCTOR_LICENSES_MAX = 32, /* of one run; give a NAME beyond */
	DOCTOR_LISTENERS_MAX = 16,
	DOCTOR_NAME_SIZE = 80,
	DOCTOR_PATH_SIZE = 256,
	DOCTOR_DETAIL_SIZE = 256,
	DOCTOR_ERROR_SIZE = 768,
	DOCTOR_WORD_SIZE = 512,
};

/* Of offset_s: no authority told the time yet. */
#define DOCTOR_OFFSET_UNKNOWN INT64_MIN

/*
 * doctor_seen: by fcli, as the user and in the place of its caller: what a
 * manager gets from the SNMP master. The community stays in fcli.
 */
struct doctor_seen {
	bool told;
	int ntp; /* by adjtimex(2): 1 synchronized, 0 not, -1 unknown */
	int64_t vendor_pid; /* of a process called fastnetmon; 0: none seen */
	struct poller_answer system, license; /* of sysUpTime, and of ours */
	bool as_user;	/* it was SNMPv3 that asked */
	bool is_given;	/* a community that somebody named */
	bool speaks_v3; /* something at the target answers SNMPv3 */
	char target[64];
};

/* doctor_agent: what the running agent says of itself. */
struct doctor_agent {
	bool told; /* it answered, and what follows is known */
	bool caller_may;
	bool storage_up;
	int64_t pid, start_s;
	int64_t heartbeat_age_s; /* -1: not beaten yet */
	int64_t agentx;		 /* -1 off, 0 down, 1 up */
	bool agentx_refused;	 /* another has the subtree */
	int64_t agentx_connects;
	int64_t trust; /* enum trust; 0 unknown */
	int64_t offset_s;
	char listeners[256]; /* as bound, with commas between; "" none */
};

enum doctor_file { FILE_GOOD, FILE_ABSENT, FILE_DENIED, FILE_BAD };

struct doctor_configuration {
	enum doctor_file state;
	char path[DOCTOR_PATH_SIZE];
	char error[DOCTOR_ERROR_SIZE];
	/* A secret named in it that the agent may not read; "": none. */
	char closed[DOCTOR_PATH_SIZE];
};

/* doctor_contact: what the control socket does when nobody was told. */
enum doctor_contact { CONTACT_ANSWERS, CONTACT_ABSENT, CONTACT_DEAD,
	CONTACT_DENIED, CONTACT_SILENT };

struct doctor_directory {
	bool there, is_directory;
	unsigned mode;
	char owner[64];
	bool owner_is_us;
	int write_error; /* errno of access(W_OK); 0 it may be written */
	int64_t free_bytes, free_files; /* -1 unknown */
};

/* doctor_vendor: what of the vendor's FastNetMon is on this machine. */
struct doctor_vendor {
	char part[DOCTOR_PATH_SIZE]; /* program, unit, configuration; "": none */
	char fcli[DOCTOR_PATH_SIZE]; /* one that is not our link; "": none */
	char link[DOCTOR_PATH_SIZE]; /* ours where that one should be found */
	char license[DOCTOR_PATH_SIZE]; /* where its license is, or would be */
	bool has_license;		/* and it is there, none of ours */
	bool has_log;			/* our log-file is its own */
};

struct doctor_host {
	enum doctor_contact contact;
	char socket[DOCTOR_PATH_SIZE];
	bool lock_held; /* somebody runs on this state directory */
	char user[64];	/* as whom was looked */
	bool as_agent;	/* and so is what the agent may */
	bool is_root;
	char group[64];
	bool group_exists, caller_may;
	char state_path[DOCTOR_PATH_SIZE];
	struct doctor_directory state;
	int64_t trust, offset_s; /* by the files; trust 0: unknown */
	struct doctor_vendor vendor;
};

enum doctor_path { PATH_OURS, PATH_ABSENT,
	PATH_STRANGE, PATH_DENIED };

/* How far an exchange came: what it waited for when it ended. */
enum doctor_phase { PHASE_NAME, PHASE_CONNECT, PHASE_TLS, PHASE_ANSWER };

struct doctor_authority {
	bool tried;
	char why_not[64]; /* a clause, when it was not tried */
	char url[DOCTOR_PATH_SIZE], proxy[DOCTOR_PATH_SIZE]; /* masked */
	char ca[DOCTOR_PATH_SIZE];
	enum result result;
	enum doctor_phase phase;
	long tls_verify;  /* X509_V_ERR_*, 0 good or not reached */
	int proxy_status; /* of CONNECT; 0 none */
	bool proxy_name;  /* result dns: it was the proxy's name */
	int os_error;
	int status; /* HTTP, 0 none */
	bool is_authority;
	int64_t duration_ms;
	utc_t now, certificate_not_after; /* s 0: unknown */
	char detail[DOCTOR_DETAIL_SIZE];  /* libcurl's words */
};

struct doctor_license {
	char name[DOCTOR_NAME_SIZE];
	char path[DOCTOR_PATH_SIZE], directory[DOCTOR_PATH_SIZE];
	enum doctor_path file;
	int file_error;	     /* errno, of PATH_DENIED; of PATH_STRANGE EACCES */
	int directory_error; /* errno; 0: the agent may write there */
	bool is_placed;	     /* by us: a source that is refreshed */
	bool is_watched;     /* FastNetMon's own; there is no path then */
	int watch_result;    /* enum result of the last look; 0: not known */
	char watch_why[DOCTOR_DETAIL_SIZE], watch_mend[DOCTOR_DETAIL_SIZE];
	bool known;	     /* the report could be made from the files */
	int state, severity; /* enum state, enum severity */
	char sentence[DOCTOR_DETAIL_SIZE]; /* fcli show license */
	char advice[DOCTOR_DETAIL_SIZE];
	char file_detail[DOCTOR_DETAIL_SIZE];
	struct doctor_authority authority;
};

struct doctor_listener {
	char address[DOCTOR_NAME_SIZE]; /* as configured, or as bound */
	/* As [exporter] is written: */
	bool loopback, tls;
	bool has_users, has_client_ca;
	bool is_shut; /* to this machine, by allow */
	/* As it was found: */
	bool is_unserved; /* a listen that the running agent does not have */
	bool connected;	  /* somebody was there, whatever came of it */
	bool in_tls;	  /* and the certificate is that of tls-cert */
	long tls_verify;  /* X509_V_ERR_* */
	enum result result;
	int status;
	bool is_ours;  /* what came is our page */
	bool is_asked; /* what came asks for user and password in our words */
	utc_t now, certificate_not_after; /* s 0: unknown */
	char owner[64]; /* user of who listens there, "": nobody seen */
	int64_t duration_ms;
	char detail[DOCTOR_DETAIL_SIZE];
};

/* doctor_master: what an Open PDU met at the AgentX socket. */
enum doctor_master_state { MASTER_UNTRIED, MASTER_ANSWERS, MASTER_ABSENT,
	MASTER_DENIED, MASTER_DEAD, MASTER_FULL, MASTER_SILENT,
	MASTER_STRANGE, MASTER_REFUSES };

struct doctor_master {
	enum doctor_master_state state;
	char path[DOCTOR_PATH_SIZE];
	int code; /* of MASTER_REFUSES: RFC 2741, 6.2.16; of UNTRIED: errno */
	char mode[16], owner[64], group[64]; /* of the socket; "" unknown */
};

struct doctor_found {
	struct doctor_seen seen;
	struct doctor_agent agent;
	struct doctor_configuration configuration;
	struct doctor_host host;
	size_t license_count, license_total;
	struct doctor_license licenses[DOCTOR_LICENSES_MAX];
	size_t listener_count;
	struct doctor_listener listeners[DOCTOR_LISTENERS_MAX];
	bool snmp_enabled;
	int64_t ping_interval_s;
	struct doctor_master master;
	char root_oid[64]; /* of the MIB, with a dot before it */
};

/*
 * doctor_seen_word, doctor_agent_word: as one word of a command line, without
 * a space. doctor_read_seen, doctor_read_agent: false for what is none.
 */
void doctor_seen_word(const struct doctor_seen *seen,
    char out[static DOCTOR_WORD_SIZE]);
bool doctor_read_seen(const char *word, struct doctor_seen *out);
void doctor_agent_word(const struct doctor_agent *agent,
    char out[static DOCTOR_WORD_SIZE]);
bool doctor_read_agent(const char *word, struct doctor_agent *out);

#endif
