/* SPDX-License-Identifier: ISC */
/*
 * Goal: what kernels of six architectures say of their CPUs is one value that
 * stays, or it is unknown; and lists and sizes are read whole or not at all.
 */
#include "license/reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "license/base/buf.h"
#include "license/hardware.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ARM64(number, part, revision)                                         \
	"processor\t: " number "\n"                                           \
	"BogoMIPS\t: 48.00\n"                                                 \
	"Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid\n"      \
	"CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x0\n"  \
	"CPU part\t: " part "\nCPU revision\t: " revision "\n\n"
#define A53(number) ARM64(number, "0xd03", "4")
#define A72(number) ARM64(number, "0xd08", "2")
#define NEOVERSE(number)                                                      \
	"processor\t: " number "\nBogoMIPS\t: 50.00\n"                        \
	"Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics\n"    \
	"CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\n"  \
	"CPU part\t: 0xd0c\nCPU revision\t: 1\n\n"
#define ARM32(number)                                                         \
	"processor\t: " number "\n"                                           \
	"model name\t: ARMv7 Processor rev 4 (v7l)\nBogoMIPS\t: 38.40\n"      \
	"Features\t: half thumb fastmult vfp edsp neon vfpv3 tls vfpv4\n"     \
	"CPU implementer\t: 0x41\nCPU architecture: 7\nCPU variant\t: 0x0\n"  \
	"CPU part\t: 0xd03\nCPU revision\t: 4\n\n"
#define POWER(number)                                                         \
	"processor\t: " number "\ncpu\t\t: POWER9, altivec supported\n"       \
	"clock\t\t: 3800.000000MHz\nrevision\t: 2.3 (pvr 004e 1203)\n\n"
#define S390_HEAD                                                             \
	"vendor_id       : IBM/S390\n# processors    : 2\n"                   \
	"bogomips per cpu: 21881.00\nmax thread id   : 0\n"                   \
	"features\t: esan3 zarch stfle msa ldisp eimm dfp edat etf3eh te vx\n" \
	"cache0          : level=1 type=Data scope=Private size=128K\n"
#define S390(number, machine)                                                 \
	"processor " number ": version = FF,  identification = 233EF7,  "     \
	"machine = " machine "\n"
#define U74(number, hart)                                                     \
	"processor\t: " number "\nhart\t\t: " hart "\nisa\t\t: rv64imafdc\n"  \
	"mmu\t\t: sv39\nuarch\t\t: sifive,u74-mc\n"
#define RISCV(number, vendor, arch)                                           \
	"processor\t: " number "\nhart\t\t: " number "\nisa\t\t: rv64imafdcv\n" \
	"mmu\t\t: sv39\nmvendorid\t: " vendor "\nmarchid\t\t: " arch "\n"     \
	"mimpid\t\t: 0x0\n\n"
#define X86(number, model)                                                    \
	"processor\t: " number "\nvendor_id\t: GenuineIntel\n"                \
	"cpu family\t: 6\nmodel\t\t: 106\nmodel name\t: " model "\n"          \
	"stepping\t: 6\ncpu MHz\t\t: 2300.000\ncpu cores\t: 2\n"              \
	"cpuid level\t: 27\n\n"

#define A53_IS "implementer: 0x41 part: 0xd03 revision: 4"
#define A72_IS "implementer: 0x41 part: 0xd08 revision: 2"

struct row {
	const char *what, *cpuinfo;
	int64_t present;
	const char *model; /* NULL: unknown */
};

static void
check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char model[TEXT_256] = "";
		bool known = reading_cpu_model(rows[i].cpuinfo,
		    rows[i].present, model);

		if (known != (rows[i].model != NULL))
			fail_msg("%s: '%s'", rows[i].what, model);
		if (known)
			assert_string_equal(model, rows[i].model);
	}
}

static void
each_architecture_tells_its_model(void **state)
{
	static const struct row rows[] = {
		{"Raspberry Pi 3, 64 bits", A53("0") A53("1") A53("2") A53("3")
			"Revision\t: a22082\nSerial\t\t: 000000009ec1f24d\n"
			"Model\t\t: Raspberry Pi 3 Model B Rev 1.2\n",
		    4, A53_IS},
		{"Raspberry Pi 3, 32 bits", ARM32("0") ARM32("1") ARM32("2")
			ARM32("3") "Hardware\t: BCM2835\nRevision\t: a22082\n"
			"Serial\t\t: 00000000abcdef01\n",
		    4, A53_IS},
		{"Ampere Altra", NEOVERSE("0") NEOVERSE("1"), 2,
		    "implementer: 0x41 part: 0xd0c revision: 1"},
		{"POWER9, threads apart", POWER("0") POWER("8")
			"timebase\t: 512000000\nplatform\t: PowerNV\n"
			"model\t\t: 8335-GTH\nmachine\t\t: PowerNV 8335-GTH\n"
			"firmware\t: OPAL\n",
		    64, "POWER9"},
		{"POWER in a partition", "processor\t: 0\n"
			"cpu\t\t: POWER8 (architected), altivec supported\n",
		    1, "POWER8 (architected)"},
		{"z14", S390_HEAD S390("0", "3906") S390("1", "3906"), 2,
		    "IBM/S390 machine 3906"},
		{"z14, newer kernel", S390_HEAD S390("0", "3906")
			S390("1", "3906") "cpu number      : 0\n"
			"cpu MHz dynamic : 5200\ncpu MHz static  : 5200\n"
			"machine         : 3906\n",
		    2, "IBM/S390 machine 3906"},
		{"VisionFive 2, 5.15", U74("0", "1") "\n" U74("1", "2"), 2,
		    "sifive,u74-mc"},
		{"VisionFive 2, 6.6", U74("0", "1")
			"mvendorid\t: 0x489\nmarchid\t\t: 0x8000000000000007\n"
			"mimpid\t\t: 0x4210427\n\n" U74("1", "2")
			"mvendorid\t: 0x489\nmarchid\t\t: 0x8000000000000007\n"
			"mimpid\t\t: 0x4210427\n\n",
		    2, "sifive,u74-mc"},
		{"RISC-V without uarch", RISCV("0", "0x5b7", "0x8000000009140d00"),
		    1, "vendor: 0x5b7 architecture: 0x8000000009140d00"},
		{"LoongArch", "system type\t\t: generic-loongson-machine\n\n"
			"processor\t\t: 0\npackage\t\t\t: 0\n"
			"CPU Family\t\t: Loongson-64bit\n"
			"Model Name\t\t: Loongson-3A5000-HV\n",
		    1, "Loongson-3A5000-HV"},
		{"MIPS", "system type\t\t: MediaTek MT7621\n\nprocessor\t\t: 0\n"
			"cpu model\t\t: MIPS 1004Kc V2.15\n", 1,
		    "MIPS 1004Kc V2.15"},
		{"x86, spaces", X86("0", "Intel(R) Xeon(R) CPU      X5650  @ 2.67GHz"),
		    1, "Intel(R) Xeon(R) CPU X5650 @ 2.67GHz"},
		{"x86, most CPUs off line", X86("3", "AMD EPYC"), 128,
		    "AMD EPYC"},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void
the_order_in_which_cpus_came_up_changes_nothing(void **state)
{
	static const char both[] = A53_IS " + " A72_IS;
	static const struct row rows[] = {
		{"as the RK3399 boots", A53("0") A53("1") A53("2") A53("3")
			A72("4") A72("5"), 6, both},
		{"the big ones first", A72("0") A72("1") A53("2") A53("3")
			A53("4") A53("5"), 6, both},
		{"mixed", A53("0") A72("1") A53("2") A72("3") A53("4")
			A53("5"), 6, both},
		{"DynamIQ, three kinds", ARM64("0", "0xd05", "0")
			ARM64("4", "0xd41", "0") ARM64("7", "0xd44", "0"), 3,
		    "implementer: 0x41 part: 0xd05 revision: 0 + "
		    "implementer: 0x41 part: 0xd41 revision: 0 + "
		    "implementer: 0x41 part: 0xd44 revision: 0"},
		/* Whether a kind is missing cannot be seen. */
		{"the big ones off line", A53("0") A53("1") A53("2") A53("3"),
		    6, NULL},
		{"the little ones off line", A72("4") A72("5"), 6, NULL},
		{"nobody knows how many there are", A53("0") A53("1"), 0, NULL},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void
what_does_not_tell_one_model_is_unknown(void **state)
{
	static const struct row rows[] = {
		{"empty", "", 1, NULL},
		{"noise", "processor\nprocessor\t:\n:\n\n\t: \n", 1, NULL},
		{"an emulator's RISC-V", RISCV("0", "0x0", "0x0"), 1, NULL},
		{"an ARM CPU that does not tell", A53("0")
			"processor\t: 1\nBogoMIPS\t: 48.00\n", 2, NULL},
		{"ARM before 3.8", "Processor\t: ARMv7 Processor rev 2 (v7l)\n"
			"processor\t: 0\nBogoMIPS\t: 1694.10\n\n"
			"processor\t: 1\nBogoMIPS\t: 1694.10\n\n"
			"CPU implementer\t: 0x41\nCPU part\t: 0xc09\n",
		    2, NULL},
		{"x86 that does not know", X86("0", "unknown"), 1, NULL},
		{"POWER that does not know", "processor\t: 0\n"
			"cpu\t\t: unknown (00801200)\n", 1, NULL},
		{"two models", X86("0", "Model A") X86("1", "Model B"), 2,
		    NULL},
		{"two machines", S390_HEAD S390("0", "3906") S390("1", "8561"),
		    2, NULL},
		{"no machine", S390_HEAD "processor 0: version = FF\n"
			"x: machine = 3906\n", 1, NULL},
		{"more kinds than there are",
			ARM64("0", "1", "0") ARM64("1", "2", "0")
			ARM64("2", "3", "0") ARM64("3", "4", "0")
			ARM64("4", "5", "0") ARM64("5", "6", "0")
			ARM64("6", "7", "0") ARM64("7", "8", "0")
			ARM64("8", "9", "0"), 9, NULL},
		{"more than fits", ARM64("0", "0xd00000000000000000000000001",
			"0000000000000000000000000000000000000000000000000000")
			ARM64("1", "0xd00000000000000000000000000000000000002",
			"0000000000000000000000000000000000000000000000000000")
			ARM64("2", "0xd00000000000000000000000000000000000003",
			"0000000000000000000000000000000000000000000000000000"),
		    3, NULL},
	};
	char model[TEXT_256], text[1200];

	(void)state;
	check(rows, COUNT(rows));
	/* A line without an end, longer than any value may be. */
	memset(text, 'x', sizeof(text));
	memcpy(text, "processor: 0\nmodel name: ", 25);
	text[sizeof(text) - 1] = '\0';
	assert_false(reading_cpu_model(text, 1, model));
}

static void
a_model_is_text_that_a_document_takes(void **state)
{
	static const struct row rows[] = {
		{"bytes of a hypervisor", X86("0", "CPU \xff\x01\x9bX \xc2\xae"),
		    1, "CPU X"},
		{"nothing but such", X86("0", "\xff\xfe\x80"), 1, NULL},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void
a_list_of_cpus_is_read_whole_or_not_at_all(void **state)
{
	static const struct {
		const char *text;
		int64_t count;
	} rows[] = {
		{"0\n", 1}, {"0-1\n", 2}, {"0-3,8\n", 5}, {"0-127", 128},
		{"0,2-3,5-7\n", 6}, {"0-65534\n", 65535},
		{"", 0}, {"\n", 0}, {"0-\n", 0}, {"0-3,\n", 0}, {"3-0\n", 0},
		{"0-3x\n", 0}, {"-1\n", 0}, {"0--3\n", 0}, {"0-65535\n", 0},
		{"0-65534,0-65534\n", 0}, {"0-3\n4\n", 0},
		{"0-99999999999999999999\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (reading_cpu_count(rows[i].text) != rows[i].count)
			fail_msg("'%s'", rows[i].text);
}

static void
sizes_of_memory_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t mib;
	} total[] = {
		{"MemTotal:       24684092 kB\nMemFree:  23853892 kB\n", 24105},
		{"MemFree: 1 kB\nMemTotal:  2097152 kB\n", 2048},
		{"MemTotal: 2097152\n", 0}, {"MemTotal: kB\n", 0},
		{"MemTotal: -2097152 kB\n", 0}, {"MemFree: 2097152 kB\n", 0},
		{"MemTotal: 99999999999999999999 kB\n", 0}, {"", 0},
	}, block[] = {
		{"8000000\n", 128}, {"80000000\n", 2048}, {"10000000", 256},
		{"", 0}, {"\n", 0}, {"8000000 bytes\n", 0}, {"xyz\n", 0},
		{"ffffffffffffffffff\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(total); i++)
		if (reading_memory_mib(total[i].text) != total[i].mib)
			fail_msg("'%s'", total[i].text);
	for (size_t i = 0; i < COUNT(block); i++)
		if (reading_block_mib(block[i].text) != block[i].mib)
			fail_msg("'%s'", block[i].text);
	assert_int_equal(hardware_round_memory(24105), 24064);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_architecture_tells_its_model),
		cmocka_unit_test(
		    the_order_in_which_cpus_came_up_changes_nothing),
		cmocka_unit_test(what_does_not_tell_one_model_is_unknown),
		cmocka_unit_test(a_model_is_text_that_a_document_takes),
		cmocka_unit_test(a_list_of_cpus_is_read_whole_or_not_at_all),
		cmocka_unit_test(sizes_of_memory_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
