/* SPDX-License-Identifier: ISC */
/*
 * What happened to a license: refreshes and what they brought, states that it
 * turned to, hardware, files that a person put there, the operator's command.
 * As lines of a file and for people. It decides nothing: whoever changes the
 * file deceives a reader, not a license. Pure.
 */
#ifndef LICENSE_HISTORY_H
#define LICENSE_HISTORY_H

#include "license/codec.h"
#include "license/edges.h"

struct buf;

/* X(C name, word in the file, in text and in JSON) */
#define HISTORY_EVENTS(X)                                                     \
	X(REFRESH, "refresh")                                                 \
	X(STATE, "state")                                                     \
	X(HARDWARE, "hardware")                                               \
	X(FILE_TAKEN, "file-taken")                                           \
	X(FILE_REFUSED, "file-refused")                                       \
	X(PUT_BACK, "put-back")                                               \
	X(COMMAND, "command")

#define HISTORY_ROW(name, word) HISTORY_##name,
enum history_event { HISTORY_EVENTS(HISTORY_ROW) HISTORY_EVENT_COUNT };
#undef HISTORY_ROW

enum { HISTORY_MAX = 64, HISTORY_LINE_MAX = 1024 };

struct history_entry {
	utc_t at;
	enum history_event event;
	/* refresh */
	int result, refusal;
	int64_t duration_ms; /* -1: none */
	utc_t lease_end;     /* of the new document; s 0: there is none */
	int64_t mbits, mbits_before; /* before: 0 when it did not change */
	/* file-taken, and the two before; enum mode, before: the same */
	int mode, mode_before;
	char address[ADDRESS_SIZE], address_before[ADDRESS_SIZE]; /* "" */
	/* also file-refused */
	char detail[DETAIL_SIZE]; /* why not; printable, "" */
	int64_t times;		  /* alike in a row, the last at ${at} */
	utc_t since;		  /* the first of them; s 0: only one */
	/* state */
	int state;
	bool usable;
	/* hardware */
	unsigned changed; /* components that differ from the license; 0 none */
	/* command */
	enum standing told;
	int64_t exit_code;
};

/* history: the last HISTORY_MAX of them, the oldest first. */
struct history {
	size_t count;
	struct history_entry entries[HISTORY_MAX];
};

/*
 * history_push: at the end; a refresh that failed as the one before it did is
 * counted with it. The oldest makes room.
 */
void history_push(struct history *history, const struct history_entry *entry);

/* history_line: one line with LF. */
void history_line(const struct history_entry *entry, struct buf *out);

/* history_read: push what is in ${text}; a line that is torn is left out. */
void history_read(const char *text, struct history *history);

/* history_last: the newest of that kind, NULL when there is none. */
const struct history_entry *history_last(const struct history *history,
    enum history_event event);

/* history_text: a table for people, the newest first. */
void history_text(const struct history *history, struct buf *out);

/* history_sentence: what came of it, in words: the table's last column. */
void history_sentence(const struct history_entry *entry, struct buf *out);

/* history_word: of the event. */
const char *history_word(enum history_event event);

#endif
