/* SPDX-License-Identifier: ISC */
/*
 * The table of keys, and the way from a file to a checked value and back.
 * What keys need of one another is in config_check.c.
 */
#include "agent/config.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/base/file.h"


static const char *const sources[] = {"authority", "file", "fastnetmon", NULL};
static const char *const families[] = {"any", "ipv4", "ipv6", NULL};
static const char *const levels[] = {"debug", "info", "warn", "error", NULL};

#define AT(type, member) offsetof(struct type, member),                       \
	sizeof(((struct type *)0)->member)
#define TEXT(s, type, key, member, first, help)                               \
	{s, key, CONF_TEXT, AT(type, member), 0, 0, NULL, first, help}
#define PATH(s, type, key, member, first, help)                               \
	{s, key, CONF_PATH, AT(type, member), 0, 0, NULL, first, help}
#define LIST(s, type, key, member, first, help)                               \
	{s, key, CONF_LIST, AT(type, member), 0, 0, NULL, first, help}
#define FLAG(s, type, key, member, first, help)                               \
	{s, key, CONF_FLAG, AT(type, member), 0, 0, NULL, first, help}
#define NUMBER(s, type, key, member, low, high, first, help)                  \
	{s, key, CONF_NUMBER, AT(type, member), low, high, NULL, first, help}
#define CHOICE(s, type, key, member, words, first, help)                      \
	{s, key, CONF_CHOICE, AT(type, member), 0, 0, words, first, help}

#define A(kind, ...) kind("agent", config_agent, __VA_ARGS__)
#define E(kind, ...) kind("exporter", config_exporter, __VA_ARGS__)
#define N(kind, ...) kind("snmp", config_snmp, __VA_ARGS__)
#define S(kind, ...) kind("stats", reporter_config, __VA_ARGS__)
#define L(kind, ...) kind("license", config_license, __VA_ARGS__)

static const struct conf_key keys[] = {
	A(PATH, "state-dir", state_dir, "/var/lib/leaseline",
	    "what the agent keeps: machine key, licenses, memory"),
	A(PATH, "control-socket", control_socket, "/run/leaseline/control.sock",
	    "where fcli asks"),
	A(TEXT, "log-file", log_file, NULL,
	    "a path, stderr or syslog (default: " VENDOR_LOG ", or " OWN_LOG
	    " beside a vendor's FastNetMon)"),
	A(CHOICE, "log-level", log_level, levels, "info",
	    "debug, info, warn or error"),
	A(TEXT, "user-group", user_group, "leaseline",
	    "the group that may renew and commit, beside root"),

	E(LIST, "listen", listen, "127.0.0.1:10014",
	    "ADDRESS:PORT of /metrics, unix:/PATH or systemd; may be repeated"),
	E(PATH, "tls-cert", tls_cert, NULL,
	    "serve HTTPS with this certificate, its issuers after it; PEM"),
	E(PATH, "tls-key", tls_key, NULL, "its key"),
	E(PATH, "tls-client-ca", tls_client_ca, NULL,
	    "clients must show a certificate that one of these signed"),
	E(PATH, "users-file", users_file, NULL,
	    "names and bcrypt hashes, as of htpasswd -B; one of them is needed"),
	E(LIST, "allow", allow, NULL,
	    "address or prefix that may connect; may be repeated (default: "
	    "all)"),
	E(NUMBER, "max-connections", max_connections, 1, 4096, "64",
	    "connections at a time, of each address listened on"),
	E(NUMBER, "requests-per-second", requests_per_second, 1, 1000000, NULL,
	    "of one address (default: 100, and none for this machine's own)"),

	N(FLAG, "enabled", enabled, "yes", "answer through the SNMP master"),
	N(TEXT, "agentx-socket", agentx_socket, "/var/agentx/master",
	    "where the SNMP master agent listens"),
	N(NUMBER, "ping-interval-s", ping_interval_s, 1, 3600, "12",
	    "seconds between pings; attempts to connect follow sooner"),

	S(FLAG, "enabled", enabled, "no",
	    "send a usage report a day; fcli show license_stats prints it"),
	S(TEXT, "url", url, NULL, "where to, https://..."),
	S(PATH, "ca", ca, NULL,
	    "certificates that vouch for its TLS (default: the system's)"),
	S(TEXT, "proxy", proxy, NULL,
	    "HTTP proxy, or environment (default: none)"),
	S(TEXT, "fastnetmon-metrics-url", metrics_url, NULL,
	    "FastNetMon's own metrics, like http://127.0.0.1:9209/metrics"),

	L(CHOICE, "source", source, sources, "authority",
	    "what keeps it alive: authority, file or fastnetmon"),
	L(NUMBER, "index", index, 1, INT32_MAX, NULL,
	    "the row in SNMP tables (default: assigned once and kept)"),
	L(PATH, "license-file", license_file, NULL,
	    "the license (default: " VENDOR_LICENSE
	    ", or NAME.lic in state-dir beside a vendor's FastNetMon)"),
	L(TEXT, "product", product, "FastNetMon Advanced",
	    "the licensed product"),
	L(TEXT, "authority-url", authority_url, NULL,
	    "the licensing authority, https://..."),
	L(PATH, "authority-root", authority_root, NULL,
	    "file with the root keys that are trusted"),
	L(PATH, "authority-ca", authority_ca, NULL,
	    "certificates that vouch for the authority's TLS (default: the "
	    "system's)"),
	L(TEXT, "proxy", proxy, NULL,
	    "HTTP proxy, or environment (default: none)"),
	L(TEXT, "coupon", coupon, NULL, "for the first license"),
	L(CHOICE, "address-family", address_family, families, "any",
	    "any, ipv4 or ipv6"),
	L(TEXT, "api-url", api_url, NULL,
	    "source fastnetmon: its API, like http://127.0.0.1:10007"),
	L(TEXT, "api-user", api_user, NULL,
	    "source fastnetmon: its user (default: admin)"),
	L(PATH, "api-password-file", api_password_file, NULL,
	    "source fastnetmon: file with the password, not for everybody"),
	L(PATH, "fcli-path", fcli_path, NULL,
	    "source fastnetmon: its fcli, in place of api-url"),
	L(NUMBER, "poll-interval-s", poll_interval_s, 10, DAY_S, NULL,
	    "source fastnetmon: seconds between two looks (default: 300)"),
	L(TEXT, "timezone", timezone, NULL,
	    "source fastnetmon: zone of its dates: UTC, local or +02:00 "
	    "(default: UTC)"),
	L(FLAG, "renew", renew, "no",
	    "source fastnetmon: it may be asked to renew"),
	L(TEXT, "bandwidth-from", bandwidth_from, "none",
	    "none; or interfaces eth0, eth1; or the URL of FastNetMon's metrics"),
	L(TEXT, "on-change", on_change, NULL,
	    "command to run when the license becomes usable or unusable"),
	L(NUMBER, "on-change-timeout-s", on_change_timeout_s, 1, 3600, "60",
	    "seconds that the command may take"),
	L(NUMBER, "threshold-action-warning-d", action_warning_d, 1, 3650, NULL,
	    "days before the action deadline (default: by the kind)"),
	L(NUMBER, "threshold-action-critical-d", action_critical_d, 1, 3650,
	    NULL, "days before the action deadline (default: by the kind)"),
	L(NUMBER, "threshold-refresh-warning-h", refresh_warning_h, 1, 8760,
	    NULL, "hours since the last refresh (default: 36)"),
	L(NUMBER, "threshold-refresh-critical-h", refresh_critical_h, 1, 8760,
	    NULL, "hours since the last refresh (default: 120)"),
	L(NUMBER, "threshold-lease-warning-d", lease_warning_d, 1, 365, NULL,
	    "days before the lease ends while refreshes fail (default: 10)"),
	L(NUMBER, "threshold-lease-critical-d", lease_critical_d, 1, 365, NULL,
	    "days before the lease ends while refreshes fail (default: 5)"),
	L(NUMBER, "threshold-bandwidth-warning-pct", bandwidth_warning_pct, 1,
	    1000, NULL, "percent of the licensed bandwidth (default: 90)"),
	L(NUMBER, "threshold-bandwidth-critical-pct", bandwidth_critical_pct, 1,
	    1000, NULL, "percent of the licensed bandwidth (default: 100)"),
};

static void *
agent_section(void *self, const char *name, const char **error)
{
	(void)name;
	(void)error;
	return &((struct config *)self)->agent;
}

static void *
exporter_section(void *self, const char *name, const char **error)
{
	(void)name;
	(void)error;
	return &((struct config *)self)->exporter;
}

static void *
snmp_section(void *self, const char *name, const char **error)
{
	(void)name;
	(void)error;
	return &((struct config *)self)->snmp;
}

static void *
stats_section(void *self, const char *name, const char **error)
{
	(void)name;
	(void)error;
	return &((struct config *)self)->stats;
}

static void *
license_section(void *self, const char *name, const char **error)
{
	struct config *config = self;
	size_t n = config->license_count;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(config->written[i]->name, name) == 0) {
			*error = "there is a section of this name before it";
			return NULL;
		}
	}
	if (n == LICENSES_MAX) {
		*error = "there are more than 4096 licenses";
		return NULL;
	}
	struct config_license **grown = reallocarray(config->written, n + 1,
	    sizeof(grown[0]));
	if (grown != NULL)
		config->written = grown;
	struct config_license *license = grown == NULL ? NULL :
	    calloc(1, sizeof(*license));
	if (license == NULL) {
		*error = "out of memory";
		return NULL;
	}
	text_copy(license->name, sizeof(license->name), name);
	config->written[config->license_count++] = license;
	return license;
}

static const struct conf_section sections[] = {
	{"agent", false, sizeof(struct config_agent), agent_section},
	{"exporter", false, sizeof(struct config_exporter), exporter_section},
	{"snmp", false, sizeof(struct config_snmp), snmp_section},
	{"stats", false, sizeof(struct reporter_config), stats_section},
	{"license", true, sizeof(struct config_license), license_section},
};

static const struct conf_schema schema = {
	.sections = sections,
	.section_count = sizeof(sections) / sizeof(sections[0]),
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
};

bool
config_parse(const char *path, const char *text, struct config *out,
    struct buf *error)
{
	const struct config_text from = {path, text};

	*out = (struct config){.license_count = 0};
	conf_defaults(&schema, "agent", &out->agent);
	conf_defaults(&schema, "exporter", &out->exporter);
	conf_defaults(&schema, "snmp", &out->snmp);
	conf_defaults(&schema, "stats", &out->stats);
	if (conf_parse(&schema, out, path, text, error) &&
	    config_check(&from, out, error))
		return true;
	config_fini(out);
	return false;
}

bool
config_load(const char *path, struct config *out, struct buf *error)
{
	struct buf text;
	bool good = false;

	buf_init(&text, CONFIG_MAX);
	if (file_read(path, &text) == -1)
		buf_printf(error, "%s: cannot read the configuration: %s", path,
		    strerror(errno));
	else if (memchr(buf_text(&text), '\0', text.len) != NULL)
		buf_printf(error, "%s: this is not a text file", path);
	else
		good = config_parse(path, buf_text(&text), out, error);
	if (!good)
		*out = (struct config){.license_count = 0};
	buf_fini(&text);
	return good;
}

void
config_forget_licenses(struct config *config)
{
	for (size_t i = 0; i < config->license_count; i++)
		free(config->written[i]);
	free(config->written);
	free(config->licenses);
	config->license_count = 0;
	config->written = NULL;
	config->licenses = NULL;
}

void
config_fini(struct config *config)
{
	config_forget_licenses(config);
	*config = (struct config){.license_count = 0};
}

void
config_print(const struct config *config, struct buf *out)
{
	const struct {
		const char *section;
		const void *object;
	} rows[] = {
		{"agent", &config->agent},
		{"exporter", &config->exporter},
		{"snmp", &config->snmp},
		{"stats", &config->stats},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		conf_print(&schema, rows[i].section, NULL, rows[i].object, out);
		buf_putc(out, '\n');
	}
	for (size_t i = 0; i < config->license_count; i++) {
		if (i > 0)
			buf_putc(out, '\n');
		conf_print(&schema, "license", config->written[i]->name,
		    config->written[i], out);
	}
}
