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

#include "engine.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* A stream in pieces as the first byte says, cut into frames. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	enum frame_state	 st = FRAME_MORE;
	struct frame		 f;
	struct ibuf		*buf;
	size_t			 n, step, total = 0, all = len;
	void			*p;

	if (len == 0)
		return (0);
	step = (size_t)*data++ * 7 + 1;
	len--;
	frame_init(&f, "head", 4);
	while (len > 0 && st <= FRAME_WHOLE) {
		if ((p = frame_room(&f, &n)) == NULL || n == 0)
			abort();
		n = n < step ? n : step;
		n = n < len ? n : len;
		memcpy(p, data, n);
		data += n;
		len -= n;
		if ((st = frame_fill(&f, n, 65536)) != FRAME_WHOLE)
			continue;
		buf = frame_take(&f);
		total += ibuf_size(buf);
		if (total > all || memcmp(ibuf_data(buf), "head", 4) != 0)
			abort();
		ibuf_free(buf);
	}
	frame_clear(&f);
	return (0);
}
