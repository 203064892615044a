/* SPDX-License-Identifier: ISC */
/*
 * The MIB's text and the tables that serve it say the same, both ways. The
 * text is read as words: no more of SMI than these tests need.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/mib.h"
#include "agent/notices.h"
#include "license/base/buf.h"
#include "license/base/file.h"

/* tests/unit/mib_text.sh gives broken copies instead. */
static const char *path = "mibs/LEASELINE-MIB.txt";

enum { WORDS_MAX = 16384, ITEMS_MAX = 256, LABELS_MAX = 24 };

struct label {
	const char *text;
	int number;
};

/* An object, a notification or a textual convention of the text. */
struct item {
	const char *kind, *name, *syntax, *access, *parent;
	uint32_t sub;
	size_t label_count; /* of an enumeration, or OBJECTS in order */
	struct label labels[LABELS_MAX];
};

static char *words[WORDS_MAX];
static size_t word_count;
static struct item items[ITEMS_MAX];
static size_t item_count;

/* Comments and quoted text become blanks. */
static void
scrub(char *p)
{
	bool quoted = false, comment = false;

	for (; *p != '\0'; p++) {
		if (comment && *p == '\n')
			comment = false;
		else if (!comment && *p == '"')
			quoted = !quoted;
		else if (!quoted && p[0] == '-' && p[1] == '-')
			comment = true;
		if (quoted || comment || *p == '"')
			*p = ' ';
	}
}

static void
add_word(const char *begin, size_t len)
{
	assert_true(word_count < WORDS_MAX);
	words[word_count++] = strndup(begin, len);
}

static void
split(const char *p)
{
	while (*p != '\0') {
		size_t len = strcspn(p, " \t\n{}(),;");

		if (len > 0)
			add_word(p, len);
		p += len;
		if (*p != '\0' && !isspace((unsigned char)*p))
			add_word(p, 1);
		p += *p != '\0';
	}
}

static bool
is(size_t i, const char *word)
{
	return i < word_count && strcmp(words[i], word) == 0;
}

/* "{ a(1), b(2) }" or "{ a, b }", from the brace; the word after it. */
static size_t
read_labels(size_t i, struct item *item)
{
	for (i++; i < word_count && !is(i, "}"); i++) {
		if (is(i, ","))
			continue;
		assert_true(item->label_count < LABELS_MAX);
		struct label *label = &item->labels[item->label_count++];
		label->text = words[i];
		if (is(i + 1, "(")) {
			label->number = (int)strtol(words[i + 2], NULL, 10);
			i += 3;
		}
	}
	return i + 1;
}

/* The clauses from ${i} to "::= { parent sub }"; the word after it. */
static size_t
read_clauses(size_t i, struct item *item)
{
	bool values = strcmp(item->kind, "TEXTUAL-CONVENTION") == 0;

	for (; i < word_count; i++) {
		if (is(i, "SYNTAX")) {
			item->syntax = words[i + 1];
			if (is(i + 2, "{"))
				i = read_labels(i + 2, item) - 1;
			if (values)
				return i + 1;
		} else if (is(i, "OBJECTS")) {
			i = read_labels(i + 1, item) - 1;
		} else if (is(i, "MAX-ACCESS")) {
			item->access = words[i + 1];
		} else if (is(i, "::=")) {
			item->parent = words[i + 2];
			item->sub = (uint32_t)strtoul(words[i + 3], NULL, 10);
			return i + 5;
		}
	}
	return i;
}

static void
read_items(void)
{
	static const char *const kinds[] = {"OBJECT-TYPE",
		"NOTIFICATION-TYPE", "TEXTUAL-CONVENTION", "MODULE-IDENTITY"};
	size_t i = 0;

	while (!is(i, ";")) /* past IMPORTS */
		i++;
	for (; i < word_count; i++) {
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			if (!is(i, kinds[k]))
				continue;
			assert_true(item_count < ITEMS_MAX);
			struct item *item = &items[item_count++];
			item->kind = kinds[k];
			item->name = words[is(i - 1, "::=") ? i - 2 : i - 1];
			i = read_clauses(i + 1, item) - 1;
			break;
		}
	}
}

static int
read_text(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	if (file_read(path, &text) == -1)
		return -1;
	scrub(text.data);
	split(text.data);
	buf_fini(&text);
	read_items();
	return 0;
}

static int
forget_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < word_count; i++)
		free(words[i]);
	return 0;
}

static const struct item *
find_item(const char *kind, const char *name)
{
	for (size_t i = 0; i < item_count; i++) {
		if (strcmp(items[i].kind, kind) == 0 &&
		    strcmp(items[i].name, name) == 0)
			return &items[i];
	}
	return NULL;
}

static const struct item *
must_find(const char *kind, const char *name)
{
	const struct item *item = find_item(kind, name);

	if (item == NULL)
		fail_msg("the text has no %s %s", kind, name);
	return item;
}

static const struct mib_object *
find_row(const char *name)
{
	size_t count;
	const struct mib_object *rows = mib_objects(&count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	}
	return NULL;
}

static void
every_row_stands_in_the_text_at_its_number(void **state)
{
	static const char *const parents[] = {
		[MIB_AGENT] = "leaselineAgent",
		[MIB_SUMMARY] = "leaselineSummary",
		[MIB_TABLE] = "leaselineLicenseEntry",
		[MIB_NOTICE] = "leaselineNotice",
	};
	size_t count;
	const struct mib_object *rows = mib_objects(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct item *item = must_find("OBJECT-TYPE",
		    rows[i].name);

		assert_string_equal(item->parent, parents[rows[i].group]);
		if (item->sub != rows[i].sub)
			fail_msg("%s is %u in the text, %u in the table",
			    item->name, item->sub, rows[i].sub);
		assert_string_equal(item->access, rows[i].group == MIB_NOTICE ?
			"accessible-for-notify" : "read-only");
	}
}

static void
every_object_of_the_text_has_a_row(void **state)
{
	size_t count, not_accessible = 0, seen = 0;

	(void)state;
	mib_objects(&count);
	for (size_t i = 0; i < item_count; i++) {
		if (strcmp(items[i].kind, "OBJECT-TYPE") != 0)
			continue;
		if (strcmp(items[i].access, "not-accessible") == 0)
			not_accessible++;
		else if (find_row(items[i].name) == NULL)
			fail_msg("no row serves %s", items[i].name);
		else
			seen++;
	}
	assert_int_equal(seen, count);
	assert_int_equal(not_accessible, 3); /* table, entry, index */
	assert_int_equal(count, 7 + 29 + 45 + 2);
	assert_int_equal(must_find("OBJECT-TYPE", "leaselineLicIndex")->sub, 1);
}

static void
every_row_has_the_type_of_the_text(void **state)
{
	static const char *const syntax[] = {
		[MIB_FORM_TEXT] = "SnmpAdminString",
		[MIB_FORM_ENUM] = "INTEGER",
		[MIB_FORM_FLAG] = "TruthValue",
		[MIB_FORM_DATE] = "DateAndTime",
		[MIB_FORM_EPOCH] = "Unsigned32",
		[MIB_FORM_DAYS] = "Integer32",
		[MIB_FORM_WHOLE_DAYS] = "Unsigned32",
		[MIB_FORM_INTEGER] = "Integer32",
		[MIB_FORM_UNSIGNED] = "Unsigned32",
		[MIB_FORM_GAUGE] = "Gauge32",
		[MIB_FORM_COUNTER] = "Counter32",
		[MIB_FORM_BITS] = "BITS",
	};
	size_t count;
	const struct mib_object *rows = mib_objects(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct item *item = must_find("OBJECT-TYPE",
		    rows[i].name);
		const struct item *convention = find_item("TEXTUAL-CONVENTION",
		    item->syntax);
		bool date = rows[i].form == MIB_FORM_DATE;
		const char *type = convention == NULL || date ?
		    item->syntax : convention->syntax;
		/* A scalar may have no instant, and is there nevertheless. */
		const char *expected = date && rows[i].group == MIB_SUMMARY ?
		    "LeaselineDateOrNone" : syntax[rows[i].form];

		if (strcmp(type, expected) != 0)
			fail_msg("%s is a %s in the text", item->name, type);
	}
}

static void
every_label_of_the_text_is_that_of_the_names(void **state)
{
	size_t count, compared = 0;
	const struct mib_object *rows = mib_objects(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct item *item = must_find("OBJECT-TYPE",
		    rows[i].name);
		const struct item *convention = find_item("TEXTUAL-CONVENTION",
		    item->syntax);
		size_t names;

		if (convention != NULL)
			item = convention;
		if (rows[i].form != MIB_FORM_ENUM &&
		    rows[i].form != MIB_FORM_BITS) {
			assert_int_equal(item->label_count, 0);
			continue;
		}
		names_rows(rows[i].names, &names);
		assert_int_equal(item->label_count, names);
		for (size_t k = 0; k < names; k++) {
			const struct name_row *name = names_row(rows[i].names,
			    item->labels[k].number);

			assert_non_null(name);
			assert_string_equal(item->labels[k].text, name->smi);
		}
		compared++;
	}
	assert_int_equal(compared, 1 + 5 + 3 + 3 + 2 + 1);
}

/* Rows take their enumeration from the field that they show. */
static void
every_row_fits_its_field(void **state)
{
	static const enum field_type types[] = {
		[MIB_FORM_TEXT] = FIELD_TEXT, [MIB_FORM_ENUM] = FIELD_ENUM,
		[MIB_FORM_FLAG] = FIELD_FLAG, [MIB_FORM_DATE] = FIELD_INSTANT,
		[MIB_FORM_EPOCH] = FIELD_INSTANT,
		[MIB_FORM_DAYS] = FIELD_INSTANT,
		[MIB_FORM_WHOLE_DAYS] = FIELD_NUMBER,
		[MIB_FORM_INTEGER] = FIELD_NUMBER,
		[MIB_FORM_UNSIGNED] = FIELD_NUMBER,
		[MIB_FORM_GAUGE] = FIELD_NUMBER,
		[MIB_FORM_COUNTER] = FIELD_NUMBER,
		[MIB_FORM_BITS] = FIELD_BITS,
	};
	size_t count;
	const struct mib_object *rows = mib_objects(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		enum field_type type = FIELD_NUMBER;
		enum names names = rows[i].names;

		if (rows[i].origin == MIB_FROM_AGENT) {
			type = agent_field_row((enum agent_id)rows[i].id)->type;
			names = agent_field_row((enum agent_id)rows[i].id)->names;
		} else if (rows[i].origin == MIB_FROM_WORST ||
		    rows[i].origin == MIB_FROM_LICENSE) {
			type = field_row((enum field_id)rows[i].id)->type;
			names = field_row((enum field_id)rows[i].id)->names;
		}
		assert_int_equal(type, types[rows[i].form]);
		assert_int_equal(names, rows[i].names);
	}
}

#define NOTIFICATION_ROW(name, number, mib, clears) {"leaseline" #mib, number},
static const struct label notifications[] = {NOTIFICATIONS(NOTIFICATION_ROW)};

static void
notifications_are_the_same_both_ways(void **state)
{
	size_t in_text = 0, count = sizeof(notifications) /
	    sizeof(notifications[0]);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct item *item = must_find("NOTIFICATION-TYPE",
		    notifications[i].text);

		assert_int_equal(item->sub, notifications[i].number);
		assert_string_equal(item->parent, "leaselineNotifications");
	}
	for (size_t i = 0; i < item_count; i++)
		in_text += strcmp(items[i].kind, "NOTIFICATION-TYPE") == 0;
	assert_int_equal(in_text, count);
}

static void
notifications_carry_the_objects_of_the_text(void **state)
{
	struct notice notice = {NOTIFICATION_TEST, {.index = 1}, 0, 1};
	struct mib_varbind out[MIB_VARBINDS];

	(void)state;
	mib_varbinds(&notice, out);
	for (size_t i = 0; i < item_count; i++) {
		if (strcmp(items[i].kind, "NOTIFICATION-TYPE") != 0)
			continue;
		assert_int_equal(items[i].label_count, MIB_VARBINDS);
		for (size_t k = 0; k < MIB_VARBINDS; k++) {
			const struct mib_object *row = find_row(
			    items[i].labels[k].text);
			const struct mib_oid *oid = &out[k].oid;

			assert_non_null(row);
			assert_int_equal(oid->id[oid->len - 2], row->sub);
			assert_int_equal(oid->id[mib_root()->len + 1],
			    row->group);
		}
	}
}

static void
the_default_root_is_that_of_the_text(void **state)
{
	const struct item *item = must_find("MODULE-IDENTITY", "leaselineMIB");
	static const uint32_t playpen[] = {1, 3, 6, 1, 4, 1, 8072, 9999, 9999};
	const struct mib_oid *root = mib_root();

	(void)state;
	assert_string_equal(item->parent, "netSnmpPlaypen");
	assert_int_equal(item->sub, 14);
	if (root->len != 10 ||
	    memcmp(root->id, playpen, sizeof(playpen)) != 0) {
		print_message("skipped: built with another root\n");
		skip();
	}
	assert_int_equal(root->id[9], item->sub);
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		path = argv[1];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_stands_in_the_text_at_its_number),
		cmocka_unit_test(every_object_of_the_text_has_a_row),
		cmocka_unit_test(every_row_has_the_type_of_the_text),
		cmocka_unit_test(every_label_of_the_text_is_that_of_the_names),
		cmocka_unit_test(every_row_fits_its_field),
		cmocka_unit_test(notifications_are_the_same_both_ways),
		cmocka_unit_test(notifications_carry_the_objects_of_the_text),
		cmocka_unit_test(the_default_root_is_that_of_the_text),
	};

	return cmocka_run_group_tests_name("the MIB's text", tests, read_text,
	    forget_text);
}
