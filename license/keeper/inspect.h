/* SPDX-License-Identifier: ISC */
/*
 * What machine is this: the CPU by libcpuid, the rest by the kernel's files.
 * What cannot be read stays unknown. It compares nothing (hardware.h).
 */
#ifndef LICENSE_KEEPER_INSPECT_H
#define LICENSE_KEEPER_INSPECT_H

#include "license/hardware.h"

/*
 * inspect_hardware: all but the internal address (address.h). Takes about a
 * millisecond.
 */
void inspect_hardware(struct hardware *out);

/*
 * inspect_machine_id: HMAC-SHA256 of /etc/machine-id for this application, so
 * that the raw id never leaves the machine. False when there is none.
 */
bool inspect_machine_id(uint8_t out[static SHA256_SIZE]);

#endif
