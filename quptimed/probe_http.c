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

#include <stdlib.h>
#include <string.h>

#include "httpc.h"
#include "prober.h"
#include "quptimed.h"

#define HTTP_REDIRECTS	10

/*
 * The end of what came so far stays in seam, and the next piece's beginning
 * behind it, so that a text across two pieces is found without keeping them.
 */
struct scan {
	const char	*text;
	size_t		 len;
	size_t		 seen;
	size_t		 tail;		/* bytes in seam, fewer than len */
	int		 found;
	char		 seam[];	/* 2 * (len - 1), then text */
};

static int	 http_prepare(struct probe *, const struct check *);
static void	 http_start(struct probe *);
static void	 http_cancel(struct probe *);
static int	 http_sink(int, const void *, size_t, void *);
static void	 http_done(const struct httpc_res *, void *);
static void	 http_failed(struct probe *, const struct httpc_res *);

const struct probe_ops	 probe_http_ops = {
	http_prepare,
	http_start,
	http_cancel
};

static int
http_prepare(struct probe *p, const struct check *c)
{
	if ((p->target = strdup(str(c->target))) == NULL)
		return (-1);
	p->expect = c->expect_status != 0 ? c->expect_status :
	    DEFAULT_EXPECT_STATUS;
	if (*str(c->body_match) != '\0' &&
	    (p->scan = scan_new(c->body_match)) == NULL)
		return (-1);
	return (0);
}

static void
http_start(struct probe *p)
{
	struct httpc_req	 req;

	memset(&req, 0, sizeof(req));
	req.method = "GET";
	req.url = p->target;
	req.redirects = HTTP_REDIRECTS;
	req.servers = probe_servers(p);
	req.deadline = probe_deadline(p);
	if (p->scan != NULL) {
		scan_reset(p->scan);
		req.sink = http_sink;
	}
	if ((p->job = httpc_start(&req, http_done, p)) == NULL)
		probe_done(p, PROBE_CANNOT, "out of memory");
}

static void
http_cancel(struct probe *p)
{
	httpc_cancel(p->job);
}

/* With another status than the wanted one the body matters no more. */
static int
http_sink(int status, const void *data, size_t len, void *arg)
{
	struct probe	*p = arg;

	if (status != p->expect)
		return (1);
	return (data != NULL && scan_feed(p->scan, data, len));
}

static void
http_done(const struct httpc_res *res, void *arg)
{
	struct probe	*p = arg;

	if (res->status != 0 && res->status != p->expect)
		probe_done(p, PROBE_FAIL, "status %d%s%s", res->status,
		    *res->reason != '\0' ? " " : "", res->reason);
	else if (res->err != NULL)
		http_failed(p, res);
	else if (p->scan != NULL && !scan_found(p->scan))
		probe_done(p, PROBE_FAIL, "body match miss%s", res->encoded ?
		    " (it is compressed, which was not asked for)" : "");
	else
		probe_done(p, PROBE_OK, NULL);
}

static void
http_failed(struct probe *p, const struct httpc_res *res)
{
	int	 verdict;

	verdict = res->local ? PROBE_CANNOT : PROBE_FAIL;
	switch (res->stage) {
	case HTTPC_URL:
		probe_done(p, verdict, "build request: %s", res->err);
		break;
	case HTTPC_HEAD:
		probe_done(p, verdict, "Get \"%s\": %s", res->url, res->err);
		break;
	case HTTPC_BODY:
		probe_done(p, verdict, "read body: %s", res->err);
		break;
	}
}

struct scan *
scan_new(const char *text)
{
	struct scan	*s;
	size_t		 n;

	n = strlen(text);
	if ((s = calloc(1, sizeof(*s) + 2 * (n - 1) + n)) == NULL)
		return (NULL);
	s->len = n;
	s->text = memcpy(s->seam + 2 * (n - 1), text, n);
	return (s);
}

void
scan_reset(struct scan *s)
{
	s->seen = s->tail = 0;
	s->found = 0;
}

int
scan_feed(struct scan *s, const char *p, size_t n)
{
	size_t	 join, keep;

	if (n > SCAN_MAX - s->seen)
		n = SCAN_MAX - s->seen;
	s->seen += n;
	join = n < s->len - 1 ? n : s->len - 1;
	memcpy(s->seam + s->tail, p, join);
	if (memmem(s->seam, s->tail + join, s->text, s->len) != NULL ||
	    memmem(p, n, s->text, s->len) != NULL)
		s->found = 1;
	/* The last len - 1 bytes of what was joined, or of this piece. */
	keep = s->len - 1;
	if (n >= keep)
		memcpy(s->seam, p + n - keep, keep);
	else {
		if (s->tail + n < keep)
			keep = s->tail + n;
		memmove(s->seam, s->seam + s->tail + n - keep, keep);
	}
	s->tail = keep;
	return (s->found || s->seen >= SCAN_MAX);
}

int
scan_found(const struct scan *s)
{
	return (s->found);
}
