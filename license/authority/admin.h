/* SPDX-License-Identifier: ISC */
/*
 * The commands that change a subscription. Each is one
 * transaction on the database that the service has open, with one event; the
 * service sees it at its next request. They issue nothing.
 */
#ifndef LICENSE_AUTHORITY_ADMIN_H
#define LICENSE_AUTHORITY_ADMIN_H

struct arguments;
struct output;

/* Each returns the exit code: 0, 1 the answer is no, 2 wrong usage. */
int admin_add(const struct arguments *arguments, struct output *output);
int admin_suspend(const struct arguments *arguments, struct output *output);
int admin_cancel(const struct arguments *arguments, struct output *output);
int admin_reinstate(const struct arguments *arguments, struct output *output);
int admin_extend(const struct arguments *arguments, struct output *output);
int admin_set(const struct arguments *arguments, struct output *output);
int admin_approve_address(const struct arguments *arguments,
    struct output *output);
int admin_approve_hardware(const struct arguments *arguments,
    struct output *output);

#endif
