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

#include <stdlib.h>
#include <string.h>

#include "dnsmsg.h"
#include "prober.h"
#include "tap.h"

/* Answers as name servers give them, and as nobody should. */

#define ID	0x1234

static uint8_t	 question[DNS_QUESTION_MAX], msg[70000];
static size_t	 qlen, len;
static char	 got[512];

/* A question, and the beginning of its answer. */
static void
begin(const char *name, uint16_t type, unsigned int flags, unsigned int n)
{
	qlen = dns_question(question, sizeof(question), ID, name, type, 1);
	/* Without the record of EDNS. */
	len = qlen - 11;
	memcpy(msg, question, len);
	msg[2] = flags >> 8;
	msg[3] = flags & 0xff;
	msg[6] = n >> 8;
	msg[7] = n & 0xff;
	msg[10] = msg[11] = 0;
}

static void
put(const void *data, size_t n)
{
	memcpy(msg + len, data, n);
	len += n;
}

/* A record; the owner is in wire form, with its length. */
static void
rr(const char *owner, size_t olen, unsigned int type, const void *data,
    size_t dlen)
{
	uint8_t	 head[10] = { 0, 0, 0, 1, 0, 0, 0, 60, 0, 0 };

	head[1] = type;
	head[8] = dlen >> 8;
	head[9] = dlen & 0xff;
	put(owner, olen);
	put(head, sizeof(head));
	put(data, dlen);
}

#define RR(owner, type, data)	rr(owner, sizeof(owner) - 1, type, data, \
				    sizeof(data) - 1)
#define SELF	"\xc0\x0c"	/* the name of the question */

static void
collect(const char *text, size_t n, void *arg)
{
	(void)arg;
	if (strlen(got) + n + 2 < sizeof(got)) {
		if (got[0] != '\0')
			strlcat(got, ",", sizeof(got));
		strncat(got, text, n);
	}
}

/* Read from memory of exactly that size, so that sanitizers see all. */
static enum dns_status
answer(uint16_t kind)
{
	enum dns_status	 status;
	uint8_t		*copy;

	got[0] = '\0';
	if ((copy = malloc(len > 0 ? len : 1)) == NULL)
		abort();
	memcpy(copy, msg, len);
	status = dns_answer(copy, len, question, qlen, kind, collect, NULL);
	free(copy);
	return (status);
}

static void
test_question(void)
{
	static const char	 label[] = "01234567890123456789012345678901"
				    "23456789012345678901234567890123.de";
	static const char	*const bad[] = { "", "..", ".a", "a..b",
				    label };
	char			 name[300];
	uint8_t			 buf[DNS_QUESTION_MAX];
	size_t			 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(dns_question(buf, sizeof(buf), ID, bad[i], DNS_A, 1), 0,
		    "\"%s\" is no name", bad[i]);
	is_int(dns_question(buf, sizeof(buf), ID, "a.bc", DNS_MX, 0),
	    12 + 6 + 4, "a question");
	ok(memcmp(buf, "\x12\x34\1\0\0\1\0\0\0\0\0\0" "\1a\2bc\0" "\0\17\0\1",
	    22) == 0, "its bytes");
	is_int(dns_question(buf, sizeof(buf), ID, "a.bc.", DNS_MX, 1),
	    12 + 6 + 4 + 11, "with a dot and with EDNS");
	is_int(dns_question(buf, sizeof(buf), ID, ".", DNS_NS, 0),
	    12 + 1 + 4, "the root");
	for (i = 0; i < 253; i++)
		name[i] = i % 2 ? '.' : 'x';
	name[i] = '\0';
	is_int(dns_question(buf, sizeof(buf), ID, name, DNS_A, 1),
	    12 + 255 + 4 + 11, "the longest name");
	name[253] = '.';
	name[254] = 'x';
	name[255] = '\0';
	is_int(dns_question(buf, sizeof(buf), ID, name, DNS_A, 1), 0,
	    "one that is too long");
	is_int(dns_type("aAaA"), DNS_AAAA, "a type by name");
	is_int(dns_type("srv"), 0, "one that is not known");
	is_str(dns_type_name(DNS_TXT), "TXT", "a name by type");
}

static void
test_records(void)
{
	static const uint8_t	 v6[16] = { 0xfd, 0x99, [15] = 1 };

	begin("foo.test", DNS_A, 0x8180, 2);
	RR(SELF, DNS_A, "\12\1\2\3");
	RR(SELF, DNS_A, "\12\1\2\4");
	is_int(answer(DNS_A), DNS_ANSWER, "addresses");
	is_str(got, "10.1.2.3,10.1.2.4", "both");
	is_int(answer(DNS_CNAME), DNS_ANSWER, "without alias");
	is_str(got, "foo.test.", "its own name");
	begin("FOO.test", DNS_AAAA, 0x8180, 1);
	rr("\3foo\4tESt", 10, DNS_AAAA, v6, 16);
	is_int(answer(DNS_AAAA), DNS_ANSWER, "an IPv6 address");
	is_str(got, "fd99::1", "as text, whatever the case of the name");
	begin("foo.test", DNS_MX, 0x8180, 1);
	RR(SELF, DNS_MX, "\0\12\4mail\xc0\x0c");
	is_int(answer(DNS_MX), DNS_ANSWER, "a mail server");
	is_str(got, "10 mail.foo.test.", "with its preference");
	begin("foo.test", DNS_NS, 0x8180, 1);
	RR(SELF, DNS_NS, "\2ns\0");
	is_int(answer(DNS_NS), DNS_ANSWER, "a name server");
	is_str(got, "ns.", "its name");
	begin("foo.test", DNS_TXT, 0x8180, 3);
	RR(SELF, DNS_TXT, "\3v=s\0\4pf1 ");
	RR(SELF, DNS_TXT, "\0");
	RR("\3bar\0", DNS_TXT, "\3bar");
	is_int(answer(DNS_TXT), DNS_ANSWER, "texts");
	is_str(got, "v=spf1 ,", "strings joined; not those of others");
	begin("foo.test", DNS_A, 0x8180, 1);
	RR(SELF, DNS_AAAA, "0123456789abcdef");
	is_int(answer(DNS_A), DNS_NODATA, "another type is no answer");
	begin("foo.test", DNS_NS, 0x8180, 1);
	RR(SELF, DNS_NS, "\3a.b\2\x01 \0");
	is_int(answer(DNS_NS), DNS_ANSWER, "a name that is hard to read");
	is_str(got, "a\\.b.\\001\\032.", "is escaped");
}

static void
test_aliases(void)
{
	unsigned int	 i;
	uint8_t		 name[] = "\1a\4test";

	begin("www.test", DNS_A, 0x8180, 3);
	RR("\1b\4test", DNS_A, "\12\0\0\2");
	RR("\1a\4test", DNS_CNAME, "\1B\4test");
	RR(SELF, DNS_CNAME, "\1a\4TEST");
	/* The names above lack their ends: by hand, to be sure. */
	is_int(answer(DNS_A), DNS_MALFORMED, "names without end");
	begin("www.test", DNS_A, 0x8180, 3);
	RR("\1b\4test\0", DNS_A, "\12\0\0\2");
	RR("\1a\4test\0", DNS_CNAME, "\1B\4test\0");
	RR(SELF, DNS_CNAME, "\1a\4TEST\0");
	is_int(answer(DNS_A), DNS_ANSWER, "aliases in any order");
	is_str(got, "10.0.0.2", "lead to the address");
	is_int(answer(DNS_CNAME), DNS_ANSWER, "and to a name");
	is_str(got, "B.test.", "which is the last one");
	begin("www.test", DNS_A, 0x8180, 1);
	RR(SELF, DNS_CNAME, "\1a\4test\0");
	is_int(answer(DNS_A), DNS_NODATA, "an alias to nowhere");
	is_int(answer(DNS_CNAME), DNS_ANSWER, "is an alias");
	begin("www.test", DNS_A, 0x8180, 2);
	RR(SELF, DNS_CNAME, "\1a\4test\0");
	RR("\1a\4test\0", DNS_CNAME, SELF);
	is_int(answer(DNS_A), DNS_LOOP, "aliases in a circle");
	begin("a.test", DNS_A, 0x8180, 17);
	for (i = 0; i < 17; i++) {
		rr((char *)name, 8, DNS_CNAME, (uint8_t[]){ 1, 'b' + i, 4, 't',
		    'e', 's', 't', 0 }, 8);
		name[1]++;
	}
	is_int(answer(DNS_A), DNS_LOOP, "too many of them");
}

static void
test_errors(void)
{
	static const struct {
		unsigned int	 flags;
		enum dns_status	 status;
	} tests[] = {
		{ 0x8180, DNS_NODATA },
		{ 0x8400, DNS_NODATA },
		{ 0x8000, DNS_LAME },
		{ 0x0180, DNS_STRANGE },
		{ 0x8380, DNS_TRUNCATED },
		{ 0x8181, DNS_NOEDNS },
		{ 0x8182, DNS_SERVFAIL },
		{ 0x8183, DNS_NXDOMAIN },
		{ 0x8184, DNS_NOEDNS },
		{ 0x8185, DNS_REFUSED },
		{ 0x8189, DNS_OTHER },
	};
	size_t	 i, n;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		begin("foo.test", DNS_A, tests[i].flags, 0);
		is_int(answer(DNS_A), tests[i].status, "flags %04x",
		    tests[i].flags);
	}
	question[11] = 0;
	begin("foo.test", DNS_A, 0x8181, 0);
	question[11] = 0;
	is_int(answer(DNS_A), DNS_OTHER, "FORMERR not because of EDNS");
	begin("foo.test", DNS_A, 0x8182, 0);
	len = 12;
	msg[5] = 0;
	is_int(answer(DNS_A), DNS_SERVFAIL, "an error without the question");
	msg[3] = 0x80;
	is_int(answer(DNS_A), DNS_STRANGE, "an answer without the question");
	begin("foo.test", DNS_A, 0x8180, 0);
	msg[0] ^= 1;
	is_int(answer(DNS_A), DNS_STRANGE, "another id");
	begin("foo.test", DNS_A, 0x8180, 0);
	msg[13] ^= 1;
	is_int(answer(DNS_A), DNS_STRANGE, "another name");
	begin("foo.test", DNS_A, 0x8180, 0);
	msg[len - 3] ^= 1;
	is_int(answer(DNS_A), DNS_STRANGE, "another type");
	begin("foo.test", DNS_A, 0x8180, 2);
	RR(SELF, DNS_CNAME, "\1a\4test\0");
	RR("\1a\4test\0", DNS_A, "\12\0\0\2");
	for (n = len; n-- > 0;) {
		len = n;
		i = answer(DNS_A);
		if (i != DNS_MALFORMED && i != DNS_STRANGE)
			break;
	}
	is_int(n, -1, "cut anywhere it is no answer");
}

static void
test_hostile(void)
{
	unsigned int	 i;

	begin("foo.test", DNS_A, 0x8180, 1);
	RR(SELF, DNS_A, "\12\0\0");
	is_int(answer(DNS_A), DNS_MALFORMED, "three bytes of an address");
	begin("foo.test", DNS_TXT, 0x8180, 1);
	RR(SELF, DNS_TXT, "\5abcd");
	is_int(answer(DNS_TXT), DNS_MALFORMED, "a string longer than all");
	begin("foo.test", DNS_NS, 0x8180, 1);
	RR(SELF, DNS_NS, "\xc0\x26");
	is_int(answer(DNS_NS), DNS_MALFORMED, "a name that points to itself");
	begin("foo.test", DNS_NS, 0x8180, 1);
	RR(SELF, DNS_NS, "\xff\xff");
	is_int(answer(DNS_NS), DNS_MALFORMED, "one that points far away");
	begin("foo.test", DNS_NS, 0x8180, 1);
	RR(SELF, DNS_NS, "\x80\0");
	is_int(answer(DNS_NS), DNS_MALFORMED, "a label of no known kind");
	begin("foo.test", DNS_MX, 0x8180, 1);
	RR(SELF, DNS_MX, "\0\1");
	is_int(answer(DNS_MX), DNS_MALFORMED, "a preference without name");
	begin("foo.test", DNS_A, 0x8180, 65535);
	for (i = 0; len < 65000; i++)
		RR(SELF, DNS_A, "\12\0\0\1");
	is_int(answer(DNS_A), DNS_ANSWER, "of 4060 records");
	begin("foo.test", DNS_NS, 0x8180, 2);
	RR("\77" "0123456789012345678901234567890123456789012345678901234"
	    "56789012" "\77" "0123456789012345678901234567890123456789012345"
	    "67890123456789012" "\77" "0123456789012345678901234567890123456"
	    "78901234567890123456789012" "\77" "0123456789012345678901234567"
	    "89012345678901234567890123456789012\0", DNS_NS, "\0");
	is_int(answer(DNS_NS), DNS_MALFORMED, "a name of 257 bytes");
}

/* What a detail shows of what was found. */
static void
test_found(void)
{
	struct dns_found	 f;
	char			 big[400], buf[512];

	dns_found_init(&f, "WANTED");
	dns_found_add("a", 1, &f);
	dns_found_add("b\x1b", 2, &f);
	is_int(f.matched, 0, "no match");
	is_str(dns_found_text(&f, buf, sizeof(buf)), "a, b\\x1b", "two");
	dns_found_add("\0wanteD.", 8, &f);
	is_int(f.matched, 1, "whatever the case, and behind a NUL");
	dns_found_add("d", 1, &f);
	dns_found_add("e", 1, &f);
	is_str(dns_found_text(&f, buf, sizeof(buf)),
	    "a, b\\x1b, ..., \xe2\x80\xa6 +2 more", "five");
	memset(big, 'x', sizeof(big));
	dns_found_init(&f, "");
	is_int(f.matched, 1, "nothing is wanted");
	dns_found_add(big, sizeof(big), &f);
	is_int(strlen(dns_found_text(&f, buf, sizeof(buf))), 98, "a long one");
	dns_found_text(&f, buf, 10);
	is_str(buf, "xxxxxxxxx", "a small buffer");
	dns_found_init(&f, "xxxxy");
	dns_found_add(big, sizeof(big), &f);
	is_int(f.matched, 0, "not at the end");
}

int
main(void)
{
	test_question();
	test_records();
	test_aliases();
	test_errors();
	test_hostile();
	test_found();
	return (tap_done());
}
