/* SPDX-License-Identifier: ISC */
/*
 * Between fate.c, which has the dice, and fate_*.c, which have what befalls.
 * Nobody else includes this.
 */
#ifndef TESTS_SIM_FATE_H
#define TESTS_SIM_FATE_H

#include "tests/sim/sim.h"

/* Each is called with its host running, or at least existing. */
typedef void fate_fn(struct life *life, struct host *host);

fate_fn fate_outage, fate_babble, fate_busy;
fate_fn fate_clock_back, fate_clock_forward, fate_clock_frozen;
fate_fn fate_dead_rtc, fate_wild_rtc, fate_pause;
fate_fn fate_crash, fate_crash_writing, fate_reboot, fate_off, fate_restart;
fate_fn fate_disk_full, fate_snapshot, fate_restore, fate_clone;
fate_fn fate_reinstall;
fate_fn fate_hardware, fate_hardware_back, fate_hardware_many,
    fate_hardware_unread;
fate_fn fate_address, fate_address_ahead;
fate_fn fate_suspend, fate_cancel, fate_cancel_now, fate_bandwidth;
fate_fn fate_rotation, fate_backup, fate_authority_restored;
fate_fn fate_renew, fate_old_request;
/* fate_offline: somebody looks after a machine without a connection. */
fate_fn fate_offline;

/* fate_pays: the next payment; planned again by itself. */
void fate_plan_payment(struct life *life);
/* fate_hardware_of: ${host} is made of something else. */
void fate_soon(struct host *host); /* the agent looks within a minute */
/* fate_power: off now, on again later. */
void fate_power(struct life *life, struct host *host, int64_t off_s);

#endif
