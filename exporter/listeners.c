/* SPDX-License-Identifier: ISC */
/* The environment is read once; a socket that nobody asked for is said. */
#include "exporter/listeners.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "license/base/buf.h"
#include "license/base/inherit.h"
#include "license/base/listen.h"
#include "license/base/log.h"

static bool
open_one(struct listeners *out, const char *listen, int fd,
    const struct http_options *options, struct buf *error)
{
	struct http_options with = *options;
	char address[LISTEN_ADDRESS_SIZE];

	if (out->count == LISTENERS_MAX) {
		buf_printf(error, "[exporter] listen: there are more than %d "
		    "sockets", LISTENERS_MAX);
		if (fd > 0)
			close(fd);
		return false;
	}
	if (fd > 0)
		listen_address(fd, address);
	with.listen = fd > 0 ? address : listen;
	with.listen_fd = fd;
	if (strncmp(with.listen, "unix:", 5) == 0)
		with.tls = NULL;
	struct http_listener *http = http_listen(&with, error);
	if (http == NULL)
		return false;
	out->tls[out->count] = with.tls != NULL;
	out->http[out->count++] = http;
	return true;
}

static bool
is_systemd(const char *listen, const char **name)
{
	size_t len = strlen(LISTENERS_SYSTEMD);

	*name = listen[len] == ':' ? listen + len + 1 : "";
	return strncmp(listen, LISTENERS_SYSTEMD, len) == 0 &&
	    (listen[len] == '\0' || (listen[len] == ':' && **name != '\0'));
}

/* Taken ones have no name any more. */
static bool
open_inherited(struct listeners *out, struct inherited *inherited,
    const char *name, const struct http_options *options, struct buf *error)
{
	bool found = false;

	for (size_t i = 0; i < inherited->count; i++) {
		if (inherited->name[i][0] == '\0' || (name[0] != '\0' &&
			strcmp(inherited->name[i], name) != 0))
			continue;
		if (!inherit_check(inherited, i, error))
			return false;
		inherited->name[i][0] = '\0';
		found = true;
		if (!open_one(out, NULL, INHERIT_FIRST_FD + (int)i, options,
			error))
			return false;
	}
	if (!found)
		buf_printf(error, "[exporter] listen: the service manager "
		    "handed over no socket%s%s; start the agent by its "
		    "socket unit, leaselined.socket, or give an address",
		    name[0] == '\0' ? "" : " of the name ", name);
	return found;
}

bool
listeners_open(struct listeners *out, const char *const *listen,
    size_t count, const struct http_options *options, struct buf *error)
{
	struct inherited inherited;
	const char *name;
	bool good = true;

	*out = (struct listeners){.count = 0};
	inherit_take(&inherited);
	for (size_t i = 0; i < count && good; i++)
		good = is_systemd(listen[i], &name) ?
		    open_inherited(out, &inherited, name, options, error) :
		    open_one(out, listen[i], 0, options, error);
	for (size_t i = 0; i < inherited.count; i++) {
		char shown[64];

		if (inherited.name[i][0] == '\0')
			continue;
		text_printable(inherited.name[i], shown, sizeof(shown));
		log_warn("The service manager handed over a socket, %s, that "
			 "no listen of [exporter] asks for; write listen = "
			 "systemd", shown);
		close(INHERIT_FIRST_FD + (int)i);
	}
	if (!good)
		listeners_close(out);
	return good;
}

void
listeners_renew(struct listeners *listeners, struct tls_identity *identity)
{
	for (size_t i = 0; i < listeners->count; i++) {
		if (listeners->tls[i])
			http_renew(listeners->http[i], identity);
	}
}

void
listeners_close(struct listeners *listeners)
{
	for (size_t i = 0; i < listeners->count; i++)
		http_stop(listeners->http[i]);
	listeners->count = 0;
}
