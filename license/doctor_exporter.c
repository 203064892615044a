/* SPDX-License-Identifier: ISC */
/*
 * What Prometheus meets at each address. Who shuts the doctor out in the way
 * that the configuration says is well; in any other way he is not.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "license/doctor.h"

enum { HTTP_TOO_MANY = 429, CERTIFICATE_SOON_S = 14 * DAY_S };

/* As OpenSSL has always numbered them; linked into what has no OpenSSL. */
enum { VERIFY_NOT_YET_VALID = 9, VERIFY_EXPIRED = 10 };

static void
judge_taken(const struct doctor_listener *l, struct doctor_report *out)
{
	struct doctor_step *step;

	step = doctor_add(out, STEP_EXPORTER, l->address, "another program%s%s "
	    "has this port, not the agent (%s %d)",
	    l->owner[0] == '\0' ? "" : " of user ", l->owner,
	    l->result == RESULT_OK ? "HTTP" : l->detail, l->status);
	doctor_mend(step, DOCTOR_FAILED, "Stop what has the port, or give the "
	    "exporter another with listen; then restart the agent.");
	const char *port = strrchr(l->address, ':');
	doctor_command(step, "ss -ltnp 'sport = %s'",
	    port == NULL ? l->address : port);
}

__attribute__((format(printf, 3, 4))) static void
restart(struct doctor_report *out, const struct doctor_listener *l,
    const char *format, ...)
{
	char found[DOCTOR_DETAIL_SIZE + 128];
	struct doctor_step *step;
	va_list args;

	va_start(args, format);
	vsnprintf(found, sizeof(found), format, args);
	va_end(args);
	step = doctor_add(out, STEP_EXPORTER, l->address, "%s", found);
	doctor_mend(step, DOCTOR_FAILED, "Restart the agent: it takes up "
	    "listen and tls-cert when it starts.");
	doctor_command(step, "systemctl restart leaselined");
}

static void
judge_tls(const struct doctor_listener *l, struct doctor_report *out)
{
	struct doctor_step *step;

	if (strstr(l->detail, "certificate problem") == NULL) {
		restart(out, l, "it answers without the TLS of the "
		    "configuration: %s", l->detail);
		return;
	}
	if (l->tls_verify == VERIFY_EXPIRED ||
	    l->tls_verify == VERIFY_NOT_YET_VALID) {
		step = doctor_add(out, STEP_EXPORTER, l->address, "its "
		    "certificate is %s, by the clock of this machine: "
		    "Prometheus refuses it", l->tls_verify == VERIFY_EXPIRED ?
		    "expired" : "not yet valid");
		doctor_mend(step, DOCTOR_FAILED, "Put a new certificate and "
		    "its key at tls-cert and tls-key; the agent takes them "
		    "by itself.");
	} else {
		step = doctor_add(out, STEP_EXPORTER, l->address, "the "
		    "certificate that it shows is not the one of tls-cert: "
		    "%s", l->detail);
		doctor_mend(step, DOCTOR_FAILED, "Reload the agent, and see "
		    "in its log why it does not take the files.");
	}
	doctor_command(step, "openssl s_client -connect %s </dev/null "
	    "2>/dev/null | openssl x509 -noout -subject -issuer -dates",
	    l->address);
}

/* How it shuts the doctor out, in the way that is configured; NULL: not so. */
static const char *
guard_of(const struct doctor_listener *l)
{
	if (l->is_asked && l->has_users)
		return " and asks for user and password";
	/*
	 * TLS 1.3 refuses a client without a certificate past the handshake;
	 * who came so far has seen the certificate of the configuration.
	 */
	if (l->has_client_ca && l->in_tls && l->status == 0 &&
	    (l->result == RESULT_HTTP || l->result == RESULT_CONNECT))
		return " and asks for a client certificate";
	if (l->status == HTTP_TOO_MANY)
		return ", and has been asked enough this second";
	return NULL;
}

static void
judge_well(const struct doctor_listener *l, const char *guard,
    struct doctor_report *out)
{
	bool is_file = strncmp(l->address, "unix:", 5) == 0;
	char date[UTC_DATE_SIZE] = "";
	struct doctor_step *step;

	utc_date(l->certificate_not_after, date);
	bool ends = l->tls && l->certificate_not_after.s != 0;
	step = doctor_add(out, STEP_EXPORTER, l->address, "it answers in "
	    "%" PRId64 " ms%s; %s%s%s%s%s%s", l->duration_ms, guard, is_file ?
	    "a proxy of this machine scrapes " : "Prometheus scrapes ",
	    l->tls ? "https://" : is_file ? "" : "http://", l->address,
	    is_file ? "" : "/metrics", ends ? "; its certificate ends " : "",
	    ends ? date : "");
	if (ends && l->certificate_not_after.s - l->now.s < CERTIFICATE_SOON_S)
		doctor_mend(step, DOCTOR_WARNING, "Put a new certificate and "
		    "its key at tls-cert and tls-key before that day; the "
		    "agent takes them by itself.");
	else if (!l->loopback && !l->tls)
		doctor_mend(step, DOCTOR_WARNING, "Everybody who reaches this "
		    "address reads %s: listen on 127.0.0.1 behind a "
		    "proxy, or set tls-cert and tls-key.", l->has_users ?
		    "the passwords on their way" : "the license");
}

static void
judge_listener(const struct doctor_found *f, const struct doctor_listener *l,
    struct doctor_report *out)
{
	bool runs = f->agent.told || f->host.contact == CONTACT_ANSWERS;
	const char *guard = runs ? guard_of(l) : NULL;

	if (l->is_unserved)
		restart(out, l, "the configuration says listen = %s, and the "
		    "agent does not listen there", l->address);
	else if (l->result == RESULT_CONNECT && !l->connected && !runs)
		doctor_skip(out, STEP_EXPORTER, l->address, "see agent; the "
		    "port is free");
	else if (guard != NULL || (l->is_ours && l->result != RESULT_TLS))
		judge_well(l, guard == NULL ? "" : guard, out);
	else if (runs && l->is_shut && l->connected && l->status == 0 &&
	    l->result != RESULT_TIMEOUT)
		doctor_skip(out, STEP_EXPORTER, l->address, "it closes on this "
		    "machine, which is not in allow");
	else if (l->result == RESULT_TIMEOUT || !l->connected)
		restart(out, l, "no answer: %s", l->detail);
	else if (!runs)
		judge_taken(l, out);
	else if (l->result == RESULT_TLS)
		judge_tls(l, out);
	else if (l->status != 0)
		restart(out, l, "it does not answer as the configuration "
		    "says: HTTP %d", l->status);
	else
		restart(out, l, "it does not answer as the configuration "
		    "says: %s", l->detail);
}

void
doctor_judge_exporter(const struct doctor_found *f, struct doctor_report *out)
{
	if (f->listener_count == 0)
		doctor_skip(out, STEP_EXPORTER, "", "it listens nowhere");
	for (size_t i = 0; i < f->listener_count; i++)
		judge_listener(f, &f->listeners[i], out);
}
