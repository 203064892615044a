/* SPDX-License-Identifier: ISC */
/*
 * Why an authority cannot be reached, in words for each of: name, connection,
 * proxy, certificate, TLS, HTTP. It knows no libcurl, only its findings.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "license/base/buf.h"
#include "license/doctor.h"

/* As OpenSSL has always numbered them; linked into what has no OpenSSL. */
enum {
	VERIFY_NOT_YET_VALID = 9,
	VERIFY_EXPIRED = 10,
	VERIFY_SELF_SIGNED = 18,
	VERIFY_SELF_SIGNED_CHAIN = 19,
	VERIFY_NO_ISSUER = 20,
	VERIFY_NO_LEAF = 21,
	VERIFY_WRONG_NAME = 62,
	VERIFY_WRONG_ADDRESS = 64,
};

enum { CERTIFICATE_SOON_S = 14 * DAY_S, PLACE_SIZE = DOCTOR_PATH_SIZE };

/* where: the host and the port of the URL, "[::1]" without its brackets. */
struct where {
	char host[PLACE_SIZE], port[8];
};

static void
find_where(const char *url, struct where *out)
{
	const char *p = strstr(url, "://"), *at;
	size_t len;

	snprintf(out->port, sizeof(out->port), "%s",
	    strncmp(url, "http://", 7) == 0 ? "80" : "443");
	p = p == NULL ? url : p + 3;
	len = strcspn(p, "/?#");
	at = memrchr(p, '@', len);
	if (at != NULL) {
		len -= (size_t)(at + 1 - p);
		p = at + 1;
	}
	size_t host_len = p[0] == '[' ? strcspn(p, "]") : strcspn(p, ":/?#");
	const char *host = p[0] == '[' ? p + 1 : p;
	const char *rest = p[0] == '[' ? p + host_len + 1 : p + host_len;
	if (p[0] == '[' && host_len > 0)
		host_len--;
	host_len = host_len < len ? host_len : len;
	snprintf(out->host, sizeof(out->host), "%.*s", (int)host_len, host);
	if (rest < p + len && rest[0] == ':')
		snprintf(out->port, sizeof(out->port), "%.*s",
		    (int)(p + len - rest - 1), rest + 1);
}

/* seconds: "0.01 s", of how long it took. */
static const char *
seconds(const struct doctor_authority *a, char out[static 24])
{
	snprintf(out, 24, "%" PRId64 ".%02" PRId64 " s",
	    a->duration_ms / 1000, a->duration_ms % 1000 / 10);
	return out;
}

static struct doctor_step *
add(struct doctor_report *out, const struct doctor_license *l,
    const char *found)
{
	char took[24];

	return doctor_add(out, STEP_AUTHORITY, l->name, "%s (%s)", found,
	    seconds(&l->authority, took));
}

/* As the agent asks it: through the same proxy, and believing the same CA. */
static void
command_curl(struct doctor_step *step, const struct doctor_authority *a)
{
	bool proxied = a->proxy[0] != '\0', trusting = a->ca[0] != '\0';

	doctor_command(step, "curl -v%s%s%s%s %s/healthz", trusting ?
	    " --cacert " : "", a->ca, proxied ? " -x " : "", a->proxy, a->url);
}

static void
judge_name(const struct doctor_license *l, const struct where *w,
    struct doctor_report *out)
{
	const struct doctor_authority *a = &l->authority;
	struct where proxy;
	char found[DOCTOR_TEXT_SIZE];
	bool late = a->result == RESULT_TIMEOUT;
	struct doctor_step *step;

	find_where(a->proxy, &proxy);
	const char *host = a->proxy_name ? proxy.host : w->host;
	snprintf(found, sizeof(found), late ? "DNS: no answer about the name "
	    "%s%s" : "DNS: the name %s%s does not resolve", host,
	    a->proxy_name ? ", the proxy's," : "");
	step = add(out, l, found);
	doctor_mend(step, DOCTOR_FAILED, late ? "See that the name servers of "
	    "/etc/resolv.conf answer from here." : "Correct %s, or make the "
	    "name known to the resolver.", a->proxy_name ? "proxy" :
	    "authority-url");
	doctor_command(step, "getent ahosts %s", host);
}

static void
judge_connect(const struct doctor_license *l, const struct where *w,
    struct doctor_report *out)
{
	const struct doctor_authority *a = &l->authority;
	bool late = a->result == RESULT_TIMEOUT, proxied = a->proxy[0] != '\0';
	char found[DOCTOR_TEXT_SIZE];
	struct where proxy;
	struct doctor_step *step;

	find_where(a->proxy, &proxy);
	const char *host = proxied ? proxy.host : w->host;
	const char *port = proxied ? proxy.port : w->port;
	snprintf(found, sizeof(found), "TCP: %s%s port %s %s%s",
	    proxied ? "the proxy " : "", host, port,
	    late ? "does not answer in time" : a->os_error == 0 ?
	    "cannot be reached" : "cannot be reached: ",
	    late || a->os_error == 0 ? "" : strerror(a->os_error));
	step = add(out, l, found);
	if (late)
		doctor_mend(step, DOCTOR_FAILED, "A firewall drops it on the "
		    "way: open outgoing tcp port %s to %s, or set proxy.",
		    port, host);
	else
		doctor_mend(step, DOCTOR_FAILED, "See that %s is right, and "
		    "that the server there runs.", proxied ? "proxy" :
		    "authority-url");
	command_curl(step, a);
}

static void
judge_certificate(const struct doctor_license *l, const struct where *w,
    struct doctor_report *out)
{
	const struct doctor_authority *a = &l->authority;
	const char *ca = a->ca[0] == '\0' ? "those of the system" : a->ca;
	char found[DOCTOR_TEXT_SIZE];
	/* The name is libcurl's to judge, after OpenSSL was content. */
	bool other_name = strstr(a->detail, "subject name") != NULL;
	struct doctor_step *step;

	switch (other_name ? VERIFY_WRONG_NAME : a->tls_verify) {
	case VERIFY_EXPIRED:
	case VERIFY_NOT_YET_VALID:
		snprintf(found, sizeof(found), "TLS: the certificate of %s is "
		    "%s, by the clock of this machine", w->host,
		    a->tls_verify == VERIFY_EXPIRED ? "expired" :
						      "not yet valid");
		step = add(out, l, found);
		doctor_mend(step, DOCTOR_FAILED, "If this machine's date is "
		    "right, the authority needs a new certificate: tell the "
		    "vendor.");
		break;
	case VERIFY_SELF_SIGNED:
	case VERIFY_SELF_SIGNED_CHAIN:
	case VERIFY_NO_ISSUER:
	case VERIFY_NO_LEAF:
		snprintf(found, sizeof(found), "TLS: the certificate of %s is "
		    "not trusted: none of the authorities known (%s) signed "
		    "it", w->host, ca);
		step = add(out, l, found);
		doctor_mend(step, DOCTOR_FAILED, "Set authority-ca to the CA "
		    "certificate from the vendor; behind a proxy that opens "
		    "TLS, to the proxy's.");
		break;
	case VERIFY_WRONG_NAME:
	case VERIFY_WRONG_ADDRESS:
		snprintf(found, sizeof(found), "TLS: the certificate is for "
		    "another name than %s: %s", w->host, a->detail);
		step = add(out, l, found);
		doctor_mend(step, DOCTOR_FAILED, "Write the name that is in "
		    "the certificate into authority-url.");
		break;
	default:
		snprintf(found, sizeof(found), "TLS: %s", a->detail);
		step = add(out, l, found);
		doctor_mend(step, DOCTOR_FAILED, "Show this line to the "
		    "vendor.");
	}
	doctor_command(step, "openssl s_client -connect %s:%s </dev/null "
	    "2>/dev/null | openssl x509 -noout -subject -issuer -dates -ext "
	    "subjectAltName", w->host, w->port);
}

static void
judge_tls(const struct doctor_license *l, const struct where *w,
    struct doctor_report *out)
{
	const struct doctor_authority *a = &l->authority;
	char found[DOCTOR_TEXT_SIZE];
	struct doctor_step *step;

	/* libcurl's words: the number alone is there without a certificate. */
	if (a->result == RESULT_TLS &&
	    (strstr(a->detail, "SSL certificate problem") != NULL ||
		strstr(a->detail, "subject name") != NULL)) {
		judge_certificate(l, w, out);
		return;
	}
	snprintf(found, sizeof(found), a->result == RESULT_TIMEOUT ?
	    "TLS: %s port %s takes the connection and does not answer in time"
	    : "TLS: %s port %s does not speak it: %s", w->host, w->port,
	    a->detail);
	step = add(out, l, found);
	doctor_mend(step, DOCTOR_FAILED, "See that the port of authority-url "
	    "is the authority's, and that nothing between opens or delays "
	    "TLS.");
	doctor_command(step, "openssl s_client -connect %s:%s", w->host,
	    w->port);
}

static void
judge_proxy(const struct doctor_license *l, struct doctor_report *out)
{
	const struct doctor_authority *a = &l->authority;
	char found[DOCTOR_TEXT_SIZE];
	struct doctor_step *step;

	snprintf(found, sizeof(found), "proxy: %s refuses with HTTP %d",
	    a->proxy, a->proxy_status);
	step = add(out, l, found);
	doctor_mend(step, DOCTOR_FAILED, a->proxy_status == 407 ? "Write user "
	    "and password into proxy: http://USER:PASSWORD@HOST:PORT." :
	    "Let the proxy's administrator allow CONNECT to %s.", a->url);
	command_curl(step, a);
}

/* The name was found, a connection stands; what is said over it is wrong. */
static void
judge_http(const struct doctor_license *l, const struct where *w,
    struct doctor_report *out)
{
	const struct doctor_authority *a = &l->authority;
	char found[DOCTOR_TEXT_SIZE];
	struct doctor_step *step;

	if (a->result == RESULT_TIMEOUT)
		snprintf(found, sizeof(found), "HTTP: %s port %s takes the "
		    "question and does not answer in time", w->host, w->port);
	else if (a->result == RESULT_OK)
		snprintf(found, sizeof(found), "HTTP: what answers at %s is "
		    "no licensing authority, or a broken one: status %d",
		    a->url, a->status);
	else
		snprintf(found, sizeof(found), "HTTP: %s port %s: %s", w->host,
		    w->port, a->detail);
	step = add(out, l, found);
	doctor_mend(step, DOCTOR_FAILED, a->result == RESULT_TIMEOUT ||
	    a->status >= 500 ? "The fault is at the authority: tell the "
	    "vendor; the license in hand runs on." : "Correct authority-url: "
	    "the vendor gave it with the subscription.");
	command_curl(step, a);
}

static void
judge_well(const struct doctor_license *l, const struct where *w,
    struct doctor_report *out)
{
	const struct doctor_authority *a = &l->authority;
	char found[DOCTOR_TEXT_SIZE], date[UTC_DATE_SIZE];
	bool secure = strncmp(a->url, "https://", 8) == 0;
	struct doctor_step *step;

	utc_date(a->certificate_not_after, date);
	snprintf(found, sizeof(found), "%s port %s answers%s%s%s%s", w->host,
	    w->port, a->proxy[0] == '\0' ? "" : " through ", a->proxy,
	    secure ? "; its certificate ends " : ", without TLS", secure ?
	    a->certificate_not_after.s == 0 ? "on an unknown day" : date : "");
	step = add(out, l, found);
	if (a->certificate_not_after.s != 0 && a->certificate_not_after.s -
		a->now.s < CERTIFICATE_SOON_S)
		doctor_mend(step, DOCTOR_WARNING, "Ask the vendor for a new "
		    "certificate at the authority before that day.");
}

void
doctor_judge_authority(const struct doctor_license *l,
    struct doctor_report *out)
{
	const struct doctor_authority *a = &l->authority;
	struct where where;

	if (!a->tried) {
		doctor_skip(out, STEP_AUTHORITY, l->name, "%s", a->why_not);
		return;
	}
	find_where(a->url, &where);
	if (a->result == RESULT_OK && a->is_authority)
		judge_well(l, &where, out);
	else if (a->proxy_status >= 300)
		judge_proxy(l, out);
	else if (a->result == RESULT_DNS ||
	    (a->result == RESULT_TIMEOUT && a->phase == PHASE_NAME))
		judge_name(l, &where, out);
	else if (a->result == RESULT_CONNECT ? a->phase <= PHASE_CONNECT :
	    a->result == RESULT_TIMEOUT && a->phase == PHASE_CONNECT)
		judge_connect(l, &where, out);
	else if (a->result == RESULT_TLS ||
	    (a->result == RESULT_TIMEOUT && a->phase == PHASE_TLS))
		judge_tls(l, &where, out);
	else
		judge_http(l, &where, out);
}
