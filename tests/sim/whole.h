/* SPDX-License-Identifier: ISC */
/*
 * Between whole.c, which runs the shipped keeper, and files.c, which is the
 * machine around it. Nobody else includes this.
 */
#ifndef TESTS_SIM_WHOLE_H
#define TESTS_SIM_WHOLE_H

#include "tests/sim/sim.h"

enum { DISK_FILES = 14, DISK_PATH = 40, DISK_BYTES = 4096 };

/* Where things are; state-dir is a directory that nothing else looks at. */
#define WHOLE_STATE "/state"
#define WHOLE_LICENSE "/etc/license"
#define WHOLE_ROOT "/etc/root"

/* whole_disk: everything that survives. */
struct whole_disk {
	unsigned inodes; /* that were ever given */
	struct whole_file {
		char path[DISK_PATH]; /* "": the place is free */
		unsigned inode;
		int64_t written_s; /* by the clock of then */
		size_t len;
		char data[DISK_BYTES];
	} files[DISK_FILES];
};

/* whole_host: whose keeper runs now. */
extern struct host *whole_host;
/* files_put: a person does it, whom no crash or full disk stops. */
void files_put(struct host *host, const char *path, const void *bytes,
    size_t len);

#endif
