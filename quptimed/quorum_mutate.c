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


#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fmt.h"
#include "pack.h"
#include "quorum.h"

/*
 * Changes of the configuration.  The next one is made as a view that shares
 * with the present one whatever stays; it is written; and only then put in
 * force.  A change that cannot be written has not happened.
 */

#define PAIRS_MAX	64
#define VALUE_MAX	CTL_MAXSIZE

/* Lists of records that can be changed one by one, by enum ctl_object. */
struct list_type {
	const struct record	*rec;
	size_t			 offset;	/* in struct cluster */
	size_t			 id;		/* in the record */
	size_t			 name;
	const char		*field;		/* of the cluster */
};

/* A request of quptimectl, taken apart. */
struct change {
	struct ctl_mutate	 head;
	const struct list_type	*type;
	char			*name;
	struct {
		char		*field;
		char		*value;
	}			 pairs[PAIRS_MAX];
};

static struct reclist
		*list_of(const struct cluster *, enum ctl_object);
static int	 view(struct quorum *, struct mutation *, struct cluster *,
		    struct verr *);
static int	 view_list(struct reclist *, const struct mutation *,
		    struct verr *);
static void	 view_free(struct mutation *, struct cluster *);
static void	 install(struct quorum *, struct mutation *,
		    struct cluster *);
static void	 install_one(struct quorum *, struct mutation *,
		    struct cluster *);
static void	 install_check(struct quorum *, const struct mutation *,
		    const struct check *);
static void	 install_all(struct quorum *, struct mutation *,
		    struct cluster *);
static void	*find(struct quorum *, enum ctl_object, const char *);
static void	*find_in(const struct reclist *, size_t, const char *);
static uint32_t	 place(const struct reclist *, const void *);
static char	**member(const void *, size_t);
static int	 change_parse(struct change *, struct imsg *);
static void	 change_free(struct change *);
static int	 change_make(struct quorum *, struct change *,
		    struct mutation *, struct verr *);
static int	 change_record(struct quorum *, struct change *, void *,
		    const void *, struct verr *);
static int	 set_pairs(struct quorum *, struct change *, void *,
		    struct verr *);
static int	 set_field(struct change *, void *, const char *,
		    const char *, struct verr *);
static int	 resolve_alerts(struct quorum *, struct strlist *,
		    struct verr *);
static int	 same_content(const struct cluster *, const struct cluster *);

static const struct list_type	list_types[] = {
	[CTL_CHECK] = { &check_record, offsetof(struct cluster, checks),
	    offsetof(struct check, id), offsetof(struct check, name),
	    "checks" },
	[CTL_ALERT] = { &alert_record, offsetof(struct cluster, alerts),
	    offsetof(struct alert, id), offsetof(struct alert, name),
	    "alerts" }
};

static const char *const	done[] = {
	[CTL_ADD] = "added",
	[CTL_EDIT] = "updated",
	[CTL_REMOVE] = "removed",
	[CTL_ENABLE] = "enabled",
	[CTL_DISABLE] = "disabled"
};
static const char *const	unchanged[] = {
	[CTL_EDIT] = "unchanged",
	[CTL_ENABLE] = "already enabled",
	[CTL_DISABLE] = "already disabled"
};

int
mutation_apply(struct quorum *q, struct mutation *m, struct verr *ve)
{
	struct cluster	 next;

	if (view(q, m, &next, ve) == -1)
		return (-1);
	if (store_save(&q->store, &next, ve) == -1) {
		view_free(m, &next);
		return (-1);
	}
	install(q, m, &next);
	return (0);
}

int
config_install(struct quorum *q, struct cluster *cl, struct verr *ve)
{
	struct mutation	 m;
	struct cluster	 next = *cl, shell = *cl;

	if (store_save(&q->store, &next, ve) == -1)
		return (-1);
	/* Nothing of it is made here. */
	shell.updated_by = NULL;
	memset(&m, 0, sizeof(m));
	m.kind = MUT_REPLACE;
	m.with = &shell;
	install(q, &m, &next);
	memset(cl, 0, sizeof(*cl));
	return (0);
}

void
mutate_request(struct quorum *q, struct imsg *imsg)
{
	struct change	 ch;
	struct mutation	 m;
	struct verr	 ve;
	char		 buf[640], vis[320];
	uint32_t	 client = imsg_get_id(imsg);
	const char	*object, *verb;
	int		 rv;

	memset(&ch, 0, sizeof(ch));
	memset(&m, 0, sizeof(m));
	if (change_parse(&ch, imsg) == -1) {
		ctl_result(q, client, CTL_REFUSED, "malformed request");
		change_free(&ch);
		return;
	}
	object = ch.type->rec->name;
	verb = done[ch.head.op];
	rv = change_make(q, &ch, &m, &ve);
	fmt_vis(ch.name, vis, sizeof(vis));
	if (rv == 1 && mutation_apply(q, &m, &ve) == -1)
		rv = -1;
	if (rv == -1)
		ctl_result(q, client, CTL_REFUSED, "%s",
		    verr_string(&ve, buf, sizeof(buf)));
	else if (rv == 0)
		ctl_result(q, client, CTL_OK, "%s %s %s", object, vis,
		    unchanged[ch.head.op]);
	else {
		log_info("version %llu: %s %s %s",
		    (unsigned long long)q->cluster.version, verb, object, vis);
		ctl_result(q, client, CTL_OK, "%s %s %s", verb, object, vis);
	}
	record_free(ch.type->rec, m.rec);
	change_free(&ch);
}

void
mutate_reload(struct quorum *q, uint32_t client)
{
	struct store	 was = q->store;
	struct cluster	 next;
	struct mutation	 m;
	struct verr	 ve;
	char		 buf[640];
	int		 rv;

	memset(&next, 0, sizeof(next));
	memset(&m, 0, sizeof(m));
	if ((rv = store_load(&q->store, &next, &ve)) == 1) {
		if (same_content(&q->cluster, &next))
			rv = 0;
		else {
			m.kind = MUT_REPLACE;
			m.with = &next;
			rv = mutation_apply(q, &m, &ve) == -1 ? -1 : 1;
		}
	}
	record_clear(&cluster_record, &next);
	if (rv == -1) {
		q->store = was;
		verr_string(&ve, buf, sizeof(buf));
		log_warnx("not reloading: %s", buf);
		ctl_result(q, client, CTL_REFUSED, "%s", buf);
		return;
	}
	if (rv == 1)
		log_info("version %llu: reloaded %s",
		    (unsigned long long)q->cluster.version, q->store.path);
	ctl_result(q, client, CTL_OK, "%s",
	    rv == 1 ? "reloaded" : "nothing has changed");
}

void
mutate_resolvers(struct quorum *q, struct imsg *imsg)
{
	ctl_result(q, imsg_get_id(imsg), CTL_REFUSED, "not there yet");
}

struct alert *
mutate_find_alert(struct quorum *q, const char *name)
{
	return (find(q, CTL_ALERT, name));
}

static struct reclist *
list_of(const struct cluster *cl, enum ctl_object object)
{
	return ((struct reclist *)((uintptr_t)cl +
	    list_types[object].offset));
}

/* What the configuration will be; shares all but the list that changes. */
static int
view(struct quorum *q, struct mutation *m, struct cluster *next,
    struct verr *ve)
{
	char	*by;

	if (!q->master)
		return (verr_set(ve, "", "no quorum: refusing mutation"));
	if (q->cluster.version == UINT64_MAX)
		return (verr_set(ve, "version", "cannot go any higher"));
	if ((by = strdup(q->node.node_id)) == NULL)
		return (verr_set(ve, "", "out of memory"));
	if (m->kind == MUT_REPLACE)
		*next = *m->with;
	else {
		*next = q->cluster;
		if (view_list(list_of(next, m->object), m, ve) == -1) {
			free(by);
			return (-1);
		}
	}
	next->version = q->cluster.version + 1;
	next->updated_at = wall_now();
	next->updated_by = by;
	return (0);
}

static int
view_list(struct reclist *list, const struct mutation *m, struct verr *ve)
{
	const struct list_type	*type = &list_types[m->object];
	void			**v;
	int64_t			 max;

	max = record_field(&cluster_record, type->field)->max;
	if (m->kind == MUT_PUT && m->index == list->n && list->n >= max)
		return (verr_set(ve, type->field, "at most %lld",
		    (long long)max));
	if ((v = reallocarray(NULL, list->n + 1, sizeof(*v))) == NULL)
		return (verr_set(ve, "", "out of memory"));
	if (list->n > 0)
		memcpy(v, list->v, list->n * sizeof(*v));
	list->v = v;
	list->cap = list->n + 1;
	if (m->kind == MUT_REMOVE)
		(void)reclist_take(list, m->index);
	else {
		v[m->index] = m->rec;
		if (m->index == list->n)
			list->n++;
	}
	return (0);
}

static void
view_free(struct mutation *m, struct cluster *next)
{
	free(next->updated_by);
	if (m->kind != MUT_REPLACE)
		free(list_of(next, m->object)->v);
}

static void
install(struct quorum *q, struct mutation *m, struct cluster *next)
{
	if (m->kind == MUT_REPLACE)
		install_all(q, m, next);
	else
		install_one(q, m, next);
	quorum_config_changed(q);
}

static void
install_one(struct quorum *q, struct mutation *m, struct cluster *next)
{
	struct reclist		*list = list_of(&q->cluster, m->object);
	const struct alert	*alert;
	void			*old;

	old = m->index < list->n ? list->v[m->index] : NULL;
	free(list->v);
	free(q->cluster.updated_by);
	q->cluster = *next;
	if (m->kind == MUT_REMOVE)
		ctl_removed(q, list, m->index);

	if (m->object == CTL_CHECK)
		install_check(q, m, old);
	else if ((alert = old) != NULL && !alert->disabled &&
	    (m->kind == MUT_REMOVE || ((struct alert *)m->rec)->disabled))
		alert_cancel(q, alert);
	record_free(list_types[m->object].rec, old);
	m->rec = NULL;
}

static void
install_check(struct quorum *q, const struct mutation *m,
    const struct check *old)
{
	struct qcheck	*c;

	if (old == NULL) {
		checks_add(q, m->rec);
		return;
	}
	c = checks_find_id(q, old->id);
	if (m->kind == MUT_REMOVE)
		checks_remove(q, c);
	else
		checks_change(q, c, m->rec);
}

static void
install_all(struct quorum *q, struct mutation *m, struct cluster *next)
{
	const struct list_type	*type = &list_types[CTL_ALERT];
	const struct alert	*new, *old;
	struct cluster		 was = q->cluster;
	uint32_t		 i;

	checks_replace(q, &next->checks);
	for (i = 0; i < was.alerts.n; i++) {
		old = CLUSTER_ALERT(&was, i);
		new = find_in(&next->alerts, type->id, old->id);
		if (!old->disabled && (new == NULL || new->disabled))
			alert_cancel(q, old);
	}
	q->cluster = *next;
	ctl_replaced(q, &was);
	record_clear(&cluster_record, &was);
	free(m->with->updated_by);
	memset(m->with, 0, sizeof(*m->with));
}

/* By id, else by name. */
static void *
find(struct quorum *q, enum ctl_object object, const char *name)
{
	const struct list_type	*type = &list_types[object];
	const struct reclist	*list = list_of(&q->cluster, object);
	const struct qcheck	*c;
	void			*rec;

	if (object == CTL_CHECK)
		return ((c = checks_find(q, name)) != NULL ? c->conf : NULL);
	if ((rec = find_in(list, type->id, name)) != NULL)
		return (rec);
	return (find_in(list, type->name, name));
}

static void *
find_in(const struct reclist *list, size_t offset, const char *value)
{
	uint32_t	 i;

	for (i = 0; i < list->n; i++)
		if (strcmp(*member(list->v[i], offset), value) == 0)
			return (list->v[i]);
	return (NULL);
}

static uint32_t
place(const struct reclist *list, const void *rec)
{
	uint32_t	 i;

	for (i = 0; i < list->n && list->v[i] != rec; i++)
		;
	return (i);
}

static char **
member(const void *rec, size_t offset)
{
	return ((char **)((uintptr_t)rec + offset));
}

static int
change_parse(struct change *ch, struct imsg *imsg)
{
	struct ibuf	 buf;
	uint32_t	 i;

	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_get(&buf, &ch->head, sizeof(ch->head)) == -1)
		return (-1);
	if (ch->head.op > CTL_DISABLE || ch->head.object > CTL_ALERT ||
	    ch->head.npairs > PAIRS_MAX) {
		ch->head.npairs = 0;
		return (-1);
	}
	ch->type = &list_types[ch->head.object];
	if ((ch->name = unpack_string(&buf, VALUE_MAX)) == NULL)
		return (-1);
	for (i = 0; i < ch->head.npairs; i++) {
		ch->pairs[i].field = unpack_string(&buf, VALUE_MAX);
		if (ch->pairs[i].field == NULL)
			return (-1);
		ch->pairs[i].value = unpack_string(&buf, VALUE_MAX);
		if (ch->pairs[i].value == NULL)
			return (-1);
	}
	return (ibuf_size(&buf) == 0 ? 0 : -1);
}

static void
change_free(struct change *ch)
{
	uint32_t	 i;

	for (i = 0; i < ch->head.npairs; i++) {
		free(ch->pairs[i].field);
		if (ch->pairs[i].value != NULL)
			freezero(ch->pairs[i].value,
			    strlen(ch->pairs[i].value));
	}
	free(ch->name);
}

/* 1 and what to do; 0 when it is so already; -1 and why it cannot be done. */
static int
change_make(struct quorum *q, struct change *ch, struct mutation *m,
    struct verr *ve)
{
	const struct reclist	*list = list_of(&q->cluster, ch->head.object);
	const struct record	*rec = ch->type->rec;
	void			*old = NULL;
	char			*name;

	m->object = ch->head.object;
	m->kind = ch->head.op == CTL_REMOVE ? MUT_REMOVE : MUT_PUT;
	if (ch->head.op == CTL_ADD)
		m->index = list->n;
	else {
		if ((old = find(q, m->object, ch->name)) == NULL)
			return (verr_set(ve, "", "no such %s \"%s\"",
			    rec->name, ch->name));
		m->index = place(list, old);
		/* It may have been named by its id. */
		if ((name = strdup(*member(old, ch->type->name))) == NULL)
			return (verr_set(ve, "", "out of memory"));
		free(ch->name);
		ch->name = name;
	}
	if (ch->head.op == CTL_REMOVE)
		return (1);
	m->rec = old != NULL ? record_dup(rec, old) : record_new(rec);
	if (m->rec == NULL)
		return (verr_set(ve, "", "out of memory"));
	if (change_record(q, ch, m->rec, old, ve) == -1)
		return (-1);
	return (old == NULL || !record_equal(rec, m->rec, old));
}

static int
change_record(struct quorum *q, struct change *ch, void *new, const void *old,
    struct verr *ve)
{
	const void	*other;
	char		 id[37];

	if (old == NULL) {
		fmt_uuid(id, sizeof(id));
		if (set_field(ch, new, "id", id, ve) == -1 ||
		    set_field(ch, new, "name", ch->name, ve) == -1)
			return (-1);
	}
	if (ch->head.op == CTL_ENABLE || ch->head.op == CTL_DISABLE) {
		if (set_field(ch, new, "disabled",
		    ch->head.op == CTL_DISABLE ? "true" : "false", ve) == -1)
			return (-1);
	} else if (set_pairs(q, ch, new, ve) == -1)
		return (-1);
	if (record_validate(ch->type->rec, new, "", ve) == -1)
		return (-1);
	other = find(q, ch->head.object, *member(new, ch->type->name));
	if (other != NULL && other != old)
		return (verr_set(ve, "", "%s \"%s\" exists",
		    ch->type->rec->name, *member(new, ch->type->name)));
	return (0);
}

static int
set_pairs(struct quorum *q, struct change *ch, void *new, struct verr *ve)
{
	struct check	*check = new;
	const char	*field;
	uint32_t	 i;

	for (i = 0; i < ch->head.npairs; i++) {
		field = ch->pairs[i].field;
		if (strcmp(field, "id") == 0)
			return (verr_set(ve, "id", "is never changed"));
		if (set_field(ch, new, field, ch->pairs[i].value, ve) == -1)
			return (-1);
		if (ch->head.object != CTL_CHECK)
			continue;
		if (strcmp(field, "alert_ids") == 0 &&
		    resolve_alerts(q, &check->alert_ids, ve) == -1)
			return (-1);
		if (strcmp(field, "suppress_alert_ids") == 0 &&
		    resolve_alerts(q, &check->suppress_alert_ids, ve) == -1)
			return (-1);
	}
	return (0);
}

static int
set_field(struct change *ch, void *new, const char *name, const char *value,
    struct verr *ve)
{
	const struct field	*f;

	if ((f = record_field(ch->type->rec, name)) == NULL)
		return (verr_set(ve, name, "no such field of a %s",
		    ch->type->rec->name));
	return (field_set(f, new, value, ve));
}

/* Names become ids, so that the check keeps an alert that is renamed. */
static int
resolve_alerts(struct quorum *q, struct strlist *list, struct verr *ve)
{
	const struct alert	*alert;
	char			*id;
	uint32_t		 i;

	for (i = 0; i < list->n; i++) {
		if ((alert = find(q, CTL_ALERT, list->v[i])) == NULL)
			return (verr_set(ve, "", "alert \"%s\" is not known",
			    list->v[i]));
		if ((id = strdup(alert->id)) == NULL)
			return (verr_set(ve, "", "out of memory"));
		free(list->v[i]);
		list->v[i] = id;
	}
	return (0);
}

/* But for who wrote it when. */
static int
same_content(const struct cluster *a, const struct cluster *b)
{
	struct cluster	 other = *b;

	other.updated_at = a->updated_at;
	other.updated_by = a->updated_by;
	return (record_equal(&cluster_record, a, &other));
}
