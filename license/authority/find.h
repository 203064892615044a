/* SPDX-License-Identifier: ISC */
/*
 * Which subscription a request is about: by its key, its coupon, its address;
 * or what the policy offers where there is none. It decides nothing itself.
 */
#ifndef LICENSE_AUTHORITY_FIND_H
#define LICENSE_AUTHORITY_FIND_H

#include "license/authority/records.h"

struct database;

struct find_question {
	struct database *database;
	const struct request *request;
	const char *observed;
	utc_t now;
	utc_t since; /* rebinds from then on */
};

/* find_dossier: all that bears on the request; -1 when the database failed. */
int find_dossier(const struct find_question *question, struct dossier *out);

#endif
