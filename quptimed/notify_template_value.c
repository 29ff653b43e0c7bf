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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "json.h"
#include "template.h"

/*
 * The values that templates handle, and the memory these live in.
 */

#define CHUNK		4096
#define REPLACEMENT	0xfffd		/* for a rune that is none */
#define NDIGITS		17		/* that tell any two doubles apart */

struct arena_chunk {
	struct arena_chunk	*next;
	size_t			 size;
	size_t			 used;
	_Alignas(max_align_t) char data[];
};

static void	 add_escape(struct tmpl_buf *, uint32_t);
static int	 is_time(const struct tmpl_value *, char *, size_t);

void *
arena_get(struct arena *a, size_t size)
{
	struct arena_chunk	*c = a->chunks;
	size_t			 want;
	void			*p;

	size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) *
	    sizeof(max_align_t);
	if (c == NULL || c->size - c->used < size) {
		want = size > CHUNK ? size : CHUNK;
		if (want > TMPL_MEM_MAX - a->used ||
		    (c = calloc(1, sizeof(*c) + want)) == NULL) {
			if (a->err != NULL)
				tmpl_fail(a->err, 0, 0, "it takes too much "
				    "memory");
			return (NULL);
		}
		a->used += want;
		c->size = want;
		c->next = a->chunks;
		a->chunks = c;
	}
	p = c->data + c->used;
	c->used += size;
	return (p);
}

char *
arena_strndup(struct arena *a, const char *s, size_t len)
{
	char	*copy;

	if ((copy = arena_get(a, len + 1)) == NULL)
		return (NULL);
	memcpy(copy, s, len);
	copy[len] = '\0';
	return (copy);
}

void
arena_clear(struct arena *a)
{
	struct arena_chunk	*c;

	while ((c = a->chunks) != NULL) {
		a->chunks = c->next;
		free(c);
	}
	a->used = 0;
}

int
tmpl_fail(struct template_error *err, unsigned int line, unsigned int column,
    const char *fmt, ...)
{
	va_list	 ap;

	/* The first one is the reason for the others. */
	if (err->msg[0] != '\0')
		return (-1);
	err->line = line;
	err->column = column;
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return (-1);
}

int
tmpl_spend(struct tmpl_call *call, size_t bytes)
{
	size_t	 n = bytes / TMPL_STEP_BYTES + 1;

	if (n >= *call->steps) {
		*call->steps = 0;
		return (tmpl_fail(call->err, call->line, call->column,
		    "it takes too many steps"));
	}
	*call->steps -= n;
	return (0);
}

int
tmpl_truth(const struct tmpl_value *v)
{
	switch (v->kind) {
	case TV_NIL:
		return (0);
	case TV_BOOL:
	case TV_INT:
	case TV_DURATION:
		return (v->u.i != 0);
	case TV_FLOAT:
		return (v->u.f < 0 || v->u.f > 0);
	case TV_STRING:
		return (v->u.str.len > 0);
	case TV_LIST:
		return (v->u.list.n > 0);
	case TV_TIME:
	case TV_RECORD:
		break;
	}
	return (1);
}

void
tmpl_string(struct tmpl_value *v, const char *s, size_t len)
{
	memset(v, 0, sizeof(*v));
	v->kind = TV_STRING;
	v->type = "string";
	v->u.str.s = s;
	v->u.str.len = len;
}

void
tmpl_int(struct tmpl_value *v, int64_t i)
{
	memset(v, 0, sizeof(*v));
	v->kind = TV_INT;
	v->type = "int";
	v->u.i = i;
}

void
tmpl_bool(struct tmpl_value *v, int truth)
{
	memset(v, 0, sizeof(*v));
	v->kind = TV_BOOL;
	v->type = "bool";
	v->u.i = truth;
}

/* What a record's table says of the field decides what it is here. */
int
tmpl_field(const struct tmpl_value *of, const char *name,
    struct tmpl_value *v)
{
	const struct record	*rec;
	const struct field	*f;
	const void		*p;
	const char		*s;
	size_t			 i;

	if (of->kind != TV_RECORD)
		return (-1);
	rec = of->u.rec.rec;
	for (i = 0; i < rec->nfields; i++)
		if (rec->fields[i].json != NULL &&
		    strcmp(rec->fields[i].json, name) == 0)
			break;
	if (i == rec->nfields || (rec->fields[i].flags & F_SECRET))
		return (-1);
	f = &rec->fields[i];
	p = field_ptr(f, of->u.rec.p);
	switch (f->type) {
	case FT_STR:
		s = str(*(char *const *)p);
		tmpl_string(v, s, strlen(s));
		/* The one string that has a type of its own. */
		if (f->words != NULL)
			v->type = "config.CheckType";
		break;
	case FT_UINT:
	case FT_INT:
		tmpl_int(v, *(const int64_t *)p);
		break;
	case FT_BOOL:
		tmpl_bool(v, *(const int *)p != 0);
		break;
	case FT_DUR:
		tmpl_int(v, *(const int64_t *)p);
		v->kind = TV_DURATION;
		v->type = "time.Duration";
		break;
	case FT_TIME:
		memset(v, 0, sizeof(*v));
		v->kind = TV_TIME;
		v->type = "time.Time";
		v->u.t = *(const struct walltime *)p;
		break;
	case FT_STRS:
		memset(v, 0, sizeof(*v));
		v->kind = TV_LIST;
		v->type = "[]string";
		v->u.list.v = ((const struct strlist *)p)->v;
		v->u.list.n = ((const struct strlist *)p)->n;
		break;
	case FT_REC:
		memset(v, 0, sizeof(*v));
		v->kind = TV_RECORD;
		v->type = f->rec->name;
		v->u.rec.rec = f->rec;
		v->u.rec.p = *(void *const *)p;
		if (v->u.rec.p == NULL)
			v->kind = TV_NIL;
		break;
	case FT_RECS:
		return (-1);
	}
	return (0);
}

void
tmpl_add(struct tmpl_buf *b, const char *s, size_t len)
{
	size_t	 size;
	char	*p;

	if (b->failed || len == 0)
		return;
	if (len > b->size - b->len) {
		if (len > TMPL_MEM_MAX) {
			size = len;
		} else {
			size = b->size < 64 ? 64 : b->size * 2;
			while (size < b->len + len)
				size *= 2;
		}
		if ((p = arena_get(b->arena, size)) == NULL) {
			b->failed = 1;
			return;
		}
		if (b->len > 0)
			memcpy(p, b->s, b->len);
		b->s = p;
		b->size = size;
	}
	memcpy(b->s + b->len, s, len);
	b->len += len;
}

void
tmpl_fill(struct tmpl_buf *b, char c, size_t n)
{
	char	 piece[256];
	size_t	 len;

	memset(piece, c, sizeof(piece));
	for (; n > 0 && !b->failed; n -= len) {
		len = n < sizeof(piece) ? n : sizeof(piece);
		tmpl_add(b, piece, len);
	}
}

/* For text that is short. */
void
tmpl_addf(struct tmpl_buf *b, const char *fmt, ...)
{
	char	 text[128];
	va_list	 ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tmpl_add(b, text, strlen(text));
}

int
tmpl_print(struct tmpl_buf *b, const struct tmpl_value *v)
{
	char		 text[64];
	uint32_t	 i;

	switch (v->kind) {
	case TV_NIL:
		tmpl_addf(b, "<nil>");
		break;
	case TV_BOOL:
		tmpl_addf(b, "%s", v->u.i ? "true" : "false");
		break;
	case TV_INT:
		tmpl_addf(b, "%lld", (long long)v->u.i);
		break;
	case TV_FLOAT:
		tmpl_addf(b, "%s", tmpl_float(v->u.f, text,
		    sizeof(text)));
		break;
	case TV_STRING:
		tmpl_add(b, v->u.str.s, v->u.str.len);
		break;
	case TV_LIST:
		tmpl_add(b, "[", 1);
		for (i = 0; i < v->u.list.n; i++) {
			if (i > 0)
				tmpl_add(b, " ", 1);
			tmpl_add(b, v->u.list.v[i], strlen(v->u.list.v[i]));
		}
		tmpl_add(b, "]", 1);
		break;
	case TV_DURATION:
	case TV_TIME:
		(void)tmpl_text(v, text, sizeof(text));
		tmpl_addf(b, "%s", text);
		break;
	case TV_RECORD:
		return (-1);
	}
	return (0);
}

int
tmpl_text(const struct tmpl_value *v, char *buf, size_t size)
{
	if (v->kind == TV_DURATION) {
		(void)duration_format(v->u.i, buf, size);
		return (1);
	}
	return (v->kind == TV_TIME ? is_time(v, buf, size) : 0);
}

/* RFC 3339's "2026-05-15T14:00:59.25+02:00" with blanks, and the zone twice. */
static int
is_time(const struct tmpl_value *v, char *buf, size_t size)
{
	char	 text[WALL_STRLEN], zone[8], *p;
	int	 off = v->u.t.off, len;

	(void)wall_format(&v->u.t, text, sizeof(text));
	if ((p = strchr(text, 'T')) == NULL)
		return (0);
	*p++ = ' ';
	len = (int)strspn(p, "0123456789:.");
	(void)snprintf(zone, sizeof(zone), "%c%02d%02d", off < 0 ? '-' : '+',
	    abs(off) / 3600 % 100, abs(off) / 60 % 60);
	(void)snprintf(buf, size, "%.*s %s %s", (int)(p - text) + len, text,
	    zone, off == 0 ? "UTC" : zone);
	return (1);
}

/* As many digits as it takes to be read back as that number: 1e+06, 0.0001. */
const char *
tmpl_float(double d, char *buf, size_t size)
{
	char	*e;
	int	 n, exp = 0;

	for (n = 0; n < NDIGITS; n++) {
		(void)snprintf(buf, size, "%.*e", n, d);
		if (!(strtod(buf, NULL) < d || strtod(buf, NULL) > d))
			break;
	}
	if ((e = strchr(buf, 'e')) != NULL)
		exp = (int)strtol(e + 1, NULL, 10);
	if (exp >= -4 && exp < 6)
		(void)snprintf(buf, size, "%.*f", n > exp ? n - exp : 0, d);
	return (buf);
}

size_t
tmpl_rune(const char *s, size_t len, uint32_t *rune)
{
	static const unsigned char	 first[] = { 0, 0x7f, 0x1f, 0x0f, 7 };
	size_t				 n, i;

	if ((n = json_charlen(s, len)) == 0) {
		*rune = REPLACEMENT;
		return (1);
	}
	*rune = (unsigned char)s[0] & first[n];
	for (i = 1; i < n; i++)
		*rune = *rune << 6 | ((unsigned char)s[i] & 0x3f);
	return (n);
}

size_t
tmpl_encode(uint32_t rune, char *s)
{
	if (rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000))
		rune = REPLACEMENT;
	if (rune < 0x80) {
		s[0] = (char)rune;
		return (1);
	}
	if (rune < 0x800) {
		s[0] = (char)(0xc0 | rune >> 6);
		s[1] = (char)(0x80 | (rune & 0x3f));
		return (2);
	}
	if (rune < 0x10000) {
		s[0] = (char)(0xe0 | rune >> 12);
		s[1] = (char)(0x80 | (rune >> 6 & 0x3f));
		s[2] = (char)(0x80 | (rune & 0x3f));
		return (3);
	}
	s[0] = (char)(0xf0 | rune >> 18);
	s[1] = (char)(0x80 | (rune >> 12 & 0x3f));
	s[2] = (char)(0x80 | (rune >> 6 & 0x3f));
	s[3] = (char)(0x80 | (rune & 0x3f));
	return (4);
}

/* Blanks other than the common one, marks that do not show, what is no text. */
int
tmpl_isprint(uint32_t r)
{
	static const struct {
		uint32_t	 from, to;
	} hidden[] = {
		{ 0, 0x1f }, { 0x7f, 0xa0 }, { 0xad, 0xad },
		{ 0x600, 0x605 }, { 0x61c, 0x61c }, { 0x6dd, 0x6dd },
		{ 0x70f, 0x70f }, { 0x1680, 0x1680 }, { 0x180e, 0x180e },
		{ 0x2000, 0x200f }, { 0x2028, 0x202f }, { 0x205f, 0x206f },
		{ 0x3000, 0x3000 }, { 0xd800, 0xf8ff }, { 0xfdd0, 0xfdef },
		{ 0xfeff, 0xfeff }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff },
		{ 0xe0000, 0xe00ff }, { 0xe01f0, UINT32_MAX }
	};
	size_t	 i;

	for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (r >= hidden[i].from && r <= hidden[i].to)
			return (0);
	return (1);
}

void
tmpl_quote(struct tmpl_buf *b, const char *s, size_t len, char quote,
    int ascii)
{
	uint32_t	 r;
	size_t		 n;

	tmpl_add(b, &quote, 1);
	for (; len > 0 && !b->failed; s += n, len -= n) {
		n = tmpl_rune(s, len, &r);
		if (n == 1 && r == REPLACEMENT)
			tmpl_addf(b, "\\x%02x", (unsigned char)*s);
		else if (r == (uint32_t)quote || r == '\\') {
			tmpl_add(b, "\\", 1);
			tmpl_add(b, s, 1);
		} else if (tmpl_isprint(r) && (r < 0x80 || !ascii))
			tmpl_add(b, s, n);
		else
			add_escape(b, r);
	}
	tmpl_add(b, &quote, 1);
}

static void
add_escape(struct tmpl_buf *b, uint32_t r)
{
	static const char	 codes[] = "\a\b\f\n\r\t\v", letters[] =
				    "abfnrtv";
	const char		*p;

	if (r != 0 && r < 0x80 && (p = strchr(codes, (int)r)) != NULL)
		tmpl_addf(b, "\\%c", letters[p - codes]);
	else if (r < 0x80)
		tmpl_addf(b, "\\x%02x", r);
	else if (r < 0x10000)
		tmpl_addf(b, "\\u%04x", r);
	else
		tmpl_addf(b, "\\U%08x", r);
}
