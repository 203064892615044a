/* SPDX-License-Identifier: ISC */
/* Options out of keys. */
#include "agent/scrape.h"

#include "exporter/process.h"
#include "exporter/web.h"
#include "license/base/buf.h"
#include "license/base/log.h"

enum {
	URL_MAX = 512,
	DESCRIPTORS_MORE = 256, /* beside connections: files, refreshes */
};

static void
fill_door(const struct config *config, struct door_options *out)
{
	const struct config_exporter *e = &config->exporter;
	const char *const paths[ACCESS_FILES] = {
		[ACCESS_CERT] = e->tls_cert,
		[ACCESS_KEY] = e->tls_key,
		[ACCESS_CLIENT_CA] = e->tls_client_ca,
		[ACCESS_USERS] = e->users_file,
	};
	const char *why;

	*out = (struct door_options){.allow_count = 0};
	for (int i = 0; i < ACCESS_FILES; i++)
		text_copy(out->paths.path[i], sizeof(out->paths.path[i]),
		    paths[i]);
	for (size_t i = 0; i < e->allow.count; i++)
		out->allow_count += prefix_read(e->allow.item[i],
		    &out->allow[out->allow_count], &why);
}

bool
scrape_check(const struct config *config, struct buf *error)
{
	struct door_options door;
	struct access access;

	fill_door(config, &door);
	if (!access_load(&door.paths, &access, error))
		return false;
	access_fini(&access);
	return true;
}

struct web *
scrape_start(const struct config *config, struct board *board,
    const char *revision, struct buf *error)
{
	const struct config_exporter *e = &config->exporter;
	const char *addresses[CONF_LIST_MAX];
	struct web_options options = {
		.listen = addresses,
		.listen_count = e->listen.count,
		.connections_max = (int)e->max_connections,
		.per_second = (int)e->requests_per_second,
		.revision = revision,
	};
	struct buf url;

	for (size_t i = 0; i < e->listen.count; i++)
		addresses[i] = e->listen.item[i];
	fill_door(config, &options.door);
	process_allow_descriptors(e->listen.count *
	    (size_t)e->max_connections + DESCRIPTORS_MORE);
	struct web *web = web_start(&options, board, error);
	if (web == NULL)
		return NULL;
	buf_init(&url, URL_MAX);
	for (size_t i = 0; web_address(web, i)[0] != '\0'; i++) {
		buf_clear(&url);
		web_url(web, i, &url);
		log_info("Serving metrics at %s", buf_text(&url));
	}
	buf_fini(&url);
	return web;
}

/* TLS comes and goes with the listeners. */
bool
scrape_may_change(const struct config *before, const struct config *now,
    struct buf *error)
{
	if ((now->exporter.tls_cert[0] == '\0') ==
	    (before->exporter.tls_cert[0] == '\0'))
		return true;
	buf_puts(error, "[exporter] tls-cert: TLS comes and goes with a start "
	    "of the agent: systemctl restart leaselined");
	return false;
}

bool
scrape_change(struct web *web, const struct config *now, struct buf *error)
{
	struct door_options door;

	fill_door(now, &door);
	return web_configure(web, &door, error);
}
