/* SPDX-License-Identifier: ISC */
/* Characters in, characters and entities out. */
#include "exporter/html.h"

#include <string.h>

#include "license/base/buf.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* U+200E, 200F, 2028 to 202E, 2066 to 2069, and C1: three and two bytes. */
static bool
is_harmful(const unsigned char *p, size_t length)
{
	if (length == 1)
		return p[0] < 0x20 || p[0] == 0x7f;
	if (length == 2)
		return p[0] == 0xc2 && p[1] < 0xa0;
	if (length != 3 || p[0] != 0xe2)
		return false;
	if (p[1] == 0x80)
		return p[2] == 0x8e || p[2] == 0x8f ||
		    (p[2] >= 0xa8 && p[2] <= 0xae);
	return p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9;
}

void
html_text(struct buf *out, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		size_t length = utf8_length(text, left);

		if (length == 0 ||
		    is_harmful((const unsigned char *)text, length))
			buf_puts(out, REPLACEMENT);
		else if (*text == '&')
			buf_puts(out, "&amp;");
		else if (*text == '<')
			buf_puts(out, "&lt;");
		else if (*text == '>')
			buf_puts(out, "&gt;");
		else if (*text == '"')
			buf_puts(out, "&quot;");
		else if (*text == '\'')
			buf_puts(out, "&#39;");
		else
			buf_add(out, text, length);
		length = length == 0 ? 1 : length;
		text += length;
		left -= length;
	}
}
