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

#include <netinet/in.h>

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base64.h"
#include "url.h"

#define URL_KEEP	8192	/* of buf between uses */

/* The pieces of an absolute URL, in its text. */
struct parts {
	const char	*userinfo;
	size_t		 userlen;
	const char	*host;
	size_t		 hostlen;
	const char	*zone;		/* number or name, RFC 6874 */
	size_t		 zonelen;
	const char	*port;
	size_t		 portlen;
	const char	*rest;		/* path and query */
	size_t		 restlen;
	int		 bracket;
};

static int	 url_split(const char *, struct parts *, int *, const char **);
static void	 url_zone(struct parts *);
static int	 url_host(const struct parts *, const char **);
static int	 url_port(const struct parts *, int, uint16_t *,
		    const char **);
static char	*put(char **, const char *, size_t);
static char	*put_target(char **, const char *, size_t, const char **);
static char	*put_auth(char **, const char *, size_t, const char **);
static size_t	 unescape(char *, const char *, size_t);
static size_t	 scheme_len(const char *);
static char	*path_merge(const struct url *, const char *);
static void	 path_normalise(char *);
static int	 hexval(char);

int
url_parse(struct url *u, const char *text, const char **errstr)
{
	struct parts	 p;
	char		*w, *start;
	size_t		 len;
	int		 tls;

	if ((len = strlen(text)) > URL_MAX) {
		*errstr = "URL too long";
		return (-1);
	}
	if (url_split(text, &p, &tls, errstr) == -1 ||
	    url_host(&p, errstr) == -1 ||
	    url_port(&p, tls, &u->port, errstr) == -1)
		return (-1);
	/* Escaping makes three of one, base64 four of three. */
	if (u->cap < 10 * len + 64) {
		url_clear(u);
		if ((u->buf = malloc(10 * len + 64)) == NULL) {
			*errstr = "out of memory";
			return (-1);
		}
		u->cap = 10 * len + 64;
		url_port(&p, tls, &u->port, errstr);
	}
	w = u->buf;
	u->tls = tls;
	u->host = put(&w, p.host, p.hostlen);
	u->zone = NULL;
	if (p.zonelen > 0) {
		w[-1] = '%';
		u->zone = put(&w, p.zone, p.zonelen);
	}
	start = w;
	w += sprintf(w, "%s%.*s%s", p.bracket ? "[" : "", (int)p.hostlen,
	    p.host, p.bracket ? "]" : "");
	if (u->port != (tls ? 443 : 80))
		w += sprintf(w, ":%u", u->port);
	w++;
	u->hostport = start;
	u->userinfo = u->auth = NULL;
	if (p.userinfo != NULL) {
		u->userinfo = put(&w, p.userinfo, p.userlen);
		u->auth = put_auth(&w, p.userinfo, p.userlen, errstr);
		if (u->auth == NULL)
			return (-1);
	}
	if ((u->target = put_target(&w, p.rest, p.restlen, errstr)) == NULL)
		return (-1);
	u->shown = w;
	w += sprintf(w, "http%s://", tls ? "s" : "");
	if (p.userinfo != NULL)
		w += sprintf(w, "%.*s%s@", (int)strcspn(p.userinfo, ":@"),
		    p.userinfo, memchr(p.userinfo, ':', p.userlen) != NULL ?
		    ":***" : "");
	if (p.bracket)
		p.host--;
	sprintf(w, "%.*s%.*s", (int)(p.rest - p.host), p.host, (int)p.restlen,
	    p.rest);
	return (0);
}

char *
url_join(const struct url *base, const char *ref, const char **errstr)
{
	char	*out, *path;
	size_t	 n;

	out = NULL;
	*errstr = "out of memory";
	if (strlen(ref) > URL_MAX) {
		*errstr = "URL too long";
		return (NULL);
	}
	if (scheme_len(ref) > 0)
		return (strdup(ref));
	if (strncmp(ref, "//", 2) == 0) {
		if (asprintf(&out, "http%s:%s", base->tls ? "s" : "",
		    ref) == -1)
			return (NULL);
		return (out);
	}
	if ((path = path_merge(base, ref)) == NULL)
		return (NULL);
	path_normalise(path);
	n = strcspn(base->hostport, "]");
	n = asprintf(&out, "http%s://%s%s%.*s%s%s%s%s", base->tls ? "s" : "",
	    base->userinfo != NULL ? base->userinfo : "",
	    base->userinfo != NULL ? "@" : "", (int)n, base->hostport,
	    base->zone != NULL ? "%25" : "",
	    base->zone != NULL ? base->zone : "", base->hostport + n, path);
	free(path);
	return (n == (size_t)-1 ? NULL : out);
}

void
url_clear(struct url *u)
{
	freezero(u->buf, u->cap);
	memset(u, 0, sizeof(*u));
}

static int
url_split(const char *text, struct parts *p, int *tls, const char **errstr)
{
	const char	*auth, *at, *s;
	size_t		 alen, i;

	memset(p, 0, sizeof(*p));
	for (s = text; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f) {
			*errstr = "control character in URL";
			return (-1);
		}
	if (strncasecmp(text, "http://", 7) == 0)
		*tls = 0;
	else if (strncasecmp(text, "https://", 8) == 0)
		*tls = 1;
	else {
		*errstr = "unsupported protocol scheme";
		return (-1);
	}
	auth = text + (*tls ? 8 : 7);
	alen = strcspn(auth, "/?#");
	p->rest = auth + alen;
	p->restlen = strcspn(p->rest, "#");
	/* The last @ ends the user, as browsers and Go have it. */
	for (at = NULL, i = 0; i < alen; i++)
		if (auth[i] == '@')
			at = auth + i;
	if (at != NULL) {
		p->userinfo = auth;
		p->userlen = at - auth;
		alen -= p->userlen + 1;
		auth = at + 1;
	}
	p->host = auth;
	if (alen > 0 && *auth == '[') {
		if ((s = memchr(auth, ']', alen)) == NULL) {
			*errstr = "missing ']' in host";
			return (-1);
		}
		p->bracket = 1;
		p->host = auth + 1;
		p->hostlen = s - p->host;
		url_zone(p);
		s++;
	} else {
		if ((s = memchr(auth, ':', alen)) == NULL)
			s = auth + alen;
		p->hostlen = s - auth;
	}
	p->port = s;
	p->portlen = alen - (s - auth);
	return (0);
}

/*
 * The scope of a link-local address behind an escaped % or, as people write it,
 * a bare one.
 */
static void
url_zone(struct parts *p)
{
	const char	*zone;
	size_t		 n;

	if ((zone = memchr(p->host, '%', p->hostlen)) == NULL)
		return;
	n = p->hostlen - (zone - p->host);
	p->zone = n > 3 && strncmp(zone, "%25", 3) == 0 ? zone + 3 : zone + 1;
	p->zonelen = p->hostlen - (p->zone - p->host);
	if (p->zonelen > 0 && strspn(p->zone, "-.0123456789_"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") >=
	    p->zonelen)
		p->hostlen -= n;
	else
		p->zonelen = 0;
}

static int
url_host(const struct parts *p, const char **errstr)
{
	struct in6_addr	 in6;
	char		 buf[INET6_ADDRSTRLEN];
	size_t		 i;
	unsigned char	 c;

	*errstr = "invalid host";
	if (p->hostlen == 0) {
		*errstr = "no host in URL";
		return (-1);
	}
	if (p->bracket) {
		if (p->hostlen >= sizeof(buf))
			return (-1);
		memcpy(buf, p->host, p->hostlen);
		buf[p->hostlen] = '\0';
		return (inet_pton(AF_INET6, buf, &in6) == 1 ? 0 : -1);
	}
	for (i = 0; i < p->hostlen; i++) {
		c = p->host[i];
		if (c >= 0x80) {
			*errstr = "host is not ASCII (write its xn-- form)";
			return (-1);
		}
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_'))
			return (-1);
	}
	return (0);
}

static int
url_port(const struct parts *p, int tls, uint16_t *port, const char **errstr)
{
	unsigned long	 v;
	size_t		 i;

	*port = tls ? 443 : 80;
	if (p->portlen == 0 || (p->portlen == 1 && *p->port == ':'))
		return (0);
	*errstr = "invalid port";
	if (*p->port != ':' || p->portlen > 6)
		return (-1);
	for (v = 0, i = 1; i < p->portlen; i++) {
		if (p->port[i] < '0' || p->port[i] > '9')
			return (-1);
		v = v * 10 + (p->port[i] - '0');
	}
	if (v == 0 || v > UINT16_MAX)
		return (-1);
	*port = v;
	return (0);
}

static char *
put(char **w, const char *s, size_t n)
{
	char	*start = *w;

	memcpy(start, s, n);
	start[n] = '\0';
	*w += n + 1;
	return (start);
}

/* The origin form (RFC 9112, 3.2.1); what may not stand there is escaped. */
static char *
put_target(char **w, const char *s, size_t n, const char **errstr)
{
	static const char	 hex[] = "0123456789ABCDEF";
	char			*start = *w;
	size_t			 i;
	unsigned char		 c;
	int			 query = 0;

	if (n == 0 || s[0] != '/')
		*(*w)++ = '/';
	for (i = 0; i < n; i++) {
		c = s[i];
		if (c == '?')
			query = 1;
		if (c == '%' && !query && (n - i < 3 || hexval(s[i + 1]) < 0 ||
		    hexval(s[i + 2]) < 0)) {
			*errstr = "invalid escape in URL";
			return (NULL);
		}
		if (c > ' ' && c < 0x7f && strchr("\"<>\\^`{|}", c) == NULL) {
			*(*w)++ = c;
			continue;
		}
		*(*w)++ = '%';
		*(*w)++ = hex[c >> 4];
		*(*w)++ = hex[c & 0x0f];
	}
	*(*w)++ = '\0';
	return (start);
}

/* RFC 7617: base64 of user and password, which RFC 3986 had escaped. */
static char *
put_auth(char **w, const char *s, size_t n, const char **errstr)
{
	char	*plain, *start = *w;
	size_t	 len;

	if ((plain = malloc(n + 2)) == NULL) {
		*errstr = "out of memory";
		return (NULL);
	}
	len = unescape(plain, s, n);
	if (memchr(s, ':', n) == NULL)
		plain[len++] = ':';
	*w += base64(start, plain, len) + 1;
	freezero(plain, n + 2);
	return (start);
}

static size_t
unescape(char *out, const char *s, size_t n)
{
	size_t	 i, len;

	for (i = len = 0; i < n; i++) {
		if (s[i] == '%' && n - i >= 3 && hexval(s[i + 1]) >= 0 &&
		    hexval(s[i + 2]) >= 0) {
			out[len++] = hexval(s[i + 1]) << 4 | hexval(s[i + 2]);
			i += 2;
		} else
			out[len++] = s[i];
	}
	return (len);
}

/* RFC 3986, 3.1, with its colon; 0 when it does not begin with a scheme. */
static size_t
scheme_len(const char *s)
{
	size_t	 n;

	if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z')))
		return (0);
	n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789+-.");
	return (s[n] == ':' ? n + 1 : 0);
}

/* RFC 3986, 5.2.2, for a reference without authority. */
static char *
path_merge(const struct url *base, const char *ref)
{
	char	*out;
	size_t	 keep, n;
	int	 r;

	n = strcspn(ref, "#");
	if (n > 0 && *ref == '/')
		keep = 0;
	else if (n > 0 && *ref == '?')
		keep = strcspn(base->target, "?");
	else if (n == 0)
		keep = strlen(base->target);
	else {
		keep = strcspn(base->target, "?");
		while (keep > 0 && base->target[keep - 1] != '/')
			keep--;
	}
	r = asprintf(&out, "%.*s%.*s", (int)keep, base->target, (int)n, ref);
	return (r == -1 ? NULL : out);
}

/* Takes "." and ".." out of a path in place: RFC 3986, 5.2.4. */
static void
path_normalise(char *path)
{
	char	*end, *r, *w;
	size_t	 n;

	end = path + strcspn(path, "?");
	for (r = w = path; r < end;) {
		/* r stands at a slash. */
		n = 1;
		while (r + n < end && r[n] != '/')
			n++;
		if (n == 2 && r[1] == '.') {
			if (r + n == end)
				*w++ = '/';
		} else if (n == 3 && r[1] == '.' && r[2] == '.') {
			while (w > path && *--w != '/')
				continue;
			if (r + n == end)
				*w++ = '/';
		} else {
			memmove(w, r, n);
			w += n;
		}
		r += n;
	}
	memmove(w, end, strlen(end) + 1);
}

static int
hexval(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (c - 'A' + 10);
	return (-1);
}
