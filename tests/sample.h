/* SPDX-License-Identifier: ISC */
/*
 * Sample documents for tests: keys from fixed seeds, one good value of each
 * purpose, and what seals a body. It knows no test.
 */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include <stdlib.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/base/encode.h"
#include "license/codec.h"
#include "license/keyring.h"
#include "license/sign.h"
#include "license/verify.h"

/* Whose key: the byte that its seed repeats. */
enum sample_who {
	SAMPLE_ROOT = 1,
	SAMPLE_OTHER_ROOT,
	SAMPLE_SIGNER,
	SAMPLE_REVOKED_SIGNER,
	SAMPLE_OTHER_SIGNER, /* certified by the other root only */
	SAMPLE_MACHINE,
	SAMPLE_OTHER_MACHINE,
};

/* The signer's end, and one before everything was issued. */
#define SAMPLE_UNTIL "2027-11-23T23:59:59Z"
#define SAMPLE_UNTIL_EARLY "2026-11-23T05:06:06Z"
#define SAMPLE_ISSUED "2026-11-23T05:06:07Z"

static inline struct signing_key *
sample_key(enum sample_who who)
{
	uint8_t seed[KEY_SIZE];
	struct signing_key *key;

	memset(seed, (int)who, sizeof(seed));
	key = signing_key_from_seed(seed);
	if (key == NULL)
		abort();
	return key;
}

static inline void
sample_public(enum sample_who who, uint8_t out[static KEY_SIZE])
{
	struct signing_key *key = sample_key(who);

	signing_key_public(key, out);
	signing_key_free(key);
}

static inline utc_t
sample_time(const char *text)
{
	utc_t t;

	if (!utc_parse(text, &t))
		abort();
	return t;
}

static inline void
sample_keyring(struct keyring *out)
{
	*out = (struct keyring){.root_count = 1};
	sample_public(SAMPLE_ROOT, out->root[0]);
}

/* sample_certificate: the three key lines of a vendor's document. */
static inline void
sample_certificate(enum sample_who signer, enum sample_who root,
    const char *until, struct buf *out)
{
	struct signing_key *key = sample_key(root);
	uint8_t public_key[KEY_SIZE], proof[SIGNATURE_SIZE];
	char text[BASE64_SIZE(SIGNATURE_SIZE)];
	struct buf certificate;

	buf_init(&certificate, DOCUMENT_LINE_MAX);
	sample_public(signer, public_key);
	certificate_text(public_key, sample_time(until), &certificate);
	if (!signing_key_sign(key, certificate.data, certificate.len, proof))
		abort();
	base64_encode(proof, sizeof(proof), text);
	buf_puts(out, strchr(buf_text(&certificate), '\n') + 1);
	buf_printf(out, "signer-proof %s\n", text);
	buf_fini(&certificate);
	signing_key_free(key);
}

/* sample_begin: line 1 and the key lines that the purpose has. */
static inline void
sample_begin(enum purpose purpose, struct buf *out)
{
	uint8_t machine[KEY_SIZE];
	bool by_machine = purpose == PURPOSE_REQUEST ||
	    purpose == PURPOSE_STATS || purpose == PURPOSE_STATE;

	sample_public(SAMPLE_MACHINE, machine);
	document_begin(purpose, by_machine ? machine : NULL, out);
	if (!by_machine && purpose != PURPOSE_REVOKED)
		sample_certificate(SAMPLE_SIGNER, SAMPLE_ROOT, SAMPLE_UNTIL,
		    out);
}

/* sample_sealer: whose key signs a good document of the purpose. */
static inline enum sample_who
sample_sealer(enum purpose purpose)
{
	switch (purpose) {
	case PURPOSE_REQUEST:
	case PURPOSE_STATS:
	case PURPOSE_STATE:
		return SAMPLE_MACHINE;
	case PURPOSE_REVOKED:
		return SAMPLE_ROOT;
	default:
		return SAMPLE_SIGNER;
	}
}

static inline void
sample_seal(struct buf *document, enum sample_who who)
{
	struct signing_key *key = sample_key(who);

	if (!document_seal(document, key))
		abort();
	signing_key_free(key);
}

static inline void
sample_fill(uint8_t *out, size_t len, int first)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(first + (int)i);
}

/* Every line of a list, and all but those given. */
#define SAMPLE_ALL(count) (bit(count) - 1)

static inline void
sample_license(int mode, struct license *out)
{
	*out = (struct license){
		.issuer = "Example Vendor",
		.id = "sub-000042",
		.product = "fastnetmon",
		.edition = "FastNetMon 100G",
		.kind = KIND_PRODUCTION,
		.mode = mode,
		.billing = BILLING_ANNUAL,
		.renews = RENEWS_MANUAL,
		.on_expiry = ON_EXPIRY_STOP,
		.bandwidth_mbits = 100000,
		.sequence = 17,
		.issued = sample_time(SAMPLE_ISSUED),
		.not_before = sample_time("2026-11-22T05:06:07Z"),
		.lease_end = sample_time("2026-12-07T23:59:59Z"),
		.term_end = sample_time("2027-03-29T23:59:59Z"),
		.refresh_after_s = 79200,
		.refresh_window_s = 14400,
		.bind_cpu_model = "Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz",
		.bind_logical_cpus = 56,
		.bind_memory_mib = 131072,
		.bind_memory_tolerance_mib = 1024,
		.bind_grace_s = 259200,
		.external_address = "192.0.2.10",
		.internal_address = "2001:db8::10",
		.rebinds_used = 1,
		.rebinds_allowed = 3,
		.rebind_window_end = sample_time("2026-11-28T00:00:00Z"),
		.revocations = 2,
	};
	out->has = SAMPLE_ALL(LICENSE_FIELD_COUNT);
	out->has &= ~(mode == MODE_ONLINE ?
		bit(LICENSE_MEMORY) | bit(LICENSE_MEMORY_TOLERANCE) :
		bit(LICENSE_REFRESH_AFTER) | bit(LICENSE_REFRESH_WINDOW) |
		    bit(LICENSE_GRACE) | bit(LICENSE_REBINDS_USED) |
		    bit(LICENSE_REBINDS_ALLOWED) |
		    bit(LICENSE_REBIND_WINDOW_END) |
		    bit(LICENSE_REQUEST_SHA256));
	if (mode == MODE_OFFLINE)
		out->lease_end = out->term_end;
	sample_public(SAMPLE_MACHINE, out->machine_key);
	sample_fill(out->request_sha256, SHA256_SIZE, 0x40);
	sample_fill(out->nonce, NONCE_SIZE, 0xA0);
}

static inline void
sample_request(struct request *out)
{
	*out = (struct request){
		.has = SAMPLE_ALL(REQUEST_FIELD_COUNT),
		.ask = ASK_REFRESH,
		.created = sample_time("2026-11-23T05:06:05Z"),
		.product = "fastnetmon",
		.agent_version = "0.1.0",
		.license_id = "sub-000042",
		.sequence = 16,
		.coupon = "WELCOME-2026",
		.cpu_model = "Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz",
		.logical_cpus = 56,
		.memory_mib = 131072,
		.virtualization = "kvm",
		.internal_address = "2001:db8::10",
	};
	sample_fill(out->nonce, NONCE_SIZE, 0xA0);
	sample_fill(out->machine_id_hash, SHA256_SIZE, 0x10);
}

static inline void
sample_refusal(struct refusal *out)
{
	*out = (struct refusal){
		.has = SAMPLE_ALL(REFUSED_FIELD_COUNT),
		.reason = REFUSAL_HARDWARE_LIMIT,
		.detail = "the hardware changed 4 times in 7 days: contact "
			  "support",
		.license_id = "sub-000042",
		.sequence = 18,
		.issued = sample_time(SAMPLE_ISSUED),
		.retry_after_s = 3600,
		.external_address = "192.0.2.10",
	};
	sample_public(SAMPLE_MACHINE, out->machine_key);
	sample_fill(out->request_sha256, SHA256_SIZE, 0x40);
	sample_fill(out->nonce, NONCE_SIZE, 0xA0);
}

static inline void
sample_memory(struct memory *out)
{
	*out = (struct memory){
		.has = SAMPLE_ALL(MEMORY_FIELD_COUNT),
		.name = "default",
		.index = 1,
		.sequence = 17,
		.since = sample_time("2026-01-02T03:04:05Z"),
		.refresh_at = sample_time("2026-11-24T03:04:05Z"),
		.last_attempt = sample_time(SAMPLE_ISSUED),
		.last_success = sample_time(SAMPLE_ISSUED),
		.last_result = RESULT_OK,
		.last_refusal = REFUSAL_NONE,
		.answered = 1,
		.announced = 5,
		.grace_from = sample_time(SAMPLE_ISSUED),
		.mismatch_confirmed = 1,
		.on_change_told = 2,
		.on_change_exit = 257,
		.high_water = sample_time(SAMPLE_ISSUED),
		.high_water_boot_s = 86400, .high_water_carried = 1,
		.signed_time = sample_time(SAMPLE_ISSUED),
		.signed_boot_s = 86399,
		.boot_id = "01234567-89ab-cdef-0123-456789abcdef",
		.signed_boot_id = "01234567-89ab-cdef-0123-456789abcdef",
		.revoked_from = sample_time(SAMPLE_ISSUED),
		.offline_made = sample_time(SAMPLE_ISSUED),
		.fastnetmon_date = "2026-12-07",
		.fastnetmon_end = sample_time("2026-12-07T23:59:59Z"),
		.fastnetmon_mbits = 10000,
		.fastnetmon_fixed = 1,
		.fastnetmon_at = sample_time(SAMPLE_ISSUED),
	};
	sample_fill(out->machine_id_hash, SHA256_SIZE, 0x10);
	sample_fill(out->offline_nonce, NONCE_SIZE, 0x20);
}

static inline void
sample_time_reset(struct time_reset *out)
{
	*out = (struct time_reset){
		.has = SAMPLE_ALL(TIME_RESET_COUNT),
		.issued = sample_time(SAMPLE_ISSUED),
	};
	sample_public(SAMPLE_MACHINE, out->machine_key);
	sample_fill(out->nonce, NONCE_SIZE, 0xA0);
}

static inline void
sample_stats(struct stats *out)
{
	*out = (struct stats){
		.has = SAMPLE_ALL(STATS_FIELD_COUNT),
		.created = sample_time(SAMPLE_ISSUED),
		.agent_version = "0.1.0",
		.product = "fastnetmon",
		.license_id = "sub-000042",
		.kernel = "6.1.0-18-amd64",
		.distribution = "debian",
		.distribution_version = "12",
		.virtualization = "kvm",
		.cpu_model = "Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz",
		.logical_cpus = 56,
		.memory_mib = 131072,
		.cpu_flags = "fpu vme de pse tsc msr pae mce",
		.cpu_flags_more = "avx512_vnni",
		.features = "prometheus influxdb",
		.capture_plugins = "sflow netflow",
		.incoming_ipv4 = 1250000000,
		.incoming_ipv6 = 125000,
		.outgoing_ipv4 = 2500000000,
		.flows_per_s = 41000,
		.headers_per_s = 9000,
		.calculation_us = 12345,
		.total_hosts = 65536,
	};
}

static inline void
sample_revoked(struct revoked *out)
{
	*out = (struct revoked){
		.has = SAMPLE_ALL(REVOKED_COUNT),
		.version = 2,
		.keys.count = 1,
	};
	sample_public(SAMPLE_REVOKED_SIGNER, out->keys.key[0]);
}

/*
 * sample_edit: replace the first ${find}, which must be there, by ${len}
 * bytes; an empty ${find} appends.
 */
static inline void
sample_edit(struct buf *text, const char *find, const char *replace, size_t len)
{
	size_t n = strlen(find);
	char *at = n == 0 ? text->data + text->len :
			    memmem(text->data, text->len, find, n);
	struct buf edited;

	if (at == NULL)
		abort();
	buf_init(&edited, text->max);
	buf_add(&edited, text->data, (size_t)(at - text->data));
	buf_add(&edited, replace, len);
	buf_add(&edited, at + n, (size_t)(text->data + text->len - at) - n);
	if (edited.failed)
		abort();
	buf_fini(text);
	*text = edited;
}

/* sample_value: a good value of the purpose; ${mode} is for licenses. */
union sample_value {
	struct license license;
	struct request request;
	struct refusal refusal;
	struct memory memory;
	struct time_reset time_reset;
	struct revoked revoked;
	struct stats stats;
};

static inline void
sample_value(enum purpose purpose, int mode, union sample_value *out)
{
	switch (purpose) {
	case PURPOSE_LICENSE:
		sample_license(mode, &out->license);
		break;
	case PURPOSE_REQUEST:
		sample_request(&out->request);
		break;
	case PURPOSE_REFUSAL:
		sample_refusal(&out->refusal);
		break;
	case PURPOSE_STATE:
		sample_memory(&out->memory);
		break;
	case PURPOSE_TIME_RESET:
		sample_time_reset(&out->time_reset);
		break;
	case PURPOSE_REVOKED:
		sample_revoked(&out->revoked);
		break;
	case PURPOSE_STATS:
		sample_stats(&out->stats);
		break;
	default:
		abort();
	}
}

static inline bool
sample_decode(const struct doc_frame *frame, union sample_value *out,
    struct doc_fault *fault)
{
	switch (frame->purpose) {
	case PURPOSE_LICENSE:
		return license_decode(frame, &out->license, fault);
	case PURPOSE_REQUEST:
		return request_decode(frame, &out->request, fault);
	case PURPOSE_REFUSAL:
		return refusal_decode(frame, &out->refusal, fault);
	case PURPOSE_STATE:
		return memory_decode(frame, &out->memory, fault);
	case PURPOSE_TIME_RESET:
		return time_reset_decode(frame, &out->time_reset, fault);
	case PURPOSE_REVOKED:
		return revoked_decode(frame, &out->revoked, fault);
	case PURPOSE_STATS:
		return stats_decode(frame, &out->stats, fault);
	default:
		abort();
	}
}

static inline bool
sample_encode(enum purpose purpose, const union sample_value *value,
    struct buf *out)
{
	switch (purpose) {
	case PURPOSE_LICENSE:
		return license_encode(&value->license, out);
	case PURPOSE_REQUEST:
		return request_encode(&value->request, out);
	case PURPOSE_REFUSAL:
		return refusal_encode(&value->refusal, out);
	case PURPOSE_STATE:
		return memory_encode(&value->memory, out);
	case PURPOSE_TIME_RESET:
		return time_reset_encode(&value->time_reset, out);
	case PURPOSE_REVOKED:
		return revoked_encode(&value->revoked, out);
	case PURPOSE_STATS:
		return stats_encode(&value->stats, out);
	default:
		return false;
	}
}

/*
 * sample_judge: frame, signature and lines of a document, as a program that
 * trusts ${keyring} would; the decoded value to ${out}.
 */
static inline enum doc_error
sample_judge(const char *bytes, size_t len, enum purpose purpose,
    const struct keyring *keyring, union sample_value *out)
{
	struct doc_frame frame;
	struct doc_fault fault;
	enum doc_error error = doc_frame_read(bytes, len, purpose, &frame);

	if (error == DOC_OK)
		error = frame.by_machine ? doc_verify_machine(&frame) :
					   doc_verify(&frame, keyring);
	if (error != DOC_OK)
		return error;
	return sample_decode(&frame, out, &fault) ? DOC_OK : fault.error;
}

#endif
