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
#include <sys/queue.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tls.h>
#include <unistd.h>

#include "engine.h"

/*
 * A step of a handshake costs milliseconds, and anybody may ask for one.  So
 * those that can go on wait in a queue, and after a few of them everybody else
 * has a turn.
 */
#define TURN_TIME	MONO_MSEC(4)
#define ROUND_BYTES	(128 * 1024)	/* of one connection, then others */
#define ROUND_SMALL	(16 * 1024)	/* the same of a stranger */
#define LINGER_TIME	MONO_SEC(1)
#define HANDSHAKE_TIME	MONO_SEC(5)	/* of a dialled connection */
#define REASON_MAX	512

static void		 link_event(int, short, void *);
static void		 link_timer(int, short, void *);
static void		 link_connected(struct link *);
static int		 link_secure(struct link *);
static void		 link_handshake(struct link *);
static int		 link_is_silent(const struct link *);
static const char	*link_identify(struct link *);
static void		 link_enqueue(struct link *);
static void		 link_dequeue(struct link *);
static void		 handshakes_turn(int, short, void *);
static void		 link_io(struct link *);
static const char	*link_write(struct link *, struct monotime);
static const char	*link_read(struct link *, struct monotime, int *);
static const char	*link_take(struct link *, size_t, struct monotime);
static void		 link_linger(struct link *);
static void		 link_drain(struct link *);
static int		 link_reads(const struct link *);
static const char	*link_overdue(const struct link *, struct monotime);
static struct monotime	 link_due(const struct link *);
static void		 link_arm(struct link *);
static void		 link_clock(struct link *, struct monotime);
static void		 link_end(struct link *, const char *);
static const char	*link_error(struct link *, const char *);

/* What they wait for, in seconds; then bytes, and who comes first. */
const struct link_kind	 link_dialled = {
	30, 60, 10, FRAME_MAX, 2 * MESH_MAXSIZE, PRIO_PEER
};
const struct link_kind	 link_inbound = {
	30, 120, 10, FRAME_MAX, 4 * 1024 * 1024, PRIO_PEER
};
const struct link_kind	 link_stranger = {
	5, 10, 5, FRAME_STRANGER_MAX, 1024 * 1024, PRIO_STRANGER
};

static TAILQ_HEAD(, link)	 handshakes =
				    TAILQ_HEAD_INITIALIZER(handshakes);
static unsigned int		 nhandshakes;
static struct event		 turn;
static int			 turning;
static struct tls_config	*client_config;
static struct tls		*server;
static char			 reason[REASON_MAX];

void
links_init(void)
{
	if (tls_init() == -1)
		fatalx("tls_init");
}

/*
 * libtls alone keeps the key: the server's context as it is, the client's
 * configuration as text, for it is read again for each connection.
 */
void
links_keypair(char *key, char *cert)
{
	struct tls_config	*configs[2];
	size_t			 i;

	for (i = 0; i < 2; i++) {
		if ((configs[i] = tls_config_new()) == NULL)
			fatalx("out of memory");
		if (tls_config_set_protocols(configs[i],
		    TLS_PROTOCOL_TLSv1_3) == -1 ||
		    tls_config_set_alpn(configs[i], MESH_ALPN) == -1 ||
		    tls_config_set_keypair_mem(configs[i], (uint8_t *)cert,
		    strlen(cert), (uint8_t *)key, strlen(key)) == -1)
			fatalx("key and certificate: %s",
			    tls_config_error(configs[i]));
		/* Any certificate will do; its key is what is compared. */
		tls_config_insecure_noverifycert(configs[i]);
		tls_config_insecure_noverifyname(configs[i]);
	}
	explicit_bzero(key, strlen(key));
	tls_config_verify_client(configs[0]);
	tls_config_insecure_noverifycert(configs[0]);
	if ((server = tls_server()) == NULL)
		fatalx("out of memory");
	if (tls_configure(server, configs[0]) == -1)
		fatalx("key and certificate: %s", tls_error(server));
	tls_config_clear_keys(configs[0]);
	tls_config_free(configs[0]);
	client_config = configs[1];
}

int
links_ready(void)
{
	return (server != NULL);
}

void
links_shutdown(void)
{
	if (turning)
		event_del(&turn);
	turning = 0;
	tls_free(server);
	server = NULL;
	tls_config_free(client_config);
	client_config = NULL;
}

unsigned int
links_waiting(void)
{
	return (nhandshakes);
}

void
link_start(struct link *l, int fd, int is_server, enum link_state state,
    struct monotime deadline, const struct link_kind *kind,
    const struct link_ops *ops)
{
	int	 on = 1;

	/* The head of its frames is the owner's to set, before or after. */
	l->fd = fd;
	l->server = is_server;
	l->state = state;
	l->deadline = deadline;
	l->kind = kind;
	l->ops = ops;
	l->tls = NULL;
	l->events = 0;
	l->timing = l->queued = 0;
	l->deaf = l->busy = l->closing = l->quptimed = 0;
	l->rwant = EV_READ;
	l->wwant = EV_WRITE;
	l->active = mono_now();
	memset(&l->info, 0, sizeof(l->info));
	TAILQ_INIT(&l->out);
	evtimer_set(&l->timer, link_timer, l);
	/* Heartbeats are small and shall not wait for company. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	link_arm(l);
}

void
link_close(struct link *l)
{
	struct ibuf	*buf;

	if (l->state == LINK_CLOSED)
		return;
	link_dequeue(l);
	if (l->events != 0)
		event_del(&l->ev);
	if (l->timing)
		event_del(&l->timer);
	l->events = 0;
	l->timing = 0;
	if (l->tls != NULL) {
		/* Once is enough: nobody waits for the answer. */
		if (l->state == LINK_OPEN)
			(void)tls_close(l->tls);
		tls_free(l->tls);
		l->tls = NULL;
	}
	close(l->fd);
	l->fd = -1;
	frame_clear(&l->in);
	while ((buf = TAILQ_FIRST(&l->out)) != NULL) {
		TAILQ_REMOVE(&l->out, buf, entry);
		ibuf_free(buf);
	}
	l->state = LINK_CLOSED;
}

void
link_send(struct link *l, struct ibuf *buf)
{
	if (l->state != LINK_OPEN || l->closing) {
		ibuf_free(buf);
		return;
	}
	if (TAILQ_EMPTY(&l->out))
		l->moved = mono_now();
	TAILQ_INSERT_TAIL(&l->out, buf, entry);
	/* From the event loop: several may come at once. */
	link_arm(l);
}

void
link_become(struct link *l, const struct link_kind *kind)
{
	l->kind = kind;
	if (l->events != 0)
		event_del(&l->ev);
	l->events = 0;
	link_update(l);
}

void
link_update(struct link *l)
{
	if (l->state != LINK_OPEN)
		return;
	l->active = mono_now();
	if (frame_begun(&l->in))
		l->begun = l->active;
	link_arm(l);
	/* TLS may hold what the socket no longer shows. */
	link_clock(l, l->active);
}

static void
link_event(int fd, short events, void *arg)
{
	struct link	*l = arg;

	(void)fd;
	(void)events;
	switch (l->state) {
	case LINK_CONNECT:
		link_connected(l);
		break;
	case LINK_HANDSHAKE:
		link_enqueue(l);
		break;
	case LINK_OPEN:
		link_io(l);
		break;
	case LINK_LINGER:
		link_drain(l);
		break;
	case LINK_CLOSED:
		break;
	}
}

static void
link_timer(int fd, short events, void *arg)
{
	struct link	*l = arg;
	const char	*why;

	(void)fd;
	(void)events;
	l->timing = 0;
	if ((why = link_overdue(l, mono_now())) != NULL)
		link_end(l, why);
	else if (l->state == LINK_OPEN)
		link_io(l);
	else
		link_arm(l);
}

static void
link_connected(struct link *l)
{
	socklen_t	 len = sizeof(int);
	int		 error;

	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error != 0) {
		link_end(l, strerror(error));
		return;
	}
	l->state = LINK_HANDSHAKE;
	l->deadline = mono_add(mono_now(), HANDSHAKE_TIME);
	link_enqueue(l);
}

/* Behind the others, or behind those that are favoured as well. */
static void
link_enqueue(struct link *l)
{
	struct timeval	 now = { 0, 0 };
	struct link	*other;

	if (l->queued)
		return;
	if (l->events != 0)
		event_del(&l->ev);
	l->events = 0;
	l->queued = l->favoured ? 2 : 1;
	nhandshakes++;
	TAILQ_FOREACH(other, &handshakes, queue)
		if (other->queued < l->queued)
			break;
	if (other != NULL)
		TAILQ_INSERT_BEFORE(other, l, queue);
	else
		TAILQ_INSERT_TAIL(&handshakes, l, queue);
	if (turning)
		return;
	turning = 1;
	evtimer_set(&turn, handshakes_turn, NULL);
	event_priority_set(&turn, PRIO_STRANGER);
	evtimer_add(&turn, &now);
}

static void
link_dequeue(struct link *l)
{
	if (!l->queued)
		return;
	TAILQ_REMOVE(&handshakes, l, queue);
	l->queued = 0;
	nhandshakes--;
}

static void
handshakes_turn(int fd, short events, void *arg)
{
	struct timeval	 soon = { 0, 0 };
	struct monotime	 until = mono_add(mono_now(), TURN_TIME);
	struct link	*l;

	(void)fd;
	(void)events;
	(void)arg;
	turning = 0;
	while ((l = TAILQ_FIRST(&handshakes)) != NULL) {
		link_dequeue(l);
		link_handshake(l);
		if (mono_cmp(mono_now(), until) >= 0)
			break;
	}
	if (TAILQ_EMPTY(&handshakes) || turning)
		return;
	turning = 1;
	evtimer_add(&turn, &soon);
}

/* Memory for TLS is spent on who has something to say. */
static int
link_secure(struct link *l)
{
	if (l->server)
		return (tls_accept_socket(server, &l->tls, l->fd));
	if ((l->tls = tls_client()) == NULL ||
	    tls_configure(l->tls, client_config) == -1)
		return (-1);
	return (tls_connect_socket(l->tls, l->fd, NULL));
}

static void
link_handshake(struct link *l)
{
	const char	*why;
	int		 rc;

	/* A check that this port answers is no attempt to get in. */
	if (l->tls == NULL && l->server && link_is_silent(l)) {
		link_end(l, "closed without a word");
		return;
	}
	if (l->tls == NULL && link_secure(l) == -1) {
		link_end(l, "TLS set-up failed");
		return;
	}
	if ((rc = tls_handshake(l->tls)) == TLS_WANT_POLLIN ||
	    rc == TLS_WANT_POLLOUT) {
		l->rwant = rc == TLS_WANT_POLLIN ? EV_READ : EV_WRITE;
		link_arm(l);
		return;
	}
	if (rc == -1) {
		link_end(l, link_error(l, "TLS"));
		return;
	}
	l->rwant = EV_READ;
	l->active = mono_now();
	l->state = LINK_OPEN;
	if ((why = link_identify(l)) != NULL ||
	    (why = l->ops->open(l)) != NULL)
		link_end(l, why);
	else
		link_io(l);
}

static int
link_is_silent(const struct link *l)
{
	ssize_t	 n;
	char	 c;

	n = recv(l->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);
	return (n == 0 || (n == -1 && errno == ECONNRESET));
}

static const char *
link_identify(struct link *l)
{
	const uint8_t	*pem;
	const char	*alpn;
	size_t		 len;

	if ((pem = tls_peer_cert_chain_pem(l->tls, &len)) == NULL)
		return ("no certificate");
	if (keys_certinfo((const char *)pem, len, &l->info) == -1)
		return ("unusable certificate");
	alpn = tls_conn_alpn_selected(l->tls);
	l->quptimed = alpn != NULL && strcmp(alpn, MESH_ALPN) == 0;
	return (NULL);
}

static void
link_io(struct link *l)
{
	struct monotime	 now = mono_now();
	const char	*why;
	int		 again = 0;

	if ((why = link_write(l, now)) != NULL ||
	    (why = link_read(l, now, &again)) != NULL) {
		link_end(l, why);
		return;
	}
	if (l->closing && TAILQ_EMPTY(&l->out)) {
		link_linger(l);
		return;
	}
	link_arm(l);
	if (again)
		link_clock(l, now);
}

static const char *
link_write(struct link *l, struct monotime now)
{
	struct ibuf	*buf;
	ssize_t		 n;
	size_t		 left = ROUND_BYTES;

	l->wwant = EV_WRITE;
	while ((buf = TAILQ_FIRST(&l->out)) != NULL && left > 0) {
		n = tls_write(l->tls, ibuf_data(buf), ibuf_size(buf));
		if (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT) {
			l->wwant = n == TLS_WANT_POLLIN ? EV_READ : EV_WRITE;
			break;
		}
		if (n == -1)
			return (link_error(l, "write"));
		l->active = l->moved = now;
		left -= (size_t)n < left ? (size_t)n : left;
		ibuf_skip(buf, n);
		if (ibuf_size(buf) > 0)
			continue;
		TAILQ_REMOVE(&l->out, buf, entry);
		ibuf_free(buf);
	}
	return (NULL);
}

static const char *
link_read(struct link *l, struct monotime now, int *again)
{
	const char	*why;
	void		*p;
	ssize_t		 n;
	size_t		 len, left;

	left = l->kind == &link_stranger ? ROUND_SMALL : ROUND_BYTES;
	while (link_reads(l)) {
		if (left == 0) {
			*again = 1;
			break;
		}
		if ((p = frame_room(&l->in, &len)) == NULL)
			return ("out of memory");
		n = tls_read(l->tls, p, len);
		if (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT) {
			l->rwant = n == TLS_WANT_POLLIN ? EV_READ : EV_WRITE;
			n = 0;
		} else if (n == 0)
			return (frame_begun(&l->in) ? "closed within a frame" :
			    "closed by the other side");
		else if (n == -1)
			/* Whoever goes between frames may go as he likes. */
			return (link_error(l, frame_begun(&l->in) ? "read" :
			    "closed"));
		left -= (size_t)n < left ? (size_t)n : left;
		if ((why = link_take(l, n, now)) != NULL)
			return (why);
		if (n == 0)
			break;
		l->rwant = EV_READ;
	}
	return (NULL);
}

static const char *
link_take(struct link *l, size_t n, struct monotime now)
{
	if (n > 0) {
		if (!frame_begun(&l->in))
			l->begun = now;
		l->active = now;
	}
	switch (frame_fill(&l->in, n, l->kind->frame_max)) {
	case FRAME_MORE:
		break;
	case FRAME_WHOLE:
		return (l->ops->frame(l, frame_take(&l->in)));
	case FRAME_LONG:
		snprintf(reason, sizeof(reason), "frame of %u bytes",
		    l->in.len);
		return (reason);
	case FRAME_MEMORY:
		return ("out of memory");
	}
	return (NULL);
}

/*
 * A socket that is closed with something unread resets the connection, and
 * what was sent is lost.
 */
static void
link_linger(struct link *l)
{
	(void)tls_close(l->tls);
	(void)shutdown(l->fd, SHUT_WR);
	l->state = LINK_LINGER;
	l->deadline = mono_add(mono_now(), LINGER_TIME);
	l->rwant = EV_READ;
	frame_clear(&l->in);
	link_drain(l);
}

static void
link_drain(struct link *l)
{
	char	 buf[4096];
	ssize_t	 n;
	int	 rounds = 4;

	do {
		n = recv(l->fd, buf, sizeof(buf), 0);
		if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
			link_end(l, "closed");
			return;
		}
	} while (n > 0 && --rounds > 0);
	link_arm(l);
}

static int
link_reads(const struct link *l)
{
	return (!l->deaf && !l->closing &&
	    engine_backlog() <= l->kind->backlog);
}

static const char *
link_overdue(const struct link *l, struct monotime now)
{
	if (mono_cmp(now, link_due(l)) < 0)
		return (NULL);
	switch (l->state) {
	case LINK_CONNECT:
		return ("connect: no answer");
	case LINK_HANDSHAKE:
		return ("TLS: no answer");
	case LINK_OPEN:
		if (!TAILQ_EMPTY(&l->out))
			return ("reads nothing");
		return (frame_begun(&l->in) ? "frame is late" : "idle");
	default:
		return ("closed");
	}
}

static struct monotime
link_due(const struct link *l)
{
	struct monotime	 due, t;

	if (l->state != LINK_OPEN)
		return (l->deadline);
	due.ns = INT64_MAX;
	if (!TAILQ_EMPTY(&l->out))
		due = mono_add(l->moved, MONO_SEC(l->kind->stall));
	else if (!frame_begun(&l->in) && !l->busy)
		due = mono_add(l->active, MONO_SEC(l->kind->idle));
	/* Not while it is we who do not read. */
	if (frame_begun(&l->in) && link_reads(l)) {
		t = mono_add(l->begun, MONO_SEC(l->kind->frame));
		if (mono_cmp(t, due) < 0)
			due = t;
	}
	return (due);
}

static void
link_arm(struct link *l)
{
	short	 events = 0;

	switch (l->state) {
	case LINK_CONNECT:
		events = EV_WRITE;
		break;
	case LINK_HANDSHAKE:
	case LINK_LINGER:
		events = l->queued ? 0 : l->rwant;
		break;
	case LINK_OPEN:
		if (link_reads(l))
			events |= l->rwant;
		if (!TAILQ_EMPTY(&l->out))
			events |= l->wwant;
		break;
	case LINK_CLOSED:
		return;
	}
	if (events != l->events) {
		if (l->events != 0)
			event_del(&l->ev);
		l->events = events;
		if (events != 0) {
			event_set(&l->ev, l->fd, events | EV_PERSIST,
			    link_event, l);
			event_priority_set(&l->ev, l->kind->priority);
			event_add(&l->ev, NULL);
		}
	}
	link_clock(l, link_due(l));
}

/* One that fires too early finds out; so it is seldom set anew. */
static void
link_clock(struct link *l, struct monotime due)
{
	struct timeval	 tv;

	if (due.ns == INT64_MAX ||
	    (l->timing && mono_cmp(l->armed, due) <= 0))
		return;
	l->armed = due;
	tv = mono_left(due, mono_now());
	if (!l->timing)
		event_priority_set(&l->timer, l->kind->priority);
	evtimer_add(&l->timer, &tv);
	l->timing = 1;
}

static void
link_end(struct link *l, const char *why)
{
	link_close(l);
	l->ops->end(l, why);
}

static const char *
link_error(struct link *l, const char *what)
{
	const char	*err = tls_error(l->tls);

	snprintf(reason, sizeof(reason), "%s: %s", what,
	    err != NULL ? err : "failed");
	return (reason);
}
