/* SPDX-License-Identifier: ISC */
/* Entries as lines of a file and back; what they say is in history_text.c. */
#include "license/history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "license/base/buf.h"

static const char *const words[] = {
#define HISTORY_WORD(name, word) [HISTORY_##name] = (word),
	HISTORY_EVENTS(HISTORY_WORD)
#undef HISTORY_WORD
};

/* What a line that does not name it has; only what differs is written. */
static const struct history_entry plain = {
	.event = HISTORY_EVENT_COUNT,
	.duration_ms = -1,
	.times = 1,
};

enum key_kind { NUMBER, INSTANT, TEXT, NAME, SET, FLAG, TOLD };

static const struct key {
	const char *name;
	enum key_kind kind;
	size_t offset, size;
	enum names names;
} keys[] = {
#define AT(member) offsetof(struct history_entry, member),                    \
	sizeof(((struct history_entry *)0)->member)
	{"result", NAME, AT(result), NAMES_RESULT},
	{"refusal", NAME, AT(refusal), NAMES_REFUSAL},
	{"ms", NUMBER, AT(duration_ms), 0},
	{"lease-end", INSTANT, AT(lease_end), 0},
	{"mbits", NUMBER, AT(mbits), 0},
	{"mbits-before", NUMBER, AT(mbits_before), 0},
	{"mode", NAME, AT(mode), NAMES_MODE},
	{"mode-before", NAME, AT(mode_before), NAMES_MODE},
	{"address", TEXT, AT(address), 0},
	{"address-before", TEXT, AT(address_before), 0},
	{"times", NUMBER, AT(times), 0},
	{"since", INSTANT, AT(since), 0},
	{"state", NAME, AT(state), NAMES_STATE},
	{"changed", SET, AT(changed), NAMES_COMPONENT},
	{"usable", FLAG, AT(usable), 0},
	{"told", TOLD, AT(told), 0},
	{"exit", NUMBER, AT(exit_code), 0},
#undef AT
};

enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

/* The last of a line, since it has blanks. */
static const char detail_key[] = " detail=";

const char *
history_word(enum history_event event)
{
	return words[event];
}

static bool
is_alike(const struct history_entry *a, const struct history_entry *b)
{
	return a->event == HISTORY_REFRESH && b->event == HISTORY_REFRESH &&
	    a->result != RESULT_OK && a->result == b->result &&
	    a->refusal == b->refusal;
}

void
history_push(struct history *history, const struct history_entry *entry)
{
	struct history_entry *last = history->count == 0 ? NULL :
	    &history->entries[history->count - 1];

	if (last != NULL && is_alike(last, entry)) {
		struct history_entry merged = *entry;

		merged.since = last->since.s != 0 ? last->since : last->at;
		merged.times = last->times + entry->times;
		*last = merged;
		return;
	}
	if (history->count == HISTORY_MAX) {
		memmove(history->entries, history->entries + 1,
		    (HISTORY_MAX - 1) * sizeof(history->entries[0]));
		history->count--;
	}
	history->entries[history->count++] = *entry;
}

static void
add_value(const struct key *key, const void *at, struct buf *out)
{
	char text[UTC_TEXT_SIZE];

	switch (key->kind) {
	case NUMBER:
		buf_printf(out, "%" PRId64, *(const int64_t *)at);
		break;
	case INSTANT:
		utc_text(*(const utc_t *)at, text);
		buf_puts(out, text);
		break;
	case TEXT:
		buf_puts(out, at);
		break;
	case NAME:
		buf_puts(out, names_label(key->names, *(const int *)at));
		break;
	case SET:
		buf_printf(out, "%u", *(const unsigned *)at);
		break;
	case FLAG:
		buf_puts(out, *(const bool *)at ? "yes" : "no");
		break;
	case TOLD:
		buf_puts(out, standing_word(*(const enum standing *)at));
		break;
	}
}

/* Printable already; but a line must stay one, whoever wrote it. */
static void
take_detail(const char *text, char out[DETAIL_SIZE])
{
	text_copy(out, DETAIL_SIZE, text);
	for (char *p = out; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	}
}

/* Addresses; nothing with a blank gets through. */
static bool
is_written(const struct key *key, const void *at)
{
	const void *otherwise = (const char *)&plain + key->offset;

	if (key->kind == TEXT)
		return *(const char *)at != '\0' && strchr(at, ' ') == NULL;
	return memcmp(at, otherwise, key->size) != 0;
}

void
history_line(const struct history_entry *entry, struct buf *out)
{
	char text[UTC_TEXT_SIZE], detail[DETAIL_SIZE];

	take_detail(entry->detail, detail);
	utc_text(entry->at, text);
	buf_printf(out, "%s %s", text, words[entry->event]);
	for (size_t i = 0; i < KEY_COUNT; i++) {
		const void *at = (const char *)entry + keys[i].offset;

		if (!is_written(&keys[i], at))
			continue;
		buf_printf(out, " %s=", keys[i].name);
		add_value(&keys[i], at, out);
	}
	if (detail[0] != '\0')
		buf_printf(out, "%s%s", detail_key, detail);
	buf_putc(out, '\n');
}

static bool
take_number(const char *text, int64_t low, int64_t high, int64_t *out)
{
	char *end;

	/* Out of range it is the largest, which is out of ours. */
	*out = strtoll(text, &end, 10);
	return end != text && *end == '\0' && *out >= low && *out <= high;
}

static int
label_number(enum names names, const char *label)
{
	size_t count;
	const struct name_row *rows = names_rows(names, &count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].label, label) == 0)
			return rows[i].number;
	}
	return 0;
}

static bool
take_value(const struct key *key, const char *value, struct history_entry *out)
{
	void *at = (char *)out + key->offset;
	int64_t number;

	switch (key->kind) {
	case NUMBER:
		return take_number(value, -1, INT64_MAX / 2, at);
	case INSTANT:
		return utc_parse(value, at);
	case TEXT:
		return text_copy(at, key->size, value);
	case NAME:
		*(int *)at = label_number(key->names, value);
		return *(int *)at != 0;
	case SET:
		if (!take_number(value, 0, 63, &number))
			return false;
		*(unsigned *)at = (unsigned)number;
		return true;
	case FLAG:
		*(bool *)at = strcmp(value, "yes") == 0;
		return *(bool *)at || strcmp(value, "no") == 0;
	case TOLD:
		for (int i = STANDING_USABLE; i <= STANDING_UNUSABLE; i++) {
			if (strcmp(standing_word((enum standing)i), value) == 0)
				*(enum standing *)at = (enum standing)i;
		}
		return *(enum standing *)at != STANDING_UNKNOWN;
	}
	return false;
}

/* "name=value"; a name of a later version is passed over. */
static bool
take_pair(char *pair, struct history_entry *out)
{
	char *value = strchr(pair, '=');

	if (value == NULL)
		return false;
	*value++ = '\0';
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (strcmp(keys[i].name, pair) == 0)
			return take_value(&keys[i], value, out);
	}
	return true;
}

/* The blank-separated word at ${*p}, cut off; NULL at the end. */
static char *
next_word(char **p)
{
	char *word = *p;

	if (*word == '\0')
		return NULL;
	size_t len = strcspn(word, " ");
	*p = word + len + (word[len] == ' ');
	word[len] = '\0';
	return word;
}

static bool
is_whole(const struct history_entry *entry)
{
	switch (entry->event) {
	case HISTORY_REFRESH:
		return entry->result != 0 && entry->times >= 1;
	case HISTORY_STATE:
		return entry->state != 0;
	case HISTORY_FILE_TAKEN:
		return entry->lease_end.s != 0 && entry->mode != 0;
	case HISTORY_COMMAND:
		return entry->told != STANDING_UNKNOWN;
	default:
		return true;
	}
}

static bool
read_line(char *line, struct history_entry *out)
{
	char *detail = strstr(line, detail_key), *p = line, *word;

	*out = plain;
	if (detail != NULL) {
		take_detail(detail + sizeof(detail_key) - 1, out->detail);
		*detail = '\0';
	}
	word = next_word(&p);
	if (word == NULL || !utc_parse(word, &out->at))
		return false;
	word = next_word(&p);
	for (int i = 0; word != NULL && i < HISTORY_EVENT_COUNT; i++) {
		if (strcmp(words[i], word) == 0)
			out->event = (enum history_event)i;
	}
	if (out->event == HISTORY_EVENT_COUNT)
		return false;
	while ((word = next_word(&p)) != NULL) {
		if (!take_pair(word, out))
			return false;
	}
	return is_whole(out);
}

void
history_read(const char *text, struct history *history)
{
	char line[HISTORY_LINE_MAX];

	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		struct history_entry entry;

		/* Without its end it was torn off. */
		if (len > 0 && len < sizeof(line) && text[len] == '\n') {
			memcpy(line, text, len);
			line[len] = '\0';
			if (read_line(line, &entry))
				history_push(history, &entry);
		}
		text += len + (text[len] == '\n');
	}
}

const struct history_entry *
history_last(const struct history *history, enum history_event event)
{
	for (size_t i = history->count; i > 0; i--) {
		if (history->entries[i - 1].event == event)
			return &history->entries[i - 1];
	}
	return NULL;
}
