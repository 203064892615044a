/* SPDX-License-Identifier: ISC */
/*
 * Words and options as given to fcli, understood by the table of command.c.
 * What is wrong with them is one sentence; it runs no command.
 */
#include "license/command.h"

#include <string.h>

#include "license/base/buf.h"

static void
add_quoted(const char *word, struct buf *out)
{
	char printable[COMMAND_NAME_SIZE];

	text_printable(word, printable, sizeof(printable));
	buf_printf(out, "'%s'", printable);
}

enum option { OPTION_NONE, OPTION_JSON, OPTION_ALL, OPTION_ONLINE, OPTION_USABLE,
	OPTION_FORMAT, OPTION_VERBOSE, OPTION_WARNING, OPTION_CRITICAL,
	OPTION_TIMEOUT, OPTION_STRICT, OPTION_SEEN, OPTION_AGENT };

static const struct {
	enum option option;
	const char *letter, *name;
	bool has_value, of_check;
} options[] = {
	{OPTION_JSON, NULL, "--json", false, false},
	{OPTION_ALL, NULL, "--all", false, false},
	{OPTION_ONLINE, NULL, "--online", false, false},
	{OPTION_USABLE, NULL, "--usable", false, true},
	{OPTION_FORMAT, NULL, "--format", true, true},
	{OPTION_VERBOSE, "-v", "--verbose", false, true},
	{OPTION_VERBOSE, "-vv", "--verbose", false, true},
	{OPTION_VERBOSE, "-vvv", "--verbose", false, true},
	{OPTION_WARNING, "-w", "--warning", true, true},
	{OPTION_CRITICAL, "-c", "--critical", true, true},
	{OPTION_TIMEOUT, "-t", "--timeout", true, true},
	{OPTION_STRICT, NULL, "--strict", false, false},
	/* Of programs, not of people: doctor_found.h. */
	{OPTION_SEEN, NULL, "--seen", true, false},
	{OPTION_AGENT, NULL, "--agent", true, false},
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
format_parse(const char *text, enum check_format *out)
{
	static const char *const names[] = {
		[CHECK_FORMAT_NAGIOS] = "nagios",
		[CHECK_FORMAT_CHECKMK] = "checkmk",
		[CHECK_FORMAT_LIBRENMS] = "librenms",
		[CHECK_FORMAT_TEXTFILE] = "textfile",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], text) != 0)
			continue;
		*out = (enum check_format)i;
		return true;
	}
	return false;
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
	case OPTION_ONLINE:
		return out->online = true;
	case OPTION_USABLE:
		out->format = CHECK_FORMAT_USABLE;
		return true;
	case OPTION_FORMAT:
		/* The one of a product's start is not taken back. */
		return out->format != CHECK_FORMAT_USABLE &&
		    format_parse(value, &out->format);
	case OPTION_VERBOSE:
		return out->verbose = true;
	case OPTION_WARNING:
		return range_parse(value, &out->warning);
	case OPTION_CRITICAL:
		return range_parse(value, &out->critical);
	case OPTION_STRICT:
		return out->strict = true;
	case OPTION_SEEN:
		return text_copy(out->seen, sizeof(out->seen), value);
	case OPTION_AGENT:
		return text_copy(out->agent, sizeof(out->agent), value);
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
				"'check license' -w, -c, -t, -v, --format and "
				"--usable, of 'set renew_license' --online, of 'doctor' "
				"--strict, --snmp-target, --snmp-community-file "
				"and --snmp-v3-file");
		return false;
	}
	if (options[row].has_value && value == NULL)
		value = *i + 1 < count ? words[++*i] : "";
	if (set_option(options[row].option, value, out))
		return true;
	add_quoted(value, error);
	buf_printf(error, " is not what %s takes; it is %s", options[row].name,
	    options[row].option == OPTION_TIMEOUT ? "seconds, 1 to 600" :
	    options[row].option == OPTION_FORMAT ? "nagios, checkmk, librenms "
	    "or textfile, without --usable" :
	    "days: N, LOW:HIGH, ~:HIGH, or with @ before it");
	return false;
}

static bool
has_check_option(const struct command *command)
{
	return command->format != CHECK_FORMAT_NAGIOS || command->verbose ||
	    command->warning.given || command->critical.given ||
	    command->timeout_s != 0;
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
		} else if (*plain_count == COMMAND_WORDS_MAX) {
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

	size_t count;
	const struct command_row *rows = command_rows(&count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].words[0], first) != 0)
			continue;
		buf_printf(out, "%s%s", between, rows[i].words[1]);
		between = ", ";
	}
}

static const struct command_row *
find_row(const char *const *words, size_t count, struct buf *error)
{
	size_t row_count;
	const struct command_row *rows = command_rows(&row_count);
	bool first_known = false;

	if (count == 0) {
		buf_puts(error, "no command was given; see fcli --help");
		return NULL;
	}
	for (size_t i = 0; i < row_count; i++) {
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
		buf_puts(error, "-w, -c, -t, -v, --format and --usable are "
				"options of 'check license'");
		return false;
	}
	if (command->verb != VERB_DOCTOR && (command->strict ||
		command->seen[0] != '\0' || command->agent[0] != '\0')) {
		buf_puts(error, "--strict is an option of 'doctor'");
		return false;
	}
	if (command->online && (command->verb != VERB_RENEW || command->all)) {
		buf_puts(error, "--online is an option of 'set renew_license' "
				"for one license");
		return false;
	}
	if ((command->format == CHECK_FORMAT_USABLE ||
		command->format == CHECK_FORMAT_TEXTFILE) &&
	    (command->warning.given || command->critical.given)) {
		buf_printf(error, "%s goes by no days; leave -w and -c out",
		    command->format == CHECK_FORMAT_USABLE ? "--usable" :
		    "--format textfile");
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
	if (out->all && out->verb == VERB_TEST) {
		buf_puts(error, "a test is about one license; give its name "
				"instead of --all");
		return false;
	}
	if (out->verb == VERB_SHOW_STATS && (out->all || count > 0)) {
		buf_puts(error, "the usage report is one for the whole agent; "
				"leave the license name or --all away");
		return false;
	}
	if (count == 0) {
		/* Who reads these asks once for everything. */
		if (out->format != CHECK_FORMAT_NAGIOS &&
		    out->format != CHECK_FORMAT_USABLE)
			out->all = true;
		return true;
	}
	if (out->format == CHECK_FORMAT_TEXTFILE) {
		buf_puts(error, "the metrics are those of every license; leave "
				"the license name away");
		return false;
	}
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
	const char *plain[COMMAND_WORDS_MAX];
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

enum check_format
command_format(size_t count, const char *const *words)
{
	struct command command = {.format = CHECK_FORMAT_NAGIOS};

	if (!command_is_check(count, words))
		return CHECK_FORMAT_NAGIOS;
	for (size_t i = 0; i < count; i++) {
		const char *value;
		int row = words[i][0] == '-' ? find_option(words[i], &value) :
					       -1;

		if (row == -1)
			continue;
		if (options[row].has_value && value == NULL)
			value = ++i < count ? words[i] : "";
		if (options[row].option == OPTION_USABLE ||
		    options[row].option == OPTION_FORMAT)
			set_option(options[row].option, value, &command);
	}
	return command.format;
}
