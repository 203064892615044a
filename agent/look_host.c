/* SPDX-License-Identifier: ISC */
/* Users, groups, directories and files of an installation. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agent/look.h"
#include "license/advice.h"
#include "license/base/buf.h"
#include "license/command.h"
#include "license/keeper/disk.h"
#include "license/keeper/view.h"
#include "license/text.h"

#define OWN_FCLI "leaseline"

enum { GROUPS_MAX = 1024 };

static void
name_user(uid_t id, char *out, size_t size)
{
	const struct passwd *user = getpwuid(id);

	if (user != NULL)
		text_copy(out, size, user->pw_name);
	else
		snprintf(out, size, "uid %u", (unsigned)id);
}

bool
look_become(const struct config *config)
{
	struct stat st;

	if (geteuid() != 0)
		return stat(config->agent.state_dir, &st) == 0 &&
		    st.st_uid == geteuid();
	if (stat(config->agent.state_dir, &st) == -1 || st.st_uid == 0)
		return true;
	const struct passwd *user = getpwuid(st.st_uid);
	return user != NULL && initgroups(user->pw_name, user->pw_gid) == 0 &&
	    setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0;
}

void
look_caller(const struct config *config, struct doctor_found *found)
{
	const struct group *group = getgrnam(config->agent.user_group);
	gid_t *groups = calloc(GROUPS_MAX, sizeof(*groups));
	int count = groups == NULL ? 0 : getgroups(GROUPS_MAX, groups);
	bool member = group != NULL && getegid() == group->gr_gid;

	for (int i = 0; group != NULL && i < count; i++)
		member = member || groups[i] == group->gr_gid;
	free(groups);
	text_copy(found->host.group, sizeof(found->host.group),
	    config->agent.user_group);
	found->host.group_exists = group != NULL;
	found->host.caller_may = member || geteuid() == 0;
}

/* Whoever listens there must also speak. */
static enum doctor_contact
contact(const char *path)
{
	static const char *const words[] = {"show", "license"};
	enum doctor_contact result = CONTACT_SILENT;
	struct buf request;
	char byte;
	int fd = look_open(path);

	if (fd == -1)
		return errno == ENOENT || errno == ENOTDIR ? CONTACT_ABSENT :
		    errno == ECONNREFUSED ? CONTACT_DEAD : errno == EACCES ?
		    CONTACT_DENIED : CONTACT_SILENT;
	buf_init(&request, COMMAND_REQUEST_MAX);
	if (command_request(2, words, &request) &&
	    send(fd, request.data, request.len, MSG_NOSIGNAL) ==
		(ssize_t)request.len && look_read(fd, &byte, 1) == 1)
		result = CONTACT_ANSWERS;
	buf_fini(&request);
	close(fd);
	return result;
}

static bool
lock_is_held(const char *directory)
{
	char path[DOCTOR_PATH_SIZE + 8];

	snprintf(path, sizeof(path), "%s/lock", directory);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool held = fd != -1 && flock(fd, LOCK_SH | LOCK_NB) == -1 &&
	    errno == EWOULDBLOCK;
	if (fd != -1)
		close(fd);
	return held;
}

static void
look_directory(const char *path, struct doctor_directory *out)
{
	struct statvfs fs;
	struct stat st;

	*out = (struct doctor_directory){.free_bytes = -1, .free_files = -1};
	if (stat(path, &st) == -1)
		return;
	out->there = true;
	out->is_directory = S_ISDIR(st.st_mode);
	out->mode = st.st_mode & 07777;
	name_user(st.st_uid, out->owner, sizeof(out->owner));
	out->owner_is_us = st.st_uid == geteuid();
	out->write_error = access(path, W_OK | X_OK) == 0 ? 0 : errno;
	if (statvfs(path, &fs) == -1)
		return;
	out->free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	if (fs.f_files > 0)
		out->free_files = (int64_t)fs.f_favail;
}

/* Our link is called so as well; it points to our own name. */
static bool
is_link_of_ours(const char *path)
{
	char to[64] = "";

	return readlink(path, to, sizeof(to) - 1) != -1 &&
	    strcmp(to, OWN_FCLI) == 0;
}

static void
take_first(const char *const *places, size_t count, char *out, size_t size)
{
	for (size_t i = 0; i < count && out[0] == '\0'; i++) {
		if (access(places[i], F_OK) == 0 && !is_link_of_ours(places[i]))
			text_copy(out, size, places[i]);
	}
}

/* Its directory in /etc may be ours: what is in it may not. */
static void
look_vendor(const struct config *config, struct doctor_vendor *out)
{
	static const char *const parts[] = {VENDOR_PROGRAM,
		"/etc/systemd/system/fastnetmon.service",
		"/usr/lib/systemd/system/fastnetmon.service",
		"/etc/fastnetmon/fastnetmon.conf"};
	/* As a PATH has them: the first is found, the last is its program. */
	static const char *const fclis[] = {"/usr/local/bin/fcli",
		"/usr/bin/fcli", "/opt/fastnetmon/app/bin/fcli"};
	struct buf bytes;

	take_first(parts, sizeof(parts) / sizeof(parts[0]), out->part,
	    sizeof(out->part));
	take_first(fclis, sizeof(fclis) / sizeof(fclis[0]), out->fcli,
	    sizeof(out->fcli));
	for (size_t i = 0; out->fcli[0] != '\0' && out->link[0] == '\0' &&
	     strcmp(fclis[i], out->fcli) != 0; i++) {
		if (is_link_of_ours(fclis[i]))
			text_copy(out->link, sizeof(out->link), fclis[i]);
	}
	text_copy(out->license, sizeof(out->license), VENDOR_LICENSE);
	buf_init(&bytes, 1 << 17);
	out->has_license = disk_look(VENDOR_LICENSE, &bytes) == DISK_STRANGER;
	buf_fini(&bytes);
	out->has_log = strcmp(config->agent.log_file, VENDOR_LOG) == 0;
}

void
look_host(const struct config *config, bool as_agent,
    struct doctor_found *found)
{
	struct doctor_host *h = &found->host;

	text_copy(h->socket, sizeof(h->socket), config->agent.control_socket);
	text_copy(h->state_path, sizeof(h->state_path),
	    config->agent.state_dir);
	name_user(geteuid(), h->user, sizeof(h->user));
	h->is_root = geteuid() == 0;
	h->contact = found->agent.told ? CONTACT_ANSWERS : contact(h->socket);
	if (h->contact != CONTACT_ANSWERS)
		h->lock_held = lock_is_held(h->state_path);
	h->as_agent = as_agent;
	look_directory(h->state_path, &h->state);
	look_vendor(config, &h->vendor);
}

static void
look_file(const struct keeper_license *from, bool as_agent,
    struct doctor_license *out)
{
	struct buf bytes;
	char copy[DOCTOR_PATH_SIZE];

	out->is_watched = from->source == SOURCE_FASTNETMON;
	if (out->is_watched)
		return;
	text_copy(out->path, sizeof(out->path), from->license_file);
	text_copy(copy, sizeof(copy), from->license_file);
	text_copy(out->directory, sizeof(out->directory), dirname(copy));
	out->is_placed = from->source == SOURCE_AUTHORITY;
	out->directory_error = access(out->directory, W_OK | X_OK) == 0 ? 0 :
	    errno;
	buf_init(&bytes, 1 << 17);
	errno = 0;
	switch (disk_look(out->path, &bytes)) {
	case DISK_ABSENT:
		out->file = PATH_ABSENT;
		break;
	case DISK_OURS:
		out->file = PATH_OURS;
		break;
	case DISK_STRANGER:
		/* What is closed to this caller may be the agent's. */
		out->file = errno == EACCES && !as_agent ? PATH_DENIED :
							   PATH_STRANGE;
		out->file_error = errno;
		break;
	case DISK_UNREADABLE:
		out->file = PATH_DENIED;
		out->file_error = errno;
	}
	buf_fini(&bytes);
}

/* How the agent last fared with FastNetMon; the agent alone may ask it. */
static void
take_watch(const struct report *report, struct doctor_license *out)
{
	char mend[ADVICE_SIZE];
	const char *why;

	out->watch_result = report->refresh_last_result;
	advice_failing(report, &why, mend);
	text_copy(out->watch_why, sizeof(out->watch_why), why);
	text_copy(out->watch_mend, sizeof(out->watch_mend), mend);
}

static void
take_report(const struct report *report, struct doctor_license *out)
{
	struct buf sentence;

	out->known = true;
	out->state = report->state;
	out->severity = report->severity;
	if (report->has[FIELD_ID_ADVICE])
		text_copy(out->advice, sizeof(out->advice), report->advice);
	if (report->has[FIELD_ID_FILE_DETAIL])
		text_copy(out->file_detail, sizeof(out->file_detail),
		    report->file_detail);
	buf_init(&sentence, 4096);
	text_license(report, &sentence);
	text_copy(out->sentence, sizeof(out->sentence), buf_text(&sentence));
	out->sentence[strcspn(out->sentence, "\n")] = '\0';
	buf_fini(&sentence);
	if (out->is_watched)
		take_watch(report, out);
	if (report->has[FIELD_ID_MODE] && report->mode == MODE_OFFLINE)
		text_copy(out->authority.why_not,
		    sizeof(out->authority.why_not),
		    "an offline license is in force: it asks nobody");
}

static void
take_view(const struct view *view, struct doctor_found *found)
{
	found->host.trust = view->trust;
	found->host.offset_s = view->agent.has[AGENT_ID_OFFSET] ?
	    view->agent.clock_offset_s : DOCTOR_OFFSET_UNKNOWN;
	for (size_t i = 0; i < found->license_count; i++) {
		struct doctor_license *l = &found->licenses[i];

		take_report(view_find(view, l->name), l);
		l->authority.now = view->now;
	}
}

void
look_licenses(const struct config *config, bool as_agent,
    struct doctor_found *found)
{
	struct board board;
	const struct keeper_options options = {
		.state_directory = config->agent.state_dir,
		.licenses = config->licenses,
		.license_count = config->license_count,
		.board = &board,
	};
	struct buf error;

	for (size_t i = 0; i < found->license_count; i++) {
		for (size_t j = 0; j < config->license_count; j++) {
			if (strcmp(config->licenses[j].name,
				found->licenses[i].name) == 0)
				look_file(&config->licenses[j], as_agent,
				    &found->licenses[i]);
		}
	}
	if (!as_agent)
		return;
	board_init(&board);
	buf_init(&error, 4096);
	struct keeper *keeper = keeper_open_reading(&options, &error);
	struct view *view = keeper == NULL ? NULL : view_take(&board);
	if (view != NULL)
		take_view(view, found);
	view_free(view);
	keeper_free(keeper);
	board_fini(&board);
	buf_fini(&error);
}
