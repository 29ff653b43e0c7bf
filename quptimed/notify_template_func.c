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
#include <string.h>

#include "template.h"

/*
 * The functions that templates have.  Each takes its arguments' values and
 * gives one, or fails.
 */

static int	 fn_not(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *);
static int	 fn_eq(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *);
static int	 fn_ne(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *);
static int	 fn_lt(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *);
static int	 fn_le(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *);
static int	 fn_gt(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *);
static int	 fn_ge(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *);
static int	 fn_len(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *);
static int	 fn_index(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *);
static int	 fn_slice(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *);
static int	 fn_html(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *);
static int	 fn_js(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *);
static int	 fn_urlquery(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *);
static int	 fail(struct tmpl_call *, const char *, const char *);
static int	 is_integer(const struct tmpl_value *);
static int	 same(struct tmpl_call *, const struct tmpl_value *,
		    const struct tmpl_value *, const char *);
static int	 order(struct tmpl_call *, const struct tmpl_value *,
		    const char *, int *);
static int	 position(struct tmpl_call *, const struct tmpl_value *,
		    size_t, const char *, size_t *);
static int	 one_text(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *);
static int	 result(const struct tmpl_buf *, struct tmpl_value *);

static const struct tmpl_func	funcs[] = {
	{ "and", 1, TMPL_ARGS_MAX, NULL, 0 },
	{ "eq", 2, TMPL_ARGS_MAX, fn_eq, 0 },
	{ "ge", 2, 2, fn_ge, 0 },
	{ "gt", 2, 2, fn_gt, 0 },
	{ "html", 0, TMPL_ARGS_MAX, fn_html, 0 },
	{ "index", 1, TMPL_ARGS_MAX, fn_index, 0 },
	{ "js", 0, TMPL_ARGS_MAX, fn_js, 0 },
	{ "le", 2, 2, fn_le, 0 },
	{ "len", 1, 1, fn_len, 0 },
	{ "lt", 2, 2, fn_lt, 0 },
	{ "ne", 2, 2, fn_ne, 0 },
	{ "not", 1, 1, fn_not, 0 },
	{ "or", 1, TMPL_ARGS_MAX, NULL, 1 },
	{ "print", 0, TMPL_ARGS_MAX, tmpl_sprint, 0 },
	{ "printf", 1, TMPL_ARGS_MAX, tmpl_sprintf, 0 },
	{ "println", 0, TMPL_ARGS_MAX, tmpl_sprintln, 0 },
	{ "slice", 1, 4, fn_slice, 0 },
	{ "urlquery", 0, TMPL_ARGS_MAX, fn_urlquery, 0 },
};

const struct tmpl_func *
tmpl_func_find(const char *name, size_t len)
{
	size_t	 i;

	for (i = 0; i < sizeof(funcs) / sizeof(funcs[0]); i++)
		if (strlen(funcs[i].name) == len &&
		    memcmp(funcs[i].name, name, len) == 0)
			return (&funcs[i]);
	return (NULL);
}

static int
fail(struct tmpl_call *call, const char *name, const char *why)
{
	return (tmpl_fail(call->err, call->line, call->column,
	    "error calling %s: %s", name, why));
}

static int
is_integer(const struct tmpl_value *v)
{
	return (v->kind == TV_INT || v->kind == TV_DURATION);
}

static int
fn_not(struct tmpl_call *call, const struct tmpl_value *args, unsigned int n,
    struct tmpl_value *v)
{
	(void)call;
	(void)n;
	tmpl_bool(v, !tmpl_truth(&args[0]));
	return (0);
}

/* 1, 0, or -1: what is of two kinds does not compare. */
static int
same(struct tmpl_call *call, const struct tmpl_value *a,
    const struct tmpl_value *b, const char *name)
{
	char	 msg[96];

	if (a->kind == TV_NIL || b->kind == TV_NIL)
		return (a->kind == b->kind);
	if (a->kind != b->kind && !(is_integer(a) && is_integer(b))) {
		(void)snprintf(msg, sizeof(msg), "incompatible types for "
		    "comparison: %s and %s", a->type, b->type);
		return (fail(call, name, msg));
	}
	switch (a->kind) {
	case TV_BOOL:
	case TV_INT:
	case TV_DURATION:
		return (a->u.i == b->u.i);
	case TV_FLOAT:
		return (a->u.f >= b->u.f && a->u.f <= b->u.f);
	case TV_STRING:
		return (a->u.str.len == b->u.str.len && (a->u.str.len == 0 ||
		    memcmp(a->u.str.s, b->u.str.s, a->u.str.len) == 0));
	case TV_NIL:
	case TV_LIST:
	case TV_TIME:
	case TV_RECORD:
		break;
	}
	(void)snprintf(msg, sizeof(msg), "non-comparable type %s", a->type);
	return (fail(call, name, msg));
}

/* Less, equal or more: -1, 0, 1 in *cmp. */
static int
order(struct tmpl_call *call, const struct tmpl_value *args, const char *name,
    int *cmp)
{
	const struct tmpl_value	*a = &args[0], *b = &args[1];
	size_t			 len;
	int			 eq;

	if ((eq = same(call, a, b, name)) == -1)
		return (-1);
	if (is_integer(a) && is_integer(b))
		*cmp = a->u.i < b->u.i ? -1 : a->u.i > b->u.i;
	else if (a->kind == TV_FLOAT && b->kind == TV_FLOAT)
		*cmp = a->u.f < b->u.f ? -1 : !eq;
	else if (a->kind == TV_STRING && b->kind == TV_STRING) {
		len = a->u.str.len < b->u.str.len ? a->u.str.len :
		    b->u.str.len;
		*cmp = len == 0 ? 0 : memcmp(a->u.str.s, b->u.str.s, len);
		if (*cmp == 0)
			*cmp = a->u.str.len < b->u.str.len ? -1 : !eq;
	} else
		return (fail(call, name, "invalid type for comparison"));
	return (0);
}

static int
fn_eq(struct tmpl_call *call, const struct tmpl_value *args, unsigned int n,
    struct tmpl_value *v)
{
	unsigned int	 i;
	int		 eq = 0;

	for (i = 1; i < n && !eq; i++)
		if ((eq = same(call, &args[0], &args[i], "eq")) == -1)
			return (-1);
	tmpl_bool(v, eq);
	return (0);
}

static int
fn_ne(struct tmpl_call *call, const struct tmpl_value *args, unsigned int n,
    struct tmpl_value *v)
{
	int	 eq;

	(void)n;
	if ((eq = same(call, &args[0], &args[1], "ne")) == -1)
		return (-1);
	tmpl_bool(v, !eq);
	return (0);
}

static int
fn_lt(struct tmpl_call *call, const struct tmpl_value *args, unsigned int n,
    struct tmpl_value *v)
{
	int	 cmp;

	(void)n;
	if (order(call, args, "lt", &cmp) == -1)
		return (-1);
	tmpl_bool(v, cmp < 0);
	return (0);
}

static int
fn_le(struct tmpl_call *call, const struct tmpl_value *args, unsigned int n,
    struct tmpl_value *v)
{
	int	 cmp;

	(void)n;
	if (order(call, args, "le", &cmp) == -1)
		return (-1);
	tmpl_bool(v, cmp <= 0);
	return (0);
}

static int
fn_gt(struct tmpl_call *call, const struct tmpl_value *args, unsigned int n,
    struct tmpl_value *v)
{
	int	 cmp;

	(void)n;
	if (order(call, args, "gt", &cmp) == -1)
		return (-1);
	tmpl_bool(v, cmp > 0);
	return (0);
}

static int
fn_ge(struct tmpl_call *call, const struct tmpl_value *args, unsigned int n,
    struct tmpl_value *v)
{
	int	 cmp;

	(void)n;
	if (order(call, args, "ge", &cmp) == -1)
		return (-1);
	tmpl_bool(v, cmp >= 0);
	return (0);
}

/* Of a string that is in bytes. */
static int
fn_len(struct tmpl_call *call, const struct tmpl_value *args, unsigned int n,
    struct tmpl_value *v)
{
	char	 msg[64];

	(void)n;
	if (args[0].kind == TV_STRING)
		tmpl_int(v, args[0].u.str.len);
	else if (args[0].kind == TV_LIST)
		tmpl_int(v, args[0].u.list.n);
	else {
		(void)snprintf(msg, sizeof(msg), "len of type %s",
		    args[0].kind == TV_NIL ? "nil" : args[0].type);
		return (fail(call, "len", msg));
	}
	return (0);
}

/* A place in what has that many, up to its end but one. */
static int
position(struct tmpl_call *call, const struct tmpl_value *v, size_t end,
    const char *name, size_t *pos)
{
	char	 msg[64];

	if (v->kind == TV_NIL || !is_integer(v)) {
		(void)snprintf(msg, sizeof(msg), "cannot index with type %s",
		    v->kind == TV_NIL ? "nil" : v->type);
		return (fail(call, name, msg));
	}
	if (v->u.i < 0 || (uint64_t)v->u.i >= end) {
		(void)snprintf(msg, sizeof(msg), "index out of range: %lld",
		    (long long)v->u.i);
		return (fail(call, name, msg));
	}
	*pos = (size_t)v->u.i;
	return (0);
}

/* A string's is the byte's value. */
static int
fn_index(struct tmpl_call *call, const struct tmpl_value *args,
    unsigned int n, struct tmpl_value *v)
{
	const char	*s;
	char		 msg[64];
	unsigned int	 i;
	size_t		 pos;

	*v = args[0];
	for (i = 1; i < n; i++) {
		if (v->kind == TV_STRING) {
			if (position(call, &args[i], v->u.str.len, "index",
			    &pos) == -1)
				return (-1);
			tmpl_int(v, (unsigned char)v->u.str.s[pos]);
			v->type = "uint8";
		} else if (v->kind == TV_LIST) {
			if (position(call, &args[i], v->u.list.n, "index",
			    &pos) == -1)
				return (-1);
			s = v->u.list.v[pos];
			tmpl_string(v, s, strlen(s));
		} else {
			(void)snprintf(msg, sizeof(msg), "can't index item of "
			    "type %s", v->kind == TV_NIL ? "nil" : v->type);
			return (fail(call, "index", msg));
		}
	}
	return (0);
}

/* From the first place up to the second; a third bounds nothing here. */
static int
fn_slice(struct tmpl_call *call, const struct tmpl_value *args,
    unsigned int n, struct tmpl_value *v)
{
	size_t		 pos[3], size;
	unsigned int	 i;

	if (args[0].kind == TV_STRING)
		size = args[0].u.str.len;
	else if (args[0].kind == TV_LIST)
		size = args[0].u.list.n;
	else
		return (fail(call, "slice", "only of strings and lists"));
	if (args[0].kind == TV_STRING && n > 3)
		return (fail(call, "slice", "cannot 3-index slice a string"));
	pos[0] = 0;
	pos[1] = pos[2] = size;
	for (i = 1; i < n; i++)
		if (position(call, &args[i], size + 1, "slice",
		    &pos[i - 1]) == -1)
			return (-1);
	if (pos[0] > pos[1] || pos[1] > pos[2])
		return (fail(call, "slice", "invalid slice index"));
	*v = args[0];
	if (v->kind == TV_STRING) {
		tmpl_string(v, args[0].u.str.s + pos[0], pos[1] - pos[0]);
	} else {
		v->u.list.n = (uint32_t)(pos[1] - pos[0]);
		if (pos[0] > 0)
			v->u.list.v = args[0].u.list.v + pos[0];
	}
	return (0);
}

/* One string as it is; else what print makes of the arguments. */
static int
one_text(struct tmpl_call *call, const struct tmpl_value *args,
    unsigned int n, struct tmpl_value *v)
{
	if (n == 1 && args[0].kind == TV_STRING) {
		*v = args[0];
		return (0);
	}
	return (tmpl_sprint(call, args, n, v));
}

static int
result(const struct tmpl_buf *b, struct tmpl_value *v)
{
	if (b->failed)
		return (-1);
	tmpl_string(v, b->s != NULL ? b->s : "", b->len);
	return (0);
}

static int
fn_html(struct tmpl_call *call, const struct tmpl_value *args,
    unsigned int n, struct tmpl_value *v)
{
	struct tmpl_buf		 b = { .arena = call->arena };
	struct tmpl_value	 t;
	size_t			 i;

	if (one_text(call, args, n, &t) == -1)
		return (-1);
	for (i = 0; i < t.u.str.len && !b.failed; i++)
		switch (t.u.str.s[i]) {
		case '\0':
			tmpl_addf(&b, "\xef\xbf\xbd");
			break;
		case '"':
		case '\'':
			tmpl_addf(&b, "&#%d;", t.u.str.s[i]);
			break;
		case '&':
			tmpl_addf(&b, "&amp;");
			break;
		case '<':
			tmpl_addf(&b, "&lt;");
			break;
		case '>':
			tmpl_addf(&b, "&gt;");
			break;
		default:
			tmpl_add(&b, t.u.str.s + i, 1);
			break;
		}
	return (result(&b, v));
}

static int
fn_js(struct tmpl_call *call, const struct tmpl_value *args, unsigned int n,
    struct tmpl_value *v)
{
	struct tmpl_buf		 b = { .arena = call->arena };
	struct tmpl_value	 t;
	const char		*s;
	uint32_t		 r;
	size_t			 len, left;

	if (one_text(call, args, n, &t) == -1)
		return (-1);
	left = t.u.str.len;
	for (s = t.u.str.s; left > 0 && !b.failed; s += len, left -= len) {
		len = tmpl_rune(s, left, &r);
		if (r == '\\' || r == '\'' || r == '"')
			tmpl_addf(&b, "\\%c", (int)r);
		else if (r < ' ' || r == '<' || r == '>' || r == '&' ||
		    r == '=' || (r >= 0x80 && !tmpl_isprint(r)))
			tmpl_addf(&b, "\\u%04X", r);
		else
			tmpl_add(&b, s, len);
	}
	return (result(&b, v));
}

static int
fn_urlquery(struct tmpl_call *call, const struct tmpl_value *args,
    unsigned int n, struct tmpl_value *v)
{
	struct tmpl_buf		 b = { .arena = call->arena };
	struct tmpl_value	 t;
	unsigned char		 c;
	size_t			 i;

	if (one_text(call, args, n, &t) == -1)
		return (-1);
	for (i = 0; i < t.u.str.len && !b.failed; i++) {
		c = (unsigned char)t.u.str.s[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || (c != '\0' &&
		    strchr("-_.~", c) != NULL))
			tmpl_add(&b, t.u.str.s + i, 1);
		else if (c == ' ')
			tmpl_add(&b, "+", 1);
		else
			tmpl_addf(&b, "%%%02X", c);
	}
	return (result(&b, v));
}
