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

#include "conn.h"
#include "fmt.h"
#include "prober.h"
#include "quptimed.h"

#define BLANKS		" \t\r\n"
#define TLS_PORT	443
#define HOUR		3600LL
#define DAY		(24 * HOUR)
#define TLS_TEXT_MAX	128

static int	 tls_prepare(struct probe *, const struct check *);
static void	 tls_start(struct probe *);
static enum io	 tls_step(struct conn *, void *);
static char	*tls_url(char *);
static void	 tls_span(const struct timespec *, time_t, char *, size_t);
static const char *
		 tls_date(time_t, char *, size_t);

const struct probe_ops	 probe_tls_ops = {
	tls_prepare,
	tls_start,
	probe_disconnect
};

static int
tls_prepare(struct probe *p, const struct check *c)
{
	const char	*errstr;
	char		 quoted[TLS_TEXT_MAX];

	if ((p->target = strdup(str(c->target))) == NULL)
		return (-1);
	if (p->target[strspn(p->target, BLANKS)] == '\0')
		return (probe_broken(p, "empty target"));
	if (tls_target(p->target, &p->host, &p->port, &errstr) == -1)
		return (probe_broken(p, "%s %s", errstr,
		    fmt_quote(str(c->target), quoted, sizeof(quoted))));
	p->literal = addr_parse(p->host, p->port, &p->addr) == 0;
	p->days = c->tls_warn_days > 0 ? c->tls_warn_days : DEFAULT_WARN_DAYS;
	if (*str(c->tls_server_name) != '\0' &&
	    (p->sni = strdup(c->tls_server_name)) == NULL)
		return (-1);
	return (0);
}

static void
tls_start(struct probe *p)
{
	probe_connect(p, CONN_TLS_ANY, tls_step);
}

/* The hand-shake is all there is to do. */
static enum io
tls_step(struct conn *c, void *arg)
{
	struct timespec	 now;
	struct probe	*p = arg;
	char		 text[TLS_TEXT_MAX];
	time_t		 from, to;

	if (conn_cert_times(c, &from, &to) == -1)
		return (conn_fail(c, "peer presented no certificate"));
	clock_gettime(CLOCK_REALTIME, &now);
	if (tls_judge(from, to, &now, p->days, text, sizeof(text)) == -1)
		return (conn_fail(c, text));
	return (IO_DONE);
}

int
tls_target(char *target, char **host, uint16_t *port, const char **errstr)
{
	char	*p, *s;
	size_t	 n;

	target += strspn(target, BLANKS);
	for (n = strlen(target); n > 0 && strchr(BLANKS,
	    target[n - 1]) != NULL; n--)
		target[n - 1] = '\0';
	*errstr = "empty target";
	if (*target == '\0')
		return (-1);
	*errstr = "no host in target";
	s = tls_url(target);
	if (*s == '\0' || (*s == ':' && strchr(s + 1, ':') == NULL))
		return (-1);
	*errstr = "target must be a host, host:port or a URL";
	if (fmt_hostport(s, host, &p) == -1 ||
	    (*host)[strcspn(*host, "/ \t\r\n[]@?#")] != '\0')
		return (-1);
	*errstr = "unknown port in target";
	*port = p != NULL ? port_parse(p) : TLS_PORT;
	return (*port != 0 ? 0 : -1);
}

/* The authority of a URL without user; what is none is left as it is. */
static char *
tls_url(char *s)
{
	char	*at, *p;
	size_t	 n;

	if ((p = strstr(s, "://")) == NULL)
		return (s);
	p += 3;
	p[strcspn(p, "/?#")] = '\0';
	if ((at = strrchr(p, '@')) != NULL)
		p = at + 1;
	/* "host:" is the default port: RFC 3986, 6.2.3. */
	if ((n = strlen(p)) > 0 && p[n - 1] == ':')
		p[n - 1] = '\0';
	return (p);
}

int
tls_judge(time_t from, time_t to, const struct timespec *now,
    unsigned int days, char *buf, size_t size)
{
	char	 date[64], span[32];

	if (to <= now->tv_sec) {
		tls_span(now, to, span, sizeof(span));
		snprintf(buf, size, "cert expired %s ago (notAfter=%s)", span,
		    tls_date(to, date, sizeof(date)));
		return (-1);
	}
	if (from > now->tv_sec) {
		tls_span(now, from, span, sizeof(span));
		snprintf(buf, size, "cert is not yet valid, only in %s "
		    "(notBefore=%s)", span, tls_date(from, date,
		    sizeof(date)));
		return (-1);
	}
	if (to - now->tv_sec - (now->tv_nsec > 0) < days * DAY) {
		tls_span(now, to, span, sizeof(span));
		snprintf(buf, size, "cert expires in %s (notAfter=%s)", span,
		    tls_date(to, date, sizeof(date)));
		return (-1);
	}
	return (0);
}

/* How far it is from one time to the other, in the largest unit that fits. */
static void
tls_span(const struct timespec *now, time_t t, char *buf, size_t size)
{
	double	 s;

	s = (double)(t - now->tv_sec) - now->tv_nsec / 1e9;
	if (s < 0)
		s = -s;
	if (s >= DAY)
		snprintf(buf, size, "%lldd", (long long)(s / DAY));
	else if (s >= HOUR)
		snprintf(buf, size, "%lldh", (long long)(s / HOUR));
	else if (s >= 60)
		snprintf(buf, size, "%lldm", (long long)(s / 60));
	else
		snprintf(buf, size, "%llds", (long long)(s + 0.5));
}

static const char *
tls_date(time_t t, char *buf, size_t size)
{
	struct tm	 tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		strlcpy(buf, "?", size);
	return (buf);
}
