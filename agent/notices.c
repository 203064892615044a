/* SPDX-License-Identifier: ISC */
/*
 * A ring under a mutex with an eventfd at each end. It neither decides what
 * is announced nor sends anything.
 */
#include "agent/notices.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "license/advice.h"
#include "license/base/log.h"

struct notices {
	pthread_mutex_t lock;
	int fd, ack_fd; /* readable exactly while something waits */
	size_t head, count;
	bool replay_asked, replaying; /* replaying: nothing is sent */
	int64_t sequence;
	uint64_t dropped;
	/* What a storm cost since the last summary, and its last victim. */
	int64_t summarized;
	struct report victim;
	size_t ack_count;
	struct notice_ack acks[LICENSES_MAX];
	struct notice ring[NOTICES_MAX];
};

static void
signal_fd(int fd)
{
	const uint64_t one = 1;
	ssize_t n;

	do
		n = write(fd, &one, sizeof(one));
	while (n == -1 && errno == EINTR);
}

static void
calm_fd(int fd)
{
	uint64_t count;
	ssize_t n;

	do
		n = read(fd, &count, sizeof(count));
	while (n == -1 && errno == EINTR);
}

struct notices *
notices_new(void)
{
	struct notices *notices = calloc(1, sizeof(*notices));

	if (notices == NULL)
		return NULL;
	notices->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	notices->ack_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&notices->lock, NULL);
	if (notices->fd == -1 || notices->ack_fd == -1) {
		notices_free(notices);
		return NULL;
	}
	return notices;
}

void
notices_free(struct notices *notices)
{
	if (notices == NULL)
		return;
	if (notices->fd != -1)
		close(notices->fd);
	if (notices->ack_fd != -1)
		close(notices->ack_fd);
	pthread_mutex_destroy(&notices->lock);
	free(notices);
}

static struct notice *
at(struct notices *notices, size_t i)
{
	return &notices->ring[(notices->head + i) % NOTICES_MAX];
}

static void
push(struct notices *notices, enum notification number,
    const struct report *report, int64_t crossed, int64_t sequence)
{
	struct notice *notice = at(notices, notices->count);

	*notice = (struct notice){number, *report, crossed, sequence};
	/* A step may come before anything is wrong. */
	if (number == NOTIFICATION_EXPIRING)
		advice_expiring(report, notice->report.advice);
	if (notices->count++ == 0 && !notices->replaying)
		signal_fd(notices->fd);
}

/*
 * Can be told from the state: a clear, and a raise that an older notice of
 * the same license already tells.
 */
static bool
is_droppable(struct notices *notices, enum notification number, int64_t index,
    size_t older)
{
	if (notification_clears(number) != 0)
		return true;
	for (size_t i = 0; i < older; i++) {
		const struct notice *notice = at(notices, i);

		if (notice->number == number && notice->report.index == index)
			return true;
	}
	return false;
}

static void
count_drop(struct notices *notices, const struct report *victim)
{
	notices->dropped++;
	if (notices->summarized++ == 0)
		log_warn("Too many notifications wait for the SNMP master; "
			 "what is left out is counted in one summary");
	notices->victim = *victim;
}

/*
 * Make room by the newest that can go; false when all are first raises. The
 * first in the queue stays: it may be the one that is being sent.
 */
static bool
drop_newest(struct notices *notices)
{
	for (size_t i = notices->count; i-- > 1;) {
		const struct notice *notice = at(notices, i);

		if (!is_droppable(notices, notice->number,
			notice->report.index, i))
			continue;
		count_drop(notices, &notice->report);
		for (size_t k = i + 1; k < notices->count; k++)
			*at(notices, k - 1) = *at(notices, k);
		notices->count--;
		return true;
	}
	return false;
}

/* With the lock. */
static bool
post(struct notices *notices, enum notification number,
    const struct report *report, int64_t crossed)
{
	/* One that is dropped uses up a number: the gap tells a manager. */
	int64_t sequence = ++notices->sequence;
	bool room = notices->count < NOTICES_MAX ||
	    (!is_droppable(notices, number, report->index, notices->count) &&
		drop_newest(notices));
	if (room)
		push(notices, number, report, crossed, sequence);
	else
		count_drop(notices, report);
	return room;
}

bool
notices_post(struct notices *notices, enum notification number,
    const struct report *report, int64_t crossed)
{
	pthread_mutex_lock(&notices->lock);
	bool room = post(notices, number, report, crossed);
	pthread_mutex_unlock(&notices->lock);
	return room;
}

static bool
has_word_on(struct notices *notices, enum notification raise, int64_t index)
{
	for (size_t i = 0; i < notices->count; i++) {
		const struct notice *notice = at(notices, i);

		if (notice->report.index == index &&
		    (notice->number == raise ||
			notification_clears(notice->number) == (int)raise))
			return true;
	}
	return false;
}

void
notices_repeat(struct notices *notices, enum notification number,
    const struct report *report, int64_t crossed)
{
	pthread_mutex_lock(&notices->lock);
	if (!has_word_on(notices, number, report->index))
		post(notices, number, report, crossed);
	pthread_mutex_unlock(&notices->lock);
}

void
notices_replayed(struct notices *notices)
{
	pthread_mutex_lock(&notices->lock);
	if (notices->replaying && notices->count > 0)
		signal_fd(notices->fd);
	notices->replaying = false;
	pthread_mutex_unlock(&notices->lock);
}

int
notices_ack_fd(const struct notices *notices)
{
	return notices->ack_fd;
}

static bool
acks_wait(const struct notices *notices)
{
	return notices->replay_asked || notices->ack_count > 0;
}

/* The replay first, since what was sent after it must not be repeated. */
bool
notices_take_ack(struct notices *notices, struct notice_ack *out)
{
	pthread_mutex_lock(&notices->lock);
	bool found = acks_wait(notices);
	if (notices->replay_asked) {
		*out = (struct notice_ack){.index = NOTICE_REPLAY};
		notices->replay_asked = false;
	} else if (found) {
		*out = notices->acks[--notices->ack_count];
	}
	if (found && !acks_wait(notices))
		calm_fd(notices->ack_fd);
	pthread_mutex_unlock(&notices->lock);
	return found;
}

int
notices_fd(const struct notices *notices)
{
	return notices->fd;
}

bool
notices_peek(struct notices *notices, struct notice *out)
{
	pthread_mutex_lock(&notices->lock);
	bool found = notices->count > 0 && !notices->replaying;
	if (found)
		*out = *at(notices, 0);
	pthread_mutex_unlock(&notices->lock);
	return found;
}

/* The license's entry, so that what waits is one entry for each license. */
static struct notice_ack *
ack_of(struct notices *notices, int64_t index)
{
	for (size_t i = 0; i < notices->ack_count; i++) {
		if (notices->acks[i].index == index)
			return &notices->acks[i];
	}
	if (notices->ack_count == LICENSES_MAX)
		return NULL; /* told again after a restart: no harm */
	struct notice_ack *ack = &notices->acks[notices->ack_count];
	*ack = (struct notice_ack){.index = index};
	if (!acks_wait(notices))
		signal_fd(notices->ack_fd);
	notices->ack_count++;
	return ack;
}

static void
acknowledge(struct notices *notices, const struct notice *notice)
{
	enum notification number = notice->number;
	int ends = notification_clears(number);

	if (ends == 0 && !notification_is_raise(number) &&
	    number != NOTIFICATION_TEST)
		return;
	struct notice_ack *ack = ack_of(notices, notice->report.index);
	if (ack == NULL)
		return;
	if (number == NOTIFICATION_TEST)
		ack->tested = notice->sequence;
	if (ends != 0)
		ack->cleared |= 1U << ends;
	alarms_tell(&ack->raised, number, notice->crossed,
	    notice->report.action_deadline);
}

void
notices_pop(struct notices *notices)
{
	pthread_mutex_lock(&notices->lock);
	if (notices->count > 0) {
		acknowledge(notices, at(notices, 0));
		notices->head = (notices->head + 1) % NOTICES_MAX;
		if (--notices->count == 0) {
			notices->head = 0; /* few pages stay in use */
			calm_fd(notices->fd);
		}
	}
	if (notices->count == 0 && notices->summarized > 0) {
		push(notices, NOTIFICATION_SUMMARY_NOTICE, &notices->victim,
		    notices->summarized, ++notices->sequence);
		notices->summarized = 0;
	}
	pthread_mutex_unlock(&notices->lock);
}

void
notices_ask_replay(struct notices *notices)
{
	pthread_mutex_lock(&notices->lock);
	if (!notices->replaying && notices->count > 0)
		calm_fd(notices->fd);
	if (!acks_wait(notices))
		signal_fd(notices->ack_fd);
	notices->replay_asked = notices->replaying = true;
	pthread_mutex_unlock(&notices->lock);
}

size_t
notices_pending(struct notices *notices)
{
	pthread_mutex_lock(&notices->lock);
	size_t pending = notices->count;
	pthread_mutex_unlock(&notices->lock);
	return pending;
}

int64_t
notices_sequence(struct notices *notices)
{
	pthread_mutex_lock(&notices->lock);
	int64_t sequence = notices->sequence;
	pthread_mutex_unlock(&notices->lock);
	return sequence;
}

uint64_t
notices_dropped(struct notices *notices)
{
	pthread_mutex_lock(&notices->lock);
	uint64_t dropped = notices->dropped;
	pthread_mutex_unlock(&notices->lock);
	return dropped;
}
