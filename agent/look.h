/* SPDX-License-Identifier: ISC */
/*
 * What an installation is like, looked at for the doctor: files, users,
 * sockets, the network. Each of these is bounded, changes nothing, and judges
 * nothing (license/doctor.h does). Private to agent/doctor.c and look_*.c.
 */
#ifndef AGENT_LOOK_H
#define AGENT_LOOK_H

#include "agent/config.h"
#include "license/doctor_found.h"

struct command;

enum { LOOK_MS = 1500, LOOK_AUTHORITY_S = 6, LOOK_LISTENER_S = 3 };

/*
 * look_become: root looks as the owner of the state directory, who is the
 * agent's user: what root may says nothing of what the agent may. True when
 * what follows is seen as the agent sees it.
 */
bool look_become(const struct config *config);

/* look_host: the rest of found->host; ${as_agent}: of look_become(). */
void look_host(const struct config *config, bool as_agent,
    struct doctor_found *found);

/* look_caller: before look_become(): may who runs this renew? */
void look_caller(const struct config *config, struct doctor_found *found);

/* look_licenses: those of found->licenses, whose names are there. */
void look_licenses(const struct config *config, bool as_agent,
    struct doctor_found *found);

/* look_master: connect, say good day, leave. */
void look_master(const char *path, struct doctor_master *out);

/* look_network: every authority and listener, all at once. */
void look_network(const struct config *config, struct doctor_found *found);

/*
 * look_open: a stream socket, connected in LOOK_MS; -1 with errno, ETIMEDOUT
 * too. look_read: until ${len} bytes are there; their number; 0: none came.
 */
int look_open(const char *path);
size_t look_read(int fd, void *bytes, size_t len);

#endif
