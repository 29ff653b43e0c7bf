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


#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmt.h"
#include "quorum.h"
#include "template.h"

/*
 * What a change means: the rules of protocol 1, with its words, and what this
 * master asks on top of them.
 */

#define QUOTE_MAX	200	/* of a name in an error */
#define VIS_MAX		320
#define WHAT_MAX	400

typedef int	 make(struct quorum *, struct proposal *, struct mutation *,
		    struct verr *);

static int	 make_check(struct quorum *, struct proposal *,
		    struct mutation *, struct verr *);
static int	 make_alert(struct quorum *, struct proposal *,
		    struct mutation *, struct verr *);
static int	 make_peer(struct quorum *, struct proposal *,
		    struct mutation *, struct verr *);
static int	 make_enrollment(struct quorum *, struct proposal *,
		    struct mutation *, struct verr *);
static int	 make_pending(struct quorum *, struct proposal *,
		    struct mutation *, struct verr *);
static int	 make_approval(struct quorum *, struct proposal *,
		    struct mutation *, struct verr *);
static int	 make_removal(struct quorum *, struct proposal *,
		    struct mutation *, struct verr *);
static int	 make_resolvers(struct quorum *, struct proposal *,
		    struct mutation *, struct verr *);
static int	 make_replacement(struct quorum *, struct proposal *,
		    struct mutation *, struct verr *);
static int	 put(struct quorum *, struct mutation *, unsigned int, void *,
		    const void *, const void *, struct verr *);
static int	 keep_enrollments(struct quorum *, struct cluster *);
static int	 clash(const char *, const char *, struct verr *);
static int	 token_usable(const struct enrollment *, struct verr *);
static int	 may_join(struct quorum *, const struct pending_join *,
		    struct verr *);
static int	 key_free(struct quorum *, const char *, const char *,
		    struct verr *);
static void	 describe(struct quorum *, const struct mutation *, char *,
		    size_t);

static make *const	makers[PROP_KINDS] = {
	[PROP_ADD_CHECK] = make_check,
	[PROP_REMOVE_CHECK] = make_removal,
	[PROP_ADD_ALERT] = make_alert,
	[PROP_REMOVE_ALERT] = make_removal,
	[PROP_ADD_PEER] = make_peer,
	[PROP_REMOVE_PEER] = make_removal,
	[PROP_REPLACE_CONFIG] = make_replacement,
	[PROP_ADD_ENROLLMENT] = make_enrollment,
	[PROP_REMOVE_ENROLLMENT] = make_removal,
	[PROP_RECORD_PENDING] = make_pending,
	[PROP_APPROVE_ENROLLMENT] = make_approval,
	[PROP_SET_RESOLVERS] = make_resolvers
};

int
mutate_apply(struct quorum *q, struct proposal *p, struct verr *ve)
{
	struct mutation	 m, also;
	char		 what[WHAT_MAX];

	memset(&m, 0, sizeof(m));
	memset(&also, 0, sizeof(also));
	if (p->kind >= PROP_KINDS)
		return (verr_set(ve, "", "unknown mutation kind"));
	if (p->kind == PROP_APPROVE_ENROLLMENT)
		m.also = &also;
	if (makers[p->kind](q, p, &m, ve) == -1)
		goto fail;
	describe(q, &m, what, sizeof(what));
	if (mutation_apply(q, &m, ve) == -1)
		goto fail;
	if (q->commit != NULL) {
		commit_staged(q, what);
		return (0);
	}
	log_info("version %llu: %s", (unsigned long long)q->cluster.version,
	    what);
	monitor_event(q, "config", "", "version %llu: %s",
	    (unsigned long long)q->cluster.version, what);
	return (0);

 fail:
	strlist_clear(&m.resolvers);
	if (m.rec != NULL)
		record_free(list_types[m.object].rec, m.rec);
	return (-1);
}

static int
make_check(struct quorum *q, struct proposal *p, struct mutation *m,
    struct verr *ve)
{
	struct check		*c = p->check;
	const struct qcheck	*id, *name;

	if (c == NULL || *str(c->id) == '\0' || *str(c->name) == '\0')
		return (verr_set(ve, "", "check needs id and name"));
	p->check = NULL;
	id = checks_find_id(q, c->id);
	name = checks_find_name(q, c->name);
	return (put(q, m, CTL_CHECK, c, id != NULL ? id->conf : NULL,
	    name != NULL ? name->conf : NULL, ve));
}

static int
make_alert(struct quorum *q, struct proposal *p, struct mutation *m,
    struct verr *ve)
{
	const struct list_type	*type = &list_types[CTL_ALERT];
	const struct reclist	*list = &q->cluster.alerts;
	struct alert		*a = p->alert, *old;

	if (a == NULL || *str(a->id) == '\0' || *str(a->name) == '\0')
		return (verr_set(ve, "", "alert needs id and name"));
	old = list_find(list, type->id, a->id);
	if (template_check(a, old, ve) == -1)
		return (-1);
	p->alert = NULL;
	return (put(q, m, CTL_ALERT, a, old,
	    list_find(list, type->name, a->name), ve));
}

static int
make_peer(struct quorum *q, struct proposal *p, struct mutation *m,
    struct verr *ve)
{
	struct peer	*peer = p->peer;
	const void	*old;

	if (peer == NULL || *str(peer->node_id) == '\0')
		return (verr_set(ve, "", "peer needs node_id"));
	p->peer = NULL;
	old = mutate_find(q, CTL_PEER, peer->node_id);
	if (put(q, m, CTL_PEER, peer, old, NULL, ve) == -1)
		return (-1);
	return (key_free(q, peer->node_id, str(peer->fingerprint), ve));
}

static int
make_enrollment(struct quorum *q, struct proposal *p, struct mutation *m,
    struct verr *ve)
{
	const struct list_type	*type = &list_types[OBJ_ENROLLMENT];
	const struct reclist	*list = &q->cluster.enrollments;
	struct enrollment	*e = p->enrollment;
	const struct enrollment	*old, *name;

	if (e == NULL || *str(e->id) == '\0' || *str(e->secret_hash) == '\0')
		return (verr_set(ve, "", "enrollment needs id and "
		    "secret_hash"));
	p->enrollment = NULL;
	old = list_find(list, type->id, e->id);
	name = list_find(list, type->name, str(e->name));
	if (put(q, m, OBJ_ENROLLMENT, e, old, NULL, ve) == -1)
		return (-1);
	if (name != NULL && name != old)
		return (clash(e->name, "enrollment", ve));
	return (0);
}

/* Whoever comes first waits; nobody takes his place. */
static int
make_pending(struct quorum *q, struct proposal *p, struct mutation *m,
    struct verr *ve)
{
	const struct list_type		*type = &list_types[OBJ_ENROLLMENT];
	const struct reclist		*list = &q->cluster.enrollments;
	struct wire_record_pending	*r = p->pending;
	struct enrollment		*e, *new;
	char				 name[QUOTE_MAX];

	if (r == NULL || *str(r->id) == '\0' || r->pending_join == NULL)
		return (verr_set(ve, "", "record-pending needs id and "
		    "pending_join"));
	if ((e = list_find(list, type->id, r->id)) == NULL)
		return (verr_set(ve, "", "no such enrollment %s",
		    fmt_quote(r->id, name, sizeof(name))));
	if (token_usable(e, ve) == -1 ||
	    may_join(q, r->pending_join, ve) == -1)
		return (-1);
	if (e->pending_join != NULL &&
	    (strcmp(str(e->pending_join->node_id),
	    str(r->pending_join->node_id)) != 0 ||
	    strcmp(str(e->pending_join->fingerprint),
	    str(r->pending_join->fingerprint)) != 0))
		return (verr_set(ve, "", "enrollment %s is used by another "
		    "node already", fmt_quote(e->id, name, sizeof(name))));
	if ((new = record_dup(&enrollment_record, e)) == NULL)
		return (verr_set(ve, "", "out of memory"));
	record_free(&pending_join_record, new->pending_join);
	new->pending_join = r->pending_join;
	r->pending_join = NULL;
	return (put(q, m, OBJ_ENROLLMENT, new, e, NULL, ve));
}

/* In one version, so that nobody is a member whose token is still there. */
static int
make_approval(struct quorum *q, struct proposal *p, struct mutation *m,
    struct verr *ve)
{
	const struct enrollment		*e;
	const struct pending_join	*join;
	struct peer			*peer;
	char				 name[QUOTE_MAX];

	fmt_quote(str(p->target), name, sizeof(name));
	if ((e = mutate_find(q, OBJ_ENROLLMENT, str(p->target))) == NULL)
		return (verr_set(ve, "", "no such enrollment %s", name));
	if ((join = e->pending_join) == NULL)
		return (verr_set(ve, "", "enrollment %s has no pending join to "
		    "approve", name));
	if (token_usable(e, ve) == -1 || may_join(q, join, ve) == -1)
		return (-1);
	m->also->kind = MUT_REMOVE;
	m->also->object = OBJ_ENROLLMENT;
	m->also->index = list_place(&q->cluster.enrollments, e);
	if ((peer = record_new(&peer_record)) == NULL)
		return (verr_set(ve, "", "out of memory"));
	m->object = CTL_PEER;
	m->rec = peer;
	if ((peer->node_id = strdup(str(join->node_id))) == NULL ||
	    (peer->advertise = strdup(str(join->advertise))) == NULL ||
	    (peer->fingerprint = strdup(str(join->fingerprint))) == NULL ||
	    (peer->cert_pem = strdup(str(join->cert_pem))) == NULL)
		return (verr_set(ve, "", "out of memory"));
	return (put(q, m, CTL_PEER, peer,
	    mutate_find(q, CTL_PEER, peer->node_id), NULL, ve));
}

static int
make_removal(struct quorum *q, struct proposal *p, struct mutation *m,
    struct verr *ve)
{
	const void	*rec;
	char		 name[QUOTE_MAX];

	if (p->kind == PROP_REMOVE_CHECK)
		m->object = CTL_CHECK;
	else if (p->kind == PROP_REMOVE_ALERT)
		m->object = CTL_ALERT;
	else if (p->kind == PROP_REMOVE_PEER)
		m->object = CTL_PEER;
	else
		m->object = OBJ_ENROLLMENT;
	if ((rec = mutate_find(q, m->object, str(p->target))) == NULL)
		return (verr_set(ve, "", "no such %s %s",
		    list_types[m->object].rec->name,
		    fmt_quote(str(p->target), name, sizeof(name))));
	if (m->object == CTL_PEER && q->cluster.peers.n == 1)
		return (verr_set(ve, "", "the last peer stays"));
	m->kind = MUT_REMOVE;
	m->index = list_place(list_of(&q->cluster, m->object), rec);
	return (0);
}

static int
make_resolvers(struct quorum *q, struct proposal *p, struct mutation *m,
    struct verr *ve)
{
	struct cluster	 with = q->cluster;
	char		*copy, *s;
	uint32_t	 i;
	int		 rv = 0;

	m->kind = MUT_RESOLVERS;
	for (i = 0; rv == 0 && i < p->resolvers.n; i++) {
		if ((copy = strdup(p->resolvers.v[i])) == NULL)
			return (verr_set(ve, "", "out of memory"));
		for (s = copy + strlen(copy); s > copy &&
		    isspace((unsigned char)s[-1]); s--)
			s[-1] = '\0';
		for (s = copy; isspace((unsigned char)*s); s++)
			;
		if (*s != '\0')
			rv = strlist_add(&m->resolvers, s);
		free(copy);
	}
	if (rv == -1)
		return (verr_set(ve, "", "out of memory"));
	with.resolvers = m->resolvers;
	return (field_validate(record_field(&cluster_record, "resolvers"),
	    &with, ve));
}

static int
make_replacement(struct quorum *q, struct proposal *p, struct mutation *m,
    struct verr *ve)
{
	struct cluster	*with = p->config;

	if (with == NULL)
		return (verr_set(ve, "", "replace_config needs a config"));
	if (keep_enrollments(q, with) == -1)
		return (verr_set(ve, "", "out of memory"));
	if (record_validate(&cluster_record, with, "", ve) == -1)
		return (-1);
	if (q->cluster.peers.n > 0 &&
	    heart_find(with, q->node.node_id) == NULL)
		return (verr_set(ve, "peers", "must list the master"));
	if (mutate_protocol(q, with, ve) == -1)
		return (-1);
	m->kind = MUT_REPLACE;
	m->with = with;
	return (0);
}

int
mutate_protocol(struct quorum *q, const struct cluster *with,
    struct verr *ve)
{
	const struct qpeer	*p;
	char			 list[sizeof(ve->msg) / 2] = "";

	if ((with->protocol >= 2) == (q->cluster.protocol >= 2))
		return (0);
	if (q->cluster.protocol >= 2)
		return (verr_set(ve, "protocol", "there is no way back from "
		    "2"));
	TAILQ_FOREACH(p, &q->peers, entry) {
		if (p->conf == NULL || (p->proto >= 2 &&
		    heart_live(q, p->node_id)))
			continue;
		(void)strlcat(list, *list != '\0' ? ", " : "", sizeof(list));
		(void)strlcat(list, p->node_id, sizeof(list));
	}
	if (*list != '\0')
		return (verr_set(ve, "protocol", "not there, or not able to "
		    "speak 2: %s", list));
	return (0);
}

/* Of a replacement only peers, checks, alerts and resolvers count. */
static int
keep_enrollments(struct quorum *q, struct cluster *with)
{
	struct enrollment	*e;
	uint32_t		 i;

	while (with->enrollments.n > 0)
		record_free(&enrollment_record, reclist_take(&with->enrollments,
		    with->enrollments.n - 1));
	for (i = 0; i < q->cluster.enrollments.n; i++) {
		e = record_dup(&enrollment_record,
		    CLUSTER_ENROLLMENT(&q->cluster, i));
		if (e == NULL)
			return (-1);
		if (reclist_add(&with->enrollments, e) == -1) {
			record_free(&enrollment_record, e);
			return (-1);
		}
	}
	xnode_free(with->extra);
	with->extra = NULL;
	if (q->cluster.extra == NULL)
		return (0);
	return ((with->extra = xnode_dup(q->cluster.extra)) != NULL ? 0 : -1);
}

/*
 * Into the place of the first that has its id or its name; taken over either
 * way.  When these are two, two would have the same name.
 */
static int
put(struct quorum *q, struct mutation *m, unsigned int object, void *rec,
    const void *id, const void *name, struct verr *ve)
{
	const struct list_type	*type = &list_types[object];
	const struct reclist	*list = list_of(&q->cluster, object);
	const void		*old = id != NULL ? id : name;

	m->kind = MUT_PUT;
	m->object = object;
	m->rec = rec;
	m->index = old != NULL ? list_place(list, old) : list->n;
	if (record_validate(type->rec, rec, "", ve) == -1)
		return (-1);
	if (id != NULL && name != NULL && id != name)
		return (clash(*list_member(rec, type->name), type->rec->name,
		    ve));
	return (0);
}

static int
clash(const char *name, const char *object, struct verr *ve)
{
	char	 buf[QUOTE_MAX];

	return (verr_set(ve, "", "%s %s exists", object,
	    fmt_quote(name, buf, sizeof(buf))));
}

static int
token_usable(const struct enrollment *e, struct verr *ve)
{
	char	 name[QUOTE_MAX];

	if (!enroll_expired(e))
		return (0);
	return (verr_set(ve, "", "enrollment %s has expired",
	    fmt_quote(e->id, name, sizeof(name))));
}

/* A member keeps its key, and a key its member, whatever a token allows. */
static int
may_join(struct quorum *q, const struct pending_join *join, struct verr *ve)
{
	const struct peer	*peer;
	char			 name[QUOTE_MAX];

	if (record_validate(&pending_join_record, join, "pending_join",
	    ve) == -1)
		return (-1);
	if (*str(join->fingerprint) == '\0')
		return (verr_set(ve, "pending_join.fingerprint",
		    "must not be empty"));
	peer = mutate_find(q, CTL_PEER, join->node_id);
	if (peer != NULL &&
	    strcmp(str(peer->fingerprint), join->fingerprint) != 0)
		return (verr_set(ve, "", "node %s is a member with another "
		    "key", fmt_quote(join->node_id, name, sizeof(name))));
	return (key_free(q, join->node_id, join->fingerprint, ve));
}

static int
key_free(struct quorum *q, const char *node_id, const char *fingerprint,
    struct verr *ve)
{
	const struct peer	*peer;
	char			 name[QUOTE_MAX];
	uint32_t		 i;

	if (*fingerprint == '\0')
		return (0);
	for (i = 0; i < q->cluster.peers.n; i++) {
		peer = CLUSTER_PEER(&q->cluster, i);
		if (strcmp(str(peer->fingerprint), fingerprint) == 0 &&
		    strcmp(peer->node_id, node_id) != 0)
			return (verr_set(ve, "fingerprint", "is that of %s",
			    fmt_quote(peer->node_id, name, sizeof(name))));
	}
	return (0);
}

/* For the log, while what is removed is still there. */
static void
describe(struct quorum *q, const struct mutation *m, char *buf, size_t len)
{
	const struct list_type	*type;
	const struct reclist	*list;
	const void		*rec;
	const char		*name;
	char			 vis[VIS_MAX];

	if (m->kind == MUT_REPLACE || m->kind == MUT_RESOLVERS) {
		(void)snprintf(buf, len, "%s", m->kind == MUT_REPLACE ?
		    "configuration replaced" : "resolvers set");
		return;
	}
	type = &list_types[m->object];
	list = list_of(&q->cluster, m->object);
	rec = m->kind == MUT_PUT ? m->rec : list->v[m->index];
	name = str(*list_member(rec, type->name));
	if (*name == '\0')
		name = *list_member(rec, type->id);
	(void)snprintf(buf, len, "%s %s %s", m->kind == MUT_REMOVE ?
	    "removed" : m->index < list->n ? "updated" : "added",
	    type->rec->name, fmt_vis(name, vis, sizeof(vis)));
}
