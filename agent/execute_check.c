/* SPDX-License-Identifier: ISC */
/*
 * `check license`: a view in, the plugin's line or a yes or no out. What is
 * ok is decided in license/check.c; here, what to say when nobody knows.
 */
#include "agent/execute.h"

#include <stdlib.h>

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
			command_nobody(true, "the authority has not answered "
			    "yet", out, err);
		buf_printf(out, "%s: %s: ", reports[i].name,
		    standing_word(standing));
		text_license(&reports[i], out);
	}
	return code;
}

static int
say_checked(const struct command *command, const struct view *view,
    size_t first, size_t count, struct buf *out)
{
	const struct check_options options = {
		.warning = command->warning,
		.critical = command->critical,
		.all = command->all,
		/* Nobody's heart beats in what was made from the files. */
		.agent_down = !view->agent.has[AGENT_ID_HEARTBEAT],
	};
	struct check *checks = calloc(count, sizeof(checks[0]));

	if (checks == NULL)
		return command_nobody(false, "out of memory", out, out);
	for (size_t i = 0; i < count; i++)
		check_make(view->facts->licenses[first + i], view->now,
		    view->trust, &options, &checks[i]);
	int code = (int)check_render(checks, count, &options, out);
	free(checks);
	return code;
}

int
execute_check(const struct command *command, const struct view *view,
    struct buf *out, struct buf *err)
{
	const struct report *report = view == NULL ? NULL :
	    view_find(view, command->name);
	struct buf why;

	if (report != NULL) {
		size_t first = command->all ? 0 :
		    (size_t)(report - view->reports);
		size_t count = command->all ? view->count : 1;

		return command->usable ?
		    say_usable(report, count, out, err) :
		    say_checked(command, view, first, count, out);
	}
	buf_init(&why, 4096);
	if (view == NULL)
		buf_puts(&why, "the agent is still starting");
	else
		execute_say_unknown(command, view, &why);
	int code = command_nobody(command->usable, buf_text(&why), out, err);
	buf_fini(&why);
	return code;
}
