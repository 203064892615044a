/* SPDX-License-Identifier: ISC */
/* A child, a file in memory for what it prints, and who waits for it. */
#include "agent/consult.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "license/base/buf.h"
#include "license/base/child.h"
#include "license/command.h"
#include "license/doctor_found.h"
#include "license/keeper/view.h"

enum { ANSWER_MAX = 1 << 20, WORDS_MAX = 16 };

struct consult {
	char config_path[PATH_MAX];
	char listeners[sizeof(((struct doctor_agent *)0)->listeners)];
	struct board *board;
	struct child *child;
	int output; /* in memory; -1 none */
	struct buf said;
	consult_done_fn *done;
	void *self;
};

struct consult *
consult_new(const char *config_path, struct board *board)
{
	struct consult *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	/* The child's directory is "/". */
	if (realpath(config_path, c->config_path) == NULL)
		text_copy(c->config_path, sizeof(c->config_path), config_path);
	c->board = board;
	c->output = -1;
	buf_init(&c->said, COMMAND_REQUEST_MAX);
	return c;
}

static void
end(struct consult *c)
{
	child_free(c->child);
	if (c->output != -1)
		close(c->output);
	buf_fini(&c->said);
	c->child = NULL;
	c->output = -1;
	c->self = NULL;
}

void
consult_free(struct consult *c)
{
	if (c == NULL)
		return;
	end(c);
	free(c);
}

void
consult_listeners(struct consult *c, const char *listeners)
{
	text_copy(c->listeners, sizeof(c->listeners), listeners);
}

static void
on_line(void *self, const char *text)
{
	struct consult *c = self;

	buf_printf(&c->said, "%s\n", text);
}

static void
describe(const struct consult *c, bool caller_may, struct doctor_agent *out)
{
	struct view *view = view_take(c->board);

	*out = (struct doctor_agent){.told = true,
		.caller_may = caller_may,
		.storage_up = true,
		.pid = getpid(),
		.heartbeat_age_s = -1,
		.agentx = -1,
		.trust = TRUST_UNVERIFIED,
		.agentx_refused =
		    atomic_load(&c->board->counters.agentx_refused) != 0};
	text_copy(out->listeners, sizeof(out->listeners), c->listeners);
	if (view == NULL)
		return;
	const struct agent_report *agent = &view->agent;
	out->start_s = agent->start.s;
	out->storage_up = agent->storage_up;
	out->trust = agent->clock_trust;
	out->offset_s = agent->has[AGENT_ID_OFFSET] ? agent->clock_offset_s :
	    DOCTOR_OFFSET_UNKNOWN;
	if (agent->has[AGENT_ID_HEARTBEAT_AGE])
		out->heartbeat_age_s = agent->heartbeat_age_s;
	if (agent->has[AGENT_ID_AGENTX_UP])
		out->agentx = agent->agentx_up;
	out->agentx_connects = agent->agentx_connects;
	view_free(view);
}

static const char **
add(const char **at, const char *word)
{
	*at = word;
	return at + 1;
}

/* From what was parsed: a caller's word about the agent is not passed on. */
static struct child *
start_child(struct consult *c, const struct command *command,
    const struct doctor_agent *agent)
{
	char told[DOCTOR_WORD_SIZE + sizeof("--agent=")] = "--agent=";
	char seen[COMMAND_WORD_SIZE + sizeof("--seen=")];
	const char *words[WORDS_MAX] = {"/proc/self/exe", "--once", "-c",
		c->config_path, "--", "doctor", told};
	const char **at = words + 7;

	doctor_agent_word(agent, told + strlen(told));
	snprintf(seen, sizeof(seen), "--seen=%s", command->seen);
	if (command->seen[0] != '\0')
		at = add(at, seen);
	if (command->json)
		at = add(at, "--json");
	if (command->strict)
		at = add(at, "--strict");
	if (command->name[0] != '\0')
		at = add(at, command->name);
	*at = NULL;
	const struct child_options options = {
		.arguments = words,
		.environment = (const char *const *)environ,
		.output = c->output,
		.limit_s = CONSULT_LIMIT_S,
		.line = on_line,
		.self = c,
	};
	return child_start(&options);
}

bool
consult_start(struct consult *c, const struct command *command,
    bool caller_may, consult_done_fn *done, void *self)
{
	struct doctor_agent agent;

	if (c->child != NULL)
		return false;
	c->output = memfd_create("doctor", MFD_CLOEXEC);
	describe(c, caller_may, &agent);
	c->child = c->output == -1 ? NULL : start_child(c, command, &agent);
	if (c->child == NULL) {
		end(c);
		return false;
	}
	c->done = done;
	c->self = self;
	return true;
}

void
consult_forget(struct consult *c, const void *self)
{
	if (c != NULL && c->self == self)
		c->done = NULL;
}

static void
read_output(int fd, struct buf *out)
{
	char bytes[16384];
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) == -1)
		return;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		buf_add(out, bytes, (size_t)n);
}

static void
conclude(struct consult *c)
{
	int code = child_code(c->child);
	consult_done_fn *done = c->done;
	void *self = c->self;
	struct buf out, err;

	buf_init(&out, ANSWER_MAX);
	buf_init(&err, COMMAND_REQUEST_MAX);
	if (code <= COMMAND_EXIT_ABSENT) {
		read_output(c->output, &out);
		buf_add(&err, buf_text(&c->said), c->said.len);
	} else {
		buf_printf(&err, "the doctor ended with %d and no answer; see "
		    "fcli show license_status\n", code);
		code = COMMAND_EXIT_ABSENT;
	}
	end(c);
	if (done != NULL)
		done(self, code, &out, &err);
	buf_fini(&err);
	buf_fini(&out);
}

static void
consult_ask(void *self, struct loop_want *want)
{
	struct consult *c = self;

	if (c->child != NULL)
		child_ask(c->child, want);
}

static void
consult_tell(void *self, const struct loop_got *got)
{
	struct consult *c = self;

	if (c->child != NULL && child_tell(c->child, got))
		conclude(c);
}

struct loop_source
consult_source(struct consult *c)
{
	return (struct loop_source){consult_ask, consult_tell, c};
}
