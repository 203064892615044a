/* SPDX-License-Identifier: ISC */
/*
 * fcli: carries words to the agent and bytes back. It knows what no word
 * means, links libc alone, and waits for nothing without a bound.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/file.h"
#include "license/command.h"
#include "license/fcli/manager.h"
#include "license/fcli/talk.h"

#define SOCKET_PATH "/run/leaseline/control.sock"
#define CONFIG_PATH "/etc/leaseline/leaseline.conf"
#define AGENT "leaselined"
#define AGENT_PATH "/usr/sbin/" AGENT

enum { PROGRAM_SIZE = 4096 };

enum {
	READ_WAIT_S = 5,
	CHANGE_WAIT_S = 75, /* the agent gives up before */
	DOCTOR_ANSWER_S = 3,
	DOCTOR_WAIT_S = 20,
	WORDS_MAX = 16,
};

struct options {
	const char *socket;
	const char *config;
	struct manager manager; /* for the doctor */
	const char *output; /* a file in place of standard output, or NULL */
	const char *words[WORDS_MAX];
	size_t count;
	bool help, version;
	bool check; /* `check license`, which has its own contract */
	enum check_format format;
	bool doctor;
};

enum contact { ANSWERED, ABSENT, FAILED };

static const char *
environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value == NULL || value[0] == '\0' ? otherwise : value;
}

/* "--socket PATH" and "--socket=PATH"; 1 taken, 0 another word, -1 no value. */
static int
take_value(const char *name, int argc, char **argv, int *i, const char **out)
{
	size_t len = strlen(name);

	if (strncmp(argv[*i], name, len) != 0)
		return 0;
	if (argv[*i][len] == '=') {
		*out = argv[*i] + len + 1;
		return 1;
	}
	if (argv[*i][len] != '\0')
		return 0;
	if (*i + 1 == argc) {
		fprintf(stderr, "fcli: %s needs a value after it\n", name);
		return -1;
	}
	*out = argv[++*i];
	return 1;
}

static int
take_option(int argc, char **argv, int *i, struct options *o)
{
	const struct {
		const char *name, **out;
	} rows[] = {
		{"--socket", &o->socket},
		{"--config", &o->config},
		{"--output", &o->output},
		{"--snmp-target", &o->manager.target},
		{"--snmp-community-file", &o->manager.community_file},
		{"--snmp-v3-file", &o->manager.v3_file},
	};
	int taken = 0;

	for (size_t k = 0; taken == 0 && k < sizeof(rows) / sizeof(rows[0]);
	     k++)
		taken = take_value(rows[k].name, argc, argv, i, rows[k].out);
	return taken;
}

static bool
read_options(int argc, char **argv, struct options *o)
{
	o->socket = environment("LEASELINE_CONTROL_SOCKET", SOCKET_PATH);
	o->config = environment("LEASELINE_CONFIG", CONFIG_PATH);
	for (int i = 1; i < argc; i++) {
		int taken = take_option(argc, argv, &i, o);

		if (taken == -1)
			return false;
		if (taken == 1)
			continue;
		o->help = o->help || strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0;
		o->version = o->version || strcmp(argv[i], "-V") == 0 ||
		    strcmp(argv[i], "--version") == 0;
		if (o->count + 2 == WORDS_MAX) {
			fputs("fcli: too many words; see fcli --help\n",
			    stderr);
			return false;
		}
		o->words[o->count++] = argv[i];
	}
	if (strcmp(environment("JSON_MODE", "off"), "on") == 0)
		o->words[o->count++] = "--json";
	o->check = command_is_check(o->count, o->words);
	o->format = command_format(o->count, o->words);
	return true;
}

static bool
asks_usable(const struct options *o)
{
	return o->format == CHECK_FORMAT_USABLE;
}

/*
 * The answer to standard output or, whole, in place of the file's contents;
 * no answer leaves the file as it is. False when that fails.
 */
static bool
put_answer(const struct options *o, const char *bytes, size_t len)
{
	if (o->output == NULL) {
		fwrite(bytes, 1, len, stdout);
		if (fflush(stdout) == 0 && !ferror(stdout))
			return true;
		fprintf(stderr, "fcli: the answer could not be written: %s\n",
		    strerror(errno));
		return false;
	}
	if (len == 0 || file_replace(o->output, bytes, len, 0644) == 0)
		return true;
	fprintf(stderr, "fcli: %s could not be written: %s; the file is as it "
	    "was\n", o->output, strerror(errno));
	return false;
}

/* What went wrong, as who asks expects to be told; the exit code. */
static int
complain(const struct options *o, int code, const char *text)
{
	struct buf out, err;

	if (!o->check) {
		fprintf(stderr, "fcli: %s\n", text);
		return code;
	}
	buf_init(&out, 8192);
	buf_init(&err, 8192);
	code = command_nobody(o->format, text, &out, &err);
	put_answer(o, buf_text(&out), out.len);
	fputs(buf_text(&err), stderr);
	buf_fini(&out);
	buf_fini(&err);
	return code;
}

static int
say_failure(const struct options *o)
{
	int error = errno;
	struct buf text;

	buf_init(&text, 8192);
	if (error == EACCES || error == EPERM)
		buf_printf(&text, "no permission to reach the agent at %s; use "
		    "sudo", o->socket);
	else if (error == ETIMEDOUT)
		buf_printf(&text, "the agent at %s does not answer; see its "
		    "log, or systemctl restart leaselined", o->socket);
	else
		buf_printf(&text, "the agent at %s: %s; try again, or "
		    "systemctl restart leaselined", o->socket,
		    strerror(error));
	int code = complain(o, COMMAND_EXIT_ABSENT, buf_text(&text));
	buf_fini(&text);
	return code;
}

static enum contact
ask_agent(const struct options *o, const struct buf *request, int64_t wait_s,
    int *code)
{
	mono_t start = clock_boot();
	mono_t until = {start.ns + wait_s * 1000000000};
	/* A socket that is not opened soon never is; of a check, -t says. */
	mono_t soon = o->check ? until :
	    (mono_t){start.ns + READ_WAIT_S * 1000000000LL};
	size_t head_len = 0, out_len = 0;
	enum contact contact = FAILED;
	struct buf reply;

	int fd = talk_open(o->socket, soon);
	if (fd == -1 && (errno == ENOENT || errno == ECONNREFUSED))
		return ABSENT;
	buf_init(&reply, TALK_REPLY_MAX);
	/* A refusal may be there although the request did not get through. */
	if (fd == -1 || (!talk_send(fd, request, soon) && errno != EPIPE)) {
		*code = say_failure(o);
		goto out;
	}
	int whole = talk_receive(fd, until, &reply, code, &head_len, &out_len);
	if (whole == 0) {
		*code = say_failure(o);
	} else if (whole == -1) {
		*code = complain(o, COMMAND_EXIT_ABSENT, "what answers at the "
		    "control socket is not leaselined of this version");
	} else {
		fwrite(reply.data + head_len + out_len, 1,
		    reply.len - head_len - out_len, stderr);
		if (!put_answer(o, reply.data + head_len, out_len) &&
		    !asks_usable(o))
			*code = o->check ? COMMAND_EXIT_ABSENT :
					   COMMAND_EXIT_NO;
		contact = ANSWERED;
	}
out:
	buf_fini(&reply);
	if (fd != -1)
		close(fd);
	return contact;
}

/* The agent's program beside this one, in ../sbin, or where packages put it. */
static const char *
find_agent(char path[static PROGRAM_SIZE])
{
	static const char *const places[] = {AGENT, "../sbin/" AGENT};
	char own[PROGRAM_SIZE - 32];
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);

	own[len > 0 ? len : 0] = '\0';
	const char *slash = strrchr(own, '/');
	for (size_t i = 0; slash != NULL && i < 2; i++) {
		snprintf(path, PROGRAM_SIZE, "%.*s/%s", (int)(slash - own),
		    own, places[i]);
		if (access(path, X_OK) == 0)
			return path;
	}
	return AGENT_PATH;
}

/* Beside a child that prints into ${fd}; its exit code, or -1 with errno. */
static int
wait_for(pid_t child)
{
	int status;

	while (child != -1 && waitpid(child, &status, 0) == -1) {
		if (errno != EINTR)
			return -1;
	}
	if (child == -1)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : COMMAND_EXIT_ABSENT;
}

/*
 * True: this is to become the agent's program, its output is where the answer
 * belongs. False: that was done by a child, and ${code} is how it ended.
 */
static bool
become(const struct options *o, int *code)
{
	struct buf answer;
	char path[64];

	if (o->output == NULL)
		return true;
	int fd = memfd_create("answer", MFD_CLOEXEC);
	pid_t child = fd == -1 ? -1 : fork();
	if (child == 0)
		return dup2(fd, STDOUT_FILENO) != -1;
	*code = wait_for(child);
	buf_init(&answer, TALK_REPLY_MAX);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (*code == -1 || file_read(path, &answer) == -1)
		*code = complain(o, COMMAND_EXIT_ABSENT, strerror(errno));
	else if (!put_answer(o, buf_text(&answer), answer.len))
		*code = COMMAND_EXIT_ABSENT;
	buf_fini(&answer);
	if (fd != -1)
		close(fd);
	return false;
}

static int
run_once(const struct options *o)
{
	char path[PROGRAM_SIZE];
	char *arguments[WORDS_MAX + 8];
	size_t n = 0;
	const char *program = find_agent(path);

	/* A plugin's line says it itself, and so does a step. */
	if (!o->doctor && (!o->check || asks_usable(o)))
		fprintf(stderr, "fcli: nobody answers at %s: the agent is not "
		    "running (systemctl start leaselined), or has another "
		    "socket; this is from the files\n", o->socket);
	const char *const first[] = {AGENT, "--once", "-c", o->config,
		"--"};
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		arguments[n++] = (char *)(uintptr_t)first[i];
	for (size_t i = 0; i < o->count; i++)
		arguments[n++] = (char *)(uintptr_t)o->words[i];
	arguments[n] = NULL;
	fflush(NULL);
	int code = COMMAND_EXIT_ABSENT;
	if (!become(o, &code))
		return code;
	execv(program, arguments);
	struct buf text;
	buf_init(&text, PROGRAM_SIZE + 256);
	buf_printf(&text, "the agent is not running, and %s cannot be run: %s",
	    program, strerror(errno));
	code = complain(o, COMMAND_EXIT_ABSENT, buf_text(&text));
	buf_fini(&text);
	return code;
}

/* What only the caller can see goes along as a word. */
static int
consult(struct options *o, struct buf *request, struct buf *error)
{
	char word[DOCTOR_WORD_SIZE + sizeof("--seen=")] = "--seen=";
	char program[PROGRAM_SIZE];
	struct doctor_seen seen;
	int code = COMMAND_EXIT_ABSENT;

	o->manager.program = find_agent(program);
	if (!manager_look(&o->manager, &seen, error))
		return error->len == 0 ? COMMAND_EXIT_USAGE :
		    complain(o, COMMAND_EXIT_USAGE, buf_text(error));
	doctor_seen_word(&seen, word + strlen(word));
	o->words[o->count++] = word;
	if (!command_request(o->count, o->words, request))
		return complain(o, COMMAND_EXIT_USAGE, "the words are too long "
		    "to be sent");
	/* An agent that hangs would cost the doctor his whole time. */
	mono_t soon = {clock_boot().ns + DOCTOR_ANSWER_S * 1000000000LL};
	if (talk_is_alive(o->socket, soon) &&
	    ask_agent(o, request, DOCTOR_WAIT_S, &code) != ABSENT)
		return code;
	return run_once(o);
}

static int
run(struct options *o, struct buf *request, struct buf *error)
{
	struct command command;
	int code = COMMAND_EXIT_ABSENT;

	if (!command_parse(o->count, o->words, &command, error))
		return complain(o, COMMAND_EXIT_USAGE, buf_text(error));
	if (o->output != NULL && (!o->check || asks_usable(o)))
		return complain(o, COMMAND_EXIT_USAGE, "--output is an option "
		    "of 'check license' without --usable");
	o->doctor = command.verb == VERB_DOCTOR;
	if (o->doctor)
		return consult(o, request, error);
	if (o->manager.target != NULL || o->manager.community_file != NULL ||
	    o->manager.v3_file != NULL)
		return complain(o, COMMAND_EXIT_USAGE, "--snmp-target, "
		    "--snmp-community-file and --snmp-v3-file are options of "
		    "'doctor'");
	if (!command_request(o->count, o->words, request))
		return complain(o, COMMAND_EXIT_USAGE, "the words are too long "
		    "to be sent");
	const struct command_row *row = command_row(command.verb);
	int64_t wait_s = row->waits ? CHANGE_WAIT_S : READ_WAIT_S;
	if (o->check)
		wait_s = command.timeout_s > 0 ? command.timeout_s :
						 COMMAND_TIMEOUT_S;
	if (ask_agent(o, request, wait_s, &code) != ABSENT)
		return code;
	if (!row->changes)
		return run_once(o);
	buf_printf(error, "nobody answers at %s, and this needs the agent: "
	    "systemctl start leaselined, or --socket PATH if it has another "
	    "socket", o->socket);
	return complain(o, COMMAND_EXIT_ABSENT, buf_text(error));
}

int
main(int argc, char **argv)
{
	struct options options = {.count = 0};
	struct buf request, error;

	buf_init(&error, 4096);
	buf_init(&request, COMMAND_REQUEST_MAX);
	int code = COMMAND_EXIT_USAGE;
	if (!read_options(argc, argv, &options)) {
		code = COMMAND_EXIT_USAGE;
	} else if (options.version) {
		puts("fcli (Leaseline) " LEASELINE_VERSION);
		/* A check that is set up to print this must not look well. */
		code = options.check ? COMMAND_EXIT_ABSENT : COMMAND_EXIT_YES;
	} else if (options.help || argc == 1) {
		command_usage(&error);
		fputs(buf_text(&error), options.help ? stdout : stderr);
		code = options.check ? COMMAND_EXIT_ABSENT : options.help ?
		    COMMAND_EXIT_YES : COMMAND_EXIT_USAGE;
	} else {
		code = run(&options, &request, &error);
	}
	buf_fini(&request);
	buf_fini(&error);
	return code;
}
