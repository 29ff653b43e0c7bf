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
 * What this node sees, on its way to the master.  Of each check only the last
 * result waits, so a master that is slow or away costs no memory; it is told
 * of failures first.  A quptimed takes many results at once, a Go node one.
 */

#define REPORT_LIMIT	MONO_SEC(5)
#define BATCH		200	/* results in one call */
#define CALLS		4	/* under way, to a quptimed */
#define GATHER		MONO_MSEC(10)
#define AGAIN		MONO_SEC(1)	/* after a failure */
#define LOG_EVERY	MONO_SEC(60)
#define VIS_MAX		320

enum due {
	DUE_NOT,
	DUE_LATER,
	DUE_FIRST
};

struct reporter {
	struct qcheck_list	 first;
	struct qcheck_list	 later;
	uint32_t		 ndue;
	uint32_t		 nsent;		/* calls under way */
	struct event		 ev;
	int			 held;		/* after a failure */
	int			 told;		/* the log, of one */
	struct monotime		 told_at;
	char			*master;	/* of last report_master() */
};

/* Of which checks a call tells. */
struct batch {
	uint32_t	 n;
	struct {
		uint32_t	 handle;
		uint32_t	 gen;
	}		 checks[];
};

static struct reporter
		*reporter(struct quorum *);
static void	 due_set(struct reporter *, struct qcheck *, enum due);
static struct qcheck
		*due_next(struct reporter *, struct monotime);
static int	 is_fresh(const struct qcheck *, struct monotime);
static int	 is_news(const struct qcheck *);
static void	 due_all(struct quorum *);
static void	 arm(struct reporter *, struct monotime);
static void	 turn(int, short, void *);
static void	 send_due(struct quorum *);
static int	 send_some(struct quorum *, struct qpeer *, uint32_t);
static void	 fill(struct wire_result *, const struct qcheck *,
		    struct monotime, const struct walltime *);
static void	 call(struct quorum *, struct qpeer *, struct wire_result *,
		    struct batch *);
static void	 reported(struct quorum *, struct qpeer *,
		    const struct answer *, void *);
static void	 failed(struct quorum *, struct qpeer *,
		    const struct answer *, const struct batch *);

/* The result is this node's among the check's reports already. */
void
report_add(struct quorum *q, struct qcheck *c, const struct result *res)
{
	struct reporter	*r = reporter(q);

	if (res->verdict == PROBE_CANNOT)
		return;
	if (!is_news(c)) {
		due_set(r, c, c->due == DUE_FIRST ? DUE_FIRST : DUE_LATER);
		if (r->ndue < BATCH) {
			arm(r, GATHER);
			return;
		}
	} else
		due_set(r, c, DUE_FIRST);
	if (!r->held)
		send_due(q);
}

void
report_forget(struct quorum *q, struct qcheck *c)
{
	if (c->due != DUE_NOT)
		due_set(q->reporter, c, DUE_NOT);
}

void
report_master(struct quorum *q)
{
	struct reporter	*r = reporter(q);
	const char	*master = heart_master(q);
	struct qcheck	*c;

	r->held = 0;
	evtimer_del(&r->ev);
	if (q->master)
		while ((c = TAILQ_FIRST(&r->first)) != NULL ||
		    (c = TAILQ_FIRST(&r->later)) != NULL)
			due_set(r, c, DUE_NOT);
	/* Another one has not heard of anything yet. */
	if (master != NULL && strcmp(master, str(r->master)) != 0) {
		if (!q->master)
			due_all(q);
		free(r->master);
		r->master = strdup(master);
	}
	send_due(q);
}

void
report_clear(struct quorum *q)
{
	struct reporter	*r = q->reporter;
	struct qcheck	*c;

	if (r == NULL)
		return;
	while ((c = TAILQ_FIRST(&r->first)) != NULL ||
	    (c = TAILQ_FIRST(&r->later)) != NULL)
		due_set(r, c, DUE_NOT);
	evtimer_del(&r->ev);
	free(r->master);
	free(r);
	q->reporter = NULL;
}

static struct reporter *
reporter(struct quorum *q)
{
	struct reporter	*r = q->reporter;

	if (r != NULL)
		return (r);
	if ((r = calloc(1, sizeof(*r))) == NULL)
		fatal("%s", __func__);
	TAILQ_INIT(&r->first);
	TAILQ_INIT(&r->later);
	evtimer_set(&r->ev, turn, q);
	q->reporter = r;
	return (r);
}

/* A check keeps its place when it is due already. */
static void
due_set(struct reporter *r, struct qcheck *c, enum due due)
{
	if (c->due == due)
		return;
	if (c->due != DUE_NOT) {
		TAILQ_REMOVE(c->due == DUE_FIRST ? &r->first : &r->later, c,
		    due_entry);
		r->ndue--;
	}
	c->due = due;
	if (due != DUE_NOT) {
		TAILQ_INSERT_TAIL(due == DUE_FIRST ? &r->first : &r->later, c,
		    due_entry);
		r->ndue++;
	}
}

/* What nobody would count any more is dropped on the way. */
static struct qcheck *
due_next(struct reporter *r, struct monotime now)
{
	struct qcheck	*c;

	while ((c = TAILQ_FIRST(&r->first)) != NULL ||
	    (c = TAILQ_FIRST(&r->later)) != NULL) {
		due_set(r, c, DUE_NOT);
		if (is_fresh(c, now))
			return (c);
	}
	return (NULL);
}

static int
is_fresh(const struct qcheck *c, struct monotime now)
{
	const struct report	*own;

	if (c->verdict.nreports <= SELF || c->conf->disabled)
		return (0);
	own = &c->verdict.reports[SELF];
	return (own->vote != VOTE_NONE && mono_cmp(mono_sub(now, own->at),
	    verdict_window(check_interval(c->conf))) <= 0);
}

/* It fails, and the master has not been told. */
static int
is_news(const struct qcheck *c)
{
	return (c->verdict.nreports > SELF &&
	    c->verdict.reports[SELF].vote == VOTE_FAIL &&
	    c->told != VOTE_FAIL);
}

static void
due_all(struct quorum *q)
{
	struct monotime	 now = mono_now();
	struct qcheck	*c;
	uint32_t	 i;

	for (i = 0; i < q->checks.nslots; i++) {
		if ((c = q->checks.slots[i].check) == NULL)
			continue;
		c->told = VOTE_NONE;
		if (is_fresh(c, now))
			due_set(q->reporter, c,
			    is_news(c) ? DUE_FIRST : DUE_LATER);
	}
}

static void
arm(struct reporter *r, struct monotime wait)
{
	struct timeval	 tv = mono_tv(wait);

	if (!evtimer_pending(&r->ev, NULL))
		evtimer_add(&r->ev, &tv);
}

static void
turn(int fd, short event, void *arg)
{
	struct quorum	*q = arg;

	(void)fd;
	(void)event;
	q->reporter->held = 0;
	send_due(q);
}

/* What cannot be sent now waits for a connection or for an answer. */
static void
send_due(struct quorum *q)
{
	struct reporter	*r = q->reporter;
	struct qpeer	*p;

	while (r->ndue > 0 && !r->held && (p = peer_master(q)) != NULL &&
	    p->up && p->conf != NULL &&
	    r->nsent < (p->quptimed ? CALLS : 1))
		if (send_some(q, p, p->quptimed ? BATCH : 1) == 0)
			break;
}

/* How many. */
static int
send_some(struct quorum *q, struct qpeer *p, uint32_t max)
{
	struct reporter		*r = q->reporter;
	struct wire_result	 results[BATCH];
	struct monotime		 now = mono_now();
	struct walltime		 wall = wall_now();
	struct batch		*b;
	struct qcheck		*c;

	b = calloc(1, sizeof(*b) + max * sizeof(b->checks[0]));
	if (b == NULL) {
		log_warn("report to master");
		r->held = 1;
		arm(r, AGAIN);
		return (0);
	}
	while (b->n < max && (c = due_next(r, now)) != NULL) {
		fill(&results[b->n], c, now, &wall);
		c->told = c->verdict.reports[SELF].vote;
		b->checks[b->n].handle = c->handle;
		b->checks[b->n].gen = q->checks.slots[c->handle].gen;
		b->n++;
	}
	if (b->n == 0) {
		free(b);
		return (0);
	}
	call(q, p, results, b);
	return (1);
}

/* The strings stay the check's. */
static void
fill(struct wire_result *res, const struct qcheck *c, struct monotime now,
    const struct walltime *wall)
{
	const struct report	*own = &c->verdict.reports[SELF];
	int64_t			 age = mono_sub(now, own->at).ns, at;

	memset(res, 0, sizeof(*res));
	res->check_id = c->conf->id;
	res->ok = own->vote == VOTE_OK;
	res->detail = own->detail;
	res->latency_ms = own->latency_us / 1000;
	at = wall->nsec - age % 1000000000;
	res->at = *wall;
	res->at.sec -= age / 1000000000;
	if (at < 0) {
		at += 1000000000;
		res->at.sec--;
	}
	res->at.nsec = at;
}

static void
call(struct quorum *q, struct qpeer *p, struct wire_result *results,
    struct batch *b)
{
	struct wire_report	 params;
	void			*v[BATCH];
	uint32_t		 i;

	memset(&params, 0, sizeof(params));
	params.from_node_id = q->node.node_id;
	if (b->n == 1) {
		params.check_id = results[0].check_id;
		params.ok = results[0].ok;
		params.detail = results[0].detail;
		params.latency_ms = results[0].latency_ms;
		params.at = results[0].at;
	} else {
		for (i = 0; i < b->n; i++)
			v[i] = &results[i];
		params.results.v = v;
		params.results.n = b->n;
	}
	q->reporter->nsent++;
	peer_call(q, p, WIRE_REPORT, &params, REPORT_LIMIT, reported, b);
}

static void
reported(struct quorum *q, struct qpeer *p, const struct answer *a, void *arg)
{
	struct batch	*b = arg;

	/* At the end there is nobody to wait for it. */
	if (q->reporter != NULL) {
		q->reporter->nsent--;
		if (a->result == NULL)
			failed(q, p, a, b);
		else
			send_due(q);
	}
	free(b);
}

/* What was refused would be again; the rest is due once more, but not now. */
static void
failed(struct quorum *q, struct qpeer *p, const struct answer *a,
    const struct batch *b)
{
	struct reporter	*r = q->reporter;
	struct qcheck	*c;
	struct monotime	 now = mono_now();
	char		 name[VIS_MAX], why[VIS_MAX];
	uint32_t	 i;

	if (!r->told || mono_cmp(mono_sub(now, r->told_at), LOG_EVERY) >= 0) {
		r->told = 1;
		r->told_at = now;
		log_warnx("report to master %s: %s%s",
		    fmt_vis(str(p->node_id), name, sizeof(name)),
		    a->refused ? "remote: " : "",
		    fmt_vis(str(a->error), why, sizeof(why)));
	}
	for (i = 0; i < b->n && !a->refused && !q->master; i++) {
		c = checks_by_handle(q, b->checks[i].handle, b->checks[i].gen);
		if (c == NULL || c->due != DUE_NOT)
			continue;
		c->told = VOTE_NONE;
		if (is_fresh(c, now))
			due_set(r, c, is_news(c) ? DUE_FIRST : DUE_LATER);
	}
	r->held = 1;
	evtimer_del(&r->ev);
	arm(r, AGAIN);
}
