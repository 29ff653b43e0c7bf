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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base64.h"
#include "json.h"
#include "mail.h"
#include "model.h"

#define LINE_WIDTH	76	/* of a line, where there is a choice */
#define WORD_MAX	60	/* a longer one is encoded, as it cannot fold */
#define WORD_EXTRA	12	/* =?UTF-8?B??= */
#define SUBJECT_MAX	1000	/* bytes */
#define ID_MAX		128	/* of each half of a Message-ID's left side */
#define DOMAIN_MAX	255
#define ELLIPSIS	"\xe2\x80\xa6"
#define REPLACEMENT	"\xef\xbf\xbd"	/* U+FFFD */

/* A text that grows, with one sticky error. */
struct out {
	char	*buf;
	size_t	 len;
	size_t	 cap;
	int	 failed;
};

static void	 out_add(struct out *, const void *, size_t);
static void	 out_str(struct out *, const char *);
static void	 put_date(struct out *, const struct walltime *);
static void	 put_id(struct out *, const char *, const char *,
		    const char *);
static void	 put_id_part(struct out *, const char *);
static void	 put_mailbox(struct out *, const char *, size_t *);
static void	 put_unstructured(struct out *, const char *, size_t *);
static void	 put_words(struct out *, const char *, size_t *);
static size_t	 word_fit(const char *, size_t, int);
static int	 q_literal(char);
static size_t	 q_len(const char *, size_t);
static void	 put_q(struct out *, const char *, size_t);
static void	 put_body(struct out *, const char *);
static void	 put_quoted(struct out *, const char *, size_t);
static void	 put_base64(struct out *, const char *, size_t);
static char	*clean(const char *, size_t);
static char	*canonical(const char *, size_t *);
static size_t	 char_at(const char *, const char **);
static int	 is_ascii(const char *);
static int	 is_plain(const char *);
static char	*address(const char *);
static int	 address_ok(const char *);
static int	 envelope(struct mail *, const struct alert *, const char **,
		    int *);
static void	 headers(struct out *, const struct mail *,
		    const struct alert *, const struct alert_event *,
		    const char *);

int
mail_make(struct mail *m, const struct alert *a, const struct alert_event *ev,
    const char *subject, const char *body, const char **err, int *again)
{
	struct out	 o;

	memset(m, 0, sizeof(*m));
	memset(&o, 0, sizeof(o));
	*again = 0;
	if (envelope(m, a, err, again) == -1) {
		mail_clear(m);
		return (-1);
	}
	headers(&o, m, a, ev, subject);
	put_body(&o, body);
	if (o.failed) {
		free(o.buf);
		mail_clear(m);
		*err = "out of memory";
		*again = 1;
		return (-1);
	}
	m->text = o.buf;
	m->len = o.len;
	return (0);
}

void
mail_clear(struct mail *m)
{
	unsigned int	 i;

	for (i = 0; i < m->nto; i++)
		free(m->to[i]);
	free(m->to);
	free(m->rcpt);
	free(m->from);
	free(m->text);
	memset(m, 0, sizeof(*m));
}

/* Who sends and who receives, as far as the server is concerned. */
static int
envelope(struct mail *m, const struct alert *a, const char **err, int *again)
{
	uint32_t	 i;

	*err = "smtp from/to not set";
	if (*str(a->smtp_from) == '\0' || a->smtp_to.n == 0)
		return (-1);
	*err = "out of memory";
	*again = 1;
	if ((m->to = calloc(a->smtp_to.n, sizeof(*m->to))) == NULL ||
	    (m->rcpt = calloc(a->smtp_to.n, sizeof(*m->rcpt))) == NULL ||
	    (m->from = address(a->smtp_from)) == NULL)
		return (-1);
	for (i = 0; i < a->smtp_to.n; i++) {
		if ((m->to[i] = address(a->smtp_to.v[i])) == NULL)
			return (-1);
		m->nto++;
	}
	*again = 0;
	*err = "mail from: not an address";
	if (!address_ok(m->from))
		return (-1);
	*err = "rcpt: not an address";
	m->utf8 = !is_ascii(m->from);
	for (i = 0; i < m->nto; i++) {
		if (!address_ok(m->to[i]))
			return (-1);
		m->utf8 |= !is_ascii(m->to[i]);
	}
	return (0);
}

/* The address of "Name <address>", or all of it. */
static char *
address(const char *s)
{
	const char	*open;
	size_t		 len = strlen(s);

	if (len > 0 && s[len - 1] == '>' && (open = strrchr(s, '<')) != NULL)
		return (strndup(open + 1, s + len - 1 - (open + 1)));
	return (strdup(s));
}

/*
 * Whether a server can be told of it and a header hold it.  Quoted local parts
 * are not worth the trouble that they make.
 */
static int
address_ok(const char *s)
{
	const char	*at = strchr(s, '@'), *p;
	size_t		 n;

	if (s[0] == '\0' || s == at || strlen(s) > MAIL_ADDR_MAX ||
	    (at != NULL && (at[1] == '\0' || strchr(at + 1, '@') != NULL)))
		return (0);
	for (p = s; *p != '\0'; p += n) {
		if ((n = json_charlen(p, strnlen(p, 4))) == 0)
			return (0);
		if (n == 1 && (*p <= ' ' || *p == 0x7f ||
		    strchr("<>(),;\\\"", *p) != NULL))
			return (0);
		/* In an address literal only: [IPv6:::1]. */
		if (n == 1 && strchr(":[]", *p) != NULL &&
		    (at == NULL || p < at || at[1] != '['))
			return (0);
		/* C1 controls are no letters either. */
		if (n == 2 && (uint8_t)p[0] == 0xc2 && (uint8_t)p[1] < 0xa0)
			return (0);
	}
	return (1);
}

static void
headers(struct out *o, const struct mail *m, const struct alert *a,
    const struct alert_event *ev, const char *subject)
{
	char		*text;
	size_t		 col;
	uint32_t	 i;

	col = strlen("From: ");
	out_str(o, "From: ");
	put_mailbox(o, a->smtp_from, &col);
	col = strlen("To: ");
	out_str(o, "\r\nTo: ");
	for (i = 0; i < a->smtp_to.n; i++) {
		if (i > 0)
			out_str(o, ",\r\n ");
		put_mailbox(o, a->smtp_to.v[i], &col);
		col = 1;
	}
	col = strlen("Subject: ");
	out_str(o, "\r\nSubject: ");
	if ((text = clean(subject, SUBJECT_MAX)) == NULL)
		o->failed = 1;
	else
		put_unstructured(o, text, &col);
	free(text);
	out_str(o, "\r\nDate: ");
	put_date(o, &ev->when);
	out_str(o, "\r\nMessage-ID: ");
	put_id(o, str(ev->id), str(a->id), m->from);
	out_str(o, "\r\nAuto-Submitted: auto-generated\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=UTF-8\r\n");
}

/* RFC 5322, 3.3, in UTC. */
static void
put_date(struct out *o, const struct walltime *when)
{
	static const char	 days[] = "SunMonTueWedThuFriSat";
	static const char	 months[] = "JanFebMarAprMayJunJulAugSepOctNov"
				    "Dec";
	struct tm		 tm;
	time_t			 t;
	char			 buf[64];

	t = wall_unix(when);
	if (gmtime_r(&t, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	snprintf(buf, sizeof(buf), "%.3s, %d %.3s %04d %02d:%02d:%02d +0000",
	    days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	out_str(o, buf);
}

static void
put_id(struct out *o, const char *event, const char *alert, const char *from)
{
	const char	*domain = strrchr(from, '@');

	out_str(o, "<");
	put_id_part(o, event);
	out_str(o, ".");
	put_id_part(o, alert);
	out_str(o, "@");
	/* The sender's, where it is one for sure. */
	if (domain == NULL || !is_ascii(++domain) || domain[0] == '[' ||
	    domain[0] == '.' || domain[strlen(domain) - 1] == '.' ||
	    strstr(domain, "..") != NULL)
		domain = "quptimed.invalid";
	out_str(o, domain);
	out_str(o, ">");
}

/* Whatever it holds, two that differ do so afterwards. */
static void
put_id_part(struct out *o, const char *s)
{
	char	 hex[4];
	size_t	 i;

	if (*s == '\0')
		out_str(o, "none");
	for (i = 0; i < ID_MAX && s[i] != '\0'; i++) {
		if ((s[i] >= '0' && s[i] <= '9') ||
		    (s[i] >= 'a' && s[i] <= 'z') ||
		    (s[i] >= 'A' && s[i] <= 'Z') || s[i] == '-')
			out_add(o, &s[i], 1);
		else {
			snprintf(hex, sizeof(hex), "_%02X", (uint8_t)s[i]);
			out_str(o, hex);
		}
	}
}

/* The name before an address is as free as a subject. */
static void
put_mailbox(struct out *o, const char *s, size_t *col)
{
	char	*name = NULL, *addr, *p;
	size_t	 n;

	if ((addr = address(s)) == NULL ||
	    (name = clean(s, SUBJECT_MAX)) == NULL) {
		o->failed = 1;
		goto done;
	}
	if (strcmp(addr, s) == 0) {
		out_str(o, addr);
		goto done;
	}
	if ((p = strrchr(name, '<')) != NULL)
		*p = '\0';
	while (p != NULL && p > name && p[-1] == ' ')
		*--p = '\0';
	if (name[0] == '"' && p != NULL && p > name + 1 && p[-1] == '"') {
		p[-1] = '\0';
		memmove(name, name + 1, strlen(name));
	}
	n = strlen(name);
	if (n > 0 && n < WORD_MAX && is_plain(name) &&
	    strpbrk(name, "\"\\") == NULL) {
		out_str(o, "\"");
		out_str(o, name);
		out_str(o, "\"");
		*col += n + 2;
	} else if (n > 0)
		put_words(o, name, col);
	if (n > 0)
		out_str(o, *col + strlen(addr) + 3 > LINE_WIDTH ?
		    "\r\n " : " ");
	out_str(o, "<");
	out_str(o, addr);
	out_str(o, ">");
done:
	free(name);
	free(addr);
}

/* Words of ASCII folded between them; anything else in encoded words. */
static void
put_unstructured(struct out *o, const char *s, size_t *col)
{
	size_t	 n;

	if (!is_plain(s)) {
		put_words(o, s, col);
		return;
	}
	for (;;) {
		n = strcspn(s, " ");
		out_add(o, s, n);
		*col += n;
		s += n;
		if (*s++ == '\0')
			return;
		if (*col + 1 + strcspn(s, " ") > LINE_WIDTH) {
			out_str(o, "\r\n");
			*col = 0;
		}
		out_str(o, " ");
		(*col)++;
	}
}

/* RFC 2047: Q where most of it can still be read, else B. */
static void
put_words(struct out *o, const char *s, size_t *col)
{
	char	 b64[BASE64_LEN(LINE_WIDTH) + 1];
	size_t	 n, len = strlen(s);
	int	 q;

	/* An escape is two bytes longer than what it stands for. */
	q = (q_len(s, len) - len) / 2 * 3 <= len;
	while (*s != '\0') {
		if (*col + WORD_EXTRA < LINE_WIDTH)
			n = word_fit(s, LINE_WIDTH - *col - WORD_EXTRA, q);
		else
			n = 0;
		if (n == 0) {
			out_str(o, "\r\n ");
			*col = 1;
			continue;
		}
		out_str(o, q ? "=?UTF-8?Q?" : "=?UTF-8?B?");
		if (q)
			put_q(o, s, n);
		else {
			base64(b64, s, n);
			out_str(o, b64);
		}
		out_str(o, "?=");
		*col = LINE_WIDTH;
		s += n;
	}
}

/* Bytes of whole characters that need no more room than this, encoded. */
static size_t
word_fit(const char *s, size_t room, int q)
{
	const char	*p;
	size_t		 n = 0, len;

	while (s[n] != '\0') {
		len = char_at(s + n, &p);
		if ((q ? q_len(s, n + len) : BASE64_LEN(n + len)) > room)
			break;
		n += len;
	}
	return (n);
}

/* What stands for itself wherever an encoded word may stand. */
static int
q_literal(char c)
{
	return ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || (c != '\0' && strchr("!*+-/", c)));
}

static size_t
q_len(const char *s, size_t len)
{
	size_t	 i, n = 0;

	for (i = 0; i < len; i++)
		n += s[i] == ' ' || q_literal(s[i]) ? 1 : 3;
	return (n);
}

static void
put_q(struct out *o, const char *s, size_t len)
{
	char	 hex[4];
	size_t	 i;

	for (i = 0; i < len; i++) {
		if (q_literal(s[i]))
			out_add(o, &s[i], 1);
		else if (s[i] == ' ')
			out_str(o, "_");
		else {
			snprintf(hex, sizeof(hex), "=%02X", (uint8_t)s[i]);
			out_str(o, hex);
		}
	}
}

/* RFC 2045: lines are short and ASCII whatever the text. */
static void
put_body(struct out *o, const char *body)
{
	char	*text;
	size_t	 i, len, high = 0;

	if ((text = canonical(body, &len)) == NULL) {
		o->failed = 1;
		return;
	}
	for (i = 0; i < len; i++)
		high += (uint8_t)text[i] >= 0x80;
	out_str(o, "Content-Transfer-Encoding: ");
	if (high > len / 6) {
		out_str(o, "base64\r\n\r\n");
		put_base64(o, text, len);
	} else {
		out_str(o, "quoted-printable\r\n\r\n");
		put_quoted(o, text, len);
	}
	free(text);
}

static void
put_base64(struct out *o, const char *text, size_t len)
{
	char	 line[LINE_WIDTH + 1];
	size_t	 n, max = LINE_WIDTH / 4 * 3;

	for (; len > 0; text += n, len -= n) {
		n = len < max ? len : max;
		base64(line, text, n);
		out_str(o, line);
		out_str(o, "\r\n");
	}
}

static void
put_quoted(struct out *o, const char *s, size_t len)
{
	char	 buf[4];
	size_t	 i, n, col = 0;

	for (i = 0; i < len; i++) {
		if (s[i] == '\r') {
			out_str(o, "\r\n");
			col = 0;
			i++;
			continue;
		}
		/* Blanks at an end of line get lost, "From " gets a mark. */
		if ((s[i] > ' ' && s[i] < 0x7f && s[i] != '=' && !(col == 0 &&
		    strncmp(s + i, "From ", 5) == 0)) ||
		    ((s[i] == ' ' || s[i] == '\t') && s[i + 1] != '\r'))
			snprintf(buf, sizeof(buf), "%c", s[i]);
		else
			snprintf(buf, sizeof(buf), "=%02X", (uint8_t)s[i]);
		n = strlen(buf);
		if (col + n > LINE_WIDTH - 1) {
			out_str(o, "=\r\n");
			col = 0;
		}
		out_add(o, buf, n);
		col += n;
	}
}

/*
 * One line of text: controls and blanks are one blank, none at either end, so
 * that no header can be made of it.  NULL when out of memory.
 */
static char *
clean(const char *s, size_t max)
{
	struct out	 o;
	const char	*p;
	size_t		 n;
	int		 blank = 0;

	memset(&o, 0, sizeof(o));
	out_str(&o, "");
	for (; *s != '\0'; s += n) {
		if ((n = json_charlen(s, strnlen(s, 4))) == 0)
			n = 1;
		if ((n == 1 && ((uint8_t)*s <= ' ' || *s == 0x7f)) ||
		    (n == 2 && (uint8_t)s[0] == 0xc2 &&
		    (uint8_t)s[1] < 0xa0) ||
		    (n == 3 && (memcmp(s, "\xe2\x80\xa8", 3) == 0 ||
		    memcmp(s, "\xe2\x80\xa9", 3) == 0))) {
			blank = o.len > 0;
			continue;
		}
		if (o.len >= max) {
			out_str(&o, ELLIPSIS);
			break;
		}
		if (blank)
			out_str(&o, " ");
		blank = 0;
		(void)char_at(s, &p);
		out_str(&o, p);
	}
	if (o.failed) {
		free(o.buf);
		return (NULL);
	}
	return (o.buf);
}

/* The text in lines that end in CRLF, the last one too. */
static char *
canonical(const char *s, size_t *len)
{
	struct out	 o;
	const char	*p;
	size_t		 n;

	memset(&o, 0, sizeof(o));
	out_str(&o, "");
	for (; *s != '\0'; s += n) {
		n = 1;
		if (*s == '\r' || *s == '\n') {
			out_str(&o, "\r\n");
			n += s[0] == '\r' && s[1] == '\n';
			continue;
		}
		n = char_at(s, &p);
		out_str(&o, p);
	}
	if (!o.failed && (o.len == 0 || o.buf[o.len - 1] != '\n'))
		out_str(&o, "\r\n");
	if (o.failed) {
		free(o.buf);
		return (NULL);
	}
	*len = o.len;
	return (o.buf);
}

/* Bytes of the character here; itself as a string, or what stands for it. */
static size_t
char_at(const char *s, const char **p)
{
	static char	 c[8];
	size_t		 n, len = strnlen(s, 4);

	if ((n = json_charlen(s, len)) == 0 || n >= sizeof(c)) {
		*p = REPLACEMENT;
		return (1);
	}
	memcpy(c, s, n);
	c[n] = '\0';
	*p = c;
	return (n);
}

static int
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((uint8_t)*s >= 0x80)
			return (0);
	return (1);
}

/* Whether clean text can stand in a header as it is. */
static int
is_plain(const char *s)
{
	size_t	 n;

	if (!is_ascii(s) || strstr(s, "=?") != NULL)
		return (0);
	for (; *s != '\0'; s += n + (s[n] == ' '))
		if ((n = strcspn(s, " ")) > WORD_MAX)
			return (0);
	return (1);
}

static void
out_str(struct out *o, const char *s)
{
	out_add(o, s, strlen(s));
}

/* A NUL follows, which does not count. */
static void
out_add(struct out *o, const void *p, size_t n)
{
	char	*buf;
	size_t	 cap = o->cap;

	if (o->failed)
		return;
	if (o->cap - o->len <= n) {
		for (cap = cap > 0 ? cap : 1024; cap - o->len <= n; cap *= 2)
			continue;
		if ((buf = realloc(o->buf, cap)) == NULL) {
			o->failed = 1;
			return;
		}
		o->buf = buf;
		o->cap = cap;
	}
	memcpy(o->buf + o->len, p, n);
	o->len += n;
	o->buf[o->len] = '\0';
}
