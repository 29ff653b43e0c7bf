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

/* Rules 2 to 5: who stands for election, when, and who votes for it. */

static int	 in_grace(const struct consensus *, struct monotime);
static int	 lost_master(const struct consensus *, struct monotime);
static void	 stand_soon(struct consensus *, struct monotime);
static void	 ask(struct consensus *, struct monotime);
static void	 count_votes(struct consensus *, struct monotime);
static void	 win(struct consensus *, struct monotime);

/* Rule 2: who has just started knows too little, unless nobody knows more. */
static int
in_grace(const struct consensus *c, struct monotime now)
{
	const struct cons_peer	*p;
	uint32_t		 n = 0;

	if (cons_elapsed(c->started, MONO_NSEC(2 * c->times.beat.ns), now))
		return (0);
	TAILQ_FOREACH(p, &c->peers, entry) {
		if (!p->heard_of)
			continue;
		if (p->has_master)
			return (1);
		n += p->voter;
	}
	return (!cons_majority(c, n));
}

static int
lost_master(const struct consensus *c, struct monotime now)
{
	if (c->role == CONS_IS_MASTER || in_grace(c, now))
		return (0);
	return (c->cut || cons_elapsed(c->heard, c->times.dead_after, now));
}

/*
 * A voter; or who has accepted that it is none any more, as it may be the only
 * one that holds that configuration.
 */
int
cons_may_stand(const struct consensus *c)
{
	return (cons_self_votes(c) || c->d.next.config != NULL);
}

/* Rule 4: the lowest live one first. */
static void
stand_soon(struct consensus *c, struct monotime now)
{
	const struct cons_peer	*p;
	int64_t			 rank = 0;

	TAILQ_FOREACH(p, &c->peers, entry)
		if (p->voter && cons_peer_live(c, p, now) && !(c->cut &&
		    c->master != NULL && strcmp(p->id, c->master) == 0))
			rank += strcmp(p->id, c->self) < 0;
	c->next_try = mono_add(now, mono_add(MONO_NSEC(c->times.rank.ns * rank),
	    cons_jitter(c, MONO_NSEC(c->times.rank.ns / 2))));
}

void
consensus_tick(struct consensus *c, struct monotime now)
{
	int	 lost;

	if (c->role == CONS_IS_MASTER) {
		cons_master_tick(c, now);
		return;
	}
	if (cons_elapsed(c->beaten, c->times.beat, now))
		cons_beat(c, now);
	lost = cons_may_stand(c) && lost_master(c, now);
	if (lost && !c->was_lost)
		stand_soon(c, now);
	c->was_lost = lost;
	if (lost && mono_cmp(now, c->next_try) >= 0)
		ask(c, now);
}

void
consensus_cut(struct consensus *c, const char *id, struct monotime now)
{
	if (c->role == CONS_IS_MASTER || c->master == NULL ||
	    strcmp(c->master, id) != 0 || c->cut)
		return;
	c->cut = 1;
	consensus_tick(c, now);
}

/* For promises first, so that who cannot win disturbs nobody. */
static void
ask(struct consensus *c, struct monotime now)
{
	struct cons_peer	*p;
	struct cons_msg		*m;

	c->role = CONS_ASKING;
	c->next_try = mono_add(mono_add(now, MONO_NSEC(c->times.beat.ns / 2)),
	    cons_jitter(c, c->times.beat));
	TAILQ_FOREACH(p, &c->peers, entry) {
		p->vote = 0;
		if (!p->voter ||
		    (m = cons_message(c, p->id, CONS_VOTE)) == NULL)
			continue;
		m->term = c->d.term + 1;
		m->pre = 1;
	}
	count_votes(c, now);
}

void
cons_campaign(struct consensus *c, struct monotime now)
{
	struct cons_peer	*p;
	char			*copy;

	if ((copy = strdup(c->self)) == NULL) {
		c->failed = 1;
		return;
	}
	free(c->d.voted_for);
	c->d.voted_for = copy;
	c->d.term++;
	c->role = CONS_CANDIDATE;
	cons_save_vote(c);
	cons_set_master(c, NULL);
	TAILQ_FOREACH(p, &c->peers, entry) {
		p->vote = 0;
		if (p->voter)
			(void)cons_message(c, p->id, CONS_VOTE);
	}
	count_votes(c, now);
}

static void
count_votes(struct consensus *c, struct monotime now)
{
	const struct cons_peer	*p;
	uint32_t		 n = 0;

	TAILQ_FOREACH(p, &c->peers, entry)
		n += p->voter && p->vote;
	if (!cons_majority(c, n))
		return;
	if (c->role == CONS_ASKING)
		cons_campaign(c, now);
	else if (c->role == CONS_CANDIDATE)
		win(c, now);
}

void
cons_on_vote(struct consensus *c, const char *from, const struct cons_msg *m,
    struct monotime now)
{
	struct cons_msg	*r;
	const char	*why = NULL;
	char		*copy;

	if (stamp_cmp(m->accepted, cons_accepted_stamp(c)) < 0)
		why = "its configuration is older";
	else if (m->pre && m->term <= c->d.term)
		why = "its term is over";
	else if (m->pre && !lost_master(c, now))
		why = "the master is there";
	else if (!m->pre && c->d.voted_for != NULL &&
	    strcmp(c->d.voted_for, from) != 0)
		why = "voted for another node";
	else if (!m->pre && (c->master != NULL || c->role == CONS_CANDIDATE ||
	    c->role == CONS_IS_MASTER))
		why = "there is a master";
	if (why == NULL && !m->pre && c->d.voted_for == NULL) {
		if ((copy = strdup(from)) == NULL) {
			c->failed = 1;
			return;
		}
		c->d.voted_for = copy;
		cons_save_vote(c);
		/* It needs a moment. */
		c->next_try = mono_add(mono_add(now, c->times.beat),
		    cons_jitter(c, c->times.beat));
		c->was_lost = 1;
	}
	if ((r = cons_message(c, from, CONS_VOTE_OK)) == NULL)
		return;
	r->pre = m->pre;
	r->ok = why == NULL;
	r->reason = why;
	/* A promise is for that term; a refusal tells of this node's. */
	if (m->pre && r->ok)
		r->term = m->term;
}

void
cons_on_vote_ok(struct consensus *c, const char *from, const struct cons_msg *m,
    struct monotime now)
{
	struct cons_peer	*p;

	if ((p = cons_peer_find(c, from)) == NULL || !m->ok)
		return;
	if (m->pre ? c->role != CONS_ASKING || m->term != c->d.term + 1 ||
	    !lost_master(c, now) : c->role != CONS_CANDIDATE)
		return;
	p->vote = 1;
	count_votes(c, now);
}

/* Rule 5: the first act is to publish what it has, as its own. */
static void
win(struct consensus *c, struct monotime now)
{
	struct cons_peer	*p;

	c->role = CONS_IS_MASTER;
	c->elected = now;
	c->ready = c->flying = c->leaving = 0;
	memset(&c->decided, 0, sizeof(c->decided));
	cons_set_master(c, c->self);
	TAILQ_FOREACH(p, &c->peers, entry) {
		p->acks = p->vote;
		p->acked = now;
		if (!MUTANT(OLD_TERM_ACKS))
			memset(&p->accepted, 0, sizeof(p->accepted));
		memset(&p->verdicts, 0, sizeof(p->verdicts));
		p->merged = p->synced = p->sending = p->telling = 0;
	}
	if (MUTANT(NO_REPUBLISH)) {
		c->ready = 1;
		(void)cons_emit(c, CONS_READY, NULL);
		return;
	}
	cons_fly(c, consensus_accepted(c)->config, now);
}
