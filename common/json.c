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

#include <yajl/yajl_parse.h>

#include "fmt.h"
#include "json.h"
#include "monotime.h"

enum json_type {
	J_NULL,
	J_BOOL,
	J_NUMBER,
	J_STRING,
	J_ARRAY,
	J_OBJECT
};

enum frame_kind {
	FR_REC,		/* the members of a record */
	FR_RECS,
	FR_STRS,
	FR_KEPT,	/* a container within a kept member */
	FR_SKIP		/* one within an ignored member */
};

/* An object or array that is open. */
struct frame {
	enum frame_kind		 kind;
	const struct record	*rec;
	const struct field	*field;	/* the record's present, the list's */
	void			*ptr;	/* the record or list */
	uint64_t		 seen;	/* fields, by number: 64 at most */
	struct xnode		**head;	/* what is kept goes here */
	struct xnode		**tail;
	char			*key;	/* of a kept member to come */
};

struct parser {
	const struct record	*rec;
	void			*ptr;
	struct verr		*verr;
	struct frame		 stack[JSON_DEPTH_MAX];
	unsigned int		 depth;
	unsigned int		 base;	/* depth of the outermost that keeps */
	unsigned int		 nkept;
	size_t			 nknown;
	int			 failed;	/* verr is filled */
};

static int	 json_null_cb(void *);
static int	 json_bool_cb(void *, int);
static int	 json_number_cb(void *, const char *, size_t);
static int	 json_string_cb(void *, const unsigned char *, size_t);
static int	 json_start_map_cb(void *);
static int	 json_map_key_cb(void *, const unsigned char *, size_t);
static int	 json_start_array_cb(void *);
static int	 json_end_cb(void *);

static int	 parser_fail(struct parser *, const char *);
static int	 parser_scalar(struct parser *, enum json_type, const char *,
		    size_t);
static int	 parser_container(struct parser *, enum json_type);
static struct frame
		*parser_push(struct parser *, enum frame_kind);
static int	 parser_open_record(struct parser *, const struct record *,
		    void *);
static int	 parser_open_list(struct parser *, const struct field *,
		    void *);
static int	 parser_list_room(struct parser *, struct frame *);
static int	 parser_value(struct parser *, const struct field *, void *,
		    enum json_type, const char *, size_t);
static int	 parser_integer(struct parser *, const struct field *, void *,
		    const char *, size_t);
static struct xnode
		*parser_keep(struct parser *, enum json_type, const char *,
		    size_t);
static int	 parser_keep_open(struct parser *, enum json_type);
static int	 parser_add_record(struct parser *, struct frame *, void **);
static int	 parser_run(struct parser *, const char *, size_t);

static int	 member_fold(const char *, const char *, size_t);
static char	*text_dup(const char *, size_t);
static int	 text_isgood(const char *, size_t);
static size_t	 text_repair(const char *, size_t, char *);
static int	 text_hex4(const char *, size_t, unsigned int *);

static const yajl_callbacks callbacks = {
	json_null_cb,
	json_bool_cb,
	NULL,			/* numbers come as text */
	NULL,
	json_number_cb,
	json_string_cb,
	json_start_map_cb,
	json_map_key_cb,
	json_end_cb,
	json_start_array_cb,
	json_end_cb
};

static const struct {
	enum json_type	 type;
	const char	*must;
} wanted[] = {
	[FT_STR] =	{ J_STRING,	"must be a string" },
	[FT_UINT] =	{ J_NUMBER,	"must be a whole number" },
	[FT_INT] =	{ J_NUMBER,	"must be a whole number" },
	[FT_BOOL] =	{ J_BOOL,	"must be true or false" },
	[FT_DUR] =	{ J_NUMBER,	"must be a whole number" },
	[FT_TIME] =	{ J_STRING,	"must be a time as a string" },
	[FT_STRS] =	{ J_ARRAY,	"must be an array" },
	[FT_REC] =	{ J_OBJECT,	"must be an object" },
	[FT_RECS] =	{ J_ARRAY,	"must be an array" },
};

int
json_parse(const struct record *rec, void *ptr, const char *buf, size_t len,
    struct verr *verr)
{
	size_t	 n;

	return (json_parse_count(rec, ptr, buf, len, &n, verr));
}

int
json_parse_count(const struct record *rec, void *ptr, const char *buf,
    size_t len, size_t *count, struct verr *verr)
{
	struct parser	 p;
	char		*fixed = NULL;
	int		 rv;

	memset(verr, 0, sizeof(*verr));
	memset(&p, 0, sizeof(p));
	p.rec = rec;
	p.ptr = ptr;
	p.verr = verr;
	*count = 0;
	if (!text_isgood(buf, len)) {
		if ((fixed = malloc(text_repair(buf, len, NULL))) == NULL)
			return (verr_set(verr, "", "out of memory"));
		len = text_repair(buf, len, fixed);
		buf = fixed;
	}
	rv = parser_run(&p, buf, len);
	if (fixed != NULL)
		freezero(fixed, len);
	for (; p.depth > 0; p.depth--)
		free(p.stack[p.depth - 1].key);
	if (rv == -1)
		record_clear(rec, ptr);
	*count = p.nknown;
	return (rv);
}

static int
parser_run(struct parser *p, const char *buf, size_t len)
{
	yajl_handle	 yajl;
	yajl_status	 st;
	unsigned char	*why;
	int		 whole = 0;

	if ((yajl = yajl_alloc(&callbacks, NULL, p)) == NULL)
		return (verr_set(p->verr, "", "out of memory"));
	yajl_config(yajl, yajl_dont_validate_strings, 1);
	st = yajl_parse(yajl, (const unsigned char *)buf, len);
	if (st == yajl_status_ok) {
		whole = 1;
		st = yajl_complete_parse(yajl);
	}
	if (st != yajl_status_ok && !p->failed && whole) {
		/* Where it ends says nothing, and peers know this text. */
		verr_set(p->verr, "", "unexpected end of JSON input");
		p->failed = 1;
	} else if (st != yajl_status_ok && !p->failed) {
		why = yajl_get_error(yajl, 0, NULL, 0);
		if (why != NULL) {
			why[strcspn((char *)why, "\n")] = '\0';
			parser_fail(p, (char *)why);
			yajl_free_error(yajl, why);
		} else
			parser_fail(p, "not valid JSON");
	}
	yajl_free(yajl);
	return (p->failed ? -1 : 0);
}

/* The error with the path to where the parser stands; returns 0 for yajl. */
static int
parser_fail(struct parser *p, const char *msg)
{
	char		 path[sizeof(p->verr->path)], part[96];
	const char	*name;
	struct frame	*f;
	unsigned int	 i;

	path[0] = '\0';
	for (i = 0; i < p->depth; i++) {
		f = &p->stack[i];
		part[0] = '\0';
		if (f->kind == FR_RECS)
			snprintf(part, sizeof(part), "[%u]",
			    ((struct reclist *)f->ptr)->n - (i + 1 < p->depth));
		else if (f->kind == FR_STRS)
			snprintf(part, sizeof(part), "[%u]",
			    ((struct strlist *)f->ptr)->n);
		else if (f->kind == FR_REC || f->kind == FR_KEPT) {
			name = f->field != NULL ? f->field->json : f->key;
			if (name != NULL)
				snprintf(part, sizeof(part), "%s%s",
				    path[0] != '\0' ? "." : "", name);
		}
		strlcat(path, part, sizeof(path));
	}
	verr_set(p->verr, path, "%s", msg);
	p->failed = 1;
	return (0);
}

static int
json_null_cb(void *arg)
{
	return (parser_scalar(arg, J_NULL, "null", 4));
}

static int
json_bool_cb(void *arg, int on)
{
	return (parser_scalar(arg, J_BOOL, on ? "true" : "false", on ? 4 : 5));
}

static int
json_number_cb(void *arg, const char *s, size_t len)
{
	return (parser_scalar(arg, J_NUMBER, s, len));
}

static int
json_string_cb(void *arg, const unsigned char *s, size_t len)
{
	return (parser_scalar(arg, J_STRING, (const char *)s, len));
}

static int
json_start_map_cb(void *arg)
{
	return (parser_container(arg, J_OBJECT));
}

static int
json_start_array_cb(void *arg)
{
	return (parser_container(arg, J_ARRAY));
}

static int
json_map_key_cb(void *arg, const unsigned char *s, size_t len)
{
	struct parser		*p = arg;
	struct frame		*f = &p->stack[p->depth - 1];
	const struct xnode	*x;
	const char		*key = (const char *)s;
	uint64_t		 bit;

	if (f->kind == FR_SKIP)
		return (1);
	f->field = NULL;
	free(f->key);
	f->key = NULL;
	if (f->kind == FR_REC &&
	    (f->field = json_member(f->rec, key, len)) != NULL) {
		bit = 1ULL << (f->field - f->rec->fields);
		if (f->seen & bit)
			return (parser_fail(p, "given twice"));
		f->seen |= bit;
		p->nknown++;
		return (1);
	}
	if (f->head == NULL)
		return (1);
	if (memchr(key, '\0', len) != NULL)
		return (parser_fail(p, "a member's name holds a NUL"));
	if ((f->key = text_dup(key, len)) == NULL)
		return (parser_fail(p, "out of memory"));
	/* A file would hold both under the same name. */
	if (f->kind == FR_REC && record_field(f->rec, f->key) != NULL) {
		free(f->key);
		f->key = NULL;
		return (1);
	}
	for (x = *f->head; x != NULL; x = x->next)
		if (strcmp(x->key, f->key) == 0)
			return (parser_fail(p, "given twice"));
	return (1);
}

static int
json_end_cb(void *arg)
{
	struct parser	*p = arg;
	struct frame	*f = &p->stack[--p->depth];

	free(f->key);
	f->key = NULL;
	if (p->depth < p->base)
		p->base = 0;
	return (1);
}

static int
parser_scalar(struct parser *p, enum json_type type, const char *s, size_t len)
{
	struct frame	*f;
	char		*text;
	void		*new;
	int		 rv;

	if (p->depth == 0) {
		if (type == J_NULL)
			return (1);
		return (parser_fail(p, wanted[FT_REC].must));
	}
	f = &p->stack[p->depth - 1];
	switch (f->kind) {
	case FR_SKIP:
		return (1);
	case FR_KEPT:
		return (parser_keep(p, type, s, len) != NULL);
	case FR_RECS:
		if (type != J_NULL)
			return (parser_fail(p, wanted[FT_REC].must));
		return (parser_add_record(p, f, &new));
	case FR_STRS:
		if (!parser_list_room(p, f))
			return (0);
		if (type != J_NULL && type != J_STRING)
			return (parser_fail(p, wanted[FT_STR].must));
		if (type == J_NULL)
			len = 0;
		if (memchr(s, '\0', len) != NULL)
			return (parser_fail(p, "must not hold a NUL"));
		if ((text = text_dup(s, len)) == NULL)
			return (parser_fail(p, "out of memory"));
		rv = strlist_add(f->ptr, text);
		freezero(text, len + 1);
		return (rv == 0 || parser_fail(p, "out of memory"));
	case FR_REC:
		break;
	}
	if (f->field != NULL)
		return (parser_value(p, f->field, f->ptr, type, s, len));
	return (f->key == NULL || parser_keep(p, type, s, len) != NULL);
}

static int
parser_container(struct parser *p, enum json_type type)
{
	const struct field	*fld;
	struct frame		*f;
	void			*new;

	if (p->depth == JSON_DEPTH_MAX)
		return (parser_fail(p, "nested too deep"));
	if (p->depth == 0) {
		if (type != J_OBJECT)
			return (parser_fail(p, wanted[FT_REC].must));
		return (parser_open_record(p, p->rec, p->ptr));
	}
	f = &p->stack[p->depth - 1];
	switch (f->kind) {
	case FR_SKIP:
		return (parser_push(p, FR_SKIP) != NULL);
	case FR_KEPT:
		return (parser_keep_open(p, type));
	case FR_STRS:
		return (parser_fail(p, wanted[FT_STR].must));
	case FR_RECS:
		if (type != J_OBJECT)
			return (parser_fail(p, wanted[FT_REC].must));
		return (parser_add_record(p, f, &new) &&
		    parser_open_record(p, f->field->rec, new));
	case FR_REC:
		break;
	}
	if ((fld = f->field) == NULL) {
		if (f->key == NULL)
			return (parser_push(p, FR_SKIP) != NULL);
		return (parser_keep_open(p, type));
	}
	if (type != wanted[fld->type].type)
		return (parser_fail(p, wanted[fld->type].must));
	if (type == J_ARRAY)
		return (parser_open_list(p, fld, field_ptr(fld, f->ptr)));
	if ((new = record_new(fld->rec)) == NULL)
		return (parser_fail(p, "out of memory"));
	*(void **)field_ptr(fld, f->ptr) = new;
	return (parser_open_record(p, fld->rec, new));
}

static struct frame *
parser_push(struct parser *p, enum frame_kind kind)
{
	struct frame	*f = &p->stack[p->depth++];

	memset(f, 0, sizeof(*f));
	f->kind = kind;
	return (f);
}

static int
parser_open_record(struct parser *p, const struct record *rec, void *ptr)
{
	struct frame	*f;

	f = parser_push(p, FR_REC);
	f->rec = rec;
	f->ptr = ptr;
	if (rec->extra != RECORD_NOEXTRA) {
		f->head = (struct xnode **)((char *)ptr + rec->extra);
		f->tail = f->head;
		if (p->base == 0)
			p->base = p->depth;
	}
	return (1);
}

static int
parser_open_list(struct parser *p, const struct field *fld, void *list)
{
	struct frame	*f;

	f = parser_push(p, fld->type == FT_STRS ? FR_STRS : FR_RECS);
	f->field = fld;
	f->ptr = list;
	return (1);
}

/* Memory must be bounded before validation sees the list. */
static int
parser_list_room(struct parser *p, struct frame *f)
{
	char		 msg[64];
	uint32_t	 n;

	n = f->kind == FR_STRS ? ((struct strlist *)f->ptr)->n :
	    ((struct reclist *)f->ptr)->n;
	if (f->field->max <= 0 || n < f->field->max)
		return (1);
	snprintf(msg, sizeof(msg), "more than %lld entries",
	    (long long)f->field->max);
	return (parser_fail(p, msg));
}

static int
parser_add_record(struct parser *p, struct frame *f, void **new)
{
	if (!parser_list_room(p, f))
		return (0);
	if ((*new = record_new(f->field->rec)) == NULL)
		return (parser_fail(p, "out of memory"));
	if (reclist_add(f->ptr, *new) == -1) {
		record_free(f->field->rec, *new);
		return (parser_fail(p, "out of memory"));
	}
	return (1);
}

static int
parser_value(struct parser *p, const struct field *fld, void *rec,
    enum json_type type, const char *s, size_t len)
{
	char	 buf[WALL_STRLEN];
	void	*ptr = field_ptr(fld, rec);

	if (type == J_NULL)
		return (1);
	if (type != wanted[fld->type].type)
		return (parser_fail(p, wanted[fld->type].must));
	if (type == J_NUMBER)
		return (parser_integer(p, fld, ptr, s, len));
	if (type == J_BOOL) {
		*(int *)ptr = s[0] == 't';
		return (1);
	}
	if (memchr(s, '\0', len) != NULL)
		return (parser_fail(p, "must not hold a NUL"));
	if (fld->type == FT_TIME) {
		if (len >= sizeof(buf))
			return (parser_fail(p, "not an RFC 3339 time"));
		memcpy(buf, s, len);
		buf[len] = '\0';
		if (wall_parse(buf, ptr) == -1)
			return (parser_fail(p, "not an RFC 3339 time"));
		return (1);
	}
	/* NULL is the one form of the empty string. */
	if (len > 0 && (*(char **)ptr = text_dup(s, len)) == NULL)
		return (parser_fail(p, "out of memory"));
	return (1);
}

/* Digits with a sign and nothing else; 1.0 and 1e3 are no integers here. */
static int
parser_integer(struct parser *p, const struct field *fld, void *ptr,
    const char *s, size_t len)
{
	uint64_t	 max, v = 0;
	size_t		 i;
	int		 neg;

	neg = s[0] == '-';
	if (fld->type == FT_UINT && neg)
		return (parser_fail(p, "must not be negative"));
	max = fld->type == FT_UINT ? UINT64_MAX : (uint64_t)INT64_MAX + neg;
	for (i = neg; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (parser_fail(p, wanted[fld->type].must));
		if (v > (max - (s[i] - '0')) / 10)
			return (parser_fail(p, "number too large"));
		v = v * 10 + (s[i] - '0');
	}
	if (fld->type == FT_UINT)
		*(uint64_t *)ptr = v;
	else if (neg)
		*(int64_t *)ptr = v == 0 ? 0 : -(int64_t)(v - 1) - 1;
	else
		*(int64_t *)ptr = (int64_t)v;
	return (1);
}

static struct xnode *
parser_keep(struct parser *p, enum json_type type, const char *s, size_t len)
{
	struct frame	*f = &p->stack[p->depth - 1];
	struct xnode	*x;
	enum xkind	 kind;
	char		*text = NULL;

	if (++p->nkept > XNODE_COUNT_MAX) {
		parser_fail(p, "too many unknown members");
		return (NULL);
	}
	kind = type == J_OBJECT ? XK_MAP : type == J_ARRAY ? XK_SEQ :
	    type == J_STRING ? XK_STRING : XK_PLAIN;
	if (s != NULL && memchr(s, '\0', len) != NULL) {
		parser_fail(p, "must not hold a NUL");
		return (NULL);
	}
	if ((s != NULL && (text = text_dup(s, len)) == NULL) ||
	    (x = xnode_new(kind, f->key, text)) == NULL) {
		free(text);
		parser_fail(p, "out of memory");
		return (NULL);
	}
	free(text);
	*f->tail = x;
	f->tail = &x->next;
	return (x);
}

/* What is kept has to fit into the file with all that is around it. */
static int
parser_keep_open(struct parser *p, enum json_type type)
{
	struct xnode	*x;
	struct frame	*f;

	if (p->depth + 1 - (p->base - 1) > XNODE_DEPTH_MAX)
		return (parser_fail(p, "nested too deep"));
	if ((x = parser_keep(p, type, NULL, 0)) == NULL)
		return (0);
	f = parser_push(p, FR_KEPT);
	f->head = &x->child;
	f->tail = f->head;
	return (1);
}

const struct field *
json_member(const struct record *rec, const char *key, size_t len)
{
	const struct field	*f, *found = NULL;
	size_t			 i;

	for (i = 0; i < rec->nfields; i++) {
		f = &rec->fields[i];
		if (f->json == NULL || strlen(f->json) != len)
			continue;
		if (memcmp(f->json, key, len) == 0)
			return (f);
		if (found == NULL && member_fold(f->json, key, len))
			found = f;
	}
	return (found);
}

/* ASCII alone, whatever the locale. */
static int
member_fold(const char *a, const char *b, size_t len)
{
	size_t	 i;
	int	 x, y;

	for (i = 0; i < len; i++) {
		x = a[i] >= 'A' && a[i] <= 'Z' ? a[i] + 32 : a[i];
		y = b[i] >= 'A' && b[i] <= 'Z' ? b[i] + 32 : b[i];
		if (x != y)
			return (0);
	}
	return (1);
}

static char *
text_dup(const char *s, size_t len)
{
	char	*copy;

	if ((copy = malloc(len + 1)) != NULL) {
		memcpy(copy, s, len);
		copy[len] = '\0';
	}
	return (copy);
}

static int
text_isgood(const char *s, size_t len)
{
	return (memmem(s, len, "\\ud", 3) == NULL &&
	    memmem(s, len, "\\uD", 3) == NULL && fmt_isutf8(s, len));
}

/*
 * Invalid UTF-8 and lone surrogates become U+FFFD, one per byte or escape, as
 * peers read them.  This is done before the parser, whose own decoding of a
 * lone surrogate takes the character behind it along.  Returns the length;
 * with out NULL nothing is written.
 */
static size_t
text_repair(const char *s, size_t len, char *out)
{
	const char	*from;
	unsigned int	 hi, lo;
	size_t		 i, n, fromlen, total = 0;

	for (i = 0; i < len; i += n) {
		from = s + i;
		if ((n = json_charlen(from, len - i)) == 0) {
			n = 1;
			from = "\xef\xbf\xbd";
			fromlen = 3;
		} else if (text_hex4(from, len - i, &hi)) {
			n = 6;
			if (hi >= 0xd800 && hi < 0xdc00 &&
			    text_hex4(from + 6, len - i - 6, &lo) &&
			    lo >= 0xdc00 && lo < 0xe000)
				n = 12;
			else if (hi >= 0xd800 && hi < 0xe000)
				from = "\\ufffd";
			fromlen = n;
		} else {
			if (from[0] == '\\' && len - i > 1 && from[1] == '\\')
				n = 2;
			fromlen = n;
		}
		if (out != NULL)
			memcpy(out + total, from, fromlen);
		total += fromlen;
	}
	return (total);
}

static int
text_hex4(const char *s, size_t len, unsigned int *v)
{
	int	 i, c;

	if (len < 6 || s[0] != '\\' || s[1] != 'u')
		return (0);
	for (*v = 0, i = 2; i < 6; i++) {
		c = (unsigned char)s[i];
		if (c >= '0' && c <= '9')
			c -= '0';
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			c = (c | 32) - 'a' + 10;
		else
			return (0);
		*v = *v << 4 | c;
	}
	return (1);
}

size_t
json_charlen(const char *s, size_t len)
{
	unsigned char	 c = s[0];
	size_t		 n;

	n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	return (n <= len && fmt_isutf8(s, n) ? n : 0);
}
