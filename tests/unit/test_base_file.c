/* SPDX-License-Identifier: ISC */
/* Whole files: caps, FIFOs, full disks, owners of names, locks. */
#include "license/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "license/base/buf.h"

static char directory[64];
static char path[96], temp[96];

static int
set_up(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "%s", "test_file.XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/a", directory);
	snprintf(temp, sizeof(temp), "%s/.a.new", directory);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(path);
	unlink(temp);
	return rmdir(directory);
}

static void
assert_contents(const char *expected)
{
	struct buf b;

	buf_init(&b, 100000);
	assert_int_equal(file_read(path, &b), 0);
	assert_string_equal(buf_text(&b), expected);
	buf_fini(&b);
}

static void
a_replaced_file_has_the_new_bytes_and_mode(void **state)
{
	(void)state;
	struct stat st;
	mode_t mask = umask(077);

	assert_int_equal(file_replace(path, "one", 3, 0644), 0);
	umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_contents("one");
	assert_int_equal(file_replace(path, "", 0, 0600), 0);
	assert_contents("");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(access(temp, F_OK), -1);
}

static void
a_file_over_the_cap_is_refused(void **state)
{
	(void)state;
	struct buf b;

	assert_int_equal(file_replace(path, "12345", 5, 0600), 0);
	buf_init(&b, 5);
	assert_int_equal(file_read(path, &b), 0);
	buf_fini(&b);
	buf_init(&b, 4);
	assert_int_equal(file_read(path, &b), -1);
	assert_int_equal(errno, EFBIG);
	buf_fini(&b);
}

static void
what_is_not_a_regular_file_is_not_read(void **state)
{
	(void)state;
	struct buf b;

	buf_init(&b, 100);
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(20);
	assert_int_equal(file_read(path, &b), -1);
	assert_int_equal(errno, EINVAL);
	alarm(0);
	assert_int_equal(file_read(directory, &b), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(file_read("/dev/zero", &b), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(file_read("/nonexistent/x", &b), -1);
	assert_int_equal(errno, ENOENT);
	buf_fini(&b);
}

static void
a_full_disk_leaves_the_old_file_and_no_temp_file(void **state)
{
	(void)state;
	struct rlimit old, small = {.rlim_cur = 100};
	char big[200] = "";

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(file_replace(path, "old", 3, 0600), 0);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	int result = file_replace(path, big, sizeof(big), 0600);
	int why = errno;
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(result, -1);
	assert_int_equal(why, EFBIG);
	assert_contents("old");
	assert_int_equal(access(temp, F_OK), -1);
}

static void
a_stale_temp_file_or_link_is_removed_and_not_followed(void **state)
{
	(void)state;
	char victim[128];

	snprintf(victim, sizeof(victim), "%s/victim", directory);
	assert_int_equal(file_replace(victim, "safe", 4, 0600), 0);
	assert_int_equal(symlink("victim", temp), 0);
	assert_int_equal(file_replace(path, "new", 3, 0600), 0);
	assert_contents("new");
	struct buf b;
	buf_init(&b, 100);
	assert_int_equal(file_read(victim, &b), 0);
	assert_string_equal(buf_text(&b), "safe");
	buf_fini(&b);
	assert_int_equal(file_remove(victim), 0);
}

static void
the_owner_of_a_replaced_file_is_kept_by_root(void **state)
{
	(void)state;
	struct stat st;

	if (geteuid() != 0) {
		print_message("skipped: only root may give files away\n");
		skip();
	}
	assert_int_equal(file_replace(path, "a", 1, 0600), 0);
	assert_int_equal(chown(path, 12345, 23456), 0);
	assert_int_equal(file_replace(path, "b", 1, 0640), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 12345);
	assert_int_equal(st.st_gid, 23456);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void
a_bad_directory_or_name_is_an_error(void **state)
{
	(void)state;
	char name[400];

	assert_int_equal(file_replace("/nonexistent/x", "a", 1, 0600), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(file_replace("/proc/x", "a", 1, 0600), -1);
	assert_int_equal(file_replace("x/", "a", 1, 0600), -1);
	assert_int_equal(errno, EINVAL);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(file_replace(name, "a", 1, 0600), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(file_replace(path, "a", 1, 0600), -1);
	assert_int_equal(access(temp, F_OK), -1);
	assert_int_equal(rmdir(path), 0);
}

static void
removing_what_is_absent_is_success(void **state)
{
	(void)state;
	assert_int_equal(file_remove(path), 0);
	assert_int_equal(file_replace(path, "a", 1, 0600), 0);
	assert_int_equal(file_remove(path), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(file_remove("/nonexistent/x"), 0);
}

static void
a_renamed_file_is_at_its_new_name_only(void **state)
{
	(void)state;
	assert_int_equal(file_replace(temp, "moved", 5, 0600), 0);
	assert_int_equal(file_rename(temp, path), 0);
	assert_contents("moved");
	assert_int_equal(access(temp, F_OK), -1);
	assert_int_equal(file_rename(temp, path), -1);
	assert_int_equal(errno, ENOENT);
}

static void
a_lock_is_held_once(void **state)
{
	(void)state;
	int fd = file_lock(path);

	assert_true(fd >= 0);
	assert_int_equal(file_lock(path), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	close(fd);
	fd = file_lock(path);
	assert_true(fd >= 0);
	close(fd);
}

static void
a_directory_is_made_once_and_a_file_in_its_place_is_an_error(void **state)
{
	(void)state;
	struct stat st;
	mode_t mask = umask(077);

	assert_int_equal(file_directory(path, 0750), 0);
	umask(mask);
	assert_int_equal(file_directory(path, 0750), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(file_replace(path, "", 0, 0600), 0);
	assert_int_equal(file_directory(path, 0750), -1);
	assert_int_equal(errno, ENOTDIR);
}

static void
a_replaced_or_rewritten_file_has_another_identity(void **state)
{
	(void)state;
	struct file_identity a, b;
	static const struct file_identity none;

	memset(&a, 0xFF, sizeof(a));
	assert_false(file_identify(path, &a));
	assert_true(file_same(&a, &none));
	assert_int_equal(file_replace(path, "1", 1, 0600), 0);
	assert_true(file_identify(path, &a));
	assert_true(file_identify(path, &b));
	assert_true(file_same(&a, &b));
	assert_false(file_same(&a, &none));
	assert_int_equal(file_replace(path, "1", 1, 0600), 0);
	assert_true(file_identify(path, &b));
	assert_false(file_same(&a, &b));
}

static void
a_line_is_put_at_the_end_and_not_to_a_torn_one(void **state)
{
	struct buf text;

	(void)state;
	assert_int_equal(file_append_line(path, "a\n", 2, 0600), 2);
	assert_int_equal(file_append_line(path, "b\n", 2, 0600), 4);
	assert_int_equal(truncate(path, 3), 0);
	assert_int_equal(file_append_line(path, "c\n", 2, 0600), 6);
	buf_init(&text, 100);
	assert_int_equal(file_read(path, &text), 0);
	assert_string_equal(buf_text(&text), "a\nb\nc\n");
	buf_fini(&text);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(file_append_line(path, "d\n", 2, 0600), -1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(file_append_line(path, "d\n", 2, 0600), -1);
}

#define IN_DIRECTORY(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(a_replaced_file_has_the_new_bytes_and_mode),
		IN_DIRECTORY(a_file_over_the_cap_is_refused),
		IN_DIRECTORY(what_is_not_a_regular_file_is_not_read),
		IN_DIRECTORY(a_full_disk_leaves_the_old_file_and_no_temp_file),
		IN_DIRECTORY(
		    a_stale_temp_file_or_link_is_removed_and_not_followed),
		IN_DIRECTORY(the_owner_of_a_replaced_file_is_kept_by_root),
		IN_DIRECTORY(a_bad_directory_or_name_is_an_error),
		IN_DIRECTORY(a_line_is_put_at_the_end_and_not_to_a_torn_one),
		IN_DIRECTORY(removing_what_is_absent_is_success),
		IN_DIRECTORY(a_renamed_file_is_at_its_new_name_only),
		IN_DIRECTORY(a_lock_is_held_once),
		IN_DIRECTORY(
		    a_directory_is_made_once_and_a_file_in_its_place_is_an_error
		    ),
		IN_DIRECTORY(a_replaced_or_rewritten_file_has_another_identity),
	};

	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
