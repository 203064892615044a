/* SPDX-License-Identifier: ISC */
/*
 * A license judged and told for monitoring. Whether it is well is in its
 * report; only the days are judged here, by the ranges of who asks. It knows
 * no format.
 */
#include "license/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/text.h"

#define has(r, id) ((r)->has[FIELD_ID_##id])

enum { TEXT_MAX = 3072 };

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

enum check_result
check_worse(enum check_result a, enum check_result b)
{
	return rank(a) >= rank(b) ? a : b;
}

const char *
check_word(enum check_result result)
{
	return words[result];
}

enum check_result
check_result(const struct check *check, const struct check_options *options)
{
	return check_worse(by_days(check, options),
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

void
check_text(const struct check *check, const struct check_options *options,
    struct buf *out)
{
	const struct report *r = &check->report;
	enum check_result severity = by_severity(&check->bare, false);
	enum check_result days = by_days(check, options);

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

static struct measure *
add_measure(struct measure *m, const char *name, int64_t value,
    const char *unit)
{
	*m = (struct measure){.name = name, .value = value, .unit = unit};
	return m;
}

static void
set_range(const struct range *range, char out[MEASURE_RANGE_SIZE])
{
	struct buf text;

	buf_init(&text, MEASURE_RANGE_SIZE);
	range_print(range, &text);
	text_copy(out, MEASURE_RANGE_SIZE, buf_text(&text));
	buf_fini(&text);
}

/* Upper limits, as plugins print them. */
static void
set_limits(struct measure *m, int64_t warning, int64_t critical)
{
	snprintf(m->warning, sizeof(m->warning), "%" PRId64, warning);
	snprintf(m->critical, sizeof(m->critical), "%" PRId64, critical);
}

size_t
check_measures(const struct check *check, const struct check_options *options,
    struct measure out[MEASURES_MAX])
{
	static const struct {
		enum field_id id;
		const char *name;
	} horizons[] = {
		{FIELD_ID_EXPIRY, "expiry_days"},
		{FIELD_ID_LEASE_END, "lease_days"},
		{FIELD_ID_TERM_END, "term_days"},
	};
	const struct report *r = &check->report;
	struct range warning, critical;
	struct measure *m;
	size_t n = 0;

	if (has(r, ACTION_DEADLINE)) {
		ranges_of(check, options, &warning, &critical);
		m = add_measure(&out[n++], "days", days_of(r), "");
		set_range(&warning, m->warning);
		set_range(&critical, m->critical);
	}
	for (size_t i = 0; i < sizeof(horizons) / sizeof(horizons[0]); i++) {
		if (r->has[horizons[i].id])
			add_measure(&out[n++], horizons[i].name,
			    utc_days(field_instant(r, horizons[i].id), r->now),
			    "");
	}
	if (has(r, LAST_SUCCESS) && has(r, REFRESH_WARNING)) {
		m = add_measure(&out[n++], "refresh_age",
		    r->now.s - r->refresh_last_success.s, "s");
		set_limits(m, r->refresh_warning_s, r->refresh_critical_s);
	}
	if (has(r, USED_PERCENT)) {
		m = add_measure(&out[n++], "bandwidth", r->used_percent, "%");
		set_limits(m, r->bandwidth_warning_pct,
		    r->bandwidth_critical_pct);
	}
	return n;
}

void
check_next(const struct check *checks, size_t count, struct buf *out)
{
	const struct report *next = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct report *r = &checks[i].report;

		if (has(r, ACTION_DEADLINE) && (next == NULL ||
			utc_before(r->action_deadline, next->action_deadline)))
			next = r;
	}
	if (next == NULL)
		return;
	if (count > 1)
		buf_printf(out, "; %s is the next", next->name);
	add_days(next, out);
}
