/* SPDX-License-Identifier: ISC */
/*
 * The operator's command, run at each edge of usable: which one is due, with
 * what words, and what came of it. How a program is run and ended is in
 * base/child.c; whether a license is usable, in the report.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "license/base/child.h"
#include "license/base/clock.h"
#include "license/base/log.h"
#include "license/base/words.h"
#include "license/keeper/holding.h"

enum {
	/* At a start, an unusable license is asked for before it counts. */
	SETTLE_S = 120,
	SHOWN_SIZE = CHILD_LINE_MAX * 4 + 4,
	VALUE_SIZE = ADVICE_SIZE + 64,
	VARIABLES = 12,
	EXTRA_WORDS = 4,
};

/* After a run that failed; then the edge is left, until the next or a commit. */
static const int retry_s[] = {60, 300, 900};
enum { RETRIES = sizeof(retry_s) / sizeof(retry_s[0]) };

/* Everything that the command sees of us, and so nothing of our own. */
struct environment {
	char text[VARIABLES][VALUE_SIZE];
	const char *list[VARIABLES + 1];
	size_t count;
};

static void
put(struct environment *e, const char *name, const char *value)
{
	char printable[ADVICE_SIZE];

	text_printable(value, printable, sizeof(printable));
	snprintf(e->text[e->count], VALUE_SIZE, "%s=%s", name, printable);
	e->list[e->count] = e->text[e->count];
	e->count++;
}

static void
put_instant(struct environment *e, const char *name, bool there, utc_t at)
{
	char text[UTC_TEXT_SIZE];

	if (!there)
		return;
	utc_text(at, text);
	put(e, name, text);
}

static void
describe(const struct report *report, enum standing target,
    struct environment *e)
{
	*e = (struct environment){.count = 0};
	put(e, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
		       "/sbin:/bin");
	put(e, "LANG", "C.UTF-8");
	put(e, "HOME", "/");
	put(e, "LEASELINE_LICENSE", report->name);
	put(e, "LEASELINE_USABLE", standing_word(target));
	put(e, "LEASELINE_STATE", names_label(NAMES_STATE, report->state));
	put(e, "LEASELINE_SEVERITY",
	    names_label(NAMES_SEVERITY, report->severity));
	put(e, "LEASELINE_REASON", names_label(NAMES_REASON, report->reason));
	put(e, "LEASELINE_ADVICE", report->advice);
	put_instant(e, "LEASELINE_EXPIRY", report->has[FIELD_ID_EXPIRY],
	    report->expiry);
	put_instant(e, "LEASELINE_ACTION_DEADLINE",
	    report->has[FIELD_ID_ACTION_DEADLINE], report->action_deadline);
	e->list[e->count] = NULL;
}

static void
on_line(void *self, const char *text)
{
	const struct job *job = self;
	char shown[SHOWN_SIZE];

	text_printable(text, shown, sizeof(shown));
	log_info("on-change of %s: %s", job->name, shown);
}

static void
log_end(const struct job *job, int code)
{
	const char *word = standing_word(job->target);

	if (child_dropped(job->child) > 0)
		log_warn("on-change of %s: %llu more bytes of output are not "
			 "logged", job->name,
		    (unsigned long long)child_dropped(job->child));
	if (code == 0)
		log_info("The on-change command of %s ran for %s", job->name,
		    word);
	else if (code == CHILD_LATE)
		log_error("The on-change command of %s (%s) did not end in "
			  "time and was killed", job->name, word);
	else
		log_error("The on-change command of %s (%s) failed: exit code "
			  "%d", job->name, word, code);
}

/* What a run left behind decides whether, and for what, it is run again. */
static void
settle(struct holding *holding, enum standing target, int code)
{
	struct on_change *o = &holding->on_change;
	bool same = o->failed_for == target;

	holding->facts.on_change_exit = code;
	holding->keeper->dirty = true;
	o->running = false;
	o->failures = code == 0 ? 0 : same ? o->failures + 1 : 1;
	o->failed_for = code == 0 ? STANDING_UNKNOWN : target;
	o->retry_at = (mono_t){0};
	if (code == 0 || o->failures > RETRIES)
		o->told = target;
	else
		o->retry_at.ns = clock_boot().ns +
		    retry_s[o->failures - 1] * INT64_C(1000000000);
	holding_persist(holding);
	holding_record_command(holding, target, code);
}

static void
job_end(struct job *job)
{
	int code = child_code(job->child);

	log_end(job, code);
	child_free(job->child);
	if (job->holding != NULL)
		settle(job->holding, job->target, code);
	*job = (struct job){.child = NULL};
}

static void
say_unstarted(const struct holding *holding, const char *program, int error)
{
	log_error("The on-change command of %s cannot be started: %s: %s",
	    holding->facts.name, program, strerror(error));
}

static void
start(struct holding *holding, struct job *job, enum standing target)
{
	const struct report *report = &holding->report;
	const char *arguments[WORDS_MAX + EXTRA_WORDS + 1];
	struct environment environment;
	struct words words;
	const char *why = "";
	size_t n = 0;

	holding->on_change.asked = false;
	/* Until it ends well it is due again, whatever happens to us. */
	holding->on_change.told = STANDING_UNKNOWN;
	holding_persist(holding);
	if (!words_split(holding->config.on_change, &words, &why))
		words.count = 0;
	for (; n < words.count; n++)
		arguments[n] = words_get(&words, n);
	arguments[n++] = report->name;
	arguments[n++] = standing_word(target);
	arguments[n++] = names_label(NAMES_STATE, report->state);
	arguments[n++] = names_label(NAMES_SEVERITY, report->severity);
	arguments[n] = NULL;
	describe(report, target, &environment);
	*job = (struct job){.holding = holding, .target = target};
	text_copy(job->name, sizeof(job->name), report->name);
	const struct child_options options = {
		.arguments = arguments,
		.environment = environment.list,
		.limit_s = holding->config.on_change_limit_s,
		.line = on_line,
		.self = job,
	};
	job->child = words.count == 0 ? NULL : child_start(&options);
	if (job->child != NULL) {
		holding->on_change.running = true;
		return;
	}
	say_unstarted(holding, arguments[0], words.count == 0 ? EINVAL : errno);
	*job = (struct job){.child = NULL};
	settle(holding, target, CHILD_UNSTARTED);
}

/*
 * What is unusable when the agent starts may be so for want of an answer: a
 * clock that is off, a file that could not be read. It is asked for first.
 */
static bool
is_settled(const struct holding *holding, mono_t now)
{
	return (!policy_refreshes(&holding->facts) &&
		   !policy_watches(&holding->facts)) ||
	    holding->facts.attempts > 0 ||
	    now.ns - holding->opened.ns > SETTLE_S * INT64_C(1000000000);
}

/* UNKNOWN: nothing is to be run now. */
static enum standing
due(const struct holding *holding, mono_t now)
{
	const struct on_change *o = &holding->on_change;
	enum standing standing;

	if (holding->config.on_change[0] == '\0' || o->running ||
	    !holding->has_report)
		return STANDING_UNKNOWN;
	standing = edges_standing(&holding->report);
	if (standing == STANDING_UNUSABLE && !is_settled(holding, now))
		return STANDING_UNKNOWN;
	/* After a commit, with what the answer brought. */
	if (o->asked && !holding->commit && !holding->in_flight)
		return standing;
	if (standing == o->told)
		return STANDING_UNKNOWN;
	if (standing == o->failed_for && now.ns < o->retry_at.ns)
		return STANDING_UNKNOWN;
	return standing;
}

static struct job *
free_place(struct keeper *keeper)
{
	for (size_t i = 0; i < KEEPER_JOBS_MAX; i++) {
		if (keeper->jobs[i].child == NULL)
			return &keeper->jobs[i];
	}
	return NULL;
}

void
keeper_review_jobs(struct keeper *keeper, mono_t now)
{
	for (size_t i = 0; i < keeper->count; i++) {
		struct holding *holding = keeper->holdings[i];
		enum standing target = due(holding, now);
		struct job *job;

		if (target == STANDING_UNKNOWN)
			continue;
		/* The next that ends makes room. */
		job = free_place(keeper);
		if (job == NULL)
			break;
		start(holding, job, target);
	}
	if (keeper->dirty)
		keeper_publish(keeper);
}

void
holding_leave_jobs(const struct holding *holding)
{
	for (size_t i = 0; i < KEEPER_JOBS_MAX; i++) {
		struct job *job = &holding->keeper->jobs[i];

		if (job->holding == holding)
			job->holding = NULL;
	}
}

void
keeper_end_jobs(struct keeper *keeper)
{
	for (size_t i = 0; i < KEEPER_JOBS_MAX; i++) {
		child_free(keeper->jobs[i].child);
		keeper->jobs[i] = (struct job){.child = NULL};
	}
}

static void
ask(void *self, struct loop_want *want)
{
	struct keeper *keeper = self;
	mono_t boot = clock_boot();

	for (size_t i = 0; i < KEEPER_JOBS_MAX; i++) {
		if (keeper->jobs[i].child != NULL)
			child_ask(keeper->jobs[i].child, want);
	}
	keeper_ask_fcli(keeper, want);
	for (size_t i = 0; i < keeper->count; i++) {
		const struct holding *holding = keeper->holdings[i];

		if (holding->config.on_change[0] == '\0')
			continue;
		/* One that is past waits for a place, or for a verdict. */
		if (holding->on_change.retry_at.ns > boot.ns)
			loop_want_at(want, holding->on_change.retry_at);
		if (!is_settled(holding, boot))
			loop_want_at(want, (mono_t){holding->opened.ns +
				(SETTLE_S + 1) * INT64_C(1000000000)});
	}
}

static void
tell(void *self, const struct loop_got *got)
{
	struct keeper *keeper = self;

	for (size_t i = 0; i < KEEPER_JOBS_MAX; i++) {
		struct job *job = &keeper->jobs[i];

		if (job->child != NULL && child_tell(job->child, got))
			job_end(job);
	}
	keeper_tell_fcli(keeper, got);
}

struct loop_source
keeper_jobs_source(struct keeper *keeper)
{
	return (struct loop_source){.ask = ask, .tell = tell, .self = keeper};
}
