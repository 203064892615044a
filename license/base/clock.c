/* SPDX-License-Identifier: ISC */
/* The clocks of the machine; it judges nothing (license/timekeeping.h). */
#include "license/base/clock.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t
read_ns(clockid_t id)
{
	struct timespec ts = {0};

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

utc_t
clock_wall(void)
{
	return (utc_t){read_ns(CLOCK_REALTIME) / 1000000000};
}

int64_t
clock_wall_ms(void)
{
	return read_ns(CLOCK_REALTIME) / 1000000;
}

mono_t
clock_boot(void)
{
	return (mono_t){read_ns(CLOCK_BOOTTIME)};
}

static char boot_id[CLOCK_BOOT_ID_SIZE];
static pthread_once_t boot_id_once = PTHREAD_ONCE_INIT;

static void
read_boot_id(void)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return;
	ssize_t n = read(fd, boot_id, sizeof(boot_id) - 1);
	boot_id[n == (ssize_t)sizeof(boot_id) - 1 ? n : 0] = '\0';
	close(fd);
}

void
clock_boot_id(char out[static CLOCK_BOOT_ID_SIZE])
{
	pthread_once(&boot_id_once, read_boot_id);
	memcpy(out, boot_id, CLOCK_BOOT_ID_SIZE);
}
