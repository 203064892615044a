/* SPDX-License-Identifier: ISC */
/*
 * Counters under one lock, and their page. It knows no socket.
 */
#include "license/authority/tally.h"

#include <pthread.h>
#include <stdlib.h>

#include "license/base/buf.h"
#include "license/base/exposition.h"

static const double duration_bounds[] = { 0.0005, 0.001, 0.0025, 0.005, 0.01,
	0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5 };
static const double batch_bounds[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512,
	1024 };

enum {
	DURATIONS = sizeof(duration_bounds) / sizeof(*duration_bounds),
	BATCHES = sizeof(batch_bounds) / sizeof(*batch_bounds),
};

struct tally {
	pthread_mutex_t lock;
	const char *revision;
	int64_t requests[TALLY_RESULT_COUNT], reports[TALLY_REPORT_COUNT];
	uint64_t durations[DURATIONS + 1], batches[BATCHES + 1];
	double duration_sum, batch_sum;
	size_t queue;
	int64_t grants_per_s;
	bool up, counted;
	utc_t signer_until;
	struct database_counts counts;
};

enum family {
	FAMILY_REQUESTS, FAMILY_DURATION, FAMILY_BATCH, FAMILY_QUEUE,
	FAMILY_LIMIT, FAMILY_MACHINES, FAMILY_SUBSCRIPTIONS, FAMILY_TERMS, FAMILY_UP,
	FAMILY_SIGNER, FAMILY_BUILD, FAMILY_REPORTS,
};

static const struct metric_family families[] = {
	[FAMILY_REQUESTS] = { "authority_requests_total", METRIC_COUNTER,
	    "Requests answered, by what the answer was." },
	[FAMILY_DURATION] = { "authority_request_duration_seconds",
	    METRIC_HISTOGRAM,
	    "From the whole request to the answer, durable commit included." },
	[FAMILY_BATCH] = { "authority_commit_batch_size", METRIC_HISTOGRAM,
	    "Requests decided in one commit." },
	[FAMILY_QUEUE] = { "authority_queue_length", METRIC_GAUGE,
	    "Requests that wait for the next commit or the next second." },
	[FAMILY_LIMIT] = { "authority_grant_limit_per_second", METRIC_GAUGE,
	    "Leases granted in a second at most; what is beyond is held, "
	    "then told busy." },
	[FAMILY_MACHINES] = { "authority_machines", METRIC_GAUGE,
	    "Machine keys known, by state." },
	[FAMILY_SUBSCRIPTIONS] = { "authority_subscriptions", METRIC_GAUGE,
	    "Subscriptions, by status." },
	[FAMILY_TERMS] = { "authority_terms_ending", METRIC_GAUGE,
	    "Subscriptions whose paid term ends within the window." },
	[FAMILY_UP] = { "authority_database_up", METRIC_GAUGE,
	    "Whether the database answered when last asked." },
	[FAMILY_SIGNER] = { "authority_signer_until_timestamp_seconds",
	    METRIC_GAUGE, "Until when the signer signs; no series: there is "
	    "none, and nothing is issued." },
	[FAMILY_BUILD] = { "authority_build_info", METRIC_GAUGE,
	    "Version and revision of the authority; always 1." },
	[FAMILY_REPORTS] = { "authority_stats_total", METRIC_COUNTER,
	    "Usage reports answered, by what became of them." },
};

struct tally *
tally_new(const char *revision)
{
	struct tally *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->revision = revision;
	t->up = true;
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

void
tally_free(struct tally *t)
{
	if (!t)
		return;
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static size_t
bucket(const double *bounds, size_t count, double value)
{
	size_t i = 0;

	while (i < count && value > bounds[i])
		i++;
	return i;
}

void
tally_request(struct tally *t, int result, int64_t duration_ns)
{
	double seconds = (double)duration_ns / 1e9;

	pthread_mutex_lock(&t->lock);
	if (result >= 0 && result < TALLY_RESULT_COUNT)
		t->requests[result]++;
	t->durations[bucket(duration_bounds, DURATIONS, seconds)]++;
	t->duration_sum += seconds;
	pthread_mutex_unlock(&t->lock);
}

void
tally_report(struct tally *t, enum tally_report result)
{
	pthread_mutex_lock(&t->lock);
	t->reports[result]++;
	pthread_mutex_unlock(&t->lock);
}

void
tally_batch(struct tally *t, size_t size)
{
	pthread_mutex_lock(&t->lock);
	t->batches[bucket(batch_bounds, BATCHES, (double)size)]++;
	t->batch_sum += (double)size;
	pthread_mutex_unlock(&t->lock);
}

void
tally_queue(struct tally *t, size_t length)
{
	pthread_mutex_lock(&t->lock);
	t->queue = length;
	pthread_mutex_unlock(&t->lock);
}

void
tally_limit(struct tally *t, int64_t grants_per_s)
{
	pthread_mutex_lock(&t->lock);
	t->grants_per_s = grants_per_s;
	pthread_mutex_unlock(&t->lock);
}

void
tally_database(struct tally *t, bool up)
{
	pthread_mutex_lock(&t->lock);
	t->up = up;
	pthread_mutex_unlock(&t->lock);
}

bool
tally_database_up(struct tally *t)
{
	bool up;

	pthread_mutex_lock(&t->lock);
	up = t->up;
	pthread_mutex_unlock(&t->lock);
	return up;
}

void
tally_signer(struct tally *t, utc_t until)
{
	pthread_mutex_lock(&t->lock);
	t->signer_until = until;
	pthread_mutex_unlock(&t->lock);
}

void
tally_counts(struct tally *t, const struct database_counts *counts)
{
	pthread_mutex_lock(&t->lock);
	t->counts = *counts;
	t->counted = true;
	pthread_mutex_unlock(&t->lock);
}

static const char *
result_label(int result)
{
	static const char *const labels[] = {
		[TALLY_LICENSE] = "license", [TALLY_REPEAT] = "repeat",
		[TALLY_BAD_REQUEST] = "bad_request",
		[TALLY_UNAVAILABLE] = "unavailable",
		[TALLY_LIMITED] = "limited",
	};

	if (result < TALLY_REFUSED)
		return labels[result];
	result -= TALLY_REFUSED;
	return result == REFUSAL_NONE || !names_row(NAMES_REFUSAL, result) ?
	    NULL : names_label(NAMES_REFUSAL, result);
}

static void
one(struct exposition *e, const char *name, const char *value, int64_t count)
{
	struct metric_label label = { name, value };

	exposition_count(e, &label, 1, count);
}

static void
print_counts(const struct tally *t, struct exposition *e)
{
	static const char *const windows[] = { "7d", "30d", "60d" };

	exposition_family(e, &families[FAMILY_MACHINES]);
	for (int i = 1; i <= MACHINE_STATE_MAX; i++)
		one(e, "state", machine_state_label(i), t->counts.machines[i]);
	exposition_family(e, &families[FAMILY_SUBSCRIPTIONS]);
	for (int i = 1; i <= SUBSCRIPTION_STATUS_MAX; i++)
		one(e, "status", subscription_status_label(i),
		    t->counts.subscriptions[i]);
	exposition_family(e, &families[FAMILY_TERMS]);
	for (int i = 0; i < 3; i++)
		one(e, "window", windows[i], t->counts.terms_ending[i]);
}

static void
print_reports(const struct tally *t, struct exposition *e)
{
	static const char *const labels[TALLY_REPORT_COUNT] = {
		[TALLY_REPORT_STORED] = "stored",
		[TALLY_REPORT_BAD] = "bad_request",
		[TALLY_REPORT_UNKNOWN] = "unknown_machine",
		[TALLY_REPORT_UNAVAILABLE] = "unavailable",
	};

	exposition_family(e, &families[FAMILY_REPORTS]);
	for (int i = 0; i < TALLY_REPORT_COUNT; i++)
		one(e, "result", labels[i], t->reports[i]);
}

static void
print_all(const struct tally *t, struct exposition *e)
{
	const struct metric_label build[] = {
		{ "version", LEASELINE_VERSION }, { "revision", t->revision },
	};

	exposition_family(e, &families[FAMILY_REQUESTS]);
	for (int i = 0; i < TALLY_RESULT_COUNT; i++)
		if (result_label(i))
			one(e, "result", result_label(i), t->requests[i]);
	exposition_family(e, &families[FAMILY_DURATION]);
	exposition_histogram(e, duration_bounds, t->durations, DURATIONS,
	    t->duration_sum);
	exposition_family(e, &families[FAMILY_BATCH]);
	exposition_histogram(e, batch_bounds, t->batches, BATCHES,
	    t->batch_sum);
	exposition_family(e, &families[FAMILY_QUEUE]);
	exposition_count(e, NULL, 0, (int64_t)t->queue);
	exposition_family(e, &families[FAMILY_LIMIT]);
	exposition_count(e, NULL, 0, t->grants_per_s);
	if (t->counted)
		print_counts(t, e);
	exposition_family(e, &families[FAMILY_UP]);
	exposition_count(e, NULL, 0, t->up);
	if (t->signer_until.s != 0) {
		exposition_family(e, &families[FAMILY_SIGNER]);
		exposition_count(e, NULL, 0, t->signer_until.s);
	}
	exposition_family(e, &families[FAMILY_BUILD]);
	exposition_count(e, build, 2, 1);
	print_reports(t, e);
}

void
tally_print(struct tally *t, struct buf *out)
{
	struct exposition e;

	exposition_begin(&e, EXPOSITION_TEXT, out);
	pthread_mutex_lock(&t->lock);
	print_all(t, &e);
	pthread_mutex_unlock(&t->lock);
	exposition_end(&e);
}
