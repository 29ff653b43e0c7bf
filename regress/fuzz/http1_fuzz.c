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

#include <stdlib.h>
#include <string.h>

#include "http1.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static uint64_t	 read_it(const char *, size_t, size_t, int);

/* A response: in one piece and in small ones it must come to the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char	*p = (const char *)data;

	if (len < 2)
		return (0);
	if (read_it(p + 2, len - 2, len, p[0] & 1) !=
	    read_it(p + 2, len - 2, 1 + data[1] % 32, p[0] & 1))
		abort();
	return (0);
}

static uint64_t
read_it(const char *p, size_t len, size_t step, int nobody)
{
	struct http1		 h;
	enum http1_event	 ev = HTTP1_MORE;
	const char		*piece;
	uint64_t		 sum = 0;
	size_t			 n, plen;

	memset(&h, 0, sizeof(h));
	http1_init(&h, nobody);
	for (; len > 0 && ev != HTTP1_END && ev != HTTP1_BAD; len -= step) {
		step = step < len ? step : len;
		for (n = step, ev = HTTP1_HEAD; ev == HTTP1_HEAD ||
		    ev == HTTP1_BODY;) {
			ev = http1_next(&h, &p, &n, &piece, &plen);
			for (; ev == HTTP1_BODY && plen > 0; plen--)
				sum = sum * 31 + (uint8_t)*piece++;
		}
	}
	if (ev != HTTP1_END && ev != HTTP1_BAD)
		ev = http1_eof(&h);
	/* How far a bad one came is another matter. */
	sum = ev == HTTP1_BAD ? 1 : sum * 31 + h.status;
	http1_free(&h);
	return (sum);
}
