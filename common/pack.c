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


#include <stdlib.h>
#include <string.h>

#include "imsg.h"
#include "monotime.h"
#include "pack.h"
#include "schema.h"

/*
 * A record is its fields that are not empty, in the table's order, each the
 * number of the field and its value; then the kept members, if any, behind
 * PACK_EXTRA; then PACK_END.  Numbers are in network order, strings have their
 * length in front and no NUL, lists their count.
 */
#define PACK_EXTRA	0xfe
#define PACK_END	0xff

#define STRING_MAX	(16 * 1024 * 1024)

/* Seconds from the first year to the years 0 and 10000. */
#define TIME_MIN	(-366 * 86400LL)
#define TIME_MAX	(3652059 * 86400LL)

static int	 pack_field(struct ibuf *, const struct field *, const void *);
static int	 pack_kept(struct ibuf *, const struct xnode *);
static int	 unpack(struct ibuf *, const struct record *, void *);
static int	 unpack_field(struct ibuf *, const struct field *, void *);
static int	 unpack_strings(struct ibuf *, const struct field *,
		    struct strlist *);
static int	 unpack_records(struct ibuf *, const struct field *,
		    struct reclist *);
static int	 unpack_kept(struct ibuf *, struct xnode **, int,
		    unsigned int, unsigned int *);
static struct xnode
		*unpack_node(struct ibuf *, int);
static int	 unpack_count(struct ibuf *, int64_t, uint32_t *);
static int	 time_isvalid(const struct walltime *);

int
pack_record(struct ibuf *buf, const struct record *rec, const void *rp)
{
	const struct field	 *f;
	struct xnode		**extra;
	size_t			  i;

	for (i = 0; i < rec->nfields; i++) {
		f = &rec->fields[i];
		if (field_isempty(f, rp))
			continue;
		if (ibuf_add_n8(buf, i) == -1 ||
		    pack_field(buf, f, field_ptr(f, rp)) == -1)
			return (-1);
	}
	extra = record_extra(rec, rp);
	if (extra != NULL && *extra != NULL &&
	    (ibuf_add_n8(buf, PACK_EXTRA) == -1 ||
	    pack_kept(buf, *extra) == -1))
		return (-1);
	return (ibuf_add_n8(buf, PACK_END));
}

int
unpack_record(struct ibuf *buf, const struct record *rec, void *rp)
{
	if (unpack(buf, rec, rp) == 0)
		return (0);
	record_clear(rec, rp);
	return (-1);
}

int
pack_string(struct ibuf *buf, const char *s)
{
	size_t	 len = s != NULL ? strlen(s) : 0;

	if (len > STRING_MAX || ibuf_add_n32(buf, len) == -1)
		return (-1);
	return (len > 0 ? ibuf_add(buf, s, len) : 0);
}

char *
unpack_string(struct ibuf *buf, size_t max)
{
	uint32_t	 len;

	if (ibuf_get_n32(buf, &len) == -1 || len > max ||
	    len > ibuf_size(buf) ||
	    memchr(ibuf_data(buf), '\0', len) != NULL)
		return (NULL);
	return (ibuf_get_string(buf, len));
}

static int
pack_field(struct ibuf *buf, const struct field *f, const void *p)
{
	const struct walltime	*t;
	const struct strlist	*strs;
	const struct reclist	*recs;
	uint32_t		 i;

	switch (f->type) {
	case FT_STR:
		return (pack_string(buf, *(char *const *)p));
	case FT_UINT:
	case FT_INT:
	case FT_DUR:
		return (ibuf_add_n64(buf, *(const uint64_t *)p));
	case FT_BOOL:
		return (0);	/* it is there: it is true */
	case FT_TIME:
		t = p;
		return (ibuf_add_n64(buf, (uint64_t)t->sec) == -1 ||
		    ibuf_add_n32(buf, (uint32_t)t->nsec) == -1 ||
		    ibuf_add_n32(buf, (uint32_t)t->off) == -1 ? -1 : 0);
	case FT_STRS:
		strs = p;
		if (ibuf_add_n32(buf, strs->n) == -1)
			return (-1);
		for (i = 0; i < strs->n; i++)
			if (pack_string(buf, strs->v[i]) == -1)
				return (-1);
		return (0);
	case FT_REC:
		return (pack_record(buf, f->rec, *(void *const *)p));
	case FT_RECS:
		recs = p;
		if (ibuf_add_n32(buf, recs->n) == -1)
			return (-1);
		for (i = 0; i < recs->n; i++)
			if (pack_record(buf, f->rec, recs->v[i]) == -1)
				return (-1);
		return (0);
	}
	return (-1);
}

/* All members of one record, mapping or sequence. */
static int
pack_kept(struct ibuf *buf, const struct xnode *x)
{
	const struct xnode	*n;
	uint32_t		 count = 0;

	for (n = x; n != NULL; n = n->next)
		count++;
	if (ibuf_add_n32(buf, count) == -1)
		return (-1);
	for (; x != NULL; x = x->next) {
		if (ibuf_add_n8(buf, x->kind) == -1 ||
		    (x->key != NULL && pack_string(buf, x->key) == -1))
			return (-1);
		if (x->kind == XK_PLAIN || x->kind == XK_STRING) {
			if (pack_string(buf, x->text) == -1)
				return (-1);
		} else if (pack_kept(buf, x->child) == -1)
			return (-1);
	}
	return (0);
}

static int
unpack(struct ibuf *buf, const struct record *rec, void *rp)
{
	struct xnode	**extra;
	unsigned int	  nodes = 0;
	uint8_t		  n;
	int		  last = -1;

	for (;;) {
		if (ibuf_get_n8(buf, &n) == -1 || (int)n <= last)
			return (-1);
		last = n;
		if (n == PACK_END)
			return (0);
		if (n == PACK_EXTRA) {
			extra = record_extra(rec, rp);
			if (extra == NULL ||
			    unpack_kept(buf, extra, 1, 1, &nodes) == -1)
				return (-1);
		} else if (n >= rec->nfields ||
		    unpack_field(buf, &rec->fields[n], rp) == -1)
			return (-1);
	}
}

static int
unpack_field(struct ibuf *buf, const struct field *f, void *rp)
{
	struct walltime	*t;
	void		*p = field_ptr(f, rp);
	uint64_t	 sec;
	uint32_t	 nsec, off;

	switch (f->type) {
	case FT_STR:
		*(char **)p = unpack_string(buf, STRING_MAX);
		return (*(char **)p == NULL ? -1 : 0);
	case FT_UINT:
	case FT_INT:
	case FT_DUR:
		return (ibuf_get_n64(buf, p));
	case FT_BOOL:
		*(int *)p = 1;
		return (0);
	case FT_TIME:
		t = p;
		if (ibuf_get_n64(buf, &sec) == -1 ||
		    ibuf_get_n32(buf, &nsec) == -1 ||
		    ibuf_get_n32(buf, &off) == -1)
			return (-1);
		t->sec = (int64_t)sec;
		t->nsec = (int32_t)nsec;
		t->off = (int32_t)off;
		return (time_isvalid(t) ? 0 : -1);
	case FT_STRS:
		return (unpack_strings(buf, f, p));
	case FT_REC:
		if ((*(void **)p = record_new(f->rec)) == NULL)
			return (-1);
		return (unpack(buf, f->rec, *(void **)p));
	case FT_RECS:
		return (unpack_records(buf, f, p));
	}
	return (-1);
}

static int
unpack_strings(struct ibuf *buf, const struct field *f, struct strlist *l)
{
	char		*s;
	uint32_t	 n;
	int		 rv;

	if (unpack_count(buf, f->max, &n) == -1)
		return (-1);
	while (n-- > 0) {
		if ((s = unpack_string(buf, STRING_MAX)) == NULL)
			return (-1);
		rv = strlist_add(l, s);
		free(s);
		if (rv == -1)
			return (-1);
	}
	return (0);
}

static int
unpack_records(struct ibuf *buf, const struct field *f, struct reclist *l)
{
	void		*rp;
	uint32_t	 n;

	if (unpack_count(buf, f->max, &n) == -1)
		return (-1);
	while (n-- > 0) {
		if ((rp = record_new(f->rec)) == NULL)
			return (-1);
		if (reclist_add(l, rp) == -1) {
			free(rp);
			return (-1);
		}
		if (unpack(buf, f->rec, rp) == -1)
			return (-1);
	}
	return (0);
}

static int
unpack_kept(struct ibuf *buf, struct xnode **x, int map, unsigned int depth,
    unsigned int *nodes)
{
	uint32_t	 n;

	if (unpack_count(buf, XNODE_COUNT_MAX, &n) == -1 ||
	    n > XNODE_COUNT_MAX - *nodes)
		return (-1);
	*nodes += n;
	for (; n > 0; n--, x = &(*x)->next) {
		if ((*x = unpack_node(buf, map)) == NULL)
			return (-1);
		if ((*x)->text == NULL && (depth > XNODE_DEPTH_MAX ||
		    unpack_kept(buf, &(*x)->child, (*x)->kind == XK_MAP,
		    depth + 1, nodes) == -1))
			return (-1);
	}
	return (0);
}

/* One kept member without what is below it. */
static struct xnode *
unpack_node(struct ibuf *buf, int map)
{
	struct xnode	*x;
	uint8_t		 kind;

	if (ibuf_get_n8(buf, &kind) == -1 || kind > XK_MAP ||
	    (x = xnode_new(kind, NULL, NULL)) == NULL)
		return (NULL);
	if (map && (x->key = unpack_string(buf, XNODE_KEY_MAX)) == NULL)
		goto fail;
	if (kind == XK_SEQ || kind == XK_MAP)
		return (x);
	if ((x->text = unpack_string(buf, STRING_MAX)) == NULL ||
	    (kind == XK_PLAIN && !xnode_isplain(x->text)))
		goto fail;
	return (x);

 fail:
	xnode_free(x);
	return (NULL);
}

/* Each takes a byte or more from the buffer, so that a lie costs no memory. */
static int
unpack_count(struct ibuf *buf, int64_t max, uint32_t *n)
{
	return (ibuf_get_n32(buf, n) == -1 || (max != 0 && *n > max) ? -1 : 0);
}

/* What wall_parse() could have made. */
static int
time_isvalid(const struct walltime *t)
{
	return (t->nsec >= 0 && t->nsec < 1000000000 &&
	    t->off > -86400 && t->off < 86400 &&
	    t->sec >= TIME_MIN - t->off && t->sec < TIME_MAX - t->off);
}
