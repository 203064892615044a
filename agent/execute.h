/* SPDX-License-Identifier: ISC */
/*
 * The reading verbs of fcli, carried out: the same for the control socket
 * and for the one-shot mode. It changes nothing and waits for nothing.
 */
#ifndef AGENT_EXECUTE_H
#define AGENT_EXECUTE_H

#include <stdbool.h>

struct buf;
struct command;
struct keeper;
struct usage_document;
struct view;

/* Caps for the two outputs, of any verb. */
enum { EXECUTE_OUT_MAX = 64 * 1024 * 1024, EXECUTE_ERR_MAX = 65536 };

/*
 * execute_reading: append to ${out} and ${err}, return the exit code.
 * ${view} may be NULL (no facts yet).
 */
int execute_reading(const struct command *command, const struct view *view,
    struct keeper *keeper, struct buf *out, struct buf *err);

/*
 * execute_check (execute_check.c): the same for `check license`, of which
 * nobody who could say is an answer, too.
 */
int execute_check(const struct command *command, const struct view *view,
    struct buf *out, struct buf *err);

/* execute_say_unknown: no license has the name of ${command}. */
void execute_say_unknown(const struct command *command,
    const struct view *view, struct buf *err);

/*
 * execute_result: how a changing verb ended: ${text} (one sentence) to ${out}
 * or ${err}, or as JSON; returns the exit code.
 */
int execute_result(const struct command *command, bool ok, const char *text,
    struct buf *out, struct buf *err);

/*
 * execute_stats: the bytes of a usage report, and what goes with them to
 * ${err}; returns the exit code.
 */
int execute_stats(const struct command *command,
    const struct usage_document *document, struct buf *out, struct buf *err);

#endif
