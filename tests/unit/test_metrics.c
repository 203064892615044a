/* SPDX-License-Identifier: ISC */
/*
 * Goal: the page of metrics is whole: no family or series twice, every state
 * set complete, nothing for what does not apply.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "exporter/metrics.h"
#include "exporter/process.h"
#include "exporter/textfile.h"
#include "license/base/buf.h"

enum { LINES_MAX = 4096 };

static struct view *
make_view(size_t count, bool everything)
{
	struct view *view = calloc(1,
	    sizeof(*view) + count * sizeof(view->reports[0]));

	assert_non_null(view);
	view->count = count;
	for (size_t i = 0; i < count; i++) {
		struct report *r = &view->reports[i];

		for (int id = 0; id < FIELD_ID_COUNT; id++)
			r->has[id] = everything;
		r->has[FIELD_ID_STATE] = r->has[FIELD_ID_NAME] = true;
		r->state = STATE_EXPIRED;
		r->severity = SEVERITY_CRITICAL;
		r->reason = REASON_EXPIRED;
		r->kind = KIND_TRIAL;
		r->mode = MODE_ONLINE;
		r->billing = BILLING_ANNUAL;
		r->source = SOURCE_AUTHORITY;
		r->refresh_last_result = RESULT_TIMEOUT;
		r->refresh_last_refusal = REFUSAL_NONE;
		r->failures[RESULT_TIMEOUT] = 7;
		r->bandwidth_mbits = 10000;
		r->bandwidth_warning_pct = 75;
		r->refresh_last_duration_ms = 1500;
		r->binding_known = component_bit(CPU_MODEL) |
		    component_bit(MEMORY);
		r->binding_changed = component_bit(MEMORY);
		r->expiry = (utc_t){1000};
		r->now = (utc_t){1300};
		snprintf(r->name, sizeof(r->name), "l%zu", i);
		text_copy(r->edition, sizeof(r->edition), "a\"b\\c\nd");
	}
	view->agent.clock_trust = TRUST_TRUSTED;
	for (int id = 0; id < AGENT_ID_COUNT; id++)
		view->agent.has[id] = everything;
	return view;
}

static void
render(size_t count, bool everything, struct buf *out)
{
	struct view *view = make_view(count, everything);
	struct process_usage process;

	buf_init(out, METRICS_SIZE(count));
	process_read(&process);
	assert_true(metrics_render(view, &process, "abc", EXPOSITION_TEXT,
	    out));
	free(view);
}

static bool
has_line(const struct buf *page, const char *line)
{
	size_t len = strlen(line);

	for (const char *p = buf_text(page); *p != '\0';) {
		size_t n = strcspn(p, "\n");

		if (n == len && memcmp(p, line, n) == 0)
			return true;
		p += n + (p[n] == '\n');
	}
	return false;
}

static size_t
count_of(const struct buf *page, const char *text)
{
	size_t count = 0;

	for (const char *p = buf_text(page); (p = strstr(p, text)) != NULL;
	     p += strlen(text))
		count++;
	return count;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
no_series_and_no_family_is_there_twice(void **state)
{
	struct buf page;
	static char *lines[LINES_MAX];
	size_t count = 0;

	(void)state;
	render(3, true, &page);
	for (char *p = page.data; *p != '\0' && count < LINES_MAX;) {
		size_t n = strcspn(p, "\n");

		p[n] = '\0';
		if (strncmp(p, "# HELP", 6) == 0)
			p[7 + strcspn(p + 7, " ")] = '\0';
		else if (p[0] != '#')
			*strrchr(p, ' ') = '\0';
		lines[count++] = p;
		p += n + 1;
	}
	assert_in_range(count, 400, LINES_MAX - 1);
	qsort(lines, count, sizeof(lines[0]), compare);
	for (size_t i = 1; i < count; i++)
		assert_string_not_equal(lines[i - 1], lines[i]);
	buf_fini(&page);
}

static void
state_sets_and_failure_reasons_are_complete(void **state)
{
	static const struct {
		const char *family;
		enum names names;
		size_t without;
	} rows[] = {
		{"\nlicense_state{", NAMES_STATE, 0},
		{"\nlicense_severity{", NAMES_SEVERITY, 0},
		{"\nlicense_severity_reason{", NAMES_REASON, 0},
		{"\nlicense_refresh_last_result{", NAMES_RESULT, 0},
		{"\nlicense_refresh_last_refusal{", NAMES_REFUSAL, 0},
		{"\nleaseline_clock_trust{", NAMES_TRUST, 0},
		/* never and ok are no failures; two are FastNetMon's */
		{"\nlicense_refresh_failures_total{", NAMES_RESULT, 4},
	};
	struct buf page;

	(void)state;
	render(1, true, &page);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t count;

		names_rows(rows[i].names, &count);
		assert_int_equal(count - rows[i].without,
		    count_of(&page, rows[i].family));
	}
	assert_true(has_line(&page,
	    "license_state{license=\"l0\",state=\"expired\"} 1"));
	assert_true(has_line(&page,
	    "license_state{license=\"l0\",state=\"valid\"} 0"));
	buf_fini(&page);
}

static void
values_are_in_base_units(void **state)
{
	static const char *const lines[] = {
		"license_bandwidth_limit_bytes_per_second{license=\"l0\"} "
		"1250000000",
		"license_bandwidth_threshold_ratio{license=\"l0\","
		"severity=\"warning\"} 0.75",
		"license_refresh_last_duration_seconds{license=\"l0\"} 1.5",
		"license_remaining_seconds{license=\"l0\"} -300",
		"license_expiry_timestamp_seconds{license=\"l0\"} 1000",
		"license_binding_match{license=\"l0\",component=\"cpu_model\"} "
		"1",
		"license_binding_match{license=\"l0\",component=\"memory\"} 0",
		"license_refresh_failures_total{license=\"l0\","
		"result=\"timeout\"} 7",
	};
	struct buf page;

	(void)state;
	render(1, true, &page);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!has_line(&page, lines[i]))
			fail_msg("no line: %s", lines[i]);
	}
	assert_int_equal(2, count_of(&page, "\nlicense_binding_match{"));
	assert_non_null(strstr(buf_text(&page), "Not for alerting"));
	buf_fini(&page);
}

static void
what_does_not_apply_has_no_series(void **state)
{
	struct buf page;

	(void)state;
	render(1, false, &page);
	assert_int_equal(0, count_of(&page, "timestamp_seconds"));
	assert_int_equal(0, count_of(&page, "agentx"));
	assert_int_equal(0, count_of(&page, "leaseline_notifications"));
	assert_int_equal(0, count_of(&page, "license_remaining_seconds"));
	assert_int_equal(1, count_of(&page, "\nlicense_info{"));
	assert_int_equal(10, count_of(&page, "\nlicense_state{"));
	buf_fini(&page);
}

static void
a_failure_that_a_source_cannot_have_is_not_there(void **state)
{
	struct view *view = make_view(1, true);
	struct buf page;

	(void)state;
	view->reports[0].source = SOURCE_FASTNETMON;
	view->reports[0].failures[RESULT_STORAGE] = 1;
	buf_init(&page, METRICS_SIZE(1));
	assert_true(metrics_render(view, NULL, "", EXPOSITION_TEXT, &page));
	assert_true(has_line(&page, "license_refresh_failures_total{"
		"license=\"l0\",result=\"auth\"} 0"));
	assert_int_equal(0, count_of(&page, "_total{license=\"l0\","
		"result=\"refused\""));
	/* What was counted is told, whatever we believed possible. */
	assert_true(has_line(&page, "license_refresh_failures_total{"
		"license=\"l0\",result=\"storage\"} 1"));
	buf_fini(&page);
	free(view);
}

/* The next quote that ends a value; NULL: the line ends within it. */
static const char *
end_of_value(const char *p)
{
	for (; *p != '"'; p++) {
		if (*p == '\\' && strchr("\\\"n", p[1]) != NULL && p[1] != '\0')
			p++;
		else if (*p == '\n' || *p == '\0' || *p == '\\')
			return NULL;
	}
	return p;
}

static void
judge_line(const char *line)
{
	const char *p = line + strcspn(line, "{ ");

	while (*p == '{' || *p == ',') {
		p += 1 + strcspn(p + 1, "\"\n");
		const char *end = *p == '"' ? end_of_value(p + 1) : NULL;
		if (end == NULL || end - p > 2 * METRIC_LABEL_BYTES_MAX)
			fail_msg("%.*s", (int)strcspn(line, "\n"), line);
		p = end + 1;
	}
	p += *p == '}';
	size_t n = strspn(p + 1, "-+.0123456789einfINFNa");
	if (*p != ' ' || n == 0 || p[1 + n] != '\n')
		fail_msg("%.*s", (int)strcspn(line, "\n"), line);
}

static void
judge_page(const struct buf *page)
{
	for (size_t i = 0; i < page->len; i++) {
		size_t n = utf8_length(page->data + i, page->len - i);

		assert_true(n > 0 && page->data[i] != '\r' &&
		    page->data[i] != '\0');
		i += n - 1;
	}
	for (const char *p = page->data; *p != '\0';
	     p += strcspn(p, "\n") + 1) {
		if (*p != '#')
			judge_line(p);
	}
}

/* What a signed document might say, were its vendor hostile or mistaken. */
static const char *const hostile[] = {
	"a\"b\\c\nd", "\"} 1\nlicense_usable{license=\"l1\"} 1\n#", "\\",
	"\xff\xfe\xc3", "\xe2\x82", "\xed\xa0\x80", "\xf0\x9f\x92\xa9",
	"\n# EOF\n", "{}=,~", "", "a\rb\x01\x7f\tc",
	"0123456789012345678901234567890123456789012345678901234567890123",
};

static void
remote_text_makes_no_line_and_no_series(void **state)
{
	size_t count = sizeof(hostile) / sizeof(hostile[0]);

	(void)state;
	for (size_t i = 0; i < count * EXPOSITION_FORMATS; i++) {
		struct view *view = make_view(3, true);
		const char *text = hostile[i % count];
		struct buf page;

		/* The same words in three licenses; three names. */
		for (size_t j = 0; j < 3; j++) {
			struct report *r = &view->reports[j];
			text_copy(r->id, sizeof(r->id), text);
			text_copy(r->product, sizeof(r->product), text);
			text_copy(r->edition, sizeof(r->edition), text);
			text_copy(r->issuer, sizeof(r->issuer), text);
		}
		buf_init(&page, METRICS_SIZE(3));
		assert_true(metrics_render(view, NULL, text,
		    (enum exposition_format)(i / count), &page));
		judge_page(&page);
		assert_int_equal(3, count_of(&page, "\nlicense_usable{"));
		assert_int_equal(i / count, count_of(&page, "\n# EOF\n"));
		buf_fini(&page);
		free(view);
	}
}

/* The name without _total, HELP escaped, UNIT: all else is the same. */
static void
both_formats_have_the_same_samples(void **state)
{
	struct view *view = make_view(2, true);
	struct buf text, open;

	(void)state;
	buf_init(&text, METRICS_SIZE(2));
	buf_init(&open, METRICS_SIZE(2));
	assert_true(metrics_render(view, NULL, "", EXPOSITION_TEXT, &text));
	assert_true(metrics_render(view, NULL, "", EXPOSITION_OPENMETRICS,
	    &open));
	const char *o = open.data;
	for (const char *p = text.data; *p != '\0';
	     p += strcspn(p, "\n") + 1) {
		size_t n = strcspn(p, "\n") + 1;

		while (*o == '#')
			o += strcspn(o, "\n") + 1;
		if (*p == '#')
			continue;
		assert_memory_equal(p, o, n);
		o += n;
	}
	assert_string_equal("# EOF\n", o);
	buf_fini(&open);
	buf_fini(&text);
	free(view);
}

static void
without_a_license_the_agent_is_still_there(void **state)
{
	struct buf page;

	(void)state;
	render(0, true, &page);
	assert_int_equal(0, count_of(&page, "license_"));
	assert_non_null(strstr(buf_text(&page), "leaseline_build_info{"));
	buf_fini(&page);
}

static void
this_process_is_measured(void **state)
{
	struct process_usage usage;

	(void)state;
	process_read(&usage);
	assert_true(usage.cpu_seconds >= 0);
	assert_true(usage.start_seconds > 0);
	assert_true(usage.open_fds >= 3 && usage.open_fds <= usage.max_fds);
	assert_true(usage.resident_bytes > 65536);
	assert_true(usage.virtual_bytes >= usage.resident_bytes);
}

static void
many_licenses_fit_the_page(void **state)
{
	struct buf page;

	(void)state;
	render(2000, true, &page);
	assert_int_equal(2000, count_of(&page, "\nlicense_usable{"));
	assert_true(page.len < 2000 * 32768UL);
	buf_fini(&page);
}

/* What node_exporter has itself must not be there twice. */
static void
the_textfile_is_the_page_without_the_process_and_with_its_time(void **state)
{
	struct view *view = make_view(2, true);
	struct buf page, file;

	(void)state;
	view->reading.wall = (utc_t){1234567};
	buf_init(&page, METRICS_SIZE(2));
	buf_init(&file, METRICS_SIZE(2));
	assert_true(metrics_render(view, NULL, "abc", EXPOSITION_TEXT, &page));
	assert_true(textfile_render(view, "abc", &file));
	assert_memory_equal(page.data, file.data, page.len);
	assert_int_equal(0, count_of(&file, "process_"));
	assert_true(has_line(&file,
	    "leaseline_textfile_timestamp_seconds 1234567"));
	buf_fini(&file);
	buf_init(&file, page.len);
	assert_false(textfile_render(view, "abc", &file));
	buf_fini(&file);
	buf_fini(&page);
	free(view);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_series_and_no_family_is_there_twice),
		cmocka_unit_test(state_sets_and_failure_reasons_are_complete),
		cmocka_unit_test(values_are_in_base_units),
		cmocka_unit_test(what_does_not_apply_has_no_series),
		cmocka_unit_test(
		    a_failure_that_a_source_cannot_have_is_not_there),
		cmocka_unit_test(remote_text_makes_no_line_and_no_series),
		cmocka_unit_test(both_formats_have_the_same_samples),
		cmocka_unit_test(without_a_license_the_agent_is_still_there),
		cmocka_unit_test(this_process_is_measured),
		cmocka_unit_test(many_licenses_fit_the_page),
		cmocka_unit_test(
		    the_textfile_is_the_page_without_the_process_and_with_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
