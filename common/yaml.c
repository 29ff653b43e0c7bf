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


#include <sys/stat.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <yaml.h>

#include "schema.h"
#include "yaml.h"

#define READ_MIN	4096
#define FIXES_MAX	64	/* block scalars, see fix_indent() */

struct parser {
	yaml_parser_t	 y;
	struct verr	*ve;
	const char	*buf;
	unsigned int	 depth;
	unsigned int	 xnodes;	/* kept so far */
};

static int	 parse_buffer(const struct record *, void *, const char *,
		    size_t, char **, struct verr *);
static char	*fix_indent(const yaml_parser_t *, const char *, size_t);
static int	 parser_open(struct parser *, const char *, size_t,
		    struct verr *);
static int	 parse_document(struct parser *, const struct record *, void *);
static int	 parse_record(struct parser *, const struct record *, void *,
		    yaml_event_t *);
static int	 parse_member(struct parser *, const struct record *, void *,
		    const yaml_event_t *, uint64_t *);
static int	 parse_field(struct parser *, const struct field *, void *,
		    yaml_event_t *);
static int	 parse_scalar(struct parser *, const struct field *, void *,
		    const yaml_event_t *);
static int	 parse_strings(struct parser *, const struct field *,
		    struct strlist *);
static int	 parse_records(struct parser *, const struct field *,
		    struct reclist *);
static int	 parse_kept(struct parser *, struct xnode **, const char *,
		    yaml_event_t *);
static int	 parse_kept_map(struct parser *, struct xnode *);
static int	 parse_kept_seq(struct parser *, struct xnode *);
static int	 check_present(struct parser *, const struct record *,
		    uint64_t);
static const struct field
		*find_field(const struct record *, const char *, uint64_t);
static struct xnode
		**find_kept(struct xnode **, const char *);
static int	 is_null(const yaml_event_t *);
static int	 next(struct parser *, yaml_event_t *);
static int	 next_key(struct parser *, yaml_event_t *);
static int	 skip(struct parser *, const yaml_event_t *);
static int	 syntax_error(struct parser *);
static int	 fail(struct parser *, const yaml_mark_t *, const char *, ...)
		    __attribute__((__format__(printf, 3, 4)));
static void	 place(struct verr *, const char *, size_t);
static void	 locate(const char *, size_t, struct verr *);
static int	 locate_member(struct parser *, const char **);
static int	 locate_entry(struct parser *, const char **);

int
yaml_parse(const struct record *rec, void *rp, const char *file,
    const char *buf, size_t len, struct verr *ve)
{
	static const char	 bom[] = "\xef\xbb\xbf";
	char			*copy = NULL, *fixed = NULL;
	int			 i, rv;

	/* libyaml would count a byte order mark as indentation. */
	if (len >= sizeof(bom) - 1 && memcmp(buf, bom, sizeof(bom) - 1) == 0) {
		buf += sizeof(bom) - 1;
		len -= sizeof(bom) - 1;
	}
	rv = parse_buffer(rec, rp, buf, len, &fixed, ve);
	for (i = 0; fixed != NULL && i < FIXES_MAX; i++) {
		freezero(copy, len);
		copy = fixed;
		fixed = NULL;
		rv = parse_buffer(rec, rp, copy, ++len, &fixed, ve);
	}
	freezero(fixed, len + 1);
	freezero(copy, len);
	if (rv == -1)
		(void)strlcpy(ve->file, file, sizeof(ve->file));
	return (rv);
}

int
yaml_read(const struct record *rec, void *rp, const char *file, int fd,
    struct verr *ve)
{
	struct stat	 st;
	char		*buf = NULL, *new;
	size_t		 cap = 0, len = 0, want = READ_MIN;
	ssize_t		 n;
	int		 rv = -1;

	/* One more than there is, to see the end without another turn. */
	if (fstat(fd, &st) == 0 && st.st_size >= READ_MIN)
		want = st.st_size < YAML_FILE_MAX ? (size_t)st.st_size + 1 :
		    YAML_FILE_MAX + 1;
	for (;;) {
		if (len == cap && cap <= YAML_FILE_MAX) {
			if ((new = recallocarray(buf, cap, want, 1)) == NULL)
				break;
			buf = new;
			cap = want;
			want = cap * 2 <= YAML_FILE_MAX ? cap * 2 :
			    YAML_FILE_MAX + 1;
		}
		if ((n = read(fd, buf + len, cap - len)) == -1 &&
		    errno == EINTR)
			continue;
		if (n == -1)
			break;
		len += (size_t)n;
		if (n == 0 || len > YAML_FILE_MAX) {
			rv = 0;
			break;
		}
	}
	if (rv == -1) {
		verr_set(ve, "", "%s", strerror(errno));
		(void)strlcpy(ve->file, file, sizeof(ve->file));
	} else if (len > YAML_FILE_MAX) {
		rv = verr_set(ve, "", "must not be larger than %d bytes",
		    YAML_FILE_MAX);
		place(ve, buf, YAML_FILE_MAX);
		(void)strlcpy(ve->file, file, sizeof(ve->file));
	} else
		rv = yaml_parse(rec, rp, file, buf, len, ve);
	freezero(buf, cap);
	return (rv);
}

/* With one byte more in *fixed if that is all it wants. */
static int
parse_buffer(const struct record *rec, void *rp, const char *buf, size_t len,
    char **fixed, struct verr *ve)
{
	struct parser	 p;
	int		 rv;

	if (parser_open(&p, buf, len, ve) == -1)
		return (verr_set(ve, "", "out of memory"));
	if ((rv = parse_document(&p, rec, rp)) == -1)
		*fixed = fix_indent(&p.y, buf, len);
	yaml_parser_delete(&p.y);
	/* What its members say is looked at when all are there. */
	if (rv == 0 && (rv = record_validate(rec, rp, "", ve)) == -1)
		locate(buf, len, ve);
	if (rv == -1)
		record_clear(rec, rp);
	return (rv);
}

/*
 * QUptime writes a block scalar that starts with a tab, which libyaml takes
 * for a bad indentation unless it is told where the text begins.  A copy with
 * that number behind the "|", or NULL.
 */
static char *
fix_indent(const yaml_parser_t *y, const char *buf, size_t len)
{
	char	*copy;
	size_t	 chars, i, n;

	if (y->error != YAML_SCANNER_ERROR || y->context == NULL ||
	    strcmp(y->context, "while scanning a block scalar") != 0 ||
	    strncmp(y->problem, "found a tab character", 21) != 0)
		return (NULL);
	n = y->problem_mark.column - (y->indent > 0 ? (size_t)y->indent : 0);
	if (n < 1 || n > 9 || (copy = malloc(len + 1)) == NULL)
		return (NULL);
	/* libyaml counts characters. */
	chars = y->context_mark.index + 1;
	for (i = 0; i < len; i++)
		if ((buf[i] & 0xc0) != 0x80 && chars-- == 0)
			break;
	memcpy(copy, buf, i);
	copy[i] = (char)('0' + n);
	memcpy(copy + i + 1, buf + i, len - i);
	return (copy);
}

static int
parser_open(struct parser *p, const char *buf, size_t len, struct verr *ve)
{
	memset(p, 0, sizeof(*p));
	p->ve = ve;
	p->buf = buf;
	if (!yaml_parser_initialize(&p->y))
		return (-1);
	yaml_parser_set_encoding(&p->y, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p->y, (const unsigned char *)buf, len);
	return (0);
}

static int
parse_document(struct parser *p, const struct record *rec, void *rp)
{
	yaml_event_t	 ev;
	int		 rv = -1;

	if (next(p, &ev) == -1)			/* start of the stream */
		return (-1);
	yaml_event_delete(&ev);
	if (next(p, &ev) == -1)
		return (-1);
	if (ev.type == YAML_STREAM_END_EVENT) {
		fail(p, &ev.start_mark, "the file is empty");
		goto done;
	}
	yaml_event_delete(&ev);
	if (next(p, &ev) == -1)
		return (-1);
	if (parse_record(p, rec, rp, &ev) == -1)
		goto done;
	yaml_event_delete(&ev);
	if (next(p, &ev) == -1)			/* end of the document */
		return (-1);
	yaml_event_delete(&ev);
	if (next(p, &ev) == -1)
		return (-1);
	if (ev.type != YAML_STREAM_END_EVENT)
		fail(p, &ev.start_mark, "must not have a second document");
	else
		rv = 0;
 done:
	yaml_event_delete(&ev);
	return (rv);
}

/* From the event that starts a node on; that event stays the caller's. */
static int
parse_record(struct parser *p, const struct record *rec, void *rp,
    yaml_event_t *start)
{
	yaml_event_t	 key;
	uint64_t	 seen = 0;
	int		 rv;

	if (start->type != YAML_MAPPING_START_EVENT)
		return (fail(p, &start->start_mark,
		    "must be a mapping of members"));
	while ((rv = next_key(p, &key)) == 1) {
		rv = parse_member(p, rec, rp, &key, &seen);
		yaml_event_delete(&key);
		if (rv == -1)
			return (-1);
	}
	if (rv == -1)
		return (-1);
	return (check_present(p, rec, seen));
}

static int
parse_member(struct parser *p, const struct record *rec, void *rp,
    const yaml_event_t *key, uint64_t *seen)
{
	const struct field	 *f;
	struct xnode		**extra, **x;
	yaml_event_t		  value;
	const char		 *name = (char *)key->data.scalar.value;
	uint64_t		  bit;
	int			  rv;

	f = find_field(rec, name, *seen);
	bit = f != NULL ? 1ULL << (f - rec->fields) : 0;
	extra = record_extra(rec, rp);
	x = extra != NULL ? find_kept(extra, name) : NULL;
	if (*seen & bit || (f == NULL && x != NULL && *x != NULL)) {
		fail(p, &key->start_mark, "stands here a second time");
		verr_prefix(p->ve, "%s", name);
		return (-1);
	}
	*seen |= bit;
	if (next(p, &value) == -1)
		return (-1);
	if (f != NULL)
		rv = parse_field(p, f, rp, &value);
	else if (x != NULL)
		rv = parse_kept(p, x, name, &value);
	else
		rv = skip(p, &value);
	yaml_event_delete(&value);
	if (rv == -1)
		verr_prefix(p->ve, "%s", name);
	return (rv);
}

static int
parse_field(struct parser *p, const struct field *f, void *rp,
    yaml_event_t *ev)
{
	void	**sub = field_ptr(f, rp);

	if (is_null(ev))
		return (0);
	switch (f->type) {
	case FT_REC:
		if ((*sub = record_new(f->rec)) == NULL)
			return (fail(p, &ev->start_mark, "out of memory"));
		return (parse_record(p, f->rec, *sub, ev));
	case FT_RECS:
	case FT_STRS:
		if (ev->type != YAML_SEQUENCE_START_EVENT)
			return (fail(p, &ev->start_mark,
			    "must be a sequence"));
		return (f->type == FT_RECS ?
		    parse_records(p, f, field_ptr(f, rp)) :
		    parse_strings(p, f, field_ptr(f, rp)));
	default:
		return (parse_scalar(p, f, rp, ev));
	}
}

static int
parse_scalar(struct parser *p, const struct field *f, void *rp,
    const yaml_event_t *ev)
{
	const char	*text = (char *)ev->data.scalar.value;
	int		 plain;

	if (ev->type != YAML_SCALAR_EVENT)
		return (fail(p, &ev->start_mark, "must be a single value"));
	plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (strlen(text) != ev->data.scalar.length)
		return (fail(p, &ev->start_mark, "must not contain NUL"));
	if (!plain && (f->type == FT_UINT || f->type == FT_INT ||
	    f->type == FT_BOOL))
		return (fail(p, &ev->start_mark, "must be a %s, not a string",
		    f->type == FT_BOOL ? "boolean" : "number"));
	if (plain && f->type == FT_DUR &&
	    text[strspn(text, "+-0123456789")] == '\0')
		return (fail(p, &ev->start_mark,
		    "must be a duration with a unit, such as 30s"));
	if (field_parse(f, rp, text, p->ve) == -1) {
		p->ve->path[0] = '\0';	/* parse_member() knows better */
		p->ve->line = (unsigned int)ev->start_mark.line + 1;
		p->ve->column = (unsigned int)ev->start_mark.column + 1;
		return (-1);
	}
	return (0);
}

static int
parse_strings(struct parser *p, const struct field *f, struct strlist *l)
{
	yaml_event_t	 ev;
	const char	*text;
	int		 rv = 0;

	for (; rv == 0; yaml_event_delete(&ev)) {
		if (next(p, &ev) == -1)
			return (-1);
		if (ev.type == YAML_SEQUENCE_END_EVENT)
			break;
		text = (char *)ev.data.scalar.value;
		if (ev.type != YAML_SCALAR_EVENT || is_null(&ev))
			rv = fail(p, &ev.start_mark, "must be a string");
		else if (strlen(text) != ev.data.scalar.length)
			rv = fail(p, &ev.start_mark, "must not contain NUL");
		else if (l->n == f->max)
			rv = fail(p, &ev.start_mark,
			    "must be one of at most %lld entries",
			    (long long)f->max);
		else if (strlist_add(l, text) == -1)
			rv = fail(p, &ev.start_mark, "out of memory");
		if (rv == -1)
			verr_prefix(p->ve, "[%u]", l->n);
	}
	if (rv == 0)
		yaml_event_delete(&ev);
	return (rv);
}

static int
parse_records(struct parser *p, const struct field *f, struct reclist *l)
{
	yaml_event_t	 ev;
	void		*rp;
	uint32_t	 i;
	int		 rv = 0;

	for (i = 0; rv == 0; i++) {
		if (next(p, &ev) == -1)
			return (-1);
		if (ev.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&ev);
			break;
		}
		if (l->n == f->max)
			rv = fail(p, &ev.start_mark,
			    "must be one of at most %lld entries",
			    (long long)f->max);
		else if ((rp = record_new(f->rec)) == NULL)
			rv = fail(p, &ev.start_mark, "out of memory");
		else if (reclist_add(l, rp) == -1) {
			record_free(f->rec, rp);
			rv = fail(p, &ev.start_mark, "out of memory");
		} else
			rv = parse_record(p, f->rec, rp, &ev);
		yaml_event_delete(&ev);
		if (rv == -1)
			verr_prefix(p->ve, "[%u]", i);
	}
	return (rv);
}

/*
 * A member that the table does not know.  Scalars keep what they are to JSON;
 * what only YAML takes for a number or a time is a string from then on.
 */
static int
parse_kept(struct parser *p, struct xnode **x, const char *key,
    yaml_event_t *ev)
{
	const char	*text = NULL;
	enum xkind	 kind;

	if (++p->xnodes > XNODE_COUNT_MAX)
		return (fail(p, &ev->start_mark, "must be one of at most %d "
		    "members that are not known", XNODE_COUNT_MAX));
	switch (ev->type) {
	case YAML_SEQUENCE_START_EVENT:
		kind = XK_SEQ;
		break;
	case YAML_MAPPING_START_EVENT:
		kind = XK_MAP;
		break;
	default:
		text = (char *)ev->data.scalar.value;
		if (strlen(text) != ev->data.scalar.length)
			return (fail(p, &ev->start_mark,
			    "must not contain NUL"));
		kind = XK_STRING;
		if (is_null(ev))
			text = "null";
		if (ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		    xnode_isplain(text))
			kind = XK_PLAIN;
		break;
	}
	if ((*x = xnode_new(kind, key, text)) == NULL)
		return (fail(p, &ev->start_mark, "out of memory"));
	if (text != NULL)
		return (0);
	return (kind == XK_MAP ? parse_kept_map(p, *x) : parse_kept_seq(p, *x));
}

static int
parse_kept_map(struct parser *p, struct xnode *x)
{
	struct xnode	**member;
	yaml_event_t	  key, ev;
	const char	 *name;
	int		  rv;

	while ((rv = next_key(p, &key)) == 1) {
		name = (char *)key.data.scalar.value;
		member = find_kept(&x->child, name);
		if (*member != NULL)
			rv = fail(p, &key.start_mark,
			    "stands here a second time");
		else if ((rv = next(p, &ev)) == 0) {
			rv = parse_kept(p, member, name, &ev);
			yaml_event_delete(&ev);
		}
		if (rv == -1)
			verr_prefix(p->ve, "%s", name);
		yaml_event_delete(&key);
		if (rv == -1)
			break;
	}
	return (rv);
}

static int
parse_kept_seq(struct parser *p, struct xnode *x)
{
	struct xnode	**entry = &x->child;
	yaml_event_t	  ev;
	unsigned int	  i;
	int		  rv;

	for (i = 0; ; i++) {
		if (next(p, &ev) == -1)
			return (-1);
		if (ev.type == YAML_SEQUENCE_END_EVENT)
			break;
		rv = parse_kept(p, entry, NULL, &ev);
		yaml_event_delete(&ev);
		if (rv == -1) {
			verr_prefix(p->ve, "[%u]", i);
			return (-1);
		}
		entry = &(*entry)->next;
	}
	yaml_event_delete(&ev);
	return (0);
}

/* What is missing is missed at the end. */
static int
check_present(struct parser *p, const struct record *rec, uint64_t seen)
{
	const struct field	*f;
	size_t			 i;

	for (i = 0; i < rec->nfields; i++)
		if (rec->fields[i].flags & F_STAMP && !(seen & 1ULL << i))
			return (0);
	for (i = 0; i < rec->nfields; i++) {
		f = &rec->fields[i];
		if (!(f->flags & F_PRESENT) || seen & 1ULL << i)
			continue;
		fail(p, &p->y.mark, "is missing: write \"%s: []\" if there "
		    "are none, or has the file lost its end?", f->yaml);
		verr_prefix(p->ve, "%s", f->yaml);
		return (-1);
	}
	return (0);
}

/* Members mostly stand in the table's order: the next one is tried first. */
static const struct field *
find_field(const struct record *rec, const char *name, uint64_t seen)
{
	const struct field	*f;
	size_t			 i, k, first = 0;

	while (first < rec->nfields && seen >> first != 0)
		first++;
	for (k = 0; k < rec->nfields; k++) {
		i = first + k < rec->nfields ? first + k :
		    first + k - rec->nfields;
		f = &rec->fields[i];
		if (f->yaml != NULL && strcmp(f->yaml, name) == 0)
			return (f);
	}
	return (NULL);
}

/* Where the member of that name hangs, or would. */
static struct xnode **
find_kept(struct xnode **x, const char *name)
{
	while (*x != NULL && strcmp((*x)->key, name) != 0)
		x = &(*x)->next;
	return (x);
}

static int
is_null(const yaml_event_t *ev)
{
	static const char *const	 words[] = {
		"", "~", "null", "Null", "NULL"
	};
	size_t				 i;

	if (ev->type != YAML_SCALAR_EVENT ||
	    ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return (0);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp((char *)ev->data.scalar.value, words[i]) == 0)
			return (1);
	return (0);
}

/* The next event, or -1 at one that has no place in these files. */
static int
next(struct parser *p, yaml_event_t *ev)
{
	const void	*anchor = NULL, *tag = NULL;
	const char	*fault = NULL;

	if (!yaml_parser_parse(&p->y, ev))
		return (syntax_error(p));
	switch (ev->type) {
	case YAML_ALIAS_EVENT:
		fault = "aliases are not supported";
		break;
	case YAML_SCALAR_EVENT:
		anchor = ev->data.scalar.anchor;
		tag = ev->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = ev->data.sequence_start.anchor;
		tag = ev->data.sequence_start.tag;
		p->depth++;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = ev->data.mapping_start.anchor;
		tag = ev->data.mapping_start.tag;
		p->depth++;
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		p->depth--;
		break;
	default:
		break;
	}
	if (anchor != NULL)
		fault = "anchors are not supported";
	else if (tag != NULL)
		fault = "tags are not supported";
	else if (p->depth > YAML_DEPTH_MAX)
		fault = "is nested too deep";
	if (fault == NULL)
		return (0);
	fail(p, &ev->start_mark, "%s", fault);
	yaml_event_delete(ev);
	return (-1);
}

/* 1 and the name of a member, 0 at the end of the mapping, or -1. */
static int
next_key(struct parser *p, yaml_event_t *ev)
{
	const char	*name;
	int		 rv;

	if (next(p, ev) == -1)
		return (-1);
	if (ev->type == YAML_MAPPING_END_EVENT) {
		yaml_event_delete(ev);
		return (0);
	}
	name = (char *)ev->data.scalar.value;
	if (ev->type != YAML_SCALAR_EVENT)
		rv = fail(p, &ev->start_mark,
		    "the name of a member must be a string");
	else if (ev->data.scalar.length == 0 ||
	    ev->data.scalar.length > XNODE_KEY_MAX ||
	    strlen(name) != ev->data.scalar.length)
		rv = fail(p, &ev->start_mark, "the name of a member must have "
		    "1 to %d bytes and no NUL", XNODE_KEY_MAX);
	else if (ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    strcmp(name, "<<") == 0)
		rv = fail(p, &ev->start_mark, "merge keys are not supported");
	else
		return (1);
	yaml_event_delete(ev);
	return (rv);
}

/* Over the rest of the node that starts with that event. */
static int
skip(struct parser *p, const yaml_event_t *start)
{
	yaml_event_t	 ev;
	unsigned int	 depth;

	if (start->type == YAML_SCALAR_EVENT)
		return (0);
	for (depth = p->depth; p->depth >= depth; yaml_event_delete(&ev))
		if (next(p, &ev) == -1)
			return (-1);
	return (0);
}

static int
syntax_error(struct parser *p)
{
	const yaml_parser_t	*y = &p->y;

	if (y->error == YAML_MEMORY_ERROR)
		return (verr_set(p->ve, "", "out of memory"));
	if (y->error == YAML_READER_ERROR) {
		verr_set(p->ve, "", "%s", y->problem);
		place(p->ve, p->buf, y->problem_offset);
		return (-1);
	}
	if (y->context == NULL)
		return (fail(p, &y->problem_mark, "%s", y->problem));
	return (fail(p, &y->problem_mark, "%s %s that starts in line %zu",
	    y->problem, y->context, y->context_mark.line + 1));
}

static int
fail(struct parser *p, const yaml_mark_t *mark, const char *fmt, ...)
{
	char	 msg[sizeof(p->ve->msg)];
	va_list	 ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	verr_set(p->ve, "", "%s", msg);
	p->ve->line = (unsigned int)mark->line + 1;
	p->ve->column = (unsigned int)mark->column + 1;
	return (-1);
}

/* Line and column of a byte; columns count characters, as libyaml's do. */
static void
place(struct verr *ve, const char *buf, size_t off)
{
	size_t	 i;

	ve->line = ve->column = 1;
	for (i = 0; i < off; i++)
		if (buf[i] == '\n') {
			ve->line++;
			ve->column = 1;
		} else if ((buf[i] & 0xc0) != 0x80)
			ve->column++;
}

/*
 * The place of what verr's path names, or of the last part of the way to it
 * that is there, in a document that was parsed before.
 */
static void
locate(const char *buf, size_t len, struct verr *ve)
{
	struct parser	 p;
	struct verr	 ignored;
	yaml_event_t	 ev;
	const char	*want = ve->path;
	int		 found = 1;

	if (parser_open(&p, buf, len, &ignored) == -1)
		return;
	while (found && next(&p, &ev) == 0) {
		if (ev.type != YAML_STREAM_START_EVENT &&
		    ev.type != YAML_DOCUMENT_START_EVENT) {
			ve->line = (unsigned int)ev.start_mark.line + 1;
			ve->column = (unsigned int)ev.start_mark.column + 1;
			if (ev.type == YAML_MAPPING_START_EVENT)
				found = locate_member(&p, &want);
			else if (ev.type == YAML_SEQUENCE_START_EVENT)
				found = locate_entry(&p, &want);
			else
				found = 0;
		}
		yaml_event_delete(&ev);
	}
	yaml_parser_delete(&p.y);
}

/* Goes to the value of the first name in the path, and takes it off. */
static int
locate_member(struct parser *p, const char **want)
{
	yaml_event_t	 key, ev;
	size_t		 len;
	int		 found = 0;

	while (!found && next_key(p, &key) == 1) {
		len = key.data.scalar.length;
		if (strncmp(*want, (char *)key.data.scalar.value, len) == 0 &&
		    strchr(".[", (*want)[len]) != NULL) {
			*want += len + ((*want)[len] == '.');
			found = 1;
		}
		yaml_event_delete(&key);
		if (found || next(p, &ev) == -1)
			break;
		(void)skip(p, &ev);
		yaml_event_delete(&ev);
	}
	return (found);
}

/* The same for an index in brackets. */
static int
locate_entry(struct parser *p, const char **want)
{
	yaml_event_t	 ev;
	unsigned long	 i;
	char		*end;
	int		 more;

	if (**want != '[')
		return (0);
	for (i = strtoul(*want + 1, &end, 10); i > 0; i--) {
		if (next(p, &ev) == -1)
			return (0);
		more = ev.type != YAML_SEQUENCE_END_EVENT;
		if (more)
			(void)skip(p, &ev);
		yaml_event_delete(&ev);
		if (!more)
			return (0);
	}
	*want = end + strspn(end, "].");
	return (1);
}
