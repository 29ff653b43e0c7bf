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

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "duration.h"

#define NSEC	1000000000LL

static const struct {
	const char	*name;
	uint64_t	 ns;
} units[] = {
	{ "ns",		1 },
	{ "us",		1000 },
	{ "\xc2\xb5s",	1000 },		/* U+00B5 MICRO SIGN */
	{ "\xce\xbcs",	1000 },		/* U+03BC GREEK SMALL LETTER MU */
	{ "ms",		1000000 },
	{ "s",		1000000000 },
	{ "m",		60000000000 },
	{ "h",		3600000000000 }
};

/* One past the largest: the magnitude of the smallest. */
#define MAGNITUDE_MAX	((uint64_t)INT64_MAX + 1)

static int	 parse_part(const char **, uint64_t *, const char **);
static int	 parse_unit(const char **, uint64_t *, const char **);

int
duration_parse(const char *s, int64_t *ns, const char **errstr)
{
	uint64_t	 part, sum = 0;
	int		 neg = 0;

	*ns = 0;
	*errstr = "not a duration such as 30s or 1m30s";
	if (*s == '-' || *s == '+')
		neg = *s++ == '-';
	if (strcmp(s, "0") == 0) {
		*errstr = NULL;
		return (0);
	}
	if (*s == '\0')
		return (-1);
	while (*s != '\0') {
		if (parse_part(&s, &part, errstr) == -1)
			return (-1);
		if (part > MAGNITUDE_MAX - sum) {
			*errstr = "duration out of range";
			return (-1);
		}
		sum += part;
	}
	if (sum > (uint64_t)INT64_MAX && !neg) {
		*errstr = "duration out of range";
		return (-1);
	}
	if (sum == MAGNITUDE_MAX)
		*ns = INT64_MIN;
	else
		*ns = neg ? -(int64_t)sum : (int64_t)sum;
	*errstr = NULL;
	return (0);
}

/*
 * A decimal number and its unit; one side of the point may be empty.  The
 * fraction is worked out in double precision and cut, digits beyond 63 bits
 * dropped: every node must read the same nanoseconds.
 */
static int
parse_part(const char **s, uint64_t *ns, const char **errstr)
{
	uint64_t	 whole = 0, frac = 0, unit;
	double		 scale = 1;
	int		 digit, full = 0, seen = 0;

	for (; **s >= '0' && **s <= '9'; (*s)++, seen = 1) {
		digit = **s - '0';
		if (whole > (MAGNITUDE_MAX - digit) / 10) {
			*errstr = "duration out of range";
			return (-1);
		}
		whole = whole * 10 + digit;
	}
	if (**s == '.') {
		for ((*s)++; **s >= '0' && **s <= '9'; (*s)++, seen = 1) {
			digit = **s - '0';
			if (full || frac > (MAGNITUDE_MAX - digit) / 10) {
				full = 1;
				continue;
			}
			frac = frac * 10 + digit;
			scale *= 10;
		}
	}
	if (!seen)
		return (-1);
	if (parse_unit(s, &unit, errstr) == -1)
		return (-1);
	if (whole > MAGNITUDE_MAX / unit) {
		*errstr = "duration out of range";
		return (-1);
	}
	whole *= unit;
	frac = (uint64_t)((double)frac * ((double)unit / scale));
	if (frac > MAGNITUDE_MAX - whole) {
		*errstr = "duration out of range";
		return (-1);
	}
	*ns = whole + frac;
	return (0);
}

static int
parse_unit(const char **s, uint64_t *ns, const char **errstr)
{
	size_t	 i, len;

	len = strcspn(*s, ".0123456789");
	if (len == 0) {
		*errstr = "duration without a unit";
		return (-1);
	}
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == len &&
		    strncmp(units[i].name, *s, len) == 0) {
			*ns = units[i].ns;
			*s += len;
			return (0);
		}
	*errstr = "duration with an unknown unit (ns, us, ms, s, m, h)";
	return (-1);
}

/*
 * Below a second one unit that leaves no leading zero; from there hours,
 * minutes and seconds, each from the first that is not zero on.
 */
const char *
duration_format(int64_t ns, char *buf, size_t len)
{
	char		 frac[16] = "";
	const char	*sign = ns < 0 ? "-" : "", *unit = "s";
	uint64_t	 u = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	uint64_t	 one = NSEC, secs;
	int		 n;

	if (u == 0) {
		snprintf(buf, len, "0s");
		return (buf);
	}
	if (u < 1000) {
		one = 1;
		unit = "ns";
	} else if (u < 1000000) {
		one = 1000;
		unit = "\xc2\xb5s";
	} else if (u < NSEC) {
		one = 1000000;
		unit = "ms";
	}
	if (u % one != 0) {
		n = snprintf(frac, sizeof(frac), ".%0*llu",
		    one == NSEC ? 9 : one == 1000000 ? 6 : 3,
		    (unsigned long long)(u % one));
		while (frac[n - 1] == '0')
			frac[--n] = '\0';
	}
	secs = u / one;
	if (one == NSEC && secs >= 3600)
		snprintf(buf, len, "%s%lluh%llum%llu%ss", sign,
		    (unsigned long long)(secs / 3600),
		    (unsigned long long)(secs / 60 % 60),
		    (unsigned long long)(secs % 60), frac);
	else if (one == NSEC && secs >= 60)
		snprintf(buf, len, "%s%llum%llu%ss", sign,
		    (unsigned long long)(secs / 60),
		    (unsigned long long)(secs % 60), frac);
	else
		snprintf(buf, len, "%s%llu%s%s", sign,
		    (unsigned long long)secs, frac, unit);
	return (buf);
}
