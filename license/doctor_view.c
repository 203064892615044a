/* SPDX-License-Identifier: ISC */
/* What an SNMP manager gets of the subtree, by community or as a user. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "license/doctor.h"

/* Names and no passphrase, which stands behind them in the same lines. */
#define SHOW_USERS                                                            \
	"grep -rhoE '^(createUser|r[ow](user|community)|agent[aA]ddress) +"   \
	"[^ ]+' /etc/snmp"

enum { AUTHORIZATION_ERROR = 16 }; /* RFC 3416 */

static void
judge_no_answer(const struct doctor_found *f, struct doctor_report *out)
{
	const struct doctor_seen *s = &f->seen;
	bool closed = s->system.kind == POLLER_UNREACHABLE;
	struct doctor_step *step;

	step = doctor_add(out, STEP_SNMP_VIEW, "", closed ? "no snmpd listens "
	    "at %s (udp)" : s->as_user ? "nobody at %s answers SNMPv3 in 3 s" :
	    "no answer from %s in 3 s: the wrong community looks the same",
	    s->target);
	doctor_mend(step, DOCTOR_FAILED, closed ? "Let agentAddress of snmpd "
	    "name it, or give the right --snmp-target." : s->as_user ?
	    "Let agentAddress of snmpd, and the firewall, let it in." :
	    "Give the manager's community with --snmp-community-file, or let "
	    "rocommunity and agentAddress of snmpd, and the firewall, let it "
	    "in.");
	doctor_command(step, SHOW_USERS);
}

/*
 * It speaks SNMPv3, as net-snmp's master does with or without users of it.
 * That nobody told us whom it would answer is no fault of the installation.
 */
static void
judge_other_version(const struct doctor_found *f, struct doctor_report *out)
{
	const struct doctor_seen *s = &f->seen;
	struct doctor_step *step;

	step = doctor_add(out, STEP_SNMP_VIEW, "", s->is_given ? "%s answers "
	    "SNMPv3, and not this community: the wrong community looks the "
	    "same; a manager that has it does not read %s" : "%s answers "
	    "SNMPv3, and not the community public: whether a manager reads %s "
	    "was not seen", s->target, f->root_oid);
	doctor_mend(step, s->is_given ? DOCTOR_FAILED : DOCTOR_WARNING,
	    "Give the community that the first command shows, in a file with "
	    "--snmp-community-file; a user of SNMPv3, where it shows one, with "
	    "--snmp-v3-file, or look with the second, its passphrases in "
	    "~/.snmp/snmp.conf as defAuthPassphrase and defPrivPassphrase.");
	doctor_command(step, SHOW_USERS "; snmpget -v3 -u USER -l authPriv -a SHA-256 "
	    "-x AES %s %s.1.1.3.0", s->target, f->root_oid);
}

/* What the master has against the user; false: nothing. */
static bool
judge_user_refused(const struct doctor_found *f, struct doctor_report *out)
{
	static const struct {
		enum poller_kind kind;
		const char *found, *mend;
	} rows[] = {
		{POLLER_NO_USER, "knows no SNMPv3 user of this name",
		    "Correct defSecurityName in the file, or make the user "
		    "with createUser in snmpd's configuration, and restart "
		    "snmpd."},
		{POLLER_NO_LEVEL, "has this user without the security level "
		    "asked for", "Let defSecurityLevel in the file be what "
		    "the user was made for: authPriv needs a privacy "
		    "passphrase in createUser."},
		{POLLER_WRONG_KEY, "does not take the passphrase of this "
		    "user", "Correct defAuthPassphrase, or defAuthType, in "
		    "the file: SHA and SHA-256 are two."},
		{POLLER_NO_PRIVACY, "answers SNMPv3, and not this user: the "
		    "encryption cannot be read", "Correct defPrivPassphrase, "
		    "or defPrivType, in the file."},
		{POLLER_NO_TIME, "says that the message is out of its time",
		    "Run the doctor again; if it stays, restart snmpd, and "
		    "see that no other machine has its engineID."},
	};
	const struct doctor_seen *s = &f->seen;
	struct doctor_step *step;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (s->system.kind != rows[i].kind)
			continue;
		step = doctor_add(out, STEP_SNMP_VIEW, "", "%s %s", s->target,
		    rows[i].found);
		doctor_mend(step, DOCTOR_FAILED, "%s", rows[i].mend);
		doctor_command(step, SHOW_USERS);
		return true;
	}
	return false;
}

static void
judge_hidden(const struct doctor_found *f, struct doctor_report *out)
{
	const struct doctor_seen *s = &f->seen;
	bool no_access = s->license.kind == POLLER_ERROR;
	struct doctor_step *step;

	step = doctor_add(out, STEP_SNMP_VIEW, "", "%s answers, but not about "
	    "%s: %s", s->target, f->root_oid, !s->as_user ? "it is not in "
	    "this community's view" : no_access ? "this user may read nothing "
	    "at this security level" : "it is not in this user's view");
	if (no_access && s->as_user) {
		doctor_mend(step, DOCTOR_FAILED, "Write \"rouser NAME priv "
		    "-V systemonly\" into snmpd's configuration, or give "
		    "the file the defSecurityLevel that it asks for.");
		doctor_command(step, SHOW_USERS);
		return;
	}
	doctor_mend(step, DOCTOR_FAILED, "Write \"view systemonly included "
	    "%s\" (or your view's name) into snmpd's configuration, as our "
	    "part of it does, and restart snmpd.", f->root_oid);
	doctor_command(step, DOCTOR_INSTALL_PART);
}

/* Something answered at the target, about our subtree. */
static void
judge_value(const struct doctor_found *f, struct doctor_report *out)
{
	const struct poller_answer *license = &f->seen.license;
	const char *target = f->seen.target;
	struct doctor_step *step;

	if (license->kind == POLLER_NUMBER &&
	    license->number == f->agent.start_s) {
		doctor_add(out, STEP_SNMP_VIEW, "", "a manager at %s reads "
		    "this agent's objects%s", target, f->seen.as_user ?
		    ", as a user of SNMPv3" : "");
		return;
	}
	if (license->kind == POLLER_NO_OBJECT ||
	    (license->kind == POLLER_ERROR &&
		license->number == AUTHORIZATION_ERROR)) {
		judge_hidden(f, out);
		return;
	}
	if (license->kind == POLLER_SILENT || license->kind == POLLER_ERROR) {
		step = doctor_add(out, STEP_SNMP_VIEW, "", "%s answers, but %s "
		    "%s (%" PRId64 ")", target, f->root_oid, license->kind ==
		    POLLER_SILENT ? "is silent" : "gives an error",
		    license->number);
		doctor_mend(step, DOCTOR_FAILED, "snmpd waits for the agent: "
		    "restart the agent.");
		doctor_command(step, "systemctl restart leaselined");
		return;
	}
	step = doctor_add(out, STEP_SNMP_VIEW, "", "what a manager reads at "
	    "%s is not of this agent", target);
	doctor_mend(step, DOCTOR_FAILED, "Give the --snmp-target that asks "
	    "the snmpd of this machine.");
	doctor_command(step, "fcli doctor --snmp-target 127.0.0.1:161");
}

void
doctor_judge_view(const struct doctor_found *f, bool connected,
    struct doctor_report *out)
{
	const struct doctor_seen *s = &f->seen;
	bool answers = s->system.kind != POLLER_SILENT &&
	    s->system.kind != POLLER_UNREACHABLE;

	if (!s->told)
		doctor_skip(out, STEP_SNMP_VIEW, "", "fcli asks it, and did "
		    "not");
	else if (!answers && !s->speaks_v3)
		judge_no_answer(f, out);
	else if (answers && judge_user_refused(f, out))
		return;
	else if (!connected)
		doctor_skip(out, STEP_SNMP_VIEW, "", "%s answers; see "
		    "snmp_connection", s->target);
	else if (!answers)
		judge_other_version(f, out);
	else
		judge_value(f, out);
}
