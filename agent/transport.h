/* SPDX-License-Identifier: ISC */
/*
 * The socket to the SNMP master, in place of net-snmp's own: that one waits
 * without bound for a frozen master, in connect(2) once six connections wait
 * to be accepted and in send(2) once the buffer is full. This one connects
 * within 2 s (at once over a Unix socket), sends within 1 s, never waits to
 * read, and can be cut from another thread. One for each process.
 */
#ifndef AGENT_TRANSPORT_H
#define AGENT_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

struct master;

/* What net-snmp is told as the master's address; it leads to this file. */
#define TRANSPORT_NAME "leaseline:"

/* transport_init: before init_snmp(); ${master} is copied. */
void transport_init(const struct master *master);

/* transport_error: errno of the last attempt to connect; 0: it connected. */
int transport_error(void);

/*
 * transport_replaced: the path leads to another socket than the connected
 * one: a second master has taken the first one's place.
 */
bool transport_replaced(void);

/*
 * transport_bound: nothing is read ${wait_ns} from now on but the end, where
 * the library would wait for one answer among endless others; 0: no bound.
 */
void transport_bound(int64_t wait_ns);

/* transport_cut: end the connection; its reader sees its end. Any thread. */
void transport_cut(void);

/* transport_forbid: cut, and refuse every later attempt. Any thread. */
void transport_forbid(void);

#endif
