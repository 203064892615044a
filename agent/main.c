/* SPDX-License-Identifier: ISC */
/*
 * leaselined: wiring. Three threads and four things between them: the board,
 * the notices, their acknowledgements, the counters. It decides nothing.
 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/announce.h"
#include "agent/config.h"
#include "agent/consult.h"
#include "agent/control.h"
#include "agent/notices.h"
#include "agent/poll_user.h"
#include "agent/once.h"
#include "agent/scrape.h"
#include "agent/snmp.h"
#include "agent/tester.h"
#include "exporter/web.h"
#include "license/base/buf.h"
#include "license/base/log.h"
#include "license/base/loop.h"
#include "license/base/notify.h"
#include "license/keeper/keeper.h"
#include "license/keeper/reporter.h"
#include "license/keeper/view.h"

enum { SUBTREE_STOP_MS = 1000, ERROR_MAX = 2048, MMAP_THRESHOLD = 131072 };

static struct daemon {
	const char *config_path;
	struct config config;
	struct board board;
	struct loop *loop;
	struct keeper *keeper;
	struct reporter *reporter;
	struct notices *notices;
	struct web *web;
	struct consult *consult;
	struct control *control;
	struct subtree *subtree;
	struct tester tester;
	int signal_fd;
	bool status_due; /* once a round, however many licenses turned */
} the;

static const char usage_text[] =
    "usage: leaselined [-n] [-c FILE]\n"
    "       leaselined [-c FILE] --once WORD ...\n"
    "       leaselined --manager FILE TARGET\n"
    "  -c, --config FILE  configuration (default " CONFIG_PATH ")\n"
    "  -n                 print the configuration as understood, and exit\n"
    "  --once WORD ...    answer one command of fcli from the files, and exit\n"
    "  --manager FILE TARGET  ask an SNMP master as the user of FILE, for fcli\n"
    "  -V, --version      print the version\n";

/* What systemctl status shows; with the watchdog's sign at every beat. */
static void
tell_manager(struct daemon *d, const char *sign)
{
	char status[256];
	struct view *view = view_take(&d->board);

	if (view == NULL)
		return;
	int worst = report_worst(view->reports, view->count);
	if (worst >= 0)
		snprintf(status, sizeof(status), "%sSTATUS=%s: %s", sign,
		    view->reports[worst].name, names_sentence(NAMES_STATE,
			view->reports[worst].state));
	else
		snprintf(status, sizeof(status), "%s", sign);
	notify_send(status);
	view_free(view);
}

static void
on_edges(void *self, const struct report *report, const struct edges *edges)
{
	struct daemon *d = self;

	if (d->subtree != NULL)
		announce_edges(d->notices, &d->board, report, edges);
	d->status_due = true;
}

static void
on_beat(void *self)
{
	struct daemon *d = self;

	tell_manager(d, "WATCHDOG=1\n");
	/* The first beat comes before the faces. */
	if (d->web != NULL)
		web_look(d->web);
}

static void
warn_of_restart(const struct config *now, const struct config *before)
{
	const struct config_exporter *e = &now->exporter;

	if (memcmp(&e->listen, &before->exporter.listen,
		sizeof(e->listen)) != 0 ||
	    e->max_connections != before->exporter.max_connections ||
	    e->requests_per_second != before->exporter.requests_per_second ||
	    memcmp(&now->snmp, &before->snmp, sizeof(now->snmp)) != 0 ||
	    strcmp(now->agent.control_socket,
		before->agent.control_socket) != 0 ||
	    strcmp(now->agent.state_dir, before->agent.state_dir) != 0)
		log_warn("listen, max-connections, requests-per-second, "
			 "[snmp], control-socket and state-dir take effect at "
			 "the next start of the agent");
}

/* Whole or not at all: a bad file leaves everything as it was. */
static bool
reload(void *self, struct buf *error)
{
	struct daemon *d = self;
	struct config config;
	bool good = config_load(d->config_path, &config, error);

	if (good && (!config_check_files(&config, error) ||
			!scrape_may_change(&d->config, &config, error) ||
			!keeper_reconfigure(d->keeper, config.licenses,
			    config.license_count, error) ||
			!scrape_change(d->web, &config, error))) {
		config_fini(&config);
		good = false;
	}
	keeper_config_result(d->keeper, good);
	if (!good)
		return false;
	warn_of_restart(&config, &d->config);
	if (log_open(config.agent.log_file, "leaselined",
		(enum log_level)config.agent.log_level) == -1)
		log_error("log-file: %s: %s", config.agent.log_file,
		    strerror(errno));
	reporter_configure(d->reporter, &config.stats);
	config_fini(&d->config);
	d->config = config;
	config_forget_licenses(&d->config);
	log_info("The configuration was read again");
	return true;
}

static void
on_hangup(struct daemon *d)
{
	struct buf error;

	buf_init(&error, ERROR_MAX);
	notify_send("RELOADING=1");
	if (!reload(d, &error))
		log_error("The configuration stays as it was: %s",
		    buf_text(&error));
	notify_send("READY=1");
	buf_fini(&error);
}

static void
signals_ask(void *self, struct loop_want *want)
{
	struct daemon *d = self;

	if (d->status_due)
		tell_manager(d, "");
	d->status_due = false;
	loop_want_fd(want, d->signal_fd, POLLIN);
}

static void
signals_tell(void *self, const struct loop_got *got)
{
	struct daemon *d = self;
	struct signalfd_siginfo info;

	if (got->count == 0 || got->fds[0].revents == 0)
		return;
	while (read(d->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			on_hangup(d);
		else if (info.ssi_signo == SIGUSR1)
			(void)log_reopen();
		else
			loop_stop(d->loop);
	}
}

static void
acks_ask(void *self, struct loop_want *want)
{
	loop_want_fd(want, notices_ack_fd(((struct daemon *)self)->notices),
	    POLLIN);
}

static void
take_acks(struct daemon *d)
{
	struct notice_ack ack;

	while (notices_take_ack(d->notices, &ack)) {
		announce_acknowledged(d->notices, &d->board, d->keeper, &ack);
		if (ack.tested == 0)
			continue;
		tester_sent(&d->tester, ack.tested);
		control_tested(d->control, ack.tested);
	}
}

static void
acks_tell(void *self, const struct loop_got *got)
{
	if (got->count > 0 && got->fds[0].revents != 0)
		take_acks(self);
}

/* Before any thread starts, so that all inherit the mask. */
static int
take_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	/* Who starts us may ignore it; then no child could be waited for. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static bool
start_keeper(struct daemon *d, struct buf *error)
{
	struct keeper_options options = {
		.state_directory = d->config.agent.state_dir,
		.licenses = d->config.licenses,
		.license_count = d->config.license_count,
		.board = &d->board,
		.edges = on_edges,
		.beat = on_beat,
		.self = d,
	};

	board_init(&d->board);
	d->notices = notices_new();
	d->loop = loop_new();
	if (d->notices == NULL || d->loop == NULL) {
		buf_puts(error, "out of descriptors or memory");
		return false;
	}
	d->keeper = keeper_new(&options, error);
	if (d->keeper == NULL)
		return false;
	config_forget_licenses(&d->config);
	d->reporter = reporter_new(d->keeper, &d->config.stats);
	d->consult = consult_new(d->config_path, &d->board);
	if (d->reporter == NULL || d->consult == NULL)
		buf_puts(error, "out of memory");
	return d->reporter != NULL && d->consult != NULL;
}

static void
tell_listeners(struct daemon *d)
{
	struct buf list;

	buf_init(&list, 4096);
	for (size_t i = 0; web_address(d->web, i)[0] != '\0'; i++)
		buf_printf(&list, "%s%s", i == 0 ? "" : ",",
		    web_address(d->web, i));
	consult_listeners(d->consult, buf_text(&list));
	buf_fini(&list);
}

static bool
start_faces(struct daemon *d, struct buf *error)
{
	struct control_options control = {
		.path = d->config.agent.control_socket,
		.group = d->config.agent.user_group,
		.board = &d->board,
		.keeper = d->keeper,
		.reporter = d->reporter,
		.tester = &d->tester,
		.consult = d->consult,
		.reload = reload,
		.self = d,
	};
	struct subtree_options subtree = {
		.master = d->config.snmp.agentx_socket,
		.ping_interval_s = d->config.snmp.ping_interval_s,
		.state_directory = d->config.agent.state_dir,
		.board = &d->board,
		.notices = d->notices,
	};

	d->tester = (struct tester){.board = &d->board,
		.notices = d->notices,
		.master = d->config.snmp.enabled ?
		    subtree.master : NULL};
	d->web = scrape_start(&d->config, &d->board, LEASELINE_REVISION, error);
	if (d->web == NULL)
		return false;
	tell_listeners(d);
	d->control = control_open(&control, error);
	if (d->control == NULL)
		return false;
	if (!d->config.snmp.enabled)
		return true;
	d->subtree = subtree_start(&subtree, error);
	return d->subtree != NULL;
}

static void
stop(struct daemon *d)
{
	notify_send("STOPPING=1");
	control_close(d->control);
	d->control = NULL;
	consult_free(d->consult);
	web_stop(d->web);
	bool hangs = d->subtree != NULL &&
	    subtree_stop(d->subtree, SUBTREE_STOP_MS) == -1;
	/* What was sent last is not sent again at the next start. */
	take_acks(d);
	reporter_free(d->reporter);
	keeper_free(d->keeper);
	log_info("leaselined stopped%s", hangs ? "; the SNMP master hangs" : "");
	/* What a thread that hangs may still look at must not be freed. */
	if (hangs)
		_exit(EXIT_SUCCESS);
	notices_free(d->notices);
	loop_free(d->loop);
	board_fini(&d->board);
	config_fini(&d->config);
}

static int
serve(struct daemon *d, struct buf *error)
{
	d->signal_fd = take_signals();
	if (d->signal_fd == -1) {
		buf_printf(error, "signalfd: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	umask(027);
	/* Fixed: else what a page of many licenses took is not given back. */
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	if (log_open(d->config.agent.log_file, "leaselined",
		(enum log_level)d->config.agent.log_level) == -1) {
		buf_printf(error, "log-file: %s: %s", d->config.agent.log_file,
		    strerror(errno));
		return EXIT_FAILURE;
	}
	log_info("leaselined %s started", LEASELINE_VERSION);
	if (!start_keeper(d, error) || !start_faces(d, error)) {
		log_error("%s", buf_text(error));
		return EXIT_FAILURE;
	}
	if (d->subtree != NULL)
		announce_start(d->notices, &d->board);
	loop_add(d->loop, (struct loop_source){signals_ask, signals_tell, d});
	loop_add(d->loop, (struct loop_source){acks_ask, acks_tell, d});
	loop_add(d->loop, control_source(d->control));
	loop_add(d->loop, consult_source(d->consult));
	loop_add(d->loop, keeper_jobs_source(d->keeper));
	/* Last: what the others asked for starts in the same round. */
	loop_add(d->loop, reporter_source(d->reporter));
	loop_add(d->loop, keeper_source(d->keeper));
	notify_send("READY=1");
	if (loop_run(d->loop) == -1) {
		buf_printf(error, "poll: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	stop(d);
	return EXIT_SUCCESS;
}

static int
print_config(const struct config *config)
{
	struct buf out;

	buf_init(&out, CONFIG_MAX);
	config_print(config, &out);
	fputs(buf_text(&out), stdout);
	buf_fini(&out);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"once", no_argument, NULL, 'o'},
		{"manager", no_argument, NULL, 'm'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	bool print = false, once = false, manager = false;
	struct buf error;
	int letter, status;

	the.config_path = CONFIG_PATH;
	while ((letter = getopt_long(argc, argv, "+c:nVh", options, NULL)) !=
	    -1) {
		if (letter == 'V' || letter == 'h') {
			puts(letter == 'h' ? usage_text :
				"leaselined " LEASELINE_VERSION);
			return EXIT_SUCCESS;
		}
		if (letter == '?') {
			fputs(usage_text, stderr);
			return 2;
		}
		print |= letter == 'n';
		once |= letter == 'o';
		manager |= letter == 'm';
		if (letter == 'c')
			the.config_path = optarg;
	}
	if (manager && argc - optind == 2)
		return poll_user_run(argv[optind], argv[optind + 1]);
	if (optind < argc && !once) {
		fprintf(stderr, "leaselined: '%s' is not an option\n%s",
		    argv[optind], usage_text);
		return 2;
	}
	buf_init(&error, ERROR_MAX);
	if (once)
		status = once_run(the.config_path, (size_t)(argc - optind),
		    (const char *const *)argv + optind);
	else if (!config_load(the.config_path, &the.config, &error))
		status = 2;
	else if (!config_check_files(&the.config, &error))
		status = 2;
	else if (print)
		status = print_config(&the.config);
	else
		status = serve(&the, &error);
	if (error.len > 0)
		fprintf(stderr, "leaselined: %s\n", buf_text(&error));
	buf_fini(&error);
	return status;
}
