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


#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmt.h"
#include "pack.h"
#include "quorum.h"
#include "resolve.h"
#include "template.h"

/*
 * What clients want changed, made into what the master is asked to change.  The
 * client hears of it when the outcome is known.
 */

#define PAIRS_MAX	64
#define VALUE_MAX	CTL_MAXSIZE
#define VIS_MAX		320

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

/* A client that waits, and what it is told when all is well. */
struct asked {
	uint32_t	 client;
	char		 what[VIS_MAX + 64];
};

static void	 propose(struct quorum *, struct proposal *, uint32_t,
		    const char *, const char *, const char *);
static void	 proposed(struct quorum *, uint64_t, const char *, void *);
static int	 change_parse(struct change *, struct imsg *);
static void	 change_free(struct change *);
static int	 change_make(struct quorum *, struct change *,
		    struct proposal *, struct verr *);
static int	 change_allowed(const struct change *, struct verr *);
static void	 set_record(struct proposal *, unsigned int, void *);
static int	 change_record(struct quorum *, struct change *, void *,
		    const void *, struct verr *);
static int	 set_pairs(struct quorum *, struct change *, void *,
		    struct verr *);
static int	 set_field(struct change *, void *, const char *,
		    const char *, struct verr *);
static int	 resolve_alerts(struct quorum *, struct strlist *,
		    struct verr *);
static int	 resolvers_parse(struct proposal *, struct imsg *);

static const enum proposal_kind	removals[] = {
	[CTL_CHECK] = PROP_REMOVE_CHECK,
	[CTL_ALERT] = PROP_REMOVE_ALERT,
	[CTL_PEER] = PROP_REMOVE_PEER
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

void
mutate_request(struct quorum *q, struct imsg *imsg)
{
	struct change	 ch;
	struct proposal	 p;
	struct verr	 ve;
	char		 buf[640], vis[VIS_MAX];
	uint32_t	 client = imsg_get_id(imsg);
	const char	*object;
	int		 rv;

	memset(&ch, 0, sizeof(ch));
	memset(&p, 0, sizeof(p));
	if (change_parse(&ch, imsg) == -1) {
		ctl_result(q, client, CTL_REFUSED, "malformed request");
		change_free(&ch);
		return;
	}
	object = ch.type->rec->name;
	rv = change_make(q, &ch, &p, &ve);
	fmt_vis(ch.name, vis, sizeof(vis));
	if (rv == -1)
		ctl_result(q, client, CTL_REFUSED, "%s",
		    verr_string(&ve, buf, sizeof(buf)));
	else if (rv == 0)
		ctl_result(q, client, CTL_OK, "%s %s %s", object, vis,
		    unchanged[ch.head.op]);
	else
		propose(q, &p, client, done[ch.head.op], object, vis);
	proposal_clear(&p);
	change_free(&ch);
}

void
mutate_resolvers(struct quorum *q, struct imsg *imsg)
{
	struct proposal	 p;
	uint32_t	 client = imsg_get_id(imsg), i;
	char		 vis[VIS_MAX];

	memset(&p, 0, sizeof(p));
	p.kind = PROP_SET_RESOLVERS;
	if (resolvers_parse(&p, imsg) == -1) {
		ctl_result(q, client, CTL_REFUSED, "malformed request");
		proposal_clear(&p);
		return;
	}
	for (i = 0; i < p.resolvers.n && addr_isserver(p.resolvers.v[i]); i++)
		;
	if (i < p.resolvers.n)
		ctl_result(q, client, CTL_REFUSED, "resolver %s: must be "
		    "address or address:port",
		    fmt_vis(p.resolvers.v[i], vis, sizeof(vis)));
	else
		propose(q, &p, client, p.resolvers.n > 0 ? "set" : "cleared",
		    "resolvers", "");
	proposal_clear(&p);
}

/* Asked here too: a master that is no quptimed would not know the field. */
void
mutate_upgrade(struct quorum *q, struct imsg *imsg)
{
	struct proposal	 prop;
	struct verr	 ve;
	char		 buf[640];
	uint32_t	 client = imsg_get_id(imsg);

	if (q->cluster.protocol >= 2) {
		ctl_result(q, client, CTL_OK, "this is protocol 2 already");
		return;
	}
	memset(&prop, 0, sizeof(prop));
	memset(&ve, 0, sizeof(ve));
	prop.kind = PROP_REPLACE_CONFIG;
	prop.config = record_dup(&cluster_record, &q->cluster);
	if (prop.config != NULL)
		prop.config->protocol = 2;
	if (prop.config == NULL)
		ctl_result(q, client, CTL_REFUSED, "out of memory");
	else if (mutate_protocol(q, prop.config, &ve) == -1)
		ctl_result(q, client, CTL_REFUSED, "%s",
		    verr_string(&ve, buf, sizeof(buf)));
	else
		propose(q, &prop, client, "upgraded", "cluster",
		    "to protocol 2");
	proposal_clear(&prop);
}

static void
propose(struct quorum *q, struct proposal *p, uint32_t client,
    const char *verb, const char *object, const char *name)
{
	struct asked	*a;

	if ((a = calloc(1, sizeof(*a))) == NULL) {
		ctl_result(q, client, CTL_REFUSED, "out of memory");
		return;
	}
	a->client = client;
	(void)snprintf(a->what, sizeof(a->what), "%s %s%s%s", verb, object,
	    *name != '\0' ? " " : "", name);
	publish_propose(q, p, proposed, a);
}

/* The client may have gone; nobody minds an answer to one who has. */
static void
proposed(struct quorum *q, uint64_t version, const char *error, void *arg)
{
	struct asked	*a = arg;

	if (error != NULL)
		ctl_result(q, a->client, CTL_REFUSED, "%s", error);
	else
		ctl_changed(q, a->client, version, "%s", a->what);
	free(a);
}

static int
change_parse(struct change *ch, struct imsg *imsg)
{
	struct ibuf	 buf;
	uint32_t	 i;

	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_get(&buf, &ch->head, sizeof(ch->head)) == -1)
		return (-1);
	if (ch->head.op > CTL_DISABLE || ch->head.object > CTL_PEER ||
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

/* 1 and what to ask for; 0 when it is so already; -1 and why it cannot be. */
static int
change_make(struct quorum *q, struct change *ch, struct proposal *p,
    struct verr *ve)
{
	const struct record	*rec = ch->type->rec;
	void			*old = NULL, *new;
	char			*name;

	if (change_allowed(ch, ve) == -1)
		return (-1);
	if (ch->head.op != CTL_ADD) {
		old = mutate_find(q, ch->head.object, ch->name);
		if (old == NULL)
			return (verr_set(ve, "", "no such %s \"%s\"",
			    rec->name, ch->name));
		/* It may have been named by its id. */
		if ((name = strdup(*list_member(old, ch->type->name))) == NULL)
			return (verr_set(ve, "", "out of memory"));
		free(ch->name);
		ch->name = name;
	}
	if (ch->head.op == CTL_REMOVE) {
		p->kind = removals[ch->head.object];
		p->target = strdup(*list_member(old, ch->type->id));
		if (p->target == NULL)
			return (verr_set(ve, "", "out of memory"));
		return (1);
	}
	new = old != NULL ? record_dup(rec, old) : record_new(rec);
	if (new == NULL)
		return (verr_set(ve, "", "out of memory"));
	set_record(p, ch->head.object, new);
	if (change_record(q, ch, new, old, ve) == -1)
		return (-1);
	return (old == NULL || !record_equal(rec, new, old));
}

/* Peers come by tokens, and their keys stay what they are. */
static int
change_allowed(const struct change *ch, struct verr *ve)
{
	uint32_t	 i;

	if (ch->head.object != CTL_PEER)
		return (0);
	if (ch->head.op != CTL_EDIT && ch->head.op != CTL_REMOVE)
		return (verr_set(ve, "", "not done to a peer"));
	for (i = 0; i < ch->head.npairs; i++)
		if (strcmp(ch->pairs[i].field, "advertise") != 0)
			return (verr_set(ve, ch->pairs[i].field,
			    "is never changed"));
	return (0);
}

static void
set_record(struct proposal *p, unsigned int object, void *rec)
{
	if (object == CTL_CHECK) {
		p->kind = PROP_ADD_CHECK;
		p->check = rec;
	} else if (object == CTL_ALERT) {
		p->kind = PROP_ADD_ALERT;
		p->alert = rec;
	} else {
		p->kind = PROP_ADD_PEER;
		p->peer = rec;
	}
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
	if (record_validate(ch->type->rec, new, "", ve) == -1 ||
	    (ch->head.object == CTL_ALERT &&
	    template_check(new, old, ve) == -1))
		return (-1);
	other = mutate_find(q, ch->head.object,
	    *list_member(new, ch->type->name));
	if (other != NULL && other != old)
		return (verr_set(ve, "", "%s \"%s\" exists",
		    ch->type->rec->name, *list_member(new, ch->type->name)));
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
		return (verr_set(ve, name, "%ss have no such field",
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
		alert = mutate_find_alert(q, list->v[i]);
		if (alert == NULL)
			return (verr_set(ve, "", "alert \"%s\" is not known",
			    list->v[i]));
		if ((id = strdup(alert->id)) == NULL)
			return (verr_set(ve, "", "out of memory"));
		free(list->v[i]);
		list->v[i] = id;
	}
	return (0);
}

static int
resolvers_parse(struct proposal *p, struct imsg *imsg)
{
	struct ibuf	 buf;
	uint32_t	 i, n;
	char		*s;
	int		 rv;

	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_get(&buf, &n, sizeof(n)) == -1 || n > MAX_LIST)
		return (-1);
	for (i = 0; i < n; i++) {
		if ((s = unpack_string(&buf, LIST_ENTRY_MAX)) == NULL)
			return (-1);
		rv = strlist_add(&p->resolvers, s);
		free(s);
		if (rv == -1)
			return (-1);
	}
	return (ibuf_size(&buf) == 0 ? 0 : -1);
}
