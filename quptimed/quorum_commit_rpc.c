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
#include "quorum_commit.h"

/* Messages of the core, as calls that go out and requests that come in. */

#define CALL_LIMIT	MONO_SEC(2)
#define APPLY_LIMIT	MONO_SEC(10)
#define ADDR_MAX	512
#define ERROR_MAX	640

/* What a call was about, when its answer comes. */
struct sent {
	enum cons_kind	 kind;
	int		 pre;
};

static void	 send_config(struct quorum *, struct qpeer *,
		    const struct cons_msg *, struct sent *);
static void	 answered(struct quorum *, struct qpeer *,
		    const struct answer *, void *);
static void	 put_cons(struct wire_cons *, const struct cons_msg *);
static void	 get_cons(const struct wire_cons *, struct cons_msg *);

static void
put_cons(struct wire_cons *w, const struct cons_msg *m)
{
	w->commit_term = m->committed.term;
	w->commit_version = m->committed.n;
	w->accepted_term = m->accepted.term;
	w->accepted_version = m->accepted.n;
	w->verdict_term = m->verdicts.high.term;
	w->verdict_counter = m->verdicts.high.n;
	w->verdict_digest = m->verdicts.digest;
}

static void
get_cons(const struct wire_cons *w, struct cons_msg *m)
{
	m->committed.term = w->commit_term;
	m->committed.n = w->commit_version;
	m->accepted.term = w->accepted_term;
	m->accepted.n = w->accepted_version;
	m->verdicts.high.term = w->verdict_term;
	m->verdicts.high.n = w->verdict_counter;
	m->verdicts.digest = w->verdict_digest;
}

/* To who is not connected nothing is sent; the core tries again. */
void
commit_send(struct quorum *q, const struct cons_out *o)
{
	const struct cons_msg	*m = &o->msg;
	struct wire_heartbeat	 beat;
	struct wire_vote	 vote;
	struct qpeer		*p;
	struct sent		*s;
	char			 addr[ADDR_MAX];

	if ((p = peer_find(q, o->to)) == NULL || !p->up ||
	    (m->kind == CONS_HEARTBEAT && p->beating))
		return;
	if ((s = calloc(1, sizeof(*s))) == NULL) {
		log_warn("%s", __func__);
		return;
	}
	s->kind = m->kind;
	s->pre = m->pre;
	switch (m->kind) {
	case CONS_HEARTBEAT:
		memset(&beat, 0, sizeof(beat));
		beat.from_node_id = q->node.node_id;
		beat.advertise = (char *)(uintptr_t)heart_advertise(q, addr,
		    sizeof(addr));
		beat.term = m->term;
		beat.master_id = (char *)(uintptr_t)m->master;
		beat.config_version = q->cluster.version;
		beat.proto = PROTO_MAX;
		if (m->handover)
			beat.handover_to = o->to;
		put_cons(&beat.cons, m);
		p->beating = 1;
		peer_call(q, p, WIRE_HEARTBEAT, &beat, CALL_LIMIT, answered,
		    s);
		break;
	case CONS_VOTE:
		memset(&vote, 0, sizeof(vote));
		vote.term = m->term;
		vote.candidate_id = q->node.node_id;
		vote.pre = m->pre;
		put_cons(&vote.cons, m);
		peer_call(q, p, WIRE_VOTE, &vote, CALL_LIMIT, answered, s);
		break;
	case CONS_APPLY:
		send_config(q, p, m, s);
		break;
	default:
		free(s);
		break;
	}
}

/* One text for all; what it says beside the configuration is the same, too. */
static void
send_config(struct quorum *q, struct qpeer *p, const struct cons_msg *m,
    struct sent *s)
{
	struct commit		*c = q->commit;
	struct wire_config	 params;

	if (c->of != m->config || c->of_term != m->term ||
	    c->text == NULL) {
		if (c->text != NULL)
			freezero(c->text, c->len);
		memset(&params, 0, sizeof(params));
		params.config = m->config->content;
		params.term = m->term;
		params.master_id = q->node.node_id;
		put_cons(&params.cons, m);
		c->text = wire_params_text(WIRE_APPLY_CONFIG, q->dialect,
		    &params, &c->len);
		cons_config_unref(c->of);
		c->of = cons_config_ref(m->config);
		c->of_term = m->term;
	}
	if (c->text == NULL) {
		log_warn("%s", __func__);
		free(s);
		return;
	}
	peer_call_text(q, p, WIRE_APPLY_CONFIG, c->text, c->len, APPLY_LIMIT,
	    answered, s);
}

/* What came back of a call goes to the core as the message it is. */
static void
answered(struct quorum *q, struct qpeer *p, const struct answer *a, void *arg)
{
	struct sent			*s = arg;
	const struct wire_heartbeat_res	*beat = a->result;
	const struct wire_apply_res	*apply = a->result;
	const struct wire_vote_res	*vote = a->result;
	struct cons_msg			 m;

	memset(&m, 0, sizeof(m));
	if (s->kind == CONS_HEARTBEAT)
		p->beating = 0;
	m.kind = s->kind + 1;
	m.pre = s->pre;
	if (a->result == NULL || q->commit == NULL || p->node_id == NULL) {
		free(s);
		return;
	}
	switch (s->kind) {
	case CONS_HEARTBEAT:
		m.term = beat->term;
		get_cons(&beat->cons, &m);
		p->last_seen = wall_now();
		p->config_version = beat->config_version;
		p->proto = beat->proto;
		/* It speaks protocol 1 still; its term is another thing. */
		if (beat->cons.accepted_version == 0) {
			free(s);
			return;
		}
		break;
	case CONS_VOTE:
		m.term = vote->term;
		m.ok = vote->granted;
		get_cons(&vote->cons, &m);
		break;
	case CONS_APPLY:
		m.term = apply->term;
		m.ok = apply->applied;
		get_cons(&apply->cons, &m);
		if (!m.ok && *str(apply->reason) != '\0')
			peer_complain(q, p, "does not take version %llu: %s",
			    (unsigned long long)q->commit->core.d.term,
			    apply->reason);
		break;
	default:
		free(s);
		return;
	}
	free(s);
	consensus_receive(&q->commit->core, p->node_id, &m, mono_now());
	commit_drain(q);
	commit_next(q);
}

/* The core answers a request within its turn. */
void
commit_answer(struct quorum *q, const struct cons_out *o)
{
	const struct cons_msg		*m = &o->msg;
	struct request			*req = q->commit->request;
	struct wire_heartbeat_res	 beat;
	struct wire_apply_res		 apply;
	struct wire_vote_res		 vote;
	char				 addr[ADDR_MAX];

	if (req == NULL || req->answered)
		return;
	switch (m->kind) {
	case CONS_HEARTBEAT_OK:
		heart_answer(q, req, &beat, addr, sizeof(addr));
		beat.term = m->term;
		put_cons(&beat.cons, m);
		rpc_result(q, req, &beat);
		break;
	case CONS_VOTE_OK:
		memset(&vote, 0, sizeof(vote));
		vote.term = m->term;
		vote.granted = m->ok;
		vote.reason = (char *)(uintptr_t)m->reason;
		put_cons(&vote.cons, m);
		rpc_result(q, req, &vote);
		break;
	case CONS_APPLY_OK:
		memset(&apply, 0, sizeof(apply));
		apply.term = m->term;
		apply.applied = m->ok;
		apply.reason = (char *)(uintptr_t)m->reason;
		apply.current_version = q->cluster.version;
		put_cons(&apply.cons, m);
		rpc_result(q, req, &apply);
		break;
	default:
		break;
	}
}

void
commit_request(struct quorum *q, struct request *req)
{
	const struct wire_heartbeat	*beat = req->params;
	const struct wire_vote		*vote = req->params;
	struct wire_config		*apply = req->params;
	struct commit			*c = q->commit;
	struct cons_msg			 m;
	struct verr			 ve;
	char				 buf[ERROR_MAX];

	memset(&m, 0, sizeof(m));
	memset(&ve, 0, sizeof(ve));
	switch (req->method) {
	case WIRE_HEARTBEAT:
		m.kind = CONS_HEARTBEAT;
		m.term = beat->term;
		m.master = *str(beat->master_id) != '\0' ? beat->master_id :
		    NULL;
		m.handover = strcmp(str(beat->handover_to),
		    q->node.node_id) == 0;
		get_cons(&beat->cons, &m);
		req->from->last_seen = wall_now();
		req->from->config_version = beat->config_version;
		req->from->proto = beat->proto;
		break;
	case WIRE_VOTE:
		m.kind = CONS_VOTE;
		m.term = vote->term;
		m.pre = vote->pre;
		get_cons(&vote->cons, &m);
		break;
	case WIRE_APPLY_CONFIG:
		m.kind = CONS_APPLY;
		m.term = apply->term;
		get_cons(&apply->cons, &m);
		if (apply->config == NULL || record_validate(&cluster_record,
		    apply->config, "", &ve) == -1 || (!join_is_seeded(q) &&
		    (heart_peers_ok(q, apply->config, &ve) == -1 ||
		    mutate_protocol(q, apply->config, &ve) == -1))) {
			peer_complain(q, req->from, "version refused: %s",
			    verr_string(&ve, buf, sizeof(buf)));
			rpc_error(q, req, "refused");
			return;
		}
		m.config = commit_config(apply->config);
		apply->config = NULL;
		break;
	default:
		fatalx("%s: %s", __func__, wire_method_name(req->method));
	}
	c->request = req;
	consensus_receive(&c->core, req->from->node_id, &m, mono_now());
	commit_drain(q);
	c->request = NULL;
	cons_config_unref(m.config);
	if (!req->answered)
		rpc_error(q, req, "refused");
}
