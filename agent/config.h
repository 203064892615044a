/* SPDX-License-Identifier: ISC */
/*
 * The configuration of the agent: one table of keys drives the reader, the
 * echo and the checks. It opens the one file it is given and starts nothing.
 */
#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

#include "license/base/conf.h"
#include "license/keeper/keeper.h"
#include "license/keeper/reporter.h"

enum { CONFIG_MAX = 1048576 };

#define VENDOR_PROGRAM "/opt/fastnetmon/app/bin/fastnetmon"
#define VENDOR_LICENSE "/etc/fastnetmon/license.lic"
#define VENDOR_LOG "/var/log/fastnetmon/fastnetmon.log"
#define OWN_LOG "/var/log/leaseline.log"
#define CONFIG_PATH "/etc/leaseline/leaseline.conf"

struct config_agent {
	char state_dir[KEEPER_PATH_SIZE];
	char control_socket[KEEPER_PATH_SIZE];
	char log_file[KEEPER_PATH_SIZE]; /* path, "stderr", "syslog" */
	int log_level;			 /* enum log_level */
	char user_group[64];
};

struct config_exporter {
	struct conf_list listen;
	char tls_cert[KEEPER_PATH_SIZE], tls_key[KEEPER_PATH_SIZE];
	char tls_client_ca[KEEPER_PATH_SIZE], users_file[KEEPER_PATH_SIZE];
	struct conf_list allow;
	int64_t max_connections;
	int64_t requests_per_second; /* 0: not said */
};

struct config_snmp {
	bool enabled;
	char agentx_socket[KEEPER_PATH_SIZE];
	int64_t ping_interval_s;
};

/* config_license: as written in the file; the keeper gets config.licenses. */
struct config_license {
	char name[LICENSE_NAME_SIZE];
	int source; /* enum source, less one */
	int64_t index;
	char license_file[KEEPER_PATH_SIZE], product[TEXT_64];
	char authority_url[KEEPER_PATH_SIZE], authority_root[KEEPER_PATH_SIZE];
	char authority_ca[KEEPER_PATH_SIZE], proxy[KEEPER_PATH_SIZE];
	char coupon[TEXT_64];
	int address_family; /* any, ipv4, ipv6 */
	char api_url[KEEPER_PATH_SIZE], api_user[64];
	char api_password_file[KEEPER_PATH_SIZE], fcli_path[KEEPER_PATH_SIZE];
	int64_t poll_interval_s;
	char timezone[64];
	bool renew;
	char bandwidth_from[KEEPER_PATH_SIZE], on_change[KEEPER_PATH_SIZE];
	int64_t on_change_timeout_s;
	int64_t action_warning_d, action_critical_d;
	int64_t refresh_warning_h, refresh_critical_h;
	int64_t lease_warning_d, lease_critical_d;
	int64_t bandwidth_warning_pct, bandwidth_critical_pct;
};

struct config {
	struct config_agent agent;
	struct config_exporter exporter;
	struct config_snmp snmp;
	struct reporter_config stats;
	size_t license_count;
	struct config_license **written;
	struct keeper_license *licenses; /* license_count, for the keeper */
};

/*
 * config_load: read, check, fill in the defaults. False with one sentence in
 * ${error}; then ${out} is empty. Free with config_fini.
 */
bool config_load(const char *path, struct config *out, struct buf *error);

/* config_parse: the same from text; ${path} is for messages only. */
bool config_parse(const char *path, const char *text, struct config *out,
    struct buf *error);

/* config_text: what was parsed, for the file:line of an error. */
struct config_text {
	const char *path;
	const char *text;
};

/*
 * config_check (config_check.c): defaults that depend on the machine, what
 * keys need of one another, and the keeper's licenses; of config_parse.
 */
bool config_check(const struct config_text *from, struct config *config,
    struct buf *error);

/*
 * config_check_files (config_files.c): what the files named hold: the roots
 * can be read and are roots, authority-ca and ca are there, license-file is
 * no directory, those of [exporter] can be used. For -n, a start and a reload; the one-shot mode does without.
 */
bool config_check_files(const struct config *config, struct buf *error);

void config_fini(struct config *config);

/* config_forget_licenses: the keeper has copies; 5 KiB of each go free. */
void config_forget_licenses(struct config *config);

/* config_print: as understood; it parses again to the same. */
void config_print(const struct config *config, struct buf *out);

#endif
