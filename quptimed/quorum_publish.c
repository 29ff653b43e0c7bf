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


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmt.h"
#include "quorum.h"

/*
 * Changes on their way.  Whoever is not master asks the master; the master
 * applies them, sends the configuration to all, and takes a change for made
 * when a majority has said that it has it.  Of many changes that come quickly a
 * peer is sent the last one only.
 */

#define PROPOSE_LIMIT	MONO_SEC(10)	/* for the master's answer */
#define PUSH_LIMIT	MONO_SEC(5)
#define PUSH_AGAIN	MONO_SEC(1)	/* to one who is still behind */
#define ACK_LIMIT	MONO_SEC(5)	/* for the majority */
#define WAITING_MAX	1024		/* changes, of each kind */
#define ERROR_MAX	640

/* A change that waits for the majority, or for the master's answer. */
struct waiter {
	TAILQ_ENTRY(waiter)	 entry;
	uint64_t		 version;
	struct monotime		 deadline;
	proposal_done		*done;
	void			*arg;
};
TAILQ_HEAD(waiters, waiter);

struct publisher {
	struct waiters	 acks;		/* by version and so by deadline */
	struct waiters	 asked;		/* the master */
	unsigned int	 nacks;
	unsigned int	 nasked;
	struct event	 ev;
	int		 master;	/* as known here */
	uint32_t	 members;	/* in the version in force */
	uint64_t	 grown;		/* the last version with more than */
	uint32_t	 before;	/* this many, in the one before it */
	char		*text;		/* of the version in force */
	size_t		 len;
};

static struct publisher
		*publisher(struct quorum *);
static void	 apply(struct quorum *, struct proposal *, proposal_done *,
		    void *);
static void	 ask(struct quorum *, struct proposal *, proposal_done *,
		    void *);
static void	 answered(struct quorum *, struct qpeer *,
		    const struct answer *, void *);
static void	 push(struct quorum *, struct qpeer *);
static void	 pushed(struct quorum *, struct qpeer *,
		    const struct answer *, void *);
static void	 push_all(struct quorum *);
static void	 confirm(struct quorum *, struct qpeer *, uint64_t);
static int	 is_confirmed(const struct quorum *, uint64_t);
static void	 settle(struct quorum *);
static void	 fail(struct quorum *, const char *);
static void	 ack_end(struct quorum *, struct waiter *, const char *);
static void	 arm(struct publisher *);
static void	 turn(int, short, void *);
static void	 text_drop(struct publisher *);

void
publish_propose(struct quorum *q, struct proposal *p, proposal_done *done,
    void *arg)
{
	if (!heart_has_quorum(q))
		done(q, 0, "no quorum: refusing mutation", arg);
	else if (q->master && q->commit != NULL)
		commit_propose(q, p, done, arg);
	else if (q->commit != NULL &&
	    strcmp(str(heart_master(q)), q->node.node_id) == 0)
		done(q, 0, "an election is under way", arg);
	else if (q->master)
		apply(q, p, done, arg);
	else
		ask(q, p, done, arg);
}

void
publish_apply(struct quorum *q, struct proposal *p, proposal_done *done,
    void *arg)
{
	if (!q->master)
		done(q, 0, "not master", arg);
	else if (!heart_has_quorum(q))
		done(q, 0, "no quorum", arg);
	else if (q->commit != NULL)
		commit_propose(q, p, done, arg);
	else
		apply(q, p, done, arg);
}

void
publish_await(struct quorum *q, proposal_done *done, void *arg)
{
	struct publisher	*pub = publisher(q);
	struct waiter		*w;
	uint64_t		 version = q->cluster.version;

	/* Even if it is master no more, by this very change. */
	push_all(q);
	if (is_confirmed(q, version)) {
		done(q, version, NULL, arg);
		return;
	}
	if ((w = calloc(1, sizeof(*w))) == NULL) {
		done(q, 0, "out of memory", arg);
		return;
	}
	w->version = version;
	w->deadline = mono_add(mono_now(), ACK_LIMIT);
	w->done = done;
	w->arg = arg;
	TAILQ_INSERT_TAIL(&pub->acks, w, entry);
	pub->nacks++;
	arm(pub);
}

int
publish_room(const struct quorum *q, struct verr *ve)
{
	if (q->publisher != NULL && q->publisher->nacks >= WAITING_MAX)
		return (verr_set(ve, "", "too many changes under way"));
	return (0);
}

void
publish_heard(struct quorum *q, struct qpeer *p, uint64_t version)
{
	if (q->commit != NULL)
		return;
	if (q->master && version < q->cluster.version &&
	    mono_cmp(mono_sub(mono_now(), p->pushed_at), PUSH_AGAIN) >= 0)
		push(q, p);
	/* Last, as who is called back may see the peer off. */
	confirm(q, p, version);
}

void
publish_changed(struct quorum *q)
{
	struct publisher	*pub = publisher(q);

	text_drop(pub);
	if (q->cluster.peers.n > pub->members) {
		pub->grown = q->cluster.version;
		pub->before = pub->members;
	}
	pub->members = q->cluster.peers.n;
	if (strcmp(str(q->cluster.updated_by), q->node.node_id) != 0)
		fail(q, "another configuration took its place");
	settle(q);
}

void
publish_master(struct quorum *q)
{
	struct publisher	*pub = publisher(q);
	struct qpeer		*p;

	if (pub->master == q->master)
		return;
	pub->master = q->master;
	if (q->master) {
		/* What was confirmed to another master may be another text. */
		TAILQ_FOREACH(p, &q->peers, entry)
			p->acked = 0;
		return;
	}
	/* One who has removed itself still hears how that went. */
	if (heart_is_member(q))
		fail(q, "this node is no longer master");
}

void
publish_gone(struct quorum *q, struct qpeer *p)
{
	(void)q;
	p->acked = 0;
}

void
publish_clear(struct quorum *q)
{
	struct publisher	*pub = q->publisher;
	struct waiter		*w;

	if (pub == NULL)
		return;
	fail(q, "this node is stopping");
	while ((w = TAILQ_FIRST(&pub->asked)) != NULL) {
		TAILQ_REMOVE(&pub->asked, w, entry);
		w->done(q, 0, "this node is stopping", w->arg);
		w->done = NULL;		/* freed when its call ends */
	}
	evtimer_del(&pub->ev);
	text_drop(pub);
	free(pub);
	q->publisher = NULL;
}

const char *
publish_text(struct quorum *q, size_t *len)
{
	struct publisher	*pub = publisher(q);
	struct wire_config	 params;

	if (pub->text == NULL) {
		memset(&params, 0, sizeof(params));
		params.config = &q->cluster;
		pub->text = wire_params_text(WIRE_APPLY_CONFIG, q->dialect,
		    &params, &pub->len);
	}
	*len = pub->len;
	return (pub->text);
}

static struct publisher *
publisher(struct quorum *q)
{
	struct publisher	*pub = q->publisher;

	if (pub != NULL)
		return (pub);
	if ((pub = calloc(1, sizeof(*pub))) == NULL)
		fatal("%s", __func__);
	TAILQ_INIT(&pub->acks);
	TAILQ_INIT(&pub->asked);
	pub->master = q->master;
	pub->members = q->cluster.peers.n;
	evtimer_set(&pub->ev, turn, q);
	q->publisher = pub;
	return (pub);
}

static void
apply(struct quorum *q, struct proposal *p, proposal_done *done, void *arg)
{
	struct verr	 ve;
	char		 buf[ERROR_MAX];

	if (publish_room(q, &ve) == -1 || mutate_apply(q, p, &ve) == -1)
		done(q, 0, verr_string(&ve, buf, sizeof(buf)), arg);
	else
		publish_await(q, done, arg);
}

static void
ask(struct quorum *q, struct proposal *p, proposal_done *done, void *arg)
{
	struct publisher	*pub = publisher(q);
	struct qpeer		*master;
	struct waiter		*w;
	const char		*id;
	char			 buf[ERROR_MAX], *text;
	size_t			 len;

	if ((id = heart_master(q)) == NULL) {
		done(q, 0, "master unknown", arg);
		return;
	}
	master = peer_master(q);
	if (master == NULL || *str(master->advertise) == '\0') {
		(void)snprintf(buf, sizeof(buf),
		    "master %s has no advertise address", id);
		done(q, 0, buf, arg);
		return;
	}
	if (pub->nasked >= WAITING_MAX) {
		done(q, 0, "too many changes under way", arg);
		return;
	}
	w = calloc(1, sizeof(*w));
	text = wire_propose_text(q->dialect, q->node.node_id, p, &len);
	if (w == NULL || text == NULL) {
		if (text != NULL)
			freezero(text, len);
		free(w);
		done(q, 0, "out of memory", arg);
		return;
	}
	w->done = done;
	w->arg = arg;
	TAILQ_INSERT_TAIL(&pub->asked, w, entry);
	pub->nasked++;
	peer_call_text(q, master, WIRE_PROPOSE, text, len, PROPOSE_LIMIT,
	    answered, w);
	freezero(text, len);
}

static void
answered(struct quorum *q, struct qpeer *p, const struct answer *a, void *arg)
{
	const struct wire_propose_res	*res = a->result;
	struct waiter			*w = arg;
	char				 buf[ERROR_MAX];

	(void)p;
	if (w->done == NULL) {
		free(w);
		return;
	}
	TAILQ_REMOVE(&q->publisher->asked, w, entry);
	q->publisher->nasked--;
	if (res == NULL) {
		(void)snprintf(buf, sizeof(buf), "propose to master: %s%s",
		    a->refused ? "remote: " : "", a->error);
		w->done(q, 0, buf, w->arg);
	} else if (*str(res->error) != '\0')
		w->done(q, 0, res->error, w->arg);
	else
		w->done(q, res->new_version, NULL, w->arg);
	free(w);
}

/* To each peer one at a time; who is not there is sent it when heard of. */
static void
push(struct quorum *q, struct qpeer *p)
{
	const char	*text;
	size_t		 len;

	if (p->publishing || p->conf == NULL || !p->up)
		return;
	if ((text = publish_text(q, &len)) == NULL) {
		log_warnx("version %llu: out of memory",
		    (unsigned long long)q->cluster.version);
		return;
	}
	p->publishing = 1;
	p->pushed = q->cluster.version;
	p->pushed_at = mono_now();
	peer_call_text(q, p, WIRE_APPLY_CONFIG, text, len, PUSH_LIMIT, pushed,
	    NULL);
}

/* Who could not be reached is sent the next one when it is heard of. */
static void
pushed(struct quorum *q, struct qpeer *p, const struct answer *a, void *arg)
{
	const struct wire_apply_res	*res = a->result;
	uint64_t			 sent = p->pushed;

	(void)arg;
	p->publishing = 0;
	if (res == NULL) {
		log_debug("version %llu to %s: %s", (unsigned long long)sent,
		    p->node_id, a->error);
		return;
	}
	if (!res->applied && res->current_version < sent)
		peer_complain(q, p, "does not take version %llu, has %llu",
		    (unsigned long long)sent,
		    (unsigned long long)res->current_version);
	confirm(q, p, res->applied && res->current_version < sent ? sent :
	    res->current_version);
	if (q->master && sent < q->cluster.version &&
	    p->acked < q->cluster.version)
		push(q, p);
}

static void
push_all(struct quorum *q)
{
	struct qpeer	*p, *next;

	TAILQ_FOREACH_SAFE(p, &q->peers, entry, next)
		if (p->acked < q->cluster.version)
			push(q, p);
}

/* Who is ahead of this node got that elsewhere: it confirms nothing. */
static void
confirm(struct quorum *q, struct qpeer *p, uint64_t version)
{
	if (version <= p->acked || version > q->cluster.version)
		return;
	p->acked = version;
	settle(q);
}

/*
 * Whether a majority of those who are members now has that version.  For one
 * that lets a node in, and for those before it, as many as were a majority then
 * will do: a second node confirms nothing until it has been told that it is in.
 */
static int
is_confirmed(const struct quorum *q, uint64_t version)
{
	const struct publisher	*pub = q->publisher;
	const struct qpeer	*p;
	int64_t			 n = 0, need;

	need = quorum_size(q);
	if (pub != NULL && version <= pub->grown && pub->before / 2 + 1 < need)
		need = pub->before / 2 + 1;
	if (heart_is_member(q))
		n++;
	TAILQ_FOREACH(p, &q->peers, entry)
		if (p->conf != NULL && p->acked >= version)
			n++;
	return (n >= need);
}

static void
settle(struct quorum *q)
{
	struct publisher	*pub = publisher(q);
	struct waiter		*w;

	while ((w = TAILQ_FIRST(&pub->acks)) != NULL &&
	    is_confirmed(q, w->version))
		ack_end(q, w, NULL);
	arm(pub);
}

static void
fail(struct quorum *q, const char *why)
{
	struct waiter	*w;
	char		 buf[ERROR_MAX];

	while ((w = TAILQ_FIRST(&q->publisher->acks)) != NULL) {
		(void)snprintf(buf, sizeof(buf), "version %llu is written "
		    "here, but not confirmed by a majority: %s",
		    (unsigned long long)w->version, why);
		ack_end(q, w, buf);
	}
	arm(q->publisher);
}

static void
ack_end(struct quorum *q, struct waiter *w, const char *error)
{
	TAILQ_REMOVE(&q->publisher->acks, w, entry);
	q->publisher->nacks--;
	w->done(q, error != NULL ? 0 : w->version, error, w->arg);
	free(w);
}

static void
arm(struct publisher *pub)
{
	struct waiter	*w;
	struct timeval	 tv;

	if ((w = TAILQ_FIRST(&pub->acks)) == NULL) {
		evtimer_del(&pub->ev);
		return;
	}
	tv = mono_left(w->deadline, mono_now());
	evtimer_add(&pub->ev, &tv);
}

static void
turn(int fd, short event, void *arg)
{
	struct quorum	*q = arg;
	struct waiter	*w;
	struct monotime	 now = mono_now();
	char		 buf[ERROR_MAX];

	(void)fd;
	(void)event;
	while ((w = TAILQ_FIRST(&q->publisher->acks)) != NULL &&
	    mono_cmp(w->deadline, now) <= 0) {
		(void)snprintf(buf, sizeof(buf), "version %llu is written "
		    "here, but not confirmed by a majority",
		    (unsigned long long)w->version);
		log_warnx("%s", buf);
		ack_end(q, w, buf);
	}
	arm(q->publisher);
}

static void
text_drop(struct publisher *pub)
{
	if (pub->text != NULL)
		freezero(pub->text, pub->len);
	pub->text = NULL;
}
