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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmt.h"

#define SEC	1000000000LL

static int	 is_control(const unsigned char *, size_t);
static size_t	 utf8_len(const unsigned char *, size_t);
static void	 quote_piece(const unsigned char *, size_t, char *, size_t);

const char *
fmt_vis(const char *s, char *buf, size_t len)
{
	const unsigned char	*p = (const unsigned char *)s;
	size_t			 left = strlen(s), n, pos = 0, cut = 0;
	char			 piece[8];

	if (len == 0)
		return (buf);
	for (; left > 0; p += n, left -= n) {
		n = utf8_len(p, left);
		if (n == 0 || is_control(p, n)) {
			snprintf(piece, sizeof(piece), "\\x%02x", *p);
			n = 1;
		} else {
			memcpy(piece, p, n);
			piece[n] = '\0';
		}
		/* The last place where the mark for "more" has room. */
		if (pos + sizeof("...") <= len)
			cut = pos;
		if (strlcpy(buf + pos, piece, len - pos) >= len - pos) {
			strlcpy(buf + cut, "...", len - cut);
			return (buf);
		}
		pos += strlen(piece);
	}
	buf[pos] = '\0';
	return (buf);
}

/*
 * C0, DEL and C1; and what breaks lines or turns the direction of text, by
 * which a line in a terminal reads as another.
 */
static int
is_control(const unsigned char *p, size_t n)
{
	switch (n) {
	case 1:
		return (p[0] < 0x20 || p[0] == 0x7f);
	case 2:
		return (p[0] == 0xc2 && p[1] < 0xa0);
	case 3:
		/* U+2028 to U+202E, U+2066 to U+2069 */
		return (p[0] == 0xe2 &&
		    ((p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae) ||
		    (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)));
	}
	return (0);
}

/* Of the well-formed sequence that stands first; 0 when there is none. */
static size_t
utf8_len(const unsigned char *p, size_t left)
{
	size_t		 i, n;
	unsigned char	 lo = 0x80, hi = 0xbf;

	if (left == 0)
		return (0);
	if (p[0] < 0x80)
		return (1);
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if ((p[0] & 0xf0) == 0xe0)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return (0);
	if (n > left)
		return (0);
	switch (p[0]) {			/* RFC 3629, section 4 */
	case 0xe0:
		lo = 0xa0;
		break;
	case 0xed:
		hi = 0x9f;
		break;
	case 0xf0:
		lo = 0x90;
		break;
	case 0xf4:
		hi = 0x8f;
		break;
	}
	if (p[1] < lo || p[1] > hi)
		return (0);
	for (i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return (0);
	return (n);
}

const char *
fmt_quote(const char *s, char *buf, size_t len)
{
	const unsigned char	*p = (const unsigned char *)s;
	size_t			 left = strlen(s), n, pos = 1, cut = 1;
	char			 piece[16];

	(void)strlcpy(buf, "\"", len);
	for (; left > 0; p += n, left -= n) {
		n = utf8_len(p, left);
		quote_piece(p, n, piece, sizeof(piece));
		if (n == 0)
			n = 1;
		if (pos + sizeof("...\"") <= len)
			cut = pos;
		if (pos + strlen(piece) + sizeof("\"") > len) {
			(void)strlcpy(buf + cut, "...\"", len - cut);
			return (buf);
		}
		pos += strlcpy(buf + pos, piece, len - pos);
	}
	(void)strlcpy(buf + pos, "\"", len - pos);
	return (buf);
}

/* One character, or, with length 0, a byte that is none. */
static void
quote_piece(const unsigned char *p, size_t n, char *out, size_t size)
{
	static const char	 from[] = "\"\\\a\b\f\n\r\t\v";
	static const char	 to[] = "\"\\abfnrtv";
	const char		*e;

	if (n == 1 && (e = strchr(from, p[0])) != NULL)
		snprintf(out, size, "\\%c", to[e - from]);
	else if (n == 0 || (n == 1 && is_control(p, n)))
		snprintf(out, size, "\\x%02x", p[0]);
	else if (n == 2 && (is_control(p, n) || memcmp(p, "\xc2\xa0", 2) == 0 ||
	    memcmp(p, "\xc2\xad", 2) == 0))
		snprintf(out, size, "\\u%04x", (p[0] & 0x1f) << 6 |
		    (p[1] & 0x3f));
	else if (n == 3 && is_control(p, n))
		snprintf(out, size, "\\u%04x", (p[0] & 0xf) << 12 |
		    (p[1] & 0x3f) << 6 | (p[2] & 0x3f));
	else {
		memcpy(out, p, n);
		out[n] = '\0';
	}
}

const char *
fmt_age(int64_t ns, char *buf, size_t len)
{
	long long	 s = ns / SEC;

	if (s < 1)
		snprintf(buf, len, "now");
	else if (s < 60)
		snprintf(buf, len, "%llds", s);
	else if (s < 3600)
		snprintf(buf, len, "%lldm%02llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, len, "%lldh%02lldm", s / 3600, s / 60 % 60);
	else
		snprintf(buf, len, "%lldd%02lldh", s / 86400, s / 3600 % 24);
	return (buf);
}

int
fmt_isutf8(const char *s, size_t len)
{
	const unsigned char	*p = (const unsigned char *)s;
	size_t			 n;

	for (; len > 0; p += n, len -= n)
		if ((n = utf8_len(p, len)) == 0)
			return (0);
	return (1);
}

void
fmt_uuid(char *buf, size_t len)
{
	unsigned char	 u[16];

	arc4random_buf(u, sizeof(u));
	u[6] = (u[6] & 0x0f) | 0x40;	/* version */
	u[8] = (u[8] & 0x3f) | 0x80;	/* variant */
	snprintf(buf, len, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2], u[3], u[4], u[5],
	    u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

int
fmt_hostport(char *s, char **host, char **port)
{
	char	*end;

	*host = s;
	*port = NULL;
	if (*s == '[') {
		*host = s + 1;
		if ((end = strchr(s, ']')) == NULL || end == s + 1)
			return (-1);
		*end++ = '\0';
		if (*end == '\0')
			return (0);
		if (*end != ':')
			return (-1);
		*port = end + 1;
	} else if ((end = strchr(s, ':')) != NULL) {
		/* More than one colon and no brackets: an IPv6 address. */
		if (strchr(end + 1, ':') != NULL)
			return (0);
		*end = '\0';
		*port = end + 1;
	}
	if (**host == '\0' || (*port != NULL && **port == '\0'))
		return (-1);
	return (0);
}

int
fmt_isloopback(const char *s)
{
	char	 buf[64], *host, *port;

	return (strlcpy(buf, s, sizeof(buf)) < sizeof(buf) &&
	    fmt_hostport(buf, &host, &port) == 0 &&
	    (strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
	    strcmp(host, "localhost") == 0));
}
