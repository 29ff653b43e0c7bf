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
#include <strings.h>

#include "smtp.h"

static enum smtp_event	 reply_line(struct smtp_reply *);
static int		 reply_code(const char *, size_t);
static void		 ext_line(struct smtp_ext *, const char *, size_t);
static int		 word_is(const char *, size_t, const char *);

void
smtp_reply_init(struct smtp_reply *r)
{
	r->code = 0;
	r->text[0] = '\0';
	r->len = r->linelen = 0;
	r->nlines = 0;
	r->err = NULL;
}

enum smtp_event
smtp_reply_next(struct smtp_reply *r, const char **p, size_t *n)
{
	enum smtp_event	 ev = SMTP_MORE;
	char		 c;

	while (ev == SMTP_MORE && *n > 0) {
		c = *(*p)++;
		(*n)--;
		if (c == '\n')
			ev = reply_line(r);
		else if (c == '\0' || r->linelen == sizeof(r->line)) {
			r->err = c == '\0' ? "malformed reply" :
			    "reply too long";
			ev = SMTP_BAD;
		} else
			r->line[r->linelen++] = c;
	}
	return (ev);
}

/* "250-text", "250 text" or "250", each with the same code. */
static enum smtp_event
reply_line(struct smtp_reply *r)
{
	const char	*text;
	size_t		 len = r->linelen;
	int		 code, more;

	if (len > 0 && r->line[len - 1] == '\r')
		len--;
	r->linelen = 0;
	code = reply_code(r->line, len);
	if (code == -1 || (r->nlines > 0 && code != r->code)) {
		r->err = "malformed reply";
		return (SMTP_BAD);
	}
	if (++r->nlines > SMTP_LINES_MAX) {
		r->err = "reply too long";
		return (SMTP_BAD);
	}
	r->code = code;
	more = len > 3 && r->line[3] == '-';
	text = r->line + 3;
	len -= 3;
	if (len > 0) {
		text++;
		len--;
	}
	/* What does not fit into the text is of no use to anybody. */
	if (r->nlines > 1 && r->len + 1 < sizeof(r->text))
		r->text[r->len++] = '\n';
	if (len > sizeof(r->text) - 1 - r->len)
		len = sizeof(r->text) - 1 - r->len;
	memcpy(r->text + r->len, text, len);
	r->len += len;
	r->text[r->len] = '\0';
	return (more ? SMTP_MORE : SMTP_REPLY);
}

static int
reply_code(const char *s, size_t len)
{
	int	 i, code = 0;

	if (len < 3 || (len > 3 && s[3] != ' ' && s[3] != '-'))
		return (-1);
	for (i = 0; i < 3; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (-1);
		code = code * 10 + s[i] - '0';
	}
	return (code < 200 || code > 599 ? -1 : code);
}

void
smtp_reply_ext(const struct smtp_reply *r, struct smtp_ext *e)
{
	const char	*p;
	size_t		 n;

	memset(e, 0, sizeof(*e));
	/* The first line is the greeting. */
	for (p = strchr(r->text, '\n'); p != NULL; p = p[n] == '\n' ?
	    p + n : NULL) {
		p++;
		n = strcspn(p, "\n");
		ext_line(e, p, n);
	}
}

/* A keyword and its parameters; some servers write AUTH=, an old form. */
static void
ext_line(struct smtp_ext *e, const char *s, size_t len)
{
	const char	*end = s + len;
	size_t		 n;
	int		 auth;

	n = strcspn(s, " =\n");
	e->starttls |= word_is(s, n, "STARTTLS");
	e->eightbit |= word_is(s, n, "8BITMIME");
	e->utf8 |= word_is(s, n, "SMTPUTF8");
	auth = word_is(s, n, "AUTH");
	e->auth |= auth;
	for (s += n; auth && s < end; s += n) {
		s += strspn(s, " =");
		n = strcspn(s, " \n");
		e->plain |= word_is(s, n, "PLAIN");
		e->login |= word_is(s, n, "LOGIN");
		if (n == 0)
			break;
	}
}

static int
word_is(const char *s, size_t n, const char *word)
{
	return (n == strlen(word) && strncasecmp(s, word, n) == 0);
}
