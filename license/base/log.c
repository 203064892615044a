/* SPDX-License-Identifier: ISC */
/* One write(2) a line; a log that cannot be written stops nobody. */
#include "license/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "license/base/buf.h"
#include "license/base/clock.h"

enum { LINE_MAX_BYTES = 2048, PATH_SIZE = 1024 };

static struct {
	pthread_mutex_t lock;
	int fd;
	bool to_syslog;
	char path[PATH_SIZE];
	char ident[64];
	_Atomic int level;
} target = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = STDERR_FILENO,
	.level = LOG_LEVEL_INFO};
static atomic_ullong lost;

static const struct {
	const char *name;
	int priority;
} levels[] = {
	[LOG_LEVEL_DEBUG] = {"DEBUG", LOG_DEBUG},
	[LOG_LEVEL_INFO] = {"INFO", LOG_INFO},
	[LOG_LEVEL_WARN] = {"WARN", LOG_WARNING},
	[LOG_LEVEL_ERROR] = {"ERROR", LOG_ERR},
};

static int
open_file(const char *path)
{
	/* Not blocking: a FIFO at the path must not stop a keeper. */
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
		O_NONBLOCK | O_NOCTTY, 0640);
}

static void
switch_to(int fd, bool to_syslog)
{
	int before = target.fd;

	target.fd = fd;
	target.to_syslog = to_syslog;
	if (before > STDERR_FILENO)
		close(before);
}

int
log_open(const char *where, const char *ident, enum log_level level)
{
	bool to_syslog = strcmp(where, "syslog") == 0;
	int fd = STDERR_FILENO;

	if (!to_syslog && strcmp(where, "stderr") != 0) {
		fd = open_file(where);
		if (fd == -1)
			return -1;
	}
	pthread_mutex_lock(&target.lock);
	text_copy(target.ident, sizeof(target.ident), ident);
	text_copy(target.path, sizeof(target.path),
	    fd > STDERR_FILENO ? where : "");
	if (to_syslog)
		openlog(target.ident, LOG_NDELAY, LOG_DAEMON);
	switch_to(fd, to_syslog);
	target.level = (int)level;
	pthread_mutex_unlock(&target.lock);
	return 0;
}

int
log_reopen(void)
{
	int rc = 0;

	pthread_mutex_lock(&target.lock);
	if (target.path[0] != '\0') {
		int fd = open_file(target.path);
		if (fd == -1)
			rc = -1;
		else
			switch_to(fd, false);
	}
	pthread_mutex_unlock(&target.lock);
	return rc;
}

/* A control character could forge a line or drive a terminal. */
static void
defuse(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p != '\0'; p++) {
		if (*p < 0x20 || *p == 0x7F)
			*p = '?';
	}
}

static void
write_line(enum log_level level, const char *text)
{
	char line[LINE_MAX_BYTES + 64], stamp[32];
	int64_t ms = clock_wall_ms();
	time_t s = (time_t)(ms / 1000);
	struct tm tm = {.tm_year = 0};

	localtime_r(&s, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &tm);
	int len = snprintf(line, sizeof(line), "%s,%03d [%s] %s\n", stamp,
	    (int)(ms % 1000), levels[level].name, text);
	if (write(target.fd, line, (size_t)len) != len)
		atomic_fetch_add(&lost, 1);
}

static void
log_write(enum log_level level, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void
log_write(enum log_level level, const char *format, va_list args)
{
	char text[LINE_MAX_BYTES];
	int error = errno;

	if ((int)level < target.level)
		return;
	vsnprintf(text, sizeof(text), format, args);
	defuse(text);
	pthread_mutex_lock(&target.lock);
	if (target.to_syslog)
		syslog(levels[level].priority, "[%s] %s", levels[level].name,
		    text);
	else
		write_line(level, text);
	pthread_mutex_unlock(&target.lock);
	errno = error;
}

#define LOG_FUNCTION(name, level)                                             \
	void name(const char *format, ...)                                    \
	{                                                                     \
		va_list args;                                                 \
                                                                              \
		va_start(args, format);                                       \
		log_write(level, format, args);                               \
		va_end(args);                                                 \
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
