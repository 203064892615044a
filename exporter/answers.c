/* SPDX-License-Identifier: ISC */
/*
 * A page by the second: an answer is never of the second before, and a flood
 * of scrapes costs nothing but its sending. Bytes are immutable and counted:
 * the answers of a page share them, and connections may outlive the page.
 */
#include "exporter/answers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "exporter/metrics.h"
#include "exporter/page.h"
#include "exporter/process.h"
#include "license/base/accept.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/exposition.h"
#include "license/base/gzip.h"
#include "license/base/http.h"
#include "license/calendar.h"
#include "license/facts.h"
#include "license/json.h"

enum { REST = 9 }; /* times as long as a rendering took */

struct bytes {
	atomic_int references;
	struct buf buf;
};

enum document { TEXT, OPENMETRICS, STATUS, JSON, CALENDAR, DOCUMENTS };

/* One document; what is in it was made from one view. */
struct page {
	pthread_mutex_t lock;
	utc_t second;
	mono_t again;		   /* not rendered anew before */
	const struct facts *facts; /* rendered from; a reference */
	struct bytes *plain, *packed; /* NULL: not made yet */
	struct http_answer *answers[2][2]; /* packed, escaping */
};

struct answers {
	struct board *board;
	char revision[64], policy[PAGE_POLICY_SIZE];
	struct page page[DOCUMENTS];
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

static bool
render_metrics(const struct answers *all, const struct view *view,
    enum exposition_format format, struct buf *out)
{
	struct process_usage process;

	process_read(&process);
	return metrics_render(view, &process, all->revision, format, out);
}

static bool
render_calendar(const struct view *view, struct buf *out)
{
	calendar_begin(out);
	for (size_t i = 0; i < view->count; i++)
		(void)calendar_event(&view->reports[i], out);
	calendar_end(out);
	return !out->failed;
}

static struct bytes *
render_document(const struct answers *all, const struct view *view,
    enum document document)
{
	static const struct {
		size_t base, each;
	} sizes[] = {
		[TEXT] = {METRICS_SIZE(0), METRICS_SIZE(1) - METRICS_SIZE(0)},
		[OPENMETRICS] = {METRICS_SIZE(0),
		    METRICS_SIZE(1) - METRICS_SIZE(0)},
		[STATUS] = {PAGE_SIZE(0), PAGE_SIZE(1) - PAGE_SIZE(0)},
		[JSON] = {16384, 16384},
		[CALENDAR] = {4096, 8192},
	};
	struct bytes *bytes = bytes_new(sizes[document].base +
	    view->count * sizes[document].each);
	bool good = bytes != NULL;

	if (good && document == STATUS)
		good = page_render(view, &bytes->buf);
	else if (good && document == JSON)
		good = json_licenses(view->reports, view->count, &view->agent,
		    &bytes->buf);
	else if (good && document == CALENDAR)
		good = render_calendar(view, &bytes->buf);
	else if (good)
		good = render_metrics(all, view, document == TEXT ?
		    EXPOSITION_TEXT : EXPOSITION_OPENMETRICS, &bytes->buf);
	if (good)
		return bytes;
	bytes_release(bytes);
	return NULL;
}

/*
 * What nobody has asked for in this second is not kept: a page of thousands of
 * licenses is large. One that another thread has locked is in use.
 */
static void
drop_stale(struct answers *all, const struct page *but)
{
	utc_t now = clock_wall();

	for (int i = 0; i < DOCUMENTS; i++) {
		struct page *page = &all->page[i];

		if (page == but || pthread_mutex_trylock(&page->lock) != 0)
			continue;
		if (page->second.s != now.s)
			clear(page);
		pthread_mutex_unlock(&page->lock);
	}
}

/* The page of this second and these facts; one before is gone first. */
static void
render(struct answers *all, enum document document)
{
	struct page *page = &all->page[document];
	mono_t begun = clock_boot();

	clear(page);
	drop_stale(all, page);
	struct view *view = view_take(all->board);
	if (view == NULL)
		return;
	page->plain = render_document(all, view, document);
	if (page->plain != NULL) {
		page->second = view->reading.wall;
		page->facts = facts_take(view->facts);
	}
	view_free(view);
	page->again.ns = clock_boot().ns;
	page->again.ns += REST * (page->again.ns - begun.ns);
}

static bool
is_fresh(struct answers *all, const struct page *page)
{
	const struct facts *facts = board_take(all->board);
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

static const char *
content_type(enum document document, bool escaping)
{
	switch (document) {
	case STATUS:
		return "text/html; charset=utf-8";
	case JSON:
		return "application/json";
	case CALENDAR:
		return "text/calendar; charset=utf-8";
	default:
		return exposition_content_type(document == TEXT ?
		    EXPOSITION_TEXT : EXPOSITION_OPENMETRICS, escaping);
	}
}

static struct http_answer *
answer(struct answers *all, enum document document, bool packed,
    bool escaping)
{
	struct page *page = &all->page[document];
	struct http_header_line headers[3] = {
		{"Vary", document == TEXT || document == OPENMETRICS ?
			"Accept, Accept-Encoding" : "Accept-Encoding"}};
	size_t count = 1;

	packed = packed && pack(page);
	struct http_answer **place = &page->answers[packed][escaping];
	struct bytes *bytes = packed ? page->packed : page->plain;
	if (packed)
		headers[count++] = (struct http_header_line){
			"Content-Encoding", "gzip"};
	if (document == STATUS)
		headers[count++] = (struct http_header_line){
			"Content-Security-Policy", all->policy};
	if (*place == NULL) {
		atomic_fetch_add(&bytes->references, 1);
		*place = http_answer_new(200, content_type(document, escaping),
		    bytes->buf.data, bytes->buf.len, headers, count,
		    bytes_release, bytes);
	}
	return *place == NULL ? NULL : http_answer_take(*place);
}

static enum document
document_of(enum answers_kind kind, const char *accept, bool *escaping)
{
	static const enum document documents[] = {
		[ANSWERS_METRICS] = TEXT,
		[ANSWERS_STATUS] = STATUS,
		[ANSWERS_JSON] = JSON,
		[ANSWERS_CALENDAR] = CALENDAR,
	};

	*escaping = false;
	if (kind != ANSWERS_METRICS)
		return documents[kind];
	return exposition_accepted(accept, escaping) == EXPOSITION_TEXT ?
	    TEXT : OPENMETRICS;
}

struct http_answer *
answers_take(struct answers *all, enum answers_kind kind, const char *accept,
    const char *accept_encoding)
{
	bool escaping;
	enum document document = document_of(kind, accept, &escaping);
	struct page *page = &all->page[document];
	struct http_answer *ready = NULL;

	pthread_mutex_lock(&page->lock);
	if (!is_fresh(all, page))
		render(all, document);
	if (page->plain != NULL)
		ready = answer(all, document, accept_gzip(accept_encoding),
		    escaping);
	pthread_mutex_unlock(&page->lock);
	return ready;
}

struct answers *
answers_new(struct board *board, const char *revision)
{
	struct answers *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return NULL;
	all->board = board;
	text_copy(all->revision, sizeof(all->revision), revision);
	page_policy(all->policy);
	for (int i = 0; i < DOCUMENTS; i++)
		pthread_mutex_init(&all->page[i].lock, NULL);
	return all;
}

void
answers_free(struct answers *all)
{
	if (all == NULL)
		return;
	for (int i = 0; i < DOCUMENTS; i++) {
		clear(&all->page[i]);
		pthread_mutex_destroy(&all->page[i].lock);
	}
	free(all);
}
