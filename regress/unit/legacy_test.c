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

#include "quorum.h"
#include "tap.h"

#define MS(m)	MONO_MSEC(m)

/*
 * A timeline is a list of what happens when, in milliseconds, to the node "b":
 * somebody is heard of, members change, or an election is looked at.
 */
enum what {
	SEEN,		/* a, reporting b as its master */
	MEMBERS,	/* a as one letter each */
	RESTART,
	ELECT,		/* master a, "" none; term; whether it changed */
	QUIET,		/* elections each 100 ms until then: no change */
	END
};

struct step {
	int64_t		 ms;
	enum what	 what;
	const char	*a;
	const char	*b;
	uint64_t	 term;
	int		 changed;
};

static void
members(struct legacy *l, const char *letters)
{
	const char	*ids[8];
	char		 names[8][2];
	uint32_t	 n;

	for (n = 0; letters[n] != '\0'; n++) {
		names[n][0] = letters[n];
		names[n][1] = '\0';
		ids[n] = names[n];
	}
	if (legacy_members(l, ids, n) == -1)
		abort();
}

static void
quiet(struct legacy *l, int64_t from, int64_t to)
{
	int	 changes = 0;

	for (; from < to; from += 100)
		changes += legacy_elect(l, MS(from));
	is_int(changes, 0, "nothing changes until %lld ms", (long long)to);
}

static void
run(const char *name, const char *all, const struct step *s)
{
	struct legacy	 l;
	int64_t		 last = 0;

	printf("# %s\n", name);
	if (legacy_init(&l, "b", MS(0)) == -1)
		abort();
	members(&l, all);
	for (; s->what != END; last = s->ms, s++) {
		switch (s->what) {
		case SEEN:
			legacy_seen(&l, s->a, s->b, MS(s->ms));
			break;
		case MEMBERS:
			members(&l, s->a);
			break;
		case RESTART:
			legacy_restart(&l, MS(s->ms));
			break;
		case QUIET:
			quiet(&l, last, s->ms);
			break;
		default:
			is_int(legacy_elect(&l, MS(s->ms)), s->changed,
			    "%s at %lld ms: %s", name, (long long)s->ms,
			    s->changed ? "a change" : "no change");
			is_str(str(l.master), s->a, "the master");
			is_int(l.term, s->term, "the term");
			break;
		}
	}
	legacy_clear(&l);
}

#define HEARD(t, who, master)	{ (t), SEEN, (who), (master), 0, 0 }
#define LIST(t, who)		{ (t), MEMBERS, (who), NULL, 0, 0 }
#define SAME(t, who, term)	{ (t), ELECT, (who), NULL, (term), 0 }
#define NEW(t, who, term)	{ (t), ELECT, (who), NULL, (term), 1 }
#define STILL(t)		{ (t), QUIET, NULL, NULL, 0, 0 }
#define OVER			{ 0, END, NULL, NULL, 0, 0 }

static const struct step	 single[] = {
	NEW(0, "b", 1), SAME(100, "b", 1), STILL(10000), SAME(10000, "b", 1),
	OVER
};

static const struct step	 stranger[] = {
	SAME(0, "", 0), HEARD(0, "a", "a"), HEARD(0, "c", "a"),
	SAME(5000, "", 0), HEARD(5000, "a", "b"), HEARD(5000, "c", "b"),
	SAME(5001, "", 0),
	/* It is let in again. */
	LIST(5002, "abc"), HEARD(5002, "a", "a"), NEW(5002, "a", 1), OVER
};

static const struct step	 cold3[] = {
	SAME(0, "", 0), HEARD(500, "c", ""), SAME(500, "", 0),
	HEARD(1500, "c", ""), HEARD(2500, "c", ""), HEARD(3500, "c", ""),
	SAME(3999, "", 0), NEW(4000, "b", 1), SAME(7499, "b", 1),
	/* A quorum lost and won again is two terms. */
	NEW(7500, "", 2), SAME(20000, "", 2), HEARD(20000, "c", ""),
	SAME(20000, "", 2), HEARD(21000, "c", ""), SAME(21999, "", 2),
	NEW(22000, "b", 3), OVER
};

static const struct step	 ghost3[] = {
	/* Who is no member counts for nothing. */
	HEARD(3900, "a0", "a0"), HEARD(3900, "0", "0"), SAME(4000, "", 0),
	HEARD(4000, "c", "a0"), NEW(4000, "b", 1), OVER
};

static const struct step	 death3[] = {
	HEARD(3900, "a", ""), HEARD(3900, "c", ""), NEW(4000, "a", 1),
	HEARD(5000, "a", "a"), HEARD(8900, "c", "a"), SAME(8999, "a", 1),
	NEW(9000, "b", 2),
	/* The dead one is back: it has to be live for two minutes. */
	HEARD(12000, "a", ""), HEARD(12000, "c", "b"), SAME(12000, "b", 2),
	OVER
};

static const struct step	 boot3[] = {
	/* The others have a master, so there is nothing to wait for. */
	HEARD(100, "a", "c"), SAME(100, "", 0), HEARD(200, "c", "c"),
	NEW(200, "c", 1), OVER
};

static const struct step	 boot3one[] = {
	/* One voice of two, the other node is dead. */
	HEARD(100, "c", "c"), SAME(100, "", 0), HEARD(3900, "c", "c"),
	SAME(3999, "", 0), NEW(4000, "c", 1), OVER
};

static const struct step	 boot3dead[] = {
	/* The master they report is not live. */
	HEARD(3900, "a", "d"), HEARD(3900, "c", "d"), NEW(4000, "a", 1), OVER
};

static const struct step	 boot3split[] = {
	HEARD(3900, "a", "a"), HEARD(3900, "c", "c"), SAME(3999, "", 0),
	NEW(4000, "a", 1), OVER
};

static const struct step	 boot2[] = {
	HEARD(100, "c", "c"), NEW(100, "c", 1), OVER
};

static const struct step	 boot5[] = {
	HEARD(3000, "d", "d"), HEARD(3000, "e", "d"), SAME(3000, "", 0),
	HEARD(3001, "a", ""), SAME(3001, "", 0), NEW(4000, "d", 1),
	HEARD(4100, "c", "d"), SAME(4100, "d", 1), OVER
};

static const struct step	 boot5agreed[] = {
	HEARD(3000, "d", "d"), HEARD(3000, "e", "d"), SAME(3000, "", 0),
	HEARD(3001, "a", "d"), NEW(3001, "d", 1), OVER
};

/* A quorum that comes back finds the master the others have kept. */
static const struct step	 return5[] = {
	HEARD(3900, "a", ""), HEARD(3900, "c", ""), NEW(4000, "a", 1),
	NEW(8000, "", 2), HEARD(9000, "c", "c"), SAME(9000, "", 2),
	HEARD(9000, "d", "c"), NEW(9000, "c", 3), OVER
};

/* A healed link shows who follows a master before the master itself. */
static const struct step	 healed5[] = {
	HEARD(3900, "a", ""), HEARD(3900, "c", ""), NEW(4000, "a", 1),
	NEW(8000, "", 2), HEARD(9000, "a", ""), HEARD(9000, "c", "d"),
	SAME(9000, "", 2), HEARD(9800, "d", "d"), NEW(9800, "d", 3), OVER
};

/* But who stays unheard is missed. */
static const struct step	 healed5dead[] = {
	HEARD(3900, "a", ""), HEARD(3900, "c", ""), NEW(4000, "a", 1),
	NEW(8000, "", 2), HEARD(9000, "a", ""), HEARD(9000, "c", "d"),
	SAME(9000, "", 2), HEARD(12000, "a", ""), HEARD(12000, "c", "d"),
	SAME(12999, "", 2), NEW(13000, "a", 3), OVER
};

/* Nobody speaks of a master: there is nothing to wait for. */
static const struct step	 healed5none[] = {
	HEARD(3900, "a", ""), HEARD(3900, "c", ""), NEW(4000, "a", 1),
	NEW(8000, "", 2), HEARD(9000, "a", ""), HEARD(9000, "c", ""),
	SAME(9000, "", 2), SAME(10999, "", 2), NEW(11000, "a", 3), OVER
};

/* What others said when the link broke comes first when it is back. */
static const struct step	 healed5late[] = {
	HEARD(3900, "a", ""), HEARD(3900, "c", ""), NEW(4000, "a", 1),
	NEW(8000, "", 2), HEARD(9000, "c", "b"), HEARD(9000, "d", "b"),
	SAME(9000, "", 2), HEARD(9900, "c", "d"), HEARD(9900, "d", "d"),
	NEW(9900, "d", 3), OVER
};

/* Alone with its opinion, it gives way to a lower one. */
static const struct step	 yield3[] = {
	HEARD(3900, "c", ""), NEW(4000, "b", 1),
	HEARD(4100, "a", "a"), SAME(4100, "b", 1),
	HEARD(4200, "c", "a"), NEW(4200, "a", 2), OVER
};

/* Or to a higher one, if it is not for its age that it is master. */
static const struct step	 yield3up[] = {
	HEARD(3900, "c", ""), NEW(4000, "b", 1),
	HEARD(4100, "a", "c"), HEARD(4100, "c", "c"), NEW(4100, "c", 2),
	OVER
};

/* Not to one that is not live. */
static const struct step	 stay3[] = {
	HEARD(3900, "c", ""), NEW(4000, "b", 1), HEARD(5000, "a", ""),
	HEARD(7900, "c", "a"), HEARD(9000, "c", "a"), SAME(9000, "b", 1),
	OVER
};

/* Of two, only one gives way. */
static const struct step	 stay2[] = {
	HEARD(3900, "c", ""), NEW(4000, "b", 1), HEARD(4100, "c", "c"),
	SAME(4100, "b", 1), OVER
};

static const struct step	 yield2[] = {
	HEARD(3900, "a", "b"), NEW(3900, "b", 1), HEARD(4100, "a", "a"),
	NEW(4100, "a", 2), OVER
};

static const struct step	 removed3[] = {
	HEARD(3900, "a", ""), HEARD(3900, "c", ""), NEW(4000, "a", 1),
	LIST(4100, "bc"), NEW(4100, "b", 2), OVER
};

static const struct step	 removed_self[] = {
	HEARD(3900, "a", ""), HEARD(3900, "c", ""), NEW(4000, "a", 1),
	LIST(4100, "ac"), NEW(4100, "", 2), OVER
};

/* A node that approves a joiner stays master until the joiner is missed. */
static const struct step	 grow1[] = {
	NEW(0, "b", 1), LIST(1000, "ab"), SAME(1000, "b", 1), STILL(5000),
	NEW(5000, "", 2), HEARD(6000, "a", ""), NEW(6000, "a", 3), OVER
};

static const struct step	 grow1met[] = {
	NEW(0, "b", 1), LIST(9000, "ab"), SAME(9000, "b", 1),
	HEARD(9100, "a", ""), SAME(9100, "b", 1), HEARD(10100, "a", "b"),
	HEARD(13100, "a", "b"), SAME(14000, "b", 1), OVER
};

/* Liveness of those who stay is kept. */
static const struct step	 grow3[] = {
	HEARD(3900, "c", ""), NEW(4000, "b", 1), LIST(5000, "abcd"),
	SAME(5000, "b", 1), HEARD(7000, "c", "b"), SAME(8999, "b", 1),
	NEW(9000, "", 2), OVER
};

/* Who joins is not master of the cluster it comes to. */
static const struct step	 join[] = {
	NEW(0, "b", 1), { 9000, RESTART, NULL, NULL, 0, 0 },
	LIST(9000, "bcd"), SAME(9000, "", 2), HEARD(9100, "c", "c"),
	SAME(9100, "", 2), HEARD(9200, "d", "c"), NEW(9200, "c", 3), OVER
};

static const struct step	 join_silent[] = {
	NEW(0, "b", 1), { 9000, RESTART, NULL, NULL, 0, 0 },
	LIST(9000, "bc"), SAME(9000, "", 2), HEARD(12900, "c", ""),
	SAME(12999, "", 2), NEW(13000, "b", 3), OVER
};

static void
test_timelines(void)
{
	run("one node", "b", single);
	run("no list", "", single);
	run("not a member", "ac", stranger);
	run("cold start", "abc", cold3);
	run("strangers", "abc", ghost3);
	run("death", "abc", death3);
	run("boot, quorum reports", "abc", boot3);
	run("boot, one reports", "abc", boot3one);
	run("boot, dead reported", "abc", boot3dead);
	run("boot, two masters", "abc", boot3split);
	run("boot of two", "bc", boot2);
	run("boot of five", "abcde", boot5);
	run("boot of five, agreed", "abcde", boot5agreed);
	run("return", "abcde", return5);
	run("healed", "abcde", healed5);
	run("healed, master dead", "abcde", healed5dead);
	run("healed, no master", "abcde", healed5none);
	run("healed, old news first", "abcde", healed5late);
	run("yield", "abc", yield3);
	run("yield to a higher one", "abc", yield3up);
	run("stay", "abc", stay3);
	run("stay of two", "bc", stay2);
	run("yield of two", "ab", yield2);
	run("master removed", "abc", removed3);
	run("self removed", "abc", removed_self);
	run("joiner is missed", "b", grow1);
	run("joiner is met", "b", grow1met);
	run("four of three", "abc", grow3);
	run("join", "b", join);
	run("join, no master", "b", join_silent);
}

/* The lower one takes over after two minutes of life, to the millisecond. */
static void
test_cooldown(void)
{
	struct legacy	 l;
	int64_t		 t, back = 10000;

	if (legacy_init(&l, "b", MS(0)) == -1)
		abort();
	members(&l, "abc");
	legacy_seen(&l, "c", "", MS(3900));
	legacy_elect(&l, MS(4000));
	is_str(l.master, "b", "the lowest that is live");
	for (t = 5000; t < back; t += 1000)
		legacy_seen(&l, "c", "b", MS(t));
	for (t = back; t < back + 120000; t += 1000) {
		legacy_seen(&l, "a", "b", MS(t));
		legacy_seen(&l, "c", "b", MS(t));
		if (legacy_elect(&l, MS(t)))
			break;
	}
	is_int(t, back + 120000, "no election for two minutes");
	is_int(legacy_elect(&l, MS(t - 1)), 0, "nor a millisecond before");
	is_int(legacy_elect(&l, MS(t)), 1, "but then");
	is_str(l.master, "a", "the lower one");
	is_int(l.term, 2, "in another term");
	legacy_seen(&l, "a", "b", MS(t + 1));
	is_int(legacy_elect(&l, MS(t + 1)), 0, "the others will follow");
	legacy_clear(&l);
}

/* Each absence of more than four seconds starts the time anew. */
static void
test_flapping(void)
{
	struct legacy	 l;
	int64_t		 t;
	int		 changes = 0;

	if (legacy_init(&l, "b", MS(0)) == -1)
		abort();
	members(&l, "abc");
	legacy_seen(&l, "c", "", MS(3900));
	legacy_elect(&l, MS(4000));
	for (t = 5000; t < 600000; t += 1000) {
		legacy_seen(&l, "c", "b", MS(t));
		if (t % 100000 > 5000)
			legacy_seen(&l, "a", "b", MS(t));
		changes += legacy_elect(&l, MS(t));
	}
	is_int(changes, 0, "one that comes and goes never takes over");
	is_str(l.master, "b", "the master stays");

	/* An absence of four seconds exactly is none. */
	for (; t < 626000; t += 1000) {
		legacy_seen(&l, "c", "b", MS(t));
		if (t % 8000 >= 4000 || t % 8000 == 0)
			legacy_seen(&l, "a", "b", MS(t));
		changes += legacy_elect(&l, MS(t));
	}
	is_int(changes, 0, "it was back last at 506 s");
	legacy_seen(&l, "c", "b", MS(t));
	legacy_seen(&l, "a", "b", MS(t));
	is_int(legacy_elect(&l, MS(t)), 1, "two minutes later");
	is_str(l.master, "a", "short breaks do not matter");
	legacy_clear(&l);
}

static void
test_live(void)
{
	struct legacy	 l;

	if (legacy_init(&l, "b", MS(0)) == -1)
		abort();
	members(&l, "abcde");
	is_int(legacy_quorum(&l), 3, "three of five");
	is_int(legacy_nlive(&l, MS(0)), 1, "only this node, as yet");
	legacy_seen(&l, "a", NULL, MS(0));
	legacy_seen(&l, "x", NULL, MS(0));
	is_int(legacy_nlive(&l, MS(3999)), 2, "somebody else");
	is_int(legacy_live(&l, "a", MS(3999)), 1, "is live");
	is_int(legacy_live(&l, "a", MS(4000)), 0, "for four seconds");
	is_int(legacy_live(&l, "x", MS(1)), 0, "a stranger never is");
	is_int(legacy_live(&l, "b", MS(90000)), 1, "this node always is");
	is_int(legacy_has_quorum(&l, MS(0)), 0, "two of five are no quorum");
	legacy_seen(&l, "e", NULL, MS(0));
	is_int(legacy_has_quorum(&l, MS(0)), 1, "three are");
	members(&l, "abcbde");
	is_int(l.n, 5, "twice in the list is once");
	members(&l, "");
	is_int(l.n, 1, "no list is this node alone");
	is_int(legacy_quorum(&l), 1, "its own quorum");
	members(&l, "acde");
	is_int(legacy_has_quorum(&l, MS(90000)), 0, "never a stranger's");
	legacy_clear(&l);
}

/*
 * Several such nodes with clocks of their own and messages that take their
 * time or are lost.
 */
#define NODES_MAX	5
#define FLIGHTS		512

struct flight {
	int64_t		 at;
	uint32_t	 from;
	uint32_t	 to;
	char		 master[2];
	int		 answer;
};

struct sim {
	struct legacy	 l[NODES_MAX];
	int		 up[NODES_MAX];
	int64_t		 boot[NODES_MAX];
	struct flight	 air[FLIGHTS];
	uint32_t	 nair;
	uint32_t	 n;
	uint32_t	 seed;
	uint32_t	 loss;		/* in a thousand */
	int64_t		 now;
	int64_t		 split;		/* ms with two masters */
};

static uint32_t
rnd(struct sim *s, uint32_t n)
{
	s->seed = s->seed * 1103515245 + 12345;
	return ((s->seed >> 16) % n);
}

static void
sim_send(struct sim *s, uint32_t from, uint32_t to, int answer)
{
	struct flight	*f;

	if (rnd(s, 1000) < s->loss || s->nair == FLIGHTS)
		return;
	f = &s->air[s->nair++];
	f->at = s->now + 1 + rnd(s, 400);
	f->from = from;
	f->to = to;
	f->answer = answer;
	f->master[0] = *str(s->l[from].master);
	f->master[1] = '\0';
}

static void
sim_boot(struct sim *s, uint32_t i)
{
	const char	 id[] = { 'a' + i, '\0' };

	if (legacy_init(&s->l[i], id, MS(s->now)) == -1)
		abort();
	members(&s->l[i], s->n == 3 ? "abc" : "abcde");
	s->boot[i] = s->now;
	s->up[i] = 1;
	legacy_elect(&s->l[i], MS(s->now));
}

static void
sim_stop(struct sim *s, uint32_t i)
{
	legacy_clear(&s->l[i]);
	s->up[i] = 0;
	s->boot[i] = INT64_MAX;
}

static void
sim_turn(struct sim *s)
{
	struct flight	 f;
	uint32_t	 i, j, masters = 0;
	const char	 ids[] = "abcde";
	char		 id[2] = "";

	for (i = 0; i < s->n; i++) {
		if (!s->up[i]) {
			if (s->now >= s->boot[i])
				sim_boot(s, i);
			continue;
		}
		if ((s->now - s->boot[i]) % 1000 != 0)
			continue;
		for (j = 0; j < s->n; j++)
			if (j != i)
				sim_send(s, i, j, 0);
		legacy_elect(&s->l[i], MS(s->now));
	}
	for (i = 0; i < s->nair; ) {
		if (s->air[i].at > s->now) {
			i++;
			continue;
		}
		f = s->air[i];
		s->air[i] = s->air[--s->nair];
		if (!s->up[f.to])
			continue;
		id[0] = ids[f.from];
		legacy_seen(&s->l[f.to], id, f.master, MS(s->now));
		legacy_elect(&s->l[f.to], MS(s->now));
		if (!f.answer)
			sim_send(s, f.to, f.from, 1);
	}
	for (i = 0; i < s->n; i++)
		if (s->up[i] && *str(s->l[i].master) == ids[i])
			masters++;
	s->split += masters > 1;
}

static void
sim_run(struct sim *s, int64_t ms)
{
	int64_t	 end = s->now + ms;

	for (; s->now < end; s->now++)
		sim_turn(s);
}

/* The master of all that are up; NULL when they differ. */
static const char *
sim_master(const struct sim *s)
{
	const char	*master = NULL;
	uint32_t	 i;

	for (i = 0; i < s->n; i++) {
		if (!s->up[i])
			continue;
		if (master != NULL &&
		    strcmp(master, str(s->l[i].master)) != 0)
			return (NULL);
		master = str(s->l[i].master);
	}
	return (master != NULL && *master != '\0' ? master : NULL);
}

static void
sim_begin(struct sim *s, uint32_t n, uint32_t seed, uint32_t spread)
{
	uint32_t	 i;

	memset(s, 0, sizeof(*s));
	s->n = n;
	s->seed = seed;
	for (i = 0; i < n; i++)
		s->boot[i] = rnd(s, spread);
}

static void
sim_end(struct sim *s)
{
	uint32_t	 i;

	for (i = 0; i < s->n; i++)
		if (s->up[i])
			legacy_clear(&s->l[i]);
}

#define RUNS	100

/* Started within so many ms, some of the messages lost. */
static void
test_cold(uint32_t n, uint32_t spread, uint32_t loss)
{
	static struct sim	 s;
	uint32_t		 seed, agreed = 0;
	int64_t			 worst = 0;

	for (seed = 1; seed <= RUNS; seed++) {
		sim_begin(&s, n, seed, spread);
		s.loss = loss;
		sim_run(&s, spread + 12000);
		agreed += sim_master(&s) != NULL;
		if (s.split > worst)
			worst = s.split;
		sim_end(&s);
	}
	is_int(agreed, RUNS, "%u nodes within %u ms, %u in 1000 lost: "
	    "one master", n, spread, loss);
	ok(worst <= 2500, "two at most for a moment: %lld ms",
	    (long long)worst);
}

/* The master dies and comes back. */
static void
test_failover(uint32_t n)
{
	static struct sim	 s;
	uint32_t		 seed, agreed = 0, same = 0, back = 0;
	uint32_t		 old;
	char			 next;
	const char		*m;

	for (seed = 1; seed <= RUNS; seed++) {
		sim_begin(&s, n, seed, 1000);
		sim_run(&s, 12000);
		if ((m = sim_master(&s)) == NULL)
			break;
		old = *m - 'a';
		sim_stop(&s, old);
		sim_run(&s, 6500);
		if ((m = sim_master(&s)) == NULL)
			break;
		next = *m;
		agreed++;
		s.boot[old] = s.now + 1;
		s.split = 0;
		sim_run(&s, 30000);
		m = sim_master(&s);
		same += m != NULL && *m == next && s.split == 0;
		sim_run(&s, 100000);
		m = sim_master(&s);
		back += m != NULL && *m == 'a';
		sim_end(&s);
	}
	is_int(agreed, RUNS, "%u nodes, the master dies: another one", n);
	is_int(same, RUNS, "which stays when the old one is back");
	is_int(back, RUNS, "for two minutes");
}

int
main(void)
{
	test_timelines();
	test_cooldown();
	test_flapping();
	test_live();
	test_cold(3, 1000, 0);
	test_cold(3, 8000, 0);
	test_cold(3, 8000, 50);
	test_cold(5, 1000, 0);
	test_cold(5, 12000, 0);
	test_cold(5, 12000, 50);
	test_failover(3);
	test_failover(5);
	return (tap_done());
}
