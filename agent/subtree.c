/* SPDX-License-Identifier: ISC */
/*
 * The SNMP thread: its start, its bounded end, its cache and its pace. It
 * refuses to know which library speaks AgentX.
 */
#include "agent/subtree.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/snmp.h"
#include "agent/transport.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/log.h"
#include "license/base/waker.h"

static const int64_t second_ns = 1000000000;

/* The library keeps one agent for each process. */
static atomic_bool in_use;

/*
 * The view of this second and these facts. Making it again would give the
 * same reports, so a walk of a large table makes it once a second.
 */
const struct mib *
subtree_mib(struct subtree *s)
{
	const struct facts *facts = board_take(s->board);
	struct clock_reading reading;

	if (facts == NULL)
		return NULL;
	clock_read(&reading);
	struct clock_verdict verdict = timekeeping_judge(&facts->agent.clock,
	    &reading);
	if (s->mib == NULL || s->view->facts != facts ||
	    s->view->reading.wall.s != reading.wall.s ||
	    s->view->now.s != verdict.now.s ||
	    s->view->trust != verdict.trust) {
		mib_free(s->mib);
		view_free(s->view);
		s->view = view_of(facts, &s->board->counters);
		s->mib = s->view == NULL ? NULL : mib_new(s->view);
	}
	facts_release(facts);
	return s->mib;
}

bool
subtree_is_news(struct subtree *s, const char *message)
{
	uint64_t hash = 14695981039346656037U;

	for (const char *p = message; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211U;
	for (size_t i = 0; i < s->heard_count; i++) {
		if (s->heard[i] == hash)
			return false;
	}
	if (s->heard_count == SUBTREE_HEARD_MAX)
		return false;
	s->heard[s->heard_count++] = hash;
	return true;
}

int64_t
subtree_pace_ns(const struct subtree *s)
{
	if (s->sent < SUBTREE_NOTICES_PER_S)
		return 0;
	int64_t since = clock_boot().ns -
	    s->sent_ns[s->sent % SUBTREE_NOTICES_PER_S];
	return since >= second_ns ? 0 : second_ns - since;
}

void
subtree_count_sent(struct subtree *s)
{
	s->sent_ns[s->sent++ % SUBTREE_NOTICES_PER_S] = clock_boot().ns;
}

static void *
run(void *self)
{
	struct subtree *s = self;

	subtree_run(s);
	atomic_store(&s->board->counters.agentx_up, 0);
	mib_free(s->mib);
	view_free(s->view);
	waker_wake(s->ended_fd);
	return NULL;
}

/*
 * The library reads these and nothing else of its environment; set before the
 * thread exists, because setenv() and getenv() do not go together.
 */
static void
set_environment(const char *state_directory)
{
	setenv("MIBS", "", 1);
	setenv("MIBDIRS", "/nonexistent", 1);
	setenv("SNMPCONFPATH", "/nonexistent", 1);
	setenv("SNMP_PERSISTENT_DIR", state_directory, 1);
}

static void
subtree_free(struct subtree *s)
{
	if (s->wake_fd != -1)
		close(s->wake_fd);
	if (s->ended_fd != -1)
		close(s->ended_fd);
	free(s);
	atomic_store(&in_use, false);
}

struct subtree *
subtree_start(const struct subtree_options *options, struct buf *error)
{
	struct subtree *s = NULL;
	int rc = 0;

	if (atomic_exchange(&in_use, true)) {
		buf_puts(error, "the SNMP thread runs already");
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		buf_puts(error, "no memory for the SNMP thread");
		atomic_store(&in_use, false);
		return NULL;
	}
	s->board = options->board;
	s->notices = options->notices;
	s->ping_interval_s = (int)options->ping_interval_s;
	s->wake_fd = waker_new();
	s->ended_fd = waker_new();
	if (!text_copy(s->master, sizeof(s->master), options->master)) {
		buf_puts(error, "the path of the AgentX socket is too long");
		goto out;
	}
	if (!master_parse(s->master, &s->address, error))
		goto out;
	if (s->wake_fd == -1 || s->ended_fd == -1) {
		rc = errno;
	} else {
		set_environment(options->state_directory);
		atomic_store(&s->board->counters.agentx_up, 0);
		/* The keeper's signalfd must get every signal. */
		rc = waker_thread(&s->thread, run, s) ? 0 : EAGAIN;
	}
	if (rc == 0)
		return s;
	errno = rc;
	buf_printf(error, "the SNMP thread was not made: %m");
out:
	subtree_free(s);
	return NULL;
}

/* No signal may shorten or lengthen the wait. */
static bool
has_ended(const struct subtree *s, int wait_ms)
{
	struct pollfd ended = {.fd = s->ended_fd, .events = POLLIN};
	const struct timespec wait = {wait_ms / 1000,
		wait_ms % 1000 * 1000000L};
	sigset_t all;

	sigfillset(&all);
	return ppoll(&ended, 1, &wait, &all) == 1;
}

int
subtree_stop(struct subtree *s, int wait_ms)
{
	atomic_store(&s->stopping, true);
	waker_wake(s->wake_fd);
	/* A master that hangs must not hold the thread in an answer. */
	if (!has_ended(s, wait_ms / 4)) {
		transport_forbid();
		if (!has_ended(s, wait_ms - wait_ms / 4))
			return -1;
	}
	pthread_join(s->thread, NULL);
	subtree_free(s);
	return 0;
}
