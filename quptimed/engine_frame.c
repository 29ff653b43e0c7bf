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

#include <string.h>

#include "engine.h"

/*
 * The other side's framing: a length of four bytes, then that many.  Room is
 * given out piece by piece, and a piece is not larger than what has come.
 */

#define PIECE_MIN	2048
#define PIECE_MAX	(64 * 1024)

static int	 frame_start(struct frame *);

void
frame_init(struct frame *f, const void *head, size_t headlen)
{
	memset(f, 0, sizeof(*f));
	f->head = head;
	f->headlen = headlen;
}

void
frame_clear(struct frame *f)
{
	ibuf_free(f->buf);
	f->buf = NULL;
	f->hdrlen = 0;
	f->room = 0;
}

int
frame_begun(const struct frame *f)
{
	return (f->hdrlen > 0);
}

void *
frame_room(struct frame *f, size_t *n)
{
	size_t	 have, want;

	if (f->hdrlen < FRAME_HEADER) {
		*n = FRAME_HEADER - f->hdrlen;
		return (f->hdr + f->hdrlen);
	}
	have = ibuf_size(f->buf) - f->headlen;
	want = have < PIECE_MIN ? PIECE_MIN : have;
	if (want > PIECE_MAX)
		want = PIECE_MAX;
	if (want > f->len - have)
		want = f->len - have;
	*n = f->room = want;
	return (ibuf_reserve(f->buf, want));
}

enum frame_state
frame_fill(struct frame *f, size_t n, size_t max)
{
	const unsigned char	*h = f->hdr;

	if (f->hdrlen < FRAME_HEADER) {
		f->hdrlen += n;
		if (f->hdrlen < FRAME_HEADER)
			return (FRAME_MORE);
		f->len = (uint32_t)h[0] << 24 | (uint32_t)h[1] << 16 |
		    (uint32_t)h[2] << 8 | h[3];
		if (f->len > max)
			return (FRAME_LONG);
		if (frame_start(f) == -1)
			return (FRAME_MEMORY);
	} else {
		if (ibuf_truncate(f->buf,
		    ibuf_size(f->buf) - (f->room - n)) == -1)
			return (FRAME_MEMORY);
		f->room = 0;
	}
	return (ibuf_size(f->buf) - f->headlen == f->len ? FRAME_WHOLE :
	    FRAME_MORE);
}

static int
frame_start(struct frame *f)
{
	size_t	 first = f->len < PIECE_MIN ? f->len : PIECE_MIN;

	f->buf = ibuf_dynamic(f->headlen + first, f->headlen + f->len);
	if (f->buf == NULL)
		return (-1);
	return (ibuf_add(f->buf, f->head, f->headlen));
}

struct ibuf *
frame_take(struct frame *f)
{
	struct ibuf	*buf = f->buf;

	f->buf = NULL;
	f->hdrlen = 0;
	return (buf);
}

struct ibuf *
frame_make(const struct ibuf *body)
{
	struct ibuf	*buf;
	size_t		 len = ibuf_size(body);

	if ((buf = ibuf_open(FRAME_HEADER + len)) == NULL)
		return (NULL);
	if (ibuf_add_n32(buf, len) == -1 || ibuf_add_ibuf(buf, body) == -1) {
		ibuf_free(buf);
		return (NULL);
	}
	return (buf);
}
