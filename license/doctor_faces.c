/* SPDX-License-Identifier: ISC */
/* What Prometheus and SNMP managers meet; it knows no license. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "license/doctor.h"

#define SNMPD_PART "/usr/share/leaseline/snmpd-leaseline.conf"
#define INSTALL_PART                                                          \
	"cp " SNMPD_PART " /etc/snmp/snmpd.conf.d/leaseline.conf && "         \
	"systemctl restart snmpd"

enum { HTTP_UNAUTHORIZED = 401, HTTP_FORBIDDEN = 403 };

static void
judge_taken(const struct doctor_listener *l, struct doctor_report *out)
{
	struct doctor_step *step;

	step = doctor_add(out, STEP_EXPORTER, l->address, "another program%s%s "
	    "has this port, not the agent (%s %d)",
	    l->owner[0] == '\0' ? "" : " of user ", l->owner,
	    l->result == RESULT_OK ? "HTTP" : l->detail, l->status);
	doctor_mend(step, DOCTOR_FAILED, "Stop what has the port, or give the "
	    "exporter another with listen; then restart the agent.");
	const char *port = strrchr(l->address, ':');
	doctor_command(step, "ss -ltnp 'sport = %s'",
	    port == NULL ? l->address : port);
}

static void
judge_listener(const struct doctor_found *f, const struct doctor_listener *l,
    struct doctor_report *out)
{
	bool runs = f->agent.told || f->host.contact == CONTACT_ANSWERS;
	/* It lets in only whom it knows; and the doctor shows nothing. */
	bool guarded = runs && ((l->tls && l->result == RESULT_TLS) ||
	    l->status == HTTP_UNAUTHORIZED || l->status == HTTP_FORBIDDEN);
	struct doctor_step *step;

	if (l->result == RESULT_CONNECT && !runs) {
		doctor_skip(out, STEP_EXPORTER, l->address, "see agent; the "
		    "port is free");
		return;
	}
	if (runs && l->has_allow && l->connected && l->result != RESULT_OK &&
	    l->result != RESULT_TIMEOUT) {
		doctor_skip(out, STEP_EXPORTER, l->address, "it closes on this "
		    "machine, which is not in allow");
		return;
	}
	if (l->result == RESULT_CONNECT || l->result == RESULT_TIMEOUT) {
		step = doctor_add(out, STEP_EXPORTER, l->address, "no answer: "
		    "%s", l->detail);
		doctor_mend(step, DOCTOR_FAILED, "Restart the agent: it takes "
		    "up listen when it starts.");
		doctor_command(step, "systemctl restart leaselined");
		return;
	}
	if (!l->is_ours && !guarded) {
		judge_taken(l, out);
		return;
	}
	step = doctor_add(out, STEP_EXPORTER, l->address, "it answers in "
	    "%" PRId64 " ms%s; Prometheus scrapes %s%s/metrics",
	    l->duration_ms, guarded ? " and asks who it is" : "",
	    l->tls ? "https://" : strncmp(l->address, "unix:", 5) == 0 ? "" :
	    "http://", l->address);
	if (!l->loopback && !l->tls)
		doctor_mend(step, DOCTOR_WARNING, "Everybody who reaches this "
		    "address reads the license: listen on 127.0.0.1 behind a "
		    "proxy, or set tls-cert and tls-key.");
}

void
doctor_judge_exporter(const struct doctor_found *f, struct doctor_report *out)
{
	if (f->listener_count == 0)
		doctor_skip(out, STEP_EXPORTER, "", "it listens nowhere");
	for (size_t i = 0; i < f->listener_count; i++)
		judge_listener(f, &f->listeners[i], out);
}

/* Did snmpd, of whose socket something is wrong, answer a manager? */
static bool
snmpd_answers(const struct doctor_found *f)
{
	return f->seen.told && f->seen.system.kind != POLLER_SILENT &&
	    f->seen.system.kind != POLLER_UNREACHABLE;
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
		doctor_command(step, "echo 'master agentx' >> "
		    "/etc/snmp/snmpd.conf && systemctl restart snmpd");
		return;
	}
	step = doctor_add(out, STEP_SNMP_MASTER, "", "nobody serves %s, and "
	    "no snmpd answers at %s", m->path,
	    f->seen.told ? f->seen.target : "all");
	doctor_mend(step, DOCTOR_FAILED, "Start snmpd, with \"master "
	    "agentx\" in /etc/snmp/snmpd.conf; without SNMP set enabled = no "
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
	step = doctor_add(out, STEP_SNMP_MASTER, "", "%s may not open %s "
	    "(%s %s:%s)", f->host.user, m->path, m->mode, m->owner, m->group);
	doctor_mend(step, DOCTOR_FAILED, "Write \"agentXPerms 0660 0755 "
	    "Debian-snmp leaseline\" into snmpd's configuration, as our part "
	    "of it does, and restart snmpd.");
	doctor_command(step, INSTALL_PART);
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

static void
judge_no_answer(const struct doctor_found *f, struct doctor_report *out)
{
	const struct doctor_seen *s = &f->seen;
	bool closed = s->system.kind == POLLER_UNREACHABLE;
	struct doctor_step *step;

	step = doctor_add(out, STEP_SNMP_VIEW, "", closed ? "no snmpd listens "
	    "at %s (udp)" : "no answer from %s in 3 s: the wrong community "
	    "looks the same", s->target);
	doctor_mend(step, DOCTOR_FAILED, closed ? "Let agentAddress of snmpd "
	    "name it, or give the right --snmp-target." : "Give the "
	    "manager's community with --snmp-community-file, or let "
	    "rocommunity and agentAddress of snmpd, and the firewall, let it "
	    "in.");
	doctor_command(step, "grep -rE '^(agent[aA]ddress|ro(community|user))'"
	    " /etc/snmp");
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
		    "this agent's objects", target);
		return;
	}
	if (license->kind == POLLER_NO_OBJECT) {
		step = doctor_add(out, STEP_SNMP_VIEW, "", "%s answers, but "
		    "not about %s: it is not in this community's view", target,
		    f->root_oid);
		doctor_mend(step, DOCTOR_FAILED, "Write \"view systemonly "
		    "included %s\" (or your view's name) into snmpd's "
		    "configuration, as our part of it does, and restart "
		    "snmpd.", f->root_oid);
		doctor_command(step, INSTALL_PART);
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

static void
judge_view(const struct doctor_found *f, bool connected,
    struct doctor_report *out)
{
	const struct doctor_seen *s = &f->seen;

	if (!s->told)
		doctor_skip(out, STEP_SNMP_VIEW, "", "fcli asks it, and did "
		    "not");
	else if (!snmpd_answers(f))
		judge_no_answer(f, out);
	else if (!connected)
		doctor_skip(out, STEP_SNMP_VIEW, "", "%s answers; see "
		    "snmp_connection", s->target);
	else
		judge_value(f, out);
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
	judge_view(f, connected, out);
	doctor_skip(out, STEP_NOTIFICATIONS, "", "whether a manager receives "
	    "them, only it can tell: send one with 'fcli test notification'");
}
