/* SPDX-License-Identifier: ISC */
/*
 * A client of the control socket, private to control.c (its life, and what
 * only reads) and control_change.c (what changes something).
 */
#ifndef AGENT_CONTROL_CLIENT_H
#define AGENT_CONTROL_CLIENT_H

#include <sys/socket.h>
#include <sys/un.h>

#include "agent/control.h"
#include "agent/socket.h"
#include "license/base/buf.h"
#include "license/base/file.h"
#include "license/command.h"

struct waiter;

enum phase { FREE, READING, WAITING, WRITING };

struct client {
	struct control *control;
	enum phase phase;
	int fd;
	bool may_change;
	mono_t deadline;
	size_t len;
	char request[COMMAND_REQUEST_MAX];
	struct command command;
	struct waiter *waiters;
	size_t waiter_count, waiting_for;
	bool all_ok;
	int64_t test; /* the sequence of the notification that it waits for */
	struct buf text; /* what the waiters said */
	struct buf reply;
	size_t sent;
};

struct control {
	struct control_options options;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd;
	struct file_identity made; /* the socket, as made by us */
	struct socket_group group;
	mono_t accept_at; /* after running out of descriptors */
	struct client clients[CONTROL_CLIENTS_MAX];
};

/* client_result: its answer; nothing waits for it any more. */
void client_result(struct client *client, bool ok, const char *text);

/* client_refuse: the same for words that are wrong. */
void client_refuse(struct client *client, const struct buf *error);

/* client_wait: for at most ${seconds}; then client_late(). */
void client_wait(struct client *client, int64_t seconds);

/* control_change.c */
void client_change(struct client *client);
/* client_late: what it waited for takes too long. */
void client_late(struct client *client);
void client_drop_waiters(struct client *client);

#endif
