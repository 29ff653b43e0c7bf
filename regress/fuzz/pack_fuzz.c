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

#include "imsg.h"
#include "model.h"
#include "pack.h"

#define MAXSIZE	(1024 * 1024)

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What is unpacked is packed, and unpacked again as the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cluster	 a, b;
	struct ibuf	*buf;

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	if ((buf = ibuf_dynamic(64, MAXSIZE)) == NULL ||
	    ibuf_add(buf, data, len) == -1)
		abort();
	if (unpack_record(buf, &cluster_record, &a) == 0) {
		ibuf_free(buf);
		if ((buf = ibuf_dynamic(64, MAXSIZE)) == NULL ||
		    pack_record(buf, &cluster_record, &a) == -1 ||
		    unpack_record(buf, &cluster_record, &b) == -1 ||
		    !record_equal(&cluster_record, &a, &b))
			abort();
	}
	ibuf_free(buf);
	record_clear(&cluster_record, &a);
	record_clear(&cluster_record, &b);
	return (0);
}
