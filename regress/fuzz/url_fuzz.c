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

#include "url.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* A URL, and behind a line's end a reference found there. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct url	 u;
	const char	*errstr;
	char		*ref, *text, *to;

	if ((text = malloc(len + 1)) == NULL)
		return (0);
	memcpy(text, data, len);
	text[len] = '\0';
	if ((ref = strchr(text, '\n')) != NULL)
		*ref++ = '\0';
	memset(&u, 0, sizeof(u));
	if (url_parse(&u, text, &errstr) == 0) {
		/* What goes into a request must not break its lines. */
		if (strpbrk(u.target, " \r\n") != NULL || *u.target != '/' ||
		    strpbrk(u.hostport, " \r\n/@") != NULL ||
		    (u.auth != NULL && strpbrk(u.auth, " \r\n") != NULL))
			abort();
		if (ref != NULL &&
		    (to = url_join(&u, ref, &errstr)) != NULL) {
			(void)url_parse(&u, to, &errstr);
			free(to);
		}
	}
	url_clear(&u);
	free(text);
	return (0);
}
