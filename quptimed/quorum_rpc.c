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
 * Requests of other nodes.  Who asks is who the certificate of the connection
 * says, whatever stands in the request.
 */

#define STRING_MAX	1024
#define VIS_MAX		320
#define ERROR_MAX	640

enum gate {
	GATE_PEERS,
	GATE_ALL	/* strangers too */
};

struct method {
	enum gate	 gate;
	void		(*handler)(struct quorum *, struct request *);
};

static int	 unpack(struct quorum *, struct imsg *, struct request *,
		    struct ibuf *);
static void	 dispatch(struct quorum *, struct request *);
static int	 is_open(enum wire_method);
static int	 decode(struct quorum *, struct request *);
static void	 rpc_ping(struct quorum *, struct request *);
static void	 rpc_whoami(struct quorum *, struct request *);
static void	 rpc_heartbeat(struct quorum *, struct request *);
static void	 rpc_vote(struct quorum *, struct request *);
static void	 rpc_get_config(struct quorum *, struct request *);
static void	 rpc_apply_config(struct quorum *, struct request *);
static void	 rpc_propose(struct quorum *, struct request *);
static void	 rpc_report(struct quorum *, struct request *);
static void	 rpc_status(struct quorum *, struct request *);
static void	 keep_resolvers(struct quorum *, struct cluster *);
static void	 proposed(struct quorum *, uint64_t, const char *, void *);
static void	 reported(struct quorum *, struct qpeer *, const char *, int,
		    const char *, int64_t);
static int	 is_its_own(struct quorum *, struct request *, const char *);
static struct ibuf
		*reply_buf(const struct request *, uint32_t);
static void	 result_text(struct quorum *, struct request *, const char *,
		    size_t);
static void	 send_reply(struct quorum *, struct ibuf *);
static void	 request_free(struct request *);

static const struct method	 methods[WIRE_METHODS] = {
	[WIRE_PING] =		{ GATE_PEERS, rpc_ping },
	[WIRE_WHOAMI] =		{ GATE_PEERS, rpc_whoami },
	[WIRE_JOIN] =		{ GATE_ALL, enroll_rpc_join },
	[WIRE_ENROLL] =		{ GATE_ALL, enroll_rpc },
	[WIRE_HEARTBEAT] =	{ GATE_PEERS, rpc_heartbeat },
	[WIRE_GET_CONFIG] =	{ GATE_PEERS, rpc_get_config },
	[WIRE_APPLY_CONFIG] =	{ GATE_PEERS, rpc_apply_config },
	[WIRE_PROPOSE] =	{ GATE_PEERS, rpc_propose },
	[WIRE_REPORT] =		{ GATE_PEERS, rpc_report },
	[WIRE_STATUS] =		{ GATE_PEERS, rpc_status },
	[WIRE_VOTE] =		{ GATE_PEERS, rpc_vote }
};

void
rpc_request(struct quorum *q, struct imsg *imsg)
{
	struct wire_head	 head;
	struct request		 req;
	struct verr		 ve;
	struct ibuf		 frame, *buf;
	char			 vis[VIS_MAX], text[ERROR_MAX];

	memset(&head, 0, sizeof(head));
	memset(&ve, 0, sizeof(ve));
	if (unpack(q, imsg, &req, &frame) == -1)
		fatalx("%s: malformed", __func__);
	req.frame = ibuf_data(&frame);
	req.len = ibuf_size(&frame);
	if (wire_head(req.frame, req.len, &head, &ve) == -1) {
		(void)snprintf(text, sizeof(text), "decode request: %s",
		    ve.msg);
		if (req.from == NULL)
			rpc_complain(q, &req, "sent what is no request");
		else
			peer_complain(q, req.from, "%s", text);
		if ((buf = reply_buf(&req, MESH_CLOSE)) != NULL &&
		    wire_put_error(buf, 0, text) == 0)
			send_reply(q, buf);
		else
			ibuf_free(buf);
		goto done;
	}
	req.id = head.id;
	req.method = wire_method_of(str(head.method));
	/* It came after v0.1. */
	if (req.method == WIRE_ENROLL && q->dialect == DIALECT_V01)
		req.method = WIRE_METHODS;
	if (req.from == NULL && !is_open(req.method)) {
		(void)snprintf(text, sizeof(text), "not trusted, calls %s",
		    req.method == WIRE_METHODS ? "something" :
		    wire_method_name(req.method));
		/* Whom we are about to join may be quicker than its answer. */
		if (req.from_handle == MESH_STRANGER)
			rpc_complain(q, &req, text);
		rpc_error(q, &req, "%s", wire_untrusted(q->dialect));
	} else if (req.method == WIRE_METHODS)
		rpc_error(q, &req, "unknown method: %s",
		    fmt_vis(str(head.method), vis, sizeof(vis)));
	else
		dispatch(q, &req);
 done:
	wire_head_clear(&head);
	free(req.cn);
	free(req.fingerprint);
	free(req.address);
}

struct request *
rpc_keep(struct request *req)
{
	struct request	*kept;

	if ((kept = malloc(sizeof(*kept))) == NULL)
		return (NULL);
	*kept = *req;
	kept->kept = 1;
	kept->answered = 0;
	kept->frame = NULL;
	kept->len = 0;
	/* The peer may be gone by then; its number tells. */
	kept->from = NULL;
	kept->cn = strdup(str(req->cn));
	kept->fingerprint = strdup(str(req->fingerprint));
	kept->address = strdup(str(req->address));
	if (kept->cn == NULL || kept->fingerprint == NULL ||
	    kept->address == NULL) {
		kept->params = NULL;
		request_free(kept);
		return (NULL);
	}
	req->params = NULL;
	req->answered = 1;
	return (kept);
}

void
rpc_result(struct quorum *q, struct request *req, const void *result)
{
	char	*text;
	size_t	 len = 0;

	text = wire_result_text(req->method, q->dialect, result, &len);
	result_text(q, req, text, len);
	if (text != NULL)
		freezero(text, len);
}

void
rpc_error(struct quorum *q, struct request *req, const char *fmt, ...)
{
	struct ibuf	*buf;
	char		 text[ERROR_MAX];
	va_list		 ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if ((buf = reply_buf(req, 0)) != NULL &&
	    wire_put_error(buf, req->id, text) == 0)
		send_reply(q, buf);
	else {
		log_warn("%s", __func__);
		ibuf_free(buf);
	}
	req->answered = 1;
	if (req->kept)
		request_free(req);
}

void
rpc_complain(struct quorum *q, struct request *req, const char *why)
{
	(void)q;
	fmt_vis(why, req->why, sizeof(req->why));
}

/* The engine is trusted to send its own form. */
static int
unpack(struct quorum *q, struct imsg *imsg, struct request *req,
    struct ibuf *buf)
{
	struct mesh_request	 mr;

	memset(req, 0, sizeof(*req));
	if (imsg_get_ibuf(imsg, buf) == -1 ||
	    ibuf_get(buf, &mr, sizeof(mr)) == -1 ||
	    (req->cn = unpack_string(buf, STRING_MAX)) == NULL ||
	    (req->fingerprint = unpack_string(buf, STRING_MAX)) == NULL ||
	    (req->address = unpack_string(buf, STRING_MAX)) == NULL)
		return (-1);
	req->conn = mr.conn;
	req->seq = mr.seq;
	req->from_handle = mr.peer;
	req->quptimed = mr.quptimed != 0;
	/* Whom we are about to join is no member, and asks as strangers do. */
	if (mr.peer != MESH_STRANGER &&
	    (req->from = peer_by_handle(q, mr.peer)) != NULL &&
	    req->from->conf == NULL && !join_is_waiting(q))
		req->from = NULL;
	return (0);
}

static int
is_open(enum wire_method method)
{
	return (method != WIRE_METHODS && methods[method].gate == GATE_ALL);
}

static void
dispatch(struct quorum *q, struct request *req)
{
	const struct record	*rec = wire_params_record(req->method);

	if ((req->params = record_new(rec)) == NULL) {
		rpc_error(q, req, "out of memory");
		return;
	}
	if (decode(q, req) == 0)
		methods[req->method].handler(q, req);
	/* Unanswered, a connection would come to a halt. */
	if (!req->answered) {
		log_warnx("%s: not answered", wire_method_name(req->method));
		rpc_error(q, req, "not answered");
	}
	if (req->params != NULL)
		record_free(rec, req->params);
	req->params = NULL;
}

/* 0; or -1 and what is wrong has been answered. */
static int
decode(struct quorum *q, struct request *req)
{
	struct wire_enroll_res	 res;
	struct verr		 ve;
	char			 why[ERROR_MAX], text[ERROR_MAX + 16];

	/* Refused whatever it says. */
	if (req->method == WIRE_JOIN && q->dialect != DIALECT_V01)
		return (0);
	memset(&ve, 0, sizeof(ve));
	if (wire_params(req->method, req->frame, req->len, req->params,
	    &ve) == 0)
		return (0);
	verr_string(&ve, why, sizeof(why));
	if (req->from != NULL)
		peer_complain(q, req->from, "%s: %s",
		    wire_method_name(req->method), why);
	else
		rpc_complain(q, req, "malformed request");
	if (req->method == WIRE_ENROLL) {
		memset(&res, 0, sizeof(res));
		(void)snprintf(text, sizeof(text), "decode: %s", why);
		res.error = text;
		rpc_result(q, req, &res);
	} else
		rpc_error(q, req, "%s", why);
	return (-1);
}

static void
rpc_ping(struct quorum *q, struct request *req)
{
	struct wire_ping_res	 res;

	memset(&res, 0, sizeof(res));
	res.node_id = q->node.node_id;
	res.now = wall_now();
	rpc_result(q, req, &res);
}

static void
rpc_whoami(struct quorum *q, struct request *req)
{
	struct wire_whoami_res	 res;
	char			 addr[STRING_MAX];

	memset(&res, 0, sizeof(res));
	res.node_id = q->node.node_id;
	res.advertise = (char *)(uintptr_t)heart_advertise(q, addr,
	    sizeof(addr));
	res.fingerprint = q->fingerprint;
	res.cert_pem = q->cert;
	rpc_result(q, req, &res);
}

/* What it offers is asked for later: it must not wait for that. */
static void
rpc_heartbeat(struct quorum *q, struct request *req)
{
	const struct wire_heartbeat	*p = req->params;
	struct wire_heartbeat_res	 res;
	char				 addr[STRING_MAX];

	if (!is_its_own(q, req, p->from_node_id))
		return;
	/* Who speaks protocol 1 still is told of the version that does not. */
	if (q->commit != NULL && p->cons.accepted_version > 0 &&
	    req->from->conf != NULL) {
		commit_request(q, req);
		return;
	}
	req->from->proto = p->proto;
	if (*str(p->from_node_id) != '\0' && q->commit == NULL)
		heart_heard(q, req->from, p->advertise, p->master_id,
		    p->config_version);
	heart_answer(q, req, &res, addr, sizeof(addr));
	rpc_result(q, req, &res);
}

static void
rpc_vote(struct quorum *q, struct request *req)
{
	if (q->commit == NULL || req->from->conf == NULL)
		rpc_error(q, req, "this node speaks protocol 1");
	else
		commit_request(q, req);
}

/* The same text goes out to whoever is sent it unasked. */
static void
rpc_get_config(struct quorum *q, struct request *req)
{
	const char	*text;
	size_t		 len = 0;

	text = publish_text(q, &len);
	result_text(q, req, text, len);
}

static void
rpc_apply_config(struct quorum *q, struct request *req)
{
	struct wire_config	*p = req->params;
	struct wire_apply_res	 res;
	struct verr		 ve;
	char			 buf[ERROR_MAX];

	memset(&ve, 0, sizeof(ve));
	/* A node that is about to be let in is first sent what there is. */
	if (q->commit == NULL && p->term > 0 && join_is_seeded(q) &&
	    req->from->conf != NULL && commit_start(q, &ve) == -1)
		log_warnx("%s", verr_string(&ve, buf, sizeof(buf)));
	if (q->commit != NULL && p->term > 0 && req->from->conf != NULL) {
		commit_request(q, req);
		return;
	}

	memset(&res, 0, sizeof(res));
	memset(&ve, 0, sizeof(ve));
	/* The log tells why not. */
	if (p->config != NULL && q->commit == NULL && p->term == 0)
		res.applied = heart_adopt(q, req->from, p->config, &ve) == 1;
	res.current_version = q->cluster.version;
	rpc_result(q, req, &res);
}

static void
rpc_propose(struct quorum *q, struct request *req)
{
	const struct wire_propose	*p = req->params;
	struct wire_propose_res		 res;
	struct request			*kept;
	struct proposal			 prop;
	struct verr			 ve;

	if (!is_its_own(q, req, p->from_node_id))
		return;
	memset(&res, 0, sizeof(res));
	memset(&prop, 0, sizeof(prop));
	memset(&ve, 0, sizeof(ve));
	if (!q->master)
		res.error = "not master";
	else if (!heart_has_quorum(q))
		res.error = "no quorum";
	else if (wire_payload(str(p->kind), req->frame, req->len, &prop,
	    &ve) == -1)
		res.error = ve.msg;
	if (res.error != NULL) {
		rpc_result(q, req, &res);
		return;
	}
	/* An edit by hand on a QUptime node never has them. */
	if (prop.kind == PROP_REPLACE_CONFIG && !req->quptimed &&
	    prop.config != NULL && prop.config->resolvers.n == 0)
		keep_resolvers(q, prop.config);
	if ((kept = rpc_keep(req)) == NULL)
		rpc_error(q, req, "out of memory");
	else {
		/* Of the method's record; the caller's is another. */
		record_free(wire_params_record(kept->method), kept->params);
		kept->params = NULL;
		publish_apply(q, &prop, proposed, kept);
	}
	proposal_clear(&prop);
}

static void
keep_resolvers(struct quorum *q, struct cluster *config)
{
	uint32_t	 i;

	for (i = 0; i < q->cluster.resolvers.n; i++)
		if (strlist_add(&config->resolvers,
		    q->cluster.resolvers.v[i]) == -1)
			log_warn("%s", __func__);
}

static void
proposed(struct quorum *q, uint64_t version, const char *error, void *arg)
{
	struct request		*req = arg;
	struct wire_propose_res	 res;

	memset(&res, 0, sizeof(res));
	if (error != NULL)
		res.error = (char *)(uintptr_t)error;
	else
		res.new_version = version;
	rpc_result(q, req, &res);
}

static void
rpc_report(struct quorum *q, struct request *req)
{
	const struct wire_report	*p = req->params;
	const struct wire_result	*r;
	struct wire_empty		 res = { 0 };
	uint32_t			 i;

	if (!is_its_own(q, req, p->from_node_id))
		return;
	if (req->from->conf != NULL) {
		reported(q, req->from, p->check_id, p->ok, p->detail,
		    p->latency_ms);
		for (i = 0; i < p->results.n; i++) {
			r = p->results.v[i];
			reported(q, req->from, r->check_id, r->ok, r->detail,
			    r->latency_ms);
		}
	}
	rpc_result(q, req, &res);
}

/* Its age counts from now: nobody's wall clock matters. */
static void
reported(struct quorum *q, struct qpeer *p, const char *id, int passed,
    const char *detail, int64_t msec)
{
	struct result	 res;
	struct qcheck	*c;
	char		 text[DETAIL_MAX];

	if (*str(id) == '\0' || (c = checks_find_id(q, id)) == NULL ||
	    c->conf->disabled)
		return;
	(void)strlcpy(text, str(detail), sizeof(text));
	res.verdict = passed ? PROBE_OK : PROBE_FAIL;
	res.latency_us = msec < 0 ? 0 : msec > UINT32_MAX / 1000 ?
	    UINT32_MAX : (uint32_t)msec * 1000;
	res.detail = text;
	quorum_result(q, c, p->slot, &res, mono_now());
}

static void
rpc_status(struct quorum *q, struct request *req)
{
	const struct wire_status	*p = req->params;
	struct wire_status_res		 res;

	memset(&res, 0, sizeof(res));
	if (status_fill(q, str(p->check_id), req->quptimed, &res) == -1)
		rpc_error(q, req, "out of memory");
	else
		rpc_result(q, req, &res);
	record_clear(wire_result_record(WIRE_STATUS), &res);
}

/* Nobody speaks in another's name. */
static int
is_its_own(struct quorum *q, struct request *req, const char *id)
{
	char	 vis[VIS_MAX];

	if (*str(id) == '\0' || (req->from->node_id != NULL &&
	    strcmp(id, req->from->node_id) == 0))
		return (1);
	/* Through whom we join tells its name by its certificate. */
	if (req->from->conf == NULL && strcmp(id, str(req->cn)) == 0)
		return (1);
	fmt_vis(id, vis, sizeof(vis));
	peer_complain(q, req->from, "calls %s in the name of %s",
	    wire_method_name(req->method), vis);
	rpc_error(q, req, "the certificate is not that of %s", vis);
	return (0);
}

static struct ibuf *
reply_buf(const struct request *req, uint32_t flags)
{
	struct mesh_reply	 mr;
	struct ibuf		*buf;

	memset(&mr, 0, sizeof(mr));
	mr.conn = req->conn;
	mr.seq = req->seq;
	mr.flags = flags;
	if (req->quptimed)
		mr.flags |= MESH_UNORDERED;
	if (req->why[0] != '\0') {
		mr.flags |= MESH_COMPLAIN;
		(void)strlcpy(mr.why, req->why, sizeof(mr.why));
	}
	buf = ibuf_dynamic(0, MESH_MAXSIZE - IMSG_HEADER_SIZE);
	if (buf != NULL && ibuf_add(buf, &mr, sizeof(mr)) == -1) {
		ibuf_free(buf);
		buf = NULL;
	}
	return (buf);
}

static void
result_text(struct quorum *q, struct request *req, const char *text,
    size_t len)
{
	struct ibuf	*buf;

	buf = reply_buf(req, 0);
	if (buf == NULL || text == NULL ||
	    wire_put_result(buf, req->id, text, len) == -1 ||
	    ibuf_size(buf) - sizeof(struct mesh_reply) > FRAME_MAX) {
		ibuf_free(buf);
		rpc_error(q, req, "the answer does not fit in a frame");
		return;
	}
	send_reply(q, buf);
	req->answered = 1;
	if (req->kept)
		request_free(req);
}

static void
send_reply(struct quorum *q, struct ibuf *buf)
{
	ipc_send_ibuf(&q->engine, IMSG_MESH_REPLY, 0, buf);
}

static void
request_free(struct request *req)
{
	if (req->params != NULL)
		record_free(wire_params_record(req->method), req->params);
	free(req->cn);
	free(req->fingerprint);
	free(req->address);
	free(req);
}
