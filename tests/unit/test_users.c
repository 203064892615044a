/* SPDX-License-Identifier: ISC */
/* Files of users, what a request says of one, and what is remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exporter/credentials.h"
#include "exporter/password.h"
#include "exporter/users.h"
#include "license/base/buf.h"
#include "license/base/encode.h"

/* "secret" by htpasswd -bnB -C 4; the other has only the form. */
#define SECRET "$2y$04$c7Sxg1rwzjkY.wGTld4d..y.RsLZUtLBeNVjS4uYwWxkM8t0afW/G"
#define COSTLY "$2b$12$c7Sxg1rwzjkY.wGTld4d..y.RsLZUtLBeNVjS4uYwWxkM8t0afW/G"

static const struct {
	const char *text, *part; /* NULL: good */
} texts[] = {
	{"prom:" SECRET "\n", NULL},
	{"prom:" SECRET, NULL},
	{"# who scrapes\n\nprom:" SECRET "\r\nnoc:" COSTLY "\n", NULL},
	{"", "no user"},
	{"# only this\n", "no user"},
	{"prom\n", "line 1: it is not NAME:HASH"},
	{"\nprom:secret\n", "line 2: the password is not hashed by bcrypt"},
	{"prom:$apr1$abc$def\n", "line 1: the password is not hashed"},
	{"prom:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n", "line 1: the password"},
	{"a:" SECRET "\nprom:$2y$04$short\n", "line 2: the hash is not whole"},
	{"prom:" SECRET "x\n", "line 1: the hash is not whole"},
	{"prom:" SECRET ":x\n", "line 1: the hash is not whole"},
	{"prom:$2y$15$c7Sxg1rwzjkY.wGTld4d..y.RsLZUtLBeNVjS4uYwWxkM8t0afW/G",
	    "line 1: the cost"},
	{"prom:$2y$03$c7Sxg1rwzjkY.wGTld4d..y.RsLZUtLBeNVjS4uYwWxkM8t0afW/G",
	    "line 1: the cost"},
	{"prom:$2y$1x$c7Sxg1rwzjkY.wGTld4d..y.RsLZUtLBeNVjS4uYwWxkM8t0afW/G",
	    "line 1: the cost"},
	{":" SECRET "\n", "line 1: it is not NAME"},
	{"a b:" SECRET "\n", "line 1: there is a space"},
	{"a\x1b:" SECRET "\n", "line 1: there is a space"},
	{"a:" SECRET "\nb:" SECRET "\na:" SECRET "\n", "line 3: this name"},
};

static void
a_bad_line_is_named_by_its_number(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf error;

		buf_init(&error, 500);
		struct users *users = users_parse(texts[i].text, &error);
		if ((users != NULL) != (texts[i].part == NULL) ||
		    (texts[i].part != NULL && strstr(buf_text(&error),
			texts[i].part) == NULL))
			fail_msg("row %zu: %s", i, buf_text(&error));
		/* What is in the file is never said. */
		assert_null(strstr(buf_text(&error), "$2"));
		buf_fini(&error);
		free(users);
	}
}

static void
nobody_costs_what_the_costliest_costs(void **state)
{
	struct buf error;

	(void)state;
	buf_init(&error, 500);
	struct users *users = users_parse("a:" SECRET "\nb:" COSTLY "\n",
	    &error);
	assert_non_null(users);
	assert_int_equal(users->count, 2);
	assert_string_equal(users_hash(users, "a"), SECRET);
	assert_string_equal(users_hash(users, "b"), COSTLY);
	assert_memory_equal(users_hash(users, "c"), "$2y$12$", 7);
	assert_int_equal(strlen(users_hash(users, "")), 60);
	free(users);
	/* Nothing matches it, and it is really hashed. */
	users = users_parse("a:" SECRET "\n", &error);
	assert_non_null(users);
	assert_false(password_matches("secret", users_hash(users, "c")));
	assert_false(password_matches("", users_hash(users, "c")));
	free(users);
	buf_fini(&error);
}

static void
passwords_match_their_hashes_alone(void **state)
{
	(void)state;
	assert_true(password_matches("secret", SECRET));
	assert_false(password_matches("secreT", SECRET));
	assert_false(password_matches("", SECRET));
	assert_false(password_matches("secret", "$2y$04$"));
	assert_false(password_matches("secret", "*0"));
	assert_false(password_matches("*0", "*0"));
}

static void
encode(const char *pair, size_t len, char *out, size_t size)
{
	char text[BASE64_SIZE(600)];

	base64_encode((const uint8_t *)pair, len, text);
	snprintf(out, size, "Basic %s", text);
}

static void
a_header_is_read_or_it_is_none(void **state)
{
	struct credentials c;
	char header[1000], pair[600];

	(void)state;
	encode("prom:se:cret", 12, header, sizeof(header));
	assert_true(credentials_read(header, &c));
	assert_string_equal(c.name, "prom");
	assert_string_equal(c.password, "se:cret");
	memcpy(header, "bAsIc", 5);
	assert_true(credentials_read(header, &c));
	encode(":", 1, header, sizeof(header));
	assert_true(credentials_read(header, &c));
	assert_string_equal(c.name, "");
	encode("prom", 4, header, sizeof(header));
	assert_false(credentials_read(header, &c));
	encode("pr\0m:a", 6, header, sizeof(header));
	assert_false(credentials_read(header, &c));
	memset(pair, 'a', sizeof(pair));
	pair[USER_NAME_SIZE] = ':';
	encode(pair, 200, header, sizeof(header));
	assert_false(credentials_read(header, &c));
	pair[3] = ':';
	encode(pair, 3 + 1 + PASSWORD_SIZE - 1, header, sizeof(header));
	assert_true(credentials_read(header, &c));
	encode(pair, 3 + 1 + PASSWORD_SIZE, header, sizeof(header));
	assert_false(credentials_read(header, &c));
	encode(pair, 600, header, sizeof(header));
	assert_false(credentials_read(header, &c));
	assert_false(credentials_read(NULL, &c));
	assert_false(credentials_read("", &c));
	assert_false(credentials_read("Basic", &c));
	assert_false(credentials_read("Basic ", &c));
	assert_false(credentials_read("Basic =", &c));
	assert_false(credentials_read("Basic ====", &c));
	assert_false(credentials_read("Basic !!!!", &c));
	assert_false(credentials_read("Bearer cHJvbTpzZWNyZXQ=", &c));
}

static void
digest(const struct remembered *r, const char *name, const char *password,
    uint8_t out[static SHA256_SIZE])
{
	struct credentials c = {.name = ""};

	strncpy(c.name, name, sizeof(c.name) - 1);
	strncpy(c.password, password, sizeof(c.password) - 1);
	credentials_digest(r, &c, out);
}

static void
verdicts_are_remembered_and_displace_only_their_like(void **state)
{
	static struct remembered r = {.key = {1}}, other = {.key = {2}};
	uint8_t good[SHA256_SIZE], bad[SHA256_SIZE];
	bool verdict;

	(void)state;
	digest(&r, "prom", "secret", good);
	digest(&other, "prom", "secret", bad);
	assert_memory_not_equal(good, bad, SHA256_SIZE);
	/* Two pairs are two keys, however they are cut. */
	digest(&r, "proms", "ecret", bad);
	assert_memory_not_equal(good, bad, SHA256_SIZE);
	assert_false(remembered_find(&r, good, &verdict));
	remembered_add(&r, good, true);
	for (int i = 0; i < 1000; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", i);
		digest(&r, "prom", text, bad);
		remembered_add(&r, bad, false);
	}
	assert_true(remembered_find(&r, good, &verdict) && verdict);
	assert_true(remembered_find(&r, bad, &verdict) && !verdict);
	digest(&r, "prom", "0", bad);
	assert_false(remembered_find(&r, bad, &verdict));
	remembered_clear(&r);
	assert_false(remembered_find(&r, good, &verdict));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_line_is_named_by_its_number),
		cmocka_unit_test(nobody_costs_what_the_costliest_costs),
		cmocka_unit_test(passwords_match_their_hashes_alone),
		cmocka_unit_test(a_header_is_read_or_it_is_none),
		cmocka_unit_test(
		    verdicts_are_remembered_and_displace_only_their_like),
	};

	return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}
