/* SPDX-License-Identifier: ISC */
/*
 * The machine around the shipped keeper, in place of file.c, clock.c,
 * inspect.c, watch.c, log.c and the system's randomness: a disk in memory that
 * can be full, crash between any two writes, and tear a license in two. It
 * knows no rule of a license.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/file.h"
#include "license/base/log.h"
#include "license/keeper/address.h"
#include "license/keeper/inspect.h"
#include "license/keeper/watch.h"
#include "license/sign.h"
#include "tests/sample.h"
#include "tests/sim/whole.h"

enum { LOG_SIZE = 512, TEAR_ODDS = 3 };

struct host *whole_host;

static struct whole_file *
find(const char *path)
{
	struct whole_disk *disk = whole_host->disk;

	for (size_t i = 0; i < DISK_FILES; i++)
		if (strcmp(disk->files[i].path, path) == 0)
			return &disk->files[i];
	return NULL;
}

static void
fill(struct host *h, const char *path, const void *bytes, size_t len)
{
	struct whole_disk *disk = h->disk;

	whole_host = h;
	struct whole_file *file = find(path);
	if (file == NULL)
		file = find("");
	if (file == NULL || len > DISK_BYTES ||
	    !text_copy(file->path, DISK_PATH, path))
		abort();
	file->inode = ++disk->inodes;
	file->written_s = host_wall(h).s;
	file->len = len;
	memcpy(file->data, bytes, len);
}

void
files_put(struct host *h, const char *path, const void *bytes, size_t len)
{
	fill(h, path, bytes, len);
}

/* What frees room works on a full disk, too. */
static bool
may_change(bool frees)
{
	struct host *h = whole_host;
	bool full = h->full;

	h->full = full && !frees;
	bool good = host_writes(h);
	h->full = full;
	if (!good)
		errno = ENOSPC;
	return good;
}

/* A disk may lose half of a license that is there twice; of nothing else. */
static bool
may_tear(const char *path)
{
	static const char good[] = WHOLE_STATE "/main.good", end[] =
	    "\nsignature ";
	const struct whole_file *other = strcmp(path, WHOLE_LICENSE) == 0 ?
	    find(good) : strcmp(path, good) == 0 ? find(WHOLE_LICENSE) : NULL;

	return other != NULL &&
	    memmem(other->data, other->len, end, sizeof(end) - 1) != NULL;
}

int
file_read(const char *path, struct buf *out)
{
	const struct whole_file *file;
	uint8_t root[KEY_SIZE];

	if (strcmp(path, WHOLE_ROOT) == 0) {
		sample_public(SAMPLE_ROOT, root);
		keyring_print_root(root, out);
		return 0;
	}
	file = find(path);
	if (file == NULL) {
		errno = ENOENT;
		return -1;
	}
	buf_add(out, file->data, file->len);
	errno = EFBIG;
	return out->failed ? -1 : 0;
}

int
file_replace(const char *path, const void *bytes, size_t len, mode_t mode)
{
	struct host *h = whole_host;
	bool alive = !h->dead;

	(void)mode;
	if (may_change(false)) {
		fill(h, path, bytes, len);
		return 0;
	}
	if (alive && h->dead && may_tear(path) &&
	    sim_chance(&h->random, TEAR_ODDS)) {
		life_trace(h->life, h, "%s is torn", path);
		fill(h, path, bytes, len / 2);
	}
	errno = ENOSPC;
	return -1;
}

/* The history, which nothing needs, is written and thrown away. */
off_t
file_append_line(const char *path, const char *line, size_t len, mode_t mode)
{
	(void)path;
	(void)line;
	(void)mode;
	return may_change(false) ? (off_t)len : -1;
}

int
file_remove(const char *path)
{
	struct whole_file *file = find(path);

	if (file == NULL)
		return 0;
	if (!may_change(true))
		return -1;
	file->path[0] = '\0';
	return 0;
}

int
file_rename(const char *from, const char *to)
{
	struct whole_file *file = find(from), *old = find(to);

	errno = ENOENT;
	if (file == NULL || !may_change(true))
		return -1;
	if (old != NULL)
		old->path[0] = '\0';
	text_copy(file->path, DISK_PATH, to);
	return 0;
}

int
file_lock(const char *path)
{
	(void)path;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int
file_directory(const char *path, mode_t mode)
{
	(void)path;
	(void)mode;
	return 0;
}

bool
file_identify(const char *path, struct file_identity *out)
{
	const struct whole_file *file = find(path);

	memset(out, 0, sizeof(*out));
	if (file == NULL)
		return false;
	out->device = 1;
	out->inode = file->inode;
	out->size = (off_t)file->len;
	out->modified_ns = out->changed_ns = file->written_s * 1000000000;
	return true;
}

bool
file_same(const struct file_identity *a, const struct file_identity *b)
{
	return a->inode == b->inode && a->size == b->size &&
	    a->modified_ns == b->modified_ns;
}

/* clock.h */

utc_t
clock_wall(void)
{
	return host_wall(whole_host);
}

int64_t
clock_wall_ms(void)
{
	return host_wall(whole_host).s * 1000;
}

mono_t
clock_boot(void)
{
	return host_boot(whole_host);
}

void
clock_boot_id(char out[static CLOCK_BOOT_ID_SIZE])
{
	memcpy(out, whole_host->boot_id, CLOCK_BOOT_ID_SIZE);
}

/* inspect.h, address.h, watch.h: without a bell there are the beats. */

void
inspect_hardware(struct hardware *out)
{
	*out = whole_host->hardware;
}

bool
inspect_machine_id(uint8_t out[static SHA256_SIZE])
{
	memset(out, 0, SHA256_SIZE);
	return false;
}

bool
address_internal(const struct address_question *question,
    char out[static ADDRESS_SIZE])
{
	(void)question;
	text_copy(out, ADDRESS_SIZE, whole_host->hardware.internal_address);
	return out[0] != '\0';
}

int
watch_new(void)
{
	return -1;
}

void
watch_directory_of(int fd, const char *path)
{
	(void)fd;
	(void)path;
}

bool
watch_drain(int fd)
{
	(void)fd;
	return false;
}

/* log.h: what the agent says is part of the trace. */

#define LOG_FUNCTION(name)                                                    \
	void name(const char *format, ...)                                    \
	{                                                                     \
		char text[LOG_SIZE];                                          \
		va_list args;                                                 \
									      \
		if (!whole_host || !whole_host->life->tracing)                \
			return;                                               \
		va_start(args, format);                                       \
		vsnprintf(text, sizeof(text), format, args);                  \
		va_end(args);                                                 \
		life_trace(whole_host->life, whole_host, "%s: %s", #name,     \
		    text);                                                    \
	}
LOG_FUNCTION(log_debug)
LOG_FUNCTION(log_info)
LOG_FUNCTION(log_warn)
LOG_FUNCTION(log_error)

/* sign.h: from the seed, so that a life can be lived again. */

bool __wrap_random_bytes(void *out, size_t len);
struct signing_key *__wrap_signing_key_new(void);

bool
__wrap_random_bytes(void *out, size_t len)
{
	uint8_t *p = out;

	while (len > 0) {
		uint64_t word = sim_random(&whole_host->random);
		size_t n = len < sizeof(word) ? len : sizeof(word);

		memcpy(p, &word, n);
		p += n;
		len -= n;
	}
	return true;
}

struct signing_key *
__wrap_signing_key_new(void)
{
	uint8_t seed[KEY_SIZE];

	__wrap_random_bytes(seed, sizeof(seed));
	return signing_key_from_seed(seed);
}
