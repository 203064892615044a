/* SPDX-License-Identifier: ISC */
/*
 * What changes something and is waited for: refreshes, a commit, a test of
 * the way to the people on call. It reads and writes no socket.
 */
#include <stdlib.h>

#include "agent/control_client.h"
#include "agent/consult.h"
#include "agent/execute.h"
#include "agent/tester.h"
#include "agent/waiters.h"
#include "license/keeper/keeper.h"
#include "license/keeper/reporter.h"

enum { WAIT_S = KEEPER_RENEW_WAIT_S + 10 };

void
client_drop_waiters(struct client *client)
{
	for (size_t i = 0; i < client->waiter_count; i++) {
		if (!client->waiters[i].done)
			keeper_forget(client->control->options.keeper,
			    &client->waiters[i]);
	}
	if (client->command.verb == VERB_SHOW_STATS)
		reporter_forget(client->control->options.reporter, client);
	consult_forget(client->control->options.consult, client);
	free(client->waiters);
	client->waiters = NULL;
	client->waiter_count = client->waiting_for = 0;
}

static void
waiter_says(struct waiter *waiter, bool ok, const char *sentence)
{
	struct client *client = waiter->client;

	waiter->done = true;
	client->waiting_for--;
	client->all_ok = client->all_ok && ok;
	if (client->text.len > 0)
		buf_putc(&client->text, '\n');
	if (client->command.all && waiter->name[0] != '\0')
		buf_printf(&client->text, "%s: ", waiter->name);
	buf_puts(&client->text, sentence);
}

static void
waiter_done(void *self, bool ok, const char *sentence)
{
	struct waiter *waiter = self;
	struct client *client = waiter->client;

	waiter_says(waiter, ok, sentence);
	/* Not while more are being asked for: client_change() looks then. */
	if (client->phase == WAITING && client->waiting_for == 0)
		client_result(client, client->all_ok,
		    buf_text(&client->text));
}

static void
client_ask_keeper(struct client *client, bool commit)
{
	struct keeper *keeper = client->control->options.keeper;

	client->waiting_for = client->waiter_count;
	client->all_ok = true;
	for (size_t i = 0; i < client->waiter_count; i++) {
		struct waiter *waiter = &client->waiters[i];
		struct buf error;

		buf_init(&error, 1024);
		/* One commit asks for all of them: the others join it. */
		keeper_ask_fn *ask = commit && i == 0 ? keeper_commit :
		    commit ? keeper_commit_also : client->command.online ? keeper_go_online : keeper_renew;
		bool asked = ask(keeper, waiter->name, waiter_done, waiter,
		    &error);
		if (!asked)
			waiter_says(waiter, false, buf_text(&error));
		buf_fini(&error);
	}
}

static bool
client_reload(struct client *client)
{
	const struct control_options *options = &client->control->options;
	struct buf error;

	if (options->reload == NULL)
		return true;
	buf_init(&error, 4096);
	bool good = options->reload(options->self, &error);
	if (!good)
		client_result(client, false, buf_text(&error));
	buf_fini(&error);
	return good;
}

static void
client_test(struct client *client)
{
	struct tester *tester = client->control->options.tester;
	struct buf text;

	buf_init(&text, EXECUTE_ERR_MAX);
	client->test = tester_ask(tester, client->command.name, &text);
	if (client->test == 0) {
		client_result(client, false, buf_text(&text));
	} else {
		buf_puts(&client->text, buf_text(&text));
		client_wait(client, TESTER_WAIT_S);
	}
	buf_fini(&text);
}

void
client_change(struct client *client)
{
	bool commit = client->command.verb == VERB_COMMIT;

	if (!client->may_change) {
		client_result(client, false, "only root and members of the "
		    "agent's user-group may do this; use sudo");
		return;
	}
	if (commit && !client_reload(client))
		return;
	/* Not before the reload, which may have brought it. */
	if (waiters_unknown(&client->command, client->control->options.board,
		&client->text)) {
		client_refuse(client, &client->text);
		return;
	}
	if (client->command.verb == VERB_TEST) {
		client_test(client);
		return;
	}
	client->waiters = waiters_for(client, &client->command,
	    client->control->options.board, &client->waiter_count);
	if (client->waiters == NULL) {
		client_result(client, false, commit ? "no license is configured" :
		    "no license here is one that a refresh keeps alive");
		return;
	}
	client_ask_keeper(client, commit);
	client_wait(client, WAIT_S);
	if (client->waiting_for == 0)
		client_result(client, client->all_ok, buf_text(&client->text));
}


void
client_late(struct client *client)
{
	struct buf text;

	buf_init(&text, EXECUTE_ERR_MAX);
	if (client->test != 0)
		tester_late(client->control->options.tester, client->test,
		    &text);
	else
		buf_puts(&text, "the refresh takes longer than expected; see "
				"fcli show license_status");
	client_result(client, false, buf_text(&text));
	buf_fini(&text);
}
