/* SPDX-License-Identifier: ISC */
/*
 * The families of licenses and of the agent as tables over the reports. What
 * does not apply has no series; a family without a series is not there.
 */
#include "exporter/metrics.h"

#include <string.h>

#include "exporter/process.h"
#include "license/base/buf.h"
#include "license/base/exposition.h"
#include "license/edges.h"

#define GAUGE(name, help) {name, METRIC_GAUGE, help}
#define COUNTER(name, help) {name, METRIC_COUNTER, help}
#define BYTES_PER_MBIT 125000

struct page {
	struct exposition e;
	const struct view *view;
	const struct metric_family *family; /* opened by its first sample */
	bool open;
};

static void
begin(struct page *page, const struct metric_family *family)
{
	page->family = family;
	page->open = false;
}

static void
add_count(struct page *page, const struct metric_label *labels, size_t n,
    int64_t value)
{
	if (!page->open)
		exposition_family(&page->e, page->family);
	page->open = true;
	exposition_count(&page->e, labels, n, value);
}

static void
add_sample(struct page *page, const struct metric_label *labels, size_t n,
    double value)
{
	if (!page->open)
		exposition_family(&page->e, page->family);
	page->open = true;
	exposition_sample(&page->e, labels, n, value);
}

/* One value of a row: the field, and the label's value where it has one. */
struct part {
	enum field_id id;
	const char *value;
};

struct license_row {
	struct metric_family family;
	const char *label; /* beside license; NULL: none */
	struct part parts[2];
	int64_t multiply, divide; /* 0: by one */
	void (*write)(struct page *page, const struct report *report);
};

static void
write_info(struct page *page, const struct report *report)
{
	static const enum field_id ids[] = {FIELD_ID_ID, FIELD_ID_PRODUCT,
		FIELD_ID_EDITION, FIELD_ID_KIND, FIELD_ID_MODE,
		FIELD_ID_BILLING, FIELD_ID_SOURCE, FIELD_ID_ISSUER};
	struct metric_label labels[METRIC_LABELS_MAX] = {
		{"license", report->name}};
	size_t n = 1;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const struct field *row = field_row(ids[i]);

		if (!report->has[ids[i]])
			continue;
		labels[n++] = (struct metric_label){row->name,
			row->type == FIELD_TEXT ? field_text(report, ids[i]) :
			names_label(row->names, field_enum(report, ids[i]))};
	}
	add_count(page, labels, n, 1);
}

static void
write_remaining(struct page *page, const struct report *report)
{
	const struct metric_label label = {"license", report->name};

	if (report->has[FIELD_ID_EXPIRY])
		add_count(page, &label, 1, report->expiry.s - report->now.s);
}

/* Every reason that a refresh can fail for is there from the start. */
static void
write_failures(struct page *page, const struct report *report)
{
	size_t count;
	const struct name_row *rows = names_rows(NAMES_RESULT, &count);

	if (!report->has[FIELD_ID_FAILURES])
		return;
	for (size_t i = 0; i < count; i++) {
		const struct metric_label labels[] = {
			{"license", report->name}, {"result", rows[i].label}};

		if (rows[i].number != RESULT_NEVER &&
		    rows[i].number != RESULT_OK)
			add_count(page, labels, 2,
			    report->failures[rows[i].number]);
	}
}

static void
write_binding(struct page *page, const struct report *report)
{
	size_t count;
	const struct name_row *rows = names_rows(NAMES_COMPONENT, &count);

	if (!report->has[FIELD_ID_BINDING_KNOWN])
		return;
	for (size_t i = 0; i < count; i++) {
		const struct metric_label labels[] = {
			{"license", report->name},
			{"component", rows[i].label}};
		unsigned bit_of = 1U << rows[i].number;

		if ((report->binding_known & bit_of) != 0)
			add_count(page, labels, 2,
			    (report->binding_changed & bit_of) == 0);
	}
}

static const struct license_row license_rows[] = {
	{GAUGE("license_info", "What the license is; always 1."), NULL,
	    {{0}}, 0, 0, write_info},
	{GAUGE("license_state", "1 for the state that the license is in."),
	    "state", {{FIELD_ID_STATE, NULL}}, 0, 0, NULL},
	{GAUGE("license_severity",
	     "1 for how much the license needs a person."),
	    "severity", {{FIELD_ID_SEVERITY, NULL}}, 0, 0, NULL},
	{GAUGE("license_severity_reason", "1 for the reason of the severity."),
	    "reason", {{FIELD_ID_REASON, NULL}}, 0, 0, NULL},
	{GAUGE("license_usable", "1 while the licensed product may run."),
	    NULL, {{FIELD_ID_USABLE, NULL}}, 0, 0, NULL},
	{GAUGE("license_issued_timestamp_seconds",
	     "When the document in force was issued."),
	    NULL, {{FIELD_ID_ISSUED, NULL}}, 0, 0, NULL},
	{GAUGE("license_lease_end_timestamp_seconds",
	     "When the document in force ends unless it is extended."),
	    NULL, {{FIELD_ID_LEASE_END, NULL}}, 0, 0, NULL},
	{GAUGE("license_term_end_timestamp_seconds",
	     "When the paid term ends."),
	    NULL, {{FIELD_ID_TERM_END, NULL}}, 0, 0, NULL},
	{GAUGE("license_grace_end_timestamp_seconds",
	     "When the license stops because changed hardware was refused."),
	    NULL, {{FIELD_ID_GRACE_END, NULL}}, 0, 0, NULL},
	{GAUGE("license_expiry_timestamp_seconds",
	     "When the license stops if nothing more happens."),
	    NULL, {{FIELD_ID_EXPIRY, NULL}}, 0, 0, NULL},
	{GAUGE("license_action_deadline_timestamp_seconds",
	     "When a person must have acted; this is what to alert on."),
	    NULL, {{FIELD_ID_ACTION_DEADLINE, NULL}}, 0, 0, NULL},
	{GAUGE("license_remaining_seconds",
	     "Time to the expiry. Not for alerting: a lease extended daily "
	     "always reads 13 to 14 days; alert on "
	     "license_action_deadline_timestamp_seconds."),
	    NULL, {{0}}, 0, 0, write_remaining},
	{GAUGE("license_action_threshold_seconds",
	     "Time before the action deadline at which a severity begins."),
	    "severity", {{FIELD_ID_ACTION_WARNING, "warning"},
			    {FIELD_ID_ACTION_CRITICAL, "critical"}},
	    0, 0, NULL},
	{GAUGE("license_successor_not_before_timestamp_seconds",
	     "When the next license, already in place, begins."),
	    NULL, {{FIELD_ID_SUCCESSOR, NULL}}, 0, 0, NULL},
	{GAUGE("license_bandwidth_limit_bytes_per_second",
	     "Licensed bandwidth."),
	    NULL, {{FIELD_ID_BANDWIDTH, NULL}}, BYTES_PER_MBIT, 0, NULL},
	{GAUGE("license_bandwidth_used_bytes_per_second",
	     "Bandwidth in use by direction."),
	    "direction", {{FIELD_ID_USED_IN, "incoming"},
			     {FIELD_ID_USED_OUT, "outgoing"}},
	    0, 0, NULL},
	{GAUGE("license_bandwidth_peak_bytes_per_second",
	     "Largest 5-minute mean of the last 24 hours, in the larger "
	     "direction."),
	    NULL, {{FIELD_ID_PEAK, NULL}}, 0, 0, NULL},
	{GAUGE("license_bandwidth_threshold_ratio",
	     "Part of the licensed bandwidth at which a severity begins."),
	    "severity", {{FIELD_ID_BANDWIDTH_WARNING, "warning"},
			    {FIELD_ID_BANDWIDTH_CRITICAL, "critical"}},
	    0, 100, NULL},
	{GAUGE("license_refresh_interval_seconds",
	     "Time between two refreshes of a healthy license."),
	    NULL, {{FIELD_ID_REFRESH_INTERVAL, NULL}}, 0, 0, NULL},
	{GAUGE("license_refresh_last_attempt_timestamp_seconds",
	     "When a refresh was last tried."),
	    NULL, {{FIELD_ID_LAST_ATTEMPT, NULL}}, 0, 0, NULL},
	{GAUGE("license_refresh_last_success_timestamp_seconds",
	     "When a refresh last succeeded."),
	    NULL, {{FIELD_ID_LAST_SUCCESS, NULL}}, 0, 0, NULL},
	{GAUGE("license_refresh_next_attempt_timestamp_seconds",
	     "When a refresh will be tried next."),
	    NULL, {{FIELD_ID_NEXT_ATTEMPT, NULL}}, 0, 0, NULL},
	{GAUGE("license_refresh_due_timestamp_seconds",
	     "When the refresh is overdue unless one succeeds before."),
	    NULL, {{FIELD_ID_REFRESH_DUE, NULL}}, 0, 0, NULL},
	{GAUGE("license_refresh_overdue_threshold_seconds",
	     "Age of the last success at which a severity begins."),
	    "severity", {{FIELD_ID_REFRESH_WARNING, "warning"},
			    {FIELD_ID_REFRESH_CRITICAL, "critical"}},
	    0, 0, NULL},
	{GAUGE("license_refresh_last_result",
	     "1 for how the last refresh ended."),
	    "result", {{FIELD_ID_RESULT, NULL}}, 0, 0, NULL},
	{GAUGE("license_refresh_last_refusal",
	     "1 for the reason of the refusal, none without one."),
	    "reason", {{FIELD_ID_REFUSAL, NULL}}, 0, 0, NULL},
	{GAUGE("license_refresh_last_duration_seconds",
	     "How long the last refresh took."),
	    NULL, {{FIELD_ID_DURATION, NULL}}, 0, 1000, NULL},
	{GAUGE("license_refresh_consecutive_failures",
	     "Failed refreshes since the last success."),
	    NULL, {{FIELD_ID_FAILURES_IN_ROW, NULL}}, 0, 0, NULL},
	{COUNTER("license_refresh_attempts_total",
	     "Refreshes tried since the agent's start."),
	    NULL, {{FIELD_ID_ATTEMPTS, NULL}}, 0, 0, NULL},
	{COUNTER("license_refresh_failures_total",
	     "Refreshes failed since the agent's start, by result."),
	    NULL, {{0}}, 0, 0, write_failures},
	{GAUGE("license_binding_match",
	     "1 while a part of this machine is as the license says; no "
	     "series for a part that is not bound or cannot be read."),
	    NULL, {{0}}, 0, 0, write_binding},
	{GAUGE("license_rebinds_used",
	     "Hardware changes counted in the rolling window."),
	    NULL, {{FIELD_ID_REBINDS_USED, NULL}}, 0, 0, NULL},
	{GAUGE("license_rebinds_allowed",
	     "Hardware changes allowed in the rolling window."),
	    NULL, {{FIELD_ID_REBINDS_ALLOWED, NULL}}, 0, 0, NULL},
	{GAUGE("license_rebind_window_end_timestamp_seconds",
	     "When the oldest counted hardware change leaves the window."),
	    NULL, {{FIELD_ID_REBIND_WINDOW_END, NULL}}, 0, 0, NULL},
	{GAUGE("license_data_age_seconds",
	     "Age of what the source said about the license."),
	    NULL, {{FIELD_ID_DATA_AGE, NULL}}, 0, 0, NULL},
	{GAUGE("license_on_change_last_exit_code",
	     "How the operator's on-change command ended last."),
	    NULL, {{FIELD_ID_ON_CHANGE_EXIT, NULL}}, 0, 0, NULL},
	{GAUGE("leaseline_authority_certificate_not_after_timestamp_seconds",
	     "When the TLS certificate of the authority ends."),
	    NULL, {{FIELD_ID_CERTIFICATE, NULL}}, 0, 0, NULL},
};

struct agent_row {
	struct metric_family family;
	enum agent_id id;
	const char *label; /* of a state set */
	int64_t divide;
};

static const struct agent_row agent_rows[] = {
	{GAUGE("leaseline_keeper_heartbeat_timestamp_seconds",
	     "When the keeper's loop last went round; it does every 30 s."),
	    AGENT_ID_HEARTBEAT, NULL, 0},
	{GAUGE("leaseline_clock_trust",
	     "1 for how far this machine's clock is believed."),
	    AGENT_ID_TRUST, "trust", 0},
	{GAUGE("leaseline_clock_offset_seconds",
	     "This machine's clock minus the authority's at the last answer."),
	    AGENT_ID_OFFSET, NULL, 0},
	{COUNTER("leaseline_clock_steps_total",
	     "Steps of the clock that were not believed."),
	    AGENT_ID_STEPS, NULL, 0},
	{GAUGE("leaseline_storage_up",
	     "1 while the state directory can be written."),
	    AGENT_ID_STORAGE_UP, NULL, 0},
	{GAUGE("leaseline_storage_last_write_seconds",
	     "How long the last write to disk took."),
	    AGENT_ID_STORAGE_WRITE, NULL, 1000},
	{GAUGE("leaseline_agentx_up",
	     "1 while the SNMP master agent is connected."),
	    AGENT_ID_AGENTX_UP, NULL, 0},
	{COUNTER("leaseline_agentx_connects_total",
	     "Connections made to the SNMP master agent."),
	    AGENT_ID_AGENTX_CONNECTS, NULL, 0},
	{COUNTER("leaseline_agentx_requests_total",
	     "Requests answered for the SNMP master agent."),
	    AGENT_ID_AGENTX_REQUESTS, NULL, 0},
	{GAUGE("leaseline_notifications_pending",
	     "Notifications that wait for the SNMP master agent."),
	    AGENT_ID_NOTIFICATIONS_PENDING, NULL, 0},
	{GAUGE("leaseline_config_last_reload_successful",
	     "1 when the configuration was good when it was last read."),
	    AGENT_ID_CONFIG_OK, NULL, 0},
	{GAUGE("leaseline_config_last_reload_success_timestamp_seconds",
	     "When a good configuration was last read."),
	    AGENT_ID_CONFIG_LOADED, NULL, 0},
	{GAUGE("leaseline_stats_last_success_timestamp_seconds",
	     "When a usage report was last taken; no license depends on it."),
	    AGENT_ID_STATS_SUCCESS, NULL, 0},
	{COUNTER("leaseline_stats_failures_total",
	     "Usage reports that were not taken; no license depends on them."),
	    AGENT_ID_STATS_FAILURES, NULL, 0},
	{GAUGE("leaseline_test_alert",
	     "1 for five minutes after a person asked for a test."),
	    AGENT_ID_TEST_ALERT, NULL, 0},
};

static int64_t
scaled(int64_t value, int64_t multiply)
{
	return multiply == 0 ? value : value * multiply;
}

static void
write_set(struct page *page, const struct metric_label *first, size_t n,
    const char *label, enum names names, int number)
{
	size_t count;
	const struct name_row *rows = names_rows(names, &count);
	struct metric_label labels[2];

	if (n == 1)
		labels[0] = *first;
	for (size_t i = 0; i < count; i++) {
		labels[n] = (struct metric_label){label, rows[i].label};
		add_count(page, labels, n + 1, rows[i].number == number);
	}
}

static int64_t
whole_value(enum field_type type, const void *at)
{
	if (type == FIELD_INSTANT)
		return ((const utc_t *)at)->s;
	if (type == FIELD_FLAG)
		return *(const bool *)at;
	return *(const int64_t *)at;
}

static void
write_part(struct page *page, const struct license_row *row,
    const struct part *part, const struct report *report)
{
	const struct field *field = field_row(part->id);
	const void *at = (const char *)report + field->offset;
	const struct metric_label labels[] = {
		{"license", report->name}, {row->label, part->value}};
	size_t n = part->value == NULL ? 1 : 2;

	if (!report->has[part->id])
		return;
	if (field->type == FIELD_ENUM) {
		write_set(page, labels, 1, row->label, field->names,
		    *(const int *)at);
		return;
	}
	int64_t value = scaled(whole_value(field->type, at), row->multiply);
	if (row->divide > 1)
		add_sample(page, labels, n,
		    (double)value / (double)row->divide);
	else
		add_count(page, labels, n, value);
}

static void
write_license_row(struct page *page, const struct license_row *row)
{
	begin(page, &row->family);
	for (size_t i = 0; i < page->view->count; i++) {
		const struct report *report = &page->view->reports[i];

		if (row->write != NULL) {
			row->write(page, report);
			continue;
		}
		write_part(page, row, &row->parts[0], report);
		if (row->parts[1].value != NULL)
			write_part(page, row, &row->parts[1], report);
	}
}

static void
write_agent_row(struct page *page, const struct agent_row *row)
{
	const struct agent_report *agent = &page->view->agent;
	const struct agent_field *field = agent_field_row(row->id);
	const void *at = (const char *)agent + field->offset;

	if (!agent->has[row->id])
		return;
	begin(page, &row->family);
	if (field->type == FIELD_ENUM)
		write_set(page, NULL, 0, row->label, field->names,
		    *(const int *)at);
	else if (row->divide > 1)
		add_sample(page, NULL, 0,
		    (double)whole_value(field->type, at) /
			(double)row->divide);
	else
		add_count(page, NULL, 0, whole_value(field->type, at));
}

static void
write_notifications(struct page *page)
{
	static const struct metric_family family = COUNTER(
	    "leaseline_notifications_total",
	    "Notifications taken by the SNMP master agent.");
#define LABEL_ROW(name, number, mib, clears) {number, #mib},
	static const struct {
		int number;
		const char *mib;
	} rows[] = {NOTIFICATIONS(LABEL_ROW)};
#undef LABEL_ROW
	const struct agent_report *agent = &page->view->agent;

	if (!agent->has[AGENT_ID_AGENTX_UP])
		return;
	begin(page, &family);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct metric_label label = {"notification",
			rows[i].mib};

		add_count(page, &label, 1,
		    agent->notifications[rows[i].number]);
	}
}

static void
write_build(struct page *page, const char *revision)
{
	static const struct metric_family family = GAUGE(
	    "leaseline_build_info", "What runs; always 1.");
	const struct metric_label labels[] = {
		{"version", page->view->agent.version},
		{"revision", revision}};

	begin(page, &family);
	add_count(page, labels, 2, 1);
}

static void
write_process(struct page *page, const struct process_usage *usage)
{
	static const struct metric_family families[] = {
		COUNTER("process_cpu_seconds_total",
		    "Total user and system CPU time spent in seconds."),
		GAUGE("process_start_time_seconds",
		    "Start time of the process since unix epoch in seconds."),
		GAUGE("process_open_fds", "Number of open file descriptors."),
		GAUGE("process_max_fds",
		    "Maximum number of open file descriptors."),
		GAUGE("process_virtual_memory_bytes",
		    "Virtual memory size in bytes."),
		GAUGE("process_resident_memory_bytes",
		    "Resident memory size in bytes."),
	};
	const double values[] = {usage->cpu_seconds, usage->start_seconds,
		(double)usage->open_fds, (double)usage->max_fds,
		(double)usage->virtual_bytes, (double)usage->resident_bytes};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		begin(page, &families[i]);
		if (values[i] >= 0)
			add_sample(page, NULL, 0, values[i]);
	}
}

bool
metrics_render(const struct view *view, const struct process_usage *process,
    const char *revision, enum exposition_format format, struct buf *out)
{
	struct page page = {.view = view};

	exposition_begin(&page.e, format, out);
	for (size_t i = 0; i < sizeof(license_rows) / sizeof(license_rows[0]);
	     i++)
		write_license_row(&page, &license_rows[i]);
	write_build(&page, revision);
	for (size_t i = 0; i < sizeof(agent_rows) / sizeof(agent_rows[0]); i++)
		write_agent_row(&page, &agent_rows[i]);
	write_notifications(&page);
	if (process != NULL)
		write_process(&page, process);
	exposition_end(&page.e);
	return !out->failed;
}
