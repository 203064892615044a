/* SPDX-License-Identifier: ISC */
/*
 * leaseline-authority: the table of its commands. It knows nothing else.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "license/authority/admin.h"
#include "license/authority/arguments.h"
#include "license/authority/init.h"
#include "license/authority/inspect.h"
#include "license/authority/key.h"
#include "license/authority/offline_command.h"
#include "license/authority/output.h"
#include "license/authority/policy_command.h"
#include "license/authority/serve.h"
#include "license/authority/stats_list.h"
#include "license/authority/time_reset.h"
#include "license/base/buf.h"

enum { HELP_MAX = 64 * 1024, EXIT_USAGE = 2 };

#define VALUES (option_bit(CUSTOMER) | option_bit(PRODUCT) |                  \
	option_bit(EDITION) | option_bit(KIND) | option_bit(MBITS) |          \
	option_bit(BILLING) | option_bit(TERM_END) | option_bit(RENEWS) |     \
	option_bit(ON_EXPIRY) | option_bit(CHECKED))
#define ADDRESSES (option_bit(EXTERNAL) | option_bit(INTERNAL))

static const struct authority_command commands[] = {
	{ { "init" }, NULL,
	    option_bit(ROOT) | option_bit(NAME) | option_bit(ISSUER),
	    init_command, "make keys, certificates and an empty database" },
	{ { "serve" }, NULL, option_bit(LISTEN) | option_bit(PORT_FILE) |
	    option_bit(TRUSTED_PROXY) | option_bit(GRANTS),
	    serve_command, "answer requests until SIGTERM" },
	{ { "subscription", "add" }, NULL,
	    VALUES | ADDRESSES | option_bit(COUPON), admin_add,
	    "a new subscription; prints its id alone on the last line" },
	{ { "subscription", "list" }, NULL, 0, inspect_subscriptions,
	    "all of them" },
	{ { "subscription", "show" }, "ID", 0, inspect_show,
	    "one, with its addresses and its machine" },
	{ { "subscription", "suspend" }, "ID", 0, admin_suspend,
	    "refuse it, and end the lease in hand, until it is reinstated" },
	{ { "subscription", "cancel" }, "ID", option_bit(NOW), admin_cancel,
	    "no extension past the paid term, or refuse it at once" },
	{ { "subscription", "reinstate" }, "ID", 0, admin_reinstate,
	    "undo suspend or cancel" },
	{ { "subscription", "extend" }, "ID", option_bit(TO), admin_extend,
	    "move the end of the paid term" },
	{ { "subscription", "set" }, "ID", VALUES, admin_set,
	    "change what was bought" },
	{ { "subscription", "approve-address" }, "ID", ADDRESSES,
	    admin_approve_address, "a new address; the old one is good until "
	    "the first refresh from the new one" },
	{ { "subscription", "approve-hardware" }, "ID", 0,
	    admin_approve_hardware, "let one more change of hardware or "
	    "machine key through" },
	{ { "offline", "issue" }, "FILE",
	    option_bit(SUBSCRIPTION) | option_bit(NOT_BEFORE), offline_issue,
	    "answer hw_data.lic with an offline license, to standard output" },
	{ { "offline", "time-reset" }, "FILE", 0, time_reset_command,
	    "from hw_data.lic, a file that mends a machine's memory of the "
	    "time" },
	{ { "offline", "release" }, "ID", 0, offline_release,
	    "open its subscription to online requests again" },
	{ { "offline", "list" }, NULL, option_bit(SUBSCRIPTION), offline_list,
	    "offline licenses that were issued" },
	{ { "policy", "show" }, NULL, 0, policy_show,
	    "the trials that are given away" },
	{ { "policy", "trial" }, NULL, option_bit(PRODUCT) |
	    option_bit(DAYS) | option_bit(MBITS) | option_bit(EDITION) |
	    option_bit(ON_EXPIRY) | option_bit(OFF), policy_trial,
	    "one trial for each address that has no subscription" },
	{ { "machine", "list" }, NULL, option_bit(SUBSCRIPTION),
	    inspect_machines, "machines that have a license, or had one" },
	{ { "machine", "show" }, "KEY", 0, inspect_machine,
	    "one of them, of every product" },
	{ { "machine", "clear-clone" }, "KEY", 0, inspect_clear_clone,
	    "end a false clone mark" },
	{ { "key", "list" }, NULL, 0, key_list,
	    "the root, who signs and who did, until when" },
	{ { "key", "rotate" }, NULL, option_bit(REQUEST) |
	    option_bit(CERTIFICATE) | option_bit(UNTIL) | option_bit(ROOT),
	    key_rotate, "a new signer; the one before is retired" },
	{ { "key", "retire" }, "KEY", option_bit(YES), key_retire,
	    "a signer stops, or one that waits is given up" },
	{ { "key", "revoke" }, "KEY", option_bit(REQUEST) |
	    option_bit(CERTIFICATE) | option_bit(YES) | option_bit(ROOT),
	    key_revoke, "a signer is not believed any more; tells the "
	    "offline licenses that this ends" },
	{ { "key", "certify" }, "FILE", option_bit(ROOT), key_certify,
	    "where the root is: sign what --request printed" },
	{ { "events" }, NULL, option_bit(FOLLOW) | option_bit(SUBSCRIPTION),
	    inspect_events, "what was decided and changed, oldest first" },
	{ { "stats", "list" }, NULL, 0, stats_list,
	    "the usage reports that are kept, oldest first" },
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(*commands) };

static int
print_help(const struct authority_command *command)
{
	struct buf text;

	buf_init(&text, HELP_MAX);
	arguments_help(commands, COMMAND_COUNT, command, &text);
	fputs(buf_text(&text), stdout);
	buf_fini(&text);
	return fflush(stdout) == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct arguments arguments = { .revision = LEASELINE_REVISION };
	struct output *output;
	struct buf error;
	int code = EXIT_USAGE;

	umask(077);
	buf_init(&error, 4096);
	if (!arguments_parse(commands, COMMAND_COUNT, argc, argv, &arguments,
	    &error)) {
		output_error("%s", buf_text(&error));
		goto out;
	}
	if (arguments_has(&arguments, OPTION_HELP)) {
		code = print_help(arguments.command);
		goto out;
	}
	output = output_new(arguments_has(&arguments, OPTION_JSON));
	code = output ? arguments.command->run(&arguments, output) : 1;
	output_free(output);
out:
	buf_fini(&error);
	return code;
}
