/* SPDX-License-Identifier: ISC */
/*
 * Goal: every face of a known situation, byte for byte. Each NAME.in is a
 * configuration, or facts of licenses, as one "key value" a line; what the
 * faces make of it must be NAME.ok. "golden --update" writes the .ok files.
 * "golden --page NAME.in..." prints the web page of all of them together.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config.h"
#include "exporter/metrics.h"
#include "exporter/page.h"
#include "license/base/buf.h"
#include "license/base/file.h"
#include "license/check.h"
#include "license/json.h"
#include "license/text.h"

enum { LICENSES = 80, PAGE_MAX = 1048576, LINE_SIZE = 512 };

enum type { TEXT, NUMBER, INSTANT, NAME, FLAG };

struct situation {
	utc_t now;
	int trust;
	struct license_facts licenses[LICENSES];
	size_t count;
	struct agent_facts agent;
	struct counters counters;
};

struct key {
	const char *name;
	enum type type;
	size_t offset, size;
	enum names names;
};

#define AT(member) offsetof(struct license_facts, member),                    \
	sizeof(((struct license_facts *)0)->member)
#define OF_AGENT(member) offsetof(struct situation, member),                  \
	sizeof(((struct situation *)0)->member)

static const struct key license_keys[] = {
	{"index", NUMBER, AT(index), 0},
	{"source", NAME, AT(source), NAMES_SOURCE},
	{"file", TEXT, AT(file), 0},
	{"file-detail", TEXT, AT(file_detail), 0},
	{"configured-product", TEXT, AT(product), 0},
	{"id", TEXT, AT(license.id), 0},
	{"issuer", TEXT, AT(license.issuer), 0},
	{"product", TEXT, AT(license.product), 0},
	{"edition", TEXT, AT(license.edition), 0},
	{"kind", NAME, AT(license.kind), NAMES_KIND},
	{"mode", NAME, AT(license.mode), NAMES_MODE},
	{"billing", NAME, AT(license.billing), NAMES_BILLING},
	{"renews", NAME, AT(license.renews), NAMES_RENEWS},
	{"on-expiry", NAME, AT(license.on_expiry), NAMES_ON_EXPIRY},
	{"mbits", NUMBER, AT(license.bandwidth_mbits), 0},
	{"sequence", NUMBER, AT(license.sequence), 0},
	{"issued", INSTANT, AT(license.issued), 0},
	{"not-before", INSTANT, AT(license.not_before), 0},
	{"lease-end", INSTANT, AT(license.lease_end), 0},
	{"term-end", INSTANT, AT(license.term_end), 0},
	{"grace-s", NUMBER, AT(license.bind_grace_s), 0},
	{"bind-cpu-model", TEXT, AT(license.bind_cpu_model), 0},
	{"bind-logical-cpus", NUMBER, AT(license.bind_logical_cpus), 0},
	{"bind-memory-mib", NUMBER, AT(license.bind_memory_mib), 0},
	{"bind-tolerance-mib", NUMBER, AT(license.bind_memory_tolerance_mib),
	    0},
	{"external-address", TEXT, AT(license.external_address), 0},
	{"rebinds-used", NUMBER, AT(license.rebinds_used), 0},
	{"rebinds-allowed", NUMBER, AT(license.rebinds_allowed), 0},
	{"refusal-reason", NAME, AT(refusal.reason), NAMES_REFUSAL},
	{"refusal-detail", TEXT, AT(refusal.detail), 0},
	{"refusal-sequence", NUMBER, AT(refusal.sequence), 0},
	{"refusal-issued", INSTANT, AT(refusal.issued), 0},
	{"grace-from", INSTANT, AT(grace_from), 0},
	{"has-successor", FLAG, AT(has_successor), 0},
	{"successor-not-before", INSTANT, AT(successor_not_before), 0},
	{"successor-expiry", INSTANT, AT(successor_expiry), 0},
	{"mismatch-confirmed", FLAG, AT(mismatch_confirmed), 0},
	{"storage-failed", FLAG, AT(storage_failed), 0},
	{"cpu-model", TEXT, AT(hardware.cpu_model), 0},
	{"logical-cpus", NUMBER, AT(hardware.logical_cpus), 0},
	{"memory-mib", NUMBER, AT(hardware.memory_mib), 0},
	{"internal-address", TEXT, AT(hardware.internal_address), 0},
	{"last-attempt", INSTANT, AT(last_attempt), 0},
	{"last-success", INSTANT, AT(last_success), 0},
	{"next-attempt", INSTANT, AT(next_attempt), 0},
	{"last-result", NAME, AT(last_result), NAMES_RESULT},
	{"last-refusal", NAME, AT(last_refusal), NAMES_REFUSAL},
	{"answered", FLAG, AT(answered), 0},
	{"duration-ms", NUMBER, AT(last_duration_ms), 0},
	{"failures-in-row", NUMBER, AT(failures_in_row), 0},
	{"attempts", NUMBER, AT(attempts), 0},
	{"timeouts", NUMBER, AT(failures[RESULT_TIMEOUT]), 0},
	{"refusals", NUMBER, AT(failures[RESULT_REFUSED]), 0},
	{"certificate", INSTANT, AT(certificate_not_after), 0},
	{"on-change-exit", NUMBER, AT(on_change_exit), 0},
	{"has-bandwidth", FLAG, AT(has_bandwidth), 0},
	{"incoming", NUMBER, AT(incoming_bytes_per_s), 0},
	{"outgoing", NUMBER, AT(outgoing_bytes_per_s), 0},
	{"peak", NUMBER, AT(peak_bytes_per_s), 0},
	{"source", NAME, AT(source), NAMES_SOURCE},
	{"poll-interval-s", NUMBER, AT(poll_interval_s), 0},
	{"read", INSTANT, AT(data_at), 0},
	{"fixed-term", FLAG, AT(fixed_term), 0},
	{"date", TEXT, AT(vendor_date), 0},
	{"vendor-local", FLAG, AT(vendor_local), 0},
};

static const struct key agent_keys[] = {
	{"now", INSTANT, OF_AGENT(now), 0},
	{"trust", NAME, OF_AGENT(trust), NAMES_TRUST},
	{"started", INSTANT, OF_AGENT(agent.start), 0},
	{"clock-steps", NUMBER, OF_AGENT(agent.clock_steps), 0},
	{"has-clock-offset", FLAG, OF_AGENT(agent.has_clock_offset), 0},
	{"clock-offset", NUMBER, OF_AGENT(agent.clock_offset_s), 0},
	{"storage-up", FLAG, OF_AGENT(agent.storage_up), 0},
	{"storage-write-ms", NUMBER, OF_AGENT(agent.storage_last_write_ms), 0},
};

/* A healthy annual lease, which the lines of an input then change. */
static void
start_license(struct situation *s, const char *name)
{
	struct license_facts *f = &s->licenses[s->count++];

	*f = (struct license_facts){
		.index = (int64_t)s->count,
		.source = SOURCE_AUTHORITY,
		.configured = {-1, -1, -1, -1, -1, -1, -1, -1},
		.has_license = true,
		.file_state = LICENSE_FILE_GOOD,
		.last_result = RESULT_OK,
		.last_refusal = REFUSAL_NONE,
		.answered = true,
		.last_duration_ms = 180,
		.attempts = 12,
		.on_change_exit = -1,
		.since = s->agent.start,
	};
	f->hardware.known = component_bit(CPU_MODEL) |
	    component_bit(LOGICAL_CPUS) | component_bit(MEMORY);
	text_copy(f->name, sizeof(f->name), name);
}

static bool
set_value(const struct key *key, void *object, const char *value)
{
	void *at = (char *)object + key->offset;

	switch (key->type) {
	case TEXT:
		return text_copy(at, key->size, value);
	case NUMBER:
		return sscanf(value, "%" SCNd64, (int64_t *)at) == 1;
	case INSTANT:
		return utc_parse(value, at);
	case NAME:
		*(int *)at = names_parse(key->names, value);
		return *(int *)at != 0;
	case FLAG:
		*(bool *)at = strcmp(value, "yes") == 0;
		return true;
	}
	return false;
}

static bool
set_key(struct situation *s, const char *name, const char *value)
{
	struct license_facts *f =
	    s->count == 0 ? NULL : &s->licenses[s->count - 1];

	if (strcmp(name, "license") == 0 && s->count < LICENSES) {
		start_license(s, value);
		return true;
	}
	if (strcmp(name, "heartbeat") == 0) {
		utc_t at;

		if (!utc_parse(value, &at))
			return false;
		atomic_store(&s->counters.heartbeat_s, at.s);
		return true;
	}
	if (strcmp(name, "snmp") == 0) {
		atomic_store(&s->counters.agentx_up, atoll(value));
		return true;
	}
	for (size_t i = 0; i < sizeof(agent_keys) / sizeof(agent_keys[0]); i++) {
		if (strcmp(agent_keys[i].name, name) == 0)
			return set_value(&agent_keys[i], s, value);
	}
	if (f == NULL)
		return false;
	if (strcmp(name, "file-state") == 0) {
		f->file_state = (enum license_file)atoll(value);
		return true;
	}
	if (strcmp(name, "no-license") == 0)
		f->has_license = false;
	else if (strcmp(name, "has-refusal") == 0)
		f->has_refusal = true;
	else if (strcmp(name, "other-machine") == 0)
		f->machine_key[0] = 1;
	else if (strcmp(name, "memory-unknown") == 0)
		f->hardware.known &= ~component_bit(MEMORY);
	else {
		for (size_t i = 0;
		     i < sizeof(license_keys) / sizeof(license_keys[0]); i++) {
			if (strcmp(license_keys[i].name, name) == 0)
				return set_value(&license_keys[i], f, value);
		}
		return false;
	}
	return true;
}

static bool
read_situation(const char *path, const char *text, struct situation *s)
{
	char line[LINE_SIZE];

	for (int number = 1; *text != '\0'; number++) {
		size_t len = strcspn(text, "\n");

		if (len >= sizeof(line))
			return false;
		memcpy(line, text, len);
		line[len] = '\0';
		text += len + (text[len] == '\n');
		if (len == 0 || line[0] == '#')
			continue;
		char *space = strchr(line, ' ');
		if (space != NULL)
			*space++ = '\0';
		if (set_key(s, line, space == NULL ? "" : space))
			continue;
		fprintf(stderr, "%s:%d: bad line: %s\n", path, number, line);
		return false;
	}
	return s->count > 0;
}

/* Without options, with days of the caller's, without an agent; then all. */
static void
render_checks(const struct situation *s, struct buf *out)
{
	static const struct {
		const char *title, *warning, *critical;
		bool all, agent_down;
		enum check_format format;
	} rows[] = {
		{"", NULL, NULL, false, false, CHECK_FORMAT_NAGIOS},
		{" -w 400 -c @3:5", "400", "@3:5", false, false,
		    CHECK_FORMAT_NAGIOS},
		{" -w 1 -c 0", "1", "0", false, false, CHECK_FORMAT_NAGIOS},
		{", no agent", NULL, NULL, false, true, CHECK_FORMAT_NAGIOS},
		{" --format checkmk", NULL, NULL, true, false,
		    CHECK_FORMAT_CHECKMK},
		{" --format librenms", NULL, NULL, true, false,
		    CHECK_FORMAT_LIBRENMS},
		{" --all", NULL, NULL, true, false, CHECK_FORMAT_NAGIOS},
	};
	static struct check checks[LICENSES];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) -
	    (s->count == 1); i++) {
		struct check_options options = {.all = rows[i].all,
			.agent_down = rows[i].agent_down,
			.format = rows[i].format};
		if (rows[i].warning != NULL)
			range_parse(rows[i].warning, &options.warning);
		if (rows[i].critical != NULL)
			range_parse(rows[i].critical, &options.critical);
		for (size_t k = 0; k < s->count; k++)
			check_make(&s->licenses[k], s->now,
			    (enum trust)s->trust, &options, &checks[k]);
		buf_printf(out, "== check license%s\n", rows[i].title);
		int code = (int)check_render(checks, rows[i].all ? s->count : 1,
		    &options, out);
		buf_printf(out, "exit %d\n", code);
	}
}

static void
start_situation(struct situation *s)
{
	memset(s, 0, sizeof(*s));
	s->trust = TRUST_TRUSTED;
	s->agent.storage_last_write_ms = -1;
	s->agent.storage_up = true;
	s->agent.config_ok = true;
	atomic_store(&s->counters.agentx_up, -1);
}

static struct view *
view_new(struct situation *s)
{
	struct view *view = calloc(1,
	    sizeof(*view) + s->count * sizeof(view->reports[0]));

	if (view == NULL)
		return NULL;
	view->count = s->count;
	view->now = s->now;
	view->trust = (enum trust)s->trust;
	agent_report_make(&s->agent, &s->counters, s->now, s->now,
	    view->trust, &view->agent);
	text_copy(view->agent.version, sizeof(view->agent.version), "9.9.9");
	return view;
}

static bool
render_licenses(const char *path, const char *text, struct buf *out)
{
	static struct situation s;

	start_situation(&s);
	if (!read_situation(path, text, &s))
		return false;
	struct view *view = view_new(&s);
	if (view == NULL)
		return false;
	bool good = true;
	for (size_t i = 0; i < s.count && good; i++) {
		struct report *report = &view->reports[i];

		report_make(&s.licenses[i], s.now, (enum trust)s.trust,
		    report);
		buf_puts(out, "== show license\n");
		text_license(report, out);
		buf_puts(out, "== show license_status\n");
		text_status(report, &view->agent, out);
		buf_puts(out, "== show license --json\n");
		good = json_license(report, out);
	}
	render_checks(&s, out);
	buf_puts(out, "== metrics\n");
	good = good && metrics_render(view, NULL, "abc1234", EXPOSITION_TEXT,
	    out);
	free(view);
	return good;
}

/* A month of refreshes that went well, and what the facts say of the end. */
static void
invent_refreshes(struct license_facts *f, utc_t now)
{
	int days = f->failures_in_row > 0 ? RECENT_MAX - 1 : RECENT_MAX;

	if (!f->answered)
		days = 0;
	for (int i = 0; i < days; i++)
		f->recent[f->recent_count++] = (struct recent){
			utc_add(now, -(days - i) * DAY_S), RESULT_OK, 0, 1};
	if (f->failures_in_row > 0)
		f->recent[f->recent_count++] = (struct recent){f->last_attempt,
			f->last_result, f->last_refusal, f->failures_in_row};
}

/* The page of every license of the files; named by the file, if by itself. */
static int
print_page(char **paths, int count)
{
	static struct situation s;
	struct buf in, out;

	start_situation(&s);
	for (int i = 0; i < count; i++) {
		size_t before = s.count;
		const char *base = strrchr(paths[i], '/');

		buf_init(&in, 65536);
		if (file_read(paths[i], &in) == -1 ||
		    !read_situation(paths[i], buf_text(&in), &s))
			return 1;
		buf_fini(&in);
		base = base == NULL ? paths[i] : base + 1;
		for (size_t k = before; k < s.count && count > 1; k++)
			snprintf(s.licenses[k].name,
			    sizeof(s.licenses[k].name), "%.*s-%d",
			    (int)strcspn(base, "."), base, i + 1);
	}
	struct view *view = view_new(&s);
	struct facts *facts = facts_new(s.count);
	for (size_t i = 0; i < s.count; i++) {
		invent_refreshes(&s.licenses[i], s.now);
		facts->licenses[i] = &s.licenses[i];
		report_make(&s.licenses[i], s.now, view->trust,
		    &view->reports[i]);
	}
	view->facts = facts;
	buf_init(&out, PAGE_SIZE(s.count));
	bool good = page_render(view, &out);
	fwrite(buf_text(&out), 1, out.len, stdout);
	buf_fini(&out);
	free(view);
	free(facts);
	return good ? 0 : 1;
}

static bool
render_config(const char *text, struct buf *out)
{
	struct config config;
	struct buf error;

	buf_init(&error, 4096);
	if (config_parse("leaseline.conf", text, &config, &error)) {
		config_print(&config, out);
		config_fini(&config);
	} else {
		buf_printf(out, "error: %s\n", buf_text(&error));
	}
	buf_fini(&error);
	return true;
}

static bool
render(const char *path, struct buf *out)
{
	struct buf in;

	buf_init(&in, 65536);
	bool good = file_read(path, &in) == 0;
	if (good && strncmp(buf_text(&in), "config\n", 7) == 0)
		good = render_config(buf_text(&in) + 7, out);
	else if (good)
		good = render_licenses(path, buf_text(&in), out);
	buf_fini(&in);
	return good && !out->failed;
}

/* Show the first line that differs: enough to know where to look. */
static void
show_difference(const char *path, const char *want, const char *got)
{
	int line = 1;

	while (*want != '\0' && *got != '\0') {
		size_t a = strcspn(want, "\n"), b = strcspn(got, "\n");

		if (a != b || memcmp(want, got, a) != 0)
			break;
		want += a + (want[a] == '\n');
		got += b + (got[b] == '\n');
		line++;
	}
	fprintf(stderr, "%s:%d differs\n  expected: %.*s\n  made:     %.*s\n",
	    path, line, (int)strcspn(want, "\n"), want,
	    (int)strcspn(got, "\n"), got);
}

static bool
compare(const char *path, const struct buf *made, bool update)
{
	struct buf want;
	bool same = false;

	if (update)
		return file_replace(path, made->data, made->len, 0644) == 0;
	buf_init(&want, PAGE_MAX);
	if (file_read(path, &want) == -1)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	else if (want.len == made->len &&
	    memcmp(want.data, made->data, want.len) == 0)
		same = true;
	else
		show_difference(path, buf_text(&want), buf_text(made));
	buf_fini(&want);
	return same;
}

int
main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "--page") == 0)
		return print_page(argv + 2, argc - 2);
	bool update = argc == 3 && strcmp(argv[1], "--update") == 0;
	const char *directory = argc > 1 ? argv[argc - 1] : "tests/golden";
	struct dirent **entries = NULL;
	int count = scandir(directory, &entries, NULL, alphasort);
	int done = 0, failed = 0;

	for (int i = 0; i < count; i++) {
		char in[512], ok[512];
		const char *name = entries[i]->d_name;
		size_t len = strlen(name);
		struct buf made;

		if (len < 4 || strcmp(name + len - 3, ".in") != 0)
			continue;
		snprintf(in, sizeof(in), "%s/%s", directory, name);
		snprintf(ok, sizeof(ok), "%s/%.*s.ok", directory,
		    (int)len - 3, name);
		buf_init(&made, PAGE_MAX);
		done++;
		if (!render(in, &made) || !compare(ok, &made, update)) {
			fprintf(stderr, "golden: %s failed\n", name);
			failed++;
		}
		buf_fini(&made);
	}
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	printf("golden: %d of %d as expected\n", done - failed, done);
	return failed > 0 || done == 0;
}
