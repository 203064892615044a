/* SPDX-License-Identifier: ISC */
/*
 * What is known, into the lines of a usage report; what is not known has no
 * line. It asks nobody anything.
 */
#include "license/usage.h"

#include <string.h>

#include "license/base/buf.h"
#include "license/policy.h"

/* A text that a document cannot hold is one that is not known. */
static bool
put_text(char *out, size_t size, const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < size && doc_text_good(text, len) &&
	    text_copy(out, size, text);
}

#define PUT_TEXT(s, name, member, text)                                       \
	do {                                                                  \
		if (put_text((s)->member, sizeof((s)->member), text))         \
			(s)->has |= bit(STATS_##name);                        \
	} while (0)
#define PUT_NUMBER(s, name, member, number, known)                            \
	do {                                                                  \
		if (known) {                                                  \
			(s)->member = (number);                               \
			(s)->has |= bit(STATS_##name);                        \
		}                                                             \
	} while (0)

/* As many whole words as fit; returns where the next one begins. */
static const char *
cut_words(const char *words, char out[static FLAGS_SIZE])
{
	size_t len = strlen(words);

	if (len > FLAGS_SIZE - 1) {
		len = FLAGS_SIZE - 1;
		while (len > 0 && words[len] != ' ')
			len--;
	}
	memcpy(out, words, len);
	out[len] = '\0';
	return words[len] == ' ' ? words + len + 1 : words + len;
}

void
usage_compose(const struct license_facts *facts,
    const struct usage_platform *platform, utc_t now, struct stats *out)
{
	const struct hardware *hardware = &facts->hardware;
	char flags[FLAGS_SIZE];

	*out = (struct stats){.has = bit(STATS_CREATED), .created = now};
	memcpy(out->machine_key, facts->machine_key, KEY_SIZE);
	PUT_TEXT(out, AGENT_VERSION, agent_version,
	    "leaseline " LEASELINE_VERSION);
	PUT_TEXT(out, PRODUCT, product, facts->product);
	if (facts->has_license && memcmp(facts->license.machine_key,
		facts->machine_key, KEY_SIZE) == 0)
		PUT_TEXT(out, LICENSE_ID, license_id, facts->license.id);
	PUT_TEXT(out, KERNEL, kernel, platform->kernel);
	PUT_TEXT(out, DISTRIBUTION, distribution, platform->distribution);
	PUT_TEXT(out, DISTRIBUTION_VERSION, distribution_version,
	    platform->distribution_version);
	PUT_TEXT(out, VIRTUALIZATION, virtualization,
	    hardware->virtualization);
	PUT_TEXT(out, CPU_MODEL, cpu_model, hardware->cpu_model);
	PUT_NUMBER(out, LOGICAL_CPUS, logical_cpus, hardware->logical_cpus,
	    hardware->logical_cpus > 0);
	PUT_NUMBER(out, MEMORY, memory_mib, hardware->memory_mib,
	    hardware->memory_mib > 0);
	const char *rest = cut_words(platform->cpu_flags, flags);
	PUT_TEXT(out, CPU_FLAGS, cpu_flags, flags);
	cut_words(rest, flags);
	PUT_TEXT(out, CPU_FLAGS_MORE, cpu_flags_more, flags);
}

static bool
page_has(const struct usage_page *page, enum usage_metric metric)
{
	return (page->has & 1U << metric) != 0;
}

/* A word of the list, for each metric that is there and not 0 if it counts. */
static void
add_word(const char *word, bool wanted, struct buf *out)
{
	if (wanted)
		buf_printf(out, "%s%s", out->len > 0 ? " " : "", word);
}

static void
add_words(const struct usage_page *p, struct stats *out)
{
	struct buf words;

	buf_init(&words, TEXT_64 - 1);
	add_word("prometheus", p->has != 0, &words);
	add_word("influxdb", page_has(p, USAGE_INFLUXDB) &&
		p->value[USAGE_INFLUXDB] > 0, &words);
	PUT_TEXT(out, FEATURES, features, buf_text(&words));
	buf_clear(&words);
	/* FastNetMon has these metrics only while the plugin is on. */
	add_word("sflow", page_has(p, USAGE_SFLOW), &words);
	add_word("netflow", page_has(p, USAGE_NETFLOW), &words);
	add_word("af_packet", page_has(p, USAGE_AF_PACKET), &words);
	PUT_TEXT(out, CAPTURE_PLUGINS, capture_plugins, buf_text(&words));
	buf_fini(&words);
}

/* By how much a counter rose in a second; a restart of it has no rate. */
static bool
rate(const struct usage_page *pages, enum usage_metric metric,
    int64_t apart_ms, int64_t *out)
{
	int64_t rise = pages[1].value[metric] - pages[0].value[metric];

	if (!page_has(&pages[0], metric) || !page_has(&pages[1], metric) ||
	    rise < 0 || apart_ms < 1)
		return false;
	double per_s = (double)rise * 1000 / (double)apart_ms;
	*out = per_s > (double)STATS_RATE_MAX ? STATS_RATE_MAX :
						(int64_t)per_s;
	return true;
}

void
usage_add_pages(const struct usage_page *pages, size_t looks,
    int64_t apart_ms, struct stats *out)
{
	int64_t number;

	if (looks == 0)
		return;
	const struct usage_page *p = &pages[looks - 1];
	add_words(p, out);
	PUT_NUMBER(out, INCOMING_IPV4, incoming_ipv4,
	    p->value[USAGE_INCOMING_IPV4] / 8,
	    page_has(p, USAGE_INCOMING_IPV4));
	PUT_NUMBER(out, INCOMING_IPV6, incoming_ipv6,
	    p->value[USAGE_INCOMING_IPV6] / 8,
	    page_has(p, USAGE_INCOMING_IPV6));
	PUT_NUMBER(out, OUTGOING_IPV4, outgoing_ipv4,
	    p->value[USAGE_OUTGOING_IPV4] / 8,
	    page_has(p, USAGE_OUTGOING_IPV4));
	PUT_NUMBER(out, OUTGOING_IPV6, outgoing_ipv6,
	    p->value[USAGE_OUTGOING_IPV6] / 8,
	    page_has(p, USAGE_OUTGOING_IPV6));
	if (looks == 2) {
		PUT_NUMBER(out, FLOWS, flows_per_s, number,
		    rate(pages, USAGE_FLOWS, apart_ms, &number));
		PUT_NUMBER(out, HEADERS, headers_per_s, number,
		    rate(pages, USAGE_HEADERS, apart_ms, &number));
	}
	if (page_has(p, USAGE_CALCULATION_S) &&
	    page_has(p, USAGE_CALCULATION_US)) {
		int64_t s = p->value[USAGE_CALCULATION_S];
		int64_t us = p->value[USAGE_CALCULATION_US];

		PUT_NUMBER(out, CALCULATION, calculation_us, s * 1000000 + us,
		    s < DAY_S && us < 1000000);
	}
	PUT_NUMBER(out, HOSTS, total_hosts, p->value[USAGE_HOSTS],
	    page_has(p, USAGE_HOSTS) && p->value[USAGE_HOSTS] <= UINT32_MAX);
}

const struct license_facts *
usage_speaker(const struct license_facts *const *licenses, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (policy_refreshes(licenses[i]))
			return licenses[i];
	}
	return NULL;
}

utc_t
usage_next(const uint8_t machine_key[KEY_SIZE], utc_t now)
{
	uint64_t number = 0;

	/* A public key is as good as random, and needs no place to be kept. */
	for (int i = 0; i < 8; i++)
		number = number << 8 | machine_key[i];
	int64_t second = (int64_t)(number % DAY_S);
	int64_t midnight = now.s - now.s % DAY_S;
	utc_t next = {midnight + second};
	return next.s > now.s ? next : utc_add(next, DAY_S);
}
