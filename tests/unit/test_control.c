/* SPDX-License-Identifier: ISC */
/*
 * Goal: the control socket serves who may, forgets who is gone, and is
 * stopped by no client. The keeper and the clock are this file's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/control.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/facts.h"
#include "license/history.h"
#include "license/keeper/keeper.h"
#include "license/keeper/reporter.h"

#define MAGIC "leaseline-control 1\n"

static atomic_llong boot_s = 1000;

utc_t
clock_wall(void)
{
	return (utc_t){1795572900};
}

int64_t
clock_wall_ms(void)
{
	return clock_wall().s * 1000;
}

mono_t
clock_boot(void)
{
	return (mono_t){atomic_load(&boot_s) * 1000000000};
}

void
clock_boot_id(char out[static CLOCK_BOOT_ID_SIZE])
{
	memset(out, 'b', CLOCK_BOOT_ID_SIZE - 1);
	out[CLOCK_BOOT_ID_SIZE - 1] = '\0';
}

/* A keeper with one promise: what it was asked for last. */
static struct {
	keeper_done_fn *done;
	void *self;
	char name[LICENSE_NAME_SIZE];
	atomic_int asked, joined, forgotten, reloads;
	atomic_bool at_once;
	reporter_shown_fn *shown;
	void *shown_to;
	atomic_int shows, hidden;
} fake;

bool
reporter_show(struct reporter *reporter, reporter_shown_fn *done, void *self)
{
	(void)reporter;
	fake.shown = done;
	fake.shown_to = self;
	atomic_fetch_add(&fake.shows, 1);
	return true;
}

void
reporter_forget(struct reporter *reporter, const void *self)
{
	(void)reporter;
	if (fake.shown_to == self)
		fake.shown = NULL;
	atomic_fetch_add(&fake.hidden, 1);
}

bool
keeper_renew(struct keeper *keeper, const char *name, keeper_done_fn *done,
    void *self, struct buf *error)
{
	(void)keeper;
	if (strcmp(name, "lab") == 0) {
		buf_puts(error, "nobody refreshes lab");
		return false;
	}
	fake.done = done;
	fake.self = self;
	text_copy(fake.name, sizeof(fake.name), name);
	atomic_fetch_add(&fake.asked, 1);
	return true;
}

bool
keeper_go_online(struct keeper *keeper, const char *name, keeper_done_fn *done,
    void *self, struct buf *error)
{
	return keeper_renew(keeper, name, done, self, error);
}

bool
keeper_commit_also(struct keeper *keeper, const char *name,
    keeper_done_fn *done, void *self, struct buf *error)
{
	(void)keeper;
	(void)error;
	atomic_fetch_add(&fake.joined, 1);
	done(self, strcmp(name, "lab") != 0, "read again, too");
	return true;
}

bool
keeper_commit(struct keeper *keeper, const char *name, keeper_done_fn *done,
    void *self, struct buf *error)
{
	if (atomic_load(&fake.at_once)) {
		done(self, true, "nothing to refresh");
		return true;
	}
	return keeper_renew(keeper, name, done, self, error);
}

void
keeper_forget(struct keeper *keeper, void *self)
{
	(void)keeper;
	if (fake.self == self)
		fake.done = NULL;
	atomic_fetch_add(&fake.forgotten, 1);
}

bool
keeper_hardware_data(struct keeper *keeper, const char *name, struct buf *out,
    struct buf *error)
{
	(void)keeper;
	(void)name;
	(void)error;
	buf_add(out, "a\0b\n", 4);
	return true;
}

void
keeper_history(const struct keeper *keeper, const char *name,
    struct history *out)
{
	(void)keeper;
	(void)name;
	out->count = 0;
}

static bool
reload(void *self, struct buf *error)
{
	atomic_fetch_add(&fake.reloads, 1);
	if (!*(bool *)self)
		buf_puts(error, "l.conf:3: bad");
	return *(bool *)self;
}

struct serving {
	char directory[64], path[96];
	struct board board;
	struct control *control;
	struct loop *loop;
	pthread_t thread;
	int wake[2]; /* 'd': done, 'f': done and false, 's': stop */
	bool config_good;
};

static void
wake_ask(void *self, struct loop_want *want)
{
	loop_want_fd(want, ((struct serving *)self)->wake[0], POLLIN);
}

static void
wake_tell(void *self, const struct loop_got *got)
{
	struct serving *s = self;
	char letter;

	if (got->count == 0 || got->fds[0].revents == 0 ||
	    read(s->wake[0], &letter, 1) != 1)
		return;
	if (letter == 's')
		loop_stop(s->loop);
	else if (letter == 'u' && fake.shown != NULL)
		fake.shown(fake.shown_to, &(struct usage_document){
			.bytes = "leaseline-stats 1\n", .len = 18, .url = "",
			.missing = ""});
	else if ((letter == 'd' || letter == 'f') && fake.done != NULL)
		fake.done(fake.self, letter == 'd', "this came of it");
}

static void *
run(void *self)
{
	loop_run(((struct serving *)self)->loop);
	return NULL;
}

static void
wake(struct serving *s, char letter)
{
	assert_int_equal(1, write(s->wake[1], &letter, 1));
}

static struct control_options
options_of(struct serving *s)
{
	return (struct control_options){.path = s->path,
		.group = "",
		.board = &s->board,
		.reload = reload,
		.self = &s->config_good};
}

static void
publish(struct serving *s)
{
	struct license_facts model = {.source = SOURCE_AUTHORITY,
		.configured = {-1, -1, -1, -1, -1, -1, -1, -1},
		.last_result = RESULT_NEVER, .last_refusal = REFUSAL_NONE,
		.last_duration_ms = -1, .on_change_exit = -1,
		.since = clock_wall()};
	static const char *const names[] = {"edge1", "edge2", "lab"};
	struct facts *facts = facts_new(3);

	for (size_t i = 0; i < 3; i++) {
		model.index = (int64_t)i + 1;
		model.source = i == 2 ? SOURCE_FILE : SOURCE_AUTHORITY;
		text_copy(model.name, sizeof(model.name), names[i]);
		facts->licenses[i] = license_facts_new(&model);
	}
	board_publish(&s->board, facts);
}

static int
start(void **state)
{
	static struct serving s;
	struct buf error;

	s = (struct serving){.directory = P_tmpdir "/control-XXXXXX",
		.config_good = true};
	fake.done = NULL;
	fake.self = NULL;
	atomic_store(&fake.asked, 0);
	atomic_store(&fake.forgotten, 0);
	atomic_store(&fake.reloads, 0);
	atomic_store(&fake.at_once, false);
	fake.shown = NULL;
	atomic_store(&fake.shows, 0);
	atomic_store(&fake.hidden, 0);
	buf_init(&error, 1024);
	assert_non_null(mkdtemp(s.directory));
	snprintf(s.path, sizeof(s.path), "%s/run/s", s.directory);
	board_init(&s.board);
	publish(&s);
	const struct control_options options = options_of(&s);
	s.control = control_open(&options, &error);
	if (s.control == NULL)
		fail_msg("%s", buf_text(&error));
	buf_fini(&error);
	assert_int_equal(0, pipe(s.wake));
	s.loop = loop_new();
	loop_add(s.loop, (struct loop_source){wake_ask, wake_tell, &s});
	loop_add(s.loop, control_source(s.control));
	assert_int_equal(0, pthread_create(&s.thread, NULL, run, &s));
	*state = &s;
	return 0;
}

static int
stop(void **state)
{
	struct serving *s = *state;
	char directory[80];

	wake(s, 's');
	pthread_join(s->thread, NULL);
	control_close(s->control);
	loop_free(s->loop);
	board_fini(&s->board);
	close(s->wake[0]);
	close(s->wake[1]);
	snprintf(directory, sizeof(directory), "%s/run", s->directory);
	assert_int_equal(0, rmdir(directory)); /* the socket is gone too */
	assert_int_equal(0, rmdir(s->directory));
	return 0;
}

static int
dial(struct serving *s)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	text_copy(address.sun_path, sizeof(address.sun_path), s->path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
ask(struct serving *s, const char *request)
{
	int fd = dial(s);

	assert_int_not_equal(fd, -1);
	assert_int_equal((ssize_t)strlen(request),
	    send(fd, request, strlen(request), MSG_NOSIGNAL));
	return fd;
}

static void
hear(int fd, struct buf *out)
{
	char bytes[4096];
	ssize_t n;

	buf_init(out, 1048576);
	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		buf_add(out, bytes, (size_t)n);
	close(fd);
}

static void
expect(struct serving *s, const char *request, const char *answer)
{
	struct buf out;

	hear(ask(s, request), &out);
	if (strstr(buf_text(&out), answer) == NULL)
		fail_msg("'%s' is not in: %s", answer, buf_text(&out));
	buf_fini(&out);
}

static void
until(atomic_int *counter, int value)
{
	for (int i = 0; i < 5000 && atomic_load(counter) < value; i++)
		usleep(1000);
	assert_int_equal(atomic_load(counter), value);
}

static void
reading_verbs_are_answered(void **state)
{
	struct buf out;

	expect(*state, MAGIC "show\nlicense\n\n", "No license is installed");
	expect(*state, MAGIC "show\nlicense\n--all\n\n", "\nedge2: No license");
	expect(*state, MAGIC "show\nlicense\nedge3\n\n", "edge1 edge2 lab\n");
	expect(*state, MAGIC "show\nlicense_status\nedge2\n\n",
	    "\nLicense:       edge2\n");
	expect(*state, MAGIC "show\nlicense\n--json\n\n",
	    "\"licensed_bandwidth\": 0,");
	hear(ask(*state, MAGIC "show\nlicense_hardware_data\n\n"), &out);
	assert_int_equal(out.len, strlen("0 4 0\n") + 4);
	assert_memory_equal(out.data, "0 4 0\na\0b\n", out.len);
	buf_fini(&out);
}

static void
what_is_no_request_is_told_so(void **state)
{
	static char large[4096];

	expect(*state, "GET / HTTP/1.1\r\n\n\n", "2 0 ");
	expect(*state, MAGIC "shew\n\n", "unknown command 'shew'");
	memset(large, 'x', sizeof(large) - 1);
	int fd = ask(*state, large);
	assert_int_equal(1, send(fd, "x", 1, MSG_NOSIGNAL));
	struct buf out;
	hear(fd, &out);
	assert_non_null(strstr(buf_text(&out), "not a request"));
	buf_fini(&out);
}

static void
a_renewal_waits_for_the_keeper(void **state)
{
	struct buf out;
	int fd = ask(*state, MAGIC "set\nrenew_license\nedge2\n\n");

	until(&fake.asked, 1);
	assert_string_equal(fake.name, "edge2");
	expect(*state, MAGIC "show\nlicense\n\n", "No license"); /* meanwhile */
	wake(*state, 'd');
	hear(fd, &out);
	assert_string_equal(buf_text(&out), "0 16 0\nthis came of it\n");
	buf_fini(&out);
	fd = ask(*state, MAGIC "set\nrenew_license\n\n");
	until(&fake.asked, 2);
	wake(*state, 'f');
	hear(fd, &out);
	assert_string_equal(buf_text(&out), "1 0 16\nthis came of it\n");
	buf_fini(&out);
	expect(*state, MAGIC "set\nrenew_license\nlab\n\n",
	    "1 0 21\nnobody refreshes lab");
}

static void
the_usage_report_is_its_bytes_and_a_note_apart(void **state)
{
	struct buf out;
	int fd = ask(*state, MAGIC "show\nlicense_stats\n\n");

	until(&fake.shows, 1);
	expect(*state, MAGIC "show\nlicense\n\n", "No license"); /* meanwhile */
	wake(*state, 'u');
	hear(fd, &out);
	assert_non_null(strstr(buf_text(&out),
	    "\nleaseline-stats 1\nnote: usage reports are switched off"));
	assert_memory_equal(buf_text(&out), "0 18 ", 5);
	buf_fini(&out);
	fd = ask(*state, MAGIC "show\nlicense_stats\n--json\n\n");
	until(&fake.shows, 2);
	wake(*state, 'u');
	hear(fd, &out);
	assert_non_null(strstr(buf_text(&out),
	    "\"document\": \"leaseline-stats 1\\n\""));
	buf_fini(&out);
	/* One that is gone is not told. */
	int before = atomic_load(&fake.hidden);
	fd = ask(*state, MAGIC "show\nlicense_stats\n\n");
	until(&fake.shows, 3);
	close(fd);
	until(&fake.hidden, before + 1);
	wake(*state, 'u');
	expect(*state, MAGIC "show\nlicense\n\n", "No license");
}

static void
commit_reads_the_configuration_first(void **state)
{
	struct serving *s = *state;

	atomic_store(&fake.at_once, true);
	expect(s, MAGIC "commit\n\n", "0 19 0\nnothing to refresh\n");
	assert_int_equal(1, atomic_load(&fake.reloads));
	s->config_good = false;
	expect(s, MAGIC "commit\n--json\n\n", "\"success\": false");
	expect(s, MAGIC "commit\n\n", "l.conf:3: bad");
	assert_int_equal(0, atomic_load(&fake.asked));
}

static void
a_name_that_no_license_has_is_wrong_usage(void **state)
{
	static const char *const verbs[] = {"set\nrenew_license\nnosuch\n\n",
		"set\nrenew_license\n--online\nnosuch\n\n",
		"commit\nnosuch\n\n", "show\nlicense\nnosuch\n\n",
		"show\nlicense_history\nnosuch\n\n",
		"show\nlicense_hardware_data\nnosuch\n\n"};
	char request[128];

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		snprintf(request, sizeof(request), MAGIC "%s", verbs[i]);
		expect(*state, request, "2 0 80\nthere is no license 'nosuch' "
		    "in the configuration; give one of: edge1 edge2 lab\n");
	}
	assert_int_equal(atomic_load(&fake.asked), 0);
}

/* Those that nobody refreshes, too. */
static void
a_commit_of_all_waits_for_each(void **state)
{
	atomic_store(&fake.at_once, true);
	expect(*state, MAGIC "commit\n--all\n\n", "1 0 70\n"
	    "edge1: nothing to refresh\nedge2: read again, too\n"
	    "lab: read again, too\n");
	assert_int_equal(atomic_load(&fake.joined), 2);
}

static void
a_client_that_vanishes_is_forgotten(void **state)
{
	for (int i = 1; i <= 40; i++) {
		int fd = ask(*state, MAGIC "set\nrenew_license\n\n");

		until(&fake.asked, i);
		close(fd);
		until(&fake.forgotten, i);
	}
	wake(*state, 'd'); /* nobody is there to hear it */
	expect(*state, MAGIC "show\nlicense\n\n", "No license");
}

static void
a_keeper_that_never_speaks_keeps_nobody(void **state)
{
	struct buf out;
	int fd = ask(*state, MAGIC "set\nrenew_license\n\n");

	until(&fake.asked, 1);
	atomic_fetch_add(&boot_s, KEEPER_RENEW_WAIT_S + 11);
	wake(*state, 'x');
	hear(fd, &out);
	assert_non_null(strstr(buf_text(&out), "takes longer"));
	assert_int_equal(1, atomic_load(&fake.forgotten));
	buf_fini(&out);
}

/* What was sent is read: whoever sent it has a place. */
static void
until_read(int fd)
{
	int unread = 1;

	while (ioctl(fd, SIOCOUTQ, &unread) == 0 && unread > 0)
		usleep(1000);
	assert_int_equal(unread, 0);
}

static void
slow_clients_lose_their_place_and_root_has_one(void **state)
{
	struct buf out;
	int idle[CONTROL_CLIENTS_MAX];

	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		idle[i] = ask(*state, MAGIC);
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		until_read(idle[i]);
	/* All places are taken: this one waits in the queue. */
	int fd = ask(*state, MAGIC "show\nlicense\n\n");
	atomic_fetch_add(&boot_s, CONTROL_SEND_S + 1);
	wake(*state, 'x');
	hear(fd, &out);
	assert_non_null(strstr(buf_text(&out), "No license"));
	buf_fini(&out);
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		hear(idle[i], &out);
		assert_int_equal(out.len, 0);
		buf_fini(&out);
	}
}

/* In a child without rights; its exit code: 0 refused, as it must be. */
static int
try_as_nobody(struct serving *s)
{
	char bytes[256] = "";
	const char *request = MAGIC "set\nrenew_license\n\n";

	if (setgid(65534) != 0 || setuid(65534) != 0)
		return 2;
	int fd = dial(s);
	if (fd == -1 || send(fd, request, strlen(request), 0) < 0)
		return 3;
	if (recv(fd, bytes, sizeof(bytes) - 1, MSG_WAITALL) <= 0)
		return 4;
	return strstr(bytes, "use sudo") != NULL && bytes[0] == '1' ? 0 : 5;
}

static void
others_may_read_and_not_change(void **state)
{
	struct serving *s = *state;
	int status;

	if (geteuid() != 0) {
		print_message("skipped: only root may be another user\n");
		skip();
	}
	assert_int_equal(0, chmod(s->directory, 0755));
	pid_t child = fork();
	if (child == 0)
		_exit(try_as_nobody(s));
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
	assert_int_equal(0, atomic_load(&fake.asked));
}

static void
what_lies_at_the_path_decides(void **state)
{
	struct serving *s = *state, other = {.config_good = true};
	struct control_options options = options_of(s);
	struct buf error;
	struct stat status;

	buf_init(&error, 1024);
	assert_int_equal(0, stat(s->path, &status));
	assert_int_equal(status.st_mode & 0777, 0666);
	assert_null(control_open(&options, &error));
	assert_non_null(strstr(buf_text(&error), "another process"));

	/* A socket that nobody serves any more. */
	snprintf(other.path, sizeof(other.path), "%s/old", s->directory);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	text_copy(address.sun_path, sizeof(address.sun_path), other.path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(0, bind(fd, (struct sockaddr *)&address,
		sizeof(address)));
	close(fd);
	options.path = other.path;
	buf_clear(&error);
	struct control *second = control_open(&options, &error);
	assert_non_null(second);
	control_close(second);

	FILE *file = fopen(other.path, "w");
	assert_non_null(file);
	fclose(file);
	assert_null(control_open(&options, &error));
	assert_non_null(strstr(buf_text(&error), "is not a socket"));
	assert_int_equal(0, unlink(other.path)); /* it was left alone */
	buf_fini(&error);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SERVED(reading_verbs_are_answered),
		SERVED(what_is_no_request_is_told_so),
		SERVED(a_renewal_waits_for_the_keeper),
		SERVED(the_usage_report_is_its_bytes_and_a_note_apart),
		SERVED(commit_reads_the_configuration_first),
		SERVED(a_name_that_no_license_has_is_wrong_usage),
		SERVED(a_commit_of_all_waits_for_each),
		SERVED(a_client_that_vanishes_is_forgotten),
		SERVED(a_keeper_that_never_speaks_keeps_nobody),
		SERVED(slow_clients_lose_their_place_and_root_has_one),
		SERVED(others_may_read_and_not_change),
		SERVED(what_lies_at_the_path_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
