/* SPDX-License-Identifier: ISC */
/*
 * The families over the reports. What does not apply has no series; a family
 * without a series is not there.
 */
#include "exporter/metrics.h"

#include <assert.h>
#include <string.h>

#include "exporter/families.h"
#include "exporter/process.h"
#include "license/base/buf.h"
#include "license/edges.h"

struct page {
	struct exposition e;
	const struct view *view;
	const struct metric_family *family; /* opened by its first sample */
	bool open;
};

static void
begin(struct page *page, const struct metric_family *family)
{
	page->family = family;
	page->open = false;
}

static void
add_count(struct page *page, const struct metric_label *labels, size_t n,
    int64_t value)
{
	if (!page->open)
		exposition_family(&page->e, page->family);
	page->open = true;
	exposition_count(&page->e, labels, n, value);
}

static void
add_sample(struct page *page, const struct metric_label *labels, size_t n,
    double value)
{
	if (!page->open)
		exposition_family(&page->e, page->family);
	page->open = true;
	exposition_sample(&page->e, labels, n, value);
}

static void
write_info(struct page *page, const struct report *report)
{
	static const enum field_id ids[] = {FIELD_ID_ID, FIELD_ID_PRODUCT,
		FIELD_ID_EDITION, FIELD_ID_KIND, FIELD_ID_MODE,
		FIELD_ID_BILLING, FIELD_ID_SOURCE, FIELD_ID_ISSUER};
	struct metric_label labels[METRIC_LABELS_MAX] = {
		{"license", report->name}};
	size_t n = 1;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const struct field *row = field_row(ids[i]);

		if (!report->has[ids[i]])
			continue;
		labels[n++] = (struct metric_label){row->name,
			row->type == FIELD_TEXT ? field_text(report, ids[i]) :
			names_label(row->names, field_enum(report, ids[i]))};
	}
	add_count(page, labels, n, 1);
}

static void
write_remaining(struct page *page, const struct report *report)
{
	const struct metric_label label = {"license", report->name};

	if (report->has[FIELD_ID_EXPIRY])
		add_count(page, &label, 1, report->expiry.s - report->now.s);
}

/* Who asks over TLS with signed documents fails otherwise than a reader. */
static bool
can_end(int source, int result)
{
	switch (result) {
	case RESULT_NEVER:
	case RESULT_OK:
		return false;
	case RESULT_AUTH:
	case RESULT_STALE:
		return source == SOURCE_FASTNETMON;
	case RESULT_BAD_SIGNATURE:
	case RESULT_UNKNOWN_KEY:
	case RESULT_REPLAYED:
	case RESULT_REFUSED:
	case RESULT_STORAGE:
		return source == SOURCE_AUTHORITY;
	default:
		return true;
	}
}

/* Every result that the source can have is there from the start. */
static void
write_failures(struct page *page, const struct report *report)
{
	size_t count;
	const struct name_row *rows = names_rows(NAMES_RESULT, &count);

	if (!report->has[FIELD_ID_FAILURES])
		return;
	for (size_t i = 0; i < count; i++) {
		const struct metric_label labels[] = {
			{"license", report->name}, {"result", rows[i].label}};
		int64_t failures = report->failures[rows[i].number];

		if (can_end(report->source, rows[i].number) || failures != 0)
			add_count(page, labels, 2, failures);
	}
}

static void
write_binding(struct page *page, const struct report *report)
{
	size_t count;
	const struct name_row *rows = names_rows(NAMES_COMPONENT, &count);

	if (!report->has[FIELD_ID_BINDING_KNOWN])
		return;
	for (size_t i = 0; i < count; i++) {
		const struct metric_label labels[] = {
			{"license", report->name},
			{"component", rows[i].label}};
		unsigned bit_of = 1U << rows[i].number;

		if ((report->binding_known & bit_of) != 0)
			add_count(page, labels, 2,
			    (report->binding_changed & bit_of) == 0);
	}
}

static int64_t
scaled(int64_t value, int64_t multiply)
{
	return multiply == 0 ? value : value * multiply;
}

static void
write_set(struct page *page, const struct metric_label *first, size_t n,
    const char *label, enum names names, int number)
{
	size_t count;
	const struct name_row *rows = names_rows(names, &count);
	struct metric_label labels[2];

	if (n == 1)
		labels[0] = *first;
	for (size_t i = 0; i < count; i++) {
		labels[n] = (struct metric_label){label, rows[i].label};
		add_count(page, labels, n + 1, rows[i].number == number);
	}
}

static int64_t
whole_value(enum field_type type, const void *at)
{
	if (type == FIELD_INSTANT)
		return ((const utc_t *)at)->s;
	if (type == FIELD_FLAG)
		return *(const bool *)at;
	return *(const int64_t *)at;
}

static void
write_part(struct page *page, const struct license_family *row,
    const struct part *part, const struct report *report)
{
	const struct field *field = field_row(part->id);
	const void *at = (const char *)report + field->offset;
	const struct metric_label labels[] = {
		{"license", report->name}, {row->label, part->value}};
	size_t n = part->value == NULL ? 1 : 2;

	if (!report->has[part->id])
		return;
	if (field->type == FIELD_ENUM) {
		write_set(page, labels, 1, row->label, field->names,
		    *(const int *)at);
		return;
	}
	int64_t value = scaled(whole_value(field->type, at), row->multiply);
	if (row->divide > 1)
		add_sample(page, labels, n,
		    (double)value / (double)row->divide);
	else
		add_count(page, labels, n, value);
}

static void
write_license_row(struct page *page, const struct license_family *row)
{
	begin(page, &row->family);
	for (size_t i = 0; i < page->view->count; i++) {
		const struct report *report = &page->view->reports[i];

		switch (row->kind) {
		case ROW_INFO:
			write_info(page, report);
			break;
		case ROW_REMAINING:
			write_remaining(page, report);
			break;
		case ROW_FAILURES:
			write_failures(page, report);
			break;
		case ROW_BINDING:
			write_binding(page, report);
			break;
		case ROW_PARTS:
			write_part(page, row, &row->parts[0], report);
			if (row->parts[1].value != NULL)
				write_part(page, row, &row->parts[1], report);
			break;
		}
	}
}

static void
write_agent_row(struct page *page, const struct agent_family *row)
{
	const struct agent_report *agent = &page->view->agent;
	const struct agent_field *field = agent_field_row(row->id);
	const void *at = (const char *)agent + field->offset;

	if (!agent->has[row->id])
		return;
	begin(page, &row->family);
	if (field->type == FIELD_ENUM)
		write_set(page, NULL, 0, row->label, field->names,
		    *(const int *)at);
	else if (row->divide > 1)
		add_sample(page, NULL, 0,
		    (double)whole_value(field->type, at) /
			(double)row->divide);
	else
		add_count(page, NULL, 0, whole_value(field->type, at));
}

static void
write_notifications(struct page *page)
{
#define LABEL_ROW(name, number, mib, clears) {number, #mib},
	static const struct {
		int number;
		const char *mib;
	} rows[] = {NOTIFICATIONS(LABEL_ROW)};
#undef LABEL_ROW
	const struct agent_report *agent = &page->view->agent;

	if (!agent->has[notification_family()->id])
		return;
	begin(page, &notification_family()->family);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct metric_label label = {
			notification_family()->label, rows[i].mib};

		add_count(page, &label, 1,
		    agent->notifications[rows[i].number]);
	}
}

static void
write_build(struct page *page, const char *revision)
{
	const struct metric_label labels[] = {
		{"version", page->view->agent.version},
		{"revision", revision}};

	begin(page, &build_family()->family);
	add_count(page, labels, 2, 1);
}

static void
write_process(struct page *page, const struct process_usage *usage)
{
	const double values[] = {usage->cpu_seconds, usage->start_seconds,
		(double)usage->open_fds, (double)usage->max_fds,
		(double)usage->virtual_bytes, (double)usage->resident_bytes};

	size_t count;
	const struct process_family *rows = process_families(&count);

	assert(count == sizeof(values) / sizeof(values[0]));
	for (size_t i = 0; i < count; i++) {
		begin(page, &rows[i].family);
		if (values[i] >= 0)
			add_sample(page, NULL, 0, values[i]);
	}
}

bool
metrics_render(const struct view *view, const struct process_usage *process,
    const char *revision, enum exposition_format format, struct buf *out)
{
	struct page page = {.view = view};

	size_t licenses, agent;
	const struct license_family *of_license = license_families(&licenses);
	const struct agent_family *of_agent = agent_families(&agent);

	exposition_begin(&page.e, format, out);
	for (size_t i = 0; i < licenses; i++)
		write_license_row(&page, &of_license[i]);
	write_build(&page, revision);
	for (size_t i = 0; i < agent; i++)
		write_agent_row(&page, &of_agent[i]);
	write_notifications(&page);
	if (process != NULL)
		write_process(&page, process);
	exposition_end(&page.e);
	return !out->failed;
}
