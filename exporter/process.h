/* SPDX-License-Identifier: ISC */
/*
 * What this process uses, from /proc/self, for the process_* metrics. Values
 * that cannot be read are -1.
 */
#ifndef EXPORTER_PROCESS_H
#define EXPORTER_PROCESS_H

#include <stddef.h>
#include <stdint.h>

struct process_usage {
	double cpu_seconds;
	double start_seconds; /* since the epoch */
	int64_t open_fds, max_fds;
	int64_t virtual_bytes, resident_bytes;
};

void process_read(struct process_usage *out);

/*
 * process_allow_descriptors: so many, if the hard limit permits; what is
 * missing is logged.
 */
void process_allow_descriptors(size_t count);

#endif
