/* SPDX-License-Identifier: ISC */
/*
 * The usage report: what it says, and when it may be made. Pure. It knows no
 * line for a host, an address or a packet, and takes no text from FastNetMon:
 * what is read from its metrics are numbers of metrics with a known name.
 */
#ifndef LICENSE_USAGE_H
#define LICENSE_USAGE_H

#include "license/facts.h"

/*
 * X(C name, metric, traffic_direction, protocol_version): "" "": no label at
 * all. A metric with another label (a host's, a network's) is not one of these.
 */
#define USAGE_METRICS(X)                                                      \
	X(INCOMING_IPV4, "fastnetmon_total_traffic_bits", "incoming", "ipv4") \
	X(INCOMING_IPV6, "fastnetmon_total_traffic_bits", "incoming", "ipv6") \
	X(OUTGOING_IPV4, "fastnetmon_total_traffic_bits", "outgoing", "ipv4") \
	X(OUTGOING_IPV6, "fastnetmon_total_traffic_bits", "outgoing", "ipv6") \
	X(FLOWS, "fastnetmon_netflow_ipfix_all_protocols_total_flows", "",    \
	    "")                                                               \
	X(HEADERS, "fastnetmon_sflow_raw_packet_headers_total", "", "")       \
	X(CALCULATION_S, "fastnetmon_speed_recalculation_time_seconds", "",   \
	    "")                                                               \
	X(CALCULATION_US, "fastnetmon_speed_recalculation_time_microseconds", \
	    "", "")                                                           \
	X(HOSTS, "fastnetmon_total_number_of_hosts", "", "")                  \
	X(INFLUXDB, "fastnetmon_influxdb_writes_total", "", "")               \
	X(SFLOW, "fastnetmon_sflow_total_packets", "", "")                    \
	X(NETFLOW, "fastnetmon_netflow_ipfix_total_packets", "", "")          \
	X(AF_PACKET, "fastnetmon_af_packet_packets_raw", "", "")

#define USAGE_METRIC_ID(id, metric, direction, version) USAGE_##id,
enum usage_metric { USAGE_METRICS(USAGE_METRIC_ID) USAGE_METRIC_COUNT };
#undef USAGE_METRIC_ID

/* usage_page: one look at FastNetMon's metrics. */
struct usage_page {
	unsigned has; /* bit of each metric that was there */
	int64_t value[USAGE_METRIC_COUNT];
};

/*
 * usage_page_read: any bytes. A line that is not understood, a value that is
 * not a whole or decimal number from 0 to STATS_RATE_MAX, a metric that came
 * before, and a last line without LF are passed over. Pages may be cut short.
 */
void usage_page_read(const char *bytes, size_t len, struct usage_page *out);

/* What the report says of this machine beyond its hardware; "": unknown. */
enum { USAGE_FLAGS_SIZE = 4096 };

struct usage_platform {
	char kernel[TEXT_64];
	char distribution[TEXT_64], distribution_version[TEXT_64];
	char cpu_flags[USAGE_FLAGS_SIZE]; /* words, one space between */
};

/*
 * usage_compose: of license ${facts}. ${looks}: of FastNetMon's pages there
 * are 0, 1 or 2, ${apart_ms} between them; rates need two.
 */
void usage_compose(const struct license_facts *facts,
    const struct usage_platform *platform, utc_t now, struct stats *out);
void usage_add_pages(const struct usage_page *pages, size_t looks,
    int64_t apart_ms, struct stats *out);

/*
 * usage_speaker: the first license that talks to its authority, for which a
 * report may be sent; NULL: every license is offline, so nothing is.
 */
const struct license_facts *usage_speaker(
    const struct license_facts *const *licenses, size_t count);

/*
 * usage_next: after ${now}, the one second of the UTC day that the machine's
 * key gives: the same each day, another on each machine, never later than a
 * day from now.
 */
utc_t usage_next(const uint8_t machine_key[KEY_SIZE], utc_t now);

/* What would be sent now, or is being sent: exactly these bytes. */
struct usage_document {
	const char *bytes;
	size_t len; /* 0: it cannot be made */
	bool enabled;
	bool offline;	     /* every license is: nothing is ever sent */
	const char *url;     /* "": none */
	utc_t next;	     /* when the next one goes; s 0: never */
	utc_t last_success;  /* s 0: none yet */
	const char *missing; /* why FastNetMon's part is not there; "" */
};

#endif
