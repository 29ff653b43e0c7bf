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

#include <sys/types.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "prober.h"
#include "tap.h"

/* The pure parts of the prober: when, what port, what text, whose echo. */

/*
 * The most and the least probes in any second of the steady schedule, and in
 * the first interval after all checks have been set at once.
 */
static void
spread(unsigned int n, int interval)
{
	struct monotime	 first, iv = MONO_SEC(interval), start, t;
	unsigned int	*bins, *early, i, max, sec;
	double		 limit, mean;
	uint64_t	 phase;

	bins = calloc(interval, sizeof(*bins));
	early = calloc(4 * interval, sizeof(*early));
	if (bins == NULL || early == NULL)
		abort();
	start = MONO_NSEC(987654321987LL);
	for (i = 0; i < n; i++) {
		phase = sched_phase(sched_phase(0, 3), i);
		t = sched_next(MONO_SEC(1000), iv, phase);
		bins[t.ns / 1000000000 % interval]++;
		first = sched_first(start, iv, phase, MONO_MSEC(n));
		t = first;
		t.ns += iv.ns / 2 - 1;
		while ((sec = (first.ns - start.ns) / 1000000000) <
		    4 * (unsigned int)interval) {
			early[sec]++;
			first = t = sched_next(t, iv, phase);
		}
	}
	mean = (double)n / interval;
	for (max = i = 0; i < (unsigned int)interval; i++)
		max = bins[i] > max ? bins[i] : max;
	ok(max <= 1.1 * mean + 2, "%u checks at %d s: at most %u in a second",
	    n, interval, max);
	/* At the beginning 1000 in a second, or what it is for ever. */
	limit = 1.1 * (mean > 1000 ? mean : 1000) + 2;
	for (max = i = 0; i < 4 * (unsigned int)interval; i++)
		max = early[i] > max ? early[i] : max;
	ok(max <= limit && max <= n * 2, "at the beginning at most %u", max);
	free(bins);
	free(early);
}

static void
test_sched(void)
{
	static const unsigned int	 counts[] = { 1, 7, 100, 5000, 9000,
					    10000 };
	struct monotime			 iv = MONO_SEC(10), t;
	uint64_t			 phase;
	unsigned int			 bad, i, n;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		spread(counts[i], 10);
		spread(counts[i], 30);
		spread(counts[i], 1);
	}
	for (bad = i = 0; i < 1000; i++) {
		phase = sched_phase(0, i);
		t = sched_next(MONO_SEC(77), iv, phase);
		bad += t.ns <= MONO_SEC(77).ns || t.ns > MONO_SEC(87).ns;
		for (n = 0; n < 5; n++) {
			bad += sched_next(t, iv, phase).ns != t.ns + iv.ns;
			bad += sched_next(MONO_NSEC(t.ns - 1), iv,
			    phase).ns != t.ns;
			t = sched_next(t, iv, phase);
		}
	}
	is_int(bad, 0, "steady times are one interval apart");
	for (bad = i = 0; i < 1000; i++) {
		t = sched_first(MONO_SEC(77), iv, sched_phase(5, i),
		    MONO_MSEC(1));
		bad += t.ns < MONO_SEC(77).ns || t.ns > 77001000000LL;
	}
	is_int(bad, 0, "the first probe is within the spread");
	t = sched_next(MONO_NSEC(-5), iv, 0);
	is_int(t.ns, 0, "a time before zero");
}

static int
scan(const char *text, const char *body, size_t step)
{
	struct scan	*s;
	size_t		 len, n, off;
	int		 found;

	if ((s = scan_new(text)) == NULL)
		abort();
	scan_reset(s);
	len = strlen(body);
	for (off = 0; off < len; off += n) {
		n = len - off < step ? len - off : step;
		if (scan_feed(s, body + off, n))
			break;
	}
	found = scan_found(s);
	free(s);
	return (found);
}

static void
test_scan(void)
{
	struct scan	*s;
	char		*big;
	size_t		 step;
	int		 bad = 0;

	for (step = 1; step < 24; step++) {
		bad += !scan("needle", "a needle in here", step);
		bad += !scan("needle", "needle", step);
		bad += !scan("needle", "nneneeneednneedlneedle", step);
		bad += !scan("aab", "aaaaaaaaaab", step);
		bad += !scan("x", "aaaax", step);
		bad += scan("needle", "needl", step);
		bad += scan("needle", "Needle needlE nee dle", step);
		bad += scan("needle", "", step);
		bad += scan("abcabd", "abcabcab", step);
	}
	is_int(bad, 0, "a text in pieces of any size");

	if ((s = scan_new("end")) == NULL ||
	    (big = calloc(1, SCAN_MAX + 10)) == NULL)
		abort();
	memset(big, 'x', SCAN_MAX);
	memcpy(big + SCAN_MAX - 3, "end", 3);
	ok(scan_feed(s, big, SCAN_MAX) == 1 && scan_found(s),
	    "right before the limit");
	scan_reset(s);
	memcpy(big + SCAN_MAX - 3, "xend", 4);
	ok(scan_feed(s, big, SCAN_MAX - 1) == 0, "short of the limit");
	ok(scan_feed(s, big + SCAN_MAX - 1, 11) == 1 && !scan_found(s),
	    "one byte beyond it");
	free(big);
	free(s);
}

static void
test_ports(void)
{
	is_int(port_parse("80"), 80, "a number");
	is_int(port_parse("65535"), 65535, "the last");
	is_int(port_parse("0"), 0, "not zero");
	is_int(port_parse("65536"), 0, "not beyond");
	is_int(port_parse("-1"), 0, "not negative");
	is_int(port_parse("80x"), 0, "nothing behind");
	is_int(port_parse("https"), 443, "a name");
	is_int(port_parse(""), 0, "not nothing");
}

/* An IPv4 header of that many words before the reply to a request. */
static size_t
reply4(const uint8_t *req, unsigned int words, uint8_t *p)
{
	uint32_t	 sum;

	memset(p, 0, words * 4);
	p[0] = 0x40 | words;
	p[9] = IPPROTO_ICMP;
	p += words * 4;
	memcpy(p, req, ECHO_LEN);
	p[0] = 0;
	/* RFC 1624: the type was 8, so the sum grows by 8 in its high byte */
	sum = (p[2] << 8 | p[3]) + 0x0800;
	sum = (sum & 0xffff) + (sum >> 16);
	p[2] = sum >> 8;
	p[3] = sum;
	return (words * 4 + ECHO_LEN);
}

static void
test_echo(void)
{
	struct echo_id	 got, id = { 0x1234, 7, 0x10007, 0xfeedULL << 40, 99 };
	uint8_t		 req[ECHO_LEN], p[128];
	size_t		 i, n;
	int		 bad;

	echo_build(AF_INET, &id, req);
	is_int(echo_parse(AF_INET, 0, req, sizeof(req), &got), -1,
	    "one's own request is no reply");
	n = reply4(req, 5, p);
	memset(&got, 0, sizeof(got));
	is_int(echo_parse(AF_INET, 1, p, n, &got), 0, "a reply");
	ok(got.id == id.id && got.seq == id.seq && got.slot == id.slot &&
	    got.cookie == id.cookie && got.token == id.token,
	    "brings back what was sent");
	is_int(echo_parse(AF_INET, 0, p + 20, n - 20, &got), 0,
	    "without IP header, from a datagram socket");
	is_int(echo_parse(AF_INET, 0, p, n, &got), -1, "but not with it");
	n = reply4(req, 15, p);
	is_int(echo_parse(AF_INET, 1, p, n, &got), 0, "IP options");
	for (bad = 0, i = 0; i < n; i++)
		bad += echo_parse(AF_INET, 1, p, i, &got) != -1;
	is_int(bad, 0, "no shorter packet is a reply");
	n = reply4(req, 5, p);
	for (bad = 0, i = 20; i < n; i++) {
		p[i] ^= 0x10;
		bad += echo_parse(AF_INET, 1, p, n, &got) != -1;
		p[i] ^= 0x10;
	}
	is_int(bad, 0, "no damaged one either");
	is_int(echo_parse(AF_INET, 1, p, n + 1, &got), -1, "nor a longer one");
	p[0] = 0x65;
	is_int(echo_parse(AF_INET, 1, p, n, &got), -1, "another IP version");
	p[0] = 0x44;
	is_int(echo_parse(AF_INET, 1, p, n, &got), -1,
	    "a header length below the least");
	p[0] = 0x4f;
	is_int(echo_parse(AF_INET, 1, p, n, &got), -1,
	    "a header length beyond the packet");
	p[0] = 0x45;
	p[9] = IPPROTO_UDP;
	is_int(echo_parse(AF_INET, 1, p, n, &got), -1, "another protocol");

	echo_build(AF_INET6, &id, req);
	is_int(echo_parse(AF_INET6, 1, req, sizeof(req), &got), -1,
	    "one's own request, IPv6");
	req[0] = 129;
	is_int(echo_parse(AF_INET6, 1, req, sizeof(req), &got), 0,
	    "a reply, IPv6");
	req[1] = 1;
	is_int(echo_parse(AF_INET6, 1, req, sizeof(req), &got), -1,
	    "of another code");
}

/* What host and port a target means; NULL: refused, for this reason. */
static void
test_tls_target(void)
{
	static const struct {
		const char	*target;
		const char	*host;
		uint16_t	 port;
		const char	*err;
	} tests[] = {
		{ "example.com",		"example.com",	443,	NULL },
		{ " example.com\n",		"example.com",	443,	NULL },
		{ "example.com:8443",		"example.com",	8443,	NULL },
		{ "example.com:imaps",		"example.com",	993,	NULL },
		{ "https://example.com",	"example.com",	443,	NULL },
		{ "https://example.com:8443/x",	"example.com",	8443,	NULL },
		{ "https://example.com:/x",	"example.com",	443,	NULL },
		{ "https://h?x@y",		"h",		443,	NULL },
		{ "https://u@h/",		"h",		443,	NULL },
		{ "https://u:p@h:1/",		"h",		1,	NULL },
		{ "[::1]:9",			"::1",		9,	NULL },
		{ "[::1]",			"::1",		443,	NULL },
		{ "::1",			"::1",		443,	NULL },
		{ "https://[::1]/",		"::1",		443,	NULL },
		{ "fe80::1%2",			"fe80::1%2",	443,	NULL },
		{ "",		NULL, 0, "empty target" },
		{ " \t ",	NULL, 0, "empty target" },
		{ ":443",	NULL, 0, "no host in target" },
		{ "https://",	NULL, 0, "no host in target" },
		{ "https:///x",	NULL, 0, "no host in target" },
		{ "https://:443/x", NULL, 0, "no host in target" },
		{ "h:0",	NULL, 0, "unknown port in target" },
		{ "h:99999",	NULL, 0, "unknown port in target" },
		{ "h:nosuch",	NULL, 0, "unknown port in target" },
		{ "h/x",	NULL, 0,
		    "target must be a host, host:port or a URL" },
		{ "h h",	NULL, 0,
		    "target must be a host, host:port or a URL" },
		{ "[::1",	NULL, 0,
		    "target must be a host, host:port or a URL" },
		{ "[]:1",	NULL, 0,
		    "target must be a host, host:port or a URL" },
		{ "h:",		NULL, 0,
		    "target must be a host, host:port or a URL" },
	};
	const char	*err;
	char		 buf[64], *host;
	size_t		 i;
	uint16_t	 port;
	int		 r;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		strlcpy(buf, tests[i].target, sizeof(buf));
		r = tls_target(buf, &host, &port, &err);
		if (tests[i].err != NULL) {
			ok(r == -1, "\"%s\" is refused", tests[i].target);
			is_str(err, tests[i].err, "for its reason");
			continue;
		}
		ok(r == 0 && port == tests[i].port, "\"%s\": port %u",
		    tests[i].target, tests[i].port);
		is_str(r == 0 ? host : err, tests[i].host, "and host");
	}
}

#define D	(24 * 3600LL)

static void
test_tls_judge(void)
{
	static const struct {
		long long	 from;		/* s from now */
		long long	 to;
		unsigned int	 days;
		const char	*text;		/* NULL: good */
	} tests[] = {
		{ -D,	90 * D,		14,	NULL },
		{ -D,	14 * D + 1,	14,	NULL },
		{ -D,	14 * D,		14,
		    "cert expires in 13d (notAfter=2026-12-07T22:13:20Z)" },
		{ -D,	20 * D + 9,	30,
		    "cert expires in 20d (notAfter=2026-12-13T22:13:29Z)" },
		{ -D,	5 * 3600 + 9,	14,
		    "cert expires in 5h (notAfter=2026-11-24T03:13:29Z)" },
		{ -D,	30 * 60 + 9,	14,
		    "cert expires in 30m (notAfter=2026-11-23T22:43:29Z)" },
		{ -D,	30,		14,
		    "cert expires in 30s (notAfter=2026-11-23T22:13:50Z)" },
		{ -D,	0,		14,
		    "cert expired 0s ago (notAfter=2026-11-23T22:13:20Z)" },
		{ -D,	-2 * 3600,	14,
		    "cert expired 2h ago (notAfter=2026-11-23T20:13:20Z)" },
		{ -9 * D, -3 * D,	14,
		    "cert expired 3d ago (notAfter=2026-11-20T22:13:20Z)" },
		{ 3600 + 1, 90 * D,	14,
		    "cert is not yet valid, only in 1h "
		    "(notBefore=2026-11-23T23:13:21Z)" },
		{ -D,	250000 * D,	3650,	NULL },
	};
	struct timespec	 now = { 1795472000, 300000000 };
	char		 buf[128];
	size_t		 i;
	int		 r;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		buf[0] = '\0';
		r = tls_judge(now.tv_sec + tests[i].from,
		    now.tv_sec + tests[i].to, &now, tests[i].days, buf,
		    sizeof(buf));
		is_int(r, tests[i].text == NULL ? 0 : -1, "from %lld to %lld",
		    tests[i].from, tests[i].to);
		is_str(buf, tests[i].text == NULL ? "" : tests[i].text,
		    "the detail");
	}
}

static void
test_tls_plain(void)
{
	static const struct {
		const char	*theirs;
		const char	*ours;
	} tests[] = {
		{ "handshake failed: error:0A00010B:SSL routines::wrong "
		    "version number",
		    "first record does not look like a TLS handshake" },
		{ "handshake failed: error:1404B410:SSL routines:ST_CONNECT:"
		    "sslv3 alert handshake failure",
		    "the server refuses the handshake: no cipher in common, "
		    "or it wants a certificate of us" },
		{ "handshake failed: error:0A000126:SSL routines::unexpected "
		    "eof while reading",
		    "connection closed within the handshake" },
		{ "handshake failed: Connection reset by peer",
		    "connection reset within the handshake" },
		{ "handshake failed: error:0A000066:SSL routines::bad\x1bness",
		    "bad\\x1bness" },
		{ "something else", "something else" },
		{ NULL, "the handshake failed" },
	};
	char		 buf[128];
	size_t		 i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		is_str(tls_plain(tests[i].theirs, buf, sizeof(buf)),
		    tests[i].ours, "in plain words");
	tls_plain(tests[1].theirs, buf, 8);
	is_str(buf, "the ser", "a small buffer");
}

int
main(void)
{
	test_sched();
	test_scan();
	test_ports();
	test_echo();
	test_tls_target();
	test_tls_judge();
	test_tls_plain();
	return (tap_done());
}
