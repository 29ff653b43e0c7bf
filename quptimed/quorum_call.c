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
 * Calls of other nodes: requests on the dialled connection, and the answers
 * that belong to them.  A Go node is asked one thing at a time, as it answers;
 * a quptimed several, told apart by their ids.
 */

#define AT_A_TIME	16	/* towards a quptimed */
#define WAITING_MAX	64
#define RTT_WEIGHT	8	/* RFC 6298's smoothing */
#define PING_INTERVAL	MONO_SEC(60)
#define PING_LIMIT	MONO_SEC(5)
#define ERROR_MAX	640
#define VIS_MAX		320
#define OFFSET_MAX	(9000000000LL)	/* s, of clocks: fits in ns */

/* What several peers are sent at a time is there once. */
struct text {
	char		*s;
	size_t		 len;
	uint32_t	 refs;
};

struct call {
	TAILQ_ENTRY(call)	 entry;
	uint64_t		 id;
	enum wire_method	 method;
	struct monotime		 deadline;
	struct monotime		 sent_at;
	struct text		*params;	/* until it is sent */
	call_done		*done;
	void			*arg;
};

static struct text
		*text_new(char *, size_t);
static struct text
		*text_share(struct quorum *, const char *, size_t);
static void	 text_free(struct quorum *, struct text *);
static void	 call_add(struct quorum *, struct qpeer *, enum wire_method,
		    struct text *, struct monotime, call_done *, void *);
static int	 can_send(const struct qpeer *);
static void	 call_send(struct quorum *, struct qpeer *, struct call *);
static void	 send_waiting(struct quorum *, struct qpeer *);
static void	 call_end(struct quorum *, struct qpeer *, struct call *,
		    const void *, const char *, int);
static void	 refuse(struct quorum *, struct qpeer *, call_done *, void *,
		    const char *);
static struct call
		*call_find(struct qpeer *, uint64_t);
static void	 answered(struct quorum *, struct qpeer *, struct call *,
		    const struct wire_head *, const char *, size_t);
static void	 refused(struct quorum *, struct qpeer *, struct call *,
		    const char *);
static void	 served(struct qpeer *);
static void	 measure(struct qpeer *, const struct call *);
static void	 ping(struct quorum *, struct qpeer *);
static void	 pinged(struct quorum *, struct qpeer *,
		    const struct answer *, void *);
static void	 expire(struct quorum *, struct qpeer *, struct monotime);
static void	 arm(struct quorum *, struct monotime);

void
peer_call(struct quorum *q, struct qpeer *p, enum wire_method method,
    const void *params, struct monotime limit, call_done *done, void *arg)
{
	struct text	*t = NULL;
	char		*s;
	size_t		 len;

	s = wire_params_text(method, q->dialect, params, &len);
	if (s != NULL && (t = text_new(s, len)) == NULL)
		freezero(s, len);
	call_add(q, p, method, t, limit, done, arg);
}

void
peer_call_text(struct quorum *q, struct qpeer *p, enum wire_method method,
    const char *params, size_t len, struct monotime limit, call_done *done,
    void *arg)
{
	call_add(q, p, method, text_share(q, params, len), limit, done, arg);
}

void
calls_up(struct quorum *q, struct qpeer *p)
{
	send_waiting(q, p);
	ping(q, p);
}

/* Who waits may still be served by the next connection. */
void
calls_down(struct quorum *q, struct qpeer *p, const char *why)
{
	struct call	*c;

	peer_hold(p);
	while ((c = TAILQ_FIRST(&p->sent)) != NULL) {
		TAILQ_REMOVE(&p->sent, c, entry);
		p->nsent--;
		call_end(q, p, c, NULL, why, 0);
	}
	peer_release(p);
}

void
calls_fail(struct quorum *q, struct qpeer *p, const char *why)
{
	struct call	*c;

	peer_hold(p);
	calls_down(q, p, why);
	while ((c = TAILQ_FIRST(&p->waiting)) != NULL) {
		TAILQ_REMOVE(&p->waiting, c, entry);
		p->nwaiting--;
		call_end(q, p, c, NULL, why, 0);
	}
	peer_release(p);
}

void
calls_answer(struct quorum *q, struct qpeer *p, const char *frame, size_t len)
{
	struct wire_head	 head;
	struct verr		 ve;
	struct call		*c;
	char			 buf[ERROR_MAX];

	memset(&head, 0, sizeof(head));
	memset(&ve, 0, sizeof(ve));
	if (wire_head(frame, len, &head, &ve) == -1) {
		peer_complain(q, p, "its answer is none: %s",
		    verr_string(&ve, buf, sizeof(buf)));
		peer_drop(q, p, "its answer is none");
		return;
	}
	if ((c = call_find(p, head.id)) == NULL) {
		peer_complain(q, p, "answers what it was not asked");
		peer_drop(q, p, "answers what it was not asked");
	} else {
		TAILQ_REMOVE(&p->sent, c, entry);
		p->nsent--;
		peer_hold(p);
		answered(q, p, c, &head, frame, len);
		if (!p->gone)
			send_waiting(q, p);
		peer_release(p);
	}
	wire_head_clear(&head);
}

void
calls_due(int fd, short event, void *arg)
{
	struct quorum	*q = arg;
	struct qpeer	*p;
	struct monotime	 now = mono_now();
	uint32_t	 handles[2 * MAX_PEERS], i, n = 0;

	(void)fd;
	(void)event;
	q->call_due.ns = 0;
	/* A callback may add peers and remove them. */
	TAILQ_FOREACH(p, &q->peers, entry)
		if (n < sizeof(handles) / sizeof(handles[0]))
			handles[n++] = p->handle;
	for (i = 0; i < n; i++)
		if ((p = peer_by_handle(q, handles[i])) != NULL)
			expire(q, p, now);
}

/* Takes the string over. */
static struct text *
text_new(char *s, size_t len)
{
	struct text	*t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return (NULL);
	t->s = s;
	t->len = len;
	t->refs = 1;
	return (t);
}

/* Whoever sends the same to all does so to one after the other. */
static struct text *
text_share(struct quorum *q, const char *s, size_t len)
{
	struct text	*t = q->last_text;
	char		*copy;

	if (t != NULL && t->len == len && memcmp(t->s, s, len) == 0) {
		t->refs++;
		return (t);
	}
	if ((copy = malloc(len + 1)) == NULL)
		return (NULL);
	memcpy(copy, s, len);
	copy[len] = '\0';
	if ((t = text_new(copy, len)) == NULL) {
		freezero(copy, len);
		return (NULL);
	}
	q->last_text = t;
	return (t);
}

/* There may be secrets in it. */
static void
text_free(struct quorum *q, struct text *t)
{
	if (t == NULL || --t->refs > 0)
		return;
	if (q->last_text == t)
		q->last_text = NULL;
	freezero(t->s, t->len);
	free(t);
}

/* Takes its reference to the parameters over. */
static void
call_add(struct quorum *q, struct qpeer *p, enum wire_method method,
    struct text *params, struct monotime limit, call_done *done, void *arg)
{
	struct call	*c = NULL;

	if (p->gone)
		refuse(q, p, done, arg, "it has gone");
	else if (p->nwaiting >= WAITING_MAX)
		refuse(q, p, done, arg, "too many calls wait for it");
	else if (params == NULL || (c = calloc(1, sizeof(*c))) == NULL)
		refuse(q, p, done, arg, "out of memory");
	if (c == NULL) {
		text_free(q, params);
		return;
	}
	c->id = ++q->last_call;
	c->method = method;
	c->deadline = mono_add(mono_now(), limit);
	c->params = params;
	c->done = done;
	c->arg = arg;
	arm(q, c->deadline);
	/* Whether a node is live must not hang on how much it is asked. */
	if (method == WIRE_HEARTBEAT)
		TAILQ_INSERT_HEAD(&p->waiting, c, entry);
	else
		TAILQ_INSERT_TAIL(&p->waiting, c, entry);
	p->nwaiting++;
	send_waiting(q, p);
}

static int
can_send(const struct qpeer *p)
{
	return (p->up && !p->ending &&
	    p->nsent < (p->quptimed ? AT_A_TIME : 1));
}

static void
call_send(struct quorum *q, struct qpeer *p, struct call *c)
{
	struct mesh_frame	 mf;
	struct ibuf		*buf;

	memset(&mf, 0, sizeof(mf));
	mf.peer = p->handle;
	mf.gen = p->gen;
	buf = ibuf_dynamic(0, MESH_MAXSIZE - IMSG_HEADER_SIZE);
	if (buf == NULL || ibuf_add(buf, &mf, sizeof(mf)) == -1 ||
	    wire_put_request(buf, c->id, c->method, c->params->s,
	    c->params->len) == -1 ||
	    ibuf_size(buf) - sizeof(mf) > FRAME_MAX) {
		ibuf_free(buf);
		call_end(q, p, c, NULL, "the request is too large", 0);
		return;
	}
	text_free(q, c->params);
	c->params = NULL;
	c->sent_at = mono_now();
	TAILQ_INSERT_TAIL(&p->sent, c, entry);
	p->nsent++;
	ipc_send_ibuf(&q->engine, IMSG_MESH_CALL, 0, buf);
}

static void
send_waiting(struct quorum *q, struct qpeer *p)
{
	struct call	*c;

	peer_hold(p);
	while (can_send(p) && (c = TAILQ_FIRST(&p->waiting)) != NULL) {
		TAILQ_REMOVE(&p->waiting, c, entry);
		p->nwaiting--;
		call_send(q, p, c);
	}
	peer_release(p);
}

/* It is on no list any more. */
static void
call_end(struct quorum *q, struct qpeer *p, struct call *c,
    const void *result, const char *error, int refused)
{
	struct answer	 a;

	memset(&a, 0, sizeof(a));
	a.result = result;
	a.error = error;
	a.refused = refused;
	c->done(q, p, &a, c->arg);
	text_free(q, c->params);
	free(c);
}

static void
refuse(struct quorum *q, struct qpeer *p, call_done *done, void *arg,
    const char *why)
{
	struct answer	 a;

	memset(&a, 0, sizeof(a));
	a.error = why;
	done(q, p, &a, arg);
}

/* Go nodes answer in order, and 0 is the id of what they could not read. */
static struct call *
call_find(struct qpeer *p, uint64_t id)
{
	struct call	*c;

	if (!p->quptimed) {
		c = TAILQ_FIRST(&p->sent);
		return (c != NULL && (c->id == id || id == 0) ? c : NULL);
	}
	TAILQ_FOREACH(c, &p->sent, entry)
		if (c->id == id)
			return (c);
	return (NULL);
}

static void
answered(struct quorum *q, struct qpeer *p, struct call *c,
    const struct wire_head *head, const char *frame, size_t len)
{
	const struct record	*rec = wire_result_record(c->method);
	struct verr		 ve;
	char			 buf[ERROR_MAX];
	void			*result;

	memset(&ve, 0, sizeof(ve));
	measure(p, c);
	if (head->error != NULL) {
		refused(q, p, c, head->error);
		return;
	}
	if ((result = record_new(rec)) == NULL) {
		call_end(q, p, c, NULL, "out of memory", 0);
		return;
	}
	if (wire_result(c->method, frame, len, result, &ve) == -1) {
		verr_string(&ve, buf, sizeof(buf));
		peer_complain(q, p, "answer to %s: %s",
		    wire_method_name(c->method), buf);
		p->ending = 1;
		call_end(q, p, c, NULL, buf, 0);
		p->ending = 0;
		if (!p->gone)
			peer_drop(q, p, "its answer is malformed");
	} else {
		served(p);
		call_end(q, p, c, result, NULL, 0);
	}
	record_free(rec, result);
	if (!p->gone && p->up && mono_cmp(mono_sub(mono_now(), p->pinged),
	    PING_INTERVAL) >= 0)
		ping(q, p);
}

/*
 * Go nodes look once at who connects: one that did not know us then will know
 * us on another connection only, so that this one is of no use.  The log tells
 * once, until it answers again.
 */
static void
refused(struct quorum *q, struct qpeer *p, struct call *c,
    const char *error)
{
	char	 name[VIS_MAX], vis[VIS_MAX], why[ERROR_MAX];

	fmt_vis(error, vis, sizeof(vis));
	(void)snprintf(why, sizeof(why), "refuses %s: %s",
	    wire_method_name(c->method), vis);
	if (!p->refusing) {
		p->refusing = 1;
		log_info("peer %s: %s", peer_name(p, name, sizeof(name)), why);
	}
	free(p->refusal);
	p->refusal = strdup(why);
	p->ending = !p->quptimed;
	call_end(q, p, c, NULL, error, 1);
	p->ending = 0;
	if (!p->gone && !p->quptimed)
		peer_drop(q, p, why);
}

static void
served(struct qpeer *p)
{
	char	 name[VIS_MAX];

	if (!p->refusing)
		return;
	p->refusing = 0;
	free(p->refusal);
	p->refusal = NULL;
	log_info("peer %s: answers again", peer_name(p, name, sizeof(name)));
}

/* Of what is answered without work. */
static void
measure(struct qpeer *p, const struct call *c)
{
	int64_t	 rtt;

	if (c->method != WIRE_HEARTBEAT && c->method != WIRE_PING)
		return;
	rtt = mono_sub(mono_now(), c->sent_at).ns;
	p->rtt = p->rtt < 0 ? rtt : p->rtt + (rtt - p->rtt) / RTT_WEIGHT;
}

static void
ping(struct quorum *q, struct qpeer *p)
{
	struct wire_empty	 params = { 0 };

	if (p->conf == NULL || join_is_seeded(q))
		return;
	p->pinged = mono_now();
	peer_call(q, p, WIRE_PING, &params, PING_LIMIT, pinged, NULL);
}

/* What its clock said in the middle between question and answer. */
static void
pinged(struct quorum *q, struct qpeer *p, const struct answer *a, void *arg)
{
	const struct wire_ping_res	*res = a->result;
	struct walltime			 now = wall_now();
	int64_t				 sec;

	(void)arg;
	if (res == NULL || wall_iszero(&res->now))
		return;
	sec = res->now.sec - now.sec;
	if (sec < -OFFSET_MAX || sec > OFFSET_MAX) {
		peer_complain(q, p, "its clock is off by centuries");
		return;
	}
	p->clock_offset = sec * 1000000000LL +
	    (res->now.nsec - now.nsec) + (p->rtt > 0 ? p->rtt / 2 : 0);
	p->has_offset = 1;
}

/* An answer that is late makes the connection useless: what comes when? */
static void
expire(struct quorum *q, struct qpeer *p, struct monotime now)
{
	struct call	*c, *next;
	char		 why[ERROR_MAX];
	int		 late = 0;

	peer_hold(p);
	TAILQ_FOREACH(c, &p->sent, entry) {
		if (mono_cmp(c->deadline, now) > 0) {
			arm(q, c->deadline);
			continue;
		}
		late = 1;
		(void)snprintf(why, sizeof(why),
		    "no answer to %s in time", wire_method_name(c->method));
	}
	if (late)
		peer_drop(q, p, why);
 again:
	for (c = TAILQ_FIRST(&p->waiting); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (mono_cmp(c->deadline, now) > 0) {
			arm(q, c->deadline);
			continue;
		}
		TAILQ_REMOVE(&p->waiting, c, entry);
		p->nwaiting--;
		/* What is troubling may change while it is told. */
		(void)snprintf(why, sizeof(why), "%s", p->up ?
		    "deadline exceeded" : p->trouble != NULL ? p->trouble :
		    "not connected");
		call_end(q, p, c, NULL, why, 0);
		/* The list may be another one after a callback. */
		goto again;
	}
	peer_release(p);
}

static void
arm(struct quorum *q, struct monotime deadline)
{
	struct timeval	 tv;

	if (q->call_due.ns != 0 && mono_cmp(q->call_due, deadline) <= 0)
		return;
	q->call_due = deadline;
	tv = mono_left(deadline, mono_now());
	evtimer_add(&q->call_ev, &tv);
}
