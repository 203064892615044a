/* SPDX-License-Identifier: ISC */
/*
 * Stored usage reports, verified once more and told member by member: a few
 * in a row for a person, all of them and the document in JSON.
 */
#include "license/authority/stats_list.h"

#include <string.h>

#include "license/authority/arguments.h"
#include "license/authority/database.h"
#include "license/authority/init.h"
#include "license/authority/output.h"
#include "license/authority/route.h"
#include "license/base/buf.h"

enum { ERROR_MAX = 8192 };

enum member_type { MEMBER_TEXT, MEMBER_NUMBER };

/* Rows for a person stand first; what is absent is a mark there, so that
 * columns stay columns, and absent from JSON. */
#define T(name, id, member) { name, MEMBER_TEXT, STATS_##id,                    \
	offsetof(struct stats, member) }
#define N(name, id, member) { name, MEMBER_NUMBER, STATS_##id,                  \
	offsetof(struct stats, member) }
static const struct {
	const char *name;
	enum member_type type;
	int bit;
	size_t offset;
} members[] = {
	T("product", PRODUCT, product),
	T("license_id", LICENSE_ID, license_id),
	T("agent_version", AGENT_VERSION, agent_version),
	T("distribution", DISTRIBUTION, distribution),
	T("distribution_version", DISTRIBUTION_VERSION, distribution_version),
	T("capture_plugins", CAPTURE_PLUGINS, capture_plugins),
	N("incoming_ipv4_bytes_per_s", INCOMING_IPV4, incoming_ipv4),
	N("outgoing_ipv4_bytes_per_s", OUTGOING_IPV4, outgoing_ipv4),
	N("flows_per_s", FLOWS, flows_per_s),
	N("total_hosts", HOSTS, total_hosts),
	N("incoming_ipv6_bytes_per_s", INCOMING_IPV6, incoming_ipv6),
	N("outgoing_ipv6_bytes_per_s", OUTGOING_IPV6, outgoing_ipv6),
	N("headers_per_s", HEADERS, headers_per_s),
	N("speed_calculation_us", CALCULATION, calculation_us),
	T("features", FEATURES, features),
	T("kernel", KERNEL, kernel),
	T("virtualization", VIRTUALIZATION, virtualization),
	T("cpu_model", CPU_MODEL, cpu_model),
	N("logical_cpus", LOGICAL_CPUS, logical_cpus),
	N("memory_mib", MEMORY, memory_mib),
	T("cpu_flags", CPU_FLAGS, cpu_flags),
	T("cpu_flags_more", CPU_FLAGS_MORE, cpu_flags_more),
};
#undef T
#undef N

enum { MEMBERS = sizeof(members) / sizeof(*members), FOR_A_PERSON = 10 };

static void
put_member(const struct stats *stats, int i, struct output *o)
{
	const char *at = (const char *)stats + members[i].offset;
	bool there = has_bit(stats->has, members[i].bit);

	if (!there && output_is_json(o))
		return;
	if (!there)
		output_text(o, members[i].name, "");
	else if (members[i].type == MEMBER_TEXT)
		output_text(o, members[i].name, at);
	else
		output_number(o, members[i].name,
		    *(const int64_t *)(const void *)at);
}

static bool
each_report(void *self, utc_t received, const struct buf *bytes)
{
	char key[BASE64_SIZE(KEY_SIZE)];
	struct output *o = self;
	struct stats stats;
	struct buf error;
	bool good;

	buf_init(&error, 256);
	good = route_read_stats(buf_text(bytes), bytes->len, &stats, &error);
	buf_fini(&error);
	if (!good) /* somebody wrote into the database */
		return true;
	output_row(o);
	base64_encode(stats.machine_key, KEY_SIZE, key);
	output_instant(o, "received", received);
	output_instant(o, "created", stats.created);
	output_text(o, "machine_key", key);
	for (int i = 0; i < (output_is_json(o) ? MEMBERS : FOR_A_PERSON); i++)
		put_member(&stats, i, o);
	if (output_is_json(o))
		output_text(o, "document", buf_text(bytes));
	return true;
}

int
stats_list(const struct arguments *a, struct output *o)
{
	struct database *database;
	struct buf error;
	int rc;

	buf_init(&error, ERROR_MAX);
	database = init_database(arguments_directory(a), &error);
	if (!database) {
		rc = output_error("%s", buf_text(&error));
		buf_fini(&error);
		return rc;
	}
	output_list(o, "stats");
	rc = database_reports(database, each_report, o);
	rc = rc == -1 ? output_error("%s", database_error(database)) :
	    output_print(o) ? 0 : 1;
	database_close(database);
	buf_fini(&error);
	return rc;
}
