/* SPDX-License-Identifier: ISC */
/*
 * The commands about offline licenses. A document goes to standard output
 * only when all of it is committed; everything else goes to standard error.
 */
#ifndef LICENSE_AUTHORITY_OFFLINE_COMMAND_H
#define LICENSE_AUTHORITY_OFFLINE_COMMAND_H

struct arguments;
struct output;

/* Each returns the exit code: 0, 1 the answer is no, 2 wrong usage. */
int offline_issue(const struct arguments *arguments, struct output *output);
int offline_release(const struct arguments *arguments, struct output *output);
int offline_list(const struct arguments *arguments, struct output *output);

#endif
