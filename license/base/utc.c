/* SPDX-License-Identifier: ISC */
/* Civil time in UTC by arithmetic; it reads no clock and no zone file. */
#include "license/base/utc.h"

#include <string.h>

/* Days since 1970-01-01 of a proleptic Gregorian date; March-based year. */
static int64_t
days_from_date(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 +
	    day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 -
	    year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

static int64_t
floor_days(int64_t s)
{
	return s >= 0 ? s / DAY_S : -((-s + DAY_S - 1) / DAY_S);
}

struct utc_civil
utc_to_civil(utc_t t)
{
	int64_t days = floor_days(t.s);
	int64_t rest = t.s - days * DAY_S;
	int64_t shifted = days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t day_of_era = shifted - era * 146097;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 +
	    day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era +
	    year_of_era / 4 - year_of_era / 100);
	int64_t shifted_month = (5 * day_of_year + 2) / 153;
	int month = (int)(shifted_month + (shifted_month < 10 ? 3 : -9));

	return (struct utc_civil){
		.year = (int)(year_of_era + era * 400 + (month <= 2)),
		.month = month,
		.day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1),
		.hour = (int)(rest / 3600),
		.minute = (int)(rest / 60 % 60),
		.second = (int)(rest % 60),
	};
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

bool
utc_from_civil(const struct utc_civil *c, utc_t *out)
{
	if (c->year < 1970 || c->year > 2105 || c->month < 1 || c->month > 12)
		return false;
	if (c->day < 1 || c->day > days_in_month(c->year, c->month))
		return false;
	if (c->hour < 0 || c->hour > 23 || c->minute < 0 || c->minute > 59 ||
	    c->second < 0 || c->second > 59)
		return false;
	*out = (utc_t){days_from_date(c->year, c->month, c->day) * DAY_S +
		c->hour * 3600 + c->minute * 60 + c->second};
	return true;
}

/* Match ${text} against ${shape}, where 0 stands for a digit. */
static bool
has_shape(const char *text, const char *shape)
{
	for (; *shape != '\0'; text++, shape++) {
		bool digit = *text >= '0' && *text <= '9';
		if (*shape == '0' ? !digit : *text != *shape)
			return false;
	}
	return *text == '\0';
}

static int
digits(const char *p, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++)
		value = value * 10 + (p[i] - '0');
	return value;
}

bool
utc_parse(const char *text, utc_t *out)
{
	if (!has_shape(text, "0000-00-00T00:00:00Z"))
		return false;
	struct utc_civil c = {
		.year = digits(text, 4),
		.month = digits(text + 5, 2),
		.day = digits(text + 8, 2),
		.hour = digits(text + 11, 2),
		.minute = digits(text + 14, 2),
		.second = digits(text + 17, 2),
	};
	return utc_from_civil(&c, out);
}

bool
utc_parse_date(const char *text, utc_t *out)
{
	if (!has_shape(text, "0000-00-00"))
		return false;
	struct utc_civil c = {
		.year = digits(text, 4),
		.month = digits(text + 5, 2),
		.day = digits(text + 8, 2),
	};
	return utc_from_civil(&c, out);
}

static utc_t
clamp(utc_t t)
{
	return utc_max(UTC_MIN, utc_min(UTC_MAX, t));
}

static void
put_digits(char *p, int n, int value)
{
	for (; n > 0; value /= 10)
		p[--n] = (char)('0' + value % 10);
}

void
utc_text(utc_t t, char out[static UTC_TEXT_SIZE])
{
	struct utc_civil c = utc_to_civil(clamp(t));

	memcpy(out, "0000-00-00T00:00:00Z", UTC_TEXT_SIZE);
	put_digits(out, 4, c.year);
	put_digits(out + 5, 2, c.month);
	put_digits(out + 8, 2, c.day);
	put_digits(out + 11, 2, c.hour);
	put_digits(out + 14, 2, c.minute);
	put_digits(out + 17, 2, c.second);
}

void
utc_date(utc_t t, char out[static UTC_DATE_SIZE])
{
	char text[UTC_TEXT_SIZE];

	utc_text(t, text);
	memcpy(out, text, UTC_DATE_SIZE - 1);
	out[UTC_DATE_SIZE - 1] = '\0';
}

utc_t
utc_day_end(utc_t t, int64_t days)
{
	return (utc_t){(floor_days(t.s) + days + 1) * DAY_S - 1};
}

int64_t
utc_days(utc_t t, utc_t now)
{
	return floor_days(t.s - now.s);
}
