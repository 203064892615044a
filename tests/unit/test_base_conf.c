/* SPDX-License-Identifier: ISC */
/* INI files: every type, every refusal with its line, and the way back. */
#include "license/base/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "license/base/buf.h"

struct main_section {
	char text[32], path[16];
	int64_t number, unset;
	bool flag;
	int choice;
	struct conf_list list;
};

struct item {
	char name[64];
	char text[32];
};

struct all {
	struct main_section main;
	struct item items[3];
	size_t count;
};

static const char *const colors[] = {"red", "green", "blue", NULL};

#define MAIN(member) offsetof(struct main_section, member), \
	sizeof(((struct main_section *)0)->member)

static const struct conf_key keys[] = {
	{"main", "text", CONF_TEXT, MAIN(text), 0, 0, NULL, "first", "a text"},
	{"main", "path", CONF_PATH, MAIN(path), 0, 0, NULL, NULL, "a path"},
	{"main", "number", CONF_NUMBER, MAIN(number), -5, 100, NULL, "7", "n"},
	{"main", "unset", CONF_NUMBER, MAIN(unset), 1, 9, NULL, NULL, "u"},
	{"main", "flag", CONF_FLAG, MAIN(flag), 0, 0, NULL, "yes", "a flag"},
	{"main", "choice", CONF_CHOICE, MAIN(choice), 0, 0, colors, "green",
	    "a color"},
	{"main", "list", CONF_LIST, MAIN(list), 0, 0, NULL, "one", "items"},
	{"item", "text", CONF_TEXT, offsetof(struct item, text), 32, 0, 0, NULL,
	    NULL, "a text"},
};

static void *
main_section(void *self, const char *name, const char **error)
{
	(void)name;
	(void)error;
	return &((struct all *)self)->main;
}

static void *
item_section(void *self, const char *name, const char **error)
{
	struct all *all = self;

	if (all->count == 3) {
		*error = "three are enough";
		return NULL;
	}
	snprintf(all->items[all->count].name, 64, "%s", name);
	return &all->items[all->count++];
}

static const struct conf_section sections[] = {
	{"main", false, sizeof(struct main_section), main_section},
	{"item", true, sizeof(struct item), item_section},
};

static const struct conf_schema schema = {sections, 2, keys,
	sizeof(keys) / sizeof(keys[0])};

static bool
parse(const char *text, struct all *all, struct buf *error)
{
	memset(all, 0, sizeof(*all));
	conf_defaults(&schema, "main", &all->main);
	buf_init(error, 2000);
	return conf_parse(&schema, all, "x.conf", text, error);
}

static void
a_file_is_read_by_the_table(void **state)
{
	(void)state;
	struct all all;
	struct buf error;

	assert_true(parse("# comment\n; another = comment\n\n[main]\r\n"
			  "text =  a ; b # c  \n"
			  "path=/a/b\nnumber = -5\nflag = OFF\nchoice = blue\n"
			  "list = two\nlist = three: 3\n"
			  "[item A.b-1]\ntext = x=y\n[item  B]", &all, &error));
	assert_string_equal(buf_text(&error), "");
	assert_string_equal(all.main.text, "a ; b # c");
	assert_string_equal(all.main.path, "/a/b");
	assert_int_equal(all.main.number, -5);
	assert_false(all.main.flag);
	assert_int_equal(all.main.choice, 2);
	assert_int_equal(all.main.list.count, 2);
	assert_string_equal(all.main.list.item[1], "three: 3");
	assert_int_equal(all.count, 2);
	assert_string_equal(all.items[0].name, "A.b-1");
	assert_string_equal(all.items[0].text, "x=y");
	assert_string_equal(all.items[1].name, "B");
	buf_fini(&error);
}

static void
what_the_file_lacks_has_its_initial_value_once(void **state)
{
	(void)state;
	struct all all;
	struct buf error;
	static const char *const files[] = {"", "[main]\n",
		"\xEF\xBB\xBF[main]",
		"[item a]\n"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_true(parse(files[i], &all, &error));
		assert_string_equal(all.main.text, "first");
		assert_int_equal(all.main.number, 7);
		assert_true(all.main.flag);
		assert_int_equal(all.main.choice, 1);
		assert_int_equal(all.main.list.count, 1);
		assert_string_equal(all.main.list.item[0], "one");
		buf_fini(&error);
	}
}

/* Each error names file and line, and says ${part}. */
static const struct {
	const char *text;
	int line;
	const char *part;
} refused[] = {
	{"[main]\ntext = a\n\ntext = b\n", 4, "text is set twice"},
	{"[main]\n[main]\n", 2, "a section already"},
	{"[item a]\n[item b]\n[item a]\n", 3, "a section already"},
	{"[main]\nnumber = 101\n", 2, "from -5 to 100"},
	{"[main]\nnumber = 7 ; seven\n", 2, "\"7 ; seven\""},
	{"[main]\nnumber = 0x7\n", 2, "whole number"},
	{"[main]\nnumber = +7\n", 2, "whole number"},
	{"[main]\nnumber =\n", 2, "whole number"},
	{"[main]\nnumber = 99999999999999999999\n", 2, "whole number"},
	{"[main]\nflag = maybe\n", 2, "yes or no"},
	{"[main]\nchoice = Red\n", 2, "red, green or blue"},
	{"[main]\npath = a/b\n", 2, "absolute path"},
	{"[main]\npath = /0123456789abcdef\n", 2, "at most 15 bytes"},
	{"[main]\ntext = 0123456789012345678901234567890123\n", 2, "31 bytes"},
	{"[main]\nspeed = 1\n", 2, "\"speed\" is not a key of [main]"},
	{"[main]\na:b = 1\n", 2, "\"a\" is not a key"},
	{"[main]\na\x1B[2J = 1\n", 2, "\"a\\x1B[2J\""},
	{"[other]\n", 1, "there is [main], [item NAME]"},
	{"[mainly]\n", 1, "is not a section"},
	{"[]\n", 1, "is not a section"},
	{"[main x]\n", 1, "takes no name"},
	{"[item]\n", 1, "needs a NAME"},
	{"[item .x]\n", 1, "needs a NAME"},
	{"[item a b]\n", 1, "needs a NAME"},
	{"[item a/b]\n", 1, "needs a NAME"},
	{"[item 01234567890123456789012345678901"
	 "23456789012345678901234567890123]\n", 1, "at most 63"},
	{"[item a]\n[item b]\n[item c]\n[item d]\n", 4, "three are enough"},
	{"text = a\n", 1, "must follow a [section]"},
	{"[main\n", 1, "must be \"[name]\""},
	{"[main] x\n", 1, "must be \"[name]\""},
	{"[main] ; x]\n", 1, "must be \"[name]\""},
	{"[main]\ntext\n", 2, "key = value"},
	{"[main]\ntext: a\n", 2, "key = value"},
	{"[main]\ntext = a\n  b\n", 3, "must not begin with a blank"},
	{"[main]\ntext = a\n\tb = c\n", 3, "must not begin with a blank"},
	{"[main]\nlist=1\nlist=1\nlist=1\nlist=1\nlist=1\nlist=1\nlist=1\n"
	 "list=1\nlist=1\nlist=1\nlist=1\nlist=1\nlist=1\nlist=1\nlist=1\n"
	 "list=1\nlist=1\n", 18, "more than 16 times"},
};

static void
every_mistake_is_one_sentence_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct all all;
		struct buf error;
		char head[32];
		assert_false(parse(refused[i].text, &all, &error));
		snprintf(head, sizeof(head), "x.conf:%d: ", refused[i].line);
		if (strncmp(buf_text(&error), head, strlen(head)) != 0 ||
		    strstr(buf_text(&error), refused[i].part) == NULL ||
		    strchr(buf_text(&error), '\n') != NULL)
			fail_msg("row %zu: %s", i, buf_text(&error));
		buf_fini(&error);
	}
}

static void
a_long_line_is_refused_and_the_longest_is_read(void **state)
{
	(void)state;
	struct all all;
	struct buf error;
	char text[2200];
	static const size_t lengths[] = {CONF_LINE_MAX + 1, 2000, 2100};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		int n = snprintf(text, sizeof(text), "[main]\ntext = a");
		memset(text + n, ' ', sizeof(text) - (size_t)n);
		text[7 + lengths[i]] = '\0';
		assert_false(parse(text, &all, &error));
		assert_string_equal(buf_text(&error),
		    "x.conf:2: the line is longer than 1023 bytes");
		buf_fini(&error);
	}
	memset(text, '#', sizeof(text));
	memcpy(text, "[main]\n", 7);
	text[7 + CONF_LINE_MAX] = '\n';
	snprintf(text + 8 + CONF_LINE_MAX, 100, "%s", "text = after\n");
	assert_true(parse(text, &all, &error));
	assert_string_equal(all.main.text, "after");
	buf_fini(&error);
	int n = snprintf(text, sizeof(text), "[main]\ntext = a");
	memset(text + n, ' ', sizeof(text) - (size_t)n);
	snprintf(text + 7 + CONF_LINE_MAX, 100, "%s", "\nnumber = 8\n");
	assert_true(parse(text, &all, &error));
	assert_string_equal(all.main.text, "a");
	assert_int_equal(all.main.number, 8);
	buf_fini(&error);
}

static void
what_is_printed_reads_back_the_same(void **state)
{
	(void)state;
	static const char *const files[] = {"[main]\n",
		("[main]\ntext = a ; b\npath = /p\nnumber = 0\nunset = 3\n"
		 "flag = no\nchoice = red\nlist = x\nlist = y = z\n"),
		"[main]\ntext =\n"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct all all, again;
		struct buf error, out;
		buf_init(&out, 10000);
		assert_true(parse(files[i], &all, &error));
		buf_fini(&error);
		conf_print(&schema, "main", NULL, &all.main, &out);
		assert_true(parse(buf_text(&out), &again, &error));
		assert_memory_equal(&all.main.number, &again.main.number,
		    sizeof(all.main) - offsetof(struct main_section, number));
		assert_string_equal(all.main.text, again.main.text);
		assert_string_equal(all.main.path, again.main.path);
		buf_fini(&error);
		buf_fini(&out);
	}
	struct item item = {.text = "t"};
	struct buf out;
	buf_init(&out, 1000);
	conf_print(&schema, "item", "edge", &item, &out);
	assert_string_equal(buf_text(&out),
	    "[item edge]\n# a text\ntext = t\n");
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_by_the_table),
		cmocka_unit_test(
		    what_the_file_lacks_has_its_initial_value_once),
		cmocka_unit_test(every_mistake_is_one_sentence_with_its_line),
		cmocka_unit_test(
		    a_long_line_is_refused_and_the_longest_is_read),
		cmocka_unit_test(what_is_printed_reads_back_the_same),
	};

	return cmocka_run_group_tests_name("configuration", tests, NULL, NULL);
}
