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
#include <strings.h>

#include <yaml.h>

#include "duration.h"
#include "monotime.h"
#include "schema.h"
#include "yaml.h"

#define INDENT		4
#define OUT_MIN		4096

struct output {
	char	*buf;
	size_t	 len;
	size_t	 cap;
};

static int	 write_out(void *, unsigned char *, size_t);
static int	 emit_document(yaml_emitter_t *, const struct record *,
		    const void *);
static int	 emit_record(yaml_emitter_t *, const struct record *,
		    const void *);
static int	 emit_field(yaml_emitter_t *, const struct field *,
		    const void *);
static int	 emit_strings(yaml_emitter_t *, const struct strlist *);
static int	 emit_records(yaml_emitter_t *, const struct record *,
		    const struct reclist *);
static int	 emit_kept(yaml_emitter_t *, const struct xnode *);
static int	 emit_map(yaml_emitter_t *);
static int	 emit_map_end(yaml_emitter_t *);
static int	 emit_seq(yaml_emitter_t *);
static int	 emit_seq_end(yaml_emitter_t *);
static int	 emit_key(yaml_emitter_t *, const char *);
static int	 emit_string(yaml_emitter_t *, const char *);
static int	 emit_plain(yaml_emitter_t *, const char *);
static int	 emit_scalar(yaml_emitter_t *, const char *,
		    yaml_scalar_style_t);
static int	 reads_typed(const char *);
static int	 reads_number(const char *);
static int	 reads_time(const char *);

char *
yaml_format(const struct record *rec, const void *rp, size_t *len)
{
	yaml_emitter_t	 e;
	struct output	 out;
	int		 ok;

	memset(&out, 0, sizeof(out));
	if (!yaml_emitter_initialize(&e))
		return (NULL);
	yaml_emitter_set_output(&e, write_out, &out);
	yaml_emitter_set_unicode(&e, 1);
	yaml_emitter_set_indent(&e, INDENT);
	yaml_emitter_set_width(&e, -1);
	ok = emit_document(&e, rec, rp) && yaml_emitter_flush(&e) &&
	    write_out(&out, (unsigned char *)"", 1);
	yaml_emitter_delete(&e);
	if (!ok) {
		freezero(out.buf, out.cap);
		return (NULL);
	}
	*len = out.len - 1;
	return (out.buf);
}

static int
write_out(void *arg, unsigned char *data, size_t len)
{
	struct output	*out = arg;
	char		*new;
	size_t		 cap;

	for (cap = out->cap != 0 ? out->cap : OUT_MIN; cap - out->len < len; )
		cap *= 2;
	if (cap != out->cap) {
		new = recallocarray(out->buf, out->cap, cap, 1);
		if (new == NULL)
			return (0);
		out->buf = new;
		out->cap = cap;
	}
	memcpy(out->buf + out->len, data, len);
	out->len += len;
	return (1);
}

/* As libyaml's, these return 1, or 0 when out of memory. */
static int
emit_document(yaml_emitter_t *e, const struct record *rec, const void *rp)
{
	yaml_event_t	 ev;

	return (yaml_stream_start_event_initialize(&ev, YAML_UTF8_ENCODING) &&
	    yaml_emitter_emit(e, &ev) &&
	    yaml_document_start_event_initialize(&ev, NULL, NULL, NULL, 1) &&
	    yaml_emitter_emit(e, &ev) &&
	    emit_record(e, rec, rp) &&
	    yaml_document_end_event_initialize(&ev, 1) &&
	    yaml_emitter_emit(e, &ev) &&
	    yaml_stream_end_event_initialize(&ev) &&
	    yaml_emitter_emit(e, &ev));
}

static int
emit_record(yaml_emitter_t *e, const struct record *rec, const void *rp)
{
	const struct field	 *f;
	struct xnode		**extra;
	size_t			  i;

	if (!emit_map(e))
		return (0);
	for (i = 0; i < rec->nfields; i++) {
		f = &rec->fields[i];
		if (f->yaml == NULL ||
		    (f->flags & F_OMIT && field_isempty(f, rp)))
			continue;
		if (!emit_key(e, f->yaml) || !emit_field(e, f, rp))
			return (0);
	}
	extra = record_extra(rec, rp);
	return ((extra == NULL || emit_kept(e, *extra)) && emit_map_end(e));
}

static int
emit_field(yaml_emitter_t *e, const struct field *f, const void *rp)
{
	const void	*p = field_ptr(f, rp);
	char		 buf[64];

	switch (f->type) {
	case FT_STR:
		return (emit_string(e, field_isempty(f, rp) ? "" :
		    *(char *const *)p));
	case FT_STRS:
		return (emit_strings(e, p));
	case FT_REC:
		if (field_isempty(f, rp))
			return (emit_plain(e, "null"));
		return (emit_record(e, f->rec, *(void *const *)p));
	case FT_RECS:
		return (emit_records(e, f->rec, p));
	case FT_TIME:
		return (emit_plain(e, wall_format(p, buf, sizeof(buf))));
	case FT_DUR:
		return (emit_plain(e, duration_format(*(const int64_t *)p, buf,
		    sizeof(buf))));
	case FT_UINT:
		(void)snprintf(buf, sizeof(buf), "%llu",
		    (unsigned long long)*(const uint64_t *)p);
		return (emit_plain(e, buf));
	case FT_INT:
		(void)snprintf(buf, sizeof(buf), "%lld",
		    (long long)*(const int64_t *)p);
		return (emit_plain(e, buf));
	case FT_BOOL:
		return (emit_plain(e, field_isempty(f, rp) ? "false" :
		    "true"));
	}
	return (0);
}

static int
emit_strings(yaml_emitter_t *e, const struct strlist *l)
{
	uint32_t	 i;

	if (!emit_seq(e))
		return (0);
	for (i = 0; i < l->n; i++)
		if (!emit_string(e, l->v[i]))
			return (0);
	return (emit_seq_end(e));
}

static int
emit_records(yaml_emitter_t *e, const struct record *rec,
    const struct reclist *l)
{
	uint32_t	 i;

	if (!emit_seq(e))
		return (0);
	for (i = 0; i < l->n; i++)
		if (!emit_record(e, rec, l->v[i]))
			return (0);
	return (emit_seq_end(e));
}

static int
emit_kept(yaml_emitter_t *e, const struct xnode *x)
{
	struct walltime	 when;
	int		 ok = 1;

	for (; ok && x != NULL; x = x->next) {
		if (x->key != NULL && !emit_key(e, x->key))
			return (0);
		switch (x->kind) {
		case XK_PLAIN:
			ok = emit_plain(e, x->text);
			break;
		case XK_STRING:
			/* It was a time, and plain, to whoever wrote it. */
			ok = wall_parse(x->text, &when) == 0 ?
			    emit_plain(e, x->text) : emit_string(e, x->text);
			break;
		case XK_SEQ:
			ok = emit_seq(e) && emit_kept(e, x->child) &&
			    emit_seq_end(e);
			break;
		case XK_MAP:
			ok = emit_map(e) && emit_kept(e, x->child) &&
			    emit_map_end(e);
			break;
		}
	}
	return (ok);
}

static int
emit_map(yaml_emitter_t *e)
{
	yaml_event_t	 ev;

	return (yaml_mapping_start_event_initialize(&ev, NULL, NULL, 1,
	    YAML_BLOCK_MAPPING_STYLE) && yaml_emitter_emit(e, &ev));
}

static int
emit_map_end(yaml_emitter_t *e)
{
	yaml_event_t	 ev;

	return (yaml_mapping_end_event_initialize(&ev) &&
	    yaml_emitter_emit(e, &ev));
}

static int
emit_seq(yaml_emitter_t *e)
{
	yaml_event_t	 ev;

	return (yaml_sequence_start_event_initialize(&ev, NULL, NULL, 1,
	    YAML_BLOCK_SEQUENCE_STYLE) && yaml_emitter_emit(e, &ev));
}

static int
emit_seq_end(yaml_emitter_t *e)
{
	yaml_event_t	 ev;

	return (yaml_sequence_end_event_initialize(&ev) &&
	    yaml_emitter_emit(e, &ev));
}

static int
emit_key(yaml_emitter_t *e, const char *key)
{
	return (emit_scalar(e, key, reads_typed(key) ||
	    strcmp(key, "<<") == 0 || strchr(key, '\n') != NULL ?
	    YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE));
}

/*
 * libyaml quotes where the style asked for cannot hold the text.  After a
 * literal that keeps more than one newline at its end it would close the
 * document, and then nobody could append to the file.
 */
static int
emit_string(yaml_emitter_t *e, const char *s)
{
	yaml_scalar_style_t	 style = YAML_PLAIN_SCALAR_STYLE;
	size_t			 len = strlen(s);

	if (reads_typed(s) || strcmp(s, "\n") == 0 ||
	    (len > 1 && strcmp(s + len - 2, "\n\n") == 0))
		style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	else if (strchr(s, '\n') != NULL)
		style = YAML_LITERAL_SCALAR_STYLE;
	return (emit_scalar(e, s, style));
}

static int
emit_plain(yaml_emitter_t *e, const char *s)
{
	return (emit_scalar(e, s, YAML_PLAIN_SCALAR_STYLE));
}

static int
emit_scalar(yaml_emitter_t *e, const char *s, yaml_scalar_style_t style)
{
	yaml_event_t	 ev;

	return (yaml_scalar_event_initialize(&ev, NULL, NULL,
	    (const yaml_char_t *)s, (int)strlen(s), 1, 1, style) &&
	    yaml_emitter_emit(e, &ev));
}

/* Whether a reader of YAML 1.1 or 1.2 takes the plain text for no string. */
static int
reads_typed(const char *s)
{
	static const char *const	 words[] = {
		"", "~", "null", "true", "false", "yes", "no", "on", "off",
		"y", "n", ".inf", "+.inf", "-.inf", ".nan"
	};
	size_t				 i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(s, words[i]) == 0)
			return (1);
	return (reads_number(s) || reads_time(s));
}

static int
reads_number(const char *s)
{
	static const char	 digits[] = "0123456789_";
	size_t			 n;

	if (*s == '+' || *s == '-')
		s++;
	if (s[0] == '0' && s[1] != '\0' && strchr("xXoObB", s[1]) != NULL)
		return (s[2] != '\0' &&
		    s[2 + strspn(s + 2, "0123456789abcdefABCDEF_")] == '\0');
	n = strspn(s, digits);
	/* 12:30:45 is a number to base 60. */
	if (n > 0 && s[n] == ':' && s[strspn(s, "0123456789_:.")] == '\0')
		return (1);
	s += n;
	if (*s == '.') {
		s++;
		n += strspn(s, digits);
		s += strspn(s, digits);
	}
	if (n == 0)
		return (0);
	if (*s == 'e' || *s == 'E') {
		s++;
		if (*s == '+' || *s == '-')
			s++;
		if (*s == '\0')
			return (0);
		s += strspn(s, digits);
	}
	return (*s == '\0');
}

/* A date, or one with something after it. */
static int
reads_time(const char *s)
{
	static const char	 digits[] = "0123456789";
	size_t			 n;

	if (strspn(s, digits) != 4 || s[4] != '-')
		return (0);
	s += 5;
	if ((n = strspn(s, digits)) < 1 || n > 2 || s[n] != '-')
		return (0);
	s += n + 1;
	if ((n = strspn(s, digits)) < 1 || n > 2)
		return (0);
	return (s[n] == '\0' || strchr("Tt \t", s[n]) != NULL);
}
