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

#include <sys/queue.h>
#include <sys/tree.h>

#include <event.h>
#include <stdint.h>

#include "quptimed.h"

/*
 * The quorum process: the configuration and its file, verdicts, alert
 * decisions, and the answers to control clients.
 */

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

struct alert_job;
RB_HEAD(alert_jobs, alert_job);
LIST_HEAD(alert_tests, alert_job);
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

	struct store		 store;
	struct cluster		 cluster;
	struct checks		 checks;
	uint64_t		 term;
	int			 master;	/* this node is */

	struct qcheck_list	 unsent;
	struct event		 sync_ev;
	struct strlist		 resolvers;	/* that the prober has */

	struct alert_jobs	 jobs;
	struct alert_tests	 tests;
	uint64_t		 last_job;

	struct dumps		 dumps;		/* that may go on */
	struct dumps		 stopped;	/* by XOFF */
	struct event		 dump_ev;
};

#define SELF	0		/* index of this node among the reporters */

/* quorum.c */
void		 quorum_init(struct quorum *);
void		 quorum_clear(struct quorum *);
/* Gives a configuration that is in force out to the other processes. */
void		 quorum_config_changed(struct quorum *);
/* Whether there is still somebody at the other end. */
int		 quorum_linked(const struct ipc *);
/* Members that make a majority. */
int64_t		 quorum_size(const struct quorum *);
void		 quorum_result(struct quorum *, struct qcheck *,
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
/* Durable when it returns 0; -1 with what is on disk as it was. */
int		 store_save(struct store *, const struct cluster *,
		    struct verr *);
/* and the index over the configuration */
struct qcheck	*checks_find(struct quorum *, const char *);
struct qcheck	*checks_find_id(struct quorum *, const char *);
struct qcheck	*checks_by_handle(struct quorum *, uint32_t, uint32_t);
void		 checks_count(struct quorum *, const struct qcheck *, int);
void		 checks_add(struct quorum *, struct check *);
void		 checks_change(struct quorum *, struct qcheck *,
		    struct check *);
void		 checks_remove(struct quorum *, struct qcheck *);
void		 checks_replace(struct quorum *, const struct reclist *);
void		 checks_clear(struct quorum *);

/* quorum_mutate.c */
enum mutation_kind {
	MUT_PUT,	/* a record, into a place or at the end */
	MUT_REMOVE,
	MUT_REPLACE	/* the whole configuration */
};

struct mutation {
	enum mutation_kind	 kind;
	enum ctl_object		 object;	/* which list; not REPLACE */
	uint32_t		 index;		/* in it; PUT: its length too */
	void			*rec;		/* PUT */
	struct cluster		*with;		/* REPLACE */
};

/* The alert of that id, else of that name. */
struct alert	*mutate_find_alert(struct quorum *, const char *);
/*
 * Makes the next version: written, then in force.  0 and the mutation's record
 * or configuration taken over; or -1 with the reason, and nothing changed.
 */
int		 mutation_apply(struct quorum *, struct mutation *,
		    struct verr *);
void		 mutate_request(struct quorum *, struct imsg *);
void		 mutate_reload(struct quorum *, uint32_t);

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
