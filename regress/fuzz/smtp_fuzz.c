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

#include "smtp.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static uint64_t	 read_it(const char *, size_t, size_t);

/* Replies: in one piece and in small ones they must come to the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char	*p = (const char *)data;

	if (len < 1)
		return (0);
	if (read_it(p + 1, len - 1, len) !=
	    read_it(p + 1, len - 1, 1 + data[0] % 32))
		abort();
	return (0);
}

static uint64_t
read_it(const char *p, size_t len, size_t step)
{
	struct smtp_reply	 r;
	struct smtp_ext		 e;
	enum smtp_event		 ev = SMTP_MORE;
	uint64_t		 sum = 0;
	size_t			 n;

	smtp_reply_init(&r);
	while (len > 0 && ev != SMTP_BAD) {
		n = step < len ? step : len;
		len -= n;
		ev = smtp_reply_next(&r, &p, &n);
		len += n;
		if (ev != SMTP_REPLY)
			continue;
		if (strlen(r.text) != r.len || r.code < 200 || r.code > 599)
			abort();
		smtp_reply_ext(&r, &e);
		sum = sum * 31 + r.code + r.len + 2 * e.starttls +
		    4 * e.plain + 8 * e.login + 16 * e.utf8 + 32 * e.eightbit;
		smtp_reply_init(&r);
	}
	return (sum * 31 + ev);
}
