/* SPDX-License-Identifier: ISC */
/*
 * Clients of the control socket: read one request, answer it, close. Nothing
 * here blocks: a verb that waits is a callback of the keeper.
 */
#include "agent/control_client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/consult.h"
#include "agent/execute.h"
#include "agent/socket.h"
#include "agent/waiters.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/file.h"
#include "license/base/listen_unix.h"
#include "license/command.h"
#include "license/keeper/keeper.h"
#include "license/keeper/reporter.h"
#include "license/keeper/view.h"

enum {
	BACKLOG = 64,
	PRIVILEGED_PLACES = 8, /* so that no user can shut root out */
	REPORT_WAIT_S = 70,
};

static mono_t
after(int64_t s)
{
	return (mono_t){clock_boot().ns + s * 1000000000};
}

static void
client_close(struct client *client)
{
	client_drop_waiters(client);
	buf_fini(&client->text);
	buf_fini(&client->reply);
	close(client->fd);
	client->fd = -1;
	client->phase = FREE;
}

static void
client_write(struct client *client)
{
	while (client->sent < client->reply.len) {
		ssize_t n = send(client->fd, client->reply.data + client->sent,
		    client->reply.len - client->sent, MSG_NOSIGNAL);

		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n == -1)
			break;
		client->sent += (size_t)n;
		client->deadline = after(CONTROL_DRAIN_S);
	}
	client_close(client);
}

static void
client_reply(void *self, int code, const struct buf *out,
    const struct buf *err)
{
	struct client *client = self;

	buf_init(&client->reply, out->len + err->len + 64);
	command_reply(code, out, err, &client->reply);
	client->phase = WRITING;
	client->sent = 0;
	client->deadline = after(CONTROL_DRAIN_S);
}

void
client_wait(struct client *client, int64_t seconds)
{
	client->phase = WAITING;
	client->deadline = after(seconds);
}

void
client_refuse(struct client *client, const struct buf *error)
{
	struct buf nothing;

	buf_init(&nothing, 1);
	client_reply(client, COMMAND_EXIT_USAGE, &nothing, error);
}

/* Every waiter has spoken, or none will. */
void
client_result(struct client *client, bool ok, const char *text)
{
	struct buf out, err;

	client_drop_waiters(client);
	buf_init(&out, EXECUTE_OUT_MAX);
	buf_init(&err, EXECUTE_ERR_MAX);
	int code = execute_result(&client->command, ok, text, &out, &err);
	client_reply(client, code, &out, &err);
	buf_fini(&out);
	buf_fini(&err);
}

static void
client_answer(struct client *client)
{
	struct control *control = client->control;
	struct view *view = view_take(control->options.board);
	struct buf out, err;

	buf_init(&out, EXECUTE_OUT_MAX);
	buf_init(&err, EXECUTE_ERR_MAX);
	int code = execute_reading(&client->command, view,
	    control->options.keeper, &out, &err);
	client_reply(client, code, &out, &err);
	buf_fini(&out);
	buf_fini(&err);
	view_free(view);
}

static void
report_shown(void *self, const struct usage_document *document)
{
	struct client *client = self;
	struct buf out, err;

	buf_init(&out, EXECUTE_OUT_MAX);
	buf_init(&err, EXECUTE_ERR_MAX);
	int code = execute_stats(&client->command, document, &out, &err);
	client_reply(client, code, &out, &err);
	buf_fini(&out);
	buf_fini(&err);
}

static void
client_show_report(struct client *client)
{
	if (reporter_show(client->control->options.reporter, report_shown,
		client)) {
		client_wait(client, REPORT_WAIT_S);
	} else {
		client_result(client, false, "too many ask for the usage "
		    "report already; try again in a moment");
	}
}

static void
client_consult(struct client *client)
{
	if (consult_start(client->control->options.consult, &client->command,
		client->may_change, client_reply, client)) {
		client_wait(client, REPORT_WAIT_S);
	} else {
		client_result(client, false, "the doctor is with somebody "
		    "else; try again in a moment");
	}
}

static void
client_run(struct client *client)
{
	struct buf error;

	buf_init(&error, 4096);
	int whole = command_read_request(client->request, client->len,
	    &client->command, &error);
	if (whole == -1) {
		buf_putc(&error, '\n');
		client_refuse(client, &error);
	} else if (whole == 1 &&
	    command_row(client->command.verb)->changes) {
		client_change(client);
	} else if (whole == 1 && client->command.verb == VERB_SHOW_STATS) {
		client_show_report(client);
	} else if (whole == 1 && client->command.verb == VERB_DOCTOR) {
		client_consult(client);
	} else if (whole == 1) {
		client_answer(client);
	}
	buf_fini(&error);
	if (client->phase == WRITING)
		client_write(client);
}

static void
client_read(struct client *client)
{
	ssize_t n = recv(client->fd, client->request + client->len,
	    sizeof(client->request) - client->len, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_close(client);
		return;
	}
	client->len += (size_t)n;
	client_run(client);
}

static void
client_accept(struct control *control, int fd)
{
	bool privileged = socket_peer_may(fd, &control->group);
	struct client *place = NULL;
	int left = 0;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (control->clients[i].phase == FREE) {
			place = &control->clients[i];
			left++;
		}
	}
	if (left <= (privileged ? 0 : PRIVILEGED_PLACES)) {
		close(fd);
		return;
	}
	*place = (struct client){.control = control,
		.fd = fd,
		.phase = READING,
		.may_change = privileged,
		.deadline = after(CONTROL_SEND_S)};
	buf_init(&place->text, EXECUTE_ERR_MAX);
	buf_init(&place->reply, 1);
}

static bool
has_place(const struct control *control)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (control->clients[i].phase == FREE)
			return true;
	}
	return false;
}

static void
control_accept(struct control *control)
{
	for (int i = 0; i < BACKLOG && has_place(control); i++) {
		int fd = accept4(control->fd, NULL, NULL,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd == -1) {
			/* Without descriptors the listener stays readable. */
			if (errno == EMFILE || errno == ENFILE)
				control->accept_at = after(1);
			return;
		}
		client_accept(control, fd);
	}
}

static void
control_ask(void *self, struct loop_want *want)
{
	static const short events[] = {
		[READING] = POLLIN, [WAITING] = 0, [WRITING] = POLLOUT};
	struct control *control = self;

	if (control->accept_at.ns > clock_boot().ns)
		loop_want_at(want, control->accept_at);
	else if (has_place(control))
		loop_want_fd(want, control->fd, POLLIN);
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		const struct client *client = &control->clients[i];

		if (client->phase == FREE)
			continue;
		loop_want_fd(want, client->fd, events[client->phase]);
		loop_want_at(want, client->deadline);
	}
}

static short
fired(const struct loop_got *got, int fd)
{
	for (size_t i = 0; i < got->count; i++) {
		if (got->fds[i].fd == fd)
			return got->fds[i].revents;
	}
	return 0;
}

static void
give_up(struct client *client)
{
	if (client->phase == WAITING)
		client_late(client);
	else
		client_close(client);
}

static void
control_tell(void *self, const struct loop_got *got)
{
	struct control *control = self;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct client *client = &control->clients[i];
		short events = client->phase == FREE ? 0 :
						       fired(got, client->fd);

		if (client->phase == READING && events != 0)
			client_read(client);
		else if (client->phase == WRITING && events != 0)
			client_write(client);
		else if (client->phase == WAITING &&
		    (events & (POLLHUP | POLLERR)) != 0)
			client_close(client);
		else if (client->phase != FREE &&
		    got->now.ns >= client->deadline.ns)
			give_up(client);
	}
	if (fired(got, control->fd) != 0)
		control_accept(control);
}

void
control_tested(struct control *control, int64_t sequence)
{
	for (size_t i = 0; control != NULL && i < CONTROL_CLIENTS_MAX; i++) {
		struct client *client = &control->clients[i];

		if (client->phase == WAITING && client->test != 0 &&
		    client->test <= sequence)
			client_result(client, true, buf_text(&client->text));
	}
}

struct loop_source
control_source(struct control *control)
{
	return (struct loop_source){control_ask, control_tell, control};
}

struct control *
control_open(const struct control_options *options, struct buf *error)
{
	struct control *control = calloc(1, sizeof(*control));
	struct listen_unix at = {.mode = 0666};

	if (control == NULL) {
		buf_puts(error, "out of memory");
		return NULL;
	}
	control->options = *options;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		control->clients[i].fd = -1;
	/* The configuration has seen to its length. */
	text_copy(at.path, sizeof(at.path), options->path);
	control->fd = listen_unix_open(&at, BACKLOG, error);
	if (control->fd == -1) {
		free(control);
		return NULL;
	}
	text_copy(control->path, sizeof(control->path), options->path);
	file_identify(control->path, &control->made);
	socket_find_group(options->group, &control->group);
	return control;
}

void
control_close(struct control *control)
{
	if (control == NULL)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (control->clients[i].phase != FREE)
			client_close(&control->clients[i]);
	}
	close(control->fd);
	listen_unix_remove(control->path, &control->made);
	free(control);
}
