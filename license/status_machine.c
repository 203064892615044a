/* SPDX-License-Identifier: ISC */
/*
 * The rows of the status page about this machine: hardware, addresses, files,
 * clock, and the agent itself. It looks at no fact and no clock.
 */
#include "license/status.h"

#include <inttypes.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/base/child.h"
#include "license/text.h"

#define has(r, id) ((r)->has[FIELD_ID_##id])
#define agent_has(a, id) ((a)->has[AGENT_ID_##id])

static void
add_printable(const char *text, struct buf *out)
{
	buf_printable(out, text, strlen(text));
}

void
status_row_binding(const struct page *p, struct buf *out)
{
	const struct report *r = p->r;

	if (!has(r, BINDING_KNOWN))
		return;
	if (r->binding_changed != 0) {
		buf_puts(out, "DIFFERENT: ");
		add_printable(r->binding_difference, out);
	}
	if ((r->binding_known & ~r->binding_changed) != 0) {
		buf_puts(out, r->binding_changed != 0 ? "; same: " : "same: ");
		text_components(r->binding_known & ~r->binding_changed, out);
	}
	if (r->binding_known == 0)
		buf_puts(out, "no component could be read");
}

void
status_row_hardware(const struct page *p, struct buf *out)
{
	const char *between = "";

	if (has(p->r, CPU_MODEL)) {
		add_printable(p->r->cpu_model, out);
		between = ", ";
	}
	if (has(p->r, LOGICAL_CPUS)) {
		buf_printf(out, "%s%" PRId64 " logical CPUs", between,
		    p->r->logical_cpus);
		between = ", ";
	}
	if (has(p->r, MEMORY))
		buf_printf(out, "%s%" PRId64 " MiB memory", between,
		    p->r->memory_mib);
}

void
status_row_rebinds(const struct page *p, struct buf *out)
{
	if (!has(p->r, REBINDS_USED))
		return;
	buf_printf(out, "%" PRId64, p->r->rebinds_used);
	if (has(p->r, REBINDS_ALLOWED))
		buf_printf(out, " of %" PRId64, p->r->rebinds_allowed);
	buf_puts(out, " used");
	if (has(p->r, REBIND_WINDOW_END)) {
		buf_puts(out, "; one is free again ");
		status_add_moment(p->r->rebind_window_end, p->r->now, out);
	}
}

void
status_row_addresses(const struct page *p, struct buf *out)
{
	if (has(p->r, EXTERNAL_ADDRESS)) {
		buf_puts(out, "external ");
		add_printable(p->r->external_address, out);
	}
	if (has(p->r, INTERNAL_ADDRESS)) {
		buf_puts(out, has(p->r, EXTERNAL_ADDRESS) ? ", internal " :
							    "internal ");
		add_printable(p->r->internal_address, out);
	}
}

void
status_row_source(const struct page *p, struct buf *out)
{
	buf_puts(out, names_sentence(NAMES_SOURCE, p->r->source));
	if (has(p->r, LICENSE_FILE)) {
		buf_puts(out, has(p->r, FILE_DETAIL) ? "; NOT in " :
		    has(p->r, SEQUENCE) ? "; stored in " :
					  "; nothing yet in ");
		add_printable(p->r->license_file, out);
	}
	if (has(p->r, FILE_DETAIL)) {
		buf_puts(out, ": ");
		add_printable(p->r->file_detail, out);
	}
	if (has(p->r, DATA_AGE)) {
		buf_puts(out, "; read ");
		text_duration(p->r->data_age_s, out);
		buf_puts(out, " ago");
	}
}

void
status_row_on_change(const struct page *p, struct buf *out)
{
	int64_t code = p->r->on_change_exit;

	if (!has(p->r, ON_CHANGE_EXIT))
		return;
	if (code == 0)
		buf_puts(out, "the command ran well");
	else if (code == CHILD_UNSTARTED)
		buf_puts(out, "the command COULD NOT BE STARTED; see the log");
	else if (code == CHILD_LATE)
		buf_puts(out, "the command DID NOT END in time and was killed");
	else
		buf_puts(out, "the command FAILED; see the log");
	buf_printf(out, " (exit code %" PRId64 ")", code);
}

void
status_row_clock(const struct page *p, struct buf *out)
{
	char text[UTC_TEXT_SIZE];

	utc_text(p->a->now, text);
	buf_puts(out, text);
	if (agent_has(p->a, TRUST))
		buf_printf(out, "; %s: %s",
		    names_label(NAMES_TRUST, p->a->clock_trust),
		    names_sentence(NAMES_TRUST, p->a->clock_trust));
	if (agent_has(p->a, OFFSET))
		buf_printf(out, "; %+" PRId64 " s to the authority's",
		    p->a->clock_offset_s);
	if (agent_has(p->a, STEPS) && p->a->clock_steps > 0)
		buf_printf(out, "; stepped %" PRId64 " times",
		    p->a->clock_steps);
}

void
status_row_storage(const struct page *p, struct buf *out)
{
	if (!agent_has(p->a, STORAGE_UP))
		return;
	buf_puts(out, p->a->storage_up ? "can be written" :
					 "CANNOT be written");
	if (agent_has(p->a, STORAGE_WRITE))
		buf_printf(out, "; the last write took %" PRId64 " ms",
		    p->a->storage_last_write_ms);
}

void
status_row_agent(const struct page *p, struct buf *out)
{
	if (!agent_has(p->a, VERSION))
		return;
	buf_puts(out, "leaselined ");
	add_printable(p->a->version, out);
	if (!agent_has(p->a, HEARTBEAT)) {
		buf_puts(out, ", not running");
		return;
	}
	if (agent_has(p->a, START)) {
		buf_puts(out, ", started ");
		status_add_moment(p->a->start, p->a->now, out);
	}
	if (agent_has(p->a, AGENTX_UP))
		buf_printf(out, ", SNMP master %s",
		    p->a->agentx_up ? "connected" : "NOT connected");
}
