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

#include <sys/queue.h>
#include <sys/wait.h>

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quorum_consensus.h"
#include "quorum_mutant.h"

/*
 * A deterministic simulator: up to seven nodes, each the real core of protocol
 * 2, on a network and disks that fail in every way there is, from a seed.  The
 * guarantees of docs/architecture.md are asserted after each event.
 */

#define NODES		7
#define OPS		1024
#define CHECKS		3
#define ROWS		(CHECKS + 1)	/* and the mark */
#define EVENTS		65536
#define END_MS		60000
#define CALM_MS		35000

/* What was agreed on: the changes in it, and who votes. */
struct content {
	uint64_t	 ops[OPS / 64];
	unsigned int	 voters;	/* bits */
};

/* A verdict: the state of a check, and the transition that led to it. */
struct row {
	struct stamp	 stamp;
	int		 state;		/* 0 up, 1 down */
	unsigned int	 id;		/* of the transition; 0: none yet */
	int		 sent;		/* its alert */
};

struct rows {
	unsigned int	 refs;
	int		 all;
	struct stamp	 above;
	struct row	 row[ROWS];	/* stamp 0.0: not among them */
};

struct disk {
	uint64_t		 term;
	int			 vote;		/* -1: nobody */
	struct cons_entry	 committed;
	struct cons_entry	 next;
	struct row		 row[ROWS];
};

struct node {
	struct consensus	 core;
	struct disk		 disk;
	int			 up;
	int			 is_master;
	int			 ready;
	uint64_t		 term;		/* it is master in */
	unsigned int		 pending[64];	/* ops in flight */
	int			 npending;
	unsigned int		 waiting[64];
	int			 nwaiting;
	int64_t			 skew;		/* of its clock, ns */
	double			 drift;
	int64_t			 took_over;	/* ms, as ready master */
	struct stamp		 decided;
	int			 learning;	/* -1: nobody */
	int			 learned;
	unsigned int		 telling[CHECKS];	/* alert, not on
							 * record yet */
};

enum what {
	EV_TICK,
	EV_MSG,
	EV_CHAOS,
	EV_CLIENT,
	EV_REVIVE,
	EV_TARGET,
	EV_DEATH,
	EV_CUT
};

struct event {
	int64_t		 at;		/* ns */
	uint64_t	 order;
	enum what	 what;
	int		 node;		/* or the sender */
	int		 to;
	unsigned int	 life;		/* connection's */
	struct cons_msg	 msg;
	int		 master;
	struct rows	*rows;
};

static struct node	 nodes[NODES];
static struct event	*heap[EVENTS];
static int		 nheap;
static uint64_t		 orders;
static int64_t		 now;		/* ns */
static uint64_t		 rng;
static int		 verbose;
static uint64_t		 seed;
enum quorum_mutant	 quorum_mutant;
static int		 cut[NODES][NODES];
static double		 loss, twice, fragile, spread;
static int		 nnodes;
static unsigned int	 nops, nids;
static int		 calm;
static char		 ids[NODES][4];

/* What has happened, to hold against what happens. */
static struct content	 log_content[4096];
static int		 log_has[4096];
static uint64_t		 high_version[NODES];
static unsigned char	 acked[OPS];
static uint64_t		 acked_at[OPS];
static int		 committer[65536];
static int		 truth[CHECKS];
static struct {
	struct stamp	 stamp;
	int		 state;
	unsigned int	 id;
} decided[CHECKS];
static int		 alerts[65536];
static int		 excused[65536];	/* the sender was lost */
static int		 was_decided[65536];
static long		 total_acked, total_alerts, total_commits;

static void	 broken(const char *, ...)
		    __attribute__((__format__(printf, 1, 2)));
static void	 trace(const char *, ...)
		    __attribute__((__format__(printf, 1, 2)));
static void	 drain(int);
static void	 sender_lost(struct node *);
static void	 crash(int, int64_t);

static uint32_t
rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return ((uint32_t)(rng >> 16));
}

static double
frand(void)
{
	return (rnd() / 4294967296.0);
}

static int
below(int n)
{
	return ((int)(rnd() % (uint32_t)n));
}

static void
broken(const char *fmt, ...)
{
	va_list	 ap;

	printf("seed %llu at %.3f s: ", (unsigned long long)seed, now / 1e9);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

static void
trace(const char *fmt, ...)
{
	va_list	 ap;

	if (!verbose)
		return;
	printf("%9.4f ", now / 1e9);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

/* The heap of what is to come. */
static int
before(const struct event *a, const struct event *b)
{
	return (a->at != b->at ? a->at < b->at : a->order < b->order);
}

static struct event *
later(int64_t in, enum what what)
{
	struct event	*e, *t;
	int		 i;

	if (nheap == EVENTS || (e = calloc(1, sizeof(*e))) == NULL)
		errx(2, "seed %llu: too many events",
		    (unsigned long long)seed);
	e->at = now + in;
	e->order = ++orders;
	e->what = what;
	heap[i = nheap++] = e;
	while (i > 0 && before(heap[i], heap[(i - 1) / 2])) {
		t = heap[i];
		heap[i] = heap[(i - 1) / 2];
		heap[(i - 1) / 2] = t;
		i = (i - 1) / 2;
	}
	return (e);
}

static struct event *
next_event(void)
{
	struct event	*e, *t;
	int		 i = 0, c;

	e = heap[0];
	heap[0] = heap[--nheap];
	while ((c = 2 * i + 1) < nheap) {
		if (c + 1 < nheap && before(heap[c + 1], heap[c]))
			c++;
		if (before(heap[i], heap[c]))
			break;
		t = heap[i];
		heap[i] = heap[c];
		heap[c] = t;
		i = c;
	}
	return (e);
}

static void
rows_unref(struct rows *r)
{
	if (r != NULL && --r->refs == 0)
		free(r);
}

static void
event_free(struct event *e)
{
	cons_config_unref(e->msg.config);
	rows_unref(e->rows);
	free(e);
}

static int64_t
secs(double s)
{
	return ((int64_t)(s * 1e9));
}

/* Each node's clock runs as it likes. */
static struct monotime
clock_of(const struct node *n)
{
	return (MONO_NSEC(n->skew + (int64_t)(now * n->drift)));
}

static int
index_of(const char *id)
{
	int	 i;

	for (i = 0; i < NODES; i++)
		if (strcmp(ids[i], id) == 0)
			return (i);
	abort();
}

static struct cons_config *
config_make(uint64_t version, const struct content *from)
{
	struct cons_config	*g;
	struct content		*c;
	const char		*who[NODES];
	uint32_t		 i, n = 0;

	if ((c = malloc(sizeof(*c))) == NULL)
		abort();
	*c = *from;
	for (i = 0; i < NODES; i++)
		if (c->voters & 1U << i)
			who[n++] = ids[i];
	if ((g = cons_config_new(version, who, n, c, free)) == NULL)
		abort();
	return (g);
}

/* Verdicts. */
static struct cons_verdicts
verdicts_of(const struct row *r)
{
	struct cons_verdicts	 v;
	int			 i;

	memset(&v, 0, sizeof(v));
	for (i = 0; i < ROWS; i++) {
		if (stamp_cmp(r[i].stamp, v.high) > 0)
			v.high = r[i].stamp;
		v.digest ^= (r[i].stamp.term * 0x9e3779b97f4a7c15ULL +
		    r[i].stamp.n + 1) *
		    (2 * (uint64_t)i + 0x632be59bd9b4e019ULL);
	}
	return (v);
}

static struct rows *
rows_above(const struct node *n, struct stamp above, int all)
{
	struct rows	*r;
	int		 i;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		abort();
	r->refs = 1;
	r->all = all;
	for (i = 0; i < ROWS; i++)
		if (all || stamp_cmp(n->disk.row[i].stamp, above) > 0)
			r->row[i] = n->disk.row[i];
	return (r);
}

static void
rows_save(struct node *n, const struct rows *r, int all)
{
	int	 i;

	for (i = 0; r != NULL && i < ROWS; i++)
		if (all || stamp_cmp(r->row[i].stamp,
		    n->disk.row[i].stamp) > 0)
			n->disk.row[i] = r->row[i];
	consensus_verdicts(&n->core, verdicts_of(n->disk.row));
	if (verbose && r != NULL)
		for (i = 0; i < ROWS; i++)
			trace("%s holds check %d %s (%u) %llu.%llu%s%s",
			    n->core.self, i, n->disk.row[i].state ? "down" :
			    "up", n->disk.row[i].id,
			    (unsigned long long)n->disk.row[i].stamp.term,
			    (unsigned long long)n->disk.row[i].stamp.n,
			    n->disk.row[i].sent ? ", told" : "",
			    all ? ", all of it" : "");
}

/* The node comes up with what its disk has. */
static void
boot(int i)
{
	struct node		*n = &nodes[i];
	struct cons_durable	 d;

	memset(&d, 0, sizeof(d));
	d.term = n->disk.term;
	if (n->disk.vote != -1)
		d.voted_for = strdup(ids[n->disk.vote]);
	d.committed = n->disk.committed;
	cons_config_ref(d.committed.config);
	d.next = n->disk.next;
	if (d.next.config != NULL)
		cons_config_ref(d.next.config);
	if (d.committed.config->version < high_version[i])
		broken("G3: %s comes back with version %llu, but had %llu",
		    ids[i], (unsigned long long)d.committed.config->version,
		    (unsigned long long)high_version[i]);
	n->up = 1;
	n->is_master = n->ready = n->npending = n->nwaiting = 0;
	n->learning = -1;
	n->learned = 0;
	memset(&n->decided, 0, sizeof(n->decided));
	n->skew = (int64_t)(rnd() % 1000) * 1000000000;
	n->drift = 0.98 + frand() * 0.04;
	if (consensus_init(&n->core, ids[i], &cons_times, &d,
	    verdicts_of(n->disk.row), rnd(), clock_of(n)) == -1)
		abort();
}

/* What it has sent may be on no record. */
static void
sender_lost(struct node *n)
{
	int	 k;

	for (k = 0; k < CHECKS; k++) {
		excused[n->telling[k]] = 1;
		n->telling[k] = 0;
	}
}

static void
crash(int i, int64_t back)
{
	struct node	*n = &nodes[i];
	int		 j;

	if (!n->up)
		return;
	trace("%s dies", ids[i]);
	n->up = 0;
	sender_lost(n);
	consensus_clear(&n->core);
	later(back, EV_REVIVE)->node = i;
	/* On the same network a dead process is noticed at once. */
	for (j = 0; j < nnodes; j++)
		if (j != i && nodes[j].up && !cut[i][j] && !cut[j][i] &&
		    below(2) == 0) {
			struct event *e = later(secs(.001 + frand() * .02),
			    EV_CUT);

			e->node = j;
			e->to = i;
		}
}

static void
transmit(int from, const struct cons_out *o)
{
	struct node	*n = &nodes[from];
	struct event	*e;
	double		 r;
	int		 to, copies;

	to = index_of(o->to);
	if (to >= nnodes || cut[from][to] || frand() < loss)
		return;
	for (copies = frand() < twice ? 2 : 1; copies > 0; copies--) {
		/* One random number at a time: seeds are for all compilers. */
		r = frand();
		r *= below(4) ? .01 : below(4) ? .1 : below(8) ? 2 : 8;
		e = later(secs(r), EV_MSG);
		e->node = from;
		e->to = to;
		e->msg = o->msg;
		if (e->msg.config != NULL)
			cons_config_ref(e->msg.config);
		e->master = o->msg.master != NULL ?
		    index_of(o->msg.master) : -1;
		e->msg.payload = NULL;
		e->msg.reason = NULL;
		if (o->msg.kind == CONS_VERDICTS)
			e->rows = rows_above(n, o->msg.above, o->msg.all);
		else if (o->msg.kind == CONS_APPLY_OK &&
		    stamp_cmp(o->msg.verdicts.high, o->msg.above) > 0)
			e->rows = rows_above(n, o->msg.above, o->msg.all);
	}
}

/* G2, G3: what is in force here is what is in force everywhere. */
static void
in_force(int i, const struct cons_config *g)
{
	const struct content	*c = g->content;
	unsigned int		 op;

	if (g->version >= 4096)
		errx(2, "too many versions");
	if (log_has[g->version] && memcmp(&log_content[g->version], c,
	    sizeof(*c)) != 0)
		broken("G3: version %llu has two contents",
		    (unsigned long long)g->version);
	log_has[g->version] = 1;
	log_content[g->version] = *c;
	if (g->version < high_version[i])
		broken("G3: %s goes back to version %llu", ids[i],
		    (unsigned long long)g->version);
	high_version[i] = g->version;
	for (op = 1; op <= nops; op++)
		if (acked[op] && acked_at[op] <= g->version &&
		    !(c->ops[op / 64] & 1ULL << op % 64))
			broken("G2: change %u, acknowledged, is not in "
			    "version %llu", op,
			    (unsigned long long)g->version);
}

static void
committed(int i, const struct cons_out *o)
{
	struct node	*n = &nodes[i];
	int		 k;

	total_commits++;
	in_force(i, o->msg.config);
	if (!n->is_master)
		return;
	if (o->msg.term >= 65536)
		errx(2, "too many terms");
	if (committer[o->msg.term] != 0 && committer[o->msg.term] != i + 1)
		broken("G1: two nodes commit in term %llu",
		    (unsigned long long)o->msg.term);
	committer[o->msg.term] = i + 1;
	for (k = 0; k < n->npending; k++) {
		acked[n->pending[k]] = 1;
		acked_at[n->pending[k]] = o->msg.config->version;
		total_acked++;
	}
	n->npending = 0;
}

/* G4, G5: what a majority holds is told, once, and follows what was before. */
static void
verdicts_decided(int i, struct stamp up_to)
{
	struct node	*n = &nodes[i];
	struct row	*r;
	int		 k;

	n->decided = up_to;
	trace("%s: decided up to %llu.%llu", ids[i],
	    (unsigned long long)up_to.term, (unsigned long long)up_to.n);
	for (k = 0; k < CHECKS; k++) {
		r = &n->disk.row[k];
		if (r->id == 0 || stamp_cmp(r->stamp, up_to) > 0)
			continue;
		if (stamp_cmp(r->stamp, decided[k].stamp) > 0) {
			if (r->id != decided[k].id &&
			    r->state == decided[k].state)
				broken("G5: check %d is told to be %s twice",
				    k, r->state ? "down" : "up");
			decided[k].stamp = r->stamp;
			decided[k].state = r->state;
			decided[k].id = r->id;
		} else if (stamp_cmp(r->stamp, decided[k].stamp) < 0 &&
		    n->ready)
			broken("G5: %s has forgotten check %d", ids[i], k);
		was_decided[r->id] = 1;
	}
}

/* A transition of the check, or what became of its alert. */
static void
judge(int i, int k, int state, int sent)
{
	struct node	*n = &nodes[i];
	struct row	*r = &n->disk.row[k];

	r->stamp = consensus_stamp(&n->core);
	if (r->id == 0 || state != r->state) {
		r->id = ++nids;
		if (nids >= 65536)
			errx(2, "too many transitions");
	}
	r->state = state;
	r->sent = sent;
	trace("%s judges check %d %s (%u) %llu.%llu%s", ids[i], k,
	    state ? "down" : "up", r->id, (unsigned long long)r->stamp.term,
	    (unsigned long long)r->stamp.n, sent ? ", told" : "");
	consensus_verdicts(&n->core, verdicts_of(n->disk.row));
	consensus_decide(&n->core, clock_of(n));
	drain(i);
}

/* A ready master sends what is owed, and puts that on record. */
static void
tell(int i)
{
	struct node	*n = &nodes[i];
	struct row	*r;
	int		 k;

	for (k = 0; k < CHECKS; k++) {
		r = &n->disk.row[k];
		if (!n->ready || r->id == 0 || n->telling[k] == r->id)
			continue;
		if (r->sent || (stamp_cmp(r->stamp, n->decided) > 0 &&
		    !MUTANT(ALERT_BEFORE_COMMIT)) || (r->stamp.term != n->term &&
		    now - n->took_over < secs(4)))
			continue;
		trace("%s tells of check %d (%u)", ids[i], k, r->id);
		if (alerts[r->id]++ > 0 && !excused[r->id])
			broken("G4: transition %u of check %d is told twice",
			    r->id, k);
		if (!was_decided[r->id])
			broken("G4: transition %u is told before it is decided",
			    r->id);
		total_alerts++;
		n->telling[k] = r->id;
		if (!calm && frand() < fragile * 3) {
			crash(i, secs(frand() * 5));
			return;
		}
		judge(i, k, r->state, 1);
	}
}

/* The node writes, or dies of it.  0, or -1: it is dead. */
static int
save(int i, const struct cons_out *o)
{
	struct node	*n = &nodes[i];
	struct disk	*d = &n->disk;
	int		 dies, lost;

	dies = !calm && frand() < fragile;
	lost = dies && below(3) == 0;
	/* Mutants: it says that it is there, and comes back without it. */
	if (o->action == CONS_SAVE_CONFIG && MUTANT(ACK_BEFORE_FSYNC))
		lost |= below(2);
	else if (o->action == CONS_COMMIT && MUTANT(RENAME_NO_FSYNC) &&
	    !lost && below(2)) {
		committed(i, o);
		lost = 1;
	}
	if (lost)
		;
	else if (o->action == CONS_SAVE_VOTE) {
		d->term = o->msg.term;
		d->vote = o->to != NULL ? index_of(o->to) : -1;
	} else if (o->action == CONS_SAVE_CONFIG) {
		cons_config_unref(d->next.config);
		d->next.term = o->msg.term;
		d->next.config = cons_config_ref(o->msg.config);
	} else if (o->action == CONS_COMMIT) {
		cons_config_unref(d->committed.config);
		d->committed.term = o->msg.term;
		d->committed.config = cons_config_ref(o->msg.config);
		if (d->next.config != NULL && d->next.term == o->msg.term &&
		    d->next.config->version == o->msg.config->version) {
			cons_config_unref(d->next.config);
			memset(&d->next, 0, sizeof(d->next));
		}
		/* What it was told to do it has done, even if it dies now. */
		committed(i, o);
	} else if (o->action == CONS_MARK) {
		d->row[CHECKS].stamp = o->msg.accepted;
		consensus_verdicts(&n->core, verdicts_of(d->row));
	} else if (o->action == CONS_SAVE_VERDICTS)
		rows_save(n, o->msg.payload, o->msg.all);
	if (!dies)
		return (0);
	/* Or once it has said so. */
	if (!lost && below(2)) {
		later(secs(.0002), EV_DEATH)->node = i;
		return (0);
	}
	crash(i, secs(below(3) ? .01 : frand() * 3));
	return (-1);
}

/* Each action is done before the next is looked at. */
static void
drain(int i)
{
	struct node	*n = &nodes[i];
	struct cons_out	*o;
	int		 dead = 0;

	while (!dead && n->up && (o = consensus_next(&n->core)) != NULL) {
		switch (o->action) {
		case CONS_SEND:
			transmit(i, o);
			break;
		case CONS_SAVE_VOTE:
		case CONS_SAVE_CONFIG:
		case CONS_COMMIT:
		case CONS_SAVE_VERDICTS:
		case CONS_MARK:
			dead = save(i, o) == -1;
			break;
		case CONS_MASTER:
			n->is_master = o->to != NULL &&
			    strcmp(o->to, ids[i]) == 0;
			n->term = o->msg.term;
			n->npending = n->nwaiting = 0;
			trace("%s: master of %llu is %s", ids[i],
			    (unsigned long long)o->msg.term,
			    o->to != NULL ? o->to : "nobody");
			break;
		case CONS_READY:
			n->ready = 1;
			n->took_over = now;
			trace("%s is ready", ids[i]);
			consensus_decide(&n->core, clock_of(n));
			break;
		case CONS_LOST:
			sender_lost(n);
			n->ready = 0;
			n->npending = n->nwaiting = 0;
			n->learning = -1;
			n->learned = 0;
			break;
		case CONS_DECIDED:
			verdicts_decided(i, o->msg.accepted);
			break;
		case CONS_LEARNED:
			if (n->learning != -1 &&
			    strcmp(ids[n->learning], o->to) == 0)
				n->learned = 1;
			break;
		case CONS_NONE:
			break;
		}
		cons_out_free(o);
	}
}

/* The changes that wait, together, as the next version. */
static void
publish(int i)
{
	struct node		*n = &nodes[i];
	struct content		 c;
	struct cons_config	*g;
	const char		*why = NULL;
	int			 k;

	if (!n->up || !n->ready || !consensus_idle(&n->core) ||
	    (n->nwaiting == 0 && !n->learned))
		return;
	g = consensus_accepted(&n->core)->config;
	c = *(struct content *)g->content;
	for (k = 0; k < n->nwaiting; k++)
		c.ops[n->waiting[k] / 64] |= 1ULL << n->waiting[k] % 64;
	if (n->learned) {
		c.voters |= 1U << n->learning;
		n->learned = 0;
		n->learning = -1;
	} else if (!calm && MUTANT(TWO_MEMBERS) && below(6) == 0) {
		for (k = 0; k < 2; k++)
			c.voters ^= 1U << below(nnodes);
		if (c.voters == 0)
			c.voters = ((struct content *)g->content)->voters;
	} else if (!calm && below(12) == 0) {
		k = below(nnodes);
		if (c.voters & (1U << k) && (c.voters & ~(1U << k)) != 0)
			c.voters &= ~(1U << k);
	}
	g = config_make(g->version + 1, &c);
	/* Before it is handed in, as it may be in force when that returns. */
	memcpy(n->pending, n->waiting, sizeof(n->pending));
	n->npending = n->nwaiting;
	n->nwaiting = 0;
	if (consensus_publish(&n->core, g, clock_of(n), &why) == -1) {
		n->npending = 0;
		trace("%s does not publish: %s", ids[i], why);
	} else
		trace("%s publishes %llu, voters %x", ids[i],
		    (unsigned long long)g->version, c.voters);
	cons_config_unref(g);
	drain(i);
}

static void
client(void)
{
	struct node	*n;
	struct content	*c;
	int		 i, k;

	for (i = 0; i < nnodes; i++) {
		n = &nodes[i];
		if (!n->up || !n->ready)
			continue;
		if (nops + 1 < OPS && n->nwaiting < 60)
			n->waiting[n->nwaiting++] = ++nops;
		c = consensus_accepted(&n->core)->config->content;
		if (!calm && n->learning == -1 && below(6) == 0) {
			k = below(nnodes);
			if (!(c->voters & 1U << k) &&
			    consensus_learn(&n->core, ids[k],
			    clock_of(n)) == 0)
				n->learning = k;
			drain(i);
		}
		publish(i);
	}
	later(secs(frand()), EV_CLIENT);
}

static void
tick(int i)
{
	struct node	*n = &nodes[i];
	int		 k;

	later(secs(.1 + frand() * .05), EV_TICK)->node = i;
	if (!n->up)
		return;
	consensus_tick(&n->core, clock_of(n));
	drain(i);
	if (!n->up || !n->ready)
		return;
	publish(i);
	for (k = 0; k < CHECKS && n->up && n->ready; k++)
		if (n->disk.row[k].state != truth[k] &&
		    (n->disk.row[k].id == 0 || n->disk.row[k].sent))
			judge(i, k, truth[k], 0);
	if (n->up)
		tell(i);
}

static void
deliver(struct event *e)
{
	struct node	*n = &nodes[e->to];

	if (!n->up || cut[e->node][e->to])
		return;
	e->msg.payload = e->rows;
	e->msg.master = e->master != -1 ? ids[e->master] : NULL;
	consensus_receive(&n->core, ids[e->node], &e->msg, clock_of(n));
	drain(e->to);
}

static void
chaos(void)
{
	double	 r = frand();
	int	 i, j, side;

	if (now / 1000000 >= CALM_MS) {
		calm = 1;
		memset(cut, 0, sizeof(cut));
		loss = twice = 0;
		return;
	}
	if (r < .25) {
		side = 1 + below((1 << nnodes) - 2);
		memset(cut, 0, sizeof(cut));
		j = below(5) < 2;
		for (i = 0; i < nnodes * nnodes; i++)
			if (((side >> (i / nnodes)) & 1) !=
			    ((side >> (i % nnodes)) & 1) &&
			    (!j || ((side >> (i / nnodes)) & 1)))
				cut[i / nnodes][i % nnodes] = 1;
	} else if (r < .35) {
		i = below(nnodes);
		j = below(nnodes);
		cut[i][j] = cut[j][i] = i != j;
	} else if (r < .55)
		memset(cut, 0, sizeof(cut));
	else if (r < .7) {
		i = below(nnodes);
		crash(i, secs(below(3) == 0 ? .05 : frand() * 8));
	} else {
		/* Elections at once. */
		for (i = 0; i < 2 + (int)(rnd() & 1); i++) {
			struct cons_msg	 m;
			struct node	*n = &nodes[below(nnodes)];

			if (!n->up || n->core.role == CONS_IS_MASTER ||
			    n->core.master == NULL)
				continue;
			memset(&m, 0, sizeof(m));
			m.kind = CONS_HEARTBEAT;
			m.term = n->core.d.term;
			m.master = n->core.master;
			m.handover = 1;
			m.committed = cons_entry_stamp(&n->core.d.committed);
			consensus_receive(&n->core, n->core.master, &m,
			    clock_of(n));
			drain(index_of(n->core.self));
		}
	}
	later(secs(frand() * 3 * spread), EV_CHAOS);
}

static void
run(uint64_t which)
{
	struct content	 first;
	struct event	*e;
	int		 i, k, masters = 0, up = 0;

	seed = which;
	rng = seed * 0x9e3779b97f4a7c15ULL + 0x1234567;
	for (i = 0; i < 8; i++)
		(void)rnd();
	for (i = 0; i < NODES; i++)
		(void)snprintf(ids[i], sizeof(ids[i]), "n%d", i);
	memset(&first, 0, sizeof(first));
	k = (int[]){ 3, 3, 5, 4, 5, 2, 1 }[below(7)];
	nnodes = k + 2 > NODES ? NODES : k + 2;
	first.voters = (1U << k) - 1;
	loss = (double[]){ 0, .02, .15 }[below(3)];
	twice = below(2) ? .05 : 0;
	fragile = (double[]){ 0, .02, .1 }[below(3)];
	spread = (double[]){ .1, .5, 1 }[below(3)];
	for (i = 0; i < nnodes; i++) {
		struct node	*n = &nodes[i];

		memset(n, 0, sizeof(*n));
		n->disk.vote = -1;
		n->disk.committed.config = config_make(1, &first);
		boot(i);
		later(secs(frand() * .1), EV_TICK)->node = i;
	}
	later(secs(frand() * 3), EV_CHAOS);
	later(secs(frand()), EV_CLIENT);
	later(secs(frand() * 4), EV_TARGET);
	while (nheap > 0 && heap[0]->at < (int64_t)END_MS * 1000000) {
		e = next_event();
		now = e->at;
		switch (e->what) {
		case EV_TICK:
			tick(e->node);
			break;
		case EV_MSG:
			deliver(e);
			break;
		case EV_CHAOS:
			chaos();
			break;
		case EV_CLIENT:
			client();
			break;
		case EV_REVIVE:
			if (!nodes[e->node].up) {
				trace("%s is back", ids[e->node]);
				boot(e->node);
			}
			break;
		case EV_TARGET:
			truth[below(CHECKS)] ^= 1;
			if (now / 1000000 < END_MS - 12000)
				later(secs(frand() * 6), EV_TARGET);
			break;
		case EV_DEATH:
			crash(e->node, secs(below(3) ? .001 : frand() * 3));
			break;
		case EV_CUT:
			if (nodes[e->node].up) {
				consensus_cut(&nodes[e->node].core,
				    ids[e->to], clock_of(&nodes[e->node]));
				drain(e->node);
			}
			break;
		}
		event_free(e);
	}
	for (i = 0; i < nnodes; i++) {
		masters += nodes[i].up && nodes[i].ready;
		up += nodes[i].up;
	}
	if (masters != 1)
		broken("G7: %d masters at the end, %d nodes up", masters, up);
	for (i = 1; i <= (int)nids; i++)
		if (was_decided[i] && alerts[i] == 0)
			broken("G4: transition %d was never told", i);
}

/* A mutant's name, in small letters with hyphens. */
static enum quorum_mutant
mutant_of(const char *name)
{
	static const char *const	 names[] = {
		[MUTANT_NONE] = "none",
		[MUTANT_VOTE_NOT_DURABLE] = "vote-not-durable",
		[MUTANT_ACK_BEFORE_FSYNC] = "ack-before-fsync",
		[MUTANT_NO_REPUBLISH] = "no-republish",
		[MUTANT_OLD_TERM_ACKS] = "old-term-acks",
		[MUTANT_TWO_MEMBERS] = "two-members",
		[MUTANT_ALERT_BEFORE_COMMIT] = "alert-before-commit",
		[MUTANT_VERDICTS_ANY_TERM] = "verdicts-any-term",
		[MUTANT_RENAME_NO_FSYNC] = "rename-no-fsync",
		[MUTANT_VERDICTS_NOT_COUNTED] = "verdicts-not-counted"
	};
	size_t				 i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return ((enum quorum_mutant)i);
	errx(2, "%s: no such mutant", name);
}

int
main(int argc, char *argv[])
{
	uint64_t	 first = 0, count = 1000, s;
	int		 ch, jobs, j, status, rc = 0;
	long		 sums[3] = { 0, 0, 0 }, one[3];
	int		 fds[2];

	jobs = (int)sysconf(_SC_NPROCESSORS_ONLN);
	while ((ch = getopt(argc, argv, "j:m:n:s:v")) != -1)
		switch (ch) {
		case 'j':
			jobs = atoi(optarg);
			break;
		case 'm':
			quorum_mutant = mutant_of(optarg);
			break;
		case 'n':
			count = strtoull(optarg, NULL, 10);
			break;
		case 's':
			first = strtoull(optarg, NULL, 10);
			break;
		case 'v':
			verbose = 1;
			break;
		default:
			fprintf(stderr,
			    "usage: sim [-v] [-j jobs] [-m mutant] [-n seeds] "
			    "[-s first]\n");
			return (2);
		}
	if (pipe(fds) == -1)
		err(2, "pipe");
	for (j = 0; j < jobs; j++) {
		if (fork() != 0)
			continue;
		for (s = first + (uint64_t)j; s < first + count;
		    s += (uint64_t)jobs) {
			/* A process for each: nothing is left of the last. */
			if (count > 1 && fork() != 0) {
				wait(&status);
				if (status != 0)
					_exit(1);
				continue;
			}
			run(s);
			one[0] = total_acked;
			one[1] = total_commits;
			one[2] = total_alerts;
			if (write(fds[1], one, sizeof(one)) != sizeof(one))
				_exit(2);
			_exit(0);
		}
		_exit(0);
	}
	close(fds[1]);
	while (read(fds[0], one, sizeof(one)) == sizeof(one))
		for (j = 0; j < 3; j++)
			sums[j] += one[j];
	while (wait(&status) != -1)
		if (status != 0)
			rc = 1;
	if (rc == 0)
		printf("%llu seeds: %ld changes acknowledged, %ld commits, "
		    "%ld alerts\n", (unsigned long long)count, sums[0],
		    sums[1], sums[2]);
	return (rc);
}
