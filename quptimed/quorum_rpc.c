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


#include <stddef.h>

#include "quorum.h"

void
rpc_request(struct quorum *a0, struct imsg *a1)
{
	(void)a0;
	(void)a1;
}

struct request *
rpc_keep(struct request *a0)
{
	(void)a0;
	return (NULL);
}

void
rpc_result(struct quorum *a0, struct request *a1, const void *a2)
{
	(void)a0;
	(void)a1;
	(void)a2;
}

void
rpc_error(struct quorum *a0, struct request *a1, const char *a2, ...)
{
	(void)a0;
	(void)a1;
	(void)a2;
}

void
rpc_complain(struct quorum *a0, struct request *a1, const char *a2)
{
	(void)a0;
	(void)a1;
	(void)a2;
}
