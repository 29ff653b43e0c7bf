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

#include <string.h>

#include "conn.h"
#include "prober.h"
#include "quptimed.h"

static void	 probe_connected(struct conn *, enum conn_end, const char *,
		    void *);

void
probe_connect(struct probe *p, enum conn_tls tls,
    enum io (*step)(struct conn *, void *))
{
	struct conn_req	 req;

	memset(&req, 0, sizeof(req));
	req.host = p->host;
	req.port = p->port;
	req.addr = p->literal ? &p->addr : NULL;
	req.tls = tls;
	req.sni = p->sni;
	req.servers = probe_servers(p);
	req.deadline = probe_deadline(p);
	req.step = step;
	req.done = probe_connected;
	req.arg = p;
	if ((p->job = conn_open(&req)) == NULL)
		probe_done(p, PROBE_CANNOT, "out of memory");
}

void
probe_disconnect(struct probe *p)
{
	conn_close(p->job);
}

static void
probe_connected(struct conn *c, enum conn_end end, const char *err, void *arg)
{
	(void)c;
	switch (end) {
	case CONN_OK:
		probe_done(arg, PROBE_OK, NULL);
		break;
	case CONN_LOCAL:
		probe_done(arg, PROBE_CANNOT, "%s", err);
		break;
	default:
		probe_done(arg, PROBE_FAIL, "%s", err);
		break;
	}
}
