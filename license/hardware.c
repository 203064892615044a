/* SPDX-License-Identifier: ISC */
/* Comparing a machine with a binding; it asks no machine. */
#include "license/hardware.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/buf.h"

enum { MEMORY_STEP_MIB = 256 };

static bool
knows(const struct hardware *hardware, unsigned component)
{
	return (hardware->known & component) != 0;
}

unsigned
hardware_changed(const struct license *license,
    const struct hardware *hardware, const uint8_t machine_key[KEY_SIZE])
{
	unsigned changed = 0;
	bool offline = license->mode == MODE_OFFLINE;

	if (knows(hardware, component_bit(CPU_MODEL)) &&
	    strcmp(license->bind_cpu_model, hardware->cpu_model) != 0)
		changed |= component_bit(CPU_MODEL);
	if (knows(hardware, component_bit(LOGICAL_CPUS)) &&
	    license->bind_logical_cpus != hardware->logical_cpus)
		changed |= component_bit(LOGICAL_CPUS);
	if (offline && knows(hardware, component_bit(MEMORY)) &&
	    llabs(license->bind_memory_mib - hardware->memory_mib) >
		license->bind_memory_tolerance_mib)
		changed |= component_bit(MEMORY);
	if (!offline && memcmp(license->machine_key, machine_key, KEY_SIZE) != 0)
		changed |= component_bit(MACHINE_KEY);
	return changed;
}

void
hardware_difference(const struct license *license,
    const struct hardware *hardware, unsigned changed,
    char out[static DIFFERENCE_SIZE])
{
	static const enum component all[] = {COMPONENT_CPU_MODEL,
		COMPONENT_LOGICAL_CPUS, COMPONENT_MEMORY,
		COMPONENT_MACHINE_KEY};
	struct buf text;

	out[0] = '\0';
	if (changed == 0)
		return;
	buf_init(&text, DIFFERENCE_SIZE - 1);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if ((changed & 1U << all[i]) == 0)
			continue;
		buf_printf(&text, "%s%s: ", text.len > 0 ? "; " : "",
		    names_sentence(NAMES_COMPONENT, (int)all[i]));
		if (all[i] == COMPONENT_CPU_MODEL)
			buf_printf(&text, "%s in the license, %s here",
			    license->bind_cpu_model, hardware->cpu_model);
		else if (all[i] == COMPONENT_LOGICAL_CPUS)
			buf_printf(&text, "%" PRId64 " in the license, %"
			    PRId64 " here", license->bind_logical_cpus,
			    hardware->logical_cpus);
		else if (all[i] == COMPONENT_MEMORY)
			buf_printf(&text, "%" PRId64 " MiB in the license, %"
			    PRId64 " MiB here", license->bind_memory_mib,
			    hardware->memory_mib);
		else
			buf_puts(&text, "another machine's in the license");
	}
	text_copy(out, DIFFERENCE_SIZE, buf_text(&text));
	buf_fini(&text);
}

void
hardware_normalize(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		unsigned char c = (unsigned char)*from;
		bool space = c == ' ' || c == '\t';

		if ((c < 0x20 && !space) || c >= 0x7F)
			continue;
		if (space && (to == text || to[-1] == ' '))
			continue;
		*to++ = space ? ' ' : (char)c;
	}
	while (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

int64_t
hardware_round_memory(int64_t mib)
{
	int64_t steps = (mib + MEMORY_STEP_MIB / 2) / MEMORY_STEP_MIB;

	return (steps < 1 ? 1 : steps) * MEMORY_STEP_MIB;
}
