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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http1.h"

#define HTTP1_USER_AGENT	"quptime/1.0"
#define HTTP1_LINE_KEEP		4096	/* of the line buffer between uses */

static void	 http1_message(struct http1 *);
static enum http1_event
		 http1_bad(struct http1 *, const char *);
static enum http1_event
		 http1_piece(struct http1 *, const char **, size_t *,
		    const char **, size_t *);
static int	 http1_line(struct http1 *, const char **, size_t *,
		    const char **, size_t *);
static int	 http1_keep(struct http1 *, const char *, size_t);
static enum http1_event
		 http1_take(struct http1 *, const char *, size_t);
static enum http1_event
		 http1_status(struct http1 *, const char *, size_t);
static enum http1_event
		 http1_field(struct http1 *, const char *, size_t);
static enum http1_event
		 http1_head(struct http1 *);
static enum http1_event
		 http1_chunk(struct http1 *, const char *, size_t);
static enum http1_event
		 http1_trailer(struct http1 *, const char *, size_t);
static int	 field_split(const char *, size_t, size_t *, const char **,
		    size_t *);
static int	 field_is(const char *, size_t, const char *);
static enum http1_event
		 field_length(struct http1 *, const char *, size_t);
static enum http1_event
		 field_coding(struct http1 *, const char *, size_t);
static enum http1_event
		 field_encoding(struct http1 *, const char *, size_t);
static enum http1_event
		 field_location(struct http1 *, const char *, size_t);
static enum http1_event
		 field_retry(struct http1 *, const char *, size_t);
static int	 number(const char *, size_t, unsigned int, uint64_t *);
static int	 is_token(unsigned char);

/* The fields that matter to a client; all others are only checked for form. */
static const struct {
	const char		*name;
	enum http1_event	(*take)(struct http1 *, const char *, size_t);
} fields[] = {
	{ "Content-Encoding",	field_coding },
	{ "Content-Length",	field_length },
	{ "Location",		field_location },
	{ "Retry-After",	field_retry },
	{ "Transfer-Encoding",	field_encoding }
};

void
http1_init(struct http1 *h, int nobody)
{
	free(h->location);
	if (h->linecap > HTTP1_LINE_KEEP) {
		free(h->line);
		h->line = NULL;
		h->linecap = 0;
	}
	h->location = NULL;
	h->err = NULL;
	h->linelen = 0;
	h->room = HTTP1_HEAD_MAX;
	h->nlines = 0;
	h->nobody = nobody;
	http1_message(h);
}

void
http1_free(struct http1 *h)
{
	free(h->location);
	free(h->line);
	memset(h, 0, sizeof(*h));
}

enum http1_event
http1_next(struct http1 *h, const char **buf, size_t *len, const char **piece,
    size_t *plen)
{
	const char		*line;
	enum http1_event	 ev;
	size_t			 n;
	int			 r;

	for (;;) {
		switch (h->state) {
		case H1_BAD:
			return (HTTP1_BAD);
		case H1_END:
			return (HTTP1_END);
		case H1_LENGTH:
		case H1_CLOSE:
		case H1_CHUNK_DATA:
			ev = http1_piece(h, buf, len, piece, plen);
			break;
		default:
			r = http1_line(h, buf, len, &line, &n);
			if (r == 0)
				return (HTTP1_MORE);
			if (r == -1)
				return (HTTP1_BAD);
			ev = http1_take(h, line, n);
			h->linelen = 0;
			if (ev == HTTP1_MORE)
				continue;
			break;
		}
		return (ev);
	}
}

enum http1_event
http1_eof(struct http1 *h)
{
	switch (h->state) {
	case H1_CLOSE:
		h->state = H1_END;
		return (HTTP1_END);
	case H1_END:
		return (HTTP1_END);
	case H1_BAD:
		return (HTTP1_BAD);
	case H1_STATUS:
		if (h->linelen == 0)
			return (http1_bad(h, "closed without an answer"));
		return (http1_bad(h, "malformed HTTP response"));
	default:
		return (http1_bad(h, "unexpected end of the stream"));
	}
}

/* What is known of one message; interim responses have one each. */
static void
http1_message(struct http1 *h)
{
	h->state = H1_STATUS;
	h->status = 0;
	h->reason[0] = '\0';
	h->retry_after = -1;
	h->left = 0;
	h->minor = 1;
	h->has_length = 0;
	h->has_chunked = 0;
	h->encoded = 0;
	h->foldable = 0;
}

static enum http1_event
http1_bad(struct http1 *h, const char *err)
{
	h->err = err;
	h->state = H1_BAD;
	return (HTTP1_BAD);
}

static enum http1_event
http1_piece(struct http1 *h, const char **buf, size_t *len, const char **piece,
    size_t *plen)
{
	size_t	 n;

	if (h->state == H1_LENGTH && h->left == 0) {
		h->state = H1_END;
		return (HTTP1_END);
	}
	if (*len == 0)
		return (HTTP1_MORE);
	n = *len;
	if (h->state != H1_CLOSE) {
		if (n > h->left)
			n = h->left;
		h->left -= n;
		if (h->state == H1_CHUNK_DATA && h->left == 0) {
			h->state = H1_CHUNK_END;
			h->room = HTTP1_CHUNKLINE_MAX;
		}
	}
	*piece = *buf;
	*plen = n;
	*buf += n;
	*len -= n;
	return (HTTP1_BODY);
}

/*
 * One line without its end, in the input if it is there as a whole.  A bare LF
 * ends a line as well (RFC 9112, 2.2).  1, 0 without a whole line, -1 bad.
 */
static int
http1_line(struct http1 *h, const char **buf, size_t *len, const char **line,
    size_t *n)
{
	const char	*nl;
	size_t		 take;

	nl = *len > 0 ? memchr(*buf, '\n', *len) : NULL;
	take = nl != NULL ? (size_t)(nl - *buf) + 1 : *len;
	if (take > h->room) {
		http1_bad(h, "header too large");
		return (-1);
	}
	h->room -= take;
	*line = *buf;
	*n = take;
	if (nl == NULL || h->linelen > 0) {
		if (http1_keep(h, *buf, take) == -1)
			return (-1);
		*line = h->line;
		*n = h->linelen;
	}
	*buf += take;
	*len -= take;
	/* Other protocols greet without a line's end: do not wait for it. */
	if (h->state == H1_STATUS && *n >= 5 &&
	    strncmp(*line, "HTTP/", 5) != 0) {
		http1_bad(h, "malformed HTTP response");
		return (-1);
	}
	if (nl == NULL)
		return (0);
	(*n)--;
	if (*n > 0 && (*line)[*n - 1] == '\r')
		(*n)--;
	return (1);
}

static int
http1_keep(struct http1 *h, const char *p, size_t n)
{
	char	*line;
	size_t	 cap;

	if (n == 0)
		return (0);
	if (h->linecap - h->linelen < n) {
		cap = h->linecap > 0 ? h->linecap : 256;
		while (cap - h->linelen < n)
			cap *= 2;
		if ((line = realloc(h->line, cap)) == NULL) {
			http1_bad(h, "out of memory");
			return (-1);
		}
		h->line = line;
		h->linecap = cap;
	}
	memcpy(h->line + h->linelen, p, n);
	h->linelen += n;
	return (0);
}

static enum http1_event
http1_take(struct http1 *h, const char *line, size_t n)
{
	switch (h->state) {
	case H1_STATUS:
		return (http1_status(h, line, n));
	case H1_FIELD:
		return (n == 0 ? http1_head(h) : http1_field(h, line, n));
	case H1_CHUNK_SIZE:
		return (http1_chunk(h, line, n));
	case H1_CHUNK_END:
		if (n != 0)
			return (http1_bad(h, "malformed chunk"));
		h->state = H1_CHUNK_SIZE;
		return (HTTP1_MORE);
	default:
		return (http1_trailer(h, line, n));
	}
}

/* RFC 9112, 4; the space before an empty reason may be missing. */
static enum http1_event
http1_status(struct http1 *h, const char *line, size_t n)
{
	uint64_t	 status;
	size_t		 i;

	if (n < 12 || strncmp(line, "HTTP/1.", 7) != 0 ||
	    (line[7] != '0' && line[7] != '1') || line[8] != ' ' ||
	    number(line + 9, 3, 10, &status) == -1 || status < 100 ||
	    (n > 12 && line[12] != ' '))
		return (http1_bad(h, "malformed HTTP response"));
	h->minor = line[7] - '0';
	h->status = status;
	line += n > 12 ? 13 : 12;
	n -= n > 12 ? 13 : 12;
	for (i = 0; i < n; i++)
		if (((unsigned char)line[i] < ' ' && line[i] != '\t') ||
		    line[i] == 0x7f)
			return (http1_bad(h, "malformed HTTP response"));
	if (n >= sizeof(h->reason))
		n = sizeof(h->reason) - 1;
	memcpy(h->reason, line, n);
	h->reason[n] = '\0';
	h->state = H1_FIELD;
	return (HTTP1_MORE);
}

static enum http1_event
http1_field(struct http1 *h, const char *line, size_t n)
{
	const char	*value;
	size_t		 i, namelen, vlen;

	if (++h->nlines > HTTP1_LINES_MAX)
		return (http1_bad(h, "too many header lines"));
	/* RFC 9112, 5.2: nobody may send these any more, but old ones do. */
	if (line[0] == ' ' || line[0] == '\t')
		return (h->foldable ? HTTP1_MORE :
		    http1_bad(h, "folded header line"));
	h->foldable = 0;
	if (field_split(line, n, &namelen, &value, &vlen) == -1)
		return (http1_bad(h, "malformed header line"));
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (field_is(line, namelen, fields[i].name))
			return (fields[i].take(h, value, vlen));
	h->foldable = 1;
	return (HTTP1_MORE);
}

/*
 * How the body is framed: RFC 9112, 6.3.  Chunks count more than a length; as
 * nothing else comes over this connection, no one can hide anything by both.
 */
static enum http1_event
http1_head(struct http1 *h)
{
	if (h->status == 101)
		return (http1_bad(h, "unasked-for protocol switch"));
	if (h->status < 200) {
		free(h->location);
		h->location = NULL;
		/* Against an endless row of them: they count as lines. */
		if (++h->nlines > HTTP1_LINES_MAX)
			return (http1_bad(h, "too many header lines"));
		http1_message(h);
		return (HTTP1_MORE);
	}
	if (h->has_chunked && h->minor == 0)
		return (http1_bad(h, "Transfer-Encoding in HTTP/1.0"));
	if (h->nobody || h->status == 204 || h->status == 304)
		h->state = H1_END;
	else if (h->has_chunked) {
		h->state = H1_CHUNK_SIZE;
		h->room = HTTP1_CHUNKLINE_MAX;
	} else
		h->state = h->has_length ? H1_LENGTH : H1_CLOSE;
	return (HTTP1_HEAD);
}

/* RFC 9112, 7.1; extensions are passed over. */
static enum http1_event
http1_chunk(struct http1 *h, const char *line, size_t n)
{
	size_t	 digits;

	for (digits = 0; digits < n; digits++)
		if (line[digits] == ';' || line[digits] == ' ' ||
		    line[digits] == '\t')
			break;
	if (number(line, digits, 16, &h->left) == -1)
		return (http1_bad(h, "malformed chunk"));
	if (h->left == 0) {
		h->state = H1_TRAILER;
		h->room = HTTP1_HEAD_MAX;
	} else
		h->state = H1_CHUNK_DATA;
	return (HTTP1_MORE);
}

static enum http1_event
http1_trailer(struct http1 *h, const char *line, size_t n)
{
	const char	*value;
	size_t		 namelen, vlen;

	if (n == 0) {
		h->state = H1_END;
		return (HTTP1_END);
	}
	if (++h->nlines > HTTP1_LINES_MAX)
		return (http1_bad(h, "too many header lines"));
	if (field_split(line, n, &namelen, &value, &vlen) == -1)
		return (http1_bad(h, "malformed trailer line"));
	return (HTTP1_MORE);
}

/* RFC 9112, 5.1: nothing between name and colon, no control characters. */
static int
field_split(const char *line, size_t n, size_t *namelen, const char **value,
    size_t *vlen)
{
	size_t	 i;

	for (i = 0; i < n && is_token(line[i]); i++)
		continue;
	if (i == 0 || i == n || line[i] != ':')
		return (-1);
	*namelen = i++;
	while (i < n && (line[i] == ' ' || line[i] == '\t'))
		i++;
	while (n > i && (line[n - 1] == ' ' || line[n - 1] == '\t'))
		n--;
	*value = line + i;
	*vlen = n - i;
	for (; i < n; i++)
		if (((unsigned char)line[i] < ' ' && line[i] != '\t') ||
		    line[i] == 0x7f)
			return (-1);
	return (0);
}

static int
field_is(const char *p, size_t n, const char *name)
{
	return (strlen(name) == n && strncasecmp(p, name, n) == 0);
}

static enum http1_event
field_length(struct http1 *h, const char *p, size_t n)
{
	uint64_t	 v;

	if (number(p, n, 10, &v) == -1 || (h->has_length && v != h->left))
		return (http1_bad(h, "bad Content-Length"));
	h->has_length = 1;
	h->left = v;
	return (HTTP1_MORE);
}

static enum http1_event
field_coding(struct http1 *h, const char *p, size_t n)
{
	if (n > 0 && !field_is(p, n, "identity"))
		h->encoded = 1;
	return (HTTP1_MORE);
}

static enum http1_event
field_encoding(struct http1 *h, const char *p, size_t n)
{
	if (h->has_chunked || !field_is(p, n, "chunked"))
		return (http1_bad(h, "unsupported Transfer-Encoding"));
	h->has_chunked = 1;
	return (HTTP1_MORE);
}

static enum http1_event
field_location(struct http1 *h, const char *p, size_t n)
{
	if (h->location != NULL)
		return (http1_bad(h, "more than one Location"));
	if (n > HTTP1_LOCATION_MAX)
		return (http1_bad(h, "Location too long"));
	if (n > 0 && (h->location = strndup(p, n)) == NULL)
		return (http1_bad(h, "out of memory"));
	return (HTTP1_MORE);
}

/* A date in its place is taken as absent: RFC 9110, 10.2.3. */
static enum http1_event
field_retry(struct http1 *h, const char *p, size_t n)
{
	uint64_t	 v;

	if (number(p, n, 10, &v) == 0)
		h->retry_after = v < 86400 ? (long)v : 86400;
	return (HTTP1_MORE);
}

/* Digits and nothing else. */
static int
number(const char *p, size_t n, unsigned int base, uint64_t *v)
{
	size_t		 i;
	unsigned int	 d;

	if (n == 0)
		return (-1);
	*v = 0;
	for (i = 0; i < n; i++) {
		if (p[i] >= '0' && p[i] <= '9')
			d = p[i] - '0';
		else if (p[i] >= 'a' && p[i] <= 'f')
			d = p[i] - 'a' + 10;
		else if (p[i] >= 'A' && p[i] <= 'F')
			d = p[i] - 'A' + 10;
		else
			return (-1);
		if (d >= base || *v > ((uint64_t)INT64_MAX - d) / base)
			return (-1);
		*v = *v * base + d;
	}
	return (0);
}

/* RFC 9110, 5.6.2 */
static int
is_token(unsigned char c)
{
	return ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL));
}

size_t
http1_request(const struct http1_req *r, char **buf, size_t *cap)
{
	char	*p;
	int	 i, n;

	for (i = 0; i < 2; i++) {
		n = snprintf(*buf, *cap, "%s %s HTTP/1.1\r\n"
		    "Host: %s\r\n"
		    "User-Agent: " HTTP1_USER_AGENT "\r\n"
		    "Connection: close\r\n%s%s%s",
		    r->method, r->target, r->host,
		    r->auth != NULL ? "Authorization: Basic " : "",
		    r->auth != NULL ? r->auth : "",
		    r->auth != NULL ? "\r\n" : "");
		if (n < 0)
			return (0);
		if (r->content_type == NULL)
			n += snprintf(*cap > (size_t)n ? *buf + n : NULL,
			    *cap > (size_t)n ? *cap - n : 0, "\r\n");
		else
			n += snprintf(*cap > (size_t)n ? *buf + n : NULL,
			    *cap > (size_t)n ? *cap - n : 0,
			    "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
			    r->content_type, r->bodylen);
		if ((size_t)n + r->bodylen < *cap)
			break;
		if (i == 1 ||
		    (p = malloc((size_t)n + r->bodylen + 1)) == NULL)
			return (0);
		freezero(*buf, *cap);
		*buf = p;
		*cap = (size_t)n + r->bodylen + 1;
	}
	if (r->bodylen > 0)
		memcpy(*buf + n, r->body, r->bodylen);
	return ((size_t)n + r->bodylen);
}
