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
#include <sys/socket.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dnsq.h"
#include "fmt.h"
#include "prober.h"
#include "quptimed.h"

#define WANT_SHOWN	128
#define BLANKS		" \t\r\n"

/* A probe under way. */
struct dns_job {
	struct dnsq	*q;
	struct probe	*p;
	unsigned int	 candidate;	/* of the search list */
	uint16_t	 type;		/* asked for at present */
	int		 nodata;	/* a candidate exists */
	char		 name[2 * HOST_MAX];
};

static int	 dns_prepare(struct probe *, const struct check *);
static int	 dns_definition(struct probe *, const struct check *);
static void	 dns_start(struct probe *);
static void	 dns_cancel(struct probe *);
static int	 dns_local(struct probe *);
static int	 dns_ask(struct dns_job *);
static int	 dns_next(struct dns_job *);
static void	 dns_replied(const struct dnsq_res *, void *);
static void	 dns_nothing(struct dns_job *, const struct dnsq_res *);
static void	 dns_verdict(struct probe *, struct dns_found *);
static void	 dns_end(struct dns_job *);
static char	*trimmed(const char *);
static int	 contains(const char *, size_t, const char *);

const struct probe_ops	 probe_dns_ops = {
	dns_prepare,
	dns_start,
	dns_cancel
};

static int
dns_prepare(struct probe *p, const struct check *c)
{
	if ((p->target = trimmed(str(c->target))) == NULL ||
	    (p->want = trimmed(str(c->dns_expect))) == NULL)
		return (-1);
	if (*str(c->dns_resolver) != '\0')
		p->legacy = servers_get(&(char *){ c->dns_resolver }, 1);
	return (dns_definition(p, c));
}

static int
dns_definition(struct probe *p, const struct check *c)
{
	uint8_t	 buf[DNS_QUESTION_MAX];
	char	*type, *s;
	int	 r = 0;

	if ((type = trimmed(str(c->dns_record))) == NULL)
		return (-1);
	p->host = p->target;
	p->rrtype = *type == '\0' ? DNS_A : dns_type(type);
	for (s = type; *s != '\0'; s++)
		*s = tolower((unsigned char)*s);
	if (*p->target == '\0')
		r = probe_broken(p, "empty target");
	else if (p->rrtype == 0)
		r = probe_broken(p, "unsupported record type \"%.32s\" "
		    "(want a|aaaa|cname|mx|txt|ns)", type);
	else if (*str(c->dns_resolver) != '\0' && p->legacy == NULL)
		r = probe_broken(p, "resolver must be an address");
	else if (addr_parse(p->host, 0, &p->addr) == 0)
		p->literal = 1;
	else if (strlen(p->host) >= HOST_MAX ||
	    dns_question(buf, sizeof(buf), 0, p->host, p->rrtype, 0) == 0)
		r = probe_broken(p, "target is no domain name");
	free(type);
	return (r);
}

static void
dns_start(struct probe *p)
{
	struct dns_job	*job;

	if (dns_local(p))
		return;
	if ((job = calloc(1, sizeof(*job))) == NULL) {
		probe_done(p, PROBE_CANNOT, "out of memory");
		return;
	}
	job->p = p;
	job->type = p->rrtype;
	p->job = job;
	if (dns_next(job) == -1)
		dns_nothing(job, NULL);
}

static void
dns_cancel(struct probe *p)
{
	dns_end(p->job);
}

/*
 * Literals and the hosts file answer for addresses before any server does, as
 * they do for every other program.  Whether it is done with that.
 */
static int
dns_local(struct probe *p)
{
	struct dns_found	 found;
	struct addrs		*as;
	const struct addr	*a;
	char			 text[HOST_MAX + 2];
	unsigned int		 i, n;
	int			 family;

	family = p->rrtype == DNS_A ? AF_INET :
	    p->rrtype == DNS_AAAA ? AF_INET6 : AF_UNSPEC;
	as = NULL;
	if (family == AF_UNSPEC && p->rrtype != DNS_CNAME)
		return (0);
	if (!p->literal && (as = resolve_local(p->host)) == NULL)
		return (0);
	dns_found_init(&found, p->want);
	if (p->rrtype == DNS_CNAME) {
		n = snprintf(text, sizeof(text), "%s.", p->host);
		if (n > 1 && text[n - 2] == '.')
			text[--n] = '\0';
		dns_found_add(text, n, &found);
	} else
		for (n = as != NULL ? as->n : 1, i = 0; i < n; i++) {
			a = as != NULL ? &as->a[i] : &p->addr;
			if (a->u.sa.sa_family != family)
				continue;
			addr_format(a, text, sizeof(text));
			dns_found_add(text, strlen(text), &found);
		}
	addrs_unref(as);
	dns_verdict(p, &found);
	return (1);
}

/* The next name to ask for; -1 when there is none, or no memory. */
static int
dns_next(struct dns_job *job)
{
	uint8_t	 buf[DNS_QUESTION_MAX];

	do {
		if (resolve_candidate(job->p->host, job->candidate++,
		    job->name, sizeof(job->name)) == -1)
			return (-1);
	} while (dns_question(buf, sizeof(buf), 0, job->name, job->type,
	    0) == 0);
	return (dns_ask(job));
}

static int
dns_ask(struct dns_job *job)
{
	struct servers	*servers;

	if ((servers = probe_servers(job->p)) == NULL)
		servers = servers_system();
	job->q = dnsq_start(job->name, job->type, servers,
	    probe_deadline(job->p), dns_replied, job);
	return (job->q != NULL ? 0 : -1);
}

static void
dns_replied(const struct dnsq_res *res, void *arg)
{
	struct dns_found	 found;
	struct dns_job		*job = arg;
	struct probe		*p = job->p;

	job->q = NULL;
	if (res->end != DNSQ_ANSWERED) {
		dns_end(job);
		probe_done(p, res->end == DNSQ_LOCAL ? PROBE_CANNOT :
		    PROBE_FAIL, "lookup %s %s", p->host, res->text);
		return;
	}
	if (res->status == DNS_ANSWER) {
		dns_found_init(&found, p->want);
		dns_answer(res->msg, res->len, res->question, res->qlen,
		    p->rrtype, dns_found_add, &found);
		dns_end(job);
		dns_verdict(p, &found);
		return;
	}
	job->nodata |= res->status == DNS_NODATA;
	/* A host without IPv4 address is its own canonical name as well. */
	if (p->rrtype == DNS_CNAME && job->type != DNS_AAAA &&
	    res->status == DNS_NODATA) {
		job->type = DNS_AAAA;
		if (dns_ask(job) == 0)
			return;
	} else {
		job->type = p->rrtype;
		if (dns_next(job) == 0)
			return;
	}
	dns_nothing(job, res);
}

/* Neither under its own name nor under one of the search list. */
static void
dns_nothing(struct dns_job *job, const struct dnsq_res *res)
{
	struct probe	*p = job->p;
	int		 nodata;

	nodata = job->nodata;
	dns_end(job);
	if (res == NULL)
		probe_done(p, PROBE_CANNOT, "out of memory");
	else if (nodata)
		probe_done(p, PROBE_FAIL, "no %s records for %s",
		    dns_type_name(p->rrtype), p->host);
	else
		probe_done(p, PROBE_FAIL, "lookup %s on %s: no such host",
		    p->host, res->text);
}

static void
dns_verdict(struct probe *p, struct dns_found *found)
{
	char	 got[DETAIL_MAX], want[WANT_SHOWN];

	if (found->n == 0)
		probe_done(p, PROBE_FAIL, "no %s records for %s",
		    dns_type_name(p->rrtype), p->host);
	else if (!found->matched)
		probe_done(p, PROBE_FAIL, "no answer contains %s (got %s)",
		    fmt_quote(p->want, want, sizeof(want)),
		    dns_found_text(found, got, sizeof(got)));
	else
		probe_done(p, PROBE_OK, NULL);
}

static void
dns_end(struct dns_job *job)
{
	dnsq_cancel(job->q);
	free(job);
}

void
dns_found_init(struct dns_found *f, const char *want)
{
	memset(f, 0, sizeof(*f));
	f->want = want;
	f->matched = *want == '\0';
}

void
dns_found_add(const char *text, size_t len, void *arg)
{
	struct dns_found	*f = arg;
	char			*s;
	size_t			 n;

	if (f->n < DNS_SHOWN) {
		s = f->shown[f->n];
		n = len < sizeof(f->shown[0]) - 1 ? len :
		    sizeof(f->shown[0]) - 1;
		memcpy(s, text, n);
		s[n] = '\0';
		f->cut[f->n] = n < len || memchr(s, '\0', n) != NULL;
	}
	f->n++;
	if (!f->matched)
		f->matched = contains(text, len, f->want);
}

const char *
dns_found_text(const struct dns_found *f, char *buf, size_t size)
{
	char		 vis[4 * DNS_SHOWN_MAX];
	unsigned int	 i;
	size_t		 used = 0;

	buf[0] = '\0';
	for (i = 0; i < f->n && i < DNS_SHOWN && used < size; i++)
		used += snprintf(buf + used, size - used, "%s%s%s",
		    i > 0 ? ", " : "", fmt_vis(f->shown[i], vis, sizeof(vis)),
		    f->cut[i] ? "..." : "");
	if (f->n > DNS_SHOWN && used < size)
		snprintf(buf + used, size - used, ", \xe2\x80\xa6 +%u more",
		    f->n - DNS_SHOWN);
	return (buf);
}

/* Whatever the case of ASCII letters; in any bytes. */
static int
contains(const char *text, size_t len, const char *want)
{
	static char	 low[UINT16_MAX + DNS_NAME_TEXT];
	char		 key[WANT_MAX];
	size_t		 i, n;

	n = strlen(want);
	if (n >= sizeof(key) || len > sizeof(low))
		return (0);
	for (i = 0; i < n; i++)
		key[i] = tolower((unsigned char)want[i]);
	for (i = 0; i < len; i++)
		low[i] = tolower((unsigned char)text[i]);
	return (memmem(low, len, key, n) != NULL);
}

static char *
trimmed(const char *s)
{
	size_t	 n;

	s += strspn(s, BLANKS);
	for (n = strlen(s); n > 0 && strchr(BLANKS, s[n - 1]) != NULL; n--)
		continue;
	return (strndup(s, n));
}
