/* SPDX-License-Identifier: ISC */
/*
 * Words to options and values, by the tables. It runs nothing.
 */
#include "license/authority/arguments.h"

#include <string.h>

#include "license/base/buf.h"

#define DIRECTORY "/var/lib/leaseline-authority"
#define COMMON (option_bit(DIR) | option_bit(JSON) | option_bit(HELP))
#define REPEATABLE (option_bit(NAME) | option_bit(LISTEN) |                   \
	option_bit(EXTERNAL) | option_bit(TRUSTED_PROXY))

#define OPTION_ROW(name, text, value, help) { text, value, help },
static const struct {
	const char *name, *value, *help;
} options[] = { OPTIONS(OPTION_ROW) };

static int
find_option(const char *name, size_t len)
{
	for (int i = 0; i < OPTION_COUNT; i++)
		if (strlen(options[i].name) == len &&
		    memcmp(options[i].name, name, len) == 0)
			return i;
	return -1;
}

static bool
is_allowed(const struct authority_command *command, int option)
{
	uint64_t all = COMMON | (command ? command->options : 0);

	return all & ((uint64_t)1 << option);
}

static void
complain(struct buf *error, const char *before, const char *word,
    const char *after)
{
	char shown[128];

	text_printable(word, shown, sizeof(shown));
	buf_printf(error, "%s%s%s", before, shown, after);
}

/* One "--name", "--name=value" or "--name value"; ${at} moves past it. */
static bool
take_option(struct arguments *out, int argc, char **argv, int *at,
    struct buf *error)
{
	const char *word = argv[*at] + 2;
	const char *equals = strchr(word, '=');
	int option = find_option(word, equals ? (size_t)(equals - word) :
	    strlen(word));
	const char *value = equals ? equals + 1 : NULL;

	if (option == -1 || !is_allowed(out->command, option)) {
		complain(error, "the option --", word,
		    " is not one of this command; see --help");
		return false;
	}
	if (!options[option].value && value) {
		complain(error, "the option --", options[option].name,
		    " takes no value");
		return false;
	}
	if (options[option].value && !value) {
		if (*at + 1 >= argc) {
			complain(error, "the option --", word,
			    " needs a value");
			return false;
		}
		value = argv[++*at];
	}
	if (out->count[option] >= (((uint64_t)1 << option) & REPEATABLE ?
	    ARGUMENT_VALUES_MAX : 1)) {
		complain(error, "the option --", options[option].name,
		    " is there too often");
		return false;
	}
	out->value[option][out->count[option]++] = value;
	return true;
}

static bool
is_command(const struct authority_command *c, int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], c->words[0]) != 0)
		return false;
	return !c->words[1] || (argc > 2 && strcmp(argv[2], c->words[1]) == 0);
}

/* What follows ${group}: "add, list or show"; nothing: it is no group. */
static void
list_group(const struct authority_command *commands, size_t count,
    const char *group, struct buf *out)
{
	size_t members = 0, seen = 0;

	for (size_t i = 0; i < count; i++)
		members += commands[i].words[1] &&
		    strcmp(commands[i].words[0], group) == 0;
	for (size_t i = 0; i < count && members > 0; i++) {
		if (!commands[i].words[1] ||
		    strcmp(commands[i].words[0], group) != 0)
			continue;
		seen++;
		buf_printf(out, "%s%s", seen == 1 ? "" : seen == members ?
		    " or " : ", ", commands[i].words[1]);
	}
}

static void
complain_of_command(const struct authority_command *commands, size_t count,
    int argc, char **argv, struct buf *error)
{
	struct buf members;

	buf_init(&members, 512);
	if (argc > 1)
		list_group(commands, count, argv[1], &members);
	if (argc < 2)
		buf_puts(error, "a command is needed; see --help");
	else if (members.len == 0)
		complain(error, "there is no command ", argv[1],
		    "; see --help");
	else if (argc < 3 || argv[2][0] == '-')
		buf_printf(error, "%s needs one of: %s", argv[1],
		    buf_text(&members));
	else {
		complain(error, "the word ", argv[2], "");
		buf_printf(error, " is unknown after %s, which takes one of: "
		    "%s", argv[1], buf_text(&members));
	}
	buf_fini(&members);
}

static bool
wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

bool
arguments_parse(const struct authority_command *commands, size_t count,
    int argc, char **argv, struct arguments *out, struct buf *error)
{
	int at;

	for (size_t i = 0; i < count && !out->command; i++)
		if (is_command(&commands[i], argc, argv))
			out->command = &commands[i];
	if (wants_help(argc, argv)) {
		out->count[OPTION_HELP] = 1;
		return true;
	}
	if (!out->command) {
		complain_of_command(commands, count, argc, argv, error);
		return false;
	}
	at = out->command->words[1] ? 3 : 2;
	for (; at < argc; at++) {
		if (strncmp(argv[at], "--", 2) == 0) {
			if (!take_option(out, argc, argv, &at, error))
				return false;
		} else if (out->command->operand && !out->operand) {
			out->operand = argv[at];
		} else {
			complain(error, "the word ", argv[at],
			    " is one too many; see --help");
			return false;
		}
	}
	if (out->command->operand && !out->operand)
		complain(error, "this command needs ", out->command->operand,
		    "; see --help");
	return !out->command->operand || out->operand;
}

static void
help_line(const struct authority_command *c, struct buf *out)
{
	buf_printf(out, "  %s%s%s%s%s\n      %s\n", c->words[0],
	    c->words[1] ? " " : "", c->words[1] ? c->words[1] : "",
	    c->operand ? " " : "", c->operand ? c->operand : "", c->help);
}

void
arguments_help(const struct authority_command *commands, size_t count,
    const struct authority_command *command, struct buf *out)
{
	buf_printf(out, "usage: leaseline-authority %s%s%s%s%s [OPTION ...]\n",
	    command ? command->words[0] : "COMMAND",
	    command && command->words[1] ? " " : "",
	    command && command->words[1] ? command->words[1] : "",
	    command && command->operand ? " " : "",
	    command && command->operand ? command->operand : "");
	for (size_t i = 0; i < count; i++)
		if (!command || command == &commands[i])
			help_line(&commands[i], out);
	buf_puts(out, "options:\n");
	for (int i = 0; i < OPTION_COUNT; i++) {
		const char *value = options[i].value;

		if (is_allowed(command, i))
			buf_printf(out, "  --%s%s%s\n      %s\n",
			    options[i].name, value ? " " : "",
			    value ? value : "", options[i].help);
	}
	if (!command)
		buf_puts(out, "COMMAND --help tells a command's options.\n");
}

bool
arguments_has(const struct arguments *a, enum option option)
{
	return a->count[option] > 0;
}

const char *
arguments_text(const struct arguments *a, enum option option)
{
	return a->count[option] ? a->value[option][0] : NULL;
}

const char *
arguments_option_name(enum option option)
{
	return options[option].name;
}

const char *
arguments_directory(const struct arguments *a)
{
	const char *directory = arguments_text(a, OPTION_DIR);

	return directory ? directory : DIRECTORY;
}

static bool
is_plain(const char *text)
{
	size_t len = strlen(text);

	return len < TEXT_64 && doc_text_good(text, len);
}

static bool
bad(struct buf *error, enum option option, const char *value,
    const char *accepted)
{
	char shown[128];

	text_printable(value, shown, sizeof(shown));
	buf_printf(error, "--%s %s is not good: it must be %s",
	    options[option].name, shown, accepted);
	return false;
}

bool
arguments_read_text(const struct arguments *a, enum option option,
    char out[static TEXT_64], struct buf *error)
{
	const char *value = arguments_text(a, option);

	if (!value)
		return true;
	if (!is_plain(value))
		return bad(error, option, value, "1 to 64 bytes of UTF-8 "
		    "without control characters or a space at an end");
	return text_copy(out, TEXT_64, value);
}

bool
arguments_read_number(const struct arguments *a, enum option option,
    int64_t max, int64_t *out, struct buf *error)
{
	const char *value = arguments_text(a, option);
	int64_t number = 0;
	char accepted[64];
	struct buf range;

	if (!value)
		return true;
	for (const char *p = value; *p && number <= max; p++) {
		if (*p < '0' || *p > '9')
			number = max;
		number = number * 10 + (*p - '0');
	}
	if (value[0] >= '1' && value[0] <= '9' && number <= max) {
		*out = number;
		return true;
	}
	buf_init(&range, sizeof(accepted) - 1);
	buf_printf(&range, "a whole number from 1 to %lld", (long long)max);
	text_copy(accepted, sizeof(accepted), buf_text(&range));
	buf_fini(&range);
	return bad(error, option, value, accepted);
}

bool
arguments_read_date(const struct arguments *a, enum option option, utc_t *out,
    struct buf *error)
{
	const char *value = arguments_text(a, option);
	utc_t day;

	if (!value)
		return true;
	if (!utc_parse_date(value, &day))
		return bad(error, option, value, "a day as YYYY-MM-DD");
	*out = utc_day_end(day, 0);
	return true;
}

bool
arguments_read_name(const struct arguments *a, enum option option,
    enum names names, int *out, struct buf *error)
{
	const char *value = arguments_text(a, option);
	const struct name_row *rows;
	struct buf accepted;
	size_t count;
	bool good;

	if (!value)
		return true;
	rows = names_rows(names, &count);
	buf_init(&accepted, 256);
	for (size_t i = 0; i < count; i++)
		buf_printf(&accepted, "%s%s", i ? " or " : "",
		    rows[i].document);
	*out = names_parse(names, value);
	good = *out != 0 || bad(error, option, value, buf_text(&accepted));
	buf_fini(&accepted);
	return good;
}

bool
arguments_read_flag(const struct arguments *a, enum option option, int *out,
    struct buf *error)
{
	const char *value = arguments_text(a, option);

	if (!value)
		return true;
	*out = strcmp(value, "yes") == 0;
	return *out || strcmp(value, "no") == 0 ||
	    bad(error, option, value, "yes or no");
}
