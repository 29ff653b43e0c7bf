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
#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

#include "prober.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What arrives on an ICMP socket, in memory of exactly that size. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct echo_id	 id;
	uint8_t		*p;

	if (len == 0 || (p = malloc(len)) == NULL)
		return (0);
	memcpy(p, data, len);
	(void)echo_parse(AF_INET, 1, p, len, &id);
	(void)echo_parse(AF_INET, 0, p, len, &id);
	(void)echo_parse(AF_INET6, 1, p, len, &id);
	free(p);
	return (0);
}
