/* SPDX-License-Identifier: ISC */
/*
 * Generous in what it takes for a password: one shown too little is no harm.
 */
#include "license/base/url.h"

#include <string.h>

#include "license/base/buf.h"

void
url_mask(const char *text, struct buf *out)
{
	const char *scheme = strstr(text, "://");
	const char *user = scheme == NULL ? text : scheme + 3;
	const char *colon = strchr(user, ':');
	/* A password may hold "@" and "/": the last "@" ends it. */
	const char *at = strrchr(user, '@');

	if (colon == NULL || at == NULL || colon > at) {
		buf_puts(out, text);
		return;
	}
	buf_add(out, text, (size_t)(colon + 1 - text));
	buf_puts(out, "***");
	buf_puts(out, at);
}
