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

#include <string.h>

#include "smtp.h"
#include "tap.h"

static struct smtp_reply	 reply;
static size_t			 rest;

/* In pieces of that many bytes, until it is complete or bad. */
static enum smtp_event
feed(const char *text, size_t len, size_t step)
{
	enum smtp_event	 ev = SMTP_MORE;
	size_t		 n;

	smtp_reply_init(&reply);
	while (ev == SMTP_MORE && len > 0) {
		n = step < len ? step : len;
		len -= n;
		ev = smtp_reply_next(&reply, &text, &n);
		len += n;
	}
	rest = len;
	return (ev);
}

static void
test_reply(void)
{
	static const struct {
		const char	*in;
		enum smtp_event	 ev;
		int		 code;
		const char	*text;
		size_t		 rest;
	} t[] = {
		{ "220 mx ESMTP\r\n", SMTP_REPLY, 220, "mx ESMTP", 0 },
		{ "250-a\r\n250-b c\r\n250 d\r\n", SMTP_REPLY, 250,
		    "a\nb c\nd", 0 },
		{ "354\r\n", SMTP_REPLY, 354, "", 0 },
		{ "354 \r\n", SMTP_REPLY, 354, "", 0 },
		{ "250-\r\n250\r\n", SMTP_REPLY, 250, "\n", 0 },
		{ "550 no\n", SMTP_REPLY, 550, "no", 0 },
		{ "220 a\r\n220 b\r\n", SMTP_REPLY, 220, "a", 7 },
		{ "220 a\rb\r\n", SMTP_REPLY, 220, "a\rb", 0 },
		{ "220 mx", SMTP_MORE, 0, NULL, 0 },
		{ "250-a\r\n", SMTP_MORE, 0, NULL, 0 },
		{ "", SMTP_MORE, 0, NULL, 0 },
		{ "\r\n", SMTP_BAD, 0, "malformed reply", 0 },
		{ "25\r\n", SMTP_BAD, 0, "malformed reply", 0 },
		{ "2500 x\r\n", SMTP_BAD, 0, "malformed reply", 0 },
		{ "abc x\r\n", SMTP_BAD, 0, "malformed reply", 0 },
		{ "150 x\r\n", SMTP_BAD, 0, "malformed reply", 0 },
		{ "600 x\r\n", SMTP_BAD, 0, "malformed reply", 0 },
		{ "250-a\r\n550 b\r\n", SMTP_BAD, 0, "malformed reply", 0 },
		{ "HTTP/1.1 400 Bad\r\n", SMTP_BAD, 0, "malformed reply", 0 },
	};
	size_t	 i, step;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		for (step = 1; step <= 64; step += 63) {
			is_int(feed(t[i].in, strlen(t[i].in), step), t[i].ev,
			    "reply %zu by %zu", i, step);
			if (t[i].ev == SMTP_BAD)
				is_str(reply.err, t[i].text, "why");
			if (t[i].ev != SMTP_REPLY)
				continue;
			is_int(reply.code, t[i].code, "code");
			is_str(reply.text, t[i].text, "text");
			is_int(rest, t[i].rest, "left over");
		}
	is_int(feed("220 a\0b\r\n", 9, 9), SMTP_BAD, "a NUL");
}

static void
test_bounds(void)
{
	static char	 big[SMTP_LINES_MAX * 128 + 64];
	size_t		 i, len;

	memset(big, 'x', sizeof(big));
	memcpy(big, "220 ", 4);
	is_int(feed(big, sizeof(big), 100), SMTP_BAD, "a line without end");
	is_str(reply.err, "reply too long", "why");
	for (i = len = 0; i < SMTP_LINES_MAX; i++, len += 128)
		memcpy(big + len, "250-", 4), big[len + 127] = '\n';
	memcpy(big + len, "250 z\r\n", 7);
	is_int(feed(big, len + 7, 1000), SMTP_BAD, "too many lines");
	is_str(reply.err, "reply too long", "why");
	is_int(feed(big + 128, len + 7 - 128, 1000), SMTP_REPLY, "one less");
	is_int(reply.len, SMTP_TEXT_MAX - 1, "the text is cut");
	is_int(strlen(reply.text), reply.len, "and ends");
}

static void
test_ext(void)
{
	static const char	 ehlo[] = "250-mx greets AUTH\r\n"
				    "250-SIZE 1000\r\n250-8bitmime\r\n"
				    "250-AUTH CRAM-MD5 LOGIN  PLAIN\r\n"
				    "250-STARTTLS\r\n250 SMTPUTF8\r\n";
	static const char	 none[] = "250-STARTTLS\r\n250-STARTTLSX\r\n"
				    "250-XAUTH PLAIN\r\n250 AUTH\r\n";
	static const char	 old[] = "250-mx\r\n250 AUTH=LOGIN\r\n";
	struct smtp_ext		 e;

	feed(ehlo, strlen(ehlo), 5);
	smtp_reply_ext(&reply, &e);
	ok(e.starttls && e.auth && e.plain && e.login && e.eightbit &&
	    e.utf8, "all that there is");
	feed(none, strlen(none), 5);
	smtp_reply_ext(&reply, &e);
	ok(!e.starttls && e.auth && !e.plain && !e.login && !e.eightbit &&
	    !e.utf8, "what only looks like it");
	feed(old, strlen(old), 5);
	smtp_reply_ext(&reply, &e);
	ok(e.auth && e.login && !e.plain, "an old form");
	feed("250 mx\r\n", 8, 8);
	smtp_reply_ext(&reply, &e);
	ok(!e.starttls && !e.auth, "nothing");
}

int
main(void)
{
	test_reply();
	test_bounds();
	test_ext();
	return (tap_done());
}
