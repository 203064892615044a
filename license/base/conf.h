/* SPDX-License-Identifier: ISC */
/*
 * INI files by a table of keys, over inih. Every error is one sentence that
 * names file:line, the key, the bad value and what is accepted. Unknown
 * sections and keys, a key twice (unless repeatable), lines too long and
 * continuation lines are errors: nothing is silently ignored. It knows no key
 * by itself.
 */
#ifndef LICENSE_BASE_CONF_H
#define LICENSE_BASE_CONF_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

struct buf;

enum conf_type {
	CONF_TEXT,   /* char[size] at offset */
	CONF_PATH,   /* the same; must begin with '/' */
	CONF_NUMBER, /* int64_t in min..max */
	CONF_FLAG,   /* bool: yes, no, on, off, true, false, enabled, disabled,
			1, 0 */
	CONF_CHOICE, /* int: index into a NULL-terminated list of words */
	CONF_LIST,   /* struct conf_list, repeatable */
};

enum { CONF_TEXT_SIZE = 256, CONF_LIST_MAX = 16, CONF_LINE_MAX = 1023 };

struct conf_list {
	size_t count;
	char item[CONF_LIST_MAX][CONF_TEXT_SIZE];
};

struct conf_key {
	const char *section; /* "agent", or "license" for "[license NAME]" */
	const char *name;
	enum conf_type type;
	size_t offset; /* into the section's struct */
	size_t size;   /* CONF_TEXT, CONF_PATH: of the array */
	int64_t min, max;
	const char *const *choices;
	const char *initial; /* as it would be written in the file; NULL: the
				zeroed value, printed commented out by -n */
	const char *help;    /* one line for the manual and the echo */
};

struct conf_section {
	const char *name;
	bool named; /* "[license NAME]": one struct for each NAME */
	size_t size; /* of its struct */
	/*
	 * section: the struct to fill. Called once per section met (for a
	 * named one with its NAME, [A-Za-z0-9][A-Za-z0-9._-]{0,62}); NULL means
	 * it cannot be had, ${error} then says why in a clause.
	 */
	void *(*section)(void *self, const char *name, const char **error);
};

struct conf_schema {
	const struct conf_section *sections;
	size_t section_count;
	const struct conf_key *keys;
	size_t key_count;
};

/*
 * conf_defaults: set every key of the section to its initial value. conf_load
 * does it for each struct that its section() hands out; the caller does it
 * for structs of sections that the file may lack.
 */
void conf_defaults(const struct conf_schema *schema, const char *section,
    void *object);

/*
 * conf_parse: ${text} (NUL-terminated) of ${path} (for messages only). True,
 * or false with one sentence in ${error}. Never leaves the caller's own
 * configuration half changed: parse into fresh structs and swap.
 */
bool conf_parse(const struct conf_schema *schema, void *self,
    const char *path, const char *text, struct buf *error);

/*
 * conf_print: "[section NAME]" and every key as understood, in table order,
 * each with its help as a comment line; what it prints parses again to the
 * same values, but for the password in a URL. Keys with no value are printed
 * as a comment.
 */
void conf_print(const struct conf_schema *schema, const char *section,
    const char *name, const void *object, struct buf *out);

#endif
