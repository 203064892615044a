/* SPDX-License-Identifier: ISC */
/*
 * From the kernel's texts about a machine to values: /proc/cpuinfo of any
 * architecture, lists of CPUs, /proc/meminfo. It reads no file. What does not
 * tell one stable value is unknown: better nothing than a value that is
 * another one tomorrow on the same machine.
 */
#ifndef LICENSE_READING_H
#define LICENSE_READING_H

#include "license/codec.h"

/*
 * reading_cpu_model: false: unknown. The kernel lists the CPUs that are on
 * line, in any order. Where their kinds may differ (ARM, RISC-V), all kinds are
 * told, sorted, with " + " between; and while fewer CPUs are listed than
 * ${present} (0: not known) a kind may be missing: unknown. Elsewhere all CPUs
 * have one model, or it is unknown.
 */
bool reading_cpu_model(const char *cpuinfo, int64_t present,
    char out[static TEXT_256]);

/* reading_cpu_count: of "0-3,8"; 0: unknown. */
int64_t reading_cpu_count(const char *ranges);

/* reading_memory_mib: MemTotal of /proc/meminfo, in MiB; 0: unknown. */
int64_t reading_memory_mib(const char *meminfo);

/* reading_block_mib: of memory's block_size_bytes, hex; 0: unknown. */
int64_t reading_block_mib(const char *block_size_bytes);

#endif
