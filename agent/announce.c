/* SPDX-License-Identifier: ISC */
/* Edges and what was told before in, what to tell out. */
#include "agent/announce.h"

#include <stddef.h>

#define CLEARS_ROW(name, number, mib, clears) {number, clears},
static const struct {
	int number, clears;
} rows[] = {NOTIFICATIONS(CLEARS_ROW)};

int
announce_cleared_by(enum notification notification)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].number == (int)notification)
			return rows[i].clears;
	}
	return 0;
}

unsigned
announce(const struct edges *edges, unsigned announced)
{
	if (!edges->first)
		return edges->set;
	unsigned set = edges->set & ~announced;
	unsigned ended = announced & ~edges->set;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].clears != 0 && (ended & 1U << rows[i].clears) != 0)
			set |= 1U << rows[i].number;
	}
	return set;
}
