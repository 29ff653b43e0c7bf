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

#include <inttypes.h>

#include "duration.h"
#include "tap.h"

/* Go's answers, from its own ParseDuration and String. */

static FILE	*vectors(const char *);
static void	 test_parsing(void);
static void	 test_emission(void);
static void	 test_fractions(void);
static void	 test_refused(void);
static void	 test_buffer(void);
static void	 test_round_trip(void);

int
main(void)
{
	test_parsing();
	test_emission();
	test_fractions();
	test_refused();
	test_buffer();
	test_round_trip();
	return (tap_done());
}

/* From regress/unit and from the top. */
static FILE *
vectors(const char *name)
{
	static const char	*const dirs[] = { ".", "regress/unit" };
	char			 path[256];
	size_t			 i;
	FILE			*f;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/vectors/yaml/%s", dirs[i],
		    name);
		if ((f = fopen(path, "r")) != NULL)
			return (f);
	}
	printf("Bail out! no vectors/yaml/%s\n", name);
	exit(1);
}

/* "text" ParseDuration=ns err=error | ... */
static void
test_parsing(void)
{
	char		 line[1024], *end, *text;
	const char	*errstr;
	int64_t		 got, want;
	FILE		*f = vectors("duration-parsing.txt");
	int		 n = 0, rc;

	while (fgets(line, sizeof(line), f) != NULL) {
		if (line[0] != '"' ||
		    (end = strstr(line, "\" ParseDuration=")) == NULL)
			continue;
		text = line + 1;
		*end = '\0';
		end += strlen("\" ParseDuration=");
		want = strtoll(end, &end, 10);
		rc = duration_parse(text, &got, &errstr);
		n++;
		if (strncmp(end, " err=<nil>", 10) == 0) {
			is_int(rc, 0, "\"%s\" is a duration", text);
			is_int(got, want, "\"%s\" is right", text);
			ok(errstr == NULL, "and no error");
		} else {
			is_int(rc, -1, "\"%s\" is none", text);
			ok(errstr != NULL, "and why is said");
		}
	}
	fclose(f);
	is_int(n, 23, "all vectors read");
}

/* ns=n yaml=d: text */
static void
test_emission(void)
{
	char		 line[256], buf[DURATION_STRLEN], *text;
	const char	*errstr;
	int64_t		 ns, got;
	FILE		*f = vectors("duration-emission.txt");
	int		 n = 0;

	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if ((text = strstr(line, " yaml=d: ")) == NULL)
			continue;
		ns = strtoll(line + 3, NULL, 10);
		text += strlen(" yaml=d: ");
		n++;
		is_str(duration_format(ns, buf, sizeof(buf)), text, "%s", line);
		ok(duration_parse(text, &got, &errstr) == 0 && got == ns,
		    "and back");
	}
	fclose(f);
	is_int(n, 15, "all vectors read");
}

/* What is known of Go where a fraction is longer than its precision. */
static void
test_fractions(void)
{
	static const struct {
		const char	*text;
		int64_t		 ns;
	} tests[] = {
		{ "0.3333333333333333333h", 1200000000000 },
		{ "0.100000000000000000000h", 360000000000 },
		{ "0.830103483285477580700h", 2988372539827 },
		{ "0.9223372036854775807h", 3320413933267 },
		{ "9007199254740993ns", 9007199254740993 },
		{ "9223372036854775.807us", INT64_MAX },
		{ "9223372036s854ms775us807ns", INT64_MAX },
		{ "-9223372036854775808ns", INT64_MIN },
		{ "-9223372036854775.808us", INT64_MIN },
		{ "39h9m14.425s", 140954425000000 },
		{ "1\xce\xbcs", 1000 },
		{ "1\xc2\xb5s", 1000 },
		{ "-.5h", -1800000000000 },
		{ "1.0000000000000000000000000000000000001s", 1000000000 },
		{ "00000000000000000000000000001m", 60000000000 },
		{ "1s1s1h", 3602000000000 },
		{ "+0", 0 },
		{ "-0", 0 },
		{ "-0s", 0 },
		{ "0.5ns", 0 }
	};
	const char	*errstr;
	int64_t		 got;
	size_t		 i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		is_int(duration_parse(tests[i].text, &got, &errstr), 0,
		    "\"%s\" is a duration", tests[i].text);
		is_int(got, tests[i].ns, "\"%s\" is right", tests[i].text);
	}
}

static void
test_refused(void)
{
	static const char	*const tests[] = {
		"+", "-", ".", ".s", "-.s", "+-1s", "--1s", "1", "00", "0.",
		"1.5", "1s ", " 1s", "1 s", "1S", "1H", "1d", "1w", "1sec",
		"1s1", "1s.", "1.1.1s", "1,5s", "1e3s", "0x1s", "1\xb5s",
		"1\xce\xbc", "\xc2\xb5s", "inf", "nan", "1s\n", "1h-1m",
		"9223372036854775808ns", "-9223372036854775809ns",
		"9223372036854775.808us", "9223372036854ms775us808ns",
		"18446744073709551616ns", "99999999999999999999s",
		"-2562047h47m16.854775809s", "2562048h", "3000000h",
		"-9223372036854775808ns9223372036854775808ns"
	};
	const char	*errstr;
	int64_t		 got;
	size_t		 i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		got = 42;
		errstr = NULL;
		is_int(duration_parse(tests[i], &got, &errstr), -1,
		    "test %zu is refused", i);
		ok(errstr != NULL && got == 0, "with a reason");
	}
}

static void
test_buffer(void)
{
	char	 buf[DURATION_STRLEN], small[4];

	is_str(duration_format(INT64_MIN, buf, sizeof(buf)),
	    "-2562047h47m16.854775808s", "the longest has room");
	is_str(duration_format(INT64_MAX, buf, sizeof(buf)),
	    "2562047h47m16.854775807s", "the largest too");
	is_str(duration_format(90000000000, small, sizeof(small)), "1m3",
	    "a small buffer cuts");
}

static void
test_round_trip(void)
{
	char		 buf[DURATION_STRLEN];
	const char	*errstr;
	int64_t		 ns, got;
	int		 i, bad = 0;

	for (i = 0; i < 200000; i++) {
		arc4random_buf(&ns, sizeof(ns));
		ns >>= arc4random_uniform(63);
		duration_format(ns, buf, sizeof(buf));
		if (duration_parse(buf, &got, &errstr) == -1 || got != ns) {
			printf("# %s is not %" PRId64 "\n", buf, ns);
			bad++;
		}
	}
	is_int(bad, 0, "what is written is read as the same");
}
