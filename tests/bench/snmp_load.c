/* SPDX-License-Identifier: ISC */
/*
 * Asks an SNMP agent as fast as it answers: PDUs built once, N of them
 * outstanding, over UDP. Every answer is looked at: its request, its error
 * status, no exception among its values.
 *
 * usage: snmp_load get HOST PORT COMMUNITY COUNT OUTSTANDING OID...
 *          COUNT GETs of all OIDs; prints "per_s p50_us p99_us lost"
 *        snmp_load walk HOST PORT COMMUNITY COUNT ROWS OID
 *          COUNT walks below OID, by GETNEXT, or by GETBULK when ROWS is not
 *          0; prints "values_per_s walk_us values requests"
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	PDU_MAX = 8192,
	BODY_MAX = 4096,
	OID_MAX = 128,	/* octets of an encoded name */
	SLOTS_MAX = 256,
	NAMES_MAX = 100,
	RESEND_MS = 2000,
	TRIES = 5,

	INTEGER = 0x02,
	OCTETS = 0x04,
	OID = 0x06,
	SEQUENCE = 0x30,
	GET = 0xa0,
	GET_NEXT = 0xa1,
	RESPONSE = 0xa2,
	GET_BULK = 0xa5,
	EXCEPTION = 0x80,
	END_OF_MIB = 0x82,

	REQUEST_BASE = 0x40000000, /* four octets, always */
};

struct name {
	size_t len;
	unsigned char octets[OID_MAX];
};

/* One PDU, and where its request id stands. */
struct pdu {
	size_t len, id_at;
	unsigned char octets[PDU_MAX];
};

struct slot {
	unsigned id;
	long long sent_ns;
	int tries;
};

struct reading {
	const unsigned char *at, *end;
};

static void
die(const char *what)
{
	fprintf(stderr, "snmp_load: %s\n", what);
	exit(1);
}

static long long
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Wraps what is in ${octets}: every length in its three-octet form. */
static size_t
wrap(int tag, unsigned char *octets, size_t len)
{
	if (len + 4 > BODY_MAX)
		die("too many names for one PDU");
	memmove(octets + 4, octets, len);
	octets[0] = (unsigned char)tag;
	octets[1] = 0x82;
	octets[2] = (unsigned char)(len >> 8);
	octets[3] = (unsigned char)len;
	return len + 4;
}

static void
parse_name(const char *text, struct name *name)
{
	unsigned long part[OID_MAX];
	size_t count = 0;
	char *end;

	while (*text != '\0' && count < OID_MAX / 5) {
		part[count++] = strtoul(text + (*text == '.'), &end, 10);
		if (end == text + (*text == '.'))
			die("an OID is dotted numbers");
		text = end;
	}
	if (count < 2)
		die("an OID has two parts or more");
	name->len = 0;
	part[1] += part[0] * 40;
	for (size_t i = 1; i < count; i++) {
		for (int shift = 28; shift > 0; shift -= 7) {
			if (part[i] >> shift != 0)
				name->octets[name->len++] = (unsigned char)
				    (0x80 | (part[i] >> shift & 0x7f));
		}
		name->octets[name->len++] = (unsigned char)(part[i] & 0x7f);
	}
}

static void
build(struct pdu *pdu, const char *community, int tag, int rows,
    const struct name *names, size_t count)
{
	static const unsigned char version[] = {INTEGER, 1, 1};
	unsigned char body[BODY_MAX + 4 * OID_MAX];
	size_t len = 0, community_len = strlen(community);
	unsigned char head[] = {INTEGER, 4, 0, 0, 0, 0, INTEGER, 1, 0,
		INTEGER, 1, (unsigned char)rows};

	for (size_t i = 0; i < count; i++) {
		unsigned char *one = body + len;
		size_t n = names[i].len;

		if (len + n + 8 > BODY_MAX)
			die("too many names for one PDU");
		one[0] = SEQUENCE;
		one[1] = (unsigned char)(n + 4);
		one[2] = OID;
		one[3] = (unsigned char)n;
		memcpy(one + 4, names[i].octets, n);
		one[4 + n] = 0x05; /* NULL */
		one[5 + n] = 0;
		len += n + 6;
	}
	len = wrap(SEQUENCE, body, len);
	memmove(body + sizeof(head), body, len);
	memcpy(body, head, sizeof(head));
	len = wrap(tag, body, len + sizeof(head));
	size_t before = sizeof(version) + 2 + community_len;
	memmove(body + before, body, len);
	memcpy(body, version, sizeof(version));
	body[sizeof(version)] = OCTETS;
	body[sizeof(version) + 1] = (unsigned char)community_len;
	memcpy(body + sizeof(version) + 2, community, community_len);
	pdu->len = wrap(SEQUENCE, body, len + before);
	memcpy(pdu->octets, body, pdu->len);
	/* After two headers, version, community, and its own tag and length. */
	pdu->id_at = 4 + before + 4 + 2;
}

static void
put_id(struct pdu *pdu, unsigned id)
{
	for (size_t i = 0; i < 4; i++)
		pdu->octets[pdu->id_at + i] =
		    (unsigned char)(id >> (24 - 8 * i));
}

/* The next element; its contents are ${inside}. */
static int
element(struct reading *r, struct reading *inside)
{
	if (r->end - r->at < 2)
		die("an answer is cut off");
	int tag = *r->at++;
	size_t len = *r->at++;
	if (len > 0x80) {
		size_t octets = len & 0x7f;

		for (len = 0; octets > 0 && r->at < r->end; octets--)
			len = len << 8 | *r->at++;
	}
	if (len > (size_t)(r->end - r->at))
		die("an answer is cut off");
	inside->at = r->at;
	inside->end = r->at += len;
	return tag;
}

static unsigned
integer(struct reading *r)
{
	struct reading in;
	unsigned value = 0;

	if (element(r, &in) != INTEGER)
		die("an answer without a number where one belongs");
	while (in.at < in.end)
		value = value << 8 | *in.at++;
	return value;
}

/* Into the list of values; the request id. */
static unsigned
open_answer(const unsigned char *octets, size_t len, struct reading *list)
{
	struct reading all = {octets, octets + len}, message, pdu, skipped;

	element(&all, &message);
	integer(&message);
	element(&message, &skipped);
	if (element(&message, &pdu) != RESPONSE)
		die("an answer is no response");
	unsigned id = integer(&pdu);
	if (integer(&pdu) != 0)
		die("an answer has an error status");
	integer(&pdu);
	element(&pdu, list);
	return id;
}

/* One value; false at the end of the list. */
static int
next_value(struct reading *list, struct name *name, int *type)
{
	struct reading pair, in;

	if (list->at >= list->end)
		return 0;
	element(list, &pair);
	element(&pair, &in);
	name->len = (size_t)(in.end - in.at);
	if (name->len > OID_MAX)
		die("a name too long");
	memcpy(name->octets, in.at, name->len);
	*type = element(&pair, &in);
	return 1;
}

static int
open_socket(const char *host, const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((unsigned short)strtoul(port, NULL, 10))};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (inet_pton(AF_INET, host, &to.sin_addr) != 1)
		die("HOST is an IPv4 address");
	if (fd == -1 || connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1)
		die(strerror(errno));
	return fd;
}

static void
send_slot(int fd, struct pdu *pdu, struct slot *slot, unsigned id)
{
	slot->id = id;
	put_id(pdu, id);
	slot->sent_ns = now_ns();
	if (send(fd, pdu->octets, pdu->len, 0) == -1)
		die(strerror(errno));
}

static int
compare(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

static void
check_get(struct reading *list, size_t count)
{
	struct name name;
	size_t seen = 0;
	int type;

	while (next_value(list, &name, &type)) {
		if (type >= EXCEPTION && type <= END_OF_MIB)
			die("an OID has no value there");
		seen++;
	}
	if (seen != count)
		die("an answer lacks values");
}

static long
resend_old(int fd, struct pdu *pdu, struct slot *slots, size_t outstanding)
{
	long lost = 0;

	for (size_t i = 0; i < outstanding; i++) {
		struct slot *s = &slots[i];

		if (s->id == 0 ||
		    now_ns() - s->sent_ns < RESEND_MS * 1000000LL)
			continue;
		if (++s->tries == TRIES)
			die("no answer");
		send_slot(fd, pdu, s, s->id);
		lost++;
	}
	return lost;
}

static void
load_get(int fd, struct pdu *pdu, long count, size_t outstanding,
    size_t names)
{
	struct slot slots[SLOTS_MAX] = {{0}};
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	unsigned *took_us = calloc((size_t)count, sizeof(*took_us));
	unsigned char in[65536];
	long sent = 0, done = 0, lost = 0;
	long long start = now_ns();

	if (took_us == NULL)
		die("no memory");
	for (size_t i = 0; i < outstanding && sent < count; i++, sent++)
		send_slot(fd, pdu, &slots[i], REQUEST_BASE + (unsigned)sent);
	while (done < count) {
		struct reading list;

		if (poll(&readable, 1, 100) == 0) {
			lost += resend_old(fd, pdu, slots, outstanding);
			continue;
		}
		ssize_t n = recv(fd, in, sizeof(in), 0);
		if (n == -1)
			die(strerror(errno));
		unsigned id = open_answer(in, (size_t)n, &list);
		struct slot *s = slots;
		while (s < slots + outstanding && s->id != id)
			s++;
		if (s == slots + outstanding)
			continue; /* the answer to what was sent again */
		check_get(&list, names);
		took_us[done++] = (unsigned)((now_ns() - s->sent_ns) / 1000);
		s->id = 0;
		s->tries = 0;
		if (sent < count)
			send_slot(fd, pdu, s, REQUEST_BASE + (unsigned)sent++);
	}
	double s = (double)(now_ns() - start) / 1e9;
	qsort(took_us, (size_t)count, sizeof(*took_us), compare);
	printf("%.0f %u %u %ld\n", (double)count / s, took_us[count / 2],
	    took_us[count * 99 / 100], lost);
	free(took_us);
}

/* One walk; how many values it gave. */
static long
walk(int fd, const char *community, int rows, const struct name *root,
    long *requests)
{
	static unsigned id = REQUEST_BASE;
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	struct name at = *root;
	unsigned char in[65536];
	struct pdu pdu;
	long values = 0;

	for (;;) {
		struct reading list;
		struct slot slot;
		int type;

		build(&pdu, community, rows == 0 ? GET_NEXT : GET_BULK, rows,
		    &at, 1);
		send_slot(fd, &pdu, &slot, ++id);
		++*requests;
		if (poll(&readable, 1, RESEND_MS * TRIES) != 1)
			die("no answer");
		ssize_t n = recv(fd, in, sizeof(in), 0);
		if (n == -1 || open_answer(in, (size_t)n, &list) != id)
			die("no answer to what was asked");
		while (next_value(&list, &at, &type)) {
			if (type == END_OF_MIB || at.len < root->len ||
			    memcmp(at.octets, root->octets, root->len) != 0)
				return values;
			values++;
		}
	}
}

static void
load_walks(int fd, const char *community, long count, int rows,
    const struct name *root)
{
	long values = 0, requests = 0;
	long long start = now_ns();

	for (long i = 0; i < count; i++)
		values += walk(fd, community, rows, root, &requests);
	double s = (double)(now_ns() - start) / 1e9;
	printf("%.0f %.0f %ld %ld\n", (double)values / s,
	    s / (double)count * 1e6, values / count, requests / count);
}

int
main(int argc, char **argv)
{
	static struct name names[NAMES_MAX];
	static struct pdu pdu;

	if (argc < 8 || argc - 7 > NAMES_MAX) {
		fprintf(stderr, "usage: snmp_load get HOST PORT COMMUNITY COUNT "
				"OUTSTANDING OID...\n       snmp_load walk "
				"HOST PORT COMMUNITY COUNT ROWS OID\n");
		return 2;
	}
	long count = strtol(argv[5], NULL, 10);
	long width = strtol(argv[6], NULL, 10);
	if (strlen(argv[4]) > 100 || count < 1 || width < 0 || width > 100)
		die("COMMUNITY, COUNT, OUTSTANDING or ROWS is out of range");
	for (int i = 7; i < argc; i++)
		parse_name(argv[i], &names[i - 7]);
	int fd = open_socket(argv[2], argv[3]);
	if (strcmp(argv[1], "walk") == 0) {
		load_walks(fd, argv[4], count, (int)width, &names[0]);
		return 0;
	}
	build(&pdu, argv[4], GET, 0, names, (size_t)(argc - 7));
	load_get(fd, &pdu, count, width == 0 ? 1 : (size_t)width,
	    (size_t)(argc - 7));
	return 0;
}
