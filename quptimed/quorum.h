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


#ifndef QUORUM_H
#define QUORUM_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include <event.h>
#include <stdint.h>
#include <time.h>

#include "quorum_legacy.h"
#include "quorum_wire.h"
#include "quptimed.h"

/*
 * The quorum process: the other nodes, the election, the configuration and its
 * file, verdicts, alert decisions, and the answers to control clients.
 */

struct quorum;
struct qpeer;
struct applying;
struct commit;
struct joiner;
struct monitors;
struct publisher;
struct reporter;
struct watch;

/*
 * quorum_verdict.c.  Pure: values and a now, no clock, socket or log.
 */
enum vote {
	VOTE_NONE,
	VOTE_OK,
	VOTE_FAIL
};

/* What a node said of a check last. */
struct report {
	struct monotime	 at;		/* when the vote arrived here */
	char		*detail;	/* of the vote; NULL: none */
	char		*cannot;	/* why it was unable to tell since */
	uint32_t	 latency_us;
	uint32_t	 vote;		/* enum vote */
};

struct verdict {
	struct report	*reports;	/* by the index of the node */
	uint32_t	 nreports;
	uint8_t		 state;		/* enum check_state */
	uint8_t		 candidate;
	uint8_t		 count;		/* evaluations that agreed on it */
};

/* What just arrived. */
struct result {
	uint32_t	 verdict;	/* enum probe_verdict */
	uint32_t	 latency_us;
	const char	*detail;
};

/* The fresh votes; the detail is the first failing node's, else "". */
struct tally {
	const char	*detail;
	uint32_t	 fresh;
	uint32_t	 ok;
	uint32_t	 fail;
};

struct transition {
	enum check_state	 from;
	enum check_state	 to;
	struct tally		 tally;
};

#define VERDICT_ALL	UINT32_MAX	/* nodes */

/* How long a result of a check with that interval counts, both in ns. */
struct monotime	 verdict_window(int64_t);
/*
 * 1 when the state flipped, as the transition tells; 0 when not; -1 when out
 * of memory, with nothing changed.  The tally is valid until the next call.
 */
int		 verdict_report(struct verdict *, uint32_t,
		    const struct result *, struct monotime, struct monotime,
		    struct transition *);
/* Keeps a result, without judging.  0, or -1 when out of memory. */
int		 verdict_note(struct verdict *, uint32_t,
		    const struct result *, struct monotime);
void		 verdict_tally(const struct verdict *, struct monotime,
		    struct monotime, struct tally *);
/* Drops what a node reported, or all; the state stands. */
void		 verdict_forget(struct verdict *, uint32_t);
void		 verdict_clear(struct verdict *);

/*
 * A check and what is known of it.  The handle stands for it between the
 * processes and is given to another one after it has gone.
 */
struct qcheck {
	RB_ENTRY(qcheck)	 by_id;
	RB_ENTRY(qcheck)	 by_name;
	struct check		*conf;		/* in the cluster's list */
	struct verdict		 verdict;
	struct walltime		 since;		/* of the state */
	TAILQ_ENTRY(qcheck)	 entry;		/* to be sent to the prober */
	uint32_t		 handle;
	int			 waiting;	/* on that list */
	int			 sent;		/* the prober knows of it */
	int			 seen;		/* in the list that comes */
	/* Its last result, for the master: see quorum_report.c. */
	TAILQ_ENTRY(qcheck)	 due_entry;
	uint8_t			 due;
	uint8_t			 told;		/* vote that was sent last */
};
RB_HEAD(qcheck_ids, qcheck);
RB_HEAD(qcheck_names, qcheck);
TAILQ_HEAD(qcheck_list, qcheck);

struct slot {
	struct qcheck	*check;		/* NULL: free */
	uint32_t	 gen;		/* of the definition */
	uint32_t	 next;		/* free one */
};

#define NO_HANDLE	UINT32_MAX

struct checks {
	struct qcheck_ids	 ids;
	struct qcheck_names	 names;
	struct slot		*slots;		/* by handle */
	uint32_t		 nslots;
	uint32_t		 free;
	/* Enabled ones by state, and the others. */
	uint32_t		 count[STATE_DOWN + 1];
	uint32_t		 ndisabled;
};

/* The file, and what is known of its bytes. */
#define STORE_HASHLEN	32

struct store {
	char	 path[1024];		/* as messages show it */
	uint8_t	 hash[STORE_HASHLEN];	/* of what was read or written last */
	int	 known;
};

/*
 * quorum_peer.c: the other members, and nodes that are about to be.  The
 * engine keeps the connections; what goes over them is kept here.
 */
enum peer_news {
	PEER_UP,		/* the dialled connection stands */
	PEER_DOWN		/* it is gone, or could not be made */
};

struct call;
struct text;
TAILQ_HEAD(calls, call);

struct qpeer {
	TAILQ_ENTRY(qpeer)	 entry;
	uint32_t		 handle;	/* with the engine */
	uint32_t		 slot;	/* among a verdict's reporters */
	char			*node_id;
	char			*advertise;
	char			*fingerprint;
	const struct peer	*conf;	/* NULL: not a member (yet) */
	/* Of one that is no member: told of its connection. */
	void			(*notify)(struct quorum *, struct qpeer *,
				    enum peer_news, const char *, void *);
	void			*notify_arg;
	int			 mark;

	/* The dialled connection. */
	int			 up;
	uint32_t		 gen;
	int			 quptimed;	/* else a Go node */
	char			*cn;		/* of its certificate */
	char			*address;	/* it was reached at */
	char			*trouble;	/* why it is not up */
	struct calls		 waiting;	/* to be sent, in order */
	struct calls		 sent;		/* answers are due */
	uint32_t		 nwaiting;
	uint32_t		 nsent;
	int			 ending;	/* nothing more is sent on it */
	int			 dropped;	/* the engine has yet to say */
	int			 refusing;	/* it answers with errors */
	char			*refusal;	/* the last such */
	int			 refs;		/* callbacks it is in */
	int			 gone;		/* freed after them */

	/* What it says of itself. */
	struct walltime		 last_seen;	/* for people */
	uint64_t		 config_version;
	uint64_t		 proto;		/* it can speak; 0: not known */
	int64_t			 rtt;		/* ns, smoothed; -1: none */
	int64_t			 clock_offset;	/* ns, its minus ours */
	int			 has_offset;
	struct monotime		 pinged;	/* for its clock */
	int64_t			 not_after;	/* of its certificate */
	struct monotime		 complained;	/* of it, in the log */

	/* Replication: see quorum_publish.c. */
	uint64_t		 acked;		/* version it has confirmed */
	uint64_t		 pushed;	/* version that was sent last */
	struct monotime		 pushed_at;
	int			 publishing;

	/* Heartbeats and versions: see quorum_heart.c. */
	int			 beating;	/* one is under way */
	int			 pulling;
	uint64_t		 pulled;	/* version, while pulling */
	uint64_t		 refused;	/* version of it, not taken */
	struct monotime		 refused_at;
	uint64_t		 compared;	/* version, with ours */
};
TAILQ_HEAD(qpeers, qpeer);

/*
 * The end of a call: its result, a structure of the method's, or NULL and why:
 * what the peer answered (refused) or what kept the answer away.
 */
struct answer {
	const void	*result;
	const char	*error;
	int		 refused;
};
/* Called once for each call; the peer is valid, but may be about to go. */
typedef void	 call_done(struct quorum *, struct qpeer *,
		    const struct answer *, void *);

/*
 * quorum_rpc.c: requests of others.  One that is answered later is kept with
 * rpc_keep(); every request is answered once, its connection there or not.
 */
struct request {
	struct qpeer		*from;	/* NULL: a stranger, or gone since */
	char			*cn;
	char			*fingerprint;
	char			*address;
	uint32_t		 conn;
	uint32_t		 seq;
	uint32_t		 from_handle;
	int			 quptimed;
	uint64_t		 id;
	enum wire_method	 method;
	const char		*frame;	/* valid within the handler only */
	size_t			 len;
	void			*params;	/* of the method's record */
	int			 kept;		/* see rpc_keep() */
	int			 answered;	/* or will be by a copy */
	char			 why[100];	/* see rpc_complain() */
};

struct alert_job;
struct alert_test;
RB_HEAD(alert_jobs, alert_job);
LIST_HEAD(alert_tests, alert_test);
TAILQ_HEAD(askings, asking);
TAILQ_HEAD(dumps, dump);

struct quorum {
	struct child		 child;
	struct ipc		 engine;
	struct ipc		 prober;
	struct ipc		 notifier;
	int			 lock;		/* held until the end */
	struct node		 node;
	char			*fingerprint;
	char			*cert;
	struct monotime		 started;

	enum dialect		 dialect;

	struct store		 store;
	struct cluster		 cluster;
	struct checks		 checks;
	struct legacy		 legacy;
	struct commit		*commit;	/* NULL: protocol 1 */
	int			 master;	/* this node is */
	int			 has_quorum;
	char			 told[256];	/* the master others know of */
	struct qpeers		 peers;		/* all but this node */
	uint32_t		 last_handle;
	uint64_t		 last_call;
	struct text		*last_text;	/* shared, see quorum_call.c */
	struct event		 call_ev;	/* the next deadline */
	struct monotime		 call_due;	/* 0: none */
	struct event		 tick_ev;	/* heartbeats */
	int			 ticking;
	struct trust		 trust;		/* trust.yaml */
	struct publisher	*publisher;	/* quorum_publish.c */
	struct reporter		*reporter;	/* quorum_report.c */
	struct watch		*watch;		/* quorum_watch.c */
	struct joiner		*joiner;	/* quorum_join.c */
	struct event		 enroll_ev;	/* expired tokens */
	uint32_t		 nenrolling;	/* nodes, see quorum_enroll.c */
	int			 pruning;
	struct monitors		*monitors;	/* quorum_monitor.c */

	struct qcheck_list	 unsent;
	struct event		 sync_ev;
	struct strlist		 resolvers;	/* that the prober has */

	struct alert_jobs	 jobs;
	struct alert_tests	 tests;
	uint64_t		 last_job;

	struct applying		*applying;	/* quorum_apply.c */
	struct askings		 askings;	/* of the master */
	struct dumps		 dumps;		/* that may go on */
	struct dumps		 stopped;	/* by XOFF */
	struct event		 dump_ev;
};

#define SELF	0		/* slot of this node among the reporters */

/* quorum_peer.c and quorum_call.c */
void		 peers_init(struct quorum *);
/* Members as the configuration has them now; strangers of old are dropped. */
void		 peers_sync(struct quorum *);
void		 peers_clear(struct quorum *);
struct qpeer	*peer_find(struct quorum *, const char *node_id);
struct qpeer	*peer_by_handle(struct quorum *, uint32_t);
/* The master's, NULL when it is this node, nobody, or not known. */
struct qpeer	*peer_master(struct quorum *);
/*
 * One who is no member yet, by address and key; connected at once.  NULL when
 * out of memory.  It becomes a member's when the configuration lists that
 * fingerprint.
 */
struct qpeer	*peer_bootstrap(struct quorum *, const char *address,
		    const char *fingerprint, void (*)(struct quorum *,
		    struct qpeer *, enum peer_news, const char *, void *),
		    void *);
void		 peer_remove(struct quorum *, struct qpeer *);
/*
 * Asks a peer.  Go nodes are asked one thing at a time, and heartbeats go
 * first.  The limit counts from now; an answer that is late or makes no sense
 * ends the connection, and so does any error of a Go node.  What cannot be
 * sent at all is told before the call returns.
 */
void		 peer_call(struct quorum *, struct qpeer *, enum wire_method,
		    const void *params, struct monotime limit, call_done *,
		    void *);
/* The same with the parameters' text; shared by all who are sent it. */
void		 peer_call_text(struct quorum *, struct qpeer *,
		    enum wire_method, const char *, size_t,
		    struct monotime limit, call_done *, void *);
/* IMSG_MESH_UP, DOWN, ANSWER. */
void		 peer_message(struct quorum *, struct imsg *);
/* Between the two files: calls of a peer whose connection came or went. */
void		 calls_up(struct quorum *, struct qpeer *);
void		 calls_down(struct quorum *, struct qpeer *, const char *);
void		 calls_answer(struct quorum *, struct qpeer *, const char *,
		    size_t);
/* All of them end. */
void		 calls_fail(struct quorum *, struct qpeer *, const char *);
void		 calls_due(int, short, void *);
/* Held while a callback may remove it. */
void		 peer_hold(struct qpeer *);
void		 peer_release(struct qpeer *);
/* As logs show it. */
const char	*peer_name(const struct qpeer *, char *, size_t);
/* Ends the dialled connection; the engine makes another one. */
void		 peer_drop(struct quorum *, struct qpeer *, const char *);
/* One line per peer and minute: what an honest one would not do. */
void		 peer_complain(struct quorum *, struct qpeer *,
		    const char *, ...)
		    __attribute__((__format__(printf, 3, 4)));

/* How a change ended: its version and NULL, or 0 and why. */
typedef void	 proposal_done(struct quorum *, uint64_t version,
		    const char *error, void *);

/* quorum_heart.c: heartbeats, liveness, election, following of versions */
void		 heart_start(struct quorum *);
void		 heart_stop(struct quorum *);
/* Members as the configuration has them now. */
void		 heart_members(struct quorum *);
/* Without any members, this node is one by itself. */
int		 heart_is_member(const struct quorum *);
/* NULL: not listed. */
const struct peer
		*heart_find(const struct cluster *, const char *node_id);
/* Elects; when the master changes, tells who has to know. */
void		 heart_elect(struct quorum *);
/* The master's node id, or NULL. */
const char	*heart_master(const struct quorum *);
int		 heart_has_quorum(const struct quorum *);
int		 heart_live(const struct quorum *, const char *node_id);
/* A peer can be called from now on. */
void		 heart_up(struct quorum *, struct qpeer *);
/* A heartbeat came from a peer: its part of the exchange is in params. */
void		 heart_heard(struct quorum *, struct qpeer *,
		    const char *advertise, const char *master,
		    uint64_t version);
/*
 * What a heartbeat of either protocol is answered; the strings are borrowed, of
 * this node and of the buffer.
 */
void		 heart_answer(const struct quorum *, const struct request *,
		    struct wire_heartbeat_res *, char *, size_t);
/* The address this node tells others. */
const char	*heart_advertise(const struct quorum *, char *, size_t);
/*
 * Whether that list of peers could be in force here: this node is in it, with
 * its key, and each key is one node's.
 */
int		 heart_peers_ok(const struct quorum *, const struct cluster *,
		    struct verr *);
/*
 * A configuration that a peer pushed, or, by who joins, was asked for.  1:
 * taken over and zeroed, and the peer may have gone with the old one; 0: not
 * newer; -1: refused with a line in the log, verr says why, and nothing
 * changed.
 */
int		 heart_adopt(struct quorum *, struct qpeer *, struct cluster *,
		    struct verr *);

/*
 * The master, or whether this node is, which it was before, has changed; in
 * protocol 1 this node is what the election says.
 */
void		 heart_changed(struct quorum *, int was);
uint32_t	 heart_nlive(const struct quorum *);
/* The term, as people are shown it. */
uint64_t	 heart_term(const struct quorum *);

/* quorum_commit.c: protocol 2 */
#define PROTO_MAX	2
/*
 * With the configuration in force, which says so, as the last one committed, or
 * with what the disk has.  0, or -1 with the reason.
 */
int		 commit_start(struct quorum *, struct verr *);
void		 commit_clear(struct quorum *);
/*
 * Back to protocol 1, with the configuration in force, of a node that is about
 * to join another cluster.  0, or -1 with the reason.
 */
int		 commit_leave(struct quorum *, struct verr *);
const char	*commit_master(const struct quorum *);
uint64_t	 commit_term(const struct quorum *);
int		 commit_has_quorum(const struct quorum *);
uint32_t	 commit_nlive(const struct quorum *);
int		 commit_live(const struct quorum *, const char *);
/* The connection to a peer was reset or refused. */
void		 commit_down(struct quorum *, const struct qpeer *);
/* Heartbeat, ApplyClusterCfg, RequestVote of a member. */
void		 commit_request(struct quorum *, struct request *);
/* On the master: the proposal is taken over and zeroed. */
void		 commit_propose(struct quorum *, struct proposal *,
		    proposal_done *, void *);
/* What a mutation makes, for its publication; 0, or -1: out of memory. */
int		 commit_stage(struct quorum *, const struct cluster *,
		    struct verr *);
void		 commit_staged(struct quorum *, const char *);

/* quorum_rpc.c */
/* IMSG_MESH_REQUEST. */
void		 rpc_request(struct quorum *, struct imsg *);
/* A copy to be answered later, without the frame; NULL: out of memory. */
struct request	*rpc_keep(struct request *);
/* Answers; a kept request is freed. */
void		 rpc_result(struct quorum *, struct request *, const void *);
void		 rpc_error(struct quorum *, struct request *, const char *,
		    ...) __attribute__((__format__(printf, 3, 4)));
/* With a line about a stranger, within the engine's limits. */
void		 rpc_complain(struct quorum *, struct request *,
		    const char *);

/* quorum_trust.c: trust.yaml, which lists who is let in */
int		 trust_load(struct quorum *, struct verr *);
/* Entries for all members that have a key, none for who has left. */
void		 trust_sync(struct quorum *);
/* For one who is to become a member.  0, or -1 with a line in the log. */
int		 trust_add(struct quorum *, const char *node_id,
		    const char *address, const char *fingerprint,
		    const char *cert_pem);
/* 1: removed, 0: there was none, -1: refused. */
int		 trust_remove(struct quorum *, const char *node_id,
		    struct verr *);
void		 trust_request(struct quorum *, struct imsg *);
void		 trust_clear(struct quorum *);

/* quorum_publish.c: changes on their way to the master and to the others */
/*
 * A change of this node's own or of another's: applied here and sent to all,
 * or sent to the master.  Called back once, perhaps before it returns, with the
 * version and NULL when a majority has it, else with the reason.
 */
void		 publish_propose(struct quorum *, struct proposal *,
		    proposal_done *, void *);
/* The same by who is not asked to pass it on: "not master" otherwise. */
void		 publish_apply(struct quorum *, struct proposal *,
		    proposal_done *, void *);
/* A peer has said which version it has. */
void		 publish_heard(struct quorum *, struct qpeer *, uint64_t);
/*
 * The version in force was made here: it is sent to all, and called back when
 * a majority has it.
 */
void		 publish_await(struct quorum *, proposal_done *, void *);
/* 0, or -1 when too many changes wait for a majority already. */
int		 publish_room(const struct quorum *, struct verr *);
/*
 * The configuration in force as {"config": ...}, made once per version, valid
 * until the next one.  NULL: out of memory.
 */
const char	*publish_text(struct quorum *, size_t *);
/* The configuration in force is another one. */
void		 publish_changed(struct quorum *);
/* Mastership or quorum is lost or won. */
void		 publish_master(struct quorum *);
/* The peer is going: it confirms nothing any more. */
void		 publish_gone(struct quorum *, struct qpeer *);
void		 publish_clear(struct quorum *);

/* quorum_report.c: results on their way to the master */
void		 report_add(struct quorum *, struct qcheck *,
		    const struct result *);
/* The check has gone: what is due of it is dropped. */
void		 report_forget(struct quorum *, struct qcheck *);
/* There is another master, or the connection to it stands again. */
void		 report_master(struct quorum *);
void		 report_clear(struct quorum *);

/*
 * quorum_watch.c: hands that write into cluster.yaml.  An edit is proposed to
 * the master as any change is, again and again until it is in force or the file
 * is another one.
 */
void		 watch_start(struct quorum *);
void		 watch_stop(struct quorum *);
/* Looks now; the client is told what came of it; 0: only the log is. */
void		 watch_look(struct quorum *, uint32_t client);

/* quorum_enroll.c and quorum_token.c: tokens, Enroll and Join */
void		 enroll_init(struct quorum *);
void		 enroll_start(struct quorum *);
void		 enroll_clear(struct quorum *);
void		 enroll_rpc(struct quorum *, struct request *);
void		 enroll_rpc_join(struct quorum *, struct request *);
/* Called now and then on the master: removes what has expired. */
void		 enroll_prune(struct quorum *);
/* The token of that id, or else, if asked for, of that name. */
struct enrollment
		*enroll_find(struct quorum *, const char *, int names);
int		 enroll_expired(const struct enrollment *);
/* quorum_enroll_ctl.c: IMSG_CTL_ENROLL_*. */
void		 enroll_request(struct quorum *, struct imsg *);

struct endpoint {
	char		*advertise;
	char		*fingerprint;
};

struct token {
	char		*id;
	char		*secret;
	struct reclist	 endpoints;	/* struct endpoint */
	struct walltime	 expires_at;
};

#define TOKEN_TEXT_MAX	(128 * 1024)

/* The text to be handed over, freezero(3); NULL: out of memory. */
char		*token_format(const struct token *);
/* Into a zeroed token; 0, or -1 with verr's msg. */
int		 token_parse(const char *, struct token *, struct verr *);
void		 token_clear(struct token *);
/* "sha256:..." of a secret, for cluster.yaml; the buffer has 72 bytes. */
void		 token_hash(const char *, char *, size_t);
/* In constant time; 1 when it is the secret of that hash. */
int		 token_verify(const char *secret, const char *hash);

/* quorum_join.c: this node, on its way into a cluster */
void		 join_request(struct quorum *, struct imsg *);
void		 join_client_gone(struct quorum *, uint32_t);
/* After the start: one that was under way goes on. */
void		 join_resume(struct quorum *);
/*
 * v0.1: a node that knows the cluster's secret is about to add this one; it is
 * let in for a while.  NULL, or the error.
 */
const char	*join_asked(struct quorum *, const struct wire_join *);
/* Whether configurations are taken from whoever we join through. */
int		 join_is_waiting(const struct quorum *);
/*
 * Whether the configuration is the makeshift one of a node that is not let in
 * yet, after a restart too: it has a majority of nothing and elects nobody.
 */
int		 join_is_seeded(const struct quorum *);
/* The configuration in force is another one. */
void		 join_changed(struct quorum *);
void		 join_clear(struct quorum *);

/* quorum_monitor.c: what happens, told to those who watch */
void		 monitor_request(struct quorum *, struct imsg *);
/* A kind ("check", "peer", "master", "config", "alert", "token"), on what. */
void		 monitor_event(struct quorum *, const char *kind,
		    const char *subject, const char *, ...)
		    __attribute__((__format__(printf, 4, 5)));
/* The client does not read what it is sent, or does again. */
void		 monitor_stop(struct quorum *, uint32_t, int stopped);
void		 monitor_client_gone(struct quorum *, uint32_t);
void		 monitor_clear(struct quorum *);

/* quorum_status.c: what is shown, to peers and clients alike */
struct mview;
/* Of Status's result, which is emptied; NULL: out of memory. */
struct mview	*mview_new(const void *);
void		 mview_free(struct mview *);
/* Rows for a client; with a view, states are the master's. */
void		 row_status(struct quorum *, uint32_t, const struct mview *);
void		 row_peer(struct quorum *, uint32_t, const struct peer *);
void		 row_check(struct quorum *, uint32_t, const struct qcheck *,
		    const struct mview *);
void		 row_alert(struct quorum *, uint32_t, const struct alert *);
/* With the text that redeems it, when it has just been made; else NULL. */
void		 row_token(struct quorum *, uint32_t,
		    const struct enrollment *, const char *);
/* A row for each member and what it said of a check, as the view has it. */
void		 row_results(struct quorum *, uint32_t, const struct qcheck *,
		    const struct mview *);
/*
 * Result of Status, of all checks or, by its id, of one with what each node
 * said of it; strings are copies.  A quptimed is told since when states are
 * what they are.  0, or -1 when out of memory.
 */
int		 status_fill(struct quorum *, const char *, int quptimed,
		    struct wire_status_res *);

/* quorum.c */
void		 quorum_init(struct quorum *);
void		 quorum_clear(struct quorum *);
/* Gives a configuration that is in force out to the other processes. */
void		 quorum_config_changed(struct quorum *);
/* Whether there is still somebody at the other end. */
int		 quorum_linked(const struct ipc *);
/* Members that make a majority. */
int64_t		 quorum_size(const struct quorum *);
/* A result of the node with that slot among the reporters. */
void		 quorum_result(struct quorum *, struct qcheck *, uint32_t,
		    const struct result *, struct monotime);
/* The prober learns of a check, or of its end. */
void		 quorum_probe_set(struct quorum *, struct qcheck *);
void		 quorum_probe_del(struct quorum *, struct qcheck *);

/* quorum_store.c: the file */
void		 store_init(struct store *, const char *);
/*
 * Into a zeroed record.  1; 0 when the bytes are known already or there never
 * was a file; or -1.
 */
int		 store_load(struct store *, struct cluster *, struct verr *);
/* Another hand of this process has written it.  0, or -1. */
int		 store_known(struct store *, struct verr *);
/* Durable when it returns 0; -1 with what is on disk as it was. */
int		 store_save(struct store *, const struct cluster *,
		    struct verr *);
/* Whether the file may be another than it was: cheap to tell. */
struct store_mark {
	ino_t		 ino;
	off_t		 size;
	struct timespec	 modified;
	struct timespec	 changed;
};
/* 0; or -1 with errno and a zeroed mark. */
int		 store_mark(struct store_mark *);
/* An edit that cannot come into force, for whoever made it. */
int		 store_keep(const struct store *, const struct cluster *,
		    struct verr *);
/* and the index over the configuration */
struct qcheck	*checks_find(struct quorum *, const char *);
struct qcheck	*checks_find_id(struct quorum *, const char *);
struct qcheck	*checks_find_name(struct quorum *, const char *);
struct qcheck	*checks_by_handle(struct quorum *, uint32_t, uint32_t);
void		 checks_count(struct quorum *, const struct qcheck *, int);
void		 checks_add(struct quorum *, struct check *);
void		 checks_change(struct quorum *, struct qcheck *,
		    struct check *);
void		 checks_remove(struct quorum *, struct qcheck *);
void		 checks_replace(struct quorum *, const struct reclist *);
void		 checks_clear(struct quorum *);

/* quorum_mutate.c: the next version, written and then in force */
enum mutation_kind {
	MUT_PUT,	/* a record, into a place or at the end */
	MUT_REMOVE,
	MUT_REPLACE,	/* the whole configuration */
	MUT_RESOLVERS
};

/* A list of the configuration: enum ctl_object, or this one. */
#define OBJ_ENROLLMENT	(CTL_PEER + 1)
#define OBJ_MAX		(OBJ_ENROLLMENT + 1)

struct mutation {
	enum mutation_kind	 kind;
	unsigned int		 object;	/* which list; PUT, REMOVE */
	uint32_t		 index;		/* in it; PUT: its length too */
	void			*rec;		/* PUT */
	struct cluster		*with;		/* REPLACE */
	struct strlist		 resolvers;	/* RESOLVERS */
	struct mutation		*also;	/* PUT, REMOVE of another list */
	void			*old;		/* its own */
};

/* Lists of records that can be changed one by one, by object. */
struct list_type {
	const struct record	*rec;
	size_t			 offset;	/* in struct cluster */
	size_t			 id;		/* in the record */
	size_t			 name;		/* the same when it has none */
	const char		*field;		/* of the cluster */
};

extern const struct list_type	list_types[OBJ_MAX];

struct reclist	*list_of(const struct cluster *, unsigned int);
char		**list_member(const void *, size_t);
/* The record whose member at that offset is this; not of "". */
void		*list_find(const struct reclist *, size_t, const char *);
uint32_t	 list_place(const struct reclist *, const void *);
/* By id, else by name. */
void		*mutate_find(struct quorum *, unsigned int, const char *);
/* The alert of that id, else of that name. */
struct alert	*mutate_find_alert(struct quorum *, const char *);
/*
 * Whether the templates that another configuration would set parse.  0, or -1
 * with the alert and the reason.
 */
int		 mutate_templates(const struct quorum *,
		    const struct cluster *, struct verr *);
/*
 * Makes the next version: written, then in force.  0 and the mutation's record
 * or configuration taken over; or -1 with the reason, and nothing changed.
 */
int		 mutation_apply(struct quorum *, struct mutation *,
		    struct verr *);
/*
 * A configuration of another node's, as it is: written, then in force.  0 and
 * it is taken over and zeroed; or -1 with the reason, and nothing changed.
 */
int		 config_install(struct quorum *, struct cluster *,
		    struct verr *);
/* The same of one that is on the disk already. */
void		 config_replace(struct quorum *, struct cluster *);

/* quorum_proposal.c */
/*
 * A change as it crosses the wire, applied by the master.  0 and its record
 * taken over; or -1 with the reason, and nothing changed.
 */
int		 mutate_apply(struct quorum *, struct proposal *,
		    struct verr *);
/*
 * Whether the cluster can go over to that configuration's protocol: 2 when all
 * members are live and speak it, and never back.  0, or -1 with the reason.
 */
int		 mutate_protocol(struct quorum *, const struct cluster *,
		    struct verr *);

/* quorum_apply.c: IMSG_CTL_APPLY, many edits that are one change */
void		 apply_request(struct quorum *, struct imsg *);
void		 apply_client_gone(struct quorum *, uint32_t);
void		 apply_clear(struct quorum *);

/* quorum_change.c: what clients ask for */
/* IMSG_CTL_MUTATE, IMSG_CTL_RESOLVERS, IMSG_CTL_UPGRADE. */
void		 mutate_upgrade(struct quorum *, struct imsg *);
void		 mutate_request(struct quorum *, struct imsg *);
void		 mutate_resolvers(struct quorum *, struct imsg *);

/* quorum_alert.c */
/*
 * The alerts that a check's transitions go through, in order, into an array of
 * MAX_ALERTS; returns their number.  Pure.
 */
uint32_t	 alert_effective(const struct reclist *, const struct check *,
		    struct alert **);
void		 alert_transition(struct quorum *, const struct qcheck *,
		    const struct transition *);
void		 alert_test(struct quorum *, struct imsg *);
void		 alert_test_check(struct quorum *, struct imsg *);
void		 alert_result(struct quorum *, struct imsg *);
/* What is under way through that alert has no purpose any more. */
void		 alert_cancel(struct quorum *, const struct alert *);
void		 alert_client_gone(struct quorum *, uint32_t);
void		 alert_clear(struct quorum *);

/* quorum_ctl.c */
void		 ctl_show(struct quorum *, struct imsg *);
void		 ctl_xoff(struct quorum *, uint32_t);
void		 ctl_xon(struct quorum *, uint32_t);
void		 ctl_gone(struct quorum *, uint32_t);
void		 ctl_result(struct quorum *, uint32_t, enum ctl_code,
		    const char *, ...)
		    __attribute__((__format__(printf, 4, 5)));
/* A change is in force as that version, which may not have come here yet. */
void		 ctl_changed(struct quorum *, uint32_t, uint64_t version,
		    const char *, ...)
		    __attribute__((__format__(printf, 4, 5)));
/* One row of an answer, packed; lost with a line in the log when too large. */
void		 ctl_row(struct quorum *, uint32_t client, uint32_t type,
		    const struct record *, const void *row);
/* The same for what is not a record: IMSG_CTL_RESOLVER, IMSG_CTL_PROGRESS. */
void		 ctl_row_string(struct quorum *, uint32_t client,
		    uint32_t type, const char *);
/* The one string of a request; NULL when there is not just that. */
char		*ctl_string(struct imsg *);
/* Dumps go on behind what they have shown when a list changes. */
void		 ctl_removed(struct quorum *, const struct reclist *,
		    uint32_t);
void		 ctl_replaced(struct quorum *, const struct cluster *);
/* A timer's: some rows. */
void		 ctl_turn(int, short, void *);
void		 ctl_clear(struct quorum *);

#endif /* QUORUM_H */
