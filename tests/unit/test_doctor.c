/* SPDX-License-Identifier: ISC */
/*
 * Goal: findings in, steps out: a sound installation has no fault, one finding
 * that is changed makes one step fail, and its mend names what to do.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "license/base/buf.h"
#include "license/doctor.h"
#include "license/json.h"

static struct doctor_found found;
static struct doctor_report report;

/* What is found where all is well. */
static void
be_sound(void)
{
	found = (struct doctor_found){
		.seen = {.told = true, .ntp = 1, .system = {POLLER_NUMBER, 4711},
		    .license = {POLLER_NUMBER, 1764335700},
		    .target = "127.0.0.1:161"},
		.agent = {.told = true, .caller_may = true, .storage_up = true,
		    .pid = 17, .start_s = 1764335700, .heartbeat_age_s = 3,
		    .agentx = 1, .agentx_connects = 1, .trust = TRUST_TRUSTED},
		.configuration = {FILE_GOOD, "/etc/leaseline/leaseline.conf", "", ""},
		.host = {.contact = CONTACT_ANSWERS,
		    .socket = "/run/leaseline/control.sock",
		    .user = "leaseline", .group = "leaseline",
		    .group_exists = true, .state_path = "/var/lib/leaseline",
		    .as_agent = true,
		    .state = {true, true, 0700, "leaseline", true, 0,
			1 << 30, 100000},
		    .vendor = {.license = "/etc/fastnetmon/license.lic"}},
		.license_count = 1,
		.license_total = 1,
		.licenses = {{.name = "main",
		    .path = "/etc/fastnetmon/license.lic",
		    .directory = "/etc/fastnetmon",
		    .file = PATH_OURS,
		    .is_placed = true, .known = true, .state = STATE_VALID,
		    .severity = SEVERITY_OK, .sentence = "Production license",
		    .authority = {.tried = true,
			.url = "https://license.example.net", .result = RESULT_OK,
			.phase = PHASE_ANSWER, .status = 404,
			.is_authority = true, .duration_ms = 12,
			.now = {1764335700},
			.certificate_not_after = {1799999999}}}},
		.listener_count = 1,
		.listeners = {{.address = "127.0.0.1:10014", .loopback = true,
		    .result = RESULT_OK, .status = 200, .is_ours = true}},
		.snmp_enabled = true,
		.ping_interval_s = 10,
		.master = {.state = MASTER_ANSWERS,
		    .path = "/var/agentx/master"},
		.root_oid = ".1.3.6.1.4.1.8072.9999.9999.14",
	};
}

static const struct doctor_step *
step(enum doctor_step_id id)
{
	for (size_t i = 0; i < report.count; i++) {
		if (report.steps[i].id == id)
			return &report.steps[i];
	}
	fail_msg("no step %s", doctor_step_name(id));
	return NULL;
}

/* Judge; this step, and no other, has this result. */
static const struct doctor_step *
only(enum doctor_step_id id, enum doctor_result result)
{
	doctor_judge(&found, &report);
	for (size_t i = 0; i < report.count; i++) {
		const struct doctor_step *s = &report.steps[i];

		if (s->id != id && (s->result == DOCTOR_FAILED ||
			s->result == DOCTOR_WARNING))
			fail_msg("%s: %s", doctor_step_name(s->id), s->text);
	}
	assert_string_equal(doctor_result_name(step(id)->result),
	    doctor_result_name(result));
	return step(id);
}

static void
says(const struct doctor_step *s, const char *text, const char *mend)
{
	if (strstr(s->text, text) == NULL)
		fail_msg("'%s' does not say '%s'", s->text, text);
	if (strstr(s->mend, mend) == NULL && strstr(s->command, mend) == NULL)
		fail_msg("'%s' '%s' do not say '%s'", s->mend, s->command,
		    mend);
}

static void
a_sound_installation_has_every_step_and_no_fault(void **state)
{
	(void)state;
	be_sound();
	doctor_judge(&found, &report);
	assert_int_equal(report.count, STEP_COUNT);
	for (size_t i = 0; i < report.count; i++) {
		const struct doctor_step *s = &report.steps[i];

		assert_int_equal(s->id, i);
		assert_string_equal(doctor_result_name(s->result),
		    s->id == STEP_NOTIFICATIONS ? "skipped" : "ok");
		assert_string_not_equal(s->text, "");
		assert_string_equal(s->mend, "");
	}
	assert_int_equal(doctor_exit(&report, true), 0);
}

static void
a_configuration_that_is_bad_skips_the_rest(void **state)
{
	(void)state;
	be_sound();
	found.configuration.state = FILE_BAD;
	strcpy(found.configuration.error, "/etc/x:3: \"a\" is not a key\x1b");
	says(only(STEP_CONFIGURATION, DOCTOR_FAILED), "is not a key\\x1B",
	    "leaselined -n -c /etc/leaseline/leaseline.conf");
	assert_int_equal(report.count, STEP_COUNT);
	assert_int_equal(doctor_exit(&report, false), 1);
	strcpy(found.configuration.closed, "/etc/leaseline/api-password");
	says(only(STEP_CONFIGURATION, DOCTOR_FAILED), "",
	    "chown root:leaseline /etc/leaseline/api-password; "
	    "chmod 0640 /etc/leaseline/api-password");
	found.configuration.state = FILE_DENIED;
	assert_string_equal(only(STEP_CONFIGURATION, DOCTOR_SKIPPED)->mend, "");
	assert_int_equal(doctor_exit(&report, true), 0);
}

static void
an_agent_that_is_away_hangs_or_is_elsewhere_is_told_apart(void **state)
{
	(void)state;
	be_sound();
	found.agent = (struct doctor_agent){.told = false};
	found.host.caller_may = true;
	found.listeners[0].result = RESULT_CONNECT;
	found.listeners[0].is_ours = false;
	found.host.contact = CONTACT_ABSENT;
	says(only(STEP_AGENT, DOCTOR_FAILED), "does not run",
	    "systemctl enable --now leaselined");
	assert_int_equal(step(STEP_EXPORTER)->result, DOCTOR_SKIPPED);
	assert_int_equal(step(STEP_SNMP_CONNECTION)->result, DOCTOR_SKIPPED);
	found.host.lock_held = true;
	says(only(STEP_AGENT, DOCTOR_FAILED), "but not at", "restart");
	found.host.contact = CONTACT_SILENT;
	says(only(STEP_AGENT, DOCTOR_FAILED), "hangs", "restart leaselined");
	found.host.contact = CONTACT_DENIED;
	says(only(STEP_AGENT, DOCTOR_FAILED), "no permission", "chmod 0755");
	/* Another program has the port: the agent could not start. */
	found.listeners[0] = (struct doctor_listener){.result = RESULT_OK,
		.status = 200, .address = "127.0.0.1:10014", .loopback = true,
		.owner = "www-data", .connected = true};
	doctor_judge(&found, &report);
	says(step(STEP_EXPORTER), "of user www-data",
	    "ss -ltnp 'sport = :10014'");
}

static void
the_heart_the_user_the_group_and_the_clock(void **state)
{
	(void)state;
	be_sound();
	found.agent.heartbeat_age_s = 61;
	says(only(STEP_HEARTBEAT, DOCTOR_WARNING), "61 s", "restart");
	found.agent.heartbeat_age_s = 91;
	only(STEP_HEARTBEAT, DOCTOR_FAILED);
	be_sound();
	found.host.is_root = true;
	says(only(STEP_USER, DOCTOR_WARNING), "runs as", "leaseline");
	be_sound();
	found.agent.caller_may = false;
	says(only(STEP_GROUP, DOCTOR_WARNING), "you may not",
	    "usermod -aG leaseline");
	found.host.group_exists = false;
	says(only(STEP_GROUP, DOCTOR_WARNING), "does not exist", "groupadd");
	be_sound();
	assert_non_null(strstr(only(STEP_CLOCK, DOCTOR_OK)->text,
	    "0 s from the authority's"));
	found.agent.offset_s = DOCTOR_OFFSET_UNKNOWN;
	assert_null(strstr(only(STEP_CLOCK, DOCTOR_OK)->text, "authority's"));
	found.agent.offset_s = -40 * DAY_S;
	says(only(STEP_CLOCK, DOCTOR_WARNING), "40 days behind the authority's",
	    "timedatectl");
	found.agent.offset_s = 7;
	assert_non_null(strstr(only(STEP_CLOCK, DOCTOR_OK)->text,
	    "7 s ahead of the authority's"));
	found.agent.trust = TRUST_STEPPED_BACK;
	says(only(STEP_CLOCK, DOCTOR_FAILED), "went back", "timedatectl");
	assert_null(strstr(step(STEP_CLOCK)->text, "authority's"));
	be_sound();
	found.seen.ntp = 0;
	says(only(STEP_CLOCK, DOCTOR_WARNING), "not synchronized",
	    "timedatectl");
	found.seen.ntp = -1;
	only(STEP_CLOCK, DOCTOR_OK);
	found.agent.offset_s = -61;
	only(STEP_CLOCK, DOCTOR_WARNING);
}

static void
the_state_directory(void **state)
{
	(void)state;
	be_sound();
	found.host.state.mode = 0755;
	says(only(STEP_STATE_DIRECTORY, DOCTOR_FAILED), "mode 0755",
	    "chmod 0700 /var/lib/leaseline");
	be_sound();
	found.host.state.owner_is_us = false;
	says(only(STEP_STATE_DIRECTORY, DOCTOR_FAILED), "belongs to", "chown");
	be_sound();
	found.host.state.write_error = EROFS;
	says(only(STEP_STATE_DIRECTORY, DOCTOR_FAILED), "cannot be written",
	    "findmnt");
	be_sound();
	found.host.state.free_bytes = 1 << 22;
	says(only(STEP_STATE_DIRECTORY, DOCTOR_WARNING), "4 MiB", "df");
	found.host.state.free_bytes = 4096;
	only(STEP_STATE_DIRECTORY, DOCTOR_FAILED);
	be_sound();
	found.host.state.free_files = 0;
	only(STEP_STATE_DIRECTORY, DOCTOR_FAILED);
	found.host.state.free_files = -1;
	found.agent.storage_up = false;
	says(only(STEP_STATE_DIRECTORY, DOCTOR_FAILED), "", "last write");
	be_sound();
	found.host.state.there = false;
	says(only(STEP_STATE_DIRECTORY, DOCTOR_FAILED), "is not there",
	    "install -d");
	be_sound();
	found.host.as_agent = false;
	only(STEP_STATE_DIRECTORY, DOCTOR_SKIPPED);
}

static void
the_vendors_fastnetmon_beside_us(void **state)
{
	struct doctor_license *l = &found.licenses[0];
	struct doctor_vendor *v = &found.host.vendor;

	(void)state;
	be_sound();
	strcpy(v->part, "/opt/fastnetmon/app/bin/fastnetmon");
	strcpy(v->fcli, "/usr/bin/fcli");
	found.seen.vendor_pid = 815;
	says(only(STEP_VENDOR, DOCTOR_WARNING), "ours is leaseline",
	    "license-file = /var/lib/leaseline/main.lic");
	says(step(STEP_VENDOR), "(pid 815)", "systemctl restart leaselined");
	/* What is said to be typed is not the vendor's command. */
	assert_non_null(strstr(step(STEP_NOTIFICATIONS)->text,
	    "'leaseline test notification'"));
	l->file = PATH_STRANGE;
	v->has_license = true;
	says(only(STEP_LICENSE_FILE, DOCTOR_FAILED), "is not ours",
	    "license-file = /var/lib/leaseline/main.lic");
	says(step(STEP_LICENSE_FILE), "", "leaseline commit");
	assert_non_null(strstr(step(STEP_VENDOR)->text, "is left alone"));
	l->state = STATE_MISSING;
	l->severity = SEVERITY_CRITICAL;
	only(STEP_LICENSE_FILE, DOCTOR_FAILED);
	assert_int_equal(step(STEP_LICENSE)->result, DOCTOR_SKIPPED);
	l->state = STATE_VALID;
	l->severity = SEVERITY_OK;
	l->file = PATH_OURS;
	strcpy(l->path, "/var/lib/leaseline/main.lic");
	only(STEP_VENDOR, DOCTOR_OK);
	v->has_log = true;
	says(only(STEP_VENDOR, DOCTOR_WARNING), "our log-file too",
	    "log-file = /var/log/leaseline.log");
	v->has_log = false;
	strcpy(v->link, "/usr/local/bin/fcli");
	says(only(STEP_VENDOR, DOCTOR_WARNING), "gets ours at /usr/local",
	    "ln -sfn /usr/bin/fcli /usr/local/bin/fcli");
}

/* Each thing that is looked at is enough to say so; none is no fault. */
static void
a_part_of_the_vendors(void **state)
{
	struct doctor_vendor *v = &found.host.vendor;

	(void)state;
	be_sound();
	v->has_log = true; /* its place is our default */
	assert_non_null(strstr(only(STEP_VENDOR, DOCTOR_OK)->text,
	    "no FastNetMon"));
	assert_non_null(strstr(step(STEP_NOTIFICATIONS)->text,
	    "'fcli test notification'"));
	be_sound();
	found.seen.vendor_pid = 815;
	says(only(STEP_VENDOR, DOCTOR_WARNING), "in a container?",
	    "license-file");
	be_sound();
	strcpy(found.licenses[0].path, "/var/lib/leaseline/main.lic");
	v->has_license = v->has_log = true;
	assert_non_null(strstr(only(STEP_VENDOR, DOCTOR_OK)->text,
	    "a license that is not ours at /etc/fastnetmon/license.lic"));
	be_sound();
	strcpy(v->fcli, "/usr/bin/fcli");
	assert_non_null(strstr(only(STEP_VENDOR, DOCTOR_OK)->text,
	    "/usr/bin/fcli is not ours"));
	assert_non_null(strstr(step(STEP_NOTIFICATIONS)->text,
	    "'leaseline test notification'"));
}

static void
a_license_and_its_file(void **state)
{
	struct doctor_license *l = &found.licenses[0];

	(void)state;
	be_sound();
	l->directory_error = EACCES;
	says(only(STEP_LICENSE_FILE, DOCTOR_FAILED), "Permission denied",
	    "chgrp leaseline /etc/fastnetmon");
	be_sound();
	l->file = PATH_DENIED;
	l->file_error = EACCES;
	says(only(STEP_LICENSE_FILE, DOCTOR_FAILED), "cannot be read",
	    "chmod 0644");
	l->file = PATH_STRANGE;
	says(only(STEP_LICENSE_FILE, DOCTOR_FAILED), "closed to the agent",
	    "license-file = /var/lib/leaseline/main.lic");
	assert_null(strstr(step(STEP_LICENSE_FILE)->command, "chmod"));
	be_sound();
	strcpy(l->file_detail, "its signature is wrong");
	says(only(STEP_LICENSE, DOCTOR_FAILED), "signature is wrong",
	    "renew_license main");
	says(step(STEP_LICENSE), "", "stays in force is: Production");
	l->is_placed = false;
	l->state = STATE_INVALID;
	says(only(STEP_LICENSE, DOCTOR_FAILED), "signature is wrong",
	    "Put the license that the vendor sent there.");
	says(step(STEP_LICENSE), "", "fcli commit");
	l->file = PATH_ABSENT;
	l->state = STATE_MISSING;
	says(only(STEP_LICENSE_FILE, DOCTOR_FAILED), "no file at",
	    "license_hardware_data main");
	assert_int_equal(step(STEP_LICENSE)->result, DOCTOR_SKIPPED);
	be_sound();
	l->state = STATE_SUSPENDED;
	l->severity = SEVERITY_CRITICAL;
	strcpy(l->advice, "Ask the vendor.");
	says(only(STEP_LICENSE, DOCTOR_FAILED), "suspended", "Ask the vendor.");
	l->state = STATE_EXPIRING;
	l->severity = SEVERITY_WARNING;
	only(STEP_LICENSE, DOCTOR_WARNING);
	be_sound();
	l->file = PATH_ABSENT;
	only(STEP_LICENSE_FILE, DOCTOR_OK);
	l->is_placed = false;
	says(only(STEP_LICENSE_FILE, DOCTOR_FAILED), "no file at",
	    "show license_hardware_data main");
	be_sound();
	l->known = false;
	only(STEP_LICENSE, DOCTOR_SKIPPED);
}

/* Each row is what libcurl tells of one fault. */
static const struct {
	struct doctor_authority a;
	const char *text, *mend;
} faults[] = {
	{{.result = RESULT_DNS, .phase = PHASE_NAME},
	    "DNS: the name license.example.net does not resolve",
	    "getent ahosts license.example.net"},
	{{.result = RESULT_TIMEOUT, .phase = PHASE_NAME},
	    "DNS: no answer about the name", "resolv.conf"},
	{{.result = RESULT_DNS, .phase = PHASE_NAME, .proxy_name = true,
	    .proxy = "http://u:***@cache.example:3128"},
	    "the name cache.example, the proxy's,", "Correct proxy"},
	{{.result = RESULT_CONNECT, .phase = PHASE_CONNECT,
	    .os_error = ECONNREFUSED},
	    "TCP: license.example.net port 443 cannot be reached: "
	    "Connection refused", "authority-url is right"},
	{{.result = RESULT_TIMEOUT, .phase = PHASE_CONNECT},
	    "TCP: license.example.net port 443 does not answer",
	    "open outgoing tcp port 443"},
	{{.result = RESULT_CONNECT, .phase = PHASE_CONNECT,
	    .os_error = ECONNREFUSED, .proxy = "http://[::1]:3128"},
	    "TCP: the proxy ::1 port 3128", "proxy is right"},
	{{.result = RESULT_TIMEOUT, .phase = PHASE_TLS},
	    "TLS: license.example.net port 443 takes the connection",
	    "openssl s_client -connect license.example.net:443"},
	{{.result = RESULT_TLS, .phase = PHASE_TLS, .tls_verify = 1,
	    .detail = "wrong version number"},
	    "does not speak it: wrong version", "port of authority-url"},
	{{.result = RESULT_TLS, .phase = PHASE_TLS, .tls_verify = 10,
	    .detail = "SSL certificate problem: x"},
	    "is expired", "tell the vendor"},
	{{.result = RESULT_TLS, .phase = PHASE_TLS, .tls_verify = 9,
	    .detail = "SSL certificate problem: x"},
	    "is not yet valid", "date is right"},
	{{.result = RESULT_TLS, .phase = PHASE_TLS, .tls_verify = 20,
	    .detail = "SSL certificate problem: x"},
	    "is not trusted: none of the authorities known (those of "
	    "the system)", "authority-ca"},
	{{.result = RESULT_TLS, .phase = PHASE_TLS,
	    .detail = "SSL: no alternative certificate subject name"},
	    "another name than license.example.net", "authority-url"},
	{{.result = RESULT_TLS, .phase = PHASE_TLS, .tls_verify = 66,
	    .detail = "SSL certificate problem: EE key too small"},
	    "EE key too small", "vendor"},
	{{.result = RESULT_CONNECT, .phase = PHASE_CONNECT,
	    .proxy_status = 407, .proxy = "http://cache:3128"},
	    "refuses with HTTP 407", "USER:PASSWORD"},
	{{.result = RESULT_CONNECT, .phase = PHASE_CONNECT,
	    .proxy_status = 403, .proxy = "http://cache:3128"},
	    "refuses with HTTP 403", "allow CONNECT"},
	{{.result = RESULT_TIMEOUT, .phase = PHASE_ANSWER},
	    "takes the question", "tell the vendor"},
	{{.result = RESULT_OK, .phase = PHASE_ANSWER, .status = 200},
	    "no licensing authority", "Correct authority-url"},
	{{.result = RESULT_OK, .phase = PHASE_ANSWER, .status = 503},
	    "status 503", "tell the vendor"},
	{{.result = RESULT_HTTP, .phase = PHASE_ANSWER,
	    .detail = "Empty reply"}, "Empty reply", "authority-url"},
};

static void
an_authority_has_words_of_its_own_for_each_fault(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		be_sound();
		found.licenses[0].authority = faults[i].a;
		found.licenses[0].authority.tried = true;
		found.licenses[0].authority.duration_ms = 1234;
		strcpy(found.licenses[0].authority.url,
		    "https://license.example.net");
		const struct doctor_step *s =
		    only(STEP_AUTHORITY, DOCTOR_FAILED);
		says(s, faults[i].text, faults[i].mend);
		says(s, "(1.23 s)", "");
		/* Another CA than the system's is the command's, too. */
		if (strncmp(s->command, "curl", 4) != 0)
			continue;
		strcpy(found.licenses[0].authority.ca, "/etc/leaseline/ca.crt");
		says(only(STEP_AUTHORITY, DOCTOR_FAILED), faults[i].text,
		    "curl -v --cacert /etc/leaseline/ca.crt ");
	}
	be_sound();
	found.licenses[0].authority.now.s = 1799999999 - 13 * DAY_S;
	says(only(STEP_AUTHORITY, DOCTOR_WARNING), "ends 2027-01-15",
	    "new certificate");
	be_sound();
	found.licenses[0].authority.tried = false;
	only(STEP_AUTHORITY, DOCTOR_SKIPPED);
}

static void
the_exporter(void **state)
{
	struct doctor_listener *l = &found.listeners[0];

	(void)state;
	be_sound();
	strcpy(l->address, "0.0.0.0:10014");
	l->loopback = false;
	says(only(STEP_EXPORTER, DOCTOR_WARNING), "Prometheus scrapes",
	    "tls-cert");
	assert_int_equal(doctor_exit(&report, false), 0);
	assert_int_equal(doctor_exit(&report, true), 1);
	be_sound();
	l->result = RESULT_CONNECT;
	l->is_ours = false;
	says(only(STEP_EXPORTER, DOCTOR_FAILED), "no answer", "restart");
	l->connected = l->is_shut = true;
	l->status = 0;
	only(STEP_EXPORTER, DOCTOR_SKIPPED);
	l->result = RESULT_TIMEOUT;
	only(STEP_EXPORTER, DOCTOR_FAILED);
	be_sound();
	strcpy(l->address, "unix:/run/leaseline/metrics.sock");
	assert_non_null(strstr(only(STEP_EXPORTER, DOCTOR_OK)->text,
	    "scrapes unix:/run"));
	l->is_unserved = true;
	says(only(STEP_EXPORTER, DOCTOR_FAILED), "does not listen there",
	    "restart");
	found.listener_count = 0;
	only(STEP_EXPORTER, DOCTOR_SKIPPED);
}

static void
a_guarded_exporter_is_well_and_a_broken_one_is_not(void **state)
{
	static const char no_certificate[] = "OpenSSL SSL_read: error:0A00045C:"
	    "SSL routines::tlsv13 alert certificate required, errno 0";
	const struct {
		struct doctor_listener listener;
		enum doctor_result result;
		const char *text, *mend;
	} rows[] = {
		{{.status = 401, .is_asked = true, .has_users = true},
		    DOCTOR_OK, "asks for user and password", ""},
		{{.status = 401, .is_asked = true}, DOCTOR_FAILED, "HTTP 401",
		    "restart"},
		{{.status = 401, .has_users = true}, DOCTOR_FAILED, "HTTP 401",
		    "restart"},
		{{.status = 429}, DOCTOR_OK, "asked enough", ""},
		{{.status = 503}, DOCTOR_FAILED, "HTTP 503", "restart"},
		{{.tls = true, .in_tls = true, .has_client_ca = true,
		    .result = RESULT_CONNECT}, DOCTOR_OK,
		    "asks for a client certificate", ""},
		{{.tls = true, .in_tls = true, .result = RESULT_CONNECT},
		    DOCTOR_FAILED, "alert certificate required", "restart"},
		{{.tls = true, .result = RESULT_TLS, .tls_verify = 10},
		    DOCTOR_FAILED, "is expired", "tls-cert and tls-key"},
		{{.tls = true, .result = RESULT_TLS, .tls_verify = 18},
		    DOCTOR_FAILED, "not the one of tls-cert", "Reload"},
		{{.tls = true, .result = RESULT_OK, .status = 200,
		    .is_ours = true, .now = {100}, .certificate_not_after =
		    {100 + 13 * DAY_S}}, DOCTOR_WARNING, "its certificate ends",
		    "before that day"},
		{{.tls = true, .result = RESULT_OK, .status = 200,
		    .is_ours = true, .now = {100}, .certificate_not_after =
		    {100 + 15 * DAY_S}}, DOCTOR_OK, "https://", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct doctor_listener *l = &found.listeners[0];

		be_sound();
		*l = rows[i].listener;
		strcpy(l->address, "127.0.0.1:10014");
		l->loopback = l->connected = true;
		strcpy(l->detail, l->result == RESULT_TLS ?
		    "SSL certificate problem: words" : no_certificate);
		says(only(STEP_EXPORTER, rows[i].result), rows[i].text,
		    rows[i].mend);
	}
	be_sound();
	found.listeners[0].tls = true;
	found.listeners[0].connected = true;
	found.listeners[0].is_ours = false;
	found.listeners[0].result = RESULT_TLS;
	strcpy(found.listeners[0].detail, "wrong version number");
	says(only(STEP_EXPORTER, DOCTOR_FAILED), "without the TLS", "restart");
}

static void
the_master_of_agentx(void **state)
{
	static const struct {
		enum doctor_master_state state;
		enum poller_kind system;
		const char *text, *mend;
	} rows[] = {
		{MASTER_ABSENT, POLLER_NUMBER, "serves no subagents",
		    "echo 'master agentx'"},
		{MASTER_ABSENT, POLLER_SILENT, "no snmpd answers",
		    "systemctl enable --now snmpd"},
		{MASTER_DEAD, POLLER_UNREACHABLE, "nobody serves",
		    "systemctl enable --now snmpd"},
		{MASTER_DENIED, POLLER_NUMBER,
		    "leaseline may not open /var/agentx/master (0700 root:root)",
		    "agentXPerms 0660 0755 Debian-snmp leaseline"},
		{MASTER_FULL, POLLER_SILENT, "snmpd hangs", "restart snmpd"},
		{MASTER_SILENT, POLLER_SILENT, "snmpd hangs", "restart snmpd"},
		{MASTER_STRANGE, POLLER_NUMBER, "does not speak AgentX",
		    "agentXSocket"},
		{MASTER_REFUSES, POLLER_NUMBER, "with error 256",
		    "agentXSocket"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		be_sound();
		found.agent.agentx = 0;
		found.master.state = rows[i].state;
		found.master.code = 256;
		strcpy(found.master.mode, "0700");
		strcpy(found.master.owner, "root");
		strcpy(found.master.group, "root");
		found.seen.system.kind = rows[i].system;
		says(only(STEP_SNMP_MASTER, DOCTOR_FAILED), rows[i].text,
		    rows[i].mend);
		assert_int_equal(step(STEP_SNMP_VIEW)->result, DOCTOR_SKIPPED);
	}
	be_sound();
	found.snmp_enabled = false;
	found.agent.agentx = -1;
	only(STEP_SNMP_MASTER, DOCTOR_SKIPPED);
	be_sound();
	found.agent.agentx = 0;
	found.master.state = MASTER_DENIED;
	says(only(STEP_SNMP_MASTER, DOCTOR_FAILED),
	    "leaseline may not look into /var/agentx",
	    "chmod 0755 /var/agentx");
}

static void
the_subtree_and_what_a_manager_gets_of_it(void **state)
{
	static const struct {
		struct poller_answer system, license;
		const char *text, *mend;
	} rows[] = {
		{{POLLER_NUMBER, 1}, {POLLER_NO_OBJECT, 0},
		    "not in this community's view", "view systemonly included "
		    ".1.3.6.1.4.1.8072.9999.9999.14"},
		{{POLLER_NUMBER, 1}, {POLLER_NUMBER, 5}, "not of this agent",
		    "--snmp-target"},
		{{POLLER_NUMBER, 1}, {POLLER_SILENT, 0}, "is silent",
		    "restart leaselined"},
		{{POLLER_NUMBER, 1}, {POLLER_ERROR, 5}, "gives an error (5)",
		    "restart leaselined"},
		{{POLLER_SILENT, 0}, {POLLER_SILENT, 0}, "no answer from",
		    "--snmp-community-file"},
		{{POLLER_UNREACHABLE, ECONNREFUSED}, {POLLER_SILENT, 0},
		    "no snmpd listens", "agentAddress"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		be_sound();
		found.seen.system = rows[i].system;
		found.seen.license = rows[i].license;
		says(only(STEP_SNMP_VIEW, DOCTOR_FAILED), rows[i].text,
		    rows[i].mend);
	}
	be_sound();
	found.agent.agentx = 0;
	says(only(STEP_SNMP_CONNECTION, DOCTOR_FAILED), "not connected", "10 s");
	assert_int_equal(step(STEP_SNMP_VIEW)->result, DOCTOR_SKIPPED);
	found.agent.agentx_refused = true;
	says(only(STEP_SNMP_CONNECTION, DOCTOR_FAILED), "to another agent",
	    "Stop the other one");
	be_sound();
	found.seen.told = false;
	only(STEP_SNMP_VIEW, DOCTOR_SKIPPED);
}

static void
a_user_of_snmpv3(void **state)
{
	static const struct {
		struct poller_answer system, license;
		const char *text, *mend;
	} rows[] = {
		{{POLLER_NO_USER, 0}, {POLLER_NO_USER, 0}, "no SNMPv3 user",
		    "defSecurityName"},
		{{POLLER_NO_LEVEL, 0}, {POLLER_NO_LEVEL, 0}, "security level",
		    "defSecurityLevel"},
		{{POLLER_WRONG_KEY, 0}, {POLLER_WRONG_KEY, 0}, "passphrase",
		    "defAuthType"},
		{{POLLER_NO_PRIVACY, 0}, {POLLER_NO_PRIVACY, 0}, "encryption",
		    "defPrivPassphrase"},
		{{POLLER_NO_TIME, 0}, {POLLER_NO_TIME, 0}, "out of its time",
		    "engineID"},
		{{POLLER_ERROR, 16}, {POLLER_ERROR, 16}, "may read nothing",
		    "rouser NAME priv"},
		{{POLLER_NUMBER, 1}, {POLLER_NO_OBJECT, 0},
		    "not in this user's view", "view systemonly included"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		be_sound();
		found.seen.as_user = found.seen.speaks_v3 = true;
		found.seen.system = rows[i].system;
		found.seen.license = rows[i].license;
		says(only(STEP_SNMP_VIEW, DOCTOR_FAILED), rows[i].text,
		    rows[i].mend);
	}
	be_sound();
	found.seen.as_user = found.seen.speaks_v3 = true;
	assert_non_null(strstr(only(STEP_SNMP_VIEW, DOCTOR_OK)->text,
	    "as a user of SNMPv3"));
	found.seen.speaks_v3 = false;
	found.seen.system.kind = POLLER_SILENT;
	says(only(STEP_SNMP_VIEW, DOCTOR_FAILED), "nobody at", "agentAddress");
	/* A master of SNMPv3 alone is no fault; what was not seen is said. */
	found.seen.speaks_v3 = true;
	found.seen.as_user = false;
	says(only(STEP_SNMP_VIEW, DOCTOR_WARNING), "was not seen",
	    "snmpget -v3 -u USER -l authPriv -a SHA-256 -x AES 127.0.0.1:161 "
	    ".1.3.6.1.4.1.8072.9999.9999.14.1.1.3.0");
	/* The community first, which is the usual; SNMPv3 is the second. */
	says(step(STEP_SNMP_VIEW), "", "Give the community");
	assert_int_equal(strncmp(step(STEP_SNMP_VIEW)->command, "grep -rhoE "
	    "'^(createUser|r[ow](user|community)", 45), 0);
	found.seen.is_given = true;
	says(only(STEP_SNMP_VIEW, DOCTOR_FAILED), "wrong community",
	    "Give the community");
	found.master.state = MASTER_ABSENT;
	says(only(STEP_SNMP_MASTER, DOCTOR_FAILED), "snmpd runs", "agentx");
}

static void
words_carry_the_findings(void **state)
{
	static const char *const bad[] = {"", "1", "1,2",
		"2,0,0,0,0,0,0,0,0,x", "1,13,0,0,0,0,0,0,0,x",
		"1,-1,0,0,0,0,0,0,0,x", "a,0,0,0,0,0,0,0,0,x",
		"1, 0,0,0,0,0,0,0,0,x"};
	char word[DOCTOR_WORD_SIZE];
	struct doctor_seen seen;
	struct doctor_agent agent;

	(void)state;
	be_sound();
	found.seen.as_user = found.seen.is_given = true;
	found.seen.speaks_v3 = true;
	found.seen.vendor_pid = 815;
	doctor_seen_word(&found.seen, word);
	assert_true(doctor_read_seen(word, &seen));
	assert_memory_equal(&seen, &found.seen, sizeof(seen));
	found.agent.offset_s = -3;
	strcpy(found.agent.listeners, "127.0.0.1:1,[::1]:2");
	doctor_agent_word(&found.agent, word);
	assert_true(doctor_read_agent(word, &agent));
	assert_int_equal(agent.offset_s, -3);
	assert_int_equal(agent.start_s, found.agent.start_s);
	assert_string_equal(agent.listeners, "127.0.0.1:1,[::1]:2");
	assert_false(doctor_read_agent("1,1,1,1,1,1,1,1,9,1,x", &agent));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(doctor_read_seen(bad[i], &seen));
		assert_false(seen.told);
		assert_false(doctor_read_agent(bad[i], &agent));
		assert_false(agent.told);
	}
}

static void
as_text_and_as_json(void **state)
{
	struct buf out;

	(void)state;
	be_sound();
	found.host.state.mode = 0755;
	doctor_judge(&found, &report);
	buf_init(&out, 65536);
	doctor_text(&report, &out);
	assert_non_null(strstr(buf_text(&out),
	    "failed   state_directory  /var/lib/leaseline is open"));
	assert_non_null(strstr(buf_text(&out),
	    "\n14 ok, 0 warnings, 1 failed, 1 skipped\n"));
	buf_clear(&out);
	assert_true(json_doctor(&report, &out));
	assert_non_null(strstr(buf_text(&out), "\"result\": \"failed\""));
	assert_non_null(strstr(buf_text(&out),
	    "\"command\": \"chmod 0700 /var/lib/leaseline\""));
	buf_fini(&out);
}

static void
many_licenses_never_pass_the_end(void **state)
{
	(void)state;
	be_sound();
	for (size_t i = 1; i < DOCTOR_LICENSES_MAX; i++)
		found.licenses[i] = found.licenses[0];
	for (size_t i = 1; i < DOCTOR_LISTENERS_MAX; i++)
		found.listeners[i] = found.listeners[0];
	found.license_count = DOCTOR_LICENSES_MAX;
	found.license_total = 2000;
	found.listener_count = DOCTOR_LISTENERS_MAX;
	doctor_judge(&found, &report);
	assert_true(report.count <= DOCTOR_STEPS_MAX);
	assert_int_equal(report.steps[report.count - 1].id,
	    STEP_NOTIFICATIONS);
}

static void
a_license_that_fastnetmon_keeps_has_no_file_of_ours(void **state)
{
	struct doctor_license *l = &found.licenses[0];

	(void)state;
	be_sound();
	l->path[0] = '\0';
	l->is_watched = true;
	only(STEP_LICENSE_FILE, DOCTOR_SKIPPED);
	only(STEP_AUTHORITY, DOCTOR_SKIPPED);
	l->watch_result = RESULT_STALE;
	only(STEP_AUTHORITY, DOCTOR_OK);
	l->watch_result = RESULT_AUTH;
	strcpy(l->watch_why, "the FastNetMon API refused the password");
	strcpy(l->watch_mend, "Check api-user.");
	says(only(STEP_AUTHORITY, DOCTOR_FAILED),
	    "refused the password", "Check api-user.");
	/* Nor is there an authority that the clock could differ from. */
	l->watch_result = RESULT_OK;
	assert_null(strstr(only(STEP_CLOCK, DOCTOR_OK)->text, "authority"));
	found.agent.trust = TRUST_STEPPED_BACK;
	says(only(STEP_CLOCK, DOCTOR_FAILED), "went back", "timedatectl");
	assert_non_null(strstr(step(STEP_CLOCK)->mend, "restart the agent"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_sound_installation_has_every_step_and_no_fault),
		cmocka_unit_test(a_configuration_that_is_bad_skips_the_rest),
		cmocka_unit_test(
		    an_agent_that_is_away_hangs_or_is_elsewhere_is_told_apart),
		cmocka_unit_test(the_heart_the_user_the_group_and_the_clock),
		cmocka_unit_test(the_state_directory),
		cmocka_unit_test(the_vendors_fastnetmon_beside_us),
		cmocka_unit_test(a_part_of_the_vendors),
		cmocka_unit_test(a_license_and_its_file),
		cmocka_unit_test(
		    a_license_that_fastnetmon_keeps_has_no_file_of_ours),
		cmocka_unit_test(
		    an_authority_has_words_of_its_own_for_each_fault),
		cmocka_unit_test(the_exporter),
		cmocka_unit_test(
		    a_guarded_exporter_is_well_and_a_broken_one_is_not),
		cmocka_unit_test(the_master_of_agentx),
		cmocka_unit_test(the_subtree_and_what_a_manager_gets_of_it),
		cmocka_unit_test(a_user_of_snmpv3),
		cmocka_unit_test(words_carry_the_findings),
		cmocka_unit_test(as_text_and_as_json),
		cmocka_unit_test(many_licenses_never_pass_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
