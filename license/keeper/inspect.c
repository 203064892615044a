/* SPDX-License-Identifier: ISC */
/*
 * The only user of libcpuid. cpu_identify_all() is never called: it leaves
 * the process pinned to the last CPU (measured with 0.6.2).
 */
#include "license/keeper/inspect.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include <libcpuid/libcpuid.h>

#include "license/base/buf.h"
#include "license/base/file.h"
#include "license/reading.h"
#include "license/verify.h"

/* /proc/cpuinfo has up to 2 KiB a CPU. */
enum { PROC_FILE_MAX = 8 << 20 };

/*
 * Later versions of the library know ARM, too, but name the CPU that happens
 * to run them: of a big.LITTLE machine any.
 */
#if defined(__x86_64__) || defined(__i386__)
enum { ASKS_LIBRARY = true };
#else
enum { ASKS_LIBRARY = false };
#endif

/* Append a file of the kernel's; they have no size, so file_read() fits. */
static bool
read_text(const char *path, struct buf *out)
{
	buf_init(out, PROC_FILE_MAX);
	return file_read(path, out) == 0 && out->len > 0;
}

/* ${present}: as far as it is known. */
static bool
cpu_model_from_kernel(int64_t present, char out[static TEXT_256])
{
	struct buf text;
	bool found = read_text("/proc/cpuinfo", &text) &&
	    reading_cpu_model(buf_text(&text), present, out);

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

	if (ASKS_LIBRARY && cpuid_present() && cpuid_get_raw_data(&raw) == 0 &&
	    cpu_identify(&raw, &id) == 0) {
		text_copy(out->cpu_model, sizeof(out->cpu_model), id.brand_str);
		text_copy(out->virtualization, sizeof(out->virtualization),
		    hypervisor_name(cpuid_get_hypervisor(&raw, &id)));
	}
	hardware_normalize(out->cpu_model);
	if (out->cpu_model[0] != '\0' ||
	    cpu_model_from_kernel(out->logical_cpus, out->cpu_model))
		out->known |= component_bit(CPU_MODEL);
}

/* Present, whatever affinity, cgroup or hot-plug says. */
static void
inspect_cpu_count(struct hardware *out)
{
	struct buf text;

	if (read_text("/sys/devices/system/cpu/present", &text))
		out->logical_cpus = reading_cpu_count(buf_text(&text));
	if (out->logical_cpus > 0)
		out->known |= component_bit(LOGICAL_CPUS);
	buf_fini(&text);
}

/* Blocks are what is plugged in; the kernel's reservations do not move them. */
static int64_t
memory_blocks_mib(void)
{
	struct buf text;
	int64_t block = 0, blocks = 0;

	if (read_text("/sys/devices/system/memory/block_size_bytes", &text))
		block = reading_block_mib(buf_text(&text));
	buf_fini(&text);
	DIR *directory = opendir("/sys/devices/system/memory");
	if (directory == NULL)
		return 0;
	const struct dirent *entry;
	errno = 0;
	while ((entry = readdir(directory)) != NULL) {
		if (strncmp(entry->d_name, "memory", 6) == 0 &&
		    entry->d_name[6] >= '0' && entry->d_name[6] <= '9')
			blocks++;
	}
	/* Half a list is no number. */
	bool whole = errno == 0;
	closedir(directory);
	return whole ? block * blocks : 0;
}

static void
inspect_memory(struct hardware *out)
{
	struct buf text;
	int64_t mib = memory_blocks_mib();

	if (mib == 0) {
		if (read_text("/proc/meminfo", &text))
			mib = reading_memory_mib(buf_text(&text));
		buf_fini(&text);
	}
	if (mib < 1 || mib > INT32_MAX - 256)
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
	inspect_cpu_count(out);
	inspect_cpu(out);
	inspect_memory(out);
	out->has_machine_id = inspect_machine_id(out->machine_id_hash);
}
