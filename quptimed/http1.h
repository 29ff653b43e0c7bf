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

#ifndef HTTP1_H
#define HTTP1_H

#include <stddef.h>
#include <stdint.h>

/*
 * HTTP/1.1 messages (RFC 9112): a strict incremental reader of responses and a
 * writer of requests.  Pure: no sockets, no clock, no log.
 */

#define HTTP1_LINES_MAX		100	/* header and trailer lines */
#define HTTP1_HEAD_MAX		(64 * 1024)
#define HTTP1_CHUNKLINE_MAX	1024	/* chunk size with extensions */
#define HTTP1_REASON_MAX	128
#define HTTP1_LOCATION_MAX	8192

enum http1_event {
	HTTP1_MORE,	/* needs more input */
	HTTP1_HEAD,	/* the header is complete */
	HTTP1_BODY,	/* a piece of the body */
	HTTP1_END,
	HTTP1_BAD	/* see err */
};

enum http1_state {
	H1_STATUS,
	H1_FIELD,
	H1_LENGTH,
	H1_CLOSE,
	H1_CHUNK_SIZE,
	H1_CHUNK_DATA,
	H1_CHUNK_END,
	H1_TRAILER,
	H1_END,
	H1_BAD
};

struct http1 {
	const char		*err;
	char			*location;	/* NULL: not sent */
	long			 retry_after;	/* seconds; -1: not sent */
	int			 status;
	int			 encoded;	/* the body: compressed */
	char			 reason[HTTP1_REASON_MAX];
	/* the reader's own */
	enum http1_state	 state;
	char			*line;		/* the part of one so far */
	size_t			 linelen;
	size_t			 linecap;
	size_t			 room;		/* bytes the header may have */
	uint64_t		 left;		/* of the body or the chunk */
	unsigned int		 nlines;
	int			 minor;		/* HTTP/1.minor */
	int			 nobody;	/* answers a HEAD request */
	int			 has_length;
	int			 has_chunked;
	int			 foldable;	/* the last field */
};

/* The structure is zeroed before the first time; then for each message. */
void			 http1_init(struct http1 *, int nobody);
void			 http1_free(struct http1 *);
/*
 * Takes from the input, advancing it, up to the next event.  A piece of the
 * body lies within the input.
 */
enum http1_event	 http1_next(struct http1 *, const char **, size_t *,
			    const char **, size_t *);
/* The stream has ended: HTTP1_END, or HTTP1_BAD when that was too early. */
enum http1_event	 http1_eof(struct http1 *);

struct http1_req {
	const char	*method;
	const char	*target;
	const char	*host;
	const char	*auth;		/* base64 of user:password, or NULL */
	const char	*content_type;	/* or NULL: no body */
	const void	*body;
	size_t		 bodylen;
};

/*
 * The request's bytes in a buffer that is enlarged as needed; their number, or
 * 0 when out of memory.
 */
size_t			 http1_request(const struct http1_req *, char **,
			    size_t *);

#endif /* HTTP1_H */
