/* SPDX-License-Identifier: ISC */
/*
 * The command line of leaseline-authority: one table of commands, one of
 * options. Every error is a sentence that names the word and the mend. It
 * knows no command's meaning.
 */
#ifndef LICENSE_AUTHORITY_ARGUMENTS_H
#define LICENSE_AUTHORITY_ARGUMENTS_H

#include "license/authority/records.h"

struct output;

/* (C name, "--name", value shown in help or NULL for a flag, help) */
#define OPTIONS(X)                                                            \
	X(DIR, "dir", "DIRECTORY", "where the authority keeps everything")    \
	X(JSON, "json", NULL, "print JSON")                                   \
	X(HELP, "help", NULL, "print this")                                   \
	X(ROOT, "root", "FILE", "the root's secret key; made if absent")      \
	X(NAME, "name", "NAME",                                               \
	    "a name or address of this server (repeatable)")                  \
	X(ISSUER, "issuer", "TEXT", "the issuer that licenses name")          \
	X(LISTEN, "listen", "ADDRESS",                                        \
	    "address:PORT (https), or http://127.0.0.1:PORT (repeatable)")       \
	X(GRANTS, "grants-per-second", "NUMBER",                              \
	    "leases granted in a second at most, not by the fleet's size")    \
	X(PORT_FILE, "port-file", "FILE", "write the bound addresses there")  \
	X(TRUSTED_PROXY, "trusted-proxy", "PREFIX",                           \
	    "whose X-Forwarded-For counts (repeatable)")                      \
	X(CUSTOMER, "customer", "TEXT", "who bought it")                      \
	X(PRODUCT, "product", "TEXT", "what was bought")                      \
	X(EDITION, "edition", "TEXT", "for display, \"FastNetMon 100G\"")     \
	X(KIND, "kind", "KIND", "production or trial")                        \
	X(MBITS, "mbits", "NUMBER", "licensed bandwidth")                     \
	X(BILLING, "billing", "CYCLE", "monthly or annual; not for a trial")  \
	X(TERM_END, "term-end", "DATE", "the last paid day, YYYY-MM-DD, UTC") \
	X(EXTERNAL, "external", "ADDRESS",                                    \
	    "external address or prefix (repeatable)")                        \
	X(INTERNAL, "internal", "ADDRESS", "internal address")                \
	X(COUPON, "coupon", NULL, "make a coupon for the first activation")   \
	X(RENEWS, "renews", "HOW", "auto or manual")                          \
	X(ON_EXPIRY, "on-expiry", "WHAT", "stop or warn")                     \
	X(NOW, "now", NULL, "at once, not at the end of the term")            \
	X(TO, "to", "DATE", "the new last paid day, YYYY-MM-DD, UTC")         \
	X(FOLLOW, "follow", NULL, "go on as events happen")                   \
	X(SUBSCRIPTION, "subscription", "ID", "only of this subscription")    \
	X(CHECKED, "checked", "yes|no", "it may have an offline license")     \
	X(NOT_BEFORE, "not-before", "DATE",                                   \
	    "the day it begins, YYYY-MM-DD, UTC; a license that follows")     \
	X(DAYS, "days", "NUMBER", "how long a trial lasts")                   \
	X(OFF, "off", NULL, "no more trials of this product")                 \
	X(REQUEST, "request", NULL, "print what the root is to certify")      \
	X(CERTIFICATE, "certificate", "FILE", "what the root certified")      \
	X(UNTIL, "until", "DATE", "the signer's last day, YYYY-MM-DD, UTC")   \
	X(YES, "yes", NULL, "do it, although it ends something")

#define OPTION_NAME_ROW(name, text, value, help) OPTION_##name,
enum option { OPTIONS(OPTION_NAME_ROW) OPTION_COUNT };
#undef OPTION_NAME_ROW

#define option_bit(name) ((uint64_t)1 << OPTION_##name)

enum { ARGUMENT_VALUES_MAX = 8, ARGUMENT_WORDS_MAX = 2 };

struct arguments;

struct authority_command {
	const char *words[2]; /* {"subscription", "add"}, {"init", NULL} */
	const char *operand;  /* "ID", or NULL: it takes none */
	uint64_t options;     /* beyond --dir, --json, --help */
	int (*run)(const struct arguments *arguments, struct output *output);
	const char *help;
};

struct arguments {
	const struct authority_command *command;
	const char *revision; /* of the build */
	const char *operand;
	size_t count[OPTION_COUNT];
	const char *value[OPTION_COUNT][ARGUMENT_VALUES_MAX];
};

/*
 * arguments_parse: false with one sentence in ${error}. --help is taken
 * wherever it stands, with or without a command.
 */
bool arguments_parse(const struct authority_command *commands, size_t count,
    int argc, char **argv, struct arguments *out, struct buf *error);

/* arguments_help: of one command, or (NULL) of all. */
void arguments_help(const struct authority_command *commands, size_t count,
    const struct authority_command *command, struct buf *out);

bool arguments_has(const struct arguments *arguments, enum option option);

/* arguments_text: the value, NULL when the option is not there. */
const char *arguments_text(const struct arguments *arguments,
    enum option option);

/* arguments_option_name: "term-end". */
const char *arguments_option_name(enum option option);

/* arguments_directory: --dir, or its default. */
const char *arguments_directory(const struct arguments *arguments);

/*
 * Read a value into ${out}; an option that is not there changes nothing and
 * is true. False with a sentence in ${error}. text: 1 to 64 bytes as a
 * document takes them; date: its last second; flag: yes or no; name: by
 * document form.
 */
bool arguments_read_text(const struct arguments *arguments,
    enum option option, char out[static TEXT_64], struct buf *error);
bool arguments_read_number(const struct arguments *arguments,
    enum option option, int64_t max, int64_t *out, struct buf *error);
bool arguments_read_date(const struct arguments *arguments,
    enum option option, utc_t *out, struct buf *error);
bool arguments_read_flag(const struct arguments *arguments,
    enum option option, int *out, struct buf *error);
bool arguments_read_name(const struct arguments *arguments,
    enum option option, enum names names, int *out, struct buf *error);

#endif
