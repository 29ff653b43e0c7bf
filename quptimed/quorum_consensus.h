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

#ifndef QUORUM_CONSENSUS_H
#define QUORUM_CONSENSUS_H

#include <sys/queue.h>

#include <stdint.h>

#include "monotime.h"

/*
 * quorum_consensus.c.  Pure: who is master and what is committed, as protocol 2
 * has it.  It is Raft without a log: one register holds the whole
 * configuration, and a second one, of verdicts, is filled by the master of a
 * term in the order of their stamps (Ongaro, "Consensus: Bridging Theory and
 * Practice", 2014, chapters 3, 4 and 9.6; the register as in the cluster
 * coordination of Elasticsearch).
 *
 * The host hands in messages, ticks and what it wants published; it takes out
 * actions, one after the other, and does each before it takes the next.  That
 * is how nothing leaves a node before what it depends on is on the disk: the
 * record to write comes out first.  If one cannot be written, the host calls
 * consensus_abandon(), which is as if the node had died and come back.
 */

/* The order of configurations (their version) and of verdicts. */
struct stamp {
	uint64_t	 term;
	uint64_t	 n;
};

/* <0, 0, >0 */
int		 stamp_cmp(struct stamp, struct stamp);

/*
 * A configuration as far as it matters here.  Shared by reference; the content
 * is the host's.
 */
struct cons_config {
	unsigned int	 refs;
	uint64_t	 version;
	char		**voters;	/* their ids, in bytewise order */
	uint32_t	 nvoters;
	void		*content;
	void		(*release)(void *);
};

/* One, and the term in which it was published; its stamp is both. */
struct cons_entry {
	uint64_t		 term;
	struct cons_config	*config;	/* NULL: none */
};

/*
 * Takes the content over and copies the ids, which it sorts.  NULL when out of
 * memory, with the content not taken.
 */
struct cons_config *cons_config_new(uint64_t version, const char *const *,
		    uint32_t, void *, void (*)(void *));
struct cons_config *cons_config_ref(struct cons_config *);
void		 cons_config_unref(struct cons_config *);
int		 cons_config_has(const struct cons_config *, const char *);

/* Durations, of the monotonic clock. */
struct cons_times {
	struct monotime	 beat;		/* between heartbeats */
	struct monotime	 dead_after;	/* without any, a node is lost */
	struct monotime	 cooldown;	/* before a lower id takes over */
	struct monotime	 rank;		/* between candidates, by rank */
};
extern const struct cons_times	 cons_times;

/* What has to be there again after a crash. */
struct cons_durable {
	uint64_t		 term;
	char			*voted_for;	/* NULL: nobody in that term */
	struct cons_entry	 committed;
	struct cons_entry	 next;		/* accepted, if there is one */
};

/* What the verdicts held come to; the digest is over all of them. */
struct cons_verdicts {
	struct stamp	 high;
	uint64_t	 digest;
};

enum cons_kind {
	CONS_HEARTBEAT,
	CONS_HEARTBEAT_OK,
	CONS_VOTE,
	CONS_VOTE_OK,
	CONS_APPLY,
	CONS_APPLY_OK,
	CONS_VERDICTS,
	CONS_VERDICTS_OK
};

/*
 * Messages of quorum.md: Heartbeat, RequestVote, ApplyClusterCfg, ApplyVerdicts
 * and their answers.  Strings and payload are borrowed from who hands it on;
 * a configuration has a reference of its own.
 */
struct cons_msg {
	enum cons_kind		 kind;
	uint64_t		 term;
	const char		*master;	/* heartbeats; NULL: none */
	struct stamp		 committed;
	struct stamp		 accepted;	/* of the sender */
	struct cons_verdicts	 verdicts;	/* of the sender */
	struct cons_config	*config;	/* APPLY */
	struct stamp		 base;		/* APPLY: the receiver has it */
	struct stamp		 above;		/* verdicts that the sender
						 * shall enclose: above it */
	int			 all;		/* or rather all there are */
	void			*payload;	/* verdicts that came */
	int			 pre;		/* vote: asks for a promise */
	int			 ok;
	int			 handover;	/* to the receiver */
	const char		*reason;
};

enum cons_action {
	CONS_NONE,
	CONS_SEND,		/* msg, to */
	CONS_SAVE_VOTE,		/* term, to (whom; NULL: nobody) */
	CONS_SAVE_CONFIG,	/* msg.term, msg.config: accepted */
	CONS_COMMIT,		/* that one, which was saved, is in force */
	CONS_SAVE_VERDICTS,	/* msg.payload; msg.all: and no others */
	CONS_MARK,		/* a verdict on nothing, msg.accepted */
	CONS_MASTER,		/* of msg.term, to: who, NULL: nobody */
	CONS_READY,		/* this node takes changes and judges */
	CONS_LOST,		/* what is under way is lost, or not known */
	CONS_DECIDED,		/* verdicts up to msg.verdicts.high are safe */
	CONS_LEARNED		/* to: has what voters have */
};

struct cons_out {
	TAILQ_ENTRY(cons_out)	 entry;
	enum cons_action	 action;
	char			*to;
	char			*master;
	struct cons_msg		 msg;
};
TAILQ_HEAD(cons_outs, cons_out);

enum cons_role {
	CONS_FOLLOWER,
	CONS_ASKING,		/* for promises of votes */
	CONS_CANDIDATE,
	CONS_IS_MASTER
};

/* One other node as this one sees it. */
struct cons_peer {
	TAILQ_ENTRY(cons_peer)	 entry;
	char			*id;
	int			 voter;
	int			 mark;
	/* As anybody sees it. */
	int			 heard_of;	/* ever */
	struct monotime		 heard;
	struct monotime		 live_since;
	int			 has_master;	/* it says */
	/* As a candidate and a master sees it; of this term. */
	int			 vote;
	struct monotime		 acked;
	int			 acks;		/* any, in this term */
	struct stamp		 accepted;	/* 0.0: not known */
	struct cons_verdicts	 verdicts;
	int			 merged;	/* its verdicts are here */
	int			 synced;	/* and ours are there */
	struct monotime		 sent;		/* a configuration */
	int			 sending;
	struct monotime		 told;		/* verdicts */
	int			 telling;
	int			 learner;	/* not a voter yet */
	int			 learned;
};
TAILQ_HEAD(cons_peers, cons_peer);

struct consensus {
	char			*self;
	struct cons_times	 times;
	struct cons_durable	 d;
	struct cons_verdicts	 verdicts;
	struct cons_peers	 peers;
	struct cons_outs	 outs;
	int			 failed;	/* out of memory */
	uint32_t		 seed;

	enum cons_role		 role;
	char			*master;	/* of this term; NULL */
	struct monotime		 started;
	struct monotime		 heard;		/* of the master */
	int			 cut;		/* it was reset and refused */
	struct monotime		 next_try;
	struct monotime		 beaten;	/* heartbeats went out */
	int			 was_lost;

	/* Of a master. */
	int			 ready;
	int			 flying;	/* accepted, not committed */
	int			 leaving;	/* it has removed itself */
	struct monotime		 elected;
	struct stamp		 decided;	/* verdicts, majority has */
	char			*heir;		/* handing over */
	struct monotime		 handed;
};

/*
 * The durable state's strings and configurations are taken over, of which the
 * committed one must be there.  0, or -1 when out of memory.
 */
int		 consensus_init(struct consensus *, const char *self,
		    const struct cons_times *, struct cons_durable *,
		    struct cons_verdicts, uint32_t seed, struct monotime);
void		 consensus_clear(struct consensus *);
/* As if the node had died; the state is what is on the disk. */
int		 consensus_abandon(struct consensus *, struct cons_durable *,
		    struct cons_verdicts, struct monotime);

/* Time goes on; to be called some ten times in a heartbeat's time. */
void		 consensus_tick(struct consensus *, struct monotime);
/* A message of that node.  Of one that is no voter it may be a learner's. */
void		 consensus_receive(struct consensus *, const char *from,
		    const struct cons_msg *, struct monotime);
/* The connection to that node was reset and another one refused. */
void		 consensus_cut(struct consensus *, const char *,
		    struct monotime);
/* This node holds these verdicts now. */
void		 consensus_verdicts(struct consensus *, struct cons_verdicts);

/* Whether the next configuration may be published now. */
int		 consensus_idle(const struct consensus *);
/*
 * The master's next one: its version must be the one after that of
 * consensus_accepted(), with at most one voter more or less, and that one must
 * have learned.  0 and a reference of its own taken; or -1 with the reason.
 */
int		 consensus_publish(struct consensus *, struct cons_config *,
		    struct monotime, const char **);
/* Whether that one has what the voters have. */
int		 consensus_learned(const struct consensus *, const char *);
/* A node that is about to be a voter, for as long as this one is master. */
int		 consensus_learn(struct consensus *, const char *,
		    struct monotime);
/* The stamp of the master's next verdict. */
struct stamp	 consensus_stamp(const struct consensus *);
/* The master has written verdicts: they go to the others. */
void		 consensus_decide(struct consensus *, struct monotime);

/* The next action, for cons_out_free(); NULL: none. */
struct cons_out	*consensus_next(struct consensus *);
void		 cons_out_free(struct cons_out *);

/* What it holds as the latest, committed or not. */
const struct cons_entry *consensus_accepted(const struct consensus *);
struct stamp	 cons_entry_stamp(const struct cons_entry *);
/* Voters that are live, this node too, by what came from them. */
uint32_t	 consensus_nlive(const struct consensus *, struct monotime);
int		 consensus_live(const struct consensus *, const char *,
		    struct monotime);
/* Whether enough of them are for a majority. */
int		 consensus_has_quorum(const struct consensus *,
		    struct monotime);

#endif /* QUORUM_CONSENSUS_H */
