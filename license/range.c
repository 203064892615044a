/* SPDX-License-Identifier: ISC */
/* Ranges as text and back; what is measured is not known here. */
#include "license/range.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/buf.h"

/* A whole number of at most nine digits at ${p}; what follows it, or NULL. */
static const char *
take_number(const char *p, int64_t *out)
{
	const char *digits = *p == '-' ? p + 1 : p;
	size_t count = strspn(digits, "0123456789");

	if (count == 0 || count > 9)
		return NULL;
	*out = strtoll(p, NULL, 10);
	return digits + count;
}

bool
range_parse(const char *text, struct range *out)
{
	const char *p = text;

	*out = (struct range){.given = true, .high = INT64_MAX};
	if (*p == '@') {
		out->inside = true;
		p++;
	}
	if (*p == '~') {
		out->low = INT64_MIN;
		p++;
		if (*p != ':')
			return false;
	} else if (*p != ':') {
		p = take_number(p, &out->low);
	}
	if (p == NULL || (*p != '\0' && *p != ':'))
		return false;
	/* "N" is "N:", and ":" alone is none. */
	if (*p == '\0' || (p[1] == '\0' && p != text + out->inside))
		return true;
	p = take_number(p + 1, &out->high);
	return p != NULL && *p == '\0' && out->low <= out->high;
}

bool
range_alerts(const struct range *range, int64_t value)
{
	bool is_inside = value >= range->low && value <= range->high;

	return range->given && is_inside == range->inside;
}

void
range_print(const struct range *range, struct buf *out)
{
	if (!range->given)
		return;
	if (range->inside)
		buf_putc(out, '@');
	if (range->low == INT64_MIN)
		buf_putc(out, '~');
	else
		buf_printf(out, "%" PRId64, range->low);
	buf_putc(out, ':');
	if (range->high != INT64_MAX)
		buf_printf(out, "%" PRId64, range->high);
}
