/* SPDX-License-Identifier: ISC */
/*
 * What a machine is, as a value, and how it differs from what a license is
 * bound to. It reads no machine (license/keeper/inspect.h does).
 */
#ifndef LICENSE_HARDWARE_H
#define LICENSE_HARDWARE_H

#include "license/codec.h"

/*
 * hardware: ${known} has the bit of each component that could be read; an
 * unreadable one is unknown, never a mismatch.
 */
struct hardware {
	unsigned known;
	char cpu_model[TEXT_256]; /* runs of spaces collapsed, trimmed */
	int64_t logical_cpus;	  /* present, not affinity, cgroup or online */
	int64_t memory_mib;	  /* installed, rounded to 256 MiB */
	char internal_address[ADDRESS_SIZE];
	char virtualization[TEXT_64]; /* "" unknown */
	bool has_machine_id;
	uint8_t machine_id_hash[SHA256_SIZE]; /* HMAC, never the raw id */
};

#define component_bit(c) (1U << COMPONENT_##c)

/*
 * hardware_changed: the set of bound components that are known and differ:
 * CPU model, logical CPUs, machine key; for an offline license memory beyond
 * the tolerance instead of the key. Addresses are the authority's affair.
 */
unsigned hardware_changed(const struct license *license,
    const struct hardware *hardware, const uint8_t machine_key[KEY_SIZE]);

/*
 * hardware_difference: which of ${changed} is bound to what, and what is
 * here: "number of logical CPUs: 8 in the license, 16 here"; cut to fit.
 */
enum { DIFFERENCE_SIZE = 768 };

void hardware_difference(const struct license *license,
    const struct hardware *hardware, unsigned changed,
    char out[static DIFFERENCE_SIZE]);

/*
 * hardware_normalize: collapse runs of spaces, trim, drop what is not printable
 * ASCII: a hypervisor may name a CPU with any bytes, and a document takes only
 * good UTF-8.
 */
void hardware_normalize(char *text);

/* hardware_round_memory: to the nearest 256 MiB, at least 256. */
int64_t hardware_round_memory(int64_t mib);

#endif
