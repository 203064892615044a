/* SPDX-License-Identifier: ISC */
/*
 * The commands about what the authority does by itself: trials. A running
 * service sees a change at its next request.
 */
#ifndef LICENSE_AUTHORITY_POLICY_COMMAND_H
#define LICENSE_AUTHORITY_POLICY_COMMAND_H

struct arguments;
struct output;

/* Each returns the exit code: 0, 1 the answer is no, 2 wrong usage. */
int policy_show(const struct arguments *arguments, struct output *output);
int policy_trial(const struct arguments *arguments, struct output *output);

#endif
