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


#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmt.h"
#include "pack.h"
#include "quorum.h"

/*
 * This node, on its way into a cluster: through a token, or, in v0.1, by a
 * member that knows the secret.  While it waits to be let in, its configuration
 * is a makeshift one that lists itself and the node it has asked; it is older
 * than any real one and survives a restart.
 */

#define CONNECT_LIMIT	MONO_SEC(10)	/* each endpoint */
#define ENROLL_LIMIT	MONO_SEC(30)
#define JOIN_LIMIT	MONO_SEC(35)	/* from the first connection on */
#define CONFIG_LIMIT	MONO_SEC(5)
#define POLL_PERIOD	MONO_SEC(2)
#define POLL_QUPTIME	MONO_SEC(5)	/* it costs a connection */
#define POLL_AGAIN	MONO_MSEC(200)	/* one who has been accepted */
#define ASKED_LIMIT	MONO_SEC(600)
#define EXPIRY_GRACE	60		/* seconds, clocks may differ */
#define SEED_VERSION	1
#define SEED_MARK	"joining"	/* as who made the configuration */
#define ADDR_MAX	1024
#define ERROR_MAX	640
#define VIS_MAX		320

enum join_state {
	JOIN_CONNECTING,	/* to one endpoint after the other */
	JOIN_ASKING,		/* Enroll is under way */
	JOIN_PENDING,		/* an operator has to approve it */
	JOIN_ACCEPTED,		/* the configuration has to come */
	JOIN_ASKED,		/* v0.1: a node is about to add this one */
	JOIN_OVER		/* to be freed */
};

static const char *const	state_texts[] = {
	[JOIN_CONNECTING] = "connecting to the cluster",
	[JOIN_ASKING] = "asking the cluster to be let in",
	[JOIN_PENDING] = "waiting for approval",
	[JOIN_ACCEPTED] = "waiting for the configuration",
	[JOIN_ASKED] = "being added by a node that knows the secret",
	[JOIN_OVER] = "ending"
};

struct joiner {
	enum join_state	 state;
	uint32_t	 client;	/* 0: gone */
	uint32_t	 peer;		/* handle of the node we join through */
	struct token	 token;
	char		*advertise;
	uint32_t	 next;		/* endpoint */
	int		 failed;	/* this one has */
	int		 calling;	/* for the configuration */
	int		 stale;		/* refuses on this connection */
	int		 fresh;		/* a configuration may be taken */
	int		 seeding;
	int		 resumed;	/* after a restart, without its token */
	char		 why[256];	/* the last endpoint failed */
	struct monotime	 deadline;
	struct event	 ev;
};

static int	 not_fresh(struct quorum *, char *, size_t);
static struct joiner
		*joiner_new(struct quorum *, uint32_t);
static int	 joiner_take(struct quorum *, struct joiner *, struct imsg *,
		    struct verr *);
static void	 joiner_free(struct quorum *);
static void	 arm(struct joiner *, struct monotime);
static void	 turn(int, short, void *);
static void	 try_next(struct quorum *, struct joiner *);
static void	 warn_loopback(struct quorum *, struct joiner *,
		    const char *);
static int	 is_loopback(const char *);
static void	 news(struct quorum *, struct qpeer *, enum peer_news,
		    const char *, void *);
static void	 asked_news(struct quorum *, struct qpeer *, enum peer_news,
		    const char *, void *);
static void	 ask(struct quorum *, struct joiner *, struct qpeer *);
static void	 enrolled(struct quorum *, struct qpeer *,
		    const struct answer *, void *);
static void	 let_in(struct quorum *, struct joiner *, struct qpeer *,
		    const struct wire_enroll_cluster *);
static void	 poll_config(struct quorum *, struct joiner *);
static void	 got_config(struct quorum *, struct qpeer *,
		    const struct answer *, void *);
static void	 pending_turn(struct quorum *, struct joiner *);
static int	 seed(struct quorum *, struct joiner *, const struct qpeer *,
		    const struct wire_enroll_cluster *, struct verr *);
static int	 seed_others(struct quorum *, struct reclist *,
		    const struct wire_enroll_cluster *);
static int	 seed_peer(struct reclist *, const char *, const char *,
		    const char *, const char *);
static const char
		*cert_of(const struct qpeer *,
		    const struct wire_enroll_cluster *);
static int	 install(struct quorum *, struct joiner *, struct cluster *,
		    struct verr *);
static void	 unseed(struct quorum *, struct joiner *);
static void	 progress(struct quorum *, struct joiner *, const char *, ...)
		    __attribute__((__format__(printf, 3, 4)));
static void	 over(struct quorum *, struct joiner *, enum ctl_code,
		    const char *, ...)
		    __attribute__((__format__(printf, 4, 5)));

void
join_request(struct quorum *q, struct imsg *imsg)
{
	struct joiner	*j = q->joiner;
	struct verr	 ve;
	char		 buf[ERROR_MAX];
	uint32_t	 client = imsg_get_id(imsg);

	if (q->dialect == DIALECT_V01)
		ctl_result(q, client, CTL_REFUSED, "compat is v0.1 in "
		    "node.yaml: such nodes are added by a member");
	else if (j != NULL && j->state != JOIN_ASKED && !j->resumed)
		ctl_result(q, client, CTL_REFUSED,
		    "a join is under way already: %s",
		    state_texts[j->state]);
	else if (not_fresh(q, buf, sizeof(buf)))
		ctl_result(q, client, CTL_REFUSED, "%s", buf);
	else if ((j = joiner_new(q, client)) == NULL)
		ctl_result(q, client, CTL_REFUSED, "out of memory");
	else if (joiner_take(q, j, imsg, &ve) == -1) {
		ctl_result(q, client, CTL_REFUSED, "%s",
		    verr_string(&ve, buf, sizeof(buf)));
		joiner_free(q);
	} else {
		if (join_is_seeded(q))
			unseed(q, j);
		try_next(q, j);
	}
}

void
join_client_gone(struct quorum *q, uint32_t client)
{
	struct joiner	*j = q->joiner;

	if (j == NULL || j->client != client)
		return;
	j->client = 0;
	if (j->state != JOIN_OVER)
		log_info("join: goes on, %s", state_texts[j->state]);
}

void
join_resume(struct quorum *q)
{
	const struct peer	*peer;
	struct joiner		*j;
	struct qpeer		*p;
	uint32_t		 i;

	if (!join_is_seeded(q) || q->joiner != NULL)
		return;
	for (i = 0, p = NULL; i < q->cluster.peers.n && p == NULL; i++) {
		peer = CLUSTER_PEER(&q->cluster, i);
		if (strcmp(peer->node_id, str(q->node.node_id)) != 0)
			p = peer_find(q, peer->node_id);
	}
	if (p == NULL || (j = joiner_new(q, 0)) == NULL)
		return;
	j->state = JOIN_PENDING;
	j->resumed = 1;
	j->peer = p->handle;
	arm(j, POLL_AGAIN);
	log_info("join: goes on, %s", state_texts[j->state]);
}

int
join_is_waiting(const struct quorum *q)
{
	const struct joiner	*j = q->joiner;

	if (join_is_seeded(q))
		return (1);
	return (j != NULL && j->state == JOIN_ASKED && j->fresh);
}

int
join_is_seeded(const struct quorum *q)
{
	return (q->cluster.version == SEED_VERSION &&
	    q->cluster.peers.n > 1 &&
	    strcmp(str(q->cluster.updated_by), SEED_MARK) == 0);
}

void
join_changed(struct quorum *q)
{
	struct joiner		*j = q->joiner;
	const struct peer	*p;
	uint32_t		 i;

	if (j == NULL || j->seeding || j->state < JOIN_PENDING ||
	    j->state == JOIN_OVER || join_is_seeded(q) ||
	    q->cluster.peers.n < 2)
		return;
	for (i = 0; i < q->cluster.peers.n; i++) {
		p = CLUSTER_PEER(&q->cluster, i);
		if (strcmp(p->node_id, str(q->node.node_id)) == 0 &&
		    strcmp(str(p->fingerprint), str(q->fingerprint)) == 0)
			break;
	}
	if (i == q->cluster.peers.n)
		return;
	progress(q, j, "configuration version %llu received",
	    (unsigned long long)q->cluster.version);
	over(q, j, CTL_OK, "joined: %u peers, version %llu",
	    q->cluster.peers.n, (unsigned long long)q->cluster.version);
}

void
join_clear(struct quorum *q)
{
	if (q->joiner != NULL)
		joiner_free(q);
}

const char *
join_asked(struct quorum *q, const struct wire_join *p)
{
	struct joiner		*j = q->joiner;
	const struct peer	*peer;
	struct qpeer		*qp;
	char			 buf[ADDR_MAX], vis[VIS_MAX], *host, *port;
	uint32_t		 i;

	if (j != NULL && j->state != JOIN_ASKED)
		return ("this node is joining another cluster");
	for (i = 0; i < q->cluster.peers.n; i++) {
		peer = CLUSTER_PEER(&q->cluster, i);
		if (strcmp(peer->node_id, p->node_id) == 0 ||
		    strcmp(str(peer->fingerprint), p->fingerprint) == 0)
			return ("node_id is that of a member with another "
			    "key");
	}
	if (strlcpy(buf, str(p->advertise), sizeof(buf)) >= sizeof(buf) ||
	    fmt_hostport(buf, &host, &port) == -1 || port == NULL)
		return ("advertise must be host:port");
	if ((j = joiner_new(q, 0)) == NULL || (qp = peer_bootstrap(q,
	    p->advertise, p->fingerprint, asked_news, NULL)) == NULL) {
		join_clear(q);
		return ("out of memory");
	}
	j->state = JOIN_ASKED;
	j->peer = qp->handle;
	j->fresh = !not_fresh(q, buf, sizeof(buf));
	/* What comes is newer, however often this one was changed. */
	if (j->fresh && q->cluster.version > SEED_VERSION)
		unseed(q, j);
	if (trust_add(q, p->node_id, p->advertise, p->fingerprint,
	    p->cert_pem) == -1) {
		join_clear(q);
		return ("the trust entry could not be stored");
	}
	arm(j, ASKED_LIMIT);
	log_info("join: %s let in by the cluster's secret",
	    fmt_vis(p->node_id, vis, sizeof(vis)));
	monitor_event(q, "peer", p->node_id, "let in by the cluster's secret");
	return (NULL);
}

/* Whether the node has anything that joining would take away; says what. */
static int
not_fresh(struct quorum *q, char *buf, size_t size)
{
	const struct cluster	*cl = &q->cluster;
	const char		*what;
	uint32_t		 n;

	if (cl->peers.n > 1 && !join_is_seeded(q)) {
		(void)snprintf(buf, size, "this node is in a cluster of %u "
		    "already", cl->peers.n);
		return (1);
	}
	if ((n = cl->checks.n) != 0)
		what = "check";
	else if ((n = cl->alerts.n) != 0)
		what = "alert";
	else if ((n = cl->enrollments.n) != 0)
		what = "token";
	else
		return (0);
	(void)snprintf(buf, size, "this node has %u %s%s of its own: they "
	    "would be lost, remove them first", n, what, n == 1 ? "" : "s");
	return (1);
}

/* In the place of one who has only been asked. */
static struct joiner *
joiner_new(struct quorum *q, uint32_t client)
{
	struct joiner	*j;

	if ((j = calloc(1, sizeof(*j))) == NULL)
		return (NULL);
	if (q->joiner != NULL)
		joiner_free(q);
	j->client = client;
	evtimer_set(&j->ev, turn, q);
	q->joiner = j;
	return (j);
}

static int
joiner_take(struct quorum *q, struct joiner *j, struct imsg *imsg,
    struct verr *ve)
{
	struct ibuf	 buf;
	struct walltime	 now = wall_now();
	char		 addr[ADDR_MAX], *text, *host, *port;
	int		 rv = -1;

	memset(ve, 0, sizeof(*ve));
	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    (text = unpack_string(&buf, TOKEN_TEXT_MAX)) == NULL)
		return (verr_set(ve, "", "malformed request"));
	if ((j->advertise = unpack_string(&buf, ADDR_MAX)) == NULL ||
	    ibuf_size(&buf) != 0)
		verr_set(ve, "", "malformed request");
	else
		rv = token_parse(text, &j->token, ve);
	freezero(text, strlen(text));
	if (rv == -1)
		return (-1);
	if (!wall_iszero(&j->token.expires_at) &&
	    wall_cmp(&now, &j->token.expires_at) > 0)
		return (verr_set(ve, "",
		    "token has already expired: ask for a new one"));
	if (*j->advertise == '\0') {
		free(j->advertise);
		j->advertise = strdup(str(heart_advertise(q, addr,
		    sizeof(addr))));
		if (j->advertise == NULL)
			return (verr_set(ve, "", "out of memory"));
	}
	if (strlcpy(addr, j->advertise, sizeof(addr)) >= sizeof(addr) ||
	    fmt_hostport(addr, &host, &port) == -1 || port == NULL)
		return (verr_set(ve, "advertise", "must be host:port"));
	return (0);
}

static void
joiner_free(struct quorum *q)
{
	struct joiner	*j = q->joiner;
	struct qpeer	*p;

	q->joiner = NULL;
	evtimer_del(&j->ev);
	p = j->peer != 0 ? peer_by_handle(q, j->peer) : NULL;
	if (p != NULL && p->conf == NULL)
		peer_remove(q, p);
	token_clear(&j->token);
	free(j->advertise);
	free(j);
}

static void
arm(struct joiner *j, struct monotime t)
{
	struct timeval	 tv = mono_tv(t);

	evtimer_add(&j->ev, &tv);
}

/* Peers are removed here, never while they tell or answer something. */
static void
turn(int fd, short event, void *arg)
{
	struct quorum	*q = arg;
	struct joiner	*j = q->joiner;
	struct qpeer	*p;

	(void)fd;
	(void)event;
	switch (j->state) {
	case JOIN_CONNECTING:
		if (!j->failed)
			(void)strlcpy(j->why, "no answer", sizeof(j->why));
		if ((p = peer_by_handle(q, j->peer)) != NULL &&
		    p->conf == NULL)
			peer_remove(q, p);
		j->peer = 0;
		try_next(q, j);
		break;
	case JOIN_ASKING:
		break;
	case JOIN_PENDING:
	case JOIN_ACCEPTED:
		pending_turn(q, j);
		break;
	case JOIN_ASKED:
		log_warnx("join: nobody has added this node");
		/* FALLTHROUGH */
	case JOIN_OVER:
		joiner_free(q);
		trust_sync(q);
		break;
	}
}

static void
try_next(struct quorum *q, struct joiner *j)
{
	const struct endpoint	*ep;
	struct qpeer		*p;
	char			 vis[VIS_MAX];

	j->failed = 0;
	while (j->next < j->token.endpoints.n) {
		ep = j->token.endpoints.v[j->next++];
		if (strcmp(str(ep->fingerprint), str(q->fingerprint)) == 0) {
			(void)strlcpy(j->why, "it is this node's own",
			    sizeof(j->why));
			continue;
		}
		progress(q, j, "connecting to %s",
		    fmt_vis(str(ep->advertise), vis, sizeof(vis)));
		warn_loopback(q, j, str(ep->advertise));
		p = peer_bootstrap(q, str(ep->advertise),
		    str(ep->fingerprint), news, NULL);
		if (p == NULL) {
			over(q, j, CTL_REFUSED, "out of memory");
			return;
		}
		j->peer = p->handle;
		arm(j, CONNECT_LIMIT);
		return;
	}
	over(q, j, CTL_REFUSED, "no token endpoint answered with the "
	    "expected fingerprint: %s", j->why);
}

static void
warn_loopback(struct quorum *q, struct joiner *j, const char *endpoint)
{
	char	 vis[VIS_MAX];

	if (j->next == 1 && is_loopback(j->advertise) &&
	    !is_loopback(endpoint))
		progress(q, j, "warning: this node tells others to reach it "
		    "at %s, see --advertise",
		    fmt_vis(j->advertise, vis, sizeof(vis)));
}

static int
is_loopback(const char *address)
{
	return (fmt_isloopback(address) ||
	    strncmp(address, "0.0.0.0:", 8) == 0 ||
	    strncmp(address, "[::]:", 5) == 0);
}

/* Of the endpoint that is being tried. */
static void
news(struct quorum *q, struct qpeer *p, enum peer_news what, const char *why,
    void *arg)
{
	struct joiner	*j = q->joiner;

	(void)arg;
	if (j == NULL || j->peer != p->handle ||
	    j->state != JOIN_CONNECTING || j->failed)
		return;
	if (what == PEER_UP)
		ask(q, j, p);
	else {
		(void)strlcpy(j->why, str(why), sizeof(j->why));
		j->failed = 1;
		arm(j, MONO_SEC(0));
	}
}

static void
asked_news(struct quorum *q, struct qpeer *p, enum peer_news what,
    const char *why, void *arg)
{
	(void)q;
	(void)arg;
	if (what == PEER_DOWN)
		log_debug("join: %s: %s", str(p->advertise), str(why));
}

static void
ask(struct quorum *q, struct joiner *j, struct qpeer *p)
{
	struct wire_enroll	 e;

	if (*str(p->cn) == '\0') {
		over(q, j, CTL_REFUSED, "cluster peer cert has empty "
		    "CommonName; cannot identify it");
		return;
	}
	if (strcmp(p->cn, str(q->node.node_id)) == 0) {
		over(q, j, CTL_REFUSED, "the cluster's node has this node's "
		    "id");
		return;
	}
	progress(q, j, "fingerprint matches, asking to be let in");
	evtimer_del(&j->ev);
	j->state = JOIN_ASKING;
	j->deadline = mono_add(mono_now(), JOIN_LIMIT);
	memset(&e, 0, sizeof(e));
	e.token_id = j->token.id;
	e.token_secret = j->token.secret;
	e.node_id = q->node.node_id;
	e.advertise = j->advertise;
	e.fingerprint = q->fingerprint;
	e.cert_pem = q->cert;
	peer_call(q, p, WIRE_ENROLL, &e, ENROLL_LIMIT, enrolled, NULL);
}

static void
enrolled(struct quorum *q, struct qpeer *p, const struct answer *a, void *arg)
{
	const struct wire_enroll_res	*res = a->result;
	struct joiner			*j = q->joiner;
	char				 vis[VIS_MAX];

	(void)arg;
	if (j == NULL || j->state != JOIN_ASKING || j->peer != p->handle)
		return;
	if (res == NULL)
		over(q, j, CTL_REFUSED, "enroll: %s%s",
		    a->refused ? "remote: " : "",
		    fmt_vis(str(a->error), vis, sizeof(vis)));
	else if (*str(res->error) != '\0')
		over(q, j, CTL_REFUSED, "cluster rejected enrollment: %s",
		    fmt_vis(res->error, vis, sizeof(vis)));
	else if (res->accepted || res->pending)
		let_in(q, j, p, res->cluster);
	else
		over(q, j, CTL_REFUSED,
		    "cluster returned neither accepted nor pending");
	if (res == NULL || j->state == JOIN_OVER)
		return;
	if (res->accepted) {
		j->state = JOIN_ACCEPTED;
		progress(q, j, "accepted, %u peers", q->cluster.peers.n);
	} else
		progress(q, j, "waiting for approval: run `quptimectl enroll "
		    "approve %s` on the cluster",
		    fmt_vis(j->token.id, vis, sizeof(vis)));
}

/* It is on disk before anybody is told. */
static void
let_in(struct quorum *q, struct joiner *j, struct qpeer *p,
    const struct wire_enroll_cluster *cluster)
{
	struct verr	 ve;
	char		 buf[ERROR_MAX];

	memset(&ve, 0, sizeof(ve));
	if (seed(q, j, p, cluster, &ve) == -1) {
		over(q, j, CTL_REFUSED, "%s",
		    verr_string(&ve, buf, sizeof(buf)));
		return;
	}
	j->state = JOIN_PENDING;
	arm(j, POLL_AGAIN);
}

static void
pending_turn(struct quorum *q, struct joiner *j)
{
	struct walltime	 now = wall_now();
	int64_t		 end;

	end = wall_unix(&j->token.expires_at) + EXPIRY_GRACE;
	if (j->state == JOIN_PENDING &&
	    !wall_iszero(&j->token.expires_at) && wall_unix(&now) > end) {
		unseed(q, j);
		over(q, j, CTL_REFUSED,
		    "token has expired before it was approved");
		return;
	}
	if (j->state == JOIN_ACCEPTED && j->client != 0 &&
	    mono_cmp(mono_now(), j->deadline) > 0) {
		ctl_result(q, j->client, CTL_REFUSED, "accepted, but the "
		    "configuration has not come yet: this node keeps asking");
		j->client = 0;
	}
	arm(j, j->state == JOIN_ACCEPTED ? POLL_AGAIN : POLL_PERIOD);
	poll_config(q, j);
}

static void
poll_config(struct quorum *q, struct joiner *j)
{
	struct wire_empty	 params = { 0 };
	struct qpeer		*p;

	if ((p = peer_by_handle(q, j->peer)) == NULL || j->calling)
		return;
	if (j->stale)
		peer_drop(q, p, "not let in yet");
	j->stale = 0;
	if (!p->up) {
		arm(j, POLL_AGAIN);
		return;
	}
	j->calling = 1;
	peer_call(q, p, WIRE_GET_CONFIG, &params, CONFIG_LIMIT, got_config,
	    NULL);
}

/*
 * An error: not let in yet, or not reached.  QUptime nodes look once at who
 * connects and would go on refusing, so they are asked on a new connection.
 */
static void
got_config(struct quorum *q, struct qpeer *p, const struct answer *a,
    void *arg)
{
	const struct wire_config	*res = a->result;
	struct joiner			*j = q->joiner;
	struct cluster			*cl;
	struct verr			 ve;
	char				 buf[ERROR_MAX];

	(void)arg;
	if (j == NULL || j->peer != p->handle)
		return;
	j->calling = 0;
	if (a->refused && !p->quptimed) {
		j->stale = 1;
		if (j->state == JOIN_PENDING)
			arm(j, POLL_QUPTIME);
	}
	if (res == NULL || res->config == NULL ||
	    (j->state != JOIN_PENDING && j->state != JOIN_ACCEPTED))
		return;
	if ((cl = record_dup(&cluster_record, res->config)) == NULL)
		return;
	memset(&ve, 0, sizeof(ve));
	if (heart_adopt(q, p, cl, &ve) == -1)
		log_debug("join: %s", verr_string(&ve, buf, sizeof(buf)));
	record_free(&cluster_record, cl);
}

/* This node, the one it has asked, and the others it was told of. */
static int
seed(struct quorum *q, struct joiner *j, const struct qpeer *p,
    const struct wire_enroll_cluster *cluster, struct verr *ve)
{
	struct cluster	 next;

	memset(&next, 0, sizeof(next));
	if (seed_peer(&next.peers, q->node.node_id, j->advertise,
	    q->fingerprint, q->cert) == -1 ||
	    seed_peer(&next.peers, p->cn, p->advertise, p->fingerprint,
	    cert_of(p, cluster)) == -1 ||
	    (cluster != NULL &&
	    seed_others(q, &next.peers, cluster) == -1) ||
	    (next.updated_by = strdup(SEED_MARK)) == NULL)
		verr_set(ve, "", "out of memory");
	else if (record_validate(&cluster_record, &next, "", ve) == 0)
		return (install(q, j, &next, ve));
	record_clear(&cluster_record, &next);
	return (-1);
}

/* Keys are taken from certificates, not from what is said of them. */
static int
seed_others(struct quorum *q, struct reclist *peers,
    const struct wire_enroll_cluster *cluster)
{
	const struct wire_whoami_res	*w;
	const struct peer		*have;
	struct certinfo			 info;
	char				 vis[VIS_MAX];
	uint32_t			 i, k;

	for (i = 0; i < cluster->peers.n; i++) {
		w = cluster->peers.v[i];
		if (keys_certinfo(str(w->cert_pem), strlen(str(w->cert_pem)),
		    &info) == -1 || *str(w->node_id) == '\0' ||
		    strcmp(info.fingerprint, str(w->fingerprint)) != 0 ||
		    strcmp(info.fingerprint, q->fingerprint) == 0) {
			log_warnx("join: peer %s left out: its certificate "
			    "does not fit", fmt_vis(str(w->node_id), vis,
			    sizeof(vis)));
			continue;
		}
		for (k = 0; k < peers->n; k++) {
			have = peers->v[k];
			if (strcmp(have->node_id, w->node_id) == 0 ||
			    strcmp(have->fingerprint, w->fingerprint) == 0)
				break;
		}
		if (k == peers->n && k < MAX_PEERS && seed_peer(peers,
		    w->node_id, w->advertise, w->fingerprint,
		    w->cert_pem) == -1)
			return (-1);
	}
	return (0);
}

static int
seed_peer(struct reclist *peers, const char *node_id, const char *advertise,
    const char *fingerprint, const char *cert_pem)
{
	struct peer	*peer;

	if ((peer = record_new(&peer_record)) == NULL)
		return (-1);
	if ((peer->node_id = strdup(str(node_id))) != NULL &&
	    (peer->advertise = strdup(str(advertise))) != NULL &&
	    (peer->fingerprint = strdup(str(fingerprint))) != NULL &&
	    (peer->cert_pem = strdup(str(cert_pem))) != NULL &&
	    reclist_add(peers, peer) == 0)
		return (0);
	record_free(&peer_record, peer);
	return (-1);
}

/* The connection tells the key, not the certificate. */
static const char *
cert_of(const struct qpeer *p, const struct wire_enroll_cluster *cluster)
{
	const struct wire_whoami_res	*w;
	char				 fp[72];
	uint32_t			 i;

	for (i = 0; cluster != NULL && i < cluster->peers.n; i++) {
		w = cluster->peers.v[i];
		if (strcmp(str(w->node_id), p->cn) == 0 &&
		    keys_fingerprint(str(w->cert_pem),
		    strlen(str(w->cert_pem)), fp, sizeof(fp)) == 0 &&
		    strcmp(fp, str(p->fingerprint)) == 0)
			return (w->cert_pem);
	}
	return ("");
}

/* Takes the configuration over either way. */
static int
install(struct quorum *q, struct joiner *j, struct cluster *next,
    struct verr *ve)
{
	int	 rv;

	next->version = SEED_VERSION;
	next->updated_at = wall_now();
	j->seeding = 1;
	if ((rv = config_install(q, next, ve)) == 0) {
		peers_sync(q);
		trust_sync(q);
	} else
		record_clear(&cluster_record, next);
	j->seeding = 0;
	return (rv);
}

/* Alone again. */
static void
unseed(struct quorum *q, struct joiner *j)
{
	struct cluster	 next;
	struct verr	 ve;
	char		 addr[ADDR_MAX], buf[ERROR_MAX];

	memset(&next, 0, sizeof(next));
	memset(&ve, 0, sizeof(ve));
	if (seed_peer(&next.peers, q->node.node_id, j->advertise != NULL ?
	    j->advertise : heart_advertise(q, addr, sizeof(addr)),
	    q->fingerprint, q->cert) == -1 ||
	    (next.updated_by = strdup(q->node.node_id)) == NULL) {
		log_warn("join");
		record_clear(&cluster_record, &next);
	} else if (install(q, j, &next, &ve) == -1)
		log_warnx("join: %s", verr_string(&ve, buf, sizeof(buf)));
}

static void
progress(struct quorum *q, struct joiner *j, const char *fmt, ...)
{
	char	 text[1024];
	va_list	 ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_info("join: %s", text);
	if (j->client != 0)
		ctl_row_string(q, j->client, IMSG_CTL_PROGRESS, text);
}

/* The client hears it now; what is left is freed in a turn of its own. */
static void
over(struct quorum *q, struct joiner *j, enum ctl_code code, const char *fmt,
    ...)
{
	char	 text[1024];
	va_list	 ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (code == CTL_OK)
		log_info("join: %s", text);
	else
		log_warnx("join: %s", text);
	if (j->client != 0)
		ctl_result(q, j->client, code, "%s", text);
	j->client = 0;
	j->state = JOIN_OVER;
	arm(j, MONO_SEC(0));
}
