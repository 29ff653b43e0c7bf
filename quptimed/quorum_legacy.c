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

int
legacy_init(struct legacy *a0, const char *a1, struct monotime a2)
{
	(void)a0;
	(void)a1;
	(void)a2;
	return (0);
}

void
legacy_clear(struct legacy *a0)
{
	(void)a0;
}

int
legacy_members(struct legacy *a0, const char *const *a1, uint32_t a2)
{
	(void)a0;
	(void)a1;
	(void)a2;
	return (0);
}

void
legacy_seen(struct legacy *a0, const char *a1, const char *a2, struct monotime a3)
{
	(void)a0;
	(void)a1;
	(void)a2;
	(void)a3;
}

int
legacy_live(const struct legacy *a0, const char *a1, struct monotime a2)
{
	(void)a0;
	(void)a1;
	(void)a2;
	return (0);
}

uint32_t
legacy_nlive(const struct legacy *a0, struct monotime a1)
{
	(void)a0;
	(void)a1;
	return (0);
}

uint32_t
legacy_quorum(const struct legacy *a0)
{
	(void)a0;
	return (0);
}

int
legacy_elect(struct legacy *a0, struct monotime a1)
{
	(void)a0;
	(void)a1;
	return (0);
}
