/* SPDX-License-Identifier: ISC */
/*
 * Tips are kept as text, "11 14 17 ", the newest last: a machine without forks
 * has none, and one with many copies keeps as many as there is room for.
 */
#include "license/authority/branch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "license/base/buf.h"

/* Where ${word} ("14 ") begins among the tips, or NULL. */
static const char *
find_word(const char *tips, const char *word)
{
	size_t len = strlen(word);

	while (*tips && strncmp(tips, word, len) != 0)
		tips += strcspn(tips, " ") + 1;
	return *tips ? tips : NULL;
}

static void
drop_word(char *tips, const char *at)
{
	const char *next = at + strcspn(at, " ") + 1;

	memmove(tips + (at - tips), next, strlen(next) + 1);
}

static bool
has_tip(const struct machine *m, int64_t tip)
{
	char word[24];

	snprintf(word, sizeof(word), "%" PRId64 " ", tip);
	return find_word(m->tips, word) != NULL;
}

static void
drop_tip(struct machine *m, int64_t tip)
{
	char word[24];
	const char *at;

	snprintf(word, sizeof(word), "%" PRId64 " ", tip);
	at = find_word(m->tips, word);
	if (at)
		drop_word(m->tips, at);
}

static void
add_tip(struct machine *m, int64_t tip)
{
	char word[24];
	size_t len = (size_t)snprintf(word, sizeof(word), "%" PRId64 " ", tip);

	while (m->tips[0] && strlen(m->tips) + len >= sizeof(m->tips))
		drop_word(m->tips, m->tips);
	memcpy(m->tips + strlen(m->tips), word, len + 1);
}

static bool
is_recent(const struct branch_question *q)
{
	return q->machine->fork_at.s != 0 &&
	    q->now.s - q->machine->fork_at.s <= q->life_s;
}

enum branch
branch_judge(const struct branch_question *q)
{
	const struct machine *m = q->machine;

	if (q->held >= m->sequence)
		return BRANCH_GOES_ON;
	/* What the branch that goes on got since is its own. */
	if (m->state == MACHINE_CLONE)
		return q->held <= m->fork_sequence ? BRANCH_CLONE :
		    BRANCH_FORK;
	if (!is_recent(q) || !has_tip(m, q->held))
		return BRANCH_FORK;
	if (m->state != MACHINE_FORKED)
		return BRANCH_LEFT;
	return q->old_hardware ? BRANCH_ORIGINAL : BRANCH_CLONE;
}

void
branch_take(struct machine *m, enum branch branch,
    const struct branch_question *q)
{
	if (branch == BRANCH_GOES_ON || branch == BRANCH_CLONE)
		return;
	if (branch == BRANCH_ORIGINAL) {
		m->state = MACHINE_CLONE;
		m->fork_sequence = m->sequence;
		m->tips[0] = '\0';
		return;
	}
	if (m->state == MACHINE_CLONE)
		return;
	if (!is_recent(q)) {
		m->tips[0] = '\0';
		if (m->state == MACHINE_FORKED)
			m->state = MACHINE_LIVE;
	}
	drop_tip(m, q->held);
	add_tip(m, m->sequence);
	m->fork_at = q->now;
	if (branch == BRANCH_LEFT)
		m->state = MACHINE_FORKED;
}

void
branch_mark(struct machine *m)
{
	if (m->state == MACHINE_CLONE)
		return;
	m->state = MACHINE_CLONE;
	m->fork_sequence = m->sequence - 1;
	m->tips[0] = '\0';
}

void
branch_clear(struct machine *m)
{
	if (m->state == MACHINE_CLONE || m->state == MACHINE_FORKED)
		m->state = MACHINE_LIVE;
	m->fork_sequence = 0;
	m->fork_at = (utc_t){ 0 };
	m->tips[0] = '\0';
}
