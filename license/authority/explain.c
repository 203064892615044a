/* SPDX-License-Identifier: ISC */
/*
 * Sentences with what was seen in them: an address that is told saves both
 * sides a mail. It knows no rule.
 */
#include "license/authority/explain.h"

#include "license/base/buf.h"

static void
add_seen(const struct weighing *w, struct buf *out)
{
	const char *internal = weigh_internal(w->request);

	buf_puts(out, w->q->observed);
	if (internal[0])
		buf_printf(out, " (internal address %s)", internal);
}

static void
tell_unknown(const struct weighing *w, struct buf *out)
{
	if (w->dossier->lookup == LOOKUP_FOUND) {
		buf_puts(out, "Another machine took this subscription over "
		    "and the key of this one was retired; stop one of them "
		    "or ask support.");
		return;
	}
	if (w->dossier->trial_state == TRIAL_TAKEN)
		buf_puts(out, "The trial of this address was used before, and "
		    "no subscription is assigned to this machine, seen at ");
	else
		buf_puts(out, "No subscription is assigned to this machine, "
		    "seen at ");
	add_seen(w, out);
	buf_puts(out, "; please send both to support.");
}

static void
tell_over(const struct weighing *w, struct buf *out)
{
	if (w->dossier->subscription.kind == KIND_TRIAL)
		buf_puts(out, "The trial is over; please contact sales for a "
		    "subscription.");
}

static void
tell_address(const struct weighing *w, struct buf *out)
{
	buf_puts(out, "This machine is seen at ");
	add_seen(w, out);
	buf_puts(out, ", which is not assigned to it; support will contact "
	    "you.");
}

static void
tell_clone(const struct weighing *w, struct buf *out)
{
	(void)w;
	buf_puts(out, "Another machine uses the same machine key (a copied "
	    "disk or state directory); support will contact you.");
}

static void
tell_limit(const struct weighing *w, struct buf *out)
{
	if (w->take_over)
		buf_puts(out, "Another machine took this subscription over "
		    "not long ago, and this would be the next; support will "
		    "contact you.");
}

static void
event_old_key(const struct weighing *w, struct buf *out)
{
	if (w->dossier->lookup == LOOKUP_FOUND)
		buf_printf(out, "retired by a take-over, it still asks: two "
		    "machines? `subscription approve-hardware %s` lets it "
		    "back", w->dossier->subscription.id);
}

static void
event_address(const struct weighing *w, struct buf *out)
{
	const struct dossier *d = w->dossier;
	const char *internal = weigh_internal(w->request);
	size_t shown = d->allocation_count > 2 ? 2 : d->allocation_count;

	buf_puts(out, "assigned ");
	for (size_t i = 0; i < shown; i++)
		buf_printf(out, "%s%s%s%s", i ? ", " : "",
		    d->allocations[i].prefix,
		    d->allocations[i].internal[0] ? " internal " : "",
		    d->allocations[i].internal);
	if (shown < d->allocation_count)
		buf_puts(out, ", ...");
	buf_puts(out, "; seen ");
	add_seen(w, out);
	if (w->branch != BRANCH_GOES_ON)
		buf_puts(out, ", holding an older license: a copy?");
	if (internal[0])
		buf_printf(out, "; approve-address --external %s --internal "
		    "%s", w->q->observed, internal);
	else
		buf_printf(out, "; approve-address --external %s",
		    w->q->observed);
}

static void
event_clone(const struct weighing *w, struct buf *out)
{
	buf_printf(out, "it holds sequence %lld, another machine with this "
	    "key got %lld and goes on: find the copy and stop it, then "
	    "`machine clear-clone`", (long long)w->held,
	    (long long)w->dossier->machine.sequence);
}

static void
event_limit(const struct weighing *w, struct buf *out)
{
	buf_printf(out, "%s: %lld of %lld rebinds used; `subscription "
	    "approve-hardware %s` lets it through", w->take_over ?
	    "another machine key" : "changed hardware",
	    (long long)w->rebinds_used,
	    (long long)w->policy->rebinds_allowed,
	    w->dossier->subscription.id);
	/* Last, since a long model is cut, and the command is needed more. */
	if (w->hardware_changed)
		buf_printf(out, "; from %s, %lld CPUs, to %s, %lld CPUs",
		    w->dossier->live.cpu_model,
		    (long long)w->dossier->live.logical_cpus, w->cpu_model,
		    (long long)w->logical_cpus);
}

static const struct {
	void (*tell)(const struct weighing *w, struct buf *out);
	void (*event)(const struct weighing *w, struct buf *out);
} words[REFUSAL_MAX + 1] = {
	[REFUSAL_UNKNOWN_MACHINE] = { tell_unknown, event_old_key },
	[REFUSAL_TERM_OVER] = { tell_over, NULL },
	[REFUSAL_ADDRESS_CHANGED] = { tell_address, event_address },
	[REFUSAL_CLONE] = { tell_clone, event_clone },
	[REFUSAL_HARDWARE_LIMIT] = { tell_limit, event_limit },
};

static void
explain(const struct weighing *w,
    void (*say)(const struct weighing *w, struct buf *out),
    const char *sentence, char *out, size_t out_size)
{
	struct buf text;

	buf_init(&text, 4096);
	if (say)
		say(w, &text);
	text_printable(text.len && !text.failed ? buf_text(&text) : sentence,
	    out, out_size);
	buf_fini(&text);
}

void
explain_detail(const struct weighing *w, enum refusal_reason reason,
    const char *sentence, char out[static DETAIL_SIZE])
{
	explain(w, words[reason].tell, sentence, out, DETAIL_SIZE);
}

void
explain_event(const struct weighing *w, enum refusal_reason reason,
    const char *sentence, char out[static EVENT_DETAIL_SIZE])
{
	explain(w, words[reason].event, sentence, out, EVENT_DETAIL_SIZE);
}

const char *
explain_machine(const struct machine *m)
{
	if (m->state == MACHINE_CLONE)
		return "find the copy of this machine and stop it, then run "
		    "`machine clear-clone` with its key";
	if (m->state == MACHINE_FORKED)
		return "a snapshot came back twice, or two machines use this "
		    "key: ask the customer if both are theirs";
	switch (m->last_reason) {
	case REFUSAL_ADDRESS_CHANGED:
		return "ask the customer if the machine moved, then run "
		    "`subscription approve-address` with its address";
	case REFUSAL_HARDWARE_LIMIT:
		return "ask the customer why the hardware changes, then run "
		    "`subscription approve-hardware`";
	case REFUSAL_UNKNOWN_MACHINE:
		return "another machine took its subscription over: ask the "
		    "customer which one is right";
	default:
		return "";
	}
}
