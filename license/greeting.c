/* SPDX-License-Identifier: ISC */
/* Three PDUs of AgentX. */
#include "license/greeting.h"

#include <string.h>

enum {
	VERSION = 1,
	TYPE_OPEN = 1,
	TYPE_CLOSE = 2,
	TYPE_RESPONSE = 18,
	NETWORK_ORDER = 0x10,
	HEADER_SIZE = 20,
	REASON_SHUTDOWN = 5,
	TIMEOUT_S = 2,
	AT_SESSION = 4,
	AT_PACKET = 12,
	AT_LENGTH = 16,
	AT_ERROR = 24,
};

static const char description[] = "leaseline doctor";

static void
put_u32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

static uint32_t
get(const uint8_t *at, size_t len, int network_order)
{
	uint32_t value = 0;

	for (size_t i = 0; i < len; i++)
		value = value << 8 | at[network_order ? i : len - 1 - i];
	return value;
}

static void
put_header(uint8_t *out, uint8_t type, uint32_t session_id,
    uint32_t packet_id, size_t size)
{
	memset(out, 0, size);
	out[0] = VERSION;
	out[1] = type;
	out[2] = NETWORK_ORDER;
	put_u32(out + AT_SESSION, session_id);
	put_u32(out + AT_PACKET, packet_id);
	put_u32(out + AT_LENGTH, (uint32_t)(size - HEADER_SIZE));
}

/* Time-out, the null OID, a description whose length needs no padding. */
void
greeting_open(uint32_t packet_id, uint8_t out[static GREETING_OPEN_SIZE])
{
	_Static_assert(GREETING_OPEN_SIZE == HEADER_SIZE + 12 +
	    sizeof(description) - 1 && sizeof(description) % 4 == 1,
	    "the length of an Open PDU");
	put_header(out, TYPE_OPEN, 0, packet_id, GREETING_OPEN_SIZE);
	out[HEADER_SIZE] = TIMEOUT_S;
	put_u32(out + HEADER_SIZE + 8, sizeof(description) - 1);
	memcpy(out + HEADER_SIZE + 12, description, sizeof(description) - 1);
}

void
greeting_close(uint32_t session_id, uint32_t packet_id,
    uint8_t out[static GREETING_CLOSE_SIZE])
{
	put_header(out, TYPE_CLOSE, session_id, packet_id, GREETING_CLOSE_SIZE);
	out[HEADER_SIZE] = REASON_SHUTDOWN;
}

int
greeting_read(const uint8_t bytes[static GREETING_ANSWER_SIZE],
    uint32_t packet_id, uint32_t *session_id)
{
	int network_order = (bytes[2] & NETWORK_ORDER) != 0;

	if (bytes[0] != VERSION || bytes[1] != TYPE_RESPONSE ||
	    get(bytes + AT_PACKET, 4, network_order) != packet_id ||
	    get(bytes + AT_LENGTH, 4, network_order) <
	    GREETING_ANSWER_SIZE - HEADER_SIZE)
		return -1;
	*session_id = get(bytes + AT_SESSION, 4, network_order);
	return (int)get(bytes + AT_ERROR, 2, network_order);
}
