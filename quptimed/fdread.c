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

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "fdread.h"

char *
fd_read_all(int fd, size_t max, size_t *len)
{
	char	*buf, *p;
	size_t	 cap = 0, n = 0;
	ssize_t	 r;

	buf = NULL;
	for (;;) {
		if (cap - n < 2) {
			cap = cap == 0 ? 4096 : cap * 2;
			if ((p = realloc(buf, cap)) == NULL)
				break;
			buf = p;
		}
		/* Offsets, as the open file may be shared with siblings. */
		if ((r = pread(fd, buf + n, cap - n - 1, n)) == -1) {
			if (errno == EINTR)
				continue;
			break;
		}
		if (r == 0) {
			buf[n] = '\0';
			*len = n;
			return (buf);
		}
		if ((n += r) > max) {
			errno = EFBIG;
			break;
		}
	}
	free(buf);
	return (NULL);
}
