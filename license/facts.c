/* SPDX-License-Identifier: ISC */
/* References and the board; it does not look inside a fact. */
#include "license/facts.h"

#include <assert.h>
#include <stdlib.h>

void
board_init(struct board *board)
{
	*board = (struct board){.current = NULL};
	pthread_mutex_init(&board->lock, NULL);
	atomic_init(&board->counters.agentx_up, -1);
}

void
board_fini(struct board *board)
{
	facts_release(board->current);
	board->current = NULL;
	pthread_mutex_destroy(&board->lock);
}

void
board_publish(struct board *board, const struct facts *facts)
{
	pthread_mutex_lock(&board->lock);
	const struct facts *before = board->current;
	board->current = facts;
	pthread_mutex_unlock(&board->lock);
	facts_release(before);
}

/* The count is the one thing in a published value that may change. */
static int
add_reference(const atomic_int *references, int n)
{
	return atomic_fetch_add((atomic_int *)(uintptr_t)references, n) + n;
}

const struct facts *
board_take(struct board *board)
{
	pthread_mutex_lock(&board->lock);
	const struct facts *facts = board->current;
	if (facts != NULL)
		add_reference(&facts->references, 1);
	pthread_mutex_unlock(&board->lock);
	return facts;
}

const struct facts *
facts_take(const struct facts *facts)
{
	add_reference(&facts->references, 1);
	return facts;
}

void
facts_release(const struct facts *facts)
{
	if (facts == NULL || add_reference(&facts->references, -1) > 0)
		return;
	for (size_t i = 0; i < facts->count; i++)
		license_facts_release(facts->licenses[i]);
	free((void *)(uintptr_t)facts);
}

struct facts *
facts_new(size_t count)
{
	assert(count <= LICENSES_MAX);
	struct facts *facts = calloc(1,
	    sizeof(*facts) + count * sizeof(facts->licenses[0]));

	if (facts != NULL) {
		facts->count = count;
		atomic_init(&facts->references, 1);
	}
	return facts;
}

struct license_facts *
license_facts_new(const struct license_facts *model)
{
	struct license_facts *facts = calloc(1, sizeof(*facts));

	if (facts == NULL)
		return NULL;
	if (model != NULL)
		*facts = *model;
	atomic_init(&facts->references, 1);
	return facts;
}

const struct license_facts *
license_facts_take(const struct license_facts *facts)
{
	add_reference(&facts->references, 1);
	return facts;
}

void
license_facts_release(const struct license_facts *facts)
{
	if (facts != NULL && add_reference(&facts->references, -1) == 0)
		free((void *)(uintptr_t)facts);
}
