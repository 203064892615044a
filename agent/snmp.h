/* SPDX-License-Identifier: ISC */
/*
 * The AgentX subagent on a thread of its own: net-snmp opens, registers,
 * pings and connects synchronously, so that a frozen master stalls whoever
 * shares its thread. It answers from agent/mib.h and sends what waits in
 * agent/notices.h. (Names begin "subtree_": net-snmp owns snmp_ and agent_.)
 */
#ifndef AGENT_SNMP_H
#define AGENT_SNMP_H

#include <stdint.h>

struct board;
struct buf;
struct notices;
struct subtree;

struct subtree_options {
	const char *master;	 /* "/var/agentx/master", "unix:...", "tcp:..." */
	int64_t ping_interval_s; /* and asking again when refused; 1 to 3600 */
	const char *state_directory; /* an empty cert_indexes/ is made in it */
	struct board *board;
	struct notices *notices;
};

/*
 * subtree_start: start the thread; a master that is absent or frozen is no
 * error. NULL with a sentence when the thread cannot be made. One for each
 * process: net-snmp is global.
 */
struct subtree *subtree_start(const struct subtree_options *options,
    struct buf *error);

/*
 * subtree_stop: ask the thread to close its session and end, wait at most
 * ${wait_ms}. 0 when it ended; -1 when it hangs in the library: then the
 * caller must leave by _exit(2), nothing of it may be freed.
 */
int subtree_stop(struct subtree *subtree, int wait_ms);

#endif
