/* SPDX-License-Identifier: ISC */
/*
 * The whole agent: the shipped keeper, whose client and loop are the world's.
 * A beat in which nothing can have changed is left out, but for every hour's,
 * and for some lives that have them all. It knows no rule of a license.
 */
#include <stdlib.h>
#include <string.h>

#include "license/answer.h"
#include "license/keeper/client.h"
#include "license/keeper/keeper.h"
#include "license/keeper/view.h"
#include "license/verify.h"
#include "tests/sim/whole.h"

enum { ROUNDS_MAX = 40, STRIDE_S = HOUR_S, CLOSE_ODDS = 200 };

struct client {
	bool asks; /* a message is to be sent after this round */
	bool waits;
	client_done_fn *done;
	void *self;
	const struct reply *answer; /* that has come */
	struct message message;
};

struct loop_want {
	struct host *host;
	mono_t at, beat;
	bool beat_next;
};

struct whole {
	struct keeper *keeper;
	struct board board;
	const struct facts *facts; /* as published last */
	struct client client;
	struct keeper_license config;
	mono_t beat, wake;
	int64_t stride_s;
};

static struct whole *
whole_of(struct host *h)
{
	return h->agent;
}

static void
take_facts(struct whole *w)
{
	facts_release(w->facts);
	w->facts = board_take(&w->board);
}

static const struct license_facts *
whole_facts(struct host *h)
{
	return whole_of(h)->facts->licenses[0];
}

/* client.h */

struct client *
client_new(void)
{
	return &whole_of(whole_host)->client;
}

void
client_free(struct client *client)
{
	(void)client;
}

/* What the world must know of a request; the authority reads the bytes. */
static void
read_message(const struct client_request *request, struct message *out)
{
	struct doc_frame frame;
	struct doc_fault fault;

	if (request->body_len > BYTES_MAX ||
	    doc_frame_read(request->body, request->body_len, PURPOSE_REQUEST,
		&frame) != DOC_OK ||
	    doc_verify_machine(&frame) != DOC_OK ||
	    !request_decode(&frame, &out->request, &fault))
		life_broken(whole_host, INVARIANT_READ, "a request cannot be "
		    "read");
	out->bytes.len = request->body_len;
	memcpy(out->bytes.data, request->body, request->body_len);
	sha256(request->body, request->body_len, out->sha256);
}

bool
client_post(struct client *client, const struct client_request *request,
    client_done_fn *done, void *self)
{
	read_message(request, &client->message);
	client->asks = client->waits = true;
	client->done = done;
	client->self = self;
	return true;
}

bool
client_get(struct client *client, const struct client_request *request,
    client_done_fn *done, void *self)
{
	(void)client;
	(void)request;
	(void)done;
	(void)self;
	return false;
}

void
client_drop(struct client *client, const void *self)
{
	if (client->self != self)
		return;
	client->asks = client->waits = false;
	whole_host->in_flight = false;
}

void
client_ask(struct client *client, struct loop_want *want)
{
	(void)client;
	want->beat_next = true;
}

void
client_tell(struct client *client, const struct loop_got *got)
{
	const struct reply *answer = client->answer;

	(void)got;
	client->answer = NULL;
	if (answer == NULL || !client->waits)
		return;
	const struct client_reply reply = { .result = answer->result,
		.status = answer->status, .body = answer->bytes.data,
		.body_len = answer->bytes.len,
		.retry_after_s = answer->retry_after_s,
		.duration_ms = answer->duration_ms };
	client->waits = false;
	client->done(client->self, &reply);
}

/* loop.h */

void
loop_want_fd(struct loop_want *want, int fd, short events)
{
	(void)want;
	(void)fd;
	(void)events;
}

/* The keeper asks for its beat first, which is where it said it would be. */
void
loop_want_at(struct loop_want *want, mono_t at)
{
	struct whole *w = whole_of(want->host);

	if (want->beat_next) {
		want->beat_next = false;
		if (w->beat.ns != 0 &&
		    at.ns != w->beat.ns + BEAT_S * INT64_C(1000000000))
			life_broken(want->host, INVARIANT_PLAN, "the first "
			    "that the keeper waits for is not its beat");
		if (w->beat.ns != 0)
			at.ns = w->beat.ns + w->stride_s * 1000000000;
	}
	if (want->at.ns == 0 || at.ns < want->at.ns)
		want->at = at;
}

/* One round of the loop, as loop.c makes it. */
static void
round_of(struct host *h)
{
	struct whole *w = whole_of(h);
	struct loop_source source = keeper_source(w->keeper);
	const struct loop_got got = { .now = host_boot(h) };

	source.tell(source.self, &got);
	take_facts(w);
}

/* When the next round is due, at the latest at the next beat of the stride. */
static void
plan(struct host *h)
{
	struct whole *w = whole_of(h);
	struct loop_source source = keeper_source(w->keeper);
	struct loop_want want = { .host = h };

	source.ask(source.self, &want);
	w->wake = want.at;
}

static void
beat(void *self)
{
	struct host *h = self;

	whole_of(h)->beat = host_boot(h);
}

static void
told(void *self, const struct report *report, const struct edges *edges)
{
	manager_announce(self, report, edges);
}

static void
done(void *self, bool ok, const char *sentence)
{
	struct host *h = self;

	life_trace(h->life, h, "a person is told: %s%s", ok ? "" : "failed: ",
	    sentence);
}

static void
configure(struct host *h, struct keeper_license *c)
{
	*c = (struct keeper_license){ .source = h->life->offline ?
		SOURCE_FILE : SOURCE_AUTHORITY };
	memset(&c->thresholds, 0xff, sizeof(c->thresholds));
	text_copy(c->name, sizeof(c->name), "main");
	text_copy(c->license_file, sizeof(c->license_file), WHOLE_LICENSE);
	text_copy(c->product, sizeof(c->product), "FastNetMon Advanced");
	text_copy(c->authority_url, sizeof(c->authority_url),
	    "https://authority.example");
	text_copy(c->authority_root, sizeof(c->authority_root), WHOLE_ROOT);
	if (h->life->store->subscription.coupon_sha256[0])
		text_copy(c->coupon, sizeof(c->coupon), "WELCOME-2026");
}

static void
whole_stop(struct host *h, bool crashed)
{
	struct whole *w = whole_of(h);

	whole_host = h;
	h->dead |= crashed;
	keeper_free(w->keeper);
	facts_release(w->facts);
	board_fini(&w->board);
	h->agent = NULL;
}

static bool
whole_start(struct host *h)
{
	static struct whole places[HOSTS];
	struct whole *w = &places[h->number];
	const struct keeper_options options = {
		.state_directory = WHOLE_STATE, .licenses = &w->config,
		.license_count = 1, .board = &w->board, .edges = told,
		.beat = beat, .self = h };
	struct buf error;

	memset(w, 0, sizeof(*w));
	h->agent = w;
	whole_host = h;
	w->stride_s = h->life->seed % CLOSE_ODDS == 0 ? BEAT_S : STRIDE_S;
	configure(h, &w->config);
	board_init(&w->board);
	buf_init(&error, 1024);
	w->keeper = keeper_new(&options, &error);
	life_trace(h->life, h, "%s", w->keeper ? "is loaded" :
	    buf_text(&error));
	buf_fini(&error);
	take_facts(w);
	if (!w->keeper && !h->dead)
		whole_stop(h, true);
	h->dead &= w->keeper || h->agent;
	if (h->agent && !h->dead) {
		struct alarms kept = keeper_announced(w->keeper, 1);
		manager_start(h, &kept);
		plan(h);
	}
	return h->agent && !h->dead;
}

/* Nothing was sent that the crash came before. */
static void
send(struct host *h)
{
	struct client *client = &whole_of(h)->client;

	if (!client->asks)
		return;
	client->asks = false;
	wire_send(h, &client->message);
}

static void
whole_reply(struct host *h, const struct reply *reply)
{
	struct whole *w = whole_of(h);
	const struct license_facts *before =
	    license_facts_take(whole_facts(h));

	whole_host = h;
	w->client.answer = reply;
	round_of(h);
	if (!h->dead)
		check_taken(h, before, whole_facts(h), reply);
	license_facts_release(before);
	send(h);
}

static bool
acknowledge(struct host *h, unsigned cleared, const struct alarms *raised)
{
	keeper_acknowledge(whole_of(h)->keeper, 1, cleared, raised);
	return !h->dead && !h->full;
}

static bool
whole_hardware_data(struct host *h, struct bytes *out)
{
	struct whole *w = whole_of(h);
	struct buf text, error;

	whole_host = h;
	buf_init(&text, BYTES_MAX);
	buf_init(&error, 1024);
	bool good = keeper_hardware_data(w->keeper, "main", &text, &error) &&
	    !text.failed;
	out->len = text.len;
	memcpy(out->data, text.data, text.len);
	buf_fini(&text);
	buf_fini(&error);
	return good;
}

/* In force and at its path: no crash may lose it any more. */
static void
remember_offline(struct host *h)
{
	const struct license_facts *f = whole_facts(h);

	if (f->has_license && f->license.mode == MODE_OFFLINE &&
	    !f->storage_failed && f->file_state == LICENSE_FILE_GOOD)
		h->check.kept = f->license.sequence;
}

static void
whole_step(struct host *h)
{
	static struct report report;
	struct whole *w = whole_of(h);
	struct clock_reading reading;

	whole_host = h;
	round_of(h);
	send(h);
	plan(h);
	if (h->dead)
		return;
	host_read_clock(h, &reading);
	struct clock_verdict verdict = timekeeping_judge(
	    &w->facts->agent.clock, &reading);
	manager_hear(h, acknowledge);
	if (h->dead)
		return;
	report_make(whole_facts(h), verdict.now, verdict.trust, &report);
	check_step(h, whole_facts(h), &report, verdict.trust);
	remember_offline(h);
}

static utc_t
whole_next(struct host *h)
{
	return host_when(h, whole_of(h)->wake);
}

static void
whole_ask(struct host *h, bool commit)
{
	struct whole *w = whole_of(h);
	struct buf error;

	whole_host = h;
	buf_init(&error, 1024);
	(commit ? keeper_commit : keeper_renew)(w->keeper, "main", done, h,
	    &error);
	buf_fini(&error);
	take_facts(w);
	w->wake = host_boot(h);
}

static void
whole_wipe(struct host *h)
{
	memset(h->disk, 0, sizeof(struct whole_disk));
}

static void
whole_drop(struct host *h, const struct bytes *document, bool next)
{
	files_put(h, next ? WHOLE_LICENSE ".next" : WHOLE_LICENSE,
	    document->data, document->len);
}

const struct agent_kind agent_whole = {
	.name = "whole",
	.disk_size = sizeof(struct whole_disk),
	.start = whole_start,
	.stop = whole_stop,
	.step = whole_step,
	.next = whole_next,
	.reply = whole_reply,
	.ask = whole_ask,
	.facts = whole_facts,
	.drop = whole_drop,
	.hardware_data = whole_hardware_data,
	.wipe = whole_wipe,
};
