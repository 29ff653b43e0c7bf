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

/*
 * Protocol 2 for spin(1): election, first act, publication, commit and
 * membership of N nodes, in T terms and V versions.  docs/model.md says what
 * it leaves out, and model.t runs it.
 *
 * One process does one step of one node at a time, any that is possible.  What
 * a step writes is durable before what it sends can be received: so a crash
 * before the write is the loss of what was received, a crash between write and
 * message is the loss of the message, and memory differs from the disk only in
 * what is volatile.  A mutant that breaks this says what a crash takes away.
 *
 * Messages are not queued.  What was sent can be received at any later time,
 * any number of times or never, which is delay, reordering, duplication and
 * loss.  It is kept where it can be read off:
 *
 *   RequestVote	the candidate, as long as it is one
 *   its answer		the candidate's got
 *   ApplyClusterCfg	cfg and set, by stamp
 *   its answer		the master's got, for what is in flight
 *   Heartbeat		told and old, by term
 *
 * Timers, pre-vote, lease and hand-over only decide when a node stands or
 * steps down.  Here it may at any time, so no proof rests on them.
 */

#ifndef N
#define N	3		/* nodes, up to 5 */
#endif
#ifndef T
#define T	3		/* terms, up to 7 */
#endif
#ifndef V
#define V	3		/* versions, up to 3; the first is 1 */
#endif

/* A stamp, (term, version), as a number of the same order. */
#define STAMP(t, v)	((t) * V + (v) - 1)
#define STAMPS		((T + 1) * V)
#define TERM(s)		((s) / V)
#define VERSION(s)	((s) % V + 1)

#define BIT(n)		(1 << (n))
#define HAS(m, n)	(((m) >> (n)) & 1)
#define COUNT(m)	(HAS(m, 0) + HAS(m, 1) + HAS(m, 2) + HAS(m, 3) + \
    HAS(m, 4))
#define MAJORITY(m, of)	(2 * COUNT((m) & (of)) > COUNT(of))

/*
 * A configuration's content is its history: for each version after the first
 * the term in which that change was made, three bits each.  The first w
 * versions of it:
 */
#define UPTO(h, w)	((h) & ((1 << (3 * ((w) - 1))) - 1))

#define FOLLOWER	0
#define CANDIDATE	1
#define MASTER		2

/* Durable. */
byte term[N];
bit voted[N];			/* in this term; got has for whom */
byte acc[N];			/* accepted: its stamp */
byte com[N];			/* committed: its stamp */

/* Volatile. */
byte role[N];
byte got[N];			/* votes; as master acks of what is in flight */

/* Publications, by stamp.  No set: there is none, or nobody can take it. */
byte cfg[STAMPS];
byte set[STAMPS];

/* Heartbeats, by term. */
byte told[T + 1];		/* version up to which commits were told */
byte old[T + 1];		/* stamp told before the first such commit */

/* For mutants. */
#ifdef ACK_BEFORE_FSYNC
byte disk[N];			/* of what was accepted: all a crash leaves */
#endif
#ifdef OLD_ACKS
byte acked[STAMPS];		/* who ever acked it */
#endif

/* What the guarantees are checked against. */
byte committer[T + 1];		/* who committed in the term: node + 1 */
byte hist;			/* content of the highest committed version */
byte high;			/* that version */

/* Named for what spin says when one is not so. */
bit G1_one_committer_per_term = 1;
bit G2_acknowledged_change_survives = 1;
bit G3_one_history = 1;
bit G3_version_never_goes_down = 1;
bit G3_stamp_names_one_content = 1;

/*
 * C, for what would only be slow and long in Promela: canonical forms, so that
 * states that differ in nothing that can matter are one, and words for people.
 */
c_decl {
extern int	readtrail;
extern void	settle(void);
extern void	say(const char *, int, int, int);
}

c_code {
static int	who[N];			/* the name of the node in this place */

/* Words for a step: node a, node b (or -1), a stamp (or -1). */
void
say(const char *what, int a, int b, int s)
{
	if (!readtrail)
		return;
	printf("n%d %s", who[a], what);
	if (b >= 0)
		printf(" n%d", who[b]);
	if (s >= 0)
		printf(" (%d,%d)", TERM(s), VERSION(s));
	printf("\n");
}

static void
say_mask(const char *what, int mask)
{
	int	i;

	printf(" %s{", what);
	for (i = 0; i < N; i++)
		if (HAS(mask, i))
			printf(" %d", who[i]);
	printf(" }");
}

static void
say_state(void)
{
	static const char	*roles[] = { "follower", "candidate", "master" };
	int			 i, j, k, s;

	for (i = 0; i < N; i++) {
		for (j = 0; j < N && who[j] != i; j++)
			;
		s = now.acc[j];
		printf("    n%d %-9s term %d%s accepted (%d,%d) of",
		    i, roles[now.role[j]], now.term[j],
		    now.voted[j] ? ", voted," : ",", TERM(s), VERSION(s));
		say_mask("", now.set[s]);
		printf(" history 1");
		for (k = 2; k <= VERSION(s); k++)
			printf(" %d.%d", now.cfg[s] >> 3 * (k - 2) & 7, k);
		printf(" committed v%d", VERSION(now.com[j]));
		if (now.role[j] != FOLLOWER)
			say_mask("has", now.got[j]);
		printf("\n");
	}
}
}

c_code {
/* What a crash may leave a node with, of what it accepted. */
#ifdef ACK_BEFORE_FSYNC
#define LOWEST(i)	now.disk[i]
#else
#define LOWEST(i)	now.acc[i]
#endif

/* Forgets the publication s, and makes stamps that named it one. */
static void
forget_cfg(int s)
{
	int	i, t;

	now.cfg[s] = now.set[s] = 0;
#ifdef OLD_ACKS
	now.acked[s] = 0;
#endif
	for (i = 0; i < N; i++)
		if (now.com[i] == s)
			now.com[i] = STAMP(0, VERSION(s));
	for (t = 1; t <= T; t++)
		if (now.old[t] == s)
			now.old[t] = 0;
}

/* Publications that nobody holds nor can still take. */
static void
forget_cfgs(void)
{
	int	i, s, t, held, open, wanted;

	for (s = 0; s < STAMPS; s++) {
		held = open = wanted = 0;
		for (i = 0; i < N; i++) {
			held |= now.acc[i] == s || LOWEST(i) == s;
			wanted |= now.acc[i] == s && now.com[i] != s;
			open |= TERM(s) > 0 && now.term[i] <= TERM(s) &&
			    LOWEST(i) < s;
		}
		if (now.set[s] == 0 || (!held && !open))
			forget_cfg(s);
		else if (!wanted && !open) {
			for (t = 1; t <= T; t++)
				if (now.old[t] == s)
					now.old[t] = 0;
		}
	}
}

/* Votes, heartbeats and committers of terms that are over. */
static void
forget_terms(void)
{
	int	i, t, below, stands, leads;

	for (t = 1; t <= T; t++) {
		below = stands = leads = 0;
		for (i = 0; i < N; i++) {
			below |= now.term[i] < t;
			stands |= now.term[i] == t && now.role[i] == CANDIDATE;
			leads |= now.term[i] == t && now.role[i] == MASTER;
		}
		for (i = 0; i < N; i++)
			if (now.term[i] == t && !below && !stands)
				now.voted[i] = 0;
		if (!below && !stands && !leads)
			now.committer[t] = 0;
		for (i = 0; i < N && now.term[i] > t; i++)
			;
		if (i == N) {
			if (now.told[t] > now.told[0])
				now.told[0] = now.told[t];
			now.told[t] = now.old[t] = 0;
		}
	}
}
}

c_code {
static int	perms[120][N], nperms;

static void
perms_make(int at, int used)
{
	static int	p[N];
	int		i;

	if (at == N) {
		memcpy(perms[nperms++], p, sizeof(p));
		return;
	}
	for (i = 0; i < N; i++) {
		if (HAS(used, i))
			continue;
		p[at] = i;
		perms_make(at + 1, used | BIT(i));
	}
}

/* All there is of a node but whom it got votes or acks from. */
static unsigned long long
node_key(int i)
{
	unsigned long long	k;
	int			j, s, t;

	k = 0;
#ifdef TURNS
	k = i < 2 ? i : 2;
#endif
	k = k << 2 | now.role[i];
	k = k << 3 | now.term[i];
	k = k << 1 | now.voted[i];
	k = k << 5 | now.acc[i];
	k = k << 5 | now.com[i];
	for (s = 0; s < STAMPS; s++)
		k = k << 1 | HAS(now.set[s], i);
	for (t = 1; t <= T; t++)
		k = k << 1 | (now.committer[t] == i + 1);
#ifdef ACK_BEFORE_FSYNC
	k = k << 5 | now.disk[i];
#endif
#ifdef OLD_ACKS
	for (s = 0; s < STAMPS; s++)
		k = k << 1 | HAS(now.acked[s], i);
#endif
	s = 0;
	for (j = 0; j < N; j++)
		s += HAS(now.got[j], i);
	return (k << 3 | s);
}

static int
permuted(int mask, const int *p)
{
	int	j, m = 0;

	for (j = 0; j < N; j++)
		m |= HAS(mask, p[j]) << j;
	return (m);
}

/* Puts node p[j] in place j. */
static void
permute(const int *p)
{
	uchar	a[N];
	int	i, j, s, w[N];

#define PLACE(x) do {					\
	memcpy(a, x, sizeof(a));			\
	for (j = 0; j < N; j++)				\
		x[j] = a[p[j]];				\
} while (0)
	PLACE(now.term);
	PLACE(now.voted);
	PLACE(now.acc);
	PLACE(now.com);
	PLACE(now.role);
	PLACE(now.got);
#ifdef ACK_BEFORE_FSYNC
	PLACE(now.disk);
#endif
	for (j = 0; j < N; j++)
		now.got[j] = permuted(now.got[j], p);
	for (s = 0; s < STAMPS; s++) {
		now.set[s] = permuted(now.set[s], p);
#ifdef OLD_ACKS
		now.acked[s] = permuted(now.acked[s], p);
#endif
	}
	for (s = 1; s <= T; s++) {
		for (i = 0; i < N; i++)
			if (now.committer[s] == p[i] + 1)
				break;
		if (i < N)
			now.committer[s] = i + 1;
	}
	memcpy(w, who, sizeof(w));
	for (j = 0; j < N; j++)
		who[j] = w[p[j]];
}
}

c_code {
/* Nodes have no names: of all orders of them the one with the lowest keys. */
static void
sort_nodes(void)
{
	unsigned long long	key[N], sorted[N], k;
	long			code, best = -1;
	int			i, j, n, ties = 0, *p = NULL;

	if (nperms == 0)
		perms_make(0, 0);
	for (i = 0; i < N; i++) {
		k = key[i] = node_key(i);
		for (j = i; j > 0 && sorted[j - 1] > k; j--)
			sorted[j] = sorted[j - 1];
		sorted[j] = k;
	}
	for (j = 1; j < N; j++)
		ties |= sorted[j] == sorted[j - 1];
	for (n = 0; n < nperms; n++) {
		for (j = 0; j < N && key[perms[n][j]] == sorted[j]; j++)
			;
		if (j < N)
			continue;
		code = 0;
		if (ties)
			for (j = 0; j < N; j++)
				code = code << N | permuted(
				    now.got[perms[n][j]], perms[n]);
		if (p == NULL || code < best) {
			p = perms[n];
			best = code;
		}
		if (!ties)
			break;
	}
	permute(p);
}

/* After each step. */
void
settle(void)
{
	int	i;

	if (readtrail && who[0] == who[1])
		for (i = 0; i < N; i++)
			who[i] = i;
#ifndef KEEP
	forget_cfgs();
	forget_terms();
#endif
#ifndef NAMES
	sort_nodes();
#endif
	if (readtrail)
		say_state();
}
}

byte	at, i;				/* 0 after each step */

/* A message of a higher term, or the own one's, makes n a follower of it. */
inline follow(n, t)
{
	if
	:: term[n] < t ->
		term[n] = t;
		voted[n] = 0
	:: else
	fi;
	role[n] = FOLLOWER;
	got[n] = 0
}

/* What is accepted is on disk before it is acked, or published. */
inline accept(n, s)
{
	acc[n] = s
#ifdef OLD_ACKS
	; acked[s] = acked[s] | BIT(n)
#endif
}

inline publish(n, s, history, voters)
{
	G3_stamp_names_one_content = set[s] == 0 ||
	    (cfg[s] == history && set[s] == voters);
	assert(G3_stamp_names_one_content);
	cfg[s] = history;
	set[s] = voters;
	accept(n, s);
#ifdef ACK_BEFORE_FSYNC
	disk[n] = s;
#endif
	got[n] = BIT(n) & set[s]
}

/* n holds its accepted configuration for committed. */
inline hold_committed(n)
{
	G3_version_never_goes_down = VERSION(acc[n]) >= VERSION(com[n]);
	assert(G3_version_never_goes_down);
	G3_one_history = VERSION(acc[n]) > high ||
	    UPTO(hist, VERSION(acc[n])) == cfg[acc[n]];
	assert(G3_one_history);
	com[n] = acc[n];
#ifdef ACK_BEFORE_FSYNC
	disk[n] = acc[n];
#endif
}

/*
 * Whatever was committed before has to be in what the master n commits now:
 * no version below one that an earlier term committed, none above one that a
 * later term did, and no other content.
 */
inline check_commit(n)
{
	at = VERSION(acc[n]);
	G1_one_committer_per_term = committer[term[n]] == 0 ||
	    committer[term[n]] == n + 1;
	assert(G1_one_committer_per_term);
	committer[term[n]] = n + 1;
	for (i : 0 .. T) {
		G2_acknowledged_change_survives =
		    (i >= term[n] || told[i] <= at) &&
		    (i <= term[n] || told[i] == 0 || told[i] >= at);
		assert(G2_acknowledged_change_survives)
	}
	if
	:: at > high ->
		G2_acknowledged_change_survives =
		    UPTO(cfg[acc[n]], high) == hist;
		assert(G2_acknowledged_change_survives);
		high = at;
		hist = cfg[acc[n]]
	:: else
	fi;
	i = 0
}

/* The steps.  Each is a guard, and what is done. */

/*
 * Rule 3: who knows no reason not to stand may stand at any time; who has
 * accepted its own removal and has not seen it committed, too.
 */
#ifdef TURNS
#define MAY_STAND(n)	(term[n] < T && (n) == term[n] % 2)
#else
#define MAY_STAND(n)	(term[n] < T)
#endif
#define CAN_STAND(n)	(role[n] != MASTER && MAY_STAND(n) && \
    (HAS(set[acc[n]], n) || acc[n] != com[n]))
inline stand(n)
{
	term[n] = term[n] + 1;
	voted[n] = 1;
	role[n] = CANDIDATE;
	got[n] = BIT(n) & set[acc[n]]
}

/* Rule 3.  A vote for who is no candidate any more is as if lost. */
#define CAN_VOTE(n, c)	(role[c] == CANDIDATE && HAS(set[acc[c]], n) && \
    acc[c] >= acc[n] && (term[n] < term[c] || \
    (term[n] == term[c] && !voted[n] && role[n] == FOLLOWER)))
inline vote(n, c)
{
	follow(n, term[c]);
	voted[n] = 1;
	got[c] = got[c] | BIT(n)
}

/* Rule 1: by any message, also one that is of no other use to n. */
#define RAISES(n, m)	(m < N && term[m % N] > term[n])
#define CAN_RAISE(n)	(RAISES(n, 0) || RAISES(n, 1) || RAISES(n, 2) || \
    RAISES(n, 3) || RAISES(n, 4))
inline raise(n)
{
	follow(n, term[n] + 1)
}

/* Rule 5: elected, it publishes what it has anew. */
#define CAN_WIN(n)	(role[n] == CANDIDATE && \
    MAJORITY(got[n], set[acc[n]]))
inline win(n)
{
	role[n] = MASTER;
	old[term[n]] = com[n];
#ifdef NO_REPUBLISH
	got[n] = 0
#else
	at = acc[n];
	publish(n, STAMP(term[n], VERSION(at)), cfg[at], set[at]);
#ifdef OLD_ACKS
	got[n] = got[n] | (acked[at] & set[at]);
#endif
	at = 0
#endif
}

/*
 * Rules 6 and 8: one publication in flight, and only after one of the own term
 * is committed (which is the correction of 2015); x are the peers that it adds
 * or removes.  The stage as non-voter is left out: it delays a change until the
 * joiner answers, but who takes a publication is free here anyway.
 */
#define IN_FLIGHT(n)	(role[n] == MASTER && TERM(acc[n]) == term[n] && \
    acc[n] != com[n])
#ifdef NO_REPUBLISH
#define IS_READY(n)	(role[n] == MASTER && !IN_FLIGHT(n))
#else
#define IS_READY(n)	(role[n] == MASTER && acc[n] == com[n] && \
    TERM(acc[n]) == term[n])
#endif
#define CAN_CHANGE(n, x) (IS_READY(n) && VERSION(acc[n]) < V && \
    (set[acc[n]] ^ (x)) != 0)
inline change(n, x)
{
	at = VERSION(acc[n]);
	publish(n, STAMP(term[n], at + 1),
	    cfg[acc[n]] | (term[n] << (3 * (at - 1))), set[acc[n]] ^ (x));
	at = 0
}

/* Rule 6: n takes what the master m has in flight, and acks it. */
#define CAN_TAKE(n, m)	(IN_FLIGHT(m) && (acc[m] > acc[n] || \
    (acc[m] == acc[n] && HAS(set[acc[m]], n) && !HAS(got[m], n))) && \
    (term[n] < term[m] || (term[n] == term[m] && role[n] != MASTER)))
inline take(n, m)
{
	follow(n, term[m]);
	accept(n, acc[m]);
	got[m] = got[m] | (BIT(n) & set[acc[m]])
}

/* The same, but nobody waits for the ack any more. */
#define FLIES(s, m)	(m < N && IN_FLIGHT(m % N) && acc[m % N] == (s))
#define CAN_TAKE_LATE(n, s) (set[s] != 0 && (s) > acc[n] && \
    term[n] <= TERM(s) && (term[n] < TERM(s) || role[n] != MASTER) && \
    !FLIES(s, 0) && !FLIES(s, 1) && !FLIES(s, 2) && !FLIES(s, 3) && \
    !FLIES(s, 4))
inline take_late(n, s)
{
	follow(n, TERM(s));
	accept(n, s)
}

/* Rule 7.  Who has removed itself tells it, and goes. */
#define CAN_COMMIT(n)	(IN_FLIGHT(n) && MAJORITY(got[n], set[acc[n]]))
inline commit(n)
{
	check_commit(n);
	hold_committed(n);
	told[term[n]] = VERSION(acc[n]);
	got[n] = 0;
	if
	:: !HAS(set[acc[n]], n) -> role[n] = FOLLOWER
	:: else
	fi
}

/* A heartbeat of n's term says that what n has accepted is committed. */
#define CAN_LEARN(n)	(acc[n] != com[n] && term[n] == TERM(acc[n]) && \
    role[n] != MASTER && VERSION(acc[n]) <= told[term[n]])
inline learn(n)
{
	follow(n, term[n]);
	hold_committed(n)
}

/* The same by a heartbeat of a later master, of what it had as committed. */
#define CAN_LEARN_OLD(n, t) (acc[n] != com[n] && term[n] <= (t) && \
    old[t] == acc[n] && (term[n] < (t) || role[n] != MASTER))
inline learn_old(n, t)
{
	follow(n, t);
	hold_committed(n)
}

/*
 * A crash, and a master's stepping down, which is the same without the mutants:
 * what a node wrote, it has.
 */
#if defined(VOTE_NOT_DURABLE)
#define CAN_CRASH(n)	(role[n] != FOLLOWER || voted[n])
#elif defined(ACK_BEFORE_FSYNC)
#define CAN_CRASH(n)	(role[n] != FOLLOWER || acc[n] != disk[n])
#else
#define CAN_CRASH(n)	(role[n] != FOLLOWER)
#endif
inline crash(n)
{
#ifdef VOTE_NOT_DURABLE
	voted[n] = 0;
#endif
#ifdef ACK_BEFORE_FSYNC
	acc[n] = disk[n];
#endif
	role[n] = FOLLOWER;
	got[n] = 0
}

/* A step of each node, of each two of them, of each and a third thing. */
#define DO(can, words, a, b, s, step)					\
	:: d_step { can -> c_code { say(words, a, b, s); }; step;	\
	    c_code { settle(); } }

#define ALONE(n)							\
	DO(CAN_STAND(n), "stands for election", n, -1, -1, stand(n))	\
	DO(CAN_WIN(n), "is elected", n, -1, -1, win(n))			\
	DO(CAN_COMMIT(n), "commits", n, -1, now.acc[n], commit(n))	\
	DO(CAN_LEARN(n), "hears of the commit of", n, -1, now.acc[n],	\
	    learn(n))							\
	DO(CAN_CHANGE(n, 0), "publishes a change", n, -1, -1, change(n, 0))

#define LOSSES(n)							\
	DO(CAN_RAISE(n), "hears of a higher term", n, -1, -1, raise(n))	\
	DO(CAN_CRASH(n), "crashes and is back", n, -1, -1, crash(n))

#define PAIR(n, m)							\
	DO(CAN_VOTE(n, m), "votes for", n, m, -1, vote(n, m))		\
	DO(CAN_TAKE(n, m), "accepts what is published by", n, m,	\
	    now.acc[m], take(n, m))

#define MEMBER(n, m)							\
	DO(CAN_CHANGE(n, BIT(m)), "publishes, added or removed:", n, m, -1, \
	    change(n, BIT(m)))

#define MEMBERS2(n, x)							\
	DO(CAN_CHANGE(n, x), "publishes, two changed", n, -1, -1, change(n, x))

#define LATE(n, s)							\
	DO(CAN_TAKE_LATE(n, s), "accepts, late,", n, -1, s, take_late(n, s))

#define OLD(n, t)							\
	DO(CAN_LEARN_OLD(n, t), "hears of an old commit:", n, -1,	\
	    now.acc[n], learn_old(n, t))

#if N == 3
#define EACH(f)		f(0) f(1) f(2)
#define WITH(f, n)	f(n, 0) f(n, 1) f(n, 2)
#elif N == 4
#define EACH(f)		f(0) f(1) f(2) f(3)
#define WITH(f, n)	f(n, 0) f(n, 1) f(n, 2) f(n, 3)
#else
#define EACH(f)		f(0) f(1) f(2) f(3) f(4)
#define WITH(f, n)	f(n, 0) f(n, 1) f(n, 2) f(n, 3) f(n, 4)
#endif

/* The stamps of what can be published, and the terms after the first. */
#define STAMPS_3(f, n)	f(n, V) f(n, V + 1) f(n, V + 2)
#define STAMPS_6(f, n)	STAMPS_3(f, n) f(n, V + 3) f(n, V + 4) f(n, V + 5)
#if T * V == 4
#define STAMPS_ALL(f, n) STAMPS_3(f, n) f(n, V + 3)
#elif T * V == 6
#define STAMPS_ALL(f, n) STAMPS_6(f, n)
#elif T * V == 8
#define STAMPS_ALL(f, n) STAMPS_6(f, n) f(n, V + 6) f(n, V + 7)
#elif T * V == 9
#define STAMPS_ALL(f, n) STAMPS_6(f, n) f(n, V + 6) f(n, V + 7) f(n, V + 8)
#endif
#if T == 2
#define LATER_TERMS(f, n) f(n, 2)
#elif T == 3
#define LATER_TERMS(f, n) f(n, 2) f(n, 3)
#else
#define LATER_TERMS(f, n) f(n, 2) f(n, 3) f(n, 4)
#endif

#define PAIRS(n)	WITH(PAIR, n)
#define MEMBERS(n)	WITH(MEMBER, n)
#define TWO(n)		MEMBERS2(n, 3) MEMBERS2(n, 5) MEMBERS2(n, 6)
#define LATES(n)	STAMPS_ALL(LATE, n)
#define OLDS(n)		LATER_TERMS(OLD, n)

/* At first there are all nodes, or all but one, or one: the others may join. */
active proctype nodes()
{
	d_step {
		if
		:: set[0] = BIT(N) - 1
#ifndef ALL_AT_FIRST
		:: set[0] = BIT(N) - 2
		:: set[0] = 1
#endif
		fi;
		high = 1;
#ifdef LED_AT_FIRST
		for (i : 0 .. N - 1) {
			term[i] = 1;
			acc[i] = STAMP(1, 1);
			com[i] = STAMP(1, 1)
		}
		i = 0;
		cfg[STAMP(1, 1)] = 0;
		set[STAMP(1, 1)] = set[0];
		set[0] = 0;
		role[0] = MASTER;
		told[1] = 1;
		committer[1] = 1;
#endif
		c_code { settle(); }
	}
	do
	EACH(ALONE)
	EACH(PAIRS)
#ifndef SAME_MEMBERS
	EACH(MEMBERS)
#endif
#ifdef TWO_MEMBERS
	EACH(TWO)
#endif
	EACH(LOSSES)
#ifndef FEWER_STEPS
	EACH(LATES)
	EACH(OLDS)
#endif
	:: else -> break
	od
}
