/* SPDX-License-Identifier: ISC */
/* One run of FastNetMon's fcli, and those that nobody waits for. */
#include "license/keeper/fcli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "license/base/buf.h"
#include "license/base/child.h"

struct fcli {
	struct fcli *next;
	struct child *child;
	int output;
	char line[DETAIL_SIZE]; /* the last that it said on standard error */
};

static void
on_line(void *self, const char *text)
{
	struct fcli *fcli = self;

	text_printable(text, fcli->line, sizeof(fcli->line));
}

/* It takes so much and no more, however much is written. */
static int
make_output(void)
{
	int fd = memfd_create("fcli", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd != -1 && (ftruncate(fd, FCLI_ANSWER_MAX) == -1 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) == -1)) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

struct fcli *
fcli_start(const char *path, bool renew)
{
	const char *const show[] = {path, "show", "license", NULL};
	const char *const ask[] = {path, "set", "renew_license", NULL};
	static const char *const environment[] = {"JSON_MODE=on", "HOME=/root",
		"LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
		"/usr/bin:/sbin:/bin", NULL};
	struct fcli *fcli = calloc(1, sizeof(*fcli));

	if (fcli == NULL)
		return NULL;
	fcli->output = make_output();
	const struct child_options options = {
		.arguments = renew ? ask : show,
		.environment = environment,
		.output = fcli->output,
		.limit_s = FCLI_LIMIT_S,
		.line = on_line,
		.self = fcli,
	};
	if (fcli->output != -1)
		fcli->child = child_start(&options);
	if (fcli->child != NULL)
		return fcli;
	int error = errno;
	fcli_free(fcli);
	errno = error;
	return NULL;
}

void
fcli_ask(const struct fcli *fcli, struct loop_want *want)
{
	child_ask(fcli->child, want);
}

bool
fcli_tell(struct fcli *fcli, const struct loop_got *got)
{
	return child_tell(fcli->child, got);
}

/* Up to where it wrote: the place in the file is its and ours. */
static bool
read_output(const struct fcli *fcli, struct buf *out)
{
	char bytes[4096];
	off_t end = lseek(fcli->output, 0, SEEK_CUR);

	for (off_t at = 0; at < end;) {
		size_t left = (size_t)(end - at);
		ssize_t n = pread(fcli->output, bytes,
		    left < sizeof(bytes) ? left : sizeof(bytes), at);

		if (n <= 0)
			return false;
		buf_add(out, bytes, (size_t)n);
		at += n;
	}
	return end < FCLI_ANSWER_MAX && !out->failed;
}

enum result
fcli_take(const struct fcli *fcli, struct buf *out, char why[DETAIL_SIZE])
{
	int code = child_code(fcli->child);
	bool whole = read_output(fcli, out);
	char line[DETAIL_SIZE - 64];

	why[0] = '\0';
	if (code == CHILD_LATE) {
		text_copy(why, DETAIL_SIZE, "fcli did not end in time");
		return RESULT_TIMEOUT;
	}
	if (code != 0) {
		struct buf first;

		/* Its refusals go where its answers go. */
		buf_init(&first, sizeof(line) - 1);
		buf_add(&first, buf_text(out), strcspn(buf_text(out), "\r\n"));
		text_printable(fcli->line[0] != '\0' ? fcli->line :
		    first.failed ? "" : buf_text(&first), line, sizeof(line));
		buf_fini(&first);
		snprintf(why, DETAIL_SIZE, "fcli ended with exit code %d%s%s",
		    code, line[0] == '\0' ? "" : ": ", line);
		return RESULT_CONNECT;
	}
	if (whole)
		return RESULT_OK;
	text_copy(why, DETAIL_SIZE, "the answer is longer than 64 KiB");
	return RESULT_MALFORMED;
}

void
fcli_free(struct fcli *fcli)
{
	if (fcli == NULL)
		return;
	child_free(fcli->child);
	if (fcli->output != -1)
		close(fcli->output);
	free(fcli);
}

void
fcli_leave(struct fcli **list, struct fcli *fcli)
{
	if (fcli == NULL)
		return;
	child_hurry(fcli->child);
	fcli->next = *list;
	*list = fcli;
}

void
fcli_ask_all(const struct fcli *list, struct loop_want *want)
{
	for (; list != NULL; list = list->next)
		fcli_ask(list, want);
}

void
fcli_tell_all(struct fcli **list, const struct loop_got *got)
{
	while (*list != NULL) {
		struct fcli *fcli = *list;

		if (fcli_tell(fcli, got)) {
			*list = fcli->next;
			fcli_free(fcli);
		} else {
			list = &fcli->next;
		}
	}
}

void
fcli_free_all(struct fcli **list)
{
	while (*list != NULL) {
		struct fcli *fcli = *list;

		*list = fcli->next;
		fcli_free(fcli);
	}
}
