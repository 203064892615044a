/* SPDX-License-Identifier: ISC */
/*
 * The only user of libcpuid. cpu_identify_all() is never called: it leaves
 * the process pinned to the last CPU (measured with 0.6.2).
 */
#include "license/keeper/inspect.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libcpuid/libcpuid.h>

#include "license/base/buf.h"
#include "license/base/file.h"
#include "license/verify.h"

enum { PROC_FILE_MAX = 1 << 20, MIB = 1 << 20 };

/* Append a file of the kernel's; they have no size, so file_read() fits. */
static bool
read_text(const char *path, struct buf *out)
{
	buf_init(out, PROC_FILE_MAX);
	return file_read(path, out) == 0 && out->len > 0;
}

/* The value after "NAME<spaces>:" at the start of a line. */
static bool
find_value(const char *text, const char *name, char *out, size_t out_size)
{
	size_t len = strlen(name);

	for (const char *line = text; line != NULL;) {
		const char *end = strchrnul(line, '\n');
		const char *p = line + len;
		if (strncmp(line, name, len) == 0) {
			p += strspn(p, " \t");
			if (*p == ':') {
				p += 1 + strspn(p + 1, " \t");
				snprintf(out, out_size, "%.*s",
				    (int)(end > p ? end - p : 0), p);
				return out[0] != '\0';
			}
		}
		line = *end == '\0' ? NULL : end + 1;
	}
	return false;
}

/* ARM has no model name: its implementer, part and revision. */
static bool
cpu_model_from_kernel(char *out, size_t out_size)
{
	struct buf text;
	char implementer[32], part[32], revision[32];
	bool found = false;

	if (read_text("/proc/cpuinfo", &text)) {
		const char *info = buf_text(&text);
		found = find_value(info, "model name", out, out_size);
		if (!found && find_value(info, "CPU implementer", implementer,
				  sizeof(implementer)) &&
		    find_value(info, "CPU part", part, sizeof(part)) &&
		    find_value(info, "CPU revision", revision,
			sizeof(revision))) {
			snprintf(out, out_size,
			    "implementer: %s part: %s revision: %s",
			    implementer, part, revision);
			found = true;
		}
	}
	buf_fini(&text);
	return found;
}

static const char *
hypervisor_name(hypervisor_vendor_t vendor)
{
	static const char *const names[NUM_HYPERVISOR_VENDORS] = {
		[HYPERVISOR_NONE] = "none",
		[HYPERVISOR_BHYVE] = "bhyve",
		[HYPERVISOR_HYPERV] = "hyperv",
		[HYPERVISOR_KVM] = "kvm",
		[HYPERVISOR_PARALLELS] = "parallels",
		[HYPERVISOR_QEMU] = "qemu",
		[HYPERVISOR_VIRTUALBOX] = "virtualbox",
		[HYPERVISOR_VMWARE] = "vmware",
		[HYPERVISOR_XEN] = "xen",
	};

	if (vendor < 0 || vendor >= NUM_HYPERVISOR_VENDORS ||
	    names[vendor] == NULL)
		return "unknown";
	return names[vendor];
}

static void
inspect_cpu(struct hardware *out)
{
	struct cpu_raw_data_t raw;
	struct cpu_id_t id;

	if (cpuid_present() && cpuid_get_raw_data(&raw) == 0 &&
	    cpu_identify(&raw, &id) == 0) {
		text_copy(out->cpu_model, sizeof(out->cpu_model), id.brand_str);
		text_copy(out->virtualization, sizeof(out->virtualization),
		    hypervisor_name(cpuid_get_hypervisor(&raw, &id)));
	}
	hardware_normalize(out->cpu_model);
	if (out->cpu_model[0] == '\0' &&
	    cpu_model_from_kernel(out->cpu_model, sizeof(out->cpu_model)))
		hardware_normalize(out->cpu_model);
	if (out->cpu_model[0] != '\0')
		out->known |= component_bit(CPU_MODEL);
}

/* "0-3,8": present, whatever affinity, cgroup or hot-plug says. */
static int64_t
count_ranges(const char *text)
{
	int64_t count = 0;

	while (*text >= '0' && *text <= '9') {
		char *end;
		long first = strtol(text, &end, 10);
		long last = first;
		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		if (last < first || last > 65535)
			return 0;
		count += last - first + 1;
		text = *end == ',' ? end + 1 : end;
	}
	return count;
}

static void
inspect_cpu_count(struct hardware *out)
{
	struct buf text;

	if (read_text("/sys/devices/system/cpu/present", &text)) {
		int64_t count = count_ranges(buf_text(&text));
		if (count >= 1 && count <= 65535) {
			out->logical_cpus = count;
			out->known |= component_bit(LOGICAL_CPUS);
		}
	}
	buf_fini(&text);
}

/* Blocks are what is plugged in; the kernel's reservations do not move them. */
static int64_t
memory_blocks_mib(void)
{
	struct buf text;
	int64_t block = 0, blocks = 0;

	if (read_text("/sys/devices/system/memory/block_size_bytes", &text))
		block = (int64_t)(strtoull(buf_text(&text), NULL, 16) / MIB);
	buf_fini(&text);
	DIR *directory = opendir("/sys/devices/system/memory");
	if (directory == NULL)
		return 0;
	const struct dirent *entry;
	while ((entry = readdir(directory)) != NULL) {
		if (strncmp(entry->d_name, "memory", 6) == 0 &&
		    entry->d_name[6] >= '0' && entry->d_name[6] <= '9')
			blocks++;
	}
	closedir(directory);
	return block * blocks;
}

static void
inspect_memory(struct hardware *out)
{
	struct buf text;
	char value[64];
	int64_t mib = memory_blocks_mib();

	if (mib == 0 && read_text("/proc/meminfo", &text)) {
		if (find_value(buf_text(&text), "MemTotal", value,
			sizeof(value)))
			mib = strtoll(value, NULL, 10) / 1024;
		buf_fini(&text);
	}
	if (mib < 1)
		return;
	out->memory_mib = hardware_round_memory(mib);
	out->known |= component_bit(MEMORY);
}

bool
inspect_machine_id(uint8_t out[static SHA256_SIZE])
{
	static const char application[] = "leaseline machine id 1";
	struct buf text;
	bool good = read_text("/etc/machine-id", &text) && text.len >= 32;

	if (good)
		hmac_sha256(text.data, 32, application,
		    sizeof(application) - 1, out);
	buf_fini(&text);
	return good;
}

void
inspect_hardware(struct hardware *out)
{
	*out = (struct hardware){.known = 0};
	inspect_cpu(out);
	inspect_cpu_count(out);
	inspect_memory(out);
	out->has_machine_id = inspect_machine_id(out->machine_id_hash);
}
