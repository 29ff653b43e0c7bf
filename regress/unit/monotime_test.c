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

#include <stdint.h>

#include "monotime.h"
#include "tap.h"

static void	 test_mono(void);
static void	 test_emission(void);
static void	 test_wall(void);
static void	 test_refused(void);
static void	 test_days(void);

int
main(void)
{
	test_mono();
	test_emission();
	test_wall();
	test_refused();
	test_days();
	return (tap_done());
}

static void
test_mono(void)
{
	struct monotime	 a, b;
	struct timeval	 tv;

	a = mono_now();
	b = mono_now();
	ok(mono_cmp(a, b) <= 0 && a.ns > 0, "the clock goes on");
	b = mono_add(a, MONO_MSEC(1500));
	is_int(mono_cmp(a, b), -1, "before");
	is_int(mono_cmp(b, a), 1, "after");
	is_int(mono_cmp(a, a), 0, "at");
	is_int(mono_sub(b, a).ns, 1500000000, "the distance");
	is_int(MONO_SEC(3).ns, 3000000000, "seconds");
	tv = mono_left(b, a);
	ok(tv.tv_sec == 1 && tv.tv_usec == 500000, "what is left");
	tv = mono_left(a, b);
	ok(tv.tv_sec == 0 && tv.tv_usec == 0, "never less than nothing");
	tv = mono_tv(MONO_NSEC(1));
	ok(tv.tv_sec == 0 && tv.tv_usec == 1, "no timer is early");
	tv = mono_tv(MONO_NSEC(999999001));
	ok(tv.tv_sec == 1 && tv.tv_usec == 0, "nor has 10^6 microseconds");
	tv = mono_tv(MONO_NSEC(INT64_MAX));
	ok(tv.tv_sec > 9000000000 && tv.tv_usec < 1000000, "for ever");
}

/* json="text" yaml=t: text */
static void
test_emission(void)
{
	static const char	*const paths[] = {
		"vectors/yaml/time-emission.txt",
		"regress/unit/vectors/yaml/time-emission.txt"
	};
	char		 line[256], buf[WALL_STRLEN], *in, *out;
	struct walltime	 w;
	FILE		*f;
	int		 n = 0;

	if ((f = fopen(paths[0], "r")) == NULL &&
	    (f = fopen(paths[1], "r")) == NULL) {
		printf("Bail out! no %s\n", paths[0]);
		exit(1);
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "json=\"", 6) != 0 ||
		    (out = strstr(line, "\" yaml=t: ")) == NULL)
			continue;
		in = line + 6;
		*out = '\0';
		out += strlen("\" yaml=t: ");
		n++;
		is_int(wall_parse(in, &w), 0, "%s is a time", in);
		is_str(wall_format(&w, buf, sizeof(buf)), out, "and written");
	}
	fclose(f);
	is_int(n, 5, "all vectors read");
}

static void
test_wall(void)
{
	static const struct {
		const char	*text, *again;
		int64_t		 sec;		/* since 1970 */
	} tests[] = {
		{ "1970-01-01T00:00:00Z", NULL, 0 },
		{ "1969-12-31T23:59:59Z", NULL, -1 },
		{ "2000-02-29T12:00:00Z", NULL, 951825600 },
		{ "2026-05-15T16:01:00+02:00", NULL, 1778853660 },
		{ "2026-05-15T10:31:00-03:30", NULL, 1778853660 },
		{ "2026-05-15T14:01:00+00:00", "2026-05-15T14:01:00Z",
		    1778853660 },
		{ "2026-05-15T14:01:00.100Z", "2026-05-15T14:01:00.1Z",
		    1778853660 },
		{ "2026-05-15T14:01:00.0000000019Z",
		    "2026-05-15T14:01:00.000000001Z", 1778853660 },
		{ "0000-01-01T00:00:00Z", NULL, -62167219200 },
		{ "0000-12-31T23:59:59Z", NULL, -62135596801 },
		{ "9999-12-31T23:59:59.999999999Z", NULL, 253402300799 },
		{ "1900-03-01T00:00:00Z", NULL, -2203891200 },
		{ "2100-02-28T23:59:59+23:59", NULL, 4107542399 - 86340 }
	};
	char		 buf[WALL_STRLEN];
	struct walltime	 w, z;
	size_t		 i;

	memset(&z, 0, sizeof(z));
	ok(wall_iszero(&z), "zeroed is the zero time");
	is_str(wall_format(&z, buf, sizeof(buf)), "0001-01-01T00:00:00Z",
	    "as it is written");
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		is_int(wall_parse(tests[i].text, &w), 0, "%s is a time",
		    tests[i].text);
		is_int(wall_unix(&w), tests[i].sec, "and that one");
		is_str(wall_format(&w, buf, sizeof(buf)),
		    tests[i].again != NULL ? tests[i].again : tests[i].text,
		    "and written");
		ok(!wall_iszero(&w), "and not the zero time");
	}
	w = wall_now();
	ok(wall_unix(&w) > 1700000000 && wall_cmp(&z, &w) < 0 &&
	    wall_cmp(&w, &z) > 0 && wall_cmp(&w, &w) == 0, "order");
	z = w;
	z.nsec++;
	ok(wall_cmp(&w, &z) < 0 && wall_cmp(&z, &w) > 0, "by nanoseconds");
	w = wall_from_unix(1778853660, 5);
	is_str(wall_format(&w, buf, sizeof(buf)),
	    "2026-05-15T14:01:00.000000005Z", "from the clock");
}

static void
test_refused(void)
{
	static const char	*const tests[] = {
		"", "2026", "2026-05-15", "2026-05-15T14:01:00",
		"2026-05-15 14:01:00Z", "2026-05-15t14:01:00Z",
		"2026-05-15T14:01:00z", "2026-05-15T14:01Z",
		"2026-00-15T14:01:00Z", "2026-13-15T14:01:00Z",
		"2026-05-00T14:01:00Z", "2026-05-32T14:01:00Z",
		"2026-04-31T14:01:00Z", "2026-02-29T14:01:00Z",
		"1900-02-29T14:01:00Z", "2026-05-15T24:00:00Z",
		"2026-05-15T14:60:00Z", "2026-05-15T14:01:60Z",
		"2026-05-15T14:01:00.Z", "2026-05-15T14:01:00.1",
		"2026-05-15T14:01:00+0200", "2026-05-15T14:01:00+02",
		"2026-05-15T14:01:00+24:00", "2026-05-15T14:01:00+02:60",
		"2026-05-15T14:01:00ZZ", "2026-05-15T14:01:00Z ",
		"10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z",
		"+026-05-15T14:01:00Z", "1778853660", "now"
	};
	struct walltime	 w;
	size_t		 i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		memset(&w, 0x55, sizeof(w));
		is_int(wall_parse(tests[i], &w), -1, "\"%s\" is refused",
		    tests[i]);
		ok(wall_iszero(&w) && w.off == 0, "and the time is zero");
	}
}

/* Every day of the years 0 to 9999, in order. */
static void
test_days(void)
{
	char		 buf[WALL_STRLEN], want[64];
	struct walltime	 w, back;
	int64_t		 sec = -62167219200LL;
	int		 year, month, day, last, leap, bad = 0;

	for (year = 0; year <= 9999; year++)
		for (month = 1; month <= 12; month++) {
			leap = year % 400 == 0 ||
			    (year % 4 == 0 && year % 100 != 0);
			last = month == 2 ? 28 + leap :
			    30 + ((month + month / 8) & 1);
			for (day = 1; day <= last; day++, sec += 86400) {
				w = wall_from_unix(sec, 0);
				wall_format(&w, buf, sizeof(buf));
				snprintf(want, sizeof(want),
				    "%04d-%02d-%02dT00:00:00Z", year, month,
				    day);
				if (strcmp(buf, want) != 0 ||
				    wall_parse(want, &back) == -1 ||
				    wall_cmp(&w, &back) != 0)
					bad++;
			}
		}
	is_int(bad, 0, "every day is written and read");
	is_int(sec, 253402300800, "and there are as many as there should be");
}
