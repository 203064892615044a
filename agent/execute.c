/* SPDX-License-Identifier: ISC */
/* Reading verbs: a view in, bytes and an exit code out. */
#include "agent/execute.h"

#include "license/base/buf.h"
#include "license/calendar.h"
#include "license/command.h"
#include "license/history.h"
#include "license/json.h"
#include "license/keeper/keeper.h"
#include "license/keeper/view.h"
#include "license/text.h"
#include "license/usage.h"

void
execute_say_unknown(const struct command *command, const struct view *view,
    struct buf *err)
{
	if (view->count == 0) {
		buf_puts(err, "no license is configured; add a [license NAME] "
			      "section\n");
		return;
	}
	buf_printf(err, "there is no license '%s' in the configuration; give "
	    "one of:", command->name);
	for (size_t i = 0; i < view->count && i < 20; i++)
		buf_printf(err, " %s", view->reports[i].name);
	buf_puts(err, view->count > 20 ? " ...\n" : "\n");
}

static void
show_text(const struct command *command, const struct view *view,
    const struct report *report, struct buf *out)
{
	if (command->verb == VERB_SHOW_LICENSE) {
		if (command->all)
			buf_printf(out, "%s: ", report->name);
		text_license(report, out);
		return;
	}
	if (out->len > 0)
		buf_putc(out, '\n');
	text_status(report, &view->agent, out);
}

static int
show(const struct command *command, const struct view *view,
    const struct report *first, size_t count, struct buf *out, struct buf *err)
{
	int code = COMMAND_EXIT_YES;
	bool good = true;

	for (size_t i = 0; i < count; i++) {
		if (!first[i].usable)
			code = COMMAND_EXIT_NO;
		if (!command->json)
			show_text(command, view, &first[i], out);
	}
	if (!command->json && command->verb == VERB_SHOW_STATUS)
		text_usage(&view->agent, out);
	if (command->json && command->verb == VERB_SHOW_LICENSE &&
	    !command->all)
		good = json_license(first, out);
	else if (command->json)
		good = json_licenses(first, count, &view->agent, out);
	if (good && !out->failed)
		return code;
	buf_clear(out);
	buf_puts(err, "the answer is too large; ask for one license by its "
		      "name\n");
	return COMMAND_EXIT_NO;
}

static int
show_hardware(const struct command *command, struct keeper *keeper,
    struct buf *out, struct buf *err)
{
	if (keeper_hardware_data(keeper, command->name, out, err))
		return COMMAND_EXIT_YES;
	buf_clear(out);
	buf_putc(err, '\n');
	return COMMAND_EXIT_NO;
}

/* One at a time is in memory: there may be thousands of licenses. */
static bool
add_history(const struct command *command, const struct keeper *keeper,
    const struct report *report, bool first, struct buf *out)
{
	static struct history history;

	keeper_history(keeper, report->name, &history);
	if (command->json)
		return json_history(report->name, &history, first, out);
	if (command->all)
		buf_printf(out, "%s%s:\n", out->len == 0 ? "" : "\n",
		    report->name);
	history_text(&history, out);
	return !out->failed;
}

static int
show_history(const struct command *command, const struct keeper *keeper,
    const struct report *first, size_t count, struct buf *out, struct buf *err)
{
	bool good = true;

	for (size_t i = 0; good && i < count; i++)
		good = add_history(command, keeper, &first[i], i == 0, out);
	if (command->json)
		good = good && json_history_end(out);
	if (good)
		return COMMAND_EXIT_YES;
	buf_clear(out);
	buf_puts(err, "the answer is too large; ask for one license by its "
		      "name\n");
	return COMMAND_EXIT_NO;
}

/* A calendar without an event is none: RFC 5545 wants one at least. */
static int
show_calendar(const struct report *first, size_t count, struct buf *out,
    struct buf *err)
{
	size_t events = 0;

	calendar_begin(out);
	for (size_t i = 0; i < count; i++)
		events += calendar_event(&first[i], out);
	calendar_end(out);
	if (events > 0 && !out->failed)
		return COMMAND_EXIT_YES;
	buf_puts(err, out->failed ? "the answer is too large; ask for one "
				    "license by its name\n" :
				    "there is no day to be reminded of: no "
				    "license is installed, or FastNetMon "
				    "extends it every day\n");
	buf_clear(out);
	return COMMAND_EXIT_NO;
}

int
execute_reading(const struct command *command, const struct view *view,
    struct keeper *keeper, struct buf *out, struct buf *err)
{
	if (command->verb == VERB_CHECK)
		return execute_check(command, view, out, err);
	if (view == NULL) {
		buf_puts(err, "the agent is still starting; try again in a "
			      "moment\n");
		return COMMAND_EXIT_ABSENT;
	}
	const struct report *report = view_find(view, command->name);
	if (report == NULL) {
		execute_say_unknown(command, view, err);
		return COMMAND_EXIT_USAGE;
	}
	if (command->verb == VERB_SHOW_HARDWARE)
		return show_hardware(command, keeper, out, err);
	size_t count = command->all ? view->count : 1;
	if (command->verb == VERB_SHOW_HISTORY)
		return show_history(command, keeper, report, count, out, err);
	if (command->verb == VERB_SHOW_CALENDAR)
		return show_calendar(command->all ? view->reports : report,
		    count, out, err);
	if (command->all)
		return show(command, view, view->reports, view->count, out,
		    err);
	return show(command, view, report, 1, out, err);
}

int
execute_result(const struct command *command, bool ok, const char *text,
    struct buf *out, struct buf *err)
{
	if (command->json)
		json_result(ok, text, out);
	else
		buf_printf(ok ? out : err, "%s\n", text);
	/* The doctor's "no" is a step that failed, and he did not come. */
	if (!ok && command->verb == VERB_DOCTOR)
		return COMMAND_EXIT_ABSENT;
	return ok ? COMMAND_EXIT_YES : COMMAND_EXIT_NO;
}

int
execute_stats(const struct command *command,
    const struct usage_document *document, struct buf *out, struct buf *err)
{
	if (document->len == 0) {
		buf_puts(err, "the usage report cannot be made: no license is "
		    "configured, or the product name is not a good one\n");
		return COMMAND_EXIT_NO;
	}
	if (command->json)
		return json_usage(document, out) ? COMMAND_EXIT_YES :
						   COMMAND_EXIT_NO;
	buf_add(out, document->bytes, document->len);
	text_usage_notes(document, err);
	return COMMAND_EXIT_YES;
}
