/* SPDX-License-Identifier: ISC */
/*
 * A machine, for tests of the authority: makes signed requests with a key of
 * its own and reads answers as an agent would. It opens no connection.
 *
 *   lease_client make KEY [product=P] [sequence=N] [coupon=C] [cpu-model=M]
 *       [logical-cpus=N] [internal-address=A] [version=N]
 *       [memory-mib=N: it is for an offline license] > REQUEST
 *   lease_client read ROOT REQUEST ANSWER STATUS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "license/answer.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/file.h"
#include "license/keyring.h"
#include "license/sign.h"
#include "license/verify.h"

enum { FILE_MAX = 64 * 1024 };

static int
fail(const char *what, const char *why)
{
	fprintf(stderr, "lease_client: %s: %s\n", what, why);
	return 2;
}

static struct signing_key *
take_key(const char *path)
{
	struct signing_key *key;
	struct buf pem;

	buf_init(&pem, FILE_MAX);
	if (file_read(path, &pem) == 0) {
		key = signing_key_parse(buf_text(&pem));
	} else {
		key = signing_key_new();
		if (!key || !signing_key_print(key, &pem) ||
		    file_replace(path, pem.data, pem.len, 0600) == -1)
			exit(fail(path, "cannot make the key"));
	}
	buf_fini(&pem);
	if (!key)
		exit(fail(path, "is no key"));
	return key;
}

/* NULL when it is not there. */
static const char *
value_of(int argc, char **argv, const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; i < argc; i++)
		if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=')
			return argv[i] + len + 1;
	return NULL;
}

static void
take(struct request *r, int number, char *out, size_t size, const char *value)
{
	if (!value)
		return;
	text_copy(out, size, value);
	r->has |= bit(number);
}

static int
make(int argc, char **argv)
{
	struct signing_key *key = take_key(argv[0]);
	const char *version = value_of(argc, argv, "version");
	const char *sequence = value_of(argc, argv, "sequence");
	const char *cpus = value_of(argc, argv, "logical-cpus");
	const char *memory = value_of(argc, argv, "memory-mib");
	struct request r = { .ask = memory ? ASK_OFFLINE : ASK_REFRESH,
		.memory_mib = memory ? strtol(memory, NULL, 10) : 0,
		.created = clock_wall(),
		.logical_cpus = cpus ? strtol(cpus, NULL, 10) : 8,
		.sequence = sequence ? strtoll(sequence, NULL, 10) : 0 };
	uint8_t public_key[KEY_SIZE];
	struct buf out;
	bool good;

	r.has = bit(REQUEST_PURPOSE) | bit(REQUEST_CREATED) |
	    bit(REQUEST_NONCE) | bit(REQUEST_AGENT_VERSION) |
	    bit(REQUEST_LOGICAL_CPUS);
	if (sequence)
		r.has |= bit(REQUEST_SEQUENCE);
	if (memory)
		r.has |= bit(REQUEST_MEMORY);
	text_copy(r.agent_version, sizeof(r.agent_version), "0.1.0");
	take(&r, REQUEST_PRODUCT, r.product, sizeof(r.product), "FastNetMon");
	take(&r, REQUEST_PRODUCT, r.product, sizeof(r.product),
	    value_of(argc, argv, "product"));
	take(&r, REQUEST_CPU_MODEL, r.cpu_model, sizeof(r.cpu_model), "Xeon");
	take(&r, REQUEST_CPU_MODEL, r.cpu_model, sizeof(r.cpu_model),
	    value_of(argc, argv, "cpu-model"));
	take(&r, REQUEST_COUPON, r.coupon, sizeof(r.coupon),
	    value_of(argc, argv, "coupon"));
	take(&r, REQUEST_INTERNAL, r.internal_address,
	    sizeof(r.internal_address),
	    value_of(argc, argv, "internal-address"));
	signing_key_public(key, public_key);
	buf_init(&out, DOCUMENT_MAX);
	document_begin(PURPOSE_REQUEST, public_key, &out);
	if (version) /* "leaseline-request 1": the last byte of line 1 */
		strchr(out.data, '\n')[-1] = version[0];
	good = random_bytes(r.nonce, sizeof(r.nonce)) &&
	    request_encode(&r, &out) && document_seal(&out, key) &&
	    fwrite(out.data, 1, out.len, stdout) == out.len;
	signing_key_free(key);
	buf_fini(&out);
	return good ? 0 : fail("make", "a value is out of its range");
}

static void
load(const char *path, struct buf *out)
{
	buf_init(out, FILE_MAX);
	if (file_read(path, out) == -1)
		exit(fail(path, "cannot be read"));
}

/* "license SEQUENCE LEASE-END" or "refusal REASON SEQUENCE". */
static int
print_answer(const struct answer *a)
{
	char end[UTC_TEXT_SIZE];

	if (a->result == RESULT_OK) {
		utc_text(a->license.lease_end, end);
		printf("license %lld %s\n", (long long)a->license.sequence,
		    end);
		return 0;
	}
	if (a->result == RESULT_REFUSED) {
		printf("refusal %s %lld\n",
		    names_label(NAMES_REFUSAL, a->refusal.reason),
		    (long long)a->refusal.sequence);
		return 0;
	}
	printf("%s %s\n", names_label(NAMES_RESULT, (int)a->result),
	    doc_error_label(a->fault.error));
	return 1;
}

static int
read_answer(char **argv)
{
	struct answer_expectation e = { .product = "" };
	struct buf root, request, bytes, error;
	struct doc_frame frame;
	struct doc_fault fault;
	struct keyring keyring = { 0 };
	struct request r = { 0 };
	struct answer answer;

	load(argv[0], &root);
	load(argv[1], &request);
	load(argv[2], &bytes);
	buf_init(&error, 256);
	if (!keyring_parse_roots(buf_text(&root), &keyring, &error))
		return fail(argv[0], buf_text(&error));
	if (doc_frame_read(request.data, request.len, PURPOSE_REQUEST,
	    &frame) == DOC_OK && doc_verify_machine(&frame) == DOC_OK &&
	    request_decode(&frame, &r, &fault))
		memcpy(e.machine_key, r.machine_key, KEY_SIZE);
	e.keyring = &keyring;
	memcpy(e.nonce, r.nonce, NONCE_SIZE);
	sha256(request.data, request.len, e.request_sha256);
	answer_read(bytes.data, bytes.len, strcmp(argv[3], "403") == 0, &e,
	    &answer);
	buf_fini(&root);
	buf_fini(&request);
	buf_fini(&bytes);
	buf_fini(&error);
	return print_answer(&answer);
}

int
main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "make") == 0)
		return make(argc - 2, argv + 2);
	if (argc == 6 && strcmp(argv[1], "read") == 0)
		return read_answer(argv + 2);
	return fail("usage", "make KEY [NAME=VALUE ...] | "
	    "read ROOT REQUEST ANSWER STATUS");
}
