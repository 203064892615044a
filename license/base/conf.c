/* SPDX-License-Identifier: ISC */
/*
 * INI text into structs by a table of keys, over inih. It knows types and
 * tables; it opens no file and keeps nothing.
 */
#include "license/base/conf.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ini.h>

#include "license/base/buf.h"
#include "license/base/url.h"

enum { CONF_SECTIONS_MAX = 4096, CONF_NAME_MAX = 63, CONF_SHOWN = 128 };

static const struct {
	const char *word;
	bool value;
} flags[] = {
	{"yes", true}, {"no", false}, {"on", true}, {"off", false},
	{"true", true}, {"false", false}, {"1", true}, {"0", false},
	{"enabled", true}, {"disabled", false},
};

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* One section met in the text. */
struct met {
	const struct conf_section *section;
	char name[CONF_NAME_MAX + 1];
	void *object;
	bool *set; /* of each key of the schema */
};

struct parser {
	const struct conf_schema *schema;
	void *self;
	const char *path;
	const char *rest; /* not read yet */
	int line;
	struct buf *error;
	struct met *met;
	size_t met_count;
	struct met *open; /* the section that keys go to */
};

static bool
has_failed(const struct parser *p)
{
	return p->error->len > 0 || p->error->failed;
}

/* Begin the one sentence; the caller adds to it. */
static struct buf *
complain(struct parser *p)
{
	buf_printf(p->error, "%s:%d: ", p->path, p->line);
	return p->error;
}

static void
add_shown(struct buf *out, const char *text)
{
	char shown[CONF_SHOWN];

	text_printable(text, shown, sizeof(shown));
	buf_printf(out, "\"%s\"", shown);
}

static void
add_accepted(struct buf *out, const struct conf_key *key)
{
	switch (key->type) {
	case CONF_TEXT:
	case CONF_LIST:
		buf_printf(out, "a text of at most %zu bytes",
		    (key->type == CONF_LIST ? CONF_TEXT_SIZE : key->size) - 1);
		break;
	case CONF_PATH:
		buf_printf(out, "an absolute path of at most %zu bytes",
		    key->size - 1);
		break;
	case CONF_NUMBER:
		buf_printf(out, "a whole number from %" PRId64 " to %" PRId64,
		    key->min, key->max);
		break;
	case CONF_FLAG:
		buf_puts(out, "yes or no");
		break;
	case CONF_CHOICE:
		for (size_t i = 0; key->choices[i] != NULL; i++)
			buf_printf(out, "%s%s", i == 0 ? "" :
			    key->choices[i + 1] == NULL ? " or " : ", ",
			    key->choices[i]);
		break;
	}
}

static bool
set_number(const struct conf_key *key, void *field, const char *value)
{
	char *end;
	size_t sign = value[0] == '-';

	if (value[sign] < '0' || value[sign] > '9')
		return false;
	errno = 0;
	long long number = strtoll(value, &end, 10);
	if (errno != 0 || *end != '\0' || number < key->min ||
	    number > key->max)
		return false;
	*(int64_t *)field = number;
	return true;
}

static bool
set_flag(void *field, const char *value)
{
	for (size_t i = 0; i < LENGTH(flags); i++) {
		if (strcasecmp(flags[i].word, value) == 0) {
			*(bool *)field = flags[i].value;
			return true;
		}
	}
	return false;
}

static bool
set_choice(const struct conf_key *key, void *field, const char *value)
{
	for (int i = 0; key->choices[i] != NULL; i++) {
		if (strcmp(key->choices[i], value) == 0) {
			*(int *)field = i;
			return true;
		}
	}
	return false;
}

static bool
add_item(struct conf_list *list, const char *value)
{
	if (list->count == CONF_LIST_MAX ||
	    !text_copy(list->item[list->count], CONF_TEXT_SIZE, value))
		return false;
	list->count++;
	return true;
}

static bool
set_value(const struct conf_key *key, void *object, const char *value)
{
	void *field = (char *)object + key->offset;

	switch (key->type) {
	case CONF_PATH:
		if (value[0] != '/')
			return false;
		/* fallthrough */
	case CONF_TEXT:
		return text_copy(field, key->size, value);
	case CONF_NUMBER:
		return set_number(key, field, value);
	case CONF_FLAG:
		return set_flag(field, value);
	case CONF_CHOICE:
		return set_choice(key, field, value);
	case CONF_LIST:
		return add_item(field, value);
	}
	return false;
}

void
conf_defaults(const struct conf_schema *schema, const char *section,
    void *object)
{
	for (size_t i = 0; i < schema->key_count; i++) {
		const struct conf_key *key = &schema->keys[i];
		if (key->initial == NULL || strcmp(key->section, section) != 0)
			continue;
		if (key->type == CONF_LIST)
			((struct conf_list *)(void *)((char *)object +
			    key->offset))->count = 0;
		set_value(key, object, key->initial);
	}
}

static const struct conf_section *
find_section(const struct conf_schema *schema, const char *name, size_t len)
{
	for (size_t i = 0; i < schema->section_count; i++) {
		const char *known = schema->sections[i].name;
		if (strlen(known) == len && memcmp(known, name, len) == 0)
			return &schema->sections[i];
	}
	return NULL;
}

static bool
is_section_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t len = strlen(name);

	return len > 0 && len <= CONF_NAME_MAX && strchr("._-", name[0]) == NULL
	    && strspn(name, letters) == len;
}

/* "license  NAME": the kind, and what follows it. */
static const struct conf_section *
read_heading(struct parser *p, const char *heading, const char **name)
{
	size_t len = strcspn(heading, " \t");
	const struct conf_section *section = find_section(p->schema, heading,
	    len);

	*name = heading + len + strspn(heading + len, " \t");
	if (section == NULL) {
		add_shown(complain(p), heading);
		buf_puts(p->error, " is not a section; there is");
		for (size_t i = 0; i < p->schema->section_count; i++)
			buf_printf(p->error, "%s [%s%s]", i == 0 ? "" : ",",
			    p->schema->sections[i].name,
			    p->schema->sections[i].named ? " NAME" : "");
	} else if (section->named && !is_section_name(*name)) {
		buf_printf(complain(p), "[%s NAME] needs a NAME of at most %d "
		    "letters, digits, dots, dashes and underscores that begins "
		    "with a letter or a digit, not ", section->name,
		    CONF_NAME_MAX);
		add_shown(p->error, *name);
	} else if (!section->named && **name != '\0') {
		buf_printf(complain(p), "[%s] takes no name: write [%s]",
		    section->name, section->name);
	}
	return has_failed(p) ? NULL : section;
}

static bool
open_section(struct parser *p, const char *heading)
{
	const char *name;
	const char *why = NULL;
	const struct conf_section *section = read_heading(p, heading, &name);

	p->open = NULL;
	if (section == NULL)
		return false;
	for (size_t i = 0; i < p->met_count; i++) {
		if (p->met[i].section == section &&
		    strcmp(p->met[i].name, name) == 0) {
			add_shown(complain(p), heading);
			buf_puts(p->error, " is a section already: put its "
					   "keys together");
			return false;
		}
	}
	struct met *met = p->met_count == CONF_SECTIONS_MAX ? NULL :
	    reallocarray(p->met, p->met_count + 1, sizeof(*met));
	if (met == NULL) {
		buf_puts(complain(p), "too many sections");
		return false;
	}
	p->met = met;
	met += p->met_count;
	*met = (struct met){.section = section,
		.set = calloc(p->schema->key_count + 1, sizeof(bool))};
	p->met_count++;
	text_copy(met->name, sizeof(met->name), name);
	met->object = met->set == NULL ? NULL :
	    section->section(p->self, name, &why);
	if (met->object == NULL) {
		buf_printf(complain(p), "[%s] cannot be had: %s", heading,
		    why == NULL ? "out of memory" : why);
		return false;
	}
	conf_defaults(p->schema, section->name, met->object);
	p->open = met;
	return true;
}

static void
assign(struct parser *p, const char *name, const char *value)
{
	const struct conf_section *section = p->open->section;
	size_t i = 0;

	while (i < p->schema->key_count &&
	    (strcmp(p->schema->keys[i].section, section->name) != 0 ||
		strcmp(p->schema->keys[i].name, name) != 0))
		i++;
	if (i == p->schema->key_count) {
		add_shown(complain(p), name);
		buf_printf(p->error, " is not a key of [%s]: correct or remove "
		    "it", section->name);
		return;
	}
	const struct conf_key *key = &p->schema->keys[i];
	bool list = key->type == CONF_LIST;
	struct conf_list *items = (void *)((char *)p->open->object +
	    key->offset);
	if (p->open->set[i] && !list) {
		buf_printf(complain(p), "%s is set twice in this section: "
		    "keep one", name);
	} else if (list && p->open->set[i] && items->count == CONF_LIST_MAX) {
		buf_printf(complain(p), "%s is given more than %d times", name,
		    CONF_LIST_MAX);
	} else {
		/* The first item of the file replaces the initial ones. */
		if (list && !p->open->set[i])
			items->count = 0;
		p->open->set[i] = true;
		if (set_value(key, p->open->object, value))
			return;
		buf_printf(complain(p), "%s = ", name);
		add_shown(p->error, value);
		buf_puts(p->error, " is not accepted: it must be ");
		add_accepted(p->error, key);
	}
}

static int
on_key(void *user, const char *section, const char *name, const char *value)
{
	struct parser *p = user;

	(void)section; /* cut at 49 bytes by inih: read_line() knows it whole */
	if (has_failed(p))
		return 0;
	if (p->open == NULL)
		buf_puts(complain(p), "a key must follow a [section]");
	else
		assign(p, name, value);
	return !has_failed(p);
}

/* A heading is read here, whole: inih tells of sections only by their keys. */
static void
check_line(struct parser *p, const char *line, size_t len)
{
	char heading[CONF_LINE_MAX + 1];
	size_t blank = strspn(line, " \t\r");

	if (len > CONF_LINE_MAX) {
		buf_printf(complain(p), "the line is longer than %d bytes",
		    CONF_LINE_MAX);
		return;
	}
	if (blank >= len || line[blank] == '#' || line[blank] == ';')
		return;
	if (blank > 0) {
		buf_puts(complain(p), "a line must not begin with a blank: a "
				      "value cannot go on over two lines");
		return;
	}
	if (line[0] != '[') {
		if (memchr(line, '=', len) == NULL)
			buf_puts(complain(p), "a line must be \"key = value\", "
					      "\"[section]\" or a # comment");
		return;
	}
	while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
		len--;
	if (len < 2 || line[len - 1] != ']' ||
	    memchr(line, ']', len - 1) != NULL) {
		buf_puts(complain(p), "a section must be \"[name]\" and "
				      "nothing else on its line");
		return;
	}
	memcpy(heading, line + 1, len - 2);
	heading[len - 2] = '\0';
	open_section(p, heading);
}

/* inih's reader: one line of the text, counted and looked at first. */
static char *
read_line(char *out, int size, void *stream)
{
	struct parser *p = stream;

	if (*p->rest == '\0' || has_failed(p))
		return NULL;
	size_t len = strcspn(p->rest, "\n");
	p->line++;
	check_line(p, p->rest, len);
	if (has_failed(p) || len + 2 > (size_t)size)
		return NULL;
	memcpy(out, p->rest, len);
	out[len] = '\n';
	out[len + 1] = '\0';
	p->rest += len + (p->rest[len] == '\n');
	return out;
}

/* inih keeps its switches in globals; Debian's default would cut at " ;". */
static pthread_once_t switches_once = PTHREAD_ONCE_INIT;

static void
set_switches(void)
{
	ini_allow_inline_comments = false;
	ini_allow_multiline = false;
	ini_allow_no_value = false;
	ini_stop_on_first_error = true;
	ini_use_stack = false;
	ini_allow_realloc = false;
	ini_initial_alloc = ini_max_line = CONF_LINE_MAX + 3;
}

bool
conf_parse(const struct conf_schema *schema, void *self, const char *path,
    const char *text, struct buf *error)
{
	struct parser p = {.schema = schema, .self = self, .path = path,
		.rest = text, .error = error};

	pthread_once(&switches_once, set_switches);
	if (strncmp(text, "\xEF\xBB\xBF", 3) == 0)
		p.rest += 3;
	int bad = ini_parse_stream(read_line, &p, on_key, &p);
	if (bad != 0 && !has_failed(&p))
		buf_puts(complain(&p), "a line must be \"key = value\", "
				       "\"[section]\" or a # comment");
	for (size_t i = 0; i < p.met_count; i++)
		free(p.met[i].set);
	free(p.met);
	return !has_failed(&p);
}

static bool
is_printed_unset(const struct conf_key *key, const void *field)
{
	switch (key->type) {
	case CONF_TEXT:
	case CONF_PATH:
		return *(const char *)field == '\0' &&
		    (key->initial == NULL || key->initial[0] == '\0');
	case CONF_LIST:
		return ((const struct conf_list *)field)->count == 0;
	case CONF_NUMBER:
		/* Zero outside of min..max is how "not set" looks. */
		return *(const int64_t *)field < key->min ||
		    *(const int64_t *)field > key->max;
	case CONF_FLAG:
	case CONF_CHOICE:
		break;
	}
	return false;
}

static void
print_key(const struct conf_key *key, const void *field, struct buf *out)
{
	const struct conf_list *list = field;

	buf_printf(out, "# %s\n", key->help == NULL ? "" : key->help);
	if (is_printed_unset(key, field)) {
		buf_printf(out, "#%s =\n", key->name);
		return;
	}
	if (key->type == CONF_LIST) {
		for (size_t i = 0; i < list->count; i++)
			buf_printf(out, "%s = %s\n", key->name, list->item[i]);
		return;
	}
	buf_printf(out, "%s = ", key->name);
	if (key->type == CONF_NUMBER)
		buf_printf(out, "%" PRId64, *(const int64_t *)field);
	else if (key->type == CONF_FLAG)
		buf_puts(out, *(const bool *)field ? "yes" : "no");
	else if (key->type == CONF_CHOICE)
		buf_puts(out, key->choices[*(const int *)field]);
	else
		url_mask(field, out);
	buf_putc(out, '\n');
}

void
conf_print(const struct conf_schema *schema, const char *section,
    const char *name, const void *object, struct buf *out)
{
	buf_printf(out, name == NULL || name[0] == '\0' ? "[%s]\n" :
	    "[%s %s]\n", section, name);
	for (size_t i = 0; i < schema->key_count; i++) {
		const struct conf_key *key = &schema->keys[i];
		if (strcmp(key->section, section) == 0)
			print_key(key, (const char *)object + key->offset, out);
	}
}
