/* SPDX-License-Identifier: ISC */
/*
 * Making events: bounded and printable. It reads no database.
 */
#include "license/authority/event.h"

#include <stdarg.h>
#include <string.h>

#include "license/base/buf.h"

static struct event *
append(struct change *change, utc_t at, const char *name)
{
	struct event *event;

	if (change->event_count == EVENTS_PER_CHANGE)
		return NULL;
	event = &change->events[change->event_count++];
	*event = (struct event){ .at = at };
	text_copy(event->name, sizeof(event->name), name);
	text_copy(event->subscription, sizeof(event->subscription),
	    change->subscription.id);
	return event;
}

void
event_add(struct change *change, enum event_kind kind, utc_t at,
    const char *format, ...)
{
	struct event *event = append(change, at, event_kind_label((int)kind));
	struct buf text;
	va_list args;

	if (!event)
		return;
	buf_init(&text, 2048);
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	text_printable(buf_text(&text), event->detail, sizeof(event->detail));
	buf_fini(&text);
}

void
event_add_refusal(struct change *change, enum refusal_reason reason, utc_t at,
    const char *detail)
{
	const struct name_row *row = names_row(NAMES_REFUSAL, (int)reason);
	struct event *event;
	struct buf name;

	buf_init(&name, EVENT_NAME_SIZE - 1);
	buf_printf(&name, "%s-%s", event_kind_label(EVENT_REFUSE),
	    row ? row->document : "unknown");
	event = append(change, at, buf_text(&name));
	if (event)
		text_printable(detail, event->detail, sizeof(event->detail));
	buf_fini(&name);
}
