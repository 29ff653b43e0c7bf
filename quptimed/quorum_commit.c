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

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmt.h"
#include "quorum_commit.h"
#include "yaml.h"

/*
 * Protocol 2, around its core: records go to the disk, changes wait here until
 * a majority has them.
 */

#define TURN		MONO_MSEC(100)
#define WAITING_MAX	1024
#define LEARN_LIMIT	MONO_SEC(10)
#define ERROR_MAX	640

static void	 content_free(void *);
static int	 load(struct commit *, struct cons_durable *, struct verr *);
static struct cons_config
		*parsed(const char *, const char *, size_t, struct verr *);
static int	 begin(struct quorum *, struct commit *, struct verr *);
static void	 abandon(struct quorum *, const struct verr *);
static void	 turn(int, short, void *);
static void	 act(struct quorum *, struct cons_out *);
static int	 save(struct quorum *, const struct cons_out *);
static void	 in_force(struct quorum *, const struct cons_out *);
static void	 new_master(struct quorum *);
static void	 fail(struct quorum *, const char *);
static void	 unwait(struct commit *, struct change *);
static int	 try_change(struct quorum *, struct change *);
static int	 learns(struct quorum *, struct change *);
static void	 learner(struct quorum *, struct qpeer *, enum peer_news,
		    const char *, void *);
static void	 change_end(struct quorum *, struct change *, uint64_t,
		    const char *);

/* The content is the cluster, which is taken over; fatal without memory. */
struct cons_config *
commit_config(struct cluster *cl)
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
	struct cons_verdicts	 none;
	struct timeval		 tv = { 0, 0 };
	char			 path[sizeof(q->store.path)];
	int			 rv;

	memset(&none, 0, sizeof(none));
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (verr_set(ve, "", "out of memory"));
	TAILQ_INIT(&c->waiting);
	(void)strlcpy(path, q->store.path, sizeof(path));
	durable_init(&c->disk, &durable_disk, NULL, dirname(path));
	if ((rv = load(c, &d, ve)) == 0 && (rv = begin(q, c, ve)) == 0)
		rv = load(c, &d, ve);
	if (rv != 1) {
		free(c);
		return (-1);
	}
	if (consensus_init(&c->core, q->node.node_id, &cons_times, &d, none,
	    arc4random(), mono_now()) == -1)
		fatal("%s", __func__);
	q->commit = c;
	evtimer_set(&c->ev, turn, q);
	evtimer_add(&c->ev, &tv);
	new_master(q);
	return (0);
}

/* 1 and what the disk has; 0: nothing of protocol 2; or -1 and why. */
static int
load(struct commit *c, struct cons_durable *d, struct verr *ve)
{
	struct durable_texts	 t;
	int			 rv;

	memset(d, 0, sizeof(*d));
	if ((rv = durable_load(&c->disk, &t, ve)) != 1)
		return (rv);
	d->term = c->disk.term;
	if (c->disk.voted_for[0] != '\0' &&
	    (d->voted_for = strdup(c->disk.voted_for)) == NULL)
		fatal("%s", __func__);
	d->committed.term = c->disk.committed.term;
	d->committed.config = parsed(DURABLE_COMMITTED, t.committed,
	    t.committed_len, ve);
	if (d->committed.config == NULL)
		rv = -1;
	if (rv == 1 && t.next != NULL) {
		d->next.term = c->disk.next.term;
		d->next.config = parsed(DURABLE_NEXT, t.next, t.next_len, ve);
		if (d->next.config == NULL)
			rv = -1;
	}
	durable_texts_clear(&t);
	if (rv == -1) {
		cons_config_unref(d->committed.config);
		free(d->voted_for);
	}
	return (rv);
}

static struct cons_config *
parsed(const char *name, const char *text, size_t len, struct verr *ve)
{
	struct cluster	*cl;

	if ((cl = record_new(&cluster_record)) == NULL)
		fatal("%s", __func__);
	if (yaml_parse(&cluster_record, cl, name, text, len, ve) == -1) {
		record_free(&cluster_record, cl);
		return (NULL);
	}
	return (commit_config(cl));
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
	fail(q, "this node is stopping");
	q->commit = NULL;
	evtimer_del(&c->ev);
	consensus_clear(&c->core);
	cons_config_unref(c->of);
	if (c->text != NULL)
		freezero(c->text, c->len);
	free(c);
}

int
commit_leave(struct quorum *q, struct verr *ve)
{
	if (durable_forget(&q->commit->disk, ve) == -1)
		return (-1);
	commit_clear(q);
	new_master(q);
	return (0);
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
	commit_drain(q);
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
	commit_drain(q);
	commit_next(q);
}

/* Each action is done before the next one is looked at. */
void
commit_drain(struct quorum *q)
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
	switch (o->action) {
	case CONS_SEND:
		if (o->msg.kind == CONS_HEARTBEAT || o->msg.kind == CONS_VOTE ||
		    o->msg.kind == CONS_APPLY || o->msg.kind == CONS_VERDICTS)
			commit_send(q, o);
		else
			commit_answer(q, o);
		break;
	case CONS_SAVE_VOTE:
	case CONS_SAVE_CONFIG:
		(void)save(q, o);
		break;
	case CONS_COMMIT:
		if (save(q, o) == 0)
			in_force(q, o);
		break;
	case CONS_MASTER:
		new_master(q);
		break;
	case CONS_READY:
		q->master = 1;
		heart_changed(q, 0);
		break;
	case CONS_LOST:
		fail(q, o->msg.reason);
		break;
	case CONS_NONE:
	case CONS_MARK:
	case CONS_SAVE_VERDICTS:
	case CONS_DECIDED:
	case CONS_LEARNED:
		break;
	}
}

/* What cannot be written is not promised. */
static int
save(struct quorum *q, const struct cons_out *o)
{
	struct durable	*d = &q->commit->disk;
	struct verr	 ve;
	char		*text;
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
		abandon(q, &ve);
	return (rv);
}

/* As if this node had died here: it goes on with what the disk has. */
static void
abandon(struct quorum *q, const struct verr *why)
{
	struct commit		*c = q->commit;
	struct cons_durable	 d;
	struct cons_verdicts	 none;
	struct verr		 ve;
	struct cluster		*cl;
	char			 buf[ERROR_MAX];

	log_warnx("%s", verr_string(why, buf, sizeof(buf)));
	memset(&none, 0, sizeof(none));
	memset(&ve, 0, sizeof(ve));
	if (load(c, &d, &ve) != 1)
		fatalx("%s", verr_string(&ve, buf, sizeof(buf)));
	if (d.committed.config->version > q->cluster.version) {
		cl = record_dup(&cluster_record, d.committed.config->content);
		if (cl == NULL)
			fatal("%s", __func__);
		config_replace(q, cl);
		free(cl);
	}
	if (consensus_abandon(&c->core, &d, none, mono_now()) == -1)
		fatal("%s", __func__);
	new_master(q);
	(void)snprintf(buf, sizeof(buf), "not committed or unknown: %s",
	    why->msg);
	fail(q, buf);
}

/* A majority has it. */
static void
in_force(struct quorum *q, const struct cons_out *o)
{
	struct commit	*c = q->commit;
	struct change	*ch = c->flying;
	struct cluster	*cl;
	uint64_t	 version = o->msg.config->version;
	int		 ours = ch != NULL && ch->version == version;

	/* One who learns is not in it yet. */
	if (join_is_seeded(q) && !cons_config_has(o->msg.config,
	    q->node.node_id))
		return;
	if (version != q->cluster.version) {
		cl = record_dup(&cluster_record, o->msg.config->content);
		if (cl == NULL)
			fatal("%s", __func__);
		config_replace(q, cl);
		free(cl);
		if (ours) {
			log_info("version %llu: %s",
			    (unsigned long long)version, ch->what);
			monitor_event(q, "config", "", "version %llu: %s",
			    (unsigned long long)version, ch->what);
		} else
			log_info("version %llu: %u peers, %u checks",
			    (unsigned long long)version, q->cluster.peers.n,
			    q->cluster.checks.n);
	}
	if (ours) {
		c->flying = NULL;
		change_end(q, ch, version, NULL);
	}
}

/* Whoever it is, this node has yet to be ready. */
static void
new_master(struct quorum *q)
{
	int	 was = q->master;

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

/* All of them. */
static void
fail(struct quorum *q, const char *why)
{
	struct commit	*c = q->commit;
	struct change	*ch = c->flying;

	c->flying = NULL;
	if (ch != NULL)
		change_end(q, ch, 0, why);
	while ((ch = TAILQ_FIRST(&c->waiting)) != NULL) {
		unwait(c, ch);
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

	if (c->nwaiting >= WAITING_MAX) {
		done(q, 0, "too many changes under way", arg);
		return;
	}
	if ((ch = calloc(1, sizeof(*ch))) == NULL) {
		done(q, 0, "out of memory", arg);
		return;
	}
	ch->p = *p;
	memset(p, 0, sizeof(*p));
	ch->done = done;
	ch->arg = arg;
	TAILQ_INSERT_TAIL(&c->waiting, ch, entry);
	c->nwaiting++;
	commit_next(q);
}

static void
unwait(struct commit *c, struct change *ch)
{
	TAILQ_REMOVE(&c->waiting, ch, entry);
	c->nwaiting--;
}

/* One after the other: each builds on what the last one made. */
void
commit_next(struct quorum *q)
{
	struct commit	*c = q->commit;
	struct change	*ch, *next;

	if (c->draining || c->choosing)
		return;
	c->choosing = 1;
	for (ch = TAILQ_FIRST(&c->waiting); ch != NULL &&
	    consensus_idle(&c->core); ch = next) {
		next = TAILQ_NEXT(ch, entry);
		if (learns(q, ch))
			continue;
		unwait(c, ch);
		if (try_change(q, ch) == 0)
			break;
	}
	c->choosing = 0;
	commit_drain(q);
}

/* A node that is let in is first to have what the others have. */
static int
learns(struct quorum *q, struct change *ch)
{
	struct consensus		*core = &q->commit->core;
	const struct enrollment		*e;
	const struct pending_join	*join;
	struct qpeer			*p;

	if (ch->p.kind != PROP_APPROVE_ENROLLMENT ||
	    (e = mutate_find(q, OBJ_ENROLLMENT, str(ch->p.target))) == NULL ||
	    (join = e->pending_join) == NULL ||
	    heart_find(&q->cluster, str(join->node_id)) != NULL ||
	    consensus_learned(core, join->node_id))
		return (0);
	p = peer_find(q, join->node_id);
	if (!ch->learning) {
		ch->learning = 1;
		ch->deadline = mono_add(mono_now(), LEARN_LIMIT);
		if (p == NULL && (p = peer_bootstrap(q, join->advertise,
		    join->fingerprint, learner, NULL)) != NULL &&
		    (p->node_id = strdup(join->node_id)) == NULL)
			fatal("%s", __func__);
		return (1);
	}
	if (p != NULL && p->up)
		(void)consensus_learn(core, join->node_id, mono_now());
	if (mono_cmp(mono_now(), ch->deadline) < 0)
		return (1);
	if (p != NULL && p->conf == NULL)
		peer_remove(q, p);
	unwait(q->commit, ch);
	change_end(q, ch, 0, "the new node cannot be reached");
	return (1);
}

static void
learner(struct quorum *q, struct qpeer *p, enum peer_news what,
    const char *why, void *arg)
{
	(void)p;
	(void)why;
	(void)arg;
	if (q->commit != NULL && what == PEER_UP)
		commit_next(q);
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
	g = commit_config(c->staged);
	c->staged = NULL;
	ch->version = g->version;
	c->flying = ch;
	if (consensus_publish(&c->core, g, mono_now(), &why) == -1) {
		c->flying = NULL;
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
