/* SPDX-License-Identifier: ISC */
/*
 * The commands that show what is known: subscriptions, machines, events; and
 * the end of a machine's clone mark. They change no subscription.
 */
#ifndef LICENSE_AUTHORITY_INSPECT_H
#define LICENSE_AUTHORITY_INSPECT_H

struct arguments;
struct output;
struct subscription;

/* inspect_subscription: its members, into the record of ${output}. */
void inspect_subscription(const struct subscription *subscription,
    struct output *output);

/* Each returns the exit code. */
int inspect_subscriptions(const struct arguments *arguments,
    struct output *output);
int inspect_show(const struct arguments *arguments, struct output *output);
int inspect_machines(const struct arguments *arguments,
    struct output *output);
int inspect_machine(const struct arguments *arguments, struct output *output);
int inspect_clear_clone(const struct arguments *arguments,
    struct output *output);
int inspect_events(const struct arguments *arguments, struct output *output);

#endif
