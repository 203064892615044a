/* SPDX-License-Identifier: ISC */
/* The lists of ranges with their parameters; it chooses nothing. */
#include "license/base/accept.h"

#include <string.h>
#include <strings.h>

struct slice {
	const char *at;
	size_t len;
};

struct range {
	struct slice type, subtype; /* subtype: none of a coding */
	struct slice version;
	int quality; /* -1: it cannot be read */
	bool escaping;
};

static const char token_chars[] = "!#$%&'*+-.^_`|~0123456789"
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

static bool
is(struct slice s, const char *text)
{
	return s.len == strlen(text) && strncasecmp(s.at, text, s.len) == 0;
}

static const char *
skip_space(const char *p)
{
	return p + strspn(p, " \t");
}

static struct slice
take_token(const char **p)
{
	struct slice token = {*p, strspn(*p, token_chars)};

	*p += token.len;
	return token;
}

/* A token, or what is between quotes; NULL when the second quote is missing. */
static struct slice
take_value(const char **p)
{
	if (**p != '"')
		return take_token(p);
	struct slice value = {*p + 1, 0};

	for (*p += 1; **p != '"'; *p += 1) {
		if (**p == '\\' && (*p)[1] != '\0')
			*p += 1;
		if (**p == '\0')
			return (struct slice){NULL, 0};
	}
	value.len = (size_t)(*p - value.at);
	*p += 1;
	return value;
}

/* "0.5" is 500; -1 for what is no quality. */
static int
read_quality(struct slice s)
{
	int quality = 0;

	if (s.len == 0 || s.len > 5 || (s.len > 1 && s.at[1] != '.'))
		return -1;
	for (size_t i = 0; i < 5; i++) {
		if (i == 1)
			continue;
		char c = i < s.len ? s.at[i] : '0';
		if (c < '0' || c > '9')
			return -1;
		quality = quality * 10 + (c - '0');
	}
	return quality <= 1000 ? quality : -1;
}

/* One parameter after its semicolon; false when it cannot be read. */
static bool
read_parameter(const char **p, struct range *r)
{
	struct slice name = take_token(p), value = {"", 0};

	if (name.len == 0)
		return **p == '\0' || strchr(";, \t", **p) != NULL;
	if (**p == '=') {
		*p += 1;
		value = take_value(p);
	}
	if (value.at == NULL)
		return false;
	if (is(name, "q"))
		r->quality = read_quality(value);
	else if (is(name, "version"))
		r->version = value;
	else if (is(name, "escaping"))
		r->escaping = true;
	return true;
}

/* The next range, up to its comma; false at the end. */
static bool
next_range(const char **p, struct range *r)
{
	*r = (struct range){.quality = 1000};
	*p += strspn(*p, ", \t");
	if (**p == '\0')
		return false;
	r->type = take_token(p);
	if (**p == '/') {
		*p += 1;
		r->subtype = take_token(p);
	}
	bool good = true;
	for (*p = skip_space(*p); good && **p == ';'; *p = skip_space(*p)) {
		*p = skip_space(*p + 1);
		good = read_parameter(p, r);
	}
	if (!good || (**p != ',' && **p != '\0')) {
		r->quality = -1;
		*p += strcspn(*p, ",");
	}
	return true;
}

static enum accept_nearness
nearness(const struct range *r, const struct accept_offer *offer)
{
	if (is(r->type, "*"))
		return is(r->subtype, "*") ? ACCEPT_ANYTHING : ACCEPT_NOT_NAMED;
	if (!is(r->type, offer->type))
		return ACCEPT_NOT_NAMED;
	if (is(r->subtype, "*"))
		return ACCEPT_FAMILY;
	if (!is(r->subtype, offer->subtype))
		return ACCEPT_NOT_NAMED;
	if (r->version.at == NULL)
		return ACCEPT_TYPE;
	return is(r->version, offer->version) ? ACCEPT_VERSION :
						 ACCEPT_NOT_NAMED;
}

void
accept_weigh(const char *accept, const struct accept_offer *offer,
    struct accept_weight *out)
{
	const char *p = accept == NULL ? "" : accept;
	struct range r;

	*out = (struct accept_weight){ACCEPT_NOT_NAMED, 0, 0, false};
	for (size_t place = 0; next_range(&p, &r); place++) {
		enum accept_nearness near = nearness(&r, offer);

		if (r.quality >= 0 && near > out->nearness)
			*out = (struct accept_weight){near, r.quality, place,
				r.escaping};
	}
}

bool
accept_gzip(const char *accept_encoding)
{
	const char *p = accept_encoding == NULL ? "" : accept_encoding;
	int gzip = 0, identity = 0;
	struct range r;

	while (next_range(&p, &r)) {
		if (r.subtype.at != NULL)
			continue;
		if (is(r.type, "gzip") || is(r.type, "x-gzip"))
			gzip = r.quality;
		else if (is(r.type, "identity"))
			identity = r.quality;
	}
	return gzip > 0 && gzip >= identity;
}
