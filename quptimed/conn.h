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

#ifndef CONN_H
#define CONN_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "monotime.h"

/*
 * A TCP or TLS connection to somebody else's server, non-blocking on libevent:
 * resolve, connect to one address after the other, hand-shake, then the user's
 * steps.  One deadline bounds it all and nothing extends it.
 */

/* What a step waits for. */
enum io {
	IO_DONE,
	IO_READ,
	IO_WRITE,
	IO_AGAIN,	/* more to do, after everybody else had a turn */
	IO_TLS,		/* CONN_TLS from here on, then the next step */
	IO_FAIL
};

enum conn_end {
	CONN_OK,
	CONN_FAILED,	/* the other side, or the way to it */
	CONN_TIMEOUT,
	CONN_LOCAL	/* this node is out of something */
};

enum conn_tls {
	CONN_PLAIN,
	CONN_TLS,	/* verified for the host */
	CONN_TLS_ANY	/* whoever answers, even with ciphers long outdated */
};

struct addr;
struct conn;
struct servers;

struct conn_req {
	const char	*host;		/* must outlive the connection */
	const struct addr *addr;	/* host is this literal; copied */
	uint16_t	 port;
	enum conn_tls	 tls;
	const char	*sni;		/* server name; NULL: the host */
	struct servers	*servers;
	struct monotime	 deadline;
	/* NULL: done as soon as connected. */
	enum io		(*step)(struct conn *, void *);
	/*
	 * Called once, from the event loop, with the reason unless CONN_OK.
	 * The connection is gone after it.
	 */
	void		(*done)(struct conn *, enum conn_end, const char *,
			    void *);
	void		*arg;
};

/* Before the sandbox; fatal when it fails. */
void		 conn_init(void);
void		 conn_shutdown(void);
/* NULL when out of memory. */
struct conn	*conn_open(const struct conn_req *);
/* Ends it without a callback. */
void		 conn_close(struct conn *);
/*
 * IO_DONE and the number of bytes, 0 at the end of the stream; or what to wait
 * for; or IO_FAIL, which the step returns as it is.
 */
enum io		 conn_read(struct conn *, void *, size_t, size_t *);
enum io		 conn_write(struct conn *, const void *, size_t, size_t *);
/*
 * From when to when the server's certificate is valid.  0, -1 when it sent
 * none, or one with times that cannot be read.
 */
int		 conn_cert_times(struct conn *, time_t *, time_t *);
/* Whether an errno says nothing about the other side. */
int		 conn_is_local(int);
/* For a step that fails by itself: the text is kept; returns IO_FAIL. */
enum io		 conn_fail(struct conn *, const char *);

/*
 * tlstext.c: what the TLS library says of a handshake that failed, as a plain
 * sentence.  Returns the buffer.
 */
const char	*tls_plain(const char *, char *, size_t);

#endif /* CONN_H */
