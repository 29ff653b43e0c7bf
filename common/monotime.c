/*
 * Copyright (c) 2026 The quptimed authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "monotime.h"

#define NSEC		1000000000LL
/* Seconds from 0001-01-01 to 1970-01-01. */
#define UNIX_EPOCH	62135596800LL

static int64_t	 days_before_year(int64_t);
static int	 digits(const char **, int, int *);
static int	 parse_zone(const char *, int32_t *);

struct monotime
mono_now(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (MONO_NSEC(ts.tv_sec * NSEC + ts.tv_nsec));
}

struct monotime
mono_add(struct monotime a, struct monotime b)
{
	return (MONO_NSEC(a.ns + b.ns));
}

struct monotime
mono_sub(struct monotime a, struct monotime b)
{
	return (MONO_NSEC(a.ns - b.ns));
}

int
mono_cmp(struct monotime a, struct monotime b)
{
	return ((a.ns > b.ns) - (a.ns < b.ns));
}

struct timeval
mono_left(struct monotime deadline, struct monotime now)
{
	return (mono_tv(mono_sub(deadline, now)));
}

/* Rounded up, so that a timer never fires before its time. */
struct timeval
mono_tv(struct monotime t)
{
	struct timeval	 tv = { 0, 0 };

	if (t.ns > 0) {
		tv.tv_sec = t.ns / NSEC;
		tv.tv_usec = (t.ns % NSEC + 999) / 1000;
		if (tv.tv_usec == 1000000) {
			tv.tv_sec++;
			tv.tv_usec = 0;
		}
	}
	return (tv);
}

struct walltime
wall_now(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (wall_from_unix(ts.tv_sec, ts.tv_nsec));
}

int64_t
wall_unix(const struct walltime *w)
{
	return (w->sec - UNIX_EPOCH);
}

struct walltime
wall_from_unix(int64_t sec, int32_t nsec)
{
	struct walltime	 w;

	memset(&w, 0, sizeof(w));
	w.sec = sec + UNIX_EPOCH;
	w.nsec = nsec;
	return (w);
}

int
wall_iszero(const struct walltime *w)
{
	return (w->sec == 0 && w->nsec == 0);
}

int
wall_cmp(const struct walltime *a, const struct walltime *b)
{
	if (a->sec != b->sec)
		return (a->sec < b->sec ? -1 : 1);
	return ((a->nsec > b->nsec) - (a->nsec < b->nsec));
}

/* Days from 0001-01-01 to the first of January of that year, Gregorian. */
static int64_t
days_before_year(int64_t year)
{
	int64_t	 y = year - 1;

	/* One cycle up, so that divisions round the same way for year 0. */
	y += 400;
	return (y * 365 + y / 4 - y / 100 + y / 400 - 146097);
}

static const int	 month_days[2][13] = {
	{ 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 },
	{ 0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366 }
};

static int
is_leap(int64_t year)
{
	return (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

const char *
wall_format(const struct walltime *w, char *buf, size_t len)
{
	char	 frac[16] = "", zone[16] = "Z";
	int64_t	 local = w->sec + w->off, day, rest, year;
	int	 month = 0, off, n;

	day = local / 86400;
	rest = local % 86400;
	if (rest < 0) {
		rest += 86400;
		day--;
	}
	year = (day + 1) * 400 / 146097 + 1;
	while (days_before_year(year) > day)
		year--;
	while (days_before_year(year + 1) <= day)
		year++;
	day -= days_before_year(year);
	while (month_days[is_leap(year)][month + 1] <= day)
		month++;
	day -= month_days[is_leap(year)][month];

	if (w->nsec > 0 && w->nsec < NSEC) {
		n = snprintf(frac, sizeof(frac), ".%09d", (int)w->nsec);
		while (frac[n - 1] == '0')
			frac[--n] = '\0';
	}
	if (w->off != 0) {
		off = w->off < 0 ? -w->off : w->off;
		snprintf(zone, sizeof(zone), "%c%02d:%02d",
		    w->off < 0 ? '-' : '+', off / 3600 % 100,
		    off / 60 % 60);
	}
	snprintf(buf, len, "%04lld-%02d-%02dT%02d:%02d:%02d%s%s",
	    (long long)year, month + 1, (int)day + 1, (int)(rest / 3600),
	    (int)(rest / 60 % 60), (int)(rest % 60), frac, zone);
	return (buf);
}

static int
digits(const char **s, int n, int *value)
{
	for (*value = 0; n > 0; n--, (*s)++) {
		if (!isdigit((unsigned char)**s))
			return (-1);
		*value = *value * 10 + (**s - '0');
	}
	return (0);
}

int
wall_parse(const char *s, struct walltime *w)
{
	int	 year, month, day, hour, min, sec, i, leap;

	memset(w, 0, sizeof(*w));
	if (digits(&s, 4, &year) == -1 || *s++ != '-' ||
	    digits(&s, 2, &month) == -1 || *s++ != '-' ||
	    digits(&s, 2, &day) == -1 || *s++ != 'T' ||
	    digits(&s, 2, &hour) == -1 || *s++ != ':' ||
	    digits(&s, 2, &min) == -1 || *s++ != ':' ||
	    digits(&s, 2, &sec) == -1)
		return (-1);
	leap = is_leap(year);
	if (month < 1 || month > 12 || day < 1 || day >
	    month_days[leap][month] - month_days[leap][month - 1] ||
	    hour > 23 || min > 59 || sec > 59)
		return (-1);
	if (*s == '.' || *s == ',') {
		s++;
		if (!isdigit((unsigned char)*s))
			return (-1);
		for (i = 0; isdigit((unsigned char)*s); i++, s++)
			if (i < 9)
				w->nsec = w->nsec * 10 + (*s - '0');
		for (; i < 9; i++)
			w->nsec *= 10;
	}
	if (parse_zone(s, &w->off) == -1) {
		memset(w, 0, sizeof(*w));
		return (-1);
	}
	w->sec = (days_before_year(year) + month_days[leap][month - 1] +
	    day - 1) * 86400 + hour * 3600 + min * 60 + sec - w->off;
	return (0);
}

/* "Z", or "+hh:mm" and "-hh:mm", to the end. */
static int
parse_zone(const char *s, int32_t *off)
{
	int	 sign, hour, min;

	*off = 0;
	if (strcmp(s, "Z") == 0)
		return (0);
	if (*s != '+' && *s != '-')
		return (-1);
	sign = *s++ == '-' ? -1 : 1;
	if (digits(&s, 2, &hour) == -1 || *s++ != ':' ||
	    digits(&s, 2, &min) == -1 || *s != '\0' || hour > 23 || min > 59)
		return (-1);
	*off = sign * (hour * 3600 + min * 60);
	return (0);
}
