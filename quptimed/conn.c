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

#include <errno.h>
#include <event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tls.h>
#include <unistd.h>

#include "certs.h"
#include "conn.h"
#include "log.h"
#include "resolve.h"

#define CONN_POOL_MAX	256	/* idle ones kept */
#define CONN_ERR_MAX	512
#define DEADLINE_TEXT	"deadline exceeded (timeout)"

enum conn_state {
	CS_FAILED,		/* to be told from the event loop */
	CS_RESOLVE,
	CS_CONNECT,
	CS_HANDSHAKE,
	CS_OPEN
};

struct conn {
	LIST_ENTRY(conn)	  entry;
	struct event		  ev;
	struct resolve		  lookup;
	struct conn_req		  req;
	struct addr		  one;		/* when the host is a literal */
	struct addrs		 *addrs;	/* else */
	unsigned int		  next;		/* address to try */
	enum conn_state		  state;
	int			  fd;
	int			  error;	/* errno of the last attempt */
	struct tls		 *tls;
	char			 *text;		/* what went wrong, if a text */
	unsigned int		  quiet;	/* within conn_open() */
};

LIST_HEAD(conn_list, conn);

static struct tls_config *conn_config(const char *);
static struct conn	*conn_get(void);
static void		 conn_put(struct conn *);
static void		 conn_shut(struct conn *);
static void		 conn_resolved(struct addrs *, const char *, void *);
static void		 conn_next(struct conn *);
static int		 conn_try(struct conn *, struct addr);
static void		 conn_event(int, short, void *);
static void		 conn_timeout(struct conn *);
static void		 conn_connected(struct conn *);
static void		 conn_secure(struct conn *);
static int		 conn_name(struct conn *);
static void		 conn_handshake(struct conn *);
static const char	*conn_verify(struct conn *);
static void		 conn_run(struct conn *);
static void		 conn_arm(struct conn *, enum io);
static void		 conn_wait(struct conn *, short, struct monotime);
static const struct addr *
			 conn_addr(const struct conn *, unsigned int);
static unsigned int	 conn_naddrs(const struct conn *);
static const char	*conn_peer(const struct conn *, char *, size_t);
static void		 conn_lost(struct conn *);
static void		 conn_finish(struct conn *, enum conn_end,
			    const char *);
static enum io		 conn_tls_io(struct conn *, ssize_t, size_t *);

static struct conn_list		 pool = LIST_HEAD_INITIALIZER(pool);
static unsigned int		 npool;
static struct tls_config	*tlsconf;	/* CONN_TLS */
static struct tls_config	*anyconf;	/* CONN_TLS_ANY */

void
conn_init(void)
{
	if (tls_init() == -1)
		fatalx("tls_init");
	tlsconf = conn_config("compat");
	/*
	 * What a server's certificate says can be read however weak its keys
	 * and signatures are.  LibreSSL may know no levels of security.
	 */
	if ((anyconf = conn_config("ALL:!aNULL:!eNULL:@SECLEVEL=0")) == NULL)
		anyconf = conn_config("compat");
	if (tlsconf == NULL || anyconf == NULL)
		fatalx("tls_config");
}

void
conn_shutdown(void)
{
	struct conn	*c;

	while ((c = LIST_FIRST(&pool)) != NULL) {
		LIST_REMOVE(c, entry);
		free(c);
	}
	npool = 0;
	tls_config_free(tlsconf);
	tls_config_free(anyconf);
	tlsconf = anyconf = NULL;
}

int
conn_is_local(int error)
{
	return (error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM || error == EADDRNOTAVAIL);
}

/* NULL when the library does not take these ciphers. */
static struct tls_config *
conn_config(const char *ciphers)
{
	struct tls_config	*conf;

	if ((conf = tls_config_new()) == NULL)
		return (NULL);
	/* The chain is verified by certs.c. */
	tls_config_insecure_noverifycert(conf);
	tls_config_insecure_noverifyname(conf);
	if (tls_config_set_protocols(conf,
	    TLS_PROTOCOL_TLSv1_2 | TLS_PROTOCOL_TLSv1_3) == -1 ||
	    tls_config_set_ciphers(conf, ciphers) == -1) {
		tls_config_free(conf);
		return (NULL);
	}
	return (conf);
}

struct conn *
conn_open(const struct conn_req *req)
{
	struct conn	*c;

	if ((c = conn_get()) == NULL)
		return (NULL);
	c->req = *req;
	c->quiet = 1;
	if (req->addr != NULL)
		c->one = *req->addr;
	else if (addr_parse(req->host, req->port, &c->one) == -1 &&
	    (c->addrs = resolve_known(req->host, req->servers)) == NULL) {
		c->state = CS_RESOLVE;
		if (resolve_start(&c->lookup, req->host, req->servers,
		    conn_resolved, c) == -1) {
			conn_put(c);
			return (NULL);
		}
		conn_wait(c, 0, req->deadline);
		c->quiet = 0;
		return (c);
	}
	conn_next(c);
	c->quiet = 0;
	return (c);
}

void
conn_close(struct conn *c)
{
	conn_put(c);
}

enum io
conn_read(struct conn *c, void *buf, size_t len, size_t *n)
{
	ssize_t	 r;

	if (c->tls != NULL)
		return (conn_tls_io(c, tls_read(c->tls, buf, len), n));
	if ((r = recv(c->fd, buf, len, 0)) == -1) {
		if (errno == EAGAIN || errno == EINTR)
			return (IO_READ);
		return (conn_fail(c, strerror(errno)));
	}
	*n = r;
	return (IO_DONE);
}

enum io
conn_write(struct conn *c, const void *buf, size_t len, size_t *n)
{
	ssize_t	 r;

	if (c->tls != NULL)
		return (conn_tls_io(c, tls_write(c->tls, buf, len), n));
	if ((r = send(c->fd, buf, len, MSG_NOSIGNAL)) == -1) {
		if (errno == EAGAIN || errno == EINTR)
			return (IO_WRITE);
		return (conn_fail(c, strerror(errno)));
	}
	*n = r;
	return (IO_DONE);
}

int
conn_cert_times(struct conn *c, time_t *from, time_t *to)
{
	if (c->tls == NULL || !tls_peer_cert_provided(c->tls))
		return (-1);
	*from = tls_peer_cert_notbefore(c->tls);
	*to = tls_peer_cert_notafter(c->tls);
	return (*from == -1 || *to == -1 ? -1 : 0);
}

enum io
conn_fail(struct conn *c, const char *text)
{
	free(c->text);
	c->text = text != NULL ? strdup(text) : NULL;
	return (IO_FAIL);
}

static struct conn *
conn_get(void)
{
	struct conn	*c;

	if ((c = LIST_FIRST(&pool)) != NULL) {
		LIST_REMOVE(c, entry);
		npool--;
	} else if ((c = malloc(sizeof(*c))) == NULL)
		return (NULL);
	memset(c, 0, sizeof(*c));
	c->fd = -1;
	evtimer_set(&c->ev, conn_event, c);
	return (c);
}

static void
conn_put(struct conn *c)
{
	resolve_cancel(&c->lookup);
	conn_shut(c);
	addrs_unref(c->addrs);
	free(c->text);
	if (npool >= CONN_POOL_MAX) {
		free(c);
		return;
	}
	LIST_INSERT_HEAD(&pool, c, entry);
	npool++;
}

static void
conn_shut(struct conn *c)
{
	event_del(&c->ev);
	tls_free(c->tls);
	c->tls = NULL;
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
}

static void
conn_resolved(struct addrs *addrs, const char *err, void *arg)
{
	struct conn	*c = arg;
	char		 text[CONN_ERR_MAX];

	event_del(&c->ev);
	if (addrs == NULL) {
		snprintf(text, sizeof(text), "resolve %s: %s", c->req.host,
		    err);
		conn_finish(c, CONN_FAILED, text);
		return;
	}
	c->addrs = addrs_ref(addrs);
	conn_next(c);
}

/* Tries the addresses that are left until one does not fail at once. */
static void
conn_next(struct conn *c)
{
	struct monotime	 left, now;
	unsigned int	 n;

	c->state = CS_CONNECT;
	while (c->next < (n = conn_naddrs(c))) {
		if (conn_try(c, *conn_addr(c, c->next++)) == -1) {
			if (conn_is_local(c->error))
				break;
			continue;
		}
		/* An address that swallows packets leaves time for others. */
		now = mono_now();
		left = mono_sub(c->req.deadline, now);
		left.ns /= n - c->next + 1;
		conn_wait(c, EV_WRITE, mono_add(now, left));
		return;
	}
	conn_lost(c);
}

static int
conn_try(struct conn *c, struct addr a)
{
	addr_setport(&a, c->req.port);
	c->fd = socket(a.u.sa.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd == -1) {
		c->error = errno;
		return (-1);
	}
	if (connect(c->fd, &a.u.sa, addr_len(&a)) == 0 ||
	    errno == EINPROGRESS)
		return (0);
	c->error = errno;
	close(c->fd);
	c->fd = -1;
	return (-1);
}

static void
conn_event(int fd, short events, void *arg)
{
	struct conn	*c = arg;

	(void)fd;
	if (c->state == CS_FAILED) {
		conn_lost(c);
		return;
	}
	if ((events & (EV_READ | EV_WRITE)) == 0 && c->state != CS_OPEN) {
		conn_timeout(c);
		return;
	}
	if (mono_cmp(mono_now(), c->req.deadline) >= 0) {
		conn_finish(c, CONN_TIMEOUT, DEADLINE_TEXT);
		return;
	}
	switch (c->state) {
	case CS_CONNECT:
		conn_connected(c);
		break;
	case CS_HANDSHAKE:
		conn_handshake(c);
		break;
	default:
		conn_run(c);
		break;
	}
}

static void
conn_timeout(struct conn *c)
{
	char	 text[CONN_ERR_MAX], to[ADDR_STRLEN];

	switch (c->state) {
	case CS_RESOLVE:
		snprintf(text, sizeof(text), "resolve %s: " DEADLINE_TEXT,
		    c->req.host);
		break;
	case CS_CONNECT:
		conn_shut(c);
		if (c->next < conn_naddrs(c)) {
			conn_next(c);
			return;
		}
		snprintf(text, sizeof(text), "connect %s: " DEADLINE_TEXT,
		    conn_peer(c, to, sizeof(to)));
		break;
	default:
		strlcpy(text, "tls handshake: " DEADLINE_TEXT, sizeof(text));
		break;
	}
	conn_finish(c, CONN_TIMEOUT, text);
}

static void
conn_connected(struct conn *c)
{
	socklen_t	 len = sizeof(c->error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &c->error, &len) == -1)
		c->error = errno;
	if (c->error != 0) {
		conn_shut(c);
		conn_next(c);
		return;
	}
	if (c->req.tls != CONN_PLAIN) {
		conn_secure(c);
		return;
	}
	c->state = CS_OPEN;
	conn_run(c);
}

/* From plain TCP to TLS: at once, or when the protocol comes to it. */
static void
conn_secure(struct conn *c)
{
	if ((c->tls = tls_client()) == NULL ||
	    tls_configure(c->tls, c->req.tls == CONN_TLS ? tlsconf :
	    anyconf) == -1 || conn_name(c) == -1) {
		conn_finish(c, CONN_LOCAL, "TLS set-up failed");
		return;
	}
	c->state = CS_HANDSHAKE;
	conn_handshake(c);
}

/* The name to ask for, no address and without dot at its end: RFC 6066, 3. */
static int
conn_name(struct conn *c)
{
	const char	*host;
	char		*name;
	size_t		 n;
	int		 r;

	host = c->req.sni != NULL ? c->req.sni :
	    c->addrs != NULL ? c->req.host : "";
	n = strlen(host);
	if (n > 0 && host[n - 1] == '.')
		n--;
	if ((name = strndup(host, n)) == NULL)
		return (-1);
	r = tls_connect_socket(c->tls, c->fd, n > 0 ? name : NULL);
	free(name);
	return (r);
}

static void
conn_handshake(struct conn *c)
{
	char		 text[CONN_ERR_MAX], why[CONN_ERR_MAX / 2];
	const char	*err;

	switch (tls_handshake(c->tls)) {
	case 0:
		break;
	case TLS_WANT_POLLIN:
		conn_arm(c, IO_READ);
		return;
	case TLS_WANT_POLLOUT:
		conn_arm(c, IO_WRITE);
		return;
	default:
		tls_plain(tls_error(c->tls), why, sizeof(why));
		snprintf(text, sizeof(text), "tls: %s", why);
		conn_finish(c, CONN_FAILED, text);
		return;
	}
	if (c->req.tls == CONN_TLS && (err = conn_verify(c)) != NULL) {
		snprintf(text, sizeof(text), "tls: %s", err);
		conn_finish(c, CONN_FAILED, text);
		return;
	}
	c->state = CS_OPEN;
	conn_run(c);
}

static const char *
conn_verify(struct conn *c)
{
	const uint8_t	*pem;
	size_t		 len;

	if ((pem = tls_peer_cert_chain_pem(c->tls, &len)) == NULL)
		return ("peer presented no certificate");
	return (certs_verify(pem, len, c->req.host));
}

static void
conn_run(struct conn *c)
{
	if (c->req.step == NULL)
		conn_finish(c, CONN_OK, NULL);
	else
		conn_arm(c, c->req.step(c, c->req.arg));
}

static void
conn_arm(struct conn *c, enum io io)
{
	struct timeval	 now = { 0, 0 };

	switch (io) {
	case IO_READ:
		conn_wait(c, EV_READ, c->req.deadline);
		break;
	case IO_WRITE:
		conn_wait(c, EV_WRITE, c->req.deadline);
		break;
	case IO_AGAIN:
		evtimer_set(&c->ev, conn_event, c);
		evtimer_add(&c->ev, &now);
		break;
	case IO_TLS:
		c->req.tls = CONN_TLS;
		conn_secure(c);
		break;
	case IO_DONE:
		conn_finish(c, CONN_OK, NULL);
		break;
	case IO_FAIL:
		conn_finish(c, CONN_FAILED,
		    c->text != NULL ? c->text : "out of memory");
		break;
	}
}

/* Waits for events, or for the time alone when there are none. */
static void
conn_wait(struct conn *c, short events, struct monotime until)
{
	struct timeval	 tv;

	tv = mono_left(until, mono_now());
	event_set(&c->ev, events != 0 ? c->fd : -1, events, conn_event, c);
	event_add(&c->ev, &tv);
}

static const struct addr *
conn_addr(const struct conn *c, unsigned int i)
{
	return (c->addrs != NULL ? &c->addrs->a[i] : &c->one);
}

static unsigned int
conn_naddrs(const struct conn *c)
{
	return (c->addrs != NULL ? c->addrs->n : 1);
}

/* The address tried last, with the port. */
static const char *
conn_peer(const struct conn *c, char *buf, size_t len)
{
	struct addr	 a;

	a = *conn_addr(c, c->next - 1);
	addr_setport(&a, c->req.port);
	return (addr_format(&a, buf, len));
}

/* No address is left; told from the event loop, where the caller expects it. */
static void
conn_lost(struct conn *c)
{
	char	 text[CONN_ERR_MAX], to[ADDR_STRLEN];

	if (c->quiet) {
		c->state = CS_FAILED;
		conn_arm(c, IO_AGAIN);
		return;
	}
	snprintf(text, sizeof(text), "connect %s: %s",
	    conn_peer(c, to, sizeof(to)), strerror(c->error));
	conn_finish(c, conn_is_local(c->error) ? CONN_LOCAL : CONN_FAILED,
	    text);
}

/* The one way out. */
static void
conn_finish(struct conn *c, enum conn_end end, const char *text)
{
	/* As good manners have it; it never waits. */
	if (end == CONN_OK && c->tls != NULL)
		tls_close(c->tls);
	conn_shut(c);
	c->req.done(c, end, text, c->req.arg);
	conn_put(c);
}

static enum io
conn_tls_io(struct conn *c, ssize_t r, size_t *n)
{
	const char	*err;

	if (r == TLS_WANT_POLLIN)
		return (IO_READ);
	if (r == TLS_WANT_POLLOUT)
		return (IO_WRITE);
	if (r == -1) {
		err = tls_error(c->tls);
		return (conn_fail(c, err != NULL ? err : "TLS failed"));
	}
	*n = r;
	return (IO_DONE);
}
