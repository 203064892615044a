/* SPDX-License-Identifier: ISC */
/* The page, and its own time: a file that nobody writes any more looks well. */
#include "exporter/textfile.h"

#include "exporter/metrics.h"
#include "license/base/buf.h"
#include "license/base/exposition.h"

bool
textfile_render(const struct view *view, const char *revision, struct buf *out)
{
	static const struct metric_family family = {
		"leaseline_textfile_timestamp_seconds", METRIC_GAUGE,
		"When this file was written, by the wall clock."};
	struct exposition e;

	if (!metrics_render(view, NULL, revision, EXPOSITION_TEXT, out))
		return false;
	exposition_begin(&e, EXPOSITION_TEXT, out);
	exposition_family(&e, &family);
	exposition_count(&e, NULL, 0, view->reading.wall.s);
	exposition_end(&e);
	return !out->failed;
}
