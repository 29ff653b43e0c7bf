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

#include "quorum_wire.h"

void
wire_head_clear(struct wire_head *a0)
{
	(void)a0;
}

int
wire_head(const char *a0, size_t a1, struct wire_head *a2, struct verr *a3)
{
	(void)a0;
	(void)a1;
	(void)a2;
	(void)a3;
	return (0);
}

enum wire_method
wire_method_of(const char *a0)
{
	(void)a0;
	return (0);
}

const char *
wire_method_name(enum wire_method a0)
{
	(void)a0;
	return (NULL);
}

const struct record *
wire_params_record(enum wire_method a0)
{
	(void)a0;
	return (NULL);
}

const struct record *
wire_result_record(enum wire_method a0)
{
	(void)a0;
	return (NULL);
}

int
wire_params(enum wire_method a0, const char *a1, size_t a2, void *a3, struct verr *a4)
{
	(void)a0;
	(void)a1;
	(void)a2;
	(void)a3;
	(void)a4;
	return (0);
}

int
wire_result(enum wire_method a0, const char *a1, size_t a2, void *a3, struct verr *a4)
{
	(void)a0;
	(void)a1;
	(void)a2;
	(void)a3;
	(void)a4;
	return (0);
}

int
wire_payload(const char *kind, const char *a1, size_t a2, struct proposal *a3, struct verr *a4)
{
	(void)kind;
	(void)a1;
	(void)a2;
	(void)a3;
	(void)a4;
	return (0);
}

void
proposal_clear(struct proposal *a0)
{
	(void)a0;
}

const char *
proposal_kind_name(enum proposal_kind a0)
{
	(void)a0;
	return (NULL);
}

char *
wire_params_text(enum wire_method a0, enum dialect a1, const void *a2, size_t *a3)
{
	(void)a0;
	(void)a1;
	(void)a2;
	(void)a3;
	return (NULL);
}

char *
wire_result_text(enum wire_method a0, enum dialect a1, const void *a2, size_t *a3)
{
	(void)a0;
	(void)a1;
	(void)a2;
	(void)a3;
	return (NULL);
}

char *
wire_propose_text(enum dialect a0, const char *from_node_id, const struct proposal *a2, size_t *a3)
{
	(void)a0;
	(void)from_node_id;
	(void)a2;
	(void)a3;
	return (NULL);
}

int
wire_put_request(struct ibuf *a0, uint64_t id, enum wire_method a2, const char *params, size_t a4)
{
	(void)a0;
	(void)id;
	(void)a2;
	(void)params;
	(void)a4;
	return (0);
}

int
wire_put_result(struct ibuf *a0, uint64_t id, const char *result, size_t a3)
{
	(void)a0;
	(void)id;
	(void)result;
	(void)a3;
	return (0);
}

int
wire_put_error(struct ibuf *a0, uint64_t id, const char *a2)
{
	(void)a0;
	(void)id;
	(void)a2;
	return (0);
}

const char *
wire_untrusted(enum dialect a0)
{
	(void)a0;
	return (NULL);
}
