/* SPDX-License-Identifier: ISC */
/*
 * What happened to a license, put down for people as it happens. Nothing
 * depends on it: where it cannot be written it is not, and nobody is told. It
 * renders nothing.
 */
#include <string.h>

#include "license/base/log.h"
#include "license/history.h"
#include "license/keeper/disk.h"
#include "license/keeper/holding.h"

enum {
	/* Then it is made short; some hundreds of lines. */
	LONG_BYTES = 49152,
	READ_MAX_BYTES = 1 << 20,
};

static void
read_history(const struct keeper *keeper, const char *name,
    struct history *out)
{
	struct buf text;

	out->count = 0;
	buf_init(&text, READ_MAX_BYTES);
	if (disk_read(keeper->directory, name, DISK_HISTORY, &text) == 0)
		history_read(buf_text(&text), out);
	buf_fini(&text);
}

static void
shorten(const struct keeper *keeper, const char *name)
{
	struct history history;
	struct buf text;

	read_history(keeper, name, &history);
	buf_init(&text, READ_MAX_BYTES);
	for (size_t i = 0; i < history.count; i++)
		history_line(&history.entries[i], &text);
	if (!text.failed && disk_write(keeper->directory, name, DISK_HISTORY,
		buf_text(&text), text.len) == -1)
		log_debug("The history of %s cannot be made shorter", name);
	buf_fini(&text);
}

static void
put_down(const struct holding *holding, const struct history_entry *entry)
{
	const struct keeper *keeper = holding->keeper;
	const char *name = holding->facts.name;
	struct buf line;

	if (keeper->reading_only)
		return;
	buf_init(&line, HISTORY_LINE_MAX);
	history_line(entry, &line);
	long long size = line.failed ? -1 : disk_append_line(keeper->directory,
	    name, DISK_HISTORY, line.data, line.len);
	if (size == -1)
		log_debug("The history of %s cannot be written", name);
	else if (size > LONG_BYTES)
		shorten(keeper, name);
	buf_fini(&line);
}

static void
keep_recent(struct license_facts *facts, const struct history_entry *entry)
{
	struct recent *last = facts->recent_count == 0 ? NULL :
	    &facts->recent[facts->recent_count - 1];

	if (last != NULL && entry->result != RESULT_OK &&
	    last->result == entry->result && last->refusal == entry->refusal) {
		last->at = entry->at;
		last->times += entry->times;
		return;
	}
	if (facts->recent_count == RECENT_MAX) {
		memmove(facts->recent, facts->recent + 1,
		    sizeof(facts->recent[0]) * (RECENT_MAX - 1));
		facts->recent_count--;
	}
	facts->recent[facts->recent_count++] = (struct recent){.at = entry->at,
		.result = entry->result, .refusal = entry->refusal,
		.times = entry->times};
}

void
holding_recall_refreshes(struct holding *holding)
{
	struct history history;

	read_history(holding->keeper, holding->facts.name, &history);
	holding->facts.recent_count = 0;
	for (size_t i = 0; i < history.count; i++)
		if (history.entries[i].event == HISTORY_REFRESH)
			keep_recent(&holding->facts, &history.entries[i]);
}

/* ${detail}: why it did not go well. What it brought is in the facts. */
void
holding_record_refresh(struct holding *holding,
    const struct outcome *outcome, int refusal, const char *detail)
{
	const struct license *license = &holding->facts.license;
	const struct report *before = &holding->report;
	struct history_entry entry = {
		.event = HISTORY_REFRESH,
		.at = outcome->at,
		.times = 1,
		.result = outcome->result,
		.refusal = outcome->result == RESULT_REFUSED ? refusal : 0,
		.duration_ms = outcome->duration_ms,
	};

	if (outcome->result != RESULT_OK) {
		text_copy(entry.detail, sizeof(entry.detail), detail);
		put_down(holding, &entry);
		keep_recent(&holding->facts, &entry);
		return;
	}
	keep_recent(&holding->facts, &entry);
	entry.lease_end = license->lease_end;
	entry.mbits = license->bandwidth_mbits;
	if (before->has[FIELD_ID_BANDWIDTH] &&
	    before->bandwidth_mbits != entry.mbits)
		entry.mbits_before = before->bandwidth_mbits;
	text_copy(entry.address, ADDRESS_SIZE, license->external_address);
	if (before->has[FIELD_ID_EXTERNAL_ADDRESS] &&
	    strcmp(before->external_address, entry.address) != 0)
		text_copy(entry.address_before, ADDRESS_SIZE,
		    before->external_address);
	put_down(holding, &entry);
}

/* The state that is on record: another agent may have put it there. */
static int
recorded_state(const struct holding *holding)
{
	struct history history;

	read_history(holding->keeper, holding->facts.name, &history);
	const struct history_entry *last = history_last(&history,
	    HISTORY_STATE);
	return last == NULL ? 0 : last->state;
}

/* Hardware may change while nobody looks, and an agent start over and over. */
static unsigned
recorded_difference(const struct holding *holding)
{
	struct history history;

	read_history(holding->keeper, holding->facts.name, &history);
	const struct history_entry *last = history_last(&history,
	    HISTORY_HARDWARE);
	return last == NULL ? 0 : last->changed;
}

void
holding_record_edges(const struct holding *holding,
    const struct report *report, const struct edges *edges)
{
	int before = edges->first ? recorded_state(holding) :
				    holding->report.state;

	bool turned = (edges->set & (edge_bit(BINDING_CHANGED) |
	    edge_bit(BINDING_RESTORED))) != 0;
	if (edges->first)
		turned = recorded_difference(holding) !=
		    report->binding_changed;
	if (turned)
		put_down(holding, &(struct history_entry){
			.event = HISTORY_HARDWARE,
			.at = report->now,
			.times = 1,
			.duration_ms = -1,
			.changed = report->binding_changed,
		});
	if (before != report->state)
		put_down(holding, &(struct history_entry){
			.event = HISTORY_STATE,
			.at = report->now,
			.times = 1,
			.duration_ms = -1,
			.state = report->state,
			.usable = report->usable,
		});
}

static struct history_entry
file_entry(const struct holding *holding, enum history_event event)
{
	return (struct history_entry){
		.event = event,
		.at = keeper_now(holding->keeper),
		.times = 1,
		.duration_ms = -1,
	};
}

void
holding_record_taken(const struct holding *holding,
    const struct license *before)
{
	const struct license *license = &holding->facts.license;
	struct history_entry entry = file_entry(holding, HISTORY_FILE_TAKEN);

	entry.lease_end = utc_min(license->lease_end, license->term_end);
	entry.mbits = license->bandwidth_mbits;
	entry.mode = license->mode;
	if (before != NULL && before->bandwidth_mbits != entry.mbits)
		entry.mbits_before = before->bandwidth_mbits;
	if (before != NULL && before->mode != entry.mode)
		entry.mode_before = before->mode;
	put_down(holding, &entry);
}

void
holding_record_refused(const struct holding *holding, const char *why)
{
	struct history_entry entry = file_entry(holding, HISTORY_FILE_REFUSED);

	text_printable(why, entry.detail, sizeof(entry.detail));
	put_down(holding, &entry);
}

void
holding_record_put_back(const struct holding *holding)
{
	const struct history_entry entry = file_entry(holding,
	    HISTORY_PUT_BACK);

	put_down(holding, &entry);
}

void
holding_record_command(const struct holding *holding, enum standing told,
    int code)
{
	put_down(holding, &(struct history_entry){
		.event = HISTORY_COMMAND,
		.at = keeper_now(holding->keeper),
		.times = 1,
		.duration_ms = -1,
		.told = told,
		.exit_code = code,
	});
}

void
keeper_history(const struct keeper *keeper, const char *name,
    struct history *out)
{
	read_history(keeper, name, out);
}
