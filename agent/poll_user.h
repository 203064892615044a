/* SPDX-License-Identifier: ISC */
/*
 * A manager of SNMPv3 for `fcli doctor`: fcli, which links libc alone, runs
 * `leaselined --manager FILE TARGET` as its caller, so that the passphrases
 * are read by who may read them and are in no argument. The agent never does.
 */
#ifndef AGENT_POLL_USER_H
#define AGENT_POLL_USER_H

/*
 * poll_user_run: GET sysUpTime and the agent's start from ${target}, numeric,
 * as the user of ${file}, which is in the form of snmp.conf(5): defSecurityName,
 * defSecurityLevel and their like. Two answers to standard output as "KIND
 * NUMBER" lines (license/poller.h), and 0; or 2 with one sentence on standard
 * error: the file is no good. ${target} "": only that is seen. At most eight
 * seconds.
 */
int poll_user_run(const char *file, const char *target);

#endif
