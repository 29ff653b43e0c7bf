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

#include "config.h"

#include <string.h>

#include "engine.h"
#include "tap.h"

static struct addr	 v4(const char *);
static void		 test_tokens(void);
static void		 test_lines(void);
static void		 test_crowd(void);
static void		 test_unmap(void);

static struct addr
v4(const char *s)
{
	struct addr	 a;

	if (addr_parse(s, 4711, &a) == -1)
		printf("# %s is no address\n", s);
	return (a);
}

static void
test_tokens(void)
{
	struct limits	*ls = limits_new(4);
	struct addr	 a = v4("192.0.2.1"), b = v4("192.0.2.2");
	struct addr	 c = v4("2001:db8::1"), d = v4("2001:db8::2");
	struct addr	 e = v4("2001:db8:0:1::1");
	int		 i;

	for (i = 0; limits_take(ls, &a, MONO_SEC(1)); i++)
		;
	is_int(i, LIMIT_BURST, "so many at once");
	ok(!limits_left(ls, &a, MONO_SEC(1)), "none is left");
	ok(limits_left(ls, &b, MONO_SEC(1)), "another address has its own");
	ok(!limits_take(ls, &a, MONO_MSEC(1010)), "not yet");
	ok(limits_take(ls, &a, MONO_MSEC(1016)), "one more after 1/64 s");
	ok(!limits_take(ls, &a, MONO_MSEC(1016)), "only one");
	ok(!limits_take(ls, &a, MONO_MSEC(500)), "time that goes back");
	for (i = 0; limits_take(ls, &a, MONO_SEC(2)); i++)
		;
	ok(i >= 62 && i <= 64, "%d within a second", i);
	for (i = 0; limits_take(ls, &a, MONO_SEC(100000)); i++)
		;
	is_int(i, LIMIT_BURST, "a day later no more than at first");
	while (limits_take(ls, &c, MONO_SEC(100000)))
		;
	ok(!limits_left(ls, &d, MONO_SEC(100000)), "a /64 is one");
	ok(limits_left(ls, &e, MONO_SEC(100000)), "its neighbour is not");
	limits_free(ls);
}

static void
test_lines(void)
{
	struct limits	*ls = limits_new(4);
	struct addr	 a = v4("192.0.2.1"), b = v4("192.0.2.2");
	char		 line[64];
	unsigned int	 held;
	int		 i, n = 0;

	ok(limits_say(ls, &a, "first", MONO_SEC(5), &held), "the first");
	is_int(held, 0, "with none before");
	ok(limits_say(ls, &b, "other", MONO_SEC(5), &held), "another's");
	for (i = 0; i < 37; i++)
		n += limits_say(ls, &a, "more", MONO_SEC(6), &held);
	is_int(n, 0, "no more within the minute");
	ok(limits_holding(ls), "they are held back");
	ok(!limits_due(ls, MONO_SEC(64), line, sizeof(line), &held),
	    "until it is over");
	ok(limits_due(ls, MONO_SEC(65), line, sizeof(line), &held), "now");
	is_str(line, "more", "which it was");
	is_int(held, 36, "and how many others");
	ok(!limits_holding(ls) &&
	    !limits_due(ls, MONO_SEC(65), line, sizeof(line), &held),
	    "that was all");
	ok(!limits_say(ls, &a, "soon", MONO_SEC(66), &held),
	    "that line counts, too");
	ok(limits_say(ls, &a, "late", MONO_SEC(126), &held), "a minute on");
	is_int(held, 1, "with the one before");
	ok(!limits_holding(ls), "which is not told twice");
	limits_free(ls);
}

/* More addresses than there is room for. */
static void
test_crowd(void)
{
	struct limits	*ls = limits_new(16);
	struct addr	 a = v4("192.0.2.1"), b = v4("10.0.0.0");
	char		 line[64];
	unsigned int	 held;
	uint32_t	 i;

	limits_say(ls, &a, "one", MONO_SEC(1), &held);
	limits_say(ls, &a, "two", MONO_SEC(1), &held);
	for (i = 0; i < 100000; i++) {
		b.u.in.sin_addr.s_addr = htonl(0x0a000000 + i);
		limits_take(ls, &b, MONO_SEC(2));
	}
	ok(!limits_say(ls, &a, "three", MONO_SEC(2), &held),
	    "who is owed a line is not forgotten for others");
	for (i = 0; i < 100; i++) {
		b.u.in.sin_addr.s_addr = htonl(0x0b000000 + i);
		limits_say(ls, &b, "x", MONO_SEC(2), &held);
		limits_say(ls, &b, "y", MONO_SEC(2), &held);
	}
	for (i = 0; limits_due(ls, MONO_SEC(70), line, sizeof(line), &held);
	    i++)
		;
	ok(i <= 16, "%u lines at most", i);
	limits_free(ls);
}

static void
test_unmap(void)
{
	struct addr	 a = v4("::ffff:192.0.2.1"), b = v4("192.0.2.1");
	struct addr	 c = v4("2001:db8::1"), d = c;

	addr_unmap(&a);
	ok(addr_equal(&a, &b), "IPv4 in IPv6");
	is_int(ntohs(a.u.in.sin_port), 4711, "with its port");
	addr_unmap(&c);
	ok(addr_equal(&c, &d), "IPv6 stays");
}

int
main(void)
{
	test_tokens();
	test_lines();
	test_crowd();
	test_unmap();
	return (tap_done());
}
