/* SPDX-License-Identifier: ISC */
/*
 * `fcli doctor`: what was found of an installation, judged step by step, with
 * the mend of each. Pure: agent/doctor.h looks, fcli asks as a manager would,
 * and what both found is a value here. What follows from a fault is skipped
 * and names the step with the cause, so that one fault is one failed step.
 */
#ifndef LICENSE_DOCTOR_H
#define LICENSE_DOCTOR_H

#include "license/doctor_found.h"

struct buf;

enum doctor_result { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_FAILED, DOCTOR_SKIPPED };

/* The steps, in their order; the names are a contract (fcli.1, --json). */
#define DOCTOR_STEPS(X)                                                       \
	X(CONFIGURATION, configuration)                                       \
	X(AGENT, agent)                                                       \
	X(HEARTBEAT, heartbeat)                                               \
	X(USER, user)                                                         \
	X(GROUP, group)                                                       \
	X(STATE_DIRECTORY, state_directory)                                   \
	X(CLOCK, clock)                                                       \
	X(VENDOR, vendor)                                                     \
	X(LICENSE_FILE, license_file)                                         \
	X(LICENSE, license)                                                   \
	X(AUTHORITY, authority)                                               \
	X(EXPORTER, exporter)                                                 \
	X(SNMP_MASTER, snmp_master)                                           \
	X(SNMP_CONNECTION, snmp_connection)                                   \
	X(SNMP_VIEW, snmp_view)                                               \
	X(NOTIFICATIONS, notifications)

#define DOCTOR_STEP_ID(name, label) STEP_##name,
enum doctor_step_id { DOCTOR_STEPS(DOCTOR_STEP_ID) STEP_COUNT };
#undef DOCTOR_STEP_ID

enum {
	DOCTOR_TEXT_SIZE = 1024,
	DOCTOR_MEND_SIZE = 512,
	/* 13 that are one each, three of a license, one of a listener. */
	DOCTOR_STEPS_MAX = STEP_COUNT + 3 * DOCTOR_LICENSES_MAX +
	    DOCTOR_LISTENERS_MAX,
};

struct doctor_step {
	enum doctor_step_id id;
	enum doctor_result result;
	/* Of the license or the listener; "" when there is one of the step. */
	char subject[DOCTOR_NAME_SIZE];
	char text[DOCTOR_TEXT_SIZE];	/* what was found; printable */
	char mend[DOCTOR_MEND_SIZE];	/* one sentence, "" when it is well */
	char command[DOCTOR_MEND_SIZE]; /* to type, "" where there is none */
};

struct doctor_report {
	size_t count;
	struct doctor_step steps[DOCTOR_STEPS_MAX];
};

/* doctor_judge: every step, in order. */
void doctor_judge(const struct doctor_found *found, struct doctor_report *out);

/* doctor_worst: failed > warning > ok; what is skipped is no fault. */
enum doctor_result doctor_worst(const struct doctor_report *report);

/* doctor_exit: 0, or 1: a step failed (with ${strict}: or warns). */
int doctor_exit(const struct doctor_report *report, bool strict);

/* doctor_text: a line each, the mend below, then the sum. */
void doctor_text(const struct doctor_report *report, struct buf *out);

const char *doctor_step_name(enum doctor_step_id id);
const char *doctor_result_name(enum doctor_result result);

/* Puts our lines into Debian's snmpd. */
#define DOCTOR_INSTALL_PART                                                   \
	"cp /usr/share/leaseline/snmpd-leaseline.conf "                       \
	"/etc/snmp/snmpd.conf.d/leaseline.conf && systemctl restart snmpd"

/*
 * For the judges of one part each: doctor_add appends a step that is well,
 * with ${format} as its text; the others change the last one added.
 */
struct doctor_step *doctor_add(struct doctor_report *out,
    enum doctor_step_id id, const char *subject, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void doctor_mend(struct doctor_step *step, enum doctor_result result,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
void doctor_command(struct doctor_step *step, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void doctor_skip(struct doctor_report *out, enum doctor_step_id id,
    const char *subject, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* doctor_has_vendor: the vendor's FastNetMon is on this machine. */
bool doctor_has_vendor(const struct doctor_found *found);

void doctor_judge_host(const struct doctor_found *found,
    struct doctor_report *out);
void doctor_judge_vendor(const struct doctor_found *found,
    struct doctor_report *out);
void doctor_judge_licenses(const struct doctor_found *found,
    struct doctor_report *out);
void doctor_judge_authority(const struct doctor_license *license,
    struct doctor_report *out);
void doctor_judge_exporter(const struct doctor_found *found,
    struct doctor_report *out);
void doctor_judge_snmp(const struct doctor_found *found,
    struct doctor_report *out);
void doctor_judge_view(const struct doctor_found *found, bool connected,
    struct doctor_report *out);

#endif
