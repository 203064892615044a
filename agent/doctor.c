/* SPDX-License-Identifier: ISC */
/* The order in which the doctor looks, and the one bound on all of it. */
#include "agent/doctor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/look.h"
#include "agent/mib.h"
#include "license/base/buf.h"
#include "license/command.h"
#include "license/doctor.h"
#include "license/json.h"

/* What hangs, should it: read by a signal handler. */
static const char *volatile looking_at = "the configuration";

static void
too_late(int signal_number)
{
	static const char head[] = "fcli: the doctor could not finish: it "
	    "waits for ";

	(void)signal_number;
	(void)!write(STDERR_FILENO, head, sizeof(head) - 1);
	(void)!write(STDERR_FILENO, looking_at, strlen(looking_at));
	(void)!write(STDERR_FILENO, "\n", 1);
	_exit(COMMAND_EXIT_ABSENT);
}

static bool
look_configuration(const char *path, struct config *config,
    struct doctor_found *found)
{
	struct doctor_configuration *c = &found->configuration;
	struct buf error;

	text_copy(c->path, sizeof(c->path), path);
	buf_init(&error, 4096);
	c->state = FILE_GOOD;
	if (!config_load(path, config, &error))
		c->state = access(path, R_OK) == 0 ? FILE_BAD :
		    errno == EACCES ? FILE_DENIED : FILE_ABSENT;
	text_copy(c->error, sizeof(c->error), buf_text(&error));
	buf_fini(&error);
	return c->state == FILE_GOOD;
}

/* Only where it is what is complained of. */
static void
find_closed(const struct config *config, struct doctor_configuration *c)
{
	for (size_t i = 0; i < config->license_count; i++) {
		const char *path = config->licenses[i].api_password_file;

		if (path[0] != '\0' && strstr(c->error, path) != NULL &&
		    access(path, R_OK) == -1 && errno == EACCES)
			text_copy(c->closed, sizeof(c->closed), path);
	}
}

/* As the agent sees them; who may not look cannot call them bad. */
static bool
look_named_files(const struct config *config, struct doctor_found *found)
{
	struct doctor_configuration *c = &found->configuration;
	struct buf error;

	buf_init(&error, 4096);
	if (!config_check_files(config, &error)) {
		c->state = FILE_BAD;
		text_copy(c->error, sizeof(c->error), buf_text(&error));
		find_closed(config, c);
	}
	buf_fini(&error);
	return c->state == FILE_GOOD;
}

/* The licenses to look at: all, or the one named. False: no such. */
static bool
take_names(const struct config *config, const char *name,
    struct doctor_found *found)
{
	for (size_t i = 0; i < config->license_count; i++) {
		if (name[0] != '\0' &&
		    strcmp(config->licenses[i].name, name) != 0)
			continue;
		found->license_total++;
		if (found->license_count == DOCTOR_LICENSES_MAX)
			continue;
		struct doctor_license *l =
		    &found->licenses[found->license_count++];
		text_copy(l->name, sizeof(l->name), config->licenses[i].name);
	}
	return name[0] == '\0' || found->license_count > 0;
}

static void
name_root(char *out, size_t size)
{
	const struct mib_oid *root = mib_root();
	size_t len = 0;

	for (size_t i = 0; i < root->len && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, ".%u",
		    (unsigned)root->id[i]);
}

static void
look(const struct config *config, struct doctor_found *found)
{
	looking_at = "the user database";
	look_caller(config, found);
	bool as_agent = found->agent.told || look_become(config);
	looking_at = "the files that the configuration names";
	if (as_agent && !look_named_files(config, found))
		return;
	looking_at = "the control socket, or the state directory";
	look_host(config, as_agent, found);
	looking_at = "a license file";
	look_licenses(config, as_agent, found);
	looking_at = "the AgentX socket";
	found->snmp_enabled = config->snmp.enabled;
	found->ping_interval_s = config->snmp.ping_interval_s;
	name_root(found->root_oid, sizeof(found->root_oid));
	if (config->snmp.enabled)
		look_master(config->snmp.agentx_socket, &found->master);
	looking_at = "the network";
	look_network(config, found);
}

static int
answer(const struct command *command, const struct doctor_found *found,
    struct buf *out, struct buf *err)
{
	struct doctor_report *report = calloc(1, sizeof(*report));
	bool good = report != NULL;

	if (!good) {
		buf_puts(err, "out of memory\n");
		return COMMAND_EXIT_ABSENT;
	}
	doctor_judge(found, report);
	if (command->json)
		good = json_doctor(report, out);
	else
		doctor_text(report, out);
	int code = good ? doctor_exit(report, command->strict) :
			  COMMAND_EXIT_ABSENT;
	free(report);
	return code;
}

int
doctor_run(const char *config_path, const struct command *command,
    struct buf *out, struct buf *err)
{
	struct doctor_found *found = calloc(1, sizeof(*found));
	struct config config = {.license_count = 0};
	int code = COMMAND_EXIT_ABSENT;

	signal(SIGALRM, too_late);
	alarm(DOCTOR_LIMIT_S);
	if (found == NULL) {
		buf_puts(err, "out of memory\n");
		return code;
	}
	doctor_read_seen(command->seen, &found->seen);
	doctor_read_agent(command->agent, &found->agent);
	if (!look_configuration(config_path, &config, found)) {
		code = answer(command, found, out, err);
	} else if (take_names(&config, command->name, found)) {
		look(&config, found);
		code = answer(command, found, out, err);
	} else {
		buf_printf(err, "there is no license '%s' in the "
		    "configuration\n", command->name);
		code = COMMAND_EXIT_USAGE;
	}
	config_fini(&config);
	free(found);
	return code;
}
