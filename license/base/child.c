/* SPDX-License-Identifier: ISC */
/*
 * One program: spawned, read, waited for through its pidfd, ended when its
 * time is up. No SIGCHLD is asked for, so nobody else's children are touched.
 */
#include "license/base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "license/base/clock.h"

enum { READ_MAX = 65536 }; /* in one round: others wait for theirs */

struct child {
	void (*line)(void *self, const char *text);
	void *self;
	pid_t pid;
	int pidfd, output;
	mono_t until; /* of the time to run, then of the time to end */
	bool late, ended;
	int code;
	size_t lines, held;
	char text[CHILD_LINE_MAX + 1];
	bool cut; /* the rest of a line that is too long is passed over */
	uint64_t dropped;
};

static mono_t
after(int64_t s)
{
	return (mono_t){clock_boot().ns + s * 1000000000};
}

/* What every program may take for granted: all signals, none blocked. */
static int
set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	/* These two cannot be set, and so not be reset. */
	sigdelset(&all, SIGKILL);
	sigdelset(&all, SIGSTOP);
	int error = posix_spawnattr_setsigmask(attributes, &none);
	if (error == 0)
		error = posix_spawnattr_setsigdefault(attributes, &all);
	if (error == 0)
		error = posix_spawnattr_setpgroup(attributes, 0);
	if (error == 0)
		error = posix_spawnattr_setflags(attributes,
		    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
		    POSIX_SPAWN_SETPGROUP);
	return error;
}

static int
set_actions(posix_spawn_file_actions_t *actions, int output, int said)
{
	int error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO,
	    "/dev/null", O_RDONLY, 0);

	if (error == 0)
		error = posix_spawn_file_actions_adddup2(actions, output,
		    STDOUT_FILENO);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(actions, said,
		    STDERR_FILENO);
	if (error == 0)
		error = posix_spawn_file_actions_addclosefrom_np(actions,
		    STDERR_FILENO + 1);
	if (error == 0)
		error = posix_spawn_file_actions_addchdir_np(actions, "/");
	return error;
}

static char *const *
as_vector(const char *const *list)
{
	return (char *const *)(uintptr_t)list;
}

/* 0 or the error: posix_spawn does not set errno. */
static int
spawn(const struct child_options *options, int output, pid_t *pid)
{
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t actions;
	int error = posix_spawnattr_init(&attributes);

	if (error != 0)
		return error;
	error = posix_spawn_file_actions_init(&actions);
	if (error != 0) {
		posix_spawnattr_destroy(&attributes);
		return error;
	}
	error = set_attributes(&attributes);
	if (error == 0)
		error = set_actions(&actions, options->output == 0 ? output :
		    options->output, output);
	if (error == 0)
		error = posix_spawn(pid, options->arguments[0], &actions,
		    &attributes, as_vector(options->arguments),
		    as_vector(options->environment));
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return error;
}

struct child *
child_start(const struct child_options *options)
{
	struct child *child = calloc(1, sizeof(*child));
	int ends[2] = {-1, -1};
	int error = 0;

	if (child == NULL)
		return NULL;
	child->line = options->line;
	child->self = options->self;
	child->pidfd = child->output = -1;
	if (pipe2(ends, O_CLOEXEC) == -1)
		error = errno;
	else if (fcntl(ends[0], F_SETFL, O_NONBLOCK) == -1)
		error = errno;
	else
		error = spawn(options, ends[1], &child->pid);
	if (ends[1] != -1)
		close(ends[1]);
	child->output = ends[0];
	if (error == 0) {
		child->pidfd = pidfd_open(child->pid, 0);
		error = child->pidfd == -1 ? errno : 0;
	}
	child->until = after(options->limit_s);
	if (error == 0)
		return child;
	/* Nobody could see it end: it must not go on. */
	if (child->pid > 0 && kill(-child->pid, SIGKILL) == 0)
		waitpid(child->pid, NULL, 0);
	child->pid = 0;
	child_free(child);
	errno = error;
	return NULL;
}

void
child_ask(const struct child *child, struct loop_want *want)
{
	if (child->output != -1)
		loop_want_fd(want, child->output, POLLIN);
	loop_want_fd(want, child->pidfd, POLLIN);
	loop_want_at(want, child->until);
}

static void
end_line(struct child *child)
{
	if (child->held > 0 && child->lines < CHILD_LINES_MAX) {
		child->text[child->held] = '\0';
		child->line(child->self, child->text);
		child->lines++;
	} else {
		child->dropped += child->held;
	}
	child->held = 0;
	child->cut = false;
}

static void
take_output(struct child *child, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];

		if (c == '\n') {
			end_line(child);
		} else if (child->cut || child->held == CHILD_LINE_MAX) {
			child->cut = true;
			child->dropped++;
		} else {
			/* A NUL would end the line for who reads it. */
			child->text[child->held++] = c == '\0' ? ' ' : c;
		}
	}
}

static void
read_output(struct child *child)
{
	char bytes[4096];

	for (size_t done = 0; child->output != -1 && done < READ_MAX;) {
		ssize_t n = read(child->output, bytes, sizeof(bytes));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close(child->output);
			child->output = -1;
			return;
		}
		take_output(child, bytes, (size_t)n);
		done += (size_t)n;
	}
}

/*
 * Its end; what it started and left behind goes on, unless its time was up.
 * Before it is waited for its number is nobody else's.
 */
static void
conclude(struct child *child)
{
	int status = 0;

	if (child->late)
		kill(-child->pid, SIGKILL);
	read_output(child);
	end_line(child);
	while (waitpid(child->pid, &status, 0) == -1 && errno == EINTR)
		;
	child->pid = 0;
	child->ended = true;
	child->code = child->late ? CHILD_LATE : WIFSIGNALED(status) ?
	    128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void
child_hurry(struct child *child)
{
	kill(-child->pid, child->late ? SIGKILL : SIGTERM);
	child->late = true;
	child->until = after(CHILD_KILL_S);
}

static bool
fired(const struct loop_got *got, int fd)
{
	for (size_t i = 0; fd != -1 && i < got->count; i++) {
		if (got->fds[i].fd == fd)
			return got->fds[i].revents != 0;
	}
	return false;
}

bool
child_tell(struct child *child, const struct loop_got *got)
{
	if (child->ended)
		return true;
	if (fired(got, child->output))
		read_output(child);
	if (fired(got, child->pidfd))
		conclude(child);
	else if (child->until.ns <= got->now.ns)
		child_hurry(child);
	return child->ended;
}

int
child_code(const struct child *child)
{
	return child->code;
}

uint64_t
child_dropped(const struct child *child)
{
	return child->dropped;
}

void
child_free(struct child *child)
{
	if (child == NULL)
		return;
	if (child->pid > 0)
		kill(-child->pid, SIGTERM);
	if (child->output != -1)
		close(child->output);
	if (child->pidfd != -1)
		close(child->pidfd);
	free(child);
}
