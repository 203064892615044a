/* SPDX-License-Identifier: ISC */
/*
 * fcli in the place of an SNMP manager: two GETs over UDP, as the NMS sends
 * them. The community is read here, sent to the master, and told to nobody
 * else: not to the agent, not in a word of a command line.
 */
#ifndef LICENSE_FCLI_MANAGER_H
#define LICENSE_FCLI_MANAGER_H

#include "license/doctor_found.h"

struct buf;

/*
 * manager_look: ask ${target} (NULL: 127.0.0.1:161; numeric, "[::1]:161"
 * too) for sysUpTime and for the agent's start, at most three seconds, with
 * the community of ${community_file} (its first line), or of the variable
 * LEASELINE_SNMP_COMMUNITY, or "public". False with a clause in ${error}
 * when the target or the file is no good; that nobody answers is a finding.
 */
bool manager_look(const char *target, const char *community_file,
    struct doctor_seen *out, struct buf *error);

#endif
