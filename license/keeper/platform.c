/* SPDX-License-Identifier: ISC */
/* Kernel, distribution and CPU flags, from files that every user may read. */
#include "license/keeper/platform.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "license/base/buf.h"
#include "license/base/file.h"

enum { FILE_MAX = 1 << 20 };

/* The line that begins with ${name}; its length without LF to ${len}. */
static const char *
find_line(const char *text, const char *name, size_t *len)
{
	while (text != NULL && *text != '\0') {
		const char *end = strchrnul(text, '\n');

		if (strncmp(text, name, strlen(name)) == 0) {
			*len = (size_t)(end - text) - strlen(name);
			return text + strlen(name);
		}
		text = *end == '\0' ? NULL : end + 1;
	}
	return NULL;
}

/* NAME=value, NAME="value": what needs more than that is not known. */
static void
release_value(const char *text, const char *name, char out[static TEXT_64])
{
	size_t len;
	const char *value = find_line(text, name, &len);

	out[0] = '\0';
	if (value == NULL || len == 0)
		return;
	if (len >= 2 && (*value == '"' || *value == '\'') &&
	    value[len - 1] == *value) {
		value++;
		len -= 2;
	}
	if (len < TEXT_64 && memchr(value, '\\', len) == NULL &&
	    memchr(value, '"', len) == NULL)
		snprintf(out, TEXT_64, "%.*s", (int)len, value);
}

void
platform_release(const char *text, struct usage_platform *out)
{
	release_value(text, "ID=", out->distribution);
	release_value(text, "VERSION_ID=", out->distribution_version);
}

void
platform_flags(const char *text, struct usage_platform *out)
{
	size_t len = 0, n = 0;
	const char *line = find_line(text, "flags", &len);

	if (line == NULL)
		line = find_line(text, "Features", &len);
	const char *colon = line == NULL ? NULL : memchr(line, ':', len);
	out->cpu_flags[0] = '\0';
	if (colon == NULL)
		return;
	for (const char *p = colon + 1; p < line + len; p++) {
		bool blank = *p == ' ' || *p == '\t';

		if (blank && (n == 0 || out->cpu_flags[n - 1] == ' '))
			continue;
		if (n == USAGE_FLAGS_SIZE - 1)
			break;
		out->cpu_flags[n++] = blank ? ' ' : *p;
	}
	while (n > 0 && out->cpu_flags[n - 1] == ' ')
		n--;
	out->cpu_flags[n] = '\0';
}

static bool
read_text(const char *path, struct buf *out)
{
	buf_clear(out);
	return file_read(path, out) == 0;
}

void
platform_inspect(struct usage_platform *out)
{
	struct utsname name;
	struct buf text;

	*out = (struct usage_platform){.kernel = ""};
	if (uname(&name) == 0)
		text_copy(out->kernel, sizeof(out->kernel), name.release);
	buf_init(&text, FILE_MAX);
	if (read_text("/etc/os-release", &text) ||
	    read_text("/usr/lib/os-release", &text))
		platform_release(buf_text(&text), out);
	if (read_text("/proc/cpuinfo", &text))
		platform_flags(buf_text(&text), out);
	buf_fini(&text);
}
