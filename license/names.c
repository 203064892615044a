/* SPDX-License-Identifier: ISC */
/*
 * The enumerations as rows. The document and SMI forms are made from the
 * label, once, so that the three can never differ.
 */
#include "license/names.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

enum { FORM_SIZE = 32 };

#define ROW(prefix, name, number, label, sentence)                            \
	{number, #label, NULL, NULL, sentence},
#define TABLE(prefix, list, type)                                             \
	static struct name_row rows_##type[] = {list(ROW)};                   \
	static char forms_##type[sizeof(rows_##type) /                        \
	    sizeof(rows_##type[0])][2][FORM_SIZE];
ENUMERATIONS(TABLE)

#define ENTRY(prefix, list, type)                                             \
	{rows_##type, sizeof(rows_##type) / sizeof(rows_##type[0]),           \
		forms_##type},
static const struct {
	struct name_row *rows;
	size_t count;
	char (*forms)[2][FORM_SIZE];
} tables[NAMES_COUNT] = {ENUMERATIONS(ENTRY)};

static void
make_forms(const char *label, char document[FORM_SIZE], char smi[FORM_SIZE])
{
	size_t d = 0, s = 0;
	bool upper = false;

	for (const char *p = label; *p != '\0' && d + 1 < FORM_SIZE; p++) {
		char c = *p;
		document[d++] = c == '_' ? '-' : c;
		if (c == '_') {
			upper = true;
			continue;
		}
		smi[s++] = upper && c >= 'a' ? (char)(c - 'a' + 'A') : c;
		upper = false;
	}
	document[d] = smi[s] = '\0';
}

static void
make_all_forms(void)
{
	for (size_t t = 0; t < NAMES_COUNT; t++) {
		for (size_t i = 0; i < tables[t].count; i++) {
			char(*form)[FORM_SIZE] = tables[t].forms[i];
			struct name_row *row = &tables[t].rows[i];

			make_forms(row->label, form[0], form[1]);
			row->document = form[0];
			row->smi = form[1];
		}
	}
}

const struct name_row *
names_rows(enum names which, size_t *count)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_all_forms);
	*count = tables[which].count;
	return tables[which].rows;
}

const struct name_row *
names_row(enum names which, int number)
{
	size_t count;
	const struct name_row *rows = names_rows(which, &count);

	for (size_t i = 0; i < count; i++) {
		if (rows[i].number == number)
			return &rows[i];
	}
	return NULL;
}

const char *
names_label(enum names which, int number)
{
	const struct name_row *row = names_row(which, number);

	return row == NULL ? "unknown" : row->label;
}

const char *
names_sentence(enum names which, int number)
{
	const struct name_row *row = names_row(which, number);

	return row == NULL ? "unknown" : row->sentence;
}

int
names_parse(enum names which, const char *document_form)
{
	size_t count;
	const struct name_row *rows = names_rows(which, &count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].document, document_form) == 0)
			return rows[i].number;
	}
	return 0;
}

int
severity_compare(enum severity a, enum severity b)
{
	static const int rank[] = {
		[SEVERITY_OK] = 0,
		[SEVERITY_WARNING] = 1,
		[SEVERITY_UNKNOWN] = 2,
		[SEVERITY_CRITICAL] = 3,
	};

	return rank[a] - rank[b];
}
