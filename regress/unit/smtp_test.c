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

#include <sys/wait.h>

#include <event.h>
#include <signal.h>

#include "httpc.h"
#include "model.h"
#include "server.h"
#include "smtp.h"
#include "tap.h"

/*
 * The other side plays a script: "<text" is a line it sends, ">text" one that
 * has to begin so, "." all up to the line with a dot, "!" a hang, "=" all lines
 * in one piece until the next "=".
 */
#define HI		"<220 mx", ">EHLO "
#define MAIL		">MAIL FROM:<m@x.test>\r", "<250 ok"
#define RCPT1		">RCPT TO:<a@x.test>\r"
#define RCPT2		">RCPT TO:<b@x.test>\r"
#define TEXT		">DATA\r", "<354 go", ".", "<250 queued", ">QUIT\r"
#define LINES		32

static struct alert		 alert;
static struct alert_event	 event;
static char			*rcpts[2];
static char			 got[512];
static const char		*body = "x\n";
static int			 again, calls;
static enum mail_rcpt		 rcpt[2];
static struct monotime		 limit = { 5000000000LL };

static int
line_read(int fd, char *buf, size_t size)
{
	size_t	 n = 0;

	while (n < size - 1 && read(fd, buf + n, 1) == 1)
		if (buf[n++] == '\n') {
			buf[n] = '\0';
			return (0);
		}
	return (-1);
}

static void
play(int fd, const char *const *script)
{
	char	 buf[4096], out[4096] = "";
	int	 i, hold = 0;

	for (i = 0; i < LINES && script[i] != NULL; i++) {
		if (script[i][0] == '<' || script[i][0] == '=') {
			if (script[i][0] == '=')
				hold = !hold;
			else {
				strlcat(out, script[i] + 1, sizeof(out));
				strlcat(out, "\r\n", sizeof(out));
			}
			if (!hold)
				server_put(fd, out);
			if (!hold)
				out[0] = '\0';
		} else if (script[i][0] == '!')
			pause();
		else if (script[i][0] == '.') {
			do {
				if (line_read(fd, buf, sizeof(buf)) == -1)
					_exit(2);
			} while (strcmp(buf, ".\r\n") != 0);
		} else if (line_read(fd, buf, sizeof(buf)) == -1 ||
		    strncmp(buf, script[i] + 1, strlen(script[i] + 1)) != 0) {
			fprintf(stderr, "# want %s got %s\n", script[i], buf);
			_exit(1);
		}
	}
	_exit(0);
}

static void
result_cb(const struct smtp_res *res, void *arg)
{
	(void)arg;
	calls++;
	strlcpy(got, res->err != NULL ? res->err : "", sizeof(got));
	again = res->again;
	rcpt[0] = res->mail->rcpt[0];
	if (res->mail->nto > 1)
		rcpt[1] = res->mail->rcpt[1];
	event_loopexit(NULL);
}

/* One message against a script; the script's exit status. */
static int
talk(const char *const *script)
{
	struct mail	 mail;
	const char	*err;
	uint16_t	 port;
	pid_t		 pid;
	int		 ls, fd, status;

	ls = server_listen(&port);
	fflush(stdout);
	if ((pid = fork()) == 0) {
		if ((fd = accept(ls, NULL, NULL)) == -1)
			_exit(3);
		play(fd, script);
	}
	close(ls);
	alert.smtp_port = port;
	calls = again = 0;
	if (mail_make(&mail, &alert, &event, "s", body, &err, &again) == -1)
		abort();
	/* Has it already, where a test says so. */
	mail.rcpt[0] = rcpt[0];
	if (smtp_start(&alert, &mail, mono_add(mono_now(), limit), result_cb,
	    NULL, &err, &again) == NULL)
		abort();
	event_dispatch();
	kill(pid, calls == 1 && limit.ns < 1000000000 ? SIGKILL : 0);
	waitpid(pid, &status, 0);
	return (WIFEXITED(status) ? WEXITSTATUS(status) : 0);
}

static void
start(void)
{
	static char	 host[] = "127.0.0.1", from[] = "m@x.test";
	static char	 a[] = "a@x.test", b[] = "b@x.test", id[] = "e1";

	memset(&alert, 0, sizeof(alert));
	memset(&event, 0, sizeof(event));
	rcpts[0] = a;
	rcpts[1] = b;
	alert.id = event.id = id;
	alert.smtp_host = host;
	alert.smtp_from = from;
	alert.smtp_to.v = rcpts;
	alert.smtp_to.n = 1;
	rcpt[0] = rcpt[1] = RCPT_WAITS;
	event.when = wall_from_unix(1778853659, 0);
	limit = MONO_MSEC(5000);
}

static const struct {
	const char	*what;
	const char	*err;
	int		 again;
	int		 starttls;
	const char	*user;
	const char	*script[LINES];
} tests[] = {
	{ "a message", "", 0, 0, "", { HI, "<250 mx", MAIL, RCPT1, "<250 ok",
	    TEXT, "<221 bye" } },
	{ "without EHLO", "", 0, 0, "", { HI, "<502 what", ">HELO ", "<250 mx",
	    MAIL, RCPT1, "<251 ok", TEXT } },
	{ "PLAIN", "", 0, 0, "me", { HI, "<250-mx", "<250-AUTH LOGIN PLAIN",
	    "<250 8BITMIME", ">AUTH PLAIN AG1lAHMzY3JldA==\r", "<235 ok", MAIL,
	    RCPT1, "<250 ok", TEXT } },
	{ "LOGIN", "", 0, 0, "me", { HI, "<250-mx", "<250 AUTH LOGIN",
	    ">AUTH LOGIN\r", "<334 VXNlcm5hbWU6", ">bWU=\r",
	    "<334 UGFzc3dvcmQ6", ">czNjcmV0\r", "<235 ok", MAIL, RCPT1,
	    "<250 ok", TEXT } },
	{ "a wrong password", "smtp auth: 535 5.7.8 no", 0, 0, "me", { HI,
	    "<250-mx", "<250 AUTH PLAIN", ">AUTH PLAIN ", "<535 5.7.8 no",
	    ">QUIT\r" } },
	{ "an echo of it", "smtp auth: 500", 0, 0, "me", { HI, "<250-mx",
	    "<250 AUTH PLAIN", ">AUTH PLAIN ",
	    "<500 what is AUTH PLAIN AG1lAHMzY3JldA==", ">QUIT\r" } },
	{ "a plain echo", "smtp auth: 454", 1, 0, "me", { HI, "<250-mx",
	    "<250 AUTH LOGIN", ">AUTH LOGIN", "<334 a", ">bWU=", "<334 b",
	    ">czNjcmV0", "<454 s3cret", ">QUIT\r" } },
	{ "no AUTH", "smtp auth: server does not support AUTH", 0, 0, "me",
	    { HI, "<250 mx", ">QUIT\r" } },
	{ "another AUTH", "smtp auth: server offers neither PLAIN nor LOGIN",
	    0, 0, "me", { HI, "<250-mx", "<250 AUTH GSSAPI", ">QUIT\r" } },
	{ "no STARTTLS", "server does not support STARTTLS", 1, 1, "me",
	    { HI, "<250-mx", "<250 AUTH PLAIN", ">QUIT\r" } },
	{ "STARTTLS refused", "starttls: 454 not now", 1, 1, "", { HI,
	    "<250-mx", "<250 STARTTLS", ">STARTTLS\r", "<454 not now",
	    ">QUIT\r" } },
	{ "more before the handshake", "starttls: server spoke out of turn", 1,
	    1, "", { HI, "<250-mx", "<250 STARTTLS", ">STARTTLS\r", "=",
	    "<220 go", "<250 evil", "=" } },
	{ "an answer before STARTTLS", "ehlo: server spoke out of turn", 1, 1,
	    "", { HI, "=", "<250-mx", "<250 STARTTLS", "<220 go", "=" } },
	{ "no TLS after all", "starttls: ", 1, 1, "", { HI, "<250-mx",
	    "<250 STARTTLS", ">STARTTLS\r", "<220 go", "<hello" } },
	{ "a busy server", "dial smtp: 421 busy", 1, 0, "", { "<421 busy",
	    ">QUIT\r" } },
	{ "one that refuses", "dial smtp: 554 no", 0, 0, "", { "<554 no",
	    ">QUIT\r" } },
	{ "another protocol", "dial smtp: malformed reply", 1, 0, "",
	    { "<SSH-2.0-x" } },
	{ "a dead one", "dial smtp: connection closed", 1, 0, "", { NULL } },
	{ "death in between", "mail from: connection closed", 1, 0, "", { HI,
	    "<250 mx", ">MAIL FROM" } },
	{ "death at the end", "close body: connection closed", 1, 0, "", { HI,
	    "<250 mx", MAIL, RCPT1, "<250 ok", ">DATA", "<354 go", "." } },
	{ "death after it", "", 0, 0, "", { HI, "<250 mx", MAIL, RCPT1,
	    "<250 ok", ">DATA", "<354 go", ".", "<250 ok" } },
	{ "a sender", "mail from: 550 no\\x1b[31m", 0, 0, "", { HI, "<250 mx",
	    ">MAIL", "<550 no\x1b[31m", ">QUIT\r" } },
	{ "in two lines", "mail from: 451 a b", 1, 0, "", { HI, "<250 mx",
	    ">MAIL", "<451-a", "<451 b", ">QUIT\r" } },
	{ "a receiver", "rcpt <a@x.test>: 550 who", 0, 0, "", { HI, "<250 mx",
	    MAIL, RCPT1, "<550 who", ">QUIT\r" } },
	{ "a receiver for now", "rcpt <a@x.test>: 450 grey", 1, 0, "", { HI,
	    "<250 mx", MAIL, RCPT1, "<450 grey", ">QUIT\r" } },
	{ "going at a receiver", "rcpt <a@x.test>: 421 bye", 1, 0, "", { HI,
	    "<250 mx", MAIL, RCPT1, "<421 bye", ">QUIT\r" } },
	{ "the text", "data: 503 no", 0, 0, "", { HI, "<250 mx", MAIL, RCPT1,
	    "<250 ok", ">DATA", "<503 no", ">QUIT\r" } },
	{ "all of it", "close body: 554 spam", 0, 0, "", { HI, "<250 mx", MAIL,
	    RCPT1, "<250 ok", ">DATA", "<354 go", ".", "<554 spam",
	    ">QUIT\r" } },
	{ "for now", "close body: 452 full", 1, 0, "", { HI, "<250 mx", MAIL,
	    RCPT1, "<250 ok", ">DATA", "<354 go", ".", "<452 full",
	    ">QUIT\r" } },
};

static void
test_scripts(void)
{
	static char	 user[] = "me", password[] = "s3cret";
	size_t		 i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		start();
		alert.smtp_starttls = tests[i].starttls;
		if (tests[i].user[0] != '\0')
			alert.smtp_user = user;
		alert.smtp_password = password;
		is_int(talk(tests[i].script), 0, "%s: as in the script",
		    tests[i].what);
		if (tests[i].err[0] != '\0' &&
		    tests[i].err[strlen(tests[i].err) - 1] == ' ')
			ok(strncmp(got, tests[i].err, strlen(tests[i].err)) ==
			    0, "error: %s", got);
		else
			is_str(got, tests[i].err, "error");
		is_int(again, tests[i].again, "whether again");
		is_int(rcpt[0] == RCPT_HAS, tests[i].err[0] == '\0', "sent");
		ok(strstr(got, password) == NULL, "without a secret");
	}
}

/* What a command's line has no room for. */
static void
test_long_auth(void)
{
	static const char *const	 script[LINES] = { HI, "<250-mx",
		"<250 AUTH PLAIN", ">AUTH PLAIN\r", "<334 ", ">AHV1dXV1",
		"<235 ok", MAIL, RCPT1, "<250 ok", TEXT };
	static const char *const	 no[LINES] = { HI, "<250-mx",
		"<250 AUTH PLAIN", ">AUTH PLAIN\r", "<504 no", ">QUIT\r" };
	static char			 user[513], password[] = "s3cret";

	memset(user, 'u', sizeof(user) - 1);
	start();
	alert.smtp_user = user;
	alert.smtp_password = password;
	is_int(talk(script), 0, "a long name");
	is_str(got, "", "sent");
	is_int(talk(no), 0, "that is not asked for");
	is_str(got, "smtp auth: 504 no", "error");
}

static void
test_receivers(void)
{
	static const char *const	 second[LINES] = { HI, "<250 mx", MAIL,
		RCPT1, "<550 who", RCPT2, "<250 ok", TEXT };
	static const char *const	 later[LINES] = { HI, "<250 mx", MAIL,
		RCPT1, "<250 ok", RCPT2, "<450 grey", TEXT };
	static const char *const	 rest[LINES] = { HI, "<250 mx", MAIL,
		RCPT2, "<250 ok", TEXT };

	start();
	alert.smtp_to.n = 2;
	is_int(talk(second), 0, "the first is refused");
	is_str(got, "rcpt <a@x.test>: 550 who", "error");
	is_int(again, 0, "for good");
	ok(rcpt[0] == RCPT_REFUSED && rcpt[1] == RCPT_HAS, "who has it");

	start();
	alert.smtp_to.n = 2;
	is_int(talk(later), 0, "the second has to wait");
	is_str(got, "rcpt <b@x.test>: 450 grey", "error");
	is_int(again, 1, "not for good");
	ok(rcpt[0] == RCPT_HAS && rcpt[1] == RCPT_WAITS, "who has it");
	rcpt[0] = RCPT_HAS;
	is_int(talk(rest), 0, "only that one");
	is_str(got, "", "has it then");
}

static void
test_utf8(void)
{
	static const char *const	 yes[LINES] = { HI, "<250-mx",
		"<250-8BITMIME", "<250 SMTPUTF8",
		">MAIL FROM:<\xc3\xbc@x.test> BODY=8BITMIME SMTPUTF8\r",
		"<250 ok", RCPT1, "<250 ok", TEXT };
	static const char *const	 no[LINES] = { HI, "<250-mx",
		"<250 8BITMIME", ">QUIT\r" };
	static char			 from[] = "\xc3\xbc@x.test";

	start();
	alert.smtp_from = from;
	is_int(talk(yes), 0, "an address that is not ASCII");
	is_str(got, "", "sent");
	is_int(talk(no), 0, "an older server");
	is_str(got, "mail from: server does not support SMTPUTF8", "error");
	is_int(again, 0, "for good");
}

static void
test_dots(void)
{
	static const char *const	 script[LINES] = { HI, "<250 mx", MAIL,
		RCPT1, "<250 ok", ">DATA\r", "<354 go", ">From", ">To",
		">Subj", ">Date", ">Mess", ">Auto", ">MIME", ">Cont", ">Cont",
		">\r", ">..\r", ">...x\r", "." , "<250 ok", ">QUIT" };

	start();
	body = ".\n..x\n";
	is_int(talk(script), 0, "lines that begin with a dot");
	is_str(got, "", "sent");
	body = "x\n";
}

static void
test_silent(void)
{
	static const char *const	 greet[LINES] = { "!" };
	static const char *const	 data[LINES] = { HI, "<250 mx", MAIL,
		RCPT1, "<250 ok", ">DATA", "<354 go", ".", "!" };
	static const char *const	 quit[LINES] = { HI, "<250 mx", MAIL,
		RCPT1, "<250 ok", TEXT, "!" };

	start();
	limit = MONO_MSEC(300);
	talk(greet);
	is_str(got, "dial smtp: deadline exceeded (timeout)", "silent");
	is_int(again, 1, "not for good");
	talk(data);
	is_str(got, "close body: deadline exceeded (timeout)", "at the end");
	rcpt[0] = RCPT_WAITS;
	talk(quit);
	is_str(got, "", "after the end it does not matter");
}

static void
test_refused(void)
{
	struct mail	 mail;
	const char	*err;
	static char	 none[] = "mx.invalid.";

	start();
	alert.smtp_port = 0;
	if (mail_make(&mail, &alert, &event, "s", "b", &err, &again) == -1)
		abort();
	ok(smtp_start(&alert, &mail, mono_now(), result_cb, NULL, &err,
	    &again) == NULL, "no port");
	is_str(err, "smtp host/port not set", "error");
	is_int(again, 0, "for good");
	/* Ends without a word. */
	alert.smtp_host = none;
	alert.smtp_port = 25;
	calls = 0;
	if (mail_make(&mail, &alert, &event, "s", "b", &err, &again) == -1)
		abort();
	smtp_cancel(smtp_start(&alert, &mail, mono_now(), result_cb, NULL,
	    &err, &again));
	is_int(calls, 0, "cancelled");
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	event_init();
	httpc_init();
	test_scripts();
	test_long_auth();
	test_receivers();
	test_utf8();
	test_dots();
	test_silent();
	test_refused();
	httpc_shutdown();
	return (tap_done());
}
