/* SPDX-License-Identifier: ISC */
/* Lines over time as an SVG picture, readable on a light and a dark page. */
#ifndef TESTS_SIM_PLOT_H
#define TESTS_SIM_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plot_series {
	const char *label;
	const char *light, *dark; /* colors */
	const int64_t *per_minute; /* counts */
};

struct plot_limit {
	const char *label;
	double per_s;
};

struct plot {
	const char *title;
	int64_t minutes;	   /* of all series */
	int64_t from_min, to_min;  /* the second panel: a part of them */
	int64_t away_from, away_to; /* minutes, shaded */
	double top_per_s;
	const struct plot_series *series;
	size_t series_count;
	const struct plot_limit *limits;
	size_t limit_count;
};

bool plot_write(const struct plot *plot, const char *path);

#endif
