/* SPDX-License-Identifier: ISC */
/* Sentences by reason and, where a refresh fails, by its result. */
#include "license/advice.h"

#include <string.h>

#include "license/base/buf.h"
#include "license/policy.h"
#include "license/text.h"

static const char *const by_reason[] = {
	[REASON_NONE] = "Nothing to do.",
	[REASON_MISSING] = "Check that the subscription is assigned to "
		"this machine's address and that the authority is "
		"reached, then run 'fcli set renew_license'.",
	[REASON_INVALID] = "Put a good license file in place and run "
		"'fcli commit'.",
	[REASON_CANCELLED] = "Contact the vendor; after reinstatement "
		"run 'fcli commit'.",
	[REASON_SUSPENDED] = "Contact the vendor; after reinstatement "
		"run 'fcli commit'.",
	[REASON_NOT_YET_VALID] = "Check this machine's date; the "
		"license begins later.",
	[REASON_EXPIRED] = "Renew the subscription, then run "
		"'fcli commit'.",
	[REASON_HARDWARE_MISMATCH] = "Put the licensed hardware back or "
		"contact the vendor.",
	[REASON_CLOCK_UNTRUSTED] = "Set this machine's clock (NTP); a "
		"refresh confirms it.",
	[REASON_TERM_ENDING] = "Renew the subscription before the term "
		"ends.",
	[REASON_LEASE_ENDING] = "Make the authority reachable again "
		"before the lease ends; see 'fcli show "
		"license_status'.",
	[REASON_REFRESH_OVERDUE] = "Find out why refreshes fail: run "
		"'fcli set renew_license' and read what it says.",
	[REASON_REBIND_REFUSED] = "The hardware is the licensed one again; "
		"a refresh confirms it.",
	[REASON_ADDRESS_CHANGED] = "Ask the vendor to approve this "
		"machine's new address, which 'fcli show license_status' "
		"tells under Result.",
	[REASON_CLONE] = "Two machines use this machine's key: "
		"stop the copy, clear its state directory, then contact the "
		"vendor.",
	[REASON_BANDWIDTH] = "Order more bandwidth or use less.",
	[REASON_STORAGE] = "Make the license file and the state "
		"directory writable by the agent; see its log.",
	[REASON_DATA_STALE] = "Check FastNetMon's own license refresh.",
};

/* Why a refresh fails is more useful than that it fails. */
static const char *const by_result[RESULT_MAX + 1] = {
	[RESULT_DNS] = "Check the name in authority-url and this machine's "
		"DNS, then run 'fcli set renew_license'.",
	[RESULT_CONNECT] = "Check authority-url, the firewall and any proxy, "
		"then run 'fcli set renew_license'.",
	[RESULT_TIMEOUT] = "Check that the authority is reached (firewall, "
		"proxy), then run 'fcli set renew_license'.",
	[RESULT_TLS] = "Check authority-ca and this machine's date: the "
		"authority's certificate is not accepted.",
	[RESULT_HTTP] = "Check authority-url and any proxy: something other "
		"than the authority answers there.",
	[RESULT_MALFORMED] = "Check authority-url and any proxy: what answers "
		"there is not an authority.",
	[RESULT_BAD_SIGNATURE] = "Answers are changed on their way: check any "
		"proxy, then contact the vendor.",
	[RESULT_UNKNOWN_KEY] = "Check authority-root: the answers are not "
		"signed by a key that it trusts.",
	[RESULT_STORAGE] = "Make room in the state directory and make it "
		"writable by the agent; see its log.",
};

/* What a refusal asks of the person here. */
static const char *const by_refusal[REFUSAL_MAX + 1] = {
	[REFUSAL_UNKNOWN_MACHINE] = "The authority does not know this machine: "
		"send the vendor the Result of 'fcli show license_status'.",
	[REFUSAL_NO_SUBSCRIPTION] = "Check product and coupon in the "
		"configuration, then run 'fcli commit'.",
	[REFUSAL_COUPON_USED] = "Ask the vendor for a new coupon.",
	[REFUSAL_HARDWARE_LIMIT] = "Machines or their hardware were changed "
		"too often: ask the vendor to approve this one, then run "
		"'fcli commit'.",
};

static const char *
why_it_fails(const struct license_facts *facts)
{
	if (facts->last_result == RESULT_REFUSED &&
	    by_refusal[facts->last_refusal] != NULL)
		return by_refusal[facts->last_refusal];
	return by_result[facts->last_result];
}

static const char *
for_missing(const struct license_facts *facts)
{
	if (facts->file_state == LICENSE_FILE_STRANGER)
		return "Another program's file is at the license path: set "
		       "license-file to a path of our own.";
	if (!policy_refreshes(facts))
		return "Put a license file at the license path, then run "
		       "'fcli commit'.";
	return why_it_fails(facts) != NULL ? why_it_fails(facts) :
					     by_reason[REASON_MISSING];
}

static const char *
find_sentence(const struct license_facts *facts, const struct report *report)
{
	enum reason reason = (enum reason)report->reason;
	bool refresh = reason == REASON_REFRESH_OVERDUE ||
	    reason == REASON_LEASE_ENDING;

	if (reason == REASON_MISSING)
		return for_missing(facts);
	if (reason == REASON_STORAGE &&
	    facts->file_state == LICENSE_FILE_STRANGER)
		return "Another program's file is at the license path: set "
		       "license-file to a path of our own.";
	if (reason == REASON_INVALID && facts->revoked_from.s != 0)
		return policy_offline(facts) ?
		    "Its signer was revoked: ask the vendor for a new offline "
		    "license: send the output of 'fcli show "
		    "license_hardware_data'." :
		    "Its signer was revoked: make the authority reachable, "
		    "then run 'fcli set renew_license'.";
	if (reason == REASON_EXPIRED && facts->license.mode == MODE_OFFLINE)
		return "Ask the vendor for a new offline license: send the "
		       "output of 'fcli show license_hardware_data'.";
	if (reason == REASON_HARDWARE_MISMATCH &&
	    (report->binding_changed & component_bit(MACHINE_KEY)) != 0)
		return "This license was issued to another machine: ask the "
		       "vendor to license this one; the agent goes on asking.";
	if (refresh && why_it_fails(facts) != NULL)
		return why_it_fails(facts);
	return by_reason[reason];
}

/* Around what differs. */
static const struct around {
	enum reason reason;
	const char *before, *after;
} arounds[] = {
	{REASON_NONE, "Nothing to do: the hardware changed (",
	    "), and a license for it is asked for."},
	{REASON_REBIND_REFUSED, "The hardware changed too often (",
	    "): contact the vendor before the grace ends."},
	{REASON_HARDWARE_MISMATCH, "The hardware changed (",
	    "): put the licensed one back or contact the vendor."},
};

static const struct around *
find_around(const struct report *report)
{
	unsigned changed = report->binding_changed;

	/* Another machine's license is a matter of its own. */
	if (changed == 0 || (changed & component_bit(MACHINE_KEY)) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(arounds) / sizeof(arounds[0]); i++) {
		if (arounds[i].reason == (enum reason)report->reason)
			return &arounds[i];
	}
	return NULL;
}

void
advice(const struct license_facts *facts, const struct report *report,
    char out[static ADVICE_SIZE])
{
	const struct around *around = find_around(report);
	char difference[DIFFERENCE_SIZE];
	struct buf text;

	text_copy(out, ADVICE_SIZE, find_sentence(facts, report));
	if (around == NULL)
		return;
	text_printable(report->binding_difference, difference,
	    sizeof(difference));
	buf_init(&text, ADVICE_SIZE - 1);
	buf_printf(&text, "%s%s%s", around->before, difference, around->after);
	if (text.failed) {
		buf_clear(&text);
		buf_puts(&text, around->before);
		text_components(report->binding_changed, &text);
		buf_puts(&text, around->after);
	}
	if (!text.failed)
		text_copy(out, ADVICE_SIZE, buf_text(&text));
	buf_fini(&text);
}
