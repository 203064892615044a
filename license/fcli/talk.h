/* SPDX-License-Identifier: ISC */
/*
 * The bytes between fcli and the agent's control socket, each wait with a
 * bound. It knows no command.
 */
#ifndef LICENSE_FCLI_TALK_H
#define LICENSE_FCLI_TALK_H

#include <stdbool.h>
#include <stddef.h>

#include "license/base/utc.h"

struct buf;

enum { TALK_REPLY_MAX = 65 * 1024 * 1024 };

/* talk_open: -1 with errno; a backlog that stays full is ETIMEDOUT. */
int talk_open(const char *path, mono_t until);

/* talk_send: false with errno. */
bool talk_send(int fd, const struct buf *bytes, mono_t until);

/*
 * talk_receive: 1 whole; 0 with errno: the end or the bound came before; -1
 * not a reply. The numbers are those of command_read_reply().
 */
int talk_receive(int fd, mono_t until, struct buf *reply, int *code,
    size_t *head_len, size_t *out_len);

/* talk_is_alive: does whoever serves ${path} answer a reading command? */
bool talk_is_alive(const char *path, mono_t until);

#endif
