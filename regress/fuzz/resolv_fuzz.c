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

#include <stdlib.h>
#include <string.h>

#include "resolve.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* resolv.conf or hosts, as the system's administrator wrote it. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct hosts_entry	*e;
	struct resolvconf		 rc;
	struct hosts			 h;
	size_t				 i, n;

	resolvconf_parse(&rc, (const char *)data, len);
	if (rc.nservers == 0 || rc.nservers > RESOLVCONF_SERVERS ||
	    rc.nsearch > RESOLVCONF_SEARCH)
		abort();
	if (hosts_parse(&h, (const char *)data, len) == 0)
		for (i = 0; i < h.n; i++) {
			e = hosts_find(&h, h.v[i].name, &n);
			if (e == NULL || n == 0 || e > &h.v[i])
				abort();
		}
	hosts_clear(&h);
	return (0);
}
