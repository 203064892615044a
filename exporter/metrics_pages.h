/* SPDX-License-Identifier: ISC */
/*
 * The metrics page as answers ready to be sent: two formats, each plain and
 * packed, made when they are asked for and shared by whoever asks at the same
 * time. It renders what is on the board and knows no route.
 */
#ifndef EXPORTER_METRICS_PAGES_H
#define EXPORTER_METRICS_PAGES_H

struct board;
struct http_answer;
struct metrics_pages;

/* metrics_pages_new: the board must outlive it. NULL: out of memory. */
struct metrics_pages *metrics_pages_new(struct board *board,
    const char *revision);
void metrics_pages_free(struct metrics_pages *pages); /* NULL is accepted */

/*
 * metrics_pages_answer: for the headers Accept and Accept-Encoding (NULL: none), a
 * reference for the caller. Each format is rendered at most once in a second
 * of the wall clock, from one view, and is never of the second before; only
 * when new facts came is it rendered again within one, as a tenth of the time
 * at most. NULL before the first facts, or out of memory. From any thread; it
 * waits for nothing but another thread's rendering of the same page.
 */
struct http_answer *metrics_pages_answer(struct metrics_pages *pages,
    const char *accept, const char *accept_encoding);

#endif
