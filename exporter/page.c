/* SPDX-License-Identifier: ISC */
/* The document around page_card.c: the head, the sum of it all, the agent. */
#include "exporter/page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "exporter/html.h"
#include "exporter/page_card.h"
#include "license/base/buf.h"
#include "license/base/encode.h"
#include "license/keeper/view.h"
#include "license/text.h"
#include "license/verify.h"

enum { SOME_MAX = 6 };

void
page_policy(char out[static PAGE_POLICY_SIZE])
{
	uint8_t hash[SHA256_SIZE];
	char encoded[BASE64_SIZE(SHA256_SIZE)];
	struct buf policy;

	sha256(page_style, strlen(page_style), hash);
	base64_encode(hash, sizeof(hash), encoded);
	buf_init(&policy, PAGE_POLICY_SIZE - 1);
	buf_printf(&policy, "default-src 'none'; style-src 'sha256-%s'; "
	    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	    encoded);
	text_copy(out, PAGE_POLICY_SIZE, buf_text(&policy));
	buf_fini(&policy);
}

static size_t
count_severity(const struct view *view, enum severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < view->count; i++)
		n += view->reports[i].severity == (int)severity;
	return n;
}

static size_t
count_usable(const struct view *view)
{
	size_t n = 0;

	for (size_t i = 0; i < view->count; i++)
		n += view->reports[i].usable;
	return n;
}

/* "all well", or what needs a person: also the browser's tab. */
static void
verdict(const struct view *view, struct buf *out)
{
	size_t critical = count_severity(view, SEVERITY_CRITICAL);
	size_t warning = count_severity(view, SEVERITY_WARNING);
	size_t unknown = count_severity(view, SEVERITY_UNKNOWN);

	if (critical > 0)
		buf_printf(out, "%zu critical%s", critical,
		    warning + unknown > 0 ? ", " : "");
	if (warning > 0)
		buf_printf(out, "%zu warning%s", warning,
		    unknown > 0 ? ", " : "");
	if (unknown > 0)
		buf_printf(out, "%zu unknown", unknown);
	if (critical + warning + unknown == 0)
		buf_puts(out, view->count == 0 ? "no license is configured" :
						 "all well");
}

static void
put_head(const struct view *view, int worst, struct buf *out)
{
	char now[UTC_TEXT_SIZE];

	buf_printf(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">\n"
	    "<meta http-equiv=\"refresh\" content=\"%d\">\n<title>",
	    PAGE_REFRESH_S);
	verdict(view, out);
	buf_printf(out, " - Leaseline</title>\n<style>%s</style>\n</head>\n"
	    "<body>\n<header class=\"top %s\">\n<h1>Leaseline</h1>\n"
	    "<p class=\"verdict\">", page_style, worst == -1 ? "unknown" :
	    names_label(NAMES_SEVERITY, view->reports[worst].severity));
	verdict(view, out);
	utc_text(view->now, now);
	buf_printf(out, "</p>\n<p class=\"count\">%zu of %zu license%s usable; "
	    "<time datetime=\"%s\">%s</time></p>\n</header>\n<main>\n",
	    count_usable(view), view->count, view->count == 1 ? "" : "s", now,
	    now);
}

static int
worse_first(const void *a, const void *b)
{
	const struct report *const *one = a, *const *other = b;

	return report_is_worse(*one, *other)	 ? -1 :
	    report_is_worse(*other, *one) ? 1 : 0;
}

static void
put_others(const struct report *const *sorted, size_t from, size_t count,
    struct buf *out)
{
	if (from >= count)
		return;
	buf_puts(out, "<table>\n<caption>The others</caption>\n<thead><tr>"
	    "<th scope=\"col\">License</th><th scope=\"col\">State</th>"
	    "<th scope=\"col\">Severity</th><th scope=\"col\">Days to act</th>"
	    "</tr></thead>\n<tbody>\n");
	for (size_t i = from; i < count; i++) {
		const struct report *r = sorted[i];

		buf_puts(out, "<tr><th scope=\"row\">");
		html_text(out, r->name);
		buf_printf(out, "</th><td>%s</td><td>%s</td><td>",
		    names_label(NAMES_STATE, r->state),
		    names_label(NAMES_SEVERITY, r->severity));
		if (r->has[FIELD_ID_ACTION_DEADLINE])
			buf_printf(out, "%" PRId64,
			    utc_days(r->action_deadline, r->now));
		buf_puts(out, "</td></tr>\n");
	}
	buf_puts(out, "</tbody>\n</table>\n");
}

static void
agent_row(const char *label, bool good, const char *text, struct buf *out)
{
	buf_printf(out, "<div%s><dt>%s</dt><dd>%s%s</dd></div>\n",
	    good ? "" : " class=\"wrong\"", label, good ? "" : "&#9888; ",
	    text);
}

static void
put_agent(const struct agent_report *a, struct buf *out)
{
	struct buf text;

	buf_init(&text, 512);
	buf_puts(out, "</main>\n<footer>\n<dl class=\"agent\">\n");
	agent_row("Agent", true, "leaselined " LEASELINE_VERSION, out);
	buf_printf(&text, "%s: %s", names_label(NAMES_TRUST, a->clock_trust),
	    names_sentence(NAMES_TRUST, a->clock_trust));
	agent_row("Clock", a->clock_trust == TRUST_TRUSTED ||
	    a->clock_trust == TRUST_UNVERIFIED, buf_text(&text), out);
	agent_row("Storage", a->storage_up, a->storage_up ?
	    "writable" : "cannot be written: see the log", out);
	if (a->has[AGENT_ID_AGENTX_UP])
		agent_row("SNMP", a->agentx_up, a->agentx_up ?
		    "connected to its master" : "not served: run fcli doctor",
		    out);
	agent_row("Configuration", a->config_ok, a->config_ok ?
	    "as in its file" : "the file has an error: see the log", out);
	buf_fini(&text);
	buf_puts(out, "</dl>\n<nav aria-label=\"For programs\">"
	    "<a href=\"/metrics\">/metrics</a> "
	    "<a href=\"/status.json\">/status.json</a> "
	    "<a href=\"/license.ics\">/license.ics</a> "
	    "<a href=\"/healthz\">/healthz</a></nav>\n"
	    "</footer>\n</body>\n</html>\n");
}

bool
page_render(const struct view *view, struct buf *out)
{
	static const char *const classes[] = {
		[CARD_ALONE] = "one",
		[CARD_SOME] = "some",
		[CARD_MANY] = "many",
	};
	enum card_room room = view->count == 1 ? CARD_ALONE :
	    view->count <= SOME_MAX ? CARD_SOME : CARD_MANY;
	const struct report **sorted = calloc(view->count + 1,
	    sizeof(*sorted));
	size_t cards = view->count < PAGE_CARDS_MAX ? view->count :
						      PAGE_CARDS_MAX;

	if (sorted == NULL)
		return false;
	for (size_t i = 0; i < view->count; i++)
		sorted[i] = &view->reports[i];
	qsort(sorted, view->count, sizeof(*sorted), worse_first);
	put_head(view, report_worst(view->reports, view->count), out);
	buf_printf(out, "<div class=\"cards %s\">\n", classes[room]);
	for (size_t i = 0; i < cards; i++) {
		size_t at = (size_t)(sorted[i] - view->reports);

		page_card(sorted[i], view->facts->licenses[at], i,
		    room, out);
	}
	buf_puts(out, "</div>\n");
	put_others(sorted, cards, view->count, out);
	put_agent(&view->agent, out);
	free(sorted);
	return !out->failed;
}
