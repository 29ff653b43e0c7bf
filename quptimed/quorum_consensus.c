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

#include "quorum_consensus_int.h"

/* What all nodes do: terms, records, and what a follower is told. */

static int	 peers_sync(struct consensus *);
static void	 peer_free(struct consensus *, struct cons_peer *);
static void	 peer_heard(struct consensus *, struct cons_peer *,
		    struct monotime);
static int	 adopt(struct consensus *, uint64_t);
static void	 follow(struct consensus *, const char *, struct monotime);

typedef void	 receiver(struct consensus *, const char *,
		    const struct cons_msg *, struct monotime);
static receiver	 on_heartbeat, on_apply, on_verdicts;
static receiver	*const receivers[] = {
	[CONS_HEARTBEAT] = on_heartbeat,
	[CONS_HEARTBEAT_OK] = cons_on_heartbeat_ok,
	[CONS_VOTE] = cons_on_vote,
	[CONS_VOTE_OK] = cons_on_vote_ok,
	[CONS_APPLY] = on_apply,
	[CONS_APPLY_OK] = cons_on_apply_ok,
	[CONS_VERDICTS] = on_verdicts,
	[CONS_VERDICTS_OK] = cons_on_verdicts_ok
};

const char	 cons_lost_term[] = "another master was elected, not "
		    "committed or unknown: check `quptimectl show status`";

const struct cons_times	 cons_times = {
	.beat = { 1000000000LL },
	.dead_after = { 4000000000LL },
	.cooldown = { 120000000000LL },
	.rank = { 150000000LL }
};

int
stamp_cmp(struct stamp a, struct stamp b)
{
	if (a.term != b.term)
		return (a.term < b.term ? -1 : 1);
	return (a.n < b.n ? -1 : a.n > b.n);
}

static int
id_cmp(const void *a, const void *b)
{
	return (strcmp(*(char *const *)a, *(char *const *)b));
}

struct cons_config *
cons_config_new(uint64_t version, const char *const *ids, uint32_t n,
    void *content, void (*release)(void *))
{
	struct cons_config	*g;
	uint32_t		 i;

	if ((g = calloc(1, sizeof(*g))) == NULL)
		return (NULL);
	g->refs = 1;
	g->version = version;
	if ((g->voters = calloc(n > 0 ? n : 1, sizeof(*g->voters))) == NULL) {
		cons_config_unref(g);
		return (NULL);
	}
	for (i = 0; i < n; i++) {
		if ((g->voters[i] = strdup(ids[i])) == NULL) {
			cons_config_unref(g);
			return (NULL);
		}
		g->nvoters++;
	}
	qsort(g->voters, n, sizeof(*g->voters), id_cmp);
	g->content = content;
	g->release = release;
	return (g);
}

struct cons_config *
cons_config_ref(struct cons_config *g)
{
	g->refs++;
	return (g);
}

void
cons_config_unref(struct cons_config *g)
{
	uint32_t	 i;

	if (g == NULL || --g->refs > 0)
		return;
	for (i = 0; i < g->nvoters; i++)
		free(g->voters[i]);
	free(g->voters);
	if (g->release != NULL)
		g->release(g->content);
	free(g);
}

int
cons_config_has(const struct cons_config *g, const char *id)
{
	uint32_t	 i;

	for (i = 0; i < g->nvoters; i++)
		if (strcmp(g->voters[i], id) == 0)
			return (1);
	return (0);
}

struct stamp
cons_entry_stamp(const struct cons_entry *e)
{
	struct stamp	 s = { 0, 0 };

	if (e->config != NULL) {
		s.term = e->term;
		s.n = e->config->version;
	}
	return (s);
}

const struct cons_entry *
consensus_accepted(const struct consensus *c)
{
	return (c->d.next.config != NULL ? &c->d.next : &c->d.committed);
}

struct stamp
cons_accepted_stamp(const struct consensus *c)
{
	return (cons_entry_stamp(consensus_accepted(c)));
}

int
consensus_init(struct consensus *c, const char *self,
    const struct cons_times *times, struct cons_durable *d,
    struct cons_verdicts verdicts, uint32_t seed, struct monotime now)
{
	memset(c, 0, sizeof(*c));
	TAILQ_INIT(&c->peers);
	TAILQ_INIT(&c->outs);
	c->times = *times;
	c->seed = seed | 1;
	if ((c->self = strdup(self)) == NULL)
		return (-1);
	return (consensus_abandon(c, d, verdicts, now));
}

int
consensus_abandon(struct consensus *c, struct cons_durable *d,
    struct cons_verdicts verdicts, struct monotime now)
{
	struct cons_peer	*p;
	struct cons_out		*o;

	while ((o = TAILQ_FIRST(&c->outs)) != NULL) {
		TAILQ_REMOVE(&c->outs, o, entry);
		cons_out_free(o);
	}
	while ((p = TAILQ_FIRST(&c->peers)) != NULL)
		peer_free(c, p);
	free(c->d.voted_for);
	cons_config_unref(c->d.committed.config);
	cons_config_unref(c->d.next.config);
	c->d = *d;
	memset(d, 0, sizeof(*d));
	c->verdicts = verdicts;
	free(c->master);
	free(c->heir);
	c->master = c->heir = NULL;
	c->role = CONS_FOLLOWER;
	c->started = c->beaten = now;
	c->heard = mono_sub(now, c->times.dead_after);
	c->cut = c->was_lost = c->failed = 0;
	c->ready = c->flying = c->leaving = 0;
	return (peers_sync(c));
}

void
consensus_clear(struct consensus *c)
{
	struct cons_durable	 none;
	struct cons_verdicts	 nil;

	memset(&none, 0, sizeof(none));
	memset(&nil, 0, sizeof(nil));
	/* There is nothing to sync without a configuration. */
	(void)consensus_abandon(c, &none, nil, MONO_SEC(0));
	free(c->self);
	memset(c, 0, sizeof(*c));
}

/* The accepted configuration's voters, and learners while there are some. */
static int
peers_sync(struct consensus *c)
{
	const struct cons_config	*g;
	struct cons_peer		*p, *next;
	uint32_t			 i;

	TAILQ_FOREACH(p, &c->peers, entry)
		p->mark = 0;
	g = consensus_accepted(c)->config;
	for (i = 0; g != NULL && i < g->nvoters; i++) {
		if (strcmp(g->voters[i], c->self) == 0)
			continue;
		if ((p = cons_peer_find(c, g->voters[i])) == NULL &&
		    (p = cons_peer_add(c, g->voters[i])) == NULL)
			return (-1);
		p->mark = p->voter = 1;
		p->learner = 0;
	}
	TAILQ_FOREACH_SAFE(p, &c->peers, entry, next) {
		if (!p->mark)
			p->voter = 0;
		if (!p->mark && !p->learner)
			peer_free(c, p);
	}
	return (0);
}

struct cons_peer *
cons_peer_find(const struct consensus *c, const char *id)
{
	struct cons_peer	*p;

	TAILQ_FOREACH(p, &c->peers, entry)
		if (strcmp(p->id, id) == 0)
			break;
	return (p);
}

struct cons_peer *
cons_peer_add(struct consensus *c, const char *id)
{
	struct cons_peer	*p;

	if ((p = calloc(1, sizeof(*p))) == NULL ||
	    (p->id = strdup(id)) == NULL) {
		free(p);
		c->failed = 1;
		return (NULL);
	}
	TAILQ_INSERT_TAIL(&c->peers, p, entry);
	return (p);
}

int
cons_peer_known(const struct consensus *c, const struct cons_peer *peer)
{
	const struct cons_peer	*p;

	TAILQ_FOREACH(p, &c->peers, entry)
		if (p == peer)
			return (1);
	return (0);
}

static void
peer_free(struct consensus *c, struct cons_peer *p)
{
	TAILQ_REMOVE(&c->peers, p, entry);
	free(p->id);
	free(p);
}

int
cons_peer_live(const struct consensus *c, const struct cons_peer *p,
    struct monotime now)
{
	return (p->heard_of &&
	    !cons_elapsed(p->heard, c->times.dead_after, now));
}

static void
peer_heard(struct consensus *c, struct cons_peer *p, struct monotime now)
{
	if (!cons_peer_live(c, p, now))
		p->live_since = now;
	p->heard_of = 1;
	p->heard = now;
}

int
cons_elapsed(struct monotime since, struct monotime span, struct monotime now)
{
	return (mono_cmp(mono_sub(now, since), span) >= 0);
}

/* xorshift32: what matters is that nodes differ. */
struct monotime
cons_jitter(struct consensus *c, struct monotime max)
{
	c->seed ^= c->seed << 13;
	c->seed ^= c->seed >> 17;
	c->seed ^= c->seed << 5;
	return (MONO_NSEC(max.ns / 1024 * (int64_t)(c->seed % 1024)));
}

/* What comes out. */
struct cons_out *
cons_emit(struct consensus *c, enum cons_action action, const char *to)
{
	struct cons_out	*o;

	if ((o = calloc(1, sizeof(*o))) == NULL ||
	    (to != NULL && (o->to = strdup(to)) == NULL)) {
		free(o);
		c->failed = 1;
		return (NULL);
	}
	o->action = action;
	o->msg.term = c->d.term;
	TAILQ_INSERT_TAIL(&c->outs, o, entry);
	return (o);
}

struct cons_out *
consensus_next(struct consensus *c)
{
	struct cons_out	*o;

	if (c->failed || (o = TAILQ_FIRST(&c->outs)) == NULL)
		return (NULL);
	TAILQ_REMOVE(&c->outs, o, entry);
	/* As they are now, for those that came before it are written. */
	o->msg.verdicts = c->verdicts;
	return (o);
}

void
cons_out_free(struct cons_out *o)
{
	if (o == NULL)
		return;
	cons_config_unref(o->msg.config);
	free(o->to);
	free(o->master);
	free(o);
}

/* NULL: out of memory, which the host finds out from consensus_next(). */
struct cons_msg *
cons_message(struct consensus *c, const char *to, enum cons_kind kind)
{
	struct cons_out	*o;

	if ((o = cons_emit(c, CONS_SEND, to)) == NULL)
		return (NULL);
	if (kind == CONS_HEARTBEAT && c->master != NULL &&
	    (o->master = strdup(c->master)) == NULL)
		c->failed = 1;
	o->msg.kind = kind;
	o->msg.master = o->master;
	o->msg.accepted = cons_accepted_stamp(c);
	o->msg.committed = cons_entry_stamp(&c->d.committed);
	return (&o->msg);
}

void
cons_save_vote(struct consensus *c)
{
	(void)cons_emit(c, CONS_SAVE_VOTE,
	    MUTANT(VOTE_NOT_DURABLE) ? NULL : c->d.voted_for);
}

void
cons_save_config(struct consensus *c)
{
	struct cons_out	*o;

	if ((o = cons_emit(c, CONS_SAVE_CONFIG, NULL)) == NULL)
		return;
	o->msg.term = c->d.next.term;
	o->msg.config = cons_config_ref(c->d.next.config);
	if (peers_sync(c) == -1)
		c->failed = 1;
}

/* What was accepted is in force. */
void
cons_commit(struct consensus *c)
{
	struct cons_out	*o;

	cons_config_unref(c->d.committed.config);
	c->d.committed = c->d.next;
	memset(&c->d.next, 0, sizeof(c->d.next));
	if ((o = cons_emit(c, CONS_COMMIT, NULL)) == NULL)
		return;
	o->msg.term = c->d.committed.term;
	o->msg.config = cons_config_ref(c->d.committed.config);
}

int
cons_self_votes(const struct consensus *c)
{
	return (cons_config_has(consensus_accepted(c)->config, c->self));
}

/* So many others, and this node if it is one of the voters. */
int
cons_majority(const struct consensus *c, uint32_t others)
{
	uint32_t	 n;

	n = consensus_accepted(c)->config->nvoters;
	return (2 * (others + (cons_self_votes(c) ? 1 : 0)) > n);
}

uint32_t
consensus_nlive(const struct consensus *c, struct monotime now)
{
	const struct cons_peer	*p;
	uint32_t		 n;

	n = cons_self_votes(c) ? 1 : 0;
	TAILQ_FOREACH(p, &c->peers, entry)
		n += p->voter && cons_peer_live(c, p, now);
	return (n);
}

int
consensus_live(const struct consensus *c, const char *id, struct monotime now)
{
	const struct cons_peer	*p;

	return ((p = cons_peer_find(c, id)) != NULL &&
	    cons_peer_live(c, p, now));
}

int
consensus_has_quorum(const struct consensus *c, struct monotime now)
{
	return (2 * consensus_nlive(c, now) >
	    consensus_accepted(c)->config->nvoters);
}

/*
 * Rule 1.  1 when the term is this node's; 0 when it is one that has passed.
 */
static int
adopt(struct consensus *c, uint64_t term)
{
	if (term < c->d.term)
		return (0);
	if (term > c->d.term) {
		cons_step_down(c, cons_lost_term);
		c->d.term = term;
		free(c->d.voted_for);
		c->d.voted_for = NULL;
		cons_save_vote(c);
		cons_set_master(c, NULL);
	}
	return (1);
}

void
cons_set_master(struct consensus *c, const char *id)
{
	char	*copy = NULL;

	if (id == NULL ? c->master == NULL :
	    c->master != NULL && strcmp(c->master, id) == 0)
		return;
	if (id != NULL && (copy = strdup(id)) == NULL) {
		c->failed = 1;
		return;
	}
	free(c->master);
	c->master = copy;
	(void)cons_emit(c, CONS_MASTER, id);
}

void
cons_step_down(struct consensus *c, const char *why)
{
	struct cons_peer	*p, *next;
	struct cons_out		*o;

	if (c->role == CONS_IS_MASTER) {
		if ((o = cons_emit(c, CONS_LOST, NULL)) != NULL)
			o->msg.reason = why;
		cons_set_master(c, NULL);
		free(c->heir);
		c->heir = NULL;
		c->ready = c->flying = c->leaving = 0;
		TAILQ_FOREACH_SAFE(p, &c->peers, entry, next) {
			p->learner = p->learned = 0;
			if (!p->voter)
				peer_free(c, p);
		}
	}
	c->role = CONS_FOLLOWER;
	c->was_lost = 0;
}

/* There is one master in a term, and it has spoken. */
static void
follow(struct consensus *c, const char *from, struct monotime now)
{
	if (c->role == CONS_IS_MASTER)
		return;
	c->role = CONS_FOLLOWER;
	c->heard = now;
	c->cut = c->was_lost = 0;
	cons_set_master(c, from);
}

void
consensus_receive(struct consensus *c, const char *from,
    const struct cons_msg *m, struct monotime now)
{
	struct cons_peer	*p;
	struct cons_msg		*r;

	if ((p = cons_peer_find(c, from)) != NULL)
		peer_heard(c, p, now);
	/* A request for a promise raises nobody's term; neither does one. */
	if (m->pre && (m->kind == CONS_VOTE || m->ok)) {
		receivers[m->kind](c, from, m, now);
		return;
	}
	if (!adopt(c, m->term) &&
	    !(MUTANT(VERDICTS_ANY_TERM) && m->kind == CONS_VERDICTS)) {
		/* Whoever asks is told; answers of old are nothing. */
		if (m->kind == CONS_HEARTBEAT || m->kind == CONS_APPLY ||
		    m->kind == CONS_VERDICTS || m->kind == CONS_VOTE) {
			r = cons_message(c, from, m->kind + 1);
			if (r != NULL)
				r->reason = "its term is over";
		}
		return;
	}
	receivers[m->kind](c, from, m, now);
}

static void
on_heartbeat(struct consensus *c, const char *from, const struct cons_msg *m,
    struct monotime now)
{
	struct cons_peer	*p;

	if ((p = cons_peer_find(c, from)) != NULL)
		p->has_master = m->master != NULL;
	if (m->master == NULL || strcmp(m->master, from) != 0 ||
	    c->role == CONS_IS_MASTER) {
		(void)cons_message(c, from, CONS_HEARTBEAT_OK);
		return;
	}
	follow(c, from, now);
	if (c->d.next.config != NULL &&
	    stamp_cmp(m->committed, cons_accepted_stamp(c)) == 0)
		cons_commit(c);
	(void)cons_message(c, from, CONS_HEARTBEAT_OK);
	if (m->handover && cons_may_stand(c))
		cons_campaign(c, now);
}

static void
on_apply(struct consensus *c, const char *from, const struct cons_msg *m,
    struct monotime now)
{
	struct cons_msg	*r;
	struct stamp	 s;
	int		 ok = 0;

	if (c->role == CONS_IS_MASTER)
		return;
	follow(c, from, now);
	/* Without a configuration it was a difference that says nothing. */
	if (m->config != NULL) {
		s.term = m->term;
		s.n = m->config->version;
		ok = stamp_cmp(s, cons_accepted_stamp(c)) >= 0;
		if (stamp_cmp(s, cons_accepted_stamp(c)) > 0) {
			cons_config_unref(c->d.next.config);
			c->d.next.term = m->term;
			c->d.next.config = cons_config_ref(m->config);
			cons_save_config(c);
		}
	}
	if ((r = cons_message(c, from, CONS_APPLY_OK)) == NULL)
		return;
	r->ok = ok;
	if (!ok)
		r->reason = m->config == NULL ?
		    "what it builds on is not here" :
		    "it is older than what is here";
	/*
	 * A new master takes over the verdicts of who has the latest.  Those of
	 * one term are one sequence, whose end may be missing there; else some
	 * of what it has may never have been decided.
	 */
	r->above = m->verdicts.high;
	r->all = m->verdicts.high.term != c->verdicts.high.term;
}

static void
on_verdicts(struct consensus *c, const char *from, const struct cons_msg *m,
    struct monotime now)
{
	struct cons_out	*o;
	int		 fits;

	if (c->role == CONS_IS_MASTER)
		return;
	follow(c, from, now);
	/*
	 * All of them may be late, and take back what came since.  What builds
	 * on verdicts that are not here would leave a gap.
	 */
	if (m->all)
		fits = c->verdicts.high.term != c->d.term ||
		    stamp_cmp(m->verdicts.high, c->verdicts.high) >= 0;
	else
		fits = stamp_cmp(m->above, c->verdicts.high) <= 0;
	if (fits &&
	    (o = cons_emit(c, CONS_SAVE_VERDICTS, NULL)) != NULL) {
		o->msg.payload = m->payload;
		o->msg.all = m->all;
	}
	(void)cons_message(c, from, CONS_VERDICTS_OK);
}
