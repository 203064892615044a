/* SPDX-License-Identifier: ISC */
/*
 * One line, one write, to a file, stderr or the syslog socket. It decides
 * nothing about what is worth saying and never makes its caller wait or fail.
 */
#include "license/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "license/base/buf.h"
#include "license/base/clock.h"

/*
 * Below PIPE_BUF: a pipe that polls writable takes such a line whole, so that
 * a stuck reader of stderr cannot block us.
 */
enum { LINE_SIZE = 2048, IDENT_SIZE = 64, SYSLOG_DAEMON = 3 };

enum kind { KIND_FD, KIND_SYSLOG };

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[LOG_LEVEL_DEBUG] = {"DEBUG", 7},
	[LOG_LEVEL_INFO] = {"INFO", 6},
	[LOG_LEVEL_WARN] = {"WARN", 4},
	[LOG_LEVEL_ERROR] = {"ERROR", 3},
};

static struct {
	pthread_mutex_t lock;
	enum kind kind;
	int fd;
	char *path; /* NULL: not a file of ours */
	bool torn;  /* the last write stopped inside a line */
	char ident[IDENT_SIZE];
} target = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = STDERR_FILENO};

static atomic_int threshold = LOG_LEVEL_INFO;
static atomic_uint_fast64_t lost;

static int
open_file(const char *path)
{
	/* O_NONBLOCK: a FIFO without a reader is ENXIO, not a hang. */
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
	    O_NONBLOCK, 0640);
}

static int
open_target(const char *name, enum kind *kind)
{
	*kind = KIND_FD;
	if (strcmp(name, "stderr") == 0)
		return STDERR_FILENO;
	if (strcmp(name, "syslog") != 0)
		return open_file(name);
	*kind = KIND_SYSLOG;
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int
log_open(const char *name, const char *ident, enum log_level level)
{
	enum kind kind;
	int fd = open_target(name, &kind);

	if (fd == -1)
		return -1;
	bool ours = kind == KIND_FD && fd != STDERR_FILENO;
	char *path = ours ? strdup(name) : NULL;
	if (ours && path == NULL) {
		close(fd);
		errno = ENOMEM;
		return -1;
	}
	pthread_mutex_lock(&target.lock);
	int old_fd = target.fd;
	char *old_path = target.path;
	target.fd = fd;
	target.kind = kind;
	target.path = path;
	target.torn = false;
	text_copy(target.ident, sizeof(target.ident),
	    ident == NULL ? "leaseline" : ident);
	pthread_mutex_unlock(&target.lock);
	atomic_store(&threshold, level);
	if (old_fd != STDERR_FILENO)
		close(old_fd);
	free(old_path);
	return 0;
}

int
log_reopen(void)
{
	int result = 0;
	int old = -1;

	pthread_mutex_lock(&target.lock);
	if (target.path != NULL) {
		int fd = open_file(target.path);
		if (fd == -1) {
			result = -1;
		} else {
			old = target.fd;
			target.fd = fd;
			target.torn = false;
		}
	}
	int saved = errno;
	pthread_mutex_unlock(&target.lock);
	if (old != -1)
		close(old);
	errno = saved;
	return result;
}

static void
local_time(int64_t ms, struct tm *tm)
{
	time_t seconds = (time_t)(ms / 1000);

	if (localtime_r(&seconds, tm) == NULL)
		*tm = (struct tm){.tm_mday = 1, .tm_year = 70};
}

/* Make ${line} fit for a terminal: whatever a caller forgot to escape. */
static void
replace_controls(char *line, size_t len)
{
	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)line[i];
		size_t n = utf8_length(line + i, len - i);
		bool c1 = n == 2 && c == 0xC2 &&
		    (unsigned char)line[i + 1] < 0xA0;

		if (n == 0 || c1 || c < 0x20 || c == 0x7F) {
			line[i] = '?';
			if (c1)
				line[i + 1] = '?';
		}
		i += n == 0 ? 1 : n;
	}
}

static bool
send_syslog(const char *text, size_t len, enum log_level level, int64_t ms)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	char packet[LINE_SIZE + IDENT_SIZE + 96];
	struct tm tm;

	local_time(ms, &tm);
	/* The classic head: glibc's syslog(3) would wait for a full socket. */
	int n = snprintf(packet, sizeof(packet),
	    "<%d>%.3s %2d %02d:%02d:%02d %s[%d]: %.*s",
	    SYSLOG_DAEMON << 3 | levels[level].priority,
	    months + 3 * (size_t)tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec, target.ident, (int)getpid(), (int)len, text);
	return n > 0 && (size_t)n < sizeof(packet) &&
	    sendto(target.fd, packet, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL,
		(struct sockaddr *)&to, sizeof(to)) == n;
}

/* ${line} has a spare byte before its first and a newline at its end. */
static bool
write_line(char *line, size_t len)
{
	struct pollfd p = {.fd = target.fd, .events = POLLOUT};

	if (poll(&p, 1, 0) != 1 || (p.revents & ~POLLOUT) != 0)
		return false;
	if (target.torn) {
		*--line = '\n';
		len++;
	}
	ssize_t n;
	do
		n = write(target.fd, line, len);
	while (n == -1 && errno == EINTR);
	if (n > 0)
		target.torn = n < (ssize_t)len;
	return n == (ssize_t)len;
}

static void
emit(enum log_level level, char *text, size_t len, int64_t ms)
{
	char line[1 + LINE_SIZE + 64];
	size_t head = 0;

	pthread_mutex_lock(&target.lock);
	bool done;
	if (target.kind == KIND_SYSLOG) {
		done = send_syslog(text, len, level, ms);
	} else {
		struct tm tm;
		local_time(ms, &tm);
		head = strftime(line + 1, sizeof(line) - 1, "%Y-%m-%d %H:%M:%S",
		    &tm);
		int n = snprintf(line + 1 + head, sizeof(line) - 1 - head,
		    ",%03d %.*s\n", (int)(ms % 1000), (int)len, text);
		done = write_line(line + 1, head + (size_t)n);
	}
	pthread_mutex_unlock(&target.lock);
	if (!done)
		atomic_fetch_add(&lost, 1);
}

static void __attribute__((format(printf, 2, 0)))
log_write(enum log_level level, const char *format, va_list args)
{
	char text[LINE_SIZE];
	int saved = errno;

	if ((int)level < atomic_load(&threshold))
		return;
	size_t head = (size_t)snprintf(text, sizeof(text), "[%s] ",
	    levels[level].name);
	errno = saved; /* for %m */
	int n = vsnprintf(text + head, sizeof(text) - head, format, args);
	if (n < 0) {
		atomic_fetch_add(&lost, 1);
	} else {
		size_t len = head + (size_t)n;
		if (len >= sizeof(text)) {
			len = sizeof(text) - 1;
			memcpy(text + len - 3, "...", 3);
		}
		replace_controls(text, len);
		emit(level, text, len, clock_wall_ms());
	}
	errno = saved;
}

#define LOG_FUNCTION(name, level)             \
	void name(const char *format, ...)    \
	{                                     \
		va_list args;                 \
		va_start(args, format);       \
		log_write(level, format, args); \
		va_end(args);                 \
	}

LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)

uint64_t
log_lost(void)
{
	return atomic_load(&lost);
}
