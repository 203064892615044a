/* SPDX-License-Identifier: ISC */
/* Acknowledgements, merged by license until the keeper takes them. */
#include "agent/acks.h"

#include "license/base/waker.h"

static bool
is_waiting(const struct acks *acks)
{
	return acks->replay || acks->count > 0;
}

/* The license's entry, so that what waits is one entry for each license. */
static struct notice_ack *
entry_of(struct acks *acks, int64_t index)
{
	for (size_t i = 0; i < acks->count; i++) {
		if (acks->items[i].index == index)
			return &acks->items[i];
	}
	if (acks->count == LICENSES_MAX)
		return NULL;
	if (!is_waiting(acks))
		waker_wake(acks->fd);
	struct notice_ack *ack = &acks->items[acks->count++];
	*ack = (struct notice_ack){.index = index};
	return ack;
}

void
acks_add(struct acks *acks, const struct notice *notice)
{
	enum notification number = notice->number;
	int ends = notification_clears(number);

	if (ends == 0 && !notification_is_raise(number) &&
	    number != NOTIFICATION_TEST)
		return;
	struct notice_ack *ack = entry_of(acks, notice->report.index);
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
acks_ask_replay(struct acks *acks)
{
	if (!is_waiting(acks))
		waker_wake(acks->fd);
	acks->replay = true;
}

bool
acks_take(struct acks *acks, struct notice_ack *out)
{
	bool found = is_waiting(acks);

	if (acks->count > 0) {
		*out = acks->items[--acks->count];
	} else if (found) {
		*out = (struct notice_ack){.index = NOTICE_REPLAY};
		acks->replay = false;
	}
	if (found && !is_waiting(acks))
		waker_wait(acks->fd, 0);
	return found;
}
