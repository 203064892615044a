#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Write fleet.json, license.json and authority.json into the directory given.

`make grafana` does it here; tests/integration/grafana.sh compares.
"""
import sys

sys.dont_write_bytecode = True
from parts import *  # pylint: disable=wildcard-import,unused-wildcard-import

# Of all that Prometheus reads, the jobs that had an agent, or an authority, in
# the dashboard's time range: one that is down has nothing but `up`.
UP = "(up{A} and on (job) last_over_time(%s{A}[$__range]))"
AGENT_UP, AUTHORITY_UP = UP % "leaseline_build_info", UP % "authority_build_info"
# Every program has process_ metrics.
OF_AGENT = " and on (job, instance) leaseline_build_info{A}"
LEFT = "license_action_deadline_timestamp_seconds{L} - time()"
# An unusable license is at its deadline now, whatever is left of its term.
TO_ACT = """((%s) unless on %s (license_usable{L} == 0))
    or on %s (0 * license_usable{L})""" % (LEFT, KEY, KEY)
# How many of the agent's two thresholds are passed.
DEADLINE_LEVEL = " + on %s ".join(
    '(%s < bool ignoring (severity) license_action_threshold_seconds{L, severity="%s"})'
    % (LEFT, severity) for severity in ("warning", "critical")) % KEY
PEAK = "license_bandwidth_peak_bytes_per_second{L} / license_bandwidth_limit_bytes_per_second{L}"
PEAK_LEVEL = " + on %s ".join(
    '(%s > bool ignoring (severity) license_bandwidth_threshold_ratio{L, severity="%s"})'
    % (PEAK, severity) for severity in ("warning", "critical")) % KEY
STATE_NOW = numbered("license_state", "state", STATES)
SEVERITY_NOW = numbered("license_severity", "severity", SEVERITIES)
OF_LICENSE = "{{instance}} {{license}}"
LEVEL_COLUMN = dict(mappings=words(LEVELS), **COLORED)
THRESHOLD = 'license_action_threshold_seconds{L, severity="%s"}'
WHEN = {"unit": "dateTimeAsIso", "custom__width": 180}


def state_set(name, metric, mappings=None):
    """A column with the label of a state set's value that is 1."""
    properties = dict(mappings=mappings, **COLORED) if mappings else {}
    return label(name, metric + "{L} == 1", **properties)


def fleet_now():
    return [
        row("Now"),
        stat("Licenses", "Licenses that the chosen agents keep.", "count(license_usable{L})"),
        stat("Need a person now", "Licenses whose severity is critical, by the agent's own "
             "thresholds.",
             'sum(license_severity{L, severity="critical"})', thresholds=NONE_IS_GOOD),
        stat("Need a person soon", "Licenses whose severity is warning, by the agent's own "
             "thresholds.",
             'sum(license_severity{L, severity="warning"})', thresholds=NONE_IS_BEST),
        stat("Not usable", "Licenses with which the licensed product may not run.",
             "sum(1 - license_usable{L})", thresholds=NONE_IS_GOOD),
        stat("Refresh overdue", "Licenses without a good refresh for longer than the agent's "
             "threshold (36 h unless configured). They run on to the end of their lease.",
             "sum(license_refresh_due_timestamp_seconds{L} < bool time())",
             thresholds=NONE_IS_BEST, no_value="0"),
        stat("Agents down", "Agents that Prometheus cannot read. Their licenses are not in the "
             "table below.", "sum(1 - %s)" % AGENT_UP, thresholds=NONE_IS_BEST),
        table("What needs a person, and when",
              "All licenses, the one that needs a person first at the top. 'time to act' is to "
              "the action deadline, and 0 where the license is not usable. The colors are the "
              "agent's verdicts, made with the thresholds in force for that license.",
              [value("time to act", TO_ACT, unit="dtdurations", custom__width=150),
               value("deadline is", DEADLINE_LEVEL, **LEVEL_COLUMN),
               state_set("severity", "license_severity", named(SEVERITIES)),
               state_set("reason", "license_severity_reason"),
               state_set("state", "license_state", named(STATES)),
               state_set("result", "license_refresh_last_result"),
               value("action deadline", "1000 * license_action_deadline_timestamp_seconds{L}",
                     **WHEN),
               value("expiry", "1000 * license_expiry_timestamp_seconds{L}", **WHEN),
               label("product", "license_info{L}")],
              overrides=[override("license", links=LICENSE_OF_ROW)],
              sort="time to act", size=(24, 12)),
    ]


def fleet_refreshes():
    return [
        row("Refreshes"),
        series("Refreshes tried", "Refreshes that the agents tried, in each interval.", "none",
               [query("sum by (job) (increase(license_refresh_attempts_total{L}"
                      "[$__rate_interval]))", "{{job}}")], bars=True, size=(8, 8), minimum=0),
        series("Refreshes failed", "Refreshes that failed, in each interval, by how.", "none",
               [query("sum by (result) (increase(license_refresh_failures_total{L}"
                      "[$__rate_interval])) > 0", "{{result}}")],
               bars=True, stack=True, size=(8, 8), minimum=0),
        series("How the last refresh ended", "Licenses by the result of their last refresh.",
               "none", [query("sum by (result) (license_refresh_last_result{L}) > 0",
                              "{{result}}")], stack=True, size=(8, 8), minimum=0),
        series("Longest without a refresh", "The ten licenses whose last good refresh is oldest. "
               "A healthy one is refreshed within a day.", "s",
               [query("topk(10, time() - license_refresh_last_success_timestamp_seconds{L})",
                      OF_LICENSE)], minimum=0),
        series("Refused, and why", "Licenses whose last refresh was refused by the authority, "
               "by its reason.", "none",
               [query('sum by (reason) (license_refresh_last_refusal{L, reason!="none"}) > 0',
                      "{{reason}}")], stack=True, minimum=0),
    ]


def fleet_bandwidth():
    return [
        row("Bandwidth"),
        series("Licensed and used", "The licensed bandwidth of all chosen licenses, and what is "
               "used of it where it is measured.", "bps",
               [query("8 * sum(license_bandwidth_limit_bytes_per_second{L})", "licensed"),
                query("8 * sum by (direction) (license_bandwidth_used_bytes_per_second{L})",
                      "{{direction}}")], minimum=0),
        table("Nearest to the licensed bandwidth", "The peak is the largest 5-minute mean of 24 "
              "hours, in the larger direction. The color is by the thresholds in force.",
              [value("licensed", "8 * license_bandwidth_limit_bytes_per_second{L}", unit="bps"),
               value("peak", "8 * license_bandwidth_peak_bytes_per_second{L}", unit="bps"),
               value("of the license", PEAK, unit="percentunit"),
               value("bandwidth is", PEAK_LEVEL, **LEVEL_COLUMN)],
              overrides=[override("license", links=LICENSE_OF_ROW)], size=(12, 8), unit="bps"),
    ]


def fleet_states():
    return [
        row("States"),
        series("Licenses by state", "How many licenses are in each state.", "none",
               [query("sum by (state) (license_state{L}) > 0", "{{state}}")],
               stack=True, minimum=0,
               overrides=[override(name, color={"mode": "fixed", "fixedColor": color})
                          for name, color in STATES if name in ("valid", "expiring", "expired")]),
        series("Licenses by severity", "How many licenses need a person, and how much.", "none",
               [query("sum by (severity) (license_severity{L})", "{{severity}}")],
               stack=True, minimum=0,
               overrides=[override(name, color={"mode": "fixed", "fixedColor": color})
                          for name, color in SEVERITIES]),
    ]


def fleet_agents():
    yes_no = dict(mappings=words(YES_NO), **COLORED)
    made = table(
        "Agents", "Each agent, also one that does not answer: then 'answers' is no, and the "
        "rest is empty. 'heartbeat' is the age of the keeper's last round, of 30 s; three "
        "missed ones are red.",
        [value("answers", AGENT_UP, **yes_no),
         value("heartbeat", "time() - leaseline_keeper_heartbeat_timestamp_seconds{A}",
               unit="s", thresholds=steps([(None, GREEN), (90, RED)]), **COLORED),
         value("storage", "leaseline_storage_up{A}", **yes_no),
         value("configuration", "leaseline_config_last_reload_successful{A}", **yes_no),
         label("trust", "leaseline_clock_trust{A} == 1"),
         value("clock offset", "leaseline_clock_offset_seconds{A}", unit="s"),
         label("version", "leaseline_build_info{A}"),
         value("memory", "process_resident_memory_bytes{A}" + OF_AGENT, unit="bytes")],
        first=("instance", "job"), overrides=[override("instance", links=AGENT_OF_ROW)],
        sort="answers", size=(16, 10))
    return [row("Agents"), made,
            series("Versions", "Agents by the version that they run.", "none",
                   [query("count by (version) (leaseline_build_info{A})", "{{version}}")],
                   stack=True, size=(8, 10), minimum=0)]


def license_now():
    return [
        row("Now"),
        stat("State", "The state that the license is in.", STATE_NOW, legend=OF_LICENSE,
             mappings=enumeration(STATES), size=(5, 4)),
        stat("Severity", "How much it needs a person, by the agent's own thresholds.",
             SEVERITY_NOW, legend=OF_LICENSE, mappings=enumeration(SEVERITIES), size=(4, 4)),
        stat("Action deadline", "Time until a person must have acted; the color is by the "
             "agent's thresholds, in 'Deadline is'.", LEFT, "dtdurations", OF_LICENSE, size=(5, 4)),
        stat("Deadline is", "Which of the agent's thresholds the action deadline has passed.",
             DEADLINE_LEVEL, legend=OF_LICENSE, mappings=words(LEVELS), size=(3, 4)),
        stat("Lease ends in", "The first horizon: when the document in hand ends unless it is "
             "extended. Healthy: 13 to 14 days.",
             "license_lease_end_timestamp_seconds{L} - time()", "dtdurations", OF_LICENSE,
             size=(4, 4)),
        stat("Term ends in", "The second horizon: the end of what is paid.",
             "license_term_end_timestamp_seconds{L} - time()", "dtdurations", OF_LICENSE,
             size=(3, 4)),
        table("What it is", "Product, kind and thresholds, as the agent says.",
              [label("product, edition, kind, mode, billing, source, id", "license_info{L}"),
               state_set("reason", "license_severity_reason"),
               value("issued", "1000 * license_issued_timestamp_seconds{L}", **WHEN),
               value("action deadline", "1000 * license_action_deadline_timestamp_seconds{L}",
                     **WHEN),
               value("expiry", "1000 * license_expiry_timestamp_seconds{L}", **WHEN),
               value("warns before", THRESHOLD % "warning", unit="dtdurations"),
               value("critical before", THRESHOLD % "critical", unit="dtdurations"),
               value("next license begins",
                     "1000 * license_successor_not_before_timestamp_seconds{L}", **WHEN)],
              size=(24, 5)),
        series("Both horizons", "Time to the end of the lease and of the term, to the action "
               "deadline, and the thresholds that the agent compares it with.", "s",
               [query(LEFT, OF_LICENSE + " action deadline"),
                query("license_lease_end_timestamp_seconds{L} - time()", OF_LICENSE + " lease"),
                query("license_term_end_timestamp_seconds{L} - time()", OF_LICENSE + " term"),
                query("license_grace_end_timestamp_seconds{L} - time()", OF_LICENSE + " grace"),
                query("license_action_threshold_seconds{L}",
                      OF_LICENSE + " {{severity}} threshold")],
               size=(24, 9), overrides=[
                   dict(override("", custom__lineStyle={"fill": "dash", "dash": [10, 10]}),
                        matcher={"id": "byRegexp", "options": "/threshold$/"})]),
        timeline("State over time", "The state that the license was in.",
                 [query(STATE_NOW, OF_LICENSE)], enumeration(STATES), size=(12, 5)),
        timeline("Severity over time", "How much it needed a person.",
                 [query(SEVERITY_NOW, OF_LICENSE)], enumeration(SEVERITIES), size=(12, 5)),
    ]


def license_refreshes():
    return [
        row("Refreshes"),
        timeline("How refreshes ended", "A line for each result that was the last one.",
                 [query("license_refresh_last_result{L} == 1", OF_LICENSE + " {{result}}")],
                 words([(1, "last result", BLUE)]), size=(12, 6)),
        timeline("Refused, and why", "A line for each reason of the authority.",
                 [query('license_refresh_last_refusal{L, reason!="none"} == 1',
                        OF_LICENSE + " {{reason}}")], words([(1, "refused", RED)]), size=(12, 6)),
        stat("Since the last success", "Age of the last good refresh.",
             "time() - license_refresh_last_success_timestamp_seconds{L}", "dtdurations",
             OF_LICENSE, size=(6, 4)),
        stat("Overdue in", "Time until the refresh is overdue unless one succeeds before; "
             "negative: it is.", "license_refresh_due_timestamp_seconds{L} - time()",
             "dtdurations", OF_LICENSE, size=(6, 4), thresholds=[(None, ORANGE), (0, GREEN)]),
        stat("Next attempt in", "When a refresh will be tried next.",
             "license_refresh_next_attempt_timestamp_seconds{L} - time()", "dtdurations",
             OF_LICENSE, size=(6, 4)),
        stat("Failed in a row", "Failed refreshes since the last success.",
             "license_refresh_consecutive_failures{L}", "none", OF_LICENSE, size=(6, 4),
             thresholds=NONE_IS_BEST),
        series("Tried and failed", "Refreshes tried, and failed by how, in each interval.", "none",
               [query("sum by %s (increase(license_refresh_attempts_total{L}[$__rate_interval]))"
                      % KEY, OF_LICENSE + " tried"),
                query("increase(license_refresh_failures_total{L}[$__rate_interval]) > 0",
                      OF_LICENSE + " {{result}}")], bars=True, minimum=0),
        series("How long a refresh took", "Of the last refresh, whatever became of it.", "s",
               [query("license_refresh_last_duration_seconds{L}", OF_LICENSE)], minimum=0),
    ]


def license_machine():
    return [
        row("Bandwidth"),
        series("Licensed and used", "The licensed bandwidth, what is used of it where it is "
               "measured, its peak, and where warning and critical begin.", "bps",
               [query("8 * license_bandwidth_limit_bytes_per_second{L}", OF_LICENSE + " licensed"),
                query("8 * license_bandwidth_used_bytes_per_second{L}",
                      OF_LICENSE + " {{direction}}"),
                query("8 * license_bandwidth_peak_bytes_per_second{L}", OF_LICENSE + " peak"),
                query("8 * license_bandwidth_limit_bytes_per_second{L} * on %s group_right () "
                      "license_bandwidth_threshold_ratio{L}" % KEY,
                      OF_LICENSE + " {{severity}} threshold")], size=(24, 8), minimum=0),
        row("This machine"),
        timeline("Binding", "Whether each part of the machine is as the license says; a part "
                 "that is not bound has no line.",
                 [query("license_binding_match{L}", OF_LICENSE + " {{component}}")],
                 words([(0, "changed", RED), (1, "as licensed", GREEN)]), size=(12, 8)),
        series("Rebinds", "Hardware changes counted in the rolling week, and how many are "
               "allowed.", "none",
               [query("license_rebinds_used{L}", OF_LICENSE + " used"),
                query("license_rebinds_allowed{L}", OF_LICENSE + " allowed")], size=(6, 8),
               minimum=0),
        series("Age of the source's data", "Only where the source is FastNetMon: how old what "
               "it said is.", "s", [query("license_data_age_seconds{L}", OF_LICENSE)],
               size=(6, 8), minimum=0),
        timeline("Clock", "How far the agent believes the machine's clock.",
                 [query("leaseline_clock_trust{A} == 1", "{{instance}} {{trust}}")],
                 words([(1, "this", BLUE)]), size=(12, 6)),
        series("Clock offset", "The machine's clock minus the authority's at the last answer, "
               "and steps that were not believed.", "s",
               [query("leaseline_clock_offset_seconds{A}", "{{instance}}"),
                query("increase(leaseline_clock_steps_total{A}[$__rate_interval])",
                      "{{instance}} steps")], size=(12, 6),
               overrides=[dict(override("", unit="none", custom__axisPlacement="right"),
                               matcher={"id": "byRegexp", "options": "/ steps$/"})]),
        timeline("Storage", "Whether the state can be written, and the configuration was good.",
                 [query("leaseline_storage_up{A}", "{{instance}} storage"),
                  query("leaseline_config_last_reload_successful{A}",
                        "{{instance}} configuration")],
                 words(YES_NO), size=(12, 6)),
        series("How long a write took", "The last write to disk.", "s",
               [query("leaseline_storage_last_write_seconds{A}", "{{instance}}")], size=(12, 6),
               minimum=0),
        timeline("SNMP master", "Whether the SNMP master agent is connected; no line where SNMP "
                 "is off.", [query("leaseline_agentx_up{A}", "{{instance}}")], words(YES_NO),
                 size=(12, 6)),
        series("SNMP requests and notifications", "Requests answered, notifications sent and "
               "those that wait.", "none",
               [query("rate(leaseline_agentx_requests_total{A}[$__rate_interval])",
                      "{{instance}} requests/s"),
                query("sum by (job, instance) (increase(leaseline_notifications_total{A}"
                      "[$__rate_interval]))", "{{instance}} notifications"),
                query("leaseline_notifications_pending{A}", "{{instance}} waiting")], size=(12, 6),
               minimum=0),
        series("Authority's TLS certificate", "Time to its end; the authority makes it anew 30 "
               "days before.", "s",
               [query("leaseline_authority_certificate_not_after_timestamp_seconds{L} - time()",
                      OF_LICENSE)], size=(12, 6)),
        series("The agent itself", "Processor time, in processors.", "none",
               [query("rate(process_cpu_seconds_total{A}[$__rate_interval])" + OF_AGENT,
                      "{{instance}}")],
               size=(12, 6), minimum=0, decimals=4),
    ]


def authority_requests():
    seconds, batch = "authority_request_duration_seconds", "authority_commit_batch_size"
    quantile = "histogram_quantile(%s, sum by (le) (rate(%s_bucket{A}[$__rate_interval])))"
    heat = panel("heatmap", "Time to the answer", "How many requests took how long, from the "
                 "whole request to the answer, the durable commit included.", "s",
                 [dict(query("sum by (le) (increase(%s_bucket{A}[$__rate_interval]))" % seconds,
                             "{{le}}"), format="heatmap")], (12, 8),
                 {"calculate": False, "cellGap": 1, "legend": {"show": True},
                  "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64,
                            "exponent": 0.5, "fill": "dark-orange", "reverse": False},
                  "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
                  "yAxis": {"axisPlacement": "left", "unit": "s", "reverse": False},
                  "rowsFrame": {"layout": "auto"}, "filterValues": {"le": 1e-9},
                  "showValue": "never"})
    return [
        row("Requests"),
        series("Requests by result", "Requests answered in a second, by what the answer was.",
               "reqps", [query("sum by (result) (rate(authority_requests_total{A}"
                               "[$__rate_interval])) > 0", "{{result}}")], stack=True, minimum=0),
        series("Leases and the limit", "Licenses given in a second, and how many may be.", "reqps",
               [query('sum by (instance) (rate(authority_requests_total{A, result="license"}'
                      "[$__rate_interval]))", "{{instance}} given"),
                query("authority_grant_limit_per_second{A}", "{{instance}} limit")], minimum=0),
        heat,
        series("Time to the answer, quantiles", "Half, nine of ten and 99 of 100 requests are "
               "answered within.", "s",
               [query(quantile % (part, seconds), name) for part, name in
                (("0.5", "half"), ("0.9", "90 %"), ("0.99", "99 %"))], minimum=0),
        series("Requests in a commit", "Requests decided in one commit: mean, and 99 of 100.",
               "none", [query("sum(rate(%s_sum{A}[$__rate_interval])) / "
                              "sum(rate(%s_count{A}[$__rate_interval]))" % (batch, batch), "mean"),
                        query(quantile % ("0.99", batch), "99 %")], minimum=0),
        series("Queue", "Requests that wait for the next commit or the next second.", "none",
               [query("authority_queue_length{A}", "{{instance}}")], minimum=0),
        series("Usage reports", "Reports of agents answered in a second, by what became of them.",
               "reqps", [query("sum by (result) (rate(authority_stats_total{A}"
                               "[$__rate_interval]))", "{{result}}")], stack=True, minimum=0),
        series("Versions", "Servers by the version that they run.", "none",
               [query("count by (version, revision) (authority_build_info{A})",
                      "{{version}} {{revision}}")], minimum=0),
    ]


def authority_now():
    return [
        row("Now"),
        stat("Servers down", "Servers that Prometheus cannot read.", "sum(1 - %s)" % AUTHORITY_UP,
             thresholds=NONE_IS_GOOD),
        stat("Database", "Whether the database answered when last asked.",
             "min(authority_database_up{A})", mappings=words(YES_NO)),
        stat("Signer ends in", "Without a signer nothing is issued and every lease ends within 14 "
             "days. Below 45 days the alert AuthoritySignerEnding fires.",
             "min(authority_signer_until_timestamp_seconds{A}) - time()", "dtdurations",
             thresholds=[(None, RED), (14 * 86400, ORANGE), (45 * 86400, GREEN)],
             no_value="no signer"),
        stat("Terms that end in 7 days", "Subscriptions whose paid term ends within a week.",
             'max(authority_terms_ending{A, window="7d"})', thresholds=NONE_IS_BEST),
        stat("Subscriptions", "All subscriptions, whatever their status.",
             "max(sum by (instance) (authority_subscriptions{A}))"),
        stat("Machines", "All machine keys known.",
             "max(sum by (instance) (authority_machines{A}))"),
    ]


def authority_stock():
    return [
        row("Machines and subscriptions"),
        series("Machines by state", "Machine keys known. A clone wants the vendor's support.",
               "none", [query("max by (state) (authority_machines{A})", "{{state}}")],
               size=(8, 8), minimum=0),
        series("Subscriptions by status", "Subscriptions that were sold.", "none",
               [query("max by (status) (authority_subscriptions{A})", "{{status}}")],
               size=(8, 8), minimum=0),
        series("Terms that end", "Subscriptions whose paid term ends within the window.", "none",
               [query("max by (window) (authority_terms_ending{A})", "{{window}}")],
               size=(8, 8), minimum=0),
        timeline("Database over time", "Whether the database answered when asked.",
                 [query("authority_database_up{A}", "{{instance}}")], words(YES_NO), size=(12, 5)),
        series("Signer over time", "Time to the end of the signer in force.", "s",
               [query("authority_signer_until_timestamp_seconds{A} - time()", "{{instance}}")],
               size=(12, 5)),
    ]


TO_AUTHORITY = link("Authority", AUTHORITY + "${datasource:queryparam}", "Who issues the licenses")
AGENTS = variables("license_info", "license_info{job=~\"$job\"}", "license_info{A}")

PAGES = {
    "fleet": dashboard(
        "leaseline-fleet", "Leaseline: fleet",
        "Which licenses need a person, and when; how their refreshes go.",
        fleet_now() + fleet_refreshes() + fleet_bandwidth() + fleet_states() + fleet_agents(),
        AGENTS, [link("License", ONE + SAME, "The chosen licenses, one by one"), TO_AUTHORITY]),
    "license": dashboard(
        "leaseline-license", "Leaseline: license",
        "One license: both horizons, refreshes, bandwidth and its machine.",
        license_now() + license_refreshes() + license_machine(),
        AGENTS, [link("Fleet", FLEET + "${datasource:queryparam}&${job:queryparam}",
                      "All licenses"), TO_AUTHORITY], since="now-7d"),
    "authority": dashboard(
        "leaseline-authority", "Leaseline: authority",
        "The licensing server: requests, its queue, its stock, its signer.",
        authority_now() + authority_requests() + authority_stock(),
        variables("authority_build_info", "authority_build_info{job=~\"$job\"}"),
        [link("Fleet", FLEET + "${datasource:queryparam}", "The licenses that were issued")]),
}

if __name__ == "__main__":
    for file_name, page in PAGES.items():
        write(sys.argv[1], file_name, page)
