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

#ifndef URL_H
#define URL_H

#include <stddef.h>
#include <stdint.h>

#define URL_MAX	8192

/*
 * An http or https URL (RFC 3986), taken apart for a request.  The strings
 * point into buf, which is kept from one use to the next.
 */
struct url {
	char		*host;		/* without brackets, with %zone */
	char		*hostport;	/* as the Host field wants it */
	char		*zone;		/* of an IPv6 address, or NULL */
	char		*target;	/* path and query, escaped */
	char		*auth;		/* base64 of user:password, or NULL */
	char		*userinfo;	/* as written, or NULL */
	char		*shown;		/* for logs, the password as *** */
	uint16_t	 port;
	int		 tls;
	char		*buf;
	size_t		 cap;
};

/* 0, or -1 with a static reason; the fragment is dropped. */
int	 url_parse(struct url *, const char *, const char **);
/*
 * The absolute form of a reference found at base, in memory the caller frees;
 * or NULL with a static reason.
 */
char	*url_join(const struct url *, const char *, const char **);
/* Wipes and frees. */
void	 url_clear(struct url *);

#endif /* URL_H */
