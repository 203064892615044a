/* SPDX-License-Identifier: ISC */
/* Sentences by reason and, where a refresh fails, by its result. */
#include "license/advice.h"

#include <string.h>

#include "license/base/buf.h"
#include "license/policy.h"
#include "license/text.h"

static const char by_reason_contact[] = "Contact the vendor; after "
	"reinstatement run 'fcli commit'.";
static const char by_reason_over[] = "Renew the subscription, then run "
	"'fcli commit'.";
static const char by_lease_over[] = "The lease ended before the term, as no "
	"refresh came: run 'fcli set renew_license' and read what it says.";
static const char by_reason_address[] = "Ask the vendor to approve this "
	"machine's new address, which 'fcli show license_status' tells under "
	"Result.";
static const char by_reason_clone[] = "Two machines use this machine's key: "
	"stop the copy, clear its state directory, then contact the vendor.";

static const char *const by_reason[] = {
	[REASON_NONE] = "Nothing to do.",
	[REASON_MISSING] = "Check that the subscription is assigned to "
		"this machine's address and that the authority is "
		"reached, then run 'fcli set renew_license'.",
	[REASON_INVALID] = "Put a good license file in place and run "
		"'fcli commit'.",
	[REASON_CANCELLED] = by_reason_contact,
	[REASON_SUSPENDED] = by_reason_contact,
	[REASON_NOT_YET_VALID] = "Check this machine's date; the "
		"license begins later.",
	[REASON_EXPIRED] = by_reason_over,
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
	[REASON_ADDRESS_CHANGED] = by_reason_address,
	[REASON_CLONE] = by_reason_clone,
	[REASON_BANDWIDTH] = "Order more bandwidth or use less.",
	[REASON_STORAGE] = "Make the license file and the state "
		"directory writable by the agent; see its log.",
	[REASON_DATA_STALE] = "Check that FastNetMon runs and answers: what "
		"is known of its license is old.",
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

/* Stands for the path of the license file. */
enum { PATH_MARK = '@' };

/* What a refusal asks of the person here. */
static const char *const by_refusal[REFUSAL_MAX + 1] = {
	[REFUSAL_UNSUPPORTED_VERSION] = "Bring this agent, or the vendor the "
		"authority, up to date.",
	[REFUSAL_SUSPENDED] = by_reason_contact,
	[REFUSAL_CANCELLED] = by_reason_contact,
	[REFUSAL_TERM_OVER] = by_reason_over,
	[REFUSAL_OFFLINE_ISSUED] = "An offline license was issued: put it at @ "
		"and run 'fcli commit'.",
	[REFUSAL_ADDRESS_CHANGED] = by_reason_address,
	[REFUSAL_CLONE] = by_reason_clone,
	[REFUSAL_UNKNOWN_MACHINE] = "The authority does not know this machine: "
		"send the vendor the Result of 'fcli show license_status'.",
	[REFUSAL_NO_SUBSCRIPTION] = "Check product and coupon in the "
		"configuration, then run 'fcli commit'.",
	[REFUSAL_COUPON_USED] = "Ask the vendor for a new coupon.",
	[REFUSAL_HARDWARE_LIMIT] = "Machines or their hardware were changed "
		"too often: ask the vendor to approve this one, then run "
		"'fcli commit'.",
};

static const char by_vendor_date[] = "FastNetMon does not extend its license: "
	"run its 'fcli set renew_license'; if the date stays, ask the vendor.";

/* The same of FastNetMon's own license. */
static const char *const by_vendor_result[RESULT_MAX + 1] = {
	[RESULT_DNS] = "Check the name in api-url and this machine's DNS.",
	[RESULT_CONNECT] = "Check that FastNetMon runs, and that its web API "
		"is switched on and listens at api-url.",
	[RESULT_TIMEOUT] = "Check that FastNetMon runs and answers at api-url "
		"or by fcli-path.",
	[RESULT_TLS] = "Check authority-ca and this machine's date: the "
		"certificate of FastNetMon's API is not accepted.",
	[RESULT_HTTP] = "Check api-url: something other than FastNetMon's API "
		"answers there.",
	[RESULT_MALFORMED] = "Check api-url or fcli-path: what answers there "
		"tells no license.",
	[RESULT_AUTH] = "Check api-user and api-password-file: FastNetMon's "
		"API does not take them.",
	[RESULT_STALE] = by_vendor_date,
};

/* NULL: nothing is known of it. */
static const char *
why_it_fails(const struct report *report)
{
	if (report->source == SOURCE_FASTNETMON)
		return by_vendor_result[report->refresh_last_result];
	if (report->refresh_last_result == RESULT_REFUSED &&
	    by_refusal[report->refresh_last_refusal] != NULL)
		return by_refusal[report->refresh_last_refusal];
	return by_result[report->refresh_last_result];
}

static const char *
for_the_end(const struct report *report)
{
	bool over = report->state == STATE_EXPIRED;

	if (report->has[FIELD_ID_MODE] && report->mode == MODE_OFFLINE && over)
		return "Ask the vendor for a new offline license: send the "
		       "output of 'fcli show license_hardware_data'.";
	if (report->has[FIELD_ID_KIND] && report->kind == KIND_TRIAL)
		return over ? "The trial is over: buy a license, set its "
			      "coupon if it has one, and run 'fcli commit'." :
			      "Buy a license before the trial ends, set its "
			      "coupon if it has one, and run 'fcli commit'.";
	/* Paid for: it is the lease that ended, and no money mends that. */
	if (over && report->has[FIELD_ID_TERM_END] &&
	    report->expiry.s < report->term_end.s)
		return why_it_fails(report) != NULL ? why_it_fails(report) :
						      by_lease_over;
	return by_reason[over ? REASON_EXPIRED : REASON_TERM_ENDING];
}

static const char *
for_missing(const struct license_facts *facts, const struct report *report)
{
	if (facts->file_state == LICENSE_FILE_STRANGER)
		return "Another program's file is at the license path: set "
		       "license-file to a path of our own.";
	if (policy_watches(facts) && facts->answered &&
	    why_it_fails(report) == NULL)
		return "FastNetMon has no license: contact the vendor, then "
		       "run FastNetMon's own 'fcli commit'.";
	if (policy_watches(facts))
		return why_it_fails(report) != NULL ? why_it_fails(report) :
			"Nothing to do yet: FastNetMon is asked for its "
			"license.";
	if (!policy_refreshes(facts))
		return "Put a license file at the license path, then run "
		       "'fcli commit'.";
	return why_it_fails(report) != NULL ? why_it_fails(report) :
					      by_reason[REASON_MISSING];
}

static const char *
find_sentence(const struct license_facts *facts, const struct report *report)
{
	enum reason reason = (enum reason)report->reason;
	bool refresh = reason == REASON_REFRESH_OVERDUE ||
	    reason == REASON_LEASE_ENDING;

	if (reason == REASON_NONE && facts->has_license &&
	    facts->license.coupon_unused)
		return "The coupon in the configuration was not used: check "
		       "its digits, or ask the vendor; without one, leave it "
		       "out.";
	if (reason == REASON_MISSING)
		return for_missing(facts, report);
	if (reason == REASON_STORAGE &&
	    facts->file_state == LICENSE_FILE_STRANGER)
		return "Another program's file is at the license path: set "
		       "license-file to a path of our own.";
	if (reason == REASON_CLOCK_UNTRUSTED && policy_watches(facts))
		return "Set this machine's clock (NTP); where it is right, "
		       "restart the agent.";
	if (reason == REASON_INVALID && facts->revoked_from.s != 0)
		return policy_offline(facts) ?
		    "Its signer was revoked; ask the vendor for a new offline "
		    "license and send the output of 'fcli show "
		    "license_hardware_data'." :
		    "Its signer was revoked; make the authority reachable, "
		    "then run 'fcli set renew_license'.";
	if (reason == REASON_HARDWARE_MISMATCH &&
	    (report->binding_changed & component_bit(MACHINE_KEY)) != 0)
		return "This license was issued to another machine: ask the "
		       "vendor to license this one; the agent goes on asking.";
	bool watched = policy_watches(facts) && !facts->fixed_term &&
	    (refresh || reason == REASON_EXPIRED);
	/* Its date may be good for days, but a password does not mend itself. */
	watched = watched || (policy_watches(facts) && reason == REASON_NONE &&
	    facts->last_result != RESULT_OK &&
	    facts->last_result != RESULT_NEVER);
	if ((refresh || watched || reason == REASON_DATA_STALE) &&
	    why_it_fails(report) != NULL)
		return why_it_fails(report);
	if (watched)
		return by_vendor_date;
	if (reason == REASON_EXPIRED || reason == REASON_TERM_ENDING)
		return for_the_end(report);
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
	static const struct around vendor = {REASON_NONE,
		"Nothing to do: FastNetMon's license names other hardware (",
		"), and FastNetMon asks for a new one by itself."};

	if (changed == 0 || (changed & component_bit(MACHINE_KEY)) != 0)
		return NULL;
	if (report->source == SOURCE_FASTNETMON)
		return report->reason == REASON_NONE &&
			report->refresh_last_result == RESULT_OK ? &vendor :
								   NULL;
	for (size_t i = 0; i < sizeof(arounds) / sizeof(arounds[0]); i++) {
		if (arounds[i].reason == (enum reason)report->reason)
			return &arounds[i];
	}
	return NULL;
}

/* ${sentence} after what ${out} has; false: there is no room for it. */
static bool
add(const struct report *report, const char *before, const char *sentence,
    char out[static ADVICE_SIZE])
{
	const char *mark = strchr(sentence, PATH_MARK);
	size_t len = mark == NULL ? strlen(sentence) :
				    (size_t)(mark - sentence);
	struct buf text;

	buf_init(&text, ADVICE_SIZE - 1);
	buf_puts(&text, out);
	buf_puts(&text, before);
	buf_add(&text, sentence, len);
	if (mark != NULL) {
		buf_printable(&text, report->license_file,
		    strlen(report->license_file));
		buf_puts(&text, mark + 1);
	}
	bool fits = !text.failed;
	if (fits)
		text_copy(out, ADVICE_SIZE, buf_text(&text));
	buf_fini(&text);
	return fits;
}

static void
say(const struct report *report, const char *sentence,
    char out[static ADVICE_SIZE])
{
	/* Few have a path in them. */
	if (strchr(sentence, PATH_MARK) == NULL &&
	    text_copy(out, ADVICE_SIZE, sentence))
		return;
	out[0] = '\0';
	if (!add(report, "", sentence, out))
		text_copy(out, ADVICE_SIZE, "Put a license file at the license "
			"path, then run 'fcli commit'.");
}

void
advice_failing(const struct report *report, const char **why,
    char out[static ADVICE_SIZE])
{
	const char *sentence = why_it_fails(report);
	int result = report->refresh_last_result;

	/* Its date stands, before the next look calls it so. */
	if (report->source == SOURCE_FASTNETMON && result == RESULT_OK) {
		result = RESULT_STALE;
		sentence = by_vendor_date;
	}

	*why = result == RESULT_REFUSED ? names_sentence(NAMES_REFUSAL,
	    report->refresh_last_refusal) : result == RESULT_OK ||
	    result == RESULT_NEVER ? "the last success is too long ago" :
	    names_sentence(NAMES_RESULT, result);
	say(report, sentence != NULL ? sentence :
	    by_reason[REASON_REFRESH_OVERDUE], out);
}

void
advice_expiring(const struct report *report, char out[static ADVICE_SIZE])
{
	if (report->reason == REASON_NONE)
		say(report, for_the_end(report), out);
	else
		text_copy(out, ADVICE_SIZE, report->advice);
}

/* The end is more urgent; what keeps refreshes from it is not forgotten. */
static void
add_failing(const struct report *report, char out[static ADVICE_SIZE])
{
	const char *sentence = why_it_fails(report);

	if (report->reason == REASON_TERM_ENDING && report->failing &&
	    sentence != NULL)
		(void)add(report, " Also: ", sentence, out);
}

void
advice(const struct license_facts *facts, const struct report *report,
    char out[static ADVICE_SIZE])
{
	const struct around *around = find_around(report);
	char difference[DIFFERENCE_SIZE];
	struct buf text;

	say(report, find_sentence(facts, report), out);
	add_failing(report, out);
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
