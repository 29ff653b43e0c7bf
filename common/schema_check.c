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

#include "duration.h"
#include "fmt.h"
#include "schema.h"
#include "yaml.h"

struct occurrence {
	const char	*s;
	uint32_t	 i;
};

static int	 validate_record(const struct record *, const void *,
		    unsigned int *, struct verr *);
static int	 validate_kept(const struct record *, const void *,
		    unsigned int *, struct verr *);
static int	 kept_fits(const struct xnode *, unsigned int,
		    unsigned int *);
static int	 validate_below(const struct field *, const void *,
		    unsigned int *, struct verr *);
static int	 validate_unique(const struct field *, const struct field *,
		    const struct reclist *, struct verr *);
static int	 validate_string(const struct field *, const char *,
		    struct verr *);
static int	 validate_word(const struct field *, const char *,
		    struct verr *);
static int	 validate_list(const struct field *, const struct strlist *,
		    struct verr *);
static int	 validate_number(const struct field *, const void *,
		    struct verr *);
static int	 verr_bounds(const struct field *, struct verr *);
static const char
		*text_fault(const char *, int);
static int	 occurrence_cmp(const void *, const void *);

int
field_validate(const struct field *f, const void *rec, struct verr *ve)
{
	const void	*p = field_ptr(f, rec);

	if (field_isempty(f, rec)) {
		if (f->flags & F_REQUIRED)
			return (verr_set(ve, field_name(f),
			    "must not be empty"));
		if (f->flags & (F_ZERO | F_OMIT) || f->type == FT_STR)
			return (0);
	}
	switch (f->type) {
	case FT_STR:
		return (validate_string(f, *(char *const *)p, ve));
	case FT_UINT:
	case FT_INT:
	case FT_DUR:
		return (validate_number(f, p, ve));
	case FT_STRS:
		return (validate_list(f, p, ve));
	case FT_RECS:
		if (f->max != 0 && ((const struct reclist *)p)->n > f->max)
			return (verr_bounds(f, ve));
		return (0);
	default:
		return (0);
	}
}

int
record_validate(const struct record *rec, const void *p, const char *path,
    struct verr *ve)
{
	unsigned int	 kept = 0;

	if (validate_record(rec, p, &kept, ve) == 0)
		return (0);
	verr_prefix(ve, "%s", path);
	return (-1);
}

static int
validate_record(const struct record *rec, const void *p, unsigned int *kept,
    struct verr *ve)
{
	const struct field	*f;
	size_t			 i;

	for (i = 0; i < rec->nfields; i++) {
		f = &rec->fields[i];
		if (field_validate(f, p, ve) == -1 ||
		    validate_below(f, field_ptr(f, p), kept, ve) == -1)
			return (-1);
	}
	if (validate_kept(rec, p, kept, ve) == -1)
		return (-1);
	return (rec->check != NULL ? rec->check(p, ve) : 0);
}

/* What came by another way has to be fit for the file that it will stand in. */
static int
validate_kept(const struct record *rec, const void *p, unsigned int *kept,
    struct verr *ve)
{
	struct xnode	**extra = record_extra(rec, p);

	if (rec->level == 0 || extra == NULL || *extra == NULL)
		return (0);
	if (!kept_fits(*extra, rec->level, kept))
		return (verr_set(ve, "", "its unknown members are too many, "
		    "too deep, or have no fitting name"));
	return (0);
}

static int
kept_fits(const struct xnode *x, unsigned int depth, unsigned int *kept)
{
	size_t	 len;

	if (depth > YAML_DEPTH_MAX)
		return (0);
	for (; x != NULL; x = x->next) {
		len = x->key != NULL ? strlen(x->key) : 1;
		if (++*kept > XNODE_COUNT_MAX || len < 1 || len > XNODE_KEY_MAX)
			return (0);
		if ((x->kind == XK_SEQ || x->kind == XK_MAP) &&
		    !kept_fits(x->child, depth + 1, kept))
			return (0);
	}
	return (1);
}

static int
validate_below(const struct field *f, const void *p, unsigned int *kept,
    struct verr *ve)
{
	const struct reclist	*list = p;
	size_t			 i;

	if (f->type == FT_REC && *(void *const *)p != NULL &&
	    validate_record(f->rec, *(void *const *)p, kept, ve) == -1) {
		verr_prefix(ve, "%s", field_name(f));
		return (-1);
	}
	if (f->type != FT_RECS)
		return (0);
	for (i = 0; i < list->n; i++)
		if (validate_record(f->rec, list->v[i], kept, ve) == -1) {
			verr_prefix(ve, "%s[%zu]", field_name(f), i);
			return (-1);
		}
	for (i = 0; i < f->rec->nfields; i++)
		if (f->rec->fields[i].flags & F_UNIQUE &&
		    validate_unique(f, &f->rec->fields[i], list, ve) == -1)
			return (-1);
	return (0);
}

/* Sorted, so that equal values meet, and the first in the list is named. */
static int
validate_unique(const struct field *listf, const struct field *f,
    const struct reclist *list, struct verr *ve)
{
	struct occurrence	*v;
	const struct occurrence	*worst = NULL;
	uint32_t		 i, n = 0;

	if (list->n < 2)
		return (0);
	if ((v = reallocarray(NULL, list->n, sizeof(*v))) == NULL)
		return (verr_set(ve, field_name(listf), "out of memory"));
	for (i = 0; i < list->n; i++) {
		v[n].s = *(char **)field_ptr(f, list->v[i]);
		v[n].i = i;
		if (v[n].s != NULL)
			n++;
	}
	qsort(v, n, sizeof(*v), occurrence_cmp);
	for (i = 1; i < n; i++)
		if (strcmp(v[i].s, v[i - 1].s) == 0 &&
		    (worst == NULL || v[i].i < worst->i))
			worst = &v[i];
	if (worst != NULL) {
		verr_set(ve, field_name(f), "\"%s\" is taken by %s[%u]",
		    worst->s, field_name(listf), worst[-1].i);
		verr_prefix(ve, "%s[%u]", field_name(listf), worst->i);
	}
	free(v);
	return (worst != NULL ? -1 : 0);
}

static int
occurrence_cmp(const void *va, const void *vb)
{
	const struct occurrence	*a = va, *b = vb;
	int			 c;

	if ((c = strcmp(a->s, b->s)) != 0)
		return (c);
	return (a->i < b->i ? -1 : a->i > b->i);
}

static int
validate_string(const struct field *f, const char *s, struct verr *ve)
{
	const char	*fault;
	size_t		 len = strlen(s);

	if (f->max != 0 && (len < (size_t)f->min || len > (size_t)f->max))
		return (verr_bounds(f, ve));
	if ((fault = text_fault(s, f->flags & F_TEXT)) != NULL)
		return (verr_set(ve, field_name(f), "%s", fault));
	return (f->words != NULL ? validate_word(f, s, ve) : 0);
}

static int
validate_word(const struct field *f, const char *s, struct verr *ve)
{
	char	 list[128] = "";
	size_t	 i;

	for (i = 0; f->words[i] != NULL; i++) {
		if (strcmp(f->words[i], s) == 0)
			return (0);
		if (i > 0)
			(void)strlcat(list, f->words[i + 1] != NULL ? ", " :
			    " or ", sizeof(list));
		(void)strlcat(list, f->words[i], sizeof(list));
	}
	return (verr_set(ve, field_name(f), "must be %s, not \"%.64s\"", list,
	    s));
}

static int
validate_list(const struct field *f, const struct strlist *l, struct verr *ve)
{
	char		 name[64];
	const char	*fault;
	size_t		 len;
	uint32_t	 i;

	if (f->max != 0 && l->n > f->max)
		return (verr_bounds(f, ve));
	for (i = 0; i < l->n; i++) {
		len = strlen(l->v[i]);
		(void)snprintf(name, sizeof(name), "%s[%u]", field_name(f), i);
		if (len == 0 || len > LIST_ENTRY_MAX)
			return (verr_set(ve, name, "must have 1 to %d bytes",
			    LIST_ENTRY_MAX));
		if ((fault = text_fault(l->v[i], 0)) != NULL)
			return (verr_set(ve, name, "%s", fault));
	}
	return (0);
}

static int
validate_number(const struct field *f, const void *p, struct verr *ve)
{
	uint64_t	 u;
	int64_t		 n;

	if (f->min == 0 && f->max == 0)
		return (0);
	if (f->type == FT_UINT) {
		u = *(const uint64_t *)p;
		if (u >= (uint64_t)f->min && u <= (uint64_t)f->max)
			return (0);
	} else {
		n = *(const int64_t *)p;
		if (n >= f->min && n <= f->max)
			return (0);
	}
	return (verr_bounds(f, ve));
}

static int
verr_bounds(const struct field *f, struct verr *ve)
{
	char		 min[DURATION_STRLEN], max[DURATION_STRLEN];
	const char	*zero = f->flags & F_ZERO ? ", or 0 for the default" :
			    "";

	switch (f->type) {
	case FT_STR:
		return (verr_set(ve, field_name(f),
		    "must have %lld to %lld bytes", (long long)f->min,
		    (long long)f->max));
	case FT_STRS:
	case FT_RECS:
		return (verr_set(ve, field_name(f),
		    "must have at most %lld entries", (long long)f->max));
	case FT_DUR:
		return (verr_set(ve, field_name(f), "must be %s to %s%s",
		    duration_format(f->min, min, sizeof(min)),
		    duration_format(f->max, max, sizeof(max)),
		    f->flags & F_ZERO ? ", or 0s for the default" : ""));
	default:
		return (verr_set(ve, field_name(f), "must be %lld to %lld%s",
		    (long long)f->min, (long long)f->max, zero));
	}
}

/* What must not stand in a string, or NULL. */
static const char *
text_fault(const char *s, int text)
{
	const unsigned char	*p = (const unsigned char *)s;

	if (!fmt_isutf8(s, strlen(s)))
		return ("must be valid UTF-8");
	for (; *p != '\0'; p++) {
		if (text && (*p == '\n' || *p == '\r' || *p == '\t'))
			continue;
		if (*p < 0x20 || *p == 0x7f ||
		    (*p == 0xc2 && p[1] < 0xa0))
			return ("must not contain control characters");
	}
	return (NULL);
}
