/* SPDX-License-Identifier: ISC */
/* The agent and the machine it lives on; it knows no license. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "license/doctor.h"

enum {
	HEARTBEAT_LATE_S = 60,
	HEARTBEAT_LOST_S = 90, /* as /healthz */
	OFFSET_MAX_S = 60,
	FREE_FEW_BYTES = 16 << 20,
	FREE_NONE_BYTES = 1 << 20,
	FREE_FEW_FILES = 100,
	OFFSET_SIZE = 64,
};

static void
judge_agent(const struct doctor_found *f, struct doctor_report *out)
{
	const struct doctor_host *h = &f->host;
	struct doctor_step *step;

	if (f->agent.told) {
		doctor_add(out, STEP_AGENT, "", "it runs, pid %" PRId64
		    ", and answers at %s", f->agent.pid, h->socket);
		return;
	}
	if (h->contact == CONTACT_ANSWERS) {
		doctor_add(out, STEP_AGENT, "", "it answers at %s", h->socket);
		return;
	}
	if (h->contact == CONTACT_DENIED) {
		step = doctor_add(out, STEP_AGENT, "", "no permission to open "
		    "%s", h->socket);
		doctor_mend(step, DOCTOR_FAILED, "Open the directory of the "
		    "control socket to all, as the agent makes it.");
		doctor_command(step, "chmod 0755 $(dirname %s)", h->socket);
	} else if (h->contact == CONTACT_SILENT) {
		step = doctor_add(out, STEP_AGENT, "", "something holds %s and "
		    "does not answer: the agent hangs", h->socket);
		doctor_mend(step, DOCTOR_FAILED, "Restart the agent.");
		doctor_command(step, "systemctl restart leaselined");
	} else if (h->lock_held) {
		step = doctor_add(out, STEP_AGENT, "", "an agent runs on %s, "
		    "but not at %s", h->state_path, h->socket);
		doctor_mend(step, DOCTOR_FAILED, "Restart the agent, so that "
		    "it takes up control-socket, or ask it with --socket.");
		doctor_command(step, "systemctl restart leaselined");
	} else {
		step = doctor_add(out, STEP_AGENT, "", "it does not run: "
		    "nobody serves %s", h->socket);
		doctor_mend(step, DOCTOR_FAILED, "Start the agent; if it ends "
		    "at once, journalctl -u leaselined says why.");
		doctor_command(step, "systemctl enable --now leaselined");
	}
}

static void
judge_heartbeat(const struct doctor_found *f, struct doctor_report *out)
{
	int64_t age_s = f->agent.heartbeat_age_s;
	struct doctor_step *step;

	if (!f->agent.told) {
		doctor_skip(out, STEP_HEARTBEAT, "", "see agent");
		return;
	}
	if (age_s < 0) {
		doctor_add(out, STEP_HEARTBEAT, "", "the agent has just "
		    "started");
		return;
	}
	step = doctor_add(out, STEP_HEARTBEAT, "", "%" PRId64 " s ago; it "
	    "beats every 30 s", age_s);
	if (age_s <= HEARTBEAT_LATE_S)
		return;
	doctor_mend(step, age_s > HEARTBEAT_LOST_S ? DOCTOR_FAILED :
	    DOCTOR_WARNING, "The keeper is late: look for a slow disk or an "
	    "overloaded machine, and restart the agent.");
	doctor_command(step, "systemctl restart leaselined");
}

static void
judge_user(const struct doctor_found *f, struct doctor_report *out)
{
	const struct doctor_host *h = &f->host;
	struct doctor_step *step;

	if (!f->agent.told) {
		doctor_skip(out, STEP_USER, "", "see agent; what follows was "
		    "looked at as %s", h->user);
		return;
	}
	step = doctor_add(out, STEP_USER, "", "the agent runs as %s", h->user);
	if (!h->is_root)
		return;
	doctor_mend(step, DOCTOR_WARNING, "It needs no privileges: end this "
	    "one, and run it from its unit, as the user leaseline.");
	doctor_command(step, "kill %" PRId64 "; systemctl enable --now "
	    "leaselined", f->agent.pid);
}

static void
judge_group(const struct doctor_found *f, struct doctor_report *out)
{
	const struct doctor_host *h = &f->host;
	bool may = f->agent.told ? f->agent.caller_may : h->caller_may;
	struct doctor_step *step = doctor_add(out, STEP_GROUP, "", "the group "
	    "%s %s; you %s renew and commit", h->group,
	    h->group_exists ? "exists" : "does not exist",
	    may ? "may" : "may not");

	if (!h->group_exists) {
		doctor_mend(step, DOCTOR_WARNING, "Make the group, or name "
		    "another as user-group: until then only root may renew "
		    "and commit.");
		doctor_command(step, "groupadd --system %s", h->group);
	} else if (!may) {
		doctor_mend(step, DOCTOR_WARNING, "Use sudo, or join the group "
		    "and log in again.");
		doctor_command(step, "usermod -aG %s \"$USER\"", h->group);
	}
}

/* The first thing that is wrong; false when nothing is. */
static bool
directory_is_wrong(const struct doctor_found *f, struct doctor_report *out)
{
	const struct doctor_host *h = &f->host;
	const struct doctor_directory *d = &h->state;
	const char *path = h->state_path;
	struct doctor_step *step;

	if (!d->there || !d->is_directory) {
		step = doctor_add(out, STEP_STATE_DIRECTORY, "", "%s %s", path,
		    d->there ? "is no directory" : "is not there");
		doctor_mend(step, DOCTOR_FAILED, "Make it, owned by the "
		    "agent's user and closed to others.");
		doctor_command(step, "install -d -o leaseline -g leaseline "
		    "-m 0700 %s", path);
	} else if (h->as_agent && !d->owner_is_us) {
		step = doctor_add(out, STEP_STATE_DIRECTORY, "", "%s belongs "
		    "to %s, and the agent is %s", path, d->owner, h->user);
		doctor_mend(step, DOCTOR_FAILED, "Give it to the agent's "
		    "user.");
		doctor_command(step, "chown -R %s %s", h->user, path);
	} else if ((d->mode & 077) != 0) {
		step = doctor_add(out, STEP_STATE_DIRECTORY, "", "%s is open "
		    "to others (mode %04o): the machine key lies in it", path,
		    d->mode);
		doctor_mend(step, DOCTOR_FAILED, "Close it.");
		doctor_command(step, "chmod 0700 %s", path);
	} else if (h->as_agent && d->write_error != 0) {
		step = doctor_add(out, STEP_STATE_DIRECTORY, "", "%s cannot be "
		    "written: %s", path, strerror(d->write_error));
		doctor_mend(step, DOCTOR_FAILED, "Make it writable to %s; a "
		    "file system mounted read-only is often a failing disk.",
		    h->user);
		doctor_command(step, "findmnt -T %s", path);
	} else {
		return false;
	}
	return true;
}

static void
judge_state_directory(const struct doctor_found *f, struct doctor_report *out)
{
	const struct doctor_host *h = &f->host;
	const struct doctor_directory *d = &h->state;
	struct doctor_step *step;

	if (directory_is_wrong(f, out))
		return;
	if (!h->as_agent) {
		doctor_skip(out, STEP_STATE_DIRECTORY, "", "%s: needs root, "
		    "or a running agent", h->state_path);
		return;
	}
	step = doctor_add(out, STEP_STATE_DIRECTORY, "", "%s: mode %04o, of "
	    "%s, writable, %" PRId64 " MiB free", h->state_path, d->mode,
	    d->owner, d->free_bytes >> 20);
	bool failing = f->agent.told && !f->agent.storage_up;
	if (failing || (d->free_bytes >= 0 && d->free_bytes < FREE_NONE_BYTES) ||
	    d->free_files == 0)
		doctor_mend(step, DOCTOR_FAILED, failing ? "The agent's last "
		    "write failed, its log says why: free space, or mend the "
		    "disk." : "Free space on this file system: the agent "
		    "cannot store a license.");
	else if ((d->free_bytes >= 0 && d->free_bytes < FREE_FEW_BYTES) ||
	    (d->free_files >= 0 && d->free_files < FREE_FEW_FILES))
		doctor_mend(step, DOCTOR_WARNING, "Free space on this file "
		    "system before it is full.");
	else
		return;
	doctor_command(step, "df -h %s; df -i %s", h->state_path,
	    h->state_path);
}

/* Or else nobody but FastNetMon is asked, and no signed time comes. */
static bool
asks_authority(const struct doctor_found *f)
{
	bool watched = f->license_count > 0;

	for (size_t i = 0; i < f->license_count; i++)
		watched &= f->licenses[i].is_watched;
	return !watched;
}

/* With the separator behind it. */
static void
describe_offset(int64_t offset_s, char out[static OFFSET_SIZE])
{
	int64_t size_s = offset_s < 0 ? -offset_s : offset_s;
	bool days = size_s >= 2 * DAY_S;

	snprintf(out, OFFSET_SIZE, "%" PRId64 " %s %s the authority's; ",
	    days ? size_s / DAY_S : size_s, days ? "days" : "s",
	    offset_s == 0 ? "from" : offset_s < 0 ? "behind" : "ahead of");
}

static void
judge_clock(const struct doctor_found *f, struct doctor_report *out)
{
	static const char *const ntp[] = {"synchronized or not is unknown",
		"not synchronized", "synchronized"};
	bool told = f->agent.told;
	int64_t trust = told ? f->agent.trust : f->host.trust;
	int64_t offset_s = told ? f->agent.offset_s : f->host.offset_s;
	int synchronized = f->seen.told ? f->seen.ntp : -1;
	/* Measured before it stepped, it is another clock's. */
	bool known = trust == TRUST_TRUSTED && asks_authority(f) &&
	    offset_s != DOCTOR_OFFSET_UNKNOWN;
	bool far = known &&
	    (offset_s > OFFSET_MAX_S || offset_s < -OFFSET_MAX_S);
	char offset[OFFSET_SIZE] = "";
	struct doctor_step *step;

	if (known)
		describe_offset(offset_s, offset);
	step = doctor_add(out, STEP_CLOCK, "", "%s; %s%s", trust == 0 ?
	    "nothing is known to judge it by" :
	    names_sentence(NAMES_TRUST, (int)trust), offset,
	    ntp[synchronized + 1]);
	if (trust == TRUST_STEPPED_BACK || trust == TRUST_STEPPED_FORWARD)
		doctor_mend(step, DOCTOR_FAILED, "Set the clock right and "
		    "switch time synchronization on; if the clock is right "
		    "and its memory is wrong, %s.", asks_authority(f) ?
			"refresh, or send 'fcli show license_hardware_data' "
			"to the vendor" : "restart the agent");
	else if (far || synchronized == 0)
		doctor_mend(step, DOCTOR_WARNING, "Switch time "
		    "synchronization on (chrony, or systemd-timesyncd).");
	else
		return;
	doctor_command(step, "timedatectl set-ntp true");
}

void
doctor_judge_host(const struct doctor_found *found, struct doctor_report *out)
{
	judge_agent(found, out);
	judge_heartbeat(found, out);
	judge_user(found, out);
	judge_group(found, out);
	judge_state_directory(found, out);
	judge_clock(found, out);
	doctor_judge_vendor(found, out);
}
