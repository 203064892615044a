/* SPDX-License-Identifier: ISC */
/*
 * A world for a keeper: a clock that the test turns, hardware that it swaps,
 * an authority in process that seals for real. It stands in for clock.c,
 * loop.c, client.c and inspect.c at link time; one program includes it once.
 * It knows no test.
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "license/base/clock.h"
#include "license/base/file.h"
#include "license/base/log.h"
#include "license/keeper/address.h"
#include "license/keeper/client.h"
#include "license/keeper/inspect.h"
#include "license/keeper/keeper.h"
#include "license/keeper/view.h"
#include "license/keeper/watch.h"
#include "tests/sample.h"

enum {
	WORLD_LICENSES = 40,
	WORLD_ACCOUNTS = 64,
	WORLD_PATH = 64,
	/* As many rounds at one instant are a loop that spins. */
	WORLD_SPIN = 400,
};

/* How the authority and the way to it behave. */
enum world_mode {
	WORLD_ANSWERS,
	WORLD_UNREACHABLE, /* the request does not get there */
	WORLD_LOSES,	   /* it decides, and the answer is lost */
	WORLD_HOLDS,	   /* it does not answer yet */
	WORLD_BABBLES,	   /* a captive portal's 200 */
	WORLD_REJECTS,	   /* a 400 */
};

/* What the authority knows of one license, by the URL it is asked at. */
struct account {
	char url[KEEPER_PATH_SIZE + 16];
	int64_t sequence;
	int64_t override; /* the next document's sequence; 0: the rule */
	int refusal;	  /* 0: it grants */
	int64_t refresh_after_s;
	struct buf request, answer; /* the last that it decided */
	struct buf sent;	    /* the last that was sent to it */
	int status;
	enum sample_who signer; /* of the answer */
	int posts;
	bool unanswered;
};

struct exchange {
	bool used, get;
	char url[KEEPER_PATH_SIZE + 16];
	struct buf body;
	client_done_fn *done;
	void *self;
};

struct client {
	struct exchange exchanges[WORLD_ACCOUNTS];
};

struct loop_want {
	bool timed;
	mono_t at;
	int fd;
	bool has_fd;
};

static struct world {
	utc_t wall;
	mono_t boot;
	char boot_id[CLOCK_BOOT_ID_SIZE];
	struct hardware hardware;
	enum sample_who signer; /* of the authority */
	int64_t revocations;	/* that its licenses announce */
	struct buf list;	/* that it serves; empty: a 404 */
	int gets;
	bool binds_old; /* the authority does not follow the hardware */
	enum world_mode mode;
	int64_t retry_after_s;
	struct account accounts[WORLD_ACCOUNTS];
	size_t account_count;
	size_t in_flight, in_flight_max;
	int changed_requests; /* other bytes while one was unanswered */
	int busy;	      /* inside the authority: no fault of the keeper */
	int beats;
	unsigned edges; /* every bit ever told */
	char directory[WORLD_PATH], state[WORLD_PATH];
	struct keeper_license licenses[WORLD_LICENSES];
	size_t license_count;
	struct board board;
	struct keeper *keeper;
	bool spun;
} world;

/* clock.h */

utc_t
clock_wall(void)
{
	return world.wall;
}

int64_t
clock_wall_ms(void)
{
	return world.wall.s * 1000;
}

mono_t
clock_boot(void)
{
	return world.boot;
}

void
clock_boot_id(char out[static CLOCK_BOOT_ID_SIZE])
{
	memcpy(out, world.boot_id, CLOCK_BOOT_ID_SIZE);
}

/* inspect.h */

void
inspect_hardware(struct hardware *out)
{
	*out = world.hardware;
}

bool
address_internal(const struct address_question *question,
    char out[static ADDRESS_SIZE])
{
	(void)question;
	text_copy(out, ADDRESS_SIZE, world.hardware.internal_address);
	return out[0] != '\0';
}

bool
inspect_machine_id(uint8_t out[static SHA256_SIZE])
{
	memcpy(out, world.hardware.machine_id_hash, SHA256_SIZE);
	return world.hardware.has_machine_id;
}

/* watch.h: closing a bell waits for the kernel; who starts thousands of
 * keepers does without. */
#ifdef WORLD_WITHOUT_BELL
int
watch_new(void)
{
	return -1;
}

void
watch_directory_of(int fd, const char *path)
{
	(void)fd;
	(void)path;
}

bool
watch_drain(int fd)
{
	(void)fd;
	return false;
}
#endif

/* loop.h */

void
loop_want_fd(struct loop_want *want, int fd, short events)
{
	(void)events;
	want->fd = fd;
	want->has_fd = true;
}

void
loop_want_at(struct loop_want *want, mono_t at)
{
	if (!want->timed || at.ns < want->at.ns)
		want->at = at;
	want->timed = true;
}

/* The authority. */

static inline struct account *
world_account(const char *url)
{
	for (size_t i = 0; i < world.account_count; i++) {
		if (strcmp(world.accounts[i].url, url) == 0)
			return &world.accounts[i];
	}
	if (world.account_count == WORLD_ACCOUNTS)
		abort();
	struct account *account = &world.accounts[world.account_count++];
	*account = (struct account){.refresh_after_s = 79200};
	text_copy(account->url, sizeof(account->url), url);
	buf_init(&account->request, DOCUMENT_MAX);
	buf_init(&account->answer, DOCUMENT_MAX);
	buf_init(&account->sent, DOCUMENT_MAX);
	return account;
}

static inline struct account *
world_account_of(size_t i)
{
	char url[KEEPER_PATH_SIZE + 16];

	snprintf(url, sizeof(url), "%s/v1/lease",
	    world.licenses[i].authority_url);
	return world_account(url);
}

static inline void
world_seal(enum purpose purpose, const union sample_value *value,
    enum sample_who signer, enum sample_who root, struct buf *out)
{
	buf_clear(out);
	document_begin(purpose, NULL, out);
	sample_certificate(signer, root, SAMPLE_UNTIL, out);
	if (!sample_encode(purpose, value, out))
		abort();
	sample_seal(out, signer);
}

/* A license as the authority words it, for a request or for a drop-in. */
static inline void
world_license(const struct request *request, const char *id, int64_t sequence,
    struct license *out)
{
	sample_license(MODE_ONLINE, out);
	text_copy(out->id, sizeof(out->id), id);
	text_copy(out->product, sizeof(out->product), request->product);
	out->sequence = sequence;
	out->issued = world.wall;
	out->not_before = utc_add(world.wall, -DAY_S);
	out->term_end = sample_time("2027-03-29T23:59:59Z");
	out->lease_end = utc_min(utc_day_end(world.wall, 14), out->term_end);
	out->rebind_window_end = world.wall;
	out->revocations = world.revocations;
	text_copy(out->bind_cpu_model, sizeof(out->bind_cpu_model),
	    request->cpu_model);
	out->bind_logical_cpus = request->logical_cpus;
	memcpy(out->machine_key, request->machine_key, KEY_SIZE);
	memcpy(out->nonce, request->nonce, NONCE_SIZE);
}

static inline void
world_decide(struct account *account, const struct buf *body)
{
	union sample_value value, answer;
	uint8_t digest[SHA256_SIZE];

	if (sample_judge(buf_text(body), body->len, PURPOSE_REQUEST, NULL,
		&value) != DOC_OK)
		abort();
	const struct request *request = &value.request;
	bool repeated = account->request.len == body->len &&
	    memcmp(account->request.data, body->data, body->len) == 0 &&
	    (account->status == 403) == (account->refusal != 0) &&
	    account->signer == world.signer;
	if (repeated)
		return;
	if (request->sequence > account->sequence)
		account->sequence = request->sequence;
	if (account->override != 0)
		account->sequence = account->override;
	else if (account->sequence < INT64_MAX)
		account->sequence++;
	account->override = 0;
	sha256(body->data, body->len, digest);
	if (account->refusal == 0) {
		world_license(request, "sub-000042", account->sequence,
		    &answer.license);
		if (world.binds_old)
			text_copy(answer.license.bind_cpu_model, TEXT_256,
			    "Old CPU");
		answer.license.refresh_after_s = account->refresh_after_s;
		if (account->refresh_after_s == 0)
			answer.license.refresh_window_s = 0;
		memcpy(answer.license.request_sha256, digest, SHA256_SIZE);
	} else {
		sample_refusal(&answer.refusal);
		answer.refusal.reason = account->refusal;
		answer.refusal.sequence = account->sequence;
		answer.refusal.issued = world.wall;
		memcpy(answer.refusal.machine_key, request->machine_key,
		    KEY_SIZE);
		memcpy(answer.refusal.nonce, request->nonce, NONCE_SIZE);
		memcpy(answer.refusal.request_sha256, digest, SHA256_SIZE);
	}
	account->status = account->refusal == 0 ? 200 : 403;
	world_seal(account->refusal == 0 ? PURPOSE_LICENSE : PURPOSE_REFUSAL,
	    &answer, world.signer, SAMPLE_ROOT, &account->answer);
	account->signer = world.signer;
	buf_clear(&account->request);
	buf_add(&account->request, body->data, body->len);
}

/* client.h */

static struct client the_client;

struct client *
client_new(void)
{
	return &the_client;
}

void
client_drop(struct client *client, const void *self)
{
	for (size_t i = 0; i < WORLD_ACCOUNTS; i++) {
		struct exchange *exchange = &client->exchanges[i];

		if (!exchange->used || (self != NULL && exchange->self != self))
			continue;
		exchange->used = false;
		buf_fini(&exchange->body);
		world.in_flight--;
	}
}

void
client_free(struct client *client)
{
	if (client != NULL)
		client_drop(client, NULL);
}

bool
client_post(struct client *client, const struct client_request *request,
    client_done_fn *done, void *self)
{
	struct account *account = world_account(request->url);
	size_t i = 0;

	world.busy++;
	while (i < WORLD_ACCOUNTS && client->exchanges[i].used)
		i++;
	if (i == WORLD_ACCOUNTS)
		abort();
	struct exchange *exchange = &client->exchanges[i];
	*exchange = (struct exchange){.used = true, .done = done,
		.self = self};
	text_copy(exchange->url, sizeof(exchange->url), request->url);
	buf_init(&exchange->body, DOCUMENT_MAX);
	buf_add(&exchange->body, request->body, request->body_len);
	account->posts++;
	if (account->unanswered && (account->sent.len != request->body_len ||
	    memcmp(account->sent.data, request->body, request->body_len) != 0))
		world.changed_requests++;
	account->unanswered = true;
	buf_clear(&account->sent);
	buf_add(&account->sent, request->body, request->body_len);
	world.in_flight++;
	if (world.in_flight > world.in_flight_max)
		world.in_flight_max = world.in_flight;
	world.busy--;
	return true;
}

bool
client_get(struct client *client, const struct client_request *request,
    client_done_fn *done, void *self)
{
	size_t i = 0;

	while (i < WORLD_ACCOUNTS && client->exchanges[i].used)
		i++;
	if (i == WORLD_ACCOUNTS)
		abort();
	client->exchanges[i] = (struct exchange){.used = true, .get = true,
		.done = done, .self = self};
	text_copy(client->exchanges[i].url, sizeof(client->exchanges[i].url),
	    request->url);
	world.gets++;
	world.in_flight++;
	return true;
}

void
client_ask(struct client *client, struct loop_want *want)
{
	for (size_t i = 0; i < WORLD_ACCOUNTS; i++) {
		if (client->exchanges[i].used && world.mode != WORLD_HOLDS)
			loop_want_at(want, world.boot);
	}
}

static inline void
world_reply_list(struct exchange *exchange)
{
	struct client_reply reply = {.result = RESULT_TIMEOUT, .body = ""};

	if (world.mode == WORLD_ANSWERS)
		reply = (struct client_reply){.result = RESULT_OK,
			.status = world.list.len > 0 ? 200 : 404,
			.body = buf_text(&world.list),
			.body_len = world.list.len};
	exchange->used = false;
	world.in_flight--;
	exchange->done(exchange->self, &reply);
}

static inline void
world_reply(struct exchange *exchange)
{
	if (exchange->get) {
		world_reply_list(exchange);
		return;
	}

	struct account *account = world_account(exchange->url);
	struct client_reply reply = {.result = RESULT_OK, .status = 200,
		.body = "<html>\n", .body_len = 7, .duration_ms = 12,
		.retry_after_s = world.retry_after_s};
	client_done_fn *done = exchange->done;
	void *self = exchange->self;

	world.busy++;
	if (world.mode == WORLD_ANSWERS || world.mode == WORLD_LOSES) {
		world_decide(account, &exchange->body);
		reply.status = account->status;
		reply.body = account->answer.data;
		reply.body_len = account->answer.len;
	}
	if (world.mode == WORLD_ANSWERS || world.mode == WORLD_REJECTS)
		account->unanswered = false;
	if (world.mode == WORLD_REJECTS)
		reply.status = 400;
	if (world.mode == WORLD_UNREACHABLE || world.mode == WORLD_LOSES)
		reply = (struct client_reply){.result = RESULT_TIMEOUT,
			.body = "", .retry_after_s = world.retry_after_s};
	exchange->used = false;
	buf_fini(&exchange->body);
	world.in_flight--;
	world.busy--;
	done(self, &reply);
}

void
client_tell(struct client *client, const struct loop_got *got)
{
	(void)got;
	for (size_t i = 0; i < WORLD_ACCOUNTS; i++) {
		if (client->exchanges[i].used && world.mode != WORLD_HOLDS)
			world_reply(&client->exchanges[i]);
	}
}

/* What the test does. */

static inline void
world_edges(void *self, const struct report *report, const struct edges *edges)
{
	(void)self;
	(void)report;
	world.edges |= edges->set;
}

static inline void
world_beat(void *self)
{
	(void)self;
	world.beats++;
}

static inline void
world_license_configured(size_t i, struct keeper_license *out)
{
	*out = (struct keeper_license){.source = SOURCE_AUTHORITY};
	memset(&out->thresholds, 0xff, sizeof(out->thresholds));
	snprintf(out->name, sizeof(out->name), "license%zu", i);
	snprintf(out->license_file, sizeof(out->license_file), "%s/%s.lic",
	    world.directory, out->name);
	text_copy(out->product, sizeof(out->product), "fastnetmon");
	snprintf(out->authority_url, sizeof(out->authority_url),
	    "https://authority.example/%zu", i);
	snprintf(out->authority_root, sizeof(out->authority_root), "%s/root",
	    world.directory);
}

/* world_begin: an empty machine with ${count} licenses configured. */
static inline void
world_begin(size_t count)
{
	char root[WORLD_PATH + 8];
	char made[WORLD_PATH - 8];
	uint8_t key[KEY_SIZE];
	struct buf text;

	world = (struct world){.signer = SAMPLE_SIGNER, .wall = sample_time("2026-03-01T12:00:00Z"),
		.boot = {7200 * INT64_C(1000000000)},
		.boot_id = "01234567-89ab-cdef-0123-456789abcdef",
		.hardware = {
			.known = component_bit(CPU_MODEL) |
			    component_bit(LOGICAL_CPUS) | component_bit(MEMORY),
			.cpu_model = "Test CPU", .logical_cpus = 8,
			.memory_mib = 32768, .has_machine_id = true}};
	board_init(&world.board);
	buf_init(&world.list, DOCUMENT_MAX);
	/* In memory where there is such a place: thousands of fsyncs. */
	snprintf(made, sizeof(made), "%s/leaseline-world-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(made) == NULL)
		abort();
	text_copy(world.directory, sizeof(world.directory), made);
	snprintf(world.state, sizeof(world.state), "%s/state", made);
	snprintf(root, sizeof(root), "%s/root", made);
	buf_init(&text, DOCUMENT_MAX);
	sample_public(SAMPLE_ROOT, key);
	keyring_print_root(key, &text);
	if (file_replace(root, text.data, text.len, 0644) == -1)
		abort();
	buf_fini(&text);
	world.license_count = count;
	for (size_t i = 0; i < count; i++)
		world_license_configured(i, &world.licenses[i]);
}

static inline struct keeper_options
world_options(void)
{
	return (struct keeper_options){.state_directory = world.state,
		.licenses = world.licenses,
		.license_count = world.license_count,
		.board = &world.board, .edges = world_edges,
		.beat = world_beat};
}

/* world_start: false when the keeper does not start, as faults may want. */
static inline bool
world_start(void)
{
	struct keeper_options options = world_options();
	struct buf error;

	buf_init(&error, 1024);
	world.keeper = keeper_new(&options, &error);
	buf_fini(&error);
	return world.keeper != NULL;
}

static inline void
world_stop(void)
{
	keeper_free(world.keeper);
	world.keeper = NULL;
}

static inline void
world_crash_to(int64_t down_s, const char *boot_id)
{
	world.wall = utc_add(world.wall, down_s);
	world.boot.ns = boot_id == NULL ?
	    world.boot.ns + down_s * 1000000000 : 60 * INT64_C(1000000000);
	if (boot_id != NULL)
		text_copy(world.boot_id, sizeof(world.boot_id), boot_id);
}

/* One round of the loop, now. The earliest deadline is returned. */
static inline struct loop_want
world_ask(void)
{
	struct loop_source source = keeper_source(world.keeper);
	struct loop_want want = {.timed = false};

	source.ask(source.self, &want);
	return want;
}

static inline void
world_tell(const struct loop_want *want)
{
	struct loop_source source = keeper_source(world.keeper);
	struct pollfd fd = {.fd = want->fd, .events = POLLIN};

	if (want->has_fd)
		poll(&fd, 1, 0);
	struct loop_got got = {.fds = &fd, .count = want->has_fd,
		.now = world.boot};
	source.tell(source.self, &got);
}

/* world_run: the loop for ${s} seconds of the world's time. */
static inline void
world_run(int64_t s)
{
	int64_t end = world.boot.ns + s * 1000000000;
	int rounds = 0;

	for (;;) {
		struct loop_want want = world_ask();
		bool bell = false;

		if (want.has_fd) {
			struct pollfd fd = {.fd = want.fd, .events = POLLIN};
			bell = poll(&fd, 1, 0) > 0;
		}
		if (!bell && want.timed && want.at.ns > world.boot.ns) {
			int64_t to = want.at.ns < end ? want.at.ns : end;
			int64_t whole = world.boot.ns / 1000000000;
			world.wall.s += to / 1000000000 - whole;
			world.boot.ns = to;
			rounds = 0;
			if (want.at.ns > end)
				return;
		}
		if (++rounds > WORLD_SPIN) {
			world.spun = true;
			return;
		}
		world_tell(&want);
	}
}

/* world_report: of license ${i}, as every face would make it now. */
static inline void
world_report(size_t i, struct report *out)
{
	struct view *view = view_take(&world.board);

	if (view == NULL || i >= view->count)
		abort();
	*out = view->reports[i];
	view_free(view);
}

static inline int
world_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
world_end(void)
{
	if (world.keeper != NULL)
		world_stop();
	board_fini(&world.board);
	buf_fini(&world.list);
	for (size_t i = 0; i < world.account_count; i++) {
		buf_fini(&world.accounts[i].request);
		buf_fini(&world.accounts[i].answer);
		buf_fini(&world.accounts[i].sent);
	}
	if (nftw(world.directory, world_remove, 8, FTW_DEPTH | FTW_PHYS) != 0)
		abort();
}

#endif
