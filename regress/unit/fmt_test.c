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

#include "fmt.h"
#include "proc.h"
#include "tap.h"

static void	 test_vis(void);
static void	 test_vis_cut(void);
static void	 test_age(void);
static void	 test_utf8(void);
static void	 test_uuid(void);
static void	 test_hostport(void);
static void	 test_loopback(void);
static void	 test_proc(void);

/* As Go quotes names with %q. */
static void
test_quote(void)
{
	static const struct {
		const char	*text;
		const char	*want;
	} t[] = {
		{ "", "\"\"" },
		{ "bogus", "\"bogus\"" },
		{ "it's <&>", "\"it's <&>\"" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "\a\b\f\n\r\t\v", "\"\\a\\b\\f\\n\\r\\t\\v\"" },
		{ "\x01\x1b\x7f", "\"\\x01\\x1b\\x7f\"" },
		{ "\xff\xc3(", "\"\\xff\\xc3(\"" },
		{ "\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\"" },
		{ "\xc2\x85\xc2\xa0\xc2\xad", "\"\\u0085\\u00a0\\u00ad\"" },
		{ "\xe2\x80\xa8", "\"\\u2028\"" },
		{ "0123456789abcdefghijklmnopqrst",
		    "\"0123456789abcdefghijklmnopqrst\"" },
		{ "0123456789abcdefghijklmnopqrstu",
		    "\"0123456789abcdefghijklmnopq...\"" },
	};
	char	 buf[33];
	size_t	 i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		is_str(fmt_quote(t[i].text, buf, sizeof(buf)), t[i].want,
		    "quoted %zu", i);
}

int
main(void)
{
	test_vis();
	test_vis_cut();
	test_age();
	test_utf8();
	test_uuid();
	test_hostport();
	test_loopback();
	test_proc();
	test_quote();
	return (tap_done());
}

static void
test_vis(void)
{
	static const struct {
		const char	*in, *out;
	} tests[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "two\nlines\r\t", "two\\x0alines\\x0d\\x09" },
		{ "\033[31mred\177", "\\x1b[31mred\\x7f" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xe2\x82\xac \xf0\x9f\x98\x80",
		    "\xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\xc2\x9b" "31m", "\\xc2\\x9b31m" },
		{ "a\xff\xfe", "a\\xff\\xfe" },
		{ "\xc3", "\\xc3" },
		{ "\xe2\x82", "\\xe2\\x82" },
		{ "\xc0\x80", "\\xc0\\x80" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "x\xe2\x80\xaey", "x\\xe2\\x80\\xaey" },
		{ "x\xe2\x80\xa8y", "x\\xe2\\x80\\xa8y" },
		{ "x\xe2\x81\xa6y", "x\\xe2\\x81\\xa6y" },
		{ "x\xe2\x80\x93y", "x\xe2\x80\x93y" }
	};
	char	 buf[64];
	size_t	 i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		is_str(fmt_vis(tests[i].in, buf, sizeof(buf)), tests[i].out,
		    "visible %zu", i);
}

static void
test_vis_cut(void)
{
	static const struct {
		const char	*in;
		size_t		 len;
		const char	*out;
	} tests[] = {
		{ "abcdef", 7, "abcdef" },
		{ "abcdefg", 7, "abc..." },
		{ "abcdef", 4, "..." },
		{ "abcdef", 3, ".." },
		{ "abcdef", 1, "" },
		{ "abc", 4, "abc" },
		{ "ab\ncd", 8, "ab..." },
		{ "ab\n", 7, "ab\\x0a" },
		{ "ab\xc3\xbc" "cde", 7, "ab..." },
		{ "ab\xc3\xbc" "cdef", 8, "ab\xc3\xbc..." },
		{ "\n\n", 5, "..." }
	};
	char	 buf[64], guard[66];
	size_t	 i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		is_str(fmt_vis(tests[i].in, buf, tests[i].len), tests[i].out,
		    "cut %zu", i);
	memset(guard, 'g', sizeof(guard));
	fmt_vis("abc", guard, 0);
	is_int(guard[0], 'g', "no buffer is not written to");
	for (i = 1; i < 64; i++) {
		fmt_vis("\xf0\x9f\x98\x80\n\xff text \xe2\x82\xac of all "
		    "kinds that is longer than any of these buffers",
		    guard, i);
		if (guard[i] != 'g' || strlen(guard) >= i ||
		    !fmt_isutf8(guard, strlen(guard)))
			break;
	}
	is_int(i, 64, "never longer than the buffer and always valid");
}

static void
test_age(void)
{
	static const struct {
		int64_t		 sec;
		const char	*out;
	} tests[] = {
		{ -5, "now" }, { 0, "now" }, { 1, "1s" }, { 42, "42s" },
		{ 59, "59s" }, { 60, "1m00s" }, { 190, "3m10s" },
		{ 3599, "59m59s" }, { 3600, "1h00m" }, { 7500, "2h05m" },
		{ 86399, "23h59m" }, { 86400, "1d00h" },
		{ 9 * 86400 + 4 * 3600 + 59, "9d04h" },
		{ 9000000000, "104166d16h" }
	};
	char	 buf[32];
	size_t	 i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		is_str(fmt_age(tests[i].sec * 1000000000, buf, sizeof(buf)),
		    tests[i].out, "age of %lld s", (long long)tests[i].sec);
	is_str(fmt_age(999999999, buf, sizeof(buf)), "now", "just now");
}

static void
test_utf8(void)
{
	static const struct {
		const char	*in;
		int		 valid;
	} tests[] = {
		{ "", 1 }, { "ascii", 1 }, { "\x7f", 1 },
		{ "\xc2\x80", 1 }, { "\xdf\xbf", 1 },
		{ "\xe0\xa0\x80", 1 }, { "\xef\xbf\xbf", 1 },
		{ "\xed\x9f\xbf", 1 }, { "\xee\x80\x80", 1 },
		{ "\xf0\x90\x80\x80", 1 }, { "\xf4\x8f\xbf\xbf", 1 },
		{ "\x80", 0 }, { "\xbf", 0 }, { "\xc0\xaf", 0 },
		{ "\xc1\xbf", 0 }, { "\xe0\x9f\xbf", 0 },
		{ "\xed\xa0\x80", 0 }, { "\xed\xbf\xbf", 0 },
		{ "\xf0\x8f\xbf\xbf", 0 }, { "\xf4\x90\x80\x80", 0 },
		{ "\xf5\x80\x80\x80", 0 }, { "\xff", 0 }, { "\xc2", 0 },
		{ "\xe1\x80", 0 }, { "\xf1\x80\x80", 0 },
		{ "\xc2\x41", 0 }, { "\xe1\x80\x41", 0 },
		{ "\xf1\x80\x80\x41", 0 }, { "ok\xc3\xbc\xfe", 0 }
	};
	size_t	 i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		is_int(fmt_isutf8(tests[i].in, strlen(tests[i].in)),
		    tests[i].valid, "UTF-8 %zu", i);
	ok(fmt_isutf8("a\0b", 3), "NUL is a character");
	ok(!fmt_isutf8("\xc3\xbc", 1), "the length counts");
}

static void
test_uuid(void)
{
	char	 a[37], b[37];
	int	 i, bad = 0;

	for (i = 0; i < 1000; i++) {
		fmt_uuid(a, sizeof(a));
		fmt_uuid(b, sizeof(b));
		if (strlen(a) != 36 || strcmp(a, b) == 0 || a[8] != '-' ||
		    a[13] != '-' || a[14] != '4' || a[18] != '-' ||
		    strchr("89ab", a[19]) == NULL || a[23] != '-' ||
		    strspn(a, "0123456789abcdef-") != 36)
			bad++;
	}
	is_int(bad, 0, "each of version 4 and another");
}

static void
test_hostport(void)
{
	static const struct {
		const char	*in, *host, *port;
	} tests[] = {
		{ "host:80", "host", "80" },
		{ "host", "host", NULL },
		{ "192.0.2.1:9901", "192.0.2.1", "9901" },
		{ "[2001:db8::1]:443", "2001:db8::1", "443" },
		{ "[2001:db8::1]", "2001:db8::1", NULL },
		{ "2001:db8::1", "2001:db8::1", NULL },
		{ "::", "::", NULL },
		{ "", NULL, NULL },
		{ ":80", NULL, NULL },
		{ "host:", NULL, NULL },
		{ "[]:80", NULL, NULL },
		{ "[::1", NULL, NULL },
		{ "[::1]80", NULL, NULL },
		{ "[::1]:", NULL, NULL }
	};
	char	 buf[64], *host, *port;
	size_t	 i;
	int	 rc;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		strlcpy(buf, tests[i].in, sizeof(buf));
		rc = fmt_hostport(buf, &host, &port);
		if (tests[i].host == NULL) {
			is_int(rc, -1, "\"%s\" is refused", tests[i].in);
			continue;
		}
		is_int(rc, 0, "\"%s\" is split", tests[i].in);
		is_str(host, tests[i].host, "its host");
		if (tests[i].port == NULL)
			ok(port == NULL, "it has no port");
		else
			is_str(port, tests[i].port, "its port");
	}
}

static void
test_loopback(void)
{
	static const char *const	 yes[] = {
		"127.0.0.1:9901", "127.1.2.3", "[::1]:9901", "::1",
		"localhost:1", "localhost"
	};
	static const char *const	 no[] = {
		"192.0.2.1:9901", "128.0.0.1", "[::]:1", "::", "0.0.0.0", "",
		"localhost.example.com:1", "[::1", "1.127.0.0:1"
	};
	size_t				 i;

	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		ok(fmt_isloopback(yes[i]), "loopback: %s", yes[i]);
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		ok(!fmt_isloopback(no[i]), "not loopback: \"%s\"", no[i]);
}

static void
test_proc(void)
{
	is_str(proc_name(PROC_PARENT), "parent", "the first process");
	is_str(proc_name(PROC_NOTIFIER), "notifier", "the last process");
	is_str(proc_name(PROC_CTL), "quptimectl", "the tool");
	is_str(proc_name((enum proc_id)77), "unknown", "none");
}
