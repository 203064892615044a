/* SPDX-License-Identifier: ISC */
/*
 * The questions that the doctor has out at a time, and those about the
 * exporter's addresses. Private to look_network.c and look_exporter.c.
 */
#ifndef AGENT_LOOK_NETWORK_H
#define AGENT_LOOK_NETWORK_H

#include "agent/look.h"
#include "license/keeper/client.h"

struct network;

struct question {
	struct network *network;
	struct doctor_authority *authority; /* one of the two */
	struct doctor_listener *listener;
};

struct network {
	struct client *client;
	struct loop *loop;
	size_t waiting, count;
	struct question questions[DOCTOR_LICENSES_MAX + DOCTOR_LISTENERS_MAX];
};

/* look_ask: NULL when libcurl does not take it. */
struct question *look_ask(struct network *network,
    const struct client_request *request);

/* look_listeners: ask every address of [exporter]. */
void look_listeners(struct network *network, const struct config *config,
    struct doctor_found *found);
void look_listener_answers(struct doctor_listener *listener,
    const struct client_reply *reply);

#endif
