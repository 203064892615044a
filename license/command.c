/* SPDX-License-Identifier: ISC */
/*
 * The words of fcli and the bytes that carry them. It runs no command and
 * opens no socket.
 */
#include "license/command.h"

#include <stdio.h>
#include <string.h>

#include "license/base/buf.h"

#define MAGIC "leaseline-control 1"

static const struct command_row rows[] = {
	{VERB_SHOW_LICENSE, {"show", "license"}, false, false,
	    "the license in one line; exit 1: not usable"},
	{VERB_SHOW_STATUS, {"show", "license_status"}, false, false,
	    "everything about it, and what to do"},
	{VERB_SHOW_HARDWARE, {"show", "license_hardware_data"}, false, false,
	    "the request for an offline license (> hw_data.lic)"},
	{VERB_SHOW_STATS, {"show", "license_stats"}, false, true,
	    "the usage report, exactly as it would be sent"},
	{VERB_SHOW_HISTORY, {"show", "license_history"}, false, false,
	    "the last refreshes, and what else happened to it"},
	{VERB_SHOW_CALENDAR, {"show", "license_calendar"}, false, false,
	    "iCalendar: reminders 60, 30, 7, 1 days ahead"},
	{VERB_CHECK, {"check", "license"}, false, false,
	    "for monitoring systems; --usable: may it be run?"},
	{VERB_RENEW, {"set", "renew_license"}, true, true,
	    "refresh now, wait, and say what came of it"},
	{VERB_COMMIT, {"commit", NULL}, true, true,
	    "read configuration and license, and refresh"},
	{VERB_TEST, {"test", "notification"}, true, true,
	    "send a test; the test metric is 1 for 5 minutes"},
	{VERB_DOCTOR, {"doctor", NULL}, false, true,
	    "test every step of the installation; say the mends"},
};

enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

const struct command_row *
command_rows(size_t *count)
{
	*count = ROW_COUNT;
	return rows;
}

const struct command_row *
command_row(enum verb verb)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (rows[i].verb == verb)
			return &rows[i];
	}
	return NULL;
}

void
command_one_line(enum check_format format, const char *text, size_t len,
    struct buf *out)
{
	bool plugin = format == CHECK_FORMAT_NAGIOS;
	bool json = format == CHECK_FORMAT_LIBRENMS;

	while (len > 0 && text[len - 1] == '\n')
		len--;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		/* "|" begins numbers. A local check may break lines by a
		 * backslash; LibreNMS takes it away before it parses. */
		if (c == '|' || c == '\n' || (c == '\\' && !plugin))
			c = '/';
		else if (json && (unsigned char)c < ' ')
			c = ' ';
		else if (json && c == '"')
			c = '\'';
		buf_putc(out, c);
	}
}

int
command_nobody(enum check_format format, const char *why, struct buf *out,
    struct buf *err)
{
	static const struct {
		const char *before, *after;
		bool to_err;
		int code;
	} answers[] = {
		[CHECK_FORMAT_NAGIOS] = {"LEASELINE UNKNOWN - ", "\n", false,
		    COMMAND_EXIT_ABSENT},
		[CHECK_FORMAT_CHECKMK] = {"3 \"Leaseline\" - ", "\n", false,
		    COMMAND_EXIT_ABSENT},
		[CHECK_FORMAT_LIBRENMS] = {"{\"version\":1,\"error\":3,"
		    "\"errorString\":\"", "\",\"data\":[]}\n", false,
		    COMMAND_EXIT_ABSENT},
		[CHECK_FORMAT_TEXTFILE] = {"There are no metrics: ", "\n",
		    true, COMMAND_EXIT_ABSENT},
		[CHECK_FORMAT_USABLE] = {"NOBODY CAN SAY whether the license "
		    "is usable, so it counts as usable: ", "\n", true,
		    COMMAND_EXIT_YES},
	};
	struct buf *to = answers[format].to_err ? err : out;

	buf_puts(to, answers[format].before);
	command_one_line(format, why, strlen(why), to);
	buf_puts(to, answers[format].after);
	return answers[format].code;
}

void
command_usage(struct buf *out)
{
	buf_puts(out, "usage: fcli [--json] [--all] [--socket PATH] "
		      "[--config PATH] COMMAND [NAME]\n"
		      "       fcli check license [-w DAYS] [-c DAYS] "
		      "[-t SECONDS] [--all | NAME]\n"
		      "       fcli check license --format checkmk|librenms|"
		      "textfile [--output FILE]\n"
		      "       fcli check license --usable [--all | NAME]\n"
		      "       fcli set renew_license --online [NAME]\n"
		      "       fcli doctor [--strict] [--snmp-target ADDRESS]\n"
		      "            [--snmp-community-file FILE | --snmp-v3-file FILE] [NAME]\n\n");
	for (size_t i = 0; i < ROW_COUNT; i++) {
		char words[40];

		snprintf(words, sizeof(words), "%s%s%s", rows[i].words[0],
		    rows[i].words[1] == NULL ? "" : " ",
		    rows[i].words[1] == NULL ? "" : rows[i].words[1]);
		buf_printf(out, "  %-27s %s\n", words, rows[i].help);
	}
	buf_puts(out, "\nNAME is a [license NAME] section of the configuration;"
		      " the first when absent.\n"
		      "--all: every license; --json, or JSON_MODE=on: JSON.\n"
		      "Exit 0 yes, 1 no, 2 wrong usage, 3 the agent is not"
		      " there;\n"
		      "check: 0 ok, 1 warning, 2 critical, 3 unknown;"
		      " with --usable 1 no, else 0;\n"
		      "with another --format than nagios 0 answered,"
		      " 3 unknown.\n"
		      "check: -w, -c: days to the day to act; -t: seconds to"
		      " wait (10); -v: after the\n"
		      "line what 'show license_status' says; -V: the version.\n");
}

bool
command_request(size_t count, const char *const *words, struct buf *out)
{
	buf_puts(out, MAGIC "\n");
	for (size_t i = 0; i < count; i++) {
		if (words[i][0] == '\0' || strchr(words[i], '\n') != NULL)
			return false;
		buf_puts(out, words[i]);
		buf_putc(out, '\n');
	}
	buf_putc(out, '\n');
	return !out->failed && out->len <= COMMAND_REQUEST_MAX;
}

/* Cut ${text} at its line ends; -1 for more lines than a command has words. */
static int
cut_lines(char *text, const char **lines)
{
	int count = 0;

	for (char *line = text; *line != '\0';) {
		char *end = strchr(line, '\n');

		if (end == NULL || count == COMMAND_WORDS_MAX)
			return -1;
		*end = '\0';
		lines[count++] = line;
		line = end + 1;
	}
	return count;
}

int
command_read_request(const char *bytes, size_t len, struct command *out,
    struct buf *error)
{
	char text[COMMAND_REQUEST_MAX + 1];
	const char *lines[COMMAND_WORDS_MAX];
	const char *end = len < 2 ? NULL : memmem(bytes, len, "\n\n", 2);

	if (end == NULL && len < COMMAND_REQUEST_MAX &&
	    memchr(bytes, '\0', len) == NULL)
		return 0;
	if (end == NULL || memchr(bytes, '\0', len) != NULL ||
	    end + 2 != bytes + len || len > COMMAND_REQUEST_MAX) {
		buf_puts(error, "this is not a request of fcli");
		return -1;
	}
	memcpy(text, bytes, len - 1);
	text[len - 1] = '\0';
	int count = cut_lines(text, lines);
	if (count < 1 || strcmp(lines[0], MAGIC) != 0) {
		buf_puts(error, "this is not a request that this version "
				"speaks; fcli and leaselined must be of one "
				"installation");
		return -1;
	}
	return command_parse((size_t)count - 1, lines + 1, out, error) ? 1 : -1;
}

void
command_reply(int exit_code, const struct buf *out, const struct buf *err,
    struct buf *reply)
{
	buf_printf(reply, "%d %zu %zu\n", exit_code, out->len, err->len);
	buf_add(reply, buf_text(out), out->len);
	buf_add(reply, buf_text(err), err->len);
}

/* A decimal number of at most nine digits, followed by ${after}. */
static const char *
read_number(const char *p, char after, size_t *out)
{
	size_t value = 0;
	int digits = 0;

	for (; *p >= '0' && *p <= '9' && digits < 9; p++, digits++)
		value = value * 10 + (size_t)(*p - '0');
	if (digits == 0 || *p != after)
		return NULL;
	*out = value;
	return p + 1;
}

int
command_read_reply(const char *bytes, size_t len, int *exit_code,
    size_t *head_len, size_t *out_len, size_t *err_len)
{
	enum { HEAD_MAX = 40 };
	char head[HEAD_MAX + 1];
	size_t n = len < HEAD_MAX ? len : HEAD_MAX;
	size_t code;

	if (n == 0)
		return 0;
	memcpy(head, bytes, n);
	head[n] = '\0';
	char *end = memchr(head, '\n', n);
	if (end == NULL)
		return n < HEAD_MAX ? 0 : -1;
	end[1] = '\0';
	const char *p = read_number(head, ' ', &code);
	if (p != NULL)
		p = read_number(p, ' ', out_len);
	if (p != NULL)
		p = read_number(p, '\n', err_len);
	if (p != end + 1 || code > 255)
		return -1;
	*exit_code = (int)code;
	*head_len = (size_t)(end + 1 - head);
	return len - *head_len >= *out_len + *err_len ? 1 : 0;
}
