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

#ifndef RESOLVE_ARES_H
#define RESOLVE_ARES_H

#include "resolve.h"

/*
 * resolve.c's own: c-ares channels on libevent.  A channel asks one list of
 * servers, which can be changed only while nothing is asked.
 */
struct channel;

/*
 * The callbacks: now and then while something is asked; when a channel has
 * become idle, from within c-ares.
 */
void		 channels_init(unsigned int, void (*)(void), void (*)(void));
void		 channels_shutdown(void);
/* The one that asks these servers, else an idle one; NULL: all are busy. */
struct channel	*channel_for(struct servers *);
/*
 * Asks; the callback may come before it returns, and ends with
 * channel_release().
 */
void		 channel_ask(struct channel *, const char *, int,
		    void (*)(void *, int, int, unsigned char *, int), void *);
void		 channel_release(struct channel *);
/* The one object there is for a list, as a reference; NULL: memory. */
struct servers	*servers_intern(const struct addr *, unsigned int);

#endif /* RESOLVE_ARES_H */
