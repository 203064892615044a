/* SPDX-License-Identifier: ISC */
/* From a command to the licenses that it is for. */
#include "agent/waiters.h"

#include <stdlib.h>

#include "agent/execute.h"
#include "license/base/buf.h"
#include "license/command.h"
#include "license/keeper/view.h"

struct waiter *
waiters_new(struct client *client, size_t count)
{
	struct waiter *waiters = calloc(count, sizeof(waiters[0]));

	for (size_t i = 0; waiters != NULL && i < count; i++)
		waiters[i].client = client;
	return waiters;
}

bool
waiters_unknown(const struct command *command, struct board *board,
    struct buf *error)
{
	struct view *view = view_take(board);
	bool unknown = view != NULL && !command->all &&
	    view_find(view, command->name) == NULL;

	if (unknown)
		execute_say_unknown(command, view, error);
	view_free(view);
	return unknown;
}

/* A commit also reads what nobody refreshes. */
static bool
is_meant(const struct command *command, const struct report *report)
{
	return command->verb == VERB_COMMIT ||
	    report->has[FIELD_ID_REFRESH_INTERVAL];
}

struct waiter *
waiters_for(struct client *client, const struct command *command,
    struct board *board, size_t *count)
{
	struct waiter *waiters = NULL;

	*count = 0;
	if (!command->all) {
		waiters = waiters_new(client, 1);
		if (waiters != NULL)
			*count = text_copy(waiters[0].name, LICENSE_NAME_SIZE,
			    command->name);
		return waiters;
	}
	struct view *view = view_take(board);
	for (size_t i = 0; view != NULL && i < view->count; i++)
		*count += is_meant(command, &view->reports[i]);
	if (*count > 0)
		waiters = waiters_new(client, *count);
	for (size_t i = 0, n = 0; waiters != NULL && i < view->count; i++) {
		if (is_meant(command, &view->reports[i]))
			text_copy(waiters[n++].name, LICENSE_NAME_SIZE,
			    view->reports[i].name);
	}
	view_free(view);
	return waiters;
}
