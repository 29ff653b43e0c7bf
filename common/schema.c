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

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "fmt.h"
#include "monotime.h"
#include "schema.h"

#define MASK		"***"
#define SLOT_MAX	sizeof(struct reclist)	/* the largest value */

static size_t	 field_size(const struct field *);
static void	 field_clear(const struct field *, void *);
static int	 field_dup(const struct field *, void *, const void *);
static int	 parse_list(const char *, struct strlist *);
static int	 parse_int(const char *, int64_t *);
static int	 parse_uint(const char *, uint64_t *);
static int	 parse_bool(const char *, int *);
static const char
		*join(const struct strlist *, char *, size_t);

int
verr_set(struct verr *ve, const char *path, const char *fmt, ...)
{
	char	 msg[sizeof(ve->msg)], name[sizeof(ve->path)];
	va_list	 ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	(void)strlcpy(name, path != NULL ? path : "", sizeof(name));
	memset(ve, 0, sizeof(*ve));
	/* Both may quote what an outsider wrote. */
	fmt_vis(msg, ve->msg, sizeof(ve->msg));
	fmt_vis(name, ve->path, sizeof(ve->path));
	return (-1);
}

void
verr_prefix(struct verr *ve, const char *fmt, ...)
{
	char	 path[sizeof(ve->path)];
	size_t	 len;
	va_list	 ap;

	va_start(ap, fmt);
	(void)vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	len = strlen(path);
	if (len > 0 && ve->path[0] != '\0' && ve->path[0] != '[')
		(void)strlcat(path, ".", sizeof(path));
	(void)strlcat(path, ve->path, sizeof(path));
	(void)strlcpy(ve->path, path, sizeof(ve->path));
}

const char *
verr_string(const struct verr *ve, char *buf, size_t size)
{
	char	 line[16] = "", column[16] = "";

	if (ve->line != 0)
		(void)snprintf(line, sizeof(line), "%u:", ve->line);
	if (ve->line != 0 && ve->column != 0)
		(void)snprintf(column, sizeof(column), "%u:", ve->column);
	(void)snprintf(buf, size, "%s%s%s%s%s%s%s%s", ve->file,
	    ve->file[0] != '\0' ? ":" : "", line, column,
	    ve->file[0] != '\0' || line[0] != '\0' ? " " : "", ve->path,
	    ve->path[0] != '\0' ? ": " : "", ve->msg);
	return (buf);
}

void *
record_new(const struct record *rec)
{
	return (calloc(1, rec->size));
}

void
record_free(const struct record *rec, void *p)
{
	if (p == NULL)
		return;
	record_clear(rec, p);
	free(p);
}

void
record_clear(const struct record *rec, void *p)
{
	struct xnode	**extra;
	size_t		  i;

	for (i = 0; i < rec->nfields; i++)
		field_clear(&rec->fields[i], field_ptr(&rec->fields[i], p));
	if ((extra = record_extra(rec, p)) != NULL)
		xnode_free(*extra);
	memset(p, 0, rec->size);
}

void *
record_dup(const struct record *rec, const void *p)
{
	const struct field	*f;
	struct xnode		**from, **to;
	void			*new;
	size_t			 i;

	if ((new = record_new(rec)) == NULL)
		return (NULL);
	for (i = 0; i < rec->nfields; i++) {
		f = &rec->fields[i];
		if (field_dup(f, field_ptr(f, new), field_ptr(f, p)) == -1)
			goto fail;
	}
	from = record_extra(rec, p);
	to = record_extra(rec, new);
	if (from != NULL && *from != NULL &&
	    (*to = xnode_dup(*from)) == NULL)
		goto fail;
	return (new);

 fail:
	record_free(rec, new);
	return (NULL);
}

int
record_equal(const struct record *rec, const void *a, const void *b)
{
	struct xnode	**xa, **xb;
	size_t		  i;

	for (i = 0; i < rec->nfields; i++)
		if (!field_equal(&rec->fields[i], a, b))
			return (0);
	xa = record_extra(rec, a);
	xb = record_extra(rec, b);
	return (xa == NULL || xnode_equal(*xa, *xb));
}

struct xnode **
record_extra(const struct record *rec, const void *p)
{
	if (rec->extra == RECORD_NOEXTRA)
		return (NULL);
	return ((struct xnode **)((uintptr_t)p + rec->extra));
}

const struct field *
record_field(const struct record *rec, const char *yaml)
{
	size_t	 i;

	for (i = 0; i < rec->nfields; i++)
		if (rec->fields[i].yaml != NULL &&
		    strcmp(rec->fields[i].yaml, yaml) == 0)
			return (&rec->fields[i]);
	return (NULL);
}

const struct field *
record_flag(const struct record *rec, const char *flag, unsigned int bit)
{
	const struct field	*f;
	size_t			 i;

	for (i = 0; i < rec->nfields; i++) {
		f = &rec->fields[i];
		if (f->flag != NULL && strcmp(f->flag, flag) == 0 &&
		    (f->applies == 0 || bit == 0 || (f->applies & bit) != 0))
			return (f);
	}
	return (NULL);
}

void *
field_ptr(const struct field *f, const void *rec)
{
	return ((void *)((uintptr_t)rec + f->offset));
}

int
field_isempty(const struct field *f, const void *rec)
{
	const void	*p = field_ptr(f, rec);

	switch (f->type) {
	case FT_STR:
		return (*(char *const *)p == NULL ||
		    **(char *const *)p == '\0');
	case FT_UINT:
		return (*(const uint64_t *)p == 0);
	case FT_INT:
	case FT_DUR:
		return (*(const int64_t *)p == 0);
	case FT_BOOL:
		return (*(const int *)p == 0);
	case FT_TIME:
		return (wall_iszero(p) &&
		    ((const struct walltime *)p)->off == 0);
	case FT_STRS:
		return (((const struct strlist *)p)->n == 0);
	case FT_REC:
		return (*(void *const *)p == NULL);
	case FT_RECS:
		return (((const struct reclist *)p)->n == 0);
	}
	return (1);
}

int
field_parse(const struct field *f, void *rec, const char *text,
    struct verr *ve)
{
	void		*p = field_ptr(f, rec);
	const char	*errstr;

	switch (f->type) {
	case FT_STR:
		if (*text != '\0' && (*(char **)p = strdup(text)) == NULL)
			return (verr_set(ve, field_name(f), "out of memory"));
		return (0);
	case FT_UINT:
		if (parse_uint(text, p) == -1)
			return (verr_set(ve, field_name(f),
			    "must be a whole number, not below 0"));
		return (0);
	case FT_INT:
		if (parse_int(text, p) == -1)
			return (verr_set(ve, field_name(f),
			    "must be a whole number"));
		return (0);
	case FT_BOOL:
		if (parse_bool(text, p) == -1)
			return (verr_set(ve, field_name(f),
			    "must be true or false"));
		return (0);
	case FT_DUR:
		if (duration_parse(text, p, &errstr) == -1)
			return (verr_set(ve, field_name(f), "%s", errstr));
		return (0);
	case FT_TIME:
		if (wall_parse(text, p) == -1)
			return (verr_set(ve, field_name(f), "must be a time "
			    "such as 2026-05-15T14:01:00Z"));
		return (0);
	case FT_STRS:
		if (parse_list(text, p) == -1)
			return (verr_set(ve, field_name(f), "out of memory"));
		return (0);
	default:
		return (verr_set(ve, field_name(f), "is not a single value"));
	}
}

int
field_set(const struct field *f, void *rec, const char *text, struct verr *ve)
{
	_Alignas(max_align_t) unsigned char	 old[SLOT_MAX];
	void					*p = field_ptr(f, rec);
	size_t					 size = field_size(f);

	memcpy(old, p, size);
	memset(p, 0, size);
	if (field_parse(f, rec, text, ve) == -1 ||
	    field_validate(f, rec, ve) == -1) {
		field_clear(f, p);
		memcpy(p, old, size);
		return (-1);
	}
	field_clear(f, old);
	return (0);
}

const char *
field_text(const struct field *f, const void *rec, char *buf, size_t size)
{
	const void	*p = field_ptr(f, rec);
	int		 empty = field_isempty(f, rec);

	if (size > 0)
		buf[0] = '\0';
	if (empty && (f->flags & F_ZERO))
		return (buf);
	switch (f->type) {
	case FT_STR:
		if (!empty)
			(void)strlcpy(buf, f->flags & F_SECRET ? MASK :
			    *(char *const *)p, size);
		break;
	case FT_UINT:
		(void)snprintf(buf, size, "%llu",
		    (unsigned long long)*(const uint64_t *)p);
		break;
	case FT_INT:
		(void)snprintf(buf, size, "%lld",
		    (long long)*(const int64_t *)p);
		break;
	case FT_BOOL:
		(void)strlcpy(buf, empty ? "false" : "true", size);
		break;
	case FT_DUR:
		duration_format(*(const int64_t *)p, buf, size);
		break;
	case FT_TIME:
		if (!empty)
			wall_format(p, buf, size);
		break;
	case FT_STRS:
		join(p, buf, size);
		break;
	case FT_REC:
	case FT_RECS:
		break;
	}
	return (buf);
}

int
record_mask(const struct record *rec, void *p)
{
	const struct field	*f;
	struct reclist		*list;
	struct xnode		**extra;
	size_t			 i;
	uint32_t		 j;
	int			 secrets = 0;

	for (i = 0; i < rec->nfields; i++) {
		f = &rec->fields[i];
		if (f->flags & F_SECRET)
			secrets = 1;
		if (f->flags & F_SECRET && !field_isempty(f, p)) {
			field_clear(f, field_ptr(f, p));
			if ((*(char **)field_ptr(f, p) = strdup(MASK)) == NULL)
				return (-1);
		} else if (f->type == FT_REC && !field_isempty(f, p)) {
			if (record_mask(f->rec,
			    *(void **)field_ptr(f, p)) == -1)
				return (-1);
		} else if (f->type == FT_RECS) {
			list = field_ptr(f, p);
			for (j = 0; j < list->n; j++)
				if (record_mask(f->rec, list->v[j]) == -1)
					return (-1);
		}
	}
	if (secrets && (extra = record_extra(rec, p)) != NULL) {
		xnode_free(*extra);
		*extra = NULL;
	}
	return (0);
}

int
strlist_add(struct strlist *l, const char *s)
{
	char	**v;

	/* Room is doubled, and its size follows from n: no field for it. */
	if ((l->n & (l->n - 1)) == 0) {
		v = reallocarray(l->v, l->n == 0 ? 1 : (size_t)l->n * 2,
		    sizeof(*v));
		if (v == NULL)
			return (-1);
		l->v = v;
	}
	if ((l->v[l->n] = strdup(s)) == NULL)
		return (-1);
	l->n++;
	return (0);
}

int
strlist_has(const struct strlist *l, const char *s)
{
	uint32_t	 i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return (1);
	return (0);
}

void
strlist_clear(struct strlist *l)
{
	uint32_t	 i;

	for (i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	memset(l, 0, sizeof(*l));
}

int
reclist_add(struct reclist *l, void *p)
{
	void		**v;
	uint32_t	  cap;

	if (l->n == l->cap) {
		cap = l->cap == 0 ? 4 : l->cap * 2;
		if ((v = reallocarray(l->v, cap, sizeof(*v))) == NULL)
			return (-1);
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = p;
	return (0);
}

void *
reclist_take(struct reclist *l, uint32_t i)
{
	void	*p;

	if (i >= l->n)
		return (NULL);
	p = l->v[i];
	l->n--;
	memmove(&l->v[i], &l->v[i + 1], (l->n - i) * sizeof(*l->v));
	return (p);
}

struct xnode *
xnode_new(enum xkind kind, const char *key, const char *text)
{
	struct xnode	*x;

	if ((x = calloc(1, sizeof(*x))) == NULL)
		return (NULL);
	x->kind = kind;
	if ((key != NULL && (x->key = strdup(key)) == NULL) ||
	    (text != NULL && (x->text = strdup(text)) == NULL)) {
		xnode_free(x);
		return (NULL);
	}
	return (x);
}

struct xnode *
xnode_dup(const struct xnode *x)
{
	struct xnode	*head = NULL, **tail = &head;

	for (; x != NULL; x = x->next) {
		if ((*tail = xnode_new(x->kind, x->key, x->text)) == NULL ||
		    (x->child != NULL &&
		    ((*tail)->child = xnode_dup(x->child)) == NULL)) {
			xnode_free(head);
			return (NULL);
		}
		tail = &(*tail)->next;
	}
	return (head);
}

int
xnode_equal(const struct xnode *a, const struct xnode *b)
{
	for (; a != NULL && b != NULL; a = a->next, b = b->next)
		if (a->kind != b->kind ||
		    (a->key == NULL) != (b->key == NULL) ||
		    (a->key != NULL && strcmp(a->key, b->key) != 0) ||
		    (a->text == NULL) != (b->text == NULL) ||
		    (a->text != NULL && strcmp(a->text, b->text) != 0) ||
		    !xnode_equal(a->child, b->child))
			return (0);
	return (a == b);
}

void
xnode_free(struct xnode *x)
{
	struct xnode	*next;

	for (; x != NULL; x = next) {
		next = x->next;
		xnode_free(x->child);
		free(x->key);
		/* A member that nobody knows may hold a secret. */
		if (x->text != NULL)
			freezero(x->text, strlen(x->text));
		free(x);
	}
}

int
xnode_isplain(const char *s)
{
	static const char	 digits[] = "0123456789";
	size_t			 n;

	if (strcmp(s, "null") == 0 || strcmp(s, "true") == 0 ||
	    strcmp(s, "false") == 0)
		return (1);
	if (*s == '-')
		s++;
	if ((n = strspn(s, digits)) == 0 || (*s == '0' && n > 1))
		return (0);
	s += n;
	if (*s == '.') {
		if ((n = strspn(++s, digits)) == 0)
			return (0);
		s += n;
	}
	if (*s == 'e' || *s == 'E') {
		s++;
		if (*s == '+' || *s == '-')
			s++;
		if ((n = strspn(s, digits)) == 0)
			return (0);
		s += n;
	}
	return (*s == '\0');
}

const char *
field_name(const struct field *f)
{
	return (f->yaml != NULL ? f->yaml : f->json != NULL ? f->json : "");
}

static size_t
field_size(const struct field *f)
{
	switch (f->type) {
	case FT_STR:
		return (sizeof(char *));
	case FT_UINT:
	case FT_INT:
	case FT_DUR:
		return (sizeof(int64_t));
	case FT_BOOL:
		return (sizeof(int));
	case FT_TIME:
		return (sizeof(struct walltime));
	case FT_STRS:
		return (sizeof(struct strlist));
	case FT_REC:
		return (sizeof(void *));
	case FT_RECS:
		return (sizeof(struct reclist));
	}
	return (0);
}

static void
field_clear(const struct field *f, void *p)
{
	struct reclist	*list;
	char		*s;
	uint32_t	 i;

	switch (f->type) {
	case FT_STR:
		if ((s = *(char **)p) != NULL && f->flags & F_SECRET)
			freezero(s, strlen(s));
		else
			free(s);
		break;
	case FT_STRS:
		strlist_clear(p);
		break;
	case FT_REC:
		record_free(f->rec, *(void **)p);
		break;
	case FT_RECS:
		list = p;
		for (i = 0; i < list->n; i++)
			record_free(f->rec, list->v[i]);
		free(list->v);
		break;
	default:
		break;
	}
	memset(p, 0, field_size(f));
}

static int
field_dup(const struct field *f, void *to, const void *from)
{
	const struct strlist	*strs;
	const struct reclist	*list;
	void			*p;
	uint32_t		 i;

	switch (f->type) {
	case FT_STR:
		if (*(char *const *)from == NULL)
			return (0);
		*(char **)to = strdup(*(char *const *)from);
		return (*(char **)to == NULL ? -1 : 0);
	case FT_STRS:
		strs = from;
		for (i = 0; i < strs->n; i++)
			if (strlist_add(to, strs->v[i]) == -1)
				return (-1);
		return (0);
	case FT_REC:
		if (*(void *const *)from == NULL)
			return (0);
		*(void **)to = record_dup(f->rec, *(void *const *)from);
		return (*(void **)to == NULL ? -1 : 0);
	case FT_RECS:
		list = from;
		for (i = 0; i < list->n; i++) {
			if ((p = record_dup(f->rec, list->v[i])) == NULL)
				return (-1);
			if (reclist_add(to, p) == -1) {
				record_free(f->rec, p);
				return (-1);
			}
		}
		return (0);
	default:
		memcpy(to, from, field_size(f));
		return (0);
	}
}

int
field_equal(const struct field *f, const void *reca, const void *recb)
{
	const void		*a = field_ptr(f, reca);
	const void		*b = field_ptr(f, recb);
	const struct walltime	*ta, *tb;
	const struct strlist	*sa, *sb;
	const struct reclist	*la, *lb;
	const void		*ra, *rb;
	const char		*s, *t;
	uint32_t		 i;

	switch (f->type) {
	case FT_STR:
		s = *(char *const *)a;
		t = *(char *const *)b;
		return (strcmp(s != NULL ? s : "", t != NULL ? t : "") == 0);
	case FT_BOOL:
		return (!*(const int *)a == !*(const int *)b);
	case FT_TIME:
		ta = a;
		tb = b;
		return (ta->sec == tb->sec && ta->nsec == tb->nsec &&
		    ta->off == tb->off);
	case FT_STRS:
		sa = a;
		sb = b;
		if (sa->n != sb->n)
			return (0);
		for (i = 0; i < sa->n; i++)
			if (strcmp(sa->v[i], sb->v[i]) != 0)
				return (0);
		return (1);
	case FT_REC:
		ra = *(void *const *)a;
		rb = *(void *const *)b;
		if (ra == NULL || rb == NULL)
			return (ra == rb);
		return (record_equal(f->rec, ra, rb));
	case FT_RECS:
		la = a;
		lb = b;
		if (la->n != lb->n)
			return (0);
		for (i = 0; i < la->n; i++)
			if (!record_equal(f->rec, la->v[i], lb->v[i]))
				return (0);
		return (1);
	default:
		return (memcmp(a, b, field_size(f)) == 0);
	}
}

/* Commas part the entries; blanks around them and empty ones do not count. */
static int
parse_list(const char *text, struct strlist *l)
{
	char	*copy, *end, *p, *rest;
	int	 rv = 0;

	if ((copy = rest = strdup(text)) == NULL)
		return (-1);
	while (rv == 0 && (p = strsep(&rest, ",")) != NULL) {
		p += strspn(p, " \t");
		end = p + strlen(p);
		while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
			*--end = '\0';
		if (*p != '\0')
			rv = strlist_add(l, p);
	}
	free(copy);
	return (rv);
}

/* Plain decimal: no blanks, no plus, no leading zeros. */
static int
parse_uint(const char *text, uint64_t *n)
{
	if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0' ||
	    (text[0] == '0' && text[1] != '\0'))
		return (-1);
	errno = 0;
	*n = strtoull(text, NULL, 10);
	return (errno == 0 ? 0 : -1);
}

static int
parse_int(const char *text, int64_t *n)
{
	const char	*digits = text[0] == '-' ? text + 1 : text;

	if (digits[0] == '\0' ||
	    digits[strspn(digits, "0123456789")] != '\0' ||
	    (digits[0] == '0' && text[1] != '\0'))
		return (-1);
	errno = 0;
	*n = strtoll(text, NULL, 10);
	return (errno == 0 ? 0 : -1);
}

static int
parse_bool(const char *text, int *b)
{
	static const char *const	 words[] = {
		"false", "true", "no", "yes", "off", "on", "n", "y"
	};
	size_t				 i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0) {
			*b = i & 1;
			return (0);
		}
	return (-1);
}

static const char *
join(const struct strlist *l, char *buf, size_t size)
{
	uint32_t	 i;

	for (i = 0; i < l->n; i++) {
		if (i > 0)
			(void)strlcat(buf, ",", size);
		(void)strlcat(buf, l->v[i], size);
	}
	return (buf);
}
