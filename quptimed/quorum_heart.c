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


#include <stdlib.h>
#include <string.h>

#include "fmt.h"
#include "quorum.h"

/*
 * Heartbeats, and what follows from them: who is live, who is master, and who
 * has a newer configuration.  The rules of the election are in quorum_legacy.c.
 */

#define BEAT_LIMIT	MONO_SEC(1)
#define PULL_LIMIT	MONO_SEC(5)
#define REFUSED_FOR	MONO_SEC(60)	/* not asked for again */
#define JUMP_MAX	1000000		/* versions */
#define ADDR_MAX	512
#define VIS_MAX		320
#define ERROR_MAX	640

static void	 tick(int, short, void *);
static void	 beat(struct quorum *, struct qpeer *);
static void	 beat_done(struct quorum *, struct qpeer *,
		    const struct answer *, void *);
static void	 heard(struct quorum *, struct qpeer *, const char *,
		    uint64_t);
static void	 changed(struct quorum *, const char *);
static const char
		*reason(struct quorum *, const char *, char *, size_t);
static void	 forget_votes(struct quorum *);
static void	 pull(struct quorum *, struct qpeer *, uint64_t);
static void	 pull_done(struct quorum *, struct qpeer *,
		    const struct answer *, void *);
static int	 adopt(struct quorum *, struct qpeer *, struct cluster *, int,
		    struct verr *);
static void	 compare(struct quorum *, struct qpeer *,
		    const struct cluster *);
static int	 may_push(struct quorum *, struct qpeer *, struct verr *);
static int	 version_ok(const struct quorum *, uint64_t, struct verr *);

/* Until heart_stop(). */
void
heart_start(struct quorum *q)
{
	struct timeval	 tv = { 0, 0 };

	heart_members(q);
	if (!heart_is_member(q))
		log_warnx("%s does not list this node, %s: it takes no part "
		    "until it is let in again", q->store.path,
		    q->node.node_id);
	evtimer_set(&q->tick_ev, tick, q);
	evtimer_add(&q->tick_ev, &tv);
	q->ticking = 1;
}

void
heart_stop(struct quorum *q)
{
	if (q->ticking)
		evtimer_del(&q->tick_ev);
	q->ticking = 0;
	legacy_clear(&q->legacy);
}

void
heart_members(struct quorum *q)
{
	const char	**ids;
	uint32_t	  i, n = q->cluster.peers.n;

	if (strcmp(str(q->legacy.self), q->node.node_id) != 0) {
		legacy_clear(&q->legacy);
		if (legacy_init(&q->legacy, q->node.node_id,
		    mono_now()) == -1)
			fatal("%s", __func__);
	}
	if ((ids = calloc(n + 1, sizeof(*ids))) == NULL)
		fatal("%s", __func__);
	for (i = 0; i < n; i++)
		ids[i] = CLUSTER_PEER(&q->cluster, i)->node_id;
	if (legacy_members(&q->legacy, ids, n) == -1)
		fatal("%s", __func__);
	free(ids);
}

int
heart_is_member(const struct quorum *q)
{
	return (q->cluster.peers.n == 0 ||
	    heart_find(&q->cluster, q->node.node_id) != NULL);
}

const struct peer *
heart_find(const struct cluster *cl, const char *node_id)
{
	const struct peer	*peer;
	uint32_t		 i;

	for (i = 0; i < cl->peers.n; i++) {
		peer = CLUSTER_PEER(cl, i);
		if (strcmp(peer->node_id, node_id) == 0)
			return (peer);
	}
	return (NULL);
}

void
heart_elect(struct quorum *q)
{
	struct legacy	*l = &q->legacy;
	struct monotime	 now = mono_now();
	int		 had = q->has_quorum, seeded;

	if (q->commit != NULL)
		return;
	/* Who is on his way into a cluster waits for it. */
	if ((seeded = join_is_seeded(q)))
		legacy_restart(l, now);
	else
		(void)legacy_elect(l, now);
	q->has_quorum = !seeded && legacy_has_quorum(l, now);
	if (strcmp(q->told, str(l->master)) != 0)
		heart_changed(q, q->master);
	else if (had != q->has_quorum)
		publish_master(q);
}

void
heart_changed(struct quorum *q, int was)
{
	char	 before[sizeof(q->told)];

	(void)strlcpy(before, q->told, sizeof(before));
	(void)strlcpy(q->told, str(heart_master(q)), sizeof(q->told));
	if (q->commit == NULL)
		q->master = strcmp(q->told, q->node.node_id) == 0;
	if (strcmp(before, q->told) != 0)
		changed(q, before);
	if (was && !q->master)
		forget_votes(q);
	report_master(q);
	publish_master(q);
}

uint32_t
heart_nlive(const struct quorum *q)
{
	return (q->commit != NULL ? commit_nlive(q) :
	    legacy_nlive(&q->legacy, mono_now()));
}

const char *
heart_master(const struct quorum *q)
{
	return (q->commit != NULL ? commit_master(q) : q->legacy.master);
}

uint64_t
heart_term(const struct quorum *q)
{
	return (q->commit != NULL ? commit_term(q) : q->legacy.term);
}

int
heart_has_quorum(const struct quorum *q)
{
	return (q->commit != NULL ? commit_has_quorum(q) : q->has_quorum);
}

int
heart_live(const struct quorum *q, const char *node_id)
{
	if (q->commit != NULL)
		return (commit_live(q, node_id));
	return (legacy_live(&q->legacy, node_id, mono_now()));
}

void
heart_up(struct quorum *q, struct qpeer *p)
{
	/*
	 * A QUptime node that starts elects among the first it hears of: the
	 * sooner the master is among them, the better.
	 */
	if (q->ticking && q->commit == NULL && (q->master || p->quptimed))
		beat(q, p);
}

void
heart_heard(struct quorum *q, struct qpeer *p, const char *advertise,
    const char *master, uint64_t version)
{
	/* Addresses are those of the configuration. */
	(void)advertise;
	heard(q, p, master, version);
}

void
heart_answer(const struct quorum *q, const struct request *req,
    struct wire_heartbeat_res *res, char *addr, size_t size)
{
	memset(res, 0, sizeof(*res));
	res->node_id = q->node.node_id;
	res->advertise = (char *)(uintptr_t)heart_advertise(q, addr, size);
	res->term = heart_term(q);
	res->master_id = (char *)(uintptr_t)heart_master(q);
	res->config_version = q->cluster.version;
	/* QUptime is told nothing that it does not know. */
	res->proto = req->quptimed ? PROTO_MAX : 0;
}

const char *
heart_advertise(const struct quorum *q, char *buf, size_t size)
{
	const struct peer	*self;

	if (*str(q->node.advertise) == '\0' &&
	    (self = heart_find(&q->cluster, q->node.node_id)) != NULL &&
	    *str(self->advertise) != '\0')
		return (self->advertise);
	return (nodeconf_advertise(&q->node, buf, size));
}

int
heart_adopt(struct quorum *q, struct qpeer *p, struct cluster *cl,
    struct verr *ve)
{
	return (adopt(q, p, cl, 1, ve));
}

int
heart_peers_ok(const struct quorum *q, const struct cluster *cl,
    struct verr *ve)
{
	const struct peer	*a, *b;
	char			 path[32];
	uint32_t		 i, k;

	if (cl->peers.n == 0 && q->cluster.peers.n == 0)
		return (0);
	if ((a = heart_find(cl, q->node.node_id)) == NULL)
		return (verr_set(ve, "peers", "this node is not among them"));
	if (*str(a->fingerprint) != '\0' && *str(q->fingerprint) != '\0' &&
	    strcmp(a->fingerprint, q->fingerprint) != 0)
		return (verr_set(ve, "peers",
		    "this node has another key than they say"));
	for (i = 0; i < cl->peers.n; i++) {
		a = CLUSTER_PEER(cl, i);
		if (*str(a->fingerprint) == '\0')
			continue;
		for (k = 0; k < i; k++) {
			b = CLUSTER_PEER(cl, k);
			if (strcmp(a->fingerprint, str(b->fingerprint)) != 0)
				continue;
			(void)snprintf(path, sizeof(path),
			    "peers[%u].fingerprint", i);
			return (verr_set(ve, path, "is that of peers[%u] too",
			    k));
		}
	}
	return (0);
}

static void
tick(int fd, short event, void *arg)
{
	struct quorum	*q = arg;
	struct qpeer	*p, *next;
	struct timeval	 tv = mono_tv(LEGACY_HEARTBEAT);

	(void)fd;
	(void)event;
	evtimer_add(&q->tick_ev, &tv);
	if (q->commit != NULL)
		return;
	TAILQ_FOREACH_SAFE(p, &q->peers, entry, next)
		beat(q, p);
	heart_elect(q);
}

/* One at a time: who is slow gets no more of them for it. */
static void
beat(struct quorum *q, struct qpeer *p)
{
	struct wire_heartbeat	 params;
	char			 addr[ADDR_MAX];

	if (p->conf == NULL || p->beating || join_is_seeded(q) ||
	    !heart_is_member(q))
		return;
	memset(&params, 0, sizeof(params));
	params.from_node_id = q->node.node_id;
	params.advertise = (char *)(uintptr_t)heart_advertise(q, addr,
	    sizeof(addr));
	params.term = q->legacy.term;
	params.master_id = q->legacy.master;
	params.config_version = q->cluster.version;
	/* QUptime is told nothing that it does not know. */
	params.proto = p->quptimed ? PROTO_MAX : 0;
	p->beating = 1;
	peer_call(q, p, WIRE_HEARTBEAT, &params, BEAT_LIMIT, beat_done, NULL);
}

static void
beat_done(struct quorum *q, struct qpeer *p, const struct answer *a,
    void *arg)
{
	const struct wire_heartbeat_res	*res = a->result;
	char				 vis[VIS_MAX];

	(void)arg;
	p->beating = 0;
	if (res == NULL || p->conf == NULL)
		return;
	if (strcmp(str(res->node_id), p->node_id) != 0) {
		peer_complain(q, p, "says that it is %s",
		    fmt_vis(str(res->node_id), vis, sizeof(vis)));
		return;
	}
	p->proto = res->proto;
	heard(q, p, res->master_id, res->config_version);
}

static void
heard(struct quorum *q, struct qpeer *p, const char *master, uint64_t version)
{
	uint32_t	 handle = p->handle;

	/* One whom we join through may be ahead of being a member. */
	if (p->conf != NULL) {
		legacy_seen(&q->legacy, p->node_id, master, mono_now());
		p->last_seen = wall_now();
		p->config_version = version;
		publish_heard(q, p, version);
		heart_elect(q);
	}
	if (version > q->cluster.version &&
	    (p = peer_by_handle(q, handle)) != NULL)
		pull(q, p, version);
}

/* The master is another one than before. */
static void
changed(struct quorum *q, const char *before)
{
	const char	*after = heart_master(q);
	char		 why[ERROR_MAX], vb[VIS_MAX], va[VIS_MAX];

	(void)reason(q, before, why, sizeof(why));
	fmt_vis(*before != '\0' ? before : "none", vb, sizeof(vb));
	fmt_vis(after != NULL ? after : "none", va, sizeof(va));
	log_info("master: %s -> %s%s (term %llu): %s", vb, va,
	    strcmp(q->told, q->node.node_id) == 0 ? ", this node" : "",
	    (unsigned long long)heart_term(q), why);
	monitor_event(q, "master", after != NULL ? after : "", "%s -> %s: %s",
	    vb, va, why);
}

static const char *
reason(struct quorum *q, const char *before, char *buf, size_t size)
{
	const char	*master = heart_master(q);
	uint32_t	 live, n = q->legacy.n;

	live = heart_nlive(q);
	if (join_is_seeded(q))
		(void)strlcpy(buf, "joining a cluster", size);
	else if (!heart_is_member(q))
		(void)strlcpy(buf, "this node is no member", size);
	else if (master == NULL && !heart_has_quorum(q))
		(void)snprintf(buf, size, "no quorum, %u of %u nodes live",
		    live, n);
	else if (master == NULL || *before == '\0')
		(void)snprintf(buf, size, "%u of %u nodes live", live, n);
	else if (heart_find(&q->cluster, before) == NULL)
		(void)strlcpy(buf, "the former one is no member", size);
	else if (!heart_live(q, before))
		(void)snprintf(buf, size,
		    "the former one is gone, %u of %u nodes live", live,
		    n);
	else
		(void)strlcpy(buf, "it takes its place", size);
	return (buf);
}

/* They would be stale when this node judges again. */
static void
forget_votes(struct quorum *q)
{
	struct qcheck	*c;
	uint32_t	 i, k;

	for (i = 0; i < q->checks.nslots; i++) {
		if ((c = q->checks.slots[i].check) == NULL)
			continue;
		for (k = 0; k < c->verdict.nreports; k++)
			if (k != SELF)
				verdict_forget(&c->verdict, k);
	}
}

/* A version that several offer is asked for once. */
static void
pull(struct quorum *q, struct qpeer *p, uint64_t version)
{
	struct wire_empty	 params = { 0 };
	const struct qpeer	*other;
	struct verr		 ve;
	char			 buf[ERROR_MAX];

	if (p->conf == NULL && !join_is_waiting(q))
		return;
	if (p->refused == version && mono_cmp(mono_sub(mono_now(),
	    p->refused_at), REFUSED_FOR) < 0)
		return;
	TAILQ_FOREACH(other, &q->peers, entry)
		if (other->pulling && (other == p || other->pulled >= version))
			return;
	memset(&ve, 0, sizeof(ve));
	if (version_ok(q, version, &ve) == -1) {
		p->refused = version;
		p->refused_at = mono_now();
		peer_complain(q, p, "%s", verr_string(&ve, buf, sizeof(buf)));
		return;
	}
	p->pulling = 1;
	p->pulled = version;
	peer_call(q, p, WIRE_GET_CONFIG, &params, PULL_LIMIT, pull_done, NULL);
}

static void
pull_done(struct quorum *q, struct qpeer *p, const struct answer *a, void *arg)
{
	const struct wire_config	*res = a->result;
	struct verr			 ve;

	(void)arg;
	p->pulling = 0;
	if (res == NULL) {
		log_debug("%s: configuration: %s", str(p->node_id),
		    str(a->error));
		return;
	}
	if (res->config == NULL)
		peer_complain(q, p, "has no configuration to give");
	else
		(void)adopt(q, p, res->config, 0, &ve);
}

/* The peer may be gone when it returns 1. */
static int
adopt(struct quorum *q, struct qpeer *p, struct cluster *cl, int pushed,
    struct verr *ve)
{
	char		 buf[ERROR_MAX], name[VIS_MAX];
	uint64_t	 version = cl->version;
	int		 joining;

	memset(ve, 0, sizeof(*ve));
	if (version == q->cluster.version)
		compare(q, p, cl);
	if (version <= q->cluster.version)
		return (0);
	joining = join_is_waiting(q);
	if (!joining && p->conf == NULL)
		verr_set(ve, "", "from who is no member");
	else if ((joining || !pushed || may_push(q, p, ve) == 0) &&
	    version_ok(q, version, ve) == 0 &&
	    record_validate(&cluster_record, cl, "", ve) == 0 &&
	    heart_peers_ok(q, cl, ve) == 0) {
		fmt_vis(*str(p->node_id) != '\0' ? p->node_id : str(p->cn),
		    name, sizeof(name));
		/* What was elected among nobody else is void. */
		if (joining)
			legacy_restart(&q->legacy, mono_now());
		if (config_install(q, cl, ve) == 0) {
			log_info("version %llu from %s: %u peers, %u checks",
			    (unsigned long long)version, name,
			    q->cluster.peers.n, q->cluster.checks.n);
			monitor_event(q, "config", name,
			    "version %llu: %u peers, %u checks",
			    (unsigned long long)version, q->cluster.peers.n,
			    q->cluster.checks.n);
			return (1);
		}
	}
	p->refused = version;
	p->refused_at = mono_now();
	peer_complain(q, p, "version %llu refused: %s",
	    (unsigned long long)version, verr_string(ve, buf, sizeof(buf)));
	return (-1);
}

/* It happens when there were two masters; nothing can tell who is right. */
static void
compare(struct quorum *q, struct qpeer *p, const struct cluster *cl)
{
	if (p->compared == cl->version)
		return;
	p->compared = cl->version;
	if (!record_equal(&cluster_record, cl, &q->cluster))
		peer_complain(q, p, "has a different version %llu than this "
		    "node: the next change makes them equal",
		    (unsigned long long)cl->version);
}

/*
 * Pushing is the master's; but while nodes differ about who that is, none of
 * them is to be left behind.
 */
static int
may_push(struct quorum *q, struct qpeer *p, struct verr *ve)
{
	const char	*master = q->legacy.master;
	const char	*its;
	char		 vis[VIS_MAX];

	if (master != NULL && strcmp(master, p->node_id) == 0)
		return (0);
	its = legacy_report(&q->legacy, p->node_id);
	if (master != NULL && strcmp(str(its), p->node_id) != 0)
		return (verr_set(ve, "", "it is not the master, which is %s",
		    fmt_vis(master, vis, sizeof(vis))));
	peer_complain(q, p, "sends a configuration; the master here is %s",
	    fmt_vis(master != NULL ? master : "none", vis, sizeof(vis)));
	return (0);
}

static int
version_ok(const struct quorum *q, uint64_t version, struct verr *ve)
{
	if (version > UINT64_MAX - JUMP_MAX)
		return (verr_set(ve, "version", "%llu is close to the end",
		    (unsigned long long)version));
	if (version > q->cluster.version + JUMP_MAX && !join_is_waiting(q))
		return (verr_set(ve, "version", "%llu is too far from %llu",
		    (unsigned long long)version,
		    (unsigned long long)q->cluster.version));
	return (0);
}
