/* SPDX-License-Identifier: ISC */
/*
 * A ring under a mutex with an eventfd at each end, and a summary of what a
 * storm leaves out of it. It neither decides what is announced nor sends
 * anything.
 */
#include "agent/notices.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/acks.h"
#include "license/advice.h"
#include "license/base/log.h"
#include "license/base/waker.h"

/*
 * left_out: the summary that waits tells of it and acknowledges it. repeated:
 * it was acknowledged before.
 */
struct slot {
	struct notice notice;
	bool left_out, repeated;
};

struct notices {
	pthread_mutex_t lock;
	int fd;
	bool ready; /* fd is readable */
	size_t head, count;
	bool replaying; /* nothing is sent */
	int64_t sequence;
	uint64_t left_out; /* since the start */
	/* Number of the summary that waits, 0: none; it is sent in its turn. */
	int64_t summary;
	/* Out of the ring since the last summary, and the worst of them. */
	int64_t gone, told_gone; /* told: in the summary that is being sent */
	struct report worst;
	struct acks acks;
	struct slot ring[NOTICES_MAX];
};

struct notices *
notices_new(void)
{
	struct notices *notices = calloc(1, sizeof(*notices));

	if (notices == NULL)
		return NULL;
	notices->fd = waker_new();
	notices->acks.fd = waker_new();
	pthread_mutex_init(&notices->lock, NULL);
	if (notices->fd == -1 || notices->acks.fd == -1) {
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
	if (notices->acks.fd != -1)
		close(notices->acks.fd);
	pthread_mutex_destroy(&notices->lock);
	free(notices);
}

static struct slot *
at(struct notices *notices, size_t i)
{
	return &notices->ring[(notices->head + i) % NOTICES_MAX];
}

/* After every change of what waits. */
static void
update_fd(struct notices *notices)
{
	bool ready = !notices->replaying &&
	    (notices->count > 0 || notices->summary != 0);

	if (ready && !notices->ready)
		waker_wake(notices->fd);
	else if (!ready && notices->ready)
		waker_wait(notices->fd, 0);
	notices->ready = ready;
}

static void
push(struct notices *notices, enum notification number,
    const struct report *report, int64_t crossed, int64_t sequence)
{
	struct slot *slot = at(notices, notices->count);

	*slot = (struct slot){{number, *report, crossed, sequence}, false,
		false};
	/* A step may come before anything is wrong. */
	if (number == NOTIFICATION_EXPIRING)
		advice_expiring(report, slot->notice.report.advice);
	notices->count++;
}

static void
remove_at(struct notices *notices, size_t i)
{
	if (i == 0)
		notices->head = (notices->head + 1) % NOTICES_MAX;
	for (size_t k = i + 1; i > 0 && k < notices->count; k++)
		*at(notices, k - 1) = *at(notices, k);
	if (--notices->count == 0)
		notices->head = 0; /* few pages stay in use */
}

/* The first that is sent by itself; count when there is none. */
static size_t
first_single(struct notices *notices)
{
	size_t i = 0;

	while (i < notices->count && at(notices, i)->left_out)
		i++;
	return i;
}

/* The alarm that a notice raises or clears; what has none is itself. */
static enum notification
alarm_of(enum notification number)
{
	int ends = notification_clears(number);

	return ends != 0 ? (enum notification)ends : number;
}

/* A word on ${alarm} of license ${index} at ${from} up to, not with, ${to}. */
static bool
has_word_on(struct notices *notices, enum notification alarm, int64_t index,
    size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct notice *notice = &at(notices, i)->notice;

		if (notice->report.index == index &&
		    alarm_of(notice->number) == alarm)
			return true;
	}
	return false;
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
		const struct notice *notice = &at(notices, i)->notice;

		if (notice->number == number && notice->report.index == index)
			return true;
	}
	return false;
}

static void
count_gone(struct notices *notices, const struct report *report)
{
	notices->left_out++;
	if (notices->gone++ == 0 || report_is_worse(report, &notices->worst))
		notices->worst = *report;
}

/*
 * Make room by the newest that can go; false when all are first raises. The
 * first single stays: it may be the one that is being sent.
 */
static bool
drop_newest(struct notices *notices)
{
	size_t first = first_single(notices);

	for (size_t i = notices->count; i-- > first + 1;) {
		const struct slot *slot = at(notices, i);

		if (slot->left_out || !is_droppable(notices,
			slot->notice.number, slot->notice.report.index, i))
			continue;
		count_gone(notices, &slot->notice.report);
		remove_at(notices, i);
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
	bool was_full = notices->gone > 0;
	bool room = notices->count < NOTICES_MAX ||
	    (!is_droppable(notices, number, report->index, notices->count) &&
		drop_newest(notices));
	if (room)
		push(notices, number, report, crossed, sequence);
	else
		count_gone(notices, report);
	if (!was_full && notices->gone > 0)
		log_warn("Too many notifications wait for the SNMP master; "
			 "what finds no room is told in one summary");
	update_fd(notices);
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

void
notices_repeat(struct notices *notices, enum notification number,
    const struct report *report, int64_t crossed)
{
	pthread_mutex_lock(&notices->lock);
	if (!has_word_on(notices, number, report->index, 0, notices->count) &&
	    post(notices, number, report, crossed))
		at(notices, notices->count - 1)->repeated = true;
	pthread_mutex_unlock(&notices->lock);
}

void
notices_replayed(struct notices *notices)
{
	pthread_mutex_lock(&notices->lock);
	notices->replaying = false;
	update_fd(notices);
	pthread_mutex_unlock(&notices->lock);
}

int
notices_ack_fd(const struct notices *notices)
{
	return notices->acks.fd;
}

bool
notices_take_ack(struct notices *notices, struct notice_ack *out)
{
	pthread_mutex_lock(&notices->lock);
	bool found = acks_take(&notices->acks, out);
	pthread_mutex_unlock(&notices->lock);
	return found;
}

int
notices_fd(const struct notices *notices)
{
	return notices->fd;
}

/* Of the alarm and license of slot ${i}, which may be itself. */
static const struct slot *
last_word(struct notices *notices, size_t i)
{
	const struct notice *notice = &at(notices, i)->notice;
	size_t k = notices->count - 1;

	while (!has_word_on(notices, alarm_of(notice->number),
	    notice->report.index, k, k + 1))
		k--;
	return at(notices, k);
}

/*
 * Of each alarm the last word is kept, how it stands, and the first, its
 * begin, if that is another. What was between is over.
 */
static bool
is_between(struct notices *notices, size_t i)
{
	const struct slot *slot = at(notices, i);
	const struct slot *last = last_word(notices, i);
	enum notification number = slot->notice.number;

	return slot != last && (last->notice.number == number ||
	    has_word_on(notices, alarm_of(number), slot->notice.report.index,
		0, i));
}

static void
leave_out_between(struct notices *notices)
{
	for (size_t i = notices->count; i-- > 0;) {
		const struct slot *slot = at(notices, i);

		if (slot->left_out || !is_between(notices, i))
			continue;
		count_gone(notices, &slot->notice.report);
		remove_at(notices, i);
	}
}

/* All but a test, for which a person waits. */
static size_t
leave_out_all(struct notices *notices)
{
	size_t count = 0;

	for (size_t i = 0; i < notices->count; i++) {
		struct slot *slot = at(notices, i);

		if (slot->left_out || slot->notice.number == NOTIFICATION_TEST)
			continue;
		slot->left_out = true;
		notices->left_out++;
		count++;
	}
	return count;
}

static size_t
count_singles(struct notices *notices)
{
	size_t count = 0;

	for (size_t i = 0; i < notices->count; i++)
		count += !at(notices, i)->left_out;
	return count;
}

static void
plan_summary(struct notices *notices)
{
	notices->summary = ++notices->sequence;
}

void
notices_condense(struct notices *notices, size_t limit, bool storm)
{
	size_t count = 0;

	pthread_mutex_lock(&notices->lock);
	if (!notices->replaying && count_singles(notices) > limit)
		leave_out_between(notices);
	if (!notices->replaying && storm && count_singles(notices) > limit)
		count = leave_out_all(notices);
	if (count > 0)
		plan_summary(notices);
	update_fd(notices);
	pthread_mutex_unlock(&notices->lock);
	if (count > 0)
		log_warn("%zu notifications are more than the SNMP master "
		    "gets in a second; one summary tells of them", count);
}

/* The summary's turn is after what has a lower number. */
static bool
is_summary_next(struct notices *notices)
{
	size_t i = first_single(notices);

	return notices->summary != 0 && (i == notices->count ||
	    at(notices, i)->notice.sequence > notices->summary);
}

/* About the worst license of which it tells. */
static void
summarize(struct notices *notices, struct notice *out)
{
	const struct report *worst = notices->gone > 0 ? &notices->worst :
	    NULL;

	notices->told_gone = notices->gone;
	int64_t count = notices->gone;
	for (size_t i = 0; i < notices->count; i++) {
		const struct slot *slot = at(notices, i);

		if (!slot->left_out)
			continue;
		count++;
		if (worst == NULL ||
		    report_is_worse(&slot->notice.report, worst))
			worst = &slot->notice.report;
	}
	*out = (struct notice){.number = NOTIFICATION_SUMMARY_NOTICE,
		.crossed = count, .sequence = notices->summary};
	if (worst != NULL)
		out->report = *worst;
}

bool
notices_peek(struct notices *notices, struct notice *out)
{
	pthread_mutex_lock(&notices->lock);
	size_t first = first_single(notices);
	bool found = notices->ready;
	if (found && is_summary_next(notices))
		summarize(notices, out);
	else if (found)
		*out = at(notices, first)->notice;
	pthread_mutex_unlock(&notices->lock);
	return found;
}

static void
acknowledge(struct notices *notices, const struct slot *slot)
{
	if (!slot->repeated)
		acks_add(&notices->acks, &slot->notice);
}

/*
 * Who hears the summary reads the table, which says of each alarm what its
 * last word will, be that left out or still to be sent.
 */
static void
acknowledge_left_out(struct notices *notices)
{
	for (size_t i = 0; i < notices->count; i++) {
		if (at(notices, i)->left_out)
			acknowledge(notices, last_word(notices, i));
	}
	for (size_t i = notices->count; i-- > 0;) {
		if (at(notices, i)->left_out)
			remove_at(notices, i);
	}
	notices->summary = 0;
	notices->gone -= notices->told_gone;
}

void
notices_pop(struct notices *notices)
{
	pthread_mutex_lock(&notices->lock);
	size_t first = first_single(notices);
	if (is_summary_next(notices)) {
		acknowledge_left_out(notices);
	} else if (first < notices->count) {
		acknowledge(notices, at(notices, first));
		remove_at(notices, first);
	}
	if (notices->count == 0 && notices->gone > 0)
		plan_summary(notices);
	update_fd(notices);
	pthread_mutex_unlock(&notices->lock);
}

void
notices_ask_replay(struct notices *notices)
{
	pthread_mutex_lock(&notices->lock);
	acks_ask_replay(&notices->acks);
	notices->replaying = true;
	update_fd(notices);
	pthread_mutex_unlock(&notices->lock);
}

size_t
notices_pending(struct notices *notices)
{
	pthread_mutex_lock(&notices->lock);
	size_t pending = notices->count + (notices->summary != 0);
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
notices_left_out(struct notices *notices)
{
	pthread_mutex_lock(&notices->lock);
	uint64_t left_out = notices->left_out;
	pthread_mutex_unlock(&notices->lock);
	return left_out;
}
