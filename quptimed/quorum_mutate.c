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
#include "quorum.h"
#include "template.h"

/*
 * Changes of the configuration.  The next one is made as a view that shares
 * with the present one whatever stays; it is written; and only then put in
 * force.  A change that cannot be written has not happened.
 */

static int	 view(struct quorum *, struct mutation *, struct cluster *,
		    struct verr *);
static int	 view_list(struct reclist *, const struct mutation *,
		    struct verr *);
static int	 stage(struct quorum *, struct mutation *, struct cluster *,
		    struct verr *);
static void	 view_free(struct mutation *, const struct mutation *,
		    struct cluster *);
static void	 install(struct quorum *, struct mutation *,
		    struct cluster *);
static void	 install_lists(struct quorum *, struct mutation *,
		    struct cluster *);
static void	 install_record(struct quorum *, struct mutation *);
static void	 install_check(struct quorum *, const struct mutation *);
static void	 install_all(struct quorum *, struct mutation *,
		    struct cluster *);

#define LIST(o, s, l, i, n)						\
	[o] = { &s##_record, offsetof(struct cluster, l),		\
	    offsetof(struct s, i), offsetof(struct s, n), #l }

const struct list_type	list_types[OBJ_MAX] = {
	LIST(CTL_CHECK, check, checks, id, name),
	LIST(CTL_ALERT, alert, alerts, id, name),
	LIST(CTL_PEER, peer, peers, node_id, node_id),
	[OBJ_ENROLLMENT] = { &enrollment_record,
	    offsetof(struct cluster, enrollments),
	    offsetof(struct enrollment, id),
	    offsetof(struct enrollment, name), "pending_enrollments" }
};

int
mutation_apply(struct quorum *q, struct mutation *m, struct verr *ve)
{
	struct cluster	 next;

	if (view(q, m, &next, ve) == -1)
		return (-1);
	if (q->commit != NULL)
		return (stage(q, m, &next, ve));
	if (store_save(&q->store, &next, ve) == -1) {
		view_free(m, NULL, &next);
		return (-1);
	}
	install(q, m, &next);
	return (0);
}

/* For a majority to have before it is in force. */
static int
stage(struct quorum *q, struct mutation *m, struct cluster *next,
    struct verr *ve)
{
	struct mutation	*i;
	int		 rv;

	rv = commit_stage(q, next, ve);
	view_free(m, NULL, next);
	if (rv == -1)
		return (-1);
	/* It is a copy: what was taken over is done with. */
	if (m->kind == MUT_RESOLVERS)
		strlist_clear(&m->resolvers);
	else if (m->kind == MUT_REPLACE)
		record_clear(&cluster_record, m->with);
	else
		for (i = m; i != NULL; i = i->also) {
			if (i->rec != NULL)
				record_free(list_types[i->object].rec,
				    i->rec);
			i->rec = NULL;
		}
	return (0);
}

int
config_install(struct quorum *q, struct cluster *cl, struct verr *ve)
{
	if (store_save(&q->store, cl, ve) == -1)
		return (-1);
	config_replace(q, cl);
	return (0);
}

void
config_replace(struct quorum *q, struct cluster *cl)
{
	struct mutation	 m;
	struct cluster	 next = *cl, shell = *cl;

	/* Nothing of it is made here. */
	shell.updated_by = NULL;
	memset(&m, 0, sizeof(m));
	m.kind = MUT_REPLACE;
	m.with = &shell;
	install(q, &m, &next);
	memset(cl, 0, sizeof(*cl));
}

struct alert *
mutate_find_alert(struct quorum *q, const char *name)
{
	return (mutate_find(q, CTL_ALERT, name));
}

void *
mutate_find(struct quorum *q, unsigned int object, const char *name)
{
	const struct list_type	*type = &list_types[object];
	const struct reclist	*list = list_of(&q->cluster, object);
	const struct qcheck	*c;
	void			*rec;

	if (object == CTL_CHECK)
		return ((c = checks_find(q, name)) != NULL ? c->conf : NULL);
	if ((rec = list_find(list, type->id, name)) != NULL)
		return (rec);
	return (list_find(list, type->name, name));
}

int
mutate_templates(const struct quorum *q, const struct cluster *next,
    struct verr *ve)
{
	const struct list_type	*type = &list_types[CTL_ALERT];
	const struct alert	*a;
	uint32_t		 i;

	for (i = 0; i < next->alerts.n; i++) {
		a = next->alerts.v[i];
		if (template_check(a, list_find(&q->cluster.alerts, type->id,
		    a->id), ve) == -1) {
			verr_prefix(ve, "alerts[%u]", i);
			return (-1);
		}
	}
	return (0);
}

struct reclist *
list_of(const struct cluster *cl, unsigned int object)
{
	return ((struct reclist *)((uintptr_t)cl +
	    list_types[object].offset));
}

char **
list_member(const void *rec, size_t offset)
{
	return ((char **)((uintptr_t)rec + offset));
}

void *
list_find(const struct reclist *list, size_t offset, const char *value)
{
	uint32_t	 i;

	if (*value == '\0')
		return (NULL);
	for (i = 0; i < list->n; i++)
		if (strcmp(str(*list_member(list->v[i], offset)), value) == 0)
			return (list->v[i]);
	return (NULL);
}

uint32_t
list_place(const struct reclist *list, const void *rec)
{
	uint32_t	 i;

	for (i = 0; i < list->n && list->v[i] != rec; i++)
		;
	return (i);
}

/* What the configuration will be; shares all but the lists that change. */
static int
view(struct quorum *q, struct mutation *m, struct cluster *next,
    struct verr *ve)
{
	struct mutation	*i;
	char		*by;

	if (!q->master)
		return (verr_set(ve, "", "no quorum: refusing mutation"));
	if (q->cluster.version == UINT64_MAX)
		return (verr_set(ve, "version", "cannot go any higher"));
	if ((by = strdup(q->node.node_id)) == NULL)
		return (verr_set(ve, "", "out of memory"));
	*next = m->kind == MUT_REPLACE ? *m->with : q->cluster;
	next->version = q->cluster.version + 1;
	next->updated_at = wall_now();
	next->updated_by = by;
	if (m->kind == MUT_REPLACE)
		return (0);
	if (m->kind == MUT_RESOLVERS) {
		next->resolvers = m->resolvers;
		return (0);
	}
	for (i = m; i != NULL; i = i->also)
		if (view_list(list_of(next, i->object), i, ve) == -1) {
			view_free(m, i, next);
			return (-1);
		}
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

/* Of the changes before end. */
static void
view_free(struct mutation *m, const struct mutation *end,
    struct cluster *next)
{
	free(next->updated_by);
	if (m->kind != MUT_PUT && m->kind != MUT_REMOVE)
		return;
	for (; m != end; m = m->also)
		free(list_of(next, m->object)->v);
}

/*
 * The others hear of it before what was there before is freed, as they may
 * still look at it.
 */
static void
install(struct quorum *q, struct mutation *m, struct cluster *next)
{
	struct cluster	 was = q->cluster;

	if (m->kind == MUT_REPLACE) {
		install_all(q, m, next);
		quorum_config_changed(q);
		publish_changed(q);
		record_clear(&cluster_record, &was);
		return;
	}
	install_lists(q, m, next);
	quorum_config_changed(q);
	publish_changed(q);
	if (m->kind == MUT_RESOLVERS)
		strlist_clear(&was.resolvers);
	else
		for (; m != NULL; m = m->also)
			record_free(list_types[m->object].rec, m->old);
	free(was.updated_by);
}

static void
install_lists(struct quorum *q, struct mutation *m, struct cluster *next)
{
	struct mutation	*i;
	struct reclist	*list;

	if (m->kind == MUT_RESOLVERS) {
		q->cluster = *next;
		memset(&m->resolvers, 0, sizeof(m->resolvers));
		return;
	}
	for (i = m; i != NULL; i = i->also) {
		list = list_of(&q->cluster, i->object);
		i->old = i->index < list->n ? list->v[i->index] : NULL;
		free(list->v);
	}
	q->cluster = *next;
	for (i = m; i != NULL; i = i->also)
		install_record(q, i);
}

static void
install_record(struct quorum *q, struct mutation *m)
{
	const struct alert	*alert = m->old;

	if (m->kind == MUT_REMOVE)
		ctl_removed(q, list_of(&q->cluster, m->object), m->index);
	if (m->object == CTL_CHECK)
		install_check(q, m);
	else if (m->object == CTL_ALERT && alert != NULL && !alert->disabled &&
	    (m->kind == MUT_REMOVE || ((struct alert *)m->rec)->disabled ||
	    strcmp(alert->id, ((struct alert *)m->rec)->id) != 0))
		alert_cancel(q, alert);
	m->rec = NULL;
}

/* Another id in the place of one is another check. */
static void
install_check(struct quorum *q, const struct mutation *m)
{
	const struct check	*old = m->old;
	struct check		*new = m->rec;
	struct qcheck		*c;

	if (old == NULL) {
		checks_add(q, new);
		return;
	}
	c = checks_find_id(q, old->id);
	if (m->kind == MUT_PUT && strcmp(old->id, new->id) == 0) {
		checks_change(q, c, new);
		return;
	}
	checks_remove(q, c);
	if (m->kind == MUT_PUT)
		checks_add(q, new);
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
		new = list_find(&next->alerts, type->id, old->id);
		if (!old->disabled && (new == NULL || new->disabled))
			alert_cancel(q, old);
	}
	q->cluster = *next;
	ctl_replaced(q, &was);
	free(m->with->updated_by);
	memset(m->with, 0, sizeof(*m->with));
}
