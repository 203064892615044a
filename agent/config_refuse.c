/* SPDX-License-Identifier: ISC */
/* The line of a key is looked for only when something is wrong with it. */
#include "agent/config_refuse.h"

#include <stdarg.h>
#include <string.h>

#include "license/base/buf.h"

static bool
begins_with(const char *line, const char *word, const char *after)
{
	size_t len = strlen(word);

	return strncmp(line, word, len) == 0 && line[len] != '\0' &&
	    strchr(after, line[len]) != NULL;
}

/*
 * The last line of ${key} in "[${section}]"; the heading's when the key is not
 * there, 1 when the section is not.
 */
static size_t
find_line(const char *text, const char *section, const char *key)
{
	size_t found = 1, number = 1;
	bool inside = false;

	for (const char *line = text; line != NULL; number++) {
		if (line[0] == '[') {
			inside = begins_with(line + 1, section, "]");
			found = inside ? number : found;
		} else if (inside && begins_with(line, key, " \t=")) {
			found = number;
		}
		const char *end = strchr(line, '\n');
		line = end == NULL ? NULL : end + 1;
	}
	return found;
}

bool
config_refuse(const struct checking *c, const char *key, const char *format, ...)
{
	va_list args;

	buf_printf(c->error, "%s:%zu: [%s] %s: ", c->from->path,
	    find_line(c->from->text, c->section, key), c->section, key);
	va_start(args, format);
	buf_vprintf(c->error, format, args);
	va_end(args);
	return false;
}
