/* SPDX-License-Identifier: ISC */
/* /proc/self in numbers; it writes no metric. */
#include "exporter/process.h"

#include <dirent.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "license/base/log.h"

static double boot_seconds; /* since the epoch; 0 when it cannot be read */

/* /proc/stat is long on large machines, and the boot time does not change. */
static void
read_boot(void)
{
	char line[256];
	long long seconds;
	FILE *file = fopen("/proc/stat", "re");

	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "btime %lld", &seconds) == 1)
			boot_seconds = (double)seconds;
	}
	fclose(file);
}

static void
read_stat(struct process_usage *out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	char text[1024];
	unsigned long long user, system, start, virtual_bytes;
	long long pages;
	double tick = (double)sysconf(_SC_CLK_TCK);
	FILE *file = fopen("/proc/self/stat", "re");

	if (file == NULL)
		return;
	size_t len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	/* The name of the program is in brackets and may hold anything. */
	const char *after = strrchr(text, ')');
	if (after == NULL ||
	    sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
			      "%llu %llu %*d %*d %*d %*d %*d %*d %llu %llu "
			      "%lld",
		&user, &system, &start, &virtual_bytes, &pages) != 5)
		return;
	pthread_once(&once, read_boot);
	out->cpu_seconds = (double)(user + system) / tick;
	if (boot_seconds > 0)
		out->start_seconds = boot_seconds + (double)start / tick;
	out->virtual_bytes = (int64_t)virtual_bytes;
	out->resident_bytes = pages * sysconf(_SC_PAGESIZE);
}

static int64_t
count_fds(void)
{
	int64_t count = 0;
	const struct dirent *entry;
	DIR *directory = opendir("/proc/self/fd");

	if (directory == NULL)
		return -1;
	while ((entry = readdir(directory)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count - 1; /* the directory's own */
}

void
process_read(struct process_usage *out)
{
	struct rlimit limit;

	*out = (struct process_usage){-1, -1, -1, -1, -1, -1};
	read_stat(out);
	out->open_fds = count_fds();
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		out->max_fds = (int64_t)limit.rlim_cur;
}

void
process_allow_descriptors(size_t count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur >= count)
		return;
	limit.rlim_cur = limit.rlim_max < count ? limit.rlim_max : count;
	bool raised = setrlimit(RLIMIT_NOFILE, &limit) == 0;
	if (!raised || limit.rlim_cur < count)
		log_warn("max-connections may take %zu descriptors and fewer "
			 "are allowed; set LimitNOFILE=%zu in the unit, or "
			 "make max-connections smaller", count, count);
}
