/* SPDX-License-Identifier: ISC */
/*
 * What the exporter serves, as answers ready to be sent: made when they are
 * asked for, each plain and packed, and shared by whoever asks at the same
 * time. It renders what is on the board and knows no route.
 */
#ifndef EXPORTER_ANSWERS_H
#define EXPORTER_ANSWERS_H

struct board;
struct http_answer;
struct answers;

enum answers_kind {
	ANSWERS_METRICS,	/* one of the two formats, by Accept */
	ANSWERS_STATUS,	/* for people: page.h */
	ANSWERS_JSON,	/* status.json */
	ANSWERS_CALENDAR, /* license.ics */
};

/* answers_new: the board must outlive it. NULL: out of memory. */
struct answers *answers_new(struct board *board, const char *revision);
void answers_free(struct answers *all); /* NULL is accepted */

/*
 * answers_take: for the headers Accept and Accept-Encoding (NULL: none), a
 * reference for the caller. Each is rendered at most once in a second
 * of the wall clock, from one view, and is never of the second before; only
 * when new facts came is it rendered again within one, as a tenth of the time
 * at most. NULL before the first facts, or out of memory. From any thread; it
 * waits for nothing but another thread's rendering of the same page.
 */
struct http_answer *answers_take(struct answers *all, enum answers_kind kind,
    const char *accept, const char *accept_encoding);

#endif
