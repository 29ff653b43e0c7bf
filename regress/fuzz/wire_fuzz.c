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


#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "quorum_wire.h"
#include "quptimed.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const enum dialect	dialects[] = { DIALECT_V03, DIALECT_V01 };

/* A frame around what was written. */
static struct ibuf *
around(int request, enum wire_method m, char *text, size_t n)
{
	struct ibuf	*buf;

	if (text == NULL || strlen(text) != n ||
	    (buf = ibuf_dynamic(0, MESH_MAXSIZE)) == NULL ||
	    (request ? wire_put_request(buf, 7, m, text, n) :
	    wire_put_result(buf, 7, text, n)) == -1)
		abort();
	freezero(text, n);
	return (buf);
}

/* What is read is written in either dialect, and read again as the same. */
static void
message(int request, enum wire_method m, const char *frame, size_t len)
{
	const struct record	*rec;
	struct verr		 ve;
	struct ibuf		*buf;
	void			*a, *b;
	size_t			 i, n;

	rec = request ? wire_params_record(m) : wire_result_record(m);
	if ((a = record_new(rec)) == NULL || (b = record_new(rec)) == NULL)
		abort();
	if ((request ? wire_params(m, frame, len, a, &ve) :
	    wire_result(m, frame, len, a, &ve)) == -1) {
		if (ve.msg[0] == '\0')
			abort();
		free(a);
		free(b);
		return;
	}
	for (i = 0; i < 2; i++) {
		buf = around(request, m, request ?
		    wire_params_text(m, dialects[i], a, &n) :
		    wire_result_text(m, dialects[i], a, &n), n);
		if ((request ? wire_params(m, ibuf_data(buf), ibuf_size(buf),
		    b, &ve) : wire_result(m, ibuf_data(buf), ibuf_size(buf),
		    b, &ve)) == -1)
			abort();
		/* A report with a list is written without its own result. */
		if ((!request || m != WIRE_REPORT) && !record_equal(rec, a, b))
			abort();
		record_clear(rec, b);
		ibuf_free(buf);
	}
	record_free(rec, a);
	free(b);
}

static void
payload(enum proposal_kind k, const char *frame, size_t len)
{
	const struct field	*f = &wire_kind(k)->payload;
	struct record		 rec = { .size = sizeof(struct proposal),
				    .extra = RECORD_NOEXTRA, .fields = f,
				    .nfields = 1 };
	struct proposal		 a, b;
	struct verr		 ve;
	struct ibuf		*buf;
	char			*text;
	size_t			 i, n;

	if (wire_payload(proposal_kind_name(k), frame, len, &a, &ve) == -1) {
		if (ve.msg[0] == '\0')
			abort();
		return;
	}
	for (i = 0; i < 2; i++) {
		text = wire_propose_text(dialects[i], "a", &a, &n);
		buf = around(1, WIRE_PROPOSE, text, n);
		if (wire_payload(proposal_kind_name(k), ibuf_data(buf),
		    ibuf_size(buf), &b, &ve) == -1 || a.kind != b.kind ||
		    !record_equal(&rec, &a, &b))
			abort();
		proposal_clear(&b);
		ibuf_free(buf);
	}
	proposal_clear(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char	*frame = (const char *)data;
	struct wire_head h;
	struct verr	 ve;
	int		 i;

	if (wire_head(frame, len, &h, &ve) == -1) {
		if (ve.msg[0] == '\0' || h.method != NULL)
			abort();
		return (0);
	}
	for (i = 0; i < WIRE_METHODS; i++)
		message(h.method != NULL, i, frame, len);
	for (i = 0; i < PROP_KINDS; i++)
		payload(i, frame, len);
	wire_head_clear(&h);
	return (0);
}
