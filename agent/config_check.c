/* SPDX-License-Identifier: ISC */
/*
 * What no table of keys can say: which keys need which, defaults that depend
 * on the machine, and what this version cannot honor. It reads no file.
 */
#include "agent/config.h"
#include "agent/config_refuse.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/master.h"
#include "license/base/buf.h"
#include "license/base/words.h"
#include "license/traffic.h"
#include "license/fastnetmon.h"

static bool
is_vendor_machine(void)
{
	return access(VENDOR_PROGRAM, F_OK) == 0;
}

static bool
check_agent(const struct config_text *from, struct config *config,
    struct buf *error)
{
	const struct checking c = {from, "agent", error};
	struct config_agent *agent = &config->agent;

	if (agent->log_file[0] == '\0')
		text_copy(agent->log_file, sizeof(agent->log_file),
		    is_vendor_machine() ? OWN_LOG : VENDOR_LOG);
	if (agent->log_file[0] != '/' &&
	    strcmp(agent->log_file, "stderr") != 0 &&
	    strcmp(agent->log_file, "syslog") != 0)
		return config_refuse(&c, "log-file", "'%s' is not a path that begins "
		    "with /, nor stderr or syslog", agent->log_file);
	/* The limit of a socket's address. */
	if (strlen(agent->control_socket) > 107)
		return config_refuse(&c, "control-socket", "the path is longer than "
		    "107 bytes; choose a shorter one");
	return true;
}

static bool
check_snmp(const struct config_text *from, const struct config *config,
    struct buf *error)
{
	const struct checking c = {from, "snmp", error};
	struct master master;
	struct buf reason;

	buf_init(&reason, 512);
	bool good = master_parse(config->snmp.agentx_socket, &master, &reason);
	if (!good)
		config_refuse(&c, "agentx-socket", "%s", buf_text(&reason));
	buf_fini(&reason);
	return good;
}

static bool
check_no_vendor(const struct checking *c, const struct config_license *l)
{
	const struct {
		const char *key;
		bool set;
	} rows[] = {
		{"api-url", l->api_url[0] != '\0'},
		{"api-user", l->api_user[0] != '\0'},
		{"api-password-file", l->api_password_file[0] != '\0'},
		{"fcli-path", l->fcli_path[0] != '\0'},
		{"poll-interval-s", l->poll_interval_s != 0},
		{"timezone", l->timezone[0] != '\0'},
		{"renew", l->renew},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].set)
			return config_refuse(c, rows[i].key, "is for source = "
			    "fastnetmon; set that, or remove the key");
	}
	return true;
}

/* "host", "host:port", "[v6]:port", "host/path": a loopback host. */
static bool
is_loopback(const char *authority)
{
	size_t len = strcspn(authority, "/?#");
	char host[KEEPER_PATH_SIZE];

	if (len >= sizeof(host) || memchr(authority, '@', len) != NULL)
		return false;
	memcpy(host, authority, len);
	host[len] = '\0';
	if (strncmp(host, "[::1]", 5) == 0)
		return host[5] == '\0' || host[5] == ':';
	host[strcspn(host, ":")] = '\0';
	return strcmp(host, "localhost") == 0 ||
	    (strncmp(host, "127.", 4) == 0 &&
		strspn(host, "0123456789.") == strlen(host));
}

static bool
check_address(const struct checking *c, const char *key, const char *url)
{
	if (strpbrk(url, " \t\"<>\\") != NULL)
		return config_refuse(c, key, "'%s' has a character that an address "
		    "does not have", url);
	if (strncmp(url, "https://", 8) == 0 && url[8] != '\0' &&
	    url[8] != '/')
		return true;
	if (strncmp(url, "http://", 7) == 0 && is_loopback(url + 7))
		return true;
	return config_refuse(c, key, "'%s' does not begin with https:// "
	    "(http:// is for this machine's loopback only)", url);
}

static bool
check_url(const struct checking *c, const char *url)
{
	if (url[0] == '\0')
		return config_refuse(c, "authority-url", "is missing; with source = "
		    "authority it is https:// and the authority's name");
	return check_address(c, "authority-url", url);
}

/* Never shown: a proxy's URL may have a password in it. */
static bool
check_proxy(const struct checking *c, const char *proxy)
{
	static const char *const schemes[] = {"http://", "https://",
		"socks5://", "socks5h://"};

	if (proxy[0] == '\0' || strcmp(proxy, "environment") == 0)
		return true;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i]);

		if (strncmp(proxy, schemes[i], len) == 0 && proxy[len] != '\0')
			return true;
	}
	return config_refuse(c, "proxy", "is neither environment nor a URL that "
	    "begins with http://, https://, socks5:// or socks5h://");
}

/* The report has no place to go to but the one that is written here. */
static bool
check_stats(const struct config_text *from, const struct config *config,
    struct buf *error)
{
	const struct checking c = {from, "stats", error};
	const struct reporter_config *stats = &config->stats;

	if (stats->enabled && stats->url[0] == '\0')
		return config_refuse(&c, "url", "is missing; with enabled = yes it is "
		    "https:// and the name of the server that takes usage "
		    "reports");
	return (stats->url[0] == '\0' ||
		   check_address(&c, "url", stats->url)) &&
	    (stats->metrics_url[0] == '\0' ||
		check_address(&c, "fastnetmon-metrics-url",
		    stats->metrics_url));
}

/* Of two thresholds the warning is the one that comes first. */
static bool
check_thresholds(const struct checking *c, const struct config_license *l)
{
	const struct {
		const char *key;
		int64_t warning, critical;
		int64_t warning_default, critical_default; /* 0: by kind */
		bool counts_down;
	} rows[] = {
		{"threshold-action-warning-d", l->action_warning_d,
		    l->action_critical_d, 0, 0, true},
		{"threshold-refresh-warning-h", l->refresh_warning_h,
		    l->refresh_critical_h, 36, 120, false},
		{"threshold-lease-warning-d", l->lease_warning_d,
		    l->lease_critical_d, 10, 5, true},
		{"threshold-bandwidth-warning-pct", l->bandwidth_warning_pct,
		    l->bandwidth_critical_pct, 90, 100, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t warning = rows[i].warning != 0 ? rows[i].warning :
		    rows[i].warning_default;
		int64_t critical = rows[i].critical != 0 ? rows[i].critical :
		    rows[i].critical_default;

		if (warning == 0 || critical == 0 || warning == critical ||
		    (warning > critical) == rows[i].counts_down)
			continue;
		return config_refuse(c, rows[i].key, "the warning at %" PRId64
		    " would come after the critical one at %" PRId64
		    "; make it %s", warning, critical,
		    rows[i].counts_down ? "at least that" : "at most that");
	}
	return true;
}

/* The form only: an interface that is not there may come later. */
static bool
check_bandwidth(const struct checking *c, const struct config_license *l)
{
	struct traffic_source source;
	struct buf why;

	buf_init(&why, 512);
	bool good = traffic_source_parse(l->bandwidth_from, &source, &why);
	if (!good)
		config_refuse(c, "bandwidth-from", "%s", buf_text(&why));
	buf_fini(&why);
	return good && (source.kind != TRAFFIC_PAGE ||
		check_address(c, "bandwidth-from", l->bandwidth_from));
}

/*
 * The form only: a program that is missing for a moment, while a package is
 * replaced, must not keep the agent from starting.
 */
static bool
check_on_change(const struct checking *c, const struct config_license *l)
{
	struct words words;
	const char *why = "";

	if (l->on_change[0] == '\0')
		return true;
	if (!words_split(l->on_change, &words, &why))
		return config_refuse(c, "on-change", "%s", why);
	if (words_get(&words, 0)[0] != '/')
		return config_refuse(c, "on-change", "'%s' is not the absolute path "
		    "of a program; no shell looks for it",
		    words_get(&words, 0));
	return true;
}

/* Where FastNetMon is asked, and what of ours it has no use for. */
static bool
check_vendor(const struct checking *c, struct config_license *l)
{
	int64_t offset_s;
	const struct {
		const char *key, *value;
	} rows[] = {
		{"license-file", l->license_file},
		{"authority-url", l->authority_url},
		{"authority-root", l->authority_root},
		{"coupon", l->coupon},
		{"proxy", l->proxy},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].value[0] != '\0')
			return config_refuse(c, rows[i].key, "has no use with "
			    "source = fastnetmon, which reads what FastNetMon "
			    "says of its own license; remove the key");
	}
	if ((l->api_url[0] == '\0') == (l->fcli_path[0] == '\0'))
		return config_refuse(c, "api-url", "%s; with source = fastnetmon "
		    "give either api-url, like http://127.0.0.1:10007, or "
		    "fcli-path, like /usr/bin/fcli",
		    l->api_url[0] == '\0' ? "is missing, and so is fcli-path" :
					    "and fcli-path are both set");
	if (l->api_url[0] != '\0' && !check_address(c, "api-url", l->api_url))
		return false;
	if (l->api_url[0] == '\0' && (l->api_user[0] != '\0' ||
		l->api_password_file[0] != '\0'))
		return config_refuse(c, l->api_user[0] != '\0' ? "api-user" :
		    "api-password-file", "is for api-url; remove the key");
	if (l->api_password_file[0] != '\0' && l->api_user[0] == '\0')
		text_copy(l->api_user, sizeof(l->api_user), "admin");
	if (l->poll_interval_s == 0)
		l->poll_interval_s = 300;
	if (l->timezone[0] == '\0')
		text_copy(l->timezone, sizeof(l->timezone), "UTC");
	if (!fastnetmon_zone(l->timezone, &offset_s))
		return config_refuse(c, "timezone", "'%s' is neither UTC, local "
		    "(this machine's) nor an offset like +02:00", l->timezone);
	return check_thresholds(c, l) && check_bandwidth(c, l) &&
	    check_on_change(c, l);
}

static bool
check_license(const struct checking *c, const struct config *config,
    struct config_license *l)
{
	char file[KEEPER_PATH_SIZE * 2];
	struct buf path;

	if (l->source + 1 == SOURCE_FASTNETMON)
		return check_vendor(c, l);
	if (!check_no_vendor(c, l))
		return false;
	if (l->source + 1 == SOURCE_AUTHORITY &&
	    (!check_url(c, l->authority_url) || !check_proxy(c, l->proxy)))
		return false;
	if (l->authority_root[0] == '\0')
		return config_refuse(c, "authority-root", "is missing; it is the file "
		    "with the vendor's root keys");
	if (!check_thresholds(c, l) || !check_bandwidth(c, l) ||
	    !check_on_change(c, l))
		return false;
	if (l->license_file[0] != '\0')
		return true;
	buf_init(&path, sizeof(file));
	if (is_vendor_machine())
		buf_printf(&path, "%s/%s.lic", config->agent.state_dir,
		    l->name);
	else
		buf_puts(&path, VENDOR_LICENSE);
	bool fits = text_copy(l->license_file, sizeof(l->license_file),
	    buf_text(&path)) && !path.failed;
	buf_fini(&path);
	return fits || config_refuse(c, "license-file", "state-dir is too long for "
	    "it; give the path here");
}

static bool
check_unique(const struct checking *c, const struct config *config, size_t n)
{
	const struct config_license *l = config->written[n];

	for (size_t i = 0; i < n; i++) {
		const struct config_license *before = config->written[i];

		if (l->license_file[0] != '\0' &&
		    strcmp(before->license_file, l->license_file) == 0)
			return config_refuse(c, "license-file", "%s is the file of "
			    "[license %s] too; give each license its own",
			    l->license_file, before->name);
		if (l->index != 0 && before->index == l->index)
			return config_refuse(c, "index", "%" PRId64 " is the index of "
			    "[license %s] too; give each license its own",
			    l->index, before->name);
	}
	return true;
}

static int64_t
scaled(int64_t value, int64_t unit)
{
	return value == 0 ? -1 : value * unit;
}

static void
fill_keeper(const struct config_license *l, struct keeper_license *out)
{
	static const int families[] = {0, 4, 6};

	*out = (struct keeper_license){
		.index = l->index,
		.source = l->source + 1,
		.address_family = families[l->address_family],
		.thresholds = {
			.action_warning_s = scaled(l->action_warning_d, DAY_S),
			.action_critical_s =
			    scaled(l->action_critical_d, DAY_S),
			.refresh_warning_s =
			    scaled(l->refresh_warning_h, HOUR_S),
			.refresh_critical_s =
			    scaled(l->refresh_critical_h, HOUR_S),
			.lease_warning_s = scaled(l->lease_warning_d, DAY_S),
			.lease_critical_s = scaled(l->lease_critical_d, DAY_S),
			.bandwidth_warning_pct =
			    scaled(l->bandwidth_warning_pct, 1),
			.bandwidth_critical_pct =
			    scaled(l->bandwidth_critical_pct, 1),
		},
	};
	/* The arrays are of the same sizes on both sides. */
	text_copy(out->name, sizeof(out->name), l->name);
	text_copy(out->license_file, sizeof(out->license_file),
	    l->license_file);
	text_copy(out->product, sizeof(out->product), l->product);
	text_copy(out->authority_url, sizeof(out->authority_url),
	    l->authority_url);
	text_copy(out->authority_root, sizeof(out->authority_root),
	    l->authority_root);
	text_copy(out->authority_ca, sizeof(out->authority_ca),
	    l->authority_ca);
	text_copy(out->proxy, sizeof(out->proxy), l->proxy);
	text_copy(out->coupon, sizeof(out->coupon), l->coupon);
	text_copy(out->api_url, sizeof(out->api_url), l->api_url);
	text_copy(out->api_user, sizeof(out->api_user), l->api_user);
	text_copy(out->api_password_file, sizeof(out->api_password_file),
	    l->api_password_file);
	text_copy(out->fcli_path, sizeof(out->fcli_path), l->fcli_path);
	text_copy(out->timezone, sizeof(out->timezone), l->timezone);
	out->poll_interval_s = l->poll_interval_s;
	out->renew = l->renew;
	text_copy(out->bandwidth_from, sizeof(out->bandwidth_from),
	    l->bandwidth_from);
	text_copy(out->on_change, sizeof(out->on_change), l->on_change);
	out->on_change_limit_s = l->on_change_timeout_s;
}

static bool
check_licenses(const struct config_text *from, struct config *config,
    struct buf *error)
{
	config->licenses = calloc(config->license_count,
	    sizeof(config->licenses[0]));
	if (config->licenses == NULL) {
		buf_puts(error, "out of memory");
		return false;
	}
	for (size_t i = 0; i < config->license_count; i++) {
		char section[LICENSE_NAME_SIZE + sizeof("license ")] =
		    "license ";
		const struct checking c = {from, section, error};

		text_copy(section + strlen(section), LICENSE_NAME_SIZE,
		    config->written[i]->name);
		if (!check_license(&c, config, config->written[i]) ||
		    !check_unique(&c, config, i))
			return false;
		fill_keeper(config->written[i], &config->licenses[i]);
	}
	return true;
}

bool
config_check(const struct config_text *from, struct config *config,
    struct buf *error)
{
	if (!check_agent(from, config, error) ||
	    !config_check_exporter(from, config, error) ||
	    !check_snmp(from, config, error) ||
	    !check_stats(from, config, error))
		return false;
	if (config->license_count == 0) {
		buf_printf(error, "%s: there is no [license NAME] section; "
		    "add one for each license to keep", from->path);
		return false;
	}
	return check_licenses(from, config, error);
}
