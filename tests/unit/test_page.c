/* SPDX-License-Identifier: ISC */
/*
 * Goal: the web page holds no markup but ours whatever a license says, its
 * elements close, its pictures have words, and every license is on it once,
 * the worst first. What it looks like is for a browser (page.sh).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "exporter/html.h"
#include "exporter/page.h"
#include "license/base/buf.h"
#include "license/base/encode.h"
#include "license/keeper/view.h"
#include "license/verify.h"

#define HOSTILE "<script>\"'&\xff\x1b[31m\xe2\x80\xae"

struct stage {
	struct view *view;
	struct facts *facts;
	struct buf page;
};

static void
fill(struct report *r, size_t i)
{
	for (int id = 0; id < FIELD_ID_COUNT; id++)
		r->has[id] = true;
	r->now = (utc_t){1795000000};
	r->index = (int64_t)i + 1;
	snprintf(r->name, sizeof(r->name), "license-%zu", i);
	text_copy(r->product, sizeof(r->product), HOSTILE);
	text_copy(r->edition, sizeof(r->edition), HOSTILE "2");
	text_copy(r->issuer, sizeof(r->issuer), HOSTILE);
	text_copy(r->id, sizeof(r->id), HOSTILE);
	text_copy(r->advice, sizeof(r->advice), HOSTILE);
	text_copy(r->refusal_detail, sizeof(r->refusal_detail), HOSTILE);
	text_copy(r->cpu_model, sizeof(r->cpu_model), HOSTILE);
	text_copy(r->binding_difference, sizeof(r->binding_difference),
	    HOSTILE);
	text_copy(r->file_detail, sizeof(r->file_detail), HOSTILE);
	r->state = STATE_EXPIRING;
	r->severity = i == 2 ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	r->reason = REASON_TERM_ENDING;
	r->usable = r->failing = true;
	r->kind = KIND_PRODUCTION;
	r->mode = MODE_ONLINE;
	r->billing = BILLING_ANNUAL;
	r->refresh_last_result = RESULT_REFUSED;
	r->refresh_last_refusal = REFUSAL_BUSY;
	r->issued = utc_add(r->now, -DAY_S);
	r->lease_end = r->grace_end = utc_add(r->now, 13 * DAY_S);
	r->term_end = r->action_deadline = utc_add(r->now, 20 * DAY_S);
	r->action_warning_s = 30 * DAY_S;
	r->action_critical_s = 7 * DAY_S;
	r->bandwidth_mbits = 10000;
	r->used_mbits = 12000;
	r->used_percent = 120;
	r->peak_bytes_per_s = INT64_MAX / 4096;
	r->binding_known = r->binding_changed = 3;
}

static void
render(struct stage *s, size_t count)
{
	s->view = calloc(1, sizeof(*s->view) + (count + 1) *
		    sizeof(s->view->reports[0]));
	s->facts = facts_new(count);
	assert_non_null(s->view);
	assert_non_null(s->facts);
	s->view->count = count;
	s->view->facts = s->facts;
	s->view->now = (utc_t){1795000000};
	s->view->agent.clock_trust = TRUST_STEPPED_BACK;
	for (size_t i = 0; i < count; i++) {
		struct license_facts *f = license_facts_new(NULL);

		fill(&s->view->reports[i], i);
		f->recent_count = RECENT_MAX;
		for (size_t k = 0; k < RECENT_MAX; k++)
			f->recent[k] = (struct recent){{1794000000},
				RESULT_REFUSED, REFUSAL_BUSY, 3};
		s->facts->licenses[i] = f;
	}
	buf_init(&s->page, PAGE_SIZE(count));
	assert_true(page_render(s->view, &s->page));
}

static void
clear(struct stage *s)
{
	buf_fini(&s->page);
	facts_release(s->facts);
	free(s->view);
}

static size_t
occurrences(const char *text, const char *part)
{
	size_t n = 0;

	while ((text = strstr(text, part)) != NULL) {
		n++;
		text += strlen(part);
	}
	return n;
}

static void
nothing_that_is_said_becomes_markup(void **state)
{
	struct stage s;

	(void)state;
	render(&s, 3);
	const char *page = buf_text(&s.page);
	assert_null(strstr(page, "<script"));
	assert_null(strstr(page, "\x1b"));
	assert_null(strstr(page, "\xff"));
	assert_null(strstr(page, "\xe2\x80\xae"));
	assert_non_null(strstr(page, "&lt;script&gt;&quot;&#39;&amp;"));
	assert_null(strstr(page, " style="));
	assert_null(strstr(page, " on"
				 "click"));
	assert_null(strstr(page, "http:"));
	assert_null(strstr(page, "https:"));
	assert_null(strstr(page, "url("));
	clear(&s);
}

static void
elements_close_and_pictures_have_words(void **state)
{
	static const char *const names[] = {"article", "svg", "dl", "dt",
		"dd", "p", "ul", "li", "details", "header", "section", "h2",
		"title", "time", "strong", "span", "main", "footer", "table"};
	char open[32], closed[32];
	struct stage s;

	(void)state;
	render(&s, 70);
	const char *page = buf_text(&s.page);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(open, sizeof(open), "<%s>", names[i]);
		size_t opened = occurrences(page, open);
		snprintf(open, sizeof(open), "<%s ", names[i]);
		snprintf(closed, sizeof(closed), "</%s>", names[i]);
		assert_int_equal(opened + occurrences(page, open),
		    occurrences(page, closed));
	}
	assert_int_equal(occurrences(page, "<svg"),
	    occurrences(page, "role=\"img\" aria-label=\""));
	assert_int_equal(occurrences(page, "<svg"), 3 * PAGE_CARDS_MAX);
	clear(&s);
}

static void
each_license_is_there_once_the_worst_first(void **state)
{
	struct stage s;

	(void)state;
	render(&s, 70);
	const char *page = buf_text(&s.page);
	assert_int_equal(occurrences(page, "<article"), PAGE_CARDS_MAX);
	assert_int_equal(occurrences(page, "<th scope=\"row\">"),
	    70 - PAGE_CARDS_MAX);
	const char *first = strstr(page, "<h2 id=\"license-0\">");
	assert_non_null(first);
	assert_int_equal(0, strncmp(first,
	    "<h2 id=\"license-0\">license-2<", 29));
	assert_non_null(strstr(page,
	    "<title>1 critical, 69 warning - Leaseline</title>"));
	clear(&s);
	render(&s, 0);
	assert_non_null(strstr(buf_text(&s.page), "no license is configured"));
	clear(&s);
}

static void
the_policy_names_the_style_that_is_in_the_page(void **state)
{
	char policy[PAGE_POLICY_SIZE], encoded[BASE64_SIZE(SHA256_SIZE)];
	uint8_t hash[SHA256_SIZE];
	struct stage s;

	(void)state;
	render(&s, 1);
	page_policy(policy);
	const char *from = strstr(buf_text(&s.page), "<style>");
	const char *to = strstr(buf_text(&s.page), "</style>");
	assert_non_null(from);
	assert_non_null(to);
	from += strlen("<style>");
	sha256(from, (size_t)(to - from), hash);
	base64_encode(hash, sizeof(hash), encoded);
	assert_non_null(strstr(policy, encoded));
	assert_non_null(strstr(policy, "default-src 'none'"));
	assert_true(strlen(policy) < PAGE_POLICY_SIZE - 1);
	clear(&s);
}

static void
what_does_not_apply_is_not_on_the_page(void **state)
{
	struct stage s;

	(void)state;
	render(&s, 1);
	struct report *r = &s.view->reports[0];
	memset(r->has, 0, sizeof(r->has));
	r->usable = false;
	((struct license_facts *)s.facts->licenses[0])->recent_count = 0;
	buf_clear(&s.page);
	assert_true(page_render(s.view, &s.page));
	assert_null(strstr(buf_text(&s.page), "<svg"));
	assert_non_null(strstr(buf_text(&s.page), "Not usable"));
	assert_null(strstr(buf_text(&s.page), "1970"));
	clear(&s);
}

/* FastNetMon's own license has one end, and is as good as it was told. */
static void
a_license_with_a_term_alone_has_its_line(void **state)
{
	struct stage s;

	(void)state;
	render(&s, 1);
	struct report *r = &s.view->reports[0];
	r->has[FIELD_ID_LEASE_END] = r->has[FIELD_ID_ISSUED] = false;
	r->source = SOURCE_FASTNETMON;
	r->data_age_s = 170;
	buf_clear(&s.page);
	assert_true(page_render(s.view, &s.page));
	const char *page = buf_text(&s.page);
	assert_int_equal(occurrences(page, "class=\"line\""), 1);
	assert_int_equal(occurrences(page, "Paid term to"), 1);
	assert_int_equal(occurrences(page, "Lease to"), 0);
	assert_int_equal(occurrences(page, "class=\"lease\""), 0);
	assert_non_null(strstr(page, "<dt>FastNetMon told it</dt>"));
	assert_non_null(strstr(page, "2 min 50 s ago"));
	clear(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_license_with_a_term_alone_has_its_line),
		cmocka_unit_test(nothing_that_is_said_becomes_markup),
		cmocka_unit_test(elements_close_and_pictures_have_words),
		cmocka_unit_test(each_license_is_there_once_the_worst_first),
		cmocka_unit_test(
		    the_policy_names_the_style_that_is_in_the_page),
		cmocka_unit_test(what_does_not_apply_is_not_on_the_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
