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

#include <stdlib.h>
#include <string.h>

#include "mail.h"
#include "model.h"
#include "tap.h"

static char			*rcpts[4];
static char			 from[512], id[16];
static struct alert		 alert;
static struct alert_event	 event;
static struct mail		 mail;
static const char		*why;
static int			 again;

static int
make(const char *subject, const char *body)
{
	mail_clear(&mail);
	why = NULL;
	return (mail_make(&mail, &alert, &event, subject, body, &why, &again));
}

static void
start(void)
{
	static char	 a[] = "ops@example.org", b[] = "two@example.org";
	static char	 ev[] = "0e52760b-838f-431f-afe8-4ba6bdd4e025";

	memset(&alert, 0, sizeof(alert));
	memset(&event, 0, sizeof(event));
	strlcpy(from, "mon@example.org", sizeof(from));
	strlcpy(id, "a1", sizeof(id));
	rcpts[0] = a;
	rcpts[1] = b;
	alert.id = id;
	alert.smtp_from = from;
	alert.smtp_to.v = rcpts;
	alert.smtp_to.n = 2;
	event.id = ev;
	event.when = wall_from_unix(1778853659, 0);
}

/* The lines, header and body: not one too long, no bare CR or LF, ASCII. */
static int
wellformed(void)
{
	size_t	 i, col = 0;

	for (i = 0; i < mail.len; i++) {
		if (mail.text[i] == '\r' && mail.text[i + 1] == '\n') {
			i++;
			col = 0;
			continue;
		}
		if (mail.text[i] == '\r' || mail.text[i] == '\n' ||
		    mail.text[i] == '\0' || ++col > 78 ||
		    ((unsigned char)mail.text[i] >= 0x80 && !mail.utf8))
			return (0);
	}
	return (col == 0);
}

static int
has(const char *text)
{
	return (strstr(mail.text, text) != NULL);
}

static void
test_plain(void)
{
	start();
	is_int(make("[quptime] HTTP DOWN", "It is down.\n"), 0, "a message");
	is_str(mail.text, "From: mon@example.org\r\n"
	    "To: ops@example.org,\r\n two@example.org\r\n"
	    "Subject: [quptime] HTTP DOWN\r\n"
	    "Date: Fri, 15 May 2026 14:00:59 +0000\r\n"
	    "Message-ID: <0e52760b-838f-431f-afe8-4ba6bdd4e025.a1"
	    "@example.org>\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=UTF-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "\r\n"
	    "It is down.\r\n", "in full");
	is_int(mail.len, strlen(mail.text), "its length");
	is_int(mail.nto, 2, "receivers");
	is_str(mail.to[1], "two@example.org", "the second");
	is_str(mail.from, "mon@example.org", "sender");
	is_int(mail.utf8, 0, "all ASCII");

	strlcpy(id, "a 1/\xc3\xa9", sizeof(id));
	make("x", "y");
	ok(has(".a_201_2F_C3_A9@example.org>"), "an id of odd characters");
	strlcpy(from, "mon@[127.0.0.1]", sizeof(from));
	make("x", "y");
	ok(has("@quptimed.invalid>\r\n"), "a sender without a domain");
}

static void
test_subject(void)
{
	static const struct {
		const char	*subject;
		const char	*header;
	} t[] = {
		{ "", "Subject: \r\nDate:" },
		{ "a\r\nBcc: x@y.test", "Subject: a Bcc: x@y.test\r\nDate:" },
		{ "\n a\t \x01 b\x7f\n", "Subject: a b\r\nDate:" },
		{ "a\xe2\x80\xa8" "b\xc2\x85" "c", "Subject: a b c\r\nDate:" },
		{ "=?x", "Subject: =?UTF-8?B?PT94?=\r\nDate:" },
		{ "web \xe2\x80\x94 down",
		    "Subject: =?UTF-8?Q?web_=E2=80=94_down?=\r\nDate:" },
		{ "\xe3\x81\x82\xe3\x81\x84",
		    "Subject: =?UTF-8?B?44GC44GE?=\r\nDate:" },
		{ "\xff" "a", "Subject: =?UTF-8?B?77+9YQ==?=\r\nDate:" },
		{ "0123456789 0123456789 0123456789 0123456789 0123456789 "
		    "0123456789 0123456789",
		    "Subject: 0123456789 0123456789 0123456789 0123456789 "
		    "0123456789 0123456789\r\n 0123456789\r\nDate:" },
	};
	char	 big[4096];
	size_t	 i;

	start();
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		make(t[i].subject, "x");
		if (!ok(has(t[i].header) && wellformed(), "subject %zu", i))
			fprintf(stderr, "# %s\n", mail.text);
	}
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	make(big, "x");
	ok(wellformed() && mail.len < 2500, "a word of 4 KiB");
	memset(big, ' ', sizeof(big) - 1);
	make(big, "x");
	ok(wellformed() && has("Subject: \r\nDate:"), "4 KiB of blanks");
	for (i = 0; i + 4 < sizeof(big); i += 4)
		memcpy(big + i, "\xf0\x9f\x94\xa5", 4);
	big[i] = '\0';
	make(big, "x");
	ok(wellformed(), "emoji without end");
	ok(strstr(mail.text, "8J+UpQ==?=") != NULL ||
	    strstr(mail.text, "8J+Upf") != NULL, "in whole characters");
}

static void
test_body(void)
{
	char	 big[5000];
	size_t	 i;

	start();
	make("s", "a\nb\r\nc\rd");
	ok(has("\r\n\r\na\r\nb\r\nc\r\nd\r\n"), "line ends");
	make("s", "");
	ok(has("\r\n\r\n\r\n") && wellformed(), "nothing");
	make("s", "end \n\tx\t\n");
	ok(has("\r\n\r\nend=20\r\n\tx=09\r\n"), "blanks at the end");
	make("s", "1=2\n.\n..\nFrom me\n");
	ok(has("\r\n\r\n1=3D2\r\n.\r\n..\r\n=46rom me\r\n"), "marks");
	make("s", "The detail has an \xc3\xa9 and \x1b[31m and \xff.");
	ok(has("an =C3=A9 and =1B[31m and =EF=BF=BD.\r\n"), "bytes");
	make("s", "\xe3\x81\x82\xe3\x81\x84\n");
	ok(has("base64\r\n\r\n44GC44GEDQo=\r\n"), "base64");
	memset(big, 'y', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	make("s", big);
	ok(wellformed() && has("yyy=\r\nyyy"), "a long line");
	for (i = 0; i + 1 < sizeof(big); i++)
		big[i] = 0x80 + i % 0x80;
	make("s", big);
	ok(wellformed() && has("base64"), "no UTF-8 at all");
}

static void
test_address(void)
{
	static const struct {
		const char	*from;
		const char	*envelope;	/* NULL: refused */
		const char	*header;
	} t[] = {
		{ "root", "root", "From: root\r\nTo" },
		{ "Mon <m@x.test>", "m@x.test",
		    "From: \"Mon\" <m@x.test>\r\nTo" },
		{ "\"Mon, it\" <m@x.test>", "m@x.test",
		    "From: \"Mon, it\" <m@x.test>\r\nTo" },
		{ "M\xc3\xbc <m@x.test>", "m@x.test",
		    "From: =?UTF-8?B?TcO8?=\r\n <m@x.test>\r\nTo" },
		{ "<m@x.test>", "m@x.test", "From: <m@x.test>\r\nTo" },
		{ "m@[IPv6:::1]", "m@[IPv6:::1]", "From: m@[IPv6:::1]\r\n" },
		{ "m\xc3\xbc@x.test", "m\xc3\xbc@x.test",
		    "From: m\xc3\xbc@x.test\r\n" },
		{ "a\nB <m@x.test>", "m@x.test",
		    "From: \"a B\" <m@x.test>\r\nTo" },
		{ "m@x.test\r\nBcc: y", NULL, NULL },
		{ "m@x.test>\r\nRCPT TO:<y@z", NULL, NULL },
		{ "m@x.test> <a b@x.test>", NULL, NULL },
		{ "m @x.test", NULL, NULL },
		{ "m@x.test,n@x.test", NULL, NULL },
		{ "m@x@y", NULL, NULL },
		{ "m@", NULL, NULL },
		{ "@x", NULL, NULL },
		{ "<>", NULL, NULL },
		{ "m\xff@x.test", NULL, NULL },
		{ "m\xc2\x85@x.test", NULL, NULL },
		{ "\"a b\"@x.test", NULL, NULL },
	};
	size_t	 i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		start();
		strlcpy(from, t[i].from, sizeof(from));
		is_int(make("s", "b"), t[i].envelope == NULL ? -1 : 0,
		    "sender %zu", i);
		if (t[i].envelope == NULL) {
			is_str(why, "mail from: not an address", "refused");
			is_int(again, 0, "for good");
			continue;
		}
		is_str(mail.from, t[i].envelope, "envelope");
		ok(has(t[i].header) && wellformed(), "header: %.60s",
		    mail.text);
		is_int(mail.utf8, strstr(t[i].envelope, "\xc3") != NULL,
		    "SMTPUTF8");
	}
	start();
	rcpts[1] = from;
	strlcpy(from, "a b", sizeof(from));
	alert.smtp_from = rcpts[0];
	is_int(make("s", "b"), -1, "a receiver");
	is_str(why, "rcpt: not an address", "refused");
	alert.smtp_to.n = 0;
	is_int(make("s", "b"), -1, "no receiver");
	is_str(why, "smtp from/to not set", "refused");
}

int
main(void)
{
	test_plain();
	test_subject();
	test_body();
	test_address();
	mail_clear(&mail);
	return (tap_done());
}
