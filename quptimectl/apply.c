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

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fmt.h"
#include "pack.h"
#include "quptimectl.h"
#include "template.h"
#include "yaml.h"

/*
 * Checks and alerts as a file: export prints them, apply makes those of the
 * cluster equal to it.  What differs is found here; the daemon is asked for one
 * change that says so, and refuses it when the configuration has become another
 * one meanwhile.
 */

#define MASK		"***"	/* stands for a secret, which stays */
#define CHUNK		(64 * 1024)	/* bytes of one request */
#define FIELDS_MAX	32
#define TEXT_MAX	4096	/* of a value that is shown */

struct setup {
	struct reclist	 checks;
	struct reclist	 alerts;
	struct xnode	*extra;
};

/* A list of both, and how a record of one is found in the other. */
struct side {
	const struct record	*rec;
	enum ctl_object		 object;
	size_t			 offset;	/* in struct setup */
	size_t			 id;		/* in a record */
	size_t			 name;
	size_t			 type;
};

/* Records of one list of the cluster, found by id or by name. */
struct key {
	const char	*text;
	uint32_t	 place;		/* in the list */
};

struct found {
	struct key	*ids;
	struct key	*names;
	uint32_t	 n;
	void		**want;		/* by place: the file's; NULL: none */
};

/* What is asked for, in requests of a size that is taken. */
struct batch {
	struct imsgbuf			*ibuf;
	const struct parse_result	*res;
	const struct output		*out;
	struct ibuf			*edits;
	uint32_t			 n;	/* in edits */
	uint32_t			 changes;	/* in all */
	int				 ret;	/* exit code so far */
};

static void	 prepare(void);
static void	 relax(struct record *, struct field *, const struct record *);
static int	 load(struct imsgbuf *, const struct parse_result *);
static void	 take_check(const struct check *);
static void	 take_alert(const struct alert *);
static void	 take_version(const struct parse_result *, uint64_t,
		    const char *);
static void	 take(struct reclist *, const struct record *, const void *);
static int	 read_setup(const char *, struct setup *, struct verr *);
static int	 match(const struct side *, struct setup *, struct found *,
		    struct verr *);
static void	 found_init(struct found *, const struct reclist *,
		    const struct side *);
static void	 found_free(struct found *);
static struct key
		*keys(const struct reclist *, size_t);
static int	 key_cmp(const void *, const void *);
static int64_t	 lookup(const struct key *, uint32_t, const char *);
static int	 settle(const struct side *, void *, const void *,
		    struct verr *);
static int	 set_secrets(const struct record *, void *, const void *,
		    struct verr *);
static int	 known_members(const struct record *, const void *,
		    const void *, struct verr *);
static int	 name_alerts(const struct setup *, struct verr *);
static int	 name_list(const struct reclist *, struct strlist *);
static const struct alert
		*alert_of(const struct reclist *, size_t, const char *);
static void	 compare(const struct side *, const struct setup *,
		    const struct found *, struct batch *);
static void	 show_edits(const struct side *, const void *, const void *,
		    const struct output *);
static void	 show_whole(const struct side *, enum change_op, const void *,
		    const struct output *);
static void	 add_edit(struct batch *, enum ctl_edit, const struct side *,
		    const void *);
static void	 flush(struct batch *, int);
static struct reclist
		*list(const struct side *, const struct setup *);
static char	**member(const void *, size_t);

#define SIDE(r, obj, m)							\
	{ &r##_record, obj, offsetof(struct setup, m),			\
	  offsetof(struct r, id), offsetof(struct r, name),		\
	  offsetof(struct r, type) }

/* Alerts first: checks name them. */
static const struct side	 sides[] = {
	SIDE(alert, CTL_ALERT, alerts),
	SIDE(check, CTL_CHECK, checks)
};
#define NSIDES	(sizeof(sides) / sizeof(sides[0]))

/* The file's form: as cluster.yaml has these lists, but ids may be missing. */
static struct field	 check_fields[FIELDS_MAX], alert_fields[FIELDS_MAX];
static struct record	 file_check, file_alert;
static const struct field	 setup_fields[] = {
	{ .json = "checks", .yaml = "checks", .type = FT_RECS,
	  .flags = F_PRESENT | F_ARRAY,
	  .offset = offsetof(struct setup, checks), .max = MAX_CHECKS,
	  .rec = &file_check, .help = "what is watched" },
	{ .json = "alerts", .yaml = "alerts", .type = FT_RECS,
	  .flags = F_PRESENT | F_ARRAY,
	  .offset = offsetof(struct setup, alerts), .max = MAX_ALERTS,
	  .rec = &file_alert, .help = "who is told" }
};
static const struct record	 setup_record = {
	.name = "setup", .size = sizeof(struct setup), .level = 1,
	.extra = offsetof(struct setup, extra), .fields = setup_fields,
	.nfields = sizeof(setup_fields) / sizeof(setup_fields[0])
};

static struct setup	 have;		/* the cluster's, row by row */
static uint64_t		 have_version;
static const struct output	 load_output = {
	.check_conf = take_check,
	.alert = take_alert,
	.result = take_version
};

int
apply_export(struct imsgbuf *ibuf, const struct parse_result *res,
    const struct output *out)
{
	struct export_args	 args;
	uint32_t		 i;
	int			 ret;

	prepare();
	memset(&args, 0, sizeof(args));
	parse_into(res, &args);
	if ((ret = load(ibuf, res)) == 0) {
		for (i = 0; i < have.alerts.n && !args.secrets; i++)
			if (record_mask(&alert_record, have.alerts.v[i]) == -1)
				err(EXIT_REFUSED, NULL);
		out->head(res);
		out->setup(&setup_record, &have);
	}
	record_clear(&setup_record, &have);
	return (ret);
}

int
apply_file(struct imsgbuf *ibuf, const struct parse_result *res,
    const struct output *out)
{
	struct setup	 want;
	struct found	 found[NSIDES];
	struct batch	 b;
	struct verr	 ve;
	char		 buf[640];
	size_t		 i;

	prepare();
	memset(&want, 0, sizeof(want));
	memset(&found, 0, sizeof(found));
	memset(&b, 0, sizeof(b));
	memset(&ve, 0, sizeof(ve));
	b.ibuf = ibuf;
	b.res = res;
	b.out = out;
	if (read_setup(res->name, &want, &ve) == -1)
		b.ret = EXIT_USAGE;
	else
		b.ret = load(ibuf, res);
	for (i = 0; i < NSIDES && b.ret == 0; i++) {
		found_init(&found[i], list(&sides[i], &have), &sides[i]);
		if (match(&sides[i], &want, &found[i], &ve) == -1)
			b.ret = EXIT_USAGE;
	}
	if (b.ret == 0 && name_alerts(&want, &ve) == -1)
		b.ret = EXIT_USAGE;
	if (b.ret == EXIT_USAGE) {
		(void)strlcpy(ve.file, res->name, sizeof(ve.file));
		warnx("%s", verr_string(&ve, buf, sizeof(buf)));
	}
	if (b.ret == 0) {
		out->head(res);
		for (i = 0; i < NSIDES; i++)
			compare(&sides[i], &want, &found[i], &b);
		flush(&b, 1);
	}
	for (i = 0; i < NSIDES; i++)
		found_free(&found[i]);
	record_clear(&setup_record, &want);
	record_clear(&setup_record, &have);
	return (b.ret);
}

static void
prepare(void)
{
	relax(&file_check, check_fields, &check_record);
	relax(&file_alert, alert_fields, &alert_record);
	file_alert.check = alert_masked_check;
}

int
alert_masked_check(const void *rec, struct verr *ve)
{
	const struct field	*f;
	struct alert		 a;
	char			**p;
	size_t			 i;

	memcpy(&a, rec, sizeof(a));
	for (i = 0; i < alert_record.nfields; i++) {
		f = &alert_record.fields[i];
		p = field_ptr(f, &a);
		if (f->flags & F_SECRET && strcmp(str(*p), MASK) == 0)
			*p = (char *)(uintptr_t)"https://masked/";
	}
	return (alert_record.check(&a, ve));
}

static void
relax(struct record *rec, struct field *fields, const struct record *from)
{
	size_t	 i;

	if (from->nfields > FIELDS_MAX)
		errx(EXIT_REFUSED, "%s: too many fields", from->name);
	*rec = *from;
	for (i = 0; i < from->nfields; i++) {
		fields[i] = from->fields[i];
		if (strcmp(field_name(&fields[i]), "id") == 0)
			fields[i].flags &= ~(unsigned int)(F_REQUIRED |
			    F_UNIQUE);
	}
	rec->fields = fields;
}

static int
load(struct imsgbuf *ibuf, const struct parse_result *res)
{
	ctl_request(ibuf, ACT_EXPORT, res);
	return (ctl_answer(ibuf, res, &load_output));
}

static void
take_check(const struct check *c)
{
	take(&have.checks, &check_record, c);
}

static void
take_alert(const struct alert *a)
{
	take(&have.alerts, &alert_record, a);
}

static void
take_version(const struct parse_result *res, uint64_t version,
    const char *text)
{
	(void)res;
	(void)text;
	have_version = version;
}

static void
take(struct reclist *to, const struct record *rec, const void *row)
{
	void	*copy;

	if ((copy = record_dup(rec, row)) == NULL ||
	    reclist_add(to, copy) == -1)
		err(EXIT_REFUSED, NULL);
}

/* "-" is standard input. */
static int
read_setup(const char *path, struct setup *want, struct verr *ve)
{
	int	 fd = STDIN_FILENO, rv;

	if (strcmp(path, "-") != 0 &&
	    (fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return (verr_set(ve, "", "%s", strerror(errno)));
	rv = yaml_read(&setup_record, want, path, fd, ve);
	if (fd != STDIN_FILENO)
		close(fd);
	if (rv == 0 && want->extra != NULL)
		rv = verr_set(ve, want->extra->key, "is neither checks nor "
		    "alerts");
	return (rv);
}

/* By id, else by name; what is new gets an id. */
static int
match(const struct side *side, struct setup *want, struct found *found,
    struct verr *ve)
{
	const struct reclist	*l = list(side, want);
	const void		*old;
	char			 id[37], **p;
	int64_t			 place;
	uint32_t		 i;

	for (i = 0; i < l->n; i++) {
		p = member(l->v[i], side->id);
		place = lookup(found->ids, found->n, str(*p));
		if (place == -1)
			place = lookup(found->names, found->n,
			    *member(l->v[i], side->name));
		old = place == -1 ? NULL : list(side, &have)->v[place];
		if (place != -1 && found->want[place] != NULL) {
			verr_set(ve, "", "is in the file twice");
			goto fail;
		}
		if (place != -1)
			found->want[place] = l->v[i];
		if (old != NULL || *str(*p) == '\0') {
			fmt_uuid(id, sizeof(id));
			free(*p);
			*p = strdup(old != NULL ? *member(old, side->id) : id);
			if (*p == NULL)
				err(EXIT_REFUSED, NULL);
		}
		if (settle(side, l->v[i], old, ve) == -1)
			goto fail;
	}
	return (0);
 fail:
	verr_prefix(ve, "%ss[%u]", side->rec->name, i);
	return (-1);
}

static void
found_init(struct found *found, const struct reclist *l,
    const struct side *side)
{
	found->n = l->n;
	found->ids = keys(l, side->id);
	found->names = keys(l, side->name);
	found->want = calloc(l->n + 1, sizeof(*found->want));
	if (found->want == NULL)
		err(EXIT_REFUSED, NULL);
}

static void
found_free(struct found *found)
{
	free(found->ids);
	free(found->names);
	free(found->want);
}

static struct key *
keys(const struct reclist *l, size_t offset)
{
	struct key	*k;
	uint32_t	 i;

	if ((k = calloc(l->n + 1, sizeof(*k))) == NULL)
		err(EXIT_REFUSED, NULL);
	for (i = 0; i < l->n; i++) {
		k[i].text = str(*member(l->v[i], offset));
		k[i].place = i;
	}
	qsort(k, l->n, sizeof(*k), key_cmp);
	return (k);
}

static int
key_cmp(const void *a, const void *b)
{
	return (strcmp(((const struct key *)a)->text,
	    ((const struct key *)b)->text));
}

/* The place of the one of that id or name; -1: none. */
static int64_t
lookup(const struct key *k, uint32_t n, const char *text)
{
	const struct key	 want = { text, 0 }, *at;

	at = bsearch(&want, k, n, sizeof(want), key_cmp);
	return (at != NULL ? (int64_t)at->place : -1);
}

/* What the file leaves as it is, and what it must not name. */
static int
settle(const struct side *side, void *new, const void *old, struct verr *ve)
{
	struct xnode	**extra = record_extra(side->rec, new), **kept;

	if (known_members(side->rec, new, old, ve) == -1 ||
	    set_secrets(side->rec, new, old, ve) == -1 ||
	    (side->object == CTL_ALERT && template_check(new, old, ve) == -1))
		return (-1);
	/* Not shown where there are secrets, as they may be some too. */
	if (side->object != CTL_ALERT || old == NULL || *extra != NULL)
		return (0);
	kept = record_extra(side->rec, old);
	if (*kept != NULL && (*extra = xnode_dup(*kept)) == NULL)
		err(EXIT_REFUSED, NULL);
	return (0);
}

static int
set_secrets(const struct record *rec, void *new, const void *old,
    struct verr *ve)
{
	const struct field	*f;
	char			**p;
	size_t			 i;

	for (i = 0; i < rec->nfields; i++) {
		f = &rec->fields[i];
		p = field_ptr(f, new);
		if (!(f->flags & F_SECRET) || strcmp(str(*p), MASK) != 0)
			continue;
		if (old == NULL || field_isempty(f, old))
			return (verr_set(ve, field_name(f), "\"" MASK "\" "
			    "stands for a secret that is not there"));
		free(*p);
		if ((*p = strdup(*(char **)field_ptr(f, old))) == NULL)
			err(EXIT_REFUSED, NULL);
	}
	return (0);
}

/* Members of later versions are those the cluster has; others are mistakes. */
static int
known_members(const struct record *rec, const void *new, const void *old,
    struct verr *ve)
{
	const struct xnode	*x, *y;

	for (x = *record_extra(rec, new); x != NULL; x = x->next) {
		y = old != NULL ? *record_extra(rec, old) : NULL;
		while (y != NULL && strcmp(y->key, x->key) != 0)
			y = y->next;
		if (y == NULL)
			return (verr_set(ve, x->key, "%ss have no such field",
			    rec->name));
	}
	return (0);
}

/* Names of alerts become ids, as they do in checks that are added. */
static int
name_alerts(const struct setup *want, struct verr *ve)
{
	struct strlist	*lists[2];
	struct check	*c;
	uint32_t	 i;
	int		 j, place;

	for (i = 0; i < want->checks.n; i++) {
		c = want->checks.v[i];
		lists[0] = &c->alert_ids;
		lists[1] = &c->suppress_alert_ids;
		for (j = 0; j < 2; j++) {
			place = name_list(&want->alerts, lists[j]);
			if (place == -1)
				continue;
			verr_set(ve, j == 0 ? "alert_ids" :
			    "suppress_alert_ids", "alert \"%s\" is not known",
			    lists[j]->v[place]);
			verr_prefix(ve, "checks[%u]", i);
			return (-1);
		}
	}
	return (0);
}

/* -1, or the place of one that is not there. */
static int
name_list(const struct reclist *alerts, struct strlist *names)
{
	const struct alert	*a;
	uint32_t		 i;

	for (i = 0; i < names->n; i++) {
		if (alert_of(alerts, offsetof(struct alert, id),
		    names->v[i]) != NULL)
			continue;
		a = alert_of(alerts, offsetof(struct alert, name),
		    names->v[i]);
		if (a == NULL)
			return (i);
		free(names->v[i]);
		if ((names->v[i] = strdup(a->id)) == NULL)
			err(EXIT_REFUSED, NULL);
	}
	return (-1);
}

static const struct alert *
alert_of(const struct reclist *alerts, size_t offset, const char *text)
{
	uint32_t	 i;

	for (i = 0; i < alerts->n; i++)
		if (strcmp(*member(alerts->v[i], offset), text) == 0)
			return (alerts->v[i]);
	return (NULL);
}

/* In the cluster's order, then what is new in the file's. */
static void
compare(const struct side *side, const struct setup *want,
    const struct found *found, struct batch *b)
{
	const struct reclist	*old = list(side, &have);
	const struct reclist	*new = list(side, want);
	void			*rec;
	uint32_t		 i;

	for (i = 0; i < old->n; i++) {
		if ((rec = found->want[i]) == NULL) {
			show_whole(side, CHANGE_REMOVE, old->v[i], b->out);
			add_edit(b, EDIT_REMOVE, side, old->v[i]);
		} else if (!record_equal(side->rec, rec, old->v[i])) {
			show_edits(side, old->v[i], rec, b->out);
			add_edit(b, EDIT_PUT, side, rec);
		}
	}
	for (i = 0; i < new->n; i++) {
		rec = new->v[i];
		if (lookup(found->ids, found->n,
		    *member(rec, side->id)) != -1)
			continue;
		show_whole(side, CHANGE_ADD, rec, b->out);
		add_edit(b, EDIT_PUT, side, rec);
	}
}

static void
show_edits(const struct side *side, const void *old, const void *new,
    const struct output *out)
{
	const struct field	*f;
	struct change_row	 row;
	char			 from[TEXT_MAX], to[TEXT_MAX];
	size_t			 i;
	int			 n = 0;

	memset(&row, 0, sizeof(row));
	row.op = CHANGE_EDIT;
	row.object = side->rec->name;
	row.name = *member(old, side->name);
	row.from = from;
	row.to = to;
	for (i = 0; i < side->rec->nfields; i++) {
		f = &side->rec->fields[i];
		if (field_equal(f, old, new))
			continue;
		row.field = f->yaml;
		field_text(f, old, from, sizeof(from));
		field_text(f, new, to, sizeof(to));
		out->change(&row);
		n++;
	}
	/* What this version has no name for. */
	if (n == 0) {
		row.field = "(other)";
		from[0] = to[0] = '\0';
		out->change(&row);
	}
}

static void
show_whole(const struct side *side, enum change_op op, const void *rec,
    const struct output *out)
{
	struct change_row	 row;

	memset(&row, 0, sizeof(row));
	row.op = op;
	row.object = side->rec->name;
	row.name = *member(rec, side->name);
	row.type = *member(rec, side->type);
	out->change(&row);
}

static void
add_edit(struct batch *b, enum ctl_edit op, const struct side *side,
    const void *rec)
{
	struct ctl_edit_head	 head;
	struct ibuf		*one;
	int			 failed;

	b->changes++;
	if (b->res->dry || b->ret != 0)
		return;
	memset(&head, 0, sizeof(head));
	head.op = op;
	head.object = side->object;
	if ((one = ibuf_dynamic(0, CTL_MAXSIZE)) == NULL)
		err(EXIT_REFUSED, NULL);
	failed = ibuf_add(one, &head, sizeof(head)) == -1 ||
	    (op == EDIT_PUT ? pack_record(one, side->rec, rec) :
	    pack_string(one, *member(rec, side->id))) == -1;
	if (b->n > 0 && ibuf_size(b->edits) + ibuf_size(one) > CHUNK)
		flush(b, 0);
	if (b->edits == NULL &&
	    (b->edits = ibuf_dynamic(0, CTL_MAXSIZE)) == NULL)
		err(EXIT_REFUSED, NULL);
	if (failed || ibuf_add_ibuf(b->edits, one) == -1)
		errx(EXIT_REFUSED, "%s \"%s\": larger than %d bytes",
		    side->rec->name, *member(rec, side->name), CTL_MAXSIZE);
	ibuf_free(one);
	b->n++;
}

/* Sends what has come together; the last time, the daemon changes it all. */
static void
flush(struct batch *b, int last)
{
	static const struct output	 quiet;
	struct ctl_apply		 head;
	char				 text[64];

	if (b->res->dry || b->changes == 0) {
		if (b->changes == 0)
			(void)strlcpy(text, "no change", sizeof(text));
		else
			(void)snprintf(text, sizeof(text), "%u change%s to "
			    "make", b->changes, b->changes == 1 ? "" : "s");
		b->out->result(b->res, have_version, text);
		if (b->changes > 0)
			b->ret = EXIT_ALARM;
		return;
	}
	if (b->ret != 0)
		return;
	memset(&head, 0, sizeof(head));
	head.version = have_version;
	head.n = b->n;
	head.last = last;
	ctl_send(b->ibuf, IMSG_CTL_APPLY, &head, sizeof(head), b->edits);
	ibuf_free(b->edits);
	b->edits = NULL;
	b->n = 0;
	b->ret = ctl_answer(b->ibuf, b->res, last ? b->out : &quiet);
}

static struct reclist *
list(const struct side *side, const struct setup *s)
{
	return ((struct reclist *)((char *)(uintptr_t)s + side->offset));
}

static char **
member(const void *rec, size_t offset)
{
	return ((char **)((char *)(uintptr_t)rec + offset));
}
