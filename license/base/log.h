/* SPDX-License-Identifier: ISC */
/*
 * The log, in FastNetMon's file format: "2020-05-01 19:12:46,252 [INFO] text",
 * local time. One write(2) a line, O_APPEND, so a rotation by copytruncate
 * loses nothing. A log that cannot be written (full disk) is counted and
 * never an error for the caller. Safe from any thread.
 *
 * Remote text goes in only through text_printable() or buf_printable();
 * log_write() itself replaces control characters in the finished line, so a
 * newline can never forge a second line.
 */
#ifndef LICENSE_BASE_LOG_H
#define LICENSE_BASE_LOG_H

#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR };

/*
 * log_open: ${target} is a path, "stderr" or "syslog" (LOG_DAEMON, ident
 * ${ident}; format "[LEVEL] text"). A file is created 0640. Replaces the
 * target in use only when it succeeds; -1 with errno otherwise. Before the
 * first log_open the target is stderr, the level INFO.
 */
int log_open(const char *target, const char *ident, enum log_level level);

/* log_reopen: open the same path again (after a rotation by rename). */
int log_reopen(void);

void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* log_lost: lines that could not be written since the start. */
uint64_t log_lost(void);

#endif
