/* SPDX-License-Identifier: ISC */
/*
 * Signatures, hashes and keys against vectors of the RFCs: 8032 (Ed25519),
 * 8410 (PEM), 4231 (HMAC), FIPS 180-4 (SHA-256).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/sample.h"

static const struct {
	const char *seed, *key, *message, *signature;
} rfc8032[] = {
	{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
	    "",
	    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901"
	    "555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a"
	    "100b"},
	{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
	    "72",
	    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69"
	    "da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb"
	    "0c00"},
	{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
	    "af82",
	    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3"
	    "ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1e"
	    "c40a"},
	{"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
	    "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
	    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d3"
	    "9a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54c"
	    "a49f",
	    "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b5"
	    "8909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331"
	    "a704"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static size_t
from_hex(const char *text, uint8_t *out)
{
	size_t len = strlen(text) / 2;

	assert_true(hex_decode(text, 2 * len, out, len));
	return len;
}

static void
signatures_are_those_of_rfc_8032(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rfc8032); i++) {
		uint8_t seed[KEY_SIZE], want_key[KEY_SIZE], key[KEY_SIZE];
		uint8_t message[64], want[SIGNATURE_SIZE];
		uint8_t signature[SIGNATURE_SIZE];
		size_t len = from_hex(rfc8032[i].message, message);
		struct signing_key *signer;

		from_hex(rfc8032[i].seed, seed);
		from_hex(rfc8032[i].key, want_key);
		from_hex(rfc8032[i].signature, want);
		signer = signing_key_from_seed(seed);
		assert_non_null(signer);
		signing_key_public(signer, key);
		assert_memory_equal(key, want_key, KEY_SIZE);
		assert_true(signing_key_sign(signer, message, len, signature));
		assert_memory_equal(signature, want, SIGNATURE_SIZE);
		assert_true(verify_bytes(key, message, len, signature));
		signing_key_free(signer);
	}
}

static void
every_changed_bit_breaks_a_signature(void **state)
{
	uint8_t key[KEY_SIZE], signature[SIGNATURE_SIZE], message[] = {0x72};

	(void)state;
	from_hex(rfc8032[1].key, key);
	from_hex(rfc8032[1].signature, signature);
	for (int i = 0; i < 8 * SIGNATURE_SIZE; i++) {
		signature[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(verify_bytes(key, message, 1, signature));
		signature[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (int i = 0; i < 8 * KEY_SIZE; i++) {
		key[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(verify_bytes(key, message, 1, signature));
		key[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (int i = 0; i < 8; i++) {
		message[0] ^= (uint8_t)(1 << i);
		assert_false(verify_bytes(key, message, 1, signature));
		message[0] ^= (uint8_t)(1 << i);
	}
	assert_true(verify_bytes(key, message, 1, signature));
}

/* S and S + L are the same scalar: only the smaller one is a signature. */
static void
a_scalar_that_is_not_reduced_is_refused(void **state)
{
	static const char order_hex[] =
	    "edd3f55c1a631258d69cf7a2def9de14"
	    "00000000000000000000000000000010";
	uint8_t order[32];

	(void)state;
	from_hex(order_hex, order);
	for (size_t i = 0; i < COUNT(rfc8032); i++) {
		uint8_t key[KEY_SIZE], signature[SIGNATURE_SIZE], message[64];
		size_t len = from_hex(rfc8032[i].message, message);
		unsigned carry = 0;

		from_hex(rfc8032[i].key, key);
		from_hex(rfc8032[i].signature, signature);
		for (int k = 0; k < 32; k++) {
			carry += signature[32 + k] + (unsigned)order[k];
			signature[32 + k] = (uint8_t)carry;
			carry >>= 8;
		}
		assert_int_equal(carry, 0);
		assert_false(verify_bytes(key, message, len, signature));
	}
}

/*
 * Under the neutral element, R = [S]B is a signature of every message: here
 * S = 1 and R = B. The first four keys are that element in its four forms.
 */
static void
keys_of_small_order_are_refused(void **state)
{
	static const char *const keys[] = {
		"01000000000000000000000000000000"
		"00000000000000000000000000000000",
		"01000000000000000000000000000000"
		"00000000000000000000000000000080",
		"eeffffffffffffffffffffffffffffff"
		"ffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffff"
		"ffffffffffffffffffffffffffffffff",
		"ecffffffffffffffffffffffffffffff"
		"ffffffffffffffffffffffffffffff7f",
		"00000000000000000000000000000000"
		"00000000000000000000000000000000",
		"00000000000000000000000000000000"
		"00000000000000000000000000000080",
		"edffffffffffffffffffffffffffffff"
		"ffffffffffffffffffffffffffffff7f",
		"26e8958fc2b227b045c3f489f2ef98f0"
		"d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0"
		"d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f"
		"2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f"
		"2a2053fa2c39ccc64ec7fd7792ac03fa",
	};
	static const char forged[] =
	    "58666666666666666666666666666666"
	    "66666666666666666666666666666666"
	    "01000000000000000000000000000000"
	    "00000000000000000000000000000000";
	uint8_t key[KEY_SIZE], signature[SIGNATURE_SIZE];

	(void)state;
	from_hex(forged, signature);
	for (size_t i = 0; i < COUNT(keys); i++) {
		from_hex(keys[i], key);
		for (uint8_t message = 0; message < 64; message++)
			assert_false(
			    verify_bytes(key, &message, 1, signature));
	}
}

static void
hashes_are_those_of_the_standards(void **state)
{
	static const struct {
		const char *text, *hash;
	} rows[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb924"
		     "27ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223"
			"b00361a396177a9cb410ff61f20015ad"},
	};
	uint8_t want[SHA256_SIZE], got[SHA256_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		from_hex(rows[i].hash, want);
		sha256(rows[i].text, strlen(rows[i].text), got);
		assert_memory_equal(got, want, SHA256_SIZE);
	}
}

static void
keyed_hashes_are_those_of_rfc_4231(void **state)
{
	static const struct {
		const char *key, *text, *hash;
	} rows[] = {
		{"\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
		 "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b",
		    "Hi There",
		    "b0344c61d8db38535ca8afceaf0bf12b"
		    "881dc200c9833da726e9376c2e32cff7"},
		{"Jefe", "what do ya want for nothing?",
		    "5bdcc146bf60754e6a042426089575c7"
		    "5a003f089d2739839dec58b964ec3843"},
	};
	uint8_t want[SHA256_SIZE], got[SHA256_SIZE], long_key[131];
	const char *text = "Test Using Larger Than Block-Size Key - Hash Key "
			   "First";

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		from_hex(rows[i].hash, want);
		hmac_sha256(rows[i].key, strlen(rows[i].key), rows[i].text,
		    strlen(rows[i].text), got);
		assert_memory_equal(got, want, SHA256_SIZE);
	}
	memset(long_key, 0xAA, sizeof(long_key));
	from_hex("60e431591ee0b67f0d8a26aacbf5b77f"
		 "8e0bc6213728c5140546040f0ee37f54", want);
	hmac_sha256(long_key, sizeof(long_key), text, strlen(text), got);
	assert_memory_equal(got, want, SHA256_SIZE);
}

static const char rfc8410[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";

static void
a_key_is_read_and_printed_as_rfc_8410_has_it(void **state)
{
	static const char want_text[] =
	    "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
	struct signing_key *key = signing_key_parse(rfc8410);
	uint8_t want[KEY_SIZE], got[KEY_SIZE];
	struct buf out;

	(void)state;
	buf_init(&out, 512);
	assert_non_null(key);
	assert_true(base64_decode(want_text, strlen(want_text), want,
	    KEY_SIZE));
	signing_key_public(key, got);
	assert_memory_equal(got, want, KEY_SIZE);
	assert_true(signing_key_print(key, &out));
	assert_string_equal(buf_text(&out), rfc8410);
	buf_fini(&out);
	signing_key_free(key);
}

static void
a_damaged_key_file_is_no_key(void **state)
{
	char text[sizeof(rfc8410)];

	(void)state;
	for (size_t len = 0; len + 1 < sizeof(rfc8410); len++) {
		memcpy(text, rfc8410, sizeof(text));
		text[len] = '\0';
		assert_null(signing_key_parse(text));
	}
	/* All but the 43 digits of the seed itself are fixed. */
	for (size_t i = 0; i + 1 < sizeof(rfc8410); i++) {
		struct signing_key *key;

		memcpy(text, rfc8410, sizeof(text));
		text[i] = '!';
		key = signing_key_parse(text);
		assert_null(key);
	}
}

static void
fresh_keys_differ(void **state)
{
	struct signing_key *a = signing_key_new(), *b = signing_key_new();
	uint8_t key_a[KEY_SIZE], key_b[KEY_SIZE];

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	signing_key_public(a, key_a);
	signing_key_public(b, key_b);
	assert_memory_not_equal(key_a, key_b, KEY_SIZE);
	signing_key_free(a);
	signing_key_free(b);
	signing_key_free(NULL);
}

static void
random_bytes_fill_more_than_the_kernel_gives_at_once(void **state)
{
	uint8_t bytes[1000] = {0};
	int zero = 0;

	(void)state;
	assert_true(random_bytes(bytes, sizeof(bytes)));
	for (size_t i = sizeof(bytes) - 100; i < sizeof(bytes); i++)
		zero += bytes[i] == 0;
	assert_true(zero < 20);
}

static void
a_document_past_the_limit_is_not_sealed(void **state)
{
	struct signing_key *key = sample_key(SAMPLE_SIGNER);
	struct buf document;

	(void)state;
	buf_init(&document, 2 * DOCUMENT_MAX);
	assert_false(document_seal(&document, key));
	while (document.len < DOCUMENT_MAX - DOCUMENT_SIGNATURE_LINE)
		buf_putc(&document, 'x');
	assert_true(document_seal(&document, key));
	assert_int_equal(document.len, DOCUMENT_MAX);
	buf_clear(&document);
	while (document.len <= DOCUMENT_MAX - DOCUMENT_SIGNATURE_LINE)
		buf_putc(&document, 'x');
	assert_false(document_seal(&document, key));
	buf_fini(&document);
	signing_key_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures_are_those_of_rfc_8032),
		cmocka_unit_test(every_changed_bit_breaks_a_signature),
		cmocka_unit_test(a_scalar_that_is_not_reduced_is_refused),
		cmocka_unit_test(keys_of_small_order_are_refused),
		cmocka_unit_test(hashes_are_those_of_the_standards),
		cmocka_unit_test(keyed_hashes_are_those_of_rfc_4231),
		cmocka_unit_test(a_key_is_read_and_printed_as_rfc_8410_has_it),
		cmocka_unit_test(a_damaged_key_file_is_no_key),
		cmocka_unit_test(fresh_keys_differ),
		cmocka_unit_test(
		    random_bytes_fill_more_than_the_kernel_gives_at_once),
		cmocka_unit_test(a_document_past_the_limit_is_not_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
