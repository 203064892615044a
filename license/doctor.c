/* SPDX-License-Identifier: ISC */
/* The list of steps and what they come to; most judges are in files of their own. */
#include "license/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "license/base/buf.h"

const char *
doctor_step_name(enum doctor_step_id id)
{
#define DOCTOR_STEP_NAME(name, label) [STEP_##name] = #label,
	static const char *const names[STEP_COUNT] = {
		DOCTOR_STEPS(DOCTOR_STEP_NAME)};
#undef DOCTOR_STEP_NAME

	return names[id];
}

const char *
doctor_result_name(enum doctor_result result)
{
	static const char *const names[] = {
		[DOCTOR_OK] = "ok",
		[DOCTOR_WARNING] = "warning",
		[DOCTOR_FAILED] = "failed",
		[DOCTOR_SKIPPED] = "skipped",
	};

	return names[result];
}

/* Paths and an authority's words are in it, so nothing is printed as it is. */
__attribute__((format(printf, 3, 0))) static void
set_text(char *out, size_t size, const char *format, va_list args)
{
	char raw[2 * DOCTOR_TEXT_SIZE];

	vsnprintf(raw, sizeof(raw), format, args);
	text_printable(raw, out, size);
}

struct doctor_step *
doctor_add(struct doctor_report *out, enum doctor_step_id id,
    const char *subject, const char *format, ...)
{
	/* The last place is written over rather than past. */
	if (out->count < DOCTOR_STEPS_MAX)
		out->count++;
	struct doctor_step *step = &out->steps[out->count - 1];
	va_list args;

	*step = (struct doctor_step){.id = id, .result = DOCTOR_OK};
	text_printable(subject, step->subject, sizeof(step->subject));
	va_start(args, format);
	set_text(step->text, sizeof(step->text), format, args);
	va_end(args);
	return step;
}

void
doctor_mend(struct doctor_step *step, enum doctor_result result,
    const char *format, ...)
{
	va_list args;

	step->result = result;
	va_start(args, format);
	set_text(step->mend, sizeof(step->mend), format, args);
	va_end(args);
}

void
doctor_command(struct doctor_step *step, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_text(step->command, sizeof(step->command), format, args);
	va_end(args);
}

void
doctor_skip(struct doctor_report *out, enum doctor_step_id id,
    const char *subject, const char *format, ...)
{
	struct doctor_step *step = doctor_add(out, id, subject, "%s", "");
	va_list args;

	step->result = DOCTOR_SKIPPED;
	va_start(args, format);
	set_text(step->text, sizeof(step->text), format, args);
	va_end(args);
}

/* Without a configuration nobody knows what to look at. */
static void
skip_the_rest(struct doctor_report *out)
{
	for (int id = STEP_AGENT; id < STEP_COUNT; id++)
		doctor_skip(out, (enum doctor_step_id)id, "",
		    "see configuration");
}

static bool
judge_configuration(const struct doctor_found *found,
    struct doctor_report *out)
{
	const struct doctor_configuration *c = &found->configuration;
	struct doctor_step *step;

	if (c->state == FILE_DENIED) {
		doctor_skip(out, STEP_CONFIGURATION, "", "%s may not be read "
		    "by you: needs root, or the group leaseline", c->path);
		return false;
	}
	step = doctor_add(out, STEP_CONFIGURATION, "", "%s is good; licenses: "
	    "%zu", c->path, found->license_total);
	if (c->state == FILE_GOOD && found->license_total > 0)
		return true;
	if (c->state == FILE_GOOD) {
		doctor_mend(step, DOCTOR_FAILED, "Add a [license NAME] "
		    "section to %s; leaseline.conf(5) has examples.", c->path);
		return true;
	}
	out->count--;
	step = doctor_add(out, STEP_CONFIGURATION, "", "%s", c->error);
	if (c->state == FILE_ABSENT)
		doctor_mend(step, DOCTOR_FAILED, "Write the configuration "
		    "there; leaseline.conf(5) has each key, and an example to "
		    "begin with.");
	else if (c->closed[0] != '\0')
		doctor_mend(step, DOCTOR_FAILED, "Let the agent's group read "
		    "it, and nobody else.");
	else
		doctor_mend(step, DOCTOR_FAILED, "Correct what is named, "
		    "look with the command, then reload the agent.");
	if (c->closed[0] != '\0')
		doctor_command(step, "chown root:leaseline %s; chmod 0640 %s",
		    c->closed, c->closed);
	else
		doctor_command(step, "leaselined -n -c %s", c->path);
	return false;
}

/* Where fcli is the vendor's, what we say to type is our other name. */
static void
say_leaseline(char *text, size_t size)
{
	static const char *const verbs[] = {"fcli show ", "fcli set ",
		"fcli commit", "fcli check ", "fcli test ", "fcli doctor"};
	static const char name[] = "fcli", ours[] = "leaseline";
	char *p = text;

	while ((p = strstr(p, name)) != NULL) {
		size_t rest = strlen(p + sizeof(name) - 1) + 1;
		bool is_command = false;

		for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
			is_command = is_command || strncmp(p, verbs[i],
			    strlen(verbs[i])) == 0;
		if (!is_command || (size_t)(p - text) + sizeof(ours) - 1 +
			rest > size) {
			p += sizeof(name) - 1;
			continue;
		}
		memmove(p + sizeof(ours) - 1, p + sizeof(name) - 1, rest);
		memcpy(p, ours, sizeof(ours) - 1);
		p += sizeof(ours) - 1;
	}
}

static void
leave_fcli_to_the_vendor(struct doctor_report *out)
{
	for (size_t i = 0; i < out->count; i++) {
		struct doctor_step *step = &out->steps[i];

		say_leaseline(step->text, sizeof(step->text));
		say_leaseline(step->mend, sizeof(step->mend));
		say_leaseline(step->command, sizeof(step->command));
	}
}

void
doctor_judge(const struct doctor_found *found, struct doctor_report *out)
{
	out->count = 0;
	if (!judge_configuration(found, out)) {
		skip_the_rest(out);
		return;
	}
	doctor_judge_host(found, out);
	doctor_judge_licenses(found, out);
	doctor_judge_exporter(found, out);
	doctor_judge_snmp(found, out);
	if (found->host.vendor.fcli[0] != '\0' || doctor_has_vendor(found))
		leave_fcli_to_the_vendor(out);
}

enum doctor_result
doctor_worst(const struct doctor_report *report)
{
	enum doctor_result worst = DOCTOR_OK;

	for (size_t i = 0; i < report->count; i++) {
		enum doctor_result result = report->steps[i].result;

		if (result != DOCTOR_SKIPPED && result > worst)
			worst = result;
	}
	return worst;
}

int
doctor_exit(const struct doctor_report *report, bool strict)
{
	enum doctor_result worst = doctor_worst(report);

	return worst == DOCTOR_FAILED || (strict && worst == DOCTOR_WARNING) ?
	    1 : 0;
}

void
doctor_text(const struct doctor_report *report, struct buf *out)
{
	size_t counts[DOCTOR_SKIPPED + 1] = {0};

	for (size_t i = 0; i < report->count; i++) {
		const struct doctor_step *step = &report->steps[i];

		counts[step->result]++;
		buf_printf(out, "%-8s %-16s ", doctor_result_name(step->result),
		    doctor_step_name(step->id));
		if (step->subject[0] != '\0')
			buf_printf(out, "%s: ", step->subject);
		buf_printf(out, "%s\n", step->text);
		if (step->mend[0] != '\0')
			buf_printf(out, "%26s%s\n", "", step->mend);
		if (step->command[0] != '\0')
			buf_printf(out, "%28s%s\n", "", step->command);
	}
	buf_printf(out, "\n%zu ok, %zu warnings, %zu failed, %zu skipped\n",
	    counts[DOCTOR_OK], counts[DOCTOR_WARNING], counts[DOCTOR_FAILED],
	    counts[DOCTOR_SKIPPED]);
}
