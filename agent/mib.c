/* SPDX-License-Identifier: ISC */
/*
 * Order and rendering over the rows of mib_objects.c. It decides nothing:
 * reports come in made.
 */
#include "agent/mib.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/notices.h"

enum {
	ARC_NOTIFICATIONS = 0,
	ARC_OBJECTS = 1,
	ARC_CONFORMANCE = 2,
	CAPABILITY_MIB = 3, /* below conformance */
	CAPABILITIES = 1,
	ENTRY = 1,
	TAIL_MAX = 4,
};

struct mib {
	const struct view *view;
	const struct report *worst; /* NULL without licenses */
	int64_t counts[MIB_COUNTS];
	size_t count;
	const struct report *order[]; /* by index */
};

static struct mib_oid root;

static void
read_root(void)
{
	char *end = NULL;

	for (const char *p = MIB_ROOT; *p != '\0'; p = end) {
		assert(root.len < MIB_OID_MAX / 2);
		root.id[root.len++] = (uint32_t)strtoul(p + (*p == '.'), &end,
		    10);
		assert(end != p && (*end == '.' || *end == '\0'));
	}
}

const struct mib_oid *
mib_root(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, read_root);
	return &root;
}

void
mib_capabilities(struct mib_oid *out)
{
	*out = *mib_root();
	out->id[out->len++] = ARC_CONFORMANCE;
	out->id[out->len++] = CAPABILITY_MIB;
	out->id[out->len++] = CAPABILITIES;
}

static int
by_index(const void *a, const void *b)
{
	int64_t x = (*(const struct report *const *)a)->index;
	int64_t y = (*(const struct report *const *)b)->index;

	return (x > y) - (x < y);
}

struct mib *
mib_new(const struct view *view)
{
	struct mib *mib = calloc(1,
	    sizeof(*mib) + view->count * sizeof(mib->order[0]));

	if (mib == NULL)
		return NULL;
	int worst = report_worst(view->reports, view->count);
	mib->view = view;
	mib->worst = worst == -1 ? NULL : &view->reports[worst];
	mib->count = view->count;
	mib->counts[MIB_COUNT_LICENSES] = (int64_t)view->count;
	for (size_t i = 0; i < view->count; i++) {
		const struct report *report = &view->reports[i];

		mib->order[i] = report;
		mib->counts[MIB_COUNT_USABLE] += report->usable;
		mib->counts[MIB_COUNT_WARNING] += report->severity == SEVERITY_WARNING;
		mib->counts[MIB_COUNT_CRITICAL] += report->severity == SEVERITY_CRITICAL;
	}
	qsort(mib->order, mib->count, sizeof(mib->order[0]), by_index);
	return mib;
}

void
mib_free(struct mib *mib)
{
	free(mib);
}

/* A value before it is rendered; at NULL: it does not apply. */
struct cell {
	const void *at;
	utc_t now;
};

static struct cell
report_cell(const struct report *report, int id)
{
	if (report == NULL || !report->has[id])
		return (struct cell){NULL, {0}};
	return (struct cell){(const char *)report +
		field_row((enum field_id)id)->offset, report->now};
}

static struct cell
agent_cell(const struct agent_report *agent, int id)
{
	if (!agent->has[id])
		return (struct cell){NULL, {0}};
	return (struct cell){(const char *)agent +
		agent_field_row((enum agent_id)id)->offset, agent->now};
}

static int64_t
clamp(int64_t n, int64_t low, int64_t high)
{
	return n < low ? low : n > high ? high : n;
}

static void
put_text(const char *text, struct mib_value *out)
{
	out->len = strnlen(text, MIB_OCTETS_MAX);
	memcpy(out->octets, text, out->len);
}

/* DateAndTime, RFC 2579: 11 octets, with the offset from UTC. */
static void
put_date(utc_t t, struct mib_value *out)
{
	struct utc_civil c = utc_to_civil(utc_max(UTC_MIN, utc_min(t,
	    UTC_MAX)));

	const unsigned char octets[] = {(unsigned char)(c.year >> 8),
		(unsigned char)c.year, (unsigned char)c.month,
		(unsigned char)c.day, (unsigned char)c.hour,
		(unsigned char)c.minute, (unsigned char)c.second, 0, '+', 0, 0};
	out->len = sizeof(octets);
	memcpy(out->octets, octets, sizeof(octets));
}

/* BITS: bit 0 is the high-order bit of the first octet. */
static void
put_bits(unsigned set, struct mib_value *out)
{
	out->len = 1;
	out->octets[0] = 0;
	for (unsigned bit = 0; bit < 8; bit++) {
		if (set & 1U << bit)
			out->octets[0] |= (unsigned char)(0x80U >> bit);
	}
}

static int64_t
form_number(enum mib_form form, const struct cell *cell)
{
	switch (form) {
	case MIB_FORM_ENUM:
		return *(const int *)cell->at;
	case MIB_FORM_FLAG:
		return *(const bool *)cell->at ? MIB_YES : MIB_NO;
	case MIB_FORM_EPOCH:
		return ((const utc_t *)cell->at)->s;
	case MIB_FORM_DAYS:
		return utc_days(*(const utc_t *)cell->at, cell->now);
	case MIB_FORM_WHOLE_DAYS:
		return *(const int64_t *)cell->at / DAY_S;
	default:
		return *(const int64_t *)cell->at;
	}
}

/* Counters wrap, as Counter32 does; everything else stops at its range. */
static int64_t
fit(enum mib_type type, int64_t n)
{
	if (type == MIB_COUNTER)
		return (int64_t)((uint64_t)n & UINT32_MAX);
	if (type == MIB_INTEGER) /* the least means none */
		return clamp(n, -INT32_MAX, INT32_MAX);
	return clamp(n, 0, UINT32_MAX);
}

static void
render(const struct mib_object *object, const struct cell *cell,
    struct mib_value *out)
{
	out->type = mib_form_type(object->form);
	out->number = 0;
	out->len = 0;
	if (cell->at == NULL)
		out->number = object->none;
	else if (object->form == MIB_FORM_TEXT)
		put_text(cell->at, out);
	else if (object->form == MIB_FORM_DATE)
		put_date(*(const utc_t *)cell->at, out);
	else if (object->form == MIB_FORM_BITS)
		put_bits(*(const unsigned *)cell->at, out);
	else
		out->number = fit(out->type, form_number(object->form, cell));
}

/* Where an object is below the root. */
static size_t
object_tail(const struct mib_object *object, uint32_t tail[static TAIL_MAX])
{
	size_t n = 0;

	tail[n++] = ARC_OBJECTS;
	tail[n++] = object->group;
	if (object->group == MIB_TABLE)
		tail[n++] = ENTRY;
	tail[n++] = object->sub;
	return n;
}

static int
compare_ids(const uint32_t *a, size_t a_len, const uint32_t *b, size_t b_len)
{
	for (size_t i = 0; i < a_len && i < b_len; i++) {
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	}
	return (a_len > b_len) - (a_len < b_len);
}

int
mib_oid_compare(const struct mib_oid *a, const struct mib_oid *b)
{
	return compare_ids(a->id, a->len, b->id, b->len);
}

static bool
begins(const uint32_t *ids, size_t len, const uint32_t *prefix, size_t n)
{
	return len >= n && memcmp(ids, prefix, n * sizeof(*ids)) == 0;
}

/* The first license with an index of at least ${from}: its place in order. */
static size_t
lower_bound(const struct mib *mib, int64_t from)
{
	size_t low = 0, high = mib->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (mib->order[middle]->index < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * The object's first instance of at least ${from}, and its value; -1 when
 * there is none.
 */
static int64_t
instance_from(const struct mib *mib, const struct mib_object *object,
    int64_t from, struct mib_value *out)
{
	struct cell cell = {NULL, {0}};

	if (object->origin == MIB_FROM_LICENSE) {
		size_t i = lower_bound(mib, from);

		while (i < mib->count && !mib->order[i]->has[object->id])
			i++;
		if (i == mib->count)
			return -1;
		cell = report_cell(mib->order[i], object->id);
		render(object, &cell, out);
		return mib->order[i]->index;
	}
	if (from > 0 || object->origin == MIB_FROM_NOTICE)
		return -1;
	if (object->origin == MIB_FROM_AGENT)
		cell = agent_cell(&mib->view->agent, object->id);
	else if (object->origin == MIB_FROM_WORST)
		cell = report_cell(mib->worst, object->id);
	else
		cell.at = &mib->counts[object->id];
	render(object, &cell, out);
	return 0;
}

enum mib_rc
mib_get(const struct mib *mib, const struct mib_oid *oid,
    struct mib_value *out)
{
	const struct mib_oid *base = mib_root();
	size_t count;
	const struct mib_object *objects = mib_objects(&count);

	if (!begins(oid->id, oid->len, base->id, base->len))
		return MIB_NO_OBJECT;
	const uint32_t *ids = oid->id + base->len;
	size_t len = oid->len - base->len;
	for (size_t i = 0; i < count; i++) {
		uint32_t tail[TAIL_MAX];
		size_t n = object_tail(&objects[i], tail);

		if (!begins(ids, len, tail, n))
			continue;
		if (mib == NULL || len != n + 1)
			return MIB_NO_INSTANCE;
		return instance_from(mib, &objects[i], ids[n], out) == ids[n] ?
		    MIB_FOUND : MIB_NO_INSTANCE;
	}
	return MIB_NO_OBJECT;
}

static void
set_oid(struct mib_oid *out, const struct mib_object *object, int64_t instance)
{
	*out = *mib_root();
	out->len += object_tail(object, &out->id[out->len]);
	out->id[out->len++] = (uint32_t)instance;
}

bool
mib_next(const struct mib *mib, const struct mib_oid *oid,
    struct mib_oid *next, struct mib_value *out)
{
	const struct mib_oid *base = mib_root();
	size_t count;
	const struct mib_object *objects = mib_objects(&count);
	const uint32_t *ids = oid->id + base->len;
	bool inside = begins(oid->id, oid->len, base->id, base->len);
	size_t len = inside ? oid->len - base->len : 0;

	if (mib == NULL || (!inside && mib_oid_compare(oid, base) > 0))
		return false;
	for (size_t i = 0; i < count; i++) {
		uint32_t tail[TAIL_MAX];
		size_t n = object_tail(&objects[i], tail);
		int64_t from = 0, instance;

		if (begins(ids, len, tail, n) && len > n)
			from = (int64_t)ids[n] + 1;
		else if (compare_ids(ids, len, tail, n) > 0)
			continue;
		instance = instance_from(mib, &objects[i], from, out);
		if (instance == -1)
			continue;
		set_oid(next, &objects[i], instance);
		return true;
	}
	return false;
}

static const struct mib_object *
find_object(enum mib_group group, uint32_t sub)
{
	size_t count, i = 0;
	const struct mib_object *objects = mib_objects(&count);

	while (objects[i].group != group || objects[i].sub != sub)
		i++;
	return &objects[i];
}

/* The worst license's advice alone would hide that others were left out. */
static void
put_left_out(const struct notice *notice, struct mib_value *out)
{
	char text[MIB_OCTETS_MAX + 1];
	const char *advice = notice->report.has[FIELD_ID_ADVICE] ?
	    notice->report.advice : "";

	int n = snprintf(text, sizeof(text), "%lld notification%s left out: "
			 "read the table. ", (long long)notice->crossed,
	    notice->crossed == 1 ? " was" : "s were");
	size_t len = strnlen(advice, MIB_OCTETS_MAX - (size_t)n);
	memcpy(text + n, advice, len);
	text[(size_t)n + len] = '\0';
	put_text(text, out);
}

void
mib_varbinds(const struct notice *notice,
    struct mib_varbind out[static MIB_VARBINDS])
{
	static const struct {
		enum mib_group group;
		uint32_t sub;
	} rows[MIB_VARBINDS] = {
		{MIB_TABLE, 2}, {MIB_TABLE, 3},	   /* name, id */
		{MIB_TABLE, 10}, {MIB_TABLE, 11},  /* severity, reason */
		{MIB_TABLE, 9}, {MIB_TABLE, 23},   /* state, action days */
		{MIB_TABLE, 25}, {MIB_TABLE, 15},  /* deadline, expiry */
		{MIB_NOTICE, 1}, {MIB_TABLE, 44},  /* crossed, advice */
		{MIB_NOTICE, 2},		   /* sequence */
	};
	const int64_t numbers[] = {
		[MIB_NOTICE_CROSSED] = notice->crossed,
		[MIB_NOTICE_SEQUENCE] = notice->sequence,
	};

	for (size_t i = 0; i < MIB_VARBINDS; i++) {
		const struct mib_object *object = find_object(rows[i].group,
		    rows[i].sub);
		bool own = object->origin == MIB_FROM_NOTICE;
		struct cell cell = own ?
		    (struct cell){&numbers[object->id], {0}} :
		    report_cell(&notice->report, object->id);

		set_oid(&out[i].oid, object, own ? 0 : notice->report.index);
		render(object, &cell, &out[i].value);
		if (notice->number == NOTIFICATION_SUMMARY_NOTICE && !own &&
		    object->id == FIELD_ID_ADVICE)
			put_left_out(notice, &out[i].value);
	}
}

void
mib_notification(int number, struct mib_oid *out)
{
	*out = *mib_root();
	out->id[out->len++] = ARC_NOTIFICATIONS;
	out->id[out->len++] = (uint32_t)number;
}
