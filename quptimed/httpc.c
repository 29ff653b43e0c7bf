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

#include <event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "conn.h"
#include "fmt.h"
#include "http1.h"
#include "httpc.h"
#include "resolve.h"
#include "url.h"

#define HTTPC_READ_SIZE	(16 * 1024)
#define HTTPC_ROUNDS	16	/* reads before others have a turn */
#define HTTPC_OUT_KEEP	4096	/* of the request buffer between uses */
#define HTTPC_POOL_MAX	256	/* idle ones kept */
#define HTTPC_ERR_MAX	512

struct httpc {
	LIST_ENTRY(httpc)	  entry;
	struct conn		 *conn;
	struct url		  url;
	struct http1		  in;
	struct event		  later;	/* for what fails at once */
	char			 *out;
	size_t			  outcap;
	size_t			  outlen;
	size_t			  outoff;
	const char		 *method;
	char			 *content_type;
	char			 *reqbody;
	size_t			  reqbodylen;
	char			 *body;
	size_t			  bodylen;
	size_t			  bodycap;
	size_t			  keep;
	int			  truncated;
	int			  max_redirects;
	int			  redirects;
	int			  follow;
	enum httpc_stage	  stage;
	struct servers		 *servers;
	struct monotime		  start;
	struct monotime		  deadline;
	const char		 *err;
	int			(*sink)(int, const void *, size_t, void *);
	void			(*cb)(const struct httpc_res *, void *);
	void			 *arg;
};

LIST_HEAD(httpc_list, httpc);

static struct httpc	*httpc_get(void);
static void		 httpc_put(struct httpc *);
static int		 httpc_copy(struct httpc *, const struct httpc_req *);
static int		 httpc_open(struct httpc *);
static void		 httpc_failed(int, short, void *);
static enum io		 httpc_step(struct conn *, void *);
static enum io		 httpc_feed(struct httpc *, const char *, size_t);
static int		 httpc_body(struct httpc *, const char *, size_t);
static int		 httpc_wants_redirect(const struct httpc *);
static void		 httpc_done(struct conn *, enum conn_end, const char *,
			    void *);
static int		 httpc_redirect(struct httpc *);
static void		 httpc_finish(struct httpc *, enum conn_end,
			    const char *);

static struct httpc_list	 pool = LIST_HEAD_INITIALIZER(pool);
static unsigned int		 npool;

void
httpc_init(void)
{
	resolve_init(RESOLVE_CHANNELS);
	conn_init();
}

void
httpc_shutdown(void)
{
	struct httpc	*h;

	while ((h = LIST_FIRST(&pool)) != NULL) {
		LIST_REMOVE(h, entry);
		url_clear(&h->url);
		http1_free(&h->in);
		freezero(h->out, h->outcap);
		free(h);
	}
	npool = 0;
	conn_shutdown();
	resolve_shutdown();
	certs_shutdown();
}

void
httpc_set_ca(int fd)
{
	certs_set_ca(fd);
}

struct httpc *
httpc_start(const struct httpc_req *req,
    void (*cb)(const struct httpc_res *, void *), void *arg)
{
	struct httpc	*h;
	struct timeval	 now = { 0, 0 };

	if ((h = httpc_get()) == NULL)
		return (NULL);
	h->cb = cb;
	h->arg = arg;
	if (httpc_copy(h, req) == -1) {
		httpc_put(h);
		return (NULL);
	}
	if (url_parse(&h->url, req->url, &h->err) == -1 ||
	    httpc_open(h) == -1)
		evtimer_add(&h->later, &now);
	return (h);
}

void
httpc_cancel(struct httpc *h)
{
	httpc_put(h);
}

static struct httpc *
httpc_get(void)
{
	struct httpc	*h;

	if ((h = LIST_FIRST(&pool)) != NULL) {
		LIST_REMOVE(h, entry);
		npool--;
	} else if ((h = calloc(1, sizeof(*h))) == NULL)
		return (NULL);
	evtimer_set(&h->later, httpc_failed, h);
	return (h);
}

/* What a next use would only have to allocate again is kept, without data. */
static void
httpc_put(struct httpc *h)
{
	struct httpc	 old;

	if (h->out != NULL)
		explicit_bzero(h->out, h->outlen);
	if (h->url.buf != NULL)
		explicit_bzero(h->url.buf, h->url.cap);
	if (h->conn != NULL)
		conn_close(h->conn);
	evtimer_del(&h->later);
	http1_init(&h->in, 0);
	free(h->content_type);
	freezero(h->reqbody, h->reqbodylen);
	freezero(h->body, h->bodycap);
	servers_unref(h->servers);
	if (h->outcap > HTTPC_OUT_KEEP || h->url.cap > URL_MAX ||
	    npool >= HTTPC_POOL_MAX) {
		freezero(h->out, h->outcap);
		url_clear(&h->url);
		h->out = NULL;
		h->outcap = 0;
	}
	if (npool >= HTTPC_POOL_MAX) {
		http1_free(&h->in);
		free(h);
		return;
	}
	old = *h;
	memset(h, 0, sizeof(*h));
	h->url.buf = old.url.buf;
	h->url.cap = old.url.cap;
	h->in = old.in;
	h->out = old.out;
	h->outcap = old.outcap;
	LIST_INSERT_HEAD(&pool, h, entry);
	npool++;
}

static int
httpc_copy(struct httpc *h, const struct httpc_req *req)
{
	/* The few methods there are outlive any request. */
	h->method = strcmp(req->method, "POST") == 0 ? "POST" :
	    strcmp(req->method, "HEAD") == 0 ? "HEAD" : "GET";
	h->keep = req->keep;
	h->sink = req->sink;
	h->max_redirects = req->redirects;
	h->deadline = req->deadline;
	h->start = mono_now();
	h->servers = servers_ref(req->servers);
	if (req->content_type == NULL)
		return (0);
	if ((h->content_type = strdup(req->content_type)) == NULL ||
	    (h->reqbody = malloc(req->bodylen + 1)) == NULL)
		return (-1);
	memcpy(h->reqbody, req->body, req->bodylen);
	h->reqbodylen = req->bodylen;
	return (0);
}

/* Opens the connection for url and prepares what will be sent over it. */
static int
httpc_open(struct httpc *h)
{
	struct http1_req	 r;
	struct conn_req		 c;

	memset(&r, 0, sizeof(r));
	r.method = h->method;
	r.target = h->url.target;
	r.host = h->url.hostport;
	r.auth = h->url.auth;
	r.content_type = h->content_type;
	r.body = h->reqbody;
	r.bodylen = h->reqbodylen;
	h->stage = HTTPC_HEAD;
	h->outoff = 0;
	http1_init(&h->in, strcmp(h->method, "HEAD") == 0);
	memset(&c, 0, sizeof(c));
	c.host = h->url.host;
	c.port = h->url.port;
	c.tls = h->url.tls ? CONN_TLS : CONN_PLAIN;
	c.servers = h->servers;
	c.deadline = h->deadline;
	c.step = httpc_step;
	c.done = httpc_done;
	c.arg = h;
	if ((h->outlen = http1_request(&r, &h->out, &h->outcap)) == 0 ||
	    (h->conn = conn_open(&c)) == NULL) {
		h->err = "out of memory";
		return (-1);
	}
	return (0);
}

static void
httpc_failed(int fd, short events, void *arg)
{
	struct httpc	*h = arg;

	(void)fd;
	(void)events;
	httpc_finish(h, h->stage == HTTPC_URL ? CONN_FAILED : CONN_LOCAL,
	    h->err);
}

static enum io
httpc_step(struct conn *c, void *arg)
{
	static char	 buf[HTTPC_READ_SIZE];
	struct httpc	*h = arg;
	enum io		 io;
	size_t		 n;
	int		 i;

	while (h->outoff < h->outlen) {
		io = conn_write(c, h->out + h->outoff, h->outlen - h->outoff,
		    &n);
		if (io != IO_DONE)
			return (io);
		h->outoff += n;
		if (h->outoff == h->outlen)
			return (IO_READ);
	}
	for (i = 0; i < HTTPC_ROUNDS; i++) {
		if ((io = conn_read(c, buf, sizeof(buf), &n)) != IO_DONE)
			return (io);
		if (n == 0 && http1_eof(&h->in) == HTTP1_END)
			return (IO_DONE);
		if ((io = httpc_feed(h, buf, n)) == IO_FAIL)
			return (conn_fail(c, h->in.err));
		if (io != IO_AGAIN)
			return (io);
	}
	return (IO_AGAIN);
}

/* IO_AGAIN: there may be more; IO_DONE: all there is or all that is wanted. */
static enum io
httpc_feed(struct httpc *h, const char *p, size_t n)
{
	const char	*piece;
	size_t		 len;
	int		 r;

	for (;;) {
		switch (http1_next(&h->in, &p, &n, &piece, &len)) {
		case HTTP1_MORE:
			return (IO_AGAIN);
		case HTTP1_HEAD:
			h->follow = httpc_wants_redirect(h);
			if (h->follow || (h->keep == 0 && h->sink == NULL))
				return (IO_DONE);
			h->stage = HTTPC_BODY;
			if (h->sink != NULL &&
			    h->sink(h->in.status, NULL, 0, h->arg) == 1)
				return (IO_DONE);
			break;
		case HTTP1_BODY:
			if ((r = httpc_body(h, piece, len)) == 1)
				return (IO_DONE);
			if (r == -1) {
				h->in.err = "out of memory";
				return (IO_FAIL);
			}
			break;
		case HTTP1_END:
			return (IO_DONE);
		case HTTP1_BAD:
			return (IO_FAIL);
		}
	}
}

/* 1 when no more of it is wanted; 0; -1 when out of memory. */
static int
httpc_body(struct httpc *h, const char *p, size_t n)
{
	char	*body;
	size_t	 cap;

	if (h->sink != NULL)
		return (h->sink(h->in.status, p, n, h->arg));
	if (n > h->keep - h->bodylen) {
		n = h->keep - h->bodylen;
		h->truncated = 1;
	}
	if (h->bodycap - h->bodylen < n + 1) {
		for (cap = 1024; cap < h->bodylen + n + 1; cap *= 2)
			continue;
		body = recallocarray(h->body, h->bodycap, cap, 1);
		if (body == NULL)
			return (-1);
		h->body = body;
		h->bodycap = cap;
	}
	memcpy(h->body + h->bodylen, p, n);
	h->bodylen += n;
	h->body[h->bodylen] = '\0';
	return (h->truncated);
}

/* Without a Location it is the answer, as with any other status. */
static int
httpc_wants_redirect(const struct httpc *h)
{
	if (h->in.location == NULL || h->max_redirects == 0)
		return (0);
	return (h->in.status == 301 || h->in.status == 302 ||
	    h->in.status == 303 || h->in.status == 307 || h->in.status == 308);
}

static void
httpc_done(struct conn *c, enum conn_end end, const char *err, void *arg)
{
	struct httpc	*h = arg;

	(void)c;
	h->conn = NULL;
	if (end == CONN_OK && h->follow) {
		h->follow = 0;
		if (httpc_redirect(h) == 0)
			return;
		end = CONN_FAILED;
		err = h->err;
	}
	httpc_finish(h, end, err);
}

static int
httpc_redirect(struct httpc *h)
{
	static char	 err[64];
	struct url	 next;
	char		*text;
	int		 r;

	if (++h->redirects > h->max_redirects) {
		snprintf(err, sizeof(err), "stopped after %d redirects",
		    h->max_redirects);
		h->err = err;
		return (-1);
	}
	if ((text = url_join(&h->url, h->in.location, &h->err)) == NULL)
		return (-1);
	memset(&next, 0, sizeof(next));
	r = url_parse(&next, text, &h->err);
	freezero(text, strlen(text));
	if (r == -1) {
		url_clear(&next);
		return (-1);
	}
	url_clear(&h->url);
	h->url = next;
	/* RFC 9110, 15.4: only 307 and 308 keep method and body. */
	if (h->in.status < 307 && strcmp(h->method, "POST") == 0) {
		h->method = "GET";
		free(h->content_type);
		freezero(h->reqbody, h->reqbodylen);
		h->content_type = h->reqbody = NULL;
		h->reqbodylen = 0;
	}
	return (httpc_open(h));
}

static void
httpc_finish(struct httpc *h, enum conn_end end, const char *err)
{
	struct httpc_res	 res;
	char			 reason[HTTP1_REASON_MAX * 4];
	char			 text[HTTPC_ERR_MAX], url[HTTPC_ERR_MAX];

	memset(&res, 0, sizeof(res));
	res.stage = h->stage;
	res.elapsed = mono_sub(mono_now(), h->start);
	res.retry_after = -1;
	res.body = "";
	if (end == CONN_OK || h->stage == HTTPC_BODY) {
		res.status = h->in.status;
		res.encoded = h->in.encoded;
	}
	res.url = "";
	if (h->stage != HTTPC_URL && h->url.shown != NULL)
		res.url = fmt_vis(h->url.shown, url, sizeof(url));
	if (end != CONN_OK) {
		res.err = fmt_vis(err, text, sizeof(text));
		res.timeout = end == CONN_TIMEOUT;
		res.local = end == CONN_LOCAL;
	} else {
		res.retry_after = h->in.retry_after;
		if (h->body != NULL)
			res.body = h->body;
		res.bodylen = h->bodylen;
		res.truncated = h->truncated;
	}
	res.reason = fmt_vis(h->in.reason, reason, sizeof(reason));
	h->cb(&res, h->arg);
	httpc_put(h);
}
