/* SPDX-License-Identifier: ISC */
/*
 * What the page consists of, in the order of the page. Names are fixed: checks,
 * dashboards and people use them.
 */
#include "exporter/families.h"

#define GAUGE(name, help) {name, METRIC_GAUGE, help}
#define COUNTER(name, help) {name, METRIC_COUNTER, help}
#define BYTES_PER_MBIT 125000
#define COUNT_OF(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct license_family licenses[] = {
	{GAUGE("license_info",
	     "What the license is; always 1."),
	    "never; a part that is not known is no label",
	    ROW_INFO, NULL, {{0}}, 0, 0},
	{GAUGE("license_state",
	     "1 for the state that the license is in."),
	    "never",
	    ROW_PARTS, "state", {{FIELD_ID_STATE, NULL}}, 0, 0},
	{GAUGE("license_severity",
	     "1 for how much the license needs a person."),
	    "never",
	    ROW_PARTS, "severity", {{FIELD_ID_SEVERITY, NULL}}, 0, 0},
	{GAUGE("license_severity_reason",
	     "1 for the reason of the severity."),
	    "never",
	    ROW_PARTS, "reason", {{FIELD_ID_REASON, NULL}}, 0, 0},
	{GAUGE("license_usable",
	     "1 while the licensed product may run."),
	    "never",
	    ROW_PARTS, NULL, {{FIELD_ID_USABLE, NULL}}, 0, 0},
	{GAUGE("license_issued_timestamp_seconds",
	     "When the document in force was issued."),
	    "no license is in place",
	    ROW_PARTS, NULL, {{FIELD_ID_ISSUED, NULL}}, 0, 0},
	{GAUGE("license_lease_end_timestamp_seconds",
	     "When the document in force ends unless it is extended."),
	    "no license is in place",
	    ROW_PARTS, NULL, {{FIELD_ID_LEASE_END, NULL}}, 0, 0},
	{GAUGE("license_term_end_timestamp_seconds",
	     "When the paid term ends."),
	    "no license is in place",
	    ROW_PARTS, NULL, {{FIELD_ID_TERM_END, NULL}}, 0, 0},
	{GAUGE("license_grace_end_timestamp_seconds",
	     "When the license stops because changed hardware was refused."),
	    "no rebind is refused",
	    ROW_PARTS, NULL, {{FIELD_ID_GRACE_END, NULL}}, 0, 0},
	{GAUGE("license_expiry_timestamp_seconds",
	     "When the license stops if nothing more happens."),
	    "no license is in place",
	    ROW_PARTS, NULL, {{FIELD_ID_EXPIRY, NULL}}, 0, 0},
	{GAUGE("license_action_deadline_timestamp_seconds",
	     "When a person must have acted; this is what to alert on."),
	    "no license is in place",
	    ROW_PARTS, NULL, {{FIELD_ID_ACTION_DEADLINE, NULL}}, 0, 0},
	{GAUGE("license_remaining_seconds",
	     "Time to the expiry. Not for alerting: a lease extended daily "
	     "always reads 13 to 14 days; alert on "
	     "license_action_deadline_timestamp_seconds."),
	    "no license is in place",
	    ROW_REMAINING, NULL, {{0}}, 0, 0},
	{GAUGE("license_action_threshold_seconds",
	     "Time before the action deadline at which a severity begins."),
	    "no license is in place",
	    ROW_PARTS, "severity",
	    {{FIELD_ID_ACTION_WARNING, "warning"},
		{FIELD_ID_ACTION_CRITICAL, "critical"}},
	    0, 0},
	{GAUGE("license_successor_not_before_timestamp_seconds",
	     "When the next license, already in place, begins."),
	    "no successor waits",
	    ROW_PARTS, NULL, {{FIELD_ID_SUCCESSOR, NULL}}, 0, 0},
	{GAUGE("license_bandwidth_limit_bytes_per_second",
	     "Licensed bandwidth."),
	    "no license is in place",
	    ROW_PARTS, NULL, {{FIELD_ID_BANDWIDTH, NULL}}, BYTES_PER_MBIT, 0},
	{GAUGE("license_bandwidth_used_bytes_per_second",
	     "Bandwidth in use by direction, mean of the last 5 minutes."),
	    "bandwidth is not measured",
	    ROW_PARTS, "direction",
	    {{FIELD_ID_USED_IN, "incoming"},
		{FIELD_ID_USED_OUT, "outgoing"}},
	    0, 0},
	{GAUGE("license_bandwidth_peak_bytes_per_second",
	     "Largest 5-minute mean of the last 24 hours, in the larger "
	     "direction."),
	    "bandwidth is not measured, or not for 5 minutes yet",
	    ROW_PARTS, NULL, {{FIELD_ID_PEAK, NULL}}, 0, 0},
	{GAUGE("license_bandwidth_threshold_ratio",
	     "Part of the licensed bandwidth at which a severity begins."),
	    "never",
	    ROW_PARTS, "severity",
	    {{FIELD_ID_BANDWIDTH_WARNING, "warning"},
		{FIELD_ID_BANDWIDTH_CRITICAL, "critical"}},
	    0, 100},
	{GAUGE("license_refresh_interval_seconds",
	     "Time between two refreshes of a healthy license."),
	    "nobody refreshes it",
	    ROW_PARTS, NULL, {{FIELD_ID_REFRESH_INTERVAL, NULL}}, 0, 0},
	{GAUGE("license_refresh_last_attempt_timestamp_seconds",
	     "When a refresh was last tried."),
	    "none was tried yet",
	    ROW_PARTS, NULL, {{FIELD_ID_LAST_ATTEMPT, NULL}}, 0, 0},
	{GAUGE("license_refresh_last_success_timestamp_seconds",
	     "When a refresh last succeeded."),
	    "none succeeded yet",
	    ROW_PARTS, NULL, {{FIELD_ID_LAST_SUCCESS, NULL}}, 0, 0},
	{GAUGE("license_refresh_next_attempt_timestamp_seconds",
	     "When a refresh will be tried next."),
	    "none is planned",
	    ROW_PARTS, NULL, {{FIELD_ID_NEXT_ATTEMPT, NULL}}, 0, 0},
	{GAUGE("license_refresh_due_timestamp_seconds",
	     "When the refresh is overdue unless one succeeds before."),
	    "nobody refreshes it",
	    ROW_PARTS, NULL, {{FIELD_ID_REFRESH_DUE, NULL}}, 0, 0},
	{GAUGE("license_refresh_overdue_threshold_seconds",
	     "Age of the last success at which a severity begins."),
	    "nobody refreshes it",
	    ROW_PARTS, "severity",
	    {{FIELD_ID_REFRESH_WARNING, "warning"},
		{FIELD_ID_REFRESH_CRITICAL, "critical"}},
	    0, 0},
	{GAUGE("license_refresh_last_result",
	     "1 for how the last refresh ended."),
	    "nobody refreshes it",
	    ROW_PARTS, "result", {{FIELD_ID_RESULT, NULL}}, 0, 0},
	{GAUGE("license_refresh_last_refusal",
	     "1 for the reason of the refusal, none without one."),
	    "nobody refreshes it",
	    ROW_PARTS, "reason", {{FIELD_ID_REFUSAL, NULL}}, 0, 0},
	{GAUGE("license_refresh_last_duration_seconds",
	     "How long the last refresh took."),
	    "none was tried yet",
	    ROW_PARTS, NULL, {{FIELD_ID_DURATION, NULL}}, 0, 1000},
	{GAUGE("license_refresh_consecutive_failures",
	     "Failed refreshes since the last success."),
	    "nobody refreshes it",
	    ROW_PARTS, NULL, {{FIELD_ID_FAILURES_IN_ROW, NULL}}, 0, 0},
	{COUNTER("license_refresh_attempts_total",
	     "Refreshes tried since the agent's start."),
	    "nobody refreshes it",
	    ROW_PARTS, NULL, {{FIELD_ID_ATTEMPTS, NULL}}, 0, 0},
	{COUNTER("license_refresh_failures_total",
	     "Refreshes failed since the agent's start, by result."),
	    "nobody refreshes it; a result that its source cannot have",
	    ROW_FAILURES, NULL, {{0}}, 0, 0},
	{GAUGE("license_binding_match",
	     "1 while a part of this machine is as the license says; no "
	     "series for a part that is not bound or cannot be read."),
	    "no license is in place; a part that is not bound, or cannot "
	    "be read",
	    ROW_BINDING, NULL, {{0}}, 0, 0},
	{GAUGE("license_rebinds_used",
	     "Hardware changes counted in the rolling window."),
	    "no online license is in place",
	    ROW_PARTS, NULL, {{FIELD_ID_REBINDS_USED, NULL}}, 0, 0},
	{GAUGE("license_rebinds_allowed",
	     "Hardware changes allowed in the rolling window."),
	    "no online license is in place",
	    ROW_PARTS, NULL, {{FIELD_ID_REBINDS_ALLOWED, NULL}}, 0, 0},
	{GAUGE("license_rebind_window_end_timestamp_seconds",
	     "When the oldest counted hardware change leaves the window."),
	    "no rebind is counted",
	    ROW_PARTS, NULL, {{FIELD_ID_REBIND_WINDOW_END, NULL}}, 0, 0},
	{GAUGE("license_data_age_seconds",
	     "Age of what the source said about the license."),
	    "the source is not fastnetmon",
	    ROW_PARTS, NULL, {{FIELD_ID_DATA_AGE, NULL}}, 0, 0},
	{GAUGE("license_on_change_last_exit_code",
	     "How the operator's on-change command ended last."),
	    "it never ran",
	    ROW_PARTS, NULL, {{FIELD_ID_ON_CHANGE_EXIT, NULL}}, 0, 0},
	{GAUGE("leaseline_authority_certificate_not_after_timestamp_seconds",
	     "When the TLS certificate of the authority ends."),
	    "no authority was reached yet",
	    ROW_PARTS, NULL, {{FIELD_ID_CERTIFICATE, NULL}}, 0, 0},
};

static const struct agent_family build = {
	GAUGE("leaseline_build_info", "What runs; always 1."), "never",
	AGENT_ID_VERSION, NULL, 0};

static const struct agent_family agent[] = {
	{GAUGE("leaseline_keeper_heartbeat_timestamp_seconds",
	     "When the keeper's loop last went round; it does every 30 s."),
	    "the keeper has not begun",
	    AGENT_ID_HEARTBEAT, NULL, 0},
	{GAUGE("leaseline_clock_trust",
	     "1 for how far this machine's clock is believed."),
	    "never",
	    AGENT_ID_TRUST, "trust", 0},
	{GAUGE("leaseline_clock_offset_seconds",
	     "This machine's clock minus the authority's at the last "
	     "answer."),
	    "no answer yet",
	    AGENT_ID_OFFSET, NULL, 0},
	{COUNTER("leaseline_clock_steps_total",
	     "Steps of the clock that were not believed."),
	    "never",
	    AGENT_ID_STEPS, NULL, 0},
	{GAUGE("leaseline_storage_up",
	     "1 while the state directory can be written."),
	    "never",
	    AGENT_ID_STORAGE_UP, NULL, 0},
	{GAUGE("leaseline_storage_last_write_seconds",
	     "How long the last write to disk took."),
	    "nothing was written yet",
	    AGENT_ID_STORAGE_WRITE, NULL, 1000},
	{GAUGE("leaseline_agentx_up",
	     "1 while the SNMP master agent is connected."),
	    "SNMP is off",
	    AGENT_ID_AGENTX_UP, NULL, 0},
	{COUNTER("leaseline_agentx_connects_total",
	     "Connections made to the SNMP master agent."),
	    "SNMP is off",
	    AGENT_ID_AGENTX_CONNECTS, NULL, 0},
	{COUNTER("leaseline_agentx_requests_total",
	     "Requests answered for the SNMP master agent."),
	    "SNMP is off",
	    AGENT_ID_AGENTX_REQUESTS, NULL, 0},
	{GAUGE("leaseline_notifications_pending",
	     "Notifications that wait for the SNMP master agent."),
	    "SNMP is off",
	    AGENT_ID_NOTIFICATIONS_PENDING, NULL, 0},
	{GAUGE("leaseline_config_last_reload_successful",
	     "1 when the configuration was good when it was last read."),
	    "never",
	    AGENT_ID_CONFIG_OK, NULL, 0},
	{GAUGE("leaseline_config_last_reload_success_timestamp_seconds",
	     "When a good configuration was last read."),
	    "there was none",
	    AGENT_ID_CONFIG_LOADED, NULL, 0},
	{GAUGE("leaseline_stats_last_success_timestamp_seconds",
	     "When a usage report was last taken; no license depends on it."),
	    "usage reports are off, or none was taken",
	    AGENT_ID_STATS_SUCCESS, NULL, 0},
	{COUNTER("leaseline_stats_failures_total",
	     "Usage reports that were not taken; no license depends on "
	     "them."),
	    "usage reports are off",
	    AGENT_ID_STATS_FAILURES, NULL, 0},
	{GAUGE("leaseline_test_alert",
	     "1 for five minutes after a person asked for a test."),
	    "never",
	    AGENT_ID_TEST_ALERT, NULL, 0},
};

static const struct agent_family notifications = {
	COUNTER("leaseline_notifications_total",
	    "Notifications taken by the SNMP master agent."), "SNMP is off",
	AGENT_ID_AGENTX_UP, "notification", 0};

#define UNREAD "/proc cannot be read"
static const struct process_family process[] = {
	{COUNTER("process_cpu_seconds_total",
	     "Total user and system CPU time spent in seconds."), UNREAD},
	{GAUGE("process_start_time_seconds",
	     "Start time of the process since unix epoch in seconds."), UNREAD},
	{GAUGE("process_open_fds", "Number of open file descriptors."), UNREAD},
	{GAUGE("process_max_fds", "Maximum number of open file descriptors."),
	    UNREAD},
	{GAUGE("process_virtual_memory_bytes", "Virtual memory size in bytes."),
	    UNREAD},
	{GAUGE("process_resident_memory_bytes",
	     "Resident memory size in bytes."), UNREAD},
};

const struct license_family *
license_families(size_t *count)
{
	*count = COUNT_OF(licenses);
	return licenses;
}

const struct agent_family *
agent_families(size_t *count)
{
	*count = COUNT_OF(agent);
	return agent;
}

const struct agent_family *
build_family(void)
{
	return &build;
}

const struct agent_family *
notification_family(void)
{
	return &notifications;
}

const struct process_family *
process_families(size_t *count)
{
	*count = COUNT_OF(process);
	return process;
}
