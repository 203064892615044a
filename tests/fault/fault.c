/* SPDX-License-Identifier: ISC */
/*
 * The Nth call of one function fails, or the process ends there, for every N that
 * a keeper's work makes. After each: the license of before or the new one
 * still loads and is usable, and the next refresh brings a higher one. Linked
 * with --wrap for each function below; it knows no bytes of a document.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>

#define WORLD_WITHOUT_BELL
#include "tests/world.h"

enum { TRIES_MAX = 5000, TORN_BYTES = 7, CHILD_S = 20 };

#define CALLS(X)                                                              \
	X(WRITE, write, ENOSPC)                                               \
	X(FSYNC, fsync, EIO)                                                  \
	X(RENAMEAT, renameat, ENOSPC)                                         \
	X(OPENAT, openat, ENOSPC)                                             \
	X(OPEN, open, EMFILE)                                                 \
	X(READ, read, EIO)                                                    \
	X(UNLINKAT, unlinkat, EIO)                                            \
	X(FCHMOD, fchmod, EIO)                                                \
	X(CALLOC, calloc, ENOMEM)                                             \
	X(REALLOC, realloc, ENOMEM)
#define CALL_ROW(name, function, error) CALL_##name,
enum call { CALLS(CALL_ROW) CALL_COUNT };
#undef CALL_ROW

static const struct {
	const char *name;
	int error;
} wrapped[] = {
#define CALL_ROW(name, function, error) {#function, error},
	CALLS(CALL_ROW)
#undef CALL_ROW
};

/* once: the disk has a hiccup; on: it is full from there; end: a crash. */
enum manner { ONCE, ON, END, MANNER_COUNT };
static const char *const manners[] = {"once", "from there on", "crash"};

static struct {
	bool armed;
	enum call call;
	enum manner manner;
	int at, calls;
	jmp_buf out;
} fault;

static bool
hit(enum call call)
{
	if (!fault.armed || world.busy > 0 || fault.call != call)
		return false;
	fault.calls++;
	if (fault.calls < fault.at || (fault.calls > fault.at &&
		fault.manner == ONCE))
		return false;
	if (fault.manner == END)
		longjmp(fault.out, 1);
	errno = wrapped[call].error;
	return true;
}

ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b);
int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
ssize_t __real_read(int fd, void *bytes, size_t len);
ssize_t __wrap_read(int fd, void *bytes, size_t len);
int __real_unlinkat(int dir, const char *path, int flags);
int __wrap_unlinkat(int dir, const char *path, int flags);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

ssize_t
__wrap_write(int fd, const void *bytes, size_t len)
{
	struct stat st;

	/* Not the log's: its lock must not be held for ever after. */
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return __real_write(fd, bytes, len);
	/* Torn first: a part is there when the call fails or all ends. */
	if (fault.armed && world.busy == 0 && fault.call == CALL_WRITE &&
	    fault.calls + 1 == fault.at && len > TORN_BYTES)
		(void)!__real_write(fd, bytes, TORN_BYTES);
	return hit(CALL_WRITE) ? -1 : __real_write(fd, bytes, len);
}

int
__wrap_fsync(int fd)
{
	return hit(CALL_FSYNC) ? -1 : __real_fsync(fd);
}

int
__wrap_renameat(int from, const char *a, int to, const char *b)
{
	return hit(CALL_RENAMEAT) ? -1 : __real_renameat(from, a, to, b);
}

int
__wrap_openat(int dir, const char *path, int flags, ...)
{
	va_list args;

	va_start(args, flags);
	mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
	va_end(args);
	return hit(CALL_OPENAT) ? -1 : __real_openat(dir, path, flags, mode);
}

int
__wrap_open(const char *path, int flags, ...)
{
	va_list args;

	va_start(args, flags);
	mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
	va_end(args);
	return hit(CALL_OPEN) ? -1 : __real_open(path, flags, mode);
}

ssize_t
__wrap_read(int fd, void *bytes, size_t len)
{
	return hit(CALL_READ) ? -1 : __real_read(fd, bytes, len);
}

int
__wrap_unlinkat(int dir, const char *path, int flags)
{
	return hit(CALL_UNLINKAT) ? -1 : __real_unlinkat(dir, path, flags);
}

int
__wrap_fchmod(int fd, mode_t mode)
{
	return hit(CALL_FCHMOD) ? -1 : __real_fchmod(fd, mode);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return hit(CALL_CALLOC) ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	return hit(CALL_REALLOC) ? NULL : __real_realloc(old, size);
}

/* The machine sleeps: its clocks go on, and the loop wakes once. */
static void
sleep_s(int64_t s)
{
	world.wall.s += s;
	world.boot.ns += s * 1000000000;
	world_run(2);
}

static const char *what;
static int64_t held;

static bool
require(bool condition, const char *sentence)
{
	if (!condition && what == NULL)
		what = sentence;
	return condition;
}

static struct report
report(void)
{
	struct report out;

	world_report(0, &out);
	return out;
}

/* Time for a refresh that fails once, and for what tries again after it. */
static void
live(enum world_mode first)
{
	if (!world_start())
		return;
	world_run(2);
	world.mode = first;
	sleep_s(26 * HOUR_S);
	world.mode = WORLD_ANSWERS;
	sleep_s(7 * HOUR_S);
	world_run(35);
	world_stop();
}

static void
prepare_nothing(void)
{
	held = 0;
}

static void
prepare_license(void)
{
	live(WORLD_ANSWERS);
	if (world_start())
		held = report().sequence;
	world_stop();
}

static void
prepare_suspension(void)
{
	prepare_license();
	world_account_of(0)->refusal = REFUSAL_SUSPENDED;
}

/* Whatever happened, what is on disk can be read and is good. */
static void
check_reading(void)
{
	struct keeper_options options = world_options();
	struct buf error;

	buf_init(&error, 1024);
	world.keeper = keeper_open_reading(&options, &error);
	if (require(world.keeper != NULL, "the state cannot be read")) {
		require(report().usable, "the license on disk is not usable");
		require(report().sequence >= held, "an older license is there");
		world_stop();
	}
	buf_fini(&error);
}

static void
check_refresh(void)
{
	if (!require(world_start(), "the agent does not start again"))
		return;
	world_run(2);
	require(held == 0 || report().usable, "it is not usable after a start");
	int64_t before = held == 0 ? 0 : report().sequence;
	sleep_s(26 * HOUR_S);
	sleep_s(7 * HOUR_S);
	require(report().sequence > before, "no later refresh succeeds");
	require(report().refresh_last_result == RESULT_OK, "it goes on failing");
	require(report().severity == SEVERITY_OK, "a warning stays");
	world_stop();
}

static void
check_grant(void)
{
	if (held != 0)
		check_reading();
	check_refresh();
}

/*
 * What was said is known after a restart, or the request is still there to be
 * asked again, or (it could never be written) another is asked at once.
 */
static void
check_remembered(void)
{
	char path[WORLD_PATH + 32];
	int posts = world_account_of(0)->posts;

	world.mode = WORLD_HOLDS;
	if (world_account_of(0)->status != 403 ||
	    !require(world_start(), "the agent does not start again"))
		return;
	snprintf(path, sizeof(path), "%s/license0.request", world.state);
	bool known = report().state == STATE_SUSPENDED ||
	    access(path, F_OK) == 0;
	world_run(2);
	require(known || world_account_of(0)->posts > posts,
	    "a refusal is lost");
	world_stop();
}

static void
check_suspension(void)
{
	check_remembered();
	world.mode = WORLD_ANSWERS;
	if (!require(world_start(), "the agent does not start again"))
		return;
	sleep_s(26 * HOUR_S);
	sleep_s(7 * HOUR_S);
	require(report().state == STATE_SUSPENDED, "it was not suspended");
	world_stop();
	world.mode = WORLD_UNREACHABLE;
	if (!require(world_start(), "the agent does not start again"))
		return;
	require(report().state == STATE_SUSPENDED, "a restart reinstates it");
	world_account_of(0)->refusal = 0;
	world.mode = WORLD_ANSWERS;
	world_run(2);
	sleep_s(7 * HOUR_S);
	require(report().usable, "it cannot be reinstated");
	world_stop();
}

static const struct scenario {
	const char *name;
	void (*prepare)(void);
	void (*check)(void);
} scenarios[] = {
	{"first start", prepare_nothing, check_grant},
	{"refresh", prepare_license, check_grant},
	{"suspension", prepare_suspension, check_suspension},
};

static unsigned first_fd; /* the first that a keeper can open */

/* What was in memory is gone, and what the kernel held for it. */
static void
die(void)
{
	close_range(first_fd, ~0U, 0);
	world.keeper = NULL;
	world.in_flight = 0;
	world.busy = 0;
	the_client = (struct client){.exchanges[0] = {.used = false}};
}

/* Who cannot read what was sent cannot send it again. */
static bool
may_change_request(void)
{
	return fault.manner == ON && (fault.call == CALL_READ ||
	    fault.call == CALL_OPEN || fault.call >= CALL_CALLOC);
}

/* True when the fault was met. */
static bool
try_once(const struct scenario *scenario)
{
	what = NULL;
	world_begin(1);
	scenario->prepare();
	fault.calls = 0;
	if (setjmp(fault.out) == 0) {
		fault.armed = true;
		live(WORLD_LOSES);
	} else {
		die();
	}
	fault.armed = false;
	world.mode = WORLD_ANSWERS;
	require(may_change_request() || world.changed_requests == 0,
	    "an unanswered request was changed");
	scenario->check();
	require(!world.spun, "the loop spins");
	if (what != NULL)
		printf("fault: %s, %s %d fails (%s): %s\n", scenario->name,
		    wrapped[fault.call].name, fault.at, manners[fault.manner],
		    what);
	world_end();
	return fault.calls >= fault.at;
}

/* A crash is played in a process of its own, which leaks what was lost. */
static bool
try_apart(const struct scenario *scenario)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		alarm(CHILD_S);
		bool met = try_once(scenario);
		fflush(stdout);
		_exit(what != NULL ? 2 : met ? 0 : 1);
	}
	int status = 0;
	waitpid(child, &status, 0);
	what = NULL;
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
		what = "the process of the crash failed";
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int
try_all(const struct scenario *scenario, int *tries)
{
	int failed = 0;

	for (fault.at = 1; fault.at <= TRIES_MAX; fault.at++) {
		bool met = fault.manner == END ? try_apart(scenario) :
						 try_once(scenario);
		(*tries)++;
		failed += what != NULL;
		if (!met && what == NULL)
			return failed;
		if (failed > 20)
			break;
	}
	return failed + (fault.at > TRIES_MAX);
}

int
main(void)
{
	int failed = 0, tries = 0;

	log_open("/dev/null", "fault", LOG_LEVEL_ERROR);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return EXIT_FAILURE;
	close(fd);
	first_fd = (unsigned)fd;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		for (int call = 0; call < CALL_COUNT; call++) {
			for (int manner = 0; manner < MANNER_COUNT; manner++) {
				if (manner == END && call >= CALL_CALLOC)
					continue;
				fault.call = (enum call)call;
				fault.manner = (enum manner)manner;
				failed += try_all(&scenarios[i], &tries);
			}
		}
	}
	printf("fault: %d faults, %d of them do harm\n", tries, failed);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
