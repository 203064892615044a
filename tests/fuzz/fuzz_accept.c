/* SPDX-License-Identifier: ISC */
/*
 * What any client may send: Accept and Accept-Encoding. The choice is one of
 * ours, and OpenMetrics only when it is named.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "license/base/accept.h"
#include "license/base/exposition.h"

enum { TEXT_SIZE = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_SIZE];
	bool escaping;

	if (size >= sizeof(text))
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	enum exposition_format format = exposition_accepted(text, &escaping);
	if (format == EXPOSITION_OPENMETRICS ?
		strcasestr(text, "application/") == NULL :
		escaping || format != EXPOSITION_TEXT)
		abort();
	if (accept_gzip(text) && strcasestr(text, "gzip") == NULL)
		abort();
	return 0;
}
