/* SPDX-License-Identifier: ISC */
/* A table of what each architecture calls its CPU. It opens no file. */
#include "license/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/hardware.h"

enum { KINDS_MAX = 8, NAMES_PER_KIND = 3, VALUE_SIZE = 200, CPUS_MAX = 65535 };

/*
 * In this order: 32-bit ARM has a "model name", too, which is the family's, and
 * arm64 prints one for a process of another personality only.
 */
static const struct family {
	const char *names[NAMES_PER_KIND], *says[NAMES_PER_KIND];
	const char *stop;    /* the value ends before one of these */
	const char *nothing; /* a first value that says nothing */
	bool mixed;	     /* CPUs of one machine may differ */
} families[] = {
	{{"CPU implementer", "CPU part", "CPU revision"},
	    {"implementer: ", " part: ", " revision: "}, "", "", true},
	{{"uarch"}, {""}, "", "", true},
	/* An emulator has vendor 0, and its version for an architecture. */
	{{"mvendorid", "marchid"}, {"vendor: ", " architecture: "}, "", "0x0",
	    true},
	{{"model name"}, {""}, "", "", false},
	{{"Model Name"}, {""}, "", "", false}, /* LoongArch */
	{{"cpu model"}, {""}, "", "", false},  /* MIPS */
	{{"cpu"}, {""}, ",", "", false},       /* POWER: what follows is of it */
};

struct kinds {
	char kinds[KINDS_MAX][TEXT_256];
	size_t count;
	int64_t cpus;
	bool failed; /* too many, too long, or a CPU that does not tell */
};

static const char *
line_end(const char *line)
{
	return strchrnul(line, '\n');
}

static const char *
line_next(const char *line)
{
	const char *end = line_end(line);

	return *end == '\0' ? NULL : end + 1;
}

/* The value of "NAME<spaces>: value" in ${line}; NULL: another line. */
static const char *
line_value(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(line, name, len) != 0)
		return NULL;
	line += len;
	line += strspn(line, " \t");
	if (*line != ':')
		return NULL;
	line++;
	return line + strspn(line, " \t");
}

/* In the lines before ${end}; without what ends it, spaces collapsed. */
static bool
find_value(const char *text, const char *end, const char *name,
    const char *stop, char out[static VALUE_SIZE])
{
	for (; text != NULL && text < end; text = line_next(text)) {
		const char *value = line_value(text, name);
		if (value == NULL)
			continue;
		size_t len = (size_t)(line_end(value) - value);
		size_t before = strcspn(value, stop);
		len = before < len ? before : len;
		if (len >= VALUE_SIZE)
			return false;
		snprintf(out, VALUE_SIZE, "%.*s", (int)len, value);
		hardware_normalize(out);
		/* "unknown" is how a kernel says that it does not know. */
		return out[0] != '\0' && strncmp(out, "unknown", 7) != 0;
	}
	return false;
}

static bool
read_kind(const struct family *family, const char *text, const char *end,
    char out[static TEXT_256])
{
	char value[VALUE_SIZE];
	struct buf kind;

	buf_init(&kind, TEXT_256 - 1);
	for (size_t i = 0; i < NAMES_PER_KIND && family->names[i] != NULL; i++) {
		if (!find_value(text, end, family->names[i], family->stop,
			value) || (i == 0 && strcmp(value, family->nothing) == 0)) {
			buf_fini(&kind);
			return false;
		}
		buf_printf(&kind, "%s%s", family->says[i], value);
	}
	bool good = !kind.failed && text_copy(out, TEXT_256, buf_text(&kind));
	buf_fini(&kind);
	return good;
}

/* Sorted, so that the order in which CPUs came up changes nothing. */
static void
add_kind(struct kinds *kinds, const char *kind)
{
	size_t at = 0;

	while (at < kinds->count && strcmp(kinds->kinds[at], kind) < 0)
		at++;
	if (at < kinds->count && strcmp(kinds->kinds[at], kind) == 0)
		return;
	if (kinds->count == KINDS_MAX) {
		kinds->failed = true;
		return;
	}
	memmove(kinds->kinds[at + 1], kinds->kinds[at],
	    (kinds->count - at) * sizeof(kinds->kinds[0]));
	text_copy(kinds->kinds[at], sizeof(kinds->kinds[at]), kind);
	kinds->count++;
}

/* The next CPU's lines; NULL: no more. Sets where they end. */
static const char *
next_cpu(const char *text, const char **end)
{
	while (text != NULL && line_value(text, "processor") == NULL)
		text = line_next(text);
	if (text == NULL)
		return NULL;
	const char *last = line_next(text);
	while (last != NULL && line_value(last, "processor") == NULL)
		last = line_next(last);
	*end = last != NULL ? last : text + strlen(text);
	return text;
}

static void
read_family(const struct family *family, const char *cpuinfo,
    struct kinds *out)
{
	const char *end = NULL;
	char kind[TEXT_256];

	*out = (struct kinds){.count = 0};
	for (const char *cpu = next_cpu(cpuinfo, &end); cpu != NULL;
	     cpu = next_cpu(end, &end)) {
		out->cpus++;
		if (read_kind(family, cpu, end, kind))
			add_kind(out, kind);
		else
			out->failed = true;
	}
}

/* "processor 0: version = FF, identification = 133EF8, machine = 3931" */
static void
read_s390(const char *cpuinfo, struct kinds *out)
{
	static const char name[] = "machine = ";
	char kind[TEXT_256];

	*out = (struct kinds){.count = 0};
	for (const char *line = cpuinfo; line != NULL; line = line_next(line)) {
		const char *end = line_end(line);
		if (strncmp(line, "processor ", 10) != 0)
			continue;
		const char *machine = strstr(line, name);
		if (machine == NULL || machine > end)
			continue;
		machine += sizeof(name) - 1;
		size_t len = strspn(machine, "0123456789ABCDEFabcdef");
		if (len == 0 || len > 8)
			continue;
		snprintf(kind, sizeof(kind), "IBM/S390 machine %.*s", (int)len,
		    machine);
		add_kind(out, kind);
	}
}

static bool
join_kinds(const struct kinds *kinds, char out[static TEXT_256])
{
	struct buf text;

	buf_init(&text, TEXT_256 - 1);
	for (size_t i = 0; i < kinds->count; i++)
		buf_printf(&text, "%s%s", i == 0 ? "" : " + ", kinds->kinds[i]);
	bool good = !text.failed && text_copy(out, TEXT_256, buf_text(&text));
	buf_fini(&text);
	return good;
}

bool
reading_cpu_model(const char *cpuinfo, int64_t present,
    char out[static TEXT_256])
{
	struct kinds kinds;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const struct family *family = &families[i];
		read_family(family, cpuinfo, &kinds);
		if (kinds.count == 0)
			continue;
		bool whole = family->mixed ? present > 0 &&
			kinds.cpus >= present : kinds.count == 1;
		return !kinds.failed && whole && join_kinds(&kinds, out);
	}
	read_s390(cpuinfo, &kinds);
	return kinds.count == 1 && join_kinds(&kinds, out);
}

int64_t
reading_cpu_count(const char *ranges)
{
	int64_t count = 0;

	for (const char *p = ranges;; p++) {
		char *end;
		if (*p < '0' || *p > '9')
			return 0;
		long first = strtol(p, &end, 10), last = first;
		if (*end == '-') {
			if (end[1] < '0' || end[1] > '9')
				return 0;
			last = strtol(end + 1, &end, 10);
		}
		if (first < 0 || last < first || last >= CPUS_MAX)
			return 0;
		count += last - first + 1;
		p = end;
		if (*p == '\0' || strcmp(p, "\n") == 0)
			return count <= CPUS_MAX ? count : 0;
		if (*p != ',')
			return 0;
	}
}

int64_t
reading_memory_mib(const char *meminfo)
{
	char value[VALUE_SIZE], *end;

	if (!find_value(meminfo, meminfo + strlen(meminfo), "MemTotal", "",
		value))
		return 0;
	long long kib = strtoll(value, &end, 10);
	bool good = end != value && strcmp(end, " kB") == 0 && kib > 0 &&
	    kib / 1024 <= INT32_MAX;
	return good ? kib / 1024 : 0;
}

int64_t
reading_block_mib(const char *block_size_bytes)
{
	char *end;
	unsigned long long bytes = strtoull(block_size_bytes, &end, 16);

	if (end == block_size_bytes || (*end != '\n' && *end != '\0') ||
	    bytes > (1ULL << 50))
		return 0;
	return (int64_t)(bytes >> 20);
}
