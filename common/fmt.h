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

#ifndef FMT_H
#define FMT_H

#include <stddef.h>
#include <stdint.h>

/*
 * A string that came from outside, made safe for one log line: control
 * characters, marks that turn the direction of text and invalid UTF-8 as \xNN,
 * cut with "..." when too long.
 * Returns the buffer.
 */
const char	*fmt_vis(const char *, char *, size_t);
/*
 * A string in double quotes with escapes, as QUptime quotes names in errors;
 * cut with "..." when too long for the buffer, of 16 bytes at least.
 */
const char	*fmt_quote(const char *, char *, size_t);
/* "now", "42s", "3m10s", "2h05m", "9d04h": an age for people, from ns. */
const char	*fmt_age(int64_t, char *, size_t);
/* Whether the bytes are well-formed UTF-8 (RFC 3629). */
int		 fmt_isutf8(const char *, size_t);
/* A random UUID, RFC 9562 version 4, in lower case; the buffer has 37 bytes. */
void		 fmt_uuid(char *, size_t);
/*
 * "host:port", "[v6]:port" or "host" split in place into *host and *port;
 * *port is NULL when absent.  0, or -1 when it is none of these.
 */
int		 fmt_hostport(char *, char **, char **);
/* Whether that address, with or without a port, is this host's to itself. */
int		 fmt_isloopback(const char *);

#endif /* FMT_H */
