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

#include <openssl/crypto.h>

#include "fmt.h"
#include "quorum.h"

/*
 * Tokens, and the nodes that redeem them.  Every change goes through the
 * master, which looks at the rules again; what is checked here spares it those
 * who have no business there, and answers them in the words of the protocol.
 */

#define PRUNE_PERIOD	MONO_SEC(60)
#define ENROLLING_MAX	64		/* requests that wait for the master */
#define ADDR_MAX	1024
#define ERROR_MAX	640
#define VIS_MAX		320
#define WHY_MAX		100
#define HASH_TEXT_MAX	72
#define NO_LONGER							\
    "cluster-secret join is no longer supported \xe2\x80\x94 issue a "	\
    "pre-deployment token with `qu enroll create` and run "		\
    "`qu enroll join <token>` on the new host"
#define NOT_ITS_NAME	"node_id is not the certificate's common name"

/* A node whose request waits for the master. */
struct enrolling {
	struct request		*req;
	struct pending_join	*join;
	char			*id;		/* of the token */
	int			 auto_approve;
};

static const char
		*enroll_check(struct quorum *, const struct request *,
		    const struct wire_enroll *, char *, size_t);
static const char
		*check_cert(const struct request *, const char *node_id,
		    const char *fingerprint, const char *pem, char *, size_t);
static const char
		*check_token(struct quorum *, const struct wire_enroll *,
		    char *, size_t);
static int	 is_waiting(const struct enrollment *, const char *,
		    const char *);
static int	 is_member(const struct quorum *, const char *, const char *);
static void	 enroll_start_job(struct quorum *, struct request *,
		    const struct enrollment *, const struct wire_enroll *);
static struct enrolling
		*enrolling_new(struct quorum *, struct request *,
		    const struct enrollment *, const struct wire_enroll *);
static void	 enrolling_free(struct quorum *, struct enrolling *);
static void	 record_pending(struct quorum *, struct enrolling *);
static void	 recorded(struct quorum *, uint64_t, const char *, void *);
static void	 approved(struct quorum *, uint64_t, const char *, void *);
static void	 answer_accepted(struct quorum *, struct request *,
		    const char *);
static void	 answer_members(struct quorum *, struct request *,
		    const char *, int);
static void	 answer_pending(struct quorum *, struct request *,
		    const char *);
static void	 answer_refused(struct quorum *, struct request *,
		    const char *);
static const char
		*join_check(struct quorum *, const struct request *,
		    const struct wire_join *);
static void	 join_refused(struct quorum *, struct request *,
		    const char *);
static int	 same_secret(const char *, const char *);
static void	 pruned(struct quorum *, uint64_t, const char *, void *);
static void	 turn(int, short, void *);

void
enroll_init(struct quorum *q)
{
	evtimer_set(&q->enroll_ev, turn, q);
}

void
enroll_start(struct quorum *q)
{
	struct timeval	 tv = mono_tv(PRUNE_PERIOD);

	evtimer_add(&q->enroll_ev, &tv);
}

void
enroll_clear(struct quorum *q)
{
	evtimer_del(&q->enroll_ev);
}

void
enroll_rpc(struct quorum *q, struct request *req)
{
	const struct wire_enroll	*p = req->params;
	const struct enrollment		*e;
	const char			*error;
	char				 buf[ERROR_MAX];

	if (q->dialect == DIALECT_V01) {
		if (req->from == NULL)
			rpc_error(q, req, "%s", wire_untrusted(q->dialect));
		else
			rpc_error(q, req, "unknown method: %s",
			    wire_method_name(WIRE_ENROLL));
		return;
	}
	if ((error = enroll_check(q, req, p, buf, sizeof(buf))) != NULL) {
		answer_refused(q, req, error);
		return;
	}
	/* Its first answer may have been lost: the token is gone since. */
	if (is_member(q, p->node_id, p->fingerprint)) {
		answer_accepted(q, req, p->node_id);
		return;
	}
	e = enroll_find(q, p->token_id, 0);
	if (is_waiting(e, p->node_id, p->fingerprint) && !e->auto_approve)
		answer_pending(q, req, p->node_id);
	else
		enroll_start_job(q, req, e, p);
}

/* The error, perhaps in the buffer; NULL: it may come in. */
static const char *
enroll_check(struct quorum *q, const struct request *req,
    const struct wire_enroll *p, char *buf, size_t size)
{
	struct pending_join	 join;
	struct verr		 ve;
	const char		*error;
	char			 copy[ADDR_MAX], *host, *port;

	if (*str(p->token_id) == '\0' || *str(p->token_secret) == '\0')
		return ("token_id and token_secret are required");
	if (*str(p->node_id) == '\0' || *str(p->cert_pem) == '\0' ||
	    *str(p->fingerprint) == '\0')
		return ("node_id, cert_pem and fingerprint are required");
	error = check_cert(req, p->node_id, p->fingerprint, p->cert_pem, buf,
	    size);
	if (error != NULL || (error = check_token(q, p, buf, size)) != NULL)
		return (error);
	if (strlcpy(copy, str(p->advertise), sizeof(copy)) >= sizeof(copy) ||
	    fmt_hostport(copy, &host, &port) == -1 || port == NULL)
		return ("advertise must be host:port");
	memset(&join, 0, sizeof(join));
	join.node_id = p->node_id;
	join.advertise = p->advertise;
	join.fingerprint = p->fingerprint;
	join.cert_pem = p->cert_pem;
	if (record_validate(&pending_join_record, &join, "", &ve) == -1)
		return (verr_string(&ve, buf, size));
	return (NULL);
}

static const char *
check_cert(const struct request *req, const char *node_id,
    const char *fingerprint, const char *pem, char *buf, size_t size)
{
	struct certinfo	 info;

	if (strstr(pem, "-----BEGIN ") == NULL)
		return ("parse cert: cert: no PEM block");
	if (keys_certinfo(pem, strlen(pem), &info) == -1) {
		(void)snprintf(buf, size,
		    "parse cert: parse cert: malformed certificate");
		return (buf);
	}
	if (strcmp(info.fingerprint, fingerprint) != 0)
		return ("claimed fingerprint does not match supplied cert");
	if (strcmp(str(req->fingerprint), fingerprint) != 0)
		return ("claimed fingerprint does not match the "
		    "connection's");
	if (strcmp(info.cn, node_id) != 0 ||
	    strcmp(str(req->cn), node_id) != 0)
		return (NOT_ITS_NAME);
	return (NULL);
}

/* Nobody learns who is a member without a token that holds. */
static const char *
check_token(struct quorum *q, const struct wire_enroll *p, char *buf,
    size_t size)
{
	const struct enrollment	*e;
	const struct peer	*peer;
	char			 vis[VIS_MAX];
	uint32_t		 i;

	if ((e = enroll_find(q, p->token_id, 0)) == NULL)
		return (is_member(q, p->node_id, p->fingerprint) ? NULL :
		    "unknown enrollment token");
	if (enroll_expired(e))
		return ("enrollment token expired");
	if (!token_verify(p->token_secret, e->secret_hash))
		return ("invalid enrollment token");
	for (i = 0; i < q->cluster.peers.n; i++) {
		peer = CLUSTER_PEER(&q->cluster, i);
		if ((strcmp(peer->node_id, p->node_id) == 0) ==
		    (strcmp(str(peer->fingerprint), p->fingerprint) == 0))
			continue;
		(void)snprintf(buf, size, strcmp(peer->node_id,
		    p->node_id) == 0 ? "%s is a member with another key" :
		    "the key is that of the member %s",
		    fmt_vis(peer->node_id, vis, sizeof(vis)));
		return (buf);
	}
	if (e->pending_join != NULL &&
	    !is_waiting(e, p->node_id, p->fingerprint))
		return ("another node waits with this enrollment token");
	return (NULL);
}

static int
is_waiting(const struct enrollment *e, const char *node_id,
    const char *fingerprint)
{
	const struct pending_join	*join = e->pending_join;

	return (join != NULL && strcmp(str(join->node_id), node_id) == 0 &&
	    strcmp(str(join->fingerprint), fingerprint) == 0);
}

static int
is_member(const struct quorum *q, const char *node_id,
    const char *fingerprint)
{
	const struct peer	*peer;
	uint32_t		 i;

	for (i = 0; i < q->cluster.peers.n; i++) {
		peer = CLUSTER_PEER(&q->cluster, i);
		if (strcmp(peer->node_id, node_id) == 0)
			return (strcmp(str(peer->fingerprint),
			    fingerprint) == 0);
	}
	return (0);
}

static void
enroll_start_job(struct quorum *q, struct request *req,
    const struct enrollment *e, const struct wire_enroll *p)
{
	struct enrolling	*en;

	if (q->nenrolling >= ENROLLING_MAX)
		answer_refused(q, req, "too many enrollments under way");
	else if ((en = enrolling_new(q, req, e, p)) == NULL)
		answer_refused(q, req, "out of memory");
	else
		record_pending(q, en);
}

static struct enrolling *
enrolling_new(struct quorum *q, struct request *req,
    const struct enrollment *e, const struct wire_enroll *p)
{
	struct enrolling	*en;

	if ((en = calloc(1, sizeof(*en))) == NULL)
		return (NULL);
	q->nenrolling++;
	en->auto_approve = e->auto_approve;
	if ((en->join = record_new(&pending_join_record)) == NULL ||
	    (en->id = strdup(e->id)) == NULL ||
	    (en->join->node_id = strdup(p->node_id)) == NULL ||
	    (en->join->advertise = strdup(p->advertise)) == NULL ||
	    (en->join->fingerprint = strdup(p->fingerprint)) == NULL ||
	    (en->join->cert_pem = strdup(p->cert_pem)) == NULL ||
	    (en->req = rpc_keep(req)) == NULL) {
		enrolling_free(q, en);
		return (NULL);
	}
	en->join->submitted_at = wall_now();
	return (en);
}

static void
enrolling_free(struct quorum *q, struct enrolling *en)
{
	q->nenrolling--;
	record_free(&pending_join_record, en->join);
	free(en->id);
	free(en);
}

static void
record_pending(struct quorum *q, struct enrolling *en)
{
	struct proposal	 p;

	memset(&p, 0, sizeof(p));
	p.kind = PROP_RECORD_PENDING;
	if ((p.pending = calloc(1, sizeof(*p.pending))) == NULL ||
	    (p.pending->id = strdup(en->id)) == NULL ||
	    (p.pending->pending_join = record_dup(&pending_join_record,
	    en->join)) == NULL)
		recorded(q, 0, "out of memory", en);
	else
		publish_propose(q, &p, recorded, en);
	proposal_clear(&p);
}

static void
recorded(struct quorum *q, uint64_t version, const char *error, void *arg)
{
	struct enrolling	*en = arg;
	struct proposal		 p;
	char			 buf[ERROR_MAX], id[VIS_MAX], addr[VIS_MAX];

	(void)version;
	if (error != NULL) {
		(void)snprintf(buf, sizeof(buf), "record pending join: %s",
		    error);
		answer_refused(q, en->req, buf);
		enrolling_free(q, en);
		return;
	}
	fmt_vis(en->join->node_id, id, sizeof(id));
	fmt_vis(en->join->advertise, addr, sizeof(addr));
	if (!en->auto_approve) {
		log_info("token %s: %s at %s waits for approval", en->id, id,
		    addr);
		monitor_event(q, "token", en->id, "%s at %s waits for "
		    "approval", id, addr);
		answer_pending(q, en->req, en->join->node_id);
		enrolling_free(q, en);
		return;
	}
	/*
	 * In protocol 2 it is to have what the others have before it is one of
	 * them, and so to know them.
	 */
	if (q->commit != NULL) {
		answer_accepted(q, en->req, en->join->node_id);
		en->req = NULL;
	}
	memset(&p, 0, sizeof(p));
	p.kind = PROP_APPROVE_ENROLLMENT;
	if ((p.target = strdup(en->id)) == NULL)
		approved(q, 0, "out of memory", en);
	else
		publish_propose(q, &p, approved, en);
	proposal_clear(&p);
}

static void
approved(struct quorum *q, uint64_t version, const char *error, void *arg)
{
	struct enrolling		*en = arg;
	const struct pending_join	*join = en->join;
	char				 buf[ERROR_MAX], id[VIS_MAX];
	char				 addr[VIS_MAX];

	(void)version;
	if (error != NULL) {
		(void)snprintf(buf, sizeof(buf), "auto-approve: %s", error);
		if (en->req != NULL)
			answer_refused(q, en->req, buf);
		else
			log_warnx("token %s: %s", en->id, buf);
		enrolling_free(q, en);
		return;
	}
	fmt_vis(join->node_id, id, sizeof(id));
	fmt_vis(join->advertise, addr, sizeof(addr));
	log_info("token %s: %s at %s has joined", en->id, id, addr);
	monitor_event(q, "token", en->id, "%s at %s has joined", id, addr);
	/* The master's push may come later than this answer. */
	(void)trust_add(q, join->node_id, join->advertise, join->fingerprint,
	    join->cert_pem);
	if (en->req != NULL)
		answer_accepted(q, en->req, join->node_id);
	enrolling_free(q, en);
}

static void
answer_accepted(struct quorum *q, struct request *req, const char *joiner)
{
	answer_members(q, req, joiner, 1);
}

/* With all who are members but the one that asks. */
static void
answer_members(struct quorum *q, struct request *req, const char *joiner,
    int accepted)
{
	static struct wire_whoami_res	 peers[MAX_PEERS];
	static void			*v[MAX_PEERS];
	struct wire_enroll_cluster	 cluster;
	struct wire_enroll_res		 res;
	const struct peer		*p;
	uint32_t			 i, n;

	for (i = n = 0; i < q->cluster.peers.n && n < MAX_PEERS; i++) {
		p = CLUSTER_PEER(&q->cluster, i);
		if (strcmp(p->node_id, joiner) == 0 ||
		    *str(p->fingerprint) == '\0' || *str(p->cert_pem) == '\0')
			continue;
		peers[n].node_id = p->node_id;
		peers[n].advertise = p->advertise;
		peers[n].fingerprint = p->fingerprint;
		peers[n].cert_pem = p->cert_pem;
		v[n] = &peers[n];
		n++;
	}
	memset(&cluster, 0, sizeof(cluster));
	cluster.peers.v = v;
	cluster.peers.n = n;
	memset(&res, 0, sizeof(res));
	res.accepted = accepted;
	res.pending = !accepted;
	res.cluster = &cluster;
	rpc_result(q, req, &res);
}

static void
answer_pending(struct quorum *q, struct request *req, const char *joiner)
{
	struct wire_enroll_res	 res;

	if (q->commit != NULL) {
		answer_members(q, req, joiner, 0);
		return;
	}
	memset(&res, 0, sizeof(res));
	res.pending = 1;
	rpc_result(q, req, &res);
}

static void
answer_refused(struct quorum *q, struct request *req, const char *error)
{
	struct wire_enroll_res	 res;
	char			 text[ERROR_MAX], why[WHY_MAX];

	memset(&res, 0, sizeof(res));
	(void)strlcpy(text, error, sizeof(text));
	res.error = text;
	(void)snprintf(why, sizeof(why), "enrollment refused: %.70s", error);
	rpc_complain(q, req, why);
	rpc_result(q, req, &res);
}

/*
 * Who is to be let in by the cluster's secret: in v0.1 a member asks so the
 * node that it is about to add.
 */
void
enroll_rpc_join(struct quorum *q, struct request *req)
{
	const struct wire_join	*p = req->params;
	struct wire_join_res	 res;
	const char		*error;

	if ((error = join_check(q, req, p)) != NULL) {
		join_refused(q, req, error);
		return;
	}
	memset(&res, 0, sizeof(res));
	res.accepted = 1;
	rpc_result(q, req, &res);
}

/* The error; NULL: it is let in, or has been before. */
static const char *
join_check(struct quorum *q, const struct request *req,
    const struct wire_join *p)
{
	struct certinfo	 info;
	const char	*pem = str(p->cert_pem);

	if (q->dialect != DIALECT_V01)
		return (NO_LONGER);
	if (!same_secret(str(p->cluster_secret), str(q->node.cluster_secret)))
		return ("cluster secret mismatch");
	if (strstr(pem, "-----BEGIN ") == NULL)
		return ("parse cert: cert: no PEM block");
	if (keys_certinfo(pem, strlen(pem), &info) == -1)
		return ("parse cert: parse cert: malformed certificate");
	if (strcmp(info.fingerprint, str(p->fingerprint)) != 0 ||
	    strcmp(info.fingerprint, str(req->fingerprint)) != 0)
		return ("fingerprint mismatch");
	if (*str(p->node_id) == '\0')
		return ("trust entry needs node_id and fingerprint");
	if (strcmp(info.cn, p->node_id) != 0)
		return (NOT_ITS_NAME);
	if (is_member(q, p->node_id, info.fingerprint))
		return (NULL);
	return (join_asked(q, p));
}

static void
join_refused(struct quorum *q, struct request *req, const char *error)
{
	struct wire_join_res	 res;
	char			 text[ERROR_MAX], why[WHY_MAX];

	memset(&res, 0, sizeof(res));
	(void)strlcpy(text, error, sizeof(text));
	res.error = text;
	(void)snprintf(why, sizeof(why), "join refused: %.70s",
	    q->dialect == DIALECT_V01 ? error : "not by cluster secret");
	rpc_complain(q, req, why);
	rpc_result(q, req, &res);
}

/* Nobody has the empty secret. */
static int
same_secret(const char *a, const char *b)
{
	char	 ha[HASH_TEXT_MAX], hb[HASH_TEXT_MAX];

	if (*a == '\0' || *b == '\0')
		return (0);
	/* Of one length, whatever came. */
	token_hash(a, ha, sizeof(ha));
	token_hash(b, hb, sizeof(hb));
	return (CRYPTO_memcmp(ha, hb, strlen(hb)) == 0);
}

/* By id; else, if asked for, by name. */
struct enrollment *
enroll_find(struct quorum *q, const char *id, int names)
{
	const struct reclist	*list = &q->cluster.enrollments;
	struct enrollment	*e;
	uint32_t		 i;

	for (i = 0; i < list->n; i++) {
		e = list->v[i];
		if (strcmp(str(e->id), id) == 0)
			return (e);
	}
	for (i = 0; names && *id != '\0' && i < list->n; i++) {
		e = list->v[i];
		if (strcmp(str(e->name), id) == 0)
			return (e);
	}
	return (NULL);
}

int
enroll_expired(const struct enrollment *e)
{
	struct walltime	 now = wall_now();

	return (!wall_iszero(&e->expires_at) &&
	    wall_cmp(&now, &e->expires_at) > 0);
}

/* One at a time: the next one when this one is gone. */
void
enroll_prune(struct quorum *q)
{
	const struct enrollment	*e = NULL;
	struct proposal		 p;
	char			*id;
	uint32_t		 i;

	if (!q->master || q->pruning)
		return;
	for (i = 0; i < q->cluster.enrollments.n; i++)
		if (enroll_expired(CLUSTER_ENROLLMENT(&q->cluster, i)))
			e = CLUSTER_ENROLLMENT(&q->cluster, i);
	if (e == NULL)
		return;
	memset(&p, 0, sizeof(p));
	p.kind = PROP_REMOVE_ENROLLMENT;
	p.target = strdup(e->id);
	if ((id = strdup(e->id)) != NULL && p.target != NULL) {
		q->pruning = 1;
		publish_propose(q, &p, pruned, id);
	} else
		free(id);
	proposal_clear(&p);
}

static void
pruned(struct quorum *q, uint64_t version, const char *error, void *arg)
{
	struct timeval	 tv = { 0, 0 };
	char		*id = arg, vis[VIS_MAX];

	(void)version;
	q->pruning = 0;
	if (error == NULL) {
		log_info("token %s has expired: removed",
		    fmt_vis(id, vis, sizeof(vis)));
		monitor_event(q, "token", id, "has expired");
		if (evtimer_initialized(&q->enroll_ev))
			evtimer_add(&q->enroll_ev, &tv);
	}
	free(id);
}

static void
turn(int fd, short event, void *arg)
{
	struct quorum	*q = arg;

	(void)fd;
	(void)event;
	enroll_start(q);
	enroll_prune(q);
}
