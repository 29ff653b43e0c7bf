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

#include "model.h"
#include "yaml.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* What is read is written, and read again as the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cluster	 a, b;
	struct verr	 ve;
	char		*text;
	size_t		 n;

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	if (yaml_parse(&cluster_record, &a, "fuzz", (const char *)data, len,
	    &ve) == -1) {
		if (ve.line == 0 || ve.msg[0] == '\0')
			abort();
		return (0);
	}
	if ((text = yaml_format(&cluster_record, &a, &n)) == NULL ||
	    yaml_parse(&cluster_record, &b, "again", text, n, &ve) == -1 ||
	    !record_equal(&cluster_record, &a, &b))
		abort();
	freezero(text, n);
	record_clear(&cluster_record, &a);
	record_clear(&cluster_record, &b);
	return (0);
}
