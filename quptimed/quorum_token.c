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

char *
token_format(const struct token *a0)
{
	(void)a0;
	return (NULL);
}

int
token_parse(const char *a0, struct token *a1, struct verr *a2)
{
	(void)a0;
	(void)a1;
	(void)a2;
	return (0);
}

void
token_clear(struct token *a0)
{
	(void)a0;
}

void
token_hash(const char *a0, char *a1, size_t a2)
{
	(void)a0;
	(void)a1;
	(void)a2;
}

int
token_verify(const char *secret, const char *hash)
{
	(void)secret;
	(void)hash;
	return (0);
}
