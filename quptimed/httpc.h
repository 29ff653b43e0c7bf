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

#ifndef HTTPC_H
#define HTTPC_H

#include <stddef.h>

#include "monotime.h"

/*
 * One HTTP/1.1 request and its answer over conn.c and http1.c, for prober and
 * notifier: http and https, non-blocking on libevent, under one deadline that
 * no redirect or retry extends.
 */
struct httpc;
struct servers;

/* How far it came. */
enum httpc_stage {
	HTTPC_URL,	/* the URL is unusable */
	HTTPC_HEAD,	/* up to the end of the header */
	HTTPC_BODY
};

struct httpc_req {
	const char	*method;		/* "GET", "POST" */
	const char	*url;			/* http:// or https:// */
	const char	*content_type;		/* with a body */
	const void	*body;
	size_t		 bodylen;
	int		 redirects;		/* followed at most; 0: none */
	size_t		 keep;			/* body bytes kept; 0: stop */
						/* after the header */
	struct servers	*servers;		/* to ask; NULL: the system's */
	/*
	 * Takes the body piece by piece in place of keep, after one call with
	 * the status and NULL when the header is complete; returns 1 when it
	 * has seen enough, which ends the request well.  May be NULL.
	 */
	int		(*sink)(int, const void *, size_t, void *);
	struct monotime	 deadline;
};

/* Valid during the callback only. */
struct httpc_res {
	const char	*err;		/* NULL: there is an answer */
	int		 timeout;	/* err came of the deadline */
	int		 local;		/* err is this node's own lack */
	enum httpc_stage stage;
	const char	*url;		/* the last one, its password masked */
	int		 status;	/* 0 when it did not come so far */
	int		 encoded;	/* the body: compressed unasked */
	const char	*reason;	/* as sent, made safe for a log */
	const char	*body;		/* decoded from chunks, NUL-ended */
	size_t		 bodylen;
	int		 truncated;	/* the body was longer than keep */
	long		 retry_after;	/* seconds; -1 when not sent */
	struct monotime	 elapsed;
};

/* Name resolution and connections too; before the sandbox. */
void		 httpc_init(void);
void		 httpc_shutdown(void);
/*
 * The request's strings are copied.  The callback is called exactly once, from
 * the event loop, and the handle is gone after it.  NULL when out of memory.
 */
struct httpc	*httpc_start(const struct httpc_req *,
		    void (*)(const struct httpc_res *, void *), void *);
/* Ends it without a callback. */
void		 httpc_cancel(struct httpc *);
/* The CA bundle for https, PEM; read when first needed.  Takes the fd. */
void		 httpc_set_ca(int);

#endif /* HTTPC_H */
