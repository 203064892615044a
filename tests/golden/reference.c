/* SPDX-License-Identifier: ISC */
/*
 * The reference of the metrics (exporter/METRICS.md), to stdout: from the
 * tables of families, and labels and their values as a page with everything
 * on it has them.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exporter/families.h"
#include "exporter/metrics.h"
#include "exporter/process.h"
#include "license/base/buf.h"

enum { LICENSES = 2, LABELS_MAX = 16, VALUES_MAX = 32 };

struct label {
	char name[64];
	char values[VALUES_MAX][64];
	size_t count;
};

static struct label labels[LABELS_MAX]; /* of the family being told */
static size_t label_count;

/* One license that is refreshed, one that is read: all results between them. */
static struct view *
make_view(void)
{
	static const int sources[LICENSES] = {SOURCE_AUTHORITY,
		SOURCE_FASTNETMON};
	struct view *view = calloc(1,
	    sizeof(*view) + LICENSES * sizeof(view->reports[0]));

	if (view == NULL)
		abort();
	view->count = LICENSES;
	for (size_t i = 0; i < LICENSES; i++) {
		struct report *r = &view->reports[i];

		for (int id = 0; id < FIELD_ID_COUNT; id++)
			r->has[id] = true;
		snprintf(r->name, sizeof(r->name), "l%zu", i);
		r->source = sources[i];
		r->kind = KIND_PRODUCTION;
		r->mode = MODE_ONLINE;
		r->billing = BILLING_ANNUAL;
		r->binding_known = ~0U;
	}
	for (int id = 0; id < AGENT_ID_COUNT; id++)
		view->agent.has[id] = true;
	return view;
}

static struct label *
find_label(const char *name, size_t len)
{
	for (size_t i = 0; i < label_count; i++) {
		if (strlen(labels[i].name) == len &&
		    memcmp(labels[i].name, name, len) == 0)
			return &labels[i];
	}
	if (label_count == LABELS_MAX || len >= sizeof(labels[0].name))
		abort();
	struct label *new = &labels[label_count++];
	*new = (struct label){.count = 0};
	memcpy(new->name, name, len);
	return new;
}

static void
add_value(struct label *label, const char *value, size_t len)
{
	for (size_t i = 0; i < label->count; i++) {
		if (strlen(label->values[i]) == len &&
		    memcmp(label->values[i], value, len) == 0)
			return;
	}
	if (label->count == VALUES_MAX || len >= sizeof(label->values[0]))
		abort();
	memcpy(label->values[label->count], value, len);
	label->values[label->count++][len] = '\0';
}

/* {a="1",b="2"}: no value in it needs an escape. */
static void
read_labels(const char *p)
{
	while (*p == '{' || *p == ',') {
		size_t name = strcspn(++p, "=");
		size_t value = strcspn(p + name + 2, "\"");

		add_value(find_label(p, name), p + name + 2, value);
		p += name + value + 3;
	}
}

static bool
read_family(const char *page, const char *name)
{
	size_t len = strlen(name);
	bool found = false;

	label_count = 0;
	for (const char *p = page; *p != '\0'; p += strcspn(p, "\n") + 1) {
		if (strncmp(p, name, len) != 0 ||
		    (p[len] != '{' && p[len] != ' '))
			continue;
		found = true;
		read_labels(p + len);
	}
	return found;
}

static void
print_labels(bool info)
{
	for (size_t i = 0; i < label_count; i++) {
		const struct label *label = &labels[i];

		printf("%s`%s`", i == 0 ? "" : ", ", label->name);
		if (info || strcmp(label->name, "license") == 0)
			continue;
		for (size_t j = 0; j < label->count; j++)
			printf("%s%s", j == 0 ? ": " : ", ", label->values[j]);
	}
}

static void
print_family(const char *page, const struct metric_family *f,
    const char *absent)
{
	size_t len = strlen(f->name);
	bool info = len > 5 && strcmp(f->name + len - 5, "_info") == 0;

	if (!read_family(page, f->name)) {
		fprintf(stderr, "reference: %s is not on the page\n", f->name);
		exit(1);
	}
	printf("| `%s` | %s | ", f->name,
	    f->type == METRIC_COUNTER ? "counter" : "gauge");
	print_labels(info);
	printf(" | %s | %s | %s |\n",
	    exposition_unit(f) == NULL ? "" : exposition_unit(f), f->help,
	    absent);
}

static const char head[] =
    "| name | type | labels | unit | HELP | no series when |\n"
    "| --- | --- | --- | --- | --- | --- |\n";

static void
print_all(const char *page)
{
	size_t count;

	printf("# Metrics of `leaselined`\n\nMade by `make metrics-reference` "
	       "from exporter/families.c; `make golden` compares.\n\n"
	       "What does not apply has no series, never 0 or -1. Of a label "
	       "with a list of values every value is\nthere, and for a state "
	       "exactly one of them is 1; in OpenMetrics these are gauges too. "
	       "Times are seconds since\nthe epoch; a bandwidth is bytes per "
	       "second (1 mbit is 125000).\n\n## Of each license\n\n"
	       "`license` is the name of the section in leaseline.conf. The "
	       "instants of a suspended or cancelled license are\nstill those "
	       "of its document: its state, severity and usable say that it "
	       "does not count.\n\n%s",
	    head);
	const struct license_family *of_license = license_families(&count);
	for (size_t i = 0; i < count; i++)
		print_family(page, &of_license[i].family, of_license[i].absent);
	printf("\n## Of the agent\n\n%s", head);
	print_family(page, &build_family()->family, build_family()->absent);
	const struct agent_family *of_agent = agent_families(&count);
	for (size_t i = 0; i < count; i++)
		print_family(page, &of_agent[i].family, of_agent[i].absent);
	print_family(page, &notification_family()->family,
	    notification_family()->absent);
	const struct process_family *of_process = process_families(&count);
	for (size_t i = 0; i < count; i++)
		print_family(page, &of_process[i].family, of_process[i].absent);
}

int
main(void)
{
	const struct process_usage process = {1, 1, 1, 1, 1, 1};
	struct view *view = make_view();
	struct buf page;

	buf_init(&page, METRICS_SIZE(LICENSES));
	if (!metrics_render(view, &process, "r", EXPOSITION_TEXT, &page))
		abort();
	print_all(buf_text(&page));
	buf_fini(&page);
	free(view);
	return 0;
}
