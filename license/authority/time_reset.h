/* SPDX-License-Identifier: ISC */
/*
 * `offline time-reset hw_data.lic > reset.lic`: the vendor vouches for the
 * time to a machine whose memory of it is wrong. The document goes to
 * standard output when its event is committed; the rest to standard error.
 */
#ifndef LICENSE_AUTHORITY_TIME_RESET_H
#define LICENSE_AUTHORITY_TIME_RESET_H

struct arguments;
struct output;

int time_reset_command(const struct arguments *arguments,
    struct output *output);

#endif
