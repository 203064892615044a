/* SPDX-License-Identifier: ISC */
/*
 * Goal: what a scraper asks for is what it gets: the headers of Prometheus 2
 * and 3 and of others, with and without weights, and what nobody can read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "license/base/accept.h"
#include "license/base/exposition.h"

#define OPEN "application/openmetrics-text"

static const struct {
	const char *accept;
	enum exposition_format format;
	bool escaping;
} asked[] = {
	{NULL, EXPOSITION_TEXT, false},
	{"", EXPOSITION_TEXT, false},
	{"*/*", EXPOSITION_TEXT, false},
	{"text/plain", EXPOSITION_TEXT, false},
	{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
	    EXPOSITION_TEXT, false},
	{"application/json", EXPOSITION_TEXT, false},
	/* Prometheus 2.5 to 2.34, 2.35 on, 2.49 on, with native histograms */
	{OPEN "; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
	    EXPOSITION_TEXT, false},
	{OPEN ";version=1.0.0," OPEN ";version=0.0.1;q=0.75,"
	 "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
	    EXPOSITION_OPENMETRICS, false},
	{OPEN ";version=1.0.0;q=0.5," OPEN ";version=0.0.1;q=0.4,"
	 "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
	    EXPOSITION_OPENMETRICS, false},
	{"application/vnd.google.protobuf;proto="
	 "io.prometheus.client.MetricFamily;encoding=delimited;q=0.5,"
	 OPEN ";version=1.0.0;q=0.4," OPEN ";version=0.0.1;q=0.3,"
	 "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
	    EXPOSITION_OPENMETRICS, false},
	/* Prometheus 3, and with scrape_protocols of text alone */
	{OPEN ";version=1.0.0;escaping=allow-utf-8;q=0.5," OPEN
	 ";version=0.0.1;q=0.4,text/plain;version=1.0.0;"
	 "escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
	    EXPOSITION_OPENMETRICS, true},
	{"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
	 "text/plain;version=0.0.4;q=0.2,*/*;q=0.1", EXPOSITION_TEXT, false},
	{"text/plain;version=1.0.0;escaping=underscores", EXPOSITION_TEXT,
	    false},
	/* Telegraf; the first of what is wanted alike */
	{OPEN ";version=1.0.0;q=0.5," OPEN ";version=0.0.1;q=0.3,text/plain;"
	 "version=0.0.4;q=0.7", EXPOSITION_TEXT, false},
	{"text/plain," OPEN, EXPOSITION_TEXT, false},
	{OPEN ",text/plain", EXPOSITION_OPENMETRICS, false},
	{"*/*," OPEN, EXPOSITION_OPENMETRICS, false},
	{OPEN ";q=0.5,*/*", EXPOSITION_TEXT, false},
	{"application/*", EXPOSITION_OPENMETRICS, false},
	/* The nearest range speaks, not the first */
	{OPEN ";q=0," "application/*,text/plain;q=0.1", EXPOSITION_TEXT,
	    false},
	{OPEN ";q=0.1," OPEN ";version=1.0.0,text/plain;q=0.5",
	    EXPOSITION_OPENMETRICS, false},
	/* Case, spaces, quotes */
	{" APPLICATION/OpenMetrics-Text ; VERSION=\"1.0.0\" ; Q=1.000 ",
	    EXPOSITION_OPENMETRICS, false},
	{OPEN ";x=\"a,b;q=0\";version=1.0.0", EXPOSITION_OPENMETRICS, false},
	/* Refused, or not to be read */
	{OPEN ";q=0", EXPOSITION_TEXT, false},
	{OPEN ";q=0.000", EXPOSITION_TEXT, false},
	{OPEN ";q=2", EXPOSITION_TEXT, false},
	{OPEN ";q=1.001", EXPOSITION_TEXT, false},
	{OPEN ";q=0.0001", EXPOSITION_TEXT, false},
	{OPEN ";q=.5", EXPOSITION_TEXT, false},
	{OPEN ";q=", EXPOSITION_TEXT, false},
	{OPEN ";q=-1", EXPOSITION_TEXT, false},
	{OPEN ";version=2.0.0", EXPOSITION_TEXT, false},
	{OPEN ";version=\"1.0.0", EXPOSITION_TEXT, false},
	{OPEN "\\", EXPOSITION_TEXT, false},
	{OPEN "x", EXPOSITION_TEXT, false},
	{"application", EXPOSITION_TEXT, false},
	{"/openmetrics-text", EXPOSITION_TEXT, false},
	{"*/openmetrics-text", EXPOSITION_TEXT, false},
	{",,;;=,\"", EXPOSITION_TEXT, false},
	{"text/plain;,;" OPEN ", " OPEN ";;", EXPOSITION_TEXT, false},
};

static void
a_format_is_what_was_asked_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		bool escaping;

		if (exposition_accepted(asked[i].accept, &escaping) !=
			asked[i].format || escaping != asked[i].escaping)
			fail_msg("Accept: %s", asked[i].accept);
	}
}

static const struct {
	const char *accept;
	bool gzip;
} codings[] = {
	{NULL, false}, {"", false}, {"gzip", true}, {"GZip", true},
	{"x-gzip", true}, {"deflate, gzip, br, zstd", true},
	{"gzip;q=1.0, identity; q=0.5, *;q=0", true}, {"gzip;q=0", false},
	{"gzip;q=0.000", false}, {"gzip;q=0.001", true},
	{"identity", false}, {"identity;q=1, gzip;q=0.5", false},
	{"identity;q=0.5, gzip;q=0.5", true}, {"identity;q=0", false},
	{"deflate", false}, {"br;q=1", false}, {"*", false}, {"*;q=0", false},
	{"gzip;q=x", false}, {"gzipp", false}, {"gzip/1", false},
};

static void
gzip_is_what_was_asked_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(codings) / sizeof(codings[0]); i++) {
		if (accept_gzip(codings[i].accept) != codings[i].gzip)
			fail_msg("Accept-Encoding: %s", codings[i].accept);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_format_is_what_was_asked_for),
		cmocka_unit_test(gzip_is_what_was_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
