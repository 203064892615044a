/* SPDX-License-Identifier: ISC */
/* What SNMP managers meet; it knows no license. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "license/doctor.h"

/* Did snmpd, of whose socket something is wrong, answer a manager? */
static bool
snmpd_answers(const struct doctor_found *f)
{
	return f->seen.told && (f->seen.speaks_v3 ||
	    (f->seen.system.kind != POLLER_SILENT &&
		f->seen.system.kind != POLLER_UNREACHABLE));
}

static void
judge_absent(const struct doctor_found *f, struct doctor_report *out)
{
	const struct doctor_master *m = &f->master;
	struct doctor_step *step;

	if (snmpd_answers(f)) {
		step = doctor_add(out, STEP_SNMP_MASTER, "", "snmpd runs, but "
		    "serves no subagents at %s", m->path);
		doctor_mend(step, DOCTOR_FAILED, "Write \"master agentx\" "
		    "(and \"agentXSocket %s\") into /etc/snmp/snmpd.conf, and "
		    "restart snmpd.", m->path);
		bool usual = strcmp(m->path, "/var/agentx/master") == 0;
		doctor_command(step, "echo 'master agentx' >> "
		    "/etc/snmp/snmpd.conf && %s%s%ssystemctl restart snmpd",
		    usual ? "" : "echo 'agentXSocket ", usual ? "" : m->path,
		    usual ? "" : "' >> /etc/snmp/snmpd.conf && ");
		return;
	}
	step = doctor_add(out, STEP_SNMP_MASTER, "", "nobody serves %s, and "
	    "no snmpd answers at %s", m->path,
	    f->seen.told ? f->seen.target : "all");
	doctor_mend(step, DOCTOR_FAILED, "Start snmpd (of the package "
	    "snmpd), with \"master agentx\" in /etc/snmp/snmpd.conf; without SNMP set enabled = no "
	    "in [snmp].");
	doctor_command(step, "systemctl enable --now snmpd");
}

static void
judge_denied(const struct doctor_found *f, struct doctor_report *out)
{
	const struct doctor_master *m = &f->master;
	struct doctor_step *step;

	if (!f->host.as_agent) {
		doctor_skip(out, STEP_SNMP_MASTER, "", "%s: needs root, or a "
		    "running agent", m->path);
		return;
	}
	if (m->mode[0] == '\0') {
		const char *end = strrchr(m->path, '/');
		int size = end == NULL ? 0 : (int)(end - m->path);
		step = doctor_add(out, STEP_SNMP_MASTER, "", "%s may not "
		    "look into %.*s", f->host.user, size, m->path);
		doctor_mend(step, DOCTOR_FAILED, "Let it: agentXPerms sets "
		    "the mode of a directory that snmpd makes, not of one "
		    "that was there.");
		doctor_command(step, "chmod 0755 %.*s", size, m->path);
		return;
	}
	step = doctor_add(out, STEP_SNMP_MASTER, "", "%s may not open %s "
	    "(%s %s:%s)", f->host.user, m->path, m->mode, m->owner, m->group);
	doctor_mend(step, DOCTOR_FAILED, "Write \"agentXPerms 0660 0755 "
	    "Debian-snmp leaseline\" into snmpd's configuration, as our part "
	    "of it does, and restart snmpd.");
	doctor_command(step, DOCTOR_INSTALL_PART);
}

/* False when the master does not answer: the rest is its consequence. */
static bool
judge_master(const struct doctor_found *f, struct doctor_report *out)
{
	static const char *const hangs[] = {
		[MASTER_FULL] = "takes no more connections",
		[MASTER_SILENT] = "takes a connection and says nothing",
	};
	const struct doctor_master *m = &f->master;
	struct doctor_step *step;

	switch (m->state) {
	case MASTER_ANSWERS:
		doctor_add(out, STEP_SNMP_MASTER, "", "an AgentX master "
		    "answers at %s", m->path);
		return true;
	case MASTER_UNTRIED:
		doctor_skip(out, STEP_SNMP_MASTER, "", "%s was not tried%s%s",
		    m->path, m->code == 0 ? "" : ": ",
		    m->code == 0 ? "" : strerror(m->code));
		return true;
	case MASTER_ABSENT:
	case MASTER_DEAD:
		judge_absent(f, out);
		return false;
	case MASTER_DENIED:
		judge_denied(f, out);
		return false;
	case MASTER_FULL:
	case MASTER_SILENT:
		step = doctor_add(out, STEP_SNMP_MASTER, "", "what serves %s "
		    "%s: snmpd hangs", m->path, hangs[m->state]);
		doctor_mend(step, DOCTOR_FAILED, "Restart snmpd; the agent "
		    "connects again by itself.");
		doctor_command(step, "systemctl restart snmpd");
		return false;
	case MASTER_STRANGE:
	case MASTER_REFUSES:
		break;
	}
	step = doctor_add(out, STEP_SNMP_MASTER, "", m->state ==
	    MASTER_STRANGE ? "what serves %s does not speak AgentX (%d)" :
	    "the master at %s refuses subagents with error %d", m->path,
	    m->code);
	doctor_mend(step, DOCTOR_FAILED, "Let agentx-socket name the "
	    "agentXSocket of snmpd.");
	doctor_command(step, "grep -r agentXSocket /etc/snmp");
	return false;
}

static bool
judge_connection(const struct doctor_found *f, struct doctor_report *out)
{
	const struct doctor_agent *a = &f->agent;
	struct doctor_step *step;

	if (!a->told) {
		doctor_skip(out, STEP_SNMP_CONNECTION, "", "see agent");
		return false;
	}
	if (a->agentx == 1) {
		doctor_add(out, STEP_SNMP_CONNECTION, "", "the agent serves "
		    "%s; connections since its start: %" PRId64, f->root_oid,
		    a->agentx_connects);
		return true;
	}
	if (a->agentx == -1) {
		step = doctor_add(out, STEP_SNMP_CONNECTION, "", "the agent "
		    "runs without SNMP, the configuration says enabled = yes");
		doctor_mend(step, DOCTOR_FAILED, "Restart the agent: it takes "
		    "up [snmp] when it starts.");
		doctor_command(step, "systemctl restart leaselined");
	} else if (a->agentx_refused) {
		step = doctor_add(out, STEP_SNMP_CONNECTION, "", "the master "
		    "gave %s to another agent of this machine", f->root_oid);
		doctor_mend(step, DOCTOR_FAILED, "Stop the other one; this "
		    "agent takes the subtree over within %" PRId64 " s.",
		    f->ping_interval_s);
		doctor_command(step, "pgrep -a leaselined; grep -r '%s' "
		    "/etc/snmp", f->root_oid);
	} else {
		step = doctor_add(out, STEP_SNMP_CONNECTION, "", "the agent is "
		    "not connected to the master yet");
		doctor_mend(step, DOCTOR_FAILED, "It tries every %" PRId64
		    " s: look again then, or restart the agent.",
		    f->ping_interval_s);
		doctor_command(step, "systemctl restart leaselined");
	}
	return false;
}

void
doctor_judge_snmp(const struct doctor_found *f, struct doctor_report *out)
{
	bool connected;

	if (!f->snmp_enabled) {
		for (int id = STEP_SNMP_MASTER; id < STEP_COUNT; id++)
			doctor_skip(out, (enum doctor_step_id)id, "",
			    "[snmp] enabled = no");
		return;
	}
	if (!judge_master(f, out)) {
		for (int id = STEP_SNMP_CONNECTION; id < STEP_COUNT; id++)
			doctor_skip(out, (enum doctor_step_id)id, "",
			    "see snmp_master");
		return;
	}
	connected = judge_connection(f, out);
	doctor_judge_view(f, connected, out);
	doctor_skip(out, STEP_NOTIFICATIONS, "", "whether a manager receives "
	    "them, only it can tell: send one with 'fcli test notification'");
}
