/* SPDX-License-Identifier: ISC */
/*
 * `fcli doctor`, carried out in a process of its own (leaselined --once
 * doctor), which the agent starts for who asks it, or fcli when there is no
 * agent: whatever hangs, it is not the keeper.
 */
#ifndef AGENT_DOCTOR_H
#define AGENT_DOCTOR_H

struct buf;
struct command;

enum { DOCTOR_LIMIT_S = 14 };

/*
 * doctor_run: look, judge, render; at most DOCTOR_LIMIT_S, past which the
 * process ends with a line that says what hangs. Returns the exit code.
 */
int doctor_run(const char *config_path, const struct command *command,
    struct buf *out, struct buf *err);

#endif
