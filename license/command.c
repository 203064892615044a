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
	{VERB_CHECK, {"check", "license"}, false, false,
	    "a monitoring plugin; --usable: may it be run?"},
	{VERB_RENEW, {"set", "renew_license"}, true, true,
	    "refresh now, wait, and say what came of it"},
	{VERB_COMMIT, {"commit", NULL}, true, true,
	    "read configuration and license, and refresh"},
};

enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]), WORDS_MAX = 16 };

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

static void
add_quoted(const char *word, struct buf *out)
{
	char printable[COMMAND_NAME_SIZE];

	text_printable(word, printable, sizeof(printable));
	buf_printf(out, "'%s'", printable);
}

enum option { OPTION_NONE, OPTION_JSON, OPTION_ALL, OPTION_USABLE,
	OPTION_WARNING, OPTION_CRITICAL, OPTION_TIMEOUT };

static const struct {
	enum option option;
	const char *letter, *name;
	bool has_value, of_check;
} options[] = {
	{OPTION_JSON, NULL, "--json", false, false},
	{OPTION_ALL, NULL, "--all", false, false},
	{OPTION_USABLE, NULL, "--usable", false, true},
	{OPTION_WARNING, "-w", "--warning", true, true},
	{OPTION_CRITICAL, "-c", "--critical", true, true},
	{OPTION_TIMEOUT, "-t", "--timeout", true, true},
};

enum { OPTION_COUNT = sizeof(options) / sizeof(options[0]),
	TIMEOUT_MAX_S = 600 };

/* "-w 7", "--warning 7", "--warning=7"; the row, or -1. */
static int
find_option(const char *word, const char **value)
{
	size_t len = strcspn(word, "=");

	*value = word[len] == '=' ? word + len + 1 : NULL;
	for (int i = 0; i < OPTION_COUNT; i++) {
		if (options[i].letter != NULL &&
		    strcmp(options[i].letter, word) == 0)
			return i;
		if (strlen(options[i].name) == len &&
		    memcmp(options[i].name, word, len) == 0 &&
		    (*value == NULL || options[i].has_value))
			return i;
	}
	return -1;
}

static bool
set_option(enum option option, const char *value, struct command *out)
{
	struct range seconds;

	switch (option) {
	case OPTION_JSON:
		return out->json = true;
	case OPTION_ALL:
		return out->all = true;
	case OPTION_USABLE:
		return out->usable = true;
	case OPTION_WARNING:
		return range_parse(value, &out->warning);
	case OPTION_CRITICAL:
		return range_parse(value, &out->critical);
	case OPTION_TIMEOUT:
		out->timeout_s = range_parse(value, &seconds) &&
		    strchr(value, ':') == NULL ? seconds.low : 0;
		return out->timeout_s >= 1 && out->timeout_s <= TIMEOUT_MAX_S;
	default:
		return false;
	}
}

/* ${i}: of the option, then of the last word that was its. */
static bool
take_option(size_t count, const char *const *words, size_t *i,
    struct command *out, struct buf *error)
{
	const char *value, *word = words[*i];
	int row = find_option(word, &value);

	if (row == -1) {
		buf_puts(error, "unknown option ");
		add_quoted(word, error);
		buf_puts(error, "; the options are --json and --all, and of "
				"'check license' -w, -c, -t and --usable");
		return false;
	}
	if (options[row].has_value && value == NULL)
		value = *i + 1 < count ? words[++*i] : "";
	if (set_option(options[row].option, value, out))
		return true;
	add_quoted(value, error);
	buf_printf(error, " is not what %s takes; it is %s", options[row].name,
	    options[row].option == OPTION_TIMEOUT ? "seconds, 1 to 600" :
	    "days: N, LOW:HIGH, ~:HIGH, or with @ before it");
	return false;
}

static bool
has_check_option(const struct command *command)
{
	return command->usable || command->warning.given ||
	    command->critical.given || command->timeout_s != 0;
}

/* Options leave the list, so that they may stand anywhere. */
static bool
take_options(size_t count, const char *const *words, struct command *out,
    const char **plain, size_t *plain_count, struct buf *error)
{
	*plain_count = 0;
	for (size_t i = 0; i < count; i++) {
		const char *word = words[i];

		if (word[0] == '-') {
			if (!take_option(count, words, &i, out, error))
				return false;
		} else if (*plain_count == WORDS_MAX) {
			buf_puts(error, "too many words; give a command and at "
					"most one license name");
			return false;
		} else {
			plain[(*plain_count)++] = word;
		}
	}
	return true;
}

static void
list_second_words(const char *first, struct buf *out)
{
	const char *between = "";

	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (strcmp(rows[i].words[0], first) != 0)
			continue;
		buf_printf(out, "%s%s", between, rows[i].words[1]);
		between = ", ";
	}
}

static const struct command_row *
find_row(const char *const *words, size_t count, struct buf *error)
{
	bool first_known = false;

	if (count == 0) {
		buf_puts(error, "no command was given; see fcli --help");
		return NULL;
	}
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (strcmp(rows[i].words[0], words[0]) != 0)
			continue;
		first_known = true;
		if (rows[i].words[1] == NULL ||
		    (count > 1 && strcmp(rows[i].words[1], words[1]) == 0))
			return &rows[i];
	}
	if (!first_known) {
		buf_puts(error, "unknown command ");
		add_quoted(words[0], error);
		buf_puts(error, "; see fcli --help");
	} else if (count == 1) {
		buf_printf(error, "'%s' needs one of: ", words[0]);
		list_second_words(words[0], error);
	} else {
		buf_puts(error, "unknown word ");
		add_quoted(words[1], error);
		buf_printf(error, " after '%s'; it takes one of: ", words[0]);
		list_second_words(words[0], error);
	}
	return NULL;
}

/* The form of a section's name in the configuration. */
static bool
is_name(const char *text)
{
	static const char marks[] = "._-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t len = strlen(text);

	return len > 0 && len < COMMAND_NAME_SIZE &&
	    strchr("._-", text[0]) == NULL && strspn(text, marks) == len;
}

static bool
options_fit(const struct command *command, struct buf *error)
{
	if (command->verb != VERB_CHECK && has_check_option(command)) {
		buf_puts(error, "-w, -c, -t and --usable are options of "
				"'check license'");
		return false;
	}
	if (command->usable &&
	    (command->warning.given || command->critical.given)) {
		buf_puts(error, "--usable goes by no days; leave -w and -c "
				"out");
		return false;
	}
	return true;
}

static bool
take_name(const char *const *words, size_t count, struct command *out,
    struct buf *error)
{
	if (out->all && out->verb == VERB_SHOW_HARDWARE) {
		buf_puts(error, "a request is for one license; give its name "
				"instead of --all");
		return false;
	}
	if (out->verb == VERB_SHOW_STATS && (out->all || count > 0)) {
		buf_puts(error, "the usage report is one for the whole agent; "
				"leave the license name or --all away");
		return false;
	}
	if (count == 0)
		return true;
	if (count > 1) {
		buf_puts(error, "unexpected word ");
		add_quoted(words[1], error);
		buf_puts(error, "; a command takes at most one license name");
		return false;
	}
	if (out->all) {
		buf_puts(error, "give a license name or --all, not both");
		return false;
	}
	if (!is_name(words[0])) {
		add_quoted(words[0], error);
		buf_puts(error, " is not a license name; it is the NAME of a "
				"[license NAME] section");
		return false;
	}
	return text_copy(out->name, sizeof(out->name), words[0]);
}

bool
command_parse(size_t count, const char *const *words, struct command *out,
    struct buf *error)
{
	const char *plain[WORDS_MAX];
	size_t plain_count;

	*out = (struct command){.verb = VERB_NONE};
	if (!take_options(count, words, out, plain, &plain_count, error))
		return false;
	const struct command_row *row = find_row(plain, plain_count, error);
	if (row == NULL)
		return false;
	out->verb = row->verb;
	if (!options_fit(out, error))
		return false;
	size_t used = row->words[1] == NULL ? 1 : 2;
	return take_name(plain + used, plain_count - used, out, error);
}

bool
command_is_check(size_t count, const char *const *words)
{
	for (size_t i = 0; i < count; i++) {
		if (words[i][0] != '-')
			return strcmp(words[i], "check") == 0;
		const char *value;
		int row = find_option(words[i], &value);
		if (row != -1 && options[row].has_value && value == NULL)
			i++;
	}
	return false;
}

bool
command_asks_usable(size_t count, const char *const *words)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(words[i], "--usable") == 0)
			return command_is_check(count, words);
	}
	return false;
}

/* One line, in which "|" would begin numbers. */
static void
add_line(const char *text, struct buf *out)
{
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == '\n')
		len--;
	for (size_t i = 0; i < len; i++)
		buf_putc(out, text[i] == '|' || text[i] == '\n' ? '/' : text[i]);
	buf_putc(out, '\n');
}

int
command_nobody(bool usable, const char *why, struct buf *out, struct buf *err)
{
	if (usable) {
		buf_puts(err, "NOBODY CAN SAY whether the license is usable, "
			      "so it counts as usable: ");
		add_line(why, err);
		return COMMAND_EXIT_YES;
	}
	buf_puts(out, "LEASELINE UNKNOWN - ");
	add_line(why, out);
	return COMMAND_EXIT_ABSENT;
}

void
command_usage(struct buf *out)
{
	buf_puts(out, "usage: fcli [--json] [--all] [--socket PATH] "
		      "[--config PATH] COMMAND [NAME]\n"
		      "       fcli check license [-w DAYS] [-c DAYS] "
		      "[-t SECONDS] [--all | NAME]\n"
		      "       fcli check license --usable [--all | NAME]\n\n");
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
		      " with --usable 1 no, else 0.\n");
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

		if (end == NULL || count == WORDS_MAX)
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
	const char *lines[WORDS_MAX];
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
