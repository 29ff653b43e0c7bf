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

#include "fmt.h"
#include "quorum.h"
#include "quorum_consensus.h"
#include "quorum_durable.h"
#include "yaml.h"

/*
 * Protocol 2, around its core: messages of the core go out as calls and come in
 * as requests, records go to the disk, changes wait here until a majority has
 * them.
 */

#define TURN		MONO_MSEC(100)
#define CALL_LIMIT	MONO_SEC(2)
#define APPLY_LIMIT	MONO_SEC(10)
#define LEARN_LIMIT	MONO_SEC(10)
#define WAITING_MAX	1024
#define WHAT_MAX	400
#define ERROR_MAX	640
#define VIS_MAX		320

/* A change that waits, or that is in the version under way. */
struct change {
	TAILQ_ENTRY(change)	 entry;
	struct proposal		 p;
	proposal_done		*done;
	void			*arg;
	struct monotime		 deadline;	/* for who is to learn */
	int			 learning;
	char			 what[WHAT_MAX];
};
TAILQ_HEAD(changes, change);

struct commit {
	struct consensus	 core;
	struct durable		 disk;
	struct event		 ev;
	struct changes		 waiting;
	struct changes		 flying;
	uint64_t		 version;	/* of the latter */
	struct request		*request;	/* being answered */
	struct cluster		*staged;	/* of the change at hand */
	char			*staged_what;
	int			 draining;
	/* The text of a configuration, for all who are sent it. */
	struct cons_config	*of;
	struct cons_msg		 of_msg;
	char			*text;
	size_t			 len;
};

/* What a call was about, when its answer comes. */
struct sent {
	enum cons_kind	 kind;
	int		 pre;
};

static struct cons_config
		*config_of(struct cluster *);
static void	 content_free(void *);
static int	 begin(struct quorum *, struct commit *, struct verr *);
static void	 turn(int, short, void *);
static void	 drain(struct quorum *);
static void	 act(struct quorum *, struct cons_out *);
static void	 send_out(struct quorum *, const struct cons_out *);
static void	 answer(struct quorum *, const struct cons_out *);
static void	 answered(struct quorum *, struct qpeer *,
		    const struct answer *, void *);
static void	 send_config(struct quorum *, struct qpeer *,
		    const struct cons_msg *, struct sent *);
static void	 save(struct quorum *, const struct cons_out *);
static void	 in_force(struct quorum *, const struct cons_out *);
static void	 new_master(struct quorum *, const char *);
static void	 fail(struct quorum *, struct changes *, const char *);
static void	 next_change(struct quorum *);
static int	 try_change(struct quorum *, struct change *);
static int	 learns(struct quorum *, struct change *);
static void	 change_end(struct quorum *, struct change *, uint64_t,
		    const char *);
static void	 put_cons(struct wire_cons *, const struct cons_msg *);
static void	 get_cons(const struct wire_cons *, struct cons_msg *);
static struct qpeer
		*peer_of(struct quorum *, const char *);

/* The content is the cluster, which is taken over; fatal without memory. */
static struct cons_config *
config_of(struct cluster *cl)
{
	struct cons_config	*g;
	const char		**ids;
	uint32_t		 i;

	if ((ids = calloc(cl->peers.n + 1, sizeof(*ids))) == NULL)
		fatal("%s", __func__);
	for (i = 0; i < cl->peers.n; i++)
		ids[i] = CLUSTER_PEER(cl, i)->node_id;
	g = cons_config_new(cl->version, ids, cl->peers.n, cl, content_free);
	if (g == NULL)
		fatal("%s", __func__);
	free(ids);
	return (g);
}

static void
content_free(void *arg)
{
	record_free(&cluster_record, arg);
}

int
commit_start(struct quorum *q, struct verr *ve)
{
	struct commit		*c;
	struct cons_durable	 d;
	struct cons_verdicts	 nothing;
	struct durable_texts	 texts;
	struct cluster		*cl;
	struct timeval		 tv = { 0, 0 };
	int			 rv;

	memset(&d, 0, sizeof(d));
	memset(&nothing, 0, sizeof(nothing));
	memset(&texts, 0, sizeof(texts));
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (verr_set(ve, "", "out of memory"));
	TAILQ_INIT(&c->waiting);
	TAILQ_INIT(&c->flying);
	durable_init(&c->disk, &durable_disk, NULL, "");
	if ((rv = durable_load(&c->disk, &texts, ve)) == -1)
		goto fail;
	if (rv == 0 && begin(q, c, ve) == -1)
		goto fail;
	if ((cl = record_dup(&cluster_record, &q->cluster)) == NULL) {
		(void)verr_set(ve, "", "out of memory");
		goto fail;
	}
	d.term = c->disk.term;
	if (c->disk.voted_for[0] != '\0' &&
	    (d.voted_for = strdup(c->disk.voted_for)) == NULL)
		fatal("%s", __func__);
	d.committed.term = c->disk.committed.term;
	d.committed.config = config_of(cl);
	if (texts.next != NULL) {
		if ((cl = record_new(&cluster_record)) == NULL)
			fatal("%s", __func__);
		if (yaml_parse(&cluster_record, cl, DURABLE_NEXT, texts.next,
		    texts.next_len, ve) == -1) {
			record_free(&cluster_record, cl);
			cons_config_unref(d.committed.config);
			free(d.voted_for);
			goto fail;
		}
		d.next.term = c->disk.next.term;
		d.next.config = config_of(cl);
	}
	durable_texts_clear(&texts);
	if (consensus_init(&c->core, q->node.node_id, &cons_times, &d, nothing,
	    arc4random(), mono_now()) == -1)
		fatal("%s", __func__);
	q->commit = c;
	evtimer_set(&c->ev, turn, q);
	evtimer_add(&c->ev, &tv);
	return (0);

 fail:
	durable_texts_clear(&texts);
	free(c);
	return (-1);
}

/* Out of protocol 1: what is in force is what was committed last there. */
static int
begin(struct quorum *q, struct commit *c, struct verr *ve)
{
	char	*text;
	size_t	 len;
	int	 rv;

	text = yaml_format(&cluster_record, &q->cluster, &len);
	if (text == NULL)
		return (verr_set(ve, "", "out of memory"));
	rv = durable_save_vote(&c->disk, 0, NULL, ve) == -1 ||
	    durable_save_next(&c->disk, 0, q->cluster.version, text, len,
	    ve) == -1 ||
	    durable_commit(&c->disk, 0, q->cluster.version, ve) == -1 ? -1 :
	    0;
	freezero(text, len);
	if (rv == 0)
		rv = store_known(&q->store, ve);
	return (rv);
}

void
commit_clear(struct quorum *q)
{
	struct commit	*c = q->commit;

	if (c == NULL)
		return;
	fail(q, &c->flying, "this node is stopping");
	fail(q, &c->waiting, "this node is stopping");
	q->commit = NULL;
	evtimer_del(&c->ev);
	consensus_clear(&c->core);
	cons_config_unref(c->of);
	if (c->text != NULL)
		freezero(c->text, c->len);
	free(c);
}

const char *
commit_master(const struct quorum *q)
{
	return (q->commit->core.master);
}

uint64_t
commit_term(const struct quorum *q)
{
	return (q->commit->core.d.term);
}

int
commit_has_quorum(const struct quorum *q)
{
	return (consensus_has_quorum(&q->commit->core, mono_now()));
}

uint32_t
commit_nlive(const struct quorum *q)
{
	return (consensus_nlive(&q->commit->core, mono_now()));
}

int
commit_live(const struct quorum *q, const char *node_id)
{
	return (strcmp(node_id, q->node.node_id) == 0 ||
	    consensus_live(&q->commit->core, node_id, mono_now()));
}

void
commit_down(struct quorum *q, const struct qpeer *p)
{
	if (p->conf == NULL)
		return;
	consensus_cut(&q->commit->core, p->node_id, mono_now());
	drain(q);
}

static void
turn(int fd, short event, void *arg)
{
	struct quorum	*q = arg;
	struct timeval	 tv = mono_tv(TURN);

	(void)fd;
	(void)event;
	evtimer_add(&q->commit->ev, &tv);
	consensus_tick(&q->commit->core, mono_now());
	drain(q);
	next_change(q);
}

/* Each action is done before the next one is looked at. */
static void
drain(struct quorum *q)
{
	struct commit	*c = q->commit;
	struct cons_out	*o;

	if (c->draining)
		return;
	c->draining = 1;
	while ((o = consensus_next(&c->core)) != NULL) {
		act(q, o);
		cons_out_free(o);
	}
	if (c->core.failed)
		fatalx("%s: out of memory", __func__);
	c->draining = 0;
}

static void
act(struct quorum *q, struct cons_out *o)
{
	struct commit	*c = q->commit;

	switch (o->action) {
	case CONS_SEND:
		if (o->msg.kind == CONS_HEARTBEAT || o->msg.kind == CONS_VOTE ||
		    o->msg.kind == CONS_APPLY || o->msg.kind == CONS_VERDICTS)
			send_out(q, o);
		else
			answer(q, o);
		break;
	case CONS_SAVE_VOTE:
	case CONS_SAVE_CONFIG:
		save(q, o);
		break;
	case CONS_COMMIT:
		save(q, o);
		in_force(q, o);
		break;
	case CONS_MASTER:
		new_master(q, o->to);
		break;
	case CONS_READY:
		q->master = 1;
		heart_changed(q, 0);
		break;
	case CONS_LOST:
		fail(q, &c->flying, o->msg.reason);
		fail(q, &c->waiting, o->msg.reason);
		break;
	case CONS_NONE:
	case CONS_MARK:
	case CONS_SAVE_VERDICTS:
	case CONS_DECIDED:
	case CONS_LEARNED:
		break;
	}
}

static struct qpeer *
peer_of(struct quorum *q, const char *id)
{
	struct qpeer	*p;

	TAILQ_FOREACH(p, &q->peers, entry)
		if (p->node_id != NULL && strcmp(p->node_id, id) == 0)
			break;
	return (p);
}

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
static void
send_out(struct quorum *q, const struct cons_out *o)
{
	const struct cons_msg	*m = &o->msg;
	struct wire_heartbeat	 beat;
	struct wire_vote	 vote;
	struct qpeer		*p;
	struct sent		*s;
	char			 addr[512];

	if ((p = peer_of(q, o->to)) == NULL || !p->up ||
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

	if (c->of != m->config || c->of_msg.term != m->term ||
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
		c->of_msg.term = m->term;
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
	drain(q);
	next_change(q);
}

/* The core answers a request within its turn. */
static void
answer(struct quorum *q, const struct cons_out *o)
{
	const struct cons_msg		*m = &o->msg;
	struct request			*req = q->commit->request;
	struct wire_heartbeat_res	 beat;
	struct wire_apply_res		 apply;
	struct wire_vote_res		 vote;
	char				 addr[512];

	if (req == NULL || req->answered)
		return;
	switch (m->kind) {
	case CONS_HEARTBEAT_OK:
		memset(&beat, 0, sizeof(beat));
		beat.node_id = q->node.node_id;
		beat.advertise = (char *)(uintptr_t)heart_advertise(q, addr,
		    sizeof(addr));
		beat.term = m->term;
		beat.master_id = q->commit->core.master;
		beat.config_version = q->cluster.version;
		beat.proto = PROTO_MAX;
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
	default:
		m.kind = CONS_APPLY;
		m.term = apply->term;
		get_cons(&apply->cons, &m);
		if (apply->config == NULL || record_validate(&cluster_record,
		    apply->config, "", &ve) == -1 ||
		    heart_peers_ok(q, apply->config, &ve) == -1) {
			peer_complain(q, req->from, "version refused: %s",
			    verr_string(&ve, buf, sizeof(buf)));
			rpc_error(q, req, "refused");
			return;
		}
		m.config = config_of(apply->config);
		apply->config = NULL;
		break;
	}
	c->request = req;
	consensus_receive(&c->core, req->from->node_id, &m, mono_now());
	drain(q);
	c->request = NULL;
	cons_config_unref(m.config);
	if (!req->answered)
		rpc_error(q, req, "refused");
}

/* What cannot be written was not promised: the node ends rather than lie. */
static void
save(struct quorum *q, const struct cons_out *o)
{
	struct durable	*d = &q->commit->disk;
	struct verr	 ve;
	char		*text, buf[ERROR_MAX];
	size_t		 len;
	int		 rv;

	memset(&ve, 0, sizeof(ve));
	switch (o->action) {
	case CONS_SAVE_VOTE:
		rv = durable_save_vote(d, o->msg.term, o->to, &ve);
		break;
	case CONS_SAVE_CONFIG:
		text = yaml_format(&cluster_record, o->msg.config->content,
		    &len);
		if (text == NULL)
			fatal("%s", __func__);
		rv = durable_save_next(d, o->msg.term, o->msg.config->version,
		    text, len, &ve);
		freezero(text, len);
		break;
	default:
		rv = durable_commit(d, o->msg.term, o->msg.config->version,
		    &ve);
		if (rv == 0)
			rv = store_known(&q->store, &ve);
		break;
	}
	if (rv == -1)
		fatalx("%s", verr_string(&ve, buf, sizeof(buf)));
}

/* A majority has it. */
static void
in_force(struct quorum *q, const struct cons_out *o)
{
	struct commit	*c = q->commit;
	struct changes	 done;
	struct change	*ch;
	struct cluster	*cl;
	uint64_t	 version = o->msg.config->version;

	if (version != q->cluster.version) {
		cl = record_dup(&cluster_record, o->msg.config->content);
		if (cl == NULL)
			fatal("%s", __func__);
		config_replace(q, cl);
		free(cl);
		ch = TAILQ_FIRST(&c->flying);
		if (ch != NULL && version == c->version) {
			log_info("version %llu: %s",
			    (unsigned long long)version, ch->what);
			monitor_event(q, "config", "", "version %llu: %s",
			    (unsigned long long)version, ch->what);
		} else
			log_info("version %llu: %u peers, %u checks",
			    (unsigned long long)version, q->cluster.peers.n,
			    q->cluster.checks.n);
	}
	if (version != c->version)
		return;
	TAILQ_INIT(&done);
	TAILQ_CONCAT(&done, &c->flying, entry);
	while ((ch = TAILQ_FIRST(&done)) != NULL) {
		TAILQ_REMOVE(&done, ch, entry);
		change_end(q, ch, version, NULL);
	}
}

static void
new_master(struct quorum *q, const char *id)
{
	int	 was = q->master;

	(void)id;
	q->master = 0;
	heart_changed(q, was);
}

static void
change_end(struct quorum *q, struct change *ch, uint64_t version,
    const char *error)
{
	ch->done(q, version, error, ch->arg);
	proposal_clear(&ch->p);
	free(ch);
}

static void
fail(struct quorum *q, struct changes *list, const char *why)
{
	struct change	*ch;

	while ((ch = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, ch, entry);
		change_end(q, ch, 0, why);
	}
}

/* The proposal is taken over and zeroed. */
void
commit_propose(struct quorum *q, struct proposal *p, proposal_done *done,
    void *arg)
{
	struct commit	*c = q->commit;
	struct change	*ch;

	if ((ch = calloc(1, sizeof(*ch))) == NULL) {
		done(q, 0, "out of memory", arg);
		return;
	}
	ch->p = *p;
	memset(p, 0, sizeof(*p));
	ch->done = done;
	ch->arg = arg;
	TAILQ_INSERT_TAIL(&c->waiting, ch, entry);
	if (!c->draining)
		next_change(q);
}

/* One after the other: each builds on what the last one made. */
static void
next_change(struct quorum *q)
{
	struct commit	*c = q->commit;
	struct change	*ch;

	while (!c->draining && consensus_idle(&c->core) &&
	    (ch = TAILQ_FIRST(&c->waiting)) != NULL) {
		if (learns(q, ch))
			return;
		TAILQ_REMOVE(&c->waiting, ch, entry);
		if (try_change(q, ch) == -1)
			continue;
		drain(q);
	}
}

/* A node that is let in is first to have what the others have. */
static int
learns(struct quorum *q, struct change *ch)
{
	(void)q;
	(void)ch;
	return (0);
}

static int
try_change(struct quorum *q, struct change *ch)
{
	struct commit		*c = q->commit;
	struct cons_config	*g;
	struct verr		 ve;
	const char		*why = NULL;
	char			 buf[ERROR_MAX];

	memset(&ve, 0, sizeof(ve));
	c->staged = NULL;
	if (mutate_apply(q, &ch->p, &ve) == -1 || c->staged == NULL) {
		change_end(q, ch, 0, verr_string(&ve, buf, sizeof(buf)));
		return (-1);
	}
	(void)strlcpy(ch->what, str(c->staged_what), sizeof(ch->what));
	free(c->staged_what);
	c->staged_what = NULL;
	g = config_of(c->staged);
	c->staged = NULL;
	c->version = g->version;
	TAILQ_INSERT_TAIL(&c->flying, ch, entry);
	if (consensus_publish(&c->core, g, mono_now(), &why) == -1) {
		TAILQ_REMOVE(&c->flying, ch, entry);
		cons_config_unref(g);
		change_end(q, ch, 0, why);
		return (-1);
	}
	cons_config_unref(g);
	return (0);
}

int
commit_stage(struct quorum *q, const struct cluster *next, struct verr *ve)
{
	struct commit	*c = q->commit;

	if ((c->staged = record_dup(&cluster_record, next)) == NULL)
		return (verr_set(ve, "", "out of memory"));
	return (0);
}

void
commit_staged(struct quorum *q, const char *what)
{
	free(q->commit->staged_what);
	q->commit->staged_what = strdup(what);
}
