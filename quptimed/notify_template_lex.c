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

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "template_lex.h"

/*
 * The words between {{ and }}, one at a time, and the text around them.
 */

static void	 to(struct lexer *, const char *);
static int	 fail(struct lexer *, const char *, const char *);
static int	 is_space(int);
static int	 is_alnum(const char *, const char *);
static int	 at_terminator(const struct lexer *, const char *);
static enum lex_found
		 lex_comment(struct lexer *);
static int	 lex_word(struct lexer *, const char *);
static int	 lex_quote(struct lexer *);
static int	 lex_raw(struct lexer *);
static int	 lex_char(struct lexer *);
static int	 lex_number(struct lexer *);
static int	 lex_symbol(struct lexer *);
static int	 number_value(struct lexer *, const char *, size_t);
static int	 escape(const char **, const char *, char, char *, size_t *);
static int	 digits(const char **, const char *, int, int, uint32_t *);

void
lex_init(struct lexer *lx, const char *text, struct arena *arena,
    struct template_error *err)
{
	memset(lx, 0, sizeof(*lx));
	lx->p = lx->at = text;
	lx->end = text + strlen(text);
	lx->line = 1;
	lx->line_start = text;
	lx->arena = arena;
	lx->err = err;
}

enum lex_found
lex_text(struct lexer *lx, const char **text, size_t *len)
{
	const char	*from = lx->p, *open, *p, *end;

	if ((open = strstr(lx->p, "{{")) == NULL) {
		*text = from;
		*len = lx->end - from;
		to(lx, lx->end);
		return (LEX_END);
	}
	end = open;
	p = open + 2;
	if (p[0] == '-' && is_space((unsigned char)p[1])) {
		while (end > from && is_space((unsigned char)end[-1]))
			end--;
		p += 2;
	}
	*text = from;
	*len = end - from;
	to(lx, p);
	if (strncmp(p, "/*", 2) != 0)
		return (LEX_ACTION);
	return (lex_comment(lx));
}

/* The text goes on behind it. */
static enum lex_found
lex_comment(struct lexer *lx)
{
	const char	*p;

	if ((p = strstr(lx->p + 2, "*/")) == NULL) {
		fail(lx, lx->p, "unclosed comment");
		return (LEX_ERROR);
	}
	p += 2;
	if (is_space((unsigned char)p[0]) && strncmp(p + 1, "-}}", 3) == 0)
		for (p += 4; is_space((unsigned char)*p); p++)
			;
	else if (strncmp(p, "}}", 2) == 0)
		p += 2;
	else {
		fail(lx, p, "comment ends before closing delimiter");
		return (LEX_ERROR);
	}
	to(lx, p);
	return (LEX_COMMENT);
}

/* The next word into lx->tok.  0, or -1 and the error. */
int
lex_next(struct lexer *lx)
{
	const char	*p = lx->p;

	memset(&lx->tok, 0, sizeof(lx->tok));
	while (is_space((unsigned char)*p))
		p++;
	lx->tok.space = p > lx->p;
	to(lx, p);
	lx->tok.line = lx->line;
	lx->tok.column = p - lx->line_start + 1;
	lx->tok.s = p;
	if (p == lx->end)
		return (fail(lx, p, "unclosed action"));
	if (strncmp(p, "}}", 2) == 0 || (lx->tok.space &&
	    strncmp(p, "-}}", 3) == 0)) {
		lx->tok.type = LEX_CLOSE;
		if (*p == '-') {
			for (p += 3; is_space((unsigned char)*p); p++)
				;
		} else
			p += 2;
		lx->tok.len = p - lx->tok.s;
		to(lx, p);
		return (0);
	}
	switch (*p) {
	case '"':
		return (lex_quote(lx));
	case '`':
		return (lex_raw(lx));
	case '\'':
		return (lex_char(lx));
	case '$':
		return (lex_word(lx, p + 1));
	case '.':
		if (p[1] < '0' || p[1] > '9')
			return (lex_word(lx, p + 1));
		return (lex_number(lx));
	case '+':
	case '-':
		return (lex_number(lx));
	}
	if (*p >= '0' && *p <= '9')
		return (lex_number(lx));
	if (is_alnum(p, lx->end))
		return (lex_word(lx, p));
	return (lex_symbol(lx));
}

/* Goes on, and knows which line that is. */
static void
to(struct lexer *lx, const char *p)
{
	for (; lx->at < p; lx->at++)
		if (*lx->at == '\n') {
			lx->line++;
			lx->line_start = lx->at + 1;
		}
	lx->p = p;
}

static int
fail(struct lexer *lx, const char *p, const char *msg)
{
	if (p > lx->at)
		to(lx, p);
	return (tmpl_fail(lx->err, lx->line, p >= lx->line_start ?
	    p - lx->line_start + 1 : 1, "%s", msg));
}

static int
is_space(int c)
{
	return (c == ' ' || c == '\t' || c == '\r' || c == '\n');
}

/* Bytes of a letter, a digit or an underscore there; 0: none. */
static int
is_alnum(const char *p, const char *end)
{
	uint32_t	 rune;
	size_t		 n;

	if (p >= end)
		return (0);
	if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
	    (*p >= '0' && *p <= '9') || *p == '_')
		return (1);
	n = tmpl_rune(p, end - p, &rune);
	return (n > 1 && rune >= 0xaa ? (int)n : 0);
}

/* Whether a field, a variable or a name may end there. */
static int
at_terminator(const struct lexer *lx, const char *p)
{
	return (p == lx->end || is_space((unsigned char)*p) ||
	    strchr(".,|:)(=", *p) != NULL || strncmp(p, "}}", 2) == 0);
}

static int
lex_word(struct lexer *lx, const char *from)
{
	const char	*p = from;
	char		 msg[64];
	int		 n;

	while ((n = is_alnum(p, lx->end)) > 0)
		p += n;
	if (!at_terminator(lx, p)) {
		(void)snprintf(msg, sizeof(msg), "bad character '%c'",
		    *p >= ' ' && *p < 0x7f ? *p : '?');
		return (fail(lx, p, msg));
	}
	lx->tok.len = p - from;
	switch (*lx->tok.s) {
	case '$':
		lx->tok.type = LEX_VAR;
		break;
	case '.':
		lx->tok.type = p == from ? LEX_DOT : LEX_FIELD;
		break;
	default:
		lx->tok.type = LEX_IDENT;
		break;
	}
	lx->tok.s = from;
	to(lx, p);
	return (0);
}

static int
lex_quote(struct lexer *lx)
{
	const char	*p = lx->p + 1;
	char		*out;
	size_t		 n = 0;

	for (; *p != '"'; p++) {
		if (p >= lx->end || *p == '\n')
			return (fail(lx, lx->p, "unterminated quoted string"));
		if (*p == '\\' && p + 1 < lx->end && p[1] != '\n')
			p++;
	}
	if ((out = arena_get(lx->arena, p - lx->p + 1)) == NULL)
		return (-1);
	lx->tok.type = LEX_STRING;
	lx->tok.s = out;
	for (p = lx->p + 1; *p != '"'; )
		if (*p != '\\')
			out[n++] = *p++;
		else if (escape(&p, lx->end, '"', out, &n) == -1)
			return (fail(lx, p, "invalid syntax in string"));
	lx->tok.len = n;
	to(lx, p + 1);
	return (0);
}

static int
lex_raw(struct lexer *lx)
{
	const char	*p;
	char		*out;
	size_t		 n = 0;

	if ((p = strchr(lx->p + 1, '`')) == NULL)
		return (fail(lx, lx->p, "unterminated raw quoted string"));
	if ((out = arena_get(lx->arena, p - lx->p + 1)) == NULL)
		return (-1);
	lx->tok.type = LEX_STRING;
	lx->tok.s = out;
	for (p = lx->p + 1; *p != '`'; p++)
		if (*p != '\r')
			out[n++] = *p;
	lx->tok.len = n;
	to(lx, p + 1);
	return (0);
}

static int
lex_char(struct lexer *lx)
{
	const char	*p = lx->p + 1;
	char		 buf[8];
	uint32_t	 rune;
	size_t		 n = 0;

	if (p < lx->end && *p == '\\') {
		if (escape(&p, lx->end, '\'', buf, &n) == -1)
			return (fail(lx, lx->p, "malformed character "
			    "constant"));
		if (n == 1)
			rune = (unsigned char)buf[0];
		else
			(void)tmpl_rune(buf, n, &rune);
	} else if (p < lx->end && *p != '\n' && *p != '\'')
		p += tmpl_rune(p, lx->end - p, &rune);
	else
		return (fail(lx, lx->p, "unterminated character constant"));
	if (p >= lx->end || *p != '\'')
		return (fail(lx, lx->p, "unterminated character constant"));
	lx->tok.type = LEX_INT;
	lx->tok.i = rune;
	to(lx, p + 1);
	return (0);
}

static int
lex_number(struct lexer *lx)
{
	const char	*p = lx->p, *set = "0123456789_";
	char		 buf[64];
	size_t		 n = 0, i;
	int		 hex = 0;

	if (*p == '+' || *p == '-')
		p++;
	if (*p == '0' && p[1] != '\0' && strchr("xXoObB", p[1]) != NULL) {
		hex = p[1] == 'x' || p[1] == 'X';
		p += 2;
		set = "0123456789_abcdefABCDEF";
	}
	while (*p != '\0' && strchr(set, *p) != NULL)
		p++;
	if (*p == '.')
		for (p++; *p != '\0' && strchr(set, *p) != NULL; p++)
			;
	if (!hex && (*p == 'e' || *p == 'E')) {
		p++;
		if (*p == '+' || *p == '-')
			p++;
		while (*p >= '0' && *p <= '9')
			p++;
	}
	if (is_alnum(p, lx->end) || p - lx->p >= (ptrdiff_t)sizeof(buf))
		return (fail(lx, lx->p, "bad number syntax"));
	for (i = 0; lx->p + i < p; i++)
		if (lx->p[i] != '_')
			buf[n++] = lx->p[i];
		else if (!isxdigit((unsigned char)lx->p[i + 1]))
			return (fail(lx, lx->p, "bad number syntax"));
	buf[n] = '\0';
	if (number_value(lx, buf, n) == -1)
		return (-1);
	to(lx, p);
	return (0);
}

static int
number_value(struct lexer *lx, const char *s, size_t n)
{
	const char	*d = s + (*s == '+' || *s == '-');
	char		*end;
	int		 base = 10;

	if (*d == '0' && d[1] != '\0')
		base = strchr("xX", d[1]) ? 16 : strchr("oO", d[1]) ? 8 :
		    strchr("bB", d[1]) ? 2 : 8;
	errno = 0;
	if (strpbrk(s, base == 16 ? "." : ".eE") == NULL) {
		/* A sign stands before the prefix. */
		char	 buf[64];

		(void)snprintf(buf, sizeof(buf), "%s%s", *s == '-' ? "-" : "",
		    d + (base != 10 && !(d[1] >= '0' && d[1] <= '9') ? 2 : 0));
		lx->tok.type = LEX_INT;
		lx->tok.i = strtoll(buf, &end, base);
		if (errno == 0 && *end == '\0' && end != buf)
			return (0);
	} else {
		lx->tok.type = LEX_FLOAT;
		lx->tok.f = strtod(s, &end);
		if (end == s + n && isfinite(lx->tok.f))
			return (0);
	}
	return (fail(lx, lx->p, "bad number syntax"));
}

static int
lex_symbol(struct lexer *lx)
{
	static const struct {
		const char	*text;
		enum lex_type	 type;
	} symbols[] = {
		{ ":=",	LEX_DECLARE }, { "=", LEX_ASSIGN }, { "|", LEX_BAR },
		{ "(",	LEX_LPAREN }, { ")", LEX_RPAREN }, { ",", LEX_COMMA }
	};
	char		 msg[64];
	size_t		 i, n;

	for (i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		n = strlen(symbols[i].text);
		if (strncmp(lx->p, symbols[i].text, n) != 0)
			continue;
		lx->tok.type = symbols[i].type;
		lx->tok.len = n;
		to(lx, lx->p + n);
		return (0);
	}
	(void)snprintf(msg, sizeof(msg), "unexpected \"%c\" in command",
	    *lx->p > ' ' && *lx->p < 0x7f ? *lx->p : '?');
	return (fail(lx, lx->p, msg));
}

/* Behind the backslash at *p; the bytes of it go to out + *n. */
static int
escape(const char **p, const char *end, char quote, char *out, size_t *n)
{
	static const char	 plain[] = "abfnrtv\\", means[] =
				    "\a\b\f\n\r\t\v\\";
	const char		*c;
	uint32_t		 v;

	(*p)++;
	if (*p >= end)
		return (-1);
	if (**p != '\0' && ((c = strchr(plain, **p)) != NULL)) {
		out[(*n)++] = means[c - plain];
		(*p)++;
		return (0);
	}
	if (**p == quote) {
		out[(*n)++] = quote;
		(*p)++;
		return (0);
	}
	switch (**p) {
	case 'x':
		(*p)++;
		if (digits(p, end, 2, 16, &v) == -1)
			return (-1);
		out[(*n)++] = v;
		return (0);
	case 'u':
	case 'U':
		v = **p == 'u' ? 4 : 8;
		(*p)++;
		if (digits(p, end, v, 16, &v) == -1 || v > 0x10ffff ||
		    (v >= 0xd800 && v < 0xe000))
			return (-1);
		*n += tmpl_encode(v, out + *n);
		return (0);
	default:
		if (digits(p, end, 3, 8, &v) == -1 || v > 255)
			return (-1);
		out[(*n)++] = v;
		return (0);
	}
}

static int
digits(const char **p, const char *end, int n, int base, uint32_t *v)
{
	static const char	 all[] = "0123456789abcdef";
	const char		*c;
	uint32_t		 sum = 0;

	for (; n > 0; n--, (*p)++) {
		if (*p >= end || **p == '\0')
			return (-1);
		c = strchr(all, **p >= 'A' && **p <= 'F' ? **p + 32 : **p);
		if (c == NULL || c - all >= base)
			return (-1);
		sum = sum * base + (c - all);
	}
	*v = sum;
	return (0);
}
