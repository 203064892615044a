/* SPDX-License-Identifier: ISC */
/*
 * FastNetMon's fcli, run once beside the loop: for a bounded time, with an
 * answer of bounded length. What the answer means is not known here.
 */
#ifndef LICENSE_KEEPER_FCLI_H
#define LICENSE_KEEPER_FCLI_H

#include "license/base/loop.h"
#include "license/facts.h"

struct buf;
struct fcli;

enum { FCLI_LIMIT_S = 20, FCLI_ANSWER_MAX = 65536 };

/*
 * fcli_start: "show license", or "set renew_license" with ${renew}, and
 * JSON_MODE=on. NULL with errno when ${path} cannot be run.
 */
struct fcli *fcli_start(const char *path, bool renew);

/* fcli_ask, fcli_tell: of the source that it belongs to; tell true: ended. */
void fcli_ask(const struct fcli *fcli, struct loop_want *want);
bool fcli_tell(struct fcli *fcli, const struct loop_got *got);

/*
 * fcli_take: once ended: RESULT_OK and its answer in ${out} (of
 * FCLI_ANSWER_MAX), or why there is none in ${why}, printable.
 */
enum result fcli_take(const struct fcli *fcli, struct buf *out,
    char why[DETAIL_SIZE]);

/*
 * fcli_leave: nobody waits for it any more: it is told to end, and is in
 * ${list}, which asks and tells, until it did. fcli_free_all: the agent stops.
 */
void fcli_leave(struct fcli **list, struct fcli *fcli);
void fcli_ask_all(const struct fcli *list, struct loop_want *want);
void fcli_tell_all(struct fcli **list, const struct loop_got *got);
void fcli_free_all(struct fcli **list);
void fcli_free(struct fcli *fcli);

#endif
