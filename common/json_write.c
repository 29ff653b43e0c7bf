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

#include "json.h"
#include "monotime.h"

#define JSON_MINSIZE	1024

struct json {
	char		*buf;
	size_t		 len;
	size_t		 cap;
	int		 failed;
	unsigned int	 omit;		/* flags of fields, when empty */
	unsigned int	 depth;
	struct {
		int	 object;
		int	 used;
	}		 level[JSON_DEPTH_MAX + 1];	/* 0: around it all */
};

static void	 json_put(struct json *, const char *, size_t);
static int	 json_value(struct json *, const char *);
static void	 json_open(struct json *, const char *, int);
static void	 json_quote(struct json *, const char *);
static size_t	 json_escape(struct json *, const char *, size_t);
static void	 json_field(struct json *, const struct field *, const void *);
static void	 json_kept(struct json *, const struct xnode *);
static int	 json_isplain(const char *);

struct json *
json_new(void)
{
	struct json	*j;

	if ((j = calloc(1, sizeof(*j))) != NULL)
		j->omit = F_JSONOMIT;
	return (j);
}

void
json_omit(struct json *j, unsigned int flags)
{
	j->omit |= flags;
}

void
json_free(struct json *j)
{
	if (j == NULL)
		return;
	freezero(j->buf, j->cap);
	free(j);
}

const char *
json_text(struct json *j, size_t *len)
{
	json_put(j, "", 0);
	if (j->failed)
		return (NULL);
	if (len != NULL)
		*len = j->len;
	return (j->buf);
}

char *
json_take(struct json *j, size_t *len)
{
	char	*text = NULL;

	if (json_text(j, len) != NULL) {
		text = j->buf;
		j->buf = NULL;
		j->len = j->cap = 0;
	}
	return (text);
}

void
json_object(struct json *j, const char *key)
{
	json_open(j, key, 1);
}

void
json_array(struct json *j, const char *key)
{
	json_open(j, key, 0);
}

void
json_end(struct json *j)
{
	if (j->depth == 0) {
		j->failed = 1;
		return;
	}
	json_put(j, j->level[j->depth].object ? "}" : "]", 1);
	j->depth--;
}

void
json_string(struct json *j, const char *key, const char *s)
{
	if (json_value(j, key))
		json_quote(j, s == NULL ? "" : s);
}

void
json_int(struct json *j, const char *key, int64_t v)
{
	char	 buf[24];
	int	 n;

	if (json_value(j, key)) {
		n = snprintf(buf, sizeof(buf), "%lld", (long long)v);
		json_put(j, buf, n);
	}
}

void
json_uint(struct json *j, const char *key, uint64_t v)
{
	char	 buf[24];
	int	 n;

	if (json_value(j, key)) {
		n = snprintf(buf, sizeof(buf), "%llu", (unsigned long long)v);
		json_put(j, buf, n);
	}
}

void
json_bool(struct json *j, const char *key, int on)
{
	if (json_value(j, key))
		json_put(j, on ? "true" : "false", on ? 4 : 5);
}

void
json_null(struct json *j, const char *key)
{
	if (json_value(j, key))
		json_put(j, "null", 4);
}

void
json_record(struct json *j, const char *key, const struct record *rec,
    const void *ptr)
{
	json_object(j, key);
	json_members(j, rec, ptr);
	json_end(j);
}

void
json_members(struct json *j, const struct record *rec, const void *ptr)
{
	const struct xnode	*x;
	size_t			 i;

	for (i = 0; i < rec->nfields; i++)
		json_field(j, &rec->fields[i], ptr);
	if (rec->extra == RECORD_NOEXTRA)
		return;
	x = *(struct xnode *const *)((const char *)ptr + rec->extra);
	for (; x != NULL; x = x->next)
		if (json_member(rec, x->key, strlen(x->key)) == NULL)
			json_kept(j, x);
}

static void
json_field(struct json *j, const struct field *f, const void *rec)
{
	char		 buf[WALL_STRLEN];
	const void	*p = field_ptr(f, rec);
	uint32_t	 i;

	if (f->json == NULL ||
	    ((f->flags & j->omit) && field_isempty(f, rec)))
		return;
	switch (f->type) {
	case FT_STR:
		json_string(j, f->json, *(char *const *)p);
		return;
	case FT_UINT:
		json_uint(j, f->json, *(const uint64_t *)p);
		return;
	case FT_INT:
	case FT_DUR:
		json_int(j, f->json, *(const int64_t *)p);
		return;
	case FT_BOOL:
		json_bool(j, f->json, *(const int *)p);
		return;
	case FT_TIME:
		json_string(j, f->json, wall_format(p, buf, sizeof(buf)));
		return;
	case FT_STRS:
	case FT_REC:
	case FT_RECS:
		break;
	}
	if (field_isempty(f, rec) && (f->flags & F_ARRAY) == 0) {
		json_null(j, f->json);
		return;
	}
	if (f->type == FT_REC) {
		json_record(j, f->json, f->rec, *(void *const *)p);
		return;
	}
	json_array(j, f->json);
	if (f->type == FT_STRS)
		for (i = 0; i < ((const struct strlist *)p)->n; i++)
			json_string(j, NULL, ((const struct strlist *)p)->v[i]);
	else
		for (i = 0; i < ((const struct reclist *)p)->n; i++)
			json_record(j, NULL, f->rec,
			    ((const struct reclist *)p)->v[i]);
	json_end(j);
}

static void
json_kept(struct json *j, const struct xnode *x)
{
	const struct xnode	*c;

	switch (x->kind) {
	case XK_STRING:
		json_string(j, x->key, x->text);
		break;
	case XK_PLAIN:
		/* Files also hold plain scalars that JSON has to quote. */
		if (x->text == NULL || !json_isplain(x->text))
			json_string(j, x->key, x->text);
		else if (json_value(j, x->key))
			json_put(j, x->text, strlen(x->text));
		break;
	case XK_SEQ:
	case XK_MAP:
		json_open(j, x->key, x->kind == XK_MAP);
		for (c = x->child; c != NULL; c = c->next)
			json_kept(j, c);
		json_end(j);
		break;
	}
}

/* null, true, false or a number of RFC 8259's form. */
static int
json_isplain(const char *s)
{
	size_t	 n;

	if (strcmp(s, "null") == 0 || strcmp(s, "true") == 0 ||
	    strcmp(s, "false") == 0)
		return (1);
	s += *s == '-';
	if ((n = strspn(s, "0123456789")) == 0 || (n > 1 && *s == '0'))
		return (0);
	s += n;
	if (*s == '.') {
		if ((n = strspn(s + 1, "0123456789")) == 0)
			return (0);
		s += n + 1;
	}
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '+' || *s == '-';
		if ((n = strspn(s, "0123456789")) == 0)
			return (0);
		s += n;
	}
	return (*s == '\0');
}

static void
json_put(struct json *j, const char *s, size_t len)
{
	size_t	 cap;
	char	*buf;

	if (j->failed)
		return;
	if (j->buf == NULL || len >= j->cap - j->len) {
		cap = j->cap == 0 ? JSON_MINSIZE : j->cap;
		while (len >= cap - j->len) {
			if (cap > SIZE_MAX / 2) {
				j->failed = 1;
				return;
			}
			cap *= 2;
		}
		if ((buf = recallocarray(j->buf, j->cap, cap, 1)) == NULL) {
			j->failed = 1;
			return;
		}
		j->buf = buf;
		j->cap = cap;
	}
	memcpy(j->buf + j->len, s, len);
	j->len += len;
	j->buf[j->len] = '\0';
}

/* What stands before a value: comma and name.  Returns whether it may come. */
static int
json_value(struct json *j, const char *key)
{
	if (j->level[j->depth].object != (key != NULL) ||
	    (j->depth == 0 && j->level[0].used))
		j->failed = 1;
	if (j->failed)
		return (0);
	if (j->level[j->depth].used)
		json_put(j, ",", 1);
	j->level[j->depth].used = 1;
	if (key != NULL) {
		json_quote(j, key);
		json_put(j, ":", 1);
	}
	return (1);
}

static void
json_open(struct json *j, const char *key, int object)
{
	if (!json_value(j, key))
		return;
	if (j->depth == JSON_DEPTH_MAX) {
		j->failed = 1;
		return;
	}
	j->depth++;
	j->level[j->depth].object = object;
	j->level[j->depth].used = 0;
	json_put(j, object ? "{" : "[", 1);
}

static void
json_quote(struct json *j, const char *s)
{
	size_t	 len, n;

	json_put(j, "\"", 1);
	for (len = strlen(s); len > 0; s += n, len -= n) {
		n = 0;
		while (n < len && (unsigned char)s[n] >= 0x20 &&
		    (unsigned char)s[n] < 0x80 &&
		    strchr("\"\\<>&", s[n]) == NULL)
			n++;
		if (n > 0)
			json_put(j, s, n);
		else
			n = json_escape(j, s, len);
	}
	json_put(j, "\"", 1);
}

/* One character that may not stand as it is; returns its length. */
static size_t
json_escape(struct json *j, const char *s, size_t len)
{
	static const char	 from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char		*p;
	char			 buf[8];
	size_t			 n;

	if ((p = strchr(from, s[0])) != NULL) {
		buf[0] = '\\';
		buf[1] = to[p - from];
		json_put(j, buf, 2);
		return (1);
	}
	if ((n = json_charlen(s, len)) == 0) {
		json_put(j, "\\ufffd", 6);
		return (1);
	}
	if (n == 1) {
		snprintf(buf, sizeof(buf), "\\u%04x", (unsigned char)s[0]);
		json_put(j, buf, 6);
	} else if (n == 3 && (memcmp(s, "\xe2\x80\xa8", 3) == 0 ||
	    memcmp(s, "\xe2\x80\xa9", 3) == 0)) {
		/* Line ends to JavaScript. */
		json_put(j, s[2] == '\xa8' ? "\\u2028" : "\\u2029", 6);
	} else
		json_put(j, s, n);
	return (n);
}
