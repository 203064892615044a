/* SPDX-License-Identifier: ISC */
/*
 * Two panels, all of the time and a part of it. Each column of the picture
 * shows the lowest and the highest minute in it, so that no peak is lost.
 */
#include "tests/sim/plot.h"

#include <stdio.h>

enum { LEFT = 52, WIDTH = 760, HEIGHT = 200, GAP = 56, TOP = 46,
	DAY_MIN = 1440 };

static double
y_of(const struct plot *p, int top, double per_s)
{
	return top + HEIGHT - per_s * HEIGHT / p->top_per_s;
}

static void
write_style(FILE *f, const struct plot *p)
{
	fputs("<style>\ntext{font:12px sans-serif;fill:#333}"
	    ".t{font-size:14px;font-weight:bold}.e{text-anchor:end}"
	    ".m{text-anchor:middle}"
	    ".g{stroke:#ddd;stroke-width:1}.a{fill:#eee}"
	    ".l{stroke:#333;stroke-width:1;stroke-dasharray:6 4;fill:none}\n",
	    f);
	for (size_t i = 0; i < p->series_count; i++)
		fprintf(f, ".s%zu{fill:%s;stroke:%s;stroke-width:.8}"
		    "text.s%zu{stroke:none;fill:%s}\n", i,
		    p->series[i].light, p->series[i].light, i,
		    p->series[i].light);
	fputs("@media (prefers-color-scheme:dark){text{fill:#ccc}"
	    ".g{stroke:#444}.a{fill:#333}.l{stroke:#ccc}\n", f);
	for (size_t i = 0; i < p->series_count; i++)
		fprintf(f, ".s%zu{fill:%s;stroke:%s}text.s%zu{fill:%s}\n", i,
		    p->series[i].dark, p->series[i].dark, i,
		    p->series[i].dark);
	fputs("}\n</style>\n", f);
}

static void
write_frame(FILE *f, const struct plot *p, int top, int64_t from, int64_t to)
{
	double per_min = (double)WIDTH / (double)(to - from);
	int64_t step = to - from > 10 * DAY_MIN ? 5 * DAY_MIN : DAY_MIN / 4;

	if (p->away_to > from && p->away_from < to)
		fprintf(f, "<rect class=\"a\" x=\"%.1f\" y=\"%d\" "
		    "width=\"%.1f\" height=\"%d\"/>\n",
		    LEFT + (double)(p->away_from - from) * per_min, top,
		    (double)(p->away_to - p->away_from) * per_min, HEIGHT);
	for (int per_s = 0; per_s <= p->top_per_s; per_s += 20)
		fprintf(f, "<path class=\"g\" d=\"M%d %.1fh%d\"/>"
		    "<text class=\"e\" x=\"%d\" y=\"%.1f\">%d</text>\n",
		    LEFT, y_of(p, top, per_s), WIDTH, LEFT - 6,
		    y_of(p, top, per_s) + 4, per_s);
	for (int64_t m = from; m <= to; m += step)
		fprintf(f, "<text class=\"m\" x=\"%.1f\" y=\"%d\">%s%lld%s"
		    "</text>\n", LEFT + (double)(m - from) * per_min,
		    top + HEIGHT + 16, step < DAY_MIN ? "" : "day ",
		    (long long)(step < DAY_MIN ? (m - p->away_from) / 60 :
		    m / DAY_MIN), step < DAY_MIN ? " h" : "");
}

/* One closed shape: the highest of each column there, the lowest back. */
static void
write_series(FILE *f, const struct plot *p, size_t which, int top,
    int64_t from, int64_t to)
{
	const int64_t *per_minute = p->series[which].per_minute;
	int64_t low[WIDTH], high[WIDTH];

	for (int x = 0; x < WIDTH; x++) {
		int64_t m = from + (to - from) * x / WIDTH;
		int64_t end = from + (to - from) * (x + 1) / WIDTH;

		low[x] = high[x] = per_minute[m];
		for (m++; m < end; m++) {
			low[x] = per_minute[m] < low[x] ? per_minute[m] :
			    low[x];
			high[x] = per_minute[m] > high[x] ? per_minute[m] :
			    high[x];
		}
	}
	fprintf(f, "<path class=\"s%zu\" d=\"M%d %.0f", which, LEFT,
	    y_of(p, top, (double)low[0] / 60));
	for (int x = 0; x < WIDTH; x++)
		fprintf(f, "L%d %.0f", LEFT + x,
		    y_of(p, top, (double)high[x] / 60));
	for (int x = WIDTH - 1; x >= 0; x--)
		fprintf(f, "L%d %.0f", LEFT + x,
		    y_of(p, top, (double)low[x] / 60));
	fputs("z\"/>\n", f);
}

static void
write_panel(FILE *f, const struct plot *p, int top, int64_t from, int64_t to)
{
	write_frame(f, p, top, from, to);
	for (size_t i = 0; i < p->series_count; i++)
		write_series(f, p, i, top, from, to);
	for (size_t i = 0; i < p->limit_count; i++)
		fprintf(f, "<path class=\"l\" d=\"M%d %.1fh%d\"/>"
		    "<text x=\"%d\" y=\"%.1f\">%s</text>\n", LEFT,
		    y_of(p, top, p->limits[i].per_s), WIDTH,
		    LEFT + WIDTH + 6, y_of(p, top, p->limits[i].per_s) + 4,
		    p->limits[i].label);
}

bool
plot_write(const struct plot *p, const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return false;
	fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 "
	    "%d %d\" role=\"img\">\n<title>%s</title>\n",
	    LEFT + WIDTH + 150, TOP + 2 * HEIGHT + GAP + 26, p->title);
	write_style(f, p);
	fprintf(f, "<text class=\"t\" x=\"%d\" y=\"16\">%s</text>\n", LEFT,
	    p->title);
	for (size_t i = 0; i < p->series_count; i++)
		fprintf(f, "<text class=\"s%zu\" x=\"%d\" y=\"36\">"
		    "&#9632; %s</text>\n", i, LEFT + (int)i * 190,
		    p->series[i].label);
	write_panel(f, p, TOP, 0, p->minutes);
	write_panel(f, p, TOP + HEIGHT + GAP, p->from_min, p->to_min);
	fputs("</svg>\n", f);
	return fclose(f) == 0;
}
