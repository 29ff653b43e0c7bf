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

#include "quorum.h"
#include "version.h"

/*
 * What is shown, to clients by rows and to other nodes as Status.  On a node
 * that is not master, states are those that the master told: its view.
 */

#define NAME_LEN_MAX	1024
#define MORE		"..."

/* The master's Status, by the id of the check. */
struct mview {
	struct wire_status_res	  res;
	struct wire_check_status **by_id;
	uint32_t		  count[STATE_DOWN + 1];
};

static const struct wire_check_status
		*mview_find(const struct mview *, const char *);
static int	 id_cmp(const void *, const void *);
static enum check_state
		 state_of(const char *);
static int	 add_peer(struct quorum *, struct wire_status_res *,
		    const struct peer *);
static int	 add_check(struct quorum *, struct wire_status_res *,
		    const struct qcheck *, int);
static int	 add_results(struct quorum *, struct wire_status_res *,
		    const struct qcheck *);
static void	 result_of(struct quorum *, const struct qcheck *,
		    const struct peer *, struct node_result *);
static int	 alert_names(const struct quorum *, const struct check *,
		    struct strlist *);

/* Takes what the answer holds. */
struct mview *
mview_new(const void *result)
{
	struct wire_status_res	*res = (void *)(uintptr_t)result;
	struct mview		*v;
	uint32_t		 i;

	if ((v = calloc(1, sizeof(*v))) == NULL)
		return (NULL);
	v->res = *res;
	memset(res, 0, sizeof(*res));
	if ((v->by_id = calloc(v->res.checks.n + 1,
	    sizeof(*v->by_id))) == NULL) {
		mview_free(v);
		return (NULL);
	}
	for (i = 0; i < v->res.checks.n; i++) {
		v->by_id[i] = v->res.checks.v[i];
		if (!v->by_id[i]->disabled)
			v->count[state_of(v->by_id[i]->state)]++;
	}
	qsort(v->by_id, v->res.checks.n, sizeof(*v->by_id), id_cmp);
	return (v);
}

void
mview_free(struct mview *v)
{
	if (v == NULL)
		return;
	record_clear(wire_result_record(WIRE_STATUS), &v->res);
	free(v->by_id);
	free(v);
}

int
status_fill(struct quorum *q, const char *id, int quptimed,
    struct wire_status_res *res)
{
	const struct check	*check;
	const struct qcheck	*c;
	uint32_t		 i;

	res->node_id = strdup(q->node.node_id);
	res->master_id = strdup(str(heart_master(q)));
	if (res->node_id == NULL || res->master_id == NULL)
		return (-1);
	res->term = heart_term(q);
	res->config_version = q->cluster.version;
	res->has_quorum = heart_has_quorum(q);
	res->quorum_size = quorum_size(q);
	for (i = 0; i < q->cluster.peers.n; i++)
		if (add_peer(q, res, CLUSTER_PEER(&q->cluster, i)) == -1)
			return (-1);
	if (*id != '\0')
		return ((c = checks_find_id(q, id)) == NULL ? 0 :
		    add_check(q, res, c, quptimed) == -1 ? -1 :
		    add_results(q, res, c));
	for (i = 0; i < q->cluster.checks.n; i++) {
		check = CLUSTER_CHECK(&q->cluster, i);
		if ((c = checks_find_id(q, check->id)) != NULL &&
		    add_check(q, res, c, quptimed) == -1)
			return (-1);
	}
	return (0);
}

/* Rows borrow the strings they show. */
void
row_status(struct quorum *q, uint32_t client, const struct mview *view)
{
	const uint32_t	*count = view != NULL ? view->count : q->checks.count;
	struct status	 s;
	char		 trouble[128] = "";

	memset(&s, 0, sizeof(s));
	if (join_is_seeded(q))
		(void)strlcpy(trouble, "this node waits to be let in",
		    sizeof(trouble));
	else if (!heart_is_member(q))
		(void)strlcpy(trouble, "this node is no member",
		    sizeof(trouble));
	else if (!heart_has_quorum(q))
		(void)snprintf(trouble, sizeof(trouble),
		    "no quorum: %u of %u live, %lld needed",
		    heart_nlive(q), q->legacy.n,
		    (long long)quorum_size(q));
	else if (heart_master(q) == NULL)
		(void)strlcpy(trouble, "an election is under way",
		    sizeof(trouble));
	s.trouble = trouble;
	s.node_id = q->node.node_id;
	s.term = heart_term(q);
	s.master_id = (char *)(uintptr_t)heart_master(q);
	s.config_version = q->cluster.version;
	s.has_quorum = heart_has_quorum(q);
	s.quorum_size = quorum_size(q);
	s.version = QUPTIMED_VERSION;
	s.uptime = mono_sub(mono_now(), q->started).ns;
	s.checks_up = count[STATE_UP];
	s.checks_down = count[STATE_DOWN];
	s.checks_unknown = count[STATE_UNKNOWN];
	s.checks_disabled = q->checks.ndisabled;
	ctl_row(q, client, IMSG_CTL_STATUS, &status_record, &s);
}

void
row_peer(struct quorum *q, uint32_t client, const struct peer *peer)
{
	const struct qpeer	*p;
	struct peer_status	 s;
	struct certinfo		 info;

	memset(&s, 0, sizeof(s));
	s.node_id = peer->node_id;
	s.advertise = peer->advertise;
	s.live = heart_live(q, peer->node_id);
	s.master = strcmp(str(heart_master(q)), peer->node_id) == 0;
	s.rtt = -1;
	if (strcmp(peer->node_id, q->node.node_id) == 0) {
		s.self = s.connected = 1;
		s.last_seen = wall_now();
		s.protocol = "quptimed";
		s.config_version = q->cluster.version;
		if (q->cert != NULL && keys_certinfo(q->cert, strlen(q->cert),
		    &info) == 0)
			s.cert_expires = wall_from_unix(info.not_after, 0);
	} else if ((p = peer_find(q, peer->node_id)) != NULL) {
		s.last_seen = p->last_seen;
		s.rtt = p->rtt;
		s.has_offset = p->has_offset;
		s.clock_offset = p->clock_offset;
		s.config_version = p->config_version;
		if (p->not_after != 0) {
			s.protocol = p->quptimed ? "quptimed" : "quptime";
			s.cert_expires = wall_from_unix(p->not_after, 0);
		}
		s.address = p->address;
		s.connected = p->up;
		if (!p->up)
			s.trouble = p->trouble;
		else if (p->refusing)
			s.trouble = p->refusal;
	} else
		s.trouble = "it has no key";
	ctl_row(q, client, IMSG_CTL_PEER, &peer_status_record, &s);
}

void
row_check(struct quorum *q, uint32_t client, const struct qcheck *c,
    const struct mview *view)
{
	const struct wire_check_status	*said = NULL;
	const struct report		*own;
	struct check_status		 s;
	struct monotime			 now = mono_now();
	struct tally			 tally;

	verdict_tally(&c->verdict,
	    verdict_window(check_interval(c->conf)), now, &tally);
	own = c->verdict.nreports > SELF ? &c->verdict.reports[SELF] : NULL;
	memset(&s, 0, sizeof(s));
	s.check_id = c->conf->id;
	s.name = c->conf->name;
	s.type = c->conf->type;
	s.target = c->conf->target;
	s.disabled = c->conf->disabled;
	s.age = -1;
	if (own != NULL && own->vote != VOTE_NONE) {
		s.latency = own->latency_us * 1000LL;
		s.age = mono_sub(now, own->at).ns;
	}
	if (view != NULL && (said = mview_find(view, c->conf->id)) != NULL) {
		s.state = (char *)(uintptr_t)state_name(state_of(said->state));
		s.ok_count = said->ok_count;
		s.total = said->total;
		s.detail = said->detail;
		s.since = said->since;
	} else {
		s.state = (char *)(uintptr_t)state_name(c->verdict.state);
		s.ok_count = tally.ok;
		s.total = tally.fresh;
		s.detail = (char *)(uintptr_t)tally.detail;
		s.since = c->since;
	}
	if (own != NULL && own->cannot != NULL && *str(s.detail) == '\0')
		s.detail = own->cannot;
	if (alert_names(q, c->conf, &s.alerts) == 0)
		ctl_row(q, client, IMSG_CTL_CHECK, &check_status_record, &s);
	else
		log_warn("%s", __func__);
	strlist_clear(&s.alerts);
}

void
row_results(struct quorum *q, uint32_t client, const struct qcheck *c,
    const struct mview *view)
{
	struct node_result	 r;
	uint32_t		 i;

	if (view != NULL && view->res.results.n > 0) {
		for (i = 0; i < view->res.results.n; i++)
			ctl_row(q, client, IMSG_CTL_NODE_RESULT,
			    &node_result_record, view->res.results.v[i]);
		return;
	}
	for (i = 0; i < q->cluster.peers.n; i++) {
		result_of(q, c, CLUSTER_PEER(&q->cluster, i), &r);
		ctl_row(q, client, IMSG_CTL_NODE_RESULT, &node_result_record,
		    &r);
	}
}

void
row_alert(struct quorum *q, uint32_t client, const struct alert *alert)
{
	struct alert	*masked;

	if ((masked = record_dup(&alert_record, alert)) == NULL ||
	    record_mask(&alert_record, masked) == -1)
		log_warn("%s", __func__);
	else
		ctl_row(q, client, IMSG_CTL_ALERT, &alert_record, masked);
	record_free(&alert_record, masked);
}

void
row_token(struct quorum *q, uint32_t client, const struct enrollment *e,
    const char *text)
{
	struct token_status	 s;

	memset(&s, 0, sizeof(s));
	s.id = e->id;
	s.name = e->name;
	s.auto_approve = e->auto_approve;
	s.created_by = e->created_by;
	s.created_at = e->created_at;
	s.expires_at = e->expires_at;
	s.token = (char *)(uintptr_t)text;
	if (e->pending_join != NULL) {
		s.joiner = e->pending_join->node_id;
		s.advertise = e->pending_join->advertise;
		s.fingerprint = e->pending_join->fingerprint;
		s.submitted_at = e->pending_join->submitted_at;
	}
	ctl_row(q, client, IMSG_CTL_TOKEN, &token_status_record, &s);
}

static const struct wire_check_status *
mview_find(const struct mview *v, const char *id)
{
	struct wire_check_status	 key, *k = &key, **found;

	key.check_id = (char *)(uintptr_t)id;
	found = bsearch(&k, v->by_id, v->res.checks.n, sizeof(*v->by_id),
	    id_cmp);
	return (found != NULL ? *found : NULL);
}

static int
id_cmp(const void *a, const void *b)
{
	const struct wire_check_status *const	*x = a, *const *y = b;

	return (strcmp(str((*x)->check_id), str((*y)->check_id)));
}

static enum check_state
state_of(const char *name)
{
	int	 i;

	for (i = STATE_DOWN; i > STATE_UNKNOWN; i--)
		if (strcmp(str(name), state_name(i)) == 0)
			break;
	return (i);
}

static int
add_peer(struct quorum *q, struct wire_status_res *res,
    const struct peer *peer)
{
	const struct qpeer	*p;
	struct wire_peer_status	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (-1);
	if (reclist_add(&res->peers, s) == -1) {
		free(s);
		return (-1);
	}
	if ((s->node_id = strdup(peer->node_id)) == NULL ||
	    (s->advertise = strdup(str(peer->advertise))) == NULL)
		return (-1);
	s->live = heart_live(q, peer->node_id);
	if (strcmp(peer->node_id, q->node.node_id) == 0)
		s->last_seen = wall_now();
	else if ((p = peer_find(q, peer->node_id)) != NULL)
		s->last_seen = p->last_seen;
	return (0);
}

static int
add_check(struct quorum *q, struct wire_status_res *res,
    const struct qcheck *c, int quptimed)
{
	struct wire_check_status	*s;
	struct tally			 tally;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (-1);
	if (reclist_add(&res->checks, s) == -1) {
		free(s);
		return (-1);
	}
	verdict_tally(&c->verdict, verdict_window(check_interval(c->conf)),
	    mono_now(), &tally);
	s->ok_count = tally.ok;
	s->total = tally.fresh;
	s->disabled = c->conf->disabled;
	if (quptimed)
		s->since = c->since;
	if ((s->check_id = strdup(c->conf->id)) == NULL ||
	    (s->name = strdup(c->conf->name)) == NULL ||
	    (s->state = strdup(state_name(c->verdict.state))) == NULL ||
	    (s->detail = strdup(tally.detail)) == NULL)
		return (-1);
	return (alert_names(q, c->conf, &s->alerts));
}

static int
add_results(struct quorum *q, struct wire_status_res *res,
    const struct qcheck *c)
{
	struct node_result	 r, *copy;
	uint32_t		 i;

	for (i = 0; i < q->cluster.peers.n; i++) {
		result_of(q, c, CLUSTER_PEER(&q->cluster, i), &r);
		if ((copy = record_dup(&node_result_record, &r)) == NULL)
			return (-1);
		if (reclist_add(&res->results, copy) == -1) {
			record_free(&node_result_record, copy);
			return (-1);
		}
	}
	return (0);
}

/* The strings are borrowed. */
static void
result_of(struct quorum *q, const struct qcheck *c, const struct peer *peer,
    struct node_result *r)
{
	static const char *const	 votes[] = {
		[VOTE_NONE] = "none", [VOTE_OK] = "ok", [VOTE_FAIL] = "fail"
	};
	const struct verdict		*v = &c->verdict;
	const struct report		*said = NULL;
	const struct qpeer		*p;
	struct monotime			 age;

	if (strcmp(peer->node_id, q->node.node_id) == 0)
		said = v->nreports > SELF ? &v->reports[SELF] : NULL;
	else if ((p = peer_find(q, peer->node_id)) != NULL &&
	    p->slot < v->nreports)
		said = &v->reports[p->slot];
	memset(r, 0, sizeof(*r));
	r->node_id = peer->node_id;
	r->result = (char *)(uintptr_t)votes[VOTE_NONE];
	r->age = -1;
	if (said == NULL)
		return;
	r->detail = said->cannot != NULL ? said->cannot : said->detail;
	if (said->vote == VOTE_NONE)
		return;
	age = mono_sub(mono_now(), said->at);
	r->result = (char *)(uintptr_t)votes[said->vote];
	r->latency = said->latency_us * 1000LL;
	r->age = age.ns;
	r->fresh = !c->conf->disabled && mono_cmp(age,
	    verdict_window(check_interval(c->conf))) <= 0;
}

/* What tells about a check, default ones with a star. */
static int
alert_names(const struct quorum *q, const struct check *check,
    struct strlist *names)
{
	struct alert	*alerts[MAX_ALERTS];
	char		 name[NAME_LEN_MAX];
	uint32_t	 i, n;

	n = alert_effective(&q->cluster.alerts, check, alerts);
	for (i = 0; i < n && i < MAX_LIST; i++) {
		if (i == MAX_LIST - 1 && n > MAX_LIST)
			(void)strlcpy(name, MORE, sizeof(name));
		else
			(void)snprintf(name, sizeof(name), "%s%s",
			    alerts[i]->name, alerts[i]->is_default ? "*" : "");
		if (strlist_add(names, name) == -1)
			return (-1);
	}
	return (0);
}
