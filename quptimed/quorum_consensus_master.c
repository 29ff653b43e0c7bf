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

/* Rules 5 to 9: what a master publishes, when that counts, when it ends. */

/* Requests that got no answer are made again after so many heartbeats. */
#define RETRY_BEATS	2

static const char	 lost_quorum[] = "lost quorum, not committed or "
			    "unknown: check `quptimectl show status`";

static int	 has_lease(const struct consensus *, struct monotime);
static void	 hand_over(struct consensus *, struct monotime);
static void	 replicate(struct consensus *, struct cons_peer *,
		    struct monotime);
static void	 send_config(struct consensus *, struct cons_peer *,
		    struct monotime);
static void	 send_verdicts(struct consensus *, struct cons_peer *,
		    struct monotime);
static void	 heard_of_peer(struct consensus *, struct cons_peer *,
		    const struct cons_msg *, struct monotime);
static int	 has_accepted(const struct consensus *,
		    const struct cons_peer *);
static void	 count_acks(struct consensus *, struct monotime);
static void	 count_verdicts(struct consensus *);
static const char
		*one_voter(const struct consensus *,
		    const struct cons_config *);

void
cons_master_tick(struct consensus *c, struct monotime now)
{
	struct cons_peer	*p, *next;

	if (!has_lease(c, now)) {
		cons_step_down(c, lost_quorum);
		return;
	}
	if (c->heir != NULL &&
	    cons_elapsed(c->handed, c->times.dead_after, now)) {
		free(c->heir);
		c->heir = NULL;
	}
	if (c->heir == NULL && consensus_idle(c))
		hand_over(c, now);
	if (cons_elapsed(c->beaten, c->times.beat, now))
		cons_beat(c, now);
	TAILQ_FOREACH_SAFE(p, &c->peers, entry, next)
		replicate(c, p, now);
}

/* Rule 9.  Safety never rests on it. */
static int
has_lease(const struct consensus *c, struct monotime now)
{
	const struct cons_peer	*p;
	uint32_t		 n = 0;

	TAILQ_FOREACH(p, &c->peers, entry)
		n += p->voter &&
		    !cons_elapsed(p->acked, c->times.dead_after, now);
	return (cons_majority(c, n) ||
	    !cons_elapsed(c->elected, c->times.dead_after, now));
}

/* To the lowest id, once it has been there for long and has everything. */
static void
hand_over(struct consensus *c, struct monotime now)
{
	const struct cons_peer	*p, *heir = NULL;
	struct cons_msg		*m;

	TAILQ_FOREACH(p, &c->peers, entry)
		if (p->voter && strcmp(p->id, c->self) < 0 &&
		    cons_peer_live(c, p, now) &&
		    cons_elapsed(p->live_since, c->times.cooldown, now) &&
		    stamp_cmp(p->accepted, cons_accepted_stamp(c)) == 0 &&
		    p->synced && stamp_cmp(p->verdicts.high,
		    c->verdicts.high) == 0 &&
		    (heir == NULL || strcmp(p->id, heir->id) < 0))
			heir = p;
	if (heir == NULL)
		return;
	if ((c->heir = strdup(heir->id)) == NULL) {
		c->failed = 1;
		return;
	}
	c->handed = now;
	if ((m = cons_message(c, heir->id, CONS_HEARTBEAT)) != NULL)
		m->handover = 1;
}

void
cons_beat(struct consensus *c, struct monotime now)
{
	const struct cons_peer	*p;

	c->beaten = now;
	TAILQ_FOREACH(p, &c->peers, entry)
		(void)cons_message(c, p->id, CONS_HEARTBEAT);
}

/* Rule 6: accepted here first, then sent to all. */
void
cons_fly(struct consensus *c, struct cons_config *g, struct monotime now)
{
	struct cons_peer	*p, *next;

	cons_config_ref(g);
	cons_config_unref(c->d.next.config);
	c->d.next.term = c->d.term;
	c->d.next.config = g;
	c->flying = 1;
	cons_save_config(c);
	TAILQ_FOREACH_SAFE(p, &c->peers, entry, next) {
		p->sending = 0;
		replicate(c, p, now);
	}
	count_acks(c, now);
}

static void
replicate(struct consensus *c, struct cons_peer *p, struct monotime now)
{
	struct monotime	 retry;

	retry = MONO_NSEC(RETRY_BEATS * c->times.beat.ns);
	if ((stamp_cmp(p->accepted, cons_accepted_stamp(c)) != 0 ||
	    (!c->ready && !p->merged)) &&
	    (!p->sending || cons_elapsed(p->sent, retry, now)))
		send_config(c, p, now);
	if (c->ready && p->acks && (!p->synced ||
	    stamp_cmp(p->verdicts.high, c->verdicts.high) != 0) &&
	    (!p->telling || cons_elapsed(p->told, retry, now)))
		send_verdicts(c, p, now);
}

static void
send_config(struct consensus *c, struct cons_peer *p, struct monotime now)
{
	struct cons_msg	*m;

	if ((m = cons_message(c, p->id, CONS_APPLY)) == NULL)
		return;
	m->config = cons_config_ref(consensus_accepted(c)->config);
	m->base = p->accepted;
	p->sending = 1;
	p->sent = now;
}

/*
 * What is above what it holds; or all, when its verdicts come from elsewhere:
 * of a master whose last ones nobody else has heard, or of long ago.
 */
static void
send_verdicts(struct consensus *c, struct cons_peer *p, struct monotime now)
{
	struct cons_msg	*m;

	if ((m = cons_message(c, p->id, CONS_VERDICTS)) == NULL)
		return;
	m->all = !p->synced;
	if (!m->all)
		m->above = p->verdicts.high;
	p->telling = 1;
	p->told = now;
}

/* An answer of this term: it lives, and this is what it holds. */
static void
heard_of_peer(struct consensus *c, struct cons_peer *p,
    const struct cons_msg *m, struct monotime now)
{
	int	 same;

	if (c->role != CONS_IS_MASTER)
		return;
	p->acks = 1;
	p->acked = now;
	p->accepted = m->accepted;
	p->verdicts = m->verdicts;
	same = stamp_cmp(p->verdicts.high, c->verdicts.high);
	if (same == 0)
		p->synced = p->verdicts.digest == c->verdicts.digest;
	else if (same > 0)
		p->synced = 0;
	if (p->learner && !p->learned && p->synced && same == 0 &&
	    stamp_cmp(p->accepted, cons_accepted_stamp(c)) == 0) {
		p->learned = 1;
		(void)cons_emit(c, CONS_LEARNED, p->id);
	}
	count_acks(c, now);
	/* It may have been its own removal. */
	if (c->role != CONS_IS_MASTER || !cons_peer_known(c, p))
		return;
	count_verdicts(c);
	replicate(c, p, now);
}

void
cons_on_heartbeat_ok(struct consensus *c, const char *from,
    const struct cons_msg *m, struct monotime now)
{
	struct cons_peer	*p;

	if ((p = cons_peer_find(c, from)) != NULL)
		heard_of_peer(c, p, m, now);
}

void
cons_on_apply_ok(struct consensus *c, const char *from,
    const struct cons_msg *m, struct monotime now)
{
	struct cons_peer	*p;
	struct cons_out		*o;

	if ((p = cons_peer_find(c, from)) == NULL || c->role != CONS_IS_MASTER)
		return;
	p->sending = 0;
	/* Until then the others may know of verdicts that this one lacks. */
	if (!c->ready && m->ok) {
		p->merged = 1;
		if (m->payload != NULL && stamp_cmp(m->verdicts.high,
		    c->verdicts.high) > 0 &&
		    (o = cons_emit(c, CONS_SAVE_VERDICTS, NULL)) != NULL) {
			o->msg.payload = m->payload;
			o->msg.all = m->all;
		}
	}
	heard_of_peer(c, p, m, now);
}

void
cons_on_verdicts_ok(struct consensus *c, const char *from,
    const struct cons_msg *m, struct monotime now)
{
	struct cons_peer	*p;

	if ((p = cons_peer_find(c, from)) == NULL)
		return;
	p->telling = 0;
	heard_of_peer(c, p, m, now);
}

/* Under the master's own term: an older one's acks may have been overtaken. */
static int
has_accepted(const struct consensus *c, const struct cons_peer *p)
{
	struct stamp	 s;

	s = cons_accepted_stamp(c);
	if (MUTANT(OLD_TERM_ACKS))
		return (p->accepted.n == s.n);
	return (stamp_cmp(p->accepted, s) == 0);
}

/* Rule 7. */
static void
count_acks(struct consensus *c, struct monotime now)
{
	const struct cons_peer	*p;
	struct cons_out		*o;
	uint32_t		 n = 0;
	int			 first;

	if (c->role != CONS_IS_MASTER || !c->flying)
		return;
	TAILQ_FOREACH(p, &c->peers, entry)
		n += p->voter && (c->ready || p->merged) &&
		    has_accepted(c, p);
	if (!cons_majority(c, n))
		return;
	c->flying = 0;
	first = !c->ready;
	c->ready = 1;
	cons_commit(c);
	cons_beat(c, now);
	if (!cons_self_votes(c)) {
		/* The others have just been told. */
		cons_step_down(c, cons_lost_term);
		return;
	}
	/*
	 * Verdicts count as decided by those of the master's own term, as acks
	 * of a configuration do: hence one at the beginning, on nothing.
	 */
	if (first && (o = cons_emit(c, CONS_MARK, NULL)) != NULL) {
		o->msg.accepted.term = c->d.term;
		o->msg.accepted.n = 1;
		(void)cons_emit(c, CONS_READY, NULL);
	}
	/* Fewer voters may be a majority. */
	count_verdicts(c);
}

/* The highest stamp up to which a majority has the master's verdicts. */
static void
count_verdicts(struct consensus *c)
{
	const struct cons_peer	*p, *q;
	struct stamp		 best, s;
	uint32_t		 n;
	struct cons_out		*o;

	if (!c->ready)
		return;
	best = c->decided;
	if (cons_majority(c, 0) && c->verdicts.high.term == c->d.term)
		best = c->verdicts.high;
	TAILQ_FOREACH(p, &c->peers, entry) {
		s = p->verdicts.high;
		if (!p->voter || !p->synced || s.term != c->d.term ||
		    stamp_cmp(s, best) <= 0 ||
		    stamp_cmp(s, c->verdicts.high) > 0)
			continue;
		n = 0;
		TAILQ_FOREACH(q, &c->peers, entry)
			n += q->voter && q->synced &&
			    stamp_cmp(q->verdicts.high, s) >= 0;
		if (cons_majority(c, n))
			best = s;
	}
	if (stamp_cmp(best, c->decided) <= 0)
		return;
	c->decided = best;
	if ((o = cons_emit(c, CONS_DECIDED, NULL)) != NULL)
		o->msg.accepted = best;
}

void
consensus_verdicts(struct consensus *c, struct cons_verdicts v)
{
	c->verdicts = v;
}

struct stamp
consensus_stamp(const struct consensus *c)
{
	struct stamp	 s;

	s.term = c->d.term;
	s.n = c->verdicts.high.term == c->d.term ? c->verdicts.high.n + 1 : 1;
	return (s);
}

void
consensus_decide(struct consensus *c, struct monotime now)
{
	struct cons_peer	*p, *next;

	if (c->role != CONS_IS_MASTER || !c->ready)
		return;
	count_verdicts(c);
	TAILQ_FOREACH_SAFE(p, &c->peers, entry, next)
		replicate(c, p, now);
}

int
consensus_idle(const struct consensus *c)
{
	return (c->role == CONS_IS_MASTER && c->ready && !c->flying &&
	    c->heir == NULL);
}

/* Rule 8.  NULL: it is as it may be. */
static const char *
one_voter(const struct consensus *c, const struct cons_config *g)
{
	const struct cons_config	*was;
	const struct cons_peer		*p;
	uint32_t			 i, n = 0, hold;

	was = consensus_accepted(c)->config;
	if (g->nvoters == 0)
		return ("there has to be a member");
	for (i = 0; i < was->nvoters; i++)
		n += !cons_config_has(g, was->voters[i]);
	for (i = 0; i < g->nvoters; i++) {
		if (cons_config_has(was, g->voters[i]))
			continue;
		n++;
		p = cons_peer_find(c, g->voters[i]);
		if (strcmp(g->voters[i], c->self) != 0 &&
		    (p == NULL || !p->learned) && !MUTANT(TWO_MEMBERS))
			return ("the new member has not caught up yet");
	}
	if (n == 0)
		return (NULL);
	/*
	 * What is decided is held by a majority of those who vote now.  It has
	 * to be one of those who will, too, or it is lost in two steps.
	 */
	hold = cons_config_has(g, c->self);
	TAILQ_FOREACH(p, &c->peers, entry)
		hold += cons_config_has(g, p->id) && p->synced &&
		    stamp_cmp(p->verdicts.high, c->decided) >= 0;
	if (MUTANT(TWO_MEMBERS))
		return (NULL);
	if (2 * hold <= g->nvoters && !MUTANT(VERDICTS_NOT_COUNTED))
		return ("the other members have not caught up yet");
	return (n > 1 ? "members come and go one at a time" : NULL);
}

int
consensus_publish(struct consensus *c, struct cons_config *g,
    struct monotime now, const char **why)
{
	if (c->role != CONS_IS_MASTER)
		*why = "not master";
	else if (!c->ready || c->heir != NULL)
		*why = "the master is about to change";
	else if (c->flying)
		*why = "another change is under way";
	else if (g->version != consensus_accepted(c)->config->version + 1)
		*why = "another version is there";
	else
		*why = one_voter(c, g);
	if (*why != NULL)
		return (-1);
	cons_fly(c, g, now);
	return (0);
}

int
consensus_learned(const struct consensus *c, const char *id)
{
	const struct cons_peer	*p;

	return ((p = cons_peer_find(c, id)) != NULL && p->learned);
}

int
consensus_learn(struct consensus *c, const char *id, struct monotime now)
{
	struct cons_peer	*p;

	if (c->role != CONS_IS_MASTER || strcmp(id, c->self) == 0)
		return (-1);
	if ((p = cons_peer_find(c, id)) != NULL)
		return (p->voter ? -1 : 0);
	if ((p = cons_peer_add(c, id)) == NULL)
		return (-1);
	p->learner = 1;
	p->acked = now;
	send_config(c, p, now);
	return (0);
}
