/* SPDX-License-Identifier: ISC */
/* One reading verb over the files, without loop, network or a write. */
#include "agent/once.h"

#include <errno.h>
#include <unistd.h>

#include "agent/config.h"
#include "agent/execute.h"
#include "license/base/buf.h"
#include "license/command.h"
#include "license/keeper/view.h"

static void
put(int fd, const struct buf *bytes)
{
	size_t done = 0;

	while (done < bytes->len) {
		ssize_t n = write(fd, bytes->data + done, bytes->len - done);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		done += (size_t)n;
	}
}

static int
answer(const struct config *config, const struct command *command,
    struct buf *out, struct buf *err)
{
	struct board board;
	int code = COMMAND_EXIT_ABSENT;

	board_init(&board);
	const struct keeper_options options = {
		.state_directory = config->agent.state_dir,
		.licenses = config->licenses,
		.license_count = config->license_count,
		.board = &board,
	};
	struct keeper *keeper = keeper_open_reading(&options, err);
	if (keeper == NULL) {
		buf_putc(err, '\n');
	} else {
		struct view *view = view_take(&board);

		code = execute_reading(command, view, keeper, out, err);
		view_free(view);
		keeper_free(keeper);
	}
	board_fini(&board);
	return code;
}

static int
run(const char *config_path, size_t count, const char *const *words,
    struct buf *out, struct buf *err)
{
	struct command command;
	struct config config;

	if (!command_parse(count, words, &command, err)) {
		buf_putc(err, '\n');
		return COMMAND_EXIT_USAGE;
	}
	if (command_row(command.verb)->changes) {
		buf_puts(err, "the agent must run for this: systemctl start "
			      "leaselined\n");
		return COMMAND_EXIT_ABSENT;
	}
	if (!config_load(config_path, &config, err)) {
		buf_putc(err, '\n');
		return COMMAND_EXIT_ABSENT;
	}
	int code = answer(&config, &command, out, err);
	config_fini(&config);
	return code;
}

int
once_run(const char *config_path, size_t count, const char *const *words)
{
	struct buf out, err;

	buf_init(&out, EXECUTE_OUT_MAX);
	buf_init(&err, EXECUTE_ERR_MAX);
	int code = run(config_path, count, words, &out, &err);
	put(STDOUT_FILENO, &out);
	put(STDERR_FILENO, &err);
	buf_fini(&out);
	buf_fini(&err);
	return code;
}
