/* SPDX-License-Identifier: ISC */
/*
 * Licenses as monitoring systems read them: the line of a plugin, the lines
 * of a Checkmk local check, the object of a LibreNMS extend. What is well is
 * not decided here.
 */
#include "license/check.h"

#include <inttypes.h>
#include <string.h>

#include "license/base/buf.h"

enum {
	TEXT_MAX = 4096,   /* of one license */
	NAMED_MAX = 8,	   /* a plugin's line: 4 to 8 KB are taken */
	MEASURED_MAX = 64, /* licenses with perfdata */
};

static void
add_text(const struct check *check, const struct check_options *options,
    struct buf *out)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	check_text(check, options, &text);
	command_one_line(options->format, buf_text(&text), text.len, out);
	buf_fini(&text);
}

static void
add_named(const struct check *check, const struct check_options *options,
    struct buf *out)
{
	const char *name = check->report.name;

	command_one_line(options->format, name, strlen(name), out);
	buf_puts(out, ": ");
	add_text(check, options, out);
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
	if (worst == CHECK_OK) {
		buf_puts(out, ", all well");
		check_next(checks, count, out);
	}
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		for (size_t k = 0; k < count; k++) {
			if (check_result(&checks[k], options) != order[i])
				continue;
			if (named++ >= NAMED_MAX)
				continue;
			buf_printf(out, " / %s ", check_word(order[i]));
			add_named(&checks[k], options, out);
		}
	}
	if (named > NAMED_MAX)
		buf_printf(out, " / and %zu more", named - NAMED_MAX);
}

static void
add_limits(const struct measure *m, struct buf *out)
{
	if (m->warning[0] != '\0' || m->critical[0] != '\0')
		buf_printf(out, ";%s;%s", m->warning, m->critical);
}

/* Each begins with a blank, as one is wanted after the bar. */
static void
add_perfdata(const struct check *check, const struct check_options *options,
    struct buf *out)
{
	struct measure measures[MEASURES_MAX];
	size_t n = check_measures(check, options, measures);

	for (size_t i = 0; i < n; i++) {
		const struct measure *m = &measures[i];

		buf_printf(out, " %s%s%s=%" PRId64 "%s",
		    options->all ? check->report.name : "",
		    options->all ? "." : "", m->name, m->value, m->unit);
		add_limits(m, out);
	}
}

static void
render_nagios(const struct check *checks, size_t count,
    const struct check_options *options, enum check_result worst,
    struct buf *out)
{
	struct buf perfdata;

	buf_init(&perfdata, (size_t)MEASURED_MAX * 512);
	buf_printf(out, "LEASELINE %s - ", check_word(worst));
	if (options->all)
		add_all(checks, count, options, worst, out);
	else
		add_named(&checks[0], options, out);
	for (size_t i = 0; i < count && i < MEASURED_MAX; i++)
		add_perfdata(&checks[i], options, &perfdata);
	if (perfdata.len > 0)
		buf_printf(out, " |%s", buf_text(&perfdata));
	buf_putc(out, '\n');
	buf_fini(&perfdata);
}

/* A unit is no part of a number there. */
static void
checkmk_license(const struct check *check, const struct check_options *options,
    struct buf *out)
{
	struct measure measures[MEASURES_MAX];
	size_t n = check_measures(check, options, measures);

	buf_printf(out, "%d \"License %s\" ", check_result(check, options),
	    check->report.name);
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%s%s=%" PRId64, i == 0 ? "" : "|",
		    measures[i].name, measures[i].value);
		add_limits(&measures[i], out);
	}
	buf_puts(out, n == 0 ? "- " : " ");
	add_text(check, options, out);
	buf_putc(out, '\n');
}

/* The service Leaseline has also what command_nobody() says. */
static void
render_checkmk(const struct check *checks, size_t count,
    const struct check_options *options, struct buf *out)
{
	buf_printf(out, "%d \"Leaseline\" licenses=%zu %s\n",
	    options->agent_down ? CHECK_WARNING : CHECK_OK, count,
	    options->agent_down ? "The agent is not running: systemctl start "
				  "leaselined" : "The agent is running");
	for (size_t i = 0; i < count; i++)
		checkmk_license(&checks[i], options, out);
}

static void
librenms_license(const struct check *check,
    const struct check_options *options, struct buf *out)
{
	const struct report *r = &check->report;
	struct measure measures[MEASURES_MAX];
	size_t n = check_measures(check, options, measures);

	buf_printf(out, "\"%s\":{\"result\":%d,\"state\":%d,"
	    "\"severity\":%d,\"reason\":%d,\"usable\":%d", r->name,
	    check_result(check, options), r->state, r->severity, r->reason,
	    r->usable);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, ",\"%s\":%" PRId64, measures[i].name,
		    measures[i].value);
	if (r->has[FIELD_ID_BANDWIDTH])
		buf_printf(out, ",\"bandwidth_mbits\":%" PRId64,
		    r->bandwidth_mbits);
	if (r->has[FIELD_ID_FAILURES_IN_ROW])
		buf_printf(out, ",\"failures_in_row\":%" PRId64,
		    r->refresh_failures_in_row);
	buf_puts(out, ",\"text\":\"");
	add_text(check, options, out);
	buf_puts(out, "\"}");
}

static void
render_librenms(const struct check *checks, size_t count,
    const struct check_options *options, enum check_result worst,
    struct buf *out)
{
	buf_printf(out, "{\"version\":1,\"error\":0,\"errorString\":\"\","
	    "\"data\":{\"agent\":%d,\"result\":%d,\"licenses\":{",
	    !options->agent_down, worst);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_putc(out, ',');
		librenms_license(&checks[i], options, out);
	}
	buf_puts(out, "}}}\n");
}

enum check_result
check_render(const struct check *checks, size_t count,
    const struct check_options *options, struct buf *out)
{
	enum check_result worst = CHECK_OK;

	for (size_t i = 0; i < count; i++)
		worst = check_worse(worst, check_result(&checks[i], options));
	if (options->format == CHECK_FORMAT_CHECKMK)
		render_checkmk(checks, count, options, out);
	else if (options->format == CHECK_FORMAT_LIBRENMS)
		render_librenms(checks, count, options, worst, out);
	else
		render_nagios(checks, count, options, worst, out);
	return worst;
}
