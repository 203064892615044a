/* SPDX-License-Identifier: ISC */
/*
 * The words of fcli: a table that parses, helps and tells who may do what.
 * And the bytes between fcli and the control socket. Pure; links libc alone.
 *
 * A request is the lines "leaseline-control 1", then one line for each word
 * or option as given, then an empty line; at most 4096 bytes. The answer is
 * "EXIT OUT-LENGTH ERR-LENGTH\n", then that many bytes for standard output
 * and standard error.
 */
#ifndef LICENSE_COMMAND_H
#define LICENSE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "license/range.h"

struct buf;

enum {
	COMMAND_EXIT_YES = 0,
	COMMAND_EXIT_NO = 1,
	COMMAND_EXIT_USAGE = 2,
	COMMAND_EXIT_ABSENT = 3, /* the agent is not there */
	COMMAND_TIMEOUT_S = 10,	 /* of a check, unless -t is given */
	COMMAND_REQUEST_MAX = 4096,
	COMMAND_NAME_SIZE = 64,
	COMMAND_WORDS_MAX = 16,
	COMMAND_WORD_SIZE = 512, /* of what one program tells another */
};

enum verb {
	VERB_NONE,
	VERB_SHOW_LICENSE,
	VERB_SHOW_STATUS,
	VERB_SHOW_HARDWARE,
	VERB_SHOW_HISTORY,
	VERB_SHOW_STATS,
	VERB_SHOW_CALENDAR,
	VERB_CHECK,
	VERB_RENEW,
	VERB_COMMIT,
	VERB_TEST,
	VERB_DOCTOR,
};

/* How `check license` answers: --format, or --usable. */
enum check_format {
	CHECK_FORMAT_NAGIOS, /* the line of a monitoring plugin */
	CHECK_FORMAT_CHECKMK, /* lines of a local check */
	CHECK_FORMAT_LIBRENMS, /* JSON of an snmpd extend */
	CHECK_FORMAT_TEXTFILE, /* metrics for node_exporter */
	CHECK_FORMAT_USABLE, /* exit 1 only when it is known not to be usable */
};

struct command {
	enum verb verb;
	char name[COMMAND_NAME_SIZE]; /* of the license; "": the first */
	bool all;
	bool json;
	bool online; /* VERB_RENEW only: also in place of an offline license */
	/* VERB_CHECK only */
	enum check_format format;
	bool verbose;
	struct range warning, critical; /* days to the action deadline */
	int64_t timeout_s;
	/* VERB_DOCTOR only */
	bool strict; /* a warning is a failure, too */
	char seen[COMMAND_WORD_SIZE], agent[COMMAND_WORD_SIZE]; /* doctor_found.h */
};

/* command_row: the words and what they do, for usage text and manual. */
struct command_row {
	enum verb verb;
	const char *words[2]; /* {"show", "license"}, {"commit", NULL} */
	bool changes; /* root and the group leaseline only */
	bool waits;   /* may take as long as a refresh */
	const char *help;
};

const struct command_row *command_rows(size_t *count);
const struct command_row *command_row(enum verb verb);

/*
 * command_parse: words as given to fcli, options (--json, --all) anywhere.
 * False with one sentence in ${error}, naming the bad word and the mend.
 */
bool command_parse(size_t count, const char *const *words,
    struct command *out, struct buf *error);

/*
 * command_is_check, command_format: of words that may not parse, so that what
 * is wrong with them is said as the contract of the verb wants it.
 */
bool command_is_check(size_t count, const char *const *words);
enum check_format command_format(size_t count, const char *const *words);

/*
 * command_nobody: what `check license` answers when nobody can say, ${why}
 * being a clause: "LEASELINE UNKNOWN - ..." or its like, and 3; with --usable
 * a line to ${err} and 0, for a product must not stop because somebody is not
 * asked. No metrics: nothing to ${out}, so that the file before them stays.
 */
int command_nobody(enum check_format format, const char *why, struct buf *out,
    struct buf *err);

/*
 * command_one_line: append ${text} as one line of ${format} (its LF left
 * out): whatever would end the text there is replaced.
 */
void command_one_line(enum check_format format, const char *text, size_t len,
    struct buf *out);

/* command_usage: the table as text. */
void command_usage(struct buf *out);

/* command_request: words to request bytes; false when a word cannot be sent. */
bool command_request(size_t count, const char *const *words, struct buf *out);

/*
 * command_read_request: 1 whole (and parsed), 0 more bytes are needed, -1
 * bad, with one sentence in ${error}.
 */
int command_read_request(const char *bytes, size_t len, struct command *out,
    struct buf *error);

/* command_reply, command_read_reply: the answer's head line. */
void command_reply(int exit_code, const struct buf *out, const struct buf *err,
    struct buf *reply);
/* 1 whole, 0 more, -1 bad; ${head_len}: bytes before the output. */
int command_read_reply(const char *bytes, size_t len, int *exit_code,
    size_t *head_len, size_t *out_len, size_t *err_len);

#endif
