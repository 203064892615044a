/* SPDX-License-Identifier: ISC */
/* The socket, the clock's kernel discipline and the community of a manager. */
#include "license/fcli/manager.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/file.h"

#define DEFAULT_TARGET "127.0.0.1:161"
#define DEFAULT_COMMUNITY "public"
#define SYS_UP_TIME "1.3.6.1.2.1.1.3.0"
/* leaselineAgentStartEpoch: no other agent started in this second. */
#define AGENT_START MIB_ROOT ".1.1.3.0"

enum { TRIES = 3, TRY_MS = 1000, ANSWER_MAX = 8192, QUESTIONS = 2 };

struct question {
	const char *oid_text;
	struct poller_oid oid;
	int32_t request_id;
	struct poller_answer answer;
	bool done;
};

/* "HOST", "HOST:PORT", "[HOST]:PORT"; numeric, so that no name is asked. */
static int
open_target(const char *target, struct buf *error)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	char host[64], port[8] = "161";
	const char *start = target[0] == '[' ? target + 1 : target;
	size_t len = strcspn(start, target[0] == '[' ? "]" : ":");
	const char *rest = start + len + (target[0] == '[' && start[len] != 0);
	int fd = -1;

	if (len < sizeof(host) && (rest[0] == '\0' ||
		(rest[0] == ':' && text_copy(port, sizeof(port), rest + 1)))) {
		snprintf(host, sizeof(host), "%.*s", (int)len, start);
		(void)!getaddrinfo(strcmp(host, "localhost") == 0 ?
			"127.0.0.1" : host, port, &hints, &found);
	}
	if (found == NULL) {
		buf_puts(error, "--snmp-target is not an address; give "
		    "127.0.0.1:161, [::1]:161 or the like");
		return -1;
	}
	fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	/* Connected, so that the kernel tells of a port that is closed. */
	if (fd != -1 &&
	    connect(fd, found->ai_addr, found->ai_addrlen) == -1) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

static bool
read_community(const char *path, char *out, size_t size, struct buf *error)
{
	const char *set = getenv("LEASELINE_SNMP_COMMUNITY");
	struct buf text;
	bool good = true;

	if (path == NULL)
		return text_copy(out, size, set == NULL || set[0] == '\0' ?
		    DEFAULT_COMMUNITY : set) ||
		    (buf_puts(error, "LEASELINE_SNMP_COMMUNITY is longer than "
		    "a community may be"), false);
	buf_init(&text, 4096);
	if (file_read(path, &text) == -1) {
		buf_printf(error, "--snmp-community-file: %s: %s", path,
		    strerror(errno));
		good = false;
	} else {
		size_t len = strcspn(buf_text(&text), "\r\n");

		good = len > 0 && len < size;
		snprintf(out, size, "%.*s", (int)len, buf_text(&text));
		if (!good)
			buf_printf(error, "--snmp-community-file: %s: its "
			    "first line is no community", path);
	}
	buf_fini(&text);
	return good;
}

static void
send_questions(int fd, const char *community,
    struct question questions[static QUESTIONS])
{
	uint8_t message[POLLER_MESSAGE_MAX];

	for (int i = 0; i < QUESTIONS; i++) {
		struct question *q = &questions[i];
		size_t len = poller_get(community, q->request_id, &q->oid,
		    message);

		if (q->done || len == 0)
			continue;
		if (send(fd, message, len, 0) == -1 && errno != EAGAIN)
			q->answer = (struct poller_answer){
				POLLER_UNREACHABLE, errno};
	}
}

static void
take_answer(int fd, struct question questions[static QUESTIONS])
{
	uint8_t bytes[ANSWER_MAX];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
	int error = errno;

	for (int i = 0; i < QUESTIONS; i++) {
		struct question *q = &questions[i];

		if (q->done)
			continue;
		if (n == -1 && error != EAGAIN && error != EINTR) {
			q->answer = (struct poller_answer){
				POLLER_UNREACHABLE, error};
			q->done = error == ECONNREFUSED;
		} else if (n > 0) {
			q->done = poller_read(bytes, (size_t)n, q->request_id,
			    &q->oid, &q->answer);
		}
	}
}

static bool
all_done(const struct question questions[static QUESTIONS])
{
	return questions[0].done && questions[1].done;
}

static void
ask(int fd, const char *community, struct question questions[static QUESTIONS])
{
	for (int i = 0; i < TRIES && !all_done(questions); i++) {
		mono_t until = {clock_boot().ns + TRY_MS * 1000000LL};

		send_questions(fd, community, questions);
		while (!all_done(questions)) {
			int64_t ms = (until.ns - clock_boot().ns) / 1000000;
			struct pollfd p = {.fd = fd, .events = POLLIN};

			if (ms <= 0 || poll(&p, 1, (int)ms) == 0)
				break;
			take_answer(fd, questions);
		}
	}
}

/* Reading it needs no right; in some containers it is forbidden. */
static int
is_synchronized(void)
{
	struct timex now = {.modes = 0};
	int state = adjtimex(&now);

	return state == -1 ? -1 : state != TIME_ERROR &&
	    (now.status & STA_UNSYNC) == 0;
}

bool
manager_look(const char *target, const char *community_file,
    struct doctor_seen *out, struct buf *error)
{
	struct question questions[QUESTIONS] = {{.oid_text = SYS_UP_TIME},
		{.oid_text = AGENT_START}};
	char community[POLLER_COMMUNITY_MAX + 1];
	int32_t first = (int32_t)(clock_boot().ns & 0x3fffffff);

	*out = (struct doctor_seen){.told = true, .ntp = is_synchronized()};
	if (target == NULL)
		target = getenv("LEASELINE_SNMP_TARGET");
	if (target == NULL || target[0] == '\0')
		target = DEFAULT_TARGET;
	text_copy(out->target, sizeof(out->target), target);
	if (!read_community(community_file, community, sizeof(community),
		error))
		return false;
	int fd = open_target(target, error);
	if (fd == -1 && error->len > 0)
		return false;
	for (int i = 0; i < QUESTIONS; i++) {
		poller_oid_parse(questions[i].oid_text, &questions[i].oid);
		questions[i].request_id = first + i;
		if (fd == -1)
			questions[i].answer = (struct poller_answer){
				POLLER_UNREACHABLE, errno};
	}
	if (fd != -1) {
		ask(fd, community, questions);
		close(fd);
	}
	explicit_bzero(community, sizeof(community));
	out->system = questions[0].answer;
	out->license = questions[1].answer;
	return true;
}
