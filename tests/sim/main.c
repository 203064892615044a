/* SPDX-License-Identifier: ISC */
/*
 * Goal: no invariant is broken in so many years of so many lives. Printed:
 * years, seconds, faults by kind, how often each invariant was checked.
 *
 * usage: sim [AGENT [SEAL [YEARS [SEED]]]]   light|whole none|stub|real
 *        sim replay AGENT SEAL SEED          the life as a trace
 *        sim plan FILE PART PARTS            lines "AGENT SEAL YEARS SEED"
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sim/sim.h"

enum { LIFE_YEARS = 5 };

static const struct agent_kind *const kinds[] = { &agent_light,
	&agent_whole };
static const char *const seals[] = { "none", "stub", "real" };

static const struct agent_kind *
find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	fprintf(stderr, "sim: an agent is light or whole\n");
	exit(2);
}

static enum seal
find_seal(const char *agent, const char *name)
{
	if (strcmp(agent, "whole") == 0 && strcmp(name, "none") == 0) {
		fprintf(stderr, "sim: the whole agent reads sealed documents: "
		    "stub or real\n");
		exit(2);
	}
	for (int i = 0; i < 3; i++)
		if (strcmp(seals[i], name) == 0)
			return (enum seal)i;
	fprintf(stderr, "sim: a seal is none, stub or real\n");
	exit(2);
}

/* Lives of at most five years, each of a seed of its own. */
static void
run(const char *agent, const char *seal, int64_t years, uint64_t seed)
{
	int64_t before = figures.lived_s;
	struct timespec start, end;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	for (int64_t n = 0; figures.lived_s - before < years * 365 * DAY_S;
	    n++)
		life_run(seed + (uint64_t)n, find_kind(agent),
		    find_seal(agent, seal), LIFE_YEARS, false);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	double s = (double)(end.tv_sec - start.tv_sec) +
	    (double)(end.tv_nsec - start.tv_nsec) / 1e9;
	printf("sim: %s agent, seal %s: %" PRId64 " machine-years from seed %"
	    PRIu64 " in %.1f s of CPU\n", agent, seal,
	    (figures.lived_s - before) / (365 * DAY_S), seed, s);
	fflush(stdout);
}

static void
print_figures(void)
{
	static const char *const faults[] = {
#define FAULT_TEXT(id, text) text,
		FAULTS(FAULT_TEXT)
#undef FAULT_TEXT
	};
	int64_t all = 0, checks = 0;

	for (int i = 0; i < FAULT_COUNT; i++)
		all += figures.faults[i];
	for (int i = 0; i < INVARIANT_COUNT; i++)
		checks += figures.checked[i];
	printf("sim: %" PRId64 " lives, %" PRId64 " machine-years, %" PRId64
	    " steps; the authority was asked %" PRId64 " times: %" PRId64
	    " granted, %" PRId64 " refused, %" PRId64 " repeated\n",
	    figures.lives, figures.lived_s / (365 * DAY_S), figures.steps,
	    figures.asks, figures.grants, figures.refusals, figures.repeats);
	printf("sim: %" PRId64 " checks of %d invariants, faces compared %"
	    PRId64 " times; %" PRId64 " faults:", checks, INVARIANT_COUNT,
	    figures.faces, all);
	for (int i = 0; i < FAULT_COUNT; i++)
		printf("%s %" PRId64 " %s", i ? "," : "", figures.faults[i],
		    faults[i]);
	printf("\nsim: no invariant broken; digest %016" PRIx64 "\n",
	    figures.digest);
}

static int
run_plan(const char *path, int part, int parts)
{
	char agent[16], seal[16];
	int64_t years;
	uint64_t seed;
	FILE *file = fopen(path, "r");

	if (!file) {
		perror(path);
		return 2;
	}
	while (fscanf(file, "%15s %15s %" SCNd64 " %" SCNu64, agent, seal,
		&years, &seed) == 4)
		run(agent, seal, (years + parts - 1) / parts,
		    seed + (uint64_t)part * 1000000);
	fclose(file);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "replay") == 0) {
		life_run(strtoull(argv[4], NULL, 10), find_kind(argv[2]),
		    find_seal(argv[2], argv[3]), LIFE_YEARS, true);
	} else if (argc == 5 && strcmp(argv[1], "plan") == 0) {
		int rc = run_plan(argv[2], (int)strtol(argv[3], NULL, 10),
		    (int)strtol(argv[4], NULL, 10));
		if (rc != 0)
			return rc;
	} else {
		run(argc > 1 ? argv[1] : "light", argc > 2 ? argv[2] : "none",
		    argc > 3 ? strtoll(argv[3], NULL, 10) : 1000,
		    argc > 4 ? strtoull(argv[4], NULL, 10) : 1);
	}
	print_figures();
	return 0;
}
