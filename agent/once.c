/* SPDX-License-Identifier: ISC */
/*
 * One reading verb over the files, without a write; without network, too, but
 * for the usage report, which looks at FastNetMon's metrics.
 */
#include "agent/once.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "agent/config.h"
#include "agent/doctor.h"
#include "agent/execute.h"
#include "license/base/buf.h"
#include "license/base/log.h"
#include "license/base/loop.h"
#include "license/command.h"
#include "license/keeper/reporter.h"
#include "license/keeper/view.h"

static void
put(int fd, const struct buf *bytes)
{
	size_t done = 0;

	while (done < bytes->len) {
		ssize_t n = write(fd, bytes->data + done, bytes->len - done);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		done += (size_t)n;
	}
}

/* True only when it is certain: the lock is there and nobody holds it. */
static bool
no_agent_runs(const char *state_directory)
{
	char path[KEEPER_PATH_SIZE + 8];

	snprintf(path, sizeof(path), "%s/lock", state_directory);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool free_lock = fd != -1 && flock(fd, LOCK_SH | LOCK_NB) == 0;
	if (fd != -1)
		close(fd);
	return free_lock;
}

/* A plan that nobody carries out must not look like one. */
static void
without_agent(struct view *view)
{
	for (size_t i = 0; i < view->count; i++) {
		struct report *report = &view->reports[i];

		if (!report->has[FIELD_ID_REFRESH_INTERVAL])
			continue;
		report->has[FIELD_ID_NEXT_ATTEMPT] = false;
		if (report->severity == SEVERITY_OK)
			text_copy(report->advice, sizeof(report->advice),
			    "Start the agent, nothing refreshes the license: "
			    "systemctl start leaselined.");
	}
}

struct showing {
	const struct command *command;
	struct loop *loop;
	struct buf *out, *err;
	int code;
};

static void
report_shown(void *self, const struct usage_document *document)
{
	struct showing *s = self;

	s->code = execute_stats(s->command, document, s->out, s->err);
	loop_stop(s->loop);
}

/* The loop ends with the answer, which has a bound of its own. */
static int
show_report(const struct config *config, const struct command *command,
    struct keeper *keeper, struct buf *out, struct buf *err)
{
	struct reporter *reporter = reporter_new(keeper, &config->stats);
	struct showing s = {.command = command, .loop = loop_new(),
		.out = out, .err = err, .code = COMMAND_EXIT_ABSENT};

	if (reporter != NULL && s.loop != NULL &&
	    reporter_show(reporter, report_shown, &s)) {
		loop_add(s.loop, reporter_source(reporter));
		if (loop_run(s.loop) == -1)
			buf_printf(err, "poll: %s\n", strerror(errno));
	} else {
		buf_puts(err, "out of memory\n");
	}
	loop_free(s.loop);
	reporter_free(reporter);
	return s.code;
}

/* -1: the files cannot be read, ${err} is the reason without its LF. */
static int
answer(const struct config *config, const struct command *command,
    struct buf *out, struct buf *err)
{
	struct board board;
	int code = COMMAND_EXIT_ABSENT;

	board_init(&board);
	const struct keeper_options options = {
		.state_directory = config->agent.state_dir,
		.licenses = config->licenses,
		.license_count = config->license_count,
		.board = &board,
	};
	struct keeper *keeper = keeper_open_reading(&options, err);
	if (keeper == NULL) {
		code = -1;
	} else if (command->verb == VERB_SHOW_STATS) {
		code = show_report(config, command, keeper, out, err);
		keeper_free(keeper);
	} else {
		struct view *view = view_take(&board);

		if (view != NULL && no_agent_runs(config->agent.state_dir))
			without_agent(view);
		code = execute_reading(command, view, keeper, out, err);
		view_free(view);
		keeper_free(keeper);
	}
	board_fini(&board);
	return code;
}

/* A file system that hangs: what is said then, made before. */
static struct {
	struct buf out, err;
	int code;
} late;

static void
too_late(int signal_number)
{
	(void)signal_number;
	put(STDOUT_FILENO, &late.out);
	put(STDERR_FILENO, &late.err);
	_exit(late.code);
}

static void
bound_check(const struct command *command)
{
	buf_init(&late.out, 1024);
	buf_init(&late.err, 1024);
	late.code = command_nobody(command->format, "the agent is not running, "
	    "and the files cannot be read in time", &late.out, &late.err);
	signal(SIGALRM, too_late);
	alarm(command->timeout_s > 0 ? (unsigned)command->timeout_s :
				       COMMAND_TIMEOUT_S);
}

/* The reason is in ${err}. A check has a contract of its own for it. */
static int
failed(int code, size_t count, const char *const *words, struct buf *out,
    struct buf *err)
{
	struct buf why;

	if (!command_is_check(count, words)) {
		buf_putc(err, '\n');
		return code;
	}
	buf_init(&why, EXECUTE_ERR_MAX);
	/* The cause before its consequence: the files are the second choice. */
	if (code == COMMAND_EXIT_ABSENT)
		buf_puts(&why, "the agent does not answer at its control "
		    "socket, and its files say nothing: ");
	buf_add(&why, buf_text(err), err->len);
	buf_clear(err);
	code = command_nobody(command_format(count, words), buf_text(&why),
	    out, err);
	buf_fini(&why);
	return code;
}

static int
run(const char *config_path, size_t count, const char *const *words,
    struct buf *out, struct buf *err)
{
	struct command command;
	struct config config;

	if (!command_parse(count, words, &command, err))
		return failed(COMMAND_EXIT_USAGE, count, words, out, err);
	if (command.verb == VERB_CHECK)
		bound_check(&command);
	if (command.verb == VERB_DOCTOR)
		return doctor_run(config_path, &command, out, err);
	if (command_row(command.verb)->changes) {
		buf_puts(err, "the agent must run for this: systemctl start "
			      "leaselined\n");
		return COMMAND_EXIT_ABSENT;
	}
	if (!config_load(config_path, &config, err))
		return failed(COMMAND_EXIT_ABSENT, count, words, out, err);
	int code = answer(&config, &command, out, err);
	config_fini(&config);
	return code != -1 ? code :
	    failed(COMMAND_EXIT_ABSENT, count, words, out, err);
}

int
once_run(const char *config_path, size_t count, const char *const *words)
{
	struct buf out, err;

	buf_init(&out, EXECUTE_OUT_MAX);
	buf_init(&err, EXECUTE_ERR_MAX);
	/* The answer says it; the lines of a log are the agent's. */
	(void)log_open("/dev/null", "leaselined", LOG_LEVEL_ERROR);
	int code = run(config_path, count, words, &out, &err);
	put(STDOUT_FILENO, &out);
	put(STDERR_FILENO, &err);
	buf_fini(&out);
	buf_fini(&err);
	return code;
}
