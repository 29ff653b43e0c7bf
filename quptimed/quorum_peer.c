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
peers_sync(struct quorum *a0)
{
	(void)a0;
}

void
peers_clear(struct quorum *a0)
{
	(void)a0;
}

struct qpeer *
peer_find(struct quorum *a0, const char *node_id)
{
	(void)a0;
	(void)node_id;
	return (NULL);
}

struct qpeer *
peer_by_handle(struct quorum *a0, uint32_t a1)
{
	(void)a0;
	(void)a1;
	return (NULL);
}

struct qpeer *
peer_master(struct quorum *a0)
{
	(void)a0;
	return (NULL);
}

struct qpeer *
peer_bootstrap(struct quorum *a0, const char *address, const char *fingerprint, void (*a3)(struct quorum *, struct qpeer *, enum peer_news, const char *, void *), void *a4)
{
	(void)a0;
	(void)address;
	(void)fingerprint;
	(void)a3;
	(void)a4;
	return (NULL);
}

void
peer_remove(struct quorum *a0, struct qpeer *a1)
{
	(void)a0;
	(void)a1;
}

void
peer_call(struct quorum *a0, struct qpeer *a1, enum wire_method a2, const void *a3, struct monotime limit, call_done *a5, void *a6)
{
	(void)a0;
	(void)a1;
	(void)a2;
	(void)a3;
	(void)limit;
	(void)a5;
	(void)a6;
}

void
peer_call_text(struct quorum *a0, struct qpeer *a1, enum wire_method a2, const char *a3, size_t a4, struct monotime limit, call_done *a6, void *a7)
{
	(void)a0;
	(void)a1;
	(void)a2;
	(void)a3;
	(void)a4;
	(void)limit;
	(void)a6;
	(void)a7;
}

void
peer_message(struct quorum *a0, struct imsg *a1)
{
	(void)a0;
	(void)a1;
}

void
peer_complain(struct quorum *a0, struct qpeer *a1, const char *a2, ...)
{
	(void)a0;
	(void)a1;
	(void)a2;
}
