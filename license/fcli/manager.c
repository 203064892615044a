/* SPDX-License-Identifier: ISC */
/* The socket, the clock's kernel discipline and the community of a manager. */
#include "license/fcli/manager.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/file.h"

#define DEFAULT_TARGET "127.0.0.1:161"
#define DEFAULT_COMMUNITY "public"
#define SYS_UP_TIME "1.3.6.1.2.1.1.3.0"
/* leaselineAgentStartEpoch: no other agent started in this second. */
#define AGENT_START MIB_ROOT ".1.1.3.0"

enum { TRIES = 3, TRY_MS = 1000, ANSWER_MAX = 8192 };

/* The last is whether anybody speaks SNMPv3. */
enum { ASKS_SYSTEM, ASKS_LICENSE, ASKS_V3, QUESTIONS };

struct question {
	struct poller_oid oid;
	int32_t request_id;
	struct poller_answer answer;
	bool done, optional;
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
		size_t len = i == ASKS_V3 ?
		    poller_discover(q->request_id, message) :
		    poller_get(community, q->request_id, &q->oid, message);

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
			q->done = i == ASKS_V3 ? poller_discovered(bytes,
			    (size_t)n, q->request_id) : poller_read(bytes,
			    (size_t)n, q->request_id, &q->oid, &q->answer);
		}
	}
}

static bool
all_done(const struct question questions[static QUESTIONS])
{
	for (int i = 0; i < QUESTIONS; i++) {
		if (!questions[i].done && !questions[i].optional)
			return false;
	}
	return true;
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

/* Of who may see it: the agent's sandbox hides the processes of others. */
static int64_t
find_vendor(void)
{
	static const char name[] = "fastnetmon\n";
	DIR *processes = opendir("/proc");
	const struct dirent *entry;
	int64_t found = 0;

	while (processes != NULL && found == 0 &&
	    (entry = readdir(processes)) != NULL) {
		char path[64], comm[32] = "";
		FILE *file;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/comm",
		    entry->d_name);
		file = fopen(path, "re");
		if (file == NULL)
			continue;
		if (fgets(comm, sizeof(comm), file) != NULL &&
		    strcmp(comm, name) == 0)
			found = strtoll(entry->d_name, NULL, 10);
		fclose(file);
	}
	if (processes != NULL)
		closedir(processes);
	return found;
}

static bool
ask_target(const char *target, const char *community,
    struct question questions[static QUESTIONS], struct buf *error)
{
	int32_t first = (int32_t)(clock_boot().ns & 0x3fffffff);
	int fd = open_target(target, error);

	if (fd == -1 && error->len > 0)
		return false;
	for (int i = 0; i < QUESTIONS; i++) {
		poller_oid_parse(i == ASKS_LICENSE ? AGENT_START : SYS_UP_TIME,
		    &questions[i].oid);
		questions[i].request_id = first + i;
		if (fd == -1)
			questions[i].answer = (struct poller_answer){
				POLLER_UNREACHABLE, errno};
	}
	if (fd == -1)
		return true;
	ask(fd, community, questions);
	close(fd);
	return true;
}

static bool
is_discovered(const struct question questions[static QUESTIONS])
{
	return questions[ASKS_V3].done &&
	    questions[ASKS_V3].answer.kind != POLLER_UNREACHABLE;
}

static bool
ask_as_community(const struct manager *manager, struct doctor_seen *out,
    struct buf *error)
{
	struct question questions[QUESTIONS] = {[ASKS_V3] = {.optional = true}};
	const char *set = getenv("LEASELINE_SNMP_COMMUNITY");
	char community[POLLER_COMMUNITY_MAX + 1];

	if (!read_community(manager->community_file, community,
		sizeof(community), error))
		return false;
	out->is_given = manager->community_file != NULL ||
	    (set != NULL && set[0] != '\0');
	bool good = ask_target(out->target, community, questions, error);
	explicit_bzero(community, sizeof(community));
	out->system = questions[ASKS_SYSTEM].answer;
	out->license = questions[ASKS_LICENSE].answer;
	out->speaks_v3 = is_discovered(questions);
	return good;
}

static bool
read_line(FILE *from, struct poller_answer *out)
{
	char line[64];
	int kind;

	if (from == NULL || fgets(line, sizeof(line), from) == NULL ||
	    sscanf(line, "%d %" SCNd64, &kind, &out->number) != 2 ||
	    kind < 0 || kind >= POLLER_KINDS)
		return false;
	out->kind = (enum poller_kind)kind;
	return true;
}

/* The child says itself what is wrong with the file. */
static pid_t
start_child(const char *program, const char *v3_file, const char *target,
    int output)
{
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child != 0)
		return child;
	dup2(output, STDOUT_FILENO);
	execl(program, "leaselined", "--manager", v3_file, target,
	    (char *)NULL);
	fprintf(stderr, "fcli: SNMPv3 needs %s: %s\n", program,
	    strerror(errno));
	_exit(1);
}

static bool
ask_child(const struct manager *manager, const char *v3_file,
    struct doctor_seen *out, struct buf *error)
{
	int ends[2], status = -1;

	if (pipe2(ends, O_CLOEXEC) == -1) {
		buf_printf(error, "a pipe: %s", strerror(errno));
		return false;
	}
	/* Who does not speak it costs no time again; the file is looked at. */
	pid_t child = start_child(manager->program, v3_file,
	    out->speaks_v3 ? out->target : "", ends[1]);
	close(ends[1]);
	FILE *from = fdopen(ends[0], "r");
	struct poller_answer system, license;
	bool good = read_line(from, &system) && read_line(from, &license);
	if (good && out->speaks_v3) {
		out->system = system;
		out->license = license;
	}
	/* It named its engine: what it cannot decrypt gets no answer. */
	if (out->speaks_v3 && out->system.kind == POLLER_SILENT)
		out->system.kind = POLLER_NO_PRIVACY;
	if (from != NULL)
		fclose(from);
	while (child != -1 && waitpid(child, &status, 0) == -1 &&
	    errno == EINTR)
		;
	/* It has a bound of its own: then nobody answered. */
	return good || (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
}

static bool
ask_as_user(const struct manager *manager, const char *v3_file,
    struct doctor_seen *out, struct buf *error)
{
	struct question questions[QUESTIONS] = {
		[ASKS_SYSTEM] = {.done = true}, [ASKS_LICENSE] = {.done = true}};

	if (!ask_target(out->target, "", questions, error))
		return false;
	out->as_user = true;
	out->speaks_v3 = is_discovered(questions);
	out->system = out->license = questions[ASKS_V3].answer;
	return ask_child(manager, v3_file, out, error);
}

bool
manager_look(const struct manager *manager, struct doctor_seen *out,
    struct buf *error)
{
	const char *target = manager->target, *v3_file = manager->v3_file;

	*out = (struct doctor_seen){.told = true, .ntp = is_synchronized(),
		.vendor_pid = find_vendor()};
	if (target == NULL)
		target = getenv("LEASELINE_SNMP_TARGET");
	if (target == NULL || target[0] == '\0')
		target = DEFAULT_TARGET;
	text_copy(out->target, sizeof(out->target), target);
	if (v3_file == NULL && manager->community_file == NULL)
		v3_file = getenv("LEASELINE_SNMP_V3_FILE");
	if (v3_file == NULL || v3_file[0] == '\0')
		return ask_as_community(manager, out, error);
	if (manager->community_file != NULL) {
		buf_puts(error, "--snmp-community-file and --snmp-v3-file are "
		    "two managers; give one");
		return false;
	}
	return ask_as_user(manager, v3_file, out, error);
}
