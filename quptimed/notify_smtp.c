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

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base64.h"
#include "conn.h"
#include "fmt.h"
#include "model.h"
#include "smtp.h"

#define PORT_TLS	465	/* TLS from the first byte on: RFC 8314 */
#define READ_SIZE	4096
#define ROUNDS		16	/* before others have a turn */
#define LINE_MAX_AUTH	510	/* of a command, without its end: RFC 4954 */
#define ERR_MAX		256
#define SHOWN_MAX	160	/* of what a server says */

enum state {
	ST_GREETING,
	ST_EHLO,
	ST_HELO,
	ST_STARTTLS,
	ST_AUTH,	/* PLAIN's and LOGIN's last step */
	ST_AUTH_PLAIN,	/* too long for the line of the command */
	ST_AUTH_USER,
	ST_AUTH_PASSWORD,
	ST_MAIL,
	ST_RCPT,
	ST_DATA,
	ST_BODY,
	ST_QUIT
};

struct smtp {
	struct conn		 *conn;
	char			 *host;
	char			 *user;
	char			 *password;
	int			  starttls;
	int			  tls;		/* under way or done */
	int			  fresh;	/* the handshake is just over */
	enum state		  state;
	struct smtp_reply	  reply;
	struct smtp_ext		  ext;
	char			 *out;
	size_t			  outcap;
	size_t			  outlen;
	size_t			  outoff;
	struct mail		  mail;
	unsigned int		  next;		/* receiver */
	char			  err[ERR_MAX];
	int			  again;
	void			(*cb)(const struct smtp_res *, void *);
	void			 *arg;
};

static int	 smtp_copy(struct smtp *, const struct alert *);
static void	 smtp_free(struct smtp *);
static enum io	 smtp_step(struct conn *, void *);
static enum io	 smtp_feed(struct smtp *, const char *, size_t);
static enum io	 smtp_answer(struct smtp *);
static enum io	 smtp_hello(struct smtp *);
static enum io	 smtp_auth(struct smtp *);
static enum io	 smtp_plain(struct smtp *);
static enum io	 smtp_login(struct smtp *, const char *, enum state);
static enum io	 smtp_mail(struct smtp *);
static enum io	 smtp_rcpt(struct smtp *);
static enum io	 smtp_rcpt_answer(struct smtp *);
static enum io	 smtp_body(struct smtp *);
static enum io	 smtp_sent(struct smtp *);
static enum io	 smtp_say(struct smtp *, enum state, const char *, ...)
		    __attribute__((__format__(printf, 3, 4)));
static enum io	 smtp_quit(struct smtp *, int, const char *);
static enum io	 smtp_refused(struct smtp *);
static void	 smtp_error(struct smtp *, const char *);
static const char
		*smtp_said(struct smtp *, char *, size_t);
static void	 smtp_done(struct conn *, enum conn_end, const char *,
		    void *);
static int	 is_local(const char *);

static char	 myname[256] = "localhost";

/* What goes before an error, and what kind of answer is none. */
static const struct {
	const char	*what;
	int		 want;		/* first digit of the code */
} states[] = {
	[ST_GREETING] = { "dial smtp", 2 },
	[ST_EHLO] = { "ehlo", 2 },
	[ST_HELO] = { "helo", 2 },
	[ST_STARTTLS] = { "starttls", 2 },
	[ST_AUTH] = { "smtp auth", 2 },
	[ST_AUTH_PLAIN] = { "smtp auth", 3 },
	[ST_AUTH_USER] = { "smtp auth", 3 },
	[ST_AUTH_PASSWORD] = { "smtp auth", 3 },
	[ST_MAIL] = { "mail from", 2 },
	[ST_RCPT] = { "rcpt", 2 },
	[ST_DATA] = { "data", 3 },
	[ST_BODY] = { "close body", 2 },
	[ST_QUIT] = { "quit", 2 },
};

void
smtp_init(void)
{
	char	 name[sizeof(myname)];

	/* Many servers want a full name; others do not care. */
	if (gethostname(name, sizeof(name)) == -1)
		return;
	name[sizeof(name) - 1] = '\0';
	if (strchr(name, '.') == NULL || name[0] == '.' ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")] != '\0')
		return;
	strlcpy(myname, name, sizeof(myname));
}

struct smtp *
smtp_start(const struct alert *a, struct mail *mail, struct monotime deadline,
    void (*cb)(const struct smtp_res *, void *), void *arg, const char **err,
    int *again)
{
	struct conn_req	 req;
	struct smtp	*s = NULL;

	*again = 0;
	*err = "smtp host/port not set";
	if (*str(a->smtp_host) == '\0' || a->smtp_port < 1 ||
	    a->smtp_port > UINT16_MAX)
		goto fail;
	*again = 1;
	*err = "out of memory";
	if ((s = calloc(1, sizeof(*s))) == NULL || smtp_copy(s, a) == -1)
		goto fail;
	memset(&req, 0, sizeof(req));
	s->tls = a->smtp_port == PORT_TLS;
	smtp_reply_init(&s->reply);
	s->cb = cb;
	s->arg = arg;
	req.host = s->host;
	req.port = a->smtp_port;
	req.tls = s->tls ? CONN_TLS : CONN_PLAIN;
	req.deadline = deadline;
	req.step = smtp_step;
	req.done = smtp_done;
	req.arg = s;
	if ((s->conn = conn_open(&req)) == NULL)
		goto fail;
	s->mail = *mail;
	memset(mail, 0, sizeof(*mail));
	return (s);
fail:
	mail_clear(mail);
	smtp_free(s);
	return (NULL);
}

void
smtp_cancel(struct smtp *s)
{
	if (s->conn != NULL)
		conn_close(s->conn);
	smtp_free(s);
}

static int
smtp_copy(struct smtp *s, const struct alert *a)
{
	const char	*host = a->smtp_host;
	size_t		 len = strlen(host);

	/* As host:port would have it. */
	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	s->starttls = a->smtp_starttls;
	if ((s->host = strndup(host, len)) == NULL ||
	    (s->user = strdup(str(a->smtp_user))) == NULL ||
	    (s->password = strdup(str(a->smtp_password))) == NULL)
		return (-1);
	return (0);
}

static void
smtp_free(struct smtp *s)
{
	if (s == NULL)
		return;
	mail_clear(&s->mail);
	if (s->password != NULL)
		freezero(s->password, strlen(s->password));
	freezero(s->out, s->outcap);
	free(s->user);
	free(s->host);
	free(s);
}

static enum io
smtp_step(struct conn *c, void *arg)
{
	struct smtp	*s = arg;
	char		 buf[READ_SIZE];
	enum io		 io;
	size_t		 n;
	int		 i;

	if (s->fresh) {
		s->fresh = 0;
		if ((io = smtp_say(s, ST_EHLO, "EHLO %s", myname)) == IO_FAIL)
			return (io);
	}
	for (i = 0; i < ROUNDS; i++) {
		if (s->outoff < s->outlen) {
			io = conn_write(c, s->out + s->outoff,
			    s->outlen - s->outoff, &n);
			if (io != IO_DONE)
				return (io);
			s->outoff += n;
			continue;
		}
		/* What is answered to QUIT would change nothing. */
		if (s->state == ST_QUIT)
			return (IO_DONE);
		if ((io = conn_read(c, buf, sizeof(buf), &n)) != IO_DONE)
			return (io);
		if (n == 0)
			return (conn_fail(c, "connection closed"));
		if ((io = smtp_feed(s, buf, n)) != IO_AGAIN)
			return (io);
	}
	return (IO_AGAIN);
}

/*
 * A server that says more than it was asked for is not to be trusted: what
 * comes before a handshake may be anybody's.
 */
static enum io
smtp_feed(struct smtp *s, const char *p, size_t n)
{
	enum io	 io;

	switch (smtp_reply_next(&s->reply, &p, &n)) {
	case SMTP_MORE:
		return (IO_AGAIN);
	case SMTP_BAD:
		return (conn_fail(s->conn, s->reply.err));
	case SMTP_REPLY:
		break;
	}
	if (n > 0)
		return (conn_fail(s->conn, "server spoke out of turn"));
	io = smtp_answer(s);
	smtp_reply_init(&s->reply);
	return (io);
}

/* IO_AGAIN: there is something to say. */
static enum io
smtp_answer(struct smtp *s)
{
	/* The server is going away, whatever was asked. */
	if (s->reply.code == 421)
		return (smtp_refused(s));
	if (s->state == ST_RCPT)
		return (smtp_rcpt_answer(s));
	if (s->state == ST_EHLO && s->reply.code >= 500)
		return (smtp_say(s, ST_HELO, "HELO %s", myname));
	if (s->reply.code / 100 != states[s->state].want)
		return (smtp_refused(s));
	switch (s->state) {
	case ST_GREETING:
		return (smtp_say(s, ST_EHLO, "EHLO %s", myname));
	case ST_EHLO:
		smtp_reply_ext(&s->reply, &s->ext);
		return (smtp_hello(s));
	case ST_HELO:
		memset(&s->ext, 0, sizeof(s->ext));
		return (smtp_hello(s));
	case ST_STARTTLS:
		s->tls = s->fresh = 1;
		return (IO_TLS);
	case ST_AUTH_PLAIN:
		return (smtp_plain(s));
	case ST_AUTH_USER:
		return (smtp_login(s, s->user, ST_AUTH_PASSWORD));
	case ST_AUTH_PASSWORD:
		return (smtp_login(s, s->password, ST_AUTH));
	case ST_AUTH:
		return (smtp_mail(s));
	case ST_MAIL:
		return (smtp_rcpt(s));
	case ST_DATA:
		return (smtp_body(s));
	case ST_BODY:
		return (smtp_sent(s));
	case ST_RCPT:
	case ST_QUIT:
		break;
	}
	return (IO_DONE);
}

/* Greetings are exchanged: is the connection what it has to be? */
static enum io
smtp_hello(struct smtp *s)
{
	if (s->starttls && !s->tls) {
		/* It may be somebody in between who does not. */
		if (!s->ext.starttls)
			return (smtp_quit(s, 1,
			    "server does not support STARTTLS"));
		return (smtp_say(s, ST_STARTTLS, "STARTTLS"));
	}
	if (s->user[0] != '\0')
		return (smtp_auth(s));
	return (smtp_mail(s));
}

static enum io
smtp_auth(struct smtp *s)
{
	if (!s->tls && !is_local(s->host))
		return (smtp_quit(s, 0, "smtp auth: unencrypted connection"));
	if (!s->ext.auth)
		return (smtp_quit(s, 0,
		    "smtp auth: server does not support AUTH"));
	if (!s->ext.plain && s->ext.login)
		return (smtp_say(s, ST_AUTH_USER, "AUTH LOGIN"));
	if (!s->ext.plain)
		return (smtp_quit(s, 0,
		    "smtp auth: server offers neither PLAIN nor LOGIN"));
	return (smtp_plain(s));
}

/*
 * RFC 4616: as whom, which is who it is; user; password.  With the command if
 * there is room, else when it is asked for.
 */
static enum io
smtp_plain(struct smtp *s)
{
	const char	*verb = s->state == ST_AUTH_PLAIN ? "" : "AUTH PLAIN ";
	char		*plain, *text;
	size_t		 ulen, plen, len;
	enum io		 io = IO_FAIL;

	ulen = strlen(s->user);
	plen = strlen(s->password);
	len = ulen + plen + 2;
	if (verb[0] != '\0' &&
	    strlen(verb) + BASE64_LEN(len) > LINE_MAX_AUTH)
		return (smtp_say(s, ST_AUTH_PLAIN, "AUTH PLAIN"));
	plain = calloc(1, len);
	text = malloc(BASE64_LEN(len) + 1);
	if (plain != NULL && text != NULL) {
		memcpy(plain + 1, s->user, ulen);
		memcpy(plain + ulen + 2, s->password, plen);
		base64(text, plain, len);
		io = smtp_say(s, ST_AUTH, "%s%s", verb, text);
	}
	freezero(plain, len);
	freezero(text, text != NULL ? BASE64_LEN(len) + 1 : 0);
	return (io);
}

/* One answer of LOGIN. */
static enum io
smtp_login(struct smtp *s, const char *what, enum state next)
{
	char	*text;
	size_t	 len = strlen(what);
	enum io	 io;

	if ((text = malloc(BASE64_LEN(len) + 1)) == NULL)
		return (IO_FAIL);
	base64(text, what, len);
	io = smtp_say(s, next, "%s", text);
	freezero(text, BASE64_LEN(len) + 1);
	return (io);
}

static enum io
smtp_mail(struct smtp *s)
{
	if (!s->mail.utf8)
		return (smtp_say(s, ST_MAIL, "MAIL FROM:<%s>", s->mail.from));
	if (!s->ext.utf8)
		return (smtp_quit(s, 0,
		    "mail from: server does not support SMTPUTF8"));
	return (smtp_say(s, ST_MAIL, "MAIL FROM:<%s>%s SMTPUTF8",
	    s->mail.from, s->ext.eightbit ? " BODY=8BITMIME" : ""));
}

/* The next who waits; when none is left, the text if anybody wants it. */
static enum io
smtp_rcpt(struct smtp *s)
{
	unsigned int	 i;

	for (; s->next < s->mail.nto; s->next++)
		if (s->mail.rcpt[s->next] == RCPT_WAITS)
			return (smtp_say(s, ST_RCPT, "RCPT TO:<%s>",
			    s->mail.to[s->next]));
	for (i = 0; i < s->mail.nto; i++)
		if (s->mail.rcpt[i] == RCPT_TAKEN)
			return (smtp_say(s, ST_DATA, "DATA"));
	return (smtp_quit(s, s->again, NULL));
}

/* One who is refused does not keep it from the others. */
static enum io
smtp_rcpt_answer(struct smtp *s)
{
	enum mail_rcpt	*r = &s->mail.rcpt[s->next];
	char		 said[SHOWN_MAX];

	if (s->reply.code / 100 == 2)
		*r = RCPT_TAKEN;
	else {
		if (s->err[0] == '\0')
			smtp_error(s, smtp_said(s, said, sizeof(said)));
		if (s->reply.code >= 500)
			*r = RCPT_REFUSED;
		else
			s->again = 1;
	}
	s->next++;
	return (smtp_rcpt(s));
}

/* The text, a dot more before each line that begins with one, and the end. */
static enum io
smtp_body(struct smtp *s)
{
	const struct mail	*m = &s->mail;
	char			*out;
	size_t			 i, n, cap;

	for (i = 0, cap = m->len + sizeof(".\r\n"); i < m->len; i++)
		cap += m->text[i] == '.';
	if ((out = malloc(cap)) == NULL)
		return (IO_FAIL);
	for (i = n = 0; i < m->len; i++) {
		if (m->text[i] == '.' && (i == 0 || m->text[i - 1] == '\n'))
			out[n++] = '.';
		out[n++] = m->text[i];
	}
	memcpy(out + n, ".\r\n", 3);
	freezero(s->out, s->outcap);
	s->out = out;
	s->outcap = cap;
	s->outlen = n + 3;
	s->outoff = 0;
	s->state = ST_BODY;
	return (IO_AGAIN);
}

static enum io
smtp_sent(struct smtp *s)
{
	unsigned int	 i;

	for (i = 0; i < s->mail.nto; i++)
		if (s->mail.rcpt[i] == RCPT_TAKEN)
			s->mail.rcpt[i] = RCPT_HAS;
	/* Whoever was refused is in the error, if anybody was. */
	return (smtp_quit(s, s->again, NULL));
}

/*
 * A line that is sent before anything else is read.  It may hold a secret, so
 * no buffer that grows is left behind.
 */
static enum io
smtp_say(struct smtp *s, enum state next, const char *fmt, ...)
{
	va_list	 ap;
	int	 n;

	freezero(s->out, s->outcap);
	s->out = NULL;
	s->outcap = s->outlen = s->outoff = 0;
	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || (s->out = malloc(n + 3)) == NULL)
		return (IO_FAIL);
	va_start(ap, fmt);
	(void)vsnprintf(s->out, n + 1, fmt, ap);
	va_end(ap);
	memcpy(s->out + n, "\r\n", 3);
	s->outcap = n + 3;
	s->outlen = n + 2;
	s->state = next;
	return (IO_AGAIN);
}

/* The end of it, decently; an error before counts for more. */
static enum io
smtp_quit(struct smtp *s, int again, const char *err)
{
	if (err != NULL && s->err[0] == '\0')
		strlcpy(s->err, err, sizeof(s->err));
	s->again = again;
	return (smtp_say(s, ST_QUIT, "QUIT"));
}

static enum io
smtp_refused(struct smtp *s)
{
	char	 said[SHOWN_MAX];

	s->err[0] = '\0';
	smtp_error(s, smtp_said(s, said, sizeof(said)));
	/* What is neither yes nor no nor later is a no. */
	return (smtp_quit(s, s->reply.code / 100 == 4, NULL));
}

static void
smtp_error(struct smtp *s, const char *err)
{
	char	 addr[MAIL_ADDR_MAX];

	if (s->state == ST_RCPT)
		snprintf(s->err, sizeof(s->err), "rcpt <%s>: %s",
		    fmt_vis(s->mail.to[s->next], addr, SHOWN_MAX / 2), err);
	else if (s->state == ST_BODY && s->outoff < s->outlen)
		snprintf(s->err, sizeof(s->err), "write body: %s", err);
	else
		snprintf(s->err, sizeof(s->err), "%s: %s",
		    states[s->state].what, err);
}

/* Code and text; without the text when that repeats what is a secret. */
static const char *
smtp_said(struct smtp *s, char *buf, size_t len)
{
	const char	*secret;
	char		*p, text[SHOWN_MAX], vis[SHOWN_MAX];

	strlcpy(text, s->reply.text, sizeof(text));
	if (s->state == ST_AUTH || s->state == ST_AUTH_PASSWORD) {
		s->out[s->outlen - 2] = '\0';
		secret = strrchr(s->out, ' ');
		secret = secret != NULL ? secret + 1 : s->out;
		if ((secret[0] != '\0' &&
		    strstr(s->reply.text, secret) != NULL) ||
		    (s->password[0] != '\0' &&
		    strstr(s->reply.text, s->password) != NULL))
			text[0] = '\0';
	}
	for (p = text; (p = strpbrk(p, "\r\n")) != NULL;)
		*p = ' ';
	snprintf(buf, len, "%d%s%s", s->reply.code, text[0] != '\0' ? " " : "",
	    fmt_vis(text, vis, sizeof(vis)));
	return (buf);
}

static void
smtp_done(struct conn *c, enum conn_end end, const char *err, void *arg)
{
	struct smtp	*s = arg;
	struct smtp_res	 res;
	char		 vis[SHOWN_MAX];

	(void)c;
	s->conn = NULL;
	if (end != CONN_OK && s->state != ST_QUIT) {
		/* As in "starttls: tls: ", once is enough. */
		if (s->state == ST_STARTTLS && strncmp(err, "tls: ", 5) == 0)
			err += 5;
		smtp_error(s, fmt_vis(err, vis, sizeof(vis)));
		s->again = 1;
	}
	memset(&res, 0, sizeof(res));
	res.err = s->err[0] != '\0' ? s->err : NULL;
	res.again = s->again;
	res.mail = &s->mail;
	s->cb(&res, s->arg);
	smtp_free(s);
}

/* As far as a password may go without a cipher. */
static int
is_local(const char *host)
{
	return (strcasecmp(host, "localhost") == 0 ||
	    strcmp(host, "127.0.0.1") == 0 || strcmp(host, "::1") == 0);
}
