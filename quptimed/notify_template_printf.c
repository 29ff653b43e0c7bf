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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "template.h"

/*
 * print, println and printf, with the verbs and the complaints of QUptime's.
 */

#define NUMBER_MAX	1000000		/* of a width, a precision */
#define DIGITS_MAX	1100		/* of a number with a precision */
#define FLOAT_PREC_MAX	400

/* How one value is to be printed. */
struct spec {
	int	 sharp;
	int	 zero;
	int	 plus;
	int	 minus;
	int	 space;
	int	 wid;		/* -1: none */
	int	 prec;		/* -1: none */
	uint32_t verb;
	int	 plain;		/* within a complaint: no text of its own */
};

struct printer {
	struct tmpl_call		*call;
	struct tmpl_buf			 b;
	const char			*p;
	const char			*end;
	const struct tmpl_value		*args;
	unsigned int			 n;
	unsigned int			 next;		/* argument */
	int				 reordered;
	int				 good;		/* its index */
	int				 after;		/* an index */
};

static void	 put_spec(struct printer *);
static void	 put_flags(struct printer *, struct spec *);
static void	 put_width(struct printer *, struct spec *);
static void	 put_prec(struct printer *, struct spec *);
static void	 put_verb(struct printer *, const struct spec *);
static void	 put_extra(struct printer *);
static void	 arg_index(struct printer *);
static int	 arg_int(struct printer *, int *);
static int	 number(struct printer *);
static void	 put_value(struct printer *, const struct spec *,
		    const struct tmpl_value *);
static void	 put_bad(struct printer *, const struct spec *,
		    const struct tmpl_value *);
static void	 put_padded(struct printer *, const struct spec *,
		    const char *, size_t);
static void	 put_string(struct printer *, const struct spec *,
		    const struct tmpl_value *);
static void	 put_hex(struct printer *, const struct spec *, const char *,
		    size_t);
static void	 put_int(struct printer *, const struct spec *,
		    const struct tmpl_value *);
static void	 put_digits(struct printer *, const struct spec *, int64_t,
		    unsigned int);
static void	 put_float(struct printer *, const struct spec *,
		    const struct tmpl_value *);
static void	 put_list(struct printer *, const struct spec *,
		    const struct tmpl_value *);
static int	 finish(struct printer *, struct tmpl_value *);
static int	 print_all(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *, int);

/* A blank goes between two that are no strings. */
int
tmpl_sprint(struct tmpl_call *call, const struct tmpl_value *args,
    unsigned int n, struct tmpl_value *v)
{
	return (print_all(call, args, n, v, 0));
}

int
tmpl_sprintln(struct tmpl_call *call, const struct tmpl_value *args,
    unsigned int n, struct tmpl_value *v)
{
	return (print_all(call, args, n, v, 1));
}

static int
print_all(struct tmpl_call *call, const struct tmpl_value *args,
    unsigned int n, struct tmpl_value *v, int line)
{
	struct printer	 p = { .call = call, .b = { .arena = call->arena } };
	unsigned int	 i;

	for (i = 0; i < n; i++) {
		if (i > 0 && (line || (args[i].kind != TV_STRING &&
		    args[i - 1].kind != TV_STRING)))
			tmpl_add(&p.b, " ", 1);
		if (tmpl_print(&p.b, &args[i]) == -1)
			return (tmpl_fail(call->err, call->line, call->column,
			    "can't print a value of type %s", args[i].type));
	}
	if (line)
		tmpl_add(&p.b, "\n", 1);
	return (finish(&p, v));
}

static int
finish(struct printer *p, struct tmpl_value *v)
{
	if (p->b.failed || tmpl_spend(p->call, p->b.len) == -1)
		return (-1);
	tmpl_string(v, p->b.s != NULL ? p->b.s : "", p->b.len);
	return (0);
}

int
tmpl_sprintf(struct tmpl_call *call, const struct tmpl_value *args,
    unsigned int n, struct tmpl_value *v)
{
	struct printer	 p = { .call = call, .b = { .arena = call->arena } };
	const char	*percent;

	if (args[0].kind != TV_STRING)
		return (tmpl_fail(call->err, call->line, call->column,
		    "error calling printf: the format is no string"));
	p.p = args[0].u.str.s;
	p.end = p.p + args[0].u.str.len;
	p.args = args + 1;
	p.n = n - 1;
	while (p.p < p.end && !p.b.failed) {
		if ((percent = memchr(p.p, '%', p.end - p.p)) == NULL)
			percent = p.end;
		tmpl_add(&p.b, p.p, percent - p.p);
		p.p = percent;
		if (p.p < p.end)
			put_spec(&p);
		if (call->err->msg[0] != '\0')
			return (-1);
	}
	if (!p.reordered && p.next < p.n)
		put_extra(&p);
	if (call->err->msg[0] != '\0')
		return (-1);
	return (finish(&p, v));
}

/* From a percent sign on. */
static void
put_spec(struct printer *p)
{
	struct spec	 s = { .wid = -1, .prec = -1 };

	p->p++;
	p->good = 1;
	p->after = 0;
	put_flags(p, &s);
	arg_index(p);
	put_width(p, &s);
	if (p->p < p->end && *p->p == '.')
		put_prec(p, &s);
	if (!p->after)
		arg_index(p);
	if (p->p >= p->end) {
		tmpl_addf(&p->b, "%%!(NOVERB)");
		return;
	}
	p->p += tmpl_rune(p->p, p->end - p->p, &s.verb);
	put_verb(p, &s);
}

static void
put_flags(struct printer *p, struct spec *s)
{
	for (; p->p < p->end; p->p++)
		switch (*p->p) {
		case '#':
			s->sharp = 1;
			break;
		case '0':
			s->zero = 1;
			break;
		case '+':
			s->plus = 1;
			break;
		case '-':
			s->minus = 1;
			break;
		case ' ':
			s->space = 1;
			break;
		default:
			return;
		}
}

static void
put_width(struct printer *p, struct spec *s)
{
	if (p->p < p->end && *p->p == '*') {
		p->p++;
		if (arg_int(p, &s->wid) == -1) {
			s->wid = -1;
			tmpl_addf(&p->b, "%%!(BADWIDTH)");
		} else if (s->wid < 0) {
			s->wid = -s->wid;
			s->minus = 1;
		}
		p->after = 0;
		return;
	}
	s->wid = number(p);
	if (p->after && s->wid != -1)
		p->good = 0;
}

static void
put_prec(struct printer *p, struct spec *s)
{
	p->p++;
	if (p->after)
		p->good = 0;
	arg_index(p);
	if (p->p < p->end && *p->p == '*') {
		p->p++;
		if (arg_int(p, &s->prec) == -1 || s->prec < 0) {
			s->prec = -1;
			tmpl_addf(&p->b, "%%!(BADPREC)");
		}
		p->after = 0;
		return;
	}
	if ((s->prec = number(p)) == -1)
		s->prec = 0;
}

/* -1: there is none.  One too large takes the rest of the format with it. */
static int
number(struct printer *p)
{
	int	 v = -1;

	for (; p->p < p->end && *p->p >= '0' && *p->p <= '9'; p->p++) {
		v = (v == -1 ? 0 : v * 10) + (*p->p - '0');
		if (v > NUMBER_MAX) {
			p->p = p->end;
			return (-1);
		}
	}
	return (v);
}

/* [3]: which argument is next. */
static void
arg_index(struct printer *p)
{
	const char	*close, *from = p->p + 1;
	int		 v;

	p->after = 0;
	if (p->p >= p->end || *p->p != '[')
		return;
	p->reordered = 1;
	if ((close = memchr(p->p, ']', p->end - p->p)) == NULL) {
		p->good = 0;
		p->p++;
		return;
	}
	p->p = from;
	v = number(p);
	p->after = v != -1 && p->p == close;
	p->p = close + 1;
	if (p->after && v >= 1 && (unsigned int)v <= p->n)
		p->next = v - 1;
	else
		p->good = 0;
}

static int
arg_int(struct printer *p, int *v)
{
	const struct tmpl_value	*a;

	if (p->next >= p->n)
		return (-1);
	a = &p->args[p->next++];
	if ((a->kind != TV_INT && a->kind != TV_DURATION) ||
	    a->u.i > NUMBER_MAX || a->u.i < -NUMBER_MAX)
		return (-1);
	*v = (int)a->u.i;
	return (0);
}

static void
put_verb(struct printer *p, const struct spec *s)
{
	const char	*why = NULL;
	char		 verb[4];
	size_t		 len;

	if (s->verb == '%') {
		tmpl_add(&p->b, "%", 1);
		return;
	}
	if (!p->good)
		why = "(BADINDEX)";
	else if (p->next >= p->n)
		why = "(MISSING)";
	if (why == NULL) {
		put_value(p, s, &p->args[p->next++]);
		return;
	}
	len = tmpl_encode(s->verb, verb);
	tmpl_addf(&p->b, "%%!%.*s%s", (int)len, verb, why);
}

static void
put_extra(struct printer *p)
{
	struct spec	 s = { .wid = -1, .prec = -1, .verb = 'v' };
	unsigned int	 i;

	tmpl_addf(&p->b, "%%!(EXTRA ");
	for (i = p->next; i < p->n; i++) {
		if (i > p->next)
			tmpl_add(&p->b, ", ", 2);
		if (p->args[i].kind != TV_NIL)
			tmpl_addf(&p->b, "%s=", p->args[i].type);
		put_value(p, &s, &p->args[i]);
	}
	tmpl_add(&p->b, ")", 1);
}

static void
put_value(struct printer *p, const struct spec *s,
    const struct tmpl_value *v)
{
	struct tmpl_value	 t;
	char			 text[64];
	const char		*type = v->kind == TV_NIL ? "<nil>" : v->type;

	if (s->verb == 'T') {
		put_padded(p, s, type, strlen(type));
		return;
	}
	/* Durations and times as they speak of themselves, where that is it. */
	if (!s->plain && s->verb < 0x80 && s->verb != '\0' &&
	    strchr("vsxXq", (int)s->verb) != NULL &&
	    tmpl_text(v, text, sizeof(text))) {
		tmpl_string(&t, text, strlen(text));
		put_string(p, s, &t);
		return;
	}
	switch (v->kind) {
	case TV_NIL:
		if (s->verb == 'v')
			put_padded(p, s, type, strlen(type));
		else
			put_bad(p, s, v);
		break;
	case TV_BOOL:
		type = v->u.i ? "true" : "false";
		if (s->verb == 't' || s->verb == 'v')
			put_padded(p, s, type, strlen(type));
		else
			put_bad(p, s, v);
		break;
	case TV_INT:
	case TV_DURATION:
		put_int(p, s, v);
		break;
	case TV_FLOAT:
		put_float(p, s, v);
		break;
	case TV_STRING:
		put_string(p, s, v);
		break;
	case TV_LIST:
		put_list(p, s, v);
		break;
	case TV_TIME:
	case TV_RECORD:
		tmpl_fail(p->call->err, p->call->line, p->call->column,
		    "can't print a value of type %s", v->type);
		break;
	}
}

/* %!d(string=DOWN) */
static void
put_bad(struct printer *p, const struct spec *s, const struct tmpl_value *v)
{
	struct spec	 as = *s;
	char		 verb[4];
	size_t		 len;

	len = tmpl_encode(s->verb, verb);
	tmpl_addf(&p->b, "%%!%.*s(", (int)len, verb);
	if (v->kind != TV_NIL)
		tmpl_addf(&p->b, "%s=", v->type);
	as.verb = 'v';
	as.plain = 1;
	put_value(p, &as, v);
	tmpl_add(&p->b, ")", 1);
}

/* A width is in characters. */
static void
put_padded(struct printer *p, const struct spec *s, const char *text,
    size_t len)
{
	uint32_t	 r;
	size_t		 i, chars = 0, pad = 0;

	for (i = 0; i < len; i += tmpl_rune(text + i, len - i, &r))
		chars++;
	if (s->wid > 0 && (size_t)s->wid > chars)
		pad = s->wid - chars;
	if (!s->minus)
		tmpl_fill(&p->b, s->zero ? '0' : ' ', pad);
	tmpl_add(&p->b, text, len);
	if (s->minus)
		tmpl_fill(&p->b, ' ', pad);
}

static void
put_string(struct printer *p, const struct spec *s,
    const struct tmpl_value *v)
{
	struct tmpl_buf	 q = { .arena = p->b.arena };
	uint32_t	 r;
	size_t		 len = v->u.str.len, i;
	int		 left = s->prec;

	if (s->prec >= 0 && s->verb != 'x' && s->verb != 'X') {
		for (i = 0; i < len && left > 0; left--)
			i += tmpl_rune(v->u.str.s + i, len - i, &r);
		len = i;
	}
	switch (s->verb) {
	case 'v':
	case 's':
		put_padded(p, s, v->u.str.s, len);
		break;
	case 'q':
		tmpl_quote(&q, v->u.str.s, len, '"', s->plus);
		if (q.failed)
			p->b.failed = 1;
		else
			put_padded(p, s, q.s, q.len);
		break;
	case 'x':
	case 'X':
		put_hex(p, s, v->u.str.s, len);
		break;
	default:
		put_bad(p, s, v);
		break;
	}
}

/* A precision is in bytes. */
static void
put_hex(struct printer *p, const struct spec *s, const char *text, size_t len)
{
	struct tmpl_buf	 b = { .arena = p->b.arena };
	size_t		 i;

	if (s->prec >= 0 && (size_t)s->prec < len)
		len = s->prec;
	for (i = 0; i < len && !b.failed; i++) {
		if (i > 0 && s->space)
			tmpl_add(&b, " ", 1);
		if (s->sharp && (i == 0 || s->space))
			tmpl_addf(&b, "0%c", (int)s->verb);
		tmpl_addf(&b, s->verb == 'x' ? "%02x" : "%02X",
		    (unsigned char)text[i]);
	}
	if (b.failed)
		p->b.failed = 1;
	else
		put_padded(p, s, b.s, b.len);
}

static void
put_list(struct printer *p, const struct spec *s, const struct tmpl_value *v)
{
	struct tmpl_value	 t;
	const char		*e;
	uint32_t		 i;

	tmpl_add(&p->b, "[", 1);
	for (i = 0; i < v->u.list.n && !p->b.failed; i++) {
		if (i > 0)
			tmpl_add(&p->b, " ", 1);
		e = v->u.list.v[i];
		tmpl_string(&t, e, strlen(e));
		put_string(p, s, &t);
	}
	tmpl_add(&p->b, "]", 1);
}

static void
put_int(struct printer *p, const struct spec *s, const struct tmpl_value *v)
{
	struct tmpl_buf	 q = { .arena = p->b.arena };
	struct spec	 as = *s;
	char		 text[64], ch[4];
	size_t		 len;

	len = tmpl_encode(v->u.i < 0 || v->u.i > 0x10ffff ? UINT32_MAX :
	    (uint32_t)v->u.i, ch);
	switch (s->verb) {
	case 'v':
	case 'd':
		put_digits(p, s, v->u.i, 10);
		break;
	case 'b':
		put_digits(p, s, v->u.i, 2);
		break;
	case 'o':
	case 'O':
		put_digits(p, s, v->u.i, 8);
		break;
	case 'x':
	case 'X':
		put_digits(p, s, v->u.i, 16);
		break;
	case 'c':
		put_padded(p, s, ch, len);
		break;
	case 'q':
		tmpl_quote(&q, ch, len, '\'', s->plus);
		if (q.failed)
			p->b.failed = 1;
		else
			put_padded(p, s, q.s, q.len);
		break;
	case 'U':
		(void)snprintf(text, sizeof(text), "U+%0*llX",
		    s->prec > 4 ? (s->prec < 32 ? s->prec : 32) : 4,
		    (unsigned long long)v->u.i);
		as.zero = 0;
		put_padded(p, &as, text, strlen(text));
		break;
	default:
		put_bad(p, s, v);
		break;
	}
}

/* Zeros up to the precision, else up to the width where that is asked for. */
static void
put_digits(struct printer *p, const struct spec *s, int64_t i,
    unsigned int base)
{
	struct tmpl_buf	 b = { .arena = p->b.arena };
	struct spec	 as = *s;
	const char	*set = s->verb == 'X' ? "0123456789ABCDEF" :
			    "0123456789abcdef";
	char		 digits[64], sign = '\0';
	uint64_t	 u = i < 0 ? -(uint64_t)i : (uint64_t)i;
	size_t		 n = 0, want = 1;

	sign = i < 0 ? '-' : s->plus ? '+' : s->space ? ' ' : '\0';
	if (s->prec >= 0) {
		want = s->prec;
	} else if (s->zero && !s->minus && s->wid > 0)
		want = s->wid - (sign != '\0');
	as.zero = 0;
	if (s->prec == 0 && u == 0) {
		put_padded(p, &as, "", 0);
		return;
	}
	for (; u > 0; u /= base)
		digits[sizeof(digits) - ++n] = set[u % base];
	if (sign != '\0')
		tmpl_add(&b, &sign, 1);
	if (s->verb == 'O')
		tmpl_add(&b, "0o", 2);
	if (s->sharp && base == 16)
		tmpl_add(&b, s->verb == 'X' ? "0X" : "0x", 2);
	else if (s->sharp && base == 2)
		tmpl_add(&b, "0b", 2);
	else if (s->sharp && base == 8 && want <= n && n > 0)
		tmpl_add(&b, "0", 1);
	if (want > n)
		tmpl_fill(&b, '0', want - n);
	tmpl_add(&b, digits + sizeof(digits) - n, n);
	if (b.failed)
		p->b.failed = 1;
	else
		put_padded(p, &as, b.s, b.len);
}

static void
put_float(struct printer *p, const struct spec *s,
    const struct tmpl_value *v)
{
	struct spec	 as = *s;
	char		 text[DIGITS_MAX], *t = text + 1, fmt[8];
	int		 prec = s->prec;

	if (s->verb == 'v')
		as.verb = 'g';
	else if (s->verb == 'F')
		as.verb = 'f';
	if (as.verb == '\0' || as.verb >= 0x80 ||
	    strchr("eEfgG", (int)as.verb) == NULL) {
		put_bad(p, s, v);
		return;
	}
	if (prec > FLOAT_PREC_MAX) {
		tmpl_fail(p->call->err, p->call->line, p->call->column,
		    "error calling printf: too precise");
		return;
	}
	if (prec < 0 && (as.verb == 'g' || as.verb == 'G'))
		(void)tmpl_float(v->u.f, t, sizeof(text) - 1);
	else {
		(void)snprintf(fmt, sizeof(fmt), "%%.*%c", (int)as.verb);
		(void)snprintf(t, sizeof(text) - 1, fmt, prec < 0 ? 6 : prec,
		    v->u.f);
	}
	if (*t != '-') {
		*--t = s->plus ? '+' : s->space ? ' ' : '0';
		if (*t == '0')
			t++;
	}
	if (s->zero && !s->minus && (*t < '0' || *t > '9')) {
		tmpl_add(&p->b, t++, 1);
		as.wid -= as.wid > 0;
	}
	put_padded(p, &as, t, strlen(t));
}
