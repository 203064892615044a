/* SPDX-License-Identifier: ISC */
/* `stats list`: the usage reports that are kept. */
#ifndef LICENSE_AUTHORITY_STATS_LIST_H
#define LICENSE_AUTHORITY_STATS_LIST_H

struct arguments;
struct output;

/* stats_list: returns the exit code. */
int stats_list(const struct arguments *arguments, struct output *output);

#endif
