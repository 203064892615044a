/* SPDX-License-Identifier: ISC */
/*
 * fcli in the place of an SNMP manager: two GETs over UDP, as the NMS sends
 * them. The community is read here, sent to the master, and told to nobody
 * else: not to the agent, not in a word of a command line. SNMPv3, which needs
 * a library, is asked by a child, who alone reads the passphrases.
 */
#ifndef LICENSE_FCLI_MANAGER_H
#define LICENSE_FCLI_MANAGER_H

#include "license/doctor_found.h"

struct buf;

struct manager {
	const char *target; /* numeric, "[::1]:161" too; NULL: 127.0.0.1:161 */
	const char *community_file; /* its first line; NULL: the variable
				     * LEASELINE_SNMP_COMMUNITY, or "public" */
	const char *v3_file; /* NULL: LEASELINE_SNMP_V3_FILE, or SNMPv2c; the
			      * form of snmp.conf(5) */
	const char *program; /* leaselined, for SNMPv3 */
};

/*
 * manager_look: ask for sysUpTime and for the agent's start, at most three
 * seconds, eight as a user of SNMPv3. False when the target or a file is no
 * good, with a clause in ${error}, or "" when the child has said it; that
 * nobody answers is a finding.
 */
bool manager_look(const struct manager *manager, struct doctor_seen *out,
    struct buf *error);

#endif
