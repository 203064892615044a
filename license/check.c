/* SPDX-License-Identifier: ISC */
/*
 * The line of a monitoring plugin. Whether a license is well is in its report;
 * only the days are judged here, by the ranges of who asks.
 */
#include "license/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/text.h"

#define has(r, id) ((r)->has[FIELD_ID_##id])

enum {
	TEXT_MAX = 3072,   /* what a monitoring system takes is 4 to 8 KB */
	NAMED_MAX = 8,	   /* licenses that are not well, by name */
	MEASURED_MAX = 64, /* licenses with perfdata */
};

static const char *const words[] = {
	[CHECK_OK] = "OK",
	[CHECK_WARNING] = "WARNING",
	[CHECK_CRITICAL] = "CRITICAL",
	[CHECK_UNKNOWN] = "UNKNOWN",
};

void
check_make(const struct license_facts *facts, utc_t now, enum trust trust,
    const struct check_options *options, struct check *out)
{
	struct license_facts other = *facts;
	struct thresholds *t = &other.configured;

	report_make(facts, now, trust, &out->report);
	if (options->warning.given)
		t->action_warning_s = t->lease_warning_s = 0;
	if (options->critical.given)
		t->action_critical_s = t->lease_critical_s = 0;
	report_make(&other, now, trust, &out->bare);
}

static struct range
at_least(int64_t s)
{
	return (struct range){.given = true, .low = s / DAY_S,
		.high = INT64_MAX};
}

/* The ranges that the days of ${check} are held against. */
static void
ranges_of(const struct check *check, const struct check_options *options,
    struct range *warning, struct range *critical)
{
	const struct report *r = &check->report;

	*warning = options->warning;
	*critical = options->critical;
	if (!warning->given && has(r, ACTION_WARNING))
		*warning = at_least(r->action_warning_s);
	if (!critical->given && has(r, ACTION_CRITICAL))
		*critical = at_least(r->action_critical_s);
}

static int64_t
days_of(const struct report *r)
{
	return utc_days(r->action_deadline, r->now);
}

static enum check_result
by_days(const struct check *check, const struct check_options *options)
{
	const struct report *r = &check->report;

	if (!has(r, ACTION_DEADLINE))
		return CHECK_OK;
	if (range_alerts(&options->critical, days_of(r)))
		return CHECK_CRITICAL;
	return range_alerts(&options->warning, days_of(r)) ? CHECK_WARNING :
							     CHECK_OK;
}

static enum check_result
by_severity(const struct report *bare, bool agent_down)
{
	static const enum check_result results[] = {
		[SEVERITY_OK] = CHECK_OK,
		[SEVERITY_WARNING] = CHECK_WARNING,
		[SEVERITY_CRITICAL] = CHECK_CRITICAL,
		[SEVERITY_UNKNOWN] = CHECK_UNKNOWN,
	};
	enum check_result result = results[bare->severity];

	/* Nobody refreshes it, and nobody would tell of its end. */
	return agent_down && result == CHECK_OK ? CHECK_WARNING : result;
}

/* critical > unknown > warning > ok, as everywhere. */
static int
rank(enum check_result result)
{
	static const int ranks[] = {
		[CHECK_OK] = 0,
		[CHECK_WARNING] = 1,
		[CHECK_UNKNOWN] = 2,
		[CHECK_CRITICAL] = 3,
	};

	return ranks[result];
}

static enum check_result
worse(enum check_result a, enum check_result b)
{
	return rank(a) >= rank(b) ? a : b;
}

static enum check_result
result_of(const struct check *check, const struct check_options *options)
{
	return worse(by_days(check, options),
	    by_severity(&check->bare, options->agent_down));
}

static void
add_days(const struct report *r, struct buf *out)
{
	char date[UTC_DATE_SIZE];
	int64_t days;

	if (!has(r, ACTION_DEADLINE))
		return;
	days = days_of(r);
	utc_date(r->action_deadline, date);
	if (days < 0)
		buf_printf(out, "; too late to act since %s", date);
	else
		buf_printf(out, "; %" PRId64 " %s to act, until %s", days,
		    days == 1 ? "day" : "days", date);
}

/* text_license() without its LF. */
static void
add_license(const struct report *r, struct buf *out)
{
	struct buf line;

	buf_init(&line, TEXT_MAX);
	text_license(r, &line);
	buf_add(out, buf_text(&line), line.len > 0 ? line.len - 1 : 0);
	buf_fini(&line);
}

static void
add_sentence(const char *text, struct buf *out)
{
	bool ended = out->len > 0 && out->data[out->len - 1] == '.';

	buf_puts(out, ended ? " " : ". ");
	buf_printable(out, text, strlen(text));
}

/* text_license() of these ends with what the vendor said, or what to do. */
static bool
tells_why(const struct report *r)
{
	return r->state == STATE_MISSING || r->state == STATE_INVALID ||
	    r->state == STATE_CANCELLED || r->state == STATE_SUSPENDED;
}

static void
add_one(const struct check *check, const struct check_options *options,
    struct buf *out)
{
	const struct report *r = &check->report;
	enum check_result severity = by_severity(&check->bare, false);
	enum check_result days = by_days(check, options);

	buf_printable(out, r->name, strlen(r->name));
	buf_puts(out, ": ");
	add_license(r, out);
	/* The line of an unusable license has its own reason. */
	if (severity != CHECK_OK && r->usable)
		buf_printf(out, "; %s", names_sentence(NAMES_REASON,
		    check->bare.reason));
	/* What has ended has no days left, whatever its document says. */
	if (r->usable)
		add_days(r, out);
	if (days != CHECK_OK) {
		buf_printf(out, " (%s range ", days == CHECK_CRITICAL ?
			"critical" : "warning");
		range_print(days == CHECK_CRITICAL ? &options->critical :
						     &options->warning, out);
		buf_putc(out, ')');
	}
	if (options->agent_down)
		add_sentence("The agent is not running: systemctl start "
			     "leaselined", out);
	else if (severity != CHECK_OK && !tells_why(r))
		add_sentence(check->bare.advice, out);
}

static void
add_measure(const char *before, const char *name, int64_t value,
    const char *unit, struct buf *out)
{
	buf_printf(out, " %s%s=%" PRId64 "%s", before, name, value, unit);
}

static void
add_horizon(const char *before, const char *name, const struct report *r,
    enum field_id id, struct buf *out)
{
	if (r->has[id])
		add_measure(before, name, utc_days(field_instant(r, id),
		    r->now), "", out);
}

static void
add_perfdata(const struct check *check, const struct check_options *options,
    struct buf *out)
{
	const struct report *r = &check->report;
	char before[LICENSE_NAME_SIZE + 1] = "";
	struct range warning, critical;

	if (options->all)
		snprintf(before, sizeof(before), "%s.", r->name);
	if (has(r, ACTION_DEADLINE)) {
		ranges_of(check, options, &warning, &critical);
		add_measure(before, "days", days_of(r), "", out);
		buf_putc(out, ';');
		range_print(&warning, out);
		buf_putc(out, ';');
		range_print(&critical, out);
	}
	add_horizon(before, "expiry_days", r, FIELD_ID_EXPIRY, out);
	add_horizon(before, "lease_days", r, FIELD_ID_LEASE_END, out);
	add_horizon(before, "term_days", r, FIELD_ID_TERM_END, out);
	if (has(r, LAST_SUCCESS) && has(r, REFRESH_WARNING)) {
		add_measure(before, "refresh_age", r->now.s -
			r->refresh_last_success.s, "s", out);
		buf_printf(out, ";%" PRId64 ";%" PRId64,
		    r->refresh_warning_s, r->refresh_critical_s);
	}
	if (has(r, USED_PERCENT)) {
		add_measure(before, "bandwidth", r->used_percent, "%", out);
		buf_printf(out, ";%" PRId64 ";%" PRId64,
		    r->bandwidth_warning_pct, r->bandwidth_critical_pct);
	}
}

static void
add_next(const struct check *checks, size_t count, struct buf *out)
{
	const struct report *next = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct report *r = &checks[i].report;

		if (has(r, ACTION_DEADLINE) && (next == NULL ||
			utc_before(r->action_deadline, next->action_deadline)))
			next = r;
	}
	buf_puts(out, ", all well");
	if (next == NULL)
		return;
	buf_printf(out, "; %s is the next", next->name);
	add_days(next, out);
}

/* How many; then those that are not well, the worst first. */
static void
add_all(const struct check *checks, size_t count,
    const struct check_options *options, enum check_result worst,
    struct buf *out)
{
	static const enum check_result order[] = {CHECK_CRITICAL,
		CHECK_UNKNOWN, CHECK_WARNING};
	size_t named = 0;

	buf_printf(out, "%zu %s", count, count == 1 ? "license" : "licenses");
	if (worst == CHECK_OK)
		add_next(checks, count, out);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		for (size_t k = 0; k < count; k++) {
			if (result_of(&checks[k], options) != order[i])
				continue;
			if (named++ >= NAMED_MAX)
				continue;
			buf_printf(out, " / %s ", words[order[i]]);
			add_one(&checks[k], options, out);
		}
	}
	if (named > NAMED_MAX)
		buf_printf(out, " / and %zu more", named - NAMED_MAX);
}

/* One line, in which "|" begins the perfdata. */
static void
add_text(const struct buf *text, struct buf *out)
{
	size_t len = text->len;

	for (size_t i = 0; i < len; i++) {
		char c = text->data[i];

		buf_putc(out, c == '|' || c == '\n' ? '/' : c);
	}
}

enum check_result
check_render(const struct check *checks, size_t count,
    const struct check_options *options, struct buf *out)
{
	enum check_result worst = CHECK_OK;
	struct buf text, perfdata;

	buf_init(&text, (size_t)TEXT_MAX * (NAMED_MAX + 1));
	buf_init(&perfdata, (size_t)MEASURED_MAX * 512);
	for (size_t i = 0; i < count; i++) {
		worst = worse(worst, result_of(&checks[i], options));
		if (i < MEASURED_MAX)
			add_perfdata(&checks[i], options, &perfdata);
	}
	if (options->all)
		add_all(checks, count, options, worst, &text);
	else
		add_one(&checks[0], options, &text);
	buf_printf(out, "LEASELINE %s - ", words[worst]);
	add_text(&text, out);
	/* Each begins with a blank, as one is wanted after the bar. */
	if (perfdata.len > 0)
		buf_printf(out, " |%s", buf_text(&perfdata));
	buf_putc(out, '\n');
	buf_fini(&perfdata);
	buf_fini(&text);
	return worst;
}
