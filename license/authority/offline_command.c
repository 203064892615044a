/* SPDX-License-Identifier: ISC */
/*
 * Files, keys and records around offline.h: the request is verified before it
 * is read, and what it leads to is on disk before it is printed.
 */
#include "license/authority/offline_command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "license/authority/arguments.h"
#include "license/authority/database.h"
#include "license/authority/event.h"
#include "license/authority/init.h"
#include "license/authority/issue.h"
#include "license/authority/offline.h"
#include "license/authority/output.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/file.h"
#include "license/verify.h"

enum { ERROR_MAX = 8192, SHOWN_SIZE = 128 };

/* One command on one subscription. */
struct work {
	const struct arguments *arguments;
	struct database *database;
	struct issuer *issuer;
	uint8_t signer[KEY_SIZE];
	char issuer_name[TEXT_64];
	struct request request;
	uint8_t request_sha256[SHA256_SIZE];
	char subscription[TEXT_64];
	struct dossier dossier;
	size_t count;
	struct offline issued[OFFLINES_MAX];
	struct offline_answer answer;
	struct buf document, error;
	utc_t now;
	bool usage; /* the error is one of usage */
};

static struct work *
work_new(const struct arguments *a)
{
	struct work *w = calloc(1, sizeof(*w));

	if (!w) {
		output_error("there is no memory");
		return NULL;
	}
	w->arguments = a;
	w->now = clock_wall();
	buf_init(&w->document, DOCUMENT_MAX);
	buf_init(&w->error, ERROR_MAX);
	return w;
}

static int
work_end(struct work *w, bool good)
{
	int code = good ? 0 : w->usage ? 2 : 1;

	if (!good)
		output_error("%s", buf_text(&w->error));
	if (w->database)
		database_rollback(w->database);
	database_close(w->database);
	issuer_free(w->issuer);
	buf_fini(&w->document);
	buf_fini(&w->error);
	free(w);
	return code;
}

static bool
database_failed(struct work *w)
{
	buf_puts(&w->error, database_error(w->database));
	return false;
}

static bool
read_request(struct work *w)
{
	const char *path = w->arguments->operand;
	char shown[SHOWN_SIZE], why[256];
	struct doc_fault fault = { .error = DOC_OK };
	struct doc_frame frame;
	struct buf bytes;
	bool good = false;

	text_printable(path, shown, sizeof(shown));
	buf_init(&bytes, DOCUMENT_MAX);
	if (file_read(path, &bytes) == -1) {
		buf_printf(&w->error, "%s: %s", shown, errno == EFBIG ?
		    "it is larger than 16 KiB: not a request" :
		    strerror(errno));
		goto out;
	}
	fault.error = doc_frame_read(buf_text(&bytes), bytes.len,
	    PURPOSE_REQUEST, &frame);
	if (fault.error == DOC_OK)
		fault.error = doc_verify_machine(&frame);
	good = fault.error == DOC_OK &&
	    request_decode(&frame, &w->request, &fault);
	if (good) {
		sha256(bytes.data, bytes.len, w->request_sha256);
		goto out;
	}
	doc_fault_text(&fault, why, sizeof(why));
	buf_printf(&w->error, "%s is not a good request: %s; let the customer "
	    "send the output of `fcli show license_hardware_data` as an "
	    "attachment, unchanged", shown, why);
out:
	buf_fini(&bytes);
	return good;
}

static bool
open_all(struct work *w)
{
	const char *directory = arguments_directory(w->arguments);

	w->issuer = init_issuer(directory, &w->error);
	w->database = w->issuer ? init_database(directory, &w->error) : NULL;
	if (!w->database)
		return false;
	return (database_get(w->database, "issuer", w->issuer_name,
	    sizeof(w->issuer_name)) == 1 &&
	    database_begin(w->database) == 0) || database_failed(w);
}

/* Named, or that of the machine: only what its key proves counts. */
static bool
choose(struct work *w)
{
	const char *named = arguments_text(w->arguments, OPTION_SUBSCRIPTION);
	const struct request *r = &w->request;
	int n;

	if (named) {
		text_copy(w->subscription, sizeof(w->subscription), named);
		return true;
	}
	n = database_load_by_key(w->database, r->machine_key, r->product,
	    w->now, &w->dossier);
	if (n == 1 && w->dossier.machine.state != MACHINE_RETIRED) {
		text_copy(w->subscription, sizeof(w->subscription),
		    w->dossier.subscription.id);
		return true;
	}
	if (n != -1)
		n = database_offline_owner(w->database, r->machine_key,
		    r->product, w->subscription);
	if (n == 1)
		return true;
	if (n == -1)
		return database_failed(w);
	buf_puts(&w->error, "this machine is not known here; name what was "
	    "bought with --subscription ID");
	w->usage = true;
	return false;
}

static bool
each_issued(void *self, const struct offline *o)
{
	struct work *w = self;

	w->issued[w->count++] = *o;
	return w->count < OFFLINES_MAX;
}

static bool
load(struct work *w)
{
	char shown[SHOWN_SIZE];
	int n = database_load(w->database, w->subscription, w->now,
	    &w->dossier);

	if (n == -1 || (n == 1 && database_offlines(w->database,
	    w->subscription, each_issued, w) == -1))
		return database_failed(w);
	if (n == 1)
		return true;
	text_printable(w->subscription, shown, sizeof(shown));
	buf_printf(&w->error, "there is no subscription %s; see "
	    "`subscription list`", shown);
	return false;
}

/* From a verdict to a document that survives a loss of power. */
static bool
commit(struct work *w)
{
	struct offline_answer *a = &w->answer;

	if (a->repeat) {
		return database_offline_document(w->database, w->subscription,
		    a->record.sequence, &w->document) == 1 ||
		    database_failed(w);
	}
	if (!issue_license(w->issuer, &a->license, &w->document)) {
		buf_puts(&w->error, "the license cannot be made or signed");
		return false;
	}
	if (database_store(w->database, &a->change) == -1 ||
	    database_put_offline(w->database, &a->record, &w->document) == -1
	    || database_commit(w->database) == -1)
		return database_failed(w);
	return true;
}

static bool
print_document(struct work *w, struct output *o)
{
	bool good;

	if (output_is_json(o)) {
		output_text(o, "subscription", w->subscription);
		output_number(o, "sequence", w->answer.record.sequence);
		output_instant(o, "not_before", w->answer.record.not_before);
		output_instant(o, "ends", w->answer.record.ends);
		output_flag(o, "repeated", w->answer.repeat);
		output_text(o, "document", buf_text(&w->document));
		good = output_print(o);
	} else {
		good = fwrite(w->document.data, 1, w->document.len, stdout) ==
		    w->document.len && fflush(stdout) == 0;
	}
	if (!good)
		buf_printf(&w->error, "the license is issued and cannot be "
		    "written (%s); run the same command again for the same "
		    "license", strerror(errno));
	return good;
}

static void
tell_issued(const struct work *w, const struct offline_question *q)
{
	const struct subscription *s = &w->dossier.subscription;
	const struct offline *o = &w->answer.record;
	char from[UTC_DATE_SIZE], to[UTC_DATE_SIZE], customer[SHOWN_SIZE];
	char model[TEXT_256];
	struct buf remarks;

	utc_date(o->not_before, from);
	utc_date(o->ends, to);
	text_printable(s->customer, customer, sizeof(customer));
	text_printable(o->cpu_model, model, sizeof(model));
	fprintf(stderr, "%s: %s, sequence %lld, %s to %s\n"
	    "bound to %s, %lld CPUs, %lld MiB\n%s", s->id, customer,
	    (long long)o->sequence, from, to, model,
	    (long long)o->logical_cpus, (long long)o->memory_mib,
	    w->answer.repeat ? "the same license as before\n" :
	    "the subscription is closed to online requests until `offline "
	    "release`\n");
	buf_init(&remarks, ERROR_MAX);
	offline_remark(q, &w->answer, &remarks);
	fputs(buf_text(&remarks), stderr);
	buf_fini(&remarks);
}

int
offline_issue(const struct arguments *a, struct output *o)
{
	struct work *w = work_new(a);
	struct offline_question q = { .policy = &decide_policy_default };
	bool good;

	if (!w)
		return 1;
	w->usage = !arguments_read_date(a, OPTION_NOT_BEFORE, &q.not_before,
	    &w->error);
	if (q.not_before.s != 0) /* the day's last second */
		q.not_before.s -= DAY_S - 1;
	good = !w->usage && read_request(w) && open_all(w) && choose(w) &&
	    load(w);
	if (!good)
		return work_end(w, false);
	q.issuer = w->issuer_name;
	q.now = w->now;
	issuer_key(w->issuer, w->signer);
	q.signer = w->signer;
	q.signer_until = issuer_until(w->issuer);
	q.request = &w->request;
	q.request_sha256 = w->request_sha256;
	q.dossier = &w->dossier;
	q.count = w->count;
	q.issued = w->issued;
	good = offline_judge(&q, &w->answer, &w->error);
	if (!good) {
		struct buf whole;

		buf_init(&whole, ERROR_MAX);
		buf_printf(&whole, "no offline license for %s: %s",
		    w->subscription, buf_text(&w->error));
		buf_fini(&w->error);
		w->error = whole;
	}
	good = good && commit(w) && print_document(w, o);
	if (good)
		tell_issued(w, &q);
	return work_end(w, good);
}

static utc_t
last_end(const struct work *w)
{
	utc_t end = { 0 };

	for (size_t i = 0; i < w->count; i++)
		if (offline_standing(&w->issued[i], w->now))
			end = utc_max(end, w->issued[i].ends);
	return end;
}

static bool
release(struct work *w, const char *sentence)
{
	struct change change = { .subscription_changed = true,
		.subscription = w->dossier.subscription };

	change.subscription.offline_issued = 0;
	change.subscription.revision++;
	event_add(&change, EVENT_OFFLINE_RELEASE, w->now, "open to online "
	    "requests; %s", sentence);
	return (database_store(w->database, &change) == 0 &&
	    database_release_offline(w->database, w->subscription,
	    w->now) == 0 && database_commit(w->database) == 0) ||
	    database_failed(w);
}

int
offline_release(const struct arguments *a, struct output *o)
{
	struct work *w = work_new(a);
	char end[UTC_DATE_SIZE], sentence[EVENT_DETAIL_SIZE];
	utc_t last;

	if (!w)
		return 1;
	text_copy(w->subscription, sizeof(w->subscription), a->operand);
	if (!open_all(w) || !load(w))
		return work_end(w, false);
	if (!w->dossier.subscription.offline_issued) {
		buf_printf(&w->error, "no offline license closes %s; see "
		    "`offline list`", w->subscription);
		return work_end(w, false);
	}
	last = last_end(w);
	utc_date(last, end);
	if (last.s != 0)
		snprintf(sentence, sizeof(sentence), "what was issued stays "
		    "valid until %s where it is: nothing can call it back",
		    end);
	else
		snprintf(sentence, sizeof(sentence), "what was issued is over");
	if (!release(w, sentence))
		return work_end(w, false);
	output_note(o, "%s is open to online requests again; %s",
	    w->subscription, sentence);
	output_note(o, "at the machine: fcli set renew_license --online");
	output_text(o, "id", w->subscription);
	output_flag(o, "offline_issued", false);
	output_instant(o, "offline_valid_until", last);
	return output_print(o) ? work_end(w, true) : work_end(w, false);
}

struct listing {
	struct output *output;
	struct revoked revoked;
	utc_t now;
};

static const char *
standing(const struct offline *o, const struct listing *l)
{
	if (utc_before(o->ends, l->now))
		return "over";
	if (revoked_has(&l->revoked, o->signer))
		return "revoked";
	if (o->released.s != 0)
		return "released";
	return utc_before(l->now, o->not_before) ? "waiting" : "valid";
}

static bool
each_listed(void *self, const struct offline *o)
{
	struct listing *l = self;
	char key[BASE64_SIZE(KEY_SIZE)];

	base64_encode(o->key, KEY_SIZE, key);
	output_row(l->output);
	output_text(l->output, "subscription", o->subscription);
	output_number(l->output, "sequence", o->sequence);
	output_text(l->output, "state", standing(o, l));
	output_instant(l->output, "issued", o->issued);
	output_instant(l->output, "not_before", o->not_before);
	output_instant(l->output, "ends", o->ends);
	output_text(l->output, "machine_key", key);
	output_number(l->output, "logical_cpus", o->logical_cpus);
	output_number(l->output, "memory_mib", o->memory_mib);
	output_text(l->output, "cpu_model", o->cpu_model);
	return true;
}

int
offline_list(const struct arguments *a, struct output *o)
{
	struct work *w = work_new(a);
	struct listing l = { .output = o };
	bool good = false;

	if (!w)
		return 1;
	l.now = w->now;
	w->database = init_database(arguments_directory(a), &w->error);
	if (w->database && init_revoked(arguments_directory(a), &l.revoked,
	    NULL, &w->error)) {
		output_list(o, "offline_licenses");
		good = database_offlines(w->database, arguments_text(a,
		    OPTION_SUBSCRIPTION), each_listed, &l) == 0 ||
		    database_failed(w);
	}
	if (good && !output_print(o)) {
		buf_puts(&w->error, "the list cannot be written");
		good = false;
	}
	return work_end(w, good);
}
