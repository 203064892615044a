/* SPDX-License-Identifier: ISC */
/*
 * Good day and good-bye to an AgentX master, in bytes: RFC 2741, 6.2.1,
 * 6.2.2 and 6.2.16. Nothing is registered, so nothing of anybody's changes.
 * Pure. (net-snmp owns the prefix agentx_.)
 */
#ifndef LICENSE_GREETING_H
#define LICENSE_GREETING_H

#include <stddef.h>
#include <stdint.h>

enum { GREETING_OPEN_SIZE = 48, GREETING_CLOSE_SIZE = 24, GREETING_ANSWER_SIZE = 28 };

void greeting_open(uint32_t packet_id, uint8_t out[static GREETING_OPEN_SIZE]);
void greeting_close(uint32_t session_id, uint32_t packet_id,
    uint8_t out[static GREETING_CLOSE_SIZE]);

/*
 * greeting_read: of the first GREETING_ANSWER_SIZE bytes. The error of the
 * answer to ${packet_id}, 0 for none; -1: this is no AgentX.
 */
int greeting_read(const uint8_t bytes[static GREETING_ANSWER_SIZE],
    uint32_t packet_id, uint32_t *session_id);

#endif
