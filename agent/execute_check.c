/* SPDX-License-Identifier: ISC */
/*
 * `check license`: a view in, the answer in its format or a yes or no out.
 * What is ok is decided in license/check.c; here, what to say when nobody
 * knows.
 */
#include "agent/execute.h"

#include <stdlib.h>

#include "exporter/textfile.h"
#include "license/base/buf.h"
#include "license/check.h"
#include "license/command.h"
#include "license/edges.h"
#include "license/keeper/view.h"
#include "license/text.h"

/* 1 only for what is known to have ended. */
static int
say_usable(const struct report *reports, size_t count, struct buf *out,
    struct buf *err)
{
	int code = COMMAND_EXIT_YES;

	for (size_t i = 0; i < count; i++) {
		enum standing standing = edges_standing(&reports[i]);

		if (standing == STANDING_UNUSABLE)
			code = COMMAND_EXIT_NO;
		else if (standing == STANDING_UNKNOWN)
			command_nobody(CHECK_FORMAT_USABLE,
			    reports[i].source == SOURCE_FASTNETMON ?
				"FastNetMon has not answered yet" :
				"the authority has not answered yet", out, err);
		buf_printf(out, "%s: %s: ", reports[i].name,
		    standing_word(standing));
		text_license(&reports[i], out);
	}
	return code;
}

static int
say_metrics(const struct view *view, struct buf *out, struct buf *err)
{
	if (textfile_render(view, LEASELINE_REVISION, out))
		return COMMAND_EXIT_YES;
	buf_clear(out);
	return command_nobody(CHECK_FORMAT_TEXTFILE, "they are too large", out,
	    err);
}

/* -v: lines below a plugin's first one, in which "|" would begin numbers. */
static void
add_details(const struct check *checks, size_t count, const struct view *view,
    struct buf *out)
{
	size_t start = out->len;

	for (size_t i = 0; i < count; i++)
		text_status(&checks[i].report, &view->agent, out);
	for (size_t i = start; i < out->len; i++) {
		if (out->data[i] == '|')
			out->data[i] = '/';
	}
}

static int
say_checked(const struct command *command, const struct view *view,
    size_t first, size_t count, struct buf *out, struct buf *err)
{
	const struct check_options options = {
		.format = command->format,
		.warning = command->warning,
		.critical = command->critical,
		.all = command->all,
		/* Nobody's heart beats in what was made from the files. */
		.agent_down = !view->agent.has[AGENT_ID_HEARTBEAT],
	};
	struct check *checks = calloc(count, sizeof(checks[0]));

	if (checks == NULL)
		return command_nobody(command->format, "out of memory", out,
		    err);
	for (size_t i = 0; i < count; i++)
		check_make(view->facts->licenses[first + i], view->now,
		    view->trust, &options, &checks[i]);
	int code = (int)check_render(checks, count, &options, out);
	if (command->format != CHECK_FORMAT_NAGIOS)
		code = COMMAND_EXIT_YES;
	else if (command->verbose)
		add_details(checks, count, view, out);
	free(checks);
	return code;
}

static int
say(const struct command *command, const struct view *view,
    const struct report *report, struct buf *out, struct buf *err)
{
	size_t first = command->all ? 0 : (size_t)(report - view->reports);
	size_t count = command->all ? view->count : 1;

	switch (command->format) {
	case CHECK_FORMAT_USABLE:
		return say_usable(&view->reports[first], count, out, err);
	case CHECK_FORMAT_TEXTFILE:
		return say_metrics(view, out, err);
	default:
		return say_checked(command, view, first, count, out, err);
	}
}

int
execute_check(const struct command *command, const struct view *view,
    struct buf *out, struct buf *err)
{
	const struct report *report = view == NULL ? NULL :
	    view_find(view, command->name);
	struct buf why;

	if (report != NULL)
		return say(command, view, report, out, err);
	buf_init(&why, 4096);
	if (view == NULL)
		buf_puts(&why, "the agent is still starting");
	else
		execute_say_unknown(command, view, &why);
	int code = command_nobody(command->format, buf_text(&why), out, err);
	buf_fini(&why);
	return code;
}
