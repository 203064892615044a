/* SPDX-License-Identifier: ISC */
/* One test at a time, and what came of it in a sentence. */
#include "agent/tester.h"

#include <inttypes.h>

#include "agent/notices.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/log.h"
#include "license/keeper/view.h"

static void
say_metric(const struct tester *tester, struct buf *text)
{
	char until[UTC_TEXT_SIZE];

	utc_text((utc_t){atomic_load(
	    &tester->board->counters.test_alert_until_s)}, until);
	buf_printf(text, "leaseline_test_alert is 1 until %s", until);
}

void
tester_late(const struct tester *tester, int64_t sequence, struct buf *text)
{
	if (atomic_load(&tester->board->counters.agentx_up) == 1)
		buf_printf(text, "The test notification, number %" PRId64
		    ", still waits, the last of %zu: ten go out in a second",
		    sequence, notices_pending(tester->notices));
	else
		buf_printf(text, "No SNMP master answers at %s, so the test "
		    "notification, number %" PRId64 ", waits until one does; "
		    "snmpd needs \"master agentx\"", tester->master, sequence);
	buf_puts(text, ". ");
	say_metric(tester, text);
}

static int64_t
send_test(struct tester *tester, const struct report *report, struct buf *text)
{
	struct report test = *report;

	text_copy(test.advice, sizeof(test.advice), "This is a test of the way "
	    "to the people on call, asked for with 'fcli test notification': "
	    "nothing to do.");
	if (!notices_post(tester->notices, NOTIFICATION_TEST, &test, 0)) {
		buf_puts(text, "So many notifications wait for the SNMP master "
		    "that no test is sent. ");
		say_metric(tester, text);
		return 0;
	}
	tester->waiting = notices_sequence(tester->notices);
	return tester->waiting;
}

static bool
too_soon(struct tester *tester, struct buf *text)
{
	mono_t now = clock_boot();
	int64_t since_s = mono_s((mono_t){now.ns - tester->asked.ns});

	if (tester->asked.ns != 0 && since_s < TESTER_EVERY_S) {
		buf_printf(text, "The last test was asked for %" PRId64
		    " s ago; wait another %" PRId64 " s", since_s,
		    TESTER_EVERY_S - since_s);
		return true;
	}
	tester->asked = now;
	return false;
}

static int64_t
ask(struct tester *tester, const struct report *report, struct buf *text)
{
	atomic_store(&tester->board->counters.test_alert_until_s,
	    clock_wall().s + TEST_ALERT_S);
	log_info("A test of the notifications was asked for, of license %s",
	    report->name);
	if (tester->master == NULL) {
		buf_puts(text, "SNMP is switched off ([snmp] enabled = no), so "
			       "no notification is sent. ");
		say_metric(tester, text);
		return 0;
	}
	int64_t sequence = tester->waiting != 0 ? tester->waiting :
	    send_test(tester, report, text);
	if (sequence == 0)
		return 0;
	if (atomic_load(&tester->board->counters.agentx_up) != 1) {
		tester_late(tester, sequence, text);
		return 0;
	}
	buf_printf(text, "The SNMP master took the test notification, number %"
	    PRId64 ", of license %s. ", sequence, report->name);
	say_metric(tester, text);
	return sequence;
}

int64_t
tester_ask(struct tester *tester, const char *name, struct buf *text)
{
	struct view *view = view_take(tester->board);
	const struct report *report = view == NULL ? NULL :
	    view_find(view, name);
	int64_t sequence = 0;

	if (report == NULL)
		buf_printf(text, "there is no license '%s' in the "
		    "configuration", name);
	else if (!too_soon(tester, text))
		sequence = ask(tester, report, text);
	view_free(view);
	return sequence;
}

void
tester_sent(struct tester *tester, int64_t sequence)
{
	if (sequence >= tester->waiting)
		tester->waiting = 0;
}
