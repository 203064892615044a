/* SPDX-License-Identifier: ISC */
/* The bytes of a GET and of its answer; it sends nothing. */
#include "license/poller.h"

#include <string.h>

enum {
	TAG_INTEGER = 0x02,
	TAG_OCTETS = 0x04,
	TAG_NULL = 0x05,
	TAG_OID = 0x06,
	TAG_SEQUENCE = 0x30,
	TAG_GAUGE = 0x42,
	TAG_TICKS = 0x43,
	TAG_NO_OBJECT = 0x80,
	TAG_NO_INSTANCE = 0x81,
	TAG_GET = 0xa0,
	TAG_RESPONSE = 0xa2,
	VERSION_2C = 1,
	VERSION_3 = 3,
	USER_SECURITY = 3, /* RFC 3411, SnmpSecurityModel */
	LARGEST = 65507,   /* that we take, as net-snmp says it */
	OID_BYTES_MAX = 5 * POLLER_OID_MAX,
};

bool
poller_oid_parse(const char *text, struct poller_oid *out)
{
	const char *p = text[0] == '.' ? text + 1 : text;

	out->len = 0;
	for (;;) {
		uint64_t id = 0;
		const char *first = p;

		for (; *p >= '0' && *p <= '9' && id <= UINT32_MAX; p++)
			id = id * 10 + (uint64_t)(*p - '0');
		if (p == first || id > UINT32_MAX ||
		    out->len == POLLER_OID_MAX)
			return false;
		out->id[out->len++] = (uint32_t)id;
		if (*p == '\0')
			break;
		if (*p++ != '.')
			return false;
	}
	return out->len >= 2 && out->id[0] <= 2 && out->id[1] < 40;
}

/* writer: from the end to the front, so that each length is known. */
struct writer {
	uint8_t *bytes;
	size_t at; /* of the first byte written */
	bool failed;
};

static void
put(struct writer *w, uint8_t byte)
{
	if (w->at == 0)
		w->failed = true;
	else
		w->bytes[--w->at] = byte;
}

/* ${end}: where what has this head ends. */
static void
put_head(struct writer *w, uint8_t tag, size_t end)
{
	size_t len = end - w->at, rest = len;
	uint8_t count = 0;

	if (len >= 128) {
		for (; rest > 0; rest >>= 8, count++)
			put(w, (uint8_t)rest);
		put(w, 0x80 | count);
	} else {
		put(w, (uint8_t)len);
	}
	put(w, tag);
}

static void
put_integer(struct writer *w, int32_t value)
{
	size_t end = w->at;
	uint32_t rest = (uint32_t)value;

	do {
		put(w, (uint8_t)rest);
		rest >>= 8;
	} while (rest > 0);
	if (!w->failed && w->bytes[w->at] >= 0x80)
		put(w, 0);
	put_head(w, TAG_INTEGER, end);
}

static void
put_octets(struct writer *w, const void *octets, size_t len)
{
	size_t end = w->at;

	for (size_t i = len; i > 0; i--)
		put(w, ((const uint8_t *)octets)[i - 1]);
	put_head(w, TAG_OCTETS, end);
}

static void
put_oid(struct writer *w, const struct poller_oid *oid)
{
	size_t end = w->at;

	for (size_t i = oid->len; i > 2; i--) {
		uint32_t id = oid->id[i - 1];

		put(w, id & 0x7f);
		for (id >>= 7; id > 0; id >>= 7)
			put(w, 0x80 | (id & 0x7f));
	}
	put(w, (uint8_t)(oid->id[0] * 40 + oid->id[1]));
	put_head(w, TAG_OID, end);
}

size_t
poller_get(const char *community, int32_t request_id,
    const struct poller_oid *oid, uint8_t out[static POLLER_MESSAGE_MAX])
{
	struct writer w = {.bytes = out, .at = POLLER_MESSAGE_MAX};
	const size_t end = POLLER_MESSAGE_MAX;
	size_t community_len = strlen(community);

	if (community_len > POLLER_COMMUNITY_MAX || oid->len < 2 ||
	    request_id < 0)
		return 0;
	put_head(&w, TAG_NULL, end);
	put_oid(&w, oid);
	put_head(&w, TAG_SEQUENCE, end);
	put_head(&w, TAG_SEQUENCE, end);
	put_integer(&w, 0); /* error-index */
	put_integer(&w, 0); /* error-status */
	put_integer(&w, request_id);
	put_head(&w, TAG_GET, end);
	put_octets(&w, community, community_len);
	put_integer(&w, VERSION_2C);
	put_head(&w, TAG_SEQUENCE, end);
	if (w.failed)
		return 0;
	memmove(out, out + w.at, end - w.at);
	return end - w.at;
}

/* Of a scoped PDU, RFC 3412, 6.8: no engine, no context, no variable. */
static void
put_empty_get(struct writer *w, int32_t request_id)
{
	const size_t end = w->at;

	put_head(w, TAG_SEQUENCE, end);
	put_integer(w, 0);
	put_integer(w, 0);
	put_integer(w, request_id);
	put_head(w, TAG_GET, end);
	put_octets(w, "", 0);
	put_octets(w, "", 0);
	put_head(w, TAG_SEQUENCE, end);
}

/* RFC 3414, 2.4: nothing is known yet of the other's engine. */
static void
put_no_security(struct writer *w)
{
	const size_t end = w->at;

	for (int i = 0; i < 3; i++)
		put_octets(w, "", 0);
	put_integer(w, 0);
	put_integer(w, 0);
	put_octets(w, "", 0);
	put_head(w, TAG_SEQUENCE, end);
	put_head(w, TAG_OCTETS, end);
}

size_t
poller_discover(int32_t message_id, uint8_t out[static POLLER_MESSAGE_MAX])
{
	static const uint8_t reportable = 0x04;
	struct writer w = {.bytes = out, .at = POLLER_MESSAGE_MAX};
	const size_t end = POLLER_MESSAGE_MAX;

	if (message_id < 0)
		return 0;
	put_empty_get(&w, message_id);
	put_no_security(&w);
	const size_t head_end = w.at;
	put_integer(&w, USER_SECURITY);
	put_octets(&w, &reportable, 1);
	put_integer(&w, LARGEST);
	put_integer(&w, message_id);
	put_head(&w, TAG_SEQUENCE, head_end);
	put_integer(&w, VERSION_3);
	put_head(&w, TAG_SEQUENCE, end);
	if (w.failed)
		return 0;
	memmove(out, out + w.at, end - w.at);
	return end - w.at;
}

struct reader {
	const uint8_t *at;
	size_t left;
};

/* One element: its tag, and its contents in ${inside}; passed over. */
static bool
take(struct reader *r, uint8_t *tag, struct reader *inside)
{
	size_t len, count = 0;

	if (r->left < 2)
		return false;
	*tag = r->at[0];
	len = r->at[1];
	if (len >= 0x80) {
		count = len & 0x7f;
		if (count == 0 || count > 2 || r->left < 2 + count)
			return false;
		len = 0;
		for (size_t i = 0; i < count; i++)
			len = len << 8 | r->at[2 + i];
	}
	if (r->left - 2 - count < len)
		return false;
	*inside = (struct reader){r->at + 2 + count, len};
	r->at += 2 + count + len;
	r->left -= 2 + count + len;
	return true;
}

static bool
enter(struct reader *r, uint8_t wanted, struct reader *inside)
{
	uint8_t tag;

	return take(r, &tag, inside) && tag == wanted;
}

/* Two's complement; nothing that is asked for is longer than five bytes. */
static bool
number_of(const struct reader *r, int64_t *out)
{
	uint64_t value;

	if (r->left == 0 || r->left > 8)
		return false;
	value = r->at[0] >= 0x80 ? UINT64_MAX : 0;
	for (size_t i = 0; i < r->left; i++)
		value = value << 8 | r->at[i];
	*out = (int64_t)value;
	return true;
}

static bool
take_integer(struct reader *r, int64_t *out)
{
	struct reader inside;

	return enter(r, TAG_INTEGER, &inside) && number_of(&inside, out);
}

static bool
is_oid(const struct reader *r, const struct poller_oid *oid)
{
	uint8_t bytes[OID_BYTES_MAX + 8];
	struct writer w = {.bytes = bytes, .at = sizeof(bytes)};
	struct reader whole, ours;

	put_oid(&w, oid);
	whole = (struct reader){bytes + w.at, sizeof(bytes) - w.at};
	return !w.failed && enter(&whole, TAG_OID, &ours) &&
	    ours.left == r->left && memcmp(ours.at, r->at, r->left) == 0;
}

static struct poller_answer
value_of(uint8_t tag, const struct reader *r)
{
	struct poller_answer out = {.kind = POLLER_OTHER};

	if (tag == TAG_NO_OBJECT)
		out.kind = POLLER_NO_OBJECT;
	else if (tag == TAG_NO_INSTANCE)
		out.kind = POLLER_NO_INSTANCE;
	else if (tag == TAG_INTEGER || tag == TAG_GAUGE || tag == TAG_TICKS)
		out.kind = number_of(r, &out.number) ? POLLER_NUMBER :
						       POLLER_MALFORMED;
	return out;
}

/* Of the PDU, past its request-id. */
static struct poller_answer
answer_of(struct reader *pdu, const struct poller_oid *oid)
{
	static const struct poller_answer bad = {.kind = POLLER_MALFORMED};
	struct reader list, pair, name, value;
	int64_t status, index;
	uint8_t tag;

	if (!take_integer(pdu, &status) || !take_integer(pdu, &index))
		return bad;
	if (status != 0)
		return (struct poller_answer){POLLER_ERROR, status};
	if (!enter(pdu, TAG_SEQUENCE, &list) ||
	    !enter(&list, TAG_SEQUENCE, &pair) ||
	    !enter(&pair, TAG_OID, &name) || !is_oid(&name, oid) ||
	    !take(&pair, &tag, &value))
		return bad;
	return value_of(tag, &value);
}

bool
poller_read(const uint8_t *bytes, size_t len, int32_t request_id,
    const struct poller_oid *oid, struct poller_answer *out)
{
	struct reader r = {bytes, len}, message, community, pdu;
	int64_t version, id;

	if (!enter(&r, TAG_SEQUENCE, &message) ||
	    !take_integer(&message, &version) || version != VERSION_2C ||
	    !enter(&message, TAG_OCTETS, &community) ||
	    !enter(&message, TAG_RESPONSE, &pdu) ||
	    !take_integer(&pdu, &id) || id != request_id)
		return false;
	*out = answer_of(&pdu, oid);
	return true;
}

bool
poller_discovered(const uint8_t *bytes, size_t len, int32_t message_id)
{
	struct reader r = {bytes, len}, message, head;
	int64_t version, id;

	return enter(&r, TAG_SEQUENCE, &message) &&
	    take_integer(&message, &version) && version == VERSION_3 &&
	    enter(&message, TAG_SEQUENCE, &head) && take_integer(&head, &id) &&
	    id == message_id;
}
