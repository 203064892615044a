/* SPDX-License-Identifier: ISC */
/*
 * A page by the second: an answer is never of the second before, and a flood
 * of scrapes costs nothing but its sending. Bytes are immutable and counted:
 * the answers of a page share them, and connections may outlive the page.
 */
#include "exporter/metrics_pages.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "exporter/metrics.h"
#include "exporter/process.h"
#include "license/base/accept.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/exposition.h"
#include "license/base/gzip.h"
#include "license/base/http.h"
#include "license/facts.h"

enum { REST = 9 }; /* times as long as a rendering took */

struct bytes {
	atomic_int references;
	struct buf buf;
};

/* One format; what is in it was made from one view. */
struct page {
	pthread_mutex_t lock;
	utc_t second;
	mono_t again;		   /* not rendered anew before */
	const struct facts *facts; /* rendered from; a reference */
	struct bytes *plain, *packed; /* NULL: not made yet */
	struct http_answer *answers[2][2]; /* packed, escaping */
};

struct metrics_pages {
	struct board *board;
	char revision[64];
	struct page page[EXPOSITION_FORMATS];
};

static struct bytes *
bytes_new(size_t max)
{
	struct bytes *bytes = malloc(sizeof(*bytes));

	if (bytes == NULL)
		return NULL;
	atomic_init(&bytes->references, 1);
	buf_init(&bytes->buf, max);
	return bytes;
}

static void
bytes_release(void *self)
{
	struct bytes *bytes = self;

	if (bytes == NULL || atomic_fetch_sub(&bytes->references, 1) > 1)
		return;
	buf_fini(&bytes->buf);
	free(bytes);
}

static void
clear(struct page *page)
{
	for (int packed = 0; packed < 2; packed++) {
		for (int escaping = 0; escaping < 2; escaping++) {
			http_answer_release(page->answers[packed][escaping]);
			page->answers[packed][escaping] = NULL;
		}
	}
	bytes_release(page->plain);
	bytes_release(page->packed);
	facts_release(page->facts);
	page->plain = page->packed = NULL;
	page->facts = NULL;
}

/* The page of this second and these facts; one before is gone first. */
static void
render(struct metrics_pages *pages, enum exposition_format format)
{
	struct page *page = &pages->page[format];
	struct process_usage process;
	mono_t begun = clock_boot();

	clear(page);
	struct view *view = view_take(pages->board);
	if (view == NULL)
		return;
	struct bytes *bytes = bytes_new(METRICS_SIZE(view->count));
	process_read(&process);
	if (bytes != NULL && metrics_render(view, &process, pages->revision,
				 format, &bytes->buf)) {
		page->second = view->reading.wall;
		page->facts = facts_take(view->facts);
		page->plain = bytes;
	} else {
		bytes_release(bytes);
	}
	view_free(view);
	page->again.ns = clock_boot().ns;
	page->again.ns += REST * (page->again.ns - begun.ns);
}

static bool
is_fresh(struct metrics_pages *pages, const struct page *page)
{
	const struct facts *facts = board_take(pages->board);
	bool same = page->facts == facts;

	/* Only compared: the page holds its own reference. */
	facts_release(facts);
	return page->plain != NULL && page->second.s == clock_wall().s &&
	    (same || clock_boot().ns < page->again.ns);
}

static bool
pack(struct page *page)
{
	if (page->packed != NULL)
		return true;
	page->packed = bytes_new(page->plain->buf.len + 1024);
	if (page->packed == NULL || !gzip_pack(page->plain->buf.data,
		page->plain->buf.len, &page->packed->buf)) {
		bytes_release(page->packed);
		page->packed = NULL;
	}
	return page->packed != NULL;
}

static struct http_answer *
answer(struct page *page, enum exposition_format format, bool packed,
    bool escaping)
{
	static const struct http_header_line headers[] = {
		{"Vary", "Accept, Accept-Encoding"},
		{"Content-Encoding", "gzip"},
	};

	packed = packed && pack(page);
	struct http_answer **place = &page->answers[packed][escaping];
	struct bytes *bytes = packed ? page->packed : page->plain;
	if (*place == NULL) {
		atomic_fetch_add(&bytes->references, 1);
		*place = http_answer_new(200,
		    exposition_content_type(format, escaping),
		    bytes->buf.data, bytes->buf.len, headers, packed ? 2 : 1,
		    bytes_release, bytes);
	}
	return *place == NULL ? NULL : http_answer_take(*place);
}

struct http_answer *
metrics_pages_answer(struct metrics_pages *pages, const char *accept,
    const char *accept_encoding)
{
	bool escaping;
	enum exposition_format format = exposition_accepted(accept, &escaping);
	struct page *page = &pages->page[format];
	struct http_answer *ready = NULL;

	pthread_mutex_lock(&page->lock);
	if (!is_fresh(pages, page))
		render(pages, format);
	if (page->plain != NULL)
		ready = answer(page, format, accept_gzip(accept_encoding),
		    escaping);
	pthread_mutex_unlock(&page->lock);
	return ready;
}

struct metrics_pages *
metrics_pages_new(struct board *board, const char *revision)
{
	struct metrics_pages *pages = calloc(1, sizeof(*pages));

	if (pages == NULL)
		return NULL;
	pages->board = board;
	text_copy(pages->revision, sizeof(pages->revision), revision);
	for (int i = 0; i < EXPOSITION_FORMATS; i++)
		pthread_mutex_init(&pages->page[i].lock, NULL);
	return pages;
}

void
metrics_pages_free(struct metrics_pages *pages)
{
	if (pages == NULL)
		return;
	for (int i = 0; i < EXPOSITION_FORMATS; i++) {
		clear(&pages->page[i]);
		pthread_mutex_destroy(&pages->page[i].lock);
	}
	free(pages);
}
