/* SPDX-License-Identifier: ISC */
/*
 * Where the SNMP master agent listens for subagents, as written in the
 * configuration: "/path", "unix:/path", "tcp:ADDRESS:PORT" or
 * "tcp6:[ADDRESS]:PORT", the forms of snmpd's agentXSocket. No name is looked
 * up but localhost, because a lookup has no bound.
 */
#ifndef AGENT_MASTER_H
#define AGENT_MASTER_H

#include <stdbool.h>
#include <sys/socket.h>

struct buf;

struct master {
	struct sockaddr_storage address; /* AF_UNIX, AF_INET or AF_INET6 */
	socklen_t len;
};

/* master_parse: false with the end of a sentence in ${error}. */
bool master_parse(const char *text, struct master *out, struct buf *error);

/* master_path: of a Unix socket; NULL for TCP. */
const char *master_path(const struct master *master);

#endif
