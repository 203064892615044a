/* SPDX-License-Identifier: ISC */
/* A FastNetMon of the vendor's beside us: what both of us would have. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "license/doctor.h"

enum { CONFLICTS_SIZE = DOCTOR_MEND_SIZE };

/* conflicts: what is both of ours, and how each is ended. */
struct conflicts {
	char found[CONFLICTS_SIZE], mends[CONFLICTS_SIZE];
	size_t count;
};

__attribute__((format(printf, 3, 4))) static void
append(char *out, size_t size, const char *format, ...)
{
	size_t len = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + len, size - len, format, args);
	va_end(args);
}

/* Its file at our path is license_file's to fail. */
static void
find_license(const struct doctor_found *f, struct conflicts *c)
{
	for (size_t i = 0; i < f->license_count; i++) {
		const struct doctor_license *l = &f->licenses[i];

		if (strcmp(l->path, f->host.vendor.license) != 0 ||
		    l->file == PATH_STRANGE)
			continue;
		append(c->found, sizeof(c->found), "; its license lives at "
		    "the path of license %s, %s", l->name, l->path);
		append(c->mends, sizeof(c->mends), "Set license-file = "
		    "/var/lib/leaseline/%s.lic in section [license %s]. ",
		    l->name, l->name);
		c->count++;
		return;
	}
}

static void
find_others(const struct doctor_found *f, struct conflicts *c)
{
	const struct doctor_vendor *v = &f->host.vendor;

	/* A license alone rotates no log. */
	if (v->has_log && (v->part[0] != '\0' || f->seen.vendor_pid != 0)) {
		append(c->found, sizeof(c->found), "; its log is our log-file "
		    "too, and each rotates it under the other");
		append(c->mends, sizeof(c->mends), "Set log-file = "
		    "/var/log/leaseline.log in section [agent]. ");
		c->count++;
	}
	if (v->link[0] != '\0') {
		append(c->found, sizeof(c->found), "; whoever types fcli gets "
		    "ours at %s, not the vendor's", v->link);
		append(c->mends, sizeof(c->mends), "Let %s lead to the "
		    "vendor's, with the command; ours is leaseline as well. ",
		    v->link);
		c->count++;
	}
}

static void
describe(const struct doctor_found *f, char *out, size_t size)
{
	const struct doctor_vendor *v = &f->host.vendor;

	out[0] = '\0';
	if (v->part[0] != '\0')
		append(out, size, "FastNetMon of the vendor at %s", v->part);
	else if (f->seen.vendor_pid != 0)
		append(out, size, "FastNetMon of the vendor runs, and is not "
		    "installed here: in a container?");
	else if (v->has_license)
		append(out, size, "a license that is not ours at %s, and no "
		    "FastNetMon of the vendor", v->license);
	else
		append(out, size, "no FastNetMon of the vendor on this "
		    "machine");
	if (f->seen.vendor_pid != 0)
		append(out, size, " (pid %" PRId64 ")", f->seen.vendor_pid);
	if (v->has_license && (v->part[0] != '\0' || f->seen.vendor_pid != 0))
		append(out, size, "; its license at %s is left alone",
		    v->license);
	if (v->fcli[0] != '\0')
		append(out, size, "; %s is not ours and stays, ours is "
		    "leaseline", v->fcli);
}

bool
doctor_has_vendor(const struct doctor_found *f)
{
	const struct doctor_vendor *v = &f->host.vendor;

	return v->part[0] != '\0' || v->has_license || f->seen.vendor_pid != 0;
}

void
doctor_judge_vendor(const struct doctor_found *f, struct doctor_report *out)
{
	struct conflicts c = {.count = 0};
	char text[DOCTOR_TEXT_SIZE];
	struct doctor_step *step;

	describe(f, text, sizeof(text));
	if (doctor_has_vendor(f)) {
		find_license(f, &c);
		find_others(f, &c);
	}
	step = doctor_add(out, STEP_VENDOR, "", "%s%s", text, c.found);
	if (c.count == 0)
		return;
	doctor_mend(step, DOCTOR_WARNING, "%s%s", c.mends,
	    c.count == 1 && f->host.vendor.link[0] != '\0' ? "" :
	    "Then restart the agent.");
	if (f->host.vendor.link[0] != '\0')
		doctor_command(step, "ln -sfn %s %s", f->host.vendor.fcli,
		    f->host.vendor.link);
	else
		doctor_command(step, "systemctl restart leaselined");
}
