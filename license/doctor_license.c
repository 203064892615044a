/* SPDX-License-Identifier: ISC */
/* A license: its file, what it is worth, and whom it is refreshed by. */
#include <errno.h>
#include <string.h>

#include "license/doctor.h"

static void
judge_file(const struct doctor_license *l, bool as_agent,
    struct doctor_report *out)
{
	struct doctor_step *step;

	if (l->is_watched) {
		doctor_skip(out, STEP_LICENSE_FILE, l->name, "FastNetMon's "
		    "own: its file is left alone");
		return;
	}
	if (l->file == PATH_STRANGE) {
		bool closed = l->file_error == EACCES;

		step = doctor_add(out, STEP_LICENSE_FILE, l->name, "the file "
		    "at %s is not ours%s; it is left alone", l->path, closed ?
		    " and closed to the agent" : "");
		doctor_mend(step, DOCTOR_FAILED, "Set license-file = "
		    "/var/lib/leaseline/%s.lic in section [license %s], and "
		    "commit%s.", l->name, l->name, closed ? "; a license that "
		    "the vendor sent you is put there with install -m 0644" :
		    "");
		doctor_command(step, "fcli commit");
	} else if (!as_agent && l->file == PATH_DENIED) {
		doctor_skip(out, STEP_LICENSE_FILE, l->name, "%s: needs root, "
		    "or a running agent", l->path);
	} else if (l->file == PATH_DENIED) {
		step = doctor_add(out, STEP_LICENSE_FILE, l->name, "%s cannot "
		    "be read: %s", l->path, strerror(l->file_error));
		doctor_mend(step, DOCTOR_FAILED, "Let the agent's user read "
		    "it, and pass the directories before it.");
		doctor_command(step, "chmod 0644 %s; namei -l %s", l->path,
		    l->path);
	} else if (as_agent && l->is_placed && l->directory_error != 0) {
		step = doctor_add(out, STEP_LICENSE_FILE, l->name, "the agent "
		    "cannot put a license into %s: %s", l->directory,
		    strerror(l->directory_error));
		doctor_mend(step, DOCTOR_FAILED, "Let the group leaseline "
		    "write the directory: a license is replaced by a rename "
		    "in it.");
		doctor_command(step, "chgrp leaseline %s && chmod g+w %s",
		    l->directory, l->directory);
	} else if (l->file == PATH_ABSENT && !l->is_placed) {
		step = doctor_add(out, STEP_LICENSE_FILE, l->name, "no file at "
		    "%s", l->path);
		doctor_mend(step, DOCTOR_FAILED, "Send the request to the "
		    "vendor, and put the license that comes at this path.");
		doctor_command(step, "fcli show license_hardware_data %s > "
		    "hw_data.lic", l->name);
	} else if (l->file == PATH_ABSENT) {
		doctor_add(out, STEP_LICENSE_FILE, l->name, "no file at %s "
		    "yet; the agent may put it there", l->path);
	} else {
		doctor_add(out, STEP_LICENSE_FILE, l->name, "%s is ours and "
		    "readable", l->path);
	}
}

static void
judge_license(const struct doctor_license *l, struct doctor_report *out)
{
	bool none = l->state == STATE_MISSING || l->state == STATE_INVALID;
	struct doctor_step *step;

	if (!l->known) {
		doctor_skip(out, STEP_LICENSE, l->name, "needs root, or a "
		    "running agent");
		return;
	}
	if (none && (l->file == PATH_STRANGE || l->file == PATH_DENIED ||
			(l->file == PATH_ABSENT && !l->is_placed))) {
		doctor_skip(out, STEP_LICENSE, l->name, "see license_file");
		return;
	}
	if (l->state == STATE_MISSING && l->authority.tried &&
	    !l->authority.is_authority) {
		doctor_skip(out, STEP_LICENSE, l->name, "none came yet: see "
		    "authority");
		return;
	}
	if (l->file_detail[0] != '\0' && l->file == PATH_OURS) {
		step = doctor_add(out, STEP_LICENSE, l->name, "what is in %s "
		    "is not used: %s", l->path, l->file_detail);
		doctor_mend(step, DOCTOR_FAILED, "Put the %s there%s%s%s",
		    l->is_placed ? "right file" : "license that the vendor "
		    "sent", l->is_placed ? ", or refresh" : "",
		    none ? "." : "; what stays in force is: ",
		    none ? "" : l->sentence);
		if (l->is_placed)
			doctor_command(step, "fcli set renew_license %s",
			    l->name);
		else
			doctor_command(step, "fcli commit");
		return;
	}
	step = doctor_add(out, STEP_LICENSE, l->name, "%s: %s%s%s",
	    names_label(NAMES_STATE, l->state), l->sentence,
	    l->file_detail[0] == '\0' ? "" : "; ", l->file_detail);
	if (l->state == STATE_VALID && l->severity == SEVERITY_OK)
		return;
	doctor_mend(step, l->severity == SEVERITY_WARNING ? DOCTOR_WARNING :
	    DOCTOR_FAILED, "%s", l->advice[0] == '\0' ?
	    "See the command." : l->advice);
	doctor_command(step, "fcli show license_status %s", l->name);
}

/* In place of an authority: is FastNetMon heard? */
static void
judge_watch(const struct doctor_license *l, struct doctor_report *out)
{
	struct doctor_step *step;

	if (l->watch_result == 0 || l->watch_result == RESULT_NEVER) {
		doctor_skip(out, STEP_AUTHORITY, l->name, "FastNetMon was not "
		    "asked for its license yet: that is the agent's to do");
		return;
	}
	bool heard = l->watch_result == RESULT_OK ||
	    l->watch_result == RESULT_STALE;
	step = doctor_add(out, STEP_AUTHORITY, l->name, heard ?
		"FastNetMon tells its license%s%s" :
		"FastNetMon does not tell its license%s%s", heard ? "" : ": ",
	    heard ? "" : l->watch_why);
	if (heard)
		return;
	doctor_mend(step, DOCTOR_FAILED, "%s", l->watch_mend);
	doctor_command(step, "fcli commit %s; fcli show license_status %s",
	    l->name, l->name);
}

void
doctor_judge_licenses(const struct doctor_found *found,
    struct doctor_report *out)
{
	for (size_t i = 0; i < found->license_count; i++) {
		judge_file(&found->licenses[i], found->host.as_agent, out);
		judge_license(&found->licenses[i], out);
		if (found->licenses[i].is_watched)
			judge_watch(&found->licenses[i], out);
		else
			doctor_judge_authority(&found->licenses[i], out);
	}
	if (found->license_total > found->license_count)
		doctor_skip(out, STEP_LICENSE, "", "%zu more: give a NAME to "
		    "look at one", found->license_total -
		    found->license_count);
}
