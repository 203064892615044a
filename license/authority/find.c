/* SPDX-License-Identifier: ISC */
/*
 * Looking up, in the order: the machine's own record, its coupon, its
 * address. What is chosen among several is decided in decide.c and trial.c.
 */
#include "license/authority/find.h"

#include <string.h>

#include "license/authority/database.h"
#include "license/authority/decide.h"
#include "license/authority/trial.h"
#include "license/base/buf.h"
#include "license/sign.h"
#include "license/verify.h"

enum { TRIAL_ID_BYTES = 8 };

static void
hash_coupon(const struct request *request,
    char out[static HEX_SIZE(SHA256_SIZE)])
{
	uint8_t hash[SHA256_SIZE];

	sha256(request->coupon, strlen(request->coupon), hash);
	hex_encode(hash, sizeof(hash), out);
}

static int
by_coupon(const struct find_question *q, struct dossier *out)
{
	char coupon[HEX_SIZE(SHA256_SIZE)];
	int n;

	hash_coupon(q->request, coupon);
	n = database_load_by_coupon(q->database, coupon, q->since, out);
	if (n == 0)
		out->lookup = LOOKUP_COUPON_UNKNOWN;
	return n;
}

/* An address that has no subscription at all (${free}) may try, once. */
static int
offer(const struct find_question *q, bool free, struct dossier *out)
{
	uint8_t random[TRIAL_ID_BYTES];
	char digits[HEX_SIZE(TRIAL_ID_BYTES)];
	struct allocation prefix;
	struct buf error;
	bool good;
	int n;

	buf_init(&error, 128);
	good = prefix_parse(q->observed, &prefix, &error);
	buf_fini(&error);
	if (!good)
		return 0;
	n = database_tried(q->database, prefix.prefix);
	if (n != 0) {
		out->trial_state = n == 1 ? TRIAL_TAKEN : TRIAL_NONE;
		return n;
	}
	if (!free)
		return 0;
	n = database_trial(q->database, q->request->product, &out->trial);
	if (n != 1 || !random_bytes(random, sizeof(random)))
		return n;
	hex_encode(random, sizeof(random), digits);
	text_copy(out->trial_id, sizeof(out->trial_id), "trial-");
	memcpy(out->trial_id + strlen("trial-"), digits, sizeof(digits));
	out->trial_state = TRIAL_OFFERED;
	return 1;
}

static int
by_address(const struct find_question *q, struct dossier *out)
{
	struct candidate candidates[CANDIDATES_MAX];
	enum lookup lookup;
	int n, chosen;

	n = database_candidates(q->database, q->observed, candidates,
	    CANDIDATES_MAX);
	if (n == -1)
		return -1;
	chosen = decide_choose(candidates, (size_t)n, q->request, q->now,
	    &lookup);
	if (chosen != -1)
		return database_load(q->database,
		    candidates[chosen].subscription, q->since, out);
	memset(out, 0, sizeof(*out));
	out->lookup = lookup;
	return lookup == LOOKUP_NOTHING ? offer(q, n == 0, out) : 0;
}

/* Bought for this address and not yet used by any machine. */
static int
bought_at_address(const struct find_question *q, const struct subscription *of,
    struct dossier *out)
{
	struct candidate candidates[CANDIDATES_MAX];
	enum lookup lookup;
	size_t left = 0;
	int n, chosen;

	n = database_candidates(q->database, q->observed, candidates,
	    CANDIDATES_MAX);
	if (n == -1)
		return -1;
	for (int i = 0; i < n; i++)
		if (strcmp(candidates[i].subscription, of->id) != 0 &&
		    !candidates[i].has_live &&
		    candidates[i].kind == KIND_PRODUCTION)
			candidates[left++] = candidates[i];
	chosen = decide_choose(candidates, left, q->request, q->now, &lookup);
	if (chosen == -1)
		return 0;
	return database_load(q->database, candidates[chosen].subscription,
	    q->since, out);
}

/*
 * The machine has a trial, or what it had is over: what was bought for it
 * since comes in its place.
 */
static int
move_on(const struct find_question *q, struct dossier *out)
{
	const struct request *r = q->request;
	struct dossier other = { .lookup = LOOKUP_NOTHING };
	int n = 0;

	if (out->machine.state == MACHINE_RETIRED ||
	    !trial_may_leave(&out->subscription, q->now))
		return 0;
	if (has_bit(r->has, REQUEST_COUPON)) {
		n = by_coupon(q, &other);
		if (n == 1 && other.subscription.coupon_used.s != 0)
			other.lookup = LOOKUP_NOTHING;
	}
	if (n != -1 && other.lookup != LOOKUP_FOUND)
		n = bought_at_address(q, &out->subscription, &other);
	if (n == 1 && trial_may_take(&out->subscription, &other, r->product,
	    q->now))
		*out = other;
	return n;
}

/* What a person typed and brought nothing is not swallowed. */
static int
judge_coupon(const struct find_question *q, struct dossier *out)
{
	struct dossier other = { .lookup = LOOKUP_NOTHING };
	char coupon[HEX_SIZE(SHA256_SIZE)];
	int n;

	if (!has_bit(q->request->has, REQUEST_COUPON))
		return 0;
	hash_coupon(q->request, coupon);
	if (strcmp(coupon, out->subscription.coupon_sha256) == 0)
		return 0;
	n = by_coupon(q, &other);
	out->coupon_unknown = n == 0;
	/* One that was used is only left over. */
	if (n == 1 && other.subscription.coupon_used.s == 0)
		text_copy(out->coupon_of, sizeof(out->coupon_of),
		    other.subscription.id);
	return n;
}

int
find_dossier(const struct find_question *q, struct dossier *out)
{
	int n = database_load_by_key(q->database, q->request->machine_key,
	    q->request->product, q->since, out);

	if (n == 1) {
		n = move_on(q, out);
		return n == -1 ? -1 : judge_coupon(q, out);
	}
	if (n == -1)
		return -1;
	return has_bit(q->request->has, REQUEST_COUPON) ? by_coupon(q, out) :
	    by_address(q, out);
}
