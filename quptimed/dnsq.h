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

#ifndef DNSQ_H
#define DNSQ_H

#include <stddef.h>
#include <stdint.h>

#include "dnsmsg.h"
#include "monotime.h"

/*
 * One question to a list of name servers, as a check of DNS needs it: never
 * from a cache, with what each server said, and with time left for the others
 * when one is silent.  resolve.c asks through c-ares, which tells neither a
 * refusal from a failure nor tries the next server in less than seconds.
 */
struct dnsq;
struct servers;

enum dnsq_end {
	DNSQ_ANSWERED,		/* status: answer, no data or no such name */
	DNSQ_FAILED,		/* no server says anything of use */
	DNSQ_LOCAL		/* this node is out of something */
};

/* Valid during the callback only. */
struct dnsq_res {
	enum dnsq_end	 end;
	const char	*text;		/* "on server: why", or the server */
	enum dns_status	 status;
	const uint8_t	*msg;
	size_t		 len;
	const uint8_t	*question;
	size_t		 qlen;
};

/*
 * Asks for records of that type until the deadline.  The callback comes once,
 * from the event loop, and the handle is gone after it.  NULL when out of
 * memory; the name is one that dns_question() takes.
 */
struct dnsq	*dnsq_start(const char *, uint16_t, struct servers *,
		    struct monotime, void (*)(const struct dnsq_res *, void *),
		    void *);
/* Ends it without a callback.  NULL is fine. */
void		 dnsq_cancel(struct dnsq *);

#endif /* DNSQ_H */
