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

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conn.h"
#include "dnsq.h"
#include "resolve.h"

#define DNSQ_ROUNDS	3	/* times each server is asked over UDP */
#define DNSQ_SLICE	2000	/* ms before the next server, at most */
#define DNSQ_READS	8	/* datagrams before others have a turn */
#define DNSQ_TEXT_MAX	400
#define DNSQ_TOLD	3	/* servers whose failure is told */

/* An exchange over TCP: a length before each message, RFC 1035, 4.2.2. */
struct tcp {
	struct side	*side;
	struct conn	*conn;
	uint8_t		 out[2 + DNS_QUESTION_MAX];
	size_t		 outlen;
	size_t		 outoff;
	uint8_t		 head[2];
	size_t		 got;		/* with the length */
	uint8_t		*in;
	size_t		 inlen;
};

/* One server. */
struct side {
	struct dnsq	*q;
	struct event	 ev;
	struct tcp	*tcp;
	int		 fd;
	unsigned int	 asked;
	int		 noedns;
	int		 failed;
	int		 local;
	char		 why[128];
};

struct dnsq {
	struct servers	*servers;
	struct event	 timer;
	struct monotime	 deadline;
	struct monotime	 slice;
	void		(*done)(const struct dnsq_res *, void *);
	void		*arg;
	uint16_t	 id;
	uint16_t	 type;
	unsigned int	 n;
	char		 name[2 * HOST_MAX];
	struct side	 side[];
};

static void	 dnsq_turn(struct dnsq *);
static struct side
		*dnsq_next(struct dnsq *);
static void	 dnsq_timer(int, short, void *);
static void	 dnsq_lost(struct dnsq *);
static void	 dnsq_finish(struct dnsq *, struct dnsq_res *);
static void	 dnsq_free(struct dnsq *);
static int	 side_ask(struct side *);
static int	 side_open(struct side *);
static void	 side_close(struct side *);
static void	 side_fail(struct side *, const char *);
static void	 side_event(int, short, void *);
static int	 side_take(struct side *, const uint8_t *, size_t, int);
static int	 side_again(struct side *);
static size_t	 side_question(const struct side *, uint8_t *);
static const struct addr *
		 side_addr(const struct side *);
static int	 tcp_ask(struct side *);
static enum io	 tcp_step(struct conn *, void *);
static enum io	 tcp_read(struct conn *, struct tcp *);
static void	 tcp_done(struct conn *, enum conn_end, const char *, void *);
static void	 tcp_free(struct tcp *);
static const char
		*status_text(enum dns_status);

struct dnsq *
dnsq_start(const char *name, uint16_t type, struct servers *servers,
    struct monotime deadline, void (*done)(const struct dnsq_res *, void *),
    void *arg)
{
	struct dnsq	*q;
	unsigned int	 i, n;
	uint8_t		 buf[DNS_QUESTION_MAX];

	n = servers_count(servers);
	if ((q = calloc(1, sizeof(*q) + n * sizeof(q->side[0]))) == NULL)
		return (NULL);
	q->id = arc4random() & 0xffff;
	q->type = type;
	q->n = n;
	if (strlcpy(q->name, name, sizeof(q->name)) >= sizeof(q->name) ||
	    dns_question(buf, sizeof(buf), q->id, name, type, 1) == 0) {
		free(q);
		return (NULL);
	}
	q->servers = servers_ref(servers);
	q->deadline = deadline;
	q->slice = mono_sub(deadline, mono_now());
	q->slice.ns /= DNSQ_ROUNDS * n;
	if (mono_cmp(q->slice, MONO_MSEC(DNSQ_SLICE)) > 0)
		q->slice = MONO_MSEC(DNSQ_SLICE);
	q->done = done;
	q->arg = arg;
	for (i = 0; i < n; i++) {
		q->side[i].q = q;
		q->side[i].fd = -1;
	}
	evtimer_set(&q->timer, dnsq_timer, q);
	dnsq_turn(q);
	return (q);
}

void
dnsq_cancel(struct dnsq *q)
{
	if (q != NULL)
		dnsq_free(q);
}

/* Asks the next server, if there is one; all answers are waited for. */
static void
dnsq_turn(struct dnsq *q)
{
	struct monotime	 now, until;
	struct side	*s;
	struct timeval	 tv;
	unsigned int	 i, failed;

	while ((s = dnsq_next(q)) != NULL && side_ask(s) == -1)
		continue;
	now = mono_now();
	until = q->deadline;
	if (s != NULL && mono_cmp(mono_add(now, q->slice), until) < 0)
		until = mono_add(now, q->slice);
	for (failed = i = 0; i < q->n; i++)
		failed += q->side[i].failed;
	/* Told from the event loop, where the caller expects it. */
	if (failed == q->n)
		until = now;
	tv = mono_left(until, now);
	evtimer_add(&q->timer, &tv);
}

/* The one that has been asked least, in the order of the list. */
static struct side *
dnsq_next(struct dnsq *q)
{
	struct side	*best, *s;
	unsigned int	 i;

	for (best = NULL, i = 0; i < q->n; i++) {
		s = &q->side[i];
		if (s->failed || s->tcp != NULL || s->asked >= DNSQ_ROUNDS)
			continue;
		if (best == NULL || s->asked < best->asked)
			best = s;
	}
	return (best);
}

static void
dnsq_timer(int fd, short events, void *arg)
{
	struct dnsq	*q = arg;
	unsigned int	 failed, i;

	(void)fd;
	(void)events;
	for (failed = i = 0; i < q->n; i++)
		failed += q->side[i].failed;
	if (failed == q->n || mono_cmp(mono_now(), q->deadline) >= 0)
		dnsq_lost(q);
	else
		dnsq_turn(q);
}

/* What each of the first few servers had to say. */
static void
dnsq_lost(struct dnsq *q)
{
	struct dnsq_res	 res;
	struct side	*s;
	char		 addr[ADDR_STRLEN], text[DNSQ_TEXT_MAX];
	unsigned int	 i;
	int		 used = 0;

	memset(&res, 0, sizeof(res));
	res.end = DNSQ_FAILED;
	for (i = 0; i < q->n && i < DNSQ_TOLD; i++) {
		s = &q->side[i];
		if (s->local)
			res.end = DNSQ_LOCAL;
		used += snprintf(text + used, sizeof(text) - used,
		    "%s %s: %s", i == 0 ? "on" : ",", addr_format(side_addr(s),
		    addr, sizeof(addr)), s->failed ? s->why : s->tcp != NULL ?
		    "truncated answer, and none over TCP within the timeout" :
		    "no answer within the timeout");
		if ((size_t)used >= sizeof(text))
			break;
	}
	res.text = text;
	dnsq_finish(q, &res);
}

/* The one way out. */
static void
dnsq_finish(struct dnsq *q, struct dnsq_res *res)
{
	q->done(res, q->arg);
	dnsq_free(q);
}

static void
dnsq_free(struct dnsq *q)
{
	unsigned int	 i;

	evtimer_del(&q->timer);
	for (i = 0; i < q->n; i++)
		side_close(&q->side[i]);
	servers_unref(q->servers);
	free(q);
}

/* 0, or -1 when it has failed at once. */
static int
side_ask(struct side *s)
{
	uint8_t	 buf[DNS_QUESTION_MAX];
	size_t	 n;

	s->asked++;
	if (s->fd == -1 && side_open(s) == -1)
		return (-1);
	n = side_question(s, buf);
	if (send(s->fd, buf, n, MSG_NOSIGNAL) == -1 && errno != EAGAIN &&
	    errno != EINTR) {
		s->local = conn_is_local(errno);
		side_fail(s, strerror(errno));
		return (-1);
	}
	return (0);
}

/* A port of its own for each question, and connected: the kernel then lets
 * no one else's datagrams in and says when nobody listens. */
static int
side_open(struct side *s)
{
	const struct addr	*a;

	a = side_addr(s);
	s->fd = socket(a->u.sa.sa_family,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd == -1 || connect(s->fd, &a->u.sa, addr_len(a)) == -1) {
		s->local = conn_is_local(errno);
		side_fail(s, strerror(errno));
		return (-1);
	}
	event_set(&s->ev, s->fd, EV_READ | EV_PERSIST, side_event, s);
	event_add(&s->ev, NULL);
	return (0);
}

static void
side_close(struct side *s)
{
	if (s->fd != -1) {
		if (event_initialized(&s->ev))
			event_del(&s->ev);
		close(s->fd);
	}
	s->fd = -1;
	if (s->tcp != NULL) {
		if (s->tcp->conn != NULL)
			conn_close(s->tcp->conn);
		tcp_free(s->tcp);
	}
	s->tcp = NULL;
}

static void
side_fail(struct side *s, const char *why)
{
	side_close(s);
	s->failed = 1;
	strlcpy(s->why, why, sizeof(s->why));
}

static void
side_event(int fd, short events, void *arg)
{
	static uint8_t	 buf[UINT16_MAX];
	struct dnsq	*q;
	struct side	*s = arg;
	ssize_t		 n;
	int		 i;

	(void)events;
	q = s->q;
	for (i = 0; i < DNSQ_READS; i++) {
		if ((n = recv(fd, buf, sizeof(buf), 0)) == -1) {
			if (errno == EAGAIN || errno == EINTR)
				return;
			side_fail(s, strerror(errno));
			dnsq_turn(q);
			return;
		}
		if (side_take(s, buf, n, 0))
			return;
	}
}

/* 1 when what comes next is none of the caller's business. */
static int
side_take(struct side *s, const uint8_t *msg, size_t len, int tcp)
{
	struct dnsq_res	 res;
	struct dnsq	*q = s->q;
	char		 addr[ADDR_STRLEN];
	uint8_t		 question[DNS_QUESTION_MAX];

	memset(&res, 0, sizeof(res));
	res.qlen = side_question(s, question);
	res.status = dns_answer(msg, len, question, res.qlen, q->type, NULL,
	    NULL);
	switch (res.status) {
	case DNS_STRANGE:
		if (!tcp)
			return (0);
		break;
	case DNS_TRUNCATED:
		if (tcp)
			break;
		if (s->tcp == NULL && tcp_ask(s) == -1)
			dnsq_turn(q);
		return (1);
	case DNS_NOEDNS:
		s->noedns = 1;
		if (side_again(s) == -1)
			dnsq_turn(q);
		return (1);
	case DNS_ANSWER:
	case DNS_NODATA:
	case DNS_NXDOMAIN:
		res.end = DNSQ_ANSWERED;
		res.text = addr_format(side_addr(s), addr, sizeof(addr));
		res.msg = msg;
		res.len = len;
		res.question = question;
		dnsq_finish(q, &res);
		return (1);
	default:
		break;
	}
	side_fail(s, status_text(res.status));
	dnsq_turn(q);
	return (1);
}

/* The same server without EDNS; that does not count as one of the rounds. */
static int
side_again(struct side *s)
{
	s->asked--;
	return (side_ask(s));
}

static size_t
side_question(const struct side *s, uint8_t *buf)
{
	return (dns_question(buf, DNS_QUESTION_MAX, s->q->id, s->q->name,
	    s->q->type == DNS_CNAME ? DNS_A : s->q->type, !s->noedns));
}

static const struct addr *
side_addr(const struct side *s)
{
	return (servers_addr(s->q->servers, s - s->q->side));
}

static int
tcp_ask(struct side *s)
{
	const struct addr	*a;
	struct conn_req		 req;
	struct tcp		*t;
	size_t			 n;

	if ((t = calloc(1, sizeof(*t))) == NULL) {
		s->local = 1;
		side_fail(s, "out of memory");
		return (-1);
	}
	t->side = s;
	n = side_question(s, t->out + 2);
	t->out[0] = n >> 8;
	t->out[1] = n & 0xff;
	t->outlen = n + 2;
	a = side_addr(s);
	memset(&req, 0, sizeof(req));
	req.host = "";
	req.addr = a;
	req.port = ntohs(a->u.sa.sa_family == AF_INET ? a->u.in.sin_port :
	    a->u.in6.sin6_port);
	req.deadline = s->q->deadline;
	req.step = tcp_step;
	req.done = tcp_done;
	req.arg = t;
	if ((t->conn = conn_open(&req)) == NULL) {
		free(t);
		s->local = 1;
		side_fail(s, "out of memory");
		return (-1);
	}
	s->tcp = t;
	return (0);
}

static enum io
tcp_step(struct conn *c, void *arg)
{
	struct tcp	*t = arg;
	enum io		 io;
	size_t		 n;

	while (t->outoff < t->outlen) {
		io = conn_write(c, t->out + t->outoff, t->outlen - t->outoff,
		    &n);
		if (io != IO_DONE)
			return (io);
		t->outoff += n;
	}
	return (tcp_read(c, t));
}

static enum io
tcp_read(struct conn *c, struct tcp *t)
{
	enum io	 io;
	size_t	 n;

	while (t->got < 2 + t->inlen || t->got < 2) {
		if (t->got < 2)
			io = conn_read(c, t->head + t->got, 2 - t->got, &n);
		else
			io = conn_read(c, t->in + t->got - 2,
			    t->inlen + 2 - t->got, &n);
		if (io != IO_DONE)
			return (io);
		if (n == 0)
			return (conn_fail(c, "closed without an answer"));
		t->got += n;
		if (t->got != 2)
			continue;
		t->inlen = (size_t)t->head[0] << 8 | t->head[1];
		if (t->inlen == 0 || (t->in = malloc(t->inlen)) == NULL)
			return (conn_fail(c, "malformed answer"));
	}
	return (IO_DONE);
}

static void
tcp_done(struct conn *c, enum conn_end end, const char *err, void *arg)
{
	struct tcp	*t = arg;
	struct side	*s = t->side;
	struct dnsq	*q = s->q;
	char		 why[sizeof(s->why)];

	(void)c;
	t->conn = NULL;
	/* The deadline is that of all, and the timer tells. */
	if (end == CONN_TIMEOUT)
		return;
	if (end != CONN_OK) {
		s->local = end == CONN_LOCAL;
		snprintf(why, sizeof(why), "truncated answer, and over TCP: "
		    "%s", err);
		side_fail(s, why);
		dnsq_turn(q);
		return;
	}
	/* What comes of it may free s: the answer outlives that. */
	s->tcp = NULL;
	side_take(s, t->in, t->inlen, 1);
	tcp_free(t);
}

static void
tcp_free(struct tcp *t)
{
	free(t->in);
	free(t);
}

static const char *
status_text(enum dns_status status)
{
	switch (status) {
	case DNS_SERVFAIL:
		return ("the server fails (SERVFAIL)");
	case DNS_REFUSED:
		return ("the server refuses to answer (REFUSED)");
	case DNS_LAME:
		return ("the server is not responsible for the name");
	case DNS_LOOP:
		return ("the aliases lead round in a circle");
	case DNS_STRANGE:
	case DNS_TRUNCATED:
	case DNS_MALFORMED:
		return ("malformed answer");
	default:
		return ("the server answers with an error");
	}
}
