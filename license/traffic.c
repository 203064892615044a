/* SPDX-License-Identifier: ISC */
/* Looks in, means out; it reads no file and no clock. */
#include "license/traffic.h"

#include <inttypes.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/usage.h"

#define S_NS INT64_C(1000000000)
#define BLANKS " \t"

static bool
take_name(const char *name, size_t len, struct traffic_source *out,
    struct buf *why)
{
	if (len >= TRAFFIC_NAME_SIZE || memchr(name, '/', len) != NULL ||
	    memchr(name, ':', len) != NULL) {
		buf_printf(why, "'%.*s' is no name of an interface", (int)len,
		    name);
		return false;
	}
	for (size_t i = 0; i < out->count; i++) {
		if (strlen(out->interfaces[i]) == len &&
		    memcmp(out->interfaces[i], name, len) == 0) {
			buf_printf(why, "%.*s is named twice", (int)len, name);
			return false;
		}
	}
	if (out->count == TRAFFIC_INTERFACES_MAX) {
		buf_printf(why, "there are more than %d interfaces",
		    TRAFFIC_INTERFACES_MAX);
		return false;
	}
	memcpy(out->interfaces[out->count], name, len);
	out->interfaces[out->count++][len] = '\0';
	return true;
}

bool
traffic_source_parse(const char *text, struct traffic_source *out,
    struct buf *why)
{
	static const char word[] = "interfaces";
	size_t len = strlen(word);

	*out = (struct traffic_source){.kind = TRAFFIC_NONE};
	if (text[0] == '\0' || strcmp(text, "none") == 0)
		return true;
	if (strncmp(text, "http://", 7) == 0 ||
	    strncmp(text, "https://", 8) == 0) {
		out->kind = TRAFFIC_PAGE;
		return true;
	}
	if (strncmp(text, word, len) != 0 ||
	    (text[len] != '\0' && strchr(BLANKS, text[len]) == NULL)) {
		buf_printf(why, "'%s' is neither none, nor interfaces and "
		    "their names (interfaces eth0, eth1), nor the http:// or "
		    "https:// address of FastNetMon's metrics", text);
		return false;
	}
	out->kind = TRAFFIC_INTERFACES;
	for (const char *p = text + len; *p != '\0';) {
		p += strspn(p, BLANKS ",");
		size_t n = strcspn(p, BLANKS ",");
		if (n > 0 && !take_name(p, n, out, why))
			return false;
		p += n;
	}
	if (out->count > 0)
		return true;
	buf_puts(why, "no interface is named; write interfaces eth0, eth1");
	return false;
}

/* Digits only, and no more than fit. */
static const char *
read_counter(const char *p, uint64_t *out)
{
	const char *start = p += strspn(p, BLANKS);

	for (*out = 0; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (*out > (UINT64_MAX - digit) / 10)
			return NULL;
		*out = *out * 10 + digit;
	}
	return p == start ? NULL : p;
}

/* Received are eight numbers, bytes first; then those that were sent. */
static bool
read_bytes(const char *p, uint64_t *incoming, uint64_t *outgoing)
{
	uint64_t number;

	for (int i = 0; i < 9; i++) {
		p = read_counter(p, &number);
		if (p == NULL)
			return false;
		if (i == 0)
			*incoming = number;
	}
	*outgoing = number;
	return true;
}

void
traffic_read_counters(const char *text, const struct traffic_source *source,
    struct traffic_counters *out)
{
	*out = (struct traffic_counters){.there = 0};
	for (const char *line = text; line != NULL && *line != '\0';) {
		line += strspn(line, BLANKS);
		size_t len = strcspn(line, ":\n");

		for (size_t i = 0; line[len] == ':' && i < source->count; i++) {
			const char *name = source->interfaces[i];

			if (strlen(name) == len &&
			    memcmp(name, line, len) == 0 &&
			    read_bytes(line + len + 1, &out->incoming[i],
				&out->outgoing[i]))
				out->there |= 1U << i;
		}
		line = strchr(line + len, '\n');
		line = line == NULL ? NULL : line + 1;
	}
}

static bool
add_versions(const struct usage_page *page, enum usage_metric ipv4,
    enum usage_metric ipv6, int64_t *bytes_per_s)
{
	int64_t bits = page->value[ipv4] + page->value[ipv6];

	*bytes_per_s = bits / 8;
	return (page->has & (1U << ipv4 | 1U << ipv6)) != 0;
}

bool
traffic_read_page(const struct usage_page *page, struct traffic_rates *out)
{
	return add_versions(page, USAGE_INCOMING_IPV4, USAGE_INCOMING_IPV6,
		   &out->incoming) &&
	    add_versions(page, USAGE_OUTGOING_IPV4, USAGE_OUTGOING_IPV6,
		&out->outgoing);
}

static const struct traffic_piece *
last_piece(const struct traffic *t)
{
	return t->pieces == 0 ? NULL :
	    &t->piece[(t->pieces - 1) % TRAFFIC_PIECES];
}

/* Weighed by the time that each was for; returns that of all, in ms. */
static int64_t
mean_of(const struct traffic *t, struct traffic_rates *out)
{
	const struct traffic_piece *last = last_piece(t);
	double incoming = 0, outgoing = 0;
	int64_t ms = 0;

	for (size_t i = 0; i < TRAFFIC_PIECES && i < t->pieces; i++) {
		const struct traffic_piece *piece = &t->piece[i];

		if (last->end.ns - piece->end.ns >= TRAFFIC_MEAN_S * S_NS)
			continue;
		incoming += (double)piece->rates.incoming * (double)piece->ms;
		outgoing += (double)piece->rates.outgoing * (double)piece->ms;
		ms += piece->ms;
	}
	out->incoming = (int64_t)(incoming / (double)ms);
	out->outgoing = (int64_t)(outgoing / (double)ms);
	return ms;
}

static int64_t
slot_number(mono_t at)
{
	return at.ns / (TRAFFIC_MEAN_S * S_NS) + 1;
}

static void
add_piece(struct traffic *t, mono_t at, int64_t ms,
    const struct traffic_rates *rates)
{
	struct traffic_rates mean;
	int64_t number = slot_number(at);
	size_t place = (size_t)number % TRAFFIC_SLOTS;

	t->piece[t->pieces++ % TRAFFIC_PIECES] = (struct traffic_piece){
		.end = at,
		.ms = ms,
		.rates = *rates,
	};
	if (mean_of(t, &mean) < (TRAFFIC_MEAN_S - TRAFFIC_LOOK_S) * 1000)
		return;
	int64_t larger = mean.incoming > mean.outgoing ? mean.incoming :
							 mean.outgoing;
	if (t->slot[place].number != number) {
		t->slot[place].number = number;
		t->slot[place].largest = larger;
	} else if (t->slot[place].largest < larger) {
		t->slot[place].largest = larger;
	}
}

static int64_t
rate_of(uint64_t bytes, int64_t ms)
{
	double per_s = (double)bytes * 1000 / (double)ms;

	return per_s >= (double)TRAFFIC_RATE_MAX ? TRAFFIC_RATE_MAX :
						   (int64_t)per_s;
}

/* False when a counter went back: what came in between is not known. */
static bool
rises(const struct traffic_counters *before,
    const struct traffic_counters *after, uint64_t *incoming,
    uint64_t *outgoing)
{
	*incoming = *outgoing = 0;
	for (size_t i = 0; i < TRAFFIC_INTERFACES_MAX; i++) {
		if ((after->there & 1U << i) == 0)
			continue;
		if (after->incoming[i] < before->incoming[i] ||
		    after->outgoing[i] < before->outgoing[i])
			return false;
		*incoming += after->incoming[i] - before->incoming[i];
		*outgoing += after->outgoing[i] - before->outgoing[i];
	}
	return true;
}

void
traffic_add_counters(struct traffic *t, mono_t at,
    const struct traffic_counters *counters)
{
	uint64_t incoming, outgoing;

	if (t->begun && at.ns <= t->last.ns)
		*t = (struct traffic){.begun = false};
	int64_t ms = (at.ns - t->last.ns) / 1000000;
	if (t->begun && ms > 0 && ms <= TRAFFIC_STALE_S * 1000 &&
	    counters->there != 0 && counters->there == t->counters.there &&
	    rises(&t->counters, counters, &incoming, &outgoing)) {
		const struct traffic_rates rates = {
			.incoming = rate_of(incoming, ms),
			.outgoing = rate_of(outgoing, ms),
		};
		add_piece(t, at, ms, &rates);
	}
	t->begun = true;
	t->last = at;
	t->counters = *counters;
}

void
traffic_add_rates(struct traffic *t, mono_t at,
    const struct traffic_rates *rates)
{
	const struct traffic_piece *last = last_piece(t);
	const struct traffic_rates bounded = {
		.incoming = rates->incoming < TRAFFIC_RATE_MAX ?
		    rates->incoming : TRAFFIC_RATE_MAX,
		.outgoing = rates->outgoing < TRAFFIC_RATE_MAX ?
		    rates->outgoing : TRAFFIC_RATE_MAX,
	};

	if (last != NULL && at.ns <= last->end.ns)
		*t = (struct traffic){.begun = false};
	add_piece(t, at, TRAFFIC_LOOK_S * 1000, &bounded);
}

bool
traffic_use(const struct traffic *t, mono_t now, struct traffic_use *out)
{
	const struct traffic_piece *last = last_piece(t);
	int64_t number = slot_number(now);

	*out = (struct traffic_use){.peak = -1};
	if (last == NULL || now.ns < last->end.ns ||
	    now.ns - last->end.ns > TRAFFIC_STALE_S * S_NS)
		return false;
	mean_of(t, &out->mean);
	for (size_t i = 0; i < TRAFFIC_SLOTS; i++) {
		if (t->slot[i].number > number - TRAFFIC_SLOTS &&
		    t->slot[i].number != 0 && t->slot[i].largest > out->peak)
			out->peak = t->slot[i].largest;
	}
	return true;
}
