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

#include <sys/socket.h>

#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#include "imsg.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* A stream in pieces as the first byte says; what is cut out is taken apart. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct imsgbuf	 ibuf;
	struct imsg	 imsg;
	size_t		 n, step, total = 0, all = len;
	uint16_t	 num;
	int		 pair[2], rc = 1;

	if (len == 0)
		return (0);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == -1 ||
	    imsgbuf_init(&ibuf, pair[1]) == -1)
		err(1, "imsgbuf_init");
	if (*data & 1)
		imsgbuf_allow_fdpass(&ibuf);
	step = (size_t)(*data >> 1) * 37 + 1;
	for (data++, len--; len > 0 && rc == 1; data += n, len -= n) {
		n = len < step ? len : step;
		if (write(pair[0], data, n) != (ssize_t)n)
			err(1, "write");
		rc = imsgbuf_read(&ibuf);
		while (imsgbuf_get(&ibuf, &imsg) == 1) {
			total += IMSG_HEADER_SIZE + imsg_get_len(&imsg);
			if (total > all || imsg_get_fd(&imsg) != -1)
				abort();
			while (imsg_get_buf(&imsg, &num, sizeof(num)) == 0)
				;
			imsg_free(&imsg);
		}
	}
	imsgbuf_clear(&ibuf);
	close(pair[0]);
	close(pair[1]);
	return (0);
}
