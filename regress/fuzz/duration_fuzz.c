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

#include "duration.h"
#include "monotime.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* A duration and a time: what is written of either is read as the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct walltime	 w, w2;
	const char	*errstr;
	char		 text[256], buf[WALL_STRLEN];
	int64_t		 ns, ns2;

	if (len >= sizeof(text))
		len = sizeof(text) - 1;
	memcpy(text, data, len);
	text[len] = '\0';
	if (duration_parse(text, &ns, &errstr) == 0) {
		duration_format(ns, buf, sizeof(buf));
		if (duration_parse(buf, &ns2, &errstr) == -1 || ns != ns2)
			abort();
	} else if (errstr == NULL || ns != 0)
		abort();
	if (wall_parse(text, &w) == 0) {
		wall_format(&w, buf, sizeof(buf));
		if (wall_parse(buf, &w2) == -1 || wall_cmp(&w, &w2) != 0 ||
		    w.off != w2.off)
			abort();
	}
	return (0);
}
